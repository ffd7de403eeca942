"""Checks of geometry: missing, empty, 3D, of the wrong type, self-crossing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from carecircle.inputs.records import Records

__all__ = ["check_shapes"]

#: Tables whose polygons may be used mended; anywhere else a self-crossing shape has no sure place.
_MENDED = ("areas", "buildings")
#: Tables whose records are places: a polygon gives its inner point.
_PLACES = ("facilities", "homes")


def check_shapes(records: Records) -> None:
    """Check every geometry against the contract; the frame keeps only usable ones.

    Records without a usable place are set aside; homes stay without geometry, because their
    people belong in every denominator.

    Parameters
    ----------
    records
        A table in the study's CRS; changed in place.
    """
    _drop_height(records)
    _report_missing(records)
    _report_wrong_type(records)
    _report_crossing(records)
    _report_flat(records)
    if records.table in _PLACES:
        _points_inside(records)


def _shapes(records: Records) -> np.ndarray:
    return records.frame.geometry.to_numpy()


def _put(records: Records, shapes: np.ndarray) -> None:
    frame = records.frame
    records.frame = frame.set_geometry(
        type(frame.geometry)(shapes, index=frame.index, crs=frame.crs), crs=frame.crs
    )


def _drop_height(records: Records) -> None:
    shapes = _shapes(records)
    high = shapely.has_z(shapes)
    if high.any():
        _put(records, shapely.force_2d(shapes))
        records.note("height_dropped", found=f"{high.sum():,} records in 3D", used="x and y")


def _report_missing(records: Records) -> None:
    shapes = _shapes(records)
    bounds = shapely.bounds(shapes)
    void = shapely.is_missing(shapes)
    empty = ~void & shapely.is_empty(shapes)
    lost = ~void & ~empty & ~np.isfinite(bounds).all(axis=1)
    found = np.select([void, empty], ["none", "empty"], "coordinates that are no place in the CRS")
    records.take_place(
        void | empty | lost, "no_geometry", field="geometry", found=found.tolist(),
        fix="draw it, or give its coordinates",
    )  # fmt: skip


def _report_wrong_type(records: Records) -> None:
    """Take single parts out of their collections; report every other type."""
    shapes = _shapes(records)
    allowed = records.contract.geometry
    kinds = shapely.get_type_id(shapes)
    single = (shapely.get_num_geometries(shapes) == 1) & (kinds > 3)  # noqa: PLR2004  multi types
    names = np.array([*_TYPES, ""], dtype=object)[kinds]
    single &= ~np.isin(names, allowed)
    if single.any():
        shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
        _put(records, shapes)
        names = np.array([*_TYPES, ""], dtype=object)[shapely.get_type_id(shapes)]
        records.note(
            "single_part", found=f"{single.sum():,} collections of one part", used="the part"
        )
    wrong = ~shapely.is_missing(shapes) & ~np.isin(names, allowed)
    records.take_place(
        wrong, "wrong_geometry_type", field="geometry", found=names.tolist(),
        fix=f"{records.table} are {' or '.join(allowed)}",
    )  # fmt: skip


_TYPES = (
    "Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString",
    "MultiPolygon", "GeometryCollection",
)  # fmt: skip


def _report_crossing(records: Records) -> None:
    """Report self-crossing polygons; areas and buildings go on mended, with the change in m2."""
    shapes = _shapes(records)
    crossing = ~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)
    crossing &= np.isin(shapely.get_type_id(shapes), (3, 6))
    if not crossing.any():
        return
    reasons = np.full(len(shapes), "", dtype=object)
    reasons[crossing] = shapely.is_valid_reason(shapes[crossing])
    reasons = np.array([f"{text} in {records.frame.crs.name}" for text in reasons], dtype=object)
    details = {"field": "geometry", "found": reasons.tolist(), "fix": "redraw its outline"}
    if records.table not in _MENDED:
        records.take_place(crossing, "self_crossing", **details)
        return
    mended = shapes.copy()
    mended[crossing] = _polygons_only(shapely.make_valid(shapes[crossing], method="structure"))
    before, after = shapely.area(shapes), shapely.area(mended)
    effect = [
        f"{new:,.0f} m2 (drawn {old:,.0f} m2)" for old, new in zip(before, after, strict=True)
    ]
    records.report(
        crossing, "self_crossing", "warning", used="the mended outline", effect=effect, **details
    )
    _put(records, mended)


def _polygons_only(shapes: np.ndarray) -> np.ndarray:
    """Return only the polygons of each shape, as mending may leave lines behind."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    areal = np.isin(shapely.get_type_id(parts), (3, 6))
    kept = [shapely.union_all(parts[areal & (owner == k)]) for k in range(len(shapes))]
    result = np.empty(len(shapes), dtype=object)
    result[:] = kept
    return result


def _report_flat(records: Records) -> None:
    """Report lines without length and polygons without area."""
    shapes = _shapes(records)
    kinds = shapely.get_type_id(shapes)
    flat = np.isin(kinds, (1, 5)) & (shapely.length(shapes) == 0)
    flat |= np.isin(kinds, (3, 6)) & (shapely.area(shapes) == 0)
    records.take_place(
        flat, "no_extent", field="geometry", found="a shape without length or area", fix="redraw it"
    )


def _points_inside(records: Records) -> None:
    """Give places drawn as polygons (sites, courtyards, grid cells) a point inside."""
    shapes = _shapes(records)
    drawn = np.isin(shapely.get_type_id(shapes), (3, 6))
    if drawn.any():
        _put(records, np.where(drawn, shapely.point_on_surface(shapes), shapes))
        records.note(
            "polygon_to_point", found=f"{drawn.sum():,} {records.table} drawn as polygons, the"
            f" largest of {shapely.area(shapes[drawn]).max():,.0f} m2",
            used="a point inside", fix="give points where the difference matters",
        )  # fmt: skip
