"""The report of a study: what all rooms know of it, gathered and told in twelve parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from carecircle.depth.access import access_of
from carecircle.depth.certainty import coverage_intervals, speed_classes
from carecircle.depth.explanation import explain_uncovered
from carecircle.depth.road_checks import road_gap_checks
from carecircle.errors import CarecircleError, InputError
from carecircle.outputs.labels import field
from carecircle.outputs.report.input import ReportInput
from carecircle.outputs.report.parts import report_of
from carecircle.planning.cover import max_cover
from carecircle.scenarios.baseline import Baseline
from carecircle.siting.problem import siting_instance
from carecircle.standards.progress import progress
from carecircle.standards.rule_frames import RuleFrames
from carecircle.standards.three_levels import network_matrix
from carecircle.study.assessment import Result, assess

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.report.model import Report
    from carecircle.planning.plan import Plan
    from carecircle.study.assessment import Study

__all__ = ["make_report"]

_SITES = 5
_SEARCHED = ("access", "plan", "speeds", "told")
_NO_ROADS = (
    "保存的结果不含可供搜索的路网,请用研究文件出报告",
    "a saved result keeps no roads to search; make the report from the study",
)


def make_report(
    study: Study | Result,
    *,
    result: Result | None = None,
    before: Findings | None = None,
    plan: Plan | None = None,
    language: Literal["zh", "en"] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Make the evaluation report of a study or a saved result: twelve parts, Chinese or English.

    Data and method, indicators and standards, roster beside time coverage, floor area, beds, the
    three-level network, maps, uncovered areas, site options, sensitivity, changes, problems and
    sources. A part for which the study has no data says so in one line.

    Parameters
    ----------
    study
        The study; or a result alone, as :func:`carecircle.open_result` reads it. A result keeps its
        figures but no roads to search, so the parts on access, sites and sensitivity then say so.
    result
        Assessment of the study, if there is one already.
    before
        The assessment of the last evaluation, for the part on changes.
    plan
        A plan of new sites; where there is none, up to five of the study's own sites are chosen
        that bring most elders in time.
    language
        ``zh`` or ``en``; that of the study when missing.
    tell
        Called with one line for each step.

    Returns
    -------
    Report
        Shows itself in Jupyter; ``save(folder, formats=["html", "docx", "pdf"])`` writes it.

    Raises
    ------
    InputError
        If the language is unknown, or two results are given.

    Examples
    --------
    >>> import carecircle as cc
    >>> make_report(cc.samples.toy_town(), language="en")
    Report('Toy town: evaluation report': 12 parts, 5 maps)
    """
    if language not in (None, "zh", "en"):
        raise InputError(f"language is {language!r}; choose zh or en")
    if isinstance(study, Result):
        if result is not None:
            raise InputError("two results are given; give the study and its result, or one result")
        result, asked = study, None
    else:
        asked = study
        result = assess(study, tell=tell) if result is None else result
    card = replace(result.card, language=language or result.card.language)
    findings, lacking = replace(result, card=card), dict[str, str]()
    ask = _Asked(lacking)
    tell("access and network")
    found = {
        "followed": ask("followed", lambda: _followed(findings)),
        "network": network_matrix(_frames(asked, findings)),
        **_searched(asked, result, ask, tell, card.language),
    }
    if plan is None and asked is not None:
        tell("choosing sites")
        plan = ask("plan", lambda: _best_sites(asked))
    sites = None if asked is None else asked.tables.sites
    tell("drawing maps")
    return report_of(
        ReportInput(
            findings,
            before=before,
            plan=plan,
            sites=sites,
            lacking=lacking,
            saved=asked is None,
            **found,
        )
    )


def _frames(study: Study | None, findings: Findings) -> RuleFrames:
    if study is None:
        return RuleFrames.from_findings(findings)
    tables = study.tables
    return RuleFrames.from_findings(
        findings, projects=tables.projects, rosters=tables.rosters,
        observations=tables.observations,
    )  # fmt: skip


def _searched(
    study: Study | None, result: Result, ask: _Asked, tell: Callable[[str], None], language: str
) -> dict[str, Any]:
    """Return what only a search of the roads tells; a result alone says why it cannot."""
    if study is None:
        ask.lacking.update(dict.fromkeys(_SEARCHED, _NO_ROADS[language != "zh"]))
        return {}
    return {
        "access": ask("access", lambda: _access(study, language)),
        **_depth(study, result, ask, tell),
    }


@dataclass(frozen=True)
class _Asked:
    """Asks a room, and keeps why it has no answer: its part then says so in one line."""

    lacking: dict[str, str]

    def __call__(self, name: str, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except CarecircleError as fault:
            self.lacking[name] = str(fault)
            return None


def _followed(findings: Findings) -> pd.DataFrame | None:
    """Return how far the indicators of each plan have come from its baseline."""
    table = findings.indicators
    if table.empty:
        return None
    plans = [table[table["preset"] == preset] for preset in table["preset"].unique()]
    return pd.concat([progress([plan]) for plan in plans])


def _access(study: Study, language: str) -> pd.Series:
    found = access_of(study)
    zh, en = field("facilities", found.supply).heading
    name = f"每千名老人:{zh}" if language == "zh" else f"{en}, per 1,000 elders"
    return (1000 * found.areas["access"]).rename(name)


def _best_sites(study: Study) -> Plan:
    instance = siting_instance(study)
    return max_cover(instance, n_sites=min(_SITES, len(instance.site_ids)))


def _depth(
    study: Study, result: Result, ask: _Asked, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Return how deep the verdicts stand."""
    baseline = Baseline.of(study)
    tell("other speeds and intervals")
    found = {
        "speeds": ask("speeds", lambda: speed_classes(baseline)),
        "chances": ask("chances", lambda: coverage_intervals(baseline)),
    }
    tell("gaps in the roads, and what would bring uncovered areas in time")
    checks = ask("road_gaps", lambda: road_gap_checks(baseline))
    told = ask("told", lambda: explain_uncovered(baseline, result=result, road_checks=checks))
    if told is not None and "gap" in told.units.index.get_level_values("unit_kind"):
        found["told"] = told.units.loc["gap", ["zh", "en"]]
    return found | {"road_gaps": None if checks is None else checks.gaps}
