"""Large maximal covering: cuts over the sites alone, demand stays outside the model.

Cordeau, Furini and Ljubic (2019), Benders decomposition for very large scale partial set covering
and maximal covering location problems, EJOR 275(3). Here the demand is split into clusters with a
variable each, cuts are found on the linear relaxation between the solver's point and the best one
known, and whole-number models are solved until bound and plan meet.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from carecircle.planning.engine.greedy import Chooser, Limits
from carecircle.planning.engine.highs import Growing, Model, solve, solver_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.engine.reduce import Table
    from carecircle.planning.options import SolveOptions
    from carecircle.planning.plan import Status

__all__ = ["Decomposed"]

_MOST_CLUSTERS = 100
_MOST_ROUNDS = 150
_TOLERANCE = 1e-5
_WHOLE = 1e-6
_SAME = 1e-9


class Decomposed:
    """A maximal covering problem under decomposition.

    With ``enough`` the search also ends when so much weight is covered, or proven not to be.

    Attributes
    ----------
    chosen, value, bound
        Best columns so far, the weight they cover, and the best weight that is not ruled out.
    solver
        What was used, with its version.
    """

    def __init__(
        self, table: Table, limits: Limits, options: SolveOptions, *, enough: float = np.inf
    ) -> None:
        self._covers, self._weight, self._options = table.covers, table.weight, options
        self._chooser = Chooser(table.covers, table.weight, limits)
        self._enough = enough
        self._deadline = time.perf_counter() + options.time_limit_s
        self.chosen = self._chooser.best()
        self.value = self._chooser.value(self.chosen)
        self.bound = float(table.weight.sum())
        self._cluster = self._clusters()
        self.solver = f"{solver_name()} with Benders cuts"
        self._size = np.bincount(self._cluster, self._weight)
        rows, upper = limits.rows()
        self._rows, self._upper = [self._wide(rows)], [upper]
        self._whole_weights = bool((self._weight == np.round(self._weight)).all())

    def solve(self) -> Status:
        """Search until bound and plan meet, or time is up; Ctrl-C ends it with the best so far."""
        try:
            return "optimal" if self._done() else self._searched()
        except KeyboardInterrupt:
            return "interrupted"

    def _searched(self) -> Status:
        top = self._relax()
        if self._options.method == "heuristic":
            return "heuristic"
        if top is None:
            return "time_limit"
        before: tuple[float, ...] = ()
        while not self._done():
            now = (self.value, self.bound, len(self._upper))
            if now == before:  # nothing left to cut: bound and plan differ by rounding
                return "gap"
            before = now
            left = self._deadline - time.perf_counter()
            if left <= 0:
                return "time_limit"
            if self._search(*top, left):
                return "interrupted"
        return "optimal" if self.bound <= self.value else "gap"

    def _done(self) -> bool:
        if self._whole_weights:
            self.bound = float(np.floor(self.bound + _WHOLE))
        if self.bound <= self.value * (1 + 1e-9) + _WHOLE:
            self.bound = self.value
        decided = self.value >= self._enough or self.bound < self._enough < np.inf
        return decided or self.bound <= self.value * (1 + self._options.gap)

    def _relax(self) -> tuple[NDArray[np.float64], float] | None:
        """Cut on the linear relaxation; return its reduced costs and bound."""
        m = self._covers.shape[1]
        engine = Growing(self._model(np.zeros(m), whole=False))
        tolerance = max(_TOLERANCE, self._options.gap / 20)
        inner, least = self._indicator(self.chosen) * 0.5, -np.inf
        for turn in range(_MOST_ROUNDS):
            found = engine.solve(time_limit_s=max(self._deadline - time.perf_counter(), 0.0))
            if found is None:
                return None
            (x, parts), bound = (found[0][:m], found[0][m:]), found[1]
            self.bound = min(self.bound, bound)
            for point in (0.5 * (x + inner), x):
                value = float(self._weight @ np.minimum(self._covers @ point, 1.0))
                if value > least:
                    inner, least = point, value
                cut = self._cut(point, (x, parts), tolerance * bound / len(self._size))
                if cut is not None:
                    engine.add(*cut)
                    break
            if turn % 10 == 0:
                self._try(self._chooser.rounded(x))
                self._tell(f"{turn} rounds of cuts: best {self.value:,.6g}, bound {bound:,.6g}")
            if cut is None or bound - least <= tolerance * bound or self._done():
                break
        reduced = engine.reduced_costs()[:m]
        self._try(self._chooser.rounded(x))
        return reduced, bound

    def _search(self, reduced: NDArray[np.float64], root: float, left: float) -> bool:
        """Solve the model of all cuts so far in whole numbers; return whether interrupted."""
        goal = self.value * (1 + self._options.gap)
        # a site whose reduced cost takes the bound below the goal is in no plan that beats it
        dropped = (reduced < 0) & (root + reduced < goal)
        own = self._covers @ self._indicator(self.chosen) > 0
        start = np.concatenate(
            (
                self._indicator(self.chosen),
                np.bincount(self._cluster, self._weight * own, len(self._size)),
            ),
            dtype=np.float64,
        )
        upper = np.where(dropped & (start[: len(dropped)] == 0), 1.0, 0.0)
        found = solve(
            self._model(upper, whole=True),
            time_limit_s=left,
            gap=self._options.gap / 2,
            warm_start=start,
            tell=self._options.tell,
        )
        if found.status in ("optimal", "gap", "time_limit", "interrupted"):
            self.bound = min(self.bound, max(found.bound, goal if dropped.any() else -np.inf))
        if found.found:
            x, parts = np.split(found.x, [self._covers.shape[1]])
            better = self._chooser.swapped(np.flatnonzero(x > 0.5))  # noqa: PLR2004  # 0 or 1
            unlimited = np.full(len(parts), np.inf)
            for point, promised in ((x, parts), (self._indicator(better), unlimited)):
                for tie in (0.0, 1.0):
                    self._cut(point, (point, promised), _WHOLE, tie=tie)
            self._try(better)
        return found.status == "interrupted"

    def _try(self, chosen: NDArray[np.int64]) -> None:
        value = self._chooser.value(chosen)
        if value > self.value:
            self.chosen, self.value = chosen, value

    def _cut(
        self,
        point: NDArray[np.float64],
        promised: tuple[NDArray[np.float64], NDArray[np.float64]],
        slack: float,
        *,
        tie: float = 0.0,
    ) -> tuple[csr_array, NDArray[np.float64]] | None:
        """Cut at a point where sites and clusters promise more than they cover; keep the rows.

        Rows covered more than once over count in full, the others by their sites; a row covered
        exactly once may count either way, which ``tie`` decides.
        """
        x, parts = promised
        n, k, m = len(self._weight), len(self._size), self._covers.shape[1]
        by_sites = self._covers @ point < 1 - _SAME + 2 * _SAME * tie
        full = np.bincount(self._cluster, self._weight * ~by_sites, k).astype(np.float64)
        pick = csr_array((self._weight * by_sites, (self._cluster, np.arange(n))), shape=(k, n))
        slope = csr_array(pick @ self._covers)
        broken = np.flatnonzero(parts > full + slope @ x + slack)
        if not len(broken):
            return None
        part = slope[broken].tocoo()
        own = np.arange(len(broken))
        rows = csr_array(
            (
                np.concatenate((-part.data, np.ones(len(broken)))),
                (np.concatenate((part.row, own)), np.concatenate((part.col, m + broken))),
            ),
            shape=(len(broken), m + k),
        )
        self._rows.append(rows)
        self._upper.append(full[broken])
        return rows, full[broken]

    def _model(self, closed: NDArray[np.float64], *, whole: bool) -> Model:
        m, k = self._covers.shape[1], len(self._size)
        upper = np.concatenate(self._upper)
        return Model(
            cost=np.concatenate((np.zeros(m), np.ones(k))),
            lower=np.zeros(m + k),
            upper=np.concatenate((1.0 - closed, self._size)),
            integral=np.concatenate((np.full(m, whole), np.zeros(k, dtype=bool))),
            matrix=csr_array(vstack(self._rows)),
            row_lower=np.full(len(upper), -np.inf),
            row_upper=upper,
            sense="max",
        )

    def _clusters(self) -> NDArray[np.int64]:
        """Give each row to one of a few well spread sites, so that cuts touch few sites each."""
        m = self._covers.shape[1]
        free = Limits(min(_MOST_CLUSTERS, max(1, m // 5)), np.zeros(m), np.inf, np.full(m, -1))
        seeds = Chooser(self._covers, self._weight, free).filled()
        common = (self._chooser.by_site @ csr_array(self._covers[:, seeds])).toarray()
        cluster: NDArray[np.int64] = common.argmax(axis=1)[
            self._covers.indices[self._covers.indptr[:-1]]
        ]
        return np.unique(cluster, return_inverse=True)[1].astype(np.int64)

    def _wide(self, rows: csr_array) -> csr_array:
        table = rows.tocoo() if not isinstance(rows, coo_array) else rows
        shape = (rows.shape[0], rows.shape[1] + len(self._size))
        return csr_array((table.data, (table.row, table.col)), shape=shape)

    def _indicator(self, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        x = np.zeros(self._covers.shape[1])
        x[chosen] = 1.0
        return x

    def _tell(self, text: str) -> None:
        if self._options.tell is not None:
            self._options.tell(text)
