"""Figures that cannot be right: wrong units, parts above their whole, rosters of another city."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.inputs.dasymetric import numbers
from carecircle.inputs.issues import IssueLog
from carecircle.standards.formulas_facility import day_of
from carecircle.standards.formulas_observed import newest_observations
from carecircle.standards.indicators import indicators, plan_lines, unit_scale
from carecircle.standards.presets import load_preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carecircle.inputs.issues import Severity
    from carecircle.standards.rule_frames import RuleFrames
    from carecircle.standards.rules import PlanLine, Preset, Rule

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["check_plausibility"]

#: (table, code, part, whole): a part may not be larger than its whole. Codes as on reading.
_PARTS = (
    ("areas", "elders_exceed_population", "elders", "population"),
    ("areas", "elders80_exceed_elders", "elders80", "elders"),
    ("areas", "households_exceed_population", "households", "population"),
    ("areas", "new_households_exceed_households", "households_new", "households"),
    ("facilities", "nursing_beds_exceed_beds", "nursing_beds", "beds"),
    ("facilities", "institution_beds_exceed_beds", "institution_beds", "beds"),
    ("facilities", "elder_floor_exceeds_floor", "elder_floor_m2", "floor_m2"),
    ("facilities", "activity_floor_exceeds_floor", "activity_m2", "floor_m2"),
)
#: (code, over, under, least, most): ratios of the areas that are hardly ever left.
_RATIOS = (
    ("odd_household_size", "population", "households", 1.0, 8.0),
    ("odd_share_of_elders", "elders", "population", 0.02, 0.7),
)
_SHOWN = 5
_PERCENT = ("%", "％", "百分比")
_OLD_DAYS = 366


@dataclass(frozen=True, eq=False)
class _Doubts:
    """What is collected, and what had been said on reading."""

    log: IssueLog
    known: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def tell(self, code: str, table: str, ids: pd.Index, odd: Flags, **details: str) -> None:
        """Add one issue for all records where ``odd`` holds, unless reading has said it."""
        if not odd.any() or (code, table) in self.known:
            return
        first = [str(name) for name in ids[odd][:_SHOWN]]
        more = f" and {odd.sum() - _SHOWN:,} more" if odd.sum() > _SHOWN else ""
        severity: Severity = "note" if code == "old_observation" else "warning"
        self.log.add(code, severity, table, record=";".join(first) + more, **details)

    def one(self, code: str, table: str, record: str, **details: str) -> None:
        """Add one issue of one record."""
        self.tell(code, table, pd.Index([record]), np.array([True]), **details)


def check_plausibility(
    frames: RuleFrames,
    preset: str | Preset = "wuhai_plan_2021",
    *,
    log: IssueLog | None = None,
    table: pd.DataFrame | None = None,
) -> IssueLog:
    """Warn of figures that can hardly be right; nothing is changed.

    ================================ ==============================================================
    code                             what is wrong
    ================================ ==============================================================
    ``implausible_value``            an indicator, its baseline or its target lies outside what the
                                     preset calls plausible: more than 150 beds per 1,000 elders;
                                     social workers above 5 per mille of the people (a unit error)
    ``..._exceed_...``               elders above people, nursing beds above beds, activity area
                                     above floor area, and the like
    ``odd_household_size``           not between 1 and 8 people per household
    ``odd_share_of_elders``          not between 2 % and 70 % of the people
    ``percentage_out_of_range``      an observed percentage outside 0 to 100
    ``share_above_one``              an observed numerator above its denominator
    ``roster_differs_from_units``    a denominator or a roster that counts other units than the
                                     tables list
    ``unknown_unit``                 a roster names a unit that no table has
    ``reported_differs_from_counted`` an observation is not what the tables give
    ``old_observation``              reported for a time more than a year ago (note)
    ``opens_after_the_day``          operating, though its opening date is still to come
    ``closed_but_operating``         operating, though its closing date is past
    ================================ ==============================================================

    Parameters
    ----------
    frames
        The tables.
    preset
        Whose indicators are looked at.
    log
        What reading has said already: the same is not said again. It is not changed.
    table
        :func:`carecircle.indicators` of the same frames and preset, if there are some already.

    Returns
    -------
    IssueLog
        One warning for each kind of doubt, with the first records.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.samples.toy_town()
    >>> frames = cc.RuleFrames(
    ...     town.areas.assign(population=100.0, elders=[20.0, 120.0, 30.0, 10.0]), town.facilities)
    >>> print([str(i) for i in check_plausibility(frames) if i.field == "elders"][0])
    areas C, elders: elders exceed population (elders 120, population 100), used both; check both
    """
    said = frozenset((issue.code, issue.table) for issue in log or ())
    doubts = _Doubts(IssueLog(), said)
    chosen = load_preset(preset) if isinstance(preset, str) else preset
    _parts(frames, doubts)
    _ratios(frames, doubts)
    _days(frames, doubts)
    _observations(frames, doubts)
    _rosters(frames, doubts)
    lines = plan_lines(chosen)
    if table is None:
        table = indicators(frames, chosen, log=IssueLog())
    figures = _Figures.of(table, float(numbers(frames.areas, "population").sum()))
    for rule, line in lines:
        _range(rule, line, figures, doubts)
        _denominators(frames, rule, line, doubts)
    _reported(frames, lines, figures, doubts)
    return doubts.log


def _parts(frames: RuleFrames, doubts: _Doubts) -> None:
    for name, code, part, whole in _PARTS:
        table = frames.areas if name == "areas" else frames.facilities
        over, under = numbers(table, part), numbers(table, whole)
        odd = over > under
        if odd.any():
            first = int(np.flatnonzero(odd)[0])
            found = f"{part} {over[first]:,.6g}, {whole} {under[first]:,.6g}"
            doubts.tell(code, name, table.index, odd, field=part, found=found, used="both",
                        fix="check both")  # fmt: skip


def _ratios(frames: RuleFrames, doubts: _Doubts) -> None:
    areas = frames.areas
    for code, over, under, least, most in _RATIOS:
        top, bottom = numbers(areas, over), numbers(areas, under)
        ratio = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
        odd = (ratio < least) | (ratio > most)
        if odd.any():
            first = int(np.flatnonzero(odd)[0])
            found = f"{over} {top[first]:,.6g}, {under} {bottom[first]:,.6g}"
            doubts.tell(code, "areas", areas.index, odd, field=over, used="both",
                        found=f"{found}: {ratio[first]:.3g}, not {least:g} to {most:g}",
                        fix="check both; are they of the same people?")  # fmt: skip


def _days(frames: RuleFrames, doubts: _Doubts) -> None:
    if not frames.as_of:
        return
    day = np.datetime64(frames.as_of)
    opened, closed = day_of(frames, "opened"), day_of(frames, "closed")
    for code, name, odd in (
        ("opens_after_the_day", "opened", frames.operating & (opened > day)),
        ("closed_but_operating", "closed", frames.operating & (closed <= day)),
    ):
        doubts.tell(code, "facilities", frames.facilities.index, odd, field=name,
                    found=f"operating on {frames.as_of}", used="as operating",
                    fix="check status and date")  # fmt: skip


def _observations(frames: RuleFrames, doubts: _Doubts) -> None:
    table = frames.observations
    if table is None or table.empty:
        return
    names = pd.Index(table["indicator"].astype(str) + " " + table["period"].astype(str))
    value, top, bottom = (
        pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
        if name in table else np.full(len(table), np.nan)
        for name in ("value", "numerator", "denominator")
    )  # fmt: skip
    percent = table["unit"].isin(_PERCENT).to_numpy() if "unit" in table else np.zeros(
        len(table), dtype=bool
    )  # fmt: skip
    odd = percent & ((value < 0) | (value > 100))  # noqa: PLR2004  # a whole in per cent
    shown = ", ".join(f"{figure:g} %" for figure in value[odd][:_SHOWN])
    doubts.tell("percentage_out_of_range", "observations", names, odd, field="value",
                found=shown, fix="check the unit")  # fmt: skip
    more = percent & (top > bottom)
    shown = ", ".join(f"{n:,.10g}/{d:,.10g}" for n, d in zip(
        top[more][:_SHOWN], bottom[more][:_SHOWN], strict=True))  # fmt: skip
    doubts.tell("share_above_one", "observations", names, more, field="numerator",
                found=shown, used="both", fix="check both")  # fmt: skip
    if frames.as_of:
        newest = newest_observations(frames)
        age = (pd.Timestamp(frames.as_of) - pd.to_datetime(newest["ends"])).dt.days.to_numpy()
        old = age > _OLD_DAYS
        ids = pd.Index(newest["indicator"] + " " + newest["period"])
        doubts.tell("old_observation", "observations", ids, old, field="period",
                    found=f"the newest for {frames.as_of}", used="all the same",
                    fix="report the figures of the period")  # fmt: skip


def _rosters(frames: RuleFrames, doubts: _Doubts) -> None:
    table = frames.rosters
    if table is None or "unit_level" not in table:
        return
    for level, part in table.groupby("unit_level"):
        units = frames.units(str(level))
        ids = pd.Index(part["unit_id"].astype(str))
        unknown = ~ids.isin(units)
        doubts.tell("unknown_unit", "rosters", ids, unknown & ~ids.duplicated(), field="unit_id",
                    found=f"no such {level} in the tables", fix="check the ids")  # fmt: skip
        counts = part.groupby("kind")["unit_id"].nunique()
        listed = _listed(frames, str(level))
        for kind, count in counts.items():
            if count not in listed.values():
                has = ", ".join(f"{n:,} {name}" for name, n in listed.items())
                found = f"{count:,} of level {level} owe it; the tables list {has}"
                doubts.one("roster_differs_from_units", "rosters", str(kind), field="unit_id",
                           found=found, fix="check the roster")  # fmt: skip


def _listed(frames: RuleFrames, level: str) -> dict[str, int]:
    """Return how many units of a level there are; communities also by town and country."""
    n = int((frames.units(level) != "").sum())
    if level != "area":
        return {level: n}
    kind = frames.areas["kind"].astype("str")
    return {"area": n, "urban": int((kind == "urban").sum()), "rural": int((kind == "rural").sum())}


@dataclass(frozen=True, eq=False)
class _Figures:
    """A table of indicators column by column, and where the rows of each line are."""

    rows: Mapping[str, NDArray[np.intp]]
    level: NDArray[np.object_]
    unit: NDArray[np.object_]
    value: Floats
    over: Floats
    under: Floats
    people: float

    @classmethod
    def of(cls, table: pd.DataFrame, people: float) -> _Figures:
        """Take a table of indicators apart; ``people`` are those of the city."""
        line, level, unit = (
            table.index.get_level_values(name).to_numpy(dtype=object)
            for name in ("line", "level", "unit_id")
        )
        value, over, under = (numbers(table, n) for n in ("value", "numerator", "denominator"))
        rows: Any = pd.Series(np.arange(len(table))).groupby(line, sort=False).indices
        return cls(rows, level, unit, value, over, under, people)

    def city(self, line: str) -> NDArray[np.intp]:
        """Return the rows of a line that speak of the city."""
        rows = self.rows.get(line, np.array([], dtype=np.intp))
        return rows[self.level[rows] == "city"]

    def whole(self, line: str) -> float:
        """Return what the city's figure is a share of; the people where nothing is said."""
        under = self.under[self.city(line)]
        known = under[~np.isnan(under)]
        return float(known[0]) if len(known) else self.people


def _range(rule: Rule, line: PlanLine, figures: _Figures, doubts: _Doubts) -> None:
    """Compare a line's figures with what can be believed."""
    if not line.plausible:
        return
    least, most = line.plausible
    rows = figures.rows.get(rule.id, np.array([], dtype=np.intp))
    value = figures.value[rows]
    told: list[tuple[str, float | None, float]] = [
        (f"{figures.unit[row]}: " if figures.level[row] != "city" else "",
         figures.value[row], figures.under[row])
        for row in rows[(value < least) | (value > most)].tolist()
    ]  # fmt: skip
    below = figures.whole(rule.id)
    told += [("baseline ", line.baseline, below), ("target ", rule.limit.low, below)]
    odd = [
        f"{what}{value:.6g} {rule.unit}{_heads(rule, value, under)}"
        for what, value, under in told
        if value is not None and (value < least or value > most)
    ]
    if odd:
        fix = f"check the unit: {least:g} to {most:g} {rule.unit} can be believed"
        doubts.one("implausible_value", "indicators", rule.id, field=line.number, fix=fix,
                   found="; ".join(dict.fromkeys(odd[:_SHOWN])))  # fmt: skip


def _heads(rule: Rule, value: float, under: float) -> str:
    if rule.indicator != "observed_share" or not under > 1:
        return ""
    return f" ({value / unit_scale(rule.unit) * under:,.0f} of {under:,.0f})"


def _denominators(frames: RuleFrames, rule: Rule, line: PlanLine, doubts: _Doubts) -> None:
    """Compare what a baseline and an observation were counted on with the units listed."""
    if not line.units:
        return
    level = "area" if line.units in ("urban", "rural") else line.units
    listed = _listed(frames, level)[line.units]
    found = []
    if line.baseline_of and line.baseline_of[1] != listed:
        found.append(f"the baseline counts {line.baseline_of[1]:,.0f}")
    if line.basis == "observation":
        newest = newest_observations(frames)
        name = str(rule.params.get("indicator"))
        for _, row in newest[newest["indicator"] == name].iterrows():
            if row["denominator"] not in (np.nan, listed) and row["denominator"] > 0:
                found.append(f"observation {name} {row['period']} counts {row['denominator']:,.0f}")
    if found:
        said = f"{'; '.join(found)}; the tables list {listed:,} of {line.units}"
        doubts.one("roster_differs_from_units", "indicators", rule.id, field=line.number,
                   found=said, fix="check which units are meant")  # fmt: skip


def _reported(
    frames: RuleFrames, lines: list[tuple[Rule, PlanLine]], figures: _Figures, doubts: _Doubts
) -> None:
    """Compare what is reported with what the tables give, by the number of the indicator."""
    newest = newest_observations(frames)
    year = frames.as_of[:4]
    now = newest[newest["period"].str[:4] == year] if year and len(newest) else newest[:0]
    names = now["indicator"].to_numpy(dtype=object)
    over, under = numbers(now, "numerator"), numbers(now, "denominator")
    for rule, line in lines:
        row, mine = np.flatnonzero(names == line.number), figures.city(rule.id)
        if not line.headline or line.basis == "observation" or len(row) != 1 or len(mine) != 1:
            continue
        (told,), (counted,) = row, mine
        theirs = over[told] / under[told] * unit_scale(rule.unit)
        if abs(theirs - figures.value[counted]) > 1e-9 * max(1.0, abs(theirs)):
            found = f"reported {over[told]:,.10g}/{under[told]:,.10g}, counted"
            found += f" {figures.over[counted]:,.10g}/{figures.under[counted]:,.10g}"
            doubts.one("reported_differs_from_counted", "observations", rule.id,
                       field=line.number, found=found, used="what is counted",
                       fix="check the tables and the report")  # fmt: skip
