"""The command line of reports: the twelve parts as HTML, Word and PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from carecircle.cli.telling import load, tell_internal, tell_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecircle.study.assessment import Result, Study

__all__ = ["app", "report"]

app = typer.Typer()
_err = Console(stderr=True, highlight=False)

StudyPath = Annotated[
    Path,
    typer.Argument(
        help="study.toml, the folder that holds it (here if none is named), or a saved result."
    ),
]


@app.command()
def report(
    study: StudyPath = Path(),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write; by default `report` beside the study or result."),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="Of html, docx and pdf, joined by commas.")
    ] = "html,docx",
    language: Annotated[
        Literal["zh", "en"] | None, typer.Option(help="Language; that of the study when missing.")
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(help="Study or result of the last evaluation, for the part on changes."),
    ] = None,
) -> None:
    """Assess a study and write its evaluation report: twelve parts with tables and maps.

    Of a saved result the report is made from its figures; what needs the roads says so.
    """
    from carecircle.reporting import make_report

    chosen: Any = [one.strip() for one in formats.split(",") if one.strip()]
    with _err.status("reading the study") as status:
        asked = _read(study, status.update)
        earlier = None if before is None else _assessed(before, status.update)
        made = make_report(asked, before=earlier, language=language, tell=status.update)
        beside = study if study.is_dir() and not _is_result(study) else study.parent
        written = made.save(out or beside / "report", formats=chosen)
    if made.banner:
        typer.echo(made.banner)
    for one in chosen:
        tell_path("report", written / f"report.{one}", made.findings.card)
    if "masked" not in made.findings.provenance:
        tell_internal(made.findings.card)


def _is_result(path: Path) -> bool:
    return (
        path.is_dir() and (path / "manifest.json").is_file() and not (path / "study.toml").is_file()
    )


def _read(path: Path, tell: Callable[[str], None]) -> Study | Result:
    from carecircle.audit.stored import open_result

    return open_result(path) if _is_result(path) else load(path, tell)


def _assessed(path: Path, tell: Callable[[str], None]) -> Result:
    from carecircle.study.assessment import Result, assess

    read = _read(path, tell)
    return read if isinstance(read, Result) else assess(read)
