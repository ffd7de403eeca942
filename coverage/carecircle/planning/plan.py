"""The answer to a siting problem, with what proves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Plan", "Proof", "Status"]

Status = Literal["optimal", "gap", "time_limit", "interrupted", "heuristic"]


@dataclass(frozen=True)
class Proof:
    """How good a plan is known to be.

    Attributes
    ----------
    objective, bound
        Value reached, and the best value that is not ruled out.
    status
        ``optimal``: proven, gap 0; ``gap``: within the gap asked for; ``time_limit`` and
        ``interrupted``: best found until then; ``heuristic``: a heuristic was asked for. The bound
        holds in every case.
    seconds, solver
        Time taken; solver with version.
    verdict
        What the independent verifier found: ``verified``, or the fault.
    """

    objective: float
    bound: float
    status: Status
    seconds: float
    solver: str
    verdict: str = "not verified"

    @property
    def gap(self) -> float:
        """Relative distance between objective and bound; 0 is proven best."""
        if self.objective == self.bound:
            return 0.0
        return abs(self.objective - self.bound) / max(abs(self.objective), 1e-9)

    def __str__(self) -> str:
        return (
            f"{self.status}: objective {self.objective:,.6g}, bound {self.bound:,.6g},"
            f" gap {self.gap:.2%}, {self.solver}; {self.verdict}"
        )


@dataclass(frozen=True, eq=False)
class Plan:
    """A chosen set of sites.

    Attributes
    ----------
    problem
        Name of the problem solved, e.g. ``max_cover``.
    chosen
        Index ``site_id``, in the order of building (each next site is the one that then adds most):
        ``gain`` (weight newly covered, or minutes saved), ``cumulative``, ``share``, ``cost``.
    allocation
        Index ``home_id``: ``site_id`` that serves it (missing: a facility of today, or none) and
        ``minutes``.
    proof
        Objective, bound, gap, status, seconds, solver, verdict.
    left_out
        Ids of demand that no allowed site can reach and that is not served today.
    terms
        What was asked: options by name.
    """

    problem: str
    chosen: pd.DataFrame
    allocation: pd.DataFrame
    proof: Proof
    left_out: pd.Index = field(default_factory=lambda: pd.Index([], dtype="str"))
    terms: Mapping[str, object] = field(default_factory=dict)

    @property
    def site_ids(self) -> list[str]:
        """Ids of the chosen sites, in order."""
        return [str(site) for site in self.chosen.index]

    def __repr__(self) -> str:
        sites = ", ".join(self.site_ids[:8]) + (", ..." if len(self.chosen) > 8 else "")  # noqa: PLR2004  # enough to recognise a plan
        return f"Plan({self.problem}: {len(self.chosen)} sites [{sites}]; {self.proof})"

    def _repr_html_(self) -> str:
        from html import escape

        table = self.chosen.replace({np.nan: None}).to_html(escape=True, na_rep="--")
        proof = escape(str(self.proof))
        return f"<div><b>{escape(self.problem)}</b>{table}<small>{proof}</small></div>"
