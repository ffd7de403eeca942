"""A siting problem as numbers: who lives where, which sites there are, and the minutes between."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Instance", "check_instance"]

_SHOWN = 20


@dataclass(frozen=True, eq=False)
class Instance:
    """Demand, sites, and the sparse pairs between them.

    A pair that is missing cannot be served. Existing facilities that stay are not sites: what they
    do is in ``today_minutes`` and ``today_count``. An existing facility that may be closed or moved
    is a site with ``existing`` set.

    Attributes
    ----------
    demand_ids, weight, limit
        Per demand point: id, people (or another weight), and the limit of the resident in minutes.
    today_minutes, today_count
        Per demand point: minutes to the nearest facility that stays (``inf`` none), and how many of
        these are within the limit.
    site_ids, cost
        Per site: id, and what it costs (1 each by default).
    required, forbidden, existing
        Per site: must be chosen, must not, stands there today.
    capacity
        Per site: places (``inf`` without bound).
    group
        Per site: number of a group of which at most one is chosen, -1 none.
    row, column, minutes
        Pairs: demand point, site, minutes; sorted by row, then column, each pair once.
    """

    demand_ids: pd.Index
    weight: NDArray[np.float64]
    limit: NDArray[np.float64]
    today_minutes: NDArray[np.float64]
    today_count: NDArray[np.int64]
    site_ids: pd.Index
    cost: NDArray[np.float64]
    required: NDArray[np.bool_]
    forbidden: NDArray[np.bool_]
    existing: NDArray[np.bool_]
    capacity: NDArray[np.float64]
    group: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    minutes: NDArray[np.float64]

    def __repr__(self) -> str:
        today = self.weight[self.covered_today()].sum()
        return (
            f"Instance({len(self.demand_ids):,} demand points, weight {self.weight.sum():,.6g},"
            f" {today:,.6g} served today; {len(self.site_ids):,} sites, {len(self.row):,} pairs)"
        )

    def _repr_html_(self) -> str:
        sites = pd.DataFrame({
            "cost": self.cost, "required": self.required, "forbidden": self.forbidden,
            "existing": self.existing,
            "demand points within the limit": np.bincount(
                self.column[self.within()], minlength=len(self.site_ids)
            ),
        }, index=self.site_ids)  # fmt: skip
        shown = sites.head(_SHOWN).to_html(escape=True, na_rep="--")
        return f"<div><b>{escape(repr(self))}</b>{shown}</div>"

    @classmethod
    def from_pairs(
        cls,
        pairs: pd.DataFrame,
        demand: pd.DataFrame,
        sites: pd.DataFrame,
    ) -> Instance:
        """Build an instance from tables; ids that are numbers become text.

        Parameters
        ----------
        pairs
            ``home_id``, ``site_id``, ``minutes`` (any cost: metres serve as well).
        demand
            Index ``home_id``: ``weight``; may have ``limit`` (missing: none), ``today_minutes``
            (missing: no facility) and ``today_count``.
        sites
            Index ``site_id``: may have ``cost``, ``required``, ``forbidden``, ``existing``,
            ``capacity``, ``group``.

        Raises
        ------
        InputError
            With every fault found: unknown or repeated ids, negative or missing numbers, a site
            both required and forbidden.

        Examples
        --------
        >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S1"],
        ...                       "minutes": [5.0, 20.0]})
        >>> demand = pd.DataFrame({"weight": [30.0, 50.0], "limit": 15.0}, index=["H1", "H2"])
        >>> Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1"])).within().tolist()
        [True, False]
        """
        faults = _faults(pairs, demand, sites)
        if faults:
            raise InputError("\n".join(faults))
        row = demand.index.get_indexer(pd.Index(pairs["home_id"]))
        column = sites.index.get_indexer(pd.Index(pairs["site_id"]))
        minutes = pairs["minutes"].to_numpy(dtype=float)
        order = np.lexsort((column, row))
        limit = _numbers(demand, "limit", np.inf)
        today = _numbers(demand, "today_minutes", np.inf)
        return cls(
            demand_ids=_text(demand.index),
            weight=_numbers(demand, "weight", 1.0),
            limit=limit,
            today_minutes=today,
            today_count=_numbers(demand, "today_count", 0.0).astype(np.int64)
            if "today_count" in demand
            else (np.isfinite(today) & (today <= limit)).astype(np.int64),
            site_ids=_text(sites.index),
            cost=_numbers(sites, "cost", 1.0),
            required=_flags(sites, "required"),
            forbidden=_flags(sites, "forbidden"),
            existing=_flags(sites, "existing"),
            capacity=_numbers(sites, "capacity", np.inf),
            group=_groups(sites),
            row=row[order].astype(np.int64),
            column=column[order].astype(np.int64),
            minutes=minutes[order],
        )

    @property
    def n_demand(self) -> int:
        """Number of demand points."""
        return len(self.weight)

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.cost)

    def within(self) -> NDArray[np.bool_]:
        """Return which pairs are within the limit of the demand point; exactly at it is."""
        return self.minutes <= self.limit[self.row]

    def covered_today(self) -> NDArray[np.bool_]:
        """Return which demand points are within their limit of a facility that stays."""
        return self.today_count > 0

    def unreachable(self) -> pd.Index:
        """Return the demand that is not covered today and that no allowed site can cover.

        A site is not allowed where one of its group stands in any case.
        """
        stands = self.required | (self.existing & ~self.forbidden)
        taken = np.isin(self.group, self.group[stands & (self.group >= 0)]) & ~stands
        usable = self.within() & ~(self.forbidden | taken)[self.column]
        reached = np.zeros(self.n_demand, dtype=bool)
        reached[self.row[usable]] = True
        return self.demand_ids[~reached & ~self.covered_today()]


def check_instance(given: object) -> None:
    """Refuse what is no siting problem, such as the study that one is made of.

    Raises
    ------
    InputError
        With how to make one.
    """
    if not isinstance(given, Instance):
        raise InputError(
            f"give a siting problem, not a {type(given).__name__}: siting_instance(study, sites)"
            " makes one"
        )


def _numbers(frame: pd.DataFrame, name: str, missing: float) -> NDArray[np.float64]:
    if name not in frame:
        return np.full(len(frame), missing)
    return np.asarray(frame[name].astype(float).fillna(missing), dtype=np.float64)


def _text(index: pd.Index) -> pd.Index:
    return index if index.inferred_type == "string" else index.map(str)


def _flags(frame: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    if name not in frame:
        return np.zeros(len(frame), dtype=bool)
    return frame[name].astype("boolean").fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # missing: not said


def _groups(sites: pd.DataFrame) -> NDArray[np.int64]:
    if "group" not in sites:
        return np.full(len(sites), -1, dtype=np.int64)
    codes, _ = pd.factorize(sites["group"])
    return codes.astype(np.int64)


def _faults(pairs: pd.DataFrame, demand: pd.DataFrame, sites: pd.DataFrame) -> list[str]:
    faults = []
    for table, frame in (("demand", demand), ("sites", sites)):
        again = frame.index[frame.index.duplicated()]
        if len(again):
            faults.append(f"{table}: id {again[0]!r} stands twice; every id must be its own")
    for column, index, table in (
        ("home_id", demand.index, "demand"),
        ("site_id", sites.index, "sites"),
    ):
        unknown = pairs.loc[~pairs[column].isin(index), column].unique()
        if len(unknown):
            faults.append(f"pairs: {column} {unknown[0]!r} is not in {table}; ids must match")
    if pairs.duplicated(["home_id", "site_id"]).any():
        first = pairs[pairs.duplicated(["home_id", "site_id"])].iloc[0]
        faults.append(f"pairs: {first['home_id']}, {first['site_id']} stands twice; keep the least")
    for table, frame, names in (
        ("pairs", pairs, ("minutes",)),
        ("demand", demand, ("weight", "limit", "today_minutes")),
        ("sites", sites, ("cost", "capacity")),
    ):
        faults += [fault for name in names for fault in _bad_numbers(table, frame, name)]
    both = sites.index[_flags(sites, "required") & _flags(sites, "forbidden")]
    faults += [f"sites: {site!r} is both required and forbidden; drop one" for site in both]
    return faults


def _bad_numbers(table: str, frame: pd.DataFrame, name: str) -> list[str]:
    if name not in frame:
        return []
    values = pd.to_numeric(frame[name], errors="coerce")
    bad = (values < 0) | (values.isna() & frame[name].notna())
    if name in ("minutes", "weight"):
        bad |= values.isna() | np.isinf(values)
    return [
        f"{table} {frame.index[k]}: {name} is {frame[name].iloc[k]}; give a number of 0 or more"
        for k in np.flatnonzero(bad)[:5]
    ]
