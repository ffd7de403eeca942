"""Indicators of the plan: every reading on a line, what is missing, and the sample city."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.standards.indicators import (
    INDICATOR_STATUSES,
    indicator_spread,
    indicators,
    plan_lines,
)
from carecircle.standards.presets import load_preset
from carecircle.standards.roster_duties import roster_duties
from carecircle.standards.rule_file import parse_rules
from carecircle.standards.rule_frames import RuleFrames
from carecircle.standards.rules import ATTRIBUTES, BASES
from carecircle.standards.three_levels import network_matrix, station_links
from carecircle.standards.verdicts import REASONS

PLAN = "wuhai_plan_2021"
CARE = ("station", "day_care", "street_centre", "rural_centre")


def town(**more):
    """Two streets of one district, one of another: three communities and a village."""
    ids = pd.Index(["A", "B", "C", "V"], name="area_id", dtype="str")
    told = {
        "name": list("ABCV"), "kind": ["urban", "urban", "urban", "rural"], "city_id": "T",
        "district_id": ["D1", "D1", "D1", "D2"], "street_id": ["S1", "S1", "S2", "S3"],
        "street_name": ["one", "one", "two", "three"],
        "households": [1000.0, 2000.0, 500.0, 100.0], "population": [2500.0, 5000.0, 1250.0, 250.0],
        "elders": [500.0, 800.0, 200.0, 100.0],
    }  # fmt: skip
    return pd.DataFrame(told | more, index=ids)


def places(*rows):
    """Give (kind, area, columns) each."""
    made = [
        {"name": f"{kind} {k}", "kind": kind, "area_id": area, "serves": area,
         "status": "operating"} | (more[0] if more else {})
        for k, (kind, area, *more) in enumerate(rows)
    ]  # fmt: skip
    ids = pd.Index([f"F{k}" for k in range(len(rows))], name="facility_id", dtype="str")
    frame = pd.DataFrame(made, index=ids)
    for name in ("opened", "closed"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name])
    return frame


def observed(*rows):
    """Give (indicator, period, numerator, denominator, value) each."""
    names = ["indicator", "period", "numerator", "denominator", "value"]
    return pd.DataFrame(rows, columns=names)


def some(frames, *names, levels=("city",)):
    """Compute a few lines of the plan only."""
    plan = load_preset(PLAN)
    chosen = replace(plan, rules=tuple(rule for rule in plan.rules if rule.id in names))
    return indicators(frames, chosen, levels=levels, log=IssueLog())


class lines:  # noqa: N801  # reads like the function it stands for
    """The city's lines of the plan, each computed when asked for: ``lines(frames).loc[...]``."""

    def __init__(self, frames):
        self.frames, self.loc = frames, self

    def __getitem__(self, key):
        name, column = key if isinstance(key, tuple) else (key, slice(None))
        return (
            some(self.frames, name).xs(("city", "T"), level=("level", "unit_id")).loc[name, column]
        )


def frames_of(*rows, areas=None, **more):
    areas = town() if areas is None else areas
    told = {"eligible": CARE, "as_of": "2023-12-31"} | more
    return RuleFrames(areas, places(*rows), **told)


@pytest.fixture(scope="module")
def wuhai(sample_result, sample_frames):
    return sample_result, sample_frames, indicators(sample_frames, PLAN, log=IssueLog())


# ------------------------------------------------------------------------------- the sample city


@pytest.mark.parametrize(
    ("line", "top", "bottom", "printed"),
    [
        ("IND-1", None, 83, "--"), ("IND-2", 16, 20, "80.0"), ("IND-3", 46, 70, "65.7"),
        ("IND-4", 3354, 90649, "37.0"), ("IND-5", 1237, 3354, "36.9"), ("IND-6", None, 83, "--"),
        ("CA-WH-CITY", 72930, 221000, "33.0"), ("IND-9", None, 20, "--"),
        ("IND-10", None, 20, "--"), ("IND-11", 1, 4, "25.0"), ("IND-12", None, 83, "--"),
        ("N5-RURAL", 11, 13, "84.6"),
    ],
)  # fmt: skip
def test_the_sample_reproduces_the_2020_column_of_the_plan(wuhai, line, top, bottom, printed):
    row = wuhai[2].loc[(line, "city", "1503")]
    assert row["denominator"] == bottom
    if top is None:
        assert (row["status"], row["reason"]) == ("no_data", "no_observation")
        assert np.isnan(row["value"])
        assert np.isnan(row["baseline"])
    else:
        assert row["numerator"] == top
        assert f"{row['value']:.1f}" == printed
        assert row["value"] == pytest.approx(row["baseline_value"], abs=1e-12)
        assert round(row["value"]) == row["baseline"]
        assert (row["status"], row["reason"]) == ("not_achieved", "")


def test_the_sample_has_every_indicator_once_as_headline_with_its_target(wuhai):
    table = wuhai[2]
    city = table.xs("city", level="level")
    heads = city[city["headline"] & city["number"].str.isdigit()]
    assert heads["number"].astype(int).tolist() == list(range(1, 13))
    assert heads["target"].tolist() == [100, 100, 100, 60, 55, 100, 1.4, 36, 100, 100, 100, 100]
    binding = heads.loc[heads["attribute"] == "binding", "number"].tolist()
    assert binding == ["2", "3", "5", "8"]
    printed = heads["baseline"].fillna(-1).tolist()
    assert printed == [-1, 80, 66, 37, 37, -1, 1.2, 33, -1, -1, 25, -1]
    assert set(table["basis"]) == set(BASES)
    assert set(table["attribute"]) == set(ATTRIBUTES)


def test_a_figure_published_alone_is_shown_and_said_to_be_so(wuhai):
    row = wuhai[2].loc[("IND-7", "city", "1503")]
    assert (row["value"], row["reason"]) == (pytest.approx(1.2), "published_only")
    assert row["numerator"] == pytest.approx(6679.452)
    per_mille = wuhai[2].loc[("IND-7-PERMILLE", "city", "1503")]
    assert (per_mille["value"], per_mille["unit"]) == (pytest.approx(1.2), "‰")
    assert per_mille["numerator"] == pytest.approx(667.9452)
    # 1.2 may have been 1.249, which is still below 1.4
    assert row["status"] == per_mille["status"] == "not_achieved"


def test_the_spatial_twin_stands_beside_roster_coverage_under_another_name(wuhai):
    result, _, table = wuhai
    has, in_time = (table.loc[(name, "city", "1503")] for name in ("IND-3", "IND-3-TIME"))
    assert has["number"] == in_time["number"] == "3"
    assert (has["basis"], in_time["basis"]) == ("roster", "spatial")
    assert has["name_zh"] != in_time["name_zh"]
    assert not in_time["headline"]
    urban = result.areas[result.areas["kind"] == "urban"]
    assert in_time["numerator"] == pytest.approx(urban["elders_covered"].sum())
    assert in_time["denominator"] == pytest.approx(urban["elders_total"].sum())


def test_other_readings_of_the_sample_are_their_own_lines(wuhai):
    city = wuhai[2].xs(("city", "1503"), level=("level", "unit_id"))
    found = city.loc[["IND-3-OWN", "IND-3-PIPELINE", "IND-4-INST", "IND-5-INST", "IND-6-COUNT",
                      "IND-6B", "IND-11-ROSTER", "IND-11-DISTRICT", "N10", "N10-AREA"],
                     ["numerator", "denominator"]]  # fmt: skip
    assert found.to_numpy().tolist() == [
        [45, 70], [52, 70], [2400, 90649], [1020, 2400], [31, 83], [14, 20], [1, 4], [1, 3],
        [20, 20], [20, 83],
    ]  # fmt: skip
    assert not city.loc[found.index[:8], "headline"].any()


def test_districts_add_up_to_the_city(wuhai):
    table = wuhai[2]
    for line in ("IND-3", "IND-4", "IND-5", "CA-WH-CITY", "N1-STREET", "N5-RURAL", "N2"):
        parts = table.loc[(line, "district")]
        whole = table.loc[(line, "city", "1503")]
        assert len(parts) == 3
        for column in ("numerator", "denominator"):
            assert parts[column].sum() == pytest.approx(whole[column], abs=1e-6), line
    assert len(table.loc[("IND-3", "street")]) == 20
    assert "street" not in table.loc["IND-4"].index.get_level_values("level")
    # the plan's baseline is the city's
    assert table.loc[("IND-3", "district"), "baseline"].isna().all()


def test_every_line_without_a_figure_says_why(wuhai):
    table = wuhai[2]
    assert set(table["status"]) <= set(INDICATOR_STATUSES)
    blind = table["status"] == "no_data"
    assert (table.loc[blind, "reason"] != "").all()
    assert table.loc[blind, "value"].isna().all()
    assert table.loc[~blind & (table["status"] != "not_applicable"), "value"].notna().all()
    assert set(table["reason"]) <= set(REASONS)
    assert table.index.is_unique


def test_the_spread_over_communities_is_printed_beside_the_ratio_of_sums(wuhai):
    spread = indicator_spread(indicators(wuhai[1], PLAN, levels=["area"], log=IssueLog()))
    row = spread.loc["CA-WH-CITY"]
    assert (row["units"], row["unknown"]) == (83, 0)
    assert row["min"] < row["p10"] < row["median"] < row["max"]
    assert row["median"] != pytest.approx(33.0)


# ---------------------------------------------------------- readings, counted on four communities


def test_a_shared_station_counts_for_all_it_serves_or_only_where_it_stands():
    frames = frames_of(("station", "A", {"serves": "A;B"}), ("station", "C"))
    found = lines(frames)
    assert found.loc["IND-3", ["numerator", "denominator"]].tolist() == [3, 3]
    assert found.loc["IND-3-OWN", ["numerator", "denominator"]].tolist() == [2, 3]
    elsewhere = frames_of(("station", "V", {"serves": "B;A"}))
    assert lines(elsewhere).loc["IND-3-OWN", "evidence_ids"] == "F0"
    own = some(elsewhere, "IND-3-OWN", levels=["area"]).loc["IND-3-OWN"]
    assert own["numerator"].to_dict()[("area", "A")] == 1, "the first of those it serves"


def test_what_is_planned_is_a_second_line_and_no_headline():
    rows = [("station", "A"), ("station", "B", {"status": "planned"}),
            ("station", "C", {"status": "closed"})]  # fmt: skip
    found = lines(frames_of(*rows))
    assert found.loc["IND-3", "numerator"] == 1
    assert found.loc["IND-3-PIPELINE", "numerator"] == 2
    assert not found.loc["IND-3-PIPELINE", "headline"]
    assert found.loc["IND-3", "numerator"] == lines(frames_of(rows[0])).loc["IND-3", "numerator"]


def test_beds_are_divided_by_whichever_elders_the_reading_means():
    areas = town(elders65=[250.0, 400.0, 100.0, 50.0])
    rows = [("institution", "A", {"beds": 40.0, "institution_beds": 40.0, "nursing_beds": 20.0}),
            ("station", "B", {"beds": 24.0, "institution_beds": 0.0, "nursing_beds": 4.0,
                              "home_care_beds": 16.0})]  # fmt: skip
    found = lines(frames_of(*rows, areas=areas))
    assert found.loc["IND-4", "value"] == 1000 * 64 / 1600
    assert found.loc["IND-4-INST", "value"] == 1000 * 40 / 1600
    assert found.loc["IND-4-HOME", "value"] == 1000 * 80 / 1600
    assert found.loc["IND-4-65", "value"] == 1000 * 64 / 800
    assert found.loc["IND-4-REG", ["status", "reason"]].tolist() == ["no_data", "figure_missing"]
    assert found.loc["IND-5", "value"] == 100 * 24 / 64
    assert found.loc["IND-5-INST", "value"] == 50


def test_floor_area_is_a_ratio_of_sums_over_the_households_meant():
    areas = town(dwellings=[2000.0, 4000.0, 1000.0, 200.0])
    rows = [("service_complex", area, {"floor_m2": 300.0}) for area in "ABCV"]
    found = lines(frames_of(*rows, areas=areas))
    assert found.loc["CA-WH-CITY", "value"] == pytest.approx(100 * 1200 / 3600)
    assert found.loc["IND-8-DWELLINGS", "value"] == pytest.approx(100 * 1200 / 7200)
    spread = indicator_spread(some(frames_of(*rows), "CA-WH-CITY", levels=["area"]))
    mean = np.mean([30, 15, 60, 300])
    assert spread.loc["CA-WH-CITY", ["min", "median", "max"]].tolist() == [15, 45, 300]
    assert found.loc["CA-WH-CITY", "value"] != pytest.approx(mean)


def test_complexes_with_a_volunteer_station_are_counted_among_complexes():
    rows = [("service_complex", "A"), ("service_complex", "B"), ("volunteer_station", "A"),
            ("volunteer_station", "C")]  # fmt: skip
    found = lines(frames_of(*rows))
    assert found.loc["IND-6-COUNT", ["numerator", "denominator"]].tolist() == [1, 2]
    assert found.loc["IND-6B", ["numerator", "denominator"]].tolist() == [2, 3]


def test_each_body_on_the_roster_is_counted_once_from_the_smallest_unit_up():
    duties = pd.DataFrame(
        [("district", "D1", "child_protection"), ("district", "D2", "child_protection"),
         ("city", "T", "child_protection")], columns=["unit_level", "unit_id", "kind"])  # fmt: skip
    one = frames_of(("child_protection", "A"), rosters=duties)
    assert lines(one).loc["IND-11-ROSTER", ["numerator", "denominator"]].tolist() == [1, 3]
    two = frames_of(("child_protection", "A"), ("child_protection", "B"), rosters=duties)
    found = roster_duties(two, ("child_protection",)).set_index("unit_id")
    assert found["facility_ids"].to_dict() == {"D1": "F0", "D2": "", "T": "F1"}
    assert lines(two).loc["IND-11-ROSTER", "evidence_ids"] == "F0;F1"
    none = lines(frames_of(("child_protection", "A")))
    assert none.loc["IND-11-ROSTER", ["status", "reason"]].tolist() == ["no_data", "no_roster"]


# ------------------------------------------------------------------------------ what is reported


def test_the_newest_report_that_has_begun_is_taken_and_others_are_not():
    rows = [("2", "2021", 17.0, 20.0, 85.0), ("2", "2022-Q3", 18.0, 20.0, 90.0),
            ("2", "2024", 20.0, 20.0, 100.0)]  # fmt: skip
    frames = frames_of(observations=observed(*rows))
    row = lines(frames).loc["IND-2"]
    assert (row["numerator"], row["evidence_ids"]) == (18, "observation 2 2022-Q3")
    later = replace(frames, as_of="2024-12-31")
    assert lines(later).loc["IND-2", ["value", "status"]].tolist() == [100, "achieved"]


def test_two_dashes_are_no_data_and_never_zero():
    found = lines(frames_of(observations=observed(("12", "2020", "", 83, "--"))))
    assert found.loc["IND-12", ["status", "reason"]].tolist() == ["no_data", "no_observation"]
    assert np.isnan(found.loc["IND-12", "value"])
    zero = lines(frames_of(observations=observed(("12", "2020", 0, 83, 0))))
    assert zero.loc["IND-12", ["value", "status"]].tolist() == [0, "not_achieved"]


@pytest.mark.parametrize(
    ("value", "status"),
    [(99.4, "not_achieved"), (99.9, "not_achieved"), (100, "not_decided"), (101, "achieved")],
)
def test_a_figure_published_alone_decides_only_where_rounding_cannot_matter(value, status):
    row = lines(frames_of(observations=observed(("2", "2023", None, None, value)))).loc["IND-2"]
    assert (row["value"], row["status"], row["reason"]) == (value, status, "published_only")


def test_99_6_percent_prints_as_100_and_is_not_achieved():
    row = lines(frames_of(observations=observed(("1", "2023", 249, 250, 100)))).loc["IND-1"]
    assert f"{row['value']:.0f}" == "100"
    assert row["status"] == "not_achieved"


def test_reports_of_districts_are_not_taken_for_the_city():
    table = observed(("2", "2023", 1, 4, None), ("2", "2023", 16, 20, None))
    table = table.assign(unit_level=["district", "city"], unit_id=["D1", None])
    assert lines(frames_of(observations=table)).loc["IND-2", "denominator"] == 20


# ---------------------------------------------------------------------- network, beds and people


def test_orphans_are_the_stations_whose_street_has_no_centre():
    rows = [("station", "A"), ("day_care", "B"), ("station", "C"), ("station", "V"),
            ("street_centre", "B"), ("station", "A", {"status": "planned"})]  # fmt: skip
    frames = frames_of(*rows)
    found = lines(frames).loc["N2", ["numerator", "denominator"]]
    links = station_links(frames)
    assert found.tolist() == [2, 4]
    assert links["orphan"].to_dict() == {"F0": False, "F1": False, "F2": True, "F3": True}
    assert links.loc["F2", "reason"] == "no_centre_in_street"
    assert links.loc["F0", "centre_ids"] == "F4"


def test_minutes_to_a_centre_save_an_orphan_exactly_at_the_limit():
    rows = [("station", "A"), ("station", "C"), ("station", "V"), ("street_centre", "A")]
    pairs = pd.DataFrame({"home_id": ["F1", "F2"], "facility_id": "F3", "minutes": [15.0, 15.1]})
    frames = frames_of(*rows, links=pairs)
    assert station_links(frames)["orphan"].to_dict() == {"F0": False, "F1": False, "F2": True}
    row = lines(frames).loc["N2-TIME"]
    assert (row["numerator"], row["denominator"]) == (1, 3), "no minutes are known for F0"
    assert lines(frames_of(*rows)).loc["N2-TIME", "reason"] == "links_missing"


def test_minutes_of_links_come_from_reach_with_stations_in_the_place_of_homes():
    study = cc.samples.toy_town()
    # two stations by the toy town's first street, 500 m apart along it
    spots = study.facilities.loc[["F1", "S2"]].assign(kind=["street_centre", "station"])
    at = cc.locate(study.network, spots)
    links = cc.reach(study.network, at.loc[["F1"]], at.loc[["S2"]], max_minutes=30)
    links = links.reset_index()
    frames = RuleFrames(study.areas.assign(street_id="S"), spots, links=links, as_of="2020-12-31")
    found = station_links(frames)
    # (700, 100) to (0, 0) along a grid of streets: 800 m at 1.0 m/s
    assert found.loc["S2", "centre_minutes"] == pytest.approx(800 / 60, abs=1e-6)


def test_the_matrix_tells_of_the_three_levels_of_every_street():
    rows = [("station", "A"), ("station", "B"), ("street_centre", "A"), ("dispatch_centre", "C")]
    # a street centre has its own roster: it serves nobody's community by name
    rows[2] = ("street_centre", "A", {"serves": None})
    matrix = network_matrix(frames_of(*rows))
    assert matrix["levels"].to_dict() == {"S1": 3, "S2": 1, "S3": 0}
    assert matrix["complete"].to_dict() == {"S1": True, "S2": False, "S3": False}
    assert matrix.loc["S3", "areas_without"] == "V"
    assert matrix.loc["S1", ["name", "district_id", "dispatch_ids"]].tolist() == ["one", "D1", "F3"]


def test_new_complexes_and_safety_nets_are_counted_by_district_and_never_pooled():
    new = {"opened": "2022-05-01"}
    rows = [("embedded_complex", area, new) for area in "AABBC"]
    rows += [("embedded_complex", "V", {"opened": "2020-12-31"}),
             ("institution", "A", {"safety_net": True}),
             ("institution", "V", {"safety_net": False})]  # fmt: skip
    frames = frames_of(*rows)
    table = some(frames, "N3", "N4", levels=["district"])
    assert table.loc[("N3", "district"), "value"].to_dict() == {"D1": 5, "D2": 0}
    city = lines(frames)
    assert city.loc["N3-CITY", "value"] == 5
    assert city.loc["N3-SHARE", ["numerator", "denominator"]].tolist() == [1, 2]
    assert table.loc[("N4", "district"), "status"].to_dict() == {
        "D1": "achieved", "D2": "not_achieved"}  # fmt: skip
    assert city.loc["N4-SHARE", "value"] == 50


def test_beds_added_gross_count_openings_and_net_takes_closures_off():
    rows = [
        ("institution", "A", {"beds": 100.0, "opened": "2021-01-01"}),
        ("institution", "B", {"beds": 50.0, "opened": "2020-12-31"}),
        ("station", "C", {"beds": 10.0, "opened": "2021-06-01", "closed": "2022-06-01",
                          "status": "closed"}),
        ("station", "V", {"beds": 30.0, "opened": "2015-01-01", "closed": "2021-01-01",
                          "status": "closed"}),
        ("station", "A", {"beds": 7.0, "opened": "2015-01-01", "closed": "2020-12-31",
                          "status": "closed"}),
        ("institution", "A", {"beds": 900.0, "status": "building"}),
    ]  # fmt: skip
    found = lines(frames_of(*rows))
    assert found.loc["N6", "numerator"] == 110
    assert found.loc["N6-NET", "numerator"] == 110 - 40
    unsure = [*rows[:5], ("station", "B", {"beds": 5.0})]
    assert lines(frames_of(*unsure)).loc["N6", "reason"] == "members_unknown"
    gone = [(*rows[3][:2], rows[3][2] | {"closed": None})]
    assert lines(frames_of(*gone)).loc["N6-NET", "reason"] == "closing_missing"


def test_about_three_social_workers_is_read_twice():
    rows = [("social_work_station", area, {"social_workers": number})
            for area, number in (("A", 2.0), ("B", 1.0), ("C", 2.0))]  # fmt: skip
    frames = frames_of(*rows, areas=town(social_workers=[1.0, 0.0, 1.0, 2.0]))
    found = lines(frames)
    assert found.loc["N8-STREETS", ["numerator", "denominator"]].tolist() == [1, 3]
    assert found.loc["N8-STREETS-2", "numerator"] == 2
    assert found.loc["N8-AREAS", "numerator"] == 3
    assert found.loc["N8-TOTAL", "numerator"] == 5 + 4
    blind = frames_of(*rows[:2], ("social_work_station", "C"))
    assert lines(blind).loc["N8-STREETS", "status"] == "no_data"


def test_one_social_worker_for_100_beds_means_77_for_7697():
    rows = [("institution", "A", {"beds": 7697.0, "social_workers": 76.0})]
    found = lines(frames_of(*rows))
    assert found.loc["N7", "status"] == "not_achieved"
    assert found.loc["N7-POSTS", "target"] == 77
    rows = [("institution", "A", {"beds": 7697.0, "social_workers": 77.0})]
    assert lines(frames_of(*rows)).loc["N7", "status"] == "achieved"


def test_required_nursing_beds_are_whole_beds():
    rows = [("institution", "A", {"beds": 7697.0, "nursing_beds": 4233.0})]
    assert lines(frames_of(*rows)).loc["IND-5", "status"] == "not_achieved"
    rows[0][2]["nursing_beds"] = 4234.0
    assert lines(frames_of(*rows)).loc["IND-5", "status"] == "achieved"


def test_halls_are_counted_by_street_and_by_community():
    frames = frames_of(("one_stop_hall", "A", {"serves": "A;B"}), ("one_stop_hall", "C"))
    found = lines(frames)
    assert found.loc["N10", ["numerator", "denominator"]].tolist() == [2, 3]
    assert found.loc["N10-AREA", ["numerator", "denominator"]].tolist() == [2, 4]


# -------------------------------------------------------------------------------- laws and rules


@settings(max_examples=8)
@given(st.permutations(range(5)), st.permutations(range(4)))
def test_the_order_of_rows_changes_nothing(order, area_order):
    rows = [("station", "A", {"serves": "A;B", "beds": 3.0}), ("day_care", "C"),
            ("street_centre", "B"), ("service_complex", "A", {"floor_m2": 300.0}),
            ("station", "V", {"status": "planned"})]  # fmt: skip
    first = frames_of(*rows)
    again = replace(first, facilities=first.facilities.iloc[list(order)],
                    areas=first.areas.iloc[list(area_order)])  # fmt: skip
    names = ("IND-3", "IND-3-OWN", "IND-3-PIPELINE", "IND-4", "CA-WH-CITY", "N1-STREET", "N2")
    one, other = (some(frames, *names).drop(columns="evidence_ids") for frames in (first, again))
    pd.testing.assert_frame_equal(one, other)


def test_inputs_are_left_as_they_were():
    frames = frames_of(("station", "A"), observations=observed(("2", "2023", 1, 2, "50")))
    before = [table.copy() for table in (frames.areas, frames.facilities, frames.observations)]
    indicators(frames, PLAN, log=IssueLog())
    for old, new in zip(
        before, (frames.areas, frames.facilities, frames.observations), strict=True
    ):
        pd.testing.assert_frame_equal(old, new)


def test_every_ambiguous_indicator_has_a_second_reading():
    readings: dict[str, list[str]] = {}
    for _, line in plan_lines(load_preset(PLAN)):
        readings.setdefault(line.number, []).append(line.reading_zh)
    for number in ("1", "3", "4", "5", "6", "7", "8", "11", "12", "N6", "N8", "N9", "N10"):
        assert len(readings[number]) > 1, number
        assert len(set(readings[number])) == len(readings[number]), number


RULE = """
[preset]
id = "own"
issuer = "me"
document = "doc"
year = 2024
baseline_year = 2020
target_year = 2030
[[rule]]
id = "R1"
title_zh = "一"
title_en = "one"
clause = "1"
level = "city"
indicator = "areas_with_facility"
comparator = ">="
limit = 100
unit = "%"
plan = {plan}
"""


def test_a_city_of_ones_own_writes_its_plan_as_data():
    plan = '{ number = "1", reading_zh = "甲", reading_en = "A", baseline = 50, levels = ["city"] }'
    preset = parse_rules(RULE.replace("{plan}", plan), "own.toml", log=IssueLog())
    table = indicators(frames_of(("station", "A")), preset)
    assert table.index.tolist() == [("R1", "city", "T")]
    row = table.iloc[0]
    assert row[["value", "baseline", "target", "target_year"]].tolist() == [25, 50, 100, 2030]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ('{ number = "1" }', "plan.reading_zh: missing key"),
        ('{ number = "1", reading_zh = "a", reading_en = "b", basis = "guess" }', "'guess'"),
        ('{ number = "1", reading_zh = "a", reading_en = "b", baseline = "66" }', "give a number"),
        ('{ number = "1", reading_zh = "a", reading_en = "b", baseline_of = [46] }', "two numbers"),
        ('{ number = "1", reading_zh = "a", reading_en = "b", levels = ["site"] }', "'site'"),
        ('{ number = "1", reading_zh = "a", reading_en = "b", colour = "red" }', "unknown key"),
    ],
)  # fmt: skip
def test_a_bad_plan_line_is_told_with_its_line(plan, said):
    with pytest.raises(InputError, match=r"own\.toml:19") as caught:
        parse_rules(RULE.replace("{plan}", plan), "own.toml", log=IssueLog())
    assert said in str(caught.value)
