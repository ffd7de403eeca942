"""The command line of indicators and of the depth of a verdict: sure how far, shared among whom."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from carecircle.cli.telling import load, tell_internal, tell_path, tell_synthetic
from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carecircle.analysis.decay import Decay
    from carecircle.study.assessment import Result, Study

__all__ = ["access", "app", "depth", "indicators"]

app = typer.Typer()
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)
_UNIT = ("单元", "unit")
_WIDE = 200

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
StudyPath = Annotated[
    Path, typer.Argument(help="study.toml, or the folder that holds it; here if none is named.")
]
Folder = Annotated[Path, typer.Option("--out", help="Result folder, whole or not at all.")]
MaybeFolder = Annotated[
    Path | None, typer.Option("--out", help="Also write the result folder, whole or not at all.")
]
Level = Literal["city", "district", "street", "area"]
Decays = Literal["flat", "linear", "gaussian"]


@app.command()
def indicators(
    study: StudyPath = Path(),
    *,
    level: Annotated[Level, typer.Option(help="Units that are told.")] = "city",
    readings: Annotated[
        bool, typer.Option("--readings", help="Other readings and text targets of the plan too.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Also write them to this file: .csv or .xlsx.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute the indicators of a study's plan: figure, fraction, baseline, target, status."""
    from carecircle.outputs.workbook.indicators import indicator_table

    if out is not None and out.suffix.lower() not in (".csv", ".xlsx"):
        raise InputError(f"--out {out}: give a file that ends in .csv or .xlsx")
    with _err.status("reading the study") as status:
        result = _indicated(study, level, status.update)
    shown = replace(result, indicators=_of_level(result.indicators, level, readings=readings))
    if as_json:
        rows = indicator_table(shown)
        typer.echo(json.dumps(_records(rows), ensure_ascii=False, indent=1))
    else:
        _print_indicators(shown, level)
    if out is not None:
        tell_path("indicators", _write_table(shown, out), shown.card, as_json=as_json)
        tell_internal(shown.card)


@app.command()
def depth(
    study: StudyPath,
    out: Folder,
    draws: Annotated[int, typer.Option(help="How often everything is drawn.", min=1)] = 200,
    *,
    as_json: AsJson = False,
) -> None:
    """Say how sure every verdict is, which gaps in the roads it hangs on, what would change it."""
    from carecircle.depth.certainty import usual_uncertainty
    from carecircle.depth.verdicts import depth_of

    with _err.status("reading the study") as status:
        loaded = load(study, status.update)
        drawn = replace(usual_uncertainty(loaded), draws=draws)
        found = depth_of(loaded, uncertainty=drawn, tell=status.update)
        status.update("writing results")
        folder = found.save(out)
    _told(loaded, found.lines, found.facts, as_json=as_json)
    _tell_folder(loaded, folder, as_json=as_json)


@app.command()
def access(
    study: StudyPath = Path(),
    method: Annotated[
        Literal["two_step", "three_step", "modified"],
        typer.Option(help="2SFCA, 3SFCA or modified 2SFCA."),
    ] = "two_step",
    decay: Annotated[Decays, typer.Option(help="How weight falls with minutes.")] = "flat",
    supply: Annotated[
        str,
        typer.Option(help="Column of the facilities that is shared; facilities: one each."),
    ] = "places",
    out: MaybeFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Share the supply among the elders who reach it; say who finds no place and how fair it is."""
    from carecircle.analysis.decay import Flat, Gaussian, Linear
    from carecircle.depth.access import access_of, places_of
    from carecircle.depth.access_folder import access_facts, access_lines, save_access

    decays: dict[str, Decay] = {"flat": Flat(), "linear": Linear(), "gaussian": Gaussian()}
    chosen = decays[decay]
    with _err.status("reading the study") as status:
        loaded = load(study, status.update)
        status.update("sharing the supply")
        found = access_of(loaded, supply=supply, method=method, decay=chosen)
        status.update("giving out the places")
        left = places_of(loaded) if "places" in loaded.facilities else None
        if out is not None:
            status.update("writing results")
            out = save_access(loaded, found, left, out)
    _told(loaded, access_lines(found, left), access_facts(found, left), as_json=as_json)
    if out is not None:
        _tell_folder(loaded, out, as_json=as_json)


def _indicated(path: Path, level: Level, tell: Callable[[str], None]) -> Result:
    """Return the assessment of a study with its plan's indicators at one level."""
    from carecircle.standards.indicators import plan_lines
    from carecircle.study.assessment import assess

    loaded = load(path, tell)
    plans = [preset for preset in loaded.terms.presets if plan_lines(preset)]
    if not plans:
        named = ", ".join(preset.id for preset in loaded.terms.presets) or "none"
        msg = (
            f"{path}: no standard of the study is a plan with indicators (named: {named}); add"
            ' one under [rules], such as presets = ["wuhai_plan_2021"]'
        )
        raise InputError(msg)
    result = assess(loaded, tell=tell)
    if level != "area":  # the result tells each line at the levels of the plan
        return result
    from carecircle.standards.indicators import indicators as compute
    from carecircle.standards.rule_frames import RuleFrames

    tables = loaded.tables
    frames = RuleFrames.from_findings(
        result, projects=tables.projects, rosters=tables.rosters, observations=tables.observations
    )
    return replace(
        result, indicators=pd.concat([compute(frames, plan, levels=[level]) for plan in plans])
    )


def _of_level(table: pd.DataFrame, level: Level, *, readings: bool) -> pd.DataFrame:
    """Return the lines of a level: those to quote, or all."""
    from carecircle.outputs.workbook.indicators import quoted

    if level == "city" and not readings:
        return quoted(table)
    here = table[table.index.get_level_values("level") == level]
    return here if readings else here[here["headline"].astype(bool)]


def _print_indicators(result: Result, level: Level) -> None:
    from carecircle.outputs.workbook.indicators import (
        INDICATOR_HEADS,
        indicator_cells,
        indicator_table,
    )

    card, pick = result.card, 0 if result.card.language == "zh" else 1
    heads = [head[pick] for head in INDICATOR_HEADS]
    title = f"{(card.title_zh, card.title)[pick]}  {card.as_of}"
    table = Table(title=escape(title), title_justify="left")
    for head in heads if level == "city" else [_UNIT[pick], *heads]:
        table.add_column(head, overflow="fold")
    rows = indicator_table(result)
    for row in rows.to_dict("records"):
        unit = [] if level == "city" else [f"{row['unit_id']} {row['name']}"]
        table.add_row(*(escape(cell) for cell in [*unit, *indicator_cells(row, pick)]))
    # a pipe or a file has no width to keep to
    out = _out if _out.is_terminal else Console(highlight=False, width=_WIDE)
    out.print(table)
    tell_synthetic(card)


def _write_table(result: Result, path: Path) -> Path:
    """Write the indicators to one file, whole or not at all."""
    from carecircle.outputs.workbook.tables import write_indicators, write_tables

    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f".{secrets.token_hex(4)}-{target.name}")
    try:
        if target.suffix.lower() == ".csv":
            write_indicators(result, made)
        else:
            write_tables(result, made, only=("indicators",))
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)
    return target


def _tell_folder(study: Study, folder: Path, *, as_json: bool) -> None:
    tell_path("results", folder, study.card, as_json=as_json)
    tell_internal(study.card)


def _told(
    study: Study, lines: Sequence[tuple[str, str]], facts: dict[str, Any], *, as_json: bool
) -> None:
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    for what, said in lines:
        typer.echo(f"{what}: {said}")
    tell_synthetic(study.card)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    from carecircle.outputs.manifest import plain_json

    rows: list[dict[str, Any]] = plain_json(frame.to_dict("records"))
    return rows
