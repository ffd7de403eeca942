"""What every command says in the language of the study: problems, what it wrote, who may see it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from rich.console import Console

from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carecircle.analysis.findings import StudyCard
    from carecircle.study.assessment import Study

__all__ = ["load", "picked", "say", "tell_internal", "tell_path", "tell_synthetic"]

_out = Console(highlight=False, markup=False, emoji=False)
_err = Console(stderr=True, highlight=False, markup=False, emoji=False)
_SYNTHETIC = "合成数据，非官方统计 / synthetic data, not official statistics"
_WRITTEN = {"results": "结果", "report": "报告", "map": "地图", "indicators": "指标", "table": "表"}


def load(path: Path, tell: Callable[[str], None]) -> Study:
    """Read a study; what stops it is said in the language that the study file asks for."""
    from carecircle.outputs.issue_words import issue_line
    from carecircle.study.assessment import load_study

    try:
        return load_study(path, tell=tell)
    except InputError as fault:
        if not fault.issues or _language_of(path) != "zh":
            raise
        # the notes beside them are for those who get a result
        stopped = [one for one in fault.issues if one.severity == "fatal"] or fault.issues
        lines = [issue_line(issue, "zh") for issue in stopped]
        raise InputError("\n".join(lines), fault.issues) from fault


def _language_of(path: Path) -> str:
    """Return the language of a study file, which may be wrong in every other way."""
    file = path / "study.toml" if path.is_dir() else path
    try:
        about = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("study")
    except (OSError, ValueError):
        return "en"
    return str(about.get("language", "zh")) if isinstance(about, dict) else "zh"


def say(text: str, *, err: bool = False) -> None:
    """Print a line as it is, unwrapped, so that a path can be copied.

    A terminal that cannot show Chinese shows ``?``; click would send it bytes it cannot read.
    """
    (_err if err else _out).print(text, soft_wrap=True)


def picked(card: StudyCard, chinese: str, english: str) -> str:
    """Return the text in the language of the card."""
    return chinese if card.language == "zh" else english


def tell_path(what: str, path: Path, card: StudyCard, *, as_json: bool = False) -> None:
    """Say where something was written; beside JSON on the other stream."""
    say(f"{picked(card, _WRITTEN[what], what)}: {path}", err=as_json)


def tell_internal(card: StudyCard) -> None:
    """Say that what was written holds small counts of people, so nobody publishes it as it is."""
    from carecircle.outputs.masking import INTERNAL

    say(picked(card, *INTERNAL), err=True)


def tell_synthetic(card: StudyCard) -> None:
    """Say that the data are made up, where they are."""
    if card.synthetic:
        say(_SYNTHETIC)
