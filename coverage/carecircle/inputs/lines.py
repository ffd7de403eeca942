"""Give a plain line layer its nodes: lines meet where they end, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from carecircle.errors import CrsError
from carecircle.inputs.cutting import cut_lines
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.line_joins import Vertices, join_gaps, position_codes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["first_of_lists", "node_lines"]

_SHOWN = 10  # ids named in an issue that stands for many records


def node_lines(
    lines: gpd.GeoDataFrame, *, join_tolerance_m: float = 0.0, log: IssueLog | None = None
) -> gpd.GeoDataFrame:
    """Add the nodes ``u`` and ``v`` to lines, cutting a line where another one ends on its vertex.

    Lines meet where the end of one has exactly the coordinates of an end or of a vertex of
    another. Lines that cross without that do not connect, as a bridge does not meet the road below.
    Where a layer has complete columns ``u`` and ``v``, they are kept; only lines drawn from ``v``
    to ``u`` get the two exchanged, so that ``u`` is where the line starts.

    Parameters
    ----------
    lines
        Line layer in a projected CRS in metres, index ``road_id``. A ``highway`` column may hold
        lists (OSMnx); the first entry is taken.
    join_tolerance_m
        Ends up to this far apart become one node, and a dead end up to this far from another
        line is connected to it there. Each join is an issue. The geometry is not moved.
    log
        Collects the issues. Without it, errors raise and warnings warn.

    Returns
    -------
    gpd.GeoDataFrame
        One row per piece, all columns kept, with integer ``u`` and ``v``. A line in one piece keeps
        its id; others become ``"id/1"``, ``"id/2"``. Heights (Z) are left out.

    Raises
    ------
    CrsError
        If the CRS is missing or not in metres.
    ValueError
        If the tolerance is negative or not a number.

    Examples
    --------
    >>> import geopandas as gpd
    >>> ends = [[(0, 0), (50, 0), (100, 0)], [(50, 0), (50, 80)]]
    >>> roads = gpd.GeoDataFrame(geometry=[shapely.LineString(e) for e in ends], crs=4545)
    >>> node_lines(roads)[["u", "v"]].to_dict("index")
    {'0/1': {'u': 0, 'v': 1}, '0/2': {'u': 1, 'v': 2}, '1': {'u': 1, 'v': 3}}
    """
    _require_metres(lines)
    if not join_tolerance_m >= 0:
        msg = f"join_tolerance_m is {join_tolerance_m}; give metres, 0 or more"
        raise ValueError(msg)
    own = IssueLog() if log is None else log
    roads = _usable_lines(lines, own)
    if "highway" in roads:
        roads["highway"] = first_of_lists(roads["highway"], own)
    single = bool((roads.geometry.geom_type == "LineString").all())
    if single and {"u", "v"} <= set(roads) and roads[["u", "v"]].notna().all(axis=None):
        noded = _along_the_line(roads, own)
    else:
        noded = _noded(roads, join_tolerance_m, own)
    if log is None:
        own.settle()
    return noded


def first_of_lists(values: pd.Series, log: IssueLog) -> pd.Series[str]:
    """Return the first entry where a cell holds a list, also one written out as text.

    OSMnx keeps every class of a simplified edge; written to a file, a list becomes text.
    """
    written = values.dropna().map(_written).astype(str)
    is_list = written.str.startswith("[")
    if not is_list.any():
        return values
    first = written[is_list].str.extract(r"^\[\s*['\"]?([^'\",\]]*)")[0]
    log.add(
        "several_values",
        "note",
        "roads",
        record=_some(first.index),
        field=str(values.name),
        found=f"a list in {len(first):,} rows, e.g. {written[is_list].iloc[0]}",
        used="its first entry",
    )
    plain = values.astype(object)
    plain.loc[first.index] = first
    return plain.infer_objects()


def _written(value: object) -> str:
    if isinstance(value, list | tuple | np.ndarray):
        return str([str(one) for one in value])
    return str(value)


def _require_metres(lines: gpd.GeoDataFrame) -> None:
    if lines.crs is None:
        raise CrsError("roads: the line layer has no CRS; declare it, e.g. crs='EPSG:4545'")
    if not lines.crs.is_projected or lines.crs.axis_info[0].unit_name != "metre":
        msg = (
            f"roads: CRS {lines.crs.to_string()} is not in metres; reproject with to_crs() to the"
            " study's projected CRS"
        )
        raise CrsError(msg)


def _usable_lines(lines: gpd.GeoDataFrame, log: IssueLog) -> gpd.GeoDataFrame:
    """Return a copy with text ids; rows that are no line of some length are set aside."""
    roads = lines.set_axis(lines.index.astype(str).rename("road_id"))
    kind = roads.geometry.geom_type
    is_line = kind.isin(["LineString", "MultiLineString"])
    for code, bad, found in (
        ("no_geometry", kind.isna() | roads.geometry.is_empty, "no geometry"),
        ("wrong_geometry", kind.notna() & ~is_line & ~roads.geometry.is_empty, "not a line"),
        ("zero_length", is_line & (roads.length == 0) & ~roads.geometry.is_empty, "length 0 m"),
    ):
        for road_id in roads.index[bad]:
            log.add(
                code,
                "error",
                "roads",
                record=road_id,
                field="geometry",
                found=found,
                effect="set aside",
                fix="draw the road or delete the row",
            )
    kept = roads[is_line & (roads.length > 0)].copy()
    if kept.has_z.any():
        log.add("height_left_out", "note", "roads", found=f"Z in {int(kept.has_z.sum()):,} lines")
        kept.geometry = shapely.force_2d(kept.geometry.to_numpy())
    return kept


def _noded(roads: gpd.GeoDataFrame, tolerance_m: float, log: IssueLog) -> gpd.GeoDataFrame:
    parts, row = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    vertices = Vertices.of_lines(parts)
    if tolerance_m > 0:
        vertices = join_gaps(vertices, roads.index.to_numpy(dtype=object)[row], tolerance_m, log)
    is_end = np.zeros(int(vertices.node.max(initial=-1)) + 1, dtype=bool)
    is_end[vertices.node[vertices.ends.ravel()]] = True
    cut = cut_lines(vertices.line, vertices.xy, is_end[vertices.node])
    owner = row[cut.line]
    noded = roads.take(owner)
    noded.index = _piece_ids(roads.index, owner)
    noded.geometry = cut.geometry
    ends = vertices.node[np.concatenate([cut.first, cut.last])]
    numbers = np.unique(ends, return_inverse=True)[1]
    noded["u"], noded["v"] = numbers[: len(owner)], numbers[len(owner) :]
    return noded


def _piece_ids(ids: pd.Index[str], owner: NDArray[np.int64]) -> pd.Index[str]:
    count = np.bincount(owner, minlength=len(ids))
    number = pd.Series(np.arange(len(owner)) - (np.cumsum(count) - count)[owner] + 1)
    whole = ids[owner].to_series(index=number.index)
    cut = whole + "/" + number.astype(str)
    return pd.Index(whole.where(count[owner] == 1, cut), name="road_id")


def _along_the_line(roads: gpd.GeoDataFrame, log: IssueLog) -> gpd.GeoDataFrame:
    """Exchange ``u`` and ``v`` of lines drawn from ``v`` to ``u``.

    A node is where most of its lines end; a line whose start is where ``v`` is was drawn backwards.
    OSMnx's undirected layers hold thousands of them, and a position 30 m from the start
    of a line would be measured from its wrong end.
    """
    geometry = roads.geometry.to_numpy()
    ends = np.concatenate(
        [shapely.get_coordinates(shapely.get_point(geometry, at)) for at in (0, -1)]
    )
    start, end = np.split(position_codes(ends), 2)
    u, v = np.split(pd.factorize(np.concatenate([roads["u"], roads["v"]]))[0].astype(np.int64), 2)
    width = int(max(start.max(initial=0), end.max(initial=0))) + 1
    pairs = np.concatenate([node * width + at for node in (u, v) for at in (start, end)])
    which, times = np.unique(pairs, return_inverse=True, return_counts=True)[1:]
    u_start, u_end, v_start, v_end = np.split(times[which], 4)
    backwards = u_end + v_start > u_start + v_end
    if backwards.any():
        roads.loc[backwards, ["u", "v"]] = roads.loc[backwards, ["v", "u"]].to_numpy()
        log.add(
            "drawn_backwards",
            "note",
            "roads",
            record=_some(roads.index[backwards]),
            field="u, v",
            found=f"{int(backwards.sum()):,} lines drawn from v to u",
            used="u and v exchanged",
        )
    return roads


def _some(ids: pd.Index[str]) -> str:
    shown = ";".join(ids[:_SHOWN])
    return shown if len(ids) <= _SHOWN else f"{shown};..."
