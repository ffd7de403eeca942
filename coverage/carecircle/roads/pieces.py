"""Compiled: the exact parts of road reached from each facility, with seconds at both ends.

Along a piece, the seconds to a facility are the lesser of two straight lines: leaving by its left
end, or by its right. Each reached part is cut where the limit runs out and where the two ways meet,
so that seconds run straight over every part returned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.compiled import kernel
from carecircle.roads.search import grown, new_frontier, spread, touched_chains

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from carecircle.roads.search import Graph

__all__ = ["reached_parts"]


@kernel
def _parts_of(
    span: tuple[float, float], left: float, right: float, slopes: tuple[float, float], limit: float
) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
    """Return both reached parts of a span as (from, to, seconds at from, at to); to <= from: none.

    ``left`` and ``right`` are seconds at the span's ends, ``slopes`` seconds per unit of the span's
    measure when leaving by the left and by the right.
    """
    start, end = span
    size = end - start
    # where both ways take equally long; one way closed: the other serves the whole span
    if left == np.inf:
        meet = start
    elif right == np.inf:
        meet = end
    elif slopes[0] + slopes[1] > 0:
        meet = start + (right + slopes[1] * size - left) / (slopes[0] + slopes[1])
        meet = min(max(meet, start), end)
    else:
        meet = end
    a_end, b_start = start - 1.0, end + 1.0
    if left <= limit and meet >= start:
        a_end = meet if slopes[0] == 0 else min(meet, start + (limit - left) / slopes[0])
    if right <= limit and meet <= end:
        b_start = meet if slopes[1] == 0 else max(meet, end - (limit - right) / slopes[1])
    return (
        (start, a_end, left, left + slopes[0] * (a_end - start)),
        (b_start, end, right + slopes[1] * (end - b_start), right),
    )


@kernel
def _spans_of(
    spans: NDArray[np.float64],
    before: tuple[float, float],
    seconds: tuple[float, float],
    ends: tuple[float, float, float],
) -> int:
    """Fill the one span of a piece: (from, to, seconds leaving left at from, right at to)."""
    at_start, at_end, whole = ends
    spans[0, 0], spans[0, 1] = 0.0, 1.0
    spans[0, 2] = np.inf if at_start == np.inf else at_start + before[0]
    spans[0, 3] = np.inf if at_end == np.inf else at_end + whole - before[1] - seconds[1]
    return 1


@kernel
def _split_at_facility(
    spans: NDArray[np.float64],
    at: float,
    before: tuple[float, float],
    seconds: tuple[float, float],
    facility: tuple[float, float, float],
    is_open: tuple[bool, bool],
) -> int:
    """Split the span where the facility stands: on its left the right way ends there, and back."""
    spans[1, 0], spans[1, 1] = at, 1.0
    spans[1, 3] = spans[0, 3]
    spans[0, 1] = at
    spans[0, 3] = np.inf
    if is_open[1]:
        spans[0, 3] = facility[2] + max(0.0, facility[1] - before[1] - at * seconds[1])
    spans[1, 2] = np.inf
    if is_open[0]:
        spans[1, 2] = facility[2] + max(0.0, before[0] + at * seconds[0] - facility[0])
    return 2


@kernel
def reached_parts(  # noqa: C901  # one loop over facilities, chains and pieces that share scratch
    graph: Graph,
    chains: tuple[Any, ...],
    pieces: tuple[Any, ...],
    facilities: tuple[NDArray[np.int32], NDArray[np.float64]],
    terms: tuple[float, float, int],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Return facility, piece and four columns (from, to, seconds at from, seconds at to) per part.

    ``chains`` is (ends, seconds, order, first); ``pieces`` is (before, seconds along the chain,
    metres, metres before), both seconds with and against the chain; measures are shares of the
    piece along its chain; ``terms`` as in :func:`carecircle.roads.search.reach_pairs`.
    """
    ends, chain_seconds, order, first = chains
    before, seconds, metres, before_m = pieces
    limit, width, towards = terms
    n_junctions = graph[0].size - 1
    cost = np.full(n_junctions, np.inf)
    frontier = new_frontier(n_junctions, limit, width)
    room = frontier[0]
    stamp = np.full(ends.shape[0], -1, dtype=np.int32)
    touched = np.empty(ends.shape[0], dtype=np.int32)
    who = np.empty(4096, dtype=np.int32)
    what = np.empty(4096, dtype=np.int32)
    values = np.empty(4 * 4096, dtype=np.float64)
    n_parts = 0
    # a trip to the facility leaves by the left end against the chain, by the right end with it
    out_left = 1 if towards == 1 else 0
    out_right = 1 - out_left
    spans = np.empty((2, 4))
    for facility in range(facilities[0].size):
        own = facilities[0][facility]
        if own < 0:
            continue
        here = facilities[1][facility]
        seeds = (ends[own, 0], here[3] + here[5], ends[own, 1], here[4] + here[5])
        n_reached = spread(graph, seeds, limit, cost, frontier)
        n_touched = touched_chains(graph, room[:n_reached], own, stamp, facility, touched)
        for chain in touched[:n_touched]:
            left_open = chain_seconds[chain, out_left] < np.inf
            right_open = chain_seconds[chain, out_right] < np.inf
            at_start = cost[ends[chain, 0]] if left_open else np.inf
            at_end = cost[ends[chain, 1]] if right_open else np.inf
            for slot in range(first[chain], first[chain + 1]):
                piece = order[slot]
                n_spans = _spans_of(
                    spans,
                    (before[piece, out_left], before[piece, out_right]),
                    (seconds[piece, out_left], seconds[piece, out_right]),
                    (at_start, at_end, chain_seconds[chain, out_right]),
                )
                if chain == own:
                    at = 0.0
                    if metres[piece] > 0:
                        at = min(max((here[0] - before_m[piece]) / metres[piece], 0.0), 1.0)
                    n_spans = _split_at_facility(
                        spans,
                        at,
                        (before[piece, out_left], before[piece, out_right]),
                        (seconds[piece, out_left], seconds[piece, out_right]),
                        (here[1 + out_left], here[1 + out_right], here[5]),
                        (left_open, right_open),
                    )
                slopes = (
                    seconds[piece, out_left] if left_open else 0.0,
                    seconds[piece, out_right] if right_open else 0.0,
                )
                for row in range(n_spans):
                    start, end = spans[row, 0], spans[row, 1]
                    for part in _parts_of(
                        (start, end), spans[row, 2], spans[row, 3], slopes, limit
                    ):
                        if part[1] <= part[0]:
                            continue
                        if n_parts == who.size:
                            who, what, values = grown(who), grown(what), grown(values)
                        who[n_parts], what[n_parts] = facility, piece
                        values[4 * n_parts] = part[0]
                        values[4 * n_parts + 1] = part[1]
                        values[4 * n_parts + 2] = part[2]
                        values[4 * n_parts + 3] = part[3]
                        n_parts += 1
        for junction in room[:n_reached]:
            cost[junction] = np.inf
    return who[:n_parts], what[:n_parts], values[: 4 * n_parts].reshape(-1, 4)
