"""What the siting problems have in common: how many sites, in which order, who goes where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.engine.costs import Costs
    from carecircle.planning.instance import Instance

__all__ = [
    "Standing",
    "chosen_table",
    "nearest_allocation",
    "refuse_rivals",
    "sites_left",
    "solver_name",
    "weighted_minutes",
]


@dataclass(frozen=True, eq=False)
class Standing:
    """Which sites stand, and which of them were chosen (the others are there today)."""

    stands: NDArray[np.bool_]
    chosen: NDArray[np.bool_]


def sites_left(instance: Instance, n_sites: int) -> int:
    """Return how many sites may be chosen beside the required ones.

    Existing sites are kept and not counted.

    Raises
    ------
    InputError
        If ``n_sites`` is below 1, above the number of candidates that may stand together, or below
        the number of required sites.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1"], "site_id": ["S1"], "minutes": [9.0]})
    >>> from carecircle.planning.instance import Instance
    >>> one = Instance.from_pairs(pairs, pd.DataFrame(index=["H1"]), pd.DataFrame(index=["S1"]))
    >>> sites_left(one, 1)
    1
    """
    if n_sites < 1:
        raise InputError(f"n_sites is {n_sites}; give at least 1")
    refuse_rivals(instance)
    candidate = ~instance.forbidden & ~instance.existing
    group = instance.group[candidate]
    most = int((group < 0).sum()) + len(np.unique(group[group >= 0]))
    if not most:
        raise InputError("no site may be chosen: all are forbidden or there already; add sites")
    if n_sites > most:
        raise InputError(
            f"n_sites is {n_sites}, but {most} candidates may stand together; give at most {most}"
        )
    required = instance.required & ~instance.existing
    if required.sum() > n_sites:
        raise InputError(
            f"n_sites is {n_sites}, but {int(required.sum())} sites are required"
            f" ({', '.join(map(str, instance.site_ids[required][:5]))}); raise n_sites"
        )
    return n_sites - int(required.sum())


def refuse_rivals(instance: Instance) -> None:
    """Raise if sites that stand in any case exclude one another.

    Raises
    ------
    InputError
        With their ids.
    """
    stands = instance.required | (instance.existing & ~instance.forbidden)
    groups, count = np.unique(instance.group[stands & (instance.group >= 0)], return_counts=True)
    for group in groups[count > 1]:
        both = instance.site_ids[stands & (instance.group == group)]
        raise InputError(
            f"sites {', '.join(map(str, both[:5]))} exclude one another, but all of them must"
            " stand; require one of them"
        )


def chosen_table(
    instance: Instance,
    standing: Standing,
    costs: Costs,
    baseline: NDArray[np.float64],
) -> pd.DataFrame:
    """Put the chosen sites in order: each next one is the one that then saves most.

    Parameters
    ----------
    instance
        The problem.
    standing
        Which sites stand and which of them were chosen.
    costs
        Cost of each demand point at each site.
    baseline
        Per demand point: cost with none of these sites, finite.

    Returns
    -------
    pd.DataFrame
        Index ``site_id``: ``gain``, ``cumulative``, ``share`` (of the baseline), ``cost``.
    """
    row = np.repeat(np.arange(len(costs.cap)), np.diff(costs.start))
    near = baseline.copy()
    kept = (standing.stands & ~standing.chosen)[costs.site]
    np.minimum.at(near, row[kept], costs.cost[kept])
    total = float(near.sum())
    mine = standing.chosen[costs.site]
    row, site, cost = row[mine], costs.site[mine], costs.cost[mine]
    left = np.flatnonzero(standing.chosen)
    order, gains = [], []
    while len(left):
        gain = np.bincount(site, np.maximum(near[row] - cost, 0.0), len(costs.free))
        best = left[np.argmax(gain[left])]
        order.append(best)
        gains.append(float(gain[best]))
        here = site == best
        near[row[here]] = np.minimum(near[row[here]], cost[here])
        left = left[left != best]
    cumulative = np.cumsum(gains) if gains else np.zeros(0)
    return pd.DataFrame(
        {
            "gain": np.asarray(gains, dtype=np.float64),
            "cumulative": cumulative,
            "share": cumulative / total if total > 0 else np.zeros(len(gains)),
            "cost": instance.cost[np.asarray(order, dtype=np.int64)],
        },
        index=pd.Index(instance.site_ids[np.asarray(order, dtype=np.int64)], name="site_id"),
    )


def nearest_allocation(
    instance: Instance, stands: NDArray[np.bool_], usable: NDArray[np.bool_]
) -> pd.DataFrame:
    """Give each demand point to the nearest site that stands, or to a facility of today.

    Parameters
    ----------
    instance
        The problem.
    stands
        Per site: stands.
    usable
        Per pair: may serve.

    Returns
    -------
    pd.DataFrame
        Index ``home_id``: ``site_id`` (missing: a facility of today, which wins a tie, or none) and
        ``minutes`` (missing: none). Of two sites equally near the first in the table serves.
    """
    pair = np.flatnonzero(stands[instance.column] & usable)
    pair = pair[np.lexsort((instance.column[pair], instance.minutes[pair], instance.row[pair]))]
    row, first = np.unique(instance.row[pair], return_index=True)
    pair = pair[first]
    nearer = instance.minutes[pair] < instance.today_minutes[row]
    row, pair = row[nearer], pair[nearer]
    minutes = np.where(np.isfinite(instance.today_minutes), instance.today_minutes, np.nan)
    minutes[row] = instance.minutes[pair]
    site = np.full(instance.n_demand, None, dtype=object)
    site[row] = instance.site_ids.to_numpy(dtype=object)[instance.column[pair]]
    return pd.DataFrame(
        {"site_id": pd.array(site, dtype="str"), "minutes": minutes},
        index=pd.Index(instance.demand_ids, name="home_id"),
    )


def weighted_minutes(
    instance: Instance, penalty: float | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weighted minutes of each pair, and of each demand point before any site.

    Before: by the nearest facility of today; without one, by the farthest site that may be chosen
    (or the penalty); 0 where nothing reaches.
    """
    cost = instance.weight[instance.row] * instance.minutes
    before = np.zeros(instance.n_demand)
    if penalty is None:
        usable = ~instance.forbidden[instance.column]
        np.maximum.at(before, instance.row[usable], cost[usable])
        most = np.inf
    else:
        before[:] = instance.weight * penalty
        most = penalty
    capped = np.isfinite(instance.today_minutes)
    today = np.minimum(instance.today_minutes[capped], most)
    before[capped] = instance.weight[capped] * today
    return cost, before


def solver_name() -> str:
    """Return the name of the search of this package, with its version."""
    from importlib.metadata import version

    return f"carecircle {version('carecircle')} (Lagrangian branch and bound)"
