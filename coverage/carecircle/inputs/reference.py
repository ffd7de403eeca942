"""From the coordinates of a file to the metres of the study: CRS, datum, swapped axes.

No CRS is guessed. Whatever contradicts the declaration is reported with its evidence.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError as ProjError

from carecircle.errors import CrsError
from carecircle.inputs.headings import did_you_mean
from carecircle.inputs.issues import unusable
from carecircle.inputs.source import DATUMS

if TYPE_CHECKING:
    from carecircle.inputs.records import Records

    Pair = tuple[np.ndarray, np.ndarray]
    from carecircle.inputs.source import Datum, Source

__all__ = ["centres", "metre_crs", "suggest_crs", "to_metres"]

_LON, _LAT = 180.0, 90.0
_CHINA = (73.0, 135.1, 18.0, 53.6)  # west, east, south, north of the mainland and Hainan
#: A length may be off by this much in the study's CRS; a neighbouring zone stays within it.
_MAX_DISTORTION = 0.02
_MARGIN_DEG = 5.0
_SAMPLE = 1_000
#: CGCS2000 with the zone's number before the easting: EPSG code of zone 0, and its zones.
_ZONES = ((4488, range(25, 46)), (4478, range(13, 24)))
_EPSG = {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490"}


def metre_crs(crs: object, *, longitude: float = np.nan, latitude: float = np.nan) -> pyproj.CRS:
    """Return ``crs`` when lengths in it are metres.

    Parameters
    ----------
    crs
        Anything pyproj understands.
    longitude, latitude
        Somewhere in the data, in degrees, to suggest a fitting CRS.

    Raises
    ------
    CrsError
        If it is unknown, geographic, in other units, or Web Mercator.

    Examples
    --------
    >>> metre_crs("EPSG:4545").name
    'CGCS2000 / 3-degree Gauss-Kruger CM 108E'
    >>> metre_crs("EPSG:4326", longitude=106.8, latitude=39.7)
    Traceback (most recent call last):
    ...
    carecircle.errors.CrsError: study crs EPSG:4326 (WGS 84) is in degrees; use a projected CRS in \
metres: EPSG:4545 (CGCS2000, 3-degree zone of 108 E) or EPSG:32648 (UTM zone 48N)
    """
    advice = f"use a projected CRS in metres: {suggest_crs(longitude, latitude)}"
    try:
        known = pyproj.CRS.from_user_input(crs)
    except ProjError as error:
        raise CrsError(f"study crs {crs!r} is not known; {advice}") from error
    called = f"study crs {crs} ({known.name})"
    if not known.is_projected:
        raise CrsError(f"{called} is in degrees; {advice}")
    units = {axis.unit_name for axis in known.axis_info}
    if units != {"metre"}:
        raise CrsError(f"{called} is in {', '.join(sorted(units))}; {advice}")
    if known.coordinate_operation and "Pseudo Mercator" in known.coordinate_operation.method_name:
        raise CrsError(f"{called} stretches lengths, by 30 % at 40 degrees north; {advice}")
    return known


def suggest_crs(longitude: float, latitude: float) -> str:
    """Return the CRS that fit a place, in words.

    Examples
    --------
    >>> suggest_crs(-51.2, -30.0)
    'EPSG:32722 (UTM zone 22S)'
    """
    if not (abs(longitude) <= _LON and abs(latitude) <= _LAT):
        return "EPSG:4545 (CGCS2000, 3-degree zone of 108 E) for Wuhai, or your own zone"
    zone = min(int((longitude + _LON) // 6) + 1, 60)
    half, base = ("N", 32600) if latitude >= 0 else ("S", 32700)
    utm = f"EPSG:{base + zone} (UTM zone {zone}{half})"
    if not _in_china(np.array([longitude]), np.array([latitude]))[0]:
        return utm
    meridian = round(longitude / 3) * 3
    code = 4534 + (meridian - 75) // 3
    return f"EPSG:{code} (CGCS2000, 3-degree zone of {meridian} E) or {utm}"


def to_metres(records: Records, source: Source, crs: object) -> None:
    """Bring the records' geometry to the study's CRS, and report what contradicts the file.

    Parameters
    ----------
    records
        A table whose frame has geometry, with or without a CRS; changed in place.
    source
        What the user says: ``crs``, ``datum``.
    crs
        The study's projected CRS in metres.

    Raises
    ------
    InputError
        If the file has no usable CRS or datum, or its coordinates contradict it.
    CrsError
        If the study's CRS is not in metres.
    """
    frame = records.frame
    x, y = centres(frame)
    declared = _declared_crs(records, source, x, y)
    frame = frame.set_crs(declared, allow_override=True)
    records.frame = frame
    if declared.is_geographic:
        _check_degrees(records, x, y)
    else:
        _check_projected(records, declared, x, y)
    frame = records.frame
    if source.datum in ("gcj02", "bd09"):
        frame = _unshifted(records, source, frame)
    elif declared.is_geographic and source.datum is None and not source.is_osm:
        _note_datum(records, x, y)
    lon, lat = centres(frame.iloc[:: len(frame) // _SAMPLE + 1].to_crs("EPSG:4326"))
    middle = {"longitude": _median(lon), "latitude": _median(lat)}
    target = metre_crs(crs, **middle)
    _check_distortion(records, target, **middle)
    records.frame = frame.to_crs(target)


def centres(frame: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of each geometry's box; NaN where there is none."""
    bounds = shapely.bounds(frame.geometry.to_numpy())
    return (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else np.nan


def _in_china(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    west, east, south, north = _CHINA
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _declared_crs(records: Records, source: Source, x: np.ndarray, y: np.ndarray) -> pyproj.CRS:
    """Return the CRS the file carries or the user declares; never a guess."""
    table = records.table
    if source.datum is not None and source.datum not in DATUMS:
        near = did_you_mean(source.datum, DATUMS)
        raise unusable(
            "unknown_datum", table, field="datum", found=str(source.datum),
            fix=(f"did you mean {near!r}? " if near else "") + f"known: {', '.join(DATUMS)}",
        )  # fmt: skip
    try:
        said = pyproj.CRS.from_user_input(source.crs) if source.crs else None
    except ProjError as error:
        raise unusable(
            "unknown_crs", table, field="crs", found=str(source.crs), fix='say it as "EPSG:4547"'
        ) from error
    carried = records.frame.crs
    if carried is not None and not carried.is_engineering:
        if said is None or said.equals(carried, ignore_axis_order=True):
            return carried
        # GeoJSON in metres passes for degrees, because the format knows nothing else
        used = said if carried.is_geographic and not _like_degrees(x, y) else carried
        records.log.add(
            "crs_differs", "warning", table, used=used.name,
            found=f"the file says {carried.name}, the study {said.name}",
            fix="leave out crs in the study, or correct the file",
        )  # fmt: skip
        return used
    if said is not None:
        return said
    if not _like_degrees(x, y):
        raise unusable(
            "no_crs", table, found=f"{source.file.name} carries no CRS; {_extent(x, y)}",
            fix='say crs in the study, such as crs = "EPSG:4547"; ask whoever made the file',
        )  # fmt: skip
    if source.datum is None:
        raise unusable(
            "datum_missing", table,
            found=f"longitudes and latitudes without a CRS in {source.file.name}; {_extent(x, y)}",
            fix=f"say datum = one of {', '.join(DATUMS)} (phone and web maps in China are gcj02,"
            ' Baidu is bd09), or crs = "EPSG:4326"',
        )  # fmt: skip
    return pyproj.CRS(_EPSG.get(source.datum, "EPSG:4326"))


def _like_degrees(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether every coordinate could be a degree, in either order."""
    largest = max(float(np.nanmax(np.abs(v))) if np.isfinite(v).any() else 0.0 for v in (x, y))
    return largest <= _LON


def _extent(x: np.ndarray, y: np.ndarray) -> str:
    if not np.isfinite(x).any():
        return "no coordinates"
    spans = [f"{np.nanmin(values):.10g} to {np.nanmax(values):.10g}" for values in (x, y)]
    return f"x {spans[0]}, y {spans[1]}"


def _check_degrees(records: Records, x: np.ndarray, y: np.ndarray) -> None:
    """Report metres declared as degrees, swapped longitudes and latitudes, and zeros."""
    placed = np.isfinite(x) & np.isfinite(y)
    swapped = placed & (np.abs(x) <= _LAT) & (np.abs(y) <= _LON)
    swapped &= (np.abs(y) > _LAT) | _in_china(y, x)  # as written: in the Arctic
    beyond = placed & ~swapped & ((np.abs(x) > _LON) | (np.abs(y) > _LAT))
    if 2 * beyond.sum() > placed.sum():
        raise unusable(
            "metres_not_degrees", records.table,
            found=f"{beyond.sum():,} of {placed.sum():,} records lie beyond 180 and 90;"
            f" {_extent(x, y)}",
            fix="the coordinates look like metres: correct the file's CRS, or say crs in the study",
        )  # fmt: skip
    _report_swapped(records, swapped, placed, x, y)
    found = [f"x {a:.10g}, y {b:.10g}" for a, b in zip(x, y, strict=True)] if beyond.any() else ""
    records.take_place(
        beyond, "no_such_place", found=found, fix="longitudes end at 180, latitudes at 90"
    )
    zero = placed & (x == 0) & (y == 0)
    records.take_place(
        zero, "zero_coordinates", found="longitude 0, latitude 0", fix="give its place"
    )


def _report_swapped(
    records: Records, swapped: np.ndarray, placed: np.ndarray, x: np.ndarray, y: np.ndarray
) -> None:
    """Stop when most records have their axes swapped; set the few aside otherwise."""
    if 2 * swapped.sum() > placed.sum():
        first = np.flatnonzero(swapped)[:1]
        shown = f"{records.names(first)[0]}: x {x[first][0]:.10g}, y {y[first][0]:.10g}"
        raise unusable(
            "swapped_coordinates", records.table,
            found=f"{swapped.sum():,} of {placed.sum():,} records make sense only with x and y"
            f" exchanged, such as {shown}",
            fix="exchange the two columns (x is the longitude or easting), or name them with x, y",
        )  # fmt: skip
    found = [f"x {a:.10g}, y {b:.10g}" for a, b in zip(x, y, strict=True)] if swapped.any() else ""
    records.take_place(
        swapped, "swapped_coordinates", found=found, fix="exchange longitude and latitude"
    )


def _check_projected(records: Records, declared: pyproj.CRS, x: np.ndarray, y: np.ndarray) -> None:
    """Report degrees declared as metres, and eastings and northings in the wrong order."""
    placed = np.isfinite(x) & np.isfinite(y)
    if not placed.any():
        return
    if (np.abs(x[placed]) <= _LON).all() and (np.abs(y[placed]) <= _LAT).all():
        raise unusable(
            "degrees_not_metres", records.table,
            found=f"{declared.name} is in metres, but {_extent(x, y)}",
            fix="the coordinates look like degrees: say the right crs or datum for this file",
        )  # fmt: skip
    to_degrees = _to_degrees(declared)
    lon, lat = to_degrees.transform(x, y)
    inside = _within_use(declared, lon, lat)
    turned = placed & ~inside & _within_use(declared, *to_degrees.transform(y, x))
    _report_swapped(records, turned, placed, x, y)
    _set_lost_aside(records, declared, (x, y), (lon, lat))
    away = int((placed & ~inside).sum())
    if away:
        records.note(
            "outside_crs_area", found=f"{away:,} of {placed.sum():,} records; {_extent(x, y)}",
            fix=f"check that {declared.name} is the CRS of this file",
        )  # fmt: skip


def _set_lost_aside(records: Records, declared: pyproj.CRS, there: Pair, lon_lat: Pair) -> None:
    """Report coordinates that are no place of the CRS: going back does not lead to them."""
    back = _to_degrees(declared).transform(*lon_lat, direction="INVERSE")
    placed = np.isfinite(there[0]) & np.isfinite(there[1])
    lost = placed & ~(np.hypot(back[0] - there[0], back[1] - there[1]) < 1.0)
    if not lost.any():
        return
    zone = int(_median(there[0][lost]) // 1e6)
    fits = [base + zone for base, zones in _ZONES if zone in zones]
    fix = f"an easting that begins with {zone} names the zone: EPSG:{fits[0]}" if fits else ""
    fix = fix or "say the right crs for this file"
    found = f"no place in {declared.name}; {_extent(there[0][lost], there[1][lost])}"
    if 2 * lost.sum() > placed.sum():
        many = f"{lost.sum():,} of {placed.sum():,} records are {found}"
        raise unusable("outside_crs", records.table, found=many, fix=fix)
    records.take_place(lost, "outside_crs", found=found, fix=fix)


@lru_cache(maxsize=16)
def _to_degrees(crs: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _within_use(crs: pyproj.CRS, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Whether places lie in the area a CRS is made for, with a generous margin."""
    area = crs.area_of_use
    if area is None:
        return np.ones(len(lon), dtype=bool)
    near = (lon >= area.west - _MARGIN_DEG) & (lon <= area.east + _MARGIN_DEG)
    return near & (lat >= area.south - _MARGIN_DEG) & (lat <= area.north + _MARGIN_DEG)


def _unshifted(records: Records, source: Source, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame in WGS-84, its shifted coordinates converted, with a note how far."""
    from carecircle.inputs.datums import to_wgs84

    datum = cast("Datum", source.datum)
    frame = frame.to_crs(frame.crs.geodetic_crs)
    before = centres(frame)

    def convert(lon_lat: np.ndarray) -> np.ndarray:
        return np.column_stack(to_wgs84(lon_lat[:, 0], lon_lat[:, 1], datum))

    geometry = shapely.transform(shapely.force_2d(frame.geometry.to_numpy()), convert)
    moved = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs="EPSG:4326"))
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(*before, *centres(moved))
    records.note(
        "datum_converted", found=str(source.datum), used="wgs84",
        effect=f"{len(frame):,} records moved by {_median(np.asarray(metres)):,.0f} m (median)",
    )  # fmt: skip
    return moved


def _note_datum(records: Records, x: np.ndarray, y: np.ndarray) -> None:
    if _in_china(np.array([_median(x)]), np.array([_median(y)]))[0]:
        records.note(
            "datum_not_stated", found="longitudes and latitudes in China", used="wgs84",
            fix=f"say datum = one of {', '.join(DATUMS)} to be sure",
        )  # fmt: skip


def _check_distortion(
    records: Records, target: pyproj.CRS, *, longitude: float, latitude: float
) -> None:
    """Stop when lengths in the study's CRS are wrong where the data are."""
    if not (np.isfinite(longitude) and np.isfinite(latitude)):
        return
    factors = pyproj.Proj(target).get_factors(longitude, latitude)
    worst = max(abs(factors.meridional_scale - 1), abs(factors.parallel_scale - 1))
    if not worst <= _MAX_DISTORTION:
        raise unusable(
            "crs_does_not_fit", records.table,
            found=f"at {longitude:.3f}, {latitude:.3f} lengths in {target.name} are off by"
            f" {worst:.0%}",
            fix=f"use {suggest_crs(longitude, latitude)}, or check the coordinates of this file",
        )  # fmt: skip
