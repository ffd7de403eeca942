"""Parts of a report on maps and on uncovered areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecircle.errors import MissingLibraryError
from carecircle.outputs.codes import CODES
from carecircle.outputs.headcount import GAP_COLUMNS, counted_in
from carecircle.outputs.report.input import level_rows, one_line, speech
from carecircle.outputs.report.model import Part, Picture, Text, grid

if TYPE_CHECKING:
    import pandas as pd

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech
    from carecircle.outputs.report.input import ReportInput
    from carecircle.outputs.report.model import Grid
    from carecircle.outputs.static_maps import Theme

__all__ = ["gap_appendix", "gap_part", "map_part"]

_MOST, _TOLD = 40, 12


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
    """Return part 8: who is not in time and where, and what on the ground would help."""
    say, findings = speech(given), given.findings
    title = say.pick(("未覆盖片区", "Uncovered areas"))
    gaps = findings.gaps
    if gaps.empty:
        if findings.homes.empty:
            return Part(title, (Text(say.pick(("没有住宅数据。", "There are no homes.")), "none"),))
        none = say.pick(("没有未覆盖片区。", "No area is uncovered."))
        return Part(title, (Text(none, "lead"),))
    worst = say.pick(("按严重程度排序", "Worst first"))
    if len(gaps) > _MOST:
        worst += say.pick((f":前 {_MOST} 个,共 {len(gaps):,} 个,全表见附录",
                           f": {_MOST} of {len(gaps):,}; all of them in the appendix"))  # fmt: skip
    blocks: list[Any] = [_gap_lead(findings, say), _gap_sums(findings, say),
              _gap_table(gaps.head(_MOST), findings, worst, say)]  # fmt: skip
    return Part(title, (*blocks, *_told(given, say)))


def gap_appendix(given: ReportInput) -> Part | None:
    """Return every uncovered area and scattered group in one table; None where part 8 has all."""
    say, findings = speech(given), given.findings
    if len(findings.gaps) <= _MOST:
        return None
    title = say.pick(("未覆盖片区全表", "All uncovered areas"))
    caption = say.pick((
        f"未覆盖片区和零散住宅,共 {len(findings.gaps):,} 个,按严重程度排序",
        f"All {len(findings.gaps):,} uncovered areas and scattered groups, worst first",
    ))  # fmt: skip
    return Part(title, (_gap_table(findings.gaps, findings, caption, say),))


def _gap_lead(findings: Findings, say: Speech) -> Text:
    weight, pick = counted_in(findings), 0 if say.language == "zh" else 1
    gaps = findings.gaps
    areas = gaps[gaps["kind"] == "area"]
    listed = ("、" if pick == 0 else ", ").join(
        f"{CODES['cause'].get(str(cause), (str(cause),) * 2)[pick]} {count}"
        for cause, count in areas["cause"].value_counts().items()
    )
    column = GAP_COLUMNS[weight]
    units = [
        say(f"{weight}_label", say.number(part[column].sum(min_count=1) if len(part) else 0.0))
        for part in (areas, gaps[gaps["kind"] != "area"])
    ]
    return Text(say.pick((
        (f"未覆盖片区 {len(areas):,} 个,合计 {units[0]};另有零散住宅 {len(gaps) - len(areas):,}"
         f" 组,合计 {units[1]}。片区成因:{listed}。"),
        (f"{len(areas):,} uncovered areas with {units[0]}, and {len(gaps) - len(areas):,} scattered"
         f" groups with {units[1]}. Causes of the areas: {listed}."),
    )), "lead")  # fmt: skip


def _gap_sums(findings: Findings, say: Speech) -> Grid:
    """Add the areas and the scattered groups up to who is not in time in part 3."""
    gaps, weight = findings.gaps, counted_in(findings)
    column = GAP_COLUMNS[weight]
    who = dict.fromkeys((column, "homes"))  # one column where homes are what is counted
    isolated = gaps["kind"] != "area"
    rows = [
        (say.pick(name), f"{len(part):,}", *(say.number(_sum_of(part, one)) for one in who))
        for name, part in (
            (("未覆盖片区", "Uncovered areas"), gaps[~isolated]),
            (("零散住宅(组)", "Scattered groups"), gaps[isolated]),
            (("合计", "Together"), gaps),
        )
    ]  # fmt: skip
    city = level_rows(findings.totals, "city")
    for name, part in (
        (("第 3 部分:未覆盖", "Part 3: not in time"), "uncovered"),
        (("第 3 部分:未评估", "Part 3: not assessed"), "not_assessed"),
    ):
        sums = [_sum_of(city, f"{one}_{part}") for one in dict.fromkeys((weight, "homes"))]
        rows.append((say.pick(name), "", *map(say.number, sums)))
    heads = [say.pick(("类别", "Kind")), say.pick(("个数", "Number")), *map(say, who)]
    caption = say.pick((
        "片区与零散住宅合计 = 第 3 部分的未覆盖 + 未评估",
        "Areas and scattered groups together = not in time + not assessed of part 3",
    ))  # fmt: skip
    return grid(caption, heads, rows, numbers=range(1, len(heads)))


def _sum_of(frame: pd.DataFrame, column: str) -> float:
    return float(frame[column].sum(min_count=1)) if len(frame) else 0.0


def _gap_table(gaps: pd.DataFrame, findings: Findings, caption: str, say: Speech) -> Grid:
    pick = 0 if say.language == "zh" else 1
    column = GAP_COLUMNS[counted_in(findings)]
    who = dict.fromkeys((column, "homes"))
    rows = [
        (
            str(gap_id), "" if gap["kind"] == "area" else say("scattered"),
            one_line(gap["area_names"]), one_line(gap["street_names"], 30),
            *(say.number(gap[one]) for one in who), say.number(gap["minutes_over_mean"], 1),
            CODES["cause"].get(str(gap["cause"]), (str(gap["cause"]),) * 2)[pick],
            say.text(gap["nearest_facility_name"]), say.number(gap["nearest_metres"]),
        )
        for gap_id, gap in gaps.iterrows()
    ]  # fmt: skip
    heads = [say.pick(("编号", "Gap")), say.pick(("类别", "Kind")), say("communities"),
             say("street"), *map(say, who), say("minutes_over"), say("cause"), say("nearest"),
             say.pick(("路程(米)", "Metres"))]  # fmt: skip
    n = len(who)
    return grid(caption, heads, rows, numbers=[*range(4, 5 + n), 7 + n])


def _told(given: ReportInput, say: Speech) -> list[Text]:
    """Return the sentences on what would bring areas in time, and how far off they are."""
    told = given.told
    if told is None and given.why("told"):
        none = say.pick(("未查找各片区的实地措施。", "No measures on the ground were looked for."))
        return [Text(none + given.why("told"), "none")]
    if told is None or told.empty:
        return []
    head = say.pick((
        (f"怎样使其按时到达(前 {min(_TOLD, len(told))} 个片区):先列实地措施(补路、在建或规划设施"
         "投用、现有候选点新建),再列距达标的差距。"),
        (f"What would bring the first {min(_TOLD, len(told))} areas in time: a measure on the"
         " ground (a road gap, a planned facility, a candidate site), then how far off they are."),
    ))  # fmt: skip
    return [Text(head), *(Text(str(text)) for text in told[say.language].head(_TOLD))]
