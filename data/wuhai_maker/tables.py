"""The smaller tables: sites, projects, rosters, observations and meal points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from wuhai_maker.design import WITHOUT
from wuhai_maker.gcj import to_gcj02
from wuhai_maker.terrain import CRS

if TYPE_CHECKING:
    from wuhai_maker.city import City
    from wuhai_maker.facilities import Book

__all__ = ["make_meal_points", "make_observations", "make_projects", "make_rosters", "make_sites"]

_PLAN = "乌海市“十四五”民政事业发展规划(2021—2025年)"
#: Placeholders, not prices: fixed cost and cost per m2 in 10,000 yuan.
_COST = {"build": (60, 0.42), "buy_back": (30, 0.55), "lease": (12, 0.18), "convert": (20, 0.22)}


def make_sites(city: City, book: Book, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return 60 candidate places, denser where there is no station."""
    villages = ["150303104239", "150303104241"]
    large = city.areas["households"].nlargest(8).index.tolist()
    areas = sorted([*WITHOUT, *WITHOUT, *villages, *large, "150302002003", "150303001008"])
    rows: list[dict[str, Any]] = []
    ways = list(_COST)
    for k, area in enumerate(areas):
        way = ways[int(rng.choice(4, p=[0.2, 0.2, 0.25, 0.35]))]
        floor = int(rng.integers(30, 120) * 10)
        fixed, each = _COST[way]
        rows.append(
            {
                "site_id": f"S{k + 1:02d}",
                "name": f"{book.short(area)}候选点{k + 1}",
                "area_id": area,
                "cost": round(fixed + each * floor, 1),
                "floor_m2": floor,
                "places": floor // 12,
                "acquisition": way,
                "required": 0,
                "forbidden": 0,
                "group": None,
                "xy": book.place(area, "any"),
            }
        )
    frame = pd.DataFrame(rows).set_index("site_id")
    frame.loc["S03", "required"] = 1
    frame.loc[["S10", "S31"], "forbidden"] = 1
    for name, pair in (("G1", ["S05", "S06"]), ("G2", ["S20", "S21"]), ("G3", ["S40", "S41"])):
        frame.loc[pair, "group"] = name
    points = shapely.points(np.array(frame.pop("xy").tolist()))
    return gpd.GeoDataFrame(frame, geometry=points, crs=CRS)


def make_projects() -> pd.DataFrame:
    """Return the housing projects that pass or fail each step of 四同步, as written by hand."""
    return pd.read_csv(Path(__file__).with_name("projects.csv"), dtype=str, keep_default_na=False)


def make_rosters(areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return which unit owes which facility kind, and by when."""
    rows: list[tuple[str, str, str, str, int, str]] = []
    for code, area in areas.iterrows():
        kinds = [
            "station" if area["kind"] == "urban" else "rural_centre",
            "service_complex",
            "volunteer_station",
        ]
        rows += [("area", str(code), area["name"], kind, 1, "2025-12-31") for kind in kinds]
    for code, part in areas.groupby("street_id"):
        for kind in ("street_centre", "one_stop_hall", "social_work_station", "incubator"):
            rows.append(("street", str(code), part["street_name"].iloc[0], kind, 1, "2025-12-31"))
    for code, part in areas.groupby("district_id"):
        name = part["district_name"].iloc[0]
        for kind, count in (
            ("dispatch_centre", 1),
            ("embedded_complex", 4),
            ("institution", 1),
            ("child_protection", 1),
        ):
            rows.append(("district", str(code), name, kind, count, "2025-12-31"))
    rows.append(("city", "1503", "乌海市", "child_protection", 1, "2025-12-31"))
    frame = pd.DataFrame(
        rows, columns=["unit_level", "unit_id", "unit_name", "kind", "count", "due"]
    )
    return frame.assign(source=_PLAN)


_STATED = "数值、分子、分母均见规划"
_IMPLIED = "数值见规划;分子、分母按公布的百分比和单元数反推"
_PARTLY = "数值和床位数见规划;老年人口由床位数和37.0反推"
_SYNTHETIC = "数值见规划;分子、分母为合成样例"
_UNSTATED = "规划未给出2020年数值;分母为应有单元数"
_ODD_UNIT = "数值见规划;单位疑为‰:1.2%即6,679人"
#: The plan's 2020 column: indicator, name, unit, numerator, denominator, value as printed, remark.
_OBSERVED = (
    ("1", "村(社区)社会救助协理员配备率", "%", "", "83", "--", _UNSTATED),
    ("2", "政府购买社会救助经办服务能力", "%", "16", "20", "80", _IMPLIED),
    ("3", "城市社区养老设施服务覆盖率", "%", "46", "70", "66", _STATED),
    ("3r", "农区养老设施服务覆盖率", "%", "11", "13", "85", _STATED),
    ("4", "每千名老人拥有养老机构床位数", "张", "3354", "90649", "37", _PARTLY),
    ("5", "护理型床位占比", "%", "1237", "3354", "37", _STATED),
    ("6", "志愿服务站点在社区综合服务设施中的覆盖率", "%", "", "83", "--", _UNSTATED),
    ("7", "社会工作专业人才占全市人口比例", "%", "", "556621", "1.2", _ODD_UNIT),
    (
        "8", "每百户居民拥有的城乡社区综合服务设施建筑面积", "平方米", "72930", "221000", "33",
        _SYNTHETIC,
    ),
    ("9", "镇(街道)社会工作服务站覆盖率", "%", "", "20", "--", _UNSTATED),
    ("10", "镇(街道)社会组织孵化场所覆盖率", "%", "", "20", "--", _UNSTATED),
    ("11", "未成年人保护机构覆盖率", "%", "1", "4", "25", _IMPLIED),
    ("12", "儿童主任津贴发放率", "%", "", "83", "--", _UNSTATED),
)  # fmt: skip


def make_observations() -> pd.DataFrame:
    """Return the plan's 2020 column; a value the plan leaves open is ``--``."""
    names = ["indicator", "name", "unit", "numerator", "denominator", "value", "remark"]
    frame = pd.DataFrame(_OBSERVED, columns=names)
    frame.insert(3, "period", "2020")
    frame.insert(7, "source", _PLAN)
    return frame


def make_meal_points(city: City, book: Book, rng: np.random.Generator) -> pd.DataFrame:
    """Return meal points as a map service gives them: Chinese headings, GCJ-02 coordinates."""
    urban = city.areas.index[(city.areas["kind"] == "urban") & (city.areas["households"] > 1500)]
    chosen = sorted(rng.choice(urban, 26, replace=False).tolist())
    places = gpd.GeoSeries(
        shapely.points([book.place(area, "any") for area in chosen]), crs=CRS
    ).to_crs(4490)
    lon, lat = to_gcj02(places.x.to_numpy(), places.y.to_numpy())
    status = np.where(
        np.arange(26) % 13 == 5, "在建", np.where(np.arange(26) % 13 == 11, "停业", "运营")
    )
    return pd.DataFrame(
        {
            "编号": [f"M{k + 1:02d}" for k in range(26)],
            "名称": [f"{book.short(area)}幸福居助餐点" for area in chosen],
            "类型": "幸福居助餐点",
            "状态": status,
            "经度": lon.round(7),
            "纬度": lat.round(7),
            "容量": rng.integers(20, 90, 26),
            "服务社区": chosen,
        }
    )
