"""The figures of every unit from arrays: what an assessment adds up, in milliseconds.

Gives the very numbers of :func:`carecircle.coverage_by_area` and :func:`carecircle.roll_up`, which
stay the definition; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.coverage import LEVELS, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FIGURES", "Tally"]

_STATES = ("total", "covered", "uncovered", "not_assessed")
_SUMS = [f"{w}_{s}" for w in WEIGHTS for s in _STATES]
_RATES = [f"{w}_rate" for w in WEIGHTS]
_SHARES = {"median_minutes": 0.5, "p90_minutes": 0.9, "p99_minutes": 0.99}
_CELLS = ["cell_has_in_time", "cell_has_late", "cell_neighbour_in_time", "cell_none_late"]
_UNITS = [
    "units_total", "units_with_facility", "roster_rate", "units_on_time", "on_time_rate",
    "units_not_assessed", *_CELLS,
]  # fmt: skip
_DECIMALS = 9  # as :func:`carecircle.coverage_by_area` rounds the sums of an area
#: Figures of every unit, in the order of the columns of :meth:`Tally.figures`.
FIGURES = [*_SUMS, *_RATES, "homes_unknown_people", *_SHARES, "minutes_over", *_UNITS]


@dataclass(frozen=True, eq=False)
class _Level:
    """Units of one level in sorted order: how homes and areas belong to them."""

    units: pd.Index
    names: NDArray[np.object_]
    of_home: NDArray[np.integer]
    of_area: NDArray[np.int64]
    stray: int = -1  # unit that also holds the homes outside all areas


@dataclass(frozen=True, eq=False)
class Tally:
    """Homes and areas of a study, ready to be added up again and again.

    Attributes
    ----------
    weights
        Homes, people, elders, households of each home, shape (n, 4), NaN unknown.
    assessed
        Which homes have a position and a limit.
    limit
        Minutes of each home, NaN outside all areas.
    levels
        ``area`` first, then those of the roll-up.
    unknown
        Which homes have unknown people or elders, as 0.0 and 1.0.
    on_time_share
        Share of elders that must be covered for an area to be on time.
    """

    weights: Floats
    assessed: NDArray[np.bool_]
    limit: Floats
    levels: Mapping[str, _Level]
    unknown: Floats
    on_time_share: float

    @classmethod
    def over(
        cls,
        homes: pd.DataFrame,
        areas: pd.DataFrame,
        limits: Mapping[str, float],
        *,
        located: NDArray[np.bool_],
        on_time_share: float,
    ) -> Tally:
        """Prepare the sums.

        Parameters
        ----------
        homes, areas
            Contract tables; ``area_id`` of the homes.
        limits
            Minutes by area kind.
        located
            Which homes could be put on the road network.
        on_time_share
            From the study's card.
        """
        columns = [_weight(homes, column) for column in WEIGHTS.values()]
        weights = np.column_stack(columns)
        kind = homes["area_id"].map(areas["kind"])
        limit: Floats = np.asarray(kind.map(dict(limits)), dtype=np.float64)
        unknown = np.isnan(weights[:, 1]) | np.isnan(weights[:, 2])
        levels = {"area": _area_level(homes, areas)}
        kinds = {k: v for k, v in LEVELS.items() if v[0] in areas and areas[v[0]].notna().any()}
        if "city" not in kinds:
            areas, kinds = areas.assign(city_id=""), {"city": LEVELS["city"], **kinds}
        for level, (unit, name) in kinds.items():
            levels[level] = _level(homes, areas, unit, name)
        assessed = located & ~np.isnan(limit)
        return cls(weights, assessed, limit, levels, unknown.astype(float), on_time_share)

    def covered(self, minutes: Floats) -> NDArray[np.bool_]:
        """Return which homes are within their limit; those not assessed are not."""
        return self.assessed & (minutes <= self.limit)

    def figures(self, minutes: Floats, has_facility: NDArray[np.bool_]) -> dict[str, Floats]:
        """Add up everything.

        Parameters
        ----------
        minutes
            Of each home, NaN without a way.
        has_facility
            Of each area: whether the roster gives it one.

        Returns
        -------
        dict
            Level -> array with a row for each unit and a column for each of :data:`FIGURES`.
        """
        area = self._home_sums(minutes)
        order = np.argsort(minutes, kind="stable")
        order = order[self.assessed[order]]
        over = self._over(minutes)
        units = self._verdicts(area, has_facility)
        found = {}
        for name, level in self.levels.items():
            sums = area if name == "area" else self._unit_sums(area, level)
            parts = [_with_rates(sums), self._quantiles(minutes, order, level)]
            parts += [_mean(over, level), _counts(units, level)]
            found[name] = np.column_stack(parts)
        return found

    def _home_sums(self, minutes: Floats) -> Floats:
        from carecircle.planning.sums import group_sums

        level = self.levels["area"]
        n, to = len(level.units), level.of_home.astype(np.int64)
        covered = self.covered(minutes)
        states = (
            np.ones(len(covered), dtype=bool), covered, self.assessed & ~covered, ~self.assessed,
        )  # fmt: skip
        sums = np.empty((n, len(_SUMS) + 1))
        for place, state in enumerate(states):
            # a home of unknown size is unknown in every state: NaN times 0 stays NaN
            total, known = group_sums(self.weights * state[:, None], to, n)
            total = np.round(total, _DECIMALS)
            total[:, 1:][known[:, 1:] == 0] = np.nan
            sums[:, place : len(_SUMS) : len(states)] = total
        sums[:, -1] = group_sums(self.unknown[:, None], to, n)[0][:, 0]
        return sums

    def _unit_sums(self, area: Floats, level: _Level) -> Floats:
        from carecircle.planning.sums import group_sums

        sums, known = group_sums(area, level.of_area, len(level.units))
        sums[known == 0] = np.nan
        if level.stray >= 0:
            # homes outside all areas have no limit: nobody among them is assessed
            outside = self.levels["area"].of_home < 0
            weight = self.weights[outside]
            total = np.where(np.isnan(weight).all(axis=0), np.nan, np.nansum(weight, axis=0))
            nothing = total * 0.0
            stray = np.column_stack([total, nothing, nothing, total]).ravel()
            own = sums[level.stray]
            added = np.r_[stray, self.unknown[outside].sum()]
            both = np.nan_to_num(own) + np.nan_to_num(added)
            sums[level.stray] = np.where(np.isnan(own) & np.isnan(added), np.nan, both)
        return sums

    def _quantiles(self, minutes: Floats, order: NDArray[np.int64], level: _Level) -> Floats:
        """Return the weighted quantiles of minutes; ``order`` sorts the homes assessed."""
        from carecircle.planning.sums import running_sums

        n, code = len(level.units), level.of_home
        result = np.full((n, len(_SHARES)), np.nan)
        order = order[np.argsort(code[order], kind="stable")]
        of_row = code[order].astype(np.int64)
        running = running_sums(self._elders[order], of_row)
        size = np.bincount(of_row, minlength=n)
        first = np.cumsum(size) - size
        total = np.zeros(n)
        total[of_row] = running  # the last of each unit stays
        for place, share in enumerate(_SHARES.values()):
            # a hair below the share, as in the definition
            short = running < (share * total * (1 - 1e-12))[of_row]
            at = first + np.bincount(of_row[short], minlength=n)
            reached = total > 0
            result[reached, place] = minutes[order[at[reached]]]
        return result

    def _over(self, minutes: Floats) -> Floats:
        """Return for each area the minutes over the limit times people, and these people."""
        from carecircle.planning.sums import group_sums

        level = self.levels["area"]
        over = np.clip(minutes - self.limit, 0.0, None)
        known = ~np.isnan(over)
        parts = np.column_stack([over * self._elders, self._elders * known])
        return group_sums(parts, level.of_home.astype(np.int64), len(level.units))[0]

    @cached_property
    def _elders(self) -> Floats:
        elders = self.weights[:, 2]
        return np.ones(len(elders)) if np.isnan(elders).all() else np.nan_to_num(elders)

    def _verdicts(self, area: Floats, has_facility: NDArray[np.bool_]) -> Floats:
        """Return for each area: 1, has, on time, unknown, and the four cells, as 0.0 and 1.0."""
        at = {name: place for place, name in enumerate(_SUMS)}
        who = "elders" if (~np.isnan(area[:, at["elders_total"]])).any() else "homes"
        total, covered, out = (
            area[:, at[f"{who}_{state}"]] for state in ("total", "covered", "not_assessed")
        )
        known = (total > 0) & (out < total)
        on_time = known & (covered >= self.on_time_share * total * (1 - 1e-12))
        late = known & ~on_time
        has = has_facility
        columns = (
            np.ones(len(has)), has, on_time, ~known,
            has & on_time, has & late, ~has & on_time, ~has & late,
        )  # fmt: skip
        return np.column_stack(columns).astype(float)


def _weight(homes: pd.DataFrame, column: str | None) -> Floats:
    if column is None:
        return np.ones(len(homes))
    if column not in homes:
        return np.full(len(homes), np.nan)
    return homes[column].to_numpy(dtype=float, na_value=np.nan)


def _area_level(homes: pd.DataFrame, areas: pd.DataFrame) -> _Level:
    own = np.arange(len(areas))
    of_home = _short(areas.index.get_indexer(pd.Index(homes["area_id"])), len(areas))
    names = areas["name"] if "name" in areas else areas.index.to_series()
    return _Level(areas.index, names.to_numpy(dtype=object), of_home, own)


def _level(homes: pd.DataFrame, areas: pd.DataFrame, unit: str, name: str) -> _Level:
    of_area = areas[unit].astype("str").fillna("")
    inside = areas.index.get_indexer(pd.Index(homes["area_id"]))
    stray = bool((inside < 0).any())
    units = pd.Index(sorted(set(of_area) | ({""} if stray else set())), name="unit_id", dtype="str")
    code = units.get_indexer(pd.Index(of_area))
    at_stray = int(units.get_indexer(pd.Index([""]))[0]) if stray else -1
    label = areas.get(name, of_area).groupby(of_area.to_numpy()).first().reindex(units)
    of_home = _short(np.where(inside >= 0, code[inside], at_stray), len(units))
    return _Level(units, label.to_numpy(dtype=object), of_home, code.astype(np.int64), at_stray)


def _short(code: NDArray[np.int64], n: int) -> NDArray[np.integer]:
    # numbers of 16 bits are sorted by radix, many times faster
    return code.astype(np.int16 if n <= np.iinfo(np.int16).max else np.int32)


def _with_rates(sums: Floats) -> Floats:
    total, covered = sums[:, : len(_SUMS) : 4], sums[:, 1 : len(_SUMS) : 4]
    blank = np.full_like(total, np.nan)
    rates = np.divide(covered, total, out=blank, where=total > 0)
    return np.column_stack([sums[:, :-1], rates, sums[:, -1]])


def _mean(over: Floats, level: _Level) -> Floats:
    n = len(level.units)
    added = np.zeros((n, 2))
    np.add.at(added, level.of_area, over)
    blank = np.full(n, np.nan)
    return np.divide(added[:, 0], added[:, 1], out=blank, where=added[:, 1] > 0)


def _counts(units: Floats, level: _Level) -> Floats:
    n = len(level.units)
    added = np.zeros((n, units.shape[1]))
    np.add.at(added, level.of_area, units)
    added[added[:, 0] == 0] = np.nan  # a unit of homes outside all areas has no areas
    total, has, on_time, unknown = added[:, :4].T
    columns = (total, has, has / total, on_time, on_time / total, unknown, added[:, 4:])
    return np.column_stack(columns)
