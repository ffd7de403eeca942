"""Sums of homes by area, street, district, city, and town and country, for many columns at once.

What :func:`carecircle.coverage_by_area` and :func:`carecircle.roll_up` add up for one verdict is
added up here for many: limits, speeds, draws. Same order of sums, same figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.coverage import LEVELS, WEIGHTS
from carecircle.errors import CarecircleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "is_on_time",
    "states_by_unit",
    "sums_by_unit",
    "unit_names",
    "weighted_sums",
    "weights_of",
]

_STATES = ("covered", "uncovered", "not_assessed")


def weights_of(homes: pd.DataFrame) -> pd.DataFrame:
    """Return how many homes, people, elders and households each home stands for, NaN unknown."""
    columns = {
        name: np.ones(len(homes))
        if column is None
        else homes[column].to_numpy(dtype=float, na_value=np.nan)
        if column in homes
        else np.full(len(homes), np.nan)
        for name, column in WEIGHTS.items()
    }
    return pd.DataFrame(columns, index=homes.index)


def sums_by_unit(values: pd.DataFrame, homes: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Add up columns over the homes of every unit.

    Parameters
    ----------
    values
        One row per home, any columns; NaN is passed over.
    homes
        ``area_id``; same index.
    areas
        Index ``area_id``; ``street_id``, ``district_id``, ``city_id``, ``kind`` where known.

    Returns
    -------
    pandas.DataFrame
        Index ``(level, unit_id)``, levels ``city``, ``district``, ``street``, ``kind``, ``area``;
        the columns of ``values``, NaN where a unit has nothing known. Homes outside all areas stand
        in a row of their own (unit ``""``) at every level.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.samples.toy_town()
    >>> found = sums_by_unit(town.homes[["elders"]], town.homes, town.areas)["elders"]
    >>> float(found["city", "T"]), float(found["area", "W"])
    (130.0, 40.0)
    """
    by_area = values.groupby(homes["area_id"]).sum(min_count=1).reindex(areas.index).round(9)
    outside = ~homes["area_id"].isin(areas.index)
    stray = values[outside].sum(min_count=1) if outside.any() else None
    parts = {}
    for level, unit in _unit_of_area(areas).items():
        sums = by_area.groupby(unit).sum(min_count=1)
        if stray is not None:
            sums.loc[""] = sums.loc[""].add(stray, fill_value=0) if "" in sums.index else stray
        parts[level] = sums
    return pd.concat(parts, names=["level", "unit_id"])


def unit_names(areas: pd.DataFrame) -> pd.Series:
    """Return the names of all units; index ``(level, unit_id)``."""
    columns = {level: name for level, (_, name) in LEVELS.items()} | {"area": "name"}
    parts = {}
    for level, unit in _unit_of_area(areas).items():
        parts[level] = areas.get(columns[level], unit).groupby(unit).first().astype("str")
    return pd.concat(parts, names=["level", "unit_id"]).rename("name")


def states_by_unit(
    covered: pd.DataFrame, assessed: NDArray[np.bool_], homes: pd.DataFrame, areas: pd.DataFrame
) -> pd.DataFrame:
    """Add up who is covered under several terms.

    Parameters
    ----------
    covered
        One row per home, a boolean column for each of the terms; its columns' name becomes the last
        index level.
    assessed
        Which homes could be judged at all.
    homes, areas
        As for :func:`sums_by_unit`, with people.

    Returns
    -------
    pandas.DataFrame
        Sorted index ``(level, unit_id, weight, term)``: ``covered``, ``uncovered``,
        ``not_assessed``, ``total``, and ``rate`` = covered / total.

    Raises
    ------
    CarecircleError
        If covered, uncovered and not assessed do not add up to the total.
    """
    inside = covered.to_numpy(dtype=bool) & assessed[:, None]
    n = inside.shape[1]
    every = np.hstack(
        [inside, assessed[:, None] & ~inside, ~assessed[:, None], np.ones_like(assessed)[:, None]]
    )
    sums = weighted_sums(pd.DataFrame(every, homes.index), homes, areas)
    values = sums.to_numpy()
    columns = [values[:, :n], values[:, n : 2 * n], *np.hsplit(values[:, 2 * n :].repeat(n, 1), 2)]
    term = str(covered.columns.name or "term")
    names = [*sums.index.names, term]
    keys = [sums.index.get_level_values(k).repeat(n) for k in range(3)]
    keys.append(pd.Index(np.tile(covered.columns.to_numpy(), len(sums))))
    index = pd.MultiIndex.from_arrays(keys, names=names)
    flat = np.column_stack([column.ravel() for column in columns])
    table = pd.DataFrame(flat, index, [*_STATES, "total"]).sort_index()
    _check(table)
    return table.assign(rate=table["covered"] / table["total"].where(table["total"] > 0))


def weighted_sums(flags: pd.DataFrame, homes: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Add up homes, people, elders and households of the homes that each column flags.

    Parameters
    ----------
    flags
        One row per home, boolean columns.
    homes, areas
        As for :func:`sums_by_unit`, with people.

    Returns
    -------
    pandas.DataFrame
        Sorted index ``(level, unit_id, weight)``; the columns of ``flags``. A unit without homes
        has 0 homes, and unknown people.
    """
    weights, n = weights_of(homes), flags.shape[1]
    flagged = flags.to_numpy(dtype=bool)
    values = [weight.to_numpy()[:, None] * flagged for _, weight in weights.items()]
    sums = sums_by_unit(pd.DataFrame(np.hstack(values), homes.index), homes, areas)
    parts = {
        str(name): sums.iloc[:, k * n : (k + 1) * n].set_axis(flags.columns, axis=1)
        for k, name in enumerate(weights)
    }
    parts["homes"] = parts["homes"].fillna(0.0)
    return pd.concat(parts, names=["weight"]).reorder_levels([1, 2, 0]).sort_index()


def is_on_time(
    covered: pd.DataFrame, total: pd.Series, not_assessed: pd.Series, *, share: float
) -> pd.DataFrame:
    """Return which units are on time in each column; missing where nothing can be said.

    A unit is on time when at least ``share`` of its total is covered, as
    :func:`carecircle.four_cells` has it.

    Examples
    --------
    >>> three = pd.DataFrame({"a": [94.0, 95.0, 0.0]})
    >>> is_on_time(three, pd.Series([100.0, 100, 0]), pd.Series([0.0, 0, 0]), share=0.95)["a"].array
    <BooleanArray>
    [False, True, <NA>]
    Length: 3, dtype: boolean
    """
    known = ((total > 0) & (not_assessed < total)).to_numpy()
    enough = covered.ge(share * total * (1 - 1e-12), axis=0).astype("boolean")
    return enough.where(np.repeat(known[:, None], covered.shape[1], axis=1))


def _unit_of_area(areas: pd.DataFrame) -> dict[str, pd.Series]:
    """Return level -> unit of each area, the city first, the area itself last."""
    levels = {
        level: areas[column].astype("str").fillna("")
        for level, (column, _) in LEVELS.items()
        if column in areas and areas[column].notna().any()
    }
    if "city" not in levels:
        levels = {"city": pd.Series("", areas.index, dtype="str"), **levels}
    return levels | {"area": pd.Series(areas.index.astype("str"), areas.index)}


def _check(table: pd.DataFrame) -> None:
    off = (table[list(_STATES)].sum(axis=1, min_count=3) - table["total"]).abs()
    wrong = off > 1e-6 * table["total"].abs().clip(lower=1.0)
    if wrong.any():
        raise CarecircleError(
            f"{wrong[wrong].index[0]}: covered + uncovered + not assessed is off by"
            f" {off[wrong].iloc[0]}; this is a fault of carecircle, please report it"
        )
