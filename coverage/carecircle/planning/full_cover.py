"""What it would take to cover nearly all, and all that can be covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.cover import min_sites_for_share
from carecircle.planning.curve import together
from carecircle.planning.engine.cover_case import some_ids
from carecircle.planning.instance import check_instance
from carecircle.planning.notebook_tables import as_html
from carecircle.planning.options import SolveOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

__all__ = ["FullCover", "cost_of_all"]

_DEFAULT = SolveOptions()
_SHARES = (0.9, 0.95, 1.0)
_ALL = "all that can be"
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class FullCover:
    """Fewest sites and least cost for shares of all weight.

    Attributes
    ----------
    table
        Index ``goal`` (``90%``, ..., ``all that can be``): ``share`` and ``weight`` to be covered,
        ``possible``, ``n_sites`` (fewest) with ``n_sites_bound``, ``cost`` (least) with
        ``cost_bound``, ``cost_of_fewest`` and ``n_sites_of_cheapest`` of the two plans. Missing
        where it is not possible.
    plans
        Goal -> the plan with fewest sites and the cheapest plan.
    left_out
        Ids of demand that no allowed site can reach.
    given_up
        Ids of demand that some site could reach, but not beside the sites that cover most: they
        exclude one another.
    """

    table: pd.DataFrame
    plans: Mapping[str, tuple[Plan, Plan]]
    left_out: pd.Index
    given_up: pd.Index

    def __repr__(self) -> str:
        last = self.table.iloc[-1]
        return (
            f"FullCover({last['share']:.2%} can be covered: {last['n_sites']:g} sites, or cost"
            f" {last['cost']:,.6g}; {len(self.left_out)} demand points out of reach)"
        )

    def _repr_html_(self) -> str:
        left = some_ids(self.left_out)
        note = (
            f"out of reach: {len(self.left_out)} demand points ({left})"
            if len(self.left_out)
            else ""
        )
        return as_html(repr(self), self.table, note)


def cost_of_all(
    instance: Instance,
    *,
    shares: Sequence[float] = _SHARES,
    options: SolveOptions = _DEFAULT,
) -> FullCover:
    """Find what covering most, and everyone who can be covered, takes: in sites and in money.

    Parameters
    ----------
    instance
        The problem.
    shares
        Shares of all weight, those out of reach included; above 0, at most 1. What all sites that
        may stand together cover is always the last row.
    options
        Limits of each search.

    Returns
    -------
    FullCover
        The fewest sites and the least cost are two plans, each with its proof.

    Raises
    ------
    InputError
        If a share is none.

    Examples
    --------
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1", "H2"], "site_id": ["S1", "S2", "S2"],
    ...                       "minutes": [5.0, 9.0, 9.0]})
    >>> demand = pd.DataFrame({"weight": 50.0, "limit": 15.0}, index=["H1", "H2", "H3"])
    >>> sites = pd.DataFrame({"cost": [10.0, 70.0]}, index=["S1", "S2"])
    >>> needs = cost_of_all(Instance.from_pairs(pairs, demand, sites), shares=[0.3, 1.0])
    >>> needs.table[["possible", "n_sites", "cost"]].to_dict("index")["30%"]
    {'possible': True, 'n_sites': 1.0, 'cost': 10.0}
    >>> needs.left_out.tolist()
    ['H3']
    """
    check_instance(instance)
    bad = [share for share in shares if not 0 < share <= 1]
    if bad:
        raise InputError(f"share is {bad[0]!r}; give shares above 0, at most 1")
    best, total = together(instance, options), float(instance.weight.sum())
    top = best.proof.objective
    goals = {f"{100 * share:g}%": float(share) for share in sorted(set(shares))}
    goals[_ALL] = top / total if total > 0 else 0.0
    rows, plans = [], {}
    for goal, share in goals.items():
        possible = 0 < share * total <= top * (1 + _SLACK)
        row: dict[str, object] = {"share": share, "weight": share * total, "possible": possible}
        if possible:
            _tell(options, goal)
            few, cheap = (
                min_sites_for_share(instance, share=min(share, 1.0), least=least, options=options)
                for least in ("sites", "cost")
            )
            plans[goal] = (few, cheap)
            row |= _figures(few, cheap)
        rows.append(row)
    columns = ["share", "weight", "possible", *_FIGURES]
    table = pd.DataFrame(rows, index=pd.Index(goals, name="goal"), columns=columns)
    left = instance.unreachable()
    served = best.allocation["minutes"].to_numpy() <= instance.limit
    open_ = instance.demand_ids[~served & (instance.weight > 0)]
    return FullCover(table, plans, left, open_[~open_.isin(left)])


_FIGURES = (
    "n_sites", "n_sites_bound", "cost", "cost_bound", "cost_of_fewest", "n_sites_of_cheapest",
)  # fmt: skip


def _figures(few: Plan, cheap: Plan) -> dict[str, float]:
    values = (
        few.proof.objective, few.proof.bound, cheap.proof.objective, cheap.proof.bound,
        float(few.chosen["cost"].sum()), float(len(cheap.chosen)),
    )  # fmt: skip
    return dict(zip(_FIGURES, values, strict=True))


def _tell(options: SolveOptions, goal: str) -> None:
    if options.tell is not None:
        options.tell(f"what {goal} takes")
