"""Roads between the settlements, the expressway, and the meeting of roads with river and rail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from shapely import LineString, MultiPoint

from wuhai_maker.network import Piece, cut_at, node_crossings, with_structures
from wuhai_maker.terrain import Terrain, ground, quantise, smooth

__all__ = ["Rails", "add_expressway", "add_regional", "cross_rails"]


@dataclass(frozen=True)
class Route:
    """A road through way points (km); a point marked ``snap`` moves to the nearest street node."""

    name: str
    highway: str
    points: tuple[tuple[float, ...], ...]
    snap: tuple[int, ...]


def read_routes() -> list[Route]:
    """Read the roads between settlements, drawn by hand in routes.csv."""
    table = pd.read_csv(Path(__file__).with_name("routes.csv"), dtype=str).fillna("")
    return [
        Route(
            row["name"],
            row["highway"],
            tuple(tuple(map(float, point.split())) for point in row["points_km"].split(";")),
            tuple(map(int, row["snap"].split())),
        )
        for row in table.to_dict("records")
    ]


#: The expressway and its spur over the river, as way points in km.
_EXPRESSWAY = [
    (9.0, 43), (8.0, 32), (6.9, 25), (6.0, 20.5), (4.75, 17), (4.4, 13.6), (4.75, 10), (6.2, 5.5),
    (6.6, 1.6), (6.1, -4), (4.0, -9.5), (3.9, -15), (6.2, -20.5), (8.9, -27), (9.6, -34), (9, -43),
    (8.5, -53),
]  # fmt: skip
_SPUR = [(6.6, 1.6), (3.0, 2.0), (-1.0, 1.9), (-4.0, 1.6), (-8.0, 2.6), (-13.0, 3.6), (-19, 4)]
_EXITS = ((5.75, 20.7), (4.9, 10.4), (7.2, 2.4), (-5.0, 2.0), (4.2, -14.5), (8.5, -27.5))
_EDGE_M = 420.0


def _edges(route: Route, coords: np.ndarray) -> list[Piece]:
    """Cut a long road into edges of about 420 m."""
    line = LineString(quantise(coords))
    count = max(int(line.length / _EDGE_M), 1)
    whole = Piece(line, route.highway, {"name": route.name})
    return cut_at(whole, (np.arange(1, count) * line.length / count).tolist())


def add_regional(pieces: list[Piece], terrain: Terrain) -> list[Piece]:
    """Add the roads between settlements; each bridge is one piece from bank to bank."""
    solid = [p for p in pieces if {"grid", "cluster"} & set(p.tags) and "island" not in p.tags]
    nodes = np.array(sorted({end for p in solid for end in p.ends}))
    tree = shapely.STRtree(shapely.points(nodes))
    bank = terrain.river.buffer(35)
    added = []
    for route in read_routes():
        points = quantise(ground(route.points))
        for k in route.snap:
            points[k] = nodes[tree.nearest(shapely.Point(points[k]))]
        for piece in _edges(route, smooth(points, 160)):
            if not terrain.outline.contains(piece.line):
                continue
            added += [piece] if piece.line.disjoint(bank) else [piece.part(piece.line, wet="yes")]
    return node_crossings(_bridges(added, terrain) + pieces)


def _bridges(pieces: list[Piece], terrain: Terrain) -> list[Piece]:
    """Join the pieces near water and cut them again at the banks."""
    wet = [p for p in pieces if "wet" in p.tags]
    dry = [p for p in pieces if "wet" not in p.tags]
    zone = terrain.river.buffer(35)
    for piece in wet:
        tags = {k: v for k, v in piece.tags.items() if k != "wet"}
        plain = Piece(piece.line, piece.highway, tags)
        dry += (
            with_structures(plain, zone, bridge="yes", layer="1")
            if piece.line.intersects(terrain.river)
            else [plain]
        )
    return dry


@dataclass(frozen=True)
class Rails:
    """Railway lines with gaps at level crossings."""

    lines: tuple[LineString, ...]


def cross_rails(pieces: list[Piece], terrain: Terrain) -> tuple[list[Piece], Rails]:
    """Give main roads an underpass or a level crossing and take away all other crossings."""
    rails = shapely.union_all(terrain.rails)
    gaps = []
    kept = []
    for piece in pieces:
        if not piece.line.crosses(rails) or piece.tags.get("bridge") == "yes":
            kept.append(piece)
            continue
        kind = _crossing_kind(piece)
        if kind == "none":
            continue
        if kind == "level":
            gaps.append(shapely.intersection(piece.line, rails).buffer(14))
            kept.append(piece)
        elif kind == "bridge":
            kept.append(piece.part(piece.line, bridge="yes", layer="1"))
        else:
            kept.append(piece.part(piece.line, tunnel="yes", layer="-1"))
    cut = shapely.difference(shapely.MultiLineString(list(terrain.rails)), shapely.union_all(gaps))
    return kept, Rails(tuple(cut.geoms))


def _crossing_kind(piece: Piece) -> str:
    """Say how a road meets the railway."""
    if "grid" in piece.tags:
        number = int(piece.tags["grid"].rsplit(":", 1)[1][1:])
        if piece.highway == "primary":
            return "tunnel"
        if piece.highway == "secondary":
            return "level" if number % 2 else "tunnel"
        return "none"
    if "block" in piece.tags:
        return "none"
    return "bridge" if piece.highway in ("trunk", "primary") else "level"


def _carriageway(coords: np.ndarray, offset: float, terrain: Terrain) -> LineString:
    line = shapely.offset_curve(LineString(coords), offset, quad_segs=4)
    line = shapely.simplify(line, 0.6) & terrain.outline
    return max(getattr(line, "geoms", [line]), key=lambda part: part.length)


def add_expressway(pieces: list[Piece], terrain: Terrain) -> list[Piece]:
    """Add two one-way carriageways that bridge all they cross, and exits to main roads.

    The bridges share no node with the streets below.
    """
    lines = []
    for way in (_EXPRESSWAY, _SPUR):
        coords = smooth(ground(way), 300)
        for side, turn in ((-13.0, False), (13.0, True)):
            line = _carriageway(coords, side, terrain)
            lines.append(shapely.reverse(line) if turn else line)
    lines = _join_spur(lines)
    ramps, stops = _ramps(pieces, lines)
    stops[1] += [
        lines[1].project(shapely.Point(lines[2].coords[0])),
        lines[1].project(shapely.Point(lines[3].coords[-1])),
    ]
    below = [p.line for p in pieces] + list(terrain.rails)
    result = list(pieces) + ramps
    for k, (line, where) in enumerate(zip(lines, stops, strict=True)):
        # The main line flies over everything, the spur over the main line as well.
        level = 1 if k < 2 else 2
        tree = shapely.STRtree(below if level == 1 else below + lines[:2])
        result += _overpasses(line, where, _zone(line, tree, terrain), str(level))
    return result


def _join_spur(lines: list[LineString]) -> list[LineString]:
    """Let the spur begin on the nearer main carriageways."""
    main = lines[:2]
    joined = list(main)
    for spur, turn in zip(lines[2:], (False, True), strict=True):
        coords = shapely.get_coordinates(spur)
        end = coords[-1] if turn else coords[0]
        target = main[1]
        onto = target.interpolate(target.project(shapely.Point(end)))
        coords[-1 if turn else 0] = quantise([onto.x, onto.y])
        joined.append(LineString(quantise(coords)))
    return joined


def _ramps(pieces: list[Piece], lines: list[LineString]) -> tuple[list[Piece], list[list[float]]]:
    """Join each exit to the nearest road node by links, one way off and one way on."""
    solid = [
        p
        for p in pieces
        if p.highway in ("trunk", "primary", "secondary") and "bridge" not in p.tags
    ]
    nodes = np.array(sorted({end for p in solid for end in p.ends}))
    tree = shapely.STRtree(shapely.points(nodes))
    ramps: list[Piece] = []
    stops: list[list[float]] = [[] for _ in lines]
    for place in ground(_EXITS):
        exit_point = shapely.Point(place)
        node = nodes[tree.nearest(exit_point)]
        near = sorted(range(len(lines)), key=lambda k: lines[k].distance(shapely.Point(node)))[:2]
        for level, k in enumerate(near, start=1):
            metre = lines[k].project(shapely.Point(node))
            for shift, off in ((-380.0, True), (380.0, False)):
                at = float(np.clip(metre + shift, 5, lines[k].length - 5))
                stops[k].append(at)
                start = quantise(shapely.get_coordinates(lines[k].interpolate(at))[0])
                ends = (start, node) if off else (node, start)
                ramps.append(_ramp(*ends, str(1 + level)))
    return ramps, stops


def _ramp(start: np.ndarray, end: np.ndarray, level: str) -> Piece:
    middle = (start + end) / 2 + (end - start)[::-1] * [-0.12, 0.12]
    coords = quantise(smooth(np.array([start, middle, end]), 60))
    return Piece(
        LineString(coords), "motorway_link", {"oneway": "yes", "layer": level, "bridge": "yes"}
    )


def _zone(line: LineString, below: shapely.STRtree, terrain: Terrain) -> shapely.Geometry:
    """Return where a carriageway must be a bridge: near all it crosses, and over the river."""
    crossed = below.geometries.take(below.query(line, predicate="crosses"))
    points = shapely.get_coordinates(shapely.intersection(crossed, line))
    return MultiPoint(points).buffer(28) | terrain.river.buffer(40)


def _overpasses(
    line: LineString, stops: list[float], zone: shapely.Geometry, level: str
) -> list[Piece]:
    """Cut a carriageway into edges; the parts over something are bridges."""
    tags = {"oneway": "yes", "name": "京藏高速(合成)"}
    count = int(line.length / 900)
    grid = (np.arange(1, count) * line.length / max(count, 1)).tolist()
    clear = [g for g in grid if all(abs(g - s) > 120 for s in stops)]
    pieces = cut_at(Piece(line, "motorway", tags), sorted([*stops, *clear]))
    return [part for p in pieces for part in with_structures(p, zone, bridge="yes", layer=level)]
