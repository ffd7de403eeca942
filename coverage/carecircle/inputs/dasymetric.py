"""Spreading people in proportion to weights, with totals preserved; used by ``homes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.errors import CrsError
from carecircle.inputs.topology import assign_areas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carecircle.inputs.issues import IssueLog

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = [
    "NON_RESIDENTIAL",
    "PEOPLE",
    "allot",
    "bare_homes",
    "check_crs",
    "floor_space",
    "lattice",
    "lived_in",
    "located",
    "numbers",
    "place_homes",
    "some",
]

#: The people columns of areas and homes.
PEOPLE = ("households", "population", "elders", "elders80")

#: Building uses that evidently hold no homes: OpenStreetMap ``building`` values and plain words.
#: Anything else, ``yes`` and missing included, counts as lived in.
NON_RESIDENTIAL = frozenset(
    {
        "allotment_house", "bakehouse", "barn", "boathouse", "bridge", "bunker", "bus_station",
        "canopy", "carport", "cathedral", "chapel", "church", "civic", "clinic", "clubhouse",
        "college", "collapsed", "commercial", "conservatory", "construction", "container",
        "cowshed", "demolished", "digester", "factory", "farm_auxiliary", "fire_station",
        "garage", "garages", "gatehouse", "glasshouse", "government", "grandstand", "greenhouse",
        "guardhouse", "hangar", "hospital", "hotel", "industrial", "industry", "kindergarten",
        "kiosk", "library", "manufacture", "mall", "mosque", "museum", "no", "nursing_home",
        "office", "parking", "pavilion", "police", "power", "prison", "proposed", "public",
        "railway", "religious", "retail", "riding_hall", "roof", "ruins", "school", "service",
        "shed", "shop", "shrine", "silo", "slurry_tank", "sports_centre", "sports_hall",
        "stable", "stadium", "storage_tank", "stupa", "sty", "substation", "supermarket",
        "synagogue", "temple", "tent", "toilets", "train_station", "transformer_tower",
        "transportation", "triumphal_arch", "university", "utility", "warehouse", "water_tower",
        "仓储", "仓库", "体育", "公共", "公建", "养殖", "办公", "医院", "厂房", "商业", "商场",
        "学校", "宗教", "宾馆", "工业", "市政", "幼儿园", "文化", "温室", "车库", "酒店",
        "非住宅",
    }
)  # fmt: skip


def check_crs(table: str, frame: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None = None) -> None:
    """Raise :class:`~carecircle.errors.CrsError` unless ``frame`` is in metres, ``areas`` alike."""
    if frame.crs is None:
        raise CrsError(f"{table}: no CRS; say which one the coordinates are in")
    if not frame.crs.is_projected:
        raise CrsError(f"{table}: {frame.crs.name} is not projected; reproject to metres first")
    if areas is not None and areas.crs != frame.crs:
        there = "none" if areas.crs is None else areas.crs.name
        raise CrsError(
            f"{table}: CRS is {frame.crs.name}, that of areas is {there}; reproject to one"
        )


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a column as float: NaN where it is missing or there is no such column."""
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[column]).to_numpy(dtype=np.float64, na_value=np.nan)


def some(ids: pd.Index, most: int = 5) -> str:
    """Return how many ids there are, with the first few of them."""
    shown = ", ".join(map(str, ids[:most]))
    return f"{len(ids):,}: {shown}{', ...' if len(ids) > most else ''}"


def located(table: str, frame: gpd.GeoDataFrame, log: IssueLog) -> gpd.GeoDataFrame:
    """Return the records that have a geometry; the others are an error in the log."""
    nowhere = (frame.geometry.isna() | frame.geometry.is_empty).to_numpy()
    if not nowhere.any():
        return frame
    log.add(
        "no_geometry",
        "error",
        table,
        field="geometry",
        found=some(frame.index[nowhere]),
        effect="set aside; their people go to the other homes of their area",
        fix="give them a geometry",
    )
    return frame[~nowhere]


def lived_in(table: str, ids: pd.Index, keep: Flags, log: IssueLog) -> Flags:
    """Return ``keep``, after a note on the records that are no homes."""
    if not keep.all():
        log.add("not_homes", "note", table, found=some(ids[~keep]), effect="nobody lives there")
    return keep


def floor_space(buildings: gpd.GeoDataFrame, log: IssueLog) -> Floats:
    """Return the residential floor space of each building in m2; assumptions go to the log."""
    n = len(buildings)
    footprint = buildings.area.to_numpy()
    flat = footprint == 0
    if flat.any():
        usual = float(np.median(footprint[~flat])) if (~flat).any() else 100.0
        footprint = np.where(flat, usual, footprint)
        found = f"{flat.sum():,} of {n:,} have no footprint"
        log.add("footprint_missing", "note", "buildings", found=found, used=f"{usual:,.0f} m2 each")
    floors = numbers(buildings, "floors")
    unknown = ~(floors > 0)
    if unknown.any():
        found = f"{unknown.sum():,} of {n:,} missing or 0"
        log.add("floors_missing", "note", "buildings", field="floors", found=found, used="1 floor")
    share = numbers(buildings, "residential_share")
    if "use" in buildings.columns:
        use = buildings["use"].astype("str").str.strip().str.lower()
        share = np.where(np.isnan(share) & use.isin(NON_RESIDENTIAL).to_numpy(), 0.0, share)
    assumed = np.isnan(share)
    if assumed.any():
        log.add(
            "residential_share_missing",
            "note",
            "buildings",
            field="residential_share",
            found=f"{assumed.sum():,} of {n:,} missing where the use may be residential",
            used="1",
        )
    return footprint * np.where(unknown, 1.0, floors) * np.where(assumed, 1.0, share)


def bare_homes(ids: pd.Index, spots: object, area_id: Any, crs: object) -> gpd.GeoDataFrame:
    """Return homes at ``spots`` whose people are unknown."""
    index = ids.astype("str").rename("home_id")
    # a Series keeps missing ids missing in every pandas; astype and pd.array do not before 3
    owners = pd.Series(np.asarray(area_id, dtype=object), index=index, dtype="str")
    return gpd.GeoDataFrame(
        {"area_id": owners, **dict.fromkeys(PEOPLE, np.nan)},
        geometry=np.asarray(spots, dtype=object),
        index=index,
        crs=crs,
    )


def place_homes(
    table: str, source: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None, log: IssueLog
) -> gpd.GeoDataFrame:
    """Return one home per record of ``source``, at a point inside it, with its area."""
    spots = _spots(source.geometry.to_numpy())
    given = source["area_id"] if "area_id" in source.columns else [None] * len(source)
    homes = bare_homes(source.index, spots, given, source.crs)
    if areas is None:
        return homes
    foreign = (homes["area_id"].notna() & ~homes["area_id"].isin(areas.index)).to_numpy()
    if foreign.any():
        log.add(
            "unknown_area",
            "warning",
            table,
            field="area_id",
            found=some(homes.index[foreign]),
            used="their location",
            fix="correct the area ids or add the areas",
        )
    ask = (foreign | homes["area_id"].isna()).to_numpy()
    homes.loc[ask, "area_id"] = assign_areas(homes[ask], areas).to_numpy()
    outside = homes["area_id"].isna().to_numpy()
    if outside.any():
        log.add(
            "outside_areas",
            "error",
            table,
            field="geometry",
            found=some(homes.index[outside]),
            effect="they belong to no area",
            fix="check the boundaries, or leave these records out",
        )
    return homes


def allot(
    homes: gpd.GeoDataFrame,
    weights: Mapping[str, Floats],
    areas: gpd.GeoDataFrame,
    log: IssueLog,
) -> gpd.GeoDataFrame:
    """Share the people of each area among its homes by weight, column by column.

    Returns
    -------
    geopandas.GeoDataFrame
        ``homes`` with the people columns filled. Where the area's number is unknown, or the home is
        in no area, its own number stands. Unknown weight: unknown people. People of an area where
        no home has a weight stand on one more home, ``area:`` and the area's id.
    """
    code = areas.index.get_indexer(homes["area_id"])
    inside = code >= 0
    filled, left = {}, {}
    for column in PEOPLE:
        total, weight = numbers(areas, column), weights[column]
        counts = inside & ~np.isnan(weight)
        sums = np.bincount(code[counts], weight[counts], minlength=len(areas))
        given = np.append(total, np.nan)[code]  # code -1: in no area, nothing given
        divisor = np.append(np.where(sums > 0, sums, 1.0), 1.0)[code]
        own = homes[column].to_numpy()
        filled[column] = np.where(np.isnan(given), own, given * (weight / divisor))
        left[column] = np.where((sums > 0) & ~np.isnan(total), 0.0, total)
    occupied = np.isin(np.arange(len(areas)), code)
    rest = pd.DataFrame(left, index=areas.index)
    alone = ((rest > 0).any(axis=1) | (rest.isna().all(axis=1) & ~occupied)).to_numpy()
    homes = homes.assign(**filled)
    if not alone.any():
        return homes
    return _with_lonely(homes, areas[alone], rest[alone], log)


def lattice(polygon: shapely.Polygon | shapely.MultiPolygon, spacing_m: float) -> Floats:
    """Return the points of a regular grid inside ``polygon``, at least one; shape (n, 2)."""
    west, south, east, north = np.floor(np.array(polygon.bounds) / spacing_m)
    xs = (np.arange(west, east + 1) + 0.5) * spacing_m
    ys = (np.arange(south, north + 1) + 0.5) * spacing_m
    x, y = (axis.ravel() for axis in np.meshgrid(xs, ys))
    shapely.prepare(polygon)
    inside = shapely.contains_xy(polygon, x, y)
    if not inside.any():
        return np.asarray(shapely.get_coordinates(shapely.point_on_surface(polygon)))
    return np.column_stack([x[inside], y[inside]])


def _spots(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the centroid of each shape, or a point on it if the centroid lies outside."""
    spots = np.asarray(shapely.centroid(shapes))
    outside = ~np.asarray(shapely.intersects(shapes, spots))
    spots[outside] = shapely.point_on_surface(shapes[outside])
    return spots


def _with_lonely(
    homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, rest: pd.DataFrame, log: IssueLog
) -> gpd.GeoDataFrame:
    """Add one home for each area whose people found no home."""
    for area, people in zip(areas.index, rest.to_dict("records"), strict=True):
        known = [f"{value:,.0f} {name}" for name, value in people.items() if value > 0]
        log.add(
            "area_without_homes",
            "warning",
            "areas",
            record=str(area),
            used="one point inside the area",
            effect=f"{', '.join(known) or 'people unknown'}, all at one point",
            fix="add its buildings",
        )
    ids = pd.Index([f"area:{area}" for area in areas.index], dtype="str")
    spots = shapely.point_on_surface(areas.geometry.to_numpy())
    lonely = bare_homes(ids, spots, areas.index, areas.crs)
    lonely[list(PEOPLE)] = rest.to_numpy()
    return pd.concat([homes, lonely])
