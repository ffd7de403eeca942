"""What a plan means: each step equals a full assessment, and every share carries its fraction."""

import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.errors import CrsError, InputError
from carecircle.planning.phasing import phased
from carecircle.planning.plan import Plan, Proof
from carecircle.planning.scenario import Scenario
from carecircle.scenarios.baseline import Baseline
from carecircle.scenarios.what_if import apply_scenario
from carecircle.siting.effects import effects_of_plan
from carecircle.siting.steps import plan_as_scenario
from towns import without_rules


def spots(places, **columns):
    index = pd.Index(list(places), name="site_id", dtype="str")
    points = [shapely.Point(xy) for xy in places.values()]
    return gpd.GeoDataFrame(columns, geometry=points, index=index, crs="EPSG:4545")


def plan_of(*ids):
    chosen = pd.DataFrame({"gain": 0.0}, index=pd.Index(ids, name="site_id", dtype="str"))
    return Plan("made up", chosen, pd.DataFrame(), Proof(0.0, 0.0, "heuristic", 0.0, "hand"))


@pytest.fixture(scope="module")
def town():
    return Baseline.of(cc.samples.toy_town())


@pytest.fixture(scope="module")
def city(sample_base):
    return sample_base


# --------------------------------------------------------------------------- counted on fingers


SITES = spots({"N1": (900, 0), "N2": (2000, 0)}, name=["East", "Village"], cost=[60.0, 20.0])


def test_each_site_adds_what_the_ones_before_it_left(town):
    # N1 at (900, 0) reaches H07 (1000 m to F1), H08 (600 m) and H11 (1100 m, rural); N2 stands in
    # the village, where nobody is left; the village has a facility only then
    steps = effects_of_plan(town, plan_of("N1", "N2"), SITES).steps
    assert steps.index.tolist() == ["N1", "N2"]
    assert steps["elders_gained"].tolist() == [30.0, 0.0]
    assert steps["people_gained"].tolist() == [75.0, 0.0]
    assert steps["elders_covered"].tolist() == [110.0, 110.0]
    assert (steps["elders_total"] == 130.0).all()
    assert steps["area_id"].tolist() == ["C", "V"]
    assert steps["areas_with_facility"].tolist() == ["C", "V"]
    assert steps["areas_on_time"].tolist() == ["C;V", ""]
    assert steps["units_on_time"].tolist() == [3.0, 3.0]
    assert steps["cost_so_far"].tolist() == [60.0, 80.0]
    assert steps["cost_per_elder"].iloc[0] == 2.0
    assert np.isnan(steps["cost_per_elder"].iloc[1])


def test_the_other_order_gives_other_gains_and_the_same_end(town):
    steps = effects_of_plan(town, plan_of("N2", "N1"), SITES).steps
    assert steps["elders_gained"].tolist() == [10.0, 20.0]
    assert steps["elders_covered"].tolist() == [90.0, 110.0]
    assert steps["areas_on_time"].tolist() == ["V", "C"]


def test_the_whole_plan_by_area(town):
    areas = effects_of_plan(town, plan_of("N1"), SITES).by("area")
    assert areas["elders_today"].to_dict() == {"W": 40.0, "C": 20.0, "V": 20.0, "N": 0.0}
    assert areas["elders_gained"].to_dict() == {"W": 0.0, "C": 20.0, "V": 10.0, "N": 0.0}
    assert areas.loc["C", ["elders_rate_today", "elders_rate"]].tolist() == [0.5, 1.0]
    assert areas["units_with_facility"].to_dict() == {"W": 1.0, "C": 1.0, "V": 0.0, "N": 0.0}
    (whole,) = effects_of_plan(town, plan_of("N1"), SITES).by("city").to_dict("records")
    assert (whole["people_gained"], whole["people_total"]) == (75.0, 325.0)
    with pytest.raises(InputError, match="street"):
        effects_of_plan(town, plan_of("N1"), SITES).by("street")


def test_missing_cost_stays_missing(town):
    steps = effects_of_plan(town, plan_of("N1", "N2"), SITES.drop(columns="cost")).steps
    assert steps[["cost", "cost_so_far", "cost_per_elder"]].isna().all(axis=None)
    half = SITES.assign(cost=[np.nan, 20.0])
    steps = effects_of_plan(town, plan_of("N1", "N2"), half).steps
    assert steps["cost"].tolist()[1] == 20.0
    assert steps["cost_so_far"].isna().all()


def test_a_relocation_gains_over_what_it_keeps(town):
    # without F1 nobody is in time; from (900, 0): H02, H03, H05 to H08, H09 to H11
    moved = replace(plan_of("N1"), terms={"closed": (), "moved": {"F1": "N1"}})
    effects = effects_of_plan(town, moved, SITES)
    assert effects.scenario.close == ("F1",)
    assert effects.steps["elders_gained"].tolist() == [90.0]
    assert effects.by("city")["elders_gained"].tolist() == [10.0]


def test_a_phased_plan_keeps_its_periods(town):
    instance = cc.siting_instance(town.study, SITES.drop(columns="cost"))
    plan = phased(instance, n_sites=[1, 1])
    effects = effects_of_plan(town, plan, SITES)
    assert effects.steps["period"].tolist() == plan.chosen["period"].tolist()
    assert effects.facts["terms"]["periods"][0]["period"] == 1


def test_a_plan_may_open_a_planned_facility(town):
    effects = effects_of_plan(town, plan_of("F2"))
    assert effects.steps.loc["F2", "elders_gained"] == 10.0
    assert effects.steps.loc["F2", "name"] == "Village centre"


def test_a_site_on_a_part_of_its_own_is_evaluated_too(town):
    # the street in the north leads nowhere: H12 stands on it, 100 m from N9; N1 comes after
    sites = spots({"N9": (200, 1000), "N1": (900, 0)})
    effects = effects_of_plan(town, plan_of("N9", "N1"), sites)
    assert effects.steps["elders_gained"].tolist() == [10.0, 30.0]
    assert effects.steps["areas_with_facility"].tolist() == ["N", "C"]


def test_inputs_are_left_as_they_were(town):
    before = SITES.copy()
    effects_of_plan(town, plan_of("N1"), SITES)
    pd.testing.assert_frame_equal(SITES, before)
    assert town.study.tables.sites is None


# ------------------------------------------------------------------- equal to a full assessment


def assert_steps_equal_assessments(study, effects, scenario):
    for place in range(len(effects.steps)):
        built = scenario.build[: place + 1]
        part = Scenario("so far", build=built, sites=scenario.sites)
        full = cc.assess(without_rules(apply_scenario(study, part)))
        cities, row = full.totals.loc["city"], effects.steps.iloc[place]
        for figure in ("elders_covered", "elders_total", "units_with_facility", "units_on_time"):
            assert row[figure] == pytest.approx(cities[figure].sum(), rel=1e-12), figure


def test_every_step_in_town_equals_a_full_assessment(town):
    sites = spots({"N9": (200, 1000), "N1": (900, 0), "N2": (2000, 0), "N3": (1300, 0)})
    plan = plan_of("N2", "N9", "N1", "N3")
    effects = effects_of_plan(town, plan, sites)
    assert_steps_equal_assessments(town.study, effects, plan_as_scenario(town.study, plan, sites))


def test_a_plan_for_the_sample_city_equals_a_full_assessment(city, sample_result):
    study = city.study
    grid = cc.candidates_from_grid(sample_result.gaps.head(6), 600)
    sites = pd.concat([study.tables.sites.drop(columns="cost"), grid])
    plan = cc.max_cover(cc.siting_instance(study, sites), n_sites=4)
    effects = effects_of_plan(city, plan, sites)
    scenario = plan_as_scenario(study, plan, sites)
    full = cc.assess(without_rules(apply_scenario(study, scenario)))
    for level in ("area", "street", "district", "city"):
        told = full.areas if level == "area" else full.totals.loc[level]
        found = effects.by(level)
        for name in ("elders_covered", "people_covered", "elders_rate", "elders_total"):
            np.testing.assert_allclose(found[name], told[name].reindex(found.index), rtol=1e-12)
        # the change of the parts is the change of the whole
        assert found["elders_gained"].sum() == pytest.approx(effects.steps["elders_gained"].sum())
    # required sites aside, the solver's own gains are those of the full engine
    assert effects.steps["elders_covered"].iloc[-1] == pytest.approx(plan.proof.objective)


# --------------------------------------------------------------------------------- the scenario


def test_a_scenario_brings_only_the_sites_that_are_not_the_studys_own(city):
    study = city.study
    own = study.tables.sites
    new = spots({"N1": (0, 0)}).set_crs(own.crs, allow_override=True)
    sites = pd.concat([own, new])
    scenario = plan_as_scenario(study, plan_of("S07", "N1"), sites, name="mine")
    assert scenario.name == "mine"
    assert scenario.sites.index.tolist() == ["N1"]
    assert plan_as_scenario(study, plan_of("S07"), sites).sites is None


@pytest.mark.parametrize(
    ("sites", "told"),
    [
        (None, "chosen sites N1, N2 are in no table; pass the sites"),
        (SITES.iloc[:1], "chosen sites N2 are in no table"),
    ],
)
def test_a_site_in_no_table_is_named(town, sites, told):
    with pytest.raises(InputError, match=told):
        effects_of_plan(town, plan_of("N1", "N2"), sites)


def test_sites_in_another_crs_or_place_are_refused(town, city):
    with pytest.raises(CrsError, match="to_crs"):
        plan_as_scenario(town.study, plan_of("N1"), SITES.to_crs(4326))
    moved = city.study.tables.sites.iloc[:1].translate(5, 0)
    moved = gpd.GeoDataFrame(geometry=moved)
    with pytest.raises(InputError, match="S01 stands elsewhere"):
        plan_as_scenario(city.study, plan_of("S01"), moved)


def test_a_study_with_its_own_minutes_is_refused(town):
    pairs = pd.DataFrame({"facility_id": ["F1"], "home_id": ["H01"], "minutes": [3.0]})
    study = replace(town.study, tables=replace(town.study.tables, minutes=pairs))
    with pytest.raises(InputError, match="brings its own minutes"):
        effects_of_plan(study, plan_of("F2"))


def test_the_notebook_shows_fractions_and_escapes_names(town):
    named = SITES.assign(name=["<script>x</script>", "Village"])
    shown = effects_of_plan(town, plan_of("N1", "N2"), named)._repr_html_()
    assert "84.6 % (110 / 130)" in shown
    assert "61.5 % (80 / 130)" in shown
    assert "<script>" not in shown
    assert "启发式" in shown
    assert "合成数据" in shown
    assert json.dumps(shown)
