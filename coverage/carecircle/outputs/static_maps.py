"""Static maps for print: one theme each, with scale bar, north arrow and legend, A4 wide."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import shapely

from carecircle.errors import CrsError, InputError
from carecircle.outputs.fonts import drawing_font, sized
from carecircle.outputs.map.text import Speech
from carecircle.outputs.static_layers import (
    THEMES,
    Frame,
    View,
    draw_base,
    draw_theme,
    drawn_texts,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.drawing import Drawing

__all__ = ["Theme", "draw_map", "map_png", "theme_title"]

Theme = Literal["verdict", "minutes", "circles", "facilities", "gaps", "access"]

_WIDTH_IN = 6.7  # the text of an A4 page between margins of 2 cm
_TALLEST_IN = 7.6
_SHORTEST_IN = 3.6
_LEGEND_IN = 1.95
_LEGEND_HIGH_IN = 3.3
_LEAST_PART_IN = 1.4
_PAD = 0.03
_APART = 0.2  # side of the part drawn apart, of the shorter side of the map
_LEAST_APART_M = 1000.0
_LEAST_SHARE = 0.15
_GREY = "#3a3f44"
_HALO = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.2}


def draw_map(
    findings: Findings, theme: Theme = "verdict", *, values: pd.Series | None = None
) -> Drawing:
    """Draw one theme of an assessment as a static map, 17 cm wide.

    Parameters
    ----------
    findings
        The frames of one assessment.
    theme
        ``verdict``: areas by roster and time; ``minutes``: homes by minutes; ``circles``: service
        circles; ``facilities``: by kind; ``gaps``: uncovered areas with their numbers; ``access``:
        areas by ``values``.
    values
        For ``access``: a figure for each area, index ``area_id``, e.g.
        ``1000 * access.areas["access"]``; its ``name`` heads the legend.

    Returns
    -------
    carecircle.outputs.drawing.Drawing
        A figure of matplotlib that shows itself in Jupyter; ``figure.savefig(path)`` writes it,
        also as SVG or PDF.

    Raises
    ------
    InputError
        If the theme is unknown, ``access`` has no values, or there is nothing with a place.
    CrsError
        If the areas have no projected CRS.
    MissingLibraryError
        If the text is Chinese and the system has no Chinese font.

    Examples
    --------
    >>> import carecircle as cc
    >>> figure = draw_map(cc.assess(cc.samples.toy_town()), "minutes")
    >>> float(figure.get_figwidth())
    6.7
    """
    _check(findings, theme, values)
    say = Speech(findings.card.language)
    texts = [_title(findings, theme, say), _terms(findings, say), say("as_of"), say("sources")]
    font = drawing_font([*texts, *drawn_texts(findings, say)])
    frame = _frame_of(findings)
    apart = _dense_part(findings, frame)
    figure, axes, side, inset = _sheet(frame, apart)
    entries = _drawn(
        axes, findings, theme, say, View(frame, apart, font, values, _scale(axes, frame))
    )
    if apart is not None and inset is not None:
        _drawn(inset, findings, theme, say, View(apart, None, font, values, _scale(inset, apart)))
        _scale_bar(inset, apart)
        _outlined(axes, apart)
    _furnish(axes, frame, findings, font)
    _write(figure, side, entries, texts, font)
    return figure


def map_png(figure: Drawing, *, dpi: int = 170) -> bytes:
    """Return a drawing as PNG; equal drawings give equal bytes.

    Parameters
    ----------
    figure
        From :func:`draw_map`.
    dpi
        Dots per inch.
    """
    return figure.png(dpi=dpi)


def theme_title(theme: Theme, say: Speech) -> str:
    """Return what a theme is called.

    Examples
    --------
    >>> theme_title("gaps", Speech("en"))
    'Uncovered areas'
    """
    return say.pick(THEMES[theme])


def _check(findings: Findings, theme: Theme, values: pd.Series | None) -> None:
    if theme not in get_args(Theme):
        raise InputError(f"theme is {theme!r}; choose one of {', '.join(get_args(Theme))}")
    if theme == "access" and values is None:
        raise InputError("theme 'access' draws values; give a figure for each area")
    crs = findings.areas.crs or findings.homes.crs
    if crs is None or not crs.is_projected:
        raise CrsError(f"areas: a map in metres needs a projected CRS, found {crs}")


def _frame_of(findings: Findings) -> Frame:
    """Return the corners around areas, or homes and facilities where there are none."""
    frames = (findings.areas, findings.homes, findings.facilities)
    shapes = next((f.geometry.array for f in frames if f.geometry.notna().any()), None)
    if shapes is None:
        raise InputError("nothing to draw: no area, home or facility has a place")
    west, south, east, north = shapely.total_bounds(np.asarray(shapes))
    least = 200.0  # a single point is a place too
    wide, high = max(east - west, least), max(north - south, least)
    x, y = (west + east) / 2, (south + north) / 2
    wide, high = wide * (1 + 2 * _PAD), high * (1 + 2 * _PAD)
    # a long low town gets ground above and below, for scale bar and arrow
    high = max(high, wide * _SHORTEST_IN / (_WIDTH_IN - _LEGEND_IN))
    return Frame(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def _dense_part(findings: Findings, frame: Frame) -> Frame | None:
    """Return the part to draw apart: the square that holds most homes, if it is small and full."""
    side = _APART * min(frame.east - frame.west, frame.north - frame.south)
    homes = findings.homes
    if side < _LEAST_APART_M or homes.empty:
        return None
    shapes = np.asarray(homes.geometry.array)
    xy = shapely.get_coordinates(shapely.centroid(shapes[~shapely.is_missing(shapes)]))
    if not len(xy):
        return None
    # squares of half the side, four of them together: the fullest window starts at one of them
    cells, counts = np.unique(np.floor(xy / (side / 2)).astype(int), axis=0, return_counts=True)
    reach = (np.abs(cells[:, None] - cells[None]) <= 1).all(axis=2)
    best = cells[np.argmax((reach * counts).sum(axis=1))]
    near = (np.abs(np.floor(xy / (side / 2)) - best) <= 1).all(axis=1)
    if near.sum() < _LEAST_SHARE * len(xy):
        return None
    x, y = xy[near].mean(axis=0)
    return Frame(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def _sheet(frame: Frame, apart: Frame | None) -> tuple[Drawing, Axes, Axes, Axes | None]:
    """Return the figure, the map, the place of the legend, and the part drawn apart."""
    from carecircle.outputs.drawing import Drawing

    shape = (frame.north - frame.south) / (frame.east - frame.west)
    wide = min(_WIDTH_IN - _LEGEND_IN, _TALLEST_IN / shape)
    high = wide * shape
    head, foot, gap = 0.36, 0.44, 0.12
    whole = high + head + foot
    figure = Drawing(figsize=(_WIDTH_IN, whole), facecolor="white")

    def place(left: float, bottom: float, width: float, height: float) -> Axes:
        box = (left / _WIDTH_IN, bottom / whole, width / _WIDTH_IN, height / whole)
        axes = figure.add_axes(box)
        axes.set_aspect("equal", adjustable="box")
        axes.set_xticks([])
        axes.set_yticks([])
        return axes

    axes = place(0.05, foot, wide, high)
    rest = _WIDTH_IN - wide - gap - 0.1
    side = place(0.05 + wide + gap, foot, rest, high)
    side.set_aspect("auto")
    side.axis("off")
    part = min(rest, high - _LEGEND_HIGH_IN)
    if apart is None or part < _LEAST_PART_IN:
        return figure, axes, side, None
    return figure, axes, side, place(0.05 + wide + gap, foot, part, part)


def _drawn(axes: Axes, findings: Findings, theme: Theme, say: Speech, view: View) -> list[Any]:
    """Draw base and theme in a frame and return the legend."""
    axes.set_facecolor("#fbfbf9")
    for spine in axes.spines.values():
        spine.set(color="#9aa0a3", linewidth=0.6)
    frame = view.frame
    axes.set_xlim(frame.west, frame.east)
    axes.set_ylim(frame.south, frame.north)
    return [*draw_theme(axes, findings, theme, say, view), *draw_base(axes, findings, say)]


def _scale(axes: Axes, frame: Frame) -> float:
    """Return how many metres an inch of paper shows."""
    wide = axes.get_position().width * _WIDTH_IN
    return (frame.east - frame.west) / float(wide)


def _outlined(axes: Axes, apart: Frame) -> None:
    from matplotlib.patches import Rectangle

    corner = (apart.west, apart.south)
    wide, high = apart.east - apart.west, apart.north - apart.south
    axes.add_patch(
        Rectangle(corner, wide, high, fill=False, edgecolor=_GREY, linewidth=0.8, zorder=15)
    )


def _scale_bar(axes: Axes, frame: Frame) -> None:
    length = _round_length((frame.east - frame.west) / 4)
    high = frame.north - frame.south
    x, y = frame.west + 0.04 * (frame.east - frame.west), frame.south + 0.035 * high
    tick = 0.008 * high
    for start, colour in ((0.0, _GREY), (0.5, "white")):
        axes.fill_between(
            [x + start * length, x + (start + 0.5) * length], y, y + tick,
            facecolor=colour, edgecolor=_GREY, linewidth=0.6, zorder=20,
        )  # fmt: skip
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"  # noqa: PLR2004  # metres in a kilometre
    # in points: on a small map the halo of the label would lie over the bar
    axes.annotate(label, (x, y + tick), xytext=(0, 3), textcoords="offset points", fontsize=7,
                  ha="left", zorder=20, bbox=_HALO)  # fmt: skip


def _furnish(axes: Axes, frame: Frame, findings: Findings, font: FontProperties) -> None:
    """Put scale bar, north arrow and the mark of synthetic data on the map."""
    _scale_bar(axes, frame)
    axes.annotate(
        Speech(findings.card.language)("north"), xy=(0.95, 0.97), xytext=(0.95, 0.885),
        xycoords="axes fraction", fontproperties=sized(font, 9), ha="center", va="center",
        zorder=20, color=_GREY,
        arrowprops={"arrowstyle": "-|>", "color": _GREY, "linewidth": 1.2},
    )  # fmt: skip
    if findings.card.synthetic:
        mark = Speech(findings.card.language)("synthetic")
        axes.text(
            0.5, 0.985, mark, transform=axes.transAxes, ha="center", va="top", zorder=21,
            color="#8c2d19", bbox=_HALO, fontproperties=sized(font, 7.5),
        )  # fmt: skip


def _write(
    figure: Drawing, side: Axes, entries: list[Any], texts: list[str], font: FontProperties
) -> None:
    """Put title, legend and terms around the map."""
    title, terms = texts[:2]
    figure.text(0.01, 0.985, title, va="top", ha="left", fontproperties=sized(font, 11))
    figure.text(
        0.01, 0.012, terms, va="bottom", ha="left", color="#555a5f", fontproperties=sized(font, 7)
    )
    handles = [handle for handle, _ in entries]
    labels = [label for _, label in entries]
    if handles:
        side.legend(
            handles, labels, loc="upper left", frameon=False, borderaxespad=0.0,
            prop=sized(font, 7.5), handlelength=1.6, labelspacing=0.55,
        )  # fmt: skip


def _title(findings: Findings, theme: Theme, say: Speech) -> str:
    card = findings.card
    name = say.pick((card.title_zh or card.title, card.title or card.title_zh))
    return f"{name} · {theme_title(theme, say)}"


def _terms(findings: Findings, say: Speech) -> str:
    card = findings.card
    limits = " / ".join(f"{say(kind)} {say('minute', f'{m:g}')}" for kind, m in card.limits.items())
    crs = findings.areas.crs or findings.homes.crs
    code = ":".join(crs.to_authority() or ("", crs.name))
    travel = say("by_profile", say(card.profile.mode), card.profile.name)
    return f"{say('as_of')} {card.as_of or '--'} · {limits} · {travel} · {code}"


def _round_length(metres: float) -> float:
    """Return the largest of 1, 2 or 5 times a power of ten that is not longer."""
    power = 10.0 ** math.floor(math.log10(metres))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= metres)
