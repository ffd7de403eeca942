"""A siting problem spread over periods, as one problem: each site once for each period."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.engine.cover_case import some_ids
from carecircle.planning.engine.cover_plan import covered_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Periods", "Spread", "most_together"]


@dataclass(frozen=True, eq=False)
class Periods:
    """What may be built in each period.

    Attributes
    ----------
    number, money
        Per period: most sites, and most that they cost; ``inf`` any.
    worth
        Per period: what a covered person counts; None: the last period first, then the others.
    """

    number: Floats
    money: Floats
    worth: Floats | None

    @classmethod
    def of(
        cls,
        n_sites: Sequence[int] | None,
        budget: Sequence[float] | None,
        period_weight: Sequence[float] | None,
    ) -> Periods:
        """Line up what was asked for.

        Raises
        ------
        InputError
            With every fault: nothing given, lists of several lengths, numbers that are none.
        """
        given = {"n_sites": n_sites, "budget": budget, "period_weight": period_weight}
        lists = {name: list(values) for name, values in given.items() if values is not None}
        if n_sites is None and budget is None:
            raise InputError("give n_sites, budget, or both: one entry for each period")
        sizes = {name: len(values) for name, values in lists.items()}
        faults = []
        if len(set(sizes.values())) > 1 or not all(sizes.values()):
            told = ", ".join(f"{name} has {size}" for name, size in sizes.items())
            faults.append(f"{told} entries; give one for each period")
        for name, values in lists.items():
            faults += [
                f"{name} of period {place} is {value!r}; give {_WANTED[name]}"
                for place, value in enumerate(values, start=1)
                if not _fits(name, value)
            ]
        if faults:
            raise InputError("\n".join(faults))
        n = max(sizes.values())
        worth = None if period_weight is None else np.asarray(lists["period_weight"], dtype=float)
        if worth is not None and not worth.any():
            raise InputError("period_weight is 0 in every period; give one above 0")
        return cls(
            np.asarray(lists.get("n_sites", [np.inf] * n), dtype=float),
            np.asarray(lists.get("budget", [np.inf] * n), dtype=float),
            worth,
        )

    def __len__(self) -> int:
        return len(self.number)

    def check(self, instance: Instance) -> None:
        """Hold the periods against the candidates and the required sites.

        Raises
        ------
        InputError
            With every fault.
        """
        faults = []
        candidates = most_together(instance)
        total = self.number.sum()
        if np.isfinite(total) and total > candidates:
            faults.append(
                f"n_sites comes to {total:g} over the periods, but {candidates} candidates may"
                " stand together; give no more"
            )
        new = instance.required & ~instance.existing
        if new.sum() > total:
            faults.append(
                f"n_sites comes to {total:g} over the periods, but {int(new.sum())} sites are"
                f" required ({some_ids(instance.site_ids[new])}); raise n_sites"
            )
        most, spent = float(self.money.max()), float(instance.cost[new].sum())
        faults += [
            f"site {instance.site_ids[site]} is required and costs {instance.cost[site]:g}, more"
            f" than the budget of any period (at most {most:g}); raise one"
            for site in np.flatnonzero(new & (instance.cost > most)).tolist()
        ]
        if not faults and spent > self.money.sum():
            faults.append(
                f"budget comes to {self.money.sum():g} over the periods, but the required sites"
                f" cost {spent:g} ({some_ids(instance.site_ids[new])}); raise it or require fewer"
            )
        if faults:
            raise InputError("\n".join(faults))

    def until(self, number: int) -> tuple[int | None, float | None]:
        """Return number and budget of the first so many periods together."""
        n, money = self.number[:number].sum(), self.money[:number].sum()
        return (
            int(n) if np.isfinite(n) else None,
            float(money) if np.isfinite(money) else None,
        )


def most_together(instance: Instance) -> int:
    """Return how many candidates may stand together: of a group, one."""
    group = instance.group[~instance.forbidden & ~instance.existing]
    return int((group < 0).sum()) + len(np.unique(group[group >= 0]))


_WANTED = {
    "n_sites": "a whole number of 1 or more",
    "budget": "an amount above 0",
    "period_weight": "a number of 0 or more",
}


def _fits(name: str, value: object) -> bool:
    if not isinstance(value, (int, float, np.integer, np.floating)) or not np.isfinite(value):
        return False
    if name == "n_sites":
        return float(value) >= 1 and float(value).is_integer()
    return float(value) > 0 if name == "budget" else float(value) >= 0


@dataclass(frozen=True, eq=False)
class Spread:
    """A problem in which a site of one period covers its homes in that and all later periods.

    Attributes
    ----------
    instance
        Demand: every home once for each period, period by period. Sites: every site that may be
        built once for each period that may pay for it; the years of one site are a group. What
        stands today is in ``today_count``.
    site, period
        Per site of ``instance``: number in the true problem, and the period (0 the first).
    n_periods
        Number of periods.
    """

    instance: Instance
    site: NDArray[np.int64]
    period: NDArray[np.int64]
    n_periods: int

    @classmethod
    def of(cls, instance: Instance, periods: Periods) -> Spread:
        """Spread a problem; sites that what stands rules out are not among the sites."""
        kept = instance.existing & ~instance.forbidden
        taken = instance.group[kept & (instance.group >= 0)]
        free = ~instance.existing & ~instance.forbidden & ~np.isin(instance.group, taken)
        n, count = instance.n_demand, len(periods)
        pays = (instance.cost[:, None] <= periods.money) & (periods.number > 0) & free[:, None]
        site, period = np.nonzero(pays)
        place = np.full(pays.shape, -1)
        place[site, period] = np.arange(len(site))
        row, column, minutes = _pairs(instance, place)
        nobody = np.zeros(instance.n_sites, dtype=bool)
        near = instance.today_minutes.copy()
        stands = instance.within() & kept[instance.column]
        np.minimum.at(near, instance.row[stands], instance.minutes[stands])
        none = np.zeros(len(site), dtype=bool)
        spread = replace(
            instance,
            demand_ids=pd.Index(np.arange(n * count).astype(str)),
            weight=np.tile(instance.weight, count),
            limit=np.tile(instance.limit, count),
            today_minutes=np.tile(near, count),
            today_count=np.tile(covered_by(instance, nobody), count).astype(np.int64),
            site_ids=pd.Index(np.char.mod("%08d", np.arange(len(site)))),
            cost=instance.cost[site],
            required=none,
            forbidden=none,
            existing=none,
            capacity=np.full(len(site), np.inf),
            group=site.astype(np.int64),
            row=row,
            column=column,
            minutes=minutes,
        )
        return cls(spread, site, period, count)

    def built(self, chosen: Flags, n_sites: int) -> NDArray[np.int64]:
        """Return the period in which each site of the true problem is built, -1 never."""
        built = np.full(n_sites, -1)
        built[self.site[chosen]] = self.period[chosen]
        return built

    def chosen(self, built: NDArray[np.int64]) -> Flags:
        """Return the sites of the spread problem that say the same."""
        result: Flags = built[self.site] == self.period
        return result


def _pairs(
    instance: Instance, place: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return the pairs of the spread problem: a site covers from its period on.

    ``place`` is the number of each site, second index its period, in the spread problem; -1 none.
    """
    pair = np.flatnonzero(instance.within())
    rows, columns, minutes = [], [], []
    for built in range(place.shape[1]):
        own = place[instance.column[pair], built]
        can = pair[own >= 0]
        for now in range(built, place.shape[1]):
            rows.append(now * instance.n_demand + instance.row[can])
            columns.append(own[own >= 0])
            minutes.append(instance.minutes[can])
    row, column = np.concatenate(rows), np.concatenate(columns)
    order = np.lexsort((column, row))
    return row[order], column[order], np.concatenate(minutes)[order]
