"""The command line of planning: choose sites with proof, hold scenarios against today."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer
from rich.console import Console

from carecircle.cli.site_answers import HEADINGS, facts, percent, records, text, told
from carecircle.cli.site_request import AsJson, Out, SiteRequest, StudyPath, as_options, problem_of
from carecircle.cli.telling import load, say, tell_internal, tell_path, tell_synthetic
from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from carecircle.analysis.findings import StudyCard
    from carecircle.cli.site_answers import Answer
    from carecircle.planning.roster_rules import RosterRule
    from carecircle.study.assessment import Study

__all__ = ["app", "compare", "site"]

app = typer.Typer()
_err = Console(stderr=True, highlight=False)

#: Median problems need ways beyond the limit; these many minutes are listed for them.
_FAR_MINUTES = 240.0
_MOST_PLANS = 10
#: What a caller of Python is told -> what the command line calls it.
_OPTIONS = {
    "leave_out_unreachable=True": "--leave-out-unreachable",
    "leave_out=True": "--leave-out-unreachable",
    "or pass a table of sites": "or ask with --candidates roads, grid or buildings",
}


@app.command()
@as_options
def site(request: SiteRequest) -> None:
    """Choose where to build next, print the proof, and with --out what it means for the city."""
    solve = problem_of(request)
    loaded = _load(request.study)
    sites = _sites(loaded, request)
    with _err.status("searching the sites"):
        try:
            answer = _answer(solve, loaded, sites, request)
        except InputError as fault:
            said = str(fault)
            for words, option in _OPTIONS.items():
                said = said.replace(words, option)
            raise InputError(said, fault.issues) from fault
    if request.as_json:
        typer.echo(json.dumps(facts(answer, request.problem), ensure_ascii=False, indent=1))
    else:
        say(told(answer, sites, loaded.card.language))
        tell_synthetic(loaded.card)
    if request.out is not None:
        _save(loaded, answer, sites, request)


def _answer(
    solve: Callable[..., Answer],
    study: Study,
    sites: gpd.GeoDataFrame | None,
    request: SiteRequest,
) -> Answer:
    """Make the problem that the request is about, and have it solved."""
    from carecircle.siting.problem import siting_instance
    from carecircle.siting.rivals import market_problem

    terms, first = request.terms, []
    for name in ("movable", "competitors", "prices", "enlarge"):
        terms.pop(name, None)
    if request.problem == "phased":
        del terms["n_periods"]
    if request.problem == "meet_area_standard":
        first, terms = [_floor_problem(study, sites, request)], _floor_terms(terms)
    elif request.rivals:
        first += market_problem(study, sites, rivals=_listed(request.rivals), weight=request.weight)
    else:
        far = _FAR_MINUTES if request.problem.endswith(("p_median", "p_center")) else None
        movable = _movable(study, request)
        options: Any = {"max_minutes": far, "movable": movable}
        first.append(siting_instance(study, sites, weight=request.weight, **options))
        terms |= _special(study, sites, request)
    return solve(*first, **terms)


def _special(study: Study, sites: gpd.GeoDataFrame | None, request: SiteRequest) -> dict[str, Any]:
    """Return the terms that some problems need to be said in their own way."""
    if request.problem == "meet_roster":
        return _roster(study, sites, request)
    if request.problem == "max_min_share":
        units = study.areas.index.to_series() if request.level == "area" else None
        units = study.areas[f"{request.level}_id"] if units is None else units
        return {"unit": study.homes["area_id"].map(units)}
    if request.problem == "phased":
        n = request.periods or 0
        if n < 1:
            raise InputError(f"--periods is {n}; give at least 1")
        each = {"n_sites": request.n, "budget": request.budget}
        return {name: [one] * n for name, one in each.items() if one is not None}
    if request.problem == "pareto_front":
        return {"second": _second(study, request), "most": request.most or _MOST_PLANS}
    return {}


def _second(study: Study, request: SiteRequest) -> pd.Series | str:
    """Return the second aim of a front: weights of the homes, or a word."""
    if request.second in ("cost", "sites"):
        return str(request.second)
    if request.second == "homes":
        return pd.Series(1.0, study.homes.index)
    if request.second not in study.homes or study.homes[request.second].isna().all():
        raise InputError(f"--second {request.second} is not known of the homes; choose another")
    return study.homes[str(request.second)].astype(float).fillna(0.0)


def _floor_problem(study: Study, sites: gpd.GeoDataFrame | None, request: SiteRequest) -> Any:
    from carecircle.planning.candidates import CostModel
    from carecircle.siting.area_standard import area_problem

    pairs = _pairs_of(request.prices, "--prices", "build=50:0.5")
    fixed, per_m2 = ({way: pair[k] for way, pair in pairs.items()} for k in (0, 1))
    more = _pairs_of(request.enlarge, "--enlarge", "F1=200:0.4")
    grown = pd.DataFrame.from_dict(more, orient="index", columns=["max_m2", "cost_per_m2"])
    prices = CostModel(fixed, per_m2, "command line")
    return area_problem(study, sites, prices=prices, enlarge=grown if len(grown) else None)


def _floor_terms(terms: dict[str, Any]) -> dict[str, Any]:
    named = {"leave_out_unreachable": "leave_out"}
    return {named.get(name, name): value for name, value in terms.items()}


def _pairs_of(text: str, flag: str, such: str) -> dict[str, tuple[float, float]]:
    """Read ``name=number:number`` joined by commas."""
    found: dict[str, tuple[float, float]] = {}
    for part in _listed(text):
        name, _, both = part.partition("=")
        try:
            one, two = (float(number) for number in both.split(":"))
        except ValueError:
            raise InputError(f"{flag}: {part!r} cannot be read; write it like {such}") from None
        if name.strip() in found:
            raise InputError(f"{flag}: {name.strip()} stands twice; give it once")
        found[name.strip()] = (one, two)
    return found


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _movable(study: Study, request: SiteRequest) -> list[str]:
    """Return the facilities that a relocation may close."""
    if request.movable != "all":
        return _listed(request.movable)
    from carecircle.analysis.roster import is_eligible

    facilities = study.facilities
    return [str(one) for one in facilities.index[is_eligible(facilities, study.card.eligible)]]


def _roster(
    study: Study, sites: gpd.GeoDataFrame | None, request: SiteRequest
) -> dict[str, list[RosterRule]]:
    """Return the rule of a roster problem: each unit so many facilities of the study's kinds."""
    if sites is None:
        return {}
    from carecircle.planning.roster_rules import RosterRule
    from carecircle.scenarios.what_if import sites_as_facilities

    rule = RosterRule.from_tables(
        study.areas, sites_as_facilities(study, sites), study.facilities,
        level=f"{request.level}_id", kinds=study.card.eligible, least=request.least,
    )  # fmt: skip
    return {"rules": [rule]}


def _sites(study: Study, request: SiteRequest) -> gpd.GeoDataFrame | None:
    """Return the study's own sites with the candidates asked for beside them."""
    own = study.tables.sites
    if request.candidates == "sites":
        return own
    if not request.spacing > 0:
        raise InputError(f"--spacing is {request.spacing:g}; give metres above 0")
    if request.budget is not None and request.problem != "meet_area_standard":
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


def _save(
    study: Study, answer: Answer, sites: gpd.GeoDataFrame | None, request: SiteRequest
) -> None:
    from carecircle.planning.plan import Plan
    from carecircle.siting.effects import effects_of_plan
    from carecircle.siting.folders import save_answer

    assert request.out is not None  # noqa: S101  # for the type checker: the caller has looked
    with _err.status("evaluating the plan") as status:
        if isinstance(answer, Plan):
            effects = effects_of_plan(study, answer, sites, tell=status.update)
            status.update("writing results")
            folder = effects.save(request.out)
        else:
            folder = save_answer(study, answer, request.out, sites=sites)
    tell_path("results", folder, study.card, as_json=request.as_json)
    tell_internal(study.card)


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
        typer.echo(json.dumps(records(found.summary), ensure_ascii=False, indent=1))
    else:
        say(_compared(found.summary, loaded.card))
        tell_synthetic(loaded.card)
    if out is not None:
        tell_path("results", out, loaded.card, as_json=as_json)
        tell_internal(loaded.card)


def _compared(summary: pd.DataFrame, card: StudyCard) -> str:
    """Return a line for each figure, a column for each scenario: many figures fit no terminal."""
    told = summary.apply(lambda column: column.map("{:,.0f}".format, na_action="ignore"))
    told["elders_rate"] = [percent(rate) for rate in summary["elders_rate"]]
    figures = told.astype(object).where(told.notna(), "--").T.rename_axis(columns=None)
    if card.language == "zh":
        figures = figures.rename(index=HEADINGS, columns={"today": "现状"})
    return text(figures, pick=0 if card.language == "zh" else 1)


def _load(path: Path) -> Study:
    with _err.status("reading the study") as status:
        return load(path, status.update)
