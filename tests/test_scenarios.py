"""Scenarios as data: read from TOML and JSON, checked all at once, applied to a study."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning.scenario import RoadChanges, Scenario, check_scenarios
from carecircle.roads.changes import add_roads, close_roads
from carecircle.scenarios.file import read_scenarios, scenarios_from, scenarios_text
from carecircle.scenarios.what_if import apply_scenario, known_to

TOML = """
[[scenario]]
name = "all of it"
build = ["N1", "F2"]
close = ["S1"]
enlarge = { S2 = 200 }
move = { F1 = [500.0, 0.0] }
population = { W = 1.1 }
limits = { urban = 10 }
walking_speed = 0.8
sites = { N1 = [900.0, 100.0] }
[scenario.roads]
add = [[[0.0, 500.0], [0.0, 1000.0]]]
close = ["R001"]
speed = { R002 = 0.8 }

[[scenario]]
name = "nothing"
"""


def town_with(*sites, **columns):
    """The toy town with candidate sites N1, N2, ... at the given spots."""
    from dataclasses import replace

    study = cc.samples.toy_town()
    index = pd.Index([f"N{k + 1}" for k in range(len(sites))], name="site_id")
    frame = gpd.GeoDataFrame(
        columns, geometry=[shapely.Point(s) for s in sites], index=index, crs=study.areas.crs
    )
    return replace(study, tables=replace(study.tables, sites=frame))


def faults(study, *scenarios):
    with pytest.raises(InputError) as caught:
        check_scenarios(scenarios, known_to(study))
    return str(caught.value).splitlines()


# ---------------------------------------------------------------------------------------- files


def test_toml_and_json_give_the_same_scenarios(tmp_path):
    import tomllib

    (tmp_path / "a.toml").write_text(TOML, encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps(tomllib.loads(TOML)), encoding="utf-8")
    one, two = (read_scenarios(tmp_path / name) for name in ("a.toml", "a.json"))
    assert [s.name for s in one] == ["all of it", "nothing"]
    for a, b in zip(one, two, strict=True):
        assert repr(a) == repr(b)
        assert (a.build, a.close, a.enlarge, a.move) == (b.build, b.close, b.enlarge, b.move)
        assert (a.population, a.limits, a.sites) == (b.population, b.limits, b.sites)
        assert list(a.roads.add) == list(b.roads.add)
        assert a.walking_speed == b.walking_speed
    assert repr(one[0]) == (
        "Scenario('all of it': build N1, F2; close S1; enlarge S2; move F1;"
        " roads; population; limits; walk at 0.8 m/s)"
    )
    assert one[0].move == {"F1": (500.0, 0.0)}
    check_scenarios(one, known_to(cc.samples.toy_town()))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = ", "is not TOML in UTF-8"),
        ("", "write [[scenario]] with a name"),
        ("[[scenarios]]\nname = 'A'", "scenarios"),
        ("[[scenario]]\nbuild = ['N1']", "name: bad scenario (missing); give each scenario a name"),
        ("[[scenario]]\nname = 'A'\nbuld = ['N1']", "did you mean build?"),
        ("[[scenario]]\nname = 'A'\nbuild = 3", "'A', build: bad scenario (3); give a list of ids"),
        ("[[scenario]]\nname = 'A'\npopulation = true", "give a factor"),
        ("[[scenario]]\nname = 'A'\n[scenario.roads]\nshut = ['R1']", "roads.shut"),
        ("[[scenario]]\nname = 'A'\n[scenario.roads]\nadd = [[1, 2]]", "give lines"),
        ("scenario = 'A'", "write [[scenario]], then its keys"),
    ],
)
def test_a_bad_file_gives_one_clear_line(tmp_path, text, told):
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_scenarios(path)
    (line,) = [row for row in str(caught.value).splitlines() if told in row]
    assert "Traceback" not in line


def test_a_missing_file_names_its_neighbours(tmp_path):
    (tmp_path / "plan.toml").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"paln\.toml not found \(TOML files there: plan\.toml\)"):
        read_scenarios(tmp_path / "paln.toml")


def test_json_that_is_a_list_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="write an object with 'scenario'"):
        read_scenarios(tmp_path / "a.json")


def test_all_faults_of_a_file_are_told_together():
    with pytest.raises(InputError) as caught:
        scenarios_from({"scenario": [{"name": "A", "buld": []}, {"close": 3}], "extra": 1})
    assert len(str(caught.value).splitlines()) == 4


# ------------------------------------------------------------------------------------- checking


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"build": ["N9"]}, "(N9 is not known); did you mean N1?"),
        ({"build": ["N2"]}, "(N2 is a forbidden site); choose another"),
        ({"build": ["F1"]}, "(F1 operates already); leave it out"),
        ({"close": ["F9"]}, "(F9 is not known); did you mean F1?"),
        ({"close": ["F2"]}, "(F2 is planned, not operating); leave it out"),
        ({"enlarge": {"S1": -5}}, "(S1 = -5); give a number of 0 or more"),
        ({"enlarge": {"S1": 5}, "close": ["S1"]}, "(S1 is closed as well); do one of the two"),
        ({"move": {"F1": "N2"}}, "(N2 is a forbidden site)"),
        ({"move": {"F1": (1.0,)}}, "(F1 = (1.0,)); give a site id or (x, y)"),
        ({"move": {"F2": (1.0, 2.0)}, "build": ["F2"]}, "(F2 is built as well)"),
        ({"roads": RoadChanges(close=["R999"])}, "(R999 is not known); did you mean R0"),
        ({"roads": RoadChanges(speed={"R001": 0})}, "(R001 = 0); give a number of 0.001 or more"),
        ({"population": -1.0}, "(-1.0); give a number of 0 or more"),
        ({"population": {"X": 1.0}}, "(X is not known); known: C, N, V, W"),
        ({"limits": {"town": 15}}, "(town is not known)"),
        ({"limits": {"urban": float("nan")}}, "(urban = nan)"),
        ({"walking_speed": 0.0}, "(0.0); give a number of 0.05 or more"),
        ({"build": ["F2"], "sites": {"F2": (0.0, 0.0)}}, "(F2 is a site and a facility)"),
        ({"name": " "}, "(empty); give it a name"),
    ],
)
def test_a_bad_scenario_gives_one_clear_line(change, told):
    study = town_with((900, 0), (500, 0), forbidden=[False, True])
    (line,) = faults(study, Scenario(**{"name": "A", **change}))
    assert line.startswith("scenario '")
    assert told in line


def test_repeated_names_and_every_fault_are_told_at_once():
    study = town_with((900, 0))
    told = faults(study, Scenario("A", build=["N7"]), Scenario("A", close=["F8"]))
    assert len(told) == 3
    assert "2 scenarios have it" in told[0]


def test_a_line_in_another_crs_is_refused():
    lane = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=32650)
    (line,) = faults(cc.samples.toy_town(), Scenario("A", roads=RoadChanges(add=lane)))
    assert "to_crs(EPSG:4545)" in line


def test_one_id_is_one_id():
    assert Scenario("A", build="N1").build == ("N1",)
    assert Scenario("A", build=["N1", "N1"]).build == ("N1",)


# ------------------------------------------------------------------------------------- applying


def test_a_built_site_serves_the_area_it_stands_in():
    study = town_with((900, 0))
    built = apply_scenario(study, Scenario("A", build=["N1"])).facilities.loc["N1"]
    assert built[["kind", "status", "area_id", "serves"]].tolist() == [
        "station", "operating", "C", "C",
    ]  # fmt: skip


def test_sites_know_their_kind_when_they_say_so():
    study = town_with((1500, 10), kind=["rural_centre"], serves=["V;C"])
    built = apply_scenario(study, Scenario("A", build=["N1"])).facilities.loc["N1"]
    assert built[["kind", "serves"]].tolist() == ["rural_centre", "V;C"]


def test_close_open_enlarge_and_move_change_their_records_only():
    study = town_with((900, 100))
    plan = Scenario("A", build=["F2"], close=["S1"], enlarge={"S2": 50}, move={"F1": "N1"})
    then, today = apply_scenario(study, plan).facilities, study.facilities
    assert then["status"].to_dict() == {
        "S1": "closed", "S2": "operating", "S3": "operating", "F2": "operating", "F1": "operating",
    }  # fmt: skip
    assert then.loc["S2", "floor_m2"] == 350.0
    assert then.loc["F1", "geometry"].equals(shapely.Point(900, 100))
    assert then.loc["F1", "area_id"] == "C"
    assert today.loc["F1", "geometry"].equals(shapely.Point(0, 0))
    assert today["status"].to_dict()["F2"] == "planned"


def test_the_network_is_shared_unless_roads_change():
    study = town_with((900, 100))
    assert apply_scenario(study, Scenario("A", build=["N1"])).network is study.network
    cut = apply_scenario(study, Scenario("B", roads=RoadChanges(close=["R001"])))
    assert len(cut.network.roads) == len(study.network.roads) - 1


# ---------------------------------------------------------------------------------------- roads


def streets():
    lines = [[(0, 0), (100, 0)], [(100, 0), (200, 0)], [(150, -50), (150, 50)]]
    return gpd.GeoDataFrame(
        {"highway": "residential", "u": [1, 2, 4], "v": [2, 3, 5], "signals": [0.0, 2.0, 0.0]},
        geometry=[shapely.LineString(line) for line in lines],
        index=pd.Index(["R1", "R2", "R3"], name="road_id"), crs="EPSG:4545",
    )  # fmt: skip


def test_a_new_lane_joins_at_its_ends_and_corners_only():
    lane = shapely.LineString([(50, 0), (50, 30), (100, 30), (100, 0.5)])
    roads = add_roads(streets(), [lane])
    ends = {name: (row["u"], row["v"]) for name, row in roads.iterrows()}
    assert ends["R1/1"] == ("1", "new 50.00 0.00")
    assert ends["R1/2"] == ("new 50.00 0.00", "2")
    assert ends["new 1"] == ("new 50.00 0.00", "2")  # within a metre of node 2
    assert ends["R2"] == ("2", "3")


def test_a_lane_joins_a_street_drawn_from_its_end_at_the_same_node():
    roads = streets()
    roads.loc["R2", "geometry"] = roads.loc["R2", "geometry"].reverse()
    roads.loc["R1", "geometry"] = roads.loc["R1", "geometry"].reverse()
    lanes = [shapely.LineString([(0, 0.5), (0, 90)]), shapely.LineString([(130, 0), (130, 90)])]
    joined = add_roads(roads, lanes)
    assert joined.loc["new 1", "u"] == "1"  # not node 2, at the other end of R1
    assert joined.loc["R2/1", ["u", "v"]].tolist() == ["2", "new 130.00 0.00"]
    assert joined.loc[["R2/1", "R2/2"]].length.tolist() == [30.0, 70.0]


def test_a_lane_that_only_crosses_passes_over():
    roads = add_roads(streets(), [shapely.LineString([(20, -20), (20, 20)])])
    assert len(roads) == 4
    assert not set(roads.loc["new 1", ["u", "v"]]) & set(roads.loc["R1", ["u", "v"]])


def test_lights_stay_on_their_side_of_a_cut():
    roads = add_roads(streets(), [shapely.LineString([(125, 0), (125, 60)])])
    assert roads.loc[["R2/1", "R2/2"], "signals"].tolist() == [0.5, 1.5]
    assert roads.loc[["R2/1", "R2/2"]].length.tolist() == [25.0, 75.0]


def test_new_lanes_meet_each_other():
    lanes = [shapely.LineString([(0, 60), (50, 60)]), shapely.LineString([(50, 60), (50, 0)])]
    roads = add_roads(streets(), lanes)
    assert roads.loc["new 1", "v"] == roads.loc["new 2", "u"]


def test_a_new_lane_ends_in_the_middle_of_another_and_moves_by_no_more_than_a_metre():
    first = shapely.LineString([(50, 0), (50, 60)])
    second = shapely.LineString([(50.4, 30), (90, 30)])
    for lanes in ([first, second], [second, first]):
        roads = add_roads(streets(), lanes)
        long, short = ("new 1", "new 2") if lanes[0] is first else ("new 2", "new 1")
        assert roads.loc[f"{long}/1", "v"] == roads.loc[f"{long}/2", "u"] == roads.loc[short, "u"]
        assert roads.loc[f"{long}/1", "geometry"].coords[-1] == (50.4, 30)


def test_new_lanes_whose_ends_miss_each_other_by_less_than_a_metre_meet():
    first = shapely.LineString([(50, 0), (50, 60)])
    second = shapely.LineString([(50.3, 60.4), (90, 60)])
    roads = add_roads(streets(), [first, second])
    assert roads.loc["new 1", "v"] == roads.loc["new 2", "u"]
    apart = shapely.LineString([(50.3, 61.2), (90, 61)])
    roads = add_roads(streets(), [first, apart])
    assert roads.loc["new 1", "v"] != roads.loc["new 2", "u"]


def test_a_new_lane_without_length_is_none():
    first = shapely.LineString([(50, 0), (50, 60)])
    speck = shapely.LineString([(50.2, 59.9), (50.1, 60.1)])
    assert list(add_roads(streets(), [first, speck]).index[-1:]) == ["new 1"]


def test_a_new_lane_moves_no_other_road_in_the_table():
    roads = add_roads(streets(), [shapely.LineString([(50, 0), (50, 60)])])
    assert [name.partition("/")[0] for name in roads.index] == ["R1", "R1", "R2", "R3", "new 1"]


# -------------------------------------------------------------------------------------- bridges

ACROSS = shapely.LineString([(0.0, 0.0), (0.0, 500.0)])
BRIDGE = {"line": ACROSS, "bridge": "yes"}


def two_banks():
    """Two streets 500 m apart with a river between; home at both, the facility in the south."""
    from dataclasses import replace

    from towns import points, roads_of, shapes

    town = cc.samples.toy_town()
    roads = roads_of(
        ("a", "b", [(-300, 0), (0, 0)]), ("b", "c", [(0, 0), (300, 0)]),
        ("d", "e", [(-300, 500), (0, 500)]), ("e", "f", [(0, 500), (300, 500)]),
    )  # fmt: skip
    homes = points({"north": (100, 500), "south": (-100, 0)}, "home_id")
    homes = homes.assign(area_id=town.areas.index[0], elders=1.0).to_crs(town.areas.crs)
    facilities = town.facilities.iloc[:1].set_geometry([shapely.Point(200, 0)], crs=homes.crs)
    river = shapes(shapely.LineString([(-900, 250), (900, 250)]))
    tables = replace(town.tables, roads=roads, homes=homes, facilities=facilities, barriers=river)
    return replace(town, tables=tables)


def minutes_under(study, *added):
    scenario = Scenario("A", roads=RoadChanges(add=list(added)))
    return cc.assess(apply_scenario(study, scenario)).homes["minutes"].to_dict()


def test_a_new_road_stops_at_a_river_and_a_new_bridge_passes():
    study = two_banks()
    road = minutes_under(study, ACROSS)
    assert road["south"] == pytest.approx(300 / 60)
    assert pd.isna(road["north"])
    bridge = minutes_under(study, BRIDGE)
    assert bridge == {"south": road["south"], "north": pytest.approx(800 / 60)}
    tunnel = minutes_under(study, {"line": ACROSS, "tunnel": "yes"})
    assert tunnel == bridge
    assert pd.isna(minutes_under(study, {"line": ACROSS, "bridge": "no"})["north"])


def test_a_frame_says_bridge_as_the_roads_table_does():
    study = two_banks()
    for told in (["yes", "no"], [True, False], ["viaduct", None]):
        lines = [ACROSS, shapely.affinity.translate(ACROSS, 50)]
        frame = gpd.GeoDataFrame({"bridge": told}, geometry=lines, crs=study.areas.crs)
        scenario = Scenario("A", roads=RoadChanges(add=frame))
        minutes = cc.assess(apply_scenario(study, scenario)).homes["minutes"]
        assert minutes["north"] == pytest.approx(800 / 60)
        (back,) = scenarios_from(json.loads(scenarios_text([scenario])))
        assert [isinstance(one, dict) for one in back.roads.add] == [True, False]


def test_nobody_enters_a_new_bridge_from_the_side():
    study = two_banks()
    moved = study.homes.set_geometry(
        [shapely.Point(10, 200), shapely.Point(-100, 0)], crs=study.areas.crs
    )
    from dataclasses import replace

    study = replace(study, tables=replace(study.tables, homes=moved))
    assert minutes_under(study, ACROSS)["north"] == pytest.approx((200 + 200 + 10) / 60)
    assert pd.isna(minutes_under(study, BRIDGE)["north"])


def test_a_bridge_survives_toml_and_json(tmp_path):
    text = """
        [[scenario]]
        name = "bridge"
        [scenario.roads]
        add = [[[0, 0], [9.5, 0]], { line = [[0, 0], [0, 500]], bridge = "yes" }]
    """
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    (read,) = read_scenarios(tmp_path / "a.toml")
    (tmp_path / "a.json").write_text(scenarios_text([read]), encoding="utf-8")
    (again,) = read_scenarios(tmp_path / "a.json")
    for one in (read, again):
        plain, bridge = one.roads.add
        assert plain.equals(shapely.LineString([(0, 0), (9.5, 0)]))
        assert (bridge["line"].equals(ACROSS), bridge["bridge"]) == (True, "yes")
    assert minutes_under(two_banks(), *again.roads.add)["north"] == pytest.approx(800 / 60)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"line": [[0, 0], [1, 1]], "bidge": "yes"}, "did you mean bridge?"),
        ({"line": [[0, 0], [1, 1]], "bridge": 7}, 'bad scenario (7); give "yes", or leave it out'),
        ({"bridge": "yes"}, "give lines"),
        ("R1", "give lines"),
    ],
)
def test_a_bad_new_road_gives_one_clear_line(entry, told):
    with pytest.raises(InputError) as caught:
        scenarios_from({"scenario": [{"name": "A", "roads": {"add": [entry]}}]})
    (line,) = str(caught.value).splitlines()
    assert told in line


@pytest.mark.parametrize("one", [shapely.Point(0, 0), {"line": ACROSS, "bridge": 3}, {"a": ACROSS}])
def test_what_is_no_new_road_is_refused_in_python_too(one):
    (line,) = faults(cc.samples.toy_town(), Scenario("A", roads=RoadChanges(add=[one])))
    assert 'give a line, or {"line": line, "bridge": "yes"}' in line


def test_closing_a_road_closes_its_pieces_and_no_namesake():
    roads = streets().rename({"R1": "R2/1", "R2": "R2/2", "R3": "R22"})
    assert close_roads(roads, ["R2"]).index.tolist() == ["R22"]
    assert close_roads(roads, ["R2/1"]).index.tolist() == ["R2/2", "R22"]


# -------------------------------------------------------------------------------- speed of walking


def test_who_walks_at_half_the_speed_takes_twice_as_long():
    town = cc.samples.toy_town()
    usual = cc.assess(town).homes["minutes"]
    slow = cc.assess(apply_scenario(town, Scenario("slow", walking_speed=0.5)))
    assert slow.card.profile.speed_m_s == 0.5
    pd.testing.assert_series_equal(slow.homes["minutes"], usual * 2, atol=1e-9)


def test_who_walks_at_another_speed_takes_new_roads_at_it_too():
    town = cc.samples.toy_town()
    roads = RoadChanges(add=[shapely.LineString([(0.0, 500.0), (0.0, 1000.0)])])
    usual = cc.assess(apply_scenario(town, Scenario("road", roads=roads))).homes["minutes"]
    both = Scenario("both", roads=roads, walking_speed=0.5)
    slow = cc.assess(apply_scenario(town, both)).homes["minutes"]
    pd.testing.assert_series_equal(slow, usual * 2, atol=1e-9)
    baseline = cc.Baseline.of(town)
    assert baseline.what_if(both).minutes.tolist() == pytest.approx(slow.tolist(), nan_ok=True)


def test_a_speed_of_walking_is_refused_where_it_means_nothing():
    from dataclasses import replace

    town = cc.samples.toy_town()
    by_car = replace(town, card=replace(town.card, profile=cc.PROFILES["car"]))
    with pytest.raises(InputError, match="a speed for each road class"):
        apply_scenario(by_car, Scenario("slow", walking_speed=0.8))
    pairs = pd.DataFrame({"facility_id": ["F1"], "home_id": ["H01"], "minutes": [5.0]})
    given = replace(town, tables=replace(town.tables, minutes=pairs))
    with pytest.raises(InputError, match="brings its own minutes"):
        apply_scenario(given, Scenario("slow", walking_speed=0.8))
    with pytest.raises(InputError, match=r"speed_m_s is 99, expected 0.05 to 60"):
        apply_scenario(town, Scenario("run", walking_speed=99))


def test_a_speed_of_walking_survives_the_file(tmp_path):

    path = tmp_path / "slow.json"
    path.write_text(scenarios_text([Scenario("slow", walking_speed=0.83)]), encoding="utf-8")
    assert read_scenarios(path)[0].walking_speed == 0.83


def test_a_road_added_to_a_table_with_closed_roads_is_open():
    roads = add_roads(streets().assign(closed=False), [shapely.LineString([(125, 0), (125, 60)])])
    network = cc.RoadNetwork.from_roads(roads, cc.PROFILES["elder_default"])
    added = network.seconds[roads.index.str.startswith("new")]
    assert (added < float("inf")).all()
