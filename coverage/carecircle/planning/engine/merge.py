"""Demand that every site serves alike, made one: nearest-site problems get smaller, not coarser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

__all__ = ["Merged", "merge_demand"]


@dataclass(frozen=True, eq=False)
class Merged:
    """An instance in which equal demand is one point.

    Attributes
    ----------
    instance
        Its demand points carry the id of the first of those they stand for, and the sum of their
        weights. Limits and counts are those of the first: of no use where they matter.
    row_of
        Per demand point of the whole instance: its row in the small one.
    """

    instance: Instance
    row_of: NDArray[np.int64]

    def spread(
        self, values: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Share out a value per merged point by weight among those it stands for."""
        whole = self.instance.weight[self.row_of]
        part = np.divide(weight, whole, out=np.zeros_like(weight), where=whole > 0)
        shared: NDArray[np.float64] = values[self.row_of] * part
        return shared


def merge_demand(
    instance: Instance, useful: NDArray[np.bool_], today: NDArray[np.float64]
) -> Merged:
    """Merge demand points with the same minutes to the same sites.

    Parameters
    ----------
    instance
        The problem.
    useful
        Per pair: may be the nearest. The others are dropped, which lets more points be equal.
    today
        Per demand point: minutes that count where no site is nearer.

    Returns
    -------
    Merged
        Points in the order of the first that they stand for; exact, for only equal numbers merge.

    Examples
    --------
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S1"],
    ...                       "minutes": [5.0, 5.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0]}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1"]))
    >>> merge_demand(two, two.minutes >= 0, two.today_minutes).instance.weight.tolist()
    [80.0]
    """
    row, column, minutes = instance.row[useful], instance.column[useful], instance.minutes[useful]
    start = np.searchsorted(row, np.arange(instance.n_demand + 1))
    row_of = _equal_rows(start, column, minutes, today)
    _, first = np.unique(row_of, return_index=True)
    kept = np.zeros(instance.n_demand, dtype=bool)
    kept[first] = True
    pairs = kept[row]
    small = replace(
        instance,
        demand_ids=instance.demand_ids[first],
        weight=np.bincount(row_of, instance.weight, len(first)).astype(np.float64),
        limit=instance.limit[first],
        today_minutes=instance.today_minutes[first],
        today_count=instance.today_count[first],
        row=row_of[row[pairs]],
        column=column[pairs],
        minutes=minutes[pairs],
    )
    return Merged(small, row_of)


def _equal_rows(
    start: NDArray[np.int64],
    column: NDArray[np.int64],
    minutes: NDArray[np.float64],
    today: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the number of the set of equal rows that each row is in, by first appearance."""
    size = np.diff(start)
    pair = pd.util.hash_array(minutes) ^ (pd.util.hash_array(column) * np.uint64(3))
    # sums of marks of the pairs, so far, in wrapping whole numbers: a row is a difference
    sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(pair, dtype=np.uint64)))
    mark = (sums[start[1:]] - sums[start[:-1]]) ^ pd.util.hash_array(today)
    code, names = pd.factorize(mark)
    like = np.unique(code, return_index=True)[1][code]
    shift = np.repeat(start[like] - start[:-1], size)
    at = np.minimum(np.arange(len(column)) + shift, len(column) - 1)
    differ = (column != column[at]) | (minutes != minutes[at])
    owner = np.repeat(np.arange(len(size)), size)
    odd = (size != size[like]) | (today != today[like])
    odd |= np.bincount(owner[differ], minlength=len(size)) > 0
    # rows of one mark that differ after all stay alone
    code = np.where(odd, len(names) + np.arange(len(size)), code)
    return np.asarray(pd.factorize(code)[0], dtype=np.int64)
