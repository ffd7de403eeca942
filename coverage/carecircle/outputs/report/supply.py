"""Parts of a report on floor area, on beds, and on the three-level network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.outputs.codes import CODES
from carecircle.outputs.report.input import level_rows, name_of, one_line, speech, unit_rows
from carecircle.outputs.report.model import Part, Text, grid
from carecircle.standards.floor_area import REASONS

if TYPE_CHECKING:
    from carecircle.outputs.map.text import Speech
    from carecircle.outputs.report.input import ReportInput
    from carecircle.outputs.report.model import Grid

__all__ = ["beds_part", "floor_appendix", "floor_part", "network_part"]

_MOST = 60
_BEDS = {
    "beds": ("床位", "Beds"),
    "nursing_beds": ("护理型床位", "Nursing beds"),
    "institution_beds": ("机构床位", "Beds in institutions"),
}


def floor_part(given: ReportInput) -> Part:
    """Return part 4: three pass rates, the shortfall, and the communities that fail."""
    say, findings = speech(given), given.findings
    title = say.pick(("建筑面积规则", "Floor-area rule"))
    floor, totals = findings.floor_areas, level_rows(findings.floor_totals)
    if floor.empty or totals.empty:
        none = say.pick(("没有核查建筑面积(研究文件未设面积规则)。",
                         "Floor area was not checked: the study sets no rule."))  # fmt: skip
        return Part(title, (Text(none, "none"),))
    rows = [
        (
            name_of(level, unit, row.get("name"), say),
            *(say.share(row[f"pass_{test}_n"], row[f"pass_{test}_of"])
              for test in ("floor", "per_100", "both")),
            (f"{say.number(row['m2_per_100_households'], 1)}"
            f" ({say.number(row['ratio_m2'])} / {say.number(row['ratio_households'])})"),
            say.number(row["required_m2"]), say.number(row["provided_m2"]),
            say.number(row["shortfall_m2"]), say.number(row["not_assessed"]),
        )
        for level, unit, row in unit_rows(totals)
    ]  # fmt: skip
    heads = [("单元", "Unit"), ("达标(总面积)", "Pass, total"), ("达标(每百户)", "Pass, per 100"),
             ("达标(双项)", "Pass, both"), ("每百户 m²(分子/分母)", "m² per 100 households (n/d)"),
             ("应有 m²", "Required m²"), ("现有 m²", "Provided m²"), ("缺口 m²", "Shortfall m²"),
             ("未评估", "Not assessed")]  # fmt: skip
    city = level_rows(totals, "city").iloc[0]
    failing = floor[floor["status"] == "fail"]
    lead = say.pick((
        (f"双项达标 {say.share(city['pass_both_n'], city['pass_both_of'])} 个社区(村);"
        f"不达标 {len(failing):,} 个,面积缺口合计 {say.number(city['shortfall_m2'])} 平方米。"),
        (f"{say.share(city['pass_both_n'], city['pass_both_of'])} communities pass both tests;"
        f" {len(failing):,} fail, {say.number(city['shortfall_m2'])} m² short in all."),
    ))  # fmt: skip
    table = grid(findings.card.floor_rule or title, [say.pick(h) for h in heads], rows,
                 numbers=range(1, len(heads)))  # fmt: skip
    blocks: list[Any] = [Text(lead, "lead"), table]
    return Part(title, (*blocks, _failing(failing, say)))


def floor_appendix(given: ReportInput) -> Part | None:
    """Return every community that fails the floor-area rule; None where part 4 has all."""
    say, floor = speech(given), given.findings.floor_areas
    failing = floor[floor["status"] == "fail"] if len(floor) else floor
    if len(failing) <= _MOST:
        return None
    title = say.pick(("面积不达标社区(村)全表", "All communities that fail the floor-area rule"))
    return Part(title, (_failing_table(failing, len(failing), say),))


def _failing(failing: pd.DataFrame, say: Speech) -> Text | Grid:
    if failing.empty:
        return Text(say.pick(("没有不达标的社区(村)。", "No community fails.")))
    return _failing_table(failing, _MOST, say)


def _failing_table(failing: pd.DataFrame, most: int, say: Speech) -> Grid:
    ranked = failing.sort_index().sort_values("shortfall_m2", ascending=False, kind="stable")
    pick = 0 if say.language == "zh" else 1
    rows = [
        (str(unit), say.text(row["name"]), CODES["kind"].get(row["kind"], (row["kind"],) * 2)[pick],
         say.number(row["households"]), say.number(row["required_m2"]),
         say.number(row["provided_m2"]), say.number(row["shortfall_m2"]),
         say.number(row["m2_per_100_households"], 1),
         REASONS.get(str(row["reason"]), (str(row["reason"]),) * 2)[pick])
        for unit, row in ranked.head(most).iterrows()
    ]  # fmt: skip
    heads = [("代码", "Code"), ("社区(村)", "Community"), ("城乡", "Kind"), ("户数", "Households"),
             ("应有 m²", "Required m²"), ("现有 m²", "Provided m²"), ("缺口 m²", "Shortfall m²"),
             ("每百户 m²", "m² per 100"), ("原因", "Reason")]  # fmt: skip
    caption = say.pick((f"不达标社区(村):{len(failing):,} 个", f"Failing: {len(failing):,}"))
    if len(failing) > most:
        caption += say.pick((f",列出前 {most} 个,全表见附录",
                             f"; the first {most}, all of them in the appendix"))  # fmt: skip
    return grid(caption, [say.pick(h) for h in heads], rows, numbers=range(3, 8))


def beds_part(given: ReportInput) -> Part:
    """Return part 5: beds and nursing beds of operating facilities, by kind and district."""
    say, findings = speech(given), given.findings
    title = say.pick(("床位与护理", "Beds and nursing care"))
    facilities = findings.facilities
    named = [name for name in _BEDS if name in facilities and facilities[name].notna().any()]
    if facilities.empty or not named:
        none = say.pick(("设施表没有床位数据;没有数据不等于 0。",
                         "The facilities tell no beds; no data is not 0."))  # fmt: skip
        return Part(title, (Text(none, "none"),))
    status = facilities.get("status", pd.Series("operating", facilities.index))
    open_ones = facilities[(status.isna() | (status == "operating")).to_numpy()]
    kinds = open_ones["kind"].astype(str)
    names = {kind: say.pick(findings.card.kinds.get(kind, (kind, kind))) for kind in kinds.unique()}
    tables = [_beds_by(open_ones, kinds.map(names), named, say.pick(("类型", "Kind")), say)]
    areas = findings.areas
    if "district_id" in areas:
        label = areas.get("district_name", areas["district_id"]).astype(str)
        tables.append(_beds_by(open_ones, open_ones["area_id"].map(label), named,
                               say.pick(("区", "District")), say))  # fmt: skip
    beds, nursing = (
        open_ones.get(name, pd.Series(dtype=float)) for name in ("beds", "nursing_beds")
    )
    both = open_ones[beds.notna() & nursing.notna()] if len(beds) and len(nursing) else None
    unknown = int(open_ones[named[0]].isna().sum())
    share = (
        say("no_data")
        if both is None
        else say.share(both["nursing_beds"].sum(), both["beds"].sum())
    )
    lead = say.pick((
        f"运营设施 {len(open_ones):,} 处,其中床位数未知 {unknown:,} 处;护理型床位占床位 {share}。",
        (f"{len(open_ones):,} facilities operate, of {unknown:,} the beds are unknown; nursing beds"
        f" are {share} of all beds."),
    ))  # fmt: skip
    return Part(title, (Text(lead, "lead"), *tables))


def _beds_by(
    facilities: pd.DataFrame, by: pd.Series, named: list[str], head: str, say: Speech
) -> Grid:
    other = say.pick(("(社区之外)", "(outside all communities)"))
    groups = facilities[named].astype(float).groupby(by.fillna(other).to_numpy(), sort=True)
    sums, known, sizes = groups.sum(min_count=1), groups.count(), groups.size()
    rows = [
        (str(unit), f"{sizes[unit]:,}", *(say.number(sums.loc[unit, name]) for name in named),
         f"{sizes[unit] - known.loc[unit, named[0]]:,}")
        for unit in sums.index
        if known.loc[unit].any()
    ]  # fmt: skip
    heads = [head, say.pick(("运营设施", "Operating")), *(say.pick(_BEDS[name]) for name in named),
             say.pick(("床位未知的设施", "Beds not known"))]  # fmt: skip
    caption = say.pick(
        (f"床位,按{head}(只列有床位数据的)", f"Beds by {head.lower()}, where any are known")
    )
    return grid(caption, heads, rows, numbers=range(1, len(heads)))


def network_part(given: ReportInput) -> Part:
    """Return part 6: for each town and street, which of the three levels stand."""
    say, network = speech(given), given.network
    title = say.pick(("三级服务网络", "Three-level network"))
    if network is None or network.empty:
        none = say.pick(("没有镇街数据,无法列出三级网络。",
                         "The areas name no towns or streets; no matrix."))  # fmt: skip
        return Part(title, (Text(none, "none"),))
    yes, no = say("yes"), say("no")
    names = dict(zip(given.findings.areas.index.astype(str),
                     given.findings.areas["name"].astype(str), strict=True))  # fmt: skip
    rows = [
        (
            name_of("street", str(unit), row["name"], say),
            yes if row["dispatch_ids"] else no, yes if row["centre_ids"] else no,
            say.share(row["areas_with_station"], row["areas"]), f"{row['levels']} / 3",
            one_line(";".join(names.get(one, one) for one in row["areas_without"].split(";"))),
        )
        for unit, row in network.iterrows()
    ]  # fmt: skip
    heads = [("镇街", "Town or street"), ("区指挥调度中心", "District dispatch centre"),
             ("镇街综合服务中心", "Street centre"), ("有服务站的社区(村)", "Areas with a station"),
             ("齐备层级", "Levels complete"), ("缺服务站的社区(村)", "Areas without")]  # fmt: skip
    whole, centres = int(network["complete"].sum()), int((network["centre_ids"] != "").sum())
    lead = say.pick((
        f"三级齐备的镇街 {whole} / {len(network)} 个;有镇街中心的 {centres} / {len(network)} 个。",
        (f"{whole} of {len(network)} towns and streets have all three levels; {centres} of"
        f" {len(network)} have a street centre."),
    ))  # fmt: skip
    table = grid(title, [say.pick(head) for head in heads], rows, numbers=[3, 4])
    return Part(title, (Text(lead, "lead"), table))
