"""Which homes are neighbours: near each other, on connected roads, and not parted by a barrier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["barrier_pieces", "crosses", "neighbours"]


def barrier_pieces(barriers: gpd.GeoDataFrame | None) -> shapely.STRtree:
    """Return a tree over the straight pieces of the barriers that part neighbours.

    Lines part, and polygons part by their edge, so that homes inside one stay neighbours. Points
    part nobody, nor do polygons that only slow (a known ``factor``).

    Examples
    --------
    >>> import geopandas as gpd
    >>> river = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1 0, 2 1)"]))
    >>> len(barrier_pieces(river))
    2
    """
    # Short pieces keep each test small: a river is one line of thousands of vertices.
    if barriers is None or barriers.empty:
        return shapely.STRtree([])
    if "factor" in barriers:
        barriers = barriers[barriers["factor"].isna()]
    parts = shapely.get_parts(barriers.geometry.dropna().to_numpy())
    polygons = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings = shapely.get_rings(parts[polygons])
    lines = np.concatenate([parts[shapely.get_dimensions(parts) == 1], rings])
    xy, line = shapely.get_coordinates(lines, return_index=True)
    follows = np.flatnonzero(line[1:] == line[:-1])
    pieces = shapely.linestrings(np.stack([xy[follows], xy[follows + 1]], axis=1))
    return shapely.STRtree(np.asarray(pieces))


def crosses(lines: NDArray[np.object_], walls: shapely.STRtree) -> NDArray[np.bool_]:
    """Return for each line whether it meets a piece of a barrier.

    Examples
    --------
    >>> wall = shapely.STRtree([shapely.LineString([(1, -1), (1, 1)])])
    >>> crosses(shapely.linestrings([[(0, 0), (2, 0)], [(2, 0), (3, 0)]]), wall).tolist()
    [True, False]
    """
    crossed = np.zeros(len(lines), dtype=bool)
    crossed[walls.query(lines, predicate="intersects")[0]] = True
    return crossed


def neighbours(
    points: gpd.GeoSeries, group: pd.Series, walls: shapely.STRtree, join_m: float
) -> NDArray[np.int64]:
    """Return a cluster number per home; a home without a position stays alone.

    Parameters
    ----------
    points
        One point per home, in metres.
    group
        One number per home; homes of two groups (road components, say) are never neighbours.
    walls
        What :func:`barrier_pieces` gave.
    join_m
        Neighbours are at most so many metres apart.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> homes = gpd.GeoSeries.from_xy([0, 100, 200, 900], [0, 0, 0, 0])
    >>> wall = shapely.STRtree([shapely.LineString([(150, -9), (150, 9)])])
    >>> neighbours(homes, pd.Series([0, 0, 0, 0]), wall, 120).tolist()
    [0, 0, 1, 2]
    """
    shapes = points.to_numpy()
    placed = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    clusters = np.arange(len(shapes), dtype=np.int64) + len(placed)
    if not len(placed):
        return clusters
    xy = shapely.get_coordinates(shapes[placed])
    # A third coordinate keeps homes of different groups further apart than the join distance.
    apart = group.to_numpy()[placed] * (2.0 * join_m)
    spots, spot = np.unique(np.column_stack([xy, apart]), axis=0, return_inverse=True)
    pairs = KDTree(spots).query_pairs(join_m, output_type="ndarray")
    pairs = pairs[~_parted(spots[:, :2], pairs, walls, join_m)]
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(spots), len(spots)))
    clusters[placed] = connected_components(graph, directed=False)[1][spot.ravel()]
    return clusters


def _parted(
    xy: NDArray[np.float64], pairs: NDArray[np.intp], walls: shapely.STRtree, join_m: float
) -> NDArray[np.bool_]:
    """Return which pairs a barrier parts; only two places near a barrier can be parted by it."""
    near = np.zeros(len(xy), dtype=bool)
    near[walls.query(shapely.points(xy), predicate="dwithin", distance=join_m)[0]] = True
    parted = np.asarray(near[pairs].all(axis=1))
    parted[parted] = crosses(np.asarray(shapely.linestrings(xy[pairs[parted]])), walls)
    return parted
