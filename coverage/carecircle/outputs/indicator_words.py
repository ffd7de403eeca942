"""What columns and codes of indicators and estates are called: (Chinese, English)."""

from __future__ import annotations

from carecircle.outputs.rule_words import RULE_UNITS
from carecircle.standards.indicators import INDICATOR_STATUSES
from carecircle.standards.rules import ATTRIBUTES, BASES, COMPARATORS, RULE_LEVELS
from carecircle.standards.sync import READINGS, STEPS, SYNC_STATUSES
from carecircle.standards.verdicts import REASONS

__all__ = ["PLAN_CODES", "PLAN_COLUMNS"]

Pair = tuple[str, str]
#: Heading, meaning, form and unit.
Column = tuple[Pair, Pair, str, str]

_NONE: Pair = ("", "")
_DATES: Pair = ("超过最后期限的天数", "days after the last day in time")

_INDICATORS: dict[str, Column] = {
    "number": (
        ("指标编号", "indicator"),
        ("一至十二为规划指标,N开头为规划正文目标", "1 to 12: the table; N: the text of the plan"),
        "text", "",
    ),
    "line": (("行编号", "line"), ("规则编号", "id of the rule"), "text", ""),
    "name_zh": (("指标(中文)", "indicator, Chinese"), _NONE, "text", ""),
    "name_en": (("指标(英文)", "indicator, English"), _NONE, "text", ""),
    "reading_zh": (("口径(中文)", "reading, Chinese"), _NONE, "text", ""),
    "reading_en": (("口径(英文)", "reading, English"), _NONE, "text", ""),
    "headline": (
        ("主要口径", "reading to quote"),
        ("“否”:同一指标的其他口径", "no: another reading of the same indicator"),
        "text", "",
    ),
    "level": (("层级", "level"), _NONE, "text", ""),
    "unit_id": (("单元代码", "unit code"), _NONE, "text", ""),
    "name": (("名称", "name"), _NONE, "text", ""),
    "value": (
        ("值", "value"),
        ("空白:无数据,不是 0;按分子、分母的精确值判定",
         "blank: no data, not 0; decided on the exact numerator and denominator"),
        "exact", "",
    ),
    "unit": (("单位", "unit"), ("值、基期和目标的单位", "of value and target"), "text", ""),
    "numerator": (("分子", "numerator"), ("已知部分", "as far as known"), "exact", ""),
    "denominator": (("分母", "denominator"), ("已知部分", "as far as known"), "exact", ""),
    "baseline": (
        ("基期值", "baseline"),
        ("规划公布的基期数;空白:规划为“--”", "as the plan prints it; blank: the plan prints --"),
        "exact", "",
    ),
    "baseline_value": (
        ("基期精确值", "baseline, exact"),
        ("由公布的分子、分母得出", "from its numerator and denominator"),
        "exact", "",
    ),
    "comparator": (("要求", "test"), ("均含限值本身", "each includes the limit"), "text", ""),
    "target": (("目标值", "target"), _NONE, "exact", ""),
    "status": (("判定", "status"), ("与目标值比较", "against the target"), "text", ""),
    "attribute": (("属性", "attribute"), _NONE, "text", ""),
    "basis": (("计算依据", "counted on"), _NONE, "text", ""),
    "reason": (("原因", "reason"), ("没有数值的原因", "why there is no figure"), "text", ""),
    "evidence_ids": (
        ("依据", "evidence"),
        ("计入的设施、社区或观测", "facilities, areas or observations counted"),
        "text", "",
    ),
    "verified": (
        ("条文已核实", "wording verified"),
        ("“否”:条文未与原文核对,判定仅供参考", "no: not compared with the original"),
        "text", "",
    ),
    "as_of": (("数据日期", "as of"), _NONE, "text", ""),
    "baseline_year": (("基期年", "baseline year"), _NONE, "exact", ""),
    "target_year": (("目标年", "target year"), _NONE, "exact", ""),
    "preset": (("规则集", "preset"), ("一份文件一个规则集", "one for each document"), "text", ""),
}  # fmt: skip

_SYNC: dict[str, Column] = {
    "reading": (("口径", "reading"), _NONE, "text", ""),
    "estate_id": (("小区编号", "estate"), ("同一小区的各期合计", "phases together"), "text", ""),
    "name": (("名称", "name"), _NONE, "text", ""),
    "status": (
        ("四同步判定", "status"),
        ("四步均同步才算同步", "in step: each of the four steps is"),
        "text",
        "",
    ),
    "failed_step": (("首个不同步环节", "first step that failed"), _NONE, "text", ""),
    "failed_steps": (("不同步环节", "steps that failed"), _NONE, "text", ""),
    "missing": (("缺少的数据", "columns missing"), _NONE, "text", ""),
    "phases": (("期数", "phases"), _NONE, "count", ""),
    "dwellings": (("住宅套数", "dwellings"), _NONE, "count", ""),
    "households": (("户数", "households"), _NONE, "count", "households"),
    "owed_m2": (("应配建面积", "floor area owed"), _NONE, "one", "m2"),
    **{
        name: column
        for step, (zh, en) in STEPS.items()
        for name, column in {
            step: ((zh, en), ("空白:无法判断", "blank: cannot be told"), "text", ""),
            f"{step}_late_days": ((f"{zh}迟延天数", f"{en}, days late"), _DATES, "count", ""),
            f"{step}_short_m2": ((f"{zh}面积差额", f"{en}, floor area short"), _NONE, "one", "m2"),
        }.items()
    },
}

#: Sheet -> column -> heading, meaning, form and unit.
PLAN_COLUMNS: dict[str, dict[str, Column]] = {"indicators": _INDICATORS, "sync": _SYNC}

#: ``sheet.column`` -> code -> (Chinese, English).
PLAN_CODES: dict[str, dict[str, Pair]] = {
    "indicators.status": INDICATOR_STATUSES,
    "indicators.reason": {code: names for code, names in REASONS.items() if code},
    "indicators.level": RULE_LEVELS,
    "indicators.attribute": ATTRIBUTES,
    "indicators.basis": BASES,
    "indicators.unit": RULE_UNITS,
    "indicators.comparator": {
        code: (f"{code} {zh}", f"{code} {en}") for code, (zh, en) in COMPARATORS.items()
    },
    "sync.status": SYNC_STATUSES,
    "sync.reading": READINGS,
    "sync.failed_step": STEPS,
    "sync.failed_steps": STEPS,
}
