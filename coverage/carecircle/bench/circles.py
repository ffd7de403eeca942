"""Case ``circles``: three service circles per facility, against the osmnx example notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.analysis.circles import service_circles
from carecircle.bench.results import CaseResult, faster
from carecircle.bench.timing import best_of
from carecircle.bench.wuhan import as_osmnx, facilities_on
from carecircle.roads.positions import locate
from carecircle.roads.reached import reached_roads

if TYPE_CHECKING:
    import geopandas as gpd

    from carecircle.roads.network import RoadNetwork

__all__ = ["notebook_circles", "run_circles"]

_CASE = "circles"
_RINGS_M = (1_000 / 3, 2_000 / 3, 1_000.0)
_EDGE_BUFFER_M, _NODE_BUFFER_M = 25, 50  # the notebook's own


def run_circles(
    network: RoadNetwork, *, n_facilities: int = 300, n_slow: int = 20, repeats: int = 3
) -> list[CaseResult]:
    """Compare circles to a third, two thirds and the whole of 1,000 m for each facility.

    Ours is the whole way from points: positions, exact reached road pieces, polygons. The
    notebook's is ``make_iso_polys`` of osmnx example 13 from the nearest nodes, already found.
    """
    import osmnx

    facilities = facilities_on(network, n_facilities)
    graph = as_osmnx(network, ((0, 1), (1, 0)))
    few = facilities.geometry.iloc[:n_slow]
    nodes = osmnx.nearest_nodes(graph, few.x.to_numpy(), few.y.to_numpy())
    minutes = [metres / network.profile.metres(1.0) for metres in _RINGS_M]

    def ours() -> gpd.GeoDataFrame:
        reached = reached_roads(
            network, facilities, locate(network, facilities), max_minutes=minutes[-1]
        )
        return service_circles(reached, minutes=minutes)

    drawn = ours()
    mine, theirs = best_of(
        [ours, lambda: [notebook_circles(graph, node) for node in nodes]], repeats=repeats
    )
    return [
        faster(
            _CASE, f"{n_facilities} facilities, {len(_RINGS_M)} circles each to 1,000 m",
            (mine, theirs * n_facilities / len(nodes)), at_least=15,
            peer="osmnx notebook 13 (ego_graph, buffers, union)",
            sizes=f"{len(drawn):,} polygons",
            note=f"notebook: {len(nodes)} facilities measured, {theirs / len(nodes) * 1000:.0f} ms"
            f" each, ours {mine / n_facilities * 1000:.1f} ms each",
        )
    ]  # fmt: skip


def notebook_circles(graph: Any, center: Any) -> list[Any]:
    """Draw the circles of one node as osmnx-examples notebook 13 (isolines) does."""
    import geopandas as gpd
    import networkx as nx
    from shapely import LineString, Point, Polygon

    polygons = []
    for radius in np.sort(_RINGS_M)[::-1]:
        subgraph = nx.ego_graph(graph, center, radius=radius, distance="length")
        points = [Point((data["x"], data["y"])) for _, data in subgraph.nodes(data=True)]
        nodes = gpd.GeoDataFrame({"id": list(subgraph.nodes)}, geometry=points).set_index("id")
        lines = []
        for start, end in subgraph.edges():
            tips = [nodes.loc[start].geometry, nodes.loc[end].geometry]
            edge = graph.get_edge_data(start, end)[0]
            lines.append(edge.get("geometry", LineString(tips)))
        around_nodes = nodes.buffer(_NODE_BUFFER_M).geometry
        around_edges = gpd.GeoSeries(lines).buffer(_EDGE_BUFFER_M).geometry
        union = gpd.GeoSeries([*around_nodes, *around_edges]).union_all()
        whole = union if union.geom_type == "Polygon" else max(union.geoms, key=lambda g: g.area)
        polygons.append(Polygon(whole.exterior))
    return polygons
