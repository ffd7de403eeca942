"""Bounds on covering plans that hold without rounding: weak duality in fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from carecircle.planning.engine.highs import Model, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

    Floats = NDArray[np.float64]

__all__ = ["least_price", "most_weight"]

#: With more pairs than this the linear relaxation is not solved a second time.
MOST_PAIRS = 20_000
_FINE = 2**30
_TIME_S = 20.0


def most_weight(
    instance: Instance, open_: NDArray[np.bool_], *, n_sites: float, budget: float
) -> Fraction | None:
    r"""Return what no choice of sites can cover more than; None if the problem is too large.

    Parameters
    ----------
    instance
        The problem.
    open_
        Per demand point: not covered by what stands.
    n_sites, budget
        Most sites to choose beside the required ones and most that they cost, ``inf`` any.

    Notes
    -----
    For any prices :math:`0 \le u_i \le w_i` and :math:`\lambda \ge 0` no choice covers more of the
    open demand than :math:`\sum_i (w_i - u_i) + \lambda B + \sum_{j\ in\ the\ best\ n}
    \max(0, \sum_{i \in j} u_i - \lambda c_j)`. The linear relaxation suggests u and λ; the sum is
    in fractions, so whatever the solver's rounding was, the bound holds.
    """
    points, sites, covers = _open_pairs(instance, open_)
    if covers is None:
        return None
    weight, cost = instance.weight[points], instance.cost[sites]
    rows, columns = covers.shape
    if rows == 0:
        return Fraction(0)
    limits = [(np.ones(columns), n_sites), (cost, budget)]
    limits = [(row, most) for row, most in limits if np.isfinite(most)]
    each = csr_array(hstack((-covers, eye_array(rows))))
    wide = [csr_array(np.concatenate((row, np.zeros(rows)))[None, :]) for row, _ in limits]
    upper = np.concatenate((np.zeros(rows), [most for _, most in limits]))
    found = solve(
        Model(
            cost=np.concatenate((np.zeros(columns), weight)),
            lower=np.zeros(columns + rows),
            upper=np.ones(columns + rows),
            integral=np.zeros(columns + rows, dtype=bool),
            matrix=csr_array(vstack((each, *wide))),
            row_lower=np.full(len(upper), -np.inf),
            row_upper=upper,
            sense="max",
        ),
        time_limit_s=_TIME_S,
    )
    if found.status != "optimal":
        return None
    price = [
        min(_fraction(value), Fraction(float(most)))
        for value, most in zip(found.row_dual[:rows], weight, strict=True)
    ]
    per_cost = _fraction(found.row_dual[-1]) if np.isfinite(budget) else Fraction(0)
    worth = [
        max(worth - per_cost * Fraction(float(c)), Fraction(0))
        for worth, c in zip(_sums(covers, price), cost, strict=True)
    ]
    best = sorted(worth, reverse=True)[: int(n_sites) if np.isfinite(n_sites) else None]
    spent = per_cost * Fraction(float(budget)) if np.isfinite(budget) else Fraction(0)
    unpriced = sum((Fraction(float(w)) for w in weight), Fraction(0)) - sum(price, Fraction(0))
    return unpriced + sum(best, Fraction(0)) + spent


def least_price(instance: Instance, open_: NDArray[np.bool_], price: Floats) -> Fraction | None:
    r"""Return what covering all open demand costs at least; None if the problem is too large.

    Notes
    -----
    Prices :math:`u_i \ge 0` with :math:`\sum_{i \in j} u_i \le c_j` prove :math:`\sum_i u_i`. Those
    of the linear relaxation are scaled down, in fractions, until they satisfy this exactly.
    """
    _, sites, covers = _open_pairs(instance, open_)
    if covers is None:
        return None
    rows, columns = covers.shape
    if rows == 0:
        return Fraction(0)
    found = solve(
        Model(
            cost=price[sites],
            lower=np.zeros(columns),
            upper=np.full(columns, np.inf),
            integral=np.zeros(columns, dtype=bool),
            matrix=covers,
            row_lower=np.ones(rows),
            row_upper=np.full(rows, np.inf),
        ),
        time_limit_s=_TIME_S,
    )
    if found.status != "optimal":
        return None
    dual = [_fraction(value) for value in found.row_dual]
    shrink = Fraction(1)
    for total, most in zip(_sums(covers, dual), price[sites], strict=True):
        if total > Fraction(float(most)):
            shrink = min(shrink, Fraction(float(most)) / total)
    return sum(dual, Fraction(0)) * shrink


def _open_pairs(
    instance: Instance, open_: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], csr_array | None]:
    """Return open demand that some site may cover, those sites, and who covers whom."""
    usable = ~instance.forbidden & ~instance.required & ~instance.existing
    pair = np.flatnonzero(
        (instance.minutes <= instance.limit[instance.row])
        & usable[instance.column]
        & open_[instance.row]
    )
    points, row = np.unique(instance.row[pair], return_inverse=True)
    sites, column = np.unique(instance.column[pair], return_inverse=True)
    if len(pair) > MOST_PAIRS:
        return points, sites, None
    shape = (len(points), len(sites))
    return points, sites, csr_array((np.ones(len(pair)), (row, column)), shape=shape)


def _fraction(value: float) -> Fraction:
    return Fraction(max(int(np.floor(value * _FINE)), 0), _FINE)


def _sums(covers: csr_array, price: list[Fraction]) -> list[Fraction]:
    by_site = covers.T.tocsr()
    ends = by_site.indptr
    return [
        sum((price[row] for row in by_site.indices[start:end]), Fraction(0))
        for start, end in pairwise(ends)
    ]
