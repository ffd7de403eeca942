"""Weighted quantiles by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["weighted_quantiles"]


def weighted_quantiles(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    groups: NDArray[np.object_],
    shares: Sequence[float],
) -> pd.DataFrame:
    """Return the smallest value that at least a share of the weight does not exceed, by group.

    Missing values count as larger than any number: a quantile that falls among them is NaN.

    Parameters
    ----------
    values, weights, groups
        Aligned arrays; weights are not negative.
    shares
        Shares between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        Index: sorted groups; one column per share. Groups without weight are NaN.

    Examples
    --------
    >>> weighted_quantiles(np.array([5.0, 10.0, np.nan]), np.array([3.0, 1.0, 1.0]),
    ...                    np.array(["A", "A", "A"], dtype=object), [0.5, 0.8, 0.9])
       0.5   0.8  0.9
    A  5.0  10.0  NaN
    """
    code, names = pd.factorize(groups, sort=True)
    order = np.lexsort((values, code))
    code, value = code[order], values[order]
    # summed group by group: no group's figure depends on the others by rounding
    running = pd.Series(weights[order]).groupby(code).cumsum().to_numpy()
    total = np.zeros(len(names))
    total[code] = running  # the last of each group stays
    result = {}
    for share in shares:
        # a hair below the share, so that rounding in the running sum moves no quantile
        enough = np.flatnonzero(running >= share * total[code] * (1 - 1e-12))
        group, first = np.unique(code[enough], return_index=True)
        found = np.full(len(names), np.nan)
        found[group] = value[enough[first]]
        result[share] = np.where(total > 0, found, np.nan)
    return pd.DataFrame(result, index=pd.Index(names))
