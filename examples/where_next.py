# ruff: noqa: INP001  # a script beside its studies, not a package
"""Where to build next, on the roads of uncovered areas: ``python where_next.py STUDY``.

STUDY is a folder here, such as ``porto_alegre``. Candidates stand along the roads inside the areas
that no facility reaches in time; the plan is proven best among them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import carecircle as cc


def main(path: Path, *, spacing_m: float = 300, n_sites: int = 10, most: int = 2_000) -> cc.Plan:
    """Return the best plan of ``n_sites`` among at most ``most`` candidates."""
    study = cc.load_study(path)
    result = cc.assess(study)
    sites = cc.candidates_from_roads(study.network, result.gaps, spacing_m)
    # every so many of them, for an even spread
    sites = sites.iloc[:: max(1, -(-len(sites) // most))]
    weight = "elders" if study.homes["elders"].notna().any() else "population"
    problem = cc.siting_instance(study, sites, weight=weight)
    return cc.max_cover(problem, n_sites=n_sites)


if __name__ == "__main__":
    plan = main(Path(sys.argv[1]))
    print(plan.chosen.to_string(float_format="{:,.3f}".format))  # noqa: T201  # a script
    print(plan.proof)  # noqa: T201
