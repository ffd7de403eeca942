"""The workbook: one sheet per table, readable in a meeting and checkable in an audit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np
import pandas as pd

from carecircle.outputs.codes import SHEETS, UNITS
from carecircle.outputs.issue_words import issues_in_words
from carecircle.outputs.labels import Field, code_names, field, terms_line
from carecircle.outputs.layers import data_date
from carecircle.outputs.rule_words import what_closes
from carecircle.outputs.workbook.fills import fill_column, fills_of
from carecircle.outputs.workbook.indicators import indicator_table, sync_table
from carecircle.outputs.workbook.readme import readme_rows
from carecircle.outputs.workbook.rules import rule_table, with_rule_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from carecircle.analysis.findings import Findings, StudyCard

__all__ = ["issue_table", "table_frames", "write_csv", "write_indicators", "write_issues",
           "write_rules", "write_sync", "write_tables"]  # fmt: skip

_MOST_ROWS = 1_048_575  # what a sheet holds below its header
_MOST_CHARACTERS = 32_000  # a cell holds 32,767
_FORMATS = {"text": "@", "count": "#,##0", "one": "#,##0.0", "rate": "0.0%",
            "exact": "General"}  # fmt: skip
_YES = {True: ("是", "yes"), False: ("否", "no")}
_WEIGHTS = ("elders", "people", "households", "homes")
_SUMS = tuple(
    f"{weight}_{part}"
    for weight in _WEIGHTS
    for part in ("covered", "total", "rate", "uncovered", "not_assessed")
)
_CELLS = ("has_in_time", "has_late", "neighbour_in_time", "none_late")
#: Columns that come first, a rate right after its numerator and denominator; the rest follow.
_FIRST: dict[str, tuple[str, ...]] = {
    "totals": (
        "level", "unit_id", "name", "units_with_facility", "units_total", "roster_rate",
        "units_on_time", "on_time_rate", *_SUMS,
        *(f"cell_{cell}" for cell in _CELLS),
    ),
    "areas": ("area_id", "name", "kind", "street_name", "cell", "has_facility", "on_time", *_SUMS),
    "floor_totals": ("level", "unit_id", "name", "units_total", "units_assessed", "not_assessed"),
    "floor_areas": ("area_id", "name", "kind", "status", "reason"),
    "rules": (), "rulebook": (),
    "gaps": ("gap_id", "rank", "kind", "cause", "street_names", "area_names"),
    "facilities": ("facility_id", "name", "kind", "status", "eligible"),
    "homes": ("home_id", "area_id", "covered", "minutes", "limit_minutes", "facility_id"),
}  # fmt: skip


@dataclass(frozen=True)
class _Column:
    """One column ready to be written: what it is called, its cells (None: blank), text -> fill."""

    field: Field
    cells: list[Any]
    fills: Mapping[str, str] = dataclass_field(default_factory=dict)


def table_frames(findings: Findings) -> dict[str, pd.DataFrame]:
    """Return sheet -> table without geometry, the index as first columns; codes stay codes.

    Examples
    --------
    ::

        table_frames(findings)["gaps"]["cause"]
    """
    names = [name for name in SHEETS if name not in ("readme", "fields", "issues")]
    maybe = {"rules": findings.rulebook, "rulebook": findings.rulebook,
             "indicators": findings.indicators, "sync": findings.sync}  # fmt: skip
    names = [name for name in names if name not in maybe or not maybe[name].empty]
    made: dict[str, Callable[[Findings], pd.DataFrame]] = {
        "rules": rule_table, "indicators": indicator_table, "sync": sync_table,
    }  # fmt: skip
    frames = {
        name: made[name](findings) if name in made else _flat(with_rule_marks(findings, name), name)
        for name in names
    }
    return frames | {"issues": issue_table(findings)}


def issue_table(findings: Findings) -> pd.DataFrame:
    """Return the issues, worst first, one row each."""
    return findings.issues.to_frame()


def write_issues(findings: Findings, path: Path) -> None:
    """Write the issues as CSV that Excel reads: UTF-8 with a byte-order mark, codes as they are."""
    write_csv(issue_table(findings), path)


def write_rules(findings: Findings, path: Path) -> None:
    """Write the checked rules as CSV that Excel reads, codes as they are; no rules, no file."""
    if not findings.rulebook.empty:
        write_csv(rule_table(findings), path)


def write_indicators(findings: Findings, path: Path) -> None:
    """Write the indicators as CSV that Excel reads, codes as they are; no plan, no file."""
    if not findings.indicators.empty:
        write_csv(indicator_table(findings), path)


def write_sync(findings: Findings, path: Path) -> None:
    """Write the estates and their four steps as CSV that Excel reads; no estates, no file."""
    if not findings.sync.empty:
        write_csv(sync_table(findings), path)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table without its index as CSV that Excel reads; what is unknown is a blank cell."""
    plain = frame.apply(_defused_column)
    plain.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def write_tables(
    findings: Findings,
    path: Path,
    *,
    most_homes: int = 50_000,
    only: Sequence[str] | None = None,
) -> None:
    """Write every table to one workbook, in the card's language.

    The first sheet states the terms, the last explains each column. What is unknown is a blank
    cell, never 0; rates stand beside numerator and denominator; text is never a formula.

    Parameters
    ----------
    findings
        The frames; ``findings.card.as_of`` is the only date in the file.
    path
        File to write.
    most_homes
        More homes than this are left to the GeoPackage, more rows of checked rules to
        ``rules.csv``, and the first sheet says so.
    only
        Keys of :data:`carecircle.outputs.codes.SHEETS` to write between the first and the last
        sheet; missing: all.
    """
    import xlsxwriter  # a plain import of carecircle must stay light

    card = findings.card
    pick = 0 if card.language == "zh" else 1
    frames = table_frames(findings)
    frames["issues"] = issues_in_words(frames["issues"], card.language)
    if only is not None:
        frames = {name: frame for name, frame in frames.items() if name in only}
    rows = {name: len(frame) for name, frame in frames.items()}
    most = dict.fromkeys(frames, _MOST_ROWS)
    most |= dict.fromkeys(("homes", "rules"), min(most_homes, _MOST_ROWS))
    kept = {name: frame for name, frame in frames.items() if rows[name] <= most[name]}
    sheets = {name: _columns(name, frame, card) for name, frame in kept.items()}
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        created = dt.datetime.fromisoformat(data_date(card.as_of))
        book.set_properties(
            {"title": (card.title_zh, card.title)[pick], "comments": terms_line(card),
             "created": created}
        )  # fmt: skip
        left_out = [name for name in frames if name not in kept]
        _write_readme(book, SHEETS["readme"][pick], readme_rows(findings, rows, left_out))
        for name, columns in sheets.items():
            _write_sheet(book, SHEETS[name][pick], columns, card)
        _write_sheet(book, SHEETS["fields"][pick], _explained(sheets, pick), card)


def _flat(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the frame without geometry, index first, known columns in front."""
    shapes = [column for column in frame if frame[column].dtype == "geometry"]
    table = pd.DataFrame(frame.drop(columns=shapes))
    named = [level for level in table.index.names if level is not None]
    if named:
        table = table.drop(columns=named, errors="ignore").reset_index()
    first = [column for column in _FIRST[name] if column in table]
    return table[first + [column for column in table if column not in first]]


def _columns(name: str, frame: pd.DataFrame, card: StudyCard) -> list[_Column]:
    columns = []
    for position, column in enumerate(frame.columns):
        known = field(name, str(column))
        codes = code_names(name, str(column), card)
        if (name, column) == ("rules", "closes"):
            words = frame["closes"].unique()
            codes = {text: (what_closes(text, "zh"), text) for text in words}
        pick = 0 if card.language == "zh" else 1
        fills = fills_of(str(column), codes, _YES[False][pick], pick)
        cells = _cells(frame.iloc[:, position], codes, card.language)
        columns.append(_Column(known, cells, fills))
    return columns


def _cells(values: pd.Series, codes: Mapping[str, tuple[str, str]], language: str) -> list[Any]:
    """Return one Python value per cell: number, text or None."""
    pick = 0 if language == "zh" else 1
    missing = values.isna().to_numpy()
    values = values.infer_objects()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.dt.strftime("%Y-%m-%d")
    elif pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(
        values.dtype
    ):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        return [number if known else None for number, known in
                zip(numbers.tolist(), np.isfinite(numbers), strict=True)]  # fmt: skip
    said = {
        value: _said(value, codes, pick) for value in values[~missing].drop_duplicates().tolist()
    }
    return [None if gone else said[value] for value, gone in
            zip(values.tolist(), missing, strict=True)]  # fmt: skip


def _said(value: object, codes: Mapping[str, tuple[str, str]], pick: int) -> str | float | None:
    """Return a value in words: yes or no, the name of a code (or of codes joined by ;), text."""
    if isinstance(value, (bool, np.bool_)):
        return _YES[bool(value)][pick]
    if isinstance(value, (int, float, np.number)):
        return float(value)
    text = str(value)
    if codes:
        text = ";".join(codes[code][pick] if code in codes else code for code in text.split(";"))
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[:_MOST_CHARACTERS]}… ({len(text):,})"
    return text or None


def _heading(known: Field, pick: int) -> str:
    unit = "" if known.form == "rate" else UNITS.get(known.unit, (known.unit, known.unit))[pick]
    return f"{known.heading[pick]} ({unit})" if unit else known.heading[pick]


def _write_sheet(book: Any, title: str, columns: list[_Column], card: StudyCard) -> None:
    pick = 0 if card.language == "zh" else 1
    sheet = book.add_worksheet(title)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E8EEF2",
                            "bottom": 1})  # fmt: skip
    rows = max((len(column.cells) for column in columns), default=0)
    for place, column in enumerate(columns):
        heading = _heading(column.field, pick)
        plain = column.field.form == "text" and any(
            isinstance(cell, float) for cell in column.cells
        )
        form = "General" if plain else _FORMATS[column.field.form]
        style = book.add_format({"num_format": form})
        sheet.set_column(place, place, _width(heading, column.cells), style)
        sheet.write_string(0, place, heading, head)
        for row, cell in enumerate(column.cells, start=1):
            if isinstance(cell, str):
                sheet.write_string(row, place, cell)
            elif cell is not None:
                sheet.write_number(row, place, cell)
        share = column.field.form == "rate"
        fill_column(book, sheet, place, rows, fills=column.fills, share=share)
    sheet.freeze_panes(1, 1)
    if columns:
        sheet.autofilter(0, 0, rows, len(columns) - 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.set_footer("&L" + terms_line(card).replace("&", "&&")[:200] + "&R&P/&N")


def _write_readme(book: Any, title: str, rows: Iterable[tuple[str, str]]) -> None:
    sheet = book.add_worksheet(title)
    label = book.add_format({"bold": True, "valign": "top"})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 24, label)
    sheet.set_column(1, 1, 96, text)
    for row, (name, value) in enumerate(rows):
        sheet.write_string(row, 0, name, label)
        sheet.write_string(row, 1, value, text)


def _explained(sheets: Mapping[str, list[_Column]], pick: int) -> list[_Column]:
    """Return the columns of the last sheet: sheet, heading, name, unit and meaning of each."""
    rows = [
        (
            SHEETS[name][pick],
            column.field.heading[pick],
            column.field.name,
            UNITS.get(column.field.unit, (column.field.unit, column.field.unit))[pick],
            column.field.meaning[pick],
        )
        for name, columns in sheets.items()
        for column in columns
    ]
    headings = (("表", "sheet"), ("列", "heading"), ("字段名", "column"), ("单位", "unit"),
                ("说明", "meaning"))  # fmt: skip
    return [
        _Column(Field(heading[1], heading), [row[place] or None for row in rows])
        for place, heading in enumerate(headings)
    ]


def _width(heading: str, cells: list[Any]) -> float:
    texts = [heading[:24]] + [cell for cell in cells[:200] if isinstance(cell, str)]
    widest = max(sum(1 + (east_asian_width(mark) in "WF") for mark in text) for text in texts)
    return float(min(max(widest + 2, 9), 44))


def _defused_column(values: pd.Series) -> pd.Series:
    """Return a column safe to open; each distinct text is looked at once."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values
    codes, found = pd.factorize(values)
    safe = [*map(_defused, found.tolist()), np.nan]
    return pd.Series(np.array(safe, dtype=object)[codes], values.index)


def _defused(value: object) -> object:
    """Return text that no spreadsheet takes for a formula: a quote goes before = + - @."""
    risky = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if risky else value
