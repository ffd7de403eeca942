"""Parts of a report on sensitivity, on changes, and on problems and sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.analysis.classes import CLASSES
from carecircle.outputs.codes import CODES
from carecircle.outputs.headcount import counted_in
from carecircle.outputs.issue_phrases import issue_text
from carecircle.outputs.issue_words import issue_counts, issue_field, issue_kind, issue_table
from carecircle.outputs.report.input import level_rows, name_of, one_line, speech, unit_rows
from carecircle.outputs.report.model import Part, Text, grid

if TYPE_CHECKING:
    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech
    from carecircle.outputs.report.input import ReportInput
    from carecircle.outputs.report.model import Grid

__all__ = ["change_part", "doubt_part", "problem_part"]

_MOST, _FLIPS = 120, 20
#: What is drawn, and how -> Chinese.
_DRAWN = {
    ("speed", "lognormal, mean of the profile"): "步速按对数正态分布,均值为所用速度,离散 {}",
    ("home", "uniform in a disc, radius"): "住宅位置在半径 {} 米的圆内均匀分布",
    ("facility", "normal, root mean square"): "设施位置按正态分布,均方根误差 {} 米",
}
_LEAST_FLIP = 0.05


def doubt_part(given: ReportInput) -> Part:
    """Return part 10: other speeds, intervals, verdicts that may turn, gaps in the roads."""
    say = speech(given)
    title = say.pick(("敏感性", "Sensitivity"))
    blocks = [*_speeds(given, say), *_chances(given, say), *_road_gaps(given, say)]
    if not blocks:
        none = say.pick(("没有敏感性数据。", "There is no sensitivity."))
        why = given.why("speeds") or say.pick(("(研究自带时间表或没有道路)",
                                              " (the study has no roads to search)"))  # fmt: skip
        blocks = [Text(none + why, "none")]
    return Part(title, tuple(blocks))


def _speeds(given: ReportInput, say: Speech) -> list[Any]:
    speeds = given.speeds
    if speeds is None:
        return []
    weight = counted_in(given.findings)
    units = speeds.units[speeds.units.index.get_level_values("weight") == weight].droplevel(
        "weight"
    )
    shown = level_rows(units, "city", "kind", "district")
    rows = [
        (name_of(level, unit, row["name"], say), say.number(row["total"]),
         *(say.share(row[name], row["total"]) for name in CLASSES))
        for level, unit, row in unit_rows(shown)
    ]  # fmt: skip
    said = " / ".join(f"{speed:g}" for speed in speeds.speeds_m_s)
    heads = [say.pick(("单元", "Unit")), say.pick(("总数", "Total")),
             *(say.pick(names) for names in CLASSES.values())]  # fmt: skip
    blocks: list[Any] = []
    for _, unit, row in unit_rows(level_rows(units, "city")):
        name = name_of("city", unit, row["name"], say)
        kept = say.share(row["robust"], row["total"])
        today = say.share(row["robust"] + row["fragile"], row["total"])
        fast = say.share(row["robust"] + row["fragile"] + row["uncovered"], row["total"])
        blocks.append(Text(say.pick((
            f"{name}:步行速度 {said} 米/秒时,按时可达分别为 {kept}、{today}、{fast}。",
            f"{name}: at {said} m/s {kept}, {today} and {fast} are in time.",
        )), "lead"))  # fmt: skip
    caption = say.pick((f"步行速度 {said} 米/秒", f"Walking speeds {said} m/s"))
    return [*blocks, grid(caption, heads, rows, numbers=range(1, len(heads)))]


def _chances(given: ReportInput, say: Speech) -> list[Any]:
    chances = given.chances
    if chances is None:
        return []
    weight = counted_in(given.findings)
    rates = chances.rates[chances.rates.index.get_level_values("weight") == weight]
    shown = level_rows(rates.droplevel("weight"), "city", "district", "street")
    rows = [
        (name_of(level, unit, row["name"], say), say.share(row["covered"], row["total"]),
         " - ".join(say.percent(row[f"covered_{q}"], row["total"]) for q in ("p5", "p95")),
         f"{say.number(row['covered_p5'])} - {say.number(row['covered_p95'])}")
        for level, unit, row in unit_rows(shown)
        if row["total"] > 0
    ]  # fmt: skip
    heads = [("单元", "Unit"), ("覆盖", "Covered"), ("90% 区间", "90% interval"),
             ("区间(人数或处数)", "Interval, number")]  # fmt: skip
    terms = "; ".join(_drawn_term(str(name), row, say)
                      for name, row in chances.uncertainty.terms().iterrows())  # fmt: skip
    drawn = chances.uncertainty
    caption = say.pick((f"随机 {drawn.draws} 次(种子 {drawn.seed}):{terms}",
                        f"{drawn.draws} draws, seed {drawn.seed}: {terms}"))  # fmt: skip
    found: list[Any] = [grid(caption, [say.pick(head) for head in heads], rows, numbers=[1, 2, 3])]
    return found + _flips(chances.areas, say)


def _drawn_term(name: str, row: pd.Series, say: Speech) -> str:
    """Return what was drawn, how, and how far: in Chinese where the distribution is known."""
    words = _DRAWN.get((name, str(row["distribution"])))
    if words is None or say.language != "zh":
        return f"{name}: {row['distribution']} {row['value']:g} {row['unit']}"
    return words.format(f"{row['value']:g}")


def _flips(areas: pd.DataFrame, say: Speech) -> list[Any]:
    unsure = areas[areas["flip_chance"] >= _LEAST_FLIP]
    said = say.pick((
        f"判定可能改变(概率不低于 {_LEAST_FLIP:.0%})的社区(村):{len(unsure)} / {len(areas)} 个。",
        (f"The verdict of {len(unsure)} of {len(areas)} communities turns in at least"
        f" {_LEAST_FLIP:.0%} of the draws."),
    ))  # fmt: skip
    if unsure.empty:
        return [Text(said)]
    ranked = unsure.sort_index().sort_values("flip_chance", ascending=False, kind="stable")
    rows = [
        (say.text(row["name"]), say("yes") if row["on_time"] else say("no"),
         f"{100 * row['flip_chance']:.0f}%")
        for _, row in ranked.head(_FLIPS).iterrows()
    ]  # fmt: skip
    heads = [("社区(村)", "Community"), ("现判定按时达标", "On time now"), ("改变的概率", "Chance")]
    caption = say.pick((f"前 {len(rows)} 个", f"The first {len(rows)}"))
    return [Text(said), grid(caption, [say.pick(head) for head in heads], rows, numbers=[2])]


def _road_gaps(given: ReportInput, say: Speech) -> list[Text]:
    gaps = given.road_gaps
    if gaps is None:
        return []
    decide = int((gaps["homes_flipped"] > 0).sum())
    elders = say.number(gaps["elders_flipped"].sum(min_count=1))
    return [Text(say.pick((
        (f"路网疑似断点 {len(gaps):,} 处,其中 {decide:,} 处各自决定若干住宅的判定"
        f"(逐处相加涉及老年人 {elders});建议实地核对。"),
        (f"{len(gaps):,} probable gaps in the road data; {decide:,} of them each decide the verdict"
        f" of some homes ({elders} elders, gap by gap); check them on the ground."),
    )))]  # fmt: skip


def change_part(given: ReportInput) -> Part:
    """Return part 11: this evaluation against the last, in numerators and shares."""
    say, before = speech(given), given.before
    title = say.pick(("与上次评估相比", "Changes since the last evaluation"))
    if before is None:
        none = say.pick(("没有上次评估的结果。", "There is no earlier evaluation."))
        return Part(title, (Text(none, "none"),))
    now = given.findings
    same = before.card.profile == now.card.profile and before.card.limits == now.card.limits
    blocks: list[Any] = [_change_table(before, now, say)]
    dates = f"{before.card.as_of or '--'} → {now.card.as_of or '--'}"
    lead = say.pick((f"两次评估的数据日期:{dates}。", f"Dates of the data: {dates}."))
    if not same:
        lead += say.pick(("两次的出行方式或时限不同,变化不能只归因于设施。",
                          " Profile or limits differ: not all is due to facilities."))  # fmt: skip
    return Part(title, (Text(lead, "lead" if same else "warn"), *blocks))


def _change_table(before: Findings, now: Findings, say: Speech) -> Grid:
    weight = counted_in(now)
    old, new = (level_rows(one.totals, "city", "district", "street") for one in (before, now))
    pairs = (("units_with_facility", "units_total"), (f"{weight}_covered", f"{weight}_total"),
             ("units_on_time", "units_total"))  # fmt: skip
    rows = []
    for level, unit, row in unit_rows(new):
        known = (level, unit) in old.index
        was = pd.Series(old.loc[(level, unit)]) if known else pd.Series(dtype=float)
        cells = [_moved(was, row, top, bottom, say) for top, bottom in pairs]
        rows.append((name_of(level, unit, row.get("name"), say), *cells))
    limits = "/".join(f"{m:g}" for m in sorted(set(now.card.limits.values())))
    heads = [say.pick(("单元", "Unit")), say("roster"), say(f"{weight}_time", limits),
             say.pick(("按时达标社区(村)", "Communities on time"))]  # fmt: skip
    return grid(say.pick(("前 → 后", "Before → after")), heads, rows, numbers=[1, 2, 3])


def _moved(was: pd.Series, now: pd.Series, top: str, bottom: str, say: Speech) -> str:
    then, after = (say.share(one.get(top), one.get(bottom)) for one in (was, now))
    points = 100 * (now[top] / now[bottom] - was[top] / was[bottom]) if top in was else float("nan")
    return f"{then} → {after}" + ("" if pd.isna(points) else f" ({points:+.1f})")


def problem_part(given: ReportInput) -> Part:
    """Return part 12: problems of the data by kind, then one by one; sources; wordings."""
    say, findings = speech(given), given.findings
    title = say.pick(("数据问题与来源", "Data problems and sources"))
    issues = findings.issues.to_frame()
    pick = 0 if say.language == "zh" else 1
    if issues.empty:
        blocks: list[Any] = [Text(say.pick(("没有发现数据问题。", "No data problem was found.")))]
    else:
        lead = say.pick(("发现的数据问题:", "Data problems found: "))
        lead += issue_counts(findings.issues, say.language)
        blocks = [Text(lead, "lead"), _kinds_table(issues, pick, say)]
        equal = _equal_issues(issues)
        blocks.append(_problem_table(equal.head(_MOST), pick, say))
        if len(equal) > _MOST:
            more = f"{equal['n'].iloc[_MOST:].sum():,}"
            blocks.append(Text(say.pick((
                f"另有 {more} 条,见结果文件夹中的 issues.csv(carecircle run 写出)。",
                f"{more} more in issues.csv of the result folder that carecircle run writes.",
            ))))  # fmt: skip
    sources = [Text(source) for source in findings.card.sources]
    none = Text(say.pick(("没有写明数据来源。", "No source was stated.")), "none")
    blocks += [Text(say.pick(("数据来源:", "Sources of the data:"))), *(sources or [none])]
    book = findings.rulebook
    if not book.empty:
        blocks.append(_wordings(book, pick, say))
    return Part(title, tuple(blocks))


def _kinds_table(issues: pd.DataFrame, pick: int, say: Speech) -> Grid:
    """Count the problems by kind: a hundred records of one kind are one thing to mend."""
    keys = ["severity", "table", "code"]
    counts = issues.groupby(keys, sort=False).size().reset_index(name="n").to_numpy()
    rows = [
        (CODES["severity"][severity][pick], issue_table(table, say.language),
         issue_kind(code, say.language), f"{n:,}")
        for severity, table, code, n in counts
    ]  # fmt: skip
    heads = [("程度", "Severity"), ("表", "Table"), ("问题种类", "Kind of problem"),
             ("条数", "Number")]  # fmt: skip
    caption = say.pick(("按种类", "By kind"))
    return grid(caption, [say.pick(h) for h in heads], rows, numbers=[3])


def _equal_issues(issues: pd.DataFrame) -> pd.DataFrame:
    """Return the problems with records of which all the same is said together, worst first."""
    said = [name for name in issues.columns if name != "record"]
    groups = issues.groupby(said, sort=False, dropna=False)["record"]
    return groups.agg(record=";".join, n="size").reset_index()


def _problem_table(issues: pd.DataFrame, pick: int, say: Speech) -> Grid:
    speaks = say.language
    rows = [
        (CODES["severity"][issue["severity"]][pick], issue_table(issue["table"], speaks),
         one_line(issue["record"]) if issue["n"] > 1 else issue["record"],
         issue_field(issue["table"], issue["field"], speaks), issue_kind(issue["code"], speaks),
         "; ".join(issue_text(issue[part], speaks) for part in ("found", "used", "effect")
                   if issue[part]),
         issue_text(issue["fix"], speaks))
        for issue in issues.to_dict("records")
    ]  # fmt: skip
    heads = [("程度", "Severity"), ("表", "Table"), ("记录", "Record"), ("字段", "Field"),
             ("问题", "Problem"), ("发现与影响", "Found, effect"),
             ("处理办法", "Fix")]  # fmt: skip
    caption = say.pick(
        (
            "按严重程度;说法相同的记录并为一行",
            "Worst first; records of which the same is said share a line",
        )
    )
    return grid(caption, [say.pick(h) for h in heads], rows)


def _wordings(book: pd.DataFrame, pick: int, say: Speech) -> Grid:
    """List where each rule is written and who compared its wording."""
    rows, doubt = [], []
    for place, (_, rule, facts) in enumerate(unit_rows(book)):
        if not facts["verified"]:
            doubt.append(place)
        checked = " ".join(str(facts[name]) for name in ("checked_by", "checked_on") if facts[name])
        unverified = say.pick(("未核实", "not verified"))
        wording = " ".join(
            str(facts[name]) for name in ("issuer", "document", "number", "clause") if facts[name]
        )
        rows.append((rule, str(facts[("title_zh", "title_en")[pick]]), wording,
                     checked or say("yes") if facts["verified"] else unverified))  # fmt: skip
    heads = [("规则", "Rule"), ("名称", "Title"), ("文件与条款", "Document and clause"),
             ("条文核实", "Wording verified")]  # fmt: skip
    caption = say.pick(
        ("规则出处(斜体:条文未核实)", "Where each rule is written (italics: not verified)")
    )
    return grid(caption, [say.pick(h) for h in heads], rows, marked=doubt)
