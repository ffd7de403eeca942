"""The report of an assessment: twelve parts, each sentence made from figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecircle.outputs.labels import terms_line
from carecircle.outputs.report.doubt import change_part, doubt_part, problem_part
from carecircle.outputs.report.gaps import gap_appendix, gap_part, map_part
from carecircle.outputs.report.indicators import indicator_part
from carecircle.outputs.report.input import speech
from carecircle.outputs.report.model import Report
from carecircle.outputs.report.served import coverage_part, method_part
from carecircle.outputs.report.sites import site_part
from carecircle.outputs.report.supply import (
    beds_part,
    floor_appendix,
    floor_part,
    network_part,
)

if TYPE_CHECKING:
    from carecircle.outputs.report.input import ReportInput

__all__ = ["APPENDICES", "PARTS", "report_of"]

#: The parts of a final evaluation report, in their order.
PARTS = (
    method_part, indicator_part, coverage_part, floor_part, beds_part, network_part,
    map_part, gap_part, site_part, doubt_part, change_part, problem_part,
)  # fmt: skip
#: Lists too long for their part; none where the part holds everything.
APPENDICES = (gap_appendix, floor_appendix)


def report_of(given: ReportInput) -> Report:
    """Make the report of an assessment; no figure is computed here but sums and shares of sums.

    Parameters
    ----------
    given
        The assessment and what else is known; a part without its frame says so in one line.

    Returns
    -------
    Report
        In the language of the card.

    Examples
    --------
    >>> import carecircle as cc
    >>> from carecircle.outputs.report.input import ReportInput
    >>> report = report_of(ReportInput(cc.assess(cc.samples.toy_town())))
    >>> len(report.parts), report.parts[8].blocks[0].tone
    (12, 'none')
    """
    say, card = speech(given), given.findings.card
    name = say.pick((card.title_zh or card.title, card.title or card.title_zh))
    title = name + say.pick(("评估报告", ": evaluation report"))
    banner = (
        say.pick((
            "合成数据,仅供演示,不是官方统计,不得用于决策",
            "Synthetic data for demonstration: not official statistics, not for decisions",
        ))
        if card.synthetic
        else ""
    )  # fmt: skip
    parts = tuple(part(given) for part in PARTS)
    lists = tuple(one for made in APPENDICES if (one := made(given)) is not None)
    return Report(title, terms_line(card), banner, parts, given.findings, lists)
