"""Formulas of what others report: the newest observation of an indicator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.standards.measures import measured
from carecircle.standards.registry import SHARES, formula

if TYPE_CHECKING:
    from carecircle.standards.rule_frames import RuleFrames

__all__ = ["newest_observations", "observed_share"]

_MONTHS = {"Q1": 3, "Q2": 6, "Q3": 9, "Q4": 12, "H1": 6, "H2": 12}


def newest_observations(frames: RuleFrames, level: str = "city") -> pd.DataFrame:
    """Return the newest observation of each indicator and unit of a level.

    A period that begins after the day of the data is of no use; one without ``unit_level`` speaks
    of the city.

    Returns
    -------
    pandas.DataFrame
        Index: position in the observations; their columns, ``numerator``, ``denominator`` and
        ``value`` as numbers (``--`` is NaN), ``unit_id`` ("" where not stated), ``ends`` the last
        day of the period.
    """
    return frames.keep(("newest_observations", level), lambda: _newest(frames, level))


def _newest(frames: RuleFrames, level: str) -> pd.DataFrame:
    table = frames.observations
    if table is None or table.empty:
        columns = ["indicator", "period", "numerator", "denominator", "value", "unit_id", "ends"]
        return pd.DataFrame(columns=columns)
    told = table.assign(
        indicator=table["indicator"].astype(str),
        period=table["period"].astype(str),
        unit_id=_text(table, "unit_id"),
        unit_level=_text(table, "unit_level").replace("", "city"),
        **{name: _number(table, name) for name in ("numerator", "denominator", "value")},
    )
    told = told[told["unit_level"] == level]
    told = told.assign(ends=_last_days(told["period"]))
    begins = told["period"].str[:4] + "-" + _first_months(told["period"])
    if frames.as_of:
        told = told[begins <= frames.as_of[:7]]
    newest = told.sort_values(["ends", "period"], kind="stable")
    return newest.drop_duplicates(["indicator", "unit_id"], keep="last")


@formula("observed_share", unit="%", level="city", closes="units",
         source="numerator and denominator of the newest observation")  # fmt: skip
def observed_share(frames: RuleFrames, indicator: str, published_in: str = "%") -> pd.DataFrame:
    """Share observed elsewhere, by the indicator's name; ``published_in`` where only that is."""
    units = frames.units("city")
    told = frames.keep("newest_columns", lambda: _columns(frames))
    rows = told["indicator"] == indicator
    ids = told["unit_id"][rows]
    if len(units) == 1 and units[0] not in ids:
        ids = np.where(ids == "", units[0], ids)
    at = pd.Index(ids, dtype="str").get_indexer(units)
    top, bottom, value = (
        np.append(told[name][rows], np.nan)[at] for name in ("numerator", "denominator", "value")
    )
    whole = ~np.isnan(top) & ~np.isnan(bottom)
    published = ~whole & ~np.isnan(value)
    # a figure published alone is taken as it stands, over its denominator where that is known
    bottom = np.where(~published | (bottom > 0), bottom, 1.0)
    top = np.where(published, value / SHARES[published_in] * bottom, top)
    said = np.where(whole, "", np.where(published, "published_only", "no_observation"))
    period = np.append(told["period"][rows], "")[at]
    seen = np.where(whole | published, f"observation {indicator} " + period, "")
    return measured(top, bottom, scale=100.0, index=units, reason=said.astype(object),
                    evidence=seen.astype(object))  # fmt: skip


def _columns(frames: RuleFrames) -> dict[str, Any]:
    """Return what a share is read from, for all indicators: texts and numbers, row by row."""
    newest = newest_observations(frames)
    texts = {name: newest[name].to_numpy(dtype=object) for name in ("indicator", "period")}
    ids = newest["unit_id"].astype(object).fillna("").to_numpy(dtype=object)
    figures = {name: newest[name].to_numpy(dtype=float, na_value=np.nan)
               for name in ("numerator", "denominator", "value")}  # fmt: skip
    return {"unit_id": ids} | texts | figures


def _text(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series("", table.index, dtype=object)
    return table[name].astype(object).where(table[name].notna(), "").astype(str)


def _number(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series(np.nan, table.index)
    return pd.to_numeric(table[name], errors="coerce").astype(float)


def _first_months(period: pd.Series) -> pd.Series:
    part = period.str[5:7]
    return part.replace({"": "01", "Q1": "01", "Q2": "04", "Q3": "07", "Q4": "10", "H1": "01",
                         "H2": "07"})  # fmt: skip


def _last_days(period: pd.Series) -> pd.Series:
    """Return the last day of each year, half-year, quarter, month or day, as a date."""
    part = period.str[5:7]
    month = part.map(_MONTHS).fillna(pd.to_numeric(part, errors="coerce")).fillna(12)
    year = pd.to_numeric(period.str[:4], errors="coerce")
    months = pd.DataFrame({"year": year, "month": month, "day": 1})
    ends = pd.to_datetime(months, errors="coerce") + pd.offsets.MonthEnd(1)
    whole_days = period.where(period.str.len() == len("2020-06-30"))
    return pd.to_datetime(whole_days, errors="coerce").fillna(ends)
