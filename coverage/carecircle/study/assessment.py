"""A study and its assessment: the rooms called in order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import pandas as pd

from carecircle.analysis.circles import service_circles
from carecircle.analysis.coverage import catchments, coverage_by_area, home_coverage, roll_up
from carecircle.analysis.findings import Findings, Ground, StudyCard
from carecircle.analysis.gaps import GapContext, uncovered_areas
from carecircle.analysis.roster import four_cells, is_eligible, roster
from carecircle.errors import InputError, NetworkError
from carecircle.inputs.issues import IssueLog
from carecircle.roads.network import RoadNetwork
from carecircle.roads.positions import locate
from carecircle.roads.profiles import PROFILES
from carecircle.roads.reach import nearest, nearest_from_pairs
from carecircle.roads.reached import reached_roads
from carecircle.standards.floor_area import (
    FloorAreaRule,
    check_floor_area,
    roll_up_floor_area,
)
from carecircle.study.file import read_study_file
from carecircle.study.kept import evidence_of, provenance_of
from carecircle.study.places import find_positions, snap_limits
from carecircle.study.rules import (
    check_rules,
    kinds_linked,
    kinds_timed,
    nearest_by_kind,
    read_presets,
)
from carecircle.study.tables import Tables, read_tables
from carecircle.study.terms import Terms, card_of, named_city, own_kinds, plain_settings, terms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import folium
    from matplotlib.figure import Figure

    from carecircle.evidence.explaining import Explanation
    from carecircle.outputs.map.access import AccessFound
    from carecircle.outputs.report.model import Report
    from carecircle.outputs.static_maps import Theme
    from carecircle.study.file import StudyFile

__all__ = [
    "Result",
    "Study",
    "Terms",
    "assess",
    "assess_figures",
    "find_positions",
    "load_study",
    "snap_limits",
    "study_of",
]


@dataclass(frozen=True, eq=False)
class Study:
    """Everything an assessment needs: terms and checked tables.

    Get one from :func:`load_study` or :mod:`carecircle.samples`; change it with
    :func:`dataclasses.replace`. ``file`` is the study file it was read from.
    """

    card: StudyCard
    terms: Terms
    tables: Tables
    issues: IssueLog = field(default_factory=IssueLog)
    settings: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """Communities and villages."""
        return self.tables.areas

    @property
    def facilities(self) -> gpd.GeoDataFrame:
        """Facilities of every kind and status."""
        return self.tables.facilities

    @property
    def homes(self) -> gpd.GeoDataFrame:
        """Where people live."""
        return self.tables.homes

    @cached_property
    def network(self) -> RoadNetwork:
        """The road network of the study's travel profile, built on first use."""
        tables = self.tables
        return RoadNetwork.from_roads(tables.roads, self.card.profile, barriers=tables.barriers)

    @cached_property
    def by_car(self) -> RoadNetwork:
        """The same roads for a car, built on first use: the ways between facilities."""
        tables = self.tables
        if self.card.profile.mode == "car":
            return self.network
        return RoadNetwork.from_roads(tables.roads, PROFILES["car"], barriers=tables.barriers)

    def __repr__(self) -> str:
        tables = self.tables
        name = self.card.title or self.card.title_zh
        return (
            f"Study({name!r}: {len(tables.areas):,} areas, {len(tables.homes):,} homes,"
            f" {len(tables.facilities):,} facilities, {len(tables.roads):,} road pieces;"
            f" {self.issues.summary()})"
        )

    def _repr_html_(self) -> str:
        from carecircle.outputs.summary import study_html

        tables = {name: table for name, table in vars(self.tables).items() if name != "inputs"}
        return study_html(self.card, tables, self.issues)


@dataclass(frozen=True, repr=False)
class Result(Findings):
    """The findings of one study, ready to be looked at and saved."""

    def explore(self, *, access: AccessFound | None = None, tiles: str | None = None) -> folium.Map:
        """Return the interactive map, which opens without internet unless ``tiles`` are named.

        ``access``, from :func:`carecircle.access_of`, is shown as a layer of the areas. See
        :func:`carecircle.coverage_map`.
        """
        from carecircle.outputs.map.atlas import coverage_map

        return coverage_map(self, access=access, tiles=tiles)

    def plot(self, theme: Theme = "verdict", *, values: pd.Series | None = None) -> Figure:
        """Draw a static map for print; see :func:`carecircle.draw_map`."""
        from carecircle.outputs.static_maps import draw_map

        return draw_map(self, theme, values=values)

    def save(self, folder: str | Path, *, report: Report | None = None) -> Path:
        """Write the result folder, whole or not at all; ``report`` becomes its ``report.html``."""
        from carecircle.outputs.folder import save_folder, writers_with

        return save_folder(self, folder, writers=writers_with(report=report))

    def explain(self, figure: str) -> Explanation:
        """Say how a figure came about and count it again; see :func:`carecircle.explain`."""
        from carecircle.evidence.explaining import explain

        return explain(self, figure)

    def publish(self, folder: str | Path) -> Path:
        """Write the result folder as it may be published: small counts of people blank, no homes.

        See :func:`carecircle.masked`.
        """
        from carecircle.outputs.folder import save_folder
        from carecircle.outputs.masking import masked

        return save_folder(masked(self), folder)

    def rules_by_unit(self, level: str = "area") -> pd.DataFrame:
        """Return the verdicts of one level: a line for each unit, a column for each rule.

        See :func:`carecircle.standards.rule_views.rules_by_unit`.
        """
        from carecircle.standards.rule_views import rules_by_unit

        return rules_by_unit(self.rules, level)

    def _repr_html_(self) -> str:
        from carecircle.outputs.summary import summary_html

        return summary_html(self)


def load_study(path: str | Path, *, tell: Callable[[str], None] = lambda _: None) -> Study:
    """Read a study file and all its tables.

    Parameters
    ----------
    path
        A study file (TOML), or the folder with a ``study.toml``.
    tell
        Called with one line for each step; ``print`` shows progress.

    Returns
    -------
    Study
        Its ``issues`` list every record that was set aside or used with a caveat.

    Raises
    ------
    InputError
        With every problem that makes a table unusable, of all files at once.
    """
    return study_of(read_study_file(Path(path)), tell=tell)


def study_of(file: StudyFile, *, tell: Callable[[str], None] = lambda _: None) -> Study:
    """Read the tables of a checked study file; see :func:`load_study`."""
    sections = file.sections
    log = IssueLog()
    presets = read_presets(file, log)
    kinds = own_kinds(sections, presets)
    card, terms = card_of(sections, kinds), terms_of(sections, presets)
    tables = read_tables(file, kinds, log=log, tell=tell)
    return Study(card, terms, tables, log, plain_settings(sections), file.path)


def assess(study: Study, *, tell: Callable[[str], None] = lambda _: None) -> Result:
    """Compute minutes, coverage, circles, uncovered areas, floor area and standards of a study.

    Parameters
    ----------
    study
        From :func:`load_study` or :mod:`carecircle.samples`.
    tell
        Called with one line for each step.

    Returns
    -------
    Result
        The frames described in :class:`carecircle.Findings`.

    Examples
    --------
    >>> import carecircle as cc
    >>> result = cc.assess(cc.samples.toy_town())
    >>> city = result.totals.loc[("city", "T")]
    >>> f"{city['elders_covered']:.0f} of {city['elders_total']:.0f} elders"
    '80 of 130 elders'
    """
    result = _decided(study, tell)
    tables, terms = study.tables, study.terms
    tell("drawing circles")
    circles = service_circles(result.reached_roads, minutes=result.card.rings, style=terms.circles)
    tell("joining uncovered homes")
    gaps = uncovered_areas(
        result.homes, result.areas, result.facilities, terms.gaps, barriers=tables.barriers,
        context=GapContext(result.card.profile, result.card.eligible),
    )  # fmt: skip
    return _checked(study, replace(result, circles=circles, gaps=gaps), tell)


def assess_figures(study: Study) -> Result:
    """Compute the figures of a study alone, as :func:`assess` does, without circles and gaps."""
    return _checked(study, _decided(study, lambda _: None), lambda _: None)


def _decided(study: Study, tell: Callable[[str], None]) -> Result:
    """Return who is covered and what is built, with the minutes that rules ask for as evidence."""
    if not isinstance(study, Study):
        raise InputError(
            f"assess takes a study, found {type(study).__name__}; read it with load_study() first"
        )
    card, terms, tables = study.card, study.terms, study.tables
    log = IssueLog(study.issues)
    facilities = tables.facilities.assign(eligible=is_eligible(tables.facilities, card.eligible))
    if tables.minutes is not None:
        tell("taking minutes from the table")
        searched = _from_table(study, facilities)
    else:
        searched = _from_roads(study, facilities, log, tell)
    facilities, reached = searched.facilities, searched.reached
    tell("deciding coverage")
    homes = home_coverage(searched.homes, searched.minutes, tables.areas, limits=card.limits)
    areas = coverage_by_area(homes, tables.areas)
    areas = areas.join(roster(areas, facilities[facilities["eligible"]]))
    areas = areas.join(four_cells(areas, on_time_share=card.on_time_share))
    floor_areas, floor_totals = _floor(study, facilities, log)
    facilities = facilities.join(catchments(facilities, homes))
    return Result(
        card=card, areas=areas, homes=homes, facilities=facilities,
        circles=reached.iloc[:0], reached_roads=reached, gaps=reached.iloc[:0],
        totals=named_city(roll_up(areas, homes), card),
        floor_areas=floor_areas, floor_totals=floor_totals,
        roads=tables.roads, barriers=tables.barriers, issues=log,
        provenance=provenance_of(study), ground=searched.ground,
        evidence=evidence_of(tables, terms.presets, {"pairs": searched.pairs,
                                                     "links": searched.links}),
    )  # fmt: skip


def _checked(study: Study, result: Result, tell: Callable[[str], None]) -> Result:
    if not study.terms.presets:
        return result
    tell("checking standards")
    checked = check_rules(result, study.tables, study.terms.presets)
    return replace(result, **checked._asdict())


class _Searched(NamedTuple):
    """What the search for minutes gives: tables with what it found, and pairs for the rules."""

    facilities: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    minutes: pd.DataFrame
    reached: gpd.GeoDataFrame
    pairs: pd.DataFrame | None
    ground: Ground | None
    links: pd.DataFrame | None = None


def _from_table(study: Study, facilities: gpd.GeoDataFrame) -> _Searched:
    tables = study.tables
    pairs: Any = tables.minutes
    allowed = pairs["facility_id"].isin(facilities.index[facilities["eligible"]])
    minutes = nearest_from_pairs(pairs[allowed], tables.homes.index)
    return _Searched(
        facilities, tables.homes.assign(component=-1), minutes, _no_roads(tables), pairs, None
    )


def _from_roads(
    study: Study, facilities: gpd.GeoDataFrame, log: IssueLog, tell: Callable[[str], None]
) -> _Searched:
    card = study.card
    tell("building the road network")
    places, at = find_positions(study, facilities, log)
    facilities = facilities.assign(access_m=places["access_m"], reason=places["reason"])
    tell("searching the nearest facilities")
    open_ones = places[facilities["eligible"].to_numpy()]
    extra = facilities.get("extra_minutes")
    minutes = nearest(study.network, at, open_ones, direction=card.direction, extra_minutes=extra)
    homes = study.homes.assign(component=at["component"])
    kinds = kinds_timed(study.terms.presets, card.eligible)
    pairs = None
    if kinds:
        pairs = nearest_by_kind(
            study.network, {"homes": at, "facilities": places}, facilities, kinds,
            direction=card.direction,
        )  # fmt: skip
    tell("tracing the reached roads")
    reached = reached_roads(
        study.network, facilities[facilities["eligible"]], open_ones,
        max_minutes=max(card.rings), direction=card.direction, extra_minutes=extra,
    )  # fmt: skip
    terms, sites = study.terms, study.tables.sites
    ground = Ground(
        study.network, at, places, terms.snap_m, terms.prefer_connected, sites,
        gap_rule=terms.gaps, circle_style=terms.circles,
    )  # fmt: skip
    links = _links(study, facilities)
    return _Searched(facilities, homes, minutes, reached, pairs, ground, links)


def _links(study: Study, facilities: gpd.GeoDataFrame) -> pd.DataFrame | None:
    """Return the drive from the nearest centre to every station, where a rule asks for it."""
    stations, centres = kinds_linked(study.terms.presets)
    asked = facilities[facilities["kind"].isin([*stations, *centres])]
    if not stations or asked.empty:
        return None
    try:
        roads = study.by_car
    except NetworkError:  # footpaths alone: the rule says that there are no minutes
        return None
    main = {0} if study.terms.prefer_connected else None
    at = locate(roads, asked, max_snap_m=snap_limits(asked["area_id"], study), prefer=main)
    places = {"homes": at[asked["kind"].isin(stations).to_numpy()], "facilities": at}
    return nearest_by_kind(roads, places, asked, centres, direction="from_facility")


def _floor(
    study: Study, facilities: gpd.GeoDataFrame, log: IssueLog
) -> tuple[pd.DataFrame, pd.DataFrame]:
    areas, rule = study.areas, study.terms.floor_rule
    if rule is None:
        areas = areas.iloc[:0]
    checks = check_floor_area(areas, facilities, rule or FloorAreaRule(), log=log)
    return checks, roll_up_floor_area(checks, areas, rule=rule or FloorAreaRule())


def _no_roads(tables: Tables) -> gpd.GeoDataFrame:
    columns = ["facility_id", "road_id", "start_m", "end_m", "minutes_start", "minutes_end"]
    empty = {name: pd.Series(dtype="str" if name.endswith("_id") else float) for name in columns}
    return gpd.GeoDataFrame(empty, geometry=[], crs=tables.areas.crs)
