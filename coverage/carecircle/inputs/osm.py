"""Read an OpenStreetMap extract into frames: roads, features by tag, administrative areas, places.

Extracts are ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``; coordinates come out as EPSG:4326.
Data (c) OpenStreetMap contributors, Open Database Licence 1.0.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.osm_roads import no_roads, roads_of_extract
from carecircle.inputs.osm_shapes import AREA_TYPES, OsmShapes, collect_shapes
from carecircle.inputs.source import Source

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import geopandas as gpd

__all__ = ["read_osm_areas", "read_osm_features", "read_osm_places", "read_osm_roads"]

#: Tags that become columns of every feature, whatever was asked for.
_FEATURE_TAGS = (
    "name", "name:zh", "name:en", "amenity", "social_facility", "social_facility:for", "healthcare",
    "community_centre", "office", "operator", "operator:type", "capacity", "beds", "building",
    "building:levels", "building:flats", "place", "population", "addr:city", "addr:street",
    "addr:housenumber", "addr:postcode", "start_date",
)  # fmt: skip
_AREA_TAGS = ("name", "name:zh", "name:en", "admin_level", "population", "ref")
_PLACES = (
    "city", "borough", "suburb", "quarter", "neighbourhood", "town", "village", "hamlet",
    "isolated_dwelling",
)  # fmt: skip


def read_osm_roads(
    path: str | os.PathLike[str], *, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read every road of an extract, cut at the nodes where roads meet.

    All ways with a ``highway`` class that carries traffic are read; which of them a traveller may
    use is decided later, by mode. A way is cut at each node that it shares with another road or
    passes twice, and at each node that stops someone. Roads that cross without a shared node do not
    connect, so a bridge does not meet what it crosses. Of areas, the outlines of squares
    (``highway=pedestrian`` and other places to walk) are kept, those of yards and parking are not.

    Parameters
    ----------
    path
        The extract.
    log
        Collects the issues. Without it, a fatal issue raises and a warning warns.

    Returns
    -------
    gpd.GeoDataFrame
        Lines in EPSG:4326; index ``road_id``: ``"way"``, or ``"way/piece"`` where a way was cut.
        Columns of the roads table; ``u`` and ``v`` are node ids (int64), ``maxspeed`` is km/h as
        text, ``signals`` counts traffic signals (one half at an end), ``u_blocks`` and ``v_blocks``
        list the modes stopped there. Further columns: ``oneway_bicycle``, ``wheelchair``.
        Missing tags are NA.

    Raises
    ------
    InputError
        Without a log: if the file is missing, damaged or has no roads.

    Examples
    --------
    >>> roads = read_osm_roads("town.osm.pbf")  # doctest: +SKIP
    """
    return _heard(lambda own: roads_of_extract(Path(path), own), no_roads, log)


def read_osm_features(
    source: Source | str | Path, *, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read features by tag: nodes as points, closed ways and multipolygons as polygons.

    Parameters
    ----------
    source
        The extract and its ``tags``; without tags, every ``building``. ``True`` takes every value
        but ``no``; of a list of values such as ``clinic;doctors``, one that fits is enough.
    log
        Collects the issues. Without it, errors raise and warnings warn.

    Returns
    -------
    gpd.GeoDataFrame
        Points and (multi)polygons in EPSG:4326; index ``osm_id`` such as ``n12``, ``w34``, ``r56``
        (node, way, relation). Text columns: the tags asked for and the usual ones (``name``,
        ``building:levels``, ``amenity``, ...); missing tags are NA. ``source.where`` is not
        applied.

    Raises
    ------
    InputError
        Without a log: if the file is missing or damaged, or an outline is open or incomplete.

    Examples
    --------
    >>> from carecircle.inputs.source import Source
    >>> clinics = Source(Path("town.osm.pbf"), tags={"amenity": ["clinic", "doctors"]})
    >>> read_osm_features(clinics)  # doctest: +SKIP
    """
    source = Source.of(source)
    tags = dict(source.tags) or {"building": True}
    columns = list(dict.fromkeys((*_FEATURE_TAGS, *tags)))

    def read(own: IssueLog) -> gpd.GeoDataFrame:
        shapes = collect_shapes(source.file, tags, table="features")
        shapes.report_without_shape("features", own)
        if shapes.denied:
            own.add(
                "not_a_feature",
                "note",
                "features",
                record=";".join(sorted(shapes.denied)[:10]),
                found=f"{len(shapes.denied):,} whose tag says no",
                effect="not used",
            )
        return shapes.frame(columns)

    return _heard(read, lambda: OsmShapes().frame(columns), log)


def read_osm_places(
    source: Source | str | Path, *, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Read the place nodes: towns, villages, quarters and the like.

    Parameters
    ----------
    source
        The extract; its ``tags`` may say which, ``{"place": ["village"]}``.
    log
        As for :func:`read_osm_features`.

    Returns
    -------
    gpd.GeoDataFrame
        Points in EPSG:4326, index ``osm_id``, columns as for :func:`read_osm_features`.

    Raises
    ------
    InputError
        Without a log: if the file is missing or damaged.

    Examples
    --------
    >>> read_osm_places(Source(Path("town.osm.pbf")))  # doctest: +SKIP
    """
    source = Source.of(source)
    tags = {"place": source.tags.get("place", _PLACES)}
    heard = IssueLog()
    places = read_osm_features(replace(source, tags=tags), log=heard)
    own = IssueLog(issue for issue in heard if issue.severity == "fatal")
    if log is None:
        own.settle()
    else:
        log.extend(own)
    return places[places.geom_type == "Point"]


def read_osm_areas(source: Source | str | Path, *, log: IssueLog | None = None) -> gpd.GeoDataFrame:
    """Read the administrative areas of one level as polygons.

    Only outlines that the extract holds whole become areas; a neighbour cut by the edge of the
    extract is an issue that counts its missing member ways. A closed way that is part of the
    outline of a relation (an exclave, as a rule) is not an area of its own.

    Parameters
    ----------
    source
        The extract and its ``admin_level``.
    log
        Collects the issues. Without it, errors raise and warnings warn.

    Returns
    -------
    gpd.GeoDataFrame
        Polygons, MultiPolygons where there are exclaves, in EPSG:4326; index ``osm_id`` such as
        ``r1155956``; text columns ``name``, ``name:zh``, ``name:en``, ``admin_level``,
        ``population``, ``ref``. ``source.where`` is not applied.

    Raises
    ------
    InputError
        Without a log: if the file is missing or damaged, has no area of that level, or holds one
        only in part.

    Examples
    --------
    >>> from carecircle.inputs.source import Source
    >>> read_osm_areas(Source(Path("town.osm.pbf"), admin_level=8))  # doctest: +SKIP
    """
    source = Source.of(source)
    level = "--" if source.admin_level is None else str(source.admin_level)

    def read(own: IssueLog) -> gpd.GeoDataFrame:
        shapes = collect_shapes(source.file, {"boundary": ["administrative"]}, table="areas")
        levels = Counter(tags.get("admin_level", "none") for tags in shapes.tags.values())
        outline = {f"w{way}" for ways in shapes.members.values() for way in ways}
        shapes.only(
            lambda name, tags: (
                tags.get("admin_level") == level
                and name not in outline
                and (name in shapes.wkb or tags.get("type") in AREA_TYPES)
            )
        )
        shapes.report_without_shape("areas", own)
        areas = shapes.frame(_AREA_TAGS)
        if areas.empty:
            found = ", ".join(f"{value} ({n})" for value, n in sorted(levels.items()))
            own.add(
                "no_areas",
                "fatal",
                "areas",
                record=str(source.file),
                field="admin_level",
                found=f"no whole area of level {level}; levels in the file: {found or 'none'}",
                fix="say admin_level, one of the file, or give boundaries from another file",
            )
        return areas

    return _heard(read, lambda: OsmShapes().frame(_AREA_TAGS), log)


def _heard(
    read: Callable[[IssueLog], gpd.GeoDataFrame],
    empty: Callable[[], gpd.GeoDataFrame],
    log: IssueLog | None,
) -> gpd.GeoDataFrame:
    """Read with a log of its own where the caller gave none; a file that fails gives no rows."""
    own = IssueLog() if log is None else log
    try:
        frame = read(own)
    except InputError as error:
        own.extend(error.issues)
        frame = empty()
    if log is None:
        own.settle()
    return frame
