from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from carecircle.analysis.decay import attendance_share
from carecircle.errors import InputError
from carecircle.planning.attendance import max_attendance
from carecircle.planning.engine.capture import Huff
from carecircle.planning.market import market_share
from carecircle.planning.options import SolveOptions
from siting_cases import allowed_sets, minutes_table, nearest_of, random_instance, stands_of


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("decay", ["linear", "gaussian"])
def test_no_set_of_sites_is_attended_by_more(seed, decay):
    instance = random_instance(
        seed, existing=[True] + [False] * 7, group=[None, "a", "a"] + [None] * 5
    )
    plan = max_attendance(instance, n_sites=3, decay=decay)

    def attending(mask):
        share = attendance_share(nearest_of(instance, mask), instance.limit, decay)
        return float(instance.weight @ share)

    best = max(attending(mask) for mask in allowed_sets(instance, 3))
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    assert plan.proof.objective == pytest.approx(best)
    assert plan.proof.bound == pytest.approx(best)
    assert attending(stands_of(instance, plan)) == pytest.approx(best)


def test_attendance_gains_add_up_and_never_rise():
    instance = random_instance(1)
    plan = max_attendance(instance, n_sites=4)
    today = float(instance.weight @ attendance_share(instance.today_minutes, instance.limit))
    assert plan.chosen["gain"].is_monotonic_decreasing
    assert today + plan.chosen["gain"].sum() == pytest.approx(plan.proof.objective)


def test_nobody_goes_beyond_the_limit_and_all_go_from_next_door():
    limit = np.array([10.0, 10.0, 10.0, 0.0])
    share = attendance_share(np.array([0.0, 10.0, 10.1, 0.0]), limit, "gaussian")
    assert share.tolist() == [1.0, 0.0, 0.0, 1.0]


def test_attendance_without_a_limit_is_told():
    pairs = pd.DataFrame({"home_id": ["H"], "site_id": ["S"], "minutes": [3.0]})
    instance = type(random_instance(0)).from_pairs(
        pairs, pd.DataFrame(index=["H"]), pd.DataFrame(index=["S"])
    )
    with pytest.raises(InputError, match="demand H: attendance falls to nothing"):
        max_attendance(instance, n_sites=1)


@pytest.mark.parametrize("n_sites", [0, -1, 9])
def test_a_number_of_sites_that_does_not_fit_is_told(n_sites):
    instance = random_instance(0)
    with pytest.raises(InputError, match="n_sites is"):
        max_attendance(instance, n_sites=n_sites)
    with pytest.raises(InputError, match="n_sites is"):
        market_share(instance, pd.DataFrame({"home_id": [], "minutes": []}), n_sites=n_sites)


def test_an_unknown_decay_is_told():
    with pytest.raises(InputError, match="'linear' or 'gaussian'"):
        max_attendance(random_instance(0), n_sites=1, decay="cubic")


def rivals(instance, seed):
    rng = np.random.default_rng(seed)
    some = instance.demand_ids[rng.random(instance.n_demand) < 0.7]
    return pd.DataFrame({"home_id": some, "minutes": rng.integers(1, 25, len(some)).astype(float)})


def won(instance, mask, competitors, attraction, power=2.0):
    table = minutes_table(instance)
    total = 0.0
    for i, home in enumerate(instance.demand_ids):
        ours = sum(
            attraction[j] / table[i, j] ** power
            for j in np.flatnonzero(mask)
            if table[i, j] <= instance.limit[i]
        )
        if instance.today_minutes[i] <= instance.limit[i]:
            ours += 1 / instance.today_minutes[i] ** power
        near = competitors.loc[competitors["home_id"] == home, "minutes"]
        theirs = (1 / near[near <= instance.limit[i]] ** power).sum()
        if ours > 0:
            total += instance.weight[i] * ours / (ours + theirs)
    return total


@pytest.mark.parametrize("seed", range(8))
def test_no_set_of_sites_wins_a_larger_share(seed):
    instance = random_instance(
        seed, existing=[True] + [False] * 7, group=[None, "a", "a"] + [None] * 5
    )
    size = np.random.default_rng(seed).integers(1, 6, 8).astype(float)
    competitors = rivals(instance, seed)
    plan = market_share(
        instance, competitors, n_sites=3, attraction=pd.Series(size, instance.site_ids)
    )
    best = max(won(instance, mask, competitors, size) for mask in allowed_sets(instance, 3))
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    assert plan.proof.objective == pytest.approx(best, rel=1e-6)
    assert won(instance, stands_of(instance, plan), competitors, size) == pytest.approx(
        plan.proof.objective
    )


def test_a_greedy_share_says_so_and_has_an_upper_bound():
    instance = random_instance(2)
    competitors = rivals(instance, 2)
    exact = market_share(instance, competitors, n_sites=3)
    quick = market_share(instance, competitors, n_sites=3, options=SolveOptions(method="heuristic"))
    assert quick.proof.status == "heuristic"
    slack = 1e-6 * exact.proof.objective
    assert quick.proof.objective <= exact.proof.objective + slack
    assert quick.proof.bound >= exact.proof.objective - slack


def test_bad_competitors_and_attractions_are_told():
    instance = random_instance(2)
    with pytest.raises(InputError, match="home_id 'X' is not in demand"):
        market_share(instance, pd.DataFrame({"home_id": ["X"], "minutes": [3.0]}), n_sites=1)
    none = pd.DataFrame({"home_id": [], "minutes": []})
    with pytest.raises(InputError, match="attraction of S0 is -1"):
        market_share(instance, none, n_sites=1, attraction=pd.Series(-1.0, instance.site_ids))
    with pytest.raises(InputError, match="nearest_minutes above 0"):
        market_share(instance, none, n_sites=1, huff=Huff(nearest_minutes=0))
