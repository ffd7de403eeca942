from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.analysis.explained import (
    CHANGES,
    MARGINS,
    MEASURES,
    best_changes,
    changes_by_unit,
    units_explained,
)
from carecircle.analysis.gaps import uncovered_homes
from carecircle.depth.certainty import speed_classes
from carecircle.depth.explanation import explain_uncovered
from carecircle.depth.sentences import sentences
from carecircle.planning.scenario import Scenario
from test_road_gaps import split_town
from towns import CRS


@pytest.fixture(scope="module")
def town():
    return cc.samples.toy_town()


@pytest.fixture(scope="module")
def city(sample_base):
    return sample_base


@pytest.fixture(scope="module")
def result(sample_result):
    return sample_result


@pytest.fixture(scope="module")
def found(city, result):
    return explain_uncovered(city, result=result)


def points(**spots):
    index = pd.Index(list(spots), name="site_id")
    return gpd.GeoDataFrame(
        {"name": [f"屋{one}" for one in spots]},
        geometry=[shapely.Point(xy) for xy in spots.values()], index=index, crs=CRS,
    )  # fmt: skip


def test_toy_town_is_explained_as_counted_on_fingers(town):
    found = explain_uncovered(town)
    units = found.units
    assert units.index.tolist() == [
        ("gap", "G001"), ("gap", "G002"), ("gap", "G003"), ("gap", "G004"),
        ("area", "C"), ("area", "V"), ("area", "N"),
    ]  # fmt: skip
    assert units["uncovered"].tolist() == [20, 10, 10, 10, 20, 10, 20]
    assert units["total"].tolist() == [20, 10, 10, 10, 40, 30, 20]
    assert units["unreachable"].tolist() == [0, 10, 0, 10, 0, 0, 20]
    assert units["cause"].tolist()[:4] == ["no_facility", "road_gap", "planned", "not_linked"]
    # H07 is 100 m over, H08 600 m: both are in time with 10 minutes more, or at 1500 m in 15
    centre = found.changes.loc[("area", "C")]
    assert centre["value"].tolist() == [10.0, 1.667]
    assert centre["enough"].tolist() == [True, True]
    # the planned centre stands where H11 lives
    village = found.changes.loc[("gap", "G003", "open_planned")]
    assert village[["target_id", "target_name", "value", "gained"]].tolist() == [
        "F2", "Village centre", 0.0, 10.0,
    ]  # fmt: skip
    assert units["best"].fillna("").tolist() == [
        "", "", "open_planned", "", "", "open_planned", "",
    ]  # fmt: skip


def test_sentences_say_who_why_and_what_helps_in_both_languages(town):
    units = explain_uncovered(town).units
    assert units.loc[("area", "V"), "en"] == (
        "Village: 10 of 30 elders are not in time (30 min); cause: facility planned; West station"
        " is the nearest, 3.3 min over. On the ground: open F2 Village centre, planned or being"
        " built, 10 of 10 then in time, enough for the rule. It is 3.4 min short of the rule."
    )
    assert units.loc[("area", "V"), "zh"] == (
        "Village:老年人30中有10不能按时到达(30分钟),原因:设施规划中;最近的设施是West station,"
        "超出3.3分钟。实地措施:在建或规划的F2 Village centre投用,可使10中的10按时到达,即可达标;"
        "距达标还差3.4分钟。"
    )
    # nobody there has a way: no margin to tell either
    nothing = "No road gap, planned facility or candidate site brings anyone in time."
    assert units.loc[("gap", "G002"), "en"].endswith(nothing)
    assert units.loc[("gap", "G002"), "zh"].endswith(
        "补路、在建或规划设施投用、现有候选点新建均不能使其按时到达。"
    )
    centre = units.loc[("area", "C")]
    assert centre["en"].endswith(f"{nothing} It is 10 min short of the rule.")
    assert centre["zh"].endswith("均不能使其按时到达;距达标还差10分钟。")


def test_the_limit_is_the_rule_and_longer_limits_are_never_proposed(found):
    assert set(found.units["best"].dropna()) <= set(MEASURES)
    assert found.units["best"].isna().any(), "the sample has places that no measure helps"
    assert set(MEASURES).isdisjoint(MARGINS)
    marked = found.changes[found.changes["best"]]
    assert set(marked.index.get_level_values("change")) <= set(MEASURES)
    assert not found.units["zh"].str.contains("放宽|最小的改变|提高步速").any()
    assert not found.units["en"].str.contains("longer|Smallest|faster|a walk at").any()
    short = found.changes.xs("minutes_short", level="change")
    told = found.units["zh"].str.contains("距达标还差")
    assert told[told].index.tolist() == [key for key in found.units.index if key in short.index]


def test_a_measure_that_is_not_enough_alone_says_so():
    town = cc.samples.toy_town()
    found = explain_uncovered(town, candidates=points(N1=(300, 0)))
    # at 300 m N1 brings H07 (800 m away) in time, not H08 (1300 m away)
    centre = found.units.loc[("area", "C")]
    assert centre["best"] == "build"
    assert not found.changes.loc[("area", "C", "build"), "enough"]
    assert centre["en"].endswith(
        "No single measure is enough; the best one: build at N1 屋N1, 10 of 20 then in time."
        " It is 10 min short of the rule."
    )
    assert centre["zh"].endswith(
        "。没有一项措施单独足够,作用最大的是在N1 屋N1新建,可使20中的10按时到达;距达标还差10分钟。"
    )


def test_a_candidate_that_covers_everybody_is_the_measure_named(town):
    spots = points(N1=(1000, 300), N2=(500, 500))
    found = explain_uncovered(town, candidates=spots)
    build = found.changes.loc[("area", "C", "build")]
    # N1: H07 at 300 m, H08 at 200 m; N2: H07 at 800 m, H08 at 500 m; ties go to the first id
    assert build[["target_id", "target_name", "gained", "enough"]].tolist() == [
        "N1", "屋N1", 20.0, True,
    ]  # fmt: skip
    assert build["value"] == 5.0
    assert found.units.loc[("area", "C"), "best"] == "build"
    marked = found.changes["best"].groupby(["unit_kind", "unit_id"]).sum()
    assert (
        marked[marked == 1].index.tolist()
        == found.units["best"].dropna().sort_index().index.tolist()
    )
    assert marked.max() == 1


def test_a_forbidden_candidate_is_left_out(town):
    spots = points(N1=(1000, 300)).assign(forbidden=True)
    found = explain_uncovered(town, candidates=spots)
    assert "build" not in found.changes.index.get_level_values("change")


def test_a_gap_in_the_roads_is_the_smallest_change_where_it_is_enough():
    found = explain_uncovered(split_town())
    row = found.changes.loc[("area", "C", "join_road")]
    assert row[["target_id", "gained", "uncovered", "enough"]].tolist() == ["RG001", 60, 60, True]
    assert found.units.loc[("area", "C"), "best"] == "join_road"
    assert "join road gap RG001" in found.units.loc[("area", "C"), "en"]
    assert "补上道路缺口RG001" in found.units.loc[("area", "C"), "zh"]


def test_where_no_elders_are_known_homes_are_counted(town):
    tables = replace(town.tables, homes=town.homes.drop(columns=["elders"]))
    found = explain_uncovered(replace(town, tables=tables))
    centre = found.units.loc[("area", "C")]
    assert centre[["counted_in", "uncovered", "total"]].tolist() == ["homes", 2, 4]
    assert "2 of 4 homes" in centre["en"]


def test_minutes_brought_along_are_explained_by_margin_and_planned_facilities(town):
    pairs = pd.DataFrame(
        [("F1", "H07", 17.0), ("F2", "H07", 3.0), ("F1", "H05", 5.0)],
        columns=["facility_id", "home_id", "minutes"],
    )
    own = replace(town, tables=replace(town.tables, minutes=pairs))
    found = explain_uncovered(own)
    centre = found.changes.loc[("area", "C")]
    assert centre.index.tolist() == ["open_planned", "minutes_short"]
    assert centre["gained"].tolist() == [10.0, 10.0]
    assert centre["enough"].tolist() == [False, False], "two homes have no minutes at all"


def test_every_uncovered_area_of_the_city_is_explained_with_its_own_figures(found, result):
    gaps = found.units.loc["gap"]
    assert gaps.index.tolist() == result.gaps.index.tolist()
    np.testing.assert_allclose(gaps["uncovered"], result.gaps["elders"], atol=1e-6)
    assert gaps["cause"].tolist() == result.gaps["cause"].tolist()
    np.testing.assert_allclose(gaps["minutes_over"], result.gaps["minutes_over_mean"], atol=1e-9)
    late = result.areas.index[~result.areas["on_time"].fillna(value=True).astype(bool)]
    assert found.units.loc["area"].index.tolist() == late.tolist()
    areas = found.units.loc["area"]
    missing = result.areas["elders_total"] - result.areas["elders_covered"]
    np.testing.assert_allclose(areas["uncovered"], missing[late], atol=1e-6)


def test_members_of_the_gaps_are_the_homes_that_are_not_covered(city, result):
    rule, card = city.study.terms.gaps, city.study.card
    gap_of = uncovered_homes(
        result.homes, result.areas, result.facilities, rule, barriers=city.study.tables.barriers,
        context=cc.GapContext(card.profile, card.eligible),
    )  # fmt: skip
    late = result.homes.index[~result.homes["covered"].fillna(value=False).astype(bool)]
    assert sorted(gap_of.index) == sorted(late)
    assert gap_of.value_counts().to_dict() == result.gaps["homes"].to_dict()


def test_the_minutes_short_would_do_and_a_hair_less_would_not(found, city, result):
    areas = found.changes.loc["area"].xs("minutes_short", level="change")
    areas = areas[areas["enough"]]
    assert len(areas) > 30
    minutes, elders = result.homes["minutes"], result.homes["elders"]
    extra = result.homes["area_id"].map(areas["value"])
    for less, enough in ((0.0, True), (1e-6, False)):
        within = minutes <= result.homes["limit_minutes"] + extra - less + 1e-9 * enough
        share = (elders * within).groupby(result.homes["area_id"]).sum()
        share = (share / elders.groupby(result.homes["area_id"]).sum())[areas.index]
        assert (share >= 0.95 * (1 - 1e-12)).eq(enough).all()


def test_a_speed_that_is_named_does_and_two_thousandths_less_does_not(found, city):
    areas = found.changes.loc["area"].xs("speed_needed", level="change")
    areas = areas[areas["enough"] & areas["value"].between(1.0, 3.0)]
    for area in areas.index[[0, len(areas) // 2, -1]]:
        speed = areas.loc[area, "value"]
        classes = speed_classes(city, speeds_m_s=(speed - 0.002, speed, speed)).areas.loc[area]
        assert classes[["on_time_slow", "on_time_usual"]].tolist() == [False, True]


@pytest.mark.parametrize("change", ["build", "open_planned"])
def test_what_a_site_or_an_opening_gains_is_what_the_scenario_gains(found, city, change):
    rows = found.changes.xs(change, level="change")
    tally = city.tally
    homes = city.study.homes
    for (kind, one), row in rows.loc[["area"]].nlargest(2, "gained").iterrows():
        then = city.what_if(Scenario("it", build=[row["target_id"]]))
        assert kind == "area"
        gained = then.covered & ~city.today.covered & (homes["area_id"] == one).to_numpy()
        assert np.isclose(tally.weights[gained, 2].sum(), row["gained"])
        assert gained.sum() == row["gained_homes"]


def test_special_cases_of_the_sample_are_explained(found, city, result):
    cases = pd.read_csv(cc.samples.wuhai_folder() / "special_cases.csv").set_index("case")["id"]
    opened = found.changes.xs("open_planned", level="change")["target_id"]
    assert cases["under_construction_would_cover"] in set(opened)
    gap_homes = found.changes.xs("join_road", level="change").loc["gap"]
    homes = result.homes
    area = homes.loc[cases["false_uncovered_by_gap"], "area_id"]
    row = found.changes.loc[("area", area, "join_road")]
    assert row["gained_homes"] >= 9
    assert row["target_id"] in set(gap_homes["target_id"])


def test_the_best_measure_is_the_first_that_is_enough_or_the_one_that_helps_most():
    index = pd.MultiIndex.from_tuples(
        [("gap", "A", "build"), ("gap", "A", "minutes_short"), ("gap", "A", "speed_needed"),
         ("gap", "B", "build"), ("gap", "B", "open_planned"), ("gap", "C", "join_road"),
         ("gap", "C", "build"), ("gap", "D", "minutes_short")],
        names=["unit_kind", "unit_id", "change"],
    )  # fmt: skip
    changes = pd.DataFrame(
        {"enough": [False, True, True, False, False, True, True, True],
         "gained": [9.0, 10, 10, 5, 5, 3, 9, 4]}, index=index,
    )  # fmt: skip
    best = best_changes(changes)
    assert best.to_dict() == {
        ("gap", "A"): "build", ("gap", "B"): "open_planned", ("gap", "C"): "join_road",
    }  # fmt: skip


@settings(max_examples=8)
@given(st.data())
def test_law_gains_never_exceed_who_is_late_and_rows_may_come_in_any_order(data):
    n = data.draw(st.integers(1, 8))
    over = data.draw(st.lists(st.none() | st.integers(0, 5), min_size=n, max_size=n))
    over = np.array(over, dtype=float)
    elders = data.draw(st.lists(st.none() | st.integers(0, 4), min_size=n, max_size=n))
    ids = [f"H{k}" for k in range(n)]
    homes = pd.DataFrame(
        {
            "elders": np.array(elders, dtype=float), "covered": pd.array(over == 0, "boolean"),
            "minutes_over": over, "minutes_short": over, "speed_needed_m_s": 1 + over / 15,
            "facility_id": "F1", "cause": "no_facility", "limit_minutes": 15.0,
        },
        index=pd.Index(ids, name="home_id"),
    )  # fmt: skip
    unit = data.draw(st.lists(st.sampled_from(["A", "B"]), min_size=n, max_size=n))
    members = pd.DataFrame({"unit_kind": "area", "unit_id": unit, "home_id": ids})
    pairs = st.tuples(
        st.sampled_from(["join_road", "open_planned", "build"]),
        st.sampled_from(["T1", "T2"]), st.sampled_from(ids),
    )  # fmt: skip
    helped = sorted(data.draw(st.sets(pairs, max_size=6)))
    helps = pd.DataFrame(helped, columns=["change", "target_id", "home_id"]).assign(minutes=3.0)
    units = units_explained(members, homes)
    changes = changes_by_unit(members, homes, helps, share=0.95)
    assert (changes["gained"] <= changes["uncovered"] + 1e-9).all()
    assert (units["unreachable"] <= units["uncovered"] + 1e-9).all()
    assert set(changes.index.get_level_values("change")) <= set(CHANGES)
    again = changes_by_unit(
        members.sample(frac=1, random_state=1), homes.iloc[::-1], helps.iloc[::-1], share=0.95
    )
    pd.testing.assert_frame_equal(again, changes)
    # brute force: the longest limit needed by the least number that makes 95 of 100
    for one, mine in members.groupby("unit_id"):
        own = homes.loc[mine["home_id"]]
        weight = own["elders"].fillna(0.0)
        weight = weight if weight.sum() > 0 else weight * 0 + 1
        enough = 0.95 * weight.sum() * (1 - 1e-12)
        needed = sorted(own["minutes_short"].dropna().unique())
        reach = [x for x in needed if weight[own["minutes_short"] <= x].sum() >= enough]
        key = ("area", one, "minutes_short")
        if reach and key in changes.index:
            assert changes.loc[key, "value"] == reach[0]
            assert changes.loc[key, "enough"]


def test_nothing_to_explain_is_an_empty_table(town):
    homes = town.homes[town.homes["area_id"] == "W"]
    areas = town.areas.loc[["W"]]
    found = explain_uncovered(replace(town, tables=replace(town.tables, homes=homes, areas=areas)))
    assert len(found.units) == len(found.changes) == 0
    assert repr(found).startswith("Explanations(0 uncovered areas and 0 areas")


def test_explanations_read_well_in_a_notebook_and_names_are_escaped(town):
    areas = town.areas.assign(name=["<b>West", "C", "V", "N"])
    areas.loc["C", "name"] = "<script>"
    html = explain_uncovered(replace(town, tables=replace(town.tables, areas=areas)))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<li>" in html


def test_every_sentence_is_the_one_its_unit_would_get_alone(found, city):
    units = found.units.drop(columns=["zh", "en"])
    facilities = city.study.facilities
    alone = [sentences(units.loc[[key]], found.changes, facilities) for key in units.index]
    pd.testing.assert_frame_equal(pd.concat(alone), found.units[["zh", "en"]])
    nothing = sentences(units, found.changes.iloc[:0], facilities)
    assert nothing["en"].str.endswith("brings anyone in time.").all()
    # a measure is named wherever there is one, whether it is enough or not
    on_site = found.changes.drop(list(MARGINS), level="change").index.droplevel("change")
    named = found.units["en"].str.contains("On the ground: |No single measure is enough")
    assert named[named].index.tolist() == [key for key in units.index if key in on_site]
    assert 0 < named.sum() < len(units)
