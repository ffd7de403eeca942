"""Pairs of home and facility within reach: checked, limited, and numbered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Amounts", "Pairs", "check_limited", "is_assessed", "limit_pairs"]

_SHOWN = 3


def limit_pairs(
    pairs: pd.DataFrame,
    *,
    max_minutes: float | None = None,
    by_home: pd.Series | None = None,
    by_facility: pd.Series | None = None,
) -> pd.DataFrame:
    """Keep the pairs within their limit, which goes along as ``limit_minutes``.

    Parameters
    ----------
    pairs
        ``home_id``, ``facility_id``, ``minutes``, from :func:`carecircle.reach` or another engine,
        searched at least as far as the largest limit.
    max_minutes, by_home, by_facility
        Minutes for all; or of each home (the rule of the plan: the limit belongs to the resident);
        or of each facility (a catchment by facility kind). One of them. An id without minutes has
        no pairs.

    Returns
    -------
    pandas.DataFrame
        The columns of ``pairs`` and ``limit_minutes``; exactly at the limit is within. Pairs
        without minutes are out of reach.

    Raises
    ------
    InputError
        Unless exactly one limit is given, in positive minutes.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "facility_id": ["F1", "F1"],
    ...                       "minutes": [15.0, 15.1]})
    >>> limit_pairs(pairs, max_minutes=15.0)["home_id"].tolist()
    ['H1']
    """
    given = {"max_minutes": max_minutes, "by_home": by_home, "by_facility": by_facility}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise InputError(
            f"limits: give one of max_minutes, by_home, by_facility (given: {named or 'none'})"
        )
    _check_columns(pairs, ("home_id", "facility_id", "minutes"))
    minutes = pd.to_numeric(pairs["minutes"], errors="coerce")
    text = minutes.isna() & pairs["minutes"].notna()
    if text.any():
        raise InputError(f"pairs: minutes are {pairs['minutes'][text].iloc[0]!r}; give numbers")
    if by_home is not None:
        limit = pairs["home_id"].map(by_home).astype(float)
    elif by_facility is not None:
        limit = pairs["facility_id"].map(by_facility).astype(float)
    else:
        limit = pd.Series(float(max_minutes or 0.0), index=pairs.index)
    if (limit <= 0).any() or (max_minutes is not None and not max_minutes > 0):
        raise InputError(f"limits: {named[0]} has {limit.min():g} minutes; give minutes above 0")
    return pairs.assign(minutes=minutes, limit_minutes=limit)[minutes <= limit]


@dataclass(frozen=True, eq=False)
class Amounts:
    """An amount for each id, in the order of the ids, whatever the order they came in.

    Attributes
    ----------
    index
        The ids as they came.
    at
        Per id as it came: its number in ``amount``.
    amount
        Amounts in the order of the ids as text; NaN unknown.
    """

    index: pd.Index
    at: NDArray[np.int64]
    amount: Floats

    @classmethod
    def of(cls, series: pd.Series) -> Amounts:
        """Sort a series by its ids."""
        order = np.argsort(series.index.astype(str).to_numpy(), kind="stable")
        at = np.empty(len(order), dtype=np.int64)
        at[order] = np.arange(len(order))
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)[order]
        return cls(series.index, at, values)

    def numbers(self, ids: pd.Series) -> NDArray[np.int64]:
        """Return the number of each id."""
        return self.at[self.index.get_indexer(pd.Index(ids))]

    def back(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of numbers in the order in which the ids came."""
        return values[self.at]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Numbered pairs, sorted by home and facility, so that sums do not hang on the row order.

    Attributes
    ----------
    homes, facilities
        What there is at each.
    home, facility, minutes, limit
        Per pair. Of pairs told twice the shorter one stays.
    """

    homes: Amounts
    facilities: Amounts
    home: NDArray[np.int64]
    facility: NDArray[np.int64]
    minutes: Floats
    limit: Floats

    @classmethod
    def of(
        cls, pairs: pd.DataFrame, at_homes: pd.Series, at_facilities: pd.Series, *names: str
    ) -> Pairs:
        """Check and number pairs.

        Parameters
        ----------
        pairs
            ``home_id``, ``facility_id``, ``minutes``, and ``limit_minutes`` or none.
        at_homes, at_facilities
            What there is at each home and facility; 0 or more, NaN unknown.
        names
            What the two are called in messages.

        Raises
        ------
        InputError
            With every fault of the three tables.
        """
        _check(pairs, at_homes, at_facilities, *names)
        homes, facilities = Amounts.of(at_homes), Amounts.of(at_facilities)
        minutes = pairs["minutes"].to_numpy(dtype=np.float64)
        limit = np.full(len(pairs), np.inf)
        if "limit_minutes" in pairs:
            limit = pairs["limit_minutes"].to_numpy(dtype=np.float64)
        home = homes.numbers(pairs["home_id"])
        facility = facilities.numbers(pairs["facility_id"])
        order = np.lexsort((minutes, facility, home))
        order = order[minutes[order] <= limit[order]]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (np.diff(home[order]) != 0) | (np.diff(facility[order]) != 0)
        order = order[first]
        return cls(homes, facilities, home[order], facility[order], minutes[order], limit[order])

    def of_homes(self, known: NDArray[np.bool_]) -> Pairs:
        """Keep the pairs of homes that are so marked, in the order in which they came."""
        marked = np.empty(len(known), dtype=bool)
        marked[self.homes.at] = known
        keep = marked[self.home]
        return Pairs(
            self.homes,
            self.facilities,
            self.home[keep],
            self.facility[keep],
            self.minutes[keep],
            self.limit[keep],
        )

    def by_home(self, amounts: NDArray[Any] | None) -> Floats:
        """Add up amounts of pairs for each home; without amounts count the pairs."""
        return _added(self.home, amounts, len(self.homes.amount))

    def by_facility(self, amounts: NDArray[Any] | None) -> Floats:
        """Add up amounts of pairs for each facility; without amounts count the pairs."""
        return _added(self.facility, amounts, len(self.facilities.amount))


def check_limited(pairs: pd.DataFrame) -> None:
    """Refuse pairs of which nobody said how far one may go.

    Raises
    ------
    InputError
        Without the column ``limit_minutes``.
    """
    if "limit_minutes" not in pairs:
        raise InputError(
            "pairs: column limit_minutes is missing; say how far one may go with limit_pairs"
        )


def is_assessed(homes: pd.Index, assessed: pd.Series | None) -> NDArray[np.bool_]:
    """Return for each home whether it was assessed.

    Parameters
    ----------
    homes
        Their ids.
    assessed
        Whether each home could be put on the road network; all by default.

    Raises
    ------
    InputError
        If a home is missing from ``assessed``.
    """
    if assessed is None:
        return np.ones(len(homes), dtype=bool)
    at = assessed.index.get_indexer(homes)
    if (at < 0).any():
        lost = homes[at < 0]
        raise InputError(
            f"assessed: {len(lost):,} homes are missing, first {lost[0]!r}; give True or False for"
            " each home"
        )
    return np.asarray(assessed.to_numpy(dtype=bool, na_value=False)[at], dtype=bool)


def _added(number: NDArray[np.int64], amounts: NDArray[Any] | None, size: int) -> Floats:
    return np.bincount(number, amounts, size).astype(np.float64)


def _check_columns(pairs: pd.DataFrame, wanted: tuple[str, ...]) -> None:
    missing = [name for name in wanted if name not in pairs]
    if missing:
        raise InputError(
            f"pairs: column {', '.join(missing)} is missing (found:"
            f" {', '.join(map(str, pairs.columns))}); rename it"
        )


def _check(
    pairs: pd.DataFrame,
    at_homes: pd.Series,
    at_facilities: pd.Series,
    demand: str = "demand",
    supply: str = "supply",
) -> None:
    _check_columns(pairs, ("home_id", "facility_id", "minutes"))
    faults = []
    for name, series, column in (
        (demand, at_homes, "home_id"),
        (supply, at_facilities, "facility_id"),
    ):
        twice = series.index[series.index.duplicated()].unique()
        faults += _listed(f"{name}: {{}} ids stand twice, such as {{}}; give each once", twice)
        values = pd.to_numeric(series, errors="coerce")
        bad = (values < 0) | np.isinf(values) | (values.isna() & series.notna())
        faults += _listed(
            f"{name}: {{}} amounts are negative, endless or text, at {{}}; give 0 or more",
            series.index[bad],
        )
        at = series.index.unique().get_indexer(pd.Index(pairs[column]))
        lost = pd.Index(pairs.loc[at < 0, column].unique())
        faults += _listed(
            f"pairs: {{}} values of {column} are not in {name}, such as {{}}; ids must match", lost
        )
    minutes = pd.to_numeric(pairs["minutes"], errors="coerce").to_numpy(dtype=np.float64)
    bad = pd.Index(pairs["minutes"].astype(object)[~(minutes >= 0) | np.isinf(minutes)])
    faults += _listed(
        "pairs: {} minutes are missing, negative or endless, such as {}; leave out what is out of"
        " reach",
        bad,
    )
    if faults:
        raise InputError("\n".join(faults))


def _listed(message: str, found: pd.Index) -> list[str]:
    shown = ", ".join(repr(value) for value in found[:_SHOWN])
    return [message.format(f"{len(found):,}", shown)] if len(found) else []
