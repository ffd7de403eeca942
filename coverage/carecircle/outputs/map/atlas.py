"""The interactive map: one HTML file that opens with no internet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecircle.errors import InputError
from carecircle.outputs.headcount import counted_in
from carecircle.outputs.map.access import with_access
from carecircle.outputs.map.card import card_of, headline_of, kinds_here, ui_words
from carecircle.outputs.map.change import Change
from carecircle.outputs.map.change_shapes import change_circles, change_gaps, gaps_by_view
from carecircle.outputs.map.codec import STEP_DEGREES
from carecircle.outputs.map.layers import (
    area_layers,
    area_shapes,
    facility_layers,
    facility_places,
    gap_layers,
    home_layers,
    homes_data,
)
from carecircle.outputs.map.lines import base_layers, circle_layers
from carecircle.outputs.map.names import pinyin_keys
from carecircle.outputs.map.records import (
    area_records,
    counted_kinds,
    facility_records,
    gap_records,
)
from carecircle.outputs.map.rules import city_rules
from carecircle.outputs.map.shapes import bounds_of
from carecircle.outputs.map.summary import spoken_summary
from carecircle.outputs.map.table import unit_tables
from carecircle.outputs.map.text import Speech, in_language
from carecircle.outputs.map.tiles import tile_source
from carecircle.outputs.what_if.pack import what_if_elements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import folium

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.access import AccessFound
    from carecircle.outputs.map.shapes import Layer

__all__ = ["change_map", "coverage_map"]


def coverage_map(
    findings: Findings,
    *,
    access: AccessFound | None = None,
    most_reached_pieces: int = 150_000,
    tiles: str | None = None,
) -> folium.Map:
    """Draw an assessment as an interactive map that needs no internet.

    Areas by verdict (roster against time), covered share, minutes, floor area and standards; homes
    by minutes, service circles, uncovered areas with their cause, floor-area shortfalls and
    facilities over roads, water, railways and boundaries; with headline, legend, terms, sources,
    a table, search in characters and pinyin, a summary in words, and a what-if that searches again
    in the page where the findings know their network. All texts are there in Chinese
    and English; it opens in the language of the study. No figure of today is computed here.

    Parameters
    ----------
    findings
        The frames of one assessment, in one projected CRS; any of them may be empty.
    access
        From :func:`carecircle.access_of` of the same study: one more layer of the areas, with the
        supply in reach of 1,000 people, and a line in their popups.
    most_reached_pieces
        Reached roads are left out of the file, and the layer says so, above this many pieces.
    tiles
        A base map from the internet, only if wanted: ``"osm"``, ``"tianditu:KEY"`` with a key of
        one's own, or any ``https://…/{z}/{x}/{y}.png`` in WGS-84 or CGCS2000. Without it the page
        asks nobody for anything.

    Returns
    -------
    folium.Map
        Write it with ``save(path)``: equal findings give equal bytes. It shows itself in Jupyter
        and takes further folium elements.

    Raises
    ------
    CrsError
        If a frame with records has no CRS.
    InputError
        If the tiles are no address, or in GCJ-02 or BD-09; if the access is of other areas.

    Examples
    --------
    ::

        coverage_map(findings).save("map.html")
    """
    say = Speech("both")
    payload = _payload(findings, say, access, most_reached_pieces)
    if tiles is not None:
        payload["tiles"] = tile_source(tiles, say)
    return _chart(findings, payload, what_if_elements(findings))


def change_map(before: Findings, after: Mapping[str, Findings]) -> folium.Map:
    """Draw before, after and change as one interactive map that needs no internet.

    A switch shows today, any scenario, or what it changes: areas by change of the covered share and
    of the verdict, homes newly in time and no longer, facilities built and closed, uncovered areas
    and circles where the findings have them. Beside it the headline of the same view, with
    numerators and denominators. No figure is computed here.

    Parameters
    ----------
    before
        The frames of today.
    after
        Scenario -> its frames, with the areas and homes of today; the order is kept.

    Returns
    -------
    folium.Map
        As :func:`coverage_map` gives it; shows the change of the first scenario at the start.

    Raises
    ------
    InputError
        If a scenario has other areas or homes than today.

    Examples
    --------
    ::

        change_map(cc.assess(study), {"slower": cc.assess(slow)}).save("change.html")
    """
    say = Speech("both")
    for name, one in after.items():
        for table in ("areas", "homes"):
            was, now = getattr(before, table).index, getattr(one, table).index
            if len(was) != len(now) or len(was.symmetric_difference(now)):
                msg = f"{name}: {table} are not those of today; compare states of one study"
                raise InputError(msg)
    change = Change(before, after, say)
    usual, changed = change.facility_layers()
    kinds = [layer for layer in usual if layer["on"]]
    others = [layer for layer in usual if not layer["on"]]
    states, gaps = [before, *after.values()], change_gaps([before, *after.values()], say)
    homes = change.home_layers()
    groups = (
        ("areas", "radio", change.area_layers()),
        ("people" if gaps else "homes", "check", [*homes, *gaps]),
        ("facilities", "check", [*kinds, *changed]),
        ("facilities_other", "check", others),
        ("circles", "check", change_circles(states, say)),
        ("base", "check", base_layers(before, say)),
    )
    payload = {
        **_frame(before, say),
        "views": change.views() | {"gaps": gaps_by_view(states, say)},
        "areas": _with_pinyin(area_shapes(before) | change.area_records()),
        "facilities": _with_pinyin(change.facilities()),
        "gaps": gap_records(before, say),
        "homes": _named_reasons(change.homes(), say),
        "groups": _grouped(groups, say),
    }
    return _chart(before, payload)


def _chart(findings: Findings, payload: dict[str, Any], elements: str = "") -> folium.Map:
    # a plain import of carecircle must stay light
    import folium

    from carecircle.outputs.map.page import Atlas, make_offline

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
    chart.add_child(Atlas(payload | {"bounds": bounds}, elements=elements))
    make_offline(chart, in_language(payload["card"]["title"], findings.card.language))
    return chart


def _payload(
    findings: Findings, say: Speech, access: AccessFound | None, most_pieces: int
) -> dict[str, Any]:
    kinds = facility_layers(findings, say)
    records = with_access(dict(area_records(findings, say)), findings, access, say)
    fills = area_layers(findings, say, access=access) if len(findings.areas) else []
    groups = (
        ("areas", "radio", fills),
        ("people", "check", [*home_layers(findings, say), *gap_layers(findings, say)]),
        ("facilities", "check", [layer for layer in kinds if layer["on"]]),
        ("facilities_other", "check", [layer for layer in kinds if not layer["on"]]),
        ("circles", "check", circle_layers(findings, say, most_pieces=most_pieces)),
        ("base", "check", base_layers(findings, say)),
    )
    return {
        **_frame(findings, say),
        "areas": _with_pinyin(area_shapes(findings) | records),
        "facilities": _with_pinyin(facility_places(findings) | facility_records(findings, say))
        | {"ids": [str(one) for one in findings.facilities.index]},
        "gaps": gap_records(findings, say),
        "homes": _named_reasons(homes_data(findings), say),
        "groups": _grouped(groups, say),
    }


def _frame(findings: Findings, say: Speech) -> dict[str, Any]:
    """Return what every map has around its layers."""
    return {
        "lang": findings.card.language,
        "step": STEP_DEGREES,
        "words": ui_words(say),
        "card": card_of(
            findings.card,
            say,
            kinds=kinds_here(findings),
            weight=counted_in(findings),
            singly=counted_kinds(findings),
        ),
        "headline": headline_of(findings, say),
        "table": unit_tables(findings, say),
        "summary": spoken_summary(findings, say),
        "city_rules": city_rules(findings, say),
        "statuses": [say("operating"), say("pipeline"), say("closed")],
    }


def _with_pinyin(records: dict[str, Any]) -> dict[str, Any]:
    return records | {"pinyin": pinyin_keys(records["title"])}


def _grouped(groups: Iterable[tuple[str, str, list[Layer]]], say: Speech) -> list[dict[str, Any]]:
    return [
        {"id": key, "title": say(f"group_{key}"), "mode": mode, "layers": layers}
        for key, mode, layers in groups
        if layers
    ]


def _named_reasons(homes: dict[str, Any], say: Speech) -> dict[str, Any]:
    return homes | {"reasons": [say(code) for code in homes.get("reasons", ())]}
