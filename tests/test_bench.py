"""The benchmark runs, compares like with like, and says what is missing; no timings are judged."""

from __future__ import annotations

import importlib.util
import json
import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely

import siting_cases
from carecircle import bench, samples
from carecircle.bench import (
    circles,
    extracts,
    map_page,
    pages,
    positions,
    searches,
    siting,
    studies,
    timing,
    what_if,
    what_if_page,
    wuhan,
)  # fmt: skip
from carecircle.bench.results import CaseResult, faster, skipped, to_json, under, within
from carecircle.errors import CarecircleError, InputError
from carecircle.inputs.lines import node_lines
from carecircle.roads.network import RoadNetwork
from carecircle.roads.profiles import PROFILES

SMALL = searches.SearchSizes(n_sources=8, limits_m=(250.0, 900.0), n_slow=2, repeats=2)


@pytest.fixture(scope="module")
def network():
    # 5 x 4 blocks of 100 m whose sides bend in two, a loop at one corner, and an island
    lines = [[(i, j), (i + 0.5, j), (i + 1, j)] for j in range(4) for i in range(5)]
    lines += [[(i, j), (i, j + 0.4), (i, j + 1)] for i in range(6) for j in range(3)]
    pieces = [line[k : k + 2] for line in lines for k in (0, 1)]
    pieces += [[(0, 0), (-1, 0)], [(-1, 0), (-1, -1)], [(-1, -1), (0, 0)], [(20, 0), (21, 0)]]
    geometry = [shapely.LineString(np.array(piece) * 100.0) for piece in pieces]
    roads = node_lines(gpd.GeoDataFrame(geometry=geometry, crs="EPSG:4545"))
    return RoadNetwork.from_roads(roads.assign(highway="residential"), PROFILES["elder_default"])


def test_searches_reach_the_same_nodes_as_scipy_and_report_every_comparison(network):
    lines = searches.run_searches(network, SMALL)
    assert [line.met for line in lines if "same nodes" in line.what] == [True, True]
    assert {line.peer for line in lines} == {
        "SciPy dijkstra(limit=)", "SciPy, source by source", "networkx single_source_dijkstra",
        "touch bound", "ours on one core", "SciPy dijkstra(min_only=True)",
    }  # fmt: skip
    assert all("NOT equal" not in line.note for line in lines)
    timed = [line for line in lines if line.measure == "times faster"]
    assert all(line.ratio == pytest.approx(line.peer_seconds / line.ours_seconds) for line in timed)


def test_a_wrong_search_is_found_out(network):
    one = searches._Searches(network, SMALL)
    starts, node, seconds = one.ours(250.0, keep=1)
    assert searches._same(one, 250.0, (starts, node, seconds)).met
    assert not searches._same(one, 250.0, (starts, node, seconds + 1e-3)).met
    one_less = np.minimum(starts, len(node) - 1)
    assert not searches._same(one, 250.0, (one_less, node[:-1], seconds[:-1])).met


def test_positions_agree_with_osmnx(network):
    lines = positions.run_positions(network, n_homes=50, repeats=1)
    assert [line.target for line in lines] == ["under 2 s", ""]
    # the same seed draws the same homes
    assert wuhan.homes_on(network, 5).equals(wuhan.homes_on(network, 5))


def test_circles_are_drawn_by_both_sides(network):
    (line,) = circles.run_circles(network, n_facilities=4, n_slow=2, repeats=1)
    assert line.sizes == "12 polygons"
    assert line.ratio == pytest.approx(line.peer_seconds / line.ours_seconds)
    graph = wuhan.as_osmnx(network, ((0, 1), (1, 0)))
    assert graph.number_of_edges() == 2 * len(network.ends)
    outer, middle, inner = circles.notebook_circles(graph, 0)
    assert outer.area > middle.area > inner.area > 0


def test_an_extract_is_read_by_every_tool_in_its_own_process(tmp_path, monkeypatch):
    monkeypatch.delenv("CARECIRCLE_BENCH_PYROSM", raising=False)
    monkeypatch.setattr(extracts, "find_spec", lambda _: None)
    town = extracts.write_tiny(tmp_path / "town.osm.pbf")
    lines = extracts.time_extract(town, "EPSG:32632", "Town", repeats=1)
    # five by five crossings: 2 x 5 x 4 pieces, 25 nodes of which the four corners are no junctions
    assert lines[0].sizes == "ours 40 pieces, 21 junctions; theirs 21 nodes, 72 edges"
    assert lines[1].measure == "times the memory"
    assert "pyrosm is not installed" in lines[-1].note
    assert lines[-1].met is None


def test_a_missing_extract_or_data_folder_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("CARECIRCLE_DATA", raising=False)
    monkeypatch.setattr(bench, "_BESIDE_CHECKOUT", tmp_path / "nothing")
    (line,) = bench.run(["positions"])
    assert line.note == "skipped: no folder of real extracts; give --data or set CARECIRCLE_DATA"
    (line,) = bench.run(["circles"], tmp_path)
    assert line.note == "skipped: no roads/wuhan_drive.parquet in the data folder"
    assert {line.note for line in bench.run(["extracts"], tmp_path)} == {
        "skipped: no porto_alegre_2020.osm.pbf in the data folder",
        "skipped: no liechtenstein_2015.osm.pbf in the data folder",
    }


def test_an_unknown_case_suggests_the_nearest():
    with pytest.raises(InputError, match="no case 'serches'; did you mean searches"):
        bench.run(["serches"])


def test_a_study_that_fails_is_reported_and_stops_nothing():
    (line,) = studies.time_command("no such study", ("run", "nowhere"), at_most=1)
    assert line.note.startswith("skipped: bench: job command failed")


def test_a_failing_job_names_itself_and_its_last_words():
    with pytest.raises(CarecircleError, match=r"job osmnx failed: .*nowhere"):
        timing.run_job("osmnx", "-", "nowhere.osm", python=sys.executable)


def test_tasks_take_turns_and_the_best_time_counts():
    heard = []
    best = timing.best_of([lambda: heard.append("a"), lambda: heard.append("b")], repeats=3)
    assert heard == ["a", "b"] * 3
    assert len(best) == 2


def test_results_say_ratio_target_and_whether_it_was_met():
    assert faster("c", "w", (2.0, 3.0), at_least=2).met is False
    assert faster("c", "w", (2.0, 3.0), at_least=None).met is None
    assert within("c", "w", (3.0, 1.0), at_most=3).met is True
    assert within("c", "w", (9.0, 3.0), at_most=1, measure="times the memory").ours_seconds is None
    assert under("c", "w", 2.0, at_most=2).met is False


def test_the_table_and_the_json_hold_every_line():
    lines = [
        faster("searches", "1,000 m", (0.002, 0.3), at_least=100, peer="SciPy"),
        skipped("extracts", "Town", "no file"),
    ]
    table = bench.render(lines)
    assert "150" in table
    assert "at least 100" in table
    assert "2.00 ms" in table
    assert "skipped: no file" in table
    assert [CaseResult(**record) for record in json.loads(to_json(lines))] == lines


def test_covering_is_compared_with_spopt_or_says_what_is_missing(monkeypatch):
    task = siting.CoverTask(n_demand=60, n_sites=12, limit_m=2_000, p=3)
    monkeypatch.delenv("CARECIRCLE_BENCH_SPOPT", raising=False)
    monkeypatch.setattr(siting, "find_spec", lambda _: None)
    (line,) = siting.against_spopt(task, repeats=1)
    assert "spopt is not installed" in line.note
    monkeypatch.setenv("CARECIRCLE_BENCH_SPOPT", sys.executable)
    if importlib.util.find_spec("spopt") is None:
        (line,) = siting.against_spopt(task, repeats=1)
        assert line.note.startswith("skipped: bench: job spopt_build failed")
        return
    lines = siting.against_spopt(task, repeats=1)
    assert [line.note.split(":")[0] for line in lines] == ["", "same"]


def test_a_large_cover_reports_its_gap_and_the_verdict():
    line = siting.large_cover(siting.CoverTask(n_demand=400, n_sites=30, limit_m=1_500, p=5))
    assert line.met
    assert "verified" in line.note


@pytest.mark.realdata
def test_an_instance_of_the_or_library_is_read_as_the_tests_read_it(real_data):
    ours, p = siting.pmed(real_data / "locate" / "pmed" / "pmed1.txt")
    theirs, also_p = siting_cases.pmed_instance(real_data, "pmed1")
    assert p == also_p == 5
    assert (ours.minutes == theirs.minutes).all()


def test_openings_are_timed_one_by_one():
    line = what_if.time_openings("toy town", samples.toy_town(), at_most_ms=1e6, n=3)
    assert line.met
    assert "median of 3 openings" in line.note


@pytest.mark.browser
def test_every_kind_of_update_of_the_page_is_timed():
    lines = what_if_page.time_page("toy", samples.toy_town(), at_most_ms=1e6, turns=1, rounds=1)
    kinds = [line.what.removeprefix("updates of the page, toy: ") for line in lines]
    assert set(what_if_page.KINDS) | {"first, close", "first, speed", "undo"} <= set(kinds)
    assert all(line.met and "best of 1 rounds" in line.note for line in lines)


@pytest.mark.browser
def test_the_mouse_of_the_measurement_drags_and_zooms_the_map():
    watch = """() => {
      window.seen = {};
      carecircle.atlas.map.on("move zoom", ({ type }) => (window.seen[type] = true));
    }"""
    with pages.written(samples.toy_town()) as (browser, file):
        page = pages.opened(browser, file)
        page.evaluate(watch)
        map_page._pan(page, 0.2)
        assert page.evaluate("Object.keys(window.seen)") == ["move"]
        map_page._zoom(page, 0.2)
        page.wait_for_function("window.seen.zoom")


@pytest.mark.browser
def test_the_size_of_a_map_and_its_frames_are_measured():
    lines = map_page.time_map("toy", samples.toy_town(), at_most_mb=3, seconds=0.4)
    assert [line.what for line in lines] == ["size, toy", "pan, toy", "zoom, toy"]
    assert lines[0].met
    assert all("frames a second; the longest took" in line.note for line in lines[1:])


def test_a_stall_lowers_the_frames_a_second():
    smooth = map_page.frames_line("pan", [20.0 * k for k in range(51)])
    stalled = map_page.frames_line("pan", [20.0 * k + (900 if k > 25 else 0) for k in range(51)])
    assert (smooth.met, stalled.met) == (True, False)
    assert "the longest took 920 ms" in stalled.note
