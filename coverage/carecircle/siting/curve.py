"""The curve of further sites, ready to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from carecircle.planning.curve import CurvePoints, curve_points
from carecircle.planning.options import SolveOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from carecircle.planning.instance import Instance

__all__ = ["CoverageCurve", "coverage_curve"]

_DEFAULT = SolveOptions()


@dataclass(frozen=True, eq=False, repr=False)
class CoverageCurve(CurvePoints):
    """Most weight covered by number of new sites, or by budget, with its picture.

    Its attributes are those of :class:`carecircle.planning.curve.CurvePoints`: ``table``,
    ``plans``, ``knee``, ``total`` and ``reachable``.
    """

    def plot(self, *, counted: str = "", language: Literal["zh", "en"] = "zh") -> Figure:
        """Draw the curve with its knee; see :func:`carecircle.outputs.static_curve.draw_curve`.

        Parameters
        ----------
        counted
            What the weight of the problem counts, e.g. ``elders``; written at the axis.
        language
            ``zh`` or ``en``.
        """
        from carecircle.outputs.static_curve import draw_curve

        return draw_curve(self, counted=counted, language=language)


def coverage_curve(
    instance: Instance,
    *,
    most: int | None = None,
    budgets: Sequence[float] | None = None,
    options: SolveOptions = _DEFAULT,
) -> CoverageCurve:
    """Find the most weight that each number of new sites, or each budget, can cover.

    Parameters
    ----------
    instance
        The problem; required sites are among the new ones.
    most
        Largest number of sites; by default the number at which no more can be covered.
    budgets
        Budgets to ask for in place of numbers of sites.
    options
        Limits of the search for each point.

    Returns
    -------
    CoverageCurve
        Each point is exact with its bound, greedy choices stand beside it, and ``plot()`` draws it.

    Raises
    ------
    InputError
        If both or unfit numbers are given.

    Notes
    -----
    How the points are found, and what the knee is: :func:`carecircle.planning.curve.curve_points`.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.samples.toy_town()
    >>> curve = coverage_curve(cc.siting_instance(town, town.homes[["geometry"]]), most=2)
    >>> curve.table["covered"].tolist()
    [80.0, 110.0, 120.0]
    >>> curve.plot(counted="elders", language="en").axes[0].get_ylabel()
    'covered in time: elders'
    """
    found = curve_points(instance, most=most, budgets=budgets, options=options)
    return CoverageCurve(**vars(found))
