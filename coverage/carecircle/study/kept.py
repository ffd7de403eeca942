"""What an assessment keeps of its study, so that its figures can be audited and made again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from carecircle.standards.rules import Preset
    from carecircle.study.tables import Tables
    from carecircle.study.terms import Terms

__all__ = ["evidence_of", "provenance_of"]


def evidence_of(
    tables: Tables, presets: tuple[Preset, ...], minutes: Mapping[str, pd.DataFrame | None]
) -> dict[str, pd.DataFrame]:
    """Return the tables that rules rest on: ledgers, minutes, and the rule files' text.

    ``minutes`` holds ``pairs`` by kind and ``links`` between facilities, as far as rules ask.
    """
    if not presets:
        return {}
    kept = {
        "projects": tables.projects, "rosters": tables.rosters,
        "observations": tables.observations, **minutes,
    }  # fmt: skip
    files = [(preset.id, preset.file, preset.text) for preset in presets]
    rule_files = pd.DataFrame(files, columns=["preset", "file", "text"])
    return {name: table for name, table in kept.items() if table is not None} | {
        "rule_files": rule_files
    }


def provenance_of(study: Any) -> dict[str, object]:
    """Return where a result came from: files with hashes, settings, terms, and the study file.

    Parameters
    ----------
    study
        A :class:`carecircle.Study`.
    """
    return {
        "inputs": list(study.tables.inputs),
        "settings": dict(study.settings),
        "terms": _terms(study.terms),
        "study": _study_file(study.file),
    }


def _terms(terms: Terms) -> Mapping[str, object]:
    return {
        "floor_rule": terms.floor_rule, "gaps": terms.gaps, "circles": terms.circles,
        "snap_m": dict(terms.snap_m), "prefer_connected": terms.prefer_connected,
    }  # fmt: skip


def _study_file(path: Path | None) -> Mapping[str, object] | None:
    if path is None or not path.is_file():
        return None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": path.name, "sha256": digest, "path": path.resolve()}
