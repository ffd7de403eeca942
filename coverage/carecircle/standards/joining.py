"""Text columns of large tables: ids joined by unit, and reasons where a mask says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.analysis.joining import ids_by_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Objects = NDArray[np.object_]

__all__ = ["ids_by_unit", "reasons"]


def reasons(n: int, *marked: tuple[Flags, str]) -> Objects:
    """Return a reason for each of ``n`` units: the first whose mask holds, else none.

    Examples
    --------
    >>> reasons(2, (np.array([True, False]), "beds_missing")).tolist()
    ['beds_missing', '']
    """
    said = np.full(n, "", dtype=object)
    for mask, code in reversed(marked):
        said[mask] = code
    return said
