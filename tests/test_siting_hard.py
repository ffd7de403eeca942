"""Hard cases for every siting problem: what fits, what does not, and trying every set of sites."""

import inspect

import numpy as np
import pandas as pd
import pytest

import carecircle as cc
from carecircle.errors import InputError
from siting_cases import allowed_sets, minutes_table, nearest_of, random_instance

TAKES_A_PROBLEM = [
    name
    for name in cc.__all__
    if inspect.isfunction(getattr(cc, name))
    and next(iter(inspect.signature(getattr(cc, name)).parameters), "") == "instance"
]


@pytest.fixture(scope="module")
def town():
    return cc.samples.toy_town()


@pytest.mark.parametrize("name", TAKES_A_PROBLEM)
def test_a_study_in_place_of_a_problem_is_told_how_to_make_one(name, town):
    solve = getattr(cc, name)
    needed = {
        option: 1
        for option, one in list(inspect.signature(solve).parameters.items())[1:]
        if one.default is inspect.Parameter.empty
    }
    for wrong in (town, pd.DataFrame()):
        told = (
            rf"give a siting problem, not a {type(wrong).__name__}: siting_instance\(study, sites\)"
        )
        with pytest.raises(InputError, match=told):
            solve(wrong, **needed)


def small(pairs, weight, sites=None, **demand):
    """Homes H0, H1, ... by weight; pairs of home and site number, all 5 minutes apart."""
    homes = pd.DataFrame({"weight": weight, "limit": 15.0, **demand})
    homes.index = [f"H{k}" for k in range(len(homes))]
    ways = pd.DataFrame(
        [(f"H{home}", f"S{site}", 5.0) for home, site in pairs],
        columns=["home_id", "site_id", "minutes"],
    )
    table = pd.DataFrame(sites if sites is not None else {"cost": [1.0, 1.0]})
    table.index = [f"S{k}" for k in range(len(table))]
    return cc.Instance.from_pairs(ways, homes, table)


def verified(plan):
    return plan.proof.status == "optimal" and plan.proof.verdict.startswith("verified")


# ------------------------------------------------------------------------- nothing left to decide


@pytest.mark.parametrize("how", ["required", "existing"])
def test_where_every_site_stands_in_any_case_that_is_the_plan(how):
    town = small([(0, 0), (1, 1)], [3.0, 4.0], {"cost": [2.0, 5.0], how: [True, True]})
    spent = 7.0 if how == "required" else 0.0
    for plan, value in (
        (cc.max_cover(town, budget=8.0), 7.0),
        (cc.min_sites(town, least="cost"), spent),
        (cc.min_sites_for_share(town, share=1.0, least="cost"), spent),
    ):
        assert plan.proof.objective == value
        assert verified(plan)
    assert cc.coverage_curve(town).reachable == 7.0


def test_without_any_candidate_that_is_said():
    town = small([(0, 0)], [3.0], {"forbidden": [True, True]})
    for solve in (cc.max_cover, cc.p_median, cc.p_center, cc.max_attendance):
        with pytest.raises(InputError, match="no site may be chosen: all are forbidden or there"):
            solve(town, n_sites=1)
    with pytest.raises(InputError, match="are within the limit of no site that may be chosen"):
        cc.min_sites(town)
    assert cc.min_sites(town, leave_out_unreachable=True).site_ids == []
    nobody = pd.DataFrame({"home_id": [], "minutes": []})
    with pytest.raises(InputError, match="all allowed sites together win 0 of 3"):
        cc.market_share_target(town, nobody, share=0.5)


# ------------------------------------------------------------------------- groups of what stands


@pytest.mark.parametrize("how", ["required", "existing"])
def test_who_only_a_rival_of_a_standing_site_could_serve_is_out_of_reach(how):
    rules = {how: [True, False], "group": ["plot", "plot"]}
    town = small([(0, 0), (1, 1)], [3.0, 4.0], rules)
    assert town.unreachable().tolist() == ["H1"]
    with pytest.raises(InputError, match=r"1 demand points are within .* may be chosen \(H1\)"):
        cc.min_sites(town)
    plan = cc.min_sites(town, leave_out_unreachable=True)
    assert plan.left_out.tolist() == ["H1"]
    assert verified(plan)


def test_a_site_that_may_be_closed_rules_out_none_of_its_group():
    rules = {"existing": [True, False], "group": ["plot", "plot"], "cost": [0.0, 2.0]}
    plan = cc.relocate_within_budget(small([(0, 0), (1, 1)], [3.0, 4.0], rules), budget=5.0)
    assert plan.terms["closed"] == ("S0",)
    assert plan.left_out.tolist() == []
    assert verified(plan)


def test_required_sites_that_exclude_one_another_are_named_by_every_problem():
    town = small([(0, 0)], [3.0], {"required": [True, True], "group": ["plot", "plot"]})
    rival = pd.DataFrame({"home_id": ["H0"], "minutes": [5.0]})
    for solve in (
        lambda: cc.max_cover(town, n_sites=2),
        lambda: cc.min_sites(town),
        lambda: cc.phased(town, n_sites=[2, 2]),
        lambda: cc.phased(town, budget=[2.0]),
        lambda: cc.p_median(town, n_sites=2),
        lambda: cc.market_share_target(town, rival, share=0.1),
    ):
        with pytest.raises(InputError, match="S0, S1") as told:
            solve()
        assert len(str(told.value).splitlines()) == 1


# ------------------------------------------------------------------------- what must be built


def test_a_front_of_required_sites_alone_has_their_price():
    town = small([(0, 0)], [3.0], {"cost": [1.5, 2.5], "required": [True, True]})
    for second, price in (("cost", 4.0), ("sites", 2.0)):
        front = cc.pareto_front(town, second)
        assert front.table[["first", "second"]].to_numpy().tolist() == [[3.0, price]]
        assert all(verified(plan) for plan in front.plans)


def test_a_required_site_for_homes_where_nobody_lives_is_built_in_some_period():
    town = small([(0, 0), (1, 1)], [3.0, 0.0], {"required": [False, True]})
    plan = cc.phased(town, n_sites=[1, 1], period_weight=[2.0, 0.0])
    assert plan.chosen["period"].to_dict() == {"S0": 1, "S1": 2}
    assert verified(plan)


# ------------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"weight": [np.nan, 1.0]}, "demand H0: weight is nan; give a number of 0 or more"),
        ({"weight": [np.inf, 1.0]}, "demand H0: weight is inf"),
        ({"weight": [1.0, -2.0]}, "demand H1: weight is -2.0"),
        ({"limit": [1.0, -1.0]}, "demand H1: limit is -1.0"),
        ({"index": ["H0", "H0"]}, "demand: id 'H0' stands twice; every id must be its own"),
    ],
)
def test_demand_that_is_no_number_or_stands_twice_is_named(wrong, told):
    homes = pd.DataFrame({"weight": [1.0, 1.0], "limit": 15.0}, index=["H0", "H1"])
    homes.index = wrong.get("index", homes.index)
    homes = homes.assign(**{name: value for name, value in wrong.items() if name != "index"})
    ways = pd.DataFrame({"home_id": ["H0"], "site_id": ["S0"], "minutes": [5.0]})
    with pytest.raises(InputError, match=told):
        cc.Instance.from_pairs(ways, homes, pd.DataFrame(index=["S0"]))


# ------------------------------------------------------------------------- every rule together


def ruled(seed):
    """Few homes and sites under every kind of rule at once, with ties and weights of 0."""
    rng = np.random.default_rng(seed)
    group = np.array([None, None, "a", "b", "b"], dtype=object)[rng.permutation(5)]
    flags = rng.permutation(["required", "existing", "forbidden", "", ""])
    rules = {name: flags == name for name in ("required", "existing", "forbidden")}
    cost = rng.integers(0, 4, 5).astype(float)
    return random_instance(seed, n_demand=7, n_sites=5, reach=0.6, cost=cost, group=group, **rules)


@pytest.mark.parametrize("seed", range(8))
def test_no_set_of_sites_that_keeps_all_rules_does_better(seed):
    town = ruled(seed)
    every = list(allowed_sets(town, 5))
    few = [mask for mask in every if (mask & ~town.existing).sum() <= 2]
    within = minutes_table(town) <= town.limit[:, None]

    def covered(mask):
        return town.covered_today() | within[:, mask].any(axis=1)

    def best(value, masks, pick):
        worth = [one for one in map(value, masks) if one is not None]
        return pytest.approx(pick(worth)) if worth else None

    def minutes(mask):
        near = np.minimum(nearest_of(town, mask), 40.0)
        return float(near @ town.weight)

    def price(mask):
        out = town.demand_ids.isin(town.unreachable())
        whole = (covered(mask) | out).all()
        return float(town.cost[mask & ~town.existing].sum()) if whole else None

    asked = [
        (lambda: cc.max_cover(town, n_sites=2),
         best(lambda mask: float(town.weight[covered(mask)].sum()), few, max)),
        (lambda: cc.p_median(town, n_sites=2, penalty=40.0), best(minutes, few, min)),
        (lambda: cc.min_sites(town, least="cost", leave_out_unreachable=True),
         best(price, every, min)),
    ]  # fmt: skip
    for solve, value in asked:
        if value is None:
            with pytest.raises(InputError):
                solve()
        else:
            plan = solve()
            assert plan.proof.objective == value
            assert verified(plan)
