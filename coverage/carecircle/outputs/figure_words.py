"""How each column of a result is computed, from which tables and under which terms."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["DERIVATIONS", "Derivation", "derivation_of"]

Pair = tuple[str, str]


@dataclass(frozen=True)
class Derivation:
    """How figures come about: their columns (a pattern), formula in words, tables and terms."""

    tables: str
    columns: str
    formula: Pair
    inputs: tuple[str, ...]
    terms: tuple[str, ...] = ()


_ROLLED = "totals|areas"
_FLOOR = "floor_totals|floor_areas"
_TIME = ("homes", "facilities", "roads", "barriers", "minutes", "areas")
_WHO = "(homes|people|elders|households)"
#: Every computed column; what no line names is a column of the input.
DERIVATIONS: tuple[Derivation, ...] = (
    Derivation(_ROLLED, f"{_WHO}_total", ("住宅之和", "sum over the homes"), ("homes", "areas")),
    Derivation(
        _ROLLED, f"{_WHO}_covered",
        ("到最近设施的分钟数 <= 居住地时限的住宅之和", "homes with minutes <= their limit"),
        _TIME, ("limits", "profile", "eligible", "direction"),
    ),
    Derivation(
        _ROLLED, f"{_WHO}_uncovered",
        ("超出时限或无路可达的住宅之和", "sum over homes beyond their limit or without a way"),
        _TIME, ("limits", "profile", "eligible", "direction"),
    ),
    Derivation(
        _ROLLED, f"{_WHO}_not_assessed",
        ("无法接入路网或不在任何社区的住宅之和", "homes off the roads or outside all areas"),
        _TIME, ("snap_m",),
    ),
    Derivation(
        _ROLLED, f"{_WHO}_rate", ("覆盖数 ÷ 总数", "covered / total"), _TIME,
        ("limits", "profile", "eligible", "direction"),
    ),
    Derivation(
        _ROLLED, "(median|p90|p99)_minutes|minutes_over",
        ("按老年人口(未知时按住宅)加权", "weighted by elders (homes where none are known)"), _TIME,
        ("profile",),
    ),
    Derivation(
        _ROLLED, "homes_unknown_people",
        ("人口或老年人口未知的住宅数", "homes whose residents or elders are unknown"), ("homes",),
    ),
    Derivation(
        _ROLLED, "has_facility|facility_ids|units_with_facility|roster_rate",
        ("按名录有设施的社区(村)", "areas with a facility by the roster"), ("facilities", "areas"),
        ("eligible",),
    ),
    Derivation(
        _ROLLED, "on_time|cell|cell_.*|units_on_time|on_time_rate|units_not_assessed",
        ("时限内老年人口占比达到达标线的社区(村)",
         "areas in which the share of elders in time reaches the share asked for"),
        _TIME, ("on_time_share", "limits", "profile", "eligible"),
    ),
    Derivation(
        _ROLLED, "units_total", ("社区(村)计数", "number of areas"), ("areas",),
    ),
    Derivation(
        _FLOOR, "required.*_m2",
        ("每百户面积 × 户数 ÷ 100,且不低于最低面积", "m2 per 100 households, at least the floor"),
        ("areas",), ("floor_rule",),
    ),
    Derivation(
        _FLOOR, "provided_m2|ratio_m2|facility_ids",
        ("运营设施面积之和,共用设施按户数分摊",
         "floor area of operating facilities, shared ones split by households"),
        ("facilities", "areas"), ("floor_rule",),
    ),
    Derivation(
        _FLOOR, "shortfall_m2|city_gap_m2",
        ("应有 − 现有,不小于0", "required - provided, at least 0"),
        ("facilities", "areas"), ("floor_rule",),
    ),
    Derivation(
        _FLOOR, "m2_per_100_households",
        ("100 × 面积之和 ÷ 户数之和", "100 x sum of floor area / sum of households"),
        ("facilities", "areas"), ("floor_rule",),
    ),
    Derivation(
        _FLOOR, ".*", ("面积核查的计数与判定", "counts and verdicts of the floor-area check"),
        ("facilities", "areas"), ("floor_rule",),
    ),
    Derivation(
        "facilities", "homes|people|elders",
        ("以此设施为最近设施的住宅之和", "sum over the homes it is nearest to"), _TIME,
        ("profile",),
    ),
    Derivation(
        "facilities", "eligible", ("运营中且属于计入类型", "operating, and of a kind that counts"),
        ("facilities",), ("eligible",),
    ),
    Derivation(
        "facilities|homes", "minutes|second_.*|facility_id|metres|access_m|reason",
        ("沿道路搜索", "searched along the roads"), _TIME, ("profile", "snap_m", "direction"),
    ),
    Derivation(
        "homes", "covered|limit_minutes|minutes_over",
        ("分钟数与居住地时限相比", "minutes against the limit of the area lived in"), _TIME,
        ("limits",),
    ),
    Derivation(
        "gaps", ".*", ("盲区内住宅之和", "sum over the homes of the uncovered area"), _TIME,
        ("gaps",),
    ),
    Derivation(
        "rules|indicators", ".*", ("规则的公式", "the formula of the rule"),
        (*_TIME, "projects", "rosters", "observations"),
    ),
)  # fmt: skip


def derivation_of(table: str, column: str) -> Derivation | None:
    """Return how a column is computed; ``None`` for a column of the input.

    Examples
    --------
    >>> derivation_of("totals", "elders_rate").formula[1]
    'covered / total'
    >>> derivation_of("areas", "street_name") is None
    True
    """
    for known in DERIVATIONS:
        if table in known.tables.split("|") and re.fullmatch(known.columns, column):
            return known
    return None
