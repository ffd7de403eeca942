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
    Roll = tuple[NDArray[np.int32], NDArray[np.int32]]

__all__ = ["direct_seconds", "grown", "reach_pairs", "spread", "touched_chains"]


@kernel
def grown(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy with twice the room."""
    larger = np.empty(array.size * 2, dtype=array.dtype)
    larger[: array.size] = array
    return larger


@kernel
def spread(  # noqa: C901  # one hot loop: splitting it would cost calls per arc
    graph: Graph,
    seeds: tuple[int, float, int, float],
    limit: float,
    cost: NDArray[np.float64],
    work: tuple[NDArray[np.int32], NDArray[np.int32], float],
) -> int:
    """Fill ``cost`` for all junctions within ``limit`` seconds of the seeds.

    ``cost`` must be ``inf`` everywhere and ``work`` is (room for reached junctions, bucket heads
    all -1, bucket width). Returns how many junctions were reached; they stand first in the room,
    and the caller sets their cost back to ``inf``.
    """
    indptr, head, seconds, _ = graph
    reached, first, width = work
    key = np.empty(256, dtype=np.float64)
    node = np.empty(256, dtype=np.int32)
    after = np.empty(256, dtype=np.int32)
    n_reached, n_entries, top = 0, 0, -1
    bucket = first.size
    for junction, start in ((seeds[0], seeds[1]), (seeds[2], seeds[3])):
        if start <= limit and start < cost[junction]:
            if cost[junction] == np.inf:
                reached[n_reached] = junction
                n_reached += 1
            cost[junction] = start
            slot = int(start / width)
            key[n_entries], node[n_entries], after[n_entries] = start, junction, first[slot]
            first[slot] = n_entries
            n_entries += 1
            top, bucket = max(top, slot), min(bucket, slot)
    while bucket <= top:
        entry = first[bucket]
        if entry < 0:
            bucket += 1
            continue
        first[bucket] = after[entry]
        here, junction = key[entry], node[entry]
        if here > cost[junction]:
            continue
        for arc in range(indptr[junction], indptr[junction + 1]):
            there = here + seconds[arc]
            other = head[arc]
            if there < cost[other] and there <= limit:
                if cost[other] == np.inf:
                    reached[n_reached] = other
                    n_reached += 1
                cost[other] = there
                if n_entries == key.size:
                    key, node, after = grown(key), grown(node), grown(after)
                slot = int(there / width)
                key[n_entries], node[n_entries], after[n_entries] = there, other, first[slot]
                first[slot] = n_entries
                n_entries += 1
                top = max(top, slot)
    return n_reached


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
    reached = np.empty(n_junctions, dtype=np.int32)
    first = np.full(int(limit / width) + 2, -1, dtype=np.int32)
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
        n_reached = spread(graph, seeds, limit, cost, (reached, first, width))
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
