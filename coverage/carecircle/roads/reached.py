"""The road pieces reached from each facility, exact to the metre where the limit runs out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.errors import InputError
from carecircle.roads.cutting import substrings
from carecircle.roads.places import Places, pack_places
from carecircle.roads.terms import bucket_seconds, check_limit, in_threads, to_minutes, to_seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork
    from carecircle.roads.places import Direction

__all__ = ["reached_roads"]


def reached_roads(
    network: RoadNetwork,
    facilities: gpd.GeoDataFrame,
    positions: pd.DataFrame,
    *,
    max_minutes: float,
    direction: Direction = "to_facility",
    extra_minutes: pd.Series | None = None,
) -> gpd.GeoDataFrame:
    """List the parts of road within ``max_minutes`` of each facility, with minutes at both ends.

    Minutes run straight along every part: a piece reached from both its ends is cut where the two
    ways take equally long, and the last piece is cut where the limit runs out. The access leg
    between facility and road is a part too.

    Parameters
    ----------
    network
        The network.
    facilities
        Points; index ``facility_id``.
    positions
        Their positions from :func:`carecircle.locate`, joined by id.
    max_minutes
        The limit; exactly at the limit is reached.
    direction, extra_minutes
        As in :func:`carecircle.nearest`.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per part: ``facility_id``, ``road_id`` (missing for an access leg), ``start_m`` and
        ``end_m`` along that road, ``minutes_start`` and ``minutes_end`` at the line's ends, line.
        Sorted by facility, then road. A facility that is not linked has no rows.

    Raises
    ------
    InputError
        If ``max_minutes`` is not a positive number, or a facility has no position record.
    """
    check_limit(max_minutes)
    positions = _joined(facilities, positions)
    if max_minutes < network.profile.access_minutes:
        positions = positions.assign(piece=-1)  # the trip is over before the road begins
    places = pack_places(
        network, positions, leaving=direction == "from_facility", extra_minutes=extra_minutes
    )
    who, piece, values = _search(network, places, max_minutes, towards=direction == "to_facility")
    order = np.lexsort((values[:, 0], piece, who))
    who, piece, values = who[order], piece[order], values[order]
    flipped = network.chains.flipped[piece]
    values[flipped] = np.column_stack(
        [1.0 - values[flipped, 1], 1.0 - values[flipped, 0], values[flipped, 3], values[flipped, 2]]
    )
    legs = _access_legs(network, facilities, positions, places, max_minutes)
    ids = facilities.index.astype(str).to_numpy(dtype=object)
    road_ids = network.roads.index.astype(str).to_numpy(dtype=object)
    parts = gpd.GeoDataFrame(
        {
            "facility_id": pd.array(ids[who], dtype="str"),
            "road_id": pd.array(road_ids[piece], dtype="str"),
            "start_m": values[:, 0] * network.length_m[piece],
            "end_m": values[:, 1] * network.length_m[piece],
            "minutes_start": to_minutes(values[:, 2], network),
            "minutes_end": to_minutes(values[:, 3], network),
        },
        geometry=_lines(network, piece, values),
        crs=network.crs,
    )
    both = pd.concat([legs, parts], ignore_index=True)
    rank = pd.Series(np.arange(len(ids)), index=ids)
    by_facility = np.argsort(rank.loc[both["facility_id"]].to_numpy(), kind="stable")
    return both.iloc[by_facility].reset_index(drop=True)


def _joined(facilities: gpd.GeoDataFrame, positions: pd.DataFrame) -> pd.DataFrame:
    lost = facilities.index[~facilities.index.isin(positions.index)]
    if len(lost):
        msg = (
            f"positions: {len(lost):,} facilities have none, first {lost[0]!r}; pass what"
            " locate(network, facilities) returned"
        )
        raise InputError(msg)
    return positions.loc[facilities.index]


def _search(
    network: RoadNetwork, places: Places, max_minutes: float, *, towards: bool
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    from carecircle.roads.pieces import reached_parts

    chains = network.chains
    limit = _limit(network, max_minutes)
    graph = chains.arcs(reverse=towards)
    along = np.where(chains.flipped[:, None], network.seconds[:, ::-1], network.seconds)
    pieces = (chains.before, np.ascontiguousarray(along), network.length_m, chains.before_m)
    terms = (limit, bucket_seconds(network, limit), int(towards))

    def search(rows: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        who, piece, values = reached_parts(
            graph, (chains.ends, chains.seconds, chains.order, chains.first), pieces,
            (places.chain[rows], places.table[rows]), terms,
        )  # fmt: skip
        return rows[who], piece, values

    who, piece, values = in_threads(search, len(places.chain))
    return who, piece, values


def _limit(network: RoadNetwork, max_minutes: float) -> float:
    # parts end exactly where the limit runs out; the search's own hair would draw beyond it
    return to_seconds(max_minutes, network, slack=0.0)


def _lines(
    network: RoadNetwork, piece: NDArray[np.int32], values: NDArray[np.float64]
) -> NDArray[np.object_]:
    whole = network.roads.geometry.array
    lines = np.asarray(whole[piece], dtype=object)
    part = np.flatnonzero((values[:, 0] > 0) | (values[:, 1] < 1))
    length = network.length_m[piece[part]]
    lines[part] = substrings(lines[part], values[part, 0] * length, values[part, 1] * length)
    return lines


def _access_legs(
    network: RoadNetwork,
    facilities: gpd.GeoDataFrame,
    positions: pd.DataFrame,
    places: Places,
    max_minutes: float,
) -> gpd.GeoDataFrame:
    linked = np.flatnonzero(places.chain >= 0)
    leg = positions["access_m"].to_numpy(dtype=float)[linked]
    own = places.table[linked, 5]
    on_foot = leg / network.profile.leg_speed_m_s
    start = np.maximum(own - on_foot, 0.0)
    limit = _limit(network, max_minutes)
    share = np.clip(
        np.divide(limit - start, on_foot, out=np.ones_like(leg), where=on_foot > 0), 0.0, 1.0
    )
    keep = start <= limit
    linked, share, start, on_foot = linked[keep], share[keep], start[keep], on_foot[keep]
    door = shapely.get_coordinates(facilities.geometry.array[linked])
    road = positions[["x", "y"]].to_numpy()[linked]
    end = door + (road - door) * share[:, None]
    return gpd.GeoDataFrame(
        {
            "facility_id": pd.array(facilities.index.astype(str)[linked], dtype="str"),
            "road_id": pd.array([None] * len(linked), dtype="str"),
            "start_m": 0.0,
            "end_m": shapely.distance(shapely.points(door), shapely.points(end)),
            "minutes_start": to_minutes(start, network),
            "minutes_end": to_minutes(start + share * on_foot, network),
        },
        geometry=np.asarray(shapely.linestrings(np.stack([door, end], axis=1))),
        crs=network.crs,
    )
