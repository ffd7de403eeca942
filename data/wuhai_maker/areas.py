"""Area polygons: whole blocks in town, nearest settlement outside, exact shared borders."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from wuhai_maker.terrain import CRS, GRID_M, Terrain, ground
from wuhai_maker.towns import Block, Town, block_ring
from wuhai_maker.villages import CLUSTERS

__all__ = ["assign_blocks", "make_areas"]

#: Streets (by code) that share a town, in the order in which they are laid out across it.
TOWN_STREETS = {
    "haibowan": ("150302007", "150302004", "150302001", "150302003", "150302008", "150302002"),
    "wuda": ("150304002", "150304008", "150304010", "150304009", "150304012", "150304101"),
    "hainan": ("150303002", "150303001"),
    "qianlishan": ("150302101",),
    "lasengmiao": ("150303103",),
}
#: Open country that belongs to a settlement: extra seeds (km) for the borders.
_FAR_SEEDS = (
    ((15.5, 26.0), "150302101214"), ((12.5, 33.0), "150302101214"), ((-3.5, 33.0), "150302101213"),
    ((-4.2, 20.0), "150302101203"), ((-7.5, 9.0), "150302101206"), ((15.5, -4.0), "150303002003"),
    ((16.5, -15), "150303102008"), ((17, -25.0), "150303102009"), ((15, -34), "150303104241"),
    ((11, -42), "150303104234"), ((-1.5, -23.0), "150303104238"), ((1.2, -33), "150303104235"),
    ((2.0, -42.0), "150303104234"), ((13.5, 14.0), "150302002003"), ((-14.5, 1.0), "150304011012"),
    ((-14.0, -7.0), "150304003008"), ((-8.0, -15.0), "150304003008"), ((4.6, -1.2), "150303104239"),
)  # fmt: skip


def _split(blocks: list[Block], shares: list[float]) -> list[list[Block]]:
    """Split blocks into compact parts by capacity, halving along the longer side."""
    if len(shares) == 1:
        return [blocks]
    half = len(shares) // 2
    part = sum(shares[:half]) / sum(shares)
    spots = np.array([[(b.box[0] + b.box[2]) / 2, (b.box[1] + b.box[3]) / 2] for b in blocks])
    axis = int(np.argmax(np.ptp(spots, axis=0)))
    order = np.lexsort((spots[:, 1 - axis], spots[:, axis]))
    homes = [0.12 if blocks[k].kind in ("park", "empty", "works", "public") else 1.0 for k in order]
    capacity = np.cumsum([0.45 + blocks[k].centrality for k in order] * np.array(homes))
    cut = int(np.searchsorted(capacity, part * capacity[-1])) + 1
    cut = min(max(cut, half), len(blocks) - (len(shares) - half))
    first, second = [blocks[k] for k in order[:cut]], [blocks[k] for k in order[cut:]]
    return _split(first, shares[:half]) + _split(second, shares[half:])


def assign_blocks(towns: dict[str, Town], people: pd.DataFrame) -> dict[tuple[str, int, int], str]:
    """Return the area of every town block; streets first, then communities inside each."""
    urban = people[people["kind"] == "urban"]
    weight = urban["households"] ** 0.75
    owner = {}
    for name, streets in TOWN_STREETS.items():
        codes = [urban.index[urban["street_id"] == street].tolist() for street in streets]
        shares = [float(weight[c].sum()) for c in codes]
        blocks = list(towns[name].blocks.values())
        for code, part in zip(codes, _split(blocks, shares), strict=True):
            for area, own in zip(code, _split(part, [float(weight[a]) for a in code]), strict=True):
                owner.update({block.key: area for block in own})
    return owner


def _seeds(towns: dict[str, Town], owner: dict, people: pd.DataFrame) -> gpd.GeoDataFrame:
    """Places that claim the open country around them: rim blocks and settlements."""
    spots, areas = [], []
    for town in towns.values():
        for block in town.blocks.values():
            if block.centrality < 0.3:
                spots.append(shapely.centroid(block_ring(town, block)))
                areas.append(owner[block.key])
    for cluster in CLUSTERS:
        if not cluster.island:
            spots.append(shapely.Point(ground(cluster.centre)))
            areas.append(cluster.area)
    for place, area in _FAR_SEEDS:
        spots.append(shapely.Point(ground(place)))
        areas.append(area)
    frame = gpd.GeoDataFrame({"area_id": areas}, geometry=spots, crs=CRS)
    frame["district_id"] = people["district_id"].reindex(frame["area_id"]).to_numpy()
    return frame


def _country(seeds: gpd.GeoDataFrame, terrain: Terrain) -> list[shapely.Geometry]:
    """Borders of the nearest-settlement cells of each district."""
    lines = []
    for district, land in terrain.districts.items():
        own = seeds[seeds["district_id"] == district]
        edges = shapely.voronoi_polygons(
            shapely.MultiPoint(own.geometry.tolist()), extend_to=terrain.outline, only_edges=True
        )
        lines.append(edges & shapely.buffer(land, 0))
    return lines


def _label(
    faces: np.ndarray, seeds: gpd.GeoDataFrame, terrain: Terrain, rings: gpd.GeoSeries
) -> list[str]:
    """Give each face its area: its block, the island, or the nearest seed of its district."""
    inner = shapely.point_on_surface(faces)
    result = np.full(len(faces), "", dtype=object)
    where, which = shapely.STRtree(rings.to_numpy()).query(inner, predicate="within")
    result[where] = rings.index.to_numpy()[which]
    result[shapely.within(inner, terrain.island.buffer(60))] = "150302007009"
    for district, land in terrain.districts.items():
        own = seeds[seeds["district_id"] == district]
        open_land = np.flatnonzero((result == "") & shapely.intersects(inner, land))
        nearest = shapely.STRtree(own.geometry.to_numpy()).nearest(inner[open_land])
        result[open_land] = own["area_id"].to_numpy()[nearest]
    return result.tolist()


def _without_slivers(faces: np.ndarray, labels: list[str]) -> list[str]:
    """Give crumbs under one hectare to the neighbour with the longest common border."""
    tree = shapely.STRtree(faces)
    for k in np.flatnonzero(shapely.area(faces) < 10_000.0):
        near = [j for j in tree.query(faces[k], predicate="intersects").tolist() if j != k]
        border = shapely.length(shapely.intersection(shapely.boundary(faces[near]), faces[k]))
        labels[k] = labels[near[int(np.argmax(border))]]
    return labels


def make_areas(
    people: pd.DataFrame, towns: dict[str, Town], owner: dict, terrain: Terrain
) -> gpd.GeoDataFrame:
    """Return the 83 areas; the polygons tile the city exactly (one noded set of borders)."""
    rings = gpd.GeoSeries(
        [block_ring(towns[key[0]], towns[key[0]].blocks[key[1:]]) for key in owner],
        index=list(owner.values()),
        crs=CRS,
    )
    town_land = shapely.union_all(rings.to_numpy())
    seeds = _seeds(towns, owner, people)
    country = [shapely.difference(lines, town_land) for lines in _country(seeds, terrain)]
    districts = [
        shapely.difference(shapely.boundary(d), town_land) for d in terrain.districts.values()
    ]
    lines = [
        *rings.boundary,
        *country,
        *districts,
        terrain.outline.boundary,
        terrain.island.buffer(60, quad_segs=3).boundary,
    ]
    noded = shapely.union_all(lines, grid_size=GRID_M)
    faces = np.array(
        [f for f in shapely.polygonize([noded]).geoms if terrain.outline.buffer(1).contains(f)]
    )
    labels = pd.Series(_without_slivers(faces, _label(faces, seeds, terrain, rings)))
    union = {
        area: shapely.coverage_union_all(faces[labels.index[labels == area]])
        for area in people.index
    }
    frame = gpd.GeoDataFrame(people.copy(), geometry=pd.Series(union), crs=CRS)
    frame.geometry = shapely.normalize(frame.geometry.to_numpy())
    return frame
