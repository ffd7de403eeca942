"""The roster met at least cost: everyone has a facility, each district as many as it is owed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from carecircle.errors import InputError
from carecircle.planning.checks.verify import verified
from carecircle.planning.engine.by_id import in_id_order, in_order_of
from carecircle.planning.engine.cover_case import Case, Least, some_ids
from carecircle.planning.engine.cover_model import CoverModel
from carecircle.planning.engine.cover_plan import covered_by, in_order, settled
from carecircle.planning.engine.greedy import Limits
from carecircle.planning.engine.highs import solve
from carecircle.planning.engine.outcome import nearest_allocation
from carecircle.planning.engine.plan_proof import settled_proof
from carecircle.planning.engine.reduce import Table, covering_table
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan
from carecircle.planning.roster_rules import Owed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from carecircle.planning.engine.cover_case import Answer
    from carecircle.planning.instance import Instance
    from carecircle.planning.roster_rules import RosterRule

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["meet_roster"]

_DEFAULT = SolveOptions()
_HALF = 0.5
_SLACK = 1e-9
_TOLERANCE = 1e-6


def meet_roster(
    instance: Instance,
    *,
    rules: Sequence[RosterRule],
    least: Least = "sites",
    leave_out_unreachable: bool = False,
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the fewest or cheapest sites that give every unit what it is owed by the roster.

    Of equally good plans the one that covers most weight in time is taken, then the one with least
    people-minutes, then the first ids. The roster asks who *has* a facility, not who reaches one:
    the sites of :func:`max_cover` may be others.

    Parameters
    ----------
    instance
        The problem. Existing sites stay and count.
    rules
        What each unit is owed; all must hold.
    least
        ``sites``: fewest new sites; ``cost``: least cost of new sites.
    leave_out_unreachable
        Go on without the units that have too few candidates, and name them in
        ``terms["units_left_out"]``.
    options
        Limits of the search.

    Returns
    -------
    Plan
        The objective is the number of new sites, or their cost. ``terms["units"]`` has what each
        unit is owed, has today, and gets: ``rule``, ``unit``, ``least``, ``has``, ``candidates``,
        ``new``.

    Raises
    ------
    InputError
        If units have too few candidates, all of them named; or if groups make it impossible.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> from carecircle.planning.roster_rules import RosterRule
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [5.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> one_each = RosterRule("community", ["A1", "A2"], pd.Series({"S1": "A1", "S2": "A1"}),
    ...                       has=pd.Series({"A2": 1}))
    >>> meet_roster(two, rules=[one_each]).site_ids
    ['S2']
    """
    check_instance(instance)
    started = time.perf_counter()
    ordered = in_id_order(instance)
    every = Owed.of(ordered, rules)
    out = every.impossible
    if out.any() and not leave_out_unreachable:
        raise InputError(_too_few(every.table[out], every.lacking[out]))
    search = _Search(ordered, every.without(out), least, options)
    answer, chosen, ties = search.best()
    terms = {"rules": tuple(rules), "least": least, "ties": ties,
             "leave_out_unreachable": leave_out_unreachable,
             "units": every.table.assign(new=every.counts(chosen)),
             "units_left_out": every.table[out].reset_index(drop=True)}  # fmt: skip
    plan = _written(ordered, search.price, chosen, answer, terms)
    proof = replace(plan.proof, seconds=time.perf_counter() - started)
    return verified(instance, in_order_of(instance, replace(plan, proof=proof)))


class _Search:
    """One roster on its way: first the sites alone, then who is in time."""

    def __init__(self, instance: Instance, owed: Owed, least: Least, options: SolveOptions) -> None:
        self.instance, self.owed = instance, owed
        table = covering_table(instance, wanted=np.zeros(instance.n_demand, dtype=bool))
        limits = Limits(np.inf, instance.cost[table.sites], np.inf, instance.group[table.sites])
        self.case = Case("meet_roster", instance, options, limits, table, 0.0, time.perf_counter())
        self.goal = self.case.price(least)
        self.price = np.ones(instance.n_sites) if least == "sites" else instance.cost
        self.required = instance.required & ~instance.existing

    def best(self) -> tuple[Answer, Flags, str]:
        """Return the answer, the sites it chooses, and how ties were settled."""
        fixed = float(self.price[self.required].sum())
        answer = self.case.solve(self.model(self.case.table), self.goal, "min", offset=fixed)
        columns, ties = answer.columns, "not settled: not proven best"
        if answer.status == "optimal":
            columns, ties = self.in_time(columns)
        return answer, self.needed(self.case.mask(columns)), ties

    def model(self, table: Table) -> CoverModel:
        """Build the model: what may stand together, and what each unit is owed."""
        limits, first = self.case.limits, np.arange(len(table.sites))
        model = CoverModel(table, replace(limits, group=np.full(len(first), -1)), [])
        for group in np.unique(limits.group[limits.group >= 0]):
            inside = first[limits.group == group]
            members = some_ids(self.instance.site_ids[table.sites[inside]])
            row = model.row(inside, np.ones(len(inside)))
            model.add(row, upper=np.ones(1), name=f"at most one of {members}")
        sure = np.asarray(self.owed.serves @ self.required.astype(np.float64))
        lack = self.owed.lacking - sure
        serves = csr_array(self.owed.serves[:, table.sites])
        for place in np.flatnonzero(lack > 0):
            rule, unit, number = self.owed.table.loc[place, ["rule", "unit", "least"]]
            mine = serves.indices[serves.indptr[place] : serves.indptr[place + 1]]
            row = model.row(mine.astype(np.int64), np.ones(len(mine)))
            name = f"{rule} {unit} has at least {number}"
            model.add(row, lower=lack[[place]], name=name)
        return model

    def in_time(self, columns: Flags) -> tuple[Flags, str]:
        """Take, of the plans that are as good, the one that covers most."""
        table, case = covering_table(self.instance), self.case
        model = self.model(table)
        price = float(self.goal @ columns)
        whole = bool((self.goal == np.round(self.goal)).all())
        room = _HALF if whole else _TOLERANCE * max(1.0, price)
        row = model.row(np.arange(len(columns)), self.goal)
        model.add(row, upper=np.array([price + room]))

        def point(some: Flags) -> Floats:
            return np.concatenate((some, table.covers @ some > 0)).astype(np.float64)

        def weight(some: Flags) -> float:
            return float(table.weight @ point(some)[len(some) :])

        def as_good(some: Flags) -> bool:
            return float(self.goal @ some) <= price + _SLACK * max(1.0, price)

        goal = np.concatenate((np.zeros(len(columns)), table.weight))
        start = point(columns)
        found = solve(
            model.model(goal, "max"), time_limit_s=case.left(), warm_start=start,
            tell=case.options.tell,
        )  # fmt: skip
        most = found.x[: len(columns)] > _HALF if found.found else columns
        if not found.found or not as_good(most):
            return columns, "not settled: plans too close to one another, or out of time"
        if found.status != "optimal":
            return most, "most covered as far as was found in time"
        integral = bool((table.weight == np.round(table.weight)).all())
        room = _HALF if integral else _TOLERANCE * max(1.0, weight(most))
        model.add(model.row(np.arange(len(goal)), goal), lower=np.array([weight(most) - room]))
        near, words = settled(self.instance, table, model, most, time_limit_s=case.left())
        kept = as_good(near) and weight(near) >= weight(most) - _SLACK * max(1.0, weight(most))
        return (near, words) if kept else (most, "settled by cover")

    def needed(self, chosen: Flags) -> Flags:
        """Leave out what nobody is owed and nobody needs, the last ids first."""
        kept, owed = chosen.copy(), self.owed
        for site in np.flatnonzero(chosen & ~self.instance.required)[::-1]:
            less = kept.copy()
            less[site] = False
            met = (np.asarray(owed.serves @ less) >= owed.lacking).all()
            if met and (covered_by(self.instance, less) == covered_by(self.instance, kept)).all():
                kept = less
        return kept


def _too_few(table: pd.DataFrame, lacking: NDArray[np.int64]) -> str:
    """Name every unit that has too few candidates, a line for each rule."""
    lines = []
    for rule, part in table.assign(lacking=lacking).groupby("rule", sort=False):
        units = ", ".join(
            f"{one.unit} (lacks {one.lacking}, {one.candidates} candidates)"
            for one in part.itertuples()
        )
        lines.append(
            f"{len(part)} units of {rule} have too few candidates: {units}; add sites, or leave"
            " them out with leave_out_unreachable=True"
        )
    return "\n".join(lines)


def _written(
    instance: Instance, price: Floats, chosen: Flags, answer: Answer, terms: Mapping[str, object]
) -> Plan:
    covered = float(instance.weight[covered_by(instance, chosen)].sum())
    total = float(instance.weight.sum())
    return Plan(
        problem="meet_roster",
        chosen=in_order(instance, chosen),
        allocation=nearest_allocation(
            instance, chosen | (instance.existing & ~instance.forbidden), instance.within()
        ),
        proof=settled_proof(float(price[chosen].sum()), answer),
        left_out=instance.unreachable(),
        terms={**terms, "covered": covered, "total": total},
    )
