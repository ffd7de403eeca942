"""How much a verdict hangs on walking speed: robust, fragile, uncovered, hard; and curves."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.coverage import WEIGHTS
from carecircle.analysis.units import is_on_time, states_by_unit, unit_names
from carecircle.errors import CarecircleError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CLASSES", "SpeedClasses", "classify", "coverage_by_minutes", "speed_curve"]

#: Class of a home or area -> (Chinese, English), from the safest on.
CLASSES = {
    "robust": ("稳固(慢行也能到)", "robust: in time also for the slow"),
    "fragile": ("脆弱(常速才能到)", "fragile: in time at the usual speed only"),
    "uncovered": ("未覆盖(快行才能到)", "uncovered: in time only for the fast"),
    "hard": ("难覆盖(快行也到不了)", "hard: not in time even for the fast"),
    "not_assessed": ("未评估", "not assessed"),
}
_RANK = tuple(CLASSES)
_PACES = ("slow", "usual", "fast")


@dataclass(frozen=True, eq=False)
class SpeedClasses:
    """Every verdict held against three walking speeds.

    Attributes
    ----------
    speeds_m_s
        Slow, usual, fast.
    homes
        Index ``home_id``: ``area_id``, ``limit_minutes``, ``minutes_slow``, ``minutes_usual``,
        ``minutes_fast`` (NaN without a way) and ``class``, one of :data:`CLASSES`.
    areas
        Index ``area_id``: ``name``, ``on_time_slow``, ``on_time_usual``, ``on_time_fast`` (missing
        where nothing can be said) and ``class``: the slowest speed at which the area is on time.
    units
        Index ``(level, unit_id, weight)``: ``name``, ``total``, and of it ``robust``, ``fragile``,
        ``uncovered``, ``hard``, ``not_assessed``; then each as share ``{class}_rate``. Robust and
        fragile together are what the verdict calls covered.
    """

    speeds_m_s: tuple[float, float, float]
    homes: pd.DataFrame
    areas: pd.DataFrame
    units: pd.DataFrame

    def __repr__(self) -> str:
        counts = self.areas["class"].value_counts()
        said = ", ".join(f"{counts.get(name, 0)} {name}" for name in _RANK)
        speeds = "/".join(f"{speed:g}" for speed in self.speeds_m_s)
        return f"SpeedClasses({speeds} m/s; areas: {said})"

    def _repr_html_(self) -> str:
        city = self.units.loc[["city"]].groupby("weight").sum(numeric_only=True)
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(zh)} / {escape(en)}</td>"
            + "".join(
                f"<td>{city[name][weight]:,.0f} / {city['total'][weight]:,.0f}</td>"
                for weight in WEIGHTS
            )
            + "</tr>"
            for name, (zh, en) in CLASSES.items()
        )
        heads = "".join(f"<th>{weight}</th>" for weight in WEIGHTS)
        speeds = " / ".join(f"{speed:g}" for speed in self.speeds_m_s)
        return f"<div><b>{speeds} m/s</b><table><tr><th></th>{heads}</tr>{rows}</table></div>"


def classify(
    homes: pd.DataFrame,
    minutes: pd.DataFrame,
    areas: pd.DataFrame,
    *,
    speeds_m_s: tuple[float, float, float],
    on_time_share: float = 0.95,
) -> SpeedClasses:
    """Class homes and areas by the slowest of three speeds at which they are in time.

    Robust: in time at the slow speed; fragile: at the usual one only; uncovered: only at the fast
    one; hard: not even then, or without a way.

    Parameters
    ----------
    homes
        Index ``home_id``: ``area_id``, ``limit_minutes``, ``covered`` (missing where not assessed)
        and people, as :func:`carecircle.home_coverage` gives them.
    minutes
        Index of ``homes``; three columns, at the slow, the usual and the fast speed.
    areas
        Contract ``areas``.
    speeds_m_s
        The speeds, ascending.
    on_time_share
        Share of an area's elders (homes where none are known) that must be in time.

    Raises
    ------
    InputError
        If the speeds do not ascend.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.assess(cc.samples.toy_town())
    >>> walk = town.homes["minutes"]
    >>> three = pd.DataFrame({"slow": walk / 0.8, "usual": walk, "fast": walk / 1.2})
    >>> found = classify(town.homes, three, town.areas, speeds_m_s=(0.8, 1.0, 1.2))
    >>> found.homes["class"][["H01", "H04", "H07", "H08", "H13"]].tolist()
    ['robust', 'fragile', 'uncovered', 'hard', 'not_assessed']
    """
    if not 0 < speeds_m_s[0] <= speeds_m_s[1] <= speeds_m_s[2]:
        raise InputError(f"speeds_m_s is {speeds_m_s}; give slow, usual and fast, ascending")
    limit = homes["limit_minutes"].to_numpy(dtype=float)
    took = minutes.to_numpy(dtype=float)
    assessed = homes["covered"].notna().to_numpy()
    within = pd.DataFrame(took <= limit[:, None], homes.index, list(_PACES))
    within.columns.name = "pace"
    rank = np.where(assessed, 3 - within.to_numpy().sum(axis=1), len(_RANK) - 1)
    names = np.array(_RANK, dtype=object)
    table = homes[["area_id", "limit_minutes"]].join(
        pd.DataFrame(took, homes.index, [f"minutes_{pace}" for pace in _PACES])
    )
    table["class"] = pd.array(names[rank], dtype="str")
    states = states_by_unit(within, assessed, homes, areas)
    units = _class_sums(states).join(unit_names(areas), on=["level", "unit_id"])
    units.insert(0, "name", units.pop("name"))
    return SpeedClasses(speeds_m_s, table, _area_classes(states, areas, on_time_share), units)


def coverage_by_minutes(
    homes: pd.DataFrame, areas: pd.DataFrame, *, minutes: Sequence[float] = tuple(range(5, 61))
) -> pd.DataFrame:
    """Add up who is within 5, 6, ... 60 minutes, one limit for everyone, town and country.

    Parameters
    ----------
    homes
        As :func:`carecircle.home_coverage` gives them.
    areas
        Contract ``areas``.
    minutes
        The limits; exactly at one is within.

    Returns
    -------
    pandas.DataFrame
        Index ``(level, unit_id, weight, limit_minutes)``: ``covered``, ``uncovered``,
        ``not_assessed``, ``total``, ``rate``. Along the limits ``covered`` never falls.

    Raises
    ------
    InputError
        If a limit is not a positive number.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.assess(cc.samples.toy_town())
    >>> curve = coverage_by_minutes(town.homes, town.areas, minutes=[5, 15, 30])
    >>> curve.loc[("city", "T", "elders"), "covered"].to_dict()
    {5.0: 10.0, 15.0: 60.0, 30.0: 100.0}
    """
    limits = np.unique(np.asarray(minutes, dtype=float))
    if not len(limits) or limits[0] <= 0 or not np.isfinite(limits).all():
        raise InputError(f"minutes are {list(minutes)}; give one or more positive numbers")
    took = homes["minutes"].to_numpy(dtype=float)
    columns = pd.Index(limits, name="limit_minutes")
    within = pd.DataFrame(took[:, None] <= limits, homes.index, columns)
    return states_by_unit(within, homes["covered"].notna().to_numpy(), homes, areas)


def speed_curve(homes: pd.DataFrame, minutes: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Add up who is within the limit of their area at each of several walking speeds.

    Parameters
    ----------
    homes, areas
        As for :func:`classify`.
    minutes
        Index of ``homes``; one column per speed, named by its metres per second.

    Returns
    -------
    pandas.DataFrame
        Index ``(level, unit_id, weight, speed_m_s)``: as :func:`coverage_by_minutes`.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.assess(cc.samples.toy_town())
    >>> walk = pd.DataFrame({v: town.homes["minutes"] / v for v in (0.5, 1.0, 2.0)})
    >>> speed_curve(town.homes, walk, town.areas).loc[("city", "T", "elders"), "covered"].tolist()
    [20.0, 80.0, 110.0]
    """
    limit = homes["limit_minutes"].to_numpy(dtype=float)[:, None]
    columns = pd.Index(minutes.columns.astype(float), name="speed_m_s")
    within = pd.DataFrame(minutes.to_numpy(dtype=float) <= limit, homes.index, columns)
    return states_by_unit(within, homes["covered"].notna().to_numpy(), homes, areas)


def _class_sums(states: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of each class: what a speed adds to the next slower one."""
    covered = states["covered"].unstack("pace")[list(_PACES)]  # noqa: PD010  # three columns of one index
    usual = states.xs("usual", level="pace")
    table = pd.DataFrame(
        {
            "total": usual["total"],
            "robust": covered["slow"],
            "fragile": covered["usual"] - covered["slow"],
            "uncovered": covered["fast"] - covered["usual"],
            "hard": states.xs("fast", level="pace")["uncovered"],
            "not_assessed": usual["not_assessed"],
        }
    ).round(9)
    off = (table[list(_RANK)].sum(axis=1, min_count=5) - table["total"]).abs()
    if (off > 1e-6 * table["total"].clip(lower=1.0)).any():
        raise CarecircleError(f"classes do not add up in {off.idxmax()}; please report this fault")
    share = table[list(_RANK)].div(table["total"].where(table["total"] > 0), axis=0)
    return table.join(share.add_suffix("_rate")).reindex(usual.index)


def _area_classes(states: pd.DataFrame, areas: pd.DataFrame, share: float) -> pd.DataFrame:
    own = states.xs("area", level="level")
    weight = "elders" if own.xs("elders", level="weight")["total"].notna().any() else "homes"
    wide = own.xs(weight, level="weight").unstack("pace")  # noqa: PD010  # three columns of one index
    wide = wide.reindex(areas.index.astype("str"))
    on_time = is_on_time(
        pd.DataFrame(wide["covered"])[list(_PACES)],
        wide["total"]["usual"],
        wide["not_assessed"]["usual"],
        share=share,
    )
    said = on_time["usual"].notna().to_numpy()
    good = on_time.fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # missing is blanked below
    rank = np.where(said, 3 - good.sum(axis=1), len(_RANK) - 1)
    table = pd.DataFrame({"name": areas.get("name", areas.index.to_series())}, index=areas.index)
    for pace in _PACES:
        table[f"on_time_{pace}"] = on_time[pace].array
    table["class"] = pd.array(np.array(_RANK, dtype=object)[rank], dtype="str")
    return table
