"""Positions as the search wants them: on chains, in seconds from both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from carecircle.errors import InputError
from carecircle.roads.access import to_ticks

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork

__all__ = ["Direction", "Places", "pack_places"]

Direction = Literal["to_facility", "from_facility"]
_CORNER_M = 1e-6
#: Positions that are compared with their piece of road: another network fails at the first few.
_COMPARED = 200
_OFF_M = 0.01


@dataclass(frozen=True, eq=False)
class Places:
    """Positions packed for the kernels.

    Attributes
    ----------
    chain
        Chain of each place, -1 where it is not linked.
    table
        Seven columns: metres from the chain's start; seconds with and against the chain from its
        start; seconds between the place and the chain's start, and its end, in the direction of
        the trip (``inf`` closed); own seconds (access leg and extra); access leg in metres.
    """

    chain: NDArray[np.int32]
    table: NDArray[np.float64]

    def by_chain(self, n_chains: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the places sorted by chain as ``(indptr, place)``; unlinked ones are left out."""
        linked = np.flatnonzero(self.chain >= 0)
        order = linked[np.argsort(self.chain[linked], kind="stable")].astype(np.int32)
        indptr = np.zeros(n_chains + 1, dtype=np.int32)
        np.cumsum(np.bincount(self.chain[linked], minlength=n_chains), out=indptr[1:])
        return indptr, order


def pack_places(
    network: RoadNetwork,
    positions: pd.DataFrame,
    *,
    leaving: bool,
    extra_minutes: pd.Series | None = None,
) -> Places:
    """Pack positions for trips that leave from them, or arrive at them.

    Parameters
    ----------
    network
        The network the positions were located on.
    positions
        As :func:`carecircle.locate` returns them.
    leaving
        Whether the trip starts here.
    extra_minutes
        Minutes added at each place, aligned on the index; missing is 0.

    Raises
    ------
    InputError
        If the positions were located on another network.
    """
    chains = network.chains
    piece = positions["piece"].to_numpy(dtype=np.int64)
    linked = piece >= 0
    _check_network(network, positions, np.flatnonzero(linked), piece)
    on = np.where(linked, piece, 0)
    chain = np.where(linked, chains.chain[on], -1).astype(np.int32)
    where = positions["fraction"].to_numpy(dtype=float)
    share = np.where(chains.flipped[on], 1.0 - where, where)
    seconds = np.where(
        chains.flipped[on][:, None], network.seconds[on][:, ::-1], network.seconds[on]
    )
    is_open = np.isfinite(chains.seconds[chain])
    part = to_ticks(share[:, None] * np.where(is_open, seconds, 0.0))
    along = np.where(is_open, chains.before[on] + part, 0.0)
    total = np.where(is_open, chains.seconds[chain], np.inf)
    closed = np.where(is_open, 0.0, np.inf)
    if leaving:
        gates = np.column_stack([along[:, 1] + closed[:, 1], total[:, 0] - along[:, 0]])
    else:
        gates = np.column_stack([along[:, 0] + closed[:, 0], total[:, 1] - along[:, 1]])
    metres = chains.before_m[on] + share * network.length_m[on]
    # who stands at the corner may take any street there, whichever of them the place is on
    corner = np.column_stack([metres, chains.metres[chain] - metres]) <= _CORNER_M
    gates[corner & np.isinf(gates)] = 0.0
    access_m = positions["access_m"].fillna(0.0).to_numpy(dtype=float)
    own = to_ticks(access_m / network.profile.leg_speed_m_s)
    if extra_minutes is not None:
        own = own + to_ticks(extra_minutes.reindex(positions.index).fillna(0.0).to_numpy() * 60.0)
    table = np.column_stack([metres, along, gates, own, access_m])
    table[~linked] = np.inf
    return Places(chain, np.ascontiguousarray(table))


def _check_network(
    network: RoadNetwork,
    positions: pd.DataFrame,
    linked: NDArray[np.intp],
    piece: NDArray[np.int64],
) -> None:
    """Raise where positions do not lie on the pieces they name: they are of other roads."""
    if not len(linked):
        return
    n = len(network.ends)
    last = linked[piece[linked].argmax()]
    if piece[last] >= n:
        found = f"piece {piece[last]:,} of roads that have {n:,}"
        raise _foreign(network, positions, int(last), found)
    if "x" not in positions or "y" not in positions:
        return
    some = linked[:: -(-len(linked) // _COMPARED)]
    spots = shapely.points(positions["x"].to_numpy()[some], positions["y"].to_numpy()[some])
    metres = shapely.distance(spots, network.roads.geometry.array[piece[some]])
    off = np.flatnonzero(metres > _OFF_M)
    if len(off):
        one, far = int(some[off[0]]), float(metres[off[0]])
        found = f"piece {piece[one]:,} ({network.roads.index[piece[one]]}), {far:,.1f} m away"
        raise _foreign(network, positions, one, found)


def _foreign(network: RoadNetwork, positions: pd.DataFrame, row: int, found: str) -> InputError:
    name = positions.index.name or "place"
    return InputError(
        f"positions: {name} {positions.index[row]} stands on {found}; they were located on"
        f" another network than {network!r}: call locate() with this one"
    )
