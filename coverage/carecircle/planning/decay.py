"""How attendance falls with the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from carecircle.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Decay", "attendance_share"]

Decay = Literal["linear", "gaussian"]


def attendance_share(
    minutes: NDArray[np.float64], limit: NDArray[np.float64], decay: Decay = "linear"
) -> NDArray[np.float64]:
    """Return the share of people who will go that far: all at the door, none beyond the limit.

    Parameters
    ----------
    minutes, limit
        The way, and the limit of the resident, in minutes.
    decay
        ``linear``: 1 - t / limit, as the problem type "maximize attendance" of ArcGIS Network
        Analyst; ``gaussian``: the kernel of D. Dai (2010), Health and Place 16(5), 1038-1052:
        (exp(-(t/limit)^2 / 2) - exp(-1/2)) / (1 - exp(-1/2)).

    Returns
    -------
    NDArray
        0 to 1. With a limit of 0 everyone goes who is at the door.

    Examples
    --------
    >>> attendance_share(np.array([0.0, 6.0, 15.0, 16.0]), np.full(4, 15.0)).tolist()
    [1.0, 0.6, 0.0, 0.0]
    """
    if decay not in ("linear", "gaussian"):
        raise InputError(f"decay is {decay!r}; give 'linear' or 'gaussian'")
    inside = minutes <= limit
    ratio = np.zeros(len(minutes))
    np.divide(minutes, limit, out=ratio, where=inside & (limit > 0))
    if decay == "linear":
        share = 1.0 - ratio
    else:
        least = np.exp(-0.5)
        share = (np.exp(-0.5 * ratio**2) - least) / (1.0 - least)
    return np.where(inside, share, 0.0)
