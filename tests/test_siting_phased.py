from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning.cover import max_cover, min_sites
from carecircle.planning.instance import Instance
from carecircle.planning.phasing import phased, phased_to_all
from carecircle.planning.verify import verify
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
@pytest.mark.parametrize("seed", range(6))
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
