"""The figures of a result counted again from its homes, facilities, ledgers and rules."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from carecircle.analysis.coverage import catchments, coverage_by_area, home_coverage, roll_up
from carecircle.analysis.roster import four_cells, is_eligible, roster
from carecircle.inputs.issues import IssueLog
from carecircle.standards.evaluate import check_standards
from carecircle.standards.floor_area import (
    FloorAreaRule,
    check_floor_area,
    roll_up_floor_area,
)
from carecircle.standards.indicators import indicators
from carecircle.standards.presets import parsed_rules
from carecircle.standards.rule_frames import RuleFrames

if TYPE_CHECKING:
    from carecircle.analysis.findings import Findings
    from carecircle.evidence.figures import Figure
    from carecircle.standards.rules import Preset

__all__ = ["floor_rule_of", "preset_of", "recounted", "rule_frames_of"]

#: What the search gives to each home; all else of a home is read or follows from it.
_SEARCHED = ("minutes", "facility_id", "second_minutes", "second_facility_id", "metres", "access_m",
             "reason")  # fmt: skip
_GAP_COLUMNS = {"homes": "homes", "population": "people", "elders": "elders",
                "households": "households"}  # fmt: skip


def recounted(findings: Findings, figure: Figure) -> Any:
    """Count a figure again from what lies below it.

    Minutes of homes are taken as they stand (``carecircle replay`` searches them again), and so are
    the columns of the input; everything decided, added up or divided from them is done anew.

    Parameters
    ----------
    findings
        A result of this run, or one read back from its folder.
    figure
        From :func:`carecircle.evidence.figures.figure_of`.

    Returns
    -------
    The value; ``NotImplemented`` where the figure was read or searched, not counted.
    """
    if figure.table in ("rules", "indicators"):
        table = _ruled(findings, figure)
    elif figure.table == "gaps":
        return _gap(findings, figure)
    elif figure.table == "facilities":
        if figure.column not in ("homes", "people", "elders", "eligible"):
            return NotImplemented
        table = _catchments(findings)
    elif figure.table in ("floor_areas", "floor_totals"):
        table = _floor(findings)[figure.table == "floor_totals"]
    else:
        homes = _homes(findings)
        if figure.table == "homes":
            table = homes[["covered", "limit_minutes", "minutes_over"]]
        else:
            areas = _areas(findings, homes)
            given = set(_given(findings.areas)) | {"geometry"}
            table = roll_up(areas, homes) if figure.table == "totals" else (
                areas.drop(columns=[name for name in areas if name in given])
            )  # fmt: skip
    if figure.column not in table:
        return NotImplemented
    if figure.key not in table.index:
        return None
    value = table.loc[figure.key, figure.column]
    return None if pd.isna(value) else value


def floor_rule_of(findings: Findings) -> FloorAreaRule | None:
    """Return the floor-area rule of a result; ``None`` where none was checked."""
    terms: Any = findings.provenance.get("terms") or {}
    rule = terms.get("floor_rule")
    if rule is None or isinstance(rule, FloorAreaRule):
        return rule
    known = {item.name for item in fields(FloorAreaRule)}
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in rule.items()
    }
    return FloorAreaRule(**{name: value for name, value in values.items() if name in known})


def preset_of(findings: Findings, name: str) -> Preset:
    """Return a standard as it was when the result was made, from the text kept with it."""
    files = findings.evidence["rule_files"].set_index("preset")
    return parsed_rules(str(files.loc[name, "text"]), str(files.loc[name, "file"]))


def rule_frames_of(findings: Findings) -> RuleFrames:
    """Return the frames that rules are checked against, ledgers and minutes by kind included."""
    return RuleFrames.from_findings(findings)


def _given(areas: pd.DataFrame) -> list[str]:
    computed = ("_total", "_covered", "_uncovered", "_not_assessed", "_rate", "_minutes")
    own = ("homes_unknown_people", "minutes_over", "has_facility", "facility_ids", "on_time",
           "cell", "rules_failed", "rules_failed_unverified", "rules_not_assessable")  # fmt: skip
    names = map(str, areas)
    return [name for name in names if not name.endswith(computed) and name not in own]


def _homes(findings: Findings) -> Any:
    homes = findings.homes
    minutes = pd.DataFrame(homes[[name for name in _SEARCHED if name in homes]])
    given = [name for name in homes if name not in (*_SEARCHED, "limit_minutes", "covered",
                                                    "minutes_over")]  # fmt: skip
    return home_coverage(homes[given], minutes, findings.areas, limits=findings.card.limits)


def _areas(findings: Findings, homes: Any) -> Any:
    areas = coverage_by_area(homes, findings.areas[_given(findings.areas)])
    areas = areas.join(roster(areas, findings.facilities[_eligible(findings)]))
    return areas.join(four_cells(areas, on_time_share=findings.card.on_time_share))


def _eligible(findings: Findings) -> Any:
    return is_eligible(findings.facilities, findings.card.eligible).to_numpy()


def _catchments(findings: Findings) -> pd.DataFrame:
    facilities = findings.facilities.assign(eligible=_eligible(findings))
    return catchments(facilities, findings.homes).assign(eligible=facilities["eligible"])


def _floor(findings: Findings) -> tuple[pd.DataFrame, pd.DataFrame]:
    rule = floor_rule_of(findings)
    areas = findings.areas if rule is not None else findings.areas.iloc[:0]
    plan = rule or FloorAreaRule()
    checks = check_floor_area(areas, findings.facilities, plan, log=IssueLog())
    return checks, roll_up_floor_area(checks, areas, rule=plan)


def _ruled(findings: Findings, figure: Figure) -> pd.DataFrame:
    homes = _homes(findings)
    again = replace(findings, homes=homes, areas=_areas(findings, homes))
    if figure.table == "rules":
        preset = preset_of(findings, figure.key[0])
        rule = preset.rule(figure.key[1])
    else:
        row = findings.indicators.loc[[figure.key]].iloc[0]
        preset = preset_of(findings, str(row["preset"]))
        rule = preset.rule(figure.key[0])
    alone = replace(preset, rules=(rule,))
    frames = rule_frames_of(again)
    if figure.table == "rules":
        return check_standards(frames, alone, log=IssueLog())
    return indicators(frames, alone, log=IssueLog())


def _gap(findings: Findings, figure: Figure) -> Any:
    """Return what its areas have uncovered and no other gap holds."""
    weight = _GAP_COLUMNS.get(figure.column)
    if weight is None:
        return NotImplemented
    gaps, areas = findings.gaps, _areas(findings, _homes(findings))
    judged = gaps["assessed"].astype(bool)
    gaps = gaps[judged == judged[figure.key]]
    links = gaps["area_ids"].astype("str").str.split(";").explode()
    ids = areas.index.astype(str)
    at = ids.get_indexer(pd.Index(links))
    n = len(ids)
    rows = gaps.index.get_indexer(links.index)
    graph = sparse.csr_array(
        (np.ones((at >= 0).sum()), (at[at >= 0], n + rows[at >= 0])),
        shape=(n + len(gaps), n + len(gaps)),
    )
    _, group = connected_components(graph, directed=False)
    mine = group == group[n + gaps.index.get_loc(figure.key)]
    state = "uncovered" if judged[figure.key] else "not_assessed"
    whole = areas[f"{weight}_{state}"][mine[:n]].sum(min_count=1)
    others = gaps[figure.column][mine[n:]].drop(figure.key).sum()
    return None if pd.isna(whole) else round(float(whole - others), 9)
