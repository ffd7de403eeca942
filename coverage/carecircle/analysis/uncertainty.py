"""How sure a coverage rate is: an interval for every rate, a chance that each verdict turns.

The terms are those of the deterministic verdict; each draw changes the walking speed of everyone,
moves each home inside its building or cell and each facility by an error of its coordinates
(:mod:`carecircle.analysis.draws`), and decides anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.units import is_on_time, unit_names, weighted_sums

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from carecircle.analysis.draws import Uncertainty

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Intervals", "intervals"]

_SHARES = {"p5": 0.05, "p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, eq=False)
class Intervals:
    """Coverage with its interval, and how likely each verdict is to turn.

    Attributes
    ----------
    uncertainty
        What was drawn.
    rates
        Index ``(level, unit_id, weight)``: ``name``, ``total``, ``not_assessed``, ``covered`` and
        ``rate`` of the verdict, then ``covered_p5``, ``covered_p50``, ``covered_p95`` (a draw's own
        number each: the least that this share of the draws does not exceed), and ``rate_p5``,
        ``rate_p50``, ``rate_p95``, the same over ``total``.
    areas
        Index ``area_id``: ``name``, ``on_time`` (the verdict), ``on_time_chance``, and
        ``flip_chance``: share of the draws with the other verdict. Missing where nothing can be
        said.
    homes
        Index ``home_id``: ``covered`` (the verdict) and ``in_time_chance``, missing where not
        assessed.
    samples
        Covered in each draw: index as ``rates``, one column per draw.
    speed_factors
        Speed of each draw over the profile's.
    """

    uncertainty: Uncertainty
    rates: pd.DataFrame
    areas: pd.DataFrame
    homes: pd.DataFrame
    samples: pd.DataFrame
    speed_factors: Floats

    def __repr__(self) -> str:
        return f"Intervals({self.uncertainty.draws} draws, seed {self.uncertainty.seed})"

    def _repr_html_(self) -> str:
        city = self.rates.loc[["city"]].reset_index()
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(str(row['name']))}</td>"
            f"<td>{row['weight']}</td><td>{row['covered']:,.0f} / {row['total']:,.0f}</td>"
            f"<td>{100 * row['rate']:.1f} %</td>"
            f"<td>{100 * row['rate_p5']:.1f} - {100 * row['rate_p95']:.1f} %</td></tr>"
            for _, row in city.iterrows()
            if row["total"] > 0
        )
        terms = "; ".join(
            f"{name}: {row['distribution']} {row['value']:g} {row['unit']} ({row['source']})"
            for name, row in self.uncertainty.terms().iterrows()
        )
        head = "<tr><th></th><th></th><th>n / d</th><th>rate</th><th>p5 - p95</th></tr>"
        return f"<div><table>{head}{rows}</table><small>{self!r}; {escape(terms)}</small></div>"


def intervals(
    homes: pd.DataFrame,
    areas: pd.DataFrame,
    drawn: Iterable[Floats],
    uncertainty: Uncertainty,
    *,
    on_time_share: float = 0.95,
) -> Intervals:
    """Hold every draw against the verdict.

    Parameters
    ----------
    homes
        Index ``home_id``: ``area_id``, ``limit_minutes``, ``covered`` (missing where not assessed)
        and people.
    areas
        Contract ``areas``.
    drawn
        Minutes by home and draw, in slices, as
        :func:`carecircle.analysis.draws.draw_minutes` yields them.
    uncertainty
        What was drawn.
    on_time_share
        Share of an area's elders (homes where none are known) that must be in time.

    Examples
    --------
    >>> import carecircle as cc
    >>> from carecircle.analysis.draws import Uncertainty, scaled_minutes
    >>> town = cc.assess(cc.samples.toy_town())
    >>> sure = Uncertainty(draws=2, speed_share=0.0)
    >>> drawn = scaled_minutes(town.homes["minutes"].to_numpy(), sure)
    >>> found = intervals(town.homes, town.areas, drawn, sure)
    >>> found.rates.loc[("city", "T", "elders"), ["covered", "covered_p5", "total"]].tolist()
    [80.0, 80.0, 130.0]
    """
    assessed = homes["covered"].notna().to_numpy()
    limit = homes["limit_minutes"].to_numpy(dtype=float)[:, None]
    parts, hits, first = [], np.zeros(len(homes)), 0
    for minutes in drawn:
        within = (minutes <= limit) & assessed[:, None]
        hits += within.sum(axis=1)
        columns = range(first, first + within.shape[1])
        first += within.shape[1]
        flags = pd.DataFrame(within, homes.index, columns)
        parts.append(weighted_sums(flags, homes, areas))
    samples = pd.concat(parts, axis=1).rename_axis(columns="draw")
    verdict = _verdict(homes, areas, assessed)
    chance = pd.Series(np.where(assessed, hits / first, np.nan), homes.index)
    table = pd.DataFrame({"covered": homes["covered"], "in_time_chance": chance})
    return Intervals(
        uncertainty, _spread(verdict, samples), _flips(verdict, samples, areas, on_time_share),
        table, samples, uncertainty.speed_factors(),
    )  # fmt: skip


def _verdict(homes: pd.DataFrame, areas: pd.DataFrame, assessed: Bools) -> pd.DataFrame:
    covered = homes["covered"].fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # missing is not covered
    masks = {"total": np.ones_like(assessed), "not_assessed": ~assessed, "covered": covered}
    table = weighted_sums(pd.DataFrame(masks, homes.index), homes, areas)
    table = table.join(unit_names(areas), on=["level", "unit_id"])
    table.insert(0, "name", table.pop("name"))
    return table.assign(rate=table["covered"] / table["total"].where(table["total"] > 0))


def _spread(verdict: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    drawn = samples.to_numpy()
    found = np.quantile(drawn, list(_SHARES.values()), axis=1, method="inverted_cdf")
    table = verdict.copy()
    for name, covered in zip(_SHARES, found, strict=True):
        table[f"covered_{name}"] = covered
    total = table["total"].where(table["total"] > 0)
    return table.assign(**{f"rate_{name}": table[f"covered_{name}"] / total for name in _SHARES})


def _flips(
    verdict: pd.DataFrame, samples: pd.DataFrame, areas: pd.DataFrame, share: float
) -> pd.DataFrame:
    own = pd.DataFrame(verdict.xs("area", level="level"))
    weight = "elders" if own.xs("elders", level="weight")["total"].notna().any() else "homes"
    names = areas.index.astype("str")
    own = pd.DataFrame(own.xs(weight, level="weight")).reindex(names)
    drawn = pd.DataFrame(samples.loc[("area", slice(None), weight), :]).droplevel([0, 2])
    drawn = drawn.reindex(names)
    terms = (own["total"], own["not_assessed"])
    on_time = is_on_time(own[["covered"]], *terms, share=share)["covered"]
    chance = is_on_time(drawn, *terms, share=share).astype(float).mean(axis=1).to_numpy()
    flip = np.where(on_time.fillna(False).to_numpy(dtype=bool), 1.0 - chance, chance)  # noqa: FBT003
    label = areas.get("name", areas.index.to_series())
    return pd.DataFrame(
        {
            "name": label,
            "on_time": pd.Series(on_time.array, areas.index),
            "on_time_chance": pd.Series(chance, areas.index),
            "flip_chance": pd.Series(flip, areas.index),
        }
    )
