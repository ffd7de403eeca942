"""Roster coverage: which areas *have* a facility, beside which are served in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.analysis.joining import ids_by_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["four_cells", "is_eligible", "roster"]


def is_eligible(facilities: pd.DataFrame, kinds: Sequence[str]) -> pd.Series:
    """Return which facilities count today: operating, of one of ``kinds``.

    Institutions count when ``open_to_community`` says so, whether or not ``kinds`` lists them.
    """
    counts = facilities["kind"].isin(list(kinds))
    if "open_to_community" in facilities:
        opened = facilities["open_to_community"].astype("boolean").fillna(False)  # noqa: FBT003  # missing: not said to be open
        counts |= (facilities["kind"] == "institution") & opened.to_numpy(dtype=bool)
    operating = (facilities["status"] == "operating") if "status" in facilities else True
    return (counts & operating).astype(bool)


def roster(areas: pd.DataFrame, facilities: pd.DataFrame) -> pd.DataFrame:
    """List the facilities of each area by the roster.

    A facility belongs to the areas named in its ``serves``. Only when no facility of the table
    names any does it belong to the area it stands in (``area_id``): a street centre that happens to
    stand in a community is not that community's own station.

    Parameters
    ----------
    areas
        Index ``area_id``.
    facilities
        Eligible facilities; index ``facility_id``; ``serves`` (ids joined by ``;``), ``area_id``.

    Returns
    -------
    pandas.DataFrame
        Index ``area_id``: ``has_facility`` (bool), ``facility_ids`` joined by ``;``.
    """
    named = facilities["serves"] if "serves" in facilities else pd.Series(dtype="str")
    if named.notna().any():
        owner = named.dropna().astype("str").str.split(";").explode().str.strip()
    elif "area_id" in facilities:
        owner = facilities["area_id"].dropna().astype("str")
    else:
        owner = pd.Series(dtype="str")
    links = pd.DataFrame(
        {"area_id": owner.to_numpy(), "facility_id": owner.index.astype("str")}
    ).drop_duplicates()
    links = links.sort_values("facility_id", kind="stable")
    at = areas.index.get_indexer(pd.Index(links["area_id"]))
    ids = ids_by_unit(links["facility_id"], at, at >= 0, len(areas))
    return pd.DataFrame(
        {"has_facility": ids != "", "facility_ids": pd.Series(ids, areas.index, dtype="str")},
        index=areas.index,
    )


def four_cells(areas: pd.DataFrame, *, on_time_share: float) -> pd.DataFrame:
    """Put each area into one of four cells: has a facility or not, is in time or not.

    Parameters
    ----------
    areas
        From :func:`carecircle.coverage_by_area`, with ``has_facility``.
    on_time_share
        Share of elders (of homes, where no elders are known) that must be covered.

    Returns
    -------
    pandas.DataFrame
        Index ``area_id``: ``on_time`` (nullable boolean, NA where nothing can be said) and
        ``cell``: ``has_in_time``, ``has_late`` (badly placed or too big), ``neighbour_in_time``
        (served from next door), ``none_late`` (first priority) or NA.
    """
    weight = "elders" if areas["elders_total"].notna().any() else "homes"
    total, covered = areas[f"{weight}_total"], areas[f"{weight}_covered"]
    known = (total > 0) & (areas[f"{weight}_not_assessed"] < total)
    on_time = (covered >= on_time_share * total * (1 - 1e-12)).astype("boolean").where(known)
    has = areas["has_facility"].to_numpy(dtype=bool)
    late = ~on_time.fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # NA is blanked below
    names = np.array(["has_in_time", "has_late", "neighbour_in_time", "none_late"], dtype=object)
    cell = pd.Series(names[2 * ~has + late], index=areas.index, dtype="str")
    return pd.DataFrame({"on_time": on_time, "cell": cell.where(on_time.notna())})
