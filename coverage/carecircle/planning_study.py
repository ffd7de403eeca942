"""A siting problem straight from a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecircle.analysis.roster import is_eligible
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.topology import assign_areas
from carecircle.planning.siting import Located, instance_from, limits_of
from carecircle.roads.positions import locate
from carecircle.study import find_positions, snap_limits

if TYPE_CHECKING:
    import geopandas as gpd

    from carecircle.planning.instance import Instance
    from carecircle.planning.siting import DemandWeight
    from carecircle.study import Study

__all__ = ["siting_instance"]


def siting_instance(
    study: Study,
    sites: gpd.GeoDataFrame | None = None,
    *,
    weight: DemandWeight = "elders",
    max_minutes: float | None = None,
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

    Returns
    -------
    Instance
        For ``max_cover``, ``min_sites``, ``p_median`` and the others.

    Raises
    ------
    InputError
        If there are no sites, the study brings its own minutes and no roads, or the weight is
        unknown.

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
    places, at = find_positions(study, facilities, IssueLog())
    main = {0} if study.terms.prefer_connected else None
    spots = sites.rename_axis(index="site_id")
    snap = snap_limits(assign_areas(spots, study.areas), study)
    located = Located(
        study.network, at, places[facilities["eligible"].to_numpy()],
        locate(study.network, spots, max_snap_m=snap, prefer=main),
        direction=study.card.direction, extra_minutes=facilities.get("extra_minutes"),
    )  # fmt: skip
    limit = limits_of(study.homes["area_id"], study.areas, study.card.limits)
    return instance_from(located, study.homes, spots, limit, weight=weight, max_minutes=max_minutes)
