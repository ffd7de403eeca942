"""Who is won from competitors by which sites, and the model of tangents that proves the most."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, eye_array, hstack, vstack

from carecircle.errors import InputError
from carecircle.planning.engine.highs import Model, Solution, solve
from carecircle.planning.options import SolveOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Status

__all__ = ["Capture", "Huff", "Pulls", "attraction_of", "won_table"]

_DEFAULT = SolveOptions()
_CLOSE = 1e-7  # relative; what a share may exceed its tangents by


@dataclass(frozen=True)
class Huff:
    """How people choose among the places within their limit.

    The chance of a place is its pull over the pull of all: attraction / minutes ** power, minutes
    at least ``nearest_minutes``. D. L. Huff (1964), Defining and estimating a trading area, Journal
    of Marketing 28(3), 34-38.
    """

    power: float = 2.0
    nearest_minutes: float = 1.0


class Pulls:
    """Pull of each pair, of ours today, and of the competitors, per demand point."""

    def __init__(
        self,
        instance: Instance,
        attraction: NDArray[np.float64],
        competitors: pd.DataFrame,
        huff: Huff,
    ) -> None:
        if not (huff.power >= 0 and huff.nearest_minutes > 0):
            raise InputError(f"{huff}: give a power of 0 or more and nearest_minutes above 0")

        def law(minutes: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.maximum(minutes, huff.nearest_minutes) ** -huff.power

        keep = instance.within() & (attraction[instance.column] > 0)
        keep &= ~instance.forbidden[instance.column] & (instance.weight[instance.row] > 0)
        self.row, self.column = instance.row[keep], instance.column[keep]
        pull = attraction[self.column] * law(instance.minutes[keep])
        near = instance.today_minutes <= instance.limit
        near &= np.isfinite(instance.today_minutes)
        ours = np.zeros(instance.n_demand)
        ours[near] = law(instance.today_minutes[near])
        at = instance.demand_ids.get_indexer(pd.Index(competitors["home_id"]))
        if (at < 0).any():
            unknown = competitors["home_id"].iloc[int(np.argmin(at))]
            raise InputError(f"competitors: home_id {unknown!r} is not in demand; ids must match")
        minutes = competitors["minutes"].to_numpy(dtype=float)
        size = _positive(competitors.get("attraction", pd.Series(1.0, competitors.index)))
        inside = minutes <= instance.limit[at]
        theirs = np.bincount(at[inside], (size * law(minutes))[inside], instance.n_demand)
        self.weight = instance.weight
        # only ratios count: competitors (or, without, ours) are the unit of each demand point
        unit = np.where(theirs > 0, theirs, 1.0)
        self.pull, self.ours = pull / unit[self.row], ours / unit
        self.theirs = (theirs > 0).astype(np.float64)

    def total(self, stands: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return our pull at each demand point."""
        mine = stands[self.column]
        return self.ours + np.bincount(self.row[mine], self.pull[mine], len(self.ours))

    def share(self, pull: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return our share of each demand point, given our pull."""
        return _share(pull, self.theirs)

    def won(self, stands: NDArray[np.bool_]) -> float:
        """Return the people won by the sites of a mask."""
        return float(self.weight @ self.share(self.total(stands)))

    def gains(self, stands: NDArray[np.bool_], n_sites: int) -> NDArray[np.float64]:
        """Return what each further site would win."""
        now = self.total(stands)
        more = _share(now[self.row] + self.pull, self.theirs[self.row])
        more -= self.share(now)[self.row]
        won = self.weight[self.row] * more
        return np.bincount(self.column, won, n_sites).astype(np.float64)


class Capture:
    """Greedy choice, and the model of tangents that proves it or finds better."""

    def __init__(self, instance: Instance, pulls: Pulls, n_new: int) -> None:
        self._instance, self._pulls, self._n_new = instance, pulls, n_new
        self._fixed = instance.required | (instance.existing & ~instance.forbidden)
        self._rows = np.unique(pulls.row)
        self._at = np.searchsorted(self._rows, pulls.row)
        self._slopes: list[csr_array] = []
        self._uppers: list[NDArray[np.float64]] = []
        self.solver = ""
        self.tangents(pulls.total(self._fixed))

    def greedy(self) -> NDArray[np.bool_]:
        """Add the site that wins most, one by one."""
        stands = self._fixed
        for _ in range(self._n_new):
            further = self.with_next(stands)
            if (further == stands).all():
                break
            stands = further
        return stands.copy()

    def with_next(self, stands: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Add the site that wins most; the same sites where none may be added."""
        instance, further = self._instance, stands.copy()
        if not len(further):
            return further
        gain = self._pulls.gains(stands, instance.n_sites)
        held = np.unique(instance.group[stands & (instance.group >= 0)])
        gain[stands | instance.forbidden | np.isin(instance.group, held)] = -1.0
        best = int(np.argmax(gain))
        further[best] |= gain[best] >= 0
        return further

    def tangents(self, pull: NDArray[np.float64]) -> None:
        """Bound each share by its tangent at a pull; without competitors, by being served."""
        pulls, rows = self._pulls, self._rows
        here = np.where(pulls.theirs > 0, pull, 0.0)
        slope = pulls.theirs / np.where(pulls.theirs > 0, (here + 1.0) ** 2, 1.0)
        value = np.where(pulls.theirs > 0, pulls.share(here), (pulls.ours > 0).astype(float))
        weight = np.where(pulls.theirs[pulls.row] > 0, slope[pulls.row] * pulls.pull, 1.0)
        n = len(rows)
        table = csr_array((-weight, (self._at, pulls.column)), shape=(n, self._instance.n_sites))
        self._slopes.append(_beside(table))
        self._uppers.append((value + slope * (pulls.ours - here))[rows])

    def relaxed(self, best: NDArray[np.bool_], options: SolveOptions) -> float:
        """Return an upper bound on the people won, from the linear relaxation."""
        self.tangents(self._pulls.total(best))
        deadline = time.perf_counter() + options.time_limit_s
        bound = self._ceiling()
        for _ in range(20):
            solution = self._solve(deadline, whole=False)
            if solution.status != "optimal":
                break
            bound = min(bound, solution.objective + self._constant())
            if not self._improve(solution):
                break
        return bound

    def at_most(self, n_new: int) -> None:
        """Let so many sites be chosen beside the fixed ones; tangents hold for any number."""
        self._n_new = n_new

    def prove(
        self,
        best: NDArray[np.bool_],
        options: SolveOptions,
        started: float,
        *,
        enough: float = np.inf,
    ) -> tuple[NDArray[np.bool_], float, Status]:
        """Return the best sites, the bound, and how the search ended.

        With ``enough`` it also ends when so many are won, or proven not to be.
        """
        deadline = started + options.time_limit_s
        bound = self.relaxed(best, options)
        value = self._pulls.won(best)
        while bound - value > max(options.gap, _CLOSE) * max(value, 1e-9):
            if value >= enough or bound < enough < np.inf:
                return best, bound, "gap"
            if time.perf_counter() > deadline:
                return best, bound, "time_limit"
            solution = self._solve(deadline, whole=True, options=options)
            if solution.status in ("infeasible", "unbounded", "failed") or not solution.found:
                return best, bound, "time_limit"
            bound = min(bound, solution.bound + self._constant())
            sites = solution.x[: self._instance.n_sites] > 0.5  # noqa: PLR2004  # 0 or 1
            if (now := self._pulls.won(sites)) > value:
                best, value = sites, now
            if solution.status in ("time_limit", "interrupted"):
                return best, bound, solution.status
            self.tangents(self._pulls.total(sites))
        if bound - value <= _CLOSE * max(value, 1e-9):
            return best, value, "optimal"
        return best, bound, "gap"

    def _improve(self, solution: Solution) -> bool:
        """Add tangents where the relaxation stands; return whether they cut anything off."""
        pulls, m = self._pulls, self._instance.n_sites
        part = solution.x[:m][pulls.column] * pulls.pull
        pull = pulls.ours + np.bincount(pulls.row, part, len(pulls.ours))
        believed = solution.x[m:] - pulls.share(pull)[self._rows]
        over = np.where(pulls.theirs[self._rows] > 0, believed, 0.0) @ pulls.weight[self._rows]
        self.tangents(pull)
        return bool(over > _CLOSE * max(solution.objective, 1e-9))

    def _constant(self) -> float:
        rest = np.ones(len(self._pulls.ours), dtype=bool)
        rest[self._rows] = False
        return float(self._pulls.weight[rest] @ self._pulls.share(self._pulls.ours)[rest])

    def _ceiling(self) -> float:
        return float(self._pulls.weight[self._rows].sum()) + self._constant()

    def _solve(self, deadline: float, *, whole: bool, options: SolveOptions = _DEFAULT) -> Solution:
        instance, n = self._instance, len(self._rows)
        groups = np.unique(instance.group[instance.group >= 0])
        new = (~instance.existing)[None, :].astype(np.float64)
        table = np.vstack((new, instance.group[None, :] == groups[:, None]))
        number = self._n_new + int((self._fixed & ~instance.existing).sum())
        upper = np.concatenate((*self._uppers, [number], np.ones(len(groups))))
        side = csr_array((len(table), n))
        matrix = csr_array(vstack((*self._slopes, hstack((csr_array(table), side)))))
        solution = solve(
            Model(
                cost=np.concatenate((np.zeros(instance.n_sites), self._pulls.weight[self._rows])),
                lower=np.concatenate((self._fixed.astype(float), np.zeros(n))),
                upper=np.concatenate(((~instance.forbidden).astype(float), np.ones(n))),
                integral=np.concatenate((np.full(instance.n_sites, whole), np.zeros(n, bool))),
                matrix=matrix,
                row_lower=np.full(matrix.shape[0], -np.inf),
                row_upper=upper,
                sense="max",
            ),
            time_limit_s=max(deadline - time.perf_counter(), 0.1),
            gap=options.gap / 2,
            tell=options.tell,
        )
        self.solver = solution.solver
        return solution


def _share(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(ours, ours + theirs, out=np.zeros_like(ours), where=ours > 0)


def _beside(table: csr_array) -> csr_array:
    """Put an identity to the right of a table."""
    n = table.shape[0]
    return csr_array(hstack((table, eye_array(n))))


def won_table(instance: Instance, pulls: Pulls, stands: NDArray[np.bool_]) -> pd.DataFrame:
    """Put the chosen sites in order: each next one is the one that then wins most."""
    chosen = stands & ~instance.existing
    now, order, gains = stands & ~chosen, [], []
    while (now != stands).any():
        gain = np.where(stands & ~now, pulls.gains(now, instance.n_sites), -1.0)
        order.append(int(np.argmax(gain)))
        gains.append(float(gain[order[-1]]))
        now = now.copy()
        now[order[-1]] = True
    at = np.asarray(order, dtype=np.int64)
    cumulative = np.cumsum(gains)
    total = float(instance.weight.sum())
    return pd.DataFrame(
        {
            "gain": np.asarray(gains, dtype=np.float64),
            "cumulative": cumulative,
            "share": cumulative / total if total > 0 else cumulative,
            "cost": instance.cost[at],
        },
        index=pd.Index(instance.site_ids[at], name="site_id"),
    )


def attraction_of(instance: Instance, attraction: pd.Series | None) -> NDArray[np.float64]:
    """Return the attraction of each site; 1 each by default.

    Raises
    ------
    InputError
        If a site has none, or a negative one.
    """
    if attraction is None:
        return np.ones(instance.n_sites)
    missing = instance.site_ids.difference(attraction.index)
    if len(missing):
        raise InputError(f"attraction: site {missing[0]!r} has none; give a number of 0 or more")
    return _positive(attraction.reindex(instance.site_ids))


def _positive(values: pd.Series) -> NDArray[np.float64]:
    numbers = values.to_numpy(dtype=float)
    bad = ~(numbers >= 0)
    if bad.any():
        k = int(np.argmax(bad))
        raise InputError(
            f"attraction of {values.index[k]} is {numbers[k]}; give a number of 0 or more"
        )
    return numbers
