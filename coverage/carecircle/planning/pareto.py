"""Plans that no other plan beats in both of two objectives: the Pareto front."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.engine.cover_case import Answer, Case, limits_of
from carecircle.planning.engine.greedy import Limits
from carecircle.planning.engine.objectives import TwoAims
from carecircle.planning.instance import check_instance
from carecircle.planning.notebook_tables import as_html
from carecircle.planning.options import SolveOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carecircle.planning.engine.cover_model import CoverModel
    from carecircle.planning.engine.objectives import Second
    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Front", "Point", "Search", "pareto_front"]

_DEFAULT = SolveOptions()
# weights that are not whole numbers: plans nearer than this part of all are taken for one
_FINE = 1e-5
_MOST_DECIMALS = 7
# nearer than this part of all, the solver's own tolerance blurs them
_FINEST = 1e-6
_SLACK = 1e-9
_PRICES = ("cost", "sites")


@dataclass(frozen=True, eq=False)
class Front:
    """Plans none of which is beaten in both objectives.

    Attributes
    ----------
    table
        Index ``plan`` from 1, most of the first objective first: ``first`` and ``second`` (weight
        covered, or cost or number of new sites), ``n_sites``, ``cost``, ``status``, ``site_ids``
        joined by ``;``.
    plans
        In the same order; the proof of each says that no plan with so much of the second has more
        of the first.
    second
        What the second objective is: ``weight``, ``cost`` or ``sites``.
    complete
        Whether every unbeaten pair of values is listed; one plan stands for each.
    resolution
        Pairs of values whose second differs by less than this count as one; whole numbers and
        numbers of sites are told apart exactly.
    """

    table: pd.DataFrame
    plans: tuple[Plan, ...]
    second: str
    complete: bool
    resolution: float

    @property
    def proven(self) -> bool:
        """Whether it is proven of every plan that none beats it."""
        return all(plan.proof.status == "optimal" for plan in self.plans)

    def __repr__(self) -> str:
        words = "the whole front" if self.complete else "a part of the front"
        proof = "proven" if self.proven else "not proven"
        return f"Front({len(self.plans)} plans, {words}, {proof}; second: {self.second})"

    def _repr_html_(self) -> str:
        note = f"values of the second nearer than {self.resolution:g} count as one"
        return as_html(repr(self), self.table, note)


def pareto_front(
    instance: Instance,
    second: Second | Instance,
    *,
    n_sites: int | None = None,
    budget: float | None = None,
    most: int = 30,
    options: SolveOptions = _DEFAULT,
) -> Front:
    """Find the plans that no other beats in two objectives at once.

    The first objective is the weight covered. Both ends are found first; then the widest stretch
    between two neighbours is searched, until nothing is left between any two or ``most`` plans are
    found, which then are spread over the front.

    Parameters
    ----------
    instance
        The problem of the first objective.
    second
        A second weight of each demand point by id (such as those aged 80 and over, or the rural
        ones); another problem over the same sites (such as communities that want a facility of
        their own); or ``cost`` or ``sites``: as little as possible spent or built.
    n_sites, budget
        As for ``max_cover``; with ``cost`` and ``sites`` neither is needed.
    most
        How many plans to find at most, 2 or more.
    options
        Limits of the search; the time limit is for all of it.

    Returns
    -------
    Front
        ``complete`` says whether that is all of it.

    Raises
    ------
    InputError
        If the two do not fit each other, or number or budget the candidates.

    Notes
    -----
    Lexicographic epsilon-constraint searches, the widest box first: H. W. Hamacher, C. R. Pedersen
    and S. Ruzika (2007), Finding representative systems for discrete bicriterion optimization
    problems, Operations Research Letters 35(3), 336-344.

    Examples
    --------
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [5.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> very_old = pd.Series({"H1": 9.0, "H2": 2.0})
    >>> pareto_front(two, very_old, n_sites=1).table[["first", "second"]].to_dict("list")
    {'first': [50.0, 30.0], 'second': [2.0, 9.0]}
    """
    check_instance(instance)
    if most < 2:  # noqa: PLR2004  # both ends
        raise InputError(f"most is {most}; give 2 or more")
    if isinstance(second, str) and second not in _PRICES:
        raise InputError(f"second is {second!r}; give 'cost', 'sites', weights, or a problem")
    search = Search.of(instance, second, n_sites=n_sites, budget=budget, options=options)
    points, complete = search.front(most)
    plans = tuple(search.plan(point) for point in points)
    rows = [
        {
            "first": point.first,
            "second": (-point.second if isinstance(second, str) else point.second) + 0.0,
            "n_sites": len(plan.chosen),
            "cost": float(plan.chosen["cost"].sum()),
            "status": plan.proof.status,
            "site_ids": ";".join(sorted(plan.site_ids)),
        }
        for point, plan in zip(points, plans, strict=True)
    ]
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="plan"))
    named = second if isinstance(second, str) else "weight"
    return Front(table, plans, named, complete, 0.0 if search.exact else search.step)


@dataclass(frozen=True, eq=False)
class Point:
    """A choice of sites with both values, both to be large, and what proves the first."""

    chosen: Flags
    first: float
    second: float
    answer: Answer


class Search:
    """The search for unbeaten plans of two objectives; both are made large."""

    def __init__(self, case: Case, aims: TwoAims, goal: Floats, terms: Mapping[str, Any]) -> None:
        self._case, self._aims, self._terms = case, aims, terms
        self._goals = (case.worth(), goal)
        self.priced = isinstance(terms["second"], str)
        self._starts = self._values(case.instance.required & ~case.instance.existing)
        self.exact, self.step = _step(goal)

    @classmethod
    def of(
        cls,
        instance: Instance,
        second: Second | Instance,
        *,
        n_sites: int | None,
        budget: float | None,
        options: SolveOptions,
    ) -> Search:
        """Set the search up."""
        unlimited = isinstance(second, str) and n_sites is None and budget is None
        limits = (
            Limits(np.inf, instance.cost, np.inf, instance.group)
            if unlimited
            else limits_of(instance, n_sites, budget)
        )
        weights = pd.Series(0.0, instance.demand_ids) if isinstance(second, str) else second
        aims = TwoAims.of(instance, weights)
        case = Case.of("max_cover", aims.instance, options, limits)
        n_columns, rows = len(case.table.sites), case.table.row_of
        if isinstance(second, str):
            price = case.price("cost" if second == "cost" else "sites")
            goal = np.concatenate((-price, np.zeros(len(case.table.weight))))
        else:
            known = rows >= 0
            weight = np.bincount(rows[known], aims.weight[known], len(case.table.weight))
            goal = np.concatenate((np.zeros(n_columns), weight))
        case = replace(case, also=aims.weight > 0)
        terms = {"n_sites": n_sites, "budget": budget, "equity": (), "second": second}
        return cls(case, aims, goal, terms)

    def end(self, *, second_first: bool) -> Point:
        """Return the plan best in one objective, and of those the best in the other."""
        return self._best(np.array([1, 0]) if second_first else np.array([0, 1]), None)

    def front(self, most: int) -> tuple[list[Point], bool]:
        """Return unbeaten points, most of the first first, and whether these are all."""
        left, right = self.end(second_first=False), self.end(second_first=True)
        if right.second <= left.second + self.step / 2:
            return [left], left.answer.status == "optimal"
        points, boxes = [left, right], self._open([(left, right, right.second)])
        while boxes and len(points) < most and self._case.left() > 0:
            widest = max(range(len(boxes)), key=lambda k: _area(boxes[k]))
            low, high, top = boxes.pop(widest)
            steps = np.floor((top - low.second) / self.step / 2)
            floor = low.second + self.step * max(1.0, float(steps))
            try:
                found = self._best(np.array([0, 1]), floor - self.step / 2)
            except InputError:  # out of time: whatever is above the floor, the right end is
                boxes.append((low, high, top))
                break
            if found.first <= high.first + _SLACK * max(1.0, abs(high.first)):
                boxes += self._open([(low, high, floor)])
                continue
            points.append(found)
            boxes += self._open([(low, found, floor), (found, high, top)])
            self._tell(f"{len(points)} plans, {len(boxes)} stretches to look at")
        points = sorted(points, key=lambda point: -point.first)
        return points, not boxes and all(p.answer.status == "optimal" for p in points)

    def plan(self, point: Point) -> Plan:
        """Write a point down as a plan of the first objective."""
        terms: dict[str, Any] = dict(self._terms)
        second = terms.pop("second")
        if not isinstance(second, str):
            terms["at_least"] = (self._aims.other, point.second)
        elif second == "cost":
            terms["budget"] = -point.second
        else:
            terms["n_sites"] = int(point.chosen.sum())
        case = replace(self._case, instance=self._aims.first)
        return case.written(point.chosen, point.answer, point.first, terms)

    def _open(self, boxes: list[tuple[Point, Point, float]]) -> list[tuple[Point, Point, float]]:
        """Keep the stretches that may hold another point."""
        return [
            (low, high, top)
            for low, high, top in boxes
            if top - low.second > self.step * (1 + _SLACK)
            and low.first - high.first > _SLACK * max(1.0, abs(low.first))
        ]

    def _values(self, chosen: Flags) -> tuple[float, float]:
        first, second = self._aims.values(chosen)
        if not self.priced:
            return first, second
        price = np.zeros(len(chosen))
        price[self._case.table.sites] = self._goals[1][: len(self._case.table.sites)]
        fixed = self._case.instance.required & ~self._case.instance.existing
        cost = self._case.instance.cost if self._terms["second"] == "cost" else np.ones(len(chosen))
        return first, float(price[chosen].sum() - cost[chosen & fixed].sum())

    def _best(self, order: NDArray[np.int64], floor: float | None) -> Point:
        """Make one objective large, then the other; the second at least ``floor``."""
        case, (one, two) = self._case, order
        model = case.model(())
        if floor is not None:
            self._at_least(model, 1, floor)
        top = case.solve(model, self._goals[one], "max", offset=self._starts[one])
        first = self._values(case.useful(top.columns))
        self._at_least(model, int(one), first[one] - self._room(int(one), first[one]))
        last = case.solve(model, self._goals[two], "max", offset=self._starts[two])
        tied, _ = case.tie_break(model, self._goals[two], "max", last)
        # the room that the solver needs may have been used: keep what is best for certain
        for answer in (tied, last, top):
            chosen = case.useful(answer.columns)
            value = self._values(chosen)
            if value[one] >= first[one] - _SLACK * max(1.0, abs(first[one])):
                break
        return Point(chosen, *value, top if one == 0 else last)

    def _room(self, aim: int, value: float) -> float:
        whole = (self._goals[aim] == np.round(self._goals[aim])).all()
        return 0.5 if whole else 1e-6 * max(1.0, abs(value))

    def _at_least(self, model: CoverModel, aim: int, value: float) -> None:
        places = np.arange(len(self._goals[aim]))
        row = model.row(places, self._goals[aim])
        model.add(row, lower=np.array([value - self._starts[aim]]))

    def _tell(self, text: str) -> None:
        if self._case.options.tell is not None:
            self._case.options.tell(text)


def _step(goal: Floats) -> tuple[bool, float]:
    """Return whether sums of these values are told apart exactly, and the least step of them."""
    size = max(float(np.abs(goal).sum()), _SLACK)
    for decimals in range(_MOST_DECIMALS):
        step = 10.0**-decimals
        if step < _FINEST * size:
            break
        if np.allclose(goal / step, np.round(goal / step), rtol=0, atol=_SLACK / step):
            return True, step
    return False, _FINE * size


def _area(box: tuple[Point, Point, float]) -> float:
    low, high, top = box
    return (low.first - high.first) * (top - low.second)
