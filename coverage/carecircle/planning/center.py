"""The smallest worst case: where sites stand so that nobody is farther than need be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from carecircle.errors import InputError
from carecircle.planning.checks.nearest_look import checked
from carecircle.planning.engine.costs import Costs, nearest_costs
from carecircle.planning.engine.covering import Covering
from carecircle.planning.engine.outcome import (
    Standing,
    chosen_table,
    nearest_allocation,
    sites_left,
    weighted_minutes,
)
from carecircle.planning.engine.site_rows import service_conflict
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan, Proof, Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.engine.conflicts import Conflict
    from carecircle.planning.instance import Instance

__all__ = ["p_center"]

_DEFAULT = SolveOptions()


def p_center(instance: Instance, *, n_sites: int, options: SolveOptions = _DEFAULT) -> Plan:
    """Choose the sites that make the longest way to the nearest one as short as can be.

    Facilities of today and existing sites go on serving. Every demand point with a weight counts
    alike, whatever its weight and limit. Demand that nothing reaches is left out, and named.

    Parameters
    ----------
    instance
        The problem.
    n_sites
        Most sites to choose, the required ones included; existing ones are kept and not counted.
    options
        Limits of the search.

    Returns
    -------
    Plan
        The objective is in minutes. ``gain`` is in weighted minutes saved, as in
        :func:`carecircle.planning.median.p_median`: the worst case as such has no useful order.

    Raises
    ------
    InputError
        If ``n_sites`` does not fit the candidates, or so few sites cannot serve everyone.

    Notes
    -----
    Bisection over the distinct minutes, first with linear relaxations of the covering problem at
    each of them, then with whole sites; E. Minieka (1970), The m-center problem, SIAM Review 12(1).

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1", "H2", "H2"],
    ...                       "site_id": ["S1", "S2", "S1", "S2"], "minutes": [2.0, 9.0, 8.0, 3.0]})
    >>> few = Instance.from_pairs(pairs, pd.DataFrame(index=["H1", "H2"]),
    ...                           pd.DataFrame(index=["S1", "S2"]))
    >>> plan = p_center(few, n_sites=1)
    >>> plan.site_ids, plan.proof.objective
    (['S1'], 8.0)
    """
    check_instance(instance)
    started = time.perf_counter()
    n_new = sites_left(instance, n_sites)
    rings = _Rings(instance, n_new, started + options.time_limit_s)
    status = rings.search(options)
    if rings.best is None:
        raise InputError(
            f"no {n_sites} sites that serve everyone were found in {options.time_limit_s:g} s;"
            " raise n_sites or the time limit"
        )
    low, high = rings.bounds
    from carecircle.planning.engine.interchange import exchange, one_by_one

    usable = ~instance.forbidden[instance.column]
    cost, before = weighted_minutes(instance)
    # among the sets with this worst case, one with few minutes: farther sites count as none
    far = 2 * float(before.sum()) + 1
    cap = np.where((instance.today_minutes <= high) | (before == 0), before, far)
    near = nearest_costs(instance, np.where(instance.minutes <= high, cost, far), cap)
    more = n_new - int((rings.best & ~near.fixed).sum())
    stands, _ = exchange(near, one_by_one(near, more, rings.best))
    standing = Standing(stands, stands & ~instance.existing)
    plan = Plan(
        problem="p_center",
        chosen=chosen_table(instance, standing, nearest_costs(instance, cost, before), before),
        allocation=nearest_allocation(instance, stands, usable),
        proof=Proof(high, low, status, time.perf_counter() - started, _solver()),
        left_out=instance.demand_ids[~rings.reached],
        terms={"n_sites": n_sites},
    )
    return checked(instance, plan)


def _solver() -> str:
    from importlib.metadata import version

    return f"HiGHS {version('highspy')}"


class _Rings:
    """The distinct minutes, and between which of them the smallest worst case lies."""

    def __init__(self, instance: Instance, n_new: int, deadline: float) -> None:
        self._instance = instance
        self._n_new = n_new
        self._deadline = deadline
        self._fixed = instance.required | (instance.existing & ~instance.forbidden)
        self._usable = ~instance.forbidden[instance.column]
        today = instance.today_minutes
        near = today.copy()
        np.minimum.at(near, instance.row[self._usable], instance.minutes[self._usable])
        self.reached = np.isfinite(near)
        self._counts = self.reached & (instance.weight > 0)
        # nobody can be nearer than the nearest site, nor farther than today
        least = float(near[self._counts].max(initial=0.0))
        most = float(today[self._counts].max(initial=0.0))
        values = np.concatenate(
            (instance.minutes[self._usable], today[np.isfinite(today)], [least])
        )
        self._values = np.unique(values[(values >= least) & (values <= most)])
        self._low, self._high = 0, len(self._values) - 1
        self.best: NDArray[np.bool_] | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """Least worst case that is not ruled out, and the one reached."""
        return float(self._values[self._low]), float(self._values[self._high])

    def search(self, options: SolveOptions) -> Status:
        """Close in on the smallest worst case; return how it ended."""
        self._try(self._high)
        if self.best is None and not self._decide(self._high):
            return "time_limit"
        self._greedy()
        self._relax()
        if options.method == "heuristic" and self._low < self._high:
            return "heuristic"
        ring = self._low  # the linear bound is most often the answer
        while self._low < self._high:
            if not self._decide(ring):
                return "time_limit"
            ring = (self._low + self._high) // 2
            if options.tell is not None:
                options.tell("worst case between {:g} and {:g} minutes".format(*self.bounds))
        return "optimal"

    def _greedy(self) -> None:
        low = self._low
        while low < self._high:
            middle = (low + self._high) // 2
            if not self._try(middle):
                low = middle + 1

    def _relax(self) -> None:
        high = self._high
        while self._low < high and self._left > 0:
            middle = (self._low + high) // 2
            if self._covering(middle).least(time_limit_s=self._left) > self._n_new:
                self._low = middle + 1
            else:
                high = middle

    def _try(self, ring: int) -> bool:
        """Look for sites that cover everyone within a ring, by exchange; return whether found."""
        instance, (pair, need) = self._instance, self._within(ring)
        free = ~self._fixed & ~instance.forbidden
        costs = Costs(
            start=np.searchsorted(instance.row[pair], np.arange(instance.n_demand + 1)),
            site=instance.column[pair].astype(np.int32),
            cost=np.zeros(len(pair)),
            cap=need.astype(np.float64),
            fixed=self._fixed,
            free=free & ~_closed(instance.group, self._fixed),
            group=instance.group,
        )
        from carecircle.planning.engine.interchange import exchange, one_by_one

        stands, missed = exchange(costs, one_by_one(costs, self._n_new, self._fixed))
        if missed == 0:
            self.best, self._high = stands, ring
        return missed == 0

    def _decide(self, ring: int) -> bool:
        """Settle whether a ring can be had; return whether time was enough.

        Raises
        ------
        InputError
            If it is the widest and cannot.
        """
        chosen, least = self._covering(ring).fewest(time_limit_s=self._left)
        if chosen is not None and chosen.sum() <= self._n_new:
            self.best, self._high = chosen | self._fixed, ring
            return True
        if least <= self._n_new:
            return False
        if self.best is None:
            need = (
                f"at least {least:.0f} more are needed" if np.isfinite(least) else "no choice can"
            )
            raise InputError(
                f"{self._n_new} sites beside those that stand cannot serve everyone who can be"
                f" reached: {need}; raise n_sites, or leave out who is hardest to reach"
                f" ({self._clash()})"
            )
        self._low = ring + 1
        return True

    def _clash(self) -> Conflict:
        instance = self._instance
        must = self._counts & ~np.isfinite(instance.today_minutes)
        number = self._n_new + int((instance.required & ~instance.existing).sum())
        return service_conflict(instance, self._usable, must, number)

    def _within(self, ring: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the pairs within a ring, and who needs a site to be within it."""
        instance, minutes = self._instance, self._values[ring]
        need = self._counts & (instance.today_minutes > minutes)
        inside = self._usable & (instance.minutes <= minutes) & need[instance.row]
        return np.flatnonzero(inside), need

    def _covering(self, ring: int) -> Covering:
        instance, (pair, need) = self._instance, self._within(ring)
        row, column = instance.row[pair], instance.column[pair]
        need[row[self._fixed[column]]] = False
        rows = np.flatnonzero(need)
        table = csr_array(
            (np.ones(len(pair)), (row, column)), shape=(instance.n_demand, instance.n_sites)
        )
        free = ~self._fixed & ~instance.forbidden & ~_closed(instance.group, self._fixed)
        return Covering(table[rows], free, instance.group)

    @property
    def _left(self) -> float:
        return max(self._deadline - time.perf_counter(), 0.0)


def _closed(group: NDArray[np.int64], stands: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the sites that one of their group rules out."""
    return np.isin(group, group[stands & (group >= 0)])
