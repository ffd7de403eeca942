"""Positions: where on the road network a home or a facility is entered from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from carecircle.errors import CrsError

if TYPE_CHECKING:
    from collections.abc import Collection

    import geopandas as gpd
    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork

__all__ = ["locate"]


def locate(
    network: RoadNetwork,
    places: gpd.GeoDataFrame,
    *,
    max_snap_m: float | pd.Series = 150.0,
    prefer: Collection[int] | None = None,
) -> pd.DataFrame:
    """Find the position of every place on the road network.

    A position is a point *on* a piece of road, never a node: the piece, the fraction along it and
    the straight access leg. Bridges, tunnels and motorways are not entered from the side. A leg
    never crosses the network's walls (rivers, railways).

    Parameters
    ----------
    network
        The network.
    places
        Points in the network's CRS. Missing or empty geometry gives reason ``no_position``.
    max_snap_m
        Longest access leg in metres, one number or one per place by its id (missing: the place is
        not linked). Farther places are reported as ``not_linked``, never moved.
    prefer
        Connected parts (numbers of :attr:`RoadNetwork.component`) to prefer: a place whose nearest
        road lies on another part is linked to the nearest road of these parts instead, if one is
        within ``max_snap_m``. Such places have ``passed_over`` set.

    Returns
    -------
    positions : pandas.DataFrame
        Index of ``places``: ``piece`` (row number in ``network.roads``, -1 not linked),
        ``fraction`` (0 to 1 from u to v), ``access_m``, ``x``, ``y``, ``component``,
        ``passed_over`` and ``reason`` (empty, ``not_linked``, ``blocked`` or ``no_position``).

    Raises
    ------
    CrsError
        If the CRS of places and network differ.

    Examples
    --------
    >>> import geopandas as gpd, shapely, carecircle as cc
    >>> roads = gpd.GeoDataFrame(
    ...     {"highway": ["residential"], "u": [1], "v": [2]},
    ...     geometry=[shapely.LineString([(0, 0), (900, 0)])], crs="EPSG:4545")
    >>> network = cc.RoadNetwork.from_roads(roads, cc.PROFILES["elder_default"])
    >>> home = gpd.GeoDataFrame(geometry=[shapely.Point(450, 30)], index=["H1"], crs="EPSG:4545")
    >>> cc.locate(network, home)[["piece", "fraction", "access_m", "reason"]].to_dict("index")
    {'H1': {'piece': 0, 'fraction': 0.5, 'access_m': 30.0, 'reason': ''}}
    """
    if places.crs != network.crs:
        msg = f"places are in {places.crs}, the network in {network.crs}; reproject with to_crs()"
        raise CrsError(msg)
    point = places.geometry.array
    reach = _snap_limits(places, max_snap_m)
    has_point = ~(shapely.is_missing(point) | shapely.is_empty(point))
    rows = np.flatnonzero(has_point)
    piece = np.full(len(places), -1)
    piece[rows], blocked = _nearest_piece(network, point[rows], reach[rows], network.can_link)
    passed_over = np.zeros(len(places), dtype=bool)
    if prefer is not None:
        wanted = np.isin(network.component, list(prefer))
        off = rows[(piece[rows] < 0) | ~wanted[piece[rows]]]
        better, _ = _nearest_piece(network, point[off], reach[off], network.can_link & wanted)
        moved = (better >= 0) & (piece[off] >= 0)
        passed_over[off[moved]] = True
        piece[off] = np.where(better >= 0, better, piece[off])
    frame = _on_pieces(network, places, piece)
    reason = np.where(has_point, "not_linked", "no_position").astype(object)
    reason[rows[blocked]] = "blocked"
    reason[piece >= 0] = ""
    return frame.assign(passed_over=passed_over, reason=pd.array(reason, dtype="str"))


def _snap_limits(places: gpd.GeoDataFrame, max_snap_m: float | pd.Series) -> NDArray[np.float64]:
    if not isinstance(max_snap_m, pd.Series):
        return np.full(len(places), float(max_snap_m))
    limits = max_snap_m.reindex(places.index).to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(limits), -1.0, limits)


def _nearest_piece(
    network: RoadNetwork,
    point: NDArray[np.object_],
    reach: NDArray[np.float64],
    allowed: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the nearest allowed piece (-1 none) and whether walls, not distance, are the cause."""
    piece = np.full(len(point), -1)
    blocked = np.zeros(len(point), dtype=bool)
    numbers = np.flatnonzero(allowed)
    if not len(point) or not len(numbers):
        return piece, blocked
    tree = shapely.STRtree(network.roads.geometry.array[numbers])
    farthest = max(float(reach.max()), 1e-9)  # the tree takes no zero; `keep` decides
    (hit, found), metres = tree.query_nearest(
        point, max_distance=farthest, return_distance=True, all_matches=True
    )
    keep = metres <= reach[hit]
    hit, found = hit[keep], numbers[found[keep]]
    # of equally near pieces the first in the table is taken, so that order decides nothing else
    order = np.lexsort((found, hit))
    first = np.r_[True, hit[order][1:] != hit[order][:-1]] if len(hit) else np.zeros(0, dtype=bool)
    piece[hit[order][first]] = found[order][first]
    if network.walls is not None:
        linked = np.flatnonzero(piece >= 0)
        crossing = linked[_crosses(network, point[linked], piece[linked])]
        piece[crossing] = _nearest_open(network, point[crossing], reach[crossing], tree, numbers)
        blocked[crossing] = piece[crossing] < 0
    return piece, blocked


def _row_by_row(point: NDArray[np.object_], height: float) -> NDArray[np.int64]:
    # neighbours one after the other: the tree walks the same branches again, in half the time
    corner = shapely.bounds(point)
    return np.lexsort((corner[:, 0], corner[:, 1] // max(height, 1.0)))


def _nearest_open(
    network: RoadNetwork,
    point: NDArray[np.object_],
    reach: NDArray[np.float64],
    tree: shapely.STRtree,
    numbers: NDArray[np.int64],
) -> NDArray[np.int64]:
    piece = np.full(len(point), -1)
    if not len(point):
        return piece
    hit, found = tree.query(point, predicate="dwithin", distance=reach)
    found = numbers[found]
    free = ~_crosses(network, point[hit], found)
    hit, found = hit[free], found[free]
    metres = shapely.distance(point[hit], network.roads.geometry.array[found])
    order = np.lexsort((found, metres, hit))
    _, first = np.unique(hit[order], return_index=True)
    piece[hit[order][first]] = found[order][first]
    return piece


def _crosses(
    network: RoadNetwork, point: NDArray[np.object_], piece: NDArray[np.int64]
) -> NDArray[np.bool_]:
    crosses = np.zeros(len(point), dtype=bool)
    if network.walls is None or not len(point):
        return crosses
    legs = shapely.shortest_line(point, network.roads.geometry.array[piece])
    hit, _ = network.walls.sindex.query(legs, predicate="intersects")
    crosses[hit] = True
    return crosses


def _on_pieces(
    network: RoadNetwork, places: gpd.GeoDataFrame, piece: NDArray[np.int64]
) -> pd.DataFrame:
    linked = np.flatnonzero(piece >= 0)
    line = network.roads.geometry.array[piece[linked]]
    point = places.geometry.array[linked]
    values = np.full((len(piece), 4), np.nan)
    metres = shapely.line_locate_point(line, point)
    on_road = shapely.line_interpolate_point(line, metres)
    length = network.length_m[piece[linked]]
    values[linked, 0] = np.divide(metres, length, out=np.zeros_like(metres), where=length > 0)
    values[linked, 1] = shapely.distance(point, on_road)
    values[linked, 2:] = shapely.get_coordinates(on_road)
    frame = pd.DataFrame(values, index=places.index, columns=["fraction", "access_m", "x", "y"])
    frame.insert(0, "piece", piece)
    frame["component"] = np.where(piece >= 0, network.component[piece], -1)
    return frame
