"""What is built where so that every area has its floor area, with what proves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from carecircle.planning.plan import Proof

__all__ = ["LEFT_REASONS", "AreaPlan"]

#: Why an area is left short -> (Chinese, English).
LEFT_REASONS: dict[str, tuple[str, str]] = {
    "no_site": ("时限内无可用场地", "no site may serve it"),
    "no_room": ("可用场地容量不足", "the sites that may serve it have no room left"),
    "limits": ("受预算或互斥限制", "budget or groups rule out what would serve it"),
    "search_ended": ("搜索提前结束", "the search ended before more could be closed"),
    "not_assessable": ("缺口未知", "its shortfall is not known"),
}


@dataclass(frozen=True, eq=False)
class AreaPlan:
    """Floor area built, and who it is for.

    Attributes
    ----------
    sites
        Index ``site_id``, sorted: ``way``, ``built_m2``, ``allocated_m2``, ``spare_m2`` (built
        beyond what is allocated, for a least size), ``fixed_cost``, ``cost_per_m2``, ``cost`` in
        the unit of the prices.
    allocation
        ``site_id``, ``area_id``, ``m2``, ``minutes``, ``own``.
    areas
        Index ``area_id``: ``shortfall_m2`` = ``closed_m2`` + ``left_m2``; ``reason`` (a code of
        :data:`LEFT_REASONS`, empty where nothing is left). Areas that are not short are not listed.
    proof
        The objective is the cost of all sites.
    terms
        What was asked; ``prices`` are the costs per m2 of each area that prove the bound.
    """

    sites: pd.DataFrame
    allocation: pd.DataFrame
    areas: pd.DataFrame
    proof: Proof
    terms: Mapping[str, object] = field(default_factory=dict)

    @property
    def cost(self) -> float:
        """Cost of all sites, in the unit of the prices."""
        return self.proof.objective

    @property
    def left_m2(self) -> float:
        """Square metres left short, as far as known."""
        return float(self.areas["left_m2"].sum())

    def __repr__(self) -> str:
        enlarged = int((self.sites["way"] == "enlarge").sum())
        return (
            f"AreaPlan({len(self.sites) - enlarged} new sites, {enlarged} enlarged,"
            f" {self.sites['built_m2'].sum():,.6g} m2, {self.left_m2:,.6g} m2 left short;"
            f" {self.proof})"
        )

    def _repr_html_(self) -> str:
        from carecircle.planning.notebook_tables import as_html

        return as_html("meet_area_standard", self.sites, str(self.proof))
