"""A report as parts of plain blocks, whatever it will be printed as."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Literal
from unicodedata import east_asian_width

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings

__all__ = ["Grid", "Part", "Picture", "Report", "Text", "column_shares", "grid"]

_LINE, _MARGIN, _SHORT = 100, 2, 8  # Latin letters of 8 points on 17 cm
_WEIGHED = 400  # rows that decide on the widths of a long table
_HIGHEST = 3  # so that one cell of four lines counts more than two of two
_WORD = re.compile(r"[!-~]{1,24}|[^ !-~]{1,2}")

Tone = Literal["plain", "lead", "none", "warn"]
Format = Literal["html", "docx", "pdf"]


@dataclass(frozen=True)
class Text:
    """One paragraph; ``lead`` says the finding, ``none`` that there are no data, ``warn`` warns."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Grid:
    """A table of texts; ``numbers`` are columns aligned right, ``marked`` rows in doubt."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A drawing as PNG, with what it shows in words."""

    png: bytes = field(repr=False)
    caption: str
    width_cm: float = 17.0


Block = Text | Grid | Picture


@dataclass(frozen=True)
class Part:
    """One part of the report."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """A report of an assessment, ready to be looked at and saved.

    Attributes
    ----------
    title, subtitle
        Name of the study; the terms of every figure in one line.
    banner
        Printed on every page and at every part: that data are synthetic; empty where they are not.
    parts
        The parts in order.
    findings
        The assessment it tells of.
    appendices
        Lists too long for their part, whole.
    """

    title: str
    subtitle: str
    banner: str
    parts: tuple[Part, ...]
    findings: Findings = field(repr=False)
    appendices: tuple[Part, ...] = ()

    def sections(self, language: str) -> list[tuple[str, str, Part]]:
        """Return anchor, heading and part of every part and appendix in order."""
        named = [(f"p{n}", f"{n} {one.title}", one) for n, one in enumerate(self.parts, 1)]
        word = "附录" if language == "zh" else "Appendix"
        return named + [
            (f"a{n}", f"{word} {chr(64 + n)} {one.title}", one)
            for n, one in enumerate(self.appendices, 1)
        ]

    def save(self, folder: str | Path, *, formats: Sequence[Format] = ("html", "docx")) -> Path:
        """Write ``report.html``, ``report.docx`` or ``report.pdf``, whole or not at all.

        Parameters
        ----------
        folder
            Folder to make; an empty one or an earlier carecircle result is replaced.
        formats
            ``html``, ``docx``, ``pdf``; PDF is printed by a Chromium on this machine.

        Returns
        -------
        pathlib.Path
            The folder; ``manifest.json`` beside the reports says what they were made from.

        Raises
        ------
        InputError
            If a format is unknown, or the folder holds what carecircle did not write.
        MissingLibraryError
            If PDF is asked for and there is no Chromium.
        """
        from carecircle.outputs.report.files import save_report

        return save_report(self, folder, formats=formats)

    def __repr__(self) -> str:
        pictures = sum(isinstance(block, Picture) for part in self.parts for block in part.blocks)
        return f"Report({self.title!r}: {len(self.parts)} parts, {pictures} maps)"

    def _repr_html_(self) -> str:
        lead = [
            f"<li>{escape(part.title)}: "
            + escape(next((b.text for b in part.blocks if isinstance(b, Text)), ""))
            + "</li>"
            for part in self.parts
        ]
        return (
            f"<div><b>{escape(self.title)}</b> <i>{escape(self.banner)}</i><br>"
            f"<small>{escape(self.subtitle)}</small><ul>{''.join(lead)}</ul></div>"
        )


def column_shares(table: Grid) -> list[float]:
    """Return the share of the width of each column: no word torn, then the fewest lines.

    What is left when each column holds its longest word goes, bit by bit, where it saves most:
    to the column whose cells would otherwise run into most lines.

    Examples
    --------
    >>> shares = column_shares(grid("", ["no.", "rule"], [["1", "a facility in each area"]]))
    >>> shares[1] > 3 * shares[0], round(sum(shares), 9)
    (True, 1.0)
    """
    columns = [
        [head, *(row[place] for row in table.rows[:_WEIGHED])]
        for place, head in enumerate(table.heads)
    ]
    texts = np.array([[*map(_cells_of, cells)] for cells in columns], dtype=float) + _MARGIN
    wide = np.array([_MARGIN + max(map(_longest_word, cells)) for cells in columns], dtype=float)
    while wide.sum() < _LINE:
        saved = _lines(texts, wide) - _lines(texts, wide + 1)
        if saved.max() <= 0:
            break
        wide[saved.argmax()] += 1
    return [float(share) for share in wide / wide.sum()]


def _lines(texts: NDArray[np.float64], wide: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how long the cells of each column run; a row is as high as its highest cell."""
    return np.asarray((np.maximum(texts / wide[:, None], 1.0) ** _HIGHEST).sum(axis=1))


def _cells_of(text: str) -> int:
    """Return how many Latin letters wide a text is; a Chinese character takes two."""
    return sum(1 + (east_asian_width(mark) in "WF") for mark in text)


def _longest_word(text: str) -> int:
    """Return the width of the longest piece that should stay in one line."""
    if _cells_of(text) <= _SHORT:
        return _cells_of(text)
    return max(map(_cells_of, _WORD.findall(text)), default=_SHORT)


def grid(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    marked: Sequence[int] = (),
) -> Grid:
    """Return a table of texts, without columns in which no row has anything to say.

    Examples
    --------
    >>> beds = grid("beds", ["kind", "note", "beds"], [["station", "", "12"]], numbers=[2])
    >>> beds.heads, beds.rows, beds.numbers
    (('kind', 'beds'), (('station', '12'),), frozenset({1}))
    """
    kept = [k for k in range(len(heads)) if not rows or any(row[k] for row in rows)]
    return Grid(
        caption, tuple(heads[k] for k in kept),
        tuple(tuple(row[k] for k in kept) for row in rows),
        frozenset(place for place, k in enumerate(kept) if k in set(numbers)),
        frozenset(marked),
    )  # fmt: skip
