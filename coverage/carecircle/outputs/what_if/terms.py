"""What the what-if needs beside minutes: the roster, the gap rule, the circle style, the areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.circles import CircleStyle
from carecircle.analysis.gaps import GapContext, GapRule
from carecircle.outputs.map.codec import pack_codes, pack_counts
from carecircle.outputs.what_if.codec import numbers, places, steps

if TYPE_CHECKING:
    import geopandas as gpd

    from carecircle.analysis.findings import Findings, Ground

__all__ = ["pack_area_shapes", "pack_coming", "pack_members", "pack_owners", "pack_terms"]

_COMING = ("planned", "building")


def pack_terms(findings: Findings, ground: Ground) -> dict[str, Any]:
    """Return the terms of verdicts, gaps and circles.

    Parameters
    ----------
    findings
        Of one assessment.
    ground
        Of the same.

    Returns
    -------
    dict
        ``on_time`` share; ``by_name``: whether a new place serves the area it stands in by name;
        ``gaps``: the rule, ``detour``, metres in a minute, and ``open``, the parts of barriers that
        part no neighbours; ``circles``: ``trim`` in metres and the smallest ``hole`` in m2.
    """
    rule, style = ground.gap_rule or GapRule(), ground.circle_style or CircleStyle()
    context, facilities = GapContext(findings.card.profile), findings.facilities
    counted = facilities["eligible"].to_numpy(dtype=bool)
    by_name = "serves" in facilities and facilities.loc[counted, "serves"].notna().any()
    return {
        "on_time": findings.card.on_time_share,
        "by_name": bool(by_name),
        "gaps": {
            "join": rule.join_m, "elders": rule.min_elders, "population": rule.min_population,
            "homes": rule.min_homes, "residential_ha": rule.min_residential_ha,
            "detour": context.detour, "open": _parting_nobody(findings.barriers),
        },
        # split circles fill no hole: it may be another's ground
        "circles": {
            "trim": style.trim_m, "hole": 0.0 if style.overlap == "split" else style.min_hole_m2,
        },
    }  # fmt: skip


def _parting_nobody(barriers: gpd.GeoDataFrame) -> list[int]:
    """Return places of barrier parts, as the pack lists them, that gaps take for no barrier."""
    if "factor" not in barriers or barriers.empty:
        return []
    parts = [len(shapely.get_parts(shape)) for shape in barriers.geometry]
    slow = np.repeat(barriers["factor"].notna().to_numpy(dtype=bool), parts)
    return [int(place) for place in np.flatnonzero(slow)]


def pack_owners(register: pd.DataFrame, areas: pd.DataFrame) -> dict[str, Any]:
    """Return which facilities name the areas they serve, and which areas these are.

    As :func:`carecircle.roster` reads ``serves``: ids joined by ``;``.
    """
    listed = register["serves"] if "serves" in register else pd.Series(None, register.index)
    named = listed.notna().to_numpy(dtype=bool)
    codes = []
    for cell in listed:
        ids = [] if pd.isna(cell) else [one.strip() for one in str(cell).split(";")]
        code = areas.index.get_indexer(pd.Index(ids, dtype=object))
        codes.append(np.unique(code[code >= 0]))
    return {
        "named": pack_codes(named),
        "owners": pack_counts([len(one) for one in codes]),
        "owned": pack_counts(np.concatenate([*codes, np.zeros(0, dtype=np.int64)])),
    }


def pack_coming(findings: Findings) -> str:
    """Return which facilities are planned or built now and will count: the cause of some gaps."""
    facilities = findings.facilities
    if "status" not in facilities:
        return pack_codes(np.zeros(len(facilities)))
    coming = facilities["status"].isin(_COMING) & facilities["kind"].isin(findings.card.eligible)
    return pack_codes(coming.to_numpy(dtype=bool))


def pack_members(homes: pd.DataFrame) -> dict[str, Any]:
    """Return of the homes what only gaps ask for: order by id, residential ground in m2."""
    found: dict[str, Any] = {}
    if not homes.index.is_monotonic_increasing:
        found["order"] = steps(homes.index.argsort())
    if "residential_m2" in homes:
        ground = homes["residential_m2"].to_numpy(dtype=float, na_value=np.nan)
        found["residential"] = numbers(ground)
    return found


def pack_area_shapes(areas: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the ground of each area that has some, in the order in which points are given away.

    As :func:`carecircle.inputs.topology.assign_areas`: the lowest id first.
    """
    order = np.argsort(areas.index.astype(str).to_numpy(dtype=object), kind="stable")
    found = []
    for place in order:
        rings = shapely.get_rings(shapely.get_parts(areas.geometry.array[place]))
        if len(rings):
            found.append({
                "area": int(place),
                "points": pack_counts(shapely.get_num_coordinates(rings)),
                "xy": places(shapely.get_coordinates(rings)),
            })  # fmt: skip
    return found
