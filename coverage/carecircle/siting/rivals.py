"""A study's own facilities against its rivals: who could be won from whom."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.analysis.roster import is_eligible
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.planning.scenario import Scenario
from carecircle.roads.reach import reach
from carecircle.scenarios.what_if import apply_scenario
from carecircle.siting.problem import siting_instance
from carecircle.study.places import find_positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from carecircle.planning.instance import Instance
    from carecircle.planning.siting import DemandWeight
    from carecircle.study.assessment import Study

__all__ = ["market_problem"]


def market_problem(
    study: Study,
    sites: gpd.GeoDataFrame | None = None,
    *,
    rivals: Sequence[str],
    weight: DemandWeight = "elders",
) -> tuple[Instance, pd.DataFrame]:
    """Make a problem of winning people from some of a study's facilities.

    Parameters
    ----------
    study
        The study; its facilities that count today are ours, but for the rivals.
    sites, weight
        As for :func:`carecircle.siting_instance`.
    rivals
        Ids of facilities of the study that others run, of any kind and status.

    Returns
    -------
    Instance, pandas.DataFrame
        The problem, and ``home_id``, ``minutes`` of every rival within the limit of the home: the
        first two arguments of :func:`carecircle.market_share`.

    Raises
    ------
    InputError
        If a rival is no facility of the study, or as :func:`carecircle.siting_instance` does.

    Examples
    --------
    >>> import carecircle as cc, geopandas as gpd, shapely
    >>> town = cc.samples.toy_town()  # F1 serves 80 elders today
    >>> spot = gpd.GeoDataFrame(geometry=[shapely.Point(0, 50)], index=["N1"], crs=town.areas.crs)
    >>> problem, others = market_problem(town, spot, rivals=["F1"])
    >>> plan = cc.market_share(problem, others, n_sites=1)
    >>> plan.site_ids, 0 < plan.proof.objective < 80
    (['N1'], True)
    """
    named = [rivals] if isinstance(rivals, str) else [str(one) for one in rivals]
    facilities = study.facilities
    faults = [
        f"rivals: facility {one!r} is unknown"
        + "".join(f"; did you mean {near}?" for near in get_close_matches(one, facilities.index, 1))
        for one in named
        if one not in facilities.index
    ]
    if faults or not named:
        raise InputError("\n".join(faults) or "rivals: none is named; give ids of facilities")
    counts = facilities.index[is_eligible(facilities, study.card.eligible)]
    shut = [one for one in named if one in counts]
    ours = apply_scenario(study, Scenario("without rivals", close=shut)) if shut else study
    problem = siting_instance(ours, sites, weight=weight)
    places, homes = find_positions(study, facilities.assign(eligible=True), IssueLog())
    longest = max(float(problem.limit.max(initial=0.0)), 1e-3)
    ways = reach(
        study.network, places.loc[list(dict.fromkeys(named))], homes.loc[problem.demand_ids],
        max_minutes=longest, direction=study.card.direction,
        extra_minutes=facilities.get("extra_minutes"),
    )  # fmt: skip
    limit = pd.Series(problem.limit, problem.demand_ids)
    within = ways["minutes"].to_numpy() <= limit.reindex(ways["home_id"]).to_numpy()
    return problem, ways.loc[within, ["home_id", "minutes"]].reset_index(drop=True)
