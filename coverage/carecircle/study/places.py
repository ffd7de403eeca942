"""Where the places of a study meet its roads, and which of them do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from carecircle.roads.positions import locate

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from carecircle.inputs.issues import IssueLog
    from carecircle.roads.network import RoadNetwork
    from carecircle.study.terms import Terms

__all__ = ["OnRoads", "find_positions", "snap_limits"]

#: More places without a road than these have one cause, and one line says it.
_MOST_SINGLE = 50
_SHOWN = 5
_REASONS = {
    "not_linked": ("far_from_road", "no road within {} m", "not assessed"),
    "blocked": ("blocked_from_road", "all roads within {} m are behind a barrier", "cut off"),
}


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
    _report_links("facilities", places, snap, log)
    _report_links("homes", homes, snap_home, log)
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


def _report_links(table: str, places: pd.DataFrame, snap_m: pd.Series, log: IssueLog) -> None:
    for reason, (code, found, effect) in _REASONS.items():
        lost = places.index[places["reason"] == reason]
        told = {"effect": f"{effect}, stays in every total"}
        if len(lost) > _MOST_SINGLE:
            far = "/".join(f"{metres:.0f}" for metres in sorted(set(snap_m[lost])))
            log.add(
                code, "warning", table,
                record=f"{', '.join(map(str, lost[:_SHOWN]))} and {len(lost) - _SHOWN:,} more",
                found=f"{len(lost):,} of {len(places):,} with {found.format(far)}",
                fix="give roads for the whole study, or check the datum", **told,
            )  # fmt: skip
            continue
        for record in lost:
            log.add(
                code, "warning", table, record=str(record),
                found=found.format(f"{snap_m[record]:.0f}"),
                fix="check its coordinates, or add the missing road", **told,
            )  # fmt: skip
    for record, leg in places.loc[places["passed_over"], "access_m"].items():
        log.add(
            "passed_over_island", "note", table, record=str(record),
            found="its nearest road is on a part that leads nowhere",
            used=f"a connected road {leg:.0f} m away",
        )  # fmt: skip
