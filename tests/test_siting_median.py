from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carecircle.errors import InputError
from carecircle.planning.checks.nearest_look import exact_bound, recheck
from carecircle.planning.median import p_median
from carecircle.planning.options import SolveOptions
from siting_cases import (
    allowed_sets,
    dense_instance,
    nearest_of,
    pmed_instance,
    random_instance,
    sf_instance,
    stands_of,
)


def least_minutes(instance, n_new, penalty=None):
    best = np.inf
    for mask in allowed_sets(instance, n_new):
        near = nearest_of(instance, mask)
        if penalty is not None:
            near = np.minimum(near, penalty)
        served = np.isfinite(near) | ~reached(instance) | (instance.weight == 0)
        if served.all():
            ok = np.isfinite(near)
            best = min(best, float(instance.weight[ok] @ near[ok]))
    return best


def reached(instance):
    usable = ~instance.forbidden[instance.column]
    some = np.isfinite(instance.today_minutes)
    some[instance.row[usable]] = True
    return some


@pytest.mark.parametrize("seed", range(12))
def test_no_set_of_sites_has_fewer_minutes(seed):
    instance = random_instance(seed, reach=0.9)
    best = least_minutes(instance, 3)
    if np.isinf(best):
        with pytest.raises(InputError, match="needed"):
            p_median(instance, n_sites=3)
        return
    plan = p_median(instance, n_sites=3)
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    assert plan.proof.objective == plan.proof.bound == best
    near = nearest_of(instance, stands_of(instance, plan))
    assert float(np.nansum(instance.weight * plan.allocation["minutes"].to_numpy())) == best
    assert np.array_equal(plan.allocation["minutes"].fillna(np.inf).to_numpy(), near)


@pytest.mark.parametrize("seed", range(12))
def test_who_is_not_served_counts_with_the_penalty(seed):
    instance = random_instance(seed, reach=0.25)
    plan = p_median(instance, n_sites=2, penalty=25)
    assert plan.proof.objective == plan.proof.bound == least_minutes(instance, 2, 25)


@pytest.mark.parametrize("seed", range(12))
def test_required_forbidden_existing_and_grouped_sites_are_heeded(seed):
    instance = random_instance(
        seed,
        required=[True] + [False] * 7,
        forbidden=[False, True] + [False] * 6,
        existing=[False] * 2 + [True] + [False] * 5,
        group=[None, None, None, "a", "a", "a", "b", "b"],
    )
    plan = p_median(instance, n_sites=3, penalty=40)
    assert plan.proof.objective == plan.proof.bound == least_minutes(instance, 3, 40)
    assert "S0" in plan.site_ids
    assert "S1" not in plan.site_ids
    assert "S2" not in plan.site_ids


def test_broken_numbers_are_proven_too():
    rng = np.random.default_rng(5)
    here = rng.random((40, 2))
    table = np.hypot(*(here[:, None] - here[None]).transpose(2, 0, 1))
    instance = dense_instance(table, rng.random(40))
    plan = p_median(instance, n_sites=3)
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    assert plan.proof.objective == pytest.approx(least_minutes(instance, 3), rel=1e-12)


def test_gains_are_what_each_next_site_saves_and_never_rise():
    plan = p_median(random_instance(1, reach=1.0, today=1.0), n_sites=4)
    assert plan.chosen["gain"].is_monotonic_decreasing
    instance = random_instance(1, reach=1.0, today=1.0)
    before = float(instance.weight @ instance.today_minutes)
    assert before - plan.chosen["gain"].sum() == pytest.approx(plan.proof.objective)
    assert plan.chosen["share"].iloc[-1] == pytest.approx(1 - plan.proof.objective / before)


def test_demand_without_any_pair_is_left_out_and_named():
    instance = random_instance(3, reach=1.0, today=0.0)
    keep = instance.row != 4
    fewer = type(instance)(
        **{
            **vars(instance),
            "row": instance.row[keep],
            "column": instance.column[keep],
            "minutes": instance.minutes[keep],
        }
    )
    plan = p_median(fewer, n_sites=2)
    assert list(plan.left_out) == ["H04"]
    assert plan.proof.objective == least_minutes(fewer, 2)
    assert pd.isna(plan.allocation.loc["H04", "minutes"])


@pytest.mark.parametrize(
    ("n_sites", "message"),
    [(0, "at least 1"), (-2, "at least 1"), (9, "8 candidates")],
)
def test_a_number_of_sites_that_does_not_fit_is_told(n_sites, message):
    with pytest.raises(InputError, match=message):
        p_median(random_instance(0), n_sites=n_sites)


def test_a_negative_penalty_is_told():
    with pytest.raises(InputError, match="penalty is -1"):
        p_median(random_instance(0), n_sites=1, penalty=-1)


def test_too_few_sites_to_serve_everyone_name_the_least_number():
    table = np.full((3, 3), 99.0)
    instance = dense_instance(table)
    own = instance.row == instance.column
    alone = type(instance)(
        **{
            **vars(instance),
            "row": instance.row[own],
            "column": instance.column[own],
            "minutes": instance.minutes[own],
        }
    )
    with pytest.raises(InputError, match="at least 3 are needed"):
        p_median(alone, n_sites=2)
    assert p_median(alone, n_sites=3).proof.objective == 297.0


def test_a_heuristic_says_so_and_has_a_bound():
    rng = np.random.default_rng(2)
    table = rng.integers(1, 1000, (60, 60))
    quick = p_median(dense_instance(table), n_sites=6, options=SolveOptions(method="heuristic"))
    exact = p_median(dense_instance(table), n_sites=6)
    assert quick.proof.status == "heuristic"
    assert quick.proof.bound <= exact.proof.objective <= quick.proof.objective


def test_no_time_still_gives_a_plan_and_a_bound():
    table = np.random.default_rng(2).integers(1, 1000, (60, 60))
    short = p_median(dense_instance(table), n_sites=6, options=SolveOptions(time_limit_s=0.0))
    exact = p_median(dense_instance(table), n_sites=6)
    assert short.proof.status == "time_limit"
    assert len(short.chosen) == 6
    assert short.proof.bound <= exact.proof.objective <= short.proof.objective


def test_the_same_problem_gives_the_same_plan():
    one, two = (p_median(random_instance(7, reach=1.0), n_sites=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.chosen, two.chosen)
    pd.testing.assert_frame_equal(one.allocation, two.allocation)


def test_a_plan_that_was_tampered_with_is_found_out():
    instance = random_instance(1, reach=1.0)
    plan = p_median(instance, n_sites=2)
    assert recheck(instance, plan).startswith("verified")
    other = next(name for name in instance.site_ids if name not in plan.chosen.index)
    sites = replace(plan, chosen=plan.chosen.rename({plan.site_ids[0]: other}))
    assert "serves, but does not stand" in recheck(instance, sites)
    minutes = replace(plan, allocation=plan.allocation.assign(minutes=1.0))
    assert "differ from those of the pairs" in recheck(instance, minutes)
    better = replace(plan, proof=replace(plan.proof, objective=plan.proof.objective - 1))
    assert "the objective is" in recheck(instance, better)


def test_prices_prove_a_bound_free_of_rounding():
    table = np.random.default_rng(2).integers(1, 1000, (60, 60))
    instance = dense_instance(table)
    plan = p_median(instance, n_sites=6)
    proven = exact_bound(instance, plan, plan.terms["prices"])
    assert 0.8 * plan.proof.objective < proven <= plan.proof.objective
    rng = np.random.default_rng(3)
    for _ in range(5):
        prices = plan.terms["prices"] * rng.random(60) * 2
        assert exact_bound(instance, plan, prices) <= plan.proof.objective


@pytest.mark.realdata
def test_known_medians_of_san_francisco(real_data):
    expected = pd.read_csv(real_data / "locate" / "sf" / "sf_expected.csv")
    rows = expected[expected["problem"] == "pmedian_weighted_distance"]
    assert len(rows) == 4
    for row in rows.itertuples():
        plan = p_median(sf_instance(real_data), n_sites=int(row.p))
        assert plan.proof.objective == pytest.approx(row.optimum, abs=0.01)
        assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")


@pytest.mark.realdata
def test_known_medians_of_the_or_library(real_data):
    known = pd.read_csv(real_data / "locate" / "pmed" / "pmedopt.csv")
    assert len(known) == 20
    for row in known.itertuples():
        instance, p = pmed_instance(real_data, row.instance)
        proof = p_median(instance, n_sites=p).proof
        assert (row.instance, proof.objective, proof.bound) == (
            row.instance,
            row.pmedian_optimum,
            row.pmedian_optimum,
        )
