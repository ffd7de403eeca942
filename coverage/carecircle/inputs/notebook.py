"""How a record of tables shows itself in a notebook: its fields with their sizes."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Tabled", "facts_html", "size_of"]

_MOST = 120


class Tabled:
    """Gives a dataclass that holds tables a short form for notebooks.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Pairs(Tabled):
    ...     table: pd.DataFrame
    ...     least: int
    >>> Pairs(pd.DataFrame({"minutes": [5.0, 9.0]}), 1)._repr_html_().count("<tr>")
    2
    """

    def _repr_html_(self) -> str:
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]  # dataclasses alone
        shown = [(name, size_of(value)) for name, value in values.items()]
        return facts_html(type(self).__name__, shown)


def facts_html(title: str, facts: Iterable[tuple[str, str]]) -> str:
    """Return a title and facts, each with its name, as an HTML table; all text is escaped.

    Examples
    --------
    >>> "<caption>roads</caption>" in facts_html("roads", [("pieces", "<7>")])
    True
    >>> "<td>&lt;7&gt;</td>" in facts_html("roads", [("pieces", "<7>")])
    True
    """
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(fact)}</td></tr>"
        for name, fact in facts
    )
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"


def size_of(value: Any) -> str:
    """Return how large a table is, with its columns; whatever is no table as it stands.

    Examples
    --------
    >>> size_of(pd.DataFrame({"a": [1], "b": [2]})), size_of(np.zeros(3)), size_of(None)
    ('1 row: a, b', '3 values', '--')
    """
    if value is None:
        return "--"
    if isinstance(value, pd.DataFrame):
        named = ", ".join(map(str, value.columns))
        rows = f"{len(value):,} row{'s' * (len(value) != 1)}"
        return _short(f"{rows}: {named}" if named else rows)
    if isinstance(value, (pd.Series, pd.Index, np.ndarray)):
        return f"{len(value):,} value{'s' * (len(value) != 1)}"
    if isinstance(value, dict) and any(isinstance(one, np.ndarray) for one in value.values()):
        return _short("; ".join(f"{name}: {size_of(one)}" for name, one in value.items()))
    return _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
