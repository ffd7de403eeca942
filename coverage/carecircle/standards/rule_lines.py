"""Where in a rule file a block or key stands: tomllib reads values and forgets their lines."""

from __future__ import annotations

import re

__all__ = ["RuleLines"]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w-]+)(?:\s*\.\s*([\w-]+))?\s*\]\]?")
_KEY = re.compile(r"""^\s*["']?([\w-]+)["']?\s*(?:\.\s*([\w-]+)\s*)?=""")
_QUOTES = ('"""', "'''")


class RuleLines:
    r"""The line numbers of a TOML text, by block and key.

    Examples
    --------
    >>> lines = RuleLines('[preset]\nid = "own"\n\n[[rule]]\nid = "A"\nlimit = 3\n')
    >>> lines.of("rule", 0), lines.of("rule", 0, "limit"), lines.of("rule", 0, "unit")
    (4, 6, 4)
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, int, str], int] = {}
        self._counts: dict[str, int] = {}
        block, sub, quote = "", "", ""
        for number, line in enumerate(text.splitlines(), start=1):
            inside, quote = bool(quote), _open_quote(line, quote)
            if inside:
                continue
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                block, sub = header[2], header[3] or ""
                if header[1] == "[[" and not sub:
                    self._counts[block] = self._counts.get(block, -1) + 1
                self._keep(block, sub, number)
            elif key and block:
                self._keep(block, sub or key[1], number)
                self._keep(block, f"{sub or key[1]}.{key[1] if sub else key[2] or ''}", number)
            elif key:
                self._keep(key[1], "", number)

    def _keep(self, block: str, key: str, number: int) -> None:
        self._lines.setdefault((block, self._counts.get(block, 0), key), number)

    def of(self, block: str, count: int = 0, key: str = "") -> int:
        """Return the line of a key; of its block, or 1, where the key has none of its own."""
        for where in (
            (block, count, key),
            (block, count, key.partition(".")[0]),
            (block, count, ""),
        ):
            if where in self._lines:
                return self._lines[where]
        return 1


def _open_quote(line: str, quote: str) -> str:
    """Return the triple quote that is still open at the end of a line, if any."""
    at = 0
    while True:
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return quote
            at, quote = end + 3, ""
        starts = [(line.find(mark, at), mark) for mark in _QUOTES if line.find(mark, at) >= 0]
        if not starts:
            return ""
        at, quote = min(starts)
        at += 3
