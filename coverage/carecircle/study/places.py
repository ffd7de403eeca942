"""Where the places of a study meet its roads, and which of them do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pandas as pd
import shapely

from carecircle.analysis.roster import is_eligible
from carecircle.errors import NetworkError
from carecircle.inputs.topology import assign_areas
from carecircle.roads.positions import locate

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np

    from carecircle.inputs.issues import IssueLog
    from carecircle.roads.network import RoadNetwork
    from carecircle.study.assessment import Study
    from carecircle.study.terms import Terms

__all__ = ["OnRoads", "check_roads", "find_positions", "snap_limits"]

#: More places without a road than these have one cause, and one line says it.
_MOST_SINGLE = 50
_SHOWN = 5
#: With a larger share without a road the roads or the datum are wrong, not the places.
_MOST_LOST = 0.2
_REASONS = {
    "not_linked": ("far_from_road", "no road within {} m", "not assessed"),
    "blocked": ("blocked_from_road", "all roads within {} m are behind a barrier", "cut off"),
}
#: What helps where some places have no road, and where many have none.
_FIXES = (
    "check its coordinates, add the missing road, or raise urban_snap_m or rural_snap_m",
    "give roads for the whole study, or check the datum",
)
_SITE_EFFECT = "nobody reaches it: no plan can choose it"


class OnRoads(Protocol):
    """What a study must have so that its places can be put on its roads."""

    @property
    def network(self) -> RoadNetwork:
        """The roads."""

    @property
    def terms(self) -> Terms:
        """How far a place may be from a road, by kind of area."""

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """The areas, with their kind."""

    @property
    def homes(self) -> gpd.GeoDataFrame:
        """The homes, with the area each is in."""


def find_positions(
    study: OnRoads, facilities: gpd.GeoDataFrame, log: IssueLog
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Locate all facilities and all homes of a study, and report every place that has no road.

    Returns
    -------
    facilities, homes : pandas.DataFrame
        As :func:`carecircle.locate` returns them.
    """
    network, terms = study.network, study.terms
    main = {0} if terms.prefer_connected else None
    snap = snap_limits(facilities["area_id"], study)
    places = locate(network, facilities, max_snap_m=snap, prefer=main)
    served = set(places.loc[facilities["eligible"], "component"]) - {-1}
    prefer = served if terms.prefer_connected else None
    snap_home = snap_limits(study.homes["area_id"], study)
    homes = locate(network, study.homes, max_snap_m=snap_home, prefer=prefer)
    _report_links("facilities", (facilities, places), snap, network, log)
    _report_links("homes", (study.homes, homes), snap_home, network, log)
    islands = network.islands()
    if len(islands) > 1:
        n, km = len(islands) - 1, islands["length_km"].iloc[1:].sum()
        found = (
            f"{n:,} part{'s' * (n > 1)} of the network not connected to the main one, {km:,.1f} km"
        )
        log.add("islands", "note", "roads", found=found,
                effect="homes there reach only facilities there")  # fmt: skip
    return places, homes


def snap_limits(area_of: pd.Series, study: OnRoads) -> pd.Series:
    """Return the longest access leg in metres of each place, by the kind of its area."""
    by_kind = study.areas["kind"].map(dict(study.terms.snap_m))
    return area_of.map(by_kind).astype(float).fillna(max(study.terms.snap_m.values()))


def check_roads(study: Study, log: IssueLog) -> pd.DataFrame:
    """Report which homes, facilities and candidate sites of a study have no road, before a run.

    Parameters
    ----------
    study
        The study. One that brings its own minutes has no roads to check.
    log
        Collects what an assessment would report of places without a road, the same of candidate
        sites, and roads that make no network (fatal).

    Returns
    -------
    pandas.DataFrame
        Index ``table`` (``homes``, ``facilities``, ``sites``): ``places``, ``on_road``.

    Examples
    --------
    >>> import carecircle as cc
    >>> from carecircle.inputs.issues import IssueLog
    >>> check_roads(cc.samples.toy_town(), IssueLog()).loc["homes"].tolist()
    [13, 12]
    """
    tables = study.tables
    found: dict[str, pd.DataFrame] = {}
    if tables.minutes is None:
        counted = is_eligible(tables.facilities, study.card.eligible)
        facilities = tables.facilities.assign(eligible=counted)
        try:
            found["facilities"], found["homes"] = find_positions(study, facilities, log)
        except NetworkError as fault:
            log.add("no_network", "fatal", "roads", found=str(fault),
                    fix="check the road classes and the travel profile")  # fmt: skip
        else:
            found |= _sites(study, log)
    names = [name for name in ("homes", "facilities", "sites") if name in found]
    on_road = [int((found[name]["piece"] >= 0).sum()) for name in names]
    counts = {"places": [len(found[name]) for name in names], "on_road": on_road}
    return pd.DataFrame(counts, index=pd.Index(names, name="table", dtype="str"))


def _sites(study: Study, log: IssueLog) -> dict[str, pd.DataFrame]:
    sites = study.tables.sites
    if sites is None or sites.empty:
        return {}
    snap = snap_limits(assign_areas(sites, study.areas), study)
    main = {0} if study.terms.prefer_connected else None
    at = locate(study.network, sites, max_snap_m=snap, prefer=main)
    _report_links("sites", (sites, at), snap, study.network, log)
    return {"sites": at}


def _report_links(
    table: str,
    where: tuple[gpd.GeoDataFrame, pd.DataFrame],
    snap_m: pd.Series,
    network: RoadNetwork,
    log: IssueLog,
) -> None:
    points, places = where
    roads = network.roads.geometry.array[network.can_link]
    for reason, (code, found, effect) in _REASONS.items():
        lost = points[(places["reason"] == reason).to_numpy()]
        if lost.empty:
            continue
        metres = _nearest_road_m(lost, roads)
        share = len(lost) / len(points)
        fix = _FIXES[int(share > _MOST_LOST)]
        effect_here = _SITE_EFFECT if table == "sites" else f"{effect}, stays in every total"
        if len(lost) > _MOST_SINGLE:
            far = "/".join(f"{limit:.0f}" for limit in sorted(set(snap_m[lost.index])))
            worst = metres.sort_values(ascending=False, kind="stable").head(_SHOWN)
            named = ", ".join(f"{one} ({away:,.0f} m)" for one, away in worst.items())
            log.add(
                code, "warning", table, record=f"{named} and {len(lost) - _SHOWN:,} more",
                found=f"{len(lost):,} of {len(points):,} ({share:.1%}) with {found.format(far)}",
                effect=effect_here, fix=fix,
            )  # fmt: skip
            continue
        for record, away in zip(lost.index, metres, strict=True):
            log.add(
                code, "warning", table, record=str(record),
                found=f"{found.format(f'{snap_m[record]:.0f}')}; nearest {away:,.0f} m away",
                effect=effect_here, fix=fix,
            )  # fmt: skip
    for record, leg in places.loc[places["passed_over"], "access_m"].items():
        log.add(
            "passed_over_island", "note", table, record=str(record),
            found="its nearest road is on a part that leads nowhere",
            used=f"a connected road {leg:.0f} m away",
        )  # fmt: skip


def _nearest_road_m(points: gpd.GeoDataFrame, roads: np.ndarray) -> pd.Series:
    """Return the metres from each point to the nearest road one can turn off from."""
    if not len(roads):
        return pd.Series(float("inf"), index=points.index)
    spots = points.geometry.array
    metres = shapely.distance(spots, roads[shapely.STRtree(roads).nearest(spots)])
    return pd.Series(metres, index=points.index)
