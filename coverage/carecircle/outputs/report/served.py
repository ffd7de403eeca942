"""Parts of a report on data and method, and on roster beside time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecircle.outputs.codes import CODES
from carecircle.outputs.headcount import counted_in
from carecircle.outputs.map.card import card_of
from carecircle.outputs.map.records import counted_kinds
from carecircle.outputs.report.input import level_rows, name_of, speech, unit_rows
from carecircle.outputs.report.model import Part, Text, grid
from carecircle.outputs.workbook.rules import rule_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from carecircle.outputs.map.text import Speech
    from carecircle.outputs.report.input import ReportInput
    from carecircle.outputs.report.model import Grid

__all__ = ["coverage_part", "method_part"]


def method_part(given: ReportInput) -> Part:
    """Return part 1: dates, terms, tables, standards with versions, what was left out."""
    say, findings = speech(given), given.findings
    card = findings.card
    n = {name: len(getattr(findings, name)) for name in ("areas", "homes", "facilities", "roads")}
    counted = int(findings.facilities["eligible"].sum()) if n["facilities"] else 0
    roads = _roads(n["roads"], saved=given.saved)
    lead = say.pick((
        (f"数据日期 {card.as_of or '--'}:社区(村) {n['areas']:,} 个,住宅 {n['homes']:,} 处,"
        f"设施 {n['facilities']:,} 处(计入覆盖 {counted:,} 处){roads[0]}。"),
        (f"As of {card.as_of or '--'}: {n['areas']:,} areas, {n['homes']:,} homes,"
        f" {n['facilities']:,} facilities ({counted:,} count){roads[1]}."),
    ))  # fmt: skip
    crs = findings.areas.crs or findings.homes.crs
    terms = [*card_of(
        card, say, weight=counted_in(findings), singly=counted_kinds(findings)
    )["terms"]]  # fmt: skip
    if crs is not None:
        code = " ".join([*(":".join(crs.to_authority() or ()),)])
        terms.append((say.pick(("坐标系", "CRS")), f"{crs.name} ({code})" if code else crs.name))
    blocks: list[Any] = [Text(lead, "lead")]
    heads = (say.pick(("项目", "Term")), say.pick(("取值", "Value")))
    blocks.append(grid(say.pick(("口径", "Terms")), heads, [(str(a), str(b)) for a, b in terms]))
    blocks += _inputs(given, say)
    blocks += _presets(given, say)
    blocks += _left_out(given, say)
    return Part(say.pick(("数据与方法", "Data and method")), tuple(blocks))


def _roads(number: int, *, saved: bool) -> tuple[str, str]:
    """Return how the count of roads ends the sentence; a saved result does not hold them."""
    if saved and not number:
        return ";道路未随结果保存", "; the saved result keeps no roads"
    return f",道路 {number:,} 段", f", {number:,} road pieces"


def _inputs(given: ReportInput, say: Speech) -> Iterator[Grid]:
    inputs: Any = given.findings.provenance.get("inputs") or ()
    if inputs:
        rows = [
            (str(one.get("table", "")), str(one.get("file", "")), f"{one.get('rows') or 0:,}",
             str(one.get("crs") or one.get("datum") or ""), str(one.get("sha256", ""))[:12])
            for one in inputs
        ]  # fmt: skip
        heads = [("表", "Table"), ("文件", "File"), ("行数", "Rows"), ("坐标/基准", "CRS or datum"),
                 ("SHA-256 前12位", "SHA-256, first 12")]  # fmt: skip
        caption = say.pick(("所用文件", "Files read"))
        yield grid(caption, [say.pick(head) for head in heads], rows, numbers=[2])


def _presets(given: ReportInput, say: Speech) -> Iterator[Grid]:
    versions = rule_versions(given.findings)
    if versions:
        rows = [
            (f"{one['title']} ({one['preset']})", f"{one['verified']} / {one['rules']}",
             f"{one['in_force']} / {one['rules']}", f"{one['file']} {str(one['sha256'])[:12]}")
            for one in versions
        ]  # fmt: skip
        heads = [("标准", "Standard"), ("条文已核实", "Verified"), ("在有效期内", "In force"),
                 ("文件与版本", "File and version")]  # fmt: skip
        yield grid(
            say.pick(("核查所用标准", "Standards checked")), [say.pick(h) for h in heads], rows
        )


def _left_out(given: ReportInput, say: Speech) -> Iterator[Text]:
    homes = given.findings.homes
    unknown = homes[homes["covered"].isna()] if len(homes) else homes
    if len(unknown):
        counts = unknown["reason"].fillna("").astype(str).value_counts().sort_index()
        listed = "、".join if say.language == "zh" else ", ".join
        why = listed(f"{say(code) if code else '--'} {count:,}" for code, count in counts.items())
        yield Text(say.pick((
            f"未评估住宅 {len(unknown):,} / {len(homes):,} 处({why}),仍留在各项分母中。",
            (f"{len(unknown):,} of {len(homes):,} homes are not assessed ({why}) and stay in every"
            " denominator."),
        )))  # fmt: skip
    aside = len(given.findings.issues.of("error"))
    yield Text(say.pick((
        f"因数据问题搁置的记录 {aside:,} 条,见第 12 部分。",
        f"{aside:,} records were set aside for data problems; see part 12.",
    )))  # fmt: skip


def coverage_part(given: ReportInput) -> Part:
    """Return part 3: roster coverage and time coverage side by side."""
    say, findings = speech(given), given.findings
    title = say.pick(("名录覆盖与时间覆盖", "Roster coverage beside time coverage"))
    totals = level_rows(findings.totals)
    if totals.empty:
        return Part(title, (Text(say.pick(("没有汇总数据。", "No totals.")), "none"),))
    weight = counted_in(findings)
    rows, blocks = [], []
    for level, unit, row in unit_rows(totals):
        rows.append((
            CODES["level"].get(level, (level, level))[0 if say.language == "zh" else 1],
            name_of(level, unit, row.get("name"), say),
            say.share(row["units_with_facility"], row["units_total"]),
            say.share(row[f"{weight}_covered"], row[f"{weight}_total"]),
            say.number(row[f"{weight}_not_assessed"]),
            say.share(row["units_on_time"], row["units_total"]),
            *(say.number(row.get(f"cell_{cell}")) for cell in CODES["cell"]),
        ))  # fmt: skip
    for _, unit, row in unit_rows(level_rows(totals, "city")):
        blocks.append(Text(_coverage_sentence(unit, row, weight, say), "lead"))
    limits = "/".join(f"{m:g}" for m in sorted(set(findings.card.limits.values())))
    heads = [
        say.pick(("层级", "Level")), say.pick(("单元", "Unit")), say("roster"),
        say(f"{weight}_time", limits), say(f"{weight}_not_assessed"),
        say.pick(("按时达标社区(村)", "Communities on time")), *map(say, CODES["cell"]),
    ]  # fmt: skip
    caption = say.pick((
        "名录覆盖:辖区内有设施;时间覆盖:沿道路按时可达。两者不可混用。",
        "Roster: a facility stands there. Time: people reach one in time along the roads.",
    ))  # fmt: skip
    return Part(title, (*blocks, grid(caption, heads, rows, numbers=range(2, len(heads)))))


def _coverage_sentence(unit: str, row: pd.Series, weight: str, say: Speech) -> str:
    name = name_of("city", unit, row.get("name"), say)
    has = say.share(row["units_with_facility"], row["units_total"])
    served = say.share(row[f"{weight}_covered"], row[f"{weight}_total"])
    late = say.number(row[f"{weight}_uncovered"])
    unknown = say.number(row[f"{weight}_not_assessed"])
    who = say.pick({"elders": ("老年人口", "elders"), "people": ("常住人口", "residents"),
                    "homes": ("住宅", "homes")}[weight])  # fmt: skip
    return say.pick((
        f"{name}:有设施的社区(村) {has};按时可达的{who} {served},未覆盖 {late},未评估 {unknown}。",
        (f"{name}: {has} communities have a facility; {served} {who} reach one in time, {late} do"
        f" not, {unknown} are not assessed."),
    ))  # fmt: skip
