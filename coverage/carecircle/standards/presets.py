"""The presets that come with the package, and rule files of one's own."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from carecircle.errors import InputError
from carecircle.inputs.headings import did_you_mean
from carecircle.inputs.issues import IssueLog
from carecircle.standards.rule_file import parse_rules

if TYPE_CHECKING:
    import datetime as dt

    from carecircle.standards.rules import Preset

__all__ = ["load_preset", "parsed_rules", "preset_names", "read_rules"]


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that come with the package.

    Examples
    --------
    >>> "wuhai_plan_2021" in preset_names()
    True
    """
    folder = resources.files("carecircle.standards") / "presets"
    found = (file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(sorted(name.removesuffix(".toml") for name in found))


@cache
def load_preset(name: str) -> Preset:
    """Return one of the presets that come with the package.

    Parameters
    ----------
    name
        One of :func:`preset_names`.

    Raises
    ------
    InputError
        If there is no such preset.

    Examples
    --------
    >>> load_preset("wuhai_community_plan_2022").rules[0].limit.low
    33.0
    """
    if name not in preset_names():
        near = did_you_mean(name, preset_names())
        hint = f"did you mean {near!r}? " if near else ""
        msg = f"rules: no preset {name!r}; {hint}known: {', '.join(preset_names())}"
        raise InputError(msg)
    file = resources.files("carecircle.standards") / "presets" / f"{name}.toml"
    return _parsed(file.read_bytes(), file.name, log=IssueLog())


def read_rules(
    path: str | Path, *, as_of: dt.date | None = None, log: IssueLog | None = None
) -> Preset:
    """Read a rule file of one's own.

    Parameters
    ----------
    path
        A TOML file; ``carecircle rules show`` prints how the presets are written.
    as_of
        Day against which validity is checked.
    log
        Collects the issues; when missing, warnings are warned about.

    Raises
    ------
    InputError
        With every fault at once, each with file and line.
    """
    heard = IssueLog() if log is None else log
    path = Path(path)
    try:
        preset = _parsed(path.read_bytes(), path.name, as_of=as_of, log=heard)
    except FileNotFoundError as fault:
        raise InputError(f"rules: {path} not found; give a TOML file") from fault
    except UnicodeDecodeError as fault:
        raise InputError(f"rules: {path.name} is not in UTF-8; save it as UTF-8") from fault
    if log is None:
        heard.settle()
    return preset


def parsed_rules(text: str, name: str) -> Preset:
    """Return the rules of a text that was read without fault before, such as ``Preset.text``.

    Parameters
    ----------
    text
        A rule file.
    name
        What messages call it.

    Examples
    --------
    >>> plan = load_preset("wuhai_community_plan_2022")
    >>> parsed_rules(plan.text, plan.file).sha256 == plan.sha256
    True
    """
    return _parsed(text.encode("utf-8"), name, log=IssueLog())


def _parsed(content: bytes, name: str, *, log: IssueLog, as_of: dt.date | None = None) -> Preset:
    text = content.decode("utf-8-sig")
    preset = parse_rules(text, name, as_of=as_of, log=log)
    return replace(preset, sha256=hashlib.sha256(content).hexdigest(), text=text)
