"""An independent check of plans: rules, allocation, gains, objective, bound, each counted anew.

No model and none of the code that found the plan is used: the pairs of the instance are counted
with numpy, weights are added in fractions, and the bound is held against one from weak duality.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carecircle.planning.checks.change_look import PhasedLook, RelocationLook, RosterLook
from carecircle.planning.checks.cover_look import Look
from carecircle.planning.checks.nearest_look import recheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

__all__ = ["verified", "verify"]

_LOOKS: Mapping[str, type[Look]] = {
    "max_cover": Look,
    "backup_cover": Look,
    "max_min_share": Look,
    "min_sites": Look,
    "min_sites_for_share": Look,
    "relocate_within_budget": RelocationLook,
    "meet_roster": RosterLook,
    "phased": PhasedLook,
    "phased_to_all": PhasedLook,
}


def verify(instance: Instance, plan: Plan) -> str:
    """Check a plan against the problem it answers.

    Parameters
    ----------
    instance
        The problem.
    plan
        A plan for it, from this package, another one, or edited by hand.

    Returns
    -------
    str
        ``verified: ...`` with what was found, or ``refused: ...`` with the first fault.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.cover import max_cover
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [5.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
    >>> two = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> verify(two, max_cover(two, n_sites=1))
    'verified: sites, allocation, gains and objective counted anew; exact dual bound 50 (gap 0.00%)'
    """
    if plan.problem not in _LOOKS:
        return recheck(instance, plan)
    look = _LOOKS[plan.problem](instance, plan)
    fault = next((text for check in look.checks() for text in check()), None)
    if fault:
        return f"refused: {fault}"
    return f"verified: sites, allocation, gains and objective counted anew{look.proof_text()}"


def verified(instance: Instance, plan: Plan) -> Plan:
    """Return the plan with the verdict of :func:`verify` in its proof."""
    return replace(plan, proof=replace(plan.proof, verdict=verify(instance, plan)))
