"""Before, after and change on one map: exact classes, fractions, no request, names stay text."""

import base64
import importlib.util
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.errors import InputError
from carecircle.outputs.map.atlas import change_map
from carecircle.outputs.map.text import in_language
from carecircle.planning.scenario import RoadChanges, Scenario
from carecircle.scenarios.baseline import Baseline
from carecircle.scenarios.comparison import compare
from carecircle.scenarios.file import read_scenarios, scenarios_text
from carecircle.scenarios.findings import findings_of
from carecircle.scenarios.what_if import apply_scenario
from carecircle.siting.effects import effects_of_plan


def _neighbour(name):
    """Import a helper beside this file: tests are no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake = _neighbour("fake_findings")
browser = _neighbour("browser")

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"
PLANS = [
    Scenario("open F2", build=["F2"]),
    Scenario(HOSTILE, close=["F1"], build=["N1"], sites={"N1": (900, 0)}),
]


@pytest.fixture(scope="module")
def town():
    return Baseline.of(cc.samples.toy_town())


@pytest.fixture(scope="module")
def plans(town):
    return compare(town, PLANS)


def payload_of(chart, language="zh"):
    page = chart.get_root().render()
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    return json.loads(in_language(found.group(1), language))


@pytest.fixture(scope="module")
def payload(plans):
    return payload_of(plans.explore())


def layer(payload, key):
    return next(
        item for group in payload["groups"] for item in group["layers"] if item["id"] == key
    )


def read_counts(text):
    """Whole numbers as the page reads them: seven bits a byte, the lowest first, zigzag."""
    found, value, shift = [], 0, 0
    for byte in base64.b64decode(text):
        value |= (byte & 127) << shift
        shift = shift + 7 if byte & 128 else 0
        if not shift:
            found.append((value >> 1) ^ -(value & 1))
            value = 0
    return found


def counted(part):
    return {entry["label"]: entry["count"] for entry in part["legend"]}


# ------------------------------------------------------------------------------------- the frames


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("open", build=["F2"]),
        Scenario("close", close=["F1"], build=["N1"], sites={"N1": (200, 1000)}),
        Scenario("limits", limits={"urban": 10.0}, population={"W": 2.0}),
        Scenario("road", roads=RoadChanges(close=["R115"])),
    ],
    ids=lambda scenario: scenario.name,
)
def test_findings_of_an_outcome_are_those_of_an_assessment(town, scenario):
    study = apply_scenario(town.study, scenario)
    found, full = findings_of(study, town.what_if(scenario), {}), cc.assess(study)
    for name in ("minutes", "facility_id", "limit_minutes", "covered"):
        told, wanted = found.homes[name], full.homes[name]
        pd.testing.assert_series_equal(
            told.astype(object).where(told.notna(), None),
            wanted.astype(object).where(wanted.notna(), None),
        )
    assert found.areas["cell"].tolist() == full.areas["cell"].where(
        full.areas["cell"].notna(), None
    ).tolist()  # fmt: skip
    for name in ("elders_covered", "elders_total", "elders_rate"):
        np.testing.assert_allclose(found.areas[name], full.areas[name])
        np.testing.assert_allclose(found.totals[name], full.totals.loc[found.totals.index, name])


# --------------------------------------------------------------------------------------- the map


def test_each_home_is_in_the_class_of_what_becomes_of_it(payload):
    _, after, opened, _, moved = layer(payload, "homes")["parts"]
    # opening the village centre brings H11 in time; H12 has no way, H13 no road
    assert counted(opened) == {
        "前后均按时": 8, "前后均超时": 3, "新增按时可达": 1, "不再按时可达": 0, "未评估": 1,
    }  # fmt: skip
    # N1 at (900, 0) in place of F1 at (0, 0): H07, H08 and H11 are won; H01 and H04 (1000 m) lost
    assert counted(moved)["新增按时可达"] == 3
    assert counted(moved)["不再按时可达"] == 2
    assert sum(counted(moved).values()) == 13
    assert counted(after)["≤ 5 分钟"] == 3  # H01, and H10 and H11 at the centre


def test_what_changes_adds_up_to_the_summary(plans, payload):
    for number, name in enumerate(plans.outcomes):
        homes = plans.homes(name)
        gained = int((homes["covered"] & ~homes["covered_today"]).sum())
        lost = int((~homes["covered"] & homes["covered_today"]).sum())
        told = counted(layer(payload, "homes")["parts"][2 + 2 * number])
        assert (told["新增按时可达"], told["不再按时可达"]) == (gained, lost)
        row, note = (
            plans.summary.loc[name],
            payload["views"]["headlines"][2 + 2 * number][0]["note"],
        )
        assert note == (
            f"新增按时老年人 {row['elders_gained']:.0f} · 失去 {abs(row['elders_lost']):.0f}"
        )


def test_headlines_hold_fractions_of_every_view(payload):
    today, after, change, *_ = payload["views"]["headlines"]
    assert [f["share"] for f in today[0]["figures"]] == ["1 / 4", "80 / 130"]
    assert [f["share"] for f in after[0]["figures"]] == ["2 / 4", "90 / 130"]
    roster, elders = change[0]["figures"]
    assert (roster["value"], roster["share"]) == ("+25.0", "1 → 2 / 4")
    assert (elders["value"], elders["share"]) == ("+7.7", "80 → 90 / 130")
    assert elders["label"].endswith("百分点")
    rural = next(row for row in change[0]["rows"] if row[0] == "农区")
    assert rural[2]["share"] == "20 → 30 / 30"


def test_areas_are_coloured_by_change_of_share_and_verdict(payload):
    rate, cell = (layer(payload, key)["parts"] for key in ("rate", "cell"))
    # the village goes from 20 of 30 to 30 of 30 elders and has its centre
    assert counted(rate[2]) == {"+20 … +50 个百分点": 1, "无变化": 3}
    assert counted(cell[2]) == {"新达标(按时)": 1, "无变化": 3}
    # without its station West is no longer what it was
    assert "变差" in counted(cell[4])


def test_area_popups_say_today_and_every_scenario(payload):
    village = payload["areas"]["values"][2]
    told = dict(zip(payload["areas"]["fields"], village, strict=True))
    assert told["open F2"] == "30 / 30 (100%) · +10"
    assert told[HOSTILE] == "30 / 30 (100%) · +10"


def test_built_and_closed_facilities_show_only_in_their_scenario(payload):
    built, gone = layer(payload, "new_site"), layer(payload, "gone_site")
    assert [bool(part["legend"]) for part in built["parts"]] == [False, True, True, True, True]
    assert [bool(part["legend"]) for part in gone["parts"]] == [False, False, False, True, True]
    titles = payload["facilities"]["title"]
    assert titles.count("Village centre") == 2
    assert titles.count("West station") == 2
    assert "N1" in titles
    assert f"新建或启用 · {HOSTILE}" in payload["facilities"]["subtitle"]


def test_what_a_scenario_closes_does_not_look_like_what_is_closed_today(payload):
    gone, kinds = layer(payload, "gone_site"), [
        item for group in payload["groups"] for item in group["layers"]
        if item["type"] == "symbols" and item["id"].startswith("kind")
    ]  # fmt: skip
    assert gone["solid"]
    assert gone["shape"] not in {item["shape"] for item in kinds} | {"circle"}
    (entry,) = gone["parts"][3]["legend"]
    assert (entry["shape"], entry["label"]) == (gone["shape"], "关闭或迁出")
    assert "status" not in entry


def test_uncovered_areas_and_circles_of_each_view_are_those_of_its_assessment(plans, payload, town):
    full = [cc.assess(town.study), *(cc.assess(apply_scenario(town.study, one)) for one in PLANS)]
    gaps = layer(payload, "gaps")["parts"]
    assert [part.get("like") for part in gaps] == [None, None, 1, None, 3]
    for part, place in zip(gaps, (0, 1, 1, 2, 2), strict=True):
        assert part["legend"][0]["count"] == len(full[place].gaps)
    assert [part["legend"][0].get("change") for part in gaps] == [
        None, None, len(full[1].gaps) - len(full[0].gaps), None,
        len(full[2].gaps) - len(full[0].gaps),
    ]  # fmt: skip
    for place, one in enumerate(full):
        elders = [row[2] for row in payload["views"]["gaps"][place]["values"]]
        assert elders == [f"{value:.0f}" for value in one.gaps["elders"]]
        circles = one.circles[one.circles["minutes"] == 15]
        part = layer(payload, "circle2")["parts"][max(2 * place - 1, 0)]
        assert part["legend"][0]["count"] == len(circles) > 0


def test_a_circle_that_no_scenario_changes_travels_once(payload):
    circles = layer(payload, "circle2")
    members = [read_counts(part["members"]) for part in circles["parts"] if "members" in part]
    # today F1; with F2 both; N1 instead of F1: three circles in all
    assert [len(one) for one in members] == [1, 2, 1]
    assert set(members[0]) < set(members[1])
    assert len(set().union(*members)) == 3
    assert read_counts(circles["shapes"]["parts"]) == [1, 1, 1]


def test_findings_without_circles_and_gaps_have_no_such_layers(plans):
    found = payload_of(change_map(plans.findings["today"], {"a": plans.findings["open F2"]}))
    ids = [item["id"] for group in found["groups"] for item in group["layers"]]
    assert not [one for one in ids if one.startswith(("gaps", "circle"))]


def test_two_full_assessments_can_be_compared_too():
    study = cc.samples.toy_town()
    slow = replace(study, card=replace(study.card, profile=cc.PROFILES["elder_slow"]))
    payload = payload_of(change_map(cc.assess(study), {"slow": cc.assess(slow)}))
    # at 0.8 m/s 15 minutes are 720 m, 30 are 1440 m: H04, H06 (900 m), H09 (1500 m), H10 (1800 m)
    assert counted(layer(payload, "homes")["parts"][2])["不再按时可达"] == 4


def test_states_of_different_places_are_refused(plans):
    today = plans.findings["today"]
    other = replace(today, homes=today.homes.iloc[1:])
    with pytest.raises(InputError, match="other: homes are not those of today"):
        change_map(today, {"other": other})


def test_order_of_rows_does_not_matter(plans, payload):
    today, then = plans.findings["today"], plans.findings["open F2"]
    shuffled = replace(then, homes=then.homes.iloc[::-1], areas=then.areas.iloc[::-1])
    found = payload_of(change_map(today, {"open F2": shuffled}))
    for key in ("homes", "rate", "cell"):
        assert layer(found, key)["parts"] == layer(payload, key)["parts"][:3]


def test_findings_without_people_or_shapes_are_drawn(plans):
    empty = fake.nothing()
    assert payload_of(change_map(empty, {"same": empty}))["views"]["scenarios"] == ["same"]
    both = change_map(fake.findings(), {"same": fake.findings()})
    assert counted(layer(payload_of(both), "homes")["parts"][2])["新增按时可达"] == 0


def test_equal_comparisons_give_equal_bytes(plans, town):
    again = compare(town, PLANS)
    assert plans.explore().get_root().render() == again.explore().get_root().render()


# ------------------------------------------------------------------------------------ the folder


def test_a_comparison_is_saved_whole_and_read_back(plans, tmp_path):
    folder = plans.save(tmp_path / "plans")
    names = {path.name for path in folder.iterdir()}
    assert names == {"map.html", "summary.csv", "figures.csv", "scenario.json", "manifest.json"}
    again = compare(plans.baseline, read_scenarios(folder / "scenario.json"))
    pd.testing.assert_frame_equal(again.figures, plans.figures)
    summary = pd.read_csv(folder / "summary.csv", encoding="utf-8-sig")
    assert summary["elders_covered"].tolist() == plans.summary["elders_covered"].tolist()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["scenarios"][0] == "Scenario('open F2': build F2)"


def test_a_folder_of_someone_else_is_left_alone(plans, tmp_path):
    (tmp_path / "thesis.docx").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is not a carecircle result"):
        plans.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_plan_is_saved_with_its_proof_and_compares_again(town, tmp_path):
    spots = gpd.GeoDataFrame(
        {"name": ["=cmd()"]}, geometry=[shapely.Point(900, 0)], index=["N1"], crs="EPSG:4545"
    )
    plan = cc.max_cover(cc.siting_instance(town.study, spots), n_sites=1)
    effects = effects_of_plan(town, plan, spots, name="east")
    folder = effects.save(tmp_path / "plan")
    names = {path.name for path in folder.iterdir()}
    assert {"plan.csv", "allocation.csv", "plan.json", "scenario.json", "map.html"} < names
    facts = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert facts["status"] == "optimal"
    assert facts["gap"] == 0.0
    assert facts["verdict"].startswith("verified")
    assert facts["terms"]["n_sites"] == 1
    assert "'=cmd()" in (folder / "plan.csv").read_text(encoding="utf-8-sig")
    (again,) = read_scenarios(folder / "scenario.json")
    assert again.build == ("N1",)
    assert town.what_if(again).covered.sum() == 11
    twice = effects.save(tmp_path / "twice")
    for name in names:
        assert (folder / name).read_bytes() == (twice / name).read_bytes(), name


def test_a_scenario_survives_its_file_to_the_last_digit(town, tmp_path):
    lane = shapely.LineString([(100, 500), (100 + 1e-7, 1000)])
    every = Scenario(
        "every", build=["F2", "N1"], close=["F1"], enlarge={"S2": 0.1 + 0.2},
        move={"S3": (1.5, 2.5), "S1": "N1"}, population={"W": 1.1}, limits={"urban": 10.0},
        roads=RoadChanges([lane], ["R001"], {"R002": 0.7}), sites={"N1": (1 / 3, 0.0)},
    )  # fmt: skip
    path = tmp_path / "s.json"
    path.write_text(scenarios_text([every]), encoding="utf-8")
    (read,) = read_scenarios(path)
    for name in ("name", "build", "close", "enlarge", "move", "population", "limits"):
        assert getattr(read, name) == getattr(every, name), name
    assert {one: tuple(spot) for one, spot in read.sites.items()} == every.sites
    assert read.roads.add[0].equals(lane)
    assert (read.roads.close, read.roads.speed) == (("R001",), {"R002": 0.7})


# ---------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


@pytest.fixture
def seen(chromium, plans, tmp_path):
    path = tmp_path / "change.html"
    plans.explore().save(path)
    with browser.visit(chromium, path.as_uri()) as visit:
        visit.page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        yield visit


@pytest.mark.browser
def test_opens_on_the_change_without_a_request_or_a_complaint(seen):
    seen.page.wait_for_timeout(200)
    assert [address[:5] for address in seen.requests] == ["file:"]
    assert seen.complaints == []
    assert "新增按时可达" in seen.page.inner_text(".cc-legend")
    assert "80 → 90 / 130" in seen.page.inner_text(".cc-headline")
    assert "合成数据" in seen.page.inner_text(".cc-panel")


@pytest.mark.browser
def test_the_switch_changes_picture_headline_and_legend(seen):
    page, pictures = seen.page, set()
    for place, (share, label) in enumerate(
        [("80 / 130", "超出时限"), ("90 / 130", "超出时限"), ("80 → 90", "前后均超时")], 1
    ):
        page.click(f".cc-switch label:nth-child({place})")
        page.wait_for_timeout(120)
        assert share in page.inner_text(".cc-headline")
        assert label in page.inner_text(".cc-legend")
        pictures.add(page.evaluate("document.querySelector('.cc-canvas').toDataURL()"))
    assert len(pictures) == 3
    page.focus(".cc-switch input:checked")
    page.keyboard.press("ArrowLeft")
    assert "90 / 130" in page.inner_text(".cc-headline")
    assert seen.complaints == []


@pytest.mark.browser
def test_the_legend_tells_only_of_states_that_facilities_on_the_map_have(seen):
    page = seen.page
    page.select_option(".cc-views select", index=1)
    page.wait_for_timeout(120)
    labels = page.locator(".cc-legend .cc-entry span").all_inner_texts()
    # the scenario closes West station; nothing is closed today, but F2 is planned
    assert labels.count("关闭或迁出") == 1
    assert "关闭" not in labels
    assert "在建或规划" in labels


@pytest.mark.browser
def test_uncovered_areas_and_circles_follow_the_view(seen, plans):
    page, today = seen.page, plans.drawn["today"].gaps
    for one in ("gaps", "circle2"):
        page.locator(f'input[data-layer="{one}"]').evaluate("box => box.click()")
    pictures, counts = set(), []
    for place in (1, 2, 3):
        page.click(f".cc-switch label:nth-child({place})")
        page.wait_for_timeout(120)
        pictures.add(page.evaluate("document.querySelector('.cc-canvas').toDataURL()"))
        entry = page.locator(".cc-legend .cc-entry", has_text="未覆盖片区")
        counts.append(entry.locator("small").all_inner_texts())
    then = plans.drawn["open F2"].gaps
    now, before, change = len(then), len(today), f"−{len(today) - len(then)}"
    assert counts == [[str(before)], [str(now)], [str(now), change]]
    assert len(pictures) == 3
    # a click on what is uncovered today opens it today, and its area once it is in time
    gone = today.to_crs(4326).geometry[~today.geometry.isin(then.geometry)].iloc[0].centroid
    for place, title in ((1, "未覆盖片区"), (2, "Village")):
        page.click(f".cc-switch label:nth-child({place})")
        at = f"L.latLng({gone.y}, {gone.x})"
        hit = page.evaluate(
            f"(() => {{ const a = carecircle.atlas; for (const id of ['homes', 'kind0', 'kind1'"
            f", 'new_site']) a.show(id, false); a.map.setView({at}, 15, {{ animate: false }});"
            f" a.canvas.now(); const f = a.canvas.hit(a.map.latLngToContainerPoint({at}));"
            f" return a.popups.card(f).textContent; }})()"
        )
        assert title in hit
    assert seen.complaints == []


@pytest.mark.browser
def test_another_scenario_can_be_chosen_and_its_name_stays_text(seen):
    page = seen.page
    page.select_option(".cc-views select", index=1)
    page.wait_for_timeout(120)
    assert page.inner_text(".cc-views option:nth-child(2)") == HOSTILE
    assert "关闭或迁出" in page.inner_text(".cc-legend")
    page.fill(".cc-search input", "N1")
    page.press(".cc-search input", "Enter")
    assert page.inner_text(".leaflet-popup h2") == "N1"
    assert HOSTILE in page.inner_text(".leaflet-popup .cc-sub")
    assert page.query_selector(".leaflet-popup img") is None
    assert seen.complaints == []


@pytest.mark.browser
def test_a_layer_switched_off_stays_off_in_every_view(seen):
    page = seen.page
    page.click('input[data-layer="homes"]')
    for place in (1, 2, 3):
        page.click(f".cc-switch label:nth-child({place})")
        assert not page.is_checked('input[data-layer="homes"]')
        assert not page.evaluate("carecircle.atlas.canvas.visible.has('homes')")


@pytest.mark.browser
def test_a_home_tells_its_minutes_today_and_then(seen):
    page = seen.page
    xy = "carecircle.atlas.data.homes.xy"
    at = f"carecircle.decode.latLng({xy}.x[10], {xy}.y[10])"
    page.evaluate(f"carecircle.atlas.map.setView({at}, 16, {{animate: false}})")
    page.wait_for_timeout(120)
    to_pixel = f"Object.values(carecircle.atlas.map.latLngToContainerPoint({at}))"
    x, y = page.evaluate(to_pixel)[:2]
    # beside the symbol of the centre that stands on the very home
    page.click('input[data-layer="new_site"]')
    for box in page.query_selector_all('.cc-layer input[data-layer^="kind"]:checked'):
        box.click()
    page.wait_for_timeout(120)
    page.mouse.click(x, y)
    assert "新增按时可达" in page.inner_text(".leaflet-popup .cc-sub")
    card = page.inner_text(".leaflet-popup table")
    assert "33.3 分钟" in card
    assert "0.0 分钟 · Village centre" in card


@pytest.mark.browser
def test_fits_a_telephone_with_the_switch_in_sight(chromium, plans, tmp_path):
    path = tmp_path / "change.html"
    plans.explore().save(path)
    with browser.visit(chromium, path.as_uri(), width=390, height=780) as visit:
        visit.page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
        assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
        assert visit.page.is_visible(".cc-switch")
        assert visit.page.query_selector(".cc-panel").bounding_box()["height"] < 390


# keeps what the reader sees under a name; counts the pixels that differ from one kept before
SEEN = """name => {
  const { canvas, map } = carecircle.atlas, { x, y } = map.getSize();
  canvas.now();
  const corner = map.containerPointToLayerPoint([0, 0]).subtract(canvas._bounds.min);
  const copy = Object.assign(document.createElement("canvas"), { width: x, height: y });
  const ctx = copy.getContext("2d", { willReadFrequently: true });
  ctx.drawImage(canvas._container, -corner.x, -corner.y);
  const { data } = ctx.getImageData(0, 0, x, y);
  (window.kept = window.kept || {})[name] = new Uint32Array(data.buffer);
}"""
DIFFER = """([one, other, from, to]) => {
  const wide = carecircle.atlas.map.getSize().x, a = window.kept[one], b = window.kept[other];
  return a.reduce((n, v, k) => n + (k % wide >= from && k % wide < to && v !== b[k]), 0);
}"""


@pytest.mark.browser
def test_a_swipe_shows_today_on_the_left_and_the_view_on_the_right(seen):
    page = seen.page

    # labels make room for each other, and there is less of it on each side; symbols hide a home
    some = "[...carecircle.atlas.canvas.visible].filter(id => /^(names|gaps|kind|new_)/.test(id))"
    page.evaluate(f"{some}.forEach(id => carecircle.atlas.show(id, false))")
    for place, view in ((1, "today"), (2, "then")):
        page.click(f".cc-switch label:nth-child({place})")
        page.evaluate(SEEN, view)
    assert page.is_hidden(".cc-swipe")
    page.click(".cc-views input[type=checkbox]")
    assert page.inner_text(".cc-swipe-left") == "现状"
    handle = page.locator(".cc-swipe button")
    # over the home that the scenario serves, so that both sides have something of their own
    xy = "carecircle.atlas.data.homes.xy"
    at = f"carecircle.decode.latLng({xy}.x[10], {xy}.y[10])"
    x, y = page.evaluate(f"Object.values(carecircle.atlas.map.latLngToContainerPoint({at}))")[:2]
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 17, box["y"] + 17)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 17, steps=4)
    page.mouse.up()
    line = page.evaluate("carecircle.atlas.swipe.x")
    assert line == pytest.approx(x, abs=2)
    page.evaluate(SEEN, "swiped")
    # the edge of a shape that is cut off may be blended otherwise, in a pixel of a million
    assert page.evaluate(DIFFER, ["swiped", "today", 0, line - 1]) < 5
    assert page.evaluate(DIFFER, ["swiped", "then", line + 1, 1280]) < 5
    assert page.evaluate(DIFFER, ["today", "then", line + 1, 1280]) > 50
    assert page.evaluate(DIFFER, ["today", "then", 0, line - 1]) > 50
    # a place tells what holds on its side
    told = "p => carecircle.atlas.card(carecircle.atlas.canvas.hit(L.point(p))).textContent"
    for shift, word in ((-30, "超出时限"), (30, "\u2264 5 分钟")):
        page.evaluate("share => carecircle.atlas.swipe.to(share)", (x - shift) / 1280)
        page.evaluate("carecircle.atlas.canvas.now()")
        assert word in page.evaluate(told, [x, y])
    handle.focus()
    page.keyboard.press("End")
    assert handle.get_attribute("aria-valuenow") == "98"
    page.keyboard.press("ArrowLeft")
    assert handle.get_attribute("aria-valuenow") == "96"
    page.click(".cc-switch label:nth-child(1)")
    assert page.is_hidden(".cc-swipe")  # today is no comparison with itself
    page.evaluate(SEEN, "back")
    assert page.evaluate(DIFFER, ["back", "today", 0, 1280]) == 0
    assert seen.complaints == []
