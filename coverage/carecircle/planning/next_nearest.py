"""The next best plans of nearest-site problems, by parting what the plans before leave."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from carecircle.errors import InputError
from carecircle.planning.center import p_center
from carecircle.planning.engine.apart import NoOtherPlanError
from carecircle.planning.engine.periods import most_together
from carecircle.planning.median import p_median

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance
    from carecircle.planning.options import SolveOptions
    from carecircle.planning.plan import Plan

    Flags = NDArray[np.bool_]

__all__ = ["NEAREST", "Branches"]

_SAME = 1e-9

#: Problem -> what it is asked beside the instance.
NEAREST: Mapping[str, tuple[str, ...]] = {
    "p_median": ("n_sites", "penalty"),
    "p_center": ("n_sites",),
}
_SOLVE: Mapping[str, Callable[..., Plan]] = {"p_median": p_median, "p_center": p_center}


@dataclass(frozen=True, eq=False)
class _Branch:
    """The best plan of those that hold some sites and lack others."""

    plan: Plan
    held: Flags
    lacked: Flags


class Branches:
    """All sets of sites but those that hold a plan listed before, in parts with their best plans.

    After a plan of sites 1, 2, ..., p its part falls into those without site 1, those with 1 and
    without 2, those with 1 and 2 and without 3, and so on: E. L. Lawler (1972), A procedure for
    computing the K best solutions to discrete optimization problems, Management Science 18(7).
    """

    def __init__(self, instance: Instance, first: Plan, options: SolveOptions) -> None:
        self._instance, self._first, self._options = instance, first, options
        self._order = count()
        self._open: list[tuple[float, list[str], int, _Branch]] = []
        # parted only when another plan is asked for: each part is a search
        self._last = _Branch(first, instance.required, instance.forbidden)

    def next(self, before: list[Plan]) -> Plan:
        """Return the best plan that is left; ``before`` are those found.

        Raises
        ------
        NoOtherPlanError
            If none is.
        """
        self._part(self._last)
        if not self._open:
            raise NoOtherPlanError(f"{self._first.problem}: no other plan is possible")
        *_, self._last = heapq.heappop(self._open)
        # no plan that is left costs less than the least bound of all parts
        rest = [branch.plan.proof.bound for *_, branch in self._open]
        plan = self._last.plan
        return self._whole(plan, min([plan.proof.bound, *rest]), before)

    def _part(self, branch: _Branch) -> None:
        held, lacked = branch.held.copy(), branch.lacked
        for site in self._instance.site_ids.get_indexer(branch.plan.chosen.index):
            if held[site]:
                continue
            without = lacked.copy()
            without[site] = True
            found = self._best(held, without)
            if found is not None:
                one = _Branch(found, held.copy(), without)
                key = (found.proof.objective, sorted(found.site_ids), next(self._order))
                heapq.heappush(self._open, (*key, one))
            held[site] = True

    def _best(self, held: Flags, lacked: Flags) -> Plan | None:
        """Return the best plan with some sites and without others; None where there is none."""
        part = replace(self._instance, required=held, forbidden=lacked)
        n = min(self._asked["n_sites"], most_together(part))
        if n < max(int((held & ~part.existing).sum()), 1):
            return None
        started = time.perf_counter()
        try:
            plan = self._solve(part, {**self._asked, "n_sites": n})
        except InputError:
            if time.perf_counter() - started >= self._options.time_limit_s:
                raise
            return None
        # who only the site left out could serve would now be served by nobody
        everyone = self._asked.get("penalty") is not None
        return plan if everyone or len(plan.left_out) == len(self._first.left_out) else None

    def _whole(self, plan: Plan, bound: float, before: list[Plan]) -> Plan:
        """Write a plan of a part down as one of the whole problem, with what proves its place."""
        town = self._instance
        fixed = town.required | town.site_ids.isin(plan.chosen.index)
        pinned = self._solve(
            replace(town, required=fixed), {**self._asked, "n_sites": len(plan.chosen)}
        )
        value, proof = pinned.proof.objective, plan.proof
        reached = value - bound <= _SAME * max(1.0, abs(value))
        status = proof.status if proof.status != "optimal" else "gap"
        apart = tuple((tuple(one.site_ids), 1) for one in before)
        return replace(
            pinned,
            proof=replace(
                proof, objective=value, bound=value if reached else bound,
                status="optimal" if reached else status, verdict=pinned.proof.verdict,
            ),
            terms={**pinned.terms, **self._asked, "apart_from": apart},
        )  # fmt: skip

    def _solve(self, instance: Instance, asked: Mapping[str, Any]) -> Plan:
        return _SOLVE[self._first.problem](instance, **asked, options=self._options)

    @property
    def _asked(self) -> dict[str, Any]:
        return {name: self._first.terms[name] for name in NEAREST[self._first.problem]}
