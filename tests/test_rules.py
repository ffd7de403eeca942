"""Rule files: what is read, and the one clear line for each thing that is wrong."""

from __future__ import annotations

import datetime as dt

import pytest

from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.standards.presets import read_rules
from carecircle.standards.registry import FORMULAS
from carecircle.standards.rule_file import parse_rules
from carecircle.standards.rules import Limit

GOOD = """\
[preset]
id = "own"
title_zh = "自定"
issuer = "市民政局"
document = "自定标准"
year = 2024
valid_from = 2024-01-01

[[rule]]
id = "A"
title_zh = "总面积"
title_en = "total floor area"
clause = "3.1"
level = "area"
indicator = "floor_area"
comparator = ">="
limit = 300
unit = "m2"
"""
OWN_FORMULAS = """
[[formula]]
id = "a"
numerator = "b"
denominator = "elders"
unit = "1"

[[formula]]
id = "b"
numerator = "a"
denominator = "elders"
unit = "1"
"""


def faults(text, **options):
    log = IssueLog()
    with pytest.raises(InputError):
        parse_rules(text, "own.toml", log=log, **options)
    return [(issue.code, issue.record, issue) for issue in log]


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_file_gives_its_rule_with_what_the_document_says():
    (rule,) = parse_rules(GOOD, "own.toml", log=IssueLog()).rules
    assert (rule.id, rule.issuer, rule.year, rule.line) == ("A", "市民政局", 2024, 9)
    assert rule.limit == Limit(300, 300)
    assert rule.valid_from == dt.date(2024, 1, 1)
    assert rule.source == "自定标准 2024 3.1"
    assert not rule.verified, "nobody said so"


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "word"),
    [
        ('"floor_area"', '"flor_area"', "unknown_formula", 15, "did you mean 'floor_area'?"),
        ('unit = "m2"', 'unit = "%"', "wrong_unit", 18, "write the limit in 'm2'"),
        ("limit = 300", 'limit = "300"', "limit_is_text", 17, "without quotes"),
        ("limit = 300", "limit = nan", "wrong_type", 17, "give a number"),
        ("limit = 300", "limit = [300, 500]", "wrong_type", 17, "give a number"),
        ("limit = 300", 'limit = { by = "regime", new = "500" }', "limit_is_text", 17, "number"),
        ("limit = 300", 'limit = { by = "population", steps = [[9, 1], [3, 2]] }',
         "bad_limit_table", 17, "ascending"),
        ('comparator = ">="', 'comparator = "between"', "wrong_type", 16, "two numbers"),
        ('comparator = ">="', 'comparator = "=>"', "unknown_value", 16, ">="),
        ('level = "area"', 'level = "facility"', "wrong_level", 14, "area, street"),
        ('level = "area"', 'level = "areas"', "unknown_value", 14, "did you mean 'area'?"),
        ("year = 2024", 'year = "2024"', "wrong_type", 6, "whole number"),
        ('clause = "3.1"', "", "missing_key", 9, "add clause"),
        ('clause = "3.1"', 'clause = "3.1"\nclausse = "x"', "unknown_key", 14, "clause"),
        ('level = "area"', 'level = "area"\nparams = { kind = ["station"] }',
         "unknown_parameter", 15, "did you mean 'kinds'?"),
        ('level = "area"', 'level = "area"\nparams = { kinds = "station" }',
         "wrong_type", 15, "a list of texts"),
        ('level = "area"', 'level = "area"\nparams = { kinds = ["statoin"] }',
         "unknown_kind", 15, "did you mean 'station'?"),
        ('level = "area"', 'level = "area"\napplies = { kinds = ["town"] }',
         "unknown_value", 15, "urban, rural"),
        ('level = "area"', 'level = "area"\napplies = { facility_kinds = ["station"] }',
         "unused_key", 15, "params"),
        ('"floor_area"', '"within_minutes"', "missing_parameter", 10, "minutes"),
        ("valid_from = 2024-01-01", "valid_from = 2024-01-01\nvalid_to = 2023-12-31",
         "wrong_order", 10, "on or after valid_from"),
        ('title_zh = "自定"', 'title_zh = "自定', "not_toml", 3, "correct the line"),
    ],
)  # fmt: skip
def test_a_bad_rule_gets_one_line_with_file_and_line(old, new, code, line, word):
    found = {one: (record, issue) for one, record, issue in faults(changed(old, new))}
    assert code in found
    record, issue = found[code]
    number = int(record.removeprefix("own.toml:"))
    if code in ("wrong_order", "missing_parameter", "wrong_type"):  # may stand at the block
        assert number in range(line - 1, line + 3)
    else:
        assert number == line
    assert word in str(issue)
    assert "\n" not in str(issue)


def test_a_duplicate_id_names_both_lines():
    second = GOOD[GOOD.index("[[rule]]") :]
    ((code, record, issue),) = faults(GOOD + "\n" + second)
    assert (code, record) == ("duplicate_id", "own.toml:21")
    assert "A, line 10" in str(issue)


def test_a_cycle_of_own_formulas_is_shown_once_with_its_way_round():
    ((code, record, issue),) = faults(GOOD + OWN_FORMULAS)
    assert (code, record) == ("cycle", "own.toml:20")
    assert "a -> b -> a" in str(issue)


def test_a_formula_made_of_itself_is_a_cycle_too():
    text = GOOD + OWN_FORMULAS.split("\n\n", maxsplit=1)[0].replace('"b"', '"a"')
    assert [code for code, _, _ in faults(text)] == ["cycle"]


def test_an_own_formula_may_not_take_the_name_of_a_built_in_one():
    text = GOOD + OWN_FORMULAS.split("\n\n", maxsplit=1)[0].replace('"a"', '"beds"')
    codes = [code for code, _, _ in faults(text.replace('"b"', '"floor_area"'))]
    assert codes == ["duplicate_id"]


def test_all_faults_of_a_file_are_told_at_once():
    text = changed('"floor_area"', '"flor_area"').replace("limit = 300", 'limit = "300"')
    text = text.replace("year = 2024", 'year = "x"')
    second = GOOD[GOOD.index("[[rule]]") :].replace('"A"', '"B"').replace('"m2"', '"%"')
    codes = {code for code, _, _ in faults(text + "\n" + second)}
    assert {"limit_is_text", "wrong_type"} <= codes


def test_a_rule_that_has_run_out_is_a_warning_with_its_line():
    log = IssueLog()
    text = changed("valid_from = 2024-01-01", "valid_to = 2023-12-31")
    parse_rules(text, "own.toml", as_of=dt.date(2024, 6, 1), log=log)
    ((code, severity, record),) = [(i.code, i.severity, i.record) for i in log]
    assert (code, severity) == ("rule_has_run_out", "warning")
    assert record == "own.toml:9"
    assert "2023-12-31" in str(log[0])
    quiet = IssueLog()
    parse_rules(text, "own.toml", as_of=dt.date(2023, 12, 31), log=quiet)
    assert not quiet, "the last day is in force"


def test_units_written_in_chinese_are_understood():
    (rule,) = parse_rules(changed('"m2"', '"㎡"'), "own.toml", log=IssueLog()).rules
    assert rule.unit == "m2"


def test_a_share_may_be_asked_for_in_per_mille():
    text = changed('"floor_area"', '"nursing_share"').replace('"m2"', '"‰"')
    text = text.replace('level = "area"', 'level = "city"')
    (rule,) = parse_rules(text, "own.toml", log=IssueLog()).rules
    assert rule.unit == "‰"


def test_lines_inside_long_texts_are_no_keys():
    text = changed('clause = "3.1"', 'clause = """\nlimit = 3\n[[rule]]\n"""')
    text = text.replace("limit = 300", 'limit = "300"')
    ((code, record, _),) = faults(text)
    assert (code, record) == ("limit_is_text", "own.toml:20")


def test_every_formula_says_what_it_is():
    for name, formula in FORMULAS.items():
        assert formula.doc, name


def test_reading_a_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match=r"no\.toml not found"):
        read_rules(tmp_path / "no.toml")


# ------------------------------------------------------------------------------------ command line


def test_validate_prints_one_line_per_fault_and_ends_with_2(command, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(GOOD.replace('"floor_area"', '"flor_area"') + OWN_FORMULAS, encoding="utf-8")
    code, told, _ = command("rules", "validate", file)
    assert code == 2
    assert told.splitlines() == [
        "own.toml:20: fatal: [formula]: cycle (a -> b -> a); make one of them of other formulas",
        "own.toml:15: fatal: indicator: unknown formula ('flor_area'); did you mean 'floor_area'?",
    ]
    file.write_text(GOOD, encoding="utf-8")
    assert command("rules", "validate", file)[:2] == (0, "own.toml: 1 rules, no fault\n")


def test_show_prints_the_source_and_that_a_rule_is_not_verified(command):
    code, told, _ = command("rules", "show", "F5-STATION")
    assert code == 0
    assert "NOT VERIFIED" in told
    assert "GB 50180-2018" in told
    code, _, fault = command("rules", "show", "F5-STATON")
    assert code == 2
    assert "did you mean 'F5-STATION'?" in fault


def test_list_prints_every_rule_of_a_preset(command):
    code, told, _ = command("rules", "list", "gb50437")
    assert code == 0
    assert [line.split()[0] for line in told.splitlines()] == [
        "gb50437", "EC-50437-BEDS", "EC-50437-M2", "EC-50437-20",
    ]  # fmt: skip
