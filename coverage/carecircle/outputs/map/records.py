"""What a popup says of an area, a facility or an uncovered area: labels once, texts per record."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pandas as pd

from carecircle.inputs.contracts import STATUSES
from carecircle.outputs.map.rules import rules_failed
from carecircle.outputs.map.text import missing
from carecircle.standards.floor_area import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

__all__ = [
    "Records",
    "area_records",
    "column",
    "counted_kinds",
    "facility_records",
    "gap_records",
    "kind_names",
    "statuses",
]


class Records(TypedDict):
    """Titles, the labels of the rows, and for each record one text per label ("" is not shown)."""

    title: list[str]
    subtitle: list[str]
    fields: list[str]
    values: list[list[str]]


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column, or as many missing values where the frame has none."""
    if name in frame.columns:
        return frame[name]
    return pd.Series(None, index=frame.index, dtype=object, name=name)


def _each(
    frame: pd.DataFrame, say: Callable[..., str], *names: str, **options: object
) -> list[str]:
    """Say the named columns of every record; a column the frame lacks says nothing."""
    if not any(name in frame.columns for name in names):
        return [""] * len(frame)
    columns = [column(frame, name) for name in names]
    return [say(*values, **options) for values in zip(*columns, strict=True)]


def _records(title: Iterable[str], subtitle: Iterable[str], rows: dict[str, list[str]]) -> Records:
    shown = {label: texts for label, texts in rows.items() if any(texts)}
    return {
        "title": list(title),
        "subtitle": list(subtitle),
        "fields": list(shown),
        "values": [list(record) for record in zip(*shown.values(), strict=True)],
    }


def kind_names(findings: Findings, say: Speech) -> dict[str, str]:
    """Return the name of every facility kind in the language of the study."""
    return {kind: say.pick(pair) for kind, pair in findings.card.kinds.items()}


def counted_kinds(findings: Findings) -> dict[str, tuple[int, int]]:
    """Return the kinds beyond the study's of which single facilities count: how many, and of all.

    A facility may be eligible by its own column although the study does not count its kind.
    """
    kinds = column(findings.facilities, "kind").astype(object)
    eligible = column(findings.facilities, "eligible").astype("boolean").fillna(value=False)
    counted, every = kinds[eligible].value_counts(sort=False), kinds.value_counts().to_dict()
    own = set(findings.card.eligible)
    return {str(k): (int(n), int(every[k])) for k, n in counted.items() if k not in own}


def statuses(facilities: pd.DataFrame) -> pd.Series:
    """Return each facility's status; one without is operating, as its table promises."""
    return column(facilities, "status").fillna("operating").astype(str)


def _titles(frame: pd.DataFrame, say: Speech) -> list[str]:
    names = [say.text(name) for name in column(frame, "name")]
    return [name or str(key) for name, key in zip(names, frame.index, strict=True)]


def area_records(findings: Findings, say: Speech) -> Records:
    """Return the popups of the areas, in their order."""
    areas = findings.areas
    floor = findings.floor_areas.reindex(areas.index)
    name_of = dict(zip(findings.facilities.index, _titles(findings.facilities, say), strict=True))

    def named(ids: object) -> str:
        return say("comma").join(name_of.get(key, key) for key in say.text(ids).split(";") if key)

    def pair(first: object, second: object) -> str:
        return f"{say.number(first, 1)} / {say.number(second, 1)}"

    def coded(code: object) -> str:
        return say(say.text(code)) if say.text(code) else say("not_assessed")

    def status(code: object, why: object) -> str:
        found = say.text(code)
        reasons = [
            say.pick(REASONS.get(key, (key, key))) for key in say.text(why).split(";") if key
        ]
        return f"{say(found)} ({say('comma').join(reasons)})" if found and reasons else say(found)

    rows = {
        say("kind"): _each(areas, lambda code: say(say.text(code)), "kind"),
        say("verdict"): _each(areas, coded, "cell"),
        **{
            say(f"{weight}_covered"): _each(
                areas, say.share, f"{weight}_covered", f"{weight}_total"
            )
            for weight in ("elders", "people", "households", "homes")
        },
        say("elders_not_assessed"): _each(areas, say.number, "elders_not_assessed"),
        say("median_p90"): _each(areas, pair, "median_minutes", "p90_minutes"),
        say("minutes_over"): _each(areas, say.number, "minutes_over", digits=1),
        say("in_area"): _each(areas, named, "facility_ids"),
        **_floor_rows(floor, say),
        say("floor_status"): _each(floor, status, "status", "reason"),
        say("rules_failed"): [
            text.replace("\n", say("comma")) for text in rules_failed(findings, say)
        ],
    }
    return _records(_titles(areas, say), _each(areas, say.text, "street_name"), rows)


def _floor_rows(floor: pd.DataFrame, say: Speech) -> dict[str, list[str]]:
    checked = column(floor, "status").notna() | column(floor, "required_m2").notna()

    def square_metres(name: str, digits: int = 0) -> list[str]:
        texts = _each(floor, lambda m2: say.unit("square_metres", m2, digits), name)
        return [text if known else "" for text, known in zip(texts, checked, strict=True)]

    return {
        say("floor_required"): square_metres("required_m2"),
        say("floor_provided"): square_metres("provided_m2"),
        say("per_100"): square_metres("m2_per_100_households", 1),
        say("floor_shortfall"): square_metres("shortfall_m2"),
    }


def facility_records(findings: Findings, say: Speech) -> Records:
    """Return the popups of the facilities, in their order."""
    facilities = findings.facilities
    kinds = kind_names(findings, say)
    areas = dict(zip(findings.areas.index, _titles(findings.areas, say), strict=True))

    def optional(key: str) -> Callable[[object], str]:
        return lambda value: say.unit(key, value) if not missing(value) else ""

    def plain(value: object) -> str:
        return say.number(value) if not missing(value) else ""

    def counted(eligible: object) -> str:
        return say("yes" if not missing(eligible) and bool(eligible) else "no")

    def nearest_for(homes: object, elders: object) -> str:
        if missing(homes) and missing(elders):  # it does not count, so it serves nobody
            return ""
        return say("nearest_for_value", say.number(homes), say.number(elders))

    rows = {
        say("status"): [
            say.pick(STATUSES.get(code, (code, code))) for code in statuses(facilities)
        ],
        say("counted"): _each(
            facilities, lambda yes: say("yes" if yes is True or yes == 1 else "no"), "eligible"
        ),
        say("stands_in"): _each(facilities, lambda key: areas.get(key, say.text(key)), "area_id"),
        say("opened"): _each(facilities, say.text, "opened"),
        say("closed_on"): _each(facilities, say.text, "closed"),
        say("floor"): _each(facilities, optional("square_metres"), "floor_m2"),
        say("beds"): _each(facilities, plain, "beds"),
        say("places"): _each(facilities, plain, "places"),
        say("nearest_for"): _each(facilities, nearest_for, "homes", "elders"),
        say("access"): _each(facilities, optional("metres"), "access_m"),
        say("reason"): _each(facilities, lambda code: say(say.text(code)), "reason"),
    }
    subtitle = _each(facilities, lambda code: kinds.get(code, say.text(code)), "kind")
    return _records(_titles(facilities, say), subtitle, rows)


def gap_records(findings: Findings, say: Speech) -> Records:
    """Return the popups of the uncovered areas, in their order."""
    gaps = findings.gaps
    names = dict(zip(findings.facilities.index, _titles(findings.facilities, say), strict=True))

    def pair(first: object, second: object) -> str:
        return f"{say.number(first, 1)} / {say.number(second, 1)}"

    def way(minutes: object, metres: object) -> str:
        return f"{say.unit('minute', minutes, 1)}, {say.unit('metres', metres)}"

    def joined(ids: object) -> str:
        return say.text(ids).replace(";", say("comma"))

    rows = {
        say("rank"): _each(
            gaps, lambda rank: say.number(rank) if not missing(rank) else "", "rank"
        ),
        say("cause"): _each(gaps, lambda code: say(say.text(code)) or say("no_data"), "cause"),
        **{
            say(name): _each(gaps, say.number, name)
            for name in ("elders", "elders80", "population", "households", "homes")
        },
        say("minutes_mean"): _each(gaps, say.number, "minutes_mean", digits=1),
        say("over_mean_p90"): _each(gaps, pair, "minutes_over_mean", "minutes_over_p90"),
        say("nearest"): _each(gaps, say.text, "nearest_facility_name"),
        say("nearest_way"): _each(gaps, way, "nearest_minutes", "nearest_metres"),
        say("planned_here"): _each(
            gaps, lambda key: names.get(key, say.text(key)), "planned_facility_id"
        ),
        say("street"): _each(gaps, joined, "street_names"),
    }
    places = _each(gaps, joined, "area_names")
    title = [place or say("layer_gaps") for place in places]
    kinds = _each(gaps, lambda code: say(say.text(code)), "kind")
    return _records(title, [f"{say('layer_gaps')} · {kind}" for kind in kinds], rows)
