"""Grades of roads from heights: a tilted plane gives the same grade everywhere."""

from __future__ import annotations

import builtins
import sys

import numpy as np
import pandas as pd
import pytest

from carecircle.errors import CarecircleWarning, CrsError, InputError, MissingLibraryError
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.terrain import grades_from_dem, grades_from_nodes
from towns import grid, roads_of, street


def plane(path, *, crs="EPSG:4545", hole=False):
    """A raster of 10 m pixels from (-50, 550) on, 5 m up per 100 m east and 2 m per 100 m north."""
    rasterio = pytest.importorskip("rasterio", reason="rasterio (extra 'dem') is not installed")
    x, y = np.meshgrid(-45 + 10.0 * np.arange(60), 545 - 10.0 * np.arange(60))
    z = (100 + 0.05 * x + 0.02 * y).astype("float64")
    if hole:
        z[(x > 190) & (x < 210)] = -9999
    transform = rasterio.Affine(10, 0, -50, 0, -10, 550)
    with rasterio.open(
        path, "w", driver="GTiff", width=60, height=60, count=1, dtype="float64",
        crs=crs, transform=transform, nodata=-9999,
    ) as target:  # fmt: skip
        target.write(z, 1)
    return path


def test_a_tilted_plane_has_one_grade_east_and_one_north(tmp_path):
    roads = grid(4, 4, spacing=103.7)
    grade = grades_from_dem(roads, plane(tmp_path / "dem.tif"))
    east = roads.geometry.apply(lambda line: line.coords[0][1] == line.coords[1][1])
    np.testing.assert_allclose(grade[east], 0.05, atol=1e-9)
    np.testing.assert_allclose(grade[~east], 0.02, atol=1e-9)
    assert grade.name == "grade"
    assert grade.index.equals(roads.index)
    flipped = roads.set_geometry(roads.geometry.reverse())
    np.testing.assert_allclose(grades_from_dem(flipped, tmp_path / "dem.tif"), -grade, atol=1e-9)


def test_the_raster_may_have_another_crs(tmp_path):
    from pyproj import Transformer

    # the plane's raster is in EPSG:4545; the roads are the same streets in the next zone
    roads = grid(3, 3)
    moved = roads.to_crs("EPSG:4547")
    plane(tmp_path / "dem.tif")
    shift = Transformer.from_crs("EPSG:4545", "EPSG:4547", always_xy=True).transform(0, 0)
    assert np.hypot(*shift) > 1000
    want = grades_from_dem(roads, tmp_path / "dem.tif")
    found = grades_from_dem(moved, tmp_path / "dem.tif")
    scale = roads.length / moved.length
    np.testing.assert_allclose(found, want * scale, atol=1e-7)


def test_ends_outside_or_on_missing_pixels_have_no_grade_and_are_counted(tmp_path):
    dem = plane(tmp_path / "dem.tif", hole=True)
    roads = street(0, 100, 200, 300, 900)
    log = IssueLog()
    grade = grades_from_dem(roads, dem, log=log)
    assert grade.isna().tolist() == [False, True, True, True]
    assert grade.iloc[0] == pytest.approx(0.05)
    assert [issue.code for issue in log] == ["outside_dem"]
    assert log[0].found == "3 of 8 line ends have no height in dem.tif"
    with pytest.warns(CarecircleWarning, match="3 of 8 line ends"):
        grades_from_dem(roads, dem)


def test_a_missing_file_a_text_and_a_raster_without_crs_are_refused(tmp_path):
    plane(tmp_path / "bare.tif", crs=None)
    (tmp_path / "text.tif").write_text("hello")
    roads = street(0, 100)
    with pytest.raises(InputError, match="no such file"):
        grades_from_dem(roads, tmp_path / "none.tif")
    with pytest.raises(InputError, match="not a raster"):
        grades_from_dem(roads, tmp_path / "text.tif")
    with pytest.raises(CrsError, match=r"bare.tif: no CRS"):
        grades_from_dem(roads, tmp_path / "bare.tif")
    with pytest.raises(CrsError, match="grades need a projected CRS"):
        grades_from_dem(roads.to_crs(4326), tmp_path / "bare.tif")


def test_without_rasterio_the_message_says_what_to_install(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "rasterio"]:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__
    monkeypatch.setitem(sys.modules, "rasterio", None)
    assert builtins.__import__ is real
    with pytest.raises(MissingLibraryError, match='pip install "rasterio'):
        grades_from_dem(street(0, 100), tmp_path / "dem.tif")


def test_heights_of_nodes_give_the_grade_from_u_to_v():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)]),
        ("b", "a", [(100, 0), (0, 0)]),
        ("b", "c", [(100, 0), (100, 0)]),
        ("b", "x", [(100, 0), (200, 0)]),
    )
    grade = grades_from_nodes(roads, pd.Series({"a": 10.0, "b": 15.0, "c": 20.0}))
    assert grade.iloc[:2].tolist() == [0.05, -0.05]
    assert grade.isna().tolist() == [False, False, True, True]
