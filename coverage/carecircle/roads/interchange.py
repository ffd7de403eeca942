"""Give a road network to networkx, and so to osmnx and all that builds on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    import networkx as nx

    from carecircle.roads.network import RoadNetwork

__all__ = ["to_networkx"]

_OTHER_NAMES = {"oneway_foot": "oneway:foot", "oneway_bicycle": "oneway:bicycle"}
#: Said by the edges themselves, or only true in the network.
_LEFT_OUT = ("oneway", "u", "v", "u_blocks", "v_blocks", "geometry", "grade")


def to_networkx(network: RoadNetwork) -> nx.MultiDiGraph[int]:
    """Return the network as a directed graph with one edge per open direction of each piece.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes 0, 1, ... with ``x`` and ``y`` in metres. Edges with ``minutes`` (without the
        profile's access minutes), ``length`` and ``length_m`` in metres, ``road_id``, ``oneway``
        (only this direction is open), ``reversed`` (runs against the drawing), ``geometry`` along
        the edge, ``grade`` uphill positive, and the tags of the road. Graph attributes ``crs`` and
        ``profile``. :func:`carecircle.roads_from_graph` reads it back; traffic signals, gates and
        barriers are then in the minutes only.

    Examples
    --------
    >>> import geopandas as gpd, shapely, carecircle as cc
    >>> roads = gpd.GeoDataFrame(
    ...     {"highway": ["residential"], "u": [1], "v": [2]},
    ...     geometry=[shapely.LineString([(0, 0), (900, 0)])], crs="EPSG:4545")
    >>> graph = to_networkx(cc.RoadNetwork.from_roads(roads, cc.PROFILES["elder_default"]))
    >>> graph.edges[1, 0, 0]["minutes"]
    15.0
    """
    import networkx as nx

    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(
        crs=network.crs.to_string(), profile=network.profile.name
    )
    # a node that only closed pieces meet is left out: nobody gets there
    for node in np.unique(network.ends[np.isfinite(network.seconds).any(axis=1)]).tolist():
        x, y = network.node_xy[node].tolist()
        graph.add_node(node, x=x, y=y)
    tags = _tags(network)
    lines = network.roads.geometry.array
    for column, (start, end) in enumerate(((0, 1), (1, 0))):
        rows = np.flatnonzero(np.isfinite(network.seconds[:, column]))
        along = np.asarray(shapely.reverse(lines[rows]) if column else lines[rows], dtype=object)
        alone = np.isinf(network.seconds[rows, 1 - column])
        edges = zip(
            network.ends[rows, start].tolist(), network.ends[rows, end].tolist(), rows.tolist(),
            (network.seconds[rows, column] / 60.0).tolist(), along, alone.tolist(),
            strict=True,
        )  # fmt: skip
        for tail, head, row, minutes, line, oneway in edges:
            attributes: dict[str, Any] = {
                "minutes": minutes, "geometry": line, "oneway": oneway, "reversed": bool(column),
            }  # fmt: skip
            if "grade" in tags[row]:
                attributes["grade"] = -tags[row]["grade"] if column else tags[row]["grade"]
            graph.add_edge(tail, head, **{**tags[row], **attributes})
    return graph


def _tags(network: RoadNetwork) -> list[dict[str, Any]]:
    roads = network.roads
    columns = [name for name in roads.columns if name not in _LEFT_OUT]
    table = pd.DataFrame(roads[columns]).rename(columns=_OTHER_NAMES)
    table["road_id"] = roads.index.astype(str)
    table["length"] = table["length_m"] = network.length_m
    if "grade" in roads:
        table["grade"] = pd.to_numeric(roads["grade"]).astype(float)
    return [
        {str(name): value for name, value in row.items() if not pd.isna(value)}
        for row in table.astype(object).to_dict("records")
    ]
