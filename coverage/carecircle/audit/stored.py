"""A result folder read back as a result, for audits, comparisons and maps."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from carecircle.analysis.findings import StudyCard
from carecircle.errors import InputError
from carecircle.inputs.contracts import CONTRACTS, FACILITY_KINDS
from carecircle.inputs.issues import Issue, IssueLog
from carecircle.outputs.evidence import FRAMES, read_evidence
from carecircle.outputs.manifest import FORMAT
from carecircle.roads.profiles import TravelProfile
from carecircle.study.assessment import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["changed_files", "open_result", "read_manifest"]

_LAYERS = {"areas": "area_id", "homes": "home_id", "facilities": "facility_id",
           "circles": "circle_id", "reached_roads": "", "gaps": "gap_id"}  # fmt: skip
_FLAGS = ("has_facility", "on_time", "covered", "eligible", "assessed", "safety_net",
          "open_to_community", "verified", "in_force", "headline")  # fmt: skip
_KEYS = {"rules": ["preset", "rule", "unit_id"], "indicators": ["line", "level", "unit_id"],
         "sync": ["reading", "estate_id"]}  # fmt: skip
_TEXTS = ("reason", "evidence_ids", "closes", "failed_step", "failed_steps", "missing")


def open_result(folder: str | Path) -> Result:
    """Read a result folder back.

    Parameters
    ----------
    folder
        A folder that :meth:`carecircle.Result.save` wrote.

    Returns
    -------
    Result
        With the frames of its files; roads, barriers and the ground of the search are not kept
        there, so the frames for them are empty.

    Raises
    ------
    InputError
        If the folder is not a carecircle result, or a file of it is missing or unreadable.

    Examples
    --------
    ::

        result = cc.open_result("results/2025")
        print(result.explain("city.elders_rate"))
    """
    folder = Path(folder)
    facts = read_manifest(folder)
    try:
        layers = {name: _layer(folder, name, index) for name, index in _LAYERS.items()}
        tables = read_evidence(folder / "evidence.zip")
        checked: dict[str, Any] = {name: _verdicts(folder, name) for name in _KEYS}
        issues = pd.read_csv(folder / "issues.csv", encoding="utf-8-sig", dtype="str").fillna("")
    except (OSError, ValueError, KeyError, RuntimeError) as fault:
        msg = f"{folder}: a file of the result cannot be read ({fault}); run the study again"
        raise InputError(msg) from fault
    frames: dict[str, Any] = {name: tables.pop(name, pd.DataFrame()) for name in FRAMES}
    none = layers["areas"].iloc[:0][["geometry"]]
    kept = ("inputs", "settings", "terms", "study", "masked", "versions")
    return Result(
        card=_card(facts["card"]), roads=none, barriers=none, **layers, **frames, **checked,
        issues=IssueLog(Issue(**{str(name): text for name, text in row.items()})
                        for row in issues.to_dict("records")),
        provenance={name: facts[name] for name in kept if facts.get(name) is not None},
        evidence=tables,
    )  # fmt: skip


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a result folder.

    Raises
    ------
    InputError
        If there is none, or it is of another program or format.
    """
    try:
        facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        inside = folder / "results"
        fix = "`carecircle run` writes one"
        if (inside / "manifest.json").is_file():
            fix = f"did you mean {str(inside)!r}?"
        msg = f"{folder} is not a carecircle result: no manifest.json of one; {fix}"
        raise InputError(msg) from fault
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise InputError(f"{folder}/manifest.json is not of the format {FORMAT}")
    return facts


def changed_files(folder: Path) -> list[str]:
    """Return the files of a result folder that are not as they were written, or are gone."""
    files = read_manifest(folder)["files"]
    return [name for name, known in files.items() if known["sha256"] != _sha256(folder / name)]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _layer(folder: Path, name: str, index: str) -> gpd.GeoDataFrame:
    frame = gpd.read_file(folder / "coverage.gpkg", layer=name)
    if index in frame:
        frame = frame.astype({index: "str"}).set_index(index)
    dates = (
        [c.name for c in CONTRACTS[name].columns if c.kind == "date"] if name in CONTRACTS else []
    )
    for column in frame.columns.intersection(dates):
        frame[column] = pd.to_datetime(frame[column])
    return frame.assign(**{
        flag: frame[flag].astype("Int8").astype("boolean") for flag in _FLAGS if flag in frame
    })  # fmt: skip


def _verdicts(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.csv"
    if not path.is_file():
        return pd.DataFrame()
    keys = _KEYS[name]
    # a column of texts without a text in any row would be read as numbers
    codes = dict.fromkeys([*keys, *_TEXTS, "number", "status"], "str")
    table = pd.read_csv(path, encoding="utf-8-sig", dtype=codes, low_memory=False)
    table = table.fillna({name: "" for name in (*keys, *_TEXTS)
                          if name in table})  # fmt: skip
    return table.set_index(keys)


def _card(facts: dict[str, Any]) -> StudyCard:
    profile = TravelProfile(**_known(TravelProfile, facts["profile"]))
    card = _known(StudyCard, facts)
    kinds = {kind: tuple(names) for kind, names in card["kinds"].items() if names}
    kinds = _as_known(kinds, FACILITY_KINDS)
    limits = _as_known(card["limits"], CONTRACTS["areas"].column("kind").choices)
    plain: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in card.items()
    }
    return StudyCard(**(plain | {"profile": profile, "kinds": kinds, "limits": limits}))


def _as_known(facts: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Return the facts in the order of a study: a manifest sorts its keys."""
    return {name: facts[name] for name in known if name in facts} | facts


def _known(of: Any, facts: dict[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(of)}
    return {name: value for name, value in facts.items() if name in names}
