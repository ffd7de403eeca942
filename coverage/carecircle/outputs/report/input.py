"""What a report tells of: an assessment, and whatever else is known of the same study."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.outputs.issue_phrases import issue_text
from carecircle.outputs.map.text import Speech, missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carecircle.analysis.classes import SpeedClasses
    from carecircle.analysis.findings import Findings
    from carecircle.analysis.uncertainty import Intervals
    from carecircle.planning.plan import Plan

__all__ = [
    "LEVELS_SHOWN",
    "ReportInput",
    "level_rows",
    "name_of",
    "one_line",
    "speech",
    "unit_rows",
]

#: Levels of a table by unit, from the whole to its parts.
LEVELS_SHOWN = ("city", "kind", "district", "street")


@dataclass(frozen=True, eq=False)
class ReportInput:
    """An assessment with what else a report needs; a part without its frame says so in one line.

    Attributes
    ----------
    findings
        The assessment.
    followed
        :func:`carecircle.progress` of the findings' indicators, of one plan or of several.
    network
        :func:`carecircle.network_matrix`.
    access
        A figure for each area, index ``area_id``; its ``name`` says what it is.
    told
        Sentences for uncovered areas: index ``gap_id``; ``zh``, ``en``.
    plan
        A plan of new sites.
    sites
        Contract ``sites``: names of the plan's sites.
    speeds
        Verdicts at three walking speeds.
    chances
        Intervals of the rates.
    road_gaps
        Gaps of :func:`carecircle.road_gap_checks`.
    before
        The last evaluation.
    lacking
        Field -> why the study cannot tell it.
    saved
        Whether the findings were read back from a folder, which holds no roads.
    """

    findings: Findings
    followed: pd.DataFrame | None = None
    network: pd.DataFrame | None = None
    access: pd.Series | None = None
    told: pd.DataFrame | None = None
    plan: Plan | None = None
    sites: pd.DataFrame | None = None
    speeds: SpeedClasses | None = None
    chances: Intervals | None = None
    road_gaps: pd.DataFrame | None = None
    before: Findings | None = None
    lacking: Mapping[str, str] = field(default_factory=dict)
    saved: bool = False

    def why(self, name: str) -> str:
        """Return the reason why a field is missing as the end of a sentence; often none is known.

        Examples
        --------
        >>> import carecircle as cc
        >>> found = cc.assess(cc.samples.toy_town())
        >>> ReportInput(found, lacking={"plan": "sites: the study has none"}).why("plan")
        ' (研究没有候选点)'
        """
        reason = issue_text(self.lacking.get(name, ""), self.findings.card.language)
        return f" ({reason})" if reason else ""


def speech(given: ReportInput) -> Speech:
    """Return the language of the report."""
    return Speech(given.findings.card.language)


def level_rows(totals: pd.DataFrame, *levels: str) -> pd.DataFrame:
    """Return the rows of some levels in their order; no row where a level is missing.

    Examples
    --------
    >>> import carecircle as cc
    >>> totals = cc.assess(cc.samples.toy_town()).totals
    >>> level_rows(totals, "city", "kind").index.tolist()
    [('city', 'T'), ('kind', 'rural'), ('kind', 'urban')]
    """
    if not isinstance(totals.index, pd.MultiIndex):
        return totals.iloc[:0]
    at = totals.index.get_level_values(0)
    return pd.concat([totals[at == level] for level in levels or LEVELS_SHOWN])


def unit_rows(frame: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series]]:
    """Yield level, unit and figures of each row of a frame indexed by both."""
    levels, units = (frame.index.get_level_values(place) for place in (0, 1))
    for place, (level, unit) in enumerate(zip(levels, units, strict=True)):
        yield str(level), str(unit), frame.iloc[place]


def name_of(level: str, unit: str, name: object, say: Speech) -> str:
    """Return what a unit is called in a table: by name, a kind of area in words.

    Examples
    --------
    >>> name_of("kind", "urban", "urban", Speech("en")), name_of("street", "S1", None, Speech("en"))
    ('urban', 'S1')
    """
    if level == "kind":
        return say(unit)
    return unit if missing(name) or not str(name) else str(name)


def one_line(text: object, most: int = 60) -> str:
    """Return a text joined by ``;`` as a list that stays short.

    Examples
    --------
    >>> one_line("a;b;c", most=4)
    'a, b, … (3)'
    """
    if missing(text) or not str(text):
        return ""
    names = str(text).split(";")
    kept: list[str] = []
    for name in names:
        if kept and sum(len(one) + 1 for one in kept) + len(name) > most:
            return f"{', '.join(kept)}, … ({len(names)})"
        kept.append(name)
    return ", ".join(kept)
