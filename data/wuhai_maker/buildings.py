"""Buildings: rows, towers and cottages set between the streets; dwellings add up per area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import LineString

from wuhai_maker.people import share_out
from wuhai_maker.terrain import CRS, Terrain, ground, quantise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wuhai_maker.network import Piece
    from wuhai_maker.towns import Block, Town

__all__ = ["make_buildings"]

_M2_PER_DWELLING = 92.0
_VACANT = 0.06


@dataclass(frozen=True)
class Form:
    """How a block is built: length, width, gap and row distance in metres, and storeys."""

    length: tuple[float, float]
    width: float
    gap: float
    row: float
    floors: tuple[int, int]
    keep: float
    use: str = "residential"


_COTTAGE = Form((20, 34), 8.5, 11, 31, (1, 2), 0.55)
_ROW = Form((38, 56), 11.5, 14, 43, (4, 6), 0.72)
_SLAB = Form((44, 60), 13.5, 20, 55, (7, 12), 0.85)
_TOWER = Form((26, 34), 17.0, 30, 66, (16, 33), 0.85)
_PUBLIC = Form((55, 80), 18.0, 60, 110, (2, 5), 0.6, "public")
_WORKS = Form((80, 120), 38.0, 50, 120, (1, 2), 0.7, "industrial")
_PUBLIC_USES = ("school", "hospital", "government", "culture", "public")


def _form(block: Block, rng: np.random.Generator) -> Form | None:
    if block.kind in ("park", "empty"):
        return None
    if block.kind in ("public", "works"):
        return _PUBLIC if block.kind == "public" else _WORKS
    if block.kind == "lanes":
        return _COTTAGE
    new = rng.random() < block.newness
    if block.kind == "gated":
        return (_TOWER if rng.random() < 0.45 else _SLAB) if new else _ROW
    return _SLAB if new and rng.random() < 0.4 else _ROW


def _rectangles(
    centre: np.ndarray, heading: np.ndarray, length: np.ndarray, width: np.ndarray
) -> np.ndarray:
    """Return quantised rectangles; ``heading`` is in radians."""
    along = np.c_[np.cos(heading), np.sin(heading)] * length[:, None] / 2
    side = np.c_[-np.sin(heading), np.cos(heading)] * width[:, None] / 2
    ring = np.stack(
        [
            centre + along + side,
            centre - along + side,
            centre - along - side,
            centre + along - side,
        ],
        axis=1,
    )
    return shapely.polygons(quantise(ring))


def _block_rows(town: Town, block: Block, rng: np.random.Generator) -> pd.DataFrame | None:
    form = _form(block, rng)
    if form is None:
        return None
    a, b, c, d = block.box
    length = float(rng.uniform(*form.length))
    s = np.arange(a + 16 + length / 2, c - 16 - length / 2 + 1, length + form.gap)
    t = np.arange(b + 18 + form.width / 2, d - 14 - form.width / 2 + 1, form.row)
    if not len(s) or not len(t):
        return None
    st = np.array([(u + rng.uniform(-2, 2), v) for v in t for u in s])
    st = st[rng.random(len(st)) < form.keep]
    if not len(st):
        return None
    centre = town.to_ground(st)
    ahead = town.to_ground(st + np.array([4.0, 0.0])) - centre
    low, high = form.floors
    base = rng.integers(low, high + 1)
    floors = np.clip(base + rng.integers(-1, 2, len(st)) * (high > 3), 1, 33)
    use = np.full(len(st), form.use, dtype=object)
    if form.use == "public":
        use[:] = str(rng.choice(_PUBLIC_USES))
    return pd.DataFrame(
        {
            "x": centre[:, 0],
            "y": centre[:, 1],
            "heading": np.arctan2(ahead[:, 1], ahead[:, 0]),
            "length": length * rng.choice([0.8, 1.0, 1.0], len(st)),
            "width": form.width,
            "floors": floors,
            "use": use,
        }
    )


def _lane_places(
    pieces: list[Piece], rng: np.random.Generator
) -> Iterator[tuple[LineString, float, int, bool]]:
    """Yield places for houses along both sides of village and mine lanes."""
    for piece in pieces:
        if "cluster" not in piece.tags or piece.line.length < 30:
            continue
        mine = piece.tags["cluster"][-1] != "村"
        step = 40.0 if mine else 34.0
        for metre in np.arange(step / 2, piece.line.length - 10, step):
            for side in (-1, 1):
                if rng.random() < (0.42 if mine else 0.36):
                    yield piece.line, float(metre), side, mine


def _lane_houses(pieces: list[Piece], rng: np.random.Generator) -> pd.DataFrame:
    rows = [
        _house(line, metre, side, tall=mine, rng=rng)
        for line, metre, side, mine in _lane_places(pieces, rng)
    ]
    return pd.DataFrame(rows, columns=["x", "y", "heading", "length", "width", "floors", "use"])


def _house(
    line: LineString, metre: float, side: int, *, tall: bool, rng: np.random.Generator
) -> tuple:
    here, ahead = (shapely.get_coordinates(line.interpolate(m))[0] for m in (metre, metre + 2))
    heading = float(np.arctan2(*(ahead - here)[::-1]))
    centre = here + np.array([-np.sin(heading), np.cos(heading)]) * side * rng.uniform(12.5, 17.0)
    floors = (
        int(rng.choice([1, 2, 4, 5], p=[0.55, 0.2, 0.15, 0.1]))
        if tall
        else int(rng.choice([1, 2], p=[0.85, 0.15]))
    )
    return (
        *centre,
        heading,
        float(rng.uniform(15, 30 if tall else 22)),
        8.5,
        floors,
        "residential",
    )


def _clear(frame: pd.DataFrame, pieces: list[Piece], terrain: Terrain) -> pd.DataFrame:
    """Drop buildings that would stand on a road, on the rails, in the river or on each other."""
    shape = _rectangles(
        frame[["x", "y"]].to_numpy(),
        frame["heading"].to_numpy(),
        frame["length"].to_numpy(),
        frame["width"].to_numpy(),
    )
    bad = np.zeros(len(shape), dtype=bool)
    wide = {"motorway": 24.0, "trunk": 14.0, "primary": 13.0, "secondary": 11.0, "tertiary": 9.0}
    roads = np.array([p.line for p in pieces])
    reach = np.array([wide.get(p.highway, 5.0) for p in pieces])
    hit, road = shapely.STRtree(roads).query(shape, predicate="dwithin", distance=24.0)
    bad[hit[shapely.distance(shape[hit], roads[road]) < reach[road]]] = True
    keep_off = shapely.union_all([*(r.buffer(28) for r in terrain.rails), terrain.river.buffer(20)])
    bad |= shapely.intersects(shape, keep_off)
    first, second = shapely.STRtree(shape).query(shape, predicate="dwithin", distance=3.0)
    bad[second[(first < second) & ~bad[first]]] = True
    result = frame.assign(geometry=shape)[~bad]
    return result.reset_index(drop=True)


#: Lonely homes: near which settlement (km), how far from any road at least (m), how many.
_LONELY = (((12.9, -33.2), 560.0, 3), ((9.3, 30.3), 560.0, 2), ((-12.55, -10.6), 190.0, 3))


def _lonely(pieces: list[Piece], rng: np.random.Generator) -> pd.DataFrame:
    """Homes farther from every road than the snap limit."""
    roads = shapely.STRtree([p.line for p in pieces])
    rows = []
    for place, away, count in _LONELY:
        centre = ground(place)
        found = 0
        while found < count:
            spot = centre + rng.uniform(-400, 400, 2)
            near = roads.geometries[roads.nearest(shapely.Point(spot))]
            if shapely.distance(near, shapely.Point(spot)) > away:
                rows.append((*spot, 0.3, 16.0, 8.5, 1, "residential"))
                found += 1
    return pd.DataFrame(rows, columns=["x", "y", "heading", "length", "width", "floors", "use"])


def _dwellings(frame: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give each area its dwellings by floor space; storeys follow the need."""
    frame["dwellings"] = 0
    for area, part in frame[frame["residential_share"] > 0].groupby("area_id"):
        need = int(np.ceil(areas.loc[area, "households"] * (1 + _VACANT)))
        space = (part.area * part["floors"] * part["residential_share"]).to_numpy()
        factor = np.clip(need * _M2_PER_DWELLING / space.sum(), 0.6, 2.0)
        floors = np.clip(np.round(part["floors"] * factor), 1, 33).astype(int)
        frame.loc[part.index, "floors"] = floors
        weight = (part.area * floors * part["residential_share"]).to_numpy()
        frame.loc[part.index, "dwellings"] = share_out(weight, max(need, len(part)), 1)
    return frame


def make_buildings(
    towns: dict[str, Town],
    pieces: list[Piece],
    areas: gpd.GeoDataFrame,
    terrain: Terrain,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Return all buildings with storeys, dwellings, use and the area they lie in."""
    parts = [
        rows
        for town in towns.values()
        for block in town.blocks.values()
        if (rows := _block_rows(town, block, rng)) is not None
    ]
    frame = pd.concat([*parts, _lane_houses(pieces, rng), _lonely(pieces, rng)], ignore_index=True)
    frame = gpd.GeoDataFrame(_clear(frame, pieces, terrain), geometry="geometry", crs=CRS)
    inside = gpd.sjoin(
        frame.set_geometry(frame.centroid)[["geometry"]], areas[["geometry"]], predicate="within"
    )
    frame["area_id"] = inside.iloc[:, -1].groupby(level=0).first()
    frame["residential_share"] = np.where(frame["use"] == "residential", 1.0, 0.0)
    shops = (
        (frame["use"] == "residential") & (frame["floors"] >= 4) & (rng.random(len(frame)) < 0.1)
    )
    frame.loc[shops, "residential_share"] = 0.8
    frame.loc[shops, "use"] = "mixed"
    frame = _dwellings(frame, areas)
    frame["building_id"] = [f"B{k:05d}" for k in range(1, len(frame) + 1)]
    columns = ["area_id", "floors", "dwellings", "residential_share", "use", "geometry"]
    return frame.set_index("building_id")[columns]
