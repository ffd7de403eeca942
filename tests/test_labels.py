"""Every column of a result has a heading in both languages."""

import carecircle as cc
from carecircle.outputs.labels import field

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
