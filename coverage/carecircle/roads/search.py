"""Compiled searches over the chain graph, and the pieces and places they reach.

Costs are seconds, float64 multiples of 2**-30 (see :mod:`carecircle.roads.access`). All kernels
release the GIL and reuse their scratch. A *place* is given by seven arrays, see
:class:`carecircle.roads.places.Places`. The graph is ``(indptr, head, seconds, chain)``.

The bounded search keeps its frontier in buckets about one chain wide. Inside a bucket a junction
may be settled too early and is then corrected, so the result is exact whatever the width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.roads.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Graph = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]
    Frontier = tuple[
        NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], float
    ]
    Roll = tuple[NDArray[np.int32], NDArray[np.int32]]

__all__ = ["direct_seconds", "grown", "new_frontier", "reach_pairs", "spread", "touched_chains"]

_NOWHERE = -1
_HEAD = -2


@kernel
def grown(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy with twice the room."""
    larger = np.empty(array.size * 2, dtype=array.dtype)
    larger[: array.size] = array
    return larger


@kernel
def _take_out(
    junction: int, first: NDArray[np.int32], after: NDArray[np.int32], ahead: NDArray[np.int32]
) -> None:
    """Take a junction out of its bucket."""
    follower, leader = after[junction], ahead[junction]
    if follower >= 0:
        ahead[follower] = leader
    if leader >= 0:
        after[leader] = follower
    else:
        first[_HEAD - leader] = follower
    ahead[junction] = _NOWHERE


@kernel
def _put_in(
    junction: int,
    bucket: int,
    first: NDArray[np.int32],
    after: NDArray[np.int32],
    ahead: NDArray[np.int32],
) -> None:
    """Put a junction first into a bucket."""
    follower = first[bucket]
    after[junction], ahead[junction] = follower, _HEAD - bucket
    if follower >= 0:
        ahead[follower] = junction
    first[bucket] = junction


@kernel
def spread(
    graph: Graph,
    seeds: tuple[int, float, int, float],
    limit: float,
    cost: NDArray[np.float64],
    frontier: Frontier,
) -> int:
    """Fill ``cost`` for all junctions within ``limit`` seconds of the seeds.

    ``cost`` must be ``inf`` everywhere, ``frontier`` comes from :func:`new_frontier`. Returns how
    many junctions were reached; they stand first in ``frontier[0]``, and the caller sets their cost
    back to ``inf``.
    """
    indptr, head, seconds, _ = graph
    reached, first, after, ahead, width = frontier
    per_second = 1.0 / width
    n_reached, bucket, top = 0, first.size, -1
    for junction, start in ((seeds[0], seeds[1]), (seeds[2], seeds[3])):
        if start <= limit and start < cost[junction]:
            if cost[junction] == np.inf:
                reached[n_reached] = junction
                n_reached += 1
            else:
                _take_out(junction, first, after, ahead)
            cost[junction] = start
            slot = int(start * per_second)
            _put_in(junction, slot, first, after, ahead)
            bucket, top = min(bucket, slot), max(top, slot)
    while bucket <= top:
        junction = first[bucket]
        if junction < 0:
            bucket += 1
            continue
        _take_out(junction, first, after, ahead)
        here = cost[junction]
        for arc in range(indptr[junction], indptr[junction + 1]):
            there, other = here + seconds[arc], head[arc]
            known = cost[other]
            if there < known and there <= limit:
                if known == np.inf:
                    reached[n_reached] = other
                    n_reached += 1
                elif ahead[other] != _NOWHERE:
                    _take_out(other, first, after, ahead)
                cost[other] = there
                slot = int(there * per_second)
                _put_in(other, slot, first, after, ahead)
                top = max(top, slot)
    return n_reached


@kernel
def new_frontier(n_junctions: int, limit: float, width: float) -> Frontier:
    """Return scratch for :func:`spread`: room for reached junctions, buckets, their links, width.

    Buckets are doubly linked through the junctions, so that a junction stands in one at most and
    the frontier never outgrows its arrays. ``ahead`` is -1 in no bucket, -2 - b first in bucket b.
    """
    return (
        np.empty(n_junctions, dtype=np.int32),
        np.full(int(limit / width) + 2, -1, dtype=np.int32),
        np.empty(n_junctions, dtype=np.int32),
        np.full(n_junctions, _NOWHERE, dtype=np.int32),
        width,
    )


@kernel
def touched_chains(
    graph: Graph,
    reached: NDArray[np.int32],
    own: int,
    stamp: NDArray[np.int32],
    turn: int,
    out: NDArray[np.int32],
) -> int:
    """List each chain that meets a reached junction, and the place's own, once."""
    indptr, _, _, chain_of = graph
    out[0] = own
    stamp[own] = turn
    n_out = 1
    for junction in reached:
        for arc in range(indptr[junction], indptr[junction + 1]):
            chain = chain_of[arc]
            if stamp[chain] != turn:
                stamp[chain] = turn
                out[n_out] = chain
                n_out += 1
    return n_out


@kernel
def direct_seconds(
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    with_open: bool,  # noqa: FBT001  # kernels take positions only
    against_open: bool,  # noqa: FBT001
) -> float:
    """Return the seconds along one chain between two places (metres, seconds with, against)."""
    # which lies ahead is asked of the seconds: metres of one spot on two pieces differ by round-off
    if with_open and start[1] <= end[1]:
        return end[1] - start[1]
    if against_open and start[2] >= end[2]:
        return start[2] - end[2]
    return np.inf


@kernel
def reach_pairs(
    graph: Graph,
    chains: tuple[NDArray[np.int32], NDArray[np.float64]],
    facilities: tuple[NDArray[np.int32], NDArray[np.float64]],
    homes: tuple[NDArray[np.int32], NDArray[np.float64]],
    roll: Roll,
    terms: tuple[float, float, int],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Return (facility, home, seconds) for every pair within the limit.

    ``chains`` is (ends, seconds); a place table is (chain, six columns: metres, seconds with,
    seconds against, seconds between the place and the chain's start, the same for its end, own
    seconds); ``roll`` lists homes by chain (indptr, home); ``terms`` is (limit, bucket width, 1
    for trips to the facility or 0 for trips from it).
    """
    ends, chain_seconds = chains
    limit, width, towards = terms
    n_junctions = graph[0].size - 1
    cost = np.full(n_junctions, np.inf)
    frontier = new_frontier(n_junctions, limit, width)
    reached = frontier[0]
    stamp = np.full(ends.shape[0], -1, dtype=np.int32)
    touched = np.empty(ends.shape[0], dtype=np.int32)
    who = np.empty(1024, dtype=np.int32)
    whom = np.empty(1024, dtype=np.int32)
    took = np.empty(1024, dtype=np.float64)
    n_pairs = 0
    for facility in range(facilities[0].size):
        own = facilities[0][facility]
        if own < 0:
            continue
        here = facilities[1][facility]
        seeds = (ends[own, 0], here[3] + here[5], ends[own, 1], here[4] + here[5])
        n_reached = spread(graph, seeds, limit, cost, frontier)
        n_touched = touched_chains(graph, reached[:n_reached], own, stamp, facility, touched)
        for chain in touched[:n_touched]:
            from_start, from_end = cost[ends[chain, 0]], cost[ends[chain, 1]]
            for slot in range(roll[0][chain], roll[0][chain + 1]):
                home = roll[1][slot]
                there = homes[1][home]
                seconds = min(from_start + there[3], from_end + there[4])
                if chain == own:
                    a, b = (there, here) if towards == 1 else (here, there)
                    along = direct_seconds(
                        (a[0], a[1], a[2]), (b[0], b[1], b[2]),
                        chain_seconds[chain, 0] < np.inf, chain_seconds[chain, 1] < np.inf,
                    )  # fmt: skip
                    seconds = min(seconds, along + here[5])
                seconds += there[5]
                if seconds <= limit:
                    if n_pairs == who.size:
                        who, whom, took = grown(who), grown(whom), grown(took)
                    who[n_pairs], whom[n_pairs], took[n_pairs] = facility, home, seconds
                    n_pairs += 1
        for junction in reached[:n_reached]:
            cost[junction] = np.inf
    return who[:n_pairs], whom[:n_pairs], took[:n_pairs]
