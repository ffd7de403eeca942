"""Road pieces and what is done to all of them: noding, cutting, structures, components.

A piece is a line between two nodes; a node is a quantised coordinate, so two pieces connect exactly
when their end coordinates are equal.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import networkx as nx
import numpy as np
import shapely
from shapely import LineString
from shapely.ops import substring

from wuhai_maker.terrain import quantise

__all__ = ["Piece", "cut_at", "graph_of", "largest_and_kept", "node_crossings", "with_structures"]

XY = tuple[float, float]


@dataclass
class Piece:
    """One road edge and its tags."""

    line: LineString
    highway: str
    tags: dict[str, str] = field(default_factory=dict)

    @cached_property
    def ends(self) -> tuple[XY, XY]:
        """Start and end coordinate."""
        coords = self.line.coords
        return coords[0], coords[-1]

    def part(self, line: LineString, **tags: str) -> Piece:
        """Return a piece with the same tags on another line."""
        return Piece(_on_grid(line), self.highway, {**self.tags, **tags})


def _on_grid(line: LineString) -> LineString:
    return LineString(quantise(shapely.get_coordinates(line)))


def cut_at(piece: Piece, metres: list[float]) -> list[Piece]:
    """Cut a piece at distances along it; slivers under 1 m stay with their neighbour."""
    stops = [0.0]
    for metre in sorted(metres):
        if metre - stops[-1] > 1.0 and piece.line.length - metre > 1.0:
            stops.append(metre)
    stops.append(piece.line.length)
    if len(stops) == 2:
        return [piece]
    return [piece.part(substring(piece.line, a, b)) for a, b in itertools.pairwise(stops)]


def _crossing_points(pieces: list[Piece]) -> dict[int, list[XY]]:
    """Find where pieces on the same level meet without a common end."""
    lines = np.array([piece.line for piece in pieces])
    level = np.array([piece.tags.get("layer", "0") for piece in pieces])
    i, j = shapely.STRtree(lines).query(lines, predicate="intersects")
    i, j = i[(i < j) & (level[i] == level[j])], j[(i < j) & (level[i] == level[j])]
    meet = shapely.intersection(lines[i], lines[j])
    points: dict[int, list[XY]] = {}
    for a, b, place in zip(i.tolist(), j.tolist(), meet, strict=True):
        common = set(pieces[a].ends) & set(pieces[b].ends)
        if common and place.geom_type == "Point":
            continue
        for xy in quantise(shapely.get_coordinates(place)).tolist():
            if not any(np.hypot(xy[0] - x, xy[1] - y) < 1.0 for x, y in common):
                points.setdefault(a, []).append((xy[0], xy[1]))
                points.setdefault(b, []).append((xy[0], xy[1]))
    return points


def _split_through(piece: Piece, points: list[XY]) -> list[Piece]:
    """Split so that each point becomes a node, bending the line onto it."""
    start, end = piece.ends
    stops = {}
    for point in points:
        metre = piece.line.project(shapely.Point(point))
        if point not in (start, end):
            stops[metre] = point
    order = sorted(stops)
    cuts = [0.0, *order, piece.line.length]
    knots = [start, *(stops[m] for m in order), end]
    result = []
    for k in range(len(cuts) - 1):
        if knots[k] == knots[k + 1]:
            continue
        inner = shapely.get_coordinates(substring(piece.line, cuts[k], cuts[k + 1]))[1:-1]
        coords = np.vstack([knots[k], *inner[:], knots[k + 1]])
        result.append(piece.part(LineString(coords)))
    return result


def node_crossings(pieces: list[Piece], rounds: int = 3) -> list[Piece]:
    """Make a node wherever two pieces of the same level cross or touch."""
    for _ in range(rounds):
        points = _crossing_points(pieces)
        if not points:
            break
        pieces = [
            part
            for k, piece in enumerate(pieces)
            for part in (_split_through(piece, points[k]) if k in points else [piece])
        ]
    return _without_doubles(pieces)


def _without_doubles(pieces: list[Piece]) -> list[Piece]:
    """Keep one of several pieces with the same line."""
    seen: set[tuple[XY, ...]] = set()
    kept = []
    for piece in pieces:
        coords = tuple(piece.line.coords)
        key = min(coords, coords[::-1])
        if key not in seen and piece.ends[0] != piece.ends[1]:
            seen.add(key)
            kept.append(piece)
    return kept


def with_structures(piece: Piece, zone: shapely.Geometry, **tags: str) -> list[Piece]:
    """Tag the parts of a piece inside a zone, for instance as a bridge."""
    inside = shapely.intersection(piece.line, zone)
    if inside.is_empty:
        return [piece]
    stops = []
    for part in getattr(inside, "geoms", [inside]):
        if part.geom_type == "LineString":
            stops += [
                piece.line.project(shapely.Point(xy)) for xy in (part.coords[0], part.coords[-1])
            ]
    shapely.prepare(zone)
    result = []
    for part in cut_at(piece, stops):
        middle = part.line.interpolate(0.5, normalized=True)
        result.append(part.part(part.line, **tags) if zone.intersects(middle) else part)
    return result


def graph_of(pieces: list[Piece]) -> nx.MultiGraph:
    """Return the undirected graph of the pieces; edge keys are their positions."""
    graph = nx.MultiGraph()
    for k, piece in enumerate(pieces):
        graph.add_edge(*piece.ends, key=k, length=piece.line.length)
    return graph


def largest_and_kept(pieces: list[Piece], keep: str = "island") -> list[Piece]:
    """Drop the crumbs that cutting left; pieces tagged ``keep`` stay whatever happens."""
    graph = graph_of([piece for piece in pieces if keep not in piece.tags])
    main = max(nx.connected_components(graph), key=len)
    return [piece for piece in pieces if keep in piece.tags or piece.ends[0] in main]


def degrees(pieces: list[Piece]) -> Counter[XY]:
    """Count the pieces that end at each node."""
    return Counter(end for piece in pieces for end in piece.ends)
