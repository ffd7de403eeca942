"""Candidate sites: where they could be, what rules them out, and what they would cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.errors import CrsError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork

__all__ = [
    "CostModel",
    "SiteRules",
    "candidates_from_buildings",
    "candidates_from_grid",
    "candidates_from_roads",
    "filter_candidates",
    "spaced",
]

#: Uses of buildings that a city may convert, as OpenStreetMap and Chinese tables write them.
_PUBLIC_USES = (
    "public", "civic", "government", "school", "kindergarten", "office", "community_centre",
    "vacant", "公共", "办公", "学校", "闲置", "社区用房",
)  # fmt: skip


@dataclass(frozen=True)
class CostModel:
    """What a site costs: a fixed sum and a price per m2, by the way it is got.

    The figures are the user's own; there are none by default.

    Attributes
    ----------
    fixed
        Acquisition (``build``, ``buy_back``, ``lease``, ``convert``) -> cost whatever the size.
    per_m2
        Acquisition -> cost per m2 of floor area.
    source
        Where the figures come from.

    Examples
    --------
    >>> prices = CostModel({"build": 50.0, "lease": 5.0}, {"build": 0.4, "lease": 0.1}, "made up")
    >>> sites = pd.DataFrame({"acquisition": ["build", "lease"], "floor_m2": [300.0, 200.0]})
    >>> prices.cost(sites).tolist()
    [170.0, 25.0]
    """

    fixed: Mapping[str, float]
    per_m2: Mapping[str, float]
    source: str

    def __post_init__(self) -> None:
        for table in (self.fixed, self.per_m2):
            for way, cost in table.items():
                if not (np.isfinite(cost) and cost >= 0):
                    msg = f"CostModel: {way} costs {cost!r}; give a number of 0 or more"
                    raise InputError(msg)

    def cost(self, sites: pd.DataFrame) -> pd.Series:
        """Return the cost of each site; missing where its acquisition or floor area is.

        Parameters
        ----------
        sites
            ``acquisition`` and ``floor_m2``.
        """
        way, floor = sites["acquisition"], sites["floor_m2"].astype(float)
        fixed, price = (way.map(dict(t)).astype(float) for t in (self.fixed, self.per_m2))
        return (fixed + price * floor).rename("cost")


@dataclass(frozen=True)
class SiteRules:
    """Hard rules for care sites; each is applied where the sites have its column.

    By default those of GB 50437 4.2.1-4.2.4 and JGJ 450-2018 5.1.2, 5.6.4 that are a yes or no;
    the rest are for the user to set. A missing value passes and is counted.

    Attributes
    ----------
    lowest_floor
        Lowest floor number (``floor_level``; 1 is the ground floor, below are basements).
    lift_from
        Floor number from which a lift (``lift``) is needed.
    steepest
        Greatest climb / length of the ground (``slope``).
    expressway_m, industry_m
        Least distance to expressways (``expressway_m``) and industry (``industry_m``).
    flood
        Whether a site in a flood zone (``flood``) may be used.
    least_m2
        Least floor area (``floor_m2``) by acquisition, or for all under ``""``.
    """

    lowest_floor: float | None = 1
    lift_from: float | None = 2
    steepest: float | None = None
    expressway_m: float | None = None
    industry_m: float | None = None
    flood: bool = False
    least_m2: Mapping[str, float] = field(default_factory=dict)

    def broken_by(self, sites: pd.DataFrame) -> dict[str, tuple[str, pd.Series]]:
        """Return rule -> (what it asks, which sites break it)."""
        tests = {
            "floor_level": ("is on floor {} or above", self.lowest_floor, "<"),
            "slope": ("ground rises by at most {}", self.steepest, ">"),
            "expressway_m": ("is {} m or more from an expressway", self.expressway_m, "<"),
            "industry_m": ("is {} m or more from industry", self.industry_m, "<"),
        }
        broken = {}
        for column, (text, limit, sign) in tests.items():
            if limit is not None and column in sites:
                value = sites[column].astype(float)
                bad = value < limit if sign == "<" else value > limit
                broken[column] = (text.format(f"{limit:g}"), bad)
        if self.lift_from is not None and {"floor_level", "lift"} <= set(sites):
            lift = sites["lift"].astype("boolean")
            high = sites["floor_level"].astype(float) >= self.lift_from
            ask = f"has a lift from floor {self.lift_from:g} on"
            broken["lift"] = (ask, high & ~lift.fillna(True))  # noqa: FBT003  # missing passes
        if not self.flood and "flood" in sites:
            wet = sites["flood"].astype("boolean").fillna(False)  # noqa: FBT003  # missing passes
            broken["flood"] = ("lies in no flood zone", wet)
        if self.least_m2 and "floor_m2" in sites:
            way = sites.get("acquisition", pd.Series("", sites.index))
            least = way.map(dict(self.least_m2)).astype(float).fillna(self.least_m2.get("", 0.0))
            ask = "has the least floor area of its acquisition"
            broken["floor_m2"] = (ask, sites["floor_m2"].astype(float) < least)
        return {name: (ask, bad.astype(bool)) for name, (ask, bad) in broken.items()}


def filter_candidates(
    sites: gpd.GeoDataFrame, rules: SiteRules | None = None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Leave out the sites that break a hard rule, and say how many each rule took.

    Parameters
    ----------
    sites
        Contract ``sites`` with columns as far as known (see :class:`SiteRules`).
    rules
        The rules; those of :class:`SiteRules` by default.

    Returns
    -------
    kept, report
        The sites that break no rule; and, index ``rule``: ``asks``, ``removed`` (sites that break
        it), ``only`` (break no other), ``unknown`` (value missing, kept) and ``site_ids`` joined by
        ``;``. Rules whose column the sites lack are not in the report.

    Examples
    --------
    >>> sites = gpd.GeoDataFrame({"floor_level": [-1, 1, 3], "lift": [True, False, False]},
    ...     index=["A", "B", "C"], geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]), crs=4545)
    >>> kept, report = filter_candidates(sites)
    >>> kept.index.tolist(), report["site_ids"].to_dict()
    (['B'], {'floor_level': 'A', 'lift': 'C'})
    """
    broken = (rules or SiteRules()).broken_by(sites)
    table = pd.DataFrame({name: bad for name, (_, bad) in broken.items()}, index=sites.index)
    times = table.sum(axis=1)
    rows = {
        name: {
            "asks": ask,
            "removed": int(bad.sum()),
            "only": int((bad & (times == 1)).sum()),
            "unknown": int(sites[name].isna().sum()),
            "site_ids": ";".join(map(str, sites.index[bad])),
        }
        for name, (ask, bad) in broken.items()
    }
    columns = ["asks", "removed", "only", "unknown", "site_ids"]
    report = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return sites[times == 0], report.rename_axis(index="rule")


def spaced(sites: gpd.GeoDataFrame, min_spacing_m: float) -> gpd.GeoDataFrame:
    """Keep sites at least so far apart, taking them in the order of the table.

    Required sites are taken first, and all of them; put the sites you prefer at the top.

    Parameters
    ----------
    sites
        Contract ``sites``.
    min_spacing_m
        Straight distance in metres; sites exactly so far apart stay.

    Examples
    --------
    >>> sites = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 60, 100], [0, 0, 0]), crs=4545)
    >>> spaced(sites, 100).index.tolist()
    [0, 2]
    """
    _positive("min_spacing_m", min_spacing_m)
    required = np.zeros(len(sites), dtype=bool)
    if "required" in sites:
        required = sites["required"].astype("boolean").fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # missing: not said
    tree = shapely.STRtree(sites.geometry.array)
    one, other = tree.query(sites.geometry.array, predicate="dwithin", distance=min_spacing_m)
    near = shapely.distance(sites.geometry.array[one], sites.geometry.array[other])
    clash = (one != other) & (near < min_spacing_m)
    order = np.argsort(one[clash], kind="stable")
    neighbours = np.split(
        other[clash][order], np.searchsorted(one[clash][order], np.arange(1, len(sites)))
    )
    taken, barred = required.copy(), np.zeros(len(sites), dtype=bool)
    for row in np.flatnonzero(required):
        barred[neighbours[row]] = True
    for row in np.flatnonzero(~required):  # each choice depends on those before it
        if not barred[row]:
            taken[row] = True
            barred[neighbours[row]] = True
    return sites[taken]


def candidates_from_grid(gaps: gpd.GeoDataFrame, spacing_m: float) -> gpd.GeoDataFrame:
    """Put candidates on a square grid inside uncovered areas.

    Parameters
    ----------
    gaps
        Polygons, such as ``result.gaps``; in a projected CRS in metres.
    spacing_m
        Side of the squares. Grid lines are multiples of it, so that the same ground gives the same
        sites; a gap too small to hold a grid point gets one point inside.

    Returns
    -------
    geopandas.GeoDataFrame
        Contract ``sites``; index ``site_id`` ``G1``, ``G2``, ... from south to north, west to east.

    Examples
    --------
    >>> gap = gpd.GeoDataFrame(geometry=[shapely.box(10, 10, 210, 110)], crs=4545)
    >>> [point.wkt for point in candidates_from_grid(gap, 100).geometry]
    ['POINT (100 100)', 'POINT (200 100)']
    """
    shapes = _shapes(gaps, spacing_m)
    if not len(shapes):
        return _as_sites([], gaps, "G")
    west, south, east, north = shapely.total_bounds(shapes)
    x = np.arange(np.ceil(west / spacing_m), np.floor(east / spacing_m) + 1) * spacing_m
    y = np.arange(np.ceil(south / spacing_m), np.floor(north / spacing_m) + 1) * spacing_m
    xy = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
    grid = np.asarray(shapely.points(xy), dtype=object)
    tree = shapely.STRtree(grid)
    shape, point = tree.query(shapes, predicate="intersects")
    empty = np.setdiff1d(np.arange(len(shapes)), shape)
    inside = shapely.point_on_surface(shapes[empty])
    return _as_sites([*grid[np.unique(point)], *inside], gaps, "G")


def candidates_from_roads(
    network: RoadNetwork, gaps: gpd.GeoDataFrame, spacing_m: float
) -> gpd.GeoDataFrame:
    """Put candidates along the roads inside uncovered areas.

    Only on roads that a place may be entered from: no bridges, tunnels or closed roads.

    Parameters
    ----------
    network
        The network.
    gaps
        Polygons in its CRS.
    spacing_m
        Least straight distance between two candidates.

    Returns
    -------
    geopandas.GeoDataFrame
        Contract ``sites``; index ``site_id`` ``R1``, ``R2``, ...
    """
    shapes = _shapes(gaps, spacing_m)
    if gaps.crs != network.crs:
        msg = f"gaps are in {gaps.crs}, the network in {network.crs}; reproject with to_crs()"
        raise CrsError(msg)
    lines = network.roads.geometry.array[network.can_link]
    length = shapely.length(lines)
    steps = np.floor(length / spacing_m).astype(int) + 1
    line = np.repeat(np.arange(len(lines)), steps)
    along = (np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)) * spacing_m
    points = shapely.line_interpolate_point(lines[line], along)
    tree = shapely.STRtree(points)
    _, inside = tree.query(shapes, predicate="intersects")
    chosen = _as_sites(points[np.unique(inside)], gaps, "R")
    if not len(chosen):
        return chosen
    return _numbered(spaced(chosen, spacing_m), "R")


def candidates_from_buildings(
    buildings: gpd.GeoDataFrame,
    gaps: gpd.GeoDataFrame | None = None,
    *,
    uses: Sequence[str] = _PUBLIC_USES,
    acquisition: str = "convert",
) -> gpd.GeoDataFrame:
    """Take public or vacant buildings, or pieces of land, as candidates.

    Parameters
    ----------
    buildings
        Contract ``buildings`` (polygons): ``use``, and ``floors`` where known. Land is a table with
        a ``use`` such as ``vacant``.
    gaps
        Only buildings that touch these areas; all when missing.
    uses
        Uses to take, compared without regard to case.
    acquisition
        How they would be got: ``convert``, ``buy_back``, ``lease`` or ``build``.

    Returns
    -------
    geopandas.GeoDataFrame
        Contract ``sites``; index ``site_id`` is the id of the building; ``floor_m2`` is its
        footprint times its floors (one, where unknown), a point inside it.

    Raises
    ------
    InputError
        If the buildings have no ``use``.
    """
    if "use" not in buildings:
        found = ", ".join(map(str, buildings.columns))
        msg = f"buildings: column 'use' is missing (found: {found}); it says which are public"
        raise InputError(msg)
    wanted = {use.casefold() for use in uses}
    taken = buildings[buildings["use"].astype("str").str.casefold().isin(wanted)]
    if gaps is not None:
        if gaps.crs != buildings.crs:
            msg = f"gaps are in {gaps.crs}, buildings in {buildings.crs}; reproject with to_crs()"
            raise CrsError(msg)
        _, hit = taken.sindex.query(gaps.geometry.array, predicate="intersects")
        taken = taken.iloc[np.unique(hit)]
    floors = taken["floors"].astype(float).fillna(1.0) if "floors" in taken else 1.0
    return gpd.GeoDataFrame(
        {
            "name": taken["name"] if "name" in taken else taken.index.astype("str"),
            "floor_m2": taken.area * floors,
            "acquisition": acquisition,
            "use": taken["use"],
        },
        geometry=taken.representative_point(),
        index=taken.index.astype("str").rename("site_id"),
        crs=buildings.crs,
    )


def _shapes(gaps: gpd.GeoDataFrame, spacing_m: float) -> NDArray[np.object_]:
    _positive("spacing_m", spacing_m)
    shapes = np.asarray(gaps.geometry.array)
    return shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]


def _as_sites(
    points: Sequence[shapely.Point] | NDArray[np.object_], gaps: gpd.GeoDataFrame, letter: str
) -> gpd.GeoDataFrame:
    points = np.asarray(points, dtype=object)
    xy = shapely.get_coordinates(points).reshape(-1, 2)
    _, first = np.unique(xy.round(3), axis=0, return_index=True) if len(xy) else (xy, [])
    keep = np.asarray(first, dtype=int)
    keep = keep[np.lexsort((xy[keep, 0], xy[keep, 1]))]
    frame = gpd.GeoDataFrame({"acquisition": "build"}, geometry=points[keep], crs=gaps.crs,
                             index=range(len(keep)))  # fmt: skip
    return _numbered(frame, letter)


def _numbered(sites: gpd.GeoDataFrame, letter: str) -> gpd.GeoDataFrame:
    names = [f"{letter}{k + 1}" for k in range(len(sites))]
    index = pd.Index(names, name="site_id", dtype="str")
    return sites.set_axis(index).assign(name=names)


def _positive(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        msg = f"{name} is {value}; give metres, more than 0"
        raise InputError(msg)
