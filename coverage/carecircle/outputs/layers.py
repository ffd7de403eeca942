"""The GeoPackage: every frame of an assessment as a layer, the same bytes for the same findings."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.outputs.codes import LAYERS
from carecircle.outputs.labels import terms_line
from carecircle.outputs.workbook.rules import with_rule_marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from carecircle.analysis.findings import Findings, StudyCard

__all__ = ["data_date", "write_frames", "write_layers"]

_SHAPES = {
    "areas": "MultiPolygon",
    "homes": "Point",
    "facilities": "Point",
    "circles": "MultiPolygon",
    "reached_roads": "LineString",
    "gaps": "MultiPolygon",
}
#: Columns that every result has, and the type that an empty one is written with.
_COLUMNS: dict[str, dict[str, str]] = {
    "areas": {"area_id": "str", "name": "str", "kind": "str"},
    "homes": {
        "home_id": "str",
        "area_id": "str",
        "minutes": "float64",
        "facility_id": "str",
        "second_minutes": "float64",
        "access_m": "float64",
        "reason": "str",
        "covered": "boolean",
        "limit_minutes": "float64",
    },
    "facilities": {"facility_id": "str", "name": "str", "kind": "str", "eligible": "boolean"},
    "circles": {"facility_id": "str", "minutes": "float64", "from_minutes": "float64"},
    "reached_roads": {
        "facility_id": "str",
        "road_id": "str",
        "minutes_start": "float64",
        "minutes_end": "float64",
    },
    "gaps": {"gap_id": "str", "kind": "str", "cause": "str", "homes": "int64"},
}
_NO_DATE = "1980-01-01"


def data_date(as_of: str) -> str:
    """Return the ISO date of the data, the one date that files carry; 1980-01-01 if there is none.

    Examples
    --------
    >>> data_date("2025-12-31"), data_date("2025"), data_date("seventh census")
    ('2025-12-31', '2025-01-01', '1980-01-01')
    """
    found = re.match(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$", as_of.strip())
    if found is None:
        return _NO_DATE
    date = "-".join([found[1], found[2] or "01", found[3] or "01"])
    return date if pd.notna(pd.to_datetime(date, errors="coerce")) else _NO_DATE


def write_layers(findings: Findings, path: Path) -> None:
    """Write ``areas, homes, facilities, circles, reached_roads, gaps`` to one GeoPackage.

    Ids are a text column, yes/no columns are 1, 0 or NULL, what is unknown is NULL, codes stay
    codes. An empty layer is written with its columns. The terms of the figures, and that data are
    synthetic, are each layer's description. Where standards were checked, areas and facilities list
    the rules they fail; those of unverified wording apart.

    Parameters
    ----------
    findings
        The frames; ``findings.card.as_of`` is the only date in the file.
    path
        File to write; must not exist.
    """
    pick = 0 if findings.card.language == "zh" else 1
    layers = {layer: with_rule_marks(findings, layer) for layer in _SHAPES}
    write_frames(layers, path, findings.card, names={n: LAYERS[n][pick] for n in layers})


def write_frames(
    layers: Mapping[str, gpd.GeoDataFrame],
    path: Path,
    card: StudyCard,
    *,
    names: Mapping[str, str],
) -> None:
    """Write frames as the layers of one GeoPackage, the same bytes for the same frames.

    Parameters
    ----------
    layers
        Layer -> frame with one geometry column; its index is written as text if it has a name.
    path
        File to write; must not exist.
    card
        Terms of the figures; ``as_of`` is the only date in the file.
    names
        Layer -> what it shows; with the terms, each layer's description.
    """
    # A plain import of carecircle must stay light.
    import pyogrio

    terms = terms_line(card)
    with _dated(data_date(card.as_of)):
        for layer, given in layers.items():
            frame = _plain(given, layer)
            pyogrio.write_dataframe(
                frame,
                path,
                layer=layer,
                driver="GPKG",
                use_arrow=True,
                geometry_type=_shape(frame, _SHAPES.get(layer)),
                layer_options={"DESCRIPTION": f"{names[layer]} · {terms}"},
            )


@contextmanager
def _dated(date: str) -> Iterator[None]:
    """Make GDAL write ``date`` instead of today, and leave its settings as they were."""
    import pyogrio  # a plain import of carecircle must stay light

    name = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: f"{date}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


def _shape(frame: gpd.GeoDataFrame, shape: str | None) -> str:
    kinds = set(frame.geom_type.dropna().unique())
    if shape is None and len(kinds) == 1:
        shape = str(min(kinds))
    return shape if shape is not None and kinds <= {shape} else "Unknown"


def _plain(frame: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """Return the frame with columns a GeoPackage can hold, the id first as text."""
    geometry = frame.geometry.to_numpy()
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    if table.index.name is not None:
        table = table.drop(columns=table.index.name, errors="ignore").reset_index()
    for name, kind in _COLUMNS.get(layer, {}).items():
        if name not in table:
            table[name] = pd.Series(None, table.index, dtype=_nullable(kind))
        elif table.empty:
            table[name] = pd.Series([], table.index, dtype=_nullable(kind))
    table = pd.DataFrame({name: _storable(table[name]) for name in table})
    table.columns = _distinct(table.columns)
    kinds = set(frame.geom_type.dropna().unique())
    if _SHAPES.get(layer) == "MultiPolygon" or kinds == {"Polygon", "MultiPolygon"}:
        geometry = _multi(geometry)
    if shapely.has_z(geometry).any():
        geometry = shapely.force_2d(geometry)
    return gpd.GeoDataFrame(table, geometry=geometry, crs=frame.crs)


def _nullable(kind: str) -> str:
    return {"str": "string", "int64": "Int64"}.get(kind, kind)


def _storable(values: pd.Series) -> pd.Series:
    """Return yes/no as 0, 1 or missing, numbers as they are, dates and the rest as text."""
    values = values.infer_objects()
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("Int8")
    if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        return values.astype("boolean").astype("Int8")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.dt.strftime("%Y-%m-%d").astype("string")
    return values.map(str, na_action="ignore").astype("string")


def _distinct(names: pd.Index) -> list[str]:
    """Return names that differ without regard to case and leave ``fid`` and ``geom`` alone."""
    taken = {"fid", "geom", "geometry"}
    chosen = []
    for name in map(str, names):
        free, number = name, 2
        while free.lower() in taken:
            free, number = f"{name}_{number}", number + 1
        taken.add(free.lower())
        chosen.append(free)
    return chosen


def _multi(shapes: np.ndarray) -> np.ndarray:
    """Return polygons as multi-part ones, so that a layer has one type."""
    result = shapes.copy()
    single = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    if len(single):
        result[single] = shapely.multipolygons(shapes[single], indices=np.arange(len(single)))
    return result
