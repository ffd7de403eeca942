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
import tomllib
from copy import deepcopy
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

import carecircle as cc
from carecircle.cli.main import app
from carecircle.scenarios.file import scenarios_from
from carecircle.study.file import SECTIONS

ROOT = Path(__file__).parents[1]
READMES = {"en": "README.md", "zh": "README.zh.md"}
GUIDES = [path.name for path in sorted((ROOT / "docs").glob("*.md"))]
PAGES = [
    *READMES.values(),
    "CONTRIBUTING.md",
    *(f"docs/{name}" for name in GUIDES),
    *(f"docs/zh/{name}" for name in GUIDES),
]
LANGUAGES = ("bash", "powershell", "python", "toml", "text")
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


@cache
def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def my_city(tmp_path_factory):
    """A folder where the shell lines of README and pages were run, in their order."""
    folder = tmp_path_factory.mktemp("reader")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    lines = [line for page in PAGES for line in shell_lines(page)]
    done = set()
    with contextlib.chdir(folder):
        for line in [line for line in lines if line.startswith("carecircle ")]:
            if line in done:
                continue
            if not done:  # once as a reader's shell does it; then without starting Python again
                run = subprocess.run(
                    line.split(), env=os.environ | {"PATH": path}, capture_output=True, check=False
                )
                assert run.returncode == 0, f"{line}\n{run.stderr.decode()}"
            else:
                run = CliRunner().invoke(app, line.split()[1:], catch_exceptions=False)
                assert run.exit_code == 0, f"{line}\n{run.output}"
            done.add(line)
    return folder, done


# ------------------------------------------------------------------------------------------- README


def test_every_shell_line_is_run_or_known(my_city):
    folder, done = my_city
    for page in PAGES:
        for line in shell_lines(page):
            if line.startswith("make "):
                run = subprocess.run(  # a dry run: does the target exist?
                    ["make", "-n", *line.split()[1:]],  # noqa: S607 (the make of the machine)
                    cwd=ROOT,
                    capture_output=True,
                    check=False,
                )
                assert run.returncode == 0, f"{page}: {line}"
            else:
                assert line in done | NOT_RUN, f"{page}: {line}"
    results = {p.name for p in (folder / "my-city" / "results").iterdir()}
    assert {p.name for p in (folder / "results" / "wuhai").iterdir()} == results
    results.add("report.html")  # with `--report`
    cells = re.findall(r"^\| (`[\w.]+`(?:, `[\w.]+`)*) \|", text("README.md"), re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"[\w.]+", cell)} == results


def test_python_of_the_readme_runs(my_city, monkeypatch):
    monkeypatch.chdir(my_city[0])
    names: dict[str, object] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for block in blocks("README.md", "python"):
            exec(compile(block, "README.md", "exec"), names)  # noqa: S102 (our own README)
    slow = float(re.search(r"at 0.8 m/s: ([\d.]+)%", said.getvalue())[1])
    usual = 100 * names["result"].totals.loc["city", "elders_rate"].iloc[0]
    assert 0 < slow < usual


@pytest.mark.parametrize("page", [f"docs/{name}" for name in GUIDES])
def test_python_of_the_pages_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), names)  # noqa: S102 (our own documentation)
    said = capsys.readouterr().out
    for telling in SAID.get(page, []):
        assert telling in said


# what a page promises that its code shows; counted on fingers, see samples.toy_town
SAID = {
    "docs/getting_started.md": ["80 of 130 elders in time"],
    "docs/howto.md": ["used gb18030", "居家站", "datum suspicious", "40.0 elders in time"],
    "docs/siting.md": ["1 home that no site can reach", "objective 110, bound 110"],
    "docs/evidence.md": ["80 (老年人口时限内覆盖) + 40", "61.5 % > 69.2 %", "0.615385"],
}


@pytest.mark.parametrize("page", PAGES)
def test_toml_of_the_pages_can_be_read(page):
    for block in blocks(page, "toml"):
        told = tomllib.loads(block)
        if "scenario" in told:
            assert scenarios_from(told)  # or it says what is wrong
            continue
        known = {section.name: {key.name for key in section.keys} for section in SECTIONS}
        for name, values in told.items():
            for part in values if isinstance(values, list) else [values]:
                assert set(part) <= known[name], f"{page}: [{name}]"


@pytest.mark.parametrize("name", GUIDES)
def test_both_languages_of_a_page_hold_the_same(name):
    english, chinese = f"docs/{name}", f"docs/zh/{name}"
    assert headings(english) == headings(chinese)
    for language in LANGUAGES:
        assert blocks(english, language) == blocks(chinese, language)
    tables = [re.findall(r"^\|.*\|$", text(page), re.MULTILINE) for page in (english, chinese)]
    assert [row.count("|") for row in tables[0]] == [row.count("|") for row in tables[1]]
    codes = [
        [re.findall(r"`(\w+)`", row) for row in rows] for rows in tables
    ]  # the functions and words that a table speaks of
    assert codes[0] == codes[1]
    marks = [re.findall(r"<!-- write: (\w+) -->", text(page)) for page in (english, chinese)]
    assert marks[0] == marks[1]


def test_every_page_has_its_chinese_and_a_place_in_the_menu():
    menu = text("mkdocs.yml")
    for name in GUIDES:
        assert (ROOT / "docs" / "zh" / name).is_file()
        assert f": {name}\n" in menu
        assert f": zh/{name}\n" in menu


def test_figures_of_the_readmes_are_measured(sample_result):
    figures = script("figures")
    result = sample_result
    for language, page in READMES.items():
        assert figures.written(text(page)) == figures.block(result, language), "run `make readme`"


def test_both_readmes_say_the_same():
    english, chinese = READMES.values()
    assert headings(english) == headings(chinese)
    for language in LANGUAGES:
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
    # a figure may stand elsewhere in the sentence, or be said again, in the other language
    figures = [[{*re.findall(r"\d[\d,.]*\d|\d", cell)} for cell in column] for column in cells]
    assert figures[0] == figures[1]


def test_windows_lines_do_what_the_others_do():
    (block,) = blocks("README.md", "powershell")
    assert ".venv\\Scripts\\python -m pip install ." in block
    assert ".venv\\Scripts\\carecircle demo" in block


@pytest.mark.parametrize("name", ["wuhai_map.png", "wuhai_what_if.png"])
def test_picture_is_a_light_screenshot_of_the_size_told(name):
    raw = (ROOT / "docs" / "images" / name).read_bytes()
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


def test_every_function_that_a_page_names_exists():
    known = {*cc.__all__, *cc.Result.__dict__, *cc.Study.__dict__}
    for page in ("docs/siting.md", "docs/standards.md", "docs/evidence.md"):
        rows = re.findall(r"^\|[^|`]+\|((?: `[^|]+\|)+)", text(page), re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert named, page
        assert named <= known, f"{page}: {sorted(named - known)}"


def test_siting_page_answers_for_every_problem():
    from carecircle.cli.site_request import Problem

    for name in get_args(Problem):
        assert f"`{name}`" in text("docs/siting.md")


def test_chinese_meanings_name_no_key_that_is_gone():
    told = tomllib.loads(text("coverage/carecircle/study/meanings.zh.toml"))
    shared = {key.name for key in SECTIONS[1].keys}
    assert set(told.pop("source")) == shared
    known = {section.name: {key.name for key in section.keys} | {"_"} for section in SECTIONS}
    for name, keys in told.items():
        assert set(keys) <= known[name]
    assert "城镇居民的时限" in script("hooks").study_file("zh")


def test_command_line_page_holds_every_command():
    hooks = script("hooks")
    written = hooks.cli()
    paths = {" ".join(path) for path in hooks.commands()}
    assert {"check", "run", "site", "compare", "rules validate"} <= paths
    for path in paths:
        assert f"## {f'carecircle {path}'.strip()}\n" in written
    assert "--fail-on" in written
    assert "\x1b" not in written


def test_every_command_and_option_is_told_in_chinese_and_nothing_that_is_gone():
    hooks = script("hooks")
    every = [(path, hooks.command_of(path)) for path in hooks.commands()]
    told = tomllib.loads(text("docs/cli.zh.toml"))
    assert set(told["commands"]) == {command.help for _, command in every}
    assert set(told["options"]) == {one.help for _, command in every for one in command.params}
    assert all(
        re.search("[\u4e00-\u9fff]", said) for part in told.values() for said in part.values()
    )
    parts = re.split(r"^## (.+)$", hooks.cli("zh"), flags=re.MULTILINE)
    pages = dict(zip(parts[1::2], parts[2::2], strict=True))
    for path, command in every:
        page = pages[" ".join(("carecircle", *path))]
        assert told["commands"][command.help] in page
        assert page.count("\n| `") == len(command.params)
        for option in command.params:
            assert f"{told['options'][option.help]} |" in page
        assert "Usage: carecircle" in page  # the help itself stays, folded


TUTORIALS = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]


@pytest.mark.parametrize("name", TUTORIALS)
def test_every_cell_of_a_tutorial_has_the_chinese_of_its_present_words(name):
    pages = script("notebook_pages")
    path = ROOT / "notebooks" / f"{name}.ipynb"
    words = {cell.id: cell.source for cell in pages.cells(path) if cell.cell_type == "markdown"}
    told = pages.chinese(path)
    assert list(told) == list(words)
    stale = {
        cell: f"translate it anew, then write {pages.stamp(words[cell])}"
        for cell, (made_from, _) in told.items()
        if made_from != pages.stamp(words[cell])
    }
    assert stale == {}
    for cell, (_, chinese) in told.items():
        english = words[cell].replace(".ipynb)", ".md)")
        for same in (r"^#+ (?:\d\.)?", r"^```.*?^```$", r"\]\([^)]+\)", r"`[\w./]+(?:\.\w+|_\w+)`"):
            found = [
                sorted(re.findall(same, one, re.MULTILINE | re.DOTALL))
                for one in (english, chinese)
            ]
            assert found[0] == found[1], cell
        rows = [re.findall(r"^\|.*\|$", one, re.MULTILINE) for one in (english, chinese)]
        codes = [[re.findall(r"`([^`]+)`", row) for row in part] for part in rows]
        assert codes[0] == codes[1], cell
        assert re.search("[\u4e00-\u9fff]", chinese), cell


def test_a_translation_of_older_words_is_found():
    pages = script("notebook_pages")
    assert pages.stamp("15 minutes") != pages.stamp("20 minutes")
    assert re.fullmatch("[0-9a-f]{8}", pages.stamp("15 minutes"))


def test_a_notebook_becomes_a_page_with_its_outputs_in_both_languages(monkeypatch):
    import nbformat

    pages = script("notebook_pages")
    (first, *_) = pages.NOTEBOOKS
    page, chinese = pages.as_page(first), pages.as_page(first, "zh")
    assert page.startswith("# Your city in ten minutes")
    assert chinese.startswith("# 十分钟看懂你的城市")
    assert "```python\nstudy = cc.samples.wuhai()" in page
    blocks = [re.findall(r"^```.*?^```$", one, re.MULTILINE | re.DOTALL) for one in (page, chinese)]
    assert blocks[0] == blocks[1]
    assert pages.files_of(first) == {}
    cells = deepcopy(pages.cells(first)[:2])
    frame = '<iframe srcdoc="&lt;p&gt;' + "x" * 200_000 + '&lt;/p&gt;">'
    cells[1].outputs = [
        nbformat.v4.new_output("display_data", shown)
        for shown in (
            {"text/html": "<table>\n\n</table>"},
            {"text/html": frame},
            {"image/png": "iVBORw0KGgo="},
        )
    ]
    monkeypatch.setattr(pages, "cells", lambda _: cells)
    page, chinese = pages.as_page(first), pages.as_page(first, "zh")
    assert "<table>\n</table>" in page
    shown = pages.files_of(first)
    assert list(shown) == [f"{first.stem}_1.html", f"{first.stem}_2.png"]
    assert shown[f"{first.stem}_1.html"].startswith("<p>xxx")
    assert f'<iframe src="{first.stem}_1.html" title="Map: Your city in ten minutes"' in page
    assert f'<iframe src="../../tutorials/{first.stem}_1.html" title="地图: 十分钟' in chinese
    assert f"![Figure: Your city in ten minutes]({first.stem}_2.png)" in page
    assert f"![图: 十分钟看懂你的城市](../../tutorials/{first.stem}_2.png)" in chinese


# --------------------------------------------------------------------------------------------- site


class Links(HTMLParser):
    """What a page can be asked for, and what it asks for."""

    def __init__(self, page):
        super().__init__()
        self.ids, self.targets, self.loaded = {""}, [], []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found.get("id"), found.get("name")} - {None}
        target = found.get("href") or found.get("src")
        if target and (tag in ("script", "img", "iframe") or found.get("rel") == "stylesheet"):
            self.loaded.append(target)
        if target:
            self.targets.append(target)


def broken_links(site, pages):
    for path, links in pages.items():
        if path.name == "404.html":  # its links are absolute, for a server
            continue
        for target in links.targets:
            if re.match(r"[a-z]+:", target):
                continue
            file, _, place = unquote(target).partition("#")
            goal = (path.parent / file).resolve() if file else path
            if goal.is_dir():
                goal = goal / "index.html"
            if not goal.is_file() or (goal in pages and place not in pages[goal].ids):
                yield f"{path.relative_to(site)}: {target}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation as `make docs` builds it, notebooks not run."""
    folder = tmp_path_factory.mktemp("site")
    environment = {k: v for k, v in os.environ.items() if k != "CARECIRCLE_RUN_NOTEBOOKS"}
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet",
         "--site-dir", str(folder)],
        cwd=ROOT, env=environment | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_site_is_whole_fetches_nothing_and_every_link_leads_to_its_place(site):
    pages = {path: Links(path) for path in site.rglob("*.html")}
    names = {path.relative_to(site).as_posix() for path in pages}
    assert {"study_file.html", "zh/study_file.html", "cli.html", "zh/api.html"} <= names
    for folder in ("tutorials", "zh/tutorials"):
        assert {f"{folder}/{name}.html" for name in TUTORIALS} <= names
    for path, links in pages.items():
        assert "<!-- write:" not in path.read_text(encoding="utf-8"), path.name
        outside = [one for one in links.loaded if one.startswith(("http:", "https:", "//"))]
        assert outside == [], path.name
    assert list(broken_links(site, pages)) == []


def test_each_page_speaks_one_language_and_leads_to_its_counterpart(site):
    english = [path for path in site.rglob("*.html") if path.name != "404.html"]
    chinese = [path for path in english if path.is_relative_to(site / "zh")]
    english = [path for path in english if path not in chinese]
    assert [path.relative_to(site) for path in sorted(english)] == [
        path.relative_to(site / "zh") for path in sorted(chinese)
    ]
    for path in (*english, *chinese):
        page = path.read_text(encoding="utf-8")
        own = "zh" if path in chinese else "en"
        assert re.search(r'<html lang="(\w+)"', page)[1] == own, path
        assert ("目录" in page, "Table of contents" in page) == (own == "zh", own == "en"), path
        switch = dict(re.findall(r'<a href="([^"]+)" hreflang="(\w+)"', page))
        leads = {tongue: (path.parent / href).resolve() for href, tongue in switch.items()}
        name = path.relative_to(site / "zh" if own == "zh" else site)
        assert leads == {"en": site / name, "zh": site / "zh" / name}, path
        menu = page[page.index("md-nav--primary") : page.index('data-md-component="content"')]
        goals = [(path.parent / href).resolve() for href in re.findall(r'<a href="([^"#]+)"', menu)]
        assert len(set(goals)) == len(chinese), path
        assert {goal.is_relative_to(site / "zh") for goal in goals} == {own == "zh"}, path


def test_wrapped_lines_of_a_chinese_page_are_joined_and_nothing_else(site):
    page = (site / "zh" / "concepts.html").read_text(encoding="utf-8")
    assert "不论他们去哪个设施" in page
    prose = re.findall(r"<p>(.*?)</p>", page, re.DOTALL)
    assert len(prose) > 10
    assert [one for one in prose if re.search("[\u4e00-\u9fff、。,]\n[\u4e00-\u9fff]", one)] == []
    english = (site / "concepts.html").read_text(encoding="utf-8")
    assert any("\n" in one for one in re.findall(r"<p>(.*?)</p>", english, re.DOTALL))


@pytest.mark.browser
def test_search_answers_in_both_languages_in_pages_opened_from_a_folder(site):
    from browser import chromium, visit

    asked = {
        "index.html": [
            ("max_cover", "/api.html#carecircle.max_cover"),
            ("datum", "/concepts.html"),
        ],
        "zh/index.html": [("选址", "/zh/siting.html"), ("步速", "/zh/evidence.html")],
    }
    with chromium() as browser:
        for start, questions in asked.items():
            with visit(browser, (site / start).as_uri()) as seen:
                for question, goal in questions:
                    seen.page.fill(".md-search__input", question)
                    seen.page.press(".md-search__input", "End")  # it listens to keys
                    found = f'.md-search-result__link[href*="{goal}"]'
                    seen.page.wait_for_selector(found, state="attached")
                assert seen.complaints == []
                assert [one for one in seen.requests if not one.startswith("file:")] == []


def test_example_map_is_small_marked_and_offline():
    page = text("maps/toy_town.html")
    assert len(page.encode()) < 500_000  # Leaflet 160 kB, the page 180 kB, data and what-if 150 kB
    assert "Toy town" in page
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?:", page) == []
