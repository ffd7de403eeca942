from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from carecircle.errors import InputError
from carecircle.planning.capacity import capacitated_max_cover, capacitated_p_median
from carecircle.planning.options import SolveOptions
from siting_cases import allowed_sets, minutes_table, random_instance, stands_of

ROOM = [30.0, 60.0, 25.0, 80.0, 45.0, 50.0, 20.0, 70.0]


def small(seed, **more):
    return random_instance(seed, n_demand=5, n_sites=8, reach=0.8, capacity=ROOM, **more)


def with_room(instance, capacity, pairs):
    return type(instance)(
        **{
            **vars(instance),
            "capacity": np.array(capacity),
            "row": instance.row[pairs],
            "column": instance.column[pairs],
            "minutes": instance.minutes[pairs],
        }
    )


def whole_assignments(instance, mask, usable):
    """Every way to send each demand point whole to one site that stands, or to none."""
    table = np.where(usable, minutes_table(instance), np.inf)
    options = [
        [-1, *np.flatnonzero(mask & np.isfinite(table[i]))] for i in range(instance.n_demand)
    ]
    for sites in product(*options):
        load = np.zeros(instance.n_sites)
        for i, j in enumerate(sites):
            if j >= 0:
                load[j] += instance.weight[i]
        if (load <= instance.capacity + 1e-9).all():
            yield sites


def most_served(instance, n_new, budget=np.inf):
    today = instance.covered_today()
    inside = minutes_table(instance) <= instance.limit[:, None]
    best = 0.0
    for mask in allowed_sets(instance, n_new):
        if instance.cost[mask & ~instance.existing].sum() > budget:
            continue
        for sites in whole_assignments(instance, mask, inside & ~today[:, None]):
            served = np.array(sites) >= 0
            best = max(best, float(instance.weight[served | today].sum()))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_no_plan_with_whole_demand_serves_more(seed):
    instance = small(seed)
    plan = capacitated_max_cover(instance, n_sites=2)
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    assert plan.proof.objective == pytest.approx(most_served(instance, 2))


@pytest.mark.parametrize("seed", range(4))
def test_a_budget_limits_what_is_chosen(seed):
    instance = small(seed, cost=[5.0, 2.0, 4.0, 3.0, 6.0, 1.0, 2.0, 5.0])
    plan = capacitated_max_cover(instance, budget=5)
    assert plan.chosen["cost"].sum() <= 5
    assert plan.proof.objective == pytest.approx(most_served(instance, 3, 5))


@pytest.mark.parametrize("seed", range(4))
def test_existing_sites_are_kept_and_not_counted(seed):
    instance = small(seed, existing=[True] + [False] * 7, group=["a", "a"] + [None] * 6)
    plan = capacitated_max_cover(instance, n_sites=1)
    assert not {"S0", "S1"} & set(plan.site_ids)
    assert plan.proof.objective == pytest.approx(most_served(instance, 1))


def test_places_are_never_oversold_and_the_limit_holds():
    instance = small(3)
    plan = capacitated_max_cover(instance, n_sites=3)
    sent = plan.allocation["site_id"].dropna()
    weight = dict(zip(instance.demand_ids, instance.weight, strict=True))
    room = dict(zip(instance.site_ids, instance.capacity, strict=True))
    load = sent.index.to_series().map(weight).groupby(sent).sum()
    assert len(load) > 0
    assert (load <= load.index.to_series().map(room)).all()
    assert (plan.allocation.loc[sent.index, "minutes"] <= 20).all()


@pytest.mark.parametrize("seed", range(5))
def test_demand_in_parts_fills_the_places_as_the_best_flow_does(seed):
    instance = small(seed)
    plan = capacitated_max_cover(instance, n_sites=2, assignment="parts")
    use = instance.within() & ~instance.covered_today()[instance.row]
    row, column = instance.row[use], instance.column[use]
    best = 0.0
    for mask in allowed_sets(instance, 2):
        a = np.zeros((instance.n_demand + 8, use.sum()))
        a[row, np.arange(use.sum())] = 1
        a[instance.n_demand + column, np.arange(use.sum())] = 1
        room = np.where(mask, instance.capacity, 0.0)
        flow = linprog(-np.ones(use.sum()), a, np.concatenate((instance.weight, room)))
        best = max(best, -flow.fun)
    today = float(instance.weight[instance.covered_today()].sum())
    assert plan.proof.objective == pytest.approx(best + today)
    assert plan.allocation["served"].sum() == pytest.approx(best)
    assert plan.proof.objective >= most_served(instance, 2) - 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_no_plan_with_room_for_all_has_fewer_minutes(seed):
    instance = small(seed, today=0.0)
    best = np.inf
    table = minutes_table(instance)
    for mask in allowed_sets(instance, 3):
        for sites in whole_assignments(instance, mask, np.isfinite(table)):
            at = np.array(sites)
            if ((at >= 0) | (instance.weight == 0)).all():
                live = at >= 0
                best = min(best, float(instance.weight[live] @ table[live, at[live]]))
    if np.isinf(best):
        with pytest.raises(InputError, match=r"places|holds everyone|fit into no site"):
            capacitated_p_median(instance, n_sites=3)
        return
    plan = capacitated_p_median(instance, n_sites=3)
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    assert plan.proof.objective == pytest.approx(best)
    assert stands_of(instance, plan).sum() <= 3


def test_too_few_places_are_told_with_both_numbers():
    instance = random_instance(
        0, n_demand=5, n_sites=3, today=0.0, reach=1.0, capacity=[1.0, 2.0, 3.0]
    )
    with pytest.raises(InputError, match="the 2 roomiest sites and those kept have 5 places"):
        capacitated_p_median(instance, n_sites=2)


def test_a_point_larger_than_any_site_is_served_in_parts_only():
    instance = random_instance(
        1, n_demand=1, n_sites=3, today=0.0, reach=1.0, capacity=[9.0, 9.0, 9.0]
    )
    assert instance.weight[0] > 18
    with pytest.raises(InputError, match="fit into no site"):
        capacitated_p_median(with_room(instance, [9.0, 9.0, 90.0], instance.column < 2), n_sites=2)
    assert capacitated_max_cover(instance, n_sites=2).proof.objective == 0
    parts = capacitated_max_cover(instance, n_sites=2, assignment="parts")
    assert parts.proof.objective == pytest.approx(18)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "give n_sites, budget, or both"),
        ({"n_sites": 0}, "at least 1"),
        ({"n_sites": 99}, "8 candidates"),
        ({"budget": -1}, "budget is -1"),
        ({"n_sites": 1, "assignment": "half"}, "'whole' or 'parts'"),
    ],
)
def test_bad_questions_are_told(asked, message):
    with pytest.raises(InputError, match=message):
        capacitated_max_cover(small(0), **asked)


def test_a_required_site_beyond_the_budget_is_told():
    instance = small(0, cost=[9.0] + [1.0] * 7, required=[True] + [False] * 7)
    with pytest.raises(InputError, match="required sites cost 9"):
        capacitated_max_cover(instance, budget=5)


def test_a_heuristic_says_so_or_is_proven():
    quick = capacitated_max_cover(small(1), n_sites=2, options=SolveOptions(method="heuristic"))
    assert quick.proof.status in ("heuristic", "optimal")
    assert quick.proof.bound >= most_served(small(1), 2) - 1e-6
