"""What the rosters ask for, and what is in place of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from carecircle.standards.rule_frames import RuleFrames

__all__ = ["roster_duties"]

#: From the smallest unit up: a facility is counted for the smallest that asks for it.
_LEVELS = ("area", "street", "district", "city")


def roster_duties(frames: RuleFrames, kinds: tuple[str, ...]) -> pd.DataFrame:
    """List what each unit owes of these kinds by the rosters, and what it has.

    Each facility is counted once: for the smallest unit on the roster in which it stands, as long
    as that unit lacks one. So one child-protection body of a district
    does not count for the city too.

    Parameters
    ----------
    frames
        With ``rosters``: ``unit_level``, ``unit_id``, ``kind``, ``count`` (1 where missing).
    kinds
        Facility kinds.

    Returns
    -------
    pandas.DataFrame
        One row per duty: ``unit_level``, ``unit_id``, ``kind``, ``count`` owed, ``met`` (at most
        that many), ``facility_ids`` joined by ``;``, ``city_id``.
    """
    names = ["unit_level", "unit_id", "kind", "count", "met", "facility_ids", "city_id"]
    table = frames.rosters
    if table is None or not table["kind"].isin(kinds).any():
        return pd.DataFrame(columns=names)
    duties = table[table["kind"].isin(kinds)].reset_index(drop=True)
    owed = pd.to_numeric(duties["count"]) if "count" in duties else pd.Series(1.0, duties.index)
    duties = duties.assign(
        count=owed.fillna(1.0).astype(float), unit_id=duties["unit_id"].astype(str),
        met=0.0, facility_ids="",
    )  # fmt: skip
    counts = frames.of_kinds(kinds)
    left = pd.DataFrame({
        "kind": frames.facilities["kind"].astype(str).to_numpy(),
        **{level: _unit_ids(frames, level) for level in _LEVELS},
    }, index=frames.units("facility"))[counts]  # fmt: skip
    for level in _LEVELS:
        asked = duties[duties["unit_level"] == level].drop_duplicates(["unit_id", "kind"])
        left = _take(duties, asked, left, level)
    return duties.assign(city_id=_city_of(frames, duties))[names]


def _take(
    duties: pd.DataFrame, asked: pd.DataFrame, left: pd.DataFrame, level: str
) -> pd.DataFrame:
    """Count facilities for the units of one level, in ``duties``; return those still free."""
    offers = left.sort_index().reset_index(names="facility_id")
    met = offers.merge(
        asked.reset_index(names="row"), left_on=[level, "kind"], right_on=["unit_id", "kind"]
    )  # fmt: skip
    met = met[met.groupby("row").cumcount() < met["count"]]
    duties.loc[met["row"].unique(), "met"] = met.groupby("row", sort=False).size().astype(float)
    ids = met.groupby("row", sort=False)["facility_id"].agg(";".join)
    duties.loc[ids.index, "facility_ids"] = ids
    return left[~left.index.isin(met["facility_id"])]


def _unit_ids(frames: RuleFrames, level: str) -> np.ndarray:
    at = frames.unit_of(level, "facility")
    return np.append(frames.units(level).to_numpy(dtype=object), "")[at]


def _city_of(frames: RuleFrames, duties: pd.DataFrame) -> np.ndarray:
    cities = frames.units("city")
    if len(cities) == 1:
        return np.full(len(duties), cities[0], dtype=object)
    found = pd.Series("", duties.index, dtype=object)
    for level in _LEVELS:
        here = duties["unit_level"] == level
        units = frames.units(level)
        at = units.get_indexer(pd.Index(duties.loc[here, "unit_id"]))
        city = frames.unit_of("city", level)[at]
        names = cities.to_numpy(dtype=object)[city]
        found[here] = np.where((at >= 0) & (city >= 0), names, "")
    return found.to_numpy()
