"""What sections and keys of the study file mean, in English and Chinese."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from carecircle.study.file import Key, Section

__all__ = ["meaning_of"]


def meaning_of(section: Section, key: Key | None = None, language: str = "en") -> str:
    """Return the meaning of a key, or without one of its section, in ``"en"`` or ``"zh"``.

    Examples
    --------
    >>> from carecircle.study.file import SECTIONS
    >>> meaning_of(SECTIONS[0], SECTIONS[0].keys[0]), meaning_of(SECTIONS[0], language="zh")
    ('title in English', '研究的名称和计算用的坐标系')
    """
    if language == "zh":
        own, name = _chinese().get(section.name, {}), key.name if key else "_"
        found: str = own.get(name) or _chinese()["source"].get(name)
        if found:
            return found
    return key.meaning if key else section.meaning


@cache
def _chinese() -> dict[str, Any]:
    text = resources.files("carecircle.study").joinpath("meanings.zh.toml")
    return tomllib.loads(text.read_text(encoding="utf-8"))
