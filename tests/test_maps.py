"""The map opens offline, says its terms, shows every state, and lets no name out of its text."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from carecircle.errors import CrsError
from carecircle.outputs.map.atlas import coverage_map
from carecircle.outputs.map.codec import pack_counts, pack_shapes
from carecircle.outputs.map.text import WORDS, Speech, in_language


def _neighbour(name):
    """Import a helper beside this file: tests are no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake = _neighbour("fake_findings")
browser = _neighbour("browser")


def page_of(findings):
    return coverage_map(findings).get_root().render()


def payload_of(findings, language="zh"):
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page_of(findings))
    return json.loads(in_language(found.group(1), language))


def layer(payload, key):
    return next(
        item for group in payload["groups"] for item in group["layers"] if item["id"] == key
    )


def rows(records, index):
    return dict(zip(records["fields"], records["values"][index], strict=True))


# ------------------------------------------------------------------------------- without a browser


def test_equal_findings_give_equal_bytes(tmp_path):
    for name in ("one.html", "two.html"):
        coverage_map(fake.findings()).save(tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_a_map_rendered_twice_is_the_same():
    chart = coverage_map(fake.findings())
    assert chart.get_root().render() == chart.get_root().render()


def test_no_element_of_the_page_names_a_host():
    page = page_of(fake.findings())
    assert not re.findall(r"<link|<script[^>]+src|<img", page)
    assert not re.findall(r"url\((?!#)[^)]*\)", page)
    assert "@import" not in page


def test_names_stay_text_in_the_page_and_templates_are_not_run():
    page = page_of(fake.findings())
    assert fake.HOSTILE not in page
    assert "alert(2)</script>" not in page
    assert "{{ 7*7 }}" in page
    assert payload_of(fake.findings())["areas"]["title"][4:] == [fake.HOSTILE, fake.BREAKOUT]


def test_input_is_not_touched():
    findings = fake.findings()
    before = {name: getattr(findings, name).copy() for name in ("areas", "homes", "gaps")}
    coverage_map(findings)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(getattr(findings, name)))


def test_each_home_is_in_the_class_of_its_exact_minutes():
    homes = layer(payload_of(fake.findings()), "homes")
    counted = {entry["label"]: entry["count"] for entry in homes["legend"]}
    # 15.004 minutes is over 15; 29 is within a village's 30; the home without place still counts
    assert counted == {
        "≤ 5 分钟": 1, "≤ 10 分钟": 1, "≤ 15 分钟": 1, "≤ 30 分钟": 1,
        "超出时限": 1, "到不了": 1, "未评估": 2,
    }  # fmt: skip


def test_headline_shows_two_rates_with_numerator_and_denominator():
    (city,) = payload_of(fake.findings())["headline"]
    roster, elders = city["figures"]
    assert (roster["label"], roster["value"], roster["share"]) == (
        "设施覆盖率(名录)",
        "33.3%",
        "2 / 6",
    )
    assert (elders["value"], elders["share"]) == ("76.4%", "336 / 440")
    assert elders["label"] == "老年人口覆盖率(15/30分钟)"
    assert city["note"] == "未评估老年人 7"


def test_several_cities_are_listed_and_not_added_up():
    two = fake.totals().rename(index={"kind": "city"}).iloc[:2]
    headline = payload_of(fake.findings(totals=two))["headline"]
    assert [city["figures"][1]["share"] for city in headline] == ["336 / 440", "336 / 440"]


def test_area_popup_gives_shares_and_says_no_data():
    areas = payload_of(fake.findings())["areas"]
    third, fifth = rows(areas, 2), rows(areas, 4)
    assert third["老年人口覆盖"] == "40 / 80 (50.0%)"
    assert third["判定"] == "有设施 · 超时"
    assert third["辖区设施"] == f"{fake.HOSTILE}、{fake.BREAKOUT}"
    assert fifth["老年人口覆盖"] == "无数据"
    assert fifth["判定"] == "未评估"
    assert rows(areas, 0)["面积缺口"] == "398 平方米"
    assert fifth["面积缺口"] == ""


def test_gap_popup_holds_all_numbers():
    gap = rows(payload_of(fake.findings())["gaps"], 1)
    assert gap["平均 / 90% 超出分钟"] == "3.0 / 4.0"
    assert gap["到最近设施"] == "18.0 分钟, 1,080 米"
    assert gap["80岁及以上"] == "无数据"
    assert gap["原因"] == "无数据"


def test_a_timestamp_is_a_date():
    facilities = payload_of(fake.findings())["facilities"]
    assert rows(facilities, 0)["启用"] == "2020-05-01"
    assert rows(facilities, 1)["启用"] == ""


def test_nan_never_reaches_the_page():
    frames = {}
    for name in ("areas", "homes", "facilities", "gaps"):
        frame = getattr(fake, name)()
        numbers = frame.select_dtypes("number").columns
        frames[name] = frame.assign(**dict.fromkeys(numbers, np.nan))
    payload = payload_of(fake.findings(**frames))
    assert payload["homes"]["n"] == 7
    assert rows(payload["gaps"], 0)["老年人"] == "无数据"


def test_percentages_do_not_round_to_the_whole():
    say = Speech("zh")
    assert say.percent(6999, 7000) == "99.9%"
    assert say.percent(7000 - 1e-9, 7000) == "100%"
    assert say.percent(1, 70_000) == "<0.1%"
    assert say.percent(0, 70) == "0.0%"
    assert say.percent(0, 0) == "无数据"


def test_every_word_has_two_languages_with_the_same_places():
    for key, (chinese, english) in WORDS.items():
        assert chinese, key
        assert chinese.count("{}") == english.count("{}"), key


def test_english_study_speaks_english():
    payload = payload_of(fake.findings(card=fake.card(language="en")), "en")
    assert payload["card"]["title"] == "Toy city: elder care"
    assert payload["card"]["synthetic"] == "Synthetic data, for demonstration only"
    assert payload["headline"][0]["figures"][0]["label"] == "Roster coverage"


def test_real_data_carry_no_synthetic_note():
    page = page_of(fake.findings(card=fake.card(synthetic=False)))
    assert "合成数据" not in page


def test_reached_roads_beyond_the_cap_are_left_out_and_say_so():
    chart = coverage_map(fake.findings(), most_reached_pieces=1)
    assert "2 段,未放入地图" in chart.get_root().render()


def test_records_without_crs_are_refused():
    bare = gpd.GeoDataFrame(
        fake.homes().drop(columns="geometry"), geometry=fake.homes().geometry.values
    )
    bare = bare.set_crs(None, allow_override=True)
    with pytest.raises(CrsError, match="homes: no CRS"):
        coverage_map(fake.findings(homes=bare))


def test_shapes_keep_holes_and_parts_in_order():
    ring = shapely.box(0, 0, 1, 1) - shapely.box(0.4, 0.4, 0.6, 0.6)
    two = shapely.MultiPolygon([shapely.box(2, 0, 3, 1), shapely.box(4, 0, 5, 1)])
    packed = pack_shapes([ring, None, two])
    assert packed["parts"] == pack_counts([2, 0, 2])
    assert packed["sizes"] == pack_counts([5, 5, 5, 5])


def test_ten_thousand_homes_take_a_few_hundred_kilobytes():
    rng = np.random.default_rng(5)
    places = rng.uniform(0, 3000, (10_000, 2)) + np.array([fake.X, fake.Y])
    homes = gpd.GeoDataFrame(
        {
            "area_id": "A1",
            "minutes": rng.uniform(0, 40, 10_000),
            "facility_id": "F1",
            "access_m": rng.uniform(0, 90, 10_000),
            "reason": "",
            "limit_minutes": 15.0,
            "covered": pd.array([True] * 10_000, dtype="boolean"),
        },
        geometry=gpd.points_from_xy(*places.T),
        crs=fake.CRS,
    )
    homes.index = [f"H{i}" for i in range(10_000)]
    grown = len(page_of(fake.findings(homes=homes))) - len(page_of(fake.findings()))
    assert grown < 10_000 * 20


def test_overlapping_and_scattered_areas_are_drawn():
    areas = fake.areas()
    exclave = shapely.MultiPolygon([areas.geometry.iloc[0], shapely.box(0, 0, 9, 9)])
    shapes = [exclave, areas.geometry.iloc[0].buffer(50), *areas.geometry.iloc[2:]]
    areas = areas.set_geometry(gpd.GeoSeries(shapes, areas.index, crs=fake.CRS))
    packed = payload_of(fake.findings(areas=areas))["areas"]["shapes"]
    assert packed["parts"] == pack_counts([2, 1, 1, 1, 1, 1])


def test_neighbours_keep_one_border_after_simplification():
    wiggle = [(0.0, 0.0), (3.0, 300.0), (-3.0, 600.0), (0.0, 1000.0)]
    west = shapely.Polygon([*wiggle, (-900, 1000), (-900, 0)])
    east = shapely.Polygon([*wiggle, (900, 1000), (900, 0)])
    moved = [
        shapely.transform(shape, lambda xy: xy + np.array([fake.X, fake.Y]))
        for shape in (west, east)
    ]
    areas = (
        fake.areas()
        .iloc[:2]
        .set_geometry(gpd.GeoSeries(moved, fake.areas().index[:2], crs=fake.CRS))
    )
    together = shapely.coverage_simplify(areas.geometry.to_numpy(), 4.0)
    assert shapely.coverage_is_valid(together)
    packed = payload_of(fake.findings(areas=areas))["areas"]["shapes"]
    in_degrees = gpd.GeoSeries(together, crs=fake.CRS).to_crs(4326)
    assert packed == pack_shapes(in_degrees.to_numpy())


# ------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


@pytest.fixture
def visit(chromium, tmp_path):
    """Save a map and open it: visit(findings, width=...) gives page, requests, complaints."""
    open_pages = []

    def show(findings, **size):
        path = tmp_path / "map.html"
        coverage_map(findings).save(path)
        context = browser.visit(chromium, path.as_uri(), **size)
        seen = context.__enter__()
        open_pages.append(context)
        seen.page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        return seen

    yield show
    for context in open_pages:
        context.__exit__(None, None, None)


def pixel(page, lon_lat_expression):
    """Place on the screen of a LatLng given as a JavaScript expression."""
    return page.evaluate(
        "(() => { const p = carecircle.atlas.map.latLngToContainerPoint("
        f"{lon_lat_expression}); return [p.x, p.y]; }})()"
    )


def place_of(kind, index):
    xy = f"carecircle.atlas.data.{kind}.xy"
    return f"carecircle.decode.latLng({xy}.x[{index}], {xy}.y[{index}])"


@pytest.mark.browser
def test_opens_offline_without_a_request_or_a_complaint(visit):
    seen = visit(fake.findings())
    seen.page.wait_for_timeout(200)
    assert len(seen.requests) == 1
    assert seen.requests[0].startswith("file:")
    assert seen.complaints == []


@pytest.mark.browser
def test_an_empty_assessment_opens_too(visit):
    seen = visit(fake.nothing())
    assert seen.complaints == []
    assert "无数据" in seen.page.inner_text(".cc-headline")


@pytest.mark.browser
def test_every_home_with_a_place_is_drawn(visit):
    seen = visit(fake.findings())
    drawn = "carecircle.atlas.canvas.drawers.find(d => d.id === 'homes').drawn"
    assert seen.page.evaluate(drawn) == 7
    found = seen.page.evaluate(
        "(() => { const h = carecircle.atlas.data.homes;"
        " const at = carecircle.decode.latLng(h.xy.x[4], h.xy.y[4]); return [at.lng, at.lat]; })()"
    )
    home = fake.homes().to_crs(4326).geometry.iloc[4]
    assert found == pytest.approx([home.x, home.y], abs=5.1e-6)


@pytest.mark.browser
def test_legend_and_panel_state_the_terms(visit):
    seen = visit(fake.findings())
    legend = seen.page.inner_text(".cc-legend")
    for term in (
        "城镇 15 分钟",
        "农区 30 分钟",
        "elder_default",
        "1.00 m/s",
        "2025-12-31",
        "合成数据",
        "≤ 15 分钟",
    ):
        assert term in legend
    assert "合成数据" in seen.page.inner_text(".cc-panel")
    assert seen.page.inner_text(".cc-panel h1") == "样例市养老服务圈"


@pytest.mark.browser
def test_uncovered_areas_say_how_many_elders_and_why(visit):
    page = visit(fake.findings()).page
    labels = page.evaluate("carecircle.atlas.canvas._view.labels.map(label => label.text)")
    assert "1,234 位老人 · 缺设施" in labels
    assert not any("12" in text and "1,234" not in text for text in labels)


@pytest.mark.browser
def test_every_layer_can_be_switched_without_a_complaint(visit):
    seen = visit(fake.findings())
    page = seen.page
    page.evaluate("document.querySelectorAll('.cc-panel details').forEach(d => { d.open = true; })")
    for box in page.query_selector_all(".cc-layer input"):
        key = box.get_attribute("data-layer")
        before = page.evaluate("k => carecircle.atlas.canvas.visible.has(k)", key)
        box.click()
        after = page.evaluate("k => carecircle.atlas.canvas.visible.has(k)", key)
        assert after is (not before or box.get_attribute("type") == "radio")
    page.wait_for_timeout(100)
    assert seen.complaints == []


@pytest.mark.browser
def test_switching_a_layer_changes_the_picture_and_the_legend(visit):
    page = visit(fake.findings()).page
    canvas = "document.querySelector('.cc-canvas').toDataURL()"
    before, legend = page.evaluate(canvas), page.inner_text(".cc-legend")
    page.click('input[data-layer="rate"]')
    page.wait_for_timeout(150)
    assert page.evaluate(canvas) != before
    assert "≥ 95%" in page.inner_text(".cc-legend")
    assert "≥ 95%" not in legend


@pytest.mark.browser
def test_search_finds_a_chinese_name_and_goes_there(visit):
    page = visit(fake.findings()).page
    page.fill(".cc-search input", "农区")
    assert page.inner_text(".cc-search li").startswith("农区中心")
    page.press(".cc-search input", "Enter")
    assert page.inner_text(".leaflet-popup h2") == "农区中心"
    x, y = pixel(page, place_of("facilities", 3))
    assert 300 < x < 1280
    assert 0 < y < 820
    assert page.evaluate("carecircle.atlas.map.getZoom()") == 16


@pytest.mark.browser
def test_search_without_a_match_says_so(visit):
    page = visit(fake.findings()).page
    page.fill(".cc-search input", "不存在")
    assert page.inner_text(".cc-search ul") == "没有找到"


@pytest.mark.browser
@pytest.mark.parametrize("text", [fake.HOSTILE, fake.BREAKOUT])
def test_hostile_names_are_shown_as_text(visit, text):
    seen = visit(fake.findings())
    seen.page.fill(".cc-search input", text[:6])
    seen.page.press(".cc-search input", "Enter")
    assert seen.page.inner_text(".leaflet-popup h2") == text
    assert seen.page.query_selector(".leaflet-popup img") is None
    assert seen.complaints == []


_GAP = fake.gaps().to_crs(4326).geometry.iloc[0].centroid
GAP = f"L.latLng({_GAP.y}, {_GAP.x})"


@pytest.mark.browser
def test_clicks_reach_home_facility_gap_and_area(visit):
    page = visit(fake.findings()).page
    wanted = {
        place_of("homes", 1): ("住宅", "10.0 分钟"),
        place_of("homes", 3): ("住宅", "15.01 分钟"),
        place_of("facilities", 0): ("新华养老服务站", "400 平方米"),
        place_of("areas", 5): (fake.BREAKOUT, "未评估"),
        GAP: ("矿区社区", "1,234"),
    }
    for place, (title, text) in wanted.items():
        page.evaluate(f"carecircle.atlas.map.closePopup().setView({place}, 16, {{animate: false}})")
        page.wait_for_timeout(80)
        page.mouse.click(*pixel(page, place))
        assert page.inner_text(".leaflet-popup h2") == title
        assert text in page.inner_text(".leaflet-popup table")


@pytest.mark.browser
def test_fits_a_telephone(visit):
    seen = visit(fake.findings(), width=390, height=780)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
    panel = seen.page.query_selector(".cc-panel").bounding_box()
    assert panel["height"] < 780 / 2
    seen.page.click(".cc-toggle")
    assert seen.page.is_visible(".cc-search")


@pytest.mark.browser
def test_prints_without_controls(visit):
    page = visit(fake.findings()).page
    page.emulate_media(media="print")
    page.wait_for_selector(".cc-search", state="hidden")
    assert not page.is_visible(".leaflet-control-zoom")
    assert page.is_visible(".cc-legend")


@pytest.mark.browser
def test_shows_itself_in_a_notebook_frame(chromium, tmp_path):
    path = tmp_path / "notebook.html"
    shown = coverage_map(fake.findings())._repr_html_()
    path.write_text(f"<!DOCTYPE html><meta charset='utf-8'><body>{shown}</body>", encoding="utf-8")
    with browser.visit(chromium, path.as_uri()) as seen:
        frame = seen.page.wait_for_selector("iframe").content_frame()
        frame.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        assert frame.inner_text("h1") == "样例市养老服务圈"
        assert seen.complaints == []
