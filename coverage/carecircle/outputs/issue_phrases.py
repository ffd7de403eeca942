"""The texts of problems of the input in Chinese, from one table of phrases."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["issue_text", "phrase_of"]

_TABLE = "issue_phrases.toml"
_GAP = re.compile(r"\{(\w+)\}")
#: A value of this name is a text itself, and looked up again.
_AGAIN = "rest"
_KEPT = 4096


class _Phrase(NamedTuple):
    """A text with gaps: how it is found in English, and how it reads in Chinese."""

    longest: str
    pattern: re.Pattern[str]
    chinese: str


def issue_text(text: str, language: str) -> str:
    """Return what a problem says in a language; a text that no phrase knows stays English.

    The programs that find problems write English. :file:`issue_phrases.toml` holds each text they
    can write with its Chinese, values standing as gaps.

    Examples
    --------
    >>> issue_text("3 of 80 missing", "zh"), issue_text("3 of 80 missing", "en")
    ('80 条中缺 3 条', '3 of 80 missing')
    >>> issue_text("did you mean 'homes'? known: areas, homes", "zh")
    "是否应为 'homes'?可用:areas, homes"
    """
    return (phrase_of(text) or text) if language == "zh" else text


@lru_cache(_KEPT)
def phrase_of(text: str) -> str | None:
    """Return the Chinese of a text, ``None`` where no phrase knows it.

    Examples
    --------
    >>> phrase_of("check both"), phrase_of("F01")
    ('请核对两者', None)
    """
    exact, gapped = _phrases()
    if text in exact:
        return exact[text]
    for phrase in gapped:
        found = phrase.pattern.fullmatch(text) if phrase.longest in text else None
        if found is not None:
            return phrase.chinese.format(**dict(_values(found.groupdict())))
    return None


def _values(found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        yield name, (phrase_of(value) or value) if name.startswith(_AGAIN) else value


@lru_cache(1)
def _phrases() -> tuple[dict[str, str], list[_Phrase]]:
    """Return the phrases without gaps, and those with gaps: what says most is tried first."""
    text = (files("carecircle.outputs") / _TABLE).read_text(encoding="utf-8")
    table: dict[str, str] = tomllib.loads(text)
    plain = {english: chinese for english, chinese in table.items() if not _GAP.search(english)}
    gapped = sorted((text for text in table if text not in plain), key=_said, reverse=True)
    return plain, [_phrase(english, table[english]) for english in gapped]


def _said(english: str) -> tuple[int, str]:
    return len(_GAP.sub("", english)), english


def _phrase(english: str, chinese: str) -> _Phrase:
    parts = _GAP.split(english)  # texts at even places, names of gaps between them
    pattern = "".join(
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    return _Phrase(max(parts[::2], key=len), re.compile(pattern, re.DOTALL), chinese)
