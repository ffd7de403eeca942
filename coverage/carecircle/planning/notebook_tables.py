"""Results as small tables for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_html"]


def as_html(title: str, table: pd.DataFrame, note: str = "") -> str:
    """Return a title, a table and a note as HTML; what is missing is ``--``.

    Examples
    --------
    >>> import pandas as pd
    >>> "<td>--</td>" in as_html("gains", pd.DataFrame({"gain": [1.0, None]}))
    True
    """
    body = table.to_html(escape=True, na_rep="--", float_format="{:,.6g}".format)
    foot = f"<small>{escape(note)}</small>" if note else ""
    return f"<div><b>{escape(title)}</b>{body}{foot}</div>"
