"""Whole and exact numbers as text for the what-if; ``what_if/pack.js`` reads them back."""

from __future__ import annotations

import base64
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.outputs.map.codec import pack_codes, pack_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["STEP_M", "exact", "numbers", "places", "rare", "steps", "texts"]

#: Step of the coordinates in metres.
STEP_M = 1e-4
_MOST_DECIMALS = 6
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def steps(values: NDArray[Any]) -> str:
    """Pack whole numbers as differences, each from the one before."""
    whole = np.asarray(values, dtype=np.int64)
    return pack_counts(np.concatenate([whole[:1], whole[1:] - whole[:-1]]))


def places(xy: NDArray[np.float64]) -> str:
    """Pack coordinates of shape (n, 2) in steps of :data:`STEP_M`."""
    whole = np.rint(xy / STEP_M).astype(np.int64).reshape(-1, 2)
    return pack_counts(np.diff(whole, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel())


def rare(codes: NDArray[Any]) -> dict[str, str]:
    """Pack codes that are mostly 0: rows of the others, and these."""
    rows = np.flatnonzero(codes)
    return {"rows": steps(rows), "codes": pack_codes(codes[rows])}


def texts(values: Sequence[str]) -> str | list[str]:
    r"""Pack texts, each as how many characters it shares with the one before, and the rest.

    Texts with line breaks in them are left as they are.

    Examples
    --------
    >>> texts(["R101", "R102"])
    '0R101\n32'
    """
    if any("\n" in value for value in values):
        return list(values)
    lines, before = [], ""
    for value in values:
        same = (a == b for a, b in zip(before, value, strict=False))
        shared = min(sum(takewhile(bool, same)), len(_DIGITS) - 1)
        lines.append(_DIGITS[shared] + value[shared:])
        before = value
    return "\n".join(lines)


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
