"""The indicators of a plan: one line for each reading, with baseline, target and gaps."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.analysis.findings import Findings
from carecircle.inputs.issues import IssueLog
from carecircle.standards.evaluate import check_standards
from carecircle.standards.presets import load_preset
from carecircle.standards.registry import SHARES
from carecircle.standards.rule_frames import RuleFrames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecircle.standards.rules import PlanLine, Preset, Rule, RuleLevel

__all__ = ["INDICATOR_STATUSES", "indicator_spread", "indicators", "plan_lines", "unit_scale"]

#: Status -> (Chinese, English).
INDICATOR_STATUSES: dict[str, tuple[str, str]] = {
    "achieved": ("已达到", "achieved"),
    "not_achieved": ("未达到", "not achieved"),
    "not_decided": ("仅有公布值,不能判定", "published and perhaps rounded: not decided"),
    "no_data": ("无数据", "no data"),
    "not_applicable": ("不适用", "not applicable"),
}
_OF_VERDICT = {
    "pass": "achieved",
    "fail": "not_achieved",
    "not_assessable": "no_data",
    "not_applicable": "not_applicable",
}
_ORDER: tuple[RuleLevel, ...] = ("city", "district", "street", "area")
_COLUMNS = (
    "number", "name_zh", "name_en", "reading_zh", "reading_en", "headline", "unit", "value",
    "numerator", "denominator", "baseline", "baseline_value", "comparator", "target",
    "attribute", "basis", "status", "reason", "evidence_ids", "verified", "as_of",
    "baseline_year", "target_year", "preset",
)  # fmt: skip


def indicators(
    frames: RuleFrames | Findings,
    preset: str | Preset = "wuhai_plan_2021",
    *,
    levels: Sequence[str] | None = None,
    log: IssueLog | None = None,
) -> pd.DataFrame:
    """Compute the indicators of a plan, each reading of its wording as a line of its own.

    A line is a rule of the preset with ``plan = { number = ... }``: its limit is the target, its
    formula the figure. The line marked ``headline`` is the reading to quote; the others stand
    beside it. Roster and time coverage are different lines with different names.

    Parameters
    ----------
    frames
        :class:`carecircle.RuleFrames`, or the findings of an assessment.
    preset
        Name of :func:`carecircle.preset_names`, or a preset of :func:`carecircle.read_rules`.
    levels
        Of ``city``, ``district``, ``street``, ``area``; missing: those each line is reported at.
        Lines whose formula begins above a level have no row there.
    log
        Collects the issues of the rules.

    Returns
    -------
    pandas.DataFrame
        Index ``(line, level, unit_id)``; the lines in the order of the plan, the city first:
        ``number`` (of the indicator), ``name_zh``, ``name_en``, ``reading_zh``, ``reading_en``,
        ``headline``, ``unit``, ``value`` in that unit (NaN where it is not wholly known),
        ``numerator``, ``denominator`` (what is known of them), ``baseline`` as printed and
        ``baseline_value`` from its numerator and denominator (city only; NaN where the plan prints
        ``--``), ``comparator`` and ``target``, ``attribute`` (``binding``, ``expected``,
        ``text``), ``basis`` (``roster``, ``spatial``, ``ratio``, ``observation``), ``status`` (key
        of :data:`INDICATOR_STATUSES`), ``reason`` (code of ``verdicts.REASONS`` where there is no
        figure), ``evidence_ids`` joined by ``;``, ``verified``, ``as_of``, ``baseline_year``,
        ``target_year``, ``preset``.

    Examples
    --------
    >>> import carecircle as cc
    >>> table = indicators(cc.assess(cc.samples.toy_town()))
    >>> row = table.loc[("IND-3", "city", "T")]
    >>> f"{row['numerator']:.0f} of {row['denominator']:.0f}", row["status"]
    ('1 of 3', 'not_achieved')
    >>> table.loc[("IND-1", "city", "T"), ["status", "reason"]].to_list()
    ['no_data', 'no_observation']
    """
    tables = RuleFrames.from_findings(frames) if isinstance(frames, Findings) else frames
    chosen = load_preset(preset) if isinstance(preset, str) else preset
    lines = plan_lines(chosen)
    heard = IssueLog() if log is None else log
    parts: list[pd.DataFrame] = []
    for level in _ORDER:
        asked = [rule for rule, line in lines if level in _asked(rule, line, levels)]
        rules = tuple(replace(rule, level=level) for rule in asked)
        if rules and not _unstated(tables, level):
            # the same rules would be told again at each level
            told = heard if not parts else IssueLog()
            checks = check_standards(tables, replace(chosen, rules=rules), log=told)
            parts.append(_lines_of(checks, rules, level))
    if not parts:
        return _described(pd.DataFrame(), chosen, tables)
    return _described(_in_order(pd.concat(parts), lines, tables), chosen, tables)


def plan_lines(preset: Preset) -> list[tuple[Rule, PlanLine]]:
    """Return the rules of a preset that are lines of a table of indicators, in its order.

    Examples
    --------
    >>> lines = plan_lines(load_preset("wuhai_plan_2021"))
    >>> sorted({int(line.number) for _, line in lines if line.number.isdigit()})
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    """
    lines = [(rule, rule.plan) for rule in preset.rules if rule.plan is not None]
    groups: dict[str, int] = {}
    for _, line in lines:
        groups.setdefault(line.number, len(groups))
    plain = {name: int(name) for name in groups if name.isdigit()}

    def place(entry: tuple[Rule, PlanLine]) -> tuple[int, int, bool]:
        line = entry[1]
        number = plain.get(line.number)
        return (0, number, False) if number is not None else (1, groups[line.number], False)

    return sorted(lines, key=lambda entry: (*place(entry)[:2], not entry[1].headline))


def indicator_spread(table: pd.DataFrame) -> pd.DataFrame:
    """Describe how a figure spreads over communities, beside the ratio of sums of the city.

    Parameters
    ----------
    table
        From :func:`indicators` with ``levels=["area"]``.

    Returns
    -------
    pandas.DataFrame
        Index ``line``: ``units`` with a figure, ``unknown``, ``min``, ``p10``, ``median``,
        ``p90``, ``max`` in ``unit``.

    Examples
    --------
    >>> import carecircle as cc
    >>> areas = indicators(cc.assess(cc.samples.toy_town()), levels=["area"])
    >>> indicator_spread(areas).loc["CA-WH-CITY", ["min", "median", "max"]].to_list()
    [0.0, 27.5, 75.0]
    """
    areas = table[table.index.get_level_values("level") == "area"]
    groups = areas.groupby(level="line", sort=False)
    value = groups["value"]
    return pd.DataFrame({
        "unit": groups["unit"].first(),
        "units": value.count(),
        "unknown": value.size() - value.count(),
        **{name: value.quantile(q) for name, q in
           (("min", 0.0), ("p10", 0.1), ("median", 0.5), ("p90", 0.9), ("max", 1.0))},
    })  # fmt: skip


def _asked(rule: Rule, line: PlanLine, levels: Sequence[str] | None) -> Sequence[str]:
    own = line.levels or (rule.level,)
    if levels is None:
        return own
    # whoever is reported at streets can be told at communities too
    return [level for level in levels if level in own or (level == "area" and "street" in own)]


def _unstated(frames: RuleFrames, level: str) -> bool:
    return level != "city" and frames.units(level).equals(pd.Index([""]))


def _in_order(
    table: pd.DataFrame, lines: Sequence[tuple[Rule, PlanLine]], frames: RuleFrames
) -> pd.DataFrame:
    """Put the lines in the order of the plan; the index knows that order, so look-ups are fast."""
    ids = [unit for level in _ORDER for unit in frames.units(level).astype("str")]
    names: dict[str, Any] = {
        "line": [rule.id for rule, _ in lines],
        "level": list(_ORDER),
        "unit_id": list(dict.fromkeys(ids)),
    }
    levels: Any = [pd.Index(known, dtype="str") for known in names.values()]
    codes = [
        level.get_indexer(pd.Index(table.index.get_level_values(name)))
        for level, name in zip(levels, names, strict=True)
    ]
    by_place = np.lexsort(codes[::-1])
    ordered: Any = [code[by_place] for code in codes]
    return table.iloc[by_place].set_axis(pd.MultiIndex(levels, ordered, names=list(names)))


def _lines_of(checks: pd.DataFrame, rules: Sequence[Rule], level: str) -> pd.DataFrame:
    """Turn the verdicts of one level into lines."""
    rows = checks.droplevel("preset").rename_axis(index={"rule": "line"})
    lines = pd.DataFrame([_facts(rule) for rule in rules]).set_index("line")
    facts = lines.loc[rows.index.get_level_values("line")].set_index(rows.index)
    for name in ("baseline", "baseline_value"):
        facts[name] = facts[name] if level == "city" else np.nan
    status = rows["status"].astype(str).map(_OF_VERDICT)
    published = (rows["reason"] == "published_only").to_numpy()
    status = status.where(~published, _of_published(rows, facts["target"]))
    value = rows["value"].where((status != "no_data") & (status != "not_applicable"))
    found = pd.DataFrame({
        "value": value, "numerator": rows["numerator"], "denominator": rows["denominator"],
        "status": status,
        "reason": rows["reason"].astype(str).where(~status.isin(["achieved", "not_achieved"])
                                                   | published, ""),
        "evidence_ids": rows["evidence_ids"].astype(str), "verified": rows["verified"],
    }, index=rows.index)  # fmt: skip
    table = facts.join(found)
    index = table.index.to_frame(index=False).assign(level=level)
    table.index = pd.MultiIndex.from_frame(index[["line", "level", "unit_id"]].astype("str"))
    return table


def _facts(rule: Rule) -> dict[str, Any]:
    line = rule.plan
    assert line is not None  # noqa: S101  # plan_lines keeps no other
    exact = line.baseline
    if line.baseline_of:
        over, under = line.baseline_of
        exact = unit_scale(rule.unit) * over / under
    return {
        "line": rule.id, "number": line.number, "name_zh": rule.title_zh, "name_en": rule.title_en,
        "reading_zh": line.reading_zh, "reading_en": line.reading_en, "headline": line.headline,
        "unit": rule.unit, "baseline": _or_nan(line.baseline), "baseline_value": _or_nan(exact),
        "comparator": rule.comparator, "target": rule.limit.low,
        "attribute": line.attribute, "basis": line.basis,
    }  # fmt: skip


def unit_scale(unit: str) -> float:
    """Return what a fraction is multiplied by to be written in a unit.

    Examples
    --------
    >>> unit_scale("%"), unit_scale("beds/1000 elders"), unit_scale("posts")
    (100.0, 1000.0, 1.0)
    """
    per = unit.partition("/")[2].split(" ")[0]
    return SHARES.get(unit, float(per) if per.isdigit() else 1.0)


def _or_nan(figure: float | None) -> float:
    return np.nan if figure is None else float(figure)


def _of_published(rows: pd.DataFrame, target: pd.Series) -> pd.Series[str]:
    """Decide a published figure where its rounding leaves no doubt."""
    value = rows["value"].round(9).to_numpy(dtype=float)
    half = np.array([_half_a_digit(figure) for figure in value])
    limit = target.to_numpy(dtype=float)
    low, high = np.round(value - half, 9), np.round(value + half, 9)
    found = np.where(low >= limit, "achieved", np.where(high < limit, "not_achieved", ""))
    return pd.Series(found, rows.index, dtype="str").replace("", "not_decided")


def _half_a_digit(figure: float) -> float:
    """Return half of the last digit a figure is printed with; whole numbers have none behind."""
    if not np.isfinite(figure):
        return np.nan
    digits = Decimal(f"{figure:.9f}".rstrip("0").rstrip(".")).as_tuple().exponent
    return 0.5 * 10.0 ** int(digits)


def _described(table: pd.DataFrame, preset: Preset, frames: RuleFrames) -> pd.DataFrame:
    if table.empty:
        index = pd.MultiIndex.from_arrays([[], [], []], names=["line", "level", "unit_id"])
        return pd.DataFrame(columns=list(_COLUMNS), index=index)
    return table.assign(
        as_of=frames.as_of, preset=preset.id,
        baseline_year=_or_nan(preset.baseline_year), target_year=_or_nan(preset.target_year),
    )[list(_COLUMNS)]  # fmt: skip
