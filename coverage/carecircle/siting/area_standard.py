"""The floor area a study is short of, and where it could be built: a problem to solve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.roster import is_eligible
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.topology import assign_areas
from carecircle.planning.area_problem import AreaProblem, enlargement_options, site_options
from carecircle.planning.siting import limits_of
from carecircle.roads.positions import locate
from carecircle.roads.reach import reach
from carecircle.standards.floor_area import PLAN_RULE, check_floor_area
from carecircle.standards.floor_supply import floor_links
from carecircle.study.places import find_positions, snap_limits

if TYPE_CHECKING:
    import geopandas as gpd

    from carecircle.planning.candidates import CostModel
    from carecircle.standards.floor_rule import FloorAreaRule
    from carecircle.study.assessment import Study

__all__ = ["area_problem"]

_SLACK = 1e-12


def area_problem(
    study: Study,
    sites: gpd.GeoDataFrame | None = None,
    *,
    prices: CostModel,
    enlarge: pd.DataFrame | None = None,
    rule: FloorAreaRule | None = None,
    least_share: float | None = None,
) -> AreaProblem:
    """Make a problem of the floor area that the communities of a study are short of.

    What an area is short of comes from :func:`carecircle.check_floor_area`: floor area that exists
    stays where it counts today, and surplus is not handed on. New m2 may serve the area that the
    site stands in (an enlarged facility: those it serves today), and any area of which enough
    households reach the site within their own limit. New sites are taken to become facilities of
    the kinds that the rule counts.

    Parameters
    ----------
    study
        The study.
    sites
        Contract ``sites``, as :func:`carecircle.planning.area_problem.site_options` reads them; the
        study's own when missing.
    prices
        Fixed cost and cost per m2 by acquisition, in any unit of money.
    enlarge
        Facilities that can be enlarged: index ``facility_id``, ``cost_per_m2``, ``max_m2`` (most
        m2 that can be added); may have ``fixed_cost``, ``min_m2``, ``required``, ``group``.
    rule
        What areas owe; the study's own when missing, or that of the Wuhai plan.
    least_share
        Least share of an area's households that reach a site for it to serve the area; the study's
        ``on_time_share`` when missing. Households that no road reaches stay in the total.

    Returns
    -------
    AreaProblem
        For :func:`carecircle.meet_area_standard`. Its pairs also have ``households_reached`` and
        ``households``; the minutes are the mean of the households that reach the site in time.

    Raises
    ------
    InputError
        With every facility that cannot be enlarged; if a site has no price; if the study brings its
        own minutes and no roads.

    Examples
    --------
    >>> import carecircle as cc, geopandas as gpd, shapely
    >>> town = cc.samples.toy_town()  # Centre and North are short of 300 m2 each
    >>> spots = gpd.GeoDataFrame(geometry=gpd.points_from_xy([700, 100], [100, 1000]),
    ...                          index=["N1", "N2"], crs=town.areas.crs)
    >>> prices = cc.CostModel({"build": 50.0}, {"build": 0.5}, "made up")
    >>> plan = cc.meet_area_standard(cc.area_problem(town, spots, prices=prices))
    >>> plan.areas["closed_m2"].to_dict()
    {'C': 300.0, 'N': 300.0}
    """
    if study.tables.minutes is not None:
        msg = "the study brings its own minutes and no roads; use AreaProblem.from_tables instead"
        raise InputError(msg)
    if least_share is not None and not 0 < least_share <= 1:
        raise InputError(f"least_share is {least_share!r}; give a share above 0, at most 1")
    rule = rule or study.terms.floor_rule or PLAN_RULE
    spots = study.tables.sites if sites is None else sites
    spots = study.facilities.iloc[:0][["geometry"]] if spots is None else spots
    more = pd.DataFrame(columns=["cost_per_m2", "max_m2"]) if enlarge is None else enlarge
    links = floor_links(study.areas, study.facilities, rule, IssueLog())
    _can_grow(more, study, spots, links)
    ways = [table for table in (site_options(spots, prices), enlargement_options(more))
            if len(table)]  # fmt: skip
    if not ways:
        msg = "nothing to build: give sites, or enlarge, the facilities that can be enlarged"
        raise InputError(msg)
    check = check_floor_area(study.areas, study.facilities, rule, log=IssueLog())
    share = study.card.on_time_share if least_share is None else least_share
    own = pd.concat([_inside(spots, study), _served_today(links, more.index)]).assign(own=True)
    pairs = _pairs(study, spots, more.index, share)
    pairs = pairs.merge(own, on=["site_id", "area_id"], how="outer")
    pairs["own"] = pairs["own"].notna()
    kept = pairs["own"] | pairs["enough"].eq(True)  # noqa: FBT003  # missing: nobody is in time
    return AreaProblem.from_tables(
        check["shortfall_m2"].where(check["status"] != "not_applicable", 0.0),
        pd.concat(ways, ignore_index=True),
        pairs[kept & pairs["area_id"].isin(check.index)].drop(columns="enough"),
    )


def _inside(sites: gpd.GeoDataFrame, study: Study) -> pd.DataFrame:
    """Return the area that each site stands in: as given, or by location."""
    given = sites["area_id"] if "area_id" in sites else pd.Series(None, sites.index, dtype=object)
    found = pd.Series(assign_areas(sites, study.areas), sites.index)
    area = given.astype(object).where(given.notna(), found)
    table = pd.DataFrame({"site_id": sites.index.astype("str"), "area_id": area.to_numpy()})
    return table.dropna()


def _served_today(links: pd.DataFrame, facilities: pd.Index) -> pd.DataFrame:
    """Return the areas to which the floor area of each facility counts."""
    mine = links[links["facility_id"].isin(facilities)]
    return mine[["facility_id", "area_id"]].rename(columns={"facility_id": "site_id"})


def _can_grow(more: pd.DataFrame, study: Study, sites: pd.DataFrame, links: pd.DataFrame) -> None:
    """Raise with every facility that cannot be enlarged."""
    faults = [
        f"enlarge: column {column!r} is missing; give it for every facility"
        for column in ("cost_per_m2", "max_m2")
        if column not in more
    ]
    for facility in more.index:
        if facility not in study.facilities.index:
            faults.append(f"enlarge: facility {facility!r} is not known; ids must match")
        elif facility not in set(links["facility_id"]):
            faults.append(f"enlarge: the floor area of facility {facility!r} counts for no area")
        if facility in sites.index:
            faults.append(f"enlarge: {facility!r} is a site too; rename the site")
    if faults:
        raise InputError("\n".join(faults))


def _pairs(
    study: Study, sites: gpd.GeoDataFrame, grown: pd.Index, least_share: float
) -> pd.DataFrame:
    """Return sites and areas of which somebody is in time, with how many households."""
    facilities = study.facilities.assign(
        eligible=is_eligible(study.facilities, study.card.eligible)
    )
    places, homes = find_positions(study, facilities, IssueLog())
    main = {0} if study.terms.prefer_connected else None
    spots = sites.rename_axis(index="site_id")
    snap = snap_limits(assign_areas(spots, study.areas), study)
    at = locate(study.network, spots, max_snap_m=snap, prefer=main)
    limit = limits_of(study.homes["area_id"], study.areas, study.card.limits)
    found = reach(
        study.network,
        pd.concat([at, places.loc[grown]]),
        homes,
        max_minutes=max(study.card.limits.values()),
        direction=study.card.direction,
    ).rename(columns={"facility_id": "site_id"})
    found = found[found["minutes"].to_numpy() <= limit.reindex(found["home_id"]).to_numpy()]
    people = _households(study)
    found = found.assign(
        area_id=study.homes["area_id"].reindex(found["home_id"]).to_numpy(),
        households=people.reindex(found["home_id"]).to_numpy(),
    )
    found["walked"] = found["minutes"] * found["households"]
    sums = found.groupby(["site_id", "area_id"], as_index=False)[["households", "walked"]].sum()
    total = people.groupby(study.homes["area_id"]).sum().reindex(sums["area_id"]).to_numpy()
    reached = sums["households"].to_numpy()
    return pd.DataFrame(
        {
            "site_id": sums["site_id"],
            "area_id": sums["area_id"],
            "minutes": np.divide(
                sums["walked"], reached, out=np.full(len(sums), np.nan), where=reached > 0
            ),
            "households_reached": reached,
            "households": total,
            "enough": (reached > 0) & (reached >= least_share * total * (1 - _SLACK)),
        }
    )


def _households(study: Study) -> pd.Series:
    """Return the households of each home; people, or 1 each, where households are not known."""
    for column in ("households", "population"):
        if column in study.homes and study.homes[column].notna().any():
            return study.homes[column].astype(float).fillna(0.0)
    return pd.Series(1.0, study.homes.index)
