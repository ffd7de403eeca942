"""The tables of a study: read, checked against each other, with where they came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from carecircle.errors import CrsError
from carecircle.inputs.contracts import CONTRACTS
from carecircle.inputs.datums import datum_issue, detect_datum
from carecircle.inputs.headings import did_you_mean
from carecircle.inputs.homes import (
    homes_from_areas,
    homes_from_buildings,
    homes_from_dwellings,
    homes_from_grid,
)
from carecircle.inputs.lines import node_lines
from carecircle.inputs.tables import (
    read_areas,
    read_barriers,
    read_buildings,
    read_facilities,
    read_homes,
    read_observations,
    read_projects,
    read_roads,
    read_rosters,
    read_sites,
)
from carecircle.inputs.terrain import grades_from_dem
from carecircle.inputs.topology import assign_areas, check_areas, check_together
from carecircle.inputs.units import check_estates, with_levels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from carecircle.inputs.issues import IssueLog
    from carecircle.inputs.source import Source
    from carecircle.study.file import StudyFile

__all__ = ["Tables", "read_tables"]

_PAIR = ("facility_id", "home_id", "minutes")
_SHOWN = 10  # ids named in an issue that stands for many

#: Points of a file that its datum is tested with; more would not change the verdict.
_DATUM_POINTS = 2000


@dataclass(frozen=True, eq=False)
class Tables:
    """The checked tables of a study in its CRS; ``inputs`` says which files they came from."""

    areas: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame | None = None
    projects: pd.DataFrame | None = None
    observations: pd.DataFrame | None = None
    rosters: pd.DataFrame | None = None
    minutes: pd.DataFrame | None = None
    inputs: tuple[Mapping[str, object], ...] = field(default_factory=tuple)


@dataclass
class _Reader:
    """Reads the sections of one study file, and notes each file it read."""

    file: StudyFile
    log: IssueLog
    tell: Callable[[str], None]
    inputs: list[Mapping[str, object]] = field(default_factory=list)

    @property
    def crs(self) -> str:
        return str(self.file.sections["study"]["crs"])

    def read(self, name: str, reader: Callable[..., Any], **options: Any) -> Any:
        """Read one section, or return an empty contract table where it is left out."""
        values = self.file.sections.get(name)
        if values is None:
            return _empty(name, self.crs)
        return self.read_source(name, self.file.source(values), reader, **options)

    def read_if_named(self, name: str, reader: Callable[..., Any], **options: Any) -> Any:
        """Read one section, or return ``None`` where it is left out."""
        named = name in self.file.sections
        return self.read(name, reader, **options) if named else None

    def read_source(
        self, name: str, source: Source, reader: Callable[..., Any], **options: Any
    ) -> Any:
        self.tell(f"reading {name}: {source.file.name}")
        if reader not in (read_projects, read_observations, read_rosters, _read_minutes):
            options["crs"] = self.crs
        table = reader(source, log=self.log, **options)
        self.note(name, source.file, len(table), crs=source.crs or "", datum=source.datum or "")
        return table

    def note(self, name: str, path: Path, rows: int, *, crs: str = "", datum: str = "") -> None:
        """Write down a file that was read, with its hash, for the manifest."""
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            facts = {"file": path.name, "sha256": digest, "rows": rows, "crs": crs, "datum": datum}
            self.inputs.append({"table": name, **facts})


def read_tables(
    file: StudyFile,
    kinds: Mapping[str, tuple[str, str]],
    *,
    log: IssueLog,
    tell: Callable[[str], None],
) -> Tables:
    """Read every table that a study file names, and collect everything wrong with them.

    Parameters
    ----------
    file
        A checked study file.
    kinds
        Facility kinds beside the known ones: code -> (Chinese, English).
    log
        Collects the issues of all tables; fatal ones are raised by the caller, together.
    tell
        Called with a line for each step.
    """
    reader = _Reader(file, log, tell)
    try:
        areas = reader.read("areas", read_areas)
        facilities = _facilities(reader, kinds)
        homes_raw, homes_method = _homes_table(reader)
        roads = reader.read("roads", read_roads)
        barriers = reader.read("barriers", read_barriers)
        sites = reader.read_if_named("sites", read_sites)
        ledgers = {
            "projects": reader.read_if_named("projects", read_projects),
            "observations": reader.read_if_named("observations", read_observations),
            "rosters": reader.read_if_named("rosters", read_rosters, kinds=kinds),
        }
        minutes = reader.read_if_named("minutes", _read_minutes)
    except CrsError as fault:
        log.add("bad_crs", "fatal", "study", field="study.crs", found=str(fault))
    log.raise_if_fatal()
    tell("checking tables against each other")
    check_areas(areas, log)
    roads = _noded(reader, roads)
    homes = homes_method(homes_raw, areas)
    home_file = file.sections["homes"]
    declared = homes.assign(source=str(home_file["file"]), datum=home_file["datum"] or "wgs84")
    _check_datums(reader, {"facilities": facilities, "homes": declared}, roads)
    facilities = facilities.assign(area_id=assign_areas(facilities, areas))
    check_together(areas, facilities, homes, log)
    ledgers = _checked_ledgers(ledgers, areas, log)
    if minutes is not None:
        _known_pairs(minutes, {"facility_id": facilities.index, "home_id": homes.index}, log)
    return Tables(
        areas, facilities, homes, roads, barriers, sites, **ledgers, minutes=minutes,
        inputs=tuple(reader.inputs),
    )  # fmt: skip


def _checked_ledgers(
    ledgers: Mapping[str, pd.DataFrame | None], areas: pd.DataFrame, log: IssueLog
) -> dict[str, pd.DataFrame | None]:
    """Check the tables without geometry against the areas; those not named stay missing."""
    checked = dict(ledgers)
    for name in ("observations", "rosters"):
        table = ledgers[name]
        if table is not None:
            checked[name] = with_levels(table, areas, name, log)
    if ledgers["projects"] is not None:
        check_estates(ledgers["projects"], areas, log)
    return checked


def _facilities(reader: _Reader, kinds: Mapping[str, tuple[str, str]]) -> gpd.GeoDataFrame:
    parts = []
    for values in reader.file.sections["facilities"]:
        source = reader.file.source(values)
        table = reader.read_source("facilities", source, read_facilities, kinds=kinds)
        parts.append(table.assign(source=source.file.name, datum=source.datum or "wgs84"))
    parts = [part for part in parts if len(part)] or parts[:1]
    together = gpd.GeoDataFrame(pd.concat(parts), crs=parts[0].crs)
    again = together.index.duplicated()
    for record in together.index[again]:
        reader.log.add("duplicate_id", "error", "facilities", record=str(record),
                       field="facility_id", found="the id is in another facilities file too",
                       effect="set aside", fix="give every facility its own id")  # fmt: skip
    return together[~again].rename_axis(index="facility_id")


def _homes_table(reader: _Reader) -> tuple[Any, Callable[[Any, Any], gpd.GeoDataFrame]]:
    values = reader.file.sections["homes"]
    method, log = values["method"], reader.log
    if method == "areas":
        return None, lambda _, areas: homes_from_areas(
            areas, spacing_m=float(values["spacing_m"]), log=log
        )
    if values["file"] is None:
        log.add("missing_key", "fatal", "study", field="homes.file",
                fix=f'method "{method}" needs a file; method "areas" does without')  # fmt: skip
        return None, lambda *_: gpd.GeoDataFrame()
    if method == "points":
        return reader.read("homes", read_homes), lambda homes, areas: homes.assign(
            area_id=_given_or_found(homes, areas)
        )
    if method == "grid":
        return reader.read("homes", read_homes), lambda cells, areas: homes_from_grid(
            cells, areas, log=log
        )
    spread = homes_from_dwellings if method == "dwellings" else homes_from_buildings
    return reader.read("homes", read_buildings), lambda buildings, areas: spread(
        buildings, areas, log=log
    )


def _given_or_found(homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.Series:
    found = assign_areas(homes, areas)
    if "area_id" not in homes:
        return found
    return homes["area_id"].where(homes["area_id"].isin(areas.index), found)


def _read_minutes(source: Source, *, log: IssueLog) -> pd.DataFrame:
    """Read pairs of facility and home with minutes; a pair that makes no sense is set aside."""
    try:
        is_parquet = source.file.suffix == ".parquet"
        raw = pd.read_parquet(source.file) if is_parquet else pd.read_csv(source.file, dtype="str")
    except (OSError, ValueError) as fault:
        log.add("unreadable", "fatal", "minutes", record=source.file.name, found=str(fault),
                fix="give a CSV or Parquet file")  # fmt: skip
        return pd.DataFrame(columns=list(_PAIR))
    table = raw.rename(columns={own: name for name, own in source.columns.items()})
    for name in _PAIR:
        if name not in table:
            near = did_you_mean(name, map(str, raw.columns))
            log.add("missing_column", "fatal", "minutes", field=name,
                    found=", ".join(map(str, raw.columns)), fix="add it, or say"
                    f" columns = {{ {name} = {(near or 'its heading')!r} }}")  # fmt: skip
    if log.of("fatal"):
        return pd.DataFrame(columns=list(_PAIR))
    minutes = pd.to_numeric(table["minutes"], errors="coerce")
    good = minutes.ge(0) & (minutes < float("inf")) & table[["facility_id", "home_id"]].notna().all(
        axis=1
    )  # fmt: skip
    if not good.all():
        first = table[~good].iloc[0]
        log.add("bad_pair", "error", "minutes", field="minutes", effect="set aside",
                record=f"{first['facility_id']}, {first['home_id']}",
                found=f"{(~good).sum():,} rows without ids or minutes of 0 or more, such as"
                f" {first['minutes']}")  # fmt: skip
    ids = dict.fromkeys(("facility_id", "home_id"), "str")
    return table.assign(minutes=minutes).loc[good, list(_PAIR)].astype(ids)


def _known_pairs(pairs: pd.DataFrame, known: Mapping[str, pd.Index], log: IssueLog) -> None:
    for name, ids in known.items():
        strange = pairs.loc[~pairs[name].isin(ids), name].unique()
        if len(strange):
            log.add("unknown_id", "warning", "minutes", field=name,
                    record=";".join(strange[:_SHOWN]), found=f"{len(strange):,} ids that"
                    " no table has", effect="not used", fix="check the ids")  # fmt: skip


def _noded(reader: _Reader, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    values = reader.file.sections.get("roads")
    if values is None or roads.empty:
        return roads
    has_nodes = {"u", "v"} <= set(roads.columns) and roads[["u", "v"]].notna().all(axis=None)
    if not has_nodes or values["join_tolerance_m"]:
        reader.tell("noding roads")
        tolerance = float(values["join_tolerance_m"])
        roads = node_lines(roads, join_tolerance_m=tolerance, log=reader.log)
    if values["dem"]:
        reader.tell("reading heights")
        heights = reader.file.resolved(values["dem"])
        roads = roads.assign(grade=grades_from_dem(roads, heights, log=reader.log))
        reader.note("heights", heights, len(roads))
    return roads


def _check_datums(
    reader: _Reader, tables: Mapping[str, gpd.GeoDataFrame], roads: gpd.GeoDataFrame
) -> None:
    """Test the declared datum of every file of places against the roads."""
    if roads.empty:
        return
    for name, places in tables.items():
        for (source, datum), points in places.groupby(["source", "datum"]):
            some = points.iloc[:: max(1, len(points) // _DATUM_POINTS)]
            issue = datum_issue(detect_datum(some, roads, declared=datum), name)
            if issue is not None:
                reader.log.append(replace(issue, record=str(source)))


def _empty(name: str, crs: str) -> gpd.GeoDataFrame:
    index = pd.Index([], name=CONTRACTS[name].index.name, dtype="str")
    return gpd.GeoDataFrame({"geometry": []}, geometry="geometry", index=index, crs=crs)
