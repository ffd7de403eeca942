"""What the page says of a plan, in words: terms, sentences of each view, popups, denominators."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

import carecircle as cc
import fake_findings as fake
from carecircle.outputs.map.atlas import change_map, coverage_map
from carecircle.outputs.map.records import area_records
from carecircle.outputs.map.summary import spoken_change, spoken_summary
from carecircle.outputs.map.text import Speech, in_language

ENGLISH, CHINESE = Speech("en"), Speech("zh")
PLANS = [
    cc.Scenario("close", close=["F1"]),
    cc.Scenario("slow", limits={"urban": 10.0}, walking_speed=0.8),
]


@pytest.fixture(scope="module")
def states():
    """The toy town today and under two plans, as a comparison draws them: without gaps."""
    return cc.compare(cc.samples.toy_town(), PLANS).findings


def told(findings, say=ENGLISH):
    return " ".join(spoken_summary(findings, say))


# --------------------------------------------------------------------------------- gaps in words


def test_where_nobody_looked_for_gaps_nothing_is_said_of_them(states):
    assert states["close"].homes["covered"].eq(other=False).any()
    assert "ncovered area" not in told(states["close"])
    assert "未覆盖片区" not in told(states["close"], CHINESE)


def test_that_there_is_no_gap_is_said_where_everybody_is_in_time(states):
    homes = states["today"].homes
    happy = replace(states["today"], homes=homes.assign(covered=pd.array([True] * len(homes))))
    assert "No uncovered areas." in told(happy)


def test_gaps_that_were_found_are_listed():
    assert "1,234 elders" in told(fake.findings())


# ------------------------------------------------------------------------- sentences of each view


def test_every_view_of_a_comparison_has_sentences_of_its_own(states):
    today, close, close_change, slow, slow_change = payload_of(states)["views"]["summaries"]
    assert today == spoken_summary(states["today"], ENGLISH)
    assert close[0] == "What follows holds under the scenario “close”, not today."
    assert close[1:] == spoken_summary(states["close"], ENGLISH)
    assert slow[-1].startswith("Terms: urban 10 min · rural 30 min")
    assert slow[-1].endswith("0.80 m/s · 2020-12-31.")
    assert slow_change == spoken_change(states["today"], states["slow"], "slow", ENGLISH)
    assert len({tuple(one) for one in (today, close, close_change, slow, slow_change)}) == 5


def payload_of(states):
    after = {name: one for name, one in states.items() if name != "today"}
    chart = change_map(states["today"], after) if after else coverage_map(states["today"])
    found = re.findall(
        r'<script type="application/json"[^>]*>(.*?)</script>', chart.get_root().render()
    )
    return json.loads(in_language(next(part for part in found if "headline" in part), "en"))


def test_every_view_of_a_comparison_has_a_card_of_its_own_terms(states):
    cards = [(one["subtitle"], dict(one["terms"])) for one in payload_of(states)["views"]["cards"]]
    today, close, close_change, slow, slow_change = cards
    assert today == close == close_change
    assert slow[0].startswith("urban 10 min")
    assert slow[1]["Speed"] == "0.80 m/s (48 m/min)"
    assert slow_change[0] == f"{today[0]} → {slow[0]}"
    assert slow_change[1]["Speed"] == "1.00 m/s (60 m/min) → 0.80 m/s (48 m/min)"
    assert slow_change[1]["Direction"] == "home to facility"


def test_the_headline_of_a_change_names_the_limits_of_both(states):
    headlines = payload_of(states)["views"]["headlines"]
    labels = [blocks[0]["figures"][-1]["label"] for blocks in headlines]
    assert [label.split(" · ")[0] for label in labels] == [
        *["Elders in time (15/30 min)"] * 3,
        "Elders in time (10/30 min)",
        "Elders in time (15/30 → 10/30 min)",
    ]


def test_a_change_is_told_with_both_fractions_and_adds_up(states):
    wanted = cc.compare(cc.samples.toy_town(), PLANS).summary
    sentences = spoken_change(states["today"], states["close"], "close", ENGLISH)
    was, now = wanted.loc["today"], wanted.loc["close"]
    lost = was["elders_covered"] - now["elders_covered"]
    assert lost > 0
    shown = f"{was['elders_covered']:.0f} of {was['elders_total']:.0f}"
    then = f"{now['elders_covered']:.0f} of {now['elders_total']:.0f}"
    assert f"{shown} (" in sentences[1]
    assert f"{then} (" in sentences[1]
    assert f"a change of −{lost:.0f}." in sentences[1]
    assert sentences[-1].startswith("Terms: ")


def test_a_change_of_terms_tells_both(states):
    sentences = spoken_change(states["today"], states["slow"], "slow", ENGLISH)
    assert sentences[-2].startswith("Terms today: urban 15 min")
    assert "1.00 m/s" in sentences[-2]
    assert sentences[-1].startswith("Terms of the plan: urban 10 min")
    assert "0.80 m/s" in sentences[-1]


def test_a_plan_that_changes_nothing_says_so(states):
    sentences = spoken_change(states["today"], states["today"], "same", ENGLISH)
    assert "No community changes." in sentences
    assert "a change of 0." in sentences[1]


def test_the_order_of_areas_does_not_matter_to_the_sentences(states):
    mixed = replace(states["today"], areas=states["today"].areas.iloc[::-1])
    assert spoken_change(mixed, states["close"], "close", ENGLISH) == spoken_change(
        states["today"], states["close"], "close", ENGLISH
    )


# ------------------------------------------------------------------------------- words and codes


def test_why_floor_area_fails_is_said_in_words():
    findings = fake.findings()
    floor = findings.floor_areas
    floor = floor.assign(status="fail", reason="below_floor;below_per_100")
    for say, words in (
        (ENGLISH, "below the least floor area, below the area per 100 households"),
        (CHINESE, "低于最低面积、低于每百户面积"),
    ):
        records = area_records(replace(findings, floor_areas=floor), say)
        row = records["fields"].index(say("floor_status"))
        texts = {record[row] for record in records["values"]} - {""}
        assert texts == {f"{say('fail')} ({words})"}


# ------------------------------------------------- a study that counts homes, some of them outside


@pytest.fixture(scope="module")
def stray_town():
    """The toy town without a census, all of it urban, two of its homes outside all areas."""
    town = cc.samples.toy_town()
    homes = town.tables.homes[["area_id", "geometry"]].copy()
    homes.iloc[:2, homes.columns.get_loc("area_id")] = None
    areas = town.tables.areas.assign(kind="urban").drop(
        columns=["households", "population", "elders"], errors="ignore"
    )
    return replace(town, tables=replace(town.tables, homes=homes, areas=areas))


def test_homes_outside_all_communities_have_no_roster(stray_town):
    sentences = spoken_summary(cc.assess(stray_town), ENGLISH)
    assert any(one.startswith("Outside all communities: 0 of 2 homes") for one in sentences)
    assert [one for one in sentences if one.startswith("Roster")] == [
        "Roster: 1 of 4 communities have a facility (25.0%)."
    ]
    assert not any("no data of no data" in one for one in sentences)


def test_terms_name_the_limits_there_are_and_who_is_counted(stray_town):
    card = payload_of({"today": cc.assess(stray_town)})["card"]
    terms = dict(card["terms"])
    assert terms["Limits"] == "urban 15 min"
    assert terms["On time means"] == "at least 95.0% of homes in time"
    assert card["kinds"] == ["urban"]


def test_elders_stay_the_measure_where_they_are_known(states):
    card = payload_of({"today": states["today"]})["card"]
    terms = dict(card["terms"])
    assert terms["Limits"] == "urban 15 min · rural 30 min"
    assert terms["On time means"] == "at least 95.0% of elders in time"
