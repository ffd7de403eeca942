"""Cut ways into pieces at the nodes where they meet: pure array work, no loop over nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.inputs.osm_scan import NodePositions, Ways

__all__ = ["Pieces", "cut_ways"]


@dataclass(frozen=True)
class Pieces:
    """Road pieces between two nodes.

    Parameters
    ----------
    way
        Row of the way each piece belongs to.
    number, count
        Place of the piece in its way, from 1, and number of pieces of that way.
    u, v
        Node ids at start and end.
    lines
        Geometry in longitude and latitude.
    signals
        Marked nodes along the piece; a node at an end counts one half.
    u_mark, v_mark
        Place in ``stops`` of the node at start and end; -1 where nobody is stopped.
    missing_refs
        References per way to nodes that the extract does not hold.
    """

    way: NDArray[np.int64]
    number: NDArray[np.int64]
    count: NDArray[np.int64]
    u: NDArray[np.int64]
    v: NDArray[np.int64]
    lines: NDArray[np.object_]
    signals: NDArray[np.float64]
    u_mark: NDArray[np.int64]
    v_mark: NDArray[np.int64]
    missing_refs: NDArray[np.int64]


def cut_ways(
    ways: Ways,
    positions: NodePositions,
    stops: NDArray[np.int64],
    signals: NDArray[np.int64],
) -> Pieces:
    """Cut each way at its ends, at nodes used more than once and at nodes that stop someone.

    A reference to a node that the extract does not hold ends the piece: no line is drawn across
    the gap.

    Parameters
    ----------
    ways
        The ways.
    positions
        Where nodes are.
    stops
        Ids of nodes at which someone is stopped.
    signals
        Ids of nodes with a traffic signal.
    """
    way, refs = _without_repeats(ways)
    nodes, at = np.unique(refs, return_inverse=True)
    lonlat = positions.of(nodes)
    present = ~np.isnan(lonlat[:, 0])[at]
    mark = _rows_of(nodes, stops)
    is_break = (np.bincount(at, minlength=len(nodes)) > 1) | (mark >= 0)

    joined = (way[1:] == way[:-1]) & present[1:] & present[:-1]
    segment = np.flatnonzero(joined)
    starts = np.ones(len(segment), dtype=bool)
    starts[1:] = (np.diff(segment) != 1) | is_break[at[segment[1:]]]
    first = segment[starts]
    last = segment[np.append(starts[1:], True)[: len(segment)]] + 1

    sizes = last - first + 1
    piece = np.repeat(np.arange(len(first)), sizes)
    begin = np.cumsum(sizes) - sizes
    along = np.arange(sizes.sum()) - np.repeat(begin - first, sizes)
    count = np.bincount(way[first], minlength=len(ways.ids))
    has_signal = np.isin(nodes, signals)[at].astype(float)
    passed = np.cumsum(has_signal)
    return Pieces(
        way=way[first],
        number=np.arange(len(first)) - (np.cumsum(count) - count)[way[first]] + 1,
        count=count[way[first]],
        u=refs[first],
        v=refs[last],
        lines=shapely.linestrings(lonlat[at[along]], indices=piece),
        signals=passed[last - 1] - passed[first] + (has_signal[first] + has_signal[last]) / 2,
        u_mark=mark[at[first]],
        v_mark=mark[at[last]],
        missing_refs=np.bincount(way[~present], minlength=len(ways.ids)),
    )


def _without_repeats(ways: Ways) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Drop a node written twice in a row: it would look like a node used twice."""
    way = np.repeat(np.arange(len(ways.ids)), np.diff(ways.offsets))
    keep = np.ones(len(way), dtype=bool)
    keep[1:] = (ways.refs[1:] != ways.refs[:-1]) | (way[1:] != way[:-1])
    return way[keep], ways.refs[keep]


def _rows_of(nodes: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each node its row in ``wanted``, or -1."""
    rows = np.full(len(nodes), -1)
    at = np.searchsorted(nodes, wanted)
    inside = at < len(nodes)
    inside[inside] = nodes[at[inside]] == wanted[inside]
    rows[at[inside]] = np.flatnonzero(inside)
    return rows
