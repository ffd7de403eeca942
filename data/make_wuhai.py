"""Make the synthetic sample city in ``data/wuhai``: same seed, same environment, same bytes.

Run ``python data/make_wuhai.py [FOLDER]``. Real are the names and codes of towns, streets,
communities and villages and the published totals; everything else is invented.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

sys.path.insert(0, str(Path(__file__).parent))

from wuhai_maker.cases import home_table, special_cases
from wuhai_maker.city import City, make_city
from wuhai_maker.design import make_plan
from wuhai_maker.facilities import Book, make_facilities
from wuhai_maker.tables import (
    make_meal_points,
    make_observations,
    make_projects,
    make_rosters,
    make_sites,
)
from wuhai_maker.terrain import CRS

SEED = 2020
MAKER = Path(__file__).parent / "wuhai_maker"
ROAD_TAGS = ("name", "oneway", "bridge", "tunnel", "layer")
MAXSPEED = {
    "motorway": "100", "motorway_link": "60", "trunk": "80", "primary": "60", "secondary": "50",
    "tertiary": "40", "residential": "30", "living_street": "20",
}  # fmt: skip


def road_table(city: City) -> gpd.GeoDataFrame:
    """Return the roads with node ids; equal end coordinates are one node."""
    pieces = city.pieces
    ends = np.array([end for piece in pieces for end in piece.ends])
    _, node = np.unique(ends, axis=0, return_inverse=True)
    node = node.reshape(-1, 2)
    frame = pd.DataFrame({
        "highway": [p.highway for p in pieces],
        **{key: [p.tags.get(key) for p in pieces] for key in ROAD_TAGS},
        "foot": ["no" if p.highway.startswith("motorway") else None for p in pieces],
        "signals": [float(p.tags.get("signals", 0)) for p in pieces],
        "u": [f"N{k:05d}" for k in node[:, 0]],
        "v": [f"N{k:05d}" for k in node[:, 1]],
    })  # fmt: skip
    frame["maxspeed"] = frame["highway"].map(MAXSPEED)
    frame.index = pd.Index([f"R{k:05d}" for k in range(1, len(pieces) + 1)], name="road_id")
    return gpd.GeoDataFrame(frame, geometry=[p.line for p in pieces], crs=CRS)


def barrier_table(city: City) -> gpd.GeoDataFrame:
    """Return river banks and railway as lines that block; rails have gaps at level crossings."""
    river = city.terrain.river
    banks = [shapely.LineString(ring.coords) for ring in (river.exterior, *river.interiors)]
    rows = [("黄河(合成)", "river", line) for line in banks]
    rows += [("铁路(合成)", "railway", line) for line in city.rails.lines]
    frame = gpd.GeoDataFrame(rows, columns=["name", "kind", "geometry"], crs=CRS)
    frame.index = pd.Index([f"X{k:02d}" for k in range(1, len(frame) + 1)], name="barrier_id")
    return frame


def write_gpkg(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a GeoPackage whose bytes repeat (its time stamp is fixed)."""
    path.unlink(missing_ok=True)
    frame.reset_index().to_file(path, driver="GPKG", layer=path.stem, engine="pyogrio")


def write_parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a GeoParquet file, tightly packed."""
    frame.reset_index().to_parquet(path, index=False, compression="zstd", compression_level=19)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a UTF-8 CSV with plain line ends."""
    frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def area_table(city: City) -> gpd.GeoDataFrame:
    """Return the areas in the order of the contract."""
    columns = [
        "name", "kind", "street_id", "street_name", "district_id", "district_name", "city_id",
        "city_name", "households", "population", "elders", "elders80", "regime", "households_new",
        "geometry",
    ]  # fmt: skip
    return city.areas[columns].rename_axis("area_id")


def made_with() -> pd.DataFrame:
    """Return the versions that decide the bytes; others may pack the same tables otherwise."""
    names = (
        "numpy",
        "pandas",
        "geopandas",
        "shapely",
        "pyogrio",
        "pyarrow",
        "pyproj",
        "scipy",
        "networkx",
    )
    rows = [("python", platform.python_version()), *((name, version(name)) for name in names)]
    rows += [("gdal", pyogrio.__gdal_version_string__), ("geos", shapely.geos_version_string)]
    return pd.DataFrame(rows, columns=["package", "version"])


def make(folder: Path, seed: int = SEED) -> None:
    """Write every file of the sample into a folder."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2020-12-31T00:00:00.000Z"})
    os.environ["OGR_CURRENT_DATE"] = "2020-12-31T00:00:00.000Z"
    folder.mkdir(parents=True, exist_ok=True)
    city = make_city(seed)
    rng = dict(
        zip(("facilities", "sites", "meals"), np.random.default_rng(seed + 1).spawn(3), strict=True)
    )
    facilities = make_facilities(city, make_plan(city), rng["facilities"])
    book = Book(city, rng["sites"])
    book.taken |= set(map(tuple, shapely.get_coordinates(facilities.geometry.to_numpy()).tolist()))
    roads = road_table(city)
    write_gpkg(area_table(city), folder / "areas.gpkg")
    write_gpkg(facilities, folder / "facilities.gpkg")
    write_gpkg(barrier_table(city), folder / "barriers.gpkg")
    write_gpkg(make_sites(city, book, rng["sites"]), folder / "sites.gpkg")
    write_parquet(roads, folder / "roads.parquet")
    write_parquet(city.buildings, folder / "buildings.parquet")
    write_csv(make_meal_points(city, book, rng["meals"]), folder / "meal_points_gcj02.csv")
    write_csv(make_projects(), folder / "projects.csv")
    write_csv(make_rosters(city.areas), folder / "rosters.csv")
    write_csv(make_observations(), folder / "observations.csv")
    write_csv(special_cases(city, facilities, roads), folder / "special_cases.csv")
    shutil.copyfile(MAKER / "study_template.toml", folder / "study.toml")
    write_csv(made_with(), folder / "made_with.csv")
    homes = home_table(city, facilities, city.pieces)
    share = (homes["elders"] * homes["covered"]).sum() / homes["elders"].sum()
    print(
        f"{len(roads)} roads, {len(city.buildings)} buildings; elders in time on foot: {share:.1%}"
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "wuhai")
