"""A hand-made assessment of three homes: one covered, one late, one not linked to a road."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.findings import Findings, StudyCard
from carecircle.inputs.contracts import FACILITY_KINDS
from carecircle.inputs.issues import IssueLog
from carecircle.roads.profiles import PROFILES
from carecircle.standards.evaluate import check_standards
from carecircle.standards.rule_file import parse_rules
from carecircle.standards.rule_frames import RuleFrames
from carecircle.standards.rule_views import rulebook

CRS = "EPSG:4545"
HOSTILE = ["=cmd|'/c calc'!A1", "+1+1", "-2", "@SUM(A1)"]


def frame(columns, geometry, ids, name):
    made = gpd.GeoDataFrame(columns, geometry=geometry, crs=CRS)
    made.index = pd.Index(ids, name=name, dtype="str")
    return made


def card(**changes):
    terms = {
        "title": "Toy town",
        "title_zh": "样例市养老服务圈",
        "as_of": "2025-12-31",
        "profile": PROFILES["car"],  # the one with a read-only mapping inside
        "limits": {"urban": 15.0, "rural": 30.0},
        "eligible": ("station",),
        "kinds": FACILITY_KINDS,
        "synthetic": True,
        "sources": ("路网:样例",),
    }
    return StudyCard(**(terms | changes))


def sums(covered, uncovered, not_assessed):
    total = covered + uncovered + not_assessed
    return {
        f"{weight}_{part}": value
        for weight in ("homes", "people", "elders", "households")
        for part, value in (
            ("total", total),
            ("covered", covered),
            ("uncovered", uncovered),
            ("not_assessed", not_assessed),
            ("rate", covered / total if total else np.nan),
        )
    }


def homes(covered=(True, False, None), minutes=(15.0, 21.5, np.nan)):
    return frame(
        {
            "area_id": ["A1", "A1", "A2"],
            "elders": [10.0, 20.0, np.nan],
            "minutes": list(minutes),
            "facility_id": ["F1", "F1", None],
            "second_minutes": [np.nan, 30.0, np.nan],
            "access_m": [3.0, 4.0, np.nan],
            "reason": ["", "", "not_linked"],
            "limit_minutes": 15.0,
            "covered": pd.array(list(covered), dtype="boolean"),
            "minutes_over": [0.0, 6.5, np.nan],
        },
        [shapely.Point(1, 1), shapely.Point(5, 5), None],
        ["001", "002", "003"],
        "home_id",
    )


def preset():
    """A duty whose wording is verified, advice whose wording is not, and one about the city."""
    text = """
[preset]
id = "own"
title_zh = "自定标准"
title_en = "own standard"
issuer = ""
document = "自定标准"
year = 2020
{rules}
"""
    rule = """
[[rule]]
id = "{id}"
title_zh = "面积{id}"
title_en = "floor area {id}"
clause = "1"
level = "{level}"
indicator = "floor_area_per_100_households"
comparator = ">="
limit = {limit}
unit = "m2/100 households"
strength = "{strength}"
verified = {verified}
"""
    rules = [
        rule.format(id="DUTY", level="area", limit=30, strength="must", verified="true"),
        rule.format(id="ADVICE", level="area", limit=50, strength="should", verified="false"),
        rule.format(id="CITY", level="city", limit=30, strength="must", verified="true"),
    ]
    return parse_rules(text.format(rules="".join(rules)), "own.toml", log=IssueLog())


def checked():
    """Those rules on two areas: A1 has 29.99 m2 per 100 households, A2 has 50; and on the city."""
    areas = pd.DataFrame(
        {"kind": "urban", "households": [1000.0, 400.0], "city_id": "C1"},
        index=pd.Index(["A1", "A2"], name="area_id", dtype="str"),
    )
    places = pd.DataFrame(
        {"kind": "service_complex", "floor_m2": [299.9, 200.0], "serves": ["A1", "A2"]},
        index=pd.Index(["F1", "F2"], name="facility_id", dtype="str"),
    )
    frames = RuleFrames(areas, places, as_of="2025-12-31")
    return check_standards(frames, preset()), rulebook([preset()], frames.day)


def findings(**changes):
    areas = frame(
        {"name": ["河东", HOSTILE[0]], "kind": ["urban", None], "Name": HOSTILE[1:3], "fid": [7, 8]}
        | {"updated": [pd.Timestamp("2025-01-02"), pd.NaT], "mixed": [1, "two"]}
        | {name: [value, np.nan] for name, value in sums(10.0, 20.0, 0.0).items()}
        | {"has_facility": pd.array([True, None], dtype="boolean"), "cell": ["has_late", None]},
        [shapely.box(0, 0, 9, 9), shapely.MultiPolygon([shapely.box(9, 0, 12, 9)])],
        ["A1", "A2"],
        "area_id",
    )
    facilities = frame(
        {"name": HOSTILE[3], "kind": "station", "status": "operating", "floor_m2": [None]}
        | {"eligible": True, "homes": 2},
        [shapely.Point(4, 4)],
        ["F1"],
        "facility_id",
    )
    gaps = frame(
        {"kind": "area", "rank": 1, "cause": "detour", "homes": 1, "elders": [20.0]},
        [shapely.box(4, 4, 6, 6)],
        ["G001"],
        "gap_id",
    )
    unnamed = gpd.GeoDataFrame({"facility_id": []}, geometry=[], crs=CRS)
    totals = pd.DataFrame(
        [
            {"name": "样例市", "units_with_facility": 46, "units_total": 70, "roster_rate": 46 / 70}
            | sums(10.0, 20.0, 3.0)
        ],
        index=pd.MultiIndex.from_tuples([("city", "C1")], names=["level", "unit_id"]),
    )
    floor = pd.DataFrame(
        {"status": ["fail"], "reason": ["below_floor;no_facility"], "required_m2": [300.0]},
        index=pd.Index(["A1"], name="area_id"),
    )
    log = IssueLog()
    log.add("not_linked", "warning", "homes", record="003", found="-9 km", fix="look at it")
    log.add("no_homes", "note", "areas", record="A2")
    rules, book = checked()
    parts = {
        "rules": rules,
        "rulebook": book,
        "card": card(),
        "areas": areas,
        "homes": homes(),
        "facilities": facilities,
        "circles": unnamed,
        "reached_roads": unnamed,
        "gaps": gaps,
        "floor_areas": floor,
        "totals": totals,
        "floor_totals": pd.DataFrame(index=totals.index[:0]),
        "roads": unnamed,
        "barriers": unnamed,
        "issues": log,
        "provenance": {
            "inputs": [{"table": "homes", "sha256": "ab", "rows": np.int64(3), "datum": None}],
            "settings": {"join_m": 150.0, "missing": np.nan},
        },
    }
    return Findings(**(parts | changes))
