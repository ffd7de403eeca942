"""From chosen sites to a plan: what they cover, the order of building, ties settled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from carecircle.planning.engine.highs import solve
from carecircle.planning.engine.reduce import standing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.engine.cover_model import CoverModel
    from carecircle.planning.engine.reduce import Table
    from carecircle.planning.instance import Instance

    Floats = NDArray[np.float64]

__all__ = ["covered_by", "in_order", "settled", "useful"]

# the second stage has a variable for each pair: beyond this it may take longer than the first
_MOST_PAIRS = 4_000
_SLACK = 1e-9
_TOLERANCE = 1e-6


def covered_by(instance: Instance, chosen: NDArray[np.bool_], times: int = 1) -> NDArray[np.bool_]:
    """Return which demand so many of today's facilities, kept sites and chosen sites cover."""
    stands = chosen | (instance.existing & ~instance.forbidden)
    pair = instance.within() & stands[instance.column]
    count = np.bincount(instance.row[pair], minlength=instance.n_demand)
    result: NDArray[np.bool_] = instance.today_count + count >= times
    return result


def in_order(instance: Instance, chosen: NDArray[np.bool_]) -> pd.DataFrame:
    """Put sites in the order in which each next one adds most; of equal ones, the first.

    Parameters
    ----------
    instance
        The problem.
    chosen
        Per site: chosen (existing ones that are kept are not).

    Returns
    -------
    pd.DataFrame
        Index ``site_id``: ``gain`` (weight newly covered), ``cumulative`` (sum of gains), ``share``
        (of all weight that is then covered, today's included), ``cost``, ``cost_per_gain``
        (missing without gain).
    """
    covered = covered_by(instance, np.zeros(instance.n_sites, dtype=bool))
    pair = np.flatnonzero(instance.within() & chosen[instance.column])
    sites = np.flatnonzero(chosen)
    by_site = csr_array(
        (np.ones(len(pair)), (instance.column[pair], instance.row[pair])),
        shape=(instance.n_sites, instance.n_demand),
    )[sites]
    left, order, gains = np.ones(len(sites), dtype=bool), [], []
    open_ = instance.weight * ~covered
    for _ in sites:
        gain = np.where(left, np.asarray(by_site @ open_), -1.0)
        best = int(np.argmax(gain))
        left[best] = False
        order.append(sites[best])
        gains.append(float(gain[best]))
        open_[by_site.indices[by_site.indptr[best] : by_site.indptr[best + 1]]] = 0.0
    taken = np.asarray(order, dtype=np.int64)
    gain = np.asarray(gains, dtype=np.float64)
    cumulative, total = np.cumsum(gain), float(instance.weight.sum())
    today, cost = float(instance.weight[covered].sum()), instance.cost[taken]
    return pd.DataFrame(
        {
            "gain": gain,
            "cumulative": cumulative,
            "share": (today + cumulative) / total if total > 0 else np.full(len(gain), np.nan),
            "cost": cost,
            "cost_per_gain": np.divide(cost, gain, out=np.full(len(gain), np.nan), where=gain > 0),
        },
        index=pd.Index(instance.site_ids[taken], name="site_id"),
    )


def useful(
    instance: Instance,
    chosen: NDArray[np.bool_],
    times: int = 1,
    *,
    heeded: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Return the chosen sites without those that no cover depends on; required ones stay.

    ``heeded`` says whose cover counts; everyone's by default.
    """
    kept = chosen.copy()
    stands = instance.existing & ~instance.forbidden
    counts = instance.within() if heeded is None else instance.within() & heeded[instance.row]
    pair = np.flatnonzero(counts & chosen[instance.column])
    mine = counts & (stands | chosen)[instance.column]
    count = instance.today_count + np.bincount(instance.row[mine], minlength=instance.n_demand)
    order = np.argsort(instance.column[pair], kind="stable")
    rows = np.split(
        instance.row[pair][order],
        np.cumsum(np.bincount(instance.column[pair], minlength=instance.n_sites))[:-1],
    )
    for site in np.flatnonzero(chosen & ~instance.required)[::-1]:
        if (count[rows[site]] > times).all():
            kept[site] = False
            count[rows[site]] -= 1
    return kept


def settled(
    instance: Instance,
    table: Table,
    model: CoverModel,
    columns: NDArray[np.bool_],
    *,
    time_limit_s: float,
) -> tuple[NDArray[np.bool_], str]:
    """Choose among equally good plans: least weighted minutes, then the first ids.

    Whoever is not covered counts with the limit of the resident. No plan with more sites than the
    one given is considered. ``model`` must already hold the row that keeps the objective.

    Returns
    -------
    tuple
        Which columns are chosen, and a sentence for the terms of the plan.
    """
    pair, saving = _savings(instance, table)
    if len(pair) > _MOST_PAIRS:
        return columns, f"not settled: more than {_MOST_PAIRS:,} pairs"
    if not columns.any():
        return columns, "settled"
    ends = time.perf_counter() + time_limit_s
    place = np.full(instance.n_sites, -1)
    place[table.sites] = np.arange(len(table.sites))
    own = place[instance.column[pair]]
    first = np.arange(model.n_columns)
    z = model.variables(np.zeros(len(pair)), np.ones(len(pair)))
    one, index = np.ones(len(pair)), np.arange(len(pair))
    points, once = np.unique(instance.row[pair], return_inverse=True)
    shape = (len(points), int(z[-1]) + 1 if len(z) else 1)
    model.add(csr_array((one, (once, z)), shape=shape), upper=np.ones(len(points)))
    opened = (np.concatenate((one, -one)), (np.tile(index, 2), np.concatenate((z, own))))
    model.add(csr_array(opened, shape=(len(pair), shape[1])), upper=np.zeros(len(pair)))
    model.add(model.row(first, np.ones(len(first))), upper=np.array([float(columns.sum())]))
    goal = np.zeros(shape[1])
    goal[z] = saving
    best = solve(model.model(goal, "max"), time_limit_s=max(ends - time.perf_counter(), 0.0))
    if best.status != "optimal":
        return columns, "not settled: out of time"
    nearest = best.x[: len(first)] > 0.5  # noqa: PLR2004  # 0 or 1

    def saved(chosen: NDArray[np.bool_]) -> float:
        each = np.zeros(len(points))
        np.maximum.at(each, once, saving * chosen[own])
        return float(each.sum())

    room = _TOLERANCE * max(1.0, abs(best.objective))
    model.add(model.row(z, saving), lower=np.array([best.objective - room]))
    rank = np.empty(len(table.sites))
    rank[np.argsort(instance.site_ids[table.sites].astype(str), kind="stable")] = 1 + first
    last = solve(model.model(rank, "min"), time_limit_s=max(ends - time.perf_counter(), 0.0))
    if last.status != "optimal":
        return nearest, "settled by minutes"
    early = last.x[: len(first)] > 0.5  # noqa: PLR2004  # 0 or 1
    same = saved(early) >= saved(nearest) - _SLACK * max(1.0, saved(nearest))
    return (early if same else nearest), "settled"


def _savings(instance: Instance, table: Table) -> tuple[NDArray[np.int64], Floats]:
    """Return the pairs that bring someone nearer, and the weighted minutes each saves."""
    within = instance.within()
    near = np.minimum(instance.today_minutes, instance.limit)
    unlimited = np.isinf(near)
    far = np.zeros(instance.n_demand)
    np.maximum.at(far, instance.row[within], instance.minutes[within])
    near[unlimited] = far[unlimited]
    stands = within & standing(instance)[instance.column]
    np.minimum.at(near, instance.row[stands], instance.minutes[stands])
    free = np.zeros(instance.n_sites, dtype=bool)
    free[table.sites] = True
    saved = instance.weight[instance.row] * (near[instance.row] - instance.minutes)
    pair = np.flatnonzero(within & free[instance.column] & (saved > 0))
    return pair, saved[pair]
