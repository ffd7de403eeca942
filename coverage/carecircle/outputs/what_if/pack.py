"""What travels inside the map so that its page can search again: network, homes, facilities, units.

The page must give Python's figures, so positions along a piece keep every bit. ``what_if/pack.js``
reads it all back; ``what_if/worker.js`` says how a page talks to the search.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.coverage import WEIGHTS
from carecircle.analysis.roster import is_eligible
from carecircle.outputs.map.codec import pack_codes, pack_counts
from carecircle.outputs.map.lean import lean
from carecircle.outputs.map.page import json_for_html
from carecircle.outputs.what_if.codec import STEP_M, exact, numbers, places, rare, steps
from carecircle.outputs.what_if.floor import pack_floor
from carecircle.outputs.what_if.plane import plane_of
from carecircle.outputs.what_if.roads import PieceOrder, pack_barriers, pack_pieces, pack_roads
from carecircle.outputs.what_if.terms import (
    pack_area_shapes,
    pack_coming,
    pack_members,
    pack_owners,
    pack_terms,
)
from carecircle.planning.tally import Tally
from carecircle.roads.positions import locate

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings, Ground

__all__ = ["pack_what_if", "what_if_elements"]

#: In the order in which each may use those before it.
_SCRIPTS = (
    "pack.js", "plane.js", "shapes.js", "lines.js", "search.js", "network.js", "changes.js",
    "positions.js", "tally.js", "reached.js", "roster.js", "floor.js", "neighbours.js", "gaps.js",
    "squares.js", "fields.js", "circles.js", "drawing.js", "engine.js", "clicks.js", "worker.js",
)  # fmt: skip
_REASONS = ("", "not_linked", "blocked", "no_position")


def what_if_elements(findings: Findings) -> str:
    """Return the script elements that bring the what-if into a page; empty without a network.

    ``what-if-worker`` holds the code of the worker as text, to be started from a blob, and
    ``what-if-pack`` its data. No request is made.

    Parameters
    ----------
    findings
        Of one assessment.
    """
    pack = pack_what_if(findings)
    if not pack:
        return ""
    return (
        f'<script type="text/plain" id="what-if-worker">{_code()}</script>\n'
        f'<script type="application/json" id="what-if-pack">{pack}</script>'
    )


@cache
def _code() -> str:
    folder = resources.files(__package__)
    return "\n".join(lean((folder / name).read_text(encoding="utf-8")) for name in _SCRIPTS)


def pack_what_if(findings: Findings, *, most_records: int = 500_000) -> str:
    """Pack network, homes, facilities and units of an assessment as JSON for the page.

    Parameters
    ----------
    findings
        Of one assessment; equal findings give equal bytes.
    most_records
        Above so many pieces of road and homes together a page would be too heavy to open (100,000
        take about 4 MB), so nothing is packed.

    Returns
    -------
    str
        Safe inside a script element; empty where nothing can be searched: minutes came from a
        table, homes were taken out, or there is too much of it.

    Examples
    --------
    >>> import json, carecircle as cc
    >>> pack = json.loads(pack_what_if(cc.assess(cc.samples.toy_town())))
    >>> pack["facilities"]["id"], pack["limits"]
    (['F1', 'F2', 'S1', 'S2', 'S3'], {'urban': 15.0, 'rural': 30.0})
    """
    ground = findings.ground
    # findings made fit for publishing have lost homes: who lives where must not come back in
    if ground is None or not findings.homes.index.equals(ground.homes.index):
        return ""
    network = ground.network
    if len(network.roads) + len(findings.homes) > most_records:
        return ""
    order = PieceOrder.of(network)
    card, profile = findings.card, network.profile
    pack = {
        "step": STEP_M,
        "plane": plane_of(findings.roads.total_bounds, network.crs),
        "towards": card.direction == "to_facility",
        "connected": ground.prefer_connected,
        "snap": dict(ground.snap_m),
        "limits": dict(card.limits),
        "rings": list(card.rings),
        "kind": card.eligible[0],
        "profile": {
            "speed": profile.speed_m_s,
            "leg": profile.leg_speed_m_s,
            "leg_follows": profile.access_speed_m_s is None
            and profile.mode in ("walk", "wheelchair"),
            "minutes": profile.access_minutes,
            "crossing": profile.crossing_seconds,
            "one_speed": not profile.class_kmh,
            "new_road": _new_road_speed(profile.class_kmh, profile.speed_m_s),
        },
        "pieces": pack_pieces(network, order),
        "roads": pack_roads(findings.roads, network.roads.index[order.rows]),
        "barriers": pack_barriers(findings.barriers),
        "homes": _homes(findings, ground, order),
        "facilities": _facilities(findings, ground, order),
        "sites": _sites(findings, ground, order),
        "units": _units(findings),
        "areas": _areas(findings),
        "terms": pack_terms(findings, ground),
        "floor": pack_floor(findings, ground),
    }
    return json_for_html(pack)


def _new_road_speed(class_kmh: Mapping[str, float], usual: float) -> float:
    # roads added by a scenario are residential unless they say otherwise
    return class_kmh["residential"] / 3.6 if "residential" in class_kmh else usual


def _homes(findings: Findings, ground: Ground, order: PieceOrder) -> dict[str, Any]:
    homes = findings.homes
    weights = {
        name: numbers(homes[column].to_numpy(dtype=float, na_value=np.nan))
        for name, column in WEIGHTS.items()
        if column in homes
    }
    placed = ground.homes["reason"].to_numpy() != "no_position"
    xy = np.zeros((len(homes), 2))
    xy[placed] = shapely.get_coordinates(shapely.centroid(homes.geometry.array[placed]))
    found = _positions(ground.homes, order)
    return {
        "n": len(homes),
        "xy": places(xy),
        "piece": steps(found["piece"]),
        "share": exact(found["share"]),
        "access": exact(found["access"]),
        "passed": rare(ground.homes["passed_over"].to_numpy(dtype=bool)),
        "reason": rare(pd.Index(_REASONS).get_indexer(pd.Index(ground.homes["reason"]))),
        "area": steps(findings.areas.index.get_indexer(pd.Index(homes["area_id"]))),
        "weights": weights,
        **pack_members(homes),
    }


def _positions(at: pd.DataFrame, order: PieceOrder) -> dict[str, NDArray[Any]]:
    row = at["piece"].to_numpy(dtype=np.int64)
    linked = row >= 0
    on = np.where(linked, row, 0)
    share = at["fraction"].to_numpy(dtype=float)
    return {
        "piece": np.where(linked, order.number[on], -1),
        "share": np.where(linked, np.where(order.turned[on], 1.0 - share, share), 0.0),
        "access": at["access_m"].fillna(0.0).to_numpy(dtype=float),
    }


def _facilities(findings: Findings, ground: Ground, order: PieceOrder) -> dict[str, Any]:
    facilities, eligible = findings.facilities, findings.card.eligible
    counts = is_eligible(facilities.assign(status="operating"), eligible)
    status = facilities.get("status")
    operates = np.ones(len(facilities), bool) if status is None else status == "operating"
    return _register(facilities, ground.facilities, order, findings) | {
        "counts": pack_codes(counts),
        "operates": pack_codes(operates),
        "coming": pack_coming(findings),
    }


def _sites(findings: Findings, ground: Ground, order: PieceOrder) -> dict[str, Any]:
    sites = ground.sites
    if sites is None or not len(sites):
        return {"id": []}
    from carecircle.inputs.topology import assign_areas

    usual = findings.card.eligible[0]
    built = sites.assign(
        area_id=assign_areas(sites, findings.areas),
        kind=sites["kind"].fillna(usual) if "kind" in sites else usual,
        status="operating",
    )
    snap = _snap(built["area_id"], findings, ground)
    prefer = {0} if ground.prefer_connected else None
    at = locate(ground.network, built, max_snap_m=snap, prefer=prefer)
    if pack_terms(findings, ground)["by_name"]:
        serves = built["serves"] if "serves" in built else pd.Series(pd.NA, built.index)
        built["serves"] = serves.fillna(built["area_id"]).astype("str")
    counts = pack_codes(is_eligible(built, findings.card.eligible))
    return _register(built, at, order, findings) | {"counts": counts}


def _snap(area: pd.Series, findings: Findings, ground: Ground) -> pd.Series:
    by_kind = findings.areas["kind"].map(dict(ground.snap_m))
    return area.map(by_kind).astype(float).fillna(max(ground.snap_m.values()))


def _register(
    places: gpd.GeoDataFrame, at: pd.DataFrame, order: PieceOrder, findings: Findings
) -> dict[str, Any]:
    found = _positions(at, order)
    xy = np.full((len(places), 2), np.nan)
    has = at["reason"].to_numpy() != "no_position"
    xy[has] = shapely.get_coordinates(shapely.centroid(places.geometry.array[has]))
    extra = places.get("extra_minutes", pd.Series(0.0, places.index)).fillna(0.0)
    return {
        "id": [str(one) for one in places.index],
        "xy": exact(xy.ravel()),
        "piece": pack_counts(found["piece"]),
        "share": exact(found["share"]),
        "access": exact(found["access"]),
        "extra": exact(extra.to_numpy(dtype=float)),
        "area": pack_counts(findings.areas.index.get_indexer(pd.Index(places["area_id"]))),
        **pack_owners(places, findings.areas),
    }


def _units(findings: Findings) -> dict[str, Any]:
    """Return id, name and, of each area, its unit, of every level of the roll-up."""
    card = findings.card
    none = np.ones(len(findings.homes), dtype=bool)
    tally = Tally.over(
        findings.homes, findings.areas, card.limits, located=none, on_time_share=card.on_time_share
    )
    return {
        level: {
            "id": [str(one) for one in units.units],
            "name": ["" if pd.isna(one) else str(one) for one in units.names],
            "of": pack_counts(units.of_area),
            "stray": units.stray,
        }
        for level, units in tally.levels.items()
    }


def _areas(findings: Findings) -> dict[str, Any]:
    """Return kind and ground of each area."""
    areas = findings.areas
    kinds = sorted(areas["kind"].dropna().unique())
    return {
        "kinds": kinds,
        "kind": pack_counts(pd.Index(kinds).get_indexer(pd.Index(areas["kind"]))),
        "ground": pack_area_shapes(areas),
    }
