"""Chains: runs of road pieces between junctions, the graph that is searched.

Most nodes of a road layer only bend a road or change its name. Joining the pieces between two
junctions into one chain makes the searched graph several times smaller and loses nothing: each
piece remembers how many seconds lie between the chain's start and its own ends, in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Chains", "build_chains"]


@dataclass(frozen=True, eq=False)
class Chains:
    """The searched graph, and where each piece lies on it.

    Attributes
    ----------
    chain, flipped
        Per piece: its chain (-1 where closed both ways), and whether it is drawn against the chain.
    before
        Per piece, shape (n, 2): seconds from the chain's start to the piece's nearer end, running
        with the chain (0) and against it (1).
    before_m
        Per piece: the same in metres.
    order, first
        Pieces sorted along their chains; chain ``c`` owns ``order[first[c]:first[c + 1]]``.
    ends
        Per chain, shape (c, 2): junctions at start and end.
    seconds
        Per chain, shape (c, 2): whole chain with (0) and against (1) its direction; ``inf`` closed.
    metres
        Per chain: length.
    junction
        Per node: its junction number, -1 inside a chain.
    """

    chain: NDArray[np.int32]
    flipped: NDArray[np.bool_]
    before: NDArray[np.float64]
    before_m: NDArray[np.float64]
    order: NDArray[np.int32]
    first: NDArray[np.int32]
    ends: NDArray[np.int32]
    seconds: NDArray[np.float64]
    metres: NDArray[np.float64]
    junction: NDArray[np.int32]

    @property
    def n_junctions(self) -> int:
        """Number of junctions."""
        return int(self.junction.max(initial=-1)) + 1

    def arcs(
        self, *, reverse: bool
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
        """Return the graph as sorted rows: ``indptr, head, seconds, chain``.

        With ``reverse`` the seconds of an arc are those of travelling it backwards, which is what
        a search *from* a facility needs to time trips *to* it. Closed directions stay as arcs with
        ``inf`` seconds, so that every chain is seen from both its ends.
        """
        start, end = self.ends.T
        with_chain, against = self.seconds.T
        if reverse:
            with_chain, against = against, with_chain
        tail = np.concatenate([start, end])
        order = np.argsort(tail, kind="stable")
        indptr = np.zeros(self.n_junctions + 1, dtype=np.int32)
        np.cumsum(np.bincount(tail, minlength=self.n_junctions), out=indptr[1:])
        chain = np.tile(np.arange(len(start), dtype=np.int32), 2)[order]
        return (
            indptr,
            np.concatenate([end, start])[order].astype(np.int32),
            np.concatenate([with_chain, against])[order],
            chain,
        )


def build_chains(
    ends: NDArray[np.int32],
    seconds: NDArray[np.float64],
    metres: NDArray[np.float64],
    node_xy: NDArray[np.float64],
) -> Chains:
    """Join pieces between junctions into chains.

    Parameters
    ----------
    ends
        Shape (n, 2): nodes at the start and end of each piece.
    seconds
        Shape (n, 2): forward and backward, ``inf`` closed.
    metres
        Length of each piece.
    node_xy
        Coordinates of the nodes, for an order that keeps neighbours close in memory.
    """
    from carecircle.roads.walks import walk_chains

    is_open = np.asarray(np.isfinite(seconds))
    usable = np.asarray(is_open.any(axis=1))
    inner = _inner_nodes(ends, is_open, usable, len(node_xy))
    incident = np.flatnonzero(usable)
    tail = ends[incident].ravel()
    by_node = np.argsort(tail, kind="stable")
    indptr = np.zeros(len(node_xy) + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=len(node_xy)), out=indptr[1:])
    edges_at = np.repeat(incident, 2)[by_node]
    order, first, flipped_in_order, corners = walk_chains(
        indptr, edges_at, ends, _near_first(node_xy), inner
    )
    chain = np.full(len(ends), -1, dtype=np.int32)
    chain[order] = np.repeat(np.arange(len(first) - 1, dtype=np.int32), np.diff(first))
    flipped = np.zeros(len(ends), dtype=bool)
    flipped[order] = flipped_in_order
    junction = np.full(len(node_xy), -1, dtype=np.int32)
    used = _near_first(node_xy)
    is_corner = np.zeros(len(node_xy), dtype=bool)
    is_corner[corners.ravel()] = True
    used = used[is_corner[used]]
    junction[used] = np.arange(len(used), dtype=np.int32)
    along = np.where(flipped[:, None], seconds[:, ::-1], seconds)
    before, total = _running_sums(along, order, first)
    before_m, total_m = _running_sums(metres[:, None], order, first)
    return Chains(
        chain, flipped, before, before_m[:, 0], order, first,
        junction[corners].astype(np.int32), total, total_m[:, 0], junction,
    )  # fmt: skip


def _inner_nodes(
    ends: NDArray[np.int32],
    is_open: NDArray[np.bool_],
    usable: NDArray[np.bool_],
    n_nodes: int,
) -> NDArray[np.bool_]:
    # A node is inside a chain when exactly two piece ends meet there, of two different pieces open
    # in the same directions; then each direction of the chain is open or closed as a whole.
    u, v = ends[usable].T
    degree = np.bincount(u, minlength=n_nodes) + np.bincount(v, minlength=n_nodes)
    inner = degree == 2  # noqa: PLR2004  # two piece ends: the road only goes on
    inner[u[u == v]] = False
    leaving = np.zeros(n_nodes, dtype=np.int64)
    entering = np.zeros(n_nodes, dtype=np.int64)
    forward, backward = is_open[usable].T
    for node, out, into in ((u, forward, backward), (v, backward, forward)):
        leaving += np.bincount(node, weights=out, minlength=n_nodes).astype(np.int64)
        entering += np.bincount(node, weights=into, minlength=n_nodes).astype(np.int64)
    both_ways = (leaving == 2) & (entering == 2)  # noqa: PLR2004
    one_way_on = (leaving == 1) & (entering == 1)
    n_two_way = np.bincount(u, weights=forward & backward, minlength=n_nodes)
    n_two_way += np.bincount(v, weights=forward & backward, minlength=n_nodes)
    return inner & (both_ways | (one_way_on & (n_two_way == 0)))


def _near_first(node_xy: NDArray[np.float64]) -> NDArray[np.int64]:
    if len(node_xy) == 0:
        return np.empty(0, dtype=np.int64)
    import geopandas as gpd

    distance = gpd.GeoSeries(shapely.points(node_xy)).hilbert_distance(level=16).to_numpy()
    return np.argsort(distance, kind="stable")


def _running_sums(
    values: NDArray[np.float64], order: NDArray[np.int32], first: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from carecircle.roads.walks import running_sums

    before = np.zeros_like(values)
    total = np.zeros((len(first) - 1, values.shape[1]))
    running_sums(values, order, first, before, total)
    return before, total
