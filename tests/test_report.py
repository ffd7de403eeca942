"""The report: what its parts say of a town counted on fingers, and how its files are made."""

from __future__ import annotations

import ast
import io
import itertools
import re
import sys
from dataclasses import replace
from pathlib import Path

import docx
import pandas as pd
import pytest
from typer.testing import CliRunner

import carecircle as cc
from carecircle.cli import report as cli_report
from carecircle.errors import InputError, MissingLibraryError
from carecircle.outputs.codes import CODES
from carecircle.outputs.issue_words import ISSUE_KINDS
from carecircle.outputs.map.text import Speech
from carecircle.outputs.masking import INTERNAL
from carecircle.outputs.report.docx import report_docx
from carecircle.outputs.report.files import report_pdf
from carecircle.outputs.report.html import report_html
from carecircle.outputs.report.indicators import _fraction, _progress
from carecircle.outputs.report.input import ReportInput
from carecircle.outputs.report.model import Grid, Picture, Text, column_shares
from carecircle.outputs.report.parts import PARTS, report_of

sys.path.insert(0, str(Path(__file__).parent))
import browser
from conftest import ROOT
from fake_findings import card, nothing

HOSTILE = "<img src=x onerror=alert(1)></style><script>alert(2)</script>"


def toy(**terms):
    town = cc.samples.toy_town()
    return replace(town, terms=replace(town.terms, **terms))


@pytest.fixture(scope="module")
def result():
    return cc.assess(toy(presets=(cc.load_preset("wuhai_plan_2021"),)))


@pytest.fixture(scope="module")
def report(result):
    study = toy(presets=(cc.load_preset("wuhai_plan_2021"),))
    before = cc.assess(replace(study, tables=replace(study.tables, facilities=closed(study))))
    return cc.make_report(study, result=result, before=before, language="en")


def closed(study):
    """The facilities before West had a station."""
    facilities = study.facilities.copy()
    facilities.loc["F1", "status"] = "planned"
    return facilities


def part(report, number):
    return report.parts[number - 1]


def said(one):
    return [block.text for block in one.blocks if isinstance(block, Text)]


def table(one, head):
    """The rows of the first table that has a column, as dictionaries."""
    found = next(b for b in one.blocks if isinstance(b, Grid) and head in b.heads)
    return [dict(zip(found.heads, row, strict=True)) for row in found.rows]


# ------------------------------------------------------------------------------- what it says


def test_a_report_has_the_twelve_parts_in_their_order(report):
    assert len(PARTS) == 12
    assert [one.title for one in report.parts] == [
        "Data and method", "Indicators and standards", "Roster coverage beside time coverage",
        "Floor-area rule", "Beds and nursing care", "Three-level network", "Maps",
        "Uncovered areas", "Site options", "Sensitivity", "Changes since the last evaluation",
        "Data problems and sources",
    ]  # fmt: skip
    assert repr(report) == "Report('Toy town: evaluation report': 12 parts, 5 maps)"


def test_method_states_terms_crs_and_the_versions_of_the_standards(report, result):
    one = part(report, 1)
    assert said(one)[0].startswith("As of 2020-12-31: 4 areas, 13 homes, 5 facilities (1 count)")
    terms = {row["Term"]: row["Value"] for row in table(one, "Term")}
    assert terms["Limits"] == "urban 15 min · rural 30 min"
    assert "EPSG:4545" in terms["CRS"]
    (preset,) = table(one, "Standard")
    assert result.rulebook["sha256"].iloc[0][:12] in preset["File and version"]
    assert "1 of 13 homes are not assessed" in said(one)[1]


def test_indicators_stand_with_numerator_denominator_target_and_doubt(report):
    one = part(report, 2)
    lines = {row["Indicator"]: row for row in table(one, "Baseline")}
    ours = next(row for name, row in lines.items() if row["No."] == "3")
    assert (ours["n / d"], ours["Now"], ours["Target"]) == ("1 / 3", "33.33", "≥ 100")
    assert ours["Status"] == "not achieved"
    # from 46/70 in 2020 to all in 2025: (1/3 - 46/70) / (1 - 46/70)
    assert ours["Progress"] == "-94% of 0% due, lagging"
    grids = [block for block in one.blocks if isinstance(block, Grid) and "Baseline" in block.heads]
    for grid in grids:
        for place, row in enumerate(grid.rows):
            assert ("(wording not verified)" in row[1]) == (place in grid.marked)
    assert any(grid.marked for grid in grids)


@pytest.mark.parametrize(
    ("status", "progress", "expected", "zh", "en"),
    [
        # a hair below the baseline is no minus zero; on the day of the baseline nothing is due
        ("on_track", -0.001, 60.0, "0%(应达 0%)", "0% of 0% due"),
        ("on_track", 0.6, 80.0, "60%(应达 50%)", "60% of 50% due"),
        ("lagging", 0.25, 80.0, "25%(应达 50%),滞后", "25% of 50% due, lagging"),
        ("achieved", 1.0, 80.0, "100%(应达 50%)", "100% of 50% due"),
        ("no_baseline", float("nan"), float("nan"), "无基期,未达到", "no baseline, not achieved"),
        ("no_data", float("nan"), 80.0, "--", "--"),
    ],
)
def test_progress_stands_beside_what_is_due_and_never_reads_as_a_verdict(
    status, progress, expected, zh, en
):
    line = {"status": status, "progress": progress, "expected": expected}
    table = pd.DataFrame([line | {"baseline_value": 60.0, "target": 100.0}], index=["X"])
    assert [_progress(table, "X", Speech(one)) for one in ("zh", "en")] == [zh, en]
    assert _progress(table, "Y", Speech("zh")) == _progress(None, "X", Speech("zh")) == "--"


def test_a_count_is_no_fraction_and_a_published_figure_has_none():
    count = {"numerator": 2.0, "denominator": 1.0, "unit": "facilities", "reason": ""}
    assert _fraction(count) == "2"
    share = count | {"unit": "%", "denominator": 3.0}
    assert _fraction(share) == "2 / 3"
    assert _fraction(share | {"unit": "beds/1000 elders"}) == "2 / 3"
    assert _fraction(share | {"reason": "published_only"}) == "--"
    assert _fraction(share | {"numerator": float("nan")}) == "-- / 3"


def test_counts_of_the_plan_stand_as_counts_for_city_and_districts(sample_result):
    one = PARTS[1](ReportInput(sample_result))
    city = {row["号"]: row for row in table(one, "基期")}
    # the plan asks for 4,343 more beds: none is told of yet
    assert (city["N6"]["分子 / 分母"], city["N6"]["现值"]) == ("0", "0")
    heads = next(b.heads for b in one.blocks if isinstance(b, Grid) and "海勃湾区" in b.heads)
    rows = table(one, heads[1])
    beds = next(row for row in rows if row["指标"].startswith("N4 每个区"))
    assert beds["海勃湾区"] == "2"
    share = next(row for row in rows if row["指标"].startswith("3 "))
    assert share["海勃湾区"].endswith(" / 37)")


def test_a_fraction_is_not_torn_apart_in_a_narrow_column(report):
    page = report_html(report)
    assert "80\N{NO-BREAK SPACE}/ 130 (61.5%)" in page  # ten columns: up to the stroke
    assert ">43\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}77<" in page


def test_an_indicator_without_data_is_no_zero(report):
    first = next(row for row in table(part(report, 2), "Baseline") if row["No."] == "1")
    assert first["Now"] == "--"
    assert first["Status"].startswith("no data")


def test_roster_and_time_stand_side_by_side(report):
    one = part(report, 3)
    assert said(one)[0] == (
        "Toy town: 1 / 4 (25.0%) communities have a facility; 80 / 130 (61.5%) elders reach one in"
        " time, 40 do not, 10 are not assessed."
    )
    city, rural, urban = table(one, "Roster coverage")
    assert city["Elders in time (15/30 min)"] == "80 / 130 (61.5%)"
    assert (rural["Unit"], rural["Elders in time (15/30 min)"]) == ("rural", "20 / 30 (66.7%)")
    assert (urban["Unit"], urban["Elders in time (15/30 min)"]) == ("urban", "60 / 100 (60.0%)")


def test_floor_area_lists_who_fails_with_the_largest_shortfall_first(report):
    # owed 36 m2 for 100 households: Centre 720 of which 300, North 36 of which none
    one = part(report, 4)
    failing = table(one, "Reason")
    shortfalls = [float(row["Shortfall m²"].replace(",", "")) for row in failing]
    assert shortfalls == sorted(shortfalls, reverse=True)
    assert failing[0]["Code"] == "C"
    assert "communities pass both tests" in said(one)[0]


def test_parts_without_data_say_so_in_one_line_and_never_print_a_zero(report):
    for number, words in ((5, "no data is not 0"), (6, "no towns or streets")):
        (only,) = part(report, number).blocks
        assert only.tone == "none"
        assert words in only.text
    (sites,) = part(report, 9).blocks
    assert sites.tone == "none"
    assert "the study has none; add [sites]" in sites.text


def test_beds_are_added_up_and_the_unknown_counted_apart():
    town = cc.samples.toy_town()
    beds = town.facilities.assign(beds=[10.0, 50.0, 20.0, None, None],
                                  nursing_beds=[4.0, 25.0, 5.0, None, None])  # fmt: skip
    found = cc.assess(replace(town, tables=replace(town.tables, facilities=beds)))
    one = PARTS[4](ReportInput(replace(found, card=replace(found.card, language="en"))))
    # F2 is planned: its beds are not there
    assert "nursing beds are 9 / 30 (30.0%)" in said(one)[0]
    assert "4 facilities operate, of 2 the beds are unknown" in said(one)[0]
    rows = {row["Kind"]: row for row in table(one, "Kind")}
    assert rows["community elder-care station"]["Beds"] == "10"


def in_many_gaps(result, n=50):
    """The same town with its uncovered areas and scattered groups told of again and again."""
    gaps = pd.concat([result.gaps] * n).reset_index(drop=True)
    gaps["kind"] = ["area" if k % 5 else "scattered" for k in range(len(gaps))]
    gaps.index = pd.Index([f"G{k + 1:03d}" for k in range(len(gaps))], name="gap_id")
    return replace(result, gaps=gaps)


def test_areas_and_scattered_groups_add_up_to_who_is_not_in_time(report, result):
    one = part(report, 8)
    rows = {row["Kind"]: row for row in table(one, "Number")}
    # 40 late and 10 not assessed; H07 H08 H11 late, H12 without a way, H13 without a road
    assert rows["Together"] == {"Kind": "Together", "Number": "4", "Elders": "50", "Homes": "5"}
    assert rows["Part 3: not in time"]["Elders"] == "40"
    assert rows["Part 3: not assessed"]["Elders"] == "10"
    kinds = result.gaps["kind"].value_counts()
    assert rows["Uncovered areas"]["Number"] == str(kinds.get("area", 0))
    assert rows["Scattered groups"]["Number"] == str(kinds.get("scattered", 0))


def test_every_uncovered_area_is_in_the_report_itself(result):
    many = in_many_gaps(replace(result, card=replace(result.card, language="en")))
    found = report_of(ReportInput(many))
    (listed,) = found.appendices
    rows = table(listed, "Gap")
    assert [row["Gap"] for row in rows] == many.gaps.index.tolist()
    assert [row["Kind"] for row in rows[:2]] == ["scattered", ""]
    first, shown = said(part(found, 8))[0], table(part(found, 8), "Gap")
    assert "160 uncovered areas" in first
    assert "40 scattered groups" in first
    assert shown == rows[:40]
    captions = [b.caption for b in part(found, 8).blocks if isinstance(b, Grid)]
    assert captions[-1] == "Worst first: 40 of 200; all of them in the appendix"
    assert not any("tables.xlsx" in b.text for b in part(found, 8).blocks if isinstance(b, Text))
    page = report_html(found)
    assert "<h2>Appendix A All uncovered areas</h2>" in page
    assert '<a href="#a1">Appendix A All uncovered areas</a>' in page
    assert page.count("<h2>") == 13
    heads = docx.Document(io.BytesIO(report_docx(found))).paragraphs
    assert [p.text for p in heads if p.style.name == "Heading 1"][-1].startswith("Appendix A")


def test_a_report_that_lists_everything_has_no_appendix(report):
    assert report.appendices == ()


def test_communities_that_fail_are_all_listed_too(result):
    failing = result.floor_areas[result.floor_areas["status"] == "fail"]
    many = pd.concat([failing] * 40)
    many.index = [f"A{k}" for k in range(len(many))]
    chinese = report_of(ReportInput(replace(result, floor_areas=many)))
    (listed,) = chinese.appendices
    assert listed.title == "面积不达标社区(村)全表"
    assert len(table(listed, "原因")) == len(many) > 60
    assert len(table(part(chinese, 4), "原因")) == 60
    assert ">附录 A " in report_html(chinese)


def test_uncovered_areas_are_told_with_measures_first_and_no_longer_limit(report, result):
    head, *told = said(part(report, 8))[1:]
    assert "a measure on the ground" in head
    assert len(told) == len(result.gaps)
    for sentence in told:
        ground = max(sentence.find("On the ground: "), sentence.find("No road gap, planned"),
                     sentence.find("No single measure"))  # fmt: skip
        assert ground > 0
        assert sentence.find("short of the rule") in (-1, *range(ground, len(sentence)))
        assert "limit" not in sentence.lower()


def test_sites_come_in_building_order_with_their_proof(result):
    import geopandas as gpd
    import shapely

    spots = gpd.GeoDataFrame(
        {"name": ["Corner", "Far"]}, geometry=[shapely.Point(900, 0), shapely.Point(2000, 0)],
        index=["N1", "N2"], crs="EPSG:4545",
    )  # fmt: skip
    plan = cc.max_cover(cc.siting_instance(cc.samples.toy_town(), spots), n_sites=1)
    english = replace(result, card=replace(result.card, language="en"))
    one = PARTS[8](ReportInput(english, plan=plan, sites=spots))
    (row,) = table(one, "Site")
    # the corner brings H07, H08 and H11 in time
    assert (row["Site"], row["Name"], row["Newly in time"]) == ("N1", "Corner", "30")
    assert said(one)[0].startswith("With 1 new sites 110 / 130 (84.6%) are in time. It is proven")
    assert "Cost (money units of the study)" in row
    chinese = said(PARTS[8](ReportInput(result, plan=plan, sites=spots)))[-1]
    assert chinese.startswith("求解与核验:已证明最优;目标值 ")
    assert "独立复核通过:场址、分配、增量和目标值均已重新计数;精确对偶界 " in chinese
    assert "verified" not in chinese


def test_sensitivity_tells_the_three_speeds_and_the_interval(report):
    one = part(report, 10)
    assert said(one)[0] == (
        "Toy town: at 0.8 / 1 / 1.2 m/s 40 / 130 (30.8%), 80 / 130 (61.5%) and 100 / 130 (76.9%)"
        " are in time."
    )
    assert table(one, "90% interval")[0]["Covered"] == "80 / 130 (61.5%)"


def test_changes_are_told_in_numerators_and_points(report):
    city = table(part(report, 11), "Communities on time")[0]
    assert city["Elders in time (15/30 min)"] == "0 / 130 (0.0%) → 80 / 130 (61.5%) (+61.5)"
    assert city["Roster coverage"] == "0 / 4 (0.0%) → 1 / 4 (25.0%) (+25.0)"


def test_every_problem_and_source_is_in_the_appendix(report, result):
    one = part(report, 12)
    listed = [name for row in table(one, "Problem") for name in row["Record"].split(", ")]
    assert sorted(listed) == sorted(issue.record for issue in result.issues)
    assert "made up, to be counted on fingers" in said(one)
    rules = table(one, "Wording verified")
    assert len(rules) == len(result.rulebook)
    unverified = [row for row in rules if row["Wording verified"] == "not verified"]
    assert len(unverified) == int((~result.rulebook["verified"]).sum()) > 0


def codes_of_issues():
    """Every kind of problem that a call names beside its severity."""
    found = set()
    for room in ("inputs", "roads", "standards", "study"):
        for path in (ROOT / "coverage" / "carecircle" / room).rglob("*.py"):
            calls = (
                n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)
            )
            for code, severity in itertools.chain.from_iterable(
                itertools.pairwise(call.args) for call in calls
            ):
                told = (code, severity) if isinstance(code, ast.Constant) else ()
                if told and getattr(severity, "value", None) in CODES["severity"]:
                    found.add(code.value)
    return found


def test_every_kind_of_problem_has_a_chinese_name():
    codes = codes_of_issues()
    assert {"duplicate_id", "islands", "not_homes"} <= codes
    assert len(codes) > 60
    assert sorted(codes - set(ISSUE_KINDS)) == []
    assert all(re.search("[\u4e00-\u9fff]", words) for words in ISSUE_KINDS.values())


def test_a_chinese_appendix_names_kind_table_column_and_severity_in_chinese(result):
    log = cc.IssueLog()
    log.add("far_from_road", "warning", "homes", record="H13", found="no road within 150 m")
    for record in ("F1", "F2"):
        log.add("negative_number", "error", "facilities", record=record, field="floor_m2")
    one = PARTS[11](ReportInput(replace(result, issues=log)))
    assert said(one)[0] == "发现的数据问题:已搁置 2 条、警告 1 条"
    assert table(one, "问题种类")[0] == {
        "程度": "已搁置", "表": "设施", "问题种类": "负数", "条数": "2",
    }  # fmt: skip
    first, last = table(one, "发现与影响")
    assert (first["字段"], first["问题"]) == ("建筑面积(floor_m2)", "负数")
    assert first["记录"] == "F1, F2", "the same is said of both"
    assert (last["表"], last["问题"]) == ("住宅", "离道路过远")
    assert last["发现与影响"] == "150 米内没有道路"


def test_a_column_without_a_word_is_left_out_and_unlike_problems_keep_their_lines(result):
    log = cc.IssueLog()
    for record, found in (("H1", "no road within 150 m"), ("H2", "no road within 500 m")):
        log.add("far_from_road", "warning", "homes", record=record, found=found)
    one = PARTS[11](ReportInput(replace(result, issues=log)))
    rows = table(one, "发现与影响")
    assert [row["记录"] for row in rows] == ["H1", "H2"]
    assert "字段" not in rows[0], "no problem names a column"


def test_problems_are_counted_by_kind_before_they_are_listed(report, result):
    kinds = table(part(report, 12), "Kind of problem")
    assert sum(int(row["Number"]) for row in kinds) == len(result.issues)


def test_an_assessment_of_nothing_gives_twelve_honest_parts():
    found = report_of(ReportInput(replace(nothing(), card=card(language="en"))))
    assert len(found.parts) == 12
    for number in (3, 4, 5, 6, 7, 8, 9, 10, 11):
        (only,) = part(found, number).blocks
        assert only.tone == "none", only
    assert "no data" in report_html(found).lower()


def test_the_report_speaks_chinese_where_the_study_does(result):
    found = report_of(ReportInput(replace(nothing(), card=result.card)))
    assert found.title == "玩具小镇评估报告"
    titles = [one.title for one in found.parts]
    assert titles[:3] == ["数据与方法", "指标与标准", "名录覆盖与时间覆盖"]
    assert 'lang="zh-CN"' in report_html(found)
    assert "有设施的社区(村) 1 / 4 (25.0%)" in said(PARTS[2](ReportInput(result)))[0]


def test_no_font_leaves_the_figures_and_a_clear_line(result, monkeypatch):
    from carecircle.outputs import fonts

    monkeypatch.setenv(fonts.FONT_VARIABLE, "/none.ttf")
    one = PARTS[6](ReportInput(result))
    assert [block.tone for block in one.blocks] == ["warn"]
    assert "/none.ttf" in one.blocks[0].text


# --------------------------------------------------------------------------------- its files


def test_made_up_data_are_marked_at_every_part_and_on_every_page(report):
    mark = "Synthetic data for demonstration"
    page = report_html(report)
    assert page.count(f">{mark}") == 12 + 1
    assert "@top-center" in page
    book = docx.Document(io.BytesIO(report_docx(report)))
    assert all(mark in section.header.paragraphs[0].text for section in book.sections)
    assert sum(paragraph.text.startswith(mark) for paragraph in book.paragraphs) == 12
    assert all("Synthetic" in b.caption for b in part(report, 7).blocks if isinstance(b, Picture))


def test_a_column_of_sentences_is_wider_than_one_of_numbers(report):
    indicators = next(b for b in part(report, 2).blocks if isinstance(b, Grid))
    shares = dict(zip(indicators.heads, column_shares(indicators), strict=True))
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["Indicator"] == max(shares.values())
    assert shares["Indicator"] > 2 * shares["No."]


def test_no_word_is_torn_and_the_room_goes_where_it_saves_lines():
    names = ["镇(街道)社会工作服务站覆盖率 · 填报", "社会工作专业人才占全市人口比例 · 百分比(原文)"]
    indicators = Grid(
        "", ("号", "指标", "单位", "分子 / 分母", "判定"),
        tuple((f"N{k}", name, "%", "3,354 / 90,649", "未达到") for k, name in enumerate(names)),
    )  # fmt: skip
    shares = column_shares(indicators)
    # each column holds its longest word; the names take what is left, more than half of the page
    assert shares[1] > 0.5
    assert min(shares) > 0.03
    assert column_shares(indicators) == shares


def test_a_heading_of_a_word_is_not_broken_in_a_thin_column(result):
    page = report_html(report_of(ReportInput(result)))
    for head in ("字段", "目标", "老年人", "住宅"):
        (name,) = set(re.findall(f'<th scope="col" class="([^"]*)">{head}</th>', page)) or {""}
        assert "k" in name.split(), head


def test_headings_captions_and_header_rows_stay_with_what_follows(report):
    book = docx.Document(io.BytesIO(report_docx(report)))
    captions = {b.caption for one in report.parts for b in one.blocks if isinstance(b, Grid)}
    leads = [
        p for p in book.paragraphs
        if p.style.name == "Heading 1" or p.text in {*captions, report.banner}
    ]  # fmt: skip
    assert len(leads) >= 24 + len(captions)
    assert all(p.paragraph_format.keep_with_next or p.style.paragraph_format.keep_with_next
               for p in leads)  # fmt: skip
    pictures = [p for p in book.paragraphs if p._p.xpath(".//pic:pic")]
    assert len(pictures) == 5
    assert all(p.paragraph_format.keep_with_next for p in pictures), "with their captions"
    for made in book.tables:
        for row in made.rows[:1]:
            assert all(cell.paragraphs[0].paragraph_format.keep_with_next for cell in row.cells)


def test_real_data_carry_no_such_mark():
    real = replace(nothing(), card=card(synthetic=False, language="en"))
    found = report_of(ReportInput(real))
    page = report_html(found)
    assert "ynthetic" not in page
    assert "@top-center" not in page
    head = docx.Document(io.BytesIO(report_docx(found))).sections[0].header.paragraphs[0].text
    assert head == found.title


def test_equal_reports_are_equal_bytes(report):
    assert report_html(report) == report_html(report)
    assert report_docx(report) == report_docx(report)


def test_the_word_document_has_headings_a4_repeated_headers_and_the_day_of_the_data(report):
    book = docx.Document(io.BytesIO(report_docx(report)))
    heads = [p.text for p in book.paragraphs if p.style.name == "Heading 1"]
    assert heads == [f"{k} {one.title}" for k, one in enumerate(report.parts, start=1)]
    section = book.sections[0]
    assert round(section.page_width.cm, 1) == 21.0
    assert round(section.page_height.cm, 1) == 29.7
    assert str(book.core_properties.created.date()) == "2020-12-31"
    grids = [b for one in report.parts for b in one.blocks if isinstance(b, Grid)]
    assert len(book.tables) == len(grids)
    for made, grid in zip(book.tables, grids, strict=True):
        assert made.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
        assert tuple(cell.text for cell in made.rows[0].cells) == grid.heads
        assert len(made.rows) == len(grid.rows) + 1
        widths = [cell.width.cm for cell in made.rows[0].cells]
        assert sum(widths) == pytest.approx(17, abs=0.05)
    assert len(book.inline_shapes) == 5
    assert all(shape.width.cm <= 17 for shape in book.inline_shapes)


@pytest.mark.browser
def test_names_from_outside_are_shown_as_text_and_nothing_is_fetched(result, tmp_path):
    areas = result.areas.assign(name=HOSTILE)
    terms = replace(result.card, title=HOSTILE, language="en", sources=(HOSTILE, "tab\x0bhere"))
    found = report_of(ReportInput(replace(result, areas=areas, card=terms)))
    assert docx.Document(io.BytesIO(report_docx(found))).paragraphs[0].text.startswith("<img")
    page = tmp_path / "report.html"
    page.write_text(report_html(found), encoding="utf-8")
    with browser.chromium() as tool, browser.visit(tool, page.as_uri()) as seen:
        assert seen.complaints == []
        assert [one for one in seen.requests if not one.startswith(("file:", "data:"))] == []
        assert seen.page.locator("h1").inner_text().startswith("<img src=x")
        assert seen.page.locator("section").count() == 12
        assert seen.page.locator("img").count() == 5
        wide = seen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0


@pytest.mark.browser
def test_pdf_is_printed_a4_on_the_day_of_the_data(report, monkeypatch):
    monkeypatch.setenv("CHROMIUM", browser.chromium_path())
    pdf = report_pdf(report)
    assert pdf.startswith(b"%PDF-")
    assert b"/CreationDate (D:20201231000000+00'00')" in pdf
    assert b"/ModDate (D:20201231000000+00'00')" in pdf
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^\]]*)\]", pdf)}
    assert {(round(box[2] / 72 * 2.54, 1), round(box[3] / 72 * 2.54, 1)) for box in boxes} == {
        (21.0, 29.7)
    }


def test_no_browser_says_what_to_do(report, monkeypatch, tmp_path):
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(MissingLibraryError, match="install one, name it in CHROMIUM"):
        report.save(tmp_path / "r", formats=["html", "pdf"])
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_saved_whole_and_leaves_foreign_files_alone(report, tmp_path):
    folder = report.save(tmp_path / "r")
    assert sorted(p.name for p in folder.iterdir()) == [
        "manifest.json",
        "report.docx",
        "report.html",
    ]
    report.save(folder, formats=["html"])
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "report.html"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.txt"):
        report.save(folder)
    with pytest.raises(InputError, match="formats: odt; choose of html, docx, pdf"):
        report.save(tmp_path / "s", formats=["odt"])


def test_a_report_shows_its_findings_in_a_notebook(report):
    shown = report._repr_html_()
    assert "80 / 130 (61.5%)" in shown
    assert shown.count("<li>") == 12


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="choose zh or en"):
        cc.make_report(cc.samples.toy_town(), language="fr")


def test_the_command_line_writes_the_report_it_is_asked_for(tmp_path, monkeypatch):
    town = cc.samples.toy_town()
    for name in ("areas", "facilities", "homes", "roads"):
        getattr(town.tables, name).reset_index().to_file(tmp_path / f"{name}.gpkg")
    (tmp_path / "study.toml").write_text(
        '[study]\ntitle = "Toy town"\nas_of = 2020-12-31\ncrs = "EPSG:4545"\nsynthetic = true\n'
        '[areas]\nfile = "areas.gpkg"\n[[facilities]]\nfile = "facilities.gpkg"\n'
        '[homes]\nmethod = "points"\nfile = "homes.gpkg"\n[roads]\nfile = "roads.gpkg"\n'
        '[service]\nkinds = ["station"]\n'
    )
    words = [str(tmp_path), "--out", str(tmp_path / "out"), "--format", "html", "--language", "en"]
    done = CliRunner().invoke(cli_report.app, words)
    assert done.exit_code == 0, done.output
    assert "Synthetic data for demonstration" in done.output
    assert "80 / 130 (61.5%)" not in done.output
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8").count("<section") == 12
    # a folder that holds a report and nothing else is no result to make one of
    refused = CliRunner().invoke(cli_report.app, [str(tmp_path / "out")])
    assert isinstance(refused.exception, InputError)


def test_a_saved_result_gives_the_report_without_what_needs_roads(result, tmp_path):
    saved = result.save(tmp_path / "2020")
    known, fresh = cc.make_report(cc.open_result(saved), language="en"), cc.make_report(
        toy(presets=(cc.load_preset("wuhai_plan_2021"),)), result=result, language="en"
    )  # fmt: skip
    assert [one.title for one in known.parts] == [one.title for one in fresh.parts]
    for number in (3, 4, 5, 6, 11):
        assert part(known, number) == part(fresh, number), number
    assert table(part(known, 2), "Baseline") == table(part(fresh, 2), "Baseline")
    why = "a saved result keeps no roads to search; make the report from the study"
    for number in (7, 8, 9, 10):
        assert sum(why in text for text in said(part(known, number))) == 1, number
    assert not any(why in text for n in (1, 2, 3, 4, 5, 6, 11, 12) for text in said(part(known, n)))
    with pytest.raises(InputError, match="two results"):
        cc.make_report(result, result=result)


def test_the_command_line_makes_a_report_of_a_saved_result_and_compares_with_one(result, tmp_path):
    saved = result.save(tmp_path / "2020")
    words = [str(saved), "--before", str(saved), "--format", "html", "--language", "en"]
    done = CliRunner().invoke(cli_report.app, words)
    assert done.exit_code == 0, done.output
    assert INTERNAL[1] in done.stderr
    # beside the result: the folder of a result holds nothing else
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Dates of the data: 2020-12-31 \N{RIGHTWARDS ARROW} 2020-12-31." in page
    assert "manifest.json" in {path.name for path in saved.iterdir()}


def test_why_a_part_is_missing_is_told_in_the_language_of_the_report(result):
    reason = {"plan": "sites: the study has none; add [sites] to the study file, or pass a table of"
              " sites"}  # fmt: skip
    for language, told in (
        ("zh", "研究没有候选点;请在研究文件中添加 [sites]"),
        ("en", "the study has none"),
    ):
        spoken = replace(result, card=replace(result.card, language=language))
        assert told in ReportInput(spoken, lacking=reason).why("plan")


def test_texts_of_estates_in_step_come_back_from_a_saved_folder(sample_result, tmp_path):
    from carecircle.audit.stored import _verdicts

    steps = ["failed_step", "failed_steps", "missing"]
    sample_result.sync.to_csv(tmp_path / "sync.csv", encoding="utf-8-sig")
    read = _verdicts(tmp_path, "sync")[steps]
    assert read.equals(sample_result.sync[steps].fillna("").astype(read.dtypes.to_dict()))
    # a table in which no estate failed holds none of the texts
    sample_result.sync[steps].assign(**dict.fromkeys(steps, "")).to_csv(tmp_path / "sync.csv")
    assert (_verdicts(tmp_path, "sync")[steps] == "").all(axis=None)
