"""One order of demand and sites, so that no plan depends on the order of a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

__all__ = ["in_id_order", "in_order_of"]


def in_id_order(instance: Instance) -> Instance:
    """Return the same problem with demand and sites sorted by id.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H2"], "site_id": ["S2"], "minutes": [5.0]})
    >>> two = Instance.from_pairs(
    ...     pairs, pd.DataFrame(index=["H2", "H1"]), pd.DataFrame(index=["S2", "S1"]))
    >>> sorted_ = in_id_order(two)
    >>> sorted_.site_ids.tolist(), sorted_.column.tolist()
    (['S1', 'S2'], [1])
    """
    demand, row_to = _order(instance.demand_ids)
    sites, column_to = _order(instance.site_ids)
    row, column = row_to[instance.row], column_to[instance.column]
    pair = np.lexsort((column, row))
    return replace(
        instance,
        demand_ids=instance.demand_ids[demand],
        weight=instance.weight[demand],
        limit=instance.limit[demand],
        today_minutes=instance.today_minutes[demand],
        today_count=instance.today_count[demand],
        site_ids=instance.site_ids[sites],
        cost=instance.cost[sites],
        required=instance.required[sites],
        forbidden=instance.forbidden[sites],
        existing=instance.existing[sites],
        capacity=instance.capacity[sites],
        group=instance.group[sites],
        row=row[pair],
        column=column[pair],
        minutes=instance.minutes[pair],
    )


def in_order_of(instance: Instance, plan: Plan) -> Plan:
    """Return a plan with the demand in the order of an instance."""
    left = instance.demand_ids[instance.demand_ids.isin(plan.left_out)]
    allocation = plan.allocation.reindex(instance.demand_ids).rename_axis("home_id")
    return replace(plan, allocation=allocation, left_out=left)


def _order(ids: pd.Index) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places in sorted order, and the new place of each."""
    order = np.argsort(ids.astype(str).to_numpy(dtype=object), kind="stable")
    to = np.empty(len(order), dtype=np.int64)
    to[order] = np.arange(len(order))
    return order.astype(np.int64), to
