"""Plans under trial, the roster beside time, and fairness and limits in every covering problem."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning.cover import backup_cover, max_cover, max_min_share, min_sites
from carecircle.planning.equity import Equity
from carecircle.planning.instance import Instance
from carecircle.planning.scenario import RoadChanges, Scenario
from carecircle.siting.problem import siting_instance
from carecircle.siting.robustness import robust_sites
from carecircle.siting.roster import roster_beside_time
from carecircle.siting.trials import Trial, problem_under, standard_trials
from siting_cases import allowed_sets, random_instance

FIVE = partial(max_cover, n_sites=5)
ONE = partial(max_cover, n_sites=1)


def town_with(spots, **columns):
    town = cc.samples.toy_town()
    sites = gpd.GeoDataFrame(
        columns,
        index=pd.Index(list(spots), name="site_id"),
        geometry=gpd.points_from_xy(*np.array(list(spots.values()), dtype=float).T),
        crs=town.areas.crs,
    )
    changed = replace(town, tables=replace(town.tables, sites=sites))
    vars(changed)["network"] = town.network
    return changed


def pairs_of(instance):
    names = ("row", "column", "minutes", "today_minutes", "today_count", "limit", "weight")
    return {name: getattr(instance, name) for name in names}


def test_another_speed_is_as_if_the_profile_walked_at_it(sample_study):
    study, speed = sample_study, 0.8
    slow = replace(study, card=replace(study.card, profile=study.card.profile.at_speed(speed)))
    searched = pairs_of(siting_instance(slow))
    scaled = pairs_of(problem_under(study, siting_instance(study), Trial("speed", speed=speed)))
    for name in ("row", "column", "today_count"):
        np.testing.assert_array_equal(scaled[name], searched[name])
    for name in ("minutes", "today_minutes", "limit", "weight"):
        np.testing.assert_allclose(scaled[name], searched[name], rtol=0, atol=2e-6)


def test_a_profile_with_waits_is_searched_anew():
    town = town_with({"N1": (900, 0)})
    profile = replace(town.card.profile, access_minutes=3.0)
    town = replace(town, card=replace(town.card, profile=profile))
    slow = problem_under(town, siting_instance(town), Trial("slow", speed=0.5))
    # H06 at 900 m of F1: 3 minutes of access and 900 / 0.5 seconds
    assert slow.today_minutes[slow.demand_ids.get_loc("H06")] == 33.0


def test_the_best_plan_of_each_trial_is_the_best_of_all_sets():
    town = town_with({"P": (1800, 0), "Q": (900, 400)})
    trials = [Trial("half", speed=0.5), Trial("P lost", lost=("P",))]
    found = robust_sites(town, ONE, trials=trials)
    base = siting_instance(town)
    for trial in (Trial("as it is"), *trials):
        name, instance = trial.name, problem_under(town, base, trial)
        best = max(
            instance.weight[served_of(instance, mask)].sum() for mask in allowed_sets(instance, 1)
        )
        assert found.trials.loc[name, "covered_best"] == best
    assert (found.trials["regret"] >= 0).all()
    assert found.trials.loc["as it is", "regret"] == 0
    assert found.sites["of"].to_dict().get("P", 2) == 2
    assert "worst regret" in found._repr_html_()


def served_of(instance, mask):
    inside = (instance.minutes <= instance.limit[instance.row]) & mask[instance.column]
    count = instance.today_count + np.bincount(instance.row[inside], minlength=instance.n_demand)
    return count > 0


def test_a_lost_site_costs_the_plan_what_it_added():
    town = town_with({"P": (1500, 0), "Q": (200, 1000)})
    found = robust_sites(town, ONE, trials=[Trial("P lost", lost=("P",))])
    # P is near the village and the late homes of the centre, Q near one home of the north
    assert found.plan.site_ids == ["P"]
    gained = found.plan.chosen.loc["P", "gain"]
    row = found.trials.loc["P lost"]
    assert row["covered_plan"] == found.plan.terms["covered"] - gained
    assert row["regret"] == found.plans["P lost"].chosen["gain"].sum()
    assert row["kept"] == 0
    assert found.sites.loc["P"].to_dict() == {
        "chosen_in": 1, "of": 1, "share": 1.0, "in_plan": True,
    }  # fmt: skip


def test_a_closed_road_is_searched_as_its_scenario_would_be():
    town = town_with({"P": (1500, 0)})
    lane = "R115"  # from the centre to the village
    closed = Scenario("cut", roads=RoadChanges(close=[lane]))
    trial = Trial("cut", scenario=closed)
    got = pairs_of(problem_under(town, siting_instance(town), trial))
    wanted = pairs_of(siting_instance(cc.apply_scenario(town, closed)))
    for name, values in wanted.items():
        np.testing.assert_array_equal(got[name], values)


def test_more_people_in_one_area_draw_the_site_there():
    town = town_with({"P": (1500, 0), "Q": (200, 1000)})
    trial = Trial("north grows", demand={"N": 5.0})
    found = robust_sites(town, ONE, trials=[trial])
    assert found.plans["as it is"].site_ids == ["P"]
    assert found.plans["north grows"].site_ids == ["Q"]
    grown = problem_under(town, siting_instance(town), trial)
    assert grown.weight.sum() == siting_instance(town).weight.sum() + 4 * 20
    assert found.trials.loc["north grows", "regret"] > 0


def test_a_trial_without_a_plan_is_noted_and_the_others_go_on():
    town = town_with({"P": (1500, 0), "Q": (200, 1000)})
    told = []
    found = robust_sites(
        town, lambda p: max_cover(p, n_sites=2), tell=told.append,
        trials=[Trial("lost", lost=("P",)), Trial("slow", speed=0.9)],
    )  # fmt: skip
    assert found.trials.loc["lost", "status"] == "no plan"
    assert "1 candidates may stand together" in found.trials.loc["lost", "note"]
    assert np.isnan(found.trials.loc["lost", "regret"])
    assert found.trials.loc["slow", "status"] == "optimal"
    assert told == ["trial 1 of 3: as it is", "trial 2 of 3: lost", "trial 3 of 3: slow"]
    assert found.sites["of"].max() == 2


def test_the_usual_trials_of_the_sample_city(sample_study):
    study = sample_study
    before = study.tables.sites.copy()
    plan = FIVE(siting_instance(study))
    trials = standard_trials(study, plan, bridges=1, draws=2)
    names = [trial.name for trial in trials]
    assert names[:2] == ["speed x 0.8", "speed x 1.2"]
    assert sum(name.startswith("without site") for name in names) == 5
    assert sum(name.startswith("without bridge") for name in names) == 1
    draws = [t.demand for t in trials if t.demand]
    assert all(0.9 <= f <= 1.1 for draw in draws for f in draw.values())
    assert draws[0] != draws[1]
    found = robust_sites(study, FIVE, trials=[trials[1], trials[-1]])
    assert (found.trials["regret"] >= -1e-6).all()
    assert (found.trials["status"] == "optimal").all()
    assert all(p.proof.verdict.startswith("verified") for p in found.plans.values())
    assert found.sites.loc[plan.site_ids, "in_plan"].all()
    pd.testing.assert_frame_equal(study.tables.sites, before)


def test_trials_that_do_not_fit_are_refused():
    town = town_with({"P": (1500, 0)})
    base = siting_instance(town)
    with pytest.raises(InputError, match="factor is 0; give one above 0"):
        Trial("still", speed=0)
    with pytest.raises(InputError, match="area 'X' is not in the study"):
        problem_under(town, base, Trial("t", demand={"X": 1.1}))
    with pytest.raises(InputError, match="site 'X' is not in the study"):
        problem_under(town, base, Trial("t", lost=("X",)))
    with pytest.raises(InputError, match="'t' stands twice"):
        robust_sites(town, ONE, trials=[Trial("t"), Trial("t")])


# ------------------------------------------------------------------------------ roster beside time


def test_the_roster_and_time_choose_different_sites():
    # N3 belongs to the north, where it reaches nobody in time; N1 reaches three homes at once
    town = town_with(
        {"N1": (1000, 300), "N3": (3000, 0)}, serves=["W", "N"], kind=["station", "station"]
    )
    found = roster_beside_time(town, n_sites=1)
    assert found.time_plan.site_ids == ["N1"]
    assert found.roster_plan.site_ids == ["N3"]
    assert found.in_common == ()
    table = found.table
    assert table["with_facility"].to_dict() == {
        "today": 1, "most in time": 1, "most communities": 2,
    }  # fmt: skip
    assert table["communities"].eq(4).all()
    assert table.loc["most in time", "lost_communities"] == 1
    lost = table.loc["most in time", "in_time"] - table.loc["most communities", "in_time"]
    assert table.loc["most communities", "lost_in_time"] == lost > 0
    assert all(
        plan.proof.verdict.startswith("verified") and plan.proof.status == "optimal"
        for plan in (found.time_plan, found.roster_plan)
    )
    assert "in common: none" in found._repr_html_()


def test_the_roster_plan_agrees_with_the_assessment_of_its_scenario(sample_study):
    study = sample_study
    found = roster_beside_time(study, n_sites=4)
    for plan, row in ((found.time_plan, "most in time"), (found.roster_plan, "most communities")):
        then = cc.compare(study, [Scenario("plan", build=plan.site_ids)]).summary.loc["plan"]
        assert then["units_with_facility"] == found.table.loc[row, "with_facility"]
        assert then["elders_covered"] == pytest.approx(found.table.loc[row, "in_time"])


# --------------------------------------------------------- fairness, weights and limits everywhere


def halves(instance):
    return pd.Series(np.arange(instance.n_demand) % 2, index=instance.demand_ids).map(str)


def shares(instance, mask):
    served, unit = served_of(instance, mask), halves(instance).to_numpy()
    return [
        instance.weight[served & (unit == one)].sum() / instance.weight[unit == one].sum()
        for one in "01"
    ]


def twice(instance, mask):
    inside = (instance.minutes <= instance.limit[instance.row]) & mask[instance.column]
    count = instance.today_count + np.bincount(instance.row[inside], minlength=instance.n_demand)
    return float(instance.weight[count >= 2].sum())


@pytest.mark.parametrize("seed", range(4))
def test_backup_that_must_be_fair_is_the_best_fair_one(seed):
    instance = random_instance(seed, reach=0.35)
    masks = list(allowed_sets(instance, 3))
    fair = [
        m for m in masks if min(shares(instance, m)) >= 0.5 and np.ptp(shares(instance, m)) <= 0.3
    ]
    rule = Equity(halves(instance), min_share=0.5, max_gap=0.3)
    if not fair:
        with pytest.raises(InputError, match=r"cannot hold together|reaches"):
            backup_cover(instance, n_sites=3, equity=[rule])
        return
    weight = {m.tobytes(): instance.weight[served_of(instance, m)].sum() for m in fair}
    once = max(weight.values())
    best = max(twice(instance, m) for m in fair if weight[m.tobytes()] >= 0.9 * once)
    plan = backup_cover(instance, n_sites=3, once_share=0.9, equity=[rule])
    assert plan.proof.objective == plan.proof.bound == best
    assert plan.proof.verdict.startswith("verified")


@pytest.mark.parametrize("seed", range(4))
def test_the_worst_unit_is_lifted_as_far_as_the_gap_allows(seed):
    instance = random_instance(seed, reach=0.35)
    gap = {m.tobytes(): np.ptp(shares(instance, m)) for m in allowed_sets(instance, 3)}
    fair = [m for m in allowed_sets(instance, 3) if gap[m.tobytes()] <= 0.1]
    if not fair:
        pytest.skip("no plan is fair")
    rule = Equity(halves(instance), max_gap=0.1)
    plan = max_min_share(instance, unit=halves(instance), n_sites=3, equity=[rule])
    assert plan.proof.objective == pytest.approx(max(min(shares(instance, m)) for m in fair))


def street_of(kinds):
    """Homes 20 minutes from their site; S2 and S3 serve the village twice, S1 the town alone."""
    pairs = pd.DataFrame(
        {"home_id": ["T1", "V1", "V1", "V2"], "site_id": ["S1", "S2", "S3", "S3"], "minutes": 20.0}
    )
    demand = pd.DataFrame(
        {"weight": [90.0, 10.0, 6.0], "limit": [kinds["town"], *[kinds["village"]] * 2]},
        index=["T1", "V1", "V2"],
    )
    return Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2", "S3"]))


def test_the_limit_belongs_to_the_resident_in_every_covering_problem():
    split = street_of({"town": 15.0, "village": 30.0})
    alike = street_of({"town": 30.0, "village": 30.0})
    assert max_cover(alike, n_sites=1).site_ids == ["S1"]
    assert max_cover(split, n_sites=1).site_ids == ["S3"]
    assert min_sites(split, leave_out_unreachable=True).site_ids == ["S3"]
    assert min_sites(split, leave_out_unreachable=True).left_out.tolist() == ["T1"]
    assert sorted(min_sites(alike).site_ids) == ["S1", "S3"]
    backup = backup_cover(split, n_sites=2)
    assert sorted(backup.site_ids) == ["S2", "S3"]
    assert backup.proof.objective == 10
    unit = pd.Series({"T1": "town", "V1": "village", "V2": "village"})
    assert max_min_share(alike, unit=unit, n_sites=2).proof.objective == 1.0


@pytest.mark.parametrize("weight", ["elders", "elders80", "population", "households", "homes"])
def test_every_demand_weight_goes_through_every_covering_problem(weight):
    town = town_with({"P": (1500, 0), "Q": (900, 100), "R": (200, 1000)})
    each = {"elders": 10, "elders80": 1, "population": 25, "households": 10, "homes": 1}[weight]
    instance = siting_instance(town, weight=weight)
    homes = max_cover(siting_instance(town, weight="homes"), n_sites=1)
    assert max_cover(instance, n_sites=1).proof.objective == each * homes.proof.objective
    assert backup_cover(instance, n_sites=2).proof.objective % each == 0
    plan = min_sites(instance, leave_out_unreachable=True)
    assert plan.terms["covered"] == each * (13 - len(plan.left_out))
