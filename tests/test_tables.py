from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from carecircle.inputs.issues import IssueLog
from carecircle.outputs.codes import CODES, SHEETS
from carecircle.outputs.labels import field, terms_line
from carecircle.outputs.workbook.readme import _percent
from carecircle.outputs.workbook.tables import table_frames, write_issues, write_rules, write_tables

sys.path.insert(0, str(Path(__file__).parent))
from small_findings import HOSTILE, card, findings

# those of a plan have their own tests
NAMES = [names for code, names in SHEETS.items() if code not in ("indicators", "sync")]


@pytest.fixture
def book(tmp_path):
    write_tables(findings(), tmp_path / "tables.xlsx")
    return openpyxl.load_workbook(tmp_path / "tables.xlsx")


def rows(sheet):
    head, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in body]


def test_sheets_are_in_order_and_in_chinese(book):
    assert book.sheetnames == [zh for zh, _ in NAMES]


def test_headings_name_the_unit_and_panes_are_frozen_under_a_filter(book):
    sheet = book["住宅"]
    head = [cell.value for cell in sheet[1]]
    assert head[:6] == [
        "住宅代码",
        "社区代码",
        "时限内覆盖",
        "到最近设施时间 (分钟)",
        "时限 (分钟)",
        "最近设施代码",
    ]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.auto_filter.ref.endswith("4")


def test_text_that_looks_like_a_formula_stays_text(book):
    found = []
    for sheet in book:
        for line in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in line)
            found += [cell.value for cell in line if cell.value in HOSTILE]
    assert set(found) == set(HOSTILE)


def test_unknown_is_a_blank_cell_and_never_zero(book):
    homes = rows(book["住宅"])
    assert [home["到最近设施时间 (分钟)"] for home in homes] == [15, 21.5, None]
    assert [home["时限内覆盖"] for home in homes] == ["是", "否", None]
    assert homes[2]["最近设施代码"] is None
    assert rows(book["社区"])[1]["老年人口总数 (人)"] is None


def test_ids_keep_their_leading_zeros(book):
    assert [home["住宅代码"] for home in rows(book["住宅"])] == ["001", "002", "003"]


def test_a_rate_follows_its_numerator_and_denominator_and_prints_as_percent(book):
    sheet = book["汇总"]
    head = [cell.value for cell in sheet[1]]
    at = head.index("老年人口覆盖率(时间)")
    assert head[at - 2 : at] == ["老年人口时限内覆盖 (人)", "老年人口总数 (人)"]
    assert sheet.cell(2, at + 1).value == pytest.approx(10 / 33)
    assert sheet.cell(2, at + 1).number_format == "0.0%"


def test_codes_are_said_in_words(book):
    assert rows(book["盲区"])[0]["成因"] == "缺路(绕行)"
    assert rows(book["面积"])[0]["原因"] == "低于最低面积;无设施"
    assert rows(book["设施"])[0]["类型"] == "社区居家养老服务站"
    assert rows(book["问题"])[0]["严重程度"] == "警告"


def test_the_first_sheet_states_terms_headline_and_synthetic(book):
    lines = [f"{name}: {value}" for name, value in book["说明"].iter_rows(values_only=True)]
    text = "\n".join(lines)
    for part in (
        "标题: 样例市养老服务圈",
        "注意: 合成数据",
        "数据日期: 2025-12-31",
        "时限: 城镇 15 分钟, 农区 30 分钟",
        "出行方式: car: 机动车, 5.56 m/s",
        "样例市 · 设施覆盖率(名录): 46/70 = 65.7%",
        "样例市 · 老年人口覆盖率(时间): 10/33 = 30.3%",
        "表 住宅: 3 行",
        "数据来源: 路网:样例",
    ):
        assert part in text


def test_every_column_of_every_sheet_is_explained(book):
    explained = {(row["表"], row["列"]) for row in rows(book["字段"])}
    for name in ("汇总", "社区", "盲区", "设施", "住宅"):
        for cell in book[name][1]:
            heading = cell.value.rsplit(" (", 1)[0]
            assert (name, heading) in explained


def test_the_sheet_of_rules_names_rule_unit_and_what_closes_the_gap(book):
    duty, fine, advice, _, city = rows(book["标准核查"])
    assert (duty["规则(中文)"], duty["名称"], duty["判定"]) == ("面积DUTY", "河东", "不达标")
    figures = [duty[name] for name in ("值", "分子", "分母", "限值", "补足需要", "单位")]
    assert figures == [pytest.approx(29.99), 299.9, 1000, 30, "0.1平方米", "平方米/100户"]
    assert (duty["条文已核实"], advice["条文已核实"]) == ("是", "否")
    assert (fine["判定"], fine["补足需要"], city["层级"]) == ("达标", None, "市")
    assert (duty["约束力"], advice["约束力"], duty["要求"]) == ("应", "宜", ">= 不低于")


def test_the_first_sheet_counts_each_standard_and_names_unverified_wording(book):
    lines = list(book["说明"].iter_rows(values_only=True))
    counted = "3条规则, 2条不达标, 1条达标, 0条无法评估或不适用; 1条条文未核实"
    assert ("标准: 自定标准", counted) in lines
    assert ("条文未核实", "own: ADVICE。判定仅供参考。") in lines
    failed = dict(lines)["ADVICE 面积ADVICE(条文未核实)"]
    assert "A1: 30.0" in failed
    assert "不低于 50, 差200.1平方米" in failed


def test_areas_say_which_rules_they_fail(book):
    river, other = rows(book["社区"])
    assert river["不达标的规则"] == "own/DUTY"
    assert river["不达标的规则(条文未核实)"] == "own/ADVICE"
    assert other["不达标的规则"] is None


def test_without_standards_there_is_no_sheet_and_no_file_of_them(tmp_path):
    bare = findings(rules=pd.DataFrame(), rulebook=pd.DataFrame())
    write_tables(bare, tmp_path / "t.xlsx")
    write_rules(bare, tmp_path / "rules.csv")
    assert "标准核查" not in openpyxl.load_workbook(tmp_path / "t.xlsx").sheetnames
    assert [path.name for path in tmp_path.iterdir()] == ["t.xlsx"]


def test_too_many_homes_are_left_to_the_geopackage_and_said_so(tmp_path):
    write_tables(findings(), tmp_path / "t.xlsx", most_homes=2)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert "住宅" not in book.sheetnames
    lines = dict(book["说明"].iter_rows(values_only=True))
    assert lines["表 住宅"] == "3 行,未放入工作簿,见 coverage.gpkg"


def test_english_is_a_switch_of_the_card(tmp_path):
    write_tables(findings(card=card(language="en")), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == [en for _, en in NAMES]
    assert rows(book["gaps"])[0]["cause"] == "detour"
    assert rows(book["homes"])[0]["covered in time"] == "yes"


def test_the_input_frames_are_left_as_they_were(tmp_path):
    found = findings()
    before = found.areas.copy(deep=True)
    write_tables(found, tmp_path / "t.xlsx")
    pd.testing.assert_frame_equal(pd.DataFrame(found.areas), pd.DataFrame(before))


def test_tables_keep_codes_and_drop_geometry():
    frames = table_frames(findings())
    assert frames["gaps"]["cause"].tolist() == ["detour"]
    assert "geometry" not in frames["homes"]
    assert frames["areas"].columns[0] == "area_id"


def test_the_issue_file_opens_in_excel_and_runs_nothing(tmp_path):
    log = IssueLog()
    log.add("odd_value", "error", "areas", record="A1", found="=1+1", fix="改正")
    write_issues(replace(findings(), issues=log), tmp_path / "issues.csv")
    raw = (tmp_path / "issues.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(raw.decode("utf-8-sig").splitlines())
    assert row["found"] == "'=1+1"
    assert row["fix"] == "改正"


def test_no_issues_give_a_file_of_headings(tmp_path):
    write_issues(findings(issues=IssueLog()), tmp_path / "issues.csv")
    assert (tmp_path / "issues.csv").read_text("utf-8-sig").startswith("code,severity,table")


@pytest.mark.parametrize(
    ("n", "d", "said"),
    [
        (46, 70, "65.7%"),
        (9999, 10000, "99.9%"),
        (1, 10000, "0.1%"),
        (0, 5, "0.0%"),
        (5, 5, "100.0%"),
    ],
)
def test_a_percentage_is_never_rounded_to_all_or_nothing(n, d, said):
    assert _percent(n, d) == said


def test_the_terms_fit_on_one_line():
    assert terms_line(card()) == (
        "样例市养老服务圈 · 截至 2025-12-31 · 小汽车 5.55556 米/秒 · 城镇 15 / 农区 30 分钟"
        " · 合成数据,仅供演示"
    )


def test_each_code_has_a_chinese_and_an_english_name():
    for codes in CODES.values():
        assert all(zh and en and zh != en for zh, en in codes.values())
    assert field("areas", "elders_rate").form == "rate"


def test_numbers_held_as_objects_stay_numbers(tmp_path):
    found = findings()
    odd = found.facilities.assign(floor_m2=pd.Series([np.float64(12.5)], found.facilities.index))
    odd["floor_m2"] = odd["floor_m2"].astype(object)
    write_tables(replace(found, facilities=odd), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert rows(book["设施"])[0]["建筑面积 (平方米)"] == 12.5
