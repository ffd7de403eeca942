from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning.instance import Instance
from carecircle.planning.meet import meet_roster
from carecircle.planning.roster_rules import RosterRule
from carecircle.planning.verify import verify
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


def lacks(rules, instance, mask):
    """Rule and unit of each duty that a set of sites leaves open."""
    stands = set(instance.site_ids[mask])
    found = set()
    for rule in rules:
        for unit in rule.units:
            have = rule.has.get(unit, 0)
            have += sum(
                site in stands and unit in str(text).split(";")
                for site, text in rule.serves.dropna().items()
            )
            if have < rule.least:
                found.add((rule.name, unit))
    return found


def covered(instance, mask):
    return float(instance.weight[nearest_of(instance, mask) <= instance.limit].sum())


@pytest.mark.parametrize("least", ["sites", "cost"])
@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(10))
def test_no_fewer_or_cheaper_sites_meet_the_roster_and_none_as_good_cover_more(seed, make, least):
    instance, rules = make(seed), random_rules(seed)
    price = instance.cost if least == "cost" else np.ones(8)
    cannot = lacks(rules, instance, ~instance.forbidden)
    met = [
        (price[mask & ~instance.existing].sum(), -covered(instance, mask))
        for mask in allowed_sets(instance, 8)
        if lacks(rules, instance, mask) <= cannot
    ]
    if not met:
        with pytest.raises(InputError, match="cannot hold together"):
            meet_roster(instance, rules=rules, least=least, leave_out_unreachable=True)
        return
    plan = meet_roster(instance, rules=rules, least=least, leave_out_unreachable=True)
    value, cover = min(met)
    assert plan.proof.status == "optimal"
    assert plan.proof.objective == plan.proof.bound == value
    assert plan.terms["covered"] == -cover == covered(instance, stands_of(instance, plan))
    assert plan.proof.verdict.startswith("verified")
    left = plan.terms["units_left_out"]
    assert set(zip(left["rule"], left["unit"], strict=True)) == cannot
