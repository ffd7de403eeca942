"""Sample studies that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from carecircle.analysis.findings import StudyCard
from carecircle.errors import InputError
from carecircle.inputs.contracts import FACILITY_KINDS
from carecircle.roads.profiles import PROFILES
from carecircle.standards.floor_area import FloorAreaRule
from carecircle.study.assessment import Study, Terms, load_study
from carecircle.study.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["toy_town", "wuhai", "wuhai_folder"]

_CRS = "EPSG:4545"


def wuhai(*, tell: Callable[[str], None] = lambda _: None) -> Study:
    """Load the synthetic city of Wuhai: real names and published totals, all else made up.

    Parameters
    ----------
    tell
        Called with one line for each step.

    Returns
    -------
    Study
        83 communities and villages, about 9,000 homes and 9,000 road pieces.

    Examples
    --------
    >>> import carecircle as cc
    >>> len(cc.samples.wuhai().areas)
    83
    """
    return load_study(wuhai_folder() / "study.toml", tell=tell)


def wuhai_folder() -> Path:
    """Return the folder with the files of the sample city.

    Raises
    ------
    InputError
        If the installation is incomplete.
    """
    package = Path(__file__).parent
    # an installed wheel carries the data; a checkout has them at its top level
    for folder in (package / "data" / "wuhai", package.parents[1] / "data" / "wuhai"):
        if (folder / "study.toml").is_file():
            return folder
    msg = "samples: the files of Wuhai are missing from this installation; reinstall carecircle"
    raise InputError(msg)


def toy_town() -> Study:
    """Build a town of 100 m blocks whose answers can be counted on fingers.

    Streets run every 100 m from (0, 0) to (1000, 500); a lane of 2 km leads east from (1000, 0) to
    the village; one street in the north is not connected. Every home has 10 elders, walked at
    1.0 m/s, and the only operating station stands at (0, 0), so minutes are blocks x 100 / 60.

    ======== ======================================= =========================================
    area     homes, metres to the station            verdict
    ======== ======================================= =========================================
    West     100, 400, 700, 900 (exactly 15 minutes) 40 of 40 elders, has the station
    Centre   500, 900, 1000, 1500                    20 of 40 elders, has none
    Village  1500, 1800 (exactly 30 minutes), 2000   20 of 30 elders, its centre is planned
    North    no way; no road within 150 m            0 of 20 elders, 10 of them not assessed
    ======== ======================================= =========================================

    Examples
    --------
    >>> import carecircle as cc
    >>> result = cc.assess(cc.samples.toy_town())
    >>> result.areas["elders_covered"].to_dict()
    {'W': 40.0, 'C': 20.0, 'V': 20.0, 'N': 0.0}
    """
    card = StudyCard(
        title="Toy town", title_zh="玩具小镇", as_of="2020-12-31",
        profile=PROFILES["elder_default"], limits={"urban": 15.0, "rural": 30.0},
        eligible=("station", "rural_centre"), kinds=dict(FACILITY_KINDS), synthetic=True,
        sources=("made up, to be counted on fingers",), floor_rule=FloorAreaRule().source,
    )  # fmt: skip
    roads = _toy_roads()
    none = gpd.GeoDataFrame({"geometry": []}, geometry="geometry", crs=_CRS)
    tables = Tables(_toy_areas(), _toy_facilities(), _toy_homes(), roads, none)
    return Study(card, Terms(floor_rule=FloorAreaRule()), tables)


def _toy_roads() -> gpd.GeoDataFrame:
    ends = [((x, y), (x + 100, y)) for y in range(0, 600, 100) for x in range(0, 1000, 100)]
    ends += [((x, y), (x, y + 100)) for x in range(0, 1100, 100) for y in range(0, 500, 100)]
    ends += [((1000, 0), (3000, 0)), ((0, 1000), (200, 1000))]
    nodes = {spot: number for number, spot in enumerate(sorted({s for pair in ends for s in pair}))}
    return gpd.GeoDataFrame(
        {
            "highway": "residential",
            "u": [nodes[start] for start, _ in ends],
            "v": [nodes[end] for _, end in ends],
        },
        geometry=[shapely.LineString(pair) for pair in ends],
        index=pd.Index([f"R{k:03d}" for k in range(len(ends))], name="road_id"),
        crs=_CRS,
    )


def _toy_areas() -> gpd.GeoDataFrame:
    rows = {
        "W": ("West", "urban", 1000, shapely.box(-50, -50, 450, 750)),
        "C": ("Centre", "urban", 2000, shapely.box(450, -50, 1050, 750)),
        "V": ("Village", "rural", 400, shapely.box(1050, -50, 3050, 750)),
        "N": ("North", "urban", 100, shapely.box(-50, 750, 3050, 1600)),
    }
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["name", "kind", "households", "geometry"]
    )
    table = table.assign(city_id="T", city_name="Toy town", regime="existing")
    return gpd.GeoDataFrame(table, crs=_CRS).rename_axis(index="area_id")


def _toy_homes() -> gpd.GeoDataFrame:
    spots = {
        "W": [(0, 100), (200, 200), (400, 300), (400, 500)],
        "C": [(500, 0), (900, 0), (900, 100), (1000, 500)],
        "V": [(1500, 0), (1800, 0), (2000, 0)],
        "N": [(100, 1000), (200, 1500)],
    }
    rows = [(area, spot) for area, members in spots.items() for spot in members]
    return gpd.GeoDataFrame(
        {
            "area_id": [area for area, _ in rows],
            "households": 10.0,
            "population": 25.0,
            "elders": 10.0,
            "elders80": 1.0,
        },
        geometry=[shapely.Point(spot) for _, spot in rows],
        index=pd.Index([f"H{k:02d}" for k in range(1, len(rows) + 1)], name="home_id"),
        crs=_CRS,
    )


def _toy_facilities() -> gpd.GeoDataFrame:
    rows = {
        "F1": ("West station", "station", "operating", 200.0, "W", (0, 0)),
        "F2": ("Village centre", "rural_centre", "planned", 200.0, "V", (2000, 0)),
        "S1": ("West complex", "service_complex", "operating", 400.0, "W", (100, 100)),
        "S2": ("Centre complex", "service_complex", "operating", 300.0, "C", (700, 100)),
        "S3": ("Village complex", "service_complex", "operating", 300.0, "V", (1500, 0)),
    }
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["name", "kind", "status", "floor_m2", "serves", "geometry"]
    )
    points = [shapely.Point(spot) for spot in table.pop("geometry")]
    table["area_id"] = table["serves"]
    return gpd.GeoDataFrame(table, geometry=points, crs=_CRS).rename_axis(index="facility_id")
