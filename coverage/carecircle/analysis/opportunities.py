"""What is within reach, not shared: counts, gravity, and minutes to the n-th place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.decay import Decay, Power, decay_weights
from carecircle.analysis.pairs import Pairs, check_limited, is_assessed
from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["cumulative_access", "dual_access", "gravity_access"]

_HANSEN = Power()
_HAIR = 1e-12  # relative; what rounding may take from a sum of supply


def cumulative_access(
    pairs: pd.DataFrame,
    supply: pd.Series,
    homes: pd.Index,
    *,
    minutes: Sequence[float] = (5.0, 10.0, 15.0, 30.0),
    assessed: pd.Series | None = None,
) -> pd.DataFrame:
    """Add up the supply within so many minutes of each home, shared with nobody.

    Parameters
    ----------
    pairs
        ``home_id``, ``facility_id``, ``minutes``, searched at least as far as the largest limit;
        ``limit_minutes``, if given, holds too.
    supply
        Index: all facilities. Places, m2, or 1 each to count facilities; NaN unknown.
    homes
        Ids of all homes.
    minutes
        Limits; exactly at the limit is within.
    assessed
        Index: all homes. False where a home could not be put on the road network.

    Returns
    -------
    pandas.DataFrame
        Index of ``homes``: ``within_5`` and so on for each limit: 0 where the home was assessed and
        nothing is reached, NaN where it was not assessed or only unknown supply is reached.

    Raises
    ------
    InputError
        With every fault of the pairs and the supply.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1"], "facility_id": ["F1", "F2"],
    ...                       "minutes": [5.0, 12.0]})
    >>> each = pd.Series(1.0, index=["F1", "F2"])
    >>> cumulative_access(pairs, each, pd.Index(["H1", "H2"]), minutes=[5, 15])
        within_5  within_15
    H1       1.0        2.0
    H2       0.0        0.0
    """
    within = Pairs.of(pairs, pd.Series(1.0, index=homes), supply)
    known = is_assessed(homes, assessed)
    columns = {
        f"within_{limit:g}": _added(within, (within.minutes <= limit).astype(float), known)
        for limit in minutes
    }
    return pd.DataFrame(columns, index=homes)


def gravity_access(
    pairs: pd.DataFrame,
    supply: pd.Series,
    homes: pd.Index,
    *,
    decay: Decay = _HANSEN,
    assessed: pd.Series | None = None,
) -> pd.Series:
    r"""Add up the supply around each home, each place by the weight of the way to it.

    Parameters
    ----------
    pairs
        From :func:`carecircle.limit_pairs`.
    supply, homes, assessed
        As for :func:`cumulative_access`.
    decay
        Weight of a way.

    Returns
    -------
    pandas.Series
        ``gravity``, index of ``homes``; 0 and NaN as for :func:`cumulative_access`.

    Raises
    ------
    InputError
        With every fault of the pairs and the supply.

    Notes
    -----
    .. math:: A_i = \sum_j S_j f(t_{ij})

    W. G. Hansen (1959), How accessibility shapes land use, Journal of the American Institute of
    Planners 25(2), 73-76.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1"], "facility_id": ["F1", "F2"],
    ...                       "minutes": [5.0, 10.0], "limit_minutes": 30.0})
    >>> beds = pd.Series({"F1": 50.0, "F2": 100.0})
    >>> gravity_access(pairs, beds, pd.Index(["H1"])).to_dict()  # 50 / 25 + 100 / 100
    {'H1': 3.0}
    """
    check_limited(pairs)
    within = Pairs.of(pairs, pd.Series(1.0, index=homes), supply)
    weight = decay_weights(within.minutes, within.limit, decay)
    return pd.Series(_added(within, weight, is_assessed(homes, assessed)), homes, name="gravity")


def dual_access(
    pairs: pd.DataFrame,
    supply: pd.Series,
    homes: pd.Index,
    *,
    n: float = 1.0,
    assessed: pd.Series | None = None,
) -> pd.DataFrame:
    """Find how many minutes it takes until so much supply is within reach.

    With a supply of 1 each, the minutes to the n-th nearest facility.

    Parameters
    ----------
    pairs
        As for :func:`cumulative_access`.
    supply, homes, assessed
        As for :func:`cumulative_access`; places of unknown supply are passed over.
    n
        Supply wanted.

    Returns
    -------
    pandas.DataFrame
        Index of ``homes``: ``minutes`` (NaN with a reason), ``facility_id`` that makes it enough,
        ``found`` (supply in all pairs of the home) and ``reason``: ``too_little`` within the pairs,
        or ``not_assessed``.

    Raises
    ------
    InputError
        With every fault of the pairs and the supply, or if ``n`` is not above 0.

    Notes
    -----
    M. Cui and D. Levinson (2020), Primal and dual access, Geographical Analysis 52(3), 452-474.

    Examples
    --------
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H1"], "facility_id": ["F1", "F2"],
    ...                       "minutes": [5.0, 12.0]})
    >>> each = pd.Series(1.0, index=["F1", "F2"])
    >>> dual_access(pairs, each, pd.Index(["H1", "H2"]), n=2)[["minutes", "facility_id"]]
        minutes facility_id
    H1     12.0          F2
    H2      NaN         NaN
    """
    if not n > 0:
        raise InputError(f"n is {n!r}; give a supply above 0")
    within = Pairs.of(pairs, pd.Series(1.0, index=homes), supply)
    known = is_assessed(homes, assessed)
    order = np.lexsort((within.facility, within.minutes, within.home))
    home, offered = within.home[order], np.nan_to_num(within.facilities.amount)[within.facility]
    running = pd.Series(offered[order]).groupby(home).cumsum().to_numpy()
    enough = np.flatnonzero(running >= n * (1 - _HAIR))
    who, first = np.unique(home[enough], return_index=True)
    at = order[enough[first]]
    minutes, place = np.full(len(homes), np.nan), np.full(len(homes), -1, dtype=np.int64)
    minutes[who], place[who] = within.minutes[at], within.facility[at]
    minutes = np.where(known, within.homes.back(minutes), np.nan)
    place = np.where(known, within.homes.back(place), -1)
    ids = np.array([*sorted(supply.index.astype(str)), None], dtype=object)
    reason = np.where(known, np.where(np.isnan(minutes), "too_little", ""), "not_assessed")
    found = within.homes.back(within.by_home(offered))
    return pd.DataFrame(
        {
            "minutes": minutes,
            "facility_id": pd.array(ids[place], dtype="str"),
            "found": np.where(known, found, np.nan),
            "reason": pd.array(reason, dtype="str"),
        },
        index=homes,
    )


def _added(within: Pairs, weight: Floats, known: NDArray[np.bool_]) -> Floats:
    amount = weight * within.facilities.amount[within.facility]
    counts = (weight > 0) & ~np.isnan(amount)
    total = within.by_home(np.where(counts, amount, 0.0))
    total[(within.by_home(weight > 0) > 0) & (within.by_home(counts) == 0)] = np.nan
    return np.where(known, within.homes.back(total), np.nan)
