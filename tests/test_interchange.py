"""Networks go to networkx and come back with the same minutes."""

from __future__ import annotations

import networkx as nx
import numpy as np
import osmnx as ox
import pytest
from hypothesis import given, settings

import carecircle as cc
from carecircle.inputs.graphs import roads_from_graph
from carecircle.roads.interchange import to_networkx
from towns import WALK, grid, points, roads_of, street, towns


def test_an_edge_for_each_open_direction_with_its_minutes():
    roads = street(0, 60, 180, oneway=["yes", "no"], name="中山路")
    car = cc.TravelProfile("car", "car", 1.0, "test")
    graph = to_networkx(cc.RoadNetwork.from_roads(roads, car))
    edges = {(u, v): (d["minutes"], d["oneway"]) for u, v, d in graph.edges(data=True)}
    assert edges == {(0, 1): (1.0, True), (1, 2): (2.0, False), (2, 1): (2.0, False)}
    assert dict(graph.nodes(data=True))[2] == {"x": 180.0, "y": 0.0}
    assert graph.graph == {"crs": "EPSG:4545", "profile": "car"}
    back = graph.edges[2, 1, 0]
    assert list(back["geometry"].coords) == [(180, 0), (60, 0)]
    assert (back["road_id"], back["length_m"], back["length"]) == ("r001", 120.0, 120.0)
    assert (back["highway"], back["name"]) == ("residential", "中山路")


def test_closed_pieces_and_missing_tags_are_left_out():
    roads = street(0, 60, 180, foot=["no", None])
    graph = to_networkx(cc.RoadNetwork.from_roads(roads, WALK))
    assert sorted(graph.nodes) == [1, 2]
    assert "foot" not in graph.edges[1, 2, 0]


def test_networkx_and_osmnx_route_on_it():
    network = cc.RoadNetwork.from_roads(grid(4, 4), WALK)
    graph = to_networkx(network)
    corner = {tuple(xy): k for k, xy in enumerate(network.node_xy.tolist())}
    start, end = corner[0, 0], corner[300, 200]
    assert nx.shortest_path_length(graph, start, end, weight="minutes") == pytest.approx(500 / 60)
    route = ox.routing.shortest_path(graph, start, end, weight="minutes")
    assert (route[0], route[-1], len(route)) == (start, end, 6)
    nodes, edges = ox.graph_to_gdfs(graph)
    assert (len(nodes), len(edges), edges.crs) == (16, 48, network.crs)


def test_grades_turn_round_with_the_edge_and_survive_the_round_trip():
    hiker = cc.TravelProfile("hiker", "walk", 1.0, "test", slope="tobler")
    network = cc.RoadNetwork.from_roads(street(0, 600, grade=[0.1]), hiker)
    graph = to_networkx(network)
    assert (graph.edges[0, 1, 0]["grade"], graph.edges[1, 0, 0]["grade"]) == (0.1, -0.1)
    again = cc.RoadNetwork.from_roads(roads_from_graph(graph), hiker)
    np.testing.assert_allclose(again.seconds, network.seconds)


@given(roads=towns())
@settings(max_examples=25)
def test_the_round_trip_keeps_the_minutes(roads):
    network = cc.RoadNetwork.from_roads(roads, WALK)
    graph = to_networkx(network)
    # a graph says one-way by its edges; on foot only oneway_foot binds
    back = roads_from_graph(graph)
    back["oneway_foot"] = back["oneway"]
    again = cc.RoadNetwork.from_roads(back, WALK)
    spots = points({f"P{k}": xy for k, xy in enumerate(network.node_xy) if k in graph})
    answers = []
    for n in (network, again):
        node = {tuple(xy): k for k, xy in enumerate(n.node_xy.tolist())}
        directed = to_networkx(n)
        at = [node[p.x, p.y] for p in spots.geometry]
        length = dict(nx.all_pairs_dijkstra_path_length(directed, weight="minutes"))
        answers.append([[length[a].get(b, np.inf) for b in at] for a in at])
    np.testing.assert_allclose(answers[0], answers[1], rtol=0, atol=1e-9)


def test_a_gate_node_is_a_dead_end_in_the_graph_too():
    roads = roads_of(
        ("a", "b", [(0, 0), (100, 0)], {"v_blocks": "walk"}),
        ("b", "c", [(100, 0), (200, 0)], {"u_blocks": "walk"}),
    )
    graph = to_networkx(cc.RoadNetwork.from_roads(roads, WALK))
    assert nx.number_weakly_connected_components(graph) == 2
