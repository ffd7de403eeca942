"""Which cells of published sums to leave blank, so that no small count can be worked out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]
    Flags = NDArray[np.bool_]

__all__ = ["determined", "small", "suppress"]

_NOISE = 1e-9


def small(values: Floats, least: float) -> Flags:
    """Return which counts are above zero and under ``least``; unknown ones are not.

    Examples
    --------
    >>> small(np.array([0.0, 0.4, 9.9, 10.0, np.nan]), 10).tolist()
    [False, True, True, False, False]
    """
    return np.asarray((values > _NOISE) & (values < least - _NOISE))


def suppress(
    values: Floats,
    sums: sparse.csr_array,
    *,
    least: float,
    hidden: Flags | None = None,
    fixed: Flags | None = None,
) -> Flags:
    """Return the cells to leave blank: small counts, and others that would give them away.

    A small count is blank. In a sum whose blank cells all stand on one side there are at least two
    blanks that together hold at least ``least``; and the sums taken together, as a system of linear
    equations, determine no blank cell. To meet this the smallest other cells are left blank too.
    Of equal ones the first goes, so give the cells in an order of their own, such as by id.

    Parameters
    ----------
    values
        A row for each cell, a column for each thing counted in it, such as people and elders; all
        are blank together, for one often follows from another. NaN is unknown, and adds nothing.
    sums
        A row for each equation ``sum(coefficient x cell) = 0``, a column for each cell.
    least
        Counts under this are small.
    hidden
        Cells that are blank in any case.
    fixed
        Cells that are known anyway, and cannot be left blank.

    Returns
    -------
    numpy.ndarray of bool
        Cells to leave blank.

    Notes
    -----
    Complementary suppression as in Willenborg and de Waal, *Elements of Statistical Disclosure
    Control* (2001), chapter 6. Zeros are left in print where anything else can stand in.

    Examples
    --------
    Of 100 = 4 + 30 + 66 the 4 is small; the 30 goes with it, or it would be 100 - 30 - 66.

    >>> parts = sparse.csr_array([[1, -1, -1, -1]])
    >>> suppress(np.array([[100.0], [4], [30], [66]]), parts, least=10).tolist()
    [False, True, True, False]
    """
    known = np.nan_to_num(values)
    blank = small(values, least).any(axis=1)
    blank = blank if hidden is None else blank | hidden
    free = np.ones(len(values), dtype=bool) if fixed is None else ~fixed
    blank &= free
    size = known.max(axis=1, initial=0.0)
    counted = known[:, (known > 0).any(axis=0)]
    while blank.any():
        lone = _companions(counted, sums, blank, least)
        rows = lone if lone.any() else _told(known, sums, blank)
        chosen = _chosen(sums, np.flatnonzero(rows), (size, blank), free & ~blank)
        if not chosen:
            break
        blank[chosen] = True
    return blank


def determined(sums: sparse.csr_array, blank: Flags) -> NDArray[np.intp]:
    """Return the blank cells whose value follows from the others by linear algebra.

    Examples
    --------
    >>> both = sparse.csr_array([[1, -1, -1, 0], [0, 1, 0, -1]])
    >>> determined(both, np.array([False, True, True, False])).tolist()
    [1, 2]
    """
    at = np.flatnonzero(blank)
    part = sums[:, at]
    rows = np.flatnonzero(np.diff(part.indptr))
    part = part[rows]
    if not len(rows):
        return at[:0]
    _, group = connected_components(abs(part).T @ abs(part), directed=False)
    found = []
    for number in range(group.max() + 1):
        inside = np.flatnonzero(group == number)
        columns = part[:, inside]
        block: Floats = columns[np.flatnonzero(np.diff(columns.indptr))].toarray()
        ways = linalg.null_space(block)
        moves = np.abs(ways).max(axis=1, initial=0.0) > _NOISE
        found.append(at[inside[~moves]])
    return np.sort(np.concatenate(found))


def _companions(values: Floats, sums: sparse.csr_array, blank: Flags, least: float) -> Flags:
    """Return the equations whose blanks stand on one side, alone or too small together."""
    plus, minus = (sums > 0).astype(float), (sums < 0).astype(float)
    out = blank.astype(float)
    above, below = plus @ out, minus @ out
    lone = (above == 0) != (below == 0)
    # a blank zero hides nothing: whoever guesses it knows the others
    held = (plus + minus) @ np.where(blank[:, None], values, 0.0)
    used = ((plus + minus) @ values) >= least
    small_sum = ((held < least - _NOISE) & used).any(axis=1)
    return np.asarray(lone & ((above + below < 2) | small_sum))  # noqa: PLR2004  two hide one another


def _told(values: Floats, sums: sparse.csr_array, blank: Flags) -> Flags:
    """Return the equations of blank cells that the system determines."""
    positive = blank & (values > 0).any(axis=1)
    sure = determined(sums, positive)
    hit = np.zeros(len(blank))
    hit[sure] = 1.0
    return np.asarray(abs(sums) @ hit > 0)


def _chosen(
    sums: sparse.csr_array, rows: Places, so_far: tuple[Floats, Flags], free: Flags
) -> list[int]:
    """Return a cell to leave blank for each equation that no other one of them helps.

    The cell that upsets the fewest other equations, then the smallest; zeros come last.
    """
    size, blank = so_far
    whole = abs(sums)
    upset = whole.T @ ((whole @ blank.astype(float)) == 0).astype(float)
    part = sums[rows].tocoo()
    row, cell = part.coords
    row, cell = row[free[cell]], cell[free[cell]]
    order = np.lexsort([cell, size[cell], upset[cell], size[cell] <= 0, row])
    row, cell = row[order], cell[order]
    first = np.flatnonzero(np.r_[True, row[1:] != row[:-1]]) if len(row) else row
    by_cell = sums.tocsc()
    helped: set[int] = set()
    chosen = []
    for at, taken in zip(rows[row[first]].tolist(), cell[first].tolist(), strict=True):
        if at not in helped:
            chosen.append(taken)
            helped.update(
                by_cell.indices[by_cell.indptr[taken] : by_cell.indptr[taken + 1]].tolist()
            )
    return chosen
