"""What tables say of each other: overlaps and gaps between areas, places outside all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from carecircle.errors import CrsError

if TYPE_CHECKING:
    import geopandas as gpd

    from carecircle.inputs.issues import IssueLog

__all__ = ["assign_areas", "check_areas", "check_together"]

#: Smaller overlaps and gaps are rounding of the drawing, in m2.
TOLERANCE_M2 = 1.0
#: Overlaps and gaps thinner than this on average are slivers: no place for a home, in metres.
SLIVER_M = 1.0
_SHOWN = 6


def assign_areas(
    points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, log: IssueLog | None = None
) -> pd.Series[str]:
    """Return the one area each point lies in.

    Parameters
    ----------
    points
        Points in the CRS of ``areas``; geometry may be missing.
    areas
        Polygons, index ``area_id``.
    log
        Collects one warning for each point outside all areas.

    Returns
    -------
    pandas.Series
        ``area_id`` with the index of ``points``; missing outside all areas and without geometry. A
        point on a boundary, or where areas overlap, belongs to the lowest id, so that totals are
        preserved.

    Raises
    ------
    CrsError
        If the two CRS differ.

    Examples
    --------
    >>> import geopandas as gpd
    >>> areas = gpd.GeoDataFrame(
    ...     index=["A", "B"], geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], crs=4545
    ... )
    >>> homes = gpd.GeoDataFrame(
    ...     index=["h1", "h2", "h3"], geometry=gpd.points_from_xy([0, 1, 9], [1, 1, 9]), crs=4545
    ... )
    >>> assign_areas(homes, areas).tolist()
    ['A', 'A', nan]
    """
    _need_same_crs(points, areas)
    order = np.argsort(areas.index.astype(str).to_numpy(dtype=object), kind="stable")
    ordered = areas.geometry.iloc[order]
    tree = shapely.STRtree(points.geometry.to_numpy())  # the polygons are the prepared side
    area, which = tree.query(ordered.to_numpy(), predicate="intersects")
    lowest = np.full(len(points), len(ordered))
    np.minimum.at(lowest, which, area)
    ids = pd.Series([*ordered.index.astype(str), None])
    result = ids.iloc[lowest].set_axis(points.index).rename("area_id")
    if log is not None:
        placed = _has_place(points)
        _report_outside(points[placed & result.isna().to_numpy()], "points", "", log)
    return result


def check_areas(areas: gpd.GeoDataFrame, log: IssueLog) -> None:
    """Report overlaps of areas and gaps between them; nothing is changed.

    Parameters
    ----------
    areas
        Polygons in a projected CRS in metres, index ``area_id``.
    log
        Collects a warning for each overlapping pair and each gap, with m2 and the areas; a note
        where it is a sliver (on average thinner than 1 m). Less than 1 m2 is rounding.
    """
    if len(areas):
        _report_overlaps(areas, log)
        _report_gaps(areas, log)


def _report_overlaps(areas: gpd.GeoDataFrame, log: IssueLog) -> None:
    shapes = areas.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = one < other
    one, other = one[once], other[once]
    shared = shapely.intersection(shapes[one], shapes[other])
    sizes = shapely.area(shared)
    ids = areas.index.astype(str)
    for k in np.flatnonzero(sizes > TOLERANCE_M2):
        sliver = _is_sliver(shared[k])
        log.add(
            "overlap_sliver" if sliver else "overlap", "note" if sliver else "warning", "areas",
            record=f"{ids[one[k]]};{ids[other[k]]}", field="geometry",
            found=f"{sizes[k]:,.0f} m2 in both, {_at(shared[k])}",
            used="the lower id for homes there", fix="draw the common boundary once",
        )  # fmt: skip


def _report_gaps(areas: gpd.GeoDataFrame, log: IssueLog) -> None:
    """Report holes of the union of all areas: nobody's land, a lake, or a drawing fault."""
    shapes = areas.geometry.to_numpy()
    parts = shapely.get_parts(shapely.union_all(shapes))
    holes = [shapely.Polygon(ring) for part in parts for ring in getattr(part, "interiors", ())]
    tree = shapely.STRtree(shapes)
    for hole in holes:
        if hole.area <= TOLERANCE_M2:
            continue
        near = areas.index.astype(str)[np.sort(tree.query(hole, predicate="intersects"))]
        sliver = _is_sliver(hole)
        log.add(
            "gap_sliver" if sliver else "gap", "note" if sliver else "warning", "areas",
            record=";".join(near[:_SHOWN]), field="geometry",
            found=f"{hole.area:,.0f} m2 belong to no area, {_at(hole)}",
            effect="homes there are in no area",
            fix="draw it into an area, unless nobody lives there",
        )  # fmt: skip


def _is_sliver(shape: shapely.Geometry) -> bool:
    """Whether a shape is on average thinner than ``SLIVER_M`` (width of a long strip: 2 A / P)."""
    return bool(2 * shapely.area(shape) < SLIVER_M * shapely.length(shape))


def _at(shape: shapely.Geometry) -> str:
    point = shapely.point_on_surface(shape)
    return f"at {point.x:.0f}, {point.y:.0f}"


def check_together(
    areas: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    log: IssueLog,
) -> None:
    """Report what does not fit between areas, facilities and homes; nothing is changed.

    Parameters
    ----------
    areas, facilities, homes
        Checked tables in one projected CRS; indexes ``area_id``, ``facility_id``, ``home_id``.
    log
        Collects facilities and homes outside all areas, homes whose ``area_id`` is unknown or is
        not where they lie, areas without homes, unknown ids in ``serves``, and the lack of any
        facility; one issue a record. Homes that were reported when they were made of buildings or
        cells are not reported again.

    Raises
    ------
    CrsError
        If the CRS differ.
    """
    if facilities.empty:
        log.add(
            "no_facilities", "warning", "facilities", found="none",
            effect=f"all {len(homes):,} homes count as uncovered",
            fix="check the table and its filter",
        )  # fmt: skip
    if areas.empty:
        return
    where = assign_areas(homes, areas)
    for table, frame, found in (
        ("facilities", facilities, assign_areas(facilities, areas)),
        ("homes", homes, where),
    ):
        outside = _has_place(frame) & found.isna().to_numpy()
        if not _report_swapped(frame, outside, areas, table, log):
            new = outside & ~_told_before(frame, table, log)
            _report_outside(frame[new], table, _EFFECTS[table], log)
    _check_home_areas(areas, homes, where, log)
    _check_serves(areas, facilities, log)


#: What homes are made of, by the name their makers report it under.
_MADE_OF = ("buildings", "cells")
_EFFECTS = {
    "facilities": "counts in time, in no area's roster",
    "homes": "counts in the city, in no area",
}


def _need_same_crs(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> None:
    if one.crs != other.crs:
        raise CrsError(
            f"the tables differ in CRS: {one.crs} and {other.crs}; read both with one crs"
        )


def _has_place(frame: gpd.GeoDataFrame) -> np.ndarray:
    shapes = frame.geometry.to_numpy()
    return ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))


def _told_before(frame: gpd.GeoDataFrame, table: str, log: IssueLog) -> np.ndarray:
    """Return the homes whose buildings or cells were reported to lie outside all areas."""
    told = any(issue.code == "outside_areas" and issue.table in _MADE_OF for issue in log)
    if table != "homes" or not told or "area_id" not in frame:
        return np.zeros(len(frame), dtype=bool)
    return frame["area_id"].isna().to_numpy()


def _report_outside(frame: gpd.GeoDataFrame, table: str, effect: str, log: IssueLog) -> None:
    for name, x, y in zip(
        frame.index.astype(str), shapely.get_x(frame.geometry), shapely.get_y(frame.geometry),
        strict=True,
    ):  # fmt: skip
        log.add(
            "outside_areas", "warning", table, record=name, field="geometry",
            found=f"at {x:.0f}, {y:.0f}", used="as it is", effect=effect,
            fix="check its place and the boundaries",
        )  # fmt: skip


def _report_swapped(
    frame: gpd.GeoDataFrame, outside: np.ndarray, areas: gpd.GeoDataFrame, table: str, log: IssueLog
) -> bool:
    """Report a table most of which falls into the areas only with its axes exchanged."""
    if 2 * outside.sum() <= len(frame) or not outside.any():
        return False
    lon_lat = frame.geometry[outside].to_crs("EPSG:4326")
    turned = lon_lat.set_crs(None, allow_override=True).map(
        lambda point: shapely.Point(point.y, point.x)
    )
    valid = turned.y.abs() <= 90  # noqa: PLR2004  latitudes end there
    back = turned[valid].set_crs("EPSG:4326").to_crs(areas.crs)
    inside = int(back.intersects(shapely.box(*areas.total_bounds)).sum())
    if 2 * inside <= outside.sum():
        return False
    log.add(
        "swapped_coordinates", "error", table,
        found=f"{outside.sum():,} of {len(frame):,} records lie outside all areas;"
        f" {inside:,} of them lie among the areas with longitude and latitude exchanged",
        used="as they are", effect=_EFFECTS[table], fix="exchange the two columns",
    )  # fmt: skip
    return True


def _check_home_areas(
    areas: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, where: pd.Series[str], log: IssueLog
) -> None:
    """Report homes that name another area than the one they lie in, and areas without homes."""
    named = where
    if "area_id" in homes:
        said = homes["area_id"].astype(object)
        unknown = said.notna() & ~said.isin(areas.index)
        for name, area in said[unknown].items():
            log.add(
                "unknown_area", "warning", "homes", record=str(name), field="area_id",
                found=str(area), effect="belongs to no area", fix="correct the area id",
            )  # fmt: skip
        differs = said.notna() & ~unknown & where.notna() & (said != where.astype(object))
        for name, area in said[differs].items():
            log.add(
                "lies_in_another_area", "warning", "homes", record=str(name), field="area_id",
                found=f"{area}, but lies in {where[name]}", used=str(area), fix="check both",
            )  # fmt: skip
        named = said.where(said.notna(), where.astype(object))
    bare = areas.index[~areas.index.isin(named.dropna())]
    for name in bare:
        people = areas["population"][name] if "population" in areas else np.nan
        who = "nobody here is" if pd.isna(people) else f"{people:,.0f} people not"
        log.add(
            "no_homes", "warning", "areas", record=str(name), effect=f"{who} assessed",
            fix="add homes or buildings of this area",
        )  # fmt: skip


def _check_serves(areas: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, log: IssueLog) -> None:
    if "serves" not in facilities:
        return
    each = facilities["serves"].dropna().astype(object).str.split(";").explode()
    each = each[(each != "") & ~each.isin(areas.index)]
    for name, area in each.items():
        log.add(
            "unknown_area", "warning", "facilities", record=str(name), field="serves",
            found=str(area), used="nothing", fix="correct the area id",
        )  # fmt: skip
