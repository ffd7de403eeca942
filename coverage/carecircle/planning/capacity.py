"""Sites with room for so many: who still finds a place, and how far everyone goes then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack

from carecircle.errors import InputError
from carecircle.planning.checks.nearest_look import checked
from carecircle.planning.engine.conflicts import smallest_conflict
from carecircle.planning.engine.highs import Model, Solution, solve
from carecircle.planning.engine.site_rows import SERVED, SiteRows
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan, Proof, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

__all__ = ["Assignment", "capacitated_max_cover", "capacitated_p_median"]

Assignment = Literal["whole", "parts"]

_DEFAULT = SolveOptions()
_ROUNDING = 1e-6  # the solver's own tolerance for whole numbers and rows


def capacitated_max_cover(
    instance: Instance,
    *,
    n_sites: int | None = None,
    budget: float | None = None,
    assignment: Assignment = "whole",
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the sites whose places take in most people within their limits.

    Demand covered by a facility of today stays with it and takes no place. An existing facility
    whose places count is a site with ``existing`` set: it is kept at no cost and not counted.

    Parameters
    ----------
    instance
        The problem; capacities are in units of the weight.
    n_sites, budget
        Most sites to choose, and most they may cost together; one of them at least.
    assignment
        ``whole``: all people of a demand point go to one site, or to none; ``parts``: they may be
        shared out.
    options
        Limits of the search; ``heuristic`` stops at the first plan within 5 %.

    Returns
    -------
    Plan
        The objective is the weight served, today's included. ``gain`` is the weight that the plan
        sends to the site, and ``share`` is of all weight. With ``parts`` the allocation names the
        site that takes most of a demand point, and has ``served``, the weight taken by all sites.

    Raises
    ------
    InputError
        If neither or a negative number is given, or required sites exceed it.

    Notes
    -----
    J. Current and J. Storbeck (1988), Capacitated covering models, Environment and Planning B
    15(2), 153-163. Equal plans: fewest minutes are not sought.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S1"],
    ...                       "minutes": [5.0, 9.0]})
    >>> from carecircle.planning.instance import Instance
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> few = Instance.from_pairs(pairs, demand, pd.DataFrame({"capacity": [60.0]}, index=["S1"]))
    >>> capacitated_max_cover(few, n_sites=1).proof.objective
    50.0
    >>> capacitated_max_cover(few, n_sites=1, assignment="parts").proof.objective
    60.0
    """
    check_instance(instance)
    today = instance.covered_today()
    usable = instance.within() & ~instance.forbidden[instance.column] & ~today[instance.row]
    share = _Sharing(instance, usable & (instance.weight[instance.row] > 0), assignment)
    limits = SiteRows.of(instance, n_sites, budget)
    weight = instance.weight[instance.row[share.pair]]
    model = share.model(np.concatenate((np.zeros(instance.n_sites), weight)), limits, "max")
    solution = _solved(model, options)
    if not solution.found:
        raise share.impossible(model, limits, solution)
    base = float(instance.weight[today].sum())
    terms = {"n_sites": n_sites, "budget": budget, "assignment": assignment}
    left = instance.demand_ids.isin(instance.unreachable())
    return share.plan(
        "capacitated_max_cover", solution, base, left=left, terms=terms, options=options
    )


def capacitated_p_median(
    instance: Instance,
    *,
    n_sites: int,
    assignment: Assignment = "whole",
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the sites with places for everyone and the least weighted minutes.

    Everyone whom a site or a facility of today reaches is served, whatever the limit of the
    resident is. Facilities of today have room for all; an existing facility whose places count is a
    site with ``existing`` set: it is kept and not counted.

    Parameters
    ----------
    instance
        The problem; capacities are in units of the weight.
    n_sites
        Most sites to choose, the required ones included.
    assignment, options
        As for :func:`capacitated_max_cover`.

    Returns
    -------
    Plan
        The objective is in weighted minutes. ``gain`` is the weight that the plan sends to the
        site, and ``share`` is of all weight.

    Raises
    ------
    InputError
        If ``n_sites`` does not fit the candidates, or the places do not suffice.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S1"],
    ...                       "minutes": [5.0, 9.0]})
    >>> from carecircle.planning.instance import Instance
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0]}, index=["H1", "H2"])
    >>> few = Instance.from_pairs(pairs, demand, pd.DataFrame({"capacity": [80.0]}, index=["S1"]))
    >>> capacitated_p_median(few, n_sites=1).proof.objective
    600.0
    """
    check_instance(instance)
    today = instance.today_minutes
    usable = ~instance.forbidden[instance.column] & (instance.minutes < today[instance.row])
    share = _Sharing(instance, usable & (instance.weight[instance.row] > 0), assignment)
    limits = SiteRows.of(instance, n_sites, None)
    near = np.where(np.isfinite(today), today, 0.0)
    pair_row = instance.row[share.pair]
    minutes = instance.minutes[share.pair] - near[pair_row]
    cost = instance.weight[pair_row] * minutes
    reached = np.zeros(instance.n_demand, dtype=bool)
    reached[instance.row[usable]] = True
    must = reached & ~np.isfinite(today) & (instance.weight > 0)
    _enough_room(instance, n_sites, must, pair_row)
    model = share.model(np.concatenate((np.zeros(instance.n_sites), cost)), limits, "min", must)
    solution = _solved(model, options)
    if not solution.found:
        raise share.impossible(model, limits, solution)
    base = float((instance.weight * near).sum())
    terms = {"n_sites": n_sites, "assignment": assignment}
    left = ~np.isfinite(today) & ~reached
    return share.plan(
        "capacitated_p_median", solution, base, left=left, terms=terms, options=options
    )


class _Sharing:
    """Variables: a site stands; a pair is used. Rows: each goes once, room, no closed site."""

    def __init__(
        self, instance: Instance, usable: NDArray[np.bool_], assignment: Assignment
    ) -> None:
        if assignment not in ("whole", "parts"):
            raise InputError(f"assignment is {assignment!r}; give 'whole' or 'parts'")
        self.instance = instance
        weight, room = instance.weight[instance.row], instance.capacity[instance.column]
        # a point larger than the site never goes there whole
        fits = (weight <= room + _ROUNDING) if assignment == "whole" else room > 0
        self.pair = np.flatnonzero(usable & fits)
        self._whole = assignment == "whole"
        self._fixed = instance.required | (instance.existing & ~instance.forbidden)

    def _room(self) -> csr_array:
        """Return one row per site with a capacity: what it is given, less what it has."""
        instance, pair = self.instance, self.pair
        m, n_pairs = instance.n_sites, len(pair)
        bounded = np.flatnonzero(np.isfinite(instance.capacity))
        rank = np.full(m, -1)
        rank[bounded] = np.arange(len(bounded))
        column = instance.column[pair]
        inside = np.flatnonzero(rank[column] >= 0)
        values = instance.weight[instance.row[pair[inside]]]
        return csr_array(
            (
                np.concatenate((values, -instance.capacity[bounded])),
                (
                    np.concatenate((rank[column[inside]], np.arange(len(bounded)))),
                    np.concatenate((m + inside, bounded)),
                ),
            ),
            shape=(len(bounded), m + n_pairs),
        )

    def model(
        self,
        cost: NDArray[np.float64],
        limits: SiteRows,
        sense: Literal["min", "max"],
        must: NDArray[np.bool_] | None = None,
    ) -> Model:
        """Build the model; sites come first, then pairs."""
        instance, pair = self.instance, self.pair
        m, n_pairs = instance.n_sites, len(pair)
        z = m + np.arange(n_pairs)
        rows, once = np.unique(instance.row[pair], return_inverse=True)
        column = instance.column[pair]
        one = np.ones(n_pairs)
        each = csr_array((one, (once, z)), shape=(len(rows), m + n_pairs))
        room = self._room()
        index = np.arange(n_pairs)
        opened = csr_array(
            (
                np.concatenate((one, -one)),
                (np.concatenate((index, index)), np.concatenate((z, column))),
            ),
            shape=(n_pairs, m + n_pairs),
        )
        wide = csr_array(
            (limits.matrix.data, limits.matrix.indices, limits.matrix.indptr),
            shape=(limits.matrix.shape[0], m + n_pairs),
        )
        lower = np.full(len(rows), -np.inf)
        if must is not None:
            lower[must[rows]] = 1.0
        n_other = room.shape[0] + n_pairs
        return Model(
            cost=cost,
            lower=np.concatenate((limits.lower, np.zeros(n_pairs))),
            upper=np.concatenate((limits.upper, one)),
            integral=np.concatenate((np.ones(m, dtype=bool), np.full(n_pairs, self._whole))),
            matrix=csr_array(vstack((each, room, opened, wide))),
            row_lower=np.concatenate((lower, np.full(n_other + len(limits.most), -np.inf))),
            row_upper=np.concatenate((np.ones(len(rows)), np.zeros(n_other), limits.most)),
            sense=sense,
        )

    def impossible(self, model: Model, limits: SiteRows, found: Solution) -> InputError:
        """Say which rules keep a model from having any plan."""
        if found.status != "infeasible":
            return InputError(
                f"no plan found in {found.seconds:.0f} s ({found.status}); raise time_limit_s"
            )
        n_rooms = int(np.isfinite(self.instance.capacity).sum())
        n_once = model.matrix.shape[0] - n_rooms - len(self.pair) - len(limits.most)
        of_row = np.full(model.matrix.shape[0] - len(limits.most), -1)
        of_row[:n_once][model.row_lower[:n_once] > 0] = 0
        of_row[n_once : n_once + n_rooms] = 1
        clash = smallest_conflict(limits.ruled(model, (SERVED, "capacity of the sites"), of_row))
        way = ", or allow assignment='parts'" if self._whole else ""
        return InputError(f"no choice of sites holds everyone: {clash}{way}")

    def plan(
        self,
        problem: str,
        solution: Solution,
        base: float,
        *,
        left: NDArray[np.bool_],
        terms: Mapping[str, object],
        options: SolveOptions,
    ) -> Plan:
        """Turn a solution into a plan; sites that serve nobody are left out unless required."""
        instance = self.instance
        part = np.maximum(solution.x[instance.n_sites :], 0.0)
        weight = instance.weight[instance.row[self.pair]] * part
        load = np.bincount(instance.column[self.pair], weight, instance.n_sites)
        stands = (solution.x[: instance.n_sites] > 0.5) & ((load > 0) | self._fixed)  # noqa: PLR2004  # 0 or 1
        order = np.flatnonzero(stands & ~instance.existing)
        order = order[np.argsort(-load[order], kind="stable")]
        cumulative = np.cumsum(load[order])
        total = float(instance.weight.sum())
        chosen = pd.DataFrame(
            {
                "gain": load[order],
                "cumulative": cumulative,
                "share": cumulative / total if total > 0 else cumulative,
                "cost": instance.cost[order],
            },
            index=pd.Index(instance.site_ids[order], name="site_id"),
        )
        status: Status = _status(solution, options)
        plan = Plan(
            problem=problem,
            chosen=chosen,
            allocation=self._allocation(part),
            proof=Proof(
                solution.objective + base,
                solution.bound + base,
                status,
                solution.seconds,
                solution.solver,
            ),
            left_out=instance.demand_ids[left],
            terms=terms,
        )
        return checked(instance, plan)

    def _allocation(self, part: NDArray[np.float64]) -> pd.DataFrame:
        instance = self.instance
        row, column = instance.row[self.pair], instance.column[self.pair]
        used = np.flatnonzero(part > _ROUNDING)
        used = used[np.lexsort((column[used], -part[used], row[used]))]
        rows, first = np.unique(row[used], return_index=True)
        site = np.full(instance.n_demand, None, dtype=object)
        site[rows] = instance.site_ids.to_numpy(dtype=object)[column[used[first]]]
        minutes = np.where(np.isfinite(instance.today_minutes), instance.today_minutes, np.nan)
        share = np.bincount(row[used], part[used], instance.n_demand)
        taken = np.bincount(
            row[used], part[used] * instance.minutes[self.pair[used]], instance.n_demand
        )
        rest = np.isfinite(minutes[rows]) & (share[rows] < 1.0 - _ROUNDING)
        today = np.where(rest, minutes[rows] * (1.0 - share[rows]), 0.0)
        minutes[rows] = (taken[rows] + today) / np.where(rest, 1.0, share[rows])
        table = pd.DataFrame(
            {"site_id": pd.array(site, dtype="str"), "minutes": minutes},
            index=pd.Index(instance.demand_ids, name="home_id"),
        )
        return table if self._whole else table.assign(served=share * instance.weight)


def _solved(model: Model, options: SolveOptions) -> Solution:
    gap = max(options.gap, 0.05) if options.method == "heuristic" else options.gap
    return solve(model, time_limit_s=options.time_limit_s, gap=gap, tell=options.tell)


def _status(solution: Solution, options: SolveOptions) -> Status:
    if solution.status == "optimal":
        return "optimal"
    if options.method == "heuristic":
        return "heuristic"
    if solution.status in ("gap", "time_limit", "interrupted"):
        return solution.status
    return "time_limit"


def _enough_room(
    instance: Instance, n_sites: int, must: NDArray[np.bool_], fitting: NDArray[np.int64]
) -> None:
    """Raise if somebody fits nowhere, or the roomiest sites that may stand do not hold everyone."""
    need = float(instance.weight[must].sum())
    kept = instance.existing & ~instance.forbidden
    new = ~instance.existing & ~instance.forbidden
    most = float(instance.capacity[kept].sum() + np.sort(instance.capacity[new])[-n_sites:].sum())
    if most < need:
        raise InputError(
            f"capacity: {need:g} people must be served, but the {n_sites} roomiest sites and those"
            f" kept have {most:g} places; raise n_sites or capacity"
        )
    nowhere = must.copy()
    nowhere[fitting] = False
    if nowhere.any():
        k = int(np.argmax(nowhere))
        raise InputError(
            f"demand {instance.demand_ids[k]}: {instance.weight[k]:g} people fit into no site that"
            " they reach; allow assignment='parts', split the demand or raise capacity"
        )
