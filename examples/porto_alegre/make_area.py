# ruff: noqa: INP001  # a script beside its study, not a package
"""Draw the outline around the cells of the Porto Alegre grid: ``python make_area.py GRID.csv``.

Writes ``area.geojson`` beside this file. The outline is the convex hull of the cell centres plus
200 m, a little more than half a cell; it is no administrative boundary.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

_MARGIN_M = 200


def main(grid: Path, target: Path) -> None:
    """Write the outline of the cells of ``grid`` to ``target``."""
    cells = pd.read_csv(grid)
    centres = gpd.GeoSeries(gpd.points_from_xy(cells["lon"], cells["lat"]), crs="EPSG:4326")
    hull = centres.to_crs("EPSG:32722").union_all().convex_hull.buffer(_MARGIN_M, quad_segs=2)
    outline = gpd.GeoSeries([hull], crs="EPSG:32722").to_crs("EPSG:4326").iloc[0]
    area = {
        "type": "Feature",
        "properties": {
            "area_id": "POA",
            "name": "Central Porto Alegre",
            "kind": "urban",
            "city_id": "POA",
            "city_name": "Central Porto Alegre",
        },
        "geometry": shapely.geometry.mapping(shapely.set_precision(outline, 1e-6)),
    }
    collection = {"type": "FeatureCollection", "features": [area]}
    target.write_text(json.dumps(collection) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_name("area.geojson"))
