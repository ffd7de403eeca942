"""Every community's missing floor area closed at least cost, by new sites and enlargements."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.area_plan import AreaPlan
from carecircle.planning.checks.area_look import verify_area_plan
from carecircle.planning.engine.area_model import AreaModel
from carecircle.planning.engine.conflicts import smallest_conflict
from carecircle.planning.engine.cover_case import some_ids
from carecircle.planning.engine.highs import solve
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Proof
from carecircle.standards.floor_rule import DECIMALS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.area_problem import AreaProblem
    from carecircle.planning.engine.highs import Model, Solution
    from carecircle.planning.plan import Status

    Floats = NDArray[np.float64]

__all__ = ["Sharing", "meet_area_standard"]

Sharing = Literal["within_limit", "own"]

_DEFAULT = SolveOptions()
_HALF = 0.5
_SAME = 1e-6
_ROUGH = 0.05
# m2 that the solver may go beyond a sum, far below the steps of 1e-6 m2 that are kept
_SLACK = 1e-7
_STEPS = 10.0**DECIMALS
# part of a step that the rounding of the solver may make out
_NOISE = 0.1
# with more pairs the linear relaxation is not solved a second time for its prices
_MOST_PAIRS = 100_000


def meet_area_standard(
    problem: AreaProblem,
    *,
    sharing: Sharing = "within_limit",
    budget: float | None = None,
    leave_out: bool = False,
    options: SolveOptions = _DEFAULT,
) -> AreaPlan:
    r"""Choose what to build and enlarge so that no area is short of floor area, at least cost.

    Parameters
    ----------
    problem
        Shortfalls, ways to build, and which site may serve which area, from tables or from
        :func:`carecircle.area_problem`.
    sharing
        ``within_limit``: the m2 of a site may be shared out among all areas it is paired with;
        ``own``: they serve the area it stands in alone.
    budget
        Most that all may cost; none by default.
    leave_out
        Go on where not all can be closed: close as many m2 as possible, then at least cost, and
        name what is left. Without it such a problem is an error.
    options
        Limits of the search; ``heuristic`` stops at the first plan within 5 %.

    Returns
    -------
    AreaPlan
        The objective is the cost in the unit of the prices. The m2 that an area gets are those of
        the allocation, to be fixed by agreement; they are not split by households. Among plans with
        the same sites and sizes the allocation is the one with the fewest m2-minutes.

    Raises
    ------
    InputError
        If an area cannot be served by any site, or the rules contradict one another (a smallest
        such set is named), unless ``leave_out``; if the budget is not above 0.

    Notes
    -----
    .. math:: \min \sum_o (F_o y_o + c_o b_o)

    with :math:`l_o y_o \le b_o \le u_o y_o`, m2 :math:`f_{sa}` from site s to area a, :math:`\sum_a
    f_{sa} \le \sum_{o \in s} b_o`, :math:`\sum_s f_{sa} \ge` the shortfall of a: a fixed-charge
    transportation problem (M. L. Balinski 1961, Fixed-cost transportation problems, Naval Research
    Logistics Quarterly 8(1), 41-54), with :math:`f_{sa} \le d_a \sum_{o \in s} y_o` to tighten it.

    Examples
    --------
    >>> from carecircle.planning.area_problem import AreaProblem
    >>> short = pd.Series([300.0, 200.0], index=["A", "B"])
    >>> ways = pd.DataFrame({"site_id": ["S", "T"], "way": "build", "fixed_cost": [50.0, 10.0],
    ...                      "cost_per_m2": [0.5, 0.5], "max_m2": [500.0, 300.0]})
    >>> pairs = pd.DataFrame({"site_id": ["S", "S", "T"], "area_id": ["A", "B", "B"]})
    >>> plan = meet_area_standard(AreaProblem.from_tables(short, ways, pairs))
    >>> plan.sites["built_m2"].to_dict(), plan.cost
    ({'S': 500.0}, 300.0)
    """
    if sharing not in ("within_limit", "own"):
        raise InputError(f"sharing is {sharing!r}; give 'within_limit' or 'own'")
    if budget is not None and not budget > 0:
        raise InputError(f"budget is {budget!r}; give an amount above 0")
    started = time.perf_counter()
    pairs = problem.pairs if sharing == "within_limit" else problem.pairs[problem.pairs["own"]]
    if not leave_out:
        _all_served(problem, pairs)
    search = _Search(problem, pairs.reset_index(drop=True), budget, options, started)
    found = search.run(leave_out=leave_out)
    settled = search.settle(found)
    terms: dict[str, object] = {
        "sharing": sharing,
        "budget": budget,
        "leave_out": leave_out,
        **search.prices(),
    }
    plan = search.plan(found, settled, terms)
    verdict = verify_area_plan(problem, plan)
    seconds = time.perf_counter() - started
    return replace(plan, proof=replace(plan.proof, verdict=verdict, seconds=seconds))


def _all_served(problem: AreaProblem, pairs: pd.DataFrame) -> None:
    alone = problem.shortfall.index.difference(pd.Index(pairs["area_id"]))
    if len(alone):
        m2 = float(problem.shortfall[alone].sum())
        raise InputError(
            f"{len(alone)} areas short of {m2:,.6g} m2 have no site that may serve them"
            f" ({some_ids(alone)}); add sites, or leave them out with leave_out=True"
        )


@dataclass(frozen=True, eq=False)
class _Settled:
    """Sizes in whole steps: what is taken, m2 per option and pair, m2 left short per area."""

    taken: NDArray[np.bool_]
    built: Floats
    sent: Floats
    left: Floats


class _Search:
    """Which options, how much of each, and for whom."""

    def __init__(
        self,
        problem: AreaProblem,
        pairs: pd.DataFrame,
        budget: float | None,
        options: SolveOptions,
        started: float,
    ) -> None:
        self.problem, self.pairs, self.options = problem, pairs, options
        self.model = AreaModel(problem, pairs, budget)
        self._deadline = started + options.time_limit_s
        self._limited = budget is not None or bool(problem.options["group"].notna().any())
        # costs of any unit are brought to about a million, by a power of two: exact both ways
        top = float(self.model.cost()[: self.model.n_options].sum())
        top += float(self.model.per_m2 @ self.model.most)
        self._scale = 2.0 ** (20 - np.ceil(np.log2(top))) if top > 0 else 1.0
        self._most_left = 0.0
        self._first: Status = "optimal"

    def run(self, *, leave_out: bool) -> Solution:
        """Return the cheapest plan found, after the one that leaves least where that is asked."""
        model = self.model
        if leave_out:
            most = float(model.short.sum())
            least = self._solve(model.left_row(), most, 1.0)
            left = np.ceil(least.objective * _STEPS - _NOISE) / _STEPS
            self._most_left, self._first = left + _SLACK * (left > 0), _status(least)
        return self._solve(model.cost() * self._scale, self._most_left, self._scale)

    def _solve(self, cost: Floats, most_left: float, scale: float) -> Solution:
        model, options = self.model, self.options
        rough = options.method == "heuristic"
        found = solve(
            model.model(cost, most_left=most_left),
            time_limit_s=max(self._deadline - time.perf_counter(), 0.1),
            gap=max(options.gap, _ROUGH) if rough else options.gap,
            tell=options.tell,
        )
        if found.status == "infeasible":
            clash = smallest_conflict(model.ruled())
            raise InputError(f"meet_area_standard: {clash}, or leave areas out with leave_out=True")
        if not found.found:
            raise InputError(
                f"meet_area_standard: no plan found in {found.seconds:.0f} s ({found.status});"
                " raise time_limit_s"
            )
        return replace(found, objective=found.objective / scale, bound=found.bound / scale)

    def settle(self, found: Solution) -> _Settled:
        """Bring a plan to whole steps of 1e-6 m2, and its m2 to the nearest areas.

        With the sites given, sizes and flows are a flow in a network whose numbers are whole steps;
        so are its corners, which the solver of linear models returns.
        """
        model = self.model
        taken, *_ = model.parts(found.x)
        taken = (taken > _HALF).astype(np.float64)
        plain = model.model(model.cost() * self._scale, most_left=self._most_left, whole=False)
        first = solve(_between(plain, 0, taken, taken))
        _, built, sent, left = model.parts(first.x if first.found else found.x)
        near = replace(plain, cost=self._minutes())
        near = _between(near, 0, taken, taken)
        near = _between(near, model.n_options, np.zeros(len(built)), built + _SLACK)
        near = _between(near, model.n - model.n_areas, np.zeros(len(left)), left + _SLACK)
        second = solve(near)
        if second.found:
            _, _, sent, _ = model.parts(second.x)
        # a budget may cut m2 at any fraction: less than a step of it is given up
        part = _NOISE if self._most_left and self._limited else _HALF
        sent = np.floor(sent * _STEPS + part) / _STEPS
        got = np.bincount(model.pair_area, sent, model.n_areas)
        given = np.bincount(model.pair_site, sent, int(model.site.max(initial=-1)) + 1)
        built = np.maximum(given[model.site], model.least) * taken
        left = np.maximum(np.round(model.short - got, DECIMALS), 0.0)
        return _Settled(taken > _HALF, np.round(built, DECIMALS), sent, left)

    def _minutes(self) -> Floats:
        """Return the minutes of each pair as a cost: the own area first where none are known."""
        minutes = self.pairs["minutes"].to_numpy(dtype=np.float64)
        far = np.nanmax(minutes, initial=0.0) + 1.0
        unknown = np.where(self.pairs["own"], 0.0, far)
        way = np.where(np.isnan(minutes), unknown, minutes)
        none = np.zeros(self.model.n_options)
        return self.model.joined(none, none, way, np.zeros(self.model.n_areas))

    def prices(self) -> dict[str, pd.Series]:
        """Return the cost per m2 of each area in the linear relaxation, if it is not too large."""
        model = self.model
        if model.n_pairs > _MOST_PAIRS or not model.n_areas:
            return {}
        cost = model.cost() * self._scale
        linear = solve(model.model(cost, most_left=self._most_left, whole=False))
        if len(linear.row_dual) == 0:
            return {}
        dual = np.maximum(linear.row_dual[: model.n_areas], 0.0) / self._scale
        return {"prices": pd.Series(dual, self.problem.shortfall.index, name="price")}

    def plan(self, found: Solution, settled: _Settled, terms: dict[str, object]) -> AreaPlan:
        """Write a plan down; its cost is added up anew."""
        cost = float(self.model.fixed @ self._kept(settled) + self.model.per_m2 @ settled.built)
        status, bound = _status(found), found.bound
        same = abs(cost - bound) <= _SAME * max(1.0, abs(cost))
        if self._first not in ("optimal", status):
            status = self._first
        if self.options.method == "heuristic" and not (same and status == "optimal"):
            status = "heuristic"
        elif same and status == "optimal":
            bound = cost
        elif status == "optimal":
            status = "gap"
        return AreaPlan(
            sites=self._sites(settled),
            allocation=self.pairs.assign(m2=settled.sent)[settled.sent > 0][
                ["site_id", "area_id", "m2", "minutes", "own"]
            ].reset_index(drop=True),
            areas=self._areas(settled),
            proof=Proof(cost, min(bound, cost), status, found.seconds, found.solver),
            terms=terms,
        )

    def _sites(self, settled: _Settled) -> pd.DataFrame:
        model, options = self.model, self.problem.options
        sent = np.bincount(model.pair_site, settled.sent, int(model.site.max(initial=-1)) + 1)
        built, allocated = settled.built, np.round(sent, DECIMALS)[model.site]
        table = pd.DataFrame(
            {
                "way": options["way"],
                "built_m2": built,
                "allocated_m2": allocated,
                "spare_m2": np.round(built - allocated, DECIMALS) + 0.0,
                "fixed_cost": model.fixed,
                "cost_per_m2": model.per_m2,
                "cost": model.fixed + model.per_m2 * built,
            }
        ).set_index(pd.Index(options["site_id"], name="site_id"))
        return table[self._kept(settled)]

    def _kept(self, settled: _Settled) -> NDArray[np.bool_]:
        """Return what is taken for some m2, or required: a search cut short may take more."""
        required = self.problem.options["required"].to_numpy(dtype=bool)
        return settled.taken & ((settled.built > 0) | required)

    def _areas(self, settled: _Settled) -> pd.DataFrame:
        model, problem = self.model, self.problem
        room = np.zeros(int(model.site.max(initial=-1)) + 1)
        top = problem.options["max_m2"].to_numpy(dtype=np.float64)
        np.maximum.at(room, model.site, top)
        free = room - np.bincount(model.site, settled.built, len(room)) > _SAME
        spare = np.bincount(model.pair_area, free[model.pair_site], model.n_areas) > 0
        none = np.bincount(model.pair_area, minlength=model.n_areas) == 0
        held = "limits" if self._limited else "search_ended"
        why = np.where(none, "no_site", np.where(spare, held, "no_room"))
        areas = pd.DataFrame(
            {
                "shortfall_m2": model.short,
                "closed_m2": np.round(model.short - settled.left, DECIMALS),
                "left_m2": settled.left,
                "reason": np.where(settled.left > 0, why, ""),
            },
            index=problem.shortfall.index,
        )
        lost = pd.DataFrame(
            {"shortfall_m2": np.nan, "closed_m2": 0.0, "left_m2": np.nan,
             "reason": "not_assessable"},
            index=problem.unknown,
        )  # fmt: skip
        every = pd.concat([areas, lost]) if len(lost) else areas
        return every.astype({"reason": "str"}).sort_index().rename_axis("area_id")


def _between(model: Model, first: int, low: Floats, high: Floats) -> Model:
    """Return the model with the bounds of some variables replaced."""
    lower, upper = model.lower.copy(), model.upper.copy()
    lower[first : first + len(low)], upper[first : first + len(high)] = low, high
    return replace(model, lower=lower, upper=upper)


def _status(found: Solution) -> Status:
    if found.status in ("optimal", "gap", "interrupted"):
        return found.status
    return "time_limit"
