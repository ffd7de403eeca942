"""Two objectives over the same sites: two weights of one demand, two demands, or cover and cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.engine.cover_plan import covered_by
from carecircle.planning.instance import check_instance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Second", "TwoAims", "blend_weights"]

Second = pd.Series | Literal["cost", "sites"]


@dataclass(frozen=True, eq=False)
class TwoAims:
    """A problem whose demand has two weights.

    Attributes
    ----------
    instance
        Sites, and the demand of both aims; its weight is that of the first.
    weight
        Per demand point: weight of the second aim.
    first, other
        The problem of each aim alone, for its plans.
    """

    instance: Instance
    weight: Floats
    first: Instance
    other: Instance

    @classmethod
    def of(cls, instance: Instance, second: pd.Series | Instance) -> TwoAims:
        """Join a problem with a second weight of its demand, or with a second demand.

        Raises
        ------
        InputError
            If a demand point has no second weight, or the sites of the two problems differ.
        """
        if isinstance(second, pd.Series):
            weight = _weights(instance, second)
            return cls(instance, weight, instance, replace(instance, weight=weight))
        same = instance.site_ids.equals(second.site_ids) and all(
            np.array_equal(getattr(instance, name), getattr(second, name))
            for name in ("cost", "required", "forbidden", "existing", "group")
        )
        if not same:
            raise InputError(
                "the two problems have different sites; give both the same sites, with the same"
                " costs and rules, in the same order"
            )
        weight = np.concatenate((np.zeros(instance.n_demand), second.weight))
        return cls(_joined(instance, second), weight, instance, second)

    def values(self, chosen: Flags) -> tuple[float, float]:
        """Return the weight that sites cover, by the first and by the second aim."""
        covered = covered_by(self.instance, chosen)
        return float(self.instance.weight[covered].sum()), float(self.weight[covered].sum())


def blend_weights(instance: Instance, second: pd.Series, *, factor: float = 1.0) -> Instance:
    """Return the problem with a second weight added to the first: one objective out of two.

    Any problem takes the result: most cover, fewest sites for a share, least minutes. Each factor
    finds a plan that no other beats in both weights, but not every such plan has a factor that
    finds it; :func:`pareto_front` finds all.

    Parameters
    ----------
    instance
        The problem; its weight is the first.
    second
        Second weight of each demand point, indexed by its id, such as those aged 80 and over.
    factor
        What one of the second counts, in units of the first; 0 or more.

    Returns
    -------
    Instance
        With weight ``first + factor * second``.

    Raises
    ------
    InputError
        If a demand point has no second weight, one is negative, or the factor is.

    Examples
    --------
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1"], "site_id": ["S1"], "minutes": [5.0]})
    >>> demand = pd.DataFrame({"weight": [30.0], "limit": 15.0}, index=["H1"])
    >>> one = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1"]))
    >>> blend_weights(one, pd.Series({"H1": 4.0}), factor=2.0).weight
    array([38.])
    """
    check_instance(instance)
    if not 0 <= factor < np.inf:
        raise InputError(f"factor is {factor!r}; give a number of 0 or more")
    return replace(instance, weight=instance.weight + factor * _weights(instance, second))


def _weights(instance: Instance, second: pd.Series) -> Floats:
    own = second.set_axis(second.index.map(str)).reindex(instance.demand_ids).astype(float)
    bad = own.index[~(own >= 0) | np.isinf(own)]
    if len(bad):
        raise InputError(
            f"second weight: demand {bad[0]!r} has {own[bad[0]]} ({len(bad)} such in all); give a"
            " number of 0 or more for each demand point"
        )
    return np.asarray(own, dtype=np.float64)


def _joined(one: Instance, two: Instance) -> Instance:
    """Return a problem with the demand of both; the second has no weight in it."""

    def both(name: str) -> Floats:
        parts = (getattr(one, name), getattr(two, name))
        return np.asarray(np.concatenate(parts), dtype=np.float64)

    ids = pd.Index([f"1 {i}" for i in one.demand_ids] + [f"2 {i}" for i in two.demand_ids])
    return replace(
        one,
        demand_ids=ids,
        weight=np.concatenate((one.weight, np.zeros(two.n_demand))),
        limit=both("limit"),
        today_minutes=both("today_minutes"),
        today_count=both("today_count").astype(np.int64),
        row=np.concatenate((one.row, one.n_demand + two.row)),
        column=both("column").astype(np.int64),
        minutes=both("minutes"),
    )
