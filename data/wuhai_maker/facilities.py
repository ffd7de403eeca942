"""Facilities of every kind in the plan; only the operating ones make its 2020 figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from wuhai_maker.people import share_out
from wuhai_maker.terrain import CRS, quantise

if TYPE_CHECKING:
    from wuhai_maker.city import City

__all__ = ["CIRCLE_KINDS", "Plan", "make_facilities"]

CIRCLE_KINDS = (
    "station",
    "day_care",
    "street_centre",
    "embedded_complex",
    "rural_centre",
    "mutual_aid_home",
)
FLOOR_M2 = 72_930  # 33.0 m2 per 100 of 221,000 households
BEDS, NURSING, INSTITUTION_BEDS = 3_354, 1_237, 2_400
VILLAGES_WITHOUT = ("150303104239", "150303104241")


_COUNTS = (
    "floor_m2", "elder_floor_m2", "activity_m2", "beds", "nursing_beds", "institution_beds",
    "places", "safety_net", "open_to_community",
)  # fmt: skip
_COLUMNS = [
    "name", "kind", "status", "area_id", "floor_m2", "elder_floor_m2", "activity_m2", "beds",
    "nursing_beds", "institution_beds", "places", "serves", "opened", "closed", "safety_net",
    "open_to_community",
]  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Which areas get what; ids are areas, tuples are (area, area served too)."""

    without: tuple[str, ...]
    shared: tuple[str, str]
    badly_placed: tuple[str, ...]
    toward: dict[str, str]
    near: dict[str, tuple[float, float]]
    building: tuple[str, ...]
    planned: tuple[str, ...]
    closed: tuple[str, ...]


@dataclass
class Book:
    """Collects facility records and finds places for them."""

    city: City
    rng: np.random.Generator
    rows: list[dict[str, Any]] = field(default_factory=list)
    taken: set[tuple[float, float]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Lay out the places beside streets that a facility could take."""
        streets = [
            p
            for p in self.city.pieces
            if not p.highway.startswith("motorway")
            and p.highway not in ("trunk", "track", "footway", "unclassified")
            and not {"island", "bridge", "tunnel", "gap"} & set(p.tags)
            and p.line.length > 25
        ]
        coords = np.array(
            [
                shapely.get_coordinates(p.line.interpolate([0.42, 0.58], normalized=True))
                for p in streets
            ]
        )
        ahead = coords[:, 1] - coords[:, 0]
        ahead /= np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
        self.spots = quantise(coords.mean(axis=1) + np.c_[-ahead[:, 1], ahead[:, 0]] * 12)
        lived_in = self.city.buildings[self.city.buildings["dwellings"] > 0].centroid.to_numpy()
        near = shapely.STRtree(lived_in).nearest(shapely.points(self.spots))
        self.spots = self.spots[shapely.distance(shapely.points(self.spots), lived_in[near]) < 250]
        points = gpd.GeoDataFrame(geometry=shapely.points(self.spots), crs=CRS)
        inside = gpd.sjoin(points, self.city.areas[["geometry"]], predicate="within")
        self.inside = inside.iloc[:, -1].groupby(level=0).first()
        homes = self.city.buildings[self.city.buildings["dwellings"] > 0]
        self.homes = {
            area: (shapely.get_coordinates(part.centroid.to_numpy()), part["dwellings"].to_numpy())
            for area, part in homes.groupby("area_id")
        }

    def place(self, area: str, how: str = "middle", *, toward: str = "") -> tuple[float, float]:
        """Choose a free place in an area: ``middle``, ``edge``, ``any``, ``gap`` or ``toward``."""
        spots = self.spots[self.inside.index[self.inside == area]]
        spots = np.array([s for s in spots if tuple(s.tolist()) not in self.taken])
        if how == "any":
            spot = spots[int(self.rng.integers(len(spots)))]
        else:
            xy, weight = self.homes[toward or area]
            if how == "gap":
                near = np.hypot(
                    xy[:, None, 0] - self.stations[None, :, 0],
                    xy[:, None, 1] - self.stations[None, :, 1],
                )
                weight = weight * (near.min(axis=1) > 700)
            away = np.hypot(spots[:, None, 0] - xy[None, :, 0], spots[:, None, 1] - xy[None, :, 1])
            score = ((np.clip(away, 500, 6000) + 3000 * (away > 700)) * weight).sum(axis=1)
            spot = spots[score.argmax() if how == "edge" else score.argmin()]
        found = tuple(spot.tolist())
        self.taken.add(found)
        return found

    @property
    def stations(self) -> np.ndarray:
        """Coordinates of the stations written so far."""
        return np.array(
            [
                row["xy"]
                for row in self.rows
                if row["kind"] in ("station", "day_care") and row["status"] == "operating"
            ]
        )

    def place_near(self, area: str, point: tuple[float, float]) -> tuple[float, float]:
        """Choose the place in an area nearest to a point."""
        spots = self.spots[self.inside.index[self.inside == area]]
        away = np.hypot(*(spots - np.asarray(point)).T)
        found = tuple(spots[int(away.argmin())].tolist())
        self.taken.add(found)
        return found

    def add(self, kind: str, area: str, name: str, xy: tuple[float, float], **more: Any) -> None:
        """Write one record."""
        row = {"name": name, "kind": kind, "status": "operating", "area": area, "xy": xy, **more}
        row["facility_id"] = f"F{len(self.rows) + 1:03d}"
        self.rows.append(row)

    def short(self, area: str) -> str:
        """Name of an area without its last word."""
        return str(self.city.areas.loc[area, "name"]).removesuffix("社区").removesuffix("村")


def _date(rng: np.random.Generator, first: int, last: int) -> str:
    return f"{rng.integers(first, last + 1)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"


def _stations(book: Book, plan: Plan) -> None:
    """45 stations for 46 communities, and those being built, planned or closed."""
    rng, urban = book.rng, book.city.areas.index[book.city.areas["kind"] == "urban"]
    has = [a for a in urban if a not in plan.without and a != plan.shared[1]]
    for k, area in enumerate(has):
        kind = "day_care" if k % 4 == 3 else "station"
        label = "日间照料中心" if kind == "day_care" else "居家养老服务站"
        how = "edge" if area in plan.badly_placed else "middle"
        if area in plan.near:
            xy = book.place_near(area, plan.near[area])
        else:
            xy = book.place(area, how, toward=plan.toward.get(area, ""))
        serves = ";".join(plan.shared) if area == plan.shared[0] else area
        book.add(
            kind,
            area,
            f"{book.short(area)}{label}",
            xy,
            serves=serves,
            elder_floor_m2=int(rng.integers(300, 780)),
            places=int(rng.integers(25, 70)),
            opened=_date(rng, 2013, 2020),
        )
    pipeline = (("building", plan.building), ("planned", plan.planned), ("closed", plan.closed))
    for status, areas in pipeline:
        for area in areas:
            dates = {"opened": "2014-05-01", "closed": "2019-09-30"} if status == "closed" else {}
            book.add(
                "station",
                area,
                f"{book.short(area)}居家养老服务站",
                book.place(area),
                status=status,
                serves=area,
                elder_floor_m2=420,
                places=40,
                beds=12,
                **dates,
            )


def _villages(book: Book) -> None:
    areas = book.city.areas
    villages = [a for a in areas.index[areas["kind"] == "rural"] if a not in VILLAGES_WITHOUT]
    for k, area in enumerate(villages):
        home = k in (4, 9)
        kind = "mutual_aid_home" if home else "rural_centre"
        label = "互助养老幸福院" if home else "养老服务中心"
        book.add(
            kind,
            area,
            f"{areas.loc[area, 'name']}{label}",
            book.place(area),
            serves=area,
            elder_floor_m2=int(book.rng.integers(260, 520)),
            places=int(book.rng.integers(15, 40)),
            opened=_date(book.rng, 2014, 2020),
        )


def _centres(book: Book) -> None:
    """Street centres and complexes stand in communities that have their own station."""
    names = book.city.areas["street_name"]
    for area in ("150302001003", "150302003012", "150302002007", "150304010011", "150303001009"):
        book.add(
            "street_centre",
            area,
            f"{names[area]}养老综合服务中心",
            book.place(area, "gap"),
            elder_floor_m2=int(book.rng.integers(1000, 2200)),
            places=int(book.rng.integers(80, 160)),
            opened=_date(book.rng, 2017, 2020),
        )
    for area, status in (
        ("150302007005", "operating"),
        ("150304009008", "operating"),
        ("150302008005", "building"),
        ("150303001008", "planned"),
    ):
        opened = {"opened": _date(book.rng, 2019, 2020)} if status == "operating" else {}
        book.add(
            "embedded_complex",
            area,
            f"{book.short(area)}嵌入式养老服务综合体",
            book.place(area, "gap"),
            status=status,
            elder_floor_m2=int(book.rng.integers(800, 1500)),
            places=90,
            **opened,
        )


#: Institutions: name, area, beds, status, safety net, open to the community.
_INSTITUTIONS = (
    ("乌海市综合福利院(合成)", "150302008003", 520, "operating", 1, 1),
    ("海勃湾区敬老院(合成)", "150302101004", 260, "operating", 1, 0),
    ("滨河康养中心(合成)", "150302007005", 380, "operating", 0, 1),
    ("凤凰岭护理院(合成)", "150302001008", 300, "operating", 0, 0),
    ("海北颐养院(合成)", "150302002010", 180, "operating", 0, 0),
    ("乌达区养老服务中心(合成)", "150304012008", 320, "operating", 1, 0),
    ("新达医养中心(合成)", "150304008008", 160, "operating", 0, 1),
    ("海南区敬老院(合成)", "150303001009", 180, "operating", 0, 0),
    ("公乌素养老院(合成)", "150303102007", 100, "operating", 0, 0),
    ("千里山医养结合中心(合成)", "150302101400", 240, "building", 0, 0),
    ("乌达区兜底养老院(合成)", "150304010013", 200, "building", 1, 0),
    ("海南区兜底养老院(合成)", "150303001012", 160, "building", 1, 1),
)


def _institutions(book: Book) -> None:
    for name, area, beds, status, net, is_open in _INSTITUTIONS:
        opened = {"opened": _date(book.rng, 1998, 2019)} if status == "operating" else {}
        book.add(
            "institution",
            area,
            name,
            book.place(area, "any"),
            status=status,
            beds=beds,
            institution_beds=beds,
            elder_floor_m2=beds * 35,
            safety_net=net,
            open_to_community=is_open,
            **opened,
        )


def complex_floors(areas: gpd.GeoDataFrame, rng: np.random.Generator) -> np.ndarray:
    """Floor areas in the classes 28 / 29 / 26, a little larger where more people live."""
    size = areas["households"].rank().to_numpy() / len(areas)
    order = np.argsort(0.45 * size + 0.55 * rng.random(len(areas)), kind="stable")
    floors = np.empty(len(areas), dtype=int)
    floors[order[:28]] = rng.integers(300, 500, 28)
    floors[order[28:57]] = rng.integers(500, 1000, 29)
    large = order[57:]
    floors[order[0]] = 300
    rest = FLOOR_M2 - int(floors[order[:57]].sum())
    floors[large] = share_out(rng.lognormal(0, 0.3, 26), rest, 1000)
    # all 83 sites met their floor in 2020, also the 500 m2 of a new estate
    new = (areas["regime"] == "new").to_numpy()
    small = np.flatnonzero(new & (floors < 500))
    middle = np.flatnonzero(~new & (floors >= 500) & (floors < 1000))[: len(small)]
    floors[small], floors[middle] = floors[middle], floors[small]
    return floors


def _complexes(book: Book) -> None:
    areas = book.city.areas
    for area, floor in zip(areas.index, complex_floors(areas, book.rng).tolist(), strict=True):
        book.add(
            "service_complex",
            area,
            f"{areas.loc[area, 'name']}综合服务设施",
            book.place(area, "any"),
            serves=area,
            floor_m2=floor,
            activity_m2=round(floor * book.rng.uniform(0.45, 0.75)),
            opened=_date(book.rng, 2008, 2020),
        )


def _posts(book: Book) -> None:
    """Write the posts of streets and communities, most of them inside a service complex."""
    areas = book.city.areas
    at = {row["area"]: row["xy"] for row in book.rows if row["kind"] == "service_complex"}
    for k, (_, part) in enumerate(areas.groupby("street_id")):
        area, street = part.index[0], part["street_name"].iloc[0]
        serves = ";".join(part.index)
        book.add(
            "one_stop_hall",
            area,
            f"{street}一站式服务大厅",
            book.place(area, "any"),
            serves=serves,
            opened=_date(book.rng, 2015, 2020),
        )
        if k % 3 == 1:
            book.add(
                "social_work_station",
                area,
                f"{street}社会工作服务站",
                at[area],
                serves=serves,
                opened=_date(book.rng, 2019, 2020),
            )
        if k in (2, 5, 14):
            book.add(
                "incubator",
                area,
                f"{street}社会组织孵化中心",
                book.place(area, "any"),
                serves=serves,
                opened=_date(book.rng, 2018, 2020),
            )
    _community_posts(book, at)


def _community_posts(book: Book, at: dict[str, tuple[float, float]]) -> None:
    areas = book.city.areas
    for area in sorted(book.rng.choice(areas.index, 31, replace=False).tolist()):
        book.add(
            "volunteer_station",
            area,
            f"{areas.loc[area, 'name']}志愿服务站",
            at[area],
            serves=area,
            opened=_date(book.rng, 2016, 2020),
        )
    for area in sorted(book.rng.choice(areas.index, 12, replace=False).tolist()):
        book.add(
            "mental_rehab",
            area,
            f"{book.short(area)}精神障碍社区康复点",
            at[area],
            serves=area,
            opened=_date(book.rng, 2018, 2020),
        )


def _city_services(book: Book) -> None:
    """Write what a city or a district has once, and a few places people know."""
    single = (
        ("child_protection", "150302003013", "乌海市未成年人救助保护中心", "operating"),
        ("rescue_station", "150302003013", "乌海市救助管理站", "operating"),
        ("central_kitchen", "150302002003", "海勃湾区中心厨房", "operating"),
        ("dispatch_centre", "150302001002", "海勃湾区养老服务指挥调度中心", "planned"),
        ("dispatch_centre", "150303001006", "海南区养老服务指挥调度中心", "planned"),
        ("dispatch_centre", "150304009008", "乌达区养老服务指挥调度中心", "building"),
        ("marriage_registry", "150302004001", "海勃湾区婚姻登记处", "operating"),
        ("marriage_registry", "150303001006", "海南区婚姻登记处", "operating"),
        ("marriage_registry", "150304009008", "乌达区婚姻登记处", "operating"),
        ("funeral", "150302002005", "乌海市殡仪馆", "operating"),
        ("funeral", "150304003008", "乌达区骨灰安放堂", "operating"),
    )
    for kind, area, name, status in single:
        book.add(kind, area, f"{name}(合成)", book.place(area, "any"), status=status)
    urban = book.city.areas.index[book.city.areas["kind"] == "urban"]
    for kind, label, count in (
        ("lottery", "福彩销售站", 14),
        ("health", "社区卫生服务站", 22),
        ("pharmacy", "药店", 18),
    ):
        for area in sorted(book.rng.choice(urban, count, replace=False).tolist()):
            book.add(kind, area, f"{book.short(area)}{label}", book.place(area, "any"))


def _beds(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Share the operating beds out: 3,354 in all, 1,237 of them nursing beds."""
    frame["institution_beds"] = frame["institution_beds"].where(frame["beds"].notna(), np.nan)
    circle = frame["kind"].isin(CIRCLE_KINDS)
    frame.loc[circle, "institution_beds"] = 0
    ours = circle & (frame["status"] == "operating")
    size = frame.loc[ours, "elder_floor_m2"].to_numpy(dtype=float)
    frame.loc[ours, "beds"] = share_out(size, BEDS - INSTITUTION_BEDS, 4)
    homes = (frame["kind"] == "institution") & (frame["status"] == "operating")
    frame.loc[homes, "nursing_beds"] = share_out(
        frame.loc[homes, "beds"].to_numpy(dtype=float) * rng.uniform(0.6, 1.2, homes.sum()), 1_020
    )
    frame.loc[ours, "nursing_beds"] = share_out(
        frame.loc[ours, "beds"].to_numpy(dtype=float), NURSING - 1_020
    )
    return frame


def make_facilities(city: City, plan: Plan, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return all facilities but the meal points."""
    book = Book(city, rng)
    _stations(book, plan)
    _villages(book)
    _centres(book)
    _institutions(book)
    _complexes(book)
    _posts(book)
    _city_services(book)
    frame = pd.DataFrame(book.rows).set_index("facility_id")
    frame = _beds(frame, rng)
    frame["floor_m2"] = frame["floor_m2"].fillna(frame["elder_floor_m2"])
    frame["area_id"] = frame["area"]
    frame = frame.astype(dict.fromkeys(_COUNTS, "Int64"))
    points = shapely.points(np.array(frame["xy"].tolist()))
    return gpd.GeoDataFrame(frame[_COLUMNS], geometry=points, crs=CRS)
