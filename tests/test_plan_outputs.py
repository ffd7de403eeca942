"""Where a user sees the indicators of a plan: result, summary, workbook, CSV, manifest."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

import carecircle as cc
from carecircle.outputs.fractions import fraction
from carecircle.outputs.masking import masked
from carecircle.outputs.summary import summary_html, summary_rows
from carecircle.outputs.workbook.indicators import indicator_cells, quoted
from carecircle.outputs.workbook.tables import write_tables

PLAN = "wuhai_plan_2021"
#: Number -> value and baseline as the plan prints them, numerator and denominator behind.
COLUMN_2020 = {
    "2": ("80.0 %", "80", "16 / 20"),
    "3": ("65.7 %", "66", "46 / 70"),
    "4": ("37.0 张/1000名老人", "37", "3,354 / 90,649"),
    "5": ("36.9 %", "37", "1,237 / 3,354"),
    "7": ("1.2 %", "1.2", ""),
    "8": ("33.0 平方米/100户", "33", "72,930 / 221,000"),
    "11": ("25.0 %", "25", "1 / 4"),
    **dict.fromkeys(["1", "6", "9", "10", "12"], ("--", "--", "")),
}


@pytest.fixture(scope="module")
def book(sample_result, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "tables.xlsx"
    write_tables(sample_result, path, most_homes=10)
    return openpyxl.load_workbook(path, read_only=True)


def rows(sheet):
    head, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in body]


def test_the_result_holds_the_indicators_that_its_frames_give(sample_result, sample_frames):
    again = cc.indicators(sample_frames, PLAN, log=cc.IssueLog())
    pd.testing.assert_frame_equal(sample_result.indicators, again)
    sync = cc.check_sync(sample_frames.projects, as_of="2020-12-31")
    pd.testing.assert_frame_equal(sample_result.sync, sync)


def test_the_twelve_lines_show_the_column_of_2020_as_the_plan_prints_it(sample_result):
    cells = [indicator_cells(row, 0) for row in quoted(sample_result.indicators).to_dict("records")]
    numbered = {number: rest for number, *rest in cells if number.isdigit()}
    assert {n: (row[1], row[3], row[2]) for n, row in numbered.items()} == COLUMN_2020
    assert len(numbered) == 12
    villages = next(row for row in cells if row[1] == "村养老设施服务覆盖率")
    assert villages[2:5] == ("84.6 %", "11 / 13", "85")


def test_the_summary_has_a_line_for_each_indicator_with_baseline_target_and_status(sample_result):
    lines = dict(summary_rows(sample_result))
    assert lines["3 城市社区养老设施服务覆盖率"] == (
        "65.7 % (46 / 70), 基期 66, 目标不低于 100, 未达到"
    )
    assert lines["1 村(社区)社会救助协理员"] == ("--, 基期 --, 目标不低于 100, 无数据 (无观测数据)")
    assert "(6,679 /" not in lines["7 社会工作专业人才占全市人口比例"]  # nobody counted them
    english = replace(sample_result, card=replace(sample_result.card, language="en"))
    assert dict(summary_rows(english))["5 share of nursing beds"] == (
        "36.9 % (1,237 / 3,354), baseline 37, target at least 55, not achieved"
    )


def test_a_plan_not_in_force_is_one_line_that_points_to_the_indicators(sample_result):
    lines = [(what, said) for what, said in summary_rows(sample_result) if "标准" in what]
    plan = [said for what, said in lines if "民政事业" in what]
    assert plan == [
        (
            "77条规则在数据日期2020-12-31均不在有效期内,2021-01-01起施行,至2025-12-31止,"
            "判定仅作对照;34条条文未核实;见规划指标"
        )
    ]
    assert (~sample_result.rulebook.loc[PLAN, "in_force"]).sum() == 77
    assert not any(what.startswith("IND-") for what, _ in summary_rows(sample_result))


def test_the_table_of_a_notebook_quotes_first_and_folds_the_other_readings(sample_result):
    page = summary_html(sample_result)
    first, _, folded = page.partition("<details>")
    for words in ("65.7 %", "84.6 %", "37.0 张", "36.9 %", "33.0 平方米", "80.0 %", "25.0 %", "--"):
        assert f">{words}" in first
    assert "64.3 %" not in first  # one station, one community: another reading
    assert ">64.3 %<" in folded
    assert "规划指标" in first


def test_the_one_line_form_counts_the_indicators(sample_result):
    assert "; 0 of 12 indicators achieved, 5 without data;" in repr(sample_result)
    assert "indicators" not in repr(cc.assess(cc.samples.toy_town()))


def test_estates_in_step_are_told_in_both_readings(sample_result):
    lines = dict(summary_rows(sample_result))
    rates = cc.sync_rates(sample_result.sync)
    for reading, label in (("default", "默认口径"), ("strict", "从严口径")):
        row = rates.loc[(reading, "estates")]
        said = lines[f"四同步({label})"]
        assert said.startswith(fraction(row["numerator"], row["denominator"]))
        assert f"同步交付 {row['failed_delivered']:.0f}" in said


def test_the_workbook_has_a_sheet_of_indicators_and_one_of_estates(book, sample_result):
    found = rows(book["规划指标"])
    assert len(found) == len(sample_result.indicators)
    head = [row for row in found if row["层级"] == "市" and row["主要口径"] == "是"]
    at = {row["行编号"]: row for row in head}
    assert (at["IND-3"]["分子"], at["IND-3"]["分母"], at["IND-3"]["基期值"]) == (46, 70, 66)
    assert (at["IND-3"]["判定"], at["IND-3"]["属性"]) == ("未达到", "约束性")
    assert at["IND-1"]["值"] is None
    assert at["IND-1"]["基期值"] is None
    assert at["IND-1"]["名称"] == "乌海市"
    estates = rows(book["四同步"])
    assert {row["口径"] for row in estates} == {"默认口径", "从严口径"}
    failed = next(row for row in estates if row["小区编号"] == "P03")
    assert (failed["四同步判定"], failed["首个不同步环节"]) == ("不同步", "同步规划")


def test_every_column_of_the_two_sheets_is_explained(book):
    explained = {(row["表"], row["列"]) for row in rows(book["字段"])}
    for sheet in ("规划指标", "四同步"):
        heads = [cell.partition(" (")[0] for cell in next(book[sheet].iter_rows(values_only=True))]
        assert all((sheet, head) in explained for head in heads)
        assert not any(head.isascii() for head in heads)  # none has kept its code


def test_the_result_folder_and_its_manifest_hold_the_indicators(sample_result, tmp_path):
    from carecircle.outputs.folder import WRITERS, save_folder

    names = ("indicators.csv", "sync.csv")
    one, two = (
        save_folder(sample_result, tmp_path / name, writers={n: WRITERS[n] for n in names})
        for name in ("one", "two")
    )
    assert {path.name for path in one.iterdir()} == {*names, "manifest.json"}
    assert all((one / path.name).read_bytes() == path.read_bytes() for path in two.iterdir())
    with (one / "indicators.csv").open(encoding="utf-8-sig", newline="") as file:
        table = {row["line"]: row for row in csv.DictReader(file) if row["level"] == "city"}
    assert (table["IND-4"]["numerator"], table["IND-4"]["status"]) == ("3354.0", "not_achieved")
    assert (table["IND-9"]["value"], table["IND-9"]["reason"]) == ("", "no_observation")
    facts = json.loads((one / "manifest.json").read_text(encoding="utf-8"))
    line = next(row for row in facts["indicators"] if row["line"] == "CA-WH-CITY")
    assert (line["numerator"], line["denominator"], line["baseline"]) == (72930.0, 221000.0, 33.0)
    assert line["sha256"] == cc.load_preset(PLAN).sha256
    assert facts["rows"]["indicators"] == len(sample_result.indicators)


def test_a_study_without_a_plan_has_no_indicators_and_no_files(tmp_path):
    from carecircle.outputs.folder import WRITERS, save_folder

    town = cc.assess(cc.samples.toy_town())
    assert town.indicators.empty
    assert town.sync.empty
    folder = save_folder(town, tmp_path / "town", writers={
        name: WRITERS[name] for name in ("indicators.csv", "sync.csv", "tables.xlsx")})  # fmt: skip
    assert {path.name for path in folder.iterdir()} == {"tables.xlsx", "manifest.json"}
    assert "indicators" not in openpyxl.load_workbook(folder / "tables.xlsx").sheetnames


def test_doubts_about_figures_are_issues_of_the_result(sample_result):
    told = [issue for issue in sample_result.issues if issue.table == "indicators"]
    assert [(issue.code, issue.record) for issue in told] == [("implausible_value", "IND-7")]


def test_what_is_published_hides_indicators_that_count_few_people(sample_result):
    shown, city = masked(sample_result), sample_result.indicators
    time = shown.indicators.loc["IND-3-TIME"]
    before = city.loc["IND-3-TIME"]
    gone = time["numerator"].isna() & before["numerator"].notna()
    assert gone.any()
    assert time.loc[gone, ["value", "denominator"]].isna().all(axis=None)
    beds = shown.indicators.loc["IND-5"]  # beds are no people
    pd.testing.assert_series_equal(beds["numerator"], city.loc["IND-5", "numerator"])
    small = sample_result.sync.assign(dwellings=4.0)
    sync = masked(replace(sample_result, sync=small)).sync
    assert sync[["dwellings", "households", "owed_m2"]].isna().all(axis=None)
    assert (sync["status"] == small["status"]).all()
