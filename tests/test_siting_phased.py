from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecircle.errors import InputError
from carecircle.planning.checks.verify import verify
from carecircle.planning.cover import max_cover, min_sites
from carecircle.planning.instance import Instance
from carecircle.planning.phasing import phased, phased_to_all
from siting_cases import minutes_table, random_instance

RULES = {
    "required": [True] + [False] * 7,
    "forbidden": [False, True] + [False] * 6,
    "existing": [False] * 2 + [True] + [False] * 5,
    "group": [None, None, None, "a", "a", "a", "b", "b"],
    "cost": [4.0, 1.0, 9.0, 3.0, 5.0, 2.0, 7.0, 6.0],
}


def plain(seed):
    return random_instance(seed, reach=0.3, cost=RULES["cost"])


def ruled(seed):
    return random_instance(seed, reach=0.3, **RULES)


class Orders:
    """Every order of building: the period of each site (0 never), and what each period covers."""

    def __init__(self, instance, n_periods, n_sites=None, budget=None):
        self.instance, self.n = instance, n_periods
        inside = minutes_table(instance) <= instance.limit[:, None]
        kept = instance.existing & ~instance.forbidden
        today = (instance.today_count > 0) | inside[:, kept].any(axis=1)
        # what every set of sites covers, by its number in binary
        bits = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(bool)
        reached = today[:, None] | (inside.astype(int) @ bits.T.astype(int) > 0)
        self.of_set = instance.weight @ reached
        free = ~instance.existing & ~instance.forbidden
        choice = np.array(list(product(*(range(n_periods + 1) if one else (0,) for one in free))))
        ok = (choice[:, instance.required & ~instance.existing] > 0).all(axis=1)
        for group in np.unique(instance.group[instance.group >= 0]):
            mine = instance.group == group
            ok &= (choice[:, mine] > 0).sum(axis=1) + (kept & mine).sum() <= 1
        for period in range(n_periods):
            now = choice == period + 1
            if n_sites is not None:
                ok &= now.sum(axis=1) <= n_sites[period]
            if budget is not None:
                ok &= now @ instance.cost <= budget[period]
        self.choice = choice[ok]
        powers = 2 ** np.arange(8)
        self.covered = np.column_stack(
            [
                self.of_set[((self.choice > 0) & (self.choice <= k + 1)) @ powers]
                for k in range(n_periods)
            ]
        )


def yearly(plan):
    return plan.terms["periods"]["covered"].tolist()


@pytest.mark.parametrize("asked", [{"n_sites": (1, 2)}, {"budget": (6.0, 7.0)},
                                   {"n_sites": (1, 1, 1)},
                                   {"n_sites": (1, 2), "budget": (7.0, 6.0)}])  # fmt: skip
@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(2))
def test_no_order_covers_more_in_the_end_and_none_as_good_more_before(seed, make, asked):
    instance = make(seed)
    orders = Orders(instance, len(next(iter(asked.values()))), **asked)
    if not len(orders.choice):
        with pytest.raises(InputError):
            phased(instance, **asked)
        return
    plan = phased(instance, **asked)
    final = orders.covered[:, -1].max()
    best = orders.covered[orders.covered[:, -1] == final, :-1].sum(axis=1).max()
    assert plan.proof.status == "optimal"
    assert plan.proof.objective == plan.proof.bound == final
    assert sum(yearly(plan)[:-1]) == best == plan.terms["earlier_bound"]
    assert (np.diff(yearly(plan)) >= 0).all()
    assert plan.proof.verdict.startswith("verified")


@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(3))
def test_no_order_covers_more_where_each_period_has_its_weight(seed, make):
    instance = make(seed)
    asked = {"n_sites": (1, 1, 1)}
    orders = Orders(instance, 3, **asked)
    weight = np.array([3.0, 2.0, 1.0])
    plan = phased(instance, **asked, period_weight=weight.tolist())
    assert plan.proof.objective == plan.proof.bound == (orders.covered @ weight).max()
    assert float(weight @ yearly(plan)) == plan.proof.objective
    assert plan.proof.verdict.startswith("verified")


@pytest.mark.parametrize("seed", range(3))
def test_given_sites_are_all_built_and_no_others(seed):
    instance = plain(seed)
    sites = ["S6", "S1", "S3", "S4"]
    plan = phased(instance, sites=sites, n_sites=[1, 1, 2])
    only = replace(instance, required=instance.site_ids.isin(sites),
                   forbidden=~instance.site_ids.isin(sites))  # fmt: skip
    orders = Orders(only, 3, n_sites=(1, 1, 2))
    assert set(plan.site_ids) == set(sites)
    assert sum(yearly(plan)[:-1]) == orders.covered[:, :-1].sum(axis=1).max()
    assert yearly(plan)[-1] == orders.covered[:, -1].max()
    assert plan.chosen["period"].value_counts().to_dict() == {1: 1, 2: 1, 3: 2}


@pytest.mark.parametrize("seed", range(3))
def test_everyone_is_covered_with_the_fewest_sites_spread_evenly(seed):
    instance = plain(seed)
    fewest = min_sites(instance, leave_out_unreachable=True)
    plan = phased_to_all(instance, n_periods=3, leave_out_unreachable=True)
    n = len(fewest.site_ids)
    assert len(plan.site_ids) == n
    assert plan.terms["covered"] == fewest.terms["covered"]
    even = tuple(n // 3 + (k < n % 3) for k in range(3))
    assert plan.terms["n_sites"] == even
    orders = Orders(instance, 3, n_sites=even)
    everyone = orders.covered[:, -1] == fewest.terms["covered"]
    assert sum(yearly(plan)[:-1]) == orders.covered[everyone, :-1].sum(axis=1).max()
    assert plan.proof.verdict.startswith("verified")
    assert plan.terms["fewest"].objective == n


@pytest.mark.parametrize("asked", [{"n_sites": (1, 1, 1)}, {"budget": (6.0, 7.0, 5.0)},
                                   {"n_sites": (1, 2), "period_weight": (2.0, 1.0)}])  # fmt: skip
@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(2))
def test_large_problems_keep_their_bounds(seed, make, asked, monkeypatch):
    instance = make(seed)
    whole = phased(instance, **asked)
    monkeypatch.setattr("carecircle.planning.engine.phase_search._MOST_PAIRS_WHOLE", 0)
    split = phased(instance, **asked)
    assert split.proof.verdict.startswith("verified")
    assert split.proof.objective <= whole.proof.objective <= split.proof.bound
    assert split.proof.status in ("optimal", "heuristic")
    if split.proof.objective == whole.proof.objective and split.terms["earlier_bound"]:
        assert sum(yearly(whole)[:-1]) <= split.terms["earlier_bound"]
    if "budget" not in asked and "period_weight" not in asked:
        # so many sites may always be spread over the periods
        assert split.proof.objective == whole.proof.objective
        assert split.proof.status == "optimal"


def test_large_problems_reach_everyone_too(monkeypatch):
    instance = random_instance(4, n_demand=40, n_sites=14, today=0.1, reach=0.15)
    whole = phased_to_all(instance, n_periods=3, leave_out_unreachable=True)
    monkeypatch.setattr("carecircle.planning.engine.phase_search._MOST_PAIRS_WHOLE", 0)
    split = phased_to_all(instance, n_periods=3, leave_out_unreachable=True)
    assert split.proof.objective == whole.proof.objective == split.proof.bound
    assert sum(yearly(split)[:-1]) <= sum(yearly(whole)[:-1]) <= split.terms["earlier_bound"]


def town(**sites):
    """S1 covers H1 and H2, S2 covers H2 and H3, S3 covers H3 and H4; H5 is served today."""
    pairs = pd.DataFrame(
        [("H1", "S1", 5.0), ("H2", "S1", 5.0), ("H2", "S2", 5.0), ("H3", "S2", 5.0),
         ("H3", "S3", 5.0), ("H4", "S3", 5.0)],
        columns=["home_id", "site_id", "minutes"],
    )  # fmt: skip
    demand = pd.DataFrame(
        {"weight": [10.0, 40.0, 40.0, 10.0, 20.0], "limit": 15.0,
         "today_minutes": [np.inf] * 4 + [3.0]},
        index=["H1", "H2", "H3", "H4", "H5"],
    )  # fmt: skip
    return Instance.from_pairs(pairs, demand, pd.DataFrame(sites, index=["S1", "S2", "S3"]))


def test_the_end_comes_first_unless_the_periods_have_weights():
    # S2 alone covers most, but with one more site the two outer ones cover all
    plan = phased(town(), n_sites=[1, 1])
    assert set(plan.site_ids) == {"S1", "S3"}
    assert yearly(plan) == [70.0, 120.0]
    early = phased(town(), n_sites=[1, 1], period_weight=[3, 1])
    assert early.site_ids[0] == "S2"
    assert yearly(early) == [100.0, 110.0]
    assert early.proof.objective == 410.0


def test_the_table_of_periods_can_be_counted_by_hand():
    plan = phased(town(cost=[5.0, 1.0, 4.0]), budget=[5, 4])
    assert plan.terms["periods"].to_dict("list") == {
        "n_sites": [1, 1],
        "cost": [5.0, 4.0],
        "newly": [50.0, 50.0],
        "covered": [70.0, 120.0],
        "share": [70 / 120, 1.0],
    }
    assert plan.chosen["cumulative"].tolist() == [50.0, 100.0]
    assert plan.chosen["share"].tolist() == [70 / 120, 1.0]
    assert plan.chosen["period"].tolist() == [1, 2]


def test_money_left_over_does_not_go_into_the_next_period():
    dear = town(cost=[5.0, 5.0, 9.0])
    assert set(phased(dear, budget=[8, 8]).site_ids) == {"S1", "S2"}
    assert set(phased(dear, budget=[7, 9]).site_ids) == {"S1", "S3"}


def test_what_stands_today_stays_and_rules_out_its_rivals():
    there = town(existing=[True, False, False], group=["g", "g", None])
    plan = phased(there, n_sites=[1])
    assert plan.site_ids == ["S3"]
    assert yearly(plan) == [120.0]


def test_nothing_to_gain_builds_nothing():
    pairs = pd.DataFrame({"home_id": ["H1"], "site_id": ["S1"], "minutes": [3.0]})
    demand = pd.DataFrame({"weight": 3.0, "limit": 15.0, "today_minutes": 2.0}, index=["H1"])
    served = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1"]))
    for plan in (phased(served, n_sites=[1]), phased_to_all(served, n_periods=2)):
        assert plan.site_ids == []
        assert plan.proof.objective == plan.proof.bound == 3.0
        assert plan.proof.verdict.startswith("verified")


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 2), min_size=2, max_size=3))
def test_the_last_period_covers_what_could_be_covered_at_once(seed, numbers):
    instance = plain(seed)
    plan = phased(instance, n_sites=numbers)
    at_once = max_cover(instance, n_sites=sum(numbers))
    assert plan.proof.objective == at_once.proof.objective
    assert (np.diff([float(instance.weight[instance.covered_today()].sum()), *yearly(plan)])
            >= 0).all()  # fmt: skip


def test_the_order_of_the_tables_changes_nothing():
    instance = plain(5)
    homes, stops = instance.demand_ids, instance.site_ids
    names = {"home_id": homes[instance.row], "site_id": stops[instance.column]}
    names["minutes"] = instance.minutes
    people = {"weight": instance.weight, "limit": instance.limit}
    demand = pd.DataFrame(people | {"today_minutes": instance.today_minutes}, index=homes)
    sites = pd.DataFrame({"cost": instance.cost}, index=stops)
    other = Instance.from_pairs(pd.DataFrame(names)[::-1], demand[::-1], sites[::-1])
    one, two = (phased(case, n_sites=[1, 2]) for case in (instance, other))
    pd.testing.assert_frame_equal(one.chosen, two.chosen)
    pd.testing.assert_frame_equal(one.allocation, two.allocation.loc[one.allocation.index])


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda: phased(town()), "give n_sites, budget, or both: one entry for each period"),
        (lambda: phased(town(), budget=[5, 0]), "budget of period 2 is 0; give an amount above 0"),
        (lambda: phased(town(), budget=[-5]), "budget of period 1 is -5; give an amount above 0"),
        (lambda: phased(town(), budget=[float("nan")]), "budget of period 1 is nan"),
        (lambda: phased(town(), n_sites=[1, 0]), "n_sites of period 2 is 0; give a whole number"),
        (lambda: phased(town(), n_sites=[1.5]), r"n_sites of period 1 is 1\.5; give a whole"),
        (lambda: phased(town(), n_sites=[]), "n_sites has 0 entries; give one for each period"),
        (lambda: phased(town(), n_sites=[1], budget=[1, 2]), "n_sites has 1, budget has 2 entries"),
        (lambda: phased(town(), n_sites=[2, 2]), "n_sites comes to 4 over the periods, but 3 cand"),
        (lambda: phased(town(), n_sites=[1], period_weight=[0]), "period_weight is 0 in every"),
        (
            lambda: phased(town(), n_sites=[1], period_weight=[-1]),
            "period_weight of period 1 is -1",
        ),
        (lambda: phased(town(), n_sites=[1], sites=["S9"]), "sites: S9 is not in the problem"),
        (lambda: phased(town(), n_sites=[1], sites=[]), "sites is empty"),
        (lambda: phased(town(), n_sites=[1], sites=["S1", "S2"]), "but 2 sites are required"),
        (
            lambda: phased(town(forbidden=[True, False, False]), n_sites=[1], sites=["S1"]),
            "sites: S1 is forbidden",
        ),
        (
            lambda: phased(town(required=[True, False, False]), n_sites=[1], sites=["S2"]),
            "sites: S1 is required, but not among sites",
        ),
        (
            lambda: phased(
                town(required=[True, False, False], cost=[9.0, 1.0, 1.0]), budget=[5, 5]
            ),
            r"site S1 is required and costs 9, more than the budget of any period \(at most 5\)",
        ),
        (
            lambda: phased(town(required=[True, True, True], cost=[4.0] * 3), budget=[5, 5]),
            r"budget comes to 10 over the periods, but the required sites cost 12 \(S1, S2, S3\)",
        ),
        (
            lambda: phased(town(required=[True, True, False], cost=[4.0] * 3), budget=[5, 3]),
            r"cannot hold together: budget of period 1 \(5\); site S1 is required; site S2 is req",
        ),
        (lambda: phased_to_all(town(), n_periods=0), "n_periods is 0; give at least 1"),
        (lambda: town(required=[True] * 3, forbidden=[True, False, False]), "both required and"),
    ],
)
def test_bad_input_gets_one_clear_line(ask, text):
    with pytest.raises(InputError, match=text) as caught:
        ask()
    assert "\n" not in str(caught.value)


def test_who_cannot_be_reached_is_named_before_anything_is_phased():
    far = replace(town(), forbidden=np.array([False, False, True]))
    with pytest.raises(InputError, match=r"1 demand points .*\(H4\).*leave_out_unreachable=True"):
        phased_to_all(far, n_periods=2)
    assert list(phased_to_all(far, n_periods=2, leave_out_unreachable=True).left_out) == ["H4"]


def table_of(plan, **columns):
    return replace(plan, terms={**plan.terms, "periods": plan.terms["periods"].assign(**columns)})


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (lambda p: replace(p, terms={**p.terms, "n_sites": (2, 0)}), "period 2: n_sites is 0"),
        (lambda p: replace(p, terms={**p.terms, "budget": (0.5, 9)}), "period 1: budget is 0.5"),
        (lambda p: replace(p, chosen=p.chosen.assign(period=[2, 1])), "periods are not in order"),
        (lambda p: replace(p, chosen=p.chosen.assign(period=[1, 3])), "or one is unknown"),
        (lambda p: table_of(p, covered=[80.0, 120.0]), "period 1: 70 is covered, the plan says 80"),
        (lambda p: replace(p, proof=replace(p.proof, objective=110.0)), "the objective is 120"),
        (lambda p: replace(p, proof=replace(p.proof, bound=110.0)), "is beyond the bound 110"),
        (lambda p: replace(p, terms={**p.terms, "earlier_bound": 60.0}), "beyond their bound 60"),
    ],
)
def test_the_verifier_refuses_a_plan_that_was_changed(tamper, reason):
    plan = phased(town(), n_sites=[1, 1])
    assert verify(town(), plan).startswith("verified")
    verdict = verify(town(), tamper(plan))
    assert verdict.startswith("refused: ")
    assert reason in verdict
