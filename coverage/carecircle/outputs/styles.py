"""Styles that QGIS takes from the GeoPackage itself, so that its layers open as on the map."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from carecircle.outputs import colours
from carecircle.outputs.codes import CODES, LAYERS
from carecircle.outputs.layers import data_date
from carecircle.outputs.map.text import Speech

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from carecircle.analysis.findings import Findings

__all__ = ["layer_styles", "write_styles"]

#: Table that QGIS looks for; other programs see a table of attributes.
_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
  description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME)
"""
_CONTENTS = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)
VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)
"""
_SHAPES = {
    "circle": "circle", "square": "square", "star": "star", "triangle": "triangle",
    "triangle_down": "triangle", "hexagon": "hexagon", "pentagon": "pentagon",
    "diamond": "diamond", "plus": "cross_fill",
}  # fmt: skip
_DOT = "#8b8f94"


def layer_styles(findings: Findings) -> dict[str, str]:
    """Return layer -> its style as QML, with the legend in the study's language.

    Parameters
    ----------
    findings
        The assessment.

    Examples
    --------
    >>> import carecircle as cc
    >>> styles = layer_styles(cc.assess(cc.samples.toy_town()))
    >>> list(styles), "none_late" in styles["areas"]
    (['areas', 'homes', 'facilities', 'circles', 'reached_roads', 'gaps'], True)
    """
    say = Speech(findings.card.language)
    makers: Mapping[str, Callable[[Findings, Speech], str]] = {
        "areas": _areas, "homes": _homes, "facilities": _facilities, "circles": _circles,
        "reached_roads": _reached, "gaps": _gaps,
    }  # fmt: skip
    return {layer: make(findings, say) for layer, make in makers.items()}


def write_styles(findings: Findings, path: Path) -> None:
    """Add the styles to a GeoPackage written by :func:`carecircle.outputs.layers.write_layers`.

    Parameters
    ----------
    findings
        The assessment; the date of its data is the date of the styles.
    path
        The GeoPackage.
    """
    pick = 0 if findings.card.language == "zh" else 1
    stamp = f"{data_date(findings.card.as_of)}T00:00:00.000Z"
    with closing(sqlite3.connect(path)) as base:
        column = dict(base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        base.execute(_TABLE)
        base.execute(_CONTENTS, [stamp])
        rows = [
            ("", "", layer, column[layer], LAYERS[layer][pick], qml, "", True, "carecircle", "",
             None, stamp)
            for layer, qml in layer_styles(findings).items()
            if layer in column
        ]  # fmt: skip
        base.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner,"
            " ui, update_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        base.commit()


def _areas(_: Findings, say: Speech) -> str:
    classes = [
        (code, say(code), _fill(colour, "#ffffff", 0.26)) for code, colour in colours.CELLS.items()
    ]
    return _by_value("cell", [*classes, ("", say("no_data"), _fill(colours.NO_DATA, "#ffffff"))])


def _homes(findings: Findings, say: Speech) -> str:
    """Style homes by the verdict and by minutes: the verdict is exact, the classes only colour."""
    edges = sorted({*findings.card.rings, *findings.card.limits.values()})
    paint = colours.home_colours(len(edges))
    over, none, unknown = paint[len(edges) :]
    rules = [
        (f'"covered" = 1 AND {_between("minutes", edges, place)}', say("within", f"{edge:g}"),
         _marker("circle", paint[place], 1.2))
        for place, edge in enumerate(edges)
    ]  # fmt: skip
    late, lost = ('"covered" = 0 AND "minutes" IS NOT NULL', '"covered" = 0 AND "minutes" IS NULL')
    rules += [
        (late, say("over_limit"), _marker("circle", over, 1.2)),
        (lost, say("unreachable"), _marker("circle", none, 1.6)),
        ('"covered" IS NULL', say("not_assessed"), _marker("circle", unknown, 1.2)),
    ]
    return _by_rule(rules)


def _facilities(findings: Findings, say: Speech) -> str:
    facilities = findings.facilities
    counted = facilities[facilities["eligible"].fillna(value=False).astype(bool)]
    rules = []
    for rank, kind in enumerate(sorted(counted["kind"].dropna().astype(str).unique())):
        symbol = colours.symbol_of(kind, rank)
        angle = 180 if symbol.shape == "triangle_down" else 0
        name = say.pick(findings.card.kinds.get(kind, (kind, kind)))
        value = kind.replace("'", "''")
        marker = _marker(_SHAPES.get(symbol.shape, "circle"), symbol.colour, 3.2, angle)
        rules.append((f'"eligible" = 1 AND "kind" = \'{value}\'', name, marker))
    other = say.pick(("其他设施(不计入覆盖)", "others, not counted"))
    return _by_rule([*rules, ("ELSE", other, _marker("circle", _DOT, 1.2))])


def _circles(findings: Findings, say: Speech) -> str:
    rings = sorted(findings.circles["minutes"].dropna().unique()) if len(findings.circles) else []
    classes = [
        (f"{ring:g}", say("layer_circle", f"{ring:g}"),
         _fill(colours.ring_colour(place), alpha=150))
        for place, ring in enumerate(rings)
    ]  # fmt: skip
    return _by_value("minutes", classes)


def _reached(findings: Findings, say: Speech) -> str:
    edges = sorted({*findings.card.rings, *findings.card.limits.values()})
    paint = colours.home_colours(len(edges))
    return _by_rule(
        (_between("minutes_end", edges, place), say("within", f"{edge:g}"), _line(paint[place]))
        for place, edge in enumerate(edges)
    )


def _between(column: str, edges: list[float], place: int) -> str:
    """Return the expression of one class; exactly at an edge is within it."""
    above = f' AND "{column}" > {edges[place - 1]:g}' if place else ""
    return f'"{column}" <= {edges[place]:g}{above}'


def _gaps(findings: Findings, say: Speech) -> str:
    pick = 0 if say.language == "zh" else 1
    causes = findings.gaps["cause"].dropna().astype(str).unique() if len(findings.gaps) else []
    paint = dict(zip(CODES["cause"], _CAUSES, strict=True))
    known = [cause for cause in CODES["cause"] if cause in causes]
    classes = [
        (cause, CODES["cause"][cause][pick], _fill(paint[cause], "#ffffff", alpha=205))
        for cause in known
    ]
    return _by_value("cause", [*classes, ("", say("layer_gaps"), _fill(colours.GAP, "#ffffff"))])


#: One colour for each cause, dark enough to be seen over any area.
_CAUSES = ("#6f7478", "#b9bab8", "#2b5d8a", "#5b4a8a", "#a0682b", "#c9a227", colours.GAP)


def _by_value(column: str, classes: Iterable[tuple[str, str, str]]) -> str:
    """Return a style with one symbol per value; an empty value is all others."""
    classes = list(classes)
    categories = "".join(
        f'<category render="true" value={quoteattr(value)} label={quoteattr(label)}'
        f' symbol="{place}"/>'
        for place, (value, label, _) in enumerate(classes)
    )
    symbols = _symbols(symbol for _, _, symbol in classes)
    return _document(
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)} enableorderby="0"'
        f' forceraster="0" symbollevels="0"><categories>{categories}</categories>{symbols}'
        "</renderer-v2>"
    )


def _by_rule(rules: Iterable[tuple[str, str, str]]) -> str:
    """Return a style with one symbol per expression."""
    rules = list(rules)
    told = "".join(
        f'<rule filter={quoteattr(rule)} label={quoteattr(label)} key="r{place}" symbol="{place}"/>'
        for place, (rule, label, _) in enumerate(rules)
    )
    symbols = _symbols(symbol for _, _, symbol in rules)
    return _document(
        '<renderer-v2 type="RuleRenderer" enableorderby="0" forceraster="0" symbollevels="0">'
        f'<rules key="rules">{told}</rules>{symbols}</renderer-v2>'
    )


def _document(renderer: str) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="3.22.0" styleCategories="Symbology">{renderer}'
        "<blendMode>0</blendMode><featureBlendMode>0</featureBlendMode>"
        "<layerOpacity>1</layerOpacity></qgis>\n"
    )


def _symbols(symbols: Iterable[str]) -> str:
    named = "".join(symbol.replace("NAME", str(place), 1) for place, symbol in enumerate(symbols))
    return f"<symbols>{named}</symbols>"


def _symbol(kind: str, layer: str, **options: object) -> str:
    told = "".join(
        f'<Option type="QString" name="{name}" value={quoteattr(str(value))}/>'
        for name, value in options.items()
    )
    return (
        f'<symbol type="{kind}" name="NAME" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{layer}" enabled="1" locked="0" pass="0"><Option type="Map">{told}</Option>'
        "</layer></symbol>"
    )


def _fill(colour: str, edge: str = "", width: float = 0.1, *, alpha: int = 255) -> str:
    return _symbol(
        "fill", "SimpleFill", color=_rgba(colour, alpha), style="solid",
        outline_color=_rgba(edge or colour, alpha), outline_style="solid" if edge else "no",
        outline_width=width, outline_width_unit="MM",
    )  # fmt: skip


def _marker(shape: str, colour: str, size: float, angle: int = 0) -> str:
    return _symbol(
        "marker", "SimpleMarker", name=shape, color=_rgba(colour), size=size, size_unit="MM",
        angle=angle, outline_color=_rgba("#ffffff"),
        outline_style="solid" if size > _SMALL else "no", outline_width=0.2,
        outline_width_unit="MM",
    )  # fmt: skip


_SMALL = 2.0


def _line(colour: str) -> str:
    return _symbol(
        "line", "SimpleLine", line_color=_rgba(colour), line_style="solid", line_width=0.5,
        line_width_unit="MM", capstyle="round",
    )  # fmt: skip


def _rgba(colour: str, alpha: int = 255) -> str:
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return ",".join(map(str, [*parts, alpha]))
