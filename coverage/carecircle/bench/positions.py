"""Case ``positions``: where on the network 100,000 homes are entered from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.bench.results import CaseResult, faster, under
from carecircle.bench.timing import best_of
from carecircle.bench.wuhan import as_osmnx, homes_on
from carecircle.roads.positions import locate

if TYPE_CHECKING:
    from carecircle.roads.network import RoadNetwork

__all__ = ["run_positions"]

_CASE = "positions"


def run_positions(
    network: RoadNetwork, *, n_homes: int = 100_000, repeats: int = 3
) -> list[CaseResult]:
    """Compare :func:`carecircle.locate` with ``osmnx.nearest_edges`` on the same homes."""
    import osmnx

    homes = homes_on(network, n_homes)
    graph = as_osmnx(network, ((0, 1),))
    x, y = homes.geometry.x.to_numpy(), homes.geometry.y.to_numpy()
    found = locate(network, homes)
    _, distance = osmnx.nearest_edges(graph, x, y, return_dist=True)
    worst = float(np.nanmax(np.abs(found["access_m"].to_numpy() - distance)))
    ours, theirs = best_of(
        [lambda: locate(network, homes), lambda: osmnx.nearest_edges(graph, x, y)], repeats=repeats
    )
    what = f"{n_homes:,} homes"
    return [
        under(_CASE, what, ours, at_most=2, note=f"{len(network.ends):,} pieces"),
        faster(
            _CASE, what, (ours, theirs), at_least=None, peer="osmnx nearest_edges",
            note="osmnx: the edge only; ours: edge, fraction, access leg, component. Access legs"
            f" differ by at most {worst:.2g} m",
        ),
    ]  # fmt: skip
