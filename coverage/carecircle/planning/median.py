"""Least total walking: where sites stand so that people's minutes add up to the least."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.checks.nearest_look import checked
from carecircle.planning.engine.costs import nearest_costs
from carecircle.planning.engine.covering import Covering
from carecircle.planning.engine.merge import merge_demand
from carecircle.planning.engine.outcome import (
    Standing,
    chosen_table,
    nearest_allocation,
    sites_left,
    solver_name,
    weighted_minutes,
)
from carecircle.planning.engine.site_rows import service_conflict
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan, Proof

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carecircle.planning.engine.conflicts import Conflict
    from carecircle.planning.engine.costs import Costs
    from carecircle.planning.engine.merge import Merged
    from carecircle.planning.engine.tree import Found
    from carecircle.planning.instance import Instance

__all__ = ["p_median", "search_nearest"]

_DEFAULT = SolveOptions()


def p_median(
    instance: Instance,
    *,
    n_sites: int,
    penalty: float | None = None,
    options: SolveOptions = _DEFAULT,
) -> Plan:
    r"""Choose the sites with the least weighted minutes from every demand point to the nearest.

    Facilities of today and existing sites go on serving; pairs count whatever the limit of the
    resident is. Demand that no site and no facility reaches is left out, and named.

    Parameters
    ----------
    instance
        The problem.
    n_sites
        Most sites to choose, the required ones included; existing ones are kept and not counted.
    penalty
        Minutes that count for who is served by nobody or from farther away. Without it everyone
        who can be reached must be served.
    options
        Limits of the search.

    Returns
    -------
    Plan
        ``gain`` is in weighted minutes saved; who has no facility today counts, before, with the
        minutes of the farthest site in the pairs (or the penalty). The objective is in weighted
        minutes over all demand that is not left out. ``terms["prices"]`` has the price per demand
        point that proves the bound before branching.

    Raises
    ------
    InputError
        If ``n_sites`` does not fit the candidates, ``penalty`` is negative, or so few sites cannot
        serve everyone.

    Notes
    -----
    .. math:: \min \sum_i w_i \min(t_i, \min_{j\ chosen} c_{ij})

    with weight w, minutes c and today's minutes t; S. L. Hakimi (1964), Optimum locations of
    switching centers and the absolute centers and medians of a graph, Operations Research 12(3).

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1", "H2", "H2"],
    ...                       "site_id": ["S1", "S2", "S1", "S2"], "minutes": [2.0, 9.0, 8.0, 3.0]})
    >>> demand = pd.DataFrame({"weight": [10.0, 30.0]}, index=["H1", "H2"])
    >>> plan = p_median(Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"])),
    ...                 n_sites=1)
    >>> plan.site_ids, plan.proof.objective
    (['S2'], 180.0)
    """
    check_instance(instance)
    if penalty is not None and not penalty >= 0:
        raise InputError(f"penalty is {penalty!r}; give minutes of 0 or more, or None")
    started = time.perf_counter()
    n_new = sites_left(instance, n_sites)
    usable = ~instance.forbidden[instance.column]
    today = np.isfinite(instance.today_minutes)
    reached = today.copy()
    reached[instance.row[usable]] = True
    served = usable if penalty is None else usable & (instance.minutes < penalty)
    merged = _merged(instance, served, penalty)
    few = merged.instance
    cost, before = weighted_minutes(few, penalty)
    must = np.bincount(merged.row_of, ~today & reached, few.n_demand) > 0
    must &= (few.weight > 0) & (penalty is None)
    # twice the total: more than any plan that serves everyone can cost
    costs = nearest_costs(few, cost, np.where(must, 2 * before.sum() or 1.0, before))
    found = search_nearest(
        costs, n_new, options=options, must=must,
        why=lambda: service_conflict(few, few.minutes >= 0, must, n_sites),
    )  # fmt: skip
    standing = Standing(found.chosen, found.chosen & ~instance.existing)
    plan = Plan(
        problem="p_median",
        chosen=chosen_table(few, standing, costs, before),
        allocation=nearest_allocation(instance, found.chosen, served),
        proof=Proof(
            objective=found.objective,
            bound=found.bound,
            status=found.status,
            seconds=time.perf_counter() - started,
            solver=solver_name(),
        ),
        left_out=instance.demand_ids[~reached],
        terms={"n_sites": n_sites, "penalty": penalty, **_prices(instance, merged, found)},
    )
    return checked(instance, plan)


def _merged(instance: Instance, served: NDArray[np.bool_], penalty: float | None) -> Merged:
    """Merge demand that is alike: what is no nearer than today's facility is never used."""
    most = np.inf if penalty is None else penalty
    today = np.minimum(instance.today_minutes, most)
    return merge_demand(instance, served & (instance.minutes < today[instance.row]), today)


def _prices(instance: Instance, merged: Merged, found: Found) -> dict[str, pd.Series]:
    if len(found.price) != merged.instance.n_demand:  # nothing was left to choose
        return {}
    price = merged.spread(found.price, instance.weight)
    return {"prices": pd.Series(price, instance.demand_ids, name="price")}


def search_nearest(
    costs: Costs,
    n_new: int,
    *,
    options: SolveOptions = _DEFAULT,
    must: NDArray[np.bool_] | None = None,
    why: Callable[[], Conflict] | None = None,
) -> Found:
    """Search the best sites of a nearest-site problem.

    Parameters
    ----------
    costs
        The problem.
    n_new
        Most sites to choose beside the fixed ones.
    options
        Limits of the search.
    must
        Per demand point: must be served by a site, whatever it costs; none by default.
    why
        Names the rules to blame where that cannot be.

    Returns
    -------
    Found
        Proven, or at the time limit with its bound.

    Raises
    ------
    InputError
        If ``n_new`` sites cannot serve all that must be; names the least number that might.
    """
    from carecircle.planning.engine.tree import Search

    search = Search(
        costs, n_new, time_limit_s=options.time_limit_s, gap=options.gap, tell=options.tell
    )
    if must is not None and _unserved(costs, search.chosen, must).any():
        chosen = _serve_all(costs, n_new, must, options)
        if isinstance(chosen, str):
            raise InputError(chosen if why is None else f"{chosen} ({why()})")
        search.offer(chosen)
    return search.heuristic() if options.method == "heuristic" else search.prove()


def _unserved(
    costs: Costs, chosen: NDArray[np.bool_], must: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    return must & (costs.of(chosen) >= costs.cap)


def _serve_all(
    costs: Costs, n_new: int, must: NDArray[np.bool_], options: SolveOptions
) -> NDArray[np.bool_] | str:
    """Return sites that serve everyone, or why there are none."""
    from scipy.sparse import csr_array

    covers = csr_array(
        (np.ones(len(costs.site)), costs.site, costs.start), shape=(len(must), len(costs.free))
    )
    rows = np.flatnonzero(_unserved(costs, costs.fixed, must))
    problem = Covering(covers[rows], costs.free, costs.group)
    chosen, least = problem.fewest(time_limit_s=options.time_limit_s)
    if chosen is not None and chosen.sum() <= n_new:
        return chosen | costs.fixed
    fixed = int(costs.fixed.sum())
    need = f"at least {fixed + least:.0f} are needed" if np.isfinite(least) else "no choice can"
    return (
        f"{fixed + n_new} sites (fixed ones included) cannot serve everyone who can be reached:"
        f" {need}; raise n_sites, or give penalty, the minutes that count for who is not served"
    )
