"""Parts of lines: many lines cut at once between two measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["substrings"]


def substrings(
    lines: NDArray[np.object_], start_m: NDArray[np.float64], end_m: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Return the part of each line between two measures in metres along it.

    Both ends are interpolated, inner vertices kept. A part of no length becomes a line of two equal
    points.

    Examples
    --------
    >>> line = shapely.LineString([(0, 0), (100, 0), (100, 100)])
    >>> substrings(np.array([line]), np.array([50.0]), np.array([150.0]))[0].wkt
    'LINESTRING (50 0, 100 0, 100 50)'
    """
    if not len(lines):
        return np.empty(0, dtype=object)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    first = np.searchsorted(line, np.arange(len(lines)))
    step = np.r_[0.0, np.hypot(*np.diff(xy, axis=0).T)]
    step[first] = 0.0
    measure = np.cumsum(step)
    measure -= measure[first][line]
    inner = (measure > start_m[line]) & (measure < end_m[line])
    tips = [shapely.line_interpolate_point(lines, m) for m in (start_m, end_m)]
    number = np.arange(len(lines))
    owner = np.concatenate([number, line[inner], number])
    spots = np.vstack(
        [shapely.get_coordinates(tips[0]), xy[inner], shapely.get_coordinates(tips[1])]
    )
    rank = np.concatenate([number * 0.0 - 1, measure[inner], np.full(len(lines), np.inf)])
    order = np.lexsort((rank, owner))
    cut: NDArray[np.object_] = np.asarray(shapely.linestrings(spots[order], indices=owner[order]))
    return cut
