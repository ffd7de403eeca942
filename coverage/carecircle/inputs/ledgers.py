"""Contracts of the tables a bureau keeps: housing projects, observations, rosters. No geometry."""

from __future__ import annotations

from carecircle.inputs.columns import Column, TableContract, count, floor
from carecircle.inputs.kinds import FACILITY_KINDS, FACILITY_WORDS

__all__ = ["KIND_CHOICES", "OBSERVATIONS", "PROJECTS", "ROSTERS", "UNIT_LEVELS"]

#: Facility kind -> every word understood for it.
KIND_CHOICES = {
    kind: (*names, *FACILITY_WORDS.get(kind, ())) for kind, names in FACILITY_KINDS.items()
}
#: Level of a unit -> words understood for it.
UNIT_LEVELS: dict[str, tuple[str, ...]] = {
    "area": ("社区(村)", "社区", "村", "行政村", "community", "village"),
    "street": ("镇(街道)", "街道", "镇", "乡镇", "镇街", "town"),
    "district": ("区", "区县", "旗县区", "county"),
    "city": ("市", "全市", "地级市"),
}

PROJECTS = TableContract(
    "projects",
    Column("project_id", "id", "housing project code", ("项目编号", "编号", "id"), required=True),
    (
        Column("name", "text", "name", ("项目名称", "名称"), required=True),
        Column("area_id", "text", "area it lies in", ("社区代码",)),
        Column(
            "estate_id",
            "text",
            "estate whose phases belong together; the project itself where missing",
            ("小区编号", "所属项目", "estate"),
        ),
        Column("phase", "text", "phase of the estate", ("期次", "阶段")),
        count("dwellings", "dwellings", ("住宅套数", "套数"), 1e5),
        count("households", "households", ("户数",), 1e5),
        *(
            Column(f"{who}_{step}", "date", f"date of {step}, {what}", (zh,))
            for who, what, label in (
                ("home", "housing", "住宅"),
                ("facility", "facility", "配套设施"),
            )
            for step, zh in (
                ("permit", f"{label}许可日期"),
                ("start", f"{label}开工日期"),
                ("accept", f"{label}验收日期"),
                ("deliver", f"{label}交付日期"),
            )
        ),
        floor("floor_planned_m2", "facility floor area planned", ("规划配套面积",)),
        floor("floor_built_m2", "facility floor area built", ("建成配套面积",)),
        floor("floor_accepted_m2", "facility floor area accepted", ("验收配套面积",)),
        floor("floor_delivered_m2", "facility floor area handed over", ("移交配套面积",)),
    ),
)


def _unit(*, required: bool) -> tuple[Column, ...]:
    """Return the columns that say of which unit a record speaks."""
    return (
        Column(
            "unit_level", "choice", "level of the unit; the city where missing",
            ("层级", "级别", "level"), required=required, choices=UNIT_LEVELS,
        ),
        Column(
            "unit_id", "text", "area, street, district or city code",
            ("单元代码", "区划代码", "单位代码"), required=required,
        ),
        Column("unit_name", "text", "name of the unit", ("单元名称", "区划名称", "单位名称")),
    )  # fmt: skip


OBSERVATIONS = TableContract(
    "observations",
    Column("observation_id", "id", "observation code", ("观测编号",)),
    (
        Column(
            "indicator",
            "text",
            "name of the indicator, as rules call it",
            ("指标", "指标编号", "指标代码"),
            required=True,
        ),
        Column("name", "text", "what it is called", ("指标名称", "名称")),
        Column("unit", "text", "unit of the value", ("单位", "计量单位")),
        *_unit(required=False),
        Column(
            "period",
            "period",
            "year, month (2020-06), quarter (2020-Q2), half-year (2020-H1) or day",
            ("时期", "期间", "年份", "年度", "year"),
            required=True,
        ),
        Column("numerator", "number", "numerator", ("分子",), minimum=0, maximum=1e12),
        Column("denominator", "number", "denominator", ("分母",), minimum=0, maximum=1e12),
        Column("value", "number", "value as published", ("数值", "指标值", "公布值")),
        Column("source", "text", "where it was published", ("来源", "数据来源")),
        Column("remark", "text", "what a reader should know", ("备注", "说明", "note")),
    ),
    key=("indicator", "unit_level", "unit_id", "period"),
)

ROSTERS = TableContract(
    "rosters",
    Column("roster_id", "id", "roster code", ("名录编号",)),
    (
        *_unit(required=True),
        Column(
            "kind",
            "choice",
            "facility kind that the unit owes",
            ("类型", "设施类型", "类别"),
            required=True,
            choices=KIND_CHOICES,
        ),
        Column(
            "count", "number", "how many it owes; 1 where missing", ("数量", "应有数量"),
            minimum=0, maximum=1e5,
        ),
        Column("due", "date", "day by which it is owed", ("期限", "完成期限")),
        Column("source", "text", "document that says so", ("来源", "依据")),
    ),
    key=("unit_level", "unit_id", "kind"),
)  # fmt: skip
