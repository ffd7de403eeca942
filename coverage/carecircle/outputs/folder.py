"""The result folder: written whole or not at all, and never over something else."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from carecircle.errors import InputError
from carecircle.outputs.evidence import write_evidence
from carecircle.outputs.layers import write_layers
from carecircle.outputs.manifest import FORMAT, manifest, manifest_text
from carecircle.outputs.styles import write_styles
from carecircle.outputs.workbook.tables import (
    write_indicators,
    write_issues,
    write_rules,
    write_sync,
    write_tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.access import AccessFound
    from carecircle.outputs.report.model import Report

    Writer = Callable[[Findings, Path], None]

__all__ = ["WRITERS", "save_folder", "writers_with"]

_MANIFEST = "manifest.json"
#: What desktop programs leave beside open files; never a reason to refuse.
_STRAY = (".", "~$", "Thumbs.db", "desktop.ini")
_STRAY_ENDS = ("-wal", "-shm", "-journal")


def _write_map(findings: Findings, path: Path) -> None:
    from carecircle.outputs.map.atlas import coverage_map  # drawing is loaded only when asked for

    coverage_map(findings).save(str(path))


def _write_layers(findings: Findings, path: Path) -> None:
    write_layers(findings, path)
    write_styles(findings, path)


#: File of the result folder -> what writes it. The manifest comes last and is always written.
WRITERS: Mapping[str, Writer] = {
    "coverage.gpkg": _write_layers,
    "tables.xlsx": write_tables,
    "issues.csv": write_issues,
    "rules.csv": write_rules,
    "indicators.csv": write_indicators,
    "sync.csv": write_sync,
    "evidence.zip": write_evidence,
    "map.html": _write_map,
}


def writers_with(
    *, access: AccessFound | None = None, report: Report | None = None
) -> dict[str, Writer]:
    """Return the writers of a result folder, with what only the study can tell.

    Parameters
    ----------
    access
        From :func:`carecircle.access_of`: one more layer of the map.
    report
        From :func:`carecircle.make_report`: written as ``report.html``.

    Examples
    --------
    >>> sorted(writers_with()) == sorted(WRITERS)
    True
    """
    from carecircle.outputs.map.atlas import coverage_map
    from carecircle.outputs.report.html import report_html

    writers = dict(WRITERS)
    if access is not None:
        writers["map.html"] = lambda findings, path: coverage_map(findings, access=access).save(
            str(path)
        )
    if report is not None:
        page = report_html(report)

        def write_report(_: Findings, path: Path) -> None:
            path.write_text(page, encoding="utf-8")

        writers["report.html"] = write_report
    return writers


def save_folder(
    findings: Findings, folder: str | Path, *, writers: Mapping[str, Writer] = WRITERS
) -> Path:
    """Write the result folder and return its path.

    Everything is written beside the folder first and moved there when whole. An earlier result
    is replaced only then, and stays as it was when anything fails.

    Parameters
    ----------
    findings
        The assessment.
    folder
        Folder to make; missing parents are made. An empty folder or an earlier carecircle
        result is replaced, anything else is left alone.
    writers
        File name -> function of findings and path; it writes no file where there is nothing to
        say. ``manifest.json`` is always added.

    Returns
    -------
    pathlib.Path
        The folder, absolute.

    Raises
    ------
    InputError
        If the folder is a file, is not a carecircle result, or holds files that the earlier
        result did not write.

    Examples
    --------
    ::

        save_folder(findings, "results/2025")
        save_folder(findings, "results/maps", writers={"map.html": WRITERS["map.html"]})
    """
    target = Path(folder).resolve()
    _refuse_foreign(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(4)
    made = target.with_name(f".{target.name}.new-{token}")
    made.mkdir()
    try:
        for name, write in writers.items():
            write(findings, made / name)
        written = [name for name in sorted(writers) if (made / name).is_file()]
        facts = manifest(findings, {name: _facts(made / name) for name in written})
        if facts.get("study"):
            facts["study"]["path"] = _seen_from(target, facts["study"]["path"])
        text = manifest_text(facts).encode()
        (made / _MANIFEST).write_bytes(text)
        _put(made, target, target.with_name(f".{target.name}.old-{token}"))
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def _seen_from(folder: Path, path: str) -> str:
    """Return a path relative to a folder, so that both may move together."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path


def _put(made: Path, target: Path, aside: Path) -> None:
    """Move the finished folder in place; the earlier one comes back if that fails."""
    if not target.exists():
        made.rename(target)
        return
    target.rename(aside)
    try:
        made.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _facts(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def _refuse_foreign(target: Path) -> None:
    """Raise when replacing the folder would delete what carecircle did not write."""
    if not target.exists():
        return
    if not target.is_dir():
        msg = f"{target} is a file; name a folder for the result"
        raise InputError(msg)
    found = {path.name for path in target.iterdir() if not _is_stray(path.name)}
    if not found:
        return
    written = _written(target / _MANIFEST)
    if written is None:
        msg = (
            f"{target} is not a carecircle result (it has no {_MANIFEST} of one) and is left"
            " alone; choose a new or empty folder"
        )
        raise InputError(msg)
    foreign = sorted(found - written)
    if foreign:
        msg = (
            f"{target} holds files that carecircle did not write: {', '.join(foreign[:5])}"
            f"{' and more' if len(foreign) > len(foreign[:5]) else ''}; move them away or choose"
            " another folder"
        )
        raise InputError(msg)


def _written(path: Path) -> set[str] | None:
    """Return the names an earlier result wrote; None when the manifest is not one of ours."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        return None
    return {*facts.get("files", {}), _MANIFEST}


def _is_stray(name: str) -> bool:
    return name.startswith(_STRAY) or name.endswith(_STRAY_ENDS)
