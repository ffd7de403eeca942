"""The same roads at other speeds: one search where minutes scale, else one for each speed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carecircle.errors import InputError
from carecircle.roads.access import edge_seconds
from carecircle.roads.standing import HomeSearch
from carecircle.roads.terms import to_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from carecircle.roads.chains import Chains
    from carecircle.roads.network import RoadNetwork
    from carecircle.roads.profiles import TravelProfile

    Floats = NDArray[np.float64]

__all__ = ["minutes_at_speeds", "network_at_speed", "profile_at_speed", "scales_with_speed"]

#: Two roundings to 2**-30 s, of the seconds and of their double.
_TICKS = 2.0**-29
_FASTEST_DOUBLED = 30.0


def network_at_speed(network: RoadNetwork, speed_m_s: float) -> RoadNetwork:
    """Return a network whose traveller moves at another speed; waits stay as long as they are.

    Positions located on the one hold on the other. Roads with a speed of their own (a scenario's)
    keep it.

    Parameters
    ----------
    network
        The network.
    speed_m_s
        Metres per second in place of the profile's.

    Raises
    ------
    InputError
        If the profile has a speed for each road class instead of one.

    Examples
    --------
    >>> import carecircle as cc
    >>> slow = network_at_speed(cc.samples.toy_town().network, 0.8)
    >>> slow.profile.name, float(slow.seconds[0, 0])
    ('elder_default@0.8', 125.0)
    """
    profile = profile_at_speed(network.profile, speed_m_s)
    as_built = edge_seconds(network.roads, network.profile)
    own = network.seconds != as_built
    seconds = np.where(own, network.seconds, edge_seconds(network.roads, profile))
    chains = _chains_with(network.chains, seconds)
    return replace(network, profile=profile, seconds=seconds, chains=chains)


def profile_at_speed(profile: TravelProfile, speed_m_s: float) -> TravelProfile:
    """Return a profile of one speed at another one.

    Parameters
    ----------
    profile
        The profile.
    speed_m_s
        Metres per second in place of its own.

    Raises
    ------
    InputError
        If the profile has a speed for each road class instead of one, or nobody moves like that.
    """
    if profile.class_kmh:
        raise InputError(
            f"speeds: profile {profile.name!r} has a speed for each road class; only a profile of"
            " one speed (on foot, by bike) can be walked faster or slower"
        )
    try:
        return profile.at_speed(speed_m_s)
    except ValueError as fault:
        raise InputError(f"speeds: {fault}") from fault


def scales_with_speed(network: RoadNetwork, extra_minutes: pd.Series | None = None) -> bool:
    """Return whether minutes are metres over speed and nothing else.

    They are not where signals, crossings or facilities take time of their own, where a trip starts
    with access minutes or walks its access leg at a speed of its own, and where roads have theirs.

    Parameters
    ----------
    network
        The network.
    extra_minutes
        Minutes added at each facility.

    Examples
    --------
    >>> import carecircle as cc
    >>> scales_with_speed(cc.samples.toy_town().network)
    True
    """
    profile = network.profile
    on_foot = profile.mode in ("walk", "wheelchair") and profile.access_speed_m_s is None
    waits = extra_minutes is not None and bool((extra_minutes.fillna(0.0) != 0).any())
    if not on_foot or waits or profile.access_minutes or profile.class_kmh:
        return False
    factor = 2.0 if profile.speed_m_s <= _FASTEST_DOUBLED else 0.5
    other = network_at_speed(network, profile.speed_m_s * factor).seconds
    is_open = np.isfinite(network.seconds)
    off = np.abs(other[is_open] * factor - network.seconds[is_open])
    return bool((off <= _TICKS).all())


def minutes_at_speeds(
    search: HomeSearch, facilities: pd.DataFrame, speeds_m_s: Sequence[float]
) -> Floats:
    """Return the minutes of each home to its nearest facility at several speeds.

    One search serves all speeds where minutes scale (:func:`scales_with_speed`), else each speed is
    searched.

    Parameters
    ----------
    search
        Network and homes.
    facilities
        Positions with ``extra_minutes``, sorted by id as text.
    speeds_m_s
        Metres per second.

    Returns
    -------
    array of shape (homes, speeds)
        NaN without a way.
    """
    network, extra = search.network, facilities["extra_minutes"]
    if scales_with_speed(network, extra):
        seconds, _ = search.two_nearest(facilities, extra_minutes=extra)
        usual = network.profile.speed_m_s
        columns = [to_minutes(seconds[:, 0] * (usual / speed), network) for speed in speeds_m_s]
        return np.column_stack(columns)
    columns = []
    for speed in speeds_m_s:
        there = network_at_speed(network, speed)
        again = HomeSearch.over(there, search.homes, direction=search.direction)
        seconds, _ = again.two_nearest(facilities, extra_minutes=extra)
        columns.append(to_minutes(seconds[:, 0], there))
    return np.column_stack(columns)


def _chains_with(chains: Chains, seconds: Floats) -> Chains:
    """Return chains over the same pieces with other seconds; open directions are the same."""
    from carecircle.roads.walks import running_sums

    along = np.ascontiguousarray(np.where(chains.flipped[:, None], seconds[:, ::-1], seconds))
    before, total = np.zeros_like(along), np.zeros_like(chains.seconds)
    running_sums(along, chains.order, chains.first, before, total)
    return replace(chains, before=before, seconds=total)
