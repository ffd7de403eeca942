"""What a figure rests on and no other file of a result folder holds, as one small archive."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

    from carecircle.analysis.findings import Findings

__all__ = ["FRAMES", "read_evidence", "write_evidence"]

#: Frames of the findings that the archive holds; layers are in the GeoPackage, verdicts in CSV.
FRAMES = ("totals", "floor_areas", "floor_totals", "rulebook")
_DATE = (1980, 1, 1, 0, 0, 0)


def write_evidence(findings: Findings, path: Path) -> None:
    """Write the tables without geometry as a ZIP of Parquet files; equal findings, equal bytes.

    Holds the frames named in :data:`FRAMES`, and the ledgers, minutes by kind and texts of
    the rule files in ``findings.evidence``.
    """
    tables = {name: getattr(findings, name) for name in FRAMES} | dict(findings.evidence)
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(tables):
            table = tables[name]
            if len(table.columns):
                shapes = [column for column in table if table[column].dtype == "geometry"]
                plain = pd.DataFrame(table.drop(columns=shapes))
                made = plain.to_parquet(None, compression="zstd")
                archive.writestr(zipfile.ZipInfo(f"{name}.parquet", _DATE), made)


def read_evidence(path: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of the archive by name."""
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".parquet"): pd.read_parquet(io.BytesIO(archive.read(name)))
            for name in archive.namelist()
        }
