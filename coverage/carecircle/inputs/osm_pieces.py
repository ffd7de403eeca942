"""Cut ways into pieces at the nodes where they meet: pure array work, no loop over nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carecircle.inputs.cutting import Cut, cut_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.inputs.osm_scan import NodePositions, Ways

__all__ = ["WayPieces", "cut_ways"]


@dataclass(frozen=True)
class WayPieces:
    """Road pieces between two nodes; arrays have one entry per piece.

    Parameters
    ----------
    cut
        Way, place in the way and geometry of each piece.
    u, v
        Node ids at start and end.
    signals
        Traffic signals along the piece; one at an end counts one half.
    u_stop, v_stop
        Place in ``stops`` of the node at start and end; -1 where nobody is stopped.
    missing_refs
        Per way: references to nodes that the extract does not hold.
    """

    cut: Cut
    u: NDArray[np.int64]
    v: NDArray[np.int64]
    signals: NDArray[np.float64]
    u_stop: NDArray[np.int64]
    v_stop: NDArray[np.int64]
    missing_refs: NDArray[np.int64]


def cut_ways(
    ways: Ways,
    positions: NodePositions,
    stops: NDArray[np.int64],
    signals: NDArray[np.int64],
) -> WayPieces:
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
    stop = _places(nodes, stops)
    is_break = (np.bincount(at, minlength=len(nodes)) > 1) | (stop >= 0)
    cut = cut_lines(way, lonlat[at], is_break[at])
    has_signal = np.isin(nodes, signals)[at].astype(float)
    passed = np.cumsum(has_signal)
    first, last = cut.first, cut.last
    return WayPieces(
        cut=cut,
        u=refs[first],
        v=refs[last],
        signals=passed[last - 1] - passed[first] + (has_signal[first] + has_signal[last]) / 2,
        u_stop=stop[at[first]],
        v_stop=stop[at[last]],
        missing_refs=np.bincount(way[np.isnan(lonlat[at, 0])], minlength=len(ways.ids)),
    )


def _without_repeats(ways: Ways) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Drop a node written twice in a row: it would look like a node used twice."""
    way = np.repeat(np.arange(len(ways.ids)), np.diff(ways.offsets))
    keep = np.ones(len(way), dtype=bool)
    keep[1:] = (ways.refs[1:] != ways.refs[:-1]) | (way[1:] != way[:-1])
    return way[keep], ways.refs[keep]


def _places(nodes: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each node its place in ``wanted``, or -1; ``nodes`` are sorted."""
    places = np.full(len(nodes), -1)
    at = np.searchsorted(nodes, wanted)
    found = np.flatnonzero(at < len(nodes))
    found = found[nodes[at[found]] == wanted[found]]
    places[at[found]] = found
    return places
