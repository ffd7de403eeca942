"""What the map shows, in sentences with figures, for readers who do not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.outputs import colours
from carecircle.outputs.headcount import GAP_COLUMNS, counted_in
from carecircle.outputs.map.card import kinds_here, limits_text
from carecircle.outputs.map.records import column
from carecircle.outputs.map.text import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

__all__ = ["spoken_change", "spoken_summary"]

_MOST = 5
_SMALL = 1e-9


def spoken_summary(findings: Findings, say: Speech) -> list[str]:
    """Return the map as sentences: who is in time, roster, four cells, worst areas, gaps, terms."""
    weight = counted_in(findings)
    sentences = [*_cities(findings, weight, say), *_cells(findings, say)]
    sentences += [*_lowest(findings, weight, say), *_gaps(findings, weight, say)]
    short = pd.to_numeric(column(findings.floor_areas, "shortfall_m2"))
    if (short > 0).any():
        lacking = short[short > 0]
        sentences.append(say("say_floor", say.number(len(lacking)), say.number(lacking.sum())))
    return [*sentences, say("say_terms", _terms(findings, say))]


def spoken_change(before: Findings, after: Findings, name: str, say: Speech) -> list[str]:
    """Return what a scenario changes as sentences: who is in time, roster, verdicts, areas, terms.

    Both must be states of one study; the shares of both states keep their numerators, denominators
    and terms.
    """
    weight = counted_in(before)
    sentences = [say("say_scenario", name)]
    was = {(level, key): row for level, key, row in _units(before)}
    pairs = [
        (level, was[level, key], row) for level, key, row in _units(after) if (level, key) in was
    ]
    for _, old, now in pairs:
        then, part = (row.get(f"{weight}_covered", np.nan) for row in (old, now))
        of, whole = (row.get(f"{weight}_total") for row in (old, now))
        if missing(then) or missing(part):
            continue
        sentences.append(
            say(
                f"say_change_{weight}", _unit_name(now, say), say.number(then), say.number(of),
                say.percent(then, of), say.number(part), say.number(whole),
                say.percent(part, whole), _signed(part - then, say),
            )
        )  # fmt: skip
    sentences += [
        _units_change(old, now, say)
        for level, old, now in pairs
        if level == "city" and not missing(now.get("units_total"))
    ]
    sentences += _moved_areas(before, after, weight, say)
    terms = [_terms(one, say) for one in (before, after)]
    if terms[0] == terms[1]:
        return [*sentences, say("say_terms", terms[0])]
    return [*sentences, say("say_terms_before", terms[0]), say("say_terms_after", terms[1])]


def _terms(findings: Findings, say: Speech) -> str:
    """Return limits, travel, speed and date in one line."""
    card, profile = findings.card, findings.card.profile
    speed = say("class_km_h") if profile.class_kmh else f"{profile.speed_m_s:.2f} m/s"
    travel = say("by_profile", say(profile.mode), profile.name)
    limits = limits_text(card, say, kinds=kinds_here(findings))
    return " · ".join(text for text in (limits, travel, speed, card.as_of) if text)


def _units(findings: Findings) -> list[tuple[str, str, dict[str, Any]]]:
    """Return level, id and figures of the cities, then of the districts."""
    totals = findings.totals
    if not isinstance(totals.index, pd.MultiIndex):
        return []
    levels, keys = (totals.index.get_level_values(place) for place in (0, 1))
    rows = list(zip(levels, keys, totals.to_dict("records"), strict=True))
    return [
        (wanted, str(key), {str(name): value for name, value in row.items()})
        for wanted in ("city", "district")
        for level, key, row in rows
        if level == wanted
    ]


def _unit_name(row: Mapping[str, Any], say: Speech) -> str:
    return say.text(row.get("name")) or say("outside_all")


def _cities(findings: Findings, weight: str, say: Speech) -> Iterator[str]:
    units = _units(findings)
    for _, _, row in units:
        figures = [row.get(f"{weight}_{part}") for part in ("total", "covered", "uncovered")]
        whole, part, _ = figures
        yield say(
            f"say_{weight}", _unit_name(row, say),
            say.number(whole), say.number(part), say.percent(part, whole),
            say.number(figures[2]), say.number(row.get(f"{weight}_not_assessed")),
        )  # fmt: skip
    for level, _, row in units:
        # homes outside all communities have no roster
        if level == "city" and not missing(row.get("units_total")):
            has, total = row.get("units_with_facility"), row["units_total"]
            yield say("say_roster", say.number(total), say.number(has), say.percent(has, total))


def _cells(findings: Findings, say: Speech) -> list[str]:
    cells = column(findings.areas, "cell")
    counts = {cell: int((cells == cell).sum()) for cell in colours.CELLS}
    counts["not_assessed"] = int(cells.isna().sum())
    known = [say("say_count", say(cell), n) for cell, n in counts.items() if n]
    return [say("say_cells", say("comma").join(known))] if known else []


def _lowest(findings: Findings, weight: str, say: Speech) -> list[str]:
    areas = findings.areas
    rate = pd.to_numeric(column(areas, f"{weight}_rate")).to_numpy(dtype=float)
    order = np.argsort(rate, kind="stable")[:_MOST]
    worst = [place for place in order if rate[place] < 1]
    if not worst:
        return []
    covered, total = (
        column(areas, name).to_numpy()[worst] for name in (f"{weight}_covered", f"{weight}_total")
    )
    told = [
        f"{_area_name(areas, place, say)} {say.share(part, whole)}"
        for place, part, whole in zip(worst, covered, total, strict=True)
    ]
    return [say("say_lowest", say("comma").join(told))]


def _area_name(areas: pd.DataFrame, place: int, say: Speech) -> str:
    return say.text(column(areas, "name").iloc[place]) or str(areas.index[place])


def _gaps(findings: Findings, weight: str, say: Speech) -> list[str]:
    gaps = findings.gaps
    if gaps.empty:
        homes = findings.homes
        late = column(homes, "covered").astype("boolean").eq(other=False).fillna(value=False)
        # somebody is uncovered and no area says so: nobody has looked for the areas
        return [say("say_no_gaps")] if len(homes) and not late.any() else []
    first = gaps.head(_MOST)
    told = [
        f"{say.text(names).replace(';', say('comma'))}"
        f" ({say(f'{weight}_label', say.number(count))}{say('comma')}"
        f"{say(say.text(cause)) or say('no_data')})"
        for names, count, cause in zip(
            column(first, "area_names"),
            column(first, GAP_COLUMNS[weight]),
            column(first, "cause"),
            strict=True,
        )
    ]
    return [say("say_gaps", say.number(len(gaps)), say("comma").join(told))]


def _units_change(was: Mapping[str, Any], now: Mapping[str, Any], say: Speech) -> str:
    """Return how many communities have a facility, and how many are on time, before and after."""
    columns = ("units_with_facility", "units_on_time")
    figures = [say.number(row.get(name)) for name in columns for row in (was, now)]
    return say("say_change_units", say.number(now["units_total"]), *figures)


def _moved_areas(before: Findings, after: Findings, weight: str, say: Speech) -> list[str]:
    """Return the communities in which most people are newly in time, or no longer."""
    areas = before.areas
    was, now = (
        pd.to_numeric(column(one.areas, f"{weight}_covered")).reindex(areas.index)
        for one in (before, after)
    )
    change = (now - was).to_numpy(dtype=float, na_value=np.nan)
    order = np.lexsort((areas.index.astype(str), -np.abs(change)))[:_MOST]
    told = [
        f"{_area_name(areas, place, say)} {_signed(change[place], say)}"
        for place in order
        if abs(change[place]) > _SMALL
    ]
    return [say("say_moved", say("comma").join(told))] if told else [say("say_none_moved")]


def _signed(value: float, say: Speech) -> str:
    if abs(value) <= _SMALL:
        return "0"
    return f"{'+' if value > 0 else '−'}{say.number(abs(value))}"
