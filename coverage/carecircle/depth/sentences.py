"""The sentences of an explanation, in Chinese and English, from the same facts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.outputs.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Hashable

    Facts = dict[Hashable, Any]

__all__ = ["sentences"]

_UNIT = ["unit_kind", "unit_id"]
_WHO = {"elders": ("老年人", "elders"), "homes": ("处住宅", "homes")}


def sentences(
    units: pd.DataFrame,
    changes: pd.DataFrame,
    facilities: pd.DataFrame,
) -> pd.DataFrame:
    """Say for each unit who is not in time, why, what would help, and how far off it is.

    Parameters
    ----------
    units, changes
        Of :class:`carecircle.depth.explanation.Explanations`.
    facilities
        Index ``facility_id``; ``name``.

    Returns
    -------
    pandas.DataFrame
        Index of ``units``: ``zh``, ``en``.
    """
    names = facilities.get("name", facilities.index.to_series())
    names = names[~names.index.duplicated()]
    kind, one = (units.index.get_level_values(name).astype(str) for name in _UNIT)
    named = units["name"].astype(object)
    facts = units.assign(
        label=np.where(kind == "gap", one + " " + named, named),
        facility=units["facility_id"].map(names).fillna(units["facility_id"]),
    )
    picked = [_picked(part, units.index) for part in _chosen(changes)]
    told = [
        (_chinese(unit, best, short), _english(unit, best, short))
        for unit, best, short in zip(facts.to_dict("records"), *picked, strict=True)
    ]
    return pd.DataFrame(told, index=units.index, columns=["zh", "en"])


def _chosen(changes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return per unit the measure that helps best, and how many minutes the unit is short."""
    rows = changes.reset_index()
    best = rows[rows["best"].to_numpy(dtype=bool)].drop_duplicates(_UNIT)
    return best, rows[(rows["change"] == "minutes_short").to_numpy()]


def _picked(rows: pd.DataFrame, units: pd.Index) -> list[Facts | None]:
    """Return the row of each unit, None where it has none."""
    at = pd.MultiIndex.from_frame(rows[_UNIT]).get_indexer(units)
    facts: list[Facts] = rows.to_dict("records")
    return [facts[place] if place >= 0 else None for place in at.tolist()]


def _english(unit: Facts, best: Facts | None, short: Facts | None) -> str:
    who = _WHO[unit["counted_in"]][1]
    text = f"{unit['label']}: {unit['uncovered']:,.0f} of {unit['total']:,.0f} {who} are not in"
    text += f" time ({unit['limit_minutes']} min)"
    if not pd.isna(unit["cause"]):
        text += f"; cause: {CODES['cause'][unit['cause']][1]}"
    if not pd.isna(unit["minutes_over"]):
        text += f"; {unit['facility']} is the nearest, {unit['minutes_over']:.1f} min over"
    if unit["unreachable"] > 0:
        text += f"; {unit['unreachable']:,.0f} have no way at all"
    text += ". "
    if best is None:
        text += "No road gap, planned facility or candidate site brings anyone in time."
    else:
        head = "On the ground" if best["enough"] else "No single measure is enough; the best one"
        text += f"{head}: {_done(best)[1]}, {best['gained']:,.0f} of {best['uncovered']:,.0f} then"
        text += " in time"
        text += ", enough for the rule." if best["enough"] else "."
    if short is not None:
        who = "It is" if short["enough"] else "Those who have a way are"
        text += f" {who} {_minutes(short)} min short of the rule."
    return text


def _chinese(unit: Facts, best: Facts | None, short: Facts | None) -> str:
    who = _WHO[unit["counted_in"]][0]
    text = f"{unit['label']}:{who}{unit['total']:,.0f}中有{unit['uncovered']:,.0f}不能按时到达"
    text += f"({unit['limit_minutes']}分钟)"
    if not pd.isna(unit["cause"]):
        text += f",原因:{CODES['cause'][unit['cause']][0]}"
    if not pd.isna(unit["minutes_over"]):
        text += f";最近的设施是{unit['facility']},超出{unit['minutes_over']:.1f}分钟"
    if unit["unreachable"] > 0:
        text += f";{unit['unreachable']:,.0f}无路可达"
    text += "。"
    if best is None:
        text += "补路、在建或规划设施投用、现有候选点新建均不能使其按时到达"
    else:
        text += "实地措施:" if best["enough"] else "没有一项措施单独足够,作用最大的是"
        text += f"{_done(best)[0]},可使{best['uncovered']:,.0f}中的{best['gained']:,.0f}按时到达"
        text += ",即可达标" if best["enough"] else ""
    if short is not None:
        whose = "" if short["enough"] else "有路可达的"
        text += f";{whose}距达标还差{_minutes(short)}分钟"
    return text + "。"


def _minutes(short: Facts) -> str:
    """Return minutes rounded up: with so many more the rule would be met."""
    return f"{math.ceil(round(short['value'] * 10, 6)) / 10:g}"


def _done(change: Facts) -> tuple[str, str]:
    one = change["target_id"]
    called: str = one if pd.isna(change["target_name"]) else f"{one} {change['target_name']}"
    said = {
        "join_road": (f"补上道路缺口{one}", f"join road gap {one}"),
        "open_planned": (f"在建或规划的{called}投用", f"open {called}, planned or being built"),
        "build": (f"在{called}新建", f"build at {called}"),
    }
    return said[change["change"]]
