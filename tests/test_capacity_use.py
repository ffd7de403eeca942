"""Places used up: most people placed, then fewest minutes, by hand and by a network flow."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.analysis.capacity_use import assign_places, roll_up_places, shared_floor_area
from carecircle.analysis.pairs import limit_pairs
from carecircle.depth.access import places_of
from carecircle.errors import InputError


def pairs_of(*rows, limit=15.0):
    table = pd.DataFrame(rows, columns=["home_id", "facility_id", "minutes"])
    return table.assign(limit_minutes=limit)


def town():
    """H1 can go to F1 alone, H2 to both: H2 has to make room, though F1 is nearer to it."""
    pairs = pairs_of(("H1", "F1", 9.0), ("H2", "F1", 2.0), ("H2", "F2", 8.0), ("H3", "F2", 15.1))
    demand = pd.Series([30.0, 20.0, 5.0], index=["H1", "H2", "H3"])
    return pairs, demand, pd.Series([25.0, 30.0], index=["F1", "F2"])


def random_case(seed, n_homes=12, n_facilities=4, share=0.5):
    rng = np.random.default_rng(seed)
    homes = pd.Index([f"H{k:02d}" for k in range(n_homes)])
    places = pd.Index([f"F{k}" for k in range(n_facilities)])
    table = pd.DataFrame(
        {
            "home_id": np.repeat(homes, n_facilities),
            "facility_id": np.tile(places, n_homes),
            "minutes": rng.integers(0, 15, n_homes * n_facilities).astype(float),
        }
    )
    table = table[rng.random(len(table)) < share]
    demand = pd.Series(rng.integers(0, 30, n_homes).astype(float), homes)
    room = pd.Series(rng.integers(0, 60, n_facilities).astype(float), places)
    return limit_pairs(table, max_minutes=15.0), demand, room


def by_networkx(pairs, demand, room):
    """Most people placed, and the fewest minutes that this takes, by a minimum-cost flow."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for home, people in demand.items():
        graph.add_edge("from", home, capacity=int(people), weight=0)
    for place, places in room.items():
        graph.add_edge(place, "to", capacity=int(places), weight=0)
    for row in pairs.itertuples():
        graph.add_edge(row.home_id, row.facility_id, weight=int(row.minutes))
    flow = nx.max_flow_min_cost(graph, "from", "to")
    return sum(flow["from"].values()), nx.cost_of_flow(graph, flow)


# ------------------------------------------------------------------------------ counted by hand


def test_as_many_as_possible_find_a_place():
    use = assign_places(*town())
    # filled nearest first, H2 would take 20 places of F1 and leave H1 with 5
    assert use.homes["placed"].tolist() == [25.0, 20.0, 0.0]
    assert use.homes["unplaced"].tolist() == [5.0, 0.0, 5.0]
    assert use.homes["reason"].tolist() == ["full", "", "no_facility"]
    assert use.flows.to_dict("list") == {
        "home_id": ["H1", "H2"], "facility_id": ["F1", "F2"],
        "people": [25.0, 20.0], "minutes": [9.0, 8.0],
    }  # fmt: skip
    assert use.facilities["full"].tolist() == [True, False]
    assert use.binding == ["F1"]
    assert "45 of 55 placed, 10 not" in repr(use)


def test_a_facility_that_is_full_need_not_bind():
    pairs, demand, _ = town()
    use = assign_places(pairs, demand, pd.Series({"F1": 50.0, "F2": 40.0}))
    assert use.facilities.loc["F1"].to_dict() == {
        "capacity": 50.0, "used": 50.0, "left": 0.0, "full": True, "binding": False,
    }  # fmt: skip
    assert use.homes["minutes"].tolist()[:2] == [9.0, 2.0]
    assert use.homes["unplaced"].tolist() == [0.0, 0.0, 5.0]


def test_people_of_one_home_may_go_to_several_facilities():
    pairs = pairs_of(("H1", "F1", 3.0), ("H1", "F2", 6.0))
    use = assign_places(pairs, pd.Series({"H1": 10.0}), pd.Series({"F1": 4.0, "F2": 100.0}))
    assert use.flows["people"].tolist() == [4.0, 6.0]
    assert use.homes.loc["H1", "minutes"] == (4 * 3 + 6 * 6) / 10
    assert use.binding == []


def test_unknown_capacity_places_no_one_and_says_so():
    pairs, demand, room = town()
    room["F2"] = np.nan
    use = assign_places(pairs, demand, room)
    assert use.homes["placed"].sum() == 25.0
    only = assign_places(pairs_of(("H1", "F2", 1.0)), demand, room)
    assert only.homes["reason"].tolist() == ["unknown_capacity", "no_facility", "no_facility"]
    assert only.facilities.loc["F2", ["full", "binding"]].tolist() == [False, False]
    assert np.isnan(only.facilities.loc["F2", "left"])


def test_not_assessed_and_unknown_people_are_neither_placed_nor_left():
    pairs, demand, room = town()
    demand["H2"] = np.nan
    assessed = pd.Series({"H1": False, "H2": True, "H3": True})
    homes = assign_places(pairs, demand, room, assessed=assessed).homes
    assert homes.loc["H1", ["placed", "unplaced", "not_assessed"]].tolist() == [0.0, 0.0, 30.0]
    assert homes.loc["H2", ["placed", "unplaced", "not_assessed"]].isna().all()
    assert homes["reason"].tolist() == ["not_assessed", "unknown_demand", "no_facility"]


def test_a_facility_without_a_place_is_full_and_binds():
    use = assign_places(pairs_of(("H1", "F1", 3.0)), pd.Series({"H1": 2.0}), pd.Series({"F1": 0.0}))
    assert use.homes["reason"].tolist() == ["full"]
    assert use.binding == ["F1"]


def test_roll_ups_say_how_many_and_why():
    use = assign_places(*town())
    areas = roll_up_places(use.homes, pd.Series({"H1": "A", "H3": "A"}))
    assert areas.loc["A"].to_dict() == {
        "demand": 35.0, "placed": 25.0, "unplaced": 10.0, "not_assessed": 0.0, "rate": 25 / 35,
        "unplaced_no_facility": 5.0, "unplaced_unknown_capacity": 0.0, "unplaced_full": 5.0,
        "homes_unknown_demand": 0.0,
    }  # fmt: skip
    assert areas.loc["", ["placed", "unplaced_full"]].tolist() == [20.0, 0.0]


# --------------------------------------------------------------------------- laws, a second way


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_no_flow_places_more_or_walks_less(seed):
    pairs, demand, room = random_case(seed)
    use = assign_places(pairs, demand, room)
    most, fewest = by_networkx(pairs, demand, room)
    assert use.homes["placed"].sum() == most
    assert (use.flows["people"] * use.flows["minutes"]).sum() == fewest
    # whole people, in whole places, all of them accounted for
    assert (use.flows["people"] == use.flows["people"].round()).all()
    by_home = use.flows.groupby("home_id")["people"].sum().reindex(demand.index).fillna(0.0)
    by_facility = use.flows.groupby("facility_id")["people"].sum().reindex(room.index).fillna(0.0)
    pd.testing.assert_series_equal(by_home, use.homes["placed"], check_names=False)
    pd.testing.assert_series_equal(by_facility, use.facilities["used"], check_names=False)
    assert (use.facilities["used"] <= room).all()
    assert (use.homes["placed"] + use.homes["unplaced"] == demand).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_one_more_place_helps_exactly_where_a_facility_binds(seed):
    pairs, demand, room = random_case(seed)
    use = assign_places(pairs, demand, room)
    most, _ = by_networkx(pairs, demand, room)
    more = [
        by_networkx(pairs, demand, room + (room.index == place))[0] > most for place in room.index
    ]
    assert use.facilities["binding"].tolist() == more


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_fractions_of_people_are_conserved_too(seed):
    pairs, demand, room = random_case(seed)
    demand, room = demand * 0.37, room * 0.61
    use = assign_places(pairs, demand, room)
    assert use.homes["placed"].sum() == pytest.approx(use.facilities["used"].sum(), abs=1e-6)
    assert (use.facilities["used"] <= room + 1e-6).all()
    np.testing.assert_allclose(use.homes["placed"] + use.homes["unplaced"], demand, atol=1e-9)
    scaled = by_networkx(pairs, demand * 100, room * 100)[0] / 100
    assert use.homes["placed"].sum() == pytest.approx(scaled, abs=0.02 * len(demand))


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_rows_in_another_order_place_the_same_people(seed):
    pairs, demand, room = random_case(seed)
    use = assign_places(pairs, demand, room)
    mixed = [part.sample(frac=1.0, random_state=seed) for part in (pairs, demand, room)]
    again = assign_places(*mixed)
    pd.testing.assert_frame_equal(again.flows, use.flows, check_exact=True)
    pd.testing.assert_frame_equal(again.homes.loc[demand.index], use.homes, check_exact=True)
    assert set(again.binding) == set(use.binding)


def test_nobody_and_nothing_give_empty_tables():
    none = pairs_of().astype({"minutes": float})
    use = assign_places(none, pd.Series({"H1": 3.0}), pd.Series(dtype=float))
    assert use.homes["reason"].tolist() == ["no_facility"]
    assert (len(use.flows), len(use.facilities)) == (0, 0)


def test_faults_are_told():
    pairs, demand, room = town()
    with pytest.raises(
        InputError, match=r"capacity: 1 amounts are negative, endless or text, at .F1."
    ):
        assign_places(pairs, demand, room - 27)
    with pytest.raises(InputError, match="limit_pairs"):
        assign_places(pairs.drop(columns="limit_minutes"), demand, room)


# --------------------------------------------------------------------------- floor area, studies


def test_floor_area_is_divided_among_all_who_reach_it():
    pairs, _, _ = town()
    households = pd.Series([300.0, 100.0, 50.0], index=["H1", "H2", "H3"])
    shared = shared_floor_area(pairs, households, pd.Series({"F1": 400.0, "F2": 350.0}))
    # F1: 400 m2 for 400 households; F2: 350 m2 for the 100 of H2
    assert shared["shared_m2"].tolist() == [300.0, 450.0, 0.0]
    assert shared["m2_per_100_households"].tolist() == [100.0, 450.0, 0.0]
    assert shared["shared_m2"].sum() == 750.0


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_floor_area_that_someone_reaches_is_all_shared(seed):
    pairs, households, floor = random_case(seed)
    shared = shared_floor_area(pairs, households, floor)
    reached = pairs.loc[pairs["home_id"].map(households) > 0, "facility_id"].unique()
    assert shared["shared_m2"].sum() == pytest.approx(floor[reached].sum(), rel=1e-12, abs=1e-12)


def test_the_toy_town_has_places_for_half_of_those_in_time():
    town = cc.samples.toy_town()
    facilities = town.facilities.assign(places=[40.0, 0.0, 0.0, 0.0, 0.0])
    town = replace(town, tables=replace(town.tables, facilities=facilities))
    found = places_of(town)
    # 8 homes of 10 elders are in time, and the station has 40 places: the nearest four homes
    assert found.totals.loc[("city", "T"), ["placed", "unplaced_full"]].tolist() == [40.0, 40.0]
    placed = found.use.homes.index[found.use.homes["placed"] > 0]
    assert placed.tolist() == ["H01", "H02", "H03", "H05"]
    assert found.areas["placed"].to_dict() == {"W": 30.0, "C": 10.0, "V": 0.0, "N": 0.0}
    assert found.use.binding == ["F1"]
    assert "40 / 130" in found._repr_html_()
    parts = found.totals.drop(columns=["name", "rate"]).groupby(level="level").sum()
    assert parts.nunique().eq(1).all()


def test_the_sample_city_accounts_for_every_elder(sample_study):
    found = places_of(sample_study)
    city = found.totals.loc["city"].iloc[0]
    assert city["placed"] + city["unplaced"] + city["not_assessed"] == pytest.approx(city["demand"])
    assert city["placed"] == pytest.approx(found.use.facilities["used"].sum())
    reasons = ["unplaced_no_facility", "unplaced_unknown_capacity", "unplaced_full"]
    assert city[reasons].sum() == pytest.approx(city["unplaced"])
    assert 0 < city["placed"] < city["unplaced_full"]
