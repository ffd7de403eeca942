"""Take the pictures of the README: ``python docs/screenshot.py MAP.html MAP.png WHAT_IF.png``."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

SIZE = {"width": 1440, "height": 900}
TOWN, NOTCHES, ASIDE = (735, 262), 3, (150, 700)
SPOTS = ((890, 330), (640, 560))


def main(page_file: Path, picture: Path, tried: Path) -> None:
    """Open the map offline, zoom into the largest town, and save what a reader sees.

    The second picture shows the same town with two facilities tried in the page.
    """
    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if browser_path is None:
        sys.exit("no Chromium found; set CHROMIUM to its path")
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_context(viewport=SIZE, offline=True).new_page()
        page.goto(page_file.resolve().as_uri())
        page.wait_for_timeout(1500)
        page.mouse.move(*TOWN)
        for _ in range(NOTCHES):
            page.mouse.wheel(0, -120)
            page.wait_for_timeout(900)
        page.mouse.move(*ASIDE)
        page.wait_for_timeout(1500)
        save(page.screenshot(), picture)
        page.click('input[value="try"] + span')
        for spot in SPOTS:
            page.click(".cc-tools button >> nth=0")
            page.mouse.click(*spot)
            page.wait_for_timeout(1500)
        page.mouse.move(*ASIDE)
        page.wait_for_timeout(1500)
        save(page.screenshot(), tried)
        browser.close()


def save(seen: bytes, picture: Path) -> None:
    """Write a small file."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    whole = Image.open(io.BytesIO(seen)).convert("RGB")
    # a map has few colours: 256 of them halve the file and cannot be told apart
    whole.quantize(256, Image.Quantize.MAXCOVERAGE).save(picture, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
