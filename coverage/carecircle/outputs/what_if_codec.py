"""Whole and exact numbers as text for the what-if; ``what_if/pack.js`` reads them back."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.outputs.map_codec import pack_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STEP_M", "exact", "numbers", "places", "steps"]

#: Step of the coordinates in metres.
STEP_M = 1e-4
_MOST_DECIMALS = 6


def steps(values: NDArray[Any]) -> str:
    """Pack whole numbers as differences, each from the one before."""
    whole = np.asarray(values, dtype=np.int64)
    return pack_counts(np.concatenate([whole[:1], whole[1:] - whole[:-1]]))


def places(xy: NDArray[np.float64]) -> str:
    """Pack coordinates of shape (n, 2) in steps of :data:`STEP_M`."""
    whole = np.rint(xy / STEP_M).astype(np.int64).reshape(-1, 2)
    return pack_counts(np.diff(whole, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel())


def exact(values: NDArray[np.float64]) -> str:
    """Pack numbers with every bit, NaN included."""
    raw = np.asarray(values, dtype="<f8").tobytes()
    return base64.b64encode(raw).decode("ascii")


def numbers(values: NDArray[np.float64]) -> dict[str, Any]:
    """Pack numbers with every bit, as whole numbers of some decimal place where they are.

    Examples
    --------
    >>> numbers(np.array([1.5, 0.0]))
    {'scale': 10.0, 'whole': 'HgA='}
    """
    for decimals in range(_MOST_DECIMALS + 1):
        scale = 10.0**decimals
        whole = np.rint(values * scale)
        if (whole / scale == values).all():
            return {"scale": scale, "whole": pack_counts(whole)}
    return {"exact": exact(values)}
