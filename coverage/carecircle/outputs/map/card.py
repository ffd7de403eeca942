"""The words around the map: title, headline figures, terms and sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.outputs.headcount import counted_in
from carecircle.outputs.map.records import column
from carecircle.outputs.map.text import WORDS, missing
from carecircle.outputs.map.words import PAGE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carecircle.analysis.findings import Findings, StudyCard
    from carecircle.outputs.map.text import Speech

__all__ = [
    "card_change",
    "card_of",
    "headline_change",
    "headline_of",
    "kinds_here",
    "limits_text",
    "ui_words",
]

_LEAST_POINTS = 0.05  # would be shown as 0.0
_UI_WORDS = (
    *PAGE_WORDS, "no_data", "search", "no_match", "layers", "legend", "panel", "about", "whole",
    "home", "minutes", "nearest", "access", "limit", "reason", "facility_word", "area_word",
    "sources", "pass", "fail", "not_applicable", "not_assessable", "not_assessed", "over_limit",
    "unreachable", "within", "urban", "rural", "counts", "layer_cell", "layer_gaps", "layer_circle",
    "area", "scattered", "no_facility", "barrier", "road_gap", "planned", "detour", "not_linked",
    "no_position", "rank", "cause", "elders", "population", "households", "homes", "minutes_mean",
    "over_mean_p90", "elders_label", "people_label", "homes_label", "elders_rate", "people_rate",
    "homes_rate", "elders_covered", "people_covered", "homes_covered", "limits", "speed",
    "speed_source", "status", "counted", "yes", "no", "nearest_for", "verdict", "outside_all",
)  # fmt: skip


def ui_words(say: Speech) -> dict[str, str]:
    """Return the words that the page's own code says."""
    return {
        **{key: say.pick(WORDS[key]) for key in (*_UI_WORDS, "minute", "metres")},
    }


def _number(value: float) -> str:
    return f"{value:g}"


def kinds_here(findings: Findings) -> tuple[str, ...]:
    """Return the kinds of area that have a limit and that the findings hold; all where none."""
    limits = findings.card.limits
    held = set(column(findings.areas, "kind").dropna().astype(str))
    return tuple(kind for kind in limits if kind in held) or tuple(limits)


def limits_text(card: StudyCard, say: Speech, *, kinds: Iterable[str] | None = None) -> str:
    """Return the limits by kind of area in one line; of all kinds, or of those named."""
    named = card.limits if kinds is None else kinds
    return " · ".join(f"{say(kind)} {say('minute', _number(card.limits[kind]))}" for kind in named)


def card_of(
    card: StudyCard,
    say: Speech,
    *,
    kinds: Iterable[str] | None = None,
    weight: str = "elders",
    singly: Mapping[str, tuple[int, int]] | None = None,
) -> dict[str, Any]:
    """Return title, banner, terms and sources; only the limits of ``kinds`` are named.

    A community is on time by its elders; where the study counts others (``weight``), by its homes.
    ``singly`` are kinds of which some facilities count, with how many of how many.
    ``kinds`` and the parts of the subtitle travel too: a tried plan has its own terms.
    """
    kinds = tuple(card.limits if kinds is None else kinds)
    profile = card.profile
    travel = say("by_profile", say(profile.mode), profile.name)
    as_of = card.as_of or say("no_data")
    speed = f"{profile.speed_m_s:.2f} m/s ({profile.speed_m_s * 60:.0f} m/min)"
    if profile.class_kmh:
        speed = say("class_km_h")
    counted = _counted(card, say, singly or {})
    rule = "on_time_rule_elders" if weight == "elders" else "on_time_rule_homes"
    terms = [
        (say("limits"), limits_text(card, say, kinds=kinds)),
        (say("profile"), travel),
        (say("speed"), speed),
        (say("speed_source"), say.pick((profile.source_zh or profile.source, profile.source))),
        (say("direction"), say(card.direction)),
        (say("as_of"), as_of),
        (say("on_time"), say(rule, say.percent(card.on_time_share, 1.0))),
        (say("eligible"), say("comma").join(counted)),
        (say("floor_rule"), card.floor_rule),
    ]
    return {
        "title": say.pick((card.title_zh or card.title, card.title or card.title_zh)),
        "subtitle": f"{limits_text(card, say, kinds=kinds)} · {travel} · {as_of}",
        "kinds": list(kinds),
        "travel": travel,
        "as_of": as_of,
        "synthetic": say("synthetic") if card.synthetic else "",
        "terms": [pair for pair in terms if pair[1]],
        "sources": list(card.sources),
    }


def _counted(card: StudyCard, say: Speech, singly: Mapping[str, tuple[int, int]]) -> list[str]:
    def name(kind: str) -> str:
        return say.pick(card.kinds[kind]) if kind in card.kinds else kind

    parts = [f"{name(kind)} ({n:,} / {of:,})" for kind, (n, of) in singly.items()]
    return [*map(name, card.eligible), *parts]


def card_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card of two states: what differs between them as ``before → after``."""
    was = dict(before["terms"])
    terms = [
        (label, f"{was[label]} → {value}" if was.get(label, value) != value else value)
        for label, value in after["terms"]
    ]
    parts = [before["subtitle"], after["subtitle"]]
    subtitle = parts[1] if parts[0] == parts[1] else " → ".join(parts)
    return {**after, "subtitle": subtitle, "terms": terms}


def headline_of(
    findings: Findings, say: Speech, *, limits: str | None = None
) -> list[dict[str, Any]]:
    """Return roster rate beside elders' time rate for each city, then the kinds of area below.

    Where no elders are known, residents or homes are counted, and the label says so. Nothing is
    added up here: a study without a city row says that there are no data. ``limits`` are the
    minutes of the labels, else those of the findings.
    """
    limits = limits or _minutes(findings)
    cities = _level(findings.totals, "city")
    rows = list(cities.iterrows()) or [("", pd.Series(dtype=object))]
    weight = counted_in(findings)
    kinds = _level(findings.totals, "kind")
    return [
        {
            "name": (say.text(row.get("name")) or say("outside_all")) if len(rows) > 1 else "",
            "figures": [
                # no community, no roster
                *([_roster(row, say)] if key or len(rows) == 1 else []),
                _in_time(row, weight, say, limits),
            ],
            "note": f"{say(f'{weight}_not_assessed')}"
            f" {say.number(row.get(f'{weight}_not_assessed'))}",
            "rows": [
                [say(str(kind)), _roster(part, say), _in_time(part, weight, say, limits)]
                for kind, part in kinds.iterrows()
            ]
            if len(rows) == 1
            else [],
        }
        for key, row in rows
    ]


def headline_change(
    before: Findings, after: Findings, note: str, say: Speech
) -> list[dict[str, Any]]:
    """Return the headline of ``after`` with the difference to ``before`` in place of each rate.

    Both must have the same cities and kinds of area, in the same order.
    """
    weight = counted_in(before)
    columns = (("units_with_facility", "units_total"), (f"{weight}_covered", f"{weight}_total"))

    def differences(figures: list[dict[str, str]], was: Any, now: Any) -> list[Any]:
        names = columns[-len(figures) :]
        return [
            figure
            | {"label": say("label_points", figure["label"])}
            | _difference(was[list(pair)], now[list(pair)], say)
            for figure, pair in zip(figures, names, strict=True)
        ]

    cities, kinds = (
        [_level(f.totals, level) for f in (before, after)] for level in ("city", "kind")
    )
    minutes = [_minutes(before), _minutes(after)]
    told = minutes[1] if minutes[0] == minutes[1] else " → ".join(minutes)
    blocks = headline_of(after, say, limits=told)
    for place, block in enumerate(blocks if len(cities[0]) else []):
        now = cities[1].iloc[place]
        block["figures"] = differences(block["figures"], cities[0].loc[str(now.name)], now)
        block["note"] = note
        for row, (kind, part) in zip(block["rows"], kinds[1].iterrows(), strict=False):
            row[1:] = differences(row[1:], kinds[0].loc[str(kind)], part)
    return blocks


def _minutes(findings: Findings) -> str:
    own = {findings.card.limits[kind] for kind in kinds_here(findings)}
    return "/".join(_number(limit) for limit in sorted(own))


def _difference(was: pd.Series, now: pd.Series, say: Speech) -> dict[str, str]:
    """Return points gained or lost, and the numerators before and after."""
    (part, whole), (then, of) = was.astype(float), now.astype(float)
    if not (whole > 0 and of > 0) or pd.isna(part) or pd.isna(then):
        return {"value": say("no_data"), "share": ""}
    points = 100 * (then / of - part / whole)
    small = 0 < abs(points) < _LEAST_POINTS
    shown = f"{points:+.1f}" if points and not small else f"{'+' if points > 0 else '−'}<0.1"
    share = f"{say.number(part)} → {say.number(then)} / {say.number(of)}"
    return {"value": shown.replace("-", "−") if points else "0", "share": share}


def _level(totals: pd.DataFrame, level: str) -> pd.DataFrame:
    if not isinstance(totals.index, pd.MultiIndex) or level not in totals.index.get_level_values(0):
        return totals.iloc[:0]
    return totals.loc[totals.index.get_level_values(0) == level].droplevel(0)


def _figure(label: str, hint: str, part: object, whole: object, say: Speech) -> dict[str, str]:
    share = "" if missing(part) and missing(whole) else f"{say.number(part)} / {say.number(whole)}"
    return {"label": label, "hint": hint, "value": say.percent(part, whole), "share": share}


def _roster(row: pd.Series, say: Speech) -> dict[str, str]:
    part, whole = row.get("units_with_facility"), row.get("units_total")
    return _figure(say("roster"), say("roster_hint"), part, whole, say)


def _in_time(row: pd.Series, weight: str, say: Speech, limits: str) -> dict[str, str]:
    part, whole = row.get(f"{weight}_covered"), row.get(f"{weight}_total")
    return _figure(say(f"{weight}_time", limits), say(f"{weight}_time_hint"), part, whole, say)
