from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.analysis.classes import CLASSES, classify, coverage_by_minutes
from carecircle.analysis.units import states_by_unit, sums_by_unit
from carecircle.depth.certainty import coverage_by_speed, speed_classes
from carecircle.errors import InputError
from carecircle.roads.speeds import minutes_at_speeds, network_at_speed, scales_with_speed
from carecircle.roads.standing import HomeSearch
from towns import WALK, grid, street, towns_with_places

ORDER = list(CLASSES)


@pytest.fixture(scope="module")
def town():
    return cc.samples.toy_town()


@pytest.fixture(scope="module")
def wuhai(sample_study):
    return sample_study


@pytest.fixture(scope="module")
def city(sample_base):
    return sample_base


def with_profile(study, **changes):
    """The same study walked otherwise; nothing searched before is kept."""
    return replace(study, card=replace(study.card, profile=replace(study.card.profile, **changes)))


def test_toy_town_classes_are_those_counted_on_fingers(town):
    found = speed_classes(town)
    # urban limits reach 720, 900 and 1080 m; rural ones 1440, 1800 and 2160 m
    assert found.homes["class"].to_dict() == {
        "H01": "robust", "H02": "robust", "H03": "robust", "H04": "fragile",
        "H05": "robust", "H06": "fragile", "H07": "uncovered", "H08": "hard",
        "H09": "fragile", "H10": "fragile", "H11": "uncovered",
        "H12": "hard", "H13": "not_assessed",
    }  # fmt: skip
    assert found.units.loc[("area", "C", "elders"), ORDER].tolist() == [10, 10, 10, 10, 0]
    assert found.units.loc[("city", "T", "elders"), ORDER].tolist() == [40, 40, 20, 20, 10]
    assert found.units.loc[("city", "T", "elders"), "fragile_rate"] == 40 / 130


def test_an_area_has_the_class_of_the_slowest_speed_at_which_it_is_on_time(town):
    areas = speed_classes(town).areas
    assert areas["class"].to_dict() == {"W": "fragile", "C": "hard", "V": "uncovered", "N": "hard"}
    assert areas.loc["V", ["on_time_slow", "on_time_usual", "on_time_fast"]].tolist() == [
        False, False, True,
    ]  # fmt: skip


def test_an_area_without_homes_has_no_class(town):
    tables = replace(town.tables, homes=town.homes[town.homes["area_id"] != "C"])
    areas = speed_classes(replace(town, tables=tables)).areas
    assert areas.loc["C", "class"] == "not_assessed"
    assert areas.loc["C", "on_time_usual"] is pd.NA


@pytest.fixture(scope="module")
def result(sample_result):
    return sample_result


@pytest.mark.parametrize("changes", [{}, {"signal_seconds": 25.0, "crossing_seconds": 10.0}])
def test_classes_are_those_of_three_separate_assessments(wuhai, changes):
    study = with_profile(wuhai, **changes) if changes else wuhai
    scales = scales_with_speed(study.network)
    assert scales == (not changes)
    found = speed_classes(study)
    for speed, pace in zip((0.8, 1.0, 1.2), ("slow", "usual", "fast"), strict=True):
        alone = cc.Baseline.of(with_profile(study, speed_m_s=speed))
        minutes = found.homes[f"minutes_{pace}"].to_numpy()
        np.testing.assert_allclose(minutes, alone.today.minutes, atol=2e-9, rtol=0)
        better = ORDER[: {"slow": 1, "usual": 2, "fast": 3}[pace]]
        assert (found.homes["class"].isin(better).to_numpy() == alone.today.covered).all()


@pytest.mark.parametrize(
    "changes",
    [{"access_minutes": 2.0}, {"access_speed_m_s": 1.0}, {"mode": "bike"}, {"signal_seconds": 9.0}],
)
def test_what_takes_time_of_its_own_does_not_scale(changes):
    roads = street(0, 500, 1000, signals=0.5)
    assert scales_with_speed(cc.RoadNetwork.from_roads(roads, WALK))
    assert not scales_with_speed(cc.RoadNetwork.from_roads(roads, replace(WALK, **changes)))
    waits = pd.Series({"F1": 3.0})
    assert not scales_with_speed(cc.RoadNetwork.from_roads(roads, WALK), waits)


def test_a_road_with_a_speed_of_its_own_keeps_it_at_every_speed():
    from carecircle.roads.changes import with_speeds

    network = with_speeds(cc.RoadNetwork.from_roads(street(0, 600, 1200), WALK), {"r001": 2.0})
    slow = network_at_speed(network, 0.5)
    assert slow.seconds[:, 0].tolist() == [1200.0, 300.0]
    assert not scales_with_speed(network)


@settings(max_examples=15)
@given(towns_with_places(), st.sampled_from([0.4, 0.8, 1.2, 3.0]), st.booleans())
def test_law_other_speeds_are_those_of_a_network_built_for_them(town, speed, waits):
    roads, network, homes, facilities = town
    facilities = facilities.assign(extra_minutes=2.0 if waits else 0.0)
    search = HomeSearch.over(network, homes, direction="to_facility")
    found = minutes_at_speeds(search, facilities, [speed])[:, 0]
    fresh = cc.RoadNetwork.from_roads(roads, WALK.at_speed(speed))
    again = network_at_speed(network, speed)
    assert np.array_equal(again.seconds, fresh.seconds)
    assert np.array_equal(again.chains.seconds, fresh.chains.seconds)
    expected = cc.nearest(fresh, homes, facilities, extra_minutes=facilities["extra_minutes"])
    np.testing.assert_allclose(found, expected["minutes"], atol=2e-9, rtol=0)


@settings(max_examples=8)
@given(st.data())
def test_law_classes_add_up_at_every_level_and_a_faster_walk_never_uncovers(data):
    n = data.draw(st.integers(1, 12))
    number = st.none() | st.integers(0, 9).map(float)
    some = st.lists(number, min_size=n, max_size=n)
    area = st.sampled_from(["A", "B", None])
    minutes = np.array(data.draw(some), dtype=float) * 3
    homes = pd.DataFrame(
        {
            "area_id": data.draw(st.lists(area, min_size=n, max_size=n)),
            "elders": np.array(data.draw(some), dtype=float), "population": 1.0, "households": 1.0,
            "minutes": minutes, "limit_minutes": 15.0,
            "covered": pd.array(minutes <= 15, dtype="boolean"),
        },
        index=[f"H{k}" for k in range(n)],
    )  # fmt: skip
    lost = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    homes.loc[lost | homes["area_id"].isna(), "covered"] = pd.NA
    areas = pd.DataFrame({"name": ["a", "b"], "kind": "urban"}, index=["A", "B"])
    three = pd.DataFrame({v: homes["minutes"] / v for v in (0.8, 1.0, 1.2)})
    found = classify(homes, three, areas, speeds_m_s=(0.8, 1.0, 1.2))
    sums = found.units[ORDER].sum(axis=1, min_count=5)
    pd.testing.assert_series_equal(sums, found.units["total"], check_names=False)
    assert (found.units[ORDER].fillna(0) >= 0).all(axis=None)
    shuffled = homes.sample(frac=1, random_state=1)
    again = classify(shuffled, three.loc[shuffled.index], areas, speeds_m_s=(0.8, 1.0, 1.2))
    pd.testing.assert_frame_equal(again.units, found.units)
    pd.testing.assert_frame_equal(again.homes.loc[homes.index], found.homes)


def test_the_usual_speed_gives_the_very_figures_of_the_assessment(result, city):
    curve = coverage_by_speed(city, speeds_m_s=[1.0]).droplevel("speed_m_s")
    for level in ("city", "district", "street", "kind"):
        own = curve.loc[level].xs("elders", level="weight")
        totals = result.totals.loc[level]
        for state in ("covered", "uncovered", "not_assessed", "total"):
            assert own[state].to_dict() == totals[f"elders_{state}"].to_dict()
    by_area = curve.loc["area"].xs("people", level="weight")
    assert by_area["covered"].to_dict() == result.areas["people_covered"].to_dict()


def test_coverage_grows_with_speed_and_with_the_limit_at_every_level(wuhai, result, city):
    by_speed = coverage_by_speed(city)["covered"].unstack("speed_m_s")  # noqa: PD010  # one column
    assert by_speed.shape[1] == 21
    assert (by_speed.diff(axis=1).iloc[:, 1:] >= -1e-6).all(axis=None)
    curve = coverage_by_minutes(result.homes, wuhai.areas)["covered"].unstack("limit_minutes")  # noqa: PD010  # one column
    assert curve.columns.tolist() == list(range(5, 61))
    assert (curve.diff(axis=1).iloc[:, 1:] >= -1e-6).all(axis=None)
    # town and country have their own limits: their points of the curve are the verdict
    totals = result.totals["elders_covered"]
    assert curve.loc[("kind", "urban", "elders"), 15] == totals["kind", "urban"]
    assert curve.loc[("kind", "rural", "elders"), 30] == totals["kind", "rural"]


def test_a_point_of_the_curve_is_within_exactly_at_the_limit(town):
    homes = cc.assess(town).homes
    curve = coverage_by_minutes(homes, town.areas, minutes=[15, 14.999999])["covered"]
    assert curve["area", "W", "homes", 15.0] == 4
    assert curve["area", "W", "homes", 14.999999] == 3


def test_homes_outside_all_areas_have_a_row_of_their_own_at_every_level(town):
    homes = cc.assess(town).homes.copy()
    homes.loc["H08", "area_id"] = None
    values = homes[["elders"]]
    sums = sums_by_unit(values, homes, town.areas)["elders"]
    assert sums["city", ""] == sums["area", ""] == sums["kind", ""] == 10
    assert sums.groupby("level").sum().unique().tolist() == [130.0]


def test_unknown_elders_stay_unknown_and_homes_are_counted_instead(town):
    tables = replace(town.tables, homes=town.homes.assign(elders=np.nan))
    found = speed_classes(replace(town, tables=tables))
    assert found.units.loc[("city", "T", "elders"), "total"] is not None
    assert np.isnan(found.units.loc[("city", "T", "elders"), "robust"])
    assert found.areas["class"].to_dict()["W"] == "fragile"


def test_inputs_are_not_changed(town):
    homes = cc.assess(town).homes
    before = homes.copy()
    states_by_unit(homes[["minutes"]] <= 15, homes["covered"].notna().to_numpy(), homes, town.areas)
    coverage_by_minutes(homes, town.areas)
    pd.testing.assert_frame_equal(homes, before)


def test_what_cannot_be_walked_at_another_speed_is_said_in_one_line(town):
    car = replace(town, card=replace(town.card, profile=cc.PROFILES["car"]))
    with pytest.raises(InputError, match="a speed for each road class"):
        speed_classes(car)
    pairs = pd.DataFrame({"facility_id": ["F1"], "home_id": ["H01"], "minutes": [5.0]})
    own = replace(town, tables=replace(town.tables, minutes=pairs))
    with pytest.raises(InputError, match="brings its own minutes"):
        speed_classes(own)
    with pytest.raises(InputError, match="ascending"):
        speed_classes(town, speeds_m_s=(1.0, 0.8, 1.2))
    with pytest.raises(InputError, match=r"from 0\.05 to 60"):
        coverage_by_speed(town, speeds_m_s=[0.0])
    with pytest.raises(InputError, match="positive"):
        coverage_by_minutes(cc.assess(town).homes, town.areas, minutes=[0])


def test_classes_read_well_in_a_notebook(town):
    html = speed_classes(town)._repr_html_()
    assert "40 / 130" in html
    assert "脆弱" in html
    assert repr(speed_classes(town)).startswith("SpeedClasses(0.8/1/1.2 m/s; areas: 0 robust")


def test_a_loop_and_a_grid_keep_their_chains_at_another_speed():
    network = cc.RoadNetwork.from_roads(grid(4, 3), WALK)
    slow = network_at_speed(network, 0.5)
    assert np.array_equal(slow.chains.seconds, network.chains.seconds * 2)
    assert np.array_equal(slow.chains.before, network.chains.before * 2)
