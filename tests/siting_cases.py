"""Small siting problems, and the best answer to each by trying every set of sites."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from carecircle.planning.instance import Instance


def random_instance(seed, *, n_demand=14, n_sites=8, today=0.3, reach=0.7, **sites):
    """Whole-number minutes and weights; ``reach`` of all pairs; some demand served today."""
    rng = np.random.default_rng(seed)
    homes = [f"H{k:02d}" for k in range(n_demand)]
    names = [f"S{k}" for k in range(n_sites)]
    every = pd.MultiIndex.from_product([homes, names], names=["home_id", "site_id"]).to_frame(
        index=False
    )
    every["minutes"] = rng.integers(1, 30, len(every)).astype(float)
    demand = pd.DataFrame(
        {
            "weight": rng.integers(0, 40, n_demand).astype(float),
            "limit": 20.0,
            "today_minutes": np.where(
                rng.random(n_demand) < today, rng.integers(1, 30, n_demand), np.inf
            ),
        },
        index=homes,
    )
    pairs = every[rng.random(len(every)) < reach]
    return Instance.from_pairs(pairs, demand, pd.DataFrame(sites, index=names))


def minutes_table(instance):
    """Demand by sites; inf where there is no pair."""
    table = np.full((instance.n_demand, instance.n_sites), np.inf)
    table[instance.row, instance.column] = instance.minutes
    return table


def allowed_sets(instance, n_new):
    """Every mask of sites that may stand, with at most ``n_new`` chosen."""
    kept = instance.existing & ~instance.forbidden
    choice = np.flatnonzero(~instance.existing & ~instance.forbidden)
    for size in range(n_new + 1):
        for some in combinations(choice, size):
            mask = kept.copy()
            mask[list(some)] = True
            groups = instance.group[mask & (instance.group >= 0)]
            if (mask | ~instance.required).all() and len(set(groups)) == len(groups):
                yield mask


def nearest_of(instance, mask):
    """Minutes of each demand point to the nearest of today's facilities and a mask of sites."""
    near = minutes_table(instance)[:, mask].min(axis=1, initial=np.inf)
    return np.minimum(near, instance.today_minutes)


def stands_of(instance, plan):
    """The mask of sites that stand in a plan."""
    kept = instance.existing & ~instance.forbidden
    return kept | instance.site_ids.isin(plan.chosen.index)


def dense_instance(table, weight=None):
    """Every demand point reaches every site."""
    n, m = table.shape
    homes, sites = (
        pd.Index(np.char.mod(f"{kind}%04d", np.arange(k)))
        for kind, k in zip("HS", (n, m), strict=True)
    )
    pairs = pd.DataFrame(
        {
            "home_id": homes.repeat(m),
            "site_id": sites[np.tile(np.arange(m), n)],
            "minutes": np.ravel(table).astype(float),
        }
    )
    demand = pd.DataFrame({"weight": np.ones(n) if weight is None else weight}, index=homes)
    return Instance.from_pairs(pairs, demand, pd.DataFrame(index=sites))


def pmed_instance(folder, name):
    """An instance of the OR-Library and its number of sites; of a repeated edge the last counts."""
    from scipy.sparse.csgraph import shortest_path

    numbers = np.array((folder / "locate" / "pmed" / f"{name}.txt").read_text().split(), dtype=int)
    n, m, p = numbers[:3]
    cost = np.zeros((n, n))
    for i, j, k in numbers[3 : 3 + 3 * m].reshape(-1, 3):
        cost[i - 1, j - 1] = cost[j - 1, i - 1] = k
    return dense_instance(shortest_path(cost, directed=False)), int(p)


def sf_instance(folder):
    """San Francisco: 205 tracts, 16 stores, metres along the roads."""
    file = (
        folder / "locate" / "sf" / "SF_network_distance_candidateStore_16_censusTract_205_new.csv"
    )
    table = pd.read_csv(file, dtype={"DestinationName": str})
    pairs = table.rename(
        columns={"DestinationName": "home_id", "name": "site_id", "distance": "minutes"}
    )
    demand = table.drop_duplicates("DestinationName").set_index("DestinationName")
    demand = demand[["demand"]].rename(columns={"demand": "weight"}).astype(float)
    sites = pd.DataFrame(index=sorted(table["name"].unique()))
    return Instance.from_pairs(pairs[["home_id", "site_id", "minutes"]], demand, sites)
