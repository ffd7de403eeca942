"""From any file to a raw frame: the file's own headings, one row per record, nothing changed.

The index of a raw frame is ``row``: the line of the sheet, or the number of the feature from 1.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pyogrio.errors

from carecircle.inputs.headings import did_you_mean
from carecircle.inputs.issues import unusable
from carecircle.inputs.sheets import read_csv_rows, read_workbook_rows, table_from_rows

if TYPE_CHECKING:
    from pathlib import Path

    from carecircle.inputs.contracts import TableContract
    from carecircle.inputs.issues import IssueLog
    from carecircle.inputs.source import Source

__all__ = ["filtered", "need_file", "numbered", "read_raw", "report_empty"]

_TEXT = (".csv", ".tsv", ".txt")
_WORKBOOK = (".xlsx", ".xlsm")
_OLD_WORKBOOK = (".xls", ".et", ".ods", ".doc", ".docx", ".pdf")
_KNOWN = (
    "GeoPackage, GeoJSON, Shapefile, GeoParquet, FlatGeobuf, KML, CSV, XLSX or an"
    " OpenStreetMap extract"
)
#: Tables of which none is a finding, not a fault: a town may have no barrier and no facility.
_MAY_BE_EMPTY = (
    "facilities", "barriers", "sites", "projects", "observations", "rosters",
)  # fmt: skip
#: What a ``where`` expression may call; anything else could write files.
_CALLS = frozenset(
    ("str", "contains", "startswith", "endswith", "isin", "isna", "notna", "between", "lower",
     "upper")
)  # fmt: skip
_BROKEN = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError)
_DBF_SAMPLE_BYTES = 4_000_000


def read_raw(source: Source, contract: TableContract, log: IssueLog) -> pd.DataFrame:
    """Read one file as it stands.

    Parameters
    ----------
    source
        The file and what is said about it; not an OpenStreetMap extract.
    contract
        What the table should hold: decides which row of a sheet is the heading row.
    log
        Collects notes, such as a detected encoding.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        Headings as in the file, index ``row``.

    Raises
    ------
    InputError
        If the file is missing, unreadable or empty.
    """
    path, table = source.file, contract.name
    need_file(path, table)
    suffix = path.suffix.lower()
    if suffix in _TEXT:
        raw = table_from_rows(read_csv_rows(source, table, log), contract, source, log)
    elif suffix in _WORKBOOK:
        raw = table_from_rows(read_workbook_rows(source, table, log), contract, source, log)
    elif suffix in _OLD_WORKBOOK:
        raise unusable(
            "format_unknown",
            table,
            found=path.name,
            fix=f"save it as .xlsx or .csv; known: {_KNOWN}",
        )
    elif suffix in (".parquet", ".geoparquet", ".pq"):
        raw = numbered(_read_parquet(path, table))
    else:
        raw = numbered(_read_layer(source, table, log))
    raw = filtered(raw, source, table, log)
    report_empty(raw, source, table, log)
    return raw


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its index as columns where it has names, and rows counted from 1."""
    named = [name for name in frame.index.names if name is not None]
    frame = frame.reset_index(drop=not named)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


def report_empty(raw: pd.DataFrame, source: Source, table: str, log: IssueLog) -> None:
    """Report a table without records; stop where nothing can be said without it."""
    if len(raw) or log.of("fatal"):
        return
    found = f"no records in {source.file.name}" + (
        f", layer {source.layer}" if source.layer else ""
    )
    found += f" where {source.where}" if source.where else ""
    fix = "check the file, its layer and its filter"
    if table in _MAY_BE_EMPTY:
        log.add("empty_table", "warning", table, found=found, fix=fix)
    else:
        log.add("empty_table", "fatal", table, found=found, fix=fix)


def need_file(path: Path, table: str) -> None:
    """Raise unless ``path`` is a file with something in it (or a file geodatabase)."""
    if not path.exists():
        folder = path.parent
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        near = did_you_mean(path.name, names)
        there = f"holds {', '.join(names[:12])}" if names else "is no folder with files"
        raise unusable(
            "no_such_file", table, found=str(path),
            fix=(f"did you mean {near!r}? " if near else "") + f"{folder} {there}",
        )  # fmt: skip
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise unusable("not_a_file", table, found=f"{path} is a folder", fix="name one file in it")
    if path.is_file() and path.stat().st_size == 0:
        raise unusable("empty_file", table, found=f"{path.name} has 0 bytes", fix="export it again")


def _read_parquet(path: Path, table: str) -> pd.DataFrame:
    try:
        return gpd.read_parquet(path)
    except ValueError as error:
        if "metadata" not in str(error):
            raise _unreadable(path, table, error) from error
    except OSError as error:
        raise _unreadable(path, table, error) from error
    return pd.read_parquet(path)  # a plain table: coordinates are columns


def _read_layer(source: Source, table: str, log: IssueLog) -> gpd.GeoDataFrame:
    """Read one layer through GDAL; a broken geometry becomes an empty one, not a stop."""
    path = source.file
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            layer = _layer(source, table, log)
            frame = pyogrio.read_dataframe(
                path, layer=layer, encoding=_encoding(source, table, log), on_invalid="ignore"
            )
        except (*_BROKEN, UnicodeError, LookupError) as error:
            raise _unreadable(path, table, error) from error
    for text in dict.fromkeys(str(warning.message) for warning in heard):
        log.add("file_warning", "note", table, found=text)
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame
    name = frame.geometry.name
    return frame if name == "geometry" else frame.rename_geometry("geometry")


def _layer(source: Source, table: str, log: IssueLog) -> str:
    """Return the layer to read, checked against the layers of the file."""
    layers = [str(name) for name in pyogrio.list_layers(source.file)[:, 0]]
    listed = ", ".join(layers)
    if not layers:
        raise unusable("no_layer", table, found=source.file.name, fix="export the layer again")
    if source.layer is None:
        if len(layers) > 1:
            log.add(
                "layer_not_named", "note", table, found=f"layers {listed}", used=layers[0],
                fix="name the layer if another is meant",
            )  # fmt: skip
        return layers[0]
    if source.layer not in layers:
        near = did_you_mean(source.layer, layers)
        raise unusable(
            "no_such_layer", table, found=f"no layer {source.layer!r} in {source.file.name}",
            fix=(f"did you mean {near!r}? " if near else "") + f"layers: {listed}",
        )  # fmt: skip
    return source.layer


def _unreadable(path: Path, table: str, error: Exception) -> Exception:
    parts = {".shx", ".dbf"} if path.suffix.lower() == ".shp" else set()
    lost = sorted(part for part in parts if not path.with_suffix(part).exists())
    fix = f"{', '.join(lost)} is missing beside it; copy all parts of the Shapefile" if lost else ""
    return unusable(
        "not_readable", table, found=f"{path.name}: {' '.join(str(error).split())}",
        fix=fix or f"the file is damaged or not a spatial file; known: {_KNOWN}",
    )  # fmt: skip


def _encoding(source: Source, table: str, log: IssueLog) -> str | None:
    """Return the text encoding of a Shapefile that does not say its own."""
    path = source.file
    if source.encoding or path.suffix.lower() != ".shp":
        return source.encoding
    if path.with_suffix(".cpg").exists() or path.with_suffix(".CPG").exists():
        return None
    dbf = path.with_suffix(".dbf")
    if not dbf.exists():
        log.add(
            "no_attributes", "warning", table, found=f"{dbf.name} is missing", fix="copy it too"
        )
        return None
    content = _dbf_text(dbf)
    if content.isascii():
        return None
    lost = {name: content.decode(name, "replace").count("\ufffd") for name in ("utf-8", "gb18030")}
    used = min(lost, key=lambda name: lost[name])
    log.add(
        "encoding_detected", "note", table, found=f"{dbf.name} does not name its encoding",
        used=used, fix="say encoding in the study if the text looks wrong",
    )  # fmt: skip
    return used


def _dbf_text(dbf: Path) -> bytes:
    """Return the field names and records of a dBase file, without its binary header."""
    with dbf.open("rb") as file:
        head = file.read(32)
        header_size = int.from_bytes(head[8:10], "little")
        names = file.read(max(header_size - 32, 0))
        records = file.read(_DBF_SAMPLE_BYTES)
    fields = [names[at : at + 11].split(b"\0")[0] for at in range(0, len(names) - 1, 32)]
    return b" ".join(fields) + b" " + records


def filtered(raw: pd.DataFrame, source: Source, table: str, log: IssueLog) -> pd.DataFrame:
    """Return the rows that ``source.where`` keeps, and note how many it left out."""
    if source.where is None:
        return raw
    calls = re.findall(r"\.\s*([A-Za-z_]\w*)", re.sub(r"'[^']*'|\"[^\"]*\"", "", source.where))
    refused = [name for name in calls if name not in _CALLS]
    if refused or "@" in source.where or "__" in source.where:
        raise unusable(
            "filter_refused", table, field="where", found=source.where,
            fix=f"compare columns, or use {', '.join(sorted(_CALLS))}; nothing else may be called",
        )  # fmt: skip
    plain = pd.DataFrame(
        {name: _as_number(raw[name]) for name in raw.columns if name != "geometry"}
    )
    try:
        kept = plain.query(source.where, engine="python", local_dict={}, global_dict={}).index
    except Exception as error:
        raise unusable(
            "filter_failed", table, field="where", found=f"{source.where}: {error}",
            fix=f"use the file's own headings: {', '.join(map(str, plain.columns))}",
        ) from error  # fmt: skip
    log.add(
        "filtered", "note", table, field="where", found=f"{len(raw):,} records",
        used=f"{len(kept):,} where {source.where}",
    )  # fmt: skip
    return raw.loc[kept]


def _as_number(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return the numbers of a text column that holds nothing else and no leading zeros."""
    if pd.api.types.is_numeric_dtype(values):
        return values
    text = values.dropna().astype(str).str.strip()
    text = text[text != ""]
    numbers = pd.to_numeric(text, errors="coerce")
    if not len(text) or numbers.isna().any() or text.str.match(r"[+-]?0\d").any():
        return values
    return pd.to_numeric(values, errors="coerce")
