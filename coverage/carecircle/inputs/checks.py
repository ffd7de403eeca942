"""Apply a contract to a table: types, ranges, choices, ids, and what columns say of each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.inputs.consistency import (
    compare_columns,
    report_duplicates,
    report_same_key,
    report_twins,
)
from carecircle.inputs.records import PEOPLE
from carecircle.inputs.shapes import check_shapes
from carecircle.inputs.values import (
    read_choices,
    read_dates,
    read_flags,
    read_numbers,
    read_periods,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carecircle.inputs.contracts import Column, TableContract
    from carecircle.inputs.records import Records

__all__ = ["check_records", "empty_table", "with_kinds"]

#: Columns that are there even when the file has none: unknown people are NaN, not absent.
_PEOPLE_TABLES = ("areas", "homes")
_ALWAYS = (*PEOPLE, "elders80")
_ORDER = {"id": 0, "number": 1, "integer": 1}


def with_kinds(
    contract: TableContract, kinds: Mapping[str, tuple[str, str]] | None
) -> TableContract:
    """Return the contract of facilities with a study's own kinds beside the known ones.

    Examples
    --------
    >>> from carecircle.inputs.contracts import CONTRACTS
    >>> own = with_kinds(CONTRACTS["facilities"], {"library": ("图书馆", "library")})
    >>> own.column("kind").choices["library"]
    ('图书馆', 'library')
    """
    columns = tuple(
        replace(column, choices={**column.choices, **(kinds or {})})
        if column.name == "kind"
        else column
        for column in contract.columns
    )
    return replace(contract, columns=columns)


def check_records(records: Records, factors: Mapping[str, float]) -> pd.DataFrame:
    """Check every record of a table and return those that can be used.

    Parameters
    ----------
    records
        The table, its geometry already in the study's CRS.
    factors
        Multipliers of number columns whose heading named another unit.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        Index the contract's id; the contract's columns first, then the file's others.
    """
    frame = records.frame.copy()
    records.frame = frame
    contract = records.contract
    _read_ids(records)
    for column in sorted(contract.columns, key=lambda column: _ORDER.get(column.kind, 2)):
        if column.name in frame:
            frame[column.name] = _READERS[column.kind](records, column, factors)
    if contract.name in _PEOPLE_TABLES:
        for name in _ALWAYS:
            if name not in frame:
                frame[name] = np.nan
    _default_status(records)
    compare_columns(records)
    if contract.geometry:
        check_shapes(records)
    report_duplicates(records)
    report_same_key(records)
    if contract.name == "facilities":
        report_twins(records)
    return _finished(records)


def empty_table(contract: TableContract, crs: object) -> pd.DataFrame:
    """Return a table without records that a contract accepts.

    Examples
    --------
    >>> from carecircle.inputs.contracts import CONTRACTS
    >>> empty_table(CONTRACTS["sites"], "EPSG:4545").index.name
    'site_id'
    """
    import geopandas as gpd

    names = [column.name for column in contract.columns if column.required]
    names += _ALWAYS if contract.name in _PEOPLE_TABLES else ()
    names += ["status"] if contract.name == "facilities" else []
    empty = {
        name: read_numbers(pd.Series(dtype=object)).column
        if contract.column(name).kind == "number"
        else read_text(pd.Series(dtype=object)).column
        for name in dict.fromkeys(names)
    }
    index = pd.Index(read_text(pd.Series(dtype=object)).column, name=contract.index.name)
    frame = pd.DataFrame(empty, index=index)
    return gpd.GeoDataFrame(frame, geometry=[], crs=crs) if contract.geometry else frame


def _read_ids(records: Records) -> None:
    """Make ids text; a record without one is called by its row and keeps that name."""
    frame, name = records.frame, records.contract.index.name
    if name not in frame:
        frame[name] = [f"{records.table[0]}{row}" for row in frame.index]
        if records.contract.key:
            return  # its records have another name
        records.note("ids_made", field=name, found="no id column", used="row numbers")
        return
    typed = read_text(frame[name])
    changed = (typed.adapted == "from_number") & (frame[name].dtype == object)
    if changed.any():
        records.note(
            "ids_from_numbers", field=name, used="their digits",
            found=f"{changed.sum():,} ids kept as numbers in the file",
            fix="format the column as text if ids begin with 0",
        )  # fmt: skip
    lost = typed.adapted == "digits_lost"
    records.report(
        lost, "id_digits_lost", "warning", field=name, found="a number of 16 digits or more",
        fix="format the column as text: numbers keep 15 digits",
    )  # fmt: skip
    nameless = typed.column.isna().to_numpy()
    rows = pd.Series([f"row{row}" for row in frame.index], index=frame.index)
    records.report(
        nameless,
        "no_id",
        "warning",
        field=name,
        found="no id",
        used=rows.tolist(),
        fix="give it one",
    )
    frame[name] = typed.column.where(~nameless, rows)


def _numbers(records: Records, column: Column, factors: Mapping[str, float]) -> pd.Series[float]:
    """Read a number column; values out of range become missing and are reported."""
    raw = records.frame[column.name]
    values, faults, adapted = read_numbers(raw)
    values = values * factors.get(column.name, 1.0)
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    below, above = (values < low).to_numpy(), (values > high).to_numpy()
    faults = np.where(below, "negative_number" if low == 0 else "number_too_small", faults)
    faults = np.where(above, "absurd_number", faults)
    span = f"{low:,.6g} to {high:,.6g}".replace("inf", "any")
    for code in dict.fromkeys(faults[faults != ""]):
        records.report(
            faults == code, code, "error", field=column.name, found=_shown(raw), used="missing",
            effect=f"{column.name} of this record is unknown",
            fix=f"give {column.unit or 'a number'}, {span}",
        )  # fmt: skip
    if (adapted != "").any():
        records.note(
            "thousands_separator", field=column.name, used="the number",
            found=f"{(adapted != '').sum():,} values such as {raw[adapted != ''].iloc[0]}",
        )  # fmt: skip
    return values.mask(below | above)


def _text(records: Records, column: Column, _: Mapping[str, float]) -> pd.Series[str]:
    values, _faults, adapted = read_text(records.frame[column.name])
    lists = int((adapted == "first_of_list").sum())
    if lists:
        records.note(
            "list_values", field=column.name, found=f"{lists:,} lists", used="their first item"
        )
    missing = values.isna().to_numpy()
    if column.required and missing.any():
        records.note(
            "no_text", field=column.name,
            found=f"{missing.sum():,} records without one, such as"
            f" {records.names(np.flatnonzero(missing)[:1])[0]}",
        )  # fmt: skip
    return values


def _ids(records: Records, column: Column, factors: Mapping[str, float]) -> pd.Series[str]:
    """Read ids joined by ``;``, whatever separator was used."""
    values = _text(records, column, factors)
    return values.str.replace(r"\s*[;；,，、|]\s*", ";", regex=True).str.strip(";")


def _flags(records: Records, column: Column, _: Mapping[str, float]) -> pd.Series[bool]:
    raw = records.frame[column.name]
    values, faults, _adapted = read_flags(raw)
    _report_faults(records, column, faults, "write yes or no (是, 否)")
    return values


def _dates(records: Records, column: Column, _: Mapping[str, float]) -> pd.Series[pd.Timestamp]:
    raw = records.frame[column.name]
    values, faults, adapted = read_dates(raw)
    _report_faults(records, column, faults, "write 2024-03-05")
    loose = adapted == "first_day"
    records.report(
        loose, "date_without_day", "note", field=column.name, found=_shown(raw), used="day 1"
    )
    return values


def _periods(records: Records, column: Column, _: Mapping[str, float]) -> pd.Series[str]:
    values, faults, _adapted = read_periods(records.frame[column.name])
    _report_faults(records, column, faults, "write 2020, 2020-06, 2020-Q2, 2020-H1 or 2020-06-30")
    return values


def _report_faults(records: Records, column: Column, faults: np.ndarray, fix: str) -> None:
    for code in dict.fromkeys(faults[faults != ""]):
        records.report(
            faults == code, code, "error", field=column.name, used="missing",
            found=_shown(records.frame[column.name]),
            effect=f"{column.name} of this record is unknown", fix=fix,
        )  # fmt: skip


def _choices(records: Records, column: Column, _: Mapping[str, float]) -> pd.Series[str]:
    """Read coded values; a record with an unknown kind or status cannot be used."""
    raw = records.frame[column.name]
    values, faults, _adapted = read_choices(raw, column.choices)
    bad = faults != ""
    known = f"known: {', '.join(column.choices)}"
    if (records.table, column.name) == ("facilities", "kind"):
        known += "; own kinds go into service.names"
    details: dict[str, str | Sequence[str]] = {"field": column.name}
    if bad.any():
        details |= {"found": _shown(raw), "fix": [fault + known for fault in faults]}
    if column.required or column.name == "status":
        records.set_aside(bad, f"unknown_{column.name}", **details)
    else:
        effect = f"{column.name} of this record is unknown"
        records.report(
            bad, f"unknown_{column.name}", "error", used="missing", effect=effect, **details
        )
    if column.required:
        none = values.isna().to_numpy() & ~bad
        records.set_aside(
            none, f"no_{column.name}", field=column.name, found="empty",
            fix=known,
        )  # fmt: skip
    return values


_READERS = {
    "number": _numbers, "integer": _numbers, "text": _text, "id": _text, "ids": _ids,
    "flag": _flags, "date": _dates, "period": _periods, "choice": _choices,
}  # fmt: skip


def _shown(values: pd.Series) -> list[str]:
    return values.astype(object).map(lambda value: str(value)[:60]).tolist()


def _default_status(records: Records) -> None:
    """Take facilities for operating unless the file says otherwise, and say so."""
    frame = records.frame
    if records.table != "facilities":
        return
    if "status" not in frame:
        frame["status"] = np.nan
        frame["status"] = read_text(frame["status"]).column
    unsaid = frame["status"].isna().to_numpy() & records.kept
    if unsaid.any():
        records.note(
            "status_not_said", field="status", used="operating",
            found=f"{unsaid.sum():,} facilities without a status",
            fix="say operating, building, planned or closed",
        )  # fmt: skip
        frame["status"] = frame["status"].where(frame["status"].notna(), "operating")


def _finished(records: Records) -> pd.DataFrame:
    """Return the kept records, indexed by id, contract columns first."""
    contract = records.contract
    frame = records.frame[records.kept]
    first = [column.name for column in contract.columns if column.name in frame]
    last = ["geometry"] if contract.geometry else []
    others = [name for name in frame.columns if name not in (*first, *last, contract.index.name)]
    frame = frame.set_index(contract.index.name)[[*first, *others, *last]]
    for name in others:  # cells of several types, as sheets have them, cannot be written anywhere
        if frame[name].dtype == object:
            plain = frame[name].infer_objects()
            frame[name] = read_text(plain).column if plain.dtype == object else plain
    return frame
