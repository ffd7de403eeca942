"""Service circles: drawings of the reached road pieces. They never decide who is covered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.errors import InputError
from carecircle.roads.cutting import substrings
from carecircle.roads.owners import nearest_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Rivals = tuple[NDArray[np.float64], ...]

__all__ = ["CircleStyle", "service_circles"]

_HAIR_M = 1e-6


@dataclass(frozen=True)
class CircleStyle:
    """How circles are drawn; the words are those of ArcGIS service areas.

    Parameters
    ----------
    trim_m
        How far the drawing goes beyond the reached road, in metres.
    polygons
        ``discs``: from the facility to the limit; ``rings``: from the smaller limit to the limit.
    overlap
        ``overlap``: one polygon per facility and limit; ``merge``: one per limit; ``split``: one
        per facility and limit, each road going to the facility nearest in time.
    min_hole_m2
        Smaller holes are filled; ``split`` fills none, they may be another facility's.
    """

    trim_m: float = 60.0
    polygons: Literal["discs", "rings"] = "discs"
    overlap: Literal["overlap", "merge", "split"] = "overlap"
    min_hole_m2: float = 10_000.0

    def __post_init__(self) -> None:
        if not self.trim_m > 0:
            msg = f"circles: trim_m is {self.trim_m}; give metres above 0 (60 is usual)"
            raise InputError(msg)

    @property
    def cell_m(self) -> float:
        """Grid cell of the drawing; well below ``trim_m`` / sqrt(2), so no piece sticks out."""
        return self.trim_m / 4


def service_circles(
    reached: gpd.GeoDataFrame,
    *,
    minutes: Sequence[float] = (5.0, 10.0, 15.0),
    style: CircleStyle | None = None,
) -> gpd.GeoDataFrame:
    """Draw service circles from reached road pieces.

    A circle contains every reached piece and the access leg of its facility, lies inside the
    circles of longer limits, is valid, does not depend on which other limits were asked for, and
    is never empty when something was reached. Such a drawing may cover ground nobody can reach, a
    river for instance: who is covered is decided by minutes alone.

    Parameters
    ----------
    reached
        From :func:`carecircle.reached_roads`, up to the longest limit or farther.
    minutes
        Limits.
    style
        How to draw.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per facility and limit that reach something (rings: something new; split: some road
        sooner than all others), ordered by limit, then facility as in ``reached``:
        ``facility_id`` (missing where merged), ``minutes``, ``from_minutes`` (0 for discs), polygon
        or multipolygon.

    Raises
    ------
    InputError
        If a limit is not a positive number.
    """
    style = style or CircleStyle()
    limits = sorted(set(map(float, minutes)))
    if not limits or limits[0] <= 0 or not np.isfinite(limits).all():
        msg = f"circles: minutes are {list(minutes)}; give one or more positive numbers"
        raise InputError(msg)
    parts = nearest_parts(reached) if style.overlap == "split" else reached
    discs = pd.concat([_discs(_cut_at(parts, limit), limit, style) for limit in limits])
    circles = gpd.GeoDataFrame(discs, geometry="geometry", crs=reached.crs)
    if style.overlap == "merge" and len(circles):
        circles = circles.dissolve("minutes").reset_index()
        circles["facility_id"] = pd.array([None] * len(circles), dtype="str")
    circles["from_minutes"] = 0.0
    if style.polygons == "rings":
        circles = _rings(circles)
    columns = ["facility_id", "minutes", "from_minutes", "geometry"]
    return circles[~circles.is_empty].reset_index(drop=True)[columns]


def _cut_at(parts: gpd.GeoDataFrame, limit: float) -> gpd.GeoDataFrame:
    start, end = (parts[name].to_numpy() for name in ("minutes_start", "minutes_end"))
    keep = np.minimum(start, end) <= limit
    over = np.flatnonzero((np.maximum(start, end) > limit) & keep)
    geometry = parts.geometry.array.copy()
    if len(over):
        length = shapely.length(geometry[over])
        share = (limit - start[over]) / (end[over] - start[over])
        rising = end[over] > start[over]
        geometry[over] = gpd.array.from_shapely(
            substrings(
                np.asarray(geometry[over]),
                np.where(rising, 0.0, share * length),
                np.where(rising, share * length, length),
            ),
            crs=parts.crs,
        )
    return parts.set_geometry(geometry)[keep]


def _discs(parts: gpd.GeoDataFrame, limit: float, style: CircleStyle) -> pd.DataFrame:
    facility, names = pd.factorize(parts["facility_id"])
    segments, part = _segments(parts.geometry.array)
    order = np.argsort(facility[part], kind="stable")
    segments, owner = segments[order], facility[part][order]
    first = np.searchsorted(owner, np.arange(len(names) + 1))
    split = style.overlap == "split"
    tree = shapely.STRtree(_as_lines(segments)) if split else None

    def draw(number: int) -> NDArray[np.object_] | shapely.Geometry:
        mine = segments[first[number] : first[number + 1]]
        rivals = () if tree is None else _rivals(tree, mine, (segments, owner, number), style)
        return _polygon(mine, rivals, style)

    with ThreadPoolExecutor() as pool:
        polygons = list(pool.map(draw, range(len(names))))
    return pd.DataFrame({"facility_id": names, "minutes": limit, "geometry": polygons})


def _segments(lines: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    xy, line = shapely.get_coordinates(lines, return_index=True)
    same = np.flatnonzero(line[1:] == line[:-1])
    return np.hstack([xy[same], xy[same + 1]]), line[same]


def _as_lines(segments: NDArray[np.float64]) -> NDArray[np.object_]:
    return np.asarray(shapely.linestrings(segments.reshape(-1, 2, 2)))


def _rivals(
    tree: shapely.STRtree,
    mine: NDArray[np.float64],
    everyone: tuple[NDArray[np.float64], NDArray[np.int64], int],
    style: CircleStyle,
) -> Rivals:
    """Return the nearby road of the facilities before this one, and of those after it."""
    segments, owner, number = everyone
    xy = mine.reshape(-1, 2)
    margin = 3 * style.trim_m
    near = tree.query(shapely.box(*(xy.min(axis=0) - margin), *(xy.max(axis=0) + margin)))
    return segments[near[owner[near] < number]], segments[near[owner[near] > number]]


def _polygon(segments: NDArray[np.float64], rivals: Rivals, style: CircleStyle) -> shapely.Geometry:
    from carecircle.analysis.fields import contour, distance_field

    cell, trim = style.cell_m, style.trim_m
    xy = segments.reshape(-1, 2)
    # grid lines are fixed to multiples of the cell, so circles of one style share their grid
    low = np.floor((xy.min(axis=0) - trim) / cell).astype(int) - 2
    high = np.ceil((xy.max(axis=0) + trim) / cell).astype(int) + 2
    corner = (float(low[0] * cell), float(low[1] * cell))
    shape = (int(high[0] - low[0] + 1), int(high[1] - low[1] + 1))
    field = distance_field(segments, corner, shape, (cell, trim + 2 * cell))
    own = field.copy()
    # ground as near to two facilities, around a shared door for instance, goes to the first
    for theirs, yields in zip(rivals, (_HAIR_M, 0.0), strict=False):
        other = distance_field(theirs, corner, shape, (cell, trim + 2 * cell))
        both = np.isfinite(own) & np.isfinite(other)
        field[both] = np.maximum(field[both], own[both] - other[both] + trim + yields)
    # a hole in a split circle may be a rival's ground
    smallest_hole = style.min_hole_m2 if not rivals else 0.0
    return _assemble(*contour(field, trim, corner, cell), smallest_hole)


def _assemble(
    xy: NDArray[np.float64], starts: NDArray[np.int64], min_hole_m2: float
) -> shapely.Geometry:
    ring = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rings = np.asarray(shapely.linearrings(xy, indices=ring))
    shells = np.asarray(shapely.polygons(rings))
    outer = np.asarray(shapely.is_ccw(rings))
    areas = np.asarray(shapely.area(shells))
    holes = np.flatnonzero(~outer & (areas >= min_hole_m2))
    bodies = shells[outer]
    if len(holes):
        # a hole lies in the smallest outer ring around it
        by_size = np.argsort(areas[outer])
        owner = np.full(len(holes), -1)
        tip = shapely.get_point(rings[holes], 0)
        for body in by_size[::-1]:
            owner[shapely.covers(bodies[body], tip)] = body
        bodies = np.array(
            [
                shapely.Polygon(shapely.get_exterior_ring(body), rings[holes[owner == number]])
                for number, body in enumerate(bodies)
            ]
        )
    if len(bodies) == 1:
        return bodies[0]
    n_filled = np.count_nonzero(~outer) - len(holes)
    # a body may stand in a filled hole of another
    return shapely.union_all(bodies) if n_filled else shapely.MultiPolygon(list(bodies))


def _rings(circles: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    key = circles["facility_id"].fillna("")
    inner = circles.geometry.groupby(key, sort=False).shift()
    rings = circles.copy()
    has_inner = inner.notna().to_numpy()
    rings.loc[has_inner, "from_minutes"] = (
        circles["minutes"].groupby(key, sort=False).shift()[has_inner]
    )
    geometry = circles.geometry.array.copy()
    geometry[has_inner] = circles.geometry.array[has_inner].difference(
        gpd.array.from_shapely(inner[has_inner].to_numpy(), crs=circles.crs)
    )
    return rings.set_geometry(geometry)
