"""Compiled walks along roads that numpy cannot express: chains and their running sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carecircle.roads.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["running_sums", "walk_chains"]


@kernel
def walk_chains(
    indptr: NDArray[np.int64],
    edges_at: NDArray[np.int64],
    ends: NDArray[np.int32],
    node_order: NDArray[np.int64],
    inner: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_], NDArray[np.int32]]:
    """Walk from every junction along its pieces to the next; then round the loops without any.

    Returns the pieces in walking order, where each chain starts in it, whether a piece is walked
    against its drawing, and the nodes at both ends of each chain.
    """
    n_edges = edges_at.size // 2
    order = np.empty(n_edges, dtype=np.int32)
    flipped = np.empty(n_edges, dtype=np.bool_)
    first = np.empty(n_edges + 1, dtype=np.int32)
    corners = np.empty((n_edges, 2), dtype=np.int32)
    seen = np.zeros(ends.shape[0], dtype=np.bool_)
    n_done = 0
    n_chains = 0
    for loops in range(2):  # loops have no junction: any of their nodes serves as one
        for start in node_order:
            if inner[start] and loops == 0:
                continue
            for slot in range(indptr[start], indptr[start + 1]):
                edge = edges_at[slot]
                if seen[edge]:
                    continue
                first[n_chains] = n_done
                node = start
                while True:
                    seen[edge] = True
                    order[n_done] = edge
                    against = ends[edge, 0] != node
                    flipped[n_done] = against
                    n_done += 1
                    node = ends[edge, 0] if against else ends[edge, 1]
                    if not inner[node] or node == start:
                        break
                    here = indptr[node]
                    edge = edges_at[here + 1] if edges_at[here] == edge else edges_at[here]
                corners[n_chains, 0] = start
                corners[n_chains, 1] = node
                n_chains += 1
    first[n_chains] = n_done
    return order, first[: n_chains + 1], flipped, corners[:n_chains]


@kernel
def running_sums(
    values: NDArray[np.float64],
    order: NDArray[np.int32],
    first: NDArray[np.int32],
    before: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    """Fill, per piece, the sum over the pieces before it in its chain, and each chain's total."""
    for chain in range(first.size - 1):
        for column in range(values.shape[1]):
            running = 0.0
            for slot in range(first[chain], first[chain + 1]):
                edge = order[slot]
                before[edge, column] = running
                running += values[edge, column]
            total[chain, column] = running
