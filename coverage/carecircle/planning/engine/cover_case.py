"""One covering problem on its way: its table and limits, its model, its answer, its plan."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from carecircle.errors import InputError
from carecircle.planning.checks.verify import verified
from carecircle.planning.engine.apart import Apart, NoOtherPlanError
from carecircle.planning.engine.cover_model import CoverModel
from carecircle.planning.engine.cover_plan import covered_by, in_order, settled, useful
from carecircle.planning.engine.greedy import Limits
from carecircle.planning.engine.highs import solve
from carecircle.planning.engine.outcome import nearest_allocation, refuse_rivals, sites_left
from carecircle.planning.engine.reduce import Table, covering_table, undominated
from carecircle.planning.equity import Units
from carecircle.planning.plan import Plan, Proof, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from carecircle.planning.equity import Equity
    from carecircle.planning.instance import Instance
    from carecircle.planning.options import SolveOptions

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Answer", "Case", "Least", "limits_of", "some_ids"]

Least = Literal["sites", "cost"]
Sense = Literal["min", "max"]

# up to here the whole model is as fast as the decomposition, and takes rows of any kind
_MOST_PAIRS_WHOLE = 20_000
_ROUGH = 0.05
_CONFLICT_S = 5.0
_SLACK = 1e-9
_TOLERANCE = 1e-6
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Answer:
    """Columns chosen, best objective not ruled out, and how the search ended."""

    columns: Flags
    bound: float
    status: Status
    solver: str


def limits_of(instance: Instance, n_sites: int | None, budget: float | None) -> Limits:
    """Return what may be chosen beside the required sites, for all sites of the instance.

    Raises
    ------
    InputError
        If neither is given, or they do not fit the candidates and the required sites.
    """
    if n_sites is None and budget is None:
        raise InputError("give n_sites, budget, or both")
    new = instance.required & ~instance.existing
    left = np.inf if n_sites is None else float(sites_left(instance, n_sites))
    money = np.inf
    if budget is not None:
        if not budget > 0:
            raise InputError(f"budget is {budget!r}; give an amount above 0")
        spent = float(instance.cost[new].sum())
        money = budget - spent
        if money < 0:
            raise InputError(
                f"budget is {budget:g}, but the required sites cost {spent:g}"
                f" ({some_ids(instance.site_ids[new])}); raise it or require fewer"
            )
    return Limits(left, instance.cost, money, instance.group)


@dataclass(frozen=True, eq=False)
class Case:
    """A covering problem.

    Attributes
    ----------
    problem, instance, options
        Name, data, limits of the search.
    limits, table
        Over the columns: sites still to decide on.
    base
        Weight that what stands covers as often as asked.
    started
        Clock at the start.
    also
        Per demand point: counts although it has no weight here; none by default.
    """

    problem: str
    instance: Instance
    options: SolveOptions
    limits: Limits
    table: Table
    base: float
    started: float
    also: Flags | None = None

    @classmethod
    def of(
        cls,
        problem: str,
        instance: Instance,
        options: SolveOptions,
        limits: Limits | None,
        *,
        times: int = 1,
    ) -> Case:
        """Reduce an instance; ``limits`` are over all of its sites (none: any number)."""
        started = time.perf_counter()
        refuse_rivals(instance)
        if limits is None:
            limits = Limits(np.inf, instance.cost, np.inf, instance.group)
        table = covering_table(instance, times=times)
        own = limits.of_sites(table.sites)
        # two alike both count where cover must be double or another plan is asked for
        alike = times == 1 and not isinstance(limits, Apart)
        if alike and table.covers.nnz > _MOST_PAIRS_WHOLE:
            kept = undominated(table, own.cost, own.group)
            table, own = table.of_sites(kept), own.of_sites(kept)
        base = float(instance.weight[covered_by(instance, instance.required, times)].sum())
        return cls(problem, instance, options, own, table, base, started)

    @property
    def large(self) -> bool:
        """Whether decomposition beats the whole model."""
        return bool(self.table.covers.nnz > _MOST_PAIRS_WHOLE)

    def left(self) -> float:
        """Return the seconds that are left."""
        return max(self.options.time_limit_s - (time.perf_counter() - self.started), 0.0)

    def at_least(self, weight: float, stands: float) -> Floats:
        """Return the lower bound of a row of weights: ``weight`` less what stands gives.

        Of whole weights half a unit of room changes nothing, and a row that leaves the solver none
        may pass for infeasible.
        """
        slack = _SLACK * max(1.0, weight)
        if (self.instance.weight == np.round(self.instance.weight)).all():
            return np.array([np.ceil(weight - slack) - _HALF - stands])
        return np.array([weight - slack - stands])

    def price(self, least: Least) -> Floats:
        """Return what each column counts.

        Raises
        ------
        InputError
            For another word than ``sites`` and ``cost``.
        """
        if least not in ("sites", "cost"):
            raise InputError(f"least is {least!r}; give 'sites' or 'cost'")
        return np.ones(len(self.table.sites)) if least == "sites" else self.limits.cost

    def worth(self) -> Floats:
        """Return the goal of covering most weight."""
        return np.concatenate((np.zeros(len(self.table.sites)), self.table.weight))

    def model(self, equity: Sequence[Equity]) -> CoverModel:
        """Build the model with its limits and what must hold between units."""
        model = CoverModel(self.table, self.limits, self._names())
        for rule in equity:
            self._fair(model, rule)
        return model

    def _names(self) -> list[str]:
        limits = self.limits
        new = self.instance.required & ~self.instance.existing
        ids = some_ids(self.instance.site_ids[new])
        beside = f" beside the required {ids}" if new.any() else ""
        names = [f"n_sites ({limits.n:g}{beside})"] if np.isfinite(limits.n) else []
        if np.isfinite(limits.budget):
            names.append(f"budget ({limits.budget:g}{beside})")
        for group in np.unique(limits.group[limits.group >= 0]):
            members = self.instance.site_ids[self.table.sites[limits.group == group]]
            names.append(f"at most one of {some_ids(members)}")
        if isinstance(limits, Apart):
            names += [f"differs from plan {k + 1}" for k in range(len(limits.sets))]
        return names

    def _fair(self, model: CoverModel, rule: Equity) -> None:
        units = Units.of(
            self.instance, rule.unit, covered_by(self.instance, self.instance.required)
        )
        today = units.today / units.total
        # where cover must be double, a row that stands covers once is in today's share already
        new = self.table.count == 0
        rows = np.array(
            [units.row(self.instance, self.table, number) * new for number in range(len(today))]
        )
        if rule.min_share is not None:
            short = np.flatnonzero(today + rows.sum(axis=1) < rule.min_share - _SLACK)
            if len(short):
                most = float(today[short[0]] + rows[short[0]].sum())
                raise InputError(
                    f"equity: {units.names[short[0]]} reaches {most:.6g} at most with all allowed"
                    f" sites, below min_share {rule.min_share:g} ({len(short)} such units);"
                    " lower it or add sites"
                )
            for number, name in enumerate(units.names):
                model.add(
                    model.row(model.covered(), rows[number] * units.total[number]),
                    lower=self.at_least(rule.min_share * units.total[number], units.today[number]),
                    name=f"{name} at least {rule.min_share:g} covered",
                )
        if rule.max_gap is not None:
            model.no_further_apart(today, rows, rule.max_gap)

    def solve(
        self,
        model: CoverModel,
        goal: Floats,
        sense: Sense,
        *,
        offset: float = 0.0,
        start: Floats | None = None,
    ) -> Answer:
        """Solve a model; ``offset`` is what the objective is without any column.

        Raises
        ------
        InputError
            If nothing is feasible, with rules that contradict one another; or time is up before
            anything is found.
        """
        rough = self.options.method == "heuristic"
        found = solve(
            model.model(goal, sense),
            time_limit_s=self.left(),
            gap=max(self.options.gap, _ROUGH) if rough else self.options.gap,
            warm_start=start,
            tell=self.options.tell,
        )
        if found.status == "infeasible" and isinstance(self.limits, Apart):
            raise NoOtherPlanError(f"{self.problem}: no other plan is possible")
        if found.status == "infeasible":
            clash = model.conflict(time_limit_s=_CONFLICT_S)
            raise InputError(
                f"{self.problem}: these cannot hold together: {'; '.join(clash)}; loosen one"
            )
        if not found.found:
            raise InputError(
                f"{self.problem}: no plan found in {found.seconds:.0f} s ({found.status});"
                " raise time_limit_s"
            )
        bound = found.bound
        # sites and rows are whole in some best plan, other variables (a share) need not be
        if (goal == np.round(goal)).all() and not goal[model.n_columns + model.n_rows :].any():
            bound = np.floor(bound + _TOLERANCE) if sense == "max" else np.ceil(bound - _TOLERANCE)
        status: Status = "time_limit"
        if found.status in ("optimal", "gap", "interrupted"):
            status = found.status
        columns = found.x[: model.n_columns] > _HALF
        return Answer(
            columns, float(bound) + offset, "heuristic" if rough else status, found.solver
        )

    def tie_break(
        self, model: CoverModel, goal: Floats, sense: Sense, answer: Answer
    ) -> tuple[Answer, str]:
        """Choose among equally good plans; say in words whether that was done."""
        if answer.status != "optimal":
            return answer, "not settled: not proven best"
        kept = self.useful(answer.columns)[self.table.sites]
        x = np.concatenate((kept, self.table.covers @ kept > 0)).astype(np.float64)
        value = float(goal @ x[: len(goal)])
        # a row that leaves the solver no room at all may pass for infeasible
        slack = _HALF if (goal == np.round(goal)).all() else 2 * _TOLERANCE * max(1.0, abs(value))
        row = model.row(np.arange(len(goal)), goal)
        if sense == "max":
            model.add(row, lower=np.array([value - slack]))
        else:
            model.add(row, upper=np.array([value + slack]))
        columns, words = settled(self.instance, self.table, model, kept, time_limit_s=self.left())
        x = np.concatenate((columns, self.table.covers @ columns > 0)).astype(np.float64)
        change = float(goal @ x[: len(goal)]) - value
        if (change if sense == "min" else -change) > _SLACK * max(1.0, abs(value)):
            return answer, "not settled: plans too close to one another"
        return replace(answer, columns=columns), words

    def mask(self, columns: Flags) -> Flags:
        """Return which sites of the instance are chosen, the required ones included."""
        chosen = self.instance.required & ~self.instance.existing
        chosen[self.table.sites[columns]] = True
        return chosen

    def useful(self, columns: Flags, times: int = 1) -> Flags:
        """Return which sites are chosen, without those that nobody's cover depends on."""
        everyone = self.problem == "min_sites"
        heeded = None if everyone else self.instance.weight > 0
        if heeded is not None and self.also is not None:
            heeded = heeded | self.also
        return useful(self.instance, self.mask(columns), times, heeded=heeded)

    def plan(
        self,
        answer: Answer,
        objective: Callable[[Flags], float],
        terms: Mapping[str, object],
        *,
        times: int = 1,
    ) -> Plan:
        """Write the plan down and have it verified; the objective is counted anew."""
        chosen = self.useful(answer.columns, times)
        return self.written(chosen, answer, objective(chosen), terms)

    def written(
        self, chosen: Flags, answer: Answer, value: float, terms: Mapping[str, object]
    ) -> Plan:
        """Return the plan that chooses these sites, verified; of the answer, the proof is taken."""
        instance, bound, status = self.instance, answer.bound, answer.status
        if abs(bound - value) <= _TOLERANCE + _SLACK * abs(value):
            bound = value
            status = "optimal" if status != "heuristic" else status
        elif status == "optimal":
            status = "gap"
        seconds = time.perf_counter() - self.started
        covered = float(instance.weight[covered_by(instance, chosen)].sum())
        plan = Plan(
            problem=self.problem,
            chosen=in_order(instance, chosen),
            allocation=nearest_allocation(
                instance, chosen | (instance.existing & ~instance.forbidden), instance.within()
            ),
            proof=Proof(value, bound, status, seconds, answer.solver),
            left_out=instance.unreachable(),
            terms={**terms, "covered": covered, "total": float(instance.weight.sum())},
        )
        return verified(instance, plan)


def some_ids(ids: pd.Index) -> str:
    """Return the first few ids, for a message."""
    return ", ".join(str(one) for one in ids[:5]) + (", ..." if len(ids) > 5 else "")  # noqa: PLR2004  # enough to find them
