"""A result made again from its manifest: equal, or every difference by name."""

from __future__ import annotations

import shutil
import sqlite3

import pandas as pd
import pytest

import carecircle as cc
from carecircle.audit.replaying import replay, study_of_result
from carecircle.errors import InputError
from carecircle.outputs.folder import WRITERS, save_folder
from carecircle.outputs.masking import masked

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
[floor_area]
kinds = ["service_complex"]
"""

TABLES = {name: write for name, write in WRITERS.items() if name not in ("map.html", "tables.xlsx")}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study in files with its result beside it."""
    folder = tmp_path_factory.mktemp("made")
    tables = cc.samples.toy_town().tables
    for name in ("areas", "facilities", "homes", "roads"):
        getattr(tables, name).reset_index().to_file(folder / f"{name}.gpkg")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    save_folder(cc.assess(cc.load_study(folder)), folder / "results", writers=TABLES)
    return folder


@pytest.fixture
def study(made, tmp_path):
    """A copy in a folder of the test's own: study and result move together."""
    shutil.copytree(made, tmp_path / "study")
    return tmp_path / "study"


def change(folder, old, new):
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "study.toml").write_text(text.replace(old, new), encoding="utf-8")


def tamper(path, sql):
    """Change a stored table; triggers of the index in space are not there outside GDAL."""
    with sqlite3.connect(path) as base:
        for (name,) in base.execute(
            "select name from sqlite_master where type='trigger'"
        ).fetchall():
            base.execute(f'drop trigger "{name}"')
        base.execute(sql)


def test_an_untouched_result_is_equal_wherever_the_folder_lies(study):
    found = replay(study / "results")
    assert found.equal
    assert found.differences.empty
    assert str(found).splitlines()[-1] == "equal: every figure came out the same"
    assert (found.inputs["state"] == "same").all()
    assert set(found.inputs["table"]) == {"areas", "facilities", "homes", "roads"}


def test_a_stored_figure_that_was_changed_is_named(study):
    tamper(
        study / "results" / "coverage.gpkg", "update areas set elders_covered=41 where name='West'"
    )
    found = replay(study / "results")
    assert not found.equal
    assert found.files == ("coverage.gpkg",)
    assert found.differences.to_dict("records") == [
        {"table": "areas", "record": "W", "column": "elders_covered", "stored": 41.0, "again": 40.0}
    ]


def test_a_changed_input_is_named_with_what_it_does_to_the_figures(study):
    homes = cc.samples.toy_town().homes.reset_index()
    homes.loc[homes["home_id"] == "H01", "elders"] = 30.0
    (study / "homes.gpkg").unlink()
    homes.to_file(study / "homes.gpkg")
    found = replay(study / "results")
    states = found.inputs.set_index("table")["state"].to_dict()
    assert states == {"areas": "same", "facilities": "same", "homes": "changed", "roads": "same"}
    row = found.differences.set_index(["table", "column"]).loc[("totals", "elders_total")]
    again = row[row["record"].map(lambda key: key[0] == "city")].iloc[0]
    assert (again["stored"], again["again"]) == (130.0, 150.0)
    assert "input homes: homes.gpkg changed" in str(found)


def test_a_missing_input_is_named_and_nothing_is_run(study):
    (study / "roads.gpkg").unlink()
    found = replay(study / "results")
    assert not found.ran
    assert not found.equal
    assert "input roads: roads.gpkg missing" in str(found)


def test_the_settings_of_the_result_are_used_and_todays_are_told(study):
    change(study, 'kinds = ["station", "rural_centre"]', 'kinds = ["rural_centre"]')
    found = replay(study / "results")
    assert found.equal
    assert [key for key, *_ in found.settings] == ["service.kinds"]
    (study / "study.toml").unlink()
    assert replay(study / "results").differences.empty


def test_another_version_of_the_code_is_told(study, monkeypatch):
    monkeypatch.setattr("carecircle.audit.replaying.version", lambda _: "9.9")
    found = replay(study / "results")
    assert ("carecircle", cc.__version__, "9.9") in found.versions


def test_a_result_without_study_file_or_masked_says_so(study, tmp_path):
    town = cc.assess(cc.samples.toy_town())
    save_folder(town, tmp_path / "memory", writers={})
    with pytest.raises(InputError, match="not made from a study file"):
        replay(tmp_path / "memory")
    save_folder(masked(town), tmp_path / "public", writers={})
    with pytest.raises(InputError, match="masked for publishing"):
        replay(tmp_path / "public")
    with pytest.raises(InputError, match="not a carecircle result"):
        replay(tmp_path)


def test_the_study_of_a_result_has_its_settings_and_refuses_other_inputs(study):
    change(study, "as_of = 2020-12-31", "as_of = 2024-12-31")
    again = study_of_result(study / "results")
    assert again.card.as_of == "2020-12-31"
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.homes.drop(columns="geometry")),
        pd.DataFrame(cc.load_study(study).homes.drop(columns="geometry")),
    )
    (study / "areas.gpkg").write_bytes(b"else")
    with pytest.raises(InputError, match=r"areas\.gpkg changed"):
        study_of_result(study / "results")
