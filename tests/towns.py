"""Small towns for tests of the engine, and a second way to every minute with networkx."""

from __future__ import annotations

import itertools
from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from hypothesis import strategies as st

import carecircle as cc

CRS = "EPSG:4545"
WALK = cc.PROFILES["elder_default"]


def walk(metres):
    """Minutes on foot at 1.0 m/s, with the nine digits that are kept."""
    return round(metres / 60, 9)


def roads_of(*pieces, **columns):
    """Road pieces from (u, v, [(x, y), ...]) or (u, v, [(x, y), ...], {column: value})."""
    rows = [
        {"highway": "residential", "u": u, "v": v, "geometry": shapely.LineString(line)}
        | (extra[0] if extra else {})
        for u, v, line, *extra in pieces
    ]
    roads = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS).assign(**columns)
    return roads.set_index(pd.Index([f"r{k:03d}" for k in range(len(rows))], name="road_id"))


def street(*stops, **columns):
    """One straight street along y = 0 with a node at every stop."""
    return roads_of(
        *(((a), (b), [(a, 0), (b, 0)]) for a, b in itertools.pairwise(stops)), **columns
    )


def grid(columns, rows, spacing=100.0, highway="residential"):
    """Streets of a grid town: a piece per block side, node "i,j" at (i, j) * spacing."""
    sides = [((i, j), (i + 1, j)) for j in range(rows) for i in range(columns - 1)]
    sides += [((i, j), (i, j + 1)) for i in range(columns) for j in range(rows - 1)]
    return roads_of(
        *(
            (f"{a[0]},{a[1]}", f"{b[0]},{b[1]}", [np.multiply(a, spacing), np.multiply(b, spacing)])
            for a, b in sides
        ),
        highway=highway,
    )


def points(places, name="facility_id"):
    """Points indexed by the keys of {id: (x, y)}."""
    index = pd.Index(list(places), name=name, dtype="str")
    return gpd.GeoDataFrame(
        geometry=[None if xy is None else shapely.Point(xy) for xy in places.values()],
        index=index,
        crs=CRS,
    )


def shapes(*geometries, **columns):
    """Barriers b1, b2, ... of the given geometries."""
    index = pd.Index([f"b{k + 1}" for k in range(len(geometries))], name="barrier_id")
    return gpd.GeoDataFrame(columns, geometry=list(geometries), index=index, crs=CRS)


def nearest_of(roads, homes, facilities, *, profile=WALK, barriers=None, **options):
    """Locate and search in one step; homes and facilities are {id: (x, y)}."""
    network = cc.RoadNetwork.from_roads(roads, profile, barriers=barriers)
    at_home, at_facility = (
        cc.locate(network, points(p, n))
        for p, n in ((homes, "home_id"), (facilities, "facility_id"))
    )
    return cc.nearest(network, at_home, at_facility, **options)


def minutes_of(roads, homes, facilities, **options):
    """The minutes of :func:`nearest_of` as {home: minutes}."""
    return nearest_of(roads, homes, facilities, **options)["minutes"].to_dict()


def on_pieces(network, places, name):
    """Positions from [(piece, fraction, access_m)], as locate would return them."""
    piece, fraction, access = np.array(places, dtype=float).reshape(-1, 3).T
    piece = piece.astype(int)
    index = pd.Index([f"{name[0].upper()}{k:02d}" for k in range(len(piece))], name=name)
    spot = shapely.line_interpolate_point(
        network.roads.geometry.array[piece], fraction, normalized=True
    )
    xy = shapely.get_coordinates(np.asarray(spot, dtype=object))
    return pd.DataFrame(
        {
            "piece": piece,
            "fraction": fraction,
            "access_m": access,
            "x": xy[:, 0],
            "y": xy[:, 1],
            "component": network.component[piece],
            "passed_over": False,
            "reason": pd.array([""] * len(piece), dtype="str"),
        },
        index=index,
    )


def every_pair(roads, network, homes, facilities, *, towards=True, extra=None):
    """The minutes of all pairs by networkx, on a graph that has every place as a node.

    Returns a frame homes x facilities, ``inf`` where there is no way. Only lengths, directions and
    the speed of the profile are used, none of the engine's arrays.
    """
    graph = nx.DiGraph()
    places = pd.concat([homes, facilities])
    speed, leg_speed = network.profile.speed_m_s, network.profile.leg_speed_m_s

    def link(a, b, seconds):
        if a != b and graph.get_edge_data(a, b, {"seconds": np.inf})["seconds"] > seconds:
            graph.add_edge(a, b, seconds=seconds)

    for row, (_, road) in enumerate(roads.iterrows()):
        on = places[places["piece"] == row].sort_values("fraction", kind="stable")
        stops = [(0.0, ("node", road["u"]))]
        stops += [(f, ("spot", row, f)) for f in on["fraction"].unique()]
        stops += [(1.0, ("node", road["v"]))]
        way = road.get("oneway_foot", "no")
        for (at, a), (to, b) in itertools.pairwise(stops):
            seconds = (to - at) * road.geometry.length / speed
            if not road.get("closed", False):
                # at a corner every street is open, also the one-way street one stands in
                if way != "-1" or to == at:
                    link(a, b, seconds)
                if way != "yes" or to == at:
                    link(b, a, seconds)
        for name, place in on.iterrows():
            leg = place["access_m"] / leg_speed
            leg += 60 * extra.get(name, 0.0) if extra is not None else 0.0
            link(name, ("spot", row, place["fraction"]), leg)
            link(("spot", row, place["fraction"]), name, leg)
    # nobody walks through a door to save time: doors only start and end trips
    table = pd.DataFrame(np.inf, index=homes.index, columns=facilities.index)
    for facility in facilities.index:
        others = [name for name in places.index if name != facility]
        view = graph.reverse(copy=True) if towards else graph.copy()
        view.remove_edges_from([(o, t) for o in others for t in list(view.successors(o))])
        found = nx.single_source_dijkstra_path_length(view, facility, weight="seconds")
        table[facility] = [
            found.get(home, np.inf) / 60 + network.profile.access_minutes for home in homes.index
        ]
    return table


_WAYS = ("no", "no", "no", "yes", "-1")


@st.composite
def towns(draw, max_nodes=7, max_pieces=10, step=30.0, closed=True, oneway=True):  # noqa: FBT002
    """Random road pieces: bends, parallels, loops, one-ways, closed pieces, several parts."""
    n = draw(st.integers(2, max_nodes))
    spot = st.tuples(st.integers(0, 12), st.integers(0, 12))
    xy = np.array(draw(st.lists(spot, min_size=n, max_size=n, unique=True))) * step
    node = st.integers(0, n - 1)
    bend = st.none() | st.tuples(st.integers(-3, 15), st.integers(-3, 15))
    pieces = []
    for _ in range(draw(st.integers(1, max_pieces))):
        u, v, via = draw(node), draw(node), draw(bend)
        line = [xy[u], xy[v]] if via is None else [xy[u], np.multiply(via, step * 1.1), xy[v]]
        if u == v:
            line = [xy[u], xy[u] + [step, 0], xy[u] + [0, step], xy[u]]
        extra = {
            "oneway_foot": draw(st.sampled_from(_WAYS)) if oneway else "no",
            "closed": closed and draw(st.integers(0, 9)) == 0,
        }
        pieces.append((f"n{u}", f"n{v}", line, extra))
    if all(extra["closed"] for *_, extra in pieces):
        pieces[0][3]["closed"] = False
    return roads_of(*pieces)


@st.composite
def towns_with_places(draw, max_homes=5, max_facilities=4, **options):
    """A random network with homes and facilities somewhere on its open pieces."""
    roads = draw(towns(**options))
    network = cc.RoadNetwork.from_roads(roads, WALK)
    opened = np.flatnonzero(network.chains.chain >= 0).tolist()
    place = st.tuples(
        st.sampled_from(opened),
        # places closer than a nanometre stand on one spot for the engine, not for networkx
        st.sampled_from([0.0, 1.0, 0.5]) | st.floats(0, 1).map(lambda share: round(share, 6)),
        st.sampled_from([0.0, 10.0]) | st.floats(0, 150),
    )
    homes = draw(st.lists(place, min_size=1, max_size=max_homes))
    facilities = draw(st.lists(place, min_size=1, max_size=max_facilities))
    return (
        roads,
        network,
        on_pieces(network, homes, "home_id"),
        on_pieces(network, facilities, "facility_id"),
    )


def without_rules(study):
    """The same study with no standards to check, for tests that compare no rule."""
    return replace(study, terms=replace(study.terms, presets=()))
