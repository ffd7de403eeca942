"""Conditional fills of the workbook: which cells get which colour when a spreadsheet opens it."""

from __future__ import annotations

from dataclasses import replace

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

import carecircle as cc
from carecircle.outputs.workbook.tables import write_tables


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    town = cc.samples.toy_town()
    terms = replace(town.terms, presets=(cc.load_preset("wuhai_plan_2021"),))
    result = cc.assess(replace(town, terms=terms))
    path = tmp_path_factory.mktemp("fills") / "tables.xlsx"
    write_tables(replace(result, card=replace(result.card, language="en")), path)
    return openpyxl.load_workbook(path)


def column(sheet, heading):
    return next(cell.column for cell in sheet[1] if cell.value == heading)


def rules(sheet, heading):
    """Conditional rules of one column, over all its rows."""
    letter = get_column_letter(column(sheet, heading))
    area = f"{letter}2:{letter}{sheet.max_row}" if sheet.max_row > 2 else f"{letter}2"
    return [
        rule
        for found in sheet.conditional_formatting
        if str(found.sqref) == area
        for rule in found.rules
    ]


def fills(sheet, heading):
    return {
        rule.formula[0].strip('"'): rule.dxf.fill.bgColor.rgb[-6:]
        for rule in rules(sheet, heading)
        if rule.type == "cellIs"
    }


def test_every_verdict_of_an_area_has_a_fill_of_its_own(book):
    found = fills(book["areas"], "verdict")
    assert found["no facility, too late (priority)"] == "F3C9B5"
    assert found["has a facility, in time"] == "CFE3EF"
    assert len(found) == len(set(found.values())) == 4


def test_the_fill_is_asked_for_by_the_very_word_in_the_cell(book):
    sheet = book["areas"]
    place = column(sheet, "verdict")
    words = {sheet.cell(row, place).value for row in range(2, sheet.max_row + 1)}
    assert words <= set(fills(sheet, "verdict")) | {None}


def test_failures_and_unverified_wordings_stand_out_in_the_rules(book):
    verdicts = fills(book["rules"], "verdict")
    assert (verdicts["pass"], verdicts["fail"]) == ("CFE3EF", "F3C9B5")
    assert fills(book["rules"], "wording verified") == {"no": "E3E3E1"}


def test_shares_are_shaded_from_none_to_all(book):
    (rule,) = rules(book["areas"], "elders covered in time, share")
    assert rule.type == "colorScale"
    assert [(one.type, float(one.val)) for one in rule.colorScale.cfvo] == [("num", 0), ("num", 1)]


def test_ids_and_names_stay_white(book):
    assert rules(book["areas"], "name") == []
