"""How steep each road piece is, from a height raster or from heights of its nodes."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from carecircle.errors import CrsError, MissingLibraryError
from carecircle.inputs.issues import IssueLog, unusable

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["grades_from_dem", "grades_from_nodes"]


def grades_from_nodes(roads: gpd.GeoDataFrame, z: pd.Series) -> pd.Series[float]:
    """Return the grade of each road piece from the heights of its nodes.

    Parameters
    ----------
    roads
        Contract ``roads`` with ``u`` and ``v``, in a projected CRS in metres.
    z
        Height in metres by node id.

    Returns
    -------
    pandas.Series
        ``grade`` with the index of ``roads``: climb / length from u to v; NaN where a height is
        missing or the piece has no length.

    Raises
    ------
    CrsError
        If the roads are not in metres.

    Examples
    --------
    >>> import geopandas as gpd
    >>> roads = gpd.GeoDataFrame({"u": ["a"], "v": ["b"]}, index=["r1"], crs="EPSG:4545",
    ...                          geometry=[shapely.LineString([(0, 0), (100, 0)])])
    >>> grades_from_nodes(roads, pd.Series({"a": 20.0, "b": 25.0}))
    r1    0.05
    Name: grade, dtype: float64
    """
    _check_metres(roads)
    heights = [roads[end].map(z).to_numpy(dtype=float, na_value=np.nan) for end in ("u", "v")]
    return _grades(roads, *heights)


def grades_from_dem(
    roads: gpd.GeoDataFrame, dem_path: str | Path, *, log: IssueLog | None = None
) -> pd.Series[float]:
    """Return the grade of each road piece from a height raster.

    Heights in metres are taken at both ends of the line, between the four nearest pixels. Bridges
    and tunnels thus get the grade between their ends, not that of the ground between.

    Parameters
    ----------
    roads
        Lines in a projected CRS in metres.
    dem_path
        Height raster in metres that GDAL reads, such as a GeoTIFF, in any CRS; its first band.
    log
        Collects one warning when ends lie outside. Without it, the warning is given.

    Returns
    -------
    pandas.Series
        ``grade`` with the index of ``roads``: climb / length along the line; NaN where an end lies
        outside the raster or on missing pixels, or the piece has no length.

    Raises
    ------
    MissingLibraryError
        If rasterio is not installed.
    InputError
        If the file is missing or no raster.
    CrsError
        If the raster has no CRS, or the roads are not in metres.
    """
    _check_metres(roads)
    own = IssueLog() if log is None else log
    path = Path(dem_path)
    line = roads.geometry.array
    tips = [shapely.get_coordinates(shapely.get_point(line, index)) for index in (0, -1)]
    heights = _heights(path, np.vstack(tips), roads)
    lost = np.isnan(heights)
    if lost.any():
        own.add(
            "outside_dem", "warning", "roads", field="grade",
            found=f"{int(lost.sum()):,} of {len(lost):,} line ends have no height in {path.name}",
            effect="these pieces count as level", fix="give a raster that covers the roads",
        )  # fmt: skip
    if log is None:
        own.settle()
    return _grades(roads, *np.split(heights, 2))


def _heights(path: Path, xy: NDArray[np.float64], roads: gpd.GeoDataFrame) -> NDArray[np.float64]:
    from pyproj import CRS, Transformer

    rasterio = _rasterio()
    if not path.is_file():
        raise unusable("no_such_file", "dem", found=str(path), fix="check the path")
    try:
        source = rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise unusable(
            "not_a_raster", "dem", found=str(error), fix="give a GeoTIFF or another GDAL raster"
        ) from error
    with source:
        if source.crs is None:
            msg = f"dem {path.name}: no CRS; assign the right one, e.g. with gdal_edit -a_srs"
            raise CrsError(msg)
        to_dem = Transformer.from_crs(roads.crs, CRS.from_wkt(source.crs.to_wkt()), always_xy=True)
        x, y = to_dem.transform(*xy.T)
        a, b, c, d, e, f = tuple(~source.transform)[:6]
        x, y = np.asarray(x), np.asarray(y)
        return _bilinear(source, a * x + b * y + c, d * x + e * y + f)


def _bilinear(
    source: Any, column: NDArray[np.float64], row: NDArray[np.float64]
) -> NDArray[np.float64]:
    heights = np.full(len(column), np.nan)
    inside = (column >= 0) & (row >= 0) & (column <= source.width) & (row <= source.height)
    if not inside.any():
        return heights
    # values stand at pixel centres; in the outermost half pixel the nearest counts
    c = np.clip(column[inside] - 0.5, 0, source.width - 1)
    r = np.clip(row[inside] - 0.5, 0, source.height - 1)
    left, top = int(c.min()), int(r.min())
    wide, high = int(np.ceil(c.max())) - left + 1, int(np.ceil(r.max())) - top + 1
    band = source.read(1, window=((top, top + high), (left, left + wide)), masked=True)
    z = np.ma.filled(band.astype(float), np.nan)
    c, r = c - left, r - top
    c0, r0 = np.floor(c).astype(int), np.floor(r).astype(int)
    heights[inside] = sum(
        np.where(weight > 0, z[np.minimum(r0 + down, high - 1), np.minimum(c0 + on, wide - 1)], 0)
        * weight
        for down, share_r in ((0, 1 - (r - r0)), (1, r - r0))
        for on, share_c in ((0, 1 - (c - c0)), (1, c - c0))
        for weight in (share_r * share_c,)
    )
    return heights


def _grades(
    roads: gpd.GeoDataFrame, start: NDArray[np.float64], end: NDArray[np.float64]
) -> pd.Series[float]:
    length = roads.length.to_numpy()
    climb = np.full(len(roads), np.nan)
    np.divide(end - start, length, out=climb, where=length > 0)
    return pd.Series(climb, index=roads.index, name="grade")


def _check_metres(roads: gpd.GeoDataFrame) -> None:
    if roads.crs is None or not roads.crs.is_projected:
        name = "no CRS" if roads.crs is None else roads.crs.name
        msg = f"roads: {name}; grades need a projected CRS in metres, use to_crs()"
        raise CrsError(msg)


def _rasterio() -> Any:
    try:
        import_module("rasterio.errors")
        return import_module("rasterio")
    except ImportError as error:
        install = 'pip install "rasterio>=1.4,<2"'
        msg = f"reading a height raster needs rasterio; install it with: {install}"
        raise MissingLibraryError(msg) from error
