"""What to build in which period: nested, the end first, and never worse in between."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.checks.verify import verified
from carecircle.planning.cover import min_sites
from carecircle.planning.engine.by_id import in_id_order, in_order_of
from carecircle.planning.engine.cover_case import some_ids
from carecircle.planning.engine.cover_plan import covered_by, in_order
from carecircle.planning.engine.outcome import nearest_allocation, refuse_rivals
from carecircle.planning.engine.periods import Periods
from carecircle.planning.engine.phase_search import phases_of
from carecircle.planning.engine.plan_proof import settled_proof
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from carecircle.planning.engine.phase_search import Phases
    from carecircle.planning.instance import Instance

__all__ = ["phased", "phased_to_all"]

_DEFAULT = SolveOptions()
_SLACK = 1e-9


def phased(
    instance: Instance,
    *,
    n_sites: Sequence[int] | None = None,
    budget: Sequence[float] | None = None,
    sites: Sequence[str] | None = None,
    period_weight: Sequence[float] | None = None,
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose what to build in each period so that most weight is covered in the end, and early.

    First the last period covers as much as it can; then, without losing any of that, the earlier
    periods together. What is built stays, so no period covers less than the one before.

    Parameters
    ----------
    instance
        The problem. Facilities of today and existing sites count and stay; required sites are built
        in some period.
    n_sites, budget
        Per period: most new sites, and most that they may cost; at least one of the two. What is
        not spent in a period does not go into the next.
    sites
        Build these and no others; what is open is only when.
    period_weight
        Per period: what a covered person counts. The sum over all periods is then the objective, in
        place of the last period first.
    options
        Limits of the search.

    Returns
    -------
    Plan
        The objective is all weight covered in the last period, today's included, or the weighted
        sum. ``chosen`` has ``period`` (1 is the first) and is in the order of building. Sites that
        add nothing in any period are left out. ``terms["periods"]`` has, per period: ``n_sites``
        and ``cost`` of what is built, ``newly`` covered weight, ``covered`` and ``share``;
        ``earlier_bound``: what the periods before the last cannot cover more than, added up
        (None: not known).

    Raises
    ------
    InputError
        If numbers and budgets do not fit the candidates, all faults at once, or the rules
        contradict one another.

    Examples
    --------
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [5.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> plan = phased(two, n_sites=[1, 1])
    >>> plan.chosen["period"].to_dict(), plan.terms["periods"]["share"].tolist()
    ({'S2': 1, 'S1': 2}, [0.625, 1.0])
    """
    check_instance(instance)
    started = time.perf_counter()
    periods = Periods.of(n_sites, budget, period_weight)
    ordered = in_id_order(instance)
    if sites is not None:
        ordered = _only(ordered, sites)
    refuse_rivals(ordered)
    periods.check(ordered)
    found = phases_of(ordered, periods, options)
    terms = {
        "n_sites": None if n_sites is None else tuple(n_sites),
        "budget": None if budget is None else tuple(budget),
        "sites": None if sites is None else tuple(sites),
        "period_weight": None if period_weight is None else tuple(period_weight),
    }
    plan = _written("phased", ordered, periods, found, terms)
    return _finished(instance, plan, started)


def phased_to_all(
    instance: Instance,
    *,
    n_periods: int,
    leave_out_unreachable: bool = False,
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Cover everyone with the fewest sites, as many in each period as in the others.

    The number of sites is that of :func:`min_sites`; among all such sets of sites and all orders
    the one that covers most in the earlier periods, added up, is taken.

    Parameters
    ----------
    instance
        The problem.
    n_periods
        Number of periods; the first ones get one site more where the number is uneven.
    leave_out_unreachable, options
        As for :func:`min_sites`.

    Returns
    -------
    Plan
        As for :func:`phased`; ``terms["fewest"]`` is the proof that fewer sites do not suffice.

    Raises
    ------
    InputError
        If someone cannot be covered, with the first ids; or if groups make it impossible.

    Examples
    --------
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [5.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> phased_to_all(two, n_periods=2).chosen["period"].to_dict()
    {'S2': 1, 'S1': 2}
    """
    check_instance(instance)
    started = time.perf_counter()
    if n_periods < 1:
        raise InputError(f"n_periods is {n_periods}; give at least 1")
    ordered = in_id_order(instance)
    fewest = min_sites(ordered, leave_out_unreachable=leave_out_unreachable, options=options)
    n = len(fewest.site_ids)
    number = n // n_periods + (np.arange(n_periods) < n % n_periods)
    periods = Periods(number.astype(float), np.full(n_periods, np.inf), None)
    names = tuple(fewest.site_ids)
    found = phases_of(ordered, periods, options, names=names)
    terms = {"n_sites": tuple(int(one) for one in number), "fewest": fewest.proof,
             "leave_out_unreachable": leave_out_unreachable}  # fmt: skip
    plan = _written("phased_to_all", ordered, periods, found, terms)
    if plan.proof.objective < float(str(fewest.terms["covered"])) * (1 - _SLACK):
        # time was up: the sites that are known to cover everyone, in their best order
        few = phases_of(_only(ordered, names), periods, options)
        few = replace(few, answer=replace(few.answer, bound=found.answer.bound))
        plan = _written("phased_to_all", ordered, periods, few, terms)
    return _finished(instance, plan, started)


def _finished(instance: Instance, plan: Plan, started: float) -> Plan:
    proof = replace(plan.proof, seconds=time.perf_counter() - started)
    return verified(instance, in_order_of(instance, replace(plan, proof=proof)))


def _only(instance: Instance, sites: Sequence[str]) -> Instance:
    """Return the problem in which these sites are built and no others."""
    ids, named = instance.site_ids, pd.Index([str(site) for site in sites])
    wanted = ids.isin(named)
    faults = []
    if not len(named):
        faults.append("sites is empty; name those to build")
    for wrong, what in (
        (named[~named.isin(ids)], "not in the problem; ids must match"),
        (named[named.duplicated()], "named twice; name each once"),
        (ids[wanted & instance.forbidden], "forbidden; drop the one or the other"),
        (ids[wanted & instance.existing], "there already; name new sites"),
        (
            ids[instance.required & ~instance.existing & ~wanted],
            "required, but not among sites; add it",
        ),
    ):
        if len(wrong):
            faults.append(f"sites: {some_ids(wrong)} {'is' if len(wrong) == 1 else 'are'} {what}")
    if faults:
        raise InputError("\n".join(faults))
    closed = instance.forbidden | (~wanted & ~instance.existing)
    return replace(instance, required=instance.required | wanted, forbidden=closed)


def _written(
    problem: str,
    instance: Instance,
    periods: Periods,
    found: Phases,
    terms: Mapping[str, object],
) -> Plan:
    built, chosen = found.built, found.built >= 0
    table = _table(instance, periods, built)
    covered = table["covered"].to_numpy()
    worth = periods.worth
    value = float(covered[-1]) if worth is None else float(worth @ covered)
    kept = instance.existing & ~instance.forbidden
    limit = found.earlier_bound if np.isfinite(found.earlier_bound) else None
    told = {"periods": table, "earlier_bound": limit, "ties": found.ties}
    return Plan(
        problem=problem,
        chosen=_order(instance, len(periods), built),
        allocation=nearest_allocation(instance, chosen | kept, instance.within()),
        proof=settled_proof(value, found.answer),
        left_out=instance.unreachable(),
        terms={
            **terms, **told, "covered": float(covered[-1]), "total": float(instance.weight.sum()),
        },
    )  # fmt: skip


def _order(instance: Instance, n: int, built: NDArray[np.int64]) -> pd.DataFrame:
    """Put the sites in order: period by period, and in each the one first that then adds most."""
    parts = []
    for number in range(n):
        there = replace(instance, existing=instance.existing | ((built >= 0) & (built < number)))
        now = in_order(there, built == number)
        now.insert(0, "period", np.full(len(now), number + 1))
        parts.append(now)
    table = pd.concat(parts)
    return table.assign(cumulative=table["gain"].cumsum())


def _table(instance: Instance, periods: Periods, built: NDArray[np.int64]) -> pd.DataFrame:
    """Return what each period builds and covers."""
    n, total = len(periods), float(instance.weight.sum())
    each = [covered_by(instance, (built >= 0) & (built <= number)) for number in range(-1, n)]
    covered = np.array([float(instance.weight[one].sum()) for one in each])
    now = built[built >= 0]
    return pd.DataFrame(
        {
            "n_sites": np.bincount(now, minlength=n),
            "cost": np.bincount(now, instance.cost[built >= 0], n),
            "newly": np.diff(covered),
            "covered": covered[1:],
            "share": covered[1:] / total if total > 0 else np.full(n, np.nan),
        },
        index=pd.Index(np.arange(1, n + 1), name="period"),
    )
