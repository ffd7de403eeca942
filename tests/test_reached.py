"""Reached road pieces against minutes found another way at points along the roads."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import carecircle as cc
from carecircle.errors import InputError
from towns import (
    CRS,
    WALK,
    every_pair,
    grid,
    on_pieces,
    points,
    roads_of,
    street,
    towns_with_places,
)

COLUMNS = ["facility_id", "road_id", "start_m", "end_m", "minutes_start", "minutes_end"]


def reached(roads, facilities, minutes, *, profile=WALK, **options):
    network = cc.RoadNetwork.from_roads(roads, profile)
    places = points(facilities)
    return cc.reached_roads(
        network, places, cc.locate(network, places), max_minutes=minutes, **options
    )


def test_the_last_piece_is_cut_where_the_limit_runs_out():
    parts = reached(street(0, 100, 1000), {"F": (40, 0)}, 5)
    road = parts[parts["road_id"].notna()].reset_index(drop=True)
    assert road[COLUMNS].to_numpy().tolist() == [
        ["F", "r000", 0.0, 40.0, pytest.approx(40 / 60), 0.0],
        ["F", "r000", 40.0, 100.0, 0.0, 1.0],
        ["F", "r001", 0.0, 240.0, 1.0, 5.0],
    ]
    assert road.geometry.iloc[-1].equals(shapely.LineString([(100, 0), (340, 0)]))


def test_the_access_leg_is_a_part_and_takes_its_time():
    parts = reached(street(0, 1000), {"F": (500, 60)}, 5)
    leg = parts[parts["road_id"].isna()].iloc[0]
    assert (leg["minutes_start"], leg["minutes_end"], leg["end_m"]) == (0.0, 1.0, 60.0)
    assert list(leg.geometry.coords) == [(500, 60), (500, 0)]
    road = parts[parts["road_id"].notna()]
    assert road.length.sum() == pytest.approx(2 * 240)


def test_an_access_leg_longer_than_the_limit_is_cut_and_no_road_is_reached():
    parts = reached(street(0, 1000), {"F": (500, 120)}, 1)
    assert parts["road_id"].isna().tolist() == [True]
    assert list(parts.geometry.iloc[0].coords) == [(500, 120), (500, 60)]
    assert parts["minutes_end"].tolist() == [1.0]


def test_extra_minutes_are_spent_before_the_access_leg():
    extra = pd.Series({"F": 3.0})
    parts = reached(street(0, 1000), {"F": (500, 60)}, 5, extra_minutes=extra)
    assert parts["minutes_start"].iloc[0] == 3.0
    assert parts[parts["road_id"].notna()].length.sum() == pytest.approx(2 * 60)
    assert len(reached(street(0, 1000), {"F": (500, 60)}, 2, extra_minutes=extra)) == 0


def test_a_limit_below_the_profiles_access_minutes_reaches_nothing():
    parked = replace(WALK, access_minutes=3.0)
    roads = roads_of(("a", "b", [(0, 0), (90, 0)]), ("b", "c", [(90, 0), (90, 0)]))
    assert len(reached(roads, {"F": (90, 0)}, 2, profile=parked)) == 0
    just = reached(roads, {"F": (90, 0)}, 3.5, profile=parked)
    assert just["minutes_start"].min() == 3.0
    assert just.length.sum() == pytest.approx(30)


def test_a_piece_reached_from_both_ends_is_cut_where_both_take_equally_long():
    ring = roads_of(
        ("a", "b", [(0, 0), (60, 0)]),
        ("b", "c", [(60, 0), (60, 180), (0, 180)]),
        ("c", "a", [(0, 180), (0, 0)]),
    )
    parts = reached(ring, {"F": (0, 0)}, 30)
    cut = parts[parts["road_id"] == "r001"]
    assert cut["end_m"].tolist() == [180.0, 240.0]
    assert cut["minutes_end"].tolist() == [4.0, 3.0]
    assert parts[["minutes_start", "minutes_end"]].max(axis=None) == 4.0


def test_a_one_way_street_is_reached_on_one_side_only():
    car = cc.TravelProfile("car", "car", 1.0, "test")
    roads = street(0, 600, oneway="yes")
    to = reached(roads, {"F": (300, 0)}, 2, profile=car)
    assert to[to["road_id"].notna()][["start_m", "end_m"]].to_numpy().tolist() == [[180.0, 300.0]]
    away = reached(roads, {"F": (300, 0)}, 2, profile=car, direction="from_facility")
    assert away[away["road_id"].notna()][["start_m", "end_m"]].to_numpy().tolist() == [
        [300.0, 420.0]
    ]


def test_facilities_and_positions_are_joined_by_id():
    network = cc.RoadNetwork.from_roads(street(0, 1000), WALK)
    places = points({"A": (100, 30), "B": (900, 60)})
    at = cc.locate(network, places)
    straight = cc.reached_roads(network, places, at, max_minutes=5)
    crossed = cc.reached_roads(network, places, at.iloc[::-1], max_minutes=5)
    by = ["facility_id", "road_id", "start_m"]
    assert_frame_equal(
        straight.sort_values(by, ignore_index=True), crossed.sort_values(by, ignore_index=True)
    )


def test_a_facility_without_a_position_record_is_named():
    network = cc.RoadNetwork.from_roads(street(0, 1000), WALK)
    places = points({"A": (100, 30), "B": (900, 60)})
    at = cc.locate(network, places[:1])
    with pytest.raises(InputError, match="1 facilities have none, first 'B'"):
        cc.reached_roads(network, places, at, max_minutes=5)


@pytest.mark.parametrize("minutes", [0, -1, np.inf, np.nan])
def test_the_limit_is_a_positive_number(minutes):
    with pytest.raises(InputError, match="give a positive number of minutes"):
        reached(street(0, 100), {"F": (0, 0)}, minutes)


def test_unlinked_and_missing_facilities_have_no_rows_and_no_facilities_none_at_all():
    parts = reached(street(0, 100), {"far": (0, 900), "none": None, "F": (0, 0)}, 1)
    assert set(parts["facility_id"]) == {"F"}
    none = reached(street(0, 100), {}, 1)
    assert len(none) == 0
    assert none.columns.tolist() == parts.columns.tolist()
    assert none.crs == CRS


def test_in_a_grid_town_the_reached_length_is_counted_on_fingers():
    # 3 minutes = 180 m from the middle of a 5 x 5 grid: 4 x 100 m, then 12 arms of 80 m
    parts = reached(grid(5, 5), {"F": (200, 200)}, 3)
    assert parts.length.sum() == pytest.approx(4 * 100 + 12 * 80)


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
@given(
    town=towns_with_places(max_homes=1, max_facilities=2, max_pieces=7), limit=st.floats(0.5, 12)
)
@settings(max_examples=12)
def test_points_on_parts_have_their_minutes_and_others_are_beyond(direction, town, limit):
    roads, network, _, at = town
    spots = gpd.points_from_xy(at["x"], at["y"])
    places = gpd.GeoDataFrame(geometry=spots, index=at.index, crs=CRS)
    at = at.assign(access_m=0.0)
    parts = cc.reached_roads(network, places, at, max_minutes=limit, direction=direction)
    opened = np.flatnonzero(network.chains.chain >= 0)
    samples = on_pieces(
        network, [(p, f, 0.0) for p in opened for f in (0.03, 0.5, 0.77)], "home_id"
    )
    table = every_pair(roads, network, samples, at, towards=direction == "to_facility")
    name = {row: f"r{row:03d}" for row in opened}
    for facility in at.index:
        mine = parts[parts["facility_id"] == facility].set_index("road_id")
        for home, sample in samples.iterrows():
            metre = sample["fraction"] * network.length_m[int(sample["piece"])]
            on = mine[mine.index == name[int(sample["piece"])]]
            on = on[(on["start_m"] - 1e-7 <= metre) & (on["end_m"] + 1e-7 >= metre)]
            want = table.loc[home, facility]
            if on.empty:
                assert want > limit - 1e-8
                continue
            share = (metre - on["start_m"]) / (on["end_m"] - on["start_m"])
            minutes = on["minutes_start"] + share * (on["minutes_end"] - on["minutes_start"])
            assert minutes.min() == pytest.approx(want, abs=1e-8)
    assert (parts[["minutes_start", "minutes_end"]] <= limit + 1e-9).all(axis=None)
    road = parts[parts["road_id"].notna()]
    np.testing.assert_allclose(road.length, road["end_m"] - road["start_m"], atol=1e-6)
