"""What the sample is meant to show: which community gets which facility, and why."""

from __future__ import annotations

from wuhai_maker.city import City
from wuhai_maker.facilities import Plan
from wuhai_maker.terrain import ground

__all__ = ["GATED_BLOCK", "make_plan"]

#: 24 of the 70 communities have no station, neither their own nor a shared one.
WITHOUT = (
    "150302001002", "150302001005", "150302001007", "150302002001", "150302002005", "150302003016",
    "150302004009", "150302007001", "150302007008", "150302007009", "150302008001", "150302101004",
    "150303001007", "150303001012", "150303002003", "150304002001", "150304002002", "150304003007",
    "150304003008", "150304008007", "150304008013", "150304010013", "150304011012", "150304011013",
)  # fmt: skip
#: A gated estate with a station behind its back wall.
GATED_BLOCK = ("haibowan", 14, 8)
BROKEN_BLOCK = ("wuda", 10, 8)


def _side(city: City, key: tuple[str, int, int], which: str) -> tuple[float, float]:
    """Return the gate or the back of an estate on the ground."""
    town = city.towns[key[0]]
    place = getattr(town.blocks[key[1:]], which)
    x, y = town.to_ground([place])[0].tolist()
    return x, y


def make_plan(city: City) -> Plan:
    """Return the plan of stations; every entry serves a special case or a published figure."""
    x, y = ground((-2.6, -5.6)).tolist()
    near = {
        city.owner[GATED_BLOCK]: _side(city, GATED_BLOCK, "back"),
        city.owner[BROKEN_BLOCK]: _side(city, BROKEN_BLOCK, "gate"),
        "150304009010": (x, y),
    }
    return Plan(
        without=WITHOUT,
        shared=("150304012008", "150304012009"),
        badly_placed=("150302002003", "150303001008", "150304012010"),
        toward={
            "150304008008": "150304008013", "150304008012": "150304008013",
            "150302004008": "150302004009", "150302008003": "150302004009",
        },
        near=near,
        building=("150302002005", "150303001007", "150304002001"),
        planned=("150302007008", "150304010013", "150302002001"),
        closed=("150302001002", "150304011013"),
    )  # fmt: skip
