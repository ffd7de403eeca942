"""From the values people write to typed columns: numbers, dates, yes/no, choices, ids.

Each reader looks at every distinct value once and returns the typed column with a reason for each
value it could not read; it never guesses and never reports. Reporting is :mod:`.checks`' task.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from carecircle.inputs.headings import did_you_mean, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "Typed", "read_choices", "read_dates", "read_flags", "read_numbers",
    "read_periods", "read_text",
]  # fmt: skip

#: Words that stand for "no value"; none of them is zero.
_MISSING = frozenset(
    ("", "-", "--", "---", "—", "——", "－", "/", "无", "暂无", "不详", "未知", "n/a", "na", "#n/a",
     "nan", "none", "null", "<na>", "nat")
)  # fmt: skip
_MISSING_TEXT = _MISSING - {"-", "/", "na", "none"}  # these are also names and tag values
_YES = frozenset(("是", "有", "yes", "y", "true", "t", "1", "√", "✓"))
_NO = frozenset(("否", "没有", "no", "n", "false", "f", "0", "×", "✗"))
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?)?年?(?:[T ].*)?")
#: A year; then a month, quarter or half-year; then a day.
_PERIOD = re.compile(
    r"(\d{4})年?(?:底|末|度)?"
    r"(?:[-/.]?(?:第)?(?:Q?([1-4])季度?|Q([1-4])|H([12])|(上|下)半年|(\d{1,2})(?:[-/.月](\d{1,2})日?)?月?))?"
)
_EIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TEXT_DTYPE = pd.Series(["text"]).dtype  # str from pandas 3 on, object before
_EXACT_FLOAT = 2**53


class Typed(NamedTuple):
    """A typed column, why a value could not be read (``""``: it could), and what was adapted."""

    column: pd.Series[Any]
    faults: np.ndarray
    adapted: np.ndarray


def _each_distinct(
    series: pd.Series[Any], reader: Callable[[object], tuple[object, str, str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read each distinct value once; missing values give ``None`` and no fault."""
    codes, distinct = pd.factorize(series)
    values = np.asarray(distinct, dtype=object)  # items of an Arrow array are slow to take
    read = [*(reader(value) for value in values), (None, "", "")]  # code -1 is the last
    columns = zip(*read, strict=True)
    return tuple(_objects(column)[codes] for column in columns)  # type: ignore[return-value]  # three columns


def _objects(values: Sequence[object]) -> np.ndarray:
    """Return a one-dimensional object array, whatever the values are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _plain(value: object) -> str:
    """Return the text of one cell in half-width form."""
    return unicodedata.normalize("NFKC", str(value)).strip().lstrip("\ufeff")


def _nothing(series: pd.Series[Any]) -> np.ndarray:
    return np.full(len(series), "", dtype=object)


def read_numbers(series: pd.Series[Any]) -> Typed:
    """Read numbers; ``1,204`` is understood and noted, ``--`` is missing, text is a fault.

    Examples
    --------
    >>> typed = read_numbers(pd.Series(["1,204", "--", "many", "７"]))
    >>> typed.column.tolist(), typed.faults.tolist()
    ([1204.0, nan, nan, 7.0], ['', '', 'not_a_number', ''])
    """
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        values = series.astype("float64")
        infinite = np.isinf(values.to_numpy())
        faults = np.where(infinite, "infinite_number", "").astype(object)
        return Typed(values.mask(infinite), faults, _nothing(series))
    values = pd.to_numeric(series, errors="coerce").astype("float64")
    doubtful = (values.isna() & series.notna()) | np.isinf(values)
    faults, adapted = _nothing(series), _nothing(series)
    numbers, *others = _each_distinct(series[doubtful], _number)
    values[doubtful] = numbers.astype("float64")
    faults[doubtful], adapted[doubtful] = others
    return Typed(values, faults, adapted)


def _number(value: object) -> tuple[object, str, str]:
    text = _plain(value)
    if text.lower() in _MISSING:
        return None, "", ""
    adapted = ""
    if _THOUSANDS.fullmatch(text):
        text, adapted = text.replace(",", ""), "thousands_separator"
    try:
        number = float(text.replace("_", "x"))  # Python alone reads 1_000 as a number
    except ValueError:
        return None, "not_a_number", ""
    return (number, "", adapted) if math.isfinite(number) else (None, "infinite_number", "")


def read_text(series: pd.Series[Any]) -> Typed:
    """Read text and ids: leading zeros stay, 150302001001.0 becomes 150302001001.

    Examples
    --------
    >>> typed = read_text(pd.Series(["007", 150302001001.0, None], dtype=object))
    >>> typed.column.tolist(), typed.adapted.tolist()
    (['007', '150302001001', nan], ['', 'from_number', ''])
    """
    if pd.api.types.infer_dtype(series, skipna=True) in ("string", "empty"):
        plain = series.astype(_TEXT_DTYPE).str.replace(r"[\s\ufeff]+", " ", regex=True).str.strip()
        plain = plain.mask(plain.str.lower().isin(list(_MISSING_TEXT)))
        return Typed(plain, _nothing(series), _nothing(series))
    if series.dtype == object:
        series, lists = _first_of_lists(series)
    else:
        lists = np.zeros(len(series), dtype=bool)
    text, faults, adapted = _each_distinct(series, _text)
    adapted[lists] = "first_of_list"
    values = pd.Series(text, series.index, dtype=object)
    return Typed(values.where(values.notna(), np.nan).astype(_TEXT_DTYPE), faults, adapted)


def _first_of_lists(series: pd.Series[Any]) -> tuple[pd.Series[Any], np.ndarray]:
    """Return the first item of every list, as merged OpenStreetMap edges have them."""
    lists = series.map(lambda value: isinstance(value, (list, tuple, np.ndarray)))
    if not lists.any():
        return series, lists.to_numpy(dtype=bool)
    firsts = series[lists].map(lambda value: value[0] if len(value) else None)
    return series.where(~lists, firsts), lists.to_numpy(dtype=bool)


def _text(value: object) -> tuple[object, str, str]:
    if isinstance(value, (bool, np.bool_)):
        return ("yes" if value else "no"), "", ""
    if isinstance(value, (int, np.integer)):
        return str(value), "", "from_number"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        lost = "digits_lost" if abs(float(value)) >= _EXACT_FLOAT else "from_number"
        return str(int(value)), "", lost
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()[:10], "", ""
    text = " ".join(str(value).replace("\ufeff", "").split())
    return (None if text.lower() in _MISSING_TEXT else text), "", ""


def read_dates(series: pd.Series[Any]) -> Typed:
    """Read ISO and Chinese dates; a month or a year alone means its first day, and says so.

    Examples
    --------
    >>> typed = read_dates(pd.Series(["2024年3月5日", "2024-03", "soon"]))
    >>> typed.column.dt.strftime("%Y-%m-%d").tolist(), typed.faults.tolist()
    (['2024-03-05', '2024-03-01', nan], ['', '', 'not_a_date'])
    >>> typed.adapted.tolist()
    ['', 'first_day', '']
    """
    dates, faults, adapted = _each_distinct(series, _date)
    return Typed(pd.Series(dates, series.index).astype("datetime64[us]"), faults, adapted)


def _date(value: object) -> tuple[object, str, str]:
    if isinstance(value, (dt.datetime, dt.date)):
        return np.datetime64(value.isoformat()[:10], "D"), "", ""
    text = _plain(value)
    if text.lower() in _MISSING:
        return None, "", ""
    found = _EIGHT.fullmatch(text) or _DATE.fullmatch(re.sub(r"\.0$", "", text))
    if found is None:
        return None, "not_a_date", ""
    year, month, day = (int(part) if part else 1 for part in found.groups())
    try:
        date = np.datetime64(dt.date(year, month, day), "D")
    except ValueError:
        return None, "not_a_date", ""
    if not 1900 <= year <= 2100:  # noqa: PLR2004  the years a planner can mean
        return None, "not_a_date", ""
    return date, "", "" if found[3] else "first_day"


def read_periods(series: pd.Series[Any]) -> Typed:
    """Read years, months, quarters, half-years and days as text that sorts within each of them.

    Examples
    --------
    >>> said = pd.Series(["2020年", 2021.0, "2021年6月", "2021Q2", "上半年", "2021-02-30"])
    >>> typed = read_periods(said)
    >>> typed.column.tolist()
    ['2020', '2021', '2021-06', '2021-Q2', nan, nan]
    >>> typed.faults.tolist()
    ['', '', '', '', 'not_a_period', 'not_a_period']
    """
    periods, faults, adapted = _each_distinct(series, _period)
    values = pd.Series(periods, series.index, dtype=object)
    return Typed(values.where(values.notna(), np.nan).astype(_TEXT_DTYPE), faults, adapted)


def _period(value: object) -> tuple[object, str, str]:
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()[:10], "", ""
    text = re.sub(r"\.0$", "", _plain(value)).upper()
    if text.lower() in _MISSING:
        return None, "", ""
    found = _PERIOD.fullmatch(re.sub(r"[T ]\d\d:.*$", "", text))
    if found is None or not 1900 <= int(found[1]) <= 2100:  # noqa: PLR2004  the years a planner can mean
        return None, "not_a_period", ""
    year, quarter, month, day = found[1], found[2] or found[3], found[6], found[7]
    half = found[4] or {"上": "1", "下": "2", None: ""}[found[5]]
    if quarter or half:
        return f"{year}-Q{quarter}" if quarter else f"{year}-H{half}", "", ""
    try:
        date = dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None, "not_a_period", ""
    return date.isoformat()[: 10 if day else 7 if month else 4], "", ""


def read_flags(series: pd.Series[Any]) -> Typed:
    """Read yes and no in Chinese, English and digits.

    Examples
    --------
    >>> read_flags(pd.Series(["是", "no", "1", ""])).column.tolist()
    [True, False, True, <NA>]
    """
    flags, faults, adapted = _each_distinct(series, _flag)
    return Typed(pd.Series(flags, series.index, dtype="boolean"), faults, adapted)


def _flag(value: object) -> tuple[object, str, str]:
    word = re.sub(r"\.0$", "", _plain(value)).lower()
    if word in _MISSING:
        return None, "", ""
    if word in _YES or word in _NO:
        return word in _YES, "", ""
    return None, "not_yes_or_no", ""


def read_choices(series: pd.Series[Any], choices: Mapping[str, Sequence[str]]) -> Typed:
    """Read codes by code, Chinese or English name or synonym; the fault of others is a suggestion.

    Examples
    --------
    >>> typed = read_choices(pd.Series(["城镇", "URBAN", "urbane"]), {"urban": ("城镇",)})
    >>> typed.column.tolist(), typed.faults.tolist()
    (['urban', 'urban', nan], ['', '', "did you mean 'urban'? "])
    """
    words = {normalise(word): code for code, names in choices.items() for word in (*names, code)}
    options = [word for code, names in choices.items() for word in (code, *names)]

    def choose(value: object) -> tuple[object, str, str]:
        word = re.sub(r"\.0$", "", normalise(value))
        if word in words:
            return words[word], "", ""
        if _plain(value).lower() in _MISSING:
            return None, "", ""
        near = did_you_mean(value, options)
        return None, f"did you mean {near!r}? " if near else "not a known word; ", ""

    codes, faults, adapted = _each_distinct(series, choose)
    values = pd.Series(codes, series.index, dtype=object)
    return Typed(values.where(values.notna(), np.nan).astype(_TEXT_DTYPE), faults, adapted)
