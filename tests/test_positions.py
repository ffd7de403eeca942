"""Where a place enters the road network, and why it sometimes does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.errors import CrsError, InputError
from carecircle.roads.speeds import network_at_speed
from towns import WALK, grid, points, roads_of, shapes, street


def located(roads, places, *, barriers=None, profile=WALK, **options):
    network = cc.RoadNetwork.from_roads(roads, profile, barriers=barriers)
    return cc.locate(network, points(places, "home_id"), **options)


def test_a_position_is_on_the_road_not_on_a_node():
    at = located(street(0, 1000), {"H": (250, 40)}).loc["H"]
    assert (at["piece"], at["fraction"], at["access_m"]) == (0, 0.25, 40.0)
    assert (at["x"], at["y"]) == (250, 0)


def test_the_fraction_runs_from_u_to_v_even_where_the_line_is_drawn_the_other_way():
    roads = roads_of(("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(200, 0), (100, 0)]))
    at = located(roads, {"H": (125, 0)}).loc["H"]
    assert (at["piece"], at["fraction"]) == (1, 0.25)


@pytest.mark.parametrize(("away", "reason"), [(150.0, ""), (150.01, "not_linked")])
def test_the_snap_limit_is_within_and_beyond_it_nothing_is_moved(away, reason):
    at = located(street(0, 1000), {"H": (500, away)}).loc["H"]
    assert at["reason"] == reason
    assert np.isnan(at["access_m"]) == bool(reason)
    assert at["piece"] == (-1 if reason else 0)


def test_every_place_may_have_its_own_snap_limit_joined_by_id():
    limits = pd.Series({"village": 500.0, "town": 150.0})
    at = located(street(0, 1000), {"town": (0, 400), "village": (500, 400)}, max_snap_m=limits)
    assert at["reason"].to_dict() == {"town": "not_linked", "village": ""}


def test_a_place_without_a_snap_limit_is_not_linked():
    limits = pd.Series({"H": np.nan, "J": 150.0})
    at = located(street(0, 1000), {"H": (0, 0), "J": (0, 0)}, max_snap_m=limits)
    assert at["reason"].to_dict() == {"H": "not_linked", "J": ""}


def test_a_snap_limit_of_zero_links_only_what_stands_on_the_road():
    at = located(street(0, 1000), {"on": (10, 0), "off": (10, 1)}, max_snap_m=0)
    assert at["reason"].to_dict() == {"on": "", "off": "not_linked"}


@pytest.mark.parametrize("tag", [{"bridge": "yes"}, {"tunnel": "yes"}, {"bridge": "viaduct"}])
def test_bridges_and_tunnels_are_not_entered_from_the_side(tag):
    roads = roads_of(("a", "b", [(0, 0), (100, 0)], tag), ("a", "c", [(0, 0), (0, 100)]))
    at = located(roads, {"H": (60, 5)}).loc["H"]
    assert (at["piece"], at["access_m"]) == (1, 60.0)


def test_a_motorway_is_driven_on_but_not_entered_from_the_side():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)], {"highway": "motorway"}), ("a", "c", [(0, 0), (0, 100)])
    )
    at = located(roads, {"H": (60, 5)}, profile=cc.PROFILES["car"]).loc["H"]
    assert at["piece"] == 1


def test_a_road_closed_to_the_traveller_is_not_entered():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)], {"foot": "no"}), ("c", "d", [(0, 50), (100, 50)])
    )
    assert located(roads, {"H": (60, 5)}).loc["H", "access_m"] == 45.0


def test_missing_and_empty_points_have_no_position_and_stop_nobody():
    network = cc.RoadNetwork.from_roads(street(0, 1000), WALK)
    homes = points({"gone": None, "empty": (0, 0), "H": (0, 0)}, "home_id")
    homes.loc["empty", "geometry"] = shapely.Point()
    at = cc.locate(network, homes)
    assert at["reason"].to_dict() == {"gone": "no_position", "empty": "no_position", "H": ""}
    assert at["component"].to_dict() == {"gone": -1, "empty": -1, "H": 0}


def test_no_places_give_an_empty_table_with_all_columns():
    network = cc.RoadNetwork.from_roads(street(0, 1000), WALK)
    none = cc.locate(network, points({}))
    one = cc.locate(network, points({"F": (0, 0)}))
    assert len(none) == 0
    assert none.columns.tolist() == one.columns.tolist()
    assert none.dtypes.tolist() == one.dtypes.tolist()


def test_places_in_another_crs_are_refused():
    network = cc.RoadNetwork.from_roads(street(0, 1000), WALK)
    with pytest.raises(CrsError, match="reproject with to_crs"):
        cc.locate(network, points({"F": (0, 0)}).set_crs("EPSG:4547", allow_override=True))


ISLAND = roads_of(
    ("a", "b", [(0, 0), (1000, 0)]), ("c", "d", [(0, 100), (200, 100)])
)  # a campus path 100 m north of the street


def test_a_preferred_part_is_taken_within_the_snap_limit_and_the_use_is_listed():
    near_both, far = {"H": (100, 60)}, {"H": (100, 240)}
    plain = located(ISLAND, near_both).loc["H"]
    assert (plain["component"], plain["passed_over"]) == (1, False)
    moved = located(ISLAND, near_both, prefer=[0]).loc["H"]
    assert (moved["component"], moved["access_m"], moved["passed_over"]) == (0, 60.0, True)
    kept = located(ISLAND, far, prefer=[0]).loc["H"]
    assert (kept["component"], kept["passed_over"], kept["reason"]) == (1, False, "")


def test_preferring_the_part_already_nearest_passes_nothing_over():
    at = located(ISLAND, {"H": (100, 10)}, prefer={0}).loc["H"]
    assert (at["component"], at["passed_over"]) == (0, False)


def test_of_two_equally_near_roads_the_first_in_the_table_is_taken():
    roads = roads_of(("c", "d", [(0, 100), (100, 100)]), ("a", "b", [(0, 0), (100, 0)]))
    assert located(roads, {"H": (50, 50)}).loc["H", "piece"] == 0
    assert located(roads.iloc[::-1], {"H": (50, 50)}).loc["H", "piece"] == 0


RIVER = shapes(shapely.LineString([(-500, 20), (1500, 20)]))


def test_a_wall_sends_a_place_to_the_nearest_road_on_its_own_side():
    roads = roads_of(("a", "b", [(0, 0), (1000, 0)]), ("c", "d", [(0, 120), (1000, 120)]))
    at = located(roads, {"H": (500, 30)}, barriers=RIVER).loc["H"]
    assert (at["piece"], at["access_m"], at["reason"]) == (1, 90.0, "")


def test_a_place_with_walls_all_around_is_blocked_not_far():
    at = located(street(0, 1000), {"H": (500, 30)}, barriers=RIVER).loc["H"]
    assert (at["piece"], at["reason"]) == (-1, "blocked")
    far = located(street(0, 1000), {"H": (500, 300)}, barriers=RIVER).loc["H"]
    assert far["reason"] == "not_linked"


def test_a_closed_polygon_is_a_wall_and_slow_ground_is_none():
    lake = shapely.box(300, 10, 700, 20)
    homes = {"H": (500, 30)}
    assert located(street(0, 1000), homes, barriers=shapes(lake)).loc["H", "reason"] == "blocked"
    slow = shapes(lake, factor=[2.0])
    assert located(street(0, 1000), homes, barriers=slow).loc["H", "reason"] == ""


def test_walls_and_preferred_parts_work_together():
    roads = roads_of(("a", "b", [(0, 0), (1000, 0)]), ("c", "d", [(0, 60), (100, 60)]))
    at = located(roads, {"H": (50, 40)}, barriers=RIVER, prefer=[0]).loc["H"]
    assert (at["piece"], at["passed_over"], at["reason"]) == (1, False, "")


def test_the_input_stays_as_it_was_and_its_order_is_kept():
    network = cc.RoadNetwork.from_roads(grid(3, 3), WALK)
    homes = points({"z": (10, 10), "a": (190, 20), "m": (90, 130)}, "home_id")
    before = homes.copy(deep=True)
    at = cc.locate(network, homes)
    assert at.index.equals(homes.index)
    assert homes.equals(before)


@pytest.mark.parametrize(
    ("stops", "said"),
    [
        # a road put in front: every piece has another number
        ((-500, 0, 100, 300), r"home_id H1 stands on piece 1 \(r001\), 150.0 m away"),
        # fewer pieces than the positions name
        ((0, 300), r"home_id H1 stands on piece 1 of roads that have 1;"),
    ],
)
def test_positions_of_another_network_are_refused_and_both_are_named(stops, said):
    here = cc.RoadNetwork.from_roads(street(0, 100, 300), WALK)
    other = cc.RoadNetwork.from_roads(street(*stops), WALK)
    homes = cc.locate(here, points({"H1": (250, 5)}, "home_id"))
    stations = cc.locate(other, points({"F1": (10, 0)}))
    for search in (cc.nearest, lambda *at: cc.reach(at[0], at[2], at[1], max_minutes=9)):
        with pytest.raises(InputError, match=said) as told:
            search(other, homes, stations)
        assert repr(other) in str(told.value)


def test_positions_hold_on_the_same_roads_at_another_speed_and_longer_roads():
    roads = street(0, 100, 300)
    here = cc.RoadNetwork.from_roads(roads, WALK)
    homes = cc.locate(here, points({"H1": (250, 0)}, "home_id"))
    stations = cc.locate(here, points({"F1": (10, 0)}))
    for network in (
        network_at_speed(here, 0.5),
        cc.RoadNetwork.from_roads(street(0, 100, 300, 900), WALK),
    ):
        found = cc.nearest(network, homes, stations)
        speed = network.profile.speed_m_s
        assert found.loc["H1", "minutes"] == pytest.approx(240 / speed / 60)
    # positions written by hand need no coordinates
    bare = [table.drop(columns=["x", "y"]) for table in (homes, stations)]
    assert cc.nearest(here, *bare).loc["H1", "minutes"] == pytest.approx(4)
