"""The best order of building found by one model of all periods, or within bounds of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from carecircle.planning.cover import max_cover
from carecircle.planning.engine.cover_case import Answer, Case, some_ids
from carecircle.planning.engine.cover_model import CoverModel
from carecircle.planning.engine.cover_plan import covered_by, useful
from carecircle.planning.engine.greedy import Limits
from carecircle.planning.engine.highs import solve, solver_name
from carecircle.planning.engine.periods import Periods, Spread, most_together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance
    from carecircle.planning.options import SolveOptions
    from carecircle.planning.plan import Plan, Status

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Phases", "phases_of"]

# up to here all sites are looked at in one model of all periods
_MOST_PAIRS_WHOLE = 40_000
_HALF = 0.5
_SLACK = 1e-9
_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Phases:
    """An order of building and what is known of it.

    Attributes
    ----------
    built
        Per site: period in which it is built (0 the first), -1 never.
    answer
        Bound, status and solver of the objective.
    earlier_bound
        What the earlier periods cannot cover more than, together, without the last one losing.
    ties
        How ties were settled.
    """

    built: NDArray[np.int64]
    answer: Answer
    earlier_bound: float
    ties: str


def phases_of(
    instance: Instance, periods: Periods, options: SolveOptions, *, names: tuple[str, ...] = ()
) -> Phases:
    """Find what to build when.

    Small problems are one model. For large ones the best set for each period on its own is found
    first: what these cover bounds every order of building, and the order is then the best among
    their sites.

    Parameters
    ----------
    instance
        The problem, in the order of its ids.
    periods
        What may be built when.
    options
        Limits of the search.
    names
        Ids of sites that a large problem has to look at besides.
    """
    n = len(periods)
    usable = instance.within() & ~instance.forbidden[instance.column]
    usable &= ~instance.covered_today()[instance.row]
    if int(usable.sum()) * n * (n + 1) // 2 <= _MOST_PAIRS_WHOLE:
        return _Search(instance, periods, options).best()
    looked_at = instance.required | instance.existing | instance.site_ids.isin(list(names))
    plans = [_alone(instance, periods, number, options) for number in range(1, n + 1)]
    for plan in plans:
        looked_at = looked_at | instance.site_ids.isin(plan.chosen.index)
    few = replace(instance, forbidden=instance.forbidden | ~looked_at)
    return _bounded(_Search(few, periods, options), plans)


def _alone(instance: Instance, periods: Periods, number: int, options: SolveOptions) -> Plan:
    """Return the best plan for the end of one period, whatever came before or comes after."""
    n_sites, budget = periods.until(number)
    if number < len(periods):
        # a site that is required may well come later
        instance = replace(instance, required=instance.required & instance.existing)
    if n_sites is not None:
        n_sites = max(min(n_sites, most_together(instance)), 1)
    return max_cover(instance, n_sites=n_sites, budget=budget, options=options)


def _bounded(search: _Search, plans: list[Plan]) -> Phases:
    """Hold the best order among few sites against the bounds of each period on its own."""
    found = search.best()
    bounds, state = np.array([plan.proof.bound for plan in plans]), plans[-1].proof.status
    covered, worth = search.covered(found.built), search.periods.worth
    last = worth is None
    value = float(covered[-1]) if worth is None else float(worth @ covered)
    bound = float(bounds[-1]) if worth is None else float(worth @ bounds)
    reached = abs(bound - value) <= _TOLERANCE + _SLACK * abs(value)
    status: Status = "optimal" if reached else state if last and state != "optimal" else "heuristic"
    answer = replace(found.answer, bound=bound, status=status)
    ties = f"{found.ties}; only sites that are best for some period on its own were looked at"
    return Phases(found.built, answer, float(bounds[:-1].sum()), ties)


class _Search:
    """One problem of all periods on its way."""

    def __init__(self, instance: Instance, periods: Periods, options: SolveOptions) -> None:
        self.instance, self.periods = instance, periods
        self.spread = Spread.of(instance, periods)
        self.case = Case.of("phased", self.spread.instance, options, None)
        nobody = np.zeros(instance.n_sites, dtype=bool)
        self.today = float(instance.weight[covered_by(instance, nobody)].sum())
        self.worth = self._worth()

    def _worth(self) -> Floats:
        """Return the weight of each row of the table in each period."""
        table, n = self.case.table, self.spread.n_periods
        row = table.row_of.reshape(n, -1)
        each = [
            np.bincount(row[k][row[k] >= 0], self.instance.weight[row[k] >= 0], len(table.weight))
            for k in range(n)
        ]
        return np.asarray(each, dtype=np.float64)

    def covered(self, built: NDArray[np.int64]) -> Floats:
        """Return the weight covered at the end of each period."""
        weight = self.instance.weight
        each = [
            weight[covered_by(self.instance, (built >= 0) & (built <= k))].sum()
            for k in range(self.spread.n_periods)
        ]
        return np.asarray(each, dtype=np.float64)

    def best(self) -> Phases:
        """Return the best order of building."""
        case, worth = self.case, self.periods.worth
        model = self.model()
        parts = self.worth[-1] if worth is None else worth @ self.worth
        offset = self.today * (1.0 if worth is None else float(worth.sum()))
        if not model.n_columns:
            none = Answer(np.zeros(0, dtype=bool), offset, "optimal", solver_name())
            earlier_bound = self.today * (self.spread.n_periods - 1)
            return Phases(self.built(none.columns), none, earlier_bound, "settled")
        goal = self.goal(parts)
        answer = case.solve(model, goal, "max", offset=offset)
        if worth is not None:
            answer, ties = self.settled(model, goal, answer)
            return Phases(self.built(answer.columns), answer, np.inf, ties)
        earlier, bound, proven = self.earlier(model, goal, answer)
        ties = "not settled: not proven best"
        if proven:
            second = replace(answer, columns=earlier)
            settled, ties = self.settled(model, self.goal(self.worth[:-1].sum(axis=0)), second)
            if self.value(goal, settled.columns) >= self.value(goal, earlier) - _SLACK:
                earlier = settled.columns
        return Phases(self.built(earlier), answer, bound, ties)

    def goal(self, weight: Floats) -> Floats:
        """Return the objective of all variables."""
        return np.concatenate((np.zeros(len(self.case.table.sites)), weight))

    def value(self, goal: Floats, columns: Flags) -> float:
        """Return what a choice is worth."""
        return float(goal @ np.concatenate((columns, self.case.table.covers @ columns > 0)))

    def built(self, columns: Flags) -> NDArray[np.int64]:
        """Return when each site is built; what adds nothing in any period is not."""
        spread = self.spread
        mask = self.case.mask(columns)
        named = replace(spread.instance, required=self.instance.required[spread.site])
        return spread.built(useful(named, mask), self.instance.n_sites)

    def settled(self, model: CoverModel, goal: Floats, answer: Answer) -> tuple[Answer, str]:
        """Settle ties, unless a required site adds nothing, which that step would drop."""
        required = self.instance.required[self.spread.site]
        mask = self.case.mask(answer.columns)
        kept = self.case.useful(answer.columns)
        if (mask & required & ~kept).any():
            return answer, "not settled: a required site adds nothing"
        return self.case.tie_break(model, goal, "max", answer)

    def earlier(self, model: CoverModel, goal: Floats, answer: Answer) -> tuple[Flags, float, bool]:
        """Keep what the last period covers, and cover most in the earlier ones."""
        n = self.spread.n_periods - 1
        best = self.value(goal, answer.columns)
        whole = bool((goal == np.round(goal)).all())
        room = _HALF if whole else 2 * _TOLERANCE * max(1.0, best)
        model.add(model.row(np.arange(len(goal)), goal), lower=np.array([best - room]))
        if n == 0:
            return answer.columns, 0.0, answer.status == "optimal"
        parts = self.goal(self.worth[:-1].sum(axis=0))
        found = solve(
            model.model(parts, "max"), time_limit_s=self.case.left(),
            warm_start=self.point(answer.columns), gap=self.case.options.gap,
            tell=self.case.options.tell,
        )  # fmt: skip
        columns = found.x[: len(answer.columns)] > _HALF if found.found else answer.columns
        if self.value(goal, columns) < best - _SLACK * max(1.0, best):
            return answer.columns, np.inf, False
        bound = (
            np.floor(found.bound + _TOLERANCE) if (parts == np.round(parts)).all() else found.bound
        )
        proven = found.status == "optimal" and answer.status == "optimal"
        return columns, float(bound) + n * self.today, proven

    def point(self, columns: Flags) -> Floats:
        """Return a choice as a point of the model."""
        return np.concatenate((columns, self.case.table.covers @ columns > 0)).astype(np.float64)

    def model(self) -> CoverModel:
        """Build the model: each site once, and what each period may build."""
        case, spread = self.case, self.spread
        n = len(case.table.sites)
        site, period = spread.site[case.table.sites], spread.period[case.table.sites]
        none = Limits(np.inf, np.zeros(n), np.inf, np.full(n, -1))
        model = CoverModel(case.table, none, [])
        each, place = np.unique(site, return_inverse=True)
        width = model.n_columns + model.n_rows
        once = csr_array((np.ones(n), (place, np.arange(n))), shape=(len(each), width))
        model.add(once, upper=np.ones(len(each)))
        self._groups(model, site)
        for k in range(spread.n_periods):
            inside = np.flatnonzero(period == k)
            number, money = self.periods.number[[k]], self.periods.money[[k]]
            if np.isfinite(number[0]):
                row = model.row(inside, np.ones(len(inside)))
                model.add(row, upper=number, name=f"n_sites of period {k + 1} ({number[0]:g})")
            if np.isfinite(money[0]):
                row = model.row(inside, self.instance.cost[site[inside]])
                model.add(row, upper=money, name=f"budget of period {k + 1} ({money[0]:g})")
        for one in np.flatnonzero(self.instance.required & ~self.instance.existing).tolist():
            inside = np.flatnonzero(site == one)
            row = model.row(inside, np.ones(len(inside)))
            name = f"site {self.instance.site_ids[one]} is required"
            model.add(row, lower=np.ones(1), name=name)
        return model

    def _groups(self, model: CoverModel, site: NDArray[np.int64]) -> None:
        group = self.instance.group[site]
        for number in np.unique(group[group >= 0]):
            inside = np.flatnonzero(group == number)
            members = some_ids(self.instance.site_ids[np.unique(site[inside])])
            row = model.row(inside, np.ones(len(inside)))
            model.add(row, upper=np.ones(1), name=f"at most one of {members}")
