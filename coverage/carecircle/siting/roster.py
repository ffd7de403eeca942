"""Two aims that are easily taken for one: a facility for each community, or care in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.roster import is_eligible, roster
from carecircle.planning.notebook_tables import as_html
from carecircle.planning.options import SolveOptions
from carecircle.planning.pareto import Search
from carecircle.scenarios.what_if import names_served, sites_as_facilities
from carecircle.siting.problem import siting_instance

if TYPE_CHECKING:
    import geopandas as gpd

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan
    from carecircle.planning.siting import DemandWeight
    from carecircle.study.assessment import Study

__all__ = ["RosterBesideTime", "roster_beside_time", "roster_problem"]

_DEFAULT = SolveOptions()
_TIME, _ROSTER = "most in time", "most communities"


@dataclass(frozen=True, eq=False)
class RosterBesideTime:
    """The plan for most people in time beside the plan for most communities with a facility.

    Attributes
    ----------
    table
        Rows ``today``, ``most in time``, ``most communities``: ``in_time`` of ``people`` (weight
        within the limit, and all), ``with_facility`` of ``communities``, ``lost_in_time`` and
        ``lost_communities`` against the better of the two plans, ``site_ids`` joined by ``;``.
    time_plan, roster_plan
        Each proven best by its own measure, and among such plans by the other one.
    in_common
        Sites of both plans.
    """

    table: pd.DataFrame
    time_plan: Plan
    roster_plan: Plan
    in_common: tuple[str, ...]

    def __repr__(self) -> str:
        fewer = float(self.table["lost_in_time"][_ROSTER])
        without = float(self.table["lost_communities"][_TIME])
        return (
            f"RosterBesideTime({len(self.in_common)} of {len(self.time_plan.chosen)} and"
            f" {len(self.roster_plan.chosen)} sites in common; by the roster {fewer:,.6g} fewer"
            f" in time, by time {without:g} fewer communities with a facility)"
        )

    def _repr_html_(self) -> str:
        note = f"in common: {', '.join(self.in_common) or 'none'}"
        return as_html(repr(self), self.table, note)


def roster_beside_time(
    study: Study,
    *,
    n_sites: int,
    sites: gpd.GeoDataFrame | None = None,
    weight: DemandWeight = "elders",
    options: SolveOptions = _DEFAULT,
) -> RosterBesideTime:
    """Find the best sites for the roster and the best for time, and what they have in common.

    The published rates count communities that have a facility; who is in time is another question,
    with other sites. :func:`pareto_front` with :func:`roster_problem` lists the plans between.

    Parameters
    ----------
    study
        The study.
    n_sites
        Most new sites of each plan.
    sites, weight
        As for :func:`siting_instance`.
    options
        Limits of each search.

    Returns
    -------
    RosterBesideTime
        Both plans with their proofs, and each measured by both.

    Raises
    ------
    InputError
        As :func:`siting_instance` and ``max_cover`` do.

    Examples
    --------
    >>> import carecircle as cc, geopandas as gpd, shapely
    >>> town = cc.samples.toy_town()
    >>> spots = gpd.GeoDataFrame({"serves": ["C", "V"]}, index=["N1", "N2"], crs=town.areas.crs,
    ...                          geometry=gpd.points_from_xy([900, 200], [0, 400]))
    >>> roster_beside_time(town, n_sites=1, sites=spots).table["with_facility"].to_dict()
    {'today': 1.0, 'most in time': 2.0, 'most communities': 2.0}
    """
    time = siting_instance(study, sites, weight=weight)
    owed = roster_problem(study, time, sites=sites)
    plans, values = [], []
    for first, second in ((time, owed), (owed, time)):
        search = Search.of(first, second, n_sites=n_sites, budget=None, options=options)
        point = search.end(second_first=False)
        plans.append(search.plan(point))
        values.append((point.first, point.second))
    today = [float(one.weight[one.covered_today()].sum()) for one in (time, owed)]
    got = np.array([today, values[0], values[1][::-1]])
    best = np.array([values[0][0], values[1][0]])
    table = pd.DataFrame(
        {
            "in_time": got[:, 0],
            "people": float(time.weight.sum()),
            "with_facility": got[:, 1],
            "communities": owed.n_demand,
            "lost_in_time": best[0] - got[:, 0],
            "lost_communities": best[1] - got[:, 1],
            "site_ids": ["", *(";".join(sorted(plan.site_ids)) for plan in plans)],
        },
        index=pd.Index(["today", _TIME, _ROSTER], name="plan"),
    )
    both = set(plans[0].site_ids) & set(plans[1].site_ids)
    return RosterBesideTime(table, plans[0], plans[1], tuple(sorted(both)))


def roster_problem(
    study: Study, instance: Instance, *, sites: gpd.GeoDataFrame | None = None
) -> Instance:
    """Return the problem of giving communities a facility of their own, over the same sites.

    Parameters
    ----------
    study
        Says who has a facility today, and whether facilities name the areas they serve.
    instance
        The problem by time, from :func:`siting_instance` with the same sites.
    sites
        As given to :func:`siting_instance`.

    Returns
    -------
    Instance
        One demand point of weight 1 for each area; a pair where a site would be its facility.
    """
    sites = study.tables.sites if sites is None else sites
    facilities, areas = study.facilities, study.areas
    counted = facilities[is_eligible(facilities, study.card.eligible)]
    has = roster(areas, counted)["has_facility"].to_numpy(dtype=bool)
    built = sites_as_facilities(study, sites)
    built = built[is_eligible(built, study.card.eligible).to_numpy()]
    owner = built["serves"] if names_served(study) else built["area_id"]
    owner = owner.dropna().astype("str").str.split(";").explode().str.strip()
    row = areas.index.get_indexer(pd.Index(owner))
    column = instance.site_ids.get_indexer(owner.index.astype(str))
    pairs = np.unique(np.column_stack((row, column))[(row >= 0) & (column >= 0)], axis=0)
    n = len(areas)
    return replace(
        instance,
        demand_ids=areas.index.rename(None),
        weight=np.ones(n),
        limit=np.ones(n),
        today_minutes=np.where(has, 0.0, np.inf),
        today_count=has.astype(np.int64),
        row=pairs[:, 0].astype(np.int64),
        column=pairs[:, 1].astype(np.int64),
        minutes=np.zeros(len(pairs)),
    )
