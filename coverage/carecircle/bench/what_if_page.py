"""Every kind of update of the what-if in the page, from the reader's input to the last drawing."""

from __future__ import annotations

import os
import statistics
from importlib import resources
from typing import TYPE_CHECKING, Any

from carecircle.bench.pages import WHAT_IS_MISSING, browser_path, opened, written
from carecircle.bench.results import CaseResult, skipped, under

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from carecircle.study.assessment import Study

__all__ = ["KINDS", "page_lines", "time_page"]

_CASE = "what_if"
#: What a reader does; ``undo`` follows each of them.
KINDS = ("close", "open", "drag", "minutes", "speed", "cut", "draw")
_COLD = ("close", "minutes", "speed")
_READY = """async () => {
  const { trial, map } = carecircle.atlas.trial;
  document.querySelector('input[value="try"]').click();
  const busy = () => trial.state !== "ready" || trial.running || !map.shapes.settled;
  while (busy()) await new Promise((go) => setTimeout(go, 0));
}"""

Taken = dict[str, list[dict[str, float]]]


def time_page(
    what: str, study: Study, *, at_most_ms: float, turns: int = 4, rounds: int = 3
) -> list[CaseResult]:
    """Time every kind of update in a headless Chromium, and the first one after the page opened.

    The same updates run in several rounds, and of each the quickest counts: what else the machine
    does hardly ever hits all of them. Judged is the worst update of a kind, not their median.
    """
    title = f"updates of the page, {what}"
    if browser_path() is None:
        return [skipped(_CASE, title, WHAT_IS_MISSING)]
    with written(study) as (browser, file):
        first = [_cold(browser, file) for _ in range(rounds)]
        page = _ready(browser, file)
        warm = [_updates(page, KINDS, turns=turns, undone=True) for _ in range(rounds)]
    return page_lines(title, [*map(_joined, zip(first, warm, strict=True))], at_most_ms=at_most_ms)


def page_lines(title: str, rounds: Sequence[Taken], *, at_most_ms: float) -> list[CaseResult]:
    """Return a line for each kind: the quickest round of each update, of these the worst.

    Examples
    --------
    >>> taken = [{"figures": 9.0, "drawing": ms, "shapes": 99.0} for ms in (50.0, 80.0)]
    >>> (line,) = page_lines("town", [{"close": [one]} for one in taken], at_most_ms=100)
    >>> line.what, line.met, line.note.split(";")[0]
    ('town: close', True, 'drawn within 50 ms at worst, 50 at the median')
    """
    load = os.getloadavg()[0]
    lines = []
    for kind, some in rounds[0].items():
        best: dict[str, list[float]] = {
            stage: [min(one[kind][k][stage] for one in rounds) for k in range(len(some))]
            for stage in ("figures", "drawing", "shapes")
        }
        shown, drawn, shapes = best["figures"], best["drawing"], best["shapes"]
        note = (
            f"drawn within {max(drawn):,.0f} ms at worst, {statistics.median(drawn):,.0f} at the"
            f" median; figures within {max(shown):,.0f} and {statistics.median(shown):,.0f};"
            f" uncovered areas and circles within {max(shapes):,.0f} and"
            f" {statistics.median(shapes):,.0f};"
            f" {len(some)} updates, best of {len(rounds)} rounds; load {load:.1f}"
        )
        what = f"{title}: {kind}"
        lines.append(under(_CASE, what, max(drawn), at_most=at_most_ms, unit="ms", note=note))
    return lines


def _joined(both: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Taken:
    first, warm = both
    return {**first, **warm}


def _cold(browser: Any, file: Path) -> Taken:
    """Time the first update of a fresh page, for several kinds."""
    found: Taken = {}
    for kind in _COLD:
        page = _ready(browser, file)
        found[f"first, {kind}"] = _updates(page, (kind,), turns=1, undone=False)[kind]
        page.context.close()
    return found


def _ready(browser: Any, file: Path) -> Any:
    page = opened(browser, file)
    page.evaluate(_READY)
    return page


def _updates(page: Any, kinds: Sequence[str], *, turns: int, undone: bool) -> Taken:
    script = (resources.files(__package__) / "what_if_page.js").read_text(encoding="utf-8")
    taken: Taken = page.evaluate(script, {"kinds": list(kinds), "turns": turns, "undone": undone})
    return taken
