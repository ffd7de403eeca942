"""A result made again from its manifest, and everything that came out otherwise."""

from __future__ import annotations

import hashlib
import platform
import tempfile
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.audit.stored import changed_files, open_result, read_manifest
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.outputs.folder import WRITERS, save_folder
from carecircle.study.assessment import assess, study_of
from carecircle.study.file import StudyFile, read_study_file
from carecircle.study.terms import plain_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carecircle.study.assessment import Study

__all__ = ["Replay", "replay", "study_of_result"]

_FRAMES = ("areas", "homes", "facilities", "gaps", "totals", "floor_areas", "floor_totals", "rules",
           "indicators", "sync", "circles", "reached_roads")  # fmt: skip
#: Drawn or derived from the others, or holding nothing but words.
_NOT_AGAIN = ("map.html", "tables.xlsx")
_COLUMNS = ["table", "record", "column", "stored", "again"]
_SHOWN = 20


@dataclass(frozen=True)
class Replay:
    """What came of making a result again.

    Attributes
    ----------
    inputs
        One row per input file: ``table``, ``file``, ``state`` (``same``, ``changed``, ``missing``).
    settings
        What the study file says otherwise today: (key, of the result, today). The result's own
        settings were used.
    versions
        Code that has another version today: (library, of the result, today).
    files
        Files of the result folder that are not as they were written.
    differences
        One row per cell that came out otherwise: ``table``, ``record``, ``column``, ``stored``,
        ``again``; a record or column that only one of them has is a row too.
    ran
        Whether it could be made again; not without its inputs.
    """

    inputs: pd.DataFrame
    settings: tuple[tuple[str, str, str], ...] = ()
    versions: tuple[tuple[str, str, str], ...] = ()
    files: tuple[str, ...] = ()
    differences: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_COLUMNS))
    ran: bool = True

    @property
    def equal(self) -> bool:
        """Whether all inputs are the same, and every figure came out the same."""
        return self.ran and self.differences.empty and bool((self.inputs["state"] == "same").all())

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(line)}</li>" for line in self._lines())
        return f"<ul>{lines}</ul>"

    def _lines(self) -> Iterator[str]:
        for row in self.inputs[self.inputs["state"] != "same"].to_dict("records"):
            yield f"input {row['table']}: {row['file']} {row['state']}"
        for key, then, now in self.settings:
            yield f"study file: {key} was {then}, is {now} today; {then} was used"
        for name, then, now in self.versions:
            yield f"code: {name} was {then}, is {now} today"
        for name in self.files:
            yield f"result: {name} is not as it was written"
        for row in self.differences.head(_SHOWN).to_dict("records"):
            where = " ".join(str(row[name]) for name in ("table", "record", "column") if row[name])
            yield f"differs: {where}: stored {row['stored']}, again {row['again']}"
        if len(self.differences) > _SHOWN:
            yield f"... and {len(self.differences) - _SHOWN:,} more differences"
        if not self.ran:
            yield "not made again: inputs are missing"
        elif self.equal:
            yield "equal: every figure came out the same"
        elif self.differences.empty:
            yield "every figure came out the same, though inputs changed"
        else:
            tables = ", ".join(self.differences["table"].unique())
            yield f"NOT equal: {len(self.differences):,} differences in {tables}"


def replay(
    folder: str | Path,
    *,
    study: str | Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Replay:
    """Make a result again from its manifest and report every difference.

    The settings kept in the manifest are used, not those of today's study file, and the files they
    name, whose hashes are compared. Numbers are the same to a billionth.

    Parameters
    ----------
    folder
        A result folder.
    study
        The study file, where it has moved.
    tell
        Called with one line for each step.

    Raises
    ------
    InputError
        If the folder is no result, was masked for publishing, or was not made from a study file.

    Examples
    --------
    ::

        found = cc.replay("results/2025")
        found.equal, found.differences
    """
    folder = Path(folder)
    facts = read_manifest(folder)
    file = _study_file(folder, facts, study)
    inputs = _inputs(file, facts)
    found = Replay(
        inputs, tuple(_changed_settings(file)), tuple(_changed_versions(facts)),
        tuple(changed_files(folder)), ran=not (inputs["state"] == "missing").any(),
    )  # fmt: skip
    if not found.ran:
        return found
    result = assess(study_of(file, tell=tell), tell=tell)
    tell("comparing")
    with tempfile.TemporaryDirectory() as place:
        writers = {name: write for name, write in WRITERS.items() if name not in _NOT_AGAIN}
        again = save_folder(result, Path(place) / "again", writers=writers)
        known = read_manifest(again)["files"]
        if (
            all(facts["files"].get(name) == made for name, made in known.items())
            and not found.files
        ):
            return found
        stored, made = open_result(folder), open_result(again)
    parts = [_differences(name, getattr(stored, name), getattr(made, name)) for name in _FRAMES]
    return Replay(
        inputs, found.settings, found.versions, found.files,
        pd.concat(parts, ignore_index=True)[_COLUMNS],
    )  # fmt: skip


def study_of_result(folder: str | Path, *, tell: Callable[[str], None] = lambda _: None) -> Study:
    """Return the study a result was made from, with the settings of its manifest.

    Raises
    ------
    InputError
        As :func:`replay` raises it, and if an input is missing or has changed since.
    """
    folder = Path(folder)
    facts = read_manifest(folder)
    file = _study_file(folder, facts, None)
    inputs = _inputs(file, facts)
    bad = inputs[inputs["state"] != "same"]
    if len(bad):
        said = "; ".join(f"{row['file']} {row['state']}" for row in bad.to_dict("records"))
        msg = f"{folder}: its inputs are not what they were: {said}"
        raise InputError(f"{msg}; bring the files back, or run the study again")
    return study_of(file, tell=tell)


def _study_file(folder: Path, facts: dict[str, Any], given: str | Path | None) -> StudyFile:
    if facts.get("masked"):
        msg = f"{folder} was masked for publishing and cannot be made again; use the result kept"
        raise InputError(msg)
    if given is None and not facts.get("study"):
        msg = f"{folder} was not made from a study file; say which with --study"
        raise InputError(msg)
    path = Path(given) if given is not None else folder / facts["study"]["path"]
    path = path / "study.toml" if path.is_dir() else path
    return StudyFile(path.resolve(), facts["settings"], IssueLog())


def _inputs(file: StudyFile, facts: dict[str, Any]) -> pd.DataFrame:
    """Compare the hash of every input file, by the place where the settings have it."""
    paths = dict(_paths(file))
    rows = []
    for one in facts.get("inputs", []):
        path = paths.get((one["table"], one["file"]))
        rows.append((one["table"], one["file"], _state(path, one["sha256"])))
    for one in facts.get("rules", []):
        path = paths.get(("rules", one["file"]))
        if path is not None:
            rows.append(("rules", one["file"], _state(path, one["sha256"])))
    return pd.DataFrame(rows, columns=["table", "file", "state"])


def _paths(file: StudyFile) -> Iterator[tuple[tuple[str, str], Path]]:
    """Yield (table, file name) of each input with the place it is read from."""
    for name, section in file.sections.items():
        for values in section if isinstance(section, list) else [section]:
            for key in ("file", "dem"):
                if isinstance(values, dict) and values.get(key):
                    path = _resolved(file, values[key])
                    yield ("heights" if key == "dem" else name, path.name), path
    for own in (file.sections.get("rules") or {}).get("files", []):
        path = _resolved(file, own)
        yield ("rules", path.name), path


def _resolved(file: StudyFile, path: str) -> Path:
    try:
        return file.resolved(path)
    except KeyError as fault:
        msg = f"study: {path} needs the environment variable {fault.args[0]}; set it to the folder"
        raise InputError(f"{msg} that holds the data") from fault


def _state(path: Path | None, sha256: str) -> str:
    if path is None or not path.is_file():
        return "missing"
    same = hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    return "same" if same else "changed"


def _changed_settings(file: StudyFile) -> Iterator[tuple[str, str, str]]:
    try:
        today = plain_settings(read_study_file(file.path).sections)
    except InputError as fault:
        yield "file", "read", f"not readable ({str(fault).splitlines()[0]})"
        return
    then, now = dict(_flat(file.sections)), dict(_flat(today))
    for key in sorted(then.keys() | now.keys()):
        if then.get(key) != now.get(key):
            yield key, str(then.get(key)), str(now.get(key))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = enumerate(value)
    else:
        yield path, value
    for name, item in items:
        yield from _flat(item, f"{path}.{name}" if path else str(name))


def _changed_versions(facts: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, then in facts.get("versions", {}).items():
        try:
            now = platform.python_version() if name == "python" else version(name)
        except PackageNotFoundError:
            now = "not installed"
        if now != then:
            yield name, then, now


def _differences(name: str, stored: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    rows = [(name, key, "", "there", "not there") for key in stored.index.difference(again.index)]
    rows += [(name, key, "", "not there", "there") for key in again.index.difference(stored.index)]
    rows += [(name, "", c, "there", "not there") for c in stored.columns.difference(again.columns)]
    rows += [(name, "", c, "not there", "there") for c in again.columns.difference(stored.columns)]
    both = stored.index.intersection(again.index)
    if stored.index.is_unique and again.index.is_unique:
        old, new = stored.loc[both], again.loc[both]
        for column in stored.columns.intersection(again.columns):
            off = ~_same(old[column], new[column])
            pairs = zip(both[off], old[column][off], new[column][off], strict=True)
            rows += [(name, key, column, was, now) for key, was, now in pairs]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _same(old: pd.Series, new: pd.Series) -> np.ndarray:
    if old.dtype == "geometry":
        return np.asarray(old.geom_equals(new) | (old.isna() & new.isna()))
    gone = (old.isna() & new.isna()).to_numpy()
    if pd.api.types.is_numeric_dtype(old.dtype) and pd.api.types.is_numeric_dtype(new.dtype):
        was, now = (one.to_numpy(dtype=float, na_value=np.nan) for one in (old, new))
        return np.asarray(np.isclose(was, now, rtol=1e-9, atol=1e-9)) | gone
    return (old.astype("str").to_numpy() == new.astype("str").to_numpy()) | gone
