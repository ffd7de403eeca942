"""Keep a road network in one file: built once, loaded in a moment, equal to the last bit.

The file is a zip: ``header.json`` (format, profile, hash of the source), the pieces and walls as
GeoParquet, and one ``.npy`` per array. It holds no code, and its bytes depend only on the network.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from carecircle.errors import InputError
from carecircle.roads.chains import Chains
from carecircle.roads.network import RoadNetwork
from carecircle.roads.profiles import TravelProfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["load_network", "save_network"]

_FORMAT = "carecircle network"
_VERSION = 1
_OWN = ("ends", "length_m", "seconds", "can_link", "node_xy", "component")
_CHAINS = tuple(field.name for field in fields(Chains))
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's own zero, so that bytes do not depend on the day


def save_network(network: RoadNetwork, path: str | Path, *, source_sha256: str = "") -> Path:
    """Write a network to one file, whole or not at all.

    Parameters
    ----------
    network
        The network.
    path
        File to write; ``.ccnet`` is usual. An existing file is replaced.
    source_sha256
        Hash of the extract the roads came from, for :func:`load_network` to compare.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If a column of the roads cannot be stored, such as one that mixes texts and numbers.

    Examples
    --------
    >>> import shapely, carecircle as cc, tempfile
    >>> roads = gpd.GeoDataFrame(
    ...     {"highway": ["residential"], "u": [1], "v": [2]},
    ...     geometry=[shapely.LineString([(0, 0), (900, 0)])], crs="EPSG:4545")
    >>> network = cc.RoadNetwork.from_roads(roads, cc.PROFILES["elder_default"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_network(save_network(network, Path(folder) / "city.ccnet"))
    RoadNetwork(1 piece, 0.9 km, 1 part, elder_default, EPSG:4545)
    """
    path = Path(path)
    members = {"header.json": _header(network, source_sha256)}
    members["roads.parquet"] = _parquet(network.roads)
    if network.walls is not None:
        members["walls.parquet"] = _parquet(gpd.GeoDataFrame(geometry=network.walls))
    for name in _OWN:
        members[f"{name}.npy"] = _npy(getattr(network, name))
    for name in _CHAINS:
        members[f"chains/{name}.npy"] = _npy(getattr(network.chains, name))
    unfinished = path.with_name(path.name + ".part")
    try:
        with zipfile.ZipFile(unfinished, "w") as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
        os.replace(unfinished, path)  # noqa: PTH105  # replaces on Windows too, in one step
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def load_network(path: str | Path, *, source_sha256: str | None = None) -> RoadNetwork:
    """Read a network written by :func:`save_network`.

    Parameters
    ----------
    path
        The file.
    source_sha256
        Hash the source must have had; ``None``: any.

    Returns
    -------
    RoadNetwork
        Equal to the one saved, array by array.

    Raises
    ------
    InputError
        If the file is missing, no network, cut short or damaged, of another format version, or
        built from another source.
    """
    path = Path(path)
    if not path.is_file():
        msg = f"network {path}: no such file; build it with RoadNetwork.from_roads and save_network"
        raise InputError(msg)
    try:
        with zipfile.ZipFile(path) as archive:
            header = json.loads(archive.read("header.json"))
            _check(header, path, source_sha256)
            members = {name: archive.read(name) for name in archive.namelist()}
        return _network(header, members)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        if isinstance(error, InputError):
            raise
        msg = f"network {path}: not a network file, or damaged ({error}); build and save it again"
        raise InputError(msg) from error


def _header(network: RoadNetwork, source_sha256: str) -> bytes:
    profile = {f.name: getattr(network.profile, f.name) for f in fields(TravelProfile)}
    profile["class_kmh"] = dict(profile["class_kmh"])
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "source_sha256": source_sha256,
        "profile": profile,
    }
    return json.dumps(header, ensure_ascii=False, indent=1).encode()


def _check(header: dict[str, Any], path: Path, source_sha256: str | None) -> None:
    if header.get("format") != _FORMAT:
        msg = f"network {path}: not a network file; give one written by save_network"
        raise InputError(msg)
    if header["version"] != _VERSION:
        msg = (
            f"network {path}: format version {header['version']}, this release reads {_VERSION};"
            " build and save it again"
        )
        raise InputError(msg)
    if source_sha256 is not None and header["source_sha256"] != source_sha256:
        found = header["source_sha256"] or "an unnamed source"
        msg = f"network {path}: built from {found}, not from {source_sha256}; build it again"
        raise InputError(msg)


def _network(header: dict[str, Any], members: dict[str, bytes]) -> RoadNetwork:
    profile = header["profile"]
    profile["class_kmh"] = MappingProxyType(profile["class_kmh"])
    roads = gpd.read_parquet(io.BytesIO(members["roads.parquet"]))
    walls = None
    if "walls.parquet" in members:
        walls = gpd.read_parquet(io.BytesIO(members["walls.parquet"])).geometry
    return RoadNetwork.from_arrays(
        TravelProfile(**profile),
        roads,
        {name: _array(members[f"{name}.npy"]) for name in _OWN},
        Chains(**{name: _array(members[f"chains/{name}.npy"]) for name in _CHAINS}),
        walls,
    )


def _parquet(frame: gpd.GeoDataFrame) -> bytes:
    stream = io.BytesIO()
    try:
        frame.to_parquet(stream, compression="zstd")
    except (TypeError, ValueError) as error:  # pyarrow's errors are these
        msg = f"roads: a column cannot be stored ({error}); make it all text or all numbers"
        raise InputError(msg) from error
    return stream.getvalue()


def _npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def _array(content: bytes) -> NDArray[Any]:
    return np.asarray(np.lib.format.read_array(io.BytesIO(content), allow_pickle=False))
