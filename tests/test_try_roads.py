"""New roads and bridges in the page: drawn, cut by a river, joined with each other."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pytest
import shapely

import browser
import carecircle as cc
from carecircle.outputs.map.atlas import coverage_map

TRIAL = "carecircle.atlas.trial.trial"
ACROSS = [[600, 0], [700, 0]]


@pytest.fixture(scope="module")
def town():
    """The toy town, parted from north to south by a river."""
    toy = cc.samples.toy_town()
    river = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(650, -9000), (650, 9000)])], crs=toy.areas.crs
    )
    return replace(toy, tables=replace(toy.tables, barriers=river))


@pytest.fixture(scope="module")
def saved(town, tmp_path_factory):
    path = tmp_path_factory.mktemp("try") / "map.html"
    coverage_map(cc.assess(town)).save(str(path))
    return path


@pytest.fixture
def page(saved):
    with browser.chromium() as tool, browser.visit(tool, saved.as_uri()) as seen:
        seen.page.click('input[value="try"] + span')
        settled(seen.page)
        yield seen.page
        assert seen.complaints == []


def settled(page):
    page.wait_for_function(f"{TRIAL}.state === 'ready' && !{TRIAL}.running")


def added(page):
    return page.evaluate(f"{TRIAL}.scenario.roads.add")


def pixel(page, x, y):
    """Where a place of the study lies on the screen."""
    return page.evaluate(
        "(async (points) => {"
        f"const {{ points: [[lng, lat]] }} = await {TRIAL}.ask({{ type: 'show', points }});"
        "const p = carecircle.atlas.map.latLngToContainerPoint([lat, lng]); return [p.x, p.y]; })",
        [[x, y]],
    )


def draw(page, *spots, bridge=False):
    page.click(".cc-tools button >> nth=1")
    if bridge:
        page.click(".cc-aim-bar >> text=新桥")
    for spot in spots:
        page.mouse.click(*pixel(page, *spot))
        page.wait_for_timeout(150)
    n = len(added(page))
    page.click(".cc-aim-bar >> text=完成")
    page.wait_for_function(f"{TRIAL}.scenario.roads.add.length === {n + 1}")
    settled(page)


def agrees(page, town, tmp_path):
    path = tmp_path / "scenario.json"
    path.write_text(page.evaluate(f"{TRIAL}.text('drawn')"), encoding="utf-8")
    (scenario,) = cc.read_scenarios(path)
    wanted = cc.compare(town, [scenario]).summary["elders_covered"].iloc[1]
    shown = page.inner_text(".cc-then .cc-share").split(" / ")[0]
    assert shown == f"{wanted:.0f}"
    return float(wanted)


@pytest.mark.browser
def test_a_road_that_a_river_cuts_is_told_and_becomes_a_bridge(page, town, tmp_path):
    page.evaluate(f"(line) => {TRIAL}.change((scenario) => scenario.roads.add.push(line))", ACROSS)
    settled(page)
    before = agrees(page, town, tmp_path)
    assert "被河流、铁路等阻隔截断" in page.inner_text(".cc-changes")
    page.click(".cc-changes >> text=改为桥")
    settled(page)
    assert added(page) == [{"line": ACROSS, "bridge": "yes"}]
    assert "新桥 1" in page.inner_text(".cc-changes")
    assert "截断" not in page.inner_text(".cc-changes")
    assert agrees(page, town, tmp_path) > before
    link = page.evaluate(f"carecircle.trialLink.toHash({TRIAL}.scenario)")
    there = page.evaluate("(hash) => carecircle.trialLink.fromHash(hash).roads.add", link)
    assert there == added(page)


@pytest.mark.browser
def test_a_bridge_is_drawn_where_the_reader_asks_for_one(page, town, tmp_path):
    draw(page, *ACROSS, bridge=True)
    (bridge,) = added(page)
    assert bridge["bridge"] == "yes"
    assert bridge["line"] == [pytest.approx(spot, abs=9) for spot in ACROSS]
    agrees(page, town, tmp_path)
    draw(page, [100, 20], [100, 220])
    assert isinstance(added(page)[1], list)


@pytest.mark.browser
def test_a_click_joins_the_roads_of_the_plan(page, town, tmp_path):
    draw(page, [120, 150], [280, 150])
    draw(page, [200, 154], [250, 260])
    first, second = added(page)
    assert shapely.LineString(first).distance(shapely.Point(second[0])) < 0.01
    agrees(page, town, tmp_path)
    # closed roads are joined by nobody, and a click on a new road takes it away
    page.click(".cc-tools button >> nth=2")
    page.mouse.click(*pixel(page, 150, 150))
    page.wait_for_function(f"{TRIAL}.scenario.roads.add.length === 1")
    settled(page)
    assert added(page) == [second]
