"""The change between dated results, split exactly into what it came from."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.audit.swaps import FACTORS, Swaps
from carecircle.audit.years import compare_years
from carecircle.errors import InputError
from carecircle.standards.presets import load_preset
from carecircle.study.assessment import assess_figures

DAY = ("2020-12-31", "2022-12-31")


@pytest.fixture(scope="module")
def town():
    return cc.samples.toy_town()


def later(town, *, day=DAY[1], terms=None, **tables):
    """The town on another day, with other tables and terms of the card."""
    return replace(
        town,
        card=replace(town.card, as_of=day, **(terms or {})),
        tables=replace(town.tables, **tables),
    )


def opened(town):
    return town.facilities.assign(status="operating")


def city(found, figure, table="totals", days=DAY):
    return found.table.loc[(*days, table, "city", "T", figure)]


def adds_up(table):
    known = table[list(FACTORS)].notna().all(axis=1)
    off = table.loc[known, list(FACTORS)].sum(axis=1) - table.loc[known, "change"]
    return known.any() and off.abs().max() < 1e-9


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def opening(town, told):
    """F2 opens: H11 of the Village, 10 elders, comes in time."""
    return compare_years([town, later(town, facilities=opened(town))], tell=told.append)


def test_one_changed_input_has_the_whole_change(opening):
    found = opening
    row = city(found, "elders_covered")
    assert (row["before"], row["after"], row["change"]) == (80.0, 90.0, 10.0)
    assert row["facilities"] == 10.0
    assert row.drop(["before", "after", "change", "facilities"]).tolist() == [0.0] * 5
    assert found.assessments == 2


def test_two_inputs_share_what_they_only_do_together(town):
    # 20 elders in each home: alone +80, the opening alone +10, both +100: 10 are shared by halves
    homes = town.homes.assign(elders=20.0)
    found = compare_years([town, later(town, homes=homes, facilities=opened(town))])
    row = city(found, "elders_covered")
    assert row["change"] == 100.0
    assert (row["population"], row["facilities"]) == (85.0, 15.0)
    assert adds_up(found.table)
    assert found.assessments == 4


def test_limits_are_rules_and_a_closed_road_is_roads(town):
    # 9 minutes in town: 700 and 900 (West), 900 (Centre) fall out; without the lane the home at
    # 1500 still walks 500 m across the fields, the one at 1800 has no road within reach
    lane = town.tables.roads.index[town.tables.roads.length > 1500][0]
    roads = town.tables.roads.drop(index=lane)
    strict = {"limits": {"urban": 9.0, "rural": 30.0}}
    found = compare_years([town, later(town, roads=roads, terms=strict)])
    row = city(found, "elders_covered")
    assert row["change"] == -40.0
    assert (row["roads"], row["rules"]) == (-10.0, -30.0)
    assert adds_up(found.table)


def test_new_boundaries_count_homes_where_they_lie(town):
    # the Centre gives its east, with H06 to H08, to the Village, which walks 30 minutes
    areas = town.areas.copy()
    areas.loc["C", "geometry"] = shapely.box(450, -50, 850, 750)
    areas.loc["V", "geometry"] = shapely.box(850, -50, 3050, 750)
    homes = town.homes.copy()
    homes.loc[["H06", "H07", "H08"], "area_id"] = "V"
    found = compare_years([town, later(town, areas=areas, homes=homes)])
    row = city(found, "elders_covered")
    assert (row["change"], row["boundaries"], row["population"]) == (20.0, 20.0, 0.0)
    assert adds_up(found.table)


def test_an_area_of_one_day_only_has_no_parts(town):
    areas = town.areas.drop(index="N")
    homes = town.homes.drop(index=["H12", "H13"])
    found = compare_years([town, later(town, areas=areas, homes=homes)])
    row = found.table.loc[(*DAY, "areas", "area", "N", "elders_total")]
    assert row["before"] == 20.0
    assert row.drop("before").isna().all()
    assert city(found, "elders_total")["change"] == -20.0


def test_parts_equal_the_mean_over_every_order(town):
    """The second way: swap the inputs one after the other, in all orders, and take the mean."""
    homes = town.homes.assign(elders=[5.0 * k for k in range(1, 14)])
    then = later(town, facilities=opened(town), homes=homes)
    both = Swaps(town, then)
    assert both.differ == ("facilities", "population")
    rate = {}
    for n in range(3):
        for some in map(frozenset, itertools.combinations(both.differ, n)):
            rate[some] = assess_figures(both.mixture(some)).totals.loc[("city", "T"), "elders_rate"]
    mean = dict.fromkeys(both.differ, 0.0)
    for order in itertools.permutations(both.differ):
        done = frozenset()
        for name in order:
            mean[name] += (rate[done | {name}] - rate[done]) / math.factorial(2)
            done |= {name}
    row = city(compare_years([town, then]), "elders_rate")
    for name, value in mean.items():
        assert row[name] == pytest.approx(value, abs=1e-12)


def test_a_mixture_of_all_inputs_is_the_later_study(town):
    areas = town.areas.assign(households=[10.0, 20.0, 30.0, 40.0])
    then = later(town, areas=areas, facilities=opened(town), homes=town.homes.assign(elders=3.0))
    mixed = assess_figures(Swaps(town, then).mixture(frozenset(FACTORS)))
    whole = cc.assess(then)
    pd.testing.assert_frame_equal(mixed.totals, whole.totals)
    pd.testing.assert_frame_equal(mixed.floor_totals, whole.floor_totals)
    assert Swaps(town, then).differ == ("facilities", "population")


def test_order_of_rows_and_columns_is_no_change(town):
    mixed = later(town, homes=town.homes.iloc[::-1], areas=town.areas[town.areas.columns[::-1]],
                  roads=town.tables.roads.sample(frac=1, random_state=1))  # fmt: skip
    assert Swaps(town, mixed).differ == ()
    found = compare_years([mixed, town])
    assert (found.table["change"].fillna(0.0).abs() < 1e-9).all()


def test_three_days_are_two_spans_and_add_up(town):
    mid = later(town, day="2021-12-31", facilities=opened(town))
    end = later(town, facilities=opened(town), homes=town.homes.assign(elders=20.0))
    found = compare_years([end, town, mid])
    first = city(found, "elders_covered", days=("2020-12-31", "2021-12-31"))
    second = city(found, "elders_covered", days=("2021-12-31", "2022-12-31"))
    assert (first["facilities"], second["population"]) == (10.0, 90.0)
    assert first["change"] + second["change"] == second["after"] - first["before"] == 100.0


def test_standards_and_days_are_split_too_and_progress_is_told(town):
    plan = load_preset("wuhai_plan_2021")
    few = tuple(plan.rule(name) for name in ("IND-3", "CA-WH-CITY"))
    preset = replace(plan, rules=few)
    ruled = replace(town, terms=replace(town.terms, presets=(preset,)))
    floor = ruled.facilities.assign(status="operating", floor_m2=900.0)
    found = compare_years([ruled, later(ruled, facilities=floor)])
    row = city(found, "wuhai_plan_2021/IND-3", table="rules")  # 1 of 3 urban areas has one
    assert (row["before"], row["change"]) == (pytest.approx(100 / 3), 0.0)
    row = city(found, "wuhai_plan_2021/CA-WH-CITY", table="rules")
    assert row["facilities"] == pytest.approx(row["change"])
    assert row["change"] > 0
    assert adds_up(found.table)
    status = found.progress.loc[(DAY[1], "IND-3", "city", "T"), "status"]
    assert status == "lagging"


def test_two_of_a_day_or_one_alone_are_refused(town):
    with pytest.raises(InputError, match="two dated studies"):
        compare_years([town])
    with pytest.raises(InputError, match="two studies of 2020-12-31"):
        compare_years([town, town])


def test_it_prints_headlines_and_moving_factors_only(opening, told):
    text, page = str(opening), opening._repr_html_()
    assert "老年人口时限内覆盖: 80 > 90 (+10: 设施 +10)" in text
    assert "道路" not in text
    assert "<th>设施</th>" in page
    assert "<th>道路</th>" not in page
    assert len(told) == opening.assessments
    assert np.isfinite(opening.of_city()["change"]).any()
