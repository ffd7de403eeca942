"""Access: counted by hand, conserved, equal to PySAL's and to published figures."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from access import Access
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.analysis.access import floating_catchment, roll_up_access
from carecircle.analysis.decay import (
    Exponential,
    Flat,
    Gaussian,
    Linear,
    Power,
    Steps,
    decay_weights,
)
from carecircle.analysis.opportunities import cumulative_access, dual_access, gravity_access
from carecircle.analysis.pairs import limit_pairs
from carecircle.depth.access import access_of
from carecircle.depth.within import reach_of
from carecircle.errors import InputError
from carecircle.planning.siting import limits_of
from conftest import ROOT

DECAYS = [Flat(), Linear(), Gaussian(), Steps(), Exponential(8.0), Power()]
METHODS = ["two_step", "three_step", "modified"]


def pairs_of(*rows, limit=15.0):
    table = pd.DataFrame(rows, columns=["home_id", "facility_id", "minutes"])
    return table.assign(limit_minutes=limit)


def town():
    """H1 reaches F1; H2 both; H3 F2 alone; H4 nothing. 100 places and 30."""
    pairs = pairs_of(
        ("H1", "F1", 5.0), ("H2", "F1", 12.0), ("H2", "F2", 15.0), ("H3", "F2", 0.0),
        ("H4", "F2", 15.1),
    )  # fmt: skip
    demand = pd.Series([30.0, 20.0, 40.0, 10.0], index=["H1", "H2", "H3", "H4"])
    return pairs, demand, pd.Series([100.0, 30.0, 7.0], index=["F1", "F2", "F3"])


def random_case(seed, n_homes=40, n_facilities=9):
    rng = np.random.default_rng(seed)
    homes = pd.Index([f"H{k:03d}" for k in range(n_homes)])
    places = pd.Index([f"F{k:02d}" for k in range(n_facilities)])
    table = pd.DataFrame(
        {
            "home_id": np.repeat(homes, n_facilities),
            "facility_id": np.tile(places, n_homes),
            "minutes": rng.uniform(0.0, 40.0, n_homes * n_facilities).round(3),
        }
    )
    demand = pd.Series(rng.integers(1, 500, n_homes).astype(float), homes)
    supply = pd.Series(rng.integers(0, 60, n_facilities).astype(float), places)
    return limit_pairs(table, max_minutes=25.0), demand, supply


def by_pysal(pairs, demand, supply, *, three=False, weight=None):
    """Access of homes that reach something, by PySAL; it has no row for the others."""
    costs = pairs[["home_id", "facility_id", "minutes"]]
    terms = {"name": "x", "max_cost": float(costs["minutes"].max())}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library sets indexes in place, which pandas 3 rues
        other = Access(
            demand_df=demand.rename("people").rename_axis("home_id").reset_index(),
            demand_index="home_id", demand_value="people",
            supply_df=supply.rename("places").rename_axis("facility_id").reset_index(),
            supply_index="facility_id", supply_value="places",
            cost_df=costs, cost_origin="home_id", cost_dest="facility_id", cost_name="minutes",
        )  # fmt: skip
        if three:
            found = other.three_stage_fca(weight_fn=weight, **terms)
        elif weight is None:
            found = other.two_stage_fca(**terms)
        else:
            found = other.enhanced_two_stage_fca(weight_fn=weight, **terms)
    return found["x_places"].rename_axis(None).dropna()


# ------------------------------------------------------------------------------ counted by hand


def test_two_steps_share_each_facility_among_all_who_reach_it():
    found = floating_catchment(*town())
    # F1: 100 / (30 + 20) = 2; F2: 30 / (20 + 40) = 0.5, at exactly 15 minutes too
    assert found.homes["access"].tolist() == [2.0, 2.5, 0.5, 0.0]
    assert found.homes["received"].tolist() == [60.0, 50.0, 20.0, 0.0]
    assert found.homes["facilities_reached"].tolist() == [1.0, 2.0, 1.0, 0.0]
    assert found.facilities["ratio"].tolist()[:2] == [2.0, 0.5]
    # of all: 130 for 100 people
    assert found.homes["times_mean"].tolist() == pytest.approx([2 / 1.3, 2.5 / 1.3, 0.5 / 1.3, 0])
    assert found.reaches_nobody.index.tolist() == ["F3"]
    assert "1 reach nobody" in repr(found)


def test_enhanced_steps_weigh_both_steps():
    found = floating_catchment(*town(), decay=Steps({10.0: 1.0, 15.0: 0.5}))
    # F1: 100 / (30 + 0.5 x 20) = 2.5; F2: 30 / (0.5 x 20 + 40) = 0.6
    assert found.homes["access"].tolist() == pytest.approx([2.5, 0.5 * 2.5 + 0.5 * 0.6, 0.6, 0.0])


def test_three_steps_let_people_choose():
    found = floating_catchment(*town(), method="three_step")
    # H2 goes half to each: F1 100 / (30 + 10) = 2.5; F2 30 / (10 + 40) = 0.6
    assert found.homes["access"].tolist() == pytest.approx([2.5, 1.25 + 0.3, 0.6, 0.0])


def test_modified_steps_lose_what_is_far_from_everyone():
    pairs, demand, supply = town()
    decay = Steps({15.0: 0.5})
    found = floating_catchment(pairs, demand, supply, method="modified", decay=decay)
    # F1: 100 / 25, weighed 0.25; F2: 30 / 30, weighed 0.25
    assert found.homes["access"].tolist() == pytest.approx([1.0, 1.25, 0.25, 0.0])
    assert found.homes["received"].sum() == pytest.approx(65.0)  # half of what is reached
    flat = floating_catchment(pairs, demand, supply, method="modified")
    pd.testing.assert_frame_equal(flat.homes, floating_catchment(pairs, demand, supply).homes)


def test_a_home_that_was_not_assessed_has_no_access_and_takes_none():
    pairs, demand, supply = town()
    assessed = pd.Series({"H1": True, "H2": False, "H3": True, "H4": False})
    found = floating_catchment(pairs, demand, supply, assessed=assessed)
    np.testing.assert_array_equal(found.homes["access"], [100 / 30, np.nan, 30 / 40, np.nan])
    assert found.homes.loc["H2", ["facilities_reached", "received"]].isna().all()
    assert found.facilities.loc["F1", "demand_reached"] == 30.0


def test_unknown_supply_is_left_out_and_told():
    pairs, demand, supply = town()
    supply["F2"] = np.nan
    found = floating_catchment(pairs, demand, supply)
    # H3 reaches nothing but F2: that is unknown, not nothing
    np.testing.assert_array_equal(found.homes["access"], [2.0, 2.0, np.nan, 0.0])
    assert found.homes["facilities_unknown"].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert found.facilities["state"].tolist() == ["shared", "unknown_supply", "reaches_nobody"]
    assert np.isnan(found.facilities.loc["F2", "supply_used"])


def test_unknown_demand_takes_no_share_and_has_access_all_the_same():
    pairs, demand, supply = town()
    demand["H2"] = np.nan
    found = floating_catchment(pairs, demand, supply)
    assert found.homes["access"].tolist() == pytest.approx([10 / 3, 10 / 3 + 0.75, 0.75, 0.0])
    assert np.isnan(found.homes.loc["H2", "received"])
    assert roll_up_access(found.homes, pd.Series("A", demand.index)).loc["A"].to_dict() == {
        "received": pytest.approx(130.0), "demand_total": 80.0, "access": pytest.approx(1.625),
        "demand_no_access": 10.0, "demand_not_assessed": 0.0, "homes_unknown_demand": 1.0,
    }  # fmt: skip


def test_supply_that_only_empty_homes_reach_goes_to_nobody():
    demand, supply = pd.Series({"H1": 0.0, "H2": 5.0}), pd.Series({"F1": 9.0})
    found = floating_catchment(pairs_of(("H1", "F1", 3.0)), demand, supply)
    assert found.facilities.loc["F1", "state"] == "reaches_nobody"
    # nobody there to share with: not a number, and not endless
    np.testing.assert_array_equal(found.homes["access"], [np.nan, 0.0])
    assert found.facilities.loc["F1", "supply_used"] == 0.0


def test_a_weight_of_nothing_at_the_limit_is_no_access():
    demand, supply = pd.Series({"H1": 4.0}), pd.Series({"F1": 9.0})
    found = floating_catchment(pairs_of(("H1", "F1", 15.0)), demand, supply, decay=Gaussian())
    assert found.homes.loc["H1", ["access", "facilities_reached"]].tolist() == [0.0, 1.0]
    assert found.reaches_nobody.index.tolist() == ["F1"]


def test_roll_ups_add_numerators_and_denominators():
    found = floating_catchment(*town())
    units = pd.Series({"H1": "B", "H2": "A", "H3": "A"})
    areas = roll_up_access(found.homes, units)
    assert areas.index.tolist() == ["", "A", "B"]
    assert areas.loc["A", ["received", "demand_total"]].tolist() == [70.0, 60.0]
    assert areas.loc["A", "access"] == 70 / 60  # not the mean of 2.5 and 0.5
    assert areas.loc["", ["access", "demand_no_access"]].tolist() == [0.0, 10.0]


def test_people_not_assessed_stay_in_the_denominator():
    pairs, demand, supply = town()
    assessed = pd.Series({"H1": True, "H2": True, "H3": True, "H4": False})
    homes = floating_catchment(pairs, demand, supply, assessed=assessed).homes
    whole = roll_up_access(homes, pd.Series("A", demand.index)).loc["A"]
    assert whole["access"] == 130 / 100
    assert (whole["demand_not_assessed"], whole["demand_no_access"]) == (10.0, 0.0)
    alone = roll_up_access(homes, pd.Series(demand.index, demand.index)).loc["H4"]
    assert np.isnan(alone["access"])


# ---------------------------------------------------------------------------------------- laws


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), decay=st.sampled_from(DECAYS), method=st.sampled_from(METHODS))
def test_demand_times_access_is_the_supply_that_is_reached(seed, decay, method):
    pairs, demand, supply = random_case(seed, n_homes=12, n_facilities=5)
    pairs = pairs.sample(frac=0.3, random_state=seed)
    found = floating_catchment(pairs, demand, supply, method=method, decay=decay)
    shared = found.facilities[found.facilities["state"] == "shared"]
    received = found.homes["received"].sum()
    assert received == pytest.approx(found.facilities["supply_used"].sum(), rel=1e-12)
    if method != "modified":
        assert received == pytest.approx(shared["supply"].sum(), rel=1e-12)
    elif not isinstance(decay, Power):  # whose weights may pass 1
        assert received <= shared["supply"].sum() * (1 + 1e-12)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), method=st.sampled_from(METHODS))
def test_rows_in_another_order_give_the_same_bytes(seed, method):
    pairs, demand, supply = random_case(seed, n_homes=12, n_facilities=5)
    found = floating_catchment(pairs, demand, supply, method=method, decay=Gaussian())
    mixed = [part.sample(frac=1.0, random_state=seed) for part in (pairs, demand, supply)]
    kept = [part.copy() for part in mixed]
    again = floating_catchment(*mixed, method=method, decay=Gaussian())
    assert again.homes.index.equals(mixed[1].index)
    exact = {"check_exact": True}
    pd.testing.assert_frame_equal(again.homes.loc[demand.index], found.homes, **exact)
    pd.testing.assert_frame_equal(again.facilities.loc[supply.index], found.facilities, **exact)
    for before, after in zip(kept, mixed, strict=True):
        assert before.equals(after)


def test_a_pair_told_twice_counts_once_with_its_shorter_way():
    pairs, demand, supply = town()
    again = pd.concat([pairs.assign(minutes=pairs["minutes"] + 1), pairs])
    found = floating_catchment(again, demand, supply, decay=Linear())
    expected = floating_catchment(pairs, demand, supply, decay=Linear())
    pd.testing.assert_frame_equal(found.homes, expected.homes)


@pytest.mark.parametrize("decay", DECAYS, ids=lambda d: type(d).__name__)
def test_decay_never_rises_with_the_way_and_ends_at_the_limit(decay):
    minutes = np.arange(0.0, 40.25, 0.25)
    weight = decay_weights(minutes, np.full(len(minutes), 30.0), decay)
    assert weight[0] == 1.0
    assert (np.diff(weight) <= 0).all()
    assert (weight[minutes > 30.0] == 0).all()
    assert (weight[minutes < 30.0] > 0).all()


def test_decay_values_that_can_be_checked_by_hand():
    at = np.array([0.0, 7.5, 15.0])
    limit = np.full(3, 15.0)
    assert Exponential(7.5).weights(at, limit).tolist() == [1.0, 0.5, 0.25]
    assert Power(2.0, 5.0).weights(at, limit).tolist() == pytest.approx(
        [1 / 25, 1 / 56.25, 1 / 225]
    )
    bell = (np.exp(-0.125) - np.exp(-0.5)) / (1 - np.exp(-0.5))
    assert Gaussian().weights(at, limit).tolist() == pytest.approx([1.0, bell, 0.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Steps({}), "rings"),
        (lambda: Steps({10.0: -1.0}), "rings"),
        (lambda: Exponential(0.0), "half_minutes"),
        (lambda: Power(-1.0), "power"),
        (lambda: Power(1.0, 0.0), "nearest_minutes"),
    ],
)
def test_a_decay_that_is_none_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


# ------------------------------------------------------------------------------ a second way


@pytest.mark.parametrize("seed", range(3))
def test_access_equals_pysal_on_the_same_pairs(seed):
    pairs, demand, supply = random_case(seed)
    rings = {10.0: 1.0, 20.0: 0.68, 25.0: 0.22}

    def step(minutes):
        return next((weight for end, weight in rings.items() if minutes <= end), 0.0)

    def bell(minutes):
        return (np.exp(-0.5 * (minutes / 25) ** 2) - np.exp(-0.5)) / (1 - np.exp(-0.5))

    cases = [
        (floating_catchment(pairs, demand, supply), {}),
        (floating_catchment(pairs, demand, supply, decay=Steps(rings)), {"weight": step}),
        (floating_catchment(pairs, demand, supply, decay=Gaussian()), {"weight": bell}),
        (
            floating_catchment(pairs, demand, supply, method="three_step", decay=Steps(rings)),
            {"weight": step, "three": True},
        ),
    ]
    for ours, terms in cases:
        theirs = by_pysal(pairs, demand, supply, **terms)
        assert len(theirs) > 30
        np.testing.assert_allclose(ours.homes["access"][theirs.index], theirs, rtol=1e-12)
        assert (ours.homes["access"].drop(theirs.index) == 0).all()


@pytest.mark.parametrize("decay", DECAYS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("method", METHODS)
def test_access_equals_plain_loops(method, decay):
    pairs, demand, supply = random_case(5, n_homes=9, n_facilities=4)
    ways = {(r.home_id, r.facility_id): r.minutes for r in pairs.itertuples()}
    one = {key: decay.weights(np.array([m]), np.array([25.0]))[0] for key, m in ways.items()}
    if method == "three_step":
        total = {i: sum(w for (h, _), w in one.items() if h == i) for i in demand.index}
        one = {(i, j): w * w / total[i] if total[i] else 0.0 for (i, j), w in one.items()}
    people = {j: sum(one.get((i, j), 0.0) * demand[i] for i in demand.index) for j in supply.index}
    power = 2 if method == "modified" else 1
    expected = [
        sum(
            one.get((i, j), 0.0) ** power * supply[j] / people[j]
            for j in supply.index
            if people[j] > 0
        )
        for i in demand.index
    ]
    found = floating_catchment(pairs, demand, supply, method=method, decay=decay)
    np.testing.assert_allclose(found.homes["access"], expected, rtol=1e-12)


@pytest.mark.realdata
def test_san_francisco_gives_the_published_figures(real_data):
    folder = real_data / "locate" / "sf"
    table = pd.read_csv(
        folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv",
        dtype={"DestinationName": str},
    )
    pairs = table.rename(
        columns={"DestinationName": "home_id", "name": "facility_id", "distance": "minutes"}
    )  # metres in place of minutes: no figure depends on the unit
    tracts = pd.read_csv(
        folder / "SF_demand_205_centroid_uniform_weight.csv", dtype={"NAME": str}
    ).set_index("NAME")
    supply = pd.read_csv(folder / "sf_store_capacity_synthetic.csv", index_col="id")["cap"]
    expected = pd.read_csv(folder / "sf_fca_expected_5000m.csv", dtype={"id": str}, index_col="id")
    near, demand = limit_pairs(pairs, max_minutes=5000.0), tracts["POP2000"].astype(float)
    flat = floating_catchment(near, demand, supply)
    steps = Steps({2000.0: 1.0, 3500.0: 0.68, 5000.0: 0.22})
    enhanced = floating_catchment(near, demand, supply, decay=steps)
    for ours, column in ((flat, "two_step_fca"), (enhanced, "enhanced_2sfca_step")):
        theirs = expected[column].reindex(demand.index)
        assert theirs.notna().sum() == 205
        np.testing.assert_allclose(ours.homes["access"], theirs, rtol=0, atol=1e-9)
        assert ours.homes["received"].sum() == pytest.approx(13_600.0, rel=1e-12)


@pytest.mark.realdata
def test_porto_alegre_on_its_roads_equals_pysal(real_data, monkeypatch):
    monkeypatch.setenv("CARECIRCLE_DATA", str(real_data))
    study = cc.load_study(ROOT / "examples" / "porto_alegre" / "study.toml")
    found = access_of(study, supply="healthcare", demand="population")
    homes, facilities = found.shares.homes, found.shares.facilities
    assert homes["demand"].sum() == 812_935
    assert facilities["supply"].sum() == 141
    pairs = reach_of(study).pairs
    theirs = by_pysal(pairs, homes["demand"], facilities["supply"])
    theirs = theirs[homes["demand"][theirs.index] > 0]
    assert len(theirs) > 500
    np.testing.assert_allclose(homes["access"][theirs.index], theirs, rtol=1e-12)
    others = homes[(homes["demand"] > 0) & ~homes.index.isin(theirs.index)]
    assert others["access"].dropna().eq(0).all()
    assert others["access"].isna().sum() == homes["access"].isna()[homes["demand"] > 0].sum()
    shared = facilities.loc[facilities["state"] == "shared", "supply"].sum()
    assert homes["received"].sum() == pytest.approx(shared, rel=1e-12)
    city = found.totals.loc["city"].iloc[0]
    # 608,302 people reach health care in 15 minutes and 372 are not assessed (see its README)
    assert city["demand_not_assessed"] == 372
    assert 812_935 - city["demand_no_access"] - 372 == 608_302


# ------------------------------------------------------------------- counts, gravity, n-th place


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000))
def test_counts_gravity_and_the_nth_place_equal_plain_loops(seed):
    pairs, demand, supply = random_case(seed, n_homes=8, n_facilities=5)
    near = dict(list(pairs.groupby("home_id")))
    none = pairs.iloc[:0]
    counts = cumulative_access(pairs, supply, demand.index, minutes=[5, 12.5, 25])
    gravity = gravity_access(pairs, supply, demand.index, decay=Exponential(6.0))
    third = dual_access(pairs, pd.Series(1.0, supply.index), demand.index, n=3)
    enough = dual_access(pairs, supply, demand.index, n=60.0)
    for i in demand.index:
        rows = near.get(i, none)
        rows = rows.assign(supply=rows["facility_id"].map(supply).astype(float)).sort_values(
            "minutes"
        )
        for limit in (5, 12.5, 25):
            assert (
                counts.loc[i, f"within_{limit:g}"] == rows["supply"][rows["minutes"] <= limit].sum()
            )
        assert gravity[i] == pytest.approx((rows["supply"] * 2 ** (-rows["minutes"] / 6)).sum())
        way = rows["minutes"].to_numpy()
        np.testing.assert_equal(third.loc[i, "minutes"], way[2] if len(way) > 2 else np.nan)
        at = np.flatnonzero(rows["supply"].cumsum() >= 60.0)
        np.testing.assert_equal(enough.loc[i, "minutes"], way[at[0]] if len(at) else np.nan)
        if len(at):
            assert enough.loc[i, "facility_id"] == rows["facility_id"].iloc[at[0]]


def test_nothing_reached_is_zero_and_not_assessed_is_not_a_number():
    pairs = pairs_of(("H1", "F1", 5.0), ("H3", "F2", 5.0))
    supply = pd.Series({"F1": 4.0, "F2": np.nan})
    homes = pd.Index(["H4", "H3", "H2", "H1"])
    assessed = pd.Series({"H1": True, "H2": True, "H3": True, "H4": False})
    counts = cumulative_access(pairs, supply, homes, minutes=[4, 5], assessed=assessed)
    np.testing.assert_array_equal(counts["within_4"], [np.nan, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(counts["within_5"], [np.nan, np.nan, 0.0, 4.0])
    gravity = gravity_access(pairs, supply, homes, assessed=assessed)
    np.testing.assert_array_equal(gravity, [np.nan, np.nan, 0.0, 4 / 25])
    dual = dual_access(pairs, supply, homes, assessed=assessed)
    assert dual["reason"].tolist() == ["not_assessed", "too_little", "too_little", ""]
    np.testing.assert_array_equal(dual["found"], [np.nan, 0.0, 0.0, 4.0])


# ------------------------------------------------------------------------------- limits, faults


def test_limits_come_from_the_resident_or_from_the_kind_of_facility():
    pairs = pd.DataFrame(
        {
            "home_id": ["H1", "H1", "H2", "H2", "H3"],
            "facility_id": ["F1", "F2", "F1", "F2", "F1"],
            "minutes": [15.0, 16.0, 30.0, 31.0, 1.0],
        }
    )
    by_home = limit_pairs(pairs, by_home=pd.Series({"H1": 15.0, "H2": 30.0, "H3": np.nan}))
    assert by_home.index.tolist() == [0, 2]
    assert by_home["limit_minutes"].tolist() == [15.0, 30.0]
    by_facility = limit_pairs(pairs, by_facility=pd.Series({"F1": 20.0, "F2": 31.0}))
    assert by_facility.index.tolist() == [0, 1, 3, 4]


@pytest.mark.parametrize(
    "limits", [{}, {"max_minutes": 5.0, "by_home": pd.Series({"H1": 5.0})}, {"max_minutes": 0.0}]
)
def test_limits_that_are_none_or_two_are_refused(limits):
    with pytest.raises(InputError, match="limits: "):
        limit_pairs(pairs_of(("H1", "F1", 3.0)), **limits)


def test_all_faults_are_told_at_once():
    pairs = pairs_of(("H1", "F1", 3.0), ("H9", "F1", -1.0), ("H1", "F9", np.nan))
    demand = pd.Series([5.0, -2.0], index=["H1", "H2"])
    supply = pd.Series([1.0, 2.0], index=["F1", "F1"])
    with pytest.raises(InputError) as told:
        floating_catchment(pairs, demand, supply)
    lines = str(told.value).splitlines()
    assert len(lines) == 5
    for line, names in zip(lines, ["demand", "H9", "F1", "F9", "minutes"], strict=True):
        assert names in line
    with pytest.raises(InputError, match="limit_pairs"):
        floating_catchment(pairs.drop(columns="limit_minutes"), demand, supply)
    with pytest.raises(InputError, match="two_step, three_step, modified"):
        floating_catchment(*town(), method="four_step")
    with pytest.raises(InputError, match="assessed: 3 homes are missing, first 'H2'"):
        floating_catchment(*town(), assessed=pd.Series({"H1": True}))


# ------------------------------------------------------------------------------------- a study


def test_the_toy_town_shares_its_one_station():
    found = access_of(cc.samples.toy_town(), supply="floor_m2", demand="households")
    homes = found.shares.homes
    # eight homes of 10 households within their limit share 200 m2
    assert (homes["access"] == 200 / 80).sum() == 8
    assert found.areas["received"].to_dict() == {"W": 100.0, "C": 50.0, "V": 50.0, "N": 0.0}
    assert found.areas["demand_not_assessed"].to_dict() == {"W": 0.0, "C": 0.0, "V": 0.0, "N": 10.0}
    assert found.totals.loc[("kind", "rural"), "access"] == 50 / 30
    parts = found.totals.drop(columns=["name", "access"]).groupby(level="level").sum()
    assert parts.nunique().eq(1).all()  # every level has the same totals
    assert found.fairness.loc[("kind", "rural"), "mean"] == pytest.approx(50 / 30)
    assert {"under_60", "60_to_79", "80_plus"} == set(found.fairness.loc["age"].index)
    assert found.fairness.loc[("age", "80_plus"), "people"] == 12.0
    page = found._repr_html_()
    assert "200 / 130" in page
    assert "玩具小镇" in page


def test_a_catchment_by_kind_replaces_the_limit_of_the_resident():
    town = cc.samples.toy_town()
    found = access_of(town, supply="floor_m2", minutes_by_kind={"service_complex": 10.0})
    assert found.shares.facilities.index.tolist() == ["S1", "S2", "S3"]
    assert (
        found.shares.homes.loc["H09", "facilities_reached"] == 1.0
    )  # 0 m from the Village complex
    assert found.shares.homes["received"].sum() == pytest.approx(1000.0)


def test_minutes_of_another_engine_give_the_same_access():
    town = cc.samples.toy_town()
    pairs = reach_of(town).pairs.drop(columns="limit_minutes")
    other = replace(town, tables=replace(town.tables, minutes=pairs))
    ours, theirs = (access_of(t, supply="floor_m2").shares.homes for t in (town, other))
    linked = ours["access"].notna()
    pd.testing.assert_series_equal(ours["access"][linked], theirs["access"][linked])


def test_what_the_study_lacks_is_told():
    town = cc.samples.toy_town()
    with pytest.raises(InputError, match="no column 'beds'"):
        access_of(town, supply="beds")
    with pytest.raises(InputError, match="no column 'workers'"):
        access_of(town, supply="floor_m2", demand="workers")
    with pytest.raises(InputError, match="none of kind hospital"):
        access_of(town, supply="floor_m2", minutes_by_kind={"hospital": 30.0})


def test_limits_of_the_study_are_those_of_coverage():
    town = cc.samples.toy_town()
    covered = cc.assess(town).homes["covered"]
    access = access_of(town, supply="facilities").shares.homes["access"]
    pd.testing.assert_series_equal(
        (access > 0).astype("boolean").where(access.notna()), covered, check_names=False
    )
    limit = limits_of(town.homes["area_id"], town.areas, town.card.limits)
    assert set(limit) == {15.0, 30.0}
