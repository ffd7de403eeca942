"""Who is counted in headlines and labels: elders, or the next best that a study knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carecircle.analysis.findings import Findings

__all__ = ["GAP_COLUMNS", "counted_in"]

#: Column of a gap that holds each weight.
GAP_COLUMNS = {"elders": "elders", "people": "population", "homes": "homes"}


def counted_in(findings: Findings) -> str:
    """Return ``elders``, ``people`` or ``homes``: the first that is known anywhere in the study.

    An extract without a census knows only homes; "no data" over a map full of homes would hide
    what was found.
    """
    totals = findings.totals
    known = (
        weight
        for weight in ("elders", "people")
        if f"{weight}_total" not in totals or totals[f"{weight}_total"].notna().any()
    )
    return next(known, "homes") if len(totals) else "elders"
