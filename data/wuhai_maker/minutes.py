"""Walking metres from homes to their nearest facility, to place the special cases knowingly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from wuhai_maker.network import Piece

__all__ = ["Walks"]


@dataclass(frozen=True)
class _Spots:
    """Places on the network: edge, metres from its start, metres to it."""

    edge: np.ndarray
    along: np.ndarray
    leg: np.ndarray


class Walks:
    """The streets open to people on foot; positions are on edges, legs are straight and walked."""

    def __init__(self, pieces: list[Piece]) -> None:
        walkable = [p for p in pieces if not p.highway.startswith("motorway")]
        self.lines = np.array([p.line for p in walkable])
        ends = [end for p in walkable for end in p.ends]
        _, self.node = np.unique(np.array(ends), axis=0, return_inverse=True)
        self.node = self.node.reshape(-1, 2)
        self.length = shapely.length(self.lines)
        self.tree = shapely.STRtree(self.lines)
        self.count = int(self.node.max()) + 1

    def place(self, points: np.ndarray) -> _Spots:
        """Put points (shapely) on their nearest street."""
        edge = self.tree.nearest(points)
        return _Spots(
            edge,
            shapely.line_locate_point(self.lines[edge], points),
            shapely.distance(self.lines[edge], points),
        )

    def _from(self, spots: _Spots) -> tuple[np.ndarray, np.ndarray]:
        """Distance of every node from the nearest spot, and which spot that is."""
        size = self.count + len(spots.edge)
        virtual = np.arange(self.count, size)
        row = np.r_[self.node[:, 0], virtual, virtual]
        col = np.r_[self.node[:, 1], self.node[spots.edge, 0], self.node[spots.edge, 1]]
        to_end = self.length[spots.edge] - spots.along
        cost = np.r_[self.length, spots.along + spots.leg, to_end + spots.leg] + 1e-9
        order = np.lexsort((cost, col, row))
        row, col, cost = row[order], col[order], cost[order]
        first = np.r_[True, (np.diff(row) != 0) | (np.diff(col) != 0)]
        graph = csr_array((cost[first], (row[first], col[first])), shape=(size, size))
        metres, _, source = dijkstra(
            graph, directed=False, indices=virtual, min_only=True, return_predecessors=True
        )
        return metres[: self.count], source[: self.count] - self.count

    def nearest(self, homes: np.ndarray, facilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return metres from each home to its nearest facility, and that facility's position."""
        spots = self.place(facilities)
        metres, source = self._from(spots)
        home = self.place(homes)
        ends = self.node[home.edge]
        way = np.c_[home.along, self.length[home.edge] - home.along] + metres[ends]
        best = way.argmin(axis=1)
        rows = np.arange(len(homes))
        total = way[rows, best] + home.leg
        which = source[ends[rows, best]]
        for k in range(len(facilities)):
            same = np.flatnonzero(home.edge == spots.edge[k])
            direct = np.abs(home.along[same] - spots.along[k]) + home.leg[same] + spots.leg[k]
            better = direct < total[same]
            total[same[better]], which[same[better]] = direct[better], k
        return total, which
