"""Uncovered areas and circles of today and of each scenario, as layers that follow the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from carecircle.outputs.map.codec import pack_counts, pack_shapes
from carecircle.outputs.map.layers import gap_layers
from carecircle.outputs.map.lines import circle_parts
from carecircle.outputs.map.records import gap_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.shapes import Layer
    from carecircle.outputs.map.text import Speech

__all__ = ["change_circles", "change_gaps", "gaps_by_view"]


def change_gaps(states: Sequence[Findings], say: Speech) -> list[Layer]:
    """Return the uncovered areas of each state as one layer; none where nobody looked for them.

    Parameters
    ----------
    states
        Today, then each scenario.
    say
        Words of the page.
    """
    found = [next((one for one in gap_layers(s, say) if one["id"] == "gaps"), None) for s in states]
    some = next((layer for layer in found if layer), None)
    if some is None:
        return []
    nothing = {"n": 0, "shapes": pack_shapes(np.empty(0, object)), "xy": "", "placed": ""}
    none = some | nothing | {"labels": [], "legend": [some["legend"][0] | {"count": 0}]}
    parts = [layer or none for layer in found]
    own = {key: some[key] for key in ("id", "type", "colour")}
    return [own | {"on": False} | _viewed([_without(part, own) for part in parts])]


def gaps_by_view(states: Sequence[Findings], say: Speech) -> list[dict[str, Any]]:
    """Return the popups of the uncovered areas of each state."""
    return [dict(gap_records(one, say)) for one in states]


def change_circles(states: Sequence[Findings], say: Speech) -> list[Layer]:
    """Return one layer per ring, longest first; a circle that stays travels once.

    Parameters
    ----------
    states
        Today, then each scenario.
    say
        Words of the page.
    """
    found = [circle_parts(one, say) for one in states]
    rings = sorted({minutes for one in found for minutes in one})
    layers = []
    for place, minutes in enumerate(rings):
        some = next(one[minutes][0] for one in found if minutes in one)
        entry = some["legend"][0] | {"count": 0}
        none = (some | {"legend": [entry]}, np.empty(0, dtype=object))
        of_states = [one.get(minutes, none) for one in found]
        geometry = np.concatenate([shapes for _, shapes in of_states])
        keys = shapely.to_wkb(geometry)
        _, first, member = np.unique(keys, return_index=True, return_inverse=True)
        ends = np.cumsum([len(shapes) for _, shapes in of_states])[:-1]
        own: Layer = {key: some[key] for key in ("type", "colour", "colours") if key in some}
        parts = [
            _without(layer, own) | {"members": pack_counts(members)}
            for (layer, _), members in zip(of_states, np.split(member, ends), strict=True)
        ]
        layer = own | {"id": f"circle{place}", "shapes": pack_shapes(geometry[first])}
        layers.append(layer | _viewed(parts))
    return layers[::-1]


def _without(layer: Layer, own: Layer) -> Layer:
    left = {"id", "on", *own}
    return {key: value for key, value in layer.items() if key not in left}


def _viewed(parts: Sequence[Layer]) -> Layer:
    """Return today, then *after* and *change* of each scenario; change draws what after does."""
    views = [parts[0]]
    today = parts[0]["legend"][0]["count"]
    for part in parts[1:]:
        entry = part["legend"][0]
        moved = [entry | {"change": entry["count"] - today}]
        views += [part, {"like": len(views), "title": part["title"], "legend": moved}]
    return {"title": parts[0]["title"], "legend": [], "parts": views}
