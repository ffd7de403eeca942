"""The study file: its sections and keys as data, read with every mistake reported at once."""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carecircle.inputs.contracts import FACILITY_KINDS
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.kinds import FACILITY_WORDS
from carecircle.inputs.source import Source
from carecircle.roads.profiles import PROFILES
from carecircle.study.document import read_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["SECTIONS", "Key", "Section", "StudyFile", "defaults_of", "read_study_file"]


@dataclass(frozen=True)
class Key:
    """One key of a section: name, type, meaning, default, and the values it may have.

    ``least`` and ``most`` bound numbers (those of a list too).
    """

    name: str
    kind: str
    meaning: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float = 0.0
    most: float = 1e9


@dataclass(frozen=True)
class Section:
    """One section: its keys, and whether it may be repeated (``[[name]]``) or left out."""

    name: str
    meaning: str
    keys: tuple[Key, ...]
    repeated: bool = False
    required: bool = False

    @property
    def title(self) -> str:
        """How a study file writes it: ``[name]``, or ``[[name]]`` where it repeats."""
        return f"[[{self.name}]]" if self.repeated else f"[{self.name}]"


_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "path": (str,),
    "number": (int, float),
    "integer": (int,),
    "flag": (bool,),
    "date": (dt.date, str),
    "texts": (list,),
    "paths": (list,),
    "numbers": (list,),
    "table": (dict,),
    "names": (dict,),
}
_WHAT = {
    "text": 'text in quotes, such as "wgs84"',
    "path": 'a file in quotes, such as "areas.gpkg" or "$DATA/areas.gpkg"',
    "number": "a number, such as 15",
    "integer": "a whole number, such as 8",
    "flag": "true or false",
    "date": "a date, such as 2025-12-31",
    "texts": 'a list of texts, such as ["station"]',
    "paths": 'a list of files in quotes, such as ["own_rules.toml"]',
    "numbers": "a list of numbers, such as [5, 10, 15]",
    "table": 'a table, such as { households = "HH" }',
    "names": 'the Chinese and the English name of each, such as { gym = ["健身房", "gym"] }',
}
#: An environment variable at the start of a path, so that big data can live elsewhere.
#: Chinese and English names of facility kinds -> their codes, which a study file writes.
_KIND_CODES = {word: kind for kind, names in FACILITY_KINDS.items()
               for word in (*names, *FACILITY_WORDS.get(kind, ()))}  # fmt: skip
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_LANGUAGES = ("zh", "en")
_DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")
_SOURCE: tuple[Key, ...] = (
    Key("file", "path", "the file, relative to the study file; may start with $VARIABLE",
        required=True),
    Key("layer", "text", "layer of a GeoPackage or sheet of a workbook; the first if not said"),
    Key("crs", "text", 'CRS of the coordinates where the file does not say: "EPSG:4326"'),
    Key("datum", "text", "datum of longitudes and latitudes", choices=_DATUMS),
    Key("columns", "table", 'own headings: { households = "HH_2020" }', default={}),
    Key("values", "table", 'constants for columns the file lacks: { kind = "urban" }', default={}),
    Key("where", "text", 'rows to keep, over the file\'s own headings: "pop > 0"'),
    Key("x", "text", "heading of longitude or easting in a table without geometry"),
    Key("y", "text", "heading of latitude or northing"),
    Key("encoding", "text", "text encoding, such as gbk; detected if not said"),
    Key("tags", "table", 'OpenStreetMap: features to take, { amenity = ["clinic"] }', default={}),
    Key("admin_level", "integer", "OpenStreetMap: level of the boundaries to take"),
)  # fmt: skip

#: Every section of a study file, in the order in which templates and docs print them.
SECTIONS: tuple[Section, ...] = (
    Section(
        "study",
        "what it is called and in which CRS it is computed",
        (
            Key("title", "text", "title in English", default=""),
            Key("title_zh", "text", "title in Chinese", default=""),
            Key("as_of", "date", "date the data stand for", required=True),
            Key("crs", "text", "projected CRS in metres: EPSG:4545 for Wuhai", required=True),
            Key("language", "text", "of outputs", default="zh", choices=_LANGUAGES),
            Key("synthetic", "flag", "made-up data; printed on every output", default=False),
            Key("sources", "texts", "attribution lines; OpenStreetMap demands one", default=[]),
        ),
        required=True,
    ),
    Section("areas", "communities and villages", _SOURCE, required=True),
    Section("facilities", "facilities of every kind", _SOURCE, repeated=True, required=True),
    Section(
        "homes",
        "where people live",
        (
            Key(
                "method", "text", "what the file holds and how people are spread over it",
                default="buildings",
                choices=("points", "buildings", "dwellings", "grid", "areas"),
            ),
            Key("spacing_m", "number", "areas: metres between made-up homes", default=100.0,
                least=1),
            *(Key(**{**vars(key), "required": False}) for key in _SOURCE),
        ),
        required=True,
    ),
    Section(
        "roads",
        "roads, from lines or an OpenStreetMap extract; not needed with minutes",
        (
            *_SOURCE,
            Key("join_tolerance_m", "number", "lines: join ends up to this far apart", default=0.0),
            Key("dem", "path", "height raster (GeoTIFF) from which grades are taken"),
        ),
    ),
    Section("barriers", "rivers, railways, gates, closed or slow ground", _SOURCE),
    Section("sites", "candidate sites", _SOURCE),
    Section("projects", "housing projects with the dates of homes and facilities", _SOURCE),
    Section("observations", "figures observed or published elsewhere, by indicator", _SOURCE),
    Section("rosters", "which unit owes which facility kind", _SOURCE),
    Section("minutes", "minutes of another engine (facility_id, home_id, minutes)", _SOURCE),
    Section(
        "travel",
        "who travels, how fast and how far",
        (
            Key("profile", "text", "travel profile", default="elder_default",
                choices=tuple(PROFILES)),
            Key("speed_m_s", "number", "own speed in metres per second instead of the profile's",
                least=0.05, most=60),
            Key("urban_minutes", "number", "limit for residents of urban areas", default=15.0),
            Key("rural_minutes", "number", "limit for residents of rural areas", default=30.0),
            Key("urban_snap_m", "number", "longest access leg in urban areas", default=150.0),
            Key("rural_snap_m", "number", "longest access leg in rural areas", default=500.0),
            Key(
                "direction", "text", "of the trip", default="to_facility",
                choices=("to_facility", "from_facility"),
            ),
            Key("prefer_connected", "flag", "link to a farther road that leads to a facility rather"
                " than to an island", default=True),
            Key("crossing_seconds", "number", "wait at a major road without signal", default=0.0),
            Key("signal_seconds", "number", "wait at a signal; the profile's if not said"),
            Key("slope", "text", "speed on slopes; needs a column grade", default="none",
                choices=("none", "tobler")),
        ),
    ),
    Section(
        "service",
        "which facilities count, and the circles to draw",
        (
            Key("kinds", "texts", "facility kinds that count", required=True),
            Key("names", "names", 'own kinds: { gym = ["健身房", "gym"] }', default={}),
            Key("rings", "numbers", "minutes of the circles; 5, 10, 15 and the limits if not said",
                least=0.1, most=1440),
            Key("on_time_share", "number", "share of elders for a community on time", default=0.95,
                most=1),
            Key("gap_join_m", "number", "uncovered homes up to this far apart are one gap; more for"
                " a coarse grid", default=150.0),
            Key("trim_m", "number", "how far a circle goes beyond its roads", default=60.0),
            Key("overlap", "text", "circles of several facilities", default="overlap",
                choices=("overlap", "merge", "split")),
            Key("polygons", "text", "full discs or rings", default="discs",
                choices=("discs", "rings")),
        ),
        required=True,
    ),
    Section(
        "floor_area",
        "the floor-area rule; leave the section out to skip the check",
        (
            Key("kinds", "texts", "facility kinds that provide it", default=["service_complex"]),
            Key("existing_m2_per_100", "number", "per 100 households, existing", default=30),
            Key("existing_floor_m2", "number", "least total, existing", default=300),
            Key("new_m2_per_100", "number", "per 100 households, new estates", default=50),
            Key("new_floor_m2", "number", "least total, new estates", default=500),
            Key("city_m2_per_100", "number", "target of the whole city, ratio of sums", default=36),
        ),
    ),
    Section(
        "rules",
        "standards to check; each preset and file is reported apart",
        (
            Key("presets", "texts", "names that `carecircle rules list` prints", default=[]),
            Key("files", "paths", "rule files of one's own (TOML)", default=[]),
        ),
    ),
)  # fmt: skip
_BY_NAME = {section.name: section for section in SECTIONS}


@dataclass(frozen=True)
class StudyFile:
    """A checked study file: values by section with defaults filled in, sections left out missing.

    ``sections`` maps a name to its values (a list of them where it repeats).
    """

    path: Path
    sections: Mapping[str, Any]
    log: IssueLog = field(default_factory=IssueLog)

    def source(self, values: Mapping[str, Any]) -> Source:
        """Return the :class:`~carecircle.inputs.source.Source` that a section describes."""
        known: dict[str, Any] = {k.name: values.get(k.name) for k in _SOURCE if k.name != "file"}
        return Source(self.resolved(values["file"]), **known)

    def resolved(self, path: str) -> Path:
        """Return a path of the study file: its variable filled in, relative to the file."""
        return self.path.parent / _expanded(path)


def read_study_file(path: Path) -> StudyFile:
    """Read a study file and check every section and key.

    Parameters
    ----------
    path
        A TOML file.

    Raises
    ------
    InputError
        If the file is missing or not TOML (with line and column), or with all unknown sections and
        keys, wrong types, missing values, wrong choices and unset variables at once.
    """
    if path.is_dir():
        path = path / "study.toml"
    raw = read_document(path)
    log = IssueLog()
    for name in sorted(raw.keys() - _BY_NAME.keys()):
        _unknown(log, f"[{name}]", name, list(_BY_NAME))
    sections: dict[str, Any] = {}
    for section in SECTIONS:
        if section.name in raw:
            sections[section.name] = _read_section(section, raw[section.name], log)
        elif section.required:
            log.add("missing_section", "fatal", "study", field=f"[{section.name}]",
                    fix=f"add the section: {section.meaning}")  # fmt: skip
    if not {"roads", "minutes"} & raw.keys():
        log.add("missing_section", "fatal", "study", field="[roads]",
                fix="add roads, or a table of minutes")  # fmt: skip
    _check_kinds(sections.get("service") or {}, log)
    log.raise_if_fatal()
    return StudyFile(path, sections, log)


def _read_section(section: Section, raw: Any, log: IssueLog) -> Any:
    tables = raw if section.repeated and isinstance(raw, list) else [raw]
    if not tables or not all(isinstance(table, dict) for table in tables):
        log.add("wrong_type", "fatal", "study", field=f"[{section.name}]",
                found=repr(raw) if tables else "none", fix=f"write {section.title}, and its keys"
                " in the lines below")  # fmt: skip
        return [] if section.repeated else {}
    read = [_read_keys(section, table, log) for table in tables]
    return read if section.repeated else read[0]


def _read_keys(section: Section, raw: Mapping[str, Any], log: IssueLog) -> dict[str, Any]:
    keys = {key.name: key for key in section.keys}
    for name in sorted(raw.keys() - keys.keys()):
        _unknown(log, f"{section.name}.{name}", name, list(keys))
    values = {}
    for key in section.keys:
        where = f"{section.name}.{key.name}"
        if key.name not in raw:
            values[key.name] = key.default
            if key.required:
                log.add("missing_key", "fatal", "study", field=where,
                        fix=f"add {key.name}: {key.meaning}")  # fmt: skip
            continue
        values[key.name] = raw[key.name]
        _check_value(key, raw[key.name], where, log)
    return values


def _check_value(key: Key, value: Any, where: str, log: IssueLog) -> None:
    if not _is_kind(key.kind, value):
        log.add("wrong_type", "fatal", "study", field=where, found=repr(value),
                fix=f"give {_WHAT[key.kind]}")  # fmt: skip
    elif key.choices and value not in key.choices:
        near = _near(value, key.choices)
        log.add("unknown_value", "fatal", "study", field=where, found=repr(value),
                fix=f"{near}choose one of {', '.join(key.choices)}")  # fmt: skip
    elif key.kind in ("number", "integer", "numbers"):
        numbers = value if isinstance(value, list) else [value]
        if not numbers or not all(key.least <= number <= key.most for number in numbers):
            log.add("bad_number", "fatal", "study", field=where, found=repr(value),
                    fix=f"give {'numbers' if isinstance(value, list) else 'a number'} from"
                    f" {key.least:g} to {key.most:g}")  # fmt: skip
    elif key.kind in ("path", "paths"):
        for path in value if isinstance(value, list) else [value]:
            name = _variable(path)
            if name and not os.environ.get(name):
                log.add("variable_not_set", "fatal", "study", field=where, found=repr(path),
                        fix=f"set the environment variable {name} to the folder that holds the"
                        " data, or write a path")  # fmt: skip


def _is_kind(kind: str, value: Any) -> bool:
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "flag"):
        return False
    if isinstance(value, list):
        return all(_is_kind(kind[:-1], item) for item in value)
    if kind == "names":
        return isinstance(value, dict) and all(
            _is_kind("texts", pair) and len(pair) == len(_LANGUAGES) for pair in value.values()
        )
    if kind == "date" and isinstance(value, str):
        try:
            dt.date.fromisoformat(value)
        except ValueError:
            return False
    return True


def _check_kinds(service: Mapping[str, Any], log: IssueLog) -> None:
    given: Any = service.get("kinds")
    own: Any = service.get("names")
    if not _is_kind("texts", given) or not _is_kind("names", own):
        return  # said already
    known = [*FACILITY_KINDS, *own]
    for kind in given:
        if kind not in known:
            near = _near(_KIND_CODES.get(kind, kind), known)
            log.add("unknown_value", "fatal", "study", field="service.kinds", found=repr(kind),
                    fix=f"{near}known: {', '.join(known)}; own kinds go into"
                    " service.names")  # fmt: skip


def _variable(path: str) -> str:
    found = _VARIABLE.match(path)
    return (found[1] or found[2]) if found else ""


def _expanded(path: str) -> Path:
    name = _variable(path)
    return Path(_VARIABLE.sub(lambda _: os.environ[name], path, count=1) if name else path)


def _unknown(log: IssueLog, where: str, name: str, known: list[str]) -> None:
    fix = _near(name, known) or f"known here: {', '.join(known)}"
    log.add("unknown_key", "fatal", "study", field=where, fix=fix.rstrip())


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def defaults_of(name: str) -> dict[str, Any]:
    """Return the defaults of a section that was left out."""
    return {key.name: key.default for key in _BY_NAME[name].keys}
