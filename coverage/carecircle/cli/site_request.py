"""What ``carecircle site`` can be asked, and which options fit which problem."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AsJson", "Out", "SiteRequest", "StudyPath", "as_options", "problem_of"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Out = Annotated[
    Path | None, typer.Option(help="Also write the result folder, whole or not at all.")
]
StudyPath = Annotated[
    Path, typer.Argument(help="study.toml, or the folder that holds it; here if none is named.")
]
Problem = Literal[
    "max_cover", "min_sites", "min_sites_for_share", "phased", "phased_to_all", "backup_cover",
    "max_min_share", "max_attendance", "p_median", "p_center", "capacitated_max_cover",
    "capacitated_p_median", "relocate_within_budget", "meet_roster", "meet_area_standard",
    "market_share", "market_share_target", "pareto_front", "coverage_curve", "cost_of_all",
]  # fmt: skip
Weight = Literal["elders", "elders80", "population", "households", "homes"]
Second = Literal["elders", "elders80", "population", "households", "homes", "cost", "sites"]
Candidates = Literal["sites", "grid", "roads", "buildings"]
Level = Literal["area", "street", "district"]


@dataclass(frozen=True)
class SiteRequest:
    """What ``carecircle site`` is asked, as the options say it."""

    study: StudyPath = Path()
    problem: Annotated[Problem, typer.Option(help="What is asked.")] = "max_cover"
    n: Annotated[
        int | None, typer.Option("--n", help="How many sites (phased: in each period).")
    ] = None
    budget: Annotated[
        float | None, typer.Option(help="What they may cost in all (phased: in each period).")
    ] = None
    share: Annotated[
        float | None,
        typer.Option(
            help="Share to cover (min_sites_for_share) or to win (market_share_target), 0 to 1."
        ),
    ] = None
    periods: Annotated[
        int | None, typer.Option(help="In how many periods to build (phased, phased_to_all).")
    ] = None
    movable: Annotated[
        str,
        typer.Option(
            help="Facilities that may be closed: ids joined by commas, or all"
            " (relocate_within_budget)."
        ),
    ] = ""
    level: Annotated[
        Level,
        typer.Option(help="Whose roster is met (meet_roster), or share lifted (max_min_share)."),
    ] = "area"
    least: Annotated[
        int, typer.Option(help="How many facilities each must have (meet_roster).")
    ] = 1
    second: Annotated[
        Second | None,
        typer.Option(help="Second aim beside --weight: others, or little spent (pareto_front)."),
    ] = None
    most: Annotated[
        int | None,
        typer.Option(
            help="Most plans of a front (pareto_front, else 10), sites of a curve (coverage_curve)."
        ),
    ] = None
    rivals: Annotated[
        str,
        typer.Option(
            help="Facilities that others run: ids joined by commas"
            " (market_share, market_share_target)."
        ),
    ] = ""
    prices: Annotated[
        str,
        typer.Option(
            help="Fixed cost and cost per m2 by acquisition, such as build=50:0.5,lease=5:0.1"
            " (meet_area_standard)."
        ),
    ] = ""
    enlarge: Annotated[
        str,
        typer.Option(
            help="Most m2 to add and cost per m2 by facility, such as F1=200:0.4"
            " (meet_area_standard)."
        ),
    ] = ""
    sharing: Annotated[
        Literal["within_limit", "own"] | None,
        typer.Option(help="Whom new m2 may serve (meet_area_standard, else within_limit)."),
    ] = None
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
            "n_sites": self.n, "budget": self.budget, "share": self.share, "most": self.most,
            "n_periods": self.periods, "sharing": self.sharing, "second": self.second,
            "movable": self.movable or None, "competitors": self.rivals or None,
            "prices": self.prices or None, "enlarge": self.enlarge or None,
            "leave_out_unreachable": self.leave_out_unreachable or None,
        }  # fmt: skip
        return {name: value for name, value in asked.items() if value is not None}


#: Argument of a problem -> the option that gives it.
_FLAGS = {
    "n_sites": "--n",
    "budget": "--budget",
    "share": "--share",
    "n_periods": "--periods",
    "movable": "--movable",
    "second": "--second",
    "most": "--most",
    "competitors": "--rivals",
    "prices": "--prices",
    "enlarge": "--enlarge",
    "sharing": "--sharing",
    "leave_out_unreachable": "--leave-out-unreachable",
}
#: Problem -> what it takes beside its own arguments: whether it must be given.
_MORE: dict[str, dict[str, bool]] = {
    "phased": {"n_periods": True},
    "relocate_within_budget": {"movable": True},
    "meet_area_standard": {"prices": True, "enlarge": False, "leave_out_unreachable": False},
}


def as_options(command: Callable[[SiteRequest], None]) -> Callable[..., None]:
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


def problem_of(request: SiteRequest) -> Callable[..., Any]:
    """Return the function of a problem.

    Raises
    ------
    InputError
        With every option that the problem does not take, and those that it lacks.
    """
    import carecircle

    problem, asked = request.problem, request.terms
    solve: Callable[..., Any] = getattr(carecircle, problem)
    takes = inspect.signature(solve).parameters
    more = _MORE.get(problem, {})
    faults = [
        f"{problem} takes no {_FLAGS[name]}; leave it out"
        for name in asked
        if name not in takes and name not in more
    ]
    empty = inspect.Parameter.empty
    needed = [n for n in _FLAGS if more.get(n) or (n in takes and takes[n].default is empty)]
    missing = [_FLAGS[name] for name in needed if name not in asked]
    if missing:
        faults.append(f"{problem} needs {' and '.join(missing)}; add it")
    # a cover with neither a number nor a budget would take every site, unless these are an aim
    choice = [name for name in ("n_sites", "budget") if name in takes and name not in needed]
    free = "n_sites" not in choice or request.second in ("cost", "sites")
    if not free and not set(choice) & set(asked):
        faults.append(f"{problem} needs {' or '.join(_FLAGS[name] for name in choice)}; add it")
    if faults:
        raise InputError("\n".join(faults))
    return solve
