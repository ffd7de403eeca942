"""The frames rules are checked against, with the joins between their levels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.analysis.coverage import LEVELS
from carecircle.analysis.roster import is_eligible
from carecircle.inputs.dasymetric import numbers
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.notebook import Tabled
from carecircle.standards.floor_rule import FloorAreaRule
from carecircle.standards.floor_supply import floor_links, floor_provided
from carecircle.standards.joining import ids_by_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Objects = NDArray[np.object_]

__all__ = ["RuleFrames"]


@dataclass(frozen=True, eq=False)
class RuleFrames(Tabled):
    """What there is to check: the frames of an assessment, and tables of observations.

    Attributes
    ----------
    areas
        Index ``area_id``; as in :class:`carecircle.Findings`, or just the input columns.
    facilities
        Index ``facility_id``; as in :class:`carecircle.Findings`, or just the input columns.
    homes
        Index ``home_id``: ``area_id``, people columns, ``minutes``, ``metres``, ``reason``.
    projects
        Contract ``projects``.
    rosters
        ``kind`` of the facilities that are owed: none of a kind listed here counts as 0, not as
        unknown.
    observations
        ``indicator``, ``period``, ``numerator``, ``denominator``.
    pairs
        From :func:`carecircle.reach`: ``home_id``, ``facility_id``, ``minutes``, ``metres``, for
        rules about kinds other than the eligible ones.
    links
        The same between facilities: from :func:`carecircle.reach` with stations in the place of
        the homes (``home_id``) and centres as the facilities. A study with roads and a rule that
        asks for it has them by car.
    eligible, limits, as_of
        Facility kinds of the homes' minutes; minutes by area kind; the day.

    Examples
    --------
    >>> import carecircle as cc
    >>> frames = RuleFrames.from_findings(cc.assess(cc.samples.toy_town()))
    >>> frames.units("city").tolist(), len(frames.units("area"))
    (['T'], 4)
    """

    areas: pd.DataFrame
    facilities: pd.DataFrame
    homes: pd.DataFrame | None = None
    projects: pd.DataFrame | None = None
    rosters: pd.DataFrame | None = None
    observations: pd.DataFrame | None = None
    pairs: pd.DataFrame | None = None
    links: pd.DataFrame | None = None
    eligible: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    as_of: str = ""
    issues: IssueLog = field(default_factory=IssueLog)
    # not taken over by dataclasses.replace: other tables give other figures
    _kept: dict[Any, Any] = field(init=False, default_factory=dict, repr=False)

    @classmethod
    def from_findings(
        cls,
        findings: Findings,
        *,
        projects: pd.DataFrame | None = None,
        rosters: pd.DataFrame | None = None,
        observations: pd.DataFrame | None = None,
        pairs: pd.DataFrame | None = None,
        links: pd.DataFrame | None = None,
    ) -> RuleFrames:
        """Take the frames of one assessment; what is not given is what it keeps as evidence."""
        card = findings.card
        kept = findings.evidence
        return cls(
            findings.areas, findings.facilities, findings.homes,
            kept.get("projects") if projects is None else projects,
            kept.get("rosters") if rosters is None else rosters,
            kept.get("observations") if observations is None else observations,
            kept.get("pairs") if pairs is None else pairs,
            kept.get("links") if links is None else links,
            card.eligible, card.limits, card.as_of,
        )  # fmt: skip

    def keep(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what was made for this key before, or make and keep it."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    @property
    def day(self) -> dt.date | None:
        """The day the data stand for; ``None`` where it is not said."""
        return dt.date.fromisoformat(self.as_of) if self.as_of else None

    def units(self, level: str) -> pd.Index:
        """Return the ids of all units of a level; the empty id stands for "not stated"."""
        return self.keep(("units", level), lambda: self._units(level))

    def unit_of(self, level: str, native: str) -> NDArray[np.intp]:
        """Return for each unit of ``native`` its position in ``units(level)``; -1 for none."""
        return self.keep(("unit_of", level, native), lambda: self._unit_of(level, native))

    def column(self, native: str, name: str) -> pd.Series:
        """Return a column of the units of a level; facilities look at the area they stand in."""
        table = {"facility": self.facilities, "project": self.projects}.get(native, self.areas)
        if table is not None and native in ("area", "facility", "project") and name in table:
            return table[name]
        if name not in self.areas:
            return pd.Series(np.nan, self.units(native), dtype=object)
        if native == "area":
            return self.areas[name]
        if native in ("facility", "project"):
            at = self.unit_of("area", native)
            inside = self.areas[name].to_numpy(dtype=object)
            return pd.Series(np.where(at >= 0, inside[at], np.nan), self.units(native))
        first = self.areas[name].groupby(self.unit_of(native, "area")).first()
        return first.reindex(range(len(self.units(native)))).set_axis(self.units(native))

    @property
    def home_area(self) -> NDArray[np.intp]:
        """Position of the area of each home among the areas; -1 for none."""
        return self.keep("home_area", self._home_area)

    def _home_area(self) -> NDArray[np.intp]:
        given = pd.Series(dtype="str") if self.homes is None else self.homes["area_id"]
        return self.units("area").get_indexer(pd.Index(given.astype("str").fillna("")))

    @property
    def operating(self) -> Flags:
        """Which facilities are operating today."""
        return self.keep("operating", self._operating)

    def _operating(self) -> Flags:
        given = self.facilities.get("status")
        if given is None:
            return np.ones(len(self.facilities), dtype=bool)
        return (given.isna() | (given == "operating")).to_numpy(dtype=bool)

    def of_status(self, *statuses: str) -> Flags:
        """Return which facilities are of one of these statuses; a missing one is operating."""
        given = self.facilities.get("status")
        if given is None:
            return np.full(len(self.facilities), "operating" in statuses)
        return given.fillna("operating").isin(statuses).to_numpy(dtype=bool)

    def link_minutes(self, centre_kinds: tuple[str, ...]) -> Floats | None:
        """Return minutes from each facility to its nearest operating centre; NaN for none."""
        if self.links is None:
            return None
        centres = self.units("facility")[self.of_kinds(centre_kinds)]
        links = self.links[self.links["facility_id"].astype("str").isin(centres)]
        least = links.groupby(links["home_id"].astype("str"))["minutes"].min()
        return least.reindex(self.units("facility")).to_numpy(dtype=float)

    def of_kinds(self, kinds: tuple[str, ...]) -> Flags:
        """Return which operating facilities are of these kinds; without kinds, the eligible."""
        return self.keep(("of_kinds", tuple(kinds)), lambda: self._of_kinds(kinds))

    def _of_kinds(self, kinds: tuple[str, ...]) -> Flags:
        if kinds:
            return self.operating & self.facilities["kind"].isin(kinds).to_numpy()
        return is_eligible(self.facilities, self.eligible).to_numpy(dtype=bool)

    def knows(self, kinds: tuple[str, ...]) -> bool:
        """Return whether the tables speak of any of these kinds at all."""
        return self.keep(("knows", tuple(kinds)), lambda: self._knows(kinds))

    def _knows(self, kinds: tuple[str, ...]) -> bool:
        asked = list(kinds or self.eligible)
        listed = self.facilities["kind"].isin(asked).any()
        return bool(listed or (self.rosters is not None and self.rosters["kind"].isin(asked).any()))

    @property
    def households_new(self) -> Floats:
        """Households in new estates of each area."""
        return self.keep("households_new", self._households_new)

    @property
    def regime(self) -> Objects:
        """Building regime of each area; a mixed one whose homes are all new is new."""
        return self.keep("regime", self._regime)

    def _households_new(self) -> Floats:
        total, given = numbers(self.areas, "households"), numbers(self.areas, "households_new")
        stated = self._stated()
        new = np.where(stated == "new", total, np.where(stated == "mixed", given, 0.0))
        return np.where(new > total, np.nan, new)

    def _regime(self) -> Objects:
        stated = self._stated()
        all_new = (stated == "mixed") & (self.households_new == numbers(self.areas, "households"))
        return np.where(all_new, "new", stated)

    def floor(
        self, kinds: tuple[str, ...], column: str
    ) -> tuple[Floats, Mapping[str, Flags], Objects]:
        """Return the floor area each area has, remarks, and the facilities it comes from.

        Sharing and ``serves`` as in :func:`carecircle.check_floor_area`.
        """
        return self.keep(("floor", kinds, column), lambda: self._floor(kinds, column))

    def _floor(
        self, kinds: tuple[str, ...], column: str
    ) -> tuple[Floats, Mapping[str, Flags], Objects]:
        ids = self.areas.index
        facilities = self.facilities[self.of_kinds(kinds)]
        facilities = facilities.assign(floor_m2=numbers(facilities, column))
        rule = FloorAreaRule(kinds=tuple(facilities["kind"].unique()))
        links = floor_links(self.areas, facilities, rule, self.issues)
        provided, remarks = floor_provided(links, ids, numbers(self.areas, "households"))
        links = links.sort_values("facility_id", kind="stable")
        at, every = ids.get_indexer(pd.Index(links["area_id"])), np.ones(len(links), dtype=bool)
        return provided, remarks, ids_by_unit(links["facility_id"], at, every, len(ids))

    def _stated(self) -> Objects:
        total, new = numbers(self.areas, "households"), numbers(self.areas, "households_new")
        inferred = np.where(new > 0, np.where(new == total, "new", "mixed"), "existing")
        if "regime" not in self.areas.columns:
            return inferred.astype(object)
        given = self.areas["regime"].to_numpy(dtype=object)
        return np.where(pd.isna(given), inferred, given)

    def _units(self, level: str) -> pd.Index:
        if level == "facility":
            return self.facilities.index.astype("str")
        if level == "project":
            return pd.Index([], dtype="str") if self.projects is None else self.projects.index
        if level == "area":
            return self.areas.index.astype("str")
        return pd.Index(self._named(level).unique(), dtype="str", name="unit_id")

    def _named(self, level: str) -> pd.Series:
        column = LEVELS[level][0]
        if column not in self.areas.columns:
            return pd.Series("", self.areas.index, dtype="str")
        return self.areas[column].astype("str").fillna("")

    def _unit_of(self, level: str, native: str) -> NDArray[np.intp]:
        units, own = self.units(level), self.units(native)
        if level == native:
            return np.arange(len(own))
        if level == "city" and len(units) == 1:
            return np.zeros(len(own), dtype=np.intp)  # what the study lists belongs to its city
        if native == "area":
            return units.get_indexer(pd.Index(self._named(level)))
        if native in ("facility", "project"):
            return self._standing(level, native)
        inside = (
            pd.Series(self.unit_of(level, "area")).groupby(self.unit_of(native, "area")).first()
        )
        return inside.reindex(range(len(own))).fillna(-1).to_numpy(dtype=np.intp)

    def _standing(self, level: str, native: str) -> NDArray[np.intp]:
        table = self.facilities if native == "facility" else self.projects
        if table is None or "area_id" not in table:
            return np.full(len(self.units(native)), -1)
        given = pd.Index(table["area_id"].astype("str").fillna(""))
        area = self.units("area").get_indexer(given)
        if level == "area":
            return area
        return np.where(area >= 0, self.unit_of(level, "area")[area], -1)
