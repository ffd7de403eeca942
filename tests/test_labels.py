"""Every column of a result has a heading in both languages."""

from dataclasses import replace

import carecircle as cc
from carecircle.outputs.labels import field, profile_names, terms_line
from carecircle.outputs.workbook.tables import table_frames

FRAMES = (
    "areas", "homes", "facilities", "circles", "reached_roads", "gaps", "floor_areas", "totals",
    "floor_totals",
)  # fmt: skip


def test_every_column_of_a_result_is_labelled_in_chinese_and_english():
    result = cc.assess(cc.samples.toy_town())
    bare = [
        f"{table}.{name}"
        for table in FRAMES
        for name in getattr(result, table).columns
        if name != "geometry" and field(table, name).heading == (name, name)
    ]
    assert bare == []


def test_the_terms_name_the_profile_in_the_language_of_the_card():
    card = cc.samples.toy_town().card
    said = [terms_line(replace(card, language=language)) for language in ("zh", "en")]
    assert "老年人步行 1 米/秒" in said[0]
    assert "older adult on foot 1 m/s" in said[1]
    assert not [line for line in said if "elder_default" in line]


def test_every_profile_has_a_name_in_both_languages():
    assert not [name for name in cc.PROFILES if profile_names(name) == (name, name)]


def test_every_column_of_a_layer_has_a_meaning_too():
    result = cc.assess(cc.samples.toy_town())
    for layer in ("circles", "reached_roads"):
        columns = set(getattr(result, layer).columns) - {"geometry"}
        assert [name for name in columns if not all(field(layer, name).meaning)] == []


def test_every_column_of_the_sample_has_a_meaning_in_both_languages(sample_result):
    silent = [
        f"{table}.{name}"
        for table, frame in table_frames(sample_result).items()
        for name in frame.columns
        if not all(field(table, name).meaning)
    ]
    assert silent == []
