"""The roads as the what-if carries them: pieces turned and sorted along their chains, and barriers.

Lengths keep every bit, and seconds are derived from them in the page by the very formula of
:mod:`carecircle.roads.access`. Shapes serve only to link new places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from carecircle.outputs.map.codec import pack_codes, pack_counts
from carecircle.outputs.what_if.codec import exact, places, steps, texts
from carecircle.roads.access import MAJOR, crossing_ends, is_structure, speeds, tobler_factor

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork

__all__ = ["PieceOrder", "pack_barriers", "pack_pieces", "pack_roads"]

_WITH, _AGAINST, _LINK, _STRUCTURE, _MAJOR_ROAD, _TURNED = 1, 2, 4, 8, 16, 32
_GROUND = 2  # dimensions of a polygon


class PieceOrder(NamedTuple):
    """Pieces as the page numbers them: row of each, place of each row, and which are turned."""

    rows: NDArray[np.int64]
    number: NDArray[np.int64]
    turned: NDArray[np.bool_]

    @classmethod
    def of(cls, network: RoadNetwork) -> PieceOrder:
        """Sort the pieces of a network along its chains; closed ones come last."""
        chains = network.chains
        closed = np.flatnonzero(chains.chain < 0)
        rows = np.concatenate([chains.order.astype(np.int64), closed])
        number = np.empty(len(rows), dtype=np.int64)
        number[rows] = np.arange(len(rows))
        return cls(rows, number, chains.flipped)


def pack_pieces(network: RoadNetwork, order: PieceOrder) -> dict[str, Any]:
    """Return chains, shapes, lengths and directions, and what else makes their seconds."""
    chains, roads = network.chains, network.roads.iloc[order.rows]
    rows, turned = order.rows, order.turned[order.rows]
    line = np.asarray(roads.geometry.array)
    line = np.where(turned, shapely.reverse(line), line)
    seconds = network.seconds[rows]
    is_open = np.isfinite(np.where(turned[:, None], seconds[:, ::-1], seconds))
    major = roads["highway"].isin(list(MAJOR)).to_numpy(dtype=bool)
    flags = is_open @ np.array([_WITH, _AGAINST]) + _LINK * network.can_link[rows]
    flags += _TURNED * turned
    packed = {
        "chains": pack_counts(np.diff(chains.first)),
        "ends": steps(chains.ends.ravel()),
        "closed_ends": pack_counts(_closed_ends(network, order)),
        "length": exact(network.length_m[rows]),
        "points": pack_counts(shapely.get_num_coordinates(line)),
        "xy": places(shapely.get_coordinates(line)),
        "flags": pack_codes(flags + _STRUCTURE * is_structure(roads) + _MAJOR_ROAD * major),
        "row": steps(rows),
    }
    return packed | _slower(network, order)


def _slower(network: RoadNetwork, order: PieceOrder) -> dict[str, Any]:
    """Return what else than length and one speed makes the seconds of a piece."""
    profile, roads = network.profile, network.roads.iloc[order.rows]
    turned, found = order.turned[order.rows], {}
    if profile.class_kmh:
        found["speed"] = exact(speeds(roads, profile))
    if profile.slope == "tobler" and "grade" in roads:
        grade = _column(roads, "grade", 0.0)
        both = np.column_stack([tobler_factor(grade), tobler_factor(-grade)])
        found["slope"] = exact(np.where(turned[:, None], both[:, ::-1], both).ravel())
    if profile.signal_seconds and "signals" in roads:
        found["wait"] = exact(_column(roads, "signals", 0.0) * profile.signal_seconds)
    if profile.crossing_seconds:
        ends = crossing_ends(network.roads)[order.rows]
        found["crossing"] = pack_codes(np.where(turned[:, None], ends[:, ::-1], ends) @ [1, 2])
    if "cost_factor" in roads:
        factor = _column(roads, "cost_factor", 1.0)
        if (factor != 1.0).any():
            found["factor"] = exact(factor)
    return found


def _column(roads: gpd.GeoDataFrame, name: str, missing: float) -> NDArray[np.float64]:
    return np.asarray(pd.to_numeric(roads[name]).astype(float).fillna(missing), dtype=float)


def _closed_ends(network: RoadNetwork, order: PieceOrder) -> NDArray[np.int64]:
    """Return junctions at the ends of closed pieces, -2 - p for the start of open piece p.

    Nodes of closed pieces alone come behind the open pieces, each with a number of its own.
    """
    n_open = len(network.chains.order)
    rows, closed = order.rows[:n_open], order.rows[n_open:]
    start = network.ends[rows, order.turned[rows].astype(np.intp)]
    piece_at = np.full(len(network.node_xy), -1, dtype=np.int64)
    piece_at[start] = -2 - np.arange(n_open)
    node = network.ends[closed].astype(np.int64)
    at, inner = network.chains.junction[node].astype(np.int64), piece_at[node]
    return np.where(at >= 0, at, np.where(inner < -1, inner, -2 - n_open - node)).ravel()


def pack_roads(roads: gpd.GeoDataFrame, pieces: pd.Index) -> dict[str, Any]:
    """Return ids and names of the roads as read, and which of them each piece is of."""
    known = roads.index.astype(str)
    names = pieces.astype(str)
    of = known.get_indexer(names)
    # barriers cut a road into id/1, id/2: those are no roads of the table
    cut = of < 0
    of[cut] = known.get_indexer(names[cut].str.replace(r"/[^/]*$", "", regex=True))
    label = (
        roads["name"].fillna("").astype(str) if "name" in roads else pd.Series([""] * len(roads))
    )
    code, unique = pd.factorize(label.to_numpy())
    return {
        "id": texts(known),
        "of": steps(of),
        "names": list(unique),
        "name": pack_counts(code),
    }


def pack_barriers(barriers: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return each part of the barriers: its kind, what it multiplies time by, and its points."""
    found = []
    factors = barriers["factor"] if "factor" in barriers else pd.Series(np.nan, barriers.index)
    for shape, factor in zip(barriers.geometry, pd.to_numeric(factors), strict=True):
        for part in shapely.get_parts(shape):
            kind = int(shapely.get_dimensions(part))
            solid = kind < _GROUND or not np.isfinite(factor)  # only ground can be slow
            rings = [part] if kind < _GROUND else shapely.get_rings(part)
            found.append({
                "kind": kind,
                "factor": None if solid else float(factor),
                "rings": [shapely.get_coordinates(ring).round(4).tolist() for ring in rings],
            })  # fmt: skip
    return found
