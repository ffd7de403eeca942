"""A tried plan as readers meet it: under its own terms, by keys and ear, on paper and telephone."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
import shapely

import browser
import carecircle as cc
from carecircle.outputs.map.atlas import change_map, coverage_map
from carecircle.outputs.map.summary import spoken_summary
from carecircle.outputs.map.text import Speech

pytestmark = pytest.mark.browser

TRIAL = "carecircle.atlas.trial.trial"
SLOW = {"close": ["F1"], "limits": {"urban": 10}, "walking_speed": 0.8}
SCENARIO = cc.Scenario("slow", close=["F1"], limits={"urban": 10.0}, walking_speed=0.8)


@pytest.fixture(scope="module")
def town():
    return cc.samples.toy_town()


@pytest.fixture(scope="module")
def saved(town, tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "map.html"
    cc.assess(town).explore().save(path)
    return path


@pytest.fixture(scope="module")
def running():
    with browser.chromium() as found:
        yield found


@pytest.fixture
def opened(running, saved):
    """Open the map of the town in English, with a plan in its link: opened(plan, width=...)."""
    visits = []

    def show(plan=None, *, path=saved, **size):
        mark = base64.urlsafe_b64encode(json.dumps(plan).encode()).decode().rstrip("=")
        context = browser.visit(running, path.as_uri() + (f"#try={mark}" if plan else ""), **size)
        seen = context.__enter__()
        visits.append((context, seen))
        page = seen.page
        page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        if plan:
            page.wait_for_function(f"{TRIAL}.changed")
            settled(page)
        page.evaluate("carecircle.atlas.speak('en')")
        return page

    yield show
    for context, seen in visits:
        context.__exit__(None, None, None)
        assert seen.complaints == []


@pytest.fixture(scope="module")
def slow(town):
    """The town under the slow plan, as Python assesses it."""
    return cc.assess(cc.apply_scenario(town, SCENARIO))


@pytest.fixture(scope="module")
def planned(running, saved):
    """A page that opened with the slow plan, for tests that only read it."""
    mark = base64.urlsafe_b64encode(json.dumps(SLOW).encode()).decode().rstrip("=")
    with browser.visit(running, f"{saved.as_uri()}#try={mark}") as seen:
        seen.page.wait_for_function(f"window.carecircle && {TRIAL}.changed")
        settled(seen.page)
        seen.page.wait_for_function("carecircle.atlas.trial.map.shapes.settled")
        seen.page.evaluate("carecircle.atlas.speak('en')")
        yield seen.page
        assert seen.complaints == []


def settled(page):
    page.wait_for_function(f"{TRIAL}.state === 'ready' && !{TRIAL}.running")


def tried(page):
    page.evaluate("carecircle.atlas.mode('try')")
    settled(page)
    return page


def act(page, code):
    page.evaluate(f"(async () => {{ await {TRIAL}.{code}; }})()")
    settled(page)


def go(page, kind, row):
    page.evaluate(f"carecircle.atlas.goTo({{ type: '{kind}', index: {row} }})")
    return page.inner_text(".leaflet-popup")


def row_of(page, facility):
    return page.evaluate(f"{TRIAL}.world.facilities.id").index(facility)


def prose(page, text):
    page.wait_for_function(f"document.querySelector('.cc-prose').innerText.includes({text!r})")
    return page.inner_text(".cc-prose")


# ------------------------------------------------------------------------------------------ terms


def test_head_figure_legend_and_text_name_the_terms_of_the_plan(planned, town):
    summary = cc.compare(town, [SCENARIO]).summary
    page = planned
    terms = "urban 10 min · rural 30 min · 0.80 m/s"
    assert page.inner_text(".cc-terms").startswith(f"What if · {terms}")
    assert page.inner_text(".cc-then .cc-label") == f"Elders in time · {terms}"
    covered = summary["elders_covered"].map("{:.0f}".format)
    share = page.inner_text(".cc-then .cc-share >> nth=0")
    assert share.startswith(f"{covered['slow']} / 130 · Today 61.5% ({covered['today']})")
    assert "urban 15 min · rural 30 min · 1.00 m/s" in page.inner_text(
        ".cc-then .cc-share >> nth=1"
    )
    foot = page.evaluate("document.querySelector('.cc-legend footer').textContent")
    assert "urban 10 min · rural 30 min (What if)" in foot
    assert "0.80 m/s (48 m/min) (What if)" in foot
    told = prose(page, "What follows is a what-if, not today.")
    assert f"{covered['slow']} of 130 elders reach care in time" in told
    assert f"from {covered['today']} of 130 (61.5%) to {covered['slow']} of 130" in told
    assert "Terms today: urban 15 min · rural 30 min · 1.00 m/s" in told
    assert f"Terms of the plan: {terms}" in told


def test_the_text_says_the_gaps_of_the_plan_and_today_comes_back(planned, slow):
    page = planned
    told = prose(page, "uncovered areas, the first")
    assert f"{len(slow.gaps)} uncovered areas, the first" in told
    sentences = [
        one for one in spoken_summary(slow, Speech("en")) if not one.startswith(("Roster", "Terms"))
    ]
    assert len(sentences) > 3
    assert [one for one in sentences if one not in told] == []
    page.evaluate("carecircle.atlas.mode('layers')")
    told = prose(page, "80 of 130 elders reach care in time")
    assert "what-if" not in told
    assert page.inner_text(".cc-terms").startswith("urban 15 min")
    foot = page.evaluate("document.querySelector('.cc-legend footer').textContent")
    assert "What if" not in foot
    entries = "document.querySelectorAll('.cc-legend .cc-entry').length"
    assert page.evaluate(entries) > 4  # built anew, and filled
    page.evaluate("carecircle.atlas.mode('try')")


def test_limits_and_speed_are_changes_that_can_be_taken_back(opened):
    page = opened({"limits": {"urban": 10}, "walking_speed": 0.8})
    assert "None yet" not in page.inner_text(".cc-changes")
    lines = page.eval_on_selector_all(".cc-changes li span", "all => all.map(n => n.innerText)")
    assert lines == ["Limit in town 15 min → 10 min", "Walking speed 1.00 m/s → 0.80 m/s"]
    page.click(".cc-changes .cc-drop >> nth=0")
    settled(page)
    assert page.evaluate(f"{TRIAL}.scenario.limits") == {}
    page.click(".cc-changes .cc-drop >> nth=0")
    settled(page)
    assert page.evaluate(f"{TRIAL}.changed") is False
    assert "None yet" in page.inner_text(".cc-changes")
    assert page.inner_text(".cc-terms").startswith("urban 15 min")


def test_the_printed_page_is_that_of_the_plan_without_its_switches(planned):
    page = planned
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.inner_text(".cc-prose h2").endswith("What if · Text summary")
    assert "Terms of the plan: urban 10 min" in page.inner_text(".cc-prose")
    assert page.is_visible(".cc-terms .cc-plan")
    assert "Limit in town 15 min → 10 min" in page.inner_text(".cc-changes")
    assert not page.is_visible(".cc-colour")
    assert not page.is_visible(".cc-drop >> nth=0")
    cut = """[...document.querySelectorAll('.cc-try .cc-split :is(th, td)')]
      .filter((n) => n.offsetParent && n.scrollWidth > n.clientWidth + 1).length"""
    assert page.evaluate(cut) == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.is_visible(".cc-colour")


def test_every_view_of_a_comparison_is_told_in_the_text(running, town, tmp_path):
    states = cc.compare(town, [cc.Scenario("close", close=["F1"])]).findings
    path = tmp_path / "change.html"
    change_map(states["today"], {"close": states["close"]}).save(path)
    with browser.visit(running, path.as_uri()) as seen:
        page = seen.page
        page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        page.evaluate("carecircle.atlas.speak('en')")
        told = []
        for view in range(3):
            page.click(f".cc-views label >> nth={view}")
            told.append(page.inner_text(".cc-prose"))
            heard = page.get_attribute(".cc-canvas", "aria-label")
            assert page.evaluate("carecircle.atlas.payload.summary.join(' ')") in heard
        assert "holds under the scenario “close”" in told[1]
        assert "compares the scenario “close” with today" in told[2]
        assert "80 of 130 elders reach care in time" in told[0]
        assert "80 of 130 elders reach care in time" not in told[1]
        assert not any("No uncovered areas" in text for text in told)
        assert seen.complaints == []


# ------------------------------------------------------------------------------- popups and figures


def test_the_popup_of_a_closed_facility_says_so_and_sets_today_apart(planned):
    page = planned
    told = go(page, "facility", row_of(page, "F1"))
    plan, today = told.split("Today · urban 15 min · rural 30 min · 1.00 m/s")
    assert "What if · urban 10 min · rural 30 min · 0.80 m/s" in plan
    assert "Status\tclosed" in plan
    assert "Counted\tno" in plan
    assert "Nearest for\t0 homes" in plan
    assert "Status\toperating" in today
    page.evaluate("carecircle.atlas.mode('layers')")
    assert "What if" not in go(page, "facility", row_of(page, "F1"))
    page.evaluate("carecircle.atlas.mode('try')")


def test_the_popup_of_an_area_and_of_a_home_set_today_apart(planned, slow):
    page = planned
    area = slow.areas.iloc[0]
    plan, today = go(page, "area", 0).split("Today · ")
    shown = f"{area['elders_covered']:.0f} / {area['elders_total']:.0f}"
    assert f"Elders covered\t{shown}" in plan
    assert "Has a facility\tno" in plan
    assert "Its facilities" in today
    page.evaluate(
        "carecircle.atlas.open({ type: 'home', index: 0 }, carecircle.atlas.map.getCenter())"
    )
    plan, today = page.inner_text(".leaflet-popup").split("Today · ")
    assert "Limit\t10 min" in plan
    assert "Limit\t15 min" in today


def test_elders_in_gaps_stand_where_a_number_of_gaps_misleads(opened, town):
    page = opened({"close": ["F1"]})
    page.wait_for_function("carecircle.atlas.trial.map.shapes.settled")
    now, was = (
        cc.assess(study).gaps["elders"].sum()
        for study in (cc.apply_scenario(town, cc.Scenario("c", close=["F1"])), town)
    )
    assert now > was
    cells = page.eval_on_selector_all(".cc-gap-row > *", "all => all.map(n => n.textContent)")
    assert cells[0] == "Uncovered areas · Elders"
    assert cells[1].startswith(f"{now:.0f}")
    assert cells[2] == f"+{now - was:.0f}"


def test_homes_outside_all_areas_are_in_neither_denominator(running, town, tmp_path):
    homes = town.tables.homes[["area_id", "geometry"]].copy()
    homes.iloc[:2, homes.columns.get_loc("area_id")] = None
    areas = town.tables.areas.assign(kind="urban").drop(
        columns=["households", "population", "elders"], errors="ignore"
    )
    result = cc.assess(replace(town, tables=replace(town.tables, homes=homes, areas=areas)))
    path = tmp_path / "map.html"
    result.explore().save(path)
    with browser.visit(running, path.as_uri()) as seen:
        page = seen.page
        page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        page.evaluate("carecircle.atlas.speak('en')")
        headline = page.inner_text(".cc-headline .cc-figure:last-child .cc-share >> nth=0")
        tried(page)
        assert page.inner_text(".cc-then .cc-share >> nth=0").split(" · ")[0] == headline
        assert headline.endswith("/ 11")
        assert "2 homes more outside all communities" in page.inner_text(".cc-strays")
        names = page.eval_on_selector_all(
            ".cc-results .cc-split th", "all => all.map(n => n.textContent)"
        )
        assert "Outside all communities" in names
        assert "" not in names
        assert "Limit in the country" not in page.inner_text(".cc-sliders")
        assert seen.complaints == []


# ------------------------------------------------------------------------------- by ear and by keys


def test_the_figure_of_the_plan_is_announced(opened):
    page = tried(opened())
    assert page.get_attribute(".cc-now", "role") == "status"
    act(page, "change(s => s.close.push('F1'))")
    told = page.inner_text(".cc-now")
    share = page.inner_text(".cc-then strong")
    assert told.startswith(f"What if {share}, −")
    assert "/ 130 · urban 15 min · rural 30 min · 1.00 m/s" in told
    act(page, "change(s => { s.sites.N1 = [90000, 90000]; s.build.push('N1'); })")
    assert "Add N1: No road near" in page.inner_text(".cc-now")


def test_only_the_map_itself_takes_keys_for_itself(opened):
    page = opened()
    assert page.evaluate("document.querySelectorAll('[role=application]').length") == 1
    inside = "document.querySelector('[role=application]').querySelector('button, input, table')"
    assert page.evaluate(inside) is None
    page.focus("[role=application]")
    before = page.evaluate("carecircle.atlas.map.getCenter().lng")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"carecircle.atlas.map.getCenter().lng > {before}")
    page.mouse.click(640, 760)
    assert page.evaluate("document.activeElement.className") == "cc-pane"


def test_the_focus_stays_in_the_list_when_a_change_is_taken_back(opened):
    page = opened({"close": ["F1"], "build": ["F2"]})
    for left in (1, 0):
        page.focus(".cc-drop >> nth=0")
        page.keyboard.press("Enter")
        settled(page)
        focused = page.evaluate("document.activeElement.textContent")
        assert focused == ("×" if left else "Undo")
        assert page.locator(".cc-drop").count() == left


def test_no_button_takes_the_focus_away_with_it(opened):
    page = opened({"close": ["F1"]})

    def pressed(button, key="Enter"):
        page.focus(button)
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        settled(page)
        return page.evaluate(
            "document.activeElement.textContent || document.activeElement.className"
        )

    assert pressed("text=Back to today") == "Undo"
    assert pressed("text=Undo >> nth=0") == "Undo"
    page.click("text=Add a facility")
    assert pressed("text=Cancel") == "cc-pane"
    for key, button in (("Escape", "text=Reopen"), ("Enter", ".leaflet-popup-close-button")):
        go(page, "facility", row_of(page, "F1"))
        assert pressed(button, key) == "cc-pane"
        assert page.query_selector(".leaflet-popup") is None


def test_a_facility_is_moved_by_keys_alone(opened):
    page = tried(opened())
    go(page, "facility", row_of(page, "F1"))
    page.focus(".leaflet-popup >> text=Move to")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "cc-pane"
    assert "Click the new place" in page.inner_text(".cc-aim-bar")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    page.keyboard.press("Space")
    page.wait_for_function(f"'F1' in {TRIAL}.scenario.move")
    settled(page)
    assert page.is_hidden(".cc-aim-bar")
    assert "Move " in page.inner_text(".cc-changes")


def test_a_new_facility_can_be_moved_by_its_button_too(opened):
    page = tried(opened())
    act(page, "change(s => { s.sites.N1 = [500, 0]; s.build.push('N1'); })")
    page.evaluate(
        "carecircle.atlas.open({ type: 'try', site: 'N1' }, carecircle.atlas.map.getCenter())"
    )
    page.click(".leaflet-popup >> text=Move to")
    page.mouse.click(700, 500)
    page.wait_for_function(f"{TRIAL}.scenario.sites.N1[0] !== 500")
    settled(page)
    assert page.evaluate(f"{TRIAL}.scenario.build") == ["N1"]


def test_escape_empties_the_filter_and_then_closes_the_table(opened):
    page = opened()
    page.click(".cc-table-button")
    page.keyboard.type("zz")
    page.keyboard.press("Escape")
    assert page.is_visible(".cc-table")
    assert page.input_value(".cc-table input") == ""
    page.keyboard.press("Escape")
    assert page.is_hidden(".cc-table")
    assert "cc-table-button" in page.evaluate("document.activeElement.className")


# ----------------------------------------------------------------------------------------- in sight


def test_the_title_of_a_popup_is_in_sight_beside_the_table(opened):
    page = tried(opened())
    page.click(".cc-table-button")
    go(page, "facility", row_of(page, "F1"))
    assert page.evaluate("document.querySelector('.leaflet-popup-content').scrollTop") == 0
    assert "Close this facility" in page.evaluate("document.activeElement.textContent")


def test_a_large_area_that_was_sought_is_seen_whole_with_its_popup(opened, town, tmp_path):
    found = cc.assess(town)
    areas = found.areas.copy()
    areas.geometry = [shapely.box(0, 0, 3000, 9000), *areas.geometry[1:]]
    path = tmp_path / "map.html"
    coverage_map(replace(found, areas=areas)).save(path)
    page = opened(path=path, height=560)
    go(page, "area", 0)
    page.wait_for_timeout(400)  # a map that pans to its popup would do it now
    seen = page.evaluate(
        "(() => { const { map, data, boxes } = carecircle.atlas;"
        "const [w, n, e, s] = data.areas.shapes.box.slice(0, 4);"
        "const at = (x, y) => map.latLngToContainerPoint(carecircle.decode.latLng(x, y));"
        "const one = at(w, n), other = at(e, s);"
        "const pop = map._popup.getElement().getBoundingClientRect();"
        "return { left: Math.min(one.x, pop.left), top: Math.min(one.y, pop.top),"
        "right: Math.max(other.x, pop.right), bottom: Math.max(other.y, pop.bottom),"
        "tall: other.y - one.y, panel: boxes.panel.getBoundingClientRect().right }; })()"
    )
    assert seen["left"] >= seen["panel"]
    assert seen["top"] >= 0
    assert seen["right"] <= 1280
    assert seen["bottom"] <= 560
    assert seen["tall"] > 100


def test_a_telephone_shows_the_figure_while_the_panel_is_folded(opened):
    page = tried(opened(width=390, height=844))
    page.evaluate("document.querySelectorAll('.cc-try .cc-tools button')[0].click()")
    page.mouse.click(200, 500)
    page.wait_for_function(f"{TRIAL}.changed")
    settled(page)
    assert "cc-folded" in page.get_attribute(".cc-panel", "class")
    assert page.is_visible(".cc-small")
    share = page.evaluate("document.querySelector('.cc-then strong').textContent")
    assert share in page.inner_text(".cc-small")
    act(page, "change(s => { s.sites.N2 = [90000, 90000]; s.build.push('N2'); })")
    assert "Add N2: No road near" in page.inner_text(".cc-small")
    page.wait_for_timeout(100)
    panel = page.locator(".cc-panel").bounding_box()
    button = page.locator(".cc-whole-button").bounding_box()
    assert button["y"] >= panel["y"] + panel["height"]
