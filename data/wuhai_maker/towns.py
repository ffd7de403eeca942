"""Town grids: warped arterial lines, blocks between them and the streets inside each block."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from shapely import LineString, Polygon

from wuhai_maker.network import Piece
from wuhai_maker.terrain import ground, quantise

__all__ = [
    "BROKEN_GATES",
    "GATED_BLOCK",
    "TOWNS",
    "Block",
    "Town",
    "TownSpec",
    "block_ring",
    "make_town",
]


@dataclass(frozen=True)
class TownSpec:
    """What a town is drawn from: centre (km), half axes (km), turn (degrees) and warp (metres)."""

    name: str
    centre: tuple[float, float]
    half: tuple[float, float]
    turn: float
    warp: float
    main: tuple[int, int]
    new_side: tuple[float, float]
    names_ns: tuple[str, ...] = ()
    names_ew: tuple[str, ...] = ()


TOWNS = (
    TownSpec(
        "haibowan", (1.75, 13.9), (3.35, 3.9), -6.0, 110.0, (7, 9), (-0.7, 0.45),
        ("滨河大道", "湖东路", "海北大街", "人民路", "新华大街", "东环路"),
        ("北环路", "千里山路", "狮城街", "黄河街", "机场路", "南环路"),
    ),
    TownSpec(
        "wuda", (-5.05, -5.3), (2.45, 2.35), 11.0, 80.0, (5, 5), (0.7, 0.2),
        ("滨海大道", "解放路", "团结路", "巴音赛街"), ("新达街", "胜利街", "矿务路", "南一街"),
    ),
    TownSpec(
        "hainan", (7.4, -12.9), (1.95, 1.9), -17.0, 70.0, (3, 4), (0.5, 0.6),
        ("拉僧仲路", "桌子山街", "海南大街"), ("建设街", "泽园路", "西卓子山路"),
    ),
    TownSpec(
        "qianlishan", (4.35, 24.4), (0.95, 0.85), 8.0, 40.0, (1, 2), (1, 1),
        ("千钢路",), ("新园街",),
    ),
    TownSpec(
        "lasengmiao", (1.9, -15.6), (0.85, 0.8), 22.0, 30.0, (1, 1), (1, 1),
        ("民乐路",), ("电厂街",),
    ),
)  # fmt: skip

#: A gated estate with a station behind its back wall.
GATED_BLOCK = ("haibowan", 14, 8)
#: Estates (town, column, row) with two gates, of which the nearer is drawn a few metres short.
BROKEN_GATES: tuple[tuple[str, int, int], ...] = (("wuda", 10, 8),)

#: Blocks whose kind is not drawn: the large parks and the estates of the special cases.
_FIXED = {
    **{("haibowan", i, j): "park" for i in (8, 9) for j in (10, 11)},
    **{("wuda", 5, j): "park" for j in (6, 7)},
    GATED_BLOCK: "gated",
    **dict.fromkeys(BROKEN_GATES, "gated"),
}

#: Block types and how often they come in the old middle and on the new side of a town.
_TYPES = ("open", "lanes", "gated", "spine", "public", "park", "works", "empty")
_OLD = (0.40, 0.26, 0.12, 0.08, 0.08, 0.03, 0.03, 0.00)
_NEW = (0.14, 0.00, 0.46, 0.16, 0.09, 0.06, 0.03, 0.06)
_EDGE = (0.22, 0.10, 0.16, 0.20, 0.05, 0.03, 0.12, 0.12)


@dataclass
class Block:
    """One block of a town, in the town's own coordinates (metres)."""

    town: str
    column: int
    row: int
    box: tuple[float, float, float, float]
    kind: str
    newness: float
    centrality: float
    lanes: list[tuple[float, float, float, float]] = field(default_factory=list)
    gate: tuple[float, float] | None = None
    back: tuple[float, float] | None = None

    @property
    def key(self) -> tuple[str, int, int]:
        """Town, column and row."""
        return self.town, self.column, self.row


class Town:
    """A warped grid: lines, blocks, and the map from town to ground coordinates."""

    def __init__(self, spec: TownSpec, rng: np.random.Generator) -> None:
        self.spec = spec
        self.rng = rng
        self.phase = rng.uniform(0, 2 * np.pi, 4)
        self.xs = _lines(spec.half[0], rng)
        self.ys = _lines(spec.half[1], rng)
        self.blocks: dict[tuple[int, int], Block] = {}
        self.stops: dict[tuple[str, int], set[float]] = {}

    def to_ground(self, st: object) -> np.ndarray:
        """Turn town coordinates (n, 2) into EPSG:4545 metres, not rounded."""
        s, t = np.asarray(st, dtype=float).reshape(-1, 2).T
        a, p = self.spec.warp, self.phase
        x = s + a * np.sin(t / 1150 + p[0]) + 0.35 * a * np.sin(t / 520 + s / 1700 + p[1])
        y = t + a * np.sin(s / 1300 + p[2]) + 0.35 * a * np.sin(s / 560 + t / 1500 + p[3])
        turn = np.radians(self.spec.turn)
        cos, sin = np.cos(turn), np.sin(turn)
        return np.c_[x * cos - y * sin, x * sin + y * cos] + ground(self.spec.centre)

    def line(self, a: tuple[float, float], b: tuple[float, float]) -> LineString:
        """Draw a warped street from a to b with a vertex about every 90 m."""
        count = max(int(np.hypot(b[0] - a[0], b[1] - a[1]) / 90), 1) + 1
        share = np.linspace(0, 1, count)[:, None]
        st = np.asarray(a) + share * (np.asarray(b) - np.asarray(a))
        st[-1] = b
        return LineString(quantise(self.to_ground(st)))


def _lines(half_km: float, rng: np.random.Generator) -> np.ndarray:
    """Grid lines 300 to 500 m apart across the town."""
    gaps = rng.uniform(300, 490, int(2 * half_km * 1000 / 300) + 2)
    places = np.cumsum(gaps)
    places = places[places <= 2 * half_km * 1000]
    return np.round(places - places.mean(), 1)


def _inside(spec: TownSpec, s: float, t: float, phase: np.ndarray) -> float:
    """Return how far inside the town a place is: 1 in the middle, 0 at the ragged edge."""
    u, v = s / (spec.half[0] * 1000), t / (spec.half[1] * 1000)
    angle = np.arctan2(v, u)
    ragged = 1.0 + 0.16 * np.sin(3 * angle + phase[0]) + 0.10 * np.sin(5 * angle + phase[1])
    return float(1.0 - (abs(u) ** 2.2 + abs(v) ** 2.2) ** (1 / 2.2) / ragged)


def _choose_blocks(town: Town) -> None:
    for i in range(len(town.xs) - 1):
        for j in range(len(town.ys) - 1):
            box = (town.xs[i], town.ys[j], town.xs[i + 1], town.ys[j + 1])
            s, t = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            depth = _inside(town.spec, s, t, town.phase)
            if depth <= 0.03:
                continue
            side = np.array(town.spec.new_side) / np.hypot(*town.spec.new_side)
            half = np.array(town.spec.half) * 1000
            newness = float(np.clip(0.5 + 0.9 * (np.array([s, t]) / half) @ side, 0, 1))
            odds = _EDGE if depth < 0.16 else (_NEW if town.rng.random() < newness else _OLD)
            kind = str(town.rng.choice(_TYPES, p=odds))
            kind = _FIXED.get((town.spec.name, i, j), kind)
            box = tuple(float(v) for v in box)
            town.blocks[i, j] = Block(town.spec.name, i, j, box, kind, newness, depth)


def _fractions(rng: np.random.Generator, count: int) -> list[float]:
    """Cut a side into ``count`` parts, a little uneven; values repeat so neighbours join up."""
    base = np.arange(1, count) / count
    return np.round(base + rng.choice([-0.05, 0.0, 0.0, 0.05], len(base)), 3).tolist()


def _through(block: Block, rng: np.random.Generator) -> None:
    """Streets from side to side, some parts left out."""
    a, b, c, d = block.box
    many = 4 if block.kind == "lanes" else 3
    drop = 0.16 if block.kind == "lanes" else 0.10
    s = [a, *(round(a + (c - a) * f, 1) for f in _fractions(rng, many)), c]
    t = [b, *(round(b + (d - b) * f, 1) for f in _fractions(rng, many)), d]
    for si in s[1:-1]:
        for lo, hi in itertools.pairwise(t):
            if rng.random() > drop:
                block.lanes.append((si, lo, si, hi))
    for ti in t[1:-1]:
        for lo, hi in itertools.pairwise(s):
            if rng.random() > drop:
                block.lanes.append((lo, ti, hi, ti))


def _ring(block: Block, rng: np.random.Generator) -> None:
    """Draw an estate: a ring with a cross street inside and a single gate."""
    a, b, c, d = block.box
    s = [round(a + (c - a) * f, 1) for f in (0.2, 0.5, 0.8)]
    t = [round(b + (d - b) * f, 1) for f in (0.2, 0.5, 0.8)]
    for lo, hi in ((0, 1), (1, 2)):
        for k in (0, 2):
            block.lanes += [(s[lo], t[k], s[hi], t[k]), (s[k], t[lo], s[k], t[hi])]
        block.lanes.append((s[lo], t[1], s[hi], t[1]))
    gates = [
        (s[1], b, s[1], t[0]),
        (s[1], t[2], s[1], d),
        (a, t[1], s[0], t[1]),
        (s[2], t[1], c, t[1]),
    ]
    side = int(rng.integers(4))
    gate = gates[side]
    block.lanes.append(gate)
    if block.key in BROKEN_GATES:
        block.lanes.append(gates[side ^ 1])
    onto = {gate[:2], gate[2:]}
    block.gate = next(p for p in onto if p[0] in (a, c) or p[1] in (b, d))
    block.back = (round(a + c - block.gate[0], 1), round(b + d - block.gate[1], 1))


def _spine(block: Block, rng: np.random.Generator) -> None:
    """One street through, with dead-end streets off it."""
    a, b, c, d = block.box
    t = round(b + (d - b) * float(rng.choice([0.45, 0.5, 0.55])), 1)
    s = [a, *(round(a + (c - a) * f, 1) for f in _fractions(rng, 4)), c]
    block.lanes += [(lo, t, hi, t) for lo, hi in itertools.pairwise(s)]
    for si in s[1:-1]:
        block.lanes.append((si, t, si, round(t + (d - t) * 0.7, 1)))
        block.lanes.append((si, t, si, round(t - (t - b) * 0.7, 1)))


def _path(block: Block) -> None:
    """Draw the footpaths across a park or campus."""
    a, b, c, d = block.box
    s, t = round((a + c) / 2, 1), round((b + d) / 2, 1)
    block.lanes += [(a, t, s, t), (s, t, c, t), (s, b, s, t), (s, t, s, d)]


_STREETS = {"open": _through, "lanes": _through, "gated": _ring, "spine": _spine}
_CLASS = {
    "open": "residential", "lanes": "living_street", "gated": "service", "spine": "residential",
    "park": "footway", "public": "service",
}  # fmt: skip


def _fill(town: Town, block: Block) -> None:
    if block.kind in _STREETS:
        _STREETS[block.kind](block, town.rng)
    elif block.kind in ("park", "public"):
        _path(block)
    a, b, c, d = block.box
    for s0, t0, s1, t1 in block.lanes:
        for s, t in ((s0, t0), (s1, t1)):
            if s in (a, c):
                town.stops.setdefault(("v", block.column + (s == c)), set()).add(t)
            if t in (b, d):
                town.stops.setdefault(("h", block.row + (t == d)), set()).add(s)


def _rank(k: int, main: int, last: int) -> str:
    """Class of grid line k: the main line, every third, the rest; the rim is never major."""
    if k == main:
        return "primary"
    if (k - main) % 3 == 0 and 0 < k < last:
        return "secondary"
    return "tertiary"


def _line_pieces(town: Town, way: str, k: int) -> list[Piece]:
    """Draw grid line k where a block stands beside it, cut at every street that joins."""
    along, across = (town.ys, town.xs) if way == "v" else (town.xs, town.ys)
    main = min(town.spec.main[0 if way == "v" else 1], len(across) - 1)
    highway = _rank(k, main, len(across) - 1)
    names = town.spec.names_ns if way == "v" else town.spec.names_ew
    tags = {"grid": f"{town.spec.name}:{way}{k}"}
    if highway != "tertiary" and names:
        tags["name"] = names[(k // 3) % len(names)]
    pieces = []
    for m in range(len(along) - 1):
        sides = [(k - 1, m), (k, m)] if way == "v" else [(m, k - 1), (m, k)]
        beside = [town.blocks[side] for side in sides if side in town.blocks]
        stops = sorted(s for s in town.stops.get((way, k), ()) if along[m] < s < along[m + 1])
        quiet = not stops and highway == "tertiary" and len(beside) == 2
        parkland = len(beside) == 2 and all(block.kind == "park" for block in beside)
        if not beside or parkland or (quiet and town.rng.random() < 0.5):
            continue
        places = [float(along[m]), *stops, float(along[m + 1])]
        for lo, hi in itertools.pairwise(places):
            ends = [
                (float(across[k]), v) if way == "v" else (v, float(across[k])) for v in (lo, hi)
            ]
            pieces.append(Piece(town.line(*ends), highway, dict(tags)))
    return pieces


def _lane_pieces(town: Town, block: Block) -> list[Piece]:
    highway = _CLASS[block.kind]
    pieces = []
    for s0, t0, s1, t1 in block.lanes:
        line = town.line((s0, t0), (s1, t1))
        tags = {"block": f"{block.town}:{block.column}:{block.row}"}
        if block.gate in ((s0, t0), (s1, t1)):
            tags["gate"] = "yes"
        if block.kind == "open" and town.rng.random() < 0.06:
            tags["oneway"] = "yes"
        pieces.append(Piece(line, highway, tags))
    return pieces


def block_ring(town: Town, block: Block) -> Polygon:
    """Return the block's outline on the ground; neighbours share every vertex."""
    a, b, c, d = block.box
    corners = [(a, b), (c, b), (c, d), (a, d), (a, b)]
    st = [np.round(np.linspace(p, q, 5)[:-1], 3) for p, q in itertools.pairwise(corners)]
    return Polygon(quantise(town.to_ground(np.vstack(st))))


def make_town(spec: TownSpec, rng: np.random.Generator) -> tuple[Town, list[Piece]]:
    """Return a town and its streets."""
    town = Town(spec, rng)
    _choose_blocks(town)
    for block in town.blocks.values():
        _fill(town, block)
    pieces = [p for k in range(len(town.xs)) for p in _line_pieces(town, "v", k)]
    pieces += [p for k in range(len(town.ys)) for p in _line_pieces(town, "h", k)]
    for block in town.blocks.values():
        if block.lanes:
            pieces += _lane_pieces(town, block)
    return town, pieces
