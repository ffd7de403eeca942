"""Which of the rules asked for cannot hold together: a smallest such set, by name."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from carecircle.planning.engine.highs import Model, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

__all__ = ["Conflict", "RuledModel", "smallest_conflict"]

_TIME_S = 20.0
_MET = 1e-6  # the solver's own tolerance


@dataclass(frozen=True, eq=False)
class RuledModel:
    """A model some of whose rows and lower bounds are rules with names.

    Attributes
    ----------
    model
        The model with all rules.
    names
        The rules, as the user would call them.
    of_row
        Per row: number of the rule it belongs to, -1 for what holds in any case.
    of_column
        Per variable: number of the rule that lifts its lower bound above 0, -1 none.
    """

    model: Model
    names: tuple[str, ...]
    of_row: NDArray[np.int64]
    of_column: NDArray[np.int64]


@dataclass(frozen=True)
class Conflict:
    """Rules that cannot hold together.

    Attributes
    ----------
    names
        The rules, in the order of the model; empty if nothing is possible even without rules.
    smallest
        Whether no smaller set of rules is in conflict; otherwise none can be spared as far as
        was found out in time.
    """

    names: tuple[str, ...]
    smallest: bool

    def __str__(self) -> str:
        if not self.names:
            return "nothing is possible, whatever the rules"
        return f"these cannot hold together: {'; '.join(self.names)}; loosen one"


def smallest_conflict(ruled: RuledModel, *, time_limit_s: float = _TIME_S) -> Conflict:
    """Name a smallest set of rules that cannot hold together.

    First each rule is left out in turn, and stays out if the others cannot hold without it either.
    Then smaller sets are ruled out: a conflict must hit every set of rules whose removal makes the
    rest possible, so the least hitting set is tried until it is a conflict itself.

    Parameters
    ----------
    ruled
        A model without any feasible point.
    time_limit_s
        Seconds for the whole search; at the end the smallest set known is returned.

    Returns
    -------
    Conflict
        With all rules where the solver could not settle the first question.

    Notes
    -----
    J. W. Chinneck and E. W. Dravnieks (1991), Locating minimal infeasible constraint sets in linear
    programs, ORSA Journal on Computing 3(2), 157-168; A. Ignatiev, A. Previti, M. Liffiton and
    J. Marques-Silva (2015), Smallest MUS extraction with minimal hitting set dualization, CP 2015.

    Examples
    --------
    >>> model = Model(cost=np.zeros(1), lower=np.zeros(1), upper=np.full(1, 9.0),
    ...     integral=np.zeros(1, dtype=bool), matrix=csr_array(np.ones((3, 1))),
    ...     row_lower=np.array([-np.inf, 3.0, 5.0]), row_upper=np.array([4.0, np.inf, np.inf]))
    >>> names = ("at most 4", "at least 3", "at least 5")
    >>> print(smallest_conflict(RuledModel(model, names, np.arange(3), np.array([-1]))))
    these cannot hold together: at most 4; at least 5; loosen one
    """
    trial = _Trial(ruled, time.perf_counter() + time_limit_s)
    known, sure = trial.reduced()
    fixes: list[Flags] = []
    while sure:
        few = _least_hitting(fixes, len(known))
        if few.sum() >= known.sum():
            return trial.told(known, smallest=True)
        answer, held = trial.met(few)
        if answer is None:
            break
        if not answer:
            return trial.told(few, smallest=True)
        # a conflict has a rule of each set whose removal makes the rest possible
        fixes.append(~trial.grown(held))
    return trial.told(known, smallest=False)


class _Trial:
    """Asks the solver whether some of the rules can hold."""

    def __init__(self, ruled: RuledModel, deadline: float) -> None:
        self._ruled, self._deadline = ruled, deadline

    def told(self, rules: Flags, *, smallest: bool) -> Conflict:
        """Put rules into words."""
        names = tuple(name for name, held in zip(self._ruled.names, rules, strict=True) if held)
        return Conflict(names, smallest)

    def met(self, rules: Flags) -> tuple[bool | None, Flags]:
        """Return whether rules can hold together (None: not settled), and which then do."""
        ruled, left = self._ruled, self._deadline - time.perf_counter()
        if left <= 0:
            return None, rules
        model, out = ruled.model, np.append(~rules, False)  # the last stands for -1
        point = solve(
            replace(
                model,
                cost=np.zeros(len(model.cost)),
                lower=np.where(out[ruled.of_column], np.minimum(model.lower, 0.0), model.lower),
                row_lower=np.where(out[ruled.of_row], -np.inf, model.row_lower),
                row_upper=np.where(out[ruled.of_row], np.inf, model.row_upper),
            ),
            time_limit_s=left,
        )
        if not point.found:
            return (False if point.status == "infeasible" else None), rules
        value = model.matrix @ point.x
        slack = _MET * np.maximum(1.0, np.abs(value))
        over = (value < model.row_lower - slack) | (value > model.row_upper + slack)
        broken = np.zeros(len(rules) + 1, dtype=bool)
        broken[ruled.of_row[over]] = True
        broken[ruled.of_column[point.x < model.lower - _MET]] = True
        return True, rules | ~broken[:-1]

    def reduced(self) -> tuple[Flags, bool]:
        """Return a conflict that can spare no rule, and whether every question was settled."""
        kept = np.ones(len(self._ruled.names), dtype=bool)
        answer, _ = self.met(kept)
        if answer is not False:
            return kept, False
        sure = True
        for rule in range(len(kept)):
            kept[rule] = False
            answer, _ = self.met(kept)
            kept[rule] = answer is not False
            sure &= answer is not None
        return kept, sure

    def grown(self, held: Flags) -> Flags:
        """Add rules as long as they are known to hold together with those that do."""
        for rule in range(len(held)):
            if not held[rule]:
                more = held.copy()
                more[rule] = True
                answer, now = self.met(more)
                held = now if answer else held
        return held


def _least_hitting(sets: list[Flags], n: int) -> Flags:
    """Return a smallest choice of n with a member of every set."""
    if not sets:
        return np.zeros(n, dtype=bool)
    table = csr_array(np.array(sets, dtype=np.float64))
    found = solve(
        Model(
            cost=np.ones(n),
            lower=np.zeros(n),
            upper=np.ones(n),
            integral=np.ones(n, dtype=bool),
            matrix=table,
            row_lower=np.ones(len(sets)),
            row_upper=np.full(len(sets), np.inf),
        )
    )
    return found.x > 0.5  # noqa: PLR2004  # 0 or 1
