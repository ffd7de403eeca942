"""The next best plans: what else would do, and how much each alternative loses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.cover import everyone_covered, most_covered, share_covered
from carecircle.planning.engine.apart import Apart, NoOtherPlanError
from carecircle.planning.engine.cover_case import Case, limits_of
from carecircle.planning.engine.greedy import Limits
from carecircle.planning.instance import check_instance
from carecircle.planning.next_nearest import NEAREST, Branches
from carecircle.planning.notebook_tables import as_html
from carecircle.planning.options import SolveOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

__all__ = ["Alternatives", "k_best"]

_DEFAULT = SolveOptions()
_SOLVE = {
    "max_cover": most_covered,
    "min_sites": everyone_covered,
    "min_sites_for_share": share_covered,
}
_ASKED = {
    "max_cover": ("n_sites", "budget", "equity"),
    "min_sites": ("least", "leave_out_unreachable"),
    "min_sites_for_share": ("share", "least", "equity"),
}


@dataclass(frozen=True, eq=False)
class Alternatives:
    """The best plans for one question, best first.

    Attributes
    ----------
    plans
        Distinct plans; each is the best that is left once those before it are ruled out.
    complete
        Whether there is no other plan at all.
    """

    plans: tuple[Plan, ...]
    complete: bool

    @property
    def proven(self) -> bool:
        """Whether the order is proven: every plan is the best of what the ones before leave."""
        return all(plan.proof.status == "optimal" for plan in self.plans)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each plan.

        Index ``rank`` from 1: ``objective``, ``loss`` against the first plan, ``n_sites``,
        ``cost``, ``in_common`` (sites that the first plan has too), ``status``, ``site_ids``
        joined by ``;``.
        """
        first = self.plans[0]
        rows = [
            {
                "objective": plan.proof.objective,
                "loss": abs(plan.proof.objective - first.proof.objective),
                "n_sites": len(plan.chosen),
                "cost": float(plan.chosen["cost"].sum()),
                "in_common": len(set(plan.site_ids) & set(first.site_ids)),
                "status": plan.proof.status,
                "site_ids": ";".join(sorted(plan.site_ids)),
            }
            for plan in self.plans
        ]
        return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="rank"))

    @cached_property
    def sites(self) -> pd.DataFrame:
        """How many of the plans hold each site; index ``site_id``, most first: ``plans``."""
        every = pd.Series([site for plan in self.plans for site in plan.site_ids], dtype="str")
        count = every.value_counts().rename_axis("site_id").rename("plans").reset_index()
        count = count.sort_values(["plans", "site_id"], ascending=[False, True])
        return count.set_index("site_id")

    def __repr__(self) -> str:
        words = "order proven" if self.proven else "order not proven"
        more = "; there is no other" if self.complete else ""
        return f"Alternatives({len(self.plans)} plans for {self.plans[0].problem}; {words}{more})"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.table)


def k_best(
    instance: Instance,
    plan: Plan,
    *,
    k: int = 5,
    differ: int = 1,
    options: SolveOptions = _DEFAULT,
) -> Alternatives:
    """Find the best plans beside a plan, in proven order.

    After each plan, sets that hold all of its sites are ruled out and the problem is solved again.
    For most cover nothing is missed by this: a set that holds a plan and adds to it would have been
    found before. For fewest sites, a set that holds a plan which suffices has needless sites. Of
    nearest-site problems what is left is parted, and each part searched: as many searches for each
    plan as it has sites.

    Parameters
    ----------
    instance
        The problem.
    plan
        The best plan for it, of ``max_cover``, ``min_sites``, ``min_sites_for_share``,
        ``p_median`` or ``p_center``; what it was asked is asked again.
    k
        How many plans to find, the given one included.
    differ
        How many of the sites that each earlier plan chooses a later one must do without (of an
        earlier plan with fewer sites: all of them). More than 1 gives plans that really differ; of
        ``p_median`` and ``p_center`` it must be 1.
    options
        Limits of each search.

    Returns
    -------
    Alternatives
        Fewer than ``k`` plans where no other is possible.

    Raises
    ------
    InputError
        For a plan of another problem, or ``k`` or ``differ`` below 1.

    Notes
    -----
    Ruling out by a row per plan: E. Balas and R. Jeroslow (1972), Canonical cuts on the unit
    hypercube, SIAM Journal on Applied Mathematics 23(1), 61-69. By parting: E. L. Lawler (1972), A
    procedure for computing the K best solutions to discrete optimization problems, Management
    Science 18(7), 401-405.

    Examples
    --------
    >>> from carecircle.planning.cover import max_cover
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [5.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> k_best(two, max_cover(two, n_sites=1), k=2).table["site_ids"].to_dict()
    {1: 'S2', 2: 'S1'}
    """
    check_instance(instance)
    if plan.problem not in {**_SOLVE, **NEAREST}:
        known = ", ".join([*_SOLVE, *NEAREST])
        raise InputError(f"plan is of {plan.problem}; k_best knows {known}")
    if k < 1 or differ < 1:
        raise InputError(f"k is {k}, differ is {differ}; give 1 or more")
    if differ > 1 and plan.problem in NEAREST:
        raise InputError(f"differ is {differ}; plans of {plan.problem} are told apart by 1 site")
    further = _further(instance, plan, differ, options)
    plans = [plan]
    while len(plans) < k:
        if options.tell is not None:
            options.tell(f"{len(plans)} of {k} plans")
        try:
            plans.append(further(plans))
        except NoOtherPlanError:
            return Alternatives(tuple(plans), complete=True)
    return Alternatives(tuple(plans), complete=False)


def _further(
    instance: Instance, plan: Plan, differ: int, options: SolveOptions
) -> Callable[[list[Plan]], Plan]:
    """Return what finds the best plan beside those given."""
    if plan.problem in NEAREST:
        return Branches(instance, plan, options).next
    terms = {name: plan.terms.get(name) for name in _ASKED[plan.problem]}
    return lambda plans: _next(instance, plans, terms, (differ, options))


def _next(
    instance: Instance,
    plans: list[Plan],
    terms: dict[str, object],
    how: tuple[int, SolveOptions],
) -> Plan:
    """Return the best plan that is left."""
    differ, options = how
    problem = plans[0].problem
    if problem == "max_cover":
        limits = limits_of(instance, terms["n_sites"], terms["budget"])  # type: ignore[arg-type]  # as asked before
    else:
        limits = Limits(np.inf, instance.cost, np.inf, instance.group)
    free = ~instance.required
    sets = [instance.site_ids.isin(plan.chosen.index) & free for plan in plans]
    apart = Apart.of(limits, sets, differ=differ)
    other = tuple((tuple(instance.site_ids[own]), differ) for own in sets)
    case = Case.of(problem, instance, options, apart)
    return _SOLVE[problem](case, {**terms, "apart_from": other})
