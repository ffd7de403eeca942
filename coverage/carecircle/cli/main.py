"""The command line: parses, calls, and turns errors into one clear line."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from carecircle.cli.depth import app as depth_app
from carecircle.cli.evidence import app as evidence_app
from carecircle.cli.planning import app as planning_app
from carecircle.cli.report import app as report_app
from carecircle.cli.rules import app as rules_app
from carecircle.cli.telling import load, picked, say, tell_internal, tell_path, tell_synthetic
from carecircle.errors import CarecircleError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from carecircle.analysis.findings import StudyCard
    from carecircle.inputs.issues import Issue, IssueLog
    from carecircle.study.assessment import Result, Study

__all__ = ["app", "main"]

app = typer.Typer(
    help="Who is really served along the roads: coverage, standards and siting of care facilities.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(rules_app, name="rules")
app.add_typer(depth_app)
app.add_typer(planning_app)  # without a name: site and compare stand beside run
app.add_typer(report_app)
app.add_typer(evidence_app)
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)
_SHOWN_ISSUES, _SHOWN_RECORDS = 20, 5
#: A page above this size opens slowly where it is presented.
_MAP_MB = 15.0

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
StudyPath = Annotated[
    Path, typer.Argument(help="study.toml, or the folder that holds it; here if none is named.")
]
Publish = Annotated[
    bool,
    typer.Option(
        "--publish",
        help="Leave small counts of people blank, and homes out; the folder is then `published`.",
    ),
]
WithReport = Annotated[
    bool,
    typer.Option(
        "--report/--no-report",
        help="Also write the evaluation report into the folder, and access into the map.",
    ),
]
FailOn = Annotated[
    Literal["never", "error", "warning", "uncovered"],
    typer.Option(
        help="End with code 1 when there are issues of this severity, or uncovered homes."
    ),
]


def _print_version(asked: bool) -> None:  # noqa: FBT001  # typer passes the flag by position
    if asked:
        from carecircle import __version__

        typer.echo(f"carecircle {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[  # the callback has done it by then
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Who is really served along the roads: coverage, standards and siting of care facilities."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Result folder.")] = Path("results/wuhai"),
    map_file: Annotated[Path | None, typer.Option("--map", help="Also copy the map here.")] = None,
    *,
    report: WithReport = False,
    as_json: AsJson = False,
) -> None:
    """Assess the synthetic sample city of Wuhai and write its results."""
    from carecircle.samples import wuhai

    also = ("access", "report") if report else ("access",)
    result = _run(lambda tell: wuhai(tell=tell), out, as_json=as_json, also=also)
    if map_file is not None:
        map_file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(out / "map.html", map_file)
        tell_path("map", map_file, result.card, as_json=as_json)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="New folder for the study.")],
    *,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Language of the comments.")] = "en",
) -> None:
    """Write a commented study file with the sample data beside it."""
    from carecircle.samples import wuhai_folder
    from carecircle.study.template import write_template

    path = write_template(folder, wuhai_folder(), language)
    # in quotes that every shell knows, Windows' too
    named = f'"{folder}"' if any(mark.isspace() for mark in str(folder)) else str(folder)
    typer.echo(f"wrote {path}; next: carecircle check {named}")


@app.command()
def check(study: StudyPath = Path(), *, fail_on: FailOn = "never", as_json: AsJson = False) -> None:
    """Read every table of a study and list every problem, places without a road among them."""
    from carecircle.study.places import check_roads

    loaded = _load(study)
    tables = loaded.tables
    with _err.status("looking for roads"):
        on_road = check_roads(loaded, loaded.issues)
    if as_json:
        rows = {
            name: len(getattr(tables, name)) for name in ("areas", "facilities", "homes", "roads")
        }
        issues = loaded.issues.to_frame().to_dict("records")
        facts = {"rows": rows, "on_road": on_road.to_dict("index"), "issues": issues}
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        for line in _checked(loaded, on_road):
            say(line)
        _print_issues(loaded.issues, loaded.card)
    _fail(loaded.issues, fail_on)


@app.command()
def run(
    study: StudyPath = Path(),
    out: Annotated[
        Path | None, typer.Option(help="Result folder; by default `results` beside the study.")
    ] = None,
    *,
    report: WithReport = False,
    publish: Publish = False,
    fail_on: FailOn = "never",
    as_json: AsJson = False,
) -> None:
    """Assess a study and write map, tables, layers, issues and manifest."""
    place = study if study.is_dir() else study.parent
    folder = out or place / ("published" if publish else "results")
    if report and publish:
        raise InputError(
            "--report tells of every community and has no published form; leave one of the two out,"
            f" or make the report of what is published: carecircle report {folder}"
        )
    also = ("access", "report") if report else ()
    result = _run(lambda _: _load(study), folder, as_json=as_json, publish=publish, also=also)
    if fail_on == "uncovered" and (~result.homes["covered"]).any():
        raise typer.Exit(1)
    _fail(result.issues, fail_on)


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Cases to run; all when none.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of real extracts; else CARECIRCLE_DATA.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure carecircle against its peers in the same run and print the ratios."""
    from carecircle import bench as cases

    folder = data or (
        Path(os.environ["CARECIRCLE_DATA"]) if "CARECIRCLE_DATA" in os.environ else None
    )
    results = cases.run(names or [], folder, tell=lambda name: typer.echo(f"{name} ...", err=True))
    typer.echo(cases.to_json(results) if as_json else cases.render(results))


def main() -> None:
    """Run the command line; bad input ends with code 2 and one clear message, never a traceback."""
    # frames are many objects and few cycles: looking for them often takes a tenth of a run
    gc.set_threshold(50_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a terminal that has no Chinese, or no square metre, shows "?" and goes on
            stream.reconfigure(errors="replace")
    try:
        app(standalone_mode=True)
    except CarecircleError as fault:
        _complain(str(fault))
    except OSError as fault:
        _complain(f"{fault.filename or ''}: {fault.strerror or fault}")
    except KeyboardInterrupt:
        _err.print("stopped; nothing was written")
        sys.exit(130)


def _complain(text: str) -> NoReturn:
    # unwrapped, so that a path can be copied
    _err.print(f"[bold red]error[/] {escape(text)}", soft_wrap=True)
    sys.exit(2)


def _load(path: Path) -> Study:
    with _err.status("reading the study") as status:
        return load(path, status.update)


def _checked(study: Study, on_road: pd.DataFrame) -> list[str]:
    """Return what a study holds, and how many of its places are on a road."""
    from carecircle.outputs.issue_words import issue_counts, issue_table

    linked = zip(on_road.index, on_road["on_road"], on_road["places"], strict=True)
    if study.card.language != "zh":
        told = ", ".join(f"{n:,} of {places:,} {name}" for name, n, places in linked)
        return [repr(study), *([f"on a road: {told}"] if told else [])]
    counts = "、".join(
        f"{issue_table(name, 'zh')} {len(getattr(study, name)):,}"
        for name in ("areas", "homes", "facilities")
    )
    roads = f"道路 {len(study.tables.roads):,} 段"
    told = "、".join(f"{issue_table(name, 'zh')} {n:,}/{places:,}" for name, n, places in linked)
    held = f"{study.card.title_zh}:{counts}、{roads};{issue_counts(study.issues, 'zh')}"
    return [held, *([f"接上道路:{told}"] if told else [])]


def _run(
    load: Callable[[Callable[[str], None]], Study],
    out: Path,
    *,
    as_json: bool,
    publish: bool = False,
    also: tuple[str, ...] = (),
) -> Result:
    from carecircle.outputs.folder import save_folder, writers_with
    from carecircle.outputs.issue_words import issue_counts
    from carecircle.outputs.summary import summary_rows
    from carecircle.study.assessment import assess

    with _err.status("starting") as status:
        study = load(status.update)
        result = assess(study, tell=status.update)
        writers = writers_with(**_extras(study, result, also, status.update))
        status.update("writing results")
        folder = result.publish(out) if publish else save_folder(result, out, writers=writers)
    rows = summary_rows(result)
    if as_json:
        facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        typer.echo(json.dumps(facts["headline"], ensure_ascii=False, indent=1))
        if not publish:
            tell_internal(result.card)
        return result
    card = result.card
    title = card.title_zh if card.language == "zh" else card.title
    table = Table(title=escape(f"{title}  {card.as_of}"), show_header=False, title_justify="left")
    for _ in ("what", "figure"):  # a figure cut short by the terminal would be another figure
        table.add_column(overflow="fold")
    for what, figure in rows:
        table.add_row(escape(what), escape(figure))
    _out.print(table)
    tell_synthetic(card)
    counts = issue_counts(result.issues, card.language)
    say(picked(card, f"数据问题:{counts},见 issues.csv", f"{counts}; see issues.csv"))
    tell_path("results", folder, card)
    _tell_map_size(folder / "map.html", card)
    if "report" in also:
        tell_path("report", folder / "report.html", card)
    if not publish:
        tell_internal(card)
    return result


def _extras(
    study: Study, result: Result, also: tuple[str, ...], tell: Callable[[str], None]
) -> dict[str, Any]:
    """Return the report if asked for and, where the study knows supply, access for the map."""
    from carecircle.depth.access import access_of
    from carecircle.reporting import make_report

    made: dict[str, Any] = {}
    if "access" in also:
        with contextlib.suppress(CarecircleError):  # the report says why there is none
            made["access"] = access_of(study)
    if "report" in also:
        made["report"] = make_report(study, result=result, tell=tell)
    return made


def _tell_map_size(path: Path, card: StudyCard) -> None:
    """Say how large the map is, and what makes it smaller where it will open slowly."""
    if not path.is_file():
        return
    size = path.stat().st_size / 1e6
    zh, en = (
        f"地图大小:{size:.1f} MB,上限 {_MAP_MB:g} MB",
        f"map: {size:.1f} MB of at most {_MAP_MB:g} MB",
    )
    if size > _MAP_MB:
        zh += ";超出上限,减少住宅点(按街坊或格网)可缩小"
        en += "; over budget: fewer homes (blocks, grid) make it smaller"
    say(picked(card, zh, en))


def _print_issues(issues: IssueLog, card: StudyCard) -> None:
    from carecircle.outputs.codes import CODES
    from carecircle.outputs.issue_words import issue_line

    records: dict[Issue, list[str]] = {}
    for issue in issues.worst_first():  # what is said of many records alike is said once
        records.setdefault(replace(issue, record=""), []).append(issue.record)
    shown = list(records.items())[:_SHOWN_ISSUES]
    for issue, named in shown:
        severity = picked(card, *CODES["severity"][issue.severity])
        some = ", ".join(named[:_SHOWN_RECORDS]) + ", ..." * (len(named) > _SHOWN_RECORDS)
        some += f" ({len(named):,})" * (len(named) > 1)
        say(f"{severity:8} {issue_line(replace(issue, record=some), card.language)}")
    left = len(issues) - sum(len(named) for _, named in shown)
    more = f"{left:,}"
    if left:
        say(picked(card, f"……另有 {more} 条,--json 可列出全部",
                          f"... and {more} more; --json lists all"))  # fmt: skip


def _fail(issues: IssueLog, fail_on: str) -> None:
    bad = {"error": ("fatal", "error"), "warning": ("fatal", "error", "warning")}.get(fail_on, ())
    if any(issue.severity in bad for issue in issues):
        raise typer.Exit(1)
