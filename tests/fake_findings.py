"""A small made-up assessment with every state a map may meet, and names that try to break out."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.findings import Findings, StudyCard
from carecircle.inputs.contracts import FACILITY_KINDS
from carecircle.inputs.issues import IssueLog
from carecircle.roads.profiles import PROFILES

CRS = "EPSG:4545"
X, Y = 500_000.0, 4_390_000.0
HOSTILE = "<img src=x onerror=alert(1)>"
BREAKOUT = "</script><script>alert(2)</script>{{ 7*7 }}{% raw %}"
CELLS = ("has_in_time", "neighbour_in_time", "has_late", "none_late", None, None)
AREA_NAMES = ("新华社区", "滨河社区", "海达社区", "矿区社区", HOSTILE, BREAKOUT)


def card(**changes):
    terms = {
        "title": "Toy city: elder care",
        "title_zh": "样例市养老服务圈",
        "as_of": "2025-12-31",
        "profile": PROFILES["elder_default"],
        "limits": {"urban": 15.0, "rural": 30.0},
        "eligible": ("station", "rural_centre"),
        "kinds": FACILITY_KINDS,
        "synthetic": True,
        "sources": ("街道网络：样例",),
        "floor_rule": "每百户 30 平方米且不少于 300 平方米",
    }
    return StudyCard(**(terms | changes))


def frame(rows, geometry, ids, name):
    made = gpd.GeoDataFrame(rows, geometry=geometry, crs=CRS)
    made.index = pd.Index(ids, name=name, dtype=str)
    return made


def empty(name):
    made = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=CRS))
    made.index = pd.Index([], name=name, dtype=object)
    return made


def areas():
    """Six squares of 1 km side, two rows of three; the last two are not assessed."""
    squares = [
        shapely.box(X + 1000 * i, Y + 1000 * j, X + 1000 * (i + 1), Y + 1000 * (j + 1))
        for j in (0, 1)
        for i in (0, 1, 2)
    ]
    total = np.array([200.0, 100.0, 80.0, 60.0, np.nan, np.nan])
    covered = np.array([200.0, 96.0, 40.0, 0.0, np.nan, np.nan])
    rows = {
        "name": list(AREA_NAMES),
        "kind": ["urban"] * 4 + ["rural", "rural"],
        "street_name": ["新华街道", "新华街道", "滨河街道", None, None, None],
        "updated": pd.Timestamp("2025-12-31"),
        **{f"{w}_total": total for w in ("homes", "people", "elders", "households")},
        **{f"{w}_covered": covered for w in ("homes", "people", "elders", "households")},
        **{f"{w}_not_assessed": np.nan for w in ("homes", "people", "elders", "households")},
        "elders_rate": covered / total,
        "median_minutes": [6.0, 8.0, 16.0, 40.0, np.nan, np.nan],
        "p90_minutes": [9.0, 14.0, 21.0, 55.0, np.nan, np.nan],
        "minutes_over": [0.0, 0.1, 3.0, 25.0, np.nan, np.nan],
        "has_facility": pd.array([True, False, True, False, None, None], dtype="boolean"),
        "facility_ids": ["F1", "", "F2;F3", "", "", ""],
        "cell": list(CELLS),
    }
    return frame(rows, squares, [f"A{i}" for i in range(1, 7)], "area_id")


def homes():
    """Eight homes, one per class and reason; the last has no place and is not drawn."""
    minutes = [4.0, 10.0, 15.0, 15.004, 29.0, np.nan, np.nan, np.nan]
    rows = {
        "area_id": ["A1", "A1", "A2", "A3", "A5", "A4", "A6", "A6"],
        "minutes": minutes,
        "facility_id": ["F1", "F1", "F1", "F2", "F4", None, None, None],
        "access_m": [12.0, 30.4, 5.0, 8.0, 3.0, np.nan, 400.0, np.nan],
        "reason": ["", "", "", "", "", "other_component", "not_linked", "no_position"],
        "limit_minutes": [15.0, 15.0, 15.0, 15.0, 30.0, 15.0, np.nan, np.nan],
        "covered": pd.array([True, True, True, False, True, False, None, None], dtype="boolean"),
    }
    places = [
        (300, 300),
        (500, 700),
        (1500, 500),
        (2500, 400),
        (1400, 1500),
        (400, 1600),
        (2600, 1700),
    ]
    geometry = [*(shapely.Point(X + dx, Y + dy) for dx, dy in places), None]
    return frame(rows, geometry, [f"H{i}" for i in range(8)], "home_id")


def facilities():
    rows = {
        "name": ["新华养老服务站", HOSTILE, BREAKOUT, "农区中心", "关闭的站"],
        "kind": ["station", "station", "meal_point", "rural_centre", "a_kind_of_my_own"],
        "status": ["operating", "planned", None, "building", "closed"],
        "opened": [pd.Timestamp("2020-05-01"), pd.NaT, pd.NaT, pd.NaT, pd.NaT],
        "floor_m2": [400.0, np.nan, np.nan, 320.0, np.nan],
        "beds": [np.nan] * 5,
        "eligible": [True, False, False, False, False],
        "access_m": [4.0, np.nan, 2.0, 3.0, np.nan],
        "reason": ["", "not_linked", "", "", ""],
        "area_id": ["A1", "A3", "A3", "A5", None],
        "homes": [3.0, np.nan, np.nan, 0.0, np.nan],
        "elders": [296.4, np.nan, np.nan, 0.0, np.nan],
    }
    places = [(400, 400), (2300, 300), (2700, 600), (1500, 1600), (600, 1400)]
    geometry = [shapely.Point(X + dx, Y + dy) for dx, dy in places]
    return frame(rows, geometry, [f"F{i}" for i in range(1, 6)], "facility_id")


def circles():
    rows = {"facility_id": ["F1"] * 3, "minutes": [5.0, 10.0, 15.0], "from_minutes": 0.0}
    centre = shapely.Point(X + 400, Y + 400)
    return frame(rows, [centre.buffer(60 * m) for m in (5, 10, 15)], ["0", "1", "2"], "circle_id")


def gaps():
    rows = {
        "area_ids": ["A4", "A3;A4"], "area_names": ["矿区社区", "海达社区;矿区社区"],
        "street_names": [None, "滨河街道"], "homes": [1.0, 3.0], "households": [np.nan, 4.0],
        "population": [900.0, np.nan], "elders": [1234.0, 12.5], "elders80": [np.nan, np.nan],
        "cause": ["no_facility", None], "minutes_mean": [np.nan, 18.0],
        "minutes_over_mean": [np.nan, 3.0], "minutes_over_p90": [np.nan, 4.0],
        "nearest_facility_id": ["F1", None], "nearest_facility_name": [HOSTILE, None],
        "nearest_minutes": [np.nan, 18.0], "nearest_metres": [np.nan, 1080.0],
        "planned_facility_id": ["F2", None], "rank": [1, 2], "kind": ["area", "scattered"],
    }  # fmt: skip
    shapes = [
        shapely.Point(X + 450, Y + 1600).buffer(280),
        shapely.MultiPoint([(X + 2500, Y + 400), (X + 700, Y + 1200)]).buffer(40),
    ]
    return frame(rows, shapes, ["G1", "G2"], "gap_id")


def floor_areas():
    return pd.DataFrame(
        {
            "required_m2": [798.0, 300.0, 300.0, np.nan],
            "provided_m2": [400.0, 320.0, np.nan, np.nan],
            "shortfall_m2": [398.0, 0.0, np.nan, np.nan],
            "m2_per_100_households": [15.04, 40.0, np.nan, np.nan],
            "status": ["fail", "pass", "not_assessable", None],
            "reason": ["", "", "no floor area given", ""],
        },
        index=pd.Index(["A1", "A2", "A3", "A4"], name="area_id"),
    )


def totals():
    index = pd.MultiIndex.from_tuples(
        [("city", "C"), ("kind", "urban"), ("kind", "rural")], names=["level", "unit_id"]
    )
    return pd.DataFrame(
        {
            "name": ["样例市", None, None],
            "units_total": [6, 4, 2],
            "units_with_facility": [2, 2, 0],
            "elders_total": [440.0, 440.0, np.nan],
            "elders_covered": [336.0, 336.0, np.nan],
            "elders_not_assessed": [7.0, 0.0, 7.0],
        },
        index=index,
    )


def roads():
    lines = [shapely.LineString([(X, Y + 500 * k), (X + 3000, Y + 500 * k)]) for k in range(5)] + [
        shapely.LineString([(X + 500 * k, Y), (X + 500 * k, Y + 2000)]) for k in range(7)
    ]
    classes = ["primary", "tertiary_link", "residential", None, "footway"] + ["secondary"] * 7
    ids = [f"r{k}" for k in range(len(lines))]
    return frame({"highway": classes}, lines, ids, "road_id")


def barriers():
    rows = {"kind": ["river", "railway", None, "gate"], "name": ["黄河", None, None, None]}
    shapes = [
        shapely.box(X - 400, Y - 200, X - 150, Y + 2300),
        shapely.LineString([(X, Y + 1000), (X + 3000, Y + 1100)]),
        shapely.LineString([(X + 2000, Y), (X + 2000, Y + 300)]),
        shapely.Point(X + 900, Y + 900),
    ]
    return frame(rows, shapes, list("wxyz"), "barrier_id")


def reached_roads():
    rows = {"facility_id": ["F1", "F1"], "road_id": ["r0", "r1"], "minutes_start": [0.0, 4.0],
            "minutes_end": [5.0, np.nan]}  # fmt: skip
    return frame(rows, roads().geometry.to_numpy()[:2], ["0", "1"], "piece_id")


def findings(**changes):
    """Every state at once."""
    frames = {
        "card": card(), "areas": areas(), "homes": homes(), "facilities": facilities(),
        "circles": circles(), "reached_roads": reached_roads(), "gaps": gaps(),
        "floor_areas": floor_areas(), "totals": totals(), "floor_totals": pd.DataFrame(),
        "roads": roads(), "barriers": barriers(), "issues": IssueLog(),
    }  # fmt: skip
    return Findings(**(frames | changes))


def nothing():
    """An assessment of no records at all."""
    names = (
        "areas",
        "homes",
        "facilities",
        "circles",
        "reached_roads",
        "gaps",
        "roads",
        "barriers",
    )
    tables = ("floor_areas", "totals", "floor_totals")
    return findings(**{n: empty(n) for n in names}, **{n: pd.DataFrame() for n in tables})
