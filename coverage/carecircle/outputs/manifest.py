"""The manifest: from what, under which terms and with which versions a result was made."""

from __future__ import annotations

import json
import math
import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.outputs.figure_words import DERIVATIONS
from carecircle.outputs.workbook.indicators import indicator_facts
from carecircle.outputs.workbook.rules import rule_versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carecircle.analysis.findings import Findings

__all__ = ["FORMAT", "manifest", "manifest_text", "plain_json"]

#: Name and number of the format; a folder whose manifest starts so is a carecircle result.
FORMAT = "carecircle-result-1"
_LIBRARIES = (
    "carecircle", "folium", "geopandas", "networkx", "numba", "numpy", "openpyxl", "osmium",
    "osmnx", "pandas", "pyarrow", "pyogrio", "pyproj", "scipy", "shapely", "xlsxwriter",
)  # fmt: skip
_FRAMES = (
    "areas", "homes", "facilities", "circles", "reached_roads", "gaps", "floor_areas", "totals",
    "floor_totals", "rules", "indicators", "sync", "roads", "barriers",
)  # fmt: skip


def manifest(findings: Findings, files: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
    """Return everything needed to make or check a result again, as plain JSON values.

    No clock, host or path of the run goes in: equal findings give an equal manifest.

    Parameters
    ----------
    findings
        The assessment; ``provenance`` holds ``inputs`` (table, file, sha256, rows, CRS, datum)
        and ``settings``, ``terms`` and ``study`` (the study file, with its hash).
    files
        File name -> facts about it (``sha256``, ``bytes``) of the result folder.

    Returns
    -------
    dict
        ``format``, ``card`` (terms with the travel profile and its source), ``inputs``,
        ``settings``, ``headline`` (the city's totals, numerators and denominators), ``rows`` per
        frame, ``rules`` (each standard with the hash of its file and what is not verified),
        ``indicators`` (the city's lines to quote, each with the hash of its plan),
        ``crs``, ``issues`` (counts by severity and code), ``warnings``, ``versions``, ``files``,
        ``figures`` (the scheme of ids, and for each group of columns its formula, the tables it is
        computed from and the terms it holds under).
        What is unknown is null.
    """
    card = plain_json(findings.card)
    # the kinds that do not count occur too: whoever reads the folder back has to name them
    here = findings.facilities["kind"].dropna().astype(str) if len(findings.facilities) else ()
    kinds = findings.card.kinds
    named = sorted({kind for kind in here if kind in kinds} - set(findings.card.eligible))
    card["kinds"] = {kind: kinds.get(kind) for kind in (*findings.card.eligible, *named)}
    by_code = Counter((issue.severity, issue.table, issue.code) for issue in findings.issues)
    facts = {
        "format": FORMAT,
        "card": card,
        "headline": _headline(findings.totals),
        "rows": {name: len(getattr(findings, name)) for name in _FRAMES},
        "rules": rule_versions(findings),
        "indicators": indicator_facts(findings),
        "crs": _crs(findings),
        "issues": [
            {"severity": severity, "table": table, "code": code, "count": count}
            for (severity, table, code), count in sorted(by_code.items())
        ],
        "warnings": sorted({str(issue) for issue in findings.issues.of("warning")}),
        "versions": _versions(),
        "files": files,
        "figures": _figures(findings),
    }
    plain: dict[str, Any] = plain_json(
        {"inputs": [], "settings": {}} | dict(findings.provenance) | facts
    )
    return plain


def manifest_text(facts: Mapping[str, Any]) -> str:
    """Return the manifest as JSON text with sorted keys and a final newline.

    Examples
    --------
    >>> print(manifest_text({"b": 1, "a": "乌海"}), end="")
    {
      "a": "乌海",
      "b": 1
    }
    """
    return json.dumps(facts, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=2) + "\n"


def _figures(findings: Findings) -> list[dict[str, object]]:
    """Return how the figures of each group of columns come about, and the ids they go by."""
    forms = {
        "totals": "LEVEL:UNIT.COLUMN", "areas": "area:UNIT.COLUMN",
        "floor_totals": "LEVEL:UNIT.floor.COLUMN", "floor_areas": "area:UNIT.floor.COLUMN",
        "facilities": "facility:UNIT.COLUMN", "homes": "home:UNIT.COLUMN",
        "gaps": "gap:UNIT.COLUMN", "rules": "rule:PRESET/RULE@LEVEL:UNIT.COLUMN",
        "indicators": "indicator:NUMBER@LEVEL:UNIT.COLUMN",
    }  # fmt: skip
    return [
        {
            "ids": [forms[table] for table in known.tables.split("|")],
            "columns": known.columns,
            "formula": known.formula[0 if findings.card.language == "zh" else 1],
            "inputs": known.inputs,
            "terms": known.terms,
        }
        for known in DERIVATIONS
    ]


def _headline(totals: pd.DataFrame) -> list[dict[str, object]]:
    """Return the city rows of the totals."""
    if totals.empty:
        return []
    rows = totals[totals.index.get_level_values(0) == "city"].reset_index()
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _crs(findings: Findings) -> str:
    crs = findings.areas.crs
    if crs is None:
        return ""
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_wkt())


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return found


def plain_json(value: Any) -> Any:
    """Return the value made of JSON's own types; unknown is null, sets are sorted."""
    if is_dataclass(value) and not isinstance(value, type):
        # Not asdict: it copies deeply, and a read-only mapping cannot be copied.
        value = {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return _list(sorted(value, key=str))
    if isinstance(value, (list, tuple, np.ndarray, pd.Index)):
        return _list(value)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (bool, int, str)) else str(value)


def _list(values: Iterable[object]) -> list[Any]:
    return [plain_json(item) for item in values]
