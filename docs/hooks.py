"""Pages that cannot rot: tables and help, written when the documentation is built."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.testing import CliRunner

import carecircle as cc
from carecircle.cli.main import app
from carecircle.outputs.codes import LAYERS, SHEETS, UNITS
from carecircle.outputs.labels import field
from carecircle.outputs.workbook.tables import table_frames
from carecircle.study.file import SECTIONS
from carecircle.study.meanings import meaning_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

DOCS = Path(__file__).parent
_WORDS = {
    "required": ("required", "必填"),
    "optional": ("may be left out", "可省略"),
    "repeated": ("may be repeated", "可重复"),
    "key": (("key", "type", "default", "meaning"), ("键", "类型", "默认值", "含义")),
    "column": (("column", "中文", "unit", "meaning"), ("列", "English", "单位", "含义")),
    "profile": (("profile", "mode", "m/s", "source"), ("出行方式", "方式", "m/s", "来源")),
    "preset": (
        ("preset", "standard", "rules", "wording verified"),
        ("预设", "标准", "规则数", "条文已核实"),
    ),
    "layer": ("layer", "图层"),
    "option": (("option", "default", "meaning"), ("参数与选项", "默认", "含义")),
}


def say(word: str, language: str) -> Any:
    """Return a word, or a row of words, of one language."""
    return _WORDS[word][language == "zh"]


def study_file(language: str = "en") -> str:
    """Return every section and key of the study file."""
    parts = []
    for section in SECTIONS:
        notes = [say("required" if section.required else "optional", language)]
        if section.repeated:
            notes.append(say("repeated", language))
        rows = (
            (
                f"`{key.name}`",
                key.kind,
                _default(key, language),
                _choices(meaning_of(section, key, language), key.choices),
            )
            for key in section.keys
        )
        told = _sentence(meaning_of(section, language=language))
        parts.append(
            f"## `{section.title}`\n\n{told} ({', '.join(notes)})\n\n"
            + table(say("key", language), rows)
        )
    return "\n\n".join(parts)


def results(language: str = "en") -> str:
    """Return every column of every table and layer, from an assessment of the toy town."""
    result = cc.assess(cc.samples.toy_town())
    frames = {name: frame.columns for name, frame in table_frames(result).items()}
    parts = [
        _columns(f"{SHEETS[name][language == 'en']} · `{name}`", name, columns, language)
        for name, columns in frames.items()
    ]
    for name in ("circles", "reached_roads"):
        columns = [c for c in getattr(result, name).columns if c != "geometry"]
        title = f"{LAYERS[name][language == 'en']} · `{name}` ({say('layer', language)})"
        parts.append(_columns(title, name, columns, language))
    return "\n\n".join(parts)


def profiles(language: str = "en") -> str:
    """Return the travel profiles that are known by name."""
    rows = (
        (f"`{name}`", profile.mode, f"{profile.speed_m_s:.2f}", profile.source)
        for name, profile in cc.PROFILES.items()
    )
    return table(say("profile", language), rows)


def presets(language: str = "en") -> str:
    """Return the standards that come with the package."""
    rows = []
    for name in cc.preset_names():
        preset = cc.load_preset(name)
        verified = sum(rule.verified for rule in preset.rules)
        title = preset.title_zh if language == "zh" else preset.title_en
        rows.append((f"`{name}`", title, str(len(preset.rules)), str(verified)))
    return table(say("preset", language), rows)


def api(language: str = "en") -> str:
    """Return one entry for each public name; in Chinese, links to the entries."""
    names = [name for name in cc.__all__ if name not in ("errors", "samples")]
    full = [f"carecircle.{name}" for name in names]
    for module in ("samples", "errors"):
        full += [f"carecircle.{module}.{name}" for name in getattr(cc, module).__all__]
    if language == "zh":
        return "\n".join(f"- [`{name}`](../api.md#{name})" for name in full)
    own = "\n\n".join(f"::: {name}" for name in full[: len(names)])
    parts = [own]
    for module in ("samples", "errors"):
        parts.append(f"## carecircle.{module}\n")
        parts += [f"::: {name}" for name in full if name.startswith(f"carecircle.{module}.")]
    return "\n\n".join(parts)


def commands() -> list[tuple[str, ...]]:
    """Return every command of the command line, groups before what they hold."""

    def below(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        found = [path]
        for name in sorted(getattr(command, "commands", {})):
            found += below(command.commands[name], (*path, name))  # type: ignore[attr-defined]
        return found

    return below(typer.main.get_command(app), ())


def cli(language: str = "en") -> str:
    """Return every command: its help, as the command prints it; in Chinese its meaning first."""
    parts = []
    for path in commands():
        name = " ".join(("carecircle", *path))
        shown = f"```text\n{_help(path)}\n```"
        if language == "zh":
            folded = shown.replace("\n", "\n    ")
            shown = f'{_told(path)}\n\n??? quote "`{name} --help`"\n\n    {folded}'
        parts.append(f"## {name}\n\n{shown}")
    return "\n\n".join(parts)


@cache
def chinese_help() -> dict[str, dict[str, str]]:
    """Return what each sentence of the help says in Chinese."""
    return tomllib.loads((DOCS / "cli.zh.toml").read_text(encoding="utf-8"))


def in_chinese(part: str, told: str) -> str:
    """Return a sentence of the help in Chinese; English where no other is written."""
    return chinese_help()[part].get(told, told)


def command_of(path: tuple[str, ...]) -> Any:
    """Return a command of the command line."""
    command: Any = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    return command


def _told(path: tuple[str, ...]) -> str:
    """Return the meaning of a command and of all it takes, in Chinese."""
    command = command_of(path)
    rows = [
        (
            f"`{param.metavar or param.name}`"
            if param.param_type_name == "argument"
            else ", ".join(f"`{name}`" for name in param.opts),
            "" if param.default is False else _default(param, "zh"),
            in_chinese("options", param.help),
        )
        for param in command.params
    ]
    parts = [in_chinese("commands", command.help)]
    parts += [table(say("option", "zh"), rows)] if rows else []
    below = getattr(command, "commands", {}).items()
    parts += ["\n".join(f"- `{name}`: {_first(one)}" for name, one in below)] if below else []
    return "\n\n".join(parts)


def _first(command: Any) -> str:
    return in_chinese("commands", command.help).partition("\n")[0]


@cache
def _help(path: tuple[str, ...]) -> str:
    # plain text of a width that fits a page, whatever the terminal of the builder
    plain = {"COLUMNS": "96", "TERMINAL_WIDTH": "96", "NO_COLOR": "1", "TERM": "dumb"}
    said = CliRunner().invoke(app, [*path, "--help"], env=plain, prog_name="carecircle")
    return "\n".join(line.rstrip() for line in said.output.strip("\n").splitlines())


WRITERS: dict[str, Callable[[str], str]] = {
    "study_file": study_file,
    "results": results,
    "profiles": profiles,
    "presets": presets,
    "api": api,
    "cli": cli,
}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replace ``<!-- write: NAME -->`` by what NAME writes; called by mkdocs for each page."""
    language = "zh" if page.file.src_uri.startswith("zh/") else "en"
    for name, write in WRITERS.items():
        mark = f"<!-- write: {name} -->"
        if mark in markdown:
            markdown = markdown.replace(mark, write(language))
    return markdown


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )


def _columns(title: str, name: str, columns: Iterable[str], language: str) -> str:
    own = language == "en"  # the place of the language in a pair
    rows = []
    for column in columns:
        known = field(name, column)
        heading, told = known.heading[own], known.meaning[own]
        said = heading if told in ("", heading) else f"{heading}: {told}"
        unit = UNITS.get(known.unit, (known.unit, known.unit))[own]
        rows.append((f"`{column}`", known.heading[not own], unit, said))
    return f"## {title}\n\n" + table(say("column", language), rows)


def _default(key: Any, language: str) -> str:
    if key.required:
        return f"**{say('required', language)}**"
    if key.default is None or key.default in ("", [], {}):
        return ""
    if isinstance(key.default, bool):
        return f"`{str(key.default).lower()}`"
    return f"`{key.default}`".replace("'", '"')


def _choices(meaning: str, choices: tuple[str, ...]) -> str:
    return f"{meaning}: {', '.join(f'`{choice}`' for choice in choices)}" if choices else meaning


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
