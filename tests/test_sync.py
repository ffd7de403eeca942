"""四同步: each step by itself, both readings, what is missing, and the projects of the sample."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.inputs.issues import IssueLog
from carecircle.standards.estates import gather_estates
from carecircle.standards.indicators import indicators
from carecircle.standards.presets import load_preset
from carecircle.standards.rule_frames import RuleFrames
from carecircle.standards.sync import SYNC_STATUSES, SyncRule, check_sync, sync_rates

GOOD = {
    "name": "estate", "area_id": "A", "dwellings": 1000.0, "households": 1000.0,
    "home_permit": "2020-12-01", "home_start": "2021-03-01", "home_accept": "2022-06-30",
    "home_deliver": "2022-09-01", "facility_permit": "2021-01-01", "facility_start": "2021-03-01",
    "facility_accept": "2022-06-30", "facility_deliver": "2022-09-01", "floor_planned_m2": 200.0,
    "floor_built_m2": 200.0, "floor_accepted_m2": 200.0, "floor_delivered_m2": 200.0,
}  # fmt: skip


def projects(*changes):
    rows = [GOOD | change for change in changes]
    ids = pd.Index([f"P{k}" for k in range(len(rows))], name="project_id", dtype="str")
    frame = pd.DataFrame(rows, index=ids)
    days = [name for name in frame if name.startswith(("home_", "facility_"))]
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in days})


def row(change, reading="default", **options):
    return check_sync(projects(change), **options).loc[(reading, "P0")]


@pytest.fixture(scope="module")
def sample():
    folder = cc.samples.wuhai_folder()
    table = pd.read_csv(folder / "projects.csv", dtype={"area_id": str}).set_index("project_id")
    return table, check_sync(table, as_of="2020-12-31")


# -------------------------------------------------------------------------------- step by step


def test_every_day_exactly_on_time_and_every_metre_exactly_enough_is_in_step():
    for reading in ("default", "strict"):
        found = row({}, reading)
        assert found["status"] == "in_step"
        assert found[["planned", "built", "accepted", "delivered"]].all()
        assert found["failed_step"] == found["failed_steps"] == found["missing"] == ""


@pytest.mark.parametrize(
    ("change", "step", "days"),
    [
        ({"facility_start": "2021-03-02"}, "built", 1),
        ({"facility_accept": "2022-07-30"}, "accepted", 30),
        ({"facility_deliver": "2023-09-01"}, "delivered", 365),
    ],
)
def test_a_step_fails_from_the_first_day_late_and_says_by_how_many(change, step, days):
    for reading in ("default", "strict"):
        found = row(change, reading)
        assert (found["status"], found["failed_steps"]) == ("failed", step)
        assert found[f"{step}_late_days"] == days


def test_too_little_floor_area_planned_fails_the_plan_alone():
    few = {f"floor_{step}_m2": 199.99 for step in ("planned", "built", "accepted", "delivered")}
    found = row(few)
    assert (found["failed_steps"], found["owed_m2"]) == ("planned", 200)
    assert found["planned_short_m2"] == pytest.approx(0.01)
    assert row(few, rule=SyncRule(m2_per_100_households=19))["status"] == "in_step"


def test_floor_area_lost_on_the_way_fails_the_strict_reading_first():
    more = {"floor_planned_m2": 500.0, "floor_built_m2": 300.0, "floor_accepted_m2": 300.0,
            "floor_delivered_m2": 300.0}  # fmt: skip
    assert row(more)["status"] == "in_step", "300 m2 is still more than the 200 that are owed"
    strict = row(more, "strict")
    assert strict["failed_step"] == "built"
    assert strict["built_short_m2"] == 200
    below = more | {"floor_delivered_m2": 150.0}
    assert row(below)["failed_steps"] == "delivered"


def test_a_permit_of_the_same_day_stands_in_for_the_start_in_the_default_reading():
    change = {"facility_permit": "2020-12-01", "facility_start": "2021-09-01"}
    assert row(change)["status"] == "in_step"
    assert row(change, "strict")["failed_steps"] == "built"


def test_grace_is_for_handing_over_and_not_in_the_strict_reading():
    late = {"facility_deliver": "2022-09-20"}
    rule = SyncRule(grace_days=19)
    assert row(late, rule=rule)["status"] == "in_step"
    assert row(late, rule=SyncRule(grace_days=18))["delivered_late_days"] == 1
    assert row(late, "strict", rule=rule)["delivered_late_days"] == 19


def test_the_phase_that_completes_half_of_the_dwellings_sets_the_acceptance():
    phases = projects(
        {"estate_id": "E", "dwellings": 400.0, "home_accept": "2022-01-31"},
        {"estate_id": "E", "dwellings": 100.0, "home_accept": "2022-06-30"},
        {"estate_id": "E", "dwellings": 500.0, "home_accept": "2022-12-31"},
    )
    found = check_sync(phases)
    default, strict = found.loc[("default", "E")], found.loc[("strict", "E")]
    assert (default["phases"], default["dwellings"]) == (3, 1000)
    assert default["accepted"], "400 + 100 are exactly half, accepted on the facility's day"
    assert strict["accepted_late_days"] == 150
    assert not check_sync(phases, SyncRule(share_of_dwellings=0.4)).loc[
        ("default", "E"), "accepted"
    ]


def test_one_facility_written_beside_each_phase_is_counted_once():
    same = gather_estates(projects({"estate_id": "E"}, {"estate_id": "E"})).loc["E"]
    assert (same["floor_planned_m2"], same["households"]) == (200, 2000)
    other = gather_estates(
        projects({"estate_id": "E"}, {"estate_id": "E", "facility_accept": "2023-01-01"})
    ).loc["E"]
    assert other["floor_planned_m2"] == 400
    assert str(other["facility_accept"].date()) == "2023-01-01"


# ------------------------------------------------------------------------------ what is missing


@pytest.mark.parametrize(
    ("name", "step"),
    [("home_start", "built"), ("facility_start", "built"), ("home_accept", "accepted"),
     ("facility_accept", "accepted"), ("facility_deliver", "delivered"),
     ("home_deliver", "delivered"), ("households", "planned"), ("floor_planned_m2", "planned")],
)  # fmt: skip
def test_a_missing_column_leaves_its_step_unknown_and_is_named(name, step):
    found = row({name: None})
    assert found["status"] == "not_assessable"
    assert found[step] is pd.NA
    assert found["missing"] == name
    assert found["failed_steps"] == ""


def test_what_is_known_to_fail_fails_whatever_is_missing():
    found = row({"home_start": None, "facility_deliver": "2022-09-02"})
    assert (found["status"], found["failed_steps"]) == ("failed", "delivered")
    assert found["missing"] == "home_start"


def test_a_facility_never_handed_over_is_late_until_today():
    change = {"facility_deliver": None, "floor_delivered_m2": 0.0}
    found = row(change, as_of="2022-09-11")
    assert (found["failed_steps"], found["delivered_late_days"]) == ("delivered", 10)
    assert row(change)["status"] == "failed", "nothing handed over fails without a day too"


def test_an_estate_nobody_lives_in_yet_is_not_due():
    assert row({}, as_of="2022-08-31")["status"] == "not_due"
    assert row({}, as_of="2022-09-01")["status"] == "in_step"
    under_way = {name: None for name in GOOD if name.endswith(("accept", "deliver"))}
    assert row(under_way)["status"] == "not_due"


# ------------------------------------------------------------------------------------- as a rate


def test_rates_add_up_and_keep_what_cannot_be_assessed_in_the_denominator():
    table = projects({}, {"dwellings": 3000.0, "facility_start": "2021-03-02"},
                     {"home_accept": None}, {"home_deliver": "2030-01-01"})  # fmt: skip
    rates = sync_rates(check_sync(table, as_of="2024-12-31"))
    plain, weighted = (rates.loc[("default", w)] for w in ("estates", "dwellings"))
    assert plain[["numerator", "denominator", "failed", "not_assessable", "not_due"]].tolist() == [
        1, 3, 1, 1, 1]  # fmt: skip
    assert plain["value"] == pytest.approx(100 / 3)
    assert weighted[["numerator", "denominator"]].tolist() == [1000, 5000]
    assert weighted["failed_built"] == 3000


def test_unknown_dwellings_leave_no_weighted_rate():
    rates = sync_rates(check_sync(projects({}, {"dwellings": None})))
    assert rates.loc[("default", "estates"), "value"] == 100
    weighted = rates.loc[("default", "dwellings")]
    assert pd.isna(weighted["value"])
    assert weighted["weight_unknown"] == 1


days = st.dates(pd.Timestamp("2021-01-01").date(), pd.Timestamp("2023-12-31").date())
CHANGES = st.fixed_dictionaries(
    {name: st.one_of(st.none(), days) for name in GOOD
     if name.endswith(("start", "accept", "deliver"))}
    | {"floor_built_m2": st.sampled_from([None, 0.0, 150.0, 300.0]),
       "dwellings": st.sampled_from([10.0, 90.0])}
)  # fmt: skip


@settings(max_examples=12)
@given(st.lists(CHANGES, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_states_sum_strict_never_passes_more_and_order_does_not_matter(changes, random):
    table = projects(*changes)
    checks = check_sync(table, as_of="2022-12-31")
    rates = sync_rates(checks)
    assert set(checks["status"]) <= set(SYNC_STATUSES)
    parts = rates[["numerator", "failed", "not_assessable"]].sum(axis=1)
    assert (parts == rates["denominator"]).all()
    passed = checks["status"] == "in_step"
    assert not (passed.loc["strict"] & ~passed.loc["default"]).any()
    order = list(table.index)
    random.shuffle(order)
    pd.testing.assert_frame_equal(checks, check_sync(table.loc[order], as_of="2022-12-31"))


def test_inputs_are_left_as_they_were():
    table = projects({}, {"estate_id": "P0"})
    before = table.copy()
    check_sync(table)
    pd.testing.assert_frame_equal(table, before)


# ------------------------------------------------------------------------------- the sample city


@pytest.mark.parametrize(
    ("estate", "default", "strict", "days"),
    [
        ("P01", "", "", None), ("P02", "", "", None), ("P03", "planned", "planned", None),
        ("P05", "built", "built", 532), ("P06", "accepted;delivered", "accepted;delivered", 285),
        ("P07", "delivered", "delivered", 200), ("P08", "", "built;accepted;delivered", None),
        ("P09", "delivered", "delivered", 549),
        ("P11", "delivered", "built;accepted;delivered", 365),
        ("P13", "delivered", "delivered", 19),
    ],
)  # fmt: skip
def test_the_sample_shows_each_step_failed(sample, estate, default, strict, days):
    _, checks = sample
    found = checks.loc[("default", estate)]
    assert found["failed_steps"] == default
    assert checks.loc[("strict", estate), "failed_steps"] == strict
    assert found["status"] == ("failed" if default else "in_step")
    if days is not None:
        assert found[f"{found['failed_step']}_late_days"] == days


def test_the_sample_names_what_it_cannot_assess(sample):
    _, checks = sample
    assert checks.loc[("default", "P12"), "status"] == "not_due"
    assert checks.loc[("default", "P14"), "missing"] == "floor_planned_m2"
    assert checks.loc[("default", "P15"), "missing"] == "households"
    assert checks.loc[("strict", "P10"), "missing"] == "home_start;facility_start"
    grace = check_sync(sample[0], SyncRule(grace_days=30), as_of="2020-12-31")
    assert grace.loc[("default", "P13"), "status"] == "in_step"


def test_the_indicator_says_the_same_as_the_rates(sample):
    table, checks = sample
    whole = table[~table.index.isin(["P14", "P15", "P10"])]
    areas = pd.DataFrame(
        {"name": "x", "kind": "urban", "city_id": "T"},
        index=pd.Index(table["area_id"].unique(), name="area_id"),
    )
    facilities = pd.DataFrame({"kind": ["station"], "status": "operating"}, index=["F"])
    plan = load_preset("wuhai_plan_2021")
    names = {
        "N9": ("default", "estates"), "N9-DWELLINGS": ("default", "dwellings"),
        "N9-STRICT": ("strict", "estates"), "N9-STRICT-DWELLINGS": ("strict", "dwellings"),
    }  # fmt: skip
    chosen = replace(plan, rules=tuple(rule for rule in plan.rules if rule.id in names))
    frames = RuleFrames(areas, facilities, projects=whole, as_of="2020-12-31")
    found = indicators(frames, chosen, levels=["city"], log=IssueLog())
    rates = sync_rates(checks.loc[checks.index.get_level_values(1).isin(
        [*whole.index, *whole["estate_id"].dropna()])])  # fmt: skip
    for name, key in names.items():
        row_, rate = found.loc[(name, "city", "T")], rates.loc[key]
        assert row_["numerator"] == rate["numerator"], name
        assert row_["denominator"] == rate["denominator"], name
    all_of_them = RuleFrames(areas, facilities, projects=table, as_of="2020-12-31")
    blind = indicators(all_of_them, chosen, levels=["city"]).loc[("N9", "city", "T")]
    assert (blind["status"], blind["numerator"]) == ("no_data", 4)
