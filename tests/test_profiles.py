"""Who may use which road, in which direction, and how fast."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

import carecircle as cc
from carecircle.roads.access import edge_seconds, linkable, speeds, tobler_factor
from towns import minutes_of, roads_of, street, walk

WALK, WHEELCHAIR, BIKE, CAR = (
    cc.PROFILES[name] for name in ("elder_default", "wheelchair", "ebike", "car")
)


def is_open(profile, **tags):
    """Whether a piece with these tags is open (forward, backward)."""
    roads = street(0, 100, **tags)
    return np.isfinite(edge_seconds(roads, profile))[0].tolist()


BOTH, NONE, ON, BACK = [True, True], [False, False], [True, False], [False, True]


@pytest.mark.parametrize(
    ("highway", "walk_", "wheelchair", "bike", "car"),
    [
        ("residential", 1, 1, 1, 1),
        ("footway", 1, 1, 0, 0),
        ("steps", 1, 0, 0, 0),
        ("path", 1, 1, 1, 0),
        ("cycleway", 1, 1, 1, 0),
        ("motorway", 0, 0, 0, 1),
        ("trunk_link", 0, 0, 1, 1),
        ("trunk", 1, 1, 1, 1),
        ("construction", 0, 0, 0, 0),
        ("platform", 0, 0, 0, 0),
    ],
)
def test_classes_are_open_to_some_and_closed_to_others(highway, walk_, wheelchair, bike, car):
    for profile, want in ((WALK, walk_), (WHEELCHAIR, wheelchair), (BIKE, bike), (CAR, car)):
        assert is_open(profile, highway=highway) == (BOTH if want else NONE), profile.name


@pytest.mark.parametrize(
    ("tags", "profile", "want"),
    [
        ({"access": "private"}, WALK, NONE),
        ({"access": "private", "foot": "yes"}, WALK, BOTH),
        ({"access": "yes", "foot": "no"}, WALK, NONE),
        ({"access": "no", "motor_vehicle": "destination"}, CAR, BOTH),
        ({"motor_vehicle": "no"}, CAR, NONE),
        ({"motor_vehicle": "no"}, WALK, BOTH),
        ({"highway": "motorway", "foot": "yes"}, WALK, BOTH),
        ({"highway": "construction", "foot": "yes"}, WALK, NONE),
        ({"highway": "footway", "bicycle": "designated"}, BIKE, BOTH),
        ({"highway": "steps", "wheelchair": "yes"}, WHEELCHAIR, BOTH),
        ({"wheelchair": "no"}, WHEELCHAIR, NONE),
        ({"wheelchair": "no"}, WALK, BOTH),
        ({"access": None}, WALK, BOTH),
    ],
)
def test_the_most_particular_tag_decides(tags, profile, want):
    assert is_open(profile, **tags) == want


@pytest.mark.parametrize(
    ("tags", "profile", "want"),
    [
        ({"oneway": "yes"}, CAR, ON),
        ({"oneway": "-1"}, CAR, BACK),
        ({"oneway": "no"}, CAR, BOTH),
        ({"oneway": None}, CAR, BOTH),
        ({"oneway": "yes"}, WALK, BOTH),
        ({"oneway": "yes", "oneway_foot": "yes"}, WALK, ON),
        ({"oneway": "yes"}, BIKE, ON),
        ({"oneway": "yes", "oneway_bicycle": "no"}, BIKE, BOTH),
        ({"oneway": "yes", "oneway_bicycle": "no"}, CAR, ON),
    ],
)
def test_one_way_binds_vehicles_and_feet_only_where_said(tags, profile, want):
    assert is_open(profile, **tags) == want


@pytest.mark.parametrize(
    ("maxspeed", "kmh"),
    [("40", 30), ("40 km/h", 30), ("40 mph", 40 * 1.609344 * 0.75), ("30mph", 30 * 1.609344 * 0.75),
     ("60.5", 45.375), ("walk", 20), ("CN:urban", 20), ("none", 20), (None, 20), ("0", 20),
     (" 40 ", 30), (40, 30)],
)  # fmt: skip
def test_a_car_drives_three_quarters_of_the_limit_or_else_by_class(maxspeed, kmh):
    roads = street(0, 100, maxspeed=[maxspeed])
    assert (speeds(roads, CAR) * 3.6).tolist() == pytest.approx([kmh])


def test_class_speeds_hold_for_cars_only_and_unknown_classes_take_the_profiles():
    roads = street(0, 1, 2, 3, highway=["motorway", "tertiary", "strange"])
    assert (speeds(roads, CAR) * 3.6).tolist() == pytest.approx([90, 30, 20])
    assert speeds(roads, WALK).tolist() == [1.0, 1.0, 1.0]


def test_ready_profiles_say_what_15_minutes_are_in_metres():
    metres = {name: round(profile.metres(15), 6) for name, profile in cc.PROFILES.items()}
    assert metres == {
        "elder_default": 900, "elder_slow": 720, "adult": 1080, "wheelchair": 603,
        "gb_800": 800, "gb_1000": 1000, "ebike": 3750, "car": 5000,
    }  # fmt: skip
    assert all(profile.source for profile in cc.PROFILES.values())


def test_the_fixed_distance_profile_covers_exactly_800_metres():
    roads = street(0, 1000)
    found = minutes_of(roads, {"H": (0, 0)}, {"F": (800, 0)}, profile=cc.PROFILES["gb_800"])
    assert found == {"H": 15.0}


def test_signals_cost_seconds_by_their_number():
    car = replace(CAR, class_kmh={}, speed_m_s=1.0, access_minutes=0)
    roads = street(0, 100, 200, 300, signals=[1, None, 2])
    assert minutes_of(roads, {"H": (0, 0)}, {"F": (300, 0)}, profile=car) == {"H": walk(345)}


def test_crossing_a_major_road_without_a_signal_costs_once_per_road_crossed():
    walker = replace(WALK, crossing_seconds=10)
    side = [
        ("a", "x", [(0, 0), (100, 0)]),
        ("x", "b", [(100, 0), (200, 0)]),
        ("s", "x", [(100, -50), (100, 0)], {"highway": "secondary"}),
        ("x", "n", [(100, 0), (100, 50)], {"highway": "secondary"}),
    ]
    places = {"H": (0, 0)}, {"F": (200, 0)}
    assert minutes_of(roads_of(*side), *places, profile=walker) == {"H": walk(210)}
    lit = roads_of(*side).assign(signals=[1, 1, 0, 0])
    assert minutes_of(lit, *places, profile=walker) == {"H": walk(200)}
    quiet = roads_of(*side).assign(highway="residential")
    assert minutes_of(quiet, *places, profile=walker) == {"H": walk(200)}
    # along the major road itself nothing is crossed
    along = minutes_of(roads_of(*side), {"H": (100, -50)}, {"F": (100, 50)}, profile=walker)
    assert along == {"H": walk(100)}


def test_uphill_is_slower_than_level_and_gently_downhill_faster():
    hiker = replace(WALK, slope="tobler")
    hill = street(0, 600, grade=[0.1])
    up, down = ({"H": (0, 0)}, {"F": (600, 0)}), ({"H": (600, 0)}, {"F": (0, 0)})
    level = 600 / 60
    assert minutes_of(hill, *up, profile=hiker)["H"] == pytest.approx(level / np.exp(-0.35))
    assert minutes_of(hill, *down, profile=hiker)["H"] == pytest.approx(level)
    assert minutes_of(hill, *up)["H"] == level
    missing = street(0, 600, grade=[np.nan])
    assert minutes_of(missing, *up, profile=hiker)["H"] == level
    assert tobler_factor(np.array([-0.05])).tolist() == pytest.approx([np.exp(0.175)])


def test_a_trip_from_a_facility_uphill_takes_the_other_gradient():
    hiker = replace(WALK, slope="tobler")
    hill = street(0, 600, grade=[0.1])
    places = {"H": (0, 0)}, {"F": (600, 0)}
    there = minutes_of(hill, *places, profile=hiker)["H"]
    back = minutes_of(hill, *places, profile=hiker, direction="from_facility")["H"]
    assert there == pytest.approx(10 / np.exp(-0.35))
    assert back == pytest.approx(10)


def test_a_ramp_over_8_percent_is_a_barrier_for_wheelchairs_only():
    for grade, want in ((0.08, BOTH), (-0.08, BOTH), (0.081, NONE), (-0.2, NONE), (None, BOTH)):
        assert is_open(WHEELCHAIR, grade=[grade]) == want
        assert is_open(WALK, grade=[grade]) == BOTH


def test_places_are_not_entered_from_structures_or_motorways():
    roads = street(
        0, 1, 2, 3, 4,
        highway=["residential", "residential", "motorway_link", "residential"],
        bridge=["no", "yes", None, None],
        tunnel=[None, None, None, "building_passage"],
    )  # fmt: skip
    assert linkable(roads, edge_seconds(roads, CAR)).tolist() == [True, False, False, False]


def test_a_profile_is_frozen_and_its_speed_checked():
    with pytest.raises(FrozenInstanceError):
        WALK.speed_m_s = 2.0
    with pytest.raises(ValueError, match=r"'elder_default@0': speed_m_s is 0, expected 0.05 to 60"):
        WALK.at_speed(0)
    fast = WALK.at_speed(1.5)
    assert (fast.name, fast.speed_m_s, WALK.speed_m_s) == ("elder_default@1.5", 1.5, 1.0)


def test_the_access_leg_is_walked_even_by_car():
    assert (CAR.leg_speed_m_s, BIKE.leg_speed_m_s) == (1.0, 1.0)
    assert WHEELCHAIR.leg_speed_m_s == 0.67
    assert replace(CAR, access_speed_m_s=0.5).leg_speed_m_s == 0.5
