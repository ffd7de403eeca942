"""Answers of the siting problems as text and as JSON values, each with its proof and verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.outputs.proof_words import proof_line, verdict_text
from carecircle.planning.area_plan import AreaPlan
from carecircle.planning.full_cover import FullCover
from carecircle.planning.plan import Plan
from carecircle.siting.folders import plans_of

if TYPE_CHECKING:
    from carecircle.planning.curve import CurvePoints
    from carecircle.planning.pareto import Front

    Answer = Plan | AreaPlan | Front | FullCover | CurvePoints

__all__ = ["HEADINGS", "facts", "percent", "records", "text", "told"]

#: Columns of answers and comparisons -> Chinese; others keep their names.
HEADINGS = {
    "rank": "排序", "site_id": "场址", "name": "名称", "gain": "新增", "cumulative": "累计",
    "share": "占比", "cost": "费用", "cost_per_gain": "单位费用", "period": "期",
    "n_sites": "场址数", "covered": "覆盖", "floor_m2": "面积", "scenario": "方案",
    "way": "方式", "built_m2": "新增面积", "allocated_m2": "分配面积", "spare_m2": "富余面积",
    "fixed_cost": "固定费用", "cost_per_m2": "每平方米费用", "moved_from": "迁自",
    "first": "第一目标", "second": "第二目标", "site_ids": "场址", "bound": "界",
    "greedy": "贪心法",
    "status": "状态", "weight": "总量", "possible": "可能达到", "n_sites_bound": "场址数的界",
    "cost_bound": "费用的界", "cost_of_fewest": "场址最少时费用",
    "n_sites_of_cheapest": "费用最少时场址数",
    "elders_covered": "按时可达老年人", "elders_total": "老年人总数", "elders_rate": "覆盖率",
    "change": "变化", "elders_gained": "新增老年人", "elders_lost": "失去老年人",
    "elders_by_population": "人口变动", "units_on_time": "按时达标社区(村)",
    "units_with_facility": "有设施社区(村)", "units_total": "社区(村)总数",
}  # fmt: skip
_LANGUAGES = ("zh", "en")
_PROOF = ("证明", "proof")
_TERMS = {"closed": ("关闭", "closed"), "moved": ("迁移", "moved"),
          "units_left_out": ("未计入的单元", "units left out")}  # fmt: skip
_EXACT = 1e-9
_SHOWN = 5


def told(answer: Answer, sites: pd.DataFrame | None, language: str = "en") -> str:
    """Return an answer as lines of text."""
    pick = 0 if language == "zh" else 1
    if isinstance(answer, Plan):
        return _told_plan(answer, sites, pick)
    if isinstance(answer, AreaPlan):
        return _told_area(answer, pick)
    table = answer.table.copy()
    if "share" in table:
        table["share"] = [percent(share) for share in table["share"]]
    lines = [text(table, pick), f"{('结果', 'found')[pick]}: {answer!r}",
             f"{_PROOF[pick]}: {_verdicts(answer, pick)}"]  # fmt: skip
    if isinstance(answer, FullCover):
        lines += _left_out(answer.left_out, pick)
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


def _told_plan(plan: Plan, sites: pd.DataFrame | None, pick: int) -> str:
    table = plan.chosen.copy()
    if sites is None or "cost" not in sites:  # the 1 of each site is no money
        table = table.drop(columns=["cost", "cost_per_gain"], errors="ignore")
    names = {} if sites is None or "name" not in sites else sites["name"].dropna().to_dict()
    table.insert(0, "name", [str(names.get(one, one)) for one in table.index])
    if "share" in table:
        table["share"] = [percent(share) for share in table["share"]]
    table.insert(0, "rank", range(1, len(table) + 1))
    lines = [text(table, pick), f"{_PROOF[pick]}: {proof_line(plan.proof, _LANGUAGES[pick])}"]
    lines += [
        f"{names[pick]}: {_listed(plan.terms[name])}"
        for name, names in _TERMS.items()
        if len(plan.terms.get(name, ()))  # type: ignore[arg-type]  # ids, from: to, or a table
    ]
    return "\n".join([*lines, *_left_out(plan.left_out, pick)])


def _told_area(plan: AreaPlan, pick: int) -> str:
    proof = proof_line(plan.proof, _LANGUAGES[pick])
    lines = [text(plan.sites, pick), f"{_PROOF[pick]}: {proof}"]
    left = plan.areas[plan.areas["left_m2"] > 0]
    if len(left):
        m2, some = f"{plan.left_m2:,.1f}", _some(left.index)
        lines.append((f"仍缺面积:{len(left):,} 个社区(村)共 {m2} 平方米:{some}",
                      f"left short: {m2} m2 in {len(left):,} areas: {some}")[pick])  # fmt: skip
    return "\n".join(lines)


def _verdicts(answer: Front | FullCover | CurvePoints, pick: int) -> str:
    """Say what the verifier found of all plans: once where all are verified."""
    plans = plans_of(answer)
    bad = [
        f"{name}: {verdict_text(plan.proof.verdict, _LANGUAGES[pick])}"
        for name, plan in plans.items()
        if not plan.proof.verdict.startswith("verified")
    ]
    best = sum(plan.proof.status == "optimal" for plan in plans.values())
    said = (
        f"{len(plans)} 个方案中有 {best} 个已证明最优",
        f"{best} of {len(plans)} plans optimal",
    )[pick]
    anew = ("均已独立复核", "each verified, counted anew")[pick]
    return "; ".join([said, *(bad or [anew])])


def _left_out(ids: pd.Index, pick: int) -> list[str]:
    if not len(ids):
        return []
    return [(f"没有场址能到达的住宅 {len(ids):,} 处:{_some(ids)}",
             f"no site can reach {len(ids):,} homes: {_some(ids)}")[pick]]  # fmt: skip


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


def text(table: pd.DataFrame, pick: int, form: str = "{:,.1f}") -> str:
    """Return a table as text, its headings (Chinese, English)[pick], aligned where one is wide."""
    if pick == 0:
        table = table.rename(columns=HEADINGS).rename_axis(HEADINGS.get(str(table.index.name)))
    with pd.option_context("display.unicode.east_asian_width", pick == 0):
        return table.to_string(float_format=form.format, na_rep="--")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if pd.isna(value) or value in (np.inf, -np.inf) else value
