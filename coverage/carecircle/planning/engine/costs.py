"""What each home costs at each site, sorted: the form in which nearest-site problems are solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

__all__ = ["Costs", "nearest_costs"]


@dataclass(frozen=True, eq=False)
class Costs:
    """Cost of serving each demand point from each site, as far as it is below its cap.

    Demand point ``i`` owns the pairs ``start[i]`` to ``start[i + 1]``, cheapest first, then by
    site. It costs the cheapest chosen site, and never more than its cap.

    Attributes
    ----------
    start, site, cost
        Pairs by demand point.
    cap
        Per demand point: cost where no chosen site is cheaper.
    fixed, free
        Per site: stands whatever is chosen; may be chosen.
    group
        Per site: number of a group of which at most one stands, -1 none.
    """

    start: NDArray[np.int64]
    site: NDArray[np.int32]
    cost: NDArray[np.float64]
    cap: NDArray[np.float64]
    fixed: NDArray[np.bool_]
    free: NDArray[np.bool_]
    group: NDArray[np.int64]

    @property
    def step(self) -> float:
        """Largest number that divides every cost: two totals differ by it or not at all; or 0."""
        values = np.unique(np.concatenate((self.cost, self.cap)))
        if len(values) == 0 or values[-1] >= 2.0**53 or (values != np.round(values)).any():
            return 0.0
        return float(np.gcd.reduce(values.astype(np.int64)))

    def of(self, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the cost of each demand point when the sites of a mask stand."""
        least = self.cap.copy()
        stands = chosen[self.site]
        row = np.repeat(np.arange(len(self.cap)), np.diff(self.start))[stands]
        np.minimum.at(least, row, self.cost[stands])
        return least


def nearest_costs(
    instance: Instance,
    cost: NDArray[np.float64],
    cap: NDArray[np.float64],
) -> Costs:
    """Sort the pairs of an instance by demand point and cost; drop those that never pay.

    Parameters
    ----------
    instance
        Gives the pairs and which sites are required, forbidden, existing or in a group. Required
        and existing sites stand; the rest may be chosen unless forbidden.
    cost
        Per pair of the instance, weight included.
    cap
        Per demand point: cost where no site is cheaper, weight included.

    Returns
    -------
    Costs
        One entry per demand point, in the order of the instance.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1"], "site_id": ["S1", "S2"],
    ...                       "minutes": [9.0, 4.0]})
    >>> demand = pd.DataFrame({"weight": [30.0]}, index=["H1"])
    >>> few = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> nearest_costs(few, few.minutes * 30, np.array([600.0])).cost.tolist()
    [120.0, 270.0]
    """
    stands = instance.required | (instance.existing & ~instance.forbidden)
    taken = np.unique(instance.group[stands & (instance.group >= 0)])
    free = ~stands & ~instance.forbidden & ~np.isin(instance.group, taken)
    keep = (free | stands)[instance.column] & (cost < cap[instance.row])
    row, site, cost = instance.row[keep], instance.column[keep], cost[keep]
    order = np.lexsort((site, cost, row))
    return Costs(
        start=np.searchsorted(row, np.arange(instance.n_demand + 1)).astype(np.int64),
        site=site[order].astype(np.int32),
        cost=cost[order],
        cap=cap.astype(np.float64),
        fixed=stands,
        free=free,
        group=instance.group,
    )
