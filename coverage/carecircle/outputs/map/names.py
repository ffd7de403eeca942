"""Names as people type them: pinyin beside the characters, made when the map is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["pinyin_keys"]


def pinyin_keys(names: Iterable[str]) -> list[str]:
    """Return each name in pinyin, syllables apart and without tones; what is not Chinese stays.

    The page finds a name by its characters, by its syllables and by their first letters.

    Examples
    --------
    >>> pinyin_keys(["新华社区", "绿地A1", "Ulan"])
    ['xin hua she qu', 'lv di a1', 'ulan']
    """
    # it loads a dictionary of 40,000 phrases: only maps need it
    from pypinyin import lazy_pinyin

    return [" ".join(lazy_pinyin(name)).lower() for name in names]
