"""Every kind of bad input is named with table, record, value and fix, and loses nothing else."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carecircle.errors import CarecircleWarning, CrsError, InputError
from carecircle.inputs import tables
from carecircle.inputs.checks import check_records, with_kinds
from carecircle.inputs.contracts import CONTRACTS
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.records import SET_ASIDE, Records
from carecircle.inputs.source import Source

CRS = "EPSG:4545"
E, N = 500000.0, 4390000.0  # a place in the study's zone


def box(x=0, y=0, size=100):
    return shapely.box(E + x, N + y, E + x + size, N + y + size)


def areas_file(folder, shapes=None, crs=CRS, name="areas.gpkg", **columns):
    shapes = shapes or [box(), box(100)]
    n = len(shapes)
    base = {"area_id": [f"A{k}" for k in range(n)], "name": ["x"] * n, "kind": ["urban"] * n}
    frame = gpd.GeoDataFrame(base | columns, geometry=shapes, crs=crs)
    frame.to_file(folder / name)
    return folder / name


def csv_file(folder, text, name="t.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Source(path, crs=CRS)


def facility_rows(folder, *rows, head="facility_id,name,kind,x,y"):
    return csv_file(folder, "\n".join([head, *rows]) + "\n")


def read(reader, source, crs=CRS):
    log = IssueLog()
    return reader(source, crs=crs, log=log), log


def only(log, code):
    (issue,) = [issue for issue in log if issue.code == code]
    return issue


def refused(reader, source, code, crs=CRS):
    """The fatal issue of a table that cannot be used; the table comes back empty."""
    frame, log = read(reader, source, crs)
    assert len(frame) == 0
    assert frame.crs == crs
    (issue,) = log.of("fatal")
    assert issue.code == code
    return str(issue)


# --- files ---------------------------------------------------------------------------------------


def test_missing_file_names_the_file_that_looks_like_it(tmp_path):
    areas_file(tmp_path)
    text = refused(tables.read_areas, tmp_path / "area.gpkg", "no_such_file")
    assert "did you mean 'areas.gpkg'?" in text


def test_a_folder_is_no_file(tmp_path):
    assert "is a folder" in refused(tables.read_areas, tmp_path, "not_a_file")


@pytest.mark.parametrize(
    "suffix", ["gpkg", "geojson", "shp", "parquet", "fgb", "xlsx", "kml", "dat"]
)
def test_a_file_that_is_not_spatial_is_named(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(b"minutes of a meeting, nothing on a map")
    text = refused(tables.read_areas, path, "not_readable")
    assert path.name in text
    assert "damaged or not" in text or "missing beside it" in text


@pytest.mark.parametrize("suffix", ["gpkg", "csv", "osm.pbf"])
def test_an_empty_file_is_named(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    path.touch()
    source = Source(path, admin_level=8)
    assert "0 bytes" in refused(tables.read_areas, source, "empty_file")


def test_binary_rubbish_is_no_csv(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(bytes(range(256)) * 4)
    assert "utf-8" in refused(tables.read_homes, path, "not_readable")


def test_an_old_workbook_says_what_to_save_it_as(tmp_path):
    path = tmp_path / "t.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0")
    assert "save it as .xlsx" in refused(tables.read_homes, path, "format_unknown")


def test_an_empty_layer_of_areas_is_fatal(tmp_path):
    frame = gpd.read_file(areas_file(tmp_path)).iloc[:0]
    frame.to_file(tmp_path / "empty.gpkg")
    assert "no records in empty.gpkg" in refused(
        tables.read_areas, tmp_path / "empty.gpkg", "empty_table"
    )


def test_zero_facilities_are_a_warning_and_an_empty_table(tmp_path):
    facilities, log = read(tables.read_facilities, facility_rows(tmp_path))
    assert len(facilities) == 0
    assert only(log, "empty_table").severity == "warning"
    assert not log.of("fatal")


def test_an_unknown_layer_lists_the_layers(tmp_path):
    path = areas_file(tmp_path)
    text = refused(tables.read_areas, Source(path, layer="arreas"), "no_such_layer")
    assert "did you mean 'areas'?" in text
    assert "layers: areas" in text


def test_an_unknown_sheet_lists_the_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "住宅"
    book.save(tmp_path / "h.xlsx")
    text = refused(tables.read_homes, Source(tmp_path / "h.xlsx", layer="住"), "no_such_layer")
    assert "sheets: 住宅" in text


def test_a_truncated_extract_is_named(tmp_path):
    path = tmp_path / "t.osm.pbf"
    path.write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7c\x10")
    frame, log = read(tables.read_roads, path)
    assert len(frame) == 0
    assert "t.osm.pbf" in str(log.of("fatal")[0])


@pytest.mark.realdata
def test_a_real_extract_cut_in_half_is_refused(tmp_path, real_data):
    whole = (real_data / "osm/helsinki_centre_2019.osm.pbf").read_bytes()
    path = tmp_path / "half.osm.pbf"
    path.write_bytes(whole[: len(whole) // 2])
    for reader, source in (
        (tables.read_roads, path),
        (tables.read_facilities, Source(path, tags={"amenity": True}, values={"kind": "health"})),
        (tables.read_buildings, path),
    ):
        frame, log = read(reader, source, "EPSG:32635")
        assert len(frame) == 0
        (fatal,) = log.of("fatal")
        assert "half.osm.pbf" in str(fatal)
        assert "download the extract again" in fatal.fix


def test_roads_of_one_line_are_a_table_of_one_road(tmp_path):
    source = csv_file(tmp_path, f'highway,wkt\nresidential,"LINESTRING({E} {N}, {E + 100} {N})"\n')
    roads, log = read(tables.read_roads, source)
    assert roads.length.tolist() == [100]
    assert not log.of("error")


def test_an_extract_needs_to_be_told_which_features(tmp_path):
    path = tmp_path / "t.osm"
    path.write_text("<osm version='0.6'/>")
    assert "say tags" in refused(tables.read_facilities, path, "no_tags")


def test_a_shapefile_without_its_parts_says_which(tmp_path):
    path = areas_file(tmp_path, name="a.shp")
    (tmp_path / "a.shx").unlink()
    assert ".shx is missing" in refused(tables.read_areas, path, "not_readable")


# --- reference system ----------------------------------------------------------------------------


def test_no_crs_says_how_to_declare_one(tmp_path):
    path = areas_file(tmp_path, name="a.shp")
    (tmp_path / "a.prj").unlink()
    text = refused(tables.read_areas, path, "no_crs")
    assert 'crs = "EPSG:4547"' in text
    assert "x 500050 to 500150" in text


def test_longitudes_without_datum_name_the_choices(tmp_path):
    source = Source(facility_rows(tmp_path, "F1,a,station,106.8,39.6").file)
    text = refused(tables.read_facilities, source, "datum_missing")
    assert "wgs84, cgcs2000, gcj02, bd09" in text


def test_a_misspelt_datum_is_named(tmp_path):
    source = Source(facility_rows(tmp_path, "F1,a,station,106.8,39.6").file, datum="gcj-2")
    text = refused(tables.read_facilities, source, "unknown_datum")
    assert "did you mean 'gcj02'?" in text


def test_degrees_where_metres_are_declared_are_refused(tmp_path):
    source = facility_rows(tmp_path, "F1,a,station,106.8,39.6", "F2,b,station,106.9,39.7")
    text = refused(tables.read_facilities, source, "degrees_not_metres")
    assert "x 106.8 to 106.9" in text


def test_metres_where_degrees_are_declared_are_refused(tmp_path):
    rows = facility_rows(tmp_path, f"F1,a,station,{E},{N}")
    text = refused(tables.read_facilities, Source(rows.file, crs="EPSG:4326"), "metres_not_degrees")
    assert "beyond 180 and 90" in text


@pytest.mark.parametrize(
    ("crs", "reason"),
    [
        ("EPSG:4326", "is in degrees"),
        ("EPSG:3857", "stretches lengths"),
        ("EPSG:2263", "US survey foot"),
        ("EPSG:999999", "is not known"),
        ("Wuhai", "is not known"),
    ],
)
def test_a_study_crs_that_is_not_in_metres_is_refused_with_one_that_fits(tmp_path, crs, reason):
    path = areas_file(tmp_path)
    with pytest.raises(CrsError, match=reason) as caught:
        tables.read_areas(path, crs=crs)
    assert "EPSG:4545 (CGCS2000, 3-degree zone of 108 E) or EPSG:32649" in str(caught.value)


def test_a_study_crs_of_another_part_of_the_world_is_refused(tmp_path):
    text = refused(tables.read_areas, areas_file(tmp_path), "crs_does_not_fit", crs="EPSG:32630")
    assert "EPSG:4545" in text


def test_swapped_columns_are_refused_with_evidence(tmp_path):
    rows = facility_rows(tmp_path, "F1,a,station,39.6,106.8", "F2,b,station,39.7,106.9")
    text = refused(tables.read_facilities, Source(rows.file, datum="wgs84"), "swapped_coordinates")
    assert "2 of 2 records make sense only with x and y exchanged" in text
    assert "F1: x 39.6, y 106.8" in text


def test_one_swapped_record_is_set_aside_and_the_others_stay(tmp_path):
    rows = facility_rows(
        tmp_path, "F1,a,station,106.8,39.6", "F2,b,station,39.7,106.9", "F3,c,station,106.8,39.7"
    )
    facilities, log = read(tables.read_facilities, Source(rows.file, datum="wgs84"))
    assert facilities.index.tolist() == ["F1", "F3"]
    issue = only(log, "swapped_coordinates")
    assert (issue.severity, issue.record, issue.found) == ("error", "F2", "x 39.7, y 106.9")


def test_easting_and_northing_in_survey_order_are_refused(tmp_path):
    """In Chinese surveying X is the northing."""
    text = refused(
        tables.read_facilities,
        facility_rows(tmp_path, f"F1,a,station,{N},{E}"),
        "swapped_coordinates",
    )
    assert "x 4390000, y 500000" in text


def test_a_zone_number_before_the_easting_names_the_crs_that_fits(tmp_path):
    rows = facility_rows(tmp_path, f"F1,a,station,{36e6 + E},{N}")
    text = refused(tables.read_facilities, rows, "outside_crs")
    assert "EPSG:4524" in text  # CGCS2000, 3-degree zone 36
    good, _ = read(tables.read_facilities, Source(rows.file, crs="EPSG:4524"))
    assert good.get_coordinates().round(3).to_numpy().tolist() == [[E, N]]


def test_one_place_off_the_map_is_set_aside(tmp_path):
    rows = facility_rows(tmp_path, f"F1,a,station,{36e6 + E},{N}", f"F2,b,station,{E},{N}",
                         f"F3,c,station,{E},{N + 9}")  # fmt: skip
    facilities, log = read(tables.read_facilities, rows)
    assert facilities.index.tolist() == ["F2", "F3"]
    assert only(log, "outside_crs").record == "F1"


def test_geojson_in_metres_may_be_given_its_crs(tmp_path):
    """The format itself knows only degrees, and files break that rule every day."""
    path = tmp_path / "h.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"h1"},'
        f'"geometry":{{"type":"Point","coordinates":[{E},{N}]}}}}]}}'
    )
    refused(tables.read_homes, path, "metres_not_degrees")
    homes, log = read(tables.read_homes, Source(path, crs=CRS))
    assert homes.get_coordinates().to_numpy().tolist() == [[E, N]]
    assert only(log, "crs_differs").severity == "warning"


def test_a_crs_said_against_the_files_own_is_a_warning(tmp_path):
    areas, log = read(tables.read_areas, Source(areas_file(tmp_path), crs="EPSG:32649"))
    assert len(areas) == 2
    assert "the file says CGCS2000" in only(log, "crs_differs").found


@pytest.mark.parametrize(
    ("place", "code"), [("0,0", "zero_coordinates"), ("106.8,99", "no_such_place")]
)
def test_an_impossible_place_is_named(tmp_path, place, code):
    rows = facility_rows(tmp_path, f"F1,a,station,{place}", "F2,b,station,106.8,39.6",
                         "F3,c,station,106.8,39.7")  # fmt: skip
    facilities, log = read(tables.read_facilities, Source(rows.file, datum="wgs84"))
    assert facilities.index.tolist() == ["F2", "F3"]
    assert only(log, code).record == "F1"


# --- headings ------------------------------------------------------------------------------------


def test_a_misspelt_heading_names_the_nearest(tmp_path):
    source = facility_rows(tmp_path, f"F1,a,station,{E},{N}", head="facility_id,name,kindd,x,y")
    text = refused(tables.read_facilities, source, "missing_column")
    assert "did you mean 'kindd'?" in text
    assert "found: facility_id, name, kindd, x, y" in text


def test_all_missing_columns_are_named_at_once(tmp_path):
    source = csv_file(tmp_path, f"foo,x,y\n1,{E},{N}\n")
    _, log = read(tables.read_facilities, source)
    assert [issue.field for issue in log.of("fatal")] == ["facility_id", "name", "kind"]


def test_a_mapping_to_an_absent_heading_names_the_nearest(tmp_path):
    path = areas_file(tmp_path, HH_2020=[1, 2])
    source = Source(path, columns={"households": "HH_2021"})
    text = refused(tables.read_areas, source, "mapped_heading_missing")
    assert "did you mean 'HH_2020'?" in text


def test_a_mapping_of_an_unknown_column_names_the_nearest(tmp_path):
    source = Source(areas_file(tmp_path), columns={"household": "name"})
    assert "did you mean 'households'?" in refused(tables.read_areas, source, "unknown_column")


def test_a_table_without_coordinates_says_which_columns_it_needs(tmp_path):
    source = csv_file(tmp_path, "home_id,population\n1,5\n")
    text = refused(tables.read_homes, source, "no_coordinates")
    assert "lon and lat (经度, 纬度)" in text


def test_a_misspelt_coordinate_column_names_the_nearest(tmp_path):
    rows = facility_rows(tmp_path, f"F1,a,station,{E},{N}", head="id,name,kind,easting,northing")
    source = Source(rows.file, crs=CRS, x="eastin", y="northing")
    text = refused(tables.read_facilities, source, "mapped_heading_missing")
    assert "did you mean 'easting'?" in text


def test_a_filter_on_an_unknown_heading_lists_the_headings(tmp_path):
    source = Source(areas_file(tmp_path), where="hh > 5")
    assert "area_id, name, kind" in refused(tables.read_areas, source, "filter_failed")


# --- sheets --------------------------------------------------------------------------------------


def workbook(folder, *rows, merge=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merge:
        book.active.merge_cells(cells)
    book.save(folder / "h.xlsx")
    return Source(folder / "h.xlsx", crs=CRS)


def test_titles_merged_headings_notes_and_totals_are_passed_over_and_named(tmp_path):
    source = workbook(
        tmp_path,
        ["乌海市住宅清单"],
        ["住宅编号", "位置", None, "人口情况", None],
        [None, "x", "y", "常住人口", "老年人口"],
        ["h1", E, N, 20, 5],
        ["h2", E + 1, N, 30, 6],
        ["合计", None, None, 50, 11],
        ["注：数据截至2024年底"],
        merge=["A1:E1", "A2:A3", "B2:C2", "D2:E2"],
    )
    homes, log = read(tables.read_homes, source)
    assert homes["population"].to_dict() == {"h1": 20, "h2": 30}
    assert only(log, "title_rows").found.startswith("乌海市住宅清单")
    assert only(log, "merged_heading").used == "住宅编号, x, y, 常住人口, 老年人口"
    assert only(log, "closing_rows").found == "合计 50 11 | 注：数据截至2024年底"


def test_a_heading_whose_upper_row_names_most_columns_is_joined(tmp_path):
    source = workbook(
        tmp_path,
        ["住宅编号", "x", "y", "人口情况", None],
        [None, None, None, "常住人口", "老年人口"],
        ["h1", E, N, 20, 5],
    )
    homes, _ = read(tables.read_homes, source)
    assert homes[["population", "elders"]].to_numpy().tolist() == [[20, 5]]


def test_a_first_record_made_of_known_words_is_no_heading(tmp_path):
    """ "社区" is a heading of names and a value of the kind."""
    wkt = f"POLYGON(({E} {N},{E + 9} {N},{E} {N + 9},{E} {N}))"
    source = csv_file(tmp_path, f'编码,名称,类型,wkt\nA1,海馨,社区,"{wkt}"\nA2,团结,村,"{wkt}"\n')
    areas, _ = read(tables.read_areas, source)
    assert areas["kind"].to_dict() == {"A1": "urban", "A2": "rural"}


def test_a_note_between_records_is_not_lost(tmp_path):
    source = workbook(
        tmp_path, ["home_id", "x", "y", "pop"], ["h1", E, N, 2], ["待核实"], ["h2", E + 1, N, 3]
    )
    homes, log = read(tables.read_homes, source)
    assert set(homes.index) == {"h1", "h2", "待核实"}  # homes stay, without a place
    assert only(log, "no_geometry").record == "待核实"


def test_a_home_at_the_end_without_place_is_kept(tmp_path):
    source = workbook(
        tmp_path, ["home_id", "x", "y", "pop"], ["h1", E, N, 2], ["h2", None, None, 3]
    )
    homes, _ = read(tables.read_homes, source)
    assert homes["population"].sum() == 5


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("-5", "negative_number"),
        ("many", "not_a_number"),
        ("300㎡", "not_a_number"),
        ("inf", "infinite_number"),
        ("1e30", "absurd_number"),
        ("1_000", "not_a_number"),
    ],
)
def test_a_bad_number_is_missing_and_its_record_stays(tmp_path, value, code):
    source = facility_rows(tmp_path, f"F1,a,station,{E},{N},{value}", f"F2,b,station,{E},{N},7",
                           head="id,name,kind,x,y,beds")  # fmt: skip
    facilities, log = read(tables.read_facilities, source)
    assert facilities["beds"].isna().to_dict() == {"F1": True, "F2": False}
    issue = only(log, code)
    assert (issue.severity, issue.record, issue.field) == ("error", "F1", "beds")
    assert issue.used == "missing"
    assert "beds of this record is unknown" in issue.effect


@pytest.mark.parametrize(("heading", "value", "code"), [
    ("启用日期", "2024-02-30", "not_a_date"),
    ("启用日期", "next spring", "not_a_date"),
    ("兜底", "perhaps", "not_yes_or_no"),
])  # fmt: skip
def test_a_bad_date_or_flag_is_missing_and_its_record_stays(tmp_path, heading, value, code):
    source = facility_rows(tmp_path, f"F1,a,station,{E},{N},{value}",
                           head=f"id,name,kind,x,y,{heading}")  # fmt: skip
    facilities, log = read(tables.read_facilities, source)
    assert len(facilities) == 1
    assert only(log, code).found == value


@pytest.mark.parametrize(
    ("heading", "value", "code", "hint"),
    [
        ("kind", "day_car", "unknown_kind", "did you mean 'day_care'?"),
        ("kind", "日间照料中", "unknown_kind", "did you mean '日间照料中心'?"),
        ("kind", "", "no_kind", "known: station"),
        ("status", "operatng", "unknown_status", "did you mean 'operating'?"),
        ("status", "zzz", "unknown_status", "known: operating, building, planned, closed"),
    ],
)
def test_an_unknown_kind_or_status_sets_the_record_aside(tmp_path, heading, value, code, hint):
    good = {"kind": "station", "status": "planned"}
    row = good | {heading: value}
    source = facility_rows(
        tmp_path, f"F1,a,{row['kind']},{E},{N},{row['status']}", f"F2,b,station,{E},{N},planned",
        head="id,name,kind,x,y,status",
    )  # fmt: skip
    facilities, log = read(tables.read_facilities, source)
    assert facilities.index.tolist() == ["F2"]
    issue = only(log, code)
    assert (issue.severity, issue.record, issue.effect) == ("error", "F1", SET_ASIDE)
    assert hint in str(issue)


def test_an_unknown_area_kind_says_how_many_people_are_lost(tmp_path):
    path = areas_file(tmp_path, kind=["urban", "urbann"], population=[10, 1204])
    areas, log = read(tables.read_areas, path)
    assert areas.index.tolist() == ["A0"]
    assert only(log, "unknown_kind").effect == f"{SET_ASIDE}, 1,204 people not counted"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"elders": [11, 1], "population": [10, 5]}, "elders_exceed_population"),
        ({"elders80": [11, 1], "elders": [10, 5]}, "elders80_exceed_elders"),
        ({"households": [0, 1], "elders": [3, 0]}, "elders_without_households"),
        ({"households": [9, 1], "population": [3, 4]}, "households_exceed_population"),
    ],
)
def test_columns_that_contradict_each_other_are_warned_of_and_used(tmp_path, columns, code):
    areas, log = read(tables.read_areas, areas_file(tmp_path, **columns))
    assert len(areas) == 2
    issue = only(log, code)
    assert (issue.severity, issue.record, issue.used) == ("warning", "A0", "both")


def test_duplicate_ids_name_all_rows_and_keep_the_first(tmp_path):
    source = facility_rows(tmp_path, f"F1,a,station,{E},{N}", f"F2,b,station,{E},{N}",
                           f"F1,c,station,{E},{N}", f"F1,d,station,{E},{N}")  # fmt: skip
    facilities, log = read(tables.read_facilities, source)
    assert facilities["name"].to_dict() == {"F1": "a", "F2": "b"}
    twins = [issue for issue in log if issue.code == "duplicate_id"]
    assert [issue.severity for issue in twins] == ["warning", "error", "error"]
    assert {issue.found for issue in twins} == {"rows 2, 4, 5"}


def test_a_usable_record_is_kept_before_an_unusable_one_of_its_id(tmp_path):
    source = facility_rows(tmp_path, "F1,a,station,,", f"F1,b,station,{E},{N}")
    facilities, _ = read(tables.read_facilities, source)
    assert facilities["name"].tolist() == ["b"]


def test_one_place_and_name_under_two_ids_is_warned_of(tmp_path):
    source = facility_rows(tmp_path, f"F1,a,station,{E},{N}", f"F2,a,station,{E},{N}",
                           f"F3,b,station,{E},{N}")  # fmt: skip
    facilities, log = read(tables.read_facilities, source)
    assert len(facilities) == 3
    twins = [issue for issue in log if issue.code == "same_place_and_name"]
    assert [(issue.record, issue.found) for issue in twins] == [("F1", "F1, F2"), ("F2", "F1, F2")]


def test_a_record_without_id_is_called_by_its_row(tmp_path):
    source = facility_rows(tmp_path, f"F1,a,station,{E},{N}", f",b,station,{E},{N}")
    facilities, log = read(tables.read_facilities, source)
    assert facilities.index.tolist() == ["F1", "row3"]
    assert only(log, "no_id").used == "row3"


@pytest.mark.parametrize(
    ("heading", "value", "code"),
    [("floor_m2", "0.12", "small_floor_area"), ("beds", "3.5", "fraction_in_a_count")],
)
def test_a_value_in_a_suspect_unit_is_warned_of_and_used(tmp_path, heading, value, code):
    source = facility_rows(tmp_path, f"F1,a,station,{E},{N},{value}",
                           head=f"id,name,kind,x,y,{heading}")  # fmt: skip
    facilities, log = read(tables.read_facilities, source)
    assert facilities[heading].tolist() == [float(value)]
    assert only(log, code).severity == "warning"


def test_a_constant_whose_name_is_almost_a_column_is_named(tmp_path):
    source = Source(areas_file(tmp_path), values={"populaton": 3})
    _, log = read(tables.read_areas, source)
    assert "did you mean 'population'?" in only(log, "unknown_column").fix


# --- geometry ------------------------------------------------------------------------------------

BOW = shapely.Polygon([(E, N), (E + 100, N + 100), (E + 100, N), (E, N + 100)])


@pytest.mark.parametrize(
    ("shape", "code", "text"),
    [
        (None, "no_geometry", "none"),
        (shapely.Polygon(), "no_geometry", "empty"),
        (shapely.Point(E, N), "wrong_geometry_type", "Point"),
        (shapely.LineString([(E, N), (E + 1, N)]), "wrong_geometry_type", "LineString"),
    ],
)
def test_an_area_without_a_usable_outline_is_set_aside(tmp_path, shape, code, text):
    frame = gpd.GeoDataFrame(
        {"area_id": ["A0", "A1"], "name": "x", "kind": "urban"}, geometry=[box(), shape], crs=CRS
    )
    frame.to_parquet(tmp_path / "a.parquet")
    areas, log = read(tables.read_areas, tmp_path / "a.parquet")
    assert areas.index.tolist() == ["A0"]
    issue = only(log, code)
    assert (issue.severity, issue.record, issue.found) == ("error", "A1", text)
    assert issue.effect.startswith(SET_ASIDE)


def test_a_self_crossing_area_is_used_mended_with_where_and_how_much(tmp_path):
    areas, log = read(tables.read_areas, areas_file(tmp_path, [box(), BOW]))
    assert areas.is_valid.all()
    assert areas.area.tolist() == [10000, 5000]
    issue = only(log, "self_crossing")
    assert (issue.severity, issue.record) == ("warning", "A1")
    assert "Self-intersection[500050 4390050]" in issue.found
    assert "5,000 m2 (drawn 0 m2)" in issue.effect


def test_a_self_crossing_facility_is_set_aside(tmp_path):
    frame = gpd.GeoDataFrame(
        {"id": ["F1"], "name": ["a"], "kind": ["station"]}, geometry=[BOW], crs=CRS
    )
    frame.to_file(tmp_path / "f.gpkg")
    facilities, log = read(tables.read_facilities, tmp_path / "f.gpkg")
    assert len(facilities) == 0
    assert only(log, "self_crossing").severity == "error"


def test_height_is_dropped_with_a_note(tmp_path):
    path = areas_file(tmp_path, [shapely.force_3d(box(), 1090.0)])
    areas, log = read(tables.read_areas, path)
    assert not areas.has_z.any()
    assert only(log, "height_dropped").found == "1 records in 3D"


def test_a_multipoint_of_one_is_a_point_and_of_two_is_wrong(tmp_path):
    shapes = [shapely.MultiPoint([(E, N)]), shapely.MultiPoint([(E, N), (E + 9, N)])]
    frame = gpd.GeoDataFrame(
        {"id": ["F1", "F2"], "name": "a", "kind": "station"}, geometry=shapes, crs=CRS
    )
    frame.to_file(tmp_path / "f.gpkg")
    facilities, log = read(tables.read_facilities, tmp_path / "f.gpkg")
    assert facilities.geom_type.to_dict() == {"F1": "Point"}
    assert only(log, "wrong_geometry_type").record == "F2"


def test_a_road_without_length_is_set_aside(tmp_path):
    shapes = [shapely.LineString([(E, N), (E, N)]), shapely.LineString([(E, N), (E + 1, N)])]
    gpd.GeoDataFrame({"highway": "path"}, geometry=shapes, crs=CRS, index=[0, 1]).to_file(
        tmp_path / "r.gpkg"
    )
    roads, log = read(tables.read_roads, tmp_path / "r.gpkg")
    assert roads.index.tolist() == ["r2"]
    assert only(log, "no_extent").record == "r1"


def test_an_unreadable_shape_in_a_layer_stops_nothing_else(tmp_path):
    path = tmp_path / "a.geojson"
    ring = "[[106.8,39.6],[106.9,39.6],[106.9,39.7],[106.8,39.6]]"
    path.write_text(
        '{"type":"FeatureCollection","features":['
        '{"type":"Feature","properties":{"id":"A1","name":"a","kind":"urban"},'
        '"geometry":{"type":"Polygon","coordinates":[[[106.8,39.6],[106.9,39.6]]]}},'
        '{"type":"Feature","properties":{"id":"A2","name":"b","kind":"urban"},'
        f'"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}'
    )
    areas, log = read(tables.read_areas, path)
    assert areas.index.tolist() == ["A2"]
    assert only(log, "no_geometry").record == "A1"


@pytest.mark.parametrize("row", ["h1,,,12", "h1,abc,39.6,12", "h1,39.6,106.8,12", "h1,0,0,12"])
def test_a_home_without_a_usable_place_stays_because_its_people_count(tmp_path, row):
    path = csv_file(
        tmp_path, f"home_id,lon,lat,pop\n{row}\nh2,106.8,39.6,5\nh3,106.8,39.7,1\n"
    ).file
    homes, log = read(tables.read_homes, Source(path, datum="wgs84"))
    assert homes["population"].sum() == 18
    assert homes.geometry.isna().to_dict() == {"h1": True, "h2": False, "h3": False}
    (issue,) = log.of("warning")
    assert issue.effect == "kept without a place: 12 people not assessed"


def test_bad_wkt_is_quoted(tmp_path):
    source = csv_file(
        tmp_path, f"id,name,kind,wkt\nF1,a,station,POINT({E}\nF2,b,station,POINT({E} {N})\n"
    )
    facilities, log = read(tables.read_facilities, source)
    assert facilities.index.tolist() == ["F2"]
    assert only(log, "bad_wkt").found == f"POINT({E}"


# --- hearing about it ----------------------------------------------------------------------------


def test_without_a_log_errors_raise_all_at_once(tmp_path):
    source = facility_rows(tmp_path, f"F1,a,statio,{E},{N}", "F2,b,station,,")
    with pytest.raises(InputError) as caught:
        tables.read_facilities(source, crs=CRS)
    assert "F1, kind: unknown kind (statio)" in str(caught.value)
    assert "F2, geometry: no geometry" in str(caught.value)


def test_without_a_log_warnings_warn(tmp_path):
    with pytest.warns(CarecircleWarning, match="elders exceed population"):
        tables.read_areas(areas_file(tmp_path, elders=[9, 1], population=[1, 9]), crs=CRS)


# --- the law: nothing is lost ---------------------------------------------------------------------

dirt = st.sampled_from(
    ["", "--", "-5", "7", "1,204", "many", "inf", "1e30", "station", "urban", "F1", "合计", "0"]
)
places = st.sampled_from([f"{E},{N}", ",", "abc,1", f"{E}1,{N}", f"{E},{N + 5}", "inf,2"])
rows = st.lists(st.tuples(dirt, dirt, dirt, places, dirt), min_size=1, max_size=12)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows)
def test_every_record_is_returned_or_listed_as_set_aside_exactly_once(rows):
    contract = with_kinds(CONTRACTS["facilities"], None)
    head = ["facility_id", "name", "kind", "place", "beds"]
    frame = pd.DataFrame(rows, columns=head).replace("", None)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    xy = frame["place"].str.split(",", expand=True).apply(pd.to_numeric, errors="coerce")
    shapes = [shapely.Point(x, y) if np.isfinite([x, y]).all() else None for x, y in xy.to_numpy()]
    raw = gpd.GeoDataFrame(frame.drop(columns="place"), geometry=shapes, crs=CRS)
    log = IssueLog()
    kept = check_records(Records(contract, raw.copy(), log), {})
    lost = [issue for issue in log if issue.effect.startswith(SET_ASIDE)]
    assert len(kept) + len(lost) == len(raw)
    assert kept.index.is_unique
    assert all(issue.severity == "error" and issue.record for issue in lost)
    assert kept["beds"].dropna().between(0, 1e5).all()


@settings(max_examples=40, deadline=None)
@given(rows=rows)
def test_homes_are_never_lost_except_as_copies(rows):
    head = ["home_id", "area_id", "population", "place", "elders"]
    frame = pd.DataFrame(rows, columns=head).replace("", None)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    raw = gpd.GeoDataFrame(frame.drop(columns="place"), geometry=[None] * len(frame), crs=CRS)
    log = IssueLog()
    kept = check_records(Records(CONTRACTS["homes"], raw, log), {})
    lost = [issue for issue in log if issue.effect.startswith(SET_ASIDE)]
    assert len(kept) + len(lost) == len(raw)
    assert {issue.code for issue in lost} <= {"duplicate_id"}


def test_ten_thousand_problems_are_each_listed(tmp_path):
    n = 10_000
    frame = pd.DataFrame(
        {"home_id": np.arange(n).astype(str), "x": E + np.arange(n), "y": N, "population": -1.0}
    )
    frame.to_csv(tmp_path / "h.csv", index=False)
    homes, log = read(tables.read_homes, Source(tmp_path / "h.csv", crs=CRS))
    assert len(homes) == n
    assert len({issue.record for issue in log if issue.code == "negative_number"}) == n
