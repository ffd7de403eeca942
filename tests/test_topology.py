"""Areas against each other, and homes and facilities against areas."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from carecircle.errors import CrsError
from carecircle.inputs.homes import homes_from_buildings
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.topology import assign_areas, check_areas, check_together

CRS = "EPSG:4545"


def frame(shapes, name="area_id", **columns):
    result = gpd.GeoDataFrame(columns, geometry=list(shapes.values()), index=list(shapes), crs=CRS)
    result.index.name = name
    return result


def areas_of(**shapes):
    return frame(shapes)


def box(x, y, width=100, height=100):
    return shapely.box(x, y, x + width, y + height)


def checked(areas):
    log = IssueLog()
    check_areas(areas, log)
    return log


def together(areas, facilities, homes):
    log = IssueLog()
    check_together(areas, facilities, homes, log)
    return log


def test_areas_that_tile_the_plane_give_no_issue():
    assert checked(areas_of(A=box(0, 0), B=box(100, 0), C=box(0, 100, 200))) == []


def test_overlap_names_both_areas_and_its_size():
    (issue,) = checked(areas_of(A=box(0, 0), B=box(90, 0)))
    assert (issue.code, issue.severity, issue.record) == ("overlap", "warning", "A;B")
    assert "1,000 m2 in both" in issue.found  # 10 m x 100 m


def test_thin_overlap_is_a_note():
    (issue,) = checked(areas_of(A=box(0, 0), B=box(99.5, 0)))  # 0.5 m x 100 m = 50 m2
    assert (issue.code, issue.severity) == ("overlap_sliver", "note")
    assert "50 m2" in issue.found


def test_overlap_under_one_square_metre_is_rounding():
    assert checked(areas_of(A=box(0, 0), B=box(99.995, 0))) == []  # 0.5 m2


def test_each_of_three_overlapping_areas_is_named_once_per_pair():
    log = checked(areas_of(A=box(0, 0), B=box(50, 0), C=box(50, 50)))
    assert sorted(issue.record for issue in log) == ["A;B", "A;C", "B;C"]


def test_gap_names_its_neighbours_and_its_size():
    ring = {"S": box(0, 0, 300), "N": box(0, 200, 300), "W": box(0, 100), "E": box(200, 100)}
    (issue,) = checked(areas_of(**ring))  # the middle cell of nine is empty
    assert (issue.code, issue.severity) == ("gap", "warning")
    assert set(issue.record.split(";")) == {"S", "N", "W", "E"}
    assert "10,000 m2 belong to no area" in issue.found


def test_thin_gap_is_a_note():
    left, right = box(0, 0, 100, 300), box(100.2, 0, 100, 300)
    log = checked(areas_of(A=left, B=right, C=box(0, 300, 201, 10), D=box(0, -10, 201, 10)))
    assert [(issue.code, issue.severity) for issue in log] == [("gap_sliver", "note")]
    assert "60 m2" in log[0].found  # 0.2 m x 300 m


def test_exclaves_and_enclaves_are_no_gaps():
    outer = shapely.difference(box(0, 0, 300, 300), box(100, 100))
    exclave = shapely.MultiPolygon([outer, box(1000, 0)])
    assert checked(areas_of(A=exclave, B=box(100, 100))) == []


def test_checking_areas_changes_nothing():
    areas = areas_of(A=box(0, 0), B=box(90, 0))
    before = areas.copy(deep=True)
    checked(areas)
    assert areas.equals(before)


def test_a_point_on_a_boundary_belongs_to_the_lowest_id_whatever_the_order():
    areas = areas_of(B=box(100, 0), A=box(0, 0))
    points = frame({"edge": shapely.Point(100, 50), "in": shapely.Point(150, 50)}, "home_id")
    for table in (areas, areas.iloc[::-1]):
        assert assign_areas(points, table).to_dict() == {"edge": "A", "in": "B"}


def test_a_point_outside_or_without_place_has_no_area():
    points = frame({"far": shapely.Point(999, 0), "none": None}, "home_id")
    log = IssueLog()
    found = assign_areas(points, areas_of(A=box(0, 0)), log)
    assert found.isna().all()
    assert [(issue.code, issue.record) for issue in log] == [("outside_areas", "far")]


def test_assigning_across_two_crs_is_refused():
    points = frame({"h": shapely.Point(1, 1)}).to_crs("EPSG:32648")
    with pytest.raises(CrsError, match="EPSG:32648 and EPSG:4545"):
        assign_areas(points, areas_of(A=box(0, 0)))


def test_many_points_on_a_grid_are_counted_once():
    cells = {f"c{i}{j}": box(100 * i, 100 * j) for i in range(5) for j in range(5)}
    xy = np.stack(np.meshgrid(np.arange(0, 501, 10), np.arange(0, 501, 10)), -1).reshape(-1, 2)
    points = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=CRS)
    counts = assign_areas(points, frame(cells)).value_counts()
    assert counts.sum() == 51 * 51
    assert counts["c00"] == 121  # its own corner: 11 x 11
    assert counts["c44"] == 100  # its lower and left edges went to lower ids


@pytest.fixture
def town():
    areas = areas_of(A=box(0, 0), B=box(100, 0))
    areas["population"] = [500.0, 300.0]
    facilities = frame({"F1": shapely.Point(50, 50)}, "facility_id")
    homes = frame({"h1": shapely.Point(10, 10), "h2": shapely.Point(110, 10)}, "home_id")
    return areas, facilities, homes


def test_a_sound_town_gives_no_issue(town):
    assert together(*town) == []


def test_no_facilities_is_a_warning_that_says_what_it_means(town):
    areas, facilities, homes = town
    (issue,) = together(areas, facilities.iloc[:0], homes)
    assert (issue.code, issue.severity) == ("no_facilities", "warning")
    assert "all 2 homes count as uncovered" in str(issue)


@pytest.mark.parametrize("table", ["facilities", "homes"])
def test_a_place_outside_all_areas_is_named(town, table):
    areas, facilities, homes = town
    away = frame({"X9": shapely.Point(50, 900)}, "facility_id")
    if table == "facilities":
        facilities = gpd.pd.concat([facilities, away])
    else:
        homes = gpd.pd.concat([homes, away])
    (issue,) = together(areas, facilities, homes)
    assert (issue.code, issue.table, issue.record) == ("outside_areas", table, "X9")
    assert "at 50, 900" in issue.found


def test_a_building_outside_all_areas_is_reported_once(town):
    areas, facilities, _ = town
    log = IssueLog()
    spots = {
        "b1": shapely.Point(10, 10),
        "b2": shapely.Point(110, 10),
        "X9": shapely.Point(50, 900),
    }
    homes = homes_from_buildings(frame(spots, "building_id"), areas, log=log)
    check_together(areas, facilities, homes, log)
    (issue,) = [issue for issue in log if issue.code == "outside_areas"]
    assert (issue.table, issue.found) == ("buildings", "1: X9")


def test_a_home_that_names_an_area_and_lies_in_none_is_told_beside_buildings_in_none(town):
    areas, facilities, _ = town
    log = IssueLog()
    spots = {
        "b1": shapely.Point(10, 10),
        "X8": shapely.Point(50, 900),
        "X9": shapely.Point(50, 900),
    }
    buildings = frame(spots, "building_id").assign(area_id=["A", "B", None])
    homes = homes_from_buildings(buildings, areas, log=log)
    check_together(areas, facilities, homes, log)
    told = [(issue.table, issue.record) for issue in log if issue.code == "outside_areas"]
    assert told == [("buildings", ""), ("homes", "X8")]


def test_home_of_an_unknown_area_is_named(town):
    areas, facilities, homes = town
    homes["area_id"] = ["A", "Z"]
    log = together(areas, facilities, homes)
    assert [(i.code, i.record, i.found) for i in log if i.table == "homes"] == [
        ("unknown_area", "h2", "Z")
    ]


def test_home_that_lies_in_another_area_is_named(town):
    areas, facilities, homes = town
    homes["area_id"] = ["B", "B"]
    first, second = together(areas, facilities, homes)
    assert (first.code, first.record, first.found) == (
        "lies_in_another_area", "h1", "B, but lies in A",
    )  # fmt: skip
    assert (second.code, second.record) == ("no_homes", "A")


def test_area_without_homes_says_how_many_people_are_not_assessed(town):
    areas, facilities, homes = town
    (issue,) = together(areas, facilities, homes.iloc[:1])
    assert (issue.code, issue.record) == ("no_homes", "B")
    assert "300 people not assessed" in str(issue)


def test_unknown_area_in_serves_is_named(town):
    areas, facilities, homes = town
    facilities["serves"] = ["A;Q7"]
    (issue,) = together(areas, facilities, homes)
    assert (issue.code, issue.record, issue.field, issue.found) == (
        "unknown_area", "F1", "serves", "Q7",
    )  # fmt: skip


def test_a_table_with_exchanged_axes_is_found_by_where_it_falls():
    """Both orders are possible places, so only the areas can tell."""
    areas = gpd.GeoDataFrame(
        {"name": ["A"]}, geometry=[shapely.box(16.0, 48.0, 16.1, 48.1)], index=["A"], crs=4326
    ).to_crs("EPSG:32633")
    wrong = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy([48.05, 48.06], [16.05, 16.06]), index=["h1", "h2"], crs=4326
    ).to_crs("EPSG:32633")
    log = together(areas, wrong, wrong)
    assert [(i.code, i.table) for i in log if i.severity == "error"] == [
        ("swapped_coordinates", "facilities"),
        ("swapped_coordinates", "homes"),
    ]
    assert "2 of them lie among the areas with longitude and latitude exchanged" in log[0].found
