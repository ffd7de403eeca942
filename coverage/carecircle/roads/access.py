"""Which roads a traveller may use, in which direction, and how many seconds each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

    from carecircle.roads.profiles import Mode, TravelProfile

__all__ = [
    "MAJOR",
    "STRUCTURES",
    "crossing_ends",
    "edge_seconds",
    "is_structure",
    "linkable",
    "speeds",
    "to_ticks",
    "tobler_factor",
]

#: Sums of multiples of 2**-30 s are exact in float64 up to 97 days, so the order in which a path is
#: added up never changes its time: forward equals backward and ties are true ties.
_TICKS = 2.0**30

_NO_ROAD = ("bus_guideway", "construction", "proposed", "raceway", "abandoned", "razed", "platform")
_FOOT_ONLY = ("footway", "pedestrian", "path", "steps", "corridor", "bridleway", "elevator")
_CLOSED_CLASSES: dict[Mode, tuple[str, ...]] = {
    "walk": (*_NO_ROAD, "motorway", "motorway_link", "trunk_link"),
    "wheelchair": (*_NO_ROAD, "motorway", "motorway_link", "trunk_link", "steps"),
    "bike": (*_NO_ROAD, "motorway", "motorway_link", "steps", "footway", "pedestrian", "corridor"),
    "car": (*_NO_ROAD, *_FOOT_ONLY, "cycleway"),
}
_TAGS: dict[Mode, tuple[str, ...]] = {
    # the most general tag first: a later one overrides it
    "walk": ("access", "foot"),
    "wheelchair": ("access", "foot", "wheelchair"),
    "bike": ("access", "vehicle", "bicycle"),
    "car": ("access", "vehicle", "motor_vehicle"),
}
_CLOSED = ("no", "private", "use_sidepath", "military")
_OPEN = ("yes", "designated", "permissive", "official", "destination", "customers", "limited")
_YES = ("yes", "1", "true", "T", "True")
_BACKWARD = ("-1", "reverse")
#: Columns that say of a road that it passes over or under what it meets.
STRUCTURES = ("bridge", "tunnel")
_NO = ("no", "0", "false", "False", "", False)
#: Classes of road that take a while to cross.
MAJOR = ("motorway", "trunk", "primary", "secondary")
_LEGAL_TO_REAL = 0.75
_KMH_PER_MPH = 1.609344
_WHEELCHAIR_GRADE = 0.08
_LEVEL_TOBLER = float(np.exp(-3.5 * 0.05))


def edge_seconds(roads: gpd.GeoDataFrame, profile: TravelProfile) -> NDArray[np.float64]:
    """Return the seconds along each road piece, forward and backward.

    Parameters
    ----------
    roads
        Contract ``roads`` with ``u`` and ``v``, in a projected CRS in metres.
    profile
        Who travels.

    Returns
    -------
    seconds : array of shape (n, 2)
        Column 0 as drawn (u to v), column 1 back; ``inf`` where the direction is closed. Values are
        multiples of 2**-30 s, so that sums do not depend on their order.
    """
    length = roads.length.to_numpy()
    pace = 1.0 / speeds(roads, profile)
    seconds = np.column_stack([length * pace, length * pace])
    if profile.slope == "tobler" and "grade" in roads:
        grade = _numbers(roads, "grade", 0.0)
        seconds /= np.column_stack([tobler_factor(grade), tobler_factor(-grade)])
    if profile.signal_seconds and "signals" in roads:
        waits = _numbers(roads, "signals", 0.0) * profile.signal_seconds
        seconds += waits[:, None]
    if profile.crossing_seconds:
        crossings = crossing_ends(roads).sum(axis=1) * 0.5
        seconds += (crossings * profile.crossing_seconds)[:, None]
    if "cost_factor" in roads:
        seconds *= _numbers(roads, "cost_factor", 1.0)[:, None]
    seconds[~_directions(roads, profile.mode)] = np.inf
    return to_ticks(seconds)


def to_ticks(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round seconds to multiples of 2**-30; ``inf`` stays."""
    return np.round(seconds * _TICKS) / _TICKS


def tobler_factor(grade: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factor on walking speed for a grade (climb / length, uphill positive).

    Examples
    --------
    >>> tobler_factor(np.array([0.0, -0.05, 0.1])).round(3).tolist()
    [1.0, 1.191, 0.705]
    """
    return np.exp(-3.5 * np.abs(grade + 0.05)) / _LEVEL_TOBLER


def speeds(roads: gpd.GeoDataFrame, profile: TravelProfile) -> NDArray[np.float64]:
    """Return metres per second on each road: tagged limit x 0.75, class, then the profile's."""
    speed = np.full(len(roads), profile.speed_m_s)
    if not profile.class_kmh:
        return speed
    by_class = roads["highway"].map(dict(profile.class_kmh)).to_numpy(dtype=float) / 3.6
    speed = np.where(np.isnan(by_class), speed, by_class)
    if "maxspeed" in roads:
        tagged = _maxspeed_kmh(roads["maxspeed"]) * _LEGAL_TO_REAL / 3.6
        speed = np.where(np.isnan(tagged), speed, tagged)
    return speed


def linkable(roads: gpd.GeoDataFrame, seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pieces a place can be entered from: open, not a bridge, tunnel or motorway."""
    mask = np.isfinite(seconds).any(axis=1)
    return mask & ~is_structure(roads) & ~_is_in(roads["highway"], ("motorway", "motorway_link"))


def is_structure(roads: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return which pieces are bridges or tunnels."""
    mask = np.zeros(len(roads), dtype=bool)
    for column in STRUCTURES:
        if column in roads:
            none = roads[column].isna() | _is_in(roads[column].astype(object), _NO)
            mask |= ~none.to_numpy(dtype=bool)
    return mask


def crossing_ends(roads: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return which pieces have half a crossing at their start, and at their end; shape (n, 2)."""
    # half a crossing at each end that touches a major road: passing the node adds up to one
    major = _is_in(roads["highway"], MAJOR)
    ends = pd.Index(pd.unique(pd.concat([roads["u"][major], roads["v"][major]])))
    touches = np.column_stack([roads["u"].isin(ends), roads["v"].isin(ends)])
    if "signals" in roads:
        touches[_numbers(roads, "signals", 0.0) > 0] = False
    touches[major] = False
    return touches


def _directions(roads: gpd.GeoDataFrame, mode: Mode) -> NDArray[np.bool_]:
    usable = np.ones(len(roads), dtype=bool)
    for tag in _TAGS[mode]:
        if tag in roads:
            usable = (usable | _is_in(roads[tag], _OPEN)) & ~_is_in(roads[tag], _CLOSED)
    # access=yes on a footway lets no car in: only a mode's own tag opens a class closed to it
    own = roads.get(_TAGS[mode][-1])
    opened = False if own is None else _is_in(own, _OPEN)
    usable &= ~_is_in(roads["highway"], _CLOSED_CLASSES[mode]) | opened
    usable &= ~_is_in(roads["highway"], _NO_ROAD)
    if mode == "wheelchair" and "grade" in roads:
        usable &= np.abs(_numbers(roads, "grade", 0.0)) <= _WHEELCHAIR_GRADE
    if "closed" in roads:
        # a road added later says nothing of it, and is open
        usable &= ~(roads["closed"] == True).to_numpy(dtype=bool)  # noqa: E712  # missing: not said
    forward_only, backward_only = _one_way(roads, mode)
    return np.column_stack([usable & ~backward_only, usable & ~forward_only])


def _one_way(roads: gpd.GeoDataFrame, mode: Mode) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    column = roads.get("oneway_foot" if mode in ("walk", "wheelchair") else "oneway")
    if column is None:
        none = np.zeros(len(roads), dtype=bool)
        return none, none
    forward, backward = _is_in(column, _YES), _is_in(column, _BACKWARD)
    if mode == "bike" and "oneway_bicycle" in roads:
        exempt = _is_in(roads["oneway_bicycle"], ("no", "0", "false"))
        forward, backward = forward & ~exempt, backward & ~exempt
    return forward, backward


def _maxspeed_kmh(column: pd.Series) -> NDArray[np.float64]:
    text = column.astype("string").str.strip().str.lower()
    number = pd.to_numeric(text.str.extract(r"^(\d+(?:\.\d+)?)", expand=False), errors="coerce")
    mph = text.str.contains("mph", na=False).to_numpy()
    kmh = number.to_numpy(dtype=float, na_value=np.nan) * np.where(mph, _KMH_PER_MPH, 1.0)
    return np.where(kmh > 0, kmh, np.nan)


def _numbers(roads: gpd.GeoDataFrame, column: str, missing: float) -> NDArray[np.float64]:
    # a column without any number comes as objects from some readers
    return pd.to_numeric(roads[column]).astype(float).fillna(missing).to_numpy(dtype=float)


def _is_in(column: pd.Series, values: Iterable[str | bool]) -> NDArray[np.bool_]:
    return column.isin(list(values)).to_numpy(dtype=bool)
