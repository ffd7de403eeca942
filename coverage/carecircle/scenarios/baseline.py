"""A study held ready for what-if questions: each touches only what its changes reach."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from carecircle.analysis.roster import is_eligible
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.notebook import Tabled
from carecircle.planning.scenario import check_scenarios
from carecircle.planning.tally import Tally
from carecircle.roads.positions import locate
from carecircle.roads.reach import nearest_from_pairs
from carecircle.roads.standing import HomeSearch
from carecircle.roads.terms import to_minutes
from carecircle.scenarios.what_if import (
    apply_scenario,
    known_to,
    opened_by,
    sites_as_facilities,
)
from carecircle.standards.floor_area import check_floor_area, roll_up_floor_area
from carecircle.study.places import find_positions, snap_limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from carecircle.planning.scenario import Known, Scenario
    from carecircle.study.assessment import Study

    Floats = NDArray[np.float64]

__all__ = ["Baseline", "Outcome"]


@dataclass(frozen=True, eq=False)
class Outcome(Tabled):
    """What holds under one scenario.

    Attributes
    ----------
    minutes
        Of each home to its nearest facility, NaN without a way.
    facility
        Number in ``names`` of each home's nearest facility, -1 none.
    names
        Ids of the facilities.
    covered
        Which homes are within their limit.
    figures
        Level -> array: a row for each unit, a column for each of
        :data:`carecircle.planning.tally.FIGURES`.
    floor
        Floor-area check rolled up; ``None`` where the study checks none.
    tally
        The sums they were added up with: people, limits, and who was assessed.
    """

    minutes: Floats
    facility: NDArray[np.int32]
    names: NDArray[np.object_]
    covered: NDArray[np.bool_]
    figures: Mapping[str, Floats]
    floor: pd.DataFrame | None
    tally: Tally


@dataclass(frozen=True, eq=False)
class Baseline:
    """A study of today with its network, positions and sums held ready.

    Preparing takes about as long as one assessment, without the drawing; each scenario that only
    opens, closes or moves facilities then takes milliseconds, and gives the very figures that
    :func:`carecircle.assess` would.

    Attributes
    ----------
    study
        The study of today.
    register
        Facilities by id: ``operates``, ``counts`` (would be counted if it
        operated), ``named`` and ``owners`` (areas by the roster), and their positions.
    search
        Network and homes; ``None`` where the study brings its own minutes.
    names
        Ids of the facilities that count today, sorted.
    seconds, who
        Of the two nearest facilities of each home, shape (n, 2).
    tally
        The sums.
    today
        What holds today.

    Examples
    --------
    >>> import carecircle as cc
    >>> from carecircle.planning.scenario import Scenario
    >>> town = Baseline.of(cc.samples.toy_town())
    >>> covered = town.what_if(Scenario("open it", build=["F2"])).covered
    >>> town.study.homes.index[covered & ~town.today.covered].tolist()
    ['H11']
    """

    study: Study
    register: pd.DataFrame
    search: HomeSearch | None
    names: NDArray[np.object_]
    seconds: Floats
    who: NDArray[np.int32]
    tally: Tally
    today: Outcome

    def __repr__(self) -> str:
        return f"Baseline({self.study!r}; {len(self.names):,} facilities count today)"

    def _repr_html_(self) -> str:
        counts = f"{len(self.names):,} facilities count today"
        return f"<div>{self.study._repr_html_()}<small>{counts}</small></div>"  # a protocol

    @classmethod
    def of(cls, study: Study) -> Baseline:
        """Locate, search and add up a study once."""
        tables, card = study.tables, study.card
        facilities = tables.facilities.assign(
            eligible=is_eligible(tables.facilities, card.eligible)
        )
        if tables.minutes is not None:
            return _from_pairs(study, facilities)
        places, at = find_positions(study, facilities, IssueLog())
        register = _register(study, facilities, places)
        search = HomeSearch.over(study.network, at, direction=card.direction)
        open_ones = register[facilities["eligible"].to_numpy()].sort_index(key=_as_text)
        seconds, who = search.two_nearest(open_ones, extra_minutes=open_ones["extra_minutes"])
        located = ~at["reason"].isin(("not_linked", "no_position")).to_numpy(dtype=bool)
        minutes = to_minutes(seconds[:, 0], study.network)
        names = open_ones.index.to_numpy(dtype=object)
        tally, today = _tallied(study, located, register, (minutes, who[:, 0], names))
        return cls(study, register, search, names, seconds, who, tally, today)

    def what_if(self, scenario: Scenario) -> Outcome:
        """Return what holds under a scenario.

        Parameters
        ----------
        scenario
            Any scenario; one that changes roads, people, limits or the speed of walking is searched
            anew, and so is one that leaves a part of the network without its last facility, or
            gives it its first.

        Raises
        ------
        InputError
            With everything wrong in the scenario.
        """
        check_scenarios([scenario], self.known)
        anew = scenario.roads or scenario.changes_people or scenario.walking_speed is not None
        found = None if anew else self._updated(scenario)
        if found is None:
            return Baseline.of(apply_scenario(self.study, scenario)).today
        return found

    def without(self, facility: str) -> tuple[Floats, NDArray[np.bool_]]:
        """Return minutes and cover of every home if one facility that counts were lost."""
        closed = self.names == facility
        minutes, _, _ = self._merged(closed, self.register.iloc[:0])
        return minutes, self.tally.covered(minutes)

    @cached_property
    def known(self) -> Known:
        """What scenarios may refer to."""
        return known_to(self.study)

    @cached_property
    def places(self) -> pd.DataFrame:
        """The register with the study's candidate sites, located once."""
        sites = self.study.tables.sites
        if sites is None:
            return self.register
        located = self._located(sites_as_facilities(self.study, sites))
        return pd.concat([self.register, located.drop(self.register.index, errors="ignore")])

    @cached_property
    def open_today(self) -> pd.DataFrame:
        """The part of the register that counts today, sorted by id."""
        return self.register.loc[pd.Index(self.names)]

    def _located(self, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
        main = {0} if self.study.terms.prefer_connected else None
        snap = snap_limits(facilities["area_id"], self.study)
        places = locate(self.study.network, facilities, max_snap_m=snap, prefer=main)
        return _register(self.study, facilities, places)

    def _updated(self, scenario: Scenario) -> Outcome | None:
        """Return the outcome by update, or nothing where that would not be exact."""
        if self.search is None:
            return None
        opened = self._opened(scenario)
        gone = [*scenario.close, *scenario.move]
        closed = pd.Index(self.names).isin(gone)
        lost = self.open_today[closed]
        has = self._roster(lost, opened)
        if has is None or self._reconnects(gone, opened):
            return None
        minutes, who, names = self._merged(np.asarray(closed), opened)
        return Outcome(
            minutes, who, names, self.tally.covered(minutes),
            self.tally.figures(minutes, has), self._floor_of(scenario), self.tally,
        )  # fmt: skip

    def _opened(self, scenario: Scenario) -> pd.DataFrame:
        """Return the register of what a scenario opens, and which of it counts."""
        if not scenario.move and all(one in self.places.index for one in scenario.build):
            opened = self.places.loc[list(scenario.build)]
        else:
            opened = self._located(opened_by(self.study, scenario))
            opened = opened[opened["operates"].to_numpy(dtype=bool)]
        opened = opened[opened["counts"].to_numpy(dtype=bool)]
        return opened.sort_index(key=_as_text) if len(opened) > 1 else opened

    def _reconnects(self, gone: Iterable[str], opened: pd.DataFrame) -> bool:
        """Whether other parts of the network have a facility than today: homes then link anew."""
        if not self.study.terms.prefer_connected:
            return False
        today = self.open_today["component"]
        then = set(today[~today.index.isin(list(gone))]) | set(opened["component"])
        return then - {-1} != set(today) - {-1}

    def _roster(self, lost: pd.DataFrame, opened: pd.DataFrame) -> NDArray[np.bool_] | None:
        open_ones = self.open_today
        n_named = open_ones["named"].sum() - lost["named"].sum() + opened["named"].sum()
        if (n_named > 0) != (open_ones["named"].sum() > 0):
            return None  # the roster goes by another rule once nobody is named
        count = self._owned + _owned(opened, len(self.study.areas), by_name=n_named > 0)
        count -= _owned(lost, len(self.study.areas), by_name=n_named > 0)
        return np.asarray(count > 0)

    @cached_property
    def _owned(self) -> NDArray[np.int64]:
        by_name = bool(self.open_today["named"].any())
        return _owned(self.open_today, len(self.study.areas), by_name=by_name)

    def _merged(
        self, closed: NDArray[np.bool_], opened: pd.DataFrame
    ) -> tuple[Floats, NDArray[np.int32], NDArray[np.object_]]:
        """Return minutes and nearest facility of each home without some and with others."""
        assert self.search is not None  # noqa: S101  # for the type checker: only roads are merged
        gone = np.r_[closed, False]  # the last stands for -1, nobody
        rank = gone[self.who[:, 0]].astype(np.intp)
        rows = np.arange(len(rank))
        seconds, who = self.seconds[rows, rank], self.who[rows, rank]
        bereft = np.flatnonzero(gone[who])
        if len(bereft):
            kept = self.open_today[~closed]
            again, nearest = self.search.two_nearest(
                kept, extra_minutes=kept["extra_minutes"], homes=bereft
            )
            number = np.r_[np.flatnonzero(~closed), -1].astype(np.int32)
            seconds[bereft], who[bereft] = again[:, 0], number[nearest[:, 0]]
        names = np.concatenate([self.names, opened.index.to_numpy(dtype=object)])
        if len(opened):
            new, nearest = self.search.two_nearest(opened, extra_minutes=opened["extra_minutes"])
            new, nearest = new[:, 0], nearest[:, 0] + len(self.names)
            better = new < seconds
            ties = np.flatnonzero((new == seconds) & np.isfinite(new))
            better[ties] = _as_text(names[nearest[ties]]) < _as_text(names[who[ties]])
            seconds, who = np.where(better, new, seconds), np.where(better, nearest, who)
        return to_minutes(seconds, self.search.network), who.astype(np.int32), names

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {str(name): str(kind) for name, kind in self.places["kind"].items()}

    def _kinds_brought(self, scenario: Scenario) -> set[str]:
        """Return the kinds of facility that a scenario's own sites may become."""
        usual, own = self.study.card.eligible[0], scenario.sites
        if own is None:
            return set()
        if isinstance(own, gpd.GeoDataFrame) and "kind" in own:
            return set(own["kind"].fillna(usual))
        return {usual}

    def _floor_of(self, scenario: Scenario) -> pd.DataFrame | None:
        rule = self.study.terms.floor_rule
        if rule is None:
            return None
        touched = [*scenario.build, *scenario.close, *scenario.enlarge, *scenario.move]
        kinds = {self._kinds.get(one) for one in touched} | self._kinds_brought(scenario)
        if kinds & set(rule.kinds):
            return _floor(apply_scenario(self.study, scenario))
        return self.today.floor


def _from_pairs(study: Study, facilities: gpd.GeoDataFrame) -> Baseline:
    homes, pairs = study.homes, study.tables.minutes
    assert pairs is not None  # noqa: S101  # for the type checker: the caller has looked
    counts = facilities.index[facilities["eligible"]]
    found = nearest_from_pairs(pairs[pairs["facility_id"].isin(counts)], homes.index)
    names = np.array(sorted(counts), dtype=object)
    who = pd.Index(names).get_indexer(pd.Index(found["facility_id"])).astype(np.int32)
    minutes = found["minutes"].to_numpy(dtype=float)
    nowhere = pd.DataFrame({"component": -1}, index=facilities.index)
    register = _register(study, facilities, nowhere)
    located = np.ones(len(homes), dtype=bool)
    tally, today = _tallied(study, located, register, (minutes, who, names))
    both = np.column_stack([minutes * 60.0, np.full(len(minutes), np.inf)])
    return Baseline(study, register, None, names, both, who[:, None], tally, today)


def _tallied(
    study: Study,
    located: NDArray[np.bool_],
    register: pd.DataFrame,
    found: tuple[Floats, NDArray[np.int32], NDArray[np.object_]],
) -> tuple[Tally, Outcome]:
    card, areas = study.card, study.areas
    tally = Tally.over(
        study.homes, areas, card.limits, located=located, on_time_share=card.on_time_share
    )
    minutes, who, names = found
    open_ones = register.loc[pd.Index(names)]
    has = _owned(open_ones, len(areas), by_name=bool(open_ones["named"].any())) > 0
    figures = tally.figures(minutes, has)
    today = Outcome(minutes, who, names, tally.covered(minutes), figures, _floor(study), tally)
    return tally, today


def _register(study: Study, facilities: gpd.GeoDataFrame, places: pd.DataFrame) -> pd.DataFrame:
    areas, status = study.areas.index, facilities.get("status")
    named = facilities["serves"].notna() if "serves" in facilities else False
    listed = facilities["serves"] if "serves" in facilities else pd.Series(index=facilities.index)
    owners = [
        [] if pd.isna(cell) else [one.strip() for one in str(cell).split(";")] for cell in listed
    ]
    extra = facilities.get("extra_minutes", pd.Series(0.0, facilities.index))
    frame = places.assign(
        kind=facilities["kind"],
        operates=True if status is None else status == "operating",
        counts=is_eligible(facilities.assign(status="operating"), study.card.eligible),
        named=named,
        stands_in=areas.get_indexer(pd.Index(facilities["area_id"])),
        extra_minutes=extra.astype(float),
    )
    codes = [np.unique(code[code >= 0]) for code in (areas.get_indexer(one) for one in owners)]
    frame["owners"] = pd.Series(codes, index=frame.index, dtype=object)
    return frame


def _owned(register: pd.DataFrame, n_areas: int, *, by_name: bool) -> NDArray[np.int64]:
    """Return how many facilities of a register each area has."""
    if not len(register):
        return np.zeros(n_areas, dtype=np.int64)
    areas = np.concatenate(register["owners"].tolist()) if by_name else register["stands_in"]
    areas = np.asarray(areas, dtype=np.int64)
    return np.bincount(areas[areas >= 0], minlength=n_areas)


def _floor(study: Study) -> pd.DataFrame | None:
    rule = study.terms.floor_rule
    if rule is None:
        return None
    checks = check_floor_area(study.areas, study.facilities, rule, log=IssueLog())
    return roll_up_floor_area(checks, study.areas, rule=rule)


def _as_text(names: NDArray[np.object_] | pd.Index) -> NDArray[np.object_]:
    return np.asarray(names).astype(str)
