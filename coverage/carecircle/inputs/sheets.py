"""CSV files and workbooks as people keep them: titles above, merged headings, notes below."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.inputs.headings import (
    PAIR_HEADINGS,
    WKT_HEADINGS,
    X_HEADINGS,
    Y_HEADINGS,
    did_you_mean,
    known_headings,
    normalise,
)
from carecircle.inputs.issues import unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecircle.inputs.contracts import TableContract
    from carecircle.inputs.issues import IssueLog
    from carecircle.inputs.source import Source

__all__ = ["read_csv_rows", "read_workbook_rows", "table_from_rows"]

Row = list[object]
_SEARCHED_ROWS = 40
_NUMBER = re.compile(r"[-+\d.,]+")
_BLANKS = ("", " ", "  ", "\t", "\u3000", "\xa0")
_FIELD_LIMIT = 100_000_000
_CLOSING_WORDS = re.compile(
    r"(合计|总计|小计|共计|注[：:\d]|备注|说明|资料来源|数据来源|来源|制表|填表|(total|sum|note|source)s?\b)",
    re.IGNORECASE,
)


def read_csv_rows(source: Source, table: str, log: IssueLog) -> list[Row]:
    """Return all rows of a text table; encoding and separator are detected and noted."""
    text = _decoded(source, table, log)
    before = csv.field_size_limit(_FIELD_LIMIT)  # polygons as WKT are longer than csv's default
    try:
        return [list(row) for row in csv.reader(io.StringIO(text), delimiter=_separator(text))]
    except csv.Error as error:
        raise unusable(
            "not_readable", table, found=f"{source.file.name}: {error}", fix="save it as UTF-8 CSV"
        ) from error
    finally:
        csv.field_size_limit(before)


def _decoded(source: Source, table: str, log: IssueLog) -> str:
    content = source.file.read_bytes()
    if source.encoding:
        names: tuple[str, ...] = (source.encoding,)
    elif content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        names = ("utf-16",)
    else:
        names = ("utf-8-sig", "gb18030")
    for name in names:
        try:
            text = content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" in text:
            break
        if name == "gb18030" and not source.encoding:
            log.add(
                "encoding_detected", "note", table, found=f"{source.file.name} is not UTF-8",
                used=name, fix="say encoding in the study if the text looks wrong",
            )  # fmt: skip
        return text
    raise unusable(
        "not_readable", table, found=f"{source.file.name} is no text in {' or '.join(names)}",
        fix="say its encoding in the study, or save it as UTF-8 CSV",
    )  # fmt: skip


def _separator(text: str) -> str:
    """Return the separator that the first lines hold most of."""
    head = "\n".join(text.splitlines()[:_SEARCHED_ROWS])
    return max((",", "\t", ";"), key=head.count)


def read_workbook_rows(source: Source, table: str, log: IssueLog) -> list[Row]:
    """Return all rows of one sheet of a workbook, with the values Excel computed."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    path = source.file
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            sheet = _sheet(book.sheetnames, source, table, log)
            book[sheet].reset_dimensions()  # some programs write a wrong extent
            rows: list[Row] = [[*row] for row in book[sheet].iter_rows(values_only=True)]
            book.close()
        except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError) as error:
            raise unusable(
                "not_readable", table, found=f"{path.name}: {error}",
                fix="the workbook is damaged or not .xlsx; open it and save it again",
            ) from error  # fmt: skip
    for text in dict.fromkeys(str(warning.message) for warning in heard):
        log.add("file_warning", "note", table, found=text)
    return rows


def _sheet(names: Sequence[str], source: Source, table: str, log: IssueLog) -> str:
    listed = ", ".join(names)
    if source.layer is None:
        if len(names) > 1:
            log.add(
                "layer_not_named", "note", table, found=f"sheets {listed}", used=names[0],
                fix="name the sheet as layer if another is meant",
            )  # fmt: skip
        return names[0]
    if source.layer not in names:
        near = did_you_mean(source.layer, names)
        raise unusable(
            "no_such_layer", table, found=f"no sheet {source.layer!r} in {source.file.name}",
            fix=(f"did you mean {near!r}? " if near else "") + f"sheets: {listed}",
        )  # fmt: skip
    return source.layer


def table_from_rows(
    rows: Sequence[Row], contract: TableContract, source: Source, log: IssueLog
) -> pd.DataFrame:
    """Find the heading row and the records between the titles and the closing notes.

    Parameters
    ----------
    rows
        Cells as the file has them; row 1 of the sheet is ``rows[0]``.
    contract, source
        Which headings mean something.
    log
        Collects what was passed over: titles, merged headings, notes and total rows.

    Returns
    -------
    pandas.DataFrame
        Headings as in the file, index ``row`` (the sheet's row number); blank cells are missing.
    """
    width = max((len(row) for row in rows), default=0)
    padded = [row + [None] * (width - len(row)) for row in rows]
    cells = [
        [None if _blank(cell) else cell for cell in row] for row in padded[: _SEARCHED_ROWS + 1]
    ]
    known = known_headings(contract, source)
    at = _heading_row(cells, known)
    if at is None:
        return pd.DataFrame(index=pd.RangeIndex(0, name="row"))
    heads, first = _merged_heading(cells, at, known, contract, log)
    _note_titles(cells[:at], contract, log)
    index = pd.RangeIndex(first + 1, len(rows) + 1, name="row")
    body = pd.DataFrame(padded[first:], index=index, columns=range(width), dtype=object)
    body = body.mask(body.isin(_BLANKS))
    names = _names(heads, [k for k in body if body[k].notna().any()], contract, log)
    frame = body.dropna(how="all")[list(names)].rename(columns=names)
    return _without_closing_rows(frame, contract, source, log)


def _blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _heading_row(cells: Sequence[Row], known: frozenset[str]) -> int | None:
    """Return the first row with two known headings; else the one with most, else the first."""
    scores = [_score(row, known) for row in cells[:_SEARCHED_ROWS]]
    for at, score in enumerate(scores):
        if score >= 2:  # noqa: PLR2004  one known word may be a title
            return at
    filled = [at for at, row in enumerate(cells[:_SEARCHED_ROWS]) if any(row)]
    return max(filled, key=lambda at: (scores[at], -at)) if filled else None


def _score(row: Row, known: frozenset[str]) -> int:
    """Return how many cells of a row are known headings, with or without a unit in brackets."""
    words = [normalise(cell) for cell in row if isinstance(cell, str)]
    return sum(word in known or re.sub(r"[(\[].*", "", word) in known for word in words)


def _merged_heading(
    cells: Sequence[Row], at: int, known: frozenset[str], contract: TableContract, log: IssueLog
) -> tuple[Row, int]:
    """Join a heading that spans two rows; return it and the number of its first record."""
    heads, first = list(cells[at]), at + 1
    below = cells[first] if first < len(cells) else []
    above = cells[at - 1] if at else []
    if _goes_on(heads, below, known, contract):
        heads = [low if low is not None else high for high, low in zip(heads, below, strict=True)]
        first += 1
    elif _score([high for high, low in zip(above, heads, strict=False) if low is None], known):
        heads = [low if low is not None else high for high, low in zip(above, heads, strict=True)]
    else:
        return heads, first
    log.add(
        "merged_heading", "note", contract.name, found="a heading over two rows",
        used=", ".join(str(head) for head in heads if head is not None),
    )  # fmt: skip
    return heads, first


def _goes_on(heads: Row, below: Row, known: frozenset[str], contract: TableContract) -> bool:
    """Whether the row below the heading belongs to it: words we know, no numbers, no id."""
    words = [str(cell) for cell in below if cell is not None]
    if not _score(below, known) or any(_NUMBER.fullmatch(word) for word in words):
        return False
    ids = {normalise(word) for word in (contract.index.name, *contract.index.headings)}
    own = [low for head, low in zip(heads, below, strict=True) if normalise(head) in ids]
    return not any(own) if own else _score(below, known) > 1


def _note_titles(above: Sequence[Row], contract: TableContract, log: IssueLog) -> None:
    text = _text_of(above)
    if text:
        log.add("title_rows", "note", contract.name, found=text, effect="not part of the table")


def _text_of(rows: Sequence[Row]) -> str:
    return " | ".join(" ".join(str(c) for c in row if c is not None) for row in rows if any(row))


def _names(
    heads: Row, in_use: Sequence[object], contract: TableContract, log: IssueLog
) -> dict[int, str]:
    """Return a distinct heading for each column in use, by its place."""
    names: dict[int, str] = {}
    for place, head in enumerate(heads):
        if head is None and place not in in_use:
            continue
        plain = f"column {place + 1}" if head is None else " ".join(str(head).split())
        name, copy = plain, 2
        while name in names.values():
            name, copy = f"{plain} ({copy})", copy + 1
        if copy > 2:  # noqa: PLR2004  the second of its name
            log.add("same_heading_twice", "note", contract.name, found=plain, used=name)
        names[place] = name
    return names


def _without_closing_rows(
    frame: pd.DataFrame, contract: TableContract, source: Source, log: IssueLog
) -> pd.DataFrame:
    """Set aside the notes and totals that stand below the last record."""
    if frame.empty:
        return frame
    forms = {name: normalise(name) for name in frame.columns}
    index = contract.index
    ids = {normalise(w) for w in (index.name, *index.headings, source.columns.get(index.name, ""))}
    places = {*X_HEADINGS, *Y_HEADINGS, *WKT_HEADINGS, *PAIR_HEADINGS}
    places |= {normalise(word) for word in (source.x, source.y) if word}
    held = [name for name in frame.columns if forms[name] in places]
    own = [name for name in frame.columns if forms[name] in ids][:1]
    text = frame.iloc[:, 0].astype(str).str.strip()
    nowhere = frame[held].isna().all(axis=1)  # of no columns at all: nowhere
    nameless = frame[own].isna().all(axis=1) if own else ~nowhere
    alone = (frame.notna().sum(axis=1) <= 1) & (len(frame.columns) > 2)  # noqa: PLR2004  short tables
    closing = (nowhere & (nameless | text.str.match(_CLOSING_WORDS))) | (alone & nowhere)
    last = frame.index[~closing].max() if (~closing).any() else 0
    tail = frame.loc[frame.index > last]
    if len(tail):
        log.add(
            "closing_rows", "note", contract.name,
            found=_text_of([[*row] for row in tail.where(tail.notna(), None).to_numpy()]),
            used="nothing", effect=f"{len(tail)} rows below the table are not records",
        )  # fmt: skip
    return frame.loc[frame.index <= last]
