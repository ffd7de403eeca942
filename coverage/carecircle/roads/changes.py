"""Changed roads: pieces closed, lines added, speeds of one's own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.roads.access import STRUCTURES, to_ticks
from carecircle.roads.chains import build_chains
from carecircle.roads.cutting import in_place, substrings
from carecircle.roads.network import drawn_along

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

    from carecircle.roads.network import RoadNetwork

__all__ = ["add_roads", "close_roads", "new_roads", "with_speeds"]

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
    roads: gpd.GeoDataFrame,
    lines: gpd.GeoDataFrame | Sequence[shapely.LineString | Mapping[str, Any]],
) -> gpd.GeoDataFrame:
    """Add lines to noded roads, and join them where one of their vertices touches a road.

    The road is cut there. A line that crosses a road without a vertex within a metre of it passes
    over or under, as in :func:`carecircle.node_lines`. Added lines meet each other likewise, where
    a vertex of one is within a metre of the other; the other is bent to it. Nothing that was
    connected is changed.

    Parameters
    ----------
    roads
        Contract ``roads`` with ``u`` and ``v``.
    lines
        As :func:`new_roads` takes them.

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
    added = _meeting(new_roads(lines, crs=roads.crs))
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


def new_roads(
    lines: gpd.GeoDataFrame | Sequence[shapely.LineString | Mapping[str, Any]],
    *,
    crs: CRS | None = None,
) -> gpd.GeoDataFrame:
    """Return roads to add as a frame: contract ``roads``, without ``u`` and ``v``.

    Parameters
    ----------
    lines
        A frame, or a list of lines and of ``{"line": line, "bridge": "yes"}``, with ``bridge`` and
        ``tunnel`` as the roads table has them: barriers cut neither, and nobody enters them from
        the side. ``highway`` is ``residential`` where missing.
    crs
        Of a list.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``new 1``, ``new 2``, ... for a list, else that of the frame; one line in each row.

    Examples
    --------
    >>> lane = shapely.LineString([(50, 0), (50, 80)])
    >>> new_roads([lane, {"line": lane, "bridge": "yes"}])["bridge"].notna().to_dict()
    {'new 1': False, 'new 2': True}
    """
    if isinstance(lines, gpd.GeoDataFrame):
        frame = lines.explode()
    else:
        rows = [{"line": one} if isinstance(one, shapely.LineString) else one for one in lines]
        names = [f"new {k + 1}" for k in range(len(rows))]
        told = pd.DataFrame(rows, index=pd.Index(names, dtype="str"), columns=["line", *STRUCTURES])
        shapes = told.pop("line").tolist()
        frame = gpd.GeoDataFrame(told.dropna(axis=1, how="all"), geometry=shapes, crs=crs)
    if "highway" not in frame:
        return frame.assign(highway="residential")
    return frame.assign(highway=frame["highway"].fillna("residential"))


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


def _meeting(added: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Move vertices of new lines to each other, and put them into lines they touch elsewhere."""
    xy, line = shapely.get_coordinates(added.geometry.array, return_index=True)
    xy = _at_one_place(xy, line)
    shape = np.asarray(shapely.linestrings(xy, indices=line))
    point = shapely.points(xy)
    spot, other = shapely.STRtree(shape).query(point, predicate="dwithin", distance=_TOUCH_M)
    spot, other = spot[line[spot] != other], other[line[spot] != other]
    metre = shapely.line_locate_point(shape[other], point[spot])
    inside = (metre > 0) & (metre < shapely.length(shape[other]))
    step = np.r_[0.0, np.hypot(*np.diff(xy, axis=0).T)]
    step[np.r_[True, line[1:] != line[:-1]]] = 0.0
    measure = np.cumsum(step)
    measure -= measure[np.searchsorted(line, np.arange(len(shape)))][line]
    owner, measure = np.r_[line, other[inside]], np.r_[measure, metre[inside]]
    xy = np.vstack([xy, xy[spot[inside]]])
    order = np.lexsort((xy[:, 1], xy[:, 0], measure, owner))
    owner, xy = owner[order], xy[order]
    again = np.r_[False, (owner[1:] == owner[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)]
    owner, xy = owner[~again], xy[~again]
    # a line whose vertices all came together has no length left
    long = np.bincount(owner, minlength=len(added)) > 1
    keep = long[owner]
    met = shapely.linestrings(xy[keep], indices=np.cumsum(long)[owner[keep]] - 1)
    return added[long].set_geometry(np.asarray(met), crs=added.crs)


def _at_one_place(xy: NDArray[np.float64], line: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return vertices, those of different lines within a metre of each other at one place."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    point = shapely.points(xy)
    a, b = shapely.STRtree(point).query(point, predicate="dwithin", distance=_TOUCH_M)
    a, b = a[line[a] != line[b]], b[line[a] != line[b]]
    near = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(xy), len(xy)))
    _, place = connected_components(near, directed=False)
    order = np.lexsort((xy[:, 1], xy[:, 0]))  # the most western stands for all
    _, first = np.unique(place[order], return_index=True)
    return xy[order[first]][place]


def _cut_where_touched(
    roads: gpd.GeoDataFrame, xy: NDArray[np.float64], node: NDArray[np.object_]
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Cut roads at the new vertices that touch them, and name these vertices after the nodes."""
    node = node.copy()
    tree = shapely.STRtree(roads.geometry.array)
    vertex, piece = tree.query_nearest(shapely.points(xy), max_distance=_TOUCH_M, all_matches=True)
    # of equally near roads the first in the table, as a place takes it
    order = np.lexsort((piece, vertex))
    vertex, first = np.unique(vertex[order], return_index=True)
    piece = piece[order][first]
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
    rows = np.array(list(cuts))
    rest = np.delete(np.arange(len(roads)), rows)
    together = in_place(roads.iloc[rest], rest, parts, rows)
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
