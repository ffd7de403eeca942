"""Documentation that cannot rot: its code runs, its figures are measured, its languages agree."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import carecircle as cc
from carecircle.study_file import SECTIONS

ROOT = Path(__file__).parents[1]
READMES = {"en": "README.md", "zh": "README.zh.md"}
PAGES = [
    *READMES.values(),
    "CONTRIBUTING.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
]
# said, but not done in a test: they would change the environment that runs it
NOT_RUN = {"python -m pip install ."}


def text(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)


def shell_lines(page):
    return [line for block in blocks(page, "bash") for line in block.splitlines() if line]


def headings(page):
    prose = re.sub(r"^```.*?^```$", "", text(page), flags=re.MULTILINE | re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def my_city(tmp_path_factory):
    """A folder where the shell lines of the README were run, in their order."""
    folder = tmp_path_factory.mktemp("reader")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in shell_lines("README.md"):
        if line.startswith("carecircle "):
            done = subprocess.run(
                line.split(), cwd=folder, env=os.environ | {"PATH": path},
                capture_output=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
    return folder


# ------------------------------------------------------------------------------------------- README


def test_every_shell_line_is_run_or_known(my_city):
    for page in PAGES:
        for line in shell_lines(page):
            if line.startswith("carecircle "):
                assert line in shell_lines("README.md"), f"{page}: {line} is run nowhere"
            elif line.startswith("make "):
                done = subprocess.run(  # a dry run: does the target exist?
                    ["make", "-n", *line.split()[1:]],  # noqa: S607 (the make of the machine)
                    cwd=ROOT,
                    capture_output=True,
                    check=False,
                )
                assert done.returncode == 0, f"{page}: {line}"
            else:
                assert line in NOT_RUN, f"{page}: {line}"
    results = {
        "map.html", "tables.xlsx", "coverage.gpkg", "issues.csv", "rules.csv", "manifest.json",
    }  # fmt: skip
    assert {p.name for p in (my_city / "my-city" / "results").iterdir()} == results
    assert {p.name for p in (my_city / "results" / "wuhai").iterdir()} == results
    assert set(re.findall(r"^\| `([\w.]+)` \|", text("README.md"), re.MULTILINE)) == results


def test_python_of_the_readme_runs(my_city, monkeypatch):
    monkeypatch.chdir(my_city)
    names: dict[str, object] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for block in blocks("README.md", "python"):
            exec(compile(block, "README.md", "exec"), names)  # noqa: S102 (our own README)
    slow = float(re.search(r"at 0.8 m/s: ([\d.]+)%", said.getvalue())[1])
    usual = 100 * names["result"].totals.loc["city", "elders_rate"].iloc[0]
    assert 0 < slow < usual


@pytest.mark.parametrize("page", ["docs/getting_started.md", "docs/concepts.md"])
def test_python_of_the_pages_runs(page, capsys):
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), {})  # noqa: S102 (our own documentation)
    if page == "docs/getting_started.md":
        # counted on fingers, see samples.toy_town
        assert capsys.readouterr().out.split()[:3] == ["80", "of", "130"]


def test_figures_of_the_readmes_are_measured(sample_result):
    figures = script("figures")
    result = sample_result
    for language, page in READMES.items():
        assert figures.written(text(page)) == figures.block(result, language), "run `make readme`"


def test_both_readmes_say_the_same():
    english, chinese = READMES.values()
    assert headings(english) == headings(chinese)
    for language in ("bash", "powershell", "python", "toml", "text"):
        assert blocks(english, language) == blocks(chinese, language)
    links = [re.findall(r"\]\(([^)]+)\)", text(page)) for page in (english, chinese)]
    assert set(links[0]) ^ set(links[1]) == {"README.md", "README.zh.md"}
    tables = [re.findall(r"^\|.*\|$", text(page), re.MULTILINE) for page in (english, chinese)]
    assert [row.count("|") for row in tables[0]] == [row.count("|") for row in tables[1]]
    written = [script("figures").written(text(page)) for page in (english, chinese)]
    sentences = [block.splitlines()[1] for block in written]
    numbers = [sorted(re.findall(r"\d[\d,.]*", sentence)) for sentence in sentences]
    assert numbers[0] == numbers[1]
    cells = [re.findall(r"\| ([^|]+) \|$", block, re.MULTILINE)[2:] for block in written]
    figures = [[re.findall(r"\d[\d,.]*\d|\d", cell) for cell in column] for column in cells]
    assert figures[0] == figures[1]


def test_windows_lines_do_what_the_others_do():
    (block,) = blocks("README.md", "powershell")
    assert ".venv\\Scripts\\python -m pip install ." in block
    assert ".venv\\Scripts\\carecircle demo" in block


def test_picture_is_a_light_screenshot_of_the_size_told():
    raw = (ROOT / "docs" / "images" / "wuhai_map.png").read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", raw[16:24]) == (1440, 900)
    assert len(raw) < 500_000


# ------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    here = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#]+)", text(page)):
        if not target.startswith("https://"):
            assert (here / target).exists(), target


def test_study_file_page_holds_every_key():
    written = script("hooks").study_file()
    for section in SECTIONS:
        assert f"[{section.name}]" in written
        for key in section.keys:
            assert f"| `{key.name}` | {key.kind} |" in written


def test_results_page_explains_every_column_of_the_layers():
    written = script("hooks").results()
    result = cc.assess(cc.samples.toy_town())
    for name in ("areas", "homes", "facilities", "circles", "reached_roads", "gaps"):
        for column in getattr(result, name).columns.drop("geometry"):
            assert f"| `{column}` |" in written, f"{name}.{column}"


def test_api_page_holds_every_public_name():
    written = script("hooks").api().split()
    assert {f"carecircle.{name}" for name in cc.__all__} <= set(written)


def test_concepts_name_every_reason():
    from carecircle.outputs.codes import CODES

    for reason in CODES["reason"]:
        assert f"`{reason}`" in text("docs/concepts.md")


def test_site_builds_strictly(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet",
         "--site-dir", str(tmp_path)],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "study_file.html").read_text(encoding="utf-8")
    assert "write: study_file" not in page
    assert "fonts.googleapis" not in page
