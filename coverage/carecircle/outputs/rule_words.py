"""What columns, codes and units of checked rules are called: (Chinese, English)."""

from __future__ import annotations

import re

from carecircle.standards.rules import COMPARATORS, RULE_LEVELS
from carecircle.standards.verdicts import REASONS, STATUSES

__all__ = ["RULE_CODES", "RULE_COLUMNS", "RULE_UNITS", "UNVERIFIED", "what_closes"]

Pair = tuple[str, str]

#: Column of the sheets of rules -> heading, meaning and form.
RULE_COLUMNS: dict[str, tuple[Pair, Pair, str]] = {
    name: (heading, meaning, form)
    for form, columns in {
        "text": {
            "preset": (("规则集", "preset"), ("一份文件一个规则集", "one for each document")),
            "preset_zh": (("文件(中文)", "document, Chinese"), ("", "")),
            "preset_en": (("文件(英文)", "document, English"), ("", "")),
            "rule": (("规则编号", "rule"), ("", "")),
            "title_zh": (("规则(中文)", "rule, Chinese"), ("", "")),
            "title_en": (("规则(英文)", "rule, English"), ("", "")),
            "status": (
                ("判定", "verdict"),
                ("按分子与限值×分母的精确值判定", "exact: numerator against limit x denominator"),
            ),
            "verified": (
                ("条文已核实", "wording verified"),
                ("“否”:条文未与原文核对,判定仅供参考", "no: not compared with the original"),
            ),
            "headline": (
                ("主要口径", "reading to quote"),
                ("“否”:同一指标的其他口径", "no: another reading of the same indicator"),
            ),
            "in_force": (
                ("在有效期内", "in force"),
                ("“否”:数据日期不在规则有效期内", "no: not in force on the day of the data"),
            ),
            "closes": (("补足需要", "what closes it"), ("达到限值还需要的量", "what is lacking")),
            "reason": (("原因", "reason"), ("", "")),
            "evidence_ids": (
                ("依据", "evidence"),
                ("计入的设施、社区或观测", "facilities, areas or observations counted"),
            ),
            "unit": (("单位", "unit"), ("值、限值和差距的单位", "of value, limit and gap")),
            "comparator": (("要求", "test"), ("均含限值本身", "each includes the limit")),
            "indicator": (("公式", "formula"), ("", "")),
            "strength": (("约束力", "strength"), ("", "")),
            "severity": (("不达标的级别", "weight of a failure"), ("", "")),
            "valid_from": (("生效", "valid from"), ("", "")),
            "valid_to": (("失效", "valid to"), ("", "")),
            "issuer": (("发布单位", "issuer"), ("", "")),
            "document": (("文件名称", "document"), ("", "")),
            "number": (("文号", "number"), ("", "")),
            "clause": (("条款", "clause"), ("", "")),
            "territory": (("适用地区", "territory"), ("", "")),
            "url": (("出处", "where to read it"), ("", "")),
            "checked_by": (("核对人", "compared by"), ("", "")),
            "checked_on": (("核对日期", "compared on"), ("", "")),
            "note": (("备注", "note"), ("", "")),
            "file": (("规则文件", "rule file"), ("", "")),
            "sha256": (("规则文件SHA-256", "SHA-256 of the rule file"), ("版本", "its version")),
            "rules_failed": (
                ("不达标的规则", "rules failed"),
                ("条文已核实的规则", "rules whose wording was verified"),
            ),
            "rules_failed_unverified": (
                ("不达标的规则(条文未核实)", "rules failed (wording not verified)"),
                ("仅供参考", "for information only"),
            ),
            "rules_not_assessable": (
                ("无法评估的规则", "rules that cannot be assessed"), ("", ""),
            ),
        },
        "exact": {
            "value": (("值", "value"), ("", "")),
            "numerator": (("分子", "numerator"), ("", "")),
            "denominator": (("分母", "denominator"), ("", "")),
            "limit": (("限值", "limit"), ("", "")),
            "limit_max": (("限值上限", "upper limit"), ("", "")),
            "gap": (("差距", "gap"), ("以“单位”列的单位计", "in the unit of the column")),
            "closes_n": (
                ("补足需要(数)", "what closes it, number"),
                ("整件向上取整;负数表示超出", "whole things rounded up; negative: too much"),
            ),
            "decimals": (("小数位", "decimals"), ("仅用于显示", "for print only")),
            "year": (("年份", "year"), ("", "")),
        },
    }.items()
    for name, (heading, meaning) in columns.items()
}  # fmt: skip

#: Column of the sheets of rules -> code -> (Chinese, English).
RULE_CODES: dict[str, dict[str, Pair]] = {
    "status": STATUSES,
    "reason": {code: names for code, names in REASONS.items() if code},
    "level": RULE_LEVELS,
    "comparator": {
        code: (f"{code} {zh}", f"{code} {en}") for code, (zh, en) in COMPARATORS.items()
    },
    "strength": {"must": ("应", "must"), "should": ("宜", "should")},
    "severity": {"error": ("红", "red"), "warning": ("黄", "amber")},
}

#: Unit of a rule, or what closes a gap -> (Chinese, English).
RULE_UNITS: dict[str, Pair] = {
    "m2": ("平方米", "m²"),
    "m": ("米", "m"),
    "m2/100 households": ("平方米/100户", "m²/100 households"),
    "m2/1000 people": ("平方米/1000人", "m²/1000 people"),
    "m2/bed": ("平方米/床", "m²/bed"),
    "beds/1000 elders": ("张/1000名老人", "beds/1000 elders"),
    "posts/100 beds": ("人/100张床位", "posts/100 beds"),
    "beds": ("张床位", "beds"),
    "communities": ("个社区(村)", "communities"),
    "districts": ("个区", "districts"),
    "facilities": ("处设施", "facilities"),
    "functions": ("项功能", "functions"),
    "households": ("户", "households"),
    "homes": ("处住宅", "homes"),
    "people": ("人", "people"),
    "posts": ("名人员", "posts"),
    "stations": ("处站点", "stations"),
    "units": ("个单元", "units"),
    "grade": ("级", "grade"),
}
#: Mark of a rule whose wording nobody compared with the original.
UNVERIFIED: Pair = ("(条文未核实)", " (wording not verified)")
_ONE = {
    "bed": "beds", "community": "communities", "district": "districts", "facility": "facilities",
    "function": "functions", "household": "households", "home": "homes", "person": "people",
    "post": "posts", "station": "stations", "unit": "units",
}  # fmt: skip
_CLOSES = re.compile(r"(\S+) (.*?)( too many| too much)?")


def what_closes(text: str, language: str) -> str:
    """Return what would close a gap in the language of the study.

    Examples
    --------
    >>> what_closes("1 facility", "zh"), what_closes("41.5 m2", "zh"), what_closes("", "zh")
    ('1处设施', '41.5平方米', '')
    >>> what_closes("12 people too many", "zh"), what_closes("2 beds", "en")
    ('多12人', '2 beds')
    """
    found = _CLOSES.fullmatch(text)
    if language == "en" or found is None:
        return text.replace(" m2", " m²")
    unit = _ONE.get(found[2], found[2])
    amount = f"{found[1]}{RULE_UNITS.get(unit, (unit, unit))[0]}"
    return f"多{amount}" if found[3] else amount
