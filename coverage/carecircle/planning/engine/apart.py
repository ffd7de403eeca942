"""Limits that keep a plan apart from plans found before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from carecircle.errors import InputError
from carecircle.planning.engine.greedy import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Apart", "NoOtherPlanError"]

_SLACK = 1e-9


class NoOtherPlanError(InputError):
    """No plan is left that differs from those found before."""


def _no_sets() -> NDArray[np.bool_]:
    return np.zeros((0, 0), dtype=bool)


@dataclass(frozen=True, eq=False)
class Apart(Limits):
    """Limits, and sets of columns of each of which some must be missing.

    Attributes
    ----------
    sets
        Sets by columns.
    differ
        How many columns of each set must be missing.
    """

    sets: NDArray[np.bool_] = field(default_factory=_no_sets)
    differ: int = 1

    @classmethod
    def of(cls, limits: Limits, sets: Sequence[NDArray[np.bool_]], *, differ: int = 1) -> Apart:
        """Add sets to limits."""
        table = np.array(sets, dtype=bool).reshape(len(sets), len(limits.cost))
        return cls(limits.n, limits.cost, limits.budget, limits.group, table, differ)

    def addable(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the columns that may be added to those chosen."""
        room = self._most() - self.sets[:, chosen].sum(axis=1)
        return super().addable(chosen) & (self.sets <= room[:, None]).all(axis=0)

    def swappable(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return a table of which column (second) may take the place of one chosen (first)."""
        free = super().swappable(chosen)
        for one, most in zip(self.sets, self._most(), strict=True):
            room = most - one[chosen].sum() + one[chosen]
            free &= one[None, :] <= room[:, None]
        return free

    def rows(self) -> tuple[csr_array, NDArray[np.float64]]:
        """Return rows over the columns with the most that each may be."""
        rows, upper = super().rows()
        apart = csr_array(self.sets.astype(np.float64))
        return csr_array(vstack((rows, apart))), np.concatenate((upper, self._most()))

    def of_sites(self, columns: NDArray[np.bool_] | NDArray[np.int64]) -> Apart:
        """Return the limits on some of the columns."""
        cost, group = self.cost[columns], self.group[columns]
        return replace(self, cost=cost, group=group, sets=self.sets[:, columns])

    def _most(self) -> NDArray[np.int64]:
        """Return how many of each set may be chosen; of a set too small, none."""
        size = self.sets.sum(axis=1)
        # below 0 nothing at all may be chosen: an empty set is missing from no plan
        return np.asarray(np.where(size > 0, np.maximum(size - self.differ, 0), -1), np.int64)
