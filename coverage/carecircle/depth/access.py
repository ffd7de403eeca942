"""Access, places and fairness of a study: the limits, facilities and people that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.analysis.access import FloatingCatchment, Method, floating_catchment, roll_up_access
from carecircle.analysis.capacity_use import CapacityUse, assign_places, roll_up_places
from carecircle.analysis.coverage import LEVELS
from carecircle.analysis.decay import Decay, Flat
from carecircle.analysis.inequality import inequality, inequality_by
from carecircle.depth.within import headed, reach_of
from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carecircle.analysis.findings import StudyCard
    from carecircle.planning.siting import DemandWeight
    from carecircle.study.assessment import Study

__all__ = ["StudyAccess", "StudyPlaces", "access_of", "places_of"]

_FLAT = Flat()


@dataclass(frozen=True, eq=False)
class StudyAccess:
    """Access of the homes of a study, rolled up.

    Attributes
    ----------
    card
        The terms of the study.
    supply, demand
        Column of the facilities that is shared, and of the homes among whom.
    shares
        Access by home and facility (:class:`carecircle.FloatingCatchment`).
    areas, totals
        :func:`carecircle.roll_up_access` by area, and by ``(level, unit_id)`` as in a result;
        ``name``.
    fairness
        :func:`carecircle.inequality` of access, by ``(level, unit_id)``; level ``age`` weighs the
        same homes by age group.
    """

    card: StudyCard
    supply: str
    demand: str
    shares: FloatingCatchment
    areas: pd.DataFrame
    totals: pd.DataFrame
    fairness: pd.DataFrame

    def _repr_html_(self) -> str:
        zh = self.card.language == "zh"
        city = _city(self.totals)
        per_1000 = 1000 * city["received"] / city["demand_total"] if city["demand_total"] else 0.0
        spread = inequality(self.shares.homes["access"], self.shares.homes["demand"])
        lost = self.shares.reaches_nobody
        supply, demand = self.supply, self.demand
        rows = [
            (
                f"每千 {demand} 的 {supply}" if zh else f"{supply} per 1,000 {demand}",
                f"{per_1000:,.2f} ({city['received']:,.0f} / {city['demand_total']:,.0f})",
            ),
            (
                "可达范围内无供给" if zh else "With nothing in reach",
                f"{city['demand_no_access']:,.0f}",
            ),
            ("未评估" if zh else "Not assessed", f"{city['demand_not_assessed']:,.0f}"),
            (
                "无人可达的设施" if zh else "Facilities that reach nobody",
                f"{len(lost):,} ({lost['supply'].sum():,.0f} {supply})",
            ),
            ("基尼系数" if zh else "Gini", f"{spread['gini']:.3f}"),
        ]
        return headed("可达性" if zh else "Access", self.card, rows)


@dataclass(frozen=True, eq=False)
class StudyPlaces:
    """Who of a study finds a place, rolled up.

    Attributes
    ----------
    card
        The terms of the study.
    places, demand
        Column of the facilities with their places, and of the homes with who wants one.
    use
        Places by home and facility (:class:`carecircle.CapacityUse`).
    areas, totals
        :func:`carecircle.roll_up_places` by area, and by ``(level, unit_id)`` as in a result;
        ``name``.
    """

    card: StudyCard
    places: str
    demand: str
    use: CapacityUse
    areas: pd.DataFrame
    totals: pd.DataFrame

    def _repr_html_(self) -> str:
        zh = self.card.language == "zh"
        city = _city(self.totals)
        binding = ", ".join(self.use.binding) or ("无" if zh else "none")
        rows = [
            (
                f"有位置的 {self.demand}" if zh else f"{self.demand} with a place",
                f"{city['placed']:,.0f} / {city['demand']:,.0f}",
            ),
            (
                "设施已满" if zh else "All within the limit full",
                f"{city['unplaced_full']:,.0f}",
            ),
            (
                "时限内无设施" if zh else "No facility within the limit",
                f"{city['unplaced_no_facility']:,.0f}",
            ),
            ("未评估" if zh else "Not assessed", f"{city['not_assessed']:,.0f}"),
            ("制约设施" if zh else "Binding facilities", binding),
        ]
        return headed("服务容量" if zh else "Places", self.card, rows)


def access_of(
    study: Study,
    *,
    supply: str = "places",
    demand: DemandWeight = "elders",
    method: Method = "two_step",
    decay: Decay = _FLAT,
    minutes_by_kind: Mapping[str, float] | None = None,
) -> StudyAccess:
    """Compute the access of every home of a study to the facilities that count.

    Parameters
    ----------
    study
        The study.
    supply
        Column of the facilities (``places``, ``beds``, ``floor_m2``), or ``facilities``: one each.
    demand
        Column of the homes, or ``homes``: one each. ``floor_m2`` and ``households`` give the floor
        area that a household really shares.
    method, decay
        As for :func:`carecircle.floating_catchment`.
    minutes_by_kind
        A catchment for each kind of facility that is to count. By default the study's kinds count,
        within the limit of the resident's area.

    Returns
    -------
    StudyAccess

    Raises
    ------
    InputError
        If a column is missing, or no facility counts.

    Examples
    --------
    >>> import carecircle as cc
    >>> found = access_of(cc.samples.toy_town(), supply="floor_m2", demand="households")
    >>> found.totals.loc[("city", "T"), ["received", "demand_total"]].to_dict()
    {'received': 200.0, 'demand_total': 130.0}
    """
    within = reach_of(study, minutes_by_kind=minutes_by_kind)
    people, offered = _people(study, demand), _supply(within.facilities, supply)
    shares = floating_catchment(
        within.pairs, people, offered, method=method, decay=decay, assessed=within.assessed
    )
    areas, totals = _rolled(study, shares.homes, roll_up_access)
    return StudyAccess(
        study.card, supply, demand, shares, areas, totals, _fairness(study, shares.homes)
    )


def places_of(
    study: Study,
    *,
    places: str = "places",
    demand: DemandWeight = "elders",
    minutes_by_kind: Mapping[str, float] | None = None,
) -> StudyPlaces:
    """Find out who of a study is left without a place once all places are taken.

    Parameters
    ----------
    study
        The study.
    places
        Column of the facilities, in the unit of the demand.
    demand, minutes_by_kind
        As for :func:`access_of`.

    Returns
    -------
    StudyPlaces

    Raises
    ------
    InputError
        If a column is missing, or no facility counts.

    Examples
    --------
    >>> import carecircle as cc
    >>> found = places_of(cc.samples.toy_town(), places="floor_m2", demand="population")
    >>> found.totals.loc[("city", "T"), ["placed", "unplaced", "not_assessed"]].tolist()
    [200.0, 100.0, 25.0]
    """
    within = reach_of(study, minutes_by_kind=minutes_by_kind)
    people, room = _people(study, demand), _supply(within.facilities, places)
    use = assign_places(within.pairs, people, room, assessed=within.assessed)
    areas, totals = _rolled(study, use.homes, roll_up_places)
    return StudyPlaces(study.card, places, demand, use, areas, totals)


def _people(study: Study, demand: str) -> pd.Series:
    homes = study.homes
    if demand == "homes":
        return pd.Series(1.0, index=homes.index)
    if demand not in homes:
        raise InputError(f"demand: the homes have no column {demand!r}; choose one, or 'homes'")
    return homes[demand].astype(float)


def _supply(facilities: pd.DataFrame, column: str) -> pd.Series:
    if column == "facilities":
        return pd.Series(1.0, index=facilities.index)
    if column not in facilities:
        amounts = facilities.select_dtypes("number").dropna(axis=1, how="all").columns
        raise InputError(
            f"supply: the facilities have no column {column!r} (amounts found:"
            f" {', '.join(amounts) or 'none'}); name one of these, or facilities for one each:"
            " supply= in Python, --supply on the command line"
        )
    return facilities[column].astype(float)


def _units(study: Study) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Return, per level, the unit of each home and the name of each unit."""
    areas, units = study.areas, {}
    for level, (column, name) in LEVELS.items():
        if column in areas and areas[column].notna().any():
            of_area = areas[column].astype("str")
            names = areas.get(name, of_area).groupby(of_area).first()
            units[level] = (study.homes["area_id"].map(of_area), names)
    if "city" not in units:
        nowhere = pd.Series("", index=study.homes.index)
        units = {"city": (nowhere, pd.Series({"": study.card.title})), **units}
    return units


def _rolled(
    study: Study, homes: pd.DataFrame, roll: Callable[[pd.DataFrame, pd.Series], pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    areas = roll(homes, study.homes["area_id"]).reindex(study.areas.index)
    areas.insert(0, "name", study.areas["name"])
    levels = {}
    for level, (unit, names) in _units(study).items():
        levels[level] = roll(homes, unit)
        levels[level].insert(0, "name", names.reindex(levels[level].index))
    return areas, pd.concat(levels, names=["level", "unit_id"])


def _fairness(study: Study, homes: pd.DataFrame) -> pd.DataFrame:
    access, people = homes["access"], homes["demand"]
    levels = {
        level: inequality_by(access, people, unit) for level, (unit, _) in _units(study).items()
    }
    ages = {name: inequality(access, part) for name, part in _ages(study.homes).items()}
    if ages:
        levels["age"] = pd.DataFrame(ages).T
    return pd.concat(levels, names=["level", "unit_id"])


def _ages(homes: pd.DataFrame) -> dict[str, pd.Series]:
    """Return people by age group, as far as the columns tell; NaN where they contradict."""
    known = {
        name: homes[name].astype(float)
        for name in ("population", "elders", "elders80")
        if name in homes
    }
    ages = {}
    if {"population", "elders"} <= set(known):
        ages["under_60"] = known["population"] - known["elders"]
    if {"elders", "elders80"} <= set(known):
        ages["60_to_79"] = known["elders"] - known["elders80"]
        ages["80_plus"] = known["elders80"]
    elif "elders" in known:
        ages["60_plus"] = known["elders"]
    return {name: part.where(part >= 0) for name, part in ages.items() if part.notna().any()}


def _city(totals: pd.DataFrame) -> dict[str, float]:
    city = totals[totals.index.get_level_values("level") == "city"]
    return {str(name): float(city[name].sum()) for name in city.columns if name != "name"}
