"""What results look like in a notebook: short, escaped, with their figures."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pytest
import shapely

import carecircle as cc

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def town():
    study = cc.samples.toy_town()
    card = replace(study.card, title=HOSTILE, title_zh=HOSTILE, language="en")
    facilities = study.facilities.rename(index={"F1": HOSTILE})
    return replace(study, card=card, tables=replace(study.tables, facilities=facilities))


@pytest.fixture(scope="module")
def views(town):
    spots = gpd.GeoDataFrame(geometry=[shapely.Point(900, 0)], index=[HOSTILE], crs=4545)
    result = cc.assess(town)
    result.issues.add("far_from_road", "warning", HOSTILE)
    return {
        "Study": town,
        "Result": result,
        "Baseline": cc.Baseline.of(town),
        "Instance": cc.siting_instance(town, spots),
        "Preset": replace(cc.load_preset("national_2022"), title_zh=HOSTILE),
        "IssueLog": result.issues,
        "FloatingCatchment": cc.access_of(town, supply="floor_m2").shares,
        "CapacityUse": cc.places_of(town, places="floor_m2").use,
    }


NAMES = ("Study", "Result", "Baseline", "Instance", "Preset", "IssueLog", "FloatingCatchment",
         "CapacityUse")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_view_is_a_table_in_which_names_stay_text(views, name):
    shown = views[name]._repr_html_()
    assert "<table" in shown
    assert "&lt;img" in shown
    assert "<img" not in shown
    assert len(shown) < 20_000


@pytest.mark.parametrize("name", ["Study", "Result", "Baseline", "Instance"])
def test_a_line_in_a_terminal_is_short(views, name):
    line = repr(views[name])
    assert line.startswith(f"{name}(")
    assert len(line) < 400
    assert "\n" not in line


def test_views_say_the_figures_of_the_town(views):
    assert "<td>13</td>" in views["Study"]._repr_html_()
    assert "61.5 % (80 / 130)" in views["Result"]._repr_html_()
    assert "weight 130, 80 served today; 1 sites" in views["Instance"]._repr_html_()
    assert "1 facilities count today" in views["Baseline"]._repr_html_()


def test_findings_of_a_comparison_have_a_short_line_too(town):
    states = cc.compare(town, [cc.Scenario("none", close=[HOSTILE])]).findings
    assert all(len(repr(one)) < 400 for one in states.values())
