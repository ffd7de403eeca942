"""New roads and bridges in the page: drawn, cut by a river, joined with each other."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pytest
import shapely

import browser
import carecircle as cc
from carecircle.outputs.map.atlas import coverage_map
from carecircle.scenarios.what_if import apply_scenario

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


@pytest.fixture(scope="module")
def running():
    with browser.chromium() as tool:
        yield tool


@pytest.fixture
def page(running, saved):
    with browser.visit(running, saved.as_uri()) as seen:
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


@pytest.mark.browser
def test_an_enlarged_facility_closes_its_shortfall_in_panel_table_and_file(page, town, tmp_path):
    checks = cc.assess(town).floor_areas
    lacking = checks["shortfall_m2"]
    facility = checks.loc[lacking.idxmax(), "facility_ids"]
    assert lacking.max() > 100
    assert facility in town.facilities.index
    row = page.evaluate(f"{TRIAL}.world.facilities.id.indexOf('{facility}')")
    page.evaluate(f"carecircle.atlas.goTo({{ type: 'facility', index: {row} }})")
    page.click(".leaflet-popup >> text=扩建 100 平方米")
    page.wait_for_function(f"{TRIAL}.changed")
    settled(page)
    shown = page.inner_text(".cc-verdicts tr:has-text('建筑面积缺口')").split("\t")
    assert [one.strip() for one in shown[1:]] == [f"{lacking.sum() - 100:,.0f}", "−100"]
    assert f"{town.facilities.loc[facility, 'name']} +100 m²" in page.inner_text(".cc-changes")
    columns = page.evaluate("carecircle.atlas.table.extra.area")
    (change,) = [one["values"] for one in columns if one["id"] == "try_floor_change"]
    assert sorted(change) == [-100, *[0] * (len(change) - 1)]
    assert "面积缺口有变的社区(村)" in page.inner_text(".cc-moved")
    path = tmp_path / "scenario.json"
    path.write_text(page.evaluate(f"{TRIAL}.text('larger')"), encoding="utf-8")
    (scenario,) = cc.read_scenarios(path)
    assert scenario.enlarge == {facility: 100}
    larger = cc.assess(apply_scenario(town, scenario)).floor_areas
    assert larger["shortfall_m2"].sum() == pytest.approx(lacking.sum() - 100)
    # taken back in the list of changes
    page.click(".cc-changes .cc-drop")
    settled(page)
    assert not page.evaluate(f"{TRIAL}.changed")
