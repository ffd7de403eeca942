"""The map as a planner presents it: table, search, languages, words, print, tiles, what-if."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import browser
import carecircle as cc
import fake_findings as fake
from carecircle.errors import InputError
from carecircle.outputs import colours
from carecircle.outputs.map.atlas import coverage_map
from carecircle.outputs.map.names import pinyin_keys
from carecircle.outputs.map.text import Speech, in_language
from carecircle.outputs.map.tiles import tile_source
from carecircle.scenarios.what_if import apply_scenario

PAYLOAD = re.compile(r'<script type="application/json" id="map_\w+">(.*?)</script>|'
                     r'<script type="application/json"[^>]*>(.*?)</script>')  # fmt: skip


def payload_of(findings, language="zh", **options):
    return payload_in(coverage_map(findings, **options).get_root().render(), language)


def payload_in(page, language="zh"):
    found = next(part for part in PAYLOAD.findall(page) if "headline" in (part[0] or part[1]))
    return json.loads(in_language(found[0] or found[1], language))


@pytest.fixture(scope="module")
def sample_page(sample_result, tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "map.html"
    coverage_map(sample_result).save(path)
    return path


@pytest.fixture(scope="module")
def sample_payload(sample_page):
    return payload_in(sample_page.read_text(encoding="utf-8"))


def level(payload, name):
    return next(one for one in payload["table"]["levels"] if one["level"] == name)


def column(table, name):
    return next(one for one in table["columns"] if one["id"] == name)


# ------------------------------------------------------------------------------- without a browser


def test_the_chooser_of_rules_says_how_many_pass_and_kinds_that_count_in_part_are_shown(
    sample_payload, sample_result
):
    layers = [layer for group in sample_payload["groups"] for layer in group["layers"]]
    told = json.dumps(next(one for one in layers if one.get("choices")), ensure_ascii=False)
    assert "达标 70 / 70" in told
    homes = next(one for one in layers if one["title"] == "养老机构")
    assert homes["on"]
    counted = sample_result.facilities.query("kind == 'institution' and eligible")
    assert f"养老机构 ({len(counted)} / " in json.dumps(sample_payload["card"], ensure_ascii=False)
    assert "无数据 户住宅" not in json.dumps(sample_payload["facilities"], ensure_ascii=False)


def test_a_text_of_two_languages_is_read_in_either_also_inside_another():
    say = Speech("both")
    text = f"{say('layer_gaps')} · {say('within', 15)} · {say('label_points', say('roster'))}"
    assert in_language(text, "zh") == "未覆盖片区 · ≤ 15 分钟 · 设施覆盖率(名录) · 百分点"
    assert in_language(text, "en") == "Uncovered areas · ≤ 15 min · Roster coverage · points"
    assert in_language("plain", "en") == "plain"


def test_no_text_of_the_page_is_left_without_its_other_language():
    for language in ("zh", "en"):
        told = json.dumps(payload_of(fake.findings(), language), ensure_ascii=False)
        assert not re.search("[\ue000-\ue002]", told)
    english = payload_of(fake.findings(), "en")["words"]
    # the button to the other language speaks that language
    spoken = {key: text for key, text in english.items() if not key.startswith("language")}
    assert not re.search("[\u4e00-\u9fff]", json.dumps(spoken, ensure_ascii=False))


def test_pinyin_knows_characters_of_several_readings_by_their_word():
    keys = pinyin_keys(["重庆路社区", "重点村", "长安", "绿地 A1", fake.HOSTILE])
    assert keys[:4] == ["chong qing lu she qu", "zhong dian cun", "chang an", "lv di  a1"]
    assert keys[4] == fake.HOSTILE.lower()


def test_the_table_holds_exact_numbers_and_missing_ones_stay_missing():
    table = level(payload_of(fake.findings()), "area")
    assert table["ids"] == [f"A{i}" for i in range(1, 7)]
    assert column(table, "covered")["values"] == [200.0, 96.0, 40.0, 0.0, None, None]
    assert column(table, "total")["values"] == [200.0, 100.0, 80.0, 60.0, None, None]
    assert column(table, "shortfall_m2")["values"] == [398.0, 0.0, None, None, None, None]
    assert column(table, "has_facility")["values"][:2] == ["是", "否"]
    assert column(table, "name")["values"][4] == fake.HOSTILE


def test_units_of_the_table_know_their_areas(sample_result, sample_payload):
    streets = level(sample_payload, "street")
    areas = level(sample_payload, "area")["ids"]
    of = sample_result.areas["street_id"].astype(str)
    for unit, members in zip(streets["ids"], streets["areas"], strict=True):
        assert [areas[place] for place in members] == of.index[of == unit].tolist()


def test_summary_says_the_figures_in_both_languages():
    chinese = payload_of(fake.findings())["summary"]
    assert chinese[0] == "样例市:440 位老年人中 336 位按时可达(76.4%),无数据 位超时,7 位未评估。"
    assert chinese[1] == "名录:6 个社区(村)中 2 个有设施(33.3%)。"
    assert any("矿区社区 (1,234 位老人、缺设施)" in text for text in chinese)
    assert any("共缺 398 平方米" in text for text in chinese)
    english = payload_of(fake.findings(), "en")["summary"]
    assert english[1] == "Roster: 2 of 6 communities have a facility (33.3%)."


def test_rules_colour_areas_by_the_verdict_of_their_unit(sample_result, sample_payload):
    (layer,) = [one for one in sample_payload["groups"][0]["layers"] if one["id"] == "rules"]
    rules = sample_result.rules
    names = rules.index.droplevel("unit_id").unique()
    by_level = rules.groupby(["preset", "rule"], observed=True)["level"].first()
    coloured = [n for n in names if by_level[n] in ("area", "street", "district")]
    assert len(layer["choices"]) == len(coloured)
    for choice, name in zip(layer["choices"], coloured, strict=True):
        verdicts = rules.loc[name]["status"].astype(str).value_counts()
        counted = {entry["label"]: entry["count"] for entry in choice["legend"]}
        assert counted["达标"] == verdicts.get("pass", 0)
        assert counted["不达标"] == verdicts.get("fail", 0)


def access_found(values, supply="places", demand="elders"):
    areas = fake.areas().assign(access=values)
    return SimpleNamespace(areas=areas, supply=supply, demand=demand)


def test_access_is_a_layer_with_nothing_in_reach_apart_and_grey_for_no_data():
    ids = [layer["id"] for layer in payload_of(fake.findings())["groups"][0]["layers"]]
    assert ids == ["cell", "rate", "minutes", "floor", "none"]
    found = access_found([0.0, 0.001, 0.002, 0.003, 0.004, np.nan])
    payloads = {
        language: payload_of(fake.findings(), language, access=found) for language in ("zh", "en")
    }
    layers = {
        language: next(one for one in payload["groups"][0]["layers"] if one["id"] == "access")
        for language, payload in payloads.items()
    }
    assert layers["zh"]["title"] == "可达性:每千位老年人的日间名额"
    assert layers["en"]["title"] == "Access: day places per 1,000 elders"
    # quantiles of 1, 2, 3 and 4 per 1,000: 1.6, 2.2, 2.8 and 3.4
    assert [(entry["label"], entry["count"]) for entry in layers["en"]["legend"]] == [
        ("Nothing in reach", 1), ("< 1.6", 1), ("1.6 – 2.2", 1), ("2.2 – 2.8", 0),
        ("2.8 – 3.4", 1), ("≥ 3.4", 1), ("no data", 1),
    ]  # fmt: skip
    assert layers["en"]["legend"][-1]["colour"] == colours.NO_DATA
    assert layers["zh"]["legend"][-1]["label"] == "无数据"
    areas = payloads["en"]["areas"]
    assert areas["fields"][-1] == layers["en"]["title"]
    told = [row[-1] for row in areas["values"]]
    assert told == ["0.00", "1.00", "2.00", "3.00", "4.00", "no data"]


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ([0.0] * 6, [6, 0, 0]),
        ([0.002] * 6, [0, 6, 0]),
        ([np.nan] * 6, [0, 0, 6]),
        ([0, 0, 0, 0.001, 0.002, np.nan], None),
    ],
)
def test_access_of_few_values_counts_every_area_once(values, counts):
    found = access_found(values, supply="own_column", demand="homes")
    layers = payload_of(fake.findings(), "en", access=found)["groups"][0]["layers"]
    (layer,) = [one for one in layers if one["id"] == "access"]
    assert layer["title"] == "Access: own_column per 1,000 homes"
    assert sum(entry["count"] for entry in layer["legend"]) == 6
    assert counts is None or [entry["count"] for entry in layer["legend"]] == counts


def test_access_of_another_study_is_refused():
    with pytest.raises(InputError, match="access: none of its areas"):
        coverage_map(fake.findings(), access=cc.access_of(cc.samples.wuhai()))


def test_subtitle_and_headline_name_the_limits_of_the_areas_there_are():
    town = cc.samples.toy_town()
    both = payload_of(cc.assess(town), "en")
    assert both["card"]["subtitle"].startswith("urban 15 min · rural 30 min · ")
    urban = replace(town, tables=replace(town.tables, areas=town.areas.assign(kind="urban")))
    payload = payload_of(cc.assess(urban), "en")
    assert payload["card"]["subtitle"].startswith("urban 15 min · on foot")
    assert payload["headline"][0]["figures"][1]["label"] == "Elders in time (15 min)"
    assert payload["summary"][-1].startswith("Terms: urban 15 min · on foot")
    assert dict(payload["card"]["terms"])["Limits"] == "urban 15 min"


@pytest.mark.parametrize("profile", sorted(cc.PROFILES))
def test_where_the_speed_comes_from_is_said_in_the_language_of_the_page(profile):
    card = replace(fake.findings().card, profile=cc.PROFILES[profile])
    for language, key in (("zh", "速度依据"), ("en", "Speed from")):
        source = dict(payload_of(fake.findings(card=card), language)["card"]["terms"])[key]
        chinese = re.search("[\u4e00-\u9fff]", source) is not None
        assert chinese == (language == "zh")


@pytest.mark.parametrize(
    "tiles",
    [
        "https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}",
        "https://rt0.map.gtimg.com/tile?z={z}&x={x}&y={-y}",
        "https://maponline0.bdimg.com/tile/?qt=vtile&x={x}&y={y}&z={z}",
        "https://mt0.google.cn/vt?x={x}&y={y}&z={z}",
    ],
)
def test_tiles_in_a_shifted_datum_are_refused(tiles):
    with pytest.raises(InputError, match="GCJ-02 or BD-09"):
        coverage_map(fake.findings(), tiles=tiles)


@pytest.mark.parametrize("tiles", ["tianditu:", "https://host/tiles.png", "ftp://h/{z}/{x}/{y}"])
def test_tiles_that_are_no_address_are_refused_with_the_fix(tiles):
    with pytest.raises(InputError, match=r"tiles: .*tianditu:|tiles: 'tianditu:'"):
        tile_source(tiles, Speech("zh"))


def test_tiles_travel_only_when_asked_for():
    assert "tiles" not in payload_of(fake.findings())
    assert payload_of(fake.findings(), tiles="osm")["tiles"]["url"].startswith("https://tile.o")
    keyed = tile_source("tianditu:abc123", Speech("zh"))
    assert keyed["url"].endswith("&tk=abc123")


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


def lab(colour, matrix):
    rgb = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(matrix) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ seen / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("matrix", BLINDNESS.values(), ids=BLINDNESS)
@pytest.mark.parametrize(
    "classes",
    [[*colours.CELLS.values(), colours.NO_DATA], [*colours.RATES, colours.NO_DATA],
     [*colours.FLOOR.values(), colours.NO_DATA]],
    ids=["cells", "rates", "verdicts"],
)  # fmt: skip
def test_classes_stay_apart_for_colour_blind_readers(matrix, classes):
    seen = [lab(colour, matrix) for colour in classes]
    nearest = min(float(np.linalg.norm(a - b)) for i, a in enumerate(seen) for b in seen[i + 1 :])
    assert nearest > 8  # a difference of 2.3 is just noticeable


def test_the_sample_city_stays_within_three_megabytes(sample_page):
    assert sample_page.stat().st_size < 3_000_000


# ------------------------------------------------------------------------------------- in a browser

HOSTILE, BREAKOUT = fake.HOSTILE, fake.BREAKOUT


@pytest.fixture(scope="module")
def town():
    """The toy town with names that try to break out of their text."""
    study = cc.samples.toy_town()
    tables = study.tables
    names = [HOSTILE, BREAKOUT]
    areas, facilities = tables.areas.copy(), tables.facilities.copy()
    areas["name"] = [*names, *areas["name"].astype(object)[2:]]
    facilities["name"] = [*names, *facilities["name"].astype(object)[2:]]
    return replace(study, tables=replace(tables, areas=areas, facilities=facilities))


@pytest.fixture(scope="module")
def town_page(town, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "town.html"
    cc.assess(town).explore().save(path)
    return path


@pytest.fixture(scope="module")
def running():
    with browser.chromium() as found:
        yield found


@pytest.fixture
def opened(running, town_page):
    """Open the map of the town: opened(hash, width=...)."""
    visits = []

    def show(mark="", *, path=town_page, **size):
        context = browser.visit(running, path.as_uri() + mark, **size)
        seen = context.__enter__()
        visits.append((context, seen))
        seen.page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        return seen

    yield show
    for context, seen in visits:
        asked = [one for one in seen.requests if not one.startswith(("file:", "blob:"))]
        context.__exit__(None, None, None)
        assert asked == []
        assert seen.complaints == []


@pytest.mark.browser
def test_a_tip_follows_the_pointer_inside_the_map_and_leaves_it_at_the_panel(opened):
    page = opened(width=900, height=500).page
    # names as long as they come, under the pointer wherever it is
    page.evaluate("carecircle.atlas.canvas.hit = () => ({ type: 'area', index: 0 })")
    page.evaluate("carecircle.atlas.popups.line = () => '社区'.repeat(12)")
    tip = page.locator(".cc-tip")
    for x, y in ((450, 60), (700, 60), (450, 490)):
        page.mouse.move(x, y)
        page.wait_for_function(f"carecircle.atlas.map && !carecircle.atlas._look && {x}")
        box = tip.bounding_box()
        assert box["x"] + box["width"] <= 900
        assert box["y"] + box["height"] <= 500
    page.mouse.move(150, 120)
    tip.wait_for(state="hidden")


@pytest.mark.browser
def test_clicks_on_what_lies_over_the_map_open_nothing_below(opened):
    page = opened().page
    # an area under everything: what falls through would open it
    page.evaluate("carecircle.atlas.canvas.hit = () => ({ type: 'area', index: 0 })")
    page.click(".cc-language")
    page.click(".cc-table-button")
    page.click(".cc-table thead th:nth-child(2) button")
    page.click('.cc-switch input[value="try"] + span')
    page.wait_for_function(f"{TRIAL}.state === 'ready'")
    page.click(".cc-tools button >> nth=0")
    page.click(".cc-aim-bar button")
    assert page.query_selector(".leaflet-popup") is None
    page.mouse.click(700, 200)
    assert page.query_selector(".leaflet-popup")


@pytest.mark.browser
def test_an_outline_goes_with_escape_or_a_click_beside_everything(opened):
    page = opened().page
    chosen = "carecircle.atlas.data.chosen"
    for leave in ("key", "click"):
        page.evaluate("carecircle.atlas.goTo({ type: 'area', index: 0 })")
        assert page.evaluate(chosen) == [0]
        if leave == "key":
            page.keyboard.press("Escape")
        else:
            page.evaluate("carecircle.atlas.canvas.hit = () => null")
            page.mouse.click(340, 30)
        assert page.evaluate(chosen) == []


@pytest.mark.browser
def test_a_popup_stays_in_sight_when_the_table_under_it_closes(running, sample_page):
    with browser.visit(running, sample_page.as_uri()) as seen:
        page = seen.page
        page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        page.click(".cc-table-button")
        page.click(".cc-table tbody tr:nth-child(4)")
        page.click(".cc-close")
        page.wait_for_timeout(400)
        assert page.locator(".leaflet-popup").bounding_box()["y"] >= 0


@pytest.mark.browser
def test_streets_and_districts_are_found_by_pinyin_and_a_filter_outlives_the_language(
    running, sample_page
):
    with browser.visit(running, sample_page.as_uri()) as seen:
        page = seen.page
        page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        page.click(".cc-table-button")
        page.locator(".cc-table-bar select").nth(1).select_option(index=1)
        counted = set(re.findall(r"\d+", page.inner_text(".cc-count")))
        assert len(counted - {"83"}) == 1
        page.click(".cc-language")
        assert set(re.findall(r"\d+", page.inner_text(".cc-count"))) == counted
        page.locator(".cc-table-bar select").first.select_option(index=2)
        page.fill(".cc-table-bar input", "haibowan")
        assert page.locator(".cc-table tbody tr").count() == 1


TRIAL = "carecircle.atlas.trial.trial"


@pytest.mark.browser
def test_an_open_popup_follows_the_plan(opened):
    seen = opened()
    page = trying(seen)
    page.evaluate("carecircle.atlas.goTo({ type: 'facility', index: 0 })")
    button = page.locator(".leaflet-popup .cc-tools button").last
    shut = button.inner_text()
    page.evaluate(f"{TRIAL}.toggle(0)")
    settled(page)
    assert page.locator(".leaflet-popup .cc-tools button").last.inner_text() != shut
    page.evaluate(f"{TRIAL}.undo()")
    settled(page)
    assert page.locator(".leaflet-popup .cc-tools button").last.inner_text() == shut


@pytest.mark.browser
def test_a_tool_taken_up_by_keys_goes_on_by_keys_on_the_map(opened):
    page = trying(opened())
    page.focus(".cc-tools button >> nth=0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.classList.contains('cc-pane')")
    assert "空格" in page.inner_text(".cc-aim-bar")
    page.keyboard.press(" ")
    settled(page)
    assert page.evaluate(f"{TRIAL}.scenario.build") == ["N1"]


def trying(seen):
    seen.page.click('input[value="try"] + span')
    settled(seen.page)
    return seen.page


def settled(page):
    page.wait_for_function(f"{TRIAL}.state === 'ready' && !{TRIAL}.running")


def act(page, code):
    page.evaluate(f"(async () => {{ await {TRIAL}.{code}; }})()")
    settled(page)


def covered(page):
    """Elders in time and their change, as the panel shows them."""
    share = page.inner_text(".cc-then .cc-share").split(" · ")[0]
    change = float(page.get_attribute(".cc-then [data-change]", "data-change"))
    return SimpleNamespace(share=share, change=change)


@pytest.mark.browser
def test_the_table_sorts_filters_and_leads_to_the_map(running, tmp_path):
    path = tmp_path / "map.html"
    coverage_map(fake.findings()).save(path)
    with browser.visit(running, path.as_uri()) as seen:
        page = seen.page
        page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        assert page.is_hidden(".cc-table")
        page.focus(".cc-table-button")
        page.keyboard.press("Enter")
        names = "[...document.querySelectorAll('.cc-table tbody th')].map(n => n.textContent)"
        assert page.evaluate(names) == list(fake.AREA_NAMES)
        page.click('button[data-column="covered"]')
        # by share, the largest first; those without data come last
        assert page.evaluate(names)[:4] == ["新华社区", "滨河社区", "海达社区", "矿区社区"]
        page.keyboard.press("Enter")  # the focus stays on the heading: the other way round
        assert page.evaluate(names)[:4] == ["矿区社区", "海达社区", "滨河社区", "新华社区"]
        assert page.get_attribute(".cc-table th[aria-sort=ascending] button", "data-column") == (
            "covered"
        )
        page.fill(".cc-table-bar input", "bhsq")
        assert page.evaluate(names) == ["滨河社区"]
        assert page.inner_text(".cc-count") == "1 / 6 行"
        page.focus(".cc-go")
        page.keyboard.press("Enter")
        assert page.inner_text(".leaflet-popup h2") == "滨河社区"
        assert page.evaluate("carecircle.atlas.data.chosen") == [1]
        page.fill(".cc-table-bar input", "<img")
        assert page.evaluate(names) == [HOSTILE]
        assert page.query_selector(".cc-table img") is None
        page.fill(".cc-table-bar input", "")
        page.select_option(".cc-table-bar select >> nth=1", "未评估")
        assert page.evaluate(names) == [HOSTILE, BREAKOUT]
        assert seen.complaints == []


@pytest.mark.browser
def test_search_reads_pinyin_and_its_first_letters(running, tmp_path):
    path = tmp_path / "map.html"
    coverage_map(fake.findings()).save(path)
    with browser.visit(running, path.as_uri()) as seen:
        page = seen.page
        page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        first = "document.querySelector('.cc-search li').firstChild.textContent"
        for typed, wanted in (("xhsq", "新华社区"), ("hai da", "海达社区"), ("HAIDA", "海达社区"),
                              ("kuangq", "矿区社区"), ("binhe", "滨河社区")):  # fmt: skip
            page.fill(".cc-search input", typed)
            assert page.evaluate(first) == wanted, typed
        page.fill(".cc-search input", "uangqu")  # not from the start of a syllable
        assert page.inner_text(".cc-search ul") == "没有找到"
        page.fill(".cc-search input", "sq")
        page.press(".cc-search input", "ArrowDown")
        chosen = page.get_attribute(".cc-search input", "aria-activedescendant")
        assert page.get_attribute(f"#{chosen}", "aria-selected") == "true"
        assert page.get_attribute(".cc-search input", "aria-expanded") == "true"


@pytest.mark.browser
def test_one_button_turns_the_whole_page_into_the_other_language(opened):
    seen = opened()
    page = seen.page
    before = page.inner_text("body")
    page.click('input[data-layer="minutes"]')
    page.click(".cc-language")
    page.wait_for_timeout(100)
    english = page.inner_text("body")
    assert "Elders in time" in english
    assert "老年人" not in english.partition("Legend")[2]
    assert page.get_attribute("html", "lang") == "en"
    assert page.is_checked('input[data-layer="minutes"]')
    named = "[...document.querySelectorAll('[aria-label]')].map(n => n.getAttribute('aria-label'))"
    assert not any("图例" in text or "放大" in text for text in page.evaluate(named))
    page.click(".cc-language")
    page.click('input[data-layer="cell"]')
    page.wait_for_timeout(100)
    assert page.inner_text("body") == before


@pytest.mark.browser
def test_the_map_can_be_heard_and_used_by_keys(opened):
    page = opened().page
    described = page.get_attribute(".cc-pane", "aria-describedby")
    assert "80" in page.inner_text(f"#{described}")
    assert "80" in page.get_attribute(".cc-canvas", "aria-label")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "cc-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.cc-panel') !== null")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        name = "document.activeElement.className || document.activeElement.dataset.layer || ''"
        reached.add(page.evaluate(name))
        assert page.evaluate(f"document.activeElement === document.body || {outline} !== 'none'")
    assert {"cell", "leaflet-control-zoom-in"} <= reached
    assert any("cc-table-button" in name for name in reached)


@pytest.mark.browser
def test_north_and_scale_stand_on_the_map_and_nothing_overlaps(opened):
    for width, height in ((1280, 820), (390, 780)):
        page = opened(width=width, height=height).page
        boxes = {
            name: page.query_selector(name).bounding_box()
            for name in (".cc-north", ".leaflet-control-scale", ".cc-panel", ".cc-legend")
        }
        parts = list(boxes.values())
        for i, a in enumerate(parts):
            assert a["x"] >= 0
            assert a["x"] + a["width"] <= width
            for b in parts[i + 1 :]:
                apart = (
                    a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
                    or a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
                )  # fmt: skip
                assert apart, boxes


@pytest.mark.browser
def test_the_printed_page_has_the_map_the_words_and_the_open_table(opened):
    page = opened().page
    page.click(".cc-table-button")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.query_selector(".cc-map").bounding_box()["width"] == 1062
    assert page.is_visible(".cc-north")
    assert page.is_hidden(".cc-table")
    assert page.is_hidden(".cc-language")
    page.evaluate("carecircle.frame.tell(carecircle.atlas)")  # as a plan does that becomes ready
    assert len(page.query_selector_all(".cc-prose tbody tr")) == 4
    assert "80" in page.inner_text(".cc-prose")
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.query_selector(".cc-map").bounding_box()["width"] == 1280
    assert page.query_selector(".cc-prose table") is None


def legend_entries(page):
    return page.locator(".cc-legend .cc-entry").evaluate_all(
        "all => all.map(e => e.querySelector('span').textContent)"
    )


@pytest.mark.browser
@pytest.mark.parametrize(("language", "height"), [("zh", 820), ("en", 820), ("zh", 720)])
def test_the_whole_legend_of_the_sample_is_seen_without_scrolling(
    running, sample_page, language, height
):
    with browser.visit(running, sample_page.as_uri(), height=height) as seen:
        page = seen.page
        if language == "en":
            page.click(".cc-language")
        legend = page.locator(".cc-legend")
        assert legend.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
        # nothing stands beside its row either
        assert legend.evaluate("e => e.scrollWidth <= e.clientWidth")
        shown = page.evaluate(
            "carecircle.atlas.payload.groups.flatMap(g => g.layers)"
            ".filter(l => carecircle.atlas.canvas.visible.has(l.id)).flatMap(l => l.legend)"
            ".map(entry => entry.label)"
        )
        assert set(shown) <= set(legend_entries(page))
        assert len(shown) > 20


@pytest.mark.browser
def test_terms_come_back_into_the_legend_where_there_is_room_again(running, sample_page):
    with browser.visit(running, sample_page.as_uri(), height=600) as seen:
        terms, sources = (seen.page.locator(f".cc-legend {one}").first
                          for one in (".cc-term", ".cc-sources"))  # fmt: skip
        assert not terms.is_visible()
        seen.page.set_viewport_size({"width": 1280, "height": 820})
        terms.wait_for()
        assert not sources.is_visible()
        seen.page.set_viewport_size({"width": 1280, "height": 1100})
        sources.wait_for()


CITY = """() => {
  const { map, payload: { bounds: [sw, ne] } } = carecircle.atlas;
  const a = map.latLngToContainerPoint(sw), b = map.latLngToContainerPoint(ne);
  return { left: a.x, top: b.y, right: b.x, bottom: a.y };
}"""


@pytest.mark.browser
def test_the_printed_city_fills_the_page_beside_a_whole_legend(running, sample_page):
    with browser.visit(running, sample_page.as_uri()) as seen:
        page = seen.page
        page.click(".cc-legend summary")
        before = page.evaluate(CITY)
        page.emulate_media(media="print")
        page.wait_for_selector(".cc-printing")
        city = page.evaluate(CITY)
        boxes = [page.locator(one).bounding_box() for one in (".cc-panel", ".cc-legend", ".cc-map")]
        panel, legend, paper = boxes
        # as tall as the page, between figures and legend, and not wider than its own shape
        assert city["bottom"] - city["top"] > 0.93 * paper["height"]
        assert panel["x"] + panel["width"] <= city["left"]
        assert city["right"] <= legend["x"]
        assert legend["y"] >= 0
        assert legend["y"] + legend["height"] <= paper["height"]
        assert page.locator(".cc-legend .cc-entry").count() > 20
        assert page.locator(".cc-legend .cc-entry").first.is_visible()
        page.emulate_media(media="screen")
        page.wait_for_selector(".cc-printing", state="detached")
        assert page.evaluate(CITY) == pytest.approx(before)
        assert not page.locator(".cc-legend .cc-entry").first.is_visible()


@pytest.mark.browser
def test_a_city_wider_than_tall_is_printed_above_its_figures_and_legend(opened):
    page = opened().page
    page.emulate_media(media="print")
    page.wait_for_selector(".cc-printing")
    city = page.evaluate(CITY)
    panel, legend, paper = (page.locator(one).bounding_box()
                            for one in (".cc-panel", ".cc-legend", ".cc-map"))  # fmt: skip
    assert panel["x"] + panel["width"] <= legend["x"]
    assert legend["x"] + legend["width"] <= paper["width"]
    assert city["bottom"] <= min(panel["y"], legend["y"])
    # wider than what two columns of words would leave
    assert city["right"] - city["left"] > paper["width"] - 2 * panel["width"]


@pytest.mark.browser
def test_a_rule_is_chosen_and_its_figure_stands_in_the_popup(running, sample_page):
    with browser.visit(running, sample_page.as_uri()) as seen:
        page = seen.page
        page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        titles = page.evaluate(
            "[...document.querySelectorAll('.cc-layer option')].map(o => o.text)"
        )
        page.select_option(".cc-layer select", titles[3])
        assert page.evaluate("carecircle.atlas.canvas.visible.has('rules')")
        assert titles[3] in page.inner_text(".cc-legend")
        page.evaluate("carecircle.atlas.goTo({type: 'area', index: 0})")
        assert titles[3] in page.inner_text(".leaflet-popup")
        assert seen.complaints == []


@pytest.mark.browser
def test_closing_and_opening_facilities_gives_the_figures_of_a_comparison(opened, town):
    plans = [
        cc.Scenario("close", close=["F1"]),
        cc.Scenario("open", build=["F2"]),
        cc.Scenario("short", limits={"urban": 10.0}),
    ]
    wanted = cc.compare(town, plans).summary["elders_covered"]
    page = trying(opened())
    assert covered(page).share == "80 / 130"
    rows = page.evaluate(f"{TRIAL}.world.facilities.id")
    act(page, f"toggle({rows.index('F1')})")
    assert covered(page).share == f"{wanted['close']:.0f} / 130"
    assert covered(page).change == wanted["close"] - 80
    page.click("text=撤销")
    settled(page)
    assert covered(page) == SimpleNamespace(share="80 / 130", change=0)
    page.click("text=重做")
    settled(page)
    assert covered(page).share == f"{wanted['close']:.0f} / 130"
    page.click("text=恢复现状")
    settled(page)
    act(page, f"toggle({rows.index('F2')})")
    assert covered(page).share == f"{wanted['open']:.0f} / 130"
    assert page.evaluate(f"carecircle.atlas.data.facilities.status[{rows.index('F2')}]") == 0
    page.click("text=恢复现状")
    settled(page)
    page.locator(".cc-sliders input").first.fill("10")
    settled(page)
    assert covered(page).share == f"{wanted['short']:.0f} / 130"
    assert page.inner_text(".cc-sliders output >> nth=0") == "10 分钟"


@pytest.mark.browser
def test_a_facility_is_added_by_a_click_and_dragged_and_the_file_is_read_back(
    opened, town, tmp_path
):
    page = trying(opened())
    page.click(".cc-tools button >> nth=0")
    assert page.get_attribute(".cc-tools button >> nth=0", "aria-pressed") == "true"
    page.mouse.click(700, 400)
    page.wait_for_function(f"{TRIAL}.changed")
    settled(page)
    first = page.evaluate(f"{TRIAL}.scenario.sites.N1")
    page.mouse.move(700, 400)
    page.mouse.down()
    page.mouse.move(720, 420, steps=3)
    page.mouse.move(760, 440, steps=3)
    page.mouse.up()
    page.wait_for_function(f"{TRIAL}.scenario.sites.N1[0] !== {first[0]}")
    settled(page)
    assert page.query_selector(".leaflet-popup") is None
    with page.expect_download() as download:
        page.click("text=下载方案")
    path = tmp_path / "scenario.json"
    download.value.save_as(path)
    (scenario,) = cc.read_scenarios(path)
    assert list(scenario.build) == ["N1"]
    told = cc.compare(town, [scenario]).summary["elders_covered"].iloc[1]
    assert covered(page).share == f"{told:.0f} / 130"
    # the popup of the new one takes it away again
    page.mouse.click(760, 440)
    page.click(".leaflet-popup >> text=删除")
    settled(page)
    assert not page.evaluate(f"{TRIAL}.changed")


@pytest.mark.browser
def test_roads_are_drawn_and_closed_on_the_map(opened, town, tmp_path):
    page = trying(opened())
    page.click(".cc-tools button >> nth=1")
    for x, y in ((560, 300), (760, 520)):
        page.mouse.click(x, y)
        page.wait_for_timeout(120)
    page.keyboard.press("Enter")
    page.wait_for_function(f"{TRIAL}.scenario.roads.add.length === 1")
    settled(page)
    page.click(".cc-tools button >> nth=2")
    middle = page.evaluate(
        f"(() => {{ const {{ start, x, y }} = {TRIAL}.world.lines; const i = start[0];"
        "const at = carecircle.decode.latLng((x[i] + x[i + 1]) / 2, (y[i] + y[i + 1]) / 2);"
        "const p = carecircle.atlas.map.latLngToContainerPoint(at); return [p.x, p.y]; })()"
    )
    page.mouse.click(*middle)
    page.wait_for_function(f"{TRIAL}.scenario.roads.close.length === 1")
    settled(page)
    path = tmp_path / "roads.json"
    path.write_text(page.evaluate(f"{TRIAL}.text('roads')"), encoding="utf-8")
    (scenario,) = cc.read_scenarios(path)
    told = cc.compare(town, [scenario]).summary["elders_covered"].iloc[1]
    assert covered(page).share == f"{told:.0f} / 130"
    page.click(".cc-tools button >> nth=1")
    page.mouse.click(600, 400)
    assert page.is_visible(".cc-aim-bar")
    page.keyboard.press("Escape")
    assert page.evaluate("carecircle.atlas.trial.map.mode") is None
    assert page.is_hidden(".cc-aim-bar")


@pytest.mark.browser
def test_a_link_carries_the_plan_to_another_reader(opened):
    page = trying(opened())
    rows = page.evaluate(f"{TRIAL}.world.facilities.id")
    act(page, f"toggle({rows.index('F2')})")
    page.click("text=复制链接")
    link = page.input_value(".cc-address")
    there = opened(link[link.index("#") :]).page
    there.wait_for_function(f"window.carecircle && {TRIAL}.changed")
    settled(there)
    assert there.evaluate(f"{TRIAL}.scenario.build") == ["F2"]
    assert covered(there) == covered(page)
    assert there.is_checked('input[value="try"]')


@pytest.mark.browser
@pytest.mark.parametrize("mark", ["#try=%%%", "#try=eyJi", "#try=bnVsbA"])
def test_a_broken_link_is_told_and_harms_nothing(opened, mark):
    page = opened(mark).page
    settled(page)
    assert page.inner_text(".cc-aim-hint") == "链接中的方案无法读取"
    assert covered(page).share == "80 / 130"


@pytest.mark.browser
def test_hostile_names_stay_text_in_the_what_if_and_its_link(opened):
    page = trying(opened())
    act(page, f"toggle({page.evaluate(f'{TRIAL}.world.facilities.id')}.indexOf('F1'))")
    assert HOSTILE in page.inner_text(".cc-changes")
    page.click(".cc-table-button")
    assert HOSTILE in page.inner_text(".cc-table")
    assert page.query_selector(".cc-map img:not(.leaflet-tile)") is None
    plan = {"build": [HOSTILE], "sites": {HOSTILE: [0, 0]}}
    mark = base64.urlsafe_b64encode(json.dumps(plan).encode()).decode().rstrip("=")
    there = opened(f"#try={mark}").page
    there.wait_for_function(f"window.carecircle && {TRIAL}.changed")
    settled(there)
    assert HOSTILE in there.inner_text(".cc-changes")
    assert there.query_selector(".cc-map img") is None


@pytest.mark.browser
def test_a_plan_is_made_by_keys_alone(opened):
    page = trying(opened())
    page.focus(".cc-search input")
    page.keyboard.type(HOSTILE[:4])
    page.keyboard.press("ArrowDown")  # past the community to the facility of that name
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "关闭此设施"
    page.keyboard.press("Enter")
    settled(page)
    assert page.evaluate(f"{TRIAL}.scenario.close") == ["F1"]
    page.focus(".cc-tools button >> nth=0")
    page.keyboard.press("Enter")
    page.focus(".cc-pane")
    page.keyboard.press("Space")
    page.wait_for_function(f"{TRIAL}.scenario.build.length === 1")
    settled(page)


@pytest.mark.browser
def test_a_facility_that_no_road_reaches_is_told(opened):
    page = trying(opened())
    act(page, "change(s => { s.sites.N1 = [90000, 90000]; s.build.push('N1'); })")
    assert "附近没有道路" in page.inner_text(".cc-changes")
    assert covered(page).change == 0


@pytest.mark.browser
def test_leaving_the_what_if_shows_today_again(opened):
    page = trying(opened())
    # whole: while a plan is tried, the margin around the map may wait
    canvas = "(carecircle.atlas.canvas.now(), document.querySelector('.cc-canvas').toDataURL())"
    rows = page.evaluate(f"{TRIAL}.world.facilities.id")
    page.click('input[value="layers"] + span')
    page.wait_for_timeout(150)
    today = page.evaluate(canvas)
    page.click('input[value="try"] + span')
    act(page, f"toggle({rows.index('F1')})")
    page.wait_for_timeout(150)
    assert page.evaluate(canvas) != today
    page.click('input[value="layers"] + span')
    page.wait_for_timeout(150)
    assert page.evaluate(canvas) == today


SHAPES = "carecircle.atlas.trial.map.shapes"


def drawn(page):
    """Wait for gaps and circles too; the picture of the map."""
    page.wait_for_function(f"{SHAPES}.settled")
    page.wait_for_timeout(200)
    return page.evaluate("document.querySelector('.cc-canvas').toDataURL()")


@pytest.mark.browser
def test_circles_of_a_plan_differ_by_limit_on_the_map_and_in_a_legend_without_scrolling(
    running, sample_page
):
    with browser.visit(running, sample_page.as_uri()) as seen:
        page = trying(seen)
        act(page, "toggle(0)")
        page.wait_for_function(f"{SHAPES}.settled")
        rows = page.locator(".cc-legend .cc-entry", has_text="分钟服务圈")
        assert [text.split("\n")[0] for text in rows.all_inner_texts()] == [
            "30 分钟服务圈", "15 分钟服务圈",
        ]  # fmt: skip
        inks = rows.locator("rect").evaluate_all("all => all.map(e => e.getAttribute('stroke'))")
        assert len(set(inks)) == 2
        # each ring ends in a line of its colour
        drawn = f"new Set({SHAPES}.pixels.colours)"
        for ink in inks:
            assert page.evaluate(f"{drawn}.has(carecircle.layered([['{ink}', 0.6]]))")
        legend = page.locator(".cc-legend")
        assert legend.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
        assert "关闭的路桥" in legend.inner_text()
        assert seen.complaints == []


@pytest.mark.browser
def test_every_uncovered_area_of_a_plan_can_be_listed_and_gone_to(
    running, sample_page, sample_result
):
    with browser.visit(running, sample_page.as_uri()) as seen:
        page = trying(seen)
        page.wait_for_selector(".cc-gaps")
        whole = len(sample_result.gaps)
        row, more = page.locator(".cc-gaps tr"), page.locator('.cc-more[data-list="gaps"]')
        assert (row.count(), more.inner_text()) == (6, f"显示全部 {whole} 处")
        more.click()
        assert (row.count(), more.inner_text()) == (whole, "只显示前 6 处")
        assert page.evaluate("document.activeElement.dataset.list") == "gaps"
        box = page.locator(".cc-all")
        assert box.evaluate("e => e.scrollHeight > 2 * e.clientHeight")
        assert box.bounding_box()["height"] <= 300
        # the last in rank is reached like the first, also in English
        page.click(".cc-language")
        assert (row.count(), more.inner_text()) == (whole, "Show the first 6 only")
        row.last.locator("button").click()
        assert f"Rank\t{whole}\n" in page.inner_text(".leaflet-popup")
        more.click()
        assert (row.count(), more.inner_text()) == (6, f"Show all {whole}")
        assert seen.complaints == []


@pytest.mark.browser
def test_verdicts_gaps_and_circles_follow_the_plan_and_come_back(opened, town):
    page = trying(opened())
    today = drawn(page)
    rows = page.evaluate(f"{TRIAL}.world.facilities.id")
    act(page, f"toggle({rows.index('F1')})")
    assert drawn(page) != today
    then = cc.assess(apply_scenario(town, cc.Scenario("close", close=["F1"])))
    counts = then.areas["cell"].value_counts().reindex(list(colours.CELLS), fill_value=0).tolist()
    legend = "carecircle.atlas.trial.map.painted.cell.layer.legend"
    assert page.evaluate(f"{legend}.map(entry => entry.count)")[:4] == counts
    was = cc.assess(town)
    told = page.inner_text(".cc-verdicts")
    people = [one.gaps["elders"].sum() for one in (then, was)]
    row = f"未覆盖片区 · 老年人\t{people[0]:.0f}{len(then.gaps)} 处\t{people[0] - people[1]:+.0f}"
    assert row in told.replace("−", "-")
    listed = page.eval_on_selector_all(
        ".cc-gaps tr td:nth-child(2)", "all => all.map(n => n.innerText)"
    )
    first = then.gaps["elders"].head(6)
    assert [text.split(" ")[0] for text in listed] == [f"{elders:.0f}" for elders in first]
    page.click(".cc-table-button")
    assert "推演判定" in page.inner_text(".cc-table thead")
    page.click(".cc-gaps .cc-go >> nth=0")
    assert f"{first.iloc[0]:.0f}" in page.inner_text(".leaflet-popup")
    page.click(".cc-language")
    assert "Uncovered areas under the plan" in page.inner_text(".cc-try")
    page.click(".cc-language")
    page.click(".cc-table-button")
    page.evaluate("carecircle.atlas.map.closePopup(); carecircle.atlas.whole()")
    page.click("text=撤销")
    settled(page)
    assert drawn(page) == today


@pytest.mark.browser
def test_circles_that_were_on_follow_the_plan(opened):
    page = opened().page
    page.evaluate("carecircle.atlas.show('circle2', true)")
    page.click('input[value="try"] + span')
    settled(page)
    today = drawn(page)
    assert page.evaluate("carecircle.atlas.trial.map.rings") == [15]
    act(page, "change(s => { s.sites.N1 = [2500, 0]; s.build.push('N1'); })")
    drawn(page)
    assert page.evaluate("carecircle.atlas.canvas.visible.has('circle2')") is False
    page.click("text=撤销")
    settled(page)
    assert drawn(page) == today
    assert page.evaluate("carecircle.atlas.canvas.visible.has('circle2')") is True


@pytest.mark.browser
def test_a_map_without_a_network_offers_no_what_if(running, tmp_path):
    path = tmp_path / "map.html"
    coverage_map(fake.findings()).save(path)
    with browser.visit(running, path.as_uri()) as seen:
        seen.page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        assert seen.page.query_selector(".cc-mode") is None
        assert seen.complaints == []
