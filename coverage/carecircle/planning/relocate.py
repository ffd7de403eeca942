"""Close, move and open within a budget, so that most people are in time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from carecircle.errors import InputError
from carecircle.planning.checks.verify import verified
from carecircle.planning.engine.by_id import in_id_order, in_order_of
from carecircle.planning.engine.cover_case import Case, some_ids
from carecircle.planning.engine.cover_model import CoverModel
from carecircle.planning.engine.cover_plan import covered_by, in_order, settled, useful
from carecircle.planning.engine.greedy import Limits
from carecircle.planning.engine.highs import solve
from carecircle.planning.engine.outcome import nearest_allocation
from carecircle.planning.engine.plan_proof import settled_proof
from carecircle.planning.engine.relocation_money import Money
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carecircle.planning.engine.cover_case import Answer
    from carecircle.planning.instance import Instance

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["relocate_within_budget"]

_DEFAULT = SolveOptions()
_HALF = 0.5
_SLACK = 1e-9
_TOLERANCE = 1e-6


def relocate_within_budget(
    instance: Instance,
    *,
    budget: float,
    closing_cost: pd.Series | None = None,
    move_cost: pd.Series | None = None,
    n_standing: int | None = None,
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose what to close, to move and to open so that most weight is covered within a budget.

    Never less is covered than today. Of plans that cover as much the one with the fewest changes is
    taken, so nothing is closed or opened without need; then the one with least people-minutes; then
    the first ids (Wang, Batta, Bhadury and Rump 2003, with moves).

    Parameters
    ----------
    instance
        The problem. Sites with ``existing`` set may be closed, unless they are required; one that
        is forbidden as well counts as gone. ``cost`` is that of opening a new site.
    budget
        Most that all changes may cost, in the unit of the costs: what is opened, plus what is
        closed, plus moves.
    closing_cost
        What closing an existing site costs, index ``site_id``; below 0: money that it brings.
        Missing: nothing.
    move_cost
        What moving an existing site to a new one costs, in place of the closing and the opening;
        index of two levels, existing and new ``site_id``. A pair that is missing is no move: it
        may be closed and the other opened all the same.
    n_standing
        Most sites that stand in the end, kept and new ones; facilities of today that are not sites
        are not counted.
    options
        Limits of the search.

    Returns
    -------
    Plan
        The objective is all weight covered in the end. ``chosen`` has the sites opened, with
        ``moved_from`` (missing: newly opened) and the cost that is paid; gains are over what is
        kept. ``terms`` has ``closed``, ``opened``, ``kept`` (ids), ``moved`` (from: to), ``spent``
        and ``brought`` (money from closings), ``covered_today``, ``lost`` (weight that is not
        covered by what is kept, before anything is opened).

    Raises
    ------
    InputError
        If the budget, the costs or the number do not fit the sites, all faults at once; if no site
        may be closed; or if the rules contradict one another.

    Examples
    --------
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1", "H2"], "site_id": ["F1", "S1", "S1"],
    ...                       "minutes": [5.0, 9.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> sites = pd.DataFrame({"cost": [0.0, 80.0], "existing": [True, False]}, index=["F1", "S1"])
    >>> two = Instance.from_pairs(pairs, demand, sites)
    >>> plan = relocate_within_budget(two, budget=60, closing_cost=pd.Series({"F1": -20.0}))
    >>> plan.terms["closed"], plan.terms["opened"], plan.terms["spent"], plan.proof.objective
    (('F1',), ('S1',), 60.0, 80.0)
    """
    check_instance(instance)
    started = time.perf_counter()
    ordered = in_id_order(instance)
    money = Money.of(ordered, budget, closing_cost, move_cost)
    _check_number(ordered, n_standing)
    stands, answer, ties = _Search(ordered, money, n_standing, options).best()
    terms = {"budget": budget, "closing_cost": closing_cost, "move_cost": move_cost,
             "n_standing": n_standing, "ties": ties}  # fmt: skip
    plan = _written(ordered, money, stands, answer, terms)
    proof = replace(plan.proof, seconds=time.perf_counter() - started)
    return verified(instance, in_order_of(instance, replace(plan, proof=proof)))


class _Search:
    """One relocation on its way: all existing sites are as free as new ones."""

    def __init__(
        self, instance: Instance, money: Money, n_standing: int | None, options: SolveOptions
    ) -> None:
        self.instance, self.money, self.n_standing = instance, money, n_standing
        # a group of its own keeps a site from being dropped for another one that covers as much:
        # it may be cheaper to keep, or to move to
        own = instance.existing | np.isin(np.arange(instance.n_sites), money.into)
        first = int(instance.group.max(initial=-1)) + 1
        group = np.where(own & (instance.group < 0), first + np.arange(len(own)), instance.group)
        self.free = replace(instance, existing=np.zeros(len(own), dtype=bool), group=group)
        self.case = Case.of("relocate_within_budget", self.free, options, None)

    def best(self) -> tuple[Flags, Answer, str]:
        """Return which sites stand in the end, the answer, and how ties were settled."""
        case = self.case
        model = self.model()
        goal = np.concatenate((np.zeros(model.n_columns), case.table.weight))
        answer = case.solve(model, goal, "max", offset=case.base, start=self.unchanged())
        columns, ties = answer.columns, "not settled: not proven best"
        if answer.status == "optimal":
            columns, ties = self.fewest(model, goal, columns)
        return self.stands(columns), answer, ties

    def stands(self, columns: Flags) -> Flags:
        """Return which sites of the instance stand in the end."""
        stands = self.instance.required.copy()
        stands[self.case.table.sites[columns]] = True
        return stands

    def model(self) -> CoverModel:
        """Build the model: what covers whom, what may stand together, what it costs."""
        case, instance = self.case, self.instance
        table, group = case.table, instance.group[case.table.sites]
        n = len(table.sites)
        none = Limits(np.inf, np.zeros(n), np.inf, np.full(n, -1))
        model = CoverModel(table, none, [])
        first = np.arange(n)
        for number in np.unique(group[group >= 0]):
            inside = first[group == number]
            members = some_ids(instance.site_ids[table.sites[inside]])
            row = model.row(inside, np.ones(len(inside)))
            model.add(row, upper=np.ones(1), name=f"at most one of {members}")
        if self.n_standing is not None:
            most = np.array([float(self.n_standing - instance.required.sum())])
            row = model.row(first, np.ones(n))
            model.add(row, upper=most, name=f"n_standing ({self.n_standing})")
        today = float(
            instance.weight[covered_by(instance, np.zeros_like(self.free.existing))].sum()
        )
        row = model.row(model.covered(), table.weight)
        floor = case.at_least(today, case.base)
        model.add(row, lower=floor, name=f"no less covered than today ({today:g})")
        self.pay(model)
        return model

    def pay(self, model: CoverModel) -> None:
        """Add moves and the budget."""
        money, sites = self.money, self.case.table.sites
        place = np.full(self.instance.n_sites, -1)
        place[sites] = np.arange(len(sites))
        opens = (place >= 0) | self.instance.required
        moves = model.variables(np.zeros(len(money.out)), opens[money.into].astype(np.float64))
        for end, sign in ((money.out, 1.0), (money.into, -1.0)):
            each, row = np.unique(end, return_inverse=True)
            known = np.flatnonzero(place[each] >= 0)
            data = np.concatenate((np.ones(len(end)), np.full(len(known), sign)))
            at = (np.concatenate((row, known)), np.concatenate((moves, place[each[known]])))
            # a site moves only if it closes, and to one that opens; what is no column is decided
            limit = np.where((place[each] >= 0) & (sign < 0), 0.0, 1.0)
            width = model.n_columns + model.n_rows + len(moves)
            model.add(csr_array((data, at), shape=(len(each), width)), upper=limit)
        old = self.instance.existing[sites]
        price = np.where(old, -money.closing[sites], money.opening[sites])
        saved = money.price - money.closing[money.out] - money.opening[money.into]
        required = self.instance.required & ~self.instance.existing
        fixed = money.opening[required].sum() + money.closing[money.closable].sum()
        spent = np.concatenate((np.arange(len(sites)), moves)), np.concatenate((price, saved))
        most = np.array([money.budget - fixed])
        model.add(model.row(*spent), upper=most, name=f"budget ({money.budget:g})")

    def unchanged(self) -> Floats:
        """Return the point where all stays as it is."""
        table = self.case.table
        x = self.instance.existing[table.sites].astype(np.float64)
        moves = np.zeros(len(self.money.out))
        return np.concatenate((x, table.covers @ x > 0, moves))

    def fewest(self, model: CoverModel, goal: Floats, columns: Flags) -> tuple[Flags, str]:
        """Take the fewest changes among the best plans, then the least minutes, then ids."""
        table, case = self.case.table, self.case
        old = self.instance.existing[table.sites]

        def value(some: Flags) -> float:
            return float(goal @ np.concatenate((some, table.covers @ some > 0)))

        def changes(some: Flags) -> int:
            return int((some != old).sum())

        best = value(columns)
        whole = bool((goal == np.round(goal)).all())
        slack = _HALF if whole else 2 * _TOLERANCE * max(1.0, abs(best))
        model.add(model.row(np.arange(len(goal)), goal), lower=np.array([best - slack]))
        step = np.where(old, -1.0, 1.0)
        found = solve(model.model(step, "min"), time_limit_s=case.left())
        few = found.x[: len(old)] > _HALF if found.status == "optimal" else columns
        if found.status != "optimal" or value(few) < best - _SLACK * max(1.0, best):
            return columns, "not settled: out of time"
        row = model.row(np.arange(len(old)), step)
        model.add(row, upper=np.array([changes(few) - old.sum() + _HALF]))
        near, words = settled(self.free, table, model, few, time_limit_s=case.left())
        kept = value(near) >= best - _SLACK * max(1.0, best) and changes(near) == changes(few)
        return (near, words) if kept else (few, "settled by changes")


def _check_number(instance: Instance, n_standing: int | None) -> None:
    if n_standing is None:
        return
    required = int(instance.required.sum())
    if n_standing < max(required, 1):
        raise InputError(
            f"n_standing is {n_standing}; give at least {max(required, 1)}"
            + f" ({required} sites are required)" * bool(required)
        )


def _written(
    instance: Instance, money: Money, stands: Flags, answer: Answer, terms: Mapping[str, object]
) -> Plan:
    kept = instance.existing & ~instance.forbidden
    closed = kept & ~stands
    after = replace(instance, forbidden=instance.forbidden | closed)
    opened = useful(after, stands & ~instance.existing)
    moves = money.moves(closed, opened)
    nobody = np.zeros(instance.n_sites, dtype=bool)
    covered, today, rest = (
        float(instance.weight[covered_by(case, chosen)].sum())
        for case, chosen in ((after, opened), (instance, nobody), (after, nobody))
    )
    ids = instance.site_ids
    new = opened.copy()
    new[list(moves.values())] = False
    shut = closed.copy()
    shut[list(moves)] = False
    told = {
        "closed": tuple(map(str, ids[shut])),
        "moved": {str(ids[out]): str(ids[into]) for out, into in moves.items()},
        "opened": tuple(map(str, ids[new])),
        "kept": tuple(map(str, ids[kept & stands])),
        "spent": money.spent(closed, opened, moves),
        "brought": -float(np.minimum(money.closing[shut], 0.0).sum()) + 0.0,
        "covered_today": today,
        "lost": today - rest,
        "covered": covered,
        "total": float(instance.weight.sum()),
    }
    return Plan(
        problem="relocate_within_budget",
        chosen=_table(instance, in_order(after, opened), money, moves),
        allocation=nearest_allocation(after, opened | (kept & stands), instance.within()),
        proof=settled_proof(covered, answer),
        left_out=replace(instance, existing=instance.existing & instance.required).unreachable(),
        terms={**terms, **told},
    )


def _table(
    instance: Instance, chosen: pd.DataFrame, money: Money, moves: dict[int, int]
) -> pd.DataFrame:
    """Write down who moved where, and what was paid for it."""
    ids = instance.site_ids
    price = {ids[into]: paid for into, paid in money.move_price(moves).items()}
    origin = {ids[into]: str(ids[out]) for out, into in moves.items()}
    cost = chosen["cost"].copy()
    cost.update(pd.Series(price, dtype=float))
    return chosen.assign(
        cost=cost,
        cost_per_gain=(cost / chosen["gain"]).where(chosen["gain"] > 0),
        moved_from=pd.array([origin.get(site) for site in chosen.index], dtype="str"),
    )
