"""From road pieces to a network: what connects, what is open, how long each piece takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

import carecircle as cc
from carecircle.errors import CrsError, InputError, NetworkError
from towns import CRS, WALK, grid, minutes_of, nearest_of, points, roads_of, street, walk


@pytest.mark.parametrize("tags", [{}, {"bridge": "yes"}])
def test_streets_connect_at_shared_nodes_only_so_a_bridge_passes_over(tags):
    roads = roads_of(
        ("w", "e", [(0, 500), (1000, 500)]),
        ("s", "t", [(500, 0), (500, 400)]),
        ("t", "n", [(500, 400), (500, 600)], tags),
    )
    found = nearest_of(roads, {"H": (0, 500)}, {"F": (500, 0)})
    assert found["reason"].tolist() == ["other_component"]
    assert cc.RoadNetwork.from_roads(roads, WALK).n_components == 2


def test_the_name_of_a_profile_in_place_of_a_profile_is_told_how_to_go_on():
    roads = roads_of(("a", "b", [(0, 0), (100, 0)]))
    with pytest.raises(InputError, match=r"'car' is no travel profile; give PROFILES\['car'\]"):
        cc.RoadNetwork.from_roads(roads, "car")


def test_a_bridge_connects_at_its_ends():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)]),
        ("b", "c", [(100, 0), (200, 0)], {"bridge": "yes"}),
        ("c", "d", [(200, 0), (300, 0)]),
    )
    assert minutes_of(roads, {"H": (0, 0)}, {"F": (300, 0)}) == {"H": 5.0}


def test_pieces_drawn_backwards_are_turned_to_run_from_u_to_v():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)]),
        ("b", "c", [(300, 0), (100, 0)]),
        ("c", "d", [(300, 0), (600, 0)]),
        oneway_foot="yes",
    )
    network = cc.RoadNetwork.from_roads(roads, WALK)
    starts = [line.coords[0] for line in network.roads.geometry]
    assert starts == [(0, 0), (100, 0), (300, 0)]
    assert minutes_of(roads, {"H": (0, 0)}, {"F": (600, 0)}) == {"H": 10.0}
    assert np.isnan(minutes_of(roads, {"H": (600, 0)}, {"F": (0, 0)})["H"])
    assert roads.geometry.iloc[1].coords[0] == (300, 0)


def test_a_well_drawn_street_is_not_turned_when_two_of_its_nodes_lie_on_one_spot():
    # a and c lie above one another (a ramp): the votes of b's two pieces tie
    roads = roads_of(
        ("a", "b", [(0, 0), (60, 0)]), ("b", "c", [(60, 0), (60, 60), (0, 60), (0, 0)])
    )
    network = cc.RoadNetwork.from_roads(roads, WALK)
    assert [line.coords[0] for line in network.roads.geometry] == [(0, 0), (60, 0)]
    assert network.node_xy.tolist() == [[0, 0], [60, 0], [0, 0]]


def test_a_chain_of_many_nodes_is_one_piece_of_graph_and_as_long():
    roads = street(*range(0, 1001, 10))
    network = cc.RoadNetwork.from_roads(roads, WALK)
    assert len(network.ends) == 100
    assert network.chains.n_junctions == 2
    assert minutes_of(roads, {"H": (55, 0)}, {"F": (955, 0)}) == {"H": 15.0}


def ring(**columns):
    """A square of 4 x 100 m without any junction, clockwise from the origin."""
    corners = [(0, 0), (0, 100), (100, 100), (100, 0), (0, 0)]
    return roads_of(*((f"{k}", f"{(k + 1) % 4}", corners[k : k + 2]) for k in range(4)), **columns)


def test_a_loop_without_a_junction_is_walked_the_short_way():
    assert minutes_of(ring(), {"H": (0, 50)}, {"F": (50, 0)}) == {"H": walk(100)}
    assert minutes_of(ring(), {"H": (0, 50)}, {"F": (100, 50)}) == {"H": walk(200)}


def test_a_one_way_loop_without_a_junction_is_walked_round():
    once = ring(oneway_foot="yes")
    assert minutes_of(once, {"H": (0, 50)}, {"F": (50, 0)}) == {"H": walk(300)}
    assert minutes_of(once, {"H": (50, 0)}, {"F": (0, 50)}) == {"H": walk(100)}


def test_a_loop_that_hangs_on_one_node_is_a_way_round():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)]),
        ("b", "b", [(100, 0), (200, 0), (200, 100), (100, 100), (100, 0)]),
    )
    assert minutes_of(roads, {"H": (100, 50)}, {"F": (0, 0)}) == {"H": walk(150)}
    assert minutes_of(roads, {"H": (150, 0)}, {"F": (100, 50)}) == {"H": walk(100)}


def test_of_parallel_pieces_the_shorter_is_walked():
    roads = roads_of(
        ("a", "b", [(0, 0), (0, 200), (100, 200), (100, 0)]), ("a", "b", [(0, 0), (100, 0)])
    )
    assert minutes_of(roads, {"H": (0, 0)}, {"F": (100, 0)}) == {"H": walk(100)}


def test_a_piece_without_length_joins_its_nodes():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)]),
        ("b", "c", [(100, 0), (100, 0)]),
        ("c", "d", [(100, 0), (160, 0)]),
    )
    found = minutes_of(roads, {"H": (40, 0), "J": (100, 5)}, {"F": (160, 0)})
    assert found == {"H": 2.0, "J": walk(65)}


def test_a_piece_closed_both_ways_is_no_way():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)]),
        ("b", "c", [(100, 0), (200, 0)], {"foot": "no"}),
        ("c", "d", [(200, 0), (300, 0)]),
    )
    assert nearest_of(roads, {"H": (0, 0)}, {"F": (300, 0)})["reason"].tolist() == [
        "other_component"
    ]
    network = cc.RoadNetwork.from_roads(roads, WALK)
    assert network.component.tolist() == [0, -1, 1]
    assert network.chains.chain[1] == -1
    assert not network.can_link[1]


def test_a_one_way_chain_of_many_pieces_is_open_one_way_as_a_whole():
    roads = street(0, 50, 120, 400, 600, oneway_foot=["yes", "yes", "yes", "yes"])
    assert cc.RoadNetwork.from_roads(roads, WALK).chains.n_junctions == 2
    assert minutes_of(roads, {"H": (0, 0)}, {"F": (600, 0)}) == {"H": 10.0}
    mixed = street(0, 50, 120, 400, 600, oneway_foot=["yes", "no", "-1", "yes"])
    assert np.isnan(minutes_of(mixed, {"H": (0, 0)}, {"F": (600, 0)})["H"])
    assert minutes_of(mixed, {"H": (0, 0)}, {"F": (120, 0)}) == {"H": 2.0}


def test_a_gate_at_a_node_stops_only_those_it_blocks():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)], {"v_blocks": "car;bike"}),
        ("b", "c", [(100, 0), (200, 0)], {"u_blocks": "car;bike"}),
        ("a", "c", [(0, 0), (0, 300), (200, 300), (200, 0)], {}),
    )
    home, facility = {"H": (80, 0)}, {"F": (120, 0)}
    car = cc.TravelProfile("car", "car", 1.0, "test")
    assert minutes_of(roads, home, facility) == {"H": walk(40)}
    assert minutes_of(roads, home, facility, profile=car) == {"H": walk(80 + 800 + 80)}


def test_a_small_network_of_one_piece_works():
    roads = street(0, 600)
    network = cc.RoadNetwork.from_roads(roads, WALK)
    assert repr(network) == "RoadNetwork(1 piece, 0.6 km, 1 part, elder_default, EPSG:4545)"
    assert minutes_of(roads, {"H": (0, 0)}, {"F": (600, 0)}) == {"H": 10.0}


def test_islands_are_listed_with_their_size_longest_first():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)]),
        ("p", "q", [(0, 500), (1000, 500)]),
        ("q", "r", [(1000, 500), (1500, 500)]),
        ("x", "y", [(0, 900), (9000, 900)], {"foot": "no"}),
    )
    islands = cc.RoadNetwork.from_roads(roads, WALK).islands()
    assert islands["pieces"].tolist() == [2, 1]
    assert islands["length_km"].tolist() == [1.5, 0.1]


def test_arrays_cannot_be_written():
    network = cc.RoadNetwork.from_roads(grid(2, 2), WALK)
    for array in (network.seconds, network.ends, network.chains.seconds):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_roads_stay_as_they_were():
    roads = roads_of(("a", "b", [(0, 0), (9, 0)]), ("b", "c", [(20, 0), (9, 0)], {"oneway": "yes"}))
    before = roads.copy(deep=True)
    cc.RoadNetwork.from_roads(roads, WALK)
    assert roads.equals(before)
    assert (roads.geometry.to_wkb() == before.geometry.to_wkb()).all()


def test_degrees_feet_and_a_missing_crs_are_refused_with_the_fix():
    roads = grid(2, 2)
    with pytest.raises(CrsError, match=r"roads: no CRS; say which one"):
        cc.RoadNetwork.from_roads(roads.set_crs(None, allow_override=True), WALK)
    with pytest.raises(CrsError, match=r"unit degree; minutes need a projected CRS in metres"):
        cc.RoadNetwork.from_roads(roads.set_crs("EPSG:4326", allow_override=True), WALK)
    with pytest.raises(CrsError, match=r"unit US survey foot"):
        cc.RoadNetwork.from_roads(roads.set_crs("EPSG:2263", allow_override=True), WALK)


def test_roads_without_nodes_or_without_an_open_road_are_refused_with_the_fix():
    with pytest.raises(NetworkError, match=r"columns 'u' and 'v' .* call node_lines\(roads\)"):
        cc.RoadNetwork.from_roads(grid(2, 2).drop(columns="v"), WALK)
    with pytest.raises(
        NetworkError, match=r"no piece is open to elder_default \(walk\); classes: motorway"
    ):
        cc.RoadNetwork.from_roads(grid(2, 2, highway="motorway"), WALK)
    with pytest.raises(NetworkError, match=r"no piece is open .* classes: none"):
        cc.RoadNetwork.from_roads(grid(2, 2).iloc[:0], WALK)


def test_integer_node_ids_and_road_ids_serve_as_well():
    roads = roads_of((7, 8, [(0, 0), (60, 0)]), (8, 9, [(60, 0), (120, 0)]))
    roads.index = [100, 200]
    assert minutes_of(roads, {"H": (0, 0)}, {"F": (120, 0)}) == {"H": 2.0}
    network = cc.RoadNetwork.from_roads(roads, WALK)
    facility = points({"F": (0, 0)})
    parts = cc.reached_roads(network, facility, cc.locate(network, facility), max_minutes=9)
    assert parts["road_id"].dropna().tolist() == ["100", "200"]


def test_3d_lines_are_measured_in_plan():
    roads = street(0, 60)
    high = roads.set_geometry([shapely.LineString([(0, 0, 0), (60, 0, 500)])], crs=CRS)
    assert minutes_of(high, {"H": (0, 0)}, {"F": (60, 0)}) == {"H": 1.0}


def test_compiled_kernels_are_stale_when_any_module_with_kernels_changes(tmp_path):
    # numba alone would keep a caller that has the old code of another module inside
    from carecircle.roads.compiled import kernel_stamp
    from carecircle.roads.first_two import pick_two

    inner = tmp_path / "inner.py"
    inner.write_text("from carecircle.roads.compiled import kernel\nx = 1\n")
    (tmp_path / "plain.py").write_text("x = 1\n")
    before = kernel_stamp(tmp_path)
    (tmp_path / "plain.py").write_text("x = 2\n")
    kernel_stamp.cache_clear()
    assert kernel_stamp(tmp_path) == before
    inner.write_text("from carecircle.roads.compiled import kernel\nx = 2\n")
    kernel_stamp.cache_clear()
    assert kernel_stamp(tmp_path) != before
    stamp = kernel_stamp(Path(cc.__file__).parent)
    assert pick_two._cache._cache_file._source_stamp[1] == stamp
