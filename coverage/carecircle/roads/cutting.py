"""Parts of lines: many lines cut at once between two measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["in_place", "substrings"]


def in_place(
    whole: gpd.GeoDataFrame,
    whole_rows: NDArray[np.int64],
    parts: Sequence[gpd.GeoDataFrame],
    parted_rows: NDArray[np.int64],
) -> pd.DataFrame:
    """Return whole roads and parts of the others in the order in which the roads stood.

    Of equally near roads a place takes the first in the table: a cut that moves nothing else must
    not change which that is.

    Parameters
    ----------
    whole, whole_rows
        Roads left as they are, and the rows they stood in.
    parts, parted_rows
        Of each other road its parts, from its start to its end, and the row it stood in.

    Examples
    --------
    >>> roads = pd.DataFrame({"m": [9, 5, 5]}, index=["B", "A/1", "A/2"])
    >>> in_place(roads[:1], np.array([1]), [roads[1:]], np.array([0])).index.tolist()
    ['A/1', 'A/2', 'B']
    """
    rows = np.concatenate([whole_rows, np.repeat(parted_rows, [len(part) for part in parts])])
    return pd.concat([whole, *parts]).iloc[np.argsort(rows, kind="stable")]


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
