"""The command line of reports: the twelve parts as HTML, Word and PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from carecircle.errors import InputError

__all__ = ["app", "report"]

app = typer.Typer()
_err = Console(stderr=True, highlight=False)

StudyPath = Annotated[Path, typer.Argument(help="study.toml, or the folder that holds it.")]


@app.command()
def report(
    study: StudyPath,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; by default `report` beside the study.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="Of html, docx and pdf, joined by commas.")
    ] = "html,docx",
    language: Annotated[
        Literal["zh", "en"] | None, typer.Option(help="Language; that of the study when missing.")
    ] = None,
    before: Annotated[
        Path | None, typer.Option(help="Study of the last evaluation, for the part on changes.")
    ] = None,
) -> None:
    """Assess a study and write its evaluation report: twelve parts with tables and maps."""
    from carecircle.reporting import make_report
    from carecircle.study.assessment import assess, load_study

    chosen: Any = [one.strip() for one in formats.split(",") if one.strip()]
    _refuse_result(study)
    with _err.status("reading the study") as status:
        loaded = load_study(study, tell=status.update)
        earlier = None if before is None else assess(load_study(before, tell=status.update))
        made = make_report(loaded, before=earlier, language=language, tell=status.update)
        folder = study if study.is_dir() else study.parent
        written = made.save(out or folder / "report", formats=chosen)
    if made.banner:
        typer.echo(made.banner)
    for one in chosen:
        # plain print: a path must stay on one line so that it can be copied
        typer.echo(f"report: {written / f'report.{one}'}")


def _refuse_result(path: Path) -> None:
    """Raise when a result folder is given: it holds figures, but not what to search again."""
    if path.is_dir() and (path / "manifest.json").is_file() and not (path / "study.toml").is_file():
        msg = f"{path} is a saved result; name the study it was made from (study.toml)"
        raise InputError(msg)
