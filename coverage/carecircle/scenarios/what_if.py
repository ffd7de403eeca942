"""A study under a scenario: its changed tables, and what changes for which home."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from carecircle.analysis.roster import is_eligible
from carecircle.errors import InputError
from carecircle.inputs.topology import assign_areas
from carecircle.planning.scenario import Known, check_scenarios
from carecircle.roads.changes import add_roads, close_roads, with_speeds
from carecircle.roads.network import RoadNetwork
from carecircle.roads.speeds import network_at_speed, profile_at_speed

if TYPE_CHECKING:
    import numpy as np

    from carecircle.planning.scenario import Scenario
    from carecircle.roads.profiles import TravelProfile
    from carecircle.study.assessment import Study

__all__ = ["apply_scenario", "known_to", "names_served", "opened_by", "sites_as_facilities"]

_PEOPLE = ("households", "population", "elders", "elders80", "households_new")


def apply_scenario(study: Study, scenario: Scenario) -> Study:
    """Return the study as it would be under a scenario, ready for :func:`carecircle.assess`.

    Parameters
    ----------
    study
        The study of today.
    scenario
        What changes. A built site becomes an operating facility of its own ``kind`` (by default the
        first kind that the study counts), and serves the area it stands in unless it says
        otherwise.

    Returns
    -------
    Study
        Shares what does not change with ``study``, the road network above all.

    Raises
    ------
    InputError
        With everything wrong in the scenario, or if it gives a speed of walking to a study that
        has no use for one: its profile has a speed for each road class, or its minutes are given.

    Examples
    --------
    >>> import carecircle as cc
    >>> from carecircle.planning.scenario import Scenario
    >>> town = cc.samples.toy_town()
    >>> apply_scenario(town, Scenario("open it", build=["F2"])).facilities.loc["F2", "status"]
    'operating'
    """
    check_scenarios([scenario], known_to(study))
    tables, roads = study.tables, scenario.roads
    changed = replace(tables, facilities=_facilities(study, scenario))
    if scenario.changes_people:
        changed = replace(
            changed,
            areas=_scaled(tables.areas, tables.areas.index.to_series(), scenario),
            homes=_scaled(tables.homes, tables.homes["area_id"], scenario),
        )
    if roads:
        lines = close_roads(tables.roads, roads.close)
        lines = add_roads(lines, roads.add) if len(roads.add) else lines
        changed = replace(changed, roads=lines)
    limits = {**study.card.limits, **scenario.limits}
    card = replace(study.card, limits=limits, profile=_profile(study, scenario))
    planned = replace(study, card=card, tables=changed)
    if tables.minutes is None:
        # what the cached property would build, or better
        vars(planned)["network"] = _network(study, planned, scenario)
    return planned


def _profile(study: Study, scenario: Scenario) -> TravelProfile:
    profile, speed = study.card.profile, scenario.walking_speed
    if speed is None:
        return profile
    if study.tables.minutes is not None:
        raise InputError(
            f"scenario {scenario.name!r}: walking_speed changes nothing where the study brings its"
            " own minutes; leave it out, or give the study roads"
        )
    return profile_at_speed(profile, speed)


def _network(study: Study, planned: Study, scenario: Scenario) -> RoadNetwork:
    roads, tables, profile = scenario.roads, planned.tables, planned.card.profile
    if roads:
        network = RoadNetwork.from_roads(tables.roads, profile, barriers=tables.barriers)
        return with_speeds(network, roads.speed) if roads.speed else network
    if scenario.walking_speed is not None:
        return network_at_speed(study.network, scenario.walking_speed)
    return study.network


def known_to(study: Study) -> Known:
    """Return what scenarios for this study may refer to."""
    tables = study.tables
    return Known(tables.facilities, tables.sites, tables.areas, tables.roads, study.card.limits)


def sites_as_facilities(study: Study, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return candidate sites as the operating facilities they would become.

    Parameters
    ----------
    study
        Says which kind they are of, and whether facilities name the areas they serve.
    sites
        Contract ``sites``; may have ``kind`` and ``serves``.

    Returns
    -------
    geopandas.GeoDataFrame
        Contract ``facilities``; ``area_id`` is the area they stand in.
    """
    built = sites.drop(columns=[c for c in ("required", "forbidden", "group") if c in sites])
    usual = study.card.eligible[0]
    built = built.rename_axis(index="facility_id").assign(
        area_id=assign_areas(sites, study.areas),
        status="operating",
        kind=built["kind"].fillna(usual) if "kind" in built else usual,
    )
    if names_served(study):
        serves = built["serves"] if "serves" in built else pd.Series(pd.NA, built.index)
        built["serves"] = serves.fillna(built["area_id"]).astype("str")
    return built


def names_served(study: Study) -> bool:
    """Return whether any facility that counts today names the areas it serves."""
    facilities = study.facilities
    if "serves" not in facilities:
        return False
    counts = is_eligible(facilities, study.card.eligible)
    return bool(facilities.loc[counts, "serves"].notna().any())


def opened_by(study: Study, scenario: Scenario) -> gpd.GeoDataFrame:
    """Return the facilities that a scenario opens or moves, as they would be.

    Parameters
    ----------
    study, scenario
        Checked to fit each other.

    Returns
    -------
    geopandas.GeoDataFrame
        Contract ``facilities``: sites built, facilities opened, then facilities moved.
    """
    sites, facilities = _sites_of(study, scenario), study.facilities
    new = [one for one in scenario.build if one in sites.index]
    old = [one for one in scenario.build if one not in sites.index]
    parts = []
    if new:
        parts.append(sites_as_facilities(study, sites.loc[new]))
    if old:
        parts.append(facilities.loc[old].assign(status="operating"))
    if scenario.move:
        parts.append(_moved(study, scenario, sites))
    if not parts:
        return facilities.iloc[:0].assign(status="operating")
    frame = pd.concat(parts) if len(parts) > 1 else parts[0]
    frame = gpd.GeoDataFrame(frame, geometry="geometry", crs=facilities.crs)
    return frame.rename_axis(index="facility_id")


def _moved(study: Study, scenario: Scenario, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    moved = study.facilities.loc[list(scenario.move)].copy()
    spots = [
        sites.geometry[to] if isinstance(to, str) else shapely.Point(to)
        for to in scenario.move.values()
    ]
    moved = moved.set_geometry(gpd.GeoSeries(spots, index=moved.index, crs=study.facilities.crs))
    return moved.assign(area_id=assign_areas(moved, study.areas))


def _sites_of(study: Study, scenario: Scenario) -> gpd.GeoDataFrame:
    """Return the candidate sites that a scenario builds on or moves to."""
    crs, own = study.facilities.crs, scenario.sites
    if own is not None and not isinstance(own, gpd.GeoDataFrame):
        spots = [shapely.Point(spot) for spot in own.values()]
        index = pd.Index(list(own), name="site_id", dtype="str")
        own = gpd.GeoDataFrame({"name": list(own)}, geometry=spots, index=index, crs=crs)
    named = [*scenario.build, *(to for to in scenario.move.values() if isinstance(to, str))]
    parts = [part for part in (study.tables.sites, own) if part is not None]
    parts = [part[part.index.isin(named)] for part in parts]
    parts = [part for part in parts if len(part)]
    if not parts:
        return gpd.GeoDataFrame({"geometry": []}, geometry="geometry", index=[], crs=crs)
    if len(parts) == 1:
        return parts[0]
    return gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=crs)


def _facilities(study: Study, scenario: Scenario) -> gpd.GeoDataFrame:
    today = study.facilities
    opened = opened_by(study, scenario)
    kept = today.drop(index=[*opened.index.intersection(today.index)])
    together = pd.concat([kept, opened]) if len(opened) else kept.copy()
    if scenario.close:
        together.loc[list(scenario.close), "status"] = "closed"
    for one, more_m2 in scenario.enlarge.items():
        together.loc[one, "floor_m2"] += more_m2
    frame = gpd.GeoDataFrame(together, geometry="geometry", crs=today.crs)
    # a table without a status column counts as operating throughout
    return frame.assign(status=frame["status"].fillna("operating")) if "status" in frame else frame


def _scaled(frame: gpd.GeoDataFrame, area: pd.Series, scenario: Scenario) -> gpd.GeoDataFrame:
    factor = scenario.population
    by_row: np.ndarray | float
    if isinstance(factor, int | float):
        by_row = float(factor)
    else:
        by_row = area.map(dict(factor)).fillna(1.0).to_numpy(dtype=float)
    present = [name for name in _PEOPLE if name in frame]
    return frame.assign(**{name: frame[name] * by_row for name in present})
