"""Minutes: the nearest facility of every home, and all pairs within a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.roads.places import Places, pack_places
from carecircle.roads.terms import bucket_seconds, check_limit, in_threads, to_minutes, to_seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork
    from carecircle.roads.places import Direction

__all__ = ["nearest", "nearest_from_pairs", "reach", "seeds_of"]


def nearest(
    network: RoadNetwork,
    homes: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    max_minutes: float | None = None,
    direction: Direction = "to_facility",
    extra_minutes: pd.Series | None = None,
) -> pd.DataFrame:
    """Find each home's nearest and second nearest facility in time.

    One search from all facilities at once. Minutes hold both access legs, the way along the road,
    the profile's access minutes and the facility's extra minutes.

    Parameters
    ----------
    network
        The network.
    homes, facilities
        Positions from :func:`carecircle.locate`, on this network.
    max_minutes
        Minutes beyond which a facility does not count; ``None``: none.
    direction
        ``to_facility``: residents travel to the facility; ``from_facility``: the other way.
    extra_minutes
        Minutes added at each facility; index of ``facilities``.

    Returns
    -------
    pandas.DataFrame
        Index of ``homes``: ``minutes``, ``facility_id``, ``second_minutes``,
        ``second_facility_id``, ``metres`` (route with legs), ``access_m`` (the home's leg) and
        ``reason`` why there are no minutes: ``no_position``, ``not_linked``, ``blocked``,
        ``other_component`` (no facility on this part of the network) or ``beyond_limit``.
        Equal minutes go to the facility that comes first by id.

    Raises
    ------
    InputError
        If positions were located on another network.

    Examples
    --------
    >>> import geopandas as gpd, shapely, carecircle as cc
    >>> roads = gpd.GeoDataFrame(
    ...     {"highway": ["residential"], "u": [1], "v": [2]},
    ...     geometry=[shapely.LineString([(0, 0), (1000, 0)])], crs="EPSG:4545")
    >>> network = cc.RoadNetwork.from_roads(roads, cc.PROFILES["elder_default"])
    >>> def at(x, name):
    ...     return gpd.GeoDataFrame(geometry=[shapely.Point(x, 0)], index=[name], crs="EPSG:4545")
    >>> homes, facilities = (cc.locate(network, at(*spot)) for spot in ((50, "H1"), (950, "F1")))
    >>> cc.nearest(network, homes, facilities)[["minutes", "facility_id"]].to_dict("index")
    {'H1': {'minutes': 15.0, 'facility_id': 'F1'}}
    """
    from carecircle.roads.first_two import label_junctions, pick_two

    order = np.argsort(facilities.index.astype(str).to_numpy(), kind="stable")
    facilities = facilities.iloc[order]
    towards = direction == "to_facility"
    at_home = pack_places(network, homes, leaving=towards)
    at_facility = pack_places(network, facilities, leaving=not towards, extra_minutes=extra_minutes)
    chains = network.chains
    graph = chains.arcs(reverse=towards)
    limit = np.inf if max_minutes is None else to_seconds(max_minutes, network)
    labels = label_junctions(graph, chains.metres[graph[3]], seeds_of(network, at_facility), limit)
    seconds, who, metres = pick_two(
        (chains.ends, chains.seconds, chains.metres), labels, (at_home.chain, at_home.table),
        (at_facility.chain, at_facility.table), at_facility.by_chain(len(chains.ends)),
        int(towards),
    )  # fmt: skip
    minutes = to_minutes(seconds, network)
    if max_minutes is not None:
        minutes[minutes > max_minutes] = np.nan
    reason = _reasons(homes, facilities, minutes[:, 0], limited=max_minutes is not None)
    return _nearest_frame(homes, facilities.index, (minutes, who, metres), reason)


def reach(
    network: RoadNetwork,
    facilities: pd.DataFrame,
    homes: pd.DataFrame,
    *,
    max_minutes: float,
    direction: Direction = "to_facility",
    extra_minutes: pd.Series | None = None,
) -> pd.DataFrame:
    """List every pair of facility and home within ``max_minutes`` of each other.

    One bounded search per facility, on all cores; memory grows with the pairs, not with
    facilities x homes. Parameters as in :func:`nearest`.

    Returns
    -------
    pandas.DataFrame
        One row per pair: ``facility_id``, ``home_id``, ``minutes``; sorted by facility in the given
        order, then by home in the given order. Exactly ``max_minutes`` is within.

    Raises
    ------
    InputError
        If ``max_minutes`` is not a positive number, or positions were located on another network.
    """
    check_limit(max_minutes)
    towards = direction == "to_facility"
    at_home = pack_places(network, homes, leaving=towards)
    at_facility = pack_places(network, facilities, leaving=not towards, extra_minutes=extra_minutes)
    who, whom, seconds = _all_pairs(network, at_facility, at_home, max_minutes, towards=towards)
    minutes = to_minutes(seconds, network)
    within = np.flatnonzero(minutes <= max_minutes)
    order = within[np.lexsort((whom[within], who[within]))]
    return pd.DataFrame(
        {
            "facility_id": facilities.index.to_numpy()[who[order]],
            "home_id": homes.index.to_numpy()[whom[order]],
            "minutes": minutes[order],
        }
    ).astype({"facility_id": "str", "home_id": "str"})


def nearest_from_pairs(
    pairs: pd.DataFrame, homes: pd.Index, *, max_minutes: float | None = None
) -> pd.DataFrame:
    """Find each home's two nearest facilities in a minutes table of another engine.

    Parameters
    ----------
    pairs
        ``facility_id``, ``home_id``, ``minutes``, as :func:`reach` or another program gives them.
    homes
        Ids of all homes; those without a pair get reason ``beyond_limit``.
    max_minutes
        Minutes beyond which a facility does not count.

    Returns
    -------
    pandas.DataFrame
        As :func:`nearest`; ``metres`` and ``access_m`` are NaN.

    Raises
    ------
    InputError
        If a column is missing, minutes are negative or not numbers, or a home is unknown.
    """
    _check_pairs(pairs, homes)
    known = pairs.dropna(subset=["minutes"])
    if max_minutes is not None:
        known = known[known["minutes"] <= max_minutes]
    known = known.sort_values(["home_id", "minutes", "facility_id"], kind="stable")
    known = known.drop_duplicates(["home_id", "facility_id"])
    rank = known.groupby("home_id").cumcount()
    first = known[rank == 0].set_index("home_id").reindex(homes)
    second = known[rank == 1].set_index("home_id").reindex(homes)
    return pd.DataFrame(
        {
            "minutes": first["minutes"],
            "facility_id": first["facility_id"].astype("str"),
            "second_minutes": second["minutes"],
            "second_facility_id": second["facility_id"].astype("str"),
            "metres": np.nan,
            "access_m": np.nan,
            "reason": pd.array(np.where(first["minutes"].isna(), "beyond_limit", ""), dtype="str"),
        },
        index=homes,
    )


def _check_pairs(pairs: pd.DataFrame, homes: pd.Index) -> None:
    missing = [name for name in ("facility_id", "home_id", "minutes") if name not in pairs]
    if missing:
        found = ", ".join(map(str, pairs.columns))
        msg = f"minutes table: column {', '.join(missing)} is missing (found: {found}); rename it"
        raise InputError(msg)
    minutes = pd.to_numeric(pairs["minutes"], errors="coerce")
    bad = pairs[(minutes.isna() & pairs["minutes"].notna()) | (minutes < 0) | np.isinf(minutes)]
    if len(bad):
        row = bad.astype(object).iloc[0]
        msg = (
            f"minutes table: {len(bad):,} bad minutes, first {row['minutes']!r} for facility"
            f" {row['facility_id']} and home {row['home_id']}; leave unreachable pairs out or empty"
        )
        raise InputError(msg)
    unknown = pairs.loc[~pairs["home_id"].isin(homes), "home_id"].unique()
    if len(unknown):
        msg = f"minutes table: {len(unknown):,} unknown homes, first {unknown[0]!r}; ids must match"
        raise InputError(msg)


def seeds_of(
    network: RoadNetwork, places: Places
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
    """Return where a search from all places starts: junction, seconds, place, metres."""
    linked = np.flatnonzero(places.chain >= 0).astype(np.int32)
    chain, table = places.chain[linked], places.table[linked]
    junction = network.chains.ends[chain]
    seconds = table[:, 3:5] + table[:, 5:6]
    metres = np.column_stack([table[:, 0], network.chains.metres[chain] - table[:, 0]])
    return (
        junction.ravel(),
        seconds.ravel(),
        np.repeat(linked, 2),
        (metres + table[:, 6:7]).ravel(),
    )


def _all_pairs(
    network: RoadNetwork, facilities: Places, homes: Places, max_minutes: float, *, towards: bool
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    from carecircle.roads.search import reach_pairs

    chains = network.chains
    limit = to_seconds(max_minutes, network)
    graph, roll = chains.arcs(reverse=towards), homes.by_chain(len(chains.ends))
    terms = (limit, bucket_seconds(network, limit), int(towards))

    def search(rows: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        who, whom, seconds = reach_pairs(
            graph, (chains.ends, chains.seconds), (facilities.chain[rows], facilities.table[rows]),
            (homes.chain, homes.table), roll, terms,
        )  # fmt: skip
        return rows[who].astype(np.int32), whom, seconds

    who, whom, seconds = in_threads(search, len(facilities.chain))
    return who, whom, seconds


def _reasons(
    homes: pd.DataFrame, facilities: pd.DataFrame, minutes: NDArray[np.float64], *, limited: bool
) -> NDArray[np.object_]:
    reason = homes["reason"].to_numpy(dtype=object).copy()
    served = np.unique(facilities["component"].to_numpy())
    no_minutes = np.isnan(minutes) & (reason == "")
    same_part = homes["component"].isin(served[served >= 0]).to_numpy()
    reason[no_minutes] = np.where(
        same_part[no_minutes] & limited, "beyond_limit", "other_component"
    )
    return reason


def _nearest_frame(
    homes: pd.DataFrame,
    facility_ids: pd.Index,
    found: tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]],
    reason: NDArray[np.object_],
) -> pd.DataFrame:
    minutes, who, metres = found
    names = np.array([*facility_ids.astype(str), None], dtype=object)
    who = np.where(np.isnan(minutes), -1, who)
    return pd.DataFrame(
        {
            "minutes": minutes[:, 0],
            "facility_id": pd.array(names[who[:, 0]], dtype="str"),
            "second_minutes": minutes[:, 1],
            "second_facility_id": pd.array(names[who[:, 1]], dtype="str"),
            "metres": np.where(np.isnan(minutes[:, 0]), np.nan, metres[:, 0]),
            "access_m": homes["access_m"],
            "reason": pd.array(reason, dtype="str"),
        },
        index=homes.index,
    )
