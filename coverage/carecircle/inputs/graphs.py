"""Turn a networkx graph of streets, as OSMnx makes it, into the road table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.errors import CrsError, InputError
from carecircle.inputs.issues import Issue, IssueLog
from carecircle.inputs.lines import first_of_lists
from carecircle.inputs.osm_tags import NODE_TAGS, blocked_modes, kmh

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray

__all__ = ["roads_from_graph"]

_TEXT_TAGS = (
    "highway", "oneway:foot", "oneway:bicycle", "maxspeed", "access", "foot", "bicycle",
    "motor_vehicle", "wheelchair", "bridge", "tunnel", "layer", "surface", "junction", "name",
)  # fmt: skip


def roads_from_graph(
    graph: nx.MultiDiGraph[Any], *, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Return the road pieces of a street graph; an edge and its reverse become one two-way piece.

    Parameters
    ----------
    graph
        A directed or undirected (multi)graph with a ``crs`` attribute, ``x`` and ``y`` at its nodes
        and OpenStreetMap tags at its edges, as OSMnx makes it. An edge without geometry is
        a straight line. In a directed graph the edges alone say where one may travel; in an
        undirected one the edges' ``oneway``.
    log
        Collects the issues. Without it, errors raise and warnings warn.

    Returns
    -------
    gpd.GeoDataFrame
        Lines from ``u`` to ``v`` in the graph's CRS; index ``road_id`` as ``"u-v-key"``. Columns of
        the roads table; ``signals`` and ``u_blocks``, ``v_blocks`` come from the tags of the nodes.

    Raises
    ------
    CrsError
        If the graph has no ``crs``.
    InputError
        If it has no edges, or a node without ``x`` and ``y``.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.MultiDiGraph(crs="EPSG:4545")
    >>> graph.add_node(1, x=0, y=0)
    >>> graph.add_node(2, x=100, y=0)
    >>> _ = graph.add_edge(1, 2, highway="residential"), graph.add_edge(2, 1, highway="residential")
    >>> roads_from_graph(graph)[["u", "v", "oneway"]].to_dict("index")
    {'1-2-0': {'u': 1, 'v': 2, 'oneway': 'no'}}
    """
    own = IssueLog() if log is None else log
    if graph.graph.get("crs") is None:
        raise CrsError("roads: the graph has no CRS; set graph.graph['crs'], e.g. 'EPSG:4326'")
    nodes = _node_frame(graph)
    edges = _edge_frame(graph, nodes)
    pieces = _paired(edges) if graph.is_directed() else _undirected(edges, nodes)
    ids = pieces["u"].astype(str) + "-" + pieces["v"].astype(str) + "-" + pieces["key"].astype(str)
    pieces = pieces.set_axis(pd.Index(ids, name="road_id"))
    roads = _road_columns(pieces, own)
    stops = pd.Series(blocked_modes(nodes), index=nodes.index).replace("", None)
    has_signal = nodes["highway"].eq("traffic_signals").astype(float)
    for end in ("u", "v"):
        roads[f"{end}_blocks"] = stops.reindex(pieces[end]).to_numpy()
    roads["signals"] = sum(has_signal.reindex(pieces[end]).to_numpy() / 2 for end in ("u", "v"))
    roads["u"], roads["v"] = pieces["u"], pieces["v"]
    if log is None:
        own.settle()
    return gpd.GeoDataFrame(roads, geometry=pieces["geometry"].to_numpy(), crs=graph.graph["crs"])


def _node_frame(graph: nx.MultiDiGraph[Any]) -> pd.DataFrame:
    nodes = pd.DataFrame.from_dict(dict(graph.nodes(data=True)), orient="index")
    nodes = nodes.reindex(columns=["x", "y", *NODE_TAGS])
    lost = nodes.index[nodes[["x", "y"]].isna().any(axis=1)]
    if len(lost) or not graph.number_of_edges():
        found = f"nodes without x or y: {list(lost[:5])}" if len(lost) else "no edges"
        issue = Issue(
            "unusable_graph", "fatal", "roads", found=found, fix="give a graph as OSMnx makes it"
        )
        raise InputError(str(issue), [issue])
    return nodes


def _edge_frame(graph: nx.MultiDiGraph[Any], nodes: pd.DataFrame) -> pd.DataFrame:
    keyed: list[tuple[Any, Any, Any, dict[str, Any]]] = (
        list(graph.edges(keys=True, data=True))
        if graph.is_multigraph()
        else [(u, v, 0, data) for u, v, data in graph.edges(data=True)]
    )
    names = ("geometry", "oneway", "reversed", "grade", *_TEXT_TAGS)
    edges = pd.DataFrame([{**data, "u": u, "v": v, "key": key} for u, v, key, data in keyed])
    edges = edges.reindex(columns=["u", "v", "key", *names])
    geometry = np.array(edges["geometry"], dtype=object)
    straight = ~shapely.is_geometry(geometry)
    xy = nodes[["x", "y"]].astype(float)
    ends = np.stack([xy.reindex(edges[end]).to_numpy() for end in ("u", "v")], axis=1)
    geometry[straight] = shapely.linestrings(ends[straight])
    return edges.assign(geometry=geometry)


def _paired(edges: pd.DataFrame) -> pd.DataFrame:
    """Join each edge with the one that has the same line the other way round."""
    there, back = (_bytes(edges, turned=turned) for turned in (False, True))
    forward = there <= back
    line = pd.Series(np.where(forward, there, back))
    first = edges["u"].where(pd.Series(forward), edges["v"])
    last = edges["v"].where(pd.Series(forward), edges["u"])
    # the same line twice in one direction is two roads, one above the other
    place = edges.groupby([first, last, line, pd.Series(forward)]).cumcount()
    group = edges.groupby([first, last, line, place], sort=False).ngroup()
    both = pd.Series(forward).groupby(group).transform("nunique") > 1
    # OSMnx marks the edge it made by turning the drawn way round
    turned = edges["reversed"].eq(other=True)
    order = np.lexsort((np.arange(len(edges)), turned, group))
    chosen = np.sort(order[np.unique(group.to_numpy()[order], return_index=True)[1]])
    oneway = pd.Series(np.where(both, "no", "yes"))
    return edges.assign(oneway=oneway).iloc[chosen].reset_index(drop=True)


def _bytes(edges: pd.DataFrame, *, turned: bool) -> NDArray[np.object_]:
    lines = edges["geometry"].to_numpy()
    return np.asarray(shapely.to_wkb(shapely.reverse(lines) if turned else lines), dtype=object)


def _undirected(edges: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """Let ``u`` be where the line starts, which an undirected graph does not promise."""
    start = shapely.get_coordinates(shapely.get_point(edges["geometry"].to_numpy(), 0))
    apart = {
        end: np.hypot(*(nodes.reindex(edges[end])[["x", "y"]].to_numpy(dtype=float) - start).T)
        for end in ("u", "v")
    }
    swap = apart["v"] < apart["u"]
    u, v = edges["u"], edges["v"]
    oneway = edges["oneway"].isin([True, "yes", "true", "1"])
    return edges.assign(u=u.mask(swap, v), v=v.mask(swap, u), oneway=np.where(oneway, "yes", "no"))


def _road_columns(pieces: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    columns = {tag.replace(":", "_"): first_of_lists(pieces[tag], log) for tag in _TEXT_TAGS}
    roads = pd.DataFrame(columns).astype("string").astype(pd.Series(["a"]).dtype)
    roads["maxspeed"] = kmh(roads["maxspeed"])
    roads.insert(1, "oneway", pieces["oneway"])
    if pieces["grade"].notna().any():
        roads["grade"] = pieces["grade"].astype(float)
    return roads
