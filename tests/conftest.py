"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

ROOT = Path(__file__).parents[1]
CRS = "EPSG:4545"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real extracts; absent data skip, unless the run demands them."""
    folder = Path(os.environ.get("CARECIRCLE_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "osm").is_dir():
        reason = f"no real extracts at {folder}; set CARECIRCLE_DATA to their folder"
        if os.environ.get("CARECIRCLE_REQUIRE_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def grid(columns: int, rows: int, spacing: float = 100.0, highway: str = "residential"):
    """Streets of a grid town: one line per block side, nodes at (i * spacing, j * spacing)."""
    lines = [
        shapely.LineString([(i, j), (i + 1, j)]) for j in range(rows) for i in range(columns - 1)
    ] + [shapely.LineString([(i, j), (i, j + 1)]) for i in range(columns) for j in range(rows - 1)]
    geometry = [shapely.transform(line, lambda xy: xy * spacing) for line in lines]
    roads = gpd.GeoDataFrame({"highway": highway}, geometry=geometry, crs=CRS)
    roads.index = [f"r{k:03d}" for k in range(len(roads))]
    roads.index.name = "road_id"
    return roads


def points(places: dict[str, tuple[float, float]], name: str = "facility_id"):
    """A frame of points indexed by the keys."""
    frame = gpd.GeoDataFrame(
        geometry=[shapely.Point(xy) for xy in places.values()], index=list(places), crs=CRS
    )
    frame.index.name = name
    return frame
