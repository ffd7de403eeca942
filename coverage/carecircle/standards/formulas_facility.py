"""Formulas of single facilities and housing projects: floor area, beds, staff, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.inputs.dasymetric import numbers
from carecircle.standards.joining import reasons
from carecircle.standards.measures import measured
from carecircle.standards.registry import formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carecircle.standards.rule_frames import RuleFrames

__all__ = [
    "activity_share",
    "beds",
    "beds_opened",
    "day_of",
    "facility_figure",
    "facility_floor_area",
    "floor_area_per_bed",
    "functions",
    "nursing_share",
    "project_floor_area_per_100_households",
    "social_workers_per_100_beds",
]


@formula("facility_figure", unit="", level="facility")
def facility_figure(frames: RuleFrames, column: str) -> pd.DataFrame:
    """Take a figure from a column of the facilities, such as ``corridor_m``."""
    return _amount(frames, column, "figure_missing")


@formula("facility_floor_area", unit="m2", level="facility", closes="m2")
def facility_floor_area(frames: RuleFrames) -> pd.DataFrame:
    """Gross floor area of one facility."""
    return _amount(frames, "floor_m2", "floor_missing")


@formula("beds", unit="beds", level="facility", closes="beds")
def beds(frames: RuleFrames, column: str = "beds") -> pd.DataFrame:
    """Beds of one facility: ``beds``, ``nursing_beds`` or ``institution_beds``."""
    return _amount(frames, column, "beds_missing")


@formula("beds_opened", unit="beds", level="facility", closes="beds",
         source="gross: closures are not subtracted")  # fmt: skip
def beds_opened(frames: RuleFrames, opened_from: str) -> pd.DataFrame:
    """Beds of facilities opened from a day on (gross), also of those closed again since."""
    first = np.datetime64(opened_from)
    was_open = frames.operating | frames.of_status("closed")
    figure, opened = numbers(frames.facilities, "beds"), day_of(frames, "opened")
    fresh, gone = opened >= first, day_of(frames, "closed") < first
    unsure = was_open & np.isnat(opened) & (figure != 0) & ~gone
    amount = np.where(unsure, np.nan, np.where(fresh, figure, 0.0))
    said = reasons(
        len(figure), (~was_open, "not_operating"), (unsure, "opening_missing"),
        (np.isnan(amount), "beds_missing"),
    )  # fmt: skip
    return pd.DataFrame(
        {"numerator": amount, "owes": was_open, "reason": said}, index=frames.units("facility")
    )


@formula("nursing_share", unit="%", level="facility", closes="beds",
         source="国发〔2021〕35号: nursing beds / beds")  # fmt: skip
def nursing_share(frames: RuleFrames) -> pd.DataFrame:
    """Nursing beds among all beds."""
    return _quotient(frames, ("nursing_beds", "beds"), 100.0, "beds_missing")


@formula("activity_share", unit="%", level="facility", closes="m2",
         source="居民活动区域面积 / 建筑面积")  # fmt: skip
def activity_share(frames: RuleFrames) -> pd.DataFrame:
    """Floor area for residents' activities in the gross floor area."""
    return _quotient(frames, ("activity_m2", "floor_m2"), 100.0, "activity_missing")


@formula("floor_area_per_bed", unit="m2/bed", level="facility", closes="m2")
def floor_area_per_bed(frames: RuleFrames) -> pd.DataFrame:
    """Gross floor area for each bed."""
    return _quotient(frames, ("floor_m2", "beds"), 1.0, "beds_missing")


@formula("social_workers_per_100_beds", unit="posts/100 beds", level="facility", scale=100.0,
         closes="posts", source="每百张床位1名社会工作者")  # fmt: skip
def social_workers_per_100_beds(frames: RuleFrames) -> pd.DataFrame:
    """Social workers for 100 beds; needs the column ``social_workers``."""
    return _quotient(frames, ("social_workers", "beds"), 100.0, "figure_missing")


@formula("functions", unit="functions", level="facility", closes="functions")
def functions(frames: RuleFrames, among: tuple[str, ...] = ()) -> pd.DataFrame:
    """Count the different functions of a facility: column ``functions``, joined by ``;``."""
    given = _column(frames, "functions").dropna()
    if given.empty:
        return _found(frames, np.full(len(frames.facilities), np.nan), "figure_missing")
    lists = given.astype("str").str.split(";").explode().str.strip()
    lists = lists[lists != ""]
    named = lists.groupby(lists.index).nunique()
    wanted = lists[lists.isin(among)] if among else lists
    count = wanted.groupby(wanted.index).nunique().reindex(named.index).fillna(0)
    figure = count.reindex(frames.units("facility")).to_numpy(dtype=float)
    return _found(frames, figure, "figure_missing")


@formula("project_floor_area_per_100_households", unit="m2/100 households", level="project",
         scale=100.0, closes="m2")  # fmt: skip
def project_floor_area_per_100_households(
    frames: RuleFrames, column: str = "floor_delivered_m2"
) -> pd.DataFrame:
    """Floor area a housing project planned, built, or handed over, for 100 of its households."""
    projects = frames.projects
    if projects is None:
        return measured([], [], index=frames.units("project"), reason="")
    top, bottom = numbers(projects, column), numbers(projects, "households")
    said = reasons(
        len(top), (np.isnan(bottom), "households_missing"), (np.isnan(top), "floor_missing")
    )
    return measured(top, bottom, scale=100.0, index=frames.units("project"), reason=said)


def day_of(frames: RuleFrames, name: str) -> NDArray[np.datetime64]:
    """Return a date of each facility, such as ``opened``; NaT where it is not known."""
    return pd.to_datetime(_column(frames, name)).to_numpy().astype("datetime64[D]")


def _column(frames: RuleFrames, name: str) -> pd.Series:
    facilities = frames.facilities
    if name in facilities:
        return facilities[name]
    return pd.Series(None, facilities.index, dtype=object)


def _found(frames: RuleFrames, figure: np.ndarray, reason: str) -> pd.DataFrame:
    operating = frames.operating
    said = reasons(len(figure), (~operating, "not_operating"), (np.isnan(figure), reason))
    return pd.DataFrame(
        {
            "numerator": figure,
            "owes": operating,
            "reason": said,
        },
        index=frames.units("facility"),
    )


def _amount(frames: RuleFrames, column: str, reason: str) -> pd.DataFrame:
    return _found(frames, numbers(frames.facilities, column), reason)


def _quotient(
    frames: RuleFrames, columns: Sequence[str], scale: float, reason: str
) -> pd.DataFrame:
    top, bottom = (numbers(frames.facilities, column) for column in columns)
    found = _found(frames, np.where(np.isnan(bottom), np.nan, top), reason)
    share = measured(found["numerator"], bottom, scale=scale, index=found.index)
    return share.assign(owes=found["owes"], reason=found["reason"])
