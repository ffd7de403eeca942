"""Sites that most people will use: attendance falls with the way, and others compete for it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carecircle.analysis.decay import attendance_share
from carecircle.errors import InputError
from carecircle.planning.checks.nearest_look import checked
from carecircle.planning.engine.costs import nearest_costs
from carecircle.planning.engine.outcome import (
    Standing,
    chosen_table,
    nearest_allocation,
    sites_left,
    solver_name,
)
from carecircle.planning.instance import check_instance
from carecircle.planning.median import search_nearest
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan, Proof

if TYPE_CHECKING:
    from carecircle.analysis.decay import AttendanceDecay
    from carecircle.planning.instance import Instance

__all__ = ["max_attendance"]

_DEFAULT = SolveOptions()


def max_attendance(
    instance: Instance,
    *,
    n_sites: int,
    decay: AttendanceDecay = "linear",
    options: SolveOptions = _DEFAULT,
) -> Plan:
    r"""Choose the sites that most people will attend, each the nearest one.

    Facilities of today and existing sites are attended as well.

    Parameters
    ----------
    instance
        The problem; every demand point that a site can serve needs a finite limit.
    n_sites
        Most sites to choose, the required ones included; existing ones are kept and not counted.
    decay
        How attendance falls with the way (:func:`carecircle.analysis.decay.attendance_share`).
    options
        Limits of the search.

    Returns
    -------
    Plan
        Objective and ``gain`` are people attending; ``share`` is the part of those who do not
        attend today. Demand that no site can reach within its limit is in ``left_out``.

    Raises
    ------
    InputError
        If ``n_sites`` does not fit the candidates, a limit is missing, or the decay is unknown.

    Notes
    -----
    .. math:: \max \sum_i w_i \max_{j\ standing} f(c_{ij} / l_i)

    The same as the least sum of people staying away, which is a nearest-site problem and so is
    proven like a p-median.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [9.0, 3.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 20.0], "limit": 15.0}, index=["H1", "H2"])
    >>> plan = max_attendance(Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"])),
    ...                       n_sites=1)
    >>> plan.site_ids, plan.proof.objective
    (['S2'], 16.0)
    """
    check_instance(instance)
    started = time.perf_counter()
    n_new = sites_left(instance, n_sites)
    limit = instance.limit
    endless = np.zeros(instance.n_demand, dtype=bool)
    endless[instance.row] = np.isinf(limit[instance.row])
    if endless.any():
        raise InputError(
            f"demand {instance.demand_ids[endless][0]}: attendance falls to nothing at the limit,"
            " and there is none; give minutes in 'limit'"
        )
    weight = instance.weight
    stay = 1.0 - attendance_share(instance.minutes, limit[instance.row], decay)
    away = 1.0 - attendance_share(instance.today_minutes, limit, decay)
    costs = nearest_costs(instance, weight[instance.row] * stay, weight * away)
    found = search_nearest(costs, n_new, options=options)
    total = float(weight.sum())
    standing = Standing(found.chosen, found.chosen & ~instance.existing)
    nearby = instance.within() & ~instance.forbidden[instance.column]
    within_today = replace(
        instance, today_minutes=np.where(instance.covered_today(), instance.today_minutes, np.inf)
    )
    plan = Plan(
        problem="max_attendance",
        chosen=chosen_table(instance, standing, costs, weight * away),
        allocation=nearest_allocation(within_today, found.chosen, nearby),
        proof=Proof(
            total - found.objective,
            total - found.bound,
            found.status,
            time.perf_counter() - started,
            solver_name(),
        ),
        left_out=instance.unreachable(),
        terms={"n_sites": n_sites, "decay": decay},
    )
    return checked(instance, plan)
