"""Layers of circles and lines: service circles, reached roads, roads, water and railways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.outputs import colours
from carecircle.outputs.map.codec import pack_codes, pack_shapes
from carecircle.outputs.map.layers import class_edges
from carecircle.outputs.map.parted import are_parted, tints
from carecircle.outputs.map.records import column
from carecircle.outputs.map.shapes import DRAWN_M, ROAD_M, Layer, swatch, wgs84

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

__all__ = ["base_layers", "circle_layers", "circle_parts"]

_APART_M = 300.0  # circles that a reader sees side by side


def circle_layers(findings: Findings, say: Speech, *, most_pieces: int) -> list[Layer]:
    """Return one layer per ring, longest first, and the reached roads."""
    parts = circle_parts(findings, say)
    layers = [layer | {"shapes": pack_shapes(shapes)} for layer, shapes in parts.values()]
    return [*layers[::-1], *_reached_layer(findings, say, most_pieces)]


def circle_parts(findings: Findings, say: Speech) -> dict[float, tuple[Layer, NDArray[np.object_]]]:
    """Return for each ring, the shortest first, its layer and the circles that it draws."""
    circles = findings.circles
    found: dict[float, tuple[Layer, NDArray[np.object_]]] = {}
    minutes = pd.to_numeric(column(circles, "minutes"))
    geometry = wgs84(circles, "circles", tolerance_m=DRAWN_M)
    # a disc holds those of shorter limits, a ring does not
    rings = pd.to_numeric(column(circles, "from_minutes")).gt(0).any()
    parted = _tints(findings) if are_parted(findings) and len(circles) else None
    for place, limit in enumerate(sorted(minutes.dropna().unique())):
        inside = ((minutes <= limit) if rings else (minutes == limit)).to_numpy()
        title = say("layer_circle" if parted is None else "layer_parted", f"{limit:g}")
        colour = colours.ring_colour(place)
        layer: Layer = {"id": f"circle{place}", "title": title, "type": "disc", "colour": colour}
        entry = swatch("fill", colour, title, int((minutes == limit).sum()))
        if parted is not None:
            tinted = {"tints": pack_codes(parted[inside]), "colours": list(colours.PARTED)}
            layer |= {"type": "parted"} | tinted
            entry |= {"swatch": "parted", "colours": list(colours.PARTED[:3]), "edge": colour}
        found[float(limit)] = (layer | {"legend": [entry]}, geometry[inside].to_numpy())
    return found


def _tints(findings: Findings) -> NDArray[np.int64]:
    # more facilities round one spot than there are tints share some, with a line between them
    found = tints(findings.circles, apart_m=_APART_M)
    return found % len(colours.PARTED)


def _reached_layer(findings: Findings, say: Speech, most_pieces: int) -> list[Layer]:
    reached = findings.reached_roads
    if reached.empty:
        return []
    title = say("layer_reached")
    if len(reached) > most_pieces:
        note = say("left_out", f"{len(reached):,}")
        return [{"id": "reached", "title": f"{title} ({note})", "type": "none", "legend": []}]
    end = pd.to_numeric(column(reached, "minutes_end")).to_numpy(dtype=float)
    start = pd.to_numeric(column(reached, "minutes_start")).to_numpy(dtype=float)
    edges = class_edges(findings)
    codes = np.clip(np.searchsorted(edges, np.fmax(start, end)), 0, len(edges) - 1)
    geometry = wgs84(reached, "reached_roads", tolerance_m=ROAD_M).to_numpy()
    paint = colours.home_colours(len(edges))
    classes = [
        {"shapes": pack_shapes(geometry[codes == code]), "colour": paint[code], "width": 2.2}
        for code in range(len(edges) - 1, -1, -1)
        if (codes == code).any()
    ]
    legend = [
        swatch("line", paint[code], say("within", f"{edge:g}"))
        for code, edge in enumerate(edges)
        if (codes == code).any()
    ]
    layer = {"id": "reached", "title": title, "type": "lines", "above": 1}
    return [layer | {"classes": classes, "legend": legend}]


def base_layers(findings: Findings, say: Speech) -> list[Layer]:
    """Return water and railways, roads by class, boundaries and names."""
    layers = [*_barrier_layer(findings, say), *_road_layer(findings, say)]
    if len(findings.areas):
        outline = swatch("line", "#6f7478", say("layer_outline"))
        layers.append(
            {
                "id": "outline",
                "title": say("layer_outline"),
                "type": "outline",
                "on": True,
                "legend": [outline],
            }
        )
        names = {"id": "names", "title": say("layer_names"), "type": "names", "legend": []}
        layers.append(names | {"on": True})
    return layers


def _merged(roads: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Join lines of one class end to end: fewer, longer lines are smaller and draw faster."""
    lines = shapely.get_parts(roads.geometry.dropna().to_numpy())
    whole = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    frame = gpd.GeoDataFrame(geometry=whole, crs=roads.crs)
    return wgs84(frame, "roads", tolerance_m=ROAD_M).to_numpy()


def _road_layer(findings: Findings, say: Speech) -> list[Layer]:
    roads = findings.roads
    if roads.empty:
        return []
    highway = column(roads, "highway").astype(str).str.removesuffix("_link")
    place = {name: code for code, (names, *_) in enumerate(colours.ROADS) for name in names}
    codes = highway.map(place).fillna(len(colours.ROADS) - 1).to_numpy(dtype=int)
    classes = [
        {
            "shapes": pack_shapes(_merged(roads[codes == code])),
            "colour": colour,
            "width": width,
            "from_zoom": zoom,
        }
        for code, (_, colour, width, zoom) in reversed(list(enumerate(colours.ROADS)))
        if (codes == code).any()
    ]
    legend = [swatch("line", "#9aa0a3", say("layer_roads"), len(roads))]
    layer = {"id": "roads", "title": say("layer_roads"), "type": "lines", "classes": classes}
    return [layer | {"on": True, "legend": legend}]


def _barrier_layer(findings: Findings, say: Speech) -> list[Layer]:
    barriers = findings.barriers
    if barriers.empty:
        return []
    kind = column(barriers, "kind").fillna("").astype(str).str.lower()
    water = kind.str.contains("river|water|canal|lake|河|水")
    rail = kind.str.contains("rail|铁路")
    geometry = wgs84(barriers, "barriers", tolerance_m=DRAWN_M)
    # a river may come as its banks: a closed line is water inside
    flat = geometry.geom_type.str.contains("Polygon").fillna(value=False) | geometry.is_ring
    styles: tuple[tuple[str, pd.Series, Layer], ...] = (
        ("river", water & flat, {"colour": "#a9cbdf", "width": 0.8, "fill": "#c3dcea"}),
        ("river", water & ~flat, {"colour": "#a9cbdf", "width": 3.0}),
        ("railway", rail & ~water, {"colour": "#6d6f73", "width": 1.6, "dash": [7, 5]}),
        ("barrier_other", ~(water | rail), {"colour": "#a08b77", "width": 1.2, "dash": [2, 3]}),
    )
    classes = [
        {"shapes": pack_shapes(geometry[chosen.to_numpy()].to_numpy()), **style}
        for _, chosen, style in styles
        if chosen.any()
    ]
    legend = {
        name: swatch("line", style["colour"], say(name)) | {"dash": style.get("dash", [])}
        for name, chosen, style in styles
        if chosen.any()
    }
    layer = {"id": "barriers", "title": say("layer_barriers"), "type": "lines"}
    return [layer | {"on": True, "classes": classes, "legend": list(legend.values())}]
