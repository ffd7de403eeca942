"""Fixed-charge flow of floor area from sites to areas, as a mixed-integer model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack

from carecircle.planning.engine.conflicts import RuledModel
from carecircle.planning.engine.highs import Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.area_problem import AreaProblem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["AreaModel"]


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of one kind, the bounds of each, and the number of the rule each belongs to."""

    table: csr_array
    lower: Floats
    upper: Floats
    rule: Ints


class AreaModel:
    """Variables: an option is taken; its m2; m2 per pair; m2 that an area is left short.

    Attributes
    ----------
    n_options, n_pairs, n_areas
        Their numbers.
    site, pair_site, pair_area
        Per option and per pair: number of its site; per pair: number of its area.
    most
        Per option: most m2 of any use.
    """

    def __init__(self, problem: AreaProblem, pairs: pd.DataFrame, budget: float | None) -> None:
        options, short = problem.options, problem.shortfall
        self.n_options, self.n_pairs, self.n_areas = len(options), len(pairs), len(short)
        self.short = short.to_numpy(dtype=np.float64)
        self.site, self._site_ids = pd.factorize(options["site_id"])
        self.pair_site = pd.Index(self._site_ids).get_indexer(pd.Index(pairs["site_id"]))
        self.pair_area = short.index.get_indexer(pd.Index(pairs["area_id"]))
        self.fixed = options["fixed_cost"].to_numpy(dtype=np.float64)
        self.per_m2 = options["cost_per_m2"].to_numpy(dtype=np.float64)
        self.least = options["min_m2"].to_numpy(dtype=np.float64)
        useful = np.bincount(self.pair_site, self.short[self.pair_area], len(self._site_ids))
        top = options["max_m2"].to_numpy(dtype=np.float64)
        self.most = np.minimum(top, np.maximum(useful[self.site], self.least))
        self.names: list[str] = []
        self._blocks: list[_Rows] = []
        self._area_ids = short.index
        self._demand()
        self._supply()
        self._choice(options, budget)

    @property
    def n(self) -> int:
        """Number of variables."""
        return 2 * self.n_options + self.n_pairs + self.n_areas

    def parts(self, x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return what is taken, m2 per option, m2 per pair, m2 left short."""
        ends = np.cumsum([self.n_options, self.n_options, self.n_pairs])
        taken, built, sent, left = np.split(x, ends)
        return taken, built, sent, left

    def joined(self, taken: Floats, built: Floats, sent: Floats, left: Floats) -> Floats:
        """Return a vector over all variables."""
        return np.concatenate((taken, built, sent, left))

    def cost(self) -> Floats:
        """Return the cost per variable."""
        free = np.zeros(self.n_pairs), np.zeros(self.n_areas)
        return self.joined(self.fixed, self.per_m2, *free)

    def left_row(self) -> Floats:
        """Return the row that adds up what is left short."""
        n = self.n_options
        return self.joined(np.zeros(n), np.zeros(n), np.zeros(self.n_pairs), np.ones(self.n_areas))

    def model(self, cost: Floats, *, most_left: float, whole: bool = True) -> Model:
        """Return the model; ``most_left`` is the m2 that all areas may be left short in all."""
        n = self.n_options
        some_left = np.minimum(self.short, most_left)
        last = csr_array(self.left_row()[None, :])
        big = np.maximum(self.most, 0.0)
        return Model(
            cost=cost,
            lower=np.zeros(self.n),
            upper=self.joined(np.ones(n), big, self.short[self.pair_area], some_left),
            integral=self.joined(
                np.full(n, float(whole)),
                np.zeros(n),
                np.zeros(self.n_pairs),
                np.zeros(self.n_areas),
            ).astype(bool),
            matrix=csr_array(vstack((*(rows.table for rows in self._blocks), last))),
            row_lower=np.concatenate((*(rows.lower for rows in self._blocks), [-np.inf])),
            row_upper=np.concatenate((*(rows.upper for rows in self._blocks), [most_left])),
        )

    def ruled(self) -> RuledModel:
        """Return the model with nothing left short, its rules by name."""
        model = self.model(self.cost(), most_left=0.0)
        rule = np.concatenate((*(rows.rule for rows in self._blocks), [-1]))
        # how much is built is bounded by rows alone, so that the rule on sizes can be dropped
        upper = model.upper.copy()
        upper[self.n_options : 2 * self.n_options] = np.inf
        loose = Model(**{**vars(model), "upper": upper})
        return RuledModel(loose, tuple(self.names), rule, np.full(self.n, -1))

    def _add(
        self,
        entries: list[tuple[Ints, Ints, Floats]],
        n: int,
        bounds: tuple[float | Floats, float | Floats],
        rule: int | Ints = -1,
    ) -> None:
        """Add n rows from (row, variable, value) entries."""
        row, at, value = (np.concatenate(part) for part in zip(*entries, strict=True))
        lower, upper = (np.broadcast_to(np.asarray(b, dtype=np.float64), (n,)) for b in bounds)
        table = csr_array((value, (row, at)), shape=(n, self.n))
        self._blocks.append(_Rows(table, lower, upper, np.broadcast_to(rule, (n,))))

    def _named(self, names: list[str]) -> Ints:
        first = len(self.names)
        self.names += names
        return first + np.arange(len(names))

    def _demand(self) -> None:
        areas = np.arange(self.n_areas)
        sent = 2 * self.n_options + np.arange(self.n_pairs)
        left = 2 * self.n_options + self.n_pairs + areas
        rules = self._named(
            [f"{area} needs {m2:g} m2" for area, m2 in zip(self._area_ids, self.short, strict=True)]
        )
        self._add(
            [(self.pair_area, sent, np.ones(self.n_pairs)), (areas, left, np.ones(self.n_areas))],
            self.n_areas,
            (self.short, np.inf),
            rules,
        )

    def _supply(self) -> None:
        n, pairs = self.n_options, np.arange(self.n_pairs)
        option, sites = np.arange(n), len(self._site_ids)
        ones, sent = np.ones(self.n_pairs), 2 * n + pairs
        self._add(
            [(self.pair_site, sent, ones), (self.site, n + option, -np.ones(n))],
            sites,
            (-np.inf, 0.0),
        )
        (room,) = self._named(["most m2 of the sites"])
        up = [(option, n + option, np.ones(n)), (option, option, -self.most)]
        self._add(up, n, (-np.inf, 0.0), int(room))
        self._add(
            [(option, n + option, np.ones(n)), (option, option, -self.least)], n, (0.0, np.inf)
        )
        # a pair is used only where its site is taken: not needed, but much tighter than the sums
        order = np.argsort(self.site, kind="stable")
        start = np.searchsorted(self.site[order], np.arange(sites + 1))
        size = (start[1:] - start[:-1])[self.pair_site]
        row = np.repeat(pairs, size)
        within = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
        taken = order[np.repeat(start[self.pair_site], size) + within]
        short = -self.short[self.pair_area[row]]
        self._add([(pairs, sent, ones), (row, taken, short)], self.n_pairs, (-np.inf, 0.0))

    def _choice(self, options: pd.DataFrame, budget: float | None) -> None:
        n, option = self.n_options, np.arange(self.n_options)
        self._add([(self.site, option, np.ones(n))], len(self._site_ids), (-np.inf, 1.0))
        must = np.unique(self.site[options["required"].to_numpy(dtype=bool)])
        if len(must):
            rules = self._named([f"{self._site_ids[site]} is required" for site in must])
            inside = np.flatnonzero(np.isin(self.site, must))
            row = np.searchsorted(must, self.site[inside])
            self._add([(row, inside, np.ones(len(inside)))], len(must), (1.0, np.inf), rules)
        code, groups = pd.factorize(options["group"], sort=True)
        inside = np.flatnonzero(code >= 0)
        if len(groups):
            rules = self._named([f"at most one of group {group}" for group in groups])
            one = np.ones(len(inside))
            self._add([(code[inside], inside, one)], len(groups), (-np.inf, 1.0), rules)
        if budget is not None:
            (rule,) = self._named([f"budget ({budget:g})"])
            zero = np.zeros(n, dtype=np.int64)
            costs = [(zero, option, self.fixed), (zero, n + option, self.per_m2)]
            self._add(costs, 1, (-np.inf, float(budget)), int(rule))
