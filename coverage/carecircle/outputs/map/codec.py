"""Numbers and shapes as short text: the map carries a city in a few megabytes.

Coordinates become whole steps of :data:`STEP_DEGREES` (about one metre), each written as the
difference from the one before, in as few bytes as it needs (LEB128 varints, zigzag for signs),
then base64. ``page_files/atlas_decode.js`` reads it back.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["STEP_DEGREES", "Shapes", "pack_codes", "pack_counts", "pack_points", "pack_shapes"]

#: Step of the coordinates in degrees, about one metre.
STEP_DEGREES = 1e-5
_LONGEST_VARINT = 10


class Shapes(TypedDict):
    """Packed lines or polygons: rings per shape, points per ring, then all coordinates."""

    parts: str
    sizes: str
    xy: str


def _varints(values: NDArray[np.uint64]) -> bytes:
    """Write unsigned integers in seven-bit groups, lowest first, high bit set while more follow."""
    groups = np.zeros((len(values), _LONGEST_VARINT), dtype=np.uint8)
    used = np.zeros((len(values), _LONGEST_VARINT), dtype=bool)
    rest = values.copy()
    for place in range(_LONGEST_VARINT):
        used[:, place] = (rest > 0) if place else True
        groups[:, place] = (rest & np.uint64(0x7F)).astype(np.uint8)
        rest >>= np.uint64(7)
        if not rest.any():
            break
    more = np.zeros_like(used)
    more[:, :-1] = used[:, 1:]
    groups |= more.astype(np.uint8) << 7
    return groups[used].tobytes()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def pack_counts(values: ArrayLike) -> str:
    """Pack whole numbers of any sign; NaN is not allowed.

    Examples
    --------
    >>> pack_counts([0, 1, -1, 300])
    'AAIB2AQ='
    """
    signed = np.asarray(values, dtype=np.int64)
    zigzag = (signed << 1) ^ (signed >> 63)
    return _text(_varints(zigzag.view(np.uint64)))


def pack_codes(values: ArrayLike) -> str:
    """Pack codes 0 to 255, one byte each.

    Examples
    --------
    >>> pack_codes([0, 1, 255])
    'AAH/'
    """
    return _text(np.asarray(values, dtype=np.uint8).tobytes())


def _pack_xy(xy: NDArray[np.float64]) -> str:
    steps = np.rint(xy / STEP_DEGREES).astype(np.int64)
    return pack_counts(np.diff(steps, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel())


def pack_points(longitude: ArrayLike, latitude: ArrayLike) -> str:
    """Pack points in degrees, all finite.

    Examples
    --------
    >>> pack_points([0.0, 0.00002], [0.0, 0.00001])
    'AAAEAg=='
    """
    xy = np.column_stack(
        [np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)]
    )
    return _pack_xy(xy)


def pack_shapes(geometry: ArrayLike) -> Shapes:
    """Pack lines and polygons in degrees; a missing or empty geometry has no parts.

    Exteriors run one way and holes the other, so that shapes drawn in one path fill as their
    union under the nonzero rule.

    Examples
    --------
    >>> pack_shapes([shapely.LineString([(0, 0), (0.00001, 0)]), None])
    {'parts': 'AgA=', 'sizes': 'BA==', 'xy': 'AAACAA=='}
    """
    shapes = np.asarray(geometry, dtype=object)
    pieces, piece_of = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    is_polygon = shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON
    order = np.arange(len(pieces))
    rings, ring_of = shapely.get_rings(pieces[is_polygon], return_index=True)
    lines = np.concatenate([pieces[~is_polygon], rings])
    owner = np.concatenate([order[~is_polygon], order[is_polygon][ring_of]]).astype(np.int64)
    in_order = np.argsort(owner, kind="stable")
    lines = lines[in_order]
    per_shape = np.bincount(piece_of[owner[in_order]], minlength=len(shapes))
    return {
        "parts": pack_counts(per_shape),
        "sizes": pack_counts(shapely.get_num_coordinates(lines)),
        "xy": _pack_xy(shapely.get_coordinates(lines)),
    }
