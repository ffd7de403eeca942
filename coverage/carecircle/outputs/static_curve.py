"""The curve of further sites as a drawing for print: what each one adds, and where it gets dear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from carecircle.errors import InputError
from carecircle.outputs.fonts import drawing_font, sized
from carecircle.outputs.map.text import Speech

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

    from carecircle.outputs.drawing import Drawing
    from carecircle.planning.curve import CurvePoints

__all__ = ["draw_curve"]

_SIZE_IN = (6.7, 3.7)
_LINE, _GREEDY, _KNEE, _FAINT = "#1f6f9f", "#8b8f94", "#b5472a", "#555a5f"
_MOST_TICKS = 16
_WHOLE = 1000  # from here on a fraction of a person says nothing
_ROOM = 0.12  # above the highest and below the lowest point, of the height between them


def draw_curve(
    curve: CurvePoints, *, counted: str = "", language: Literal["zh", "en"] = "zh"
) -> Drawing:
    """Draw what each further site, or sum of money, brings; the knee is marked.

    Parameters
    ----------
    curve
        From :func:`carecircle.coverage_curve`.
    counted
        What the weight of the problem counts, e.g. ``elders``; written at the axis.
    language
        ``zh`` or ``en``.

    Returns
    -------
    carecircle.outputs.drawing.Drawing
        A figure of matplotlib, 17 cm wide; the left axis counts, the right one tells the share of
        all weight. The grey line always adds the site that adds most, where that is worse.

    Raises
    ------
    InputError
        If the language is unknown.
    MissingLibraryError
        If the text is Chinese and the system has no Chinese font.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.samples.toy_town()
    >>> problem = cc.siting_instance(town, town.homes[["geometry"]])
    >>> figure = draw_curve(cc.coverage_curve(problem), language="en")
    >>> figure.axes[0].get_xlabel()
    'new sites'
    """
    if language not in ("zh", "en"):
        raise InputError(f"language is {language!r}; choose zh or en")
    from carecircle.outputs.drawing import Drawing

    say = Speech(language)
    words = _words(curve, counted, say)
    font = drawing_font(words.values())
    figure = Drawing(figsize=_SIZE_IN, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    _points(axes, curve, words)
    _knee(axes, curve, words, font)
    _frame(axes, curve, words, font)
    axes.set_title(words["title"], loc="left", fontproperties=sized(font, 11))
    axes.legend(loc="lower right", frameon=False, prop=sized(font, 8))
    return figure


def _words(curve: CurvePoints, counted: str, say: Speech) -> dict[str, str]:
    by_number = curve.table.index.name == "n_sites"
    total, best = _count(curve.total), _count(curve.reachable)
    start = say.pick(("按时可达", "covered in time"))
    colon = say.pick((":", ": "))
    return {
        "title": say.pick(("每多一处带来多少", "What each further site brings")) if by_number
        else say.pick(("每多一笔投入带来多少", "What each further sum brings")),
        "x": say.pick(("新建处数", "new sites")) if by_number else say.pick(("预算", "budget")),
        "y": f"{start}{colon}{counted}" if counted else start,
        "share": say.pick((f"占全部 {total} 的比例", f"share of all {total}")),
        "exact": say.pick(("最多能覆盖(精确)", "most that can be covered (exact)")),
        "greedy": say.pick(("逐处贪心", "always the site that adds most")),
        "all": say.pick((f"这些候选点合计可达 {best}", f"all sites together: {best}")),
        "knee": say.pick(("拐点", "knee")),
    }  # fmt: skip


def _points(axes: Axes, curve: CurvePoints, words: dict[str, str]) -> None:
    table = curve.table
    x, y, greedy = (np.asarray(one, dtype=float) for one in
                    (table.index, table["covered"], table["greedy"]))  # fmt: skip
    if not np.allclose(y, greedy, rtol=1e-9):
        axes.plot(x, greedy, color=_GREEDY, linewidth=1.1, linestyle=(0, (4, 2)), zorder=2,
                  label=words["greedy"])  # fmt: skip
    axes.plot(x, y, color=_LINE, linewidth=1.8, marker="o", markersize=4.5, zorder=3,
              label=words["exact"])  # fmt: skip
    low, high = y.min(), max(y.max(), greedy.max())
    room = _ROOM * (high - low) or max(abs(high), 1.0) * _ROOM
    if curve.reachable <= high + 2 * room:
        high = max(high, curve.reachable)
        axes.axhline(curve.reachable, color=_FAINT, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1,
                     label=words["all"])  # fmt: skip
    axes.set_ylim(max(low - room, 0.0) if low >= 0 else low - room, high + room)


def _knee(axes: Axes, curve: CurvePoints, words: dict[str, str], font: FontProperties) -> None:
    if np.isnan(curve.knee):
        return
    covered, share = (float(curve.table[name][curve.knee]) for name in ("covered", "share"))
    axes.scatter([curve.knee], [covered], s=95, facecolors="none", edgecolors=_KNEE,
                 linewidths=1.8, zorder=4)  # fmt: skip
    # the curve bends to the right: below it there is room on the right, above it on the left
    late = curve.knee > (curve.table.index[0] + curve.table.index[-1]) / 2
    axes.annotate(
        f"{words['knee']}: {curve.knee:g} → {_count(covered)} ({share:.1%})",
        (curve.knee, covered), xytext=(-9, 7) if late else (10, -16),
        textcoords="offset points", ha="right" if late else "left", color=_KNEE,
        fontproperties=sized(font, 9), zorder=5,
    )  # fmt: skip


def _count(weight: float) -> str:
    return f"{weight:,.0f}" if abs(weight) >= _WHOLE else f"{weight:,.6g}"


def _frame(axes: Axes, curve: CurvePoints, words: dict[str, str], font: FontProperties) -> None:
    """Put scales, grid and words around the curve."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

    axes.set_xlabel(words["x"], fontproperties=sized(font, 9))
    axes.set_ylabel(words["y"], fontproperties=sized(font, 9))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.grid(axis="y", color="#e3e5e6", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, colors=_FAINT)
    if curve.table.index.name == "n_sites":
        axes.xaxis.set_major_locator(MaxNLocator(_MOST_TICKS, integer=True))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if curve.total > 0:
        share = axes.secondary_yaxis("right", functions=_shares_of(curve.total))
        share.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        share.set_ylabel(words["share"], fontproperties=sized(font, 9))
        share.tick_params(labelsize=8, colors=_FAINT)
        share.spines["right"].set_color("#c9ced1")


def _shares_of(total: float) -> tuple[Any, Any]:
    """Return the functions from a count to its share, and back."""

    def share(count: Any) -> Any:
        return np.asarray(count) / total

    def count(share: Any) -> Any:
        return np.asarray(share) * total

    return share, count
