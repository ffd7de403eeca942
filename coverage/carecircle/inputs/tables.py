"""Read the tables of a study: any file in, checked frames and a list of issues out.

Every reader takes a file (or a :class:`~carecircle.inputs.source.Source` that says more about it)
and the study's projected CRS, and returns the usable records under contract names. Nothing is
lost: each record that is not returned is in the log, with the reason.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from carecircle.errors import InputError
from carecircle.inputs.checks import check_records, empty_table, with_kinds
from carecircle.inputs.contracts import CONTRACTS
from carecircle.inputs.coordinates import add_geometry
from carecircle.inputs.files import filtered, need_file, numbered, read_raw, report_empty
from carecircle.inputs.headings import match_headings
from carecircle.inputs.issues import IssueLog, unusable
from carecircle.inputs.records import Records
from carecircle.inputs.reference import centres, metre_crs, to_metres
from carecircle.inputs.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from carecircle.inputs.contracts import TableContract

__all__ = [
    "read_areas",
    "read_barriers",
    "read_buildings",
    "read_facilities",
    "read_homes",
    "read_observations",
    "read_projects",
    "read_roads",
    "read_rosters",
    "read_sites",
]


def read_areas(
    source: Source | str | Path, *, crs: str, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read community and village boundaries.

    Parameters
    ----------
    source
        The file, or a source that says more about it.
    crs
        The study's projected CRS in metres.
    log
        Collects all issues; then nothing is raised for bad input, and a table that cannot be
        used comes back empty. Without it, fatal issues and errors raise, warnings warn.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``area_id`` (text); ``name``, ``kind`` (``urban``, ``rural``), ``households``,
        ``population``, ``elders``, ``elders80`` (NaN: unknown), the roll-up columns the file has,
        its other columns, and polygons in ``crs``. A self-crossing outline is used mended, with a
        warning that gives the change in m2.

    Raises
    ------
    InputError
        Without ``log``: with all fatal issues and errors of the table.
    CrsError
        If ``crs`` is unknown or not in metres.

    Examples
    --------
    >>> log = IssueLog()
    >>> len(read_areas("nowhere/areas.gpkg", crs="EPSG:4545", log=log))
    0
    >>> print(log[0])
    areas: no such file (nowhere/areas.gpkg); nowhere is no folder with files
    """
    return cast("gpd.GeoDataFrame", _read(source, CONTRACTS["areas"], crs, log))


def read_facilities(
    source: Source | str | Path,
    *,
    crs: str,
    kinds: Mapping[str, tuple[str, str]] | None = None,
    log: IssueLog | None = None,
) -> gpd.GeoDataFrame:
    """Read facilities of every kind and status.

    Parameters
    ----------
    source, crs, log
        As in :func:`read_areas`.
    kinds
        The study's own facility kinds beside the known ones: code -> (Chinese, English).

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``facility_id`` (text); ``name``, ``kind``, ``status`` (``operating`` where the file
        does not say, with a note), floor areas in m2, beds, places, ... as the file has them, and
        points in ``crs``. Facilities drawn as polygons get a point inside, with a note.

    Raises
    ------
    InputError, CrsError
        As in :func:`read_areas`.
    """
    contract = with_kinds(CONTRACTS["facilities"], kinds)
    return cast("gpd.GeoDataFrame", _read(source, contract, crs, log))


def read_homes(
    source: Source | str | Path, *, crs: str, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read places where people live, one point each.

    Parameters
    ----------
    source, crs, log
        As in :func:`read_areas`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``home_id`` (text); ``households``, ``population``, ``elders``, ``elders80`` (NaN:
        unknown), ``area_id`` if the file has it, and points in ``crs``. A home without a usable
        place stays, without geometry and with a warning: its people belong in the denominator.
        Grid cells and outlines get a point inside, with a note.

    Raises
    ------
    InputError, CrsError
        As in :func:`read_areas`.
    """
    return cast("gpd.GeoDataFrame", _read(source, CONTRACTS["homes"], crs, log))


def read_buildings(
    source: Source | str | Path, *, crs: str, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read building footprints, from which homes are made.

    Parameters
    ----------
    source, crs, log
        As in :func:`read_areas`. An OpenStreetMap extract without ``tags`` gives every building.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``building_id`` (text); ``floors``, ``dwellings``, ``use``, ... as the file has them,
        and polygons or points in ``crs``.

    Raises
    ------
    InputError, CrsError
        As in :func:`read_areas`.
    """
    return cast("gpd.GeoDataFrame", _read(source, CONTRACTS["buildings"], crs, log))


def read_roads(
    source: Source | str | Path, *, crs: str, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read roads, from a line layer or an OpenStreetMap extract.

    Parameters
    ----------
    source, crs, log
        As in :func:`read_areas`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``road_id`` (text); ``highway`` and the tags the file has, as text; ``u`` and ``v``
        where the file has nodes; lines in ``crs``.

    Raises
    ------
    InputError, CrsError
        As in :func:`read_areas`.
    """
    return cast("gpd.GeoDataFrame", _read(source, CONTRACTS["roads"], crs, log))


def read_barriers(
    source: Source | str | Path, *, crs: str, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read what stops or slows travel: points and lines block, polygons block or slow.

    Parameters
    ----------
    source, crs, log
        As in :func:`read_areas`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``barrier_id`` (text); ``name``, ``kind``, ``factor`` as the file has them; geometry
        in ``crs``.

    Raises
    ------
    InputError, CrsError
        As in :func:`read_areas`.
    """
    return cast("gpd.GeoDataFrame", _read(source, CONTRACTS["barriers"], crs, log))


def read_sites(
    source: Source | str | Path, *, crs: str, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read candidate sites.

    Parameters
    ----------
    source, crs, log
        As in :func:`read_areas`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``site_id`` (text); ``cost``, ``floor_m2``, ``places``, ``required``, ... as the file
        has them; points in ``crs``.

    Raises
    ------
    InputError, CrsError
        As in :func:`read_areas`.
    """
    return cast("gpd.GeoDataFrame", _read(source, CONTRACTS["sites"], crs, log))


def read_projects(source: Source | str | Path, *, log: IssueLog | None = None) -> pd.DataFrame:
    """Read housing projects with the dates of their homes and of their facilities.

    Parameters
    ----------
    source, log
        As in :func:`read_areas`.

    Returns
    -------
    pandas.DataFrame
        Index ``project_id`` (text); dates as ``datetime64``, floor areas in m2, counts.

    Raises
    ------
    InputError
        As in :func:`read_areas`.
    """
    return _read(source, CONTRACTS["projects"], None, log)


def read_observations(source: Source | str | Path, *, log: IssueLog | None = None) -> pd.DataFrame:
    """Read figures observed or published elsewhere, such as the 2020 column of a plan.

    Parameters
    ----------
    source, log
        As in :func:`read_areas`.

    Returns
    -------
    pandas.DataFrame
        One row for each ``indicator``, unit (the city where none is named) and ``period`` (text);
        ``numerator``, ``denominator``, ``value``; what is missing or ``--`` is NaN, never 0.

    Raises
    ------
    InputError
        As in :func:`read_areas`.
    """
    return _read(source, CONTRACTS["observations"], None, log)


def read_rosters(
    source: Source | str | Path,
    *,
    kinds: Mapping[str, tuple[str, str]] | None = None,
    log: IssueLog | None = None,
) -> pd.DataFrame:
    """Read which unit owes how many facilities of which kind, and by when.

    Parameters
    ----------
    source, kinds, log
        As in :func:`read_facilities`.

    Returns
    -------
    pandas.DataFrame
        One row for each ``unit_level``, ``unit_id`` and ``kind``; ``count``, ``due``, ``source``.

    Raises
    ------
    InputError
        As in :func:`read_areas`.
    """
    return _read(source, with_kinds(CONTRACTS["rosters"], kinds), None, log)


def _read(
    source: Source | str | Path, contract: TableContract, crs: str | None, log: IssueLog | None
) -> pd.DataFrame:
    """Read one table; a table that cannot be used comes back empty, with the reason in the log."""
    source = Source.of(source)
    heard = IssueLog()
    _check_study_crs(source, contract, crs)
    try:
        frame = _checked(source, contract, crs, heard)
    except InputError as error:
        heard.extend(issue for issue in error.issues if issue not in heard)
        frame = empty_table(contract, crs)
    heard = IssueLog(replace(issue, table=contract.name) for issue in heard)  # OSM says "features"
    if log is None:
        heard.settle()
    else:
        log.extend(heard)
    return frame


def _checked(
    source: Source, contract: TableContract, crs: str | None, log: IssueLog
) -> pd.DataFrame:
    raw = _raw(source, contract, log)
    if not len(raw):
        return empty_table(contract, crs)
    matched = match_headings(raw, contract, source, log)
    records = Records(contract, matched.frame, log)
    if contract.geometry:
        add_geometry(records, source)
        to_metres(records, source, crs)
    if log.of("fatal"):
        return empty_table(contract, crs)
    return check_records(records, matched.factors)


def _raw(source: Source, contract: TableContract, log: IssueLog) -> pd.DataFrame:
    """Read a file, or the features of an OpenStreetMap extract as a table of their tags."""
    if not source.is_osm:
        return read_raw(source, contract, log)
    need_file(source.file, contract.name)
    raw = numbered(_osm_features(source, contract.name, log))
    raw = filtered(raw, source, contract.name, log)
    report_empty(raw, source, contract.name, log)
    return raw


def _osm_features(source: Source, table: str, log: IssueLog) -> gpd.GeoDataFrame:
    from carecircle.inputs import osm

    if table == "roads":
        return osm.read_osm_roads(source.file, log=log)
    if table == "areas" and source.admin_level is not None:
        return osm.read_osm_areas(source, log=log)
    if source.tags or table == "buildings":
        return osm.read_osm_features(source, log=log)
    say = "admin_level, or tags" if table == "areas" else "tags"
    raise unusable(
        "no_tags", table, found=f"{source.file.name} holds every kind of feature",
        fix=f'say {say} in the study, such as tags = {{ amenity = ["clinic"] }}',
    )  # fmt: skip


def _check_study_crs(source: Source, contract: TableContract, crs: str | None) -> None:
    """Refuse a study CRS that is not in metres, and suggest one from the data's own longitude."""
    if not contract.geometry:
        return
    try:
        metre_crs(crs)
    except ValueError:
        metre_crs(crs, **_whereabouts(source, contract))


def _whereabouts(source: Source, contract: TableContract) -> dict[str, float]:
    """Return a longitude and latitude of the data, or nothing where they cannot be read."""
    import numpy as np

    heard = IssueLog()
    try:
        records = Records(contract, _raw(source, contract, heard), heard)
        add_geometry(records, source)
    except InputError:
        return {}
    frame = records.frame
    if not len(frame) or (frame.crs is None and source.crs is None and source.datum is None):
        return {}
    if frame.crs is None:
        frame = frame.set_crs(source.crs or "EPSG:4326")
    x, y = centres(frame.to_crs("EPSG:4326"))
    return {"longitude": float(np.nanmedian(x)), "latitude": float(np.nanmedian(y))}
