"""From the sections of a study file to the card and the terms of its assessment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from carecircle.analysis.circles import CircleStyle
from carecircle.analysis.findings import StudyCard
from carecircle.analysis.gaps import GapRule
from carecircle.inputs.contracts import FACILITY_KINDS
from carecircle.roads.profiles import PROFILES, TravelProfile
from carecircle.standards.floor_area import FloorAreaRule
from carecircle.study.file import defaults_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from carecircle.standards.rules import Preset

__all__ = ["Terms", "card_of", "named_city", "own_kinds", "plain_settings", "terms_of"]

_RINGS = (5.0, 10.0, 15.0)


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


def own_kinds(
    sections: Mapping[str, Any], presets: tuple[Preset, ...]
) -> dict[str, tuple[str, str]]:
    """Return the facility kinds that the rules and the study add; the study names them last."""
    own = {kind: names for preset in presets for kind, names in preset.kinds.items()}
    return own | {kind: (zh, en) for kind, (zh, en) in sections["service"]["names"].items()}


def card_of(sections: Mapping[str, Any], kinds: Mapping[str, tuple[str, str]]) -> StudyCard:
    """Return the card that every output prints, from the checked sections."""
    about, travel, service = sections["study"], _travel(sections), sections["service"]
    rule = _floor_rule(sections)
    limits = {"urban": float(travel["urban_minutes"]), "rural": float(travel["rural_minutes"])}
    # a circle that stops short of the limit says nothing of who is in time
    rings = service["rings"] or {*_RINGS, *limits.values()}
    return StudyCard(
        title=about["title"] or about["title_zh"],
        title_zh=about["title_zh"] or about["title"],
        as_of=str(about["as_of"]),
        profile=_profile(travel),
        limits=limits,
        eligible=tuple(service["kinds"]),
        kinds=dict(FACILITY_KINDS) | dict(kinds),
        rings=tuple(sorted(map(float, rings))),
        language=about["language"],
        direction=travel["direction"],
        on_time_share=float(service["on_time_share"]),
        synthetic=about["synthetic"],
        sources=tuple(about["sources"]),
        floor_rule="" if rule is None else rule.source,
    )


def named_city(totals: pd.DataFrame, card: StudyCard) -> pd.DataFrame:
    """Return the totals with the study's title for a city whose areas name none.

    Without a name its one row would pass for the homes outside all areas.
    """
    if totals.index.get_level_values("level").tolist().count("city") != 1:
        return totals
    city = ("city", "")
    if city in totals.index and "name" in totals:
        totals.loc[[city], "name"] = card.title_zh if card.language == "zh" else card.title
    return totals


def _travel(sections: Mapping[str, Any]) -> Mapping[str, Any]:
    travel: Mapping[str, Any] = sections.get("travel") or defaults_of("travel")
    return travel


def _profile(travel: Mapping[str, Any]) -> TravelProfile:
    profile = PROFILES[travel["profile"]]
    speed = float(travel["speed_m_s"] or profile.speed_m_s)
    if speed != profile.speed_m_s:
        # a speed of one's own is not the profile's: it carries the study as its source
        own = "study.toml [travel] speed_m_s"
        profile = replace(profile.at_speed(speed), source=own, source_zh=own)
    signal = travel["signal_seconds"]
    return replace(
        profile,
        crossing_seconds=float(travel["crossing_seconds"]),
        signal_seconds=profile.signal_seconds if signal is None else float(signal),
        slope=travel["slope"],
    )


def terms_of(sections: Mapping[str, Any], presets: tuple[Preset, ...] = ()) -> Terms:
    """Return how the assessment is made, from the checked sections and the standards read."""
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
        presets=presets,
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


def plain_settings(value: Any) -> Any:
    """Return settings made of plain lists, mappings, numbers and text, for the manifest."""
    if isinstance(value, dict):
        return {str(key): plain_settings(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_settings(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
