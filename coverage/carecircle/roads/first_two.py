"""Compiled search for the nearest and the second nearest facility of every place, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.compiled import kernel
from carecircle.roads.search import direct_seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.roads.search import Graph, Roll

    Best = tuple[float, int, float, float, int, float]
    Heap = tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]
    Labels = tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]

__all__ = ["label_junctions", "pick_two"]


@kernel
def _before(key: float, who: int, other_key: float, other: int) -> bool:
    return key < other_key or (key == other_key and who < other)


@kernel
def _push(heap: Heap, size: int, key: float, who: int, entry: int) -> None:
    # the keys stand in the heap itself: comparing reads neighbours, not entries far away
    keys, owners, entries = heap
    hole = size
    while hole > 0:
        parent = (hole - 1) // 4
        if not _before(key, who, keys[parent], owners[parent]):
            break
        keys[hole], owners[hole] = keys[parent], owners[parent]
        entries[hole] = entries[parent]
        hole = parent
    keys[hole], owners[hole], entries[hole] = key, who, entry


@kernel
def _drop_first(heap: Heap, size: int) -> None:
    keys, owners, entries = heap
    last = size - 1
    key, who = keys[last], owners[last]
    hole = 0
    while True:
        least = hole * 4 + 1
        if least >= last:
            break
        for other in range(least + 1, min(hole * 4 + 5, last)):
            if _before(keys[other], owners[other], keys[least], owners[least]):
                least = other
        if not _before(keys[least], owners[least], key, who):
            break
        keys[hole], owners[hole] = keys[least], owners[least]
        entries[hole] = entries[least]
        hole = least
    keys[hole], owners[hole], entries[hole] = key, who, entries[last]


@kernel
def _claim(labels: Labels, junction: int, seconds: float, facility: int, far: float) -> bool:
    """Give a junction a label if it is one of its two best so far; return whether it was taken.

    What is turned away here never enters the heap, which halves its traffic.
    """
    cost, nearest, metres = labels
    rank = 0
    if facility == nearest[junction, 0]:
        if seconds >= cost[junction, 0]:
            return False
    elif _before(seconds, facility, cost[junction, 0], nearest[junction, 0]):
        cost[junction, 1], nearest[junction, 1] = cost[junction, 0], nearest[junction, 0]
        metres[junction, 1] = metres[junction, 0]
    elif _before(seconds, facility, cost[junction, 1], nearest[junction, 1]):
        rank = 1
    else:
        return False
    cost[junction, rank], nearest[junction, rank] = seconds, facility
    metres[junction, rank] = far
    return True


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
    labels = (np.full((n, 2), np.inf), np.full((n, 2), -1, dtype=np.int32), np.full((n, 2), np.inf))
    cost, nearest, metres = labels
    room = seeds[0].size + 2 * head.size + 1
    heap = (
        np.empty(room, dtype=np.float64),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int32),
    )
    size = 0
    for seed in range(seeds[0].size):
        start, facility = seeds[1][seed], seeds[2][seed]
        if start <= limit and _claim(labels, seeds[0][seed], start, facility, seeds[3][seed]):
            _push(heap, size, start, facility, seeds[0][seed])
            size += 1
    while size > 0:
        here, facility, junction = heap[0][0], heap[1][0], heap[2][0]
        _drop_first(heap, size)
        size -= 1
        rank = 0 if nearest[junction, 0] == facility else 1
        if nearest[junction, rank] != facility or cost[junction, rank] != here:
            continue  # two better labels have come since
        for arc in range(indptr[junction], indptr[junction + 1]):
            there = here + seconds[arc]
            far = metres[junction, rank] + arc_metres[arc]
            if there <= limit and _claim(labels, head[arc], there, facility, far):
                _push(heap, size, there, facility, head[arc])
                size += 1
    return labels


@kernel
def _offered(best: Best, seconds: float, facility: int, metres: float) -> Best:
    """Return the two best different facilities of one place, ties to the lower number."""
    cost, who, far, second_cost, second, second_far = best
    if facility < 0 or seconds == np.inf:
        return best
    if facility == who:
        if seconds < cost:
            return (seconds, who, metres, second_cost, second, second_far)
    elif seconds < cost or (seconds == cost and facility < who):
        return (seconds, facility, metres, cost, who, far)
    elif seconds < second_cost or (seconds == second_cost and facility < second):
        return (cost, who, far, seconds, facility, metres)
    return best


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
        best = (np.inf, -1, np.inf, np.inf, -1, np.inf)
        start, end = ends[chain, 0], ends[chain, 1]
        for rank in range(2):
            best = _offered(best, labels[0][start, rank] + here[3], labels[1][start, rank],
                            labels[2][start, rank] + here[0])  # fmt: skip
            best = _offered(best, labels[0][end, rank] + here[4], labels[1][end, rank],
                            labels[2][end, rank] + chain_metres[chain] - here[0])  # fmt: skip
        for slot in range(roll[0][chain], roll[0][chain + 1]):
            facility = roll[1][slot]
            there = facilities[1][facility]
            a, b = (here, there) if towards == 1 else (there, here)
            along = direct_seconds(
                (a[0], a[1], a[2]), (b[0], b[1], b[2]),
                chain_seconds[chain, 0] < np.inf, chain_seconds[chain, 1] < np.inf,
            )  # fmt: skip
            best = _offered(best, along + there[5], facility, abs(here[0] - there[0]) + there[6])
        cost[home, 0], who[home, 0], far[home, 0] = best[0] + here[5], best[1], best[2] + here[6]
        cost[home, 1], who[home, 1], far[home, 1] = best[3] + here[5], best[4], best[5] + here[6]
    return cost, who, far
