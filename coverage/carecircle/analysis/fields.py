"""Compiled drawing of service circles: distance fields on a grid and their contours.

A circle of trim *r* is drawn as the contour *d = r* of the distance to the reached road, sampled on
a grid with fixed lines and joined by straight segments. More road can only lower the distance, so a
circle always contains the circles of shorter limits; the cells are much smaller than *r*, so it
contains every reached piece.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["contour", "distance_field"]

_ALL_INSIDE = 15
_OFF_NODE = 1e-6
#: Where the contour enters and leaves a cell (0 south, 1 east, 2 north, 3 west; -1 nothing), by
#: which corners are inside (south-west 1, south-east 2, north-east 4, north-west 8) and lie left.
#: Opposite corners inside (5, 10) are joined if the middle of the cell is inside, else apart (the
#: last two rows). Lower values never part what was joined, so circles stay nested, and of two split
#: circles at most one is joined.
_TURNS = np.array(
    [
        [-1, -1, -1, -1], [0, 3, -1, -1], [1, 0, -1, -1], [1, 3, -1, -1],
        [2, 1, -1, -1], [0, 1, 2, 3], [2, 0, -1, -1], [2, 3, -1, -1],
        [3, 2, -1, -1], [0, 2, -1, -1], [1, 2, 3, 0], [1, 2, -1, -1],
        [3, 1, -1, -1], [0, 1, -1, -1], [3, 0, -1, -1], [-1, -1, -1, -1],
        [0, 3, 2, 1], [1, 0, 3, 2],
    ]
)  # fmt: skip


@kernel
def distance_field(
    segments: NDArray[np.float64],
    corner: tuple[float, float],
    shape: tuple[int, int],
    terms: tuple[float, float],
) -> NDArray[np.float64]:
    """Return the distance of each grid node to the nearest of the segments (x0, y0, x1, y1).

    ``corner`` is the node (0, 0), ``terms`` the cell size and the distance up to which values are
    exact; beyond it they may be ``inf``.
    """
    cell, far = terms
    field = np.full(shape, np.inf)
    for row in range(segments.shape[0]):
        x0, y0, x1, y1 = segments[row]
        dx, dy = x1 - x0, y1 - y0
        square = dx * dx + dy * dy
        left = max(0, int(np.floor((min(x0, x1) - far - corner[0]) / cell)))
        right = min(shape[0] - 1, int(np.ceil((max(x0, x1) + far - corner[0]) / cell)))
        low = max(0, int(np.floor((min(y0, y1) - far - corner[1]) / cell)))
        high = min(shape[1] - 1, int(np.ceil((max(y0, y1) + far - corner[1]) / cell)))
        for i in range(left, right + 1):
            x = corner[0] + i * cell - x0
            for j in range(low, high + 1):
                y = corner[1] + j * cell - y0
                along = 0.0
                if square > 0.0:
                    along = min(1.0, max(0.0, (x * dx + y * dy) / square))
                away = (x - along * dx) ** 2 + (y - along * dy) ** 2
                field[i, j] = min(field[i, j], away)
    return np.sqrt(field)


@kernel
def _case(field: NDArray[np.float64], i: int, j: int, level: float) -> int:
    """Return the row of the table of turns for one cell."""
    a, b, c, d = field[i, j], field[i + 1, j], field[i + 1, j + 1], field[i, j + 1]
    inside = (a <= level) + 2 * (b <= level) + 4 * (c <= level) + 8 * (d <= level)
    if (inside == 5 or inside == 10) and (a + b + c + d) / 4 > level:  # noqa: PLR1714, PLR2004  # a kernel has no sets
        return 16 if inside == 5 else 17  # noqa: PLR2004  # the two last rows
    return inside


@kernel
def contour(
    field: NDArray[np.float64], level: float, corner: tuple[float, float], cell: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the closed rings of ``field == level``: vertices, and where each ring starts in them.

    The inside (less than or equal to ``level``) lies on the left, so outer rings run anticlockwise
    and holes clockwise. The outermost grid nodes must be outside.
    """
    nx, ny = field.shape
    n = nx * ny
    following = np.full(2 * n, -1, dtype=np.int32)
    for i in range(nx - 1):
        for j in range(ny - 1):
            inside = _case(field, i, j, level)
            if 0 < inside != _ALL_INSIDE:
                node = i * ny + j
                edges = (node, n + node + ny, node + 1, n + node)
                for turn in (0, 2):
                    if _TURNS[inside, turn] >= 0:
                        following[edges[_TURNS[inside, turn]]] = edges[_TURNS[inside, turn + 1]]
    xy = np.empty((np.count_nonzero(following >= 0) * 2 + 1, 2))
    starts = np.empty(xy.shape[0] + 1, dtype=np.int64)
    n_xy, n_rings = 0, 0
    for begin in range(2 * n):
        if following[begin] < 0:
            continue
        starts[n_rings] = n_xy
        n_rings += 1
        edge = begin
        while following[edge] >= 0:
            vertical = edge >= n
            node = edge - n if vertical else edge
            i, j = node // ny, node % ny
            here = field[i, j]
            there = field[i, j + 1] if vertical else field[i + 1, j]
            share = 0.5
            if here < np.inf and there < np.inf and here != there:
                share = (level - here) / (there - here)
            # never a node itself: where rings met in one, they would touch themselves
            share = min(max(share, _OFF_NODE), 1.0 - _OFF_NODE)
            xy[n_xy, 0] = corner[0] + (i if vertical else i + share) * cell
            xy[n_xy, 1] = corner[1] + (j + share if vertical else j) * cell
            n_xy += 1
            after = following[edge]
            following[edge] = -1
            edge = after
        xy[n_xy] = xy[starts[n_rings - 1]]
        n_xy += 1
    starts[n_rings] = n_xy
    return xy[:n_xy], starts[: n_rings + 1]
