"""The proof of a plan whose objective was counted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecircle.planning.plan import Proof, Status

if TYPE_CHECKING:
    from carecircle.planning.engine.cover_case import Answer

__all__ = ["settled_proof"]

_SLACK = 1e-9
_TOLERANCE = 1e-6


def settled_proof(value: float, answer: Answer) -> Proof:
    """Hold an objective against the bound of a search; the seconds are left to fill in."""
    bound, status = answer.bound, answer.status
    same = abs(bound - value) <= _TOLERANCE + _SLACK * abs(value)
    status_: Status = status
    if same and status != "heuristic":
        status_ = "optimal"
    elif not same and status == "optimal":
        status_ = "gap"
    return Proof(value, value if same else bound, status_, 0.0, answer.solver)
