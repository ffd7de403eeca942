"""The frames of one assessment, and the card that says under which terms they hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pandas as pd

from carecircle.inputs.notebook import Tabled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from carecircle.analysis.circles import CircleStyle
    from carecircle.analysis.gaps import GapRule
    from carecircle.inputs.issues import IssueLog
    from carecircle.roads.network import RoadNetwork
    from carecircle.roads.profiles import TravelProfile

__all__ = ["Findings", "Ground", "StudyCard"]


@dataclass(frozen=True)
class StudyCard:
    """The terms under which every figure of a study holds; printed on every output.

    ``limits`` maps the area kind to minutes (``{"urban": 15.0, "rural": 30.0}``), ``eligible``
    lists the facility kinds that count, ``kinds`` names them (code -> (Chinese, English)),
    ``sources`` are attribution lines, ``synthetic`` says that the data are made up.
    """

    title: str
    title_zh: str
    as_of: str
    profile: TravelProfile
    limits: Mapping[str, float]
    eligible: tuple[str, ...]
    kinds: Mapping[str, tuple[str, str]]
    rings: tuple[float, ...] = (5.0, 10.0, 15.0)
    language: Literal["zh", "en"] = "zh"
    direction: Literal["to_facility", "from_facility"] = "to_facility"
    on_time_share: float = 0.95
    synthetic: bool = False
    sources: tuple[str, ...] = ()
    floor_rule: str = ""


@dataclass(frozen=True, eq=False)
class Ground:
    """What minutes were searched on, for a map that searches again.

    Attributes
    ----------
    network
        The road network.
    homes, facilities
        Positions, as :func:`carecircle.locate` returns them, in the order of the findings.
    snap_m
        Longest access leg by area kind.
    prefer_connected
        Whether places are linked to roads that lead to a facility rather than to an island.
    sites
        Contract ``sites``: candidates of the study, if it has any.
    gap_rule, circle_style
        How uncovered homes were joined and circles drawn; ``None``: as usual.
    """

    network: RoadNetwork
    homes: pd.DataFrame
    facilities: pd.DataFrame
    snap_m: Mapping[str, float]
    prefer_connected: bool
    sites: gpd.GeoDataFrame | None = None
    gap_rule: GapRule | None = None
    circle_style: CircleStyle | None = None


@dataclass(frozen=True)
class Findings(Tabled):
    """All frames of one assessment, in the study's projected CRS; each index joins back.

    Attributes
    ----------
    card
        The terms.
    areas
        Index ``area_id``: the input columns, then for each weight *w* of ``homes``, ``people``,
        ``elders``, ``households`` the columns ``{w}_total``, ``{w}_covered``, ``{w}_uncovered``,
        ``{w}_not_assessed``, ``{w}_rate`` (covered / total, NaN when the total is 0 or unknown);
        ``median_minutes``, ``p90_minutes``, ``p99_minutes``, ``minutes_over`` (mean over limit);
        ``has_facility`` (roster), ``facility_ids``, ``on_time`` (elders' rate, or homes' where
        elders are unknown, at least the card's share; NA if unknown) and ``cell``:
        ``has_in_time``, ``has_late``, ``neighbour_in_time``, ``none_late`` or NA.
    homes
        Index ``home_id``: ``area_id``, people columns, ``minutes``, ``facility_id``,
        ``second_minutes``, ``access_m``, ``reason``, ``limit_minutes``, ``covered`` (True, False,
        NA when not assessed), ``minutes_over``, point.
    facilities
        Index ``facility_id``: the input columns, ``eligible`` (counts in the headline),
        ``access_m``, ``reason``, ``area_id`` it stands in, and ``homes``, ``people``, ``elders``
        that are nearest to it in time.
    circles
        One row per facility and ring: ``facility_id``, ``minutes`` (outer limit), ``from_minutes``,
        polygon. ``facility_id`` is empty where rings were merged.
    reached_roads
        Road pieces: ``facility_id``, ``road_id``, ``minutes_start``, ``minutes_end``, line.
    gaps
        Uncovered areas, ranked; index ``gap_id``; see :func:`carecircle.uncovered_areas`.
    floor_areas
        Index ``area_id``; see :func:`carecircle.check_floor_area`.
    totals
        Index ``(level, unit_id)``, levels ``city``, ``district``, ``street``, ``kind``: ``name``,
        the same sums and rates as ``areas``, ``units_total``, ``units_with_facility``,
        ``roster_rate``,
        ``units_on_time``, ``units_not_assessed``, ``on_time_rate`` and the four ``cell_*`` counts.
    floor_totals
        Same index as ``totals``: the floor-area check rolled up.
    roads, barriers
        What was travelled on and what stood in the way, for drawing.
    issues
        Everything found wrong on the way.
    rules
        Index ``(preset, rule, unit_id)``; see :func:`carecircle.check_standards`. Empty where the
        study names no standards.
    rulebook
        Index ``(preset, rule)``: what each rule says, where it is written, whether its wording was
        verified, and the hash of its file.
    indicators
        Index ``(line, level, unit_id)``; see :func:`carecircle.indicators`, one plan after the
        other (``preset``). Empty where no standard of the study is a plan.
    sync
        Index ``(reading, estate_id)``; see :func:`carecircle.check_sync`. Empty where no standard
        is a plan, or no project is listed.
    ground
        Network and positions; ``None`` where minutes came from a table.
    evidence
        What else the figures rest on, by name: ``projects``, ``rosters``, ``observations``,
        ``pairs`` (minutes by facility kind), ``rule_files`` (preset, file, text).
    """

    card: StudyCard
    areas: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    circles: gpd.GeoDataFrame
    reached_roads: gpd.GeoDataFrame
    gaps: gpd.GeoDataFrame
    floor_areas: pd.DataFrame
    totals: pd.DataFrame
    floor_totals: pd.DataFrame
    roads: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    issues: IssueLog
    provenance: Mapping[str, object] = field(default_factory=dict)
    rules: pd.DataFrame = field(default_factory=pd.DataFrame)
    rulebook: pd.DataFrame = field(default_factory=pd.DataFrame)
    indicators: pd.DataFrame = field(default_factory=pd.DataFrame)
    sync: pd.DataFrame = field(default_factory=pd.DataFrame)
    ground: Ground | None = None
    evidence: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __repr__(self) -> str:
        name = self.card.title or self.card.title_zh
        return (
            f"{type(self).__name__}({name!r}: {len(self.areas):,} areas, {len(self.homes):,} homes,"
            f" {len(self.facilities):,} facilities, {len(self.gaps):,} gaps;"
            f"{self._plan()} {self.issues.summary()})"
        )

    def _plan(self) -> str:
        """Return how many lines of a plan's table the city meets, of those that may be quoted."""
        table = self.indicators
        if table.empty:
            return ""
        city = table.index.get_level_values("level") == "city"
        quoted = table[city & table["headline"].astype(bool) & table["number"].str.isdigit()]
        met, blind = (int((quoted["status"] == status).sum()) for status in ("achieved", "no_data"))
        return f" {met} of {len(quoted)} indicators achieved, {blind} without data;"
