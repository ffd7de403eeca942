"""The engine against networkx on random networks, and laws that hold on any of them."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import carecircle as cc
from towns import every_pair, towns_with_places

HAIR = 1e-9  # minutes; the last digit that is kept


def sorted_pairs(table, limit=np.inf):
    """The wanted answer of reach: pairs in the order of facilities, then homes."""
    named = table.rename_axis(index="home_id", columns="facility_id").reset_index()
    pairs = named.melt("home_id", value_name="minutes")
    return pairs[np.isfinite(pairs["minutes"]) & (pairs["minutes"] <= limit)]


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
@given(town=towns_with_places(), extra=st.lists(st.floats(0, 5), min_size=4, max_size=4))
@settings(max_examples=50)
def test_every_pair_takes_the_minutes_networkx_finds(direction, town, extra):
    roads, network, homes, facilities = town
    extra = pd.Series(extra[: len(facilities)], index=facilities.index)
    towards = direction == "to_facility"
    want = sorted_pairs(every_pair(roads, network, homes, facilities, towards=towards, extra=extra))
    found = cc.reach(
        network, facilities, homes, max_minutes=1e4, direction=direction, extra_minutes=extra
    )
    assert found[["facility_id", "home_id"]].to_numpy().tolist() == (
        want[["facility_id", "home_id"]].to_numpy().tolist()
    )
    np.testing.assert_allclose(found["minutes"], want["minutes"], rtol=0, atol=HAIR)


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
@given(town=towns_with_places())
@settings(max_examples=50)
def test_nearest_and_second_nearest_are_those_of_networkx(direction, town):
    roads, network, homes, facilities = town
    table = every_pair(roads, network, homes, facilities, towards=direction == "to_facility")
    found = cc.nearest(network, homes, facilities, direction=direction)
    ranked = np.sort(np.c_[table.to_numpy(), np.full((len(homes), 2), np.inf)], axis=1)
    for rank, (minutes, who) in enumerate(
        [("minutes", "facility_id"), ("second_minutes", "second_facility_id")]
    ):
        np.testing.assert_allclose(
            found[minutes].fillna(np.inf), ranked[:, rank], rtol=0, atol=HAIR
        )
        named = found[who].dropna()
        assert named.index.tolist() == found[minutes].dropna().index.tolist()
        assert [table.loc[h, f] for h, f in named.items()] == pytest.approx(
            found[minutes].dropna().tolist(), abs=HAIR
        )
    assert (found["facility_id"] != found["second_facility_id"]).all()
    assert ((found["reason"] == "") == found["minutes"].notna()).all()


@given(town=towns_with_places(), limit=st.floats(0.1, 15))
@settings(max_examples=12)
def test_a_limit_keeps_what_is_within_and_drops_the_rest(town, limit):
    _, network, homes, facilities = town
    free = cc.nearest(network, homes, facilities)
    bound = cc.nearest(network, homes, facilities, max_minutes=limit)
    for column in ("minutes", "second_minutes"):
        within = free[column].where(free[column] <= limit)
        np.testing.assert_array_equal(bound[column], within)
    over = free["minutes"] > limit
    assert (bound["reason"][over] == "beyond_limit").all()
    pairs = cc.reach(network, facilities, homes, max_minutes=limit)
    assert (pairs["minutes"] <= limit).all()
    least = pairs.groupby("home_id")["minutes"].min().reindex(homes.index)
    np.testing.assert_array_equal(least, bound["minutes"])


@given(town=towns_with_places())
@settings(max_examples=15)
def test_the_two_nearest_from_pairs_are_the_two_nearest(town):
    _, network, homes, facilities = town
    found = cc.nearest(network, homes, facilities)
    pairs = cc.reach(network, facilities, homes, max_minutes=1e4)
    again = cc.nearest_from_pairs(pairs, homes.index)
    for column in ("minutes", "second_minutes"):
        np.testing.assert_array_equal(found[column], again[column])


@given(town=towns_with_places(oneway=False))
@settings(max_examples=15)
def test_two_way_roads_take_as_long_back_as_there(town):
    _, network, homes, facilities = town
    there = cc.reach(network, facilities, homes, max_minutes=1e4)
    back = cc.reach(network, facilities, homes, max_minutes=1e4, direction="from_facility")
    assert_frame_equal(there, back)
    swapped = cc.reach(network, homes, facilities, max_minutes=1e4)
    swapped.columns = ["home_id", "facility_id", "minutes"]
    by = ["facility_id", "home_id"]
    assert_frame_equal(
        swapped[there.columns].sort_values(by, ignore_index=True),
        there.sort_values(by, ignore_index=True),
    )


@given(town=towns_with_places())
@settings(max_examples=15)
def test_one_more_facility_never_raises_minutes(town):
    _, network, homes, facilities = town
    few = cc.nearest(network, homes, facilities.iloc[:-1])
    more = cc.nearest(network, homes, facilities)
    for column in ("minutes", "second_minutes"):
        assert (more[column].fillna(np.inf) <= few[column].fillna(np.inf)).all()


@given(town=towns_with_places(), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_shuffled_rows_only_shuffle_the_answer(town, seed):
    _, network, homes, facilities = town
    mixed_homes = homes.sample(frac=1, random_state=seed)
    mixed_facilities = facilities.sample(frac=1, random_state=seed)
    straight = cc.nearest(network, homes, facilities).drop(columns="metres")
    mixed = cc.nearest(network, mixed_homes, mixed_facilities).drop(columns="metres")
    assert_frame_equal(mixed.loc[homes.index], straight)
    by = ["facility_id", "home_id"]
    assert_frame_equal(
        cc.reach(network, mixed_facilities, mixed_homes, max_minutes=30).sort_values(
            by, ignore_index=True
        ),
        cc.reach(network, facilities, homes, max_minutes=30).sort_values(by, ignore_index=True),
    )


@given(town=towns_with_places(), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_shuffled_roads_change_no_minutes(town, seed):
    roads, network, homes, facilities = town
    order = np.random.default_rng(seed).permutation(len(roads))
    mixed = cc.RoadNetwork.from_roads(roads.iloc[order], network.profile)
    moved = np.argsort(order)
    again = cc.nearest(
        mixed,
        homes.assign(piece=moved[homes["piece"]]),
        facilities.assign(piece=moved[facilities["piece"]]),
    )
    straight = cc.nearest(network, homes, facilities)
    for column in ("minutes", "second_minutes"):
        np.testing.assert_allclose(again[column], straight[column], rtol=0, atol=HAIR)


@given(town=towns_with_places())
@settings(max_examples=12)
def test_a_second_run_gives_equal_bytes_and_leaves_its_input_alone(town):
    roads, network, homes, facilities = town
    before = [frame.copy(deep=True) for frame in (roads, homes, facilities)]
    again = cc.RoadNetwork.from_roads(roads, network.profile)
    for name in ("ends", "seconds", "component", "node_xy"):
        assert getattr(again, name).tobytes() == getattr(network, name).tobytes()
    for search in (
        lambda n: cc.nearest(n, homes, facilities),
        lambda n: cc.reach(n, facilities, homes, max_minutes=30),
    ):
        first, second = search(network), search(again)
        assert_frame_equal(first, second, check_exact=True)
        assert first.to_csv().encode() == second.to_csv().encode()
    for frame, copy in zip((roads, homes, facilities), before, strict=True):
        assert_frame_equal(frame, copy, check_exact=True)


@given(town=towns_with_places(max_facilities=12))
@settings(max_examples=15)
def test_the_number_of_cores_changes_nothing(town):
    _, network, homes, facilities = town
    answers = []
    for cores in (1, 2, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "cpu_count", lambda n=cores: n)
            answers.append(cc.reach(network, facilities, homes, max_minutes=30))
    assert_frame_equal(answers[0], answers[1], check_exact=True)
    assert_frame_equal(answers[0], answers[2], check_exact=True)


@given(town=towns_with_places(), slower=st.floats(0.3, 1.0))
@settings(max_examples=12)
def test_a_slower_walker_is_never_nearer(town, slower):
    roads, network, homes, facilities = town
    slow = cc.RoadNetwork.from_roads(roads, network.profile.at_speed(slower))
    fast = cc.nearest(network, homes, facilities)["minutes"]
    late = cc.nearest(slow, homes, facilities)["minutes"]
    assert (late.fillna(np.inf) + HAIR >= fast.fillna(np.inf)).all()
