"""Parts of a report on maps, on uncovered areas, and on where to build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.errors import MissingLibraryError
from carecircle.outputs.codes import CODES
from carecircle.outputs.headcount import GAP_COLUMNS, counted_in
from carecircle.outputs.map.text import missing
from carecircle.outputs.report.input import one_line, speech
from carecircle.outputs.report.model import Part, Picture, Text, grid

if TYPE_CHECKING:
    from carecircle.outputs.map.text import Speech
    from carecircle.outputs.report.input import ReportInput
    from carecircle.outputs.static_maps import Theme

__all__ = ["gap_part", "map_part", "site_part"]

_MOST, _TOLD = 40, 12
_STATUSES = {
    "optimal": "已证明最优", "gap": "差距内最优", "time_limit": "到时限为止",
    "interrupted": "中途停止", "heuristic": "启发式,未证明",
}  # fmt: skip


def map_part(given: ReportInput) -> Part:
    """Return part 7: the static maps; a map without anything to show says so in one line."""
    from carecircle.outputs.static_maps import draw_map, map_png, theme_title

    say, findings = speech(given), given.findings
    title = say.pick(("地图", "Maps"))
    if findings.areas.empty and findings.homes.empty:
        return Part(
            title, (Text(say.pick(("没有可画的数据。", "There is nothing to draw.")), "none"),)
        )
    blocks: list[Any] = []
    for theme in _themes(given):
        values = given.access if theme == "access" else None
        try:
            png = map_png(draw_map(findings, theme, values=values))
        except MissingLibraryError as fault:  # no font: the figures are still worth reading
            return Part(
                title, (Text(f"{say.pick(('未能出图:', 'No map was drawn: '))}{fault}", "warn"),)
            )
        caption = say.pick(("图", "Map"))
        mark = f" · {say('synthetic')}" if findings.card.synthetic else ""
        blocks.append(Picture(png, f"{caption} {len(blocks) + 1} {theme_title(theme, say)}{mark}"))
    if given.access is None:
        none = say.pick(("可达性(2SFCA):没有数据。", "Access (2SFCA): no data."))
        blocks.append(Text(none + given.why("access"), "none"))
    return Part(title, tuple(blocks))


def _themes(given: ReportInput) -> list[Theme]:
    findings = given.findings
    wanted: dict[Theme, bool] = {
        "facilities": len(findings.facilities) > 0,
        "circles": len(findings.circles) > 0,
        "minutes": len(findings.homes) > 0,
        "verdict": len(findings.areas) > 0,
        "gaps": len(findings.gaps) > 0,
        "access": given.access is not None,
    }
    return [theme for theme, there in wanted.items() if there]


def gap_part(given: ReportInput) -> Part:
    """Return part 8: the list of uncovered areas, and what would bring them in time."""
    say, findings = speech(given), given.findings
    title = say.pick(("未覆盖片区", "Uncovered areas"))
    gaps = findings.gaps
    if gaps.empty:
        if findings.homes.empty:
            return Part(title, (Text(say.pick(("没有住宅数据。", "There are no homes.")), "none"),))
        none = say.pick(("没有未覆盖片区。", "No area is uncovered."))
        return Part(title, (Text(none, "lead"),))
    weight = counted_in(findings)
    column, pick = GAP_COLUMNS[weight], 0 if say.language == "zh" else 1
    areas = gaps[gaps["kind"] == "area"]
    causes = areas["cause"].value_counts()
    listed = ("、" if pick == 0 else ", ").join(
        f"{CODES['cause'].get(str(cause), (str(cause),) * 2)[pick]} {count}"
        for cause, count in causes.items()
    )
    counted = areas[column].sum(min_count=1) if len(areas) else 0.0
    unit = say(f"{weight}_label", say.number(counted))
    lead = say.pick((
        (f"未覆盖片区 {len(areas):,} 个,合计 {unit};零散 {len(gaps) - len(areas):,} 组。"
        f"成因:{listed}。"),
        (f"{len(areas):,} uncovered areas with {unit}, and {len(gaps) - len(areas):,} scattered"
        f" groups. Causes: {listed}."),
    ))  # fmt: skip
    blocks: list[Any] = [Text(lead, "lead"), _gap_table(gaps, column, say)]
    if len(gaps) > _MOST:
        more = f"{len(gaps) - _MOST:,}"
        blocks.append(
            Text(say.pick((f"另有 {more} 个,见 tables.xlsx。", f"{more} more in tables.xlsx.")))
        )
    return Part(title, (*blocks, *_told(given, say)))


def _gap_table(gaps: pd.DataFrame, column: str, say: Speech) -> Any:
    pick = 0 if say.language == "zh" else 1
    rows = [
        (
            str(gap_id), one_line(gap["area_names"]), one_line(gap["street_names"], 30),
            say.number(gap[column]), say.number(gap["homes"]),
            say.number(gap["minutes_over_mean"], 1),
            CODES["cause"].get(str(gap["cause"]), (str(gap["cause"]),) * 2)[pick],
            say.text(gap["nearest_facility_name"]), say.number(gap["nearest_metres"]),
        )
        for gap_id, gap in gaps.head(_MOST).iterrows()
    ]  # fmt: skip
    who = {"elders": "elders", "population": "population", "homes": "homes"}[column]
    heads = [say.pick(("编号", "Gap")), say("communities"), say("street"), say(who), say("homes"),
             say("minutes_over"), say("cause"), say("nearest"),
             say.pick(("路程(米)", "Metres"))]  # fmt: skip
    caption = say.pick(("按严重程度排序", "Worst first"))
    return grid(caption, heads, rows, numbers=[3, 4, 5, 8])


def _told(given: ReportInput, say: Speech) -> list[Text]:
    """Return the sentences on what would bring the worst areas in time."""
    told = given.told
    if told is None and given.why("told"):
        none = say.pick(("未计算各片区的最小改变。", "No smallest change was looked for."))
        return [Text(none + given.why("told"), "none")]
    if told is None or told.empty:
        return []
    head = say.pick(("最小的改变(前几个片区):", "The smallest change found, for the first areas:"))
    return [Text(head), *(Text(str(text)) for text in told[say.language].head(_TOLD))]


def site_part(given: ReportInput) -> Part:
    """Return part 9: a plan of new sites in building order, with what proves it."""
    say, plan = speech(given), given.plan
    title = say.pick(("选址方案", "Site options"))
    if plan is None:
        none = say.pick(("未作选址。", "No sites were chosen."))
        why = given.why("plan") or say.pick(("(没有候选点)", " (there are no candidate sites)"))
        return Part(title, (Text(none + why, "none"),))
    chosen, proof = plan.chosen, plan.proof
    sites = given.sites
    names = sites["name"] if sites is not None and "name" in sites else pd.Series(dtype=object)
    rows = [
        (str(place), str(site), say.text(names.get(site)), say.number(row.get("gain")),
         say.number(row.get("cumulative")), _share(row.get("share")),
         "--" if missing(row.get("cost")) else f"{row['cost']:,.6g}")
        for place, (site, row) in enumerate(chosen.iterrows(), start=1)
    ]  # fmt: skip
    heads = [("序", "No."), ("候选点", "Site"), ("名称", "Name"), ("新增覆盖", "Newly in time"),
             ("累计", "Cumulative"), ("达到覆盖率", "Share then"), ("费用", "Cost")]  # fmt: skip
    terms = plan.terms
    covered, total = terms.get("covered"), terms.get("total")
    share = say.share(covered, total)
    best = proof.status == "optimal"
    lead = say.pick((
        f"新建 {len(chosen)} 处后按时覆盖 {share}。"
        + ("已证明没有更好的选择。" if best else f"最优性差距不超过 {100 * proof.gap:.2f}%。"),
        f"With {len(chosen)} new sites {share} are in time. "
        + ("It is proven that no choice is better." if best
           else f"The gap to the best is at most {100 * proof.gap:.2f}%."),
    ))  # fmt: skip
    proven = say.pick((f"求解与核验:{_proof_zh(proof)}", f"Solver and check: {_proof(proof)}"))
    table = grid(say.pick(("按建设顺序", "In building order")), [say.pick(h) for h in heads], rows,
                 numbers=[3, 4, 5, 6])  # fmt: skip
    return Part(title, (Text(lead, "lead"), table, Text(proven)))


def _proof(proof: Any) -> str:
    return (
        f"{proof.status}; objective {proof.objective:,.6g}, bound {proof.bound:,.6g},"
        f" gap {proof.gap:.2%}; {proof.solver}; {proof.verdict}"
    )


def _proof_zh(proof: Any) -> str:
    # the verifier's own words are quoted: they say what it counted
    checked = "独立复核通过" if proof.verdict.startswith("verified") else "独立复核"
    return (
        f"{_STATUSES.get(proof.status, proof.status)};目标值 {proof.objective:,.6g},界"
        f" {proof.bound:,.6g},差距 {proof.gap:.2%};{proof.solver};{checked}({proof.verdict})"
    )


def _share(value: Any) -> str:
    return "--" if missing(value) else f"{100 * value:.1f}%"
