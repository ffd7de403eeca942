"""Gaps and circles of the page held against those of a whole assessment of the changed study."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import shapely

import carecircle as cc
from carecircle.analysis.gaps import GapContext, uncovered_homes
from carecircle.outputs.what_if.pack import pack_what_if
from carecircle.scenarios.file import scenarios_from
from carecircle.scenarios.what_if import apply_scenario

SCRIPT = Path(__file__).with_name("js") / "drawn.mjs"

#: Column of a gap in Python -> in the page; people and minutes are equal to the last digits.
COLUMNS = {
    "elders": "elders", "population": "people", "households": "households", "homes": "homes",
    "homes_unreachable": "unreachable", "minutes_mean": "minutes", "minutes_over_mean": "over",
    "minutes_over_p90": "over90", "rank_score": "score",
}  # fmt: skip
#: Largest share of a circle that may be drawn otherwise; measured: 4e-7.
CIRCLE_OFF = 1e-5


def shape_differences(node, baseline, findings, scenarios):
    """What the page draws otherwise than Python under each scenario; nothing where it is right."""
    minutes = list(findings.card.rings)
    asked = {"pack": pack_what_if(findings), "scenarios": scenarios, "minutes": minutes}
    done = subprocess.run(
        [node, str(SCRIPT)], input=json.dumps([asked]), capture_output=True, check=False,
        encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    (answers,) = json.loads(done.stdout)
    told = []
    for scenario, answer in zip(scenarios, answers, strict=True):
        (read,) = scenarios_from({"scenario": [{"name": "drawn"} | scenario]})
        study = apply_scenario(baseline.study, read)
        whole = cc.assess(study)
        found = [
            *_members(answer["gaps"], study, whole),
            *_columns(answer["gaps"], whole.gaps),
            *_drawn_gaps(answer["shapes"], whole.gaps),
            *_drawn_circles(answer["circles"], whole.circles, minutes),
        ]
        told += [f"{scenario}: {one}" for one in found]
    return told


def _members(gaps, study, whole):
    context = GapContext(whole.card.profile, whole.card.eligible)
    mine = uncovered_homes(
        whole.homes, whole.areas, whole.facilities, study.terms.gaps,
        barriers=study.tables.barriers, context=context,
    )  # fmt: skip
    number = {name: place for place, name in enumerate(whole.gaps.index)}
    expected = mine.map(number).reindex(whole.homes.index).fillna(-1).astype(int)
    wrong = np.flatnonzero(expected.to_numpy() != np.array(gaps["of"]))
    return [f"homes {wrong[:5].tolist()} are in another gap"] if len(wrong) else []


def _columns(gaps, expected):
    if gaps["n"] != len(expected):
        return [f"{gaps['n']} gaps in place of {len(expected)}"]
    texts = {"kind": "kind", "cause": "cause", "nearest_facility_id": "nearest"}
    told = [c for c, theirs in texts.items() if expected[c].tolist() != gaps[theirs]]
    for column, theirs in COLUMNS.items():
        found = np.array(gaps[theirs], dtype=float)
        # minutes to a new road may differ by what 0.1 mm of a coordinate take
        same = np.isclose(found, expected[column], rtol=1e-9, atol=1e-5, equal_nan=True)
        if column == "rank_score":
            same = np.isclose(found, expected[column], rtol=1e-6, equal_nan=True)
        if not same.all():
            told.append(f"{column}: {found[~same][:3]} != {expected[column][~same].tolist()[:3]}")
    return told


def _drawn_gaps(shapes, gaps):
    told = []
    for place, (name, wanted) in enumerate(gaps.geometry.items()):
        first, last = shapes["first"][place : place + 2]
        rings = [
            np.column_stack([shapes[axis][slice(*shapes["start"][r : r + 2])] for axis in "xy"])
            for r in range(first, last)
        ]
        ground = wanted if wanted is not None else shapely.Polygon()
        if _polygon(rings).symmetric_difference(ground).area > 1e-6:
            told.append(f"{name} is drawn otherwise")
    return told


def _drawn_circles(circles, expected, minutes):
    found = {
        (name, limit): [np.reshape(ring, (-1, 2)) for ring in rings]
        for name, limits in circles.items()
        for limit, rings in zip(minutes, limits, strict=True)
        if rings
    }
    wanted = expected.set_index(["facility_id", "minutes"]).geometry
    if set(found) != set(wanted.index):
        return [f"circles of {sorted(set(found) ^ set(wanted.index))[:3]} are missing or too many"]
    off = {
        key: _polygon(found[key]).symmetric_difference(shape).area / shape.area
        for key, shape in wanted.items()
    }
    wrong = {key: share for key, share in off.items() if share > CIRCLE_OFF}
    return [f"circle {key} is off by {share:.1e}" for key, share in wrong.items()]


def _polygon(rings):
    """Bodies run anticlockwise and holes clockwise; the larger are laid first."""
    ground = shapely.Polygon()
    for shape, body in sorted(
        ((shapely.Polygon(ring), shapely.is_ccw(shapely.LinearRing(ring))) for ring in rings),
        key=lambda one: -one[0].area,
    ):
        ground = ground.union(shape) if body else ground.difference(shape)
    return ground
