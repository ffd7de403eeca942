"""The table beside the map: every unit of every level, with exact numbers to sort by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.outputs.headcount import counted_in
from carecircle.outputs.map.names import pinyin_keys
from carecircle.outputs.map.records import column
from carecircle.outputs.map.rules import rules_failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

__all__ = ["unit_tables"]

_LEVELS = ("street", "district", "city")
_DIGITS = 6


def unit_tables(findings: Findings, say: Speech) -> dict[str, Any]:
    """Return who is counted, and for each level its units: ids, names and columns.

    A column is text, ``number`` or ``minutes`` with its exact values (missing ones are null), or
    ``share``: numerators, with the name of the column that holds their denominators. The page
    formats them; nothing is computed from them but the percentage of a share.
    """
    weight = counted_in(findings)
    levels = [_areas(findings, weight, say)] if len(findings.areas) else []
    totals = findings.totals
    if isinstance(totals.index, pd.MultiIndex):
        known = totals.index.get_level_values(0)
        levels += [
            _totals(totals.loc[known == level].droplevel(0), level, weight, say)
            | {"areas": _members(findings, level, totals.loc[known == level].index)}
            for level in _LEVELS
            if (known == level).any()
        ]
    return {"weight": weight, "levels": levels}


def _areas(findings: Findings, weight: str, say: Speech) -> dict[str, Any]:
    areas = findings.areas
    floor = findings.floor_areas.reindex(areas.index)
    titles = [
        say.text(name) or str(key)
        for name, key in zip(column(areas, "name"), areas.index, strict=True)
    ]
    has = [_yes(value, say) for value in column(areas, "has_facility")]
    failed = [len(text.split("\n")) if text else 0 for text in rules_failed(findings, say)]
    verdicts = [say(say.text(code) or "not_assessed") for code in column(areas, "cell")]
    columns = [
        _column("kind", say("kind"), "text", [say(say.text(k)) for k in column(areas, "kind")]),
        _column(
            "street", say("street"), "text", [say.text(s) for s in column(areas, "street_name")]
        ),
        _column("verdict", say("verdict"), "text", verdicts),
        *_people(areas, weight, say),
        _number(areas, "median_minutes", say("median"), "minutes"),
        _number(areas, "p90_minutes", say("p90"), "minutes"),
        _number(areas, "minutes_over", say("over"), "minutes"),
        _column("has_facility", say("own_facility"), "text", has),
        _number(floor, "shortfall_m2", say("shortfall"), "number"),
        _column("rules_failed", say("rules_failed"), "number", failed),
    ]
    return _level("area", areas.index, titles, columns, say)


def _totals(rows: pd.DataFrame, level: str, weight: str, say: Speech) -> dict[str, Any]:
    names = [say.text(name) or say("outside_all") for name in column(rows, "name")]
    columns = [
        *_people(rows, weight, say),
        _number(rows, "median_minutes", say("median"), "minutes"),
        _number(rows, "p90_minutes", say("p90"), "minutes"),
        _number(rows, "units_total", say("units_total"), "number"),
        _number(rows, "units_with_facility", say("units_with_facility"), "number"),
        _number(rows, "units_on_time", say("units_on_time"), "number"),
    ]
    return _level(level, rows.index, names, columns, say) | {"pinyin": pinyin_keys(names)}


def _members(findings: Findings, level: str, units: pd.Index) -> list[list[int]]:
    """Return for each unit the places of its areas in the order of the map."""
    ids = units.get_level_values(-1)
    own = column(findings.areas, f"{level}_id").fillna("").astype(str)
    row = pd.Index(ids.astype(str)).get_indexer(pd.Index(own))
    return [np.flatnonzero(row == place).tolist() for place in range(len(ids))]


def _people(frame: pd.DataFrame, weight: str, say: Speech) -> list[dict[str, Any]]:
    covered = _number(frame, f"{weight}_covered", say(f"{weight}_covered"), "share")
    return [
        covered | {"id": "covered", "of": "total"},
        _number(frame, f"{weight}_total", say("total"), "number") | {"id": "total"},
        _number(frame, f"{weight}_not_assessed", say("not_assessed_n"), "number"),
    ]


def _level(
    level: str, ids: pd.Index, names: Sequence[str], columns: list[dict[str, Any]], say: Speech
) -> dict[str, Any]:
    # a column that says nothing of any unit only takes room
    told = [one for one in columns if any(cell not in (None, "", 0) for cell in one["values"])]
    return {
        "level": level,
        "title": say(f"level_{level}"),
        "ids": [str(one) for one in ids],
        "columns": [_column("name", say("name"), "text", list(names)), *told],
    }


def _column(key: str, title: str, form: str, values: Sequence[object]) -> dict[str, Any]:
    return {"id": key, "title": title, "type": form, "values": list(values)}


def _number(frame: pd.DataFrame, name: str, title: str, form: str) -> dict[str, Any]:
    values = pd.to_numeric(column(frame, name)).to_numpy(dtype=float, na_value=np.nan)
    plain = [round(float(v), _DIGITS) if np.isfinite(v) else None for v in values]
    return _column(name, title, form, plain)


def _yes(value: object, say: Speech) -> str:
    if pd.isna(value):  # type: ignore[call-overload]  # a scalar
        return say("no_data")
    return say("yes" if value else "no")
