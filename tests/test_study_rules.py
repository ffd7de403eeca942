"""Standards in a study: named in its file, read with its tables, checked, and every fault told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib import resources

import numpy as np
import pandas as pd
import pytest

import carecircle as cc
from carecircle.errors import InputError
from carecircle.outputs.issue_phrases import issue_text
from carecircle.outputs.manifest import manifest
from carecircle.outputs.summary import summary_html, summary_rows
from carecircle.standards.presets import load_preset
from carecircle.standards.rule_views import count_verdicts

PLAN = "wuhai_plan_2021"
STUDY = """\
[study]
title = "Toy town"
title_zh = "玩具小镇"
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
OWN = """\
[preset]
id = "own"
title_zh = "自定"
title_en = "Own rules"
issuer = ""
document = "notes"
year = 2020

[[rule]]
id = "R1"
title_zh = "每百户面积"
title_en = "floor area"
clause = "1"
level = "area"
indicator = "floor_area_per_100_households"
comparator = ">="
limit = 30
unit = "m2/100 households"
verified = true
"""


@pytest.fixture
def town(tmp_path):
    """The toy town as files; returns a function that adds text and files and loads the study."""
    tables = cc.samples.toy_town().tables
    for name in ("areas", "facilities", "homes", "roads"):
        getattr(tables, name).reset_index().to_file(tmp_path / f"{name}.gpkg")

    def load(text, **files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", ".")
            path.write_text(content, encoding="utf-8")
        (tmp_path / "study.toml").write_text(STUDY + text, encoding="utf-8")
        return cc.load_study(tmp_path)

    return load


def faults(load, text, **files):
    with pytest.raises(InputError) as caught:
        load(text, **files)
    return {issue.code: issue for issue in caught.value.issues if issue.severity == "fatal"}


# ------------------------------------------------------------------------------ named and checked


def test_a_study_checks_its_presets_and_its_own_file_each_apart(town):
    study = town(f'[rules]\npresets = ["{PLAN}"]\nfiles = ["own.toml"]\n', own__toml=OWN)
    result = cc.assess(study)
    per_100 = result.rules.loc[("own", "R1"), "status"].astype(str).to_dict()
    # 400 m2 / 1000, 300 / 2000, 300 / 400, 0 / 100 households
    assert per_100 == {"W": "pass", "C": "fail", "V": "pass", "N": "fail"}
    assert result.rules.loc[(PLAN, "CA-WH-PER100", "V"), "status"] == "not_applicable"
    wide = result.rules_by_unit()
    assert wide.loc["C", ("own", "R1")] == "fail"
    assert wide.index.tolist() == ["W", "C", "V", "N"]
    assert set(wide.columns.get_level_values(0)) == {PLAN, "own"}


def test_a_study_without_rules_checks_none():
    result = cc.assess(cc.samples.toy_town())
    assert result.rules.empty
    assert result.rulebook.empty
    assert not any("Standard" in what or "标准" in what for what, _ in summary_rows(result))


def test_the_same_rules_give_the_same_verdicts_as_checking_them_by_hand(town):
    result = cc.assess(town(f'[rules]\npresets = ["{PLAN}"]\n'))
    pd.testing.assert_frame_equal(result.rules, cc.check_standards(result, PLAN))


def test_the_summary_names_what_fails_with_figures_limit_and_gap(town):
    result = cc.assess(town('[rules]\nfiles = ["own.toml"]\n', own__toml=OWN))
    lines = dict(summary_rows(result))
    assert lines["Standard: Own rules"] == (
        "1 rules, 1 fail, 0 pass, 0 not assessable or not applicable"
    )
    said = "2 of 4 fail (community or village); widest gap N: 0.0 m²/100 households (0 / 100)"
    assert lines["R1 floor area"] == f"{said}, at least 30, 30 m² short"
    assert "R1 floor area" in summary_html(result)


def test_unverified_wording_is_marked_wherever_a_rule_is_named(town):
    doubtful = OWN.replace("verified = true", "verified = false")
    result = cc.assess(town('[rules]\nfiles = ["own.toml"]\n', own__toml=doubtful))
    lines = dict(summary_rows(result))
    assert "1 of unverified wording" in lines["Standard: Own rules"]
    assert "R1 floor area (wording not verified)" in lines
    assert manifest(result, {})["rules"][0]["not_verified"] == ["R1"]
    assert not result.rules["verified"].any()


def test_the_manifest_holds_the_hash_of_every_rule_file(town, tmp_path):
    text = f'[rules]\npresets = ["{PLAN}"]\nfiles = ["own.toml"]\n'
    versions = manifest(cc.assess(town(text, own__toml=OWN)), {})["rules"]
    plan = (resources.files("carecircle.standards") / "presets" / f"{PLAN}.toml").read_bytes()
    own = (tmp_path / "own.toml").read_bytes()
    assert [version["preset"] for version in versions] == [PLAN, "own"]
    expected = [hashlib.sha256(content).hexdigest() for content in (plan, own)]
    assert [version["sha256"] for version in versions] == expected
    assert versions[0]["rules"] == len(load_preset(PLAN).rules)


def test_a_facility_kind_of_a_rule_file_is_known_to_the_facilities_of_the_study(town, tmp_path):
    kinds = OWN.replace("[[rule]]", '[kinds]\nlibrary = ["图书馆", "library"]\n\n[[rule]]', 1)
    tables = cc.samples.toy_town().tables.facilities.reset_index()
    tables.loc[tables["facility_id"] == "S1", "kind"] = "图书馆"
    (tmp_path / "facilities.gpkg").unlink()
    tables.to_file(tmp_path / "facilities.gpkg")
    study = town('[rules]\nfiles = ["own.toml"]\n', own__toml=kinds)
    assert study.facilities.loc["S1", "kind"] == "library"
    assert study.card.kinds["library"] == ("图书馆", "library")


def test_rules_about_other_kinds_get_the_way_to_those_kinds(town):
    rule = OWN.replace('"floor_area_per_100_households"', '"within_metres"\nparams = { metres ='
                       ' 300, kinds = ["service_complex"], weight = "elders" }').replace(
                           "m2/100 households", "%")  # fmt: skip
    checks = cc.assess(town('[rules]\nfiles = ["own.toml"]\n', own__toml=rule)).rules.loc["own"]
    # complexes at (100, 100), (700, 100), (1500, 0); homes as in the docstring of the toy town
    found = checks.loc["R1", ["numerator", "denominator"]].to_dict("index")
    assert found["W"] == {"numerator": 20.0, "denominator": 40.0}  # 100 and 200 m; not 500, 700
    assert found["C"] == {"numerator": 30.0, "denominator": 40.0}  # 300, 300, 200; not 700
    assert found["V"] == {"numerator": 20.0, "denominator": 30.0}  # 0 and 300; not 500
    assert found["N"]["numerator"] == 0.0


# ------------------------------------------------------------------------------------- every fault


@pytest.mark.parametrize(
    ("before", "after", "code", "line", "said"),
    [
        ('"floor_area_per_100_households"', '"floor_aera_per_100_households"', "unknown_formula",
         15, "did you mean 'floor_area_per_100_households'"),
        ('unit = "m2/100 households"', 'unit = "beds"', "wrong_unit", 18, "m2/100 households"),
        ("limit = 30", 'limit = "30"', "limit_is_text", 17, "without quotes"),
        ("limit = 30", "limit = 30\nlevle = 3", "unknown_key", 18, "did you mean 'level'"),
        ('clause = "1"', 'clause = "1"\nvalid_from = 2020-05-01\nvalid_to = 2020-01-01',
         "wrong_order", 15, "on or after valid_from"),
        ('id = "R1"', 'id = "R1', "not_toml", 10, "correct the line"),
    ],
)  # fmt: skip
def test_a_fault_of_a_rule_file_is_one_line_with_file_and_line(
    town, before, after, code, line, said
):
    found = faults(town, '[rules]\nfiles = ["own.toml"]\n', own__toml=OWN.replace(before, after))
    assert list(found) == [code]
    assert found[code].record == f"own.toml:{line}"
    assert said in found[code].fix
    assert "\n" not in str(found[code])


def test_a_rule_named_twice_and_formulas_in_a_circle_are_told_with_their_lines(town):
    twice = OWN + OWN[OWN.index("[[rule]]") :]
    assert faults(town, '[rules]\nfiles = ["own.toml"]\n', own__toml=twice)[
        "duplicate_id"
    ].record == "own.toml:21"  # fmt: skip
    block = '\n[[formula]]\nid = "{}"\nnumerator = "{}"\ndenominator = "elders"\nunit = "1"\n'
    cycle = OWN + block.format("a", "b") + block.format("b", "a")
    found = faults(town, '[rules]\nfiles = ["own.toml"]\n', own__toml=cycle)["cycle"]
    assert found.found == "a -> b -> a"
    assert found.record == "own.toml:21"


def test_a_rule_that_has_run_out_is_one_warning_with_its_line_and_still_checked(town):
    old = OWN.replace("year = 2020", "year = 2010\nvalid_to = 2015-12-31")
    result = cc.assess(town('[rules]\nfiles = ["own.toml"]\n', own__toml=old))
    late = [issue for issue in result.issues if issue.code == "rule_has_run_out"]
    assert [(issue.severity, issue.record.split(":")[0]) for issue in late] == [
        ("warning", "own.toml")
    ]
    assert "2015-12-31, before 2020-12-31" in late[0].found
    assert not result.rules["in_force"].any()
    assert "1 not in force" in dict(summary_rows(result))["Standard: Own rules"]


def test_a_rule_not_yet_in_force_is_noted_in_whole_sentences(town):
    early = OWN.replace("year = 2020", "year = 2020\nvalid_from = 2022-01-01")
    result = cc.assess(town('[rules]\nfiles = ["own.toml"]\n', own__toml=early))
    (note,) = [issue for issue in result.issues if issue.code == "rule_not_yet_in_force"]
    assert str(note).endswith(
        ": rule not yet in force (rules that come into force after 2020-12-31: 1); checked all the"
        " same; in_force is False in their rows"
    )
    assert issue_text(note.found, "zh") == "在 2020-12-31 之后才生效的规则:1 条"
    assert issue_text(note.effect, "zh") == "仍照常核查;其结果行 in_force 为 False"


def test_faults_of_rules_and_of_tables_come_together(town, tmp_path):
    (tmp_path / "roads.gpkg").unlink()
    text = '[rules]\npresets = ["wuhai_plan_2022"]\nfiles = ["own.toml", "none.toml"]\n'
    found = faults(town, text, own__toml=OWN.replace("limit = 30", 'limit = "30"'))
    assert found["unknown_value"].field == "rules.presets"
    assert "did you mean 'wuhai_plan_2021'" in found["unknown_value"].fix
    assert "none.toml not found" in found["unreadable"].found
    assert {"limit_is_text", "no_such_file"} <= set(found)


def test_two_files_of_one_id_are_told_apart(town):
    found = faults(town, '[rules]\nfiles = ["own.toml", "too.toml"]\n', own__toml=OWN,
                   too__toml=OWN)  # fmt: skip
    assert found["duplicate_id"].record == "too.toml"
    assert "own, of own.toml too" in found["duplicate_id"].found


# ------------------------------------------------------------- observations, rosters and projects

LEDGERS = """\
[observations]
file = "observations.csv"
[rosters]
file = "rosters.csv"
[projects]
file = "projects.csv"
"""
OBSERVED = "指标,年份,分子,分母,数值,单位\n2,2020年,16,20,80,%\n1,2020,,83,--,%\n"
ROSTERS = "层级,单元代码,设施类型,数量\n社区,W,养老服务站,1\n市,T,社会组织孵化场所,\n"
BACKWARDS = "project_id,name,area_id,home_start,home_accept\nP1,甲,W,2020-02-01,2019-01-01\n"
PROJECTS = "项目编号,名称,社区代码,户数,小区编号\nP1,甲,W,100,\nP2,乙,C,--,P1\n"


def ledgers(load, observations=OBSERVED, rosters=ROSTERS, projects=PROJECTS):
    return load(LEDGERS, observations__csv=observations, rosters__csv=rosters,
                projects__csv=projects)  # fmt: skip


def test_chinese_headings_levels_and_periods_are_understood(town):
    tables = ledgers(town).tables
    observed = tables.observations.set_index("indicator")
    assert observed.loc["2", ["numerator", "denominator", "value"]].tolist() == [16, 20, 80]
    assert observed["period"].tolist() == ["2020", "2020"]
    assert observed["unit_level"].tolist() == ["city", "city"]
    assert np.isnan(observed.loc["1", "value"])
    assert tables.rosters[["unit_level", "kind"]].to_numpy().tolist() == [
        ["area", "station"], ["city", "incubator"],
    ]  # fmt: skip
    assert tables.projects.loc["P2", "estate_id"] == "P1"
    assert np.isnan(tables.projects.loc["P2", "households"])


def test_observations_of_the_study_decide_its_rules(town):
    study = town(LEDGERS + f'[rules]\npresets = ["{PLAN}"]\n', observations__csv=OBSERVED,
                 rosters__csv=ROSTERS, projects__csv=PROJECTS)  # fmt: skip
    rules = cc.assess(study).rules
    bought = rules.loc[(PLAN, "IND-2", "T")]
    assert (bought["numerator"], bought["denominator"], bought["closes"]) == (16, 20, "4 units")
    for unsaid in ("IND-1", "IND-12"):  # value missing, and no row at all
        row = rules.loc[(PLAN, unsaid, "T")]
        assert (row["status"], row["reason"]) == ("not_assessable", "no_observation")
        assert np.isnan(row["value"])


@pytest.mark.parametrize(
    ("table", "content", "code", "said"),
    [
        ("observations", OBSERVED + "2,2020,15,20,75,%\n", "same_record_twice", "2 2020"),
        ("observations", OBSERVED + "3,soon,1,2,50,%\n", "not_a_period", "soon"),
        ("observations", OBSERVED + "3,2020,46,70,60,%\n", "value_contradicted", "46/70"),
        ("observations", OBSERVED + "3,2020,71,70,,%\n", "share_above_one", "71"),
        ("rosters", ROSTERS + "社区,X9,养老服务站,1\n", "unknown_unit", "X9"),
        ("rosters", ROSTERS + "社区,W,养老大厦,1\n", "unknown_kind", "养老大厦"),
        ("rosters", ROSTERS + "社区,W,养老服务站,2\n", "same_record_twice", "area W station"),
        ("projects", PROJECTS + "P3,丙,Z,10,\n", "unknown_area", "Z"),
        ("projects", BACKWARDS, "dates_out_of_order",
         "home_start 2020-02-01, home_accept 2019-01-01"),
    ],
)  # fmt: skip
def test_what_a_ledger_says_wrongly_is_named_with_its_value(town, table, content, code, said):
    issues = [i for i in ledgers(town, **{table: content}).issues if i.code == code]
    assert [(issue.table, issue.severity in ("warning", "error")) for issue in issues] == [
        (table, True)
    ]
    assert said in issues[0].found
    assert issues[0].fix


def test_a_rounded_share_does_not_contradict_its_fraction(town):
    rows = "指标,年份,分子,分母,数值,单位\n3,2020,46,70,66,%\n4,2020,46,70,65.7,%\n"
    codes = {issue.code for issue in ledgers(town, observations=rows).issues}
    assert "value_contradicted" not in codes


def test_a_ledger_without_its_columns_is_refused_with_the_rest(town):
    found = faults(
        lambda text, **files: ledgers(town, **files), "", observations="a,b\n1,2\n",
        rosters="a,b\n1,2\n",
    )  # fmt: skip
    assert found["missing_column"].table in ("observations", "rosters")
    with pytest.raises(InputError) as caught:
        ledgers(town, observations="a,b\n1,2\n", rosters="a,b\n1,2\n")
    assert {issue.table for issue in caught.value.issues if issue.severity == "fatal"} == {
        "observations", "rosters",
    }  # fmt: skip


# --------------------------------------------------------------------------------- the sample city


@pytest.fixture(scope="module")
def wuhai(sample_result):
    return sample_result


def test_the_sample_names_its_standards_and_keeps_them_apart(wuhai):
    presets = wuhai.rules.index.get_level_values("preset").unique().tolist()
    assert presets == [PLAN, "wuhai_community_plan_2022", "national_2022"]
    assert wuhai.rules.loc[(PLAN, "CA-WH-CITY", "1503"), "status"] == "fail"  # 33 of 36
    assert wuhai.rules.loc[("wuhai_community_plan_2022", "CA-WH-COM33", "1503"), "status"] == "pass"


def test_counts_by_verdict_agree_with_the_rows(wuhai):
    counts = count_verdicts(wuhai.rules)
    for words in ("pass", "fail", "not_applicable", "not_assessable"):
        assert counts[words].sum() == (wuhai.rules["status"] == words).sum()
    sizes = wuhai.rules.groupby(["preset", "rule"]).size()
    assert counts["units"].to_dict() == sizes.to_dict()
    failed = counts[counts["fail"] > 0]
    for (preset, rule), row in failed.iterrows():
        gaps = wuhai.rules.loc[(preset, rule), "gap"]
        assert row["gap"] == gaps.max()
        assert gaps[row["unit_id"]] == gaps.max()


def test_standards_change_no_other_figure(wuhai, sample_study):
    bare = cc.assess(replace(sample_study, terms=replace(sample_study.terms, presets=())))
    pd.testing.assert_frame_equal(bare.totals, wuhai.totals)
    pd.testing.assert_frame_equal(bare.floor_areas, wuhai.floor_areas)
    city = wuhai.totals.loc[("city", "1503")]
    assert (round(city["elders_covered"]), city["elders_total"]) == (55_381, 90_649)


@pytest.mark.parametrize(
    ("highway", "expected"),
    [
        # 800 m of residential street at 20 km/h is 2.4 minutes, and 3 to start and park
        ("residential", (1, 1, 5.4, "pass", "")),
        # nobody drives there
        ("footway", (np.nan, np.nan, np.nan, "not_assessable", "links_missing")),
    ],
)
def test_stations_are_linked_to_their_centre_by_car(highway, expected):
    town = cc.samples.toy_town()
    kinds = {"F1": "street_centre", "S2": "station"}
    facilities = town.facilities.assign(status="operating").loc[list(kinds)].assign(kind=kinds)
    roads = town.tables.roads.assign(highway=highway)
    tables = replace(town.tables, facilities=facilities, roads=roads)
    terms = replace(town.terms, presets=(load_preset(PLAN),))
    result = cc.assess(replace(town, tables=tables, terms=terms))
    (rule,) = result.rules.xs("N2-TIME", level="rule").to_dict("records")
    numerator, denominator, minutes, status, reason = expected
    assert (rule["status"], rule["reason"]) == (status, reason)
    if np.isnan(minutes):
        assert "links" not in result.evidence
        return
    assert (rule["numerator"], rule["denominator"]) == (numerator, denominator)
    (link,) = result.evidence["links"].to_dict("records")
    assert (link["home_id"], link["facility_id"]) == ("S2", "F1")
    assert link["minutes"] == pytest.approx(minutes)
    # the figure counts again from what is kept
    assert result.explain(f"rule:{PLAN}/N2-TIME@city").agrees


def test_stations_of_the_sample_are_within_a_drive_of_a_centre_as_counted_from_its_links(wuhai):
    links = wuhai.evidence["links"].set_index("home_id")["minutes"]
    facilities = wuhai.facilities
    stations = facilities[
        facilities["kind"].isin(["station", "day_care"]) & (facilities["status"] == "operating")
    ].index
    (rule,) = wuhai.rules.xs("N2-TIME", level="rule").to_dict("records")
    near = links.reindex(stations) <= 15
    assert (rule["numerator"], rule["denominator"]) == (near.sum(), len(stations))
    assert 0 < near.sum() < len(stations)
