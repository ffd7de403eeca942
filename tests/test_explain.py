"""Every figure has an id, says how it came about, and comes out the same when counted again."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from dataclasses import replace

import pandas as pd
import pytest

import carecircle as cc
from carecircle.audit.stored import changed_files, open_result
from carecircle.errors import InputError
from carecircle.evidence.explaining import explain
from carecircle.evidence.figures import figure_of
from carecircle.outputs.figure_words import derivation_of
from carecircle.outputs.folder import WRITERS, save_folder
from carecircle.outputs.manifest import manifest
from carecircle.outputs.masking import masked

TABLES = {name: write for name, write in WRITERS.items() if name not in ("map.html", "tables.xlsx")}


@pytest.fixture(scope="module")
def toy():
    return cc.assess(cc.samples.toy_town())


@pytest.fixture(scope="module")
def saved(sample_result, tmp_path_factory):
    return save_folder(sample_result, tmp_path_factory.mktemp("saved") / "wuhai", writers=TABLES)


@pytest.fixture(scope="module")
def stored(saved):
    return open_result(saved)


@pytest.fixture
def folder(toy, tmp_path):
    return save_folder(toy, tmp_path / "results", writers=TABLES)


def facts_of(found):
    return dict(found.lines)


# ids


@pytest.mark.parametrize(
    ("text", "full", "value"),
    [
        ("city.elders_covered", "city:T.elders_covered", 80.0),
        ("kind:rural.elders_rate", "kind:rural.elders_rate", 20 / 30),
        ("area:N.verdict", "area:N.cell", "none_late"),
        ("area:C.floor.shortfall_m2", "area:C.floor.shortfall_m2", 300.0),
        ("city.floor.provided_m2", "city:T.floor.provided_m2", 1000.0),
        ("facility:F1.elders", "facility:F1.elders", 110.0),
        ("home:H13.covered", "home:H13.covered", None),
        ("gap:G001.elders", "gap:G001.elders", 20.0),
    ],
)
def test_an_id_names_one_figure(toy, text, full, value):
    found = figure_of(toy, text)
    assert (found.id, found.value) == (full, value)
    assert figure_of(toy, full) == found


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("city.elder_rate", "did you mean 'city:T.elders_rate'?"),
        ("town.elders_rate", "city.elders_rate"),
        ("area:w.elders_rate", "did you mean 'area:W.elders_rate'?"),
        ("area.elders_rate", "4 units of this level; say which, such as 'area:W.elders_rate'"),
        ("area:W.floor.shortfal_m2", "did you mean 'area:W.floor.shortfall_m2'?"),
        ("rule:wuhai_plan_2021/IND-3@city", "this result checked no rules"),
        ("elders", "not the id of a figure"),
    ],
)
def test_an_unknown_figure_names_the_nearest(toy, text, hint):
    with pytest.raises(InputError, match=re.escape(hint)):
        explain(toy, text)


def test_a_city_without_a_code_is_named_without_one(toy):
    plain = replace(toy, totals=toy.totals.rename(index={"T": ""}, level="unit_id"))
    assert figure_of(plain, "city.elders_covered").id == "city.elders_covered"
    with pytest.raises(InputError, match=re.escape("did you mean 'city.elders_rate'?")):
        explain(plain, "city.elder_rate")


def test_a_verdict_is_told_in_words_with_its_code(toy):
    facts = facts_of(explain(toy, "area:N.verdict"))
    assert facts["数值"] == "无设施且超时(优先) (none_late)"
    assert facts["重新计算"] == "无设施且超时(优先) (none_late),一致"


def test_a_study_folder_leads_to_the_results_in_it(toy, tmp_path):
    toy.save(tmp_path / "results")
    with pytest.raises(InputError, match=r"did you mean '.*results'"):
        open_result(tmp_path)


def test_an_unknown_rule_names_the_nearest(stored):
    with pytest.raises(InputError, match=re.escape("rule:wuhai_plan_2021/IND-3@city")):
        explain(stored, "rule:wuhai_plan_2021/IND3@city")


# what it says


def test_a_rate_goes_down_to_homes_and_facilities(toy):
    found = explain(toy, "city.elders_rate")
    facts = facts_of(found)
    assert facts["构成"].startswith("80 (")
    assert facts["构成"].endswith("= 130")
    assert facts["住宅时限内覆盖"].startswith("8: H01, H02")
    assert facts["住宅未覆盖"] == "4: H07, H08, H11, H12"
    assert facts["住宅未评估"] == "1: H13"
    assert facts["到达的设施(住宅数)"] == "1: F1 (8)"
    assert "15" in facts["时限"]
    assert "elder_default" in facts["出行方式"]
    assert found.agrees
    assert facts["程序版本"] == f"carecircle {cc.__version__}"
    assert found._repr_html_().count("<tr>") == len(found.lines)


def test_words_follow_the_language_of_the_card(toy):
    from dataclasses import replace

    english = replace(toy, card=replace(toy.card, language="en"))
    text = str(explain(english, "city.elders_rate"))
    assert "counted again: 0.615384615, the same" in text
    assert not re.search("[一-鿿]", text)


def test_a_roster_rate_names_the_areas(toy):
    facts = facts_of(explain(toy, "city.roster_rate"))
    assert facts["有设施(名录): 是"] == "1: W"
    assert facts["有设施(名录): 否"] == "3: C, N, V"


def test_an_indicator_tells_rule_version_formula_and_inputs(stored):
    found = explain(stored, "indicator:3@city")
    assert (round(found.value, 1), found.agrees) == (65.7, True)
    text = str(found)
    assert "46 / 70" in text
    assert "areas_with_facility" in text
    book = stored.rulebook.loc[("wuhai_plan_2021", "IND-3")]
    assert f"wuhai_plan_2021.toml sha256 {book['sha256'][:12]}" in text
    (areas,) = [one for one in stored.provenance["inputs"] if one["table"] == "areas"]
    assert f"areas.gpkg, 83行, sha256 {areas['sha256'][:12]}" in text


def test_what_is_read_or_searched_is_not_said_to_be_counted(toy):
    for figure in ("home:H05.minutes", "area:W.households", "facility:F1.floor_m2"):
        assert explain(toy, figure).agrees is None


def test_a_masked_result_sends_to_the_one_that_was_kept(toy):
    with pytest.raises(InputError, match="masked for publishing"):
        explain(masked(toy), "city.elders_rate")


# counted again


def test_a_result_read_back_names_town_before_country_as_the_study_does(stored, sample_result):
    assert list(stored.card.limits) == list(sample_result.card.limits) == ["urban", "rural"]


def test_every_total_of_the_toy_town_comes_out_the_same(toy):
    figures = [
        f"{level}:{unit}.{floor}{column}"
        for table, floor in (("totals", ""), ("floor_totals", "floor."))
        for level, unit in getattr(toy, table).index
        for column in getattr(toy, table).columns.drop("name")
    ]
    again = {figure: explain(toy, figure).agrees for figure in figures[:: 1 + len(figures) // 50]}
    assert len(again) > 30
    assert [figure for figure, agrees in again.items() if not agrees] == []


@pytest.mark.parametrize("level", ["city", "district", "street", "kind"])
def test_a_total_of_the_sample_comes_out_the_same(stored, level):
    unit = stored.totals.loc[level].index[0]
    for column in ("elders_rate", "on_time_rate", "floor.both_rate"):
        assert explain(stored, f"{level}:{unit}.{column}").agrees


def test_figures_of_an_area_and_its_floor_come_out_the_same(toy):
    for table, before in (("areas", ""), ("floor_areas", "floor.")):
        frame = getattr(toy, table)
        found = {
            c: explain(toy, f"area:C.{before}{c}").agrees
            for c in frame.columns.drop("geometry", errors="ignore")[::2]
            if derivation_of(table, str(c)) and c not in ("name", "kind", "regime")
        }
        assert [name for name, agrees in found.items() if agrees is False] == []
        assert sum(agrees is True for agrees in found.values()) >= 5


@pytest.mark.parametrize("column", ["homes", "elders", "population", "households"])
def test_every_gap_of_the_toy_town_comes_out_the_same(toy, column):
    assert all(explain(toy, f"gap:{gap}.{column}").agrees for gap in toy.gaps.index)


def test_rules_of_every_level_come_out_the_same(stored):
    first = stored.rules.reset_index().drop_duplicates(["level", "indicator"])
    for row in first.sample(5, random_state=1).to_dict("records"):
        figure = f"rule:{row['preset']}/{row['rule']}@{row['level']}:{row['unit_id']}"
        assert explain(stored, figure).agrees, figure


def tamper(path, sql):
    with sqlite3.connect(path) as base:
        for (name,) in base.execute(
            "select name from sqlite_master where type='trigger'"
        ).fetchall():
            base.execute(f'drop trigger "{name}"')
        base.execute(sql)


@pytest.mark.parametrize(
    ("sql", "figures"),
    [
        ("update homes set elders=11 where home_id='H01'",
         ["city.elders_covered", "area:W.elders_total"]),
        ("update homes set minutes=15.1 where home_id='H04'",
         ["area:W.elders_rate", "home:H04.covered"]),
        ("update areas set elders_covered=41 where area_id='W'", ["area:W.elders_covered"]),
        ("update facilities set floor_m2=900 where facility_id='S2'", ["area:C.floor.provided_m2"]),
        ("update facilities set status='closed' where facility_id='F1'", ["city.roster_rate"]),
        ("update gaps set elders=2 where gap_id='G001'", ["gap:G001.elders"]),
    ],
)  # fmt: skip
def test_a_stored_table_that_was_changed_is_found_out(folder, sql, figures):
    assert all(explain(open_result(folder), figure).agrees for figure in figures)
    tamper(folder / "coverage.gpkg", sql)
    for figure in figures:
        assert explain(open_result(folder), figure).agrees is False, figure
    assert changed_files(folder) == ["coverage.gpkg"]


def test_a_verdict_that_was_changed_is_found_out(saved, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    table = pd.read_csv(copy / "rules.csv", encoding="utf-8-sig", dtype="str")
    rows = (table["rule"] == "TIME-U15") & (table["numerator"].astype(float) > 0)
    place = rows.idxmax()
    table.loc[place, "numerator"] = table.loc[place, "denominator"]
    table.to_csv(copy / "rules.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    figure = f"rule:{table['preset'][place]}/TIME-U15@area:{table['unit_id'][place]}.numerator"
    assert explain(open_result(copy), figure).agrees is False


# what is kept


def test_the_result_read_back_holds_the_same_figures(toy, folder):
    again = open_result(folder)
    assert again.card == toy.card or again.card.limits == toy.card.limits
    pd.testing.assert_frame_equal(again.totals, toy.totals, check_dtype=False)
    pd.testing.assert_series_equal(again.homes["covered"], toy.homes["covered"])
    pd.testing.assert_frame_equal(again.floor_areas, toy.floor_areas, check_dtype=False)


def test_the_archive_is_small_and_holds_ledgers_and_rule_texts(saved):
    archive = zipfile.ZipFile(saved / "evidence.zip")
    held = {name.removesuffix(".parquet") for name in archive.namelist()}
    assert {"totals", "floor_areas", "observations", "rosters", "projects", "rule_files"} <= held
    assert (saved / "evidence.zip").stat().st_size < 400_000


def test_the_manifest_links_figures_to_formula_inputs_and_terms(toy):
    figures = manifest(toy, {})["figures"]
    rates = next(one for one in figures if re.fullmatch(one["columns"], "elders_rate"))
    assert "LEVEL:UNIT.COLUMN" in rates["ids"]
    assert {"homes", "facilities", "roads"} <= set(rates["inputs"])
    assert {"limits", "profile"} <= set(rates["terms"])


@pytest.mark.parametrize("name", ["", "manifest.json", "coverage.gpkg", "evidence.zip"])
def test_a_folder_that_is_not_whole_is_one_clear_error(folder, tmp_path, name):
    if not name:
        folder = tmp_path / "nothing"
    else:
        (folder / name).unlink()
    with pytest.raises(InputError):
        open_result(folder)
