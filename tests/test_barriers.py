"""Rivers, gates and closed or slow ground: what they cut, and all that they leave in use."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import CrsError
from carecircle.roads.barriers import cut_at_barriers
from towns import WALK, grid, minutes_of, nearest_of, points, roads_of, shapes, street, towns, walk

RIVER = shapes(shapely.LineString([(150, -999), (150, 999)]))
TWO_WAYS = roads_of(  # a street, and 200 m north of it one with a bridge
    ("a", "b", [(0, 0), (300, 0)]),
    ("a", "c", [(0, 0), (0, 200)]),
    ("c", "d", [(0, 200), (100, 200)]),
    ("d", "e", [(100, 200), (200, 200)], {"bridge": "yes"}),
    ("e", "f", [(200, 200), (300, 200)]),
    ("f", "b", [(300, 200), (300, 0)]),
)


def test_a_line_cuts_the_street_but_a_bridge_passes():
    places = {"H": (0, 0)}, {"F": (300, 0)}
    assert minutes_of(TWO_WAYS, *places) == {"H": 5.0}
    assert minutes_of(TWO_WAYS, *places, barriers=RIVER) == {"H": walk(700)}
    no_bridge = TWO_WAYS.assign(bridge=None)
    found = nearest_of(no_bridge, *places, barriers=RIVER)
    assert found["reason"].tolist() == ["other_component"]


@pytest.mark.parametrize("length", [300.0, 282.84271247461903, 300.0000006])
def test_a_line_cuts_a_street_of_any_length(length):
    # cut marks are rounded to micrometres; the last one must not get lost beyond the street's end
    roads = street(0, length)
    found = nearest_of(roads, {"H": (0, 0)}, {"F": (length, 0)}, barriers=RIVER)
    assert found["reason"].tolist() == ["other_component"]
    parts = cut_at_barriers(roads, RIVER)
    assert parts["closed"].tolist() == [False, True, False]
    assert parts.length.sum() == pytest.approx(length, abs=1e-9)


def test_both_sides_of_a_cut_street_stay_in_use():
    homes, facilities = {"west": (10, 0), "east": (290, 0)}, {"W": (130, 0), "E": (170, 0)}
    found = nearest_of(street(0, 300), homes, facilities, barriers=RIVER)
    assert found["facility_id"].to_dict() == {"west": "W", "east": "E"}
    assert found["minutes"].tolist() == [2.0, 2.0]
    parts = cut_at_barriers(street(0, 300), RIVER)
    assert parts.index.tolist() == ["r000/1", "r000/2", "r000/3"]
    assert parts.index.name == "road_id"
    assert parts.length.round(6).tolist() == [149.99, 0.02, 149.99]


def test_a_line_cuts_a_node_of_four_streets():
    found = nearest_of(
        grid(3, 3),
        {"H": (0, 100)},
        {"F": (200, 100)},
        barriers=shapes(shapely.LineString([(100, 50), (100, 150)])),
    )
    assert found["minutes"].tolist() == [walk(400)]


def test_a_gate_closes_the_street_where_it_stands():
    gate = shapes(shapely.Point(150, 0))
    found = nearest_of(street(0, 300), {"H": (0, 0)}, {"F": (300, 0)}, barriers=gate)
    assert found["reason"].tolist() == ["other_component"]
    near = nearest_of(street(0, 300), {"H": (0, 0)}, {"F": (149, 0)}, barriers=gate)
    assert near["minutes"].tolist() == [walk(149)]


def test_a_gate_at_a_node_closes_all_its_streets():
    found = minutes_of(
        grid(3, 3), {"H": (100, 40)}, {"F": (100, 160)}, barriers=shapes(shapely.Point(100, 100))
    )
    assert found == {"H": walk(40 + 100 + 200 + 100 + 40)}


def test_a_gate_stops_a_bridge_too():
    bridge = street(0, 100, 200, 300, bridge=[None, "yes", None])
    places = {"H": (0, 0)}, {"F": (300, 0)}
    assert minutes_of(bridge, *places, barriers=RIVER) == {"H": 5.0}
    gate = shapes(shapely.Point(150, 0))
    assert np.isnan(minutes_of(bridge, *places, barriers=gate)["H"])


PARK = shapely.box(100, -50, 200, 50)


def test_a_closed_polygon_closes_what_lies_inside_only():
    homes = {"west": (20, 0), "inside": (150, 0), "edge": (80, 0)}
    found = nearest_of(street(0, 300), homes, {"F": (0, 0)}, barriers=shapes(PARK))
    assert found["minutes"].to_dict()["west"] == walk(20)
    assert found["minutes"].to_dict()["edge"] == walk(80)
    assert found["reason"].to_dict()["inside"] == "blocked"


def test_slow_ground_doubles_the_time_inside_and_nowhere_else():
    slow = shapes(PARK, factor=[2.0])
    homes = {"west": (0, 0), "inside": (150, 0), "east": (250, 0)}
    found = minutes_of(street(0, 300), homes, {"F": (300, 0)}, barriers=slow)
    assert found == {"west": walk(400), "inside": walk(200), "east": walk(50)}


def test_a_polygon_without_a_factor_is_closed_and_of_two_the_slower_counts():
    both = shapes(PARK, shapely.box(150, -50, 250, 50), factor=[2.0, 3.0])
    assert minutes_of(street(0, 300), {"H": (0, 0)}, {"F": (300, 0)}, barriers=both) == {
        "H": walk(150 + 2 * 50 + 3 * 100)
    }
    closed = shapes(PARK, shapely.box(150, -50, 250, 50), factor=[2.0, np.nan])
    assert np.isnan(
        minutes_of(street(0, 300), {"H": (0, 0)}, {"F": (300, 0)}, barriers=closed)["H"]
    )


def test_a_cut_street_keeps_its_signals_once():
    car = cc.TravelProfile("car", "car", 1.0, "test", signal_seconds=60)
    roads = street(0, 300, signals=2)
    slow = shapes(shapely.box(100, -1, 200, 1), factor=[1.0])
    places = {"H": (0, 0)}, {"F": (300, 0)}
    assert minutes_of(roads, *places, profile=car) == {"H": 7.0}
    assert minutes_of(roads, *places, profile=car, barriers=slow)["H"] == pytest.approx(7.0)


def test_a_gate_node_of_a_cut_street_stays_at_its_end():
    roads = roads_of(
        ("a", "b", [(0, 0), (300, 0)], {"u_blocks": "walk"}),
        ("b", "c", [(300, 0), (400, 0)], {"v_blocks": "walk"}),
    )
    slow = shapes(shapely.box(100, -1, 200, 1), factor=[1.0])
    assert minutes_of(roads, {"H": (60, 0)}, {"F": (360, 0)}, barriers=slow) == {"H": 5.0}


def test_a_piece_without_length_outside_a_barrier_still_joins_and_inside_is_closed():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)]),
        ("b", "c", [(100, 0), (100, 0)]),
        ("c", "d", [(100, 0), (160, 0)]),
    )
    places = {"H": (40, 0)}, {"F": (160, 0)}
    slow = shapes(shapely.box(90, -1, 110, 1), factor=[2.0])
    assert minutes_of(roads, *places, barriers=slow)["H"] == pytest.approx(140 / 60)
    gate = shapes(shapely.Point(100, 0))
    assert np.isnan(minutes_of(roads, *places, barriers=gate)["H"])


def test_a_road_closed_before_stays_closed():
    roads = street(0, 100, 200, 300, closed=[False, True, False])
    slow = shapes(shapely.box(20, -1, 30, 1), factor=[2.0])
    found = nearest_of(roads, {"H": (0, 0)}, {"F": (300, 0)}, barriers=slow)
    assert found["reason"].tolist() == ["other_component"]


def test_a_barrier_that_touches_no_road_changes_nothing():
    far = shapes(shapely.LineString([(0, 900), (300, 900)]))
    assert minutes_of(street(0, 300), {"H": (0, 0)}, {"F": (300, 0)}, barriers=far) == {"H": 5.0}
    none = far.iloc[:0]
    assert minutes_of(street(0, 300), {"H": (0, 0)}, {"F": (300, 0)}, barriers=none) == {"H": 5.0}


def test_barriers_in_another_crs_are_refused():
    other = RIVER.set_crs("EPSG:4547", allow_override=True)
    with pytest.raises(CrsError, match="barriers are in EPSG:4547, roads in EPSG:4545"):
        cc.RoadNetwork.from_roads(street(0, 300), WALK, barriers=other)


def test_a_road_drawn_from_its_end_is_cut_at_the_same_place():
    river = shapes(shapely.LineString([(220, -50), (220, 50)]))
    roads = street(0, 300, 400)
    drawn = roads.copy()
    drawn.loc["r000", "geometry"] = drawn.loc["r000", "geometry"].reverse()
    homes = points({"west": (100, 0), "east": (350, 0)}, "home_id")
    facility = points({"F": (400, 0)})
    for lines in (roads, drawn):
        network = cc.RoadNetwork.from_roads(lines, WALK, barriers=river)
        at = cc.locate(network, homes)
        minutes = cc.nearest(network, at, cc.locate(network, facility))["minutes"]
        assert minutes["east"] == walk(50)
        assert np.isnan(minutes["west"])
        assert network.length_m.round(2).tolist() == roads_cut_at(220)


def roads_cut_at(metre):
    """Lengths of the first street's parts and of the second, in table order."""
    return [metre - 0.01, 0.02, 300.0 - metre - 0.01, 100.0]


def test_a_cut_changes_nothing_between_equally_near_roads():
    roads = roads_of(("a", "b", [(0, 0), (300, 0)]), ("c", "d", [(0, 100), (300, 100)]))
    home = points({"H": (50, 50)}, "home_id")
    for river in (None, shapes(shapely.Point(200, 0))):
        network = cc.RoadNetwork.from_roads(roads, WALK, barriers=river)
        assert cc.locate(network, home).loc["H", "y"] == 0.0


_SPOT = st.tuples(st.integers(-20, 400), st.integers(-20, 400))
_BARRIER = st.one_of(
    _SPOT.map(shapely.Point),
    st.tuples(_SPOT, _SPOT).filter(lambda s: s[0] != s[1]).map(shapely.LineString),
    _SPOT.map(lambda p: shapely.box(p[0], p[1], p[0] + 77, p[1] + 55)),
)


@given(
    roads=towns(), barriers=st.lists(_BARRIER, min_size=1, max_size=3), factor=st.floats(1.0, 3.0)
)
@settings(max_examples=40)
def test_a_barrier_never_makes_a_way_shorter(roads, barriers, factor):
    free = cc.RoadNetwork.from_roads(roads, WALK)
    stopped = shapes(*barriers, factor=[factor, np.nan, np.nan][: len(barriers)])
    # closed ground is also a wall for access legs, so places stand on roads
    on_road = shapely.line_interpolate_point(
        np.asarray(roads.geometry[~roads["closed"]], dtype=object), 0.4, normalized=True
    )
    places = points({f"P{k}": xy for k, xy in enumerate(shapely.get_coordinates(on_road))})
    try:
        cut = cc.RoadNetwork.from_roads(roads, WALK, barriers=stopped)
    except cc.errors.NetworkError:
        return  # nothing is left open
    before, after = (
        cc.nearest(n, cc.locate(n, places, max_snap_m=1e-6), cc.locate(n, places[:1]))["minutes"]
        for n in (free, cut)
    )
    if not (after.notna() & before.notna()).any():
        return
    at = cc.locate(cut, places[:1])
    if at["access_m"].fillna(1).iloc[0] > 1e-6:
        return  # the facility itself stands inside a barrier
    # where two roads cross without a junction a place may stand on either
    own = [n.roads.index[cc.locate(n, places)["piece"]].str.split("/").str[0] for n in (free, cut)]
    same = own[0] == own[1]
    assert (after.fillna(np.inf) >= before.fillna(np.inf) - 1e-7)[same].all()
