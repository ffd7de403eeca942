"""The command line: what it writes, how it ends, and what it says when something is wrong."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import carecircle as cc
from carecircle.cli import main as cli
from carecircle.outputs.masking import INTERNAL

COMMANDS = ("demo", "init", "check", "run", "bench")
BARE = {
    "coverage.gpkg", "tables.xlsx", "map.html", "issues.csv", "evidence.zip", "manifest.json",
}  # fmt: skip
FILES = BARE | {"rules.csv", "indicators.csv", "sync.csv"}  # of a study with standards and plans
STUDY = """\
[study]
title = "Toy town"
as_of = 2020-12-31
crs = "EPSG:4545"
language = "en"
synthetic = true
[areas]
file = "areas.gpkg"
[[facilities]]
file = "facilities.gpkg"
[homes]
method = "points"
file = "homes.gpkg"
[roads]
file = "roads.gpkg"
[service]
kinds = ["station", "rural_centre"]
[floor_area]
kinds = ["service_complex"]
"""


@pytest.fixture(scope="module")
def toy_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    tables = cc.samples.toy_town().tables
    for name in ("areas", "facilities", "homes", "roads"):
        getattr(tables, name).reset_index().to_file(folder / f"{name}.gpkg")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture
def toy(toy_files, tmp_path):
    """The toy town as files, in a folder of the test's own."""
    folder = tmp_path / "toy"
    folder.mkdir()
    for path in toy_files.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def shell(*words, **env):
    """Run ``python -m carecircle ...`` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "carecircle", *map(str, words)],
        capture_output=True, check=False, env=os.environ | env,
    )  # fmt: skip


def change(folder, old, new):
    study = folder / "study.toml"
    text = study.read_text(encoding="utf-8")
    assert old in text
    study.write_text(text.replace(old, new), encoding="utf-8")


# ---------------------------------------------------------------------------------------- it works


def test_demo_writes_the_result_folder_and_the_map(command, tmp_path):
    code, said, _ = command(
        "demo", "--report", "--out", tmp_path / "r", "--map", tmp_path / "maps" / "w.html"
    )  # fmt: skip
    assert code == 0
    assert {path.name for path in (tmp_path / "r").iterdir()} == FILES | {"report.html"}
    report = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "55,381 / 90,649 (61.1%)" in report
    files = json.loads((tmp_path / "r" / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert files["report.html"]["bytes"] == len(report.encode())
    assert '"id":"access"' in (tmp_path / "r/map.html").read_text(encoding="utf-8")
    assert (tmp_path / "r/map.html").stat().st_size < 3e6
    assert (tmp_path / "maps" / "w.html").read_bytes() == (tmp_path / "r/map.html").read_bytes()
    assert "乌海市" in said
    assert "synthetic data, not official statistics" in said
    assert f"结果: {tmp_path / 'r'}" in said
    assert f"地图: {tmp_path / 'maps' / 'w.html'}" in said
    assert cc.open_result(tmp_path / "r").totals.shape[0] > 20


def test_run_writes_the_report_where_it_is_asked_for(command, toy):
    code, said, _ = command("run", toy, "--report")
    assert code == 0
    assert {path.name for path in (toy / "results").iterdir()} == BARE | {"report.html"}
    assert "80 / 130 (61.5%)" in (toy / "results" / "report.html").read_text(encoding="utf-8")
    assert f"report: {toy / 'results' / 'report.html'}" in " ".join(said.split())
    # the folder is made anew without it
    assert command("run", toy)[0] == 0
    assert {path.name for path in (toy / "results").iterdir()} == BARE
    code, _, complaint = command("run", toy, "--report", "--publish")
    assert code == 2
    assert "has no published form" in " ".join(complaint.split())


def test_init_check_run_one_after_the_other(command, tmp_path):
    study = tmp_path / "mine"
    code, said, _ = command("init", study)
    assert code == 0
    assert "next: carecircle check" in " ".join(said.split())
    assert (study / "study.toml").is_file()
    code, said, _ = command("check", study)
    assert code == 0
    assert "社区(村) 83、" in said
    code, said, _ = command("run", study)
    assert code == 0
    assert {path.name for path in (study / "results").iterdir()} == FILES
    again = json.loads((study / "results" / "manifest.json").read_text(encoding="utf-8"))
    assert again["headline"][0]["units_total"] == 83


def test_the_installed_command_and_python_m_are_the_same(toy, tmp_path):
    done = shell("run", toy, "--out", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "r").iterdir()} == BARE
    said = done.stdout.decode("utf-8")
    # counted on fingers in samples.toy_town: 40 + 20 + 20 + 0 of 130 elders, but 10 more in time
    assert "Toy town" in said


def test_run_says_the_figures_counted_on_fingers(command, toy):
    code, said, _ = command("run", toy)
    assert code == 0
    # West 40, Centre 20, Village 20 (30 minutes exactly counts), North 0; 10 have no road near
    assert "61.5 % (80 / 130), 10 not assessed" in " ".join(said.split())


def test_run_says_who_may_see_the_folder(command, toy):
    assert INTERNAL[1] in command("run", toy)[2]
    assert INTERNAL[1] not in command("run", toy, "--publish")[2]


def test_a_chinese_study_is_told_what_is_wrong_in_chinese(command, toy):
    change(toy, 'language = "en"', 'language = "zh"')
    assert "接上道路:住宅 12/13、设施 5/5" in command("check", toy)[1]
    change(toy, 'kinds = ["station", "rural_centre"]', 'kinds = ["statoin"]')
    change(toy, 'title = "Toy town"', 'titel = "Toy town"')
    code, _, errors = command("run", toy)
    assert code == 2
    assert "研究文件,study.titel:未知的键;是否应为 'title'?" in errors
    assert "研究文件,service.kinds:取值未知('statoin');是否应为 'station'?可用:" in errors


def test_a_narrow_terminal_cuts_no_figure_short(command, toy, monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    change(toy, 'language = "en"', 'language = "zh"')
    change(
        toy,
        'kinds = ["service_complex"]',
        'kinds = ["service_complex"]\n[rules]\npresets = ["wuhai_plan_2021"]',
    )
    code, said, _ = command("run", toy)
    assert code == 0
    assert "目标不低于" in said
    assert "…" not in said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    done = CliRunner().invoke(cli.app, [name, "--help"])
    assert done.exit_code == 0
    assert "Usage:" in done.output
    assert {command.callback.__name__ for command in cli.app.registered_commands} == set(COMMANDS)


def test_run_replaces_its_own_earlier_result(command, toy):
    assert command("run", toy)[0] == 0
    assert command("run", toy)[0] == 0


# ------------------------------------------------------------------------------------ for machines


def test_check_prints_json(command, toy):
    code, said, _ = command("check", toy, "--json")
    facts = json.loads(said)
    assert code == 0
    assert facts["rows"] == {"areas": 4, "facilities": 5, "homes": 13, "roads": 117}
    assert facts["on_road"]["homes"] == {"places": 13, "on_road": 12}
    assert "on a road: 12 of 13 homes, 5 of 5 facilities" in command("check", toy)[1]


def test_run_prints_json(command, toy):
    code, said, _ = command("run", toy, "--json")
    (city,) = json.loads(said)
    assert code == 0
    assert city["elders_total"] == 130
    assert city["elders_covered"] == 80


# -------------------------------------------------------------------------------------- exit codes


def test_findings_end_with_one_only_when_asked(command, toy):
    assert command("run", toy)[0] == 0
    assert command("run", toy, "--fail-on", "uncovered")[0] == 1


def test_warnings_end_check_with_one_only_when_asked(command, toy):
    change(toy, 'file = "homes.gpkg"', 'file = "homes.gpkg"\nwhere = "area_id != \'V\'"')
    assert command("check", toy)[0] == 0
    code, said, _ = command("check", toy, "--fail-on", "warning")
    assert code == 1
    assert "V" in said


def test_wrong_use_ends_with_two():
    for words in (["frobnicate"], ["check", "a", "b"], ["check", ".", "--fail-on", "nonsense"]):
        assert CliRunner().invoke(cli.app, words).exit_code == 2


# ------------------------------------------------------------------- one clear line, with the fix


def test_a_missing_study_says_how_to_make_one(command, tmp_path):
    code, _, said = command("check", tmp_path / "nowhere")
    assert code == 2
    assert "nowhere not found" in said
    assert "carecircle init" in said


def test_broken_toml_says_the_line(command, toy):
    change(toy, 'title = "Toy town"', "title = Toy town")
    code, _, said = command("check", toy)
    assert code == 2
    assert "study.toml is not a TOML file" in said
    assert "line 2" in said


def test_unknown_keys_are_all_named_with_the_nearest_known(command, toy):
    change(toy, "as_of", "as_off")
    change(toy, 'kinds = ["station"', 'kind = ["station"')
    code, _, said = command("run", toy)
    assert code == 2
    assert "study.as_off" in said
    assert "did you mean 'as_of'?" in said
    assert "did you mean 'kinds'?" in said
    assert not (toy / "results").exists()


def test_missing_files_are_all_named_with_the_nearest(command, toy):
    change(toy, "areas.gpkg", "arias.gpkg")
    (toy / "roads.gpkg").unlink()
    code, _, said = command("check", toy)
    assert code == 2
    assert "did you mean 'areas.gpkg'?" in said
    assert "roads.gpkg" in said


def test_an_unknown_profile_lists_the_known(command, toy):
    change(toy, "[service]", '[travel]\nprofile = "tank"\n[service]')
    code, _, said = command("run", toy)
    assert code == 2
    assert "('tank')" in said
    assert "elder_default" in said


def test_init_leaves_a_file_or_a_full_folder_alone(command, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    for name in ("file", "full"):
        code, _, said = command("init", tmp_path / name)
        assert code == 2
        assert "not an empty folder" in said
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_run_leaves_a_folder_that_is_no_result_alone(command, toy, tmp_path):
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter.txt").write_text("years of work", encoding="utf-8")
    code, _, said = command("run", toy, "--out", foreign)
    assert code == 2
    assert "is not a carecircle result" in said
    assert [path.name for path in foreign.iterdir()] == ["chapter.txt"]


def test_an_output_path_that_is_a_file_is_refused(command, toy, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    code, _, said = command("run", toy, "--out", tmp_path / "file")
    assert code == 2
    assert "file" in said
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


@pytest.fixture
def chinese_toy(toy):
    change(toy, 'language = "en"', 'title_zh = "玩具小镇"')
    return toy


def test_chinese_is_no_crash_in_the_c_locale(chinese_toy):
    terminal = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    done = shell("run", chinese_toy, LC_ALL="C", **terminal)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (chinese_toy / "results").iterdir()} == BARE


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("ascii", "????"), ("cp1252", "????"), ("gbk", "玩具小镇")],
    ids=["ascii", "western Windows", "Chinese Windows"],
)
def test_chinese_is_no_crash_on_a_terminal_that_cannot_show_it(
    chinese_toy, monkeypatch, encoding, told
):
    for name in ("stdout", "stderr"):  # as Python opens them there: strict
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    monkeypatch.setattr(sys, "argv", ["carecircle", "run", str(chinese_toy)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    sys.stdout.flush()
    assert end.value.code == 0
    assert told in sys.stdout.buffer.getvalue().decode(encoding)
    assert {path.name for path in (chinese_toy / "results").iterdir()} == BARE
