"""How far a choice of sites can be relied on: which sites stay, and what the plan could lose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.planning.engine.cover_plan import covered_by
from carecircle.planning.notebook_tables import as_html
from carecircle.siting.problem import siting_instance
from carecircle.siting.trials import Trial, problem_under, standard_trials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import geopandas as gpd

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan
    from carecircle.planning.siting import DemandWeight
    from carecircle.study.assessment import Study

__all__ = ["Robustness", "robust_sites"]

_AS_IS = "as it is"


@dataclass(frozen=True, eq=False)
class Robustness:
    """A plan under trial.

    Attributes
    ----------
    plan
        The best plan as things are.
    sites
        Index ``site_id``, most relied on first: ``chosen_in`` (trials whose best plan has the
        site), ``of`` (trials solved in which the site can be had), ``share``, ``in_plan``.
    trials
        Index ``trial``, the first ``as it is``: ``covered_plan`` (weight in time with the plan of
        today's figures, less what the trial takes from it), ``covered_best`` (with the best plan
        for the trial), ``regret`` between the two, ``total`` weight, ``regret_share`` of it,
        ``kept`` (sites of the plan that the best one keeps), ``n_sites``, ``status`` of the best
        plan and ``note`` (why there is none).
    plans
        Trial -> the best plan for it, with its proof.
    """

    plan: Plan
    sites: pd.DataFrame
    trials: pd.DataFrame
    plans: Mapping[str, Plan]

    @property
    def worst_regret(self) -> float:
        """Most weight that the plan loses against the best plan of a trial."""
        return float(self.trials["regret"].max())

    def __repr__(self) -> str:
        always = self.sites.index[self.sites["chosen_in"] == self.sites["of"]]
        return (
            f"Robustness({len(self.trials)} trials; {len(always)} of {len(self.plan.chosen)} sites"
            f" in every best plan; worst regret {self.worst_regret:,.6g})"
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.sites) + as_html("Trials", self.trials)


def robust_sites(
    study: Study,
    problem: Callable[[Instance], Plan],
    *,
    sites: gpd.GeoDataFrame | None = None,
    weight: DemandWeight = "elders",
    trials: Sequence[Trial] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Robustness:
    """Solve a siting problem under trials; count in how many each site stays chosen.

    Parameters
    ----------
    study
        The study.
    problem
        What is asked, as a function of the problem: ``lambda p: cc.max_cover(p, n_sites=5)``. Any
        covering problem will do: regret is in weight within the limit.
    sites, weight
        As for :func:`siting_instance`.
    trials
        What to try; :func:`standard_trials` of the plan by default.
    tell
        Called with one line for each trial.

    Returns
    -------
    Robustness
        The plan as things are, its sites by the number of trials they stay in, and its regret.

    Raises
    ------
    InputError
        As the problem does for the study as it is, or if two trials share a name. A trial that
        has no plan is noted in ``trials``.

    Examples
    --------
    >>> import carecircle as cc, geopandas as gpd
    >>> town = cc.samples.toy_town()
    >>> spots = gpd.GeoDataFrame(index=["N1", "N2"], crs=town.areas.crs,
    ...                          geometry=gpd.points_from_xy([900, 1800], [0, 0]))
    >>> found = robust_sites(town, lambda p: cc.max_cover(p, n_sites=1), sites=spots,
    ...                      trials=[Trial("slow", speed=0.8), Trial("N2 lost", lost=("N2",))])
    >>> found.sites[["chosen_in", "of"]].to_dict("index")
    {'N1': {'chosen_in': 3, 'of': 3}}
    """
    if sites is not None:
        study = _with_sites(study, sites)
    base = siting_instance(study, weight=weight)
    plan = problem(base)
    listed = standard_trials(study, plan) if trials is None else list(trials)
    listed = [Trial(_AS_IS), *listed]
    names = [trial.name for trial in listed]
    again = sorted({name for name in names if names.count(name) > 1})
    if again:
        raise InputError(f"trials: {again[0]!r} stands twice; give each trial a name of its own")
    rows, plans = {}, {}
    for number, trial in enumerate(listed):
        if tell is not None:
            tell(f"trial {number + 1} of {len(listed)}: {trial.name}")
        instance = problem_under(study, base, trial, weight=weight) if number else base
        best, note = _tried(problem, instance) if number else (plan, "")
        rows[trial.name] = _row(instance, plan, best) | {"note": note}
        if best is not None:
            plans[trial.name] = best
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="trial")
    return Robustness(plan, _counted(plan, plans, listed), table, plans)


def _with_sites(study: Study, sites: gpd.GeoDataFrame) -> Study:
    planned = replace(study, tables=replace(study.tables, sites=sites))
    if study.tables.minutes is None:
        vars(planned)["network"] = study.network  # built once, and shared
    return planned


def _tried(problem: Callable[[Instance], Plan], instance: Instance) -> tuple[Plan | None, str]:
    try:
        return problem(instance), ""
    except InputError as error:
        return None, str(error)


def _row(instance: Instance, plan: Plan, best: Plan | None) -> dict[str, object]:
    def covered(one: Plan) -> float:
        chosen = instance.site_ids.isin(one.chosen.index) & ~instance.forbidden
        return float(instance.weight[covered_by(instance, chosen)].sum())

    total = float(instance.weight.sum())
    with_best = np.nan if best is None else covered(best)
    regret = with_best - covered(plan)
    return {
        "covered_plan": covered(plan),
        "covered_best": with_best,
        "regret": regret,
        "total": total,
        "regret_share": regret / total if total > 0 else np.nan,
        "kept": np.nan if best is None else len(set(plan.site_ids) & set(best.site_ids)),
        "n_sites": np.nan if best is None else len(best.chosen),
        "status": "no plan" if best is None else best.proof.status,
    }


def _counted(plan: Plan, plans: Mapping[str, Plan], trials: Sequence[Trial]) -> pd.DataFrame:
    solved = [trial for trial in trials if trial.name in plans]
    ids = sorted({site for one in plans.values() for site in one.site_ids})
    frame = pd.DataFrame(
        {
            "chosen_in": [sum(one in p.site_ids for p in plans.values()) for one in ids],
            "of": [sum(one not in trial.lost for trial in solved) for one in ids],
        },
        index=pd.Index(ids, name="site_id", dtype="str"),
    )
    frame["share"] = frame["chosen_in"] / frame["of"]
    frame["in_plan"] = frame.index.isin(plan.site_ids)
    order = frame.assign(id=frame.index).sort_values(["share", "id"], ascending=[False, True])
    return order.drop(columns="id")
