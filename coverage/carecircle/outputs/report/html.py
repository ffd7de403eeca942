"""A report as one HTML file that opens offline and prints on A4."""

from __future__ import annotations

import base64
import re
from html import escape
from typing import TYPE_CHECKING

from carecircle.outputs.report.model import Grid, Picture, Text

if TYPE_CHECKING:
    from carecircle.outputs.report.model import Block, Part, Report

__all__ = ["report_html"]

_STYLE = """
:root { --ink: #22282d; --faint: #5a6268; --line: #c9ced1; --head: #e8eef2; --warn: #8c2d19; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 19cm; padding: 1rem; color: var(--ink); background: #fff;
  font: 10.5pt/1.55 "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
  "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 20pt; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 13.5pt; margin: 1.6rem 0 .4rem; padding-top: .4rem; border-top: 2px solid #2f7cab;
  break-after: avoid; }
.sub, figcaption, caption { color: var(--faint); font-size: 9pt; }
.banner { color: var(--warn); font-weight: 600; font-size: 9pt; margin: 0 0 .4rem;
  break-after: avoid; }
.top { border: 1px solid var(--warn); padding: .3rem .6rem; margin: .6rem 0; }
p { margin: .4rem 0; }
.lead { font-size: 11.5pt; break-after: avoid; }
.none { color: var(--faint); font-style: italic; }
.warn { color: var(--warn); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 .9rem; font-size: 8.8pt;
  line-height: 1.35; }
.dense { font-size: 8pt; }
caption { text-align: left; padding: .2rem 0; caption-side: top; break-after: avoid; }
thead { display: table-header-group; break-after: avoid; }
tr { break-inside: avoid; }
th { background: var(--head); text-align: left; vertical-align: bottom; font-weight: 600; }
th, td { border-bottom: 1px solid var(--line); padding: .18rem .3rem; vertical-align: top;
  overflow-wrap: break-word; }
.k { white-space: nowrap; }
.m { min-width: 1.9cm; }
.w { min-width: 3.6cm; }
tbody tr:first-child { break-before: avoid; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
tr.doubt td { color: var(--faint); font-style: italic; }
figure { margin: .6rem 0 1rem; break-inside: avoid; }
figure img { width: 100%; height: auto; display: block; }
nav ol { columns: 2; font-size: 9.5pt; list-style: none; padding-left: 0; }
nav a { color: inherit; }
@page { size: A4; margin: 2cm 1.8cm; PAGE_MARK
  @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt; color: #5a6268; } }
@media screen and (max-width: 700px) { .many { min-width: 32rem; } .dense { min-width: 46rem; } }
@media print { body { max-width: none; padding: 0; } .wide { overflow: visible; } }
"""
_WORD, _SHORT, _LONG, _MANY, _DENSE = 3, 8, 24, 4, 9
_FRACTION = re.compile(r"[\d,.]+ / [\d,.]+")
_PAGE_MARK = "@top-center { content: %s; color: #8c2d19; font-size: 9pt; }"


def report_html(report: Report) -> str:
    """Return the report as one HTML page: no script, no request, all text escaped.

    Parameters
    ----------
    report
        The report.

    Examples
    --------
    ::

        Path("report.html").write_text(report_html(report), encoding="utf-8")
    """
    speaks = report.findings.card.language
    language = "zh-CN" if speaks == "zh" else "en"
    sections = report.sections(speaks)
    mark = _PAGE_MARK % _css_text(report.banner) if report.banner else ""
    style = _STYLE.replace("PAGE_MARK", mark)
    banner = f'<p class="banner">{escape(report.banner)}</p>' if report.banner else ""
    contents = "".join(
        f'<li><a href="#{anchor}">{escape(head)}</a></li>' for anchor, head, _ in sections
    )
    parts = "".join(_part(part, anchor, head, banner) for anchor, head, part in sections)
    top = banner.replace("banner", "banner top", 1)
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{style}</style></head><body>"
        f"<header><h1>{escape(report.title)}</h1>"
        f'<p class="sub">{escape(report.subtitle)}</p>{top}</header>'
        f"<nav><ol>{contents}</ol></nav><main>{parts}</main></body></html>\n"
    )


def _part(part: Part, anchor: str, head: str, banner: str) -> str:
    blocks = "".join(_block(block) for block in part.blocks)
    return f'<section id="{anchor}"><h2>{escape(head)}</h2>{banner}{blocks}</section>\n'


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return f'<p class="{block.tone}">{escape(block.text)}</p>'
    if isinstance(block, Picture):
        data = base64.b64encode(block.png).decode("ascii")
        words = escape(block.caption)
        return (
            f'<figure><img src="data:image/png;base64,{data}" alt="{words}">'
            f"<figcaption>{words}</figcaption></figure>"
        )
    return _table(block)


def _table(table: Grid) -> str:
    wide = _widest(table)
    heads = "".join(
        f'<th scope="col" class="{_column(table, place, wide)}{_kept(head)}">{escape(head)}</th>'
        for place, head in enumerate(table.heads)
    )
    rows = "".join(
        f"<tr{' class=doubt' if place in table.marked else ''}>"
        + "".join(_cell(table, column, cell) for column, cell in enumerate(row))
        + "</tr>"
        for place, row in enumerate(table.rows)
    )
    size = [
        name for name, least in (("many", _MANY), ("dense", _DENSE)) if len(table.heads) > least
    ]
    return (
        f'<div class="wide"><table class="{" ".join(size)}">'
        f"<caption>{escape(table.caption)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _widest(table: Grid) -> int:
    """Return the column that has most to say."""
    lengths = [max((len(row[place]) for row in table.rows), default=0)
               for place in range(len(table.heads))]  # fmt: skip
    return max(range(len(lengths)), key=lengths.__getitem__)


def _column(table: Grid, place: int, wide: int) -> str:
    """Return how a column stands: numbers right, no sentence thinner than a word or two."""
    if place in table.numbers:
        return "n"
    longest = max((len(row[place]) for row in table.rows), default=0)
    if longest <= _SHORT or len(table.heads) <= _MANY:
        return ""
    return "w" if place == wide and longest > _LONG else "m"


def _kept(head: str) -> str:
    """Return what keeps a heading of a word or two in one line, be its column ever so thin."""
    return " k" if len(head) <= _WORD else ""


def _cell(table: Grid, place: int, text: str) -> str:
    # Chinese may break after every character: short words and figures are kept in one line
    names = " ".join(["n"] * (place in table.numbers) + ["k"] * (len(text) <= _SHORT))
    return f'<td class="{names}">{_unbroken(text, dense=len(table.heads) > _DENSE)}</td>'


def _unbroken(text: str, *, dense: bool) -> str:
    """Return a cell whose fractions stay in one line; in a dense table, as far as the stroke."""
    kept = ("\N{NO-BREAK SPACE}/ ", "\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}")[not dense]
    return escape(_FRACTION.sub(lambda found: found[0].replace(" / ", kept), text))


def _css_text(text: str) -> str:
    """Return text as a CSS string in which nothing can end the string or the style."""
    return '"' + "".join(f"\\{ord(mark):x} " for mark in text) + '"'
