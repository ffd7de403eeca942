"""The standards of a study: presets and own rule files read together, and checked together."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from carecircle.errors import InputError
from carecircle.inputs.headings import did_you_mean
from carecircle.inputs.issues import IssueLog
from carecircle.roads.reach import nearest
from carecircle.standards.evaluate import check_standards
from carecircle.standards.formulas import FORMULAS
from carecircle.standards.formulas_sync import synced
from carecircle.standards.indicators import indicators, plan_lines
from carecircle.standards.plausibility import check_plausibility
from carecircle.standards.presets import load_preset, preset_names, read_rules
from carecircle.standards.rule_frames import RuleFrames
from carecircle.standards.rule_views import rulebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carecircle.analysis.findings import Findings
    from carecircle.roads.network import RoadNetwork
    from carecircle.roads.places import Direction
    from carecircle.standards.registry import Formula
    from carecircle.standards.rules import Preset
    from carecircle.study.file import StudyFile
    from carecircle.study.tables import Tables

__all__ = [
    "Checked",
    "check_rules",
    "kinds_linked",
    "kinds_timed",
    "nearest_by_kind",
    "read_presets",
]


class Checked(NamedTuple):
    """What the standards of a study give; each as in :class:`carecircle.Findings`."""

    rules: pd.DataFrame
    rulebook: pd.DataFrame
    indicators: pd.DataFrame
    sync: pd.DataFrame


def read_presets(file: StudyFile, log: IssueLog) -> tuple[Preset, ...]:
    """Read the presets and rule files that a study names, with every fault of all of them.

    Parameters
    ----------
    file
        A checked study file.
    log
        Collects the faults, each with file and line; fatal ones are raised by the caller, together
        with those of the tables. Rules that have run out on the study's day are warnings.
    """
    values = file.sections.get("rules") or {"presets": [], "files": []}
    found = [*_named(values["presets"], log), *_own(file, values["files"], log)]
    kept: dict[str, Preset] = {}
    for preset in found:
        if preset.id in kept:
            log.add("duplicate_id", "fatal", "rules", record=preset.file, field="[preset]",
                    found=f"{preset.id}, of {kept[preset.id].file} too",
                    fix="name each once, and give each file its own id")  # fmt: skip
        kept.setdefault(preset.id, preset)
    return tuple(kept.values())


def _named(names: list[str], log: IssueLog) -> Iterator[Preset]:
    for name in names:
        if name in preset_names():
            yield load_preset(name)
            continue
        near = did_you_mean(name, preset_names())
        hint = f"did you mean {near!r}? " if near else ""
        log.add("unknown_value", "fatal", "study", field="rules.presets", found=repr(name),
                fix=f"{hint}known: {', '.join(preset_names())}; own files go into"
                " rules.files")  # fmt: skip


def _own(file: StudyFile, paths: list[str], log: IssueLog) -> Iterator[Preset]:
    day = dt.date.fromisoformat(str(file.sections["study"]["as_of"]))
    for path in paths:
        before = len(log)
        try:
            yield read_rules(file.resolved(path), as_of=day, log=log)
        except InputError as fault:
            if len(log) == before:  # a file that is missing or not text says so here alone
                log.add("unreadable", "fatal", "study", field="rules.files", found=str(fault))


def kinds_timed(presets: tuple[Preset, ...], eligible: tuple[str, ...]) -> tuple[str, ...]:
    """Return the facility kinds, beside the study's own, to which some rule measures the way.

    Examples
    --------
    >>> "day_care" in kinds_timed((load_preset("gb50180_2018"),), ("station",))
    True
    """
    asked: set[str] = set()
    for preset in presets:
        known = FORMULAS | dict(preset.formulas)
        for rule in preset.rules:
            given: Any = rule.params.get("kinds") or ()
            if set(given) != set(eligible) and _is_timed(rule.indicator, known):
                asked.update(given)
    return tuple(sorted(asked))


def kinds_linked(presets: tuple[Preset, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds of stations, and of centres, between which some rule asks for minutes.

    Examples
    --------
    >>> kinds_linked((load_preset("wuhai_plan_2021"),))
    (('day_care', 'station'), ('street_centre',))
    """
    stations: set[str] = set()
    centres: set[str] = set()
    for preset in presets:
        for rule in preset.rules:
            if rule.indicator == _LINKED:
                own: Any = rule.params.get("kinds") or ()
                other: Any = rule.params.get("centre_kinds") or ()
                stations.update(own)
                centres.update(other)
    return tuple(sorted(stations)), tuple(sorted(centres))


def nearest_by_kind(
    network: RoadNetwork,
    places: Mapping[str, pd.DataFrame],
    facilities: pd.DataFrame,
    kinds: tuple[str, ...],
    *,
    direction: Direction,
) -> pd.DataFrame:
    """Find the nearest operating facility of each kind for every home, by one search per kind.

    Parameters
    ----------
    network
        The network.
    places
        Positions of ``homes`` and ``facilities`` from :func:`carecircle.locate`.
    facilities
        ``kind``, ``status``, ``extra_minutes``, as the positions are indexed.
    kinds
        Facility kinds.
    direction
        As in :func:`carecircle.nearest`.

    Returns
    -------
    pandas.DataFrame
        ``home_id``, ``facility_id``, ``minutes``, ``metres`` of the quickest way; no row for a home
        without a way.
    """
    status = facilities.get("status")
    operating = True if status is None else status.isna() | (status == "operating")
    found = []
    for kind in kinds:
        chosen = ((facilities["kind"] == kind) & operating).to_numpy()
        if chosen.any():
            near = nearest(
                network, places["homes"], places["facilities"][chosen], direction=direction,
                extra_minutes=facilities.get("extra_minutes"),
            )  # fmt: skip
            near = near[["facility_id", "minutes", "metres"]].dropna(subset=["minutes"])
            found.append(near.rename_axis("home_id").reset_index())
    if found:
        return pd.concat(found, ignore_index=True)
    return pd.DataFrame({
        "home_id": pd.Series(dtype="str"), "facility_id": pd.Series(dtype="str"),
        "minutes": pd.Series(dtype=float), "metres": pd.Series(dtype=float),
    })  # fmt: skip


def check_rules(
    findings: Findings,
    tables: Tables,
    presets: tuple[Preset, ...],
) -> Checked:
    """Check the standards of a study against its findings and ledgers.

    Where a standard is a plan, its indicators are computed too, new estates are checked for the
    four steps, and figures that can hardly be right become issues of the findings.

    Parameters
    ----------
    findings
        The assessment, with the minutes that rules ask for in its ``evidence``; its ``issues`` take
        up those of the rules.
    tables
        For ``projects``, ``rosters`` and ``observations``.
    presets
        The standards, each apart.

    Returns
    -------
    Checked
        As :func:`carecircle.check_standards`,
        :func:`carecircle.standards.rule_views.rulebook`, :func:`carecircle.indicators` and
        :func:`carecircle.check_sync` return them; the last two empty where no standard is a plan.
    """
    frames = RuleFrames.from_findings(
        findings, projects=tables.projects, rosters=tables.rosters,
        observations=tables.observations,
    )  # fmt: skip
    heard = IssueLog()
    rules = check_standards(frames, presets, log=heard)
    told = {issue.record.partition(":")[0] for issue in findings.issues if issue.code == _LATE}
    late = {preset.id for preset in presets if preset.file in told}  # said on reading, line by line
    findings.issues.extend(
        issue for issue in heard if issue.code != _LATE or issue.record not in late
    )
    plans = [preset for preset in presets if plan_lines(preset)]
    sync = pd.DataFrame()
    if plans and tables.projects is not None:
        sync = synced(frames, tables.projects)
    return Checked(
        rules, rulebook(presets, frames.day), _indicators(frames, plans, findings.issues), sync
    )


def _indicators(frames: RuleFrames, plans: list[Preset], issues: IssueLog) -> pd.DataFrame:
    """Return the indicators of all plans, one after the other; doubts go to the issues."""
    found = []
    for plan in plans:
        # what one plan's figures look like says nothing about those of the next
        told = IssueLog(issue for issue in issues if issue.table != "indicators")
        found.append(indicators(frames, plan, log=IssueLog()))
        issues.extend(check_plausibility(frames, plan, log=told, table=found[-1]))
    return pd.concat(found) if found else pd.DataFrame()


_LATE = "rule_has_run_out"
#: Formulas that measure the way to facilities of given kinds.
_TIMED = ("within_minutes", "within_metres")
#: The formula that measures the way between facilities.
_LINKED = "stations_near_centre"


def _is_timed(name: str, known: Mapping[str, Formula]) -> bool:
    parts = known[name].parts or () if name in known else ()
    return name in _TIMED or any(_is_timed(part, known) for part in parts)
