"""The standards of a study: presets and own rule files read together, and checked together."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from carecircle.errors import InputError
from carecircle.inputs.headings import did_you_mean
from carecircle.standards.presets import load_preset, preset_names, read_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carecircle.inputs.issues import IssueLog
    from carecircle.standards.rules import Preset
    from carecircle.study_file import StudyFile

__all__ = ["read_presets"]


def read_presets(file: StudyFile, log: IssueLog) -> tuple[Preset, ...]:
    """Read the presets and rule files that a study names, with every fault of all of them.

    Parameters
    ----------
    file
        A checked study file.
    log
        Collects the faults, each with file and line; fatal ones are raised by the caller, together
        with those of the tables. Rules that have run out on the study's day are warnings.
    """
    values = file.sections.get("rules") or {"presets": [], "files": []}
    found = [*_named(values["presets"], log), *_own(file, values["files"], log)]
    kept: dict[str, Preset] = {}
    for preset in found:
        if preset.id in kept:
            log.add("duplicate_id", "fatal", "rules", record=preset.file, field="[preset]",
                    found=f"{preset.id}, of {kept[preset.id].file} too",
                    fix="name each once, and give each file its own id")  # fmt: skip
        kept.setdefault(preset.id, preset)
    return tuple(kept.values())


def _named(names: list[str], log: IssueLog) -> Iterator[Preset]:
    for name in names:
        if name in preset_names():
            yield load_preset(name)
            continue
        near = did_you_mean(name, preset_names())
        hint = f"did you mean {near!r}? " if near else ""
        log.add("unknown_value", "fatal", "study", field="rules.presets", found=repr(name),
                fix=f"{hint}known: {', '.join(preset_names())}; own files go into"
                " rules.files")  # fmt: skip


def _own(file: StudyFile, paths: list[str], log: IssueLog) -> Iterator[Preset]:
    day = dt.date.fromisoformat(str(file.sections["study"]["as_of"]))
    for path in paths:
        before = len(log)
        try:
            yield read_rules(file.resolved(path), as_of=day, log=log)
        except InputError as fault:
            if len(log) == before:  # a file that is missing or not text says so here alone
                log.add("unreadable", "fatal", "study", field="rules.files", found=str(fault))
