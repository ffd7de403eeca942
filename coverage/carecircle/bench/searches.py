"""Case ``searches``: bounded searches and nearest facilities, against SciPy and networkx."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.bench.results import CaseResult, faster, within
from carecircle.bench.timing import best_of
from carecircle.bench.wuhan import SEED, node_graph
from carecircle.roads.places import Places, pack_places
from carecircle.roads.terms import bucket_seconds, in_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carecircle.bench.kernels import Inside, Reached
    from carecircle.bench.wuhan import NodeGraph
    from carecircle.roads.network import RoadNetwork

__all__ = ["SearchSizes", "run_searches"]

_CASE = "searches"
_EQUAL_S = 1e-6
_TARGETS = {1_000.0: (100.0, 50.0)}  # limit in metres: times faster than SciPy and networkx


@dataclass(frozen=True)
class SearchSizes:
    """How much work the case is.

    Parameters
    ----------
    n_sources
        Searches, from nodes drawn with a fixed seed.
    limits_m
        How far they go.
    n_slow
        Searches given to networkx; its time is scaled to ``n_sources``.
    repeats
        Runs at the first limit, of which the best counts; fewer at longer limits.
    """

    n_sources: int = 300
    limits_m: tuple[float, ...] = (1_000.0, 7_500.0, 30_000.0)
    n_slow: int = 30
    repeats: int = 25


class _Searches:
    """One network, ready to be searched by us and by each peer from the same nodes."""

    def __init__(self, network: RoadNetwork, sizes: SearchSizes) -> None:
        self.network, self.sizes = network, sizes
        self.nodes: NodeGraph = node_graph(network)
        n = len(network.node_xy)
        self.at = np.random.default_rng(SEED).choice(n, min(sizes.n_sources, n), replace=False)
        self.sources = self.nodes.number[self.at]
        self.places = _at_nodes(network, self.at)
        self.graph = network.chains.arcs(reverse=True)
        self.inside = _inside(network, self.nodes, self.graph)
        chains = network.chains
        node_of = np.empty(chains.n_junctions, dtype=np.int32)
        junctions = np.flatnonzero(chains.junction >= 0)
        node_of[chains.junction[junctions]] = self.nodes.number[junctions]
        self.chains = (chains.ends, np.ascontiguousarray(chains.seconds[:, 0]), node_of)
        self.widths = {limit: bucket_seconds(network, limit) for limit in sizes.limits_m}
        matrix = self.nodes.matrix
        self.arcs = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data)

    def ours(
        self, limit: float, rows: slice | NDArray[np.int64] = slice(None), *, keep: int = 0
    ) -> Reached:
        from carecircle.bench.kernels import node_searches

        sources = self.places.chain[rows], self.places.table[rows, 1]
        terms = limit, self.widths[limit], keep
        return node_searches(self.graph, self.chains, self.inside, sources, terms)

    def proper(self, limit: float) -> int:
        from carecircle.bench.kernels import junction_searches

        return junction_searches(
            self.graph, self.chains, (self.places.chain, self.places.table[:, 1]),
            (limit, self.widths[limit]),
        )  # fmt: skip

    def threaded(self, limit: float) -> list[NDArray[Any]]:
        return in_threads(lambda rows: self.ours(limit, rows)[1:], len(self.at))

    def scipy(self, limit: float) -> NDArray[np.float64]:
        from scipy.sparse.csgraph import dijkstra

        return dijkstra(self.nodes.matrix, indices=self.sources, limit=limit)

    def scipy_one(self) -> NDArray[np.float64]:
        from scipy.sparse.csgraph import dijkstra

        return dijkstra(self.nodes.matrix, indices=self.sources[:1], limit=1.0)

    def scipy_loop(self, limit: float) -> None:
        from scipy.sparse.csgraph import dijkstra

        for source in self.sources:
            dijkstra(self.nodes.matrix, indices=source, limit=limit)


def run_searches(network: RoadNetwork, sizes: SearchSizes | None = None) -> list[CaseResult]:
    """Compare bounded searches at each limit, then the nearest facility of every node.

    Parameters
    ----------
    network
        Open both ways everywhere, at 1 m/s so that seconds are metres.
    sizes
        How much work.
    """
    sizes = sizes or SearchSizes()
    searches = _Searches(network, sizes)
    graph = _as_networkx(searches)
    lines = [_one_call(searches, sizes.limits_m[0])]
    for rank, limit in enumerate(sizes.limits_m):
        lines += _at_limit(searches, graph, limit, max(2, sizes.repeats // 5**rank))
    return [*lines, _nearest(searches)]


def _one_call(searches: _Searches, limit: float) -> CaseResult:
    """Compare the very first calls: memory is fresh, as in a script that searches once."""
    kept = searches.ours(limit, keep=1), searches.scipy_one()  # compiled, imported, nothing freed
    ours, theirs = best_of([lambda: searches.ours(limit), lambda: searches.scipy(limit)], repeats=1)
    return faster(
        _CASE, f"{len(searches.at)} searches to {limit:,.0f} m, first call", (ours, theirs),
        at_least=_TARGETS.get(limit, (None, None))[0], peer="SciPy dijkstra(limit=)",
        sizes=f"{len(kept[0][1]):,} nodes reached, one core",
        note="fresh memory: SciPy fills a row of all nodes for each source",
    )  # fmt: skip


def _at_limit(searches: _Searches, graph: Any, limit: float, repeats: int) -> list[CaseResult]:
    what = f"{len(searches.at)} searches to {limit:,.0f} m"
    reached = searches.ours(limit, keep=1)
    same = _same(searches, limit, reached)
    touch = _touch(searches, reached)
    searches.proper(limit)  # compiled
    ours, bound, threads, proper = best_of(
        [
            lambda: searches.ours(limit),
            touch,
            lambda: searches.threaded(limit),
            lambda: searches.proper(limit),
        ],
        repeats=repeats,
    )
    few = 2 if limit == searches.sizes.limits_m[0] else 1
    slow, loop = best_of(
        [lambda: searches.scipy(limit), lambda: searches.scipy_loop(limit)], repeats=few
    )
    (slowest,) = best_of([lambda: _networkx(searches, graph, limit)], repeats=few)
    n_slow = min(searches.sizes.n_slow, len(searches.at))
    scipy_goal, networkx_goal = _TARGETS.get(limit, (None, None))
    size = f"{len(reached[1]):,} nodes reached, one core"
    return [
        same,
        faster(_CASE, what, (ours, slow), at_least=scipy_goal, peer="SciPy dijkstra(limit=)",
               sizes=size, note="each side's best of several calls; SciPy's memory is warm"),
        faster(_CASE, what, (ours, loop), at_least=None, peer="SciPy, source by source"),
        faster(_CASE, what, (ours, slowest * len(searches.at) / n_slow), at_least=networkx_goal,
               peer="networkx single_source_dijkstra",
               note=f"networkx: {n_slow} searches measured, time scaled to {len(searches.at)}"),
        faster(_CASE, f"{what}, junctions only", (proper, slow), at_least=scipy_goal,
               peer="SciPy dijkstra(limit=)",
               note="the search proper; any place is one addition away from its junctions"),
        faster(_CASE, f"{what}, junctions only", (proper, slowest * len(searches.at) / n_slow),
               at_least=networkx_goal, peer="networkx single_source_dijkstra"),
        within(_CASE, what, (ours, bound), at_most=3, peer="touch bound",
               note="the same arcs of the same nodes, no queue; one core each"),
        faster(_CASE, f"{what}, on {os.cpu_count()} cores", (threads, ours), at_least=None,
               peer="ours on one core"),
    ]  # fmt: skip


def _same(searches: _Searches, limit: float, reached: Reached) -> CaseResult:
    """Check that we reach the same nodes as SciPy, in the same time."""
    starts, node, seconds = reached
    mine = np.full((len(searches.at), len(searches.network.node_xy)), np.inf)
    mine[np.repeat(np.arange(len(searches.at)), np.diff(starts)), node] = seconds
    theirs = searches.scipy(limit)
    both = np.isfinite(mine)
    equal = bool((both == np.isfinite(theirs)).all()) and len(node) == both.sum()
    worst = float(np.abs(mine[both] - theirs[both]).max(initial=0.0)) if equal else np.inf
    return CaseResult(
        _CASE, f"{len(searches.at)} searches to {limit:,.0f} m: same nodes, same seconds",
        peer="SciPy dijkstra(limit=)", target=f"equal to {_EQUAL_S:g} s", met=worst <= _EQUAL_S,
        note=f"{len(node):,} nodes compared, largest difference {worst:g} s",
    )  # fmt: skip


def _touch(searches: _Searches, reached: Reached) -> Callable[[], object]:
    from carecircle.bench.kernels import touch

    starts, node, seconds = reached
    turn = np.repeat(np.arange(len(searches.at)), np.diff(starts))
    order = np.lexsort((seconds, turn))
    visits = (starts, node[order], seconds[order])
    cost = np.full(len(searches.network.node_xy), np.inf)
    touch(searches.arcs, *visits, cost)
    return lambda: touch(searches.arcs, *visits, cost)


def _as_networkx(searches: _Searches) -> Any:
    import networkx as nx

    # one entry per pair; the matrix names each pair twice
    return nx.from_scipy_sparse_array(searches.nodes.matrix, edge_attribute="seconds")


def _networkx(searches: _Searches, graph: Any, limit: float) -> None:
    import networkx as nx

    for source in searches.sources[: searches.sizes.n_slow].tolist():
        nx.single_source_dijkstra_path_length(graph, source, cutoff=limit, weight="seconds")


def _nearest(searches: _Searches) -> CaseResult:
    """Compare the nearest facility of every node; ours finds the second nearest too."""
    from scipy.sparse.csgraph import dijkstra

    from carecircle.roads.first_two import label_junctions, pick_two

    network, places = searches.network, searches.places
    chains = network.chains
    homes = _at_nodes(network, np.arange(len(network.node_xy)))
    arc_metres = chains.metres[searches.graph[3]]
    ends, table = chains.ends[places.chain], places.table
    who = np.arange(len(places.chain), dtype=np.int32)
    to_end = chains.metres[places.chain] - table[:, 0]
    seeds = (
        np.r_[ends[:, 0], ends[:, 1]], np.r_[table[:, 3], table[:, 4]], np.r_[who, who],
        np.r_[table[:, 0], to_end],
    )  # fmt: skip
    roll = places.by_chain(len(chains.ends))

    def ours() -> NDArray[np.float64]:
        labels = label_junctions(searches.graph, arc_metres, seeds, np.inf)
        return pick_two(
            (chains.ends, chains.seconds, chains.metres), labels, (homes.chain, homes.table),
            (places.chain, table), roll, 1,
        )[0]  # fmt: skip

    def theirs() -> NDArray[np.float64]:
        return dijkstra(searches.nodes.matrix, indices=searches.sources, min_only=True)

    found, expected = ours()[:, 0], theirs()[searches.nodes.number]
    same = np.allclose(found, expected, rtol=0.0, atol=_EQUAL_S)
    seconds = best_of([ours, theirs], repeats=max(2, searches.sizes.repeats // 3))
    return faster(
        _CASE, f"nearest of {len(searches.at)} facilities for every node", (seconds[0], seconds[1]),
        at_least=1, peer="SciPy dijkstra(min_only=True)", sizes=f"{len(found):,} nodes, one core",
        note=f"minutes {'equal' if same else 'NOT equal'}; ours also finds the second nearest",
    )  # fmt: skip


def _at_nodes(network: RoadNetwork, nodes: NDArray[np.int64]) -> Places:
    """Return places standing exactly on nodes."""
    n = len(network.node_xy)
    piece, fraction = np.empty(n, dtype=np.int64), np.empty(n)
    for side in (0, 1):
        piece[network.ends[:, side]] = np.arange(len(network.ends))
        fraction[network.ends[:, side]] = float(side)
    positions = pd.DataFrame({"piece": piece, "fraction": fraction, "access_m": 0.0})
    return pack_places(network, positions.iloc[nodes], leaving=True)


def _inside(network: RoadNetwork, nodes: NodeGraph, graph: Any) -> Inside:
    """Return the nodes inside each chain, their seconds from its start, and which arcs run with it.

    A chain is walked in the order of its pieces; the end of each but the last is a node inside.
    """
    chains = network.chains
    end = np.where(chains.flipped, network.ends[:, 0], network.ends[:, 1])[chains.order]
    own = np.where(chains.flipped, network.seconds[:, 1], network.seconds[:, 0])
    until = (chains.before[:, 0] + own)[chains.order]
    chain = np.repeat(np.arange(len(chains.ends)), np.diff(chains.first))
    inner = np.ones(len(chain), dtype=bool)
    inner[chains.first[1:] - 1] = False
    first = np.zeros(len(chains.ends) + 1, dtype=np.int32)
    np.cumsum(np.bincount(chain[inner], minlength=len(chains.ends)), out=first[1:])
    indptr, _, _, chain_of = graph
    tail = np.repeat(np.arange(chains.n_junctions), np.diff(indptr))
    runs_with = chains.ends[chain_of, 0] == tail
    # a chain that returns to its start has two arcs in one row: the second runs against it
    again = pd.Series(chain_of).duplicated().to_numpy() & (chains.ends[chain_of, 1] == tail)
    return first, nodes.number[end[inner]].astype(np.int32), until[inner], runs_with & ~again
