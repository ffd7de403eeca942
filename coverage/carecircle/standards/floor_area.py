"""Floor area of community service complexes: what each area owes, has and lacks.

``required = max(floor, m2 per 100 households)``, per area; the city's figure is a ratio of sums and
is checked apart, because a surplus in one community does not help another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.inputs.dasymetric import numbers, some
from carecircle.inputs.issues import IssueLog
from carecircle.standards.floor_rule import (
    DECIMALS,
    PLAN_RULE,
    FloorAreaRule,
    floor_parts,
    required_area,
)
from carecircle.standards.floor_supply import floor_links, floor_provided
from carecircle.standards.joining import ids_by_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = [
    "PASS_RATES",
    "PLAN_RULE",
    "REASONS",
    "FloorAreaRule",
    "check_floor_area",
    "required_area",
    "roll_up_floor_area",
]

#: Pass rate of the roll-up -> (Chinese, English); the three are never called just "pass rate".
PASS_RATES: dict[str, tuple[str, str]] = {
    "floor_rate": ("达标率(总面积)", "pass rate, total floor area"),
    "per_100_rate": ("达标率(每百户)", "pass rate, area per 100 households"),
    "both_rate": ("达标率(双项)", "pass rate, both tests"),
}

#: Reason code -> (Chinese, English). Codes of one area are joined by ``;``.
REASONS: dict[str, tuple[str, str]] = {
    "below_floor": ("低于最低面积", "below the least floor area"),
    "below_per_100": ("低于每百户面积", "below the area per 100 households"),
    "no_facility": ("无设施", "no facility"),
    "shared_facility": ("与其他社区共用，面积按户数分摊", "shared; area split by households"),
    "floor_missing": ("设施面积缺失", "floor area of a facility is missing"),
    "split_unknown": ("共用设施无法按户数分摊", "shared, and households to split by are missing"),
    "households_missing": ("户数缺失", "households are missing"),
    "households_new_missing": ("新建小区户数缺失", "households in new estates are missing"),
    "households_new_too_many": ("新建户数大于总户数", "more households in new estates than in all"),
    "kind_missing": ("城乡类型缺失", "urban or rural is missing"),
    "no_households": ("无住户", "no households"),
}

_LEVELS = ("city", "district", "street", "kind")


def check_floor_area(
    areas: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    rule: FloorAreaRule = PLAN_RULE,
    *,
    log: IssueLog | None = None,
) -> pd.DataFrame:
    """Compare the floor area each area has with what it owes.

    A facility counts if it is operating and of one of ``rule.kinds``. It serves the areas it lists
    in ``serves``, otherwise the one it stands in (its ``area_id``, or by location). The floor area
    of a shared facility is split by households.

    Parameters
    ----------
    areas
        Index ``area_id``; ``name``, ``kind``, and ``households``, ``regime`` (missing: existing,
        or by ``households_new``), ``households_new`` as far as known.
    facilities
        Index ``facility_id``; ``kind``, ``floor_m2``, and ``status``, ``serves``, ``area_id``.
    rule
        The figures.
    log
        Collects the issues; when missing they are raised or warned about.

    Returns
    -------
    pandas.DataFrame
        Index ``area_id``: ``name``, ``kind``, ``regime``, ``households``, ``households_new``,
        ``required_m2``, its parts ``required_existing_m2`` and ``required_new_m2`` per 100
        households, ``provided_m2``, ``shortfall_m2``, ``m2_per_100_households``; ``pass_floor``,
        ``pass_per_100`` (missing where it does not apply) and ``pass_both`` (nullable booleans);
        ``status`` (``pass``, ``fail``, ``not_assessable``, ``not_applicable``), ``reason`` (codes
        of :data:`REASONS`), ``facility_ids``. No facility is 0 m2; a facility without floor
        area makes ``provided_m2`` unknown. An area that misses the floor fails even where the
        households are unknown. Areas of 0 households are ``not_applicable``.

    Examples
    --------
    >>> areas = pd.DataFrame({"name": "甲", "kind": "urban", "households": [1001.0]}, index=["A1"])
    >>> sites = pd.DataFrame({"kind": "service_complex", "floor_m2": 300.0, "serves": "A1"},
    ...                      index=["F1"])
    >>> check = check_floor_area(areas, sites, log=IssueLog())
    >>> check[["required_m2", "pass_floor", "pass_per_100", "reason"]].to_dict("records")
    [{'required_m2': 300.3, 'pass_floor': True, 'pass_per_100': False, 'reason': 'below_per_100'}]
    """
    heard = IssueLog() if log is None else log
    households, new = numbers(areas, "households"), numbers(areas, "households_new")
    regime = _regimes(areas, heard)
    parts = floor_parts(households, regime, new, areas["kind"].to_numpy(dtype=object), rule)
    links = floor_links(areas, facilities, rule, heard)
    provided, remarks = floor_provided(links, areas.index, households)
    checks = pd.DataFrame(
        {
            "name": areas["name"] if "name" in areas.columns else "",
            "kind": areas["kind"],
            "regime": regime,
            "households": households,
            "households_new": parts["households_new"],
            "required_m2": np.maximum(parts["floor"], parts["per_100"]),
            "required_existing_m2": parts["existing"],
            "required_new_m2": parts["new"],
            "provided_m2": np.round(provided, DECIMALS),
        },
        index=areas.index.rename("area_id"),
    )
    lack = np.maximum(checks["required_m2"] - checks["provided_m2"], 0.0)
    checks["shortfall_m2"] = np.round(lack, DECIMALS)
    checks["m2_per_100_households"] = _ratio(100.0 * provided, households)
    checks = _with_verdicts(checks, parts)
    checks["reason"] = _reasons(checks, parts, remarks)
    links = links.sort_values("facility_id", kind="stable")
    at = areas.index.get_indexer(pd.Index(links["area_id"]))
    served = ids_by_unit(links["facility_id"], at, at >= 0, len(areas))
    checks["facility_ids"] = pd.Series(served, checks.index, dtype="str")
    if log is None:
        heard.settle()
    return checks


def roll_up_floor_area(
    checks: pd.DataFrame, units: pd.DataFrame, *, rule: FloorAreaRule = PLAN_RULE
) -> pd.DataFrame:
    """Add the floor-area checks up to city, district, street and kind.

    Parameters
    ----------
    checks
        Result of :func:`check_floor_area`.
    units
        Index ``area_id``; ``city_id``, ``district_id``, ``street_id`` (and their ``_name``),
        ``kind``. Areas whose unit is not stated are added up under the empty id, so that every
        level adds up to the same totals.
    rule
        For the city's target per 100 households.

    Returns
    -------
    pandas.DataFrame
        Index ``(level, unit_id)``: ``name``; ``units_total`` = ``units_assessed`` +
        ``not_assessed`` (``not_applicable`` of these owe nothing); for each test ``*_n`` passed of
        ``*_of`` units it applies to, and ``*_rate`` (see :data:`PASS_RATES`): what could not be
        assessed stays in the denominator. Sums ``required_m2``, ``provided_m2``, ``shortfall_m2``
        (of the single areas), ``households``, ``households_in_failing``; then
        ``m2_per_100_households`` = 100 x ``ratio_m2`` / ``ratio_households``, a ratio of sums over
        the ``ratio_units`` areas where both are known, with ``city_gap_m2`` and
        ``meets_city_target`` (missing when nothing is known).

    Raises
    ------
    InputError
        If an area of ``checks`` is not in ``units``.

    Examples
    --------
    >>> areas = pd.DataFrame({"kind": "urban", "households": [100.0, 3000.0]}, index=["A", "B"])
    >>> sites = pd.DataFrame({"kind": "service_complex", "floor_m2": [100.0, 900.0],
    ...                       "serves": ["A", "B"]}, index=["F1", "F2"])
    >>> checks = check_floor_area(areas, sites, log=IssueLog())
    >>> city = roll_up_floor_area(checks, areas).loc[("city", "")]
    >>> round(float(city["m2_per_100_households"]), 2), float(city["city_gap_m2"])
    (32.26, 116.0)
    """
    lost = checks.index.difference(units.index)
    if len(lost):
        raise InputError(f"units: {some(lost)} of the checks are missing; pass all areas")
    units = units.loc[checks.index]
    facts = _facts(checks, rule)
    levels = [_level(facts, units, level, rule) for level in _LEVELS]
    totals = pd.concat(levels, keys=_LEVELS, names=["level", "unit_id"])
    if not (totals["units_total"] == totals["units_assessed"] + totals["not_assessed"]).all():
        raise AssertionError("floor-area roll-up: assessed and not assessed do not add up")
    return totals


def _regimes(areas: pd.DataFrame, log: IssueLog) -> NDArray[np.object_]:
    """Return the regime of each area; a missing one follows from the households in new estates."""
    total, new = numbers(areas, "households"), numbers(areas, "households_new")
    inferred = np.where(new > 0, np.where(new == total, "new", "mixed"), "existing")
    if "regime" not in areas.columns:
        given = np.full(len(areas), None, dtype=object)
    else:
        given = areas["regime"].to_numpy(dtype=object)
    missing = pd.isna(given)
    if missing.any():
        log.add(
            "regime_missing",
            "note",
            "areas",
            field="regime",
            found=f"{missing.sum():,} of {len(areas):,} missing",
            used="existing, or new and mixed where households_new says so",
        )
    odd = (given == "existing") & (new > 0)
    if odd.any():
        log.add(
            "regime_contradicted",
            "warning",
            "areas",
            field="households_new",
            found=some(areas.index[odd]),
            used="regime existing for all their households",
            fix='set regime to "mixed" where part of the households live in new estates',
        )
    return np.where(missing, inferred, given)


def _with_verdicts(checks: pd.DataFrame, parts: Mapping[str, Floats]) -> pd.DataFrame:
    """Add three-valued verdicts: who misses one test fails, whatever the other would say."""
    provided = checks["provided_m2"].to_numpy()
    per_100 = parts["per_100"]
    floor_ok = _at_least(provided, parts["floor"], checks.index)
    per_100_ok = _at_least(provided, np.where(parts["by_100"] > 0, per_100, np.nan), checks.index)
    both_ok = floor_ok & _at_least(provided, per_100, checks.index)
    owes = checks["households"] != 0
    known, passed = both_ok.notna(), both_ok.fillna(value=False)
    status = np.where(~owes, "not_applicable", np.where(known, "fail", "not_assessable"))
    return checks.assign(
        pass_floor=floor_ok.where(owes),
        pass_per_100=per_100_ok.where(owes),
        pass_both=both_ok.where(owes),
        status=np.where(owes & passed, "pass", status),
    )


def _at_least(provided: Floats, required: Floats, index: pd.Index) -> pd.Series[bool]:
    """Compare where both are known; missing elsewhere."""
    unknown = np.isnan(provided) | np.isnan(required)
    return pd.Series(pd.arrays.BooleanArray(provided >= required, unknown), index)


def _reasons(
    checks: pd.DataFrame, parts: Mapping[str, Floats], remarks: Mapping[str, Flags]
) -> pd.Series:
    """Return the reason codes of each area, joined by ``;``."""
    known = checks["households"].notna().to_numpy()
    by_100 = parts["by_100"] > 0
    unsplit = by_100 & known & np.isnan(parts["households_new"])
    too_many = parts["too_many_new"] > 0
    flags: dict[str, Flags] = {
        "no_households": (checks["households"] == 0).to_numpy(),
        "kind_missing": checks["kind"].isna().to_numpy(),
        "households_missing": by_100 & ~known,
        "households_new_missing": unsplit & ~too_many,
        "households_new_too_many": by_100 & too_many,
        **remarks,
        "below_floor": _is_false(checks["pass_floor"]),
        "below_per_100": _is_false(checks["pass_per_100"]),
    }
    # few combinations occur: each is spelled once
    bits = np.zeros(len(checks), dtype=np.int64)
    for place, flag in enumerate(flags.values()):
        bits |= np.asarray(flag, dtype=np.int64) << place
    found, of = np.unique(bits, return_inverse=True)
    words = [";".join(c for k, c in enumerate(flags) if bit >> k & 1) for bit in found.tolist()]
    return pd.Series(np.array(words, dtype=object)[of], checks.index, dtype="str")


def _is_false(verdict: pd.Series) -> Flags:
    return (~verdict).fillna(value=False).to_numpy(dtype=bool)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(
        numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0
    )


def _facts(checks: pd.DataFrame, rule: FloorAreaRule) -> pd.DataFrame:
    """Return what adds up: one row per area, counts as 0 and 1, unknown sums missing."""
    status, households = checks["status"], checks["households"]
    applies = status != "not_applicable"
    by_100 = applies & checks["kind"].isin(rule.per_100_applies_to)
    both_known = checks["provided_m2"].notna() & households.notna()
    counts: dict[str, pd.Series[Any]] = {
        "units_total": pd.Series(1, checks.index),
        "units_assessed": status.isin(["pass", "fail"]),
        "not_assessed": ~status.isin(["pass", "fail"]),
        "not_applicable": ~applies,
        "pass_floor_n": checks["pass_floor"].fillna(value=False),
        "pass_floor_of": applies,
        "pass_per_100_n": checks["pass_per_100"].fillna(value=False),
        "pass_per_100_of": by_100,
        "pass_both_n": checks["pass_both"].fillna(value=False),
        "pass_both_of": applies,
        "ratio_units": both_known,
    }
    sums = {
        "required_m2": checks["required_m2"].where(applies, 0.0),
        "provided_m2": checks["provided_m2"],
        "shortfall_m2": checks["shortfall_m2"].where(applies, 0.0),
        "households": households,
        "households_in_failing": households.where(status == "fail", 0.0),
        "ratio_m2": checks["provided_m2"].where(both_known),
        "ratio_households": households.where(both_known),
    }
    whole = {name: values.astype("int64") for name, values in counts.items()}
    return pd.DataFrame(whole | sums)


def _level(
    facts: pd.DataFrame, units: pd.DataFrame, level: str, rule: FloorAreaRule
) -> pd.DataFrame:
    column, label = (level, level) if level == "kind" else (f"{level}_id", f"{level}_name")
    blank = pd.Series("", units.index)
    unit = (units[column] if column in units.columns else blank).fillna("").rename("unit_id")
    name = (units[label] if label in units.columns else unit).fillna("")
    totals = facts.groupby(unit).sum(min_count=1)
    totals.insert(0, "name", name.groupby(unit).first())
    for test in ("floor", "per_100", "both"):
        n, of = totals[f"pass_{test}_n"].to_numpy(float), totals[f"pass_{test}_of"].to_numpy(float)
        totals[f"{test}_rate"] = _ratio(n, of)
    have, households = totals["ratio_m2"].to_numpy(), totals["ratio_households"].to_numpy()
    totals["m2_per_100_households"] = _ratio(100.0 * have, households)
    target = np.round(rule.city_m2_per_100 * households / 100.0, DECIMALS)
    gap = np.round(np.maximum(target - have, 0.0), DECIMALS)
    totals["city_gap_m2"] = gap
    totals["meets_city_target"] = pd.arrays.BooleanArray(gap == 0, np.isnan(gap))
    return totals
