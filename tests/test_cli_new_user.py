"""What the command line says to someone who uses it for the first time."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

import carecircle as cc

STUDY = """\
[study]
title_zh = "小镇 一"
as_of = 2020-12-31
crs = "EPSG:4545"
[areas]
file = "areas.gpkg"
[[facilities]]
file = "设施 表.csv"
[homes]
method = "points"
file = "homes.gpkg"
[roads]
file = "roads.gpkg"
[service]
kinds = ["station"]
"""


@pytest.fixture
def town(tmp_path, monkeypatch):
    """The toy town in a folder with a blank in its name, its facilities as Excel writes CSV."""
    folder = tmp_path / "我的 城市"
    folder.mkdir()
    tables = cc.samples.toy_town().tables
    for name in ("areas", "homes", "roads"):
        getattr(tables, name).reset_index().to_file(folder / f"{name}.gpkg")
    lonlat = tables.facilities.to_crs("EPSG:4545").geometry
    rows = pd.DataFrame({"编号": tables.facilities.index, "名称": "站", "种类": "养老驿站"})
    rows.loc[0, "种类"] = "养老服务站"
    rows = rows.assign(x=lonlat.x.to_numpy(), y=lonlat.y.to_numpy())
    rows.to_csv(folder / "设施 表.csv", index=False, encoding="gbk")
    (folder / "study.toml").write_text(
        STUDY.replace('表.csv"', '表.csv"\ncrs = "EPSG:4545"'), encoding="utf-8"
    )
    monkeypatch.chdir(folder)
    return folder


def test_the_study_of_the_folder_one_stands_in_needs_no_name(command, town):
    code, said, errors = command("run")
    assert code == 0, errors
    assert "小镇 一" in said
    assert gpd.read_file(town / "results" / "coverage.gpkg", layer="facilities").shape[0] == 1


def test_from_the_folder_above_the_study_is_named(command, town, monkeypatch):
    monkeypatch.chdir(town.parent)
    code, _, errors = command("run")
    assert code == 2
    assert "studies in the folders 我的 城市" in errors


def test_the_same_problem_of_many_records_is_one_line_of_check(command, town):
    code, said, _ = command("check")
    assert code == 0
    lines = [line for line in said.splitlines() if "养老驿站" in line]
    assert len(lines) == 1
    assert "(4)" in lines[0]  # four of the five facilities, each named
    assert "是否应为" in lines[0]
    assert "自有类型请写入 service.names" in lines[0]


def test_init_names_the_next_command_as_every_shell_reads_it(command, tmp_path):
    code, said, _ = command("init", tmp_path / "我的 城市")
    assert code == 0
    assert said.strip().endswith(f'next: carecircle check "{tmp_path / "我的 城市"}"')
