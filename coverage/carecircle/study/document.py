"""The text of a study file: found, decoded and parsed, or one line that says what to mend."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from carecircle.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_document"]

_LINE = re.compile(r"\(at line (\d+)")


def read_document(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    InputError
        If it is missing (names the folder looked into and the studies near it) or is not TOML in
        UTF-8 (quotes the line).

    Examples
    --------
    >>> from pathlib import Path
    >>> read_document(Path("/nowhere/study.toml"))
    Traceback (most recent call last):
    ...
    carecircle.errors.InputError: study: /nowhere/study.toml not found (TOML files there: none); \
`carecircle init DIR` makes one
    """
    if not path.is_file():
        raise InputError(_not_found(path.resolve()))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        msg = f"study: {path.name} is not a TOML file in UTF-8: {fault}"
        raise InputError(msg + _hint(path, fault)) from fault


def _not_found(path: Path) -> str:
    """Say which folder was looked into, and where studies are near it."""
    there = path.parent if path.parent.is_dir() else path.parent.parent
    near = ", ".join(sorted(p.name for p in there.glob("*.toml"))) or "none"
    below = ", ".join(sorted(p.parent.name for p in there.glob("*/study.toml")))
    hint = f"studies in the folders {below}; " if below else ""
    return (
        f"study: {path} not found (TOML files there: {near}); {hint}`carecircle init DIR` makes one"
    )


def _hint(path: Path, fault: Exception) -> str:
    """Return what helps with the commonest faults, with the line they are in."""
    if isinstance(fault, UnicodeDecodeError):
        return "; give study.toml or its folder, and save it as UTF-8"
    place = _LINE.search(str(fault))
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    text = lines[int(place[1]) - 1].strip() if place and int(place[1]) <= len(lines) else ""
    hint = (
        "write paths with /, texts in quotes, dates as 2025-12-31"
        if "=" in text
        else "correct the line"
    )
    return f": {text}; {hint}"
