"""Formulas of rosters: which unit has which facility, and which it owes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.roster import roster
from carecircle.standards.joining import ids_by_unit, reasons
from carecircle.standards.measures import measured
from carecircle.standards.registry import formula
from carecircle.standards.roster_duties import roster_duties

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.standards.rule_frames import RuleFrames

__all__ = [
    "areas_meeting_floor_area",
    "areas_with_facility",
    "areas_with_floor_area",
    "district_facilities",
    "districts_with_facility",
    "roster_filled",
    "stations_with_centre",
    "street_facilities",
    "streets_with_facility",
]


@formula("areas_with_facility", unit="%", level="area", closes="facility",
         source="roster coverage: units that have a facility / units")  # fmt: skip
def areas_with_facility(frames: RuleFrames, kinds: tuple[str, ...] = ()) -> pd.DataFrame:
    """Areas that have a facility by the roster; without kinds, of the eligible ones."""
    if not frames.knows(tuple(kinds)):
        return _unknown(frames, "area")
    listed = roster(frames.areas, frames.facilities[frames.of_kinds(tuple(kinds))])
    return measured(
        listed["has_facility"].to_numpy(), np.ones(len(listed)), scale=100.0,
        index=frames.units("area"), evidence=listed["facility_ids"].to_numpy(dtype=object),
    )  # fmt: skip


@formula("streets_with_facility", unit="%", level="street", closes="facility")
def streets_with_facility(frames: RuleFrames, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Towns and streets in which a facility stands."""
    return _having(frames, "street", tuple(kinds))


@formula("districts_with_facility", unit="%", level="district", closes="facility")
def districts_with_facility(frames: RuleFrames, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Districts in which a facility stands."""
    return _having(frames, "district", tuple(kinds))


@formula("street_facilities", unit="facilities", level="street", closes="facility")
def street_facilities(frames: RuleFrames, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Count the facilities that stand in a town or street."""
    return _counted(frames, "street", tuple(kinds), frames.of_kinds(tuple(kinds)))


@formula("district_facilities", unit="facilities", level="district", closes="facility")
def district_facilities(
    frames: RuleFrames,
    kinds: tuple[str, ...],
    opened_from: str = "",
    safety_net: bool = False,  # noqa: FBT001, FBT002  # a rule gives it by name
) -> pd.DataFrame:
    """Count the facilities that stand in a district, opened from a day on, or as safety net."""
    counts = frames.of_kinds(tuple(kinds))
    facilities, unsure = frames.facilities, np.zeros(len(counts), dtype=bool)
    if opened_from:
        opened = pd.to_datetime(facilities.get("opened", pd.Series(pd.NaT, facilities.index)))
        unsure = counts & opened.isna().to_numpy()
        counts = counts & (opened >= pd.Timestamp(opened_from)).to_numpy()
    if safety_net:
        flag = facilities.get("safety_net", pd.Series(pd.NA, facilities.index))
        counts = counts & flag.astype("boolean").fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # not said to be one
    found = _counted(frames, "district", tuple(kinds), counts)
    if not unsure.any():
        return found
    blind = _sums(frames, "district", unsure) > 0
    return found.assign(
        numerator=found["numerator"].where(~blind),
        reason=np.where(blind, "opening_missing", found.get("reason", "")),
    )


@formula("areas_meeting_floor_area", unit="%", level="area", closes="communities",
         source="达标率(双项)")  # fmt: skip
def areas_meeting_floor_area(frames: RuleFrames) -> pd.DataFrame:
    """Areas that pass both tests of the floor-area check."""
    return _floor_test(frames, "pass_both")


@formula("areas_with_floor_area", unit="%", level="area", closes="communities",
         source="覆盖率: areas with more than 0 m2")  # fmt: skip
def areas_with_floor_area(
    frames: RuleFrames, kinds: tuple[str, ...] = ("service_complex",)
) -> pd.DataFrame:
    """Areas served by a facility with floor area, a missing figure among them unknown."""
    provided, _, served = frames.floor(tuple(kinds), "floor_m2")
    has = np.where(np.isnan(provided), np.nan, provided > 0)
    return measured(
        has, np.ones(len(has)), scale=100.0, index=frames.units("area"),
        evidence=served,
        reason=reasons(len(has), (np.isnan(has), "floor_missing")),
    )  # fmt: skip


@formula("stations_with_centre", unit="%", level="facility", closes="stations",
         source="乌海市“十四五”民政事业发展规划: 一中心…辐射联动")  # fmt: skip
def stations_with_centre(
    frames: RuleFrames, kinds: tuple[str, ...], centre_kinds: tuple[str, ...]
) -> pd.DataFrame:
    """Stations whose own town or street has a centre."""
    streets = frames.unit_of("street", "facility")
    centres = _sums(frames, "street", frames.of_kinds(tuple(centre_kinds))) > 0
    linked = (streets >= 0) & np.append(centres, False)[streets]
    found = measured(linked, 1.0 * frames.of_kinds(tuple(kinds)), scale=100.0,
                     index=frames.units("facility"))  # fmt: skip
    idle = (found["denominator"] == 0).to_numpy()
    return found.assign(reason=reasons(len(found), (idle, "not_operating")))


@formula("roster_filled", unit="%", level="city", closes="facilities",
         source="facilities in place / facilities owed by the roster")  # fmt: skip
def roster_filled(frames: RuleFrames, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Facilities in place of those that the rosters ask for, each counted once."""
    units, duties = frames.units("city"), roster_duties(frames, tuple(kinds))
    if duties.empty:
        return measured(np.nan, np.nan, index=units, reason="no_roster", evidence="")
    at = units.get_indexer(pd.Index(duties["city_id"]))
    inside = at >= 0
    owed, met = (
        np.bincount(at[inside], duties[name].to_numpy()[inside], minlength=len(units))
        for name in ("count", "met")
    )
    ids = duties["facility_ids"].to_numpy(dtype=object)
    return measured(met, owed, scale=100.0, index=units,
                    evidence=ids_by_unit(ids, at, inside, len(units)))  # fmt: skip


def _having(frames: RuleFrames, level: str, kinds: tuple[str, ...]) -> pd.DataFrame:
    counted = _counted(frames, level, kinds, frames.of_kinds(kinds))
    has = counted["numerator"].where(counted["numerator"].isna(), counted["numerator"] > 0)
    return counted.assign(numerator=has.astype(float), denominator=1.0)


def _counted(
    frames: RuleFrames, level: str, kinds: tuple[str, ...], counts: NDArray[np.bool_]
) -> pd.DataFrame:
    units = frames.units(level)
    if units.equals(pd.Index([""])) and level != "city":
        return _unknown(frames, level).assign(reason="level_missing")
    if not frames.knows(kinds):
        return _unknown(frames, level).drop(columns="denominator")
    at = frames.unit_of(level, "facility")
    inside = counts & (at >= 0)
    evidence = ids_by_unit(frames.units("facility"), at, inside, len(units))
    total = _sums(frames, level, counts).astype(float)
    return pd.DataFrame({"numerator": total, "evidence": evidence, "reason": ""}, index=units)


def _sums(frames: RuleFrames, level: str, counts: NDArray[np.bool_]) -> NDArray[np.intp]:
    at = frames.unit_of(level, "facility")
    return np.bincount(at[counts & (at >= 0)], minlength=len(frames.units(level)))


def _unknown(frames: RuleFrames, level: str) -> pd.DataFrame:
    units = frames.units(level)
    return measured(np.nan, 1.0, index=units, reason="kind_not_in_tables", evidence="")


def _floor_test(frames: RuleFrames, test: str) -> pd.DataFrame:
    from carecircle.standards.floor_area import check_floor_area

    def check() -> pd.DataFrame:
        return check_floor_area(frames.areas, frames.facilities, log=frames.issues)

    checks = frames.keep(("floor_check",), check)
    passed = checks[test].astype("float64").to_numpy()
    applies = (checks["status"] != "not_applicable").to_numpy()
    return measured(
        passed, 1.0 * applies, scale=100.0, index=frames.units("area"),
        reason=reasons(
            len(passed), (~applies, "no_households"), (np.isnan(passed), "figure_missing")
        ),
    )  # fmt: skip
