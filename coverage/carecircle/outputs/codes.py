"""What codes, units, sheets and layers are called: code -> (Chinese, English)."""

from __future__ import annotations

from carecircle.inputs.contracts import STATUSES
from carecircle.outputs.indicator_words import PLAN_CODES
from carecircle.outputs.rule_words import RULE_CODES, RULE_UNITS
from carecircle.standards.floor_area import REASONS

__all__ = ["CODES", "LAYERS", "SHEETS", "UNITS", "Pair"]

Pair = tuple[str, str]

#: Unit code -> (Chinese, English).
UNITS: dict[str, Pair] = {
    "": ("", ""),
    "people": ("人", "people"),
    "households": ("户", "households"),
    "homes": ("处", "homes"),
    "areas": ("个", "areas"),
    "minutes": ("分钟", "minutes"),
    "elder_minutes": ("人·分钟", "elder minutes"),
    "m": ("米", "m"),
    "m2": ("平方米", "m2"),
    "ha": ("公顷", "ha"),
    "m/s": ("米/秒", "m/s"),
    "share": ("比例", "share"),
}

#: Sheet -> (Chinese, English), in the order of the workbook.
SHEETS: dict[str, Pair] = {
    "readme": ("说明", "README"),
    "totals": ("汇总", "totals"),
    "indicators": ("规划指标", "indicators"),
    "sync": ("四同步", "estates in step"),
    "areas": ("社区", "areas"),
    "floor_totals": ("面积汇总", "floor totals"),
    "floor_areas": ("面积", "floor areas"),
    "rules": ("标准核查", "rules"),
    "rulebook": ("标准条文", "rulebook"),
    "gaps": ("盲区", "gaps"),
    "facilities": ("设施", "facilities"),
    "homes": ("住宅", "homes"),
    "issues": ("问题", "issues"),
    "fields": ("字段", "fields"),
}

#: Layer of the GeoPackage -> (Chinese, English).
LAYERS: dict[str, Pair] = {
    "areas": ("社区(村)", "areas"),
    "homes": ("住宅到最近设施的时间", "homes and their minutes"),
    "facilities": ("设施", "facilities"),
    "circles": ("服务圈", "service circles"),
    "reached_roads": ("可达道路", "reached roads"),
    "gaps": ("服务盲区", "uncovered areas"),
}

_NO_MINUTE: dict[str, Pair] = {
    "not_linked": ("离道路过远", "too far from any road"),
    "other_component": ("道路不连通", "on a separate piece of road"),
    "beyond_limit": ("超出搜索时限", "beyond the search limit"),
    "blocked": ("道路被阻断", "blocked"),
    "no_position": ("没有位置", "no position"),
}
_PROFILES: dict[str, Pair] = {
    "elder_default": ("老年人步行", "older adult on foot"),
    "elder_slow": ("老年人慢行", "older adult on foot, slow"),
    "adult": ("成年人步行", "adult on foot"),
    "wheelchair": ("轮椅", "wheelchair"),
    "gb_800": ("步行(15分钟800米)", "on foot, 800 m in 15 minutes"),
    "gb_1000": ("步行(15分钟1000米)", "on foot, 1000 m in 15 minutes"),
    "ebike": ("电动自行车", "e-bike"),
    "car": ("小汽车", "car"),
}
_AREA_KINDS: dict[str, Pair] = {"urban": ("城镇", "urban"), "rural": ("农区", "rural")}

#: Column, or ``table.column`` where two tables differ -> code -> (Chinese, English).
CODES: dict[str, dict[str, Pair]] = {
    "kind": _AREA_KINDS,
    "profile": _PROFILES,
    "totals.name": _AREA_KINDS,
    "floor_totals.name": _AREA_KINDS,
    "gaps.kind": {"area": ("片区", "area"), "scattered": ("零散", "scattered")},
    "cause": {
        "not_linked": ("未接入路网", "not linked to a road"),
        "no_position": ("没有位置", "no position"),
        "road_gap": ("缺路(路网不连通)", "road missing"),
        "barrier": ("缺路(被阻隔)", "barrier"),
        "detour": ("缺路(绕行)", "detour"),
        "planned": ("设施规划中", "facility planned"),
        "no_facility": ("缺设施", "no facility near"),
    },
    "nearest_by": {"network": ("路网", "network"), "straight": ("直线", "straight line")},
    "reason": _NO_MINUTE,
    "floor_areas.reason": REASONS,
    "status": STATUSES,
    "floor_areas.status": {
        "pass": ("达标", "pass"),
        "fail": ("不达标", "fail"),
        "not_applicable": ("不适用", "not applicable"),
        "not_assessable": ("无法评估", "not assessable"),
    },
    "cell": {
        "has_in_time": ("有设施且按时可达", "has a facility, in time"),
        "has_late": ("有设施但超时", "has a facility, too late"),
        "neighbour_in_time": ("无设施但邻近可达", "served in time by a neighbour"),
        "none_late": ("无设施且超时(优先)", "no facility, too late (priority)"),
    },
    "regime": {
        "existing": ("已建", "existing"),
        "new": ("新建", "new"),
        "mixed": ("混合", "mixed"),
    },
    "level": {
        "city": ("市", "city"),
        "district": ("区", "district"),
        "street": ("镇街", "town or street"),
        "kind": ("城乡", "urban or rural"),
    },
    **{
        f"{table}.{column}": names
        for table in ("rules", "rulebook")
        for column, names in (RULE_CODES | {"unit": RULE_UNITS}).items()
    },
    **PLAN_CODES,
    "severity": {
        "fatal": ("无法使用", "fatal"),
        "error": ("已搁置", "error"),
        "warning": ("警告", "warning"),
        "note": ("提示", "note"),
    },
}
