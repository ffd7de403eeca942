"""Formulas of time and distance: how many live within so many minutes or metres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.analysis.coverage import WEIGHTS
from carecircle.inputs.dasymetric import numbers
from carecircle.standards.joining import reasons
from carecircle.standards.measures import measured
from carecircle.standards.registry import formula

if TYPE_CHECKING:
    from carecircle.standards.rule_frames import RuleFrames

__all__ = ["areas_on_time", "in_time", "within_metres", "within_minutes"]

_UNLINKED = ("not_linked", "no_position")


@formula("in_time", unit="%", level="area", closes="people",
         source="Σ weight within the study's limit / Σ weight")  # fmt: skip
def in_time(frames: RuleFrames, weight: str = "elders") -> pd.DataFrame:
    """People within the minutes of the study: ``elders``, ``people``, ``homes``, ``households``."""
    areas = frames.areas
    total, covered = numbers(areas, f"{weight}_total"), numbers(areas, f"{weight}_covered")
    blind = numbers(areas, f"{weight}_not_assessed") >= total
    covered = np.where(blind & (total > 0), np.nan, covered)
    return measured(
        covered, total, scale=100.0, index=frames.units("area"),
        reason=reasons(
            len(total), (np.isnan(total), "minutes_missing"), (blind, "none_assessed")
        ),
    )  # fmt: skip


@formula("areas_on_time", unit="%", level="area", closes="communities",
         source="社区达标率(时间)")  # fmt: skip
def areas_on_time(frames: RuleFrames) -> pd.DataFrame:
    """Areas in which enough elders are within the limit of the study."""
    on_time = numbers(frames.areas.assign(on_time=_flag(frames)), "on_time")
    said = reasons(len(on_time), (np.isnan(on_time), "minutes_missing"))
    ones = np.ones(len(on_time))
    return measured(on_time, ones, scale=100.0, index=frames.units("area"), reason=said)


@formula("within_minutes", unit="%", level="area", closes="people")
def within_minutes(
    frames: RuleFrames, minutes: float, weight: str = "elders", kinds: tuple[str, ...] = ()
) -> pd.DataFrame:
    """People within so many minutes of a facility of these kinds; else of the eligible ones."""
    return _within(frames, "minutes", minutes, weight=weight, kinds=tuple(kinds))


@formula("within_metres", unit="%", level="area", closes="people",
         source="along the roads with access legs, whatever the speed")  # fmt: skip
def within_metres(
    frames: RuleFrames, metres: float, weight: str = "people", kinds: tuple[str, ...] = ()
) -> pd.DataFrame:
    """People within so many metres along the roads of a facility of these kinds."""
    return _within(frames, "metres", metres, weight=weight, kinds=tuple(kinds))


def _within(
    frames: RuleFrames, measure: str, most: float, *, weight: str, kinds: tuple[str, ...]
) -> pd.DataFrame:
    units = frames.units("area")
    if frames.homes is None:
        return measured(np.nan, np.nan, index=units, reason="minutes_missing", evidence="")
    if not frames.knows(kinds):  # a kind that nobody listed is unknown, not absent
        return measured(np.nan, 1.0, index=units, reason="kind_not_in_tables", evidence="")
    nearest = _nearest(frames, measure, kinds)
    if nearest is None:
        return measured(np.nan, 1.0, index=units, reason="minutes_for_other_kinds", evidence="")
    homes = frames.homes
    column = WEIGHTS[weight]
    people = np.ones(len(homes)) if column is None else numbers(homes, column)
    area = frames.home_area
    inside, n = area >= 0, len(units)
    total = np.bincount(area[inside], people[inside], minlength=n)
    covered = np.bincount(area[inside], np.where(nearest <= most, people, 0)[inside], minlength=n)
    linked = ~homes["reason"].isin(_UNLINKED).to_numpy() if "reason" in homes else True
    assessed = np.bincount(area[inside], (people * linked)[inside], minlength=n)
    blind = (assessed == 0) & (total > 0)
    return measured(
        np.where(blind, np.nan, np.round(covered, 9)), np.round(total, 9), scale=100.0, index=units,
        reason=reasons(n, (blind, "none_assessed"), (np.isnan(total), f"{weight}_missing")),
    )  # fmt: skip


def _nearest(frames: RuleFrames, measure: str, kinds: tuple[str, ...]) -> Any:
    """Return minutes or metres to the nearest facility of each home; ``None`` if not known."""
    homes = frames.homes
    if homes is None:
        return None
    if not kinds or set(kinds) == set(frames.eligible):
        return numbers(homes, measure) if measure in homes else None
    if frames.pairs is None or measure not in frames.pairs:
        return None
    allowed = frames.units("facility")[frames.of_kinds(kinds)]
    pairs = frames.pairs[frames.pairs["facility_id"].isin(allowed)]
    least = pairs.groupby("home_id")[measure].min()
    return least.reindex(homes.index).to_numpy(dtype=float)


def _flag(frames: RuleFrames) -> pd.Series:
    if "on_time" in frames.areas:
        return frames.areas["on_time"].astype("boolean").astype("Float64")
    return pd.Series(np.nan, frames.areas.index)
