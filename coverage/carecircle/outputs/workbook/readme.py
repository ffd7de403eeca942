"""The first sheet of the workbook: the terms under which every figure holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from carecircle.outputs.codes import CODES, SHEETS
from carecircle.outputs.workbook.indicators import indicator_lines, sync_lines
from carecircle.outputs.workbook.rules import rule_versions, standard_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carecircle.analysis.findings import Findings, StudyCard

__all__ = ["readme_rows"]

_MODES = {
    "walk": ("步行", "on foot"),
    "wheelchair": ("轮椅", "wheelchair"),
    "bike": ("骑行", "bicycle"),
    "car": ("机动车", "car"),
}
_DIRECTIONS = {
    "to_facility": ("住宅到设施", "home to facility"),
    "from_facility": ("设施到住宅", "facility to home"),
}
_SHARES = (
    ("设施覆盖率(名录)", "roster coverage", "units_with_facility", "units_total"),
    ("社区达标率(时间)", "areas on time", "units_on_time", "units_total"),
    ("老年人口覆盖率(时间)", "elders covered in time", "elders_covered", "elders_total"),
    ("常住人口覆盖率(时间)", "residents covered in time", "people_covered", "people_total"),
    ("家庭户覆盖率(时间)", "households covered in time", "households_covered", "households_total"),
    ("住宅覆盖率(时间)", "homes covered in time", "homes_covered", "homes_total"),
)


def readme_rows(
    findings: Findings, rows: Mapping[str, int], left_out: Sequence[str]
) -> list[tuple[str, str]]:
    """Return (label, text) lines: terms, headline with n/d, how to read, sheets and their rows.

    Parameters
    ----------
    findings
        The assessment.
    rows
        Sheet -> number of rows.
    left_out
        Sheets that have too many rows for the workbook.
    """
    pick = 0 if findings.card.language == "zh" else 1
    lines = [
        *_terms(findings.card, pick),
        *_headline(findings, pick),
        *indicator_lines(findings),
        *sync_lines(findings),
        *standard_lines(findings),
        *_unverified(findings, pick),
        *_reading(findings.card, pick),
        *_sheets(rows, left_out, pick),
    ]
    lines += [(("数据来源", "source")[pick], source) for source in findings.card.sources]
    return lines


def _terms(card: StudyCard, pick: int) -> Iterator[tuple[str, str]]:
    profile = card.profile
    minutes = ("分钟", "minutes")[pick]
    yield ("标题", "title")[pick], (card.title_zh, card.title)[pick]
    if card.synthetic:
        yield (
            ("注意", "note")[pick],
            ("合成数据,仅供演示,不得用于决策", "synthetic data, for demonstration only")[pick],
        )
    yield ("数据日期", "as of")[pick], card.as_of
    yield (
        ("时限", "limits")[pick],
        ", ".join(
            f"{CODES['kind'].get(kind, (kind, kind))[pick]} {limit:g} {minutes}"
            for kind, limit in card.limits.items()
        ),
    )
    yield (
        ("出行方式", "travel profile")[pick],
        f"{profile.name}: {_MODES[profile.mode][pick]}, {profile.speed_m_s:.3g} m/s",
    )
    yield (
        ("速度依据", "source of the speed")[pick],
        (profile.source_zh or profile.source, profile.source)[pick],
    )
    yield ("方向", "direction")[pick], _DIRECTIONS[card.direction][pick]
    yield (
        ("计入设施", "facilities counted")[pick],
        "、".join(card.kinds[kind][0] if kind in card.kinds else kind for kind in card.eligible)
        if pick == 0
        else ", ".join(card.kinds[k][1] if k in card.kinds else k for k in card.eligible),
    )
    yield (
        ("社区按时达标", "an area is on time")[pick],
        (
            f"老年人口(未知时按住宅)至少 {100 * card.on_time_share:g}% 在时限内可达",
            f"at least {100 * card.on_time_share:g}% of elders (homes where unknown) in time",
        )[pick],
    )
    if card.floor_rule:
        yield ("面积规则", "floor-area rule")[pick], card.floor_rule


def _headline(findings: Findings, pick: int) -> Iterator[tuple[str, str]]:
    """Yield the city's shares as ``46/70 = 65.7%``; nothing where a figure is unknown."""
    totals = findings.totals
    if totals.empty:
        return
    for city in totals[totals.index.get_level_values(0) == "city"].to_dict("records"):
        place = f"{city['name']} · " if city.get("name") else ""
        for zh, en, part, whole in _SHARES:
            n, d = city.get(part), city.get(whole)
            if pd.notna(n) and pd.notna(d) and d > 0:
                share = _percent(float(n), float(d))
                yield place + (zh, en)[pick], f"{n:,.0f}/{d:,.0f} = {share}"


def _unverified(findings: Findings, pick: int) -> Iterator[tuple[str, str]]:
    """Name the rules whose wording nobody compared with the original."""
    for version in rule_versions(findings):
        names = version["not_verified"]
        if isinstance(names, list) and names:
            listed = ", ".join(map(str, names))
            yield (
                ("条文未核实", "wording not verified")[pick],
                (f"{version['preset']}: {listed}。判定仅供参考。",
                 f"{version['preset']}: {listed}. Verdicts for information only.")[pick],
            )  # fmt: skip


def _percent(n: float, d: float) -> str:
    """Return the share to a tenth, never rounded up to 100 % or down to 0 %."""
    tenths = round(1000.0 * n / d)
    if n < d:
        tenths = min(tenths, 999)
    if n > 0:
        tenths = max(tenths, 1)
    return f"{tenths / 10:.1f}%"


def _reading(card: StudyCard, pick: int) -> Iterator[tuple[str, str]]:
    label = ("读法", "how to read")[pick]
    for zh, en in (
        (
            "分钟数沿道路计算,含住宅和设施到道路的一段;恰好等于时限也算覆盖。",
            "Minutes are along the roads, access legs included; exactly at the limit is covered.",
        ),
        (
            "覆盖 + 未覆盖 + 未评估 = 总数;到不了的住宅留在分母里。空白表示未知,不是 0。",
            "Covered + uncovered + not assessed = total, even with no way. Blank: unknown, not 0.",
        ),
        (
            "名录覆盖率看辖区内有没有设施,时间覆盖率看按时能不能到,两者不可混用。",
            "Roster coverage: the area has a facility. Time coverage: people reach one in time.",
        ),
        (
            "合计由分子、分母分别相加得出,不对比率求平均。判定用精确值,不用四舍五入后的百分比。",
            "Totals add numerators and denominators. Verdicts use exact values, not rounded ones.",
        ),
        (
            "规划和在建设施不计入覆盖。",
            "Planned facilities and those under construction do not count.",
        ),
    ):
        yield label, (zh, en)[pick]
    if card.synthetic:
        yield label, ("所有数字均来自合成数据。", "All figures come from synthetic data.")[pick]


def _sheets(
    rows: Mapping[str, int], left_out: Sequence[str], pick: int
) -> Iterator[tuple[str, str]]:
    for name, count in rows.items():
        if name in left_out:
            file = "rules.csv" if name == "rules" else "coverage.gpkg"
            text = (
                f"{count:,} 行,未放入工作簿,见 {file}",
                f"{count:,} rows, left out of the workbook; see {file}",
            )[pick]
        else:
            text = (f"{count:,} 行", f"{count:,} rows")[pick]
        yield f"{('表', 'sheet')[pick]} {SHEETS[name][pick]}", text
