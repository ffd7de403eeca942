"""Colours and symbols that colour-blind readers can tell apart; grey always means no data.

Blue is in time, orange to rust is late, and lightness differs as well as hue, so that the order
survives red-green blindness and a black-and-white copy. Facilities differ by shape first.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "CELLS",
    "CHANGE_EDGES",
    "FLOOR",
    "GAINS",
    "GAP",
    "HOME_CHANGES",
    "LOSSES",
    "NO_DATA",
    "PARTED",
    "RATES",
    "RATE_EDGES",
    "ROADS",
    "SAME",
    "Symbol",
    "home_colours",
    "ring_colour",
    "symbol_of",
]

NO_DATA = "#b9bab8"
GAP = "#8c2d19"

#: The four cells of roster and time, in the order of the legend.
CELLS: dict[str, str] = {
    "has_in_time": "#2f7cab",
    "neighbour_in_time": "#8fd0e0",
    "has_late": "#f6c98a",
    "none_late": "#d4693a",
}

#: Upper edges of the classes of elders covered, in percent, and a colour for each class.
RATE_EDGES: tuple[float, ...] = (50.0, 75.0, 90.0, 95.0)
RATES: tuple[str, ...] = ("#cf6237", "#eeac6c", "#f7e0b6", "#8fd0e0", "#2f7cab")

FLOOR: dict[str, str] = {"pass": "#2f7cab", "fail": "#d4693a", "not_applicable": "#e3e1da"}

#: Edges of the classes of change in percentage points; gains from the largest class, losses from
#: the smallest, and what stays.
CHANGE_EDGES: tuple[float, ...] = (5.0, 20.0, 50.0)
GAINS: tuple[str, ...] = ("#0d4a73", "#2f7fb0", "#74b3d4", "#bcdcec")
LOSSES: tuple[str, ...] = ("#f7dcb4", "#eeac6c", "#d4693a", "#8c2d19")
SAME = "#efede6"

#: What becomes of a home; later ones are drawn above, so that what changes is never hidden.
HOME_CHANGES: dict[str, str] = {
    "in_time_both": "#a9c6d6",
    "late_both": "#e7b48c",
    "newly_in_time": "#0a58b0",
    "newly_late": "#7f2315",
}

#: Road classes from strong to faint: highway values, colour, width in pixels, first zoom drawn.
ROADS: tuple[tuple[tuple[str, ...], str, float, int], ...] = (
    (("motorway", "trunk", "primary"), "#9aa0a3", 1.7, 0),
    (("secondary", "tertiary"), "#b3b7b8", 1.1, 10),
    (("unclassified", "residential", "living_street", "service", "road"), "#c6c8c7", 0.8, 12),
    ((), "#d3d4d0", 0.6, 13),
)

#: Tints of circles parted between facilities, the first ones the most different.
PARTED: tuple[str, ...] = ("#1c6fb5", "#8a6d1d", "#7a3f9c", "#1b8a6b", "#b24a7a", "#4c5661")

_IN_TIME = ("#0d4a73", "#2f7fb0", "#74b3d4", "#86c5b4", "#b6dccb", "#d5eadf")
_OVER, _NO_WAY = "#dd6f22", "#7f2315"


class Symbol(NamedTuple):
    """Shape (known to ``map/page_files/atlas_symbols.js``) and fill of a facility kind."""

    shape: str
    colour: str


_SYMBOLS: dict[str, Symbol] = {
    "station": Symbol("circle", "#1b7f64"),
    "day_care": Symbol("pentagon", "#1b7f64"),
    "street_centre": Symbol("square", "#6a3d9a"),
    "embedded_complex": Symbol("star", "#6a3d9a"),
    "rural_centre": Symbol("triangle", "#1b7f64"),
    "mutual_aid_home": Symbol("triangle_down", "#b0368a"),
    "institution": Symbol("hexagon", "#3b3f46"),
    "meal_point": Symbol("diamond", "#8a6d1d"),
    "service_complex": Symbol("square", "#8b8f94"),
    "health": Symbol("plus", "#a33b4a"),
    "pharmacy": Symbol("plus", "#7c8087"),
}
_SPARE_SHAPES = ("diamond", "circle", "square", "pentagon", "triangle", "hexagon", "star", "plus")
_SPARE_COLOURS = ("#5f6670", "#7d6b57", "#56708a", "#77587e")


def symbol_of(kind: str, rank: int = 0) -> Symbol:
    """Return the symbol of a facility kind; unknown kinds take a spare one by ``rank``.

    Examples
    --------
    >>> symbol_of("station").shape
    'circle'
    """
    spare = Symbol(
        _SPARE_SHAPES[rank % len(_SPARE_SHAPES)],
        _SPARE_COLOURS[rank // len(_SPARE_SHAPES) % len(_SPARE_COLOURS)],
    )
    return _SYMBOLS.get(kind, spare)


def home_colours(n_within: int) -> tuple[str, ...]:
    """Return ``n_within`` colours for classes in time, then over, unreachable, not assessed.

    Examples
    --------
    >>> len(home_colours(4))
    7
    """
    within = [_IN_TIME[min(place, len(_IN_TIME) - 1)] for place in range(n_within)]
    return (*within, _OVER, _NO_WAY, NO_DATA)


def ring_colour(place: int) -> str:
    """Return the colour of the ``place``-th shortest ring."""
    return ("#1f6f8b", "#3f93ad", "#74b6c8", "#a5d0da")[min(place, 3)]
