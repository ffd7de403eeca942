"""The Wuhan streets as the benchmark uses them: all open, both ways, a metre a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.lines import node_lines
from carecircle.roads.network import RoadNetwork
from carecircle.roads.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import networkx as nx
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = [
    "FILE",
    "SEED",
    "NodeGraph",
    "as_osmnx",
    "example",
    "facilities_on",
    "homes_on",
    "load_network",
    "node_graph",
]

FILE = "roads/wuhan_drive.parquet"
# a study with places drawn along these streets; only a checkout has it
_EXAMPLE = Path(__file__).parents[3] / "examples" / "wuhan"
SEED = 2025


@dataclass(frozen=True, eq=False)
class NodeGraph:
    """The network node by node, as other libraries search it, nodes numbered along a Hilbert curve.

    Attributes
    ----------
    matrix
        Seconds between neighbouring nodes; of parallel pieces the quickest.
    number
        Number in ``matrix`` of each node of the network.
    """

    matrix: csr_array
    number: NDArray[np.int64]


def example() -> Path:
    """Return the folder of the Wuhan example.

    Raises
    ------
    InputError
        If its places are not drawn yet.
    """
    if not (_EXAMPLE / "build").is_dir():
        msg = "no places drawn; run examples/wuhan/make_places.py in a checkout first"
        raise InputError(msg)
    return _EXAMPLE


def load_network(data: Path) -> RoadNetwork:
    """Read the Wuhan line layer and build its network at 1 m/s, so that seconds are metres."""
    lines = gpd.read_parquet(data / FILE)[["u", "v", "geometry"]]
    roads = node_lines(lines, log=IssueLog()).assign(highway="residential")
    return RoadNetwork.from_roads(roads, PROFILES["elder_default"])


def node_graph(network: RoadNetwork) -> NodeGraph:
    """Return the network as a symmetric matrix over its nodes."""
    from scipy.sparse import csr_array

    points = gpd.GeoSeries(shapely.points(network.node_xy))
    near_first = np.argsort(points.hilbert_distance(level=16).to_numpy(), kind="stable")
    number = np.empty(len(near_first), dtype=np.int64)
    number[near_first] = np.arange(len(near_first))
    u, v = number[network.ends].T
    seconds = network.seconds[:, 0]
    tail, head, cost = np.r_[u, v], np.r_[v, u], np.r_[seconds, seconds]
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    # a loop shortens no way, and of parallel pieces only the first, the quickest, ever counts
    keep = (tail != head) & np.r_[True, (np.diff(tail) != 0) | (np.diff(head) != 0)]
    n = len(near_first)
    return NodeGraph(csr_array((cost[keep], (tail[keep], head[keep])), shape=(n, n)), number)


def as_osmnx(network: RoadNetwork, sides: Sequence[tuple[int, int]]) -> nx.MultiDiGraph[int]:
    """Return the network as osmnx keeps one.

    ``sides`` says which end of a piece an edge starts and ends at: ``((0, 1),)`` gives one edge per
    piece, ``((0, 1), (1, 0))`` both directions.
    """
    import networkx as nx

    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs=network.crs)
    x, y = network.node_xy.T.tolist()
    graph.add_nodes_from((node, {"x": x[node], "y": y[node]}) for node in range(len(x)))
    lines, metres = network.roads.geometry.to_numpy(), network.length_m.tolist()
    for tail, head in sides:
        ends = network.ends[:, [tail, head]].tolist()
        graph.add_edges_from(
            (u, v, {"length": length, "geometry": line})
            for (u, v), length, line in zip(ends, metres, lines, strict=True)
        )
    return graph


def facilities_on(network: RoadNetwork, n: int) -> gpd.GeoDataFrame:
    """Draw ``n`` facilities a few metres beside the streets; the seed is fixed."""
    return _beside(network, n, np.random.default_rng(SEED), "facility_id")


def homes_on(network: RoadNetwork, n: int) -> gpd.GeoDataFrame:
    """Draw ``n`` homes up to about 60 m beside the streets; the seed is fixed."""
    return _beside(network, n, np.random.default_rng(SEED + 1), "home_id")


def _beside(network: RoadNetwork, n: int, rng: np.random.Generator, name: str) -> gpd.GeoDataFrame:
    length = network.length_m
    piece = rng.choice(len(length), size=n, p=length / length.sum())
    on_road = shapely.line_interpolate_point(
        network.roads.geometry.to_numpy()[piece], rng.random(n) * length[piece]
    )
    away = rng.uniform(0.0, 60.0, n)
    turn = rng.uniform(0.0, 2 * np.pi, n)
    xy = shapely.get_coordinates(on_road) + np.column_stack(
        [away * np.cos(turn), away * np.sin(turn)]
    )
    places = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=network.crs)
    places.index = [f"{number:06d}" for number in range(n)]
    return places.rename_axis(index=name)
