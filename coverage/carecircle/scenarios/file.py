"""Scenario files: TOML by hand, or the JSON that a map exports; the same keys in both."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.planning.scenario import RoadChanges, Scenario, add_fault, nearest_known
from carecircle.roads.access import STRUCTURES, is_structure
from carecircle.roads.changes import new_roads

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["read_scenarios", "scenarios_from", "scenarios_text"]


def read_scenarios(path: str | Path) -> list[Scenario]:
    """Read the scenarios of a file.

    Ids are checked against a study when the scenarios are compared.

    Parameters
    ----------
    path
        A TOML or JSON file::

            [[scenario]]
            name = "two stations for one"
            build = ["S03", "S17"]
            close = ["F012"]
            enlarge = { C01 = 200 }            # m2 added
            move = { F03 = "S07" }             # or [x, y] in the study's CRS
            population = { 150302001002 = 1.1 } # or one factor for all
            limits = { urban = 10 }
            walking_speed = 0.8                # metres per second
            sites = { N1 = [399618.6, 4390975.2] }
            [scenario.roads]
            add = [
                [[399000.0, 4390000.0], [399200.0, 4390100.0]],
                { line = [[399200.0, 4390100.0], [399800.0, 4390300.0]], bridge = "yes" },
            ]
            close = ["R1201"]
            speed = { R77 = 0.8 }              # metres per second

    Returns
    -------
    list of Scenario
        In the order of the file.

    Raises
    ------
    InputError
        If the file is missing or not readable, or with everything wrong in it.
    """
    path = Path(path)
    if not path.is_file():
        near = ", ".join(sorted(p.name for p in path.parent.glob("*.toml"))) or "none"
        raise InputError(f"scenario: {path} not found (TOML files there: {near}); check the path")
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, UnicodeDecodeError) as fault:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise InputError(f"scenario: {path.name} is not {kind} in UTF-8: {fault}") from fault
    if not isinstance(raw, dict):
        raise InputError(f"scenario: {path.name} holds a list; write an object with 'scenario'")
    return scenarios_from(raw, file=path.name)


def scenarios_from(raw: Mapping[str, Any], *, file: str = "scenarios") -> list[Scenario]:
    """Read scenarios from plain values, as TOML and JSON give them.

    Parameters
    ----------
    raw
        ``scenario``: a list of tables with the fields of :class:`Scenario`; ``roads`` a table with
        the fields of :class:`RoadChanges`, its ``add`` a list of lines ``[[x, y], [x, y]]``
        and of tables with ``line`` and ``bridge`` or ``tunnel``; ``sites`` a table id -> ``[x,
        y]``.
    file
        Name for messages.

    Raises
    ------
    InputError
        With every unknown key, missing name and value of a wrong type.

    Examples
    --------
    >>> scenarios_from({"scenario": [{"name": "A", "build": ["S1"]}]})
    [Scenario('A': build S1)]
    """
    log = IssueLog()
    for key in sorted(raw.keys() - {"scenario"}):
        add_fault(log, file, key, "unknown key", "write [[scenario]] for each scenario")
    tables = raw.get("scenario", [])
    tables = tables if isinstance(tables, list) else [tables]
    if not tables:
        add_fault(log, file, "scenario", "none", "write [[scenario]] with a name for each scenario")
    read = [_read_one(table, number, log) for number, table in enumerate(tables, 1)]
    log.raise_if_fatal()
    return [scenario for scenario in read if scenario is not None]


def scenarios_text(scenarios: Sequence[Scenario]) -> str:
    """Return scenarios as the JSON that :func:`read_scenarios` reads.

    What changes is kept to the last digit. Of sites that a scenario brings along only id and place
    are kept, of new roads the line and whether it is a bridge or tunnel: costs and kinds belong
    into the study's own tables.

    Parameters
    ----------
    scenarios
        In the order of the file.

    Examples
    --------
    >>> scenarios_from(json.loads(scenarios_text([Scenario("A", build=["S1"])])))
    [Scenario('A': build S1)]
    """
    tables = [_table(scenario) for scenario in scenarios]
    return json.dumps({"scenario": tables}, ensure_ascii=False, indent=1) + "\n"


def _table(scenario: Scenario) -> dict[str, Any]:
    roads, population = scenario.roads, scenario.population
    told: dict[str, Any] = {
        "build": list(scenario.build),
        "close": list(scenario.close),
        "enlarge": dict(scenario.enlarge),
        "move": {one: to if isinstance(to, str) else list(to) for one, to in scenario.move.items()},
        "limits": dict(scenario.limits),
        "sites": _places(scenario.sites),
        "roads": {
            "add": _lines(roads),
            "close": list(roads.close),
            "speed": dict(roads.speed),
        },
    }
    told["roads"] = {key: value for key, value in told["roads"].items() if value}
    if scenario.walking_speed is not None:
        told["walking_speed"] = scenario.walking_speed
    if population != 1.0:
        told["population"] = population if isinstance(population, int | float) else dict(population)
    return {
        "name": scenario.name,
        **{key: value for key, value in told.items() if value not in ({}, [])},
    }


def _lines(roads: RoadChanges) -> list[Any]:
    if not len(roads.add):
        return []
    added = new_roads(roads.add)
    passes = {one: is_structure(added[[one]]) for one in STRUCTURES if one in added}
    written: list[Any] = []
    for row, line in enumerate(added.geometry):
        told = {one: "yes" for one, mask in passes.items() if mask[row]}
        xy = shapely.get_coordinates(line).tolist()
        written.append({"line": xy, **told} if told else xy)
    return written


def _places(sites: Any) -> dict[str, list[float]]:
    if isinstance(sites, gpd.GeoDataFrame):
        xy = shapely.get_coordinates(sites.geometry.array).tolist()
        return dict(zip(map(str, sites.index), xy, strict=True))
    return {one: list(spot) for one, spot in (sites or {}).items()}


def _read_one(table: object, number: int, log: IssueLog) -> Scenario | None:
    if not isinstance(table, dict):
        add_fault(log, str(number), "scenario", repr(table), "write [[scenario]], then its keys")
        return None
    name = str(table.get("name", number))
    if "name" not in table:
        add_fault(log, name, "name", "missing", "give each scenario a name")
    faults = len(log)
    _check_keys(table, [one.name for one in fields(Scenario)], (name, ""), log)
    roads = table.get("roads", {})
    if isinstance(roads, dict):
        _check_keys(roads, [one.name for one in fields(RoadChanges)], (name, "roads."), log)
    if len(log) > faults or "name" not in table:
        return None
    values = {key: value for key, value in table.items() if key != "roads"}
    values["name"] = name
    if "move" in values:
        values["move"] = {
            one: to if isinstance(to, str) else tuple(to) for one, to in values["move"].items()
        }
    return Scenario(**values, roads=_read_roads(roads, name, log))


def _read_roads(roads: Mapping[str, Any], name: str, log: IssueLog) -> RoadChanges:
    lines = [_read_road(one, name, log) for one in roads.get("add", ())]
    return RoadChanges(lines, tuple(map(str, roads.get("close", ()))), roads.get("speed", {}))


def _read_road(one: object, name: str, log: IssueLog) -> shapely.LineString | dict[str, Any]:
    told = one if isinstance(one, dict) else {"line": one}
    for key in sorted(told.keys() - {"line", *STRUCTURES}):
        fix = nearest_known(key, ["line", *STRUCTURES])
        add_fault(log, name, f"roads.add.{key}", "unknown key", fix)
    for key in STRUCTURES:
        if key in told and not isinstance(told[key], str):
            add_fault(log, name, f"roads.add.{key}", repr(told[key]), 'give "yes", or leave it out')
    try:
        line = shapely.LineString(told.get("line", ()))
        shape = line if len(line.coords) else None
    except (ValueError, TypeError, shapely.errors.ShapelyError):
        shape = None
    if shape is None:
        fix = 'give lines: [[[x, y], [x, y]]] or [{ line = [[x, y], [x, y]], bridge = "yes" }]'
        add_fault(log, name, "roads.add", repr(one)[:60], fix)
    return {**told, "line": shape} if isinstance(one, dict) else shape


_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "name": ((str,), "text"),
    "build": ((list, tuple, str), "a list of ids"),
    "close": ((list, tuple, str), "a list of ids"),
    "enlarge": ((dict,), "a table: facility id = m2"),
    "move": ((dict,), "a table: facility id = site id or [x, y]"),
    "roads": ((dict,), "a table with add, close, speed"),
    "population": ((int, float, dict), "a factor, or a table: area id = factor"),
    "limits": ((dict,), "a table: urban = minutes"),
    "sites": ((dict,), "a table: site id = [x, y]"),
    "walking_speed": ((int, float), "metres per second"),
    "add": ((list, tuple), "a list of lines [[x, y], [x, y]] or tables with line and bridge"),
    "speed": ((dict,), "a table: road id = metres per second"),
}


def _check_keys(
    table: Mapping[str, Any], keys: Collection[str], where: tuple[str, str], log: IssueLog
) -> None:
    name, prefix = where
    for key, value in table.items():
        if key not in keys:
            add_fault(log, name, prefix + key, "unknown key", nearest_known(key, keys))
        elif not isinstance(value, _TYPES[key][0]) or isinstance(value, bool):
            add_fault(log, name, prefix + key, repr(value), f"give {_TYPES[key][1]}")
