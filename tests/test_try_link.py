"""A plan that comes by a link: every key taken over or told, places and dragging on the map."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import geopandas as gpd
import pytest
import shapely

import browser
import carecircle as cc
from carecircle.outputs.map.atlas import coverage_map

TRIAL = "carecircle.atlas.trial.trial"
MAP = "carecircle.atlas.trial.map"
EVERY_KEY = {
    "build": ["F2", "N1"], "close": ["S1"], "enlarge": {"F1": 100}, "move": {"S2": "S9"},
    "sites": {"N1": [300, 20]}, "limits": {"urban": 7.5, "rural": 300}, "walking_speed": 2.5,
    "roads": {"add": [[[0, 0], [0, 100]]], "close": ["R003"], "speed": {"R001": 3.0}},
}  # fmt: skip


@pytest.fixture(scope="module")
def town():
    """The toy town with one candidate site."""
    toy = cc.samples.toy_town()
    site = {"site_id": ["S9"], "area_id": ["C"]}
    sites = gpd.GeoDataFrame(site, geometry=[shapely.Point(900, 0)], crs=toy.areas.crs)
    return replace(toy, tables=replace(toy.tables, sites=sites.set_index("site_id")))


@pytest.fixture(scope="module")
def saved(town, tmp_path_factory):
    path = tmp_path_factory.mktemp("link") / "map.html"
    coverage_map(cc.assess(town)).save(str(path))
    return path


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as tool:
        yield tool


@pytest.fixture
def opened(saved, chromium):
    """Open the map by the link of a scenario; what the page complains of fails the test."""
    visits = []

    def open_link(scenario):
        told = base64.urlsafe_b64encode(json.dumps(scenario).encode()).decode().rstrip("=")
        visit = browser.visit(chromium, f"{saved.as_uri()}#try={told}")
        seen = visit.__enter__()
        visits.append((visit, seen))
        seen.page.wait_for_function(f"{TRIAL}.state === 'ready' && !{TRIAL}.running")
        return seen.page

    yield open_link
    for visit, seen in visits:
        visit.__exit__(None, None, None)
        assert seen.complaints == []


def scenario_of(page, tmp_path):
    path = tmp_path / "scenario.json"
    path.write_text(page.evaluate(f"{TRIAL}.text('by link')"), encoding="utf-8")
    (scenario,) = cc.read_scenarios(path)
    return scenario


def told(page):
    return page.inner_text(".cc-aim-hint")


@pytest.mark.browser
def test_every_key_of_a_link_is_taken_over_and_gets_the_figures_of_python(opened, town, tmp_path):
    page = opened({"name": "all"} | EVERY_KEY)
    assert told(page) == ""
    kept = json.loads(page.evaluate(f"{TRIAL}.text('by link')"))["scenario"][0]
    assert kept == {"name": "by link"} | EVERY_KEY
    wanted = cc.compare(town, [scenario_of(page, tmp_path)]).summary["elders_covered"].iloc[1]
    assert page.inner_text(".cc-then .cc-share").split(" / ")[0] == f"{wanted:.0f}"


@pytest.mark.browser
def test_what_a_link_holds_beyond_the_page_is_told_and_the_rest_holds(opened):
    wrong = {
        "population": 1.2, "beds": {"F1": 3}, "build": ["F1", "X"], "close": ["F2", "S1"],
        "enlarge": {"F1": -5}, "move": {"S1": [0, 0], "S2": "X"}, "limits": {"village": 20},
        "walking_speed": 0, "roads": {"add": [[[0, 0]]], "speed": {"X": 1}, "open": 1},
    }  # fmt: skip
    page = opened(wrong)
    left = told(page)
    for one in (
        "population", "beds", "build F1", "build X", "close F2", "enlarge F1 = -5",
        "move S1 = [0,0]", 'move S2 = "X"', "limits village = 20", "walking_speed 0",
        "roads.add [[0,0]]", "roads.speed X = 1", "roads.open",
    ):  # fmt: skip
        assert one in left
    assert page.evaluate(f"carecircle.trialLink.compact({TRIAL}.scenario)") == {"close": ["S1"]}
    assert page.evaluate(f"{TRIAL}.state") == "ready"


@pytest.mark.browser
def test_a_plan_from_a_link_is_held_against_the_uncovered_areas_of_today(opened):
    page = opened({"close": ["F1", "S1", "S2"]})
    page.wait_for_function(f"{MAP}.shapes.settled && {MAP}.shapes.today")
    today = page.evaluate(f"{MAP}.shapes.today.n")
    page.evaluate(f"{TRIAL}.undo()")
    page.wait_for_function(f"{MAP}.shapes.settled && !{TRIAL}.changed")
    assert page.evaluate(f"{MAP}.shapes.gaps.n") == today


@pytest.mark.browser
def test_a_facility_that_moves_to_a_site_is_drawn_there(opened):
    page = opened({"move": {"S2": "S9"}})
    lon, lat = page.evaluate(
        f"(() => {{ const s = {TRIAL}.world.sites[0]; return [s.lon, s.lat] }})()"
    )
    row = page.evaluate(f"{TRIAL}.world.facilities.id.indexOf('S2')")
    drawn = page.evaluate(
        "(row) => { const { x, y } = carecircle.atlas.data.facilities.xy;"
        "const at = carecircle.decode.latLng(x[row], y[row]); return [at.lng, at.lat]; }",
        row,
    )
    assert drawn == pytest.approx([lon, lat], abs=1e-7)


@pytest.mark.browser
def test_a_drag_that_the_system_ends_leaves_plan_and_map_as_they_were(opened):
    page = opened({"build": ["N1"], "sites": {"N1": [600, 40]}})
    before = page.evaluate(f"{TRIAL}.text('')")
    x, y = page.evaluate(
        f"(() => {{ const [{{ at: [lng, lat] }}] = {MAP}.sites();"
        "const p = carecircle.atlas.map.latLngToContainerPoint([lat, lng]); return [p.x, p.y]; })()"
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=4)
    assert not page.evaluate("carecircle.atlas.map.dragging.enabled()")
    page.evaluate("window.dispatchEvent(new PointerEvent('pointercancel'))")
    assert page.evaluate("carecircle.atlas.map.dragging.enabled()")
    page.mouse.up()
    page.wait_for_timeout(200)
    assert page.evaluate(f"{TRIAL}.text('')") == before
    assert page.evaluate(f"{MAP}.held") is None
