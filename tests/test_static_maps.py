from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib import font_manager
from matplotlib.text import Text

import carecircle as cc
from carecircle.errors import CrsError, InputError, MissingLibraryError
from carecircle.outputs import fonts
from carecircle.outputs.static_layers import _own_limits
from carecircle.outputs.static_maps import draw_map, map_png

sys.path.insert(0, str(Path(__file__).parent))
from fake_findings import nothing

THEMES = ("verdict", "minutes", "circles", "facilities", "gaps")


@pytest.fixture(scope="module")
def town():
    return cc.assess(cc.samples.toy_town())


@pytest.fixture(scope="module")
def english(town):
    return replace(town, card=replace(town.card, language="en"))


def written(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def legend(figure):
    (found,) = (axes.get_legend() for axes in figure.axes if axes.get_legend())
    return [text.get_text() for text in found.get_texts()]


def counts_in(figure):
    """The entries of a legend that count something."""
    return dict(one.rsplit(": ", 1) for one in legend(figure) if ": " in one)


@pytest.mark.parametrize("theme", THEMES)
def test_a_map_has_title_terms_scale_north_and_the_mark_of_made_up_data(english, theme):
    said = written(draw_map(english, theme))
    assert said[0].startswith("Toy town") or any(one.startswith("Toy town · ") for one in said)
    assert "N" in said
    assert "500 m" in said
    assert "Synthetic data, for demonstration only" in said
    assert any("2020-12-31" in one and "15 min" in one and "EPSG:4545" in one for one in said)


def test_the_legend_counts_homes_as_fingers_do(english):
    # 100 | 400 500 | 700 900 900 | 1500 1800 by class, three late, one without a way, one unlinked
    entries = counts_in(draw_map(english, "minutes"))
    assert [entries[f"≤ {edge} min"] for edge in (5, 10, 15, 30)] == ["1", "2", "3", "2"]
    assert entries["Over the limit"] == "3"
    assert entries["No way found"] == "1"
    assert entries["Not assessed"] == "1"


def to_the_limits():
    """The toy town with a station in the village too, circles drawn as far as both limits."""
    town = cc.samples.toy_town()
    facilities = town.facilities.copy()
    facilities.loc["F2", "status"] = "operating"
    facilities.loc["F2", "kind"] = "station"
    card = replace(town.card, rings=(5.0, 15.0, 30.0), language="en")
    return cc.assess(replace(town, card=card, tables=replace(town.tables, facilities=facilities)))


def test_each_circle_goes_to_the_limit_of_the_area_its_facility_stands_in():
    result = to_the_limits()
    assert result.areas.loc[result.facilities.loc["F2", "area_id"], "kind"] == "rural"
    figure = draw_map(result, "circles")
    said = legend(figure)
    assert "5-minute circle" in said
    assert "15-minute circle" in said
    assert "30-minute circle (rural)" in said
    drawn = _own_limits(result)
    drawn = result.circles[drawn["minutes"] <= drawn["limit"]]
    assert drawn.groupby("facility_id")["minutes"].max().to_dict() == {"F1": 15.0, "F2": 30.0}


def test_a_limit_without_a_circle_is_named_and_merged_circles_are_all_drawn(english):
    # the only station of the toy town stands in town: no circle of the village is missing
    assert not any("no circle" in one for one in legend(draw_map(english, "circles")))
    result = to_the_limits()
    short = replace(result, circles=result.circles[result.circles["minutes"] < 30])
    assert "rural limit, 30 min: no circle" in legend(draw_map(short, "circles"))
    merged = result.circles.dissolve("minutes").reset_index().assign(facility_id=None)
    said = legend(draw_map(replace(result, circles=merged), "circles"))
    assert "30-minute circle (rural)" in said


def test_the_legend_counts_areas_by_verdict(english):
    entries = counts_in(draw_map(english, "verdict"))
    assert entries["Has a facility, in time"] == "1"
    assert entries["No facility, too late (priority)"] == "3"


def test_gaps_are_named_on_the_map_with_their_elders(english):
    gaps = english.gaps.assign(kind=["area", *["scattered"] * (len(english.gaps) - 1)])
    figure = draw_map(replace(english, gaps=gaps), "gaps")
    assert f"G001: {gaps['elders'].iloc[0]:,.0f}" in written(figure)
    assert "G002" not in "".join(written(figure))
    assert "Uncovered areas: 1" in legend(figure)


def test_labels_of_gaps_leave_one_another_room(english):
    spots = [(0, 0), (60, 0), (0, 15), (900, 600)]
    gaps = english.gaps.iloc[[0] * 4].set_axis([f"G{k}" for k in range(4)]).assign(kind="area")
    gaps = gaps.set_geometry([shapely.Point(x, y).buffer(5) for x, y in spots], crs=4545)
    said = written(draw_map(replace(english, gaps=gaps), "gaps"))
    assert {one[:2] for one in said if one[:1] == "G"} == {"G0", "G3"}


def test_the_base_map_has_its_key(english):
    entries = legend(draw_map(english, "verdict"))
    assert entries[-2:] == ["Roads", "Boundaries"]
    assert "Railway" not in entries


def test_a_map_is_as_wide_as_the_text_of_an_a4_page(english):
    from PIL import Image

    for theme in THEMES:
        figure = draw_map(english, theme)
        assert figure.get_figwidth() * 2.54 <= 21 - 2 * 1.8
        assert figure.get_figheight() * 2.54 <= 29.7 - 2 * 2 - 2
        with Image.open(io.BytesIO(map_png(figure, dpi=100))) as image:
            assert image.width == 670


def test_a_metre_is_as_long_up_as_across(english):
    for axes in draw_map(english, "minutes").axes[:1]:
        box = axes.get_position()
        figure = axes.figure
        wide, high = box.width * figure.get_figwidth(), box.height * figure.get_figheight()
        west, east = axes.get_xlim()
        south, north = axes.get_ylim()
        assert (east - west) / wide == pytest.approx((north - south) / high, rel=1e-6)


def test_equal_findings_draw_equal_bytes_and_write_no_version(english):
    first, second = (map_png(draw_map(english, "minutes")) for _ in range(2))
    assert first == second
    assert b"matplotlib" not in first.lower()


def test_a_chinese_map_needs_a_chinese_font_and_says_how_to_get_one(town, monkeypatch):
    monkeypatch.setattr(fonts, "_FAMILIES", ("No such family",))
    fonts._chinese_family.cache_clear()
    try:
        with pytest.raises(MissingLibraryError, match=r"fonts-noto-cjk.*CARECIRCLE_FONT"):
            draw_map(town)
    finally:
        fonts._chinese_family.cache_clear()


def test_a_font_of_ones_own_comes_first_and_must_exist(town, monkeypatch, tmp_path):
    monkeypatch.setenv(fonts.FONT_VARIABLE, str(tmp_path / "none.ttf"))
    with pytest.raises(MissingLibraryError, match="which is no file"):
        draw_map(town)
    own = font_manager.findfont("DejaVu Serif")
    monkeypatch.setenv(fonts.FONT_VARIABLE, str(own))
    assert fonts.drawing_font(["乌海"]).get_file() == str(own)


def test_names_in_chinese_are_drawn_without_missing_glyphs(town):
    if fonts._chinese_family() is None:
        pytest.skip("no Chinese font on this machine")
    # a missing glyph is a warning, and warnings are errors
    assert map_png(draw_map(town, "verdict")).startswith(b"\x89PNG")


def test_access_draws_the_values_and_greys_what_is_unknown(english):
    values = pd.Series([4.0, np.nan, 2.0, 0.0], index=english.areas.index, name="places")
    figure = draw_map(english, "access", values=values)
    entries = legend(figure)
    assert entries[0] == "places"
    assert "no data: 1" in entries
    counted = [int(one.rsplit(": ", 1)[1]) for one in entries[1:] if ": " in one]
    assert sum(counted) == len(values)


def test_what_cannot_be_drawn_says_why(english):
    with pytest.raises(InputError, match="choose one of verdict"):
        draw_map(english, "mood")
    with pytest.raises(InputError, match="give a figure for each area"):
        draw_map(english, "access")
    round_earth = replace(english, areas=english.areas.to_crs(4326))
    with pytest.raises(CrsError, match="projected"):
        draw_map(round_earth)
    with pytest.raises(InputError, match="nothing to draw"):
        draw_map(nothing())


def test_a_result_draws_itself(english):
    assert english.plot("facilities").get_figwidth() == pytest.approx(6.7)


def test_a_drawing_is_a_picture_in_jupyter_not_a_line_of_text(english, curve):
    from IPython.core.formatters import DisplayFormatter

    for drawn in (english.plot("verdict"), curve.plot(language="en")):
        shown, _ = DisplayFormatter().format(drawn)
        assert shown["image/png"].startswith(b"\x89PNG")


def test_the_dense_part_of_a_large_city_is_drawn_apart():
    town = cc.assess(cc.samples.toy_town())
    card = replace(town.card, language="en")
    areas = town.areas.iloc[:1].set_geometry([shapely.box(0, 0, 30_000, 30_000)], crs=4545)
    spots = [shapely.Point(20_000 + 40 * k, 20_000 + 37 * (k % 7)) for k in range(13)]
    homes = town.homes.set_geometry(gpd.GeoSeries(spots, index=town.homes.index, crs=4545))
    figure = draw_map(replace(town, card=card, areas=areas, homes=homes), "minutes")
    assert len(figure.axes) == 3
    inset = figure.axes[2]
    west, east = inset.get_xlim()
    assert west < 20_000
    assert 20_480 < east < west + 7_000


# ------------------------------------------------------------------------- the curve of new sites


@pytest.fixture(scope="module")
def curve():
    town = cc.samples.toy_town()
    return cc.coverage_curve(cc.siting_instance(town, town.homes[["geometry"]]))


def test_a_curve_is_drawn_with_its_knee_and_its_two_scales(curve):
    axes = curve.plot(counted="elders", language="en").axes[0]
    exact = next(line for line in axes.get_lines() if "exact" in line.get_label())
    np.testing.assert_array_equal(exact.get_xydata(), [[0, 80], [1, 110], [2, 120]])
    said = written(axes.figure)
    assert "knee: 1 \N{RIGHTWARDS ARROW} 110 (84.6%)" in said
    assert {"new sites", "covered in time: elders", "share of all 130"} <= set(said)
    assert "all sites together: 120" in said
    # the right scale tells the share of what the left one counts
    (share,) = axes.child_axes
    map_png(axes.figure)  # lays it out
    assert share.get_ylim() == pytest.approx(np.divide(axes.get_ylim(), 130))


def test_a_curve_without_a_knee_marks_none_and_money_is_named(curve):
    straight = replace(curve, knee=np.nan, table=curve.table.rename_axis(index="budget"))
    said = written(straight.plot(language="en"))
    assert "budget" in said
    assert not [one for one in said if "knee" in one]


def test_a_curve_speaks_chinese_and_refuses_other_languages(curve):
    if fonts._chinese_family() is None:
        pytest.skip("no Chinese font on this machine")
    assert "新建处数" in written(curve.plot(counted="老年人口"))
    assert map_png(curve.plot()) == map_png(curve.plot())
    with pytest.raises(InputError, match="choose zh or en"):
        curve.plot(language="fr")
