"""What changed between dated results, and how much of it came from which input."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.audit.swaps import FACTORS, Swaps
from carecircle.errors import InputError
from carecircle.outputs.labels import field
from carecircle.standards.progress import progress
from carecircle.study.assessment import assess_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from carecircle.study.assessment import Result, Study

__all__ = ["YearComparison", "compare_years"]

_INDEX = ["since", "until", "table", "level", "unit_id", "figure"]
_SHOWN = ("roster_rate", "on_time_rate", "elders_rate", "elders_covered", "elders_total",
          "people_rate", "m2_per_100_households", "both_rate")  # fmt: skip
_RATE = ("rate",)


@dataclass(frozen=True, eq=False)
class YearComparison:
    """The change of every figure between dated results, split by what it came from.

    Attributes
    ----------
    table
        Index ``(since, until, table, level, unit_id, figure)``: ``before``, ``after``, ``change``,
        and a column for each of :data:`carecircle.audit.swaps.FACTORS` that adds up to ``change``;
        0 for an input that is the same on both days. Figures that one of the days, or a mixture of
        their inputs, does not know have no parts (NaN).
    progress
        See :func:`carecircle.progress`; empty where no standard of the studies is a plan.
    assessments
        How many assessments were made.
    language
        Of what is printed.
    """

    table: pd.DataFrame
    progress: pd.DataFrame
    assessments: int
    language: str = "zh"

    def of_city(self) -> pd.DataFrame:
        """Return the headline figures of the cities, with the factors that moved any figure."""
        levels, figures = (self.table.index.get_level_values(n) for n in ("level", "figure"))
        rows = self.table[(levels == "city") & figures.isin(_SHOWN)]
        still = [name for name in FACTORS if not self.table[name].fillna(0.0).any()]
        return rows.drop(columns=still)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        pick = 0 if self.language == "zh" else 1
        for (since, until, unit, heading, figure), row in self._rows(pick):
            parts = [
                f"{FACTORS[name][pick]} {_said(row[name], figure, signed=True)}"
                for name in FACTORS
                if name in row and pd.notna(row[name]) and row[name] != 0
            ]
            change = _said(row["change"], figure, signed=True)
            yield (
                f"{since} > {until} {unit} {heading}: {_said(row['before'], figure)} >"
                f" {_said(row['after'], figure)} ({change}{': ' if parts else ''}"
                f"{', '.join(parts)})"
            )

    def _rows(self, pick: int) -> Iterator[tuple[tuple[str, ...], pd.Series]]:
        for key, row in self.of_city().iterrows():
            since, until, table, _, unit, figure = map(str, key)  # type: ignore[call-overload]
            yield (since, until, unit, field(table, figure).heading[pick], figure), row

    def _repr_html_(self) -> str:
        pick = 0 if self.language == "zh" else 1
        names = [name for name in self.of_city().columns if name in FACTORS]
        heads = [("期间", "period"), ("指标", "figure"), ("前", "before"), ("后", "after"),
                 ("变化", "change"), *(FACTORS[name] for name in names)]  # fmt: skip
        head = "".join(f"<th>{escape(pair[pick])}</th>" for pair in heads)
        body = ""
        for (since, until, unit, heading, figure), row in self._rows(pick):
            cells = [f"{since} > {until}", f"{unit} {heading}"]
            cells += [_said(row[name], figure) for name in ("before", "after")]
            cells += [_said(row[name], figure, signed=True) for name in ("change", *names)]
            body += "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        return f"<table><tr>{head}</tr>{body}</table>"


def compare_years(
    studies: Sequence[Study], *, tell: Callable[[str], None] = lambda _: None
) -> YearComparison:
    """Split the change of every figure between dated studies by what it came from.

    Inputs are facilities; roads, barriers and tables of minutes; people (of homes and of areas);
    boundaries (areas without their people); rules (limits, speed, terms and standards); and ledgers
    (projects, observations, rosters) with the day. For each pair of following days every mixture of
    the inputs that differ is assessed, and a factor's part is its Shapley value: its mean effect
    over all orders of swapping the inputs. The parts add up to the change.

    Parameters
    ----------
    studies
        Two or more, in any order; ``card.as_of`` tells the day.
    tell
        Called with one line for each assessment: 2 to the power of the inputs that differ.

    Raises
    ------
    InputError
        If there are fewer than two, two stand for the same day, or their CRS differ.

    Notes
    -----
    L. S. Shapley, *A value for n-person games* (1953). Where boundaries and people of different
    days meet, homes are counted in the area they lie in, and an area that only the boundaries know
    has the people of its homes.

    Examples
    --------
    >>> import carecircle as cc
    >>> from dataclasses import replace
    >>> town = cc.samples.toy_town()
    >>> homes = town.homes.assign(elders=20.0)
    >>> later = replace(town, card=replace(town.card, as_of="2021-12-31"),
    ...                 tables=replace(town.tables, homes=homes))
    >>> found = compare_years([town, later]).table
    >>> row = found.loc[("2020-12-31", "2021-12-31", "totals", "city", "T", "elders_covered")]
    >>> row[["change", "population", "facilities"]].to_list()
    [80.0, 80.0, 0.0]
    """
    dated = _dated(studies)
    made = 0

    def figures(study: Study, what: str) -> tuple[Result, pd.Series]:
        nonlocal made
        made += 1
        tell(f"assessment {made}: {what}")
        result = assess_figures(study)
        return result, _figures(result)

    ends = [figures(study, study.card.as_of) for study in dated]
    parts = []
    for (before, after), (old, new) in zip(
        itertools.pairwise(dated), itertools.pairwise(ends), strict=True
    ):
        both = Swaps(before, after)
        days, differ = (before.card.as_of, after.card.as_of), both.differ
        found = {frozenset(): old[1], frozenset(differ): new[1]}
        for n in range(1, len(differ)):
            for some in map(frozenset, itertools.combinations(differ, n)):
                what = f"{days[0]} with {', '.join(sorted(some))} of {days[1]}"
                found[some] = figures(both.mixture(some), what)[1]
        table = _split(old[1], new[1], found, differ)
        parts.append(pd.concat({days: table}, names=["since", "until"]))
    table = pd.concat(parts).rename_axis(index=_INDEX)
    followed = _progress([result for result, _ in ends])
    return YearComparison(table, followed, made, dated[-1].card.language)


def _dated(studies: Sequence[Study]) -> list[Study]:
    days = [study.card.as_of for study in studies]
    if len(days) < 2:  # noqa: PLR2004  a change needs two
        raise InputError("years: give two dated studies or results, or more")
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        raise InputError(f"years: two studies of {', '.join(twice)}; give one for each day (as_of)")
    systems = {str(study.areas.crs) for study in studies}
    if len(systems) > 1:
        raise InputError(f"years: the studies have different CRS ({', '.join(sorted(systems))});"
                         " give all the same study.crs")  # fmt: skip
    return sorted(studies, key=lambda study: study.card.as_of)


def _figures(result: Result) -> pd.Series:
    """Return every figure that is a number, by table, level, unit and name."""
    parts = {}
    for name in ("totals", "floor_totals", "areas", "floor_areas"):
        frame = getattr(result, name)
        numbers = frame.select_dtypes(["number", "bool", "boolean"]).astype("Float64")
        numbers.columns = numbers.columns.astype("str")
        long = numbers.astype(float).stack(future_stack=True)  # noqa: PD013  the index is kept
        if name in ("areas", "floor_areas"):
            long = pd.concat({"area": long})
        parts[name] = long.rename_axis(index=["level", "unit_id", "figure"])
    if len(result.rules):
        rules = result.rules
        keys = [
            rules.index.get_level_values(n).astype("str") for n in ("preset", "rule", "unit_id")
        ]
        names = keys[0] + "/" + keys[1]
        index = pd.MultiIndex.from_arrays([rules["level"].astype("str"), keys[2], names])
        values = pd.Series(rules["value"].to_numpy(dtype=float), index)
        parts["rules"] = values.rename_axis(index=["level", "unit_id", "figure"])
    found = pd.concat(parts, names=["table"])
    return found[~found.index.duplicated()]


def _split(
    old: pd.Series,
    new: pd.Series,
    found: Mapping[frozenset[str], pd.Series],
    differ: Sequence[str],
) -> pd.DataFrame:
    """Return before, after and change, with the Shapley value of every factor."""
    index = old.index.union(new.index, sort=False)
    values = {some: one.reindex(index) for some, one in found.items()}
    table = pd.DataFrame({"before": old.reindex(index), "after": new.reindex(index)})
    table["change"] = table["after"] - table["before"]
    k = len(differ)
    for name in FACTORS:
        part: Any = 0.0
        others = [other for other in differ if other != name] if name in differ else []
        for n in range(len(others) + 1) if name in differ else ():
            share = math.factorial(n) * math.factorial(k - n - 1) / math.factorial(k)
            for some in map(frozenset, itertools.combinations(others, n)):
                part = part + share * (values[some | {name}] - values[some])
        table[name] = part
    lost = table[list(FACTORS)].isna().any(axis=1) | table["change"].isna()
    table.loc[lost, list(FACTORS)] = float("nan")
    return table


def _progress(results: Sequence[Result]) -> pd.DataFrame:
    """Follow each plan that the standards of the results hold."""
    runs: dict[str, list[pd.DataFrame]] = {}
    for result in results:
        if len(result.indicators):
            for plan, table in result.indicators.groupby("preset", sort=False):
                runs.setdefault(str(plan), []).append(table)
    followed = [progress(tables) for tables in runs.values()]
    return pd.concat(followed) if followed else pd.DataFrame()


def _said(value: Any, figure: str, *, signed: bool = False) -> str:
    if pd.isna(value):
        return "--"
    sign = "+" if signed else ""
    if figure.endswith(_RATE):
        return f"{100 * value:{sign}.1f} %"
    return f"{value:{sign},.1f}".removesuffix(".0")
