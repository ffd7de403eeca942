"""Close small gaps between lines, and say which: ends near ends, dead ends near lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.inputs.issues import IssueLog

__all__ = ["Vertices", "join_gaps", "position_codes"]

_SAME_M = 1e-6  # a foot point this near a vertex is that vertex


@dataclass(frozen=True)
class Vertices:
    """All vertices of some lines, line after line.

    Parameters
    ----------
    line
        Line number of each vertex, ascending.
    xy
        Coordinates, shape (n, 2).
    node
        Vertices with the same number are the same place.
    """

    line: NDArray[np.int64]
    xy: NDArray[np.float64]
    node: NDArray[np.int64]

    @classmethod
    def of_lines(cls, lines: NDArray[np.object_]) -> Vertices:
        """Return the vertices of ``lines``; the same coordinates are the same node."""
        xy, line = shapely.get_coordinates(lines, return_index=True)
        return cls(line, xy, position_codes(xy))

    @property
    def ends(self) -> NDArray[np.int64]:
        """First and last vertex of each line, shape (lines, 2)."""
        change = np.flatnonzero(np.diff(self.line))
        first = np.concatenate([[0], change + 1]) if len(self.line) else change
        last = np.concatenate([change, [len(self.line) - 1]]) if len(self.line) else change
        return np.stack([first, last], axis=1)

    def geometry(self) -> NDArray[np.object_]:
        """Return the lines."""
        return np.asarray(shapely.linestrings(self.xy, indices=self.line), dtype=object)


def position_codes(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one number per distinct coordinate pair, in order of first appearance.

    >>> position_codes(np.array([[5.0, 1.0], [5.0, 2.0], [5.0, 1.0]])).tolist()
    [0, 1, 0]
    """
    x, y = (pd.factorize(xy[:, axis])[0].astype(np.int64) for axis in (0, 1))
    return pd.factorize(x * (int(y.max(initial=0)) + 1) + y)[0].astype(np.int64)


def join_gaps(
    vertices: Vertices, ids: NDArray[np.object_], tolerance_m: float, log: IssueLog
) -> Vertices:
    """Give ends within the tolerance one node, and dead ends a vertex on the line beside them.

    Parameters
    ----------
    vertices
        The lines.
    ids
        Road id of each line, for the issues.
    tolerance_m
        Largest gap that is closed.
    log
        Gets one note per join, with the distance and both roads.
    """
    joined = _join_ends(vertices, ids, tolerance_m, log)
    return _join_dead_ends(joined, ids, tolerance_m, log)


def _join_ends(
    vertices: Vertices, ids: NDArray[np.object_], tolerance_m: float, log: IssueLog
) -> Vertices:
    """Merge end nodes, the nearest pair first.

    Nodes that lines no longer than the tolerance join already are left apart, or a street drawn in
    short lines would shrink to one node.
    """
    ends = vertices.ends
    nodes, at = np.unique(vertices.node[ends.ravel()], return_index=True)
    place = ends.ravel()[at]
    xy, road = vertices.xy[place], ids[vertices.line[place]]
    short = ends[shapely.length(vertices.geometry()) <= tolerance_m]
    leader = list(range(len(nodes)))
    for a, b in np.searchsorted(nodes, vertices.node[short]).tolist():
        _unite(leader, a, b)
    pairs = cKDTree(xy).query_pairs(tolerance_m, output_type="ndarray")
    gap = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], gap))
    joined = [k for k in order if _unite(leader, *pairs[k].tolist())]
    for k in joined:
        _report(log, "ends_joined", road[pairs[k, 0]], road[pairs[k, 1]], gap[k])
    return _same_node(vertices, nodes[pairs[joined]])


def _unite(leader: list[int], a: int, b: int) -> bool:
    """Put two members into one set; False if they were in one already."""
    a, b = _leader(leader, a), _leader(leader, b)
    leader[max(a, b)] = min(a, b)
    return a != b


def _leader(leader: list[int], member: int) -> int:
    while leader[member] != member:
        leader[member] = leader[leader[member]]
        member = leader[member]
    return member


def _same_node(vertices: Vertices, pairs: NDArray[np.int64]) -> Vertices:
    """Give the nodes of each pair one number."""
    size = int(vertices.node.max(initial=-1)) + 1
    linked = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    group = connected_components(linked, directed=False)[1].astype(np.int64)
    return Vertices(vertices.line, vertices.xy, group[vertices.node])


def _join_dead_ends(
    vertices: Vertices, ids: NDArray[np.object_], tolerance_m: float, log: IssueLog
) -> Vertices:
    """Put a vertex where a dead end comes near another line; it is the dead end's node."""
    lines = vertices.geometry()
    # a node used by one vertex only touches nothing; the end of a short line is near anyway
    alone = (np.bincount(vertices.node) == 1)[vertices.node[vertices.ends]]
    ends = vertices.ends[alone & (shapely.length(lines) > tolerance_m)[:, None]]
    points = shapely.points(vertices.xy[ends])
    end, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=tolerance_m)
    other = vertices.line[ends[end]] != line
    end, line = end[other], line[other]
    gap = shapely.distance(points[end], lines[line])
    order = np.lexsort((line, gap, end))
    nearest = order[np.unique(end[order], return_index=True)[1]]
    end, line, gap = end[nearest], line[nearest], gap[nearest]
    for e, near, distance in zip(ends[end], line, gap, strict=True):
        _report(log, "dead_end_joined", ids[vertices.line[e]], ids[near], distance)
    along = shapely.line_locate_point(lines[line], points[end])
    foot = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], along))
    return _inserted(vertices, Vertices(line, foot, vertices.node[ends[end]]), along)


def _inserted(vertices: Vertices, new: Vertices, along: NDArray[np.float64]) -> Vertices:
    """Return the vertices with new ones put in at their measure along the line.

    A new vertex that falls on an old one is not put in; the two nodes become one.
    """
    step = np.hypot(*np.diff(vertices.xy, axis=0, prepend=vertices.xy[:1]).T)
    step[vertices.ends[:, 0]] = 0.0
    total = np.cumsum(step)
    measure = total - total[vertices.ends[:, 0]][vertices.line]
    line = np.concatenate([vertices.line, new.line])
    order = np.lexsort((np.concatenate([measure, along]), line))
    is_new = order >= len(vertices.line)
    merged = Vertices(
        line[order],
        np.concatenate([vertices.xy, new.xy])[order],
        np.concatenate([vertices.node, new.node])[order],
    )
    apart = np.hypot(*np.diff(merged.xy, axis=0).T)
    touch = np.flatnonzero(
        (apart < _SAME_M) & (merged.line[1:] == merged.line[:-1]) & (is_new[1:] | is_new[:-1])
    )
    keep = np.ones(len(order), dtype=bool)
    keep[np.where(is_new[touch + 1], touch + 1, touch)] = False
    pairs = np.stack([merged.node[touch], merged.node[touch + 1]], axis=1)
    named = _same_node(merged, pairs)
    return Vertices(named.line[keep], named.xy[keep], named.node[keep])


def _report(log: IssueLog, code: str, road: str, other: str, distance_m: float) -> None:
    log.add(
        code,
        "note",
        "roads",
        record=f"{road};{other}",
        field="geometry",
        found=f"{distance_m:.2f} m apart",
        used="one node",
        fix="check on the map that the two roads meet",
    )
