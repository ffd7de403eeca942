"""Barriers: rivers, railways, gates and closed or slow ground, cut into the roads.

Every barrier becomes ground with a cost factor: points and lines are very small closed ground. A
road is cut where it enters and leaves, so only what lies inside is closed and the rest of the
street stays in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.roads.access import is_structure
from carecircle.roads.cutting import in_place, substrings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cut_at_barriers", "walls_of"]

#: Half widths of the ground a point and a line stand for, in metres.
_REACH_M = {0: 0.5, 1: 0.01}
_POLYGON = 2
_SAME_M = 1e-6


def walls_of(barriers: gpd.GeoDataFrame) -> gpd.GeoSeries | None:
    """Return the lines and closed polygons that no access leg may cross, if there are any."""
    solid = (shapely.get_dimensions(barriers.geometry.array) > 0) & np.isinf(_factors(barriers))
    return barriers.geometry[solid] if solid.any() else None


def cut_at_barriers(roads: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut roads where they meet barriers, and close or slow down the parts inside.

    Bridges and tunnels pass over and under lines and polygons, but not through a point (a gate).

    Parameters
    ----------
    roads
        Contract ``roads`` with ``u`` and ``v``.
    barriers
        Contract ``barriers`` in the same CRS; a missing ``factor`` means closed.

    Returns
    -------
    geopandas.GeoDataFrame
        The roads with ``closed`` (bool) and ``cost_factor``; cut ones become ``id/1``, ``id/2``,
        joined by new nodes that no other road has, and stay where they stood in the table.
    """
    dimension = shapely.get_dimensions(barriers.geometry.array)
    width = np.vectorize(_REACH_M.get, otypes=[float])(dimension, 0.0)
    shape = np.where(
        dimension == _POLYGON,
        barriers.geometry.array,
        shapely.buffer(barriers.geometry.array, width, quad_segs=4),
    )
    factor = _factors(barriers)
    structure = is_structure(roads)
    ground, road = shapely.STRtree(roads.geometry.array).query(shape, predicate="intersects")
    keep = ~structure[road] | (dimension[ground] == 0)
    road, ground = road[keep], ground[keep]
    plain = roads.assign(
        closed=roads.get("closed", default=False), cost_factor=roads.get("cost_factor", default=1.0)
    )
    if not len(road):
        return plain
    order = np.argsort(road, kind="stable")
    rows, start = np.unique(road[order], return_index=True)
    cut = [
        _cut_one(plain.iloc[[row]], shape[ground[members]], factor[ground[members]])
        for row, members in zip(rows, np.split(order, start[1:]), strict=True)
    ]
    kept = np.delete(np.arange(len(plain)), rows)
    nodes = pd.concat([frame[["u", "v"]] for frame in cut])
    together = in_place(plain.iloc[kept], kept, cut, rows)
    # cut points are named by road and metre, so node ids of any type become text
    named = nodes.map(lambda node: isinstance(node, tuple)).any(axis=None)
    if named:
        together[["u", "v"]] = together[["u", "v"]].map(str)
    return gpd.GeoDataFrame(together, geometry="geometry", crs=roads.crs).rename_axis(
        index=roads.index.name
    )


def _cut_one(
    road: gpd.GeoDataFrame, shapes: NDArray[np.object_], factors: NDArray[np.float64]
) -> gpd.GeoDataFrame:
    line = road.geometry.iloc[0]
    crossings = shapely.get_coordinates(shapely.intersection(line, shapely.boundary(shapes)))
    inner = np.unique(shapely.line_locate_point(line, shapely.points(crossings)).round(6))
    inner = inner[(inner > _SAME_M) & (inner < line.length - _SAME_M)]
    marks = np.array([0.0, *inner, line.length])
    start, end = marks[:-1], marks[1:]
    middle = shapely.line_interpolate_point(line, (start + end) / 2)
    inside = shapely.intersects(shapes[:, None], middle[None, :])
    factor = np.where(inside, factors[:, None], 1.0).max(axis=0)
    name, u, v = road.index[0], road["u"].iloc[0], road["v"].iloc[0]
    nodes = [u, *[(name, mark) for mark in marks[1:-1]], v]
    parts = gpd.GeoDataFrame(
        pd.concat([road] * len(start), ignore_index=True), geometry="geometry", crs=road.crs
    )
    parts.index = [f"{name}/{k + 1}" if len(start) > 1 else name for k in range(len(start))]
    parts["u"] = pd.Series(nodes[:-1], index=parts.index, dtype=object)
    parts["v"] = pd.Series(nodes[1:], index=parts.index, dtype=object)
    if "signals" in road and line.length > 0:
        parts["signals"] = parts["signals"].astype(float) * (end - start) / line.length
    for column, ends in (("u_blocks", slice(1, None)), ("v_blocks", slice(None, -1))):
        if column in road:
            parts.loc[parts.index[ends], column] = None
    parts["closed"] |= np.isinf(factor)
    parts["cost_factor"] *= np.where(np.isinf(factor), 1.0, factor)
    return parts.set_geometry(substrings(np.repeat(line, len(start)), start, end))


def _factors(barriers: gpd.GeoDataFrame) -> NDArray[np.float64]:
    if "factor" not in barriers:
        return np.full(len(barriers), np.inf)
    factor = pd.to_numeric(barriers["factor"]).fillna(np.inf).to_numpy(dtype=float)
    return np.where(shapely.get_dimensions(barriers.geometry.array) < _POLYGON, np.inf, factor)
