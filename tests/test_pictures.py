"""Pictures of what a planner sees, taken in a browser and held against what must be on them.

``CARECIRCLE_PICTURES=folder`` keeps them for somebody to look at.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import os
from dataclasses import replace
from html import escape
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

import browser
import carecircle as cc
from carecircle.outputs import colours
from carecircle.outputs.map.atlas import coverage_map
from carecircle.outputs.report.html import report_html
from carecircle.outputs.report.input import ReportInput
from carecircle.outputs.report.model import Part, Picture, Report
from carecircle.outputs.report.parts import PARTS
from carecircle.outputs.static_maps import draw_map, map_png
from carecircle.standards.three_levels import network_matrix
from conftest import ROOT

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1440, 900), (390, 844)
A4 = (658, 994)  # what 17.4 x 26.3 cm of text are in the pixels of a page
A4_LANDSCAPE = (1062, 733)
GAP = (750, 258)  # where the largest uncovered area of the sample stands on a desktop
LEAST_PX = 9.0  # smaller letters are not read on a screen or off paper
SEEN = """() => {
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length;
  const texts = [...document.querySelectorAll('body *')].filter((e) => shown(e)
    && ['SCRIPT', 'STYLE', 'SELECT', 'OPTION'].indexOf(e.tagName) < 0
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
  const root = document.documentElement;
  return {
    smallest: Math.min(...texts.map((e) => parseFloat(getComputedStyle(e).fontSize))),
    beyond: root.scrollWidth - root.clientWidth,
    cut: [...document.querySelectorAll('.wide')]
      .filter((e) => e.scrollWidth > e.clientWidth).length,
  };
}"""
BOX = "e => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }"


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """The folder of the pictures."""
    named = os.environ.get("CARECIRCLE_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as tool:
        yield tool


@pytest.fixture(scope="module")
def map_page(sample_result, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "map.html"
    coverage_map(sample_result).save(path)
    return path.as_uri()


def taken(page, path, **options):
    """Save what is seen and return it as pixels."""
    seen = page.screenshot(path=path, **options)
    with Image.open(io.BytesIO(seen)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def share(pixels, colour, away=28):
    """Part of the pixels that have about this colour."""
    wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    return float((np.abs(pixels - wanted).max(axis=-1) <= away).mean())


def part(pixels, box):
    left, top, right, bottom = (round(one) for one in box)
    return pixels[max(top, 0) : bottom, max(left, 0) : right]


def over_white(colour, opacity):
    """The colour of a half transparent surface on paper."""
    mixed = (round(opacity * int(colour[k : k + 2], 16) + (1 - opacity) * 244) for k in (1, 3, 5))
    return "#" + "".join(f"{one:02x}" for one in mixed)


def is_fine(page):
    seen = page.evaluate(SEEN)
    assert seen["beyond"] <= 0
    assert seen["cut"] == 0
    assert seen["smallest"] >= LEAST_PX
    return seen


def settled(page):
    """Wait until nothing moves any more."""
    page.wait_for_selector(".cc-panel")
    page.wait_for_timeout(700)


# ------------------------------------------------------------------------------------------ map


@pytest.mark.parametrize(("name", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_the_map_shows_its_verdicts_on_a_desktop_and_on_a_phone(
    chromium, map_page, album, name, size
):
    with browser.visit(chromium, map_page, width=size[0], height=size[1]) as seen:
        settled(seen.page)
        pixels = taken(seen.page, album / f"map_{name}.png")
        is_fine(seen.page)
        panel, legend = (seen.page.locator(one).first.evaluate(BOX)
                         for one in (".cc-panel", ".cc-legend"))  # fmt: skip
        assert seen.complaints == []
    left = panel[2] if name == "desktop" else 0
    right = legend[0] if name == "desktop" else size[0]
    middle = part(pixels, (left, 0 if name == "desktop" else panel[3], right, size[1]))
    for cell in ("has_in_time", "has_late", "none_late"):
        assert share(middle, over_white(colours.CELLS[cell], 0.52), 34) > 0.02, cell
    # panel and legend are paper with words on it, and neither leaves the window
    for box in (panel, legend):
        assert min(box) >= 0
        assert box[2] <= size[0]
        assert box[3] <= size[1]
        assert share(part(pixels, box), "#ffffff") > 0.6


def test_the_printed_map_keeps_its_colours_and_drops_its_buttons(chromium, map_page, album):
    with browser.visit(chromium, map_page, width=A4_LANDSCAPE[0], height=A4_LANDSCAPE[1]) as seen:
        settled(seen.page)
        seen.page.emulate_media(media="print")
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        seen.page.wait_for_timeout(500)
        pixels = taken(seen.page, album / "map_printed.png")
        assert not seen.page.locator(".leaflet-control-zoom").is_visible()
        assert not seen.page.locator(".cc-search").is_visible()
        panel = seen.page.locator(".cc-panel").evaluate(BOX)
        legend = seen.page.locator(".cc-legend").evaluate(BOX)
    middle = part(pixels, (panel[2], 0, legend[0], A4_LANDSCAPE[1]))
    for cell in ("has_in_time", "has_late", "none_late"):
        assert share(middle, over_white(colours.CELLS[cell], 0.52), 34) > 0.02, cell


# -------------------------------------------------------------------------------------- what if


def test_a_facility_tried_in_the_page_changes_the_map_and_its_figures(chromium, map_page, album):
    size = DESKTOP
    with browser.visit(chromium, map_page, width=size[0], height=size[1]) as seen:
        page = seen.page
        settled(page)
        page.click('input[value="try"] + span')
        page.wait_for_selector(".cc-then strong")
        page.wait_for_timeout(500)
        before = taken(page, album / "what_if_before.png")
        panel, legend = (page.locator(one).first.evaluate(BOX)
                         for one in (".cc-panel", ".cc-legend"))  # fmt: skip
        today = page.locator(".cc-then strong").inner_text()
        page.click(".cc-tools button >> nth=0")
        page.mouse.click(*GAP)
        page.wait_for_function(
            "t => document.querySelector('.cc-then strong').innerText !== t", arg=today
        )
        page.mouse.move(panel[2] + 20, size[1] - 200)
        page.wait_for_timeout(500)
        after = taken(page, album / "what_if_after.png")
        assert page.locator(".cc-then strong").inner_text() > today
        assert page.locator(".cc-changes li").count() >= 1
        is_fine(page)
        assert seen.complaints == []
    changed = (np.abs(after - before).max(axis=-1) > 24).astype(int)
    middle = part(changed, (panel[2], 0, legend[0], size[1]))
    assert 0.0005 < middle.mean() < 0.5  # something on the map, and not all of it
    assert part(changed, panel).mean() > 0.002


# --------------------------------------------------------------------------------------- report


@pytest.fixture(scope="module", params=["zh", "en"])
def report_page(request, sample_result, sample_frames, tmp_path_factory):
    """The report of the sample city, with one map and without what takes a search."""
    language = request.param
    found = replace(sample_result, card=replace(sample_result.card, language=language))
    given = ReportInput(found, network=network_matrix(sample_frames), before=found,
                        lacking={"told": "-"})  # fmt: skip
    drawn = Part("maps", (Picture(map_png(draw_map(found, "verdict")), "verdict"),))
    parts = tuple(drawn if one.__name__ == "map_part" else one(given) for one in PARTS)
    path = tmp_path_factory.mktemp("report") / "report.html"
    page = report_html(Report("Wuhai", "terms", "Synthetic data", parts, found))
    path.write_text(page, encoding="utf-8")
    return language, path.as_uri()


def test_the_report_is_read_on_a_screen_and_on_paper(chromium, report_page, album):
    language, address = report_page
    with browser.visit(chromium, address, width=1000, height=1200) as seen:
        page = seen.page
        pixels = taken(page, album / f"report_{language}.png")
        is_fine(page)
        assert share(pixels, "#2f7cab", 6) > 0  # the rules above the parts
        assert 0.5 < share(pixels, "#ffffff") < 0.98
        drawn = taken(page.locator("figure img"), album / f"report_map_{language}.png")
        for cell in ("has_in_time", "has_late", "none_late"):
            assert share(drawn, over_white(colours.CELLS[cell], 0.85), 24) > 0.01, cell
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        # tables may be pushed sideways with a finger; the page itself may not
        assert page.evaluate(SEEN)["beyond"] <= 0
        page.set_viewport_size({"width": A4[0], "height": A4[1]})
        page.emulate_media(media="print")
        page.evaluate("scrollTo(0, 1600)")
        taken(page, album / f"report_printed_{language}.png")
        # on paper nothing can be pushed: what does not fit is lost
        is_fine(page)


# ------------------------------------------------------------------------------------- notebook


def shown_by(thing):
    """What Jupyter gets to show of a thing."""
    from IPython.core.formatters import DisplayFormatter

    data, _ = DisplayFormatter().format(thing)
    return {kind: base64.b64encode(one).decode() if isinstance(one, bytes) else one
            for kind, one in data.items()}  # fmt: skip


def notebook_pages():
    path = ROOT / "docs" / "notebook_pages.py"
    spec = importlib.util.spec_from_file_location("notebook_pages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_notebook_is_rendered_with_its_tables_and_drawings(
    chromium, sample_study, sample_result, sample_base, album, tmp_path
):
    markdown = pytest.importorskip("markdown")
    theme = Path(pytest.importorskip("material").__file__).parent / "templates" / "assets"
    english = replace(sample_result, card=replace(sample_result.card, language="en"))
    town = cc.samples.toy_town()
    curve = cc.coverage_curve(cc.siting_instance(town, town.homes[["geometry"]]))
    things = {"study": sample_study, "result": english, "base": sample_base, "curve": curve,
              'result.plot("verdict")': english.plot("verdict"),
              "result.issues": cc.IssueLog(english.issues[-6:])}  # fmt: skip
    book = nbformat.v4.new_notebook()
    for code, thing in things.items():
        cell = nbformat.v4.new_code_cell(code)
        cell.outputs = [nbformat.v4.new_output("execute_result", data=shown_by(thing))]
        book.cells.append(cell)
    path = tmp_path / "book.ipynb"
    nbformat.write(book, path)
    pages = notebook_pages()
    text, extra = pages.as_page(path), pages.files_of(path)
    for name, content in extra.items():
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
    assert [name for name in extra if name.endswith(".png")] == ["book_1.png"]
    body = markdown.markdown(text, extensions=["fenced_code", "tables"])
    style = (*theme.glob("stylesheets/main.*.min.css"),)[0].as_uri()
    page = tmp_path / "book.html"
    page.write_text(
        f'<meta charset="utf-8"><link rel="stylesheet" href="{escape(style)}">'
        '<body data-md-color-scheme="default"><main class="md-main"><div class="md-main__inner'
        f' md-grid"><article class="md-content md-typeset">{body}</article></div></main>',
        encoding="utf-8",
    )
    with browser.visit(chromium, page.as_uri(), width=1100, height=900) as seen:
        seen.page.wait_for_load_state("load")
        pixels = taken(seen.page, album / "notebook.png", full_page=True)
        assert seen.page.locator("table").count() >= 5
        assert seen.page.evaluate(SEEN)["smallest"] >= LEAST_PX
        figure = seen.page.locator("img").evaluate(BOX)
        assert "Figure size" not in seen.page.locator("body").inner_text()
    assert figure[2] - figure[0] > 500
    for cell in ("has_late", "none_late"):
        drawn = over_white(colours.CELLS[cell], 0.85)
        assert share(part(pixels, figure), drawn, 24) > 0.01, cell
