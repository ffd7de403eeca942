"""Datums of Chinese coordinates: convert GCJ-02 and BD-09, find a wrong declaration by evidence.

Map vendors in China publish longitudes and latitudes that are shifted by 100 to 700 m (GCJ-02) and
by up to about 1.5 km (BD-09) against WGS-84. CGCS2000 agrees with WGS-84 to a few centimetres and
is treated as equal to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast, get_args

import numpy as np
import shapely

from carecircle.errors import CrsError, InputError
from carecircle.inputs.issues import Issue
from carecircle.inputs.notebook import Tabled
from carecircle.inputs.source import Datum

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Pair = tuple[Floats, Floats]

__all__ = ["MIN_POINTS", "DatumEvidence", "datum_issue", "detect_datum", "from_wgs84", "to_wgs84"]

#: Fewer points than this give no verdict: even all of them agreeing could be chance.
MIN_POINTS = 8

_SEMI_MAJOR_M = 6_378_245.0  # Krasovsky 1940, as in the published GCJ-02 code
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = math.pi * 3000.0 / 180.0
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
# The shift changes by less than 3 % of the step (see the tests), so 8 steps end at rounding error.
# A fixed number keeps a point's result independent of the other points of the table.
_INVERSE_STEPS = 8

_HYPOTHESES: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
_NEAR_M = 50.0
_SAVED_M = 10.0
_CHANCE = 0.005
_SAMPLE = 1_000


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> Pair:
    """Shift WGS-84 longitudes and latitudes to ``datum``.

    Parameters
    ----------
    lon, lat
        Degrees, any shape; NaN stays NaN.
    datum
        ``wgs84`` and ``cgcs2000`` (equal to centimetres: nothing moves), ``gcj02`` or ``bd09``.

    Returns
    -------
    tuple of numpy.ndarray
        Longitudes and latitudes in degrees. Points outside the box 72.004-137.8347 E,
        0.8293-55.8271 N do not move; this is the rule of the published code, and the box holds
        parts of China's neighbours too.

    Raises
    ------
    InputError
        If the datum is not one of the four.

    Notes
    -----
    Public formulas as in eviltransform and gcoord; agreement with their vectors is tested.

    Examples
    --------
    >>> lon, lat = from_wgs84(116.377817, 39.911954, "gcj02")
    >>> print(f"{lon:.6f} {lat:.6f}")
    116.384047 39.913345
    """
    x, y, moves = _start(lon, lat, datum)
    if not moves.any():
        return x, y
    moved_x, moved_y = _shift(np.where(moves, x, 105.0), np.where(moves, y, 35.0), datum)
    return np.where(moves, moved_x, x), np.where(moves, moved_y, y)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> Pair:
    """Bring longitudes and latitudes given in ``datum`` back to WGS-84.

    The inverse is iterated, so that :func:`from_wgs84` returns the input to better than 1e-9
    degrees (0.1 mm); the usual one-step inverse is off by up to 4 m.

    Parameters
    ----------
    lon, lat
        Degrees, any shape; NaN stays NaN.
    datum
        As in :func:`from_wgs84`.

    Returns
    -------
    tuple of numpy.ndarray
        Longitudes and latitudes in degrees, WGS-84; points outside the box do not move.

    Raises
    ------
    InputError
        If the datum is not one of the four.

    Examples
    --------
    >>> lon, lat = to_wgs84(116.38404722455657, 39.91334545536069, "gcj02")
    >>> print(f"{lon:.6f} {lat:.6f}")
    116.377817 39.911954
    """
    x, y, moves = _start(lon, lat, datum)
    if not moves.any():
        return x, y
    # any place of China stands in for those that do not move, where the formula may overflow
    goal_x, goal_y = np.where(moves, x, 105.0), np.where(moves, y, 35.0)
    guess_x, guess_y = goal_x, goal_y
    for _ in range(_INVERSE_STEPS):
        again_x, again_y = _shift(guess_x, guess_y, datum)
        guess_x, guess_y = guess_x - (again_x - goal_x), guess_y - (again_y - goal_y)
    return np.where(moves, guess_x, x), np.where(moves, guess_y, y)


@dataclass(frozen=True)
class DatumEvidence(Tabled):
    """How well points lie on the roads under each datum they might have.

    Attributes
    ----------
    declared
        Datum that was declared.
    best
        Datum with the smallest median distance; ``declared`` on a tie.
    median_m
        Datum -> median distance to the nearest road in metres (``wgs84``, ``gcj02``, ``bd09``).
    near_share
        Datum -> share of the points within 50 m of a road.
    n
        Points compared.
    closer
        Points that are closer to a road under ``best`` than under ``declared``.
    suspicious
        Whether the evidence against the declaration is clear.
    """

    declared: Datum
    best: Datum
    median_m: Mapping[str, float]
    near_share: Mapping[str, float]
    n: int
    closer: int
    suspicious: bool

    def __str__(self) -> str:
        if self.n < MIN_POINTS:
            return f"declared {self.declared}: {self.n} points are too few to test it"
        fits = ", ".join(
            f"{name} {self.median_m[name]:,.0f} m ({self.near_share[name]:.0%} within 50 m)"
            for name in self.median_m
        )
        verdict = (
            f"{self.closer} of {self.n} points lie closer to a road as {self.best}"
            if self.suspicious
            else "no clear evidence against it"
        )
        return f"declared {self.declared}, median distance to the nearest road: {fits}; {verdict}"


def detect_datum(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    roads: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    declared: Datum,
) -> DatumEvidence:
    """Test a declared datum by asking whether points lie closer to roads under another one.

    Parameters
    ----------
    points
        Points as read, that is, already brought to WGS-84 from ``declared``; any CRS. Other
        geometries count by their centroid, missing ones are left out.
    roads
        Lines in a projected CRS in metres, of a datum that is known to be right.
    declared
        The datum the points were read with.

    Returns
    -------
    DatumEvidence
        Suspicious only if another datum brings the median distance below one half of the declared
        one and saves at least 10 m, half of the points then lie within 50 m of a road, more of them
        do than before, and so many single points come closer that chance explains it in fewer than
        5 in 1,000 cases (sign test). Fewer than 8 points: never.

    Raises
    ------
    CrsError
        If a table has no CRS or the roads' CRS is not projected.
    InputError
        If the datum is unknown or there are no roads.

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, shapely
    >>> roads = gpd.GeoSeries([shapely.LineString([(250000, 3380000), (260000, 3380000)])],
    ...                       crs="EPSG:32650")
    >>> shops = gpd.GeoSeries(shapely.points(np.arange(251000, 259000, 500), 3380010),
    ...                       crs="EPSG:32650")
    >>> detect_datum(shops, roads, declared="wgs84").suspicious
    False
    """
    _check_datum(declared)
    _check_tables(points, roads)
    away = _distances(points, roads, declared)
    n = len(away["wgs84"])
    base: Datum = "wgs84" if declared == "cgcs2000" else declared
    median = {name: float(np.median(d)) if n else math.nan for name, d in away.items()}
    share = {name: float((d <= _NEAR_M).mean()) if n else math.nan for name, d in away.items()}
    best = min(away, key=lambda name: (median[name], name != base)) if n else base
    closer = int((away[best] < away[base]).sum())
    clear = (
        n >= MIN_POINTS
        and median[best] < 0.5 * median[base]
        and median[base] - median[best] >= _SAVED_M
        and median[best] <= _NEAR_M
        and share[best] > share[base]
        and _sign_chance(closer, int((away[best] > away[base]).sum())) < _CHANCE
    )
    winner = declared if best == base else cast("Datum", best)
    return DatumEvidence(declared, winner, median, share, n, closer, clear)


def datum_issue(evidence: DatumEvidence, table: str) -> Issue | None:
    """Return the issue that ``evidence`` calls for, or ``None`` if the declaration stands.

    Parameters
    ----------
    evidence
        Result of :func:`detect_datum`.
    table
        Table the points came from, e.g. ``facilities``.

    Returns
    -------
    Issue or None
        Warning ``datum_suspicious``; note ``datum_doubtful`` where another datum halves the median
        distance but chance may explain it; note ``datum_not_tested`` when points were too few.

    Examples
    --------
    >>> few = DatumEvidence("gcj02", "gcj02", {}, {}, n=3, closer=0, suspicious=False)
    >>> print(datum_issue(few, "facilities"))
    facilities, datum: datum not tested (declared gcj02: 3 points are too few to test it)
    """
    if evidence.n < MIN_POINTS:
        return Issue("datum_not_tested", "note", table, field="datum", found=str(evidence))
    if not evidence.suspicious:
        return _doubt(evidence, table)
    return Issue(
        "datum_suspicious",
        "warning",
        table,
        field="datum",
        found=str(evidence),
        used=evidence.declared,
        effect="every distance of this table may be wrong by hundreds of metres",
        fix=f'set datum = "{evidence.best}" under [{table}] in the study file if the evidence '
        "convinces you",
    )


def _doubt(evidence: DatumEvidence, table: str) -> Issue | None:
    base = "wgs84" if evidence.declared == "cgcs2000" else evidence.declared
    if evidence.best in (base, evidence.declared):
        return None
    told, best = evidence.median_m[base], evidence.median_m[evidence.best]
    if best > told / 2 or told - best < _SAVED_M:
        return None
    return Issue(
        "datum_doubtful",
        "note",
        table,
        field="datum",
        found=f"{evidence}, but {evidence.closer} of {evidence.n} lie closer as {evidence.best}",
        used=evidence.declared,
        fix="ask where the coordinates come from; so few places cannot settle it",
    )


def _start(lon: ArrayLike, lat: ArrayLike, datum: str) -> tuple[Floats, Floats, Flags]:
    """Return the coordinates as float arrays and which of them the datum moves."""
    _check_datum(datum)
    x, y = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    inside = (x >= _WEST) & (x <= _EAST) & (y >= _SOUTH) & (y <= _NORTH)
    return x, y, inside & (datum in ("gcj02", "bd09"))


def _check_datum(datum: str) -> None:
    names = get_args(Datum)
    if datum not in names:
        raise InputError(f"datum is {datum!r}; expected one of {', '.join(names)}")


def _shift(lon: Floats, lat: Floats, datum: str) -> Pair:
    """Apply the shift without the box, so that the inverse stays smooth at its border."""
    x, y = _gcj02(lon, lat)
    return _bd09(x, y) if datum == "bd09" else (x, y)


def _gcj02(lon: Floats, lat: Floats) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    px, py = np.pi * x, np.pi * y
    common = 20.0 * np.sin(6.0 * px) + 20.0 * np.sin(2.0 * px)
    wave_y = common + 20.0 * np.sin(py) + 40.0 * np.sin(py / 3.0)
    wave_y += 160.0 * np.sin(py / 12.0) + 320.0 * np.sin(py / 30.0)
    wave_x = common + 20.0 * np.sin(px) + 40.0 * np.sin(px / 3.0)
    wave_x += 150.0 * np.sin(px / 12.0) + 300.0 * np.sin(px / 30.0)
    north = wave_y * 2.0 / 3.0 - 100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    east = wave_x * 2.0 / 3.0 + 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    phi = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY2) / magic**1.5
    parallel = _SEMI_MAJOR_M / np.sqrt(magic) * np.cos(phi)
    return lon + np.degrees(east / parallel), lat + np.degrees(north / meridian)


def _bd09(lon: Floats, lat: Floats) -> Pair:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _check_tables(
    points: gpd.GeoDataFrame | gpd.GeoSeries, roads: gpd.GeoDataFrame | gpd.GeoSeries
) -> None:
    for name, table in (("points", points), ("roads", roads)):
        if table.crs is None:
            raise CrsError(f"{name}: no CRS; say which one the coordinates are in")
    if not roads.crs.is_projected:
        raise CrsError(f"roads: {roads.crs.name} is not projected; reproject to metres first")
    if roads.geometry.isna().all():
        raise InputError("roads: no line to compare the points with")


def _distances(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    roads: gpd.GeoDataFrame | gpd.GeoSeries,
    declared: Datum,
) -> dict[str, Floats]:
    """Metres to the nearest road under each hypothesis, for the same points in the same order."""
    import geopandas as gpd  # keeps this module light for those who only convert

    usable = points.geometry[~(points.geometry.isna() | points.geometry.is_empty)]
    # every k-th point: enough evidence, no random numbers
    usable = usable.iloc[:: -(-len(usable) // _SAMPLE) or 1]
    if usable.empty:
        return {name: np.empty(0) for name in _HYPOTHESES}
    centres = gpd.GeoSeries(shapely.centroid(usable.to_numpy()), crs=points.crs).to_crs(4326)
    raw = from_wgs84(centres.x.to_numpy(), centres.y.to_numpy(), declared)
    places: dict[str, Floats] = {}
    for name in _HYPOTHESES:
        lonlat = gpd.points_from_xy(*to_wgs84(*raw, name), crs=4326)
        places[name] = shapely.get_coordinates(lonlat.to_crs(roads.crs))
    # a place off the projection's range cannot be compared
    finite = np.all([np.isfinite(xy).all(axis=1) for xy in places.values()], axis=0)
    tree = shapely.STRtree(roads.geometry.to_numpy())
    return {
        name: _nearest_m(tree, xy[finite]) if finite.any() else np.empty(0)
        for name, xy in places.items()
    }


def _nearest_m(tree: shapely.STRtree, xy: Floats) -> Floats:
    there = np.asarray(shapely.points(xy))
    return shapely.distance(there, tree.geometries[tree.nearest(there)])


def _sign_chance(wins: int, losses: int) -> float:
    """Chance of at least ``wins`` heads in ``wins + losses`` throws of a fair coin."""
    throws = wins + losses
    heads = sum(math.comb(throws, k) for k in range(wins, throws + 1))
    return float(Fraction(heads, 2**throws))
