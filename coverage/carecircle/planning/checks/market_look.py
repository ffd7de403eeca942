"""An independent count of the people that sites win from competitors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.planning.checks.nearest_look import checked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.engine.capture import Huff
    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

__all__ = ["recounted"]

_SLACK = 1e-9
_SAME = 1e-6


def recounted(
    instance: Instance,
    plan: Plan,
    competitors: pd.DataFrame,
    size: NDArray[np.float64],
    huff: Huff,
) -> Plan:
    """Return the plan with a verdict: sites and allocation checked, people won added up anew."""
    plan = checked(instance, plan)
    stands = instance.site_ids.isin(plan.chosen.index) | (instance.existing & ~instance.forbidden)
    use = stands[instance.column] & (instance.minutes <= instance.limit[instance.row])

    def pulled(home: pd.Series, minutes: pd.Series, attraction: pd.Series) -> pd.Series:
        pull = attraction / minutes.clip(lower=huff.nearest_minutes) ** huff.power
        return pull.groupby(home).sum().reindex(instance.demand_ids).fillna(0.0)

    pairs = pd.DataFrame(
        {
            "home": instance.demand_ids[instance.row[use]],
            "minutes": instance.minutes[use],
            "size": size[instance.column[use]],
        }
    )
    people = pd.DataFrame({"limit": instance.limit, "today": instance.today_minutes},
                          index=instance.demand_ids)  # fmt: skip
    near = people[(people["today"] <= people["limit"]) & np.isfinite(people["today"])]
    limit = people["limit"].reindex(competitors["home_id"]).to_numpy()
    rivals = competitors[competitors["minutes"].to_numpy() <= limit]
    ours = pulled(pairs["home"], pairs["minutes"], pairs["size"])
    ours += pulled(near.index.to_series(), near["today"], pd.Series(1.0, near.index))
    theirs = pulled(
        rivals["home_id"], rivals["minutes"],
        rivals.get("attraction", pd.Series(1.0, rivals.index)),
    )  # fmt: skip
    won = float((instance.weight * (ours / (ours + theirs)).fillna(0.0)).sum())
    verdict, told = plan.proof.verdict, float(str(plan.terms["won"]))
    if verdict.startswith("verified"):
        least = float(str(plan.terms.get("share", 0.0)))
        short = won < least * instance.weight.sum() * (1 - _SAME)
        wrong = abs(won - told) > _SAME * max(won, 1.0)
        fault = f"fault: {won:g} are won, the plan says {told:g}"
        verdict = fault if short or wrong else f"{verdict}; {won:,.6g} won, added up anew"
    return replace(plan, proof=replace(plan.proof, verdict=verdict))
