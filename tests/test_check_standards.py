"""Verdicts: exact fractions, what closes a gap, what cannot be said, and the sample city."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.standards.evaluate import check_standards
from carecircle.standards.formulas import FORMULAS, formula, ratio
from carecircle.standards.measures import measured
from carecircle.standards.presets import load_preset, preset_names
from carecircle.standards.rule_frames import RuleFrames
from carecircle.standards.rules import Applies, Limit, Preset, Rule

PLAN = "wuhai_plan_2021"
FLOOR_RULES = replace(
    load_preset(PLAN),
    rules=tuple(
        load_preset(PLAN).rule(name) for name in ("CA-WH-BOTH", "CA-WH-FLOOR", "CA-WH-PER100")
    ),
)


def rule(indicator, limit, unit, **more):
    low, high = limit if isinstance(limit, tuple) else (limit, limit)
    told = {"id": "R", "level": "area", "comparator": ">="} | more
    return Rule(
        title_zh="规则", title_en="rule", issuer="me", document="doc", clause="1", year=2024,
        indicator=indicator, limit=limit if isinstance(limit, Limit) else Limit(low, high),
        unit=unit, **told,
    )  # fmt: skip


def check(frames, *rules, **more):
    checks = check_standards(frames, Preset("own", "", "", rules, **more), log=IssueLog())
    return checks.droplevel(["preset", "rule"])


def areas(households, **more):
    ids = pd.Index([f"A{k}" for k in range(len(households))], name="area_id", dtype="str")
    told = {"name": "x", "kind": "urban", "city_id": "C", "households": households} | more
    return pd.DataFrame(told, index=ids)


def facilities(*rows):
    """Give (kind, area, floor area) each, and further columns as a mapping."""
    made = [
        {"kind": kind, "serves": area, "area_id": area, "floor_m2": floor, "status": "operating"}
        | (more[0] if more else {})
        for kind, area, floor, *more in rows
    ]
    ids = pd.Index([f"F{k}" for k in range(len(rows))], name="facility_id", dtype="str")
    columns = ["kind", "serves", "area_id", "floor_m2", "status"]
    return pd.DataFrame(made, index=ids) if made else pd.DataFrame(columns=columns, index=ids)


@pytest.fixture(scope="module")
def wuhai(sample_study, sample_result):
    folder = cc.samples.wuhai_folder()
    result = sample_result
    frames = RuleFrames.from_findings(
        result,
        projects=sample_study.tables.projects,
        rosters=pd.read_csv(folder / "rosters.csv", dtype={"unit_id": str}),
        observations=pd.read_csv(folder / "observations.csv", dtype={"indicator": str}),
    )
    return result, frames


@pytest.fixture(scope="module")
def plan_checks(wuhai):
    return check_standards(wuhai[1], PLAN, log=IssueLog())


# ------------------------------------------------------------------- oracles counted on fingers


@pytest.mark.parametrize(
    ("households", "regime", "owes"),
    [(999, "existing", 300), (1000, "existing", 300), (1001, "existing", 300.3),
     (2660, "existing", 798), (999, "new", 500), (1000, "new", 500), (2000, "new", 1000)],
)  # fmt: skip
def test_what_a_community_owes_decides_at_the_square_centimetre(households, regime, owes):
    for floor, status in ((owes, "pass"), (owes - 0.0001, "fail")):
        frames = RuleFrames(
            areas([float(households)], regime=regime), facilities(("service_complex", "A0", floor))
        )
        checks = check_standards(frames, PLAN, log=IssueLog())
        row = checks.loc[(PLAN, "CA-WH-BOTH", "A0")]
        assert row["status"] == status, (floor, owes)
        assert row["closes"] == ("" if status == "pass" else "0.0001 m2")


def test_a_square_decimetre_short_of_the_floor_fails():
    frames = RuleFrames(areas([500.0]), facilities(("service_complex", "A0", 299.99)))
    row = check_standards(frames, PLAN, log=IssueLog()).loc[(PLAN, "CA-WH-FLOOR", "A0")]
    assert (row["status"], row["closes"], row["reason"]) == ("fail", "0.01 m2", "below_limit")
    assert row["gap"] == pytest.approx(0.01)
    assert row["evidence_ids"] == "F0"


def test_a_city_is_a_ratio_of_sums_and_never_a_mean_of_ratios():
    frames = RuleFrames(
        areas([100.0, 3000.0]),
        facilities(("service_complex", "A0", 100.0), ("service_complex", "A1", 900.0)),
    )
    row = check(frames, rule("floor_area_per_100_households", 36, "m2/100 households",
                             level="city")).loc["C"]  # fmt: skip
    assert (row["numerator"], row["denominator"]) == (1000.0, 3100.0)
    assert row["value"] == pytest.approx(32.26, abs=0.005)
    assert row["closes"] == "116 m2"


def test_mixed_communities_weigh_both_figures_by_households():
    frames = RuleFrames(
        areas([3000.0], regime="mixed", households_new=[1000.0]),
        facilities(("service_complex", "A0", 1100.0)),
    )
    row = check_standards(frames, PLAN, log=IssueLog()).loc[(PLAN, "CA-WH-PER100", "A0")]
    assert row["status"] == "pass"  # 0.30 x 2000 + 0.50 x 1000 = 1100
    assert row["limit"] == pytest.approx(1100 / 30)


def test_beds_missing_to_a_share_are_whole_beds():
    frames = RuleFrames(
        areas([1.0], elders=[90_648.65]),
        facilities(("institution", "A0", 1.0, {"beds": 7697.0, "nursing_beds": 1237.0})),
    )
    row = check(frames, rule("nursing_share", 55, "%", level="city")).loc["C"]
    assert row["closes"] == f"{4234 - 1237} beds"  # 55 % of 7,697 is 4,233.35
    beds = RuleFrames(areas([1.0], elders=[90_648.65]),
                      facilities(("institution", "A0", 1.0, {"beds": 3354.0})))  # fmt: skip
    row = check(beds, rule("beds_per_1000_elders", 37, "beds/1000 elders", level="city")).loc["C"]
    assert row["value"] == pytest.approx(37.0, abs=5e-6)


def test_99_6_percent_of_100_is_not_achieved_even_though_it_prints_so():
    observed = pd.DataFrame({"indicator": ["1"], "period": [2025], "numerator": [249.0],
                             "denominator": [250.0]})  # fmt: skip
    frames = RuleFrames(areas([1.0]), facilities(), observations=observed)
    row = check(frames, rule("observed_share", 100, "%", level="city", params={"indicator": "1"}))
    assert f"{row['value'].iloc[0]:.0f}" == "100"
    assert row["status"].iloc[0] == "fail"


def test_no_observation_is_no_figure_and_never_zero(plan_checks):
    row = plan_checks.loc[(PLAN, "IND-1", "1503")]
    assert (row["status"], row["reason"]) == ("not_assessable", "no_observation")
    assert math.isnan(row["value"])
    assert math.isnan(row["gap"])


def test_a_planned_facility_changes_no_verdict():
    built = facilities(("service_complex", "A0", 300.0), ("service_complex", "A0", 500.0))
    built["status"] = ["operating", "planned"]
    row = check(RuleFrames(areas([2000.0]), built), rule("floor_area", 600, "m2")).loc["A0"]
    assert (row["value"], row["evidence_ids"]) == (300.0, "F0")


# --------------------------------------------------------------------------------- laws and states


@settings(max_examples=60)
@given(
    shares=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), min_size=1, max_size=8
    ),
    limit=st.integers(0, 1200),
    comparator=st.sampled_from([">=", "<=", "=="]),
)
def test_exact_fractions_decide(shares, limit, comparator):
    tenth = Fraction(limit, 10)

    @formula("shares_of_a_test", unit="%", level="area", closes="posts")
    def shares_of_a_test(frames):
        """Give the shares of a test."""
        return measured(*zip(*shares, strict=True), index=frames.areas.index)

    try:
        found = check(RuleFrames(areas([1.0] * len(shares)), facilities()),
                      rule("shares_of_a_test", limit / 10, "%", comparator=comparator))  # fmt: skip
    finally:
        FORMULAS.pop("shares_of_a_test")
    for (top, bottom), (_, row) in zip(shares, found.iterrows(), strict=True):
        value = Fraction(100 * top, bottom)
        holds = {">=": value >= tenth, "<=": value <= tenth, "==": value == tenth}[comparator]
        assert row["status"] == ("pass" if holds else "fail")
        if comparator == ">=" and not holds:
            assert row["closes_n"] == math.ceil(tenth * bottom / 100) - top


_AREA = st.tuples(
    st.one_of(st.none(), st.integers(0, 4000)),
    st.sampled_from(["existing", "new", "mixed", None]),
    st.one_of(st.none(), st.integers(0, 4000)),
    st.sampled_from(["urban", "rural", None]),
    st.one_of(st.none(), st.integers(0, 200).map(lambda n: n * 10.0)),
)


@settings(max_examples=60)
@given(st.lists(_AREA, min_size=1, max_size=6))
def test_the_area_rules_agree_with_the_floor_area_check(rows):
    table = areas(
        [math.nan if r[0] is None else float(r[0]) for r in rows],
        regime=[r[1] for r in rows],
        households_new=[math.nan if r[2] is None else float(r[2]) for r in rows],
        kind=[r[3] for r in rows],
    )
    places = facilities(*(("service_complex", f"A{k}", r[4]) for k, r in enumerate(rows)))
    places["floor_m2"] = places["floor_m2"].astype(float)
    floor = cc.check_floor_area(table, places, log=IssueLog())
    found = check_standards(RuleFrames(table, places), FLOOR_RULES, log=IssueLog())
    both = found.loc[(PLAN, "CA-WH-BOTH")]
    assert both["status"].astype(str).to_list() == floor["status"].to_list()
    named = {"pass": True, "fail": False}
    for name, column in (("CA-WH-FLOOR", "pass_floor"), ("CA-WH-PER100", "pass_per_100")):
        verdict = found.loc[(PLAN, name)]
        for area in table.index[table["kind"] == "urban"]:
            said = named.get(verdict.loc[area, "status"])
            expected = floor.loc[area, column]
            assert said == (None if pd.isna(expected) else bool(expected)), (name, area)


def test_presets_never_merge_and_a_study_may_name_several(wuhai):
    checks = check_standards(wuhai[1], [PLAN, "wuhai_community_plan_2022"], log=IssueLog())
    verdicts = checks[checks["indicator"] == "floor_area_per_100_households"].xs("1503", level=2)
    assert verdicts["limit"].to_list() == [36.0, 33.0]
    assert verdicts["status"].to_list() == ["fail", "pass"]
    with pytest.raises(InputError, match="named twice"):
        check_standards(wuhai[1], [PLAN, PLAN])


def test_a_rule_out_of_force_says_so_and_is_checked_all_the_same():
    frames = RuleFrames(areas([100.0]), facilities(), as_of="2026-01-01")
    log = IssueLog()
    checks = check_standards(frames, PLAN, log=log)
    assert not checks["in_force"].any()
    assert ("rule_has_run_out", "warning") in {(i.code, i.severity) for i in log}
    assert (checks["status"] == "fail").any()


def test_a_rule_without_units_is_told():
    log = IssueLog()
    check_standards(RuleFrames(areas([1.0]), facilities()), "embedded_2023", log=log)
    assert [i.code for i in log].count("rule_without_units") == 4


def test_sizes_of_a_table_hold_from_their_first_number_on():
    sizes = [9_999, 10_000, 14_999, 15_000, 49_999, 50_000, math.nan]
    table = areas([1.0] * 7, population=sizes)
    found = check_standards(RuleFrames(table, facilities()), "jb143", log=IssueLog())
    found = found.loc[("jb143", "EC-JB143")]
    limits = [None if math.isnan(x) else x for x in found["limit"]]
    assert limits == [None, 750, 750, 1085, 1600, None, None]
    assert found["reason"].to_list() == [
        "size_below_table", "below_limit", "below_limit", "below_limit", "below_limit",
        "size_above_table", "population_missing",
    ]  # fmt: skip


def test_between_knows_both_ends_and_says_too_much():
    places = facilities(*(("day_care", "A0", floor) for floor in (349.0, 350.0, 750.0, 751.0)))
    found = check(RuleFrames(areas([1.0]), places),
                  rule("facility_floor_area", (350, 750), "m2", level="facility",
                       comparator="between"))  # fmt: skip
    assert found["status"].to_list() == ["fail", "pass", "pass", "fail"]
    assert found["closes"].to_list() == ["1 m2", "", "", "1 m2 too much"]
    assert found["limit_max"].to_list() == [750] * 4


def test_a_kind_no_table_speaks_of_is_unknown_and_a_listed_one_is_zero():
    one = rule("areas_with_facility", 100, "%", level="city", params={"kinds": ("incubator",)})
    bare = RuleFrames(areas([1.0]), facilities())
    assert check(bare, one)["reason"].to_list() == ["kind_not_in_tables"]
    listed = replace(bare, rosters=pd.DataFrame({"kind": ["incubator"]}))
    row = check(listed, one).loc["C"]
    assert (row["value"], row["status"], row["closes"]) == (0.0, "fail", "1 facility")


def test_one_unknown_member_leaves_a_city_without_verdict_and_with_what_is_known():
    frames = RuleFrames(
        areas([100.0, math.nan]),
        facilities(("service_complex", "A0", 50.0), ("service_complex", "A1", 50.0)),
    )
    row = check(frames, rule("floor_area_per_100_households", 30, "m2/100 households",
                             level="city")).loc["C"]  # fmt: skip
    assert (row["status"], row["reason"]) == ("not_assessable", "members_unknown")
    assert (row["numerator"], row["denominator"]) == (50.0, 100.0)


def test_a_rule_speaks_only_to_whom_it_applies():
    table = areas([500.0, 1500.0, math.nan], kind=["urban", "rural", "urban"])
    frames = RuleFrames(table, facilities())
    town = rule("floor_area", 300, "m2", applies=Applies(kinds=("urban",)))
    assert check(frames, town)["status"].to_list() == ["fail", "not_applicable", "fail"]
    large = rule("floor_area", 300, "m2", applies=Applies(ranges={"households": (1000.0, 9e9)}))
    found = check(frames, large)
    assert found["status"].to_list() == ["not_applicable", "fail", "not_assessable"]
    assert found["reason"].to_list()[2] == "households_missing"


def test_small_estates_of_a_street_may_share():
    table = areas([500.0, 500.0, 5000.0], street_id=["S", "S", "S"])
    places = facilities(("service_complex", "A0", 300.0), ("service_complex", "A2", 100.0))
    one = rule("floor_area_per_100_households", 30, "m2/100 households")
    alone = check(RuleFrames(table, places), one)
    assert alone["status"].to_list() == ["pass", "fail", "fail"]
    shared = check(RuleFrames(table, places), replace(one, pooling="street", pooling_below=1000.0))
    assert shared["status"].to_list() == ["pass", "pass", "fail"]
    assert shared["value"].to_list()[:2] == [30.0, 30.0]


def test_distances_are_fixed_and_need_pairs_for_other_kinds():
    homes = pd.DataFrame(
        {"area_id": "A0", "population": [10.0, 10.0, 20.0], "metres": [300.0, 300.01, math.nan],
         "reason": ["", "", "other_component"]},
        index=pd.Index(["H1", "H2", "H3"], name="home_id"),
    )  # fmt: skip
    places = facilities(("station", "A0", 1.0), ("health", "A0", 1.0))
    near = rule("within_metres", 100, "%", params={"metres": 300.0})
    frames = RuleFrames(areas([1.0]), places, homes, eligible=("station",))
    row = check(frames, near).loc["A0"]
    assert (row["numerator"], row["denominator"]) == (10.0, 40.0)  # who has no way stays counted
    health = replace(near, params={"metres": 300.0, "kinds": ("health",)})
    assert check(frames, health).loc["A0", "reason"] == "minutes_for_other_kinds"
    pairs = pd.DataFrame({"home_id": ["H1", "H3", "H3"], "facility_id": ["F1", "F1", "F0"],
                          "metres": [900.0, 300.0, 1.0]})  # fmt: skip
    row = check(replace(frames, pairs=pairs), health).loc["A0"]
    assert row["numerator"] == 20.0


def test_functions_and_beds_of_single_facilities():
    places = facilities(
        ("embedded_complex", "A0", 600.0, {"functions": "养老;托育;助餐"}),
        ("embedded_complex", "A0", 599.0, {"functions": "养老;理发"}),
        ("station", "A0", 10.0, {"functions": "养老"}),
    )
    found = check_standards(RuleFrames(areas([1.0]), places), "embedded_2023", log=IssueLog())
    status = found["status"].astype(str)
    assert status.loc[("embedded_2023", "EMB600")].to_dict() == {"F0": "pass", "F1": "fail"}
    assert status.loc[("embedded_2023", "EMB-F3")].to_dict() == {"F0": "pass", "F1": "fail"}
    assert found.loc[("embedded_2023", "EMB-F2", "F1"), "closes"] == "1 function"


def test_a_formula_of_ones_own_and_a_ratio_of_two():
    @formula("benches", unit="benches", level="area", closes="benches")
    def benches(frames):
        """Count the benches of an area."""
        return pd.DataFrame({"numerator": frames.areas["benches"]})

    try:
        frames = RuleFrames(areas([200.0, 100.0], benches=[2.0, 4.0]), facilities())
        own = {"per_household": ratio("per_household", "benches", "households",
                                      unit="benches/100 households", scale=100.0)}  # fmt: skip
        one = rule("per_household", 2, "benches/100 households")
        found = check(frames, one, formulas=own)
        assert found["status"].to_list() == ["fail", "pass"]
        assert found["closes"].to_list() == ["2 benches", ""]
        city = check(frames, replace(one, level="city"), formulas=own).loc["C"]
        assert (city["value"], city["evidence_ids"]) == (2.0, "A0;A1")
    finally:
        FORMULAS.pop("benches")
    with pytest.raises(InputError, match="'benches' is not registered"):
        check(frames, rule("benches", 2, "benches"))


def test_inputs_are_left_as_they_were(wuhai):
    _, frames = wuhai
    before = (frames.areas.copy(), frames.facilities.copy(), frames.homes.copy())
    check_standards(frames, list(preset_names()), log=IssueLog())
    for old, new in zip(before, (frames.areas, frames.facilities, frames.homes), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(old), pd.DataFrame(new))


def test_a_message_says_unit_value_limit_and_that_nobody_checked(plan_checks):
    row = plan_checks.loc[PLAN].loc["CA-WH-PER100"].iloc[0]
    words = {"unit_id": "150302001002"} | row.to_dict()
    text = load_preset(PLAN).rule("CA-WH-PER100").message(words, language="en")
    assert text == (
        "150302001002: complex floor area per 100 households 27.4 m2/100 households,"
        " at least 30 m2/100 households; 41.5 m2 short"
    )
    rural = load_preset(PLAN).rule("TIME-R30").message(words)
    assert rural.endswith("（规则未核实）")


# ------------------------------------------------------------------------------- the sample city


@pytest.mark.parametrize(
    ("name", "top", "bottom", "status", "closes"),
    [
        ("IND-3", 46, 70, "fail", "24 facilities"), ("N5-RURAL", 11, 13, "fail", "2 facilities"),
        ("IND-4", 3354, 90649, "fail", "2085 beds"), ("IND-5", 1237, 3354, "fail", "608 beds"),
        ("CA-WH-CITY", 72930, 221000, "fail", "6630 m2"), ("IND-2", 16, 20, "fail", "4 units"),
        ("IND-11", 1, 4, "fail", "3 units"), ("N1-STREET", 5, 20, "fail", "15 facilities"),
        ("N1-AREA", 57, 83, "fail", "26 facilities"), ("CA-WH-HAS", 83, 83, "pass", ""),
        ("CA-WH-PASS", 44, 83, "fail", "39 communities"),
        ("N3-CITY", 0, 1, "fail", "12 facilities"),
        ("N10", 20, 20, "pass", ""), ("N6", 0, 1, "fail", "4343 beds"),
    ],
)  # fmt: skip
def test_the_sample_city_gives_the_figures_of_the_plan(
    plan_checks, name, top, bottom, status, closes
):
    row = plan_checks.loc[(PLAN, name, "1503")]
    assert (row["numerator"], row["denominator"]) == (top, bottom)
    assert (row["status"], row["closes"]) == (status, closes)


def test_the_sample_agrees_with_its_floor_area_table(wuhai, plan_checks):
    result, _ = wuhai
    floor, both = result.floor_areas, plan_checks.loc[(PLAN, "CA-WH-BOTH")]
    assert both["status"].astype(str).to_list() == floor["status"].to_list()
    np.testing.assert_array_equal(both["numerator"], floor["provided_m2"])
    np.testing.assert_array_equal(both["denominator"], floor["required_m2"])
    np.testing.assert_array_equal(both["closes_n"], floor["shortfall_m2"])
    assert both["evidence_ids"].to_list() == floor["facility_ids"].to_list()
    city = result.floor_totals.loc[("city", "1503")]
    assert plan_checks.loc[(PLAN, "CA-WH-CITY", "1503"), "closes_n"] == city["city_gap_m2"]
    per_100 = plan_checks.loc[(PLAN, "CA-WH-PER100")]
    assert (per_100["status"] == "pass").sum() == city["pass_per_100_n"]
    assert per_100["status"].isin(["pass", "fail"]).sum() == city["pass_per_100_of"]


def test_every_row_shows_whether_its_rule_is_verified(plan_checks):
    assert plan_checks["verified"].dtype == bool
    assert not plan_checks.loc[(PLAN, "TIME-U15"), "verified"].any()
    assert plan_checks.loc[(PLAN, "CA-WH-PER100"), "verified"].all()


def test_passes_and_fails_have_figures_and_the_rest_has_reasons(wuhai):
    checks = check_standards(wuhai[1], list(preset_names()), log=IssueLog())
    judged = checks["status"].isin(["pass", "fail"])
    assert checks.loc[judged, ["value", "limit", "gap"]].notna().all(axis=None)
    assert (checks.loc[checks["status"] == "fail", "gap"] > 0).all()
    assert (checks.loc[checks["status"] == "pass", "reason"] == "").all()
    assert (checks.loc[checks["status"] != "pass", "reason"] != "").all()
    assert (checks.loc[checks["status"] == "fail", "closes"] != "").all()
    assert checks.index.is_unique


def test_ten_thousand_areas_and_forty_rules_take_a_second_or_so():
    n = 10_000
    random = np.random.default_rng(1)
    households = random.integers(0, 6000, n).astype(float)
    table = areas(households, regime=random.choice(["existing", "new", "mixed"], n),
                  households_new=np.round(households * random.random(n)))  # fmt: skip
    places = pd.DataFrame(
        {"kind": "service_complex", "floor_m2": random.integers(100, 2000, n).astype(float),
         "serves": table.index, "area_id": table.index, "status": "operating"},
        index=pd.Index([f"F{k}" for k in range(n)], name="facility_id", dtype="str"),
    )  # fmt: skip
    names = ("CA-WH-FLOOR", "CA-WH-PER100", "CA-WH-BOTH", "CA-WH-FLOOR-R")
    plan = [load_preset(PLAN).rule(name) for name in names]
    forty = [replace(plan[k % 4], id=f"R{k}") for k in range(40)]
    start = time.process_time()
    checks = check(RuleFrames(table, places), *forty)
    assert len(checks) == 40 * n
    assert time.process_time() - start < 5


def test_frames_with_other_tables_forget_the_figures_of_the_first():
    frames = RuleFrames(areas([500.0]), facilities(("service_complex", "A0", 299.99)))
    before = check_standards(frames, "wuhai_plan_2021")
    other = replace(frames, facilities=facilities(("service_complex", "A0", 300.0)))
    after = check_standards(other, "wuhai_plan_2021")
    row = ("wuhai_plan_2021", "CA-WH-FLOOR", "A0")
    assert [table.loc[row, "value"] for table in (before, after)] == [299.99, 300.0]
