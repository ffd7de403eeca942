"""From the tables of a study to a siting problem: homes, sites, and the minutes between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.instance import Instance
from carecircle.roads.reach import nearest, reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecircle.roads.network import RoadNetwork
    from carecircle.roads.places import Direction

__all__ = ["DemandWeight", "Located", "instance_from", "limits_of"]

DemandWeight = Literal["elders", "elders80", "population", "households", "homes"]


@dataclass(frozen=True, eq=False)
class Located:
    """A network with the positions that a siting problem is about.

    Attributes
    ----------
    network, direction
        The network, and who travels to whom.
    homes, facilities, sites
        Positions from :func:`carecircle.locate`: all homes; the facilities that count today; the
        candidate sites.
    extra_minutes
        Minutes added at each facility of today.
    site_minutes
        Minutes added at each site.
    """

    network: RoadNetwork
    homes: pd.DataFrame
    facilities: pd.DataFrame
    sites: pd.DataFrame
    direction: Direction = "to_facility"
    extra_minutes: pd.Series | None = None
    site_minutes: pd.Series | None = None


def instance_from(
    located: Located,
    homes: pd.DataFrame,
    sites: pd.DataFrame,
    limit: pd.Series,
    *,
    weight: DemandWeight = "elders",
    max_minutes: float | None = None,
) -> Instance:
    """Build a siting problem from located tables.

    Homes that could not be put on the road network stay in the demand, and so in every share: they
    are among :meth:`Instance.unreachable`. So do homes outside all areas, with a limit of 0. Homes
    where nobody of the chosen weight is known to live are left out.

    Parameters
    ----------
    located
        Positions of homes, facilities of today and sites.
    homes
        Contract ``homes``, with the column that ``weight`` names.
    sites
        Contract ``sites``: ``cost``, ``required``, ``forbidden``, ``group``, ``existing`` are taken
        over, and ``places`` as the capacity. Missing costs are 1 where no site has one, and 0 for
        existing ones.
    limit
        Minutes of each home; index of ``homes``.
    weight
        Who is to be served; ``homes`` counts each home as one.
    max_minutes
        Longest way to list. By default the largest limit, which is all that covering problems
        need; medians and centers look farther.

    Raises
    ------
    InputError
        If the weight is not a column of the homes, or some costs are given and others missing, or
        the sites repeat an id.
    """
    demand = _demand(homes, limit, weight)
    largest = float(demand["limit"].max()) if len(demand) else 0.0
    farthest = max_minutes if max_minutes is not None else max(largest, 1e-3)
    at = located.homes.loc[demand.index]
    options = {"direction": located.direction, "extra_minutes": located.extra_minutes}
    today = nearest(located.network, at, located.facilities, **options)  # type: ignore[arg-type]  # two plain options
    demand["today_minutes"] = today["minutes"].fillna(np.inf)
    again = reach(
        located.network,
        located.facilities,
        at,
        max_minutes=max(largest, 1e-3),
        **options,  # type: ignore[arg-type]
    )
    demand["today_count"] = _count_within(again, demand["limit"])
    pairs = reach(
        located.network,
        located.sites,
        at,
        max_minutes=farthest,
        direction=located.direction,
        extra_minutes=located.site_minutes,
    )
    pairs = pairs.rename(columns={"facility_id": "site_id"})
    return Instance.from_pairs(pairs, demand, _sites(sites))


def _demand(homes: pd.DataFrame, limit: pd.Series, weight: DemandWeight) -> pd.DataFrame:
    if weight != "homes" and weight not in homes:
        have = [c for c in ("elders", "elders80", "population", "households") if c in homes]
        msg = f"weight {weight!r} is not known of the homes; choose one of {[*have, 'homes']}"
        raise InputError(msg)
    people = pd.Series(1.0, homes.index) if weight == "homes" else homes[weight].astype(float)
    minutes = limit.reindex(homes.index).astype(float).fillna(0.0)
    frame = pd.DataFrame({"weight": people, "limit": minutes}, index=homes.index)
    if len(homes) and not people.notna().any():
        have = [c for c in ("elders", "elders80", "population", "households") if c in homes]
        known = [name for name in have if homes[name].notna().any()]
        msg = f"weight {weight!r} is not known of any home; choose one of {[*known, 'homes']}"
        raise InputError(msg)
    return frame[frame["weight"] > 0].copy()


def _count_within(pairs: pd.DataFrame, limit: pd.Series) -> pd.Series:
    within = pairs["minutes"].to_numpy() <= limit.reindex(pairs["home_id"]).to_numpy()
    return pairs["home_id"][within].value_counts().reindex(limit.index).fillna(0.0)


def _sites(sites: pd.DataFrame) -> pd.DataFrame:
    wanted = ["cost", "required", "forbidden", "group", "existing"]
    kept = pd.DataFrame({name: sites[name] for name in wanted if name in sites}, index=sites.index)
    if "places" in sites:
        kept["capacity"] = sites["places"].astype(float)
    if "cost" in kept:
        there = kept.get("existing", pd.Series(data=False, index=kept.index)) == True  # noqa: E712  # missing: not said
        if kept.loc[~there, "cost"].isna().all():
            kept = kept.drop(columns="cost")
        else:
            kept["cost"] = kept["cost"].mask(there & kept["cost"].isna(), 0.0)
    if "cost" in kept and kept["cost"].isna().any():
        missing = kept.index[kept["cost"].isna()]
        msg = (
            f"sites: cost is missing for {len(missing):,} of {len(kept):,} sites, first"
            f" {missing[0]}; give every site a cost (see CostModel), or none"
        )
        raise InputError(msg)
    return kept


def limits_of(area_of: pd.Series, areas: pd.DataFrame, limits: Mapping[str, float]) -> pd.Series:
    """Return the minutes of each home by the kind of its area; NaN outside all areas."""
    kind = area_of.map(areas["kind"])
    return kind.map(dict(limits)).astype(float)
