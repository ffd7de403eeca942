"""Minutes on towns whose answers are counted on fingers: 100 m blocks, 1.0 m/s."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.errors import InputError
from towns import WALK, grid, minutes_of, nearest_of, on_pieces, points, roads_of, street, walk

LINE = street(0, 100, 300, 1000)


def test_900_metres_take_exactly_15_minutes_and_are_within():
    found = nearest_of(LINE, {"H": (50, 0)}, {"F": (950, 0)}, max_minutes=15)
    assert found.loc["H", "minutes"] == 15.0
    assert found.loc["H", "metres"] == 900.0


def test_900_metres_and_a_centimetre_are_not_within():
    found = nearest_of(LINE, {"H": (49.99, 0)}, {"F": (950, 0)}, max_minutes=15)
    assert np.isnan(found.loc["H", "minutes"])
    assert found.loc["H", "reason"] == "beyond_limit"
    assert pd.isna(found.loc["H", "facility_id"])
    assert minutes_of(LINE, {"H": (49.99, 0)}, {"F": (950, 0)}) == {"H": walk(900.01)}


def test_reach_includes_a_place_exactly_at_the_limit():
    network = cc.RoadNetwork.from_roads(LINE, WALK)
    homes = cc.locate(network, points({"at": (50, 0), "over": (49.99, 0)}, "home_id"))
    facility = cc.locate(network, points({"F": (950, 0)}))
    pairs = cc.reach(network, facility, homes, max_minutes=15)
    assert pairs.to_dict("list") == {"facility_id": ["F"], "home_id": ["at"], "minutes": [15.0]}


def test_900_metres_of_odd_lengths_still_make_15_minutes():
    stops = np.cumsum([0, *[900 / 7] * 7])
    assert minutes_of(street(*stops), {"H": (0, 0)}, {"F": (900, 0)}) == {"H": 15.0}


def test_both_access_legs_are_walked_and_shown():
    found = nearest_of(LINE, {"H": (100, 30)}, {"F": (400, -60)}).loc["H"]
    assert found["minutes"] == walk(30 + 300 + 60)
    assert found["metres"] == 390
    assert found["access_m"] == 30


def test_a_trip_along_one_piece_does_not_go_round_by_its_ends():
    assert minutes_of(LINE, {"H": (310, 0)}, {"F": (370, 0)}) == {"H": 1.0}


def test_places_beyond_both_ends_of_a_piece_go_round_where_that_is_shorter():
    ring = roads_of(
        ("a", "b", [(0, 0), (0, 600), (30, 600), (30, 0)]), ("a", "b", [(0, 0), (30, 0)])
    )
    # along the long piece 1,110 m; by its two ends 60 + 30 + 60 m
    assert minutes_of(ring, {"H": (0, 60)}, {"F": (30, 60)}) == {"H": 2.5}


def test_the_same_corner_entered_from_two_streets_is_no_distance():
    network = cc.RoadNetwork.from_roads(grid(2, 2), WALK)
    # piece 0 runs east and piece 2 north from node 0,0
    home, facility = (
        on_pieces(network, [(k, 0.0, 0.0)], n) for k, n in ((0, "home_id"), (2, "facility_id"))
    )
    found = cc.nearest(network, home, facility)
    assert found["minutes"].tolist() == [0.0]
    assert cc.reach(network, facility, home, max_minutes=1)["minutes"].tolist() == [0.0]


@pytest.mark.parametrize("at", [100 / 3, 0.1, 77.7])
def test_the_same_spot_on_a_one_way_street_is_no_distance_from_either_piece(at):
    # both stand at the joint of two pieces, but round-off may put one behind the other
    roads = roads_of(
        ("b", "c", [(at, 0), (100, 0)]), ("a", "b", [(0, 0), (at, 0)]), oneway_foot="yes"
    )
    network = cc.RoadNetwork.from_roads(roads, WALK)
    for home_at, facility_at in [((1, 1 - 1e-16), (0, 1e-17)), ((0, 1e-17), (1, 1 - 1e-16))]:
        home = on_pieces(network, [(*home_at, 0.0)], "home_id")
        facility = on_pieces(network, [(*facility_at, 0.0)], "facility_id")
        assert cc.nearest(network, home, facility)["minutes"].tolist() == [0.0]
        assert cc.reach(network, facility, home, max_minutes=1)["minutes"].tolist() == [0.0]


CAR = replace(cc.PROFILES["car"], class_kmh={}, speed_m_s=1.0, signal_seconds=0, access_minutes=0)


def test_a_one_way_street_is_long_against_and_short_with():
    # a square block, one-way from a to b; round the block it is 300 m
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)], {"oneway": "yes"}),
        ("b", "c", [(100, 0), (100, 100)]),
        ("c", "d", [(100, 100), (0, 100)]),
        ("d", "a", [(0, 100), (0, 0)]),
    )
    home, facility = {"H": (25, 0)}, {"F": (75, 0)}
    options = {"profile": CAR}
    assert minutes_of(roads, home, facility, **options) == {"H": walk(50)}
    back = minutes_of(roads, home, facility, direction="from_facility", **options)
    assert back == {"H": walk(350)}
    assert minutes_of(roads, home, facility, direction="from_facility") == {"H": walk(50)}


def test_one_way_the_other_way_round_and_in_words():
    for word, there, back in [("-1", 350, 50), ("reverse", 350, 50), ("1", 50, 350)]:
        roads = roads_of(
            ("a", "b", [(0, 0), (100, 0)], {"oneway": word}),
            ("b", "a", [(100, 0), (100, 100), (0, 100), (0, 0)]),
        )
        places = {"H": (25, 0)}, {"F": (75, 0)}
        assert minutes_of(roads, *places, profile=CAR) == {"H": walk(there)}
        assert minutes_of(roads, *places, profile=CAR, direction="from_facility") == {
            "H": walk(back)
        }


def test_a_one_way_dead_end_has_no_way_back_and_says_so():
    roads = street(0, 100, 200, oneway="yes")
    found = nearest_of(roads, {"H": (150, 0)}, {"F": (50, 0)}, profile=CAR)
    assert np.isnan(found.loc["H", "minutes"])
    assert found.loc["H", "reason"] == "other_component"
    found = nearest_of(roads, {"H": (150, 0)}, {"F": (50, 0)}, profile=CAR, max_minutes=15)
    assert found.loc["H", "reason"] == "beyond_limit"


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2]])
def test_at_a_corner_every_street_is_open_whichever_of_them_comes_first(order):
    # the home stands diagonally off corner b: a one-way street leaves it, the facility lies west
    roads = roads_of(
        ("b", "c", [(100, 0), (100, -100)], {"oneway": "yes"}),
        ("a", "b", [(0, 0), (100, 0)], {"oneway": "no"}),
        ("z", "a", [(0, 90), (0, 0)], {"oneway": "no"}),
    ).iloc[order]
    places = {"H": (130, 40)}, {"F": (0, 0)}
    assert minutes_of(roads, *places, profile=CAR) == {"H": walk(50 + 100)}
    back = minutes_of(roads, *places, profile=CAR, direction="from_facility")
    assert back == {"H": walk(50 + 100)}


def test_extra_minutes_of_a_facility_are_added_and_can_change_the_nearest():
    homes, facilities = {"H": (300, 0)}, {"A": (240, 0), "B": (480, 0)}
    found = nearest_of(LINE, homes, facilities, extra_minutes=pd.Series({"A": 5.0})).loc["H"]
    assert (found["facility_id"], found["minutes"]) == ("B", 3.0)
    assert (found["second_facility_id"], found["second_minutes"]) == ("A", 6.0)


def test_access_minutes_of_the_profile_are_added_once_and_count_against_the_limit():
    parked = replace(CAR, access_minutes=3.0)
    homes, facilities = {"near": (900, 0), "far": (800, 0)}, {"F": (1000, 0)}
    found = nearest_of(LINE, homes, facilities, profile=parked, max_minutes=4.7)
    assert found.loc["near", "minutes"] == pytest.approx(3 + walk(100))
    assert found.loc["far", "reason"] == "beyond_limit"
    none = nearest_of(LINE, {"H": (1000, 0)}, facilities, profile=parked, max_minutes=2)
    assert none["reason"].tolist() == ["beyond_limit"]


def test_ties_go_to_the_lower_id_whatever_the_order():
    for ids in (("F1", "F2"), ("F2", "F1")):
        places = dict(zip(ids, [(200, 0), (400, 0)], strict=True))
        found = nearest_of(LINE, {"H": (300, 0)}, places).loc["H"]
        assert (found["facility_id"], found["second_facility_id"]) == ("F1", "F2")
        assert found["minutes"] == found["second_minutes"] == walk(100)


def test_the_second_nearest_is_another_facility():
    roads = grid(3, 3)
    found = nearest_of(roads, {"H": (0, 0)}, {"F1": (100, 0), "F2": (200, 200)}).loc["H"]
    assert (found["minutes"], found["second_minutes"]) == (walk(100), walk(400))
    alone = nearest_of(roads, {"H": (0, 0)}, {"F1": (100, 0)}).loc["H"]
    assert np.isnan(alone["second_minutes"])
    assert pd.isna(alone["second_facility_id"])


def test_two_facilities_at_one_door_are_first_and_second():
    found = nearest_of(LINE, {"H": (300, 0)}, {"B": (400, 0), "A": (400, 0)}).loc["H"]
    assert (found["facility_id"], found["second_facility_id"]) == ("A", "B")


def test_in_a_grid_town_minutes_are_blocks():
    homes = {f"{i},{j}": (100 * i, 100 * j) for i in range(4) for j in range(4)}
    found = minutes_of(grid(4, 4), homes, {"F": (100, 200)})
    want = {name: walk(abs(x - 100) + abs(y - 200)) for name, (x, y) in homes.items()}
    assert found == pytest.approx(want)


def test_every_reason_for_no_minutes():
    roads = roads_of(
        ("a", "b", [(0, 0), (2000, 0)]),
        ("c", "d", [(0, 1000), (500, 1000)]),
        ("e", "f", [(0, 3000), (500, 3000)]),
    )
    homes = {
        "beyond": (1900, 0),
        "island": (100, 1000),
        "far": (100, 2000),
        "walled": (100, 3020),
        "nowhere": None,
    }
    wall = gpd.GeoDataFrame(geometry=[shapely.LineString([(-9, 3010), (600, 3010)])], crs=roads.crs)
    found = nearest_of(roads, homes, {"F": (0, 0)}, barriers=wall, max_minutes=15)
    assert found["minutes"].isna().all()
    assert found["reason"].to_dict() == {
        "beyond": "beyond_limit",
        "island": "other_component",
        "far": "not_linked",
        "walled": "blocked",
        "nowhere": "no_position",
    }


def test_no_facilities_leave_every_home_without_minutes():
    found = nearest_of(LINE, {"H1": (0, 0), "H2": (50, 0)}, {})
    assert found[["minutes", "second_minutes", "metres"]].isna().all(axis=None)
    assert found["facility_id"].isna().all()
    assert found["reason"].tolist() == ["other_component"] * 2
    assert found.index.tolist() == ["H1", "H2"]


def test_no_homes_give_an_empty_answer_with_all_columns():
    full = nearest_of(LINE, {"H1": (0, 0)}, {"F": (9, 0)})
    found = nearest_of(LINE, {}, {"F": (0, 0)})
    assert len(found) == 0
    assert found.columns.tolist() == full.columns.tolist()
    assert found.dtypes.tolist() == full.dtypes.tolist()


@pytest.mark.parametrize(("n_homes", "n_facilities"), [(0, 0), (0, 2), (2, 0)])
def test_reach_of_nothing_is_an_empty_table(n_homes, n_facilities):
    network = cc.RoadNetwork.from_roads(LINE, WALK)
    homes = cc.locate(network, points({f"H{k}": (k, 0) for k in range(n_homes)}, "home_id"))
    facilities = cc.locate(network, points({f"F{k}": (k, 0) for k in range(n_facilities)}))
    pairs = cc.reach(network, facilities, homes, max_minutes=15)
    assert len(pairs) == 0
    assert pairs.columns.tolist() == ["facility_id", "home_id", "minutes"]


@pytest.mark.parametrize("minutes", [0, -1, np.inf, np.nan])
def test_reach_asks_for_a_limit_that_is_a_positive_number(minutes):
    network = cc.RoadNetwork.from_roads(LINE, WALK)
    homes = cc.locate(network, points({"H": (0, 0)}, "home_id"))
    with pytest.raises(InputError, match="give a positive number of minutes"):
        cc.reach(network, homes, homes, max_minutes=minutes)


def test_unlinked_facilities_serve_nobody():
    found = nearest_of(LINE, {"H": (0, 0)}, {"far": (0, 500), "none": None, "F": (60, 0)}).loc["H"]
    assert (found["facility_id"], found["minutes"]) == ("F", 1.0)
    assert np.isnan(found["second_minutes"])


def test_a_minutes_table_of_another_engine_serves_as_well():
    pairs = pd.DataFrame(
        {
            "facility_id": ["B", "A", "A", "C"],
            "home_id": ["H1", "H1", "H2", "H1"],
            "minutes": [7.0, 7.0, 16.0, np.nan],
        }
    )
    found = cc.nearest_from_pairs(pairs, pd.Index(["H1", "H2", "H3"]), max_minutes=15)
    assert found["facility_id"].tolist()[:1] == ["A"]
    assert found["second_facility_id"].tolist()[:1] == ["B"]
    assert found["reason"].tolist() == ["", "beyond_limit", "beyond_limit"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minutes": [-1.0]}, r"1 bad minutes, first -1.0 for facility F and home H"),
        ({"minutes": ["ten"]}, r"1 bad minutes, first 'ten'"),
        ({"minutes": [np.inf]}, r"leave unreachable pairs out"),
        ({"home_id": ["X"]}, r"1 unknown homes, first 'X'"),
    ],
)
def test_a_bad_minutes_table_is_refused(change, message):
    pairs = pd.DataFrame({"facility_id": ["F"], "home_id": ["H"], "minutes": [3.0]} | change)
    with pytest.raises(InputError, match=message):
        cc.nearest_from_pairs(pairs, pd.Index(["H"]))


def test_a_minutes_table_without_a_column_names_it():
    pairs = pd.DataFrame({"facility": ["F"], "home_id": ["H"], "minutes": [3.0]})
    with pytest.raises(InputError, match=r"column facility_id is missing \(found: facility, "):
        cc.nearest_from_pairs(pairs, pd.Index(["H"]))
