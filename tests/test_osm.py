"""Extracts: what is read, how it is cut, who is stopped, and what bad files say."""

import bz2
import gzip
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import geopandas as gpd
import numpy as np
import osmium
import pytest
from geopandas.testing import assert_geodataframe_equal

from carecircle.errors import CarecircleWarning, InputError
from carecircle.inputs import download, osm
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.osm_tags import BARRIER_STOPS, MODES
from carecircle.inputs.source import Source


def tagged(tags):
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in (tags or {}).items())


def extract(path, nodes, ways, relations=()):
    """Write OSM XML: nodes {id: (x, y[, tags])}, ways {id: (refs, tags)}; 1 unit is 0.001 deg."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?><osm version="0.6" generator="test">']
    for node, (x, y, *tags) in nodes.items():
        lines.append(
            f'<node id="{node}" version="1" lon="{x / 1000}" lat="{y / 1000}">'
            f"{tagged(tags[0] if tags else None)}</node>"
        )
    for way, (refs, tags) in ways.items():
        nds = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{way}" version="1">{nds}{tagged(tags)}</way>')
    for relation, (members, tags) in dict(relations).items():
        parts = "".join(f'<member type="way" ref="{ref}" role="outer"/>' for ref in members)
        lines.append(f'<relation id="{relation}" version="1">{parts}{tagged(tags)}</relation>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


ROW = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (3, 0), 5: (1, 1), 6: (2, 1)}
STREET = {"highway": "residential"}


def roads_of(path):
    log = IssueLog()
    return osm.read_osm_roads(path, log=log), log


def test_a_way_is_cut_where_another_road_meets_it(tmp_path):
    path = extract(tmp_path / "t.osm", ROW, {10: ([1, 2, 3, 4], STREET), 11: ([2, 5], STREET)})
    roads, log = roads_of(path)
    assert roads[["u", "v"]].to_dict("index") == {
        "10/1": {"u": 1, "v": 2},
        "10/2": {"u": 2, "v": 4},
        "11": {"u": 2, "v": 5},
    }
    assert roads.index.name == "road_id"
    assert roads["u"].dtype == np.int64
    assert roads.crs == "EPSG:4326"
    assert roads.geometry["10/2"].coords[:] == [(0.001, 0.0), (0.002, 0.0), (0.003, 0.0)]
    assert not log


def test_roads_that_cross_without_a_shared_node_do_not_connect(tmp_path):
    nodes = {1: (0, 1), 2: (2, 1), 3: (1, 0), 4: (1, 2)}
    ways = {10: ([1, 2], STREET), 11: ([3, 4], {**STREET, "bridge": "yes", "layer": "1"})}
    roads, _ = roads_of(extract(tmp_path / "t.osm", nodes, ways))
    assert list(roads.index) == ["10", "11"]
    assert roads["bridge"].tolist()[1] == "yes"
    assert set(roads.loc["10", ["u", "v"]]).isdisjoint(roads.loc["11", ["u", "v"]])


def test_two_nodes_in_one_place_stay_two_nodes(tmp_path):
    nodes = {1: (0, 0), 2: (1, 0), 3: (1, 0), 4: (2, 0)}
    roads, _ = roads_of(
        extract(tmp_path / "t.osm", nodes, {10: ([1, 2], STREET), 11: ([3, 4], STREET)})
    )
    assert roads[["u", "v"]].to_numpy().tolist() == [[1, 2], [3, 4]]


def test_a_way_that_passes_a_node_twice_is_cut_there(tmp_path):
    # a lollipop: stick 1-2, loop 2-3-6-5-2
    roads, _ = roads_of(extract(tmp_path / "t.osm", ROW, {10: ([1, 2, 3, 6, 5, 2], STREET)}))
    assert roads[["u", "v"]].to_numpy().tolist() == [[1, 2], [2, 2]]


def test_a_node_written_twice_in_a_row_cuts_nothing(tmp_path):
    roads, _ = roads_of(extract(tmp_path / "t.osm", ROW, {10: ([1, 2, 2, 3], STREET)}))
    assert roads[["u", "v"]].to_numpy().tolist() == [[1, 3]]
    assert len(roads.geometry.iloc[0].coords) == 3


def test_what_is_no_road_is_left_out_with_its_reason(tmp_path):
    ways = {
        10: ([1, 2], STREET),
        11: ([2, 3], {"highway": "construction"}),
        12: ([2, 3, 6, 2], {"highway": "service", "area": "yes"}),
        13: ([2, 3, 6, 2], {"highway": "pedestrian", "area": "yes"}),
        14: ([1, 5], {"railway": "rail"}),
    }
    roads, log = roads_of(extract(tmp_path / "t.osm", ROW, ways))
    assert list(roads.index) == ["10", "13"]
    assert [(issue.record, issue.severity, issue.found) for issue in log] == [
        ("11", "note", "1 ways with highway=construction"),
        ("12", "note", "1 ways with highway=service with area=yes"),
    ]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"oneway": "yes"}, "yes"),
        ({"oneway": "-1"}, "-1"),
        ({"oneway": "no", "junction": "roundabout"}, "no"),
        ({"junction": "roundabout"}, "yes"),
        ({"highway": "motorway"}, "yes"),
        ({"highway": "motorway_link"}, None),
        ({}, None),
    ],
)
def test_direction_is_tagged_or_implied(tmp_path, tags, expected):
    roads, _ = roads_of(extract(tmp_path / "t.osm", ROW, {10: ([1, 2], {**STREET, **tags})}))
    value = roads["oneway"].iloc[0]
    assert value == expected if expected else roads["oneway"].isna().all()


def test_tags_become_columns_and_missing_stays_missing(tmp_path):
    tags = {
        "highway": "service", "oneway": "yes", "oneway:foot": "no", "cycleway": "opposite_lane",
        "maxspeed": "30 mph", "motorcar": "no", "vehicle": "destination", "name": "人民路, 1=A %",
    }  # fmt: skip
    roads, _ = roads_of(extract(tmp_path / "t.osm", ROW, {10: ([1, 2], tags)}))
    row = roads.iloc[0].dropna().drop("geometry").to_dict()
    assert row == {
        "highway": "service", "oneway": "yes", "oneway_foot": "no", "oneway_bicycle": "no",
        "maxspeed": "48", "bicycle": "destination", "motor_vehicle": "no",
        "name": "人民路, 1=A %", "signals": 0.0, "u": 1, "v": 2,
    }  # fmt: skip


def test_a_signal_between_counts_one_and_at_an_end_one_half(tmp_path):
    lit = {"highway": "traffic_signals"}
    nodes = {1: (0, 0, lit), 2: (1, 0, lit), 3: (2, 0), 4: (3, 0)}
    roads, _ = roads_of(
        extract(tmp_path / "t.osm", nodes, {10: ([1, 2, 3], STREET), 11: ([3, 4], STREET)})
    )
    assert roads["signals"].tolist() == [1.5, 0.0]


@pytest.mark.parametrize(
    ("tags", "stopped"),
    [
        ({"barrier": "gate"}, ""),
        ({"barrier": "gate", "access": "private"}, "car"),
        ({"barrier": "gate", "access": "no"}, "walk;wheelchair;bike;car"),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, "bike;car"),
        ({"barrier": "gate", "foot": "no"}, "walk;wheelchair"),
        ({"barrier": "lift_gate", "motor_vehicle": "private"}, "car"),
        ({"barrier": "bollard"}, "car"),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, ""),
        ({"barrier": "bollard", "access": "yes"}, "car"),
        ({"barrier": "stile"}, "wheelchair;bike;car"),
        ({"barrier": "stile", "wheelchair": "yes"}, "bike;car"),
        ({"barrier": "wall"}, "walk;wheelchair;bike;car"),
        ({"access": "no"}, ""),
    ],
)
def test_a_barrier_stops_whom_its_kind_and_tags_say(tmp_path, tags, stopped):
    nodes = {**ROW, 2: (1, 0, tags)}
    roads, _ = roads_of(extract(tmp_path / "t.osm", nodes, {10: ([1, 2, 3], STREET)}))
    if stopped:
        assert roads[["u", "v"]].to_numpy().tolist() == [[1, 2], [2, 3]]
        assert roads["v_blocks"].tolist()[0] == stopped
        assert roads["u_blocks"].tolist()[1] == stopped
        assert roads["u_blocks"].isna().tolist() == [True, False]
    else:
        assert roads[["u", "v"]].to_numpy().tolist() == [[1, 3]]


def test_every_barrier_rule_names_known_modes():
    assert all(set(modes) <= set(MODES) for modes in BARRIER_STOPS.values())


def test_an_unknown_barrier_stops_nobody_and_is_noted(tmp_path):
    nodes = {**ROW, 2: (1, 0, {"barrier": "dragon"})}
    roads, log = roads_of(extract(tmp_path / "t.osm", nodes, {10: ([1, 2, 3], STREET)}))
    assert len(roads) == 1
    assert [(i.code, i.record, i.found) for i in log] == [
        ("unknown_barrier", "2", "barrier=dragon at 1 nodes")
    ]


def test_nothing_is_drawn_across_nodes_the_extract_does_not_hold(tmp_path):
    ways = {10: ([1, 2, 99, 3, 4], STREET), 11: ([5, 98], STREET)}
    roads, log = roads_of(extract(tmp_path / "t.osm", ROW, ways))
    assert roads[["u", "v"]].to_numpy().tolist() == [[1, 2], [3, 4]]
    assert [(i.code, i.severity, i.record) for i in log] == [
        ("nodes_missing", "warning", "10"),
        ("way_without_line", "warning", "11"),
    ]
    with pytest.warns(CarecircleWarning, match="1 nodes not in the file"):
        osm.read_osm_roads(tmp_path / "t.osm")


def test_all_formats_give_the_same_roads(tmp_path):
    plain = extract(tmp_path / "t.osm", ROW, {10: ([1, 2, 3], STREET), 11: ([2, 5], STREET)})
    (tmp_path / "t.osm.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "t.osm.bz2").write_bytes(bz2.compress(plain.read_bytes()))
    with osmium.SimpleWriter(str(tmp_path / "t.osm.pbf")) as writer:
        osmium.apply(str(plain), writer)
    expected, _ = roads_of(plain)
    for name in ("t.osm.gz", "t.osm.bz2", "t.osm.pbf"):
        assert_geodataframe_equal(roads_of(tmp_path / name)[0], expected)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.osm.pbf", None, "missing_file"),
        ("bad.osm.pbf", b"this is no extract at all, only text", "unreadable_extract"),
        ("bad.osm", b"<osm><node", "unreadable_extract"),
        ("bad.osm.gz", gzip.compress(b"<osm version='0.6'/>", mtime=0)[:-9], "unreadable_extract"),
        ("empty.osm", b'<osm version="0.6"></osm>', "no_roads"),
    ],
)
def test_a_bad_file_is_one_fatal_issue_that_names_it(tmp_path, name, content, code):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    roads, log = roads_of(path)
    assert roads.empty
    assert list(roads.columns)[:2] == ["highway", "oneway"]
    assert [(issue.code, issue.severity, issue.record) for issue in log] == [
        (code, "fatal", str(path))
    ]
    assert log[0].fix
    with pytest.raises(InputError, match=name):
        osm.read_osm_roads(path)


BLOCK = {n: (x, y) for n, (x, y) in enumerate([(0, 0), (4, 0), (4, 4), (0, 4)], start=1)}


def test_features_come_from_nodes_ways_and_relations(tmp_path):
    nodes = {**BLOCK, 5: (1, 1, {"amenity": "clinic;doctors", "name": "诊所"})}
    ways = {
        10: ([1, 2, 3, 4, 1], {"healthcare": "centre", "name": "B"}),
        11: ([1, 2, 3], {}),
        12: ([3, 4, 1], {}),
        13: ([1, 2, 3], {"amenity": "clinic"}),
        14: ([1, 2, 3, 1], {"amenity": "bank"}),
        15: ([1, 2, 3, 1], {"healthcare": "no"}),
    }
    relations = {
        20: ([11, 12], {"type": "multipolygon", "amenity": "clinic"}),
        21: ([11, 99], {"type": "multipolygon", "amenity": "clinic", "name": "C"}),
        22: ([11, 12], {"type": "site", "amenity": "clinic"}),
    }
    path = extract(tmp_path / "t.osm", nodes, ways, relations)
    log = IssueLog()
    source = Source(path, tags={"amenity": ["clinic"], "healthcare": True})
    features = osm.read_osm_features(source, log=log)
    assert features.geom_type.to_dict() == {"n5": "Point", "w10": "Polygon", "r20": "Polygon"}
    assert features["name"].dropna().to_dict() == {"n5": "诊所", "w10": "B"}
    assert features["healthcare"].dropna().to_dict() == {"w10": "centre"}
    assert features.geometry["w10"].area == pytest.approx(0.004**2)
    assert [(issue.code, issue.severity, issue.record) for issue in log] == [
        ("open_way", "error", "w13"),
        ("incomplete_relation", "error", "r21"),
        ("incomplete_relation", "error", "r22"),
        ("not_a_feature", "note", "w15"),
    ]
    assert "C: 1 of 2 member ways are not in the file" in log[1].found


def test_areas_are_whole_outlines_of_one_level(tmp_path):
    tags = {"boundary": "administrative", "admin_level": "8"}
    nodes = {**BLOCK, **{n + 10: (x + 8, y) for n, (x, y) in BLOCK.items()}}
    ways = {
        10: ([1, 2, 3], {}),
        11: ([3, 4, 1], {}),
        12: ([11, 12, 13, 14, 11], tags),  # an exclave: a closed ring of the relation
    }
    relations = {
        20: ([10, 11, 12], {**tags, "type": "boundary", "name": "Inside"}),
        21: ([10, 98, 99], {**tags, "type": "boundary", "name": "Cut off"}),
        22: ([10, 11], {**tags, "type": "boundary", "admin_level": "6", "name": "District"}),
    }
    path = extract(tmp_path / "t.osm", nodes, ways, relations)
    log = IssueLog()
    areas = osm.read_osm_areas(Source(path, admin_level=8), log=log)
    assert areas["name"].to_dict() == {"r20": "Inside"}
    assert areas.geometry["r20"].area == pytest.approx(2 * 0.004**2)
    assert [(issue.code, issue.record, issue.found) for issue in log] == [
        ("incomplete_relation", "r21", "Cut off: 2 of 3 member ways are not in the file")
    ]
    with pytest.raises(InputError, match=r"no whole area of level 9; levels in the file: 6 \(1\)"):
        osm.read_osm_areas(Source(path, admin_level=9))
    with pytest.raises(InputError, match=r"levels in the file: 6 \(1\).*say admin_level"):
        osm.read_osm_areas(str(path))  # a file alone is asked for the level it lacks


def test_plain_import_leaves_osmium_alone():
    code = (
        "import sys, carecircle.inputs.osm, carecircle.inputs.lines, carecircle.inputs.graphs,"
        " carecircle.inputs.download; print({'osmium', 'osmnx'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def by_hand(path):
    """Highway ways of an extract read the slow way, one node at a time."""
    ways = {}
    reader = osmium.FileProcessor(path).with_locations()
    for way in reader.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
        if "highway" in way.tags:
            ways[way.id] = [
                (n.ref, n.lon, n.lat) if n.location.valid() else (n.ref, None, None)
                for n in way.nodes
            ]
    return ways


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "highways"),
    [
        ("helsinki_centre_2019.osm.pbf", 2650),
        ("monaco_2012.osm.gz", 866),
        ("porto_alegre_2020.osm.pbf", 15886),
        ("liechtenstein_2015.osm.pbf", 4660),
    ],
)
def test_a_real_extract_is_read_without_loss(real_data, name, highways):
    path = real_data / "osm" / name
    ways = by_hand(path)
    assert len(ways) == highways
    roads, log = roads_of(path)
    kept = {int(road_id.split("/")[0]) for road_id in roads.index}
    set_aside = sum(
        int(issue.found.split(" ")[0].replace(",", ""))
        for issue in log
        if issue.code in ("not_a_road", "way_without_line")
    )
    assert len(kept) + set_aside == highways

    segments = [
        (a, b)
        for way in kept
        for a, b in pairwise(ways[way])
        if a[0] != b[0] and a[1] is not None and b[1] is not None
    ]
    length = sum(np.hypot(a[1] - b[1], a[2] - b[2]) for a, b in segments)
    degrees = np.hypot(*np.diff(roads.get_coordinates().to_numpy(), axis=0).T)
    row = np.repeat(np.arange(len(roads)), roads.count_coordinates())
    assert degrees[row[1:] == row[:-1]].sum() == pytest.approx(length, rel=1e-12)

    # a node where other than two segments end, or two of different ways, is a node of the network
    joint = {
        node for node, n in Counter(node[0] for pair in segments for node in pair).items() if n != 2
    }
    assert joint <= set(roads["u"]) | set(roads["v"])
    assert roads.index.is_unique


@pytest.mark.realdata
def test_the_columns_of_porto_alegre_hold_every_tag(real_data):
    path = real_data / "osm" / "porto_alegre_2020.osm.pbf"
    tags = {
        way.id: dict(way.tags)
        for way in osmium.FileProcessor(path, osmium.osm.WAY)
        if "highway" in way.tags
    }
    assert sum("oneway" in found for found in tags.values()) == 5330
    roads, log = roads_of(path)
    ways = roads.groupby(roads.index.str.split("/").str[0].astype(int)).first()
    for column in ("highway", "maxspeed", "access", "foot", "surface", "layer", "name"):
        expected = {way: tags[way][column] for way in ways.index if column in tags[way]}
        assert ways[column].dropna().to_dict() == expected
    assert not log.of("warning")


@pytest.mark.realdata
def test_liechtenstein_has_eleven_municipalities_and_9001_buildings(real_data):
    path = real_data / "osm" / "liechtenstein_2015.osm.pbf"
    log = IssueLog()
    areas = osm.read_osm_areas(Source(path, admin_level=8), log=log)
    assert sorted(areas["name"]) == [
        "Balzers", "Eschen", "Gamprin", "Mauren", "Planken", "Ruggell", "Schaan", "Schellenberg",
        "Triesen", "Triesenberg", "Vaduz",
    ]  # fmt: skip
    country = osm.read_osm_areas(Source(path, admin_level=2), log=IssueLog())
    assert country["name"].tolist() == ["Liechtenstein"]
    metres = areas.to_crs("EPSG:32632")
    assert metres.area.sum() == pytest.approx(country.to_crs("EPSG:32632").area.sum(), rel=1e-4)
    assert len(log.of("error")) == 11  # neighbours cut by the edge of the extract
    log = IssueLog()
    buildings = osm.read_osm_features(Source(path), log=log)
    assert len(buildings) == 8997
    assert Counter(issue.code for issue in log) == {
        "open_way": 2, "incomplete_relation": 1, "not_a_feature": 1,
    }  # fmt: skip
    places = osm.read_osm_places(Source(path, tags={"place": ["village", "locality"]}))
    assert places["place"].value_counts().to_dict() == {"locality": 20, "village": 15}


@pytest.mark.realdata
def test_a_cut_off_pbf_is_unreadable(real_data, tmp_path):
    whole = (real_data / "osm" / "porto_alegre_2020.osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.osm\.pbf: unreadable extract .*download"):
        osm.read_osm_roads(path)
    with pytest.raises(InputError, match=r"cut\.osm\.pbf: unreadable extract"):
        osm.read_osm_features(Source(path))


@pytest.mark.parametrize(
    "call",
    [
        lambda: download.download_roads("Nowhere"),
        lambda: download.download_areas("Nowhere"),
        lambda: download.download_features("Nowhere", {"amenity": ["clinic"]}),
    ],
)
def test_a_download_without_connection_or_place_is_one_clear_error(monkeypatch, call):
    import osmnx
    import requests

    before = list(osmnx.settings.useful_tags_way)
    for name in ("graph_from_place", "features_from_place", "geocode_to_gdf"):
        monkeypatch.setattr(osmnx, name, raising(requests.exceptions.ConnectionError("dns")))
    with pytest.raises(InputError, match=r"no connection .*check the internet connection"):
        call()
    for name in ("graph_from_place", "features_from_place", "geocode_to_gdf"):
        error = osmnx._errors.InsufficientResponseError("no results for 'Nowhere'")
        monkeypatch.setattr(osmnx, name, raising(error))
    with pytest.raises(InputError, match=r"Nowhere: place not found .*district, city"):
        call()
    assert osmnx.settings.useful_tags_way == before


def raising(error):
    def call(*args, **kwargs):
        raise error

    return call


def test_downloaded_areas_and_features_get_osm_ids(monkeypatch):
    import osmnx
    import pandas as pd

    square = gpd.GeoSeries.from_wkt(["POLYGON ((0 0, 1 0, 1 1, 0 0))"], crs=4326)
    found = gpd.GeoDataFrame(
        {"osm_type": ["relation"], "osm_id": [7], "name": ["Vaduz"], "display_name": ["Vaduz, LI"]},
        geometry=square,
    )
    monkeypatch.setattr(osmnx, "geocode_to_gdf", lambda names: found)
    assert list(download.download_areas("Vaduz").index) == ["r7"]
    index = pd.MultiIndex.from_tuples([("way", 12)], names=["element", "id"])
    monkeypatch.setattr(
        osmnx, "features_from_place", lambda place, tags: found.iloc[:, 2:].set_index(index)
    )
    assert list(download.download_features("Vaduz", {"amenity": True}).index) == ["w12"]
