"""Case ``extracts``: from an OpenStreetMap extract to a walking network, in fresh processes."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from carecircle.bench.results import CaseResult, faster, skipped, within
from carecircle.bench.timing import JobResult, run_job
from carecircle.errors import CarecircleError

__all__ = ["EXTRACTS", "run_extracts", "time_extract", "write_as_xml", "write_tiny"]

#: Extracts below the data folder, their UTM zone, and the name to print.
EXTRACTS = (
    ("osm/porto_alegre_2020.osm.pbf", "EPSG:32722", "Porto Alegre"),
    ("osm/liechtenstein_2015.osm.pbf", "EPSG:32632", "Liechtenstein"),
)
_CASE = "extracts"
_REPEATS = 3
_TINY_SIDE = 5  # crossings along each side of the tiny town that warms a tool up


def run_extracts(data: Path) -> list[CaseResult]:
    """Compare reading extracts with osmnx and pyrosm: time and memory."""
    return [
        line
        for name, epsg, title in EXTRACTS
        for line in time_extract(data / name, epsg, title, repeats=_REPEATS)
    ]


def time_extract(path: Path, epsg: str, title: str, *, repeats: int) -> list[CaseResult]:
    """Compare one extract.

    Each tool first reads a tiny extract, then the real one is measured. osmnx reads XML; it gets
    the whole extract, and once more only the ways with a ``highway`` tag, both written beforehand.
    """
    if not path.is_file():
        return [skipped(_CASE, title, f"no {path.name} in the data folder")]
    lines: list[CaseResult] = []
    with tempfile.TemporaryDirectory() as folder:
        tiny = write_tiny(Path(folder) / "tiny.osm.pbf")
        ours = run_job("carecircle", str(tiny), str(path), epsg, repeats=repeats)
        tiny_xml = write_as_xml(tiny, Path(folder) / "tiny.osm")
        for only, peer in (("", "osmnx graph_from_xml"), ("highway", "osmnx, highways only")):
            xml = write_as_xml(path, Path(folder) / "extract.osm", only=only)
            theirs = run_job("osmnx", str(tiny_xml), str(xml), repeats=repeats)
            lines += _compared(title, ours, theirs, peer, at_least=10)
        lines += _pyrosm(title, tiny, path, ours, repeats=repeats)
    return lines


def _pyrosm(
    title: str, tiny: Path, path: Path, ours: JobResult, *, repeats: int
) -> list[CaseResult]:
    peer = "pyrosm get_network + to_graph"
    python = os.environ.get("CARECIRCLE_BENCH_PYROSM", "")
    if not python and find_spec("pyrosm") is None:
        reason = (
            "pyrosm is not installed; install carecircle[bench], or name a Python that has pyrosm"
            " and igraph in CARECIRCLE_BENCH_PYROSM"
        )
        return [skipped(_CASE, f"{title} against {peer}", reason)]
    try:
        theirs = run_job(
            "pyrosm", str(tiny), str(path), python=python or sys.executable, repeats=repeats
        )
    except (CarecircleError, OSError) as error:
        return [skipped(_CASE, f"{title} against {peer}", str(error))]
    return _compared(title, ours, theirs, peer, at_least=2)


def _compared(
    title: str, ours: JobResult, theirs: JobResult, peer: str, *, at_least: float
) -> list[CaseResult]:
    sizes = f"ours {ours.sizes}; theirs {theirs.sizes}"
    time_line = faster(
        _CASE, f"{title} to a walking network", (ours.seconds, theirs.seconds),
        at_least=at_least, peer=peer, sizes=sizes,
        note=f"start-up left out: ours {ours.start_seconds:.1f} s, theirs"
        f" {theirs.start_seconds:.1f} s",
    )  # fmt: skip
    if not peer.startswith("osmnx"):
        return [time_line]
    memory = within(
        _CASE, f"{title}, memory added by the work", (ours.added_mb, theirs.added_mb),
        at_most=1 / 3, measure="times the memory", peer=peer,
        note=f"ours {ours.added_mb:,.0f} MB to a peak of {ours.peak_mb:,.0f},"
        f" theirs {theirs.added_mb:,.0f} MB to {theirs.peak_mb:,.0f}",
    )  # fmt: skip
    return [time_line, memory]


def write_as_xml(extract: Path, xml: Path, *, only: str = "") -> Path:
    """Write an extract as OSM XML; with ``only``, the ways that have this key and their nodes."""
    import osmium

    needed: set[int] = set()
    if only:
        for way in osmium.FileProcessor(str(extract), osmium.osm.WAY):
            if only in way.tags and isinstance(way, osmium.osm.Way):
                needed.update(node.ref for node in way.nodes)
    writer = osmium.SimpleWriter(str(xml), overwrite=True)
    for item in osmium.FileProcessor(str(extract)):
        is_wanted = (
            item.id in needed
            if isinstance(item, osmium.osm.Node)
            else (isinstance(item, osmium.osm.Way) and only in item.tags)
        )
        if is_wanted or not only:
            writer.add(item)
    writer.close()
    return xml


def write_tiny(path: Path) -> Path:
    """Write a tiny grid town as an extract."""
    import osmium

    side = range(_TINY_SIDE)
    writer = osmium.SimpleWriter(str(path), overwrite=True)
    for number in range(_TINY_SIDE**2):
        place = (9.5 + number % _TINY_SIDE / 1000, 47.1 + number // _TINY_SIDE / 1000)
        writer.add_node(osmium.osm.mutable.Node(id=number + 1, location=place, version=1))
    streets = [[_TINY_SIDE * row + column + 1 for column in side] for row in side]
    streets += [[_TINY_SIDE * row + column + 1 for row in side] for column in side]
    for number, nodes in enumerate(streets):
        tags = {"highway": "residential", "name": f"street {number}", "surface": "asphalt"}
        way = osmium.osm.mutable.Way(id=number + 1, nodes=nodes, tags=tags, version=1)
        writer.add_way(way)
    writer.close()
    return path
