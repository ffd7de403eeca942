"""Ids of many records joined by unit, without a loop over units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Objects = NDArray[np.object_]

__all__ = ["ids_by_unit"]


def ids_by_unit(ids: Any, unit: NDArray[np.intp], rows: Flags, n: int) -> Objects:
    """Join the ids of each of ``n`` units by ``;``, in the order in which they come.

    Parameters
    ----------
    ids
        Ids, or lists of ids joined by ``;``; empty ones are left out.
    unit
        Position of the unit of each id.
    rows
        Which of them count.
    n
        How many units there are.

    Examples
    --------
    >>> at = np.array([1, 0, 1])
    >>> ids_by_unit(["a", "b", "c"], at, np.array([True, True, True]), 3).tolist()
    ['b', 'a;c', '']
    """
    ids = np.asarray(ids, dtype=object)
    rows = rows & (ids != "")
    order = np.flatnonzero(rows)[np.argsort(unit[rows], kind="stable")]
    bounds = np.searchsorted(unit[order], np.arange(n + 1))
    ordered, sizes = ids[order], np.diff(bounds)
    joined = np.full(n, "", dtype=object)
    joined[sizes == 1] = ordered[bounds[:-1][sizes == 1]]
    texts, starts = ordered.tolist(), bounds.tolist()
    for at in np.flatnonzero(sizes > 1).tolist():
        joined[at] = ";".join(texts[starts[at] : starts[at + 1]])
    return joined
