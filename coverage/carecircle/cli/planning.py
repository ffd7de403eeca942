"""The command line of planning: choose sites with proof, hold scenarios against today."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import numpy as np
import pandas as pd
import typer
from rich.console import Console

from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan
    from carecircle.planning.roster_rules import RosterRule
    from carecircle.study.assessment import Study

__all__ = ["SiteRequest", "app", "compare", "site"]

app = typer.Typer()
_err = Console(stderr=True, highlight=False)

#: Median problems need ways beyond the limit; these many minutes are listed for them.
_FAR_MINUTES = 240.0
_EXACT = 1e-9
_SYNTHETIC = "合成数据，非官方统计 / synthetic data, not official statistics"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Out = Annotated[
    Path | None, typer.Option(help="Also write the result folder, whole or not at all.")
]
StudyPath = Annotated[Path, typer.Argument(help="study.toml, or the folder that holds it.")]
Problem = Literal[
    "max_cover", "min_sites", "min_sites_for_share", "phased_to_all", "backup_cover", "p_median",
    "p_center", "capacitated_max_cover", "capacitated_p_median", "relocate_within_budget",
    "meet_roster",
]  # fmt: skip
Weight = Literal["elders", "elders80", "population", "households", "homes"]
Candidates = Literal["sites", "grid", "roads", "buildings"]
Level = Literal["area", "street", "district"]


@dataclass(frozen=True)
class SiteRequest:
    """What ``carecircle site`` is asked, as the options say it."""

    study: StudyPath
    problem: Annotated[Problem, typer.Option(help="What is asked.")] = "max_cover"
    n: Annotated[int | None, typer.Option("--n", help="How many sites.")] = None
    budget: Annotated[float | None, typer.Option(help="What they may cost in all.")] = None
    share: Annotated[
        float | None, typer.Option(help="Share to cover, 0 to 1 (min_sites_for_share).")
    ] = None
    periods: Annotated[
        int | None, typer.Option(help="In how many periods to build (phased_to_all).")
    ] = None
    movable: Annotated[
        str,
        typer.Option(
            help="Facilities that may be closed: ids joined by commas, or all"
            " (relocate_within_budget)."
        ),
    ] = ""
    level: Annotated[Level, typer.Option(help="Whose roster is to be met (meet_roster).")] = "area"
    least: Annotated[
        int, typer.Option(help="How many facilities each must have (meet_roster).")
    ] = 1
    leave_out_unreachable: Annotated[
        bool,
        typer.Option(
            "--leave-out-unreachable",
            help="Go on without those whom no site can reach, and name them.",
        ),
    ] = False
    weight: Annotated[Weight, typer.Option(help="Who is to be served.")] = "elders"
    candidates: Annotated[
        Candidates,
        typer.Option(help="Beside the study's own sites: points in today's uncovered areas."),
    ] = "sites"
    spacing: Annotated[
        float, typer.Option(help="Metres between candidates of a grid or along roads.")
    ] = 200.0
    out: Out = None
    as_json: AsJson = False

    @property
    def terms(self) -> dict[str, Any]:
        """What was asked, by the names that the problems use."""
        asked = {
            "n_sites": self.n, "budget": self.budget, "share": self.share,
            "n_periods": self.periods,
            "leave_out_unreachable": self.leave_out_unreachable or None,
        }  # fmt: skip
        return {name: value for name, value in asked.items() if value is not None}


#: Argument of a problem -> the option that gives it.
_FLAGS = {
    "n_sites": "--n",
    "budget": "--budget",
    "share": "--share",
    "n_periods": "--periods",
    "leave_out_unreachable": "--leave-out-unreachable",
}


def _as_options(command: Callable[[SiteRequest], None]) -> Callable[..., None]:
    """Let typer see the fields of the request as the command's options."""

    @wraps(command)
    def called(**values: Any) -> None:
        command(SiteRequest(**values))

    hints = get_type_hints(SiteRequest, include_extras=True)
    plain = inspect.signature(SiteRequest).parameters.values()
    vars(called)["__signature__"] = inspect.Signature(
        [
            one.replace(annotation=hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY)
            for one in plain
        ]
    )
    called.__annotations__ = {one.name: hints[one.name] for one in fields(SiteRequest)}
    return called


@app.command()
@_as_options
def site(request: SiteRequest) -> None:
    """Choose where to build next, print the proof, and with --out what it means for the city."""
    from carecircle.siting.problem import siting_instance

    solve = _problem(request.problem, request.terms)
    loaded = _load(request.study)
    sites = _sites(loaded, request)
    far = _FAR_MINUTES if request.problem.endswith(("p_median", "p_center")) else None
    with _err.status("searching the sites"):
        instance = siting_instance(
            loaded, sites, weight=request.weight, max_minutes=far,
            movable=_movable(loaded, request),
        )  # fmt: skip
        plan = _solved(solve, instance, request.terms | _roster(loaded, sites, request))
    if request.as_json:
        typer.echo(json.dumps(_facts(plan), ensure_ascii=False, indent=1))
    else:
        typer.echo(_told(plan, sites))
        if loaded.card.synthetic:
            typer.echo(_SYNTHETIC)
    if request.out is not None:
        _save_plan(loaded, plan, sites, request)


def _movable(study: Study, request: SiteRequest) -> list[str]:
    """Return the facilities that a relocation may close."""
    relocates = request.problem == "relocate_within_budget"
    if relocates != bool(request.movable):
        fix = "add it" if relocates else "leave it out"
        raise InputError(
            f"{request.problem} {'needs' if relocates else 'takes no'} --movable; {fix}"
        )
    if request.movable != "all":
        return [one.strip() for one in request.movable.split(",") if one.strip()]
    from carecircle.analysis.roster import is_eligible

    facilities = study.facilities
    return [str(one) for one in facilities.index[is_eligible(facilities, study.card.eligible)]]


def _roster(
    study: Study, sites: gpd.GeoDataFrame | None, request: SiteRequest
) -> dict[str, list[RosterRule]]:
    """Return the rule of a roster problem: each unit so many facilities of the study's kinds."""
    if request.problem != "meet_roster" or sites is None:
        return {}
    from carecircle.planning.roster_rules import RosterRule
    from carecircle.scenarios.what_if import sites_as_facilities

    rule = RosterRule.from_tables(
        study.areas, sites_as_facilities(study, sites), study.facilities,
        level=f"{request.level}_id", kinds=study.card.eligible, least=request.least,
    )  # fmt: skip
    return {"rules": [rule]}


def _solved(solve: Callable[..., Plan], instance: Instance, terms: dict[str, Any]) -> Plan:
    try:
        return solve(instance, **terms)
    except InputError as fault:
        told = str(fault).replace("leave_out_unreachable=True", "--leave-out-unreachable")
        raise InputError(told) from fault


def _sites(study: Study, request: SiteRequest) -> gpd.GeoDataFrame | None:
    """Return the study's own sites with the candidates asked for beside them."""
    own = study.tables.sites
    if request.candidates == "sites":
        return own
    if not request.spacing > 0:
        raise InputError(f"--spacing is {request.spacing:g}; give metres above 0")
    if request.budget is not None:
        raise InputError(
            f"--budget needs the cost of every site, and candidates from {request.candidates} have"
            " none; ask with --n or --share, or give the study a table of sites with costs"
        )
    with _err.status(f"looking for candidates: {request.candidates}"):
        found = _candidates(study, request)
    if own is None or not len(found):
        return found if own is None else own
    again = found.index.intersection(own.index)
    if len(again):
        raise InputError(
            f"sites: the study's own {again[0]} has the id of a candidate; rename it in the table"
        )
    # costs of some and not of others cannot be weighed against each other
    return pd.concat([own.drop(columns="cost", errors="ignore"), found])


def _candidates(study: Study, request: SiteRequest) -> gpd.GeoDataFrame:
    from carecircle.planning import candidates as made
    from carecircle.study.assessment import assess

    gaps = assess(study).gaps
    if request.candidates == "grid":
        return made.candidates_from_grid(gaps, request.spacing)
    if request.candidates == "roads":
        return made.candidates_from_roads(study.network, gaps, request.spacing)
    from carecircle.inputs.tables import read_buildings
    from carecircle.study.file import read_study_file

    file = read_study_file(request.study)
    homes = file.sections["homes"]
    if homes["method"] not in ("buildings", "dwellings"):
        raise InputError(
            f"study: homes.method is {homes['method']!r}, so there are no buildings to choose from;"
            " use --candidates grid or roads"
        )
    buildings = read_buildings(file.source(homes), crs=file.sections["study"]["crs"])
    return made.candidates_from_buildings(buildings, gaps)


def _save_plan(
    study: Study, plan: Plan, sites: gpd.GeoDataFrame | None, request: SiteRequest
) -> None:
    from carecircle.siting.effects import effects_of_plan

    assert request.out is not None  # noqa: S101  # for the type checker: the caller has looked
    with _err.status("evaluating the plan") as status:
        effects = effects_of_plan(study, plan, sites, tell=status.update)
        status.update("writing results")
        folder = effects.save(request.out)
    typer.echo(f"results: {folder}", err=request.as_json)


@app.command()
def compare(
    study: StudyPath,
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files, TOML or JSON.")],
    *,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Hold scenarios against today, figure by figure."""
    from carecircle.scenarios.comparison import compare as hold
    from carecircle.scenarios.file import read_scenarios

    read = [scenario for path in scenarios for scenario in read_scenarios(path)]
    loaded = _load(study)
    with _err.status("comparing") as status:
        found = hold(loaded, read, tell=status.update)
        if out is not None:
            status.update("writing results")
            out = found.save(out)
    if as_json:
        typer.echo(json.dumps(_records(found.summary), ensure_ascii=False, indent=1))
    else:
        shown = found.summary.copy()
        shown["elders_rate"] = [_percent(rate) for rate in shown["elders_rate"]]
        typer.echo(shown.to_string(float_format="{:,.0f}".format, na_rep="--"))
        if loaded.card.synthetic:
            typer.echo(_SYNTHETIC)
    if out is not None:
        typer.echo(f"results: {out}", err=as_json)


def _load(path: Path) -> Study:
    from carecircle.study.assessment import load_study

    with _err.status("reading the study") as status:
        return load_study(path, tell=status.update)


def _problem(problem: str, terms: dict[str, Any]) -> Callable[..., Plan]:
    """Return the function of a problem; refuse terms it does not take, name those it lacks."""
    import carecircle
    from carecircle.planning import phasing

    solve: Callable[..., Plan] = getattr(carecircle, problem, None) or getattr(phasing, problem)
    takes = inspect.signature(solve).parameters
    faults = [
        f"{problem} takes no {_FLAGS[name]}; leave it out" for name in terms if name not in takes
    ]
    needed = [n for n in _FLAGS if n in takes and takes[n].default is inspect.Parameter.empty]
    missing = [_FLAGS[name] for name in needed if name not in terms]
    if missing:
        faults.append(f"{problem} needs {' and '.join(missing)}; add it")
    # a cover with neither a number nor a budget would take every site
    choice = [name for name in ("n_sites", "budget") if name in takes and name not in needed]
    if choice and not set(choice) & set(terms):
        faults.append(f"{problem} needs {' or '.join(_FLAGS[name] for name in choice)}; add it")
    if faults:
        raise InputError("\n".join(faults))
    return solve


def _told(plan: Plan, sites: pd.DataFrame | None) -> str:
    table = plan.chosen.copy()
    if sites is None or "cost" not in sites:  # the 1 of each site is no money
        table = table.drop(columns=["cost", "cost_per_gain"], errors="ignore")
    names = {} if sites is None or "name" not in sites else sites["name"].dropna().to_dict()
    table.insert(0, "name", [str(names.get(one, one)) for one in table.index])
    if "share" in table:
        table["share"] = [_percent(share) for share in table["share"]]
    table.insert(0, "rank", range(1, len(table) + 1))
    lines = [table.to_string(float_format="{:,.1f}".format, na_rep="--"), f"proof: {plan.proof}"]
    lines += [
        f"{name.replace('_', ' ')}: {_listed(plan.terms[name])}"
        for name in ("closed", "moved", "units_left_out")
        if plan.terms.get(name)
    ]
    if len(plan.left_out):
        some = ", ".join(map(str, plan.left_out[:5]))
        lines.append(f"no site can reach {len(plan.left_out):,} homes: {some}, ...")
    return "\n".join(lines)


def _listed(told: Any) -> str:
    if isinstance(told, dict):
        return ", ".join(f"{old} to {new}" for old, new in told.items())
    return ", ".join(map(str, told))


def _percent(share: float) -> str:
    """Return a share in percent; one that only rounds to 100 % would read as a pass."""
    if pd.isna(share):
        return "--"
    text = f"{100 * share:.1f} %"
    return "<100 %" if text == "100.0 %" and share < 1 - _EXACT else text


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
