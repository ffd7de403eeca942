"""Scenario files: TOML by hand, or the JSON that a map exports; the same keys in both."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from carecircle.errors import InputError
from carecircle.planning.scenario import scenarios_from

if TYPE_CHECKING:
    from carecircle.planning.scenario import Scenario

__all__ = ["read_scenarios"]


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
