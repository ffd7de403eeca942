"""What the map shows, in sentences with figures, for readers who do not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.outputs import colours
from carecircle.outputs.headcount import GAP_COLUMNS, counted_in
from carecircle.outputs.map.card import kinds_here, limits_text
from carecircle.outputs.map.records import column

if TYPE_CHECKING:
    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

__all__ = ["spoken_summary"]

_MOST = 5


def spoken_summary(findings: Findings, say: Speech) -> list[str]:
    """Return the map as sentences: who is in time, roster, four cells, worst areas, gaps, terms."""
    weight = counted_in(findings)
    sentences = [*_cities(findings, weight, say), *_cells(findings, say)]
    sentences += [*_lowest(findings, weight, say), *_gaps(findings, weight, say)]
    short = pd.to_numeric(column(findings.floor_areas, "shortfall_m2"))
    if (short > 0).any():
        lacking = short[short > 0]
        sentences.append(say("say_floor", say.number(len(lacking)), say.number(lacking.sum())))
    card = findings.card
    limits = limits_text(card, say, kinds=kinds_here(findings))
    terms = f"{limits} · {say(card.profile.mode)} {card.profile.name} · {card.as_of}"
    return [*sentences, say("say_terms", terms)]


def _cities(findings: Findings, weight: str, say: Speech) -> list[str]:
    totals = findings.totals
    if not isinstance(totals.index, pd.MultiIndex):
        return []
    level = totals.index.get_level_values(0)
    told = []
    for row in totals[level.isin(["city", "district"])].to_dict("records"):
        figures = [row.get(f"{weight}_{part}") for part in ("total", "covered", "uncovered")]
        whole, part, _ = figures
        told.append(
            say(
                f"say_{weight}", say.text(row.get("name")) or say("outside_all"),
                say.number(whole), say.number(part), say.percent(part, whole),
                say.number(figures[2]), say.number(row.get(f"{weight}_not_assessed")),
            )
        )  # fmt: skip
    for row in totals[level == "city"].to_dict("records"):
        units = row.get("units_total"), row.get("units_with_facility")
        share = say.percent(units[1], units[0])
        told.append(say("say_roster", say.number(units[0]), say.number(units[1]), share))
    return told


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
    names, covered, total = (
        column(areas, name).to_numpy()[worst]
        for name in ("name", f"{weight}_covered", f"{weight}_total")
    )
    told = [
        f"{say.text(name) or areas.index[place]} {say.share(part, whole)}"
        for name, place, part, whole in zip(names, worst, covered, total, strict=True)
    ]
    return [say("say_lowest", say("comma").join(told))]


def _gaps(findings: Findings, weight: str, say: Speech) -> list[str]:
    gaps = findings.gaps
    if gaps.empty:
        return [say("say_no_gaps")] if len(findings.homes) else []
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
