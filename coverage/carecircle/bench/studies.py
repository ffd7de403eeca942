"""Case ``study``: whole commands from start to saved results, with peak memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

from carecircle.bench.results import CaseResult, skipped, under
from carecircle.bench.timing import run_job
from carecircle.errors import CarecircleError

__all__ = ["run_studies", "time_command"]

_CASE = "study"


def run_studies() -> list[CaseResult]:
    """Time ``carecircle demo`` and the Wuhan example, each in a fresh process."""
    from carecircle.bench.wuhan import example

    lines = time_command("the sample city, carecircle demo", ("demo",), at_most=10)
    what = "the Wuhan example, carecircle run"
    try:
        folder = example()
    except CarecircleError as error:
        return [*lines, skipped(_CASE, what, str(error))]
    return [*lines, *time_command(what, ("run", str(folder)), at_most=30, at_most_mb=2_000)]


def time_command(
    what: str, words: tuple[str, ...], *, at_most: float, at_most_mb: float | None = None
) -> list[CaseResult]:
    """Time one command, imports included; ``--out`` goes to a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            job = run_job("command", "-", *words, "--out", str(Path(folder) / "out"), repeats=2)
        except CarecircleError as error:
            return [skipped(_CASE, what, str(error))]
    note = f"peak memory {job.peak_mb:,.0f} MB"
    lines = [under(_CASE, what, job.seconds, at_most=at_most, note=note)]
    if at_most_mb is not None:
        memory = f"{what}, memory"
        lines.append(under(_CASE, memory, job.peak_mb, at_most=at_most_mb, unit="MB", note=note))
    return lines
