"""One measured job in a process of its own; run as a file, also by a Python without carecircle.

Usage: ``python job.py NAME WARM_UP INPUT WORDS...``. The job is done on a tiny input first (``-``:
not at all), so that imports and other start-up are over, and then measured on the real one. Prints
one line of JSON: seconds of start-up and of the work, megabytes before and at the peak, sizes.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "JOBS",
    "command",
    "main",
    "network_by_carecircle",
    "network_by_osmnx",
    "network_by_pyrosm",
    "spopt_build",
    "spopt_solve",
]

_STATUS = Path("/proc/self/status")
_BYTES_PER_MB = 1e6


def network_by_carecircle(path: str, epsg: str) -> str:
    """Read an extract into a walking network."""
    from carecircle.inputs.issues import IssueLog
    from carecircle.inputs.osm import read_osm_roads
    from carecircle.roads.network import RoadNetwork
    from carecircle.roads.profiles import PROFILES

    roads = read_osm_roads(path, log=IssueLog()).to_crs(epsg)
    network = RoadNetwork.from_roads(roads, PROFILES["elder_default"])
    return f"{len(network.ends):,} pieces, {network.chains.n_junctions:,} junctions"


def network_by_osmnx(path: str) -> str:
    """Read the same extract, written as XML, with ``osmnx.graph_from_xml``."""
    import osmnx

    graph = osmnx.graph_from_xml(path, simplify=True, retain_all=True)
    return f"{graph.number_of_nodes():,} nodes, {graph.number_of_edges():,} edges"


def network_by_pyrosm(path: str) -> str:
    """Read an extract with pyrosm's ``get_network`` and ``to_graph``."""
    from pyrosm import OSM

    extract = OSM(path)
    nodes, edges = extract.get_network(network_type="walking", nodes=True)
    graph = extract.to_graph(nodes, edges, graph_type="igraph", retain_all=True)
    return f"{graph.vcount():,} nodes, {graph.ecount():,} edges"


def spopt_build(path: str) -> str:
    """Build the model of a maximal covering with spopt."""
    return f"{len(_spopt_model(path).problem.constraints):,} rows"


def spopt_solve(path: str) -> str:
    """Build and solve a maximal covering with spopt and HiGHS; return the weight covered."""
    import pulp

    model = _spopt_model(path)
    model.solve(pulp.HiGHS(msg=False))
    return str(pulp.value(model.problem.objective))


def _spopt_model(path: str) -> Any:
    import numpy as np
    from spopt.locate import MCLP

    task = np.load(path)
    return MCLP.from_cost_matrix(
        task["distances"], task["weight"], float(task["limit"]), p_facilities=int(task["p"])
    )


def command(*words: str) -> str:
    """Run a carecircle command."""
    from carecircle.cli.main import main as carecircle_main

    sys.argv = ["carecircle", *words]
    try:
        carecircle_main()
    except SystemExit as done:
        if done.code:
            raise
    return " ".join(words[:1])


JOBS: dict[str, Callable[..., str]] = {
    "carecircle": network_by_carecircle,
    "command": command,
    "osmnx": network_by_osmnx,
    "pyrosm": network_by_pyrosm,
    "spopt_build": spopt_build,
    "spopt_solve": spopt_solve,
}


def main(name: str, warm_up: str, path: str, *words: str) -> dict[str, Any]:
    """Run one job and return its figures."""
    warnings.simplefilter("ignore")
    begin = time.perf_counter()
    if warm_up != "-":
        JOBS[name](warm_up, *words)
    before, start = _memory_mb("VmRSS"), time.perf_counter()
    sizes = JOBS[name](path, *words)
    seconds = time.perf_counter() - start
    return {
        "start_seconds": start - begin,
        "seconds": seconds,
        "before_mb": before,
        "peak_mb": _memory_mb("VmHWM"),
        "sizes": sizes,
    }


def _memory_mb(field: str) -> float:
    # a child's ru_maxrss can start at its parent's peak, so Linux is asked about this process only
    if _STATUS.is_file():
        line = next(row for row in _STATUS.read_text().splitlines() if row.startswith(field))
        return float(line.split()[1]) * 1024 / _BYTES_PER_MB
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _BYTES_PER_MB


if __name__ == "__main__":
    figures = main(*sys.argv[1:])
    print(json.dumps(figures))  # noqa: T201  # the parent process reads it
