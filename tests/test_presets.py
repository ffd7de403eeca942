"""The presets that ship: complete, sourced, and honest about what nobody has verified."""

from __future__ import annotations

import datetime as dt

import pytest

from carecircle.errors import InputError
from carecircle.standards.presets import load_preset, preset_names

NAMES = preset_names()
PLAN = load_preset("wuhai_plan_2021")


def test_the_presets_asked_for_are_there():
    asked = {
        "wuhai_plan_2021", "wuhai_community_plan_2022", "gb50180_2018", "national_2022",
        "elder_care_floor", "anhui_2022", "yinchuan_2023", "embedded_2023", "gb50437",
        "national_ageing_2021", "ndrc_2026", "shanghai_2022", "tdt1062", "jb143",
    }  # fmt: skip
    assert asked <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_names_its_document_and_mark(name):
    preset = load_preset(name)
    assert preset.id == name
    for rule in preset.rules:
        assert rule.document
        assert rule.issuer
        mark = rule.note.removeprefix("mark ").split(";")[0]
        assert mark in ("S", "V", "V2", "M", "R"), rule.id
        assert rule.verified == (mark in ("S", "V", "V2")), rule.id
        if rule.verified:
            assert rule.checked_by == "carecircle"
            assert rule.checked_on == dt.date(2026, 11, 23)
        else:
            assert rule.checked_on is None


def test_ids_are_unique_over_all_presets():
    ids = [rule.id for name in NAMES for rule in load_preset(name).rules]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("rule", "comparator", "limit"),
    [
        ("CA-WH-CITY", ">=", "36"), ("CA-WH-FLOOR", ">=", "existing 300, new 500, mixed 300"),
        ("CA-WH-PER100", ">=", "existing 30, new 50, mixed by_households"),
        ("IND-3", ">=", "100"), ("IND-4", ">=", "60"), ("IND-5", ">=", "55"),
        ("N3", ">=", "4"), ("N3-CITY", ">=", "12"), ("N4", ">=", "1"), ("N6", ">=", "4343"),
        ("N7", ">=", "1"), ("IND-7", ">=", "1.4"),
    ],
)  # fmt: skip
def test_the_plan_says_what_the_plan_says(rule, comparator, limit):
    found = PLAN.rule(rule)
    assert (found.comparator, str(found.limit)) == (comparator, limit)


def test_two_plans_of_one_city_keep_their_two_floors():
    other = load_preset("wuhai_community_plan_2022").rule("CA-WH-COM33")
    assert (str(other.limit), str(PLAN.rule("CA-WH-CITY").limit)) == ("33", "36")


def test_advice_is_not_a_duty():
    advice = load_preset("embedded_2023")
    assert (advice.rule("EMB600").strength, advice.rule("EMB800").strength) == ("must", "should")


def test_facility_tables_nobody_checked_say_so():
    for rule in load_preset("gb50180_2018").rules:
        if rule.id.startswith("F"):
            assert not rule.verified


def test_an_unknown_preset_is_named_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'jb143'"):
        load_preset("jb134")
