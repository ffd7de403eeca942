"""Limits for each unit, and the verdict: decided on what is needed, never on a rounded figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.inputs.dasymetric import numbers
from carecircle.standards.floor_rule import DECIMALS
from carecircle.standards.rules import MIXED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.standards.measures import Measured
    from carecircle.standards.rule_frames import RuleFrames
    from carecircle.standards.rules import Limit, Rule

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Objects = NDArray[np.object_]

__all__ = ["REASONS", "STATUSES", "Verdict", "decide"]

#: Status -> (Chinese, English).
STATUSES: dict[str, tuple[str, str]] = {
    "pass": ("达标", "pass"),
    "fail": ("不达标", "fail"),
    "not_applicable": ("不适用", "not applicable"),
    "not_assessable": ("无法评估", "not assessable"),
}
_PASS, _FAIL, _FREE, _BLIND = range(4)

#: Reason code -> (Chinese, English); own formulas may add theirs.
REASONS: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "below_limit": ("低于限值", "below the limit"),
    "above_limit": ("高于限值", "above the limit"),
    "rule_does_not_apply": ("规则不适用于此单元", "the rule does not speak to this unit"),
    "nothing_to_count": ("分母为零", "nothing to divide by"),
    "no_households": ("无住户", "no households"),
    "not_operating": ("未运营", "not operating"),
    "size_below_table": ("规模低于表列下限", "smaller than the table of the rule"),
    "size_above_table": ("规模高于表列上限", "larger than the table of the rule"),
    "class_missing": ("分类缺失", "the class that decides the limit is missing"),
    "class_not_listed": ("规则未列此分类", "the rule lists no limit for this class"),
    "kind_missing": ("城乡类型缺失", "urban or rural is missing"),
    "regime_missing": ("建设类型缺失", "the building regime is missing"),
    "households_missing": ("户数缺失", "households are missing"),
    "households_new_missing": ("新建小区户数缺失", "households in new estates are missing"),
    "population_missing": ("人口缺失", "population is missing"),
    "elders_missing": ("老年人口缺失", "elders are missing"),
    "floor_missing": ("建筑面积缺失", "floor area is missing"),
    "activity_missing": ("活动面积缺失", "activity area is missing"),
    "split_unknown": ("共用设施无法按户数分摊", "shared, and households to split by are missing"),
    "beds_missing": ("床位数缺失", "beds are missing"),
    "figure_missing": ("数据缺失", "the figure is missing"),
    "kind_not_in_tables": ("数据中没有此类设施", "no table speaks of facilities of this kind"),
    "minutes_missing": ("无出行时间", "no minutes of homes"),
    "minutes_for_other_kinds": (
        "出行时间按其他设施类型计算",
        "minutes are for other facility kinds; give pairs",
    ),
    "none_assessed": ("住宅均未评估", "none of the homes is assessed"),
    "no_observation": ("无观测数据", "no observation"),
    "published_only": (
        "只有公布值,无分子分母",
        "only a published figure, without numerator and denominator",
    ),
    "no_roster": ("名录未列此类设施", "no roster lists facilities of this kind"),
    "links_missing": (
        "无设施之间的出行时间:需要可通车的道路",
        "no minutes between facilities: they need roads open to cars",
    ),
    "no_projects": ("无住宅项目数据", "no housing projects"),
    "not_due": ("尚未交付", "not delivered yet"),
    "date_missing": ("日期缺失", "a date is missing"),
    "closing_missing": ("关闭日期缺失", "date of closing is missing"),
    "opening_missing": ("启用日期缺失", "date of opening is missing"),
    "members_unknown": ("部分单元数据缺失", "figures of some members are missing"),
    "level_missing": ("未注明所属单元", "the tables do not say which unit"),
}


@dataclass(frozen=True, eq=False)
class Verdict:
    """What was decided for each unit: status code (position in :data:`STATUSES`) and why.

    ``low`` and ``high`` are the limit in the unit of the value, ``gap`` how far the value is off,
    ``lack`` what would close it in the unit of the numerator (negative: too much).
    """

    value: Floats
    low: Floats
    high: Floats
    gap: Floats
    lack: Floats
    status: NDArray[np.int8]
    reason: Objects


def decide(frames: RuleFrames, rule: Rule, found: Measured) -> Verdict:
    """Compare a figure with the limit of a rule.

    ``numerator >= limit x denominator / scale`` decides, after rounding to a millionth of the
    numerator's unit: sums of decimals carry noise, and noise must not decide. A unit whose members
    are partly unknown is not assessable; its figures hold what is known. So is a figure that was
    published without numerator and denominator: it may be rounded.
    """
    low, high, said = _limits(frames, rule.limit, found)
    value = found.value
    needed, most = low * found.denominator / found.scale, high * found.denominator / found.scale
    numerator = found.numerator
    if rule.pooling != "none":
        numerator, needed, most, value = _pooled(frames, rule, found, (low, high))
    short = np.round(needed - numerator, DECIMALS)
    over = np.round(numerator - most, DECIMALS)
    under = (short > 0) & (rule.comparator != "<=")
    above = (over > 0) & (rule.comparator != ">=")
    blind = (
        np.isnan(numerator) | np.isnan(found.denominator) | np.isnan(low) | np.isnan(high)
        | (found.reason == "members_unknown") | (found.reason == "published_only")
    )  # fmt: skip
    free = ~found.applies | (found.denominator == 0) | (said == _SIZES[0]) | (said == _SIZES[1])
    status = np.where(under | above, _FAIL, _PASS)
    status = np.where(blind, _BLIND, status)
    status = np.where(free, _FREE, status).astype(np.int8)
    failed = status == _FAIL
    return Verdict(
        value=value,
        low=low,
        high=high,
        gap=np.where(failed, np.where(under, low - value, value - high), _zero(status)),
        lack=np.where(failed, np.where(under, short, -over), _zero(status)),
        status=status,
        reason=_why(status, found, said, under=under),
    )


_SIZES = ("size_below_table", "size_above_table")


def _zero(status: NDArray[np.int8]) -> Floats:
    return np.where(status == _PASS, 0.0, np.nan)


def _why(status: NDArray[np.int8], found: Measured, said: Objects, *, under: Flags) -> Objects:
    reason = np.full(len(status), "", dtype=object)
    failed = status == _FAIL
    reason[failed & under], reason[failed & ~under] = "below_limit", "above_limit"
    for rows, otherwise in (
        (status == _FREE, "nothing_to_count"),
        (status == _BLIND, "figure_missing"),
    ):
        given, limit = found.reason[rows], said[rows]
        given = np.where(given == "", limit, given)
        given[given == ""] = otherwise
        reason[rows] = given
    reason[~found.applies] = "rule_does_not_apply"
    return reason


def _limits(frames: RuleFrames, limit: Limit, found: Measured) -> tuple[Floats, Floats, Objects]:
    """Return the limit of each unit, low and high, and why there is none."""
    n = len(found.at)
    said = np.full(n, "", dtype=object)
    if not limit.by:
        return np.full(n, limit.low), np.full(n, limit.high), said
    figure = np.full(n, np.nan)
    if limit.classes:
        given = _class_of(frames, limit.by, found)
        said[:] = "class_not_listed"
        said[pd.isna(given)] = "class_missing"
        for name, listed in limit.classes.items():
            here = given == name
            figure[here] = _mixed(frames, limit, found)[here] if listed == MIXED else listed
            said[here] = ""
            said[here & np.isnan(figure)] = "households_new_missing"
        return figure, figure, said
    sizes = np.array([size for size, _ in limit.steps])
    figures = np.array([listed for _, listed in limit.steps])
    sized = pd.to_numeric(frames.column(found.level, limit.by))
    size = sized.to_numpy(dtype=np.float64, na_value=np.nan)[found.at]
    step = np.searchsorted(sizes, size, side="right") - 1
    listed = (step >= 0) & (size < limit.below) & ~np.isnan(size)
    figure[listed] = figures[step[listed]]
    said[~listed] = np.where(np.isnan(size), f"{limit.by}_missing", np.where(step < 0, *_SIZES))[
        ~listed
    ]
    return figure, figure, said


def _class_of(frames: RuleFrames, by: str, found: Measured) -> Objects:
    if by == "regime" and found.level == "area":
        return frames.regime[found.at]
    return frames.column(found.level, by).to_numpy(dtype=object)[found.at]


def _mixed(frames: RuleFrames, limit: Limit, found: Measured) -> Floats:
    """Return the limit of old and new quarters weighted by their households."""
    total, new = numbers(frames.areas, "households"), frames.households_new
    old_limit, new_limit = float(limit.classes["existing"]), float(limit.classes["new"])
    owed = old_limit * (total - new) + new_limit * new
    return np.divide(owed, total, out=np.full(len(total), np.nan), where=total > 0)[found.at]


def _pooled(
    frames: RuleFrames, rule: Rule, found: Measured, limits: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Let small areas of one street or district add up what they have and owe."""
    households = numbers(frames.areas, "households")[found.at]
    pool = frames.unit_of(rule.pooling, "area")[found.at]
    shares = found.applies & (households < rule.pooling_below) & (pool >= 0)
    own = (found.numerator, *(limit * found.denominator / found.scale for limit in limits))
    parts = []
    for figures in (*own, found.denominator):
        together = np.bincount(pool[shares], figures[shares], minlength=1 + pool.max(initial=0))
        parts.append(np.where(shares, together[pool], figures))
    below = np.where(parts[3] > 0, parts[3], np.nan)
    return parts[0], parts[1], parts[2], found.scale * parts[0] / below
