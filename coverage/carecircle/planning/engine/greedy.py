"""Quick good choices for covering: the site that adds most, then swaps while they help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Chooser", "Limits"]

_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Limits:
    """What may be chosen together.

    Attributes
    ----------
    n
        Most columns, ``inf`` any.
    cost, budget
        Cost per column and the most that all may cost, ``inf`` any.
    group
        Per column: number of a group of which at most one is chosen, -1 none.
    """

    n: float
    cost: NDArray[np.float64]
    budget: float
    group: NDArray[np.int64]

    def addable(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the columns that may be added to those chosen."""
        left = self.budget - self.cost[chosen].sum()
        free = (self.cost <= left + _SLACK) & ~np.isin(self.group, self._groups(chosen))
        free[chosen] = False
        return free & (len(chosen) + 1 <= self.n)

    def swappable(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return a table of which column (second) may take the place of one chosen (first)."""
        left = self.budget - self.cost[chosen].sum() + self.cost[chosen]
        free = self.cost[None, :] <= left[:, None] + _SLACK
        taken = np.isin(self.group, self._groups(chosen))
        free &= ~taken[None, :] | (self.group[None, :] == self.group[chosen][:, None])
        free[:, chosen] = False
        return free

    def rows(self) -> tuple[csr_array, NDArray[np.float64]]:
        """Return rows over the columns with the most that each may be."""
        parts, upper = [], []
        if np.isfinite(self.n):
            parts.append(np.ones(len(self.cost)))
            upper.append(self.n)
        if np.isfinite(self.budget):
            parts.append(self.cost)
            upper.append(self.budget)
        member = np.flatnonzero(self.group >= 0)
        _, code = np.unique(self.group[member], return_inverse=True)
        n_groups = int(code.max()) + 1 if len(code) else 0
        data = np.concatenate((*parts, np.ones(len(member))))
        row = np.concatenate((np.repeat(np.arange(len(parts)), len(self.cost)), code + len(parts)))
        column = np.concatenate((np.tile(np.arange(len(self.cost)), len(parts)), member))
        shape = (len(parts) + n_groups, len(self.cost))
        bounds = np.concatenate((upper, np.ones(n_groups)))
        return csr_array((data, (row, column)), shape=shape), bounds

    def of_sites(self, columns: NDArray[np.bool_] | NDArray[np.int64]) -> Limits:
        """Return the limits on some of the columns."""
        return Limits(self.n, self.cost[columns], self.budget, self.group[columns])

    def _groups(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        own = self.group[chosen]
        return own[own >= 0]


class Chooser:
    """Choose columns of a covering table within limits; ties go to the first column."""

    def __init__(self, covers: csr_array, weight: NDArray[np.float64], limits: Limits) -> None:
        self.covers, self.weight, self.limits = covers, weight, limits
        self.by_site = covers.T.tocsr()

    def value(self, chosen: NDArray[np.int64]) -> float:
        """Return the weight covered."""
        return float(self.weight[self.counts(chosen) > 0].sum())

    def counts(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return per row how many of those chosen cover it."""
        rows = self.by_site[chosen].indices
        return np.bincount(rows, minlength=len(self.weight))

    def best(self) -> NDArray[np.int64]:
        """Return the better of two greedy choices (by weight, by weight per cost), after swaps.

        Without a budget greedy reaches 63 % of the best value (Nemhauser, Wolsey, Fisher 1978).
        """
        found = [self.swapped(self.filled())]
        if np.isfinite(self.limits.budget):
            found.append(self.swapped(self.filled(per_cost=self.limits.cost)))
        return max(found, key=self.value)

    def filled(
        self,
        start: NDArray[np.int64] | None = None,
        *,
        per_cost: NDArray[np.float64] | None = None,
    ) -> NDArray[np.int64]:
        """Add the column that covers most of what is left until nothing helps."""
        chosen = np.empty(0, dtype=np.int64) if start is None else start
        counts = self.counts(chosen)
        divide = 1.0 if per_cost is None else np.maximum(per_cost, _SLACK)
        while True:
            gain = self.by_site @ (self.weight * (counts == 0))
            gain = np.where(self.limits.addable(chosen), gain / divide, 0.0)
            best = int(np.argmax(gain)) if len(gain) else 0
            if not len(gain) or gain[best] <= _SLACK:
                return chosen
            chosen = np.append(chosen, best)
            counts[self._rows(best)] += 1

    def rounded(self, x: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return a choice near a fractional one: columns by size, filled, swapped."""
        chosen = np.empty(0, dtype=np.int64)
        for column in np.argsort(-x, kind="stable")[: int((x > _SLACK).sum())]:
            if self.limits.addable(chosen)[column]:
                chosen = np.append(chosen, column)
        return self.swapped(self.filled(chosen))

    def swapped(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Make the best swap of one for one while one helps (Teitz and Bart 1968)."""
        chosen = chosen.copy()
        counts = self.counts(chosen)
        while len(chosen):
            gain = self.by_site @ (self.weight * (counts == 0))
            once = self.weight * (counts == 1)
            mine = self.by_site[chosen]
            both = (mine.multiply(once[None, :]).tocsr() @ self.covers).toarray()
            change = gain[None, :] - (mine @ once)[:, None] + both
            change = np.where(self.limits.swappable(chosen), change, -np.inf)
            out, into = np.unravel_index(int(np.argmax(change)), change.shape)
            if change[out, into] <= _SLACK * max(1.0, float(self.weight.sum())):
                break
            counts[self._rows(int(chosen[out]))] -= 1
            counts[self._rows(int(into))] += 1
            chosen[out] = into
        return self.filled(chosen)

    def _rows(self, column: int) -> NDArray[np.int32]:
        start, end = self.by_site.indptr[column : column + 2]
        rows: NDArray[np.int32] = self.by_site.indices[start:end]
        return rows
