"""Compiled search for the nearest and the second nearest facility of every place, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.compiled import kernel
from carecircle.roads.search import direct_seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.roads.search import Graph, Roll

    Labels = tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]

__all__ = ["label_junctions", "pick_two"]


@kernel
def _before(key: NDArray[np.float64], who: NDArray[np.int32], left: int, right: int) -> bool:
    return key[left] < key[right] or (key[left] == key[right] and who[left] < who[right])


@kernel
def _push(
    heap: NDArray[np.int32], size: int, key: NDArray[np.float64], who: NDArray[np.int32], entry: int
) -> None:
    hole = size
    while hole > 0:
        parent = (hole - 1) // 4
        if not _before(key, who, entry, heap[parent]):
            break
        heap[hole] = heap[parent]
        hole = parent
    heap[hole] = entry


@kernel
def _pop(
    heap: NDArray[np.int32], size: int, key: NDArray[np.float64], who: NDArray[np.int32]
) -> int:
    top = heap[0]
    entry = heap[size - 1]
    hole = 0
    while True:
        child = hole * 4 + 1
        if child >= size - 1:
            break
        least = child
        for other in range(child + 1, min(child + 4, size - 1)):
            if _before(key, who, heap[other], heap[least]):
                least = other
        if not _before(key, who, heap[least], entry):
            break
        heap[hole] = heap[least]
        hole = least
    heap[hole] = entry
    return top


@kernel
def label_junctions(
    graph: Graph,
    arc_metres: NDArray[np.float64],
    seeds: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]],
    limit: float,
) -> Labels:
    """Return for every junction the two nearest different facilities: seconds, facility, metres.

    ``seeds`` is (junction, seconds, facility, metres). Equal seconds go to the lower facility
    number. Missing labels have ``inf`` seconds and facility -1.
    """
    indptr, head, seconds, _ = graph
    n = indptr.size - 1
    cost = np.full((n, 2), np.inf)
    nearest = np.full((n, 2), -1, dtype=np.int32)
    metres = np.full((n, 2), np.inf)
    room = seeds[0].size + 2 * head.size + 1
    key = np.empty(room, dtype=np.float64)
    node = np.empty(room, dtype=np.int32)
    who = np.empty(room, dtype=np.int32)
    far = np.empty(room, dtype=np.float64)
    heap = np.empty(room, dtype=np.int32)
    n_entries, size = 0, 0
    for seed in range(seeds[0].size):
        if seeds[1][seed] <= limit:
            key[n_entries], node[n_entries] = seeds[1][seed], seeds[0][seed]
            who[n_entries], far[n_entries] = seeds[2][seed], seeds[3][seed]
            _push(heap, size, key, who, n_entries)
            n_entries, size = n_entries + 1, size + 1
    while size > 0:
        entry = _pop(heap, size, key, who)
        size -= 1
        junction, facility = node[entry], who[entry]
        rank = 0 if nearest[junction, 0] < 0 else 1
        if nearest[junction, 1] >= 0 or nearest[junction, 0] == facility:
            continue
        cost[junction, rank], nearest[junction, rank] = key[entry], facility
        metres[junction, rank] = far[entry]
        for arc in range(indptr[junction], indptr[junction + 1]):
            other = head[arc]
            there = key[entry] + seconds[arc]
            if nearest[other, 1] >= 0 or nearest[other, 0] == facility or not there <= limit:
                continue
            key[n_entries], node[n_entries], who[n_entries] = there, other, facility
            far[n_entries] = far[entry] + arc_metres[arc]
            _push(heap, size, key, who, n_entries)
            n_entries, size = n_entries + 1, size + 1
    return cost, nearest, metres


@kernel
def _offer(
    best: tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]],
    seconds: float,
    facility: int,
    metres: float,
) -> None:
    """Keep the two best different facilities of one place, ties to the lower number."""
    cost, who, far = best
    if facility < 0 or seconds == np.inf:
        return
    first = seconds < cost[0] or (seconds == cost[0] and facility < who[0])
    if facility == who[0]:
        if seconds < cost[0]:
            cost[0], far[0] = seconds, metres
    elif first:
        cost[1], who[1], far[1] = cost[0], who[0], far[0]
        cost[0], who[0], far[0] = seconds, facility, metres
    elif seconds < cost[1] or (seconds == cost[1] and facility < who[1]):
        cost[1], who[1], far[1] = seconds, facility, metres


@kernel
def pick_two(
    chains: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]],
    labels: Labels,
    homes: tuple[NDArray[np.int32], NDArray[np.float64]],
    facilities: tuple[NDArray[np.int32], NDArray[np.float64]],
    roll: Roll,
    towards: int,
) -> Labels:
    """Return for every home its two nearest facilities: seconds, facility (-1 none), metres.

    Place tables as in :func:`carecircle.roads.search.reach_pairs`, with the access leg in metres as
    a seventh column; ``roll`` lists *facilities* by chain.
    """
    ends, chain_seconds, chain_metres = chains
    n = homes[0].size
    cost = np.full((n, 2), np.inf)
    who = np.full((n, 2), -1, dtype=np.int32)
    far = np.full((n, 2), np.inf)
    for home in range(n):
        chain = homes[0][home]
        if chain < 0:
            continue
        here = homes[1][home]
        best = (cost[home], who[home], far[home])
        for rank in range(2):
            start, end = ends[chain, 0], ends[chain, 1]
            _offer(best, labels[0][start, rank] + here[3], labels[1][start, rank],
                   labels[2][start, rank] + here[0])  # fmt: skip
            _offer(best, labels[0][end, rank] + here[4], labels[1][end, rank],
                   labels[2][end, rank] + chain_metres[chain] - here[0])  # fmt: skip
        for slot in range(roll[0][chain], roll[0][chain + 1]):
            facility = roll[1][slot]
            there = facilities[1][facility]
            a, b = (here, there) if towards == 1 else (there, here)
            along = direct_seconds(
                (a[0], a[1], a[2]), (b[0], b[1], b[2]),
                chain_seconds[chain, 0] < np.inf, chain_seconds[chain, 1] < np.inf,
            )  # fmt: skip
            _offer(best, along + there[5], facility, abs(here[0] - there[0]) + there[6])
        for rank in range(2):
            cost[home, rank] += here[5]
            far[home, rank] += here[6]
    return cost, who, far
