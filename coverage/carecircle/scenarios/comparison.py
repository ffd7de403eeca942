"""Scenarios held against today: every figure of every unit, and the homes that change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.coverage import WEIGHTS
from carecircle.errors import InputError
from carecircle.outputs.folder import save_folder
from carecircle.outputs.fractions import fraction
from carecircle.outputs.workbook.tables import write_csv
from carecircle.planning.scenario import check_scenarios
from carecircle.planning.tally import FIGURES
from carecircle.scenarios.baseline import Baseline
from carecircle.scenarios.file import scenarios_text
from carecircle.scenarios.findings import findings_of, with_shapes
from carecircle.scenarios.what_if import apply_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import folium

    from carecircle.analysis.findings import Findings
    from carecircle.planning.scenario import Scenario
    from carecircle.scenarios.baseline import Outcome
    from carecircle.study.assessment import Study

__all__ = ["Comparison", "compare"]

_TODAY = "today"

#: Figures of the floor-area check that are compared, after those of coverage.
_FLOOR = [
    "required_m2", "provided_m2", "shortfall_m2", "m2_per_100_households", "pass_both_n",
    "pass_both_of", "floor_rate", "per_100_rate", "both_rate",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Comparison:
    """Today and each scenario, figure by figure.

    Attributes
    ----------
    baseline
        The study of today.
    outcomes
        Scenario name -> what holds under it.
    scenarios
        Scenario name -> scenario.
    """

    baseline: Baseline
    outcomes: Mapping[str, Outcome]
    scenarios: Mapping[str, Scenario]

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Every figure in long form.

        Index ``(scenario, level, unit_id, figure)``, levels ``area``, ``street``, ``district``,
        ``city`` and ``kind``: ``name`` of the unit, ``today``, ``then`` and ``change``. Figures are
        those of :class:`carecircle.Findings` by area and in ``totals``, and the floor-area check.
        """
        names = ["scenario", "level", "unit_id", "figure"]
        today = self._long(self.baseline.today)
        parts = {
            name: today.assign(then=self._long(o)["today"]) for name, o in self.outcomes.items()
        }
        if not parts:
            return today.iloc[:0].assign(then=np.nan, change=np.nan)
        frame = pd.concat(parts, names=names)
        return frame.assign(change=frame["then"] - frame["today"])

    def wide(self, figure: str = "elders_covered", *, level: str = "city") -> pd.DataFrame:
        """Return one figure with a column for today and for each scenario.

        Parameters
        ----------
        figure
            Such as ``elders_covered``, ``elders_rate``, ``units_on_time``, ``shortfall_m2``.
        level
            ``area``, ``street``, ``district``, ``city`` or ``kind``.

        Returns
        -------
        pandas.DataFrame
            Index ``unit_id``: ``name``, ``today``, then the scenarios.

        Raises
        ------
        InputError
            If the study has no such figure or level.
        """
        frames = {"today": self._tables(self.baseline.today)}
        frames |= {name: self._tables(outcome) for name, outcome in self.outcomes.items()}
        table = frames["today"].get(level)
        if table is None or figure not in table:
            known = [*frames["today"]] if table is None else [str(c) for c in table if c != "name"]
            what = f"level {level!r}" if table is None else f"figure {figure!r}"
            raise InputError(f"{what} is not compared; choose one of {', '.join(known)}")
        columns = {name: tables[level][figure] for name, tables in frames.items()}
        return pd.DataFrame({"name": table["name"]}).join(pd.DataFrame(columns))

    def homes(self, scenario: str) -> pd.DataFrame:
        """Return the homes whose minutes, facility or cover a scenario changes.

        Parameters
        ----------
        scenario
            Its name.

        Returns
        -------
        pandas.DataFrame
            Index ``home_id``: ``area_id``, ``elders``, ``minutes_today``, ``minutes``,
            ``facility_today``, ``facility_id``, ``covered_today``, ``covered``.
        """
        today, then = self.baseline.today, self._outcome(scenario)
        homes = self.baseline.study.homes
        frame = pd.DataFrame(
            {
                "area_id": homes["area_id"],
                "elders": homes.get("elders", np.nan),
                "minutes_today": today.minutes,
                "minutes": then.minutes,
                "facility_today": _facility_of(today),
                "facility_id": _facility_of(then),
                "covered_today": today.covered,
                "covered": then.covered,
            },
            index=homes.index,
        )
        same = [
            (frame[a] == frame[b]) | (frame[a].isna() & frame[b].isna())
            for a, b in (
                ("minutes_today", "minutes"),
                ("facility_today", "facility_id"),
                ("covered_today", "covered"),
            )
        ]
        return frame[~np.logical_and.reduce(same)]

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row for today and for each scenario, over the whole study.

        Index ``scenario``: ``elders_covered``, ``elders_total``, ``elders_rate``, ``change``;
        ``elders_gained`` and ``elders_lost`` (below 0) in homes newly in and out of time, counted
        as many as live there under the scenario; ``elders_by_population``, what other people in the
        homes that are in time today make up: the three add up to ``change``. Then
        ``units_on_time``, ``units_with_facility``, ``units_total``, ``cost`` of what is built (NaN
        where a cost is missing).
        """
        rows = {"today": self._row(self.baseline.today, None)}
        rows |= {name: self._row(self.outcomes[name], name) for name in self.outcomes}
        frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="scenario")
        change = frame["elders_covered"] - frame["elders_covered"].iloc[0]
        frame.insert(3, "change", change)
        return frame

    @cached_property
    def findings(self) -> dict[str, Findings]:
        """``today`` and each scenario as the frames that maps are drawn from."""
        study = self.baseline.study
        settings = {"scenarios": [repr(one) for one in self.scenarios.values()]}
        states = {_TODAY: findings_of(study, self.baseline.today, settings)}
        for name, outcome in self.outcomes.items():
            planned = apply_scenario(study, self.scenarios[name])
            states[name] = findings_of(planned, outcome, settings)
        return states

    @cached_property
    def drawn(self) -> dict[str, Findings]:
        """The same with circles and uncovered areas; takes one more assessment for each."""
        study, found = self.baseline.study, dict(self.findings)
        found[_TODAY] = with_shapes(study, found[_TODAY])
        for name, scenario in self.scenarios.items():
            found[name] = with_shapes(apply_scenario(study, scenario), found[name])
        return found

    def explore(self) -> folium.Map:
        """Return before, after and change as one interactive map, which opens without internet.

        Its circles and uncovered areas take about as long as an assessment of each scenario.
        """
        from carecircle.outputs.map.atlas import change_map

        then = {name: self.drawn[name] for name in self.outcomes}
        return change_map(self.drawn[_TODAY], then)

    def save(self, folder: str | Path) -> Path:
        """Write the result folder, whole or not at all.

        Parameters
        ----------
        folder
            Folder to make; an empty one or an earlier carecircle result is replaced.

        Returns
        -------
        pathlib.Path
            The folder: ``map.html``, ``summary.csv``, ``figures.csv``, ``scenario.json`` (which
            :func:`carecircle.read_scenarios` reads back) and ``manifest.json``.

        Raises
        ------
        InputError
            If the folder holds anything that carecircle did not write.
        """
        return save_folder(self.findings[_TODAY], folder, writers=self.writers())

    def writers(self) -> dict[str, Callable[[Findings, Path], None]]:
        """Return file name -> function of findings and path, as :meth:`save` writes them."""
        text = scenarios_text(list(self.scenarios.values())).encode()

        def write_scenarios(_: Findings, path: Path) -> None:
            path.write_bytes(text)

        return {
            "map.html": lambda _, path: self.explore().save(str(path)),
            "summary.csv": lambda _, path: write_csv(self.summary.reset_index(), path),
            "figures.csv": lambda _, path: write_csv(self.figures.reset_index(), path),
            "scenario.json": write_scenarios,
        }

    def __repr__(self) -> str:
        return f"Comparison({len(self.outcomes)} scenarios)\n{self.summary.to_string()}"

    def _repr_html_(self) -> str:
        card = self.baseline.study.card
        zh = card.language == "zh"
        heads: tuple[str, ...] = (
            ("方案", "老年人口覆盖率", "变化", "新增", "失去", "达标社区", "有设施社区", "费用")
            if zh
            else ("Scenario", "Elders in time", "Change", "Gained", "Lost",
                  "Units on time", "Units with facility", "Cost")
        )  # fmt: skip
        names = ["change", "elders_gained", "elders_lost"]
        if self.summary["elders_by_population"].any():
            names.append("elders_by_population")
            heads = (*heads[:5], "人口变动" if zh else "By population", *heads[5:])
        rows: list[tuple[str, ...]] = [heads]
        for name, row in self.summary.iterrows():
            shown = ("现状" if zh else "today") if name == "today" else str(name)
            units = (
                fraction(row[f"units_{u}"], row["units_total"])
                for u in ("on_time", "with_facility")
            )
            counts = (f"{row[name]:+,.0f}" for name in names)
            cost = "--" if np.isnan(row["cost"]) else f"{row['cost']:,.6g}"
            elders = fraction(row["elders_covered"], row["elders_total"])
            rows.append((shown, elders, *counts, *units, cost))
        body = "".join(
            "<tr>"
            + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in cells)
            + "</tr>"
            for cells in rows
        )
        note = (
            ("合成数据，非官方统计" if zh else "synthetic data, not official")
            if card.synthetic
            else ""
        )
        title = card.title_zh if zh else card.title
        return f"<div><b>{escape(title)}</b> <i>{escape(note)}</i><table>{body}</table></div>"

    def _outcome(self, scenario: str) -> Outcome:
        if scenario not in self.outcomes:
            known = ", ".join(self.outcomes)
            raise InputError(f"no scenario {scenario!r} was compared; choose one of {known}")
        return self.outcomes[scenario]

    def _tables(self, outcome: Outcome) -> dict[str, pd.DataFrame]:
        tables = {}
        for level, units in self.baseline.tally.levels.items():
            table = pd.DataFrame(outcome.figures[level], columns=FIGURES, index=units.units)
            table.insert(0, "name", units.names)
            if outcome.floor is not None and level in outcome.floor.index.get_level_values(0):
                floor = pd.DataFrame(outcome.floor.loc[level])
                table = table.join(floor[_FLOOR].astype(float))
            tables[level] = table.rename_axis(index="unit_id")
        return tables

    def _long(self, outcome: Outcome) -> pd.DataFrame:
        levels = self._tables(outcome)
        stacked = {
            level: table.melt("name", var_name="figure", value_name="today", ignore_index=False)
            for level, table in levels.items()
        }
        frame = pd.concat(stacked, names=["level"])
        return frame.set_index("figure", append=True)[["name", "today"]]

    def _row(self, outcome: Outcome, scenario: str | None) -> dict[str, float]:
        figures, today = outcome.figures["city"], self.baseline.today
        wanted = (
            "elders_covered",
            "elders_total",
            "units_on_time",
            "units_with_facility",
            "units_total",
        )
        added = {name: float(np.nansum(figures[:, FIGURES.index(name)])) for name in wanted}
        place = list(WEIGHTS).index("elders")
        before, elders = today.tally.weights[:, place], outcome.tally.weights[:, place]
        gained, lost = outcome.covered & ~today.covered, today.covered & ~outcome.covered
        covered, total = added.pop("elders_covered"), added.pop("elders_total")
        return {
            "elders_covered": covered,
            "elders_total": total,
            "elders_rate": covered / total if total else np.nan,
            "elders_gained": float(np.nansum(elders * gained)),
            "elders_lost": 0.0 - float(np.nansum(elders * lost)),
            "elders_by_population": float(np.nansum((elders - before) * today.covered)),
            **added,
            "cost": 0.0 if scenario is None else self._cost(self.scenarios[scenario]),
        }

    def _cost(self, scenario: Scenario) -> float:
        if not scenario.build:
            return 0.0
        tables = (self.baseline.study.tables.sites, scenario.sites)
        told = [t["cost"] for t in tables if isinstance(t, pd.DataFrame) and "cost" in t]
        if not told:
            return np.nan
        return float(pd.concat(told).reindex(list(scenario.build)).sum(skipna=False))


def compare(
    study: Study | Baseline,
    scenarios: Sequence[Scenario],
    *,
    tell: Callable[[str], None] | None = None,
) -> Comparison:
    """Hold scenarios against today.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it once for many comparisons.
    scenarios
        Scenarios with names of their own.
    tell
        Called with one line for each scenario.

    Returns
    -------
    Comparison
        ``summary``, ``figures``, ``wide(...)`` and ``homes(...)`` as frames.

    Raises
    ------
    InputError
        With everything wrong in all scenarios at once.

    Examples
    --------
    >>> import carecircle as cc
    >>> from carecircle.planning.scenario import Scenario
    >>> town = cc.samples.toy_town()
    >>> plans = compare(town, [Scenario("open F2", build=["F2"]), Scenario("no F1", close=["F1"])])
    >>> plans.summary["elders_covered"].to_dict()
    {'today': 80.0, 'open F2': 90.0, 'no F1': 0.0}
    """
    baseline = study if isinstance(study, Baseline) else Baseline.of(study)
    check_scenarios(scenarios, baseline.known)
    outcomes = {}
    for scenario in scenarios:
        if tell is not None:
            tell(f"evaluating {scenario.name}")
        outcomes[scenario.name] = baseline.what_if(scenario)
    return Comparison(baseline, outcomes, {scenario.name: scenario for scenario in scenarios})


def _facility_of(outcome: Outcome) -> pd.Series[str]:
    names = np.array([*outcome.names, None], dtype=object)  # the last stands for -1, nobody
    return pd.Series(names[outcome.facility], dtype="str").array
