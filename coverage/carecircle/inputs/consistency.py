"""What the columns and records of one table say of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import shapely

if TYPE_CHECKING:
    from carecircle.inputs.records import Records

__all__ = ["compare_columns", "report_duplicates", "report_same_key", "report_twins"]

#: (table, code, part, whole): a part larger than its whole is used, with a warning.
_PARTS = (
    ("", "elders_exceed_population", "elders", "population"),
    ("", "elders80_exceed_elders", "elders80", "elders"),
    ("", "households_exceed_population", "households", "population"),
    ("", "new_households_exceed_households", "households_new", "households"),
    ("facilities", "nursing_beds_exceed_beds", "nursing_beds", "beds"),
    ("facilities", "elder_floor_exceeds_floor", "elder_floor_m2", "floor_m2"),
    ("facilities", "activity_floor_exceeds_floor", "activity_m2", "floor_m2"),
)
#: Counts of whole things; homes may hold shares of people.
_WHOLE = (
    "households", "population", "elders", "elders80", "beds", "nursing_beds", "institution_beds",
    "places", "dwellings",
)  # fmt: skip
_SMALL_FLOOR_M2 = 5.0
#: Unit of a share -> what one whole is in it.
_SHARES = {"%": 100.0, "％": 100.0, "百分比": 100.0, "‰": 1000.0, "千分比": 1000.0}
#: Dates of a housing project that follow one another.
_STEPS = ("permit", "start", "accept", "deliver")


def compare_columns(records: Records) -> None:
    """Warn where one column contradicts another; nothing is changed."""
    frame = records.frame
    for table, code, part, whole in _PARTS:
        if table in ("", records.table) and part in frame and whole in frame:
            more = (frame[part] > frame[whole]).to_numpy()
            found = _pairs(frame, part, whole) if more.any() else ""
            records.report(
                more, code, "warning", field=part, found=found, used="both", fix="check both"
            )
    _suspect_units(records)
    _contradicted_shares(records)
    _steps_out_of_order(records)
    if {"households", "elders"} <= set(frame.columns):
        odd = ((frame["households"] == 0) & (frame["elders"] > 0)).to_numpy()
        found = _pairs(frame, "households", "elders") if odd.any() else ""
        records.report(
            odd, "elders_without_households", "warning", field="households", found=found,
            used="both", fix="give the households",
        )  # fmt: skip


def _suspect_units(records: Records) -> None:
    """Warn of floor areas and counts that look as if they were in another unit."""
    frame = records.frame
    if records.table == "homes":
        return
    for column in records.contract.columns:
        if column.name not in frame or column.kind != "number":
            continue
        values = frame[column.name]
        if column.unit == "m2":
            odd, code = (values > 0) & (values < _SMALL_FLOOR_M2), "small_floor_area"
        elif column.name in _WHOLE:
            odd, code = values % 1 > 0, "fraction_in_a_count"
        else:
            continue
        if odd.any():
            unit = "10,000 m2 or mu" if column.unit == "m2" else "thousands or tens of thousands"
            records.report(
                odd.to_numpy(), code, "warning", field=column.name, used="as it is",
                found=values.map("{:.6g}".format).tolist(), fix=f"is it in {unit}?",
            )  # fmt: skip


def _contradicted_shares(records: Records) -> None:
    """Warn of a published share that its own numerator and denominator do not print as."""
    frame = records.frame
    if not {"numerator", "denominator", "unit"} <= set(frame.columns):
        return
    whole = frame["unit"].map(_SHARES)
    more = (whole.notna() & (frame["numerator"] > frame["denominator"])).to_numpy()
    found = _pairs(frame, "numerator", "denominator") if more.any() else ""
    records.report(more, "share_above_one", "warning", field="numerator", found=found,
                   used="both", fix="check both")  # fmt: skip
    if "value" not in frame:
        return
    share = whole * frame["numerator"] / frame["denominator"]
    decimals = frame["value"].map("{:.10g}".format).str.partition(".")[2].str.len()
    off = (share - frame["value"]).abs() > 0.5 * 10.0**-decimals * (1 + 1e-9)
    records.report(
        off.to_numpy(), "value_contradicted", "warning", field="value",
        found=[f"{value:g}, but {n:,.10g}/{d:,.10g}" for value, n, d in zip(
            frame["value"], frame["numerator"], frame["denominator"], strict=True)],
        used="numerator and denominator", fix="check all three",
    )  # fmt: skip


def _steps_out_of_order(records: Records) -> None:
    """Warn of a project whose later step is dated before an earlier one."""
    frame = records.frame
    for who in ("home", "facility"):
        known = [f"{who}_{step}" for step in _STEPS if f"{who}_{step}" in frame]
        for k, later in enumerate(known):
            for earlier in known[:k]:
                odd = (frame[later] < frame[earlier]).to_numpy()
                days = frame[[earlier, later]].map("{:%Y-%m-%d}".format, na_action="ignore")
                found = earlier + " " + days[earlier] + ", " + later + " " + days[later]
                records.report(
                    odd, "dates_out_of_order", "warning", field=later, used="both",
                    found=found.fillna("").tolist(), fix="check both",
                )  # fmt: skip


def _pairs(frame: pd.DataFrame, one: str, other: str) -> list[str]:
    return [
        f"{one} {a:,.6g}, {other} {b:,.6g}" for a, b in zip(frame[one], frame[other], strict=True)
    ]


def report_duplicates(records: Records) -> None:
    """Keep the first usable record of each id; name all rows that share it."""
    ids = records.frame[records.contract.index.name]
    shared = (ids.duplicated(keep=False)).to_numpy()
    if not shared.any():
        return
    rows = ids[shared].groupby(ids[shared]).agg(lambda group: ", ".join(map(str, group.index)))
    found = ("rows " + ids.map(rows)).fillna("").tolist()
    later = records.kept.copy()
    later[records.kept] = ids[records.kept].duplicated(keep="first")
    first = shared & records.kept & ~later
    fix = f"give each of the {records.table} its own {ids.name}"
    records.report(
        first,
        "duplicate_id",
        "warning",
        field=str(ids.name),
        found=found,
        used="this record",
        fix=fix,
    )
    records.set_aside(later, "duplicate_id", field=str(ids.name), found=found, fix=fix)


def report_same_key(records: Records) -> None:
    """Keep the first record of each key: two figures for one thing cannot both be used."""
    key = [name for name in records.contract.key if name in records.frame]
    if not key:
        return
    kept = records.frame[records.kept]
    again = pd.Series(data=False, index=records.frame.index)
    again[kept.index] = kept.duplicated(key, keep="first")
    words = records.frame[key].astype(object).fillna("").astype(str).agg(" ".join, axis=1)
    records.set_aside(
        again.to_numpy(dtype=bool), "same_record_twice", field=", ".join(key),
        found=words.str.split().str.join(" ").tolist(), fix="keep one of the rows",
    )  # fmt: skip


def report_twins(records: Records) -> None:
    """Warn of facilities of one kind, name and place under several ids."""
    frame = records.frame[records.kept]
    place = pd.Series(
        shapely.to_wkb(shapely.set_precision(frame.geometry.to_numpy(), 0.01)), frame.index
    )
    keys = pd.DataFrame({"place": place, "name": frame["name"], "kind": frame["kind"]})
    twins = keys.duplicated(keep=False) & keys["name"].notna()
    if twins.any():
        names = frame.loc[twins, records.contract.index.name]
        groups = names.groupby([keys[c][twins] for c in keys]).transform(", ".join)
        records.report(
            records.frame.index.isin(names.index), "same_place_and_name", "warning",
            used="all of them",
            found=groups.reindex(records.frame.index).fillna("").tolist(),
            fix="remove the copies: beds and floor areas count twice",
        )  # fmt: skip
