"""Good sets of sites fast: one by one, then by exchanging one for another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.engine.costs import Costs

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Small = NDArray[np.int32]

__all__ = ["exchange", "one_by_one"]

# the table of exchanges has a cell per candidate and chosen site; beyond this it outgrows memory
_MOST_CELLS = 30_000_000


def one_by_one(costs: Costs, n_new: int, start: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Add the site that saves most, again and again, until ``n_new`` sites are added to ``start``.

    Ties go to the first site. Equal groups are kept apart; fewer are added when no more may be.
    """
    stands = start.copy()
    _add(
        costs.start, costs.site, costs.cost, costs.cap, stands, costs.free, costs.group, n_new
    )  # fmt: skip
    return stands


def exchange(costs: Costs, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], float]:
    """Exchange one chosen site for another while that lowers the total cost.

    Parameters
    ----------
    costs
        Sites that are fixed stay.
    chosen
        Per site: stands at the outset, the fixed ones included.

    Returns
    -------
    tuple
        Which sites stand, and the total cost. No single exchange improves it.

    Notes
    -----
    The table of gains, losses and corrections is that of M. G. C. Resende and R. F. Werneck (2007),
    A fast swap-based local search procedure for location problems, Annals of Operations Research
    150, 205-230; the search itself is that of M. B. Teitz and P. Bart (1968).
    """
    stands = chosen.copy()
    total = _total(costs, stands)
    if int(stands.sum()) * len(stands) > _MOST_CELLS:
        return stands, total
    movable = stands & ~costs.fixed
    while True:
        come, go = _best_swap(
            costs.start, costs.site, costs.cost, costs.cap, stands, movable, costs.free, costs.group
        )  # fmt: skip
        if come < 0:
            return stands, total
        stands[come], stands[go] = True, False
        now = _total(costs, stands)
        if now >= total:  # a gain that was rounding only
            stands[come], stands[go] = False, True
            return stands, total
        total = now
        movable[come], movable[go] = True, False


def _total(costs: Costs, stands: NDArray[np.bool_]) -> float:
    return float(_nearest_two(costs.start, costs.site, costs.cost, costs.cap, stands)[1].sum())


@kernel
def _nearest_two(
    start: Ints,
    site: Small,
    cost: Floats,
    cap: Floats,
    stands: Flags,
) -> tuple[Ints, Floats, Floats]:
    n = len(cap)
    first = np.full(n, -1, np.int64)
    near = cap.copy()
    next_near = cap.copy()
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            if stands[site[k]]:
                if first[i] < 0:
                    first[i] = site[k]
                    near[i] = cost[k]
                else:
                    next_near[i] = cost[k]
                    break
    return first, near, next_near


@kernel
def _add(  # noqa: C901, PLR0913, PLR0917  # a kernel takes plain arrays
    start: Ints,
    site: Small,
    cost: Floats,
    cap: Floats,
    stands: Flags,
    free: Flags,
    group: Ints,
    n_new: int,
) -> None:
    near = _nearest_two(start, site, cost, cap, stands)[1]
    for _ in range(n_new):
        gain = np.zeros(len(stands))
        for i in range(len(cap)):
            for k in range(start[i], start[i + 1]):
                if cost[k] >= near[i]:
                    break
                gain[site[k]] += near[i] - cost[k]
        best = -1
        for j in range(len(stands)):
            if free[j] and not stands[j] and (best < 0 or gain[j] > gain[best]):
                if group[j] >= 0 and np.any(stands & (group == group[j])):
                    continue
                best = j
        if best < 0:
            return
        stands[best] = True
        for i in range(len(cap)):
            for k in range(start[i], start[i + 1]):
                if cost[k] >= near[i]:
                    break
                if site[k] == best:
                    near[i] = cost[k]
                    break


@kernel
def _exchange_table(
    start: Ints,
    site: Small,
    cost: Floats,
    cap: Floats,
    stands: Flags,
    rank: Ints,
) -> tuple[Floats, Floats, Floats, float]:
    first, near, next_near = _nearest_two(start, site, cost, cap, stands)
    n_out = rank.max() + 1
    gain = np.zeros(len(stands))
    loss = np.zeros(n_out)
    saved = np.zeros((len(stands), n_out))
    for i in range(len(cap)):
        out = rank[first[i]] if first[i] >= 0 else -1
        if out >= 0:
            loss[out] += next_near[i] - near[i]
        for k in range(start[i], start[i + 1]):
            if cost[k] >= next_near[i]:
                break
            if cost[k] < near[i]:
                gain[site[k]] += near[i] - cost[k]
            if out >= 0:
                saved[site[k], out] += next_near[i] - max(cost[k], near[i])
    return gain, loss, saved, near.sum()


@kernel
def _best_swap(  # noqa: C901, PLR0913, PLR0917  # a kernel takes plain arrays
    start: Ints,
    site: Small,
    cost: Floats,
    cap: Floats,
    stands: Flags,
    movable: Flags,
    free: Flags,
    group: Ints,
) -> tuple[int, int]:
    outs = np.flatnonzero(movable)
    if len(outs) == 0:
        return -1, -1
    rank = np.full(len(stands), -1, np.int64)
    for r in range(len(outs)):
        rank[outs[r]] = r
    gain, loss, saved, total = _exchange_table(start, site, cost, cap, stands, rank)
    best = 1e-9 * max(1.0, total)
    come, go = -1, -1
    for j in range(len(stands)):
        if stands[j] or not free[j]:
            continue
        mate = -1
        if group[j] >= 0:
            for other in range(len(stands)):
                if stands[other] and group[other] == group[j]:
                    mate = other
        for r in range(len(outs)):
            if mate >= 0 and mate != outs[r]:
                continue
            value = gain[j] - loss[r] + saved[j, r]
            if value > best:
                best = value
                come, go = j, outs[r]
    return come, go
