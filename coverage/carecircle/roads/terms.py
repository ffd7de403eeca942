"""The terms a search runs under: its limit in seconds, its bucket width, its threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork

__all__ = ["bucket_seconds", "check_limit", "in_threads", "to_minutes", "to_seconds"]

#: Minutes are rounded to 60 nanoseconds: 900 m at 1.0 m/s are 15.0 and not 15.000000000002.
_DECIMALS = 9
#: Searches in one slice: every slice brings scratch of its own, which few searches do not repay.
_LEAST_IN_SLICE = 64


def check_limit(max_minutes: float) -> None:
    """Raise an InputError unless the limit is a positive number."""
    if not 0 < max_minutes < np.inf:
        msg = f"max_minutes is {max_minutes}; give a positive number of minutes"
        raise InputError(msg)


def to_seconds(minutes: float, network: RoadNetwork, *, slack: float = 1e-6) -> float:
    """Return a limit in minutes as seconds on the road, without the profile's access minutes."""
    # the slack lets the search run a hair too far: rounding to 60 ns comes after it and decides
    return max(0.0, minutes - network.profile.access_minutes) * 60.0 + slack


def to_minutes(seconds: NDArray[np.float64], network: RoadNetwork) -> NDArray[np.float64]:
    """Return seconds on the road as minutes with the profile's access minutes; ``inf`` is NaN."""
    minutes = np.round(seconds / 60.0 + network.profile.access_minutes, _DECIMALS)
    minutes[np.isinf(minutes)] = np.nan
    return minutes


def bucket_seconds(network: RoadNetwork, limit: float) -> float:
    """Return a bucket width for the search: about one chain, never more than a million buckets."""
    open_seconds = network.chains.seconds[np.isfinite(network.chains.seconds)]
    typical = float(np.median(open_seconds)) if len(open_seconds) else 1.0
    return max(typical, limit / 1e6, 1e-3)


def in_threads(
    search: Callable[[NDArray[np.int64]], tuple[NDArray[Any], ...]], n: int
) -> list[NDArray[Any]]:
    """Run ``search`` on slices of ``range(n)`` in threads; join each of the arrays it returns.

    The slices do not depend on the number of cores, and results are joined in order: the answer is
    the same on every machine. Kernels release the GIL.
    """
    slices = np.array_split(np.arange(n), max(1, min(16, n // _LEAST_IN_SLICE)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(search, slices))
    return [np.concatenate(column) for column in zip(*found, strict=True)]
