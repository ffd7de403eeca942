"""The id of every published figure: what it is made of, and which figure it names.

=============================================  =====================================================
``LEVEL:UNIT.COLUMN``                          a column of the totals (``city``, ``district``,
                                               ``street``, ``kind``), of the areas (``area``), of
                                               ``facility``, ``home`` or ``gap``
``LEVEL:UNIT.floor.COLUMN``                    a column of the floor-area check, or its totals
``rule:PRESET/RULE@LEVEL:UNIT[.COLUMN]``       a rule; its ``value``, or another of its columns
``indicator:NUMBER@LEVEL:UNIT[.COLUMN]``       the reading of an indicator to quote, or a ``LINE``
=============================================  =====================================================

Where a level has one unit, ``:UNIT`` may be left out: ``city.elders_rate``. ``verdict`` is
another name of ``cell``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.errors import InputError
from carecircle.inputs.headings import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carecircle.analysis.findings import Findings

__all__ = ["Figure", "figure_of"]

_UNIT = re.compile(r"(?P<level>[a-z]+)(:(?P<unit>.*?))?\.(?P<floor>floor\.)?(?P<column>[^.:@]+)")
_RULE = re.compile(
    r"(?P<what>rule|indicator):(?P<name>[^@]+)@(?P<level>[a-z]+)(:(?P<unit>.*?))?"
    r"(\.(?P<column>[a-z_]+))?"
)
_TABLES = {"area": "areas", "facility": "facilities", "home": "homes", "gap": "gaps"}
_ROLLED = ("city", "district", "street", "kind")
_OTHER_NAMES = {"verdict": "cell"}


@dataclass(frozen=True)
class Figure:
    """One figure: the frame and row it stands in, its column, and its value there.

    ``key`` is the label of the row in the frame ``table`` of the findings.
    """

    id: str
    table: str
    level: str
    unit: str
    column: str
    key: Any
    value: Any


def figure_of(findings: Findings, text: str) -> Figure:
    """Return the figure that an id names.

    Raises
    ------
    InputError
        If there is none, with the nearest id.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.assess(cc.samples.toy_town())
    >>> figure_of(town, "city.elders_covered").value
    80.0
    >>> figure_of(town, "area:W.verdict").value
    'has_in_time'
    >>> figure_of(town, "area:W.elders_rates")
    Traceback (most recent call last):
    ...
    carecircle.errors.InputError: figure 'area:W.elders_rates': no such column of areas; did you \
mean 'area:W.elders_rate'?
    """
    if found := _RULE.fullmatch(text):
        return _of_rule(findings, text, found)
    found = _UNIT.fullmatch(text)
    levels = (*_ROLLED, *_TABLES)
    if found is None or found["level"] not in levels:
        near = did_you_mean(text.partition(":")[0].partition(".")[0], levels)
        hint = f"did you mean {near!r}? " if near else ""
        msg = (
            f"figure {text!r}: not the id of a figure; {hint}write LEVEL:UNIT.COLUMN, such as"
            " city.elders_rate, or rule:PRESET/RULE@LEVEL:UNIT"
        )
        raise InputError(msg)
    level, floor = found["level"], "floor." if found["floor"] else ""
    table = _TABLES.get(level, "totals")
    if floor:
        table = "floor_areas" if level == "area" else "floor_totals"
    frame = getattr(findings, table)
    rolled = table in ("totals", "floor_totals")
    ids = frame.index[frame.index.get_level_values(0) == level] if rolled else frame.index
    units = [str(one[1] if rolled else one) for one in ids]
    unit = _unit(text, units, found["unit"], (level, f".{floor}{found['column']}"))
    column = _OTHER_NAMES.get(found["column"], found["column"])
    # a study without a code of its city has one unit, and that without a name
    place = level if units == [""] else f"{level}:{unit}"
    _check_column(text, (table, found["column"]), frame.columns, f"{place}.{floor}")
    key = (level, unit) if rolled else ids[units.index(unit)]
    return Figure(f"{place}.{floor}{column}", table, level, unit, column, key,
                  _plain(frame.loc[key, column]))  # fmt: skip


def _of_rule(findings: Findings, text: str, found: re.Match[str]) -> Figure:
    what, name, level = found["what"], found["name"], found["level"]
    table = "rules" if what == "rule" else "indicators"
    frame = getattr(findings, table)
    if frame.empty:
        msg = f"figure {text!r}: this result checked no {'rules' if what == 'rule' else 'plan'}"
        raise InputError(f"{msg}; name presets in the study's [rules]")
    if what == "rule":
        names = [
            f"{preset}/{rule}"
            for preset, rule in zip(
                *(frame.index.get_level_values(n) for n in ("preset", "rule")), strict=True
            )
        ]
        levels = frame["level"].astype(str)
    else:
        names = frame.index.get_level_values("line").astype(str).tolist()
        levels = frame.index.get_level_values("level").astype(str)
        numbered = frame["headline"].astype(bool) & (frame["number"].astype(str) == name)
        if numbered.any():
            name = names[int(numbered.to_numpy().argmax())]
    _known(text, name, names, lambda near: f"{what}:{near}@{level}")
    mine = (pd.Index(names) == name) & (pd.Index(levels) == level)
    _known(
        text, level, pd.Index(levels)[pd.Index(names) == name], lambda near: f"{what}:{name}@{near}"
    )
    rows = frame[mine]
    units = rows.index.get_level_values("unit_id").astype(str).tolist()
    end = f".{found['column']}" if found["column"] else ""
    unit = _unit(text, units, found["unit"], (f"{what}:{name}@{level}", end))
    column = found["column"] or "value"
    _check_column(text, (table, column), frame.columns, f"{what}:{name}@{level}:{unit}.")
    key = rows.index[units.index(unit)]
    return Figure(f"{what}:{name}@{level}:{unit}.{column}", table, level, unit, column, key,
                  _plain(rows[column].iloc[units.index(unit)]))  # fmt: skip


def _unit(text: str, units: list[str], given: str | None, around: tuple[str, str]) -> str:
    before, after = around
    if given is None and len(units) == 1:
        return units[0]
    if given is None:
        some = f"{before}:{units[0]}{after}" if units else f"{before}:UNIT{after}"
        msg = f"figure {text!r}: {len(units):,} units of this level; say which, such as {some!r}"
        raise InputError(msg)
    _known(text, given, units, lambda near: f"{before}:{near}{after}")
    return given


def _check_column(text: str, of: tuple[str, str], columns: pd.Index, before: str) -> None:
    table, column = of
    named = _OTHER_NAMES.get(column, column)
    if named in columns and named != "geometry":
        return
    near = did_you_mean(column, map(str, columns))
    hint = f"; did you mean {before + near!r}?" if near else f" (has: {', '.join(columns)})"
    raise InputError(f"figure {text!r}: no such column of {table}{hint}")


def _known(text: str, name: str, names: Iterable[Any], whole: Any) -> None:
    listed = list(dict.fromkeys(map(str, names)))
    if name in listed:
        return
    near = did_you_mean(name, listed) or (listed[0] if len(listed) == 1 else "")
    hint = f"; did you mean {whole(near)!r}?" if near else f"; known: {', '.join(listed[:8])}"
    raise InputError(f"figure {text!r}: {name!r} is not in this result{hint}")


def _plain(value: Any) -> Any:
    """Return a cell as plain Python; missing is ``None``."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
