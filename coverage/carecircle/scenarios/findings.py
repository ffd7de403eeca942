"""What holds under a scenario as the frames of an assessment, ready to be drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from carecircle.analysis.findings import Findings
from carecircle.analysis.roster import is_eligible
from carecircle.planning.tally import FIGURES
from carecircle.study.assessment import assess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecircle.scenarios.baseline import Outcome
    from carecircle.study.assessment import Study

__all__ = ["findings_of", "with_shapes"]

_CELLS = ("has_in_time", "has_late", "neighbour_in_time", "none_late")


def findings_of(study: Study, outcome: Outcome, settings: Mapping[str, object]) -> Findings:
    """Return an outcome as findings without what a scenario does not compute anew.

    Parameters
    ----------
    study
        The study that the outcome is of: today's, or :func:`carecircle.apply_scenario`'s.
    outcome
        Its minutes and sums.
    settings
        What else the manifest should tell.

    Returns
    -------
    Findings
        Areas, homes, facilities and totals as :func:`carecircle.assess` gives them; no circles,
        gaps, reached roads or floor area.
    """
    tables, crs = study.tables, study.areas.crs
    nothing = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=crs))
    counts = is_eligible(tables.facilities, study.card.eligible)
    return Findings(
        card=study.card, areas=_areas(study, outcome), homes=_homes(study, outcome),
        facilities=tables.facilities.assign(eligible=counts),
        circles=nothing, reached_roads=nothing, gaps=nothing, floor_areas=pd.DataFrame(),
        totals=_totals(outcome), floor_totals=pd.DataFrame(), roads=tables.roads,
        barriers=tables.barriers, issues=study.issues,
        provenance={"inputs": list(tables.inputs), "settings": {**study.settings, **settings}},
    )  # fmt: skip


def with_shapes(study: Study, findings: Findings) -> Findings:
    """Return findings with the circles and uncovered areas that an assessment of the study draws.

    Parameters
    ----------
    study
        The study that the findings are of; no standard is checked anew.
    findings
        From :func:`findings_of`.
    """
    bare = replace(study, terms=replace(study.terms, presets=()))
    if study.tables.minutes is None:
        # a property of the study, and dear to build again
        vars(bare)["network"] = study.network
    full = assess(bare)
    return replace(findings, circles=full.circles, gaps=full.gaps, ground=full.ground)


def _areas(study: Study, outcome: Outcome) -> gpd.GeoDataFrame:
    areas = study.areas.drop(columns=[name for name in FIGURES if name in study.areas])
    figures = pd.DataFrame(outcome.figures["area"], columns=FIGURES, index=areas.index)
    state = figures[[f"cell_{cell}" for cell in _CELLS]].to_numpy() > 0
    cell = np.array([*_CELLS, None], dtype=object)
    figures["cell"] = cell[np.where(state.any(axis=1), state.argmax(axis=1), -1)]
    figures["has_facility"] = figures["units_with_facility"] > 0
    return areas.join(figures)


def _homes(study: Study, outcome: Outcome) -> gpd.GeoDataFrame:
    names = np.array([*outcome.names, None], dtype=object)  # the last stands for -1, nobody
    covered = pd.array(outcome.covered, dtype="boolean")
    covered[~outcome.tally.assessed] = pd.NA
    return study.homes.assign(
        minutes=outcome.minutes,
        facility_id=names[outcome.facility],
        limit_minutes=outcome.tally.limit,
        covered=covered,
    )


def _totals(outcome: Outcome) -> pd.DataFrame:
    parts = {}
    for level, units in outcome.tally.levels.items():
        if level != "area":
            table = pd.DataFrame(outcome.figures[level], columns=FIGURES, index=units.units)
            table.insert(0, "name", units.names)
            parts[level] = table
    return pd.concat(parts, names=["level", "unit_id"])
