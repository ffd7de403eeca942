"""Why a home is uncovered: no facility, one still to come, or roads that lead nowhere near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.neighbours import crosses
from carecircle.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from carecircle.analysis.gaps import GapContext

__all__ = ["add_causes", "straight_nearest"]


def straight_nearest(
    points: NDArray[np.object_], facilities: gpd.GeoDataFrame
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Return id and straight metres of the facility nearest to each point.

    Parameters
    ----------
    points
        In the CRS of the facilities.
    facilities
        Points; index ``facility_id``. Of equally near ones the lowest id is taken; one without a
        position is passed over.

    Examples
    --------
    >>> import geopandas as gpd
    >>> spots = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 9], [0, 0]), index=["F2", "F1"])
    >>> straight_nearest(np.array([shapely.Point(2, 0)]), spots)
    (array(['F2'], dtype=object), array([2.]))
    """
    ids = np.full(len(points), "", dtype=object)
    metres = np.full(len(points), np.nan)
    places = facilities[~(facilities.geometry.isna() | facilities.geometry.is_empty)].sort_index()
    if len(places):
        tree = shapely.STRtree(places.geometry.to_numpy())
        (home, place), distance = tree.query_nearest(points, return_distance=True)
        order = np.lexsort((place, home))
        home, first = np.unique(home[order], return_index=True)
        ids[home] = places.index.to_numpy(dtype=object)[place[order][first]]
        metres[home] = distance[order][first]
    return ids, metres


def add_causes(
    members: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    walls: shapely.STRtree,
    context: GapContext,
) -> gpd.GeoDataFrame:
    """Add to uncovered homes why they are uncovered, one of ``CAUSES`` of the gaps.

    Parameters
    ----------
    members
        Homes not covered: ``limit_minutes``, ``reason``, ``assessed``, point.
    facilities
        As for :func:`carecircle.uncovered_areas`.
    walls
        What :func:`carecircle.analysis.neighbours.barrier_pieces` gave.
    context
        Speed, kinds that count, detour factor.

    Returns
    -------
    geopandas.GeoDataFrame
        The homes with ``straight_id``, ``straight_m`` (nearest facility as the crow flies),
        ``planned_id`` (one coming in straight reach, or empty) and ``cause``.

    Raises
    ------
    InputError
        If the facilities do not say which of them count today.
    """
    if "eligible" not in facilities:
        raise InputError(
            "facilities: column eligible is missing, so none is known to count today; add it:"
            " facilities.assign(eligible=cc.is_eligible(facilities, kinds))"
        )
    members = members.copy()
    points = members.geometry.to_numpy()
    counted = facilities["eligible"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    kinds = context.kinds or tuple(facilities.loc[counted, "kind"].unique())
    status = facilities.get("status", default=pd.Series("operating", facilities.index))
    coming = status.isin(["planned", "building"]) & facilities["kind"].isin(kinds)
    reach = context.straight_reach_m(members["limit_minutes"]).to_numpy(dtype=float)
    members["straight_id"], members["straight_m"] = straight_nearest(points, facilities[counted])
    planned_id, planned_m = straight_nearest(points, facilities[coming.to_numpy()])
    members["planned_id"] = np.where(planned_m <= reach, planned_id, "")
    near = members["straight_m"].to_numpy() <= reach
    behind = np.zeros(len(members), dtype=bool)
    target = facilities.geometry.reindex(members.loc[near, "straight_id"]).to_numpy()
    behind[near] = crosses(shapely.shortest_line(points[near], target), walls)
    reason, assessed = members["reason"].to_numpy(), members["assessed"].to_numpy()
    members["cause"] = np.select(
        [
            ~assessed & (reason == "no_position"),
            ~assessed,
            reason == "other_component",
            (reason == "blocked") | behind,
            near,
            members["planned_id"].to_numpy() != "",
        ],
        ["no_position", "not_linked", "road_gap", "barrier", "detour", "planned"],
        default="no_facility",
    )
    return members
