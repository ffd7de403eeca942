from __future__ import annotations

import time
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.analysis.gaps import CAUSES, GapContext, GapRule, uncovered_areas
from carecircle.errors import InputError
from carecircle.roads.profiles import PROFILES

CRS = "EPSG:4545"
PEOPLE = ["households", "population", "elders", "elders80"]


def home(x, y, *, minutes=20.0, elders=10.0, limit=15.0, **values):
    """One home whose people are all ten times simple; `values` replace columns."""
    row = {
        "area_id": "A1",
        "households": elders * 2,
        "population": elders * 5,
        "elders": elders,
        "elders80": elders / 10,
        "minutes": minutes,
        "facility_id": "F1",
        "second_minutes": np.nan,
        "metres": minutes * 60,
        "reason": "",
        "limit_minutes": limit,
        "covered": minutes <= limit,
        "minutes_over": max(0.0, minutes - limit),
        "component": 0,
        "geometry": shapely.Point(x, y),
    }
    return row | values


def unreachable(x, y, reason="other_component", **values):
    gone = {"facility_id": "", "minutes_over": np.nan, "metres": np.nan, "covered": False}
    return home(x, y, **(gone | {"reason": reason} | values)) | {"minutes": np.nan}


def table(rows, name="home_id", prefix="H"):
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    frame.index = pd.Index([f"{prefix}{k:03d}" for k in range(len(rows))], name=name)
    if "covered" in frame:
        frame["covered"] = frame["covered"].astype("boolean")
    return frame


def facilities(*rows):
    base = {"name": "站一", "kind": "station", "status": "operating", "eligible": True}
    frame = table([base | row for row in rows], "facility_id", "F")
    frame.index = pd.Index([f"F{k + 1}" for k in range(len(rows))], name="facility_id")
    return frame


FAR = facilities({"geometry": shapely.Point(0, 5000)})
AREAS = gpd.GeoDataFrame(
    {
        "name": ["河东", "河西", "山上"],
        "street_id": ["S1", "S1", "S2"],
        "street_name": ["新华街道", "新华街道", "滨河街道"],
    },
    index=pd.Index(["A1", "A2", "A3"], name="area_id"),
    geometry=[shapely.box(0, 0, 9, 9)] * 3,
    crs=CRS,
)
LINE = gpd.GeoDataFrame(geometry=[shapely.LineString([(75, -500), (75, 500)])], crs=CRS)


def test_homes_within_the_join_distance_are_one_gap_and_further_ones_are_two():
    near = table([home(0, 0, elders=30), home(150, 0, elders=30)])
    far = table([home(0, 0, elders=60), home(150.01, 0, elders=60)])
    assert uncovered_areas(near, AREAS, FAR)["homes"].tolist() == [2]
    assert uncovered_areas(far, AREAS, FAR)["homes"].tolist() == [1, 1]


def test_covered_homes_are_in_no_gap():
    homes = table([home(0, 0, minutes=15.0, elders=99), home(50, 0, elders=60)])
    gaps = uncovered_areas(homes, AREAS, FAR)
    assert gaps["elders"].tolist() == [60.0]


@pytest.mark.parametrize(
    "wall",
    [
        shapely.LineString([(75, -500), (75, 500)]),
        shapely.MultiLineString([[(75, -500), (75, 1)], [(75, 1), (75, 500)]]),
        shapely.box(60, -500, 90, 500),
    ],
)
def test_homes_are_not_joined_across_a_barrier(wall):
    homes = table([home(0, 0, elders=60), home(150, 0, elders=60)])
    river = gpd.GeoDataFrame(geometry=[wall], crs=CRS)
    assert len(uncovered_areas(homes, AREAS, FAR)) == 1
    assert len(uncovered_areas(homes, AREAS, FAR, barriers=river)) == 2


def test_homes_are_joined_around_the_end_of_a_barrier():
    wall = gpd.GeoDataFrame(geometry=[shapely.LineString([(75, -500), (75, 50)])], crs=CRS)
    homes = table([home(0, 0, elders=60), home(75, 100), home(150, 0, elders=60)])
    assert len(uncovered_areas(homes, AREAS, FAR, barriers=wall)) == 1


def test_homes_inside_a_closed_block_stay_together_and_slow_ground_parts_nobody():
    homes = table([home(0, 0, elders=60), home(100, 0, elders=60)])
    block = gpd.GeoDataFrame(geometry=[shapely.box(-50, -50, 150, 50)], crs=CRS)
    assert len(uncovered_areas(homes, AREAS, FAR, barriers=block)) == 1
    slow = gpd.GeoDataFrame({"factor": [2.0]}, geometry=[shapely.box(40, -9, 60, 9)], crs=CRS)
    assert len(uncovered_areas(homes, AREAS, FAR, barriers=slow)) == 1


def test_homes_of_two_road_components_are_not_joined():
    homes = table([home(0, 0, elders=60), home(10, 0, elders=60, component=1)])
    assert len(uncovered_areas(homes, AREAS, FAR)) == 2


@pytest.mark.parametrize(
    ("people", "kind"),
    [
        ({"elders": 50.0, "population": np.nan}, "area"),
        ({"elders": 49.9, "population": np.nan}, "scattered"),
        ({"elders": np.nan, "population": 300.0}, "area"),
        ({"elders": 1.0, "population": 299.0}, "scattered"),
        ({"elders": 1.0, "population": 9.0, "residential_m2": 10_000.0}, "area"),
    ],
)
def test_a_cluster_stands_alone_from_the_least_size_on(people, kind):
    homes = table([home(0, 0) | people])
    assert uncovered_areas(homes, AREAS, FAR)["kind"].tolist() == [kind]


@pytest.mark.parametrize(("count", "kind"), [(20, "area"), (19, "scattered")])
def test_homes_count_where_people_are_unknown(count, kind):
    unknown = dict.fromkeys(PEOPLE, np.nan)
    gaps = uncovered_areas(table([home(k, 0) | unknown for k in range(count)]), AREAS, FAR)
    assert gaps["kind"].tolist() == [kind]
    assert gaps["homes_unknown_people"].tolist() == [count]
    assert gaps[PEOPLE].isna().all(axis=None)


def test_small_clusters_of_a_street_are_pooled_and_named():
    homes = table(
        [
            home(0, 0, elders=5),
            home(1000, 0, elders=6, area_id="A2"),
            home(2000, 0, elders=7, area_id="A3"),
        ]
    )
    gaps = uncovered_areas(homes, AREAS, FAR).set_index("street_names")
    assert gaps["kind"].unique().tolist() == ["scattered"]
    assert gaps.loc["新华街道", ["area_ids", "area_names", "homes"]].tolist() == [
        "A1;A2",
        "河东;河西",
        2,
    ]
    assert gaps["elders"].to_dict() == {"新华街道": 11.0, "滨河街道": 7.0}


def test_minutes_are_weighted_by_elders_and_sums_leave_unknown_out():
    homes = table(
        [
            home(0, 0, elders=90, minutes=20),
            home(10, 0, elders=10, minutes=30),
            home(20, 0, minutes=99) | {"elders": np.nan},
        ]
    )
    gap = uncovered_areas(homes, AREAS, FAR).loc["G001"]
    assert gap["elders"] == 100.0
    assert gap["minutes_mean"] == pytest.approx((90 * 20 + 10 * 30) / 100)
    assert gap["minutes_over_mean"] == pytest.approx((90 * 5 + 10 * 15) / 100)
    assert gap["minutes_over_p90"] == 5.0  # exactly nine tenths of the elders
    assert gap["elder_minutes_over"] == pytest.approx(90 * 5 + 10 * 15)


def test_population_and_then_homes_weigh_where_elders_are_unknown():
    known = table([home(0, 0, minutes=20), home(10, 0, minutes=30)])
    known["elders"] = np.nan
    known["population"] = [300.0, 100.0]
    assert uncovered_areas(known, AREAS, FAR)["minutes_mean"].item() == 22.5
    known["population"] = np.nan
    assert uncovered_areas(known, AREAS, FAR)["minutes_mean"].item() == 25.0


def test_gaps_rank_by_elders_times_minutes_over():
    homes = table(
        [
            home(0, 0, elders=60, minutes=16),  # 60
            home(1000, 0, elders=50, minutes=17),  # 100
            home(2000, 0, elders=55, minutes=15.5),  # 27.5
        ]
    )
    gaps = uncovered_areas(homes, AREAS, FAR)
    assert gaps.index.tolist() == ["G001", "G002", "G003"]
    assert gaps["elders"].tolist() == [50.0, 60.0, 55.0]
    assert gaps["rank"].tolist() == [1, 2, 3]


def test_an_unreachable_gap_ranks_at_the_worst_minutes_over_but_shows_none():
    homes = table([home(0, 0, elders=60, minutes=25), unreachable(1000, 0, elders=61)])
    gaps = uncovered_areas(homes, AREAS, FAR)
    first = gaps.loc["G001"]
    assert first["homes_unreachable"] == 1
    assert np.isnan(first["minutes_over_mean"])
    assert np.isnan(first["elder_minutes_over"])
    assert first["rank_score"] == 61 * 10
    assert gaps.loc["G002", "rank_score"] == 60 * 10
    assert first[["nearest_facility_id", "nearest_by"]].tolist() == ["F1", "straight"]
    assert np.isnan(first["nearest_minutes"])
    assert first["straight_metres"] == pytest.approx(np.hypot(1000, 5000))


def test_ties_go_to_the_lowest_home_id_whatever_the_order_of_rows():
    homes = table([home(k * 1000, 0, elders=60) for k in (2, 0, 1)])
    gaps = uncovered_areas(homes, AREAS, FAR)
    assert gaps["x"].tolist() == [2000.0, 0.0, 1000.0]
    shuffled = uncovered_areas(homes.iloc[[2, 0, 1]], AREAS, FAR)
    pd.testing.assert_frame_equal(pd.DataFrame(gaps), pd.DataFrame(shuffled))


def test_the_cause_is_an_access_problem_when_a_facility_is_near_in_a_straight_line():
    reach = 900 / 1.3  # metres: 15 minutes at 1.0 m/s, detour 1.3
    near = facilities({"geometry": shapely.Point(0, 0)})
    inside = table([home(reach - 0.01, 0, elders=60)])
    outside = table([home(reach + 0.01, 0, elders=60)])
    assert uncovered_areas(inside, AREAS, near)["cause"].item() == "detour"
    assert uncovered_areas(inside, AREAS, near, barriers=LINE)["cause"].item() == "barrier"
    assert uncovered_areas(outside, AREAS, near)["cause"].item() == "no_facility"
    slow = GapContext(PROFILES["elder_slow"])
    assert uncovered_areas(inside, AREAS, near, context=slow)["cause"].item() == "no_facility"


def test_the_cause_names_roads_that_are_not_connected_and_blocked_homes():
    split = table([unreachable(0, 0, elders=60)])
    shut = table([unreachable(0, 0, "blocked", elders=60)])
    assert uncovered_areas(split, AREAS, FAR)["cause"].item() == "road_gap"
    assert uncovered_areas(shut, AREAS, FAR)["cause"].item() == "barrier"


@pytest.mark.parametrize(
    ("planned", "cause", "found"),
    [
        ({"status": "planned"}, "planned", "F2"),
        ({"status": "building"}, "planned", "F2"),
        ({"status": "closed"}, "no_facility", ""),
        ({"status": "planned", "kind": "pharmacy"}, "no_facility", ""),
        ({"status": "planned", "geometry": shapely.Point(700, 0)}, "no_facility", ""),
    ],
)
def test_a_planned_facility_in_reach_is_named(planned, cause, found):
    coming = {"eligible": False, "geometry": shapely.Point(600, 0)} | planned
    places = facilities({"geometry": shapely.Point(0, 5000)}, coming)
    gap = uncovered_areas(table([home(0, 0, elders=60)]), AREAS, places).iloc[0]
    assert [gap["cause"], gap["planned_facility_id"]] == [cause, found]


def test_the_nearest_facility_is_that_of_most_elders_along_the_roads():
    places = facilities(
        {"geometry": shapely.Point(0, 3000), "name": "甲"},
        {"geometry": shapely.Point(0, 4000), "name": "乙", "kind": "day_care"},
    )
    homes = table(
        [
            home(0, 0, elders=20, facility_id="F1", minutes=20),
            home(10, 0, elders=40, facility_id="F2", minutes=30),
        ]
    )
    gap = uncovered_areas(homes, AREAS, places).iloc[0]
    names = ["nearest_facility_id", "nearest_facility_name", "nearest_facility_kind", "nearest_by"]
    assert gap[names].tolist() == ["F2", "乙", "day_care", "network"]
    assert gap[["nearest_minutes", "nearest_metres"]].tolist() == [30.0, 1800.0]
    assert gap["straight_metres"] == pytest.approx(np.hypot(10, 4000))


def test_homes_not_assessed_have_their_own_rows_last():
    homes = table(
        [
            unreachable(0, 0, "not_linked", elders=900) | {"covered": None},
            home(10, 0, elders=1),
            unreachable(0, 0, "no_position", elders=2) | {"covered": None, "geometry": None},
        ]
    )
    gaps = uncovered_areas(homes, AREAS, FAR)
    assert gaps["cause"].tolist() == ["no_facility", "not_linked", "no_position"]
    assert gaps["assessed"].tolist() == [True, False, False]
    assert gaps["homes"].tolist() == [1, 1, 1]
    assert gaps.geometry.iloc[2] is None
    assert gaps["rank_score"].isna().tolist() == [False, True, True]


def test_the_polygon_is_valid_and_holds_every_home_of_its_gap():
    rng = np.random.default_rng(3)
    homes = table([home(x, y, elders=9) for x, y in rng.uniform(0, 900, (60, 2))])
    gaps = uncovered_areas(homes, AREAS, FAR)
    assert gaps.geometry.is_valid.all()
    assert shapely.union_all(gaps.geometry).contains(homes.union_all())
    assert set(gaps.geom_type) <= {"Polygon", "MultiPolygon"}


def test_homes_at_the_join_distance_are_drawn_in_one_piece():
    gap = uncovered_areas(table([home(40, 0, elders=30), home(190, 0, elders=30)]), AREAS, FAR)
    assert gap.geom_type.tolist() == ["Polygon"]


def test_no_gap_gives_an_empty_frame_with_the_same_columns():
    covered = table([home(0, 0, minutes=3)])
    nothing = uncovered_areas(covered, AREAS, FAR)
    something = uncovered_areas(table([home(0, 0)]), AREAS, FAR)
    assert nothing.empty
    assert nothing.crs == something.crs
    assert nothing.dtypes.astype(str).to_dict() == something.dtypes.astype(str).to_dict()


def test_homes_without_any_position_are_counted_and_not_drawn():
    homes = table([unreachable(0, 0, "no_position") | {"covered": None, "geometry": None}])
    gap = uncovered_areas(homes, AREAS, FAR).iloc[0]
    assert [gap["homes"], gap["geometry"]] == [1, None]


def test_columns_that_a_study_may_lack_are_not_needed():
    homes = table([home(0, 0, elders=60)]).drop(columns=["component", "metres", "elders80"])
    bare = AREAS[["name", "geometry"]]
    gap = uncovered_areas(homes, bare, FAR.drop(columns="status")).iloc[0]
    assert gap[["cause", "area_names", "street_names"]].tolist() == ["no_facility", "河东", ""]


def test_no_facility_at_all_still_gives_gaps():
    homes = table([unreachable(0, 0, "beyond_limit", elders=60)])
    gap = uncovered_areas(homes, AREAS, FAR.iloc[:0]).iloc[0]
    assert gap[["cause", "nearest_facility_id", "nearest_by"]].tolist() == ["no_facility", "", ""]


def test_inputs_are_left_as_they_were():
    homes = table([home(0, 0), unreachable(10, 0)])
    before = homes.copy(deep=True), AREAS.copy(deep=True), FAR.copy(deep=True)
    uncovered_areas(homes, AREAS, FAR, barriers=LINE)
    for frame, copy in zip((homes, AREAS, FAR), before, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(copy))


HOMES = st.lists(
    st.builds(
        lambda x, y, who, state, people: (
            (
                home(x, y, minutes=20, component=who, area_id=f"A{who + 1}")
                if state == "late"
                else home(x, y, minutes=5)
                if state == "covered"
                else unreachable(x, y, state)
                | ({"covered": None} if state in ("not_linked", "no_position") else {})
                | ({"geometry": None} if state == "no_position" else {})
            )
            | dict(zip(PEOPLE, people, strict=True))
        ),
        st.integers(0, 600),
        st.integers(0, 600),
        st.integers(0, 2),
        st.sampled_from(["late", "covered", "not_linked", "no_position", "other_component"]),
        st.tuples(*[st.one_of(st.just(np.nan), st.integers(0, 60).map(float))] * 4),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=25, deadline=None)
@given(HOMES)
def test_people_over_gaps_are_the_people_not_covered(rows):
    homes = table(rows)
    gaps = uncovered_areas(homes, AREAS, FAR, barriers=LINE)
    for assessed, members in (
        (True, homes[homes["covered"].eq(False).fillna(value=False)]),  # noqa: FBT003 (a value)
        (False, homes[homes["covered"].isna()]),
    ):
        mine = gaps[gaps["assessed"] == assessed]
        assert mine["homes"].sum() == len(members)
        assert mine[PEOPLE].sum().tolist() == members[PEOPLE].sum().tolist()
    assert set(gaps["cause"]) <= set(CAUSES)
    assert gaps["rank"].tolist() == list(range(1, len(gaps) + 1))


@settings(max_examples=15, deadline=None)
@given(HOMES, st.integers(20, 300))
def test_a_longer_join_distance_never_makes_more_gaps(rows, join_m):
    homes = table(rows)
    rule = GapRule(join_m=join_m, min_elders=0, min_population=0, min_homes=0)
    short = uncovered_areas(homes, AREAS, FAR, rule, barriers=LINE)
    longer = uncovered_areas(homes, AREAS, FAR, replace(rule, join_m=join_m + 50), barriers=LINE)
    assert len(longer) <= len(short)


def test_a_hundred_thousand_homes_take_seconds():
    rng = np.random.default_rng(1)
    count = 100_000
    homes = table([home(0, 0)]).iloc[np.zeros(count, dtype=int)]
    homes.index = pd.Index(np.arange(count).astype(str), name="home_id")
    homes.geometry = gpd.points_from_xy(*rng.uniform(0, 20_000, (2, count)), crs=CRS)
    started = time.perf_counter()
    gaps = uncovered_areas(homes, AREAS, FAR, barriers=LINE)
    assert gaps["homes"].sum() == count
    assert time.perf_counter() - started < 20


def test_facilities_that_do_not_say_who_counts_are_told_how_to():
    town = cc.assess(cc.samples.toy_town())
    bare = town.facilities.drop(columns="eligible")
    with pytest.raises(InputError, match=r"eligible is missing.*is_eligible"):
        uncovered_areas(town.homes, town.areas, bare)
    told = bare.assign(eligible=cc.is_eligible(bare, town.card.eligible))
    assert uncovered_areas(town.homes, town.areas, told).equals(
        uncovered_areas(town.homes, town.areas, town.facilities)
    )
