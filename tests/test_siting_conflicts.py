from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from carecircle.errors import InputError
from carecircle.planning.capacity import capacitated_max_cover, capacitated_p_median
from carecircle.planning.center import p_center
from carecircle.planning.checks.nearest_look import recheck
from carecircle.planning.cover import max_cover, min_sites, min_sites_for_share
from carecircle.planning.engine.conflicts import RuledModel, smallest_conflict
from carecircle.planning.engine.costs import nearest_costs
from carecircle.planning.engine.highs import Model
from carecircle.planning.engine.merge import merge_demand
from carecircle.planning.engine.outcome import weighted_minutes
from carecircle.planning.equity import Equity
from carecircle.planning.instance import Instance
from carecircle.planning.median import p_median, search_nearest
from siting_cases import nearest_of, random_instance, stands_of


def ruled(rows, least, *, lifted=()):
    """Three 0/1 variables; each row of ones is a rule that asks for at least so many, or at most.

    ``lifted`` are variables that a rule of their own sets to 1.
    """
    matrix = csr_array(np.array(rows, dtype=float))
    least = np.array(least, dtype=float)
    n = matrix.shape[1]
    of_column = np.full(n, -1)
    of_column[list(lifted)] = len(rows) + np.arange(len(lifted))
    names = [f"row {k}" for k in range(len(rows))] + [f"x{k} stands" for k in lifted]
    lower = np.zeros(n)
    lower[list(lifted)] = 1.0
    model = Model(
        cost=np.zeros(n),
        lower=lower,
        upper=np.ones(n),
        integral=np.ones(n, dtype=bool),
        matrix=matrix,
        row_lower=np.where(least >= 0, least, -np.inf),
        row_upper=np.where(least < 0, -least - 1, np.inf),
    )
    return RuledModel(model, tuple(names), np.arange(len(rows)), of_column)


def can_hold(model, kept):
    """Whether some 0/1 point meets the rules kept, by trying all."""
    base, n_rows = model.model, model.model.matrix.shape[0]
    table = base.matrix.toarray()
    for bits in np.ndindex(*(2,) * table.shape[1]):
        x, value = np.array(bits), table @ np.array(bits)
        rows = (value >= base.row_lower) & (value <= base.row_upper)
        columns = x >= base.lower
        rules = {k: rows[k] for k in range(n_rows)}
        rules |= {model.of_column[j]: columns[j] for j in np.flatnonzero(model.of_column >= 0)}
        if all(rules[k] for k in kept):
            return True
    return False


@st.composite
def models(draw):
    rows = draw(
        st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=1, max_size=6)
    )
    least = [draw(st.integers(-3, 3)) for _ in rows]
    return ruled(rows, least, lifted=draw(st.sets(st.integers(0, 2))))


@given(models())
@settings(max_examples=60, deadline=None)
def test_no_smaller_set_of_rules_is_in_conflict(model):
    every = range(len(model.names))
    if can_hold(model, every):
        return
    conflict = smallest_conflict(model)
    number = [model.names.index(name) for name in conflict.names]
    assert conflict.smallest
    assert not can_hold(model, number)
    for fewer in combinations(every, len(number) - 1):
        assert can_hold(model, fewer)


def test_a_smaller_conflict_is_found_than_leaving_out_one_by_one_finds():
    # rows 1 to 3 ask for one variable each, row 4 for all three: row 0 allows two at most
    model = ruled([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [-3, 1, 1, 1])
    assert smallest_conflict(model).names == ("row 0", "row 1", "row 2", "row 3")
    more = ruled([[1, 1, 1], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [-3, 3, 1, 1, 1])
    assert smallest_conflict(more).names == ("row 0", "row 1")


def test_out_of_time_all_rules_are_named_and_nothing_is_claimed():
    conflict = smallest_conflict(ruled([[1, 1, 1], [1, 1, 1]], [-3, 3]), time_limit_s=0.0)
    assert conflict.names == ("row 0", "row 1")
    assert not conflict.smallest


def lonely(n=3, **sites):
    """Each home reaches its own site alone; 10 people each."""
    homes, names = [f"H{k}" for k in range(n)], [f"S{k}" for k in range(n)]
    pairs = pd.DataFrame({"home_id": homes, "site_id": names, "minutes": 5.0})
    demand = pd.DataFrame({"weight": 10.0, "limit": 15.0}, index=homes)
    return Instance.from_pairs(pairs, demand, pd.DataFrame(sites, index=names))


SERVED = "everyone who can be reached is served"


@pytest.mark.parametrize("problem", [p_median, p_center])
@pytest.mark.parametrize(
    ("sites", "n", "blamed"),
    [
        ({}, 2, f"n_sites (2); {SERVED}"),
        ({"group": ["a", "a", None]}, 2, None),
        ({"group": ["a", "a", "b"]}, 2, None),
        ({"group": ["a", "a", "b"], "required": [False, False, True]}, 2, None),
    ],
)
def test_a_nearest_site_problem_names_the_rules_to_blame(problem, sites, n, blamed):
    with pytest.raises(InputError, match="cannot serve everyone") as caught:
        problem(lonely(**sites), n_sites=n)
    line = str(caught.value)
    assert "\n" not in line
    # a group of two, or the number of sites, is in conflict with serving all: two rules each time
    if blamed is None:
        assert line.count("; ") >= 2
        assert ("at most one of S0, S1" in line) != ("n_sites (2)" in line)
    else:
        assert f"these cannot hold together: {blamed}; loosen one" in line


def test_a_capacity_problem_names_the_rules_to_blame():
    tight = lonely(capacity=[10.0, 10.0, 10.0], cost=[1.0, 2.0, 3.0])
    with pytest.raises(InputError, match=r"the 2 roomiest sites") as caught:
        capacitated_p_median(tight, n_sites=2)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError) as caught:
        capacitated_p_median(lonely(capacity=[30.0] * 3), n_sites=2)
    assert str(caught.value) == (
        f"no choice of sites holds everyone: these cannot hold together: n_sites (2); {SERVED};"
        " loosen one, or allow assignment='parts'"
    )


def test_required_sites_of_one_group_are_told_by_name():
    both = lonely(group=["a", "a", None], required=[True, True, False])
    with pytest.raises(InputError, match="S0, S1 exclude one another"):
        p_median(both, n_sites=2)
    with pytest.raises(InputError, match=r"at most one of S0, S1; S0 is required; S1 is required"):
        capacitated_max_cover(both, budget=9)


def test_required_sites_beyond_the_budget_are_told_by_name():
    dear = lonely(cost=[4.0, 4.0, 1.0], required=[True, True, False])
    for problem in (max_cover, capacitated_max_cover):
        with pytest.raises(InputError, match=r"required sites cost 8 \(S0, S1\)"):
            problem(dear, budget=5)


def test_covering_names_budget_and_street_but_not_what_is_innocent():
    town = lonely(cost=[4.0, 4.0, 9.0], group=["a", None, "a"])
    street = pd.Series(["north", "north", "south"], index=town.demand_ids)
    with pytest.raises(InputError) as caught:
        max_cover(town, n_sites=2, budget=8, equity=[Equity(street, min_share=1.0)])
    # two sites for the north cost 8; the south alone costs 9
    assert "these cannot hold together: budget (8); south at least 1" in str(caught.value)
    assert "n_sites" not in str(caught.value)
    assert "north" not in str(caught.value)


def test_covering_names_the_required_sites_that_take_the_number():
    town = lonely(required=[True, False, False])
    street = pd.Series(["north", "south", "south"], index=town.demand_ids)
    with pytest.raises(InputError, match=r"n_sites \(1 beside the required S0\); south at least 1"):
        max_cover(town, n_sites=2, equity=[Equity(street, min_share=1.0)])


def test_the_fewest_sites_name_group_and_share():
    town = lonely(group=["a", "a", "a"])
    with pytest.raises(InputError, match="together: at most one of S0, S1, S2; loosen one"):
        min_sites(town)
    with pytest.raises(InputError, match=r"at most one of S0, S1, S2; share 0\.5 of all weight"):
        min_sites_for_share(town, share=0.5)


def test_a_large_covering_problem_names_its_groups_or_takes_the_right_one_of_each():
    n = 230
    rng = np.random.default_rng(0)
    row, column = np.nonzero(rng.random((n, 200)) < 0.5)
    pairs = pd.DataFrame(
        {"home_id": np.char.mod("H%d", row), "site_id": np.char.mod("S%d", column), "minutes": 5.0}
    )
    demand = pd.DataFrame({"weight": 1.0, "limit": 15.0}, index=np.char.mod("H%d", np.arange(n)))
    names = np.char.mod("S%d", np.arange(200))
    one = Instance.from_pairs(pairs, demand, pd.DataFrame({"group": "g"}, index=names))
    with pytest.raises(InputError) as caught:
        min_sites_for_share(one, share=0.9)
    assert str(caught.value) == (
        "min_sites_for_share: these cannot hold together: at most one of S0, S1, S2, S3, S4, ...;"
        " share 0.9 of all weight; loosen one"
    )
    # the broadest site rules out the two that together cover everybody
    first = [*demand.index[: n // 2], demand.index[-1]]
    broad = pairs[~pairs["site_id"].isin(["S0", "S1", "S2"])]
    extra = [("S0", demand.index[:-1]), ("S1", first), ("S2", demand.index[n // 2 : -1])]
    wide = pd.concat(
        [broad, *(pd.DataFrame({"home_id": h, "site_id": s, "minutes": 5.0}) for s, h in extra)]
    )
    group = pd.DataFrame({"group": ["a", "a", None] + ["a"] * 197}, index=names)
    plan = min_sites_for_share(Instance.from_pairs(wide, demand, group), share=1.0)
    assert plan.proof.objective == plan.proof.bound == 2
    assert plan.proof.verdict.startswith("verified")


# ----------------------------------------------------------------------- equal demand made one


def block_of_flats(seed, *, n_doors=30, n_homes=2_000, n_sites=12, **more):
    """Homes behind a few doors: all homes of a door have the same minutes."""
    door = random_instance(seed, n_demand=n_doors, n_sites=n_sites, **more)
    rng = np.random.default_rng(seed)
    at = rng.integers(0, n_doors, n_homes)
    homes = np.char.mod("F%05d", np.arange(n_homes))
    pairs = pd.DataFrame(
        {"door": door.row, "site_id": door.site_ids[door.column], "minutes": door.minutes}
    )
    pairs = pd.DataFrame({"home_id": homes, "door": at}).merge(pairs, on="door")
    demand = pd.DataFrame(
        {"weight": rng.integers(0, 4, n_homes).astype(float),
         "today_minutes": door.today_minutes[at]},
        index=homes,
    )  # fmt: skip
    return Instance.from_pairs(pairs, demand, pd.DataFrame(index=door.site_ids)), at


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("penalty", [None, 12.0])
def test_merged_demand_gives_the_best_plan_of_the_whole(seed, penalty):
    instance, _ = block_of_flats(seed, reach=0.9)
    plan = p_median(instance, n_sites=3, penalty=penalty)
    most = np.inf if penalty is None else penalty
    near = np.minimum(nearest_of(instance, stands_of(instance, plan)), most)
    left = ~instance.demand_ids.isin(plan.left_out)
    assert plan.proof.objective == float(instance.weight[left] @ near[left])
    assert plan.proof.status == "optimal"
    assert recheck(instance, plan).startswith("verified")
    # the same search without merging
    cost, before = weighted_minutes(instance, penalty)
    must = ~np.isfinite(instance.today_minutes) & (instance.weight > 0) & (penalty is None) & left
    whole = search_nearest(
        nearest_costs(instance, cost, np.where(must, 2 * before.sum(), before)), 3, must=must
    )
    assert whole.objective == plan.proof.objective


def test_prices_of_merged_demand_prove_the_bound_for_the_whole():
    instance, _ = block_of_flats(1, reach=1.0, today=0.0)
    plan = p_median(instance, n_sites=3)
    assert len(plan.terms["prices"]) == instance.n_demand
    assert "prices prove at least" in plan.proof.verdict


def test_only_equal_rows_merge():
    instance, at = block_of_flats(0)
    today = instance.today_minutes
    merged = merge_demand(instance, instance.minutes < today[instance.row], today)
    assert merged.instance.n_demand <= 30
    assert merged.instance.weight.sum() == instance.weight.sum()
    # homes of one door are one row, and a row has no homes of different minutes
    assert len(set(zip(at, merged.row_of, strict=True))) == len(set(at))
    for row in range(merged.instance.n_demand):
        doors = np.unique(at[merged.row_of == row])
        lists = set()
        for first in [int(np.flatnonzero(at == door)[0]) for door in doors]:
            mine = (instance.row == first) & (instance.minutes < today[first])
            pairs = zip(instance.column[mine], instance.minutes[mine], strict=True)
            lists.add((today[first], *pairs))
        assert len(lists) == 1


def test_one_different_minute_keeps_two_homes_apart():
    instance, at = block_of_flats(2, n_doors=1, n_homes=3, reach=1.0, today=0.0)
    minutes = instance.minutes.copy()
    minutes[instance.row == 1] += np.where(instance.column[instance.row == 1] == 5, 0.5, 0.0)
    other = replace(instance, minutes=minutes)
    merged = merge_demand(other, other.minutes >= 0, other.today_minutes)
    assert at.tolist() == [0, 0, 0]
    assert merged.row_of.tolist() == [0, 1, 0]


def test_flats_behind_a_few_doors_are_planned_faster_than_one_by_one():
    instance, _ = block_of_flats(5, n_doors=60, n_homes=4_000, n_sites=20, today=0.0, reach=0.9)
    p_median(instance, n_sites=4)  # compiles
    started = time.perf_counter()
    plan = p_median(instance, n_sites=4)
    merged = time.perf_counter() - started
    cost, before = weighted_minutes(instance)
    started = time.perf_counter()
    whole = search_nearest(nearest_costs(instance, cost, 2 * before), 4)
    assert plan.proof.objective == whole.objective
    assert plan.proof.status == whole.status == "optimal"
    assert merged < time.perf_counter() - started
