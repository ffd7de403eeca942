"""Minutes once more, by networkx and plain rules: the second way to every figure of a real study.

Nothing here calls carecircle: roads are opened and closed row by row, positions are looked for one
place at a time, and places become nodes of the graph.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import shapely

NEVER_WALKED = {
    "motorway", "motorway_link", "trunk_link", "bus_guideway", "construction", "proposed",
    "raceway", "abandoned", "razed", "platform",
}  # fmt: skip
SHUT = {"no", "private", "use_sidepath", "military"}
ASKED = (
    "u", "v", "u_blocks", "v_blocks", "highway", "foot", "access", "oneway_foot", "bridge",
    "tunnel",
)  # fmt: skip
FREE = {"yes", "designated", "permissive", "official", "destination", "customers", "limited"}


def walkable(road) -> bool:
    if road.get("foot") in SHUT:
        return False
    if road.get("foot") in FREE:
        return road["highway"] not in NEVER_WALKED - {"motorway", "motorway_link", "trunk_link"}
    return road["highway"] not in NEVER_WALKED and road.get("access") not in SHUT


def says_yes(value) -> bool:
    return isinstance(value, str) and value not in ("no", "0", "false", "")


def walking_pieces(roads: pd.DataFrame, metres_per_second: float) -> pd.DataFrame:
    """One row per road: nodes, seconds each way (inf closed), whether a door may open on it."""
    rows = []
    asked = pd.DataFrame(roads[[name for name in ASKED if name in roads]]).astype(object)
    lengths = roads.length.to_list()
    for number, (road, metres) in enumerate(zip(asked.to_dict("records"), lengths, strict=True)):
        seconds = metres / metres_per_second if walkable(road) else math.inf
        is_open = math.isfinite(seconds)
        one_way = road.get("oneway_foot")
        ends = [
            ("stop", number, end)
            if isinstance(stopped := road.get(f"{end}_blocks"), str)
            and "walk" in stopped.split(";")
            else road[end]
            for end in "uv"
        ]
        structure = says_yes(road.get("bridge")) or says_yes(road.get("tunnel"))
        rows.append(
            {
                "u": ends[0],
                "v": ends[1],
                "forward": math.inf if one_way == "-1" else seconds,
                "backward": math.inf if one_way == "yes" else seconds,
                "door": is_open
                and not structure
                and road["highway"] not in ("motorway", "motorway_link"),
            }
        )
    pieces = pd.DataFrame(rows)
    return pieces.assign(line=along_the_nodes(pieces, roads.geometry.to_numpy()))


def along_the_nodes(pieces: pd.DataFrame, lines) -> np.ndarray:
    """Lines turned so that they start at u: a node is where most of its lines end."""
    first, last = (shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1))
    tips = [*zip(map(tuple, first.tolist()), map(tuple, last.tolist()), strict=True)]
    seen = defaultdict(Counter)
    for u, v, ends in zip(pieces["u"], pieces["v"], tips, strict=True):
        seen[u].update(set(ends))
        seen[v].update(set(ends))
    turned = np.array(lines, dtype=object)
    for row, (u, v, (start, end)) in enumerate(zip(pieces["u"], pieces["v"], tips, strict=True)):
        if seen[u][start] + seen[v][end] < seen[u][end] + seen[v][start]:
            turned[row] = lines[row].reverse()
    return turned


def minutes_by_networkx(pieces, homes, facilities, *, leg_m_s, extra_minutes=0.0) -> pd.Series:
    """Minutes from each home to its nearest facility, NaN where no way leads.

    ``homes`` and ``facilities`` are frames of points with ``snap_m``, the longest access leg.
    """
    part_of = parts(pieces)
    doors = Doors(pieces, part_of)
    at_facility = [doors.nearest(p, m, {0}) for p, m in points_of(facilities)]
    served = {part_of[spot[0]] for spot in at_facility if spot}
    at_home = [doors.nearest(p, m, served) for p, m in points_of(homes)]
    graph, starts, ends = with_places(pieces, at_facility, at_home, leg_m_s)
    seconds = nx.multi_source_dijkstra_path_length(graph, set(starts), weight="seconds")
    found = [seconds.get(end, math.nan) / 60 + extra_minutes for end in ends]
    return pd.Series(found, index=homes.index)


def points_of(places):
    return zip(places.geometry, places["snap_m"], strict=True)


def parts(pieces: pd.DataFrame) -> list[int]:
    """Number of the connected part of each piece, the longest part being 0."""
    graph = nx.Graph()
    is_open = np.isfinite(pieces[["forward", "backward"]].min(axis=1))
    graph.add_edges_from(zip(pieces["u"][is_open], pieces["v"][is_open], strict=True))
    number = {}
    for part, nodes in enumerate(nx.connected_components(graph)):
        number.update(dict.fromkeys(nodes, part))
    label = [number.get(u, -1) if o else -1 for u, o in zip(pieces["u"], is_open, strict=True)]
    length = Counter()
    for part, line in zip(label, pieces["line"], strict=True):
        length[part] += line.length
    del length[-1]
    rank = {part: k for k, (part, _) in enumerate(length.most_common())}
    return [rank.get(part, -1) for part in label]


class Doors:
    """The roads that places open on."""

    def __init__(self, pieces, part_of):
        self.rows = np.flatnonzero(pieces["door"])
        self.lines = pieces["line"].to_numpy()
        self.part_of = part_of
        self.tree = shapely.STRtree(self.lines[self.rows])

    def nearest(self, point, limit_m, wanted):
        """(piece, metres from u, leg) of the nearest road, of a wanted part if there is one."""
        if point is None or point.is_empty:
            return None
        near = self.rows[self.tree.query(point.buffer(limit_m))]
        legs = sorted((self.lines[row].distance(point), row) for row in near)
        legs = [(leg, row) for leg, row in legs if leg <= limit_m]
        best = [(leg, row) for leg, row in legs if self.part_of[row] in wanted] or legs
        if not best:
            return None
        leg, row = best[0]
        return row, shapely.line_locate_point(self.lines[row], point), leg


def with_places(pieces, at_facility, at_home, leg_m_s):
    """Graph with every arc turned around, and with each place at the end of its own leg."""
    graph, on_piece = nx.DiGraph(), defaultdict(list)
    names = {"F": [], "H": []}
    for kind, spots in (("F", at_facility), ("H", at_home)):
        for number, spot in enumerate(spots):
            name = (kind, number)
            names[kind].append(name)
            graph.add_node(name)
            if spot:
                row, metres, leg = spot
                on_piece[row].append((metres, (*name, "road")))
                ends = ((*name, "road"), name)
                source, target = ends[::-1] if kind == "F" else ends
                graph.add_edge(source, target, seconds=leg / leg_m_s)
    columns = (pieces[name] for name in ("u", "v", "forward", "backward", "line"))
    for row, (u, v, forward, backward, line) in enumerate(zip(*columns, strict=True)):
        stops = [(0.0, u), *sorted(on_piece[row]), (line.length, v)] if row in on_piece else None
        for (a, start), (b, end) in pairwise(stops) if stops else [((0.0, u), (1.0, v))]:
            share = (b - a) / line.length if stops else 1.0
            arc(graph, end, start, forward * share if forward < math.inf else math.inf)
            arc(graph, start, end, backward * share if backward < math.inf else math.inf)
    return graph, names["F"], names["H"]


def arc(graph, source, target, seconds):
    if seconds < math.inf and seconds < graph.get_edge_data(source, target, {}).get(
        "seconds", math.inf
    ):
        graph.add_edge(source, target, seconds=seconds)
