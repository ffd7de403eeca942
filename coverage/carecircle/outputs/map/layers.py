"""Layers of areas, homes, uncovered areas and facilities: shapes, classes and legend."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.outputs import colours
from carecircle.outputs.headcount import GAP_COLUMNS, counted_in
from carecircle.outputs.map.access import access_classes
from carecircle.outputs.map.codec import pack_codes, pack_counts, pack_points, pack_shapes
from carecircle.outputs.map.records import column, counted_kinds, kind_names, statuses
from carecircle.outputs.map.rules import rule_layer
from carecircle.outputs.map.shapes import DRAWN_M, Layer, has_place, places, swatch, wgs84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.access import AccessFound
    from carecircle.outputs.map.text import Speech

__all__ = [
    "area_layers",
    "area_shapes",
    "class_edges",
    "facility_layers",
    "facility_places",
    "gap_layers",
    "home_layers",
    "homes_data",
]

_AREA_M = 4.0
_MISSING_CODE = 255
_STATUS_CODES = {"operating": 0, "building": 1, "planned": 1, "closed": 2}


def area_shapes(findings: Findings) -> Layer:
    """Return the boundaries, simplified together so that neighbours keep one border."""
    areas = findings.areas
    outline = areas.copy(deep=False)
    has = has_place(areas)
    if has.any():
        together = shapely.coverage_simplify(areas.geometry[has].to_numpy(), _AREA_M)
        outline.loc[has, "geometry"] = gpd.GeoSeries(together, areas.index[has], crs=areas.crs)
    geometry = wgs84(outline, "areas")
    xy, placed = places(geometry)
    return {
        "shapes": pack_shapes(geometry.to_numpy()),
        "xy": xy,
        "placed": pack_codes(placed),
        "n": len(areas),
    }


def _fill(
    key: str, title: str, codes: NDArray[np.int64], classes: Sequence[tuple[str, str]]
) -> Layer:
    counts = np.bincount(codes, minlength=len(classes))
    return {
        "id": key,
        "title": title,
        "type": "fill",
        "codes": pack_codes(codes),
        "colours": [colour for _, colour in classes],
        "legend": [
            swatch("fill", colour, label, int(count))
            for (label, colour), count in zip(classes, counts, strict=True)
        ],
    }


def _code(values: pd.Series, known: Sequence[str]) -> NDArray[np.int64]:
    """Return the place of each value in ``known``; anything else comes after the last."""
    found = pd.Index(known).get_indexer(pd.Index(values, dtype=object))
    return np.where(found < 0, len(known), found).astype(np.int64)


def area_layers(
    findings: Findings, say: Speech, *, access: AccessFound | None = None
) -> list[Layer]:
    """Return the fills of the areas: verdict, covered share, minutes and, if known, more."""
    cells = [(say(cell), colour) for cell, colour in colours.CELLS.items()]
    grey = (say("not_assessed"), colours.NO_DATA)
    verdict = _fill(
        "cell",
        say("layer_cell"),
        _code(column(findings.areas, "cell"), list(colours.CELLS)),
        [*cells, grey],
    )
    layers = [verdict | {"on": True}, _rate_layer(findings, say)]
    layers += [*_minutes_layer(findings, say), *_access_layer(findings, access, say)]
    if len(findings.floor_areas):
        status = column(findings.floor_areas, "status").reindex(findings.areas.index)
        classes = [(say(code), colour) for code, colour in colours.FLOOR.items()]
        codes = _code(status, list(colours.FLOOR))
        layers.append(_fill("floor", say("layer_floor"), codes, [*classes, grey]))
    layers += rule_layer(findings, say)
    return [*layers, {"id": "none", "title": say("layer_none"), "type": "none", "legend": []}]


def _rate_layer(findings: Findings, say: Speech) -> Layer:
    name = f"{counted_in(findings)}_rate"
    rate = pd.to_numeric(column(findings.areas, name)).to_numpy(dtype=float)
    edges = np.array(colours.RATE_EDGES)
    # 94.99 is not yet 95: an edge belongs to the class above it
    codes = np.where(np.isnan(rate), len(colours.RATES), np.digitize(rate * 100, edges))
    labels = [
        f"< {edges[0]:g}%",
        *(f"{low:g}–{high:g}%" for low, high in itertools.pairwise(edges)),
        f"≥ {edges[-1]:g}%",
    ]
    classes = [*zip(labels, colours.RATES, strict=True), (say("no_data"), colours.NO_DATA)]
    layer = _fill("rate", say(name), codes.astype(np.int64), classes)
    return layer | {"edges": edges.tolist()}


def _minutes_layer(findings: Findings, say: Speech) -> list[Layer]:
    minutes = pd.to_numeric(column(findings.areas, "median_minutes")).to_numpy(dtype=float)
    if np.isnan(minutes).all():
        return []
    edges = class_edges(findings)
    codes = np.searchsorted(edges, minutes, side="left")
    codes = np.where(np.isnan(minutes), len(edges) + 1, codes)
    labels = [say("within", f"{edge:g}") for edge in edges]
    labels += [say("above", f"{edges[-1]:g}"), say("no_data")]
    *within, over, _, unknown = colours.home_colours(len(edges))
    classes = list(zip(labels, (*within, over, unknown), strict=True))
    return [_fill("minutes", say("layer_minutes"), codes.astype(np.int64), classes)]


def _access_layer(findings: Findings, access: AccessFound | None, say: Speech) -> list[Layer]:
    if access is None:
        return []
    title, codes, classes = access_classes(findings, access, say)
    return [_fill("access", title, codes, classes)]


def class_edges(findings: Findings) -> list[float]:
    """Return the upper edges of the classes in time, in minutes: rings and limits, sorted."""
    return sorted({*findings.card.rings, *findings.card.limits.values()})


def _home_classes(findings: Findings) -> NDArray[np.int64]:
    """Return each home's class, decided on exact minutes: within an edge, over, no way, unknown."""
    homes, edges = findings.homes, class_edges(findings)
    minutes = pd.to_numeric(column(homes, "minutes")).to_numpy(dtype=float)
    covered = column(homes, "covered").astype("boolean")
    within = np.clip(np.searchsorted(edges, minutes, side="left"), 0, len(edges) - 1)
    late = np.where(np.isnan(minutes), len(edges) + 1, len(edges))
    codes = np.where(covered.fillna(value=False).to_numpy(dtype=bool), within, late)
    return np.where(covered.isna().to_numpy(), len(edges) + 2, codes).astype(np.int64)


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(np.int64)


def _ids(frame: pd.DataFrame, name: str) -> pd.Index:
    return pd.Index(column(frame, name), dtype=object)


def homes_data(findings: Findings) -> Layer:
    """Return places, classes, minutes (hundredths), facility, access leg, limit and reason."""
    if findings.homes.empty:
        return {"n": 0}
    placed = has_place(findings.homes)
    homes = findings.homes[placed]
    geometry = wgs84(homes, "homes").representative_point()
    minutes = pd.to_numeric(column(homes, "minutes")).to_numpy(dtype=float)
    limit = pd.to_numeric(column(homes, "limit_minutes")).to_numpy(dtype=float)
    limits, limit_code = np.unique(limit[~np.isnan(limit)], return_inverse=True)
    codes = np.full(len(homes), _MISSING_CODE)
    codes[~np.isnan(limit)] = limit_code
    reasons = column(homes, "reason").fillna("").astype(str)
    reason_names, reason_code = np.unique(reasons.to_numpy(dtype=str), return_inverse=True)
    # 15.004 is over 15 and must not read 15.00
    shown = np.where(minutes > limit, np.ceil(minutes * 100), np.floor(minutes * 100))
    access = pd.to_numeric(column(homes, "access_m")).to_numpy(dtype=float)
    return {
        "n": len(homes),
        "edges": class_edges(findings),
        "left_out": np.flatnonzero(~placed).tolist(),
        "xy": pack_points(geometry.x, geometry.y),
        "codes": pack_codes(_home_classes(findings)[placed]),
        "minutes": pack_counts(_whole(shown)),
        "facility": pack_counts(findings.facilities.index.get_indexer(_ids(homes, "facility_id"))),
        "area": pack_counts(findings.areas.index.get_indexer(_ids(homes, "area_id"))),
        "access": pack_counts(_whole(np.rint(access))),
        "limit": pack_codes(codes),
        "limits": [float(value) for value in limits],
        "reason": pack_codes(reason_code),
        "reasons": [str(name) for name in reason_names],
    }


def home_layers(findings: Findings, say: Speech) -> list[Layer]:
    """Return the layer of homes by minutes."""
    if findings.homes.empty:
        return []
    edges = class_edges(findings)
    labels = [say("within", f"{edge:g}") for edge in edges]
    labels += [say("over_limit"), say("unreachable"), say("not_assessed")]
    paint = colours.home_colours(len(edges))
    counts = np.bincount(_home_classes(findings), minlength=len(labels))
    legend = [
        swatch("dot", colour, label, int(count))
        for label, colour, count in zip(labels, paint, counts, strict=True)
    ]
    return [
        {
            "id": "homes",
            "title": say("layer_homes"),
            "type": "homes",
            "on": True,
            "colours": list(paint),
            "legend": legend,
        }
    ]


def gap_layers(findings: Findings, say: Speech) -> list[Layer]:
    """Return uncovered areas with their labels, and the floor-area shortfalls."""
    return [*_gap_layer(findings, say), *_bubble_layer(findings, say)]


def _gap_layer(findings: Findings, say: Speech) -> list[Layer]:
    gaps = findings.gaps
    if gaps.empty:
        return []
    geometry = wgs84(gaps, "gaps", tolerance_m=DRAWN_M)
    xy, placed = places(geometry)
    weight = counted_in(findings)
    labels = [
        "" if kind == "scattered" else f"{say(f'{weight}_label', say.number(count))} · {say(cause)}"
        for kind, count, cause in zip(
            column(gaps, "kind"),
            column(gaps, GAP_COLUMNS[weight]),
            column(gaps, "cause").map(say.text),
            strict=True,
        )
    ]
    return [
        {
            "id": "gaps",
            "title": say("layer_gaps"),
            "type": "gaps",
            "on": True,
            "n": len(gaps),
            "colour": colours.GAP,
            "shapes": pack_shapes(geometry.to_numpy()),
            "xy": xy,
            "placed": pack_codes(placed),
            "labels": labels,
            "legend": [swatch("hatch", colours.GAP, say("layer_gaps"), len(gaps))],
        }
    ]


def _bubble_layer(findings: Findings, say: Speech) -> list[Layer]:
    shortfall = pd.to_numeric(column(findings.floor_areas, "shortfall_m2"))
    square_metres = shortfall.reindex(findings.areas.index).fillna(0.0).clip(lower=0)
    if not (square_metres > 0).any():
        return []
    largest = float(square_metres.max())
    return [
        {
            "id": "bubbles",
            "title": say("layer_bubbles"),
            "type": "bubbles",
            "colour": "#7a4a8c",
            "m2": pack_counts(np.ceil(square_metres)),
            "largest": largest,
            "legend": [
                swatch(
                    "bubble",
                    "#7a4a8c",
                    say("bubble_largest", say.number(largest)),
                    int((square_metres > 0).sum()),
                )
            ],
        }
    ]


def _kind_order(findings: Findings) -> list[str]:
    here = set(column(findings.facilities, "kind").dropna().astype(str))
    known = [*findings.card.eligible, *counted_kinds(findings), *findings.card.kinds]
    return [*dict.fromkeys(kind for kind in known if kind in here), *sorted(here - set(known))]


def facility_places(findings: Findings) -> Layer:
    """Return where each facility stands, its kind and its status."""
    facilities = findings.facilities
    xy, placed = places(wgs84(facilities, "facilities"))
    kinds = column(facilities, "kind").astype(object)
    return {
        "n": len(facilities),
        "xy": xy,
        "placed": pack_codes(placed),
        "kind": pack_counts(
            pd.Index(_kind_order(findings), dtype=object).get_indexer(pd.Index(kinds))
        ),
        "status": pack_codes(statuses(facilities).map(_STATUS_CODES).fillna(0)),
    }


def facility_layers(findings: Findings, say: Speech) -> list[Layer]:
    """Return one layer per facility kind; those that count come first and are on."""
    names = kind_names(findings, say)
    counts = column(findings.facilities, "kind").value_counts()
    counted = {*findings.card.eligible, *counted_kinds(findings)}
    layers = []
    for place, kind in enumerate(_kind_order(findings)):
        symbol = colours.symbol_of(kind, place)
        name = names.get(kind, kind)
        entry = swatch("symbol", symbol.colour, name, int(counts[kind]))
        layers.append(
            {
                "id": f"kind{place}",
                "title": name,
                "type": "symbols",
                "on": kind in counted,
                "kind": place,
                "shape": symbol.shape,
                "colour": symbol.colour,
                "legend": [entry | {"shape": symbol.shape}],
            }
        )
    return layers
