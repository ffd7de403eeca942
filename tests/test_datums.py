"""GCJ-02 and BD-09: conversion against published vectors, and detection of a wrong declaration."""

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from carecircle.errors import CrsError, InputError
from carecircle.inputs import datums
from carecircle.inputs.datums import datum_issue, detect_datum, from_wgs84, to_wgs84

UTM50 = "EPSG:32650"
SHIFTED = ("gcj02", "bd09")


@pytest.fixture(scope="module")
def cities(real_data):
    return pd.read_csv(real_data / "crs" / "gcj02_bd09_city_vectors.csv")


@pytest.fixture(scope="module")
def pairs(real_data):
    return pd.read_csv(real_data / "crs" / "eviltransform_vectors.csv", index_col="label")


@pytest.fixture(scope="module")
def wuhan(real_data):
    return gpd.read_parquet(real_data / "roads" / "wuhan_drive.parquet").to_crs(UTM50)


def near_roads(roads, count, noise_m, seed):
    """Points beside random roads, with normal noise in both directions."""
    rng = np.random.default_rng(seed)
    lines = roads.geometry.to_numpy()[rng.choice(len(roads), count)]
    on_line = shapely.line_interpolate_point(lines, rng.random(count), normalized=True)
    there = shapely.get_coordinates(on_line) + rng.normal(0, noise_m, (count, 2))
    return gpd.GeoSeries(shapely.points(there), crs=UTM50)


def read_as(points, *, really, declared):
    """What reading delivers when points of datum ``really`` are declared as another."""
    lonlat = points.to_crs(4326)
    raw = from_wgs84(lonlat.x.to_numpy(), lonlat.y.to_numpy(), really)
    lon, lat = to_wgs84(*raw, declared)
    return gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(points.crs)


@pytest.mark.realdata
def test_city_vectors_agree_within_the_rounding_of_their_source(cities):
    gcj = from_wgs84(cities.wgs84_lon, cities.wgs84_lat, "gcj02")
    assert len(cities) == 165
    assert np.abs(gcj[0] - cities.gcj02_lon).max() <= 7.31e-6
    assert np.abs(gcj[1] - cities.gcj02_lat).max() <= 7.31e-6
    # the second step on its own: the listed GCJ-02 brought back, then to BD-09
    bd = from_wgs84(*to_wgs84(cities.gcj02_lon, cities.gcj02_lat, "gcj02"), "bd09")
    assert np.abs(bd[0] - cities.bd09_lon).max() <= 1e-7
    assert np.abs(bd[1] - cities.bd09_lat).max() <= 1e-7


@pytest.mark.realdata
@pytest.mark.parametrize(
    "label",
    ["shanghai", "shenzhen", "beijing", "denver (outside China)", "brisbane (outside China)"],
)
def test_published_pairs_to_gcj02_agree(pairs, label):
    pair = pairs.loc[label]
    lon, lat = from_wgs84(pair.in_lon, pair.in_lat, "gcj02")
    assert (lon, lat) == pytest.approx((pair.out_lon, pair.out_lat), abs=pair.tolerance_deg)


@pytest.mark.realdata
@pytest.mark.parametrize("label", ["zhejiang A", "zhejiang B"])
def test_published_bd09_pairs_differ_by_a_known_slip_of_their_source(pairs, label):
    # The two rows come from an early version that used pi where the formula has pi * 3000 / 180
    # (its present code has the latter, and so have the 165 cities), with a one-step inverse.
    pair = pairs.loc[label]
    x, y = pair.in_lon - 0.0065, pair.in_lat - 0.006
    radius = math.hypot(x, y) - 0.00002 * math.sin(y * math.pi)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * math.pi)
    gcj = np.array([radius * math.cos(angle), radius * math.sin(angle)])
    one_step = 2 * gcj - np.array(datums._gcj02(*gcj))
    assert one_step == pytest.approx([pair.out_lon, pair.out_lat], abs=1e-12)
    ours = np.array(to_wgs84(pair.in_lon, pair.in_lat, "bd09"))
    assert np.abs(ours - [pair.out_lon, pair.out_lat]).max() < 4e-4


@pytest.mark.parametrize("datum", SHIFTED)
def test_inverse_returns_to_the_input_all_over_the_box(datum):
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(72.01, 137.8, 50_000), rng.uniform(0.84, 55.8, 50_000)
    again = datums._shift(*to_wgs84(lon, lat, datum), datum)
    assert np.abs(again[0] - lon).max() < 1e-9
    assert np.abs(again[1] - lat).max() < 1e-9


@pytest.mark.parametrize("datum", SHIFTED)
def test_there_and_back_is_the_same_place_inside_china(datum):
    rng = np.random.default_rng(8)
    lon, lat = rng.uniform(73.5, 135, 50_000), rng.uniform(18, 53.5, 50_000)
    back = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert np.abs(back[0] - lon).max() < 1e-9
    assert np.abs(back[1] - lat).max() < 1e-9


@pytest.mark.parametrize("convert", [from_wgs84, to_wgs84])
@pytest.mark.parametrize("datum", [*SHIFTED, "wgs84", "cgcs2000"])
@pytest.mark.parametrize(
    "place", [(-0.1, 51.5), (9.5, 47.1), (-51.2, -30.0), (72.0, 30.0), (100.0, 90)]
)
def test_places_outside_the_box_do_not_move(convert, datum, place):
    lon, lat = convert(*place, datum)
    assert (lon, lat) == place


@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000"])
def test_wgs84_and_cgcs2000_do_not_move(datum):
    assert from_wgs84(106.8, 39.65, datum) == (106.8, 39.65)
    assert to_wgs84(106.8, 39.65, datum) == (106.8, 39.65)


def test_the_shift_in_wuhai_is_hundreds_of_metres():
    for datum, low, high in (("gcj02", 100, 700), ("bd09", 600, 1600)):
        lon, lat = from_wgs84(106.794, 39.655, datum)
        east = (lon - 106.794) * 111_320 * math.cos(math.radians(39.655))
        north = (lat - 39.655) * 111_320
        assert low < math.hypot(east, north) < high


def test_missing_stays_missing_and_inputs_stay_unchanged():
    lon, lat = np.array([106.8, np.nan]), np.array([39.6, 39.6])
    out = to_wgs84(lon, lat, "gcj02")
    assert np.isnan(out[0]).tolist() == [False, True]
    assert lon[0] == 106.8
    same = to_wgs84(lon, lat, "wgs84")
    same[0][0] = 0
    assert lon[0] == 106.8


@settings(deadline=None)
@given(
    st.floats(73.5, 135), st.floats(18, 53.5), st.integers(0, 4), st.sampled_from(["gcj02", "bd09"])
)
def test_a_point_converts_alike_alone_and_in_a_table(lon, lat, position, datum):
    lons, lats = np.full(5, 110.0), np.full(5, 30.0)
    lons[position], lats[position] = lon, lat
    alone, among = to_wgs84(lon, lat, datum), to_wgs84(lons, lats, datum)
    assert alone[0] == pytest.approx(among[0][position], abs=1e-12)
    assert alone[1] == pytest.approx(among[1][position], abs=1e-12)


def test_an_unknown_datum_is_refused_with_the_choices():
    with pytest.raises(InputError, match="'mars'; expected one of wgs84, cgcs2000, gcj02, bd09"):
        to_wgs84(106.8, 39.6, "mars")


@pytest.mark.realdata
@pytest.mark.parametrize("really", ["wgs84", "gcj02", "bd09"])
@pytest.mark.parametrize("declared", ["wgs84", "cgcs2000", "gcj02", "bd09"])
def test_detection_names_the_true_datum_in_every_direction(wuhan, really, declared):
    points = read_as(near_roads(wuhan, 100, 20, seed=3), really=really, declared=declared)
    evidence = detect_datum(points, wuhan, declared=declared)
    right = really == declared or (really == "wgs84" and declared == "cgcs2000")
    assert evidence.best == (declared if right else really)
    assert evidence.suspicious == (not right)
    assert (datum_issue(evidence, "facilities") is None) == right


@pytest.mark.realdata
@pytest.mark.parametrize("noise_m", [5, 60, 300])
@pytest.mark.parametrize("count", [8, 25, 200])
def test_correct_points_raise_no_alarm(wuhan, count, noise_m):
    for seed in range(5):
        points = near_roads(wuhan, count, noise_m, seed)
        for declared in ("wgs84", "gcj02", "bd09"):
            read = read_as(points, really=declared, declared=declared)
            assert not detect_datum(read, wuhan, declared=declared).suspicious


@pytest.mark.realdata
def test_correct_points_in_a_sparse_network_raise_no_alarm(wuhan):
    # one road in two hundred is left: most points lie kilometres from any of them
    sparse = wuhan.iloc[::200]
    rng = np.random.default_rng(5)
    west, south, east, north = sparse.total_bounds
    for count in (8, 30, 300):
        scattered = shapely.points(rng.uniform([west, south], [east, north], (count, 2)))
        for declared in ("wgs84", "gcj02", "bd09"):
            points = gpd.GeoSeries(scattered, crs=UTM50)
            assert not detect_datum(points, sparse, declared=declared).suspicious


@pytest.mark.realdata
def test_the_issue_gives_the_evidence_and_names_the_study_key(wuhan):
    points = read_as(near_roads(wuhan, 200, 20, seed=1), really="gcj02", declared="wgs84")
    evidence = detect_datum(points, wuhan, declared="wgs84")
    issue = datum_issue(evidence, "facilities")
    assert (issue.code, issue.severity, issue.used) == ("datum_suspicious", "warning", "wgs84")
    assert 'set datum = "gcj02" under [facilities]' in issue.fix
    assert "declared wgs84, median distance to the nearest road: wgs84" in issue.found
    assert f"{evidence.closer} of 200 points lie closer to a road as gcj02" in issue.found
    assert evidence.median_m["gcj02"] < 20 < evidence.median_m["wgs84"]


@pytest.mark.parametrize(("declared", "suspicious"), [("wgs84", True), ("gcj02", False)])
def test_the_shifted_file_of_the_sample_city_is_found_out(declared, suspicious):
    sample = Path(__file__).parents[1] / "data" / "wuhai"
    roads = gpd.read_parquet(sample / "roads.parquet")
    table = pd.read_csv(sample / "meal_points_gcj02.csv")
    lon, lat = to_wgs84(table["经度"], table["纬度"], declared)
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326)
    evidence = detect_datum(points, roads, declared=declared)
    assert (evidence.best, evidence.suspicious) == ("gcj02", suspicious)


def straight_road():
    return gpd.GeoSeries(
        [shapely.LineString([(240_000, 3_380_000), (260_000, 3_380_000)])], crs=UTM50
    )


def beside(count, offset_m=5.0):
    xs = np.linspace(242_000, 258_000, count)
    return gpd.GeoSeries(shapely.points(xs, 3_380_000 + offset_m), crs=UTM50)


def test_seven_points_give_no_verdict_and_say_so():
    points = read_as(beside(7), really="gcj02", declared="wgs84")
    evidence = detect_datum(points, straight_road(), declared="wgs84")
    assert not evidence.suspicious
    issue = datum_issue(evidence, "facilities")
    assert (issue.code, issue.severity) == ("datum_not_tested", "note")
    assert "7 points are too few" in issue.found


def test_a_few_points_that_fit_another_datum_better_are_doubtful():
    # two of nine lie on the road by chance as declared: 7 of 9 closer is no proof, and no silence
    really = read_as(beside(7), really="gcj02", declared="wgs84")
    points = pd.concat([really, beside(2, offset_m=1.0)])
    evidence = detect_datum(points, straight_road(), declared="wgs84")
    assert (evidence.n, evidence.closer, evidence.suspicious) == (9, 7, False)
    issue = datum_issue(evidence, "facilities")
    assert (issue.code, issue.severity, issue.used) == ("datum_doubtful", "note", "wgs84")
    assert "7 of 9 lie closer as gcj02" in issue.found
    right = detect_datum(beside(9), straight_road(), declared="wgs84")
    assert datum_issue(right, "facilities") is None


def test_eight_points_that_all_agree_are_enough():
    points = read_as(beside(8), really="gcj02", declared="wgs84")
    evidence = detect_datum(points, straight_road(), declared="wgs84")
    assert (evidence.n, evidence.closer, evidence.suspicious) == (8, 8, True)
    assert evidence.median_m["gcj02"] == pytest.approx(5, abs=0.01)


def test_outside_china_all_datums_are_one_and_nothing_is_suspicious():
    road = gpd.GeoSeries(
        [shapely.LineString([(540_000, 5_220_000), (560_000, 5_220_000)])], crs=32632
    )
    points = gpd.GeoSeries(shapely.points(np.linspace(541_000, 559_000, 50), 5_220_500), crs=32632)
    evidence = detect_datum(points, road, declared="gcj02")
    assert (evidence.best, evidence.suspicious) == ("gcj02", False)
    assert len(set(evidence.median_m.values())) == 1


def test_points_without_geometry_are_left_out_of_the_evidence():
    points = pd.concat([beside(9), gpd.GeoSeries([None, shapely.Point()], crs=UTM50)])
    assert detect_datum(points, straight_road(), declared="wgs84").n == 9
    nobody = gpd.GeoSeries([None], crs=UTM50)
    assert detect_datum(nobody, straight_road(), declared="wgs84").n == 0


@pytest.mark.parametrize("place", [(30, 106), (1e9, 1e9), (117, 90), (-63, 0), (math.inf, 0)])
def test_places_off_the_map_do_not_break_the_test(place):
    nowhere = gpd.GeoSeries(shapely.points([place] * 10), crs=4326)
    points = pd.concat([beside(9), nowhere.set_crs(UTM50, allow_override=True)])
    assert not detect_datum(points, straight_road(), declared="wgs84").suspicious
    assert not detect_datum(nowhere, straight_road(), declared="gcj02").suspicious


def test_polygons_count_by_their_centroid():
    evidence = detect_datum(beside(9).buffer(3), straight_road(), declared="wgs84")
    assert evidence.median_m["wgs84"] == pytest.approx(5, abs=0.01)


def test_tables_without_a_usable_crs_are_refused():
    with pytest.raises(CrsError, match="points: no CRS"):
        detect_datum(
            beside(9).set_crs(None, allow_override=True), straight_road(), declared="wgs84"
        )
    with pytest.raises(CrsError, match="is not projected; reproject to metres"):
        detect_datum(beside(9), straight_road().to_crs(4326), declared="wgs84")
    with pytest.raises(InputError, match="no line"):
        detect_datum(beside(9), gpd.GeoSeries([], crs=UTM50), declared="wgs84")


def test_detection_leaves_its_inputs_unchanged():
    points, roads = beside(9), straight_road()
    before = points.copy(), roads.copy()
    detect_datum(points, roads, declared="bd09")
    assert points.equals(before[0])
    assert roads.equals(before[1])
