"""Verdicts that hang on the road data: which would turn if a probable gap were joined."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from carecircle.analysis.road_gaps import RoadGapRule, joined_minutes, probable_gaps
from carecircle.analysis.units import is_on_time, weights_of
from carecircle.depth.certainty import judged_homes, roads_of
from carecircle.scenarios.baseline import Baseline

if TYPE_CHECKING:
    import geopandas as gpd

    from carecircle.roads.network import RoadNetwork
    from carecircle.study.assessment import Study

__all__ = ["RoadChecks", "road_gap_checks"]

_WHO = {"homes": "homes_flipped", "people": "people_flipped", "elders": "elders_flipped"}
_SLICE = 500  # gaps whose neighbourhood is looked at together
_SHOWN = 10


@dataclass(frozen=True, eq=False)
class RoadChecks:
    """Probable gaps in the road data, and every verdict that depends on one.

    Attributes
    ----------
    gaps
        The table to take into the field, most elders first; index ``road_gap_id``: what
        :func:`carecircle.analysis.road_gaps.probable_gaps` lists, and ``evaluated``,
        ``homes_flipped``, ``people_flipped``, ``elders_flipped`` (not in time today, in time if
        this gap alone were joined) and ``area_ids`` that would be on time, joined by ``;``. NaN and
        empty where not evaluated.
    homes
        One row per gap and home that would be in time: ``road_gap_id``, ``home_id``, ``area_id``,
        ``minutes_today`` (NaN without a way), ``minutes`` if joined, ``limit_minutes``.
    areas
        Index ``area_id``: ``name``, ``on_time`` (the verdict), ``depends_on``: the gaps that would
        turn it, joined by ``;``, and ``homes_depend``, ``elders_depend``: who there depends on some
        gap, each counted once.
    rule
        What was taken for a gap.
    """

    gaps: gpd.GeoDataFrame
    homes: pd.DataFrame
    areas: pd.DataFrame
    rule: RoadGapRule

    @property
    def depends_on(self) -> pd.Series:
        """Gaps that each home's verdict depends on, joined by ``;``; index ``home_id``."""
        return self.homes.groupby("home_id")["road_gap_id"].agg(";".join).rename("depends_on")

    def __repr__(self) -> str:
        n = int((self.gaps["homes_flipped"] > 0).sum())
        return (
            f"RoadChecks({len(self.gaps):,} probable gaps within {self.rule.max_m:g} m, {n:,} of"
            f" them decide the verdict of {self.homes['home_id'].nunique():,} homes)"
        )

    def _repr_html_(self) -> str:
        columns = ["road_id", "other_road_id", "gap_m", "detour_m", "x", "y", *_WHO.values()]
        table = pd.DataFrame(self.gaps[columns]).head(_SHOWN).round(1)
        return f"<div>{escape(repr(self))}{table.to_html(escape=True, na_rep='--')}</div>"


def road_gap_checks(study: Study | Baseline, rule: RoadGapRule | None = None) -> RoadChecks:
    """Find probable gaps in the roads and the verdicts that would turn if one were joined.

    Each gap is taken alone. Doors stay on the roads they open on today. Where there are more gaps
    than ``rule.most``, those with most elders not in time within reach as the crow flies are
    evaluated, for nobody farther away can be helped.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it.
    rule
        What is a gap.

    Returns
    -------
    RoadChecks
        Gaps, and the homes and areas that depend on them.

    Raises
    ------
    InputError
        If the study brings its own minutes and no roads.

    Examples
    --------
    >>> import carecircle as cc
    >>> road_gap_checks(cc.samples.toy_town())
    RoadChecks(0 probable gaps within 15 m, 0 of them decide the verdict of 0 homes)
    """
    rule = rule or RoadGapRule()
    baseline = study if isinstance(study, Baseline) else Baseline.of(study)
    search, tables = roads_of(baseline, "road gaps"), baseline.study.tables
    gaps = probable_gaps(search.network, rule, barriers=tables.barriers)
    homes = judged_homes(baseline)
    late = (~homes["covered"]).fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # not assessed: no verdict to turn
    chosen = _worth_asking(gaps, homes[late], search.network, rule)
    longest = float(np.nanmax(baseline.tally.limit, initial=1.0))
    found = joined_minutes(search, baseline.open_today, chosen, max_minutes=longest)
    home = found["home"].to_numpy()
    turned = found[late[home] & (found["minutes"] <= baseline.tally.limit[home])]
    flips = _flipped(turned, homes)
    areas, by_gap = _area_flips(flips, homes, baseline)
    table = _ranked(gaps, chosen.index, flips, by_gap)
    return RoadChecks(table, flips.drop(columns=["homes", "people", "elders"]), areas, rule)


def _worth_asking(
    gaps: gpd.GeoDataFrame, late: gpd.GeoDataFrame, network: RoadNetwork, rule: RoadGapRule
) -> gpd.GeoDataFrame:
    """Return at most ``rule.most`` gaps: those with most elders not in time within reach."""
    if len(gaps) <= rule.most or late.empty:
        return gaps.iloc[: rule.most]
    is_open = np.isfinite(network.seconds)
    fastest = float((network.length_m[:, None] / network.seconds)[is_open].max())
    far = float(late["limit_minutes"].max()) * 60.0 * fastest
    tree = shapely.STRtree(late.geometry.to_numpy())
    weights = weights_of(late)
    elders = weights["elders" if weights["elders"].notna().any() else "homes"].fillna(0.0)
    near = np.zeros(len(gaps))
    for first in range(0, len(gaps), _SLICE):
        spots = gaps.geometry.to_numpy()[first : first + _SLICE]
        gap, home = tree.query(spots, predicate="dwithin", distance=far)
        near[first : first + _SLICE] = np.bincount(gap, elders.to_numpy()[home], len(spots))
    order = np.argsort(-near, kind="stable")[: rule.most]
    return gaps.iloc[np.sort(order)]


def _flipped(turned: pd.DataFrame, homes: gpd.GeoDataFrame) -> pd.DataFrame:
    row = turned["home"].to_numpy()
    who = homes.iloc[row]
    table = pd.DataFrame(
        {
            "road_gap_id": turned["road_gap_id"].astype("str").to_numpy(),
            "home_id": who.index.astype("str"),
            "area_id": who["area_id"].to_numpy(),
            "minutes_today": who["minutes"].to_numpy(),
            "minutes": turned["minutes"].to_numpy(),
            "limit_minutes": who["limit_minutes"].to_numpy(),
        }
    )
    weights = weights_of(homes).iloc[row].reset_index(drop=True)[list(_WHO)]
    table = table.join(weights).sort_values(["road_gap_id", "home_id"], kind="stable")
    return table.reset_index(drop=True)


def _area_flips(
    flips: pd.DataFrame, homes: gpd.GeoDataFrame, baseline: Baseline
) -> tuple[pd.DataFrame, pd.Series]:
    """Return per area the gaps that would turn its verdict, and per gap the areas."""
    areas, weights = baseline.study.areas, weights_of(homes)
    who = "elders" if weights["elders"].notna().any() else "homes"
    covered = homes["covered"].fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # missing is not covered
    parts = {"total": 1.0, "covered": covered, "not_assessed": homes["covered"].isna().to_numpy()}
    sums = pd.DataFrame({name: weights[who] * part for name, part in parts.items()})
    sums = sums.groupby(homes["area_id"]).sum(min_count=1).reindex(areas.index).round(9)
    terms = (sums["total"], sums["not_assessed"])
    share = baseline.study.card.on_time_share
    on_time = is_on_time(sums[["covered"]], *terms, share=share)["covered"]
    gains = flips.groupby(["area_id", "road_gap_id"])[who].sum().unstack()  # noqa: PD010  # one column
    gains = gains.reindex(areas.index).fillna(0.0)
    then = is_on_time(gains.add(sums["covered"], axis=0), *terms, share=share)
    today, after = (
        verdict.fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # unknown does not turn
        for verdict in (on_time.to_frame(), then)
    )
    ids = np.asarray(gains.columns.astype(str), dtype=object)
    row, column = np.nonzero(after & ~today)
    pairs = pd.DataFrame({"area": areas.index.astype(str)[row], "gap": ids[column]})
    once = flips.drop_duplicates("home_id").groupby("area_id")[["homes", "elders"]].sum()
    once = once.reindex(areas.index, fill_value=0.0).add_suffix("_depend")
    depends = pairs.groupby("area")["gap"].agg(";".join).reindex(areas.index.astype(str))
    table = pd.DataFrame(
        {
            "name": areas.get("name", areas.index.to_series()),
            "on_time": on_time,
            "depends_on": pd.Series(depends.fillna("").to_numpy(), areas.index, dtype="str"),
        }
    )
    return table.join(once), pairs.groupby("gap")["area"].agg(";".join)


def _ranked(
    gaps: gpd.GeoDataFrame, evaluated: pd.Index, flips: pd.DataFrame, by_gap: pd.Series
) -> gpd.GeoDataFrame:
    sums = flips.groupby("road_gap_id")[list(_WHO)].sum(min_count=1).rename(columns=_WHO)
    sums = sums.reindex(gaps.index, fill_value=0.0)
    asked = gaps.index.isin(evaluated)
    sums[~asked] = np.nan
    table = gaps.join(sums)
    table.insert(5, "evaluated", asked)
    table["area_ids"] = by_gap.reindex(gaps.index).fillna("").astype("str")
    order = ["elders_flipped", "homes_flipped", "gap_m"]
    table = table.sort_values(order, ascending=[False, False, True], kind="stable")
    shape = table.pop("geometry")
    return table.set_geometry(shape)
