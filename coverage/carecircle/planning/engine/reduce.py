"""Covering problems made small: who is still to be covered, by which sites that may be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

__all__ = ["Table", "covering_table", "standing", "undominated"]

# a table of common rows of every two sites is worth its time up to so many products
_MOST_PRODUCTS = 30_000_000


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of demand that is not covered yet, and the sites that may be chosen.

    Attributes
    ----------
    covers
        Rows by columns, 1 where the site covers the row. Demand that the same sites cover is one
        row.
    weight, count
        Per row: weight, and how often those that stand cover it.
    sites
        Per column: number of the site in the instance.
    row_of
        Per demand point: its row, -1 if it is covered already or cannot be.
    """

    covers: csr_array
    weight: NDArray[np.float64]
    count: NDArray[np.int64]
    sites: NDArray[np.int64]
    row_of: NDArray[np.int64]

    def of_sites(self, columns: NDArray[np.bool_]) -> Table:
        """Return the table with some of its sites; rows stay."""
        return Table(
            csr_array(self.covers[:, columns]),
            self.weight,
            self.count,
            self.sites[columns],
            self.row_of,
        )


def standing(instance: Instance) -> NDArray[np.bool_]:
    """Return the sites that stand in any case: required ones, and existing ones not forbidden."""
    return instance.required | (instance.existing & ~instance.forbidden)


def covering_table(
    instance: Instance,
    *,
    wanted: NDArray[np.bool_] | None = None,
    times: int = 1,
) -> Table:
    """Merge demand and leave out what is decided.

    Parameters
    ----------
    instance
        The problem.
    wanted
        Per demand point: to be heeded (all by default).
    times
        Demand covered so often by what stands is left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S1"], "minutes": [5, 9]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> covering_table(Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1"]))).weight
    array([80.])
    """
    stands = standing(instance)
    within = instance.within()
    count = instance.today_count + np.bincount(
        instance.row[within & stands[instance.column]], minlength=instance.n_demand
    )
    sites = np.flatnonzero(_free(instance, stands))
    place = np.full(instance.n_sites, -1)
    place[sites] = np.arange(len(sites))
    open_ = count < times if wanted is None else (count < times) & wanted
    pair = np.flatnonzero(within & (place[instance.column] >= 0) & open_[instance.row])
    points, row = np.unique(instance.row[pair], return_inverse=True)
    covers = csr_array(
        (np.ones(len(pair)), (row, place[instance.column[pair]])),
        shape=(len(points), len(sites)),
    )
    first, merged = _merged(covers, count[points])
    row_of = np.full(instance.n_demand, -1)
    row_of[points] = merged
    return Table(
        covers=csr_array(covers[first]),
        weight=np.bincount(merged, instance.weight[points], len(first)).astype(np.float64),
        count=count[points][first],
        sites=sites,
        row_of=row_of,
    )


def undominated(
    table: Table, cost: NDArray[np.float64], group: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which columns no other column outdoes: covers all of its rows and costs no more.

    Of two equal columns the first stays. Members of groups always stay: what outdoes them might be
    ruled out by its own group. On very large tables nothing is dropped.
    """
    keep = np.ones(len(cost), dtype=bool)
    size = np.diff(table.covers.indptr).astype(np.int64)
    if int((size**2).sum()) > _MOST_PRODUCTS:
        return keep
    common = (table.covers.T @ table.covers).tocoo()
    small, large = common.row, common.col
    rows = np.asarray(table.covers.sum(axis=0)).ravel()
    inside = (common.data == rows[small]) & (small != large) & (cost[large] <= cost[small])
    same = (rows[small] == rows[large]) & (cost[small] == cost[large])
    outdone = inside & (~same | (large < small)) & (group[small] < 0) & (group[large] < 0)
    keep[small[outdone]] = False
    return keep & ((rows > 0) | (group >= 0))


def _free(instance: Instance, stands: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which sites are still to decide on: not ruled out by hand or by their group."""
    taken = np.unique(instance.group[stands & (instance.group >= 0)])
    return ~stands & ~instance.forbidden & ~np.isin(instance.group, taken)


def _merged(
    covers: csr_array, count: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row of each set of equal rows, and the set of each row."""
    n = covers.shape[0]
    if n == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    marks = np.random.default_rng(0).integers(1, 2**62, covers.shape[1] + 1, dtype=np.int64)
    sums = np.add.reduceat(marks[covers.indices], covers.indptr[:-1])
    sums = sums + count * marks[-1]
    _, first, merged = np.unique(sums, return_index=True, return_inverse=True)
    size = np.diff(covers.indptr)
    model = first[merged]
    same = (size == size[model]) & (count == count[model])
    if same.all():
        shift = np.repeat(covers.indptr[model] - covers.indptr[:-1], size)
        same_sites = covers.indices == covers.indices[np.arange(covers.nnz) + shift]
        if same_sites.all():
            order = np.argsort(first, kind="stable")
            rank = np.empty(len(order), dtype=np.int64)
            rank[order] = np.arange(len(order))
            return first[order], rank[merged]
    # two different sets of sites with one sum of marks: as good as never, and merged in no case
    return np.arange(n), np.arange(n)
