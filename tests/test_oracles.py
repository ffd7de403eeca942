"""The oracles that every figure must meet: where each is held, and those held nowhere else."""

from __future__ import annotations

import ast
from dataclasses import replace

import pandas as pd
import pytest

import carecircle as cc
from carecircle.planning.scenario import Scenario
from carecircle.scenarios.what_if import apply_scenario
from conftest import ROOT

#: What must come out -> the tests that hold it.
HELD = {
    "area owed by existing quarters, 999 / 1000 / 1001 / 2660 households: 300, 300, 300.3, 798": [
        "test_floor_area.py::test_existing_quarters_owe_the_larger_of_300_and_30_per_100",
        "test_check_standards.py::test_what_a_community_owes_decides_at_the_square_centimetre",
    ],
    "area owed by new estates, 999 / 1000 / 2000 households: 500, 500, 1000": [
        "test_floor_area.py::test_new_estates_owe_the_larger_of_500_and_50_per_100",
    ],
    "299.99 m2 with 500 households fail the floor": [
        "test_floor_area.py::test_299_99_m2_miss_the_floor_and_300_meet_it",
        "test_check_standards.py::test_a_square_decimetre_short_of_the_floor_fails",
    ],
    "46/70 and 11/13": [
        "test_indicators.py::test_the_sample_reproduces_the_2020_column_of_the_plan",
        "test_oracles.py::test_the_roster_rates_are_fractions_and_not_their_print",
    ],
    "a ratio of sums is no mean of ratios: 32.26, not 65": [
        "test_check_standards.py::test_a_city_is_a_ratio_of_sums_and_never_a_mean_of_ratios",
    ],
    "3354 beds for 90648.65 elders are 37.0; 55 % of 7697 are 4234 beds": [
        "test_check_standards.py::test_beds_missing_to_a_share_are_whole_beds",
        "test_indicators.py::test_required_nursing_beds_are_whole_beds",
    ],
    "900 m at 1.0 m/s take 15.0 minutes and are covered, 900.01 m are not": [
        "test_minutes.py::test_900_metres_take_exactly_15_minutes_and_are_within",
        "test_minutes.py::test_900_metres_and_a_centimetre_are_not_within",
        "test_coverage.py::test_exactly_at_the_limit_of_the_residents_own_area_is_covered",
    ],
    "a point on a boundary belongs to one unit, totals preserved": [
        "test_topology.py::test_a_point_on_a_boundary_belongs_to_the_lowest_id_whatever_the_order",
        "test_homes.py::test_a_home_exactly_on_a_boundary_belongs_to_one_area",
    ],
    "people spread over buildings keep the totals of their units": [
        "test_homes.py::test_totals_are_preserved_and_the_order_of_rows_does_not_matter",
    ],
    "2SFCA: people times access is the supply that is reached": [
        "test_access.py::test_demand_times_access_is_the_supply_that_is_reached",
    ],
    "greedy gains never rise; optimum >= greedy >= 0.632 optimum": [
        "test_siting_cover.py::test_greedy_gains_never_rise_and_reach_63_percent",
        "test_siting_curve.py::test_gains_of_greedy_choices_never_rise_and_reach_63_percent",
    ],
    "one more facility: no minutes rise, no coverage falls": [
        "test_laws.py::test_one_more_facility_never_raises_minutes",
        "test_coverage.py::test_one_more_facility_never_lowers_coverage",
    ],
    "a slower walk or a shorter limit: coverage does not rise": [
        "test_laws.py::test_a_slower_walker_is_never_nearer",
        "test_oracles.py::test_a_slower_walk_or_a_shorter_limit_never_covers_more",
    ],
    "closing then reopening gives the same result": [
        "test_oracles.py::test_closing_and_opening_again_gives_the_same_result",
    ],
    "who has no way stays in the denominator and is listed": [
        "test_coverage.py::test_no_way_is_uncovered_and_no_place_on_the_roads_is_not_assessed",
        "test_oracles.py::test_homes_without_a_way_are_counted_and_listed",
    ],
    "a planned facility changes no headline": [
        "test_check_standards.py::test_a_planned_facility_changes_no_verdict",
        "test_oracles.py::test_facilities_to_come_change_no_headline_of_the_city",
    ],
    "progress from a baseline of -- has no baseline and divides by nothing": [
        "test_progress.py::test_a_baseline_of_two_dashes_has_no_path_and_no_division",
    ],
    "99.6 % of 100 is not achieved": [
        "test_indicators.py::test_99_6_percent_prints_as_100_and_is_not_achieved",
        "test_progress.py::test_99_6_percent_of_100_is_not_achieved_though_it_prints_so",
        "test_check_standards.py::test_99_6_percent_of_100_is_not_achieved_even_though_it_prints_so",
    ],
}  # fmt: skip


@pytest.mark.parametrize("oracle", HELD)
def test_every_oracle_is_held_by_a_test_that_exists(oracle):
    for name in HELD[oracle]:
        file, _, test = name.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


def same(one, two):
    """All figures of two results are equal, to the last digit."""
    for name in ("homes", "areas", "totals", "floor_areas", "floor_totals"):
        mine, other = (pd.DataFrame(getattr(result, name)) for result in (one, two))
        pd.testing.assert_frame_equal(mine, other)


def test_the_roster_rates_are_fractions_and_not_their_print(sample_result):
    table = sample_result.indicators.xs("city", level="level")["value"].droplevel("unit_id")
    assert table["IND-3"] == pytest.approx(65.7142857142857, abs=1e-12)
    assert table["N5-RURAL"] == pytest.approx(84.6153846153846, abs=1e-12)


@pytest.mark.parametrize("change", [{"walking_speed": 0.8}, {"limits": {"urban": 12.0}}])
def test_a_slower_walk_or_a_shorter_limit_never_covers_more(sample_base, sample_result, change):
    less = cc.compare(sample_base, [Scenario("less", **change)]).outcomes["less"]
    today = sample_result.homes["covered"].fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # not assessed: not covered
    assert not (less.covered & ~today).any()
    assert less.covered.sum() < today.sum()


def test_closing_and_opening_again_gives_the_same_result():
    town = cc.samples.toy_town()
    shut = apply_scenario(town, Scenario("shut", close=["F1"]))
    assert cc.assess(shut).totals.loc[("city", "T"), "elders_covered"] == 0
    again = apply_scenario(shut, Scenario("again", build=["F1"]))
    same(cc.assess(again), cc.assess(town))


def test_homes_without_a_way_are_counted_and_listed(sample_result):
    homes = sample_result.homes
    lost = homes[homes["minutes"].isna()]
    assert len(lost) > 0
    city = sample_result.totals.loc["city"].sum(numeric_only=True)
    assert city["elders_total"] == pytest.approx(homes["elders"].sum())
    states = ("covered", "uncovered", "not_assessed")
    assert sum(city[f"homes_{state}"] for state in states) == len(homes)
    unlinked = set(lost.index[lost["reason"] == "not_linked"])
    told = {issue.record for issue in sample_result.issues if issue.code == "far_from_road"}
    assert unlinked == told
    assert sample_result.gaps["homes_unreachable"].sum() == len(lost)


def test_facilities_to_come_change_no_headline_of_the_city(sample_study, sample_result):
    facilities = sample_study.facilities
    coming = facilities["status"].isin(["planned", "building"])
    assert coming.any()
    bare = replace(
        sample_study, tables=replace(sample_study.tables, facilities=facilities[~coming])
    )
    without = cc.assess(bare)
    pd.testing.assert_frame_equal(without.totals, sample_result.totals)
    head = [
        result.indicators[result.indicators["headline"].astype(bool)]["value"]
        for result in (without, sample_result)
    ]
    pd.testing.assert_series_equal(*head)
