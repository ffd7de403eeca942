"""Fairness: by hand, by the definition, and equal to PySAL where each home is one person."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inequality.gini import Gini

from carecircle.analysis.inequality import gini, inequality, inequality_by, lorenz, palma
from carecircle.errors import InputError

LEVELS = st.lists(st.integers(0, 50), min_size=2, max_size=25).filter(any)


@st.composite
def homes(draw):
    values = draw(LEVELS)
    people = draw(st.lists(st.integers(1, 9), min_size=len(values), max_size=len(values)))
    return pd.Series(values, dtype=float), pd.Series(people, dtype=float)


def one_by_one(values, people):
    """Every person on a line of their own."""
    return np.repeat(values.to_numpy(), people.to_numpy().astype(int))


# ------------------------------------------------------------------------------ counted by hand


def test_a_town_of_ten_people():
    # 4 people with 0, 4 with 5, 2 with 10: 40 in all
    values, people = pd.Series([5.0, 0.0, 10.0]), pd.Series([4.0, 4.0, 2.0])
    town = inequality(values, people)
    assert town["mean"] == 4.0
    assert town["worst_fifth"] == 0.0
    assert town["best_fifth"] == 10.0
    assert town["fifth_gap"] == 10.0
    assert town["fifth_ratio"] == np.inf
    # mean difference: 2 x (16 x 5 + 8 x 10 + 8 x 5) / 100 = 4; over twice the mean
    assert town["gini"] == pytest.approx(0.5)
    assert town["palma"] == np.inf
    assert town["half_mean_share"] == 0.4
    assert lorenz(values, people).to_dict("list") == {
        "people_share": [0.0, 0.4, 0.8, 1.0], "value_share": [0.0, 0.0, 0.5, 1.0],
    }  # fmt: skip


def test_a_home_that_straddles_a_fifth_is_split():
    town = inequality(pd.Series([1.0, 2.0]), pd.Series([10.0, 90.0]))
    assert town["worst_fifth"] == pytest.approx(1.5)  # 10 with 1 and 10 with 2
    assert town["best_fifth"] == pytest.approx(2.0)
    assert town["palma"] == pytest.approx(20 / 70)


def test_fewer_minutes_are_better():
    minutes, people = pd.Series([5.0, 30.0]), pd.Series([80.0, 20.0])
    town = inequality(minutes, people, better="less")
    assert (town["worst_fifth"], town["best_fifth"]) == (pytest.approx(30.0), 5.0)
    assert (town["fifth_gap"], town["fifth_ratio"]) == (pytest.approx(25.0), pytest.approx(6.0))
    assert town["half_mean_share"] == 0.2  # more than twice the mean of 10


def test_all_the_same_is_perfectly_even():
    town = inequality(pd.Series([3.0] * 7), pd.Series(np.arange(1.0, 8.0)))
    assert town["gini"] == 0.0
    assert (town["palma"], town["fifth_ratio"]) == (pytest.approx(0.25), pytest.approx(1.0))
    assert town["half_mean_share"] == 0.0


def test_unknown_values_are_counted_and_left_out():
    values = pd.Series([1.0, np.nan, 3.0, 2.0])
    people = pd.Series([5.0, 7.0, 5.0, np.nan])
    town = inequality(values, people)
    assert town[["people", "people_unknown", "homes_unknown_people"]].tolist() == [10.0, 7.0, 1.0]
    assert town["gini"] == 0.25
    assert lorenz(values, people).equals(lorenz(values.iloc[[0, 2]], people.iloc[[0, 2]]))


def test_nothing_to_measure_is_not_a_number():
    nobody = inequality(pd.Series([1.0]), pd.Series([0.0]))
    assert nobody["people"] == 0.0
    assert nobody.drop(["people", "people_unknown", "homes_unknown_people"]).isna().all()
    nothing = inequality(pd.Series([0.0, 0.0]), pd.Series([2.0, 3.0]))
    assert nothing[["mean", "fifth_gap"]].tolist() == [0.0, 0.0]
    assert nothing[["gini", "palma", "fifth_ratio"]].isna().all()
    assert len(lorenz(pd.Series([np.nan]), pd.Series([1.0]))) == 0


def test_groups_are_measured_apart():
    values = pd.Series([1.0, 3.0, 2.0, 9.0], index=list("abcd"))
    people = pd.Series(10.0, index=list("dcba"))
    kinds = pd.Series({"a": "urban", "b": "urban", "c": "rural"})
    found = inequality_by(values, people, kinds)
    assert found.index.tolist() == ["", "rural", "urban"]
    assert found["people"].tolist() == [10.0, 10.0, 20.0]
    assert found["mean"].tolist() == [9.0, 2.0, 2.0]
    assert found["gini"].tolist() == [0.0, 0.0, 0.25]


@pytest.mark.parametrize(
    ("values", "people"), [([-1.0, 2.0], [1.0, 1.0]), ([1.0, 2.0], [1.0, np.inf])]
)
def test_negative_and_endless_numbers_are_refused(values, people):
    with pytest.raises(InputError, match="negative or endless"):
        inequality(pd.Series(values), pd.Series(people))


def test_better_is_more_or_less():
    with pytest.raises(InputError, match="'more' or 'less'"):
        inequality(pd.Series([1.0]), pd.Series([1.0]), better="least")


# --------------------------------------------------------------------------- laws, a second way


@given(homes())
def test_gini_is_the_mean_difference_over_twice_the_mean(case):
    each = one_by_one(*case)
    by_definition = np.abs(each[:, None] - each).mean() / (2 * each.mean())
    assert gini(*case) == pytest.approx(by_definition, abs=1e-12)


@given(homes())
def test_gini_equals_pysal_where_each_home_is_one_person(case):
    each = one_by_one(*case)
    alone = pd.Series(each)
    assert gini(alone, pd.Series(1.0, alone.index)) == pytest.approx(Gini(each).g, abs=1e-12)
    # and people of one home count like as many homes
    assert gini(*case) == pytest.approx(Gini(each).g, abs=1e-12)


@given(homes())
def test_shares_of_people_equal_those_of_a_sorted_row_of_people(case):
    values, people = case
    each = np.sort(np.repeat(one_by_one(values, people), 10))  # tenths fall between two people
    fifth, tenth = len(each) // 5, len(each) // 10
    town = inequality(values, people)
    assert town["worst_fifth"] == pytest.approx(each[:fifth].mean(), abs=1e-9)
    assert town["best_fifth"] == pytest.approx(each[-fifth:].mean(), abs=1e-9)
    assert town["half_mean_share"] == pytest.approx((each < each.mean() / 2).mean())
    least = each[: 2 * fifth].sum()
    if least > 0:
        assert palma(values, people) == pytest.approx(each[-tenth:].sum() / least, rel=1e-9)


@given(homes())
def test_the_lorenz_curve_rises_bends_up_and_stays_below_the_diagonal(case):
    curve = lorenz(*case)
    x, y = curve["people_share"].to_numpy(), curve["value_share"].to_numpy()
    assert (x[0], y[0], x[-1], y[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert (np.diff(x) > 0).all()
    assert (np.diff(np.diff(y) / np.diff(x)) >= -1e-9).all()
    assert (y <= x + 1e-12).all()


@settings(max_examples=40)
@given(homes(), st.integers(0, 1000))
def test_order_and_unit_change_nothing(case, seed):
    values, people = case
    mixed = values.sample(frac=1.0, random_state=seed)
    pd.testing.assert_series_equal(
        inequality(mixed, people), inequality(values, people), check_exact=True
    )
    scaled = inequality(values * 4, people)
    even = ["gini", "palma", "fifth_ratio", "half_mean_share"]
    pd.testing.assert_series_equal(scaled[even], inequality(values, people)[even], rtol=1e-12)


@given(homes())
def test_giving_from_the_best_to_the_worst_off_never_widens_the_gap(case):
    values, people = case
    order = values.sort_values().index
    worst, best = order[0], order[-1]
    gift = (values[best] - values[worst]) / 4
    moved = values.copy()
    moved[best] -= gift * min(1.0, people[worst] / people[best])
    moved[worst] += gift * min(1.0, people[best] / people[worst])
    assert gini(moved, people) <= gini(values, people) + 1e-12
