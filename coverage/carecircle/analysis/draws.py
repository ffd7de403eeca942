"""What is drawn when nobody knows exactly: walking speed, where homes and facilities stand.

Draws are numbered and each has its own random streams, so that the first hundred of two hundred are
the hundred, and neither the order of rows nor the number of cores matters.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from carecircle.errors import InputError
from carecircle.roads.places import pack_places
from carecircle.roads.speeds import network_at_speed, scales_with_speed
from carecircle.roads.standing import HomeSearch
from carecircle.roads.terms import to_minutes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    from numpy.typing import NDArray

    from carecircle.roads.network import RoadNetwork

    Floats = NDArray[np.float64]

__all__ = ["Uncertainty", "draw_minutes", "scaled_minutes"]

_SPEED, _HOMES, _FACILITIES, _DETOUR = range(4)  # streams of a draw
_SLICE = 20  # draws held at once: 20 x 100,000 homes x 8 bytes are 16 MB
_LEAST_M_S = 0.05


@dataclass(frozen=True)
class Uncertainty:
    """What is not known exactly, and how far it may be off.

    Parameters
    ----------
    draws
        How often everything is drawn.
    seed
        Equal seeds give equal draws.
    speed_share
        Standard deviation of the walking speed as a share of the profile's, which is its mean;
        lognormal, one speed for everyone in a draw. 0.2: Kasovic 2021 measured a mean of 1.24 and
        a standard deviation of 0.28 m/s at 60 and over.
    home_m
        A home stands anywhere in a disc of this radius around its point, each place as likely.
        10: half the width of a usual block of flats, an assumption. A grid cell of side s has
        about 0.56 s.
    facility_m
        Error of a facility's coordinates: normal in x and y alike, root mean square of the distance
        in metres. 30: a usual error of geocoded addresses, an assumption.
    detour
        Only for minutes estimated from straight lines: the true factor of network over straight,
        uniform between two bounds; (1.2, 1.5) is usual, an assumption. ``None``: minutes were
        searched along roads.
    detour_used
        The factor that such an estimate was made with.

    Examples
    --------
    >>> Uncertainty(draws=100, facility_m=15.0).terms()["value"].to_dict()
    {'speed': 0.2, 'home': 10.0, 'facility': 15.0}
    """

    draws: int = 200
    seed: int = 2025
    speed_share: float = 0.2
    home_m: float = 10.0
    facility_m: float = 30.0
    detour: tuple[float, float] | None = None
    detour_used: float = 1.3

    def __post_init__(self) -> None:
        faults = []
        if self.draws < 1:
            faults.append(f"draws is {self.draws}; give 1 or more (200 are usual)")
        if self.seed < 0:
            faults.append(f"seed is {self.seed}; give 0 or more")
        if not 0 <= self.speed_share < 1:
            faults.append(f"speed_share is {self.speed_share}; give a share from 0 to below 1")
        faults += [
            f"{name} is {value}; give metres, 0 or more"
            for name, value in (("home_m", self.home_m), ("facility_m", self.facility_m))
            if not 0 <= value < np.inf
        ]
        if self.detour is not None and not 1 <= self.detour[0] <= self.detour[1] < np.inf:
            faults.append(f"detour is {self.detour}; give two factors from 1 on, ascending")
        if not 1 <= self.detour_used < np.inf:
            faults.append(f"detour_used is {self.detour_used}; give a factor from 1 on")
        if faults:
            raise InputError("uncertainty: " + "; ".join(faults))

    def terms(self) -> pd.DataFrame:
        """Return what is drawn and from what: ``distribution``, ``value``, ``unit``, ``source``."""
        rows = {
            "speed": (
                "lognormal, mean of the profile", self.speed_share, "share of the speed",
                "Kasovic 2021: sd 0.28 of 1.24 m/s at 60 and over",
            ),
            "home": ("uniform in a disc, radius", self.home_m, "m", "assumption"),
            "facility": ("normal, root mean square", self.facility_m, "m", "assumption"),
        }  # fmt: skip
        if self.detour is not None:
            low, high = self.detour
            rows["detour"] = (
                f"uniform {low:g} to {high:g}, in place of", self.detour_used,
                "network over straight", "assumption",
            )  # fmt: skip
        columns = ["distribution", "value", "unit", "source"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns)

    def speed_factors(self) -> Floats:
        """Return the speed of each draw over the profile's."""
        width = np.sqrt(np.log1p(self.speed_share**2))
        normal = np.array([self._stream(k, _SPEED).standard_normal() for k in range(self.draws)])
        return np.exp(width * normal - width**2 / 2)

    def detour_factors(self) -> Floats:
        """Return the factor on estimated minutes in each draw; 1 where none are estimated."""
        if self.detour is None:
            return np.ones(self.draws)
        low, high = self.detour
        drawn = [self._stream(k, _DETOUR).uniform(low, high) for k in range(self.draws)]
        return np.array(drawn) / self.detour_used

    def home_shifts(self, draw: int, ids: pd.Index) -> Floats:
        """Return by how many metres each home is moved in one draw, shape (n, 2)."""
        radius, angle = self._by_id(draw, _HOMES, ids, "random").T
        metres, angle = self.home_m * np.sqrt(radius), 2 * np.pi * angle
        return np.column_stack([metres * np.cos(angle), metres * np.sin(angle)])

    def facility_shifts(self, draw: int, ids: pd.Index) -> Floats:
        """Return by how many metres each facility is moved in one draw, shape (n, 2)."""
        normal = self._by_id(draw, _FACILITIES, ids, "standard_normal")
        return self.facility_m / np.sqrt(2.0) * normal

    def _stream(self, draw: int, what: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, draw, what])

    def _by_id(self, draw: int, what: int, ids: pd.Index, kind: str) -> Floats:
        # numbers go to ids in sorted order, so that the order of rows decides nothing
        order = np.argsort(ids.astype(str).to_numpy(), kind="stable")
        drawn = np.empty((len(ids), 2))
        drawn[order] = getattr(self._stream(draw, what), kind)((len(ids), 2))
        return drawn


def draw_minutes(
    search: HomeSearch,
    facilities: pd.DataFrame,
    spots: tuple[gpd.GeoSeries, gpd.GeoSeries],
    uncertainty: Uncertainty,
) -> Iterator[Floats]:
    """Search the minutes of every draw along the roads.

    A place that is moved stays on its piece of road: the foot of its access leg slides along that
    piece, and the leg is measured anew. Nobody changes the side of a river.

    Parameters
    ----------
    search
        Network and homes.
    facilities
        Positions with ``extra_minutes``, sorted by id as text.
    spots
        Points of the homes and of the facilities, by their ids.
    uncertainty
        What is drawn.

    Yields
    ------
    array of shape (homes, draws in the slice)
        NaN without a way; slices come in the order of draws.
    """
    network, extra = search.network, facilities["extra_minutes"]
    scales = scales_with_speed(network, extra)
    factors = uncertainty.speed_factors()
    home_xy, place_xy = (_coordinates(points) for points in spots)
    usual = network.profile.speed_m_s

    def one(draw: int) -> Floats:
        there, factor = network, float(factors[draw])
        if not scales and factor != 1.0:
            there = network_at_speed(network, max(usual * factor, _LEAST_M_S))
            factor = 1.0
        shift = uncertainty.home_shifts(draw, search.homes.index)
        homes = _moved(there, search.homes, home_xy, shift)
        shift = uncertainty.facility_shifts(draw, facilities.index)
        places = _moved(there, facilities, place_xy, shift)
        towards = search.direction == "to_facility"
        packed = pack_places(there, homes, leaving=towards)
        if there is network:
            again = replace(search, homes=homes, at_home=packed)
        else:
            again = HomeSearch.over(there, homes, direction=search.direction)
        seconds, _ = again.two_nearest(places, extra_minutes=extra)
        return to_minutes(seconds[:, 0] / factor, there)

    with ThreadPoolExecutor() as pool:
        for first in range(0, uncertainty.draws, _SLICE):
            numbers = range(first, min(first + _SLICE, uncertainty.draws))
            yield np.column_stack(list(pool.map(one, numbers)))


def scaled_minutes(minutes: Floats, uncertainty: Uncertainty) -> Iterator[Floats]:
    """Scale a table of minutes to every draw: for studies that bring minutes and no roads.

    Speed and, where minutes are estimated from straight lines, the detour are drawn; positions are
    in the minutes and stay.

    Parameters
    ----------
    minutes
        Of each home to its nearest facility.
    uncertainty
        What is drawn.

    Yields
    ------
    array of shape (homes, draws in the slice)
    """
    factors = uncertainty.detour_factors() / uncertainty.speed_factors()
    for first in range(0, uncertainty.draws, _SLICE):
        yield np.round(minutes[:, None] * factors[first : first + _SLICE], 9)


def _coordinates(points: gpd.GeoSeries) -> Floats:
    """Return x and y of each point, NaN where it is missing or empty."""
    return np.column_stack([shapely.get_x(points.array), shapely.get_y(points.array)])


def _moved(
    network: RoadNetwork, positions: pd.DataFrame, xy: Floats, shift: Floats
) -> pd.DataFrame:
    """Return positions of places moved by some metres, each on its own piece of road."""
    piece = positions["piece"].to_numpy()
    rows = np.flatnonzero((piece >= 0) & (shift != 0).any(axis=1))
    if not len(rows):
        return positions
    line = network.roads.geometry.array[piece[rows]]
    point = shapely.points(xy[rows] + shift[rows])
    metres = shapely.line_locate_point(line, point)
    length = network.length_m[piece[rows]]
    fraction, access_m = (
        positions[name].to_numpy(dtype=float).copy() for name in ("fraction", "access_m")
    )
    fraction[rows] = np.divide(metres, length, out=np.zeros_like(metres), where=length > 0)
    access_m[rows] = shapely.distance(point, line)
    return positions.assign(fraction=fraction, access_m=access_m)
