"""Lower bounds for nearest-site problems: every demand point pays a price for being served."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
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

__all__ = ["Pace", "Prices", "best_prices", "restrict"]

_SHARE_OF_OLD = 0.3  # of the last direction: damps the zigzag of a subgradient
_MEMORY = 0.93  # of the running average of choices, from which the branching site is taken
_SHRINK = 0.6  # of the step length, after _PATIENCE iterations without headway
_PATIENCE = 10
_SHORTEST = 0.01


@dataclass(frozen=True)
class Pace:
    """How long to look for better prices: most iterations, first step length, clock to stop at."""

    iterations: int
    step: float
    deadline: float = np.inf


@dataclass(frozen=True, eq=False)
class Prices:
    """The best prices found, and what follows from them.

    Attributes
    ----------
    bound
        No choice of sites costs less.
    price
        Per demand point: what it pays at most. Any prices give a valid bound.
    reduced
        Per site: what opening it adds at these prices, never positive.
    picked
        Per site: among the cheapest that may be chosen together.
    often
        Per site: how often it was picked of late, 0 to 1.
    iterations
        Number of price vectors tried.
    """

    bound: float
    price: NDArray[np.float64]
    reduced: NDArray[np.float64]
    picked: NDArray[np.bool_]
    often: NDArray[np.float64]
    iterations: int


def restrict(costs: Costs, free: NDArray[np.bool_], fixed: NDArray[np.bool_]) -> Costs:
    """Return the problem left when some sites stand and others are ruled out.

    A site that stands lowers the cap of the demand it serves and disappears: what costs more there
    will never be used.
    """
    start, site, cost, cap = _restrict(costs.start, costs.site, costs.cost, costs.cap, free, fixed)
    return replace(
        costs, start=start, site=site, cost=cost, cap=cap, free=free, fixed=np.zeros_like(fixed)
    )


def best_prices(
    costs: Costs,
    n_new: int,
    price: NDArray[np.float64],
    *,
    target: float,
    enough: float,
    pace: Pace,
) -> Prices:
    r"""Raise the bound on the cost of ``n_new`` sites by moving the prices.

    Parameters
    ----------
    costs
        A problem without fixed sites (see :func:`restrict`).
    n_new
        Most sites to choose.
    price
        Prices to start from, one per demand point.
    target
        Cost of a known choice; the length of the steps is measured by it.
    enough
        Bound at which to stop.
    pace
        How long to go on.

    Returns
    -------
    Prices
        Those with the best bound.

    Notes
    -----
    With price :math:`u_i` for demand point i the bound is
    :math:`\sum_i u_i + \sum_{j\ picked} \sum_i \min(0, c_{ij} - u_i)`;
    G. Cornuejols, M. L. Fisher and G. L. Nemhauser (1977), Location of bank accounts to optimize
    float, Management Science 23(8), 789-810; J. E. Beasley (1993), Lagrangean heuristics for
    location problems, European Journal of Operational Research 65(3), 383-399.
    """
    price = np.minimum(price, costs.cap)
    best = Prices(-np.inf, price, np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0), 0)
    often = np.zeros(len(costs.free))
    old = np.zeros(len(price))
    length, stalled = pace.step, 0
    for iteration in range(1, pace.iterations + 1):
        reduced = _reduced(costs.start, costs.site, costs.cost, price, len(costs.free))
        picked = _pick(reduced, costs.free, costs.group, n_new)
        bound = float(price.sum() + reduced[picked].sum())
        stalled = 0 if bound > best.bound + 1e-4 * (target - best.bound) else stalled + 1
        if bound > best.bound:
            best = Prices(bound, price, reduced, picked, often, iteration)
        if best.bound >= enough or time.perf_counter() > pace.deadline:
            break
        if stalled >= _PATIENCE:
            stalled, length, price = 0, length * _SHRINK, best.price
            old[:] = 0
            if length < _SHORTEST:
                break
            continue
        often = _MEMORY * often + (1 - _MEMORY) * picked
        old = _direction(costs.start, costs.site, costs.cost, costs.cap, price, picked, old)
        square = float(old @ old)
        if square == 0.0:
            break
        price = np.minimum(price + length * (target - bound) / square * old, costs.cap)
    return replace(best, often=often, iterations=iteration)


def _pick(
    reduced: NDArray[np.float64],
    free: NDArray[np.bool_],
    group: NDArray[np.int64],
    n_new: int,
) -> NDArray[np.bool_]:
    order = np.flatnonzero(free)
    order = order[np.argsort(reduced[order], kind="stable")]
    grouped = group[order] >= 0
    if grouped.any():
        # at most one of a group: the cheapest of each is a best choice (groups form a matroid)
        _, first = np.unique(group[order][grouped], return_index=True)
        keep = ~grouped
        keep[np.flatnonzero(grouped)[first]] = True
        order = order[keep]
    picked = np.zeros(len(free), dtype=bool)
    picked[order[:n_new]] = True
    return picked


@kernel
def _restrict(
    start: Ints,
    site: Small,
    cost: Floats,
    cap: Floats,
    free: Flags,
    fixed: Flags,
) -> tuple[Ints, Small, Floats, Floats]:
    n = len(cap)
    lower = cap.copy()
    begin = np.zeros(n + 1, np.int64)
    for i in range(n):
        count = 0
        for k in range(start[i], start[i + 1]):
            if cost[k] >= lower[i]:
                break
            if fixed[site[k]]:
                lower[i] = cost[k]
                break
            if free[site[k]]:
                count += 1
        begin[i + 1] = begin[i] + count
    sites = np.empty(begin[n], site.dtype)
    values = np.empty(begin[n], np.float64)
    for i in range(n):
        at = begin[i]
        for k in range(start[i], start[i + 1]):
            if at == begin[i + 1]:
                break
            if free[site[k]]:
                sites[at] = site[k]
                values[at] = cost[k]
                at += 1
    return begin, sites, values, lower


@kernel
def _reduced(
    start: Ints,
    site: Small,
    cost: Floats,
    price: Floats,
    n_sites: int,
) -> Floats:
    reduced = np.zeros(n_sites)
    for i in range(len(price)):
        for k in range(start[i], start[i + 1]):
            if cost[k] >= price[i]:
                break
            reduced[site[k]] += cost[k] - price[i]
    return reduced


@kernel
def _direction(  # noqa: PLR0917  # a kernel takes plain arrays
    start: Ints,
    site: Small,
    cost: Floats,
    cap: Floats,
    price: Floats,
    picked: Flags,
    old: Floats,
) -> Floats:
    new = np.empty(len(price))
    for i in range(len(price)):
        served = 0
        for k in range(start[i], start[i + 1]):
            if cost[k] >= price[i]:
                break
            if picked[site[k]]:
                served += 1
        new[i] = (1.0 - _SHARE_OF_OLD) * (1.0 - served) + _SHARE_OF_OLD * old[i]
        if price[i] >= cap[i] and new[i] > 0.0:
            new[i] = 0.0
    return new
