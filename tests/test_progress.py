"""Progress: the straight path, exact comparisons, missing baselines, and dated evaluations."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecircle.errors import InputError
from carecircle.standards.indicators import indicators
from carecircle.standards.presets import load_preset
from carecircle.standards.progress import plan_year, progress
from carecircle.standards.roster_inference import roster_fractions
from carecircle.standards.rule_frames import RuleFrames

PLAN = load_preset("wuhai_plan_2021")
NAMES = ("IND-1", "IND-2", "IND-11", "N5-RURAL")
AREAS = pd.DataFrame(
    {"name": "x", "kind": ["urban"] * 70 + ["rural"] * 13, "city_id": "T",
     "district_id": ["D1"] * 40 + ["D2"] * 43},
    index=pd.Index([f"A{k:02d}" for k in range(83)], name="area_id"),
)  # fmt: skip


def run(day, *rows, villages=11, names=NAMES, changes=None):
    """One dated table; ``rows`` are (indicator, numerator, denominator) reported for its year."""
    observations = pd.DataFrame(rows, columns=["indicator", "numerator", "denominator"])
    homes = [f"A{70 + k}" for k in range(villages)]
    facilities = pd.DataFrame(
        {"kind": "rural_centre", "status": "operating", "serves": homes, "area_id": homes},
        index=pd.Index([f"F{k}" for k in range(villages)], name="facility_id", dtype="str"),
    )
    frames = RuleFrames(
        AREAS, facilities, observations=observations.assign(period=day[:4], value=None),
        eligible=("rural_centre",), as_of=day,
    )  # fmt: skip
    rules = tuple(changes(rule) if changes else rule for rule in PLAN.rules if rule.id in names)
    return indicators(frames, replace(PLAN, rules=rules))


def city(table, day, line):
    return table.loc[(day, line, "city", "T")]


# -------------------------------------------------------------------------------------- the path


def test_the_path_leads_from_baseline_to_target_in_equal_steps():
    runs = [run(f"{year}-12-31", ("2", 16, 20)) for year in range(2020, 2026)]
    expected = progress(runs).xs(("IND-2", "city", "T"), level=[1, 2, 3])["expected"]
    assert expected.tolist() == [80, 84, 88, 92, 96, 100]


@pytest.mark.parametrize(
    ("top", "status", "alarm"),
    [(18.4, "on_track", ""), (18.399, "lagging", "red"), (19, "on_track", ""),
     (20, "achieved", ""), (16, "lagging", "red"), (15, "lagging", "red")],
)  # fmt: skip
def test_exactly_on_the_path_is_on_track_and_a_hair_below_lags(top, status, alarm):
    found = city(progress([run("2023-12-31", ("2", top, 20))]), "2023-12-31", "IND-2")
    assert (found["status"], found["alarm"]) == (status, alarm)
    assert found["expected"] == 92
    assert found["progress"] == pytest.approx((top - 16) / 4)


def test_a_lag_is_red_where_binding_and_amber_where_expected():
    table = progress([run("2022-12-31", ("2", 16, 20), ("11", 1, 4))])
    assert city(table, "2022-12-31", "IND-2")["alarm"] == "red"
    assert city(table, "2022-12-31", "IND-11")["alarm"] == "amber"


def test_a_baseline_of_two_dashes_has_no_path_and_no_division():
    for top, status in ((82, "no_baseline"), (83, "achieved"), (None, "no_data")):
        found = city(progress([run("2023-12-31", ("1", top, 83))]), "2023-12-31", "IND-1")
        assert found["status"] == status
        assert found[["baseline_value", "expected", "progress"]].isna().all()
        assert found["alarm"] == ""


def test_99_6_percent_of_100_is_not_achieved_though_it_prints_so():
    found = city(progress([run("2025-12-31", ("2", 249, 250))]), "2025-12-31", "IND-2")
    assert f"{found['value']:.0f}" == "100"
    assert (found["status"], found["alarm"]) == ("lagging", "red")


def test_the_baseline_counts_as_its_fraction_and_not_as_it_was_printed():
    found = city(progress([run("2020-12-31")]), "2020-12-31", "N5-RURAL")
    assert found["baseline_value"] == pytest.approx(1100 / 13)
    assert found["status"] == "on_track", "11/13 is below the 85 % it was printed as"


@settings(max_examples=12)
@given(st.integers(0, 40), st.integers(2021, 2025))
def test_status_agrees_with_exact_fractions(top, year):
    day = f"{year}-12-31"
    found = city(progress([run(day, ("2", top, 40), names=("IND-2",))]), day, "IND-2")
    share, path = Fraction(100 * top, 40), 80 + Fraction(20 * (year - 2020), 5)
    assert found["status"] == (
        "achieved" if share >= 100 else "on_track" if share >= path else "lagging"
    )


def test_days_within_a_year_lie_between_its_ends():
    assert plan_year("2020-12-31") == 2020
    assert plan_year("2024-12-31") == 2024, "leap years too"
    assert 2023.49 < plan_year("2024-06-30") < 2023.51
    assert plan_year("2021-01-01") > 2020
    late = progress([run("2027-06-30", ("2", 19, 20))])
    assert city(late, "2027-06-30", "IND-2")["expected"] == 100


def test_a_limit_from_above_is_lagging_when_it_is_too_high():
    def fewer(rule):
        plan = replace(rule.plan, baseline=80.0, baseline_of=())
        return replace(rule, comparator="<=", limit=replace(rule.limit, low=0, high=0), plan=plan)

    for top, status in ((8, "on_track"), (9, "lagging"), (0, "achieved")):
        table = progress(
            [
                run("2023-06-30", ("2", top, 20), names=("IND-2",), changes=fewer),
            ]
        )
        assert city(table, "2023-06-30", "IND-2")["expected"] == pytest.approx(40, abs=0.2)
        assert city(table, "2023-06-30", "IND-2")["status"] == status


# --------------------------------------------------------------------------------- dated results


def test_runs_are_put_in_order_and_named_for_the_evaluation_they_are():
    days = ["2025-12-31", "2020-12-31", "2023-06-30", "2021-12-31", "2023-12-31"]
    table = progress([run(day, ("2", 16, 20)) for day in days])
    marks = table.xs(("IND-2", "city", "T"), level=[1, 2, 3])["evaluation"]
    assert list(marks.index) == sorted(days)
    assert marks.to_dict() == {
        "2020-12-31": "baseline", "2021-12-31": "annual", "2023-06-30": "annual",
        "2023-12-31": "mid_term", "2025-12-31": "final",
    }  # fmt: skip
    moved = progress([run("2022-12-31"), run("2023-12-31")], mid_term=2022)
    assert moved["evaluation"].groupby(level=0).first().tolist() == ["mid_term", "annual"]


def test_changes_and_moved_targets_are_told():
    def higher(rule):
        return replace(rule, limit=replace(rule.limit, low=90.0, high=90.0))

    first = run("2021-12-31", ("2", 16, 20))
    later = run("2022-12-31", ("2", 17, 20), changes=higher)
    table = progress([first, later])
    row = city(table, "2022-12-31", "IND-2")
    assert row["change"] == pytest.approx(5)
    assert (row["target_before"], row["target"]) == (100, 90)
    assert np.isnan(city(table, "2021-12-31", "IND-2")["change"])


def test_districts_take_their_baseline_from_the_run_of_the_baseline_year():
    runs = [run("2020-12-31", villages=11), run("2023-12-31", villages=12)]
    for given_runs in (runs, runs[::-1]):
        row = progress(given_runs).loc[("2023-12-31", "N5-RURAL", "district", "D2")]
        assert row["baseline_value"] == pytest.approx(1100 / 13)
        assert row["status"] == "lagging"
    alone = progress(runs[1:]).loc[("2023-12-31", "N5-RURAL", "district", "D2")]
    assert alone["status"] == "no_baseline"
    assert progress(runs).loc[("2023-12-31", "N5-RURAL", "district", "D1"), "status"] == (
        "not_applicable"
    )


def test_the_final_evaluation_warns_of_what_never_had_a_baseline():
    table = progress([run("2025-12-31", ("1", 82, 83))])
    row = city(table, "2025-12-31", "IND-1")
    assert (row["status"], row["alarm"]) == ("no_baseline", "amber")


def test_two_runs_of_one_day_and_runs_without_a_day_are_refused():
    with pytest.raises(InputError, match="two runs of 2021-12-31"):
        progress([run("2021-12-31"), run("2021-12-31")])
    with pytest.raises(InputError, match="one day in as_of, found none"):
        progress([run("2021-12-31").assign(as_of="")])
    assert progress([]).empty


def test_runs_are_left_as_they_were():
    runs = [run("2020-12-31"), run("2021-12-31")]
    before = [table.copy() for table in runs]
    progress(runs)
    for old, new in zip(before, runs, strict=True):
        pd.testing.assert_frame_equal(old, new)


# -------------------------------------------------------------------- which roster it came from


@pytest.mark.parametrize(
    ("printed", "sizes", "counts"),
    [(66, 70, [46]), (85, 13, [11]), (25, [4, 20], [1, 5]), (80, 20, [16]), ("36.9%", 3354, []),
     (0, 7, [0]), (100, 7, [7]), (100, 250, [249, 250]), (33, [15, 20], [5])],
)  # fmt: skip
def test_a_percentage_tells_which_counts_it_can_have_come_from(printed, sizes, counts):
    if printed == "36.9%":
        found = roster_fractions(printed, sizes, decimals=1)
        assert 1237 in found["count"].to_list()
        assert found["count"].diff().dropna().eq(1).all()
        return
    assert roster_fractions(printed, sizes)["count"].tolist() == counts


@settings(max_examples=60)
@given(st.integers(1, 400), st.data())
def test_inference_finds_the_count_and_only_counts_that_print_so(size, data):
    count = data.draw(st.integers(0, size))
    decimals = data.draw(st.integers(0, 2))
    share = Fraction(100 * count, size)
    printed = float(round(share, decimals))  # Python rounds halves to even
    found = roster_fractions(printed, size, decimals=decimals)
    assert count in found.loc[found["half_even"], "count"].to_list()
    target = Fraction(str(printed))
    brute = [n for n in range(size + 1) if round(Fraction(100 * n, size), decimals) == target]
    assert found.loc[found["half_even"], "count"].tolist() == brute


def test_halves_are_told_apart_by_how_they_are_rounded():
    # 1/40 is 2.5 %: 3 by hand, 2 by many programs
    by_hand, by_program = roster_fractions(3, 40), roster_fractions(2, 40)
    assert by_hand[["count", "half_up", "half_even"]].to_numpy().tolist() == [[1, True, False]]
    assert by_program[["count", "half_up", "half_even"]].to_numpy().tolist() == [[1, False, True]]


@pytest.mark.parametrize(
    ("printed", "sizes", "decimals", "said"),
    [("sixty", 70, 0, "is no number"), (65.7, 70, 0, "more than 0 decimals"),
     (66, 0, 0, "below 1"), (float("nan"), 70, 0, "is no number")],
)  # fmt: skip
def test_a_bad_percentage_or_size_is_one_clear_line(printed, sizes, decimals, said):
    with pytest.raises(InputError, match=said):
        roster_fractions(printed, sizes, decimals=decimals)
