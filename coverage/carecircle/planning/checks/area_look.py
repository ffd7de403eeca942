"""An independent check of floor-area plans: rules, m2, cost and bound, each added up anew.

No model and none of the code that found the plan is used. Square metres are whole numbers of
1e-6 m2 and money is in fractions, so nothing is lost to rounding.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.standards.floor_rule import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carecircle.planning.area_plan import AreaPlan
    from carecircle.planning.area_problem import AreaProblem

__all__ = ["area_bound", "verify_area_plan"]

_STEPS = 10**DECIMALS
_SAME = Fraction(1, 10**6)
# fractions are slow: with more pairs and options than this the bound is not added up
_MOST_ROWS = 20_000
_FINE = 2**20


def verify_area_plan(problem: AreaProblem, plan: AreaPlan) -> str:
    """Check a floor-area plan against its problem.

    Parameters
    ----------
    problem
        The problem.
    plan
        A plan for it, from this package or edited by hand.

    Returns
    -------
    str
        ``verified: ...`` with what was found, or ``refused: ...`` with the first fault.
    """
    checks = (_options, _groups, _sizes, _pairs, _areas, _money, _proof)
    asked = _asked(problem, plan)
    fault = next((text for check in checks for text in check(problem, plan, asked)), None)
    if fault:
        return f"refused: {fault}"
    text = "verified: sites, sizes, allocation, shortfalls and cost added up anew"
    bound = area_bound(problem, plan)
    if bound is None:
        return text
    if bound > Fraction(plan.cost) + _SAME * max(Fraction(1), Fraction(plan.cost)):
        return f"refused: the prices prove {float(bound):g}, more than the plan costs"
    return f"{text}; prices prove at least {float(bound):,.6g} in fractions"


def area_bound(problem: AreaProblem, plan: AreaPlan) -> Fraction | None:
    r"""Return the cost that no plan can undercut, as the prices of a plan prove it.

    Notes
    -----
    If area a pays :math:`u_a` per m2, no plan costs less than :math:`\sum_a u_a d_a + \sum_s
    \min(0, \text{best of its ways})`, where the best size of a way serves the areas that pay most
    first; what may be left short is taken off where it pays most. None without prices, or where
    there are too many pairs.
    """
    prices = plan.terms.get("prices")
    pairs = _allowed(problem, plan)
    table = problem.options.reset_index(names="option").merge(pairs, on="site_id", how="left")
    if not isinstance(prices, pd.Series) or len(table) > _MOST_ROWS:
        return None
    pays = np.floor(prices.clip(lower=0.0) * _FINE)
    price = {area: Fraction(int(value), _FINE) for area, value in pays.items()}
    short = {area: int(m2) for area, m2 in _steps(problem.shortfall).items()}
    table = table.assign(pays=table["area_id"].map(pays).fillna(-1.0)).sort_values(
        ["option", "pays"], ascending=[True, False]
    )
    worth: dict[str, list[Fraction]] = {}
    for _, rows in table.groupby("option"):
        first = rows.iloc[0]
        offers = [(price[a], short[a]) for a in rows["area_id"].dropna()]
        worth.setdefault(str(first["site_id"]), []).append(_best_size(first, offers))
    must = set(problem.options.loc[problem.options["required"], "site_id"].astype(str))
    total = sum((price[a] * m2 for a, m2 in short.items()), Fraction(0)) / _STEPS
    for site, ways in worth.items():
        total += min(ways) if site in must else min(Fraction(0), *ways)
    left = int(_steps(plan.areas["left_m2"].dropna()).sum())
    for area in sorted(price, key=lambda a: -price[a]):
        part = min(left, short[area])
        total -= price[area] * part / _STEPS
        left -= part
    return total


def _best_size(option: pd.Series, offers: list[tuple[Fraction, int]]) -> Fraction:
    """Return what a way costs beyond what its m2 earn, at its best size; offers best first."""
    per_m2, least = Fraction(float(option["cost_per_m2"])), _whole(option["min_m2"])
    top = None if np.isinf(option["max_m2"]) else _whole(option["max_m2"])
    net, built = Fraction(0), 0
    for pays, m2 in offers:
        if pays <= per_m2 and built >= least:
            break
        limit = m2 if top is None else min(m2, top - built)
        size = limit if pays > per_m2 else min(limit, least - built)
        net += (per_m2 - pays) * size
        built += size
    net += per_m2 * max(least - built, 0)
    return Fraction(float(option["fixed_cost"])) + net / _STEPS


def _whole(m2: float) -> int:
    return round(float(m2) * _STEPS)


def _steps(m2: pd.Series) -> pd.Series:
    return (m2.astype(float) * _STEPS).round().astype("int64")


def _allowed(problem: AreaProblem, plan: AreaPlan) -> pd.DataFrame:
    own = plan.terms.get("sharing") == "own"
    return problem.pairs[problem.pairs["own"]] if own else problem.pairs


def _asked(problem: AreaProblem, plan: AreaPlan) -> pd.DataFrame:
    """Return what the problem says of each site of the plan; missing where it does not know it."""
    known = problem.options.set_index(["site_id", "way"])
    table = known.reindex(pd.MultiIndex.from_arrays([plan.sites.index, plan.sites["way"]]))
    return table.set_index(plan.sites.index)


def _options(problem: AreaProblem, plan: AreaPlan, asked: pd.DataFrame) -> Iterator[str]:
    if plan.sites.index.has_duplicates:
        yield f"site {plan.sites.index[plan.sites.index.duplicated()][0]} is got in two ways"
    unknown = asked["max_m2"].isna()
    if unknown.any():
        yield f"site {plan.sites.index[int(np.argmax(unknown))]} cannot be got that way"
    required = problem.options.loc[problem.options["required"], "site_id"]
    missing = required[~required.isin(plan.sites.index)]
    if len(missing):
        yield f"required site {missing.iloc[0]} is missing"


def _groups(_: AreaProblem, __: AreaPlan, asked: pd.DataFrame) -> Iterator[str]:
    groups = asked["group"].dropna()
    if groups.duplicated().any():
        yield f"two sites of group {groups[groups.duplicated()].iloc[0]} stand"


def _sizes(_: AreaProblem, plan: AreaPlan, asked: pd.DataFrame) -> Iterator[str]:
    built = plan.sites["built_m2"]
    wrong = (built < asked["min_m2"] - 0.5 / _STEPS) | (built > asked["max_m2"] + 0.5 / _STEPS)
    if wrong.any():
        least, most = asked[wrong].iloc[0][["min_m2", "max_m2"]]
        size = built[wrong].iloc[0]
        yield f"site {built[wrong].index[0]} has {size:g} m2, not between {least:g} and {most:g}"
    sent = _steps(plan.allocation["m2"]).groupby(plan.allocation["site_id"]).sum()
    lost = sent.index.difference(plan.sites.index)
    if len(lost):
        yield f"site {lost[0]} serves, but is not built"
        return
    spare = _steps(plan.sites["built_m2"]) - sent.reindex(plan.sites.index).fillna(0)
    if (spare < 0).any():
        yield f"site {spare.index[spare < 0][0]} gives more m2 than it has"
    if (spare != _steps(plan.sites["spare_m2"])).any():
        yield "spare m2 are not what is built less what is allocated"


def _pairs(problem: AreaProblem, plan: AreaPlan, _: pd.DataFrame) -> Iterator[str]:
    allowed = pd.MultiIndex.from_frame(_allowed(problem, plan)[["site_id", "area_id"]])
    used = pd.MultiIndex.from_frame(plan.allocation[["site_id", "area_id"]])
    if used.has_duplicates or not used.isin(allowed).all():
        yield "m2 go from a site to an area that it may not serve, or twice"
    if (plan.allocation["m2"] <= 0).any():
        yield "an allocation is not above 0 m2"


def _areas(problem: AreaProblem, plan: AreaPlan, _: pd.DataFrame) -> Iterator[str]:
    known = plan.areas[plan.areas["shortfall_m2"].notna()]
    if not _steps(known["shortfall_m2"]).equals(_steps(problem.shortfall)):
        yield "the shortfalls are not those of the problem"
        return
    got = _steps(plan.allocation["m2"]).groupby(plan.allocation["area_id"]).sum()
    got = got.reindex(known.index).fillna(0).astype("int64")
    closed, left = _steps(known["closed_m2"]), _steps(known["left_m2"])
    if (got < closed).any():
        yield f"area {known.index[got < closed][0]} gets fewer m2 than the plan says"
    if (closed + left != _steps(known["shortfall_m2"])).any():
        yield "closed and left m2 do not add up to the shortfall"
    if left.any() and not plan.terms.get("leave_out"):
        yield f"area {known.index[left > 0][0]} is left short"


def _money(_: AreaProblem, plan: AreaPlan, asked: pd.DataFrame) -> Iterator[str]:
    fixed, per_m2 = (
        [Fraction(float(one)) for one in asked[name]] for name in ("fixed_cost", "cost_per_m2")
    )
    sizes = zip(per_m2, _steps(plan.sites["built_m2"]), strict=True)
    cost = sum(fixed, Fraction(0)) + sum((c * int(m2) for c, m2 in sizes), Fraction(0)) / _STEPS
    told = Fraction(plan.cost)
    slack = _SAME * max(Fraction(1), cost)
    if abs(cost - told) > slack:
        yield f"the plan costs {float(cost):g}, not {plan.cost:g}"
    if abs(cost - Fraction(float(plan.sites["cost"].sum()))) > slack:
        yield "the costs of the sites do not add up to that of the plan"
    budget = plan.terms.get("budget")
    if isinstance(budget, (int, float)) and cost > Fraction(budget) + slack:
        yield f"the budget of {budget:g} is exceeded"


def _proof(_: AreaProblem, plan: AreaPlan, __: pd.DataFrame) -> Iterator[str]:
    if plan.proof.bound > plan.cost * (1 + 1e-9) + 1e-9:
        yield f"the bound {plan.proof.bound:g} is above the cost"
