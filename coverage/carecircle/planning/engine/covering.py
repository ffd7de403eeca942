"""The fewest sites that cover every row of a table of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from carecircle.planning.engine.highs import Model, Solution, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Covering"]

# reductions compare every two rows and columns; beyond this the solver's own presolve is faster
_MOST_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Covering:
    """Rows to cover, sites that may be chosen, and which site covers which row.

    Attributes
    ----------
    covers
        Rows by sites, 1 where the site covers the row. Rows that standing sites cover are left out.
    free
        Per site: may be chosen.
    group
        Per site: number of a group of which at most one is chosen, -1 none.
    """

    covers: csr_array
    free: NDArray[np.bool_]
    group: NDArray[np.int64]

    def least(self, *, time_limit_s: float) -> float:
        """Return a lower bound on the number of sites (linear relaxation); inf: not possible."""
        solution, _ = self._solve(time_limit_s, whole=False)
        if solution is None:
            return 0.0
        if solution.status == "infeasible":
            return np.inf
        return float(np.ceil(solution.objective - 1e-6)) if solution.status == "optimal" else 0.0

    def fewest(self, *, time_limit_s: float) -> tuple[NDArray[np.bool_] | None, float]:
        """Return the fewest sites found (None: none) and a lower bound on their number."""
        solution, sites = self._solve(time_limit_s, whole=True)
        chosen = np.zeros(len(self.free), dtype=bool)
        if solution is None:
            return chosen, 0.0
        if solution.status == "infeasible":
            return None, np.inf
        bound = float(np.ceil(max(solution.bound, 0.0) - 1e-6))
        if not solution.found:
            return None, bound
        chosen[sites] = solution.x > 0.5  # noqa: PLR2004  # 0 or 1
        return chosen, bound

    def _solve(
        self, time_limit_s: float, *, whole: bool
    ) -> tuple[Solution | None, NDArray[np.int64]]:
        covers, sites = self._reduced()
        rows, columns = covers.shape
        if rows == 0:
            return None, sites
        group = self.group[sites]
        member = np.flatnonzero(group >= 0)
        _, code = np.unique(group[member], return_inverse=True)
        n_groups = int(code.max()) + 1 if len(code) else 0
        together = csr_array((np.ones(len(member)), (code, member)), shape=(n_groups, columns))
        ones, none = np.ones(rows), np.zeros(n_groups)
        model = Model(
            cost=np.ones(columns),
            lower=np.zeros(columns),
            upper=np.ones(columns),
            integral=np.full(columns, whole),
            matrix=csr_array(vstack((covers, together))),
            row_lower=np.concatenate((ones, none - np.inf)),
            row_upper=np.concatenate((ones + np.inf, none + 1)),
        )
        return solve(model, time_limit_s=time_limit_s), sites

    def _reduced(self) -> tuple[csr_array, NDArray[np.int64]]:
        """Drop rows that another row implies, and sites that another site outdoes."""
        sites = np.flatnonzero(self.free)
        covers = self.covers[:, sites]
        if covers.shape[0] * covers.shape[1] > _MOST_CELLS:
            return covers, sites
        table = np.unique(covers.toarray() > 0, axis=0)
        grouped = bool((self.group[sites] >= 0).any())
        while True:
            before = table.shape
            table = table[~_part_of_another(table).any(axis=0)]
            if not grouped:  # a site may be outdone by one that its group rules out
                keep = ~_part_of_another(table.T).any(axis=1)
                table, sites = table[:, keep], sites[keep]
            if table.shape == before:
                return csr_array(table.astype(np.float64)), sites


def _part_of_another(table: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a square table: the first row is part of the second; of equal rows, the later is."""
    counts = table.astype(np.float32)
    common = counts @ counts.T
    part: NDArray[np.bool_] = common == np.diag(common)[:, None]
    return part & ~(part.T & np.tri(len(part), dtype=bool).T)
