"""What every table must look like: columns, types, units, ranges, geometry and known headings.

A contract is data. Reading, checking, docs and templates all look here, so a column has one name
and one unit in the whole house.
"""

from __future__ import annotations

from carecircle.inputs.columns import Column, TableContract, count, floor
from carecircle.inputs.kinds import FACILITY_KINDS, STATUSES
from carecircle.inputs.ledgers import KIND_CHOICES, OBSERVATIONS, PROJECTS, ROSTERS

__all__ = ["CONTRACTS", "FACILITY_KINDS", "STATUSES", "Column", "TableContract"]

_PEOPLE = (
    count("households", "family households", ("家庭户数", "户数", "户", "hh", "num_households")),
    count("population", "resident population", ("常住人口", "人口", "人口数", "pop", "people")),
    count(
        "elders",
        "residents aged 60 and over",
        ("老年人口", "60岁及以上人口", "60岁以上人口", "老人", "pop60", "elderly", "seniors"),
    ),
    count("elders80", "residents aged 80 and over", ("80岁及以上人口", "高龄人口", "pop80")),
)
_POINT = ("Point",)
_POLYGON = ("Polygon", "MultiPolygon")
_LINE = ("LineString", "MultiLineString")

AREAS = TableContract(
    "areas",
    Column(
        "area_id",
        "id",
        "area code",
        ("社区代码", "编码", "代码", "unit_id", "code", "id"),
        required=True,
    ),
    (
        Column(
            "name", "text", "name", ("名称", "社区名称", "社区", "单位名称", "mc"), required=True
        ),
        Column(
            "kind",
            "choice",
            "urban or rural: decides the time limit",
            ("城乡", "城乡分类", "类型", "urban_rural", "type"),
            required=True,
            choices={
                "urban": ("城镇", "城市", "社区", "town", "u", "1"),
                "rural": ("农村", "农区", "乡村", "村", "village", "country", "r", "2"),
            },
        ),
        Column("street_id", "text", "town or street code", ("街道代码", "镇街代码", "乡镇代码")),
        Column(
            "street_name", "text", "town or street", ("街道", "镇街", "乡镇", "街道名称", "street")
        ),
        Column("district_id", "text", "district code", ("区代码", "区县代码")),
        Column("district_name", "text", "district", ("区", "区县", "区县名称", "district")),
        Column("city_id", "text", "city code", ("市代码",)),
        Column("city_name", "text", "city", ("市", "城市名称", "city")),
        *_PEOPLE,
        Column(
            "regime",
            "choice",
            "building regime: decides the floor-area rule",
            ("建设类型", "新旧"),
            choices={
                "existing": ("已建", "老城区", "既有", "old"),
                "new": (
                    "新建",
                    "新建住宅小区",
                    "连片改造",
                    "contiguous_renewal",
                    "new_residential",
                ),
                "mixed": ("混合", "新旧混合"),
            },
        ),
        count("households_new", "households in new estates", ("新建小区户数", "新建户数")),
    ),
    _POLYGON,
)

FACILITIES = TableContract(
    "facilities",
    Column(
        "facility_id",
        "id",
        "facility code",
        ("设施编号", "设施代码", "编号", "id", "code"),
        required=True,
    ),
    (
        Column("name", "text", "name", ("名称", "设施名称", "机构名称", "mc"), required=True),
        Column(
            "kind",
            "choice",
            "facility kind",
            ("类型", "设施类型", "类别", "种类", "type"),
            required=True,
            choices=KIND_CHOICES,
        ),
        Column(
            "status",
            "choice",
            "operating unless said otherwise",
            ("状态", "运营状态", "state"),
            choices={
                "operating": (*STATUSES["operating"], "运营中", "已建成", "正常", "在用", "open"),
                "building": (*STATUSES["building"], "建设中"),
                "planned": (*STATUSES["planned"], "拟建", "计划"),
                "closed": (*STATUSES["closed"], "停用", "停业", "撤销"),
            },
        ),
        floor("floor_m2", "gross floor area", ("建筑面积", "面积", "建筑面积(平方米)", "area_m2")),
        floor("elder_floor_m2", "floor area for elder care", ("养老服务面积", "养老建筑面积")),
        floor("activity_m2", "floor area for residents' activities", ("居民活动面积", "活动面积")),
        count("beds", "beds in all", ("床位", "床位数", "beds_total"), 1e5),
        count("nursing_beds", "nursing beds", ("护理型床位", "护理床位", "beds_nursing"), 1e5),
        count("institution_beds", "beds in institutions", ("机构床位", "beds_institution"), 1e5),
        count("places", "day places", ("服务容量", "托位", "容量", "capacity"), 1e6),
        Column(
            "serves",
            "ids",
            "area ids served, joined by ;",
            ("服务社区", "服务范围", "serves_units"),
        ),
        Column("opened", "date", "date of opening", ("启用日期", "开业日期", "投用日期")),
        Column("closed", "date", "date of closing", ("关闭日期", "停用日期")),
        Column("safety_net", "flag", "safety-net institution", ("兜底", "兜底性养老机构")),
        Column("open_to_community", "flag", "institution open to residents", ("对社区开放",)),
        Column(
            "extra_minutes",
            "number",
            "minutes added at this facility",
            ("附加分钟",),
            unit="minutes",
            minimum=0,
            maximum=600,
        ),
    ),
    (*_POINT, *_POLYGON),
)

HOMES = TableContract(
    "homes",
    Column("home_id", "id", "home code", ("住宅编号", "楼栋编号", "编号", "id"), required=True),
    (Column("area_id", "text", "area it lies in", ("社区代码", "unit_id")), *_PEOPLE),
    (*_POINT, *_POLYGON),
)

BUILDINGS = TableContract(
    "buildings",
    Column(
        "building_id",
        "id",
        "building code",
        ("楼栋编号", "建筑编号", "编号", "osm_id", "id"),
        required=True,
    ),
    (
        Column("area_id", "text", "area it lies in", ("社区代码", "unit_id")),
        Column(
            "floors",
            "number",
            "storeys",
            ("层数", "楼层", "building:levels", "levels"),
            minimum=0,
            maximum=150,
        ),
        Column(
            "residential_share",
            "number",
            "share of floor space lived in",
            ("居住比例",),
            minimum=0,
            maximum=1,
        ),
        count("dwellings", "dwellings", ("住宅套数", "套数", "building:flats"), 1e5),
        Column("use", "text", "building use", ("用途", "building")),
    ),
    (*_POLYGON, *_POINT),
)

ROADS = TableContract(
    "roads",
    Column("road_id", "id", "road code", ("道路编号", "osm_id", "fid", "id")),
    (
        Column(
            "highway",
            "text",
            "OpenStreetMap highway class",
            ("道路等级", "等级", "fclass"),
            required=True,
        ),
        Column("oneway", "text", "yes, no or -1", ("单行", "单行道")),
        Column("oneway_foot", "text", "one-way for people on foot", ("oneway:foot",)),
        Column("maxspeed", "text", "speed limit in km/h", ("限速",)),
        Column("access", "text", "OpenStreetMap access", ("通行权限",)),
        Column("foot", "text", "access on foot", ("步行",)),
        Column("bicycle", "text", "access by bicycle", ("骑行",)),
        Column("motor_vehicle", "text", "access by motor vehicle", ("机动车",)),
        Column("bridge", "text", "bridge", ("桥",)),
        Column("tunnel", "text", "tunnel", ("隧道",)),
        Column("layer", "text", "level above or below ground", ("层",)),
        Column("surface", "text", "surface", ("路面",)),
        Column("junction", "text", "roundabout and the like", ()),
        Column("name", "text", "street name", ("道路名称", "路名")),
        Column(
            "grade",
            "number",
            "climb / length from u to v",
            ("坡度",),
            minimum=-1,
            maximum=1,
        ),
        Column(
            "signals",
            "number",
            "traffic signals along the line",
            ("信号灯",),
            minimum=0,
            maximum=99,
        ),
        Column("u_blocks", "text", "modes stopped at the start node, joined by ;", ()),
        Column("v_blocks", "text", "modes stopped at the end node, joined by ;", ()),
        Column("u", "text", "node at the start", ("from_node", "起点")),
        Column("v", "text", "node at the end", ("to_node", "终点")),
    ),
    _LINE,
)

BARRIERS = TableContract(
    "barriers",
    Column("barrier_id", "id", "barrier code", ("编号", "id")),
    (
        Column("name", "text", "name", ("名称",)),
        Column("kind", "text", "river, railway, gate, ...", ("类型",)),
        Column(
            "factor",
            "number",
            "polygons: cost times this factor; missing: closed",
            ("系数",),
            minimum=1,
            maximum=1000,
        ),
    ),
    ("Point", *_LINE, *_POLYGON),
)

SITES = TableContract(
    "sites",
    Column("site_id", "id", "candidate code", ("候选点编号", "编号", "id"), required=True),
    (
        Column("name", "text", "name", ("名称",)),
        Column("cost", "number", "cost in the study's money unit", ("造价", "成本"), minimum=0),
        floor("floor_m2", "floor area it could have", ("建筑面积", "面积")),
        count("places", "places it could have", ("服务容量", "容量"), 1e6),
        Column(
            "acquisition",
            "choice",
            "how the place is got",
            ("取得方式",),
            choices={
                "build": ("新建",),
                "buy_back": ("回购", "buy back"),
                "lease": ("租赁",),
                "convert": ("改造",),
            },
        ),
        Column("required", "flag", "must be chosen", ("必选",)),
        Column("forbidden", "flag", "must not be chosen", ("禁选",)),
        Column("group", "text", "at most one of a group", ("组",)),
    ),
    _POINT,
)

_ALL = (
    AREAS,
    FACILITIES,
    HOMES,
    BUILDINGS,
    ROADS,
    BARRIERS,
    SITES,
    PROJECTS,
    OBSERVATIONS,
    ROSTERS,
)
CONTRACTS: dict[str, TableContract] = {contract.name: contract for contract in _ALL}
