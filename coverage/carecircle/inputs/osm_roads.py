"""Make the road table from the ways of an OpenStreetMap extract, and say what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from carecircle.inputs.osm_pieces import WayPieces, cut_ways
from carecircle.inputs.osm_scan import NodePositions, TaggedNodes, Ways, scan_extract
from carecircle.inputs.osm_tags import (
    BARRIER_STOPS,
    NODE_TAGS,
    WAY_TAGS,
    blocked_modes,
    road_columns,
    set_aside_reason,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from carecircle.inputs.issues import IssueLog

__all__ = ["no_roads", "roads_of_extract"]

_CRS = "EPSG:4326"
_TEXT = "str" if pd.__version__ >= "3" else "object"
_SHOWN = 10  # ids named in an issue that stands for many records


def roads_of_extract(path: Path, log: IssueLog) -> gpd.GeoDataFrame:
    """Read the roads of an extract; see :func:`carecircle.inputs.osm.read_osm_roads`.

    Raises
    ------
    InputError
        If the file is missing, damaged or no extract.
    """
    ways, nodes, positions = scan_extract(
        path,
        way_keys=["highway"],
        way_tags=WAY_TAGS,
        node_keys=["highway", "barrier"],
        node_tags=NODE_TAGS,
    )
    kept = _usable(ways, log)
    stops, blocks = _stops(nodes, log)
    signals = nodes.ids[nodes.tags["highway"].eq("traffic_signals").to_numpy(dtype=bool)]
    pieces = cut_ways(kept, positions, stops, signals)
    _report_gaps(kept, pieces, log)
    if not len(pieces.cut.line):
        log.add(
            "no_roads",
            "fatal",
            "roads",
            record=str(path),
            found=f"{len(ways.ids):,} ways with a highway tag, no usable road",
            fix="take an extract of the study area with its roads, not one filtered to other tags",
        )
    return _road_frame(kept, pieces, blocks)


def _usable(ways: Ways, log: IssueLog) -> Ways:
    """Leave out what is no road, with one note per reason."""
    reasons = set_aside_reason(ways.tags)
    for reason, rows in pd.Series(ways.ids).groupby(reasons):
        if reason:
            log.add(
                "not_a_road",
                "note",
                "roads",
                record=_some(rows),
                field="highway",
                found=f"{len(rows):,} ways with {reason}",
                effect="not used as roads",
            )
    return ways.take(np.flatnonzero(reasons == ""))


def _stops(nodes: TaggedNodes, log: IssueLog) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return the nodes that stop someone, and whom, as modes joined by ``;``."""
    barrier = nodes.tags["barrier"]
    unknown = barrier.notna() & ~barrier.isin(list(BARRIER_STOPS))
    for value, ids in pd.Series(nodes.ids)[unknown].groupby(barrier[unknown]):
        log.add(
            "unknown_barrier",
            "note",
            "roads",
            record=_some(ids),
            field="barrier",
            found=f"barrier={value} at {len(ids):,} nodes",
            used="its access tags alone",
        )
    blocks = blocked_modes(nodes.tags)
    rows = np.flatnonzero(blocks != "")
    return nodes.ids[rows], blocks[rows]


def _report_gaps(ways: Ways, pieces: WayPieces, log: IssueLog) -> None:
    """Say which ways lost nodes, as at the edge of an extract, and which are gone altogether."""
    cut = pieces.missing_refs > 0
    drawn = np.bincount(pieces.cut.line, minlength=len(ways.ids)) > 0
    where = "the extract ends inside these ways, or its nodes have negative ids"
    for code, which, effect in (
        ("nodes_missing", cut & drawn, "only the parts with known nodes are used"),
        ("way_without_line", ~drawn, "set aside: fewer than two nodes in a row are known"),
    ):
        if which.any():
            log.add(
                code,
                "warning",
                "roads",
                record=_some(pd.Series(ways.ids[which])),
                field="nodes",
                found=f"{int(which.sum()):,} ways, {int(pieces.missing_refs[which].sum()):,} nodes"
                " not in the file",
                effect=effect,
                fix=f"{where}; take an extract cut with complete ways",
            )


def _some(ids: pd.Series) -> str:
    shown = ";".join(ids.iloc[:_SHOWN].astype(str))
    return shown if len(ids) <= _SHOWN else f"{shown};..."


def _road_frame(ways: Ways, pieces: WayPieces, blocks: NDArray[np.object_]) -> gpd.GeoDataFrame:
    way_id = pd.Series(ways.ids[pieces.cut.line]).astype(str)
    part = "/" + pd.Series(pieces.cut.number).astype(str)
    road_id = way_id.where(pieces.cut.count == 1, way_id + part)
    frame = (
        road_columns(ways.tags).take(pieces.cut.line).set_axis(pd.Index(road_id, name="road_id"))
    )
    frame["signals"] = pieces.signals
    frame["u_blocks"] = _at_nodes(blocks, pieces.u_stop, frame.index)
    frame["v_blocks"] = _at_nodes(blocks, pieces.v_stop, frame.index)
    frame["u"], frame["v"] = pieces.u, pieces.v
    return gpd.GeoDataFrame(frame, geometry=pieces.cut.geometry, crs=_CRS)


def _at_nodes(
    blocks: NDArray[np.object_], stop: NDArray[np.int64], index: pd.Index[str]
) -> pd.Series[str]:
    words = np.array([*blocks, None], dtype=object)  # row -1: nobody is stopped
    return pd.Series(words[stop], index=index, dtype=_TEXT)


def no_roads() -> gpd.GeoDataFrame:
    """Return a road table without rows."""
    none = np.array([], dtype=np.int64)
    tags = pd.DataFrame({tag: pd.Series([], dtype=_TEXT) for tag in WAY_TAGS})
    ways = Ways(none, tags, none, np.array([0]))
    pieces = cut_ways(ways, NodePositions(none, np.empty((0, 2))), none, none)
    return _road_frame(ways, pieces, np.array([], dtype=object))
