"""Two objectives: no plan of the front is beaten, and none that is unbeaten is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carecircle.errors import InputError
from carecircle.planning.checks.verify import verify
from carecircle.planning.cover import max_cover, min_sites_for_share
from carecircle.planning.engine.objectives import blend_weights
from carecircle.planning.instance import Instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.pareto import pareto_front
from siting_cases import allowed_sets, random_instance

RULES = {
    "required": [True] + [False] * 7,
    "forbidden": [False, True] + [False] * 6,
    "existing": [False] * 2 + [True] + [False] * 5,
    "group": [None, None, None, "a", "a", "a", "b", "b"],
    "cost": [4.5, 1.0, 9.0, 3.25, 5.0, 2.0, 7.0, 6.0],
}


def made(seed, *, ruled):
    return random_instance(seed, reach=0.35, n_demand=18, **(RULES if ruled else {}))


def covered(instance, mask):
    inside = (instance.minutes <= instance.limit[instance.row]) & mask[instance.column]
    count = instance.today_count + np.bincount(instance.row[inside], minlength=instance.n_demand)
    return count > 0


def second_of(instance, seed, *, whole=True):
    """Most where the first weight is least, so that the two aims pull apart."""
    rng = np.random.default_rng(seed + 100)
    weight = np.maximum(35 - instance.weight, 0) * rng.integers(0, 4, instance.n_demand)
    weight = weight if whole else weight * (0.9 + 0.1 * rng.random(instance.n_demand))
    return pd.Series(weight, index=instance.demand_ids)


def unbeaten(pairs):
    """Of pairs that are both to be large, those that no other one beats, in order."""
    every = set(pairs)
    kept = [
        one
        for one in every
        if not any(o != one and o[0] >= one[0] and o[1] >= one[1] for o in every)
    ]
    return sorted(kept, reverse=True)


def front_of(front):
    return list(zip(front.table["first"], front.table["second"], strict=True))


def sound(front):
    assert front.complete
    assert front.proven
    assert all(plan.proof.verdict.startswith("verified") for plan in front.plans)


@pytest.mark.parametrize("ruled", [False, True])
@pytest.mark.parametrize("seed", [0, 5, 8])
def test_two_weights_have_exactly_the_unbeaten_pairs_of_all_sets(seed, ruled):
    instance = made(seed, ruled=ruled)
    second = second_of(instance, seed)
    worth = [
        (instance.weight[served].sum(), second.to_numpy()[served].sum())
        for served in (covered(instance, mask) for mask in allowed_sets(instance, 3))
    ]
    front = pareto_front(instance, second, n_sites=3)
    assert front_of(front) == unbeaten(worth)
    assert front.resolution == 0
    sound(front)


@pytest.mark.parametrize("seed", [5])
def test_weights_that_are_not_whole_lose_nothing_beyond_the_resolution(seed):
    instance = made(seed, ruled=False)
    second = second_of(instance, seed, whole=False)
    worth = [
        (instance.weight[served].sum(), round(second.to_numpy()[served].sum(), 9))
        for served in (covered(instance, mask) for mask in allowed_sets(instance, 3))
    ]
    front = pareto_front(instance, second, n_sites=3)
    found, wanted = np.array(front_of(front)), np.array(unbeaten(worth))
    assert 0 < front.resolution < 0.01
    assert len(found) == len(wanted)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=front.resolution)
    sound(front)


@pytest.mark.parametrize("second", ["cost", "sites"])
@pytest.mark.parametrize("ruled", [False, True])
@pytest.mark.parametrize("seed", [1])
def test_cover_and_cost_have_exactly_the_unbeaten_pairs_of_all_sets(seed, second, ruled):
    instance = made(seed, ruled=ruled)
    price = instance.cost if second == "cost" else np.ones(8)
    worth = [
        (
            instance.weight[covered(instance, mask)].sum(),
            -price[mask & ~instance.existing].sum(),
        )
        for mask in allowed_sets(instance, 8)
    ]
    front = pareto_front(instance, second)
    assert front_of(front) == [(one, -two) for one, two in unbeaten(worth)]
    sound(front)


@pytest.mark.parametrize("seed", range(2))
def test_two_demands_over_the_same_sites_have_the_unbeaten_pairs_of_all_sets(seed):
    instance, other = made(seed, ruled=False), made(seed + 50, ruled=False)
    worth = [
        (
            instance.weight[covered(instance, mask)].sum(),
            other.weight[covered(other, mask)].sum(),
        )
        for mask in allowed_sets(instance, 3)
    ]
    front = pareto_front(instance, other, n_sites=3)
    assert front_of(front) == unbeaten(worth)
    sound(front)
    for plan in front.plans:
        assert len(plan.allocation) == instance.n_demand


def test_a_part_of_the_front_keeps_both_ends_and_says_so():
    instance = made(5, ruled=False)
    second = second_of(instance, 5)
    whole = pareto_front(instance, second, n_sites=3)
    part = pareto_front(instance, second, n_sites=3, most=3)
    assert len(whole.plans) > 3
    assert not part.complete
    assert len(part.plans) == 3
    assert front_of(part)[0] == front_of(whole)[0]
    assert front_of(part)[-1] == front_of(whole)[-1]
    assert set(front_of(part)) < set(front_of(whole))
    assert "a part of the front" in part._repr_html_()


def crossroads(**rules):
    """Each of three sites serves its own home; the old live where few others do."""
    pairs = pd.DataFrame(
        {"home_id": ["H1", "H2", "H3"], "site_id": ["S1", "S2", "S3"], "minutes": 9.0}
    )
    demand = pd.DataFrame({"weight": [50.0, 40.0, 10.0], "limit": 15.0}, index=["H1", "H2", "H3"])
    sites = pd.DataFrame(rules, index=["S1", "S2", "S3"])
    return Instance.from_pairs(pairs, demand, sites)


OLD = pd.Series({"H1": 2.0, "H2": 8.0, "H3": 9.0})


def test_a_blend_of_two_weights_finds_a_plan_of_the_front_for_any_problem():
    instance = crossroads()
    assert max_cover(instance, n_sites=1).site_ids == ["S1"]
    for factor, site in ((1.0, "S1"), (2.0, "S2"), (50.0, "S3")):
        assert max_cover(blend_weights(instance, OLD, factor=factor), n_sites=1).site_ids == [site]
    only_old = blend_weights(instance, OLD, factor=1000.0)
    plan = min_sites_for_share(only_old, share=0.85)
    assert sorted(plan.site_ids) == ["S2", "S3"]
    front = pareto_front(instance, OLD, n_sites=1)
    assert front.table["site_ids"].tolist() == ["S1", "S2", "S3"]


def test_the_front_does_not_depend_on_the_order_of_weights():
    instance = crossroads()
    one, two = (pareto_front(instance, w, n_sites=2).table for w in (OLD, OLD[::-1]))
    pd.testing.assert_frame_equal(one, two)


def test_an_aim_that_the_other_serves_has_one_plan():
    front = pareto_front(crossroads(), pd.Series({"H1": 5.0, "H2": 4.0, "H3": 1.0}), n_sites=1)
    assert front_of(front) == [(50.0, 5.0)]
    sound(front)


def test_progress_is_told():
    instance = made(5, ruled=False)
    told = []
    options = SolveOptions(tell=told.append)
    pareto_front(instance, second_of(instance, 5), n_sites=3, most=4, options=options)
    assert any(line.startswith("3 plans") for line in told)


def test_what_does_not_fit_is_said():
    instance = crossroads()
    with pytest.raises(InputError, match="demand 'H3' has nan"):
        pareto_front(instance, OLD.drop("H3"), n_sites=1)
    with pytest.raises(InputError, match="different sites"):
        pareto_front(instance, crossroads(cost=[1.0, 2.0, 3.0]), n_sites=1)
    with pytest.raises(InputError, match="give n_sites, budget, or both"):
        pareto_front(instance, OLD)
    with pytest.raises(InputError, match="most is 1; give 2 or more"):
        pareto_front(instance, OLD, n_sites=1, most=1)
    with pytest.raises(InputError, match="second is 'money'"):
        pareto_front(instance, "money")
    with pytest.raises(InputError, match=r"factor is -1\.0"):
        blend_weights(instance, OLD, factor=-1.0)


def test_the_verifier_refuses_a_plan_with_less_of_the_second_than_asked_for():
    instance = crossroads()
    plan = pareto_front(instance, OLD, n_sites=1).plans[0]
    other, amount = plan.terms["at_least"]
    assert amount == 2
    more = replace(plan, terms={**plan.terms, "at_least": (other, 3.0)})
    assert verify(instance, plan).startswith("verified")
    assert verify(instance, more) == "refused: of the second demand 2 is covered, below 3"
