"""What a front, a curve or a plan of floor area leaves in a folder: tables, and proofs as JSON."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from carecircle.outputs.folder import save_folder
from carecircle.outputs.manifest import manifest_text, plain_json
from carecircle.outputs.workbook.tables import write_csv
from carecircle.planning.area_plan import AreaPlan
from carecircle.planning.full_cover import FullCover
from carecircle.planning.pareto import Front
from carecircle.scenarios.comparison import compare
from carecircle.siting.steps import plan_as_scenario
from carecircle.study.assessment import assess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from carecircle.analysis.findings import Findings
    from carecircle.planning.curve import CurvePoints
    from carecircle.planning.plan import Plan
    from carecircle.study.assessment import Study

    Answer = Front | CurvePoints | FullCover | AreaPlan

__all__ = ["plans_of", "save_answer"]


def plans_of(answer: Answer) -> dict[str, Plan | AreaPlan]:
    """Return the plans of an answer by name, each with its proof.

    Names are ``plan 1``, ``plan 2`` of a front; the number or budget of a point of a curve; the
    goal and what was made least of what full cover takes; ``plan`` of a plan of floor area.
    """
    if isinstance(answer, Front):
        return {f"plan {rank}": plan for rank, plan in enumerate(answer.plans, 1)}
    if isinstance(answer, FullCover):
        return {
            f"{goal}, {what}": plan
            for goal, both in answer.plans.items()
            for what, plan in zip(("fewest", "cheapest"), both, strict=True)
        }
    if isinstance(answer, AreaPlan):
        return {"plan": answer}
    return {f"{answer.table.index.name} {step:g}": plan for step, plan in answer.plans.items()}


def save_answer(
    study: Study, answer: Answer, folder: str | Path, *, sites: gpd.GeoDataFrame | None = None
) -> Path:
    """Write the tables and proofs of an answer, whole or not at all.

    Parameters
    ----------
    study
        The study that was asked about.
    answer
        A front, a curve, what full cover takes, or a plan of floor area.
    folder
        Folder to make; an empty one or an earlier carecircle result is replaced.
    sites
        The table that was chosen from; not needed where these are the study's own sites.

    Returns
    -------
    pathlib.Path
        The folder: the tables as CSV and ``plan.json`` (every plan with objective, bound, gap,
        status, solver and verdict); of a front also the files of
        :meth:`carecircle.Comparison.save`, each plan being a scenario.

    Raises
    ------
    InputError
        If the folder holds anything that carecircle did not write.
    """
    facts = {name: _facts(plan) for name, plan in plans_of(answer).items()}
    text = manifest_text(plain_json(facts)).encode()

    def write_facts(_: Findings, path: Path) -> None:
        path.write_bytes(text)

    files: dict[str, Callable[[Findings, Path], None]] = {
        f"{name}.csv": partial(_write, table) for name, table in _tables(answer).items()
    }
    files["plan.json"] = write_facts
    if not isinstance(answer, Front):
        return save_folder(assess(study), folder, writers=files)
    scenarios = [
        plan_as_scenario(study, plan, sites, name=f"plan {rank}")
        for rank, plan in enumerate(answer.plans, 1)
        if len(plan.chosen)
    ]
    found = compare(study, scenarios)
    return save_folder(found.findings["today"], folder, writers=found.writers() | files)


def _write(table: pd.DataFrame, _: Findings, path: Path) -> None:
    write_csv(table, path)


def _tables(answer: Answer) -> dict[str, pd.DataFrame]:
    if isinstance(answer, AreaPlan):
        return {
            "plan": answer.sites.reset_index(),
            "allocation": answer.allocation,
            "areas": answer.areas.reset_index(),
        }
    name = "front" if isinstance(answer, Front) else "curve"
    name = "full_cover" if isinstance(answer, FullCover) else name
    return {name: answer.table.reset_index()}


def _facts(plan: Plan | AreaPlan) -> dict[str, Any]:
    """Return a plan and its proof as plain values, without the time it took."""
    proof = plan.proof
    sites = list(plan.sites.index) if isinstance(plan, AreaPlan) else plan.site_ids
    return {
        "sites": sites, "objective": proof.objective, "bound": proof.bound, "gap": proof.gap,
        "status": proof.status, "solver": proof.solver, "verdict": proof.verdict,
    }  # fmt: skip
