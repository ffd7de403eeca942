"""What the sample is meant to show: which community gets which facility, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from shapely import Point

from wuhai_maker.facilities import Plan
from wuhai_maker.terrain import ground
from wuhai_maker.towns import BROKEN_GATES, GATED_BLOCK, block_ring

if TYPE_CHECKING:
    from wuhai_maker.city import City

__all__ = ["BROKEN_BLOCK", "GATED_BLOCK", "WITHOUT", "make_plan"]

#: 24 of the 70 communities have no station, neither their own nor a shared one.
WITHOUT = (
    "150302001002", "150302001007", "150302002001", "150302002005", "150302002009", "150302003016",
    "150302004009", "150302007001", "150302007008", "150302007009", "150302101004", "150303001010",
    "150303002003", "150303102007", "150304002001", "150304002002", "150304003007", "150304003008",
    "150304008007", "150304008013", "150304009010", "150304010013", "150304011012", "150304011013",
)  # fmt: skip
SHARED = ("150304012008", "150304012009")
BROKEN_BLOCK = BROKEN_GATES[0]


def _outside(city: City, key: tuple[str, int, int], which: str) -> tuple[float, float]:
    """Return a place 60 m outside the gate or the back of an estate."""
    town = city.towns[key[0]]
    block = town.blocks[key[1:]]
    gate, back = town.to_ground([block.gate, block.back])
    here, there = (gate, back) if which == "gate" else (back, gate)
    x, y = (here + 60 * (here - there) / np.hypot(*(here - there))).tolist()
    return x, y


def _riverside(city: City, place: tuple[float, float]) -> str:
    """Return the community nearest to a place on the west bank that has a station of its own."""
    town = city.towns["wuda"]
    away = {
        key: block_ring(town, block).distance(Point(place))
        for key, block in ((b.key, b) for b in town.blocks.values())
        if city.owner[key] not in (*WITHOUT, *SHARED, city.owner[BROKEN_BLOCK])
    }
    return city.owner[min(away, key=lambda key: away[key])]


def make_plan(city: City) -> Plan:
    """Return the plan of stations; every entry serves a special case or a published figure."""
    x, y = ground((-2.6, -5.6)).tolist()
    near = {
        city.owner[GATED_BLOCK]: _outside(city, GATED_BLOCK, "back"),
        city.owner[BROKEN_BLOCK]: _outside(city, BROKEN_BLOCK, "gate"),
        _riverside(city, (x, y)): (x, y),
    }
    return Plan(
        without=WITHOUT,
        shared=SHARED,
        badly_placed=("150302002003", "150303001008", "150304012010"),
        toward={
            "150304008008": "150304008013", "150304008012": "150304008013",
            "150302004008": "150302004009", "150302008003": "150302004009",
        },
        near=near,
        building=("150302002005", "150302007009", "150304002001"),
        planned=("150302007008", "150304010013", "150302002001"),
        closed=("150302001002", "150304011013"),
    )  # fmt: skip
