"""Reached roads shared out: each stretch to the facility that is nearest in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from carecircle.roads.cutting import substrings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["nearest_parts"]


def nearest_parts(reached: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep, of all parts on the same stretch of road, the one with the fewest minutes.

    Parameters
    ----------
    reached
        From :func:`carecircle.reached_roads`.

    Returns
    -------
    geopandas.GeoDataFrame
        The same columns; parts are cut where ownership changes, access legs are kept. Equal minutes
        go to the facility that comes first.
    """
    on_road = reached["road_id"].notna().to_numpy()
    legs, parts = reached[~on_road], reached[on_road]
    if parts.empty:
        return reached
    rank, _ = pd.factorize(parts["facility_id"])
    road, _ = pd.factorize(parts["road_id"])
    columns = ["start_m", "end_m", "minutes_start", "minutes_end"]
    values = parts[columns].to_numpy(dtype=float)
    order = np.lexsort((rank, road))
    first = np.flatnonzero(np.r_[True, np.diff(road[order]) != 0, True])
    row, start, end = _lowest(values[order], first)
    row = order[row]
    size = values[row, 1] - values[row, 0]
    slope = (values[row, 3] - values[row, 2]) / size
    owned = parts.iloc[row].copy()
    owned["start_m"], owned["end_m"] = start, end
    owned["minutes_start"] = values[row, 2] + slope * (start - values[row, 0])
    owned["minutes_end"] = values[row, 2] + slope * (end - values[row, 0])
    lines = substrings(owned.geometry.to_numpy(), start - values[row, 0], end - values[row, 0])
    owned = owned.set_geometry(gpd.array.from_shapely(lines, crs=reached.crs))
    return pd.concat([legs, owned], ignore_index=True)


def _lowest(
    values: NDArray[np.float64], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    from carecircle.roads.envelopes import lowest_lines

    row, start, end = lowest_lines(values, first)
    return row, start, end
