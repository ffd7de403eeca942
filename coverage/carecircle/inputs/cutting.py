"""Cut lines at some of their vertices: the array work shared by every road source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cut", "cut_lines"]


@dataclass(frozen=True)
class Cut:
    """Pieces of lines; each array has one entry per piece.

    Parameters
    ----------
    line
        Line the piece belongs to.
    number, count
        Place of the piece in its line, from 1, and number of pieces of that line.
    first, last
        Vertices at which the piece starts and ends.
    geometry
        The pieces as lines.
    """

    line: NDArray[np.int64]
    number: NDArray[np.int64]
    count: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    geometry: NDArray[np.object_]


def cut_lines(line: NDArray[np.int64], xy: NDArray[np.float64], is_break: NDArray[np.bool_]) -> Cut:
    """Cut lines, given as a flat list of vertices, wherever ``is_break`` says so.

    Parameters
    ----------
    line
        Line number of each vertex, ascending; vertices of a line in order.
    xy
        Coordinates, shape (n, 2). A NaN vertex ends a piece, and nothing is drawn across it.
    is_break
        Whether the line is cut at the vertex.

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> cut = cut_lines(np.array([0, 0, 0]), xy, np.array([False, True, False]))
    >>> [piece.wkt for piece in cut.geometry]
    ['LINESTRING (0 0, 1 0)', 'LINESTRING (1 0, 2 0)']
    """
    present = ~np.isnan(xy[:, 0])
    segment = np.flatnonzero((line[1:] == line[:-1]) & present[1:] & present[:-1])
    starts = np.ones(len(segment), dtype=bool)
    starts[1:] = (np.diff(segment) != 1) | is_break[segment[1:]]
    first = segment[starts]
    last = segment[np.roll(starts, -1)] + 1  # the segment before the next start; the last one too

    sizes = last - first + 1
    begin = np.cumsum(sizes) - sizes
    vertex = np.arange(sizes.sum()) + np.repeat(first - begin, sizes)
    piece = np.repeat(np.arange(len(first)), sizes)
    owner = line[first]
    count = np.bincount(owner, minlength=1)
    return Cut(
        line=owner,
        number=np.arange(len(first)) - (np.cumsum(count) - count)[owner] + 1,
        count=count[owner],
        first=first,
        last=last,
        geometry=shapely.linestrings(xy[vertex], indices=piece),
    )
