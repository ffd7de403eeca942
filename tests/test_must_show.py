"""GB 50180-2018 on a real extract: 300, 500 and 1000 m along the roads of Liechtenstein."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

import carecircle as cc
from carecircle.standards.presets import load_preset
from conftest import ROOT
from walkers import minutes_by_networkx, walking_pieces

pytestmark = pytest.mark.realdata

#: Rule of the standard -> metres; at 1 m/s a metre is a second.
CIRCLES = {"LC5-GB": 300.0, "LC10-GB": 500.0, "LC15-GB": 1000.0}
OWN = """\
[preset]
id = "own"
title_zh = "住宅和市政厅"
title_en = "homes, and town halls"
issuer = "nobody"
document = "a test"
year = 2018
[kinds]
town_hall = ["市政厅", "town hall"]
"""
RULE = """\
[[rule]]
id = "{id}"
title_zh = "{metres} 米以内"
title_en = "within {metres} m"
clause = ""
level = "area"
indicator = "within_metres"
params = {{ metres = {metres}, weight = "homes"{kinds} }}
comparator = ">="
limit = 100
unit = "%"
severity = "warning"
"""


@pytest.fixture(scope="module")
def walked(real_data, tmp_path_factory):
    """Study and result under the standard; the extract knows no people, so theirs are made up."""
    patch = pytest.MonkeyPatch()
    patch.setenv("CARECIRCLE_DATA", str(real_data))
    study = cc.load_study(ROOT / "examples" / "liechtenstein" / "study.toml")
    patch.undo()
    rules = [RULE.format(id=f"H{metres}", metres=metres, kinds="") for metres in (300, 500, 1000)]
    rules.append(RULE.format(id="TOWN-HALL", metres=1000, kinds=', kinds = ["town_hall"]'))
    path = tmp_path_factory.mktemp("rules") / "own.toml"
    path.write_text(OWN + "".join(rules), encoding="utf-8")
    homes = study.homes.assign(population=1.0 + np.arange(len(study.homes)) % 4)
    study = replace(
        study,
        card=replace(study.card, rings=tuple(metres / 60 for metres in CIRCLES.values())),
        terms=replace(study.terms, presets=(load_preset("gb50180_2018"), cc.read_rules(path))),
        tables=replace(study.tables, homes=homes),
    )
    assert study.card.profile.speed_m_s == 1.0
    return study, cc.assess(study)


@pytest.fixture(scope="module")
def by_networkx(walked):
    """Metres of 100 homes to the nearest facility that counts, and to the nearest town hall."""
    study, result = walked
    pieces = walking_pieces(study.tables.roads, 1.0)
    sample = result.homes.sample(100, random_state=11)

    def metres_to(*kinds):
        chosen = study.facilities[study.facilities["kind"].isin(kinds)]
        snapped = [places.assign(snap_m=150.0) for places in (sample, chosen)]
        return 60.0 * minutes_by_networkx(pieces, *snapped, leg_m_s=1.0)

    return {"counted": metres_to(*study.card.eligible), "town_hall": metres_to("town_hall")}


def test_metres_along_the_roads_equal_those_of_networkx_on_100_homes(walked, by_networkx):
    _, result = walked
    expected = by_networkx["counted"]
    mine = result.homes.loc[expected.index, "metres"]
    np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-4)
    for metres in CIRCLES.values():
        assert ((mine <= metres) == (expected <= metres)).all()
        assert 0 < (expected <= metres).sum() < 100


@pytest.mark.parametrize(("rule", "metres"), CIRCLES.items())
def test_people_and_homes_within_a_circle_are_those_so_near_along_the_roads(walked, rule, metres):
    study, result = walked
    homes = result.homes[result.homes["area_id"].notna()]
    near = homes["metres"] <= metres
    people = homes["population"].where(near, 0.0).groupby(homes["area_id"]).sum()
    count = near.groupby(homes["area_id"]).sum()
    checks = result.rules.xs(rule, level="rule").droplevel("preset")
    assert set(checks.index) == set(study.areas.index)
    assert checks["numerator"].to_dict() == people.to_dict()
    whole = homes.groupby("area_id")["population"].sum()
    assert checks["denominator"].to_dict() == whole.to_dict()
    own = result.rules.loc[("own", f"H{metres:.0f}")]
    assert own["numerator"].to_dict() == count.to_dict()
    assert own["denominator"].sum() == len(homes)
    assert (checks["status"] == "fail").sum() == (people < whole).sum() > 0


def test_a_longer_distance_never_serves_fewer(walked):
    _, result = walked
    served = [result.rules.xs(rule, level="rule")["numerator"].sum() for rule in CIRCLES]
    assert 0 < served[0] < served[1] < served[2]


def test_the_way_to_another_kind_is_its_own(walked, by_networkx):
    study, result = walked
    expected = by_networkx["town_hall"]
    assert not expected.equals(by_networkx["counted"])
    asked = result.rules.loc[("own", "TOWN-HALL")]
    places = cc.locate(study.network, study.facilities, max_snap_m=150.0, prefer={0})
    halls = places[(study.facilities["kind"] == "town_hall").to_numpy()]
    near = cc.nearest(study.network, result.ground.homes, halls)
    np.testing.assert_allclose(near.loc[expected.index, "metres"], expected, rtol=0, atol=1e-4)
    inside = (near["metres"] <= 1000) & result.homes["area_id"].notna()
    assert asked["numerator"].sum() == inside.sum() > 0


def test_circles_of_300_500_and_1000_m_nest_and_hold_what_is_reached(walked):
    study, result = walked
    counted = study.facilities[study.facilities["kind"].isin(study.card.eligible)]
    limits = sorted(metres / 60 for metres in CIRCLES.values())
    discs = {
        limit: result.circles[result.circles["minutes"] == limit].set_index("facility_id").geometry
        for limit in limits
    }
    for limit in limits:
        assert set(discs[limit].index) == set(counted.index)
        assert discs[limit].is_valid.all()
        assert shapely.covers(
            shapely.buffer(discs[limit].to_numpy(), 1e-6),
            counted.geometry.loc[discs[limit].index].to_numpy(),
        ).all()
        # nobody walks farther than the crow flies; the band drawn around a road is added
        far = counted.geometry.loc[discs[limit].index].buffer(60 * limit + cc.CircleStyle().trim_m)
        assert discs[limit].within(far).all()
        reached = result.reached_roads
        whole = reached[reached[["minutes_start", "minutes_end"]].max(axis=1) <= limit]
        around = shapely.buffer(discs[limit].loc[whole["facility_id"]].to_numpy(), 1e-6)
        assert shapely.covers(around, whole.geometry.to_numpy()).all()
    areas = pd.DataFrame({limit: disc.area for limit, disc in discs.items()})
    assert (areas.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)


def test_the_kinds_of_the_standard_that_nobody_listed_are_said_to_be_missing(walked):
    _, result = walked
    health = result.rules.loc[("gb50180_2018", "F5-HEALTH-R")]
    assert (health["status"] == "not_assessable").all()
    assert set(health["reason"]) == {"kind_not_in_tables"}
