"""From the headings people write, Chinese or English, to the columns of a contract."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from carecircle.inputs.contracts import Column, TableContract
    from carecircle.inputs.issues import IssueLog
    from carecircle.inputs.source import Source

__all__ = ["Matched", "did_you_mean", "known_headings", "match_headings", "normalise", "split_unit"]

#: Headings of coordinates in a table without geometry, normalised.
X_HEADINGS = (
    "x", "lon", "lng", "long", "longitude", "经度", "东经", "x坐标", "坐标x", "pointx", "xcoord",
)  # fmt: skip
Y_HEADINGS = (
    "y", "lat", "latitude", "纬度", "北纬", "y坐标", "坐标y", "pointy", "ycoord",
)  # fmt: skip
WKT_HEADINGS = ("wkt", "geometry", "geom", "thegeom", "几何", "图形")
PAIR_HEADINGS = ("location", "lonlat", "coordinates", "坐标", "经纬度")

#: Units a heading may carry in brackets, by the column's unit: unit -> factor.
_UNITS: dict[str, dict[str, float]] = {
    "m2": {
        "m2": 1, "平方米": 1, "平米": 1, "万平方米": 1e4, "万m2": 1e4, "公顷": 1e4, "ha": 1e4,
        "亩": 2000 / 3, "km2": 1e6, "平方公里": 1e6,
    },
    "minutes": {"分钟": 1, "minutes": 1, "min": 1, "小时": 60},
    "": {
        "人": 1, "户": 1, "张": 1, "个": 1, "套": 1, "层": 1, "处": 1, "元": 1, "万元": 1, "%": 1,
        "万人": 1e4, "万户": 1e4, "千人": 1e3, "千户": 1e3,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Matched:
    """A table under contract names.

    ``factors`` multiply columns whose heading named another unit; ``headings`` gives the file's
    own heading of each contract column.
    """

    frame: pd.DataFrame
    factors: dict[str, float] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)


def normalise(text: object) -> str:
    """Return a heading or word without case, spaces, underscores and full-width forms.

    Examples
    --------
    >>> normalise(" Ｕnit_ID "), normalise("建筑面积（㎡）")
    ('unitid', '建筑面积(m2)')
    """
    folded = unicodedata.normalize("NFKC", str(text)).casefold()
    return re.sub(r"[\s_\-\ufeff]+", "", folded)


def did_you_mean(word: object, options: Iterable[str]) -> str:
    """Return the option nearest to ``word``, or ``""`` when none is near.

    Examples
    --------
    >>> did_you_mean("househols", ["households", "population"])
    'households'
    """
    by_form = {normalise(option): option for option in options}
    near = difflib.get_close_matches(normalise(word), list(by_form), n=1, cutoff=0.6)
    return by_form[near[0]] if near else ""


def known_headings(contract: TableContract, source: Source) -> frozenset[str]:
    """Return every normalised heading that means something for this table."""
    words = {*X_HEADINGS, *Y_HEADINGS, *WKT_HEADINGS, *PAIR_HEADINGS}
    own = [*source.columns.values(), *filter(None, (source.x, source.y))]
    for column in (contract.index, *contract.columns):
        own += [column.name, *column.headings]
    return frozenset(words | {normalise(word) for word in own})


def split_unit(heading: object, unit: str) -> tuple[str, float] | None:
    """Return the normalised heading without its bracketed unit, and the factor to ``unit``.

    Examples
    --------
    >>> split_unit("建筑面积（万平方米）", "m2")
    ('建筑面积', 10000.0)
    >>> split_unit("面积（光年）", "m2") is None
    True
    """
    found = re.fullmatch(r"(.+)[(\[](.+)[)\]]", normalise(heading))
    if found is None:
        return None
    factor = _UNITS.get(unit, _UNITS[""]).get(found[2])
    return None if factor is None else (found[1], factor)


def match_headings(
    raw: pd.DataFrame, contract: TableContract, source: Source, log: IssueLog
) -> Matched:
    """Rename the columns of a raw table to contract names; keep every other column.

    The user's own mapping goes first, then the contract's name, then its known headings.

    Parameters
    ----------
    raw
        The table as it stands in the file.
    contract, source, log
        What is expected, what the user says about the file, and where problems go.

    Returns
    -------
    Matched
        The same rows; constants of ``source.values`` filled in.
    """
    headings = [str(name) for name in raw.columns if name != "geometry"]
    used = [name for name in headings if raw[name].notna().any()]  # KML adds empty columns
    found = _mapped(headings, contract, source, log)
    factors: dict[str, float] = {}
    for column in (contract.index, *contract.columns):
        if column.name not in found:
            taken = set(found.values()) if column is not contract.index else set()
            fits = _fits(column, used, taken, from_osm=source.is_osm)
            fits = fits or _fits(column, headings, taken, from_osm=source.is_osm)
            if fits:
                found[column.name], factors[column.name] = fits[0]
            if len(fits) > 1:
                _note_rivals(contract, column, [heading for heading, _ in fits], log)
    frame = _renamed(raw, found, contract)
    for name, value in source.values.items():  # noqa: PD011  a mapping, not a frame
        frame[name] = frame[name].where(frame[name].notna(), value) if name in frame else value  # type: ignore[call-overload]  # any constant
    _report_odd_constants(source, contract, set(headings), log)
    if source.is_osm and "name" in contract.names and "name" not in frame:
        frame["name"] = None
    _report_missing(frame, headings, set(found.values()), contract, log)
    factors = {name: factor for name, factor in factors.items() if factor != 1}
    for name, factor in factors.items():
        log.add(
            "unit_converted", "warning", contract.name, field=name, found=found[name],
            used=f"values times {factor:g}",
            fix=f"give {name} in {contract.column(name).unit or 'units of one'} if this is wrong",
        )  # fmt: skip
    return Matched(frame, factors, found)


def _mapped(
    headings: Sequence[str], contract: TableContract, source: Source, log: IssueLog
) -> dict[str, str]:
    """Return the user's own mapping, checked on both sides."""
    found: dict[str, str] = {}
    for name, heading in source.columns.items():
        if name not in contract.names:
            near = did_you_mean(name, contract.names)
            log.add(
                "unknown_column", "fatal", contract.name, field=name,
                found=f"columns maps {name!r}",
                fix=_suggest(near) + f"columns of {contract.name}: {', '.join(contract.names)}",
            )  # fmt: skip
        elif heading not in headings:
            near = did_you_mean(heading, headings)
            log.add(
                "mapped_heading_missing", "fatal", contract.name, field=name,
                found=f"no heading {heading!r}; found: {', '.join(headings)}",
                fix=_suggest(near) + f"correct columns.{name} in the study",
            )  # fmt: skip
        else:
            found[name] = heading
    return found


def _fits(
    column: Column, headings: Sequence[str], taken: set[str], *, from_osm: bool
) -> list[tuple[str, float]]:
    """Return the free headings that mean this column with their unit factors, best first."""
    words = [column.name, *column.headings]
    if from_osm and column.kind == "id":
        words.append("osm_id")
    if from_osm:  # tags such as type, code or state mean other things in OpenStreetMap
        words = [column.name, *(w for w in words if ":" in w or w in _OSM_WORDS)]
    free = [heading for heading in headings if heading not in taken]
    plain = {heading: normalise(heading) for heading in free}
    fits = [(h, 1.0) for word in words for h in free if plain[h] == normalise(word)]
    if column.kind in ("number", "integer"):
        parts = {h: split_unit(h, column.unit) for h in free}
        forms = {normalise(word) for word in words}
        fits += [(h, part[1]) for h, part in parts.items() if part and part[0] in forms]
    return list(dict.fromkeys(fits))


_OSM_WORDS = ("osm_id", "building", "levels")


def _note_rivals(
    contract: TableContract, column: Column, rivals: Sequence[str], log: IssueLog
) -> None:
    log.add(
        "several_headings", "note", contract.name, field=column.name,
        found=", ".join(rivals), used=rivals[0],
        fix=f"say columns.{column.name} in the study if another is meant",
    )  # fmt: skip


def _renamed(raw: pd.DataFrame, found: dict[str, str], contract: TableContract) -> pd.DataFrame:
    """Rename matched columns; a file column in the way of a contract name steps aside."""
    new_names = {heading: name for name, heading in found.items()}
    aside = {
        name: f"{name} (file)"
        for name in raw.columns
        if name in contract.names and name not in new_names
    }
    frame = raw.rename(columns=new_names | aside)
    for name, heading in found.items():
        if name not in frame:  # one heading may feed two columns, such as id and name
            frame[name] = frame[new_names[heading]]
    return frame


def _report_missing(
    frame: pd.DataFrame,
    headings: Sequence[str],
    taken: set[str],
    contract: TableContract,
    log: IssueLog,
) -> None:
    """Report every required column that is absent, with the heading that looks like it."""
    free = [heading for heading in headings if heading not in taken]
    for column in (contract.index, *contract.columns):
        if not column.required or column.name in frame:
            continue
        near = next(
            filter(None, (did_you_mean(w, free) for w in (column.name, *column.headings))), ""
        )
        also = f" or {column.headings[0]}" if column.headings else ""
        once = "" if column.kind in ("id", "text") else f", or values.{column.name} for all"
        log.add(
            "missing_column", "fatal", contract.name, field=column.name,
            found=f"found: {', '.join(headings) or 'no columns'}",
            fix=_suggest(near)
            + f"add a column {column.name}{also}, or map it with columns.{column.name}{once}",
        )  # fmt: skip


def _report_odd_constants(
    source: Source, contract: TableContract, headings: set[str], log: IssueLog
) -> None:
    """Warn of a constant whose name is almost a column's."""
    for name in source.values:  # noqa: PD011  a mapping, not a frame
        near = did_you_mean(name, contract.names)
        if near and name not in contract.names and name not in headings:
            log.add(
                "unknown_column", "warning", contract.name, field=name, used="as an own column",
                found=f"values gives {name!r}", fix=f"did you mean {near!r}?",
            )  # fmt: skip


def _suggest(near: str) -> str:
    return f"did you mean {near!r}? " if near else ""
