"""The commands of evidence: explain, replay, compare-years, and run --publish."""

from __future__ import annotations

import json
import sqlite3

import pandas as pd
import pytest

import carecircle as cc

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


def write(folder, tables, study=STUDY):
    folder.mkdir(parents=True)
    for name, table in tables.items():
        table.reset_index().to_file(folder / f"{name}.gpkg")
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def years(tmp_path_factory):
    """The toy town in 2020, and in 2022 when its planned centre operates; both with results."""
    place = tmp_path_factory.mktemp("years")
    tables = {n: getattr(cc.samples.toy_town().tables, n)
              for n in ("areas", "facilities", "homes", "roads")}  # fmt: skip
    write(place / "2020", tables)
    opened = tables["facilities"].assign(status="operating")
    write(
        place / "2022", tables | {"facilities": opened}, STUDY.replace("2020-12-31", "2022-12-31")
    )
    for year in ("2020", "2022"):
        cc.assess(cc.load_study(place / year)).save(place / year / "results")
    return place


def test_explain_prints_how_a_figure_came_about(command, years):
    code, out, _ = command("explain", years / "2020" / "results", "city.elders_rate")
    assert code == 0
    assert "homes uncovered: 4: H07, H08, H11, H12" in out
    assert "input: homes: homes.gpkg, 13 rows, sha256" in out
    assert "counted again: 0.615384615, the same" in out
    code, out, _ = command("explain", years / "2020" / "results", "area:N.verdict", "--json")
    facts = json.loads(out)
    assert (facts["value"], facts["agrees"]) == ("none_late", True)


def test_explain_names_the_nearest_figure(command, years):
    code, _, err = command("explain", years / "2020" / "results", "city.elder_rate")
    assert code == 2
    assert "did you mean 'city:T.elders_rate'?" in err


def test_explain_ends_with_one_when_a_table_was_changed(command, years, tmp_path):
    import shutil

    shutil.copytree(years / "2020" / "results", tmp_path / "r")
    with sqlite3.connect(tmp_path / "r" / "coverage.gpkg") as base:
        for (name,) in base.execute(
            "select name from sqlite_master where type='trigger'"
        ).fetchall():
            base.execute(f'drop trigger "{name}"')
        base.execute("update homes set minutes = 15.5 where home_id = 'H04'")
    code, out, err = command("explain", tmp_path / "r", "area:W.elders_rate")
    assert code == 1
    assert "counted again: 0.75, NOT the same" in out
    assert "coverage.gpkg is not as it was written" in err


def test_replay_says_equal_or_what_changed(command, years, tmp_path):
    code, out, _ = command("replay", years / "2020" / "results")
    assert (code, out.splitlines()[-1]) == (0, "equal: every figure came out the same")
    other = years / "2022"
    code, out, _ = command("replay", years / "2020" / "results", "--study", other, "--json")
    facts = json.loads(out)
    assert code == 1
    assert {"table": "facilities", "file": "facilities.gpkg", "state": "changed"} in facts["inputs"]


def test_compare_years_splits_the_change(command, years, tmp_path):
    folders = [years / year / "results" for year in ("2022", "2020")]
    code, out, _ = command("compare-years", *folders, "--out", tmp_path / "change.csv")
    assert code == 0
    assert "elders covered in time: 80 > 90 (+10: facilities +10)" in out
    table = pd.read_csv(tmp_path / "change.csv", encoding="utf-8-sig")
    row = table[(table["figure"] == "elders_covered") & (table["level"] == "city")].iloc[0]
    assert (row["change"], row["facilities"], row["roads"]) == (10.0, 10.0, 0.0)
    code, _, err = command("compare-years", folders[0])
    assert code == 2
    assert "two dated studies" in err


def test_run_publishes_masked_figures_beside_the_own_ones(command, years):
    code, _, _ = command("run", years / "2020", "--publish", "--json")
    assert code == 0
    facts = json.loads((years / "2020" / "published" / "manifest.json").read_text(encoding="utf-8"))
    assert facts["masked"]["least"] == 10
    assert facts["rows"]["homes"] == 0
    assert facts.get("study") is None
    own = json.loads((years / "2020" / "results" / "manifest.json").read_text(encoding="utf-8"))
    assert own["rows"]["homes"] == 13
    code, _, err = command("explain", years / "2020" / "published", "city.elders_rate")
    assert code == 2
    assert "masked for publishing" in err
