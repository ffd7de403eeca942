"""The two nearest facilities of every home in exact seconds, so that changes can be merged in.

Minutes are rounded for people; a merge must decide ties as one search over all facilities would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.places import pack_places
from carecircle.roads.reach import seeds_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork
    from carecircle.roads.places import Direction, Places
    from carecircle.roads.search import Graph

__all__ = ["HomeSearch"]


@dataclass(frozen=True, eq=False)
class HomeSearch:
    """A network and its homes, ready to be searched from any facilities.

    Attributes
    ----------
    network, direction
        What is searched, and who travels to whom.
    homes, at_home
        Positions of the homes, and the same packed.
    graph, arc_metres
        The chain graph in the direction of the search.
    """

    network: RoadNetwork
    direction: Direction
    homes: pd.DataFrame
    at_home: Places
    graph: Graph
    arc_metres: NDArray[np.float64]

    @classmethod
    def over(cls, network: RoadNetwork, homes: pd.DataFrame, *, direction: Direction) -> HomeSearch:
        """Prepare the search over homes located on a network."""
        towards = direction == "to_facility"
        graph = network.chains.arcs(reverse=towards)
        at_home = pack_places(network, homes, leaving=towards)
        return cls(network, direction, homes, at_home, graph, network.chains.metres[graph[3]])

    def used_pieces(self, facilities: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which pieces of road some quickest way to a facility may use.

        Any other piece can be closed without a change of minutes. Parameters as in
        :meth:`two_nearest`.

        Parameters
        ----------
        facilities
            Positions with ``extra_minutes``.
        """
        from carecircle.roads.first_two import label_junctions

        chains, towards = self.network.chains, self.direction == "to_facility"
        extra = facilities["extra_minutes"]
        at = pack_places(self.network, facilities, leaving=not towards, extra_minutes=extra)
        seeds = seeds_of(self.network, at)
        cost = label_junctions(self.graph, self.arc_metres, seeds, np.inf)[0][:, 0]
        start, end = cost[chains.ends].T
        ahead, back = chains.seconds[:, ::-1].T if towards else chains.seconds.T
        used = (start + ahead <= end) | (end + back <= start)
        for places in (self.at_home, at):
            used[places.chain[places.chain >= 0]] = True
        return np.asarray(used[chains.chain] & (chains.chain >= 0))

    def two_nearest(
        self,
        facilities: pd.DataFrame,
        *,
        extra_minutes: pd.Series | None = None,
        homes: NDArray[np.int64] | slice = slice(None),
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return seconds and row of the two nearest facilities of each home, each of shape (n, 2).

        Parameters
        ----------
        facilities
            Positions, sorted by id as text: equal seconds go to the first.
        extra_minutes
            Minutes added at each facility; index of ``facilities``.
        homes
            Rows of the homes to look at; all by default.

        Returns
        -------
        seconds, who
            ``inf`` and -1 where there is none.
        """
        from carecircle.roads.first_two import label_junctions, pick_two

        towards = self.direction == "to_facility"
        chains, at_home = self.network.chains, self.at_home
        at = pack_places(self.network, facilities, leaving=not towards, extra_minutes=extra_minutes)
        labels = label_junctions(self.graph, self.arc_metres, seeds_of(self.network, at), np.inf)
        seconds, who, _ = pick_two(
            (chains.ends, chains.seconds, chains.metres), labels,
            (at_home.chain[homes], at_home.table[homes]), (at.chain, at.table),
            at.by_chain(len(chains.ends)), int(towards),
        )  # fmt: skip
        return seconds, who
