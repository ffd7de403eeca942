"""Changed roads: pieces closed, lines added, speeds of one's own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.roads.access import to_ticks
from carecircle.roads.chains import build_chains
from carecircle.roads.cutting import substrings
from carecircle.roads.network import drawn_along

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork

__all__ = ["add_roads", "close_roads", "with_speeds"]

#: How near a vertex of a new line must be to a road to join it, in metres.
_TOUCH_M = 1.0


def close_roads(roads: gpd.GeoDataFrame, ids: Collection[str]) -> gpd.GeoDataFrame:
    """Leave out the roads called ``ids`` and their pieces ``id/1``, ``id/2``.

    Examples
    --------
    >>> line = shapely.LineString([(0, 0), (9, 0)])
    >>> roads = gpd.GeoDataFrame(geometry=[line] * 3, index=["R1/1", "R1/2", "R10"])
    >>> close_roads(roads, ["R1"]).index.tolist()
    ['R10']
    """
    return roads[~_named(roads.index, ids)]


def add_roads(
    roads: gpd.GeoDataFrame, lines: gpd.GeoDataFrame | Sequence[shapely.LineString]
) -> gpd.GeoDataFrame:
    """Add lines to noded roads, and join them where one of their vertices touches a road.

    The road is cut there. A line that crosses a road without a vertex within a metre of it passes
    over or under, as in :func:`carecircle.node_lines`. Added lines meet where vertices coincide to
    the centimetre. Nothing that was connected is changed.

    Parameters
    ----------
    roads
        Contract ``roads`` with ``u`` and ``v``.
    lines
        Frame in the same CRS, or plain lines; ``highway`` is ``residential`` where missing.

    Returns
    -------
    geopandas.GeoDataFrame
        ``u`` and ``v`` as text; added pieces are called ``new 1/1``, ``new 1/2``, ... or by the id
        of the line and its part.

    Examples
    --------
    >>> street = gpd.GeoDataFrame({"highway": "path", "u": [1], "v": [2]}, index=["R1"],
    ...     geometry=[shapely.LineString([(0, 0), (100, 0)])], crs=4545)
    >>> lane = shapely.LineString([(50, 0), (50, 80)])
    >>> add_roads(street, [lane])["u"].to_dict()
    {'R1/1': '1', 'R1/2': 'new 50.00 0.00', 'new 1': 'new 50.00 0.00'}
    """
    added = _as_frame(lines, roads)
    xy, line = shapely.get_coordinates(added.geometry.array, return_index=True)
    node = np.array([f"new {x:.2f} {y:.2f}" for x, y in xy], dtype=object)
    old = roads.assign(u=roads["u"].astype(str), v=roads["v"].astype(str))
    old = old.set_geometry(drawn_along(old))
    old, node = _cut_where_touched(old, xy, node)
    shared = {
        name for name, times in zip(*np.unique(node, return_counts=True), strict=True) if times > 1
    }
    known = set(old["u"]) | set(old["v"])
    first = np.r_[True, np.diff(line) > 0]
    last = np.r_[first[1:], True]
    joins = np.array([name in shared or name in known for name in node]) | first | last
    pieces = []
    for number, (name, row) in enumerate(added.iterrows()):
        mine = np.flatnonzero((line == number) & joins)
        for part, (a, b) in enumerate(pairwise(mine), 1):
            called = f"{name}/{part}" if len(mine) > 2 else str(name)  # noqa: PLR2004  # more than its two ends
            shape = shapely.LineString(xy[a : b + 1])
            pieces.append({**row, "id": called, "u": node[a], "v": node[b], "geometry": shape})
    new = gpd.GeoDataFrame(pieces, geometry="geometry", crs=roads.crs).set_index("id")
    return gpd.GeoDataFrame(pd.concat([old, new]), geometry="geometry", crs=roads.crs)


def with_speeds(network: RoadNetwork, speeds: Mapping[str, float]) -> RoadNetwork:
    """Return the network with roads travelled at speeds of their own, in metres per second.

    The speed takes the place of the profile's, slope, lights and crossings included; closed
    directions stay closed.

    Parameters
    ----------
    network
        The network.
    speeds
        Road id -> metres per second.
    """
    seconds = network.seconds.copy()
    for road, speed in speeds.items():
        rows = np.flatnonzero(_named(network.roads.index, [road]))
        took = to_ticks(network.length_m[rows] / speed)[:, None]
        seconds[rows] = np.where(np.isfinite(seconds[rows]), took, np.inf)
    chains = build_chains(network.ends, seconds, network.length_m, network.node_xy)
    return replace(network, seconds=seconds, chains=chains)


def _named(index: pd.Index, ids: Collection[str]) -> NDArray[np.bool_]:
    names = index.astype(str)
    whole = names.str.replace(r"/[^/]*$", "", regex=True)
    wanted = [str(one) for one in ids]
    return np.asarray(names.isin(wanted) | whole.isin(wanted))


def _as_frame(
    lines: gpd.GeoDataFrame | Sequence[shapely.LineString], roads: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    if isinstance(lines, gpd.GeoDataFrame):
        frame = lines.explode()
    else:
        names = [f"new {k + 1}" for k in range(len(lines))]
        frame = gpd.GeoDataFrame(geometry=list(lines), index=names, crs=roads.crs)
    if "highway" not in frame:
        return frame.assign(highway="residential")
    return frame.assign(highway=frame["highway"].fillna("residential"))


def _cut_where_touched(
    roads: gpd.GeoDataFrame, xy: NDArray[np.float64], node: NDArray[np.object_]
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Cut roads at the new vertices that touch them, and name these vertices after the nodes."""
    node = node.copy()
    tree = shapely.STRtree(roads.geometry.array)
    (vertex, piece), _ = tree.query_nearest(
        shapely.points(xy), max_distance=_TOUCH_M, return_distance=True, all_matches=False
    )
    cuts: dict[int, dict[float, str]] = {}
    for spot, row in zip(vertex, piece, strict=True):
        line, road = roads.geometry.iloc[row], roads.iloc[row]
        metre = round(float(shapely.line_locate_point(line, shapely.Point(xy[spot]))), 6)
        if metre <= _TOUCH_M or metre >= line.length - _TOUCH_M:
            node[spot] = road["u"] if metre < line.length / 2 else road["v"]
        else:
            node[spot] = cuts.setdefault(int(row), {}).setdefault(metre, node[spot])
    if not cuts:
        return roads, node
    parts = [_cut_one(roads.iloc[[row]], dict(sorted(at.items()))) for row, at in cuts.items()]
    rest = roads.drop(index=roads.index[list(cuts)])
    together = pd.concat([rest, *parts])
    return gpd.GeoDataFrame(together, geometry="geometry", crs=roads.crs), node


def _cut_one(road: gpd.GeoDataFrame, at: Mapping[float, str]) -> gpd.GeoDataFrame:
    marks = np.array([0.0, *at, road.geometry.iloc[0].length])
    nodes = [road["u"].iloc[0], *at.values(), road["v"].iloc[0]]
    n = len(marks) - 1
    parts = road.iloc[np.zeros(n, dtype=int)].copy()
    parts.index = pd.Index([f"{road.index[0]}/{k + 1}" for k in range(n)], name=road.index.name)
    parts["u"], parts["v"] = nodes[:-1], nodes[1:]
    for column, inner in (("u_blocks", slice(1, None)), ("v_blocks", slice(None, -1))):
        if column in parts:
            parts.iloc[inner, parts.columns.get_loc(column)] = None
    if "signals" in parts:
        parts["signals"] = parts["signals"].astype(float) * np.diff(marks) / marks[-1]
    line = np.repeat(road.geometry.array, n)
    return parts.set_geometry(substrings(np.asarray(line), marks[:-1], marks[1:]), crs=road.crs)
