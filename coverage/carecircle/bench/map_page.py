"""Case ``map``: size of the file, and frames per second while a reader pans and zooms it."""

from __future__ import annotations

import math
import time
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Any

from carecircle.bench.pages import WHAT_IS_MISSING, browser_path, opened, written
from carecircle.bench.results import CaseResult, skipped, under
from carecircle.errors import CarecircleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carecircle.study.assessment import Study

__all__ = ["frames_line", "run_map", "time_map"]

_CASE = "map"
_LEAST_FPS = 30
_STEP_S = 0.008  # a mouse tells of itself about 125 times a second
_PAUSE_S = 0.3  # from one turn of the wheel to the next
_MIDDLE, _RADIUS = (656, 410), 260  # pixels, clear of panel and legend

# frames as they begin; a frame that takes long puts the next one off
_WATCH = """() => {
  const starts = (window.frameStarts = []);
  const next = (now) => {
    starts.push(now);
    window.watching = requestAnimationFrame(next);
  };
  window.watching = requestAnimationFrame(next);
}"""
_TOLD = "() => (cancelAnimationFrame(window.watching), window.frameStarts)"


def run_map() -> list[CaseResult]:
    """Measure the maps of the sample city and of the Wuhan example."""
    from carecircle.bench.wuhan import example
    from carecircle.samples import wuhai
    from carecircle.study.assessment import load_study

    lines, what = time_map("the sample city", wuhai(), at_most_mb=3), "the Wuhan example"
    try:
        study = load_study(example())
    except CarecircleError as error:
        return [*lines, skipped(_CASE, what, str(error))]
    return [*lines, *time_map(what, study, at_most_mb=15)]


def time_map(what: str, study: Study, *, at_most_mb: float, seconds: float = 3) -> list[CaseResult]:
    """Measure the size of one map, and its frames while the mouse drags and the wheel turns."""
    if browser_path() is None:
        return [skipped(_CASE, what, WHAT_IS_MISSING)]
    with written(study) as (browser, file):
        size = file.stat().st_size / 1e6
        note = f"{size:.2f} MB"
        lines = [under(_CASE, f"size, {what}", size, at_most=at_most_mb, unit="MB", note=note)]
        for name, move in (("pan", _pan), ("zoom", _zoom)):
            page = opened(browser, file)
            move(page, seconds)  # what runs for the first time is compiled meanwhile
            lines.append(frames_line(f"{name}, {what}", _watched(page, move, seconds)))
            page.context.close()
    return lines


def frames_line(what: str, starts: Sequence[float]) -> CaseResult:
    """Return frames per second, given when each frame began in milliseconds.

    Examples
    --------
    >>> frames_line("pan, town", [0.0, 16.0, 32.0, 100.0]).note
    '30 frames a second; the longest took 68 ms'
    """
    taken = [after - before for before, after in pairwise(starts)]
    fps = 1000 * len(taken) / sum(taken)
    note = f"{fps:.0f} frames a second; the longest took {max(taken):.0f} ms"
    target = f"at least {_LEAST_FPS} frames a second"
    return CaseResult(_CASE, what, target=target, met=fps >= _LEAST_FPS, note=note)


def _watched(page: Any, move: Callable[[Any, float], None], seconds: float) -> list[float]:
    page.evaluate(_WATCH)
    move(page, seconds)
    starts: list[float] = page.evaluate(_TOLD)
    return starts


def _pan(page: Any, seconds: float) -> None:
    """Drag the map in circles, beyond what is drawn around it."""
    x, y = _MIDDLE
    page.mouse.move(x + _RADIUS, y)
    page.mouse.down()
    begin = time.perf_counter()
    while (gone := time.perf_counter() - begin) < seconds:
        angle = 2 * math.pi * gone
        page.mouse.move(x + _RADIUS * math.cos(angle), y + _RADIUS * math.sin(angle))
        time.sleep(_STEP_S)
    page.mouse.up()


def _zoom(page: Any, seconds: float) -> None:
    """Turn the wheel in and out, a step at a time."""
    page.mouse.move(*_MIDDLE)
    begin, turns = time.perf_counter(), cycle((-120, -120, -120, 120, 120, 120))
    while time.perf_counter() - begin < seconds:
        page.mouse.wheel(0, next(turns))
        time.sleep(_PAUSE_S)
