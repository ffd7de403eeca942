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
_MEASURES = ("raise_limit", "walk_faster")
_WHO = {"elders": ("老年人", "elders"), "homes": ("处住宅", "homes")}


def sentences(
    units: pd.DataFrame,
    changes: pd.DataFrame,
    facilities: pd.DataFrame,
) -> pd.DataFrame:
    """Say for each unit who is not in time, why, and what would help.

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
        (_chinese(unit, best, on_site), _english(unit, best, on_site))
        for unit, best, on_site in zip(facts.to_dict("records"), *picked, strict=True)
    ]
    return pd.DataFrame(told, index=units.index, columns=["zh", "en"])


def _chosen(changes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return per unit the smallest change, and where that only measures, the best one on site."""
    rows = changes.reset_index()
    best = rows[rows["best"].to_numpy(dtype=bool)].drop_duplicates(_UNIT)
    measured = best.loc[best["change"].isin(_MEASURES), _UNIT]
    on_site = rows[~rows["change"].isin(_MEASURES)].merge(measured, on=_UNIT)
    on_site = on_site.sort_values(["gained", "change"], ascending=[False, True], kind="stable")
    return best, on_site.drop_duplicates(_UNIT)


def _picked(rows: pd.DataFrame, units: pd.Index) -> list[Facts | None]:
    """Return the row of each unit, None where it has none."""
    at = pd.MultiIndex.from_frame(rows[_UNIT]).get_indexer(units)
    facts: list[Facts] = rows.to_dict("records")
    return [facts[place] if place >= 0 else None for place in at.tolist()]


def _english(unit: Facts, best: Facts | None, on_site: Facts | None) -> str:
    who = _WHO[unit["counted_in"]][1]
    text = f"{unit['label']}: {unit['uncovered']:,.0f} of {unit['total']:,.0f} {who} are not in"
    text += f" time ({unit['limit_minutes']} min)"
    if not pd.isna(unit["cause"]):
        text += f"; cause: {CODES['cause'][unit['cause']][1]}"
    if not pd.isna(unit["minutes_over"]):
        text += f"; {unit['facility']} is the nearest, {unit['minutes_over']:.1f} min over"
    if unit["unreachable"] > 0:
        text += f"; {unit['unreachable']:,.0f} have no way at all"
    if best is None:
        return text + ". No single change was found that helps."
    enough = "enough for the rule" if best["enough"] else "not enough alone"
    text += f". Smallest change found: {_done(best)[1]}; it brings {best['gained']:,.0f} of"
    text += f" {best['uncovered']:,.0f} in time, {enough}."
    if on_site is not None:
        text += f" On the ground: {_done(on_site)[1]} brings {on_site['gained']:,.0f}."
    return text


def _chinese(unit: Facts, best: Facts | None, on_site: Facts | None) -> str:
    who = _WHO[unit["counted_in"]][0]
    text = f"{unit['label']}:{who}{unit['total']:,.0f}中有{unit['uncovered']:,.0f}不能按时到达"
    text += f"({unit['limit_minutes']}分钟)"
    if not pd.isna(unit["cause"]):
        text += f",原因:{CODES['cause'][unit['cause']][0]}"
    if not pd.isna(unit["minutes_over"]):
        text += f";最近的设施是{unit['facility']},超出{unit['minutes_over']:.1f}分钟"
    if unit["unreachable"] > 0:
        text += f";{unit['unreachable']:,.0f}无路可达"
    if best is None:
        return text + "。未找到单项可行的改变。"
    enough = "即可达标" if best["enough"] else "单靠此项不足以达标"
    text += f"。最小的改变:{_done(best)[0]},可使{best['uncovered']:,.0f}中的"
    text += f"{best['gained']:,.0f}按时到达,{enough}。"
    if on_site is not None:
        text += f"实地措施:{_done(on_site)[0]},可使{on_site['gained']:,.0f}按时到达。"
    return text


def _done(change: Facts) -> tuple[str, str]:
    one, value = change["target_id"], change["value"]
    called: str = one if pd.isna(change["target_name"]) else f"{one} {change['target_name']}"
    # rounded up: the limit that is printed must do
    longer = f"{math.ceil(round(value * 10, 6)) / 10:g}"
    said = {
        "join_road": (f"补上道路缺口{one}", f"join road gap {one}"),
        "open_planned": (f"在建或规划的{called}投用", f"open {called}, planned or being built"),
        "build": (f"在{called}新建", f"build at {called}"),
        "raise_limit": (f"时限放宽{longer}分钟", f"a limit {longer} min longer"),
        "walk_faster": (f"步速达到{value:g}米/秒", f"a walk at {value:g} m/s"),
    }
    return said[change["change"]]
