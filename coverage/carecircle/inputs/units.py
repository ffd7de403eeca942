"""Which unit a record of a ledger speaks of: its level, and whether the areas know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.inputs.headings import did_you_mean
from carecircle.inputs.ledgers import UNIT_LEVELS

if TYPE_CHECKING:
    from carecircle.inputs.issues import IssueLog

__all__ = ["check_estates", "with_levels"]

_SHOWN = 10


def with_levels(table: pd.DataFrame, areas: pd.DataFrame, name: str, log: IssueLog) -> pd.DataFrame:
    """Return a ledger with the level of every unit said, and report units that no area knows.

    Parameters
    ----------
    table
        Contract ``observations`` or ``rosters``: ``unit_level``, ``unit_id`` as far as given.
    areas
        Contract ``areas``.
    name
        Name of the table in messages.
    log
        Collects the issues.

    Returns
    -------
    pandas.DataFrame
        Same index; ``unit_level`` and ``unit_id`` always there. A level that was not said is the
        one where the id is found; without level and id, the record speaks of the city.

    Examples
    --------
    >>> from carecircle.inputs.issues import IssueLog
    >>> areas = pd.DataFrame({"street_id": ["S1"]}, index=["A1"])
    >>> log, said = IssueLog(), pd.DataFrame({"unit_id": ["S1", None, "S9"]})
    >>> with_levels(said, areas, "observations", log)["unit_level"].tolist()
    ['street', 'city', nan]
    >>> print(log[0])
    observations, unit_id: unknown unit (S9); not used; give codes of the areas table
    """
    blank = pd.Series(np.nan, table.index, dtype=object)
    level = table.get("unit_level", blank).astype(object)
    unit = table.get("unit_id", blank).astype(object)
    known = _known(areas)
    found = {code: which for which in reversed(UNIT_LEVELS) for code in known[which]}
    inferred = unit.map(found).where(unit.notna(), "city")
    level = level.where(level.notna(), inferred)
    fits = [pd.isna(u) or u in known.get(at, ()) for u, at in zip(unit, level, strict=True)]
    lost = ~np.array(fits, dtype=bool)
    if lost.any():
        strange = list(dict.fromkeys(unit[lost]))
        near = did_you_mean(strange[0], known.get(level[lost].iloc[0], ()))
        hint = f"; did you mean {near!r}?" if near else ""
        log.add("unknown_unit", "warning", name, field="unit_id",
                found=", ".join(map(str, strange[:_SHOWN])), effect="not used",
                fix=f"give codes of the areas table{hint}")  # fmt: skip
    nameless = (unit.isna() & (level != "city")).to_numpy()
    if nameless.any():
        log.add("no_unit", "warning", name, field="unit_id", effect="not used",
                found=f"{nameless.sum():,} records of a level without a unit",
                fix="give the code of the unit")  # fmt: skip
    return table.assign(unit_level=level, unit_id=unit)


def check_estates(projects: pd.DataFrame, areas: pd.DataFrame, log: IssueLog) -> None:
    """Report housing projects in an area that is not in the table; those without one are told once.

    Parameters
    ----------
    projects
        Contract ``projects``.
    areas
        Contract ``areas``.
    log
        Collects the issues.
    """
    if "area_id" not in projects:
        log.add("area_missing", "note", "projects", field="area_id", found="no column",
                effect="their figures are added up for the city only")  # fmt: skip
        return
    stray = projects["area_id"].notna() & ~projects["area_id"].isin(areas.index)
    for record, code in projects.loc[stray, "area_id"].items():
        near = did_you_mean(code, map(str, areas.index))
        hint = f"did you mean {near!r}? " if near else ""
        log.add("unknown_area", "warning", "projects", record=str(record), field="area_id",
                found=str(code), effect="belongs to no area, street or district",
                fix=f"{hint}give a code of the areas table")  # fmt: skip


def _known(areas: pd.DataFrame) -> dict[str, set[str]]:
    """Return the ids of each level."""
    known = {"area": set(map(str, areas.index))}
    for level in list(UNIT_LEVELS)[1:]:
        column = f"{level}_id"
        known[level] = set(areas[column].dropna().astype(str)) if column in areas else set()
    return known
