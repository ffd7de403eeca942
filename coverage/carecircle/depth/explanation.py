"""What to tell a villager who asks: why are we not served, and what would have to happen."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.explained import best_changes, changes_by_unit, units_explained
from carecircle.analysis.gaps import GapContext, uncovered_homes
from carecircle.depth.certainty import roads_of
from carecircle.depth.road_checks import road_gap_checks
from carecircle.depth.sentences import sentences
from carecircle.inputs.topology import assign_areas
from carecircle.roads.positions import locate
from carecircle.roads.reach import reach
from carecircle.roads.speeds import minutes_at_speeds, scales_with_speed
from carecircle.scenarios.baseline import Baseline
from carecircle.study.assessment import assess
from carecircle.study.places import snap_limits

if TYPE_CHECKING:
    import geopandas as gpd

    from carecircle.depth.road_checks import RoadChecks
    from carecircle.study.assessment import Result, Study

__all__ = ["Explanations", "explain_uncovered"]

_COMING = ("planned", "building")
_LADDER = tuple(1.0 + 0.05 * k for k in range(1, 41))  # speeds tried, over the profile's
_SHOWN = 10
_HELPS = ["change", "target_id", "home_id", "minutes"]


@dataclass(frozen=True, eq=False)
class Explanations:
    """Every uncovered area and every area not on time, with what would change the verdict.

    Attributes
    ----------
    units
        Index ``(unit_kind, unit_id)``; ``gap``: an uncovered area of the result, ``area``: a
        community or village that is not on time. ``name``, ``counted_in``, ``total``,
        ``uncovered``, ``unreachable``, ``minutes_over``, ``facility_id`` (the nearest), ``cause``,
        ``limit_minutes`` (as text, ``15`` or ``15/30``),
        ``best`` (the measure on the ground that is enough, else the one that helps most; missing:
        none) and the sentences ``zh`` and ``en``.
    changes
        Index ``(unit_kind, unit_id, change)``: ``target_id``, ``target_name``, ``value``,
        ``value_unit``, ``gained``, ``uncovered``, ``gained_homes``, ``enough``, ``best``; see
        :func:`carecircle.analysis.explained.changes_by_unit`.
    """

    units: pd.DataFrame
    changes: pd.DataFrame

    def __repr__(self) -> str:
        kinds = self.units.index.get_level_values("unit_kind")
        return (
            f"Explanations({(kinds == 'gap').sum():,} uncovered areas and"
            f" {(kinds == 'area').sum():,} areas not on time, {len(self.changes):,} changes)"
        )

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<li>{escape(zh)}<br>{escape(en)}</li>"
            for zh, en in self.units[["zh", "en"]].head(_SHOWN).itertuples(index=False)
        )
        return f"<div>{escape(repr(self))}<ul>{lines}</ul></div>"


def explain_uncovered(
    study: Study | Baseline,
    *,
    result: Result | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    road_checks: RoadChecks | None = None,
) -> Explanations:
    """Explain every uncovered area and every area not on time, with what would help on the ground.

    The measures looked for are single ones: a gap in the roads joined, a facility opened that is
    planned or being built, a candidate built. How many minutes a place is short of the rule, and
    the walking speed that would do, are margins: they are told and never proposed.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it.
    result
        Its assessment, if there is one already.
    candidates
        Contract ``sites``, or any points where one could build (public buildings, say); the study's
        own sites when missing. Sites marked ``forbidden`` are left out.
    road_checks
        From :func:`carecircle.road_gap_checks`, if there are some already.

    Returns
    -------
    Explanations
        One row per unit and kind of measure or margin, and one sentence per unit in Chinese and
        English.

    Examples
    --------
    >>> import carecircle as cc
    >>> found = explain_uncovered(cc.samples.toy_town())
    >>> village = found.changes.loc[("area", "V")]
    >>> village[["value", "value_unit", "gained"]].T.to_dict("list")
    ... # doctest: +NORMALIZE_WHITESPACE
    {'open_planned': [0.0, 'minutes', 10.0], 'minutes_short': [3.333333333, 'minutes short', 10.0],
     'speed_needed': [1.112, 'm/s', 10.0]}
    """
    baseline = study if isinstance(study, Baseline) else Baseline.of(study)
    town = baseline.study
    result = result or assess(town)
    gap_of = uncovered_homes(
        result.homes, result.areas, result.facilities, town.terms.gaps,
        barriers=town.tables.barriers, context=GapContext(town.card.profile, town.card.eligible),
    )  # fmt: skip
    homes = _asked_homes(baseline, result, gap_of)
    members = _members(result, gap_of)
    helps = pd.concat(
        [_joins(baseline, road_checks), _openings(baseline), _sites(baseline, candidates)],
        ignore_index=True,
    )
    late = homes.index[~homes["covered"].fillna(False).to_numpy(dtype=bool)]  # noqa: FBT003  # missing is not in time
    helps = helps[helps["home_id"].isin(late)]
    units = units_explained(members, homes)
    changes = changes_by_unit(members, homes, helps, share=town.card.on_time_share)
    best = best_changes(changes)
    changes["best"] = changes.index.isin(best.to_frame().set_index("change", append=True).index)
    changes.insert(1, "target_name", _names(changes, baseline, candidates))
    units.insert(0, "name", _unit_names(units, result))
    units["best"] = best.reindex(units.index)
    units = _in_order(units, result)
    said = sentences(units, changes, result.facilities)
    return Explanations(units.join(said), changes)


def _asked_homes(baseline: Baseline, result: Result, gap_of: pd.Series) -> pd.DataFrame:
    """Return the homes with what each would need: more minutes, a faster walk."""
    homes = pd.DataFrame(result.homes.drop(columns="geometry"))
    if "elders" not in homes:
        homes["elders"] = np.nan
    homes["minutes_short"] = homes["minutes_over"]
    homes["speed_needed_m_s"] = _speeds_needed(baseline)
    cause = gap_of.map(result.gaps["cause"])
    homes["cause"] = cause.reindex(homes.index)
    return homes


def _speeds_needed(baseline: Baseline) -> np.ndarray:
    """Return the least speed at which each home would be in time, NaN where none was found."""
    today, limit = baseline.today.minutes, baseline.tally.limit
    nothing = np.full(len(today), np.nan)
    search = baseline.search
    if search is None or search.network.profile.class_kmh:
        return nothing
    usual, places = search.network.profile.speed_m_s, baseline.open_today
    if scales_with_speed(search.network, places["extra_minutes"]):
        return np.divide(usual * today, limit, out=nothing, where=limit > 0)
    speeds = [usual * step for step in _LADDER]
    within = minutes_at_speeds(search, places, speeds) <= limit[:, None]
    first = np.array([*speeds, np.nan])[np.where(within.any(axis=1), within.argmax(axis=1), -1)]
    return np.where(baseline.today.covered, usual, first)


def _members(result: Result, gap_of: pd.Series) -> pd.DataFrame:
    """Return which homes each uncovered area and each area not on time has."""
    gaps = pd.DataFrame({"unit_kind": "gap", "unit_id": gap_of, "home_id": gap_of.index})
    late = result.areas.index[(~result.areas["on_time"]).fillna(False).to_numpy(dtype=bool)]  # noqa: FBT003
    inside = result.homes[result.homes["area_id"].isin(late)]
    areas = pd.DataFrame(
        {"unit_kind": "area", "unit_id": inside["area_id"], "home_id": inside.index}
    )
    return pd.concat([gaps, areas], ignore_index=True).astype("str")


def _joins(baseline: Baseline, checks: RoadChecks | None) -> pd.DataFrame:
    if baseline.search is None:
        return pd.DataFrame(columns=_HELPS)
    flips = (checks or road_gap_checks(baseline)).homes
    table = flips[["home_id", "minutes"]].assign(change="join_road", target_id=flips["road_gap_id"])
    return table[_HELPS]


def _openings(baseline: Baseline) -> pd.DataFrame:
    register, facilities = baseline.register, baseline.study.facilities
    status = facilities.get("status", pd.Series("operating", facilities.index))
    coming = register[status.isin(_COMING) & register["counts"].astype(bool)]
    if baseline.search is not None:
        return _reached(baseline, coming, "open_planned")
    pairs = baseline.study.tables.minutes
    if pairs is None:
        return pd.DataFrame(columns=_HELPS)
    return _within(baseline, pairs[pairs["facility_id"].isin(coming.index)], "open_planned")


def _sites(baseline: Baseline, candidates: gpd.GeoDataFrame | None) -> pd.DataFrame:
    study = baseline.study
    sites = study.tables.sites if candidates is None else candidates
    if baseline.search is None or sites is None or sites.empty:
        return pd.DataFrame(columns=_HELPS)
    if "forbidden" in sites:
        sites = sites[~sites["forbidden"].astype("boolean").fillna(False).to_numpy(dtype=bool)]  # noqa: FBT003
    main = {0} if study.terms.prefer_connected else None
    snap = snap_limits(assign_areas(sites, study.areas), study)
    places = locate(study.network, sites, max_snap_m=snap, prefer=main)
    return _reached(baseline, places.assign(extra_minutes=0.0), "build")


def _reached(baseline: Baseline, places: pd.DataFrame, change: str) -> pd.DataFrame:
    search, limit = roads_of(baseline, change), baseline.tally.limit
    if places.empty or np.isnan(limit).all():
        return pd.DataFrame(columns=_HELPS)
    pairs = reach(
        search.network, places, search.homes, max_minutes=float(np.nanmax(limit)),
        direction=search.direction, extra_minutes=places["extra_minutes"],
    )  # fmt: skip
    return _within(baseline, pairs, change)


def _within(baseline: Baseline, pairs: pd.DataFrame, change: str) -> pd.DataFrame:
    """Return the pairs within the home's limit, as helps."""
    limit = pd.Series(baseline.tally.limit, baseline.study.homes.index.astype("str"))
    limits = pairs["home_id"].map(limit).to_numpy(dtype=float)
    good = pairs[pairs["minutes"].to_numpy(dtype=float) <= limits]
    return good.rename(columns={"facility_id": "target_id"}).assign(change=change)[_HELPS]


def _names(
    changes: pd.DataFrame, baseline: Baseline, candidates: gpd.GeoDataFrame | None
) -> pd.Series:
    sites = baseline.study.tables.sites if candidates is None else candidates
    names = [frame["name"] for frame in (baseline.study.facilities, sites)
             if frame is not None and "name" in frame]  # fmt: skip
    known = pd.concat(names) if names else pd.Series(dtype="str")
    known = known[~known.index.duplicated()]
    return changes["target_id"].map(known).astype("str")


def _unit_names(units: pd.DataFrame, result: Result) -> np.ndarray:
    names = {
        "gap": result.gaps["area_names"],
        "area": result.areas.get("name", result.areas.index.to_series()),
    }
    return np.array([names[kind].get(one, one) for kind, one in units.index], dtype=object)


def _in_order(units: pd.DataFrame, result: Result) -> pd.DataFrame:
    """Return the units in the order of the result: gaps by rank, then areas."""
    order = [("gap", one) for one in result.gaps.index]
    order += [("area", str(one)) for one in result.areas.index]
    places = units.index.get_indexer(pd.MultiIndex.from_tuples(order))
    return units.iloc[places[places >= 0]]
