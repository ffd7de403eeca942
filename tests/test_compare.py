"""Scenarios held against today: an update gives what a full assessment gives."""

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import InputError
from carecircle.planning.scenario import RoadChanges, Scenario
from carecircle.planning.tally import FIGURES
from carecircle.scenarios.baseline import Baseline
from carecircle.scenarios.comparison import compare
from carecircle.scenarios.critical import critical_links
from carecircle.scenarios.what_if import apply_scenario
from towns import without_rules


@pytest.fixture(scope="module")
def town():
    return Baseline.of(cc.samples.toy_town())


@pytest.fixture(scope="module")
def city(sample_base):
    return sample_base


def assert_same_as_full(baseline, scenario):
    """Every minute, facility and figure of an update equals a full assessment's."""
    found = baseline.what_if(scenario)
    full = cc.assess(without_rules(apply_scenario(baseline.study, scenario)))
    assert np.array_equal(found.minutes, full.homes["minutes"], equal_nan=True)
    facility = pd.Series(np.array([*found.names, None], dtype=object)[found.facility], dtype="str")
    told = full.homes["facility_id"].reset_index(drop=True)
    pd.testing.assert_series_equal(facility, told, check_names=False)
    covered = full.homes["covered"].fillna(value=False).to_numpy(dtype=bool)
    assert np.array_equal(found.covered, covered)
    for level, units in baseline.tally.levels.items():
        table = full.areas if level == "area" else full.totals.loc[level]
        names = [name for name in FIGURES if name in table]
        # sums of a level may differ in the last bit: pandas adds one group up in its own order
        np.testing.assert_allclose(
            pd.DataFrame(found.figures[level], columns=FIGURES)[names].to_numpy(),
            table.reindex(units.units)[names].to_numpy(dtype=float),
            rtol=1e-13, atol=1e-9, err_msg=f"{scenario} {level}",
        )  # fmt: skip
    if found.floor is not None:
        pd.testing.assert_frame_equal(found.floor, full.floor_totals)


# ------------------------------------------------------------------------- counted on fingers


def test_opening_the_planned_village_centre_covers_h11(town):
    plans = compare(town, [Scenario("open", build=["F2"])])
    homes = plans.homes("open")
    newly = homes.index[homes["covered"] & ~homes["covered_today"]]
    assert newly.tolist() == ["H11"]
    assert homes.loc["H11", ["minutes", "facility_id"]].tolist() == [0.0, "F2"]
    assert plans.summary.loc["open", "change"] == 10.0
    # the village has a facility now, and all its elders are in time
    assert plans.wide("units_with_facility")["open"].tolist() == [2.0]
    assert plans.wide("elders_rate", level="area").loc["V", ["today", "open"]].tolist() == [
        pytest.approx(2 / 3), 1.0,
    ]  # fmt: skip


def test_closing_the_only_station_uncovers_everybody(town):
    plans = compare(town, [Scenario("close", close=["F1"])])
    assert plans.summary["elders_covered"].to_dict() == {"today": 80.0, "close": 0.0}
    assert plans.summary.loc["close", "elders_lost"] == -80.0
    assert plans.homes("close")["minutes"].isna().all()
    assert len(plans.homes("close")) == 11


def test_moving_the_station_trades_west_for_centre(town):
    # at (500, 0): H01 600 m, H02 500, H03 400, H04 600; H05 0, H06 400, H07 500, H08 1000 (late);
    # rural within 1800 m: H09 1000, H10 1300, H11 1500
    plans = compare(town, [Scenario("move", move={"F1": (500, 0)})])
    assert plans.wide("elders_covered", level="area")["move"].to_dict() == {
        "W": 40.0, "C": 30.0, "V": 30.0, "N": 0.0,
    }  # fmt: skip


def test_a_road_to_the_north_covers_its_home(town):
    # H12 at (100, 1000) stands on the cut-off road; a lane of 500 m leads down to (100, 500)
    lane = shapely.LineString([(100, 500), (100, 1000)])
    plans = compare(town, [Scenario("lane", roads=RoadChanges(add=[lane]))])
    changed = plans.homes("lane")
    assert changed.index.tolist() == ["H12"]
    assert changed.loc["H12", "minutes"] == pytest.approx(1100 / 60)
    assert not changed.loc["H12", "covered"]
    faster = {"new 1": 2.0, **{f"R{k:03d}": 2.0 for k in range(len(town.study.tables.roads))}}
    assert faster.pop("new 1") == 2.0
    quick = compare(town, [Scenario("q", roads=RoadChanges(add=[lane], speed=faster))])
    # 600 m of streets at 2 m/s and 500 m of lane at 1 m/s are 800 s
    assert quick.homes("q").loc["H12", "minutes"] == pytest.approx(800 / 60)


def test_closing_the_road_to_the_village_cuts_it_off(town):
    roads = town.study.tables.roads
    (long_road,) = roads.index[roads.length == 2000]
    plans = compare(town, [Scenario("cut", roads=RoadChanges(close=[long_road]))])
    # H09 crosses 500 m of fields to the end of the streets, 1000 m more: 25 minutes
    assert plans.wide("elders_covered", level="area").loc["V"].tolist() == ["Village", 20.0, 10.0]


def test_people_and_limits_change_figures_without_moving_anybody(town):
    plans = compare(
        town,
        [
            Scenario("twice", population=2.0),
            Scenario("west", population={"W": 3.0}),
            Scenario("ten", limits={"urban": 10.0}),
        ],
    )
    assert plans.summary["elders_covered"].to_dict() == {
        "today": 80.0, "twice": 160.0, "west": 160.0, "ten": 60.0 - 10.0,
    }  # fmt: skip


def test_enlarging_a_complex_lifts_its_area(town):
    plans = compare(town, [Scenario("more", enlarge={"S2": 300.0})])
    wide = plans.wide("provided_m2")
    assert wide["more"].iloc[0] - wide["today"].iloc[0] == 300.0
    assert plans.homes("more").empty


def test_a_scenario_of_nothing_changes_nothing(town):
    plans = compare(town, [Scenario("nothing")])
    assert (plans.figures["change"].dropna() == 0).all()
    assert plans.homes("nothing").empty


# --------------------------------------------------------------------- update equals assessment


SPOTS = st.tuples(
    st.integers(0, 20).map(lambda k: 50.0 * k), st.integers(0, 10).map(lambda k: 50.0 * k)
)


@given(st.dictionaries(st.sampled_from(["N1", "N2", "N3"]), SPOTS), st.booleans(), st.booleans())
@settings(max_examples=8)
def test_any_change_in_town_equals_a_full_assessment(town, sites, opens, closes):
    scenario = Scenario(
        "any",
        build=[*sites, *(["F2"] if opens else [])],
        close=["F1"] if closes else [],
        sites=sites,
    )
    assert_same_as_full(town, scenario)


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("island", build=["N"], sites={"N": (100.0, 1000.0)}),
        Scenario("nowhere", build=["N"], sites={"N": (100.0, 1500.0)}),
        Scenario("move", move={"F1": (950.0, 20.0)}),
        Scenario("enlarge", enlarge={"S1": 50.0}),
        Scenario("people", population={"C": 1.5}),
        Scenario("same place", build=["A0"], sites={"A0": (0.0, 0.0)}),
    ],
    ids=lambda scenario: scenario.name,
)
def test_special_changes_in_town_equal_a_full_assessment(town, scenario):
    assert_same_as_full(town, scenario)


@pytest.mark.parametrize("seed", range(3))
def test_random_changes_of_the_sample_equal_a_full_assessment(city, seed):
    rng = np.random.default_rng(seed)
    tables = city.study.tables
    allowed = tables.sites.index[~tables.sites["forbidden"].fillna(value=False)]
    idle = tables.facilities.index[tables.facilities["status"] != "operating"]
    build = [*rng.choice(allowed, rng.integers(0, 5), replace=False), rng.choice(idle)]
    lost = rng.choice(city.names, 6, replace=False)
    scenario = Scenario("random", build=build, close=lost[:4], move={lost[5]: allowed[0]})
    assert_same_as_full(city, scenario)


def test_the_roster_changes_its_rule_when_nobody_is_named_any_more(town):
    study = town.study
    facilities = study.facilities.assign(status="operating")
    facilities.loc["F2", "serves"] = None
    from dataclasses import replace

    mixed = replace(study, tables=replace(study.tables, facilities=facilities))
    assert_same_as_full(Baseline.of(mixed), Scenario("close", close=["F1"]))


def test_a_study_with_its_own_minutes_can_be_compared():
    from dataclasses import replace

    study = cc.samples.toy_town()
    rows = [("F1", "H01", 5.0), ("F2", "H01", 4.0), ("F1", "H05", 12.0)]
    pairs = pd.DataFrame(rows, columns=["facility_id", "home_id", "minutes"])
    study = replace(study, tables=replace(study.tables, minutes=pairs))
    plans = compare(study, [Scenario("open", build=["F2"]), Scenario("close", close=["F1"])])
    assert plans.summary["elders_covered"].tolist() == [20.0, 20.0, 0.0]
    assert plans.homes("open")["minutes"].to_dict() == {"H01": 4.0}


def test_comparing_twice_gives_the_same(city):
    scenarios = [Scenario("a", build=["S07", "S02"]), Scenario("b", close=[str(city.names[3])])]
    first = compare(city, scenarios).figures
    again = compare(Baseline.of(city.study), scenarios[::-1]).figures
    pd.testing.assert_frame_equal(first, again.loc[["a", "b"]])


def test_inputs_stay_as_they_were(city):
    before = city.study.facilities.copy(), city.today.minutes.copy()
    compare(city, [Scenario("a", build=["S07"], close=[str(city.names[0])])])
    pd.testing.assert_frame_equal(city.study.facilities, before[0])
    assert np.array_equal(city.today.minutes, before[1], equal_nan=True)


def test_one_what_if_takes_milliseconds(city):
    scenario = Scenario("a", build=["S07"])
    city.what_if(scenario)
    took = []
    for _ in range(10):
        start = time.process_time()
        city.what_if(scenario)
        took.append(time.process_time() - start)
    assert min(took) < 0.02


# ------------------------------------------------------------------------------------- shown


def test_what_is_shown_is_escaped_and_says_synthetic(town):
    plans = compare(town, [Scenario("<b>open</b>", build=["F2"])])
    html = plans._repr_html_()
    assert "&lt;b&gt;open" in html
    assert "合成数据" in html
    assert "80 / 130" in html


def test_more_people_are_told_apart_from_what_is_built(town):
    """Today 80 of 130; the village centre covers the 10 of H11, the station those 80 but 20."""
    ageing = Scenario("ageing", population=1.5)
    built = Scenario("built", build=["F2"], population=1.5)
    closed = Scenario("closed", close=["F1"], population={"V": 3.0})
    plans = compare(town, [ageing, built, closed])
    names = ["change", "elders_gained", "elders_lost", "elders_by_population"]
    assert plans.summary.loc["ageing", names].tolist() == [40.0, 0.0, 0.0, 40.0]
    # H11 is home to 15 by then
    assert plans.summary.loc["built", names].tolist() == [55.0, 15.0, 0.0, 40.0]
    # 20 of the village are in time today; had they become 60, the closing would hit them all
    assert plans.summary.loc["closed", names].tolist() == [-80.0, 0.0, -120.0, 40.0]
    assert (plans.summary[names[1:]].sum(axis=1) == plans.summary["change"]).all()
    assert "人口变动" in plans._repr_html_()
    assert "人口变动" not in compare(town, [Scenario("open", build=["F2"])])._repr_html_()


def test_an_unknown_figure_or_scenario_is_named(town):
    plans = compare(town, [Scenario("a", build=["F2"])])
    with pytest.raises(InputError, match="figure 'elder' is not compared"):
        plans.wide("elder")
    with pytest.raises(InputError, match="no scenario 'b'"):
        plans.homes("b")


# ------------------------------------------------------------------------------ critical links


def river_town():
    """Two banks, a bridge of 200 m and a way round; the station is on the west bank."""
    from dataclasses import replace

    study = cc.samples.toy_town()
    pieces = {
        "west": [(0, 0), (200, 0)], "bridge": [(200, 0), (400, 0)], "east": [(400, 0), (600, 0)],
        "round": [(200, 0), (200, 600), (400, 600), (400, 0)], "spare": [(0, 0), (0, 300)],
    }  # fmt: skip
    ends = {k: (str(v[0]), str(v[-1])) for k, v in pieces.items()}
    roads = gpd.GeoDataFrame(
        {
            "highway": "residential",
            "u": [u for u, _ in ends.values()],
            "v": [v for _, v in ends.values()],
            "bridge": [None, "yes", None, None, "yes"],
            "name": list(pieces),
        },
        geometry=[shapely.LineString(line) for line in pieces.values()],
        index=pd.Index([f"R{k}" for k in range(5)], name="road_id"),
        crs=study.areas.crs,
    )
    homes = study.homes.iloc[:3].set_geometry(
        gpd.GeoSeries(gpd.points_from_xy([100, 500, 600], [0, 0, 0]), index=study.homes.index[:3],
                      crs=study.areas.crs)
    )  # fmt: skip
    facilities = study.facilities.iloc[:1]
    return replace(
        study, tables=replace(study.tables, roads=roads, homes=homes, facilities=facilities)
    )


def test_the_bridge_everybody_uses_is_the_critical_one():
    # without it H02 walks 500 - 200 + 1400 = 1700 m, H03 1800 m: neither within 900
    links = critical_links(river_town(), kind="bridges")
    assert links["elders_lost"].to_dict() == {"R1": 20.0}
    assert links.loc["R1", ["name", "homes_longer"]].tolist() == ["bridge", 2]


def test_losing_a_bridge_equals_closing_its_road():
    study = river_town()
    links = critical_links(study, kind="bridges")
    plans = compare(study, [Scenario("cut", roads=RoadChanges(close=["R1"]))])
    assert plans.summary.loc["cut", "elders_lost"] == -links.loc["R1", "elders_lost"]


def test_losing_a_facility_equals_closing_it(city):
    links = critical_links(city, kind="facilities", n=3)
    plans = compare(city, [Scenario(one, close=[one]) for one in links.index])
    told = -plans.summary["elders_lost"].iloc[1:]
    assert told.tolist() == pytest.approx(links["elders_lost"].tolist(), rel=1e-12)
    assert links["elders_lost"].is_monotonic_decreasing


@pytest.mark.parametrize("kind", ["bridges", "facilities"])
def test_critical_links_of_the_sample_equal_a_full_search(city, kind):
    links = critical_links(city, kind=kind, n=1)
    one = links.index[0]
    change = {"close": [one]} if kind == "facilities" else {"roads": RoadChanges(close=[one])}
    lost = compare(city, [Scenario("lost", **change)]).summary.loc["lost", "elders_lost"]
    assert -lost == pytest.approx(links["elders_lost"].iloc[0], rel=1e-9)


def test_critical_links_ask_for_what_they_can_do(town):
    with pytest.raises(InputError, match="'bridges' or 'facilities'"):
        critical_links(town, kind="tunnels")
