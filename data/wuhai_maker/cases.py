"""Find the record that stands for each special case, and fail if the city has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from wuhai_maker.design import BROKEN_BLOCK, GATED_BLOCK, WITHOUT
from wuhai_maker.facilities import CIRCLE_KINDS
from wuhai_maker.minutes import Walks
from wuhai_maker.network import Piece
from wuhai_maker.towns import block_ring

if TYPE_CHECKING:
    import geopandas as gpd

    from wuhai_maker.city import City

__all__ = ["home_table", "special_cases"]

URBAN_M, RURAL_M = 900.0, 1800.0  # 15 and 30 minutes at 1.0 m/s


def home_table(city: City, facilities: gpd.GeoDataFrame, pieces: list[Piece]) -> pd.DataFrame:
    """Return metres to the nearest operating facility of the circle, and elders, per home."""
    circle = facilities["kind"].isin(CIRCLE_KINDS) & (facilities["status"] == "operating")
    target = facilities[circle]
    homes = city.buildings[city.buildings["dwellings"] > 0]
    points = homes.centroid.to_numpy()
    walks = Walks(pieces)
    metres, _ = walks.nearest(points, target.geometry.to_numpy())
    rural = homes["area_id"].map(city.areas["kind"]).to_numpy() == "rural"
    leg = walks.place(points).leg
    metres[leg > np.where(rural, 500.0, 150.0)] = np.nan
    total = homes.groupby("area_id")["dwellings"].transform("sum")
    elders = homes["dwellings"] / total * homes["area_id"].map(city.areas["elders"])
    straight = shapely.distance(shapely.MultiPoint(target.geometry.tolist()), points)
    limit = np.where(rural, RURAL_M, URBAN_M)
    return pd.DataFrame(
        {
            "area_id": homes["area_id"],
            "metres": metres,
            "leg": leg,
            "straight": straight,
            "elders": elders,
            "limit": limit,
            "covered": np.nan_to_num(metres, nan=np.inf) <= limit,
        }
    )


def _rates(homes: pd.DataFrame) -> pd.Series:
    reached = (homes["elders"] * homes["covered"]).groupby(homes["area_id"]).sum()
    return reached / homes["elders"].groupby(homes["area_id"]).sum()


def _mended(pieces: list[Piece]) -> list[Piece]:
    """Return the network with the few-metre gaps joined."""
    ends = [end for p in pieces if "gap" in p.tags for end in p.ends]
    joined = [
        Piece(shapely.LineString([a, b]), "residential")
        for k, a in enumerate(ends)
        for b in ends[k + 1 :]
        if 0 < np.hypot(a[0] - b[0], a[1] - b[1]) < 6
    ]
    return pieces + joined


def _within_block(city: City, key: tuple[str, int, int]) -> pd.Index:
    town = city.towns[key[0]]
    ring = block_ring(town, town.blocks[key[1:]])
    return city.buildings.index[city.buildings.within(ring)]


def _home_cases(
    city: City, facilities: gpd.GeoDataFrame, homes: pd.DataFrame
) -> list[tuple[str, str, str, str]]:
    """Cases that are a single building."""
    ferry = homes[
        (homes["area_id"] == "150303104239")
        & (homes["straight"] <= RURAL_M / 1.3)
        & ~homes["covered"]
    ]
    far = homes[homes["metres"].isna() & np.isfinite(homes["leg"])]
    rural = far[(far["limit"] == RURAL_M) & (far["leg"] > 500)]
    urban = far[(far["limit"] == URBAN_M) & (far["leg"] > 150)]
    island = city.buildings.index[city.buildings.within(city.terrain.island)]
    behind = homes.loc[homes.index.intersection(_within_block(city, GATED_BLOCK))]
    behind = behind[(behind["straight"] < 300) & ~behind["covered"]]
    mended = home_table(city, facilities, _mended(city.pieces))
    falsely = homes.index.intersection(_within_block(city, BROKEN_BLOCK))
    falsely = falsely[~homes.loc[falsely, "covered"] & mended.loc[falsely, "covered"]]
    return [
        (
            "access_across_river",
            "buildings",
            ferry["straight"].idxmin(),
            "直线不足1385米,隔黄河,步行超过30分钟",
        ),
        ("not_snapped_rural", "buildings", rural["leg"].idxmax(), "离任何道路超过500米"),
        ("not_snapped_urban", "buildings", urban["leg"].idxmax(), "城镇住宅,离任何道路超过150米"),
        ("island_home", "buildings", island[0], "湖心岛路网与全市不连通"),
        (
            "gated_long_way",
            "buildings",
            behind["straight"].idxmin(),
            "封闭小区单一大门,隔墙有站点却要绕行",
        ),
        (
            "false_uncovered_by_gap",
            "buildings",
            homes.loc[falsely, "metres"].idxmax(),
            "路网断头几米造成的误判",
        ),
    ]


def _area_cases(
    city: City, facilities: gpd.GeoDataFrame, homes: pd.DataFrame
) -> list[tuple[str, str, str, str]]:
    """Cases that are an area."""
    areas = city.areas
    rate = _rates(homes)
    station = facilities[
        facilities["kind"].isin(["station", "day_care"]) & (facilities["status"] == "operating")
    ]
    has = sorted(station["area_id"].unique())
    out_of_time = rate[has].idxmin()
    neighbour = rate[list(WITHOUT)]
    floor = facilities[facilities["kind"] == "service_complex"].set_index("area_id")["floor_m2"]
    fails = (
        (floor >= 300)
        & (floor < 0.3 * areas["households"])
        & (areas["regime"] == "existing")
        & (areas["kind"] == "urban")
    )
    exclave = areas.index[areas.geom_type == "MultiPolygon"]
    return [
        ("facility_but_out_of_time", "areas", out_of_time, "有站点,但位置偏,多数老人15分钟到不了"),
        (
            "no_facility_but_in_time",
            "areas",
            neighbour[neighbour >= 0.95].index[0],
            "无站点,靠相邻社区站点全部达到",
        ),
        ("mixed_regime", "areas", areas.index[areas["regime"] == "mixed"][0], "新旧小区并存"),
        (
            "floor_passes_total_fails_per_100",
            "areas",
            fails.index[fails][0],
            "总面积达300平方米,每百户不足30平方米",
        ),
        (
            "exclave",
            "areas",
            "150302007009" if "150302007009" in exclave else exclave[0],
            "由不相连的两块组成(湖心岛飞地)",
        ),
    ]


def _first(frame: pd.DataFrame, **values: object) -> str:
    mask = np.logical_and.reduce([frame[name] == value for name, value in values.items()])
    return str(frame.index[mask][0])


def _best_pipeline(city: City, facilities: gpd.GeoDataFrame, homes: pd.DataFrame) -> str:
    """Return the station under construction that would cover most elders."""
    building = facilities.index[
        (facilities["kind"] == "station") & (facilities["status"] == "building")
    ]
    gains = {}
    for code in building:
        opened = facilities.copy()
        opened.loc[code, "status"] = "operating"
        after = home_table(city, opened, city.pieces)
        gains[code] = float((after["elders"] * (after["covered"] & ~homes["covered"])).sum())
    return str(max(gains, key=lambda code: gains[code]))


def _facility_cases(
    city: City, facilities: gpd.GeoDataFrame, homes: pd.DataFrame
) -> list[tuple[str, str, str, str]]:
    """Cases that are a facility."""
    shared = facilities.index[
        facilities["kind"].isin(["station", "day_care"])
        & facilities["serves"].str.contains(";", na=False)
    ]
    return [
        (
            "under_construction_would_cover",
            "facilities",
            _best_pipeline(city, facilities, homes),
            "在建站点,投用后覆盖现有空白",
        ),
        ("shared_station", "facilities", shared[0], "两个社区共用一个站点"),
        (
            "planned",
            "facilities",
            _first(facilities, kind="station", status="planned"),
            "规划中,不计入",
        ),
        (
            "closed",
            "facilities",
            _first(facilities, kind="station", status="closed"),
            "已关闭,不计入",
        ),
        (
            "institution_open",
            "facilities",
            _first(facilities, kind="institution", status="operating", open_to_community=1),
            "机构对社区开放",
        ),
        (
            "institution_not_open",
            "facilities",
            _first(facilities, kind="institution", status="operating", open_to_community=0),
            "机构不对社区开放",
        ),
        ("gcj02_file", "meal_points_gcj02.csv", "M01", "GCJ-02坐标,中文表头"),
    ]


def _road_cases(
    roads: gpd.GeoDataFrame, pieces: list[Piece], rails: tuple
) -> list[tuple[str, str, str, str]]:
    """Cases that are roads; two ids are joined by ;."""
    gap = [k for k, p in enumerate(pieces) if "gap" in p.tags]
    broken = ":".join(map(str, BROKEN_BLOCK))
    pair = [k for k in gap if pieces[k].tags.get("block") == broken]
    bridges = roads[(roads["highway"] == "motorway") & (roads["bridge"] == "yes")]
    below = roads[roads["highway"].isin(["primary", "secondary"]) & (roads["bridge"] != "yes")]
    over, under = shapely.STRtree(below.geometry.to_numpy()).query(
        bridges.geometry.to_numpy(), predicate="crosses"
    )
    cross = f"{bridges.index[over[0]]};{below.index[under[0]]}"
    river = roads.index[(roads["name"] == "乌达黄河公路桥") & (roads["bridge"] == "yes")]
    lines = shapely.STRtree(list(rails)).geometries
    tunnel = roads[(roads["tunnel"] == "yes") & (roads.distance(shapely.union_all(lines)) < 1)]
    island = [k for k, p in enumerate(pieces) if "island" in p.tags]
    return [
        ("road_gap", "roads", ";".join(roads.index[pair[:2]]), "两个断头路端点相距几米,造成误判"),
        (
            "road_gap_harmless",
            "roads",
            ";".join(roads.index[[k for k in gap if k not in pair][:2]]),
            "两个断头路端点相距几米",
        ),
        ("bridge_not_connected", "roads", cross, "高速高架与下方道路相交而不连通"),
        ("river_bridge", "roads", river[0], "跨黄河桥,一段到岸"),
        ("rail_underpass", "roads", tunnel.index[0], "下穿铁路"),
        ("island_road", "roads", roads.index[island[0]], "湖心岛路网"),
    ]


def special_cases(
    city: City, facilities: gpd.GeoDataFrame, roads: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Return case, table, id and why, one row per special case."""
    homes = home_table(city, facilities, city.pieces)
    rows = [
        *_area_cases(city, facilities, homes),
        *_facility_cases(city, facilities, homes),
        *_home_cases(city, facilities, homes),
        *_road_cases(roads, city.pieces, city.rails.lines),
    ]
    return pd.DataFrame(rows, columns=["case", "table", "id", "why"])
