"""The ground of the sample city: outline, districts, river, lake island and railway.

Coordinates are kilometres from a local origin near the middle of the city, turned into EPSG:4545
metres by ``ground``. All lengths after that are metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.interpolate import CubicSpline
from shapely import LineString, MultiPolygon, Polygon

__all__ = ["CRS", "Terrain", "ground", "make_terrain", "quantise", "smooth"]

CRS = "EPSG:4545"
ORIGIN = np.array([397_000.0, 4_380_000.0])
CITY_KM2 = 1754.0
GRID_M = 0.125  # an exact binary fraction, so rounded coordinates compress well

_RIVER = [
    (5.2, -54), (3.6, -47), (2.6, -40), (4.1, -33), (3.0, -27), (1.0, -21.5), (-1.2, -16),
    (-2.6, -10.5), (-2.2, -5), (-3.0, 0), (-3.1, 5), (-2.5, 10), (-2.75, 14), (-2.3, 18),
    (-1.0, 22.5), (0.2, 27), (0.9, 32), (3.4, 38), (4.0, 46),
]  # fmt: skip
_OUTLINE = [
    (2.4, -46), (9, -48.5), (15, -45), (19, -37), (21.5, -27), (22.5, -16), (21, -6), (19, 3),
    (16, 11), (15, 20), (14.5, 29), (10, 36.5), (4, 39.5), (-3, 36.5), (-5.2, 30), (-6.4, 22),
    (-7.4, 14), (-9.6, 8), (-14.5, 3.5), (-16, -4), (-14.5, -12), (-8.5, -18), (-4, -24),
    (-1, -31), (-0.4, -39),
]  # fmt: skip
_RAIL = [
    (9.5, 44), (6.9, 31), (5.9, 25), (4.9, 20.4), (4.15, 17), (3.85, 13.5), (4.1, 10), (4.9, 6),
    (5.2, 0), (4.7, -6), (4.6, -12), (5.2, -18), (7.3, -26), (8.6, -34), (7.5, -43), (7, -54),
]  # fmt: skip
_BRANCH = [(5.15, 1.2), (2.4, 0.2), (-1.2, -1.7), (-4.2, -2.0), (-6.4, -3.4), (-7.1, -5.4),
           (-7.9, -7.6), (-9.9, -9.0)]  # fmt: skip
_ISLAND = ((-2.65, 12.1), 0.19, 0.46)
_WUDA_NORTH = 6.0
_WUDA_SOUTH = -17.5
_HAINAN_NORTH = [(-30, 2.6), (0, 2.6), (6, 3.4), (12, 1.6), (40, 3)]


@dataclass(frozen=True)
class Terrain:
    """What is given before anyone builds: all in EPSG:4545 metres."""

    outline: Polygon
    districts: dict[str, Polygon | MultiPolygon]
    axis: LineString
    river: Polygon
    island: Polygon
    rails: tuple[LineString, ...]


def ground(xy_km: object) -> np.ndarray:
    """Turn local kilometres into EPSG:4545 metres."""
    return np.asarray(xy_km, dtype=float) * 1000.0 + ORIGIN


def quantise(xy: np.ndarray) -> np.ndarray:
    """Round coordinates to the grid of one eighth of a metre."""
    return np.round(np.asarray(xy, dtype=float) / GRID_M) * GRID_M


def smooth(points: object, step: float = 200.0) -> np.ndarray:
    """Draw a curve through points (metres) with a vertex about every ``step`` metres."""
    points = np.asarray(points, dtype=float)
    chord = np.r_[0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]
    count = max(int(chord[-1] / step), len(points)) + 1
    if len(points) == 2:
        return np.linspace(points[0], points[1], count)
    # Way points stay exactly; a vertex very near one would make a sliver of an edge.
    extra = np.linspace(0.0, chord[-1], count)
    extra = extra[np.abs(extra[:, None] - chord).min(axis=1) > step * 0.3]
    where = np.sort(np.r_[chord, extra])
    return CubicSpline(chord, points)(where)


def _river(axis: LineString) -> Polygon:
    """Widen the axis: about 330 m, and a lake beside the northern town."""
    xy = shapely.get_coordinates(axis)
    y = (xy[:, 1] - ORIGIN[1]) / 1000.0
    lake = np.exp(-(((y - 12.3) / 4.2) ** 2))
    wave = 45 * np.sin(y * 1.7) + 30 * np.sin(y * 3.1 + 1)
    half = 165 + wave + 560 * lake
    ahead = np.gradient(xy, axis=0)
    ahead /= np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    side = np.c_[-ahead[:, 1], ahead[:, 0]] * half[:, None]
    ring = np.r_[xy + side, (xy - side)[::-1]]
    return shapely.make_valid(Polygon(quantise(ring)))


def _island() -> Polygon:
    (x, y), half_x, half_y = _ISLAND
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    wobble = 1 + 0.13 * np.sin(3 * turn + 0.6) + 0.06 * np.sin(5 * turn)
    ring = np.c_[x + half_x * np.cos(turn) * wobble, y + half_y * np.sin(turn) * wobble]
    return Polygon(quantise(ground(ring)))


def _districts(outline: Polygon, axis: LineString) -> dict[str, Polygon | MultiPolygon]:
    """Cut the city along the river and two lines; west bank middle is Wuda."""
    x0, y0 = ground((-60, -80))
    x1, y1 = ground((60, 80))
    west = Polygon([*shapely.get_coordinates(axis), (x0, y1), (x0, y0)])
    band = shapely.box(x0, ground((0, _WUDA_SOUTH))[1], x1, ground((0, _WUDA_NORTH))[1])
    wuda = outline & west & band
    north = Polygon([*ground(_HAINAN_NORTH), (x1, y1), (x0, y1)])
    south_west = outline & west & shapely.box(x0, y0, x1, ground((0, _WUDA_SOUTH))[1])
    return {
        "150302": (outline & north) - wuda,
        "150303": ((outline - north) - wuda) | south_west,
        "150304": wuda,
    }


def _ragged(ring: np.ndarray) -> Polygon:
    """Let a border wander by a few hundred metres, as borders along ridges do."""
    turn = np.linspace(0, 2 * np.pi, len(ring))
    wander = 420 * np.sin(17 * turn + 1) + 330 * np.sin(29 * turn) + 190 * np.sin(53 * turn + 2)
    outward = ring - ring.mean(axis=0)
    outward /= np.hypot(outward[:, 0], outward[:, 1])[:, None]
    moved = ring + outward * wander[:, None]
    moved[-1] = moved[0]
    return Polygon(moved)


def make_terrain() -> Terrain:
    """Return the ground; the outline is scaled to the published 1,754 km2."""
    axis = LineString(quantise(smooth(ground(_RIVER), 250)))
    outline = _ragged(smooth(ground([*_OUTLINE, _OUTLINE[0]]), 350))
    factor = np.sqrt(CITY_KM2 * 1e6 / outline.area)
    outline = Polygon(quantise(shapely.get_coordinates(
        shapely.affinity.scale(outline, factor, factor, origin=tuple(ground((0, -4))))
    )))  # fmt: skip
    island = _island()
    rails = tuple(LineString(quantise(smooth(ground(line), 300))) for line in (_RAIL, _BRANCH))
    river = (_river(axis) & outline) - island
    return Terrain(
        outline=outline,
        districts=_districts(outline, axis),
        axis=axis,
        river=max(getattr(river, "geoms", [river]), key=lambda part: part.area),
        island=island,
        rails=tuple(rail & outline for rail in rails),
    )
