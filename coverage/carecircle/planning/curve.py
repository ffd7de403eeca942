"""How much each further site, or each further sum of money, brings: the curve and its knee."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.cover import most_covered
from carecircle.planning.engine.cover_case import Case, limits_of
from carecircle.planning.engine.cover_plan import covered_by
from carecircle.planning.engine.greedy import Chooser, Limits
from carecircle.planning.instance import check_instance
from carecircle.planning.notebook_tables import as_html
from carecircle.planning.options import SolveOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

__all__ = ["CurvePoints", "curve_points", "knee_of", "together"]

_DEFAULT = SolveOptions()
_SLACK = 1e-9
_TIES = "not settled: a curve asks how much, not where"


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """Most weight covered by number of new sites, or by budget.

    Attributes
    ----------
    table
        Index ``n_sites`` or ``budget``, 0 being today: ``covered`` (most weight that so many can
        cover), ``bound`` (what is not ruled out), ``share`` of all weight, ``gain`` over the row
        before, ``greedy`` (covered by always adding the site that adds most), ``cost`` and
        ``status`` of the plan.
    plans
        Number of sites or budget -> the plan; of equally good plans any one (``max_cover`` settles
        ties).
    knee
        Where the curve lies highest above the straight line between its ends (missing: nowhere).
    total, reachable
        All weight, and the weight that all sites that may stand together cover.
    """

    table: pd.DataFrame
    plans: Mapping[float, Plan]
    knee: float
    total: float
    reachable: float

    def __repr__(self) -> str:
        last = self.table.iloc[-1]
        knee = "no knee" if np.isnan(self.knee) else f"knee at {self.knee:g}"
        return (
            f"{type(self).__name__}({self.table.index.name} 0 to {self.table.index[-1]:g}:"
            f" {self.table['covered'].iloc[0]:,.6g} to {last['covered']:,.6g} of {self.total:,.6g}"
            f" covered; {knee})"
        )

    def _repr_html_(self) -> str:
        note = f"of {self.total:,.6g}, {self.reachable:,.6g} can be covered by these sites"
        return as_html(repr(self), self.table, note)


def curve_points(
    instance: Instance,
    *,
    most: int | None = None,
    budgets: Sequence[float] | None = None,
    options: SolveOptions = _DEFAULT,
) -> CurvePoints:
    """Find the most weight that each number of new sites, or each budget, can cover.

    Parameters
    ----------
    instance
        The problem; required sites are among the new ones.
    most
        Largest number of sites; by default the number at which no more can be covered.
    budgets
        Budgets to ask for in place of numbers of sites.
    options
        Limits of the search for each point.

    Returns
    -------
    CurvePoints
        Each point is exact with its bound, and greedy choices stand beside it.

    Raises
    ------
    InputError
        If both or unfit numbers are given.

    Notes
    -----
    The knee is the point with the greatest distance above the chord, both axes scaled to 1:
    V. Satopaa, J. Albrecht, D. Irwin and B. Raghavan (2011), Finding a "kneedle" in a haystack,
    ICDCS workshops. Greedy choices reach 63 % of what can be gained: G. Nemhauser, L. Wolsey and
    M. Fisher (1978), Mathematical Programming 14, 265-294.

    Examples
    --------
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [5.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> curve_points(two).table["covered"].to_dict()
    {0: 0.0, 1: 50.0, 2: 80.0}
    """
    check_instance(instance)
    if budgets is not None and most is not None:
        raise InputError("most and budgets are given; give one of them")
    whole = Case.of("max_cover", instance, options, _everything(instance))
    reachable = together(instance, options).proof.objective
    if budgets is None:
        steps, plans = _by_number(whole, most, reachable)
    else:
        steps, plans = _by_budget(whole, sorted({float(one) for one in budgets}))
    table = _table(whole, plans, steps)
    table.index = pd.Index([0, *plans], name="n_sites" if budgets is None else "budget", dtype=None)
    at = table.index.to_numpy(dtype=float)
    knee = knee_of(at, table["covered"].to_numpy())
    return CurvePoints(table, plans, knee, float(instance.weight.sum()), reachable)


def knee_of(x: np.ndarray, y: np.ndarray) -> float:
    """Return where a curve lies highest above the chord between its ends; NaN: nowhere.

    Parameters
    ----------
    x, y
        Points, ``x`` rising; of equal heights the first counts.

    Examples
    --------
    >>> knee_of(np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 60.0, 80.0, 100.0]))
    1.0
    """
    if len(x) < 3 or not y[-1] > y[0]:  # noqa: PLR2004  # two points are a straight line
        return float("nan")
    above = (y - y[0]) / (y[-1] - y[0]) - (x - x[0]) / (x[-1] - x[0])
    best = int(np.argmax(above >= above.max() - _SLACK))
    return float(x[best]) if above[best] > _SLACK else float("nan")


def together(instance: Instance, options: SolveOptions = _DEFAULT) -> Plan:
    """Return the plan that covers most with any number of sites.

    Without groups that is all that can be reached; sites that exclude one another may leave
    somebody out. Sites are not as few as could be.

    Parameters
    ----------
    instance, options
        As for ``max_cover``.
    """
    case = Case.of("max_cover", instance, options, _everything(instance))
    return most_covered(case, _terms(None, None))


def _everything(instance: Instance) -> Limits:
    return Limits(np.inf, instance.cost, np.inf, instance.group)


def _terms(n_sites: int | None, budget: float | None) -> dict[str, object]:
    return {"n_sites": n_sites, "budget": budget, "equity": (), "ties": _TIES}


def _by_number(
    whole: Case, most: int | None, reachable: float
) -> tuple[list[float], dict[float, Plan]]:
    """Return greedy values and exact plans by number of sites."""
    instance = whole.instance
    fixed = int((instance.required & ~instance.existing).sum())
    chooser = _chooser(whole, whole.limits)
    order = chooser.filled()
    largest = most if most is not None else fixed + len(whole.table.sites)
    if most is not None:
        limits_of(instance, most, None)  # raises where it does not fit
    steps: list[float] = []
    plans: dict[float, Plan] = {}
    for n in range(max(1, fixed), largest + 1):
        steps.append(whole.base + chooser.value(order[: n - fixed]))
        plans[n] = _solved(whole, replace(whole.limits, n=float(n - fixed)), _terms(n, None))
        if plans[n].proof.objective >= reachable - _SLACK * max(1.0, reachable):
            break
    return steps, plans


def _by_budget(whole: Case, budgets: Sequence[float]) -> tuple[list[float], dict[float, Plan]]:
    """Return greedy values and exact plans by budget."""
    steps: list[float] = []
    plans: dict[float, Plan] = {}
    for budget in budgets:
        left = limits_of(whole.instance, None, budget).budget
        limits = replace(whole.limits, budget=left)
        chooser = _chooser(whole, limits)
        choices = (chooser.filled(), chooser.filled(per_cost=chooser.limits.cost))
        steps.append(whole.base + max(chooser.value(choice) for choice in choices))
        plans[budget] = _solved(whole, limits, _terms(None, budget))
    return steps, plans


def _chooser(whole: Case, limits: Limits) -> Chooser:
    """Return a chooser for which equal sites go by their ids, not by the order of rows."""
    table = whole.table
    ids = whole.instance.site_ids[table.sites].astype(str)
    order = np.argsort(ids, kind="stable")
    return Chooser(table.covers[:, order].tocsr(), table.weight, limits.of_sites(order))


def _solved(whole: Case, limits: Limits, terms: Mapping[str, object]) -> Plan:
    case = replace(whole, limits=limits, started=time.perf_counter())
    if case.options.tell is not None:
        asked = ", ".join(f"{k} {v:g}" for k, v in terms.items() if isinstance(v, (int, float)))
        case.options.tell(f"curve: {asked}")
    return most_covered(case, terms)


def _table(whole: Case, plans: Mapping[float, Plan], steps: Sequence[float]) -> pd.DataFrame:
    instance = whole.instance
    now = covered_by(instance, np.zeros(instance.n_sites, dtype=bool))
    today, total = float(instance.weight[now].sum()), float(instance.weight.sum())
    covered = np.array([today, *(plan.proof.objective for plan in plans.values())])
    return pd.DataFrame(
        {
            "covered": covered,
            "bound": [today, *(plan.proof.bound for plan in plans.values())],
            "share": covered / total if total > 0 else np.full(len(covered), np.nan),
            "gain": np.diff(covered, prepend=np.nan),
            "greedy": [today, *steps],
            "cost": [0.0, *(float(plan.chosen["cost"].sum()) for plan in plans.values())],
            "status": ["today", *(plan.proof.status for plan in plans.values())],
        }
    )
