"""Collect tagged nodes, closed ways and multipolygons of an OpenStreetMap extract as shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely

from carecircle.errors import InputError
from carecircle.inputs.osm_scan import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from carecircle.inputs.issues import IssueLog

__all__ = ["AREA_TYPES", "OsmShapes", "collect_shapes"]

#: Types of relation that describe an area.
AREA_TYPES = ("multipolygon", "boundary")


@dataclass
class OsmShapes:
    """What passed the tag rule, while and after reading.

    Parameters
    ----------
    tags
        Tags by id, such as ``n12``, ``w34``, ``r56``, in the order of the file.
    wkb
        Geometry by id, hexadecimal; only for what has one.
    members
        Way ids of each relation.
    reasons
        Why something that passed has no geometry.
    denied
        Ids of what says that it is none: ``building=no``.
    """

    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    wkb: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)

    def only(self, keep: Callable[[str, Mapping[str, str]], bool]) -> None:
        """Forget what ``keep`` says no to, given its id and tags."""
        self.tags = {name: tags for name, tags in self.tags.items() if keep(name, tags)}

    def frame(self, columns: Sequence[str]) -> gpd.GeoDataFrame:
        """Return the shapes, index ``osm_id``, one text column per tag, in EPSG:4326."""
        ids = [name for name in self.tags if name in self.wkb]
        data = {
            column: pa.array([self.tags[name].get(column) for name in ids], pa.string()).to_pandas()
            for column in columns
        }
        shapes = np.asarray(shapely.from_wkb([self.wkb[name] for name in ids]), dtype=object)
        single = (shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOLYGON) & (
            shapely.get_num_geometries(shapes) == 1
        )
        shapes[single] = shapely.get_geometry(shapes[single], 0)
        frame = gpd.GeoDataFrame(data, geometry=shapes, crs="EPSG:4326")
        return frame.set_axis(pa.array(ids, pa.string()).to_pandas().rename("osm_id"))

    def report_without_shape(self, table: str, log: IssueLog) -> None:
        """Add an error for each thing that has no point and no closed outline."""
        for name, tags in self.tags.items():
            if name in self.wkb:
                continue
            log.add(
                "incomplete_relation" if name in self.members else "open_way",
                "error",
                table,
                record=name,
                field="geometry",
                found=": ".join(filter(None, [tags.get("name"), self.reasons[name]])),
                effect="set aside",
                fix="take an extract that holds it whole, or mend it in OpenStreetMap",
            )


def collect_shapes(
    path: Path, tags: Mapping[str, Sequence[str] | bool], *, table: str
) -> OsmShapes:
    """Read all nodes, closed ways and area relations that carry one of the tags.

    Parameters
    ----------
    path
        The extract.
    tags
        Values to take by key. ``True`` takes every value but ``no``; of several values in one tag
        (``clinic;doctors``), one that fits is enough.
    table
        Table the issues name.

    Raises
    ------
    InputError
        If the file is missing, damaged or no extract.
    """
    import osmium

    shapes = OsmShapes()
    to_wkb = osmium.geom.WKBFactory()
    has_key = osmium.filter.KeyFilter(*tags)
    try:
        for thing in osmium.FileProcessor(path).with_areas(has_key).with_filter(has_key):
            found = dict(thing.tags)
            if _fits(found, tags):
                _take(shapes, thing, found, to_wkb)
            elif any(rule is True and found.get(key) == "no" for key, rule in tags.items()):
                shapes.denied.add(_name(thing))
        _explain(shapes, path)
    except (RuntimeError, OSError) as error:
        issue = unreadable(path, error, table)
        raise InputError(str(issue), [issue]) from error
    return shapes


def _fits(found: Mapping[str, str], tags: Mapping[str, Sequence[str] | bool]) -> bool:
    for key, rule in tags.items():
        value = found.get(key)
        if value is None or rule is False:
            continue
        wanted = (rule,) if isinstance(rule, str) else rule
        if value != "no" if wanted is True else not set(value.split(";")).isdisjoint(wanted):
            return True
    return False


def _name(thing: Any) -> str:
    if thing.is_area():
        return f"{'w' if thing.from_way() else 'r'}{thing.orig_id()}"
    return f"{thing.type_str()}{thing.id}"


def _take(shapes: OsmShapes, thing: Any, tags: dict[str, str], to_wkb: Any) -> None:
    name = _name(thing)
    if thing.is_area():
        shapes.wkb[name] = to_wkb.create_multipolygon(thing)
        return
    shapes.tags[name] = tags
    if thing.is_node():
        shapes.wkb[name] = to_wkb.create_point(thing)
    elif thing.is_relation():
        shapes.members[name] = [member.ref for member in thing.members if member.type == "w"]
    else:
        shapes.reasons[name] = "the outline is not closed"


def _explain(shapes: OsmShapes, path: Path) -> None:
    """Say of each relation without a shape how many of its ways the file does not hold."""
    without = [name for name in shapes.members if name not in shapes.wkb]
    if not without:
        return
    import osmium

    present = {way.id for way in osmium.FileProcessor(path, osmium.osm.WAY)}
    for name in without:
        ways = shapes.members[name]
        missing = sum(way not in present for way in ways)
        if shapes.tags[name].get("type") not in AREA_TYPES:
            shapes.reasons[name] = "a relation that is no type=multipolygon or boundary"
        elif missing:
            shapes.reasons[name] = f"{missing} of {len(ways)} member ways are not in the file"
        else:
            shapes.reasons[name] = f"its {len(ways)} member ways make no closed outline"
