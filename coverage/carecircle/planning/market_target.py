"""The fewest sites that win a share of people from competitors (Huff)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from carecircle.errors import InputError
from carecircle.planning.checks.market_look import recounted
from carecircle.planning.engine.capture import Capture, Huff, Pulls, attraction_of, won_table
from carecircle.planning.engine.outcome import nearest_allocation, refuse_rivals
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan, Proof

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Status

    Flags = NDArray[np.bool_]

__all__ = ["market_share_target"]

_DEFAULT = SolveOptions()
_SQUARE = Huff()
_SLACK = 1e-9
_SAME = 1e-6


def market_share_target(
    instance: Instance,
    competitors: pd.DataFrame,
    *,
    share: float,
    attraction: pd.Series | None = None,
    huff: Huff = _SQUARE,
    options: SolveOptions = _DEFAULT,
) -> Plan:
    """Choose the fewest sites that win a share of all people from competitors.

    Parameters
    ----------
    instance, competitors, attraction, huff
        As for :func:`carecircle.market_share`.
    share
        Least share of all weight (those whom nothing reaches included) that is won, 0 to 1.
    options
        Limits of the search; ``heuristic`` takes the site that wins most, one by one, and still
        says how many sites there must be at least.

    Returns
    -------
    Plan
        The objective is the number of new sites, the required ones included, and the bound the
        number below which the share is proven out of reach (to 1e-7 of the people won).
        ``gain`` is in people won; ``terms`` has ``won`` and ``share_won``.

    Raises
    ------
    InputError
        If the share is out of reach, with what can be won; an id is unknown, or a number negative.

    Notes
    -----
    Whether n sites suffice is one problem of the largest share; the fewest are found by halving
    between the sites of the greedy choice and what is proven too few.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [2.0, 2.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 20.0], "limit": 15.0}, index=["H1", "H2"])
    >>> few = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> rival = pd.DataFrame({"home_id": ["H1"], "minutes": [2.0]})
    >>> plan = market_share_target(few, rival, share=0.4)  # 20 of 50; S1 wins 15
    >>> plan.site_ids, plan.proof.objective
    (['S2'], 1.0)
    """
    check_instance(instance)
    if not 0 < share <= 1:
        raise InputError(f"share is {share!r}; give a share above 0, at most 1")
    refuse_rivals(instance)
    started = time.perf_counter()
    size = attraction_of(instance, attraction)
    pulls = Pulls(instance, size, competitors, huff)
    total = float(instance.weight.sum())
    search = _Fewest(instance, pulls, share * total * (1 - _SLACK), options)
    low, status = search.run(started)
    new = int((instance.required & ~instance.existing).sum())
    best, won = search.best, pulls.won(search.best)
    objective = float((best & ~instance.existing).sum())
    nearby = instance.within() & ~instance.forbidden[instance.column]
    plan = Plan(
        problem="market_share_target",
        chosen=won_table(instance, pulls, best),
        allocation=nearest_allocation(instance, best, nearby),
        proof=Proof(
            objective, float(low + new), status, time.perf_counter() - started, search.solver
        ),
        left_out=instance.unreachable(),
        terms={
            "share": share,
            "won": won,
            "share_won": won / total if total > 0 else 0.0,
            "power": huff.power,
            "nearest_minutes": huff.nearest_minutes,
        },
    )
    return recounted(instance, plan, competitors, size, huff)


class _Fewest:
    """Halving between too few sites and enough."""

    def __init__(
        self, instance: Instance, pulls: Pulls, need: float, options: SolveOptions
    ) -> None:
        self._instance, self._pulls, self._need, self._options = instance, pulls, need, options
        self._fixed = instance.required | (instance.existing & ~instance.forbidden)
        free = ~self._fixed & ~instance.forbidden
        self._most = int(free.sum())
        self._capture = Capture(instance, pulls, self._most)
        self.best = self._fixed
        self.solver = ""

    def run(self, started: float) -> tuple[int, Status]:
        """Return the number of further sites below which it cannot be done, and how it ended."""
        greedy, options = self._greedy(), self._options
        if not self._enough(greedy[-1]):
            self.best = self._best_of_all(greedy[-1], started)
        else:
            self.best = next(stands for stands in greedy if self._enough(stands))
        low, proven, status = 0, 0, "optimal"
        if options.method == "heuristic":
            return self._least(greedy), "heuristic"
        while low < self._further():
            n = (low + self._further() - 1) // 2
            self._capture.at_most(n)
            stands, bound, ended = self._capture.prove(
                greedy[min(n, len(greedy) - 1)],
                replace(options, gap=0.0), started, enough=self._need,
            )  # fmt: skip
            self.solver = self._capture.solver
            if self._enough(stands):
                self.best = stands
                continue
            low = n + 1
            if bound < self._need or ended == "optimal":
                proven = low
            else:
                status = ended
            if ended == "interrupted":
                break
        return proven, self._ended(proven, status)

    def _ended(self, proven: int, status: str) -> Status:
        if proven >= self._further():
            return "optimal"
        return "interrupted" if status == "interrupted" else "time_limit"

    def _further(self) -> int:
        return int((self.best & ~self._fixed).sum())

    def _enough(self, stands: Flags) -> bool:
        return self._pulls.won(stands) >= self._need

    def _greedy(self) -> list[Flags]:
        """Return the sites that stand after 0, 1, 2, ... greedy choices, as far as they go."""
        stands, chain = self._fixed, [self._fixed]
        while not self._enough(stands):
            further = self._capture.with_next(stands)
            if (further == stands).all():
                break
            stands = further
            chain.append(stands)
        return chain

    def _best_of_all(self, stands: Flags, started: float) -> Flags:
        """Return enough sites, where groups led the greedy choice astray."""
        self._capture.at_most(self._most)
        exact = replace(self._options, gap=0.0)
        best, bound, _ = self._capture.prove(stands, exact, started, enough=self._need)
        self.solver = self._capture.solver
        if not self._enough(best):
            if bound >= self._need * (1 + _SAME):
                raise InputError(
                    f"share: no plan found in {self._options.time_limit_s:g} s; raise time_limit_s"
                )
            total = float(self._instance.weight.sum())
            most = f"{min(bound, total):,.6g} of {total:,.6g} ({min(bound / total, 1.0):.6g})"
            raise InputError(
                f"share: all allowed sites together win {most} at most; ask for no more than that,"
                " or add sites"
            )
        return best

    def _least(self, greedy: list[Flags]) -> int:
        """Return a number below which even the linear relaxation is out of reach."""
        low, high = 0, self._further()
        while low < high:
            n = (low + high) // 2
            self._capture.at_most(n)
            stands = greedy[min(n, len(greedy) - 1)]
            if self._capture.relaxed(stands, self._options) < self._need:
                low = n + 1
            else:
                high = n
        self.solver = self._capture.solver
        return low
