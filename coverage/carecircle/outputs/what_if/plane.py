"""From degrees to the study's plane and back by polynomials, so that a page needs no projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS

__all__ = ["plane_of"]

_SAMPLES = 24
_DEGREES = range(3, 10)
_CLOSE_M = 1e-3
_MARGIN = 0.1
_LEAST_MARGIN_M = 5000.0


def plane_of(bounds: ArrayLike, crs: CRS) -> dict[str, Any]:
    """Fit polynomials between longitude, latitude and the coordinates of a CRS.

    The lowest degree that is everywhere within a millimetre is taken, or the ninth. Which figure a
    place has is decided in the plane, where scenarios give their places; degrees only show it.

    Parameters
    ----------
    bounds
        West, south, east, north in the CRS; a margin is added.
    crs
        Projected, in metres.

    Returns
    -------
    dict
        ``to_xy`` and ``to_degrees``: ``middle`` and ``half`` of the input's range (two numbers
        each), ``degree``, and ``terms``, two rows of coefficients of u^i v^j, i + j <= degree, i
        rising, then j; ``off_m``: the largest error found in metres.

    Examples
    --------
    >>> from pyproj import CRS
    >>> plane = plane_of([390000, 4380000, 410000, 4400000], CRS(4545))
    >>> plane["off_m"] < 0.001
    True
    """
    from pyproj import Transformer

    west, south, east, north = np.asarray(bounds, dtype=float)
    margin = max(_MARGIN * max(east - west, north - south), _LEAST_MARGIN_M)
    x, y = np.meshgrid(
        np.linspace(west - margin, east + margin, _SAMPLES),
        np.linspace(south - margin, north + margin, _SAMPLES),
    )
    plane = np.column_stack([x.ravel(), y.ravel()])
    to_degrees = Transformer.from_crs(crs, 4326, always_xy=True)
    degrees = np.column_stack(to_degrees.transform(*plane.T))
    metre = np.ptp(degrees, axis=0) / np.ptp(plane, axis=0)
    there, off = _fit(degrees, plane, np.array([_CLOSE_M, _CLOSE_M]))
    back, off_back = _fit(plane, degrees, metre * _CLOSE_M)
    off_m = max(off.max(), (off_back / metre).max())
    return {"to_xy": there, "to_degrees": back, "off_m": float(off_m)}


def _fit(
    known: NDArray[np.float64], wanted: NDArray[np.float64], close: NDArray[np.float64]
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    low, high = known.min(axis=0), known.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2
    u, v = ((known - middle) / half).T
    for degree in _DEGREES:
        powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
        columns = np.column_stack([u**i * v**j for i, j in powers])
        terms, *_ = np.linalg.lstsq(columns, wanted, rcond=None)
        off = np.abs(columns @ terms - wanted).max(axis=0)
        if (off <= close).all():
            break
    fitted = {
        "middle": middle.tolist(), "half": half.tolist(), "degree": degree,
        "terms": terms.T.tolist(),
    }  # fmt: skip
    return fitted, off
