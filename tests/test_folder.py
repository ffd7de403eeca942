from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest

from carecircle.errors import InputError
from carecircle.outputs.folder import WRITERS, save_folder
from carecircle.outputs.layers import write_layers
from carecircle.outputs.manifest import manifest

sys.path.insert(0, str(Path(__file__).parent))
from small_findings import card, findings

TABLES = {name: WRITERS[name] for name in ("coverage.gpkg", "tables.xlsx", "issues.csv")}


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def broken(_findings, _path):
    msg = "the disk is full"
    raise OSError(msg)


def test_two_saves_of_the_same_findings_are_equal_bytes(tmp_path):
    first = save_folder(findings(), tmp_path / "a", writers=TABLES)
    second = save_folder(findings(), tmp_path / "b", writers=TABLES)
    assert hashes(first) == hashes(second)
    assert sorted(hashes(first)) == ["coverage.gpkg", "issues.csv", "manifest.json", "tables.xlsx"]


def test_no_clock_gets_into_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    folder = save_folder(findings(), tmp_path / "a", writers=TABLES)
    with sqlite3.connect(folder / "coverage.gpkg") as base:
        dates = {row[0] for row in base.execute("select last_change from gpkg_contents")}
    assert dates == {"2025-12-31T00:00:00.000Z"}
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_parents_are_made_and_nothing_else_is_left_behind(tmp_path):
    save_folder(findings(), tmp_path / "results" / "2025", writers=TABLES)
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["2025"]


def test_an_earlier_result_is_replaced_whole(tmp_path):
    save_folder(findings(), tmp_path / "r", writers=TABLES)
    save_folder(findings(), tmp_path / "r", writers={"issues.csv": TABLES["issues.csv"]})
    assert sorted(hashes(tmp_path / "r")) == ["issues.csv", "manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_failure_in_the_middle_leaves_the_earlier_result_as_it_was(tmp_path):
    folder = save_folder(findings(), tmp_path / "r", writers=TABLES)
    before = hashes(folder)
    with pytest.raises(OSError, match="disk is full"):
        save_folder(findings(), folder, writers=TABLES | {"map.html": broken})
    assert hashes(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_failure_of_the_last_move_brings_the_earlier_result_back(tmp_path, monkeypatch):
    folder = save_folder(findings(), tmp_path / "r", writers=TABLES)
    before = hashes(folder)
    rename = Path.rename

    def stubborn(self, target):
        if ".new-" in self.name:
            msg = "in use"
            raise PermissionError(msg)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(PermissionError, match="in use"):
        save_folder(findings(card=card(as_of="2026-12-31")), folder, writers=TABLES)
    assert hashes(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_failure_without_an_earlier_result_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="disk is full"):
        save_folder(findings(), tmp_path / "r", writers=TABLES | {"map.html": broken})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", [None, "{}", "not json", '{"format": "web-app"}'])
def test_a_folder_that_is_no_result_is_left_alone(tmp_path, text):
    (tmp_path / "notes.docx").write_text("mine")
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    before = hashes(tmp_path)
    with pytest.raises(InputError, match="is not a carecircle result"):
        save_folder(findings(), tmp_path, writers=TABLES)
    assert hashes(tmp_path) == before


def test_a_users_own_file_in_a_result_is_not_deleted(tmp_path):
    folder = save_folder(findings(), tmp_path / "r", writers=TABLES)
    (folder / "notes.docx").write_text("mine")
    with pytest.raises(InputError, match=r"did not write: notes\.docx; move them away"):
        save_folder(findings(), folder, writers=TABLES)
    (folder / "notes.docx").rename(folder / "~$tables.xlsx")
    save_folder(findings(), folder, writers=TABLES)


def test_an_empty_folder_is_used_and_a_file_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    save_folder(findings(), tmp_path / "empty", writers=TABLES)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        save_folder(findings(), tmp_path / "file", writers=TABLES)


def test_the_manifest_tells_terms_inputs_figures_and_files(tmp_path):
    folder = save_folder(findings(), tmp_path / "r", writers=TABLES)
    text = (folder / "manifest.json").read_text("utf-8")
    told = json.loads(text)
    assert told["card"]["profile"]["source"].startswith("class speeds")
    assert told["card"]["limits"] == {"rural": 30.0, "urban": 15.0}
    assert told["card"]["synthetic"] is True
    assert told["inputs"] == [{"datum": None, "rows": 3, "sha256": "ab", "table": "homes"}]
    assert told["settings"] == {"join_m": 150.0, "missing": None}
    assert told["headline"][0]["elders_covered"] == 10.0
    assert told["headline"][0]["elders_total"] == 33.0
    assert told["rows"]["homes"] == 3
    assert told["crs"] == "EPSG:4545"
    assert told["issues"][0] == {
        "code": "no_homes",
        "count": 1,
        "severity": "note",
        "table": "areas",
    }
    assert told["warnings"] == ["homes 003: not linked (-9 km); look at it"]
    assert {"carecircle", "geopandas", "shapely"} <= set(told["versions"])
    hashed = hashes(folder)
    assert {name: facts["sha256"] for name, facts in told["files"].items()} == {
        name: hashed[name] for name in TABLES
    }
    assert list(told) == sorted(told)
    assert str(tmp_path) not in text


def test_a_manifest_of_nothing_is_still_one():
    nothing = findings(totals=findings().totals.iloc[:0], provenance={})
    told = manifest(nothing, {})
    assert told["headline"] == []
    assert told["inputs"] == []


@pytest.fixture
def layers(tmp_path):
    write_layers(findings(), tmp_path / "coverage.gpkg")
    return tmp_path / "coverage.gpkg"


def test_every_layer_is_there_with_its_type_also_when_empty(layers):
    found = dict(pyogrio.list_layers(layers))
    assert found == {
        "areas": "MultiPolygon",
        "homes": "Point",
        "facilities": "Point",
        "circles": "MultiPolygon",
        "reached_roads": "LineString",
        "gaps": "MultiPolygon",
    }
    roads = pyogrio.read_info(layers, layer="reached_roads")
    assert roads["features"] == 0
    assert dict(zip(roads["fields"], roads["dtypes"], strict=True)) == {
        "facility_id": "object",
        "road_id": "object",
        "minutes_start": "float64",
        "minutes_end": "float64",
    }
    assert roads["crs"] == "EPSG:4545"


def test_homes_read_back_with_the_documented_columns(layers):
    homes = gpd.read_file(layers, layer="homes").set_index("home_id")
    assert homes.index.tolist() == ["001", "002", "003"]
    assert {
        "minutes",
        "facility_id",
        "second_minutes",
        "access_m",
        "reason",
        "covered",
        "limit_minutes",
    } <= set(homes)
    assert homes["minutes"].tolist()[:2] == [15.0, 21.5]
    assert homes.geometry.iloc[0].coords[0] == (1.0, 1.0)
    assert homes.geometry.iloc[2] is None
    with sqlite3.connect(layers) as base:
        found = base.execute("select covered, minutes, reason from homes order by fid").fetchall()
    assert found == [(1, 15.0, ""), (0, 21.5, ""), (None, None, "not_linked")]


def test_awkward_columns_are_kept_under_a_free_name(layers):
    areas = gpd.read_file(layers, layer="areas").set_index("area_id")
    assert areas["fid_2"].tolist() == [7, 8]
    assert areas["Name_2"].tolist() == ["+1+1", "-2"]
    assert areas["mixed"].tolist() == ["1", "two"]
    assert areas["updated"].tolist()[0] == "2025-01-02"
    assert areas.geom_type.unique().tolist() == ["MultiPolygon"]


def test_the_layer_says_that_data_are_synthetic(layers):
    with sqlite3.connect(layers) as base:
        said = [row[0] for row in base.execute("select description from gpkg_contents")]
    assert all("合成数据" in text for text in said)


def test_a_layer_keeps_facilities_drawn_as_polygons(tmp_path):
    found = findings()
    mixed = found.facilities.loc[["F1", "F1"]]
    mixed.index = ["F1", "F2"]
    mixed.index.name = "facility_id"
    mixed.geometry = [mixed.geometry.iloc[0], mixed.geometry.iloc[0].buffer(5)]
    write_layers(findings(facilities=mixed), tmp_path / "c.gpkg")
    read = gpd.read_file(tmp_path / "c.gpkg", layer="facilities")
    assert read.geom_type.tolist() == ["Point", "Polygon"]


def test_a_date_that_is_none_does_not_stop_the_files(tmp_path):
    odd = findings(card=card(as_of="第七次人口普查"))
    first = hashes(save_folder(odd, tmp_path / "a", writers=TABLES))
    assert first == hashes(save_folder(odd, tmp_path / "b", writers=TABLES))


def test_large_layers_are_equal_bytes_too(tmp_path):
    found = findings()
    count = 20_000
    many = found.homes.iloc[np.zeros(count, dtype=int)]
    many.index = [f"H{k}" for k in range(count)]
    many.index.name = "home_id"
    many.geometry = gpd.points_from_xy(np.arange(count), np.arange(count) % 97, crs=many.crs)
    for name in ("a", "b"):
        write_layers(findings(homes=many), tmp_path / f"{name}.gpkg")
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_a_documented_column_is_written_even_where_a_frame_lacks_it(tmp_path):
    homes = findings().homes[["area_id", "geometry"]]
    write_layers(findings(homes=homes), tmp_path / "c.gpkg")
    read = gpd.read_file(tmp_path / "c.gpkg", layer="homes")
    assert read[["minutes", "facility_id", "covered"]].isna().all(axis=None)


def test_a_whole_result_has_its_files_and_equal_bytes(tmp_path):
    first, second = (save_folder(findings(), tmp_path / name) for name in ("a", "b"))
    assert sorted(hashes(first)) == [
        "coverage.gpkg",
        "evidence.zip",
        "issues.csv",
        "manifest.json",
        "map.html",
        "rules.csv",
        "tables.xlsx",
    ]
    assert hashes(first) == hashes(second)


def test_the_file_of_rules_holds_every_verdict_with_its_figures(tmp_path):
    folder = save_folder(findings(), tmp_path / "r", writers={"rules.csv": WRITERS["rules.csv"]})
    table = pd.read_csv(folder / "rules.csv")
    assert table.columns[0] == "preset"
    assert table["status"].tolist() == ["fail", "pass", "fail", "pass", "pass"]
    assert table["verified"].tolist() == [True, True, False, False, True]
    duty = table.iloc[0]
    assert (duty["numerator"], duty["denominator"], duty["limit"]) == (299.9, 1000, 30)
    assert (duty["closes"], duty["name"]) == ("0.1 m2", "河东")


def test_without_standards_no_file_of_rules_is_written_nor_listed(tmp_path):
    bare = findings(rules=pd.DataFrame(), rulebook=pd.DataFrame())
    folder = save_folder(bare, tmp_path / "r", writers={"rules.csv": WRITERS["rules.csv"]})
    assert sorted(hashes(folder)) == ["manifest.json"]
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (facts["files"], facts["rules"]) == ({}, [])


def test_the_manifest_knows_each_standard_by_the_hash_of_its_file():
    found = findings()
    book = found.rulebook.assign(sha256="ab")
    [version] = manifest(replace(found, rulebook=book), {})["rules"]
    assert (version["preset"], version["file"], version["sha256"]) == ("own", "own.toml", "ab")
    assert (version["rules"], version["verified"], version["not_verified"]) == (3, 2, ["ADVICE"])


def test_layers_say_which_rules_an_area_fails(tmp_path):
    write_layers(findings(), tmp_path / "c.gpkg")
    areas = gpd.read_file(tmp_path / "c.gpkg", layer="areas").set_index("area_id")
    assert areas["rules_failed"].to_dict() == {"A1": "own/DUTY", "A2": ""}
    assert areas["rules_failed_unverified"].to_dict() == {"A1": "own/ADVICE", "A2": ""}
