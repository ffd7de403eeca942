"""Where to build so that most people, or all, are in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.errors import InputError
from carecircle.planning.engine.benders import Decomposed
from carecircle.planning.engine.cover_case import Answer, Case, Least, limits_of, some_ids
from carecircle.planning.engine.cover_plan import covered_by
from carecircle.planning.engine.fewest import fewest_for
from carecircle.planning.engine.greedy import Chooser
from carecircle.planning.equity import Units
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from carecircle.planning.engine.cover_model import CoverModel
    from carecircle.planning.equity import Equity
    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = [
    "backup_cover",
    "everyone_covered",
    "max_cover",
    "max_min_share",
    "min_sites",
    "min_sites_for_share",
    "most_covered",
    "share_covered",
]

_DEFAULT = SolveOptions()
_SLACK = 1e-9
# a row that leaves the solver no room at all may pass for infeasible
_ROOM = 1e-6


def max_cover(
    instance: Instance,
    *,
    n_sites: int | None = None,
    budget: float | None = None,
    equity: Sequence[Equity] = (),
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the sites that cover most weight within the limits (Church and ReVelle 1974, MCLP).

    Parameters
    ----------
    instance
        The problem. Facilities of today and existing sites count and stay; required sites are
        chosen first.
    n_sites, budget
        Most new sites, and most that they may cost; at least one of the two.
    equity
        What must hold between units of demand.
    options
        Limits of the search.

    Returns
    -------
    Plan
        The objective is all weight covered, today's included. Sites that add nothing are left out.
        ``left_out`` names the demand that nothing can cover.

    Raises
    ------
    InputError
        If number or budget do not fit the candidates, or the rules contradict one another.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [5.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> plan = max_cover(two, n_sites=1)
    >>> plan.site_ids, plan.proof.objective
    (['S2'], 50.0)
    """
    check_instance(instance)
    case = Case.of("max_cover", instance, options, limits_of(instance, n_sites, budget))
    return most_covered(case, {"n_sites": n_sites, "budget": budget, "equity": tuple(equity)})


def most_covered(case: Case, terms: Mapping[str, Any]) -> Plan:
    """Solve a maximal covering problem that is set up; ``terms`` has ``equity``.

    With ``ties`` in the terms, equally good plans are not told apart, and this is what it says.
    """
    options, equity = case.options, terms["equity"]
    if not equity and (case.large or (options.method == "heuristic" and case.table.covers.nnz)):
        search = Decomposed(case.table, case.limits, options)
        status = search.solve()
        columns = np.zeros(len(case.table.sites), dtype=bool)
        columns[search.chosen] = True
        answer = Answer(columns, case.base + search.bound, status, search.solver)
        ties = "not settled: many pairs or a heuristic"
    else:
        model = case.model(equity)
        goal = case.worth()
        start = None if equity else _start(case)
        answer = case.solve(model, goal, "max", offset=case.base, start=start)
        ties = ""
        if "ties" not in terms:
            answer, ties = case.tie_break(model, goal, "max", answer)
    return case.plan(answer, _weight_covered(case.instance), {"ties": ties, **terms})


def min_sites(
    instance: Instance,
    *,
    least: Least = "sites",
    leave_out_unreachable: bool = False,
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the fewest or cheapest sites that cover everyone (Toregas et al. 1971, LSCP).

    Parameters
    ----------
    instance
        The problem.
    least
        ``sites``: fewest new sites; ``cost``: least cost of new sites.
    leave_out_unreachable
        Go on without the demand that no site can cover, and name it in ``left_out``.
    options
        Limits of the search.

    Returns
    -------
    Plan
        The objective is the number of new sites, or their cost.

    Raises
    ------
    InputError
        If someone cannot be covered, with the first ids; or if groups make it impossible.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1", "H2"], "site_id": ["S1", "S2", "S2"],
    ...                       "minutes": [5.0, 9.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> min_sites(two).site_ids
    ['S2']
    """
    check_instance(instance)
    left = instance.unreachable()
    if len(left) and not leave_out_unreachable:
        raise InputError(
            f"{len(left)} demand points are within the limit of no site that may be chosen"
            f" ({some_ids(left)}); add sites, or leave them out with leave_out_unreachable=True"
        )
    case = Case.of("min_sites", instance, options, None)
    return everyone_covered(case, {"least": least, "leave_out_unreachable": leave_out_unreachable})


def everyone_covered(case: Case, terms: Mapping[str, Any]) -> Plan:
    """Solve a set covering problem that is set up; ``terms`` has ``least``."""
    model = case.model(())
    model.cover_all()
    return _least_spent(case, model, terms)


def min_sites_for_share(
    instance: Instance,
    *,
    share: float,
    least: Least = "sites",
    equity: Sequence[Equity] = (),
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the fewest or cheapest sites that cover a share of all weight.

    Parameters
    ----------
    instance
        The problem.
    share
        Least share of all weight (those whom nothing reaches included) that is covered, 0 to 1.
    least, equity, options
        As for :func:`min_sites` and :func:`max_cover`.

    Returns
    -------
    Plan
        The objective is the number of new sites, or their cost.

    Raises
    ------
    InputError
        If the share is out of reach; the message says what can be reached.
    """
    check_instance(instance)
    if not 0 < share <= 1:
        raise InputError(f"share is {share!r}; give a share above 0, at most 1")
    case = Case.of("min_sites_for_share", instance, options, None)
    return share_covered(case, {"share": share, "least": least, "equity": tuple(equity)})


def share_covered(case: Case, terms: Mapping[str, Any]) -> Plan:
    """Solve a partial covering problem set up; ``terms`` has ``share``, ``least``, ``equity``."""
    instance, share, least, equity = case.instance, terms["share"], terms["least"], terms["equity"]
    total, most = float(instance.weight.sum()), case.base + float(case.table.weight.sum())
    need = share * total
    if most < need * (1 - _SLACK):
        raise InputError(
            f"share is {share:.6g}, but all allowed sites together cover {most:g} of {total:g}"
            f" ({most / total:.6g}); ask for no more than that, or add sites"
        )
    if case.large and least == "sites" and not equity:
        answer = fewest_for(case, need - case.base)
        spent = _spent(instance, least)
        return case.plan(answer, spent, {**terms, "ties": "not settled: many pairs"})
    model = case.model(equity)
    row = model.row(model.covered(), case.table.weight)
    model.add(row, lower=case.at_least(need, case.base), name=f"share {share:g} of all weight")
    return _least_spent(case, model, terms)


def backup_cover(
    instance: Instance,
    *,
    n_sites: int | None = None,
    budget: float | None = None,
    once_share: float = 1.0,
    equity: Sequence[Equity] = (),
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the sites that cover most weight at least twice, without giving up first cover.

    First the most weight that can be covered once is found; then, among the plans that keep
    ``once_share`` of it, the one with most weight covered twice (Hogan and ReVelle 1986, BACOP).

    Parameters
    ----------
    instance, n_sites, budget, equity, options
        As for :func:`max_cover`; equity is about first cover.
    once_share
        Share of the best single cover that must be kept; 1 puts first cover first.

    Returns
    -------
    Plan
        The objective is the weight covered at least twice; ``terms`` has ``covered_once``.
    """
    check_instance(instance)
    if not 0 <= once_share <= 1:
        raise InputError(f"once_share is {once_share!r}; give a share from 0 to 1")
    limits = limits_of(instance, n_sites, budget)
    first = {"n_sites": n_sites, "budget": budget, "equity": tuple(equity)}
    once = most_covered(Case.of("max_cover", instance, options, limits), first).proof.objective
    case = Case.of("backup_cover", instance, options, limits, times=2)
    model, table = case.model(equity), case.table
    new = np.flatnonzero(table.count == 0)
    y = model.n_columns + new
    model.whole(y)
    twice = model.variables(np.zeros(len(new)), np.ones(len(new)))
    model.second(y, twice, new)
    today = float(instance.weight[covered_by(instance, instance.required)].sum())
    model.add(model.row(y, table.weight[new]), lower=case.at_least(once_share * once, today))
    goal = np.zeros(int(max((*model.covered(), *twice), default=model.n_columns - 1)) + 1)
    goal[model.covered()] = table.weight * (table.count == 1)
    goal[twice] = table.weight[new]
    answer = case.solve(model, goal, "max", offset=case.base)
    terms = {**first, "once_share": once_share, "best_once": once}
    return case.plan(answer, _weight_covered(instance, times=2), terms, times=2)


def max_min_share(
    instance: Instance,
    *,
    unit: pd.Series,
    n_sites: int | None = None,
    budget: float | None = None,
    equity: Sequence[Equity] = (),
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the sites that lift the unit with the smallest covered share as high as possible.

    Among plans with the same smallest share the one that covers most weight is taken.

    Parameters
    ----------
    instance, n_sites, budget, equity, options
        As for :func:`max_cover`.
    unit
        Label of each demand point, indexed by its id; missing: in no unit.

    Returns
    -------
    Plan
        The objective is the smallest covered share of any unit.
    """
    check_instance(instance)
    case = Case.of("max_min_share", instance, options, limits_of(instance, n_sites, budget))
    units = Units.of(instance, unit, covered_by(instance, instance.required))
    model = case.model(equity)
    least = model.variables(np.zeros(1), np.ones(1))
    for number, today in enumerate(units.today / units.total):
        places = np.concatenate((model.covered(), least))
        values = np.append(units.row(instance, case.table, number), -1.0)
        model.add(model.row(places, values), lower=np.array([-today]))
    goal = np.zeros(int(least[0]) + 1)
    goal[least] = 1.0
    first = case.solve(model, goal, "max")

    def smallest(chosen: Flags) -> float:
        return float(units.shares(instance, covered_by(instance, chosen)).min())

    reached = smallest(case.mask(first.columns))
    model.add(model.row(least, np.ones(1)), lower=np.array([reached - _ROOM]))
    second = case.solve(model, case.worth(), "max")
    kept = smallest(case.mask(second.columns)) >= reached - _SLACK
    columns = second.columns if kept else first.columns
    terms = {"n_sites": n_sites, "budget": budget, "equity": tuple(equity), "unit": unit}
    answer = Answer(columns, first.bound, first.status, first.solver)
    return case.plan(answer, smallest, {**terms, "ties": "most weight covered"})


def _least_spent(case: Case, model: CoverModel, terms: Mapping[str, Any]) -> Plan:
    """Solve a model for the fewest or cheapest columns."""
    goal, spent = case.price(terms["least"]), _spent(case.instance, terms["least"])
    new = case.instance.required & ~case.instance.existing
    answer = case.solve(model, goal, "min", offset=spent(new))
    answer, ties = case.tie_break(model, goal, "min", answer)
    return case.plan(answer, spent, {**terms, "ties": ties})


def _weight_covered(instance: Instance, times: int = 1) -> Callable[[Flags], float]:
    return lambda chosen: float(instance.weight[covered_by(instance, chosen, times)].sum())


def _spent(instance: Instance, least: Least) -> Callable[[Flags], float]:
    price = np.ones(instance.n_sites) if least == "sites" else instance.cost
    return lambda chosen: float(price[chosen].sum())


def _start(case: Case) -> Floats:
    """Return a good plan as a point of the whole model."""
    chooser = Chooser(case.table.covers, case.table.weight, case.limits)
    chosen = chooser.best()
    x = np.zeros(len(case.table.sites))
    x[chosen] = 1.0
    return np.concatenate((x, (chooser.counts(chosen) > 0).astype(np.float64)))
