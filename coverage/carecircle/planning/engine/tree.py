"""The best set of sites for a nearest-site problem, proven by branching on sites."""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from carecircle.planning.engine.interchange import exchange, one_by_one
from carecircle.planning.engine.lagrange import Pace, Prices, best_prices, restrict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from carecircle.planning.engine.costs import Costs
    from carecircle.planning.plan import Status

__all__ = ["Found", "Search"]

_AT_ROOT = (1500, 2.0)  # iterations and first step length; deeper, prices start near their best
_BELOW = (150, 0.5)
_TRY_AGAIN = 0.25  # share of sites a node must decide to be bounded again before it branches
_EXCHANGE_EVERY = 10  # nodes between two attempts to improve the best set
_SAME = 1e-9  # relative; sums of a million floats differ by less
_BETWEEN_LINES_S = 1.0


@dataclass(frozen=True, eq=False)
class Found:
    """A set of sites, what it costs, and what cannot be undercut.

    Attributes
    ----------
    chosen
        Per site: stands, the fixed ones included.
    objective, bound
        Cost of the set; no set costs less than the bound.
    status
        As in :class:`carecircle.planning.plan.Proof`.
    nodes
        Number of sub-problems looked at.
    price
        Per demand point: prices behind the bound of the whole problem (before branching).
    """

    chosen: NDArray[np.bool_]
    objective: float
    bound: float
    status: Status
    nodes: int
    price: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Node:
    bound: float
    free: NDArray[np.bool_]
    fixed: NDArray[np.bool_]
    price: NDArray[np.float64]


class Search:
    """Branch and bound over sites, with Lagrangian prices as bound and exchange as heuristic.

    Parameters
    ----------
    costs
        The problem.
    n_new
        Most sites to choose beside the fixed ones.
    time_limit_s
        Seconds after which the best set so far is returned, with its bound.
    gap
        Relative gap at which to stop; 0 proves.
    tell
        Receives a line of progress at a time.

    Notes
    -----
    A site is settled without branching when choosing it (or leaving it out) would lift the bound
    to the best known cost; with whole-number costs, to less than one unit below it. This leaves
    few sites to branch on: most instances are proven at the first node.
    """

    def __init__(
        self,
        costs: Costs,
        n_new: int,
        *,
        time_limit_s: float = 60.0,
        gap: float = 0.0,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._costs = costs
        self._total = n_new + int(costs.fixed.sum())
        self._started = time.perf_counter()
        self._deadline = self._started + time_limit_s
        self._gap = gap
        self._tell = tell
        self._told = self._started
        self._step = costs.step
        self._nodes = 0
        self._cut = math.inf  # least bound of what was given up as good enough
        self._price = np.zeros(0)
        self.chosen = costs.fixed.copy()
        self.objective = math.inf
        self.offer(one_by_one(costs, n_new, costs.fixed))

    def offer(self, chosen: NDArray[np.bool_]) -> None:
        """Improve a set by exchange and keep it if it is the best so far."""
        better, total = exchange(self._costs, chosen)
        if total < self.objective:
            self.chosen, self.objective = better, total

    def heuristic(self) -> Found:
        """Return the best set of a heuristic, with the bound of the whole problem."""
        root = self._root()
        prices = self._bound(root, root=True)
        self.offer(prices.picked | self._costs.fixed)
        bound = min(self.objective, self._lift(prices.bound))
        return self._found("heuristic", bound)

    def prove(self) -> Found:
        """Return the best set, proven unless time or the user ends the search."""
        order = count()
        heap: list[tuple[float, int, _Node]] = [(-math.inf, next(order), self._root())]
        status: Status = "optimal"
        open_bound = math.inf
        while heap:
            open_bound, _, node = heapq.heappop(heap)
            if open_bound >= self._enough():
                self._cut = min(self._cut, open_bound)
                break  # the rest is no better
            try:
                for child in self._visit(node):
                    heapq.heappush(heap, (child.bound, next(order), child))
            except KeyboardInterrupt:
                heapq.heappush(heap, (node.bound, next(order), node))
                status = "interrupted"
                break
            if time.perf_counter() > self._deadline:
                status = "time_limit" if heap else status
                break
            self._say(heap)
        still_open = min((entry[0] for entry in heap), default=math.inf)
        bound = min(self.objective, self._lift(min(self._cut, still_open)))
        if self.objective - bound <= _SAME * max(1.0, abs(self.objective)):
            return self._found("optimal", self.objective)
        return self._found("gap" if status == "optimal" else status, bound)

    def _root(self) -> _Node:
        fixed = self._costs.fixed
        near = self._costs.of(self.chosen)
        far = np.where(
            np.diff(self._costs.start) > 0,
            self._costs.cost[np.maximum(self._costs.start[1:] - 1, 0)]
            if len(self._costs.cost)
            else 0.0,
            near,
        )
        return _Node(-math.inf, self._costs.free, fixed, (near + np.maximum(near, far)) / 2)

    def _enough(self) -> float:
        slack = max(self._step * (1 - 1e-6), max(self._gap, _SAME) * abs(self.objective))
        return self.objective - slack

    def _lift(self, bound: float) -> float:
        """Round a bound up to the next total there can be."""
        if self._step == 0.0 or not math.isfinite(bound):
            return bound
        return self._step * math.ceil(bound / self._step - 1e-6)

    def _bound(self, node: _Node, *, root: bool) -> Prices:
        self._nodes += 1
        iterations, step = _AT_ROOT if root else _BELOW
        left = restrict(self._costs, node.free, node.fixed)
        prices = best_prices(
            left,
            self._total - int(node.fixed.sum()),
            node.price,
            target=self.objective,
            enough=self._enough(),
            pace=Pace(iterations, step, self._deadline),
        )
        if root:
            self._price = prices.price
        return prices

    def _visit(self, node: _Node) -> Iterator[_Node]:
        """Settle what can be settled at a node; yield the two halves of what is left."""
        root = node.bound == -math.inf
        while True:
            if self._leaf(node):
                return
            prices = self._bound(node, root=root)
            node = _Node(max(node.bound, prices.bound), node.free, node.fixed, prices.price)
            if root or self._nodes % _EXCHANGE_EVERY == 0:
                self.offer(prices.picked | node.fixed)
            if node.bound >= self._enough():
                self._cut = min(self._cut, node.bound)
                return
            if time.perf_counter() > self._deadline:
                yield node
                return
            before = int(node.free.sum())
            node = self._settle(node, prices)
            settled = before - int(node.free.sum())
            if settled == 0 or (not root and settled < _TRY_AGAIN * before):
                break
            root = False
        if not self._leaf(node):
            yield from self._branch(node, prices)

    def _leaf(self, node: _Node) -> bool:
        """Close a node whose set is decided; return whether it was."""
        left = self._total - int(node.fixed.sum())
        free = node.free
        groups = self._costs.group[free]
        alone = not (groups >= 0).any() or len(np.unique(groups)) == len(groups)
        if left > 0 and not (alone and int(free.sum()) <= left):
            return False
        chosen = node.fixed | free if left > 0 else node.fixed
        total = float(self._costs.of(chosen).sum())
        if total < self.objective:
            self.chosen, self.objective = chosen, total
        self._cut = min(self._cut, max(total, node.bound))
        return True

    def _settle(self, node: _Node, prices: Prices) -> _Node:
        """Fix and drop the sites whose other choice cannot beat the best set."""
        picked, reduced = prices.picked, prices.reduced
        others = node.free & ~picked
        worst = self._swapped_out(picked, reduced)
        enough = self._enough()
        drop = others & (prices.bound + reduced - worst >= enough)
        stand_in = float(reduced[others].min(initial=0.0))
        keep = picked & (prices.bound - reduced + stand_in >= enough)
        for sites, lift in ((drop, reduced - worst), (keep, stand_in - reduced)):
            if sites.any():
                self._cut = min(self._cut, prices.bound + float(lift[sites].min()))
        free = node.free & ~drop
        return self._with(_Node(node.bound, free, node.fixed, node.price), keep)

    def _swapped_out(
        self, picked: NDArray[np.bool_], reduced: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return, per site, the reduced cost of the picked site it would replace."""
        worst = np.full(len(picked), float(reduced[picked].max(initial=-np.inf)))
        group = self._costs.group
        if (group >= 0).any():
            mate = np.full(int(group.max()) + 1, np.nan)
            inside = picked & (group >= 0)
            mate[group[inside]] = reduced[inside]
            held = (group >= 0) & ~np.isnan(mate[group])
            worst[held] = mate[group[held]]
        return worst

    def _with(self, node: _Node, sites: NDArray[np.bool_]) -> _Node:
        """Return the node where these sites stand, and their groups are closed."""
        group = self._costs.group
        closed = np.isin(group, group[sites & (group >= 0)])
        free = node.free & ~sites & ~closed
        return _Node(node.bound, free, node.fixed | sites, node.price)

    def _branch(self, node: _Node, prices: Prices) -> Iterator[_Node]:
        free = np.flatnonzero(node.free)
        doubt = np.minimum(prices.often[free], 1 - prices.often[free])
        scale = 1e-6 / (1.0 + abs(float(prices.reduced.min())))
        site = free[np.argmax(doubt - scale * prices.reduced[free])]
        one = np.zeros(len(node.free), dtype=bool)
        one[site] = True
        yield self._with(node, one)
        yield _Node(node.bound, node.free & ~one, node.fixed, node.price)

    def _say(self, heap: list[tuple[float, int, _Node]]) -> None:
        now = time.perf_counter()
        if self._tell is None or now - self._told < _BETWEEN_LINES_S or not heap:
            return
        self._told = now
        bound = min(heap[0][0], self._cut)
        self._tell(
            f"{now - self._started:.0f} s: best {self.objective:,.6g}, bound {bound:,.6g},"
            f" {self._nodes} nodes, {len(heap)} open"
        )

    def _found(self, status: Status, bound: float) -> Found:
        return Found(self.chosen, self.objective, bound, status, self._nodes, self._price)
