"""A scenario: what would be built, closed, enlarged, moved or otherwise changed, as data."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from carecircle.inputs.issues import IssueLog
from carecircle.inputs.notebook import Tabled
from carecircle.roads.access import STRUCTURES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["Known", "RoadChanges", "Scenario", "add_fault", "check_scenarios", "nearest_known"]


_SHOWN = 5  # ids enough to recognise the kind of id


@dataclass(frozen=True, eq=False)
class RoadChanges(Tabled):
    """Roads that a scenario adds, closes, or makes faster or slower.

    Attributes
    ----------
    add
        New roads in the study's CRS, as a frame (contract ``roads``; ``highway`` is ``residential``
        where missing) or as a list of lines. They join roads, and each other, where one of their
        vertices touches. A barrier cuts them unless they are a bridge or tunnel: those have the
        frame's column ``bridge`` or ``tunnel``, or stand in the list as ``{"line": line, "bridge":
        "yes"}``.
    close
        Road ids nobody may use; ``"R1"`` closes the pieces ``R1/1``, ``R1/2`` too.
    speed
        Road id -> metres per second on that road, whatever the profile says.
    """

    add: gpd.GeoDataFrame | Sequence[shapely.LineString | Mapping[str, Any]] = ()
    close: Sequence[str] = ()
    speed: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(len(self.add) or len(self.close) or len(self.speed))


@dataclass(frozen=True, eq=False)
class Scenario(Tabled):
    """One plan to hold against today.

    Attributes
    ----------
    name
        Its own among the scenarios compared.
    build
        Ids of candidate sites to build, or of facilities planned or closed to open.
    close
        Ids of operating facilities to close.
    enlarge
        Facility id -> floor area added, in m2.
    move
        Facility id -> the site it moves to, or (x, y) in the study's CRS.
    roads
        Changes of the roads.
    population
        Factor on all people and households, by area or everywhere.
    limits
        Minutes by area kind in place of the study's.
    sites
        Candidates besides the study's own: contract ``sites``, or id -> (x, y).
    walking_speed
        Metres per second in place of the study's; waits stay as long as they are.

    Examples
    --------
    >>> Scenario("swap", build=["S1"], close=["F1"])
    Scenario('swap': build S1; close F1)
    """

    name: str
    build: Sequence[str] = ()
    close: Sequence[str] = ()
    enlarge: Mapping[str, float] = field(default_factory=dict)
    move: Mapping[str, str | tuple[float, float]] = field(default_factory=dict)
    roads: RoadChanges = field(default_factory=RoadChanges)
    population: float | Mapping[str, float] = 1.0
    limits: Mapping[str, float] = field(default_factory=dict)
    sites: gpd.GeoDataFrame | Mapping[str, tuple[float, float]] | None = None
    walking_speed: float | None = None

    def __post_init__(self) -> None:
        for name in ("build", "close"):
            value = getattr(self, name)
            # one id is meant as one id, not as its letters
            value = [value] if isinstance(value, str) else value
            object.__setattr__(self, name, tuple(dict.fromkeys(str(one) for one in value)))

    @property
    def changes_people(self) -> bool:
        """Whether it changes who lives there, or within how many minutes."""
        return bool(self.limits) or self.population != 1.0

    def __repr__(self) -> str:
        parts = [
            f"{verb} {', '.join(map(str, getattr(self, verb)))}"
            for verb in ("build", "close", "enlarge", "move")
            if len(getattr(self, verb))
        ]
        parts += ["roads"] if self.roads else []
        parts += ["population"] if self.population != 1.0 else []
        parts += ["limits"] if self.limits else []
        parts += [] if self.walking_speed is None else [f"walk at {self.walking_speed} m/s"]
        return f"Scenario({self.name!r}: {'; '.join(parts) or 'nothing'})"


@dataclass(frozen=True, eq=False)
class Known:
    """What a scenario may refer to: the tables of a study, and its limits."""

    facilities: pd.DataFrame
    sites: pd.DataFrame | None
    areas: pd.DataFrame
    roads: gpd.GeoDataFrame
    limits: Mapping[str, float]

    @cached_property
    def status(self) -> dict[str, str]:
        """Status of each facility; operating unless said otherwise."""
        column = self.facilities.get("status")
        told = ["operating"] * len(self.facilities) if column is None else column.tolist()
        return dict(zip(self.facilities.index, told, strict=True))

    @cached_property
    def own_sites(self) -> tuple[set[str], set[str]]:
        """Ids of the study's sites, and of the forbidden ones."""
        return _site_ids(self.sites)


def check_scenarios(scenarios: Sequence[Scenario], known: Known) -> None:
    """Raise one error that names everything wrong with the scenarios.

    Parameters
    ----------
    scenarios
        In any order.
    known
        Tables of the study they are for.

    Raises
    ------
    InputError
        With one line for each unknown id (and the nearest known one), repeated name, forbidden
        site, facility built that operates or closed that does not, negative or missing number.
    """
    log = IssueLog()
    for name, times in Counter(scenario.name for scenario in scenarios).items():
        if times > 1:
            add_fault(log, name, "name", f"{times} scenarios have it", "give each its own name")
        if not name.strip():
            add_fault(log, name, "name", "empty", "give it a name")
    for scenario in scenarios:
        _check_places(scenario, known, log)
        _check_roads(scenario, known, log)
        _check_numbers(scenario, known, log)
    log.raise_if_fatal()


def _check_places(scenario: Scenario, known: Known, log: IssueLog) -> None:
    status = known.status
    site_ids, forbidden = _sites_of(scenario, known)
    for one in scenario.build:
        if one in site_ids and one in status:
            fix = "give the site an id of its own"
            add_fault(log, scenario.name, "build", f"{one} is a site and a facility", fix)
        elif one in status and status[one] == "operating":
            add_fault(log, scenario.name, "build", f"{one} operates already", "leave it out")
        elif one not in status:
            _check_site(scenario, "build", one, (site_ids, forbidden, status), log)
    for to in scenario.move.values():
        if isinstance(to, str):
            _check_site(scenario, "move", to, (site_ids, forbidden, ()), log)
    _check_existing(scenario, status, log)


def _check_existing(scenario: Scenario, status: Mapping[str, str], log: IssueLog) -> None:
    for one in scenario.close:
        if one in status and status[one] != "operating":
            found = f"{one} is {status[one]}, not operating"
            add_fault(log, scenario.name, "close", found, "leave it out")
    for verb in ("close", "enlarge", "move"):
        for one in getattr(scenario, verb):
            if one not in status:
                open_ones = [name for name, state in status.items() if state == "operating"]
                _unknown(log, scenario, verb, one, open_ones)
            elif verb != "close" and one in scenario.close:
                add_fault(log, scenario.name, verb, f"{one} is closed as well", "do one of the two")
            elif verb == "move" and one in scenario.build:
                add_fault(
                    log, scenario.name, verb, f"{one} is built as well", "give it as a new site"
                )


def _sites_of(scenario: Scenario, known: Known) -> tuple[set[str], set[str]]:
    """Return the ids of the sites a scenario may use, and of those it may not."""
    (ids, forbidden), (more, barred) = known.own_sites, _site_ids(scenario.sites)
    return ids | more, forbidden | barred


def _site_ids(sites: pd.DataFrame | Mapping[str, object] | None) -> tuple[set[str], set[str]]:
    if not isinstance(sites, pd.DataFrame):
        return set(sites or ()), set()
    ids = sites.index.astype(str)
    if "forbidden" not in sites:
        return set(ids), set()
    barred = sites["forbidden"].astype("boolean").fillna(False)  # noqa: FBT003  # missing: not said
    return set(ids), set(ids[barred.to_numpy(dtype=bool)])


def _check_site(
    scenario: Scenario,
    verb: str,
    one: str,
    known: tuple[set[str], set[str], Collection[str]],
    log: IssueLog,
) -> None:
    ids, forbidden, others = known
    if one in forbidden:
        add_fault(log, scenario.name, verb, f"{one} is a forbidden site", "choose another")
    elif one not in ids:
        _unknown(log, scenario, verb, one, [*(ids - forbidden), *others])


def _check_roads(scenario: Scenario, known: Known, log: IssueLog) -> None:
    roads = scenario.roads
    if isinstance(roads.add, gpd.GeoDataFrame) and roads.add.crs != known.roads.crs:
        add_fault(
            log, scenario.name, "roads.add", f"CRS {roads.add.crs}", f"to_crs({known.roads.crs})"
        )
    for one in () if isinstance(roads.add, gpd.GeoDataFrame) else roads.add:
        if not _is_new_road(one):
            fix = 'give a line, or {"line": line, "bridge": "yes"}'
            add_fault(log, scenario.name, "roads.add", repr(one)[:60], fix)
    if not (roads.close or roads.speed):
        return
    ids = set(known.roads.index.astype(str))
    ids |= {one.rpartition("/")[0] for one in ids if "/" in one}
    for verb in ("close", "speed"):
        for one in getattr(roads, verb):
            if one not in ids:
                _unknown(log, scenario, f"roads.{verb}", one, ids)


def _is_new_road(one: object) -> bool:
    if not isinstance(one, Mapping):
        return isinstance(one, shapely.LineString)
    told = {key: value for key, value in one.items() if key != "line"}
    good = told.keys() <= set(STRUCTURES) and all(isinstance(v, str) for v in told.values())
    return good and isinstance(one.get("line"), shapely.LineString)


def _check_numbers(scenario: Scenario, known: Known, log: IssueLog) -> None:
    named = isinstance(scenario.population, float | int)
    people = {} if named else dict(scenario.population)  # type: ignore[arg-type]  # a mapping when not a number
    for one in people:
        if one not in known.areas.index:
            _unknown(log, scenario, "population", one, known.areas.index)
    for kind in scenario.limits:
        if kind not in known.limits:
            _unknown(log, scenario, "limits", kind, known.limits)
    speed = {} if scenario.walking_speed is None else {"": scenario.walking_speed}
    for verb, values, least in (
        ("population", {"": scenario.population} if named else people, 0.0),
        ("limits", scenario.limits, 0.0),
        ("enlarge", scenario.enlarge, 0.0),
        ("roads.speed", scenario.roads.speed, 1e-3),
        ("walking_speed", speed, 0.05),  # no profile walks slower
    ):
        for one, value in values.items():
            good = isinstance(value, int | float) and math.isfinite(value) and value >= least
            if not good or isinstance(value, bool):
                found = f"{one} = {value!r}" if one else repr(value)
                add_fault(log, scenario.name, verb, found, f"give a number of {least:g} or more")
    for one, to in scenario.move.items():
        if not isinstance(to, str) and not _is_spot(to):
            add_fault(log, scenario.name, "move", f"{one} = {to!r}", "give a site id or (x, y)")


def _is_spot(value: object) -> bool:
    pair = value if isinstance(value, tuple | list) else ()
    return len(pair) == 2 and all(isinstance(v, int | float) and math.isfinite(v) for v in pair)  # noqa: PLR2004  # x and y


def _unknown(
    log: IssueLog, scenario: Scenario, verb: str, one: str, known: Collection[str]
) -> None:
    add_fault(log, scenario.name, verb, f"{one} is not known", nearest_known(one, known))


def nearest_known(one: str, known: Collection[str]) -> str:
    """Say which of the known names is meant, or which names there are.

    Parameters
    ----------
    one, known
        What was given, and what could be.

    Examples
    --------
    >>> nearest_known("buld", ["build", "close"])
    'did you mean build?'
    """
    names = sorted(map(str, known))
    near = difflib.get_close_matches(str(one), names, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    more = ", ..." if len(names) > _SHOWN else ""
    return f"known: {', '.join(names[:_SHOWN])}{more}" if names else "none is known"


def add_fault(log: IssueLog, name: str, verb: str, found: str, fix: str) -> None:
    """Note what is wrong in a scenario, so that all of it is told at once.

    Parameters
    ----------
    log
        Gets the fault.
    name, verb, found, fix
        Scenario, key, what stands there, and what to write instead.

    Examples
    --------
    >>> log = IssueLog()
    >>> add_fault(log, "A", "build", "S9 is not known", "did you mean S8?")
    >>> len(log)
    1
    """
    log.add(
        "bad_scenario", "fatal", "scenario", record=repr(name), field=verb, found=found, fix=fix
    )
