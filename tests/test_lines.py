"""Line layers and graphs: where lines meet, which way they run, and what was joined."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from carecircle.errors import CrsError, InputError
from carecircle.inputs.graphs import roads_from_graph
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.lines import node_lines

CRS = "EPSG:4545"


def layer(lines, crs=CRS, **columns):
    geometry = [
        shapely.from_wkt(line) if isinstance(line, str) else line for line in lines.values()
    ]
    frame = gpd.GeoDataFrame(columns, geometry=geometry, index=list(lines), crs=crs)
    frame.index.name = "road_id"
    return frame


def line(*xy):
    return shapely.LineString(xy)


def noded(lines, tolerance_m=0.0):
    log = IssueLog()
    return node_lines(layer(lines), join_tolerance_m=tolerance_m, log=log), log


def groups(roads):
    """Which roads hang together, as sets of ids."""
    graph = nx.Graph()
    for road_id, u, v in zip(roads.index, roads["u"], roads["v"], strict=True):
        graph.add_edge(f"#{u}", road_id)
        graph.add_edge(f"#{v}", road_id)
    return {frozenset(n for n in part if n[0] != "#") for part in nx.connected_components(graph)}


def test_lines_meet_where_they_end():
    roads, log = noded({"a": line((0, 0), (10, 0)), "b": line((10, 0), (10, 9))})
    assert roads.loc["a", "v"] == roads.loc["b", "u"]
    assert roads["u"].dtype == np.int64
    assert not log


def test_crossing_lines_do_not_meet_even_at_a_common_vertex():
    over = line((5, -5), (5, 0), (5, 5))
    roads, _ = noded({"a": line((0, 0), (5, 0), (10, 0)), "b": over})
    assert groups(roads) == {frozenset("a"), frozenset("b")}
    assert list(roads.index) == ["a", "b"]


def test_an_end_on_a_vertex_cuts_the_other_line_there():
    roads, _ = noded({"a": line((0, 0), (5, 0), (10, 0)), "b": line((5, 0), (5, 5))})
    assert list(roads.index) == ["a/1", "a/2", "b"]
    assert roads.length.to_dict() == {"a/1": 5, "a/2": 5, "b": 5}
    assert roads.loc["a/1", "v"] == roads.loc["a/2", "u"] == roads.loc["b", "u"]


def test_an_end_between_vertices_joins_only_on_request():
    lines = {"a": line((0, 0), (10, 0)), "b": line((4, 0), (4, 5))}
    assert groups(noded(lines)[0]) == {frozenset("a"), frozenset("b")}
    roads, log = noded(lines, 0.5)
    assert groups(roads) == {frozenset({"a/1", "a/2", "b"})}
    assert roads.length.to_dict() == {"a/1": 4, "a/2": 6, "b": 5}
    assert [(i.code, i.severity, i.record, i.found) for i in log] == [
        ("dead_end_joined", "note", "b;a", "0.00 m apart")
    ]


def test_a_small_gap_is_closed_only_within_the_tolerance_and_is_reported():
    lines = {"a": line((0, 0), (10, 0)), "b": line((10.4, 0), (20, 0))}
    assert len(groups(noded(lines)[0])) == 2
    assert len(groups(noded(lines, 0.3)[0])) == 2
    roads, log = noded(lines, 0.5)
    assert len(groups(roads)) == 1
    assert [(i.code, i.record, i.found) for i in log] == [("ends_joined", "a;b", "0.40 m apart")]
    assert roads.geometry.geom_equals(layer(lines).geometry).all()


def test_a_dead_end_short_of_a_street_reaches_it_within_the_tolerance():
    roads, log = noded({"a": line((0, 0), (10, 0)), "b": line((4, 2), (4, 30))}, 3.0)
    assert groups(roads) == {frozenset({"a/1", "a/2", "b"})}
    assert log[0].found == "2.00 m apart"


def test_a_dead_end_near_a_vertex_uses_the_vertex():
    lines = {"a": line((0, 0), (50, 0), (99, 0)), "b": line((50, 2), (50, 30))}
    roads, _ = noded(lines, 3.0)
    assert roads.length.to_dict() == {"a/1": 50, "a/2": 49, "b": 28}
    assert groups(roads) == {frozenset({"a/1", "a/2", "b"})}


def test_short_lines_in_a_row_are_not_swallowed_by_the_tolerance():
    row = {str(k): line((k, 0), (k + 1, 0)) for k in range(5)}
    roads, log = noded(row, 3.0)
    assert len(set(roads["u"]) | set(roads["v"])) == 6
    assert not log


def test_a_junction_under_a_bridge_stays_below():
    # the bridge passes 0.2 m beside a junction of two lines: neither is a dead end there
    lines = {
        "bridge": line((0, 0), (100, 0)),
        "low": line((50, -40), (50, 0.2)),
        "on": line((50, 0.2), (50, 40)),
    }
    roads, log = noded(lines, 1.0)
    assert groups(roads) == {frozenset({"bridge"}), frozenset({"low", "on"})}
    assert not log


def test_a_closed_line_is_a_loop_and_is_cut_where_a_road_ends_on_it():
    ring = line((0, 0), (10, 0), (10, 10), (0, 0))
    roads, _ = noded({"ring": ring})
    assert roads["u"].tolist() == roads["v"].tolist()
    roads, _ = noded({"ring": ring, "spur": line((10, 10), (20, 10))})
    assert list(roads.index) == ["ring/1", "ring/2", "spur"]


def test_a_multiline_becomes_its_parts_and_keeps_its_attributes():
    both = shapely.MultiLineString([[(0, 0), (1, 0)], [(5, 0), (6, 0)]])
    lines = layer({"007": both, "b": line((1, 0), (5, 0))}, name=["人民路", None])
    roads = node_lines(lines)
    assert list(roads.index) == ["007/1", "007/2", "b"]
    assert roads["name"].tolist()[:2] == ["人民路", "人民路"]
    assert len(groups(roads)) == 1
    assert list(lines.columns) == ["name", "geometry"]


def test_what_is_no_line_is_set_aside_and_listed():
    lines = {
        "good": line((0, 0), (1, 0)),
        "null": None,
        "point": shapely.Point(0, 0),
        "dot": line((3, 3), (3, 3)),
        "void": shapely.LineString(),
    }
    roads, log = noded(lines)
    assert list(roads.index) == ["good"]
    assert [(issue.code, issue.record, issue.severity) for issue in log] == [
        ("no_geometry", "null", "error"),
        ("no_geometry", "void", "error"),
        ("wrong_geometry", "point", "error"),
        ("zero_length", "dot", "error"),
    ]
    with pytest.raises(InputError, match="roads null, geometry: no geometry"):
        node_lines(layer(lines))


def test_only_bad_lines_give_an_empty_table():
    roads, log = noded({"null": None})
    assert roads.empty
    assert {"u", "v"} <= set(roads)
    assert len(log) == 1
    assert noded({"null": None}, 1.0)[0].empty


def test_height_is_left_out_and_noted():
    roads, log = noded({"a": line((0, 0, 5), (1, 0, 6))})
    assert not roads.has_z.any()
    assert [issue.code for issue in log] == ["height_left_out"]


@pytest.mark.parametrize("crs", [None, "EPSG:4326"])
def test_lines_must_be_in_metres(crs):
    with pytest.raises(CrsError, match=r"no CRS|not in metres; reproject"):
        node_lines(layer({"a": line((0, 0), (1, 0))}, crs=crs))


def test_a_tolerance_must_be_a_length():
    with pytest.raises(ValueError, match="join_tolerance_m is -1"):
        node_lines(layer({"a": line((0, 0), (1, 0))}), join_tolerance_m=-1)


def test_complete_nodes_are_kept_but_a_line_drawn_backwards_gets_them_exchanged():
    # a, b and c meet at node 7; b is drawn towards it although the table says from it
    lines = layer(
        {"a": line((0, 0), (5, 0)), "b": line((5, 9), (5, 0)), "c": line((5, 0), (9, 0))},
        u=[1, 7, 7], v=[7, 2, 3],
    )  # fmt: skip
    log = IssueLog()
    roads = node_lines(lines, log=log)
    assert roads[["u", "v"]].to_numpy().tolist() == [[1, 7], [2, 7], [7, 3]]
    assert [(issue.code, issue.record) for issue in log] == [("drawn_backwards", "b")]
    assert lines["u"].tolist() == [1, 7, 7]


@pytest.mark.parametrize(
    "several",
    [["primary", "trunk"], np.array(["primary", "trunk"]), "['primary', 'trunk']"],
)
def test_of_several_classes_the_first_is_taken_and_noted(several):
    lines = layer({"a": line((0, 0), (1, 0)), "b": line((1, 0), (2, 0))})
    lines["highway"] = [several, "service"]
    log = IssueLog()
    assert node_lines(lines, log=log)["highway"].tolist() == ["primary", "service"]
    assert [(issue.code, issue.record, issue.field) for issue in log] == [
        ("several_values", "a", "highway")
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=5, unique=True
        ),
        min_size=1,
        max_size=12,
    )
)
def test_noding_keeps_the_length_and_every_end(paths):
    lines = {f"r{k}": shapely.LineString(path) for k, path in enumerate(paths)}
    roads, _ = noded(lines)
    assert roads.length.sum() == pytest.approx(sum(part.length for part in lines.values()))
    ends = {xy for path in paths for xy in (path[0], path[-1])}
    place = {}
    for piece, u, v in zip(roads.geometry, roads["u"], roads["v"], strict=True):
        for node, xy in ((u, piece.coords[0]), (v, piece.coords[-1])):
            assert place.setdefault(node, xy) == xy
    assert set(place.values()) == ends
    # no piece passes the end of a line without stopping there
    assert not any(set(piece.coords[1:-1]) & ends for piece in roads.geometry)


def street_graph():
    graph = nx.MultiDiGraph(crs=CRS)
    graph.add_node(1, x=0, y=0, highway="traffic_signals")
    graph.add_node(2, x=100, y=0, barrier="bollard")
    graph.add_node(3, x=100, y=100)
    return graph


def test_an_edge_and_its_reverse_become_one_two_way_piece():
    graph = street_graph()
    bend = line((0, 0), (50, 20), (100, 0))
    graph.add_edge(2, 1, geometry=bend.reverse(), highway="residential", reversed=True)
    graph.add_edge(1, 2, geometry=bend, highway="residential", reversed=False)
    graph.add_edge(2, 3, highway=["service", "track"], maxspeed=["30", "50"])
    log = IssueLog()
    roads = roads_from_graph(graph, log=log)
    assert roads[["u", "v", "oneway"]].to_dict("index") == {
        "1-2-0": {"u": 1, "v": 2, "oneway": "no"},
        "2-3-0": {"u": 2, "v": 3, "oneway": "yes"},
    }
    assert roads.length["2-3-0"] == 100
    assert roads["highway"].tolist() == ["residential", "service"]
    assert roads["maxspeed"].tolist()[1] == "30"
    assert roads["signals"].tolist() == [0.5, 0.0]
    assert roads["v_blocks"].tolist()[0] == "car"
    assert roads["u_blocks"].tolist()[1] == "car"
    assert roads.crs == CRS
    assert [issue.code for issue in log] == ["several_values", "several_values"]


def test_parallel_edges_and_loops_stay_apart():
    graph = street_graph()
    for _ in range(2):
        graph.add_edge(1, 2, highway="service")
    graph.add_edge(2, 1, highway="service")
    ring = line((100, 100), (110, 100), (110, 110), (100, 100))
    graph.add_edge(3, 3, geometry=ring, highway="service")
    graph.add_edge(3, 3, geometry=ring.reverse(), highway="service")
    roads = roads_from_graph(graph)
    assert roads["oneway"].to_dict() == {"1-2-0": "no", "1-2-1": "yes", "3-3-0": "no"}


def test_an_undirected_graph_gives_lines_from_u_to_v():
    graph = nx.Graph(crs=CRS)
    graph.add_node(1, x=0, y=0)
    graph.add_node(2, x=100, y=0)
    graph.add_edge(1, 2, geometry=line((100, 0), (0, 0)), highway="path")
    roads = roads_from_graph(graph)
    assert roads[["u", "v", "oneway"]].to_numpy().tolist() == [[2, 1, "no"]]


def test_a_graph_without_crs_or_positions_is_refused():
    with pytest.raises(CrsError, match="the graph has no CRS"):
        roads_from_graph(nx.MultiDiGraph())
    graph = nx.MultiDiGraph(crs=CRS)
    with pytest.raises(InputError, match="no edges"):
        roads_from_graph(graph)
    graph.add_edge(1, 2)
    with pytest.raises(InputError, match=r"nodes without x or y: \[1, 2\]"):
        roads_from_graph(graph)


@pytest.mark.realdata
def test_wuhan_is_noded_whole_and_its_backward_lines_are_turned(real_data):
    lines = gpd.read_parquet(real_data / "roads" / "wuhan_drive.parquet")
    log = IssueLog()
    roads = node_lines(lines, log=log)
    assert len(roads) == 92667
    assert len(set(roads["u"]) | set(roads["v"])) == 82902
    assert [issue.found for issue in log] == ["57,703 lines drawn from v to u"]
    place = {}
    for node, at in (("u", 0), ("v", -1)):
        xy = shapely.get_coordinates(shapely.get_point(roads.geometry.to_numpy(), at))
        for number, where in zip(roads[node], map(tuple, xy), strict=True):
            assert place.setdefault(number, where) == where

    plain = node_lines(lines.drop(columns=["u", "v", "key"]))
    assert len(plain) == 92667
    assert len(set(plain["u"]) | set(plain["v"])) == 82891  # 11 nodes share a place with another
    assert plain.length.sum() == pytest.approx(7_185_056, abs=1)
