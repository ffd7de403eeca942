from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from carecircle.planning.checks.exact_bounds import least_price, most_weight
from carecircle.planning.checks.verify import verify
from carecircle.planning.cover import (
    backup_cover,
    max_cover,
    max_min_share,
    min_sites,
    min_sites_for_share,
)
from carecircle.planning.equity import Equity
from carecircle.planning.instance import Instance
from carecircle.planning.median import p_median
from siting_cases import random_instance


def town():
    """S1 covers 50, S2 covers 40, S3 covers 25 that S1 covers too; H5 is served today."""
    pairs = pd.DataFrame(
        [("H1", "S1", 5.0), ("H2", "S1", 6.0), ("H3", "S2", 7.0), ("H2", "S3", 2.0),
         ("H4", "S2", 99.0), ("H5", "S2", 4.0)],
        columns=["home_id", "site_id", "minutes"],
    )  # fmt: skip
    demand = pd.DataFrame(
        {"weight": [25.0, 25.0, 40.0, 7.0, 3.0], "limit": 15.0,
         "today_minutes": [np.inf] * 4 + [9.0]},
        index=["H1", "H2", "H3", "H4", "H5"],
    )  # fmt: skip
    sites = pd.DataFrame(
        {"cost": [5.0, 4.0, 1.0, 1.0], "forbidden": [False, False, False, True]},
        index=["S1", "S2", "S3", "S4"],
    )
    return Instance.from_pairs(pairs, demand, sites)


def proof_of(plan, **changed):
    return replace(plan, proof=replace(plan.proof, **changed))


def chosen_of(plan, *sites):
    """The plan with other sites, gains and all else left as they were."""
    table = plan.chosen.iloc[: len(sites)].set_axis(pd.Index(sites, name="site_id"))
    return replace(plan, chosen=table)


def cell_of(plan, table, row, column, value):
    changed = getattr(plan, table).copy()
    changed.loc[row, column] = value
    return replace(plan, **{table: changed})


def test_a_plan_as_found_is_verified_with_the_exact_bound():
    plan = max_cover(town(), n_sites=2)
    assert plan.proof.objective == 93.0
    assert plan.proof.verdict == (
        "verified: sites, allocation, gains and objective counted anew;"
        " exact dual bound 93 (gap 0.00%)"
    )


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (lambda plan: proof_of(plan, objective=94.0), "the objective is 93, the plan says 94"),
        (lambda plan: proof_of(plan, bound=92.0), "the objective 93 is beyond the bound 92"),
        (lambda plan: chosen_of(plan, "S1", "S9"), "site 'S9' is not in the problem"),
        (lambda plan: chosen_of(plan, "S1", "S1"), "site 'S1' is chosen twice"),
        (lambda plan: chosen_of(plan, "S1", "S4"), "site 'S4' is forbidden"),
        (lambda plan: replace(plan, terms={**plan.terms, "n_sites": 1}), "2 sites are chosen, 1"),
        (lambda plan: replace(plan, terms={**plan.terms, "budget": 8.0}), "sites cost 9, the b"),
        (lambda plan: cell_of(plan, "chosen", "S2", "cost", 3.0), "a cost differs"),
        (lambda plan: cell_of(plan, "chosen", "S2", "gain", 41.0), "'S2' adds 40, the plan says"),
        (
            lambda plan: cell_of(plan, "chosen", "S2", "cumulative", 91.0),
            "up to site 'S2' the gains come to 90",
        ),
        (lambda plan: replace(plan, left_out=pd.Index([])), "left_out is not the demand"),
        (
            lambda plan: cell_of(plan, "allocation", "H1", "minutes", 4.0),
            "demand 'H1' is not with its nearest",
        ),
        (
            lambda plan: cell_of(plan, "allocation", "H2", "site_id", "S3"),
            "sent to a site that does not stand",
        ),
        (
            lambda plan: replace(plan, allocation=plan.allocation.iloc[1:]),
            "not one row per demand point",
        ),
        (lambda plan: replace(plan, chosen=plan.chosen.iloc[::-1]), "up to site 'S2' the gains"),
    ],
)
def test_a_tampered_plan_is_refused_with_the_reason(tamper, reason):
    instance = town()
    verdict = verify(instance, tamper(max_cover(instance, n_sites=2)))
    assert verdict.startswith("refused: ")
    assert reason in verdict


def test_a_poorer_plan_that_claims_to_be_best_is_refused():
    instance = town()
    poor = max_cover(replace(instance, forbidden=np.array([True, False, False, True])), n_sites=2)
    assert poor.site_ids == ["S2", "S3"]
    poor = replace(poor, left_out=instance.unreachable())
    assert verify(instance, poor) == (
        "refused: with site 'S1' 93 is covered, more than the bound 68"
    )


def test_rules_of_the_instance_hold_for_a_plan_of_another():
    instance = town()
    plan = max_cover(instance, n_sites=2)
    needs = replace(instance, required=np.array([False, False, True, False]))
    assert verify(needs, plan) == "refused: required site 'S3' is missing"
    rivals = replace(instance, group=np.array([0, 0, -1, -1]))
    assert verify(rivals, plan) == "refused: sites 'S1' and 'S2' exclude one another"
    there = replace(instance, existing=np.array([True, False, False, False]))
    assert verify(there, plan) == "refused: site 'S1' is there already"


def test_a_plan_that_covers_too_few_is_refused():
    instance = town()
    full = min_sites(instance, leave_out_unreachable=True)
    assert full.site_ids == ["S1", "S2"]
    short = replace(full, chosen=full.chosen.iloc[:1])
    assert "demand 'H3' is not covered" in verify(instance, short)
    part = min_sites_for_share(instance, share=0.9)
    short = replace(part, chosen=part.chosen.iloc[:1])
    assert "53 of 100 is covered, below the share 0.9" in verify(instance, short)


def test_a_bound_above_a_least_number_is_refused():
    instance = town()
    plan = min_sites(instance, leave_out_unreachable=True)
    assert "exact dual bound 2 (gap 0.00%)" in plan.proof.verdict
    assert "beyond the bound 3" in verify(instance, proof_of(plan, bound=3.0))


def test_broken_rules_between_units_are_refused():
    instance = town()
    unit = pd.Series({"H1": "a", "H2": "a", "H3": "b", "H4": "b", "H5": "b"})
    plan = max_cover(instance, n_sites=2)
    for rule, text in (
        (Equity(unit, min_share=0.9), "a unit has 0.86 covered, below 0.9"),
        (Equity(unit, max_gap=0.1), "units are 0.14 apart, above 0.1"),
    ):
        assert text in verify(instance, replace(plan, terms={**plan.terms, "equity": (rule,)}))
    fair = max_min_share(instance, unit=unit, n_sites=2)
    assert fair.proof.objective == pytest.approx(43 / 50)
    assert "the objective is 0.86, the plan says 0.87" in verify(
        instance, proof_of(fair, objective=0.87, bound=0.87)
    )


def test_double_cover_is_counted_anew():
    instance = town()
    plan = backup_cover(instance, n_sites=3)
    assert plan.proof.objective == 28.0
    assert "the objective is 28, the plan says 29" in verify(
        instance, proof_of(plan, objective=29.0, bound=29.0)
    )


def test_other_problems_are_checked_too():
    instance = random_instance(1, reach=1.0)
    plan = p_median(instance, n_sites=2)
    assert verify(instance, plan).startswith("verified")
    assert verify(instance, proof_of(plan, objective=1.0)).startswith("fault")


@pytest.mark.parametrize("seed", range(20))
def test_exact_bounds_are_never_below_or_above_the_optimum(seed):
    instance = random_instance(seed, n_demand=30, n_sites=10, today=0.0, reach=0.2)
    open_ = np.ones(30, dtype=bool)
    plan = max_cover(instance, n_sites=3)
    most = most_weight(instance, open_, n_sites=3.0, budget=np.inf)
    assert isinstance(most, Fraction)
    assert plan.proof.objective <= most <= Fraction(plan.proof.objective) * Fraction(6, 5)
    money = most_weight(instance, open_, n_sites=np.inf, budget=3.0)
    assert plan.proof.objective <= money
    fewest = min_sites(instance, leave_out_unreachable=True).proof.objective
    least = least_price(instance, open_, np.ones(10))
    assert 0 < least <= fewest


def test_a_problem_too_large_for_a_second_look_says_nothing_of_duality(monkeypatch):
    monkeypatch.setattr("carecircle.planning.checks.exact_bounds.MOST_PAIRS", 2)
    verdict = max_cover(town(), n_sites=2).proof.verdict
    assert verdict == "verified: sites, allocation, gains and objective counted anew"
