"""What a contract is made of: columns with type, unit and headings, and tables of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Column", "TableContract", "count", "floor"]

Kind = Literal["id", "text", "ids", "integer", "number", "flag", "date", "period", "choice"]


@dataclass(frozen=True)
class Column:
    """One column: name (with the unit in it), type, range and the headings understood on reading.

    ``kind`` is ``id`` (text, unique in the index), ``text``, ``ids`` (ids joined by ``;``),
    ``integer``, ``number``, ``flag`` (yes/no), ``date`` (ISO), ``period`` (a year, month, quarter,
    half-year or day) or ``choice`` (a key of ``choices``, whose values are also understood).
    Missing values stay missing.
    """

    name: str
    kind: Kind
    meaning: str
    headings: tuple[str, ...] = ()
    required: bool = False
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class TableContract:
    """One table: its index, its columns and the geometry types it accepts (empty: no geometry).

    ``key`` names columns of which no two records may have the same values.
    """

    name: str
    index: Column
    columns: tuple[Column, ...]
    geometry: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """Return the column called ``name`` (the index included).

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        for column in (self.index, *self.columns):
            if column.name == name:
                return column
        msg = f"{self.name} has no column {name!r}"
        raise KeyError(msg)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, the index first."""
        return (self.index.name, *(column.name for column in self.columns))


def count(name: str, meaning: str, headings: tuple[str, ...], maximum: float = 5e7) -> Column:
    """Return a column of counts, 0 or more."""
    return Column(name, "number", meaning, headings, minimum=0, maximum=maximum)


def floor(name: str, meaning: str, headings: tuple[str, ...]) -> Column:
    """Return a column of floor areas in m2."""
    return Column(name, "number", meaning, headings, unit="m2", minimum=0, maximum=1e7)
