"""Covering as a mixed-integer model whose rows have names, so that a conflict can be named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from carecircle.planning.engine.conflicts import RuledModel, smallest_conflict
from carecircle.planning.engine.highs import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carecircle.planning.engine.greedy import Limits
    from carecircle.planning.engine.reduce import Table

    Floats = NDArray[np.float64]

__all__ = ["CoverModel"]

_SLACK = 1e-9


class CoverModel:
    """Variables: a column is chosen; a row is covered; others as added.

    Attributes
    ----------
    n_columns, n_rows
        Number of columns and rows of the covering table.
    """

    def __init__(self, table: Table, limits: Limits, names: Sequence[str]) -> None:
        self.n_rows, self.n_columns = table.covers.shape
        self._n = self.n_columns + self.n_rows
        self._lower = np.zeros(self._n)
        self._upper = np.ones(self._n)
        self._integral = np.arange(self._n) < self.n_columns
        self._blocks: list[csr_array] = []
        self._bounds: list[tuple[Floats, Floats]] = []
        self._names: list[str] = []
        self._covers = table.covers
        each = csr_array(hstack((-table.covers, eye_array(self.n_rows))))
        self.add(each, upper=np.zeros(self.n_rows))
        rows, bounds = limits.rows()
        for place, name in enumerate(names):
            self.add(csr_array(rows[[place]]), upper=bounds[[place]], name=name)

    def variables(self, lower: Floats, upper: Floats) -> NDArray[np.int64]:
        """Add variables; return their places."""
        first, self._n = self._n, self._n + len(lower)
        self._lower = np.concatenate((self._lower, lower))
        self._upper = np.concatenate((self._upper, upper))
        self._integral = np.concatenate((self._integral, np.zeros(len(lower), dtype=bool)))
        return np.arange(first, self._n)

    def add(
        self,
        rows: csr_array,
        *,
        lower: Floats | None = None,
        upper: Floats | None = None,
        name: str = "",
    ) -> None:
        """Add rows over the first variables; rows with a name may be part of a conflict."""
        n = rows.shape[0]
        self._blocks.append(rows)
        self._bounds.append(
            (
                np.full(n, -np.inf) if lower is None else lower,
                np.full(n, np.inf) if upper is None else upper,
            )
        )
        self._names.append(name)

    def row(self, columns: NDArray[np.int64], values: Floats) -> csr_array:
        """Return a single row."""
        return csr_array(
            (values, (np.zeros(len(columns), dtype=np.int64), columns)), shape=(1, self._n)
        )

    def covered(self) -> NDArray[np.int64]:
        """Return the places of the variables that say a row is covered."""
        return np.arange(self.n_columns, self.n_columns + self.n_rows)

    def cover_all(self) -> None:
        """Ask for every row to be covered."""
        self._lower[self.covered()] = 1.0

    def whole(self, places: NDArray[np.int64]) -> None:
        """Ask for whole numbers."""
        self._integral[places] = True

    def tell_truth(self) -> None:
        """Let no row pass for uncovered that a chosen column covers."""
        pairs = self._covers.tocoo()
        own = np.arange(self._covers.nnz)
        ones = np.ones(len(own))
        rows = csr_array(
            (
                np.concatenate((ones, -ones)),
                (
                    np.concatenate((own, own)),
                    np.concatenate((self.n_columns + pairs.row, pairs.col)),
                ),
            ),
            shape=(len(own), self._n),
        )
        self.add(rows, lower=np.zeros(len(own)))

    def no_further_apart(self, today: Floats, rows: Floats, gap: float) -> None:
        """Let shares of units (``today`` and what each row adds) differ by at most a gap."""
        self.tell_truth()
        low, high = self.variables(np.zeros(2), np.ones(2))
        for share, row in zip(today, rows, strict=True):
            for edge, above in ((low, True), (high, False)):
                places = np.append(self.covered(), edge)
                bound = np.array([-share])
                one = self.row(places, np.append(row, -1.0))
                self.add(one, lower=bound if above else None, upper=None if above else bound)
        apart = self.row(np.array([high, low]), np.array([1.0, -1.0]))
        name = f"shares of units differ by at most {gap:g}"
        self.add(apart, upper=np.array([gap + _SLACK]), name=name)

    def second(
        self, once: NDArray[np.int64], twice: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> None:
        """Let rows count as covered twice only by another column than the one that covers once."""
        n, own = len(rows), np.arange(len(rows))
        covers = self._covers[rows].tocoo()
        table = csr_array(
            (
                np.concatenate((np.ones(2 * n), -covers.data)),
                (
                    np.concatenate((own, own, covers.row)),
                    np.concatenate((once, twice, covers.col)),
                ),
            ),
            shape=(n, self._n),
        )
        self.add(table, upper=np.zeros(n))
        order = (np.tile(own, 2), np.concatenate((twice, once)))
        ones = np.repeat((1.0, -1.0), n)
        self.add(csr_array((ones, order), shape=(n, self._n)), upper=np.zeros(n))

    def model(self, cost: Floats, sense: Literal["min", "max"]) -> Model:
        """Return the model of all rows."""
        blocks = [_wide(rows, self._n) for rows in self._blocks]
        return Model(
            cost=np.concatenate((cost, np.zeros(self._n - len(cost)))),
            lower=self._lower,
            upper=self._upper,
            integral=self._integral,
            matrix=csr_array(vstack(blocks)),
            row_lower=np.concatenate([lower for lower, _ in self._bounds]),
            row_upper=np.concatenate([upper for _, upper in self._bounds]),
            sense=sense,
        )

    def conflict(self, *, time_limit_s: float) -> list[str]:
        """Return names of constraints that cannot hold together: as few as are found in time."""
        names = tuple(dict.fromkeys(name for name in self._names if name))
        number = {name: rule for rule, name in enumerate(names)}
        of_row = [
            np.full(rows.shape[0], number.get(name, -1))
            for rows, name in zip(self._blocks, self._names, strict=True)
        ]
        model = self.model(np.zeros(0), "min")
        ruled = RuledModel(model, names, np.concatenate(of_row), np.full(self._n, -1))
        return list(smallest_conflict(ruled, time_limit_s=time_limit_s).names)


def _wide(rows: csr_array, n: int) -> csr_array:
    return csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], n))
