"""How deep a verdict stands: at other speeds, at other limits, and with everything a little off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.classes import SpeedClasses, classify, speed_curve
from carecircle.analysis.draws import Uncertainty, draw_minutes, scaled_minutes
from carecircle.analysis.uncertainty import Intervals, intervals
from carecircle.errors import InputError
from carecircle.roads.speeds import minutes_at_speeds
from carecircle.scenarios.baseline import Baseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from carecircle.roads.standing import HomeSearch
    from carecircle.study.assessment import Study

__all__ = [
    "coverage_by_speed",
    "coverage_intervals",
    "judged_homes",
    "roads_of",
    "speed_classes",
    "usual_uncertainty",
]

#: Slow, usual and fast walk over the usual one: 0.8, 1.0 and 1.2 m/s for `elder_default`.
_PACES = (0.8, 1.0, 1.2)
_CURVE_M_S = tuple(round(0.5 + 0.05 * k, 2) for k in range(21))


def speed_classes(
    study: Study | Baseline, *, speeds_m_s: tuple[float, float, float] | None = None
) -> SpeedClasses:
    """Class homes and areas: robust, fragile, uncovered, hard.

    Where minutes are metres over speed, one search serves the three speeds; where signals,
    crossings or access take time of their own, each speed is searched.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it.
    speeds_m_s
        Slow, usual and fast; 0.8, 1.0 and 1.2 times the profile's speed when missing.

    Returns
    -------
    SpeedClasses
        By home, by area, and added up by street, district, city, town and country.

    Raises
    ------
    InputError
        If the speeds do not ascend, the study brings its own minutes, or its profile has a speed
        for each road class.

    Examples
    --------
    >>> import carecircle as cc
    >>> city = speed_classes(cc.samples.toy_town()).units.loc[("city", "T", "elders")]
    >>> city[["robust", "fragile", "uncovered", "hard", "not_assessed"]].astype(int).tolist()
    [40, 40, 20, 20, 10]
    """
    baseline = _baseline(study)
    search = roads_of(baseline, "classes by speed")
    if speeds_m_s is None:
        usual = search.network.profile.speed_m_s
        speeds_m_s = (_PACES[0] * usual, _PACES[1] * usual, _PACES[2] * usual)
    return classify(
        judged_homes(baseline), _minutes_at(baseline, speeds_m_s), baseline.study.areas,
        speeds_m_s=speeds_m_s, on_time_share=baseline.study.card.on_time_share,
    )  # fmt: skip


def coverage_by_speed(
    study: Study | Baseline, *, speeds_m_s: Sequence[float] = _CURVE_M_S
) -> pd.DataFrame:
    """Return coverage as a function of walking speed, each home against its own limit.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it.
    speeds_m_s
        Metres per second.

    Returns
    -------
    pandas.DataFrame
        Index ``(level, unit_id, weight, speed_m_s)``: ``covered``, ``uncovered``,
        ``not_assessed``, ``total``, ``rate``.

    Raises
    ------
    InputError
        As :func:`speed_classes`, or if a speed is not from 0.05 to 60 m/s.

    Examples
    --------
    >>> import carecircle as cc
    >>> curve = coverage_by_speed(cc.samples.toy_town(), speeds_m_s=[0.8, 1.0, 1.2])
    >>> curve.loc[("city", "T", "elders"), "covered"].to_dict()
    {0.8: 40.0, 1.0: 80.0, 1.2: 100.0}
    """
    baseline = _baseline(study)
    roads_of(baseline, "coverage by speed")
    speeds = sorted({float(speed) for speed in speeds_m_s})
    if not speeds or speeds[0] < 0.05 or speeds[-1] > 60:  # noqa: PLR2004  # the bounds of a profile
        raise InputError(f"speeds_m_s is {list(speeds_m_s)}; give one or more from 0.05 to 60")
    minutes = _minutes_at(baseline, speeds)
    return speed_curve(judged_homes(baseline), minutes, baseline.study.areas)


def coverage_intervals(
    study: Study | Baseline, uncertainty: Uncertainty | None = None
) -> Intervals:
    """Put an interval around every coverage rate, and a chance of turning on every verdict.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it. One that brings its own minutes is drawn in
        speed and detour only.
    uncertainty
        What is drawn; :func:`usual_uncertainty` when missing.

    Returns
    -------
    Intervals
        By city, district, street and area; equal seeds give equal figures on every machine.

    Raises
    ------
    InputError
        If a detour is to be drawn for minutes that were searched along roads, or the profile has a
        speed for each road class.

    Examples
    --------
    >>> import carecircle as cc
    >>> sure = Uncertainty(draws=3, speed_share=0.0, home_m=0.0, facility_m=0.0)
    >>> found = coverage_intervals(cc.samples.toy_town(), sure)
    >>> found.areas["flip_chance"].to_dict()
    {'W': 0.0, 'C': 0.0, 'V': 0.0, 'N': 0.0}
    """
    baseline = _baseline(study)
    town, search = baseline.study, baseline.search
    uncertainty = uncertainty or usual_uncertainty(town)
    if search is None:
        drawn = scaled_minutes(baseline.today.minutes, uncertainty)
        uncertainty = replace(uncertainty, home_m=0.0, facility_m=0.0)
    elif uncertainty.detour is not None:
        raise InputError(
            f"uncertainty: detour is {uncertainty.detour}, but the study's minutes are searched"
            " along roads; leave it out"
        )
    else:
        places = baseline.open_today
        spots = (town.homes.geometry, town.facilities.geometry.loc[places.index])
        drawn = draw_minutes(search, places, spots, uncertainty)
    share = town.card.on_time_share
    homes = judged_homes(baseline)
    return intervals(homes, town.areas, drawn, uncertainty, on_time_share=share)


def usual_uncertainty(study: Study) -> Uncertainty:
    """Return the default uncertainty of a study: homes off by what their table can know.

    Homes made of a grid or of bare areas stand anywhere in their cell: a disc of the area of a
    square with the side of the usual distance between neighbours. All others as in
    :class:`Uncertainty`.

    Examples
    --------
    >>> import carecircle as cc
    >>> usual_uncertainty(cc.samples.toy_town()).home_m
    10.0
    """
    method = dict(study.settings.get("homes", {})).get("method")
    if method not in ("grid", "areas"):
        return Uncertainty()
    return Uncertainty(home_m=round(_usual_spacing_m(study.homes) / np.sqrt(np.pi), 3))


def judged_homes(baseline: Baseline) -> gpd.GeoDataFrame:
    """Return a baseline's homes with ``minutes``, ``limit_minutes`` and ``covered`` of today."""
    tally, today = baseline.tally, baseline.today
    covered = pd.array(today.covered, dtype="boolean")
    covered[~tally.assessed] = pd.NA
    names = np.array([*today.names, None], dtype=object)
    homes = baseline.study.homes
    return homes.assign(
        minutes=today.minutes, facility_id=pd.array(names[today.facility], dtype="str"),
        limit_minutes=tally.limit, covered=covered,
        minutes_over=np.clip(today.minutes - tally.limit, 0.0, None),
    )  # fmt: skip


def roads_of(baseline: Baseline, what: str) -> HomeSearch:
    """Return the network and homes of a baseline.

    Raises
    ------
    InputError
        If the study brings its own minutes and no roads.
    """
    if baseline.search is None:
        raise InputError(f"{what}: the study brings its own minutes and has no roads to search")
    return baseline.search


def _baseline(study: Study | Baseline) -> Baseline:
    return study if isinstance(study, Baseline) else Baseline.of(study)


def _minutes_at(baseline: Baseline, speeds_m_s: Sequence[float]) -> pd.DataFrame:
    search = roads_of(baseline, "speeds")
    minutes = minutes_at_speeds(search, baseline.open_today, speeds_m_s)
    return pd.DataFrame(minutes, baseline.study.homes.index, list(speeds_m_s))


def _usual_spacing_m(homes: gpd.GeoDataFrame) -> float:
    from scipy.spatial import KDTree

    spots = np.unique(shapely.get_coordinates(homes.geometry.array), axis=0)
    if len(spots) < 2:  # noqa: PLR2004  # a lone home has no neighbour
        return 0.0
    metres = np.asarray(KDTree(spots).query(spots, k=2)[0])
    return float(np.median(metres[:, 1]))
