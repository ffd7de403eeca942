"""What a study says about tables that are each fine, but not together or not on the roads."""

import re
import shutil
import tomllib
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.study.places import check_roads

STUDY = """
[study]
title = "Town"
as_of = 2020-12-31
crs = "EPSG:4545"
[areas]
file = "areas.gpkg"
[[facilities]]
file = "facilities.gpkg"
[homes]
method = "points"
file = "homes.gpkg"
[roads]
file = "roads.gpkg"
[service]
kinds = ["station"]
[floor_area]
"""


@pytest.fixture
def town(tmp_path):
    """The toy town as files; a test spoils a table and reads the study again."""
    tables = cc.samples.toy_town().tables
    for name in ("areas", "facilities", "homes", "roads"):
        getattr(tables, name).to_file(tmp_path / f"{name}.gpkg", index=True)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")

    def spoil(name, change):
        path = tmp_path / f"{name}.gpkg"
        frame = change(gpd.read_file(path))
        path.unlink()
        frame.to_file(path)
        return tmp_path

    return spoil


def codes(issues, severity):
    return {(issue.code, issue.record) for issue in issues if issue.severity == severity}


def test_the_town_from_files_gives_the_same_figures_as_the_town_from_memory(town):
    result = cc.assess(cc.load_study(town("homes", lambda homes: homes)))
    expected = {"W": 40.0, "C": 20.0, "V": 20.0, "N": 0.0}
    assert result.areas["elders_covered"].to_dict() == expected


def test_a_facility_2_km_from_any_road_is_reported_and_serves_nobody(town):
    def move(facilities):
        facilities.loc[facilities["facility_id"] == "F1", "geometry"] = shapely.Point(0, -2000)
        return facilities

    result = cc.assess(cc.load_study(town("facilities", move)))
    assert ("far_from_road", "F1") in codes(result.issues, "warning")
    text = next(str(i) for i in result.issues if i.code == "far_from_road" and i.record == "F1")
    assert "no road within" in text
    assert "add the missing road" in text
    assert result.totals.loc[("city", "T"), "elders_covered"] == 0
    assert result.totals.loc[("city", "T"), "elders_total"] == 130


def test_a_path_in_place_of_a_study_is_told_what_to_do():
    with pytest.raises(InputError, match="assess takes a study, found str; read it with load_stud"):
        cc.assess("my-city")


def test_many_places_without_a_road_are_one_line(town, monkeypatch):
    monkeypatch.setattr("carecircle.study.places._MOST_SINGLE", 3)
    result = cc.assess(cc.load_study(town("homes", lambda homes: homes.set_geometry(
        homes.translate(0, 5_000)
    ))))  # fmt: skip
    lines = [issue for issue in result.issues if issue.code == "far_from_road"]
    assert [line.table for line in lines] == ["homes"]
    assert lines[0].found.startswith("13 of 13 (100.0%) with no road within")
    assert lines[0].fix == "give roads for the whole study, or check the datum"
    # those farthest from a road are named
    away = [int(m) for m in re.findall(r"\(([\d,]+) m\)", lines[0].record.replace(",", ""))]
    assert away == sorted(away, reverse=True)
    assert lines[0].record.endswith(" and 8 more")
    assert result.totals.loc[("city", "T"), "elders_not_assessed"] == 130


def test_check_tells_who_has_no_road_before_a_run(town):
    study = cc.load_study(town("homes", lambda homes: homes))
    far = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy([900, 900], [0, 9_000]),
        index=pd.Index(["N1", "N2"], name="site_id"), crs=study.areas.crs,
    )  # fmt: skip
    study = replace(study, tables=replace(study.tables, sites=far))
    log = IssueLog()
    found = check_roads(study, log)
    assert found.T.to_dict("list") == {"homes": [13, 12], "facilities": [5, 5], "sites": [2, 1]}
    told = {(i.table, i.record) for i in log if i.code == "far_from_road"}
    assert told == {("homes", "H13"), ("sites", "N2")}
    (site,) = [issue for issue in log if issue.table == "sites"]
    assert site.effect == "nobody reaches it: no plan can choose it"
    # the run says the same of the homes
    run = [str(i) for i in cc.assess(study).issues if i.code == "far_from_road"]
    assert run == [str(i) for i in log if i.table == "homes"]


def test_check_of_a_study_that_brings_its_minutes_asks_for_no_roads(town):
    study = cc.load_study(town("homes", lambda homes: homes))
    pairs = pd.DataFrame({"facility_id": ["F1"], "home_id": ["H01"], "minutes": [3.0]})
    log = IssueLog()
    assert check_roads(replace(study, tables=replace(study.tables, minutes=pairs)), log).empty
    assert log == []


def test_roads_open_to_nobody_are_told_at_check(town):
    study = cc.load_study(town("homes", lambda homes: homes))
    shut = study.tables.roads.assign(highway="motorway")
    log = IssueLog()
    assert check_roads(replace(study, tables=replace(study.tables, roads=shut)), log).empty
    assert [(issue.code, issue.severity) for issue in log] == [("no_network", "fatal")]


def test_without_any_operating_facility_everybody_assessed_is_uncovered(town):
    def close(facilities):
        return facilities.assign(status="closed")

    result = cc.assess(cc.load_study(town("facilities", close)))
    city = result.totals.loc[("city", "T")]
    assert (city["elders_covered"], city["elders_uncovered"]) == (0, 120)
    assert city["elders_not_assessed"] == 10
    assert result.circles.empty


def test_roads_of_one_piece_still_give_minutes(town):
    lane = gpd.GeoDataFrame(
        {"road_id": ["R1"], "highway": ["residential"]},
        geometry=[shapely.LineString([(0, 0), (0, 600)])],
        crs="EPSG:4545",
    )
    result = cc.assess(cc.load_study(town("roads", lambda _: lane)))
    assert result.homes.loc["H01", "minutes"] == pytest.approx(100 / 60)


def test_a_home_outside_all_areas_stays_in_the_total_and_is_named(town):
    def stray(homes):
        homes.loc[homes["home_id"] == "H05", "geometry"] = shapely.Point(9000, 9000)
        return homes.drop(columns="area_id")

    result = cc.assess(cc.load_study(town("homes", stray)))
    assert any(issue.record == "H05" for issue in result.issues)
    assert result.totals.xs("city", level="level")["elders_total"].sum() == 130


def test_an_area_without_homes_is_named(town):
    result = cc.assess(cc.load_study(town("homes", lambda homes: homes[homes["area_id"] != "V"])))
    named = [i for i in result.issues if i.record == "V" and "home" in i.code]
    assert named
    assert result.areas.loc["V", "homes_total"] == 0


def test_unusable_tables_are_all_reported_at_once(town, tmp_path):
    folder = town("areas", lambda areas: areas.drop(columns="kind"))
    (folder / "facilities.gpkg").unlink()
    (folder / "roads.gpkg").write_text("no geopackage")
    with pytest.raises(InputError) as caught:
        cc.load_study(folder)
    message = str(caught.value)
    assert {issue.table for issue in caught.value.issues if issue.severity == "fatal"} >= {
        "areas",
        "facilities",
        "roads",
    }
    assert "kind" in message
    assert "facilities.gpkg" in message
    assert "roads.gpkg" in message


def test_a_wrong_datum_of_one_file_is_found_although_the_other_file_is_right(tmp_path):
    folder = tmp_path / "wuhai"
    shutil.copytree(cc.samples.wuhai_folder(), folder)
    study = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(study.replace('"gcj02"', '"wgs84"'), encoding="utf-8")
    issues = cc.load_study(folder).issues
    [found] = [issue for issue in issues if issue.code == "datum_suspicious"]
    assert found.record == "meal_points_gcj02.csv"
    assert "gcj02" in found.found
    assert "datum" in found.fix


def test_the_right_datums_of_the_sample_raise_no_suspicion(sample_study):
    assert "datum_suspicious" not in {issue.code for issue in sample_study.issues}


def test_a_height_raster_makes_uphill_slower_than_downhill(town, tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="rasterio (extra 'dem') is not installed")
    # heights rise 5 m per 100 m to the north: away from the station
    rows = 0.05 * (3000.0 - 50.0 * np.arange(80) - 25.0)
    z = np.repeat(rows[:, None], 100, axis=1)
    transform = rasterio.Affine(50, 0, -500, 0, -50, 3000)
    with rasterio.open(
        tmp_path / "dem.tif", "w", driver="GTiff", width=100, height=80, count=1, dtype="float64",
        crs="EPSG:4545", transform=transform,
    ) as target:  # fmt: skip
        target.write(z, 1)
    folder = town("homes", lambda homes: homes)
    text = STUDY.replace('file = "roads.gpkg"', 'file = "roads.gpkg"\ndem = "dem.tif"')
    text += '\n[travel]\nslope = "tobler"\n'
    (folder / "study.toml").write_text(text, encoding="utf-8")
    result = cc.assess(cc.load_study(folder))
    # 100 m downhill at 5 % takes exp(3.5 * (0.00 - 0.05)) of the level time, by Tobler
    down = 100 / 60 * np.exp(-3.5 * 0.05)
    assert result.homes.loc["H01", "minutes"] == pytest.approx(down, rel=1e-6)
    assert "heights" in {item["table"] for item in result.provenance["inputs"]}


# ---------------------------------------------------------------------- what a new user runs into


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[areas]\nfile = "C:\\data\\areas.shp"',
            r'file = "C:\\data\\areas\.shp"; write paths with /',
        ),
        ("[study]\nas_of = 2025-13-31", "as_of = 2025-13-31; .* dates as 2025-12-31"),
        ("[areas]\nfile = areas.shp", "file = areas.shp; .* texts in quotes"),
    ],
)
def test_a_line_that_is_no_toml_is_quoted_with_what_helps(tmp_path, text, told):
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        cc.load_study(tmp_path)


def test_a_study_in_gbk_is_told_to_be_saved_as_utf_8(tmp_path):
    (tmp_path / "study.toml").write_text('[study]\ntitle = "我的城市"\n', encoding="gbk")
    with pytest.raises(InputError, match="save it as UTF-8"):
        cc.load_study(tmp_path)


def test_from_a_wrong_folder_the_studies_near_it_are_named(tmp_path):
    (tmp_path / "my-city").mkdir()
    (tmp_path / "my-city" / "study.toml").touch()
    with pytest.raises(InputError) as raised:
        cc.load_study(tmp_path)
    assert str(tmp_path / "study.toml") in str(raised.value)
    assert "studies in the folders my-city" in str(raised.value)


def test_a_chinese_name_among_the_kinds_that_count_leads_to_its_code(tmp_path):
    (tmp_path / "study.toml").write_text(
        '[study]\ntitle = "a"\n[service]\nkinds = ["养老服务站", "日间照料中心"]\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as raised:
        cc.load_study(tmp_path)
    assert "did you mean 'station'?" in str(raised.value)
    assert "did you mean 'day_care'?" in str(raised.value)


def test_a_template_is_commented_in_chinese_on_request(tmp_path):
    from carecircle.study.template import write_template

    sample = cc.samples.wuhai_folder()
    text = write_template(tmp_path / "城市", sample, "zh").read_text(encoding="utf-8")
    english = write_template(tmp_path / "city", sample).read_text(encoding="utf-8")
    assert "synthetic = false" in text
    assert "# 城镇居民的时限" in text
    assert "还有其他键" in text
    assert tomllib.loads(text) == tomllib.loads(english)
    comments = re.findall(r"  # (.+)$", text, re.MULTILINE)
    assert [one for one in comments if not re.search("[\u4e00-\u9fff]", one)] == []


def test_the_template_tells_each_key_once_and_how_to_begin(tmp_path):
    from carecircle.study.template import write_template

    text = write_template(tmp_path / "city", cc.samples.wuhai_folder()).read_text(encoding="utf-8")
    assert text.count("text encoding, such as gbk") == 1
    assert text.count("more keys: those explained under [areas]") >= 9
    assert "say synthetic = false" in text
    assert cc.load_study(tmp_path / "city").tables.sites is not None  # what is set still stands
