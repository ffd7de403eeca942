"""The counts of people that a result publishes, and the sums that tie them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from carecircle.analysis.coverage import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]
    #: Equations as coordinates: row, cell and coefficient of each term.
    Terms = tuple[Places, Places, Floats]

__all__ = ["STATES", "Cells", "people_cells", "unit_of_areas"]

STATES = ("total", "covered", "uncovered", "not_assessed")
#: Weights that count people, and the column of the gaps that holds each.
_PEOPLE = {"people": "population", "elders": "elders", "households": "households"}
_NOISE = 1e-6


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts of people and the equations between them.

    ``keys`` is the index ``(level, unit_id, state)``, sorted; uncovered areas are the level
    ``gap``. ``values`` has a row for each cell, a column each for people, elders and households.
    ``sums`` has a row for each equation ``sum(coefficient x cell) = 0``.
    """

    keys: pd.MultiIndex
    values: Floats
    sums: sparse.csr_array


def people_cells(findings: Findings) -> Cells:
    """Return the counts of people of all units and uncovered areas, and what adds up to what.

    Equations are: total = covered + uncovered + not assessed in each unit; a unit = its areas; a
    unit = the units of another level inside it; all units of a level = all cities; uncovered (not
    assessed) in some units = the gaps that lie in them and nowhere else. Those that homes outside
    all areas break are left out: nobody can use them.
    """
    units = _units(findings)
    gaps = _gaps(findings)
    keys = pd.MultiIndex.from_frame(pd.concat([units[0], gaps[0]], ignore_index=True))
    values = np.vstack([units[1], gaps[1]])
    order = np.argsort(np.array(["\x1f".join(key) for key in keys]), kind="stable")
    keys, values = keys[order], values[order]
    rows, cells, factors = [], [], []
    n = 0
    for row, cell, factor in _equations(findings, keys):
        inside = cell >= 0
        rows.append(row[inside] + n)
        cells.append(cell[inside])
        factors.append(factor[inside])
        n += int(row.max(initial=-1)) + 1
    terms = (np.concatenate(factors), (np.concatenate(rows), np.concatenate(cells)))
    sums = sparse.csr_array(terms, shape=(n, len(keys)))
    sums.sum_duplicates()
    known = np.nan_to_num(values)
    left: Floats = np.asarray(sums @ known)
    most: Floats = np.asarray(abs(sums) @ known)
    holds = np.abs(left).max(axis=1) <= _NOISE * (1 + most.max(axis=1))
    return Cells(keys, values, sums[np.flatnonzero(holds)])


def unit_of_areas(areas: pd.DataFrame) -> dict[str, pd.Series]:
    """Return level -> unit of each area, as the totals name them; "" where it is not stated."""
    known = {
        level: areas[column].astype("str").fillna("")
        for level, (column, _) in LEVELS.items()
        if column in areas and areas[column].notna().any()
    }
    if "city" not in known:
        known["city"] = pd.Series("", areas.index, dtype="str")
    return known


def _units(findings: Findings) -> tuple[pd.DataFrame, Floats]:
    columns = [f"{weight}_{state}" for state in STATES for weight in _PEOPLE]
    totals, areas = findings.totals, findings.areas
    table = pd.concat([totals.reindex(columns=columns), areas.reindex(columns=columns)])
    levels = [*totals.index.get_level_values("level").astype(str), *["area"] * len(areas)]
    ids = [*totals.index.get_level_values("unit_id").astype(str), *areas.index.astype(str)]
    keys = pd.DataFrame({
        "level": np.repeat(levels, len(STATES)), "unit_id": np.repeat(ids, len(STATES)),
        "state": np.tile(STATES, len(ids)),
    })  # fmt: skip
    return keys, table.to_numpy(dtype=float, na_value=np.nan).reshape(-1, len(_PEOPLE))


def _gaps(findings: Findings) -> tuple[pd.DataFrame, Floats]:
    gaps = findings.gaps
    keys = pd.DataFrame({
        "level": "gap", "unit_id": gaps.index.astype(str), "state": _gap_states(gaps),
    }, dtype=object)  # fmt: skip
    values = pd.DataFrame(gaps).reindex(columns=list(_PEOPLE.values()))
    return keys, values.to_numpy(dtype=float, na_value=np.nan)


def _gap_states(gaps: pd.DataFrame) -> NDArray[np.object_]:
    """Return the state of the homes in each gap: those nobody could judge are gaps of their own."""
    judged = (
        gaps["assessed"].to_numpy(dtype=bool) if "assessed" in gaps else np.ones(len(gaps), bool)
    )
    return np.where(judged, STATES[2], STATES[3]).astype(object)


def _equations(findings: Findings, keys: pd.MultiIndex) -> Iterator[Terms]:
    areas = findings.areas
    ids = np.asarray(areas.index.astype(str))
    units = unit_of_areas(areas)
    units["area"] = pd.Series(ids, areas.index)
    yield _within_units(keys)
    for state in STATES:
        for level, unit in units.items():
            if level != "area":
                yield from _all_of(keys, level, state)
            for other, inner in units.items():
                if other != level and _is_nested(inner, unit):
                    pairs = pd.DataFrame({"of": unit, "part": inner}).drop_duplicates()
                    yield _parts(keys, (level, other), pairs, state)
    of_gaps = _gap_states(findings.gaps)
    for state in STATES[2:]:
        gaps = findings.gaps[of_gaps == state]
        for level, unit in units.items():
            yield _of_gaps(gaps, keys, (level, state), unit)


def _at(keys: pd.MultiIndex, level: str, ids: NDArray[np.object_], state: str) -> Places:
    wanted = pd.MultiIndex.from_arrays([[level] * len(ids), ids, [state] * len(ids)])
    return keys.get_indexer(wanted)


def _within_units(keys: pd.MultiIndex) -> Terms:
    """Return total - covered - uncovered - not assessed of every unit."""
    whole = keys[(keys.get_level_values("state") == "total")]
    ids = [whole.get_level_values(name) for name in ("level", "unit_id")]
    rows = np.arange(len(whole))
    cells = [keys.get_indexer(pd.MultiIndex.from_arrays([*ids, [s] * len(whole)])) for s in STATES]
    factors = np.repeat([1.0, -1.0, -1.0, -1.0], len(whole))
    return np.tile(rows, len(STATES)), np.concatenate(cells), factors


def _all_of(keys: pd.MultiIndex, level: str, state: str) -> Iterator[Terms]:
    """Yield all cities - all units of a level."""
    if level == "city":
        return
    state_of = keys.get_level_values("state") == state
    level_of = keys.get_level_values("level")
    cities = np.flatnonzero(state_of & (level_of == "city"))
    parts = np.flatnonzero(state_of & (level_of == level))
    cells = np.concatenate([cities, parts])
    factors = np.repeat([1.0, -1.0], [len(cities), len(parts)])
    yield np.zeros(len(cells), dtype=np.intp), cells, factors


def _is_nested(inner: pd.Series, outer: pd.Series) -> bool:
    pairs = pd.DataFrame({"inner": inner, "outer": outer}).drop_duplicates()
    return not pairs["inner"].duplicated().any()


def _parts(keys: pd.MultiIndex, levels: tuple[str, str], pairs: pd.DataFrame, state: str) -> Terms:
    """Return each unit of a level - the units of another one inside it."""
    row, ids = pd.factorize(pairs["of"])
    whole = _at(keys, levels[0], np.asarray(ids, dtype=object), state)
    parts = _at(keys, levels[1], pairs["part"].to_numpy(dtype=object), state)
    rows = np.concatenate([np.arange(len(ids)), row])
    return rows, np.concatenate([whole, parts]), np.repeat([1.0, -1.0], [len(ids), len(parts)])


def _of_gaps(
    gaps: pd.DataFrame, keys: pd.MultiIndex, of: tuple[str, str], unit: pd.Series
) -> Terms:
    """Return a state in the units of each group - the gaps that lie in them and nowhere else."""
    level, state = of
    lists = (
        gaps["area_ids"].astype("str").fillna("") if "area_ids" in gaps else pd.Series(dtype=str)
    )
    links = lists.str.split(";").explode()
    named = unit.set_axis(unit.index.astype(str))
    links = links[links.isin(named.index).to_numpy()]
    units, gap_ids = pd.Index(unit.unique()), gaps.index.astype(str)
    at_unit = units.get_indexer(pd.Index(links.map(named)))
    at_gap = gap_ids.get_indexer(pd.Index(links.index.astype(str)))
    n = len(units) + len(gap_ids)
    graph = sparse.csr_array((np.ones(len(at_unit)), (at_unit, len(units) + at_gap)), shape=(n, n))
    _, group = connected_components(graph, directed=False)
    cells = np.concatenate([
        _at(keys, level, units.to_numpy(dtype=object), state),
        _at(keys, "gap", gap_ids.to_numpy(dtype=object), state),
    ])  # fmt: skip
    return group.astype(np.intp), cells, np.repeat([1.0, -1.0], [len(units), len(gap_ids)])
