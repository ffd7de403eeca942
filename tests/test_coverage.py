"""Who is covered, added up: identities, ratios of sums, and everyone in some row."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.analysis.coverage import WEIGHTS, coverage_by_area, home_coverage, roll_up
from carecircle.analysis.quantiles import weighted_quantiles
from carecircle.analysis.roster import four_cells, is_eligible, roster
from carecircle.errors import InputError
from towns import CRS, WALK, grid, points

SPOT = st.tuples(st.integers(0, 600), st.integers(0, 600))
LIMITS = {"urban": 15.0, "rural": 30.0}


def areas_of(**kinds):
    """Areas by kind, all in one city; the first letter is the street."""
    names = list(kinds)
    return gpd.GeoDataFrame(
        {
            "name": names,
            "kind": list(kinds.values()),
            "street_id": [name[0] for name in names],
            "street_name": [f"Street {name[0]}" for name in names],
            "city_id": "C",
            "city_name": "City",
        },
        geometry=[shapely.box(k, 0, k + 1, 1) for k in range(len(names))],
        index=pd.Index(names, name="area_id"),
        crs=CRS,
    )


def assessed(areas, rows):
    """Homes from (area, minutes, reason, elders) with people twice and households half of that."""
    index = pd.Index([f"H{k}" for k in range(len(rows))], name="home_id", dtype="str")
    area, minutes, reason, elders = (pd.Series(c, index=index) for c in zip(*rows, strict=True))
    elders = elders.astype(float)
    homes = gpd.GeoDataFrame(
        {"area_id": area, "elders": elders, "population": 2 * elders, "households": elders / 2},
        geometry=[shapely.Point(0, 0)] * len(rows),
        crs=CRS,
    )
    took = pd.DataFrame(
        {"minutes": minutes.astype(float), "facility_id": None, "reason": reason}, index=index
    )
    return home_coverage(homes, took, areas, limits=LIMITS)


def rolled(areas, homes, facilities=None):
    by_area = coverage_by_area(homes, areas)
    empty = pd.DataFrame({"serves": pd.Series(dtype="str")})
    by_area = by_area.join(roster(areas, empty if facilities is None else facilities))
    by_area = by_area.join(four_cells(by_area, on_time_share=0.95))
    return by_area, roll_up(by_area, homes)


TWO = areas_of(A1="urban", A2="urban", B1="rural")


def test_exactly_at_the_limit_of_the_residents_own_area_is_covered():
    homes = assessed(
        TWO,
        [("A1", 15.0, "", 1), ("A1", 15.000000001, "", 1), ("B1", 15.1, "", 1), ("B1", 30, "", 1)],
    )
    assert homes["covered"].tolist() == [True, False, True, True]
    assert homes["limit_minutes"].tolist() == [15, 15, 30, 30]
    assert homes["minutes_over"].round(9).tolist() == [0, 1e-9, 0, 0]


@pytest.mark.parametrize(
    ("reason", "covered"),
    [
        ("other_component", False),
        ("beyond_limit", False),
        ("not_linked", pd.NA),
        ("no_position", pd.NA),
        ("blocked", False),
    ],
)
def test_no_way_is_uncovered_and_no_place_on_the_roads_is_not_assessed(reason, covered):
    home = assessed(TWO, [("A1", np.nan, reason, 4)])
    assert home["covered"].isna().iloc[0] == (covered is pd.NA)
    by_area, totals = rolled(TWO, home)
    state = "uncovered" if covered is False else "not_assessed"
    assert by_area.loc["A1", f"elders_{state}"] == 4
    assert by_area.loc["A1", "elders_total"] == 4
    assert totals.loc[("city", "C"), "elders_rate"] == 0


def test_a_home_nobody_timed_is_not_assessed():
    areas, index = areas_of(A1="urban"), pd.Index(["H1", "H2"], name="home_id")
    homes = gpd.GeoDataFrame({"area_id": "A1"}, geometry=[None, None], index=index, crs=CRS)
    took = pd.DataFrame({"minutes": [3.0], "reason": [""]}, index=index[:1])
    found = home_coverage(homes, took, areas, limits=LIMITS)["covered"]
    assert found.iloc[0]
    assert found.isna().tolist() == [False, True]


def test_a_kind_without_a_limit_is_refused():
    with pytest.raises(InputError, match=r"no minutes for area kind \['rural'\]"):
        home_coverage(
            assessed(TWO, [("A1", 1, "", 1)]),
            pd.DataFrame(columns=["minutes", "reason"]),
            TWO,
            limits={"urban": 15.0},
        )


def test_rates_are_ratios_of_sums_not_means_of_rates():
    homes = assessed(TWO, [("A1", 10, "", 100), ("A2", 20, "", 700), ("A2", 10, "", 200)])
    _, totals = rolled(TWO, homes)
    city = totals.loc[("city", "C")]
    assert (city["elders_covered"], city["elders_total"]) == (300, 1000)
    assert city["elders_rate"] == 0.3
    assert city["people_rate"] == 0.3
    assert city["homes_rate"] == pytest.approx(2 / 3)


def test_an_area_without_homes_counts_none_and_claims_nothing():
    by_area, totals = rolled(TWO, assessed(TWO, [("A1", 10, "", 5)]))
    empty = by_area.loc["A2"]
    assert (empty["homes_total"], empty["homes_unknown_people"]) == (0, 0)
    assert empty[["elders_total", "elders_rate", "homes_rate", "median_minutes"]].isna().all()
    assert pd.isna(empty["cell"])
    assert totals.loc[("city", "C"), "units_total"] == 3
    assert totals.loc[("city", "C"), "units_not_assessed"] == 2


def test_people_nobody_counted_stay_unknown_and_are_counted_as_homes():
    homes = assessed(TWO, [("A1", 10, "", np.nan), ("A1", 10, "", 4), ("A2", 10, "", np.nan)])
    by_area, totals = rolled(TWO, homes)
    assert by_area.loc["A1", ["elders_total", "homes_total", "homes_unknown_people"]].tolist() == [
        4, 2, 1,
    ]  # fmt: skip
    assert np.isnan(by_area.loc["A2", "elders_total"])
    city = totals.loc[("city", "C")]
    assert (city["elders_total"], city["homes_total"], city["homes_unknown_people"]) == (4, 3, 2)


@pytest.mark.parametrize("stray", [None, "Z9"])
def test_homes_outside_all_areas_stand_in_a_row_of_their_own_at_every_level(stray):
    # Z9 is an id that no area has; such homes are outside too, not lost
    homes = assessed(TWO, [("A1", 10, "", 5), (stray, 10, "", 7)])
    assert homes["covered"].isna().tolist() == [False, True]
    _, totals = rolled(TWO, homes)
    for level in ("city", "street", "kind"):
        assert totals.loc[level]["elders_total"].sum() == 12
        assert totals.loc[(level, ""), "elders_not_assessed"] == 7
        assert totals.loc[(level, ""), "homes_total"] == 1


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["A1", "A2", "B1", "Z9", None]),
            st.none() | st.floats(0, 60),
            st.sampled_from(["other_component", "not_linked", "no_position", "blocked"]),
            st.none() | st.floats(0, 500),
        ),
        min_size=1,
        max_size=25,
    )
)
@settings(max_examples=12)
def test_covered_uncovered_and_not_assessed_make_the_total_at_every_level(rows):
    rows = [(a, np.nan if m is None else m, "" if m is not None else r, e) for a, m, r, e in rows]
    homes = assessed(TWO, rows)
    by_area, totals = rolled(TWO, homes)
    whole = {"homes": len(homes)} | {
        name: homes[column].sum(min_count=1) for name, column in WEIGHTS.items() if column
    }
    for table in (by_area, *(totals.loc[level] for level in ("city", "street", "kind"))):
        for name in WEIGHTS:
            parts = sum(
                table[f"{name}_{state}"] for state in ("covered", "uncovered", "not_assessed")
            )
            np.testing.assert_allclose(parts, table[f"{name}_total"], rtol=1e-12, atol=1e-8)
            if table is not by_area:
                np.testing.assert_allclose(
                    table[f"{name}_total"].sum(min_count=1), whole[name], rtol=1e-9, atol=1e-7
                )


def test_minutes_are_weighted_by_elders_and_unreachable_homes_count_as_last():
    homes = assessed(
        TWO,
        [("A1", 5, "", 3), ("A1", 10, "", 1), ("A1", np.nan, "other_component", 1)],
    )
    area = coverage_by_area(homes, TWO).loc["A1"]
    assert area["median_minutes"] == 5
    assert np.isnan(area["p90_minutes"])
    late = assessed(TWO, [("A1", 20, "", 3), ("A1", 10, "", 1), ("A1", 30, "", 1)])
    area = coverage_by_area(late, TWO).loc["A1"]
    assert area["minutes_over"] == (3 * 5 + 15) / 5
    assert (area["median_minutes"], area["p90_minutes"]) == (20, 30)


@given(
    before=st.lists(st.floats(0.01, 1e7), max_size=5),
    weights=st.lists(st.sampled_from([0.1, 0.3, 1 / 3, 2.5]), min_size=1, max_size=6),
)
@settings(max_examples=60)
def test_quantiles_of_a_group_do_not_depend_on_other_groups(before, weights):
    shares = [0.5, 0.9, 0.99]
    values = np.arange(len(weights), dtype=float)
    alone = weighted_quantiles(
        values, np.array(weights), np.array(["b"] * len(weights), dtype=object), shares
    )
    together = weighted_quantiles(
        np.r_[np.zeros(len(before)), values],
        np.r_[before, weights],
        np.array(["a"] * len(before) + ["b"] * len(weights), dtype=object),
        shares,
    )
    assert together.loc["b"].tolist() == alone.loc["b"].tolist()


def test_quantiles_of_equal_weights_are_the_order_statistics():
    values = np.arange(1, 11, dtype=float)
    found = weighted_quantiles(
        values, np.full(10, 0.1), np.array(["x"] * 10, dtype=object), [0.1, 0.5, 0.9, 0.91, 1.0]
    )
    assert found.loc["x"].tolist() == [1, 5, 9, 10, 10]
    none = weighted_quantiles(values, np.zeros(10), np.array(["x"] * 10, dtype=object), [0.5])
    assert np.isnan(none.loc["x", 0.5])


def test_four_cells_tell_having_a_station_from_reaching_one_in_time():
    areas = areas_of(A1="urban", A2="urban", A3="urban", A4="urban", A5="urban")
    homes = assessed(
        areas,
        [("A1", 10, "", 95), ("A1", 20, "", 5), ("A2", 10, "", 94), ("A2", 20, "", 6),
         ("A3", 10, "", 1), ("A4", 20, "", 1), ("A5", np.nan, "not_linked", 1)],
    )  # fmt: skip
    facilities = pd.DataFrame({"serves": ["A1;A2", None]}, index=["F1", "F2"])
    by_area, totals = rolled(areas, homes, facilities)
    assert by_area["cell"].fillna("-").tolist() == [
        "has_in_time", "has_late", "neighbour_in_time", "none_late", "-",
    ]  # fmt: skip
    city = totals.loc[("city", "C")]
    assert (city["units_with_facility"], city["roster_rate"]) == (2, 0.4)
    assert (city["units_on_time"], city["on_time_rate"]) == (2, 0.4)
    assert (city["cell_has_late"], city["cell_none_late"], city["units_not_assessed"]) == (1, 1, 1)


def test_the_roster_follows_serves_and_only_without_any_the_place():
    facilities = pd.DataFrame(
        {"serves": ["A1; A2", None], "area_id": ["B1", "B1"]}, index=["F2", "F1"]
    )
    assert roster(TWO, facilities)["facility_ids"].tolist() == ["F2", "F2", ""]
    placed = facilities.assign(serves=None)
    assert roster(TWO, placed)["facility_ids"].tolist() == ["", "", "F1;F2"]
    assert roster(TWO, facilities.iloc[:0])["has_facility"].tolist() == [False] * 3


def test_planned_and_closed_facilities_and_closed_institutions_do_not_count():
    facilities = pd.DataFrame(
        {
            "kind": ["station", "station", "station", "institution", "institution", "meal_point"],
            "status": ["operating", "planned", "closed", "operating", "operating", "operating"],
            "open_to_community": [None, None, None, True, None, None],
        }
    )
    assert is_eligible(facilities, ["station"]).tolist() == [True, False, False, True, False, False]


@given(
    homes=st.lists(SPOT, min_size=1, max_size=12),
    facilities=st.lists(
        st.tuples(st.integers(0, 600), st.integers(0, 600)), min_size=2, max_size=4
    ),
)
@settings(max_examples=8)
def test_one_more_facility_never_lowers_coverage(homes, facilities):
    network = cc.RoadNetwork.from_roads(grid(7, 7), WALK)
    areas = areas_of(A1="urban", B1="rural")
    places = points({f"H{k:02d}": xy for k, xy in enumerate(homes)}, "home_id")
    places = places.assign(area_id=["A1" if k % 2 else "B1" for k in range(len(homes))], elders=1.0)
    stations = points({f"F{k}": xy for k, xy in enumerate(facilities)})
    rates = []
    for some in (stations[:-1], stations):
        took = cc.nearest(network, cc.locate(network, places), cc.locate(network, some))
        limits = {"urban": 3.0, "rural": 6.0}
        covered = home_coverage(places, took, areas, limits=limits)
        rates.append(coverage_by_area(covered, areas)[["homes_covered", "elders_covered"]])
    assert (rates[1].fillna(0) >= rates[0].fillna(0)).all(axis=None)


def test_the_input_stays_as_it_was():
    homes = assessed(TWO, [("A1", 10, "", 5)])
    before, areas_before = homes.copy(deep=True), TWO.copy(deep=True)
    rolled(TWO, homes)
    assert homes.equals(before)
    assert TWO.equals(areas_before)
