from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from carecircle.errors import InputError
from carecircle.planning.center import p_center
from carecircle.planning.options import SolveOptions
from siting_cases import (
    allowed_sets,
    nearest_of,
    pmed_instance,
    random_instance,
    sf_instance,
    stands_of,
)


def smallest_worst(instance, n_new):
    usable = ~instance.forbidden[instance.column]
    counts = np.isfinite(instance.today_minutes)
    counts[instance.row[usable]] = True
    counts &= instance.weight > 0
    return min(nearest_of(instance, mask)[counts].max() for mask in allowed_sets(instance, n_new))


@pytest.mark.parametrize("seed", range(15))
def test_no_set_of_sites_has_a_smaller_worst_case(seed):
    instance = random_instance(seed, reach=0.9)
    best = smallest_worst(instance, 3)
    if np.isinf(best):
        with pytest.raises(InputError, match="needed"):
            p_center(instance, n_sites=3)
        return
    plan = p_center(instance, n_sites=3)
    assert (plan.proof.objective, plan.proof.bound, plan.proof.status) == (best, best, "optimal")
    near = nearest_of(instance, stands_of(instance, plan))
    assert near[(instance.weight > 0) & np.isfinite(near)].max() <= best


@pytest.mark.parametrize("seed", range(10))
def test_required_forbidden_existing_and_grouped_sites_are_heeded(seed):
    instance = random_instance(
        seed,
        reach=1.0,
        required=[True] + [False] * 7,
        forbidden=[False, True] + [False] * 6,
        existing=[False] * 2 + [True] + [False] * 5,
        group=[None, None, None, "a", "a", "a", "b", "b"],
    )
    plan = p_center(instance, n_sites=3)
    assert plan.proof.objective == plan.proof.bound == smallest_worst(instance, 3)
    assert "S0" in plan.site_ids
    assert not {"S1", "S2"} & set(plan.site_ids)
    assert len({"S3", "S4", "S5"} & set(plan.site_ids)) <= 1


def test_a_heuristic_says_so_unless_it_is_proven():
    instance = random_instance(4, reach=1.0, today=0.0, n_demand=30)
    quick = p_center(instance, n_sites=2, options=SolveOptions(method="heuristic"))
    best = smallest_worst(instance, 2)
    assert quick.proof.bound <= best <= quick.proof.objective
    assert quick.proof.status == ("optimal" if quick.proof.gap == 0 else "heuristic")


@pytest.mark.parametrize("n_sites", [0, -1, 9])
def test_a_number_of_sites_that_does_not_fit_is_told(n_sites):
    with pytest.raises(InputError, match="n_sites is"):
        p_center(random_instance(0), n_sites=n_sites)


@pytest.mark.realdata
def test_known_centers_of_san_francisco(real_data):
    expected = pd.read_csv(real_data / "locate" / "sf" / "sf_expected.csv")
    rows = expected[expected["problem"] == "pcenter_max_distance"]
    assert len(rows) == 4
    for row in rows.itertuples():
        plan = p_center(sf_instance(real_data), n_sites=int(row.p))
        assert plan.proof.objective == pytest.approx(row.optimum, abs=1e-5)
        assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["pmed1", "pmed3", "pmed5", "pmed11", "pmed15"])
def test_known_centers_of_the_or_library(real_data, name):
    known = pd.read_csv(real_data / "locate" / "pmed" / "pmedopt.csv", index_col="instance")
    instance, p = pmed_instance(real_data, name)
    proof = p_center(instance, n_sites=p).proof
    assert proof.objective == proof.bound == known.loc[name, "pcenter_optimum"]
