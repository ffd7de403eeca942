"""Fills of the workbook: verdicts and shares in colours that print and that all can tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fill_column", "fills_of"]

_GOOD, _FAIR, _WARN, _BAD, _GREY = "#CFE3EF", "#D9ECE6", "#FBE6C9", "#F3C9B5", "#E3E3E1"
#: Column -> code -> fill; what has no code here stays white.
_FILLS: Mapping[str, Mapping[str, str]] = {
    "cell": {
        "has_in_time": _GOOD, "neighbour_in_time": _FAIR, "has_late": _WARN, "none_late": _BAD,
    },
    "status": {
        "pass": _GOOD, "achieved": _GOOD, "in_step": _GOOD, "fail": _BAD, "not_achieved": _BAD,
        "failed": _BAD, "not_decided": _WARN, "not_assessable": _GREY, "no_data": _GREY,
    },
    "severity": {"fatal": _BAD, "error": _BAD, "warning": _WARN},
}  # fmt: skip
#: Columns of yes and no in which a no takes something from the figure beside it.
_DOUBTS = ("verified", "in_force")
_SCALE = {
    "type": "2_color_scale", "min_type": "num", "min_value": 0, "min_color": "#F7E0B6",
    "max_type": "num", "max_value": 1, "max_color": "#A9CBDD",
}  # fmt: skip


def fills_of(
    column: str, codes: Mapping[str, tuple[str, str]], no: str, pick: int
) -> dict[str, str]:
    """Return cell text -> fill of one column.

    Parameters
    ----------
    column
        Its name.
    codes
        Code -> (Chinese, English) of its values.
    no
        What "no" is written as.
    pick
        0 for Chinese, 1 for English.

    Examples
    --------
    >>> fills_of("severity", {"warning": ("警告", "warning"), "note": ("提示", "note")}, "no", 1)
    {'warning': '#FBE6C9'}
    >>> fills_of("verified", {}, "否", 0), fills_of("name", {}, "否", 0)
    ({'否': '#E3E3E1'}, {})
    """
    if column in _DOUBTS:
        return {no: _GREY}
    known = _FILLS.get(column, {})
    return {codes[code][pick]: fill for code, fill in known.items() if code in codes}


def fill_column(
    book: Any, sheet: Any, place: int, rows: int, *, fills: Mapping[str, str], share: bool
) -> None:
    """Give one column of a sheet its conditional fills; changed cells change their fill.

    Parameters
    ----------
    book, sheet
        Of XlsxWriter.
    place
        Number of the column, from 0.
    rows
        Rows below the header.
    fills
        From :func:`fills_of`.
    share
        Whether its numbers are shares from 0 to 1: a scale, blue for all.
    """
    if rows < 1:
        return
    if share:
        sheet.conditional_format(1, place, rows, place, _SCALE)
    for text, colour in fills.items():
        quoted = text.replace('"', '""')
        rule = {"type": "cell", "criteria": "==", "value": f'"{quoted}"',
                "format": book.add_format({"bg_color": colour})}  # fmt: skip
        sheet.conditional_format(1, place, rows, place, rule)
