"""The commands indicators, depth and access, and what stands behind the last two."""

from __future__ import annotations

import csv
import json

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

import carecircle as cc
from carecircle.cli.main import app
from carecircle.depth.access_folder import access_facts, access_lines, save_access
from carecircle.depth.verdicts import depth_of
from carecircle.errors import InputError
from carecircle.outputs.masking import INTERNAL

runner = CliRunner()
STUDY = """\
[study]
title = "Toy town"
as_of = 2020-12-31
crs = "EPSG:4545"
language = "en"
synthetic = true
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
kinds = ["station", "rural_centre"]
"""
PLAN = '[rules]\npresets = ["wuhai_plan_2021"]\n'
CSV = {
    "classes", "class_areas", "class_homes", "coverage_by_minutes", "coverage_by_speed",
    "intervals", "interval_areas", "road_gaps", "road_gap_homes", "explanations", "changes",
}  # fmt: skip


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    tables = cc.samples.toy_town().tables
    facilities = tables.facilities.assign(places=[15.0, 20.0, None, None, None])
    for name in ("areas", "homes", "roads"):
        getattr(tables, name).reset_index().to_file(folder / f"{name}.gpkg")
    facilities.reset_index().to_file(folder / "facilities.gpkg")
    (folder / "study.toml").write_text(STUDY + PLAN, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def own_minutes(toy, tmp_path_factory):
    """The town without roads, with a table of minutes."""
    folder = tmp_path_factory.mktemp("minutes")
    for name in ("areas.gpkg", "facilities.gpkg", "homes.gpkg"):
        (folder / name).write_bytes((toy / name).read_bytes())
    (folder / "minutes.csv").write_text("home_id,facility_id,minutes\nH01,F1,2\n")
    text = STUDY.replace('[roads]\nfile = "roads.gpkg"', '[minutes]\nfile = "minutes.csv"')
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def deep(sample_base):
    return depth_of(sample_base, uncertainty=cc.Uncertainty(draws=20))


def said(*words):
    done = runner.invoke(app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# -------------------------------------------------------------------------------------- indicators


def test_indicators_of_the_sample_are_printed_with_fraction_baseline_target_and_status(tmp_path):
    out = tmp_path / "made" / "indicators.csv"
    text = said("indicators", cc.samples.wuhai_folder(), "--out", out)
    line = next(row for row in text.splitlines() if "城市社区养老设施服务覆盖率" in row)
    assert [cell.strip() for cell in line.strip("│").split("│")] == [
        "3", "城市社区养老设施服务覆盖率", "65.7 %", "46 / 70", "66", "不低于 100", "未达到",
    ]  # fmt: skip
    for figure in ("84.6 %", "37.0 张", "36.9 %", "33.0 平方米", "80.0 %", "25.0 %", "1.2 %"):
        assert figure in text
    assert "合成数据" in text
    rows = {row["line"]: row for row in table(out)}
    assert (rows["N5-RURAL"]["numerator"], rows["N5-RURAL"]["denominator"]) == ("11.0", "13.0")
    assert [path.name for path in out.parent.iterdir()] == ["indicators.csv"]


def test_indicators_come_as_json_and_by_level(toy):
    rows = json.loads(said("indicators", toy, "--json"))
    third = next(row for row in rows if row["line"] == "IND-3")
    assert (third["numerator"], third["denominator"], third["baseline"]) == (1.0, 3.0, 66.0)
    first = next(row for row in rows if row["line"] == "IND-1")
    assert (first["value"], first["status"]) == (None, "no_data")
    assert all(row["headline"] for row in rows)
    areas = json.loads(said("indicators", toy, "--level", "area", "--readings", "--json"))
    assert {row["level"] for row in areas} == {"area"}
    per_100 = {row["unit_id"]: row["value"] for row in areas if row["line"] == "CA-WH-CITY"}
    # 400 m2 for 1000 households, 300 for 2000 and 400, none for 100
    assert per_100 == {"W": 40.0, "C": 15.0, "V": 75.0, "N": 0.0}


def test_indicators_fill_a_workbook_of_their_own(toy, tmp_path):
    said("indicators", toy, "--out", tmp_path / "i.xlsx")
    book = openpyxl.load_workbook(tmp_path / "i.xlsx")
    assert book.sheetnames == ["README", "indicators", "fields"]


def test_what_cannot_be_computed_is_one_clear_line(toy, own_minutes, tmp_path):
    with pytest.raises(InputError, match=r"no standard .* is a plan .*named: none.*wuhai_plan"):
        said("indicators", own_minutes)
    with pytest.raises(InputError, match=r"i\.doc: give a file that ends in \.csv or \.xlsx"):
        said("indicators", toy, "--out", tmp_path / "i.doc")
    with pytest.raises(InputError, match=r"depth of the verdicts: .* has no roads to search"):
        said("depth", own_minutes, "--out", tmp_path / "d")
    with pytest.raises(InputError, match=r"no column 'posts' \(amounts found: .*--supply"):
        said("access", toy, "--supply", "posts")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------- depth


def test_depth_of_the_toy_town_is_told_and_written_whole(toy, tmp_path):
    text = said("depth", toy, "--out", tmp_path / "d", "--draws", 20)
    lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    assert lines["coverage of elders"].startswith("61.5 % (80 / 130); p5-p95 of 20 draws: ")
    # counted on fingers, see test_classes
    assert lines["elders (0.8/1/1.2 m/s)"] == (
        "robust 40, fragile 40, uncovered 20, hard 20, not assessed 10"
    )
    assert lines["areas (0.8/1/1.2 m/s)"].startswith("robust 0, fragile 1, uncovered 1, hard 2")
    written = {path.name for path in (tmp_path / "d").iterdir()}
    assert written == {f"{name}.csv" for name in CSV} | {"depth.gpkg", "depth.json",
                                                         "manifest.json"}  # fmt: skip
    homes = {row["home_id"]: row for row in table(tmp_path / "d" / "class_homes.csv")}
    assert homes["H04"]["class"] == "fragile"
    assert homes["H12"]["minutes_fast"] == ""  # no way: unknown, not 0


def test_depth_holds_what_its_parts_give(deep, sample_base, sample_result, sample_study):
    classes = cc.speed_classes(sample_base)
    pd.testing.assert_frame_equal(deep.classes.units, classes.units)
    found = cc.coverage_intervals(sample_base, cc.Uncertainty(draws=20))
    pd.testing.assert_frame_equal(deep.intervals.rates, found.rates)
    minutes = cc.coverage_by_minutes(sample_result.homes, sample_study.areas)
    pd.testing.assert_frame_equal(deep.by_minutes, minutes)
    row = deep.intervals.rates.loc[("city", "1503", "elders")]
    first = f"{100 * row['rate_p5']:.1f}-{100 * row['rate_p95']:.1f} %"
    assert deep.lines[0][1].endswith(first)
    assert "55,381 / 90,649" in deep.lines[0][1]
    gaps = deep.road_checks.gaps
    assert deep.facts["worst_road_gaps"][0]["road_gap_id"] == gaps.index[0]
    assert deep.facts["explanations"][0]["zh"] == deep.explanations.units["zh"].iloc[0]


def test_depth_is_the_same_bytes_each_time_and_opens_in_gis(deep, tmp_path):
    one, two = (deep.save(tmp_path / name) for name in ("one", "two"))
    for path in one.iterdir():
        assert (two / path.name).read_bytes() == path.read_bytes(), path.name
    shapes = dict(pyogrio.list_layers(one / "depth.gpkg"))
    assert shapes == {"areas": "MultiPolygon", "homes": "Point", "road_gaps": "LineString",
                      "uncovered": "MultiPolygon"}  # fmt: skip
    homes = gpd.read_file(one / "depth.gpkg", layer="homes").set_index("home_id")
    assert homes["class"].to_dict() == deep.classes.homes["class"].to_dict()
    uncovered = gpd.read_file(one / "depth.gpkg", layer="uncovered").set_index("gap_id")
    said_first = deep.explanations.units.loc[("gap", uncovered.index[0]), "zh"]
    assert uncovered["zh"].iloc[0] == said_first
    assert len(table(one / "road_gaps.csv")) == len(deep.road_checks.gaps)


def test_depth_leaves_a_folder_of_others_alone(toy, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("keep")
    with pytest.raises(InputError, match="not a carecircle result"):
        said("depth", toy, "--out", tmp_path / "letters", "--draws", 2)
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["a.txt"]


# ------------------------------------------------------------------------------------------ access


def test_access_of_the_toy_town_counts_elders_places_and_those_left_out(toy, tmp_path):
    text = said("access", toy, "--out", tmp_path / "a")
    lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    # 15 places, 8 homes of 10 elders reach the one station; 40 elders do not, 10 are on no road
    assert lines["places per 1,000 elders"].startswith("115.38 (15 / 130)")
    assert lines["nothing in reach"] == "40"
    assert lines["not assessed"] == "10"
    assert lines["with a place"] == "15 / 130"
    assert lines["without a place (all full)"] == "65"
    assert lines["without a place (no facility within the limit)"] == "40"
    assert lines["binding facilities"] == "1: F1"
    homes = {row["home_id"]: row for row in table(tmp_path / "a" / "access_homes.csv")}
    assert float(homes["H01"]["access"]) == 15 / 80
    assert homes["H07"]["access"] == "0.0"  # assessed, nothing in reach
    assert homes["H13"]["access"] == ""  # not assessed
    layers = dict(pyogrio.list_layers(tmp_path / "a" / "access.gpkg"))
    assert set(layers) == {"areas", "homes", "facilities"}


def test_a_folder_that_nothing_masks_says_that_it_is_not_for_publication(toy, tmp_path):
    done = runner.invoke(app, ["access", str(toy), "--out", str(tmp_path / "a")])
    assert INTERNAL[1] in done.stderr
    assert INTERNAL[1] not in runner.invoke(app, ["access", str(toy)]).stderr


def test_access_tells_the_method_and_goes_on_without_places(toy):
    facts = json.loads(said("access", toy, "--method", "three_step", "--decay", "linear",
                            "--supply", "facilities", "--json"))  # fmt: skip
    assert (facts["method"], facts["decay"], facts["supply"]) == (
        "three_step", "Linear()", "facilities",
    )  # fmt: skip
    town = cc.samples.toy_town()
    found = cc.access_of(town, supply="facilities")
    assert "places" not in access_facts(found, None)
    assert not any("有位置" in what for what, _ in access_lines(found, None))


def test_access_is_written_the_same_each_time(sample_study, sample_result, tmp_path):
    found, left = cc.access_of(sample_study), cc.places_of(sample_study)
    one, two = (
        save_access(sample_study, found, left, tmp_path / name, result=sample_result)
        for name in ("1", "2")
    )
    for path in one.iterdir():
        assert (two / path.name).read_bytes() == path.read_bytes(), path.name
    totals = {row["unit_id"]: row for row in table(one / "access_totals.csv")}
    assert float(totals["1503"]["received"]) == found.totals.loc[("city", "1503"), "received"]
    flows = pd.read_csv(one / "places_flows.csv")
    assert flows["people"].sum() == pytest.approx(left.totals.loc[("city", "1503"), "placed"])
