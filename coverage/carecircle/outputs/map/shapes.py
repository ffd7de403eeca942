"""Geometry as the map wants it: degrees, simplified, with a point inside each shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from carecircle.errors import CrsError
from carecircle.outputs.map.codec import pack_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings

__all__ = ["DRAWN_M", "ROAD_M", "Layer", "bounds_of", "has_place", "places", "swatch", "wgs84"]

#: Tolerances of simplification in metres: drawn shapes and road lines.
DRAWN_M, ROAD_M = 6.0, 1.5
_CHINA = ((18.0, 73.0), (54.0, 135.0))

Layer = dict[str, Any]


def wgs84(frame: gpd.GeoDataFrame, table: str, *, tolerance_m: float = 0.0) -> gpd.GeoSeries:
    """Return the geometry in degrees, simplified in metres before; same index.

    Raises
    ------
    CrsError
        If a table with records has no CRS.
    """
    if frame.empty:
        return gpd.GeoSeries([], index=frame.index, crs=4326)
    if frame.crs is None:
        msg = f"{table}: no CRS; give the frame its projected CRS with set_crs(...)"
        raise CrsError(msg)
    geometry = frame.geometry
    if tolerance_m:
        geometry = geometry.simplify(tolerance_m)
    return geometry.to_crs(4326)


def _box(frame: gpd.GeoDataFrame, table: str) -> NDArray[np.float64] | None:
    if frame.empty:
        return None
    box = wgs84(frame, table).total_bounds
    return box if np.isfinite(box).all() else None


def bounds_of(findings: Findings) -> list[list[float]]:
    """Return south-west and north-east of the first table that has a place."""
    for table in ("areas", "homes", "facilities", "roads"):
        box = _box(getattr(findings, table), table)
        if box is not None:
            west, south, east, north = (round(float(edge), 6) for edge in box)
            return [[south, west], [north, east]]
    return [list(corner) for corner in _CHINA]


def swatch(kind: str, colour: str, label: str, count: object = None) -> Layer:
    """Return one line of the legend: what it looks like, what it means, how many there are."""
    return {"swatch": kind, "colour": colour, "label": label, "count": count}


def has_place(frame: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return which records have a geometry that is not empty."""
    if frame.empty:
        return np.zeros(0, dtype=bool)
    return (~(frame.geometry.isna() | frame.geometry.is_empty)).to_numpy(dtype=bool)


def places(geometry: gpd.GeoSeries) -> tuple[str, NDArray[np.bool_]]:
    """Pack one point inside each shape; the second value says which shapes have one."""
    points = geometry.representative_point()
    has = ~(points.isna() | points.is_empty).to_numpy(dtype=bool)
    return pack_points(points[has].x, points[has].y), has
