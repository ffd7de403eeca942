"""Rules written as TOML: read with every mistake reported at once, each with file and line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carecircle.errors import InputError
from carecircle.inputs.headings import did_you_mean
from carecircle.inputs.issues import IssueLog
from carecircle.standards.formulas import FORMULAS, Formula, ratio
from carecircle.standards.rule_fields import (
    APPLIES,
    FORMULA,
    PLAN,
    PRESET,
    RANGES,
    RULE,
    WHAT,
    Field,
)
from carecircle.standards.rule_lines import RuleLines
from carecircle.standards.rule_sense import check_cycles, check_sense, plain_unit
from carecircle.standards.rules import MIXED, Applies, Limit, PlanLine, Preset, Rule

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

__all__ = ["parse_rules"]

_BLOCKS = ("preset", "kinds", "formula", "rule")
_INHERITED = {known.name for known in PRESET} & {known.name for known in RULE} - {"id"}
_PAIR = 2


@dataclass(frozen=True, eq=False)
class _Reading:
    """One file on its way: its name, its lines, and what was found wrong."""

    file: str
    lines: RuleLines
    log: IssueLog = field(default_factory=IssueLog)

    def fault(self, code: str, where: tuple[str, int, str], **details: str) -> None:
        block, count, key = where
        line = self.lines.of(block, count, key)
        name = key or f"[{block}]"
        self.log.add(code, "fatal", "rules", record=f"{self.file}:{line}", field=name, **details)


def parse_rules(text: str, file: str, *, as_of: dt.date | None = None, log: IssueLog) -> Preset:
    r"""Read the rules of one document from TOML.

    Parameters
    ----------
    text
        The TOML text: one ``[preset]``, optional ``[kinds]`` and ``[[formula]]``, many
        ``[[rule]]``. What ``[preset]`` says of issuer, document, validity and checking holds for
        every rule that does not say otherwise.
    file
        Name for the messages.
    as_of
        Day against which validity is checked; rules that have run out get a warning.
    log
        Collects the issues; ``record`` is file and line.

    Raises
    ------
    InputError
        With all faults at once; they are in ``log`` too.

    Examples
    --------
    >>> parse_rules('[preset]\nid = "own"\n', "own.toml", log=IssueLog())
    Traceback (most recent call last):
    ...
    carecircle.errors.InputError: rules own.toml:1, [rule]: missing block; add at least one [[rule]]
    """
    reading = _Reading(file, RuleLines(text), log)
    before = len(log)
    raw = _loaded(text, reading)
    for name in sorted(raw.keys() - set(_BLOCKS)):
        reading.fault("unknown_block", (name, 0, ""), fix=_near(name, _BLOCKS))
    about = _fields(_table(raw, "preset", reading), PRESET, ("preset", 0), reading)
    formulas = _own_formulas(_tables(raw, "formula", reading), reading)
    rules = _rules(_tables(raw, "rule", reading), about, reading)
    if not raw.get("rule"):
        reading.fault("missing_block", ("rule", 0, ""), fix="add at least one [[rule]]")
    kinds = {k: (str(v[0]), str(v[1])) for k, v in _kinds(raw, reading).items()}
    known = FORMULAS | formulas
    for number, rule in rules:
        check_sense(rule, known, kinds, lambda code, key, number=number, **details: reading.fault(
            code, ("rule", number, key), **details))  # fmt: skip
        _check_dates(rule, as_of, number, reading)
    fresh = IssueLog(log[before:])
    fresh.raise_if_fatal()
    title = (about.get("title_zh") or about["id"], about.get("title_en") or about["id"])
    years: dict[str, Any] = {name: about.get(name) for name in ("baseline_year", "target_year")}
    return Preset(about["id"], *title, tuple(r for _, r in rules), formulas, kinds, file, **years)


def _loaded(text: str, reading: _Reading) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        at = re.search(r"\(at line (\d+)", str(fault))
        line = at[1] if at else str(len(text.splitlines()))
        reading.log.add("not_toml", "fatal", "rules", record=f"{reading.file}:{line}",
                        found=str(fault), fix="correct the line")  # fmt: skip
        issue = reading.log[-1]
        raise InputError(str(issue), [issue]) from fault


def _table(raw: Mapping[str, Any], name: str, reading: _Reading) -> Mapping[str, Any]:
    table = raw.get(name, {})
    if isinstance(table, dict):
        return table
    reading.fault("wrong_type", (name, 0, ""), fix=f"write [{name}] and its keys below")
    return {}


def _tables(raw: Mapping[str, Any], name: str, reading: _Reading) -> Sequence[Mapping[str, Any]]:
    tables = raw.get(name, [])
    if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
        return tables
    reading.fault("wrong_type", (name, 0, ""), fix=f"write [[{name}]] and its keys below")
    return []


def _fields(
    raw: Mapping[str, Any],
    fields: Sequence[Field],
    block: tuple[str, int],
    reading: _Reading,
    inherited: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the values of one block, checked one by one."""
    names = [known.name for known in fields]
    for name in raw.keys() - set(names):
        reading.fault("unknown_key", (*block, name), found=name, fix=_near(name, names))
    values: dict[str, Any] = {}
    for known in fields:
        value = raw.get(known.name, (inherited or {}).get(known.name))
        if value is None:
            if known.required:
                reading.fault("missing_key", (*block, known.name), fix=f"add {known.name}:"
                              f" {known.meaning}")  # fmt: skip
            continue
        if not known.accepts(value):
            reading.fault("wrong_type", (*block, known.name), found=repr(value),
                          fix=f"give {WHAT[known.kind]}")  # fmt: skip
        elif known.choices and value not in known.choices:
            reading.fault("unknown_value", (*block, known.name), found=repr(value),
                          fix=_near(value, known.choices))  # fmt: skip
        else:
            values[known.name] = value
    return values


def _kinds(raw: Mapping[str, Any], reading: _Reading) -> Mapping[str, Any]:
    kinds = _table(raw, "kinds", reading)
    for name, pair in kinds.items():
        texts = isinstance(pair, list) and all(isinstance(word, str) for word in pair)
        if not texts or len(pair) != _PAIR:
            reading.fault(
                "wrong_type",
                ("kinds", 0, name),
                found=repr(pair),
                fix='give two names: ["托育点", "nursery"]',
            )
    return {
        name: pair for name, pair in kinds.items() if isinstance(pair, list) and len(pair) == _PAIR
    }


def _own_formulas(tables: Sequence[Mapping[str, Any]], reading: _Reading) -> dict[str, Formula]:
    own: dict[str, Formula] = {}
    at: dict[str, int] = {}
    for number, raw in enumerate(tables):
        values = _fields(raw, FORMULA, ("formula", number), reading)
        if any(known.required and known.name not in values for known in FORMULA):
            continue
        name = values["id"]
        if name in own or name in FORMULAS:
            first = (
                f"line {reading.lines.of('formula', at[name], 'id')}" if name in own else "built in"
            )
            reading.fault("duplicate_id", ("formula", number, "id"), found=f"{name}, {first}",
                          fix="give each formula its own id")  # fmt: skip
            continue
        own[name] = ratio(
            name, values["numerator"], values["denominator"], unit=plain_unit(values["unit"]),
            scale=float(values.get("scale", 1.0)), source=values.get("source", ""),
        )  # fmt: skip
        at[name] = number
    known = list(FORMULAS | own)
    for name, formula in own.items():
        for key, part in zip(("numerator", "denominator"), formula.parts or (), strict=True):
            if part not in known:
                reading.fault("unknown_formula", ("formula", at[name], key), found=repr(part),
                              fix=_near(part, known))  # fmt: skip
    for name, path in check_cycles(own):
        reading.fault("cycle", ("formula", at[name], ""), found=" -> ".join(path),
                      fix="make one of them of other formulas")  # fmt: skip
    return own


def _rules(
    tables: Sequence[Mapping[str, Any]], about: Mapping[str, Any], reading: _Reading
) -> list[tuple[int, Rule]]:
    """Return the rules that can be built, each with its number in the file."""
    inherited = {name: value for name, value in about.items() if name in _INHERITED}
    rules: list[tuple[int, Rule]] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate(tables):
        values = _fields(raw, RULE, ("rule", number), reading, inherited)
        name = values.get("id")
        if name in seen:
            line = reading.lines.of("rule", seen[name], "id")
            reading.fault("duplicate_id", ("rule", number, "id"), found=f"{name}, line {line}",
                          fix="give each rule its own id")  # fmt: skip
        elif name:
            seen[name] = number
        limit = _limit(raw.get("limit"), raw.get("comparator"), number, reading)
        applies = _applies(values.pop("applies", {}), number, reading)
        plan = _plan(values.pop("plan", None), number, reading)
        whole = all(known.name in values for known in RULE if known.required)
        if whole and limit is not None:
            line = reading.lines.of("rule", number)
            unit = plain_unit(values.pop("unit"))
            parts = {"limit": limit, "applies": applies, "unit": unit, "plan": plan, "line": line}
            rules.append((number, Rule(**(values | parts))))
    return rules


def _plan(raw: Mapping[str, Any] | None, number: int, reading: _Reading) -> PlanLine | None:
    if raw is None:
        return None
    given = {f"plan.{name}": value for name, value in raw.items()}
    values = _fields(given, PLAN, ("rule", number), reading)
    if any(known.required and known.name not in values for known in PLAN):
        return None  # said already
    plan: dict[str, Any] = {
        name.removeprefix("plan."): tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
    }
    return PlanLine(**plan)


def _applies(raw: Mapping[str, Any], number: int, reading: _Reading) -> Applies:
    values = _fields(
        {f"applies.{k}": v for k, v in raw.items()}, APPLIES, ("rule", number), reading
    )
    given = {name.removeprefix("applies."): value for name, value in values.items()}
    ranges = {
        name: (float(given.get(f"{name}_min", -1e300)), float(given.get(f"{name}_max", 1e300)))
        for name in RANGES
        if f"{name}_min" in given or f"{name}_max" in given
    }
    lists = {name: tuple(given.get(name, ())) for name in ("kinds", "regimes", "facility_kinds")}
    return Applies(**lists, ranges=ranges)


def _limit(raw: Any, comparator: Any, number: int, reading: _Reading) -> Limit | None:
    """Return the limit: a number, a pair, a table by class, or a table by size."""
    where = ("rule", number, "limit")
    if raw is None:
        return None  # said already
    if _is_number(raw) and comparator != "between":
        return Limit(float(raw), float(raw))
    pair = isinstance(raw, list) and len(raw) == _PAIR and all(map(_is_number, raw))
    if pair and comparator == "between":
        if raw[0] > raw[1]:
            reading.fault(
                "wrong_order", where, found=repr(raw), fix="give the smaller figure first"
            )
        return Limit(float(raw[0]), float(raw[1]))
    if isinstance(raw, dict) and isinstance(raw.get("by"), str) and comparator != "between":
        return _limit_table(raw, where, reading)
    code = "limit_is_text" if isinstance(raw, str) else "wrong_type"
    fix = "give two numbers, such as [600, 1000]" if comparator == "between" else (
        'give a number without quotes, such as 30, or { by = "regime", existing = 30, new = 50 }'
    )  # fmt: skip
    reading.fault(code, where, found=repr(raw), fix=fix)
    return None


def _limit_table(
    raw: Mapping[str, Any], where: tuple[str, int, str], reading: _Reading
) -> Limit | None:
    by = raw["by"]
    if "steps" in raw:
        steps = raw["steps"]
        good = isinstance(steps, list) and steps and all(
            isinstance(step, list) and len(step) == _PAIR and all(map(_is_number, step))
            for step in steps
        ) and [s for s, _ in steps] == sorted({s for s, _ in steps})  # fmt: skip
        below = raw.get("below", float("inf"))
        if good and _is_number(below) and not raw.keys() - {"by", "steps", "below"}:
            return Limit(by=by, steps=tuple((float(s), float(f)) for s, f in steps), below=below)
        reading.fault("bad_limit_table", where, found=repr(dict(raw)),
                      fix="give ascending pairs: [[10000, 750], [15000, 1085]]")  # fmt: skip
        return None
    classes = {name: figure for name, figure in raw.items() if name != "by"}
    for name, figure in classes.items():
        weighted = name == "mixed" and figure == MIXED and {"existing", "new"} <= classes.keys()
        if not _is_number(figure) and not weighted:
            code = "limit_is_text" if isinstance(figure, str) else "wrong_type"
            reading.fault(code, where, found=f"{name} = {figure!r}",
                          fix=f'give a number; beside both, mixed may be "{MIXED}"')  # fmt: skip
            return None
    return Limit(by=by, classes=classes)


def _check_dates(rule: Rule, as_of: dt.date | None, number: int, reading: _Reading) -> None:
    start, end = rule.valid_from, rule.valid_to
    if start and end and end < start:
        reading.fault("wrong_order", ("rule", number, "valid_to"), found=f"{end} before {start}",
                      fix="let valid_to be on or after valid_from")  # fmt: skip
    elif end and as_of and end < as_of:
        line = reading.lines.of("rule", number, "valid_to")
        reading.log.add("rule_has_run_out", "warning", "rules", record=f"{reading.file}:{line}",
                        field=f"{rule.id} valid_to", found=f"{end}, before {as_of}",
                        used="the rule all the same", fix="name a preset in force")  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value  # noqa: PLR0124  # NaN is no limit


def _near(word: object, options: Sequence[str]) -> str:
    near = did_you_mean(word, options)
    return f"did you mean {near!r}?" if near else f"known: {', '.join(options)}"
