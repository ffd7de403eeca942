from __future__ import annotations

import time
from dataclasses import replace
from statistics import NormalDist

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.analysis.draws import Uncertainty, draw_minutes
from carecircle.depth.certainty import coverage_intervals, usual_uncertainty
from carecircle.errors import InputError
from towns import CRS, street

SURE = {"speed_share": 0.0, "home_m": 0.0, "facility_m": 0.0}
FIGURES = [f"{what}_{share}" for what in ("covered", "rate") for share in ("p5", "p50", "p95")]


@pytest.fixture(scope="module")
def town():
    return cc.samples.toy_town()


@pytest.fixture(scope="module")
def city(sample_base):
    return sample_base


def one_street(*homes_m, **changes):
    """One straight street of 2 km with the station at its start and homes along it."""
    base = cc.samples.toy_town()
    points = [shapely.Point(metres, 0) for metres in homes_m]
    homes = gpd.GeoDataFrame(
        {"area_id": "W", "elders": 10.0}, geometry=points, crs=CRS,
        index=pd.Index([f"H{k:02d}" for k in range(len(points))], name="home_id"),
    )  # fmt: skip
    tables = replace(base.tables, roads=street(0, 2000), homes=homes)
    card = replace(base.card, profile=replace(base.card.profile, **changes))
    return replace(base, tables=tables, card=card)


def test_without_any_error_every_draw_is_the_verdict(town, city):
    for study in (town, city):
        found = coverage_intervals(study, Uncertainty(draws=3, **SURE))
        rates = found.rates
        for name in ("p5", "p50", "p95"):
            pd.testing.assert_series_equal(
                rates[f"covered_{name}"], rates["covered"], check_names=False, check_exact=True
            )
        assert found.areas["flip_chance"].fillna(0.0).eq(0.0).all()
        assert found.homes["in_time_chance"].dropna().isin([0.0, 1.0]).all()
        known = found.homes["covered"].notna()
        same = found.homes["covered"][known].astype(float) == found.homes["in_time_chance"][known]
        assert same.all()


def test_the_verdict_inside_the_interval_is_that_of_the_assessment(city):
    sure = coverage_intervals(city, Uncertainty(draws=1, **SURE))
    found = sure.rates
    result = cc.assess(city.study)
    for level in ("city", "district", "street"):
        elders = found.loc[level].xs("elders", level="weight")
        assert elders["covered"].to_dict() == result.totals.loc[level, "elders_covered"].to_dict()
        assert elders["total"].to_dict() == result.totals.loc[level, "elders_total"].to_dict()
    pd.testing.assert_series_equal(sure.areas["on_time"], result.areas["on_time"])


def test_equal_seeds_give_equal_bytes_and_other_seeds_others(city):
    first, again, other = (
        coverage_intervals(city, Uncertainty(draws=4, seed=seed)) for seed in (7, 7, 8)
    )
    assert first.samples.to_numpy().tobytes() == again.samples.to_numpy().tobytes()
    pd.testing.assert_frame_equal(first.rates, again.rates, check_exact=True)
    assert first.samples.to_numpy().tobytes() != other.samples.to_numpy().tobytes()


def test_one_core_gives_the_bytes_of_many(city, monkeypatch):
    import carecircle.analysis.draws as module

    many = coverage_intervals(city, Uncertainty(draws=4)).samples
    pool = module.ThreadPoolExecutor
    monkeypatch.setattr(module, "ThreadPoolExecutor", lambda: pool(1))
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    one = coverage_intervals(city, Uncertainty(draws=4)).samples
    assert one.to_numpy().tobytes() == many.to_numpy().tobytes()


def test_the_first_draws_of_many_are_the_few(town):
    few, many = (coverage_intervals(town, Uncertainty(draws=n)).samples for n in (7, 45))
    pd.testing.assert_frame_equal(few, many[few.columns], check_exact=True)


def test_the_order_of_rows_decides_nothing(town):
    tables = town.tables
    mixed = replace(
        tables,
        homes=tables.homes.sample(frac=1, random_state=3),
        facilities=tables.facilities.sample(frac=1, random_state=4),
        areas=tables.areas.iloc[::-1],
    )
    terms = Uncertainty(draws=25)
    straight = coverage_intervals(town, terms)
    turned = coverage_intervals(replace(town, tables=mixed), terms)
    pd.testing.assert_frame_equal(turned.rates, straight.rates)
    pd.testing.assert_frame_equal(turned.areas.loc[straight.areas.index], straight.areas)
    pd.testing.assert_frame_equal(turned.homes.loc[straight.homes.index], straight.homes)


def test_speed_alone_covers_a_home_as_often_as_the_lognormal_says():
    draws = 200
    terms = replace(Uncertainty(draws=draws, **SURE), speed_share=0.2)
    found = coverage_intervals(one_street(700, 800, 900, 1000), terms).homes["in_time_chance"]
    width = np.sqrt(np.log(1.04))  # mean 1, sd 0.2
    speed = NormalDist(-(width**2) / 2, width)
    for home, metres in zip(found.index, (700, 800, 900, 1000), strict=True):
        expected = 1 - speed.cdf(np.log(metres / 900))
        assert abs(found[home] - expected) < 4 * np.sqrt(expected * (1 - expected) / draws)


def test_a_home_slides_along_its_street_and_its_leg_is_walked():
    study = one_street(880, 890)
    terms = replace(Uncertainty(draws=80, **SURE), home_m=30.0)
    chance = coverage_intervals(study, terms).homes["in_time_chance"]
    hits = np.zeros(2)
    for draw in range(80):
        dx, dy = terms.home_shifts(draw, study.homes.index).T
        hits += np.array([880, 890]) + dx + np.abs(dy) <= 900
    assert chance.tolist() == (hits / 80).tolist()
    assert 0 < chance["H01"] < chance["H00"] < 1


def test_a_facility_slides_along_its_street_and_stops_at_its_end():
    study = one_street(860, 890)
    terms = replace(Uncertainty(draws=80, **SURE), facility_m=60.0)
    chance = coverage_intervals(study, terms).homes["in_time_chance"]
    hits = np.zeros(2)
    for draw in range(80):
        ((dx, dy),) = terms.facility_shifts(draw, pd.Index(["F1"]))
        start = max(dx, 0.0)  # the street begins at the station
        hits += np.array([860, 890]) - start + np.hypot(dx - start, dy) <= 900
    assert chance.tolist() == (hits / 80).tolist()
    assert 0 < chance["H01"] <= chance["H00"] < 1


def test_waits_stay_as_long_as_they_are_when_people_walk_slower():
    study = one_street(600, access_minutes=3.0)
    terms = replace(Uncertainty(draws=80, **SURE), speed_share=0.2)
    chance = coverage_intervals(study, terms).homes["in_time_chance"]["H00"]
    expected = np.mean(600 / (60 * terms.speed_factors()) + 3 <= 15)
    assert 0 < chance < 1
    assert chance == expected


def test_what_is_drawn_has_the_spread_that_is_said():
    terms = Uncertainty(draws=4000, speed_share=0.2, home_m=10.0, facility_m=30.0)
    speed = terms.speed_factors()
    assert abs(speed.mean() - 1.0) < 0.015
    assert abs(speed.std() - 0.2) < 0.01
    ids = pd.Index([f"P{k}" for k in range(20000)])
    home = np.hypot(*terms.home_shifts(0, ids).T)
    assert home.max() <= 10.0
    assert abs(np.mean(home <= 5.0) - 0.25) < 0.02  # a quarter of the disc
    facility = terms.facility_shifts(0, ids)
    assert abs(np.sqrt((facility**2).sum(axis=1).mean()) - 30.0) < 0.5
    assert abs(facility.mean()) < 0.5


def test_the_interval_holds_what_its_draws_hold(city):
    found = coverage_intervals(city, Uncertainty(draws=21))
    rates, drawn = found.rates, found.samples
    assert (rates["covered_p5"] <= rates["covered_p50"]).all()
    assert (rates["covered_p50"] <= rates["covered_p95"]).all()
    at_most = drawn.le(rates["covered_p95"], axis=0).mean(axis=1)
    assert (at_most >= 0.95).all()
    assert drawn.eq(rates["covered_p5"], axis=0).any(axis=1).all(), "p5 is a draw"
    assert (drawn.le(rates["total"] - rates["not_assessed"] + 1e-6, axis=0)).all(axis=None)
    assert np.allclose(rates["rate_p95"] * rates["total"], rates["covered_p95"])
    # every level adds up to the city, draw by draw
    sums = drawn.groupby(["level", "weight"]).sum()
    for level in ("district", "street", "kind", "area"):
        np.testing.assert_allclose(sums.loc[level], sums.loc["city"], rtol=1e-12)


def test_flip_chance_is_the_share_of_draws_with_the_other_verdict(city):
    found = coverage_intervals(city, Uncertainty(draws=12))
    elders = found.samples.loc["area"].xs("elders", level="weight")
    total = found.rates.loc["area"].xs("elders", level="weight")["total"]
    on_time = elders.ge(0.95 * total, axis=0)
    verdict = cc.assess(city.study).areas["on_time"].astype(bool)
    flips = on_time.ne(verdict.reindex(on_time.index), axis=0).mean(axis=1)
    expected = flips.reindex(found.areas.index)
    np.testing.assert_allclose(found.areas["flip_chance"], expected, atol=1e-12)
    assert found.areas["flip_chance"].max() > 0


def test_places_without_a_road_stay_unassessed_in_every_draw(town):
    found = coverage_intervals(town, Uncertainty(draws=5))
    assert np.isnan(found.homes["in_time_chance"]["H13"])
    assert found.rates.loc[("city", "T", "elders"), "not_assessed"] == 10
    assert found.rates.loc[("city", "T", "elders"), "covered_p95"] <= 110


def test_minutes_brought_along_are_drawn_in_speed_and_detour_only(town):
    pairs = pd.DataFrame({"facility_id": "F1", "home_id": ["H01", "H02"], "minutes": [14.0, 5.0]})
    own = replace(town, tables=replace(town.tables, minutes=pairs))
    terms = Uncertainty(draws=400, speed_share=0.0, detour=(1.2, 1.5))
    found = coverage_intervals(own, terms)
    expected = np.mean(14.0 * terms.detour_factors() <= 15.0)
    assert found.homes["in_time_chance"]["H01"] == expected
    # covered while the true factor is at most 15 / 14 * 1.3 = 1.393 of 1.2 to 1.5
    assert abs(expected - (15 / 14 * 1.3 - 1.2) / 0.3) < 0.1
    assert found.homes["in_time_chance"]["H02"] == 1.0
    assert found.uncertainty.home_m == found.uncertainty.facility_m == 0.0


def test_a_detour_is_not_drawn_for_minutes_searched_along_roads(town):
    with pytest.raises(InputError, match="leave it out"):
        coverage_intervals(town, Uncertainty(detour=(1.2, 1.5)))


def test_all_bad_terms_are_said_at_once():
    with pytest.raises(InputError) as fault:
        Uncertainty(draws=0, seed=-1, speed_share=1.0, home_m=-1.0, detour=(1.5, 1.2))
    for part in ("draws is 0", "seed is -1", "speed_share is 1.0", "home_m is -1.0", "detour is"):
        assert part in str(fault.value)


def test_homes_of_a_grid_stand_anywhere_in_their_cell(town):
    spots = [shapely.Point(100 * x, 100 * y) for x in range(5) for y in range(5)]
    homes = gpd.GeoDataFrame(
        {"area_id": "W"}, geometry=spots, crs=CRS, index=[f"H{k}" for k in range(25)]
    )
    study = replace(town, tables=replace(town.tables, homes=homes))
    assert usual_uncertainty(study).home_m == 10.0
    gridded = replace(study, settings={"homes": {"method": "areas"}})
    assert usual_uncertainty(gridded).home_m == round(100 / np.sqrt(np.pi), 3)


def test_200_draws_of_the_sample_city_cost_less_than_30_seconds_on_two_cores(city):
    study, places = city.study, city.open_today
    spots = (study.homes.geometry, study.facilities.geometry.loc[places.index])
    next(draw_minutes(city.search, places, spots, Uncertainty(draws=1)))  # compiled by now
    start = time.process_time()
    coverage_intervals(city, Uncertainty(draws=20))
    assert (time.process_time() - start) * 10 < 60, "seconds of both cores together"


def test_intervals_read_well_in_a_notebook(town):
    html = coverage_intervals(town, Uncertainty(draws=3, **SURE))._repr_html_()
    assert "80 / 130" in html
    assert "61.5 - 61.5 %" in html
    assert "assumption" in html
