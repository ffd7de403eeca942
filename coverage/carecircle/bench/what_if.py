"""Case ``what_if``: one site opened in Python, and every kind of update in the page."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.bench.results import CaseResult, skipped, under
from carecircle.bench.what_if_page import time_page
from carecircle.errors import CarecircleError

if TYPE_CHECKING:
    from carecircle.planning.scenario import Scenario
    from carecircle.study.assessment import Study

__all__ = ["run_what_if", "time_openings"]

_CASE = "what_if"
_SEED = 2025
_OPENINGS = 40


def run_what_if() -> list[CaseResult]:
    """Time openings and the updates of the page on the sample city and on the Wuhan example."""
    from carecircle.bench.wuhan import example
    from carecircle.samples import wuhai
    from carecircle.study.assessment import load_study

    city, what = wuhai(), "the Wuhan example"
    lines = [time_openings("the sample city", city, at_most_ms=20)]
    lines += time_page("the sample city", city, at_most_ms=100)
    try:
        study = load_study(example())
    except CarecircleError as error:
        return [*lines, skipped(_CASE, what, str(error))]
    lines.append(time_openings(what, study, at_most_ms=200))
    return [*lines, *time_page(what, study, at_most_ms=1_000)]


def time_openings(what: str, study: Study, *, at_most_ms: float, n: int = _OPENINGS) -> CaseResult:
    """Time opening one site, each after the other: the study's own, or at homes drawn by seed."""
    from carecircle.scenarios.baseline import Baseline

    begin = time.perf_counter()
    baseline = Baseline.of(study)
    ready = time.perf_counter() - begin
    scenarios = _openings(study, n + 1)
    taken = []
    for scenario in scenarios:
        begin = time.perf_counter()
        baseline.what_if(scenario)
        taken.append(1000 * (time.perf_counter() - begin))
    # the first opening also compiles and fills what is kept
    shown = sorted(taken[1:])
    where = "of the study's sites" if study.tables.sites is not None else "at homes drawn"
    note = (
        f"median of {len(shown)} openings {where};"
        f" 9 of 10 within {shown[int(0.9 * len(shown))]:,.1f} ms;"
        f" {ready:.1f} s to hold the study ready"
    )
    title = f"open one site, {what} ({len(study.homes):,} homes)"
    median = statistics.median(shown)
    note = f"{median:,.1f} ms: {note}"
    return under(_CASE, title, median, at_most=at_most_ms, unit="ms", note=note)


def _openings(study: Study, n: int) -> list[Scenario]:
    from carecircle.planning.scenario import Scenario

    sites = study.tables.sites
    if sites is not None:
        barred = sites.get("forbidden", pd.Series(data=False, index=sites.index))
        free = sites.index[~barred.astype("boolean").fillna(value=False).to_numpy(dtype=bool)]
        return [Scenario(f"open {site}", build=[site]) for site in free[:n]]
    drawn = np.random.default_rng(_SEED).choice(len(study.homes), n, replace=False)
    spots = study.homes.geometry.iloc[drawn].centroid
    return [
        Scenario(f"N{k}", build=[f"N{k}"], sites={f"N{k}": (x, y)})
        for k, (x, y) in enumerate(zip(spots.x, spots.y, strict=True))
    ]
