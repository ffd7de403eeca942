"""What OpenStreetMap tags mean for the road table: classes, direction, speed and who is stopped."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "BARRIER_STOPS",
    "MODES",
    "NODE_TAGS",
    "PLAZA_CLASSES",
    "ROAD_CLASSES",
    "WAY_TAGS",
    "blocked_modes",
    "kmh",
    "oneway",
    "road_columns",
    "set_aside_reason",
]

#: Modes in the order in which they are listed in ``u_blocks`` and ``v_blocks``.
MODES = ("walk", "wheelchair", "bike", "car")

#: Classes that carry traffic of some kind. What is planned, being built, gone, a race track or
#: only a place (``rest_area``, ``bus_stop``) is set aside with its class named.
ROAD_CLASSES = frozenset(
    {
        "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link",
        "secondary", "secondary_link", "tertiary", "tertiary_link", "unclassified", "residential",
        "living_street", "service", "road", "pedestrian", "footway", "path", "steps", "cycleway",
        "bridleway", "track", "corridor", "platform", "elevator", "escape", "busway",
        "bus_guideway", "via_ferrata", "trail",
    }
)  # fmt: skip

#: Areas whose outline is kept as a way, because people walk across or along them; the outline is
#: how the streets around a square connect. Other areas (``highway=service`` + ``area=yes``: yards,
#: parking) are set aside, since their outline is no street.
PLAZA_CLASSES = frozenset({"pedestrian", "footway", "path", "platform", "corridor"})

#: Tags of a way that are read.
WAY_TAGS = (
    "highway", "area", "oneway", "oneway:foot", "oneway:bicycle", "cycleway", "maxspeed", "access",
    "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar", "wheelchair", "bridge", "tunnel",
    "layer", "surface", "junction", "name",
)  # fmt: skip

#: Tags of a node that are read.
NODE_TAGS = (
    "highway", "barrier", "access", "foot", "wheelchair", "bicycle", "vehicle", "motor_vehicle",
    "motorcar",
)  # fmt: skip

_NOBODY = ()
_CAR = ("car",)
_WHEELS = ("wheelchair", "bike", "car")

#: Who is stopped by ``barrier=*`` on a node, before its access tags are looked at. A value that is
#: not listed stops nobody and is reported.
BARRIER_STOPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # opened for those who belong there; who that is, the access tags say
        **dict.fromkeys(
            ("gate", "lift_gate", "swing_gate", "sliding_gate", "sliding_beam", "wicket_gate",
             "hampshire_gate", "bump_gate", "entrance", "sally_port", "toll_booth",
             "border_control", "checkpoint", "cattle_grid", "height_restrictor",
             "coupure", "rope", "spikes"),
            _NOBODY,
        ),
        # a kerb is high for wheels only where it is not lowered, which another tag says
        "kerb": _NOBODY,
        # wide enough for a bicycle or a wheelchair, too narrow for a car
        **dict.fromkeys(
            ("bollard", "block", "bus_trap", "sump_buster", "chain", "log", "jersey_barrier",
             "debris", "tank_trap", "planter", "motorcycle_barrier", "horse_stile",
             "cycle_barrier", "barrier_board"),
            _CAR,
        ),
        # climbed over, squeezed through or turned: people on foot only
        **dict.fromkeys(
            ("stile", "kissing_gate", "turnstile", "full-height_turnstile", "squeeze", "step",
             "guard_rail"),
            _WHEELS,
        ),
        # no opening at all
        **dict.fromkeys(
            ("wall", "fence", "hedge", "city_wall", "retaining_wall", "ditch"), MODES
        ),
    }
)  # fmt: skip

#: A mode's own tags, the most specific first. They decide both ways: ``motor_vehicle=yes`` at a
#: bollard says that it is lowered, ``foot=no`` at a gate that nobody may walk through.
_OWN_TAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "walk": ("foot",),
        "wheelchair": ("wheelchair", "foot"),
        "bike": ("bicycle", "vehicle"),
        "car": ("motorcar", "motor_vehicle", "vehicle"),
    }
)
_CLOSED = frozenset({"no", "private"})
_OPEN = frozenset(
    {
        "yes", "permissive", "designated", "official", "public", "destination", "customers",
        "delivery", "residents", "dismount", "limited", "permit",
    }
)  # fmt: skip

#: The general ``access`` tag can only close: ``access=yes`` does not remove a bollard.
#: ``no`` closes to all. ``private`` closes to cars only: it is how the gate of a gated block is
#: tagged, and residents walk and cycle through their own gate.
_ACCESS_CLOSES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"no": frozenset(MODES), "private": frozenset({"car"})}
)


def set_aside_reason(tags: pd.DataFrame) -> NDArray[np.object_]:
    """Return why each way is no road, as text; empty where it is one.

    >>> set_aside_reason(pd.DataFrame({"highway": ["path", "proposed"], "area": [None, None]}))
    array(['', 'highway=proposed'], dtype=object)
    """
    highway = tags["highway"]
    known = highway.isin(ROAD_CLASSES).to_numpy()
    area = (tags["area"].eq("yes").fillna(value=False) & ~highway.isin(PLAZA_CLASSES)).to_numpy()
    reason = np.full(len(tags), "", dtype=object)
    reason[area] = ("highway=" + highway[area] + " with area=yes").to_numpy(dtype=object)
    reason[~known] = ("highway=" + highway[~known]).to_numpy(dtype=object)
    return reason


def road_columns(tags: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the road table that depend on the tags of the way alone.

    ``motor_vehicle`` takes the most specific of ``motorcar``, ``motor_vehicle`` and ``vehicle``,
    ``bicycle`` that of ``bicycle`` and ``vehicle``. Missing stays missing.
    """
    bicycle_way = oneway(tags["oneway:bicycle"])
    contraflow = tags["cycleway"].str.startswith("opposite").fillna(value=False).astype(bool)
    return pd.DataFrame(
        {
            "highway": tags["highway"],
            "oneway": _with_implied(oneway(tags["oneway"]), tags),
            "oneway_foot": oneway(tags["oneway:foot"]),
            "oneway_bicycle": bicycle_way.mask(bicycle_way.isna() & contraflow, "no"),
            "maxspeed": kmh(tags["maxspeed"]),
            "access": tags["access"],
            "foot": tags["foot"],
            "bicycle": _first_given(tags, _OWN_TAGS["bike"]),
            "motor_vehicle": _first_given(tags, _OWN_TAGS["car"]),
            "wheelchair": tags["wheelchair"],
            **{key: tags[key] for key in ("bridge", "tunnel", "layer", "surface", "junction")},
            "name": tags["name"],
        }
    )


def _first_given(tags: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    result = tags[names[0]]
    for name in names[1:]:
        result = result.fillna(tags[name])
    return result


def oneway(values: pd.Series) -> pd.Series:
    """Return ``yes``, ``no`` or ``-1`` for each value of a oneway tag; missing stays missing.

    ``reversible`` and ``alternating`` change with the hour, so neither direction can be closed.

    >>> oneway(pd.Series(["true", "reverse", None, "reversible"], dtype="str")).tolist()
    ['yes', '-1', nan, 'no']
    """
    words = {
        "yes": "yes", "true": "yes", "1": "yes", "-1": "-1", "reverse": "-1",
        "no": "no", "false": "no", "0": "no", "reversible": "no", "alternating": "no",
    }  # fmt: skip
    return values.str.strip().str.lower().map(words).astype(values.dtype)


def _with_implied(given: pd.Series, tags: pd.DataFrame) -> pd.Series:
    """Fill in that a roundabout and a motorway run one way unless the tag says otherwise."""
    implied = tags["junction"].isin(["roundabout", "circular"]) | tags["highway"].eq("motorway")
    return given.mask(given.isna() & implied, "yes")


def kmh(values: pd.Series) -> pd.Series:
    """Return speed limits as numbers in text, km/h; what is not a number (``signals``) is NA.

    >>> kmh(pd.Series(["50", "30 mph", "walk", None], dtype="str")).tolist()
    ['50', '48', nan, nan]
    """
    parts = values.str.strip().str.extract(r"^(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?$")
    number = pd.to_numeric(parts[0])
    number = number.where(parts[1] != "mph", number * 1.609344).round()
    return number.astype("Int64").astype("string").astype(values.dtype)


def blocked_modes(tags: pd.DataFrame) -> NDArray[np.object_]:
    """Return the modes stopped at each node, joined by ``;``, empty where nobody is.

    >>> gate = {"barrier": ["gate", "gate", "stile"], "access": ["private", None, None]}
    >>> blocked_modes(pd.DataFrame(gate).reindex(columns=NODE_TAGS)).tolist()
    ['car', '', 'wheelchair;bike;car']
    """
    barrier = tags["barrier"]
    access = tags["access"]
    stopped = {}
    for mode in MODES:
        by_kind = barrier.isin([kind for kind, who in BARRIER_STOPS.items() if mode in who])
        by_access = access.isin([word for word, who in _ACCESS_CLOSES.items() if mode in who])
        own = _first_given(tags, _OWN_TAGS[mode])
        shut = by_kind | by_access
        shut = (shut & ~own.isin(_OPEN)) | own.isin(_CLOSED)
        stopped[mode] = (shut & barrier.notna()).to_numpy(dtype=bool)
    result = np.full(len(tags), "", dtype=object)
    for mode, shut_here in stopped.items():
        result[shut_here] += np.where(result[shut_here] == "", mode, ";" + mode)
    return result
