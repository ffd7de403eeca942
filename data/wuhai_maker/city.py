"""Put the ground, the streets, the areas and the buildings together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from wuhai_maker.areas import assign_blocks, make_areas
from wuhai_maker.buildings import make_buildings
from wuhai_maker.network import Piece, cut_at, degrees, largest_and_kept
from wuhai_maker.people import make_people
from wuhai_maker.roads import Rails, add_expressway, add_regional, cross_rails
from wuhai_maker.terrain import Terrain, ground, make_terrain
from wuhai_maker.towns import BROKEN_GATES, TOWNS, Town, make_town
from wuhai_maker.villages import CLUSTERS, cluster_pieces

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["City", "make_city"]

#: Where else (km) a street is broken by a gap of about 4 m.
_GAPS = ((2.9, 12.2), (0.3, 15.4), (-5.9, -4.4), (7.9, -12.2), (3.85, -24.1))
_GAP_M = 4.0


@dataclass
class City:
    """Everything that stands on the ground before facilities."""

    terrain: Terrain
    towns: dict[str, Town]
    pieces: list[Piece]
    rails: Rails
    areas: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    owner: dict[tuple[str, int, int], str]
    gaps: list[tuple[float, float]]


def _broken(piece: Piece) -> tuple[list[Piece], tuple[float, float]]:
    """Cut a few metres out of the middle of a street: two dead ends face each other."""
    middle = piece.line.length / 2
    low, hole, high = cut_at(piece, [middle - _GAP_M / 2, middle + _GAP_M / 2])
    tags = {"gap": "yes"}
    halves = [low.part(low.line, **tags), high.part(high.line, **tags)]
    centre = hole.line.interpolate(0.5, normalized=True)
    return halves, (centre.x, centre.y)


def _break_streets(pieces: list[Piece]) -> tuple[list[Piece], list[tuple[float, float]]]:
    """Break a street near each listed place, never one whose loss cuts a place off."""
    usable = [
        k
        for k, p in enumerate(pieces)
        if p.highway in ("residential", "living_street") and p.line.length > 60
    ]
    count = degrees(pieces)
    usable = [k for k in usable if all(count[end] >= 3 for end in pieces[k].ends)]
    tree = shapely.STRtree([pieces[k].line for k in usable])
    chosen = {usable[tree.nearest(shapely.Point(place))] for place in ground(_GAPS)}
    chosen |= {
        k for k, p in enumerate(pieces) if "gate" in p.tags and p.tags["block"] in _broken_blocks()
    }
    result, gaps = [], []
    for k, piece in enumerate(pieces):
        if k in chosen:
            halves, centre = _broken(piece)
            result += halves
            gaps.append(centre)
        else:
            result.append(piece)
    return result, gaps


def _broken_blocks() -> set[str]:
    return {":".join(map(str, key)) for key in BROKEN_GATES}


def _signals(pieces: list[Piece]) -> None:
    """Half a signal at each end that is a crossing of two main streets (half: counted twice)."""
    main = [
        p
        for p in pieces
        if p.highway in ("primary", "secondary") and not {"bridge", "tunnel"} & set(p.tags)
    ]
    lit = {node for node, count in degrees(main).items() if count >= 3}
    for piece in pieces:
        if piece.highway.startswith("motorway"):
            continue
        half = sum(end in lit for end in piece.ends)
        if half:
            piece.tags["signals"] = str(half / 2)


def make_city(seed: int) -> City:
    """Build the city; each part draws from its own generator, so parts change alone."""
    rng = dict(
        zip(
            ("people", "towns", "lanes", "homes"), np.random.default_rng(seed).spawn(4), strict=True
        )
    )
    terrain = make_terrain()
    towns, pieces = {}, []
    for spec, own in zip(TOWNS, rng["towns"].spawn(len(TOWNS)), strict=True):
        towns[spec.name], streets = make_town(spec, own)
        pieces += streets
    for cluster, own in zip(CLUSTERS, rng["lanes"].spawn(len(CLUSTERS)), strict=True):
        pieces += cluster_pieces(cluster, own)
    pieces, rails = cross_rails(add_regional(pieces, terrain), terrain)
    pieces, gaps = _break_streets(largest_and_kept(pieces))
    pieces = add_expressway(pieces, terrain)
    _signals(pieces)
    people = make_people(rng["people"])
    owner = assign_blocks(towns, people)
    areas = make_areas(people, towns, owner, terrain)
    buildings = make_buildings(towns, pieces, areas, terrain, rng["homes"])
    return City(terrain, towns, pieces, rails, areas, buildings, owner, gaps)
