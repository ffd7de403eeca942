"""The short form of an assessment: a table for notebooks and a text for terminals."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.outputs.fractions import fraction
from carecircle.outputs.headcount import GAP_COLUMNS, counted_in
from carecircle.outputs.issue_words import issue_counts, issue_table
from carecircle.outputs.labels import code_names, terms_line
from carecircle.outputs.workbook.indicators import indicator_html, indicator_lines, sync_lines
from carecircle.outputs.workbook.rules import standard_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecircle.analysis.findings import Findings, StudyCard
    from carecircle.inputs.issues import IssueLog

__all__ = ["study_html", "summary_html", "summary_rows"]


def summary_rows(findings: Findings) -> list[tuple[str, str]]:
    """Return the headline as (what, figure) in the study's language, each with its fraction.

    Parameters
    ----------
    findings
        An assessment.
    """
    return [*_covered(findings), *indicator_lines(findings), *_standing(findings)]


def _covered(findings: Findings) -> list[tuple[str, str]]:
    zh = findings.card.language == "zh"
    sums = _city(findings.totals)
    rows = [
        (
            "设施覆盖率(名录)" if zh else "Roster coverage",
            fraction(sums["units_with_facility"], sums["units_total"]),
        )
    ]
    limits = "/".join(f"{minutes:g}" for minutes in findings.card.limits.values())
    people = (
        ("elders", f"老年人口覆盖率({limits}分钟)", f"Elders in time ({limits} min)"),
        ("people", f"常住人口覆盖率({limits}分钟)", f"Residents in time ({limits} min)"),
        ("homes", f"住宅覆盖率({limits}分钟)", f"Homes in time ({limits} min)"),
    )
    for weight, chinese, english in people:
        label = chinese if zh else english
        text = fraction(sums[f"{weight}_covered"], sums[f"{weight}_total"])
        missing = sums[f"{weight}_not_assessed"]
        if missing > 0:
            text += f", 未评估 {missing:,.0f}" if zh else f", {missing:,.0f} not assessed"
        rows.append((label, text))
    rows.append(
        (
            "社区达标率(时间)" if zh else "Communities on time",
            fraction(sums["units_on_time"], sums["units_total"]),
        )
    )
    return rows + _floor_rows(findings, zh=zh)


def _standing(findings: Findings) -> list[tuple[str, str]]:
    zh = findings.card.language == "zh"
    return [*sync_lines(findings), *standard_lines(findings), *_gap_rows(findings, zh=zh)]


def summary_html(findings: Findings) -> str:
    """Return the headline, the terms and the worst gaps as one HTML table, all names escaped.

    The indicators of a plan follow as a table of their own, other readings folded below them.
    """
    card, zh = findings.card, findings.card.language == "zh"
    title = card.title_zh if zh else card.title
    note = (
        ("合成数据，非官方统计" if zh else "synthetic data, not official") if card.synthetic else ""
    )
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(what)}</td>"
        f"<td style='text-align:left'><b>{escape(figure)}</b></td></tr>"
        for what, figure in [*_covered(findings), *_standing(findings)]
    )
    return (
        f"<div><b>{escape(title)}</b> {escape(card.as_of)} <i>{escape(note)}</i>"
        f"<table>{rows}</table>{indicator_html(findings)}<small>{escape(terms_line(card))}; "
        f"{escape(issue_counts(findings.issues, card.language))}</small></div>"
    )


def study_html(card: StudyCard, tables: Mapping[str, pd.DataFrame | None], issues: IssueLog) -> str:
    """Return the tables of a study with their rows, its terms and its issues as HTML.

    Parameters
    ----------
    card
        The terms.
    tables
        Name -> table; one that is missing is left out.
    issues
        What was found on reading.
    """
    zh = card.language == "zh"
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(issue_table(name, card.language))}</td>"
        f"<td>{len(table):,}</td></tr>"
        for name, table in tables.items()
        if table is not None
    )
    heads = "<th>表</th><th>行数</th>" if zh else "<th>table</th><th>rows</th>"
    return (
        f"<div><b>{escape(card.title_zh if zh else card.title)}</b>"
        f"<table><tr>{heads}</tr>{rows}</table>"
        f"<small>{escape(terms_line(card))}; {escape(issue_counts(issues, card.language))}"
        "</small></div>"
    )


def _city(totals: pd.DataFrame) -> dict[str, float]:
    rows = pd.DataFrame(totals.loc[["city"]]).select_dtypes("number")
    return {str(name): float(rows[name].sum(min_count=1)) for name in rows}


def _floor_rows(findings: Findings, *, zh: bool) -> list[tuple[str, str]]:
    if findings.floor_areas.empty:
        return []
    city = _city(findings.floor_totals)
    ratio = 100 * city["ratio_m2"] / city["ratio_households"] if city["ratio_households"] else None
    rows = [
        (
            "每百户综合服务设施面积" if zh else "Floor area per 100 households",
            "--"
            if ratio is None
            else f"{ratio:.1f} m² ({city['ratio_m2']:,.0f} m² / {city['ratio_households']:,.0f})",
        )
    ]
    names = (
        ("pass_floor", "达标率(总面积)", "Pass rate (total)"),
        ("pass_per_100", "达标率(每百户)", "Pass rate (per 100 households)"),
        ("pass_both", "达标率(双项)", "Pass rate (both)"),
    )
    for name, chinese, english in names:
        rows.append((chinese if zh else english, fraction(city[f"{name}_n"], city[f"{name}_of"])))
    return rows


def _gap_rows(findings: Findings, *, zh: bool) -> list[tuple[str, str]]:
    gaps = findings.gaps
    worst = gaps[gaps["kind"] == "area"].head(3) if len(gaps) else gaps
    causes = code_names("gaps", "cause", findings.card)
    weight = counted_in(findings)
    word = {"elders": "老年人", "people": "常住人口", "homes": "住宅"}[weight] if zh else weight
    rows = []
    for gap_id, gap in worst.iterrows():
        cause = causes.get(gap["cause"], (gap["cause"], gap["cause"]))[0 if zh else 1]
        found = gap[GAP_COLUMNS[weight]]
        count = "--" if pd.isna(found) else f"{found:,.0f}"
        who = f"{word} {count}" if zh else f"{count} {word}"
        rows.append((f"{'盲区' if zh else 'Gap'} {gap_id}", f"{gap['area_names']}: {who}, {cause}"))
    return rows
