"""A study's map in a headless Chromium, for the cases that time what a reader does with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carecircle.study.assessment import Study

__all__ = ["WHAT_IS_MISSING", "browser_path", "opened", "written"]

#: Said of a case that cannot run for want of a browser.
WHAT_IS_MISSING = "needs playwright, and chromium on the path or in CHROMIUM"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_SIZE = {"width": 1280, "height": 820}


def browser_path() -> str | None:
    """Return the path of Chromium; ``None`` without it, or without the means to drive it."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    return path if find_spec("playwright") is not None else None


@contextmanager
def written(study: Study) -> Iterator[tuple[Any, Path]]:
    """Yield a running browser and the file of the study's map; both are gone afterwards."""
    from playwright.sync_api import sync_playwright

    from carecircle.outputs.map.atlas import coverage_map
    from carecircle.study.assessment import assess

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as tool:
        file = Path(folder) / "map.html"
        coverage_map(assess(study)).save(str(file))
        browser = tool.chromium.launch(executable_path=browser_path(), args=list(_FLAGS))
        try:
            yield browser, file
        finally:
            browser.close()


def opened(browser: Any, file: Path) -> Any:
    """Return a page of its own, without a network, that shows the map."""
    page = browser.new_context(viewport=_SIZE, offline=True).new_page()
    page.goto(file.as_uri())
    page.wait_for_function("window.carecircle && carecircle.atlas.canvas.draws > 0")
    return page
