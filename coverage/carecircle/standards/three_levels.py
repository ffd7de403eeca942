"""The three-level network: dispatch centre, street centre, station; its links and orphans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.joining import ids_by_unit
from carecircle.analysis.roster import roster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.standards.rule_frames import RuleFrames

__all__ = ["network_matrix", "station_links"]

_STATIONS = ("station", "day_care")
_CENTRES = ("street_centre",)
_DISPATCH = ("dispatch_centre",)


def network_matrix(
    frames: RuleFrames,
    *,
    stations: tuple[str, ...] = (),
    centres: tuple[str, ...] = _CENTRES,
    dispatch: tuple[str, ...] = _DISPATCH,
) -> pd.DataFrame:
    """Tell for each town and street which of the three levels stand.

    Parameters
    ----------
    frames
        The tables.
    stations, centres, dispatch
        Facility kinds of the three levels; without stations, the eligible ones (by the roster:
        whom a station serves, not where it stands).

    Returns
    -------
    pandas.DataFrame
        Index ``street_id``: ``name``, ``district_id``, ``dispatch_ids`` (of its district) and
        ``centre_ids`` joined by ``;``, ``areas``, ``areas_with_station``, ``areas_without`` (ids
        joined by ``;``), ``levels`` of the three that are complete, ``complete``. Empty where the
        areas name no street.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.samples.toy_town()
    >>> areas = town.areas.assign(street_id=["S1", "S1", "S2", "S2"], district_id="D")
    >>> frames = cc.RuleFrames(areas, town.facilities, eligible=("station",))
    >>> network_matrix(frames)["areas_without"].to_dict()
    {'S1': 'C', 'S2': 'V;N'}
    """
    units = frames.units("street")
    at, n = frames.unit_of("street", "area"), len(units)
    has = roster(frames.areas, frames.facilities[frames.of_kinds(stations)])["has_facility"]
    own = has.to_numpy(dtype=bool)
    district = frames.unit_of("district", "street")
    dispatched = _standing(frames, "district", dispatch)
    areas, with_station = (
        np.bincount(at[rows & (at >= 0)], minlength=n) for rows in (np.ones(len(at), bool), own)
    )
    table = pd.DataFrame({
        "name": frames.column("street", "street_name").to_numpy(dtype=object),
        "district_id": np.append(frames.units("district").to_numpy(dtype=object), "")[district],
        "dispatch_ids": np.append(dispatched, "")[district],
        "centre_ids": _standing(frames, "street", centres),
        "areas": areas,
        "areas_with_station": with_station,
        "areas_without": ids_by_unit(frames.units("area"), at, ~own & (at >= 0), n),
    }, index=units.rename("street_id"))  # fmt: skip
    whole = [table["dispatch_ids"] != "", table["centre_ids"] != "",
             table["areas_with_station"] == table["areas"]]  # fmt: skip
    levels = sum(level.astype(int) for level in whole)
    table = table.assign(levels=levels, complete=levels == len(whole))
    return table[table.index != ""]


def station_links(
    frames: RuleFrames,
    *,
    minutes: float = 15.0,
    kinds: tuple[str, ...] = _STATIONS,
    centres: tuple[str, ...] = _CENTRES,
) -> pd.DataFrame:
    """List the operating stations with the centre each is linked to, and the orphans.

    A station is linked when a centre stands in its own town or street, or within ``minutes`` of it
    (known where the frames have ``links``). Otherwise it is an orphan.

    Parameters
    ----------
    frames
        The tables; ``links`` for minutes.
    minutes
        Most minutes between station and centre; exactly as many are within.
    kinds, centres
        Facility kinds of stations and of centres.

    Returns
    -------
    pandas.DataFrame
        Index ``facility_id``: ``name``, ``area_id`` and ``street_id`` it stands in,
        ``areas_served`` (more than one: shared), ``centre_ids`` in the own street,
        ``centre_minutes`` to the nearest centre anywhere (NaN: none, or not known), ``orphan``,
        ``reason`` (``no_centre_in_street``, ``no_street``).

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.samples.toy_town()
    >>> frames = cc.RuleFrames(town.areas.assign(street_id="S1"), town.facilities)
    >>> station_links(frames)[["orphan", "reason"]].to_dict("index")
    {'F1': {'orphan': True, 'reason': 'no_centre_in_street'}}
    """
    asked = frames.of_kinds(kinds)
    facilities, at = frames.facilities, frames.unit_of("street", "facility")
    streets = np.append(frames.units("street").to_numpy(dtype=object), "")[at]
    centre_ids = np.append(_standing(frames, "street", centres), "")[at]
    centre_ids = np.where(streets == "", "", centre_ids)
    nearest = frames.link_minutes(centres)
    away = np.full(len(asked), np.nan) if nearest is None else nearest
    linked = (centre_ids != "") | (away <= minutes)
    named = facilities.get("serves", pd.Series("", facilities.index))
    served = named.astype(object).fillna("").astype("str")
    table = pd.DataFrame({
        "name": facilities.get("name", pd.Series(facilities.index, facilities.index)).to_numpy(),
        "area_id": frames.column("facility", "area_id").to_numpy(dtype=object),
        "street_id": streets,
        "areas_served": (served.str.count(";") + 1).where(served != "", 0).to_numpy(),
        "centre_ids": centre_ids, "centre_minutes": away, "orphan": ~linked,
        "reason": np.where(linked, "", np.where(streets == "", "no_street",
                                                "no_centre_in_street")),
    }, index=frames.units("facility").rename("facility_id"))  # fmt: skip
    return table[asked]


def _standing(frames: RuleFrames, level: str, kinds: tuple[str, ...]) -> NDArray[np.object_]:
    """Return the ids of the facilities of these kinds that stand in each unit of a level."""
    at = frames.unit_of(level, "facility")
    rows = frames.of_kinds(kinds) & (at >= 0)
    return ids_by_unit(frames.units("facility"), at, rows, len(frames.units(level)))
