"""Tints for circles that were parted between facilities: neighbours never share one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings

__all__ = ["are_parted", "tints"]


def are_parted(findings: Findings) -> bool:
    """Tell whether each road went to the circle of its nearest facility alone.

    Parameters
    ----------
    findings
        Of one assessment; how its circles were drawn stands in its ground, or in the settings of
        one that was read back.
    """
    style = None if findings.ground is None else findings.ground.circle_style
    if style is not None:
        return style.overlap == "split"
    settings = findings.provenance.get("settings")
    service = settings.get("service") if isinstance(settings, dict) else None
    return isinstance(service, dict) and service.get("overlap") == "split"


def tints(circles: gpd.GeoDataFrame, *, apart_m: float) -> NDArray[np.int64]:
    """Return a number for each circle, the same for all of one facility.

    Facilities whose circles lie within ``apart_m`` of each other have different numbers; those
    with most neighbours choose first, then by id, so the order of rows does not matter.

    Parameters
    ----------
    circles
        ``facility_id`` and polygons in metres.
    apart_m
        Circles farther from each other may look alike.

    Returns
    -------
    numpy.ndarray
        In the order of the rows, from 0 on.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> squares = shapely.box([0, 10, 20], 0, [10, 20, 30], 10)
    >>> rows = gpd.GeoDataFrame({"facility_id": ["A", "B", "C"]}, geometry=squares, crs=4545)
    >>> tints(rows, apart_m=1.0).tolist()
    [1, 0, 1]
    """
    ids, names = pd.factorize(circles["facility_id"], sort=True)
    shapes = circles.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=apart_m)
    pairs = np.unique(np.column_stack([ids[one], ids[other]]), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    starts = np.searchsorted(pairs[:, 0], np.arange(len(names) + 1))
    taken = np.full(len(names), -1)
    for facility in np.argsort(-np.diff(starts), kind="stable"):
        near = taken[pairs[starts[facility] : starts[facility + 1], 1]]
        taken[facility] = np.setdiff1d(np.arange(len(near) + 1), near)[0]
    return taken[ids].astype(np.int64)
