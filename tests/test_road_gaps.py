from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings

import carecircle as cc
from carecircle.analysis.road_gaps import RoadGapRule, joined_minutes, probable_gaps
from carecircle.depth.road_checks import road_gap_checks
from carecircle.errors import InputError
from carecircle.planning.scenario import RoadChanges, Scenario
from carecircle.roads.standing import HomeSearch
from towns import CRS, WALK, roads_of, shapes, towns_with_places


def gaps_of(*pieces, rule=None, barriers=None, **columns):
    roads = roads_of(*pieces, **columns)
    network = cc.RoadNetwork.from_roads(roads, WALK, barriers=barriers)
    return probable_gaps(network, rule, barriers=barriers)


def two_ends(gap):
    """Two streets in line whose ends are some metres apart, and nothing else."""
    return ("a", "b", [(0, 0), (500, 0)]), ("c", "d", [(500 + gap, 0), (1000, 0)])


# the way round between the two ends is 500 + 100 + 1000 + 100 + 496
ROUND = (
    ("a", "e", [(0, 0), (0, 100)]),
    ("e", "f", [(0, 100), (1000, 100)]),
    ("f", "d", [(1000, 100), (1000, 0)]),
)


@pytest.mark.parametrize(("gap", "found"), [(4.0, 1), (15.0, 1), (15.01, 0)])
def test_two_dead_ends_are_one_gap_up_to_the_stated_distance(gap, found):
    gaps = gaps_of(*two_ends(gap))
    assert len(gaps) == found
    if found:
        assert gaps.iloc[0][["road_id", "other_road_id", "gap_m"]].tolist() == ["r000", "r001", gap]
        assert gaps.index.tolist() == ["RG001"]
        assert not gaps["connected"].iloc[0]
        assert np.isnan(gaps["detour_m"].iloc[0])


def test_the_way_round_is_measured_along_the_roads():
    gaps = gaps_of(*two_ends(4.0), *ROUND)
    assert gaps["detour_m"].tolist() == [2196.0]
    assert gaps["connected"].tolist() == [True]
    assert gaps.geometry.iloc[0].equals(shapely.LineString([(500, 0), (504, 0)]))
    far = gaps_of(*two_ends(4.0), *ROUND, rule=RoadGapRule(longest_m=2000.0))
    assert np.isnan(far["detour_m"].iloc[0])
    assert far["connected"].tolist() == [True]


def test_a_short_way_round_is_no_gap():
    # the lane ends 10 m from the street it comes from: 10 + 150 + ... along the roads
    lane = ("b", "x", [(100, 0), (100, 60), (40, 60), (40, 10)])
    pieces = (("a", "b", [(0, 0), (100, 0)]), lane, ("b", "c", [(100, 0), (200, 0)]))
    assert len(gaps_of(*pieces, rule=RoadGapRule(min_detour_m=230.1))) == 0
    gaps = gaps_of(*pieces, rule=RoadGapRule(min_detour_m=230.0))
    assert gaps[["gap_m", "detour_m"]].to_numpy().tolist() == [[10.0, 230.0]]
    assert gaps["other_fraction"].tolist() == [0.4]
    assert len(gaps_of(*pieces, rule=RoadGapRule(min_ratio=23.5))) == 0


@pytest.mark.parametrize(
    "wall", [shapely.LineString([(502, -50), (502, 50)]), shapely.box(501, -50, 503, 50)]
)
def test_nobody_joins_roads_across_a_barrier(wall):
    roads = roads_of(*two_ends(4.0))
    network = cc.RoadNetwork.from_roads(roads, WALK)
    assert len(probable_gaps(network)) == 1
    assert len(probable_gaps(network, barriers=shapes(wall))) == 0


def test_a_gate_or_a_barrier_that_cuts_a_road_makes_no_gap():
    whole = ("a", "b", [(0, 0), (500, 0)]), ("b", "c", [(500, 0), (1000, 0)])
    gate = shapes(shapely.Point(500, 0))
    rail = shapes(shapely.LineString([(300, -9), (300, 9)]))
    assert len(gaps_of(*whole, barriers=gate)) == 0
    assert len(gaps_of(*whole, barriers=rail)) == 0
    stopped = ("b", "c", [(500, 0), (1000, 0)], {"u_blocks": "walk;bike"})
    assert len(gaps_of(whole[0], stopped)) == 0


def test_bridges_and_tunnels_are_on_another_level():
    over = ("c", "d", [(504, -100), (504, 100)], {"bridge": "yes"})
    under = ("c", "d", [(504, -100), (504, 100)])
    assert len(gaps_of(two_ends(4.0)[0], over)) == 0
    assert gaps_of(two_ends(4.0)[0], under)["other_fraction"].tolist() == [0.5]
    closed = ("c", "d", [(504, -100), (504, 100)], {"highway": "motorway"})
    assert len(gaps_of(two_ends(4.0)[0], closed)) == 0


def test_a_road_that_goes_on_closed_is_no_dead_end():
    on = ("b", "x", [(500, 0), (500, 300)], {"highway": "motorway"})
    assert len(gaps_of(*two_ends(4.0), on)) == 1  # only the other street still ends there
    both = ("c", "y", [(504, 0), (504, 300)], {"highway": "motorway"})
    assert len(gaps_of(*two_ends(4.0), on, both)) == 0


def test_dead_ends_that_pass_each_other_are_one_place_to_look_at():
    gaps = gaps_of(("a", "b", [(0, 0), (500, 0)]), ("c", "d", [(1000, 5), (495, 5)]))
    assert gaps["gap_m"].tolist() == [5.0]


def test_the_two_ends_of_a_cut_off_road_are_two_gaps():
    lane = ("c", "d", [(100, 4), (400, 4)])
    assert len(gaps_of(("a", "b", [(0, 0), (500, 0)]), lane)) == 2


def test_order_of_roads_does_not_change_the_gaps():
    roads = roads_of(*two_ends(4.0), *ROUND, ("p", "q", [(200, -8), (200, -300)]))
    straight = probable_gaps(cc.RoadNetwork.from_roads(roads, WALK))
    turned = probable_gaps(cc.RoadNetwork.from_roads(roads.iloc[::-1], WALK))
    assert len(straight) == 2
    columns = ["gap_m", "detour_m", "connected", "x", "y"]
    pd.testing.assert_frame_equal(straight[columns], turned[columns])


@settings(max_examples=20)
@given(towns_with_places(closed=False))
def test_law_joined_minutes_are_those_of_a_network_with_the_road(town):
    roads, network, homes, facilities = town
    facilities = facilities.assign(extra_minutes=1.0)
    gaps = probable_gaps(network, RoadGapRule(max_m=200.0, min_detour_m=1.0, min_ratio=1.0))
    # a road between two nodes leaves all other pieces, and so all positions, as they are
    gaps = gaps[gaps["other_fraction"].isin([0.0, 1.0])]
    search = HomeSearch.over(network, homes, direction="to_facility")
    found = joined_minutes(search, facilities, gaps, max_minutes=500.0)
    extra = facilities["extra_minutes"]
    today = cc.nearest(network, homes, facilities, extra_minutes=extra)["minutes"].to_numpy()
    for name, gap in gaps.iterrows():
        ends = [
            roads[end].iloc[gap[piece]]
            for piece, fraction in (("piece", "fraction"), ("other_piece", "other_fraction"))
            for end in ["v" if gap[fraction] == 1.0 else "u"]
        ]
        joint = gpd.GeoDataFrame(
            {"highway": "path", "u": ends[:1], "v": ends[1:], "closed": False, "oneway_foot": "no"},
            geometry=[gap["geometry"]], index=["joint"], crs=CRS,
        )  # fmt: skip
        joined = cc.RoadNetwork.from_roads(pd.concat([roads, joint]), WALK)
        then = cc.nearest(joined, homes, facilities, extra_minutes=extra)["minutes"].to_numpy()
        own = found[found["road_gap_id"] == name].set_index("home")["minutes"]
        merged = pd.Series(today).where(~pd.Series(today).index.isin(own.index), own)
        np.testing.assert_allclose(merged, then, atol=2e-9, rtol=0)


def split_town():
    """A street with the station, cut by a gap of 4 m at 500 m; the long way round is 2.2 km."""
    base = cc.samples.toy_town()
    roads = roads_of(*two_ends(4.0), *ROUND)
    spots = [(400, 0), (600, 0), (700, 0), (890, 0)]
    homes = gpd.GeoDataFrame(
        {"area_id": ["W", "C", "C", "C"], "elders": [10.0, 10.0, 20.0, 30.0], "population": 25.0},
        geometry=[shapely.Point(spot) for spot in spots], crs=CRS,
        index=pd.Index(["H1", "H2", "H3", "H4"], name="home_id"),
    )  # fmt: skip
    return replace(base, tables=replace(base.tables, roads=roads, homes=homes))


def test_verdicts_of_homes_and_areas_name_the_gap_they_depend_on():
    found = road_gap_checks(split_town())
    # H4 stands 890 m from the station over the gap and 110 + 100 + 1000 + 100 m round
    assert found.homes["home_id"].tolist() == ["H2", "H3", "H4"]
    assert found.homes["minutes"].tolist() == [10.0, round(700 / 60, 9), round(890 / 60, 9)]
    assert found.homes["minutes_today"].tolist() == [
        round((1000 - x + 1200) / 60, 9) for x in (600, 700, 890)
    ]
    assert found.depends_on.to_dict() == {"H2": "RG001", "H3": "RG001", "H4": "RG001"}
    gap = found.gaps.loc["RG001"]
    assert gap[["homes_flipped", "elders_flipped", "people_flipped", "area_ids"]].tolist() == [
        3, 60, 75, "C",
    ]  # fmt: skip
    areas = found.areas
    assert areas["depends_on"].to_dict() == {"W": "", "C": "RG001", "V": "", "N": ""}
    assert areas.loc["C", ["homes_depend", "elders_depend"]].tolist() == [3, 60]
    assert not areas.loc["C", "on_time"]
    assert "RG001" in found._repr_html_()


def test_only_the_gaps_with_most_elders_near_are_evaluated():
    town = split_town()
    far = roads_of(("s", "t", [(9000, 0), (9100, 0)]), ("v", "w", [(9102, 0), (9200, 0)])).rename(
        index=lambda name: f"far{name}"
    )
    roads = gpd.GeoDataFrame(pd.concat([town.tables.roads, far]), crs=CRS)
    town = replace(town, tables=replace(town.tables, roads=roads))
    every = road_gap_checks(town)
    assert every.gaps.index.tolist() == ["RG002", "RG001"], "most elders first"
    one = road_gap_checks(town, RoadGapRule(most=1))
    assert one.gaps["evaluated"].to_dict() == {"RG002": True, "RG001": False}
    assert np.isnan(one.gaps.loc["RG001", "elders_flipped"])
    pd.testing.assert_frame_equal(one.homes, every.homes)


@pytest.fixture(scope="module")
def city(sample_base):
    return sample_base


@pytest.fixture(scope="module")
def cases():
    table = pd.read_csv(cc.samples.wuhai_folder() / "special_cases.csv")
    return table.set_index("case")["id"]


def test_the_gaps_put_into_the_sample_city_are_found(city, cases):
    found = road_gap_checks(city)
    pairs = {
        ";".join(sorted(pair)): name
        for name, *pair in found.gaps[["road_id", "other_road_id"]].itertuples()
    }
    harmful, harmless = (
        found.gaps.loc[pairs[cases[case]]] for case in ("road_gap", "road_gap_harmless")
    )
    assert harmful["homes_flipped"] > 0
    assert harmless["homes_flipped"] == 0
    assert found.gaps.index[0] == harmful.name, "the worst comes first"
    assert found.depends_on[cases["false_uncovered_by_gap"]] == harmful.name
    assert found.gaps["gap_m"].between(0, 15).all()
    rails = city.study.tables.barriers.union_all()
    assert not found.gaps.intersects(rails).any()


def test_each_gap_changes_what_a_scenario_with_that_road_changes(city):
    found = road_gap_checks(city, RoadGapRule(max_m=50.0))
    homes = city.study.homes.index
    # one joint between two nodes, one to the middle of a road
    ends = found.gaps["other_fraction"].isin([0.0, 1.0])
    for kind in (ends, ~ends):
        gap = found.gaps[kind].index[0]
        scenario = Scenario("join", roads=RoadChanges(add=[found.gaps.geometry[gap]]))
        then = city.what_if(scenario)
        gained = homes[then.covered & ~city.today.covered]
        own = found.homes[found.homes["road_gap_id"] == gap]
        assert sorted(gained) == own["home_id"].tolist()
        minutes = pd.Series(then.minutes, homes)[own["home_id"]]
        np.testing.assert_allclose(own["minutes"], minutes, atol=1e-6)


def test_a_study_without_roads_and_bad_rules_are_turned_away():
    town = cc.samples.toy_town()
    pairs = pd.DataFrame({"facility_id": ["F1"], "home_id": ["H01"], "minutes": [5.0]})
    own = replace(town, tables=replace(town.tables, minutes=pairs))
    with pytest.raises(InputError, match="road gaps: the study brings its own minutes"):
        road_gap_checks(own)
    with pytest.raises(InputError, match=r"max_m is 0, most is -1"):
        RoadGapRule(max_m=0, most=-1)


@pytest.mark.realdata
def test_gaps_of_a_real_extract_are_near_far_round_and_each_listed_once(real_data):
    lines = cc.read_osm_roads(real_data / "osm" / "liechtenstein_2015.osm.pbf").to_crs(32632)
    network = cc.RoadNetwork.from_roads(lines, WALK)
    gaps = probable_gaps(network)
    assert len(gaps) > 10
    assert gaps["gap_m"].between(0, 15).all()
    way = gaps["detour_m"].dropna()
    assert (way >= np.maximum(200.0, 10 * gaps.loc[way.index, "gap_m"]) - 1e-6).all()
    middle = np.column_stack([gaps["x"], gaps["y"]]).round(1)
    assert len(np.unique(middle, axis=0)) == len(gaps)
    # networkx as the second way round: through either end of the other road
    graph = nx.Graph()
    is_open = np.isfinite(network.seconds).any(axis=1)
    for (u, v), metres in zip(network.ends[is_open], network.length_m[is_open], strict=True):
        if metres < graph.get_edge_data(u, v, {"metres": np.inf})["metres"]:
            graph.add_edge(u, v, metres=metres)
    for _, gap in gaps.iterrows():
        start = network.ends[gap["piece"], int(gap["fraction"])]
        reached = nx.single_source_dijkstra_path_length(graph, start, weight="metres")
        other, share = gap["other_piece"], gap["other_fraction"]
        ends = [reached.get(node, np.inf) for node in network.ends[other]]
        ways = ends + network.length_m[other] * np.array([share, 1 - share])
        assert gap["connected"] == np.isfinite(ways.min())
        expected = ways.min() if ways.min() <= 5000 else np.nan
        np.testing.assert_allclose(gap["detour_m"], expected, atol=1e-5)
