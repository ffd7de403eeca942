"""Time coverage: who is within the limit, added up from homes to the city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.analysis.quantiles import weighted_quantiles
from carecircle.errors import CarecircleError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

__all__ = ["LEVELS", "WEIGHTS", "catchments", "coverage_by_area", "home_coverage", "roll_up"]

#: What is counted: name of the weight -> column of the homes (none: one each).
WEIGHTS: Mapping[str, str | None] = {
    "homes": None,
    "people": "population",
    "elders": "elders",
    "households": "households",
}
#: Levels of a roll-up: level -> (id column, name column) of the areas.
LEVELS: Mapping[str, tuple[str, str]] = {
    "city": ("city_id", "city_name"),
    "district": ("district_id", "district_name"),
    "street": ("street_id", "street_name"),
    "kind": ("kind", "kind"),
}
_STATES = ("covered", "uncovered", "not_assessed")
_UNLINKED = ("not_linked", "no_position")
_QUANTILES = {"median_minutes": 0.5, "p90_minutes": 0.9, "p99_minutes": 0.99}


def home_coverage(
    homes: gpd.GeoDataFrame,
    minutes: pd.DataFrame,
    areas: pd.DataFrame,
    *,
    limits: Mapping[str, float],
) -> gpd.GeoDataFrame:
    """Decide for each home whether it is within its limit.

    The limit is that of the area the resident lives in, not of the facility. Exactly at the limit
    is covered. A home without a path is uncovered; one that could not be put on the road network,
    lies in no area or was not timed, is not assessed. Both stay in every denominator.

    Parameters
    ----------
    homes
        Contract ``homes``; index ``home_id``.
    minutes
        From :func:`carecircle.nearest`; same index.
    areas
        Index ``area_id``; ``kind``.
    limits
        Minutes by area kind.

    Returns
    -------
    geopandas.GeoDataFrame
        The homes with the columns of ``minutes``, ``limit_minutes``, ``covered`` (nullable boolean)
        and ``minutes_over`` (0 within the limit, NaN without minutes).

    Raises
    ------
    InputError
        If an area kind has no limit.
    """
    unknown = set(areas["kind"].dropna().unique()) - set(limits)
    if unknown:
        msg = f"limits: no minutes for area kind {sorted(unknown)}; have {dict(limits)}"
        raise InputError(msg)
    kind = homes["area_id"].map(areas["kind"])
    limit = kind.map(dict(limits)).astype(float)
    took = minutes["minutes"].reindex(homes.index)
    reason = minutes["reason"].reindex(homes.index)
    assessed = reason.notna() & ~reason.isin(_UNLINKED) & limit.notna()
    covered = pd.array(took.to_numpy() <= limit.to_numpy(), dtype="boolean")
    covered[~assessed.to_numpy()] = pd.NA
    return homes.drop(columns=[c for c in minutes.columns if c in homes]).assign(
        **{name: minutes[name].reindex(homes.index) for name in minutes.columns},
        limit_minutes=limit,
        covered=covered,
        minutes_over=(took - limit).clip(lower=0.0),
    )


def catchments(facilities: pd.DataFrame, homes: pd.DataFrame) -> pd.DataFrame:
    """Add up the homes that each facility is the nearest to.

    Parameters
    ----------
    facilities
        Index ``facility_id``; ``eligible``.
    homes
        ``facility_id`` of the nearest; ``population``, ``elders`` as far as known.

    Returns
    -------
    pandas.DataFrame
        Index ``facility_id``: ``homes``, ``people``, ``elders``; 0 for an eligible facility that
        nobody is nearest to, NaN for one that does not count.
    """
    grouped = homes.groupby("facility_id")
    found = pd.DataFrame({"homes": grouped.size().astype(float)})
    for name, column in (("people", "population"), ("elders", "elders")):
        if column in homes:
            found[name] = grouped[column].sum(min_count=1)
    found = found.reindex(facilities.index)
    none = facilities["eligible"].to_numpy() & found["homes"].isna().to_numpy()
    found.loc[none] = 0.0
    return found


def coverage_by_area(homes: pd.DataFrame, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add up homes by area.

    Parameters
    ----------
    homes
        From :func:`home_coverage`.
    areas
        Contract ``areas``; index ``area_id``.

    Returns
    -------
    geopandas.GeoDataFrame
        The areas with, for each weight *w* of :data:`WEIGHTS`, ``{w}_total`` and its parts
        ``{w}_covered``, ``{w}_uncovered``, ``{w}_not_assessed``, and ``{w}_rate``. Sums hold what
        is known and are NaN where nothing is; ``homes_unknown_people`` counts homes without
        population or elders. ``median_minutes``, ``p90_minutes``, ``p99_minutes`` are weighted by
        elders (by homes where no elders are known) and NaN where the share without a path is
        larger; ``minutes_over`` is the weighted mean over the limit of homes with minutes.

    Raises
    ------
    CarecircleError
        If covered, uncovered and not assessed do not add up to the total.
    """
    table = _home_sums(homes).groupby(homes["area_id"]).sum(min_count=1)
    # shares add up to whole people but for noise in the last bits: 481, not 481.0000000001
    sums = table.reindex(areas.index).round(9)
    counts = sums.filter(like="homes_")  # an area without homes has 0 homes, and unknown people
    sums[counts.columns] = counts.fillna(0.0)
    _check_identity(sums, "areas")
    spread = _minutes_by(homes, homes["area_id"]).reindex(areas.index)
    return areas.join(_with_rates(sums)).join(spread)


def roll_up(areas: pd.DataFrame, homes: pd.DataFrame) -> pd.DataFrame:
    """Add up areas to streets, districts, the city, and town and country.

    Numerators and denominators are added, never rates. Homes outside all areas stand in a row of
    their own (unit id ``""``) at every level, so that every level has the same totals.

    Parameters
    ----------
    areas
        From :func:`coverage_by_area`, with ``has_facility``, ``on_time`` and ``cell``.
    homes
        From :func:`home_coverage`.

    Returns
    -------
    pandas.DataFrame
        Index ``(level, unit_id)``: ``name``, sums, rates and minutes as by area, ``units_total``,
        ``units_with_facility``, ``roster_rate``, ``units_on_time``, ``on_time_rate``, and how many
        units are in each cell, ``cell_*``.
    """
    outside = ~homes["area_id"].isin(areas.index)
    levels = {k: v for k, v in LEVELS.items() if v[0] in areas and areas[v[0]].notna().any()}
    if "city" not in levels:
        areas, levels = areas.assign(city_id=""), {"city": LEVELS["city"], **levels}
    rows = {level: _one_level(areas, homes, outside, columns) for level, columns in levels.items()}
    return pd.concat(rows, names=["level", "unit_id"])


def _home_sums(homes: pd.DataFrame) -> pd.DataFrame:
    covered = homes["covered"]
    masks = {
        "total": np.ones(len(homes), dtype=bool),
        "covered": covered.fillna(False).to_numpy(dtype=bool),  # noqa: FBT003  # NA is not covered
        "uncovered": (~covered).fillna(False).to_numpy(dtype=bool),  # noqa: FBT003
        "not_assessed": covered.isna().to_numpy(),
    }
    sums: dict[str, np.ndarray] = {}
    unknown = np.zeros(len(homes), dtype=bool)
    for name, column in WEIGHTS.items():
        weight = _weight(homes, column)
        for state, mask in masks.items():
            # a home of unknown size stays unknown in its own state and is no one in the others
            sums[f"{name}_{state}"] = np.where(
                mask, weight, np.where(np.isnan(weight), np.nan, 0.0)
            )
        if column in ("population", "elders"):
            unknown |= np.isnan(weight)
    sums["homes_unknown_people"] = unknown.astype(float)
    return pd.DataFrame(sums, index=homes.index)


def _weight(homes: pd.DataFrame, column: str | None) -> np.ndarray:
    if column is None:
        return np.ones(len(homes))
    if column not in homes:
        return np.full(len(homes), np.nan)
    return homes[column].to_numpy(dtype=float, na_value=np.nan)


def _minutes_by(homes: pd.DataFrame, unit: pd.Series) -> pd.DataFrame:
    weight = _weight(homes, "elders")
    if np.isnan(weight).all():
        weight = np.ones(len(homes))
    weight = np.nan_to_num(weight)
    assessed = homes["covered"].notna().to_numpy() & unit.notna().to_numpy()
    found = weighted_quantiles(
        homes["minutes"].to_numpy()[assessed],
        weight[assessed],
        unit.to_numpy()[assessed],
        list(_QUANTILES.values()),
    )
    found.columns = list(_QUANTILES)
    over = pd.DataFrame(
        {"sum": homes["minutes_over"] * weight, "weight": weight * homes["minutes_over"].notna()}
    )
    over = over.groupby(unit).sum()
    found["minutes_over"] = over["sum"] / over["weight"].where(over["weight"] > 0)
    return found


def _one_level(
    areas: pd.DataFrame, homes: pd.DataFrame, outside: pd.Series, columns: tuple[str, str]
) -> pd.DataFrame:
    id_column, name_column = columns
    unit = areas[id_column].astype("str").fillna("")
    names = [f"{w}_{s}" for w in WEIGHTS for s in ("total", *_STATES)]
    sums = areas[[*names, "homes_unknown_people"]].groupby(unit).sum(min_count=1)
    if outside.any():
        stray = _home_sums(homes[outside]).sum(min_count=1)
        sums.loc[""] = sums.loc[""].add(stray, fill_value=0) if "" in sums.index else stray
    _check_identity(sums, id_column)
    level = _with_rates(sums)
    label = areas.get(name_column, unit)
    level.insert(0, "name", label.groupby(unit).first().reindex(level.index))
    home_unit = homes["area_id"].map(unit).astype("str").fillna("")
    level = level.join(_minutes_by(homes, home_unit)).join(_units(areas, unit))
    return level.rename_axis(index="unit_id")


def _units(areas: pd.DataFrame, unit: pd.Series) -> pd.DataFrame:
    at, names = pd.factorize(unit, sort=True)

    def counted(flags: pd.Series) -> np.ndarray:
        return np.bincount(at[flags.to_numpy(dtype=bool, na_value=False)], minlength=len(names))

    on_time, cell = areas["on_time"], areas["cell"].to_numpy(dtype=object, na_value="")
    total = np.bincount(at, minlength=len(names)).astype(float)
    has, in_time = counted(areas["has_facility"]).astype(float), counted(on_time).astype(float)
    counts: dict[str, Any] = {
        "units_total": total, "units_with_facility": has, "roster_rate": has / total,
        "units_on_time": in_time, "on_time_rate": in_time / total,
        "units_not_assessed": counted(on_time.isna()).astype(float),
    }  # fmt: skip
    for name in ("has_in_time", "has_late", "neighbour_in_time", "none_late"):
        some = np.bincount(at[cell == name], minlength=len(names))
        counts[f"cell_{name}"] = pd.array(some, dtype="Int64")
    return pd.DataFrame(counts, index=pd.Index(names, name=unit.name))


def _with_rates(sums: pd.DataFrame) -> pd.DataFrame:
    columns = {str(name): sums[name].to_numpy() for name in sums}
    rated: dict[str, Any] = {}
    for name in WEIGHTS:
        rated |= {part: columns[part] for part in (f"{name}_{s}" for s in ("total", *_STATES))}
        total = columns[f"{name}_total"]
        rated[f"{name}_rate"] = columns[f"{name}_covered"] / np.where(total > 0, total, np.nan)
    rated["homes_unknown_people"] = columns["homes_unknown_people"]
    return pd.DataFrame(rated, index=sums.index)


def _check_identity(sums: pd.DataFrame, where: str) -> None:
    for name in WEIGHTS:
        total, *states = (sums[f"{name}_{part}"].to_numpy() for part in ("total", *_STATES))
        parts = np.sum(states, axis=0)  # NaN where a part is unknown: then there is no identity
        off = np.abs(parts - total) > 1e-6 * np.maximum(np.abs(total), 1.0)
        if off.any():
            row = int(np.flatnonzero(off)[0])
            msg = (
                f"{where} {sums.index[row]}: {name} covered + uncovered + not assessed ="
                f" {parts[row]}, total = {total[row]}; this is a fault of carecircle, please report"
                " it"
            )
            raise CarecircleError(msg)
