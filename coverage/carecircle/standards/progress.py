"""Progress of a plan: dated tables of indicators against the straight path to the target."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.standards.floor_rule import DECIMALS
from carecircle.standards.indicators import unit_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Objects = NDArray[np.object_]

__all__ = ["EVALUATIONS", "PROGRESS_STATUSES", "plan_year", "progress"]

#: Status -> (Chinese, English).
PROGRESS_STATUSES: dict[str, tuple[str, str]] = {
    "achieved": ("已达到", "achieved"),
    "on_track": ("按进度", "on track"),
    "lagging": ("滞后", "lagging"),
    "no_baseline": ("无基期,未达到", "no baseline, not achieved"),
    "no_data": ("无数据", "no data"),
    "not_applicable": ("不适用", "not applicable"),
}
#: Evaluation -> (Chinese, English).
EVALUATIONS: dict[str, tuple[str, str]] = {
    "baseline": ("基期", "baseline"),
    "annual": ("年度总结", "annual"),
    "mid_term": ("中期评估", "mid-term"),
    "final": ("终期评估", "final"),
}
_KEYS = ["line", "level", "unit_id"]
_COLUMNS = [
    "number", "name_zh", "name_en", "reading_zh", "reading_en", "headline", "unit", "attribute",
    "basis", "value", "numerator", "denominator", "baseline_value", "target", "target_before",
    "expected", "progress", "status", "alarm", "change", "reason", "evaluation", "preset",
]  # fmt: skip


def plan_year(day: str) -> float:
    """Return a day as a number of years: the end of 2020 is 2020.0, the end of June about 2020.5.

    Examples
    --------
    >>> plan_year("2020-12-31"), plan_year("2023-12-31"), round(plan_year("2021-07-02"), 2)
    (2020.0, 2023.0, 2020.5)
    """
    date = dt.date.fromisoformat(day)
    first, last = dt.date(date.year, 1, 1), dt.date(date.year, 12, 31)
    passed = (date - first).days + 1
    return date.year - 1 + passed / ((last - first).days + 1)


def progress(runs: Sequence[pd.DataFrame], *, mid_term: int | None = None) -> pd.DataFrame:
    """Follow each indicator through dated runs, against the straight path from baseline to target.

    The path is ``e = v0 + (vT - v0) (t - t0) / (tT - t0)``, from the end of the baseline year to
    the end of the target year, and flat outside. Figures are compared with it as fractions, not as
    they are printed. Whatever the plan prints as ``--`` has no baseline and no path.

    Parameters
    ----------
    runs
        Tables of :func:`carecircle.indicators`, one for each day, in any order.
    mid_term
        Year of the mid-term evaluation; the middle of the plan (2023 of 2020 to 2025) when missing.
        Its last run is the evaluation.

    Returns
    -------
    pandas.DataFrame
        Index ``(as_of, line, level, unit_id)``, by day: what the line is, ``value``,
        ``numerator``, ``denominator``; ``baseline_value`` (below the city: that of the run of the
        baseline year, if there is one), ``target`` and ``target_before`` (of the run before, where
        it has been changed since), ``expected`` (the path), ``progress`` ((v - v0) / (vT - v0),
        may leave 0..1), ``status`` (key of :data:`PROGRESS_STATUSES`), ``alarm`` (``red`` for a
        binding indicator that lags, ``amber`` for any other; also for one without baseline that is
        not achieved at the final evaluation), ``change`` since the run before, ``reason`` why there
        is no figure, ``evaluation`` (key of :data:`EVALUATIONS`), ``preset``.

    Raises
    ------
    InputError
        If a run has no day, or two runs have the same.

    Examples
    --------
    >>> import carecircle as cc
    >>> run = cc.indicators(cc.assess(cc.samples.toy_town()))
    >>> run["as_of"] = "2023-12-31"
    >>> progress([run]).loc[("2023-12-31", "IND-3", "city", "T"), ["status", "alarm"]].to_list()
    ['lagging', 'red']
    """
    days = [_day_of(run) for run in runs]
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        msg = f"progress: two runs of {', '.join(twice)}; give one for each day"
        raise InputError(msg)
    if not runs:
        index = pd.MultiIndex.from_arrays([[]] * 4, names=["as_of", *_KEYS])
        return pd.DataFrame(columns=_COLUMNS, index=index)
    parts, before, first = [], None, _local_baselines(runs, days)
    marks = _evaluations(runs, days, mid_term)
    for day, run in sorted(zip(days, runs, strict=True), key=lambda pair: pair[0]):
        followed = _followed(run, day, first)
        followed["evaluation"] = marks[day]
        followed = followed.assign(**_since(followed, before))
        parts.append(pd.concat({day: followed[_COLUMNS]}, names=["as_of"]))
        before = followed
    return pd.concat(parts)


def _day_of(run: pd.DataFrame) -> str:
    said = sorted({str(day) for day in run["as_of"].unique()})
    if len(said) != 1 or not said[0]:
        found = ", ".join(said) or "none"
        msg = f"progress: a run needs one day in as_of, found {found}; give the frames their as_of"
        raise InputError(msg)
    return said[0]


def _local_baselines(runs: Sequence[pd.DataFrame], days: Sequence[str]) -> pd.Series:
    """Return what streets and districts had in the baseline year: the plan tells of the city."""
    for day, run in zip(days, runs, strict=True):
        local = run[run.index.get_level_values("level") != "city"]
        if len(local) and (local["baseline_year"] == plan_year(day)).all():
            return local["value"]
    return pd.Series(dtype=float)


def _evaluations(
    runs: Sequence[pd.DataFrame], days: Sequence[str], mid_term: int | None
) -> dict[str, str]:
    """Return which evaluation each day is."""
    marks = dict.fromkeys(days, "annual")
    start, end = (runs[0][name].max() for name in ("baseline_year", "target_year"))
    if mid_term is None and not math.isnan(end - start):
        mid_term = int(start + math.ceil((end - start) / 2))
    of_year = [day for day in days if mid_term is not None and day[:4] == str(mid_term)]
    if of_year:
        marks[max(of_year)] = "mid_term"
    for day in days:
        year = plan_year(day)
        if year >= end:
            marks[day] = "final"
        elif year <= start:
            marks[day] = "baseline"
    return marks


def _followed(run: pd.DataFrame, day: str, first: pd.Series) -> pd.DataFrame:
    """Put one run beside its path."""
    table = run.copy()
    local = first.reindex(table.index).to_numpy(dtype=float)
    lower = table.index.get_level_values("level") != "city"
    start = table["baseline_value"].to_numpy(dtype=float)
    start = np.where(lower & np.isnan(start), local, start)
    target, value = (table[name].to_numpy(dtype=float) for name in ("target", "value"))
    span = (table["target_year"] - table["baseline_year"]).to_numpy(dtype=float)
    gone = np.clip((plan_year(day) - table["baseline_year"].to_numpy(dtype=float)) / span, 0, 1)
    expected = np.round(start + (target - start) * gone, 12)
    way = target - start
    share = np.divide(value - start, way, out=np.full(len(value), np.nan), where=way != 0)
    status = _status(table, expected)
    late = plan_year(day) >= table["target_year"].to_numpy(dtype=float)
    return table.assign(
        baseline_value=start, expected=expected, progress=np.round(share, 12), status=status,
        alarm=_alarm(status, table["attribute"].to_numpy(dtype=object), late),
    )  # fmt: skip


def _status(table: pd.DataFrame, expected: Floats) -> Objects:
    """Return where each line stands; the run itself has decided what is achieved."""
    scale = np.array([unit_scale(unit) for unit in table["unit"]])
    top, bottom = (table[name].to_numpy(dtype=float) for name in ("numerator", "denominator"))
    behind = np.round(expected * bottom / scale - top, DECIMALS)
    at_most = (table["comparator"] == "<=").to_numpy()
    short = np.where(at_most, -behind, behind) > 0
    status = np.where(short, "lagging", "on_track").astype(object)
    status[np.isnan(expected)] = "no_baseline"
    given = table["status"].to_numpy(dtype=object)
    for name in ("achieved", "no_data", "not_applicable"):
        status[given == name] = name
    return status


def _alarm(status: Objects, attribute: Objects, late: Flags) -> Objects:
    behind = (status == "lagging") | (late & (status == "no_baseline"))
    colour = np.where(attribute == "binding", "red", "amber").astype(object)
    return np.where(behind, colour, "").astype(object)


def _since(table: pd.DataFrame, before: pd.DataFrame | None) -> dict[str, pd.Series]:
    if before is None:
        none = pd.Series(np.nan, table.index)
        return {"change": none, "target_before": none}
    old = before[["value", "target"]].reindex(table.index)
    moved = old["target"].notna() & (old["target"] != table["target"])
    return {"change": table["value"] - old["value"], "target_before": old["target"].where(moved)}
