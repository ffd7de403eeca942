"""The k best plans, against trying every set of sites."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carecircle.errors import InputError
from carecircle.planning.alternatives import k_best
from carecircle.planning.center import p_center
from carecircle.planning.checks.verify import verify
from carecircle.planning.cover import backup_cover, max_cover, min_sites, min_sites_for_share
from carecircle.planning.engine import cover_case
from carecircle.planning.engine.apart import Apart
from carecircle.planning.engine.greedy import Chooser, Limits
from carecircle.planning.engine.reduce import covering_table
from carecircle.planning.equity import Equity
from carecircle.planning.instance import Instance
from carecircle.planning.median import p_median
from siting_cases import allowed_sets, minutes_table, nearest_of, random_instance

RULES = {
    "required": [True] + [False] * 7,
    "forbidden": [False, True] + [False] * 6,
    "existing": [False] * 2 + [True] + [False] * 5,
    "group": [None, None, None, "a", "a", "a", "b", "b"],
    "cost": [4.0, 1.0, 9.0, 3.0, 5.0, 2.0, 7.0, 6.0],
}


def plain(seed):
    return random_instance(seed, reach=0.3)


def ruled(seed):
    return random_instance(seed, reach=0.3, **RULES)


def covered(instance, mask):
    inside = (instance.minutes <= instance.limit[instance.row]) & mask[instance.column]
    count = instance.today_count + np.bincount(instance.row[inside], minlength=instance.n_demand)
    return count > 0


def weight_of(instance, mask):
    return float(instance.weight[covered(instance, mask)].sum())


def own(instance, mask):
    """The sites of a mask that were chosen freely."""
    return mask & ~instance.existing & ~instance.required


def without(mask, site):
    less = mask.copy()
    less[site] = False
    return less


def irredundant(instance, masks, enough):
    """Those that no site can be left out of."""
    return [
        mask
        for mask in masks
        if enough(mask)
        and not any(enough(without(mask, s), mask) for s in np.flatnonzero(own(instance, mask)))
    ]


def ids_of(instance, mask):
    return frozenset(instance.site_ids[mask & ~instance.existing])


def agree(instance, found, wanted, value):
    """The plans are distinct, and have the values of the best sets in that order."""
    sets = [frozenset(plan.site_ids) for plan in found.plans]
    assert len(set(sets)) == len(sets)
    worth = {ids_of(instance, mask): value(mask) for mask in wanted}
    assert set(sets) <= set(worth)
    assert [plan.proof.objective for plan in found.plans] == [worth[one] for one in sets]
    largest = found.plans[0].problem == "max_cover"
    best = sorted(worth.values(), reverse=largest)[: len(sets)]
    assert [plan.proof.objective for plan in found.plans] == best
    assert found.complete or len(sets) < len(worth) or len(sets) == len(worth) == K
    assert len(sets) == min(K, len(worth))
    assert found.proven
    assert all(plan.proof.verdict.startswith("verified") for plan in found.plans)


K = 5


@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(2))
def test_the_five_best_plans_of_most_cover_are_those_of_all_sets(seed, make):
    instance = make(seed)
    value = {}

    def useful(mask, fuller=None):
        weight = value.setdefault(mask.tobytes(), weight_of(instance, mask))
        return fuller is None or weight == weight_of(instance, fuller)

    wanted = irredundant(instance, allowed_sets(instance, 3), useful)
    found = k_best(instance, max_cover(instance, n_sites=3), k=K)
    agree(instance, found, wanted, lambda mask: weight_of(instance, mask))


@pytest.mark.parametrize("least", ["sites", "cost"])
@pytest.mark.parametrize("seed", range(2))
def test_the_five_smallest_or_cheapest_plans_are_those_of_all_sets(seed, least):
    instance = ruled(seed)
    able = ~instance.demand_ids.isin(instance.unreachable())

    def enough(mask, fuller=None):
        return bool(covered(instance, mask)[able].all())

    wanted = irredundant(instance, allowed_sets(instance, 8), enough)
    if not wanted:
        with pytest.raises(InputError, match="cannot hold together"):
            min_sites(instance, least=least, leave_out_unreachable=True)
        return
    price = np.ones(8) if least == "sites" else instance.cost
    plan = min_sites(instance, least=least, leave_out_unreachable=True)
    found = k_best(instance, plan, k=K)
    agree(instance, found, wanted, lambda mask: float(price[mask & ~instance.existing].sum()))


@pytest.mark.parametrize("seed", range(2))
def test_the_five_smallest_plans_for_a_share_are_those_of_all_sets(seed):
    instance = plain(seed)
    need = 0.6 * instance.weight.sum()

    def enough(mask, fuller=None):
        return weight_of(instance, mask) >= need

    wanted = irredundant(instance, allowed_sets(instance, 8), enough)
    if not wanted:
        pytest.skip("the share is out of reach")
    found = k_best(instance, min_sites_for_share(instance, share=0.6), k=K)
    agree(instance, found, wanted, lambda mask: float(mask.sum()))


@pytest.mark.parametrize("seed", range(2))
def test_fair_plans_are_followed_by_fair_plans(seed):
    instance = plain(seed)
    unit = pd.Series(np.arange(instance.n_demand) % 2, index=instance.demand_ids).map(str)

    def fair(mask):
        served = covered(instance, mask)
        return all(
            instance.weight[served & half].sum() >= 0.4 * instance.weight[half].sum()
            for half in (unit == "0", unit == "1")
        )

    worth = sorted(weight_of(instance, m) for m in allowed_sets(instance, 3) if fair(m))
    if not worth:
        pytest.skip("no plan is fair")
    rule = Equity(unit, min_share=0.4)
    found = k_best(instance, max_cover(instance, n_sites=3, equity=[rule]), k=3)
    assert found.plans[0].proof.objective == worth[-1]
    assert all(
        fair(instance.site_ids.isin(plan.site_ids)) and plan.terms["equity"] == (rule,)
        for plan in found.plans
    )


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_plans_that_must_differ_by_two_sites_are_the_best_such_plans(seed, large, monkeypatch):
    if large:  # by decomposition, as for very many pairs
        monkeypatch.setattr(cover_case, "_MOST_PAIRS_WHOLE", 0)
    instance = random_instance(seed, reach=0.4, n_demand=30)
    found = k_best(instance, max_cover(instance, n_sites=3), k=3, differ=2)
    before = []
    for plan in found.plans:
        left = [
            mask
            for mask in allowed_sets(instance, 3)
            if all((first & ~mask).sum() >= 2 for first in before)
        ]
        assert plan.proof.objective == max(weight_of(instance, mask) for mask in left)
        assert plan.proof.verdict.startswith("verified")
        before.append(instance.site_ids.isin(plan.site_ids))
    assert found.proven


def test_quick_choices_keep_apart_too():
    instance = random_instance(3, reach=0.5, n_demand=40)
    table = covering_table(instance)
    n = len(table.sites)
    plain_limits = Limits(3.0, np.ones(n), np.inf, np.full(n, -1))
    first = Chooser(table.covers, table.weight, plain_limits).best()
    barred = np.zeros(n, dtype=bool)
    barred[first] = True
    apart = Apart.of(plain_limits, [barred], differ=2)
    second = Chooser(table.covers, table.weight, apart).best()
    assert len(second) == 3
    assert barred[second].sum() <= 1


def test_the_list_ends_where_no_other_plan_is_possible():
    found = k_best(two_streets(), max_cover(two_streets(), n_sites=1), k=9)
    assert [plan.site_ids for plan in found.plans] == [["S2"], ["S1"], []]
    assert found.complete
    assert found.table["loss"].tolist() == [0.0, 20.0, 50.0]
    assert found.sites["plans"].to_dict() == {"S1": 1, "S2": 1}
    assert "there is no other" in repr(found)
    assert "S2" in found._repr_html_()


def test_plans_do_not_depend_on_the_order_of_rows():
    one, two = two_streets(), two_streets(backwards=True)
    first, second = (k_best(i, max_cover(i, n_sites=1), k=3).table for i in (one, two))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("solve", "penalty"), [(p_median, None), (p_median, 40.0), (p_center, None)]
)
def test_the_next_nearest_plans_are_the_best_of_the_sets_that_are_left(seed, solve, penalty):
    instance = random_instance(seed, reach=0.8, **RULES)
    asked = {} if penalty is None else {"penalty": penalty}
    table = minutes_table(instance)
    table[:, instance.forbidden] = np.inf
    reached = np.isfinite(np.minimum(table.min(axis=1), instance.today_minutes))

    def value(mask):
        near = nearest_of(instance, mask)[reached & (instance.weight > 0)]
        weight = instance.weight[reached & (instance.weight > 0)]
        if solve is p_center:
            return float(near.max())
        if penalty is None:
            return float(near @ weight)
        return float(np.minimum(nearest_of(instance, mask), penalty) @ instance.weight)

    left = [mask for mask in allowed_sets(instance, 3) if np.isfinite(value(mask))]
    found = k_best(instance, solve(instance, n_sites=3, **asked), k=K)
    assert found.proven
    for plan in found.plans:
        assert plan.proof.objective == pytest.approx(min(map(value, left)))
        assert plan.proof.verdict.startswith("verified")
        own = instance.site_ids.isin(plan.chosen.index) & ~instance.required
        left = [mask for mask in left if not mask[own].all()]
    assert len(found.plans) == K or (found.complete and not left)


def test_what_cannot_be_asked_is_said():
    instance = two_streets()
    plan = max_cover(instance, n_sites=1)
    with pytest.raises(InputError, match="k is 0, differ is 1; give 1 or more"):
        k_best(instance, plan, k=0)
    backup = backup_cover(instance, n_sites=2)
    with pytest.raises(InputError, match="plan is of backup_cover; k_best knows max_cover"):
        k_best(instance, backup)
    near = p_median(instance, n_sites=2)
    with pytest.raises(InputError, match="plans of p_median are told apart by 1 site"):
        k_best(instance, near, differ=2)


def two_streets(*, backwards=False):
    pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"], "minutes": [5.0, 9.0]})
    demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    sites = pd.DataFrame(index=["S1", "S2"])
    step = -1 if backwards else 1
    return Instance.from_pairs(pairs[::step], demand[::step], sites[::step])


def test_the_verifier_refuses_a_plan_that_is_not_another_one():
    instance = two_streets()
    first = max_cover(instance, n_sites=1)
    again = replace(first, terms={**first.terms, "apart_from": ((("S2",), 1),)})
    assert verify(instance, again) == (
        "refused: more than 0 sites are those of one plan found before"
    )
    second = k_best(instance, first, k=2).plans[1]
    best_known = replace(second, terms={**second.terms, "apart_from": ()})
    assert "with site 'S2' 50 is covered, more than the bound 30" in verify(instance, best_known)
