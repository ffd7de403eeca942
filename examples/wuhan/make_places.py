# ruff: noqa: INP001  # a script beside its study, not a package
"""Draw made-up homes and facilities on the streets of Wuhan: ``python make_places.py [FOLDER]``.

Reads ``roads/wuhan_drive.parquet`` in the folder that ``CARECIRCLE_DATA`` names, and writes
``areas.parquet`` (squares), ``facilities.parquet`` (300) and ``homes.parquet`` (100,000) to FOLDER,
``build`` beside this file when left out. The seed is fixed: the same streets give the same places.
Places stand up to 60 m from a street that people live in, each as likely as it is long.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

_CRS = "EPSG:32650"
_SEED = 20260801
_HOMES, _FACILITIES, _SQUARES = 100_000, 300, 5
_FARTHEST_M = 60
_URBAN_KM_PER_KM2 = 4.0
_NOT_LIVED_IN = "motorway|trunk"
_KINDS = ("station", "day_care", "street_centre", "embedded_complex")


def main(roads_file: Path, folder: Path) -> None:
    """Write areas, facilities and homes drawn on the lines of ``roads_file`` into ``folder``."""
    roads = gpd.read_parquet(roads_file).to_crs(_CRS)
    # a cell may hold a list written out, such as ['primary', 'trunk']
    lines = roads.geometry[~roads["highway"].str.contains(_NOT_LIVED_IN)]
    rng = np.random.default_rng(_SEED)
    folder.mkdir(parents=True, exist_ok=True)
    _areas(lines).to_parquet(folder / "areas.parquet")
    _facilities(lines, rng).to_parquet(folder / "facilities.parquet")
    _homes(lines, rng).to_parquet(folder / "homes.parquet")


def _spots(lines: gpd.GeoSeries, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``n`` points beside the lines, as likely on each metre of them."""
    length = lines.length.to_numpy()
    line = rng.choice(len(lines), size=n, p=length / length.sum())
    on_line = shapely.line_interpolate_point(lines.array[line], rng.uniform(size=n) * length[line])
    angle, metres = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, _FARTHEST_M, n)
    aside = metres[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    # centimetres are enough, and the same on every machine
    return shapely.points(np.round(shapely.get_coordinates(on_line) + aside, 2))


def _areas(lines: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """Return squares that tile the layer; those with many streets are urban."""
    west, south, east, north = lines.total_bounds + 500 * np.array([-1, -1, 1, 1])
    x, y = np.linspace(west, east, _SQUARES + 1), np.linspace(south, north, _SQUARES + 1)
    row, column = np.divmod(np.arange(_SQUARES**2), _SQUARES)
    boxes = shapely.box(x[column], y[row], x[column + 1], y[row + 1])
    within = gpd.GeoDataFrame(geometry=boxes, crs=_CRS).sindex.query(lines.centroid, "intersects")
    km = np.bincount(within[1], weights=lines.length.to_numpy()[within[0]], minlength=25) / 1000
    urban = km / (shapely.area(boxes) / 1e6) >= _URBAN_KM_PER_KM2
    number = [f"{r + 1}{c + 1}" for r, c in zip(row, column, strict=True)]
    table = {
        "name": [f"Square {n}" for n in number],
        "kind": np.where(urban, "urban", "rural"),
        "city_id": "WH",
        "city_name": "武汉(合成)",
    }
    index = pd.Index([f"S{n}" for n in number], name="area_id")
    return gpd.GeoDataFrame(table, geometry=boxes, index=index, crs=_CRS)


def _facilities(lines: gpd.GeoSeries, rng: np.random.Generator) -> gpd.GeoDataFrame:
    number = np.arange(1, _FACILITIES + 1)
    table = {
        "name": [f"Made-up station {n}" for n in number],
        "kind": rng.choice(_KINDS, _FACILITIES),
        "status": "operating",
    }
    index = pd.Index([f"F{n:03d}" for n in number], name="facility_id")
    spots = _spots(lines, _FACILITIES, rng)
    return gpd.GeoDataFrame(table, geometry=spots, index=index, crs=_CRS)


def _homes(lines: gpd.GeoSeries, rng: np.random.Generator) -> gpd.GeoDataFrame:
    households = rng.integers(5, 80, _HOMES)
    people = households + rng.poisson(1.4 * households)
    elders = rng.binomial(people, 0.2)
    table = {
        "households": households.astype(float),
        "population": people.astype(float),
        "elders": elders.astype(float),
        "elders80": rng.binomial(elders, 0.13).astype(float),
    }
    index = pd.Index([f"H{n:06d}" for n in range(1, _HOMES + 1)], name="home_id")
    return gpd.GeoDataFrame(table, geometry=_spots(lines, _HOMES, rng), index=index, crs=_CRS)


if __name__ == "__main__":
    data = os.environ.get("CARECIRCLE_DATA")
    if not data:
        sys.exit("set CARECIRCLE_DATA to the folder that holds roads/wuhan_drive.parquet")
    here = Path(__file__).parent
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else here / "build"
    main(Path(data) / "roads" / "wuhan_drive.parquet", target)
