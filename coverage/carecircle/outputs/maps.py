"""The interactive map: one HTML file that opens with no internet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecircle.outputs.map_card import card_of, headline_of, ui_words
from carecircle.outputs.map_codec import STEP_DEGREES
from carecircle.outputs.map_layers import (
    area_layers,
    area_shapes,
    facility_layers,
    facility_places,
    gap_layers,
    home_layers,
    homes_data,
)
from carecircle.outputs.map_lines import base_layers, circle_layers
from carecircle.outputs.map_records import area_records, facility_records, gap_records
from carecircle.outputs.map_shapes import bounds_of
from carecircle.outputs.map_text import Speech

if TYPE_CHECKING:
    # a plain import of carecircle must stay light
    import folium

    from carecircle.analysis.findings import Findings

__all__ = ["coverage_map"]


def coverage_map(findings: Findings, *, most_reached_pieces: int = 150_000) -> folium.Map:
    """Draw an assessment as an interactive map that needs no internet.

    Areas by verdict and by elders covered, homes by minutes, service circles, uncovered areas,
    floor-area shortfalls and facilities over roads, water, railways and boundaries; with the
    headline, legend, terms, sources, layer control and search. No figure is computed here.

    Parameters
    ----------
    findings
        The frames of one assessment, in one projected CRS; any of them may be empty.
    most_reached_pieces
        Reached roads are left out of the file, and the layer says so, above this many pieces.

    Returns
    -------
    folium.Map
        Write it with ``save(path)``: equal findings give equal bytes. It shows itself in Jupyter
        and takes further folium elements.

    Raises
    ------
    CrsError
        If a frame with records has no CRS.

    Examples
    --------
    ::

        coverage_map(findings).save("map.html")
    """
    # a plain import of carecircle must stay light
    import folium

    from carecircle.outputs.map_page import Atlas, make_offline

    say = Speech(findings.card.language)
    bounds = bounds_of(findings)
    (south, west), (north, east) = bounds
    chart = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=11,
        tiles=None,
        zoom_control=False,
        attribution_control=False,
        zoom_snap=0.25,
        fade_animation=False,
        max_zoom=19,
    )
    chart.add_child(Atlas(_payload(findings, say, most_reached_pieces) | {"bounds": bounds}))
    make_offline(chart, say.pick((findings.card.title_zh, findings.card.title)))
    return chart


def _payload(findings: Findings, say: Speech, most_pieces: int) -> dict[str, Any]:
    kinds = facility_layers(findings, say)
    groups = (
        ("areas", "radio", area_layers(findings, say) if len(findings.areas) else []),
        ("people", "check", [*home_layers(findings, say), *gap_layers(findings, say)]),
        ("facilities", "check", [layer for layer in kinds if layer["on"]]),
        ("facilities_other", "check", [layer for layer in kinds if not layer["on"]]),
        ("circles", "check", circle_layers(findings, say, most_pieces=most_pieces)),
        ("base", "check", base_layers(findings, say)),
    )
    return {
        "lang": say.language,
        "step": STEP_DEGREES,
        "words": ui_words(say),
        "card": card_of(findings.card, say),
        "headline": headline_of(findings, say),
        "statuses": [say("operating"), say("pipeline"), say("closed")],
        "areas": area_shapes(findings) | area_records(findings, say),
        "facilities": facility_places(findings) | facility_records(findings, say),
        "gaps": gap_records(findings, say),
        "homes": _named_reasons(homes_data(findings), say),
        "groups": [
            {"id": key, "title": say(f"group_{key}"), "mode": mode, "layers": layers}
            for key, mode, layers in groups
            if layers
        ],
    }


def _named_reasons(homes: dict[str, Any], say: Speech) -> dict[str, Any]:
    return homes | {"reasons": [say(code) for code in homes.get("reasons", ())]}
