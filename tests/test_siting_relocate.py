from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning.cover import max_cover
from carecircle.planning.instance import Instance
from carecircle.planning.relocate import relocate_within_budget
from carecircle.planning.verify import verify
from carecircle.planning_study import siting_instance
from siting_cases import minutes_table, random_instance

OLD = [True] * 3 + [False] * 5
COST = [0.0, 0.0, 0.0, 4.0, 6.0, 3.0, 9.0, 5.0]
CLOSING = pd.Series({"S0": 1.0, "S1": -4.0})
MOVES = pd.Series({("S0", "S3"): 2.0, ("S0", "S4"): 1.0, ("S1", "S6"): 3.0, ("S2", "S3"): 3.0})


def plain(seed):
    return random_instance(seed, reach=0.3, today=0.2, existing=OLD, cost=COST)


def ruled(seed):
    return random_instance(
        seed, reach=0.3, today=0.2, existing=OLD, cost=COST,
        required=[True] + [False] * 6 + [True], forbidden=[False] * 5 + [True] + [False] * 2,
        group=[None, "a", None, "a", "b", None, "b", None],
    )  # fmt: skip


def covered(instance, mask):
    near = np.minimum(minutes_table(instance)[:, mask].min(axis=1, initial=np.inf),
                      instance.today_minutes)  # fmt: skip
    return float(instance.weight[near <= instance.limit].sum())


def least_spent(instance, mask, closing, moves):
    """Every way to pair what closes with what opens."""
    ids = instance.site_ids
    shut = [str(ids[k]) for k in np.flatnonzero(instance.existing & ~mask)]
    new = [str(ids[k]) for k in np.flatnonzero(mask & ~instance.existing)]
    cost = dict(zip(ids, instance.cost, strict=True))
    best = np.inf
    for size in range(min(len(shut), len(new)) + 1):
        for out in combinations(shut, size):
            for into in permutations(new, size):
                pairs = list(zip(out, into, strict=True))
                if any(pair not in moves for pair in pairs):
                    continue
                paid = sum(moves[pair] for pair in pairs)
                paid += sum(closing.get(site, 0.0) for site in shut if site not in out)
                paid += sum(cost[site] for site in new if site not in into)
                best = min(best, paid)
    return best


def every_outcome(instance, budget, closing, moves, n_standing=None):
    """Every set of sites that may stand within the budget, with what it covers and changes."""
    for bits in range(2**instance.n_sites):
        mask = (bits >> np.arange(instance.n_sites) & 1).astype(bool)
        groups = instance.group[mask & (instance.group >= 0)]
        allowed = (
            not (mask & instance.forbidden).any()
            and (mask | ~instance.required).all()
            and len(set(groups)) == len(groups)
            and (n_standing is None or mask.sum() <= n_standing)
        )
        if allowed and least_spent(instance, mask, closing, moves) <= budget + 1e-9:
            yield mask, covered(instance, mask), int((mask != instance.existing).sum())


def stands(instance, plan):
    return instance.site_ids.isin([*plan.terms["kept"], *plan.site_ids])


@pytest.mark.parametrize("n_standing", [None, 3])
@pytest.mark.parametrize("make", [plain, ruled])
@pytest.mark.parametrize("seed", range(6))
def test_no_other_changes_within_the_budget_cover_more(seed, make, n_standing):
    instance = make(seed)
    every = list(every_outcome(instance, 7, CLOSING[1:], MOVES[2:], n_standing))
    today = covered(instance, instance.existing)
    enough = [(value, -changes) for _, value, changes in every if value >= today]

    def ask():
        return relocate_within_budget(
            instance, budget=7, closing_cost=CLOSING[1:], move_cost=MOVES[2:],
            n_standing=n_standing,
        )  # fmt: skip

    if not enough:
        with pytest.raises(InputError, match="cannot hold together: .*no less covered than today"):
            ask()
        return
    plan = ask()
    value, changes = max(enough)
    assert plan.proof.status == "optimal"
    assert plan.proof.objective == plan.proof.bound == value
    assert plan.proof.verdict.startswith("verified")
    mask = stands(instance, plan)
    assert covered(instance, mask) == value
    assert (mask != instance.existing).sum() == -changes
    assert plan.terms["spent"] == least_spent(instance, mask, CLOSING[1:], MOVES[2:])
    assert plan.terms["spent"] <= 7
