"""Trials that a choice of sites should stand: other speeds, other demand, a site or bridge lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from carecircle.errors import InputError
from carecircle.planning.scenario import RoadChanges, Scenario
from carecircle.scenarios.critical import critical_links
from carecircle.scenarios.what_if import apply_scenario
from carecircle.siting.problem import siting_instance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan
    from carecircle.planning.siting import DemandWeight
    from carecircle.roads.profiles import TravelProfile
    from carecircle.study.assessment import Study

__all__ = ["Trial", "problem_under", "standard_trials"]

_DIGITS = 9  # of minutes, as the engine keeps them


@dataclass(frozen=True, eq=False)
class Trial:
    """One way in which things may turn out differently.

    Attributes
    ----------
    name
        Its own among the trials.
    speed
        Factor on the speed of the study's profile, class speeds included.
    demand
        Area id -> factor on who lives there; 1 where not named.
    lost
        Ids of sites that cannot be had.
    scenario
        Any other change, such as a closed bridge.

    Examples
    --------
    >>> Trial("slow", speed=0.8).speed
    0.8
    """

    name: str
    speed: float = 1.0
    demand: Mapping[str, float] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    scenario: Scenario | None = None

    def __post_init__(self) -> None:
        """Refuse speeds and demand that are none."""
        bad = [one for one in (self.speed, *self.demand.values()) if not 0 < one < np.inf]
        if bad:
            raise InputError(f"trial {self.name!r}: factor is {bad[0]!r}; give one above 0")


def standard_trials(
    study: Study,
    plan: Plan,
    *,
    speeds: Sequence[float] = (0.8, 1.2),
    demand: float = 0.1,
    draws: int = 4,
    bridges: int = 3,
) -> list[Trial]:
    """List the usual trials of a plan.

    Parameters
    ----------
    study
        The study; its own sites are those of the plan.
    plan
        The plan to be tried.
    speeds
        Factors on the speed.
    demand, draws
        In each draw the demand of every area is changed by a factor of its own, even in
        1 - ``demand`` to 1 + ``demand`` (the same factor everywhere would change no choice). Draws
        are numbered and always the same.
    bridges
        How many of the bridges and tunnels whose loss would leave most elders out of time, once
        the plan is built, are closed in turn.

    Returns
    -------
    list of Trial
        Speeds, demand, each site of the plan lost, each bridge closed.
    """
    trials = [Trial(f"speed x {speed:g}", speed=speed) for speed in speeds]
    areas = sorted(map(str, study.areas.index))
    for draw in range(1, draws + 1):
        factor = np.random.default_rng(draw).uniform(1 - demand, 1 + demand, len(areas))
        named = dict(zip(areas, map(float, factor), strict=True))
        trials.append(Trial(f"demand +-{demand:.0%}, draw {draw}", demand=named))
    trials += [Trial(f"without site {one}", lost=(one,)) for one in sorted(plan.site_ids)]
    if bridges:
        built = apply_scenario(study, Scenario("plan", build=plan.site_ids))
        worst = critical_links(built, kind="bridges", n=bridges)
        for one in map(str, worst.index):
            closed = Scenario(f"without bridge {one}", roads=RoadChanges(close=(one,)))
            trials.append(Trial(closed.name, scenario=closed))
    return trials


def problem_under(
    study: Study, base: Instance, trial: Trial, *, weight: DemandWeight = "elders"
) -> Instance:
    """Return the siting problem under a trial; only what the trial touches is searched anew.

    Parameters
    ----------
    study
        The study; its own sites are the candidates.
    base
        Its problem of today, from :func:`carecircle.siting_instance`.
    trial
        What differs.
    weight
        As for :func:`carecircle.siting_instance`.

    Raises
    ------
    InputError
        If the trial names an unknown area or site, or its scenario does not fit the study.
    """
    _check(study, base, trial)
    instance = base
    if trial.scenario is not None:
        study = apply_scenario(study, trial.scenario)
    if trial.scenario is not None or trial.speed != 1:
        instance = _at_speed(study, trial.speed, weight)
    if trial.demand:
        area = study.homes["area_id"].reindex(instance.demand_ids)
        factor = area.map(dict(trial.demand)).fillna(1.0).to_numpy(dtype=float)
        instance = replace(instance, weight=instance.weight * factor)
    if trial.lost:
        gone = instance.site_ids.isin(trial.lost)
        instance = replace(
            instance,
            forbidden=instance.forbidden | gone,
            required=instance.required & ~gone,
        )
    return instance


def _check(study: Study, base: Instance, trial: Trial) -> None:
    for ids, known, what in (
        (trial.demand, study.areas.index, "area"),
        (trial.lost, base.site_ids, "site"),
    ):
        unknown = [one for one in ids if one not in known]
        if unknown:
            raise InputError(f"trial {trial.name!r}: {what} {unknown[0]!r} is not in the study")


def _at_speed(study: Study, speed: float, weight: DemandWeight) -> Instance:
    """Return the problem with everyone faster or slower."""
    if speed == 1:
        return siting_instance(study, weight=weight)
    if not _scales(study):
        card = replace(study.card, profile=_faster(study.card.profile, speed))
        return siting_instance(replace(study, card=card), weight=weight)
    # where every second is a metre walked, to go faster is to be given more time
    limits = {kind: round(limit * speed, _DIGITS) for kind, limit in study.card.limits.items()}
    planned = replace(study, card=replace(study.card, limits=limits))
    vars(planned)["network"] = study.network
    found = siting_instance(planned, weight=weight)
    return replace(
        found,
        minutes=np.round(found.minutes / speed, _DIGITS),
        today_minutes=np.round(found.today_minutes / speed, _DIGITS),
        limit=np.round(found.limit / speed, _DIGITS),
    )


def _scales(study: Study) -> bool:
    """Whether all minutes go by the profile's one speed."""
    profile, facilities = study.card.profile, study.facilities
    waits = profile.access_minutes or profile.signal_seconds or profile.crossing_seconds
    extra = "extra_minutes" in facilities and bool(facilities["extra_minutes"].fillna(0).any())
    on_foot = profile.mode in ("walk", "wheelchair") and profile.access_speed_m_s is None
    return on_foot and not profile.class_kmh and not waits and not extra


def _faster(profile: TravelProfile, speed: float) -> TravelProfile:
    return replace(
        profile,
        name=f"{profile.name} x {speed:g}",
        speed_m_s=profile.speed_m_s * speed,
        class_kmh={road: kmh * speed for road, kmh in profile.class_kmh.items()},
    )
