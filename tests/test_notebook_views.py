"""What an object of carecircle shows as the last line of a notebook's cell."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import carecircle as cc
from carecircle.analysis.findings import Findings
from carecircle.inputs.notebook import facts_html, size_of
from carecircle.scenarios.baseline import Outcome
from towns import CRS

TABLES = re.compile("DataFrame|Series|NDArray|Floats|Index")


def classes():
    """Every public class, and every one of the package that a public function returns."""
    public = [getattr(cc, name) for name in cc.__all__]
    found = {one for one in public if inspect.isclass(one)}
    for one in public:
        calls = [one] if inspect.isfunction(one) else []
        if inspect.isclass(one):
            calls = [m for _, m in inspect.getmembers(one, callable) if inspect.isroutine(m)]
        for call in calls:
            module = inspect.getmodule(inspect.unwrap(call))
            if module is None or not module.__name__.startswith("carecircle"):
                continue
            named = str(getattr(call, "__annotations__", {}).get("return", ""))
            back = getattr(module, named, None)
            if inspect.isclass(back) and back.__module__.startswith("carecircle"):
                found.add(back)
    return sorted(found, key=lambda one: one.__name__)


def holds_tables(one):
    fields = [
        str(kind) for base in one.__mro__ for kind in vars(base).get("__annotations__", {}).values()
    ]
    # a function that takes a table holds none
    return any(TABLES.search(kind) for kind in fields if "Callable" not in kind)


def test_everything_that_holds_tables_has_a_form_for_notebooks():
    found = classes()
    assert {cc.StudyReach, cc.RoadNetwork, cc.AreaProblem, cc.Result, Outcome} <= set(found)
    bare = [one.__name__ for one in found if holds_tables(one) and not hasattr(one, "_repr_html_")]
    assert bare == []


@pytest.fixture(scope="module")
def town():
    return cc.samples.toy_town()


def test_reach_tells_its_pairs_homes_and_facilities_in_the_language_of_the_study(town):
    english = replace(town, card=replace(town.card, language="en"))
    shown = cc.reach_of(english)._repr_html_()
    # the one station that counts; H01 to H06 in town and H09, H10 in the village are in time
    assert "<caption>Toy town: Reach within the limit</caption>" in shown
    assert "<th style='text-align:left'>Homes that reach a facility</th><td>8 / 13</td>" in shown
    assert "<th style='text-align:left'>Facilities that are reached</th><td>1 / 1</td>" in shown
    assert "<th style='text-align:left'>Homes not assessed</th><td>1 / 13</td>" in shown
    chinese = cc.reach_of(town)._repr_html_()
    assert "时限内有设施的住宅</th><td>8 / 13" in chinese
    assert "Homes" not in chinese


def test_a_network_tells_pieces_length_parts_profile_and_crs(town):
    shown = town.network._repr_html_()
    assert town.network.profile.name in shown
    assert f"{town.network.n_components:,}; longest " in shown
    assert f"{town.network.length_m.sum() / 1000:,.1f} km" in shown
    assert CRS.split(":")[1] in shown
    longest = town.network.islands()["length_km"].max()
    assert f"longest {longest:,.1f} km" in shown


def test_records_of_tables_show_sizes_not_rows(town):
    result = cc.assess(town)
    findings = Findings(**{name: getattr(result, name) for name in Findings.__dataclass_fields__})
    assert ">13 rows: area_id" in findings._repr_html_()
    frames = cc.RuleFrames.from_findings(result)._repr_html_()
    assert "<caption>RuleFrames</caption>" in frames
    assert ">4 rows: " in frames
    assert ">--<" in frames, "there are no projects"
    today = cc.Baseline.of(town).today._repr_html_()
    assert ">13 values<" in today


def test_names_are_escaped_and_long_texts_cut():
    shown = facts_html("<b>", [("<i>", "<script>")])
    assert "<script>" not in shown
    assert "<b>" not in shown
    wide = pd.DataFrame(np.zeros((2, 90)), columns=[f"column{k}" for k in range(90)])
    assert len(size_of(wide)) <= 120
    assert size_of(wide).startswith("2 rows: column0, ")


def test_a_chinese_result_tells_its_problems_in_chinese(town):
    result = cc.assess(town)
    assert result.card.language == "zh"
    assert not re.search(r"\d (warning|note|error)", result._repr_html_())
    assert "条" in result._repr_html_()
    study = town._repr_html_()
    assert "<td style='text-align:left'>住宅</td><td>13</td>" in study
    assert not re.search(r"\d (warning|note|error)|no issues", study)
    english = replace(result, card=replace(result.card, language="en"))
    assert re.search(r"\d (warning|note)", english._repr_html_())


def test_a_chinese_plan_tells_its_proof_in_chinese(town):
    import geopandas as gpd
    import shapely

    spots = gpd.GeoDataFrame(
        {"name": ["Corner"]}, geometry=[shapely.Point(900, 0)], crs=CRS,
        index=pd.Index(["N1"], name="site_id"),
    )  # fmt: skip
    plan = cc.max_cover(cc.siting_instance(town, spots), n_sites=1)
    shown = cc.effects_of_plan(town, plan, sites=spots)._repr_html_()
    assert "独立复核通过:场址、分配、增量和目标值均已重新计数" in shown
    assert "verified" not in shown
