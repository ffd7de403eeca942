"""The command line of rules: list them, show one, check a file of one's own."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carecircle.inputs.issues import Issue, IssueLog
    from carecircle.standards.rules import Preset, Rule

__all__ = ["app", "list_rules", "show", "validate"]

app = typer.Typer(
    help="Rules as data: list them, show one, check a file of your own.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Own = Annotated[Path | None, typer.Option("--file", help="Look in this rule file too.")]


@app.command("list")
def list_rules(
    presets: Annotated[list[str] | None, typer.Argument(help="Presets; all when none.")] = None,
    own: Own = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the rules of the presets, each with its limit and whether its wording is verified."""
    rows = [(preset.id, rule) for preset in _presets(presets, own) for rule in preset.rules]
    if as_json:
        facts = [{"preset": preset} | _facts(rule) for preset, rule in rows]
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    # plain lines: an id must stay on one line so that it can be copied
    width = max(len(rule.id) for _, rule in rows)
    shown = ""
    for preset, rule in rows:
        if preset != shown:
            typer.echo(preset)
            shown = preset
        test = f"{rule.comparator} {rule.limit} {rule.unit}"
        typer.echo(
            f"  {rule.id:{width}}  {rule.level:8}  {test}; {_verified(rule)}; {rule.title_zh}"
        )


@app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Rule, PRESET/RULE or preset.")],
    own: Own = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show everything a rule says; of every preset that has one of this name."""
    found = list(_named(rule_id, _presets(None, own)))
    if not found:
        from carecircle.inputs.headings import did_you_mean

        known = [rule.id for preset in _presets(None, own) for rule in preset.rules]
        near = did_you_mean(rule_id, known)
        hint = f"did you mean {near!r}? " if near else ""
        msg = f"rules: no rule {rule_id!r}; {hint}`carecircle rules list` prints all"
        raise InputError(msg)
    if as_json:
        facts = [{"preset": preset.id} | _facts(rule) for preset, rule in found]
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    for preset, rule in found:
        typer.echo(
            f"{rule.id}  {rule.title_zh} / {rule.title_en}  [{preset.id}, {_verified(rule)}]"
        )
        for name, value in _facts(rule).items():
            if value not in ("", None, {}, []) and name not in ("id", "title_zh", "title_en"):
                shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                typer.echo(f"  {name}: {shown}")
        typer.echo(f"  formula: {_formula(preset, rule)}")


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(help="A rule file (TOML).")],
    as_of: Annotated[str, typer.Option(help="Day for validity, such as 2025-12-31.")] = "",
) -> None:
    """Check a rule file; each fault is one line with file and line number."""
    from carecircle.inputs.issues import IssueLog
    from carecircle.standards.presets import read_rules

    log = IssueLog()
    try:
        day = dt.date.fromisoformat(as_of) if as_of else dt.date.today()  # noqa: DTZ011  # a day of the user's calendar
    except ValueError as fault:
        raise InputError(f"--as-of: {as_of!r} is no date; write it as 2025-12-31") from fault
    try:
        preset = read_rules(file, as_of=day, log=log)
    except InputError:
        if not log:
            raise
        _print_faults(log)
        raise typer.Exit(2) from None
    _print_faults(log)
    typer.echo(f"{file.name}: {len(preset.rules)} rules, no fault")


def _presets(names: list[str] | None, own: Path | None) -> list[Preset]:
    from carecircle.standards.presets import load_preset, preset_names, read_rules

    chosen = [load_preset(name) for name in (names or preset_names())]
    return [*chosen, read_rules(own)] if own is not None else chosen


def _named(name: str, presets: list[Preset]) -> Iterator[tuple[Preset, Rule]]:
    for preset in presets:
        for rule in preset.rules:
            if name in (rule.id, f"{preset.id}/{rule.id}", preset.id):
                yield preset, rule


def _facts(rule: Rule) -> dict[str, Any]:
    facts = asdict(rule)
    plain = {
        name: str(value) if isinstance(value, dt.date) else value for name, value in facts.items()
    }
    applies = {name: value for name, value in facts["applies"].items() if value}
    return plain | {"limit": str(rule.limit), "applies": applies, "pooling_below": _finite(rule)}


def _finite(rule: Rule) -> float | None:
    return None if rule.pooling == "none" else rule.pooling_below


def _formula(preset: Preset, rule: Rule) -> str:
    from carecircle.standards.formulas import FORMULAS

    formula = (FORMULAS | dict(preset.formulas))[rule.indicator]
    parts = [f"{rule.indicator} = {formula.doc}", formula.source]
    return "; ".join(part for part in parts if part)


def _verified(rule: Rule) -> str:
    return f"verified {rule.checked_on or ''}".strip() if rule.verified else "NOT VERIFIED"


def _print_faults(log: IssueLog) -> None:
    for issue in log.worst_first():
        typer.echo(_line(issue))


def _line(issue: Issue) -> str:
    what = f"{issue.field}: {issue.code.replace('_', ' ')}"
    what += f" ({issue.found})" if issue.found else ""
    what += f", used {issue.used}" if issue.used else ""
    return f"{issue.record}: {issue.severity}: {what}; {issue.fix}"
