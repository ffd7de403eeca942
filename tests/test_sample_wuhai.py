"""The sample city: same bytes, published figures, a true tiling, a routable network, every case."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from carecircle.inputs.datums import to_wgs84

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "wuhai"
CIRCLE = [
    "station", "day_care", "street_centre", "embedded_complex", "rural_centre", "mutual_aid_home",
]  # fmt: skip
URBAN_M, RURAL_M = 900.0, 1800.0  # 15 and 30 minutes at 1.0 m/s


def read(folder):
    """Every table of the sample, indexed by its first column."""
    layers = {p.stem: gpd.read_file(p) for p in sorted(folder.glob("*.gpkg"))}
    layers |= {p.stem: gpd.read_parquet(p) for p in sorted(folder.glob("*.parquet"))}
    layers |= {p.stem: pd.read_csv(p, dtype=str) for p in sorted(folder.glob("*.csv"))}
    return {name: table.set_index(table.columns[0]) for name, table in layers.items()}


@pytest.fixture(scope="module")
def city():
    tables = SimpleNamespace(**read(SAMPLE))
    tables.operating = tables.facilities[tables.facilities["status"] == "operating"]
    tables.case = tables.special_cases["id"]
    return tables


@pytest.fixture(scope="module")
def homes(city):
    return minutes_table(city, city.operating[city.operating["kind"].isin(CIRCLE)])


def graph(roads):
    walk = roads[~roads["highway"].str.startswith("motorway")]
    net = nx.Graph()
    for u, v, metres in zip(walk["u"], walk["v"], walk.length, strict=True):
        if not net.has_edge(u, v) or net[u][v]["weight"] > metres:
            net.add_edge(u, v, weight=metres)
    return net


def positions(roads, points):
    """Nearest walkable edge, metres to both its ends, and the access leg."""
    walk = roads[~roads["highway"].str.startswith("motorway")]
    near = walk.iloc[walk.sindex.nearest(points, return_all=False)[1]]
    along = shapely.line_locate_point(near.geometry.to_numpy(), points)
    leg = shapely.distance(near.geometry.to_numpy(), points)
    return near, along, near.length.to_numpy() - along, leg


def minutes_table(city, facilities, extra=()):
    """Metres on foot to the nearest facility: networkx on u and v, access legs walked."""
    net = graph(city.roads)
    net.add_weighted_edges_from(extra)
    near, to_u, to_v, leg = positions(city.roads, facilities.geometry.to_numpy())
    for k, (u, v) in enumerate(zip(near["u"], near["v"], strict=True)):
        net.add_edge("goal", f"place{k}", weight=leg[k])
        net.add_edge(f"place{k}", u, weight=to_u[k])
        net.add_edge(f"place{k}", v, weight=to_v[k])
    metres = nx.single_source_dijkstra_path_length(net, "goal")
    lived_in = city.buildings[city.buildings["dwellings"] > 0]
    near, to_u, to_v, leg = positions(city.roads, lived_in.centroid.to_numpy())
    by_u = near["u"].map(metres).to_numpy(dtype=float) + to_u
    by_v = near["v"].map(metres).to_numpy(dtype=float) + to_v
    table = lived_in[["area_id", "dwellings"]].copy()
    table["leg"], table["metres"] = leg, np.fmin(by_u, by_v) + leg
    rural = table["area_id"].map(city.areas["kind"]) == "rural"
    table["limit"] = np.where(rural, RURAL_M, URBAN_M)
    table.loc[leg > np.where(rural, 500, 150), "metres"] = np.nan
    table["covered"] = table["metres"] <= table["limit"]
    goals = shapely.MultiPoint(facilities.geometry.tolist())
    table["straight"] = shapely.distance(goals, lived_in.centroid.to_numpy())
    share = table["dwellings"] / table.groupby("area_id")["dwellings"].transform("sum")
    table["elders"] = share * table["area_id"].map(city.areas["elders"])
    return table


def covered_share(homes, area):
    part = homes[homes["area_id"] == area]
    return part.loc[part["covered"], "elders"].sum() / part["elders"].sum()


# --- made again -----------------------------------------------------------------------------------


def test_making_the_city_again_gives_the_same_bytes(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "data" / "make_wuhai.py"), str(tmp_path)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in SAMPLE.iterdir()}
    same_versions = (tmp_path / "made_with.csv").read_bytes() == (
        SAMPLE / "made_with.csv"
    ).read_bytes()
    if same_versions:
        different = [
            p.name for p in SAMPLE.iterdir() if p.read_bytes() != (tmp_path / p.name).read_bytes()
        ]
        assert different == []
    else:  # other libraries may pack the same tables otherwise
        new, old = read(tmp_path), read(SAMPLE)
        for name in set(old) - {"made_with"}:
            assert list(new[name].columns) == list(old[name].columns), name
            assert new[name].index.equals(old[name].index), name


def test_sample_is_small():
    sizes = [p.stat().st_size for p in SAMPLE.iterdir()]
    assert sum(sizes) < 5_000_000
    assert max(sizes) < 3_000_000


def test_every_layer_is_in_the_study_crs(city):
    for name in ("areas", "facilities", "barriers", "sites", "roads", "buildings"):
        assert getattr(city, name).crs.to_epsg() == 4545, name


# --- areas ----------------------------------------------------------------------------------------


def test_areas_are_the_70_communities_and_13_villages(city):
    areas = city.areas
    assert areas["kind"].value_counts().to_dict() == {"urban": 70, "rural": 13}
    assert areas.index.is_unique
    assert areas.index.str.fullmatch(r"\d{12}").all()
    assert areas["street_id"].nunique() == 20
    assert areas["street_id"].str.fullmatch(r"\d{9}").all()
    assert sorted(areas["district_id"].unique()) == ["150302", "150303", "150304"]
    assert (areas.index.str[:9] == areas["street_id"]).all()


def test_areas_tile_the_city_without_gaps_or_overlaps(city):
    shapes = city.areas.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes).all()
    union = shapely.coverage_union_all(shapes)
    assert union.geom_type == "Polygon"
    assert len(union.interiors) == 0
    assert union.area == pytest.approx(shapely.area(shapes).sum(), rel=1e-12)
    assert union.area / 1e6 == pytest.approx(1754, abs=1)


def test_totals_are_those_of_the_plan(city):
    sums = city.areas[["households", "population", "elders", "elders80"]].sum()
    assert sums.tolist() == [221_000, 556_621, 90_649, 12_000]
    by_district = city.areas.groupby("district_id")["households"].sum() / 221_000
    assert by_district.round(3).to_dict() == {"150302": 0.611, "150303": 0.170, "150304": 0.219}
    assert (city.areas["elders"] < city.areas["population"]).all()
    assert (city.areas["elders80"] < city.areas["elders"]).all()


def test_new_households_follow_the_regime(city):
    areas = city.areas
    new, all_, regime = areas["households_new"], areas["households"], areas["regime"]
    assert (new[regime == "existing"] == 0).all()
    assert (new[regime == "new"] == all_[regime == "new"]).all()
    assert new[regime == "mixed"].between(1, all_[regime == "mixed"] - 1).all()


# --- the six published figures --------------------------------------------------------------------


def communities_with(city, kinds):
    serves = city.operating.loc[city.operating["kind"].isin(kinds), "serves"]
    return set(";".join(serves).split(";"))


def test_46_of_70_communities_have_a_station(city):
    has = communities_with(city, ["station", "day_care"])
    urban = set(city.areas.index[city.areas["kind"] == "urban"])
    assert len(has) == 46
    assert has <= urban
    assert round(100 * 46 / 70) == 66


def test_11_of_13_villages_have_a_facility(city):
    has = communities_with(city, ["rural_centre", "mutual_aid_home"])
    assert len(has) == 11
    assert has <= set(city.areas.index[city.areas["kind"] == "rural"])
    counts = city.operating["kind"].value_counts()
    assert (counts["rural_centre"], counts["mutual_aid_home"], counts["street_centre"]) == (9, 2, 5)


def test_beds_are_37_per_1000_elders_and_36_9_percent_nursing(city):
    beds = city.operating["beds"].sum()
    assert beds == 3354
    assert 1000 * beds / city.areas["elders"].sum() == pytest.approx(37.0, abs=0.005)
    assert city.operating["nursing_beds"].sum() == 1237
    assert round(100 * 1237 / 3354, 1) == 36.9
    homes = city.facilities[city.facilities["kind"] == "institution"]
    assert homes["status"].value_counts().to_dict() == {"operating": 9, "building": 3}
    assert city.operating["institution_beds"].sum() == 2400
    assert (city.operating["nursing_beds"].dropna() <= city.operating["beds"].dropna()).all()


def test_floor_area_is_33_per_100_households_and_all_pass_300(city):
    complexes = city.operating[city.operating["kind"] == "service_complex"]
    floor = complexes["floor_m2"]
    assert sorted(complexes["serves"]) == sorted(city.areas.index)
    assert 100 * floor.sum() / city.areas["households"].sum() == 33.0
    assert floor.min() >= 300
    assert [int((floor < 500).sum()), int((floor >= 1000).sum())] == [28, 26]
    size = complexes.set_index("serves")["floor_m2"].corr(city.areas["households"])
    assert 0.2 < size < 0.7


# --- roads, barriers, buildings -------------------------------------------------------------------


def test_roads_are_many_and_of_all_classes(city):
    assert len(city.roads) >= 8000
    wanted = {"motorway", "trunk", "primary", "secondary", "tertiary", "residential",
              "living_street", "service", "footway", "track"}  # fmt: skip
    assert wanted <= set(city.roads["highway"])
    assert (city.roads["oneway"] == "yes").sum() > 50
    assert set(city.roads["signals"]) == {0.0, 0.5}  # half at each end: 1 per crossing passed


def test_node_ids_agree_with_end_points(city):
    for end, column in ((0, "u"), (-1, "v")):
        xy = pd.Series(shapely.get_point(city.roads.geometry.to_numpy(), end)).map(lambda p: p.wkb)
        pairs = pd.DataFrame({"xy": xy.to_numpy(), "node": city.roads[column].to_numpy()})
        distinct = pairs.drop_duplicates()
        assert distinct["xy"].is_unique
        assert distinct["node"].is_unique


def test_network_is_one_piece_but_for_the_island(city):
    parts = sorted(nx.connected_components(graph(city.roads)), key=len, reverse=True)
    assert len(parts) == 2
    island = set(city.roads.loc[city.case["island_road"], ["u", "v"]])
    assert island <= parts[1]
    assert 10 < len(parts[1]) < 100


def test_roads_cross_only_at_nodes_or_on_another_level(city):
    lines, level = city.roads.geometry.to_numpy(), city.roads["layer"].fillna("0").to_numpy()
    i, j = city.roads.sindex.query(lines, predicate="crosses")
    assert (level[i] != level[j]).all()


def test_only_bridges_and_tunnels_cross_the_barriers(city):
    lines = city.barriers.geometry.to_numpy()
    i, _ = city.roads.sindex.query(lines, predicate="crosses")[::-1]
    crossing = city.roads.iloc[np.unique(i)]
    assert ((crossing["bridge"] == "yes") | (crossing["tunnel"] == "yes")).all()
    river = city.barriers[city.barriers["kind"] == "river"]
    i = city.roads.sindex.query(river.geometry.to_numpy(), predicate="crosses")[1]
    bridges = set(city.roads.iloc[i]["name"])
    assert bridges == {"乌海湖大桥", "乌达黄河公路桥", "乌海南桥", "京藏高速(合成)"}


def test_buildings_keep_off_the_roads_and_each_other(city):
    shapes = city.buildings.geometry.to_numpy()
    assert 9_000 <= len(shapes) <= 12_000
    assert city.buildings.geometry.is_valid.all()
    assert len(city.roads.sindex.query(shapes, predicate="intersects")[0]) == 0
    i, j = city.buildings.sindex.query(shapes, predicate="intersects")
    assert (i == j).all()


def test_every_area_has_dwellings_for_its_households(city):
    buildings = city.buildings
    assert buildings["area_id"].notna().all()
    assert buildings["floors"].between(1, 33).all()
    dwellings = buildings.groupby("area_id")["dwellings"].sum().reindex(city.areas.index)
    assert (dwellings >= city.areas["households"]).all()
    area = city.areas.geometry.reindex(buildings["area_id"]).to_numpy()
    assert shapely.within(buildings.centroid.to_numpy(), area).all()


def test_about_six_elders_in_ten_are_in_time_on_foot(homes):
    share = homes.loc[homes["covered"], "elders"].sum() / homes["elders"].sum()
    assert 0.55 <= share <= 0.75


# --- special cases --------------------------------------------------------------------------------


def test_case_community_with_a_facility_out_of_time(city, homes):
    area = city.case["facility_but_out_of_time"]
    assert area in communities_with(city, ["station", "day_care"])
    assert covered_share(homes, area) < 0.5


def test_case_community_in_time_thanks_to_a_neighbour(city, homes):
    area = city.case["no_facility_but_in_time"]
    assert area not in communities_with(city, ["station", "day_care"])
    circle = city.operating[city.operating["kind"].isin(CIRCLE)]
    assert not circle.within(city.areas.geometry[area]).any()
    assert covered_share(homes, area) >= 0.95


def test_case_access_problem_across_the_river(city, homes):
    home = homes.loc[city.case["access_across_river"]]
    assert home["straight"] <= RURAL_M / 1.3
    assert home["metres"] > 3 * RURAL_M


def test_case_homes_too_far_from_any_road(city, homes):
    rural, urban = (homes.loc[city.case[f"not_snapped_{kind}"]] for kind in ("rural", "urban"))
    assert (rural["limit"], urban["limit"]) == (RURAL_M, URBAN_M)
    assert rural["leg"] > 500
    assert urban["leg"] > 150


def test_case_facility_under_construction_would_cover_a_gap(city, homes):
    code = city.case["under_construction_would_cover"]
    assert city.facilities.loc[code, "status"] == "building"
    circle = city.operating[city.operating["kind"].isin(CIRCLE)]
    after = minutes_table(city, pd.concat([circle, city.facilities.loc[[code]]]))
    won = after["covered"] & ~homes["covered"]
    assert homes.loc[won, "elders"].sum() > 100


def test_case_gcj02_file_lies_hundreds_of_metres_off(city):
    table = city.meal_points_gcj02
    assert {"名称", "类型", "状态", "经度", "纬度"} <= set(table.columns)
    assert city.case["gcj02_file"] in table.index
    lon, lat = table["经度"].astype(float).to_numpy(), table["纬度"].astype(float).to_numpy()
    area = city.areas.geometry.reindex(table["服务社区"]).to_numpy()
    as_given = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4490).to_crs(city.areas.crs)
    back = gpd.GeoSeries(gpd.points_from_xy(*to_wgs84(lon, lat, "gcj02")), crs=4490)
    back = back.to_crs(city.areas.crs)
    assert as_given.distance(back).between(300, 800).all()
    assert shapely.within(back.to_numpy(), area).all()
    assert not shapely.within(as_given.to_numpy(), area).all()


def test_case_island_homes_reach_nothing(city, homes):
    home = homes.loc[city.case["island_home"]]
    assert np.isnan(home["metres"])
    assert home["leg"] < 150


def test_case_gated_estate_has_a_station_behind_the_wall(city, homes):
    home = homes.loc[city.case["gated_long_way"]]
    assert home["straight"] < 300
    assert home["metres"] > URBAN_M


def test_case_dead_ends_a_few_metres_apart_make_a_false_verdict(city, homes):
    ends = nx.Graph()
    ends.add_edges_from(zip(city.roads["u"], city.roads["v"], strict=True))
    for case in ("road_gap", "road_gap_harmless"):
        first, second = (city.roads.loc[code] for code in city.case[case].split(";"))
        pairs = [(first[a], second[b], point(first, a).distance(point(second, b)))
                 for a in "uv" for b in "uv"]  # fmt: skip
        u, v, metres = min(pairs, key=lambda pair: pair[2])
        assert 1 < metres < 6
        assert ends.degree(u) == ends.degree(v) == 1
        if case == "road_gap":
            bridge = (u, v, metres)
    circle = city.operating[city.operating["kind"].isin(CIRCLE)]
    mended = minutes_table(city, circle, [bridge])
    home = city.case["false_uncovered_by_gap"]
    assert not homes.loc[home, "covered"]
    assert mended.loc[home, "covered"]


def point(road, end):
    return shapely.get_point(road.geometry, 0 if end == "u" else -1)


def test_case_bridge_does_not_connect_to_what_it_crosses(city):
    over, under = (city.roads.loc[code] for code in city.case["bridge_not_connected"].split(";"))
    assert over["bridge"] == "yes"
    assert over.geometry.crosses(under.geometry)
    assert {over["u"], over["v"]}.isdisjoint({under["u"], under["v"]})


def test_no_bridge_shares_a_node_with_what_it_crosses(city):
    bridges = city.roads[city.roads["bridge"] == "yes"]
    bridges = bridges[bridges["highway"] != "motorway_link"]  # ramps meet at their street by design
    i, j = city.roads.sindex.query(bridges.geometry.to_numpy(), predicate="crosses")
    over, under = bridges.iloc[i], city.roads.iloc[j]
    for a in ("u", "v"):
        for b in ("u", "v"):
            assert (over[a].to_numpy() != under[b].to_numpy()).all()


def test_case_river_bridge_and_rail_underpass(city):
    bridge = city.roads.loc[city.case["river_bridge"]]
    assert (bridge["name"], bridge["bridge"]) == ("乌达黄河公路桥", "yes")
    tunnel = city.roads.loc[city.case["rail_underpass"]]
    rails = city.barriers[city.barriers["kind"] == "railway"].union_all()
    assert tunnel["tunnel"] == "yes"
    assert tunnel.geometry.crosses(rails)


def test_case_institutions_open_and_not_open(city):
    both = city.facilities.loc[[city.case["institution_open"], city.case["institution_not_open"]]]
    assert both["kind"].tolist() == ["institution"] * 2
    assert both["open_to_community"].tolist() == [1, 0]


def test_case_shared_station_serves_two_communities(city):
    station = city.facilities.loc[city.case["shared_station"]]
    assert len(station["serves"].split(";")) == 2
    assert set(station["serves"].split(";")) <= set(city.areas.index)


def test_case_mixed_regime_and_exclave(city):
    assert city.areas.loc[city.case["mixed_regime"], "regime"] == "mixed"
    exclave = city.areas.geometry[city.case["exclave"]]
    assert exclave.geom_type == "MultiPolygon"
    assert min(part.area for part in exclave.geoms) > 10_000


def test_case_floor_passes_300_but_not_30_per_100_households(city):
    area = city.areas.loc[city.case["floor_passes_total_fails_per_100"]]
    complexes = city.operating[city.operating["kind"] == "service_complex"].set_index("serves")
    floor = complexes.loc[area.name, "floor_m2"]
    assert floor >= 300
    assert floor < 0.30 * area["households"]


def test_case_planned_and_closed_facilities_do_not_operate(city):
    assert city.facilities.loc[city.case["planned"], "status"] == "planned"
    assert city.facilities.loc[city.case["closed"], "status"] == "closed"
    assert city.facilities.loc[city.case["closed"], "closed"] < "2020-12-31"


def test_every_special_case_names_a_record(city):
    for case, row in city.special_cases.iterrows():
        table = getattr(city, row["table"].removesuffix(".csv"))
        assert set(row["id"].split(";")) <= set(table.index), case


# --- the other tables -----------------------------------------------------------------------------


def test_facilities_stand_inside_the_area_they_name(city):
    placed = city.facilities
    area = city.areas.geometry.reindex(placed["area_id"])
    assert shapely.within(placed.geometry.to_numpy(), area.to_numpy()).all()


def test_projects_cover_pass_and_failure_of_each_step(city):
    projects = city.projects.replace("", None)
    assert len(projects) >= 12
    late = projects["facility_deliver"] > projects["home_deliver"]
    assert late.sum() >= 1
    assert projects["facility_deliver"].isna().sum() >= 2
    built = projects["floor_built_m2"].astype(float) < projects["floor_planned_m2"].astype(float)
    assert built.sum() == 1


def test_observations_keep_the_missing_values_of_the_plan(city):
    table = city.observations
    assert (table["value"] == "--").sum() == 5
    assert table.loc["3", ["numerator", "denominator", "value"]].tolist() == ["46", "70", "66"]


def test_sites_hold_required_forbidden_and_groups(city):
    sites = city.sites
    assert 55 <= len(sites) <= 65
    assert sites["required"].sum() == 1
    assert sites["forbidden"].sum() == 2
    assert sites["group"].dropna().value_counts().eq(2).all()
    assert set(sites["acquisition"]) == {"build", "buy_back", "lease", "convert"}


def test_rosters_name_real_units(city):
    rosters = city.rosters.reset_index()
    known = {*city.areas.index, *city.areas["street_id"], *city.areas["district_id"], "1503"}
    assert set(rosters["unit_id"]) <= known
    assert (rosters.query("kind == 'station'")["unit_level"] == "area").sum() == 70
