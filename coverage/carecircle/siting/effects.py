"""What a plan means for the city: site by site in building order, then unit by unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.errors import InputError
from carecircle.outputs.folder import save_folder
from carecircle.outputs.fractions import fraction
from carecircle.outputs.manifest import manifest_text, plain_json
from carecircle.outputs.proof_words import proof_line
from carecircle.outputs.workbook.tables import write_csv
from carecircle.planning.scenario import Scenario
from carecircle.scenarios.baseline import Baseline
from carecircle.scenarios.comparison import Comparison, compare
from carecircle.scenarios.file import scenarios_text
from carecircle.scenarios.what_if import apply_scenario
from carecircle.siting.steps import one_by_one, plan_as_scenario, steps_of, with_sites

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import folium
    import geopandas as gpd

    from carecircle.analysis.findings import Findings
    from carecircle.planning.plan import Plan
    from carecircle.study.assessment import Study

__all__ = ["PlanEffects", "effects_of_plan"]

_WEIGHTS = ("people", "elders")
#: Columns of :attr:`PlanEffects.steps` in a notebook: code, Chinese, English.
_HEADS = (
    ("people_gained", "新增常住人口", "People newly in time"),
    ("elders_gained", "新增老年人", "Elders newly in time"),
    ("elders_covered", "累计老年人口覆盖率", "Elders in time so far"),
    ("units_with_facility", "有设施社区", "Units with facility"),
    ("units_on_time", "达标社区", "Units on time"),
    ("cost", "费用", "Cost"),
    ("cost_per_elder", "每新增一位老年人费用", "Cost per elder newly in time"),
)


@dataclass(frozen=True, eq=False)
class PlanEffects:
    """What each site of a plan adds, and what the whole plan changes where.

    Attributes
    ----------
    plan
        The plan.
    scenario
        The plan as a scenario; brings along the sites that are not the study's own.
    comparison
        The whole plan against today: every figure, the homes that change, the map.
    steps
        Index ``site_id`` in building order: ``period`` of a phased plan, ``name``, ``area_id`` it
        stands in; ``homes_gained``,
        ``people_gained``, ``elders_gained`` (in time with this site and not before; net, should one
        be lost); ``elders_covered``, ``elders_total`` and ``elders_rate`` of the whole study once
        it is built; ``units_with_facility``, ``units_on_time``, ``units_total`` then;
        ``areas_with_facility`` and ``areas_on_time`` (ids it newly moves there, joined by ``;``);
        ``cost``, ``cost_so_far``, ``cost_per_elder`` (missing without a cost, or where no elder is
        gained).
    """

    plan: Plan
    scenario: Scenario
    comparison: Comparison
    steps: pd.DataFrame

    def by(self, level: str = "area") -> pd.DataFrame:
        """Return what the whole plan changes in each unit of a level.

        Parameters
        ----------
        level
            ``area``, ``street``, ``district``, ``city`` or ``kind``, as far as the study has it.

        Returns
        -------
        pandas.DataFrame
            Index ``unit_id``: ``name``; for ``people`` and ``elders`` ``{w}_today``,
            ``{w}_covered``, ``{w}_gained``, ``{w}_total``, ``{w}_rate_today``, ``{w}_rate``; and
            ``units_with_facility``, ``units_on_time`` today, then, and the total.

        Raises
        ------
        InputError
            If the study has no such level.
        """
        (name,) = self.comparison.outcomes
        wide = {
            figure: self.comparison.wide(figure, level=level).rename(columns={name: "then"})
            for w in _WEIGHTS
            for figure in (f"{w}_covered", f"{w}_total", f"{w}_rate")
        }
        frame = wide["elders_total"][["name"]].copy()
        for w in _WEIGHTS:
            covered, rate = wide[f"{w}_covered"], wide[f"{w}_rate"]
            frame[f"{w}_today"], frame[f"{w}_covered"] = covered["today"], covered["then"]
            frame[f"{w}_gained"] = covered["then"] - covered["today"]
            frame[f"{w}_total"] = wide[f"{w}_total"]["then"]
            frame[f"{w}_rate_today"], frame[f"{w}_rate"] = rate["today"], rate["then"]
        for figure in ("units_with_facility", "units_on_time"):
            units = self.comparison.wide(figure, level=level)
            frame[f"{figure}_today"], frame[figure] = units["today"], units[name]
        frame["units_total"] = self.comparison.wide("units_total", level=level)[name]
        return frame

    @property
    def facts(self) -> dict[str, Any]:
        """Problem, sites, proof and terms as plain JSON values.

        Without the time it took: equal inputs give equal bytes.
        """
        plan, proof = self.plan, self.plan.proof
        terms = {name: _told(value) for name, value in plan.terms.items()}
        facts: dict[str, Any] = plain_json(
            {
                "problem": plan.problem, "sites": plan.site_ids, "objective": proof.objective,
                "bound": proof.bound, "gap": proof.gap, "status": proof.status,
                "solver": proof.solver, "verdict": proof.verdict, "terms": terms,
                "left_out": [str(one) for one in plan.left_out],
            }
        )  # fmt: skip
        return facts

    def explore(self) -> folium.Map:
        """Return before, after and change as one interactive map, which opens without internet."""
        return self.comparison.explore()

    def save(self, folder: str | Path) -> Path:
        """Write the result folder, whole or not at all.

        Parameters
        ----------
        folder
            Folder to make; an empty one or an earlier carecircle result is replaced.

        Returns
        -------
        pathlib.Path
            The folder: ``plan.csv`` (the steps), ``allocation.csv`` (who is served where),
            ``plan.json`` (objective, bound, gap, status, solver, verdict and terms), the files of
            :meth:`carecircle.Comparison.save`; ``scenario.json`` can be compared again.

        Raises
        ------
        InputError
            If the folder holds anything that carecircle did not write.
        """
        plan, text = self.plan, scenarios_text([self.scenario]).encode()
        facts = manifest_text(self.facts).encode()

        def write_scenario(_: Findings, path: Path) -> None:
            path.write_bytes(text)

        def write_facts(_: Findings, path: Path) -> None:
            path.write_bytes(facts)

        own = {
            "plan.csv": lambda _, path: write_csv(self.steps.reset_index(), path),
            "allocation.csv": lambda _, path: write_csv(plan.allocation.reset_index(), path),
            "plan.json": write_facts,
            "scenario.json": write_scenario,
        }
        today = self.comparison.findings["today"]
        return save_folder(today, folder, writers=self.comparison.writers() | own)

    def __repr__(self) -> str:
        return f"PlanEffects({self.plan.problem})\n{self.steps.to_string()}"

    def _repr_html_(self) -> str:
        card = self.comparison.baseline.study.card
        zh = card.language == "zh"
        heads = ["#", "场址" if zh else "Site", *(pair[1 if zh else 2] for pair in _HEADS)]
        rows = [heads, _today_row(self.comparison, zh=zh)]
        rows += [
            [str(rank), f"{site} {row['name']}", *_cells(row)]
            for rank, (site, row) in enumerate(self.steps.iterrows(), 1)
        ]
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in row) + "</tr>"
            for row in rows
        )
        made_up = "合成数据，非官方统计" if zh else "synthetic data, not official"
        title, note = card.title_zh if zh else card.title, made_up if card.synthetic else ""
        proof = escape(f"{self.plan.problem}: {proof_line(self.plan.proof, card.language)}")
        return (
            f"<div><b>{escape(title)}</b> <i>{escape(note)}</i><table>{body}</table>"
            f"<small>{proof}</small></div>"
        )


def effects_of_plan(
    study: Study | Baseline,
    plan: Plan,
    sites: gpd.GeoDataFrame | None = None,
    *,
    name: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> PlanEffects:
    """Say what a plan means: what each site adds in building order, what changes where.

    Each step touches only what its sites reach, and equals a full assessment of the study with the
    sites built so far.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it once for many plans.
    plan, sites, name
        As for :func:`plan_as_scenario`.
    tell
        Called with one line for each step.

    Returns
    -------
    PlanEffects
        ``steps`` and ``by(level)`` as frames, ``comparison`` with its map.

    Raises
    ------
    InputError
        If a chosen site is in no table, or the study brings its own minutes and no roads.

    Examples
    --------
    >>> import carecircle as cc, geopandas as gpd, shapely
    >>> town = cc.samples.toy_town()
    >>> spots = gpd.GeoDataFrame(geometry=[shapely.Point(900, 0)], index=["N1"], crs=town.areas.crs)
    >>> plan = cc.max_cover(cc.siting_instance(town, spots), n_sites=1)
    >>> effects = effects_of_plan(town, plan, spots)
    >>> effects.steps[["elders_gained", "elders_covered", "elders_total"]].values.tolist()
    [[30.0, 110.0, 130.0]]
    """
    base = study if isinstance(study, Baseline) else Baseline.of(study)
    if base.search is None:
        msg = "the study brings its own minutes and no roads; what new sites reach is not known"
        raise InputError(msg)
    scenario = plan_as_scenario(base.study, plan, sites, name=name)
    base = with_sites(base, scenario.sites)
    found = compare(base, [replace(scenario, sites=None)], tell=tell)
    if scenario.close:  # gains are over what is kept
        base = Baseline.of(apply_scenario(base.study, Scenario("kept", close=scenario.close)))
    outcomes = []
    for number, outcome in enumerate(one_by_one(base, scenario.build), 1):
        outcomes.append(outcome)
        if tell is not None:
            tell(f"site {number} of {len(scenario.build)}")
    steps = steps_of(base, scenario.build, outcomes)
    if "period" in plan.chosen:
        steps.insert(0, "period", plan.chosen["period"].to_numpy())
    return PlanEffects(plan, scenario, found, steps)


def _told(value: object) -> object:
    """Return a table of the terms row by row; of one value per demand point only how many."""
    if isinstance(value, pd.DataFrame):
        return value.reset_index().to_dict("records")
    return f"{len(value)} values" if isinstance(value, pd.Series) else value


def _cells(row: pd.Series) -> list[str]:
    shown = {
        name: "--" if pd.isna(row[name]) else f"{row[name]:+,.0f}"
        for name in ("people_gained", "elders_gained")
    }
    shown["elders_covered"] = fraction(row["elders_covered"], row["elders_total"])
    for figure in ("units_with_facility", "units_on_time"):
        shown[figure] = fraction(row[figure], row["units_total"])
    for name in ("cost", "cost_per_elder"):
        shown[name] = "--" if pd.isna(row[name]) else f"{row[name]:,.4g}"
    return [shown[code] for code, *_ in _HEADS]


def _today_row(comparison: Comparison, *, zh: bool) -> list[str]:
    today = comparison.summary.iloc[0]
    told = [fraction(today["elders_covered"], today["elders_total"])]
    states = ("with_facility", "on_time")
    told += [fraction(today[f"units_{state}"], today["units_total"]) for state in states]
    return ["", "现状" if zh else "today", "", "", *told, "", ""]
