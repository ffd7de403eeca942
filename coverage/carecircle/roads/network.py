"""The road network of one traveller: immutable arrays built once from road pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from carecircle.errors import CrsError, InputError, NetworkError
from carecircle.inputs.notebook import facts_html
from carecircle.roads.access import edge_seconds, linkable
from carecircle.roads.chains import Chains, build_chains
from carecircle.roads.profiles import PROFILES, TravelProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["RoadNetwork", "drawn_along"]


@dataclass(frozen=True, eq=False, repr=False)
class RoadNetwork:
    """Road pieces, their seconds for one travel profile, and the graph that is searched.

    Build it with :meth:`from_roads`. A *piece* runs between two nodes; pieces meet only where they
    share a node, so a bridge does not connect to what it crosses. All arrays are read-only.

    Attributes
    ----------
    profile
        Who travels.
    crs
        Projected CRS in metres.
    roads
        The pieces as given (contract ``roads``; index ``road_id``), in the order of the arrays.
    ends, length_m, seconds, can_link
        Per piece: nodes at start and end; metres; seconds forward and backward (``inf`` closed);
        whether places may be linked to it.
    node_xy
        Coordinates of the nodes.
    component
        Per piece: number of the connected part it lies on, the longest part being 0; -1 closed.
    chains
        The searched graph.
    walls
        Lines and polygons no access leg may cross.

    Examples
    --------
    >>> import geopandas as gpd, shapely, carecircle as cc
    >>> roads = gpd.GeoDataFrame(
    ...     {"highway": ["residential"], "u": [1], "v": [2]},
    ...     geometry=[shapely.LineString([(0, 0), (900, 0)])], crs="EPSG:4545")
    >>> cc.RoadNetwork.from_roads(roads, cc.PROFILES["elder_default"])
    RoadNetwork(1 piece, 0.9 km, 1 part, elder_default, EPSG:4545)
    """

    profile: TravelProfile
    crs: CRS
    roads: gpd.GeoDataFrame
    ends: NDArray[np.int32]
    length_m: NDArray[np.float64]
    seconds: NDArray[np.float64]
    can_link: NDArray[np.bool_]
    node_xy: NDArray[np.float64]
    component: NDArray[np.int32]
    chains: Chains
    walls: gpd.GeoSeries | None = None

    @classmethod
    def from_roads(
        cls,
        roads: gpd.GeoDataFrame,
        profile: TravelProfile,
        *,
        barriers: gpd.GeoDataFrame | None = None,
    ) -> RoadNetwork:
        """Build the network of one traveller.

        Parameters
        ----------
        roads
            Contract ``roads`` in a projected CRS in metres, with ``u`` and ``v``: pieces connect
            where these are equal. Lines without them go through :func:`carecircle.node_lines`.
        profile
            Who travels: opens and closes roads and sets the speed.
        barriers
            Contract ``barriers``: points and lines close what they cut, unless it is a bridge or
            tunnel; polygons close what lies inside, or multiply its time by ``factor``.

        Raises
        ------
        InputError
            If ``profile`` is no travel profile, such as the name of one.
        CrsError
            If the CRS is missing or not in metres, or the two tables differ.
        NetworkError
            If ``u``/``v`` are missing or no road is open to this profile.
        """
        if not isinstance(profile, TravelProfile):
            name = profile if profile in PROFILES else "elder_default"
            msg = f"profile: {profile!r} is no travel profile; give PROFILES[{name!r}]"
            raise InputError(msg)
        crs = _metre_crs(roads, "roads")
        if "u" not in roads or "v" not in roads or roads[["u", "v"]].isna().any(axis=None):
            msg = (
                "roads: columns 'u' and 'v' are missing or incomplete; call node_lines(roads) first"
            )
            raise NetworkError(msg)
        walls = None
        if barriers is not None and len(barriers):
            from carecircle.roads.barriers import cut_at_barriers, walls_of

            if _metre_crs(barriers, "barriers") != crs:
                msg = f"barriers are in {barriers.crs}, roads in {roads.crs}; reproject one of them"
                raise CrsError(msg)
            roads = roads.set_geometry(drawn_along(roads))
            roads, walls = cut_at_barriers(roads, barriers), walls_of(barriers)
        seconds = edge_seconds(roads, profile)
        if not np.isfinite(seconds).any():
            classes = (
                ", ".join(sorted(roads["highway"].dropna().astype(str).unique())[:8]) or "none"
            )
            msg = f"roads: no piece is open to {profile.name} ({profile.mode}); classes: {classes}"
            raise NetworkError(msg)
        ends, node_xy, geometry = _number_nodes(roads, profile.mode)
        roads = roads.set_geometry(geometry)
        length = roads.length.to_numpy()
        chains = build_chains(ends, seconds, length, node_xy)
        network = cls(
            profile, crs, roads, ends, length, seconds, linkable(roads, seconds), node_xy,
            _components(ends, seconds, length, len(node_xy)), chains, walls,
        )  # fmt: skip
        network._freeze()
        return network

    @classmethod
    def from_arrays(
        cls,
        profile: TravelProfile,
        roads: gpd.GeoDataFrame,
        arrays: Mapping[str, NDArray[Any]],
        chains: Chains,
        walls: gpd.GeoSeries | None,
    ) -> RoadNetwork:
        """Return a network from its finished parts, as :func:`carecircle.load_network` has them.

        ``arrays`` holds ``ends``, ``length_m``, ``seconds``, ``can_link``, ``node_xy`` and
        ``component``; nothing is checked.
        """
        network = cls(profile, roads.crs, roads, chains=chains, walls=walls, **arrays)
        network._freeze()
        return network

    def _freeze(self) -> None:
        for holder in (self, self.chains):
            for value in vars(holder).values():
                if isinstance(value, np.ndarray):
                    value.setflags(write=False)

    def __repr__(self) -> str:
        n, parts = len(self.ends), self.n_components
        return (
            f"RoadNetwork({n:,} piece{'s' * (n != 1)}, {self.length_m.sum() / 1000:,.1f} km,"
            f" {parts:,} part{'s' * (parts != 1)}, {self.profile.name}, {_crs_label(self.crs)})"
        )

    def _repr_html_(self) -> str:
        km, parts = self.length_m.sum() / 1000, self.islands()["length_km"]
        facts = [
            ("pieces · 路段", f"{len(self.ends):,}"),
            ("length · 长度", f"{km:,.1f} km"),
            ("connected parts · 连通部分", f"{len(parts):,}; longest {parts.max():,.1f} km"),
            ("profile · 出行方式", f"{self.profile.name}, {self.profile.speed_m_s:g} m/s"),
            ("CRS · 坐标系", _crs_label(self.crs)),
        ]
        return facts_html("RoadNetwork · 路网", facts)

    @property
    def n_components(self) -> int:
        """Number of connected parts."""
        return int(self.component.max(initial=-1)) + 1

    def islands(self) -> pd.DataFrame:
        """Return the connected parts, longest first: ``component``, ``pieces``, ``length_km``.

        Part 0 is the main network; every other part is an island for this traveller.
        """
        is_open = self.component >= 0
        grouped = pd.DataFrame(
            {"component": self.component[is_open], "length_km": self.length_m[is_open] / 1000}
        ).groupby("component")["length_km"]
        return pd.DataFrame({"pieces": grouped.size(), "length_km": grouped.sum()})


def _metre_crs(frame: gpd.GeoDataFrame, table: str) -> CRS:
    if frame.crs is None:
        msg = f"{table}: no CRS; say which one with set_crs() or when reading"
        raise CrsError(msg)
    unit = frame.crs.axis_info[0].unit_name if frame.crs.axis_info else "unknown"
    if not frame.crs.is_projected or unit not in ("metre", "meter"):
        msg = (
            f"{table}: {frame.crs.name} has the unit {unit}; minutes need a projected CRS in"
            " metres, for example to_crs(frame.estimate_utm_crs())"
        )
        raise CrsError(msg)
    return frame.crs


def drawn_along(roads: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the lines of roads, each drawn from its ``u`` to its ``v``.

    One-way streets, fractions and cuts refer to that direction; some exports draw lines the other
    way.

    Parameters
    ----------
    roads
        Contract ``roads`` with ``u`` and ``v``.

    Examples
    --------
    >>> import geopandas as gpd
    >>> lines = [shapely.LineString([(0, 0), (9, 0)]), shapely.LineString([(9, 9), (9, 0)])]
    >>> roads = gpd.GeoDataFrame({"u": [1, 2], "v": [2, 3]}, geometry=lines, crs=4545)
    >>> drawn_along(roads).to_wkt().tolist()
    ['LINESTRING (0 0, 9 0)', 'LINESTRING (9 0, 9 9)']
    """
    return _turned(roads, _node_numbers(roads))


def _node_numbers(roads: gpd.GeoDataFrame) -> NDArray[np.int64]:
    number, _ = pd.factorize(pd.concat([roads["u"], roads["v"]], ignore_index=True))
    return number.reshape(2, len(roads)).T.copy()


def _turned(roads: gpd.GeoDataFrame, ends: NDArray[np.int64]) -> gpd.GeoSeries:
    line = roads.geometry.array
    geometry = roads.geometry.copy()
    backwards = _drawn_backwards(ends, line)
    if backwards.any():
        geometry[backwards] = shapely.reverse(line[backwards])
    return geometry


def _number_nodes(
    roads: gpd.GeoDataFrame, mode: str
) -> tuple[NDArray[np.int32], NDArray[np.float64], gpd.GeoSeries]:
    ends = _node_numbers(roads)
    geometry = _turned(roads, ends)
    node_xy = np.empty((ends.max() + 1, 2))
    for side, index in ((1, -1), (0, 0)):
        node_xy[ends[:, side]] = shapely.get_coordinates(shapely.get_point(geometry.array, index))
    rows, sides = np.nonzero(np.column_stack([_stopped(roads, f"{e}_blocks", mode) for e in "uv"]))
    # whoever is stopped at a node meets a dead end there: each piece gets its own copy of it
    copies = len(node_xy) + np.arange(len(rows))
    node_xy = np.vstack([node_xy, node_xy[ends[rows, sides]]])
    ends[rows, sides] = copies
    return ends.astype(np.int32), node_xy, geometry


def _drawn_backwards(ends: NDArray[np.int64], line: NDArray[np.object_]) -> NDArray[np.bool_]:
    n = len(ends)
    tips = [shapely.get_coordinates(shapely.get_point(line, index)) for index in (0, -1)]
    _, spot = np.unique(np.concatenate(tips), axis=0, return_inverse=True)
    start, end = spot.reshape(2, n)
    # every piece votes for both its tips; a node's own place is named by all its pieces. A tie
    # goes to the drawing: the tip on the node's own side counts a little more
    votes = pd.DataFrame(
        {
            "node": np.tile(ends.T.ravel(), 2),
            "spot": np.concatenate([start, end, end, start]),
            "votes": np.repeat([1.0, 0.999], 2 * n),
        }
    )
    counted = votes.groupby(["node", "spot"])["votes"].sum().reset_index()
    best = counted.sort_values(["node", "votes"], ascending=[True, False], kind="stable")
    home = best.drop_duplicates("node")["spot"].to_numpy()
    weight = np.bincount(ends.ravel())
    u, v = ends.T
    forward = weight[u] * (home[u] == start) + weight[v] * (home[v] == end)
    backward = weight[u] * (home[u] == end) + weight[v] * (home[v] == start)
    return backward > forward


def _stopped(roads: gpd.GeoDataFrame, column: str, mode: str) -> NDArray[np.bool_]:
    if column not in roads:
        return np.zeros(len(roads), dtype=bool)
    padded = ";" + roads[column].astype("string").fillna("") + ";"
    return padded.str.contains(f";{mode};", regex=False).to_numpy(dtype=bool)


def _components(
    ends: NDArray[np.int32],
    seconds: NDArray[np.float64],
    length: NDArray[np.float64],
    n_nodes: int,
) -> NDArray[np.int32]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    usable = np.isfinite(seconds).any(axis=1)
    u, v = ends[usable].T
    graph = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(n_nodes, n_nodes))
    _, label = connected_components(graph, directed=False)
    part = np.full(len(ends), -1, dtype=np.int32)
    part[usable] = label[u]
    size = np.bincount(part[usable], weights=length[usable])
    rank = np.empty(len(size), dtype=np.int32)
    rank[np.argsort(-size, kind="stable")] = np.arange(len(size), dtype=np.int32)
    part[usable] = rank[part[usable]]
    # labels of closed nodes have no length and would leave holes in the numbering
    _, part[usable] = np.unique(part[usable], return_inverse=True)
    return part


def _crs_label(crs: CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)
