"""Service circles: five promises, kept on any network."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import carecircle as cc
from carecircle.analysis.circles import CircleStyle, service_circles
from carecircle.errors import InputError
from towns import CRS, WALK, grid, points, street, towns_with_places

SPLIT = CircleStyle(overlap="split")


def reached(roads, facilities, minutes=15.0):
    network = cc.RoadNetwork.from_roads(roads, WALK)
    places = points(facilities)
    return cc.reached_roads(network, places, cc.locate(network, places), max_minutes=minutes)


def reached_of(town, minutes=8.0):
    _, network, _, at = town
    spots = gpd.points_from_xy(at["x"] + 3.0, at["y"] + 7.0)
    places = gpd.GeoDataFrame(geometry=spots, index=at.index, crs=CRS)
    at = at.assign(access_m=np.hypot(3.0, 7.0))
    return places, cc.reached_roads(network, places, at, max_minutes=minutes)


# multiples of 15 put roads on the drawing's own grid lines, where contours touch themselves
STEPS = st.sampled_from([30.0, 60.0, 47.3])
TRIMS = st.sampled_from([60.0, 20.0, 35.5])


@given(data=st.data(), trim=TRIMS, step=STEPS, limit=st.floats(0.3, 6))
@settings(max_examples=12)
def test_a_circle_holds_its_facility_and_all_it_reached_and_is_valid(data, trim, step, limit):
    places, parts = reached_of(data.draw(towns_with_places(step=step)))
    circles = service_circles(parts, minutes=[limit], style=CircleStyle(trim_m=trim))
    assert circles["facility_id"].tolist() == places.index.tolist()
    assert circles.is_valid.all()
    assert not circles.is_empty.any()
    for _, circle in circles.iterrows():
        door = places.geometry[circle["facility_id"]]
        assert circle.geometry.contains(door)
        mine = parts[parts["facility_id"] == circle["facility_id"]]
        whole = mine[mine[["minutes_start", "minutes_end"]].max(axis=1) <= limit]
        assert shapely.covers(circle.geometry, np.asarray(whole.geometry)).all()


@given(
    data=st.data(), step=STEPS, trim=TRIMS, limits=st.tuples(st.floats(0.3, 5), st.floats(0.3, 5))
)
@settings(max_examples=12)
def test_circles_nest_and_do_not_depend_on_other_limits(data, step, trim, limits):
    _, parts = reached_of(data.draw(towns_with_places(step=step)))
    style = CircleStyle(trim_m=trim)
    small, large = sorted(limits)
    both = service_circles(parts, minutes=[small, large], style=style)
    inner, outer = both[both["minutes"] == small], both[both["minutes"] == large]
    over = inner.geometry.array.difference(outer.geometry.array)
    assert shapely.area(over).max() < 1e-6
    for alone, limit in ((inner, small), (outer, large)):
        again = service_circles(parts, minutes=[limit], style=style)
        assert (again.geometry.to_wkb().to_numpy() == alone.geometry.to_wkb().to_numpy()).all()


@given(data=st.data(), step=STEPS)
@settings(max_examples=8)
def test_split_circles_do_not_overlap_and_hold_their_own_roads(data, step):
    from carecircle.roads.owners import nearest_parts

    _, parts = reached_of(data.draw(towns_with_places(step=step)))
    circles = service_circles(parts, minutes=[8], style=SPLIT)
    assert circles.is_valid.all()
    plain = service_circles(parts, minutes=[8], style=CircleStyle(overlap="merge"))
    # at most a tenth of a percent twice: the border runs straight through each 15 m cell
    twice = circles.area.sum() - circles.union_all().area
    assert twice <= 1e-3 * plain.area.sum()
    owned = nearest_parts(parts)
    shape_of = circles.set_index("facility_id").geometry
    for facility, mine in owned.groupby("facility_id"):
        # roads above one another cannot both lie in circles that do not overlap; all that is
        # three quarters of the trim away from other facilities' roads does
        others = owned[owned["facility_id"] != facility].geometry.buffer(45).union_all()
        alone = shapely.difference(np.asarray(mine.geometry), others)
        alone = alone[~shapely.is_empty(alone)]
        assert not len(alone) or shapely.covers(shape_of[facility], alone).all()


def test_a_lone_facility_in_a_village_without_road_in_reach_still_has_a_circle():
    circles = service_circles(reached(street(0, 1000), {"F": (500, 120)}, 1), minutes=[1])
    assert len(circles) == 1
    # 60 m of leg and 60 m around it
    assert circles.area.iloc[0] == pytest.approx(60 * 120 + np.pi * 60**2, rel=0.01)


def test_a_straight_road_gives_the_area_of_a_buffer():
    circles = service_circles(reached(street(0, 3000), {"F": (1500, 0)}, 15), minutes=[5, 15])
    want = [2 * m * 120 + np.pi * 60**2 for m in (300, 900)]
    assert circles.area.tolist() == pytest.approx(want, rel=0.005)
    assert circles["minutes"].tolist() == [5.0, 15.0]
    assert circles["from_minutes"].tolist() == [0.0, 0.0]


def test_two_circles_that_touch_in_one_grid_node_are_valid():
    # road ends 120 m apart on the drawing's grid: both circles pass through the node between
    roads = gpd.GeoDataFrame(
        {
            "facility_id": "F", "road_id": ["a", "b"], "start_m": 0.0, "end_m": 60.0,
            "minutes_start": [0.0, 1.0], "minutes_end": [1.0, 2.0],
        },
        geometry=[shapely.LineString([(-60, 0), (0, 0)]), shapely.LineString([(120, 0), (180, 0)])],
        crs=CRS,
    )  # fmt: skip
    circle = service_circles(roads, minutes=[5]).geometry.iloc[0]
    assert shapely.is_valid_reason(circle) == "Valid Geometry"


def test_a_place_reached_inside_a_filled_hole_does_not_make_the_circle_invalid():
    ring = shapely.Point(0, 0).buffer(55).exterior
    roads = gpd.GeoDataFrame(
        {
            "facility_id": "F", "road_id": ["a", "b"], "start_m": 0.0, "end_m": 60.0,
            "minutes_start": 0.0, "minutes_end": 1.0,
        },
        geometry=[shapely.LineString(ring.coords), shapely.LineString([(0, 0), (1, 0)])],
        crs=CRS,
    )  # fmt: skip
    circle = service_circles(roads, minutes=[5], style=CircleStyle(trim_m=20)).geometry.iloc[0]
    assert shapely.is_valid_reason(circle) == "Valid Geometry"
    assert circle.area == pytest.approx(np.pi * 75**2, rel=0.02)


def test_a_large_block_stays_a_hole_and_a_small_one_is_filled():
    parts = reached(grid(2, 2, spacing=400), {"F": (0, 0)}, 30)
    circle = service_circles(parts, minutes=[30]).geometry.iloc[0]
    assert len(circle.interiors) == 1
    filled = service_circles(parts, minutes=[30], style=CircleStyle(min_hole_m2=1e6))
    assert len(filled.geometry.iloc[0].interiors) == 0


def test_rings_are_the_discs_without_the_smaller_ones():
    parts = reached(grid(9, 9), {"A": (400, 400), "B": (0, 0)})
    discs = service_circles(parts, minutes=[3, 6])
    rings = service_circles(parts, minutes=[3, 6], style=CircleStyle(polygons="rings"))
    assert rings["from_minutes"].tolist() == [0, 0, 3, 3]
    assert rings["facility_id"].tolist() == ["A", "B", "A", "B"]
    for facility in "AB":
        disc, ring = (f[f["facility_id"] == facility].area.to_numpy() for f in (discs, rings))
        assert ring.tolist() == pytest.approx([disc[0], disc[1] - disc[0]])


def test_a_ring_that_adds_nothing_is_left_out():
    parts = reached(street(0, 120), {"F": (60, 0)})
    rings = service_circles(parts, minutes=[5, 10], style=CircleStyle(polygons="rings"))
    assert rings["minutes"].tolist() == [5.0]
    assert not rings.is_empty.any()


def test_merged_circles_are_one_shape_per_limit():
    parts = reached(grid(9, 3), {"A": (0, 0), "B": (800, 200)})
    merged = service_circles(parts, minutes=[3, 6], style=CircleStyle(overlap="merge"))
    single = service_circles(parts, minutes=[3, 6])
    assert merged["minutes"].tolist() == [3.0, 6.0]
    assert merged["facility_id"].isna().all()
    for limit in (3, 6):
        one = merged[merged["minutes"] == limit].geometry.iloc[0]
        assert one.symmetric_difference(single[single["minutes"] == limit].union_all()).area < 1e-6


def test_two_facilities_at_one_door_are_split_without_a_crash():
    parts = reached(grid(3, 3), {"A": (100, 100), "B": (100, 100)})
    circles = service_circles(parts, minutes=[5], style=SPLIT)
    assert circles["facility_id"].tolist()[0] == "A"
    assert not circles.is_empty.any()


def test_nothing_reached_gives_no_circles():
    parts = reached(street(0, 100), {}, 5)
    for overlap in ("overlap", "merge", "split"):
        for polygons in ("discs", "rings"):
            style = CircleStyle(overlap=overlap, polygons=polygons)
            circles = service_circles(parts, minutes=[5, 10], style=style)
            assert len(circles) == 0
            assert circles.columns.tolist() == [
                "facility_id", "minutes", "from_minutes", "geometry",
            ]  # fmt: skip
            assert circles.crs == CRS


@pytest.mark.parametrize("minutes", [[], [0], [5, -1], [np.inf], [np.nan]])
def test_limits_are_positive_numbers(minutes):
    parts = reached(street(0, 100), {"F": (0, 0)}, 5)
    with pytest.raises(InputError, match="give one or more positive numbers"):
        service_circles(parts, minutes=minutes)


def test_trim_is_positive():
    with pytest.raises(InputError, match="trim_m is 0; give metres above 0"):
        CircleStyle(trim_m=0)
