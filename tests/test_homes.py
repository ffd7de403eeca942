"""Homes from buildings, dwellings, grid cells and areas: totals are preserved, nothing vanishes."""

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st

from carecircle.errors import CarecircleWarning, CrsError, InputError
from carecircle.inputs.contracts import CONTRACTS
from carecircle.inputs.dasymetric import PEOPLE
from carecircle.inputs.homes import (
    homes_from_areas,
    homes_from_buildings,
    homes_from_dwellings,
    homes_from_grid,
)
from carecircle.inputs.issues import IssueLog

CRS = "EPSG:4545"


def towns(**people):
    """Two squares of 100 m side by side, A1 (x 0 to 100) and A2 (x 100 to 200)."""
    return gpd.GeoDataFrame(
        people,
        geometry=[shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)],
        index=pd.Index(["A1", "A2"], name="area_id"),
        crs=CRS,
    )


def blocks(places, **columns):
    """Buildings of 10 x 10 m with their centre at the given places, B1, B2, ..."""
    return gpd.GeoDataFrame(
        columns,
        geometry=[shapely.box(x - 5, y - 5, x + 5, y + 5) for x, y in places],
        index=pd.Index([f"B{k + 1}" for k in range(len(places))], name="building_id"),
        crs=CRS,
    )


def codes(log):
    return [issue.code for issue in log]


def test_people_follow_footprint_floors_and_residential_share():
    # weights 100 x 1 x 1, 100 x 6 x 1, 100 x 6 x 0.5 -> 1 : 6 : 3 of 100 people
    buildings = blocks(
        [(10, 50), (30, 50), (50, 50)], floors=[1, 6, 6], residential_share=[1.0, 1.0, 0.5]
    )
    homes = homes_from_buildings(
        buildings, towns(population=[100.0, 0], households=[50.0, 0]), log=IssueLog()
    )
    assert homes["population"].tolist() == pytest.approx([10, 60, 30])
    assert homes["households"].tolist() == pytest.approx([5, 30, 15])
    assert homes["elders"].isna().all()
    assert homes["area_id"].tolist() == ["A1"] * 3


def test_the_result_keeps_the_homes_contract():
    homes = homes_from_buildings(
        blocks([(10, 50)], floors=[1]), towns(population=[9.0, 0]), log=IssueLog()
    )
    assert [homes.index.name, *homes.columns.drop("geometry")] == list(CONTRACTS["homes"].names)
    assert (homes.dtypes[list(PEOPLE)] == "float64").all()
    assert homes.geom_type.eq("Point").all()
    assert homes.crs == CRS


def test_what_was_assumed_about_buildings_is_counted():
    log = IssueLog()
    buildings = blocks(
        [(10, 50), (30, 50), (50, 50)], floors=[2, np.nan, 0], use=["yes", "residential", None]
    )
    homes = homes_from_buildings(buildings, towns(population=[40.0, 0]), log=log)
    assert homes["population"].tolist() == pytest.approx([20, 10, 10])
    found = {issue.code: (issue.severity, issue.found, issue.used) for issue in log}
    assert found["floors_missing"] == ("note", "2 of 3 missing or 0", "1 floor")
    assert found["residential_share_missing"][1].startswith("3 of 3")


@pytest.mark.parametrize("use", ["school", "Industrial", " retail ", "garages", "办公"])
def test_evidently_non_residential_buildings_are_no_homes(use):
    log = IssueLog()
    buildings = blocks([(10, 50), (30, 50)], floors=[1, 9], use=["apartments", use])
    homes = homes_from_buildings(buildings, towns(population=[40.0, 0]), log=log)
    assert homes["population"].to_dict() == {"B1": 40.0}
    assert [(i.found, i.severity) for i in log if i.code == "not_homes"] == [("1: B2", "note")]


def test_a_residential_share_that_is_given_goes_before_the_use():
    buildings = blocks([(10, 50), (30, 50)], use=["retail", "yes"], residential_share=[0.5, 0.0])
    homes = homes_from_buildings(buildings, towns(population=[40.0, 0]), log=IssueLog())
    assert homes["population"].to_dict() == {"B1": 40.0}


def test_point_buildings_have_the_usual_footprint():
    log = IssueLog()
    buildings = blocks([(10, 50), (30, 50)], floors=[1, 3])
    buildings.geometry = [buildings.geometry.iloc[0], shapely.Point(30, 50)]
    homes = homes_from_buildings(buildings, towns(population=[40.0, 0]), log=log)
    assert homes["population"].tolist() == pytest.approx([10, 30])
    assert ("1 of 2 have no footprint", "100 m2 each") in [(i.found, i.used) for i in log]


def test_a_home_lies_in_its_building_even_when_the_centroid_does_not():
    horseshoe = shapely.box(0, 0, 30, 30) - shapely.box(5, 5, 25, 30)
    buildings = blocks([(50, 50), (70, 50)])
    buildings.geometry = [horseshoe, shapely.box(60, 40, 80, 60)]
    homes = homes_from_buildings(buildings, towns(population=[40.0, 0]), log=IssueLog())
    assert horseshoe.contains(homes.geometry["B1"])
    assert not horseshoe.contains(horseshoe.centroid)
    assert homes.geometry["B2"].equals(shapely.Point(70, 50))


def test_unknown_people_stay_unknown_and_zero_stays_zero():
    areas = towns(population=[np.nan, 30.0], elders=[5.0, np.nan], households=[0.0, 10.0])
    homes = homes_from_buildings(blocks([(50, 50), (150, 50)]), areas, log=IssueLog())
    assert np.isnan(homes.loc["B1", "population"])
    assert homes.loc["B1", "elders"] == 5
    assert homes.loc["B1", "households"] == 0
    assert np.isnan(homes.loc["B2", "elders"])


def test_areas_without_any_population_still_give_homes():
    log = IssueLog()
    homes = homes_from_buildings(blocks([(50, 50), (150, 50)]), towns(), log=log)
    assert homes["area_id"].tolist() == ["A1", "A2"]
    assert homes[list(PEOPLE)].isna().all(axis=None)
    assert not log.of("warning")


def test_people_of_an_area_without_buildings_do_not_vanish():
    log = IssueLog()
    areas = towns(population=[40.0, 1204.0], elders=[4.0, np.nan])
    homes = homes_from_buildings(blocks([(50, 50)]), areas, log=log)
    assert homes.index.tolist() == ["B1", "area:A2"]
    assert homes["population"].sum() == 1244
    assert np.isnan(homes.loc["area:A2", "elders"])
    assert areas.geometry["A2"].contains(homes.geometry["area:A2"])
    (issue,) = [issue for issue in log if issue.code == "area_without_homes"]
    assert (issue.severity, issue.record) == ("warning", "A2")
    assert issue.effect == "1,204 population, all at one point"


def test_an_area_whose_buildings_are_all_shops_keeps_its_people_too():
    log = IssueLog()
    buildings = blocks([(50, 50), (150, 50)], use=["retail", "yes"])
    homes = homes_from_buildings(buildings, towns(population=[7.0, 8.0]), log=log)
    assert homes["population"].to_dict() == {"B2": 8.0, "area:A1": 7.0}


def test_an_area_without_people_and_buildings_needs_no_home():
    log = IssueLog()
    homes = homes_from_buildings(blocks([(50, 50)]), towns(population=[40.0, 0.0]), log=log)
    assert homes.index.tolist() == ["B1"]
    assert "area_without_homes" not in codes(log)


def test_a_building_outside_all_areas_stays_listed_with_unknown_people():
    log = IssueLog()
    homes = homes_from_buildings(
        blocks([(50, 50), (500, 50), (50, 300)]), towns(population=[40.0, 0]), log=log
    )
    assert homes["area_id"].isna().tolist() == [False, True, True]
    assert homes["population"].isna().tolist() == [False, True, True]
    (issue,) = log.of("error")
    assert (issue.code, issue.table, issue.found) == ("outside_areas", "buildings", "2: B2, B3")


def test_a_home_exactly_on_a_boundary_belongs_to_one_area():
    homes = homes_from_buildings(
        blocks([(100, 50), (50, 50), (150, 50)]), towns(population=[40.0, 10.0]), log=IssueLog()
    )
    assert homes["area_id"].tolist() == ["A1", "A1", "A2"]
    assert homes["population"].tolist() == pytest.approx([20, 20, 10])


def test_an_area_id_that_is_given_goes_before_the_location():
    log = IssueLog()
    buildings = blocks([(50, 50), (50, 70), (50, 90)], area_id=["A2", None, "A9"])
    homes = homes_from_buildings(buildings, towns(population=[40.0, 10.0]), log=log)
    assert homes["area_id"].tolist() == ["A2", "A1", "A1"]
    assert homes["population"].tolist() == pytest.approx([10, 20, 20])
    assert [(i.found, i.used) for i in log if i.code == "unknown_area"] == [
        ("1: B3", "their location")
    ]


def test_a_building_without_geometry_is_set_aside_and_listed():
    log = IssueLog()
    buildings = blocks([(50, 50), (70, 50), (80, 50)])
    buildings.geometry = [buildings.geometry.iloc[0], None, shapely.Polygon()]
    homes = homes_from_buildings(buildings, towns(population=[40.0, 0]), log=log)
    assert homes["population"].to_dict() == {"B1": 40.0}
    assert [(i.code, i.found) for i in log.of("error")] == [("no_geometry", "2: B2, B3")]


def test_no_buildings_at_all_leave_one_home_per_area():
    buildings = blocks([(50, 50)]).iloc[:0]
    homes = homes_from_buildings(buildings, towns(population=[1.0, 2.0]), log=IssueLog())
    assert homes["population"].to_dict() == {"area:A1": 1.0, "area:A2": 2.0}


def test_issues_are_heard_when_nobody_collects_them():
    with pytest.raises(InputError, match="outside areas"):
        homes_from_buildings(blocks([(50, 50), (500, 50)]), towns(population=[1.0, 0]))
    with pytest.warns(CarecircleWarning, match="area without homes"):
        homes_from_buildings(blocks([(50, 50)]), towns(population=[1.0, 2.0]))


def test_tables_in_degrees_or_another_crs_are_refused():
    areas, buildings = towns(population=[1.0, 0]), blocks([(50, 50)])
    with pytest.raises(CrsError, match=r"buildings: .* is not projected"):
        homes_from_buildings(buildings.set_crs(4326, allow_override=True), areas)
    with pytest.raises(CrsError, match=r"buildings: CRS is .* reproject to one"):
        homes_from_buildings(buildings, areas.set_crs(32650, allow_override=True))
    with pytest.raises(CrsError, match="areas: no CRS"):
        homes_from_areas(areas.set_crs(None, allow_override=True), spacing_m=10)


def test_dwellings_share_the_people_and_unknown_ones_stay_unknown():
    log = IssueLog()
    buildings = blocks([(10, 50), (30, 50), (50, 50), (70, 50)], dwellings=[10, 30, np.nan, 0])
    homes = homes_from_dwellings(buildings, towns(population=[80.0, 0]), log=log)
    assert homes["population"].dropna().to_dict() == {"B1": 20.0, "B2": 60.0}
    assert homes.index.tolist() == ["B1", "B2", "B3"]
    assert [(i.severity, i.found) for i in log if i.code == "dwellings_missing"] == [
        ("warning", "1: B3")
    ]


def test_without_a_dwellings_column_the_message_says_what_to_do():
    with pytest.raises(InputError, match=r"column 'dwellings' is missing .*homes_from_buildings"):
        homes_from_dwellings(blocks([(10, 50)]), towns(population=[80.0, 0]))


def cells(*values, **columns):
    """Cells of 50 m in a row from x = 0, with a population."""
    boxes = [shapely.box(50 * k, 0, 50 * k + 50, 50) for k in range(len(values))]
    index = [f"c{k}" for k in range(len(values))]
    return gpd.GeoDataFrame({"population": values, **columns}, geometry=boxes, index=index, crs=CRS)


def test_a_grid_is_scaled_to_the_totals_of_the_areas():
    grid = cells(1.0, 3.0, 5.0, 5.0)
    homes = homes_from_grid(grid, towns(population=[80.0, 20.0], elders=[8.0, np.nan]))
    assert homes["population"].tolist() == pytest.approx([20, 60, 10, 10])
    assert homes["elders"].tolist()[:2] == pytest.approx([2, 6])
    assert homes["elders"].isna().tolist() == [False, False, True, True]


def test_a_grid_keeps_its_own_numbers_where_the_area_has_none():
    grid = cells(1.0, 3.0, 5.0, 5.0)
    homes = homes_from_grid(grid, towns(population=[np.nan, 20.0]))
    assert homes["population"].tolist() == pytest.approx([1, 3, 10, 10])
    alone = homes_from_grid(grid)
    assert alone["population"].tolist() == [1, 3, 5, 5]
    assert alone["area_id"].isna().all()
    assert alone["elders"].isna().all()


def test_a_cell_on_two_areas_belongs_to_the_one_that_holds_its_centre():
    grid = cells(1.0, 1.0)
    grid.geometry = [shapely.box(80, 0, 130, 50), shapely.box(60, 0, 110, 50)]
    homes = homes_from_grid(grid, towns(population=[10.0, 20.0]))
    assert homes["area_id"].tolist() == ["A2", "A1"]
    assert homes["population"].tolist() == [20, 10]


def test_empty_cells_are_no_homes_and_unknown_ones_are():
    log = IssueLog()
    homes = homes_from_grid(cells(4.0, 0.0, np.nan), log=log)
    assert homes.index.tolist() == ["c0", "c2"]
    assert [(i.code, i.found) for i in log] == [("not_homes", "1: c1")]


def test_cells_outside_all_areas_keep_their_number_and_are_listed():
    log = IssueLog()
    homes = homes_from_grid(cells(4.0, 4.0, 1.0, 1.0, 9.0), towns(population=[10.0, 6.0]), log=log)
    assert homes["population"].tolist() == [5, 5, 3, 3, 9]
    assert [(i.code, i.found) for i in log.of("error")] == [("outside_areas", "1: c4")]


def test_people_of_an_area_whose_cells_are_empty_do_not_vanish():
    log = IssueLog()
    homes = homes_from_grid(cells(0.0, 0.0, 1.0, 1.0), towns(population=[10.0, 6.0]), log=log)
    assert homes["population"].to_dict() == {"c2": 3.0, "c3": 3.0, "area:A1": 10.0}


def test_a_grid_without_people_is_refused_with_the_columns_found():
    with pytest.raises(InputError, match=r"no people column \(found: .*jobs.*\)"):
        homes_from_grid(cells(1.0).drop(columns="population").assign(jobs=1))


def test_a_lattice_spreads_people_evenly_and_warns():
    log = IssueLog()
    homes = homes_from_areas(towns(population=[80.0, 40.0]), spacing_m=50, log=log)
    assert homes.groupby("area_id").size().to_dict() == {"A1": 4, "A2": 4}
    assert homes["population"].tolist() == [20] * 4 + [10] * 4
    assert homes.geometry["A1-1"].equals(shapely.Point(25, 25))
    assert [(i.code, i.severity) for i in log] == [("weak_method", "warning")]


def test_an_area_smaller_than_the_lattice_still_gets_a_home():
    homes = homes_from_areas(towns(population=[80.0, 40.0]), spacing_m=1000, log=IssueLog())
    assert homes["population"].to_dict() == {"A1-1": 80, "A2-1": 40}


def test_lattice_points_keep_out_of_holes():
    areas = towns(population=[80.0, 40.0])
    areas.geometry = [
        shapely.box(0, 0, 100, 100) - shapely.box(0, 0, 50, 100),
        areas.geometry["A2"],
    ]
    homes = homes_from_areas(areas, spacing_m=50, log=IssueLog())
    assert homes["population"].tolist() == [40] * 2 + [10] * 4


@pytest.mark.parametrize("spacing", [0, -5, 0.01, float("nan")])
def test_a_useless_spacing_is_refused(spacing):
    with pytest.raises(InputError, match="spacing_m is"):
        homes_from_areas(towns(population=[1.0, 1.0]), spacing_m=spacing)


def test_inputs_stay_unchanged():
    areas = towns(population=[40.0, 7.0])
    buildings = blocks([(50, 50), (500, 50)], use=["yes", "yes"], dwellings=[1, 2])
    before = areas.copy(deep=True), buildings.copy(deep=True)
    homes_from_buildings(buildings, areas, log=IssueLog())
    homes_from_dwellings(buildings, areas, log=IssueLog())
    homes_from_areas(areas, spacing_m=20, log=IssueLog())
    grid = cells(1.0, 2.0)
    kept = grid.copy(deep=True)
    homes_from_grid(grid, areas, log=IssueLog())
    assert_geodataframe_equal(areas, before[0])
    assert_geodataframe_equal(buildings, before[1])
    assert_geodataframe_equal(grid, kept)


people = st.one_of(st.just(float("nan")), st.floats(0, 5e7, allow_subnormal=False))
place = st.tuples(st.floats(-20, 220), st.floats(5, 95))
stock = st.lists(
    st.tuples(place, st.one_of(st.just(float("nan")), st.floats(1, 60)), st.floats(0, 1)),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(stock, st.lists(people, min_size=8, max_size=8), st.randoms())
def test_totals_are_preserved_and_the_order_of_rows_does_not_matter(stock, totals, rng):
    areas = towns(**{c: totals[2 * k : 2 * k + 2] for k, c in enumerate(PEOPLE)})
    buildings = blocks(
        [spot for spot, _, _ in stock],
        floors=[floors for _, floors, _ in stock],
        residential_share=[share for _, _, share in stock],
    )
    homes = homes_from_buildings(buildings, areas, log=IssueLog())
    sums = homes.groupby("area_id")[list(PEOPLE)].sum(min_count=1).reindex(areas.index)
    for column in PEOPLE:
        for area in areas.index:
            total, got = areas.loc[area, column], sums.loc[area, column]
            if total > 0:
                assert got == pytest.approx(total, rel=1e-9)
            else:
                assert np.isnan(got) or (got == 0 and total == 0)

    order = rng.sample(range(len(stock)), len(stock))
    again = homes_from_buildings(buildings.iloc[order], areas.iloc[::-1], log=IssueLog())
    assert sorted(again.index) == sorted(homes.index)
    assert_geodataframe_equal(again.loc[homes.index], homes, check_less_precise=True)


def test_a_hundred_thousand_buildings_take_about_a_second():
    rng = np.random.default_rng(1)
    edges = np.arange(0, 10_000, 1_000)
    areas = gpd.GeoDataFrame(
        {"population": 2000.0},
        geometry=[shapely.box(x, y, x + 1000, y + 1000) for x in edges for y in edges],
        index=[f"A{k:03d}" for k in range(100)],
        crs=CRS,
    )
    x, y = rng.uniform(0, 9_990, (2, 100_000))
    buildings = gpd.GeoDataFrame(
        {"floors": rng.integers(1, 30, 100_000), "use": "yes"},
        geometry=shapely.box(x, y, x + 10, y + 10),
        index=pd.RangeIndex(100_000),
        crs=CRS,
    )
    start = time.perf_counter()
    homes = homes_from_buildings(buildings, areas, log=IssueLog())
    assert time.perf_counter() - start < 5  # 0.6 s on a free core; the machine may be busy
    assert homes["population"].sum() == pytest.approx(200_000, rel=1e-9)


@pytest.mark.realdata
def test_the_hexgrid_of_porto_alegre_keeps_its_people(real_data):
    table = pd.read_csv(real_data / "grids" / "porto_alegre_hexgrid.csv", index_col="id")
    grid = gpd.GeoDataFrame(
        table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326
    ).to_crs(32722)
    log = IssueLog()
    homes = homes_from_grid(grid, log=log)
    assert homes["population"].sum() == 812_935
    assert len(homes) == (table["population"] > 0).sum() < 1_227
    assert [(i.code, i.severity) for i in log] == [("not_homes", "note")]


@pytest.mark.realdata
def test_the_cells_of_helsinki_are_scaled_to_a_total(real_data):
    grid = gpd.read_file(
        real_data / "grids" / "helsinki_population_grid_2020.gpkg", layer="population_grid_2020"
    ).to_crs(32635)
    whole = gpd.GeoDataFrame(
        {"population": [100_000.0], "elders": [17_000.0]},
        geometry=[grid.union_all().convex_hull],
        index=["centre"],
        crs=grid.crs,
    )
    homes = homes_from_grid(grid, whole)
    assert homes["population"].sum() == pytest.approx(100_000, rel=1e-9)
    assert homes["elders"].sum() == pytest.approx(17_000, rel=1e-9)
    ratio = homes["population"] / grid["population"].set_axis(grid.index.astype(str))
    assert ratio.dropna().tolist() == pytest.approx([100_000 / 71_724] * ratio.count())
