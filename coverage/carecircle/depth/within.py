"""All pairs of home and facility of a study that are within their limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from carecircle.analysis.pairs import limit_pairs
from carecircle.analysis.roster import is_eligible
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.inputs.notebook import facts_html
from carecircle.planning.siting import limits_of
from carecircle.roads.reach import reach
from carecircle.study.places import find_positions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from carecircle.analysis.findings import StudyCard
    from carecircle.study.assessment import Study

__all__ = ["StudyReach", "headed", "reach_of"]

_UNLINKED = ("not_linked", "no_position")


@dataclass(frozen=True, eq=False)
class StudyReach:
    """Who of a study reaches what.

    Attributes
    ----------
    pairs
        ``home_id``, ``facility_id``, ``minutes``, ``limit_minutes``.
    facilities
        Those that count.
    assessed
        Index: all homes. False where a home is on no road or has no limit.
    card
        The terms of the study.
    """

    pairs: pd.DataFrame
    facilities: gpd.GeoDataFrame
    assessed: pd.Series
    card: StudyCard

    def _repr_html_(self) -> str:
        zh = self.card.language == "zh"
        homes, found = len(self.assessed), self.pairs["home_id"].nunique()
        reached = self.pairs["facility_id"].nunique()
        unknown = int((~self.assessed).sum())
        rows = [
            ("时限内的住宅与设施对" if zh else "Pairs within the limit", f"{len(self.pairs):,}"),
            (
                "时限内有设施的住宅" if zh else "Homes that reach a facility",
                f"{found:,} / {homes:,}",
            ),
            (
                "有住宅可达的设施" if zh else "Facilities that are reached",
                f"{reached:,} / {len(self.facilities):,}",
            ),
            ("未评估的住宅" if zh else "Homes not assessed", f"{unknown:,} / {homes:,}"),
        ]
        return headed("时限内可达" if zh else "Reach within the limit", self.card, rows)


def reach_of(study: Study, *, minutes_by_kind: Mapping[str, float] | None = None) -> StudyReach:
    """Search all pairs of home and facility of a study that are within their limit.

    Parameters
    ----------
    study
        The study; its own minutes table stands in for the roads.
    minutes_by_kind
        As for :func:`access_of`.

    Returns
    -------
    StudyReach
        For :func:`carecircle.floating_catchment`, :func:`carecircle.dual_access` and the others.

    Raises
    ------
    InputError
        If no facility counts, or no home has a limit.

    Examples
    --------
    >>> import carecircle as cc
    >>> reach_of(cc.samples.toy_town()).pairs["home_id"].tolist()
    ['H01', 'H02', 'H03', 'H04', 'H05', 'H06', 'H09', 'H10']
    """
    by_kind = minutes_by_kind is not None
    kinds = tuple(minutes_by_kind or ()) if by_kind else study.card.eligible
    facilities = study.facilities.assign(eligible=is_eligible(study.facilities, kinds))
    facilities["eligible"] &= facilities["kind"].isin(kinds) | (not by_kind)
    counted = facilities[facilities["eligible"]]
    if not len(counted):
        raise InputError(
            f"facilities: none of kind {', '.join(kinds) or '(none named)'} is open; name others"
        )
    assessed = pd.Series(data=True, index=study.homes.index)
    if by_kind:
        limit = counted["kind"].map(dict(minutes_by_kind or {})).astype(float)
        limits = {"by_facility": limit}
    else:
        limit = limits_of(study.homes["area_id"], study.areas, study.card.limits)
        limits, assessed = {"by_home": limit}, limit.notna()
    if limit.isna().all():
        raise InputError("homes: none lies in an area, so none has a limit; check the areas")
    if study.tables.minutes is not None:
        pairs = study.tables.minutes
        pairs = pairs[pairs["facility_id"].isin(counted.index)].dropna(subset=["minutes"])
        return StudyReach(limit_pairs(pairs, **limits), counted, assessed, study.card)
    places, at = find_positions(study, facilities, IssueLog())
    pairs = reach(
        study.network, places.loc[counted.index], at, max_minutes=float(limit.max()),
        direction=study.card.direction, extra_minutes=facilities.get("extra_minutes"),
    )  # fmt: skip
    linked = assessed & ~at["reason"].isin(_UNLINKED)
    return StudyReach(limit_pairs(pairs, **limits), counted, linked, study.card)


def headed(title: str, card: StudyCard, rows: list[tuple[str, str]]) -> str:
    """Return facts as an HTML table under the name of the study."""
    name = card.title_zh if card.language == "zh" else card.title
    return facts_html(f"{name}: {title}", rows)
