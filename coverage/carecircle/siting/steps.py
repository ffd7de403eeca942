"""The steps of a plan: the scenario it is, and what holds once each of its sites is built."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from carecircle.errors import CrsError, InputError
from carecircle.planning.scenario import Scenario
from carecircle.planning.tally import FIGURES
from carecircle.scenarios.baseline import Baseline
from carecircle.scenarios.what_if import apply_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from carecircle.planning.plan import Plan
    from carecircle.scenarios.baseline import Outcome
    from carecircle.study.assessment import Study

__all__ = ["one_by_one", "plan_as_scenario", "steps_of", "with_sites"]

_WEIGHTS = ("homes", "people", "elders")
_SHOWN = 5  # ids enough to recognise the kind of id


def plan_as_scenario(
    study: Study,
    plan: Plan,
    sites: gpd.GeoDataFrame | None = None,
    *,
    name: str | None = None,
) -> Scenario:
    """Turn a plan into a scenario that can be compared, saved and shared.

    Parameters
    ----------
    study
        The study the plan was made for.
    plan
        Its chosen sites are built, in their order; what it closes or moves away is closed.
    sites
        The table that the plan was chosen from; not needed where these are the study's own sites.
    name
        Of the scenario; that of the problem when missing.

    Returns
    -------
    Scenario
        Brings along the sites that are not the study's own.

    Raises
    ------
    CrsError
        If the sites are in another CRS than the study.
    InputError
        If a chosen site is in no table, or stands elsewhere in the study's own table.

    Examples
    --------
    >>> import carecircle as cc, geopandas as gpd, shapely
    >>> town = cc.samples.toy_town()
    >>> spots = gpd.GeoDataFrame(geometry=[shapely.Point(900, 0)], index=["N1"], crs=town.areas.crs)
    >>> plan = cc.max_cover(cc.siting_instance(town, spots), n_sites=1)
    >>> plan_as_scenario(town, plan, spots)
    Scenario('max_cover': build N1)
    """
    ids = plan.site_ids
    own = study.tables.sites
    known = set(study.facilities.index) | set(() if own is None else own.index)
    extra = None
    if sites is not None:
        if sites.crs != study.facilities.crs:
            msg = f"sites are in {sites.crs}, the study in {study.facilities.crs}; use to_crs()"
            raise CrsError(msg)
        extra = sites[sites.index.astype(str).isin(ids)].rename_axis(index="site_id")
        _refuse_moved(extra, own)
        extra = extra[~extra.index.isin(known)]
    missing = [one for one in ids if one not in known and (extra is None or one not in extra.index)]
    if missing:
        some = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        msg = f"plan: chosen sites {some} are in no table; pass the sites that it was chosen from"
        raise InputError(msg)
    extra = extra if extra is not None and len(extra) else None
    shut, moved = plan.terms.get("closed", ()), plan.terms.get("moved", {})
    close = [*map(str, shut), *map(str, moved)]  # type: ignore[call-overload]  # ids, and from: to
    return Scenario(name or plan.problem, build=ids, close=close, sites=extra)


def _refuse_moved(extra: gpd.GeoDataFrame, own: gpd.GeoDataFrame | None) -> None:
    both = extra.index.intersection(() if own is None else own.index)
    if own is None or not len(both):
        return
    apart = extra.geometry[both].distance(own.geometry[both]) > 0
    if apart.any():
        one = apart.index[apart][0]
        msg = f"sites: {one} stands elsewhere in the study's own sites; give it another id"
        raise InputError(msg)


def with_sites(base: Baseline, extra: object) -> Baseline:
    """Return the same baseline with a plan's sites among its own, so that each is located once."""
    if not isinstance(extra, gpd.GeoDataFrame):
        return base
    tables, crs = base.study.tables, base.study.facilities.crs
    parts = [extra] if tables.sites is None else [tables.sites, extra]
    every = gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=crs)
    study = replace(base.study, tables=replace(tables, sites=every))
    vars(study)["network"] = base.study.network  # what the cached property would build anew
    return replace(base, study=study)


def one_by_one(base: Baseline, ids: Sequence[str]) -> Iterator[Outcome]:
    """Yield what holds once each site is built, with those before it."""
    start = 0
    served = set(base.open_today["component"])
    for place, one in enumerate(ids):
        scenario = Scenario("so far", build=ids[start : place + 1])
        part = set(base.places["component"].loc[[one]]) - {-1}
        if part <= served or not base.study.terms.prefer_connected:
            yield base.what_if(scenario)
            continue
        # the first facility of its part of the network: homes link anew, and what follows
        # is an update again only from here
        base = Baseline.of(apply_scenario(base.study, scenario))
        start, served = place + 1, set(base.open_today["component"])
        yield base.today


def steps_of(base: Baseline, ids: Sequence[str], outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Return a row for each site in building order; see :attr:`carecircle.PlanEffects.steps`.

    Parameters
    ----------
    base
        Today, with the sites among its own.
    ids
        Sites in building order.
    outcomes
        What holds once each of them is built.
    """
    every = [base.today, *outcomes]
    city = pd.DataFrame([_summed(one) for one in every], columns=FIGURES)
    areas = base.study.areas.index
    now, before = city.iloc[1:].reset_index(drop=True), city.iloc[:-1]
    places = base.places.loc[list(ids)]
    frame = pd.DataFrame(index=pd.Index(list(ids), name="site_id", dtype="str"))
    frame["name"] = _names(base.study, ids)
    inside = places["stands_in"].to_numpy(dtype=np.int64)
    frame["area_id"] = np.array([*areas, None], dtype=object)[inside]  # the last stands for -1
    for weight in _WEIGHTS:
        gained = now[f"{weight}_covered"] - before[f"{weight}_covered"]
        frame[f"{weight}_gained"] = gained.to_numpy()
    figures = (
        "elders_covered", "elders_total", "units_with_facility", "units_on_time", "units_total"
    )  # fmt: skip
    for figure in figures:
        frame[figure] = now[figure].to_numpy()
    frame.insert(7, "elders_rate", (frame["elders_covered"] / frame["elders_total"]).to_numpy())
    for figure in ("with_facility", "on_time"):
        state = np.array([_flags(one, f"units_{figure}") for one in every])
        moved = state[1:] & ~state[:-1]
        frame[f"areas_{figure}"] = [";".join(areas[row].astype(str)) for row in moved]
    frame["cost"] = _costs(base.study, ids)
    frame["cost_so_far"] = frame["cost"].cumsum(skipna=False)
    gain = frame["elders_gained"]
    frame["cost_per_elder"] = (frame["cost"] / gain).where(gain > 0)
    return frame


def _summed(outcome: Outcome) -> NDArray[np.float64]:
    """Return the sums over the whole study; unknown everywhere stays unknown."""
    figures = outcome.figures["city"]
    unknown = np.isnan(figures).all(axis=0)
    return np.where(unknown, np.nan, np.nansum(figures, axis=0))


def _flags(outcome: Outcome, figure: str) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = outcome.figures["area"][:, FIGURES.index(figure)] > 0
    return flags


def _column(study: Study, ids: Sequence[str], name: str) -> pd.Series:
    """Return a column of sites and facilities by id, missing where it is not told."""
    tables = [study.facilities, study.tables.sites]
    told = [t[name] for t in tables if t is not None and name in t]
    if not told:
        return pd.Series(np.nan, index=list(ids))
    every = pd.concat(told)
    return every[~every.index.duplicated(keep="last")].reindex(list(ids))


def _costs(study: Study, ids: Sequence[str]) -> NDArray[np.float64]:
    return _column(study, ids, "cost").to_numpy(dtype=float)


def _names(study: Study, ids: Sequence[str]) -> list[str]:
    told = _column(study, ids, "name")
    return [
        "" if pd.isna(name) or name == one else str(name)
        for one, name in zip(ids, told, strict=True)
    ]
