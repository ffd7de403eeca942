"""Where people live: spread the people of areas over buildings, dwellings, grid cells or points.

All four functions return the ``homes`` table and preserve totals (pycnophylactic): the homes of an
area add up to the area's people, for each column. What is unknown for the area is unknown for
its homes; people never vanish because nothing was found to put them in.

Methods and their quality: Maantay, Maroko & Herrmann 2007 (floor space, dwellings); a regular grid
of points is area weighting, the last resort.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from carecircle.errors import InputError
from carecircle.inputs.dasymetric import (
    PEOPLE,
    allot,
    bare_homes,
    check_crs,
    floor_space,
    lattice,
    lived_in,
    located,
    numbers,
    place_homes,
    some,
)
from carecircle.inputs.issues import IssueLog

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "homes_from_areas",
    "homes_from_buildings",
    "homes_from_dwellings",
    "homes_from_grid",
]

_MOST_POINTS = 5_000_000


def homes_from_buildings(
    buildings: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, *, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Spread the people of each area over its buildings by residential floor space.

    The weight of a building is footprint x floors x residential share. Missing floors count as 1;
    a missing share as 1, or 0 where ``use`` is evidently not residential (the table is
    :data:`carecircle.inputs.dasymetric.NON_RESIDENTIAL`); a point has the median footprint of the
    polygons (100 m2 if there is none). Each of these is counted in the log. Buildings of weight 0
    are not homes.

    Parameters
    ----------
    buildings
        Index ``building_id``; polygons or points; may have ``floors``, ``residential_share`` (0 to
        1), ``use`` and ``area_id``. An ``area_id`` that is filled in goes before the location.
    areas
        Index ``area_id``; polygons; may have ``households``, ``population``, ``elders``,
        ``elders80``. Same projected CRS.
    log
        Collects the issues; when missing they are raised or warned about.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``home_id`` (the building's id), ``area_id``, the four people columns as float, and a
        point: the centroid, or a point inside where the centroid is outside the building.
        Buildings outside all areas stay, with ``area_id`` missing and people unknown (error
        ``outside_areas``). People of an area without homes stand on one point inside it, id
        ``area:`` and the area's id (warning ``area_without_homes``).

    Raises
    ------
    CrsError
        If the CRS is missing, not projected, or not the same.

    Examples
    --------
    >>> import geopandas as gpd
    >>> square = shapely.box(0, 0, 100, 100)
    >>> areas = gpd.GeoDataFrame({"population": [90.0]}, geometry=[square], index=["A1"],
    ...                          crs="EPSG:4545")
    >>> buildings = gpd.GeoDataFrame(
    ...     {"floors": [1, 2]}, index=["B1", "B2"], crs="EPSG:4545",
    ...     geometry=[shapely.box(10, 10, 20, 20), shapely.box(50, 10, 60, 20)])
    >>> homes_from_buildings(buildings, areas, log=IssueLog())["population"].to_dict()
    {'B1': 30.0, 'B2': 60.0}
    """
    heard = IssueLog() if log is None else log
    check_crs("buildings", buildings, areas)
    placed = located("buildings", buildings, heard)
    weight = floor_space(placed, heard)
    keep = lived_in("buildings", placed.index, weight != 0, heard)
    homes = place_homes("buildings", placed[keep], areas, heard)
    homes = allot(homes, dict.fromkeys(PEOPLE, weight[keep]), areas, heard)
    if log is None:
        heard.settle()
    return homes


def homes_from_dwellings(
    buildings: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, *, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Spread the people of each area over its buildings by the number of dwellings.

    Parameters
    ----------
    buildings
        As for :func:`homes_from_buildings`, with a column ``dwellings``. A building without the
        number stays a home of unknown people (warning ``dwellings_missing``); one with 0
        dwellings is not a home.
    areas, log
        As for :func:`homes_from_buildings`.

    Returns
    -------
    geopandas.GeoDataFrame
        As :func:`homes_from_buildings`.

    Raises
    ------
    InputError
        If there is no column ``dwellings``.
    CrsError
        If the CRS is missing, not projected, or not the same.

    Examples
    --------
    >>> import geopandas as gpd
    >>> areas = gpd.GeoDataFrame({"households": [40.0]}, geometry=[shapely.box(0, 0, 9, 9)],
    ...                          index=["A1"], crs="EPSG:4545")
    >>> blocks = gpd.GeoDataFrame({"dwellings": [10, 30]}, index=["B1", "B2"], crs="EPSG:4545",
    ...                           geometry=gpd.points_from_xy([1, 2], [1, 2]))
    >>> homes_from_dwellings(blocks, areas)["households"].to_dict()
    {'B1': 10.0, 'B2': 30.0}
    """
    heard = IssueLog() if log is None else log
    check_crs("buildings", buildings, areas)
    if "dwellings" not in buildings.columns:
        raise InputError(
            f"buildings: column 'dwellings' is missing (found: {', '.join(buildings.columns)}); "
            "add it or use homes_from_buildings"
        )
    placed = located("buildings", buildings, heard)
    weight = numbers(placed, "dwellings")
    unknown = np.isnan(weight)
    if unknown.any():
        heard.add(
            "dwellings_missing",
            "warning",
            "buildings",
            field="dwellings",
            found=some(placed.index[unknown]),
            effect="their people are unknown; their neighbours take them",
            fix="fill in the number of dwellings or use homes_from_buildings",
        )
    keep = lived_in("buildings", placed.index, weight != 0, heard)
    homes = place_homes("buildings", placed[keep], areas, heard)
    homes = allot(homes, dict.fromkeys(PEOPLE, weight[keep]), areas, heard)
    if log is None:
        heard.settle()
    return homes


def homes_from_grid(
    cells: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame | None = None,
    *,
    log: IssueLog | None = None,
) -> gpd.GeoDataFrame:
    """Turn the cells of a population grid into homes, rescaled to the totals of areas if given.

    A cell belongs to the one area that holds its centre, also where it straddles two. Within an
    area and for each people column, cells are scaled to the area's total; where the area's total is
    unknown or no areas are given, the cells' own numbers stand. A column the cells lack is spread
    by their ``population`` (or their first people column).

    Parameters
    ----------
    cells
        Index: cell id; polygons or points with at least one people column. A cell with 0 in every
        people column is not a home.
    areas, log
        As for :func:`homes_from_buildings`.

    Returns
    -------
    geopandas.GeoDataFrame
        As :func:`homes_from_buildings`, but cells outside all areas keep their own numbers; without
        areas, ``area_id`` is the cells' own or missing.

    Raises
    ------
    InputError
        If the cells have no people column.
    CrsError
        If the CRS is missing, not projected, or not the same.

    Examples
    --------
    >>> import geopandas as gpd
    >>> cells = gpd.GeoDataFrame({"population": [1.0, 3.0]}, index=["c1", "c2"], crs="EPSG:4545",
    ...                          geometry=[shapely.box(0, 0, 9, 9), shapely.box(9, 0, 18, 9)])
    >>> area = gpd.GeoDataFrame({"population": [80.0]}, geometry=[shapely.box(0, 0, 18, 9)],
    ...                         index=["A1"], crs="EPSG:4545")
    >>> homes_from_grid(cells, area)["population"].to_dict()
    {'c1': 20.0, 'c2': 60.0}
    """
    heard = IssueLog() if log is None else log
    check_crs("cells", cells, areas)
    own = [column for column in PEOPLE if column in cells.columns]
    if not own:
        raise InputError(
            f"cells: no people column (found: {', '.join(cells.columns)}); "
            f"rename one to {', '.join(PEOPLE)}"
        )
    placed = located("cells", cells, heard)
    counts = np.column_stack([numbers(placed, column) for column in own])
    keep = lived_in("cells", placed.index, (counts != 0).any(axis=1), heard)
    homes = place_homes("cells", placed[keep], areas, heard)
    homes[own] = counts[keep]
    if areas is not None:
        main = "population" if "population" in own else own[0]
        weights = {c: homes[c if c in own else main].to_numpy() for c in PEOPLE}
        homes = allot(homes, weights, areas, heard)
    if log is None:
        heard.settle()
    return homes


def homes_from_areas(
    areas: gpd.GeoDataFrame, *, spacing_m: float, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Spread the people of each area evenly over a regular grid of points inside it.

    The weakest method: it puts people on lakes and in factories (warning ``weak_method``). Use it
    only where there are neither buildings nor a population grid.

    Parameters
    ----------
    areas
        Index ``area_id``; polygons in a projected CRS, with any of the people columns.
    spacing_m
        Distance of the points in metres. An area too small to hold one gets one point inside.
    log
        As for :func:`homes_from_buildings`.

    Returns
    -------
    geopandas.GeoDataFrame
        As :func:`homes_from_buildings`; ids are the area's id, ``-`` and a number.

    Raises
    ------
    InputError
        If the spacing is not positive or gives more than five million points.
    CrsError
        If the CRS is missing or not projected.

    Examples
    --------
    >>> import geopandas as gpd
    >>> area = gpd.GeoDataFrame({"elders": [8.0]}, geometry=[shapely.box(0, 0, 200, 200)],
    ...                         index=["A1"], crs="EPSG:4545")
    >>> homes_from_areas(area, spacing_m=100, log=IssueLog())["elders"].to_dict()
    {'A1-1': 2.0, 'A1-2': 2.0, 'A1-3': 2.0, 'A1-4': 2.0}
    """
    heard = IssueLog() if log is None else log
    check_crs("areas", areas)
    if not (spacing_m > 0 and areas.area.sum() / spacing_m**2 <= _MOST_POINTS):
        raise InputError(
            f"areas: spacing_m is {spacing_m}; give metres above 0 that leave at most "
            f"{_MOST_POINTS:,} points"
        )
    heard.add(
        "weak_method",
        "warning",
        "homes",
        used=f"a point every {spacing_m:g} m, people spread evenly",
        effect="people stand where nobody may live",
        fix="use buildings or a population grid if you can get them",
    )
    placed = located("areas", areas, heard)
    grids = [lattice(polygon, spacing_m) for polygon in placed.geometry]
    counts = [len(grid) for grid in grids]
    ids = [f"{a}-{k + 1}" for a, n in zip(placed.index, counts, strict=True) for k in range(n)]
    spots = np.concatenate(grids) if grids else np.empty((0, 2))
    owners = np.repeat(placed.index.astype("str"), counts)
    homes = bare_homes(pd.Index(ids, dtype="str"), shapely.points(spots), owners, areas.crs)
    homes = allot(homes, dict.fromkeys(PEOPLE, np.ones(len(homes))), areas, heard)
    if log is None:
        heard.settle()
    return homes
