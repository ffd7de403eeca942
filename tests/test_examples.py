"""The studies in examples/, run on real extracts; every minute is computed a second way."""

from __future__ import annotations

import json
import runpy
import shutil
import statistics
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import carecircle as cc
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.osm import read_osm_roads
from conftest import ROOT
from walkers import along_the_nodes, minutes_by_networkx, walking_pieces
from what_if_cases import answers_of_page

pytestmark = pytest.mark.realdata

EXAMPLES = ROOT / "examples"
SAMPLE = 200


@pytest.fixture(scope="module")
def run(real_data, tmp_path_factory):
    """Study and result of an example, computed once; Wuhan's places are drawn anew."""
    folder = tmp_path_factory.mktemp("wuhan")
    patch = pytest.MonkeyPatch()
    patch.setenv("CARECIRCLE_DATA", str(real_data))

    @cache
    def computed(name):
        path = EXAMPLES / name
        if name.startswith("wuhan"):
            path = shutil.copy(path, folder)
            draw_wuhan(real_data, folder / "build")
        study = cc.load_study(path)
        return SimpleNamespace(study=study, result=cc.assess(study), folder=folder)

    yield computed
    patch.undo()


def draw_wuhan(real_data, folder):
    maker = runpy.run_path(str(EXAMPLES / "wuhan" / "make_places.py"))
    maker["main"](real_data / "roads" / "wuhan_drive.parquet", folder)


LIECHTENSTEIN, BY_CAR = "liechtenstein/study.toml", "liechtenstein/study_car.toml"
PORTO_ALEGRE, WUHAN = "porto_alegre/study.toml", "wuhan/study.toml"
ALL = [LIECHTENSTEIN, BY_CAR, PORTO_ALEGRE, WUHAN]


@pytest.mark.parametrize("name", ALL)
def test_minutes_equal_those_of_networkx(run, name):
    study, homes = run(name).study, run(name).result.homes
    network, profile = study.network, study.card.profile
    if profile.mode == "walk":
        pieces = walking_pieces(study.tables.roads, 1.0)
    else:
        # a car's seconds per piece come from the network, all that follows does not
        forward, backward = network.seconds.T
        pieces = pd.DataFrame(network.ends, columns=["u", "v"]).assign(
            forward=forward, backward=backward, door=network.can_link
        )
        pieces["line"] = along_the_nodes(pieces, network.roads.geometry.to_numpy())
    sample = homes.sample(SAMPLE, random_state=7)
    expected = minutes_by_networkx(
        pieces,
        with_snap(study, sample),
        with_snap(study, study.facilities[study.facilities["kind"].isin(study.card.eligible)]),
        leg_m_s=1.0,
        extra_minutes=profile.access_minutes,
    )
    assert expected.notna().sum() > 0.9 * SAMPLE
    assert expected.index[expected.isna()].equals(sample.index[sample["minutes"].isna()])
    np.testing.assert_allclose(sample["minutes"], expected, rtol=0, atol=1e-6)


def with_snap(study, places):
    kind = places["area_id"].map(study.areas["kind"])
    return places.assign(snap_m=kind.map({"urban": 150.0, "rural": 500.0}).fillna(500.0))


@pytest.mark.parametrize("name", ALL)
def test_covered_uncovered_and_not_assessed_make_the_whole(run, name):
    result = run(name).result
    # homes outside all areas have a row of their own
    city = result.totals.loc["city"].sum(numeric_only=True)
    parts = [city[f"homes_{part}"] for part in ("covered", "uncovered", "not_assessed")]
    assert sum(parts) == city["homes_total"] == len(result.homes)
    assert not result.issues.of("fatal")
    assert (result.homes["minutes"].isna() == (result.homes["reason"] != "")).all()


def test_liechtenstein_has_its_municipalities_buildings_and_cut_neighbours(run):
    study, result = run(LIECHTENSTEIN).study, run(LIECHTENSTEIN).result
    assert len(study.areas) == 11
    cut = [i for i in result.issues if i.table == "areas" and i.code == "incomplete_relation"]
    assert len(cut) == 11  # foreign neighbours: reported, and no reason to stop
    # 9,001 building objects: 4 without a closed outline or a building, the rest is home or not
    [not_homes] = [issue for issue in result.issues if issue.code == "not_homes"]
    assert not_homes.found.startswith("387: ")
    assert len(study.homes) + 387 == 9001 - 4
    [outside] = [issue for issue in result.issues if issue.code == "outside_areas"]
    assert outside.found.startswith("32: ")
    assert study.homes["area_id"].isna().sum() == 32
    kinds = study.facilities.groupby("kind").size()
    assert kinds.to_dict() == {"health": 1, "pharmacy": 3, "town_hall": 3}
    assert study.homes["population"].isna().all()


def test_a_car_reaches_more_homes_than_feet(run):
    on_foot, by_car = run(LIECHTENSTEIN).result.homes, run(BY_CAR).result.homes
    assert by_car["covered"].sum() > 5 * on_foot["covered"].sum() > 0


def test_porto_alegre_keeps_everyone_and_every_id(run, real_data):
    study, result = run(PORTO_ALEGRE).study, run(PORTO_ALEGRE).result
    cells = pd.read_csv(real_data / "grids" / "porto_alegre_hexgrid.csv", index_col="id")
    assert study.homes["population"].sum() == 812_935
    assert result.totals.loc["city"].iloc[0]["people_total"] == 812_935
    assert set(study.facilities.index) == set(cells.index[cells["healthcare"] > 0])
    assert len(study.facilities) == 117
    people = cells["population"][study.homes.index].astype(float)
    pd.testing.assert_series_equal(study.homes["population"], people, check_names=False)
    assert (cells["population"].drop(study.homes.index) == 0).all()


def test_wuhan_places_are_the_same_on_every_draw(run, real_data, tmp_path):
    done = run(WUHAN)
    draw_wuhan(real_data, tmp_path)
    for name in ("areas", "facilities", "homes"):
        again = (tmp_path / f"{name}.parquet").read_bytes()
        assert again == (done.folder / "build" / f"{name}.parquet").read_bytes()
    assert len(done.study.tables.roads) == 92_667
    assert (len(done.study.facilities), len(done.study.homes)) == (300, 100_000)
    squares = done.study.areas.geometry
    assert squares.area.sum() == pytest.approx(squares.union_all().area, rel=1e-12)
    assert done.study.homes["area_id"].notna().all()
    assert done.result.card.synthetic


def test_the_command_line_runs_an_example(command, real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("CARECIRCLE_DATA", str(real_data))
    code, said, fault = command("run", EXAMPLES / "porto_alegre", "--out", tmp_path / "poa")
    assert code == 0, fault
    assert "812,935" in said
    manifest = (tmp_path / "poa" / "manifest.json").read_text(encoding="utf-8")
    # a result may be handed on: it names files, not the folders of this machine
    assert str(real_data) not in manifest
    assert json.loads(manifest)["headline"]


@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("helsinki_centre_2019.osm.pbf", "EPSG:32635"),
        ("liechtenstein_2015.osm.pbf", "EPSG:32632"),
        ("monaco_2012.osm.gz", "EPSG:32632"),
        ("porto_alegre_2020.osm.pbf", "EPSG:32722"),
    ],
)
def test_every_extract_becomes_a_network_for_everyone(real_data, name, crs):
    roads = read_osm_roads(real_data / "osm" / name, log=IssueLog()).to_crs(crs)
    kilometres = {}
    for profile in ("elder_default", "wheelchair", "ebike", "car"):
        network = cc.RoadNetwork.from_roads(roads, cc.PROFILES[profile])
        islands = network.islands()
        kilometres[profile] = islands["length_km"].sum()
        is_open = np.isfinite(network.seconds).any(axis=1)
        assert islands["pieces"].sum() == is_open.sum()
        assert kilometres[profile] == pytest.approx(network.length_m[is_open].sum() / 1000)
        assert islands["length_km"].is_monotonic_decreasing
        assert islands["length_km"].iloc[0] > 0.8 * kilometres[profile]
        assert len(islands) == network.n_components > 1
        no_cars = network.roads["highway"].isin(["footway", "path", "steps", "pedestrian"])
        own_tag = network.roads["motor_vehicle"].notna()
        assert profile != "car" or not (is_open & no_cars & ~own_tag).any()
    # steps, footways and motorways: who is stopped by what
    assert kilometres["wheelchair"] < kilometres["elder_default"]
    assert kilometres["car"] < kilometres["elder_default"]


def test_the_outline_of_porto_alegre_is_what_its_script_draws(real_data, tmp_path):
    maker = runpy.run_path(str(EXAMPLES / "porto_alegre" / "make_area.py"))
    maker["main"](real_data / "grids" / "porto_alegre_hexgrid.csv", tmp_path / "area.geojson")
    committed = EXAMPLES / "porto_alegre" / "area.geojson"
    assert (tmp_path / "area.geojson").read_bytes() == committed.read_bytes()


@pytest.mark.parametrize(
    ("name", "weight", "spacing_m", "n_sites", "least_candidates"),
    [(PORTO_ALEGRE, "population", 300, 10, 300), (WUHAN, "elders", 400, 30, 2_000)],
)
def test_where_to_build_next_is_proven_best(
    run, name, weight, spacing_m, n_sites, least_candidates
):
    study, result = run(name).study, run(name).result
    sites = cc.candidates_from_roads(study.network, result.gaps, spacing_m)
    assert len(sites) >= least_candidates
    problem = cc.siting_instance(study, sites.iloc[:2_000], weight=weight)
    plan = cc.max_cover(problem, n_sites=n_sites)
    assert plan.proof.status == "optimal"
    assert plan.proof.verdict.startswith("verified")
    # the gain, counted from the pairs alone: who is newly within reach of a chosen site
    near = problem.within() & problem.site_ids.isin(plan.site_ids)[problem.column]
    newly = np.setdiff1d(problem.row[near], np.flatnonzero(problem.covered_today()))
    assert plan.chosen["gain"].sum() == pytest.approx(problem.weight[newly].sum())
    assert plan.chosen["gain"].is_monotonic_decreasing


def test_the_script_of_the_examples_finds_sites(real_data, monkeypatch):
    monkeypatch.setenv("CARECIRCLE_DATA", str(real_data))
    script = runpy.run_path(str(EXAMPLES / "where_next.py"))
    plan = script["main"](EXAMPLES / "porto_alegre", n_sites=2)
    assert plan.chosen["share"].iloc[-1] > 608_302 / 812_935


@pytest.mark.browser
def test_the_map_of_wuhan_is_light_and_answers_within_a_second(run, tmp_path):
    result = run(WUHAN).result
    homes = result.homes
    # who is served by one station alone is lost with it
    alone = homes["covered"] & ~(homes["second_minutes"] <= homes["limit_minutes"])
    lost = homes["elders"].where(alone.astype(bool)).groupby(homes["facility_id"]).sum()
    station = lost.idxmax()
    beside = [round(float(value), 2) for value in result.facilities.geometry[station].coords[0]]
    asked = [
        {}, {"close": [station]}, {"build": ["N1"], "sites": {"N1": beside}},
        {"walking_speed": 0.8}, {"limits": {"urban": 10, "rural": 20}},
    ]  # fmt: skip
    answers = answers_of_page(result, asked, tmp_path)
    assert (tmp_path / "map.html").stat().st_size < 15_000_000
    assert statistics.median(answer["took"] for answer in answers) < 1000
    covered = [answer["city"]["elders"]["covered"][0] for answer in answers]
    assert covered[0] == result.totals.loc[("city", "WH"), "elders_covered"]
    same, closed, doubled, slow, short = covered
    assert same - closed == lost.max() > 0
    assert slow < same == doubled
    assert short < same
