"""A study and its assessment: the rooms called in order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from carecircle.analysis.circles import CircleStyle, service_circles
from carecircle.analysis.coverage import coverage_by_area, home_coverage, roll_up
from carecircle.analysis.findings import Findings, StudyCard
from carecircle.analysis.gaps import GapContext, GapRule, uncovered_areas
from carecircle.analysis.roster import four_cells, is_eligible, roster
from carecircle.inputs.contracts import FACILITY_KINDS
from carecircle.inputs.issues import IssueLog
from carecircle.roads.network import RoadNetwork
from carecircle.roads.positions import locate
from carecircle.roads.profiles import PROFILES, TravelProfile
from carecircle.roads.reach import nearest, nearest_from_pairs
from carecircle.roads.reached import reached_roads
from carecircle.standards.floor_area import (
    FloorAreaRule,
    check_floor_area,
    roll_up_floor_area,
)
from carecircle.study_file import defaults_of, read_study_file
from carecircle.study_rules import read_presets
from carecircle.study_tables import Tables, read_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import folium

    from carecircle.standards.rules import Preset

__all__ = [
    "Result",
    "Study",
    "Terms",
    "assess",
    "find_positions",
    "load_study",
    "snap_limits",
]


@dataclass(frozen=True)
class Terms:
    """How an assessment is made, beyond what the card prints.

    ``snap_m`` is the longest access leg by area kind; ``prefer_connected`` links a place to a
    farther road that leads to a facility rather than to an island; ``floor_rule`` is ``None`` where
    the floor area is not checked; ``presets`` are the standards to check, each apart.
    """

    snap_m: Mapping[str, float] = field(default_factory=lambda: {"urban": 150.0, "rural": 500.0})
    prefer_connected: bool = True
    circles: CircleStyle = field(default_factory=CircleStyle)
    gaps: GapRule = field(default_factory=GapRule)
    floor_rule: FloorAreaRule | None = None
    presets: tuple[Preset, ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """Everything an assessment needs: terms and checked tables.

    Get one from :func:`load_study` or :mod:`carecircle.samples`; change it with
    :func:`dataclasses.replace`.
    """

    card: StudyCard
    terms: Terms
    tables: Tables
    issues: IssueLog = field(default_factory=IssueLog)
    settings: Mapping[str, Any] = field(default_factory=dict)

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

    def __repr__(self) -> str:
        tables = self.tables
        name = self.card.title or self.card.title_zh
        return (
            f"Study({name!r}: {len(tables.areas):,} areas, {len(tables.homes):,} homes,"
            f" {len(tables.facilities):,} facilities, {len(tables.roads):,} road pieces;"
            f" {self.issues.summary()})"
        )


@dataclass(frozen=True)
class Result(Findings):
    """The findings of one study, ready to be looked at and saved."""

    def explore(self) -> folium.Map:
        """Return the interactive map, which opens without internet."""
        from carecircle.outputs.maps import coverage_map

        return coverage_map(self)

    def save(self, folder: str | Path) -> Path:
        """Write the result folder (map, tables, layers, issues, manifest), whole or not at all."""
        from carecircle.outputs.folder import save_folder

        return save_folder(self, folder)

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
    file = read_study_file(Path(path))
    sections = file.sections
    log = IssueLog()
    presets = read_presets(file, log)
    kinds = _own_kinds(sections, presets)
    card, terms = _card(sections, kinds), replace(_terms(sections), presets=presets)
    tables = read_tables(file, kinds, log=log, tell=tell)
    return Study(card, terms, tables, log, settings=_plain(sections))


def assess(study: Study, *, tell: Callable[[str], None] = lambda _: None) -> Result:
    """Compute minutes, coverage, circles, uncovered areas and floor area of a study.

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
    card, terms, tables = study.card, study.terms, study.tables
    log = IssueLog(study.issues)
    facilities = tables.facilities.assign(eligible=is_eligible(tables.facilities, card.eligible))
    if tables.minutes is not None:
        tell("taking minutes from the table")
        allowed = tables.minutes["facility_id"].isin(facilities.index[facilities["eligible"]])
        minutes = nearest_from_pairs(tables.minutes[allowed], tables.homes.index)
        homes, reached = tables.homes.assign(component=-1), _no_roads(tables)
    else:
        tell("building the road network")
        places, at = find_positions(study, facilities, log)
        facilities = facilities.assign(access_m=places["access_m"], reason=places["reason"])
        tell("searching the nearest facilities")
        open_ones = places[facilities["eligible"].to_numpy()]
        extra = facilities.get("extra_minutes")
        minutes = nearest(
            study.network, at, open_ones, direction=card.direction, extra_minutes=extra
        )
        homes = tables.homes.assign(component=at["component"])
        tell("tracing the reached roads")
        reached = reached_roads(
            study.network, facilities[facilities["eligible"]], open_ones,
            max_minutes=max(card.rings), direction=card.direction, extra_minutes=extra,
        )  # fmt: skip
    tell("deciding coverage")
    homes = home_coverage(homes, minutes, tables.areas, limits=card.limits)
    areas = coverage_by_area(homes, tables.areas)
    areas = areas.join(roster(areas, facilities[facilities["eligible"]]))
    areas = areas.join(four_cells(areas, on_time_share=card.on_time_share))
    tell("drawing circles")
    circles = service_circles(reached, minutes=card.rings, style=terms.circles)
    tell("joining uncovered homes")
    gaps = uncovered_areas(
        homes, areas, facilities, terms.gaps, barriers=tables.barriers,
        context=GapContext(card.profile, card.eligible),
    )  # fmt: skip
    floor_areas, floor_totals = _floor(study, facilities, log)
    return Result(
        card=card, areas=areas, homes=homes, facilities=_catchments(facilities, homes),
        circles=circles, reached_roads=reached, gaps=gaps, floor_areas=floor_areas,
        totals=roll_up(areas, homes), floor_totals=floor_totals, roads=tables.roads,
        barriers=tables.barriers, issues=log,
        provenance={"inputs": list(tables.inputs), "settings": dict(study.settings)},
    )  # fmt: skip


def find_positions(
    study: Study, facilities: gpd.GeoDataFrame, log: IssueLog
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Locate all facilities and all homes of a study, and report every place that has no road.

    Returns
    -------
    facilities, homes : pandas.DataFrame
        As :func:`carecircle.locate` returns them.
    """
    network, terms = study.network, study.terms
    main = {0} if terms.prefer_connected else None
    snap = snap_limits(facilities["area_id"], study)
    places = locate(network, facilities, max_snap_m=snap, prefer=main)
    served = set(places.loc[facilities["eligible"], "component"]) - {-1}
    prefer = served if terms.prefer_connected else None
    homes = locate(
        network, study.homes, max_snap_m=snap_limits(study.homes["area_id"], study), prefer=prefer
    )
    _report_links("facilities", places, snap, log)
    _report_links("homes", homes, snap_limits(study.homes["area_id"], study), log)
    islands = network.islands()
    if len(islands) > 1:
        n, km = len(islands) - 1, islands["length_km"].iloc[1:].sum()
        found = (
            f"{n:,} part{'s' * (n > 1)} of the network not connected to the main one, {km:,.1f} km"
        )
        log.add("islands", "note", "roads", found=found,
                effect="homes there reach only facilities there")  # fmt: skip
    return places, homes


def snap_limits(area_of: pd.Series, study: Study) -> pd.Series:
    """Return the longest access leg in metres of each place, by the kind of its area."""
    by_kind = study.areas["kind"].map(dict(study.terms.snap_m))
    return area_of.map(by_kind).astype(float).fillna(max(study.terms.snap_m.values()))


def _report_links(table: str, places: pd.DataFrame, snap_m: pd.Series, log: IssueLog) -> None:
    reasons = {
        "not_linked": ("far_from_road", "no road within {:.0f} m", "not assessed"),
        "blocked": (
            "blocked_from_road",
            "all roads within {:.0f} m are behind a barrier",
            "cut off",
        ),
    }
    for reason, (code, found, effect) in reasons.items():
        for record in places.index[places["reason"] == reason]:
            log.add(code, "warning", table, record=str(record),
                    found=found.format(snap_m[record]), effect=f"{effect}, stays in every total",
                    fix="check its coordinates, or add the missing road")  # fmt: skip
    for record, leg in places.loc[places["passed_over"], "access_m"].items():
        log.add("passed_over_island", "note", table, record=str(record),
                found="its nearest road is on a part that leads nowhere",
                used=f"a connected road {leg:.0f} m away")  # fmt: skip


def _catchments(facilities: gpd.GeoDataFrame, homes: pd.DataFrame) -> gpd.GeoDataFrame:
    grouped = homes.groupby("facility_id")
    found = pd.DataFrame({"homes": grouped.size().astype(float)})
    for name, column in (("people", "population"), ("elders", "elders")):
        if column in homes:
            found[name] = grouped[column].sum(min_count=1)
    found = found.reindex(facilities.index)
    none = facilities["eligible"].to_numpy() & found["homes"].isna().to_numpy()
    found.loc[none] = 0.0
    return facilities.join(found)


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


def _own_kinds(
    sections: Mapping[str, Any], presets: tuple[Preset, ...]
) -> dict[str, tuple[str, str]]:
    """Return the facility kinds that the rules and the study add; the study names them last."""
    own = {kind: names for preset in presets for kind, names in preset.kinds.items()}
    return own | {kind: (zh, en) for kind, (zh, en) in sections["service"]["names"].items()}


def _card(sections: Mapping[str, Any], kinds: Mapping[str, tuple[str, str]]) -> StudyCard:
    about, travel, service = sections["study"], _travel(sections), sections["service"]
    rule = _floor_rule(sections)
    return StudyCard(
        title=about["title"] or about["title_zh"],
        title_zh=about["title_zh"] or about["title"],
        as_of=str(about["as_of"]),
        profile=_profile(travel),
        limits={"urban": float(travel["urban_minutes"]), "rural": float(travel["rural_minutes"])},
        eligible=tuple(service["kinds"]),
        kinds=dict(FACILITY_KINDS) | dict(kinds),
        rings=tuple(sorted(map(float, service["rings"]))),
        language=about["language"],
        direction=travel["direction"],
        on_time_share=float(service["on_time_share"]),
        synthetic=about["synthetic"],
        sources=tuple(about["sources"]),
        floor_rule="" if rule is None else rule.source,
    )


def _travel(sections: Mapping[str, Any]) -> Mapping[str, Any]:
    travel: Mapping[str, Any] = sections.get("travel") or defaults_of("travel")
    return travel


def _profile(travel: Mapping[str, Any]) -> TravelProfile:
    profile = PROFILES[travel["profile"]]
    if travel["speed_m_s"]:
        profile = profile.at_speed(float(travel["speed_m_s"]))
    signal = travel["signal_seconds"]
    return replace(
        profile,
        crossing_seconds=float(travel["crossing_seconds"]),
        signal_seconds=profile.signal_seconds if signal is None else float(signal),
        slope=travel["slope"],
    )


def _terms(sections: Mapping[str, Any]) -> Terms:
    travel, service = _travel(sections), sections["service"]
    return Terms(
        snap_m={"urban": float(travel["urban_snap_m"]), "rural": float(travel["rural_snap_m"])},
        prefer_connected=travel["prefer_connected"],
        circles=CircleStyle(
            trim_m=float(service["trim_m"]),
            polygons=service["polygons"],
            overlap=service["overlap"],
        ),
        gaps=GapRule(join_m=float(service["gap_join_m"])),
        floor_rule=_floor_rule(sections),
    )


def _floor_rule(sections: Mapping[str, Any]) -> FloorAreaRule | None:
    values = sections.get("floor_area")
    if values is None:
        return None
    plan = FloorAreaRule()
    own = {name: value for name, value in values.items() if name != "kinds"}
    kinds = tuple(values["kinds"])
    if all(getattr(plan, name) == value for name, value in own.items()):
        return replace(plan, kinds=kinds)
    # figures of one's own are not the plan's: they carry the study as their source, unverified
    return replace(plan, **own, kinds=kinds, source="study.toml [floor_area]", verified=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
