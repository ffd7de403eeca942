"""A siting problem straight from a study."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.analysis.roster import is_eligible
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.topology import assign_areas
from carecircle.planning.siting import Located, instance_from, limits_of
from carecircle.roads.positions import locate
from carecircle.study.places import find_positions, snap_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from carecircle.planning.instance import Instance
    from carecircle.planning.siting import DemandWeight
    from carecircle.study.assessment import Study

__all__ = ["siting_instance"]

_SAME_SPOT_M = 1.0


def siting_instance(
    study: Study,
    sites: gpd.GeoDataFrame | None = None,
    *,
    weight: DemandWeight = "elders",
    max_minutes: float | None = None,
    movable: Sequence[str] = (),
) -> Instance:
    """Make a siting problem of a study: who lives where, what serves them today, which sites.

    Parameters
    ----------
    study
        The study; its facilities that count today stay.
    sites
        Contract ``sites``; the study's own when missing.
    weight
        Who is to be served: ``elders``, ``elders80``, ``population``, ``households``, ``homes``.
    max_minutes
        Longest way to list. The largest limit when missing; give more for medians and centers.
    movable
        Ids of facilities that count today and may be closed or moved. They become sites with
        ``existing`` set, for ``relocate_within_budget``; the other problems keep them.

    Returns
    -------
    Instance
        For ``max_cover``, ``min_sites``, ``p_median`` and the others.

    Raises
    ------
    InputError
        If there are no sites, the study brings its own minutes and no roads, the weight is unknown,
        a site stands where a facility counts today, or a movable facility is unknown, does not
        count today or has the id of a site.

    Examples
    --------
    >>> import carecircle as cc, geopandas as gpd, shapely
    >>> town = cc.samples.toy_town()
    >>> spot = gpd.GeoDataFrame(geometry=[shapely.Point(900, 0)], index=["N1"], crs=town.areas.crs)
    >>> instance = siting_instance(town, spot)
    >>> newly = instance.within() & ~instance.covered_today()[instance.row]
    >>> instance.demand_ids[instance.row[newly]].tolist()
    ['H07', 'H08', 'H11']
    """
    sites = study.tables.sites if sites is None else sites
    if sites is None or not len(sites):
        msg = "sites: the study has none; add [sites] to the study file, or pass a table of sites"
        raise InputError(msg)
    if study.tables.minutes is not None:
        msg = "the study brings its own minutes and no roads; build an Instance.from_pairs instead"
        raise InputError(msg)
    facilities = study.facilities.assign(
        eligible=is_eligible(study.facilities, study.card.eligible)
    )
    # one id is meant as one id, not as its letters
    movable = (movable,) if isinstance(movable, str) else tuple(map(str, movable))
    _check_movable(movable, facilities, sites)
    _check_spots(sites, facilities[facilities["eligible"]])
    places, at = find_positions(study, facilities, IssueLog())
    main = {0} if study.terms.prefer_connected else None
    spots = sites.rename_axis(index="site_id")
    snap = snap_limits(assign_areas(spots, study.areas), study)
    placed = locate(study.network, spots, max_snap_m=snap, prefer=main)
    extra, site_extra = facilities.get("extra_minutes"), None
    moves = facilities.index.isin(movable)
    if moves.any():
        placed = pd.concat([placed, places[moves]])
        spots = _with_existing(spots, facilities[moves])
        site_extra = None if extra is None else extra[moves].reindex(spots.index).fillna(0.0)
    stays = facilities["eligible"].to_numpy() & ~moves
    located = Located(
        study.network, at, places[stays], placed, direction=study.card.direction,
        extra_minutes=extra, site_minutes=site_extra,
    )  # fmt: skip
    limit = limits_of(study.homes["area_id"], study.areas, study.card.limits)
    return instance_from(located, study.homes, spots, limit, weight=weight, max_minutes=max_minutes)


def _check_spots(sites: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame) -> None:
    """Refuse candidates on a facility that counts today: to build there adds nothing."""
    site, facility = facilities.sindex.query(
        sites.geometry, predicate="dwithin", distance=_SAME_SPOT_M
    )
    faults = [
        f"sites: {sites.index[one]!r} stands where facility {facilities.index[other]!r} operates;"
        " drop the site, or enlarge the facility"
        for one, other in zip(site, facility, strict=True)
    ]
    if faults:
        raise InputError("\n".join(faults))


def _with_existing(spots: pd.DataFrame, facilities: pd.DataFrame) -> pd.DataFrame:
    """Put facilities of today behind the candidates; only candidates keep their columns."""
    named = [name for name in ("places",) if name in facilities and name in spots]
    there = pd.DataFrame(facilities[named]).assign(existing=True)
    told = spots.assign(existing=spots.get("existing", False))
    # as one frame, so that no column changes its type where facilities say nothing of it
    both = pd.DataFrame(told).reindex([*told.index, *there.index])
    for name in there:
        both[name] = [*told[name], *there[name]]
    return both.rename_axis(index="site_id")


def _check_movable(movable: Sequence[str], facilities: pd.DataFrame, sites: pd.DataFrame) -> None:
    names = pd.Index(movable)
    counts = facilities.index[facilities["eligible"]]
    unknown = names[~names.isin(facilities.index)]
    idle = names[names.isin(facilities.index) & ~names.isin(counts)]
    faults = [
        f"movable: facility {one!r} is unknown"
        + "".join(f"; did you mean {near}?" for near in get_close_matches(one, counts, n=1))
        for one in unknown
    ]
    faults += [
        f"movable: facility {one!r} does not count today; name operating ones of the study's kinds"
        for one in idle
    ]
    faults += [
        f"movable: {one!r} is the id of a site as well; rename one"
        for one in names[names.isin(sites.index)]
    ]
    if faults:
        raise InputError("\n".join(faults))
