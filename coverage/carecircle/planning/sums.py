"""Compiled sums by group, compensated as pandas compensates them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["group_sums", "running_sums"]


@kernel
def group_sums(
    values: NDArray[np.float64], group: NDArray[np.int64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the sum of each column by group, and of how many known values.

    Sums are compensated (Kahan) in row order, as ``DataFrame.groupby().sum()`` does it, so that an
    update gives the very figures of a full assessment. NaN and groups below 0 are passed over.
    """
    total = np.zeros((n, values.shape[1]))
    lost = np.zeros((n, values.shape[1]))
    known = np.zeros((n, values.shape[1]), dtype=np.int64)
    for row in range(values.shape[0]):
        to = group[row]
        if to < 0:
            continue
        for column in range(values.shape[1]):
            value = values[row, column]
            if np.isnan(value):
                continue
            known[to, column] += 1
            step = value - lost[to, column]
            grown = total[to, column] + step
            lost[to, column] = grown - total[to, column] - step
            total[to, column] = grown
    return total, known


@kernel
def running_sums(values: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the running sum within each group; rows of a group stand together."""
    running = np.empty(values.size)
    total, lost = 0.0, 0.0
    for row in range(values.size):
        if row == 0 or group[row] != group[row - 1]:
            total, lost = 0.0, 0.0
        step = values[row] - lost
        grown = total + step
        lost = grown - total - step
        total = grown
        running[row] = total
    return running
