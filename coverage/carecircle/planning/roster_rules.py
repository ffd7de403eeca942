"""What each unit is owed by the roster: a facility for every community, four for every district."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from carecircle.errors import InputError
from carecircle.inputs.notebook import Tabled
from carecircle.planning.engine.cover_case import some_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

__all__ = ["Owed", "RosterRule"]


@dataclass(frozen=True, eq=False)
class RosterRule(Tabled):
    """How many facilities each unit of a level must have.

    Attributes
    ----------
    name
        What the units are called in messages, e.g. ``district_id``.
    units
        Ids of the units that are owed something.
    serves
        Unit, or units joined by ``;``, that each site would count for; index ``site_id``. Sites
        that are missing, or have no unit, count for none: leave out those of another kind.
    has
        Facilities that each unit has today, index unit; missing: none. Existing sites of the
        problem are not among them, for they count by ``serves``.
    least
        Least number that each unit must have.

    Examples
    --------
    >>> RosterRule("street", ["T1", "T2"], pd.Series({"S1": "T1;T2"}), pd.Series({"T1": 1})).least
    1
    """

    name: str
    units: Sequence[str]
    serves: pd.Series
    has: pd.Series
    least: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no rule."""
        units = pd.Index([str(unit) for unit in self.units])
        faults = []
        if not len(units):
            faults.append(f"roster rule {self.name}: units is empty; name those that are owed")
        if units.has_duplicates:
            again = units[units.duplicated()][0]
            faults.append(f"roster rule {self.name}: unit {again!r} stands twice; name it once")
        if not (isinstance(self.least, (int, np.integer)) and self.least >= 1):
            faults.append(
                f"roster rule {self.name}: least is {self.least!r}; give a number of 1 or more"
            )
        for which, table in (("serves", self.serves), ("has", self.has)):
            if table.index.has_duplicates:
                again = table.index[table.index.duplicated()][0]
                faults.append(f"roster rule {self.name}: {which} has {again!r} twice; name it once")
        if faults:
            raise InputError("\n".join(faults))

    @classmethod
    def from_tables(
        cls,
        areas: pd.DataFrame,
        sites: pd.DataFrame,
        facilities: pd.DataFrame,
        *,
        level: str = "area_id",
        kinds: Sequence[str] | None = None,
        least: int = 1,
    ) -> RosterRule:
        """Count who has what today and whom each site would serve.

        A community's own facility is one that names it in ``serves``; only where a table names
        nobody in ``serves`` does a facility belong to the area it stands in (as in
        :func:`carecircle.roster`). For a higher level it counts where it stands.

        Parameters
        ----------
        areas
            Contract ``areas``: the units owed, or those of their ``level``; pass a part of them to
            owe nothing to the others.
        sites, facilities
            Contracts ``sites`` and ``facilities``, with ``area_id`` and perhaps ``serves``; of the
            facilities the operating ones count. Those with the id of a site are left to the site.
        level
            ``area_id``, or the column of ``areas`` that names the unit, e.g. ``district_id``.
        kinds
            Kinds of facility that count; all when missing. Sites without a kind may become any.
        least
            Least number that each unit must have.

        Raises
        ------
        InputError
            If the level is no column of the areas, or a table has neither ``serves`` nor
            ``area_id``.

        Examples
        --------
        >>> areas = pd.DataFrame({"district_id": ["D1", "D1"]}, index=["A1", "A2"])
        >>> sites = pd.DataFrame({"area_id": ["A1", "A2"]}, index=["S1", "S2"])
        >>> facilities = pd.DataFrame({"kind": ["station"], "serves": ["A1"], "area_id": ["A2"]},
        ...                           index=["F1"])
        >>> RosterRule.from_tables(areas, sites, facilities).has.to_dict()
        {'A1': 1}
        >>> RosterRule.from_tables(areas, sites, facilities, level="district_id").has.to_dict()
        {'D1': 1}
        """
        if level != "area_id" and level not in areas:
            have = ", ".join(["area_id", *(c for c in map(str, areas) if c.endswith("_id"))])
            raise InputError(f"level {level!r} is not a column of the areas; choose one of {have}")
        there = facilities[~facilities.index.isin(sites.index)]
        if "status" in there:
            there = there[there["status"] == "operating"]
        if kinds is not None:
            there = there[there["kind"].isin(list(kinds))]
            if "kind" in sites:
                sites = sites[sites["kind"].isna() | sites["kind"].isin(list(kinds))]
        of_area = None if level == "area_id" else areas[level]
        units = areas.index if of_area is None else pd.Index(of_area.dropna().unique())
        owner = _owners("facilities", there, of_area)
        has = owner.str.split(";").explode().str.strip().value_counts()
        return cls(
            level,
            [str(unit) for unit in units.sort_values()],
            _owners("sites", sites, of_area),
            has[has.index != ""].sort_index(),
            least,
        )


@dataclass(frozen=True, eq=False)
class Owed:
    """What rules ask of the sites of a problem: one row for each rule and unit.

    Attributes
    ----------
    table
        Per row: ``rule``, ``unit``, ``least``, ``has`` (today, existing sites included),
        ``candidates`` (sites that may be chosen and would count).
    serves
        Rows by sites, 1 where a new site counts.
    """

    table: pd.DataFrame
    serves: csr_array

    @classmethod
    def of(cls, instance: Instance, rules: Sequence[RosterRule]) -> Owed:
        """Count what there is.

        Raises
        ------
        InputError
            If there is no rule, two have one name, or ``serves`` knows other sites alone.
        """
        _check(instance, rules)
        tables, blocks, first = [], [], 0
        for rule in rules:
            units = pd.Index([str(unit) for unit in rule.units])
            text = rule.serves.dropna().astype("str").str.split(";").explode().str.strip()
            row = units.get_indexer(pd.Index(text))
            column = instance.site_ids.get_indexer(pd.Index(text.index.astype(str)))
            known = (row >= 0) & (column >= 0)
            pairs = np.unique(np.column_stack((row[known], column[known])), axis=0)
            there = (instance.existing & ~instance.forbidden)[pairs[:, 1]]
            free = ~(instance.existing | instance.forbidden)[pairs[:, 1]]
            today = rule.has.set_axis(rule.has.index.astype(str)).reindex(units).fillna(0)
            table = {"rule": rule.name, "unit": units, "least": rule.least}
            counts = {
                "has": today.to_numpy(dtype=np.int64)
                + np.bincount(pairs[there, 0], minlength=len(units)),
                "candidates": np.bincount(pairs[free, 0], minlength=len(units)),
            }
            tables.append(pd.DataFrame({**table, **counts}))
            blocks.append(pairs[free] + np.array([first, 0]))
            first += len(units)
        at = np.concatenate(blocks)
        shape = (first, instance.n_sites)
        serves = csr_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=shape)
        return cls(pd.concat(tables, ignore_index=True), serves)

    def without(self, rows: NDArray[np.bool_]) -> Owed:
        """Return what is left without some rows."""
        return Owed(self.table[~rows].reset_index(drop=True), csr_array(self.serves[~rows]))

    def counts(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many of the sites chosen count for each row."""
        return np.asarray(self.serves @ chosen.astype(np.float64)).astype(np.int64)

    @property
    def lacking(self) -> NDArray[np.int64]:
        """How many new sites each row needs."""
        lack = (self.table["least"] - self.table["has"]).to_numpy(dtype=np.int64)
        return np.maximum(lack, 0)

    @property
    def impossible(self) -> NDArray[np.bool_]:
        """Which rows no choice of candidates can meet."""
        return np.asarray(self.lacking > self.table["candidates"].to_numpy(), dtype=np.bool_)


def _owners(name: str, frame: pd.DataFrame, of_area: pd.Series | None) -> pd.Series:
    """Return the units of each row, joined by ``;``; empty: none."""
    if of_area is None and "serves" in frame and frame["serves"].notna().any():
        return frame["serves"].astype("str").where(frame["serves"].notna(), "")
    if "area_id" not in frame:
        raise InputError(
            f"{name}: column area_id is missing; add it with"
            f" {name}.assign(area_id=cc.assign_areas({name}, areas))"
        )
    unit = frame["area_id"] if of_area is None else frame["area_id"].map(of_area)
    return unit.astype("str").where(unit.notna(), "")


def _check(instance: Instance, rules: Sequence[RosterRule]) -> None:
    if not rules:
        raise InputError("rules is empty; give one RosterRule at least")
    names = pd.Index([rule.name for rule in rules])
    faults = []
    if names.has_duplicates:
        faults.append(f"two roster rules are called {names[names.duplicated()][0]!r}; rename one")
    for rule in rules:
        sites = rule.serves.index.astype(str)
        unknown = sites[~sites.isin(instance.site_ids.astype(str))]
        if len(unknown):
            faults.append(
                f"roster rule {rule.name}: serves has {some_ids(unknown)}, which"
                f" {'is' if len(unknown) == 1 else 'are'} not among the sites; ids must match"
            )
    if faults:
        raise InputError("\n".join(faults))
