"""The fewest sites that cover a weight, by halving the number of sites of a maximal covering."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carecircle.planning.engine.benders import Decomposed
from carecircle.planning.engine.cover_case import Answer
from carecircle.planning.engine.greedy import Chooser

if TYPE_CHECKING:
    from carecircle.planning.engine.cover_case import Case
    from carecircle.planning.plan import Status

__all__ = ["fewest_for"]

_SLACK = 1e-9


def fewest_for(case: Case, weight: float) -> Answer:
    """Find the fewest columns that cover a weight.

    Whether n columns suffice is one maximal covering, and most n are decided at once: a quick plan
    covers enough, or the linear bound does not. Much faster on large tables than one model with a
    row for the share, whose linear bound is weak.

    Parameters
    ----------
    case
        A problem without limits on number and budget.
    weight
        To be covered beside what stands covers.

    Raises
    ------
    InputError
        If groups keep any plan from covering so much; names them.
    """
    need = weight - _SLACK * max(1.0, weight)
    chooser = Chooser(case.table.covers, case.table.weight, case.limits)
    best = chooser.filled()
    if chooser.value(best) < need:
        return _with_groups(case, weight)
    while len(best) and chooser.value(best[:-1]) >= need:
        best = best[:-1]
    low = proven = 0
    status: Status = "heuristic" if case.options.method == "heuristic" else "time_limit"
    solver = ""
    while low < len(best) and status != "interrupted":
        n = (low + len(best) - 1) // 2
        options = replace(case.options, time_limit_s=case.left(), gap=0.0)
        search = Decomposed(case.table, replace(case.limits, n=float(n)), options, enough=need)
        status = "interrupted" if search.solve() == "interrupted" else status
        solver = search.solver
        if search.value >= need:
            best = search.chosen
            continue
        low = n + 1
        if search.bound < need:
            proven = low
    columns = np.zeros(len(case.table.sites), dtype=bool)
    columns[best] = True
    new = int((case.instance.required & ~case.instance.existing).sum())
    return Answer(columns, float(proven + new), status, solver)


def _with_groups(case: Case, weight: float) -> Answer:
    """Settle by the whole model what the quick plan cannot: which of each group to take."""
    need, total = weight + case.base, float(case.instance.weight.sum())
    model = case.model(())
    row = model.row(model.covered(), case.table.weight)
    name = f"share {need / total:g} of all weight"
    model.add(row, lower=case.at_least(need, case.base), name=name)
    new = float((case.instance.required & ~case.instance.existing).sum())
    return case.solve(model, case.price("sites"), "min", offset=new)
