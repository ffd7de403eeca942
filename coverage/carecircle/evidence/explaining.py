"""How a published figure came about, and whether it comes out the same when counted again."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.errors import InputError
from carecircle.evidence.figures import figure_of
from carecircle.evidence.recount import recounted
from carecircle.evidence.words import lines_of, worded

if TYPE_CHECKING:
    from carecircle.analysis.findings import Findings

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """Where one figure comes from.

    Attributes
    ----------
    figure
        Its full id, see :mod:`carecircle.evidence.figures`.
    value
        As published; ``None`` where unknown.
    again
        As counted again; the same as ``value`` where the figure is read or searched, not counted.
    agrees
        Whether both are the same to a billionth; ``None`` where there is nothing to count again.
    lines
        (label, sentence) in the language of the study, down to homes, areas and facilities.
    """

    figure: str
    value: Any
    again: Any
    agrees: bool | None
    lines: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "\n".join(f"{label}: {text}" for label, text in self.lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(label)}</td>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for label, text in self.lines
        )
        return f"<table>{rows}</table>"


def explain(findings: Findings, figure: str) -> Explanation:
    """Say in plain words how a figure came about, and count it again.

    Parameters
    ----------
    findings
        A result, also one read back with :func:`carecircle.open_result`.
    figure
        Id of a figure: ``city.elders_rate``, ``area:A01.verdict``, ``area:A01.floor.shortfall_m2``,
        ``rule:wuhai_plan_2021/IND-3@city``, ``indicator:3@city``;
        see :mod:`carecircle.evidence.figures`.

    Raises
    ------
    InputError
        If there is no such figure (names the nearest), or homes were left out for publishing.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.assess(cc.samples.toy_town())
    >>> found = explain(town, "city.elders_rate")
    >>> round(found.value, 4), found.agrees
    (0.6154, True)
    >>> dict(found.lines)["到达的设施(住宅数)"]
    '1: F1 (8)'
    """
    named = figure_of(findings, figure)
    if "masked" in findings.provenance:
        msg = f"figure {named.id!r}: this result was masked for publishing, homes are left out;"
        raise InputError(f"{msg} explain the result that was kept")
    again = recounted(findings, named)
    pick = 0 if findings.card.language == "zh" else 1
    counted = again is not NotImplemented
    agrees = _same(named.value, again) if counted else None
    lines = [
        *lines_of(findings, named),
        _verdict(worded(findings, named, again), pick, agrees=agrees),
        _version(findings, pick),
    ]
    return Explanation(
        named.id, named.value, again if counted else named.value, agrees, tuple(lines)
    )


def _same(value: Any, again: Any) -> bool:
    if value is None or again is None:
        return value is None and again is None
    if isinstance(value, str) or isinstance(again, str):
        return str(value) == str(again)
    return bool(np.isclose(float(value), float(again), rtol=1e-9, atol=1e-9))


def _verdict(text: str, pick: int, *, agrees: bool | None) -> tuple[str, str]:
    label = ("重新计算", "counted again")[pick]
    if agrees is None:
        return label, (
            "此数为输入或搜索所得,不作重算;carecircle replay 可重新运行",
            "read or searched, not counted; carecircle replay runs it again",
        )[pick]
    if agrees:
        return label, (f"{text},一致", f"{text}, the same")[pick]
    return label, (f"{text},不一致!结果可能被改动", f"{text}, NOT the same: a table was changed")[
        pick
    ]


def _version(findings: Findings, pick: int) -> tuple[str, str]:
    versions: Any = findings.provenance.get("versions") or {}
    if "carecircle" not in versions:
        from importlib.metadata import PackageNotFoundError, version

        try:
            versions = {"carecircle": version("carecircle")}
        except PackageNotFoundError:
            versions = {"carecircle": "?"}
    return ("程序版本", "code")[pick], f"carecircle {versions['carecircle']}"
