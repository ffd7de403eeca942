"""A report as a Word document: real headings, tables with repeated headers, a mark on each page."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING, Any

from carecircle.outputs.layers import data_date
from carecircle.outputs.report.model import Grid, Picture, Text, column_shares

if TYPE_CHECKING:
    from carecircle.outputs.report.model import Block, Report

__all__ = ["report_docx"]

_FAINT, _WARN = (0x5A, 0x62, 0x68), (0x8C, 0x2D, 0x19)
_FONTS = ("Calibri", "Microsoft YaHei")  # Latin, Chinese; Word falls back where they are missing
_CONTROL = dict.fromkeys(
    code for code in range(32) if code not in (9, 10, 13)
)  # what XML cannot hold
_TEXT_TWIPS = 17 / 2.54 * 1440  # 17 cm of text, in twentieths of a point
_CELL_HALF_POINTS = 16
_CELL_MARGIN = 50  # twips
_KEPT_ROWS = 2  # the header and the first row stay with the row after them
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)


def report_docx(report: Report) -> bytes:
    """Return the report as a Word document; equal reports give equal bytes.

    Parameters
    ----------
    report
        The report; ``as_of`` of its card is the only date in the file.
    """
    import docx
    from docx.shared import Cm

    book = docx.Document()
    _page(book, report)
    book.add_heading(_clean(report.title), 0)
    _paragraph(book, report.subtitle, colour=_FAINT, points=9)
    for _, head, part in report.sections(report.findings.card.language):
        book.add_heading(_clean(head), 1)
        if report.banner:
            _paragraph(book, report.banner, colour=_WARN, points=9, keep=True)
        for block, after in zip(part.blocks, (*part.blocks[1:], None), strict=True):
            # what leads to a table or a map is not left alone at the foot of a page
            _add(book, block, Cm, keep=isinstance(after, Grid | Picture))
    made = io.BytesIO()
    book.save(made)
    return _undated(made.getvalue())


def _page(book: Any, report: Report) -> None:
    """Set A4, fonts, dates, and the header with the mark and the terms."""
    from docx.shared import Cm, Pt

    section = book.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin = section.bottom_margin = Cm(2)
    for name in ("Normal", "Title", "Heading 1"):
        style = book.styles[name]
        style.font.name = _FONTS[0]
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(_name(f"w:{theme}"), None)
        fonts.set(_name("w:eastAsia"), _FONTS[1])
    book.styles["Normal"].font.size = Pt(10.5)
    facts = book.core_properties
    day = dt.datetime.fromisoformat(data_date(report.findings.card.as_of))
    facts.created = facts.modified = day
    facts.author = facts.last_modified_by = "carecircle"
    facts.title, facts.comments, facts.revision = _clean(report.title), "", 1
    facts.language = "zh-CN" if report.findings.card.language == "zh" else "en"
    head = section.header.paragraphs[0]
    _run(head, report.banner or report.title, colour=_WARN if report.banner else _FAINT, points=8.5)
    _page_number(section.footer.paragraphs[0])


def _page_number(paragraph: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run()._r  # noqa: SLF001  # python-docx has no fields of its own
    field = _element("w:instrText")
    field.text = "PAGE"
    for mark in (_element("w:fldChar", fldCharType="begin"), field,
                 _element("w:fldChar", fldCharType="end")):  # fmt: skip
        run.append(mark)


def _add(book: Any, block: Block, cm: Any, *, keep: bool) -> None:
    if isinstance(block, Text):
        colour = {"none": _FAINT, "warn": _WARN}.get(block.tone)
        points = 11 if block.tone == "lead" else 10.5
        _paragraph(book, block.text, colour=colour, points=points, keep=keep)
    elif isinstance(block, Picture):
        book.add_picture(io.BytesIO(block.png), width=cm(block.width_cm))
        book.paragraphs[-1].paragraph_format.keep_with_next = True  # with its caption
        shape = book.inline_shapes[-1]._inline.docPr  # noqa: SLF001  # the only way to say what it shows
        shape.set("descr", _clean(block.caption))
        _paragraph(book, block.caption, colour=_FAINT, points=9)
    else:
        _table(book, block)


def _table(book: Any, table: Grid) -> None:
    """Add a table: the header repeats on each page, no row is torn, columns fit what they hold."""
    _paragraph(book, table.caption, colour=_FAINT, points=9, keep=True)
    made = book.add_table(len(table.rows) + 1, len(table.heads), style="Table Grid")
    made.autofit = False
    margins = _element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", w=_CELL_MARGIN, type="dxa"))
    made._tbl.tblPr.tblLayout.addnext(margins)  # noqa: SLF001  # python-docx has no cell margins
    widths = [round(share * _TEXT_TWIPS) for share in column_shares(table)]
    for column, width in zip(made._tbl.tblGrid.gridCol_lst, widths, strict=True):  # noqa: SLF001  # all at once: by cells it is quadratic
        column.set(_name("w:w"), str(width))
    for place, (row, line) in enumerate(
        zip(made._tbl.tr_lst, (table.heads, *table.rows), strict=True)  # noqa: SLF001  # see above
    ):
        row.get_or_add_trPr().append(_element("w:cantSplit"))
        if place == 0:
            row.get_or_add_trPr().append(_element("w:tblHeader"))
        for column, (cell, text) in enumerate(zip(row.tc_lst, line, strict=True)):
            _fill(cell, text, widths[column], head=place == 0, doubt=place - 1 in table.marked)
            if place < _KEPT_ROWS:
                cell.p_lst[0].get_or_add_pPr().append(_element("w:keepNext"))
            if column in table.numbers:
                cell.p_lst[0].get_or_add_pPr().append(_element("w:jc", val="right"))


def _fill(cell: Any, text: str, width: int, *, head: bool, doubt: bool) -> None:
    from docx.shared import Twips

    cell.width = Twips(width)
    if head:
        cell.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill="E8EEF2"))
    run, style = _element("w:r"), _element("w:rPr")
    for name, wanted in (("w:b", head), ("w:i", doubt)):
        if wanted:
            style.append(_element(name))
    style.append(_element("w:sz", val=_CELL_HALF_POINTS))
    run.append(style)
    run.text = _clean(text)
    cell.p_lst[0].append(run)


def _element(name: str, **values: object) -> Any:
    from docx.oxml import OxmlElement

    made = OxmlElement(name)
    for key, value in values.items():
        made.set(_name(f"w:{key}"), str(value))
    return made


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(tag))


def _paragraph(
    book: Any,
    text: str,
    *,
    colour: tuple[int, int, int] | None = None,
    points: float = 10.5,
    keep: bool = False,
) -> None:
    from docx.shared import Pt

    paragraph = book.add_paragraph()
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(4)
    if keep:
        paragraph.paragraph_format.keep_with_next = True
    _run(paragraph, text, colour=colour, points=points)


def _run(paragraph: Any, text: str, *, colour: tuple[int, int, int] | None, points: float) -> None:
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(_clean(text))
    run.font.size = Pt(points)
    if colour is not None:
        run.font.color.rgb = RGBColor(*colour)


def _clean(text: str) -> str:
    return text.translate(_CONTROL)


def _undated(book: bytes) -> bytes:
    """Return the archive with one date for every member: the clock is no part of a report."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w") as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            member = zipfile.ZipInfo(name, _ZIP_DAY)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, old.read(name))
    return made.getvalue()
