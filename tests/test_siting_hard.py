"""Hard cases for every siting problem: what fits, what does not, and trying every set of sites."""

import inspect

import pandas as pd
import pytest

import carecircle as cc
from carecircle.errors import InputError

TAKES_A_PROBLEM = [
    name
    for name in cc.__all__
    if inspect.isfunction(getattr(cc, name))
    and next(iter(inspect.signature(getattr(cc, name)).parameters), "") == "instance"
]


@pytest.fixture(scope="module")
def town():
    return cc.samples.toy_town()


@pytest.mark.parametrize("name", TAKES_A_PROBLEM)
def test_a_study_in_place_of_a_problem_is_told_how_to_make_one(name, town):
    solve = getattr(cc, name)
    needed = {
        option: 1
        for option, one in list(inspect.signature(solve).parameters.items())[1:]
        if one.default is inspect.Parameter.empty
    }
    for wrong in (town, pd.DataFrame()):
        told = (
            rf"give a siting problem, not a {type(wrong).__name__}: siting_instance\(study, sites\)"
        )
        with pytest.raises(InputError, match=told):
            solve(wrong, **needed)
