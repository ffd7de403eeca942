from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning.checks.verify import verify
from carecircle.planning.instance import Instance
from carecircle.planning.meet_roster import meet_roster
from carecircle.planning.roster_rules import RosterRule
from siting_cases import allowed_sets, nearest_of, random_instance, stands_of

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


def random_rules(seed):
    """Five communities with one each, two districts with two each; a site may serve several."""
    rng = np.random.default_rng(seed)
    sites = [f"S{k}" for k in range(8)]
    communities = [f"A{k}" for k in range(5)]
    serves = {
        site: ";".join(rng.choice(communities, rng.integers(1, 3), replace=False)) for site in sites
    }
    has = pd.Series({unit: 1 for unit in communities if rng.random() < 0.3}, dtype=float)
    district = dict(zip(sites, rng.choice(["D0", "D1"], 8), strict=True))
    return [
        RosterRule("community", communities, pd.Series(serves), has),
        RosterRule("district", ["D0", "D1"], pd.Series(district), pd.Series({"D0": 1}), least=2),
    ]


class Duties:
    """Rule and unit of each duty that a set of sites leaves open."""

    def __init__(self, rules, instance):
        each = [(rule, unit) for rule in rules for unit in rule.units]
        self.names = [(rule.name, unit) for rule, unit in each]
        self.serves = np.array([
            [unit in str(rule.serves.get(site)).split(";") for site in instance.site_ids]
            for rule, unit in each
        ])  # fmt: skip
        self.need = np.array([rule.least - rule.has.get(unit, 0) for rule, unit in each])

    def open(self, mask):
        short = self.serves[:, mask].sum(axis=1) < self.need
        return {self.names[k] for k in np.flatnonzero(short)}


def covered(instance, mask):
    return float(instance.weight[nearest_of(instance, mask) <= instance.limit].sum())


@pytest.mark.parametrize("least", ["sites", "cost"])
@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(4))
def test_no_fewer_or_cheaper_sites_meet_the_roster_and_none_as_good_cover_more(seed, make, least):
    instance, rules = make(seed), random_rules(seed)
    price = instance.cost if least == "cost" else np.ones(8)
    duties = Duties(rules, instance)
    cannot = duties.open(~instance.forbidden)
    met = [
        (price[mask & ~instance.existing].sum(), mask)
        for mask in allowed_sets(instance, 8)
        if duties.open(mask) <= cannot
    ]
    if not met:
        with pytest.raises(InputError, match="cannot hold together"):
            meet_roster(instance, rules=rules, least=least, leave_out_unreachable=True)
        return
    plan = meet_roster(instance, rules=rules, least=least, leave_out_unreachable=True)
    value = min(price for price, _ in met)
    cover = max(covered(instance, mask) for price, mask in met if price == value)
    assert plan.proof.status == "optimal"
    assert plan.proof.objective == plan.proof.bound == value
    assert plan.terms["covered"] == cover == covered(instance, stands_of(instance, plan))
    assert plan.proof.verdict.startswith("verified")
    left = plan.terms["units_left_out"]
    assert set(zip(left["rule"], left["unit"], strict=True)) == cannot


def town(**sites):
    """Two sites in A1, one in A2, none in A3; the second of A1 covers more. A4 has a facility."""
    pairs = pd.DataFrame(
        [("H1", "S1", 5.0), ("H1", "S2", 9.0), ("H2", "S2", 9.0), ("H3", "S3", 5.0)],
        columns=["home_id", "site_id", "minutes"],
    )
    demand = pd.DataFrame({"weight": [10.0, 20.0, 40.0], "limit": 15.0}, index=["H1", "H2", "H3"])
    return Instance.from_pairs(pairs, demand, pd.DataFrame(sites, index=["S1", "S2", "S3"]))


SERVES = pd.Series({"S1": "A1", "S2": "A1", "S3": "A2"})


def one_each(units=("A1", "A2", "A4"), **options):
    return RosterRule("community", list(units), SERVES, pd.Series({"A4": 1}), **options)


def test_each_community_gets_one_and_the_one_that_covers_more():
    plan = meet_roster(town(), rules=[one_each()])
    assert plan.site_ids == ["S3", "S2"]
    assert plan.proof.objective == 2.0
    assert plan.terms["covered"] == 70.0
    units = plan.terms["units"].set_index("unit")
    assert units["new"].to_dict() == {"A1": 1, "A2": 1, "A4": 0}
    assert units["has"].to_dict() == {"A1": 0, "A2": 0, "A4": 1}


def test_cheapest_comes_before_cover_and_existing_sites_count():
    dear = town(cost=[1.0, 2.0, 3.0])
    assert set(meet_roster(dear, rules=[one_each()], least="cost").site_ids) == {"S1", "S3"}
    there = town(existing=[True, False, False])
    plan = meet_roster(there, rules=[one_each()])
    assert plan.site_ids == ["S3"]
    assert plan.terms["units"]["has"].tolist() == [1, 0, 1]


def test_a_site_may_count_for_several_units_and_levels():
    shared = RosterRule("community", ["A1", "A2"], pd.Series({"S1": "A1; A2", "S3": "A2"}),
                        pd.Series(dtype=float))  # fmt: skip
    district = RosterRule("district", ["D1"], pd.Series({"S1": "D1", "S2": "D1"}),
                          pd.Series(dtype=float), least=2)  # fmt: skip
    assert meet_roster(town(), rules=[shared]).site_ids == ["S1"]
    assert set(meet_roster(town(), rules=[shared, district]).site_ids) == {"S1", "S2"}


def test_units_without_candidates_are_all_named_and_left_out_by_choice():
    rules = [one_each(["A1", "A3", "A5"]),
             RosterRule("district", ["D1"], pd.Series({"S1": "D1", "S2": "D1"}),
                        pd.Series({"D1": 1}), least=4)]  # fmt: skip
    few = "have too few candidates:"
    fix = "add sites, or leave them out with leave_out_unreachable=True"
    with pytest.raises(InputError) as caught:
        meet_roster(town(), rules=rules)
    assert str(caught.value).splitlines() == [
        f"2 units of community {few} A3 (lacks 1, 0 candidates), A5 (lacks 1, 0 candidates); {fix}",
        f"1 units of district {few} D1 (lacks 3, 2 candidates); {fix}",
    ]
    plan = meet_roster(town(), rules=rules, leave_out_unreachable=True)
    assert plan.site_ids == ["S2"]
    assert plan.terms["units_left_out"]["unit"].tolist() == ["A3", "A5", "D1"]


def test_a_roster_already_met_builds_nothing():
    plan = meet_roster(town(), rules=[one_each(["A4"])])
    assert plan.site_ids == []
    assert plan.proof.objective == plan.proof.bound == 0.0
    assert plan.proof.verdict.startswith("verified")


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 2))
def test_more_owed_never_costs_less(seed, least):
    instance, (communities, district) = plain(seed), random_rules(seed)
    more = replace(district, least=least + 1)
    few, many = (
        meet_roster(instance, rules=[communities, rule], least="cost", leave_out_unreachable=True)
        for rule in (replace(district, least=least), more)
    )
    if len(many.terms["units_left_out"]) == len(few.terms["units_left_out"]):
        assert few.proof.objective <= many.proof.objective


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda: one_each([]), "roster rule community: units is empty"),
        (lambda: one_each(["A1", "A1"]), "unit 'A1' stands twice"),
        (lambda: one_each(least=0), "least is 0; give a number of 1 or more"),
        (lambda: one_each(least=-3), "least is -3; give a number of 1 or more"),
        (lambda: meet_roster(town(), rules=[]), "rules is empty"),
        (lambda: meet_roster(town(), rules=[one_each(), one_each()]), "two roster rules are call"),
        (lambda: meet_roster(town(), rules=[one_each()], least="money"), "least is 'money'"),
        (
            lambda: meet_roster(
                town(), rules=[RosterRule("x", ["A1"], pd.Series({"S9": "A1"}), pd.Series())]
            ),
            "roster rule x: serves has S9, which is not among the sites",
        ),
        (
            lambda: meet_roster(town(group=["g", None, "g"]), rules=[
                RosterRule("x", ["A1"], pd.Series({"S1": "A1"}), pd.Series()),
                RosterRule("y", ["A2"], pd.Series({"S3": "A2"}), pd.Series())]),
            "cannot hold together: at most one of S1, S3; x A1 has at least 1; y A2 has at least",
        ),
        (lambda: town(required=[True] * 3, forbidden=[True, False, False]), "both required and"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_clear_line(ask, text):
    with pytest.raises(InputError, match=text) as caught:
        ask()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (lambda p: replace(p, chosen=p.chosen.iloc[:1]), "community A1 lacks 1"),
        (lambda p: replace(p, proof=replace(p.proof, objective=1.0)), "the objective is 2, the"),
        (lambda p: replace(p, proof=replace(p.proof, bound=3.0)), "is beyond the bound 3"),
        (
            lambda p: replace(p, terms={**p.terms, "units_left_out": p.terms["units"].iloc[[1]]}),
            "community A2 is left out, but there are sites enough",
        ),
    ],
)
def test_the_verifier_refuses_a_plan_that_was_changed(tamper, reason):
    plan = meet_roster(town(), rules=[one_each()])
    table = plan.allocation.assign(
        site_id=pd.array([None, None, "S3"], dtype="str"), minutes=[np.nan, np.nan, 5.0]
    )
    changed = tamper(plan)
    if len(changed.chosen) < len(plan.chosen):
        changed = replace(changed, allocation=table)
    verdict = verify(town(), changed)
    assert verdict.startswith("refused: ")
    assert reason in verdict


def test_the_verifier_sees_a_site_too_many():
    rule = one_each(["A1"])
    plan = meet_roster(town(), rules=[one_each(["A1", "A2"])])
    units = meet_roster(town(), rules=[rule]).terms["units"]
    loose = replace(plan, terms={**plan.terms, "rules": (rule,), "units": units})
    assert "without site 'S3' all is met for 1, less than the bound" in verify(town(), loose)


# --------------------------------------------------------------------------- from tables


def tables():
    areas = pd.DataFrame({"district_id": ["D1", "D1", "D2"]}, index=["A1", "A2", "A3"])
    sites = pd.DataFrame(
        {"area_id": ["A1", "A2", "A3"], "kind": ["complex", "station", None]},
        index=["S1", "S2", "S3"],
    )
    facilities = pd.DataFrame(
        {"kind": ["station", "complex", "station"], "serves": ["A1;A3", None, "A2"],
         "area_id": ["A1", "A3", "A2"], "status": ["operating", "operating", "planned"]},
        index=["F1", "F2", "F3"],
    )  # fmt: skip
    return areas, sites, facilities


def test_a_communitys_own_facility_is_the_one_that_names_it():
    rule = RosterRule.from_tables(*tables(), kinds=["station"])
    assert rule.units == ["A1", "A2", "A3"]
    assert rule.has.to_dict() == {"A1": 1, "A3": 1}
    # S1 is to be a complex; what S3 becomes is open
    assert rule.serves.to_dict() == {"S2": "A2", "S3": "A3"}


def test_for_a_district_a_facility_counts_where_it_stands():
    rule = RosterRule.from_tables(*tables(), level="district_id", kinds=["complex"], least=4)
    assert (rule.units, rule.least) == (["D1", "D2"], 4)
    assert rule.has.to_dict() == {"D2": 1}
    assert rule.serves.to_dict() == {"S1": "D1", "S3": "D2"}


def test_a_level_or_column_that_is_not_there_is_named():
    areas, sites, facilities = tables()
    with pytest.raises(InputError, match=r"level 'town' is not a column .* area_id, district_id"):
        RosterRule.from_tables(areas, sites, facilities, level="town")
    with pytest.raises(InputError, match=r"sites: column area_id is missing; .*assign_areas"):
        RosterRule.from_tables(areas, sites.drop(columns="area_id"), facilities)


def test_the_sample_says_which_communities_have_no_candidate(sample_study):
    study = sample_study
    sites = study.tables.sites
    urban = study.areas[study.areas["kind"] == "urban"]
    today = study.facilities[cc.is_eligible(study.facilities, study.card.eligible)]
    rule = RosterRule.from_tables(urban, sites, today)
    # whom a site reaches settles ties alone, so one home will do
    pairs = pd.DataFrame({"home_id": ["H1"], "site_id": sites.index[:1], "minutes": 5.0})
    table = pd.DataFrame(sites[["cost", "required", "forbidden", "group"]])
    instance = Instance.from_pairs(pairs, pd.DataFrame(index=["H1"]), table)
    plan = meet_roster(instance, rules=[rule], leave_out_unreachable=True)
    have = cc.roster(urban, today)["has_facility"]
    lack = set(have.index[~have])
    with_site = lack & set(sites.loc[sites["forbidden"] != True, "area_id"])  # noqa: E712  # missing: not said
    assert set(plan.terms["units_left_out"]["unit"]) == lack - with_site
    required = sites.index[sites["required"].fillna(False)]  # noqa: FBT003  # missing: not said
    beside = [site for site in required if sites.loc[site, "area_id"] not in with_site]
    assert plan.proof.objective == len(with_site) + len(beside)
    assert set(sites.loc[plan.site_ids, "area_id"]) >= with_site
    assert plan.proof.status == "optimal"
