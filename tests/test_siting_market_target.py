from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from carecircle.errors import InputError
from carecircle.planning.engine.capture import Huff
from carecircle.planning.instance import Instance
from carecircle.planning.market import market_share
from carecircle.planning.market_target import market_share_target
from carecircle.planning.options import SolveOptions
from siting_cases import allowed_sets, minutes_table, random_instance, stands_of


def rivals(instance, seed):
    rng = np.random.default_rng(seed)
    some = instance.demand_ids[rng.random(instance.n_demand) < 0.7]
    return pd.DataFrame(
        {
            "home_id": some,
            "minutes": rng.integers(1, 25, len(some)).astype(float),
            "attraction": rng.integers(1, 4, len(some)).astype(float),
        }
    )


class Market:
    """People won by a set of sites: a table of homes by sites, added up row by row."""

    def __init__(self, instance, competitors, size):
        limit = instance.limit
        table = minutes_table(instance)
        self.weight = instance.weight
        self.pull = np.where(table <= limit[:, None], size / table**2, 0.0)
        today = instance.today_minutes
        self.today = np.where(today <= limit, 1 / today**2, 0.0)
        self.theirs = np.zeros(instance.n_demand)
        for row in competitors.itertuples():
            i = instance.demand_ids.get_loc(row.home_id)
            if row.minutes <= limit[i]:
                self.theirs[i] += row.attraction / row.minutes**2

    def won(self, mask):
        ours = self.today + self.pull[:, mask].sum(axis=1)
        won = ours > 0
        return float((self.weight[won] * ours[won] / (ours[won] + self.theirs[won])).sum())


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.4, 0.6, 0.75])
def test_no_fewer_sites_win_the_share(seed, share):
    instance = random_instance(
        seed, existing=[True] + [False] * 7, group=[None, "a", "a"] + [None] * 5,
        required=[False] * 7 + [True],
    )  # fmt: skip
    size = np.random.default_rng(seed).integers(1, 6, 8).astype(float)
    competitors = rivals(instance, seed)
    need = share * instance.weight.sum()
    market, best = Market(instance, competitors, size), {}
    for mask in allowed_sets(instance, 7):
        number = int((mask & ~instance.existing).sum())
        best[number] = max(best.get(number, 0.0), market.won(mask))
    enough = [number for number, most in best.items() if most >= need]
    asked = {"share": share, "attraction": pd.Series(size, instance.site_ids)}
    if not enough:
        with pytest.raises(InputError, match=r"together win .* at most") as caught:
            market_share_target(instance, competitors, **asked)
        assert f"{max(best.values()):,.6g} of" in str(caught.value)
        return
    plan = market_share_target(instance, competitors, **asked)
    assert plan.proof.status == "optimal"
    assert plan.proof.objective == plan.proof.bound == len(plan.chosen) == min(enough)
    mine = market.won(stands_of(instance, plan))
    assert mine >= need
    assert plan.terms["won"] == pytest.approx(mine)
    assert plan.proof.verdict.startswith("verified")
    assert "won, added up anew" in plan.proof.verdict
    quick = market_share_target(
        instance, competitors, **asked, options=SolveOptions(method="heuristic")
    )
    assert quick.proof.status == "heuristic"
    assert quick.proof.bound <= min(enough) <= quick.proof.objective
    assert quick.terms["won"] >= need


def street():
    """Three homes of 10; a rival next door to each; one site each, and one between all three."""
    homes, sites = ["H1", "H2", "H3"], ["S1", "S2", "S3", "M"]
    rows = [(h, s, 2.0) for h, s in zip(homes, sites, strict=False)] + [
        (h, "M", 4.0) for h in homes
    ]
    pairs = pd.DataFrame(rows, columns=["home_id", "site_id", "minutes"])
    demand = pd.DataFrame({"weight": 10.0, "limit": 15.0}, index=homes)
    rival = pd.DataFrame({"home_id": homes, "minutes": 2.0})
    return Instance.from_pairs(pairs, demand, pd.DataFrame(index=sites)), rival


@pytest.mark.parametrize(
    ("share", "sites"),
    [
        # M wins 1/16 : 1/4, a fifth of each home; a site next door wins half of its home
        (0.19, {"M"}),
        (0.2, {"M"}),
        # with M, S1 wins 5/9 of H1: 50/9 + 2 + 2 = 9.56 of 30
        (0.3, {"M", "S1"}),
        (0.5, {"S1", "S2", "S3"}),
    ],
)
def test_shares_of_a_street_counted_by_hand(share, sites):
    instance, rival = street()
    plan = market_share_target(instance, rival, share=share)
    assert plan.proof.objective == len(sites)
    assert plan.terms["share_won"] >= share - 1e-9
    if share < 0.3:
        assert set(plan.site_ids) == sites


def test_the_number_found_is_the_least_for_which_the_largest_share_suffices():
    instance = random_instance(11, n_demand=30, n_sites=9)
    competitors = rivals(instance, 11)
    plan = market_share_target(instance, competitors, share=0.6)
    need = 0.6 * instance.weight.sum()
    n = int(plan.proof.objective)
    assert n >= 2
    assert market_share(instance, competitors, n_sites=n).proof.objective >= need
    assert market_share(instance, competitors, n_sites=n - 1).proof.objective < need


def test_what_stands_today_may_be_enough():
    instance, rival = street()
    today = type(instance)(**{**vars(instance), "today_minutes": np.full(3, 2.0)})
    plan = market_share_target(today, rival, share=0.5)
    assert (plan.site_ids, plan.proof.objective, plan.proof.status) == ([], 0.0, "optimal")


def test_groups_that_lead_the_greedy_choice_astray_do_not_hide_a_plan():
    # A wins most alone, but rules out B and C, which win everybody together
    rows = [
        ("H1", "A", 1.0),
        ("H2", "A", 1.0),
        ("H1", "B", 1.0),
        ("H3", "B", 1.0),
        ("H2", "C", 1.0),
    ]
    pairs = pd.DataFrame(rows, columns=["home_id", "site_id", "minutes"])
    demand = pd.DataFrame({"weight": [10.0, 10.0, 9.0], "limit": 15.0}, index=["H1", "H2", "H3"])
    sites = pd.DataFrame({"group": ["g", "g", None]}, index=["A", "B", "C"])
    instance = Instance.from_pairs(pairs, demand, sites)
    none = pd.DataFrame({"home_id": pd.Series(dtype=str), "minutes": pd.Series(dtype=float)})
    plan = market_share_target(instance, none, share=1.0)
    assert sorted(plan.site_ids) == ["B", "C"]


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5, float("nan")])
def test_a_share_that_is_none_is_told(share):
    instance, rival = street()
    with pytest.raises(InputError, match="give a share above 0, at most 1"):
        market_share_target(instance, rival, share=share)


def test_a_share_out_of_reach_says_what_can_be_won():
    instance, rival = street()
    # all four: 5/9 of each home
    with pytest.raises(InputError, match=r"win 16\.6667 of 30 \(0\.555556\) at most"):
        market_share_target(instance, rival, share=0.6)


def test_a_flat_law_needs_no_nearness():
    instance, rival = street()
    plan = market_share_target(instance, rival, share=0.5, huff=Huff(power=0.0))
    assert plan.site_ids == ["M"]
