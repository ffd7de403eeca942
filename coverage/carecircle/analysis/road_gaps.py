"""Probable gaps in road data: dead ends a few metres from a road that is far along the network.

Joining u and v by a way of w seconds makes a home's way to its nearest facility the least of
today's, of home to u, over, v to facility, and of home to v, over, u to facility. So one search
from all facilities and one bounded search from all ends of gaps tell what every gap would change,
each taken alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.neighbours import barrier_pieces, crosses
from carecircle.errors import InputError
from carecircle.roads.access import edge_seconds, is_structure, to_ticks
from carecircle.roads.chains import build_chains
from carecircle.roads.reach import reach
from carecircle.roads.standing import HomeSearch
from carecircle.roads.terms import to_minutes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["RoadGapRule", "joined_minutes", "probable_gaps"]

_SAME_M = 1.0  # as :func:`carecircle.roads.changes.add_roads` joins a vertex to a road
_METRE_PACE_S = 1.0


@dataclass(frozen=True)
class RoadGapRule:
    """When two roads that do not meet probably should.

    Parameters
    ----------
    max_m
        A dead end is at most this far from the other road. 15: about a carriageway.
    min_detour_m
        The way round is at least this long...
    min_ratio
        ...and at least so many times the gap; or there is no way at all.
    longest_m
        Ways round are measured up to this length; longer ones are reported as unknown.
    most
        At most so many gaps are evaluated: those with most elders not in time near by.
    """

    max_m: float = 15.0
    min_detour_m: float = 200.0
    min_ratio: float = 10.0
    longest_m: float = 5000.0
    most: int = 500

    def __post_init__(self) -> None:
        named = ("max_m", "min_detour_m", "min_ratio", "longest_m", "most")
        bad = [name for name in named if not 0 < getattr(self, name) < np.inf]
        if bad:
            said = ", ".join(f"{name} is {getattr(self, name)}" for name in bad)
            raise InputError(f"road gaps: {said}; give numbers above 0")


def probable_gaps(
    network: RoadNetwork,
    rule: RoadGapRule | None = None,
    *,
    barriers: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """List probable gaps: dead ends near a road they are not, or hardly, connected to.

    A dead end is a node at which one road ends and no other begins; a gate or barrier makes none.
    Bridges and tunnels neither end at a gap nor are joined to, for what they cross lies on another
    level. The joint crosses no barrier. Each dead end is joined to the nearest road that qualifies;
    two dead ends that face each other are one gap.

    Parameters
    ----------
    network
        The network.
    rule
        Distances and detour.
    barriers
        Contract ``barriers``: lines, and polygons by their edge, are not crossed.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``road_gap_id`` (``RG001``, ...; shortest first): ``road_id`` that ends and
        ``other_road_id``, ``gap_m``, ``detour_m`` along the roads today (NaN: longer than
        ``longest_m``), ``connected`` (some way exists), ``x``, ``y`` of the middle; ``piece``,
        ``fraction``, ``other_piece``, ``other_fraction`` (rows of the network's roads), line.

    Examples
    --------
    >>> import geopandas as gpd, shapely, carecircle as cc
    >>> lines = [shapely.LineString(xy) for xy in ([(0, 0), (100, 0)], [(104, 0), (200, 0)])]
    >>> roads = gpd.GeoDataFrame({"highway": "residential", "u": [1, 3], "v": [2, 4]},
    ...     geometry=lines, index=["R1", "R2"], crs="EPSG:4545")
    >>> network = cc.RoadNetwork.from_roads(roads, cc.PROFILES["elder_default"])
    >>> probable_gaps(network)[["road_id", "other_road_id", "gap_m"]].to_dict("index")
    {'RG001': {'road_id': 'R1', 'other_road_id': 'R2', 'gap_m': 4.0}}
    """
    rule = rule or RoadGapRule()
    pairs = _near_pairs(network, rule, barrier_pieces(barriers))
    pairs["detour_m"] = _detours(
        network, pairs, max(rule.min_detour_m, rule.min_ratio * rule.max_m)
    )
    short = np.maximum(rule.min_detour_m, rule.min_ratio * pairs["gap_m"])
    pairs = _one_each(pairs[~(pairs["detour_m"] < short)], rule.max_m)
    pairs["detour_m"] = _detours(network, pairs, rule.longest_m)
    component = network.component
    same = component[pairs["piece"].to_numpy()] == component[pairs["other_piece"].to_numpy()]
    return _described(network, pairs.assign(connected=same))


def joined_minutes(
    search: HomeSearch, facilities: pd.DataFrame, gaps: pd.DataFrame, *, max_minutes: float
) -> pd.DataFrame:
    """Return the minutes of every home that would be nearer to a facility if one gap were joined.

    Doors stay on the roads they open on today, and nobody lives on the joint.

    Parameters
    ----------
    search
        Network and homes.
    facilities
        Positions with ``extra_minutes``, sorted by id as text.
    gaps
        From :func:`probable_gaps`.
    max_minutes
        Homes whose minutes would still be more are left out.

    Returns
    -------
    pandas.DataFrame
        One row per gap and home: ``road_gap_id``, ``home`` (row), ``minutes`` with the gap joined,
        below today's. Each gap is taken alone.
    """
    network, n, extra = search.network, len(gaps), facilities["extra_minutes"]
    ends = _spots(network, gaps)
    at_ends = HomeSearch.over(network, ends, direction=search.direction)
    onward, _ = at_ends.two_nearest(facilities, extra_minutes=extra)
    # over the joint, and on from its other end
    onward = np.roll(onward[:, 0], n) + np.tile(_joint_seconds(network, gaps), 2)
    seconds, _ = search.two_nearest(facilities, extra_minutes=extra)
    today = to_minutes(seconds[:, 0], network)
    pairs = reach(network, ends, search.homes, max_minutes=max_minutes, direction=search.direction)
    end = ends.index.get_indexer(pd.Index(pairs["facility_id"]))
    home = search.homes.index.astype(str).get_indexer(pd.Index(pairs["home_id"]))
    minutes = np.round(pairs["minutes"].to_numpy() + onward[end] / 60.0, 9)
    keep = (minutes <= max_minutes) & ~(minutes >= today[home])
    ids = gaps.index.to_numpy(dtype=object)
    table = pd.DataFrame(
        {"road_gap_id": ids[end[keep] % n], "home": home[keep], "minutes": minutes[keep]}
    )
    return table.groupby(["road_gap_id", "home"])[["minutes"]].min().reset_index()


def _joint_seconds(network: RoadNetwork, gaps: pd.DataFrame) -> Floats:
    """Return the seconds over each joint, as over a residential street added there."""
    shape = gpd.GeoSeries(gaps["geometry"].to_numpy(), crs=network.crs)
    street = gpd.GeoDataFrame(geometry=shape).assign(highway="residential", u=0, v=1)
    return np.asarray(edge_seconds(street, network.profile)[:, 0])


def _near_pairs(network: RoadNetwork, rule: RoadGapRule, walls: shapely.STRtree) -> pd.DataFrame:
    """Return dead ends and all roads within reach of them that no barrier parts them from."""
    is_open = np.isfinite(network.seconds).any(axis=1)
    level = is_open & ~is_structure(network.roads)
    gated = _gated(network)
    # a node that a closed road meets too is no fault of the data: the way on is known, and closed
    degree = np.bincount(network.ends.ravel(), minlength=len(network.node_xy))
    piece, side = np.nonzero((degree[network.ends] == 1) & level[:, None] & ~gated)
    at = np.asarray(shapely.points(network.node_xy[network.ends[piece, side]]))
    targets = np.flatnonzero(level)
    tree = shapely.STRtree(network.roads.geometry.array[targets])
    end, found = tree.query(at, predicate="dwithin", distance=rule.max_m)
    other = targets[found]
    end, other = end[other != piece[end]], other[other != piece[end]]
    line = network.roads.geometry.array[other]
    metres = np.asarray(shapely.line_locate_point(line, at[end]))
    length = network.length_m[other]
    # a foot within a metre of a node is that node, as new roads are joined
    metres = np.where(metres <= _SAME_M, 0.0, np.where(metres >= length - _SAME_M, length, metres))
    foot = shapely.line_interpolate_point(line, metres)
    joint = np.asarray(shapely.shortest_line(at[end], foot))
    fraction = np.divide(metres, length, out=np.zeros_like(metres), where=length > 0)
    gate_there = np.isin(fraction, (0.0, 1.0)) & gated[other, (fraction == 1.0).astype(int)]
    keep = np.flatnonzero(~crosses(joint, walls) & ~gate_there)
    tips = [network.ends[other, 0], network.ends[other, 1]]
    return pd.DataFrame(
        {
            "piece": piece[end], "fraction": side[end].astype(float), "other_piece": other,
            "other_fraction": fraction, "gap_m": shapely.length(joint), "geometry": joint,
            "node": network.ends[piece[end], side[end]],
            "other_node": np.select([fraction == 0.0, fraction == 1.0], tips, default=-1),
        }
    ).iloc[keep]  # fmt: skip


def _gated(network: RoadNetwork) -> Bools:
    """Return at which ends of each piece a gate stops the traveller."""
    gates = np.zeros((len(network.ends), 2), dtype=bool)
    for side, column in enumerate(("u_blocks", "v_blocks")):
        if column in network.roads:
            stopped = ";" + network.roads[column].astype("string").fillna("") + ";"
            gates[:, side] = stopped.str.contains(f";{network.profile.mode};", regex=False)
    return gates


def _one_each(pairs: pd.DataFrame, max_m: float) -> pd.DataFrame:
    """Keep the nearest road of each dead end, and of two that face each other one pair."""
    pairs = pairs.sort_values(["gap_m", "piece", "other_piece"], kind="stable")
    pairs = pairs.drop_duplicates("node")
    facing = pairs[["node", "other_node"]].to_numpy()
    # a joint to the middle of a road has no second node: its own, counted below zero
    low = np.where(facing[:, 1] < 0, -1 - facing[:, 0], facing.min(axis=1))
    pairs = pairs[~pd.DataFrame({"a": low, "b": facing.max(axis=1)}, pairs.index).duplicated()]
    # dead ends that pass each other each meet the other's side: one place to look at all the same
    middle = shapely.centroid(pairs["geometry"].to_numpy())
    spots = pd.DataFrame({"x": shapely.get_x(middle), "y": shapely.get_y(middle)}, pairs.index)
    roads = np.sort(pairs[["piece", "other_piece"]].to_numpy(), axis=1)
    first = spots.groupby([roads[:, 0], roads[:, 1]]).transform("first")
    apart = np.hypot(*(spots - first).to_numpy().T)
    return pairs[(apart == 0.0) | (apart > max_m)]


def _detours(network: RoadNetwork, pairs: pd.DataFrame, longest_m: float) -> Floats:
    """Return the metres along the roads between the ends of each pair, NaN beyond the longest."""
    if not len(pairs):
        return np.empty(0)
    is_open = np.isfinite(network.seconds).any(axis=1)
    # people who check roads walk them both ways, at a metre a second
    seconds = np.where(is_open, to_ticks(network.length_m), np.inf)[:, None].repeat(2, axis=1)
    chains = build_chains(network.ends, seconds, network.length_m, network.node_xy)
    profile = replace(network.profile.at_speed(_METRE_PACE_S), access_minutes=0.0)
    plain = replace(network, profile=profile, seconds=seconds, chains=chains)
    spots, n = _spots(network, pairs), len(pairs)
    found = reach(plain, spots.iloc[:n], spots.iloc[n:], max_minutes=longest_m / 60.0)
    own = found[found["facility_id"].to_numpy() == found["home_id"].str[1:].radd("u").to_numpy()]
    metres = np.full(n, np.nan)
    metres[own["facility_id"].str[1:].astype(int)] = own["minutes"].to_numpy() * 60.0
    return metres.round(6)


def _spots(network: RoadNetwork, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return both ends of each pair as positions: first all dead ends, then all others."""
    piece = np.concatenate([pairs["piece"], pairs["other_piece"]]).astype(np.int64)
    n = len(pairs)
    names = [f"{side}{k}" for side in "uv" for k in range(n)]
    return pd.DataFrame(
        {
            "piece": piece, "access_m": 0.0, "component": network.component[piece],
            "fraction": np.concatenate([pairs["fraction"], pairs["other_fraction"]]),
            "reason": pd.array([""] * (2 * n), dtype="str"),
        },
        index=pd.Index(names, dtype="str"),
    )  # fmt: skip


def _described(network: RoadNetwork, pairs: pd.DataFrame) -> gpd.GeoDataFrame:
    names = network.roads.index.astype(str).to_numpy(dtype=object)
    pairs = pairs.assign(
        road_id=pd.array(names[pairs["piece"]], dtype="str"),
        other_road_id=pd.array(names[pairs["other_piece"]], dtype="str"),
        gap_m=pairs["gap_m"].round(6),
    )
    middle = shapely.centroid(pairs["geometry"].to_numpy())
    pairs = pairs.assign(x=shapely.get_x(middle), y=shapely.get_y(middle))
    pairs = pairs.sort_values(["gap_m", "road_id", "other_road_id"], kind="stable")
    width = max(3, len(str(len(pairs))))
    ids = [f"RG{k:0{width}d}" for k in range(1, len(pairs) + 1)]
    columns = [
        "road_id", "other_road_id", "gap_m", "detour_m", "connected", "x", "y",
        "piece", "fraction", "other_piece", "other_fraction", "geometry",
    ]  # fmt: skip
    table = gpd.GeoDataFrame(pairs[columns], geometry="geometry", crs=network.crs)
    return table.set_index(pd.Index(ids, name="road_gap_id", dtype="str"))
