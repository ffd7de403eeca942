"""Circles on the map: one union where they overlap, each in a tint of its own where they part."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

import browser
import fake_findings as fake
from carecircle.analysis.circles import CircleStyle, service_circles
from carecircle.outputs import colours
from carecircle.outputs.map.atlas import coverage_map
from carecircle.outputs.map.lines import circle_layers
from carecircle.outputs.map.parted import are_parted, tints
from carecircle.outputs.map.text import Speech

SPLIT = CircleStyle(overlap="split")


@pytest.fixture(scope="module")
def parted(sample_result):
    found = service_circles(sample_result.reached_roads, minutes=[15], style=SPLIT)
    ground = replace(sample_result.ground, circle_style=SPLIT)
    return replace(sample_result, circles=found, ground=ground)


def test_circles_within_sight_of_each_other_never_share_a_tint(parted):
    circles = parted.circles
    found = tints(circles, apart_m=300.0)
    shapes = circles.geometry.to_numpy()
    near = shapely.dwithin(shapes[:, None], shapes, 300.0) & ~np.eye(len(shapes), dtype=bool)
    assert near.sum() > 40
    assert not (near & (found[:, None] == found)).any()
    assert found.max() < len(colours.PARTED)


def test_tints_do_not_depend_on_the_order_of_rows(parted):
    shuffled = parted.circles.sample(frac=1.0, random_state=4)
    again = np.empty(len(shuffled), dtype=int)
    again[shuffled.index] = tints(shuffled, apart_m=300.0)
    assert (again == tints(parted.circles, apart_m=300.0)).all()


def test_a_facility_keeps_its_tint_in_every_ring():
    squares = shapely.box([0, 0, 9], 0, [8, 9, 18], 9)
    rows = gpd.GeoDataFrame(
        {"facility_id": ["A", "A", "B"], "minutes": [5.0, 10.0, 10.0]}, geometry=squares, crs=4545
    )
    one, same, other = tints(rows, apart_m=1.0)
    assert one == same != other


def test_only_parted_circles_are_drawn_apart(parted, sample_result):
    (layer, *_) = circle_layers(parted, Speech("zh"), most_pieces=0)
    assert layer["type"] == "parted"
    assert layer["title"] == "15 分钟服务圈(各归最近设施)"
    assert layer["legend"][0]["count"] == len(parted.circles)
    assert {one["type"] for one in circle_layers(sample_result, Speech("zh"), most_pieces=0)} == {
        "disc", "none",
    }  # fmt: skip


@pytest.mark.parametrize(("told", "expected"), [("split", True), ("merge", False), (None, False)])
def test_findings_read_back_say_in_their_settings_how_circles_were_drawn(told, expected):
    settings = {} if told is None else {"service": {"overlap": told}}
    assert are_parted(replace(fake.findings(), provenance={"settings": settings})) is expected


def test_a_disc_carries_its_own_shapes_only_a_ring_those_inside_it_too(sample_result):
    circles = sample_result.circles
    sizes = {}
    for name, start in (("discs", 0.0), ("rings", circles["minutes"] - 5)):
        found = replace(sample_result, circles=circles.assign(from_minutes=start))
        layer = circle_layers(found, Speech("zh"), most_pieces=0)[0]
        sizes[name] = len(json.dumps(layer["shapes"]))
    assert sizes["discs"] < 0.7 * sizes["rings"]


@pytest.mark.browser
def test_neighbours_are_told_apart_on_the_map_and_in_the_legend(parted, tmp_path):
    path = tmp_path / "map.html"
    coverage_map(parted).save(path)
    circles = parted.circles.set_index("facility_id")
    found = tints(parted.circles, apart_m=300.0)
    one = int(np.argmax(found))
    distance = circles.distance(circles.geometry.iloc[one])
    distance.iloc[one] = np.inf
    spots = circles.geometry.iloc[[one, int(distance.argmin())]].buffer(-60).representative_point()
    degrees = [(p.y, p.x) for p in spots.to_crs(4326)]
    with browser.chromium() as tool, browser.visit(tool, path.as_uri()) as seen:
        page = seen.page
        page.locator('input[data-layer="circle0"]').evaluate("box => box.click()")
        page.evaluate(
            "carecircle.atlas.payload.groups.flatMap(g => g.layers)"
            ".forEach(({ id }) => carecircle.atlas.show(id, id === 'circle0'))"
        )
        assert "15 分钟服务圈(各归最近设施)" in page.inner_text(".cc-legend")
        assert page.locator(".cc-legend svg rect[fill-opacity='0.4']").count() == 3
        page.evaluate("at => carecircle.atlas.map.fitBounds(at, { maxZoom: 15 })", degrees)
        page.wait_for_timeout(200)
        assert seen.complaints == []
        inks = page.evaluate(
            """spots => spots.map(at => {
              const { canvas, map } = carecircle.atlas, { ratio } = canvas._view;
              const p = map.latLngToLayerPoint(at).subtract(canvas._bounds.min).multiplyBy(ratio);
              return [...canvas._ctx.getImageData(p.x, p.y, 1, 1).data];
            })""",
            degrees,
        )
    wanted = [colours.PARTED[found[one]], colours.PARTED[found[int(distance.argmin())]]]
    assert wanted[0] != wanted[1]
    for ink, colour in zip(inks, wanted, strict=True):
        red, green, blue = (int(part, 16) for part in re.findall("..", colour[1:]))
        assert ink[3] == pytest.approx(0.3 * 255, abs=3)
        assert ink[:3] == pytest.approx([red, green, blue], abs=4)
