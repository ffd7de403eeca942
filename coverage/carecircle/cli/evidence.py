"""The command line of evidence: explain a figure, make a result again, compare years."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console

__all__ = ["app", "compare_years", "explain", "replay"]

app = typer.Typer()
_err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
ResultPath = Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.")]
StudyFile = Annotated[
    Path | None, typer.Option("--study", help="The study file, where it has moved.")
]


@app.command()
def explain(
    result: ResultPath,
    figure: Annotated[
        str,
        typer.Argument(
            help="Such as city.elders_rate, area:A01.verdict, area:A01.floor.shortfall_m2,"
            " rule:PRESET/RULE@city or indicator:3@city."
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Say how a figure came about and count it again; code 1 if it comes out otherwise."""
    from carecircle.audit.stored import changed_files, open_result

    found = open_result(result).explain(figure)
    if as_json:
        facts = {"figure": found.figure, "value": found.value, "again": found.again,
                 "agrees": found.agrees, "lines": [list(line) for line in found.lines]}  # fmt: skip
        typer.echo(_json(facts))
    else:
        typer.echo(str(found))
    for name in changed_files(result):
        typer.echo(f"{name} is not as it was written", err=True)
    if found.agrees is False:
        raise typer.Exit(1)


@app.command()
def replay(result: ResultPath, study: StudyFile = None, *, as_json: AsJson = False) -> None:
    """Make a result again from its manifest; code 1 if inputs changed or any figure differs."""
    from carecircle.audit.replaying import replay as run_again

    with _err.status("reading the manifest") as status:
        found = run_again(result, study=study, tell=status.update)
    if as_json:
        facts = {
            "equal": found.equal, "ran": found.ran, "inputs": found.inputs.to_dict("records"),
            "settings": found.settings, "versions": found.versions, "files": found.files,
            "differences": found.differences.to_dict("records"),
        }  # fmt: skip
        typer.echo(_json(facts))
    else:
        typer.echo(str(found))
    if not found.equal:
        raise typer.Exit(1)


@app.command("compare-years")
def compare_years(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Two result folders, or more.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Also write the change of every figure to this CSV file.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Split the change of every figure by facilities, roads, population, boundaries and rules."""
    from carecircle.audit.replaying import study_of_result
    from carecircle.audit.years import compare_years as split
    from carecircle.outputs.masking import INTERNAL
    from carecircle.outputs.workbook.tables import write_csv

    with _err.status("reading the studies") as status:
        studies = [study_of_result(folder, tell=status.update) for folder in results]
        found = split(studies, tell=status.update)
    city = found.of_city()
    if as_json:
        facts = {"city": city.reset_index().to_dict("records"), "assessments": found.assessments,
                 "progress": _followed(found.progress).to_dict("records")}  # fmt: skip
        typer.echo(_json(facts))
    else:
        typer.echo(str(found))
        for row in _followed(found.progress).to_dict("records"):
            value = "--" if pd.isna(row["value"]) else f"{row['value']:g}"
            name = row["name_zh"] if found.language == "zh" else row["name_en"]
            typer.echo(f"{row['as_of']} {row['line']} {name}: {value} > {row['target']:g}"
                       f" {row['unit']}, {row['status']}")  # fmt: skip
    if out is not None:
        write_csv(found.table.reset_index(), out)
        typer.echo(f"table: {out}", err=as_json)
        typer.echo(INTERNAL[0 if found.language == "zh" else 1], err=True)


def _followed(progress: pd.DataFrame) -> pd.DataFrame:
    """Return the lines to quote of the cities, on the last day."""
    if progress.empty:
        return pd.DataFrame()
    rows = progress.reset_index()
    last = rows["as_of"] == rows["as_of"].max()
    shown = rows[last & (rows["level"] == "city") & rows["headline"].astype(bool)]
    return shown[["as_of", "line", "name_zh", "name_en", "value", "target", "unit", "status"]]


def _json(facts: Any) -> str:
    from carecircle.outputs.manifest import plain_json

    return json.dumps(plain_json(facts), ensure_ascii=False, indent=1)
