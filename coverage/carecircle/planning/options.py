"""How long and how exactly to solve a siting problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SolveOptions"]


@dataclass(frozen=True)
class SolveOptions:
    """Limits of a search.

    Attributes
    ----------
    time_limit_s
        Seconds after which the best plan so far is returned, with its bound.
    gap
        Relative gap at which to stop; 0 proves the plan best.
    method
        ``exact``, or ``heuristic``: fast, labelled so, with a bound all the same.
    tell
        Receives one line of progress at a time.
    """

    time_limit_s: float = 300.0
    gap: float = 0.0
    method: Literal["exact", "heuristic"] = "exact"
    tell: Callable[[str], None] | None = None
