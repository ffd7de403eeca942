"""Formulas of the plan's other readings: own facilities, pipeline, posts, rosters, net beds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.analysis.joining import ids_by_unit
from carecircle.analysis.roster import roster
from carecircle.inputs.dasymetric import numbers
from carecircle.standards.formulas_area import area_figure
from carecircle.standards.formulas_facility import beds, beds_opened, day_of
from carecircle.standards.formulas_roster import areas_with_facility, district_facilities
from carecircle.standards.joining import reasons
from carecircle.standards.measures import measured
from carecircle.standards.registry import FORMULAS, formula, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.standards.rule_frames import RuleFrames

    Flags = NDArray[np.bool_]

__all__ = [
    "areas_with_facility_beside",
    "areas_with_own_facility",
    "areas_with_pipeline",
    "areas_with_posts",
    "areas_with_standing",
    "beds_added_net",
    "beds_with_home_care",
    "districts_meeting",
    "dwellings",
    "elders65",
    "elders_registered",
    "home_areas",
    "households_registered",
    "posts_in_all",
    "stations_near_centre",
    "streets_with_posts",
]


def home_areas(facilities: pd.DataFrame) -> pd.Series:
    """Return the one area each facility counts for when it may count for one only.

    Of the areas it serves the one it stands in, else the first by id; where it names none, the one
    it stands in.
    """
    stands = facilities["area_id"] if "area_id" in facilities else pd.Series(
        np.nan, facilities.index, dtype=object
    )  # fmt: skip
    stands = stands.astype(object)
    if "serves" not in facilities:
        return stands
    named = facilities["serves"].dropna().astype("str").str.split(";").explode().str.strip()
    own = named[named.eq(stands.reindex(named.index))]
    first = named.groupby(level=0).min()
    # as in the roster: once some facility names its areas, those that name none count for none
    chosen = first.mask(first.index.isin(own.index), stands.reindex(first.index))
    return (chosen.reindex(facilities.index) if len(named) else stands).astype(object)


@formula("areas_with_own_facility", unit="%", level="area", closes="facility",
         source="roster coverage, each facility counted for one community")  # fmt: skip
def areas_with_own_facility(frames: RuleFrames, kinds: tuple[str, ...] = ()) -> pd.DataFrame:
    """Areas that have a facility they need not share; a shared one counts where it stands."""
    if not frames.knows(tuple(kinds)):
        return areas_with_facility(frames, kinds)
    counts = frames.of_kinds(tuple(kinds))
    own = home_areas(frames.facilities[counts])
    alone = frames.facilities[counts].assign(serves=own, area_id=own)
    return _having(frames, alone)


@formula("areas_with_pipeline", unit="%", level="area", closes="facility",
         source="roster coverage, with what is being built or planned")  # fmt: skip
def areas_with_pipeline(frames: RuleFrames, kinds: tuple[str, ...] = ()) -> pd.DataFrame:
    """Areas that have a facility, or will when what is built or planned has opened."""
    if not frames.knows(tuple(kinds)):
        return areas_with_facility(frames, kinds)
    counts = frames.of_kinds(tuple(kinds)) | (
        frames.of_status("building", "planned")
        & frames.facilities["kind"].isin(kinds or frames.eligible).to_numpy()
    )
    return _having(frames, frames.facilities[counts])


@formula("areas_with_standing", unit="%", level="area", closes="facility")
def areas_with_standing(frames: RuleFrames, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Areas in which a facility stands, whomever it serves."""
    if not frames.knows(tuple(kinds)):
        return areas_with_facility(frames, kinds)
    some = frames.facilities[frames.of_kinds(tuple(kinds))]
    return _having(frames, some.drop(columns="serves", errors="ignore"))


@formula("areas_with_facility_beside", unit="%", level="area", closes="facility",
         source="complexes with a volunteer station / complexes, by community")  # fmt: skip
def areas_with_facility_beside(
    frames: RuleFrames, kinds: tuple[str, ...], beside: tuple[str, ...]
) -> pd.DataFrame:
    """Areas that have a facility of ``kinds``, among those that have one of ``beside``."""
    found, base = areas_with_facility(frames, kinds), areas_with_facility(frames, beside)
    has, owes = found["numerator"], base["numerator"] == 1
    said = reasons(len(found), (base["numerator"].isna().to_numpy(), "kind_not_in_tables"),
                   (has.isna().to_numpy(), "kind_not_in_tables"))  # fmt: skip
    bottom = np.where(base["numerator"].isna(), np.nan, 1.0 * owes)
    return measured(has * owes, bottom, scale=100.0, index=found.index, reason=said,
                    evidence=found["evidence"].to_numpy(dtype=object))  # fmt: skip


@formula("districts_meeting", unit="%", level="district", closes="districts",
         source="min over districts of the count >= so many")  # fmt: skip
def districts_meeting(
    frames: RuleFrames,
    kinds: tuple[str, ...],
    at_least: float,
    opened_from: str = "",
    safety_net: bool = False,  # noqa: FBT001, FBT002  # a rule gives it by name
) -> pd.DataFrame:
    """Districts in which at least so many facilities stand."""
    counted = district_facilities(frames, kinds, opened_from, safety_net)
    enough = counted["numerator"].ge(at_least).where(counted["numerator"].notna())
    return counted.assign(numerator=enough.astype(float), denominator=1.0)


@formula("stations_near_centre", unit="%", level="facility", closes="stations",
         source="乌海市“十四五”民政事业发展规划: 一中心…辐射联动")  # fmt: skip
def stations_near_centre(
    frames: RuleFrames, minutes: float, kinds: tuple[str, ...], centre_kinds: tuple[str, ...]
) -> pd.DataFrame:
    """Stations within so many minutes of a centre, by car where the study has roads."""
    units, asked = frames.units("facility"), frames.of_kinds(tuple(kinds))
    nearest = frames.link_minutes(tuple(centre_kinds))
    blind = asked if nearest is None else np.zeros(len(units), dtype=bool)
    near = 0.0 if nearest is None else 1.0 * (nearest <= minutes)
    said = reasons(len(units), (~asked, "not_operating"), (blind, "links_missing"))
    found = measured(near, 1.0 * asked, scale=100.0, index=units, reason=said)
    return found.assign(numerator=found["numerator"].mask(blind))


@formula("areas_with_posts", unit="%", level="area", closes="communities")
def areas_with_posts(frames: RuleFrames, column: str, at_least: float) -> pd.DataFrame:
    """Areas whose column, such as ``social_workers``, holds at least so many."""
    found = area_figure(frames, column)
    enough = found["numerator"].ge(at_least).where(found["numerator"].notna()).astype(float)
    said = found["reason"].to_numpy(dtype=object)
    return measured(enough, np.ones(len(found)), scale=100.0, index=found.index, reason=said)


@formula("streets_with_posts", unit="%", level="street", closes="units")
def streets_with_posts(
    frames: RuleFrames, kinds: tuple[str, ...], column: str, at_least: float
) -> pd.DataFrame:
    """Towns and streets whose facilities of these kinds have at least so many posts."""
    units, at = frames.units("street"), frames.unit_of("street", "facility")
    posts, blind = _posts(frames, kinds, column, at, len(units))
    enough = np.where(blind & (posts < at_least), np.nan, 1.0 * (posts >= at_least))
    unstated = np.full(len(units), units.equals(pd.Index([""])))
    enough = np.where(unstated, np.nan, enough)
    said = reasons(len(units), (unstated, "level_missing"), (np.isnan(enough), "figure_missing"))
    counts = frames.of_kinds(tuple(kinds)) & (at >= 0)
    seen = ids_by_unit(frames.units("facility"), at, counts, len(units))
    return measured(
        enough, np.ones(len(units)), scale=100.0, index=units, reason=said, evidence=seen
    )


@formula("posts_in_all", unit="posts", level="area", closes="posts")
def posts_in_all(frames: RuleFrames, kinds: tuple[str, ...], column: str) -> pd.DataFrame:
    """Add up the posts of an area and of the facilities of these kinds that stand in it."""
    own = area_figure(frames, column)
    at = frames.unit_of("area", "facility")
    posts, blind = _posts(frames, kinds, column, at, len(own))
    total = own["numerator"].to_numpy() + np.where(blind, np.nan, posts)
    said = reasons(len(own), (np.isnan(total), "figure_missing"))
    return pd.DataFrame({"numerator": total, "reason": said}, index=own.index)


@formula("beds_added_net", unit="beds", level="facility", closes="beds",
         source="Σ beds opened - Σ beds closed since")  # fmt: skip
def beds_added_net(frames: RuleFrames, opened_from: str) -> pd.DataFrame:
    """Beds of facilities opened from a day on, less those of facilities closed from it on."""
    gross = beds_opened(frames, opened_from)
    shut, closed = frames.of_status("closed"), day_of(frames, "closed")
    had = numbers(frames.facilities, "beds")
    lost = np.where(shut & (closed >= np.datetime64(opened_from)), had, 0.0)
    unsure = shut & (had != 0) & (np.isnat(closed) | np.isnan(lost))
    told = gross["reason"].to_numpy(dtype=object)
    return gross.assign(
        owes=gross["owes"] | shut,
        numerator=np.where(unsure, np.nan, gross["numerator"].to_numpy() - lost),
        reason=np.where(unsure & (told == ""), "closing_missing", told),
    )


@formula("beds_with_home_care", unit="beds", level="facility", closes="beds")
def beds_with_home_care(frames: RuleFrames) -> pd.DataFrame:
    """Beds of a facility with the home-care beds it looks after: column ``home_care_beds``."""
    found, more = beds(frames), numbers(frames.facilities, "home_care_beds")
    if np.isnan(more).all():  # nobody counted them
        return found.assign(numerator=np.nan, reason="figure_missing")
    return found.assign(numerator=found["numerator"] + np.nan_to_num(more))


def _people(column: str) -> Any:
    def people(frames: RuleFrames) -> pd.DataFrame:
        return area_figure(frames, column)

    return people


def _register(name: str, unit: str, closes: str, said: str) -> Any:
    people = _people(name)
    people.__doc__ = said
    return formula(name, unit=unit, level="area", closes=closes)(people)


elders65 = _register("elders65", "people", "people", "Residents aged 65 and over.")
elders_registered = _register(
    "elders_registered", "people", "people", "Registered residents aged 60 and over."
)
households_registered = _register(
    "households_registered", "households", "households", "Registered households."
)
dwellings = _register("dwellings", "dwellings", "dwellings", "Dwellings.")

for _name, _top, _bottom in (
    ("beds_per_1000_elders65", "beds", "elders65"),
    ("beds_per_1000_elders_registered", "beds", "elders_registered"),
    ("beds_with_home_care_per_1000_elders", "beds_with_home_care", "elders"),
):
    FORMULAS[_name] = ratio(_name, _top, _bottom, unit="beds/1000 elders", scale=1000.0)
for _name, _bottom in (
    ("floor_area_per_100_households_registered", "households_registered"),
    ("floor_area_per_100_dwellings", "dwellings"),
):
    FORMULAS[_name] = ratio(_name, "floor_area", _bottom, unit="m2/100 households", scale=100.0)


def _having(frames: RuleFrames, facilities: pd.DataFrame) -> pd.DataFrame:
    listed = roster(frames.areas, facilities)
    return measured(
        listed["has_facility"].to_numpy(), np.ones(len(listed)), scale=100.0,
        index=frames.units("area"), evidence=listed["facility_ids"].to_numpy(dtype=object),
    )  # fmt: skip


def _posts(
    frames: RuleFrames, kinds: tuple[str, ...], column: str, at: NDArray[np.intp], n: int
) -> tuple[Any, Flags]:
    """Return the posts of the facilities of each unit, and where one of them is unknown."""
    figure = numbers(frames.facilities, column)
    counts = frames.of_kinds(tuple(kinds)) & (at >= 0)
    unknown = counts & np.isnan(figure)
    known = counts & ~unknown
    posts = np.bincount(at[known], figure[known], minlength=n)
    blind = np.bincount(at[unknown], minlength=n) > 0
    return posts, blind | (not frames.knows(tuple(kinds)))
