"""The short form of an assessment: a table for notebooks and a text for terminals."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.outputs.headcount import GAP_COLUMNS, counted_in
from carecircle.outputs.labels import code_names, terms_line
from carecircle.outputs.rule_sheets import standard_lines

if TYPE_CHECKING:
    from carecircle.analysis.findings import Findings

__all__ = ["fraction", "summary_html", "summary_rows"]


def summary_rows(findings: Findings) -> list[tuple[str, str]]:
    """Return the headline as (what, figure) in the study's language, each with its fraction.

    Parameters
    ----------
    findings
        An assessment.
    """
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
    rows += _floor_rows(findings, zh=zh)
    rows += standard_lines(findings)
    rows += _gap_rows(findings, zh=zh)
    return rows


def summary_html(findings: Findings) -> str:
    """Return the headline, the terms and the worst gaps as one HTML table, all names escaped."""
    card, zh = findings.card, findings.card.language == "zh"
    title = card.title_zh if zh else card.title
    note = (
        ("合成数据，非官方统计" if zh else "synthetic data, not official") if card.synthetic else ""
    )
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(what)}</td>"
        f"<td style='text-align:left'><b>{escape(figure)}</b></td></tr>"
        for what, figure in summary_rows(findings)
    )
    return (
        f"<div><b>{escape(title)}</b> {escape(card.as_of)} <i>{escape(note)}</i>"
        f"<table>{rows}</table><small>{escape(terms_line(card))}; "
        f"{escape(findings.issues.summary())}</small></div>"
    )


def fraction(part: float, whole: float) -> str:
    """Return a percentage with numerator and denominator; ``--`` where it is unknown.

    Examples
    --------
    >>> fraction(46, 70)
    '65.7 % (46 / 70)'
    >>> fraction(996, 1000), fraction(float("nan"), 3)
    ('99.6 % (996 / 1,000)', '--')
    """
    if pd.isna(part) or pd.isna(whole) or whole <= 0:
        return "--"
    percent = f"{100 * part / whole:.1f}"
    if percent == "100.0" and part < whole:
        percent = "<100"  # a rounded 100 % that is none would read as a pass
    return f"{percent} % ({part:,.0f} / {whole:,.0f})"


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
