"""Pages that cannot rot: tables of the documentation written from the code when it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import carecircle as cc
from carecircle.outputs.codes import LAYERS, SHEETS, UNITS
from carecircle.outputs.labels import field
from carecircle.outputs.tables import table_frames
from carecircle.study_file import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def study_file() -> str:
    """Return every section and key of the study file."""
    parts = []
    for section in SECTIONS:
        title = f"[[{section.name}]]" if section.repeated else f"[{section.name}]"
        notes = ["required" if section.required else "may be left out"]
        if section.repeated:
            notes.append("may be repeated")
        rows = (
            (f"`{key.name}`", key.kind, _default(key), _choices(key.meaning, key.choices))
            for key in section.keys
        )
        parts.append(
            f"## `{title}`\n\n{_sentence(section.meaning)} ({', '.join(notes)})\n\n"
            + table(("key", "type", "default", "meaning"), rows)
        )
    return "\n\n".join(parts)


def results() -> str:
    """Return every column of every table and layer, from an assessment of the toy town."""
    result = cc.assess(cc.samples.toy_town())
    frames = {name: frame.columns for name, frame in table_frames(result).items()}
    parts = [
        _columns(f"{SHEETS[name][0]} · `{name}`", name, columns) for name, columns in frames.items()
    ]
    for name in ("circles", "reached_roads"):
        columns = [c for c in getattr(result, name).columns if c != "geometry"]
        parts.append(_columns(f"{LAYERS[name][0]} · `{name}` (layer)", name, columns))
    return "\n\n".join(parts)


def profiles() -> str:
    """Return the travel profiles that are known by name."""
    rows = (
        (f"`{name}`", profile.mode, f"{profile.speed_m_s:.2f}", profile.source)
        for name, profile in cc.PROFILES.items()
    )
    return table(("profile", "mode", "m/s", "source"), rows)


def api() -> str:
    """Return one entry for each public name."""
    names = [name for name in cc.__all__ if name not in ("errors", "samples")]
    parts = [f"::: carecircle.{name}" for name in names]
    for module in ("samples", "errors"):
        parts.append(f"## carecircle.{module}\n")
        parts += [f"::: carecircle.{module}.{name}" for name in getattr(cc, module).__all__]
    return "\n\n".join(parts)


WRITERS: dict[str, Callable[[], str]] = {
    "study_file": study_file,
    "results": results,
    "profiles": profiles,
    "api": api,
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace ``<!-- write: NAME -->`` by what NAME writes; called by mkdocs for each page."""
    for name, write in WRITERS.items():
        mark = f"<!-- write: {name} -->"
        if mark in markdown:
            markdown = markdown.replace(mark, write())
    return markdown


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )


def _columns(title: str, name: str, columns: Iterable[str]) -> str:
    rows = []
    for column in columns:
        known = field(name, column)
        zh, en = known.heading
        meaning = known.meaning[1]
        said = en if not meaning or meaning == en else f"{en}: {meaning}"
        rows.append((f"`{column}`", zh, UNITS.get(known.unit, ("", known.unit))[1], said))
    return f"## {title}\n\n" + table(("column", "中文", "unit", "meaning"), rows)


def _default(key: Any) -> str:
    if key.required:
        return "**required**"
    if key.default is None or key.default in ("", [], {}):
        return ""
    if isinstance(key.default, bool):
        return f"`{str(key.default).lower()}`"
    return f"`{key.default}`".replace("'", '"')


def _choices(meaning: str, choices: tuple[str, ...]) -> str:
    return f"{meaning}: {', '.join(f'`{choice}`' for choice in choices)}" if choices else meaning


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
