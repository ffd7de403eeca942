"""Floor area of service complexes: what is owed, provided and lacking; the three pass rates."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from carecircle.errors import CarecircleWarning, InputError
from carecircle.inputs.issues import IssueLog
from carecircle.standards.floor_area import (
    PASS_RATES,
    REASONS,
    FloorAreaRule,
    check_floor_area,
    required_area,
    roll_up_floor_area,
)

CRS = "EPSG:4545"


def areas(households, **columns):
    """Squares of 100 m in a row, A1, A2, ..., urban and existing unless said otherwise."""
    index = pd.Index([f"A{k + 1}" for k in range(len(households))], name="area_id")
    defaults = {"name": index, "kind": "urban", "regime": "existing", "households": households}
    return gpd.GeoDataFrame(
        defaults | columns,
        geometry=[shapely.box(100 * k, 0, 100 * k + 100, 100) for k in range(len(households))],
        index=index,
        crs=CRS,
    )


def complexes(floor_m2, serves, **columns):
    """Service complexes F1, F2, ... that serve the areas named."""
    defaults = {"kind": "service_complex", "status": "operating", "floor_m2": floor_m2}
    return pd.DataFrame(
        defaults | {"serves": serves} | columns,
        index=pd.Index([f"F{k + 1}" for k in range(len(floor_m2))], name="facility_id"),
    )


def one(floor_m2, households, **columns):
    """Check a single area with a single complex."""
    checks = check_floor_area(
        areas([households], **columns), complexes([floor_m2], ["A1"]), log=IssueLog()
    )
    return checks.loc["A1"]


@pytest.mark.parametrize(
    ("households", "required"), [(999, 300), (1000, 300), (1001, 300.3), (2660, 798)]
)
def test_existing_quarters_owe_the_larger_of_300_and_30_per_100(households, required):
    assert required_area(households).item() == required


@pytest.mark.parametrize(("households", "required"), [(999, 500), (1000, 500), (2000, 1000)])
def test_new_estates_owe_the_larger_of_500_and_50_per_100(households, required):
    assert required_area(households, "new").item() == required


def test_a_mixed_community_adds_its_old_and_its_new_part():
    # 0.30 x 2000 + 0.50 x 1000 = 1100
    assert required_area(3000, "mixed", 1000).item() == 1100
    # 0.30 x 400 + 0.50 x 100 = 170, below the floor of 300
    assert required_area(500, "mixed", 100).item() == 300
    # the new part alone: floor of 500
    assert required_area(500, "mixed", 500).item() == 500


def test_villages_owe_the_floor_only():
    assert required_area([200, 5000, np.nan], kind="rural").tolist() == [300, 300, 300]
    assert required_area(5000, "new", kind="rural").item() == 300


def test_what_the_input_does_not_say_is_not_required_but_unknown():
    assert np.isnan(required_area(np.nan)).all()
    assert np.isnan(required_area(500, "mixed")).all()
    assert np.isnan(required_area(500, "mixed", 600)).all()
    assert np.isnan(required_area(500, kind=None)).all()


def test_a_rule_of_another_place_is_data():
    rule = FloorAreaRule(existing_m2_per_100=20, existing_floor_m2=200, per_100_applies_to=())
    assert required_area([100, 5000], rule=rule).tolist() == [200, 200]
    everywhere = FloorAreaRule(per_100_applies_to=("urban", "rural"))
    assert required_area(5000, kind="rural", rule=everywhere).item() == 1500


def test_the_rule_names_its_clause():
    assert "第五章第二节" in FloorAreaRule().source


def test_299_99_m2_miss_the_floor_and_300_meet_it():
    short, exact = one(299.99, 500), one(300, 500)
    assert (short["pass_floor"], short["status"], short["reason"]) == (False, "fail", "below_floor")
    assert short["shortfall_m2"] == 0.01
    assert (exact["pass_floor"], exact["status"], exact["reason"]) == (True, "pass", "")


def test_1000_households_need_exactly_300_m2():
    check = one(300, 1000)
    assert (check["required_m2"], check["pass_both"], check["shortfall_m2"]) == (300, True, 0)
    assert one(300, 1001)["status"] == "fail"
    assert one(300, 1001)["shortfall_m2"] == 0.3


@pytest.mark.parametrize(("regime", "tenths", "floor"), [("existing", 3, 300), ("new", 5, 500)])
def test_float_noise_never_flips_a_verdict(regime, tenths, floor):
    # 0.30 x households has one decimal: write it as text, so that no arithmetic of ours is used
    households = np.arange(1, 8001)
    texts = [f"{n // 10}.{n % 10}" for n in np.maximum(10 * floor, tenths * households)]
    frame = areas(households, regime=regime)
    enough = complexes([float(text) for text in texts], frame.index)
    short = enough.assign(floor_m2=enough["floor_m2"] - 0.001)
    assert check_floor_area(frame, enough, log=IssueLog())["pass_both"].all()
    assert not check_floor_area(frame, short, log=IssueLog())["pass_both"].any()


def test_floor_areas_that_add_up_with_noise_still_pass():
    # 100.1 + 200.2 is 300.29999999999995 in floating point
    checks = check_floor_area(
        areas([1001]), complexes([100.1, 200.2], ["A1", "A1"]), log=IssueLog()
    )
    assert checks.loc["A1", "status"] == "pass"
    assert checks.loc["A1", "provided_m2"] == 300.3


def test_the_table_has_the_columns_and_types_it_promises():
    checks = check_floor_area(areas([1000]), complexes([300], ["A1"]), log=IssueLog())
    assert checks.index.name == "area_id"
    assert checks.columns.tolist() == [
        "name", "kind", "regime", "households", "households_new", "required_m2",
        "required_existing_m2", "required_new_m2", "provided_m2", "shortfall_m2",
        "m2_per_100_households", "pass_floor", "pass_per_100", "pass_both", "status", "reason",
        "facility_ids",
    ]  # fmt: skip
    assert [str(checks.dtypes[f"pass_{test}"]) for test in ("floor", "per_100", "both")] == [
        "boolean"
    ] * 3


def test_the_2020_verdict_and_the_2025_verdict_differ():
    check = one(400, 2660)
    assert (check["pass_floor"], check["pass_per_100"], check["pass_both"]) == (True, False, False)
    assert (check["shortfall_m2"], check["reason"]) == (398, "below_per_100")
    assert check["m2_per_100_households"] == pytest.approx(15.0376, abs=1e-4)


def test_the_two_parts_of_a_mixed_area_are_printed():
    check = one(1100, 3000, regime="mixed", households_new=1000.0)
    assert (check["required_existing_m2"], check["required_new_m2"]) == (600, 500)
    assert (check["households_new"], check["status"]) == (1000, "pass")


def test_a_village_passes_on_the_floor_and_has_no_test_per_100():
    check = one(310, 5000, kind="rural")
    assert check["pass_per_100"] is pd.NA
    assert (check["pass_both"], check["status"]) == (True, "pass")
    assert one(310, np.nan, kind="rural")["status"] == "pass"


def test_an_area_without_a_facility_has_zero_and_fails():
    checks = check_floor_area(areas([500, 500]), complexes([400], ["A1"]), log=IssueLog())
    row = checks.loc["A2"]
    assert (row["provided_m2"], row["shortfall_m2"], row["status"]) == (0, 300, "fail")
    assert row["reason"].split(";")[0] == "no_facility"
    assert row["facility_ids"] == ""


def test_a_facility_without_floor_area_makes_its_area_not_assessable():
    checks = check_floor_area(
        areas([500, 500]), complexes([np.nan, 900, 400], ["A1", "A1", "A2"]), log=IssueLog()
    )
    assert checks["status"].tolist() == ["not_assessable", "pass"]
    assert np.isnan(checks.loc["A1", "provided_m2"])
    assert checks.loc["A1", "reason"] == "floor_missing"
    assert checks.loc["A1", "facility_ids"] == "F1;F2"


def test_without_households_only_the_floor_is_assessed():
    check = one(400, np.nan)
    assert check["pass_floor"]
    assert check["pass_per_100"] is pd.NA
    assert check["pass_both"] is pd.NA
    assert (check["status"], check["reason"]) == ("not_assessable", "households_missing")
    assert np.isnan(check["required_m2"])
    assert np.isnan(check["shortfall_m2"])


def test_who_misses_the_floor_fails_even_with_unknown_households():
    check = one(200, np.nan)
    assert (check["status"], check["reason"]) == ("fail", "households_missing;below_floor")


def test_a_mixed_area_without_its_new_households_is_not_assessable():
    assert one(900, 1000, regime="mixed")["reason"] == "households_new_missing"
    check = one(900, 1000, regime="mixed", households_new=1001.0)
    assert (check["status"], check["reason"]) == ("not_assessable", "households_new_too_many")


def test_an_area_without_households_owes_nothing():
    check = one(0, 0)
    assert (check["status"], check["reason"]) == ("not_applicable", "no_households")
    assert check["pass_floor"] is pd.NA


def test_an_area_that_is_neither_urban_nor_rural_is_not_assessable():
    check = one(900, 1000, kind=None)
    assert (check["status"], check["reason"]) == ("not_assessable", "kind_missing")


def test_a_missing_regime_is_existing_unless_new_households_say_otherwise():
    log = IssueLog()
    frame = areas([1000, 1000, 1000], regime=None, households_new=[np.nan, 400.0, 1000.0])
    checks = check_floor_area(frame, complexes([1.0], ["A1"]), log=log)
    assert checks["regime"].tolist() == ["existing", "mixed", "new"]
    assert checks["required_m2"].tolist() == [300, 380, 500]
    assert [(i.code, i.severity) for i in log] == [("regime_missing", "note")]


def test_new_households_in_an_existing_regime_are_a_warning():
    log = IssueLog()
    check_floor_area(areas([1000], households_new=400.0), complexes([1.0], ["A1"]), log=log)
    assert [(i.code, i.severity, i.found) for i in log] == [
        ("regime_contradicted", "warning", "1: A1")
    ]
    with pytest.warns(CarecircleWarning, match="regime contradicted"):
        check_floor_area(areas([1000], households_new=400.0), complexes([1.0], ["A1"]))


def test_only_operating_facilities_of_the_right_kind_count():
    facilities = complexes(
        [100, 200, 400, 800, 1600],
        ["A1"] * 5,
        status=["operating", None, "planned", "building", "closed"],
    )
    facilities.loc["F6"] = {"kind": "station", "status": "operating", "floor_m2": 9, "serves": "A1"}
    checks = check_floor_area(areas([500]), facilities, log=IssueLog())
    assert checks.loc["A1", "provided_m2"] == 300
    assert checks.loc["A1", "facility_ids"] == "F1;F2"


def test_a_shared_facility_is_split_by_households_and_flagged():
    # 800 m2 over 1000 + 3000 households: 200 and 600
    checks = check_floor_area(areas([1000, 3000]), complexes([800], ["A1; A2"]), log=IssueLog())
    assert checks["provided_m2"].tolist() == [200, 600]
    assert checks["reason"].str.startswith("shared_facility").all()
    assert checks["provided_m2"].sum() == 800


def test_a_shared_facility_cannot_be_split_by_unknown_households():
    checks = check_floor_area(areas([1000, np.nan]), complexes([800], ["A1;A2"]), log=IssueLog())
    assert checks["status"].tolist() == ["not_assessable"] * 2
    assert checks.loc["A1", "reason"] == "shared_facility;split_unknown"


def test_serves_goes_before_the_area_id_and_the_area_id_before_the_location():
    facilities = gpd.GeoDataFrame(
        complexes([400, 500, 600], ["A2", None, ""], area_id=["A1", "A3", None]),
        geometry=gpd.points_from_xy([50, 50, 50], [50, 50, 50]),
        crs=CRS,
    )
    checks = check_floor_area(areas([500, 500, 500]), facilities, log=IssueLog())
    assert checks["facility_ids"].tolist() == ["F3", "F1", "F2"]
    assert checks["provided_m2"].tolist() == [600, 400, 500]


def test_facilities_without_serves_count_where_they_stand():
    facilities = gpd.GeoDataFrame(
        complexes([400, 500, 600], None).drop(columns=["serves", "status"]),
        geometry=[shapely.Point(50, 50), shapely.box(110, 10, 130, 30), shapely.Point(100, 50)],
        crs=CRS,
    )
    checks = check_floor_area(areas([500, 500]), facilities, log=IssueLog())
    assert checks["facility_ids"].tolist() == ["F1;F3", "F2"]  # on the boundary: the lower id


def test_a_facility_of_no_known_area_is_reported_and_the_rest_goes_on():
    log = IssueLog()
    checks = check_floor_area(areas([500]), complexes([400, 500], ["A1", "A9"]), log=log)
    assert checks.loc["A1", "provided_m2"] == 400
    assert [(i.code, i.severity, i.found) for i in log] == [
        ("facility_without_area", "error", "1: F2")
    ]


def test_every_reason_has_a_wording():
    frame = areas(
        [500, np.nan, 800, 0, 900], regime=["existing", "existing", "mixed", "new", "mixed"]
    )
    frame["households_new"] = [np.nan, np.nan, np.nan, np.nan, 901]
    checks = check_floor_area(
        frame, complexes([10, np.nan, 7], ["A1", "A2", "A1;A2"]), log=IssueLog()
    )
    used = {code for reason in checks["reason"] for code in reason.split(";") if code}
    assert used <= set(REASONS)
    assert len(used) >= 7


def test_no_facilities_at_all_fail_everybody():
    none = complexes([1.0], ["A1"]).iloc[:0]
    checks = check_floor_area(areas([500, 900]), none, log=IssueLog())
    assert checks["status"].tolist() == ["fail", "fail"]
    assert checks["provided_m2"].tolist() == [0, 0]


def test_inputs_stay_unchanged_and_the_order_of_rows_does_not_matter():
    frame, facilities = areas([1000, 3000, 200]), complexes([800, 90], ["A1;A2", "A3"])
    kept = frame.copy(deep=True), facilities.copy(deep=True)
    checks = check_floor_area(frame, facilities, log=IssueLog())
    pd.testing.assert_frame_equal(frame, kept[0])
    pd.testing.assert_frame_equal(facilities, kept[1])
    again = check_floor_area(frame.iloc[::-1], facilities.iloc[::-1], log=IssueLog())
    pd.testing.assert_frame_equal(again.loc[checks.index], checks)


def rolled(frame, facilities, **ids):
    units = frame.assign(**ids)
    return roll_up_floor_area(check_floor_area(frame, facilities, log=IssueLog()), units)


def test_the_city_figure_is_a_ratio_of_sums_not_a_mean_of_ratios():
    # 100 m2 for 100 and 900 m2 for 3000 households: 1000 / 3100 x 100, not (100 + 30) / 2
    city = rolled(areas([100, 3000]), complexes([100, 900], ["A1", "A2"]), city_id="C").loc[
        ("city", "C")
    ]
    assert city["m2_per_100_households"] == pytest.approx(32.26, abs=0.005)
    assert (city["ratio_m2"], city["ratio_households"], city["ratio_units"]) == (1000, 3100, 2)
    assert city["city_gap_m2"] == 116  # 0.36 x 3100 - 1000
    assert not city["meets_city_target"]


def test_the_city_target_is_met_exactly_at_36():
    city = rolled(areas([1000, 3000]), complexes([40, 1400], ["A1", "A2"])).loc[("city", "")]
    assert (city["city_gap_m2"], city["meets_city_target"]) == (0, True)
    assert city["m2_per_100_households"] == 36
    # the surplus of A2 does not help A1: 300 - 40
    assert city["shortfall_m2"] == 260


def test_the_three_rates_keep_their_numerators_and_denominators():
    frame = areas([500, 2660, 600, 800, np.nan], kind=["urban"] * 3 + ["rural", "urban"])
    facilities = complexes([400, 400, 100, 300, 900], ["A1", "A2", "A3", "A4", "A5"])
    city = rolled(frame, facilities).loc[("city", "")]
    assert (city["units_total"], city["units_assessed"], city["not_assessed"]) == (5, 4, 1)
    assert (city["pass_floor_n"], city["pass_floor_of"]) == (4, 5)
    assert (city["pass_per_100_n"], city["pass_per_100_of"]) == (1, 4)  # no such test for villages
    assert (city["pass_both_n"], city["pass_both_of"]) == (2, 5)
    assert (city["floor_rate"], city["per_100_rate"], city["both_rate"]) == (0.8, 0.25, 0.4)
    assert [zh for zh, _ in PASS_RATES.values()] == [
        "达标率(总面积)",
        "达标率(每百户)",
        "达标率(双项)",
    ]
    assert set(PASS_RATES) <= set(city.index)


def test_households_in_failing_units_and_sums_skip_what_is_unknown():
    frame = areas([500, 2660, np.nan])
    city = rolled(frame, complexes([400, 400, 900], ["A1", "A2", "A3"])).loc[("city", "")]
    assert (city["households"], city["households_in_failing"]) == (3160, 2660)
    assert (city["provided_m2"], city["ratio_m2"], city["ratio_units"]) == (1700, 800, 2)


def test_levels_add_up_and_areas_without_a_unit_are_kept():
    frame = areas([500, 600, 700, 800], kind=["urban", "urban", "rural", "rural"])
    facilities = complexes([400, 100, 300, 10], ["A1", "A2", "A3", "A4"])
    totals = rolled(
        frame,
        facilities,
        city_id="C",
        city_name="乌海市",
        district_id=["D1", "D1", "D2", "D2"],
        street_id=["S1", "S2", "S2", None],
    )
    assert totals.index.names == ["level", "unit_id"]
    assert totals.index.tolist() == [
        ("city", "C"),
        ("district", "D1"),
        ("district", "D2"),
        ("street", ""),
        ("street", "S1"),
        ("street", "S2"),
        ("kind", "rural"),
        ("kind", "urban"),
    ]
    assert totals.loc[("city", "C"), "name"] == "乌海市"
    for column in ("units_total", "pass_both_n", "provided_m2", "shortfall_m2", "households"):
        sums = totals[column].groupby("level").sum()
        assert sums.tolist() == [sums["city"]] * 4


def test_areas_that_owe_nothing_are_counted_apart():
    city = rolled(areas([500, 0]), complexes([400], ["A1"])).loc[("city", "")]
    assert (city["units_total"], city["not_assessed"], city["not_applicable"]) == (2, 1, 1)
    assert (city["pass_both_n"], city["pass_both_of"], city["both_rate"]) == (1, 1, 1)
    assert city["shortfall_m2"] == 0


def test_nothing_known_is_no_verdict_on_the_city():
    city = rolled(areas([np.nan]), complexes([400], ["A1"])).loc[("city", "")]
    assert city["meets_city_target"] is pd.NA
    assert np.isnan(city["m2_per_100_households"])
    assert np.isnan(city["households"])


def test_an_area_that_is_not_among_the_units_is_refused():
    checks = check_floor_area(areas([500, 600]), complexes([4], ["A1"]), log=IssueLog())
    with pytest.raises(InputError, match="1: A2 of the checks are missing"):
        roll_up_floor_area(checks, areas([500]))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(np.nan), st.integers(0, 5000)),
            st.one_of(st.just(np.nan), st.integers(0, 3000)),
            st.sampled_from(["urban", "rural"]),
            st.sampled_from(["S1", "S2", ""]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_units_always_split_into_assessed_and_not(rows):
    households, floor, kind, street = (list(part) for part in zip(*rows, strict=True))
    frame = areas(households, kind=kind)
    totals = rolled(frame, complexes(floor, frame.index), street_id=street)
    assert (totals["units_total"] == totals["units_assessed"] + totals["not_assessed"]).all()
    assert (totals["pass_both_n"] <= totals["pass_floor_n"]).all()
    assert totals["units_total"].groupby("level").sum().eq(len(rows)).all()
    sums = totals["shortfall_m2"].fillna(0).groupby("level").sum()
    assert sums.tolist() == pytest.approx([sums.iloc[0]] * 4)
