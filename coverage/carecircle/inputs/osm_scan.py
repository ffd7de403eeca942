"""Get the tagged objects of an OpenStreetMap extract into columns without Python work per object.

libosmium filters the file and writes what passes as OPL (one object a line) and all node positions
as a flat table of 16 bytes a node; Arrow and numpy read both. An id set (``osmium.IdTracker``) is
not used on purpose: it costs a 4 MB page for each stretch of ids touched, a gigabyte for a town.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from carecircle.errors import InputError
from carecircle.inputs.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["NodePositions", "TaggedNodes", "Ways", "scan_extract", "unreadable"]

_POSITION = np.dtype([("id", "<u8"), ("x", "<i4"), ("y", "<i4")])
_DEGREE = 10_000_000  # libosmium keeps positions as whole 1e-7 degrees
_ESCAPED = re.compile(r"%([0-9a-fA-F]+)%")


@dataclass(frozen=True)
class NodePositions:
    """Positions of all nodes of an extract: sorted ids, and longitude and latitude of each."""

    ids: NDArray[np.int64]
    lonlat: NDArray[np.float64]

    def of(self, nodes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return longitude and latitude of each node, shape (n, 2); NaN where the file has none."""
        result = np.full((len(nodes), 2), np.nan)
        if len(self.ids):
            at = np.minimum(np.searchsorted(self.ids, nodes), len(self.ids) - 1)
            found = self.ids[at] == nodes
            result[found] = self.lonlat[at[found]]
        return result


@dataclass(frozen=True)
class TaggedNodes:
    """Nodes with a wanted key: ids and one text column per tag."""

    ids: NDArray[np.int64]
    tags: pd.DataFrame


@dataclass(frozen=True)
class Ways:
    """Ways with a wanted key.

    Way *i* has the node ids ``refs[offsets[i] : offsets[i + 1]]``; row *i* of ``tags`` its tags.
    """

    ids: NDArray[np.int64]
    tags: pd.DataFrame
    refs: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Ways:
        """Return the ways at ``rows``, in that order."""
        counts = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        at = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        tags = self.tags.iloc[rows].reset_index(drop=True)
        return Ways(self.ids[rows], tags, self.refs[at], offsets)


def scan_extract(
    path: Path,
    *,
    way_keys: Sequence[str],
    way_tags: Sequence[str],
    node_keys: Sequence[str],
    node_tags: Sequence[str],
) -> tuple[Ways, TaggedNodes, NodePositions]:
    """Read the ways and nodes that carry one of the given keys, and all node positions.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    way_keys, node_keys
        A way (node) is read when it has at least one of these keys.
    way_tags, node_tags
        Tags that become text columns; missing tags are NA.

    Raises
    ------
    InputError
        If the file is missing, damaged or no extract.
    """
    with TemporaryDirectory(prefix="carecircle-") as name:
        folder = Path(name)
        try:
            positions = _dump(path, folder, way_keys, node_keys)
        except (RuntimeError, OSError) as error:
            issue = unreadable(path, error)
            raise InputError(str(issue), [issue]) from error
        lines = _lines(folder / "tagged.opl")
    is_way = pc.starts_with(lines, "w")
    node_lines, way_lines = lines.filter(pc.invert(is_way)), lines.filter(is_way)
    del lines, is_way  # each text column is as big as the file: keep no more than one at a time
    ids, tags, _position = _fields(node_lines)
    nodes = TaggedNodes(_ids(ids), _tag_frame(tags, node_tags))
    del node_lines
    ids, tags, listed = _fields(way_lines)
    del way_lines
    refs, offsets = _refs(listed)
    del listed
    ways = Ways(_ids(ids), _tag_frame(tags, way_tags), refs, offsets)
    del ids, tags
    pa.default_memory_pool().release_unused()
    return ways, nodes, positions


def unreadable(path: Path, error: Exception, table: str = "roads") -> Issue:
    """Return the fatal issue for an extract that cannot be opened or read to its end."""
    if not path.exists():
        return Issue("missing_file", "fatal", table, str(path), fix="check the path of the extract")
    return Issue(
        "unreadable_extract",
        "fatal",
        table,
        str(path),
        found=str(error),
        fix="download the extract again (.osm.pbf, .osm, .osm.gz or .osm.bz2) and compare its size",
    )


def _dump(
    path: Path, folder: Path, way_keys: Iterable[str], node_keys: Iterable[str]
) -> NodePositions:
    import osmium

    store = osmium.index.create_map(f"sparse_file_array,{folder / 'positions'}")
    locate = osmium.NodeLocationsForWays(store)
    locate.apply_nodes_to_ways = False
    node_filter = osmium.filter.KeyFilter(*node_keys)
    node_filter.enable_for(osmium.osm.NODE)
    way_filter = osmium.filter.KeyFilter(*way_keys)
    way_filter.enable_for(osmium.osm.WAY)
    out = osmium.io.File(str(folder / "tagged.opl"), "opl,add_metadata=false")
    wanted = osmium.osm.NODE | osmium.osm.WAY
    with osmium.SimpleWriter(out) as writer, osmium.io.Reader(str(path), wanted) as reader:
        osmium.apply(reader, locate, node_filter, way_filter, writer)
    # the store keeps its file open, and an open file cannot be removed on every system
    del locate, store
    return _positions(folder / "positions")


def _positions(file: Path) -> NodePositions:
    table = np.fromfile(file, dtype=_POSITION)
    table = table[table["id"] > 0]  # the store grows by whole pages; the rest is empty
    ids = table["id"].astype(np.int64)
    if np.any(np.diff(ids) <= 0):
        order = np.argsort(ids, kind="stable")
        last = np.append(np.diff(ids[order]) > 0, True)
        table, ids = table[order[last]], ids[order[last]]
    lonlat = np.stack([table["x"], table["y"]], axis=1) / _DEGREE
    return NodePositions(ids, lonlat)


def _lines(file: Path) -> pa.ChunkedArray:
    if file.stat().st_size == 0:
        return pa.chunked_array([pa.array([], pa.string())])
    table = csv.read_csv(
        file,
        read_options=csv.ReadOptions(column_names=["line"], use_threads=False),
        # no character of OPL is a control character, so a line stays whole
        parse_options=csv.ParseOptions(delimiter="\x01", quote_char=False, escape_char=False),
        convert_options=csv.ConvertOptions(column_types={"line": pa.string()}),
    )
    return table["line"]


def _fields(lines: pa.ChunkedArray) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Split ``w12 Tk=v,k=v Nn1,n2`` into its three fields."""
    split = pc.split_pattern(lines.combine_chunks(), " ", max_splits=2)
    flat = pc.list_flatten(split)
    start = np.arange(0, 3 * len(lines), 3)
    return flat.take(start), flat.take(start + 1), flat.take(start + 2)


def _ids(field: pa.Array) -> NDArray[np.int64]:
    return _numbers(pc.utf8_slice_codeunits(field, 1))


def _numbers(text: pa.Array) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = text.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return numbers.astype(np.int64)


def _refs(field: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    listed = pc.split_pattern(pc.utf8_slice_codeunits(field, 1), ",")
    text = pc.utf8_slice_codeunits(listed.flatten(), 1)
    has_node = pc.greater(pc.utf8_length(text), 0)
    counts = np.bincount(
        pc.list_parent_indices(listed).filter(has_node).to_numpy(), minlength=len(field)
    )
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return _numbers(text.filter(has_node)), offsets


def _tag_frame(field: pa.Array, names: Sequence[str]) -> pd.DataFrame:
    """Return one text column per name from fields such as ``Thighway=service,name=%20%``."""
    listed = pc.split_pattern(pc.utf8_slice_codeunits(field, 1), ",")
    owner = pc.list_parent_indices(listed)
    pairs = listed.flatten()
    # OPL escapes = and , inside keys and values
    keyed = pc.match_substring(pairs, "=")
    owner, pairs = owner.filter(keyed).to_numpy(), pairs.filter(keyed)
    flat = pc.split_pattern(pairs, "=", max_splits=1).flatten()
    keys = flat.take(np.arange(0, len(flat), 2)).dictionary_encode()
    values = flat.take(np.arange(1, len(flat), 2))
    code_of = {key: code for code, key in enumerate(keys.dictionary.to_pylist())}
    codes = keys.indices.to_numpy()
    columns = {}
    for name in names:
        rows = np.flatnonzero(codes == code_of.get(_escape(name), -1))
        at = np.full(len(field), -1)
        at[owner[rows]] = rows
        columns[name] = _plain(values.take(pa.array(at, mask=at < 0)))
    return pd.DataFrame(columns)


def _escape(key: str) -> str:
    return re.sub(r"[ ,=@%]", lambda match: f"%{ord(match[0]):x}%", key)


def _plain(column: pa.Array) -> pd.Series:
    """Undo OPL's ``%20%`` escapes; only distinct values are looked at."""
    encoded = column.dictionary_encode()
    words = [
        _ESCAPED.sub(lambda match: chr(int(match[1], 16)), word)
        for word in encoded.dictionary.to_pylist()
    ]
    plain: pd.Series = pa.array(words, pa.string()).take(encoded.indices).to_pandas()
    return plain
