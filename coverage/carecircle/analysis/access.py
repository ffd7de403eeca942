"""Access: how much supply there is for each person, where everybody shares it (2SFCA family)."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from carecircle.analysis.decay import Decay, Flat, decay_weights
from carecircle.analysis.pairs import Pairs, check_limited, is_assessed
from carecircle.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FloatingCatchment", "Method", "floating_catchment", "roll_up_access"]

Method = Literal["two_step", "three_step", "modified"]
_FLAT = Flat()
_SHOWN = 20
_METHODS = ("two_step", "three_step", "modified")


@dataclass(frozen=True, eq=False)
class FloatingCatchment:
    """Access of each home, and what becomes of the supply of each facility.

    Attributes
    ----------
    homes
        Index of the demand: ``demand``; ``access``, supply for one unit of demand: 0 where the home
        was assessed and nothing is within its limit, NaN where it was not assessed or where all
        that is within its limit is of unknown supply; ``received``, demand x access;
        ``times_mean``, access over that of all homes together; ``facilities_reached`` (NaN not
        assessed), and ``facilities_unknown`` of them without a known supply, which ``access``
        leaves out.
    facilities
        Index of the supply: ``supply``; ``homes_reached``, ``demand_reached`` within the limit;
        ``weighted_demand``, the denominator; ``ratio``, supply for one unit of it; ``supply_used``,
        what the homes receive from it together; ``state``: ``shared``, ``reaches_nobody`` (its
        supply goes to no one) or ``unknown_supply``.
    method, decay
        How it was computed.
    """

    homes: pd.DataFrame
    facilities: pd.DataFrame
    method: Method
    decay: Decay

    @property
    def reaches_nobody(self) -> pd.DataFrame:
        """Facilities whose supply goes to no one."""
        return self.facilities[self.facilities["state"] == "reaches_nobody"]

    def __repr__(self) -> str:
        homes = self.homes
        return (
            f"FloatingCatchment({self.method}, {self.decay}: {len(homes):,} homes,"
            f" {int((homes['access'] == 0).sum()):,} without access,"
            f" {int(homes['access'].isna().sum()):,} not assessed; {len(self.facilities):,}"
            f" facilities, {len(self.reaches_nobody):,} reach nobody)"
        )

    def _repr_html_(self) -> str:
        shown = self.facilities.head(_SHOWN).to_html(escape=True, na_rep="--")
        return f"<div><b>{escape(repr(self))}</b>{shown}</div>"


def floating_catchment(
    pairs: pd.DataFrame,
    demand: pd.Series,
    supply: pd.Series,
    *,
    method: Method = "two_step",
    decay: Decay = _FLAT,
    assessed: pd.Series | None = None,
) -> FloatingCatchment:
    r"""Share the supply of each facility among those who can reach it, and add it up for each home.

    Parameters
    ----------
    pairs
        From :func:`carecircle.limit_pairs`: ``home_id``, ``facility_id``, ``minutes``,
        ``limit_minutes``.
    demand
        Index: all homes. People, elders or households; NaN unknown, which takes no share.
    supply
        Index: all facilities. Places, beds or m2; NaN unknown.
    method
        ``two_step``: 2SFCA with a flat decay, enhanced (E2SFCA) with any other; ``three_step``:
        people choose among the places they reach; ``modified``: M2SFCA, where a place far from
        everyone serves less.
    decay
        Weight of a way: :class:`carecircle.Flat`, :class:`carecircle.Steps`,
        :class:`carecircle.Gaussian` and others.
    assessed
        Index: all homes. False where a home could not be put on the road network; its demand takes
        no share.

    Returns
    -------
    FloatingCatchment

    Raises
    ------
    InputError
        With every fault of the pairs, the demand and the supply.

    Notes
    -----
    With the weight :math:`w_{ij}` of the way, demand P and supply S:

    .. math:: R_j = S_j / \sum_i w_{ij} P_i, \quad A_i = \sum_j w_{ij} R_j

    W. Luo and F. Wang (2003), Environment and Planning B 30(6), 865-884; enhanced: W. Luo and Y. Qi
    (2009), Health and Place 15(4), 1100-1107. Three steps put
    :math:`w_{ij} \cdot w_{ij} / \sum_j w_{ij}` in place of the weight (N. Wan, B. Zou and T.
    Sternberg 2012, International Journal of Geographical Information Science 26(6), 1073-1089).
    Modified: :math:`A_i = \sum_j w_{ij}^2 R_j` (P. Delamater 2013, Health and Place 24, 30-43).
    Demand times access adds up to the supply that reaches someone, but for ``modified``.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "facility_id": ["F1", "F1"],
    ...                       "minutes": [5.0, 9.0], "limit_minutes": 15.0})
    >>> homes = pd.Series([30.0, 20.0, 10.0], index=["H1", "H2", "H3"])
    >>> found = floating_catchment(pairs, homes, pd.Series({"F1": 100.0, "F2": 40.0}))
    >>> found.homes["access"].to_dict()
    {'H1': 2.0, 'H2': 2.0, 'H3': 0.0}
    >>> found.reaches_nobody.index.tolist()
    ['F2']
    """
    if method not in _METHODS:
        raise InputError(f"method is {method!r}; choose one of {', '.join(_METHODS)}")
    check_limited(pairs)
    known = is_assessed(demand.index, assessed)
    within = Pairs.of(pairs, demand, supply).of_homes(known)
    weight = decay_weights(within.minutes, within.limit, decay)
    give, take = _weights(within, weight, method)
    people = np.nan_to_num(within.homes.amount)[within.home]
    divided = within.by_facility(give * people)
    offered = within.facilities.amount
    ratio = np.full(len(offered), np.nan)
    np.divide(offered, divided, out=ratio, where=divided > 0)
    share = take * ratio[within.facility]
    has_share = (weight > 0) & ~np.isnan(share)
    share[~has_share] = 0.0
    access = within.by_home(share)
    access[(within.by_home(weight > 0) > 0) & (within.by_home(has_share) == 0)] = np.nan
    homes = _homes(within, access, demand, known)
    facilities = _facilities(within, (divided, ratio), people, share * people)
    return FloatingCatchment(homes, facilities.set_axis(supply.index), method, decay)


def roll_up_access(homes: pd.DataFrame, units: pd.Series) -> pd.DataFrame:
    """Add up access by area, street, district or any other unit.

    Numerators and denominators are added, never rates.

    Parameters
    ----------
    homes
        ``homes`` of a :class:`FloatingCatchment`.
    units
        Index of the homes: the unit of each; homes in none stand in a row of their own, ``""``.

    Returns
    -------
    pandas.DataFrame
        Index ``unit_id``, sorted: ``received`` (numerator), ``demand_total`` (denominator),
        ``access`` (their ratio; NaN where nobody lives or nobody was assessed),
        ``demand_no_access`` (assessed, with access 0), ``demand_not_assessed``, which stays in the
        denominator, and ``homes_unknown_demand``.

    Examples
    --------
    >>> homes = pd.DataFrame({"demand": [30.0, 10.0], "access": [2.0, 0.0],
    ...                       "received": [60.0, 0.0]}, index=["H1", "H2"])
    >>> roll_up_access(homes, pd.Series("A1", index=["H1", "H2"]))["access"].to_dict()
    {'A1': 1.5}
    """
    ordered = homes.sort_index()
    access, people = ordered["access"], ordered["demand"]
    label = units.reindex(ordered.index).astype("str").fillna("")
    parts = pd.DataFrame(
        {
            "received": ordered["received"],
            "demand_total": people,
            "demand_no_access": people.where(access == 0, people * 0.0),
            "demand_not_assessed": people.where(access.isna(), people * 0.0),
            "homes_unknown_demand": people.isna().astype(float),
        }
    )
    sums = parts.groupby(label).sum(min_count=1).rename_axis(index="unit_id")
    total = sums["demand_total"]
    sums.insert(2, "access", sums["received"] / total.where(total > 0))
    return sums


def _weights(within: Pairs, weight: Floats, method: Method) -> tuple[Floats, Floats]:
    if method == "modified":
        return weight, weight**2
    if method == "two_step":
        return weight, weight
    all_of_home = within.by_home(weight)[within.home]
    chosen = np.zeros(len(weight))
    np.divide(weight, all_of_home, out=chosen, where=all_of_home > 0)
    return chosen * weight, chosen * weight


def _homes(
    within: Pairs, access: Floats, demand: pd.Series, known: NDArray[np.bool_]
) -> pd.DataFrame:
    unknown = np.isnan(within.facilities.amount)[within.facility]
    found = np.column_stack((access, within.by_home(None), within.by_home(unknown)))
    found = np.where(known[:, None], within.homes.back(found), np.nan)
    people = demand.to_numpy(dtype=np.float64, na_value=np.nan)
    received = people * found[:, 0]
    # in the order of the ids: the mean does not hang on the order of the rows
    order = np.argsort(within.homes.at)
    total = np.nansum(people[order])
    mean = np.nansum(received[order]) / total if total > 0 else np.nan
    return pd.DataFrame(
        {
            "demand": people,
            "access": found[:, 0],
            "received": received,
            "times_mean": found[:, 0] / mean if mean > 0 else np.nan,
            "facilities_reached": found[:, 1],
            "facilities_unknown": found[:, 2],
        },
        index=demand.index,
    )


def _facilities(
    within: Pairs, divided_ratio: tuple[Floats, Floats], people: Floats, received: Floats
) -> pd.DataFrame:
    divided, ratio = divided_ratio
    offered = within.facilities.amount
    state = np.where(divided > 0, "shared", "reaches_nobody").astype(object)
    state[np.isnan(offered)] = "unknown_supply"
    columns = {
        "supply": offered,
        "homes_reached": within.by_facility(None),
        "demand_reached": within.by_facility(people),
        "weighted_demand": divided,
        "ratio": ratio,
        "supply_used": np.where(np.isnan(offered), np.nan, within.by_facility(received)),
    }
    frame = pd.DataFrame({name: within.facilities.back(v) for name, v in columns.items()})
    return frame.assign(state=pd.array(within.facilities.back(state), dtype="str"))
