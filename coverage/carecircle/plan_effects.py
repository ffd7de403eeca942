"""What a plan means for the city: site by site in building order, then unit by unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from carecircle.baseline import Baseline
from carecircle.comparison import Comparison, compare
from carecircle.errors import CrsError, InputError
from carecircle.outputs.summary import fraction
from carecircle.planning.scenario import Scenario
from carecircle.planning.tally import FIGURES
from carecircle.what_if import apply_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from carecircle.baseline import Outcome
    from carecircle.planning.plan import Plan
    from carecircle.study import Study

__all__ = ["PlanEffects", "effects_of_plan", "plan_as_scenario"]

_WEIGHTS = ("homes", "people", "elders")
_SHOWN = 5  # ids enough to recognise the kind of id
#: Columns of :attr:`PlanEffects.steps` in a notebook: code, Chinese, English.
_HEADS = (
    ("people_gained", "新增常住人口", "People newly in time"),
    ("elders_gained", "新增老年人", "Elders newly in time"),
    ("elders_covered", "累计老年人口覆盖率", "Elders in time so far"),
    ("units_with_facility", "有设施社区", "Units with facility"),
    ("units_on_time", "达标社区", "Units on time"),
    ("cost", "费用", "Cost"),
    ("cost_per_elder", "每新增一位老年人费用", "Cost per elder newly in time"),
)


@dataclass(frozen=True, eq=False)
class PlanEffects:
    """What each site of a plan adds, and what the whole plan changes where.

    Attributes
    ----------
    plan
        The plan.
    comparison
        The whole plan against today: every figure, the homes that change, the map.
    steps
        Index ``site_id`` in building order: ``name``, ``area_id`` it stands in; ``homes_gained``,
        ``people_gained``, ``elders_gained`` (in time with this site and not before; net, should one
        be lost); ``elders_covered``, ``elders_total`` and ``elders_rate`` of the whole study once
        it is built; ``units_with_facility``, ``units_on_time``, ``units_total`` then;
        ``areas_with_facility`` and ``areas_on_time`` (ids it newly moves there, joined by ``;``);
        ``cost``, ``cost_so_far``, ``cost_per_elder`` (missing without a cost, or where no elder is
        gained).
    """

    plan: Plan
    comparison: Comparison
    steps: pd.DataFrame

    def by(self, level: str = "area") -> pd.DataFrame:
        """Return what the whole plan changes in each unit of a level.

        Parameters
        ----------
        level
            ``area``, ``street``, ``district``, ``city`` or ``kind``, as far as the study has it.

        Returns
        -------
        pandas.DataFrame
            Index ``unit_id``: ``name``; for ``people`` and ``elders`` ``{w}_today``,
            ``{w}_covered``, ``{w}_gained``, ``{w}_total``, ``{w}_rate_today``, ``{w}_rate``; and
            ``units_with_facility``, ``units_on_time`` today, then, and the total.

        Raises
        ------
        InputError
            If the study has no such level.
        """
        (name,) = self.comparison.outcomes
        wide = {
            figure: self.comparison.wide(figure, level=level).rename(columns={name: "then"})
            for w in _WEIGHTS[1:]
            for figure in (f"{w}_covered", f"{w}_total", f"{w}_rate")
        }
        frame = wide["elders_total"][["name"]].copy()
        for w in _WEIGHTS[1:]:
            covered, rate = wide[f"{w}_covered"], wide[f"{w}_rate"]
            frame[f"{w}_today"], frame[f"{w}_covered"] = covered["today"], covered["then"]
            frame[f"{w}_gained"] = covered["then"] - covered["today"]
            frame[f"{w}_total"] = wide[f"{w}_total"]["then"]
            frame[f"{w}_rate_today"], frame[f"{w}_rate"] = rate["today"], rate["then"]
        for figure in ("units_with_facility", "units_on_time"):
            units = self.comparison.wide(figure, level=level)
            frame[f"{figure}_today"], frame[figure] = units["today"], units[name]
        frame["units_total"] = self.comparison.wide("units_total", level=level)[name]
        return frame

    def __repr__(self) -> str:
        return f"PlanEffects({self.plan.problem})\n{self.steps.to_string()}"

    def _repr_html_(self) -> str:
        card = self.comparison.baseline.study.card
        zh = card.language == "zh"
        heads = ["#", "场址" if zh else "Site", *(pair[1 if zh else 2] for pair in _HEADS)]
        rows = [heads, _today_row(self.comparison, zh=zh)]
        rows += [
            [str(rank), f"{site} {row['name']}", *_cells(row)]
            for rank, (site, row) in enumerate(self.steps.iterrows(), 1)
        ]
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in row) + "</tr>"
            for row in rows
        )
        made_up = "合成数据，非官方统计" if zh else "synthetic data, not official"
        title, note = card.title_zh if zh else card.title, made_up if card.synthetic else ""
        proof = escape(f"{self.plan.problem}: {self.plan.proof}")
        return (
            f"<div><b>{escape(title)}</b> <i>{escape(note)}</i><table>{body}</table>"
            f"<small>{proof}</small></div>"
        )


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
        Its chosen sites are built, in their order.
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
    return Scenario(name or plan.problem, build=ids, sites=extra)


def effects_of_plan(
    study: Study | Baseline,
    plan: Plan,
    sites: gpd.GeoDataFrame | None = None,
    *,
    name: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> PlanEffects:
    """Say what a plan means: what each site adds in building order, what changes where.

    Each step touches only what its sites reach, and equals a full assessment of the study with the
    sites built so far.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it once for many plans.
    plan, sites, name
        As for :func:`plan_as_scenario`.
    tell
        Called with one line for each step.

    Returns
    -------
    PlanEffects
        ``steps`` and ``by(level)`` as frames, ``comparison`` with its map.

    Raises
    ------
    InputError
        If a chosen site is in no table, or the study brings its own minutes and no roads.

    Examples
    --------
    >>> import carecircle as cc, geopandas as gpd, shapely
    >>> town = cc.samples.toy_town()
    >>> spots = gpd.GeoDataFrame(geometry=[shapely.Point(900, 0)], index=["N1"], crs=town.areas.crs)
    >>> plan = cc.max_cover(cc.siting_instance(town, spots), n_sites=1)
    >>> effects = effects_of_plan(town, plan, spots)
    >>> effects.steps[["elders_gained", "elders_covered", "elders_total"]].values.tolist()
    [[30.0, 110.0, 130.0]]
    """
    base = study if isinstance(study, Baseline) else Baseline.of(study)
    if base.search is None:
        msg = "the study brings its own minutes and no roads; what new sites reach is not known"
        raise InputError(msg)
    scenario = plan_as_scenario(base.study, plan, sites, name=name)
    base = _with_sites(base, scenario.sites)
    found = compare(base, [replace(scenario, sites=None)], tell=tell)
    outcomes = []
    for number, outcome in enumerate(_one_by_one(base, scenario.build), 1):
        outcomes.append(outcome)
        if tell is not None:
            tell(f"site {number} of {len(scenario.build)}")
    return PlanEffects(plan, found, _steps(base, scenario.build, outcomes))


def _refuse_moved(extra: gpd.GeoDataFrame, own: gpd.GeoDataFrame | None) -> None:
    both = extra.index.intersection(() if own is None else own.index)
    if own is None or not len(both):
        return
    apart = extra.geometry[both].distance(own.geometry[both]) > 0
    if apart.any():
        one = apart.index[apart][0]
        msg = f"sites: {one} stands elsewhere in the study's own sites; give it another id"
        raise InputError(msg)


def _with_sites(base: Baseline, extra: object) -> Baseline:
    """Return the same baseline with a plan's sites among its own, so that each is located once."""
    if not isinstance(extra, gpd.GeoDataFrame):
        return base
    tables, crs = base.study.tables, base.study.facilities.crs
    parts = [extra] if tables.sites is None else [tables.sites, extra]
    every = gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=crs)
    study = replace(base.study, tables=replace(tables, sites=every))
    vars(study)["network"] = base.study.network  # what the cached property would build anew
    return replace(base, study=study)


def _one_by_one(base: Baseline, ids: Sequence[str]) -> Iterator[Outcome]:
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


def _steps(base: Baseline, ids: Sequence[str], outcomes: list[Outcome]) -> pd.DataFrame:
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


def _cells(row: pd.Series) -> list[str]:
    shown = {
        name: "--" if pd.isna(row[name]) else f"{row[name]:+,.0f}"
        for name in ("people_gained", "elders_gained")
    }
    shown["elders_covered"] = fraction(row["elders_covered"], row["elders_total"])
    for figure in ("units_with_facility", "units_on_time"):
        shown[figure] = fraction(row[figure], row["units_total"])
    for name in ("cost", "cost_per_elder"):
        shown[name] = "--" if pd.isna(row[name]) else f"{row[name]:,.4g}"
    return [shown[code] for code, *_ in _HEADS]


def _today_row(comparison: Comparison, *, zh: bool) -> list[str]:
    today = comparison.summary.iloc[0]
    told = [fraction(today["elders_covered"], today["elders_total"])]
    states = ("with_facility", "on_time")
    told += [fraction(today[f"units_{state}"], today["units_total"]) for state in states]
    return ["", "现状" if zh else "today", "", "", *told, "", ""]
