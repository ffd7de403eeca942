"""The command line of planning: choose sites with proof, hold scenarios against today."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
import typer
from rich.console import Console

from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecircle.planning.plan import Plan
    from carecircle.study import Study

__all__ = ["app", "compare", "site"]

app = typer.Typer()
_err = Console(stderr=True, highlight=False)

#: Median problems need ways beyond the limit; these many minutes are listed for them.
_FAR_MINUTES = 240.0

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
StudyPath = Annotated[Path, typer.Argument(help="study.toml, or the folder that holds it.")]
Problem = Literal[
    "max_cover", "min_sites", "backup_cover", "p_median", "p_center",
    "capacitated_max_cover", "capacitated_p_median",
]  # fmt: skip
Weight = Literal["elders", "elders80", "population", "households", "homes"]


@app.command()
def site(
    study: StudyPath,
    problem: Annotated[Problem, typer.Option(help="What is asked.")] = "max_cover",
    n: Annotated[int | None, typer.Option("--n", help="How many sites.")] = None,
    budget: Annotated[float | None, typer.Option(help="What they may cost in all.")] = None,
    weight: Annotated[Weight, typer.Option(help="Who is to be served.")] = "elders",
    *,
    as_json: AsJson = False,
) -> None:
    """Choose where to build next among the study's candidate sites, and print the proof."""
    from carecircle.planning_study import siting_instance

    solve, terms = _problem(problem, {"n_sites": n, "budget": budget})
    loaded = _load(study)
    far = _FAR_MINUTES if problem in ("p_median", "p_center", "capacitated_p_median") else None
    with _err.status("searching the sites"):
        instance = siting_instance(loaded, weight=weight, max_minutes=far)
        plan = solve(instance, **terms)
    if as_json:
        typer.echo(json.dumps(_facts(plan), ensure_ascii=False, indent=1))
        return
    sites = loaded.tables.sites
    names = {} if sites is None or "name" not in sites else sites["name"].to_dict()
    typer.echo(_told(plan, names))
    if loaded.card.synthetic:
        typer.echo("合成数据，非官方统计 / synthetic data, not official statistics")


@app.command()
def compare(
    study: StudyPath,
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files, TOML or JSON.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Hold scenarios against today, figure by figure."""
    from carecircle.comparison import compare as hold
    from carecircle.scenario_file import read_scenarios

    read = [scenario for path in scenarios for scenario in read_scenarios(path)]
    loaded = _load(study)
    with _err.status("comparing") as status:
        found = hold(loaded, read, tell=status.update)
    if as_json:
        typer.echo(json.dumps(_records(found.summary), ensure_ascii=False, indent=1))
        return
    shown = found.summary.copy()
    shown["elders_rate"] = [
        "--" if pd.isna(rate) else f"{100 * rate:.1f} %" for rate in shown["elders_rate"]
    ]
    typer.echo(shown.to_string(float_format="{:,.0f}".format, na_rep="--"))
    if loaded.card.synthetic:
        typer.echo("合成数据，非官方统计 / synthetic data, not official statistics")


def _load(path: Path) -> Study:
    from carecircle.study import load_study

    with _err.status("reading the study") as status:
        return load_study(path, tell=status.update)


def _problem(
    problem: str, asked: dict[str, float | None]
) -> tuple[Callable[..., Plan], dict[str, float]]:
    """Return the function of a problem, and the terms it takes; refuse those it does not."""
    import carecircle

    solve = getattr(carecircle, problem)
    takes = inspect.signature(solve).parameters
    terms = {name: value for name, value in asked.items() if value is not None}
    flags = {"n_sites": "--n", "budget": "--budget"}
    for name in terms:
        if name not in takes:
            raise InputError(f"{problem} takes no {flags[name]}; leave it out")
    needed = [n for n in flags if n in takes and takes[n].default is inspect.Parameter.empty]
    missing = [flags[name] for name in needed if name not in terms]
    # a cover with neither a number nor a budget would take every site
    if not missing and not terms and not needed and set(flags) & set(takes):
        missing = [flags[name] for name in flags if name in takes]
    if missing:
        raise InputError(f"{problem} needs {' or '.join(missing)}; add it")
    return solve, terms


def _told(plan: Plan, names: dict[Any, Any]) -> str:
    table = plan.chosen.copy()
    table.insert(0, "name", [str(names.get(one, one)) for one in table.index])
    if "share" in table:
        table["share"] = [f"{100 * share:.1f} %" for share in table["share"]]
    table.insert(0, "rank", range(1, len(table) + 1))
    lines = [table.to_string(float_format="{:,.1f}".format, na_rep="--"), f"proof: {plan.proof}"]
    if len(plan.left_out):
        some = ", ".join(map(str, plan.left_out[:5]))
        lines.append(f"no site can reach {len(plan.left_out):,} homes: {some}, ...")
    return "\n".join(lines)


def _facts(plan: Plan) -> dict[str, Any]:
    proof = plan.proof
    return {
        "problem": plan.problem,
        "sites": _records(plan.chosen),
        "objective": proof.objective,
        "bound": proof.bound,
        "gap": proof.gap,
        "status": proof.status,
        "seconds": round(proof.seconds, 3),
        "solver": proof.solver,
        "verdict": proof.verdict,
        "left_out": [str(one) for one in plan.left_out],
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.reset_index().astype(object)
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in plain.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if pd.isna(value) or value in (np.inf, -np.inf) else value
