"""Scenario files: TOML by hand, or the JSON that a map exports; the same keys in both."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from carecircle.errors import InputError
from carecircle.planning.scenario import scenarios_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecircle.planning.scenario import Scenario

__all__ = ["read_scenarios", "scenarios_text"]


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
            add = [[[399000.0, 4390000.0], [399200.0, 4390100.0]]]
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


def scenarios_text(scenarios: Sequence[Scenario]) -> str:
    """Return scenarios as the JSON that :func:`read_scenarios` reads.

    What changes is kept to the last digit. Of sites and new roads that a scenario brings along only
    id and place are kept: their costs and kinds belong into the study's own table of sites.

    Parameters
    ----------
    scenarios
        In the order of the file.

    Examples
    --------
    >>> from carecircle.planning.scenario import Scenario, scenarios_from
    >>> scenarios_from(json.loads(scenarios_text([Scenario("A", build=["S1"])])))
    [Scenario('A': build S1)]
    """
    tables = [_table(scenario) for scenario in scenarios]
    return json.dumps({"scenario": tables}, ensure_ascii=False, indent=1) + "\n"


def _table(scenario: Scenario) -> dict[str, Any]:
    roads, population = scenario.roads, scenario.population
    lines = roads.add.geometry if isinstance(roads.add, gpd.GeoDataFrame) else roads.add
    told: dict[str, Any] = {
        "build": list(scenario.build),
        "close": list(scenario.close),
        "enlarge": dict(scenario.enlarge),
        "move": {one: to if isinstance(to, str) else list(to) for one, to in scenario.move.items()},
        "limits": dict(scenario.limits),
        "sites": _places(scenario.sites),
        "roads": {
            "add": [shapely.get_coordinates(line).tolist() for line in lines],
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


def _places(sites: Any) -> dict[str, list[float]]:
    if isinstance(sites, gpd.GeoDataFrame):
        xy = shapely.get_coordinates(sites.geometry.array).tolist()
        return dict(zip(map(str, sites.index), xy, strict=True))
    return {one: list(spot) for one, spot in (sites or {}).items()}
