"""Compiled: the lowest of many straight lines along each road."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.compiled import kernel
from carecircle.roads.search import grown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["lowest_lines"]

_NO_LENGTH = 1e-9


@kernel
def _value(line: NDArray[np.float64], at: float) -> float:
    return line[2] + (line[3] - line[2]) * (at - line[0]) / (line[1] - line[0])


@kernel
def _lowest_at(lines: NDArray[np.float64], start: float, end: float) -> int:
    middle = (start + end) / 2
    best, least = -1, np.inf
    for row in range(lines.shape[0]):
        if lines[row, 0] <= start and lines[row, 1] >= end:
            value = _value(lines[row], middle)
            if value < least:
                best, least = row, value
    return best


@kernel
def _marks(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, sorted, where a line starts, ends or meets another."""
    n = lines.shape[0]
    marks = np.empty(2 * n + n * (n - 1) // 2, dtype=np.float64)
    marks[:n] = lines[:, 0]
    marks[n : 2 * n] = lines[:, 1]
    n_marks = 2 * n
    for a in range(n):
        for b in range(a + 1, n):
            low, high = max(lines[a, 0], lines[b, 0]), min(lines[a, 1], lines[b, 1])
            if low < high:
                at_low = _value(lines[a], low) - _value(lines[b], low)
                at_high = _value(lines[a], high) - _value(lines[b], high)
                if at_low * at_high < 0:
                    marks[n_marks] = low + (high - low) * at_low / (at_low - at_high)
                    n_marks += 1
    return np.sort(marks[:n_marks])


@kernel
def lowest_lines(
    values: NDArray[np.float64], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return (row, from, to) for every stretch where one row of (from, to, value, value) is lowest.

    Rows ``first[k]`` to ``first[k + 1]`` lie on road ``k``; of equal rows the first wins.
    """
    rows = np.empty(1024, dtype=np.int64)
    starts = np.empty(1024, dtype=np.float64)
    ends = np.empty(1024, dtype=np.float64)
    n_out = 0
    for road in range(first.size - 1):
        lines = values[first[road] : first[road + 1]]
        sorted_marks = _marks(lines)
        last = -1
        for k in range(sorted_marks.size - 1):
            start, end = sorted_marks[k], sorted_marks[k + 1]
            if end - start <= _NO_LENGTH:
                continue
            best = _lowest_at(lines, start, end)
            if best < 0:
                last = -1
                continue
            if best == last:
                ends[n_out - 1] = end
                continue
            if n_out == rows.size:
                rows, starts, ends = grown(rows), grown(starts), grown(ends)
            rows[n_out], starts[n_out], ends[n_out] = first[road] + best, start, end
            n_out += 1
            last = best
    return rows[:n_out], starts[:n_out], ends[:n_out]
