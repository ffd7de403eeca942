"""Part of a report on the indicators of a plan, and on the standards checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecircle.outputs.map.text import missing
from carecircle.outputs.report.input import level_rows, speech
from carecircle.outputs.report.model import Part, Text, grid
from carecircle.outputs.rule_words import RULE_UNITS, UNVERIFIED
from carecircle.outputs.workbook.indicators import sync_lines
from carecircle.outputs.workbook.rules import standard_lines
from carecircle.standards.indicators import INDICATOR_STATUSES
from carecircle.standards.progress import PROGRESS_STATUSES
from carecircle.standards.registry import SHARES
from carecircle.standards.verdicts import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech
    from carecircle.outputs.report.input import ReportInput
    from carecircle.outputs.report.model import Grid

__all__ = ["indicator_part"]

_ATTRIBUTES = {
    "binding": ("约束性", "binding"),
    "expected": ("预期性", "expected"),
    "text": ("正文", "text"),
}
_SIGNS = {">=": "≥", "<=": "≤"}


def indicator_part(given: ReportInput) -> Part:
    """Return part 2: each indicator with baseline, target, figure, progress; then the standards."""
    say, findings = speech(given), given.findings
    table = findings.indicators
    blocks: list[Any] = []
    if table.empty:
        blocks.append(Text(say.pick(("没有指标数据。", "No indicators were computed.")), "none"))
    for preset in [] if table.empty else table["preset"].unique():
        blocks += _plan(given, table[table["preset"] == preset], say)
    blocks += _in_step(findings, say)
    lines = [(what, figure) for what, figure in standard_lines(findings)]
    if lines:
        doubt = [k for k, (what, _) in enumerate(lines) if what.endswith(UNVERIFIED)]
        heads = (say.pick(("标准与规则", "Standard and rule")), say.pick(("结果", "Result")))
        caption = say.pick((
            "标准核查(各文件最重要的不达标项;斜体:条文未核实,仅供参考)",
            ("Standards checked (weightiest failures; in italics: wording not verified, for"
            " information only)"),
        ))  # fmt: skip
        blocks.append(grid(caption, heads, lines, marked=doubt))
    else:
        blocks.append(Text(say.pick(("没有核查标准。", "No standard was checked.")), "none"))
    return Part(say.pick(("指标与标准", "Indicators and standards")), tuple(blocks))


def _plan(given: ReportInput, table: pd.DataFrame, say: Speech) -> list[Any]:
    """Return the tables of one plan: what to quote, other readings, and the districts."""
    level = table.index.get_level_values("level")
    headline = table["headline"].astype(bool)
    city = level == "city"
    quoted = table[city & headline]
    blocks: list[Any] = [
        _indicator_lead(quoted, say),
        _indicator_table(quoted, given, say, ("主要口径", "Readings to quote")),
    ]
    others = table[city & ~headline & (table["status"] != "no_data")]
    if len(others):
        blocks.append(_indicator_table(others, given, say, ("其他口径", "Other readings")))
    districts = table[(level == "district") & headline & table["value"].notna()]
    return blocks + ([_by_district(districts, given, say)] if len(districts) else [])


def _in_step(findings: Findings, say: Speech) -> list[Any]:
    """Return how many new estates are in step, in both readings."""
    lines = [*sync_lines(findings)]
    if not lines:
        return []
    heads = (say.pick(("口径", "Reading")), say.pick(("结果", "Result")))
    return [grid(say.pick(("新建小区四同步", "New estates in step")), heads, lines)]


def _indicator_lead(quoted: pd.DataFrame, say: Speech) -> Text:
    counts = quoted["status"].value_counts()
    known = {name: int(counts.get(name, 0)) for name in INDICATOR_STATUSES}
    doubt = int((~quoted["verified"].astype(bool)).sum())
    return Text(say.pick((
        (f"主要口径共 {len(quoted)} 条:已达到 {known['achieved']} 条,未达到"
        f" {known['not_achieved']} 条,不能判定 {known['not_decided']} 条,无数据"
        f" {known['no_data']} 条,不适用 {known['not_applicable']} 条;其中条文未核实 {doubt} 条。"),
        (f"Of {len(quoted)} readings to quote {known['achieved']} are achieved,"
        f" {known['not_achieved']} are not, {known['not_decided']} cannot be decided,"
        f" {known['no_data']} have no data, {known['not_applicable']} do not apply; the wording of"
        f" {doubt} is not verified."),
    )), "lead")  # fmt: skip


def _indicator_table(
    lines: pd.DataFrame, given: ReportInput, say: Speech, caption: tuple[str, str]
) -> Grid:
    zh = say.language == "zh"
    pick = 0 if zh else 1
    followed = _followed(given.followed, str(lines["preset"].iloc[0])) if len(lines) else None
    rows, doubt = [], []
    for place, (key, line) in enumerate(lines.iterrows()):
        name = f"{line['name_zh']}" if zh else f"{line['name_en'] or line['name_zh']}"
        reading = line["reading_zh"] if zh else line["reading_en"]
        if not line["verified"]:
            doubt.append(place)
            name += UNVERIFIED[pick]
        status = INDICATOR_STATUSES[str(line["status"])][pick]
        reason = str(line["reason"] or "")
        if reason:
            status += f": {REASONS.get(reason, (reason, reason))[pick]}"
        baseline = "--" if missing(line["baseline"]) else f"{line['baseline']:g}"
        sign = _SIGNS.get(line["comparator"], line["comparator"])
        unit = RULE_UNITS.get(line["unit"], (line["unit"], line["unit"]))[pick]
        rows.append((
            str(line["number"]), f"{name} · {reading}" if reading else name, unit, baseline,
            f"{sign} {line['target']:g}", _figure(line["value"]),
            _fraction(line.to_dict()),
            _progress(followed, key, say), status,
            _ATTRIBUTES.get(str(line["attribute"]), (str(line["attribute"]),) * 2)[pick],
        ))  # fmt: skip
    heads = [("号", "No."), ("指标", "Indicator"), ("单位", "Unit"), ("基期", "Baseline"),
             ("目标", "Target"), ("现值", "Now"), ("分子 / 分母", "n / d"), ("进度", "Progress"),
             ("判定", "Status"), ("属性", "Kind")]  # fmt: skip
    shown = [say.pick(head) for head in heads]
    return grid(say.pick(caption), shown, rows, numbers=[3, 4, 5, 6], marked=doubt)


def _figure(value: float) -> str:
    return "--" if missing(value) else f"{value:,.2f}".rstrip("0").rstrip(".")


def _fraction(line: Mapping[Any, Any]) -> str:
    """Return numerator and denominator; a count is no fraction, a published figure has none."""
    top, bottom = line["numerator"], line["denominator"]
    if (missing(top) and missing(bottom)) or line["reason"] == "published_only":
        return "--"
    shown = ["--" if missing(one) else f"{one:,.1f}".removesuffix(".0") for one in (top, bottom)]
    return shown[0] if _is_count(line) else " / ".join(shown)


def _is_count(line: Mapping[Any, Any]) -> bool:
    """Tell whether a figure counts things: its denominator of 1 is the district or city itself."""
    return line["unit"] not in SHARES and "/" not in str(line["unit"])


def _followed(followed: pd.DataFrame | None, preset: str) -> pd.DataFrame | None:
    """Return the last day of what is followed of one plan, by line, level and unit."""
    if followed is None or followed.empty:
        return None
    own = followed[followed["preset"] == preset]
    days = own.index.get_level_values("as_of")
    return own[days == days.max()].droplevel("as_of") if len(own) else None


def _progress(followed: pd.DataFrame | None, key: Any, say: Speech) -> str:
    """Return how far a line has come from baseline to target, beside how far it should have."""
    if followed is None or key not in followed.index:
        return "--"
    line = followed.loc[key]
    if missing(line["progress"]):
        none = PROGRESS_STATUSES["no_baseline"][0 if say.language == "zh" else 1]
        return none if line["status"] == "no_baseline" else "--"
    due = (line["expected"] - line["baseline_value"]) / (line["target"] - line["baseline_value"])
    # a hair below the baseline is no step back: without a sign that no figure bears out
    done, asked = (f"{round(100 * float(share)):d}%" for share in (line["progress"], due))
    late = line["status"] == "lagging"
    return say.pick((
        f"{done}(应达 {asked})" + (",滞后" if late else ""),
        f"{done} of {asked} due" + (", lagging" if late else ""),
    ))  # fmt: skip


def _by_district(lines: pd.DataFrame, given: ReportInput, say: Speech) -> Grid:
    names = level_rows(given.findings.totals, "district")["name"].droplevel(0)
    wide: dict[str, dict[str, str]] = {}
    for unit, line in zip(
        lines.index.get_level_values("unit_id"), lines.to_dict("records"), strict=True
    ):
        title = line["name_zh"] if say.language == "zh" else line["name_en"] or line["name_zh"]
        unverified = "" if line["verified"] else UNVERIFIED[0 if say.language == "zh" else 1]
        label = f"{line['number']} {title}{unverified}"
        of = "" if _is_count(line) else f" ({_fraction(line)})"
        wide.setdefault(label, {})[str(unit)] = f"{_figure(line['value'])}{of}"
    units = [str(unit) for unit in dict.fromkeys(lines.index.get_level_values("unit_id"))]
    heads = [say.pick(("指标", "Indicator")), *(str(names.get(unit, unit)) for unit in units)]
    rows = [(label, *(cells.get(unit, "--") for unit in units)) for label, cells in wide.items()]
    return grid(say.pick(("各区:现值(分子 / 分母)", "Districts: figure (n / d)")), heads, rows,
                numbers=range(1, len(heads)))  # fmt: skip
