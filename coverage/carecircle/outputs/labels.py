"""What columns are called, Chinese first, English beside it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from carecircle.inputs.contracts import CONTRACTS
from carecircle.outputs.codes import CODES, UNITS, Pair
from carecircle.outputs.indicator_words import PLAN_COLUMNS
from carecircle.outputs.rule_words import RULE_COLUMNS
from carecircle.standards.floor_area import PASS_RATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecircle.analysis.findings import StudyCard

__all__ = ["Field", "code_names", "field", "profile_names", "terms_line"]

Form = Literal["text", "count", "one", "rate", "exact"]


@dataclass(frozen=True)
class Field:
    """One column: its (Chinese, English) heading and meaning, unit, and how numbers print.

    ``form``: ``text``; ``count`` whole numbers; ``one`` one decimal; ``rate`` a share as percent;
    ``exact`` as many digits as the number has.
    """

    name: str
    heading: Pair
    unit: str = ""
    form: Form = "text"
    meaning: Pair = ("", "")


_FORMS: dict[str, Form] = {"text": "text", "count": "count", "one": "one", "exact": "exact"}
_RULE_TABLES = ("rules", "rulebook")
_KIND_NAMES = ("facilities.kind", "nearest_facility_kind")

_WEIGHTS: dict[str, Pair] = {
    "homes": ("住宅", "homes"),
    "people": ("常住人口", "residents"),
    "elders": ("老年人口", "elders"),
    "households": ("家庭户", "households"),
}
_SHARES: dict[str, Pair] = {
    "total": ("总数", "total"),
    "covered": ("时限内覆盖", "covered in time"),
    "uncovered": ("未覆盖", "uncovered"),
    "not_assessed": ("未评估", "not assessed"),
}
_UNIT_OF = {"homes": "homes", "people": "people", "elders": "people", "households": "households"}


@cache
def _meanings() -> dict[str, dict[str, list[str]]]:
    text = resources.files("carecircle.outputs").joinpath("column_meanings.toml")
    return tomllib.loads(text.read_text(encoding="utf-8"))


def _of_weights() -> list[Field]:
    fields = []
    for weight, (zh, en) in _WEIGHTS.items():
        for key, (label, english) in _SHARES.items():
            told = _meanings()["weights"][key]
            meaning = (told[0].format(zh=zh), told[1].format(en=en))
            heading = (f"{zh}{label}", f"{en} {english}")
            fields.append(Field(f"{weight}_{key}", heading, _UNIT_OF[weight], "count", meaning))
        meaning = (f"{zh}时限内覆盖 ÷ {zh}总数", f"{en} covered in time / {en} total")
        heading = (f"{zh}覆盖率(时间)", f"{en} covered in time, share")
        fields.append(Field(f"{weight}_rate", heading, "share", "rate", meaning))
    return fields


def _many(form: Form, unit: str, **headings: Pair) -> list[Field]:
    return [Field(name, heading, unit, form) for name, heading in headings.items()]


_FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        *_of_weights(),
        *_many(
            "text",
            "",
            name=("名称", "name"),
            level=("层级", "level"),
            unit_id=("单元代码", "unit code"),
            area_id=("社区代码", "area code"),
            facility_id=("最近设施代码", "nearest facility code"),
            has_facility=("有设施(名录)", "has a facility (roster)"),
            facility_ids=("设施代码", "facility codes"),
            on_time=("按时达标", "on time"),
            cell=("判定", "verdict"),
            reason=("原因", "reason"),
            covered=("时限内覆盖", "covered in time"),
            eligible=("计入覆盖", "counted in coverage"),
            cause=("成因", "cause"),
            assessed=("已评估", "assessed"),
            area_ids=("涉及社区代码", "area codes"),
            area_names=("涉及社区", "areas"),
            street_names=("涉及镇街", "towns and streets"),
            nearest_facility_id=("最近设施代码", "nearest facility code"),
            nearest_facility_name=("最近设施", "nearest facility"),
            nearest_facility_kind=("最近设施类型", "kind of nearest facility"),
            nearest_by=("最近的依据", "nearest by"),
            planned_facility_id=("可及的在建或规划设施", "planned facility in reach"),
            pass_floor=("达标(总面积)", "pass, total floor area"),
            pass_per_100=("达标(每百户)", "pass, per 100 households"),
            pass_both=("达标(双项)", "pass, both tests"),
            status=("判定", "status"),
            code=("问题代码", "issue"),
            severity=("严重程度", "severity"),
            table=("表", "table"),
            record=("记录", "record"),
            field=("字段", "field"),
            found=("发现的值", "found"),
            used=("改用的值", "used"),
            effect=("对结果的影响", "effect"),
            fix=("处理办法", "fix"),
            meets_city_target=("全市达标", "meets the city target"),
            second_facility_id=("次近设施代码", "second nearest facility code"),
            component=("路网连通部分", "connected part of the roads"),
            road_id=("道路编号", "road code"),
            datum=("坐标基准", "datum"),
            source=("来源文件", "file it came from"),
        ),
        *_many(
            "one",
            "minutes",
            minutes=("到最近设施时间", "time to nearest"),
            second_minutes=("到次近设施时间", "time to second nearest"),
            limit_minutes=("时限", "limit"),
            minutes_over=("超出时限", "minutes over"),
            median_minutes=("中位时间", "median time"),
            p90_minutes=("90%分位时间", "p90 time"),
            p99_minutes=("99%分位时间", "p99 time"),
            minutes_mean=("平均时间", "mean time"),
            minutes_over_mean=("平均超出", "mean minutes over"),
            minutes_over_p90=("90%分位超出", "p90 minutes over"),
            nearest_minutes=("到最近设施时间", "time to nearest"),
            from_minutes=("内圈时限", "inner limit"),
            minutes_start=("起点时间", "minutes at the start"),
            minutes_end=("终点时间", "minutes at the end"),
        ),
        *_many(
            "one",
            "m",
            access_m=("到道路距离", "access leg"),
            nearest_metres=("到最近设施路程", "metres along the roads"),
            straight_metres=("到最近设施直线", "metres in a straight line"),
            metres=("到最近设施路程", "metres along the roads"),
            start_m=("起点里程", "start along the road"),
            end_m=("终点里程", "end along the road"),
            x=("横坐标", "x"),
            y=("纵坐标", "y"),
        ),
        *_many(
            "one",
            "m2",
            required_m2=("应有面积", "floor area required"),
            required_existing_m2=("应有面积(已建)", "required, existing"),
            required_new_m2=("应有面积(新建)", "required, new"),
            provided_m2=("现有面积", "floor area provided"),
            shortfall_m2=("面积缺口", "shortfall"),
            m2_per_100_households=("每百户面积", "per 100 households"),
            city_gap_m2=("距全市目标缺口", "gap to the city target"),
            ratio_m2=("计入每百户的面积", "area in the ratio"),
        ),
        *_many(
            "count",
            "areas",
            units_total=("社区(村)数", "areas"),
            units_with_facility=("有设施的社区(村)", "areas with a facility"),
            units_on_time=("按时达标社区(村)", "areas on time"),
            units_not_assessed=("未评估社区(村)", "areas not assessed"),
            units_assessed=("已评估社区(村)", "areas assessed"),
            not_assessed=("未评估社区(村)", "areas not assessed"),
            not_applicable=("不适用社区(村)", "areas it does not apply to"),
            ratio_units=("计入每百户的社区", "areas in the ratio"),
            **{f"cell_{key}": pair for key, pair in CODES["cell"].items()},
            **{
                f"pass_{key}_{part}": (f"{zh}{zh_part}", f"{en}, {en_part}")
                for key, (zh, en) in {
                    "floor": ("达标数(总面积)", "pass, total floor area"),
                    "per_100": ("达标数(每百户)", "pass, per 100 households"),
                    "both": ("达标数(双项)", "pass, both tests"),
                }.items()
                for part, zh_part, en_part in (("n", "", "areas"), ("of", "分母", "out of"))
            },
        ),
        *_many(
            "count",
            "people",
            people=("常住人口", "residents"),
            population=("常住人口", "residents"),
            elders=("老年人口(60+)", "elders, 60 and over"),
            elders80=("高龄人口(80+)", "residents aged 80 and over"),
        ),
        *_many(
            "count",
            "homes",
            homes=("住宅", "homes"),
            homes_unreachable=("到不了的住宅", "homes without a way"),
            homes_unknown_people=("人口未知的住宅", "homes whose people are unknown"),
        ),
        *_many(
            "count",
            "households",
            households=("家庭户数", "households"),
            households_new=("新建小区户数", "households in new estates"),
            households_in_failing=("不达标社区户数", "households in areas that fail"),
            ratio_households=("计入每百户的户数", "households in the ratio"),
        ),
        *_many("count", "", rank=("排序", "rank")),
        *_many("one", "ha", residential_ha=("居住用地", "residential land")),
        *_many(
            "one",
            "elder_minutes",
            elder_minutes_over=("老年人口×超出分钟", "elders x minutes over"),
            rank_score=("排序依据", "rank score"),
        ),
        *_many("rate", "share", **PASS_RATES),
        Field(
            "roster_rate",
            ("设施覆盖率(名录)", "roster coverage"),
            "share",
            "rate",
            ("有设施的社区(村) ÷ 社区(村)数", "areas with a facility / areas"),
        ),
        Field(
            "on_time_rate",
            ("社区达标率(时间)", "areas on time, share"),
            "share",
            "rate",
            ("按时达标社区(村) ÷ 社区(村)数", "areas on time / areas"),
        ),
    )
}
_OWN_IDS: dict[str, Pair] = {
    "areas.area_id": ("社区代码", "area code"),
    "facilities.facility_id": ("设施代码", "facility code"),
    "facilities.homes": ("就近的住宅", "homes nearest to it"),
    "facilities.people": ("就近的常住人口", "residents nearest to it"),
    "facilities.elders": ("就近的老年人口", "elders nearest to it"),
    "facilities.status": ("状态", "status"),
    "facilities.area_id": ("所在社区", "area it stands in"),
    "homes.home_id": ("住宅代码", "home code"),
    "gaps.gap_id": ("盲区编号", "gap"),
    "gaps.kind": ("类别", "kind"),
}


def field(table: str, name: str) -> Field:
    """Return what a column is called; one that is not known keeps its own name.

    Computed columns come first, then those of the table's contract.

    Examples
    --------
    >>> field("totals", "elders_rate").heading
    ('老年人口覆盖率(时间)', 'elders covered in time, share')
    >>> field("facilities", "nursing_beds").heading
    ('护理型床位', 'nursing beds')
    >>> field("areas", "remarks").heading
    ('remarks', 'remarks')
    """
    found = _named(table, name)
    return found if any(found.meaning) else replace(found, meaning=_meaning(table, name))


def _meaning(table: str, name: str) -> Pair:
    """Return what is told of the column of a table, or else of a column of this name anywhere."""
    told = _meanings()
    zh, en = told.get(table, {}).get(name) or told["any"].get(name) or ("", "")
    return (zh, en)


def _named(table: str, name: str) -> Field:
    if name in RULE_COLUMNS and (table in _RULE_TABLES or name.startswith("rules_")):
        heading, meaning, said = RULE_COLUMNS[name]
        return Field(name, heading, "", "exact" if said == "exact" else "text", meaning)
    if name in PLAN_COLUMNS.get(table, {}):
        heading, meaning, said, unit = PLAN_COLUMNS[table][name]
        return Field(name, heading, unit, _FORMS[said], meaning)
    own = _OWN_IDS.get(f"{table}.{name}")
    known = _FIELDS.get(name)
    if own:
        known = known or Field(name, own)
        return Field(name, own, known.unit, known.form, known.meaning)
    contract = CONTRACTS.get("areas" if table == "floor_areas" else table)
    if known is None and contract is not None and name in contract.names:
        column = contract.column(name)
        zh = column.headings[0] if column.headings else name
        form: Form = "one" if column.kind in ("number", "integer") else "text"
        return Field(name, (zh, column.meaning), column.unit, form)
    return known or Field(name, (name, name))


def code_names(table: str, name: str, card: StudyCard) -> Mapping[str, Pair]:
    """Return code -> (Chinese, English) of a column; empty when its values are no codes.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> card = SimpleNamespace(kinds={"station": ("养老服务站", "station")})
    >>> code_names("gaps", "cause", card)["no_facility"]
    ('缺设施', 'no facility near')
    >>> code_names("facilities", "kind", card)["station"]
    ('养老服务站', 'station')
    """
    if f"{table}.{name}" in _KIND_NAMES or name in _KIND_NAMES:
        return card.kinds
    return CODES.get(f"{table}.{name}", CODES.get(name, {}))


def profile_names(name: str) -> Pair:
    """Return what a travel profile is called, (Chinese, English); one's own keeps its name.

    A profile at another speed is called as the one it comes from: the speed is printed beside it.

    Examples
    --------
    >>> profile_names("elder_default"), profile_names("elder_slow@0.7")[0]
    (('老年人步行', 'older adult on foot'), '老年人慢行')
    >>> profile_names("rollator")
    ('rollator', 'rollator')
    """
    return CODES["profile"].get(name.partition("@")[0], (name, name))


def terms_line(card: StudyCard) -> str:
    """Return the terms of every figure as one line: title, date, profile, limits, synthetic."""
    zh = card.language == "zh"
    pick = 0 if zh else 1
    limits = " / ".join(
        f"{CODES['kind'].get(kind, (kind, kind))[pick]} {minutes:g}"
        for kind, minutes in card.limits.items()
    )
    parts = [
        card.title_zh if zh else card.title,
        f"截至 {card.as_of}" if zh else f"as of {card.as_of}",
        f"{profile_names(card.profile.name)[pick]} {card.profile.speed_m_s:g} {UNITS['m/s'][pick]}",
        f"{limits} {UNITS['minutes'][pick]}",
    ]
    if card.synthetic:
        parts.append("合成数据,仅供演示" if zh else "synthetic data, for demonstration only")
    return " · ".join(parts)
