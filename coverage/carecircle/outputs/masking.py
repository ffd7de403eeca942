"""What may be published: small counts of people left blank, so that nothing gives them away."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from carecircle.analysis.coverage import WEIGHTS
from carecircle.analysis.findings import Findings
from carecircle.errors import InputError
from carecircle.inputs.issues import Issue, IssueLog
from carecircle.outputs.people_cells import STATES, people_cells, unit_of_areas
from carecircle.outputs.suppression import small, suppress
from carecircle.standards.formulas import FORMULAS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.standards.registry import Formula

    Flags = NDArray[np.bool_]

__all__ = ["INTERNAL", "LEAST", "MASKING", "internal", "masked"]

#: Counts of people under this are left blank.
LEAST = 10
#: What every masked output says: (Chinese, English).
MASKING = (
    f"已隐去不足{LEAST}人(户)的数字,以及可据以推算的数字;住宅明细未公布;空白不表示0",
    f"counts of people or households under {LEAST}, and what tells them, blank; homes left out",
)
#: What outputs say that nothing masks: (Chinese, English).
INTERNAL = (
    f"内部资料,不得公布:含不足{LEAST}人(户)的数字;要公布的用 carecircle run --publish",
    f"internal, not for publication: counts under {LEAST} stand in it; publish with run --publish",
)
#: Columns of the input that count people, whatever else a study brings.
_PEOPLE = re.compile(r"elder|people|popul|household|dwelling|resident|person|adult|child")
_SPREAD = ("median_minutes", "p90_minutes", "p99_minutes", "minutes_over")
#: Columns of the floor-area check that follow from households.
_FLOOR_OWED = ("required_m2", "required_existing_m2", "required_new_m2", "shortfall_m2",
               "m2_per_100_households", "city_gap_m2")  # fmt: skip
_FLOOR_SOME = ("ratio_m2", "ratio_households", "households_in_failing")
_GAP_PEOPLE = ("homes", "homes_unreachable", "homes_unknown_people", "households", "population",
               "elders", "elders80", "elder_minutes_over", "rank_score")  # fmt: skip
_FIGURES = ("value", "numerator", "denominator", "gap", "closes_n", "limit", "limit_max")
#: What formulas count that are no people, and those in m2 that do not depend on people.
_THINGS = {"beds", "posts", "facility", "facilities", "communities", "districts", "stations",
           "functions", "units"}  # fmt: skip
_SUPPLY = {"floor_area", "elder_floor_area"}


def masked(findings: Any, *, least: float = LEAST) -> Any:
    """Return the findings as they may be published.

    Counts of residents, elders and households above 0 and under ``least`` are NaN, for areas,
    every roll-up, uncovered areas and facilities; so are other counts, until none of the blank ones
    follows from what is left (see :func:`carecircle.outputs.suppression.suppress`), and rates,
    minutes, floor areas owed and figures of rules from which one could be worked out. A state that
    is blank for one of homes, residents, elders and households is blank for all: one follows from
    another by the usual share. Homes are left out, and issues are counted only.

    Parameters
    ----------
    findings
        An assessment (:class:`carecircle.Findings` or a :class:`carecircle.Result`), not changed.
    least
        Counts under this are masked.

    Returns
    -------
    The same type, whose card states the masking; ``provenance["masked"]`` counts the blank cells.

    Raises
    ------
    InputError
        If it is no assessment: depth, access and comparisons hold the same people in other parts,
        which can be subtracted from a published folder, so they have no published form.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = masked(cc.assess(cc.samples.toy_town()), least=30)
    >>> town.areas["elders_uncovered"].tolist(), len(town.homes)
    ([0.0, nan, nan, nan], 0)
    """
    if not isinstance(findings, Findings):
        raise InputError(
            f"masked takes an assessment, found {type(findings).__name__}: depth, access and"
            " comparisons have no published form; publish the assessment and keep them inside"
        )
    cells = people_cells(findings)
    blank = suppress(cells.values, cells.sums, least=least, hidden=_asked(findings, cells, least))
    keys = cells.keys[blank]
    areas = _masked_units(findings.areas, "area", keys, least)
    totals = _masked_units(findings.totals, "", keys, least)
    gone = pd.Index(keys[keys.get_level_values("state") == "total"].droplevel("state"))
    card, pick = findings.card, 0 if findings.card.language == "zh" else 1
    return replace(
        findings,
        areas=areas, totals=totals, homes=findings.homes.iloc[:0],
        gaps=_masked_gaps(findings.gaps, keys, least),
        facilities=_masked_facilities(findings.facilities, least),
        floor_areas=_masked_floor(findings.floor_areas, gone, least),
        floor_totals=_masked_floor_totals(findings, gone, least),
        rules=_masked_rules(findings, (areas, totals), keys),
        indicators=_masked_indicators(findings, (areas, totals), keys),
        sync=_masked_sync(findings.sync, least),
        issues=_counted(findings.issues), ground=None, evidence={},
        card=replace(card, sources=(*card.sources, MASKING[pick])),
        # where the study lies is nobody's business, and its homes are not there to search again
        provenance={**findings.provenance, "study": None,
                    "masked": {"least": least, "cells": int(blank.sum())}},
    )  # fmt: skip


def internal(findings: Any) -> Any:
    """Return the findings with a card that says they are not for publication.

    For outputs that hold the people of an assessment in other parts: by walking speed, by limit, by
    facility. Beside a published assessment each of them would give away what it hides.

    Parameters
    ----------
    findings
        An assessment, not changed.

    Returns
    -------
    The same type; ``provenance["internal"]`` is true.

    Examples
    --------
    >>> import carecircle as cc
    >>> internal(cc.assess(cc.samples.toy_town())).provenance["internal"]
    True
    """
    card, pick = findings.card, 0 if findings.card.language == "zh" else 1
    return replace(
        findings,
        card=replace(card, sources=(*card.sources, INTERNAL[pick])),
        provenance={**findings.provenance, "internal": True},
    )


def _asked(findings: Findings, cells: Any, least: float) -> Flags:
    """Return the totals of areas whose own count of residents, elders or households is small."""
    given = pd.DataFrame(findings.areas).reindex(columns=["population", "elders", "households"])
    few = small(given.to_numpy(dtype=float, na_value=np.nan), least).any(axis=1)
    ids = findings.areas.index.astype(str)[few]
    wanted = pd.MultiIndex.from_product([["area"], ids, ["total"]])
    return np.asarray(cells.keys.isin(wanted))


def _masked_units(frame: Any, level: str, keys: pd.MultiIndex, least: float) -> Any:
    """Blank the states of the units, what follows from them, and small counts of the input."""
    index = frame.index
    if level:
        index = pd.MultiIndex.from_product([[level], index.astype(str)])
    hidden = {
        state: index.isin(keys[keys.get_level_values("state") == state].droplevel("state"))
        for state in STATES
    }
    known = [f"{weight}_{part}" for weight in WEIGHTS for part in (*STATES, "rate")]
    given = [
        name for name in frame.select_dtypes("number").columns
        if level and name not in known and _PEOPLE.search(str(name))
    ]  # fmt: skip
    blank = {f"{weight}_{state}": hidden[state] for weight in WEIGHTS for state in STATES}
    blank |= {f"{weight}_rate": hidden["total"] | hidden["covered"] for weight in WEIGHTS}
    blank |= dict.fromkeys((*_SPREAD, "homes_unknown_people"), hidden["total"])
    for name in given:
        values = frame[name].to_numpy(dtype=float, na_value=np.nan)
        blank[name] = hidden["total"] | small(values, least)
    return _blanked(frame, blank)


def _blanked(frame: Any, blank: dict[str, Any]) -> Any:
    changed = {
        name: frame[name].astype(float).mask(rows)
        for name, rows in blank.items()
        if name in frame and np.any(rows)
    }
    return frame.assign(**changed)


def _masked_gaps(gaps: Any, keys: pd.MultiIndex, least: float) -> Any:
    if not len(gaps):
        return gaps
    at = keys[keys.get_level_values("level") == "gap"].get_level_values("unit_id")
    rows = gaps.index.astype(str).isin(at)
    blank = dict.fromkeys(_GAP_PEOPLE, rows)
    if "elders80" in gaps:
        blank["elders80"] = rows | small(gaps["elders80"].to_numpy(dtype=float), least)
    return _blanked(gaps, blank)


def _masked_facilities(facilities: Any, least: float) -> Any:
    """Blank small catchments, and one more where the sum of all is known from elsewhere."""
    columns = [name for name in ("people", "elders") if name in facilities]
    if not columns:
        return facilities
    order = np.argsort(np.asarray(facilities.index.astype(str)), kind="stable")
    values = facilities[columns].to_numpy(dtype=float)[order]
    every = np.vstack([values, np.nansum(values, axis=0)])
    ties = sparse.csr_array(np.r_[-np.ones(len(values)), 1.0][None, :])
    fixed = np.r_[np.zeros(len(values), dtype=bool), True]
    rows = np.zeros(len(values), dtype=bool)
    rows[order] = suppress(every, ties, least=least, fixed=fixed)[:-1]
    return _blanked(facilities, dict.fromkeys(("homes", *columns), rows))


def _masked_floor(checks: Any, gone: pd.Index, least: float) -> Any:
    rows = pd.MultiIndex.from_product([["area"], checks.index.astype(str)]).isin(gone)
    blank = dict.fromkeys((*_FLOOR_OWED, "households", "households_new"), rows)
    if "households_new" in checks:
        new = checks["households_new"].to_numpy(dtype=float)
        # what is owed mixes old and new households: with one of them blank, both are
        few = small(new, least) & (new != checks["households"].to_numpy(dtype=float))
        blank |= dict.fromkeys(("households_new", *_FLOOR_OWED), rows | few)
    return _blanked(checks, blank)


def _masked_floor_totals(findings: Findings, gone: pd.Index, least: float) -> Any:
    """Blank what areas owe in every unit that holds a blank area: most owe the same least m2."""
    table = findings.floor_totals
    if table.empty:
        return table
    ids = findings.areas.index.astype(str)
    inside = pd.MultiIndex.from_product([["area"], ids]).isin(gone)
    checks = _masked_floor(findings.floor_areas, gone, least)
    owed = checks["required_m2"].isna() & findings.floor_areas["required_m2"].notna()
    inside |= owed.reindex(findings.areas.index).fillna(value=False).to_numpy(dtype=bool)
    holds = np.zeros(len(table), dtype=bool)
    for level, unit in unit_of_areas(findings.areas).items():
        named = pd.MultiIndex.from_product([[level], unit[inside].unique()])
        holds |= table.index.isin(named)
    blank = dict.fromkeys((*_FLOOR_OWED, *_FLOOR_SOME), holds)
    few = small(table["households_in_failing"].to_numpy(dtype=float), least)
    return _blanked(table, blank | {
        "households": table.index.isin(gone),
        "households_in_failing": holds | few,
    })  # fmt: skip


def _masked_rules(findings: Findings, shown: tuple[Any, Any], keys: pd.MultiIndex) -> pd.DataFrame:
    """Blank figures that count people, unless the tables print the very same ones."""
    rules = findings.rules
    if rules.empty:
        return rules
    hidden = _hidden(rules, _touched(findings, keys), _printed(shown))
    changed = {name: rules[name].mask(hidden) for name in (*_FIGURES, "closes") if name in rules}
    changed["closes"] = changed["closes"].fillna("")
    return rules.assign(**changed)


def _masked_indicators(
    findings: Findings, shown: tuple[Any, Any], keys: pd.MultiIndex
) -> pd.DataFrame:
    """Blank the figures of indicators that count people, by the rules they come from."""
    table = findings.indicators
    if table.empty:
        return table
    lines = pd.MultiIndex.from_arrays([table["preset"], table.index.get_level_values("line")])
    rules = table.assign(
        level=table.index.get_level_values("level"),
        indicator=findings.rulebook["indicator"].reindex(lines).to_numpy(dtype=object),
    )
    hidden = _hidden(rules, _touched(findings, keys), _printed(shown))
    return _blanked(table, dict.fromkeys(("value", "numerator", "denominator"), hidden))


def _hidden(rules: pd.DataFrame, touched: pd.Index, printed: pd.DataFrame) -> Flags:
    """Return the rows whose figures count people and are not printed in the masked tables."""
    unit = pd.MultiIndex.from_arrays(
        [rules["level"].astype(str), rules.index.get_level_values("unit_id").astype(str)]
    )
    known = printed.reindex(unit).to_numpy(dtype=float)
    seen = np.ones(len(rules), dtype=bool)
    for part, name in enumerate(("numerator", "denominator")):
        figure = rules[name].to_numpy(dtype=float)
        same = np.isclose(known, figure[:, None], rtol=1e-12, atol=1e-9).any(axis=1)
        people = rules["indicator"].map(lambda n, p=part: _is_people(n, p)).to_numpy(dtype=bool)
        seen &= same | ~people
    inside = unit.isin(touched) | (rules["level"] == "facility").to_numpy()
    return np.asarray(inside & ~seen)


def _masked_sync(sync: pd.DataFrame, least: float) -> pd.DataFrame:
    """Blank small estates: the floor area they owe tells their households."""
    if sync.empty:
        return sync
    columns = ["dwellings", "households"]
    few = small(sync[columns].to_numpy(dtype=float, na_value=np.nan), least).any(axis=1)
    owed = [str(name) for name in sync if str(name).endswith(("owed_m2", "_short_m2"))]
    return _blanked(sync, dict.fromkeys((*columns, *owed), few))


def _touched(findings: Findings, keys: pd.MultiIndex) -> pd.Index:
    """Return the units with a blank cell, of their own or of an area inside them."""
    own = keys.droplevel("state").unique()
    ids = findings.areas.index.astype(str)
    inside = pd.MultiIndex.from_product([["area"], ids]).isin(own)
    every = [own]
    for level, unit in unit_of_areas(findings.areas).items():
        every.append(pd.MultiIndex.from_product([[level], unit[inside].unique()]))
    return own.append(every[1:]).unique()


def _printed(shown: tuple[Any, Any]) -> pd.DataFrame:
    """Return the numbers that the masked tables print of each unit; of the city, by kind too."""
    areas, totals = shown
    numbers = pd.DataFrame(areas.select_dtypes("number"))
    numbers.index = pd.MultiIndex.from_product([["area"], areas.index.astype(str)])
    sums = totals.select_dtypes("number")
    kinds = sums[sums.index.get_level_values("level") == "kind"]
    table = pd.concat([numbers, sums.set_axis(sums.index.set_names([None, None]))])
    beside = {
        f"{unit}_{name}": value
        for (_, unit), row in kinds.iterrows()
        for name, value in row.items()
    }
    city = table.index.get_level_values(0) == "city"
    more = pd.DataFrame({name: np.where(city, value, np.nan) for name, value in beside.items()})
    return table.join(more.set_index(table.index))


def _is_people(name: Any, part: int) -> bool:
    """Whether numerator (0) or denominator (1) of a formula may count people."""
    formula: Formula | None = FORMULAS.get(str(name))
    if formula is None:  # of a rule file of one's own: nobody knows
        return True
    if formula.parts is not None:
        return _is_people(formula.parts[part], 0)
    if formula.level in ("facility", "project"):
        return False
    return formula.closes not in _THINGS and formula.name not in _SUPPLY


def _counted(issues: IssueLog) -> IssueLog:
    """Return one issue of each kind with how many there were: records and figures may be people."""
    counts = Counter((issue.severity, issue.table, issue.code) for issue in issues)
    return IssueLog(
        Issue(code, severity, table, found=f"{n:,} in all")
        for (severity, table, code), n in counts.items()
    )
