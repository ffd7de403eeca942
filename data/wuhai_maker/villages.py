"""Villages, mining settlements and the island: lanes that grew rather than were planned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import Delaunay
from shapely import LineString

from wuhai_maker.network import Piece
from wuhai_maker.terrain import ground, quantise

__all__ = ["CLUSTERS", "Cluster", "cluster_pieces"]


@dataclass(frozen=True)
class Cluster:
    """One settlement: centre (km), half axes and lane spacing (m), turn (degrees), its area."""

    name: str
    centre: tuple[float, float]
    half: tuple[float, float]
    turn: float
    spacing: float
    area: str
    island: bool = False


CLUSTERS = (
    Cluster("新地村", (0.35, 19.9), (520, 330), 70, 95, "150302101203"),
    Cluster("新丰村", (1.3, 22.3), (480, 300), 80, 95, "150302101206"),
    Cluster("王元地村", (2.1, 25.7), (430, 260), 75, 90, "150302101209"),
    Cluster("团结新村", (2.9, 29.8), (560, 320), 85, 100, "150302101213"),
    Cluster("巴音乌素村", (7.2, 29.0), (380, 260), 20, 95, "150302101214"),
    Cluster("渡口村", (-1.6, -5.6), (460, 260), 95, 85, "150303104239"),
    Cluster("曙光村", (0.1, -9.6), (420, 300), 110, 90, "150303104240"),
    Cluster("东兴村", (2.3, -20.0), (500, 280), 110, 95, "150303104238"),
    Cluster("万亩滩村", (3.9, -24.0), (620, 350), 105, 105, "150303104237"),
    Cluster("一棵树村", (5.1, -27.8), (440, 300), 75, 95, "150303104236"),
    Cluster("四新村", (5.6, -32.2), (480, 260), 85, 95, "150303104235"),
    Cluster("羊路井村", (5.9, -36.4), (420, 320), 120, 100, "150303104234"),
    Cluster("赛汗乌素村", (10.6, -31.0), (340, 240), 30, 100, "150303104241"),
    # Suhaitu mine
    Cluster("振华", (-10.2, -0.9), (560, 380), 15, 90, "150304011011"),
    Cluster("黄白茨", (-11.7, -2.1), (420, 260), 60, 90, "150304011012"),
    Cluster("黄白茨西", (-12.9, -1.3), (230, 160), 20, 80, "150304011012"),
    Cluster("兴华", (-10.6, -2.8), (360, 260), -20, 90, "150304011013"),
    Cluster("兴华井口", (-11.6, -3.9), (210, 150), 10, 80, "150304011013"),
    # Wuhushan mine
    Cluster("铁西", (-10.6, -9.7), (520, 330), 35, 90, "150304003007"),
    Cluster("铁西北坑", (-11.7, -8.4), (230, 170), 0, 80, "150304003007"),
    Cluster("育红", (-11.9, -10.9), (430, 270), -15, 90, "150304003008"),
    Cluster("育红南坑", (-11.0, -12.0), (200, 150), 30, 80, "150304003008"),
    # Gongwusu mine
    Cluster("建设", (10.3, -19.2), (560, 360), 25, 90, "150303102007"),
    Cluster("小康", (11.8, -20.1), (420, 300), -30, 90, "150303102008"),
    Cluster("利民", (10.7, -21.2), (400, 260), 10, 90, "150303102009"),
    Cluster("利民东沟", (13.1, -21.6), (240, 170), 50, 80, "150303102009"),
    # A lake island without a bridge; it belongs to a community of the town on the shore
    Cluster("湖心岛", (-2.65, 12.1), (115, 300), 0, 75, "150302007009", island=True),
)


def _scatter(cluster: Cluster, rng: np.random.Generator) -> np.ndarray:
    """Jittered lattice points inside a ragged oval, in EPSG:4545 metres."""
    across, along = (int(h / cluster.spacing) + 2 for h in cluster.half)
    u, v = np.meshgrid(np.arange(-across, across + 1), np.arange(-along, along + 1))
    st = np.c_[u.ravel() + 0.5 * (v.ravel() % 2), v.ravel()] * cluster.spacing
    st = st + rng.uniform(-0.27, 0.27, st.shape) * cluster.spacing
    angle = np.arctan2(st[:, 1], st[:, 0])
    ragged = 1 + 0.16 * np.sin(3 * angle + rng.uniform(0, 6)) + 0.1 * np.sin(5 * angle)
    st = st[np.hypot(st[:, 0] / cluster.half[0], st[:, 1] / cluster.half[1]) < ragged]
    turn = np.radians(cluster.turn)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return quantise(st @ matrix + ground(cluster.centre))


def _neighbours(points: np.ndarray) -> set[tuple[int, int]]:
    """Gabriel graph: an edge where no third point lies in the circle between two."""
    simplices = Delaunay(points).simplices
    pairs = {
        tuple(sorted(p))
        for tri in simplices.tolist()
        for p in zip(tri, np.roll(tri, 1), strict=True)
    }
    kept = set()
    for a, b in sorted(pairs):
        middle = (points[a] + points[b]) / 2
        radius = np.hypot(*(points[a] - points[b])) / 2
        away = np.hypot(*(points - middle).T)
        away[[a, b]] = np.inf
        if away.min() >= radius:
            kept.add((int(a), int(b)))
    return kept


def _thin(pairs: set[tuple[int, int]], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Take out lanes at random where everything stays connected."""
    import networkx as nx

    graph = nx.Graph(sorted(pairs))
    for a, b in rng.permutation(sorted(pairs)).tolist():
        if rng.random() < 0.34:
            graph.remove_edge(a, b)
            if not nx.has_path(graph, a, b):
                graph.add_edge(a, b)
    return sorted(tuple(sorted(edge)) for edge in graph.edges)


def cluster_pieces(cluster: Cluster, rng: np.random.Generator) -> list[Piece]:
    """Return the lanes of a settlement; the longest axis is the main street."""
    points = _scatter(cluster, rng)
    pairs = _thin(_neighbours(points), rng)
    turn = np.radians(cluster.turn)
    offset = (points - ground(cluster.centre)) @ np.array([-np.sin(turn), np.cos(turn)])
    pieces = []
    for a, b in pairs:
        central = max(abs(offset[a]), abs(offset[b])) < 0.55 * cluster.spacing
        highway = (
            "residential"
            if central
            else str(rng.choice(["living_street", "service", "track"], p=[0.55, 0.3, 0.15]))
        )
        middle = (points[a] + points[b]) / 2
        side = (points[b] - points[a])[::-1] * [-1, 1] * rng.uniform(-0.09, 0.09)
        line = LineString(quantise(np.array([points[a], middle + side, points[b]])))
        tags = {"cluster": cluster.name}
        if cluster.island:
            tags["island"] = "yes"
        pieces.append(Piece(line, highway, tags))
    return pieces
