"""The what-if inside the map gives Python's figures: under Node, and in the page that ships."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.outputs.what_if.pack import pack_what_if, what_if_elements
from carecircle.outputs.what_if.plane import plane_of
from conftest import ROOT
from what_if_cases import (
    answers_of_page,
    baseline_of,
    differences,
    draw,
    draw_at_barriers,
    names_in,
    nearest_names,
    outcome_of,
)
from what_if_shapes import shape_differences

SCRIPTS = Path(__file__).with_name("js")
SAMPLE_SCENARIOS, LIECHTENSTEIN_SCENARIOS, TOWN_SCENARIOS = 50, 5, 3
DRAWN_SCENARIOS = 2


@pytest.fixture(scope="session")
def node():
    """Path of Node; without it the test skips, or fails where a browser is demanded."""
    found = os.environ.get("NODE") or shutil.which("node")
    if found:
        return found
    reason = "no node on the path; install nodejs or set NODE to its path"
    if os.environ.get("CARECIRCLE_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    return pytest.skip(reason)


@cache
def sample():
    """The sample city held ready, and its findings."""
    return baseline_of(cc.samples.wuhai())


def run_node(node, *arguments, text=""):
    done = subprocess.run(
        [node, *arguments], input=text, capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_the_parts_pass_their_own_tests(node):
    for name in ("what_if", "drawn"):
        told = run_node(node, "--test", str(SCRIPTS / f"{name}.test.mjs"))
        assert "# fail 0" in told


# ------------------------------------------------------------------------- small towns, under Node


def plain_town():
    town = cc.samples.toy_town()
    return replace(
        town, card=replace(town.card, eligible=("station", "service_complex", "rural_centre"))
    )


def town_from_facilities_by_the_nearest_road():
    town = plain_town()
    card = replace(town.card, direction="from_facility")
    return replace(town, card=card, terms=replace(town.terms, prefer_connected=False))


def town_with_hills_lights_and_one_ways():
    """Seconds that differ by direction, waits at lights and crossings, minutes to set out."""
    town, rng = plain_town(), np.random.default_rng(4)
    roads = town.tables.roads
    n = len(roads)
    roads = roads.assign(
        highway=np.where(rng.random(n) < 0.2, "secondary", "residential"),
        grade=rng.choice([-0.06, 0.0, 0.03], n), signals=rng.choice([0.0, 1.0], n, p=[0.8, 0.2]),
        oneway_foot=rng.choice(["", "yes", "-1"], n, p=[0.9, 0.05, 0.05]),
    )  # fmt: skip
    profile = replace(
        town.card.profile, slope="tobler", signal_seconds=20.0, crossing_seconds=9.0,
        access_minutes=1.0, access_speed_m_s=0.7,
    )  # fmt: skip
    facilities = town.facilities.assign(extra_minutes=2.0)
    tables = replace(town.tables, roads=roads, facilities=facilities)
    return replace(town, card=replace(town.card, profile=profile), tables=tables)


def town_with_barriers():
    """A river without bridge, slow ground, and a gate."""
    town = plain_town()
    shapes = [
        shapely.LineString([(650, -80), (650, 60), (820, 240)]),
        shapely.box(1100, -30, 1300, 30), shapely.box(240, 210, 330, 320), shapely.Point(50, 0),
    ]  # fmt: skip
    factor = [np.nan, 2.5, np.nan, np.nan]
    barriers = gpd.GeoDataFrame({"factor": factor}, geometry=shapes, crs=town.areas.crs)
    return replace(town, tables=replace(town.tables, barriers=barriers))


def town_by_car():
    town = plain_town()
    return replace(town, card=replace(town.card, profile=cc.PROFILES["car"]))


TOWNS = (
    plain_town, town_from_facilities_by_the_nearest_road,
    town_with_hills_lights_and_one_ways, town_with_barriers, town_by_car,
)  # fmt: skip


def test_small_towns_get_the_figures_of_python(node):
    asked, expected = [], []
    for number, make in enumerate(TOWNS):
        baseline, findings = baseline_of(make())
        drawn = draw(baseline, TOWN_SCENARIOS, seed=number, slow=0.7, spread_m=60)
        if make is town_by_car:
            drawn = [{k: v for k, v in one.items() if k != "walking_speed"} for one in drawn]
        asked.append({"pack": pack_what_if(findings), "scenarios": drawn})
        expected.append([outcome_of(baseline, one) for one in drawn])
    told = json.loads(run_node(node, str(SCRIPTS / "answer.mjs"), text=json.dumps(asked)))
    wrong = []
    for make, question, answers, outcomes in zip(TOWNS, asked, told, expected, strict=True):
        for scenario, answer, outcome in zip(question["scenarios"], answers, outcomes, strict=True):
            found = differences(answer, outcome)
            if nearest_names(answer) != names_in(outcome):
                found.append("another facility is the nearest")
            wrong += [f"{make.__name__} {scenario}: {one}" for one in found]
    assert wrong == []


def test_new_roads_at_a_gate_get_the_figures_of_python(node):
    baseline, findings = baseline_of(town_with_barriers())
    at_gate = [
        [[50, 0], [50, 120]], [[50, 0.4], [50, 120]], [[50, 120], [50, 0], [120, 90]],
        {"line": [[50, 0], [50, 120]], "bridge": "yes"}, [[0, 0], [50, 30], [100, 0]],
    ]  # fmt: skip
    asked = [{"roads": {"add": [one]}} for one in at_gate]
    text = json.dumps([{"pack": pack_what_if(findings), "scenarios": asked}])
    (told,) = json.loads(run_node(node, str(SCRIPTS / "answer.mjs"), text=text))
    wrong = {
        json.dumps(one): differences(answer, outcome_of(baseline, one))
        for one, answer in zip(asked, told, strict=True)
    }
    assert not any(wrong.values()), wrong


@pytest.mark.parametrize("make", TOWNS)
def test_gaps_and_circles_of_small_towns_are_those_of_python(node, make):
    number = TOWNS.index(make)
    baseline, findings = baseline_of(make())
    drawn = draw(baseline, DRAWN_SCENARIOS, seed=100 + number, slow=0.5, spread_m=60)
    drawn = [{}, *({k: v for k, v in one.items() if k != "walking_speed"} for one in drawn)]
    assert shape_differences(node, baseline, findings, drawn) == []


def test_roads_and_bridges_that_touch_roads_cut_by_barriers_get_the_figures_of_python(node):
    baseline, findings = baseline_of(town_with_barriers())
    drawn = draw_at_barriers(baseline.study, 15, seed=1)
    asked = json.dumps([{"pack": pack_what_if(findings), "scenarios": drawn}])
    (answers,) = json.loads(run_node(node, str(SCRIPTS / "answer.mjs"), text=asked))
    wrong = []
    for scenario, answer in zip(drawn, answers, strict=True):
        found = differences(answer, outcome_of(baseline, scenario))
        wrong += [f"{scenario}: {one}" for one in found]
    assert wrong == []


def test_who_meets_no_major_road_any_more_waits_for_none(node):
    town = town_with_hills_lights_and_one_ways()
    baseline, findings = baseline_of(town)
    roads = town.tables.roads
    major = [str(one) for one in roads.index[roads["highway"] == "secondary"]]
    drawn = [{"roads": {"close": major[k::3]}} for k in range(3)]
    asked = json.dumps([{"pack": pack_what_if(findings), "scenarios": drawn}])
    (answers,) = json.loads(run_node(node, str(SCRIPTS / "answer.mjs"), text=asked))
    for scenario, answer in zip(drawn, answers, strict=True):
        assert differences(answer, outcome_of(baseline, scenario)) == []


def test_a_bridge_over_the_yellow_river_gets_the_figures_of_python_and_a_road_stops_there(node):
    line = [[394146.25, 4374026.0], [395347.5, 4374171.75]]
    baseline, findings = sample()
    river = findings.barriers.geometry[findings.barriers["kind"] == "river"]
    assert river.crosses(shapely.LineString(line)).any()
    drawn = [{"roads": {"add": [one]}} for one in (line, {"line": line, "bridge": "yes"})]
    asked = json.dumps([{"pack": pack_what_if(findings), "scenarios": drawn}])
    (answers,) = json.loads(run_node(node, str(SCRIPTS / "answer.mjs"), text=asked))
    for scenario, answer in zip(drawn, answers, strict=True):
        assert differences(answer, outcome_of(baseline, scenario)) == []
    road, bridge = (answer["city"]["elders"]["covered"][0] for answer in answers)
    assert bridge > road


FLOOR = {
    "required": "required_m2", "provided": "provided_m2", "shortfall": "shortfall_m2",
    "per100": "m2_per_100_households",
}  # fmt: skip


def plans_of_floor_area(study, n, *, seed):
    """Facilities of any kind closed, enlarged, moved and opened, sites built, new ones added."""
    rng, frame, sites = np.random.default_rng(seed), study.facilities, study.tables.sites
    complexes = list(frame.index[frame["kind"].isin(study.terms.floor_rule.kinds)])
    by_status = {status: list(rows) for status, rows in frame.groupby("status").groups.items()}
    found = []
    for _ in range(n):
        several = [str(one) for one in rng.choice(complexes, size=3, replace=False)]
        several = [one for one in several if one in by_status["operating"]]
        at = shapely.get_coordinates(study.homes.geometry.iloc[rng.integers(len(study.homes))])[0]
        spot = [round(float(value), 2) for value in at]
        plan = {"enlarge": {one: round(float(rng.uniform(0, 400)), 1) for one in several[:2]}}
        plan["close"] = [str(rng.choice(by_status["operating"]))]
        plan["enlarge"].pop(plan["close"][0], None)
        plan["build"] = [str(one) for one in by_status.get("planned", [])[: rng.integers(2)]]
        plan["move"] = {one: spot for one in several[2:] if one != plan["close"][0]}
        if sites is not None:
            plan["build"].append(str(rng.choice(sites.index[sites["forbidden"].ne(other=True)])))
        if rng.random() < 0.3:
            plan |= {"sites": {"N1": spot}, "build": [*plan["build"], "N1"]}
        found.append(plan)
    return found


def test_floor_area_under_a_plan_is_that_of_python(node):
    town = cc.samples.toy_town()
    assert town.terms.floor_rule.kinds == ("service_complex",)
    shared = town.facilities["serves"].where(town.facilities.index != "S1", "C;W")
    plain = town.facilities.assign(serves=None)
    towns = [
        replace(
            town, tables=replace(town.tables, facilities=town.facilities.assign(serves=shared))
        ),
        replace(town, tables=replace(town.tables, facilities=plain)),
        replace(town, card=replace(town.card, eligible=("service_complex", "station"))),
    ]
    for number, (baseline, findings) in enumerate([*map(baseline_of, towns), sample()]):
        drawn = plans_of_floor_area(baseline.study, 3, seed=number)
        asked = json.dumps([{"pack": pack_what_if(findings), "scenarios": [{}, *drawn]}])
        (answers,) = json.loads(run_node(node, str(SCRIPTS / "answer.mjs"), text=asked))
        for scenario, answer in zip([{}, *drawn], answers, strict=True):
            told = outcome_of(baseline, scenario).floor
            for level in set(told.index.get_level_values(0)) & set(answer["floor"]):
                for theirs, ours in FLOOR.items():
                    found = np.array(answer["floor"][level][theirs], dtype=float)
                    wanted = told.loc[level, ours].to_numpy(dtype=float)
                    assert found == pytest.approx(wanted, abs=1e-5, nan_ok=True), (scenario, ours)


# ------------------------------------------------------------------------------ the page that ships


@pytest.mark.browser
def test_fifty_scenarios_of_the_sample_city_get_the_figures_of_python(tmp_path, node):
    baseline, findings = sample()
    drawn = draw(baseline, SAMPLE_SCENARIOS, seed=2026, slow=0.12)
    answers = answers_of_page(findings, drawn, tmp_path)
    assert (tmp_path / "map.html").stat().st_size < 3_000_000
    wrong = []
    for scenario, answer in zip(drawn, answers, strict=True):
        assert answer["type"] == "result", answer
        wrong += [
            f"{scenario}: {one}" for one in differences(answer, outcome_of(baseline, scenario))
        ]
    assert wrong == []
    shown = [drawn[0], drawn[-1]]  # of those that change roads or terms, and of the others
    assert shape_differences(node, baseline, findings, shown) == []
    assert statistics.median(answer["took"] for answer in answers) < 100


@pytest.mark.browser
@pytest.mark.realdata
def test_scenarios_of_liechtenstein_get_the_figures_of_python(
    tmp_path, real_data, monkeypatch, node
):
    monkeypatch.setenv("CARECIRCLE_DATA", str(real_data))
    baseline, findings = baseline_of(cc.load_study(ROOT / "examples" / "liechtenstein"))
    drawn = draw(baseline, LIECHTENSTEIN_SCENARIOS, seed=9, slow=1.0)
    answers = answers_of_page(findings, drawn, tmp_path)
    wrong = []
    for scenario, answer in zip(drawn, answers, strict=True):
        assert answer["type"] == "result", answer
        wrong += [
            f"{scenario}: {one}" for one in differences(answer, outcome_of(baseline, scenario))
        ]
    assert wrong == []
    assert shape_differences(node, baseline, findings, drawn[:1]) == []


# ----------------------------------------------------------------------------------------- the pack


def test_equal_findings_give_equal_packs():
    town = plain_town()
    first, again = (pack_what_if(cc.assess(town)) for _ in range(2))
    assert first == again


def test_a_pack_ends_no_script_element():
    town = plain_town()
    areas = town.areas.assign(name="</script><img src=x onerror=alert(1)>")
    evil = cc.assess(replace(town, tables=replace(town.tables, areas=areas)))
    assert what_if_elements(evil).count("</script>") == 2
    assert "<img" not in what_if_elements(evil)


def test_nothing_travels_where_nothing_can_be_searched():
    town = plain_town()
    pairs = pd.DataFrame({"facility_id": ["F1"], "home_id": ["H01"], "minutes": [5.0]})
    given = cc.assess(replace(town, tables=replace(town.tables, minutes=pairs)))
    assert what_if_elements(given) == ""
    findings = cc.assess(town)
    assert pack_what_if(findings) != ""
    records = len(findings.homes) + len(findings.ground.network.roads)
    assert pack_what_if(findings, most_records=records) != ""
    assert pack_what_if(findings, most_records=records - 1) == ""
    assert pack_what_if(replace(findings, homes=findings.homes.iloc[:0])) == ""


def test_degrees_and_metres_of_a_page_are_those_of_the_projection():
    from pyproj import Transformer

    bounds = [398000, 4370000, 420000, 4400000]
    plane = plane_of(bounds, cc.samples.toy_town().areas.crs)
    assert plane["off_m"] < 1e-3
    there = Transformer.from_crs(cc.samples.toy_town().areas.crs, 4326, always_xy=True)
    for x, y in [(398123.4, 4371234.5), (419999.0, 4399999.0)]:
        lon, lat = there.transform(x, y)
        assert evaluated(plane["to_xy"], lon, lat) == pytest.approx([x, y], abs=2e-3)
        assert evaluated(plane["to_degrees"], x, y) == pytest.approx([lon, lat], abs=2e-8)


def evaluated(fit, a, b):
    (u, v), n = ((np.array([a, b]) - fit["middle"]) / fit["half"]), fit["degree"]
    powers = [u**i * v**j for i in range(n + 1) for j in range(n + 1 - i)]
    return [float(np.dot(row, powers)) for row in fit["terms"]]
