"""Checked rules as tables people read: titles and names beside ids, and what fails, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.outputs.rule_words import RULE_UNITS, UNVERIFIED, what_closes
from carecircle.standards.rule_views import count_verdicts, rule_marks
from carecircle.standards.rules import COMPARATORS, RULE_LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carecircle.analysis.findings import Findings

__all__ = ["rule_table", "rule_versions", "standard_lines", "with_rule_marks"]

_MARKED = {"areas": "area", "facilities": "facility"}


def rule_table(findings: Findings) -> pd.DataFrame:
    """Return one row per preset, rule and unit, with title and name; codes stay codes.

    Parameters
    ----------
    findings
        An assessment whose study names standards.
    """
    rules, book = findings.rules, findings.rulebook
    row = book.index.get_indexer(_rule_of(rules))
    flat = rules.reset_index()
    for place, column in enumerate(("title_zh", "title_en"), start=2):
        flat.insert(place, column, book[column].to_numpy(dtype=object)[row])
    level = flat.pop("level")
    flat.insert(4, "level", level)
    flat.insert(6, "name", _names(findings, level.astype(str), flat["unit_id"].astype(str)))
    first = [
        *flat.columns[:7], "status", "verified", "in_force", "value", "unit", "numerator",
        "denominator", "comparator", "limit", "limit_max", "gap", "closes", "reason",
    ]  # fmt: skip
    return flat[first + [column for column in flat if column not in first]]


def _rule_of(rules: pd.DataFrame) -> pd.MultiIndex:
    levels = [rules.index.get_level_values(name) for name in ("preset", "rule")]
    return pd.MultiIndex.from_arrays(levels)


def with_rule_marks(findings: Findings, name: str) -> Any:
    """Return a frame of the findings; areas and facilities with the rules that each fails."""
    frame = getattr(findings, name)
    if name not in _MARKED or findings.rules.empty:
        return frame
    return frame.join(rule_marks(findings.rules, _MARKED[name], frame.index))


def standard_lines(findings: Findings, *, most: int = 6) -> Iterator[tuple[str, str]]:
    """Yield (document, its rules by verdict), then (rule, figure with limit and gap) that fail.

    Of each document the ``most`` weighty failures: duties before advice, red before amber, verified
    before unverified, cities before their parts; a last line says how many more there are. Other
    readings of an indicator are left to the sheet. Of a document that is not in force on the day,
    one line says so.
    """
    if findings.rulebook.empty:
        return
    pick, language = (0, "zh") if findings.card.language == "zh" else (1, "en")
    for preset, book in _by_preset(_by_rule(findings)):
        title = str(book[f"preset_{language}"].iloc[0]) or preset
        if not book["in_force"].any():
            yield ("标准: ", "Standard: ")[pick] + title, _not_in_force(findings, book, pick)
            continue
        yield ("标准: ", "Standard: ")[pick] + title, _counted(book, pick)
        failed = _weightiest_first(book[(book["fail"] > 0) & book["headline"]])
        for facts in failed.head(most).reset_index().to_dict("records"):
            name = f"{facts['rule']} {facts[f'title_{language}']}"
            yield name + ("" if facts["verified"] else UNVERIFIED[pick]), _figure(facts, pick)
        more = len(failed) - most
        if more > 0:
            yield preset, (f"另有{more}条不达标", f"{more} more fail")[pick]


def _not_in_force(findings: Findings, book: pd.DataFrame, pick: int) -> str:
    day = findings.card.as_of
    first, last = (
        sorted({str(one) for one in book[name] if pd.notna(one) and str(one)})
        for name in ("valid_from", "valid_to")
    )
    since = (f",{first[0]}起施行", f", valid from {first[0]}")[pick] if first else ""
    until = (f",至{last[-1]}止", f" to {last[-1]}")[pick] if last else ""
    n = len(book)
    said = (
        f"{n}条规则在数据日期{day}均不在有效期内{since}{until},判定仅作对照",
        f"{n} rules, {n} not in force on {day}{since}{until}; verdicts for comparison only",
    )[pick]
    doubtful = int((~book["verified"]).sum())
    if doubtful:
        said += (f";{doubtful}条条文未核实", f"; {doubtful} of unverified wording")[pick]
    plans = set() if findings.indicators.empty else set(findings.indicators["preset"])
    if book.index.get_level_values("preset")[0] in plans:
        said += (";见规划指标", "; see the indicators")[pick]
    return said


def _counted(book: pd.DataFrame, pick: int) -> str:
    quoted = book[book["headline"]]
    failed = int((quoted["fail"] > 0).sum())
    passed = int(((quoted["fail"] == 0) & (quoted["pass"] > 0)).sum())
    figures = {
        ("{}条规则", "{} rules"): len(quoted),
        ("{}条不达标", "{} fail"): failed,
        ("{}条达标", "{} pass"): passed,
        ("{}条无法评估或不适用", "{} not assessable or not applicable"): (
            len(quoted) - failed - passed
        ),
    }
    remarks = {
        ("另有{}条其他口径", "{} other readings"): len(book) - len(quoted),
        ("{}条条文未核实", "{} of unverified wording"): int((~book["verified"]).sum()),
        ("{}条不在有效期内", "{} not in force"): int((~book["in_force"]).sum()),
    }
    said = [words[pick].format(n) for words, n in figures.items()]
    more = [words[pick].format(n) for words, n in remarks.items() if n]
    return "; ".join([", ".join(said), *more])


def _weightiest_first(failed: pd.DataFrame) -> pd.DataFrame:
    weight = failed.assign(
        advice=failed["strength"] == "should", amber=failed["severity"] == "warning",
        doubt=~failed["verified"], parts=failed["level"] != "city",
    )  # fmt: skip
    return weight.sort_values(["advice", "amber", "doubt", "parts"], kind="stable")


def rule_versions(findings: Findings) -> list[dict[str, object]]:
    """Return for each preset its file, the hash of it, its rules and how many are verified."""
    if findings.rulebook.empty:
        return []
    return [
        {
            "preset": preset,
            "title": str(book["preset_zh"].iloc[0]),
            "file": str(book["file"].iloc[0]),
            "sha256": str(book["sha256"].iloc[0]),
            "rules": len(book),
            "verified": int(book["verified"].sum()),
            "not_verified": book.index.get_level_values("rule")[~book["verified"]].tolist(),
            "in_force": int(book["in_force"].sum()),
        }
        for preset, book in _by_preset(findings.rulebook)
    ]


def _by_preset(book: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    names = book.index.get_level_values("preset")
    for name in names.unique():
        yield str(name), book[names == name]


def _by_rule(findings: Findings) -> pd.DataFrame:
    """Return the rulebook with the counts of every rule; one without a unit has none."""
    counts = count_verdicts(findings.rules).rename(columns={"limit": "low"})
    found = findings.rulebook.join(counts)
    words = ["units", "pass", "fail", "not_applicable", "not_assessable"]
    return found.assign(**{name: found[name].fillna(0).astype(int) for name in words})


def _figure(facts: dict[Any, Any], pick: int) -> str:
    unit = RULE_UNITS.get(facts["unit"], (facts["unit"], facts["unit"]))[pick]
    share = "" if facts["denominator"] == 1 else (
        f" ({_plain(facts['numerator'])} / {_plain(facts['denominator'])})"
    )  # fmt: skip
    limit = f"{facts['low']:g}" if pd.isna(facts["limit_max"]) else (
        f"{facts['low']:g}-{facts['limit_max']:g}"
    )  # fmt: skip
    said = f"{_rounded(facts)} {unit}{share}, {COMPARATORS[facts['comparator']][pick]} {limit}"
    lack = what_closes(str(facts["closes"]), ("zh", "en")[pick])
    said += (f", 差{lack}", f", {lack} short")[pick] if lack else ""
    if facts["pass"] + facts["fail"] == 1:
        return said
    judged = facts["pass"] + facts["fail"]
    level = RULE_LEVELS[facts["level"]][pick]
    return (
        f"{facts['fail']:,} / {judged:,} 个{level}不达标; 差距最大 {facts['unit_id']}: {said}",
        f"{facts['fail']:,} of {judged:,} fail ({level}); widest gap {facts['unit_id']}: {said}",
    )[pick]


def _rounded(facts: dict[Any, Any]) -> str:
    """Return the value in print; one that rounds to its limit keeps the digits that tell them."""
    value, decimals = float(facts["value"]), int(facts["decimals"])
    bounds = (facts["low"], facts["limit_max"])
    while decimals < 9 and float(f"{value:.{decimals}f}") in bounds:  # noqa: PLR2004  exact enough
        decimals += 1
    return f"{value:,.{decimals}f}"


def _plain(figure: float) -> str:
    return f"{figure:,.1f}".removesuffix(".0")


def _names(findings: Findings, level: pd.Series, unit: pd.Series) -> pd.Series:
    """Return what each unit is called; missing where no table names it."""
    areas = findings.areas
    named = {"area": areas, "facility": findings.facilities}
    found = pd.Series(np.nan, unit.index, dtype=object)
    for code in level.unique():
        rows = level == code
        if code in named and "name" in named[code]:
            names = named[code]["name"].astype(object)
            found[rows] = unit[rows].map(names.set_axis(names.index.astype(str))).to_numpy()
        elif f"{code}_name" in areas and f"{code}_id" in areas:
            first = areas.groupby(areas[f"{code}_id"].astype(str))[f"{code}_name"].first()
            found[rows] = unit[rows].map(first.astype(object)).to_numpy()
    return found
