"""Parts of a report on data and method, on indicators, and on roster beside time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecircle.outputs.codes import CODES
from carecircle.outputs.headcount import counted_in
from carecircle.outputs.map_card import card_of
from carecircle.outputs.map_text import missing
from carecircle.outputs.report_input import level_rows, name_of, speech, unit_rows
from carecircle.outputs.report_model import Part, Text, grid
from carecircle.outputs.rule_sheets import rule_versions, standard_lines
from carecircle.outputs.rule_words import RULE_UNITS, UNVERIFIED
from carecircle.standards.indicators import INDICATOR_STATUSES
from carecircle.standards.progress import PROGRESS_STATUSES
from carecircle.standards.verdicts import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from carecircle.outputs.map_text import Speech
    from carecircle.outputs.report_input import ReportInput
    from carecircle.outputs.report_model import Grid

__all__ = ["coverage_part", "indicator_part", "method_part"]

_ATTRIBUTES = {
    "binding": ("约束性", "binding"),
    "expected": ("预期性", "expected"),
    "text": ("正文", "text"),
}


def method_part(given: ReportInput) -> Part:
    """Return part 1: dates, terms, tables, standards with versions, what was left out."""
    say, findings = speech(given), given.findings
    card = findings.card
    n = {name: len(getattr(findings, name)) for name in ("areas", "homes", "facilities", "roads")}
    counted = int(findings.facilities["eligible"].sum()) if n["facilities"] else 0
    lead = say.pick((
        (f"数据日期 {card.as_of or '--'}:社区(村) {n['areas']:,} 个,住宅 {n['homes']:,} 处,"
        f"设施 {n['facilities']:,} 处(计入覆盖 {counted:,} 处),道路 {n['roads']:,} 段。"),
        (f"As of {card.as_of or '--'}: {n['areas']:,} areas, {n['homes']:,} homes,"
        f" {n['facilities']:,} facilities ({counted:,} count), {n['roads']:,} road pieces."),
    ))  # fmt: skip
    crs = findings.areas.crs or findings.homes.crs
    terms = [*card_of(card, say)["terms"]]
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


def indicator_part(given: ReportInput) -> Part:
    """Return part 2: each indicator with baseline, target, figure, progress; then the standards."""
    say, table = speech(given), given.indicators
    blocks: list[Any] = []
    if table is None or table.empty:
        blocks.append(Text(say.pick(("没有指标数据。", "No indicators were computed.")), "none"))
    else:
        city = table[table.index.get_level_values("level") == "city"]
        quoted = city[city["headline"].astype(bool)]
        blocks.append(_indicator_lead(quoted, say))
        blocks.append(_indicator_table(quoted, given, say, ("主要口径", "Readings to quote")))
        others = city[~city["headline"].astype(bool) & (city["status"] != "no_data")]
        if len(others):
            blocks.append(_indicator_table(others, given, say, ("其他口径", "Other readings")))
        districts = table[table.index.get_level_values("level") == "district"]
        districts = districts[districts["headline"].astype(bool) & districts["value"].notna()]
        if len(districts):
            blocks.append(_by_district(districts, given, say))
    lines = [(what, figure) for what, figure in standard_lines(given.findings)]
    if lines:
        doubt = [k for k, (what, _) in enumerate(lines) if what.endswith(UNVERIFIED)]
        heads = (say.pick(("标准与规则", "Standard and rule")), say.pick(("结果", "Result")))
        caption = say.pick((
            "标准核查(各文件最重要的不达标项;斜体:条文未核实,仅供参考)",
            ("Standards checked (weightiest failures; in italics: wording not verified, for"
            " information only)"),
        ))  # fmt: skip
        blocks.append(grid(caption, heads, lines, marked=doubt))
    else:
        blocks.append(Text(say.pick(("没有核查标准。", "No standard was checked.")), "none"))
    return Part(say.pick(("指标与标准", "Indicators and standards")), tuple(blocks))


def _indicator_lead(quoted: pd.DataFrame, say: Speech) -> Text:
    counts = quoted["status"].value_counts()
    known = {name: int(counts.get(name, 0)) for name in INDICATOR_STATUSES}
    doubt = int((~quoted["verified"].astype(bool)).sum())
    return Text(say.pick((
        (f"主要口径共 {len(quoted)} 条:已达到 {known['achieved']} 条,未达到"
        f" {known['not_achieved']} 条,不能判定 {known['not_decided']} 条,无数据"
        f" {known['no_data']} 条,不适用 {known['not_applicable']} 条;其中条文未核实 {doubt} 条。"),
        (f"Of {len(quoted)} readings to quote {known['achieved']} are achieved,"
        f" {known['not_achieved']} are not, {known['not_decided']} cannot be decided,"
        f" {known['no_data']} have no data, {known['not_applicable']} do not apply; the wording of"
        f" {doubt} is not verified."),
    )), "lead")  # fmt: skip


def _indicator_table(
    lines: pd.DataFrame, given: ReportInput, say: Speech, caption: tuple[str, str]
) -> Grid:
    zh = say.language == "zh"
    followed, pick = given.followed, 0 if zh else 1
    rows, doubt = [], []
    for place, (key, line) in enumerate(lines.iterrows()):
        name = f"{line['name_zh']}" if zh else f"{line['name_en'] or line['name_zh']}"
        reading = line["reading_zh"] if zh else line["reading_en"]
        if not line["verified"]:
            doubt.append(place)
            name += UNVERIFIED[pick]
        status = INDICATOR_STATUSES[str(line["status"])][pick]
        reason = str(line["reason"] or "")
        if reason:
            status += f": {REASONS.get(reason, (reason, reason))[pick]}"
        baseline = "--" if missing(line["baseline"]) else f"{line['baseline']:g}"
        unit = RULE_UNITS.get(line["unit"], (line["unit"], line["unit"]))[pick]
        rows.append((
            str(line["number"]), f"{name} · {reading}" if reading else name, unit, baseline,
            f"{line['comparator']} {line['target']:g}", _figure(line["value"]),
            _fraction(line.to_dict()),
            _progress(followed, key, pick), status,
            _ATTRIBUTES.get(str(line["attribute"]), (str(line["attribute"]),) * 2)[pick],
        ))  # fmt: skip
    heads = [("号", "No."), ("指标", "Indicator"), ("单位", "Unit"), ("基期", "Baseline"),
             ("目标", "Target"), ("现值", "Now"), ("分子 / 分母", "n / d"), ("进度", "Progress"),
             ("判定", "Status"), ("属性", "Kind")]  # fmt: skip
    shown = [say.pick(head) for head in heads]
    return grid(say.pick(caption), shown, rows, numbers=[3, 4, 5, 6], marked=doubt)


def _figure(value: float) -> str:
    return "--" if missing(value) else f"{value:,.2f}".rstrip("0").rstrip(".")


def _fraction(line: Mapping[Any, Any]) -> str:
    top, bottom = line["numerator"], line["denominator"]
    if missing(top) and missing(bottom):
        return "--"
    return " / ".join("--" if missing(one) else f"{one:,.1f}".removesuffix(".0")
                      for one in (top, bottom))  # fmt: skip


def _progress(followed: pd.DataFrame | None, key: Any, pick: int) -> str:
    """Return how far a line has come from baseline to target, and whether that is on its path."""
    if followed is None or followed.empty:
        return "--"
    last = followed.xs(followed.index.get_level_values("as_of")[-1], level="as_of")
    if key not in last.index:
        return "--"
    line = last.loc[key]
    status = PROGRESS_STATUSES[str(line["status"])][pick]
    if missing(line["progress"]):
        return status if line["status"] == "no_baseline" else "--"
    return f"{100 * line['progress']:.0f}% · {status}"


def _by_district(lines: pd.DataFrame, given: ReportInput, say: Speech) -> Grid:
    names = level_rows(given.findings.totals, "district")["name"].droplevel(0)
    wide: dict[str, dict[str, str]] = {}
    for unit, line in zip(
        lines.index.get_level_values("unit_id"), lines.to_dict("records"), strict=True
    ):
        title = line["name_zh"] if say.language == "zh" else line["name_en"] or line["name_zh"]
        unverified = "" if line["verified"] else UNVERIFIED[0 if say.language == "zh" else 1]
        label = f"{line['number']} {title}{unverified}"
        wide.setdefault(label, {})[str(unit)] = f"{_figure(line['value'])} ({_fraction(line)})"
    units = [str(unit) for unit in dict.fromkeys(lines.index.get_level_values("unit_id"))]
    heads = [say.pick(("指标", "Indicator")), *(str(names.get(unit, unit)) for unit in units)]
    rows = [(label, *(cells.get(unit, "--") for unit in units)) for label, cells in wide.items()]
    return grid(say.pick(("各区:现值(分子 / 分母)", "Districts: figure (n / d)")), heads, rows,
                numbers=range(1, len(heads)))  # fmt: skip


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
    limits = "/".join(f"{m:g}" for m in findings.card.limits.values())
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
