"""Indicators of a plan as tables and lines people read; estates that are not in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.analysis.units import unit_names
from carecircle.outputs.fractions import fraction
from carecircle.outputs.rule_words import RULE_UNITS
from carecircle.standards.indicators import INDICATOR_STATUSES
from carecircle.standards.rules import COMPARATORS
from carecircle.standards.sync import READINGS, STEPS, sync_rates
from carecircle.standards.verdicts import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carecircle.analysis.findings import Findings

__all__ = [
    "INDICATOR_HEADS", "indicator_cells", "indicator_facts", "indicator_html", "indicator_lines",
    "indicator_table", "quoted", "sync_lines", "sync_table",
]  # fmt: skip

Row = dict[Any, Any]

_FIRST = (
    "number", "line", "name_zh", "name_en", "reading_zh", "reading_en", "headline", "level",
    "unit_id", "name", "value", "unit", "numerator", "denominator", "baseline", "comparator",
    "target", "status", "attribute", "basis", "reason",
)  # fmt: skip
_SYNC_FIRST = ("reading", "estate_id", "name", "status", "failed_step", "failed_steps")
#: What a table of indicators shows: (Chinese, English).
INDICATOR_HEADS = (
    ("编号", "no."), ("指标", "indicator"), ("数值", "figure"), ("分子/分母", "of"),
    ("基期", "baseline"), ("目标", "target"), ("判定", "status"),
)  # fmt: skip


def indicator_table(findings: Findings) -> pd.DataFrame:
    """Return one row per line, level and unit, headline readings first; codes stay codes."""
    table = findings.indicators.reset_index()
    at = pd.MultiIndex.from_frame(table[["level", "unit_id"]].astype("str"))
    table["name"] = unit_names(findings.areas).reindex(at).to_numpy(dtype=object)
    table = table[[*_FIRST, *(name for name in table if name not in _FIRST)]]
    return table.sort_values("headline", ascending=False, kind="stable", ignore_index=True)


def sync_table(findings: Findings) -> pd.DataFrame:
    """Return one row per reading and estate; codes stay codes."""
    table = findings.sync.reset_index()
    return table[[*_SYNC_FIRST, *(name for name in table if name not in _SYNC_FIRST)]]


def quoted(table: pd.DataFrame) -> pd.DataFrame:
    """Return the city's lines to quote: the numbered indicators, then text targets with a baseline.

    Parameters
    ----------
    table
        From :func:`carecircle.indicators`.
    """
    if table.empty:
        return table
    city = table[(table.index.get_level_values("level") == "city") & table["headline"].astype(bool)]
    numbered = city["number"].str.isdigit()
    return pd.concat([city[numbered], city[~numbered & city["baseline"].notna()]])


def indicator_lines(findings: Findings) -> Iterator[tuple[str, str]]:
    """Yield (indicator, figure with fraction, baseline, target and status) of the lines to quote.

    Parameters
    ----------
    findings
        An assessment; one without indicators yields nothing.
    """
    pick = _pick(findings)
    for row in quoted(findings.indicators).to_dict("records"):
        number, name, figure, of, baseline, target, status = indicator_cells(row, pick)
        figure += f" ({of})" if of else ""
        words = (f"基期 {baseline}", f"baseline {baseline}")[pick]
        asked = (f"目标{target}", f"target {target}")[pick]
        yield f"{number} {name}", f"{figure}, {words}, {asked}, {status}"


def indicator_cells(row: Row, pick: int) -> tuple[str, str, str, str, str, str, str]:
    """Return number, name, figure with unit, fraction, baseline, target and status in words.

    What has no figure shows ``--``; of a figure that was only published no numerator is shown, for
    nobody counted one.

    Examples
    --------
    >>> import carecircle as cc
    >>> table = cc.indicators(cc.assess(cc.samples.toy_town()))
    >>> indicator_cells(table.loc[("IND-3", "city", "T")].to_dict(), 1)[2:]
    ('33.3 %', '1 / 3', '66', 'at least 100', 'not achieved')
    >>> indicator_cells(table.loc[("IND-1", "city", "T")].to_dict(), 0)[2:]
    ('--', '', '--', '不低于 100', '无数据 (无观测数据)')
    """
    language = ("zh", "en")[pick]
    unit = RULE_UNITS.get(row["unit"], (row["unit"], row["unit"]))[pick]
    name, reading = str(row[f"name_{language}"]), str(row[f"reading_{language}"])
    if not row["headline"]:
        name += f" · {reading}"
    published = row["reason"] == "published_only"
    counted: bool = pd.notna(row["value"]) and not published and row["denominator"] not in (0, 1)
    status = INDICATOR_STATUSES[row["status"]][pick]
    if row["reason"]:
        status += f" ({REASONS.get(row['reason'], (row['reason'],) * 2)[pick]})"
    asks = COMPARATORS[row["comparator"]][pick]
    return (
        str(row["number"]), name, _figure(row, unit),
        f"{_plain(row['numerator'])} / {_plain(row['denominator'])}" if counted else "",
        "--" if pd.isna(row["baseline"]) else f"{row['baseline']:,g}",
        f"{asks} {row['target']:,g}", status,
    )  # fmt: skip


def indicator_html(findings: Findings) -> str:
    """Return the lines to quote as an HTML table, other readings and targets folded below it.

    Parameters
    ----------
    findings
        An assessment; one without indicators gives an empty text.
    """
    if findings.indicators.empty:
        return ""
    pick = _pick(findings)
    table = findings.indicators
    first = quoted(table)
    city = table[table.index.get_level_values("level") == "city"]
    rest = city[~city.index.isin(first.index)]
    title = ("规划指标", "Indicators of the plan")[pick]
    more = (f"其他口径和正文目标 {len(rest)} 行", f"{len(rest)} other readings and targets")[pick]
    return (
        f"<b>{title}</b>{_html(first, pick)}"
        f"<details><summary>{more}</summary>{_html(rest, pick)}</details>"
    )


def sync_lines(findings: Findings) -> Iterator[tuple[str, str]]:
    """Yield (reading, estates in step of those decided, and which steps fail) for both readings."""
    if findings.sync.empty:
        return
    pick = _pick(findings)
    rates = sync_rates(findings.sync)
    for reading, names in READINGS.items():
        if (reading, "estates") not in rates.index:
            continue
        row: Row = pd.DataFrame(rates.loc[[(reading, "estates")]]).to_dict("records")[0]
        label = (f"四同步({names[0]})", f"Estates in step ({names[1]})")[pick]
        failed = [
            f"{words[pick]} {row[f'failed_{step}']:,.0f}"
            for step, words in STEPS.items()
            if row[f"failed_{step}"] > 0
        ]
        said = [
            fraction(row["numerator"], row["denominator"]),
            *((("不同步: ", "failed: ")[pick] + ", ".join(failed),) if failed else ()),
        ]
        for name, words in {
            "not_assessable": ("无法评估", "not assessable"),
            "not_due": ("尚未交付", "not delivered yet"),
        }.items():
            if row[name] > 0:
                said.append(f"{words[pick]} {row[name]:,.0f}")
        yield label, "; ".join(said)


def indicator_facts(findings: Findings) -> list[dict[str, object]]:
    """Return the lines to quote with numerators and denominators, and the hash of their plan."""
    names = (
        "preset", "number", "value", "unit", "numerator", "denominator", "baseline", "target",
        "status", "reason", "as_of",
    )  # fmt: skip
    book = findings.rulebook
    hashes = {} if book.empty else book["sha256"].to_dict()
    return [
        {
            "line": row["line"],
            **{name: row[name] for name in names},
            "sha256": str(hashes.get((row["preset"], row["line"]), "")),
        }
        for row in quoted(findings.indicators).reset_index().to_dict("records")
    ]


def _pick(findings: Findings) -> int:
    return 0 if findings.card.language == "zh" else 1


def _figure(row: Row, unit: str) -> str:
    """Return the value in print; one that rounds to its target keeps the digits that tell them."""
    if pd.isna(row["value"]):
        return "--"
    value, decimals = float(row["value"]), 0 if row["denominator"] == 1 else 1
    met = row["status"] == "achieved"
    while decimals < 9 and not met and np.round(value, decimals) == row["target"]:  # noqa: PLR2004  # exact enough
        decimals += 1
    return f"{value:,.{decimals}f} {unit}"


def _plain(figure: float) -> str:
    return f"{figure:,.1f}".removesuffix(".0")


def _html(table: pd.DataFrame, pick: int) -> str:
    from html import escape

    heads = "".join(f"<th style='text-align:left'>{head[pick]}</th>" for head in INDICATOR_HEADS)
    rows = "".join(
        "<tr>"
        + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for cells in (indicator_cells(row, pick) for row in table.to_dict("records"))
    )
    return f"<table><tr>{heads}</tr>{rows}</table>"
