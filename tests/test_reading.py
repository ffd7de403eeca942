"""Every format, heading and datum leads to the same checked table."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from carecircle.inputs import tables
from carecircle.inputs.contracts import CONTRACTS
from carecircle.inputs.datums import from_wgs84
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.source import Source

if TYPE_CHECKING:
    from pathlib import Path

CRS = "EPSG:4545"


def town():
    """Two communities of 100 m side by side, as a file of the civil-affairs bureau has them."""
    return gpd.GeoDataFrame(
        {
            "社区代码": ["001", "002"],
            "名称": ["海馨社区", "团结村"],
            "城乡": ["城镇", "农村"],
            "家庭户数": [400, 120],
            "备注": ["甲", "乙"],
        },
        geometry=[shapely.box(x, 439e4, x + 100, 4390100) for x in (500000, 500100)],
        crs=CRS,
    )  # fmt: skip


def read(reader, source, **options):
    log = IssueLog()
    return reader(source, crs=CRS, log=log, **options), log


def codes(log, *severities):
    return [issue.code for issue in log if not severities or issue.severity in severities]


def write(folder, suffix):
    path = folder / f"areas.{suffix}"
    if suffix == "parquet":
        town().to_parquet(path)
    elif suffix == "geojson":
        town().to_crs("EPSG:4326").to_file(path)
    elif suffix == "kml":
        town().to_crs("EPSG:4326").to_file(path, driver="KML")
    elif suffix == "shp":
        town().to_file(path, encoding="gbk")
        path.with_suffix(".cpg").unlink()
    elif suffix in ("csv", "xlsx"):
        table = pd.DataFrame(town().drop(columns="geometry")).assign(
            wkt=town().to_wkt()["geometry"]
        )
        table.to_csv(path, index=False) if suffix == "csv" else table.to_excel(path, index=False)
        return Source(path, crs=CRS)
    else:
        town().to_file(path)
    return Source(path)


@pytest.mark.parametrize(
    "suffix", ["gpkg", "geojson", "shp", "parquet", "fgb", "kml", "csv", "xlsx"]
)
def test_every_format_gives_the_same_areas(tmp_path, suffix):
    areas, log = read(tables.read_areas, write(tmp_path, suffix))
    assert not codes(log, "fatal", "error", "warning")
    areas = areas.sort_index()  # FlatGeobuf orders by place
    assert areas.index.tolist() == ["001", "002"]
    assert areas.index.name == "area_id"
    assert areas["name"].tolist() == ["海馨社区", "团结村"]
    assert areas["kind"].tolist() == ["urban", "rural"]
    assert areas["households"].tolist() == [400, 120]
    assert areas["备注"].tolist() == ["甲", "乙"]  # other columns stay
    assert areas["population"].isna().all()  # unknown, not zero
    assert areas.crs == CRS
    assert areas.area.round(1).tolist() == [10000, 10000]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_csv_of_every_encoding_reads_alike(tmp_path, encoding):
    path = tmp_path / "f.csv"
    path.write_bytes(
        "编号,名称,类型,经度,纬度\n007,海馨站,日间照料中心,106.8,39.6\n".encode(encoding)
    )
    facilities, log = read(tables.read_facilities, Source(path, datum="wgs84"))
    assert facilities["name"].to_dict() == {"007": "海馨站"}
    assert ("encoding_detected" in codes(log)) == (encoding == "gbk")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_is_detected(tmp_path, separator):
    path = tmp_path / "h.csv"
    path.write_text(
        separator.join(["id", "x", "y"]) + "\n" + separator.join(["1", "500000", "4390000"])
    )
    homes, _ = read(tables.read_homes, Source(path, crs=CRS))
    assert homes.index.tolist() == ["1"]


@pytest.mark.parametrize(
    "heading",
    ["households", "HOUSEHOLDS", "House holds", "家庭户数", "户数", " ｈｏｕｓｅｈｏｌｄｓ "],
)
def test_headings_are_known_in_any_case_width_and_language(tmp_path, heading):
    path = tmp_path / "h.csv"
    path.write_text(f"home_id,x,y,{heading}\na,500000,4390000,7\n", encoding="utf-8")
    homes, _ = read(tables.read_homes, Source(path, crs=CRS))
    assert homes["households"].tolist() == [7]


def test_the_users_own_mapping_goes_before_known_headings(tmp_path):
    path = tmp_path / "h.csv"
    path.write_text("home_id,x,y,households,HH_2020\na,500000,4390000,7,9\n")
    source = Source(path, crs=CRS, columns={"households": "HH_2020"})
    homes, _ = read(tables.read_homes, source)
    assert homes["households"].tolist() == [9]
    assert homes["households (file)"].tolist() == ["7"]


def test_constants_fill_what_the_file_does_not_say_and_override_nothing(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("id,name,type,x,y\nF1,a,,500000,4390000\nF2,b,day_care,500001,4390000\n")
    source = Source(path, crs=CRS, values={"kind": "station", "status": "planned"})
    facilities, _ = read(tables.read_facilities, source)
    assert facilities["kind"].tolist() == ["station", "day_care"]
    assert facilities["status"].tolist() == ["planned", "planned"]


def test_rows_are_filtered_over_the_files_own_headings(tmp_path):
    path = tmp_path / "h.csv"
    rows = ["01,500001,4390000,住宅,5", "02,500002,4390000,商业,50", "03,500003,4390000,住宅,50"]
    path.write_text("\n".join(["id,x,y,类别,n", *rows]), encoding="utf-8")
    source = Source(path, crs=CRS, where="类别 == '住宅' and n > 10")
    homes, log = read(tables.read_homes, source)
    assert homes.index.tolist() == ["03"]
    assert "3 records" in str(log[0])
    assert "used 1 where" in str(log[0])


@pytest.mark.parametrize(
    "where", ["x.to_csv('owned')", "@x > 1", "__import__('os')", "x.str.cat().to_pickle('f')"]
)
def test_a_filter_may_compare_but_not_act(tmp_path, where):
    path = tmp_path / "h.csv"
    path.write_text("id,x,y\n01,500000,4390000\n")
    homes, log = read(tables.read_homes, Source(path, crs=CRS, where=where))
    assert len(homes) == 0
    assert codes(log) == ["filter_refused"]
    assert list(tmp_path.iterdir()) == [path]


def test_ids_stay_text_with_leading_zeros_and_numbers_become_their_digits(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["home_id", "x", "y"])
    for name in ("007", 150302001001.0, 12):
        book.active.append([name, 500000 + len(str(name)), 4390000])
    book.save(tmp_path / "h.xlsx")
    homes, log = read(tables.read_homes, Source(tmp_path / "h.xlsx", crs=CRS))
    assert homes.index.tolist() == ["007", "150302001001", "12"]
    (note,) = log
    assert (note.code, note.severity) == ("ids_from_numbers", "note")
    assert "2 ids" in note.found


def test_missing_marks_are_missing_and_never_zero(tmp_path):
    path = tmp_path / "h.csv"
    marks = ["--", "—", "", "无", "n/a", "N/A", "－", "0"]
    rows = "".join(f"{k},{500000 + k},4390000,{mark}\n" for k, mark in enumerate(marks))
    path.write_text("id,x,y,老年人口\n" + rows, encoding="utf-8")
    homes, log = read(tables.read_homes, Source(path, crs=CRS))
    assert homes["elders"].isna().tolist() == [True] * 7 + [False]
    assert not codes(log)


def test_thousands_separators_are_read_and_noted(tmp_path):
    path = tmp_path / "h.csv"
    path.write_text('id,x,y,pop\na,500000,4390000,"1,204"\nb,500001,4390000,12\n')
    homes, log = read(tables.read_homes, Source(path, crs=CRS))
    assert homes["population"].tolist() == [1204, 12]
    assert codes(log) == ["thousands_separator"]


def test_a_unit_in_the_heading_is_converted_with_a_warning(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(
        "id,name,kind,x,y,建筑面积（亩）,床位数（张）\nF1,a,station,500000,4390000,3,20\n", "utf-8"
    )
    facilities, log = read(tables.read_facilities, Source(path, crs=CRS))
    assert facilities["floor_m2"].tolist() == pytest.approx([2000])  # 3 mu of 2000/3 m2
    assert facilities["beds"].tolist() == [20]
    assert codes(log, "warning") == ["unit_converted"]


def test_dates_and_flags_are_read_in_chinese_and_english(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(
        "id,name,kind,x,y,启用日期,兜底\n"
        "a,a,station,500000,4390000,2024年3月5日,是\n"
        "b,b,station,500001,4390000,2024/3/5,no\n"
        "c,c,station,500002,4390000,20240305,1\n"
        "d,d,station,500003,4390000,2024-03-05,\n",
        encoding="utf-8",
    )
    facilities, _ = read(tables.read_facilities, Source(path, crs=CRS))
    assert facilities["opened"].dt.strftime("%F").unique().tolist() == ["2024-03-05"]
    assert facilities["safety_net"].tolist()[:3] == [True, False, True]
    assert facilities["safety_net"].isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize("word", ["station", "STATION", "社区居家养老服务站", "养老服务站"])
def test_kinds_are_known_by_code_name_and_synonym(tmp_path, word):
    path = tmp_path / "f.csv"
    path.write_text(f"id,name,kind,x,y\nF1,a,{word},500000,4390000\n", encoding="utf-8")
    facilities, _ = read(tables.read_facilities, Source(path, crs=CRS))
    assert facilities["kind"].tolist() == ["station"]


def test_a_study_may_have_its_own_kinds(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("id,name,kind,x,y\nF1,a,图书馆,500000,4390000\n", encoding="utf-8")
    kinds = {"library": ("图书馆", "library")}
    facilities, _ = read(tables.read_facilities, Source(path, crs=CRS), kinds=kinds)
    assert facilities["kind"].tolist() == ["library"]


def test_facilities_are_operating_unless_the_file_says_otherwise(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("id,name,kind,x,y\nF1,a,station,500000,4390000\n")
    facilities, log = read(tables.read_facilities, Source(path, crs=CRS))
    assert facilities["status"].tolist() == ["operating"]
    assert codes(log) == ["status_not_said"]


def test_facility_drawn_as_a_polygon_stands_inside_it(tmp_path):
    bent = shapely.Polygon([(0, 0), (100, 0), (100, 10), (10, 10), (10, 100), (0, 100)])
    bent = shapely.transform(bent, lambda xy: xy + np.array([500000, 4390000]))
    gpd.GeoDataFrame({"id": ["F1"], "name": ["a"], "kind": ["station"]}, geometry=[bent], crs=CRS
                     ).to_file(tmp_path / "f.gpkg")  # fmt: skip
    facilities, log = read(tables.read_facilities, tmp_path / "f.gpkg")
    assert facilities.geometry.iloc[0].within(bent)  # the centroid is not
    assert "polygon_to_point" in codes(log)


def test_grid_cells_read_as_homes_stand_at_their_centre(tmp_path):
    cell = shapely.box(500000, 4390000, 500250, 4390250)
    gpd.GeoDataFrame({"id": ["c1"], "population": [40]}, geometry=[cell], crs=CRS).to_file(
        tmp_path / "h.gpkg"
    )
    homes, log = read(tables.read_homes, tmp_path / "h.gpkg")
    assert homes.get_coordinates().to_numpy().tolist() == [[500125, 4390125]]
    assert "largest of 62,500 m2" in log[0].found


def test_multipolygon_with_exclaves_is_one_area(tmp_path):
    parts = shapely.MultiPolygon(
        [shapely.box(x, 439e4, x + 100, 4390100) for x in (500000, 600000)]
    )
    gpd.GeoDataFrame({"id": ["A"], "name": ["a"], "kind": ["rural"]}, geometry=[parts], crs=CRS
                     ).to_file(tmp_path / "a.gpkg")  # fmt: skip
    areas, log = read(tables.read_areas, tmp_path / "a.gpkg")
    assert areas.area.tolist() == [20000]
    assert not codes(log)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_shifted_coordinates_come_back_to_where_they_are(tmp_path, datum):
    lon, lat = from_wgs84(np.array([106.8]), np.array([39.6]), datum)
    path = tmp_path / "f.csv"
    path.write_text(f"id,name,kind,lng,lat\nF1,a,station,{lon[0]:.12f},{lat[0]:.12f}\n")
    facilities, log = read(tables.read_facilities, Source(path, datum=datum))
    x, y = gpd.GeoSeries.from_xy([106.8], [39.6], crs=4326).to_crs(CRS).get_coordinates().iloc[0]
    assert facilities.geometry.iloc[0].distance(shapely.Point(x, y)) < 0.001
    note = next(issue for issue in log if issue.code == "datum_converted")
    assert int(note.effect.split("moved by ")[1].split(" m")[0].replace(",", "")) > 100


def test_a_declared_datum_also_converts_a_file_that_carries_a_crs(tmp_path):
    lon, lat = from_wgs84(np.array([106.8]), np.array([39.6]), "gcj02")
    shifted = gpd.GeoDataFrame({"id": ["h"]}, geometry=gpd.points_from_xy(lon, lat), crs=4326)
    shifted.to_file(tmp_path / "h.gpkg")
    shifted.to_crs(CRS).to_file(tmp_path / "projected.gpkg")
    true = gpd.GeoSeries.from_xy([106.8], [39.6], crs=4326).to_crs(CRS).iloc[0]
    for name in ("h.gpkg", "projected.gpkg"):
        homes, _ = read(tables.read_homes, Source(tmp_path / name, datum="gcj02"))
        assert homes.geometry.iloc[0].distance(true) < 0.001


def test_degrees_in_china_without_a_datum_are_noted(tmp_path):
    town().to_crs("EPSG:4326").to_file(tmp_path / "a.gpkg")
    _, log = read(tables.read_areas, tmp_path / "a.gpkg")
    assert codes(log) == ["datum_not_stated"]


@pytest.mark.parametrize("heading", ["location", "坐标"])
def test_a_pair_of_coordinates_in_one_cell_is_a_place(tmp_path, heading):
    path = tmp_path / "f.csv"
    path.write_text(f'id,name,kind,{heading}\nF1,a,station,"106.8,39.6"\n', encoding="utf-8")
    facilities, _ = read(tables.read_facilities, Source(path, datum="wgs84"))
    assert facilities.to_crs(4326).get_coordinates().round(9).to_numpy().tolist() == [[106.8, 39.6]]


def test_named_coordinate_columns_are_used(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("id,name,kind,Easting,Northing\nF1,a,station,500000,4390000\n")
    source = Source(path, crs=CRS, x="Easting", y="Northing")
    facilities, _ = read(tables.read_facilities, source)
    assert facilities.get_coordinates().to_numpy().tolist() == [[500000, 4390000]]


def test_roads_without_ids_get_one_and_keep_lists_and_flags_as_text(tmp_path):
    line = shapely.LineString([(5e5, 439e4), (500100, 439e4)])
    roads = gpd.GeoDataFrame(
        {"highway": [["residential", "service"], ["primary"]], "oneway": [True, False], "u": [1, 2],
         "maxspeed": [50.0, None]},
        geometry=[line, line], crs=CRS,
    )  # fmt: skip
    roads.to_parquet(tmp_path / "r.parquet")
    frame, log = read(tables.read_roads, tmp_path / "r.parquet")
    assert frame.index.tolist() == ["r1", "r2"]
    assert frame["highway"].tolist() == ["residential", "primary"]
    assert frame["oneway"].tolist() == ["yes", "no"]
    assert frame["u"].tolist() == ["1", "2"]
    assert frame["maxspeed"].tolist()[0] == "50"
    assert codes(log) == ["ids_made", "list_values"]


def test_projects_are_a_table_without_places(tmp_path):
    path = tmp_path / "p.xlsx"
    pd.DataFrame(
        {"项目编号": ["P1"], "项目名称": ["滨河一期"], "住宅交付日期": [pd.Timestamp(2024, 6, 1)],
         "配套设施交付日期": ["--"], "移交配套面积": [320]}
    ).to_excel(path, index=False)  # fmt: skip
    log = IssueLog()
    projects = tables.read_projects(path, log=log)
    assert type(projects) is pd.DataFrame
    assert projects.loc["P1", "home_deliver"] == pd.Timestamp(2024, 6, 1)
    assert pd.isna(projects.loc["P1", "facility_deliver"])
    assert projects.loc["P1", "floor_delivered_m2"] == 320
    assert not codes(log)


def test_every_table_has_a_reader_and_an_empty_form():
    readers = {name for name, _ in inspect.getmembers(tables, inspect.isfunction)}
    for name, contract in CONTRACTS.items():
        assert f"read_{name}" in readers
        empty = tables.empty_table(contract, CRS)
        assert len(empty) == 0
        assert empty.index.name == contract.index.name
        required = {column.name for column in contract.columns if column.required}
        assert required <= set(empty.columns)


def test_reading_the_same_file_twice_gives_equal_tables(tmp_path):
    source = write(tmp_path, "gpkg")
    one, _ = read(tables.read_areas, source)
    two, _ = read(tables.read_areas, source)
    assert one.equals(two)


@pytest.mark.realdata
def test_real_tables_read_without_loss(real_data: Path):
    """Counts of the data's own README."""
    log = IssueLog()
    roads = tables.read_roads(real_data / "roads/wuhan_drive.parquet", crs="EPSG:32650", log=log)
    cells = Source(real_data / "grids/porto_alegre_hexgrid.csv", datum="wgs84")
    homes = tables.read_homes(cells, crs="EPSG:32722", log=log)
    grid = real_data / "grids/helsinki_population_grid_2020.gpkg"
    squares = tables.read_buildings(grid, crs="EPSG:32635", log=log)
    assert len(roads) == 92_667
    assert roads["highway"].value_counts()["residential"] == 24_887
    assert round(roads.length.sum() / 1000) == 7_185
    assert len(homes) == 1_227
    assert homes["population"].sum() == 812_935
    assert squares["population"].sum() == 71_724
    assert not codes(log, "fatal", "error", "warning")


@pytest.mark.realdata
def test_real_extract_gives_areas_facilities_and_buildings(real_data: Path):
    """Liechtenstein: 11 municipalities whole in the file, 9,001 buildings."""
    path = real_data / "osm/liechtenstein_2015.osm.pbf"
    log = IssueLog()
    areas = tables.read_areas(
        Source(path, admin_level=8, values={"kind": "rural"}), crs="EPSG:32632", log=log
    )
    tags = {"amenity": ["pharmacy", "doctors", "hospital"]}
    facilities = tables.read_facilities(
        Source(path, tags=tags, values={"kind": "health"}), crs="EPSG:32632", log=log
    )
    heard = IssueLog()
    buildings = tables.read_buildings(path, crs="EPSG:32632", log=heard)
    assert len(areas) == 11
    assert areas.area.sum() / 1e6 == pytest.approx(160, rel=0.01)  # km2, the country's size
    assert len(facilities) >= 4
    assert set(facilities.geom_type) == {"Point"}
    assert len(buildings) + len(heard.of("error")) >= 9_000


def test_a_source_takes_the_text_of_a_path(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,name,kind,lon,lat\nF1,A,station,106.8,39.6\n", encoding="utf-8")
    source = Source(str(path), datum="gcj02")  # type: ignore[arg-type]  # as notebooks write it
    assert source == Source(path, datum="gcj02")
    read = tables.read_facilities(source, crs="EPSG:4545", log=IssueLog())
    assert read.index.tolist() == ["F1"]
