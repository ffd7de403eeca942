"""Compiled loops of the benchmark: our search carried through to every node, and its touch bound.

A search proper ends at the junctions and knows the minutes of a home by its chain. Libraries that
search node by node answer with every node, so here ours does too: the same nodes, the same seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.roads.compiled import kernel
from carecircle.roads.search import new_frontier, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.roads.search import Graph

    Seats = tuple[NDArray[np.int32], NDArray[np.float64]]
    Inside = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.bool_]]
    Reached = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]

__all__ = ["junction_searches", "node_searches", "touch"]


@kernel
def node_searches(
    graph: Graph,
    chains: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]],
    inside: Inside,
    sources: Seats,
    terms: tuple[float, float, int],
) -> Reached:
    """Return all nodes within the limit of each source: where each starts, node, seconds.

    Without ``keep`` every search hands its nodes over in the same scratch, as our own searches do,
    and only those of the last are returned.

    For roads open both ways. ``chains`` is (ends, seconds, node of each junction); ``inside`` lists
    the nodes within each chain (indptr, node, seconds from its start) and which arcs run with their
    chain; ``sources`` is (chain, seconds from its start); ``terms`` is (limit, bucket width, 1 to
    keep all).
    """
    ends, whole, node_of = chains
    limit, width, keep = terms
    n_nodes = node_of.size + inside[1].size
    cost = np.full(node_of.size, np.inf)
    frontier = new_frontier(node_of.size, limit, width)
    room = frontier[0]
    starts = np.zeros(sources[0].size + 1, dtype=np.int64)
    node = np.empty(2 * n_nodes, dtype=np.int32)
    seconds = np.empty(2 * n_nodes, dtype=np.float64)
    n_out = 0
    for turn in range(sources[0].size):
        own, at = sources[0][turn], sources[1][turn]
        seeds = (ends[own, 0], at, ends[own, 1], whole[own] - at)
        reached = room[: spread(graph, seeds, limit, cost, frontier)]
        if n_out + n_nodes > node.size:
            # room for all the searches to come, judged by those before
            size = n_nodes + max(2 * node.size, n_out // turn * (sources[0].size + 4))
            node, seconds = _moved(node, size), _moved(seconds, size)
        if keep == 0:
            n_out = 0
        starts[turn] = n_out
        n_out += _fill(
            graph, chains, inside, (own, at, limit), reached, cost, (node[n_out:], seconds[n_out:])
        )
    starts[-1] = n_out
    return starts, node[:n_out], seconds[:n_out]


@kernel
def junction_searches(
    graph: Graph,
    chains: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]],
    sources: Seats,
    terms: tuple[float, float],
) -> int:
    """Run the searches proper: junctions only, from which any place is one addition away."""
    ends, whole, node_of = chains
    limit, width = terms
    cost = np.full(node_of.size, np.inf)
    frontier = new_frontier(node_of.size, limit, width)
    n_reached = 0
    for turn in range(sources[0].size):
        own, at = sources[0][turn], sources[1][turn]
        seeds = (ends[own, 0], at, ends[own, 1], whole[own] - at)
        reached = frontier[0][: spread(graph, seeds, limit, cost, frontier)]
        for junction in reached:
            cost[junction] = np.inf
        n_reached += reached.size
    return n_reached


@kernel
def _moved(array: NDArray[Any], size: int) -> NDArray[Any]:
    larger = np.empty(size, dtype=array.dtype)
    larger[: array.size] = array
    return larger


@kernel
def _fill(  # noqa: PLR0917  # kernels take flat arguments: packing them costs time
    graph: Graph,
    chains: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]],
    inside: Inside,
    source: tuple[int, float, float],
    reached: NDArray[np.int32],
    cost: NDArray[np.float64],
    out: tuple[NDArray[np.int32], NDArray[np.float64]],
) -> int:
    """Write reached junctions and the nodes inside their chains; set the costs back."""
    indptr, head, _, chain_of = graph
    ends, whole, node_of = chains
    first, nodes, before, runs_with = inside
    own, at, limit = source
    node, seconds = out
    n = 0
    from_start, from_end = cost[ends[own, 0]], cost[ends[own, 1]] + whole[own]
    for slot in range(first[own], first[own + 1]):
        # on the source's own chain the way along the chain counts too
        least = min(from_start + before[slot], from_end - before[slot], abs(before[slot] - at))
        if least <= limit:
            node[n], seconds[n] = nodes[slot], least
            n += 1
    for junction in reached:
        here = cost[junction]
        node[n], seconds[n] = node_of[junction], here
        n += 1
        for arc in range(indptr[junction], indptr[junction + 1]):
            chain = chain_of[arc]
            there = cost[head[arc]]
            # seen from both ends, a chain is filled once: from its start
            if chain == own or not (runs_with[arc] or there == np.inf):
                continue
            from_start, from_end = (here, there) if runs_with[arc] else (there, here)
            from_end += whole[chain]
            for slot in range(first[chain], first[chain + 1]):
                least = min(from_start + before[slot], from_end - before[slot])
                if least <= limit:
                    node[n], seconds[n] = nodes[slot], least
                    n += 1
    for junction in reached:
        cost[junction] = np.inf
    return n


@kernel
def touch(
    graph: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    starts: NDArray[np.int64],
    node: NDArray[np.int32],
    seconds: NDArray[np.float64],
    cost: NDArray[np.float64],
) -> int:
    """Read every arc of every reached node in the given order, without a queue.

    ``graph`` is (indptr, head, seconds) over nodes; ``cost`` is ``inf`` everywhere, takes the
    seconds of each node as it is visited, and is set back. Returns how many arcs improved nothing.
    """
    indptr, head, weight = graph
    idle = 0
    for turn in range(starts.size - 1):
        for slot in range(starts[turn], starts[turn + 1]):
            here = seconds[slot]
            cost[node[slot]] = here
            for arc in range(indptr[node[slot]], indptr[node[slot] + 1]):
                idle += cost[head[arc]] <= here + weight[arc]
        for slot in range(starts[turn], starts[turn + 1]):
            cost[node[slot]] = np.inf
    return idle
