from __future__ import annotations

import os
import signal

import numpy as np
import pandas as pd
import pytest

from carecircle.errors import InputError
from carecircle.planning.cover import (
    backup_cover,
    max_cover,
    max_min_share,
    min_sites,
    min_sites_for_share,
)
from carecircle.planning.engine.cover_model import CoverModel
from carecircle.planning.engine.greedy import Chooser, Limits
from carecircle.planning.engine.highs import solve
from carecircle.planning.engine.reduce import covering_table, undominated
from carecircle.planning.equity import Equity
from carecircle.planning.instance import Instance
from carecircle.planning.options import SolveOptions
from siting_cases import allowed_sets, random_instance, sf_instance, stands_of

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


def cover_counts(instance, mask):
    table = np.zeros((instance.n_demand, instance.n_sites), dtype=int)
    inside = instance.minutes <= instance.limit[instance.row]
    table[instance.row[inside], instance.column[inside]] = 1
    return instance.today_count + table[:, mask].sum(axis=1)


def weight_covered(instance, mask, times=1):
    return float(instance.weight[cover_counts(instance, mask) >= times].sum())


def new_cost(instance, mask):
    return float(instance.cost[mask & ~instance.existing].sum())


def new_number(instance, mask):
    return int((mask & ~instance.existing).sum())


def minutes_spent(instance, mask):
    """Who is not covered counts with the limit."""
    near = np.minimum(instance.today_minutes, instance.limit)
    for row, column, minutes in zip(instance.row, instance.column, instance.minutes, strict=True):
        if mask[column]:
            near[row] = min(near[row], minutes)
    return float(instance.weight @ near)


def proven(plan, best):
    assert plan.proof.status == "optimal"
    assert plan.proof.objective == pytest.approx(best, rel=1e-12)
    assert plan.proof.bound == plan.proof.objective
    assert plan.proof.verdict.startswith("verified")


@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(15))
def test_no_set_of_sites_covers_more(seed, make):
    instance = make(seed)
    best = max(weight_covered(instance, mask) for mask in allowed_sets(instance, 3))
    plan = max_cover(instance, n_sites=3)
    proven(plan, best)
    assert weight_covered(instance, stands_of(instance, plan)) == best
    assert plan.terms["covered"] == best


@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(10))
def test_no_set_of_sites_within_the_budget_covers_more(seed, make):
    instance = make(seed)
    allowed = [mask for mask in allowed_sets(instance, 8) if new_cost(instance, mask) <= 9]
    best = max(weight_covered(instance, mask) for mask in allowed)
    proven(max_cover(instance, budget=9), best)


@pytest.mark.parametrize("least", ["sites", "cost"])
@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(8))
def test_no_fewer_or_cheaper_sites_cover_everyone(seed, make, least):
    instance = make(seed)
    left = instance.demand_ids.isin(instance.unreachable())
    full = [
        mask
        for mask in allowed_sets(instance, 8)
        if (cover_counts(instance, mask)[~left] > 0).all()
    ]
    if not full:
        with pytest.raises(InputError, match="cannot hold together: at most one of"):
            min_sites(instance, least=least, leave_out_unreachable=True)
        return
    price = new_number if least == "sites" else new_cost
    plan = min_sites(instance, least=least, leave_out_unreachable=True)
    proven(plan, min(price(instance, mask) for mask in full))
    assert list(plan.left_out) == list(instance.demand_ids[left])


@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(8))
def test_no_fewer_sites_cover_the_share(seed, make):
    instance = make(seed)
    total = instance.weight.sum()
    enough = [
        mask for mask in allowed_sets(instance, 8) if weight_covered(instance, mask) >= 0.75 * total
    ]
    if not enough:
        with pytest.raises(InputError, match=r"share is 0\.75|cannot hold together"):
            min_sites_for_share(instance, share=0.75)
        return
    best = min(new_number(instance, mask) for mask in enough)
    proven(min_sites_for_share(instance, share=0.75), best)


@pytest.mark.parametrize("once_share", [1.0, 0.9])
@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(6))
def test_no_set_of_sites_backs_up_more_without_giving_up_first_cover(seed, make, once_share):
    instance = make(seed)
    masks = list(allowed_sets(instance, 3))
    once = max(weight_covered(instance, mask) for mask in masks)
    best = max(
        weight_covered(instance, mask, 2)
        for mask in masks
        if weight_covered(instance, mask) >= once_share * once
    )
    proven(backup_cover(instance, n_sites=3, once_share=once_share), best)


def halves(instance):
    return pd.Series(np.where(np.arange(instance.n_demand) % 2, "town", "country"),
                     index=instance.demand_ids)  # fmt: skip


def shares(instance, mask):
    covered = cover_counts(instance, mask) > 0
    unit = halves(instance).to_numpy()
    return [
        instance.weight[covered & (unit == one)].sum() / instance.weight[unit == one].sum()
        for one in ("country", "town")
    ]


@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(6))
def test_no_set_of_sites_lifts_the_worst_unit_higher(seed, make):
    instance = make(seed)
    masks = list(allowed_sets(instance, 3))
    best = max(min(shares(instance, mask)) for mask in masks)
    plan = max_min_share(instance, unit=halves(instance), n_sites=3)
    proven(plan, best)
    most = max(
        weight_covered(instance, mask) for mask in masks if min(shares(instance, mask)) >= best
    )
    assert plan.terms["covered"] == most


@pytest.mark.parametrize("seed", range(12))
def test_fair_plans_are_the_best_fair_ones(seed):
    instance = plain(seed)
    fair = [
        mask
        for mask in allowed_sets(instance, 3)
        if min(shares(instance, mask)) >= 0.4 and np.ptp(shares(instance, mask)) <= 0.15
    ]
    rule = Equity(halves(instance), min_share=0.4, max_gap=0.15)
    if not fair:
        with pytest.raises(InputError, match=r"cannot hold together|reaches"):
            max_cover(instance, n_sites=3, equity=[rule])
        return
    best = max(weight_covered(instance, mask) for mask in fair)
    proven(max_cover(instance, n_sites=3, equity=[rule]), best)


@pytest.mark.parametrize("seed", range(12))
def test_of_equally_good_plans_the_one_with_least_minutes_is_taken(seed):
    instance = random_instance(seed, reach=0.6)
    plan = max_cover(instance, n_sites=3)
    assert plan.terms["ties"] == "settled"
    size = len(plan.chosen)
    equal = [
        minutes_spent(instance, mask)
        for mask in allowed_sets(instance, size)
        if weight_covered(instance, mask) == plan.proof.objective
    ]
    assert minutes_spent(instance, stands_of(instance, plan)) == pytest.approx(min(equal))


def test_of_plans_alike_in_all_the_first_ids_are_taken():
    pairs = pd.DataFrame(
        [("H1", "S3", 4.0), ("H1", "S1", 4.0), ("H1", "S2", 5.0)],
        columns=["home_id", "site_id", "minutes"],
    )
    demand = pd.DataFrame({"weight": [10.0], "limit": 15.0}, index=["H1"])
    instance = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S3", "S2", "S1"]))
    assert max_cover(instance, n_sites=1).site_ids == ["S1"]
    assert min_sites(instance).site_ids == ["S1"]


def test_exactly_at_the_limit_is_covered_and_a_hair_beyond_is_not():
    pairs = pd.DataFrame(
        [("H1", "S1", 15.0), ("H2", "S1", np.nextafter(15.0, 16.0))],
        columns=["home_id", "site_id", "minutes"],
    )
    demand = pd.DataFrame({"weight": [1.0, 2.0], "limit": 15.0}, index=["H1", "H2"])
    plan = max_cover(Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1"])), n_sites=1)
    assert plan.proof.objective == 1.0
    assert list(plan.left_out) == ["H2"]


def test_the_order_of_building_gives_the_gains():
    pairs = pd.DataFrame(
        [("H1", "S1", 5.0), ("H2", "S1", 5.0), ("H2", "S2", 5.0), ("H3", "S2", 5.0)],
        columns=["home_id", "site_id", "minutes"],
    )
    demand = pd.DataFrame(
        {"weight": [30.0, 20.0, 10.0, 40.0], "limit": 15.0, "today_minutes": [np.inf] * 3 + [3.0]},
        index=["H1", "H2", "H3", "H4"],
    )
    sites = pd.DataFrame({"cost": [100.0, 20.0]}, index=["S1", "S2"])
    plan = max_cover(Instance.from_pairs(pairs, demand, sites), n_sites=2)
    assert plan.chosen.to_dict("list") == {
        "gain": [50.0, 10.0],
        "cumulative": [50.0, 60.0],
        "share": [0.9, 1.0],
        "cost": [100.0, 20.0],
        "cost_per_gain": [2.0, 2.0],
    }
    assert plan.allocation["site_id"].dropna().to_dict() == {"H1": "S1", "H2": "S1", "H3": "S2"}


def test_a_site_that_adds_nothing_is_not_built():
    instance = random_instance(3, reach=0.6)
    plan = max_cover(instance, n_sites=8)
    assert (plan.chosen["gain"] > 0).all()
    assert plan.terms["covered"] == weight_covered(instance, np.ones(8, dtype=bool))


@pytest.mark.parametrize("seed", range(10))
def test_greedy_gains_never_rise_and_reach_63_percent(seed):
    instance = random_instance(seed, n_demand=40, n_sites=15, today=0.0, reach=0.2)
    table = covering_table(instance)
    limits = Limits(4, np.ones(15), np.inf, np.full(15, -1))
    chooser = Chooser(table.covers, table.weight, limits)
    values = [chooser.value(chooser.filled()[:k]) for k in range(5)]
    gains = np.diff(values)
    assert (np.diff(gains) <= 1e-9).all()
    best = max_cover(instance, n_sites=4).proof.objective
    assert values[-1] >= (1 - 1 / np.e) * best
    assert values[-1] <= chooser.value(chooser.best()) <= best


@pytest.mark.parametrize("seed", range(6))
def test_decomposition_finds_what_the_whole_model_finds(seed, monkeypatch):
    instance = random_instance(seed, n_demand=120, n_sites=25, today=0.1, reach=0.1)
    whole = max_cover(instance, n_sites=5)
    monkeypatch.setattr("carecircle.planning.engine.cover_case._MOST_PAIRS_WHOLE", 0)
    split = max_cover(instance, n_sites=5)
    assert "Benders" in split.proof.solver
    proven(split, whole.proof.objective)
    money = max_cover(instance, budget=5.5)
    proven(money, whole.proof.objective)


def test_a_heuristic_says_so_and_gives_a_bound_that_holds():
    instance = random_instance(1, n_demand=120, n_sites=25, today=0.1, reach=0.1)
    best = max_cover(instance, n_sites=5).proof.objective
    plan = max_cover(instance, n_sites=5, options=SolveOptions(method="heuristic"))
    assert plan.proof.status in ("heuristic", "optimal")
    assert plan.proof.objective <= best <= plan.proof.bound


def test_equal_demand_is_one_row_and_an_outdone_site_is_dropped():
    pairs = pd.DataFrame(
        [("H1", "S1", 5.0), ("H1", "S2", 5.0), ("H2", "S1", 6.0), ("H2", "S2", 6.0),
         ("H3", "S2", 7.0), ("H4", "S3", 1.0)],
        columns=["home_id", "site_id", "minutes"],
    )  # fmt: skip
    demand = pd.DataFrame(
        {"weight": [1.0, 2.0, 4.0, 8.0], "limit": 15.0}, index=["H1", "H2", "H3", "H4"]
    )
    instance = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2", "S3"]))
    table = covering_table(instance)
    assert sorted(table.weight) == [3.0, 4.0, 8.0]
    assert table.row_of[0] == table.row_of[1]
    assert undominated(table, np.ones(3), np.full(3, -1)).tolist() == [False, True, True]


def test_the_same_problem_has_the_same_plan():
    instance = random_instance(5, n_demand=200, n_sites=30, reach=0.15)
    one, two = (max_cover(instance, n_sites=6) for _ in range(2))
    pd.testing.assert_frame_equal(one.chosen, two.chosen)
    pd.testing.assert_frame_equal(one.allocation, two.allocation)


def test_a_gap_asked_for_is_kept():
    instance = random_instance(5, n_demand=400, n_sites=60, today=0.0, reach=0.08)
    proof = max_cover(instance, n_sites=6, options=SolveOptions(gap=0.2)).proof
    assert proof.status in ("gap", "optimal")
    assert proof.bound <= proof.objective * 1.25


def test_progress_is_told():
    told = []
    instance = random_instance(5, n_demand=200, n_sites=30, reach=0.15)
    max_cover(instance, n_sites=6, options=SolveOptions(tell=told.append))
    assert any("best" in line and "bound" in line for line in told)


def case(n_sites=3, **sites):
    return random_instance(0, n_demand=6, n_sites=n_sites, today=0.0, reach=1.0, **sites)


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda: max_cover(case()), "give n_sites, budget, or both"),
        (lambda: max_cover(case(), n_sites=0), "n_sites is 0; give at least 1"),
        (lambda: max_cover(case(), n_sites=-2), "n_sites is -2; give at least 1"),
        (lambda: max_cover(case(), n_sites=4), "n_sites is 4, but 3 candidates"),
        (lambda: max_cover(case(), budget=0), "budget is 0; give an amount above 0"),
        (lambda: max_cover(case(), budget=float("nan")), "budget is nan"),
        (
            lambda: max_cover(case(required=[True, True, False]), n_sites=1),
            r"n_sites is 1, but 2 sites are required \(S0, S1\)",
        ),
        (
            lambda: max_cover(case(required=[True] * 3, cost=[5.0, 5.0, 1.0]), budget=8),
            r"budget is 8, but the required sites cost 11 \(S0, S1, S2\)",
        ),
        (
            lambda: max_cover(case(required=[True, True, False], group=["g", "g", None]), budget=8),
            "sites S0, S1 exclude one another",
        ),
        (lambda: min_sites_for_share(case(), share=0.0), r"share is 0\.0; give a share above 0"),
        (lambda: min_sites_for_share(case(), share=80), "share is 80; give a share"),
        (lambda: min_sites(case(), least="money"), "least is 'money'; give 'sites' or 'cost'"),
        (lambda: backup_cover(case(), n_sites=1, once_share=2), "once_share is 2"),
        (lambda: Equity(pd.Series(dtype=str), min_share=60), "min_share is 60; give a share"),
        (
            lambda: max_cover(case(), n_sites=1, equity=[Equity(pd.Series({"H00": "a"}))]),
            r"unit has no entry for demand 'H01' \(5 in all\)",
        ),
        (lambda: case(cost=[-1.0, 1.0, 1.0]), "cost is .*-1.0.*; give a number of 0 or more"),
    ],
)
def test_bad_input_gets_one_clear_line(ask, text):
    with pytest.raises(InputError, match=text) as caught:
        ask()
    assert "\n" not in str(caught.value)


def far_case():
    pairs = pd.DataFrame(
        [("H1", "S1", 5.0), ("H2", "S2", 5.0), ("H3", "S2", 40.0)],
        columns=["home_id", "site_id", "minutes"],
    )
    demand = pd.DataFrame({"weight": [30.0, 50.0, 20.0], "limit": 15.0}, index=["H1", "H2", "H3"])
    sites = pd.DataFrame({"group": ["g", "g"]}, index=["S1", "S2"])
    return Instance.from_pairs(pairs, demand, sites)


def test_who_cannot_be_reached_is_named_before_anything_is_solved():
    with pytest.raises(InputError, match=r"1 demand points .*\(H3\).*leave_out_unreachable=True"):
        min_sites(far_case())


def test_a_share_out_of_reach_says_what_can_be_reached():
    with pytest.raises(InputError, match=r"share is 0\.9, .* cover 80 of 100 \(0\.8\)"):
        min_sites_for_share(far_case(), share=0.9)


def test_rules_that_contradict_one_another_are_named():
    with pytest.raises(
        InputError,
        match=r"cannot hold together: at most one of S1, S2; share 0\.7 of all weight; loosen one",
    ):
        min_sites_for_share(far_case(), share=0.7)


def test_a_unit_that_nothing_lifts_is_named_with_what_it_can_reach():
    instance = far_case()
    unit = pd.Series({"H1": "north", "H2": "south", "H3": "south"})
    with pytest.raises(
        InputError, match=r"south reaches 0\.714286 at most .* below min_share 0\.8"
    ):
        max_cover(instance, n_sites=1, equity=[Equity(unit, min_share=0.8)])


def sjc_instance(folder, name, radius):
    from scipy.spatial.distance import cdist

    x, y, weight = np.loadtxt(folder / "locate" / "sjc" / f"{name}.txt", skiprows=1).T
    minutes = cdist(np.column_stack((x, y)), np.column_stack((x, y)))
    row, column = np.nonzero(minutes <= radius)
    homes, sites = (np.char.mod(f"{kind}%04d", np.arange(len(x))) for kind in "HS")
    pairs = pd.DataFrame(
        {"home_id": homes[row], "site_id": sites[column], "minutes": minutes[row, column]}
    )
    demand = pd.DataFrame({"weight": weight, "limit": float(radius)}, index=homes)
    return Instance.from_pairs(pairs, demand, pd.DataFrame(index=sites))


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["SJC324", "SJC402", "SJC500"])
@pytest.mark.parametrize("radius", [800, 1200, 1600])
def test_known_optima_of_sao_jose_dos_campos(real_data, name, radius):
    known = pd.read_csv(real_data / "locate" / "sjc" / "sjc_expected.csv")
    known = known[(known["instance"] == name) & (known["radius"] == radius)]
    instance = sjc_instance(real_data, name, radius)
    assert len(known) >= 3
    for row in known.itertuples():
        if row.problem == "lscp_min_facilities":
            proven(min_sites(instance), row.optimum)
        else:
            proven(max_cover(instance, n_sites=int(row.p)), row.optimum)


@pytest.mark.realdata
def test_known_optima_of_san_francisco(real_data):
    from dataclasses import replace

    known = pd.read_csv(real_data / "locate" / "sf" / "sf_expected.csv")
    every = sf_instance(real_data)
    solved = 0
    for row in known.itertuples():
        instance = replace(every, limit=np.full(every.n_demand, row.radius_m))
        if row.problem == "lscp_min_facilities":
            solved += 1
            if row.status == "infeasible":
                with pytest.raises(InputError, match=r"^(36|5) demand points"):
                    min_sites(instance)
            else:
                proven(min_sites(instance), row.optimum)
        elif row.problem == "mclp_max_covered_demand":
            solved += 1
            proven(max_cover(instance, n_sites=int(row.p)), row.optimum)
    assert solved == 20


@pytest.mark.parametrize("seed", range(6))
def test_halving_finds_as_few_sites_as_the_whole_model(seed, monkeypatch):
    instance = random_instance(seed, n_demand=80, n_sites=20, today=0.1, reach=0.1)
    whole = min_sites_for_share(instance, share=0.7)
    monkeypatch.setattr("carecircle.planning.engine.cover_case._MOST_PAIRS_WHOLE", 0)
    split = min_sites_for_share(instance, share=0.7)
    assert "Benders" in split.proof.solver
    proven(split, whole.proof.objective)


def nobody_to_cover():
    pairs = pd.DataFrame({"home_id": ["H1"], "site_id": ["S1"], "minutes": [3.0]})
    demand = pd.DataFrame({"weight": 3.0, "limit": 15.0, "today_minutes": 2.0}, index=["H1"])
    return Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1"]))


def nobody_in_reach():
    pairs = pd.DataFrame({"home_id": ["H1"], "site_id": ["S1"], "minutes": [30.0]})
    demand = pd.DataFrame({"weight": 3.0, "limit": 15.0}, index=["H1"])
    return Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1"]))


@pytest.mark.parametrize("method", ["exact", "heuristic"])
@pytest.mark.parametrize(("make", "covered"), [(nobody_to_cover, 3.0), (nobody_in_reach, 0.0)])
def test_nothing_to_gain_builds_nothing(make, covered, method):
    options = SolveOptions(method=method)
    for plan in (
        max_cover(make(), n_sites=1, options=options),
        max_cover(make(), budget=1, options=options),
        min_sites(make(), leave_out_unreachable=True, options=options),
    ):
        assert plan.site_ids == []
        assert plan.terms["covered"] == covered
        assert plan.proof.verdict.startswith("verified")


def hard_model():
    instance = random_instance(2, n_demand=300, n_sites=80, today=0.0, reach=0.08)
    table = covering_table(instance)
    limits = Limits(8, np.ones(len(table.sites)), np.inf, np.full(len(table.sites), -1))
    goal = np.concatenate((np.zeros(len(table.sites)), table.weight))
    return CoverModel(table, limits, ["number"]).model(goal, "max")


@pytest.fixture
def keyboard():
    """Hear Ctrl-C as at a terminal: a program started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_gives_the_best_so_far_with_its_bound(keyboard):
    def press(_):
        if not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    pressed = []
    solution = solve(hard_model(), tell=press)
    assert pressed
    assert solution.status == "interrupted"
    assert not solution.found or solution.objective <= solution.bound


def test_the_solver_prints_nothing(capfd):
    max_cover(random_instance(1), n_sites=2)
    assert capfd.readouterr() == ("", "")


def test_a_time_limit_keeps_the_bound():
    solution = solve(hard_model(), time_limit_s=0.3)
    assert solution.status == "time_limit"
    assert not solution.found or solution.objective <= solution.bound
