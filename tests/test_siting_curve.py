"""Coverage against number of sites and budget, its knee, and what covering all takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from carecircle.errors import InputError
from carecircle.planning.cover import max_cover, min_sites
from carecircle.planning.curve import knee_of
from carecircle.planning.full_cover import cost_of_all
from carecircle.planning.instance import Instance
from carecircle.planning.options import SolveOptions
from carecircle.siting.curve import coverage_curve
from siting_cases import allowed_sets, random_instance

RULES = {
    "required": [True] + [False] * 7,
    "forbidden": [False, True] + [False] * 6,
    "existing": [False] * 2 + [True] + [False] * 5,
    "group": [None, None, None, "a", "a", "a", "b", "b"],
    "cost": [4.0, 1.0, 9.0, 3.0, 5.0, 2.0, 7.0, 6.0],
}


def made(seed, *, ruled=False):
    return random_instance(seed, reach=0.3, n_demand=20, **(RULES if ruled else {}))


def weight_of(instance, mask):
    inside = (instance.minutes <= instance.limit[instance.row]) & mask[instance.column]
    count = instance.today_count + np.bincount(instance.row[inside], minlength=instance.n_demand)
    return float(instance.weight[count > 0].sum())


def today_of(instance):
    return weight_of(instance, instance.existing & ~instance.forbidden)


@pytest.mark.parametrize("ruled", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_each_point_is_the_most_that_so_many_sites_cover(seed, ruled):
    instance = made(seed, ruled=ruled)
    curve = coverage_curve(instance)
    best = {
        n: max(weight_of(instance, mask) for mask in allowed_sets(instance, n)) for n in range(1, 9)
    }
    table = curve.table
    assert table["covered"].iloc[0] == today_of(instance)
    assert table["covered"].iloc[1:].to_dict() == {n: best[n] for n in table.index[1:]}
    assert (table["bound"] == table["covered"]).all()
    assert table["covered"].iloc[-1] == best[8] == curve.reachable
    assert len(table) == 2 or table["covered"].iloc[-2] < best[8]
    assert all(plan.proof.verdict.startswith("verified") for plan in curve.plans.values())
    np.testing.assert_array_equal(table["share"], table["covered"] / instance.weight.sum())


@pytest.mark.parametrize("seed", range(4))
def test_gains_of_greedy_choices_never_rise_and_reach_63_percent(seed):
    instance = random_instance(seed, reach=0.25, n_demand=30)
    table = coverage_curve(instance, most=4).table
    gains = table["greedy"].diff().dropna()
    assert (gains.diff().dropna() <= 1e-9).all()
    gained = table["covered"] - table["covered"].iloc[0]
    by_greedy = table["greedy"] - table["covered"].iloc[0]
    assert (by_greedy <= gained).all()
    assert (by_greedy >= (1 - 1 / np.e) * gained - 1e-9).all()


def test_greedy_may_be_worse_than_best():
    pairs = pd.DataFrame(
        [("H1", "A"), ("H2", "A"), ("H3", "B"), ("H4", "B"), ("H1", "C"), ("H3", "C")],
        columns=["home_id", "site_id"],
    ).assign(minutes=5.0)
    demand = pd.DataFrame({"weight": [4.0, 3.0, 4.0, 3.0], "limit": 15.0}, index=list("1234"))
    demand.index = "H" + demand.index
    instance = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["A", "B", "C"]))
    table = coverage_curve(instance).table
    assert table["covered"].tolist() == [0, 8, 14]
    assert table["greedy"].tolist() == [0, 8, 11]


@pytest.mark.parametrize("seed", range(2))
def test_each_budget_has_the_most_that_it_can_cover(seed):
    instance = made(seed, ruled=True)
    curve = coverage_curve(instance, budgets=[12.0, 5.0, 8.0])
    masks = list(allowed_sets(instance, 8))
    spent = [float(instance.cost[mask & ~instance.existing].sum()) for mask in masks]
    for budget in (5.0, 8.0, 12.0):
        affordable = [m for m, cost in zip(masks, spent, strict=True) if cost <= budget]
        best = max(weight_of(instance, mask) for mask in affordable)
        assert curve.table.loc[budget, "covered"] == best
        assert curve.table.loc[budget, "cost"] <= budget
        assert curve.table.loc[budget, "greedy"] <= best
    assert curve.table.index.tolist() == [0, 5, 8, 12]
    assert curve.table.index.name == "budget"


def five_spots(**rules):
    """Sites A to E serve 50, 30, 10, 5 and 5 people each; nobody reaches the sixth home."""
    names = list("ABCDE")
    pairs = pd.DataFrame({"home_id": [f"H{n}" for n in names], "site_id": names, "minutes": 9.0})
    demand = pd.DataFrame(
        {"weight": [50.0, 30.0, 10.0, 5.0, 5.0, 25.0], "limit": 15.0},
        index=[*pairs["home_id"], "far"],
    )
    return Instance.from_pairs(pairs, demand, pd.DataFrame(rules, index=names))


def test_the_knee_is_where_the_curve_lies_highest_above_its_chord():
    curve = coverage_curve(five_spots())
    # above the chord: 0.5 - 0.2, 0.8 - 0.4, 0.9 - 0.6, ...
    assert curve.knee == 2
    assert curve.table["covered"].tolist() == [0, 50, 80, 90, 95, 100]
    assert (curve.total, curve.reachable) == (125, 100)
    assert "knee at 2" in curve._repr_html_()
    assert "100 can be covered" in curve._repr_html_()


def test_a_straight_line_has_no_knee():
    assert np.isnan(knee_of(np.arange(4.0), np.arange(4.0) * 7))
    assert np.isnan(knee_of(np.arange(2.0), np.array([0.0, 5.0])))
    assert knee_of(np.arange(4.0), np.array([0.0, 2.0, 3.0, 3.0])) == 1


def test_required_sites_are_the_first_of_the_curve():
    curve = coverage_curve(five_spots(required=[False, False, False, True, True]))
    assert curve.table["covered"].to_dict() == {0: 0, 2: 10, 3: 60, 4: 90, 5: 100}
    assert curve.plans[3].site_ids[0] == "A"


def test_the_curve_does_not_depend_on_the_order_of_rows():
    instance = made(2)
    pairs = pd.DataFrame(
        {
            "home_id": instance.demand_ids[instance.row],
            "site_id": instance.site_ids[instance.column],
            "minutes": instance.minutes,
        }
    )
    demand = pd.DataFrame(
        {
            "weight": instance.weight, "limit": instance.limit,
            "today_minutes": instance.today_minutes,
        },
        index=instance.demand_ids,
    )  # fmt: skip
    back = Instance.from_pairs(
        pairs[::-1], demand[::-1], pd.DataFrame(index=instance.site_ids[::-1])
    )
    wanted = ["covered", "bound", "share", "greedy"]
    one, two = (coverage_curve(i).table[wanted] for i in (instance, back))
    pd.testing.assert_frame_equal(one, two)


def test_progress_is_told_and_bad_questions_are_refused():
    told = []
    coverage_curve(five_spots(), most=2, options=SolveOptions(tell=told.append))
    assert [line for line in told if line.startswith("curve")] == [
        "curve: n_sites 1", "curve: n_sites 2",
    ]  # fmt: skip
    with pytest.raises(InputError, match="most and budgets are given"):
        coverage_curve(five_spots(), most=2, budgets=[3])
    with pytest.raises(InputError, match="n_sites is 9, but 5 candidates"):
        coverage_curve(five_spots(), most=9)
    with pytest.raises(InputError, match=r"budget is 0\.0"):
        coverage_curve(five_spots(), budgets=[0])


# ----------------------------------------------------------------------------------- what all takes


@pytest.mark.parametrize("ruled", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_no_set_covers_the_shares_with_fewer_sites_or_less_money(seed, ruled):
    instance = made(seed, ruled=ruled)
    found = cost_of_all(instance, shares=[0.5, 0.8])
    masks = list(allowed_sets(instance, 8))
    weights = np.array([weight_of(instance, mask) for mask in masks])
    new = np.array([mask & ~instance.existing for mask in masks])
    total = instance.weight.sum()
    assert found.table.index.tolist() == ["50%", "80%", "all that can be"]
    assert found.table["weight"].iloc[-1] == pytest.approx(weights.max())
    for goal, row in found.table.iterrows():
        enough = weights >= row["weight"] - 1e-9
        assert row["possible"] == enough.any()
        if enough.any():
            assert row["n_sites"] == row["n_sites_bound"] == new[enough].sum(axis=1).min()
            assert row["cost"] == row["cost_bound"] == (new[enough] @ instance.cost).min()
            assert all(p.proof.verdict.startswith("verified") for p in found.plans[goal])
    assert found.table["weight"].iloc[:2].tolist() == [0.5 * total, 0.8 * total]


def test_what_nothing_reaches_is_named_and_stays_in_the_shares():
    found = cost_of_all(five_spots(cost=[9.0, 8.0, 1.0, 1.0, 1.0]), shares=[0.4, 0.7, 1.0])
    assert found.left_out.tolist() == ["far"]
    assert found.given_up.tolist() == []
    assert found.table["possible"].to_dict() == {
        "40%": True, "70%": True, "100%": False, "all that can be": True,
    }  # fmt: skip
    # 40 % of 125 are the 50 of A; 70 % are 87.5: A, B and one of C; all are 100
    assert found.table["n_sites"].tolist()[:2] == [1, 3]
    assert np.isnan(found.table.loc["100%", "n_sites"])
    assert found.table.loc["all that can be", ["n_sites", "cost"]].tolist() == [5, 20]
    assert found.table.loc["all that can be", "share"] == 0.8
    assert "far" in found._repr_html_()


def test_sites_that_exclude_one_another_leave_somebody_out_by_name():
    instance = five_spots(group=["x", "x", None, None, None])
    with pytest.raises(InputError, match="at most one of A, B"):
        min_sites(instance, leave_out_unreachable=True)
    found = cost_of_all(instance, shares=[0.5])
    assert found.given_up.tolist() == ["HB"]
    assert found.table.loc["all that can be", "weight"] == pytest.approx(70)
    assert found.table.loc["50%", "n_sites"] == 3


def test_without_loss_of_all_that_can_be_the_last_point_of_the_curve_is_the_same():
    instance = made(1)
    curve, found = coverage_curve(instance), cost_of_all(instance, shares=[])
    assert found.table.loc["all that can be", "n_sites"] == curve.table.index[-1]
    n = int(curve.table.index[-1])
    assert max_cover(instance, n_sites=n).proof.objective == curve.reachable


def test_shares_that_are_none_are_refused():
    with pytest.raises(InputError, match=r"share is 1\.5"):
        cost_of_all(five_spots(), shares=[1.5])
