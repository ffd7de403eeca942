"""What closing, moving and opening cost, and what they bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.engine.cover_case import some_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Money"]


@dataclass(frozen=True, eq=False)
class Money:
    """Prices of changes.

    Attributes
    ----------
    budget
        Most that all changes may cost.
    opening, closing
        Per site: cost of opening it new, and of closing it (below 0: it brings money).
    closable
        Per site: stands today and may be closed.
    out, into, price
        Per move: the site that closes, the one that opens, and what the move costs in all; only
        those cheaper than closing and opening.
    """

    budget: float
    opening: Floats
    closing: Floats
    closable: Flags
    out: NDArray[np.int64]
    into: NDArray[np.int64]
    price: Floats

    @classmethod
    def of(
        cls,
        instance: Instance,
        budget: float,
        closing_cost: pd.Series | None,
        move_cost: pd.Series | None,
    ) -> Money:
        """Line prices up with the sites.

        Raises
        ------
        InputError
            With every fault: unknown ids, what cannot be closed or moved, prices that are none, a
            budget below 0, or of 0 where nothing is free, or below what the required sites cost.
        """
        closable = instance.existing & ~instance.forbidden & ~instance.required
        faults = [] if closable.any() else [_NOTHING]
        closing, wrong = _closing(instance, closable, closing_cost)
        faults += wrong
        out, into, price, wrong = _moves(instance, closable, move_cost)
        faults += wrong
        saves = closing[out] + instance.cost[into] > price
        money = cls(budget, instance.cost, closing, closable, out[saves], into[saves], price[saves])
        faults += money.short(instance)
        if faults:
            raise InputError("\n".join(faults))
        return money

    def short(self, instance: Instance) -> list[str]:
        """Say what is wrong with the budget."""
        if not self.budget >= 0 or np.isinf(self.budget):
            return [f"budget is {self.budget!r}; give an amount above 0"]
        new = ~instance.existing & ~instance.forbidden
        brings = bool((self.closing < 0).any())
        if self.budget == 0 and not brings and self.opening[new].all() and self.price.all():
            return ["budget is 0 and nothing is free; give an amount above 0"]
        required = instance.required & ~instance.existing
        spent = float(self.opening[required].sum())
        if spent > self.budget and not brings and not len(self.price):
            names = some_ids(instance.site_ids[required])
            text = f"budget is {self.budget:g}, but the required sites cost {spent:g}"
            return [f"{text} ({names}); raise it or require fewer"]
        return []

    def moves(self, closed: Flags, opened: Flags) -> dict[int, int]:
        """Return which site moves to which, so that most is saved."""
        from scipy.optimize import linear_sum_assignment

        possible = closed[self.out] & opened[self.into]
        out, into, price = self.out[possible], self.into[possible], self.price[possible]
        rows, row = np.unique(out, return_inverse=True)
        columns, column = np.unique(into, return_inverse=True)
        saved = np.zeros((len(rows), len(columns)))
        saved[row, column] = self.closing[out] + self.opening[into] - price
        best = zip(*linear_sum_assignment(saved, maximize=True), strict=True)
        return {int(rows[one]): int(columns[two]) for one, two in best if saved[one, two] > 0}

    def move_price(self, moves: dict[int, int]) -> dict[int, float]:
        """Return what each site costs that another one moves to."""
        table = dict(zip(zip(self.out, self.into, strict=True), self.price, strict=True))
        return {into: float(table[out, into]) for out, into in moves.items()}

    def spent(self, closed: Flags, opened: Flags, moves: dict[int, int]) -> float:
        """Add up what the changes cost."""
        shut, new = closed.copy(), opened.copy()
        shut[list(moves)] = False
        new[list(moves.values())] = False
        paid = float(self.opening[new].sum() + self.closing[shut].sum())
        return paid + sum(self.move_price(moves).values())


_NOTHING = (
    "sites: none of today's may be closed (existing, not required, not forbidden); name some with"
    " siting_instance(..., movable=[...]), or use max_cover"
)


def _closing(
    instance: Instance, closable: Flags, closing_cost: pd.Series | None
) -> tuple[Floats, list[str]]:
    closing = np.zeros(instance.n_sites)
    if closing_cost is None:
        return closing, []
    faults = _repeated("closing_cost", closing_cost)
    at = instance.site_ids.get_indexer(closing_cost.index)
    wrong = closing_cost.index[(at < 0) | ~closable[at]]
    if len(wrong):
        faults.append(f"closing_cost: {some_ids(wrong)} cannot be closed; name sites that stand")
    value = closing_cost.to_numpy(dtype=float)
    faults += [
        f"closing_cost {site}: {value[place]:g} is no amount; give a number"
        for place, site in enumerate(closing_cost.index)
        if not np.isfinite(value[place])
    ]
    closing[at[at >= 0]] = value[at >= 0]
    return closing, faults


def _moves(
    instance: Instance, closable: Flags, move_cost: pd.Series | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, list[str]]:
    none = np.empty(0, dtype=np.int64)
    if move_cost is None:
        return none, none, np.empty(0), []
    if not isinstance(move_cost.index, pd.MultiIndex) or move_cost.index.nlevels != 2:  # noqa: PLR2004  # from, to
        fault = "move_cost: give an index of two levels, existing site and new site"
        return none, none, np.empty(0), [fault]
    faults = _repeated("move_cost", move_cost)
    out, into = (
        instance.site_ids.get_indexer(move_cost.index.get_level_values(level)) for level in (0, 1)
    )
    stays = (out < 0) | ~closable[out]
    taken = (into < 0) | instance.existing[into] | instance.forbidden[into]
    for wrong, level, what in (
        (stays, 0, "cannot be closed; name sites that stand"),
        (taken, 1, "cannot be opened; name candidates"),
    ):
        names = move_cost.index.get_level_values(level)[wrong].unique()
        if len(names):
            faults.append(f"move_cost: {some_ids(names)} {what}")
    price = move_cost.to_numpy(dtype=float)
    bad = np.flatnonzero(~(np.isfinite(price) & (price >= 0)))
    faults += [
        f"move_cost {' to '.join(map(str, move_cost.index[place]))}: {price[place]:g} is no cost;"
        " give a number of 0 or more"
        for place in bad[:5]
    ]
    if faults:
        return none, none, np.empty(0), faults
    order = np.lexsort((into, out))
    return out[order], into[order], price[order], []


def _repeated(name: str, series: pd.Series) -> list[str]:
    again = series.index[series.index.duplicated()]
    return [f"{name}: {again[0]!r} stands twice; give one amount"] if len(again) else []
