"""Time tasks side by side, and jobs in processes of their own with their peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carecircle.errors import CarecircleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["JobResult", "best_of", "run_job"]

_JOB = Path(__file__).with_name("job.py")


def best_of(tasks: Sequence[Callable[[], object]], *, repeats: int) -> list[float]:
    """Return the best wall time in seconds of each task.

    The tasks take turns, so that a busy moment of the machine hits all of them alike.
    """
    best = [float("inf")] * len(tasks)
    for _ in range(repeats):
        for number, task in enumerate(tasks):
            start = time.perf_counter()
            task()
            best[number] = min(best[number], time.perf_counter() - start)
    return best


@dataclass(frozen=True)
class JobResult:
    """What a job reported.

    Attributes
    ----------
    start_seconds
        Imports and other start-up: the same job on a tiny input.
    seconds
        Wall time of the work itself.
    before_mb, peak_mb
        Memory after the start-up and at the highest point, in megabytes.
    sizes
        What came out, in words.
    """

    start_seconds: float
    seconds: float
    before_mb: float
    peak_mb: float
    sizes: str

    @property
    def added_mb(self) -> float:
        """Memory the work itself took."""
        return max(self.peak_mb - self.before_mb, 0.1)


def run_job(*words: str, python: str = sys.executable, repeats: int = 1) -> JobResult:
    """Run a job of :mod:`carecircle.bench.job` in fresh processes; return its quickest run.

    Raises
    ------
    CarecircleError
        If the job fails; the message ends with what it said last.
    """
    results = []
    for _ in range(repeats):
        # -P: the folder of this file does not shadow a library of the job
        done = subprocess.run(  # noqa: S603  # our own file and words
            [python, "-P", str(_JOB), *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            msg = f"bench: job {words[0]} failed: {last}"
            raise CarecircleError(msg)
        results.append(JobResult(**json.loads(done.stdout.strip().splitlines()[-1])))
    return min(results, key=lambda result: result.seconds)
