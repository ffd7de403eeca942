"""Which facility gives floor area to which area, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from carecircle.inputs.dasymetric import numbers, some
from carecircle.inputs.topology import assign_areas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.inputs.issues import IssueLog
    from carecircle.standards.floor_rule import FloorAreaRule

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["floor_links", "floor_provided"]


def floor_links(
    areas: pd.DataFrame, facilities: pd.DataFrame, rule: FloorAreaRule, log: IssueLog
) -> pd.DataFrame:
    """Return one row per facility and area served: ``facility_id``, ``area_id``, ``floor_m2``."""
    counts = facilities["kind"].isin(rule.kinds)
    if "status" in facilities.columns:
        counts &= facilities["status"].isna() | (facilities["status"] == "operating")
    complexes = facilities[counts]
    where = _stands_in(complexes, areas)
    if "serves" in complexes.columns:
        lists = complexes["serves"].to_numpy(dtype=object)
        where = np.where(pd.isna(lists) | (lists == ""), where, lists)
    links = pd.DataFrame(
        {
            "facility_id": complexes.index.astype("str"),
            "area_id": [str(w).split(";") if pd.notna(w) else [None] for w in where],
            "floor_m2": numbers(complexes, "floor_m2"),
        }
    ).explode("area_id")
    links["area_id"] = links["area_id"].astype(object).str.strip()
    links = links[links["area_id"] != ""].drop_duplicates(["facility_id", "area_id"])
    known = links["area_id"].isin(areas.index)
    if not known.all():
        lost = links[~known]
        log.add(
            "facility_without_area",
            "error",
            "facilities",
            field="serves",
            found=some(pd.Index(lost["facility_id"].unique())),
            effect="their floor area counts for no area, or only for the areas that are known",
            fix="list the ids of the areas served, or correct the location",
        )
    return links[known].reset_index(drop=True)


def floor_provided(
    links: pd.DataFrame, ids: pd.Index, households: Floats
) -> tuple[Floats, dict[str, Flags]]:
    """Return the floor area of each area in m2, and which areas deserve which remark.

    The floor area of a shared facility is split by households; evenly if all areas have none.
    """
    code = ids.get_indexer(pd.Index(links["area_id"]))
    facility = links["facility_id"].factorize()[0]
    n = np.bincount(facility)[facility]
    here = households[code]
    there = np.bincount(facility, here)[facility]  # unknown as soon as one area is
    with np.errstate(invalid="ignore"):
        part = np.where(n == 1, 1.0, np.where(there == 0, 1.0 / n, here / there))
    floor = links["floor_m2"].to_numpy(dtype=np.float64)

    def marked(rows: Flags) -> Flags:
        return np.bincount(code[rows], minlength=len(ids)) > 0

    every = np.full(len(links), fill_value=True)
    remarks = {
        "no_facility": ~marked(every),
        "shared_facility": marked(n > 1),
        "floor_missing": marked(np.isnan(floor)),
        "split_unknown": marked(np.isnan(part)),
    }
    provided = np.bincount(code, floor * part, minlength=len(ids))
    return provided.astype(np.float64), remarks


def _stands_in(facilities: pd.DataFrame, areas: pd.DataFrame) -> NDArray[np.object_]:
    """Return the area each facility stands in: as given, or by location; ``None`` if in none."""
    given = np.full(len(facilities), None, dtype=object)
    if "area_id" in facilities.columns:
        given = facilities["area_id"].to_numpy(dtype=object)
    if not (isinstance(facilities, gpd.GeoDataFrame) and isinstance(areas, gpd.GeoDataFrame)):
        return given
    spots = gpd.GeoSeries(
        shapely.point_on_surface(facilities.geometry.to_numpy()),
        index=facilities.index,
        crs=facilities.crs,
    )
    return np.where(pd.isna(given), assign_areas(spots.to_frame("geometry"), areas), given)
