"""Candidate sites: drawn in gaps, filtered by hard rules with counts, spaced, priced."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.errors import CrsError, InputError
from carecircle.planning.candidates import (
    CostModel,
    SiteRules,
    candidates_from_buildings,
    candidates_from_grid,
    candidates_from_roads,
    filter_candidates,
    spaced,
)
from carecircle.planning.siting import limits_of
from carecircle.siting.problem import siting_instance

CRS = "EPSG:4545"


def sites(**columns):
    n = len(next(iter(columns.values())))
    index = pd.Index([f"S{k + 1}" for k in range(n)], name="site_id")
    spots = gpd.points_from_xy(np.arange(n) * 100.0, np.zeros(n))
    return gpd.GeoDataFrame(columns, geometry=spots, index=index, crs=CRS)


def gap(*boxes):
    return gpd.GeoDataFrame(geometry=[shapely.box(*b) for b in boxes], crs=CRS)


# -------------------------------------------------------------------------------------- drawing


def test_grid_points_fill_gaps_and_small_gaps_get_one():
    found = candidates_from_grid(gap((10, 10, 210, 110), (310, 10, 330, 30)), 100)
    assert found.geometry.map(lambda p: (p.x, p.y)).tolist() == [(320, 20), (100, 100), (200, 100)]
    assert found.index.tolist() == ["G1", "G2", "G3"]
    assert found.index.name == "site_id"


def test_overlapping_gaps_give_each_point_once():
    assert len(candidates_from_grid(gap((0, 0, 90, 90), (0, 0, 90, 90)), 50)) == 4


def test_no_gap_gives_no_candidate():
    assert len(candidates_from_grid(gap(), 50)) == 0


def test_candidates_on_roads_stand_in_gaps_apart_and_never_on_bridges():
    study = cc.samples.toy_town()
    found = candidates_from_roads(study.network, gap((450, -10, 850, 60)), 200)
    assert shapely.distance(found.geometry.iloc[0], found.geometry.iloc[1]) >= 200
    assert found.geometry.map(lambda p: (p.x, p.y)).tolist() == [(500, 0), (700, 0)]
    bridge = study.tables.roads.assign(bridge="yes")
    network = cc.RoadNetwork.from_roads(bridge, study.card.profile)
    assert len(candidates_from_roads(network, gap((450, -10, 850, 60)), 200)) == 0


def test_candidates_on_roads_need_the_networks_crs():
    study = cc.samples.toy_town()
    with pytest.raises(CrsError, match="to_crs"):
        candidates_from_roads(
            study.network, gap((0, 0, 9, 9)).set_crs(32650, allow_override=True), 9
        )


def test_public_buildings_become_candidates_with_their_floor_area():
    buildings = gpd.GeoDataFrame(
        {"use": ["School", "residential", "闲置", None], "floors": [2.0, 5.0, np.nan, 1.0]},
        geometry=[shapely.box(x, 0, x + 10, 10) for x in (0, 50, 100, 150)],
        index=["B1", "B2", "B3", "B4"], crs=CRS,
    )  # fmt: skip
    found = candidates_from_buildings(buildings)
    assert found["floor_m2"].to_dict() == {"B1": 200.0, "B3": 100.0}
    assert set(found["acquisition"]) == {"convert"}
    near = candidates_from_buildings(buildings, gap((90, 0, 120, 10)), acquisition="buy_back")
    assert near["acquisition"].to_dict() == {"B3": "buy_back"}


def test_buildings_without_use_are_refused():
    with pytest.raises(InputError, match="column 'use' is missing"):
        candidates_from_buildings(gap((0, 0, 9, 9)))


# ------------------------------------------------------------------------------------ filtering


def test_each_filter_says_what_it_removed():
    table = sites(
        floor_level=[-1, 1, 2, 3, 1, 1],
        lift=[False, None, True, False, True, True],
        slope=[0.01, 0.02, 0.01, 0.3, np.nan, 0.01],
        flood=[False, False, False, False, False, True],
    )
    kept, report = filter_candidates(table, SiteRules(steepest=0.08))
    assert kept.index.tolist() == ["S2", "S3", "S5"]
    assert report["removed"].to_dict() == {"floor_level": 1, "slope": 1, "lift": 1, "flood": 1}
    assert report["site_ids"].to_dict() == {
        "floor_level": "S1", "slope": "S4", "lift": "S4", "flood": "S6",
    }  # fmt: skip
    assert report.loc["slope", ["only", "unknown"]].tolist() == [0, 1]


def test_distances_and_least_areas_are_exact_at_the_limit():
    table = sites(
        expressway_m=[99.9, 100.0, 500.0],
        industry_m=[300.0, 300.0, 299.0],
        floor_m2=[400.0, 350.0, 400.0],
        acquisition=["build", "build", "lease"],
    )
    rules = SiteRules(expressway_m=100, industry_m=300, least_m2={"build": 350})
    kept, report = filter_candidates(table, rules)
    assert kept.index.tolist() == ["S2"]
    assert report["removed"].to_dict() == {"expressway_m": 1, "industry_m": 1, "floor_m2": 0}


def test_rules_without_their_column_are_not_applied():
    kept, report = filter_candidates(sites(cost=[1.0, 2.0]))
    assert len(kept) == 2
    assert report.empty


# ---------------------------------------------------------------------------- spacing and cost


def test_spacing_takes_the_first_and_all_required():
    table = sites(required=[False, False, True, False])  # at 0, 100, 200, 300 m
    assert spaced(table, 100).index.tolist() == ["S1", "S2", "S3", "S4"]
    assert spaced(table, 101).index.tolist() == ["S1", "S3"]
    assert spaced(table, 250).index.tolist() == ["S3"]


def test_spacing_is_the_same_every_time():
    rng = np.random.default_rng(7)
    many = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*rng.uniform(0, 1000, (2, 300))), crs=CRS)
    kept = spaced(many, 90)
    assert kept.index.tolist() == spaced(many, 90).index.tolist()
    xy = shapely.get_coordinates(kept.geometry.array)
    apart = np.hypot(*(xy[:, None] - xy[None]).T)
    assert apart[~np.eye(len(xy), dtype=bool)].min() >= 90
    # nothing more would fit in
    assert many.distance(kept.union_all()).max() < 90


@pytest.mark.parametrize("spacing", [0, -1, float("nan")])
def test_a_spacing_must_be_metres(spacing):
    with pytest.raises(InputError, match="more than 0"):
        candidates_from_grid(gap((0, 0, 9, 9)), spacing)


def test_costs_go_by_acquisition_and_stay_missing_where_unknown():
    prices = CostModel({"build": 50.0, "lease": 5.0}, {"build": 0.4, "lease": 0.1}, "made up")
    table = sites(
        acquisition=["build", "lease", "convert", "build"], floor_m2=[300, 200, 100, np.nan]
    )
    assert prices.cost(table).tolist()[:2] == [170.0, 25.0]
    assert prices.cost(table).isna().tolist() == [False, False, True, True]
    with pytest.raises(InputError, match="give a number of 0 or more"):
        CostModel({"build": -1.0}, {}, "made up")


# --------------------------------------------------------------------------- siting on a study


def one_site(x, y, **columns):
    index = pd.Index(["N1"], name="site_id")
    crs = cc.samples.toy_town().areas.crs
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(x, y)], index=index, crs=crs)


def test_a_study_becomes_a_siting_problem():
    instance = siting_instance(cc.samples.toy_town(), one_site(900, 0))
    assert instance.weight.sum() == 130.0
    assert instance.limit.tolist() == [15.0] * 8 + [30.0] * 3 + [15.0] * 2
    covered = instance.demand_ids[instance.covered_today()]
    assert covered.tolist() == ["H01", "H02", "H03", "H04", "H05", "H06", "H09", "H10"]
    # H12 stands on a road that leads nowhere, H13 is not on a road: both are named, none is lost
    assert instance.unreachable().tolist() == ["H12", "H13"]
    assert instance.cost.tolist() == [1.0]


def test_longer_ways_are_listed_when_asked_for():
    short = siting_instance(cc.samples.toy_town(), one_site(2, 0))
    far = siting_instance(cc.samples.toy_town(), one_site(2, 0), max_minutes=40)
    assert short.minutes.max() <= 30.0
    assert far.minutes.max() == pytest.approx(1998 / 60)
    assert len(far.minutes) == len(short.minutes) + 1


def test_weights_and_costs_are_checked():
    town = cc.samples.toy_town()
    assert siting_instance(town, one_site(2, 0), weight="homes").weight.sum() == 13
    with pytest.raises(InputError, match="weight 'dogs'"):
        siting_instance(town, one_site(2, 0), weight="dogs")
    with pytest.raises(InputError, match="sites: the study has none"):
        siting_instance(town)
    two = pd.concat(
        [one_site(2, 0, cost=[5.0]), one_site(9, 0, cost=[np.nan]).rename({"N1": "N2"})]
    )
    with pytest.raises(InputError, match="cost is missing for 1 of 2 sites, first N2"):
        siting_instance(town, two)


def test_a_candidate_on_a_facility_of_today_is_refused():
    town = cc.samples.toy_town()
    spot = town.facilities.geometry["F1"]
    with pytest.raises(InputError, match="sites: 'N1' stands where facility 'F1' operates; drop"):
        siting_instance(town, one_site(spot.x + 0.5, spot.y))
    # F2 is planned: to build there is a choice
    planned = town.facilities.geometry["F2"]
    assert siting_instance(town, one_site(planned.x, planned.y)).n_sites == 1


def test_limits_follow_the_residents_area():
    town = cc.samples.toy_town()
    limit = limits_of(town.homes["area_id"], town.areas, town.card.limits)
    assert limit["H09"] == 30.0
    assert limit["H01"] == 15.0
