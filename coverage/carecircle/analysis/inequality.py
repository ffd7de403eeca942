"""How evenly something is spread over people: Lorenz, Gini, Palma, best and worst fifth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from carecircle.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Better", "gini", "inequality", "inequality_by", "lorenz", "palma"]

Better = Literal["more", "less"]
_MEASURES = (
    "people",
    "people_unknown",
    "homes_unknown_people",
    "mean",
    "gini",
    "palma",
    "worst_fifth",
    "best_fifth",
    "fifth_gap",
    "fifth_ratio",
    "half_mean_share",
)


def lorenz(values: pd.Series, people: pd.Series) -> pd.DataFrame:
    """Return the Lorenz curve: the share of the whole that the worst-off share of people has.

    M. O. Lorenz (1905), Methods of measuring the concentration of wealth, Publications of the
    American Statistical Association 9(70), 209-219.

    Parameters
    ----------
    values
        What each person of a home has (access, m2, minutes); 0 or more. NaN is left out.
    people
        People of each home, same index; NaN is left out.

    Returns
    -------
    pandas.DataFrame
        ``people_share`` and ``value_share``, from (0, 0) to (1, 1), ascending in the value; homes
        with the same value make one point. Empty without people; ``value_share`` is NaN where all
        have 0.

    Raises
    ------
    InputError
        If a value or a number of people is negative or endless.

    Examples
    --------
    >>> lorenz(pd.Series([0.0, 10.0]), pd.Series([3.0, 1.0]))
       people_share  value_share
    0          0.00          0.0
    1          0.75          0.0
    2          1.00          1.0
    """
    value, weight, _ = _known(values, people)
    if not len(value):
        return pd.DataFrame({"people_share": [], "value_share": []}, dtype=np.float64)
    below, held = _curve(value, weight)
    whole = held[-1] if held[-1] > 0 else np.nan
    return pd.DataFrame({"people_share": below / below[-1], "value_share": held / whole})


def gini(values: pd.Series, people: pd.Series) -> float:
    r"""Return the Gini coefficient, each home weighing its people.

    Parameters
    ----------
    values, people
        As for :func:`lorenz`.

    Returns
    -------
    float
        0, all have the same, towards 1, one has all; NaN without people or where all have 0.

    Notes
    -----
    Half the mean difference between any two people, over the mean; equal to twice the area between
    the Lorenz curve and the diagonal:

    .. math:: G = \frac{\sum_i \sum_k p_i p_k |x_i - x_k|}{2 (\sum_i p_i)^2 \bar x}

    A. Sen (1973), On Economic Inequality, Oxford: Clarendon Press, with frequencies as weights. For
    one person in each home it is ``inequality.gini.Gini`` of PySAL, which has no weights.

    Examples
    --------
    >>> gini(pd.Series([0.0, 10.0]), pd.Series([3.0, 1.0]))
    0.75
    """
    curve = lorenz(values, people)
    x, y = curve["people_share"].to_numpy(), curve["value_share"].to_numpy()
    if not len(x) or np.isnan(y).any():
        return float("nan")
    # rounding may leave -1e-17 where all have the same
    return float(max(0.0, 1.0 - ((y[1:] + y[:-1]) * np.diff(x)).sum()))


def palma(values: pd.Series, people: pd.Series) -> float:
    """Return the Palma ratio: what the tenth with most has, over what the 40 % with least have.

    J. G. Palma (2011), Homogeneous middles vs. heterogeneous tails, and the end of the
    'inverted-U', Development and Change 42(1), 87-153. A home that straddles a border is split.

    Parameters
    ----------
    values, people
        As for :func:`lorenz`.

    Returns
    -------
    float
        0.25 where all have the same; infinite where the 40 % have nothing; NaN as for
        :func:`gini`.

    Examples
    --------
    >>> palma(pd.Series([1.0, 2.0]), pd.Series([90.0, 10.0]))
    0.5
    """
    value, weight, _ = _known(values, people)
    if not len(value):
        return float("nan")
    below, held = _curve(value, weight)
    if held[-1] == 0:
        return float("nan")
    most = float(held[-1]) - _held_by(below, held, 0.9)
    return _over(most, _held_by(below, held, 0.4))


def inequality(values: pd.Series, people: pd.Series, *, better: Better = "more") -> pd.Series:
    """Return all measures of how evenly something is spread over people.

    Parameters
    ----------
    values, people
        As for :func:`lorenz`.
    better
        ``more`` (access, m2) or ``less`` (minutes): which end is the worst fifth.

    Returns
    -------
    pandas.Series
        ``people`` counted, ``people_unknown`` (people of homes whose value is unknown, who count in
        no measure), ``homes_unknown_people``; ``mean``, ``gini``, ``palma``; ``worst_fifth`` and
        ``best_fifth``, means over the fifth of the people who have it worst and best (a home that
        straddles is split), ``fifth_gap`` (best less worst; worst less best where less is better)
        and ``fifth_ratio``, larger over smaller mean (Eurostat's S80/S20; infinite where the
        smaller is 0); ``half_mean_share``, the share of people who have less than half the mean,
        or, where less is better, more than twice.

    Raises
    ------
    InputError
        If a value or a number of people is negative or endless, or ``better`` is another word.

    Examples
    --------
    >>> town = inequality(pd.Series([1.0, 3.0]), pd.Series([50.0, 50.0]))
    >>> town[["mean", "gini", "worst_fifth", "best_fifth", "fifth_ratio"]].to_dict()
    {'mean': 2.0, 'gini': 0.25, 'worst_fifth': 1.0, 'best_fifth': 3.0, 'fifth_ratio': 3.0}
    """
    if better not in ("more", "less"):
        raise InputError(f"better is {better!r}; give 'more' or 'less'")
    value, weight, lost = _known(values, people)
    measures = dict.fromkeys(_MEASURES, np.nan)
    measures |= {"people": float(weight.sum())} | lost
    if len(value):
        below, held = _curve(value, weight)
        total = below[-1]
        low = float(_held_by(below, held, 0.2) / (0.2 * total))
        high = float((held[-1] - _held_by(below, held, 0.8)) / (0.2 * total))
        mean = float(held[-1] / total)
        far = value < mean / 2 if better == "more" else value > mean * 2
        measures |= {
            "mean": mean,
            "gini": gini(values, people),
            "palma": palma(values, people),
            "worst_fifth": low if better == "more" else high,
            "best_fifth": high if better == "more" else low,
            "fifth_gap": high - low,
            "fifth_ratio": _over(high, low),
            "half_mean_share": float(weight[far].sum() / total),
        }
    return pd.Series(measures, dtype=np.float64)


def inequality_by(
    values: pd.Series, people: pd.Series, groups: pd.Series, *, better: Better = "more"
) -> pd.DataFrame:
    """Return the measures of :func:`inequality` within each group.

    Parameters
    ----------
    values, people, better
        As for :func:`inequality`.
    groups
        Index of ``values``: street, district, urban or rural; homes in none stand in a row of their
        own, ``""``.

    Returns
    -------
    pandas.DataFrame
        Index: the groups, sorted.

    Raises
    ------
    InputError
        As for :func:`inequality`.

    Examples
    --------
    >>> homes = pd.Index(["H1", "H2", "H3"])
    >>> kinds = pd.Series(["urban", "urban", "rural"], homes)
    >>> inequality_by(pd.Series([1.0, 3.0, 2.0], homes), pd.Series(10.0, homes), kinds)["gini"]
    rural    0.00
    urban    0.25
    Name: gini, dtype: float64
    """
    label = groups.reindex(values.index).astype("str").fillna("")
    rows = {
        str(name): inequality(values.loc[ids], people.reindex(ids), better=better)
        for name, ids in sorted(label.groupby(label).groups.items())
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(_MEASURES))


def _known(values: pd.Series, people: pd.Series) -> tuple[Floats, Floats, dict[str, float]]:
    """Return values and people of homes where both are known, ascending, and who is left out."""
    weight = people.reindex(values.index).to_numpy(dtype=np.float64, na_value=np.nan)
    value = values.to_numpy(dtype=np.float64, na_value=np.nan)
    for name, part in (("values", value), ("people", weight)):
        bad = (part < 0) | np.isinf(part)
        if bad.any():
            at = values.index[bad]
            raise InputError(
                f"inequality: {name} of {len(at):,} homes are negative or endless, first"
                f" {part[bad][0]:g} at {at[0]!r}; give 0 or more"
            )
    lost = {
        "people_unknown": float(weight[np.isnan(value) & ~np.isnan(weight)].sum()),
        "homes_unknown_people": float(np.isnan(weight).sum()),
    }
    keep = ~np.isnan(value) & (weight > 0)
    value, weight = value[keep], weight[keep]
    # equal values by people: sums do not hang on the order of the rows
    order = np.lexsort((weight, value))
    return value[order], weight[order], lost


def _curve(value: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return people, and what they hold together, up to each value, from 0."""
    ends = np.append(np.flatnonzero(np.diff(value)), len(value) - 1)
    below, held = np.cumsum(weight)[ends], np.cumsum(weight * value)[ends]
    return np.concatenate(([0.0], below)), np.concatenate(([0.0], held))


def _held_by(below: Floats, held: Floats, share: float) -> float:
    """Return what the share of people with the lowest values holds together."""
    return float(np.interp(share * below[-1], below, held))


def _over(more: float, less: float) -> float:
    if less > 0:
        return more / less
    return float("inf") if more > 0 else float("nan")
