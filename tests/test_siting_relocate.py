from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning.checks.verify import verify
from carecircle.planning.cover import max_cover
from carecircle.planning.instance import Instance
from carecircle.planning.relocate import relocate_within_budget
from carecircle.siting.problem import siting_instance
from siting_cases import minutes_table, random_instance

OLD = [True] * 3 + [False] * 5
COST = [0.0, 0.0, 0.0, 4.0, 6.0, 3.0, 9.0, 5.0]
CLOSING = pd.Series({"S0": 1.0, "S1": -4.0})
MOVES = pd.Series({("S0", "S3"): 2.0, ("S0", "S4"): 1.0, ("S1", "S6"): 3.0, ("S2", "S3"): 3.0})


def plain(seed):
    return random_instance(seed, reach=0.3, today=0.2, existing=OLD, cost=COST)


def ruled(seed):
    return random_instance(
        seed, reach=0.3, today=0.2, existing=OLD, cost=COST,
        required=[True] + [False] * 6 + [True], forbidden=[False] * 5 + [True] + [False] * 2,
        group=[None, "a", None, "a", "b", None, "b", None],
    )  # fmt: skip


def covered(instance, mask):
    near = np.minimum(minutes_table(instance)[:, mask].min(axis=1, initial=np.inf),
                      instance.today_minutes)  # fmt: skip
    return float(instance.weight[near <= instance.limit].sum())


def least_spent(instance, mask, closing, moves):
    """Every way to pair what closes with what opens."""
    ids = instance.site_ids
    shut = [str(ids[k]) for k in np.flatnonzero(instance.existing & ~mask)]
    new = [str(ids[k]) for k in np.flatnonzero(mask & ~instance.existing)]
    cost = dict(zip(ids, instance.cost, strict=True))
    best = np.inf
    for size in range(min(len(shut), len(new)) + 1):
        for out in combinations(shut, size):
            for into in permutations(new, size):
                pairs = list(zip(out, into, strict=True))
                if any(pair not in moves for pair in pairs):
                    continue
                paid = sum(moves[pair] for pair in pairs)
                paid += sum(closing.get(site, 0.0) for site in shut if site not in out)
                paid += sum(cost[site] for site in new if site not in into)
                best = min(best, paid)
    return best


def every_outcome(instance, budget, closing, moves, n_standing=None):
    """Every set of sites that may stand within the budget, with what it covers and changes."""
    today = covered(instance, instance.existing)
    for bits in range(2**instance.n_sites):
        mask = (bits >> np.arange(instance.n_sites) & 1).astype(bool)
        groups = instance.group[mask & (instance.group >= 0)]
        allowed = (
            not (mask & instance.forbidden).any()
            and (mask | ~instance.required).all()
            and len(set(groups)) == len(groups)
            and (n_standing is None or mask.sum() <= n_standing)
            and (value := covered(instance, mask)) >= today
        )
        if allowed and least_spent(instance, mask, closing, moves) <= budget + 1e-9:
            yield value, -int((mask != instance.existing).sum())


def stands(instance, plan):
    return instance.site_ids.isin([*plan.terms["kept"], *plan.site_ids])


@pytest.mark.parametrize("n_standing", [None, 3])
@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(4))
def test_no_other_changes_within_the_budget_cover_more(seed, make, n_standing):
    instance = make(seed)
    closing, moves = CLOSING[1:], MOVES[2:]
    enough = list(every_outcome(instance, 7, dict(closing), dict(moves), n_standing))

    def ask():
        return relocate_within_budget(
            instance, budget=7, closing_cost=closing, move_cost=moves, n_standing=n_standing
        )

    if not enough:
        with pytest.raises(InputError, match=r"cannot hold together: .*no less covered than today"):
            ask()
        return
    plan = ask()
    value, changes = max(enough)
    assert plan.proof.status == "optimal"
    assert plan.proof.objective == plan.proof.bound == value
    assert plan.proof.verdict.startswith("verified")
    mask = stands(instance, plan)
    assert covered(instance, mask) == value
    assert (mask != instance.existing).sum() == -changes
    assert plan.terms["spent"] == least_spent(instance, mask, closing, moves)
    assert plan.terms["spent"] <= 7


def village(**sites):
    """F1 covers H1 and H2; S1 covers these and H3, S2 covers H4; F2 covers nobody but H2."""
    pairs = pd.DataFrame(
        [("H1", "F1", 5.0), ("H2", "F1", 5.0), ("H2", "F2", 9.0), ("H1", "S1", 6.0),
         ("H2", "S1", 6.0), ("H3", "S1", 6.0), ("H4", "S2", 7.0), ("H4", "S1", 16.0)],
        columns=["home_id", "site_id", "minutes"],
    )  # fmt: skip
    demand = pd.DataFrame(
        {"weight": [10.0, 20.0, 40.0, 30.0, 5.0], "limit": 15.0},
        index=["H1", "H2", "H3", "H4", "H5"],
    )
    table = {"existing": [True, True, False, False], "cost": [0.0, 0.0, 100.0, 60.0]} | sites
    return Instance.from_pairs(pairs, demand, pd.DataFrame(table, index=["F1", "F2", "S1", "S2"]))


def test_closing_pays_for_opening_and_nothing_closes_without_need():
    closing = pd.Series({"F1": -50.0, "F2": -10.0})
    plan = relocate_within_budget(village(), budget=100, closing_cost=closing)
    # S1 and S2 cost 160: only with the 60 of both closings are they within 100
    assert plan.terms["closed"] == ("F1", "F2")
    assert plan.site_ids == ["S1", "S2"]
    assert (plan.terms["spent"], plan.terms["brought"]) == (100.0, 60.0)
    assert (plan.terms["covered_today"], plan.terms["lost"]) == (30.0, 30.0)
    assert plan.chosen["gain"].tolist() == [70.0, 30.0]
    assert list(plan.left_out) == ["H5"]
    richer = relocate_within_budget(village(), budget=160, closing_cost=closing)
    assert richer.terms["closed"] == ()
    assert richer.terms["kept"] == ("F1", "F2")
    assert richer.terms["brought"] == 0.0


def test_a_move_has_its_own_price():
    moves = pd.Series({("F1", "S1"): 30.0, ("F2", "S1"): 45.0, ("F2", "S2"): 20.0})
    plan = relocate_within_budget(village(), budget=60, move_cost=moves)
    assert plan.terms["moved"] == {"F1": "S1", "F2": "S2"}
    assert plan.terms["spent"] == 50.0
    assert plan.terms["closed"] == plan.terms["opened"] == ()
    assert plan.chosen["cost"].to_dict() == {"S1": 30.0, "S2": 20.0}
    assert plan.chosen["moved_from"].to_dict() == {"S1": "F1", "S2": "F2"}
    assert plan.chosen["cost_per_gain"].tolist() == pytest.approx([3 / 7, 2 / 3])
    assert plan.proof.verdict.startswith("verified")
    # cheaper: the useless F2 alone moves
    plan = relocate_within_budget(village(), budget=45, move_cost=moves)
    assert plan.terms["moved"] == {"F2": "S1"}
    assert plan.terms["kept"] == ("F1",)


def test_as_many_facilities_as_today_and_no_more():
    plan = relocate_within_budget(village(), budget=1000, n_standing=2)
    assert plan.terms["closed"] == ("F1", "F2")
    assert plan.proof.objective == 100.0
    assert relocate_within_budget(village(), budget=1000, n_standing=3).proof.objective == 100.0


def test_less_than_today_is_never_covered():
    rivals = village(group=["g", None, "g", None], forbidden=[False, False, True, False])
    plan = relocate_within_budget(rivals, budget=60)
    assert plan.terms["kept"] == ("F1", "F2")
    last = village(required=[False, True, False, False], forbidden=[False, False, True, True])
    with pytest.raises(InputError, match=r"n_standing \(1\).*no less covered than today \(30\)"):
        relocate_within_budget(last, budget=60, n_standing=1)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.floats(1, 30), st.floats(0, 10))
def test_a_larger_budget_never_covers_less(seed, budget, more):
    instance = plain(seed)
    small, large = (
        relocate_within_budget(instance, budget=amount, closing_cost=CLOSING).proof.objective
        for amount in (budget, budget + more)
    )
    assert covered(instance, instance.existing) <= small <= large


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000))
def test_without_closings_it_is_maximal_covering(seed):
    instance = plain(seed)
    kept = replace(instance, required=instance.existing.copy())
    kept.required[0] = False
    plan = relocate_within_budget(kept, budget=9)
    # closing S0 brings nothing, so it stays, and what is left is max_cover
    assert plan.terms["closed"] == ()
    assert plan.proof.objective == max_cover(instance, budget=9).proof.objective


def test_a_start_that_presolve_improves_is_not_given_back_as_the_best():
    # HiGHS 1.16 then tells the objective of the better point beside the values of the start
    plan = relocate_within_budget(plain(287), budget=2, closing_cost=CLOSING)
    assert plan.proof.status == "optimal"
    assert plan.proof.objective == 194.0


def shuffled(instance, seed):
    """The same tables in another order."""
    rng = np.random.default_rng(seed)
    ids, sites = instance.demand_ids, instance.site_ids
    pairs = pd.DataFrame({"home_id": ids[instance.row], "site_id": sites[instance.column],
                          "minutes": instance.minutes})  # fmt: skip
    demand = pd.DataFrame({"weight": instance.weight, "limit": instance.limit,
                           "today_minutes": instance.today_minutes}, index=ids)  # fmt: skip
    table = pd.DataFrame({"cost": instance.cost, "existing": instance.existing}, index=sites)
    return Instance.from_pairs(*(frame.sample(frac=1, random_state=rng)
                                 for frame in (pairs, demand, table)))  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_the_tables_changes_nothing(seed):
    instance = plain(seed)
    other = shuffled(instance, seed)
    one, two = (
        relocate_within_budget(case, budget=9, closing_cost=CLOSING, move_cost=MOVES)
        for case in (instance, other)
    )
    pd.testing.assert_frame_equal(one.chosen, two.chosen)
    pd.testing.assert_frame_equal(one.allocation, two.allocation.loc[one.allocation.index])
    assert one.terms["moved"] == two.terms["moved"]
    assert two.allocation.index.tolist() == other.demand_ids.tolist()


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"budget": -5}, "budget is -5; give an amount above 0"),
        ({"budget": 0}, "budget is 0 and nothing is free"),
        ({"budget": float("nan")}, "budget is nan"),
        ({"budget": 9, "closing_cost": pd.Series({"F9": 1.0})}, "closing_cost: F9 cannot be clos"),
        ({"budget": 9, "closing_cost": pd.Series({"S1": 1.0})}, "closing_cost: S1 cannot be clos"),
        ({"budget": 9, "closing_cost": pd.Series({"F1": np.nan})}, "closing_cost F1: nan is no am"),
        ({"budget": 9, "move_cost": pd.Series({"F1": 1.0})}, "give an index of two levels"),
        ({"budget": 9, "move_cost": pd.Series({("F1", "F2"): 1.0})}, "move_cost: F2 cannot be op"),
        ({"budget": 9, "move_cost": pd.Series({("S1", "S2"): 1.0})}, "move_cost: S1 cannot be cl"),
        ({"budget": 9, "move_cost": pd.Series({("F1", "S1"): -1.0})}, "F1 to S1: -1 is no cost"),
        ({"budget": 9, "n_standing": 0}, "n_standing is 0; give at least 1"),
    ],
)
def test_bad_input_gets_one_clear_line(terms, text):
    with pytest.raises(InputError, match=text) as caught:
        relocate_within_budget(village(), **terms)
    assert "\n" not in str(caught.value)


def test_all_faults_are_told_at_once():
    closing = pd.Series({"F9": 1.0, "F1": np.inf})
    with pytest.raises(InputError) as caught:
        relocate_within_budget(village(), budget=-1, closing_cost=closing)
    assert len(str(caught.value).splitlines()) == 3


def test_required_sites_must_fit_and_something_must_be_closable():
    needs = village(required=[False, False, True, True])
    with pytest.raises(InputError, match=r"the required sites cost 160 \(S1, S2\)"):
        relocate_within_budget(needs, budget=100)
    fixed = village(required=[True, True, False, False])
    with pytest.raises(InputError, match=r"none of today's may be closed .*movable"):
        relocate_within_budget(fixed, budget=100)
    with pytest.raises(InputError, match="S1' is both required and forbidden"):
        village(required=[False, False, True, False], forbidden=[False, False, True, False])


def terms_of(plan, **changed):
    return replace(plan, terms={**plan.terms, **changed})


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (lambda p: terms_of(p, budget=40.0), "the changes cost 50, the budget is 40"),
        (lambda p: terms_of(p, spent=40.0), "the changes cost 50, the plan says 40"),
        (lambda p: terms_of(p, moved={"F1": "S1"}), "site 'S2' costs 60, the plan says 20"),
        (lambda p: terms_of(p, closed=("S9",)), "'S9' does not stand today"),
        (lambda p: terms_of(p, closed=("F1",)), "a site is closed twice"),
        (lambda p: terms_of(p, moved={"F1": "S2", "F2": "S1"}), "'F1' may not move to 'S2'"),
        (lambda p: terms_of(p, n_standing=1), "2 sites stand, 1 were allowed"),
        (lambda p: replace(p, proof=replace(p.proof, objective=101.0)), "the objective is 100"),
        (lambda p: replace(p, proof=replace(p.proof, bound=99.0)), "beyond the bound 99"),
        (lambda p: replace(p, chosen=p.chosen.iloc[:1]), "moves to 'S2', which is not chosen"),
    ],
)
def test_the_verifier_refuses_a_plan_that_was_changed(tamper, reason):
    moves = pd.Series({("F1", "S1"): 30.0, ("F2", "S2"): 20.0})
    plan = relocate_within_budget(village(), budget=60, move_cost=moves)
    verdict = verify(village(), tamper(plan))
    assert verdict.startswith("refused: ")
    assert reason in verdict


def test_the_verifier_refuses_to_lose_people_or_an_opening_left_undone():
    nothing = relocate_within_budget(village(), budget=1)
    shut = replace(
        terms_of(nothing, closed=("F1",), kept=("F2",)),
        allocation=nothing.allocation.assign(
            site_id=pd.array([None, "F2", None, None, None], dtype="str"),
            minutes=[np.nan, 9.0, np.nan, np.nan, np.nan],
        ),
        proof=replace(nothing.proof, objective=20.0, bound=20.0),
    )
    assert "20 is covered, 30 is today" in verify(village(), shut)
    assert "with 'S2' 60 is covered, more than the bound" in verify(
        village(), terms_of(nothing, budget=60.0)
    )


# --------------------------------------------------------------------------- from a study


def spots(**columns):
    crs = cc.samples.toy_town().areas.crs
    index = pd.Index(["N1", "N2"], name="site_id")
    points = [shapely.Point(900, 0), shapely.Point(400, 0)]
    return gpd.GeoDataFrame(columns, geometry=points, index=index, crs=crs)


def test_a_movable_facility_becomes_a_site_that_stands():
    town = cc.samples.toy_town()
    fixed, free = (siting_instance(town, spots(), movable=ids) for ids in ((), ["F1"]))
    assert free.site_ids.tolist() == ["N1", "N2", "F1"]
    assert free.existing.tolist() == [False, False, True]
    assert not free.covered_today().any()
    by_f1 = free.demand_ids[free.row[free.within() & (free.column == 2)]]
    assert by_f1.tolist() == fixed.demand_ids[fixed.covered_today()].tolist()
    assert (
        free.minutes[(free.column == 2) & free.within()].max()
        == fixed.today_minutes[fixed.covered_today()].max()
    )
    # F1 covers 8 of the 13 homes of 10 elders, with N1 it is 11; N1 and N2 without F1 as many
    plan = relocate_within_budget(free, budget=1)
    assert (plan.terms["covered_today"], plan.proof.objective) == (80.0, 110.0)
    assert plan.site_ids == ["N1"]
    assert max_cover(free, n_sites=1).proof.objective == 110.0


def test_costs_are_asked_of_candidates_alone():
    town = cc.samples.toy_town()
    free = siting_instance(town, spots(cost=[5.0, 7.0]), movable="F1")
    assert free.cost.tolist() == [5.0, 7.0, 0.0]
    assert siting_instance(town, spots(), movable=["F1"]).cost.tolist() == [1.0, 1.0, 1.0]


def test_extra_minutes_move_with_a_facility():
    town = cc.samples.toy_town()
    extra = pd.Series(0.0, index=town.facilities.index)
    extra["F1"] = 2.0
    slow = replace(town, tables=replace(town.tables,
                   facilities=town.tables.facilities.assign(extra_minutes=extra)))  # fmt: skip
    plain_, late = (siting_instance(one, spots(), movable=["F1"]) for one in (town, slow))
    first = plain_.minutes[plain_.column == 2].min()
    assert late.minutes[late.column == 2].min() == pytest.approx(first + 2.0)
    assert late.minutes[late.column == 0].tolist() == plain_.minutes[plain_.column == 0].tolist()


def test_what_cannot_be_movable_is_told_at_once():
    town = cc.samples.toy_town()
    with pytest.raises(InputError) as caught:
        siting_instance(town, spots(), movable=["F9", "S1", "N1"])
    assert [line.split(";")[0] for line in str(caught.value).splitlines()] == [
        "movable: facility 'F9' is unknown",
        "movable: facility 'N1' is unknown",
        "movable: facility 'S1' does not count today",
        "movable: 'N1' is the id of a site as well",
    ]
