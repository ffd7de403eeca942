"""A network in one file."""

from __future__ import annotations

import json
import zipfile
from dataclasses import fields

import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal, assert_geoseries_equal

import carecircle as cc
from carecircle.errors import InputError
from carecircle.roads.chains import Chains
from carecircle.roads.store import load_network, save_network
from towns import grid, points, roads_of, shapes, street

CAR = cc.PROFILES["car"]
WALLS = shapes(shapely.LineString([(150, -50), (150, 250)]), shapely.Point(50, 0))


@pytest.fixture
def network():
    roads = grid(3, 3).assign(name="中山路", maxspeed=None, grade=0.01)
    return cc.RoadNetwork.from_roads(roads, CAR, barriers=WALLS)


def test_a_loaded_network_equals_the_saved_one(network, tmp_path):
    again = load_network(save_network(network, tmp_path / "city.ccnet"))
    for name in ("ends", "length_m", "seconds", "can_link", "node_xy", "component"):
        one, other = getattr(network, name), getattr(again, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
        assert not other.flags.writeable
    for field in fields(Chains):
        np.testing.assert_array_equal(
            getattr(network.chains, field.name), getattr(again.chains, field.name)
        )
    assert again.profile == network.profile
    assert again.crs == network.crs
    assert_geodataframe_equal(again.roads, network.roads)
    assert_geoseries_equal(again.walls, network.walls)
    home, facility = points({"H": (20, 10)}, "home_id"), points({"F": (90, 180)})
    answers = [cc.nearest(n, cc.locate(n, home), cc.locate(n, facility)) for n in (network, again)]
    assert answers[0].equals(answers[1])


def test_without_walls_and_with_number_ids(tmp_path):
    roads = roads_of((7, 8, [(0, 0), (60, 0)]), (8, 9, [(60, 0), (120, 0)]))
    roads.index = [100, 200]
    network = cc.RoadNetwork.from_roads(roads, cc.PROFILES["adult"])
    again = load_network(save_network(network, tmp_path / "n"))
    assert again.walls is None
    assert again.roads.index.tolist() == [100, 200]
    assert again.profile == cc.PROFILES["adult"]


def test_the_same_network_gives_the_same_bytes(network, tmp_path):
    one, other = (save_network(network, tmp_path / name) for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    again = save_network(load_network(one), tmp_path / "c")
    assert again.read_bytes() == one.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]


def test_the_hash_of_the_source_is_kept_and_compared(network, tmp_path):
    path = save_network(network, tmp_path / "n", source_sha256="abc")
    assert load_network(path, source_sha256="abc").profile == CAR
    with pytest.raises(InputError, match="built from abc, not from xyz; build it again"):
        load_network(path, source_sha256="xyz")


def test_a_missing_a_wrong_and_a_cut_file_are_refused(network, tmp_path):
    with pytest.raises(InputError, match="no such file; build it"):
        load_network(tmp_path / "none")
    wrong = tmp_path / "wrong"
    wrong.write_text("hello")
    with pytest.raises(InputError, match="not a network file, or damaged"):
        load_network(wrong)
    with zipfile.ZipFile(wrong, "w") as archive:
        archive.writestr("header.json", '{"format": "other"}')
    with pytest.raises(InputError, match="give one written by save_network"):
        load_network(wrong)
    whole = save_network(network, tmp_path / "whole").read_bytes()
    wrong.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a network file, or damaged"):
        load_network(wrong)
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2] ^= 255
    wrong.write_bytes(spoilt)
    with pytest.raises(InputError, match="not a network file, or damaged"):
        load_network(wrong)


def test_another_format_version_says_so(network, tmp_path):
    path = save_network(network, tmp_path / "n")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members["header.json"]) | {"version": 99}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps(header))
    with pytest.raises(InputError, match="format version 99, this release reads 1"):
        load_network(path)


def test_a_column_of_mixed_values_is_refused_and_leaves_no_file(tmp_path):
    mixed = cc.RoadNetwork.from_roads(street(0, 1, 2, odd=["a", 1]), cc.PROFILES["adult"])
    with pytest.raises(InputError, match="odd"):
        save_network(mixed, tmp_path / "n")
    assert list(tmp_path.iterdir()) == []
