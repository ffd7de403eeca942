"""A second look at a nearest-site, capacity or market plan, by another way than its search."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.decay import AttendanceDecay, attendance_share
from carecircle.planning.engine.outcome import weighted_minutes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

__all__ = ["checked", "exact_bound", "recheck"]

_SAME = 1e-6


def recheck(instance: Instance, plan: Plan) -> str:
    """Return ``verified`` and what was checked, or the first fault.

    The sites are held against the rules of the instance, the allocation against its pairs, and the
    objective is added up anew from the allocation. For a p-median with prices in its terms the
    bound before branching is added up in whole numbers, free of rounding.

    Parameters
    ----------
    instance
        The problem.
    plan
        A plan for it, from this package or edited by hand.
    """
    fault = _sites(instance, plan) or _allocation(instance, plan) or _figures(instance, plan)
    if fault:
        return f"fault: {fault}"
    if plan.problem not in _OBJECTIVES:
        return "verified: sites and allocation are allowed"
    text = "verified: sites, allocation and objective added up anew"
    prices = plan.terms.get("prices")
    if not isinstance(prices, pd.Series):
        return text
    root = exact_bound(instance, plan, prices)
    if root > plan.proof.objective + _SAME * max(1.0, plan.proof.objective):
        return f"fault: the prices prove {root:g}, more than the objective"
    return f"{text}; prices prove at least {root:,.6g} in whole-number arithmetic"


def checked(instance: Instance, plan: Plan) -> Plan:
    """Return the plan with the verdict of :func:`recheck` in its proof."""
    return replace(plan, proof=replace(plan.proof, verdict=recheck(instance, plan)))


def exact_bound(instance: Instance, plan: Plan, prices: pd.Series) -> float:
    """Return the bound that prices prove for a p-median, added up in whole numbers.

    Costs are scaled and rounded down, prices as well; the best total of the rounded costs is at
    most the true one, and integers add up without error.
    """
    penalty = plan.terms.get("penalty")
    penalty = float(penalty) if isinstance(penalty, (int, float)) else None
    cost, before = weighted_minutes(instance, penalty)
    most = max(float(cost.max(initial=0.0)), float(before.max(initial=0.0)), 1.0)
    bits = int(60 - np.ceil(np.log2(most)) - np.ceil(np.log2(max(len(cost), 2))))
    scale = 2.0 ** min(bits, 40)
    price = np.floor(np.clip(prices.to_numpy(dtype=float), 0.0, most) * scale).astype(np.int64)
    capped = np.isfinite(instance.today_minutes) | (penalty is not None)
    reached = np.zeros(instance.n_demand, dtype=bool)
    usable = ~instance.forbidden[instance.column]
    reached[instance.row[usable]] = True
    cap = np.floor(before * scale).astype(np.int64) - 1
    price = np.where(capped, np.minimum(price, np.maximum(cap, 0)), np.where(reached, price, 0))
    whole = np.maximum(np.floor(cost * scale).astype(np.int64) - 1, 0)
    saving = np.minimum(whole - price[instance.row], 0)
    saving[~usable] = 0
    column = np.argsort(instance.column, kind="stable")
    ends = np.searchsorted(instance.column[column], np.arange(instance.n_sites + 1))
    sums = np.concatenate(([0], np.cumsum(saving[column])))
    each = sums[ends[1:]] - sums[ends[:-1]]
    fixed = instance.required | (instance.existing & ~instance.forbidden)
    asked = plan.terms["n_sites"]
    most_new = asked if isinstance(asked, int) else instance.n_sites
    n_new = most_new - int((instance.required & ~instance.existing).sum())
    picked = np.sort(each[~fixed])[:n_new]
    return float(int(price.sum()) + int(each[fixed].sum()) + int(picked.sum())) / scale


def _figures(instance: Instance, plan: Plan) -> str:
    if plan.problem not in _OBJECTIVES:
        return ""
    value, proof = _OBJECTIVES[plan.problem](instance, plan), plan.proof
    if abs(value - proof.objective) > _SAME * max(1.0, abs(value)):
        return f"the objective is {value:g}, the plan says {proof.objective:g}"
    sign = -1 if plan.problem in _LARGEST else 1
    if sign * (proof.objective - proof.bound) < -_SAME * max(1.0, abs(value)):
        return f"bound {proof.bound:g} is beyond the objective {proof.objective:g}"
    return ""


def _stands(instance: Instance, plan: Plan) -> NDArray[np.bool_]:
    kept = instance.existing & ~instance.forbidden
    return np.asarray(kept | instance.site_ids.isin(plan.chosen.index))


def _sites(instance: Instance, plan: Plan) -> str:
    at = instance.site_ids.get_indexer(plan.chosen.index)
    if (at < 0).any() or plan.chosen.index.has_duplicates:
        return "a chosen site is unknown or stands twice"
    stands = _stands(instance, plan)
    limits = plan.terms
    groups = instance.group[stands & (instance.group >= 0)]
    checks = {
        "a forbidden site is chosen": bool(instance.forbidden[at].any()),
        "a site that is there already is chosen": bool(instance.existing[at].any()),
        "a required site is missing": bool((instance.required & ~stands).any()),
        "two sites of one group stand": len(groups) != len(np.unique(groups)),
        "more sites than asked for": _above(limits.get("n_sites"), len(at)),
        "the budget is exceeded": _above(limits.get("budget"), float(instance.cost[at].sum())),
    }
    return next((text for text, wrong in checks.items() if wrong), "")


def _above(limit: object, value: float) -> bool:
    return isinstance(limit, (int, float)) and value > limit + _SAME


def _allocation(instance: Instance, plan: Plan) -> str:
    if not plan.allocation.index.equals(pd.Index(instance.demand_ids, name="home_id")):
        return "the allocation is not one row per demand point"
    sent = plan.allocation["site_id"].dropna()
    standing = instance.site_ids[_stands(instance, plan)]
    if not sent.isin(standing).all():
        return f"{sent[~sent.isin(standing)].iloc[0]} serves, but does not stand"
    pairs = pd.MultiIndex.from_arrays([instance.row, instance.column])
    used = pd.MultiIndex.from_arrays(
        [instance.demand_ids.get_indexer(sent.index), instance.site_ids.get_indexer(pd.Index(sent))]
    )
    where = pairs.get_indexer(used)
    if (where < 0).any():
        return f"{sent.index[int(np.argmin(where))]} is sent where no pair leads"
    return "" if "served" in plan.allocation else _loads(instance, plan, where)


def _loads(instance: Instance, plan: Plan, where: NDArray[np.int64]) -> str:
    sent = plan.allocation["site_id"].dropna()
    if not np.allclose(instance.minutes[where], plan.allocation.loc[sent.index, "minutes"]):
        return "minutes of the allocation differ from those of the pairs"
    if plan.problem.startswith("capacitated"):
        weight = instance.weight[instance.row[where]]
        load = np.bincount(instance.column[where], weight, instance.n_sites)
        if (load > instance.capacity + _SAME * np.maximum(load, 1.0)).any():
            return "a site has more people than places"
    return ""


def _minutes(instance: Instance, plan: Plan) -> pd.Series:
    return plan.allocation["minutes"].set_axis(range(instance.n_demand))


def _walked(instance: Instance, plan: Plan) -> float:
    minutes = _minutes(instance, plan)
    penalty = plan.terms.get("penalty")
    if isinstance(penalty, (int, float)):
        minutes = minutes.fillna(penalty).clip(upper=penalty)
    return float((minutes * instance.weight).sum())


def _worst(instance: Instance, plan: Plan) -> float:
    return float(_minutes(instance, plan)[instance.weight > 0].max())


def _attending(instance: Instance, plan: Plan) -> float:
    minutes = _minutes(instance, plan).fillna(np.inf).to_numpy()
    decay: AttendanceDecay = "gaussian" if plan.terms["decay"] == "gaussian" else "linear"
    return float((instance.weight * attendance_share(minutes, instance.limit, decay)).sum())


def _served(instance: Instance, plan: Plan) -> float:
    today = instance.covered_today()
    if "served" in plan.allocation:
        return float(plan.allocation["served"].sum() + instance.weight[today].sum())
    sent = plan.allocation["site_id"].notna().to_numpy()
    return float(instance.weight[sent | today].sum())


_LARGEST = ("capacitated_max_cover", "max_attendance", "market_share")
_OBJECTIVES: Mapping[str, Callable[[Instance, Plan], float]] = {
    "p_median": _walked,
    "p_center": _worst,
    "max_attendance": _attending,
    "capacitated_max_cover": _served,
    "capacitated_p_median": _walked,
    "market_share_target": lambda _, plan: float(len(plan.chosen)),
}
