"""Answers of the siting problems as text and as JSON values, each with its proof and verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.planning.area_plan import AreaPlan
from carecircle.planning.full_cover import FullCover
from carecircle.planning.plan import Plan
from carecircle.siting.folders import plans_of

if TYPE_CHECKING:
    from carecircle.planning.curve import CurvePoints
    from carecircle.planning.pareto import Front

    Answer = Plan | AreaPlan | Front | FullCover | CurvePoints

__all__ = ["facts", "percent", "records", "told"]

_EXACT = 1e-9
_SHOWN = 5


def told(answer: Answer, sites: pd.DataFrame | None) -> str:
    """Return an answer as lines of text."""
    if isinstance(answer, Plan):
        return _told_plan(answer, sites)
    if isinstance(answer, AreaPlan):
        return _told_area(answer)
    table = answer.table.copy()
    if "share" in table:
        table["share"] = [percent(share) for share in table["share"]]
    lines = [_text(table), f"found: {answer!r}", f"proof: {_verdicts(answer)}"]
    if isinstance(answer, FullCover):
        lines += _left_out(answer.left_out)
    return "\n".join(lines)


def facts(answer: Answer, problem: str) -> dict[str, Any]:
    """Return an answer as plain JSON values."""
    if isinstance(answer, Plan):
        return {"problem": answer.problem, "sites": records(answer.chosen), **_proof(answer),
                "left_out": [str(one) for one in answer.left_out]}  # fmt: skip
    if isinstance(answer, AreaPlan):
        left = answer.areas[answer.areas["left_m2"] > 0]
        return {"problem": problem, "sites": records(answer.sites), **_proof(answer),
                "left_short": records(left)}  # fmt: skip
    plans = {name: _proof(plan) for name, plan in plans_of(answer).items()}
    return {"problem": problem, "table": records(answer.table), "plans": plans}


def percent(share: float) -> str:
    """Return a share in percent; one that only rounds to 100 % would read as a pass."""
    if pd.isna(share):
        return "--"
    text = f"{100 * share:.1f} %"
    return "<100 %" if text == "100.0 %" and share < 1 - _EXACT else text


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain JSON values; what is unknown or endless is null."""
    plain = frame.reset_index().astype(object)
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in plain.to_dict("records")
    ]


def _told_plan(plan: Plan, sites: pd.DataFrame | None) -> str:
    table = plan.chosen.copy()
    if sites is None or "cost" not in sites:  # the 1 of each site is no money
        table = table.drop(columns=["cost", "cost_per_gain"], errors="ignore")
    names = {} if sites is None or "name" not in sites else sites["name"].dropna().to_dict()
    table.insert(0, "name", [str(names.get(one, one)) for one in table.index])
    if "share" in table:
        table["share"] = [percent(share) for share in table["share"]]
    table.insert(0, "rank", range(1, len(table) + 1))
    lines = [_text(table), f"proof: {plan.proof}"]
    lines += [
        f"{name.replace('_', ' ')}: {_listed(plan.terms[name])}"
        for name in ("closed", "moved", "units_left_out")
        if len(plan.terms.get(name, ()))  # type: ignore[arg-type]  # ids, from: to, or a table
    ]
    return "\n".join([*lines, *_left_out(plan.left_out)])


def _told_area(plan: AreaPlan) -> str:
    lines = [_text(plan.sites), f"proof: {plan.proof}"]
    left = plan.areas[plan.areas["left_m2"] > 0]
    if len(left):
        m2, some = f"{plan.left_m2:,.1f} m2", _some(left.index)
        lines.append(f"left short: {m2} in {len(left):,} areas: {some}")
    return "\n".join(lines)


def _verdicts(answer: Front | FullCover | CurvePoints) -> str:
    """Say what the verifier found of all plans: once where all are verified."""
    plans = plans_of(answer)
    bad = [
        f"{name}: {plan.proof.verdict}"
        for name, plan in plans.items()
        if not plan.proof.verdict.startswith("verified")
    ]
    best = sum(plan.proof.status == "optimal" for plan in plans.values())
    text = f"{best} of {len(plans)} plans optimal"
    return "; ".join([text, *bad]) if bad else f"{text}; each verified, counted anew"


def _left_out(ids: pd.Index) -> list[str]:
    if not len(ids):
        return []
    return [f"no site can reach {len(ids):,} homes: {_some(ids)}"]


def _some(ids: pd.Index) -> str:
    return ", ".join(map(str, ids[:_SHOWN])) + ", ..." * (len(ids) > _SHOWN)


def _listed(value: Any) -> str:
    if isinstance(value, pd.DataFrame):
        return ", ".join(map(str, value["unit"]))
    if isinstance(value, dict):
        return ", ".join(f"{old} to {new}" for old, new in value.items())
    return ", ".join(map(str, value))


def _proof(plan: Plan | AreaPlan) -> dict[str, Any]:
    proof = plan.proof
    return {
        "objective": proof.objective, "bound": proof.bound, "gap": proof.gap,
        "status": proof.status, "seconds": round(proof.seconds, 3), "solver": proof.solver,
        "verdict": proof.verdict,
    }  # fmt: skip


def _text(table: pd.DataFrame) -> str:
    return table.to_string(float_format="{:,.1f}".format, na_rep="--")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if pd.isna(value) or value in (np.inf, -np.inf) else value
