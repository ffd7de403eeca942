"""Uncovered areas that someone can act on: where, who, and why. The polygons only draw."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.causes import add_causes
from carecircle.analysis.neighbours import barrier_pieces, neighbours
from carecircle.roads.profiles import PROFILES, TravelProfile

__all__ = ["CAUSES", "GapContext", "GapRule", "uncovered_areas", "uncovered_homes"]

#: Why homes are uncovered, the first named where two weigh the same.
CAUSES = (
    "not_linked", "no_position", "road_gap", "barrier", "detour", "planned", "no_facility",
)  # fmt: skip
_PEOPLE = ("households", "population", "elders", "elders80")
_COLUMNS = (
    "kind", "rank", "assessed", "cause", "area_ids", "area_names", "street_names", "homes",
    "homes_unreachable", "homes_unknown_people", *_PEOPLE, "residential_ha", "minutes_mean",
    "minutes_over_mean", "minutes_over_p90", "elder_minutes_over", "rank_score",
    "nearest_facility_id", "nearest_facility_name", "nearest_facility_kind", "nearest_by",
    "nearest_minutes", "nearest_metres", "straight_metres", "planned_facility_id", "x", "y",
    "geometry",
)  # fmt: skip
_TEXT = (
    "kind", "cause", "area_ids", "area_names", "street_names", "nearest_facility_id",
    "nearest_facility_name", "nearest_facility_kind", "nearest_by", "planned_facility_id",
)  # fmt: skip
_COUNTS = ("rank", "homes", "homes_unreachable", "homes_unknown_people")


@dataclass(frozen=True)
class GapRule:
    """Which uncovered homes are one gap, and when it is large enough to stand alone.

    Homes join within ``join_m`` metres. A cluster stands alone when one of the minima is met;
    ``min_homes`` counts only homes whose people are unknown. The rest is pooled, never dropped.
    """

    join_m: float = 150.0
    min_elders: float = 50.0
    min_population: float = 300.0
    min_homes: int = 20
    min_residential_ha: float = 1.0


@dataclass(frozen=True)
class GapContext:
    """What is needed to say why homes are uncovered.

    ``profile`` gives the speed; ``kinds`` are the facility kinds that would count once a planned
    facility opens (empty: the kinds that count today); ``detour`` is network over straight.
    """

    profile: TravelProfile = PROFILES["elder_default"]
    kinds: tuple[str, ...] = ()
    detour: float = 1.3

    def straight_reach_m(self, limit_minutes: pd.Series) -> pd.Series:
        """Return the straight metres that should take no longer than each limit."""
        on_the_way = (limit_minutes - self.profile.access_minutes).clip(lower=0.0)
        return on_the_way * self.profile.metres(1.0) / self.detour


def uncovered_areas(
    homes: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    rule: GapRule | None = None,
    *,
    barriers: gpd.GeoDataFrame | None = None,
    context: GapContext | None = None,
) -> gpd.GeoDataFrame:
    """Join homes beyond the limit to ranked gaps with people, cause and nearest facility.

    Two homes are neighbours when they are in the same road component, within ``rule.join_m``,
    and the straight line between them crosses no barrier. Every home that is uncovered or not
    assessed is in exactly one gap: sums over gaps are the sums over those homes.

    Parameters
    ----------
    homes
        Index ``home_id``: ``area_id``, ``households``, ``population``, ``elders``, ``elders80``
        (NaN: unknown), ``minutes``, ``facility_id``, ``metres`` (along the roads), ``reason``,
        ``limit_minutes``, ``covered`` (True, False, NA), ``minutes_over``, ``component``, point;
        ``residential_m2`` where known.
    areas
        Index ``area_id``: ``name``, and ``street_id``, ``street_name`` where known.
    facilities
        Index ``facility_id``: ``name``, ``kind``, ``status``, ``eligible`` (counts today).
    rule
        Join distance and the smallest gap that stands alone.
    barriers
        Lines, and polygons by their edge; points, and polygons that only slow (``factor``), do
        not part neighbours.
    context
        Speed, kinds that count and detour factor; needed for the cause.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``gap_id`` (``G001`` is first). ``kind`` is ``area``, or ``scattered`` for the
        smaller clusters of one street (or area) and one cause. People are sums of known values,
        NaN when all are unknown; ``homes_unknown_people`` have neither elders nor population.
        Means are weighted by elders, else population, else homes, over homes that have minutes.
        The nearest facility is the one nearest by ``network`` to most people, or by ``straight``
        distance when no home reaches one; ``nearest_minutes``, ``nearest_metres`` and
        ``straight_metres`` are means of the homes it is nearest to. ``cause`` is that of most
        people: ``not_linked`` and ``no_position`` (not assessed), ``road_gap`` (roads not
        connected to a facility), ``barrier`` or ``detour`` (one is near in a straight line: an
        access problem), ``planned`` (one is coming in reach), ``no_facility``.
        ``elder_minutes_over`` sums elders times minutes over; ``rank_score`` is the same with an
        unreachable home counted at the worst minutes over found (or its limit, if none).
        Rank: uncovered before not assessed, ``area`` before ``scattered``, then ``rank_score``,
        elders and homes, largest first, then the lowest home id. ``x``, ``y`` are the mean
        position of the homes.

    Examples
    --------
    >>> import geopandas as gpd
    >>> home = {"area_id": "A1", "elders": 60.0, "minutes": 20.0, "limit_minutes": 15.0,
    ...         "minutes_over": 5.0, "facility_id": "F1", "metres": 1200.0, "covered": False}
    >>> point = gpd.points_from_xy
    >>> homes = gpd.GeoDataFrame([home], ["H1"], geometry=point([0], [1100]), crs="EPSG:4545")
    >>> areas = gpd.GeoDataFrame({"name": ["Hill"]}, index=["A1"], geometry=[None], crs=homes.crs)
    >>> facility = {"name": "Station", "kind": "station", "eligible": True, "status": "operating"}
    >>> places = gpd.GeoDataFrame([facility], ["F1"], geometry=point([0], [0]), crs=homes.crs)
    >>> gaps = uncovered_areas(homes, areas, places)
    >>> gaps[["kind", "cause", "elders", "elder_minutes_over"]].to_dict("records")
    [{'kind': 'area', 'cause': 'no_facility', 'elders': 60.0, 'elder_minutes_over': 300.0}]
    """
    _, table = _found(homes, areas, facilities, rule, barriers, context)
    return _typed(table, homes.crs)


def uncovered_homes(
    homes: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    rule: GapRule | None = None,
    *,
    barriers: gpd.GeoDataFrame | None = None,
    context: GapContext | None = None,
) -> pd.Series:
    """Return which gap each home that is not covered belongs to.

    Parameters
    ----------
    homes, areas, facilities, rule, barriers, context
        As for :func:`uncovered_areas`; the same arguments give the same gaps.

    Returns
    -------
    pandas.Series
        ``gap_id``; index: the homes that are uncovered or not assessed, by id.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.assess(cc.samples.toy_town())
    >>> uncovered_homes(town.homes, town.areas, town.facilities).to_dict()
    {'H07': 'G001', 'H08': 'G001', 'H11': 'G003', 'H12': 'G002', 'H13': 'G004'}
    """
    members, table = _found(homes, areas, facilities, rule, barriers, context)
    names = pd.Series(_gap_ids(len(table)), index=table.index)
    return members["gap"].map(names).astype("str").rename("gap_id")


def _found(
    homes: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    rule: GapRule | None,
    barriers: gpd.GeoDataFrame | None,
    context: GapContext | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the homes with the number of their gap, and the gaps by number in order of rank."""
    rule, context = rule or GapRule(), context or GapContext()
    members = _members(homes)
    if members.empty:
        return members.assign(gap=0), pd.DataFrame(columns=list(_COLUMNS))
    walls = barrier_pieces(barriers)
    members = add_causes(members, facilities, walls, context)
    group = members.groupby(["assessed", "component"], dropna=False).ngroup()
    members["gap"] = neighbours(members.geometry, group, walls, rule.join_m)
    members = _pooled(_plain(members), areas, rule)
    members["weight"] = _weights(members)
    table = _described(members, rule)
    table = table.join(_places(members, areas)).join(_nearest(members, facilities))
    return members, _ranked(table)


def _members(homes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the homes that are not covered, by id, every optional column filled in."""
    covered = homes["covered"].astype("boolean")
    members = homes[covered.fillna(value=False).to_numpy() == 0].sort_index()
    members["assessed"] = covered.reindex(members.index).notna().to_numpy()
    for name in (*_PEOPLE, "metres", "residential_m2"):
        members[name] = members[name].astype(float) if name in members else np.nan
    for name in ("facility_id", "reason"):
        members[name] = members[name].astype("str").fillna("") if name in members else ""
    members["component"] = members.get("component", default=0)
    members["known"] = members["elders"].notna() | members["population"].notna()
    return members


def _plain(members: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the homes with their points as objects: each look at a column costs half as much."""
    points = members.geometry.to_numpy()
    return pd.DataFrame(members.drop(columns=members.geometry.name)).assign(point=points)


def _weights(members: pd.DataFrame) -> pd.Series:
    """Return elders where the gap has any, else population, else one per home."""
    sums = members.groupby("gap")[["elders", "population"]].transform("sum")
    people = members["population"].fillna(0.0).where(sums["population"] > 0, 1.0)
    return members["elders"].fillna(0.0).where(sums["elders"] > 0, people)


def _heaviest(members: pd.DataFrame, column: str, order: tuple[str, ...] = ()) -> pd.Series:
    """Return per gap the value of most weight; of equals the first in ``order``, then by name."""
    rows = members[members[column] != ""]
    weight = rows.groupby(["gap", column])["weight"].sum().reset_index()
    place = {value: rank for rank, value in enumerate(order)}
    weight["order"] = weight[column].map(place)
    weight = weight.sort_values(
        ["gap", "weight", "order", column], ascending=[True, False, True, True]
    )
    return weight.drop_duplicates("gap").set_index("gap")[column]


def _sums(members: pd.DataFrame) -> pd.DataFrame:
    by = members.groupby("gap")
    table = by[list(_PEOPLE)].sum(min_count=1)
    table["residential_ha"] = by["residential_m2"].sum(min_count=1) / 1e4
    table["homes"] = by.size()
    table["homes_unknown_people"] = table["homes"] - by["known"].sum()
    return table


def _pooled(members: pd.DataFrame, areas: gpd.GeoDataFrame, rule: GapRule) -> pd.DataFrame:
    """Return the homes with ``cause`` settled per cluster and small clusters pooled by street."""
    members["weight"] = _weights(members)
    members["cause"] = members["gap"].map(_heaviest(members, "cause", CAUSES))
    sums = _sums(members)
    large = (
        (sums["elders"] >= rule.min_elders)
        | (sums["population"] >= rule.min_population)
        | (sums["residential_ha"] >= rule.min_residential_ha)
        | (sums["homes_unknown_people"] >= rule.min_homes)
    )
    alone = members["gap"].map(large).to_numpy(dtype=bool)
    members["kind"] = np.where(alone, "area", "scattered")
    place = members["area_id"].astype(object)
    if "street_id" in areas:
        place = place.map(areas["street_id"]).astype(object).fillna(place)
    cluster = members["gap"].where(alone, -1)
    keys = [members["assessed"], cluster, place.fillna("").where(~alone, ""), members["cause"]]
    members["gap"] = members.groupby(keys, sort=True).ngroup()
    return members


def _mean(members: pd.DataFrame, values: str) -> pd.Series:
    """Return the weighted mean per gap of known values; plain where all weights are zero."""
    rows = members[members[values].notna()]
    total = rows["weight"].groupby(rows["gap"]).sum()
    weighted = (rows[values] * rows["weight"]).groupby(rows["gap"]).sum()
    return (weighted / total.where(total > 0)).fillna(rows.groupby("gap")[values].mean())


def _p90(members: pd.DataFrame, values: str) -> pd.Series:
    """Return the least value that nine tenths of the weight do not exceed."""
    rows = members[members[values].notna()].sort_values(["gap", values])
    running = rows.groupby("gap")["weight"].cumsum()
    total = rows.groupby("gap")["weight"].transform("sum")
    return rows[running >= 0.9 * total * (1 - 1e-12)].groupby("gap")[values].first()


def _described(members: pd.DataFrame, rule: GapRule) -> pd.DataFrame:
    over = members["minutes_over"].where(members["minutes"].notna())
    worst = over.max() if over.notna().any() else np.nan
    assumed = over.fillna(worst).fillna(members["limit_minutes"])
    members["over"] = over
    members["elders_over"] = members["elders"] * over
    members["score"] = (members["elders"] * assumed).where(members["assessed"])
    by = members.groupby("gap")
    table = _sums(members).join(by[["kind", "cause", "assessed"]].first())
    table["first_home"] = members.index.to_series().groupby(members["gap"]).first()
    table["homes_unreachable"] = members["minutes"].isna().groupby(members["gap"]).sum()
    table["minutes_mean"] = _mean(members, "minutes")
    table["minutes_over_mean"] = _mean(members, "over")
    table["minutes_over_p90"] = _p90(members, "over")
    table["elder_minutes_over"] = by["elders_over"].sum(min_count=1)
    table["rank_score"] = by["score"].sum(min_count=1)
    return table.join(_drawn(members, rule.join_m))


def _drawn(members: pd.DataFrame, join_m: float) -> pd.DataFrame:
    """Return per gap the mean position and the squares in and around which its homes are."""
    points = members["point"].to_numpy()
    placed = ~(shapely.is_missing(points) | shapely.is_empty(points))
    xy = pd.DataFrame(shapely.get_coordinates(points[placed]), columns=["x", "y"])
    xy["gap"] = members["gap"].to_numpy()[placed]
    table = xy.groupby("gap")[["x", "y"]].mean()
    # Squares of a third, with their eight neighbours, keep homes that join in one piece, and
    # unlike discs they are united in no time.
    side = join_m / 3.0
    cells = xy.assign(x=np.floor(xy["x"] / side), y=np.floor(xy["y"] / side)).drop_duplicates()
    steps = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    cells = pd.concat([cells.assign(x=cells["x"] + i, y=cells["y"] + j) for i, j in steps])
    cells = cells.drop_duplicates().sort_values(["gap", "x", "y"])
    west, south = cells["x"].to_numpy(), cells["y"].to_numpy()
    squares = shapely.box(west * side, south * side, (west + 1) * side, (south + 1) * side)
    cut = np.flatnonzero(np.diff(cells["gap"])) + 1
    pieces = [shapely.coverage_union_all(part) for part in np.split(squares, cut) if len(part)]
    return table.join(pd.Series(pieces, index=table.index, name="geometry", dtype=object))


def _places(members: pd.DataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return per gap the ids and names of its areas and streets, joined by ``;``."""
    known = pd.DataFrame({"area_ids": areas.index, "area_names": areas["name"]}, index=areas.index)
    street = "street_name" if "street_name" in areas else "street_id"
    known["street_names"] = areas.get(street)
    rows = (
        members[["gap", "area_id"]]
        .drop_duplicates()
        .merge(known, how="left", left_on="area_id", right_index=True)
    )
    rows["area_ids"] = rows["area_id"]
    return pd.DataFrame(
        {
            name: rows[["gap", name]].dropna().drop_duplicates().sort_values(["gap", name])
            .groupby("gap")[name].agg(";".join)
            for name in ("area_ids", "area_names", "street_names")
        }
    )  # fmt: skip


def _nearest(members: pd.DataFrame, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return per gap the facility nearest to most people, and how far it is."""
    table = pd.DataFrame(index=pd.Index(members["gap"].unique(), name="gap"))
    network = _heaviest(members, "facility_id").reindex(table.index)
    straight = _heaviest(members, "straight_id").reindex(table.index)
    table["nearest_facility_id"] = network.fillna(straight)
    table["nearest_by"] = np.select(
        [network.notna(), straight.notna()], ["network", "straight"], default=""
    )
    for name in ("name", "kind"):
        table[f"nearest_facility_{name}"] = table["nearest_facility_id"].map(facilities[name])
    target = members["gap"].map(table["nearest_facility_id"])
    own = members["facility_id"].where(members["facility_id"] != "", members["straight_id"])
    served = members[(own == target).to_numpy(dtype=bool)].copy()
    goal = facilities.geometry.reindex(target[served.index]).to_numpy()
    served["straight"] = shapely.distance(served["point"].to_numpy(), goal)
    table["nearest_minutes"] = _mean(served, "minutes")
    table["nearest_metres"] = _mean(served, "metres")
    table["straight_metres"] = _mean(served, "straight")
    table["planned_facility_id"] = _heaviest(members, "planned_id")
    return table


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps in order of rank; the lowest home id settles ties."""
    keys = pd.DataFrame(
        {
            "late": ~table["assessed"].astype(bool),
            "small": table["kind"] == "scattered",
            "score": -table["rank_score"].fillna(0.0),
            "elders": -table["elders"].fillna(0.0),
            "homes": -table["homes"],
            "first": table["first_home"],
        }
    )
    table = table.loc[keys.sort_values(list(keys.columns), kind="stable").index]
    return table.assign(rank=np.arange(1, len(table) + 1))


def _gap_ids(n: int) -> pd.Index:
    width = max(3, len(str(n)))
    names = [f"G{k:0{width}d}" for k in range(1, n + 1)]
    return pd.Index(names, name="gap_id", dtype="str")


def _typed(table: pd.DataFrame, crs: object) -> gpd.GeoDataFrame:
    table = table.reindex(columns=list(_COLUMNS))
    table.index = _gap_ids(len(table))
    kinds = dict.fromkeys(_TEXT, "str") | dict.fromkeys(_COUNTS, "int64")
    kinds |= {"assessed": "bool"}
    numbers = {name: "float64" for name in _COLUMNS if name not in kinds and name != "geometry"}
    table[list(_TEXT)] = table[list(_TEXT)].astype(object).fillna("")
    table = table.astype(kinds | numbers)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=crs)
