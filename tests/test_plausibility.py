"""Doubts: a unit that is ten times too large, parts above their whole, rosters of another city."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from carecircle.inputs.issues import IssueLog
from carecircle.standards.plausibility import check_plausibility
from carecircle.standards.presets import load_preset
from carecircle.standards.rule_frames import RuleFrames


def areas(**changes):
    ids = pd.Index(["A", "B", "V"], name="area_id", dtype="str")
    told = {
        "name": list("ABV"), "kind": ["urban", "urban", "rural"], "city_id": "T",
        "households": [100.0, 200.0, 50.0], "population": [250.0, 500.0, 125.0],
        "elders": [50.0, 80.0, 40.0], "elders80": [5.0, 8.0, 4.0],
    }  # fmt: skip
    return pd.DataFrame(told | changes, index=ids)


def facilities(**changes):
    told = {"kind": "institution", "status": "operating", "area_id": "A", "beds": 10.0,
            "nursing_beds": 5.0, "floor_m2": 500.0, "activity_m2": 100.0}  # fmt: skip
    return pd.DataFrame([told | changes], index=pd.Index(["F1"], name="facility_id"))


PLAN = load_preset("wuhai_plan_2021")
LINES = ("IND-1", "IND-4", "IND-5", "IND-7", "IND-7-PERMILLE", "CA-WH-CITY", "IND-12")
SMALL = replace(PLAN, rules=tuple(rule for rule in PLAN.rules if rule.id in LINES))


def doubts(area_changes=None, facility_changes=None, **more):
    frames = RuleFrames(
        areas(**(area_changes or {})), facilities(**(facility_changes or {})), **more
    )
    found = check_plausibility(frames, SMALL)
    # the plan is another city's: what is wrong with its own numbers is told below
    return [issue for issue in found if issue.record != "IND-7" and "baseline" not in issue.found]


def codes(*args, **more):
    return [issue.code for issue in doubts(*args, **more)]


def test_a_plausible_town_raises_no_doubt():
    assert doubts() == []


@pytest.mark.parametrize(
    ("table", "change", "code", "field"),
    [
        ("areas", {"elders": [50.0, 501.0, 40.0]}, "elders_exceed_population", "elders"),
        ("areas", {"elders80": [5.0, 81.0, 4.0]}, "elders80_exceed_elders", "elders80"),
        ("areas", {"households": [100.0, 501.0, 50.0]}, "households_exceed_population",
         "households"),
        ("areas", {"households_new": [0.0, 201.0, 0.0]}, "new_households_exceed_households",
         "households_new"),
        ("facilities", {"nursing_beds": 11.0}, "nursing_beds_exceed_beds", "nursing_beds"),
        ("facilities", {"institution_beds": 11.0}, "institution_beds_exceed_beds",
         "institution_beds"),
        ("facilities", {"activity_m2": 501.0}, "activity_floor_exceeds_floor", "activity_m2"),
        ("facilities", {"elder_floor_m2": 501.0}, "elder_floor_exceeds_floor", "elder_floor_m2"),
    ],
)  # fmt: skip
def test_a_part_above_its_whole_is_told_with_its_record(table, change, code, field):
    found = doubts(**{f"{'area' if table == 'areas' else 'facility'}_changes": change})
    issue = next(issue for issue in found if issue.code == code)
    assert (issue.table, issue.field, issue.severity) == (table, field, "warning")
    assert issue.record == ("B" if table == "areas" else "F1")
    assert issue.fix


def test_what_reading_has_said_is_not_said_again():
    frames = RuleFrames(areas(elders=[50.0, 501.0, 40.0]), facilities())
    told = IssueLog()
    told.add("elders_exceed_population", "warning", "areas", record="B")
    before = list(told)
    assert "elders_exceed_population" not in {
        i.code for i in check_plausibility(frames, SMALL, log=told)
    }
    assert told == before


def test_many_records_make_one_line():
    many = areas(elders=[5000.0, 5000.0, 5000.0])
    found = check_plausibility(RuleFrames(many, facilities()), SMALL)
    lines = [issue for issue in found if issue.code == "elders_exceed_population"]
    assert [issue.record for issue in lines] == ["A;B;V"]


@pytest.mark.parametrize(("people", "odd"), [(100.0, False), (800.0, False), (801.0, True)])
def test_households_of_more_than_eight_people_are_odd(people, odd):
    found = codes({"population": [people, 500.0, 125.0], "elders": [50.0, 80.0, 40.0]})
    assert ("odd_household_size" in found) is odd


def test_indicator_7_is_doubted_with_the_heads_it_would_mean():
    reported = pd.DataFrame({"indicator": ["7"], "period": ["2020"], "numerator": [None],
                             "denominator": [556621.0], "value": [1.2], "unit": ["%"]})  # fmt: skip
    frames = RuleFrames(areas(), facilities(), observations=reported, as_of="2020-12-31")
    found = check_plausibility(frames, SMALL)
    issue = next(i for i in found if i.record == "IND-7")
    assert issue.code == "implausible_value"
    assert "1.2 % (6,679 of 556,621)" in issue.found
    assert "target 1.4 % (7,793 of 556,621)" in issue.found
    # read as per mille it is 668 people, which can be believed
    assert not [i for i in found if i.record == "IND-7-PERMILLE"]


@pytest.mark.parametrize(("beds", "odd"), [(25.0, False), (26.0, True)])
def test_more_than_150_beds_for_1000_elders_are_doubted(beds, odd):
    # 170 elders: 25 beds are 147 and 26 beds 153 for 1,000
    found = doubts(facility_changes={"beds": beds})
    assert ("IND-4" in [issue.record for issue in found]) is odd


@pytest.mark.parametrize("value", [-1.0, 100.1])
def test_percentages_outside_0_to_100_are_doubted(value):
    reported = pd.DataFrame({"indicator": ["x"], "period": ["2020"], "numerator": [None],
                             "denominator": [None], "value": [value], "unit": ["%"]})  # fmt: skip
    assert "percentage_out_of_range" in codes(observations=reported)
    assert codes(observations=reported.assign(value=100.0)) == []
    assert codes(observations=reported.assign(unit="张")) == []


def test_denominators_that_count_other_units_than_the_tables_are_told():
    reported = pd.DataFrame({"indicator": ["1", "12"], "period": "2020", "numerator": [2.0, 2.0],
                             "denominator": [2.0, 3.0], "value": [100.0, 66.7]})  # fmt: skip
    found = [i for i in doubts(observations=reported) if i.code == "roster_differs_from_units"]
    assert [issue.record for issue in found] == ["IND-1"]
    assert "counts 2; the tables list 3 of area" in found[0].found


def test_a_roster_of_unknown_or_too_few_units_is_told():
    duties = pd.DataFrame({"unit_level": "area", "unit_id": ["A", "B", "V"],
                           "kind": "service_complex"})  # fmt: skip
    assert codes(rosters=duties) == []
    assert codes(rosters=duties[:2]) == [], "one for each urban community"
    strange = duties.assign(unit_id=["A", "B", "X"])
    assert codes(rosters=strange) == ["unknown_unit"]
    # three areas, but four of them owe
    more = pd.concat([strange, duties[2:]])
    assert codes(rosters=more) == ["unknown_unit", "roster_differs_from_units"]


def test_a_report_that_differs_from_what_is_counted_is_told():
    reported = pd.DataFrame({"indicator": ["5"], "period": ["2020"], "numerator": [5.0],
                             "denominator": [10.0], "value": [50.0]})  # fmt: skip
    assert codes(observations=reported, as_of="2020-12-31") == []
    found = doubts(observations=reported.assign(numerator=4.0), as_of="2020-12-31")
    assert [issue.code for issue in found] == ["reported_differs_from_counted"]
    assert found[0].found == "reported 4/10, counted 5/10"


def test_an_old_report_is_a_note():
    reported = pd.DataFrame({"indicator": ["12"], "period": ["2020"], "numerator": [1.0],
                             "denominator": [3.0], "value": [33.3]})  # fmt: skip
    assert codes(observations=reported, as_of="2021-12-31") == []
    found = doubts(observations=reported, as_of="2022-06-30")
    assert [(issue.code, issue.severity) for issue in found] == [("old_observation", "note")]


def test_dates_that_deny_the_status_are_told():
    changes = {"opened": pd.Timestamp("2021-01-01"), "closed": pd.NaT}
    assert codes(facility_changes=changes, as_of="2021-01-01") == []
    assert codes(facility_changes=changes, as_of="2020-12-31") == ["opens_after_the_day"]
    shut = {"opened": pd.NaT, "closed": pd.Timestamp("2020-12-31")}
    assert codes(facility_changes=shut, as_of="2020-12-31") == ["closed_but_operating"]


def test_of_the_sample_only_the_unit_of_indicator_7_is_doubted(sample_study):
    study = sample_study
    tables = study.tables
    frames = RuleFrames(
        tables.areas, tables.facilities, projects=tables.projects, rosters=tables.rosters,
        observations=tables.observations, eligible=study.card.eligible, as_of=study.card.as_of,
    )  # fmt: skip
    found = check_plausibility(frames)
    assert [(issue.code, issue.record) for issue in found] == [("implausible_value", "IND-7")]
