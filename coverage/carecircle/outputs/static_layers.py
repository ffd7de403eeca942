"""What the themes of a static map draw, and what their legends say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from carecircle.outputs import colours
from carecircle.outputs.headcount import GAP_COLUMNS, counted_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties
    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

    Entry = tuple[Any, str]

__all__ = ["THEMES", "Frame", "View", "draw_base", "draw_theme", "drawn_texts"]

#: Theme -> (Chinese, English) title.
THEMES: dict[str, tuple[str, str]] = {
    "facilities": ("设施分布", "Facilities"),
    "circles": ("服务圈(等时圈)", "Service circles (isochrones)"),
    "minutes": ("住宅到最近设施的时间", "Homes by minutes to care"),
    "verdict": ("社区(村)判定:名录与时间", "Verdict by community: roster and time"),
    "gaps": ("未覆盖片区", "Uncovered areas"),
    "access": ("可达性(两步移动搜寻法)", "Access (two-step floating catchment)"),
}
_MARKERS = {
    "circle": "o", "square": "s", "star": "*", "triangle": "^", "triangle_down": "v",
    "hexagon": "h", "pentagon": "p", "diamond": "D", "plus": "P",
}  # fmt: skip
_WATER, _RAIL = "#a9c9dd", "#6f7478"
_MOST_LABELS = 25
_LABEL_IN = (0.72, 0.15)  # room of a label on paper: nearer ones would hide one another
_DOTS = 0.35  # of the paper that the homes of a frame may take
_BOUNDARY, _DASHES = "#6d5f78", (0, (5, 1.6, 1, 1.6))


class Frame(NamedTuple):
    """What a map shows: corners in metres."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point is inside."""
        return self.west <= x <= self.east and self.south <= y <= self.north


class View(NamedTuple):
    """One drawing of a theme: frame, frame drawn apart, font, values, metres to an inch."""

    frame: Frame
    apart: Frame | None
    font: FontProperties
    values: pd.Series | None
    inch_m: float


def draw_base(axes: Axes, findings: Findings, say: Speech) -> list[Entry]:
    """Draw water, railways, roads and the boundaries of areas, and return their legend."""
    entries: list[Entry] = []
    barriers = findings.barriers
    if len(barriers):
        kind = barriers["kind"].astype(str) if "kind" in barriers else pd.Series("", barriers.index)
        water, rail = ((kind == name).to_numpy() for name in ("river", "railway"))
        shapes = np.asarray(barriers.geometry.array)
        _surfaces(axes, shapes[water], facecolor=_WATER, edgecolor="none", zorder=1)
        _lines(axes, shapes[water], color=_WATER, linewidth=1.6, zorder=1)
        _lines(axes, shapes[~water], color=_RAIL, linewidth=0.8, linestyle=(0, (5, 2)), zorder=3)
        entries += [(_stroke(_WATER, 1.6), say("river"))] * bool(water.any())
        entries += [(_stroke(_RAIL, 0.8, (0, (5, 2))), say("railway"))] * bool(rail.any())
    roads = findings.roads
    if len(roads):
        classes = roads["highway"].astype(str).to_numpy() if "highway" in roads else None
        shapes = np.asarray(roads.geometry.array)
        known = np.zeros(len(roads), dtype=bool)
        for names, colour, width, _ in colours.ROADS:
            of_class = ~known if not names or classes is None else np.isin(classes, names)
            known |= of_class
            _lines(axes, shapes[of_class], color=colour, linewidth=width * 0.4, zorder=2)
        entries.append((_stroke(colours.ROADS[0][1], 1.0), say("layer_roads")))
    if len(findings.areas):
        shapes = np.asarray(findings.areas.geometry.array)
        _surfaces(axes, shapes, facecolor="none", edgecolor=_BOUNDARY, linewidth=0.5,
                  linestyle=_DASHES, zorder=4)  # fmt: skip
        entries.append((_stroke(_BOUNDARY, 0.7, _DASHES), say("layer_outline")))
    return entries


def draw_theme(axes: Axes, findings: Findings, theme: str, say: Speech, view: View) -> list[Entry]:
    """Draw one theme and return its legend: handles with their texts."""
    if theme == "access":
        return [*_access(axes, findings, say, view.values)]
    if theme == "gaps":
        return [*_gaps(axes, findings, say, view), *_facilities(axes, findings, say)]
    if theme == "minutes":
        return [*_minutes(axes, findings, say, view), *_facilities(axes, findings, say)]
    drawers: dict[str, Callable[[Axes, Findings, Speech], Iterable[Entry]]] = {
        "verdict": _verdict, "circles": _circles, "facilities": _areas,
    }  # fmt: skip
    return [*drawers[theme](axes, findings, say), *_facilities(axes, findings, say)]


def drawn_texts(findings: Findings, say: Speech) -> list[str]:
    """Return every text a theme may write, so that the font can be chosen before."""
    kinds = [say.pick(pair) for pair in findings.card.kinds.values()]
    names = findings.facilities.get("kind", pd.Series(dtype=str)).dropna().astype(str).unique()
    return [*kinds, *names, say("not_assessed")]


def _verdict(axes: Axes, findings: Findings, say: Speech) -> Iterator[Entry]:
    areas = findings.areas
    cell = areas["cell"].astype("str").fillna("") if "cell" in areas else pd.Series("", areas.index)
    for code, colour in [*colours.CELLS.items(), ("", colours.NO_DATA)]:
        chosen = (cell == code).to_numpy() if code else ~cell.isin(colours.CELLS).to_numpy()
        if code or chosen.any():
            _surfaces(axes, _shapes(areas, chosen), facecolor=colour, edgecolor="white",
                      linewidth=0.4, zorder=1, alpha=0.85)  # fmt: skip
            name = say(code) if code else say("no_data")
            yield _patch(colour), f"{name}: {chosen.sum():,}"


def _minutes(axes: Axes, findings: Findings, say: Speech, view: View) -> Iterator[Entry]:
    homes = findings.homes
    edges = sorted({*findings.card.rings, *findings.card.limits.values()})
    codes = _home_classes(homes, edges)
    labels = [say("within", f"{edge:g}") for edge in edges]
    labels += [say("over_limit"), say("unreachable"), say("not_assessed")]
    xy = shapely.get_coordinates(shapely.centroid(np.asarray(homes.geometry.array)))
    placed = (homes.geometry.notna() & ~homes.geometry.is_empty).to_numpy()
    at = np.full((len(homes), 2), np.nan)
    at[placed] = xy
    size = _dot_size(at, view)
    for code, (label, colour) in enumerate(
        zip(labels, colours.home_colours(len(edges)), strict=True)
    ):
        here = codes == code
        axes.scatter(
            at[here, 0], at[here, 1], s=size, color=colour, linewidths=0, zorder=5 + code * 0.1
        )
        if here.any():
            yield _dot(colour), f"{label}: {here.sum():,}"


def _dot_size(at: NDArray[np.float64], view: View) -> float:
    """Return the size of a home in square points: many are small, and smaller where they crowd."""
    if view.apart is not None:
        return float(np.clip(9000.0 / max(len(at), 1), 0.6, 9.0))
    west, south, east, north = view.frame
    inside = ((at >= (west, south)) & (at <= (east, north))).all(axis=1).sum()
    paper = (east - west) * (north - south) * (72 / view.inch_m) ** 2
    return float(np.clip(_DOTS * paper / max(int(inside), 1), 0.6, 9.0))


def _home_classes(homes: pd.DataFrame, edges: list[float]) -> NDArray[np.int64]:
    """Return each home's class on exact minutes: within an edge, over, no way, not assessed."""
    minutes = pd.to_numeric(homes["minutes"]).to_numpy(dtype=float)
    covered = homes["covered"].astype("boolean")
    n = len(edges)
    within = np.clip(np.searchsorted(edges, minutes, side="left"), 0, n - 1)
    late = np.where(np.isnan(minutes), n + 1, n)
    codes = np.where(covered.fillna(value=False).to_numpy(dtype=bool), within, late)
    return np.where(covered.isna().to_numpy(), n + 2, codes).astype(np.int64)


def _circles(axes: Axes, findings: Findings, say: Speech) -> Iterator[Entry]:
    """Draw each facility's circles as far as the limit of the kind of area it stands in."""
    own = _own_limits(findings)
    shown = findings.circles[own["minutes"].to_numpy() <= own["limit"].to_numpy()]
    circles = shown if len(shown) else findings.circles  # every ring of the study is beyond
    minutes = pd.to_numeric(circles["minutes"])
    rings = sorted(minutes.dropna().unique())
    for place in range(len(rings) - 1, -1, -1):
        here = (minutes == rings[place]).to_numpy()
        colour = colours.ring_colour(place)
        _surfaces(axes, _shapes(circles, here), facecolor=colour, edgecolor="none", alpha=0.75,
                  zorder=1 + 0.1 * (len(rings) - place))  # fmt: skip
    limits = findings.card.limits
    for place, ring in enumerate(rings):
        kinds = [say(kind) for kind, limit in limits.items() if ring <= limit]
        only = f" ({', '.join(kinds)})" if 0 < len(kinds) < len(limits) else ""
        yield _patch(colours.ring_colour(place)), say("layer_circle", f"{ring:g}") + only
    for kind, limit in limits.items():
        if limit not in rings and kind in set(own["kind"]):
            yield _patch("white"), say.pick((
                f"{say(kind)}时限 {limit:g} 分钟:未画圈",
                f"{say(kind)} limit, {limit:g} min: no circle",
            ))  # fmt: skip


def _own_limits(findings: Findings) -> pd.DataFrame:
    """Return of each circle its minutes, and kind and limit of the area its facility stands in.

    A facility outside all areas has the shortest limit; merged circles, being of no one facility,
    have the longest.
    """
    circles, areas, limits = findings.circles, findings.areas, findings.card.limits
    area_of = findings.facilities.get("area_id", pd.Series(dtype="str"))
    kind_of = areas.get("kind", pd.Series(dtype="str")).astype("str")
    facility = circles["facility_id"].astype("str")
    kind = facility.map(area_of.astype("str")).map(kind_of)
    limit = kind.map({name: float(one) for name, one in limits.items()}).astype(float)
    rest = np.where(facility.isna(), max(limits.values()), min(limits.values()))
    minutes = pd.to_numeric(circles["minutes"])
    return pd.DataFrame(
        {"minutes": minutes, "kind": kind, "limit": limit.where(limit.notna(), rest)}
    )


def _areas(axes: Axes, findings: Findings, say: Speech) -> Iterator[Entry]:
    kinds = findings.areas["kind"].astype("str") if "kind" in findings.areas else pd.Series()
    for code, colour in (("urban", "#ece7db"), ("rural", "#e3ecdc")):
        here = (kinds == code).to_numpy()
        if here.any():
            _surfaces(axes, _shapes(findings.areas, here), facecolor=colour, zorder=0.5)
            yield _patch(colour), f"{say(code)}: {here.sum():,}"


def _gaps(axes: Axes, findings: Findings, say: Speech, view: View) -> Iterator[Entry]:
    gaps = findings.gaps
    shown = gaps[gaps["kind"] == "area"] if len(gaps) else gaps
    for kind, colour, word in (("scattered", "#d9a89b", "scattered"), ("area", colours.GAP, "")):
        here = (gaps["kind"] == kind).to_numpy() if len(gaps) else np.zeros(0, bool)
        _surfaces(axes, _shapes(gaps, here), facecolor=colour, edgecolor="white", linewidth=0.3,
                  alpha=0.8, zorder=5)  # fmt: skip
        name = f"{say('layer_gaps')} ({say(word)})" if word else say("layer_gaps")
        yield _patch(colour), f"{name}: {here.sum():,}"
    weight = counted_in(findings)
    written = view.font.copy()
    written.set_size(6)
    for gap_id, x, y in _labelled(shown.head(_MOST_LABELS), view):
        count = shown.loc[gap_id, GAP_COLUMNS[weight]]
        text = gap_id if pd.isna(count) else f"{gap_id}: {count:,.0f}"
        axes.annotate(
            text, (x, y), fontproperties=written, ha="center", va="bottom", zorder=12,
            xytext=(0, 3), textcoords="offset points",
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
    if len(shown):
        unit = say.pick({"elders": ("老年人数", "elders"), "people": ("人数", "residents"),
                         "homes": ("住宅数", "homes")}[weight])  # fmt: skip
        yield _patch("white"), say.pick((f"标注:编号与{unit}", f"labels: number and {unit}"))


def _labelled(gaps: gpd.GeoDataFrame, view: View) -> Iterator[tuple[str, float, float]]:
    """Yield (id, x, y) of the gaps to label in this frame: worst first, none over another."""
    frame, placed = view.frame, np.empty((0, 2))
    room = np.asarray(_LABEL_IN) * view.inch_m
    for gap_id, spot in gaps.geometry.representative_point().items():
        if spot is None or spot.is_empty or not frame.holds(spot.x, spot.y):
            continue
        if view.apart is not None and view.apart.holds(spot.x, spot.y):
            continue
        away = np.abs(placed - (spot.x, spot.y)) / room
        if len(placed) and (away.max(axis=1) < 1).any():
            continue
        placed = np.vstack([placed, (spot.x, spot.y)])
        yield str(gap_id), spot.x, spot.y


def _access(
    axes: Axes, findings: Findings, say: Speech, values: pd.Series | None
) -> Iterator[Entry]:
    assert values is not None  # noqa: S101  # draw_map has asked for them
    found = pd.to_numeric(values.reindex(findings.areas.index)).to_numpy(dtype=float)
    known = found[~np.isnan(found)]
    edges = np.unique(np.quantile(known, [0.2, 0.4, 0.6, 0.8])) if len(known) else np.array([])
    codes = np.where(np.isnan(found), -1, np.searchsorted(edges, found, side="left"))
    yield _patch("white"), str(values.name or "")
    bounds = [float(known.min()), *edges, float(known.max())] if len(known) else []
    for code in range(len(edges) + 1 if len(known) else 0):
        here = codes == code
        colour = colours.RATES[code]
        _surfaces(axes, _shapes(findings.areas, here), facecolor=colour, edgecolor="white",
                  linewidth=0.4, zorder=1)  # fmt: skip
        yield _patch(colour), f"{bounds[code]:.3g} - {bounds[code + 1]:.3g}: {here.sum():,}"
    if (codes < 0).any():
        here = codes < 0
        _surfaces(axes, _shapes(findings.areas, here), facecolor=colours.NO_DATA, zorder=1)
        yield _patch(colours.NO_DATA), f"{say('no_data')}: {here.sum():,}"


def _facilities(axes: Axes, findings: Findings, say: Speech) -> Iterator[Entry]:
    """Draw facilities by kind: those that count in colour, the others small and grey."""
    facilities = findings.facilities
    if facilities.empty:
        return
    points = shapely.centroid(np.asarray(facilities.geometry.array))
    x, y = shapely.get_x(points), shapely.get_y(points)
    counts = facilities["eligible"].fillna(value=False).to_numpy(dtype=bool)
    axes.scatter(x[~counts], y[~counts], s=3, color="#8b8f94", linewidths=0, zorder=8)
    kinds = facilities["kind"].astype("str")
    for rank, kind in enumerate(sorted(set(kinds[counts]))):
        here = counts & (kinds == kind).to_numpy()
        symbol = colours.symbol_of(kind, rank)
        marker = _MARKERS.get(symbol.shape, "o")
        axes.scatter(x[here], y[here], s=15, color=symbol.colour, marker=marker,
                     edgecolors="white", linewidths=0.4, zorder=10)  # fmt: skip
        name = say.pick(findings.card.kinds.get(kind, (kind, kind)))
        yield _dot(symbol.colour, marker), f"{name}: {here.sum():,}"
    if (~counts).any():
        other = say.pick(("其他设施(不计入覆盖)", "others, not counted"))
        yield _dot("#8b8f94", size=2.5), f"{other}: {(~counts).sum():,}"


def _shapes(frame: gpd.GeoDataFrame, chosen: NDArray[np.bool_]) -> NDArray[np.object_]:
    return np.asarray(frame.geometry.array, dtype=object)[chosen]


def _surfaces(axes: Axes, shapes: NDArray[np.object_], **style: Any) -> None:
    """Draw polygons with their holes as one collection."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    parts = shapely.get_parts(shapes[~shapely.is_missing(shapes)])
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    patches = []
    for part in parts:
        rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(part)]
        if rings:
            paths = [Path(ring, closed=True) for ring in rings]
            patches.append(PathPatch(Path.make_compound_path(*paths)))
    axes.add_collection(PatchCollection(patches, match_original=False, **style))


def _lines(axes: Axes, shapes: NDArray[np.object_], **style: Any) -> None:
    from matplotlib.collections import LineCollection

    parts = shapely.get_parts(shapes[~shapely.is_missing(shapes)])
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    # the part drawn apart shows few of the lines: the others only cost time
    west, south, east, north = shapely.bounds(parts).T
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    parts = parts[(east >= left) & (west <= right) & (north >= low) & (south <= high)]
    segments = [shapely.get_coordinates(part) for part in parts]
    axes.add_collection(LineCollection(segments, **style))


def _patch(colour: str) -> Any:
    from matplotlib.patches import Patch

    edge = "none" if colour == "white" else "#6f7478"
    return Patch(facecolor=colour, edgecolor=edge, linewidth=0.4)


def _stroke(colour: str, width: float, style: Any = "-") -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, linewidth=width, linestyle=style)


def _dot(colour: str, marker: str = "o", size: float = 5.0) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], marker=marker, color=colour, linestyle="none", markersize=size)
