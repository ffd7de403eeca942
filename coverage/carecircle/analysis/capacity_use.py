"""Capacity used up: who is left without a place within the limit, and what floor area all share."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.access import floating_catchment
from carecircle.analysis.pairs import Pairs, check_limited, is_assessed
from carecircle.errors import CarecircleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["CapacityUse", "assign_places", "roll_up_places", "shared_floor_area"]

#: Why people have no place, in the order in which it is asked.
_REASONS = ("not_assessed", "unknown_demand", "no_facility", "unknown_capacity", "full")
_SHOWN = 20
_TINY = 1e-6  # people; the solver keeps its rows to 1e-7
_CLOSE = 1e-9  # minutes; what a pair must save to be worth a try


@dataclass(frozen=True, eq=False)
class CapacityUse:
    """Who finds a place where, and who finds none.

    Attributes
    ----------
    homes
        Index of the demand: ``demand`` = ``placed`` + ``unplaced`` + ``not_assessed``, in people;
        ``minutes``, mean way of those placed; ``reason`` where someone has no place:
        ``no_facility`` within the limit, ``full`` (all within the limit are), ``unknown_capacity``
        (of all within the limit), ``not_assessed``, ``unknown_demand``.
    facilities
        Index of the capacity: ``capacity``, ``used``, ``left``, ``full``, and ``binding``: one more
        place there would give one more person a place. ``full`` without ``binding`` means that
        everyone who could come has a place elsewhere.
    flows
        ``home_id``, ``facility_id``, ``people``, ``minutes``: who goes where; sorted by both ids.
    """

    homes: pd.DataFrame
    facilities: pd.DataFrame
    flows: pd.DataFrame

    @property
    def binding(self) -> list[str]:
        """Ids of the facilities where one more place would give one more person a place."""
        return [str(name) for name in self.facilities.index[self.facilities["binding"]]]

    def __repr__(self) -> str:
        sums = self.homes[["placed", "unplaced", "not_assessed", "demand"]].sum()
        return (
            f"CapacityUse({sums['placed']:,.0f} of {sums['demand']:,.0f} placed,"
            f" {sums['unplaced']:,.0f} not, {sums['not_assessed']:,.0f} not assessed;"
            f" {len(self.binding):,} of {len(self.facilities):,} facilities bind)"
        )

    def _repr_html_(self) -> str:
        shown = self.facilities.head(_SHOWN).to_html(escape=True, na_rep="--")
        return f"<div><b>{escape(repr(self))}</b>{shown}</div>"


def assign_places(
    pairs: pd.DataFrame,
    demand: pd.Series,
    capacity: pd.Series,
    *,
    assessed: pd.Series | None = None,
) -> CapacityUse:
    r"""Give as many people as possible a place within their limit, with the fewest minutes.

    Exact, unlike filling facilities one after another, where the answer hangs on their order. The
    people of a home may go to several facilities. No other assignment places more; of those that
    place as many, none takes fewer minutes in all. Those left out are therefore the ones farthest
    away: a count of missing places, and no rule for whom to turn away.

    Parameters
    ----------
    pairs
        From :func:`carecircle.limit_pairs`: ``home_id``, ``facility_id``, ``minutes``,
        ``limit_minutes``.
    demand
        Index: all homes. People who want a place; NaN unknown.
    capacity
        Index: all facilities. Places in the same unit; NaN unknown, which places no one.
    assessed
        Index: all homes. False where a home could not be put on the road network.

    Returns
    -------
    CapacityUse
        In whole people where demand and capacities are whole.

    Raises
    ------
    InputError
        With every fault of the pairs, the demand and the capacity.
    CarecircleError
        If the solver fails.

    Notes
    -----
    A transportation problem, solved as a linear program by HiGHS:

    .. math:: \max \sum_{ij} x_{ij}\ \text{then}\ \min \sum_{ij} t_{ij} x_{ij}, \quad
              \sum_j x_{ij} \le P_i,\ \sum_i x_{ij} \le C_j,\ x \ge 0

    A place is worth more minutes than any chain of moves that it can set off, each facility passed
    once. The matrix is totally unimodular: whole amounts give whole flows. Facilities bind that a
    person without a place can reach along moves of others (the minimum cut of L. Ford and D.
    Fulkerson 1956, Canadian Journal of Mathematics 8, 399-404); they are the same in every optimum.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2", "H2"], "facility_id": ["F1", "F1", "F2"],
    ...                       "minutes": [9.0, 2.0, 8.0], "limit_minutes": 15.0})
    >>> homes = pd.Series([30.0, 20.0, 5.0], index=["H1", "H2", "H3"])
    >>> use = assign_places(pairs, homes, pd.Series({"F1": 25.0, "F2": 40.0}))
    >>> use.homes[["placed", "unplaced"]].to_dict("list")
    {'placed': [25.0, 20.0, 0.0], 'unplaced': [5.0, 0.0, 5.0]}
    >>> use.homes["reason"].tolist(), use.binding
    (['full', '', 'no_facility'], ['F1'])
    """
    check_limited(pairs)
    known = is_assessed(demand.index, assessed)
    within = Pairs.of(pairs, demand, capacity, "demand", "capacity").of_homes(known)
    people = np.nan_to_num(within.homes.amount)
    room = np.nan_to_num(within.facilities.amount)
    usable = np.flatnonzero((people[within.home] > 0) & (room[within.facility] > 0))
    flow = np.zeros(len(within.home))
    flow[usable] = _best_flow(within, usable, people, room)
    placed, used = within.by_home(flow), within.by_facility(flow)
    unplaced = np.maximum(people - placed, 0.0)
    binding = _binding(within, flow, unplaced > _TINY)
    capacities = pd.DataFrame(
        {
            "capacity": within.facilities.amount,
            "used": used,
            "left": np.maximum(within.facilities.amount - used, 0.0),
            "full": used >= room - _TINY,
            "binding": binding,
        }
    )
    capacities["full"] &= capacities["capacity"].notna()
    facilities = capacities.iloc[within.facilities.at].set_axis(capacity.index)
    homes = _homes(within, (flow, placed, unplaced), demand, known)
    return CapacityUse(homes, facilities, _flows(within, flow, demand.index, capacity.index))


def roll_up_places(homes: pd.DataFrame, units: pd.Series) -> pd.DataFrame:
    """Add up by area, street or district who found a place, and why others did not.

    Parameters
    ----------
    homes
        ``homes`` of a :class:`CapacityUse`.
    units
        Index of the homes: the unit of each; homes in none stand in a row of their own, ``""``.

    Returns
    -------
    pandas.DataFrame
        Index ``unit_id``, sorted: ``demand`` = ``placed`` + ``unplaced`` + ``not_assessed``,
        ``rate`` = placed / demand, ``unplaced`` by reason (``unplaced_no_facility``,
        ``unplaced_full``, ``unplaced_unknown_capacity``), and ``homes_unknown_demand``.

    Examples
    --------
    >>> homes = pd.DataFrame({"demand": [9.0, 4.0], "placed": [6.0, 0.0], "unplaced": [3.0, 4.0],
    ...                       "not_assessed": 0.0, "reason": ["full", "no_facility"]},
    ...                      index=["H1", "H2"])
    >>> town = roll_up_places(homes, pd.Series("A1", index=["H1", "H2"]))
    >>> town[["placed", "unplaced_full", "unplaced_no_facility"]].to_dict("records")
    [{'placed': 6.0, 'unplaced_full': 3.0, 'unplaced_no_facility': 4.0}]
    """
    ordered = homes.sort_index()
    label = units.reindex(ordered.index).astype("str").fillna("")
    parts = ordered[["demand", "placed", "unplaced", "not_assessed"]].assign(
        **{
            f"unplaced_{reason}": ordered["unplaced"].where(
                ordered["reason"] == reason, ordered["unplaced"] * 0.0
            )
            for reason in _REASONS[2:]
        },
        homes_unknown_demand=ordered["demand"].isna().astype(float),
    )
    sums = parts.groupby(label).sum(min_count=1).rename_axis(index="unit_id")
    total = sums["demand"]
    sums.insert(4, "rate", sums["placed"] / total.where(total > 0))
    return sums


def shared_floor_area(
    pairs: pd.DataFrame,
    households: pd.Series,
    floor_m2: pd.Series,
    *,
    assessed: pd.Series | None = None,
) -> pd.DataFrame:
    """Divide the floor area of each facility over all households that reach it.

    What a household really has of the stations around it: each is shared with everyone else who can
    walk there, and all shares of a household are added up.

    Parameters
    ----------
    pairs
        From :func:`carecircle.limit_pairs`.
    households
        Index: all homes; NaN unknown.
    floor_m2
        Index: all facilities; NaN unknown.
    assessed
        Index: all homes. False where a home could not be put on the road network.

    Returns
    -------
    pandas.DataFrame
        Index of ``households``: ``households``, ``shared_m2`` (of the home together; adds up to the
        floor area of the facilities that somebody reaches), ``m2_per_100_households`` and
        ``facilities_unknown`` (within the limit, without a floor area). 0 where nothing is reached,
        NaN where not assessed.

    Raises
    ------
    InputError
        With every fault of the pairs, the households and the floor areas.

    Notes
    -----
    The two-step floating catchment (:func:`carecircle.floating_catchment`) with a flat decay.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "facility_id": ["F1", "F1"],
    ...                       "minutes": [5.0, 9.0], "limit_minutes": 15.0})
    >>> homes = pd.Series([600.0, 400.0], index=["H1", "H2"])
    >>> shared_floor_area(pairs, homes, pd.Series({"F1": 300.0}))["shared_m2"].to_dict()
    {'H1': 180.0, 'H2': 120.0}
    """
    shared = floating_catchment(pairs, households, floor_m2, assessed=assessed).homes
    return pd.DataFrame(
        {
            "households": shared["demand"],
            "shared_m2": shared["received"],
            "m2_per_100_households": 100.0 * shared["access"],
            "facilities_unknown": shared["facilities_unknown"],
        }
    )


def _best_flow(within: Pairs, usable: NDArray[np.int64], people: Floats, room: Floats) -> Floats:
    """Solve for the nearest pair of each home, and add pairs until none of the others can help."""
    if not len(usable):
        return np.empty(0)
    home, minutes = within.home[usable], within.minutes[usable]
    place, number = np.unique(within.facility[usable], return_inverse=True)
    # a person more moves at most one group on from each facility
    worth = (len(place) + 1) * (minutes.max() - minutes.min()) + minutes.max() + 1.0
    cost = minutes - worth
    listed = _least_of_home(home, cost)
    flow = np.zeros(len(usable))
    while True:
        flow[listed], price = _priced(
            (home[listed], number[listed], cost[listed]), people, room[place]
        )
        # a pair helps that is cheaper, at today's prices of places, than what its home has
        reduced = cost - price[number]
        best = np.zeros(len(people))
        np.minimum.at(best, home[listed], reduced[listed])
        helps = np.setdiff1d(np.flatnonzero(reduced < best[home] - _CLOSE), listed)
        if not len(helps):
            break
        listed = np.sort(np.append(listed, helps[_least_of_home(home[helps], reduced[helps])]))
    whole = all((part == np.round(part)).all() for part in (people, room[place]))
    return np.asarray(np.round(flow) if whole else np.where(flow > _TINY, flow, 0.0))


def _least_of_home(home: NDArray[np.int64], cost: Floats) -> NDArray[np.int64]:
    """Return where each home has its least cost, the first of equal ones."""
    order = np.lexsort((np.arange(len(home)), cost, home))
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(home[order]) != 0
    return np.sort(order[first])


def _priced(
    pairs: tuple[NDArray[np.int64], NDArray[np.int64], Floats], people: Floats, room: Floats
) -> tuple[Floats, Floats]:
    """Return the best flow on some pairs, and what one more place at each facility is worth."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, vstack

    home, place, cost = pairs
    column = np.arange(len(home))
    rows, least = csr_array((np.ones(len(home)), (place, column)), (len(room), len(home))), room
    several = np.bincount(home, minlength=len(people))[home] > 1
    if several.any():  # of a home with one pair the bound of its column says it all
        homes, row = np.unique(home[several], return_inverse=True)
        each = csr_array((np.ones(len(row)), (row, column[several])), (len(homes), len(home)))
        rows, least = vstack([rows, each], format="csr"), np.concatenate((room, people[homes]))
    bounds = np.column_stack((np.zeros(len(home)), people[home]))
    found = linprog(cost, A_ub=rows, b_ub=least, bounds=bounds, method="highs-ds")
    if found.status != 0:
        raise CarecircleError(f"places: the solver HiGHS gave up: {found.message}")
    price = np.asarray(found.ineqlin.marginals[: len(room)], dtype=np.float64)
    return np.maximum(np.asarray(found.x, dtype=np.float64), 0.0), price


def _binding(within: Pairs, flow: Floats, without_place: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark facilities from which a chain of moves leads to a person without a place."""
    known = ~np.isnan(within.facilities.amount)[within.facility]
    home, place = within.home[known], within.facility[known]
    moves = flow[known] > _TINY
    homes = without_place.copy()
    places = np.zeros(len(within.facilities.amount), dtype=bool)
    while True:
        places[place[homes[home]]] = True
        more = moves & places[place] & ~homes[home]
        if not more.any():
            return places
        homes[home[more]] = True


def _homes(
    within: Pairs,
    found: tuple[Floats, Floats, Floats],
    demand: pd.Series,
    known: NDArray[np.bool_],
) -> pd.DataFrame:
    flow, placed, unplaced = found
    no_room = np.isnan(within.facilities.amount)[within.facility]
    reached, unknown = within.by_home(None), within.by_home(no_room)
    walked = within.by_home(flow * within.minutes)
    minutes = np.full(len(placed), np.nan)
    np.divide(walked, placed, out=minutes, where=placed > 0)
    people = demand.to_numpy(dtype=np.float64, na_value=np.nan)
    reached, unknown, unplaced, minutes = (
        within.homes.back(part) for part in (reached, unknown, unplaced, minutes)
    )
    counted = known & ~np.isnan(people)
    asked = [~known, np.isnan(people), reached == 0, unknown == reached]
    reason = np.select(asked, _REASONS[:4], _REASONS[4])
    unplaced = np.where(unplaced <= _TINY, 0.0, unplaced)
    reason[counted & (unplaced == 0)] = ""
    return pd.DataFrame(
        {
            "demand": people,
            "placed": np.where(counted, people - unplaced, people * 0.0),
            "unplaced": np.where(counted, unplaced, people * 0.0),
            "not_assessed": np.where(known, people * 0.0, people),
            "minutes": minutes,
            "reason": pd.array(reason, dtype="str"),
        },
        index=demand.index,
    )


def _flows(within: Pairs, flow: Floats, homes: pd.Index, facilities: pd.Index) -> pd.DataFrame:
    used = flow > 0
    of_home, of_facility = np.argsort(within.homes.at), np.argsort(within.facilities.at)
    return pd.DataFrame(
        {
            "home_id": homes.to_numpy()[of_home[within.home[used]]],
            "facility_id": facilities.to_numpy()[of_facility[within.facility[used]]],
            "people": flow[used],
            "minutes": within.minutes[used],
        }
    ).astype({"home_id": "str", "facility_id": "str"})
