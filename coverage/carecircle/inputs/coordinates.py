"""Geometry out of the columns of a table: x and y, a pair in one cell, or WKT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from carecircle.inputs.headings import (
    PAIR_HEADINGS,
    WKT_HEADINGS,
    X_HEADINGS,
    Y_HEADINGS,
    did_you_mean,
    normalise,
)
from carecircle.inputs.issues import unusable
from carecircle.inputs.values import read_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from carecircle.inputs.records import Records
    from carecircle.inputs.source import Source

__all__ = ["add_geometry"]


def add_geometry(records: Records, source: Source) -> None:
    """Give a table without geometry one, from the coordinates in its columns.

    Parameters
    ----------
    records
        The table; its frame becomes a GeoDataFrame without CRS. Values that are no numbers are
        reported and leave the record without a place.
    source
        May name the columns (``x``, ``y``).

    Raises
    ------
    InputError
        If no column holds coordinates.
    """
    frame = records.frame
    if isinstance(frame, gpd.GeoDataFrame):
        return
    x, y = source.x or _first(frame, X_HEADINGS), source.y or _first(frame, Y_HEADINGS)
    for option, heading in (("x", source.x), ("y", source.y)):
        _need_heading(heading, frame, records.table, option)
    wkt, pair = _first(frame, WKT_HEADINGS), _first(frame, PAIR_HEADINGS)
    if x and y:
        geometry = _points(records, frame[x], frame[y])
    elif wkt:
        geometry = _shapes(records, wkt)
    elif pair:
        parts = (
            frame[pair]
            .astype("str")
            .str.strip("()（） ")
            .str.split(r"[,，;； ]+", n=1, expand=True)
        )
        geometry = _points(
            records, parts[0].rename(pair), parts.reindex(columns=[0, 1])[1].rename(pair)
        )
    else:
        raise unusable(
            "no_coordinates", records.table, found=f"found: {', '.join(map(str, frame.columns))}",
            fix="add columns lon and lat (经度, 纬度), x and y, or wkt; or name them with x and y"
            " in the study",
        )  # fmt: skip
    # where the place came from must not outlive a conversion of its datum
    used = [x, y] if x and y else [wkt or pair]
    plain = frame.drop(columns=[c for c in {*used, "geometry"} if c in frame])
    records.frame = gpd.GeoDataFrame(plain, geometry=geometry)


def _first(frame: pd.DataFrame, headings: Iterable[str]) -> str | None:
    """Return the first column whose heading is one of ``headings``, in their order."""
    by_form = {normalise(name): str(name) for name in reversed(frame.columns)}
    return next((by_form[heading] for heading in headings if heading in by_form), None)


def _need_heading(heading: str | None, frame: pd.DataFrame, table: str, option: str) -> None:
    if heading is None or heading in frame:
        return
    headings = [str(name) for name in frame.columns]
    near = did_you_mean(heading, headings)
    raise unusable(
        "mapped_heading_missing", table, field=option,
        found=f"no heading {heading!r}; found: {', '.join(headings)}",
        fix=(f"did you mean {near!r}? " if near else "") + f"correct {option} in the study",
    )  # fmt: skip


def _points(records: Records, x: pd.Series[Any], y: pd.Series[Any]) -> np.ndarray:
    """Return points; a coordinate that is no number is reported under its heading."""
    parts = []
    for values in (x, y):
        typed = read_numbers(values)
        records.report(
            typed.faults != "", "bad_coordinate", "error", field=str(values.name),
            found=values.astype(str).tolist(), fix="give decimal degrees or metres",
        )  # fmt: skip
        parts.append(typed.column.to_numpy())
    return _point_array(*parts)


def _point_array(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    known = np.isfinite(x) & np.isfinite(y)
    geometry = np.full(len(x), None, dtype=object)
    geometry[known] = shapely.points(x[known], y[known])
    return geometry


def _shapes(records: Records, wkt: str) -> np.ndarray:
    text = records.frame[wkt].astype(object)
    text = text.where(text.notna(), None)
    geometry = shapely.from_wkt(text.to_numpy(), on_invalid="ignore")
    unread = shapely.is_missing(geometry) & text.notna().to_numpy()
    records.report(
        unread, "bad_wkt", "error", field=wkt, found=text.astype(str).str[:60].tolist(),
        fix="write well-known text such as POINT (106.8 39.6)",
    )  # fmt: skip
    return geometry
