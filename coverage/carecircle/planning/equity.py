"""Fairness between places: nobody below a share, no two further apart than a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.inputs.notebook import Tabled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.engine.reduce import Table
    from carecircle.planning.instance import Instance

    Floats = NDArray[np.float64]

__all__ = ["Equity", "Units"]


@dataclass(frozen=True, eq=False)
class Equity(Tabled):
    """What must hold between units: streets, or town and country.

    Attributes
    ----------
    unit
        Label of each demand point, indexed by its id; missing: in no unit.
    min_share
        Least share of the weight of each unit that is covered.
    max_gap
        Most by which the covered shares of any two units differ.

    Examples
    --------
    >>> kinds = pd.Series(["urban", "rural"], index=["H1", "H2"])
    >>> Equity(kinds, min_share=0.6, max_gap=0.2).max_gap
    0.2
    """

    unit: pd.Series
    min_share: float | None = None
    max_gap: float | None = None

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        for name in ("min_share", "max_gap"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise InputError(f"equity: {name} is {value!r}; give a share from 0 to 1")


@dataclass(frozen=True, eq=False)
class Units:
    """Units with their weights, in the order of their names.

    Attributes
    ----------
    names, total, today
        Per unit: label, weight, and weight that what stands covers.
    of_demand
        Per demand point: number of its unit, -1 none.
    """

    names: list[str]
    total: NDArray[np.float64]
    today: NDArray[np.float64]
    of_demand: NDArray[np.int64]

    @classmethod
    def of(cls, instance: Instance, unit: pd.Series, covered: NDArray[np.bool_]) -> Units:
        """Add up the units; those without weight are left out.

        Raises
        ------
        InputError
            If a demand point is missing from ``unit``, or no unit has weight.
        """
        missing = instance.demand_ids[~instance.demand_ids.isin(unit.index)]
        if len(missing):
            raise InputError(
                f"equity: unit has no entry for demand {missing[0]!r} ({len(missing)} in all);"
                " give a label for each id"
            )
        label = unit.reindex(instance.demand_ids)
        label = label.where(instance.weight > 0)
        code, names = pd.factorize(label, sort=True)
        known = code >= 0
        if not len(names):
            raise InputError("equity: no unit has any weight; give labels")
        weight = np.column_stack((instance.weight, instance.weight * covered))[known]
        total, today = (
            np.bincount(code[known], part, len(names)).astype(np.float64) for part in weight.T
        )
        return cls([str(name) for name in names], total, today, code.astype(np.int64))

    def row(self, instance: Instance, table: Table, number: int) -> Floats:
        """Return, per row of the table, the share of a unit that it makes up."""
        inside = (self.of_demand == number) & (table.row_of >= 0)
        rows = table.row_of[inside]
        weight = np.bincount(rows, instance.weight[inside], len(table.weight))
        return np.asarray(weight / self.total[number], dtype=np.float64)

    def shares(self, instance: Instance, covered: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the covered share of each unit."""
        known = self.of_demand >= 0
        part = np.bincount(
            self.of_demand[known], (instance.weight * covered)[known], len(self.names)
        )
        return np.asarray(part / self.total, dtype=np.float64)
