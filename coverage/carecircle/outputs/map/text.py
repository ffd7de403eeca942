"""Words and numbers of the map, Chinese, English or both, none of them computed here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from carecircle.outputs.map.words import PAGE_WORDS

__all__ = ["WORDS", "Speech", "in_language", "missing"]

#: Characters of no script around and between a Chinese and an English text. Texts are joined and
#: formatted as usual, and the reader of the page changes the language of all of them at once.
_OPEN, _BETWEEN, _CLOSE_BOTH = "\ue000", "\ue001", "\ue002"
_PAIR = re.compile("\ue000([^\ue000-\ue002]*)\ue001([^\ue000-\ue002]*)\ue002")

#: Every word the map says: key -> (Chinese, English).
WORDS: dict[str, tuple[str, str]] = {
    # states
    "no_data": ("无数据", "no data"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "has_in_time": ("有设施 · 按时可达", "Has a facility, in time"),
    "neighbour_in_time": ("无设施 · 邻近设施可达", "Served in time by a neighbour"),
    "has_late": ("有设施 · 超时", "Has a facility, too late"),
    "none_late": ("无设施 · 超时(优先)", "No facility, too late (priority)"),
    "not_assessed": ("未评估", "Not assessed"),
    "over_limit": ("超出时限", "Over the limit"),
    "unreachable": ("到不了", "No way found"),
    "within": ("≤ {} 分钟", "≤ {} min"),
    "urban": ("城镇", "urban"),
    "rural": ("农区", "rural"),
    "pass": ("达标", "pass"),
    "fail": ("不达标", "fail"),
    "not_applicable": ("不适用", "not applicable"),
    "not_assessable": ("无法评估", "not assessable"),
    # why there is no minute
    "not_linked": ("离道路过远", "too far from any road"),
    "other_component": ("道路不连通", "on a separate piece of road"),
    "beyond_limit": ("超出搜索时限", "beyond the search limit"),
    "blocked": ("道路被阻断", "blocked"),
    "no_position": ("没有位置", "no position"),
    # causes of a gap
    "no_facility": ("缺设施", "no facility near"),
    "barrier": ("被阻隔", "barrier"),
    "road_gap": ("缺路", "road missing"),
    "planned": ("设施规划中", "facility planned"),
    "detour": ("绕行", "detour"),
    "area": ("片区", "area"),
    "scattered": ("零散", "scattered"),
    # barriers
    "river": ("河流水面", "Water"),
    "railway": ("铁路", "Railway"),
    "barrier_other": ("其他阻隔", "Other barriers"),
    # groups and layers
    "group_areas": ("社区(村)", "Communities and villages"),
    "layer_cell": ("达标情况", "Verdict"),
    "elders_rate": ("老年人口覆盖率", "Elders covered in time"),
    "people_rate": ("常住人口覆盖率", "Residents covered in time"),
    "homes_rate": ("住宅覆盖率", "Homes covered in time"),
    "layer_floor": ("建筑面积达标", "Floor-area check"),
    "layer_none": ("不着色", "No fill"),
    "group_people": ("住宅与盲区", "Homes and gaps"),
    "layer_homes": ("住宅到最近设施的时间", "Homes by minutes to care"),
    "layer_gaps": ("未覆盖片区", "Uncovered areas"),
    "layer_bubbles": ("面积缺口", "Floor-area shortfall"),
    "bubble_largest": ("面积缺口,最大 {} 平方米", "Shortfall, largest {} m²"),
    "group_homes": ("住宅", "Homes"),
    "group_circles": ("服务圈", "Service circles"),
    "layer_circle": ("{} 分钟服务圈", "{}-minute circle"),
    "layer_parted": (
        "{} 分钟服务圈(各归最近设施)",
        "{}-minute circle, each road to its nearest facility",
    ),
    "layer_reached": ("可达道路", "Reached roads"),
    "left_out": ("{} 段,未放入地图", "{} pieces, left out of the map"),
    "group_facilities": ("设施", "Facilities"),
    "group_facilities_other": ("其他设施", "Other facilities"),
    "group_base": ("底图", "Base map"),
    "layer_roads": ("道路", "Roads"),
    "layer_barriers": ("河流与铁路", "Water and railways"),
    "layer_outline": ("社区(村)界", "Boundaries"),
    "layer_names": ("社区(村)名称", "Names"),
    # statuses of facilities
    "operating": ("运营", "operating"),
    "pipeline": ("在建或规划", "under construction or planned"),
    "closed": ("关闭", "closed"),
    "counts": ("计入覆盖", "counted in coverage"),
    # card
    "limits": ("时限", "Limits"),
    "profile": ("出行方式", "Travel"),
    "speed": ("速度", "Speed"),
    "speed_source": ("速度依据", "Speed from"),
    "direction": ("方向", "Direction"),
    "to_facility": ("住宅 → 设施", "home to facility"),
    "from_facility": ("设施 → 住宅", "facility to home"),
    "as_of": ("数据日期", "As of"),
    "on_time": ("社区按时标准", "On time means"),
    "on_time_rule_elders": ("至少 {} 的老年人按时可达", "at least {} of elders in time"),
    "on_time_rule_homes": ("至少 {} 的住宅按时可达", "at least {} of homes in time"),
    "eligible": ("计入设施", "Facilities counted"),
    "floor_rule": ("面积规则", "Floor-area rule"),
    "sources": ("数据来源", "Sources"),
    "synthetic": ("合成数据,仅供演示", "Synthetic data, for demonstration only"),
    "walk": ("步行", "on foot"),
    "wheelchair": ("轮椅", "by wheelchair"),
    "bike": ("骑行", "by bicycle"),
    "car": ("驾车", "by car"),
    "by_profile": ("{}({})", "{} ({})"),
    "class_km_h": ("按道路等级", "by road class"),
    # headline
    "roster": ("设施覆盖率(名录)", "Roster coverage"),
    "roster_hint": ("辖区内有设施的社区(村)", "communities that have a facility"),
    "elders_time": ("老年人口覆盖率({}分钟)", "Elders in time ({} min)"),
    "people_time": ("常住人口覆盖率({}分钟)", "Residents in time ({} min)"),
    "homes_time": ("住宅覆盖率({}分钟)", "Homes in time ({} min)"),
    "elders_time_hint": ("按时可达的老年人", "elders who reach care in time"),
    "people_time_hint": ("按时可达的常住人口", "residents who reach care in time"),
    "homes_time_hint": ("按时可达的住宅", "homes that reach care in time"),
    "elders_not_assessed": ("未评估老年人", "Elders not assessed"),
    "people_not_assessed": ("未评估常住人口", "Residents not assessed"),
    "homes_not_assessed": ("未评估住宅", "Homes not assessed"),
    "outside_all": ("所有社区(村)之外", "Outside all communities"),
    # popup rows
    "kind": ("类型", "Kind"),
    "street": ("镇街", "Town or street"),
    "verdict": ("判定", "Verdict"),
    "elders_covered": ("老年人口覆盖", "Elders covered"),
    "people_covered": ("常住人口覆盖", "Residents covered"),
    "households_covered": ("家庭户覆盖", "Households covered"),
    "homes_covered": ("住宅覆盖", "Homes covered"),
    "median_p90": ("中位 / 90% 分钟", "Median / p90 minutes"),
    "minutes_over": ("平均超出分钟", "Mean minutes over"),
    "in_area": ("辖区设施", "Its facilities"),
    "floor_required": ("应有面积", "Floor area required"),
    "floor_provided": ("现有面积", "Floor area provided"),
    "floor_shortfall": ("面积缺口", "Shortfall"),
    "per_100": ("每百户面积", "Per 100 households"),
    "floor_status": ("面积判定", "Floor-area verdict"),
    "status": ("状态", "Status"),
    "counted": ("计入覆盖", "Counted"),
    "stands_in": ("所在社区(村)", "Stands in"),
    "opened": ("启用", "Opened"),
    "closed_on": ("关闭日期", "Closed on"),
    "floor": ("建筑面积", "Floor area"),
    "beds": ("床位", "Beds"),
    "places": ("日间名额", "Day places"),
    "nearest_for": ("最近服务对象", "Nearest for"),
    "rule_passes": ("达标 {} / {}", "pass {} / {}"),
    "nearest_for_value": ("{} 处住宅,老年人 {}", "{} homes, {} elders"),
    "access": ("接入道路", "Access leg"),
    "rank": ("序号", "Rank"),
    "cause": ("原因", "Cause"),
    "communities": ("社区(村)", "Communities"),
    "elders": ("老年人", "Elders"),
    "elders80": ("80岁及以上", "Aged 80 and over"),
    "population": ("常住人口", "Residents"),
    "households": ("家庭户", "Households"),
    "homes": ("住宅", "Homes"),
    "minutes_mean": ("平均分钟", "Mean minutes"),
    "over_mean_p90": ("平均 / 90% 超出分钟", "Mean / p90 minutes over"),
    "nearest": ("最近设施", "Nearest facility"),
    "nearest_way": ("到最近设施", "To the nearest"),
    "planned_here": ("规划设施", "Planned facility"),
    "minutes": ("到达时间", "Time"),
    "limit": ("时限", "Limit"),
    "reason": ("说明", "Why"),
    "home": ("住宅", "Home"),
    "metres": ("{} 米", "{} m"),
    "minute": ("{} 分钟", "{} min"),
    "square_metres": ("{} 平方米", "{} m²"),
    "elders_label": ("{} 位老人", "{} elders"),
    "people_label": ("{} 人", "{} people"),
    "homes_label": ("{} 处住宅", "{} homes"),
    # before, after and change
    "view": ("对比", "Compare"),
    "view_before": ("现状", "Before"),
    "view_after": ("方案", "After"),
    "view_change": ("变化", "Change"),
    "scenario": ("方案", "Scenario"),
    "newly_in_time": ("新增按时可达", "Newly in time"),
    "newly_late": ("不再按时可达", "No longer in time"),
    "in_time_both": ("前后均按时", "In time before and after"),
    "late_both": ("前后均超时", "Too late before and after"),
    "layer_homes_change": ("住宅变化", "Homes that change"),
    "layer_cell_change": ("达标变化", "Verdicts that change"),
    "elders_rate_change": ("老年人口覆盖率变化", "Change of elders in time"),
    "people_rate_change": ("常住人口覆盖率变化", "Change of residents in time"),
    "homes_rate_change": ("住宅覆盖率变化", "Change of homes in time"),
    "now_on_time": ("新达标(按时)", "Newly on time"),
    "now_has": ("新有设施,仍超时", "Newly has a facility, still late"),
    "worse": ("变差", "Worse"),
    "unchanged": ("无变化", "No change"),
    "points": ("{} 个百分点", "{} points"),
    "label_points": ("{} · 百分点", "{} · points"),
    "new_site": ("新建或启用", "Built or opened"),
    "gone_site": ("关闭或迁出", "Closed or moved away"),
    "elders_moved": ("新增按时老年人 {} · 失去 {}", "Elders newly in time {} · no longer {}"),
    "people_moved": ("新增按时常住人口 {} · 失去 {}", "Residents newly in time {} · no longer {}"),
    "homes_moved": ("新增按时住宅 {} · 失去 {}", "Homes newly in time {} · no longer {}"),
    # controls
    "search": ("搜索社区、村、设施", "Search communities and facilities"),
    "no_match": ("没有找到", "nothing found"),
    "layers": ("图层", "Layers"),
    "legend": ("图例", "Legend"),
    "panel": ("面板", "Panel"),
    "about": ("口径与来源", "Terms and sources"),
    "whole": ("全图", "Whole map"),
    "facility_word": ("设施", "facility"),
    "area_word": ("社区(村)", "community"),
} | PAGE_WORDS
_SMALL = 10
_CLOSE = 1e-9


@dataclass(frozen=True)
class Speech:
    """Say a word, a number or a share in one language, or in both for :func:`in_language`.

    Examples
    --------
    >>> Speech("en").share(46, 70)
    '46 / 70 (65.7%)'
    >>> Speech("zh")("no_data")
    '无数据'
    """

    language: Literal["zh", "en", "both"]

    def __call__(self, key: str, *values: object) -> str:
        """Return the word; an unknown key (a code of the user's own) is returned as it is."""
        pair = WORDS.get(key)
        return self.pick((pair[0].format(*values), pair[1].format(*values))) if pair else key

    def pick(self, pair: tuple[str, str]) -> str:
        """Return the Chinese or the English one of two texts, or both where they differ."""
        if self.language == "both" and pair[0] != pair[1]:
            return f"{_OPEN}{pair[0]}{_BETWEEN}{pair[1]}{_CLOSE_BOTH}"
        return pair[1] if self.language == "en" else pair[0]

    def text(self, value: object) -> str:
        """Return text, dates without their midnight; missing gives an empty string."""
        if missing(value):
            return ""
        if isinstance(value, pd.Timestamp):
            return value.date().isoformat()
        return str(value).strip()

    def number(self, value: object, digits: int = 0) -> str:
        """Return a number with thousands separators; missing says so.

        Examples
        --------
        >>> Speech("en").number(1234.5), Speech("en").number(3.25), Speech("en").number(None)
        ('1,234', '3.2', 'no data')
        """
        if not _known(value):
            return self("no_data")
        found = float(value)  # type: ignore[arg-type]  # _known has seen that it is a number
        small = not digits and abs(found) < _SMALL and found != round(found)
        return f"{found:,.{1 if small else digits}f}"

    def unit(self, key: str, value: object, digits: int = 0) -> str:
        """Return a number with its unit, or that there is none."""
        return self(key, self.number(value, digits)) if _known(value) else self("no_data")

    def percent(self, numerator: object, denominator: object) -> str:
        """Return a percentage that never rounds up to 100 or down to 0.

        Examples
        --------
        >>> Speech("en").percent(9999, 10000), Speech("en").percent(1, 10000)
        ('99.9%', '<0.1%')
        """
        if not (_known(numerator) and _known(denominator)) or float(denominator) <= 0:  # type: ignore[arg-type]  # known to be a number
            return self("no_data")
        part, whole = float(numerator), float(denominator)  # type: ignore[arg-type]  # both known
        if math.isclose(part, whole, rel_tol=_CLOSE):
            return "100%"
        shown = f"{100 * part / whole:.1f}%"
        if shown == "100.0%":
            return "99.9%"
        return "<0.1%" if shown == "0.0%" and part > 0 else shown

    def share(self, numerator: object, denominator: object) -> str:
        """Return ``n / d (p%)``; the parts that are missing say so."""
        if not (_known(numerator) or _known(denominator)):
            return self("no_data")
        pair = f"{self.number(numerator)} / {self.number(denominator)}"
        if not (_known(numerator) and _known(denominator)) or not float(denominator):  # type: ignore[arg-type]  # known to be a number
            return pair
        return f"{pair} ({self.percent(numerator, denominator)})"


def in_language(text: str, language: Literal["zh", "en"]) -> str:
    """Return a text that was said in both languages in one of them; others stay as they are.

    Examples
    --------
    >>> in_language(Speech("both")("within", 15), "en")
    '≤ 15 min'
    """
    group, found = (1 if language == "zh" else 2), 1
    while found:  # a pair may stand inside another
        text, found = _PAIR.subn(lambda pair: pair[group], text)
    return text


def missing(value: object) -> bool:
    """Tell whether a cell holds None, NaN, NaT or NA."""
    return value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))  # type: ignore[call-overload]  # a scalar


def _known(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and math.isfinite(float(value))
