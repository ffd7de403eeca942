from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning import area_standard
from carecircle.planning.area_problem import AreaProblem, site_options
from carecircle.planning.checks.area_look import area_bound, verify_area_plan

PRICES = cc.CostModel({"build": 50.0}, {"build": 0.5}, "made up")


def problem_of(short, options, pairs, **more):
    """Areas {id: m2}; options (site, way, fixed, per m2, least, most); pairs (site, area, own)."""
    names = ["site_id", "way", "fixed_cost", "cost_per_m2", "min_m2", "max_m2"]
    links = pd.DataFrame(pairs, columns=["site_id", "area_id", "own"])
    return AreaProblem.from_tables(
        pd.Series(short, dtype=float), pd.DataFrame(options, columns=names).assign(**more), links
    )


@st.composite
def problems(draw):
    """Up to 4 areas and 4 ways on 4 sites, small enough to try every choice."""
    areas = [f"A{k}" for k in range(draw(st.integers(1, 4)))]
    tenths = st.integers(1, 600).map(lambda k: k / 10)
    short = {area: draw(tenths) for area in areas}
    ways, seen = [], set()
    for _ in range(draw(st.integers(1, 4))):
        key = (f"S{draw(st.integers(0, 3))}", draw(st.sampled_from(["build", "lease"])))
        if key not in seen:
            seen.add(key)
            least = draw(st.sampled_from([0.0, 0.0, 20.0]))
            most = draw(st.sampled_from([np.inf, least + 40.0, least + 90.5]))
            ways.append((*key, float(draw(st.integers(0, 60))), draw(st.integers(0, 9)) / 4,
                         least, most))  # fmt: skip
    sites = sorted({site for site, _ in seen})
    pairs = [
        (site, area, draw(st.booleans()))
        for site in sites
        for area in areas
        if draw(st.integers(0, 3)) > 0
    ]
    group = [draw(st.sampled_from([None, None, "g"])) for _ in ways]
    return problem_of(short, ways, pairs, group=group, required=[False] * len(ways))


def cheapest(problem, *, own=False, budget=None):
    """Least m2 left short and then least cost: every choice of ways, each a linear program."""
    pairs = problem.pairs[problem.pairs["own"]] if own else problem.pairs
    short, best = problem.shortfall, (np.inf, np.inf)
    for choice in product([False, True], repeat=len(problem.options)):
        used = problem.options[list(choice)]
        if used["site_id"].duplicated().any() or used["group"].dropna().duplicated().any():
            continue
        links = pairs[pairs["site_id"].isin(used["site_id"])]
        n, m, k = len(used), len(links), len(short)
        meets = np.zeros((k, n + m + k))
        for row, area in enumerate(short.index):
            meets[row, n : n + m] = links["area_id"] == area
            meets[row, n + m + row] = 1
        gives = np.zeros((n + 1, n + m + k))
        for row, site in enumerate(used["site_id"]):
            gives[row, n : n + m] = links["site_id"] == site
            gives[row, row] = -1
        gives[n, :n] = used["cost_per_m2"]
        room = np.inf if budget is None else budget - used["fixed_cost"].sum()
        if room < 0:
            continue
        limits = [*used[["min_m2", "max_m2"]].itertuples(index=False, name=None)]
        limits = [(least, None if np.isinf(most) else most) for least, most in limits]
        limits += [(0, None)] * (m + k)
        rows = slice(0, n + 1) if budget is not None else slice(0, n)
        asked = {
            "A_ub": gives[rows] if n else None,
            "b_ub": np.append(np.zeros(n), room)[rows] if n else None,
            "A_eq": meets, "b_eq": short.to_numpy(), "bounds": limits,
        }  # fmt: skip
        left = np.concatenate((np.zeros(n + m), np.ones(k)))
        first = linprog(left, **asked)
        if not first.success:
            continue
        fewest = round(first.fun, 6)
        if fewest > best[0] + 1e-6:
            continue
        price = np.concatenate((used["cost_per_m2"], np.zeros(m + k)))
        asked["bounds"] = limits[: n + m] + [(0, None)] * k
        within = np.vstack([*([gives[rows]] if n else []), left])
        asked["A_ub"] = within
        asked["b_ub"] = np.append(asked["b_ub"] if n else [], fewest + 1e-6)
        cost = linprog(price, **asked).fun + used["fixed_cost"].sum()
        if fewest < best[0] - 1e-6:
            best = (fewest, cost)
        else:
            best = (min(best[0], fewest), min(best[1], cost))
    return best


@given(problems(), st.sampled_from(["within_limit", "own"]))
@settings(max_examples=18, deadline=None)
def test_no_choice_closes_more_or_costs_less(problem, sharing):
    left, cost = cheapest(problem, own=sharing == "own")
    plan = cc.meet_area_standard(problem, sharing=sharing, leave_out=True)
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    assert plan.left_m2 == pytest.approx(left, abs=1e-5)
    assert plan.cost == pytest.approx(cost, abs=1e-4)
    if left > 0:
        with pytest.raises(InputError, match=r"no site that may serve|cannot hold together"):
            cc.meet_area_standard(problem, sharing=sharing)
    else:
        whole = cc.meet_area_standard(problem, sharing=sharing)
        assert whole.cost == plan.cost
        assert whole.left_m2 == 0


@given(problems(), st.integers(1, 150))
@settings(max_examples=8, deadline=None)
def test_no_choice_within_the_budget_closes_more(problem, budget):
    left, cost = cheapest(problem, budget=budget)
    plan = cc.meet_area_standard(problem, budget=budget, leave_out=True)
    assert plan.left_m2 == pytest.approx(left, abs=1e-4)
    assert plan.cost <= budget + 1e-4
    assert plan.cost == pytest.approx(cost, abs=1e-3)
    assert plan.proof.verdict.startswith("verified")


@given(problems())
@settings(max_examples=8, deadline=None)
def test_the_order_of_rows_changes_nothing(problem):
    turned = AreaProblem.from_tables(
        problem.shortfall[::-1], problem.options[::-1], problem.pairs[::-1]
    )
    one, two = (cc.meet_area_standard(p, leave_out=True) for p in (problem, turned))
    pd.testing.assert_frame_equal(one.sites, two.sites)
    pd.testing.assert_frame_equal(one.allocation, two.allocation)
    pd.testing.assert_frame_equal(one.areas, two.areas)


# --------------------------------------------------------------------- counted by hand


def test_one_shared_site_is_cheaper_than_two_of_their_own():
    short = {"A": 300.0, "B": 200.0}
    ways = [("S", "build", 50, 0.5, 0, 500), ("T", "build", 50, 0.5, 0, 500)]
    pairs = [("S", "A", True), ("S", "B", False), ("T", "B", True)]
    shared = cc.meet_area_standard(problem_of(short, ways, pairs))
    assert shared.sites["built_m2"].to_dict() == {"S": 500.0}
    assert shared.cost == 50 + 0.5 * 500
    assert shared.allocation[["site_id", "area_id", "m2"]].to_numpy().tolist() == [
        ["S", "A", 300.0],
        ["S", "B", 200.0],
    ]
    own = cc.meet_area_standard(problem_of(short, ways, pairs), sharing="own")
    assert own.sites["built_m2"].to_dict() == {"S": 300.0, "T": 200.0}
    assert own.cost == 100 + 0.5 * 500


def test_enlarging_wins_while_it_has_room_and_a_lease_where_little_is_short():
    ways = [("F", "enlarge", 0, 0.6, 0, 100), ("S", "build", 50, 0.5, 0, 500),
            ("S", "lease", 5, 1.0, 0, 500)]  # fmt: skip
    pairs = [("F", "A", True), ("S", "A", True)]

    def sites(m2):
        plan = cc.meet_area_standard(problem_of({"A": m2}, ways, pairs))
        return plan.cost, plan.sites.reset_index()[
            ["site_id", "way", "built_m2"]
        ].to_numpy().tolist()

    assert sites(80.0) == (48.0, [["F", "enlarge", 80.0]])
    assert sites(140.0) == (60 + 5 + 40, [["F", "enlarge", 100.0], ["S", "lease", 40.0]])
    # 60 + 5 + 120 = 185 against 50 + 110 = 160 for building it all
    assert sites(220.0) == (160.0, [["S", "build", 220.0]])


def test_a_least_size_leaves_spare_m2_that_are_paid_for():
    plan = cc.meet_area_standard(
        problem_of({"A": 120.5}, [("S", "build", 10, 2, 300, 900)], [("S", "A", True)])
    )
    row = plan.sites.loc["S"]
    assert row[["built_m2", "allocated_m2", "spare_m2"]].tolist() == [300.0, 120.5, 179.5]
    assert plan.cost == 610.0


def test_required_sites_and_groups_are_kept():
    short, pairs = {"A": 100.0}, [("S", "A", True), ("T", "A", True)]
    ways = [("S", "build", 10, 1, 0, 60), ("T", "build", 90, 1, 0, 500)]
    free = cc.meet_area_standard(problem_of(short, ways, pairs))
    assert list(free.sites.index) == ["T"]
    must = cc.meet_area_standard(problem_of(short, ways, pairs, required=[True, False]))
    assert sorted(must.sites.index) == ["S", "T"]
    apart = problem_of(short, ways, pairs, required=[True, False], group=["g", "g"])
    with pytest.raises(InputError) as caught:
        cc.meet_area_standard(apart)
    assert str(caught.value).startswith(
        "meet_area_standard: these cannot hold together: A needs 100 m2; most m2 of the sites;"
        " S is required; at most one of group g; loosen one"
    )
    assert "\n" not in str(caught.value)


def test_what_is_left_short_says_why():
    short = {"A": 100.0, "B": 50.0, "C": 30.0, "D": float("nan")}
    ways = [("S", "build", 10, 1, 0, 60), ("T", "build", 10, 1, 0, 500)]
    problem = problem_of(short, ways, [("S", "A", True), ("T", "B", True)])
    with pytest.raises(InputError, match=r"1 areas short of 30 m2 have no site .*\(C\)"):
        cc.meet_area_standard(problem)
    plan = cc.meet_area_standard(problem, leave_out=True)
    assert plan.areas["left_m2"].fillna(-1).to_dict() == {"A": 40.0, "B": 0.0, "C": 30.0, "D": -1.0}
    assert plan.areas["reason"].to_dict() == {
        "A": "no_room", "B": "", "C": "no_site", "D": "not_assessable"
    }  # fmt: skip
    poor = cc.meet_area_standard(problem, leave_out=True, budget=70.0)
    # 60 m2 more per fixed 10 either way; both sites would take 20 of the 70
    assert poor.left_m2 == 180.0 - 60.0
    assert "limits" in set(poor.areas["reason"])


def test_a_conflict_names_the_area_and_the_sizes_or_the_budget():
    short, ways = {"A": 100.0, "B": 50.0}, [("S", "build", 10, 1, 0, 120)]
    pairs = [("S", "A", True), ("S", "B", True)]
    with pytest.raises(InputError) as caught:
        cc.meet_area_standard(problem_of(short, ways, pairs))
    assert "together: A needs 100 m2; B needs 50 m2; most m2 of the sites; loosen" in str(
        caught.value
    )
    with pytest.raises(InputError, match=r"together: A needs 100 m2; budget \(109\); loosen one"):
        cc.meet_area_standard(problem_of({"A": 100.0}, ways, pairs[:1]), budget=109.0)
    assert (
        cc.meet_area_standard(problem_of({"A": 100.0}, ways, pairs[:1]), budget=110.0).cost == 110
    )


def test_nearer_areas_are_served_by_the_nearer_site():
    table = pd.DataFrame(
        [("S", "A", 3.0), ("S", "B", 9.0), ("T", "A", 8.0), ("T", "B", 2.0)],
        columns=["site_id", "area_id", "minutes"],
    )
    ways = pd.DataFrame({"site_id": ["S", "T"], "way": "build", "fixed_cost": 1.0,
                         "cost_per_m2": 1.0, "max_m2": 100.0})  # fmt: skip
    problem = AreaProblem.from_tables(pd.Series({"A": 100.0, "B": 100.0}), ways, table)
    plan = cc.meet_area_standard(problem)
    assert plan.allocation[["site_id", "area_id"]].to_numpy().tolist() == [["S", "A"], ["T", "B"]]


def test_square_metres_add_up_to_the_last_step():
    short = {f"A{k}": 0.1 * k + 1e-6 for k in range(1, 9)}
    ways = [(f"S{k}", "build", 7, 0.3, 0, 1.3) for k in range(6)]
    pairs = [(f"S{k}", f"A{j}", True) for k in range(6) for j in range(1, 9)]
    plan = cc.meet_area_standard(problem_of(short, ways, pairs))
    steps = (plan.allocation["m2"] * 1e6).round().astype(int)
    assert (plan.allocation["m2"] * 1e6 - steps).abs().max() < 1e-6
    got = steps.groupby(plan.allocation["area_id"]).sum()
    assert got.to_dict() == {area: round(m2 * 1e6) for area, m2 in short.items()}
    assert (plan.sites["built_m2"] <= 1.3).all()


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4, 1e9])
def test_the_unit_of_money_changes_the_cost_alone(unit):
    short = {"A": 310.0, "B": 120.0}
    pairs = [("S", "A", True), ("S", "B", True), ("T", "B", True)]
    ways = [("S", "build", 50 * unit, 0.5 * unit, 0, 400), ("T", "build", 20 * unit, unit, 0, 400)]
    plan = cc.meet_area_standard(problem_of(short, ways, pairs))
    assert plan.sites["built_m2"].to_dict() == {"S": 400.0, "T": 30.0}
    assert plan.cost == pytest.approx(300 * unit)
    assert plan.proof.bound == plan.cost


# ------------------------------------------------------------------------------ the verifier


def doctored(plan, table, row, column, value):
    frame = getattr(plan, table).copy()
    frame.loc[row, column] = value
    return replace(plan, **{table: frame})


def small_plan():
    short = {"A": 300.0, "B": 200.0}
    ways = [("S", "build", 50, 0.5, 0, 500), ("T", "build", 50, 0.5, 0, 500)]
    pairs = [("S", "A", True), ("S", "B", False), ("T", "B", True)]
    problem = problem_of(short, ways, pairs)
    return problem, cc.meet_area_standard(problem)


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "fault"),
    [
        ("sites", "S", "built_m2", 450.0, "gives more m2 than it has"),
        ("sites", "S", "built_m2", 600.0, "not between 0 and 500"),
        ("sites", "S", "way", "lease", "cannot be got that way"),
        ("sites", "S", "cost", 299.0, "do not add up to that of the plan"),
        ("allocation", 0, "m2", 290.0, "spare m2"),
        ("allocation", 0, "area_id", "B", "may not serve, or twice"),
        ("areas", "A", "left_m2", 10.0, "do not add up"),
        ("areas", "A", "shortfall_m2", 310.0, "not those of the problem"),
    ],
)
def test_the_verifier_refuses_a_doctored_plan(table, row, column, value, fault):
    problem, plan = small_plan()
    assert verify_area_plan(problem, plan).startswith("verified")
    refused = verify_area_plan(problem, doctored(plan, table, row, column, value))
    assert refused.startswith("refused: ")
    assert fault in refused


def test_the_verifier_refuses_a_cost_or_bound_that_cannot_be():
    problem, plan = small_plan()
    cheap = replace(plan, proof=replace(plan.proof, objective=290.0))
    assert "costs 300, not 290" in verify_area_plan(problem, cheap)
    beyond = replace(plan, proof=replace(plan.proof, bound=301.0))
    assert "above the cost" in verify_area_plan(problem, beyond)
    too_good = replace(plan, terms={**plan.terms, "prices": plan.terms["prices"] * 9})
    assert verify_area_plan(problem, too_good).startswith("verified")  # any prices are valid


@given(problems(), st.lists(st.floats(0, 5), min_size=4, max_size=4))
@settings(max_examples=8, deadline=None)
def test_whatever_the_prices_they_never_prove_more_than_the_best_plan_costs(problem, prices):
    plan = cc.meet_area_standard(problem, leave_out=True)
    some = pd.Series(prices[: len(problem.shortfall)], problem.shortfall.index)
    bound = area_bound(problem, replace(plan, terms={**plan.terms, "prices": some}))
    assert bound <= Fraction(plan.cost) + Fraction(1, 10**4)


# --------------------------------------------------------------------------------- bad input


def test_every_fault_of_the_tables_is_told_at_once():
    ways = pd.DataFrame(
        {
            "site_id": ["S", "S", "T"], "way": "build", "fixed_cost": [1.0, 1.0, -4.0],
            "cost_per_m2": [1.0, 1.0, np.nan], "min_m2": [0.0, 0.0, 9.0], "max_m2": [9.0, 9.0, 5.0],
            "required": [False, False, True], "forbidden": [False, False, True],
        }
    )  # fmt: skip
    pairs = pd.DataFrame({"site_id": ["S", "X"], "area_id": ["Y", "A"]})
    with pytest.raises(InputError) as caught:
        AreaProblem.from_tables(pd.Series({"A": -1.0}), ways, pairs)
    assert str(caught.value).splitlines() == [
        "shortfall: area A is short of -1 m2; give 0 or more",
        "options: S build stands twice; keep one row per site and way",
        "options T: fixed_cost is -4.0; give a number of 0 or more",
        "options T: cost_per_m2 is nan; give a number of 0 or more",
        "options T: min_m2 9 is above max_m2 5",
        "options T: both required and forbidden; drop one",
        "pairs: site_id 'X' is not in options; ids must match",
        "pairs: area_id 'Y' is not in shortfall; ids must match",
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [({"sharing": "all"}, "'within_limit' or 'own'"), ({"budget": 0}, "above 0"),
     ({"budget": -3.0}, "above 0"), ({"budget": float("nan")}, "above 0")],
)  # fmt: skip
def test_a_bad_question_is_told(asked, told):
    with pytest.raises(InputError, match=told):
        cc.meet_area_standard(small_plan()[0], **asked)


def test_a_way_without_price_is_told():
    sites = pd.DataFrame({"acquisition": ["build;lease"]}, index=["S"])
    with pytest.raises(InputError, match="sites S: acquisition 'lease' has no price"):
        site_options(sites, PRICES)


def test_nothing_short_needs_nothing():
    problem = problem_of({"A": 0.0}, [("S", "build", 1, 1, 0, 9)], [("S", "A", True)])
    plan = cc.meet_area_standard(problem)
    assert (len(plan.sites), plan.cost, plan.proof.status) == (0, 0.0, "optimal")


# ------------------------------------------------------------------------------- from a study


def spots(places, crs="EPSG:4545", **columns):
    x, y = zip(*places.values(), strict=True)
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(x, y), index=list(places), crs=crs)


def test_the_toy_town_counted_by_hand():
    # Centre owes 600 and has 300; North owes 300 and has none; West and the village have enough
    town = cc.samples.toy_town()
    sites = spots({"N1": (700, 100), "N2": (100, 1000), "N3": (200, 100)})
    problem = cc.area_problem(town, sites, prices=PRICES)
    assert problem.shortfall.to_dict() == {"C": 300.0, "N": 300.0}
    pairs = problem.pairs.set_index(["site_id", "area_id"])
    # N1 is within 900 m of all homes of Centre: 300, 300, 200 and 700 m; N3 of three homes
    # at most: 400, 800, 700 and 1200 m; and one of the two homes of North has no road
    assert set(pairs.index) == {("N1", "C"), ("N2", "N")}
    assert pairs.loc[("N1", "C"), "households_reached"] == 40
    assert pairs.loc[("N1", "C"), "minutes"] == pytest.approx((300 + 300 + 200 + 700) / 4 / 60)
    plan = cc.meet_area_standard(problem)
    assert plan.sites["built_m2"].to_dict() == {"N1": 300.0, "N2": 300.0}
    assert plan.cost == 2 * (50 + 0.5 * 300)
    lenient = cc.area_problem(town, sites, prices=PRICES, least_share=0.75)
    assert ("N3", "C") in set(zip(lenient.pairs["site_id"], lenient.pairs["area_id"], strict=True))


def test_a_facility_is_enlarged_for_the_areas_it_serves():
    town = cc.samples.toy_town()
    more = pd.DataFrame({"cost_per_m2": 0.2, "max_m2": 120.0}, index=["S2"])
    sites = spots({"N1": (700, 100), "N2": (100, 1000)})
    plan = cc.meet_area_standard(cc.area_problem(town, sites, prices=PRICES, enlarge=more))
    assert plan.sites["built_m2"].to_dict() == {"N1": 180.0, "N2": 300.0, "S2": 120.0}
    alone = cc.area_problem(town, sites.iloc[:0], prices=PRICES, enlarge=more)
    assert cc.meet_area_standard(alone, leave_out=True).areas["reason"].to_dict() == {
        "C": "no_room", "N": "no_site"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facility", "told"),
    [("X9", "'X9' is not known"), ("F1", "'F1' counts for no area"), ("N1", "'N1' is a site too")],
)
def test_a_facility_that_cannot_be_enlarged_is_told(facility, told):
    more = pd.DataFrame({"cost_per_m2": 0.2, "max_m2": 120.0}, index=[facility])
    with pytest.raises(InputError, match=told):
        cc.area_problem(
            cc.samples.toy_town(), spots({"N1": (700, 100)}), prices=PRICES, enlarge=more
        )


def test_a_study_with_nothing_to_build_is_told():
    with pytest.raises(InputError, match="nothing to build"):
        cc.area_problem(cc.samples.toy_town(), prices=PRICES)


@pytest.fixture(scope="module")
def city(sample_study):
    return sample_study


@pytest.fixture(scope="module")
def city_problem(city):
    """The sample under 36 m2 per 100 households, with land enough: ten sites made larger."""
    rule = cc.FloorAreaRule(existing_m2_per_100=36.0)
    prices = cc.CostModel(
        {"build": 80.0, "buy_back": 40.0, "lease": 5.0, "convert": 15.0},
        {"build": 0.45, "buy_back": 0.7, "lease": 0.9, "convert": 0.25},
        "made up",
    )
    complexes = city.facilities[city.facilities["kind"] == "service_complex"]
    more = pd.DataFrame({"fixed_cost": 3.0, "cost_per_m2": 0.5}, index=complexes.index)
    more["max_m2"] = complexes["floor_m2"] * 0.5
    problem = cc.area_problem(city, prices=prices, enlarge=more, rule=rule, least_share=0.3)
    return rule, problem


def test_the_sample_city_meets_a_higher_standard_in_its_own_check(city, city_problem):
    rule, problem = city_problem
    assert len(problem.shortfall) > 30
    plan = cc.meet_area_standard(problem, leave_out=True)
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    assert plan.proof.verdict.endswith("in fractions")
    # what is built stands beside what there is, each part for its area; the check is run again
    parts = pd.DataFrame(
        {"kind": "service_complex", "status": "operating", "floor_m2": plan.allocation["m2"],
         "serves": plan.allocation["area_id"]}
    )  # fmt: skip
    parts.index = [f"new {k}" for k in parts.index]
    there = city.facilities[["kind", "status", "floor_m2", "serves"]]
    after = cc.check_floor_area(city.areas, pd.concat([there, parts]), rule, log=cc.IssueLog())
    left = after["shortfall_m2"].reindex(plan.areas.index)
    assert np.allclose(left, plan.areas["left_m2"], atol=2e-6)
    assert after["shortfall_m2"].sum() == pytest.approx(plan.left_m2, abs=1e-4)
    met = plan.areas.index[plan.areas["left_m2"] == 0]
    assert len(met) > 20
    assert (after.loc[met, "status"] == "pass").all()


def test_sharing_in_the_sample_city_never_closes_less_and_never_costs_more(city_problem):
    _, problem = city_problem
    shared = cc.meet_area_standard(problem, leave_out=True)
    own = cc.meet_area_standard(problem, sharing="own", leave_out=True)
    assert shared.left_m2 <= own.left_m2
    assert own.allocation["own"].all()
    assert not shared.allocation["own"].all()
    if shared.left_m2 == own.left_m2:
        assert shared.cost <= own.cost + 1e-6


def test_a_search_cut_short_does_not_charge_for_sites_that_serve_nobody(monkeypatch):
    problem = problem_of(
        {"A": 100.0},
        [("S1", "build", 50.0, 1.0, 0.0, np.inf), ("S2", "build", 70.0, 1.0, 0.0, np.inf)],
        [("S1", "A", True), ("S2", "A", False)],
        required=[False, False],
    )
    whole = area_standard.solve

    def cut_short(model, **options):
        """What a search may hold when its time is over: the idle site is taken as well."""
        found = whole(model, **options)
        if "time_limit_s" not in options:
            return found
        return replace(found, x=np.r_[1.0, 1.0, found.x[2:]], objective=220.0, status="time_limit")

    monkeypatch.setattr(area_standard, "solve", cut_short)
    plan = cc.meet_area_standard(problem)
    assert plan.sites.index.tolist() == ["S1"]
    assert plan.proof.objective == plan.sites["cost"].sum() == 150.0
