"""Case ``siting``: covering against spopt with the same solver, large covering, known optima."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.bench.results import CaseResult, faster, skipped, under
from carecircle.bench.timing import best_of, run_job
from carecircle.errors import CarecircleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

    Floats = NDArray[np.float64]

__all__ = [
    "CoverTask",
    "against_spopt",
    "known_optima",
    "large_cover",
    "pmed",
    "random_distances",
    "run_siting",
]

_CASE = "siting"
_SEED = 2025
_SPOPT = "spopt MCLP, HiGHS"


@dataclass(frozen=True)
class CoverTask:
    """A covering problem: so many points and sites in a square, a limit in metres, and p sites."""

    n_demand: int = 5_000
    n_sites: int = 500
    limit_m: float = 800.0
    p: int = 30
    side_m: float = 10_000.0


def run_siting(data: Path | None) -> list[CaseResult]:
    """Compare covering with spopt, solve a large one, and prove the optima of the OR-Library."""
    lines = [*against_spopt(CoverTask()), large_cover(CoverTask(100_000, 2_000))]
    folder = None if data is None else data / "locate" / "pmed"
    if folder is None or not folder.is_dir():
        return [*lines, skipped(_CASE, "p-medians of the OR-Library", "no locate/pmed in the data")]
    return [*lines, *known_optima(folder)]


def random_distances(task: CoverTask) -> tuple[Floats, Floats]:
    """Return the distances of points to sites drawn in a square, and the people at each point."""
    points, sites, weight = _drawn(task)
    return np.hypot(*(points[:, None, :] - sites[None, :, :]).transpose(2, 0, 1)), weight


def against_spopt(task: CoverTask, *, repeats: int = 3) -> list[CaseResult]:
    """Compare model building and the whole of a maximal covering with spopt, both with HiGHS."""
    from carecircle.planning.cover import max_cover
    from carecircle.planning.engine.cover_case import Case, limits_of
    from carecircle.planning.options import SolveOptions

    distances, weight = random_distances(task)

    def instance() -> Instance:
        row, column = np.nonzero(distances <= task.limit_m)
        return _instance(row, column, distances[row, column], weight, task.n_sites)

    def build() -> object:
        one = instance()
        return Case.of("max_cover", one, SolveOptions(), limits_of(one, task.p, None)).model(())

    objective = max_cover(instance(), n_sites=task.p).proof.objective
    ours = best_of((build, lambda: max_cover(instance(), n_sites=task.p)), repeats=repeats)
    try:
        built, solved, theirs = _by_spopt(task, distances, weight)
    except (CarecircleError, OSError) as error:
        return [skipped(_CASE, f"covering against {_SPOPT}", str(error))]
    sizes = f"{task.n_demand:,} points x {task.n_sites:,} sites, p = {task.p}"
    same = abs(theirs - objective) <= 1e-6 * objective
    note = f"{'same' if same else 'NOT equal'}: {objective:,.0f} and {theirs:,.0f} people"
    return [
        faster(_CASE, "covering: from distances to the model", (ours[0], built),
               at_least=50, peer=_SPOPT, sizes=sizes),
        faster(_CASE, "covering: from distances to the proven plan", (ours[1], solved),
               at_least=3, peer=_SPOPT, sizes=sizes, note=note),
    ]  # fmt: skip


def _by_spopt(task: CoverTask, distances: Floats, weight: Floats) -> tuple[float, float, float]:
    """Return spopt's seconds to the model and to the plan, and the people it covers."""
    python = os.environ.get("CARECIRCLE_BENCH_SPOPT", "")
    if not python and find_spec("spopt") is None:
        raise CarecircleError(
            "spopt is not installed; install carecircle[bench], or name a Python that has spopt and"
            " highspy in CARECIRCLE_BENCH_SPOPT"
        )
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("tiny.npz", "task.npz")]
        for file, n in zip(files, (task.p, task.n_demand), strict=True):
            few = {"distances": distances[:n], "weight": weight[:n]}
            np.savez(file, allow_pickle=False, limit=task.limit_m, p=task.p, **few)
        built, solved = (
            run_job(f"spopt_{part}", *files, python=python or sys.executable)
            for part in ("build", "solve")
        )
    return built.seconds, solved.seconds, float(solved.sizes)


def large_cover(task: CoverTask, *, gap: float = 1e-3) -> CaseResult:
    """Time a large maximal covering from its pairs to a proven gap."""
    from scipy.spatial import cKDTree

    from carecircle.planning.cover import max_cover
    from carecircle.planning.options import SolveOptions

    points, sites, weight = _drawn(task)
    near = cKDTree(points).sparse_distance_matrix(
        cKDTree(sites), task.limit_m, output_type="coo_matrix"
    )
    instance = _instance(near.row, near.col, near.data, weight, task.n_sites)
    begin = time.perf_counter()
    plan = max_cover(instance, n_sites=task.p, options=SolveOptions(gap=gap, time_limit_s=300))
    seconds = time.perf_counter() - begin
    what = f"covering, {task.n_demand:,} points x {task.n_sites:,} sites, to a gap of {gap:.1%}"
    note = f"{len(near.row):,} pairs, p = {task.p}; gap {plan.proof.gap:.3%}, {plan.proof.verdict}"
    line = under(_CASE, what, seconds, at_most=120, note=note)
    return line if plan.proof.gap <= gap else skipped(_CASE, what, f"gap not reached; {note}")


def known_optima(folder: Path) -> list[CaseResult]:
    """Prove the medians and centers of the OR-Library and hold them against the known optima."""
    from carecircle.planning.center import p_center
    from carecircle.planning.median import p_median

    known = pd.read_csv(folder / "pmedopt.csv")
    lines = []
    for what, solve, column in (
        ("p-medians", p_median, "pmedian_optimum"),
        ("p-centers", p_center, "pcenter_optimum"),
    ):
        seconds, proven = 0.0, 0
        for name, optimum in zip(known["instance"], known[column], strict=True):
            instance, p = pmed(folder / f"{name}.txt")
            begin = time.perf_counter()
            proof = solve(instance, n_sites=p).proof
            seconds += time.perf_counter() - begin
            proven += proof.status == "optimal" and proof.objective == optimum
        title = f"{what} of the OR-Library, {len(known)} instances"
        note = f"{proven} of {len(known)} proven and equal to the known optimum"
        lines.append(under(_CASE, title, seconds, at_most=600, note=note))
    return lines


def pmed(file: Path) -> tuple[Instance, int]:
    """Read an instance of the OR-Library and its number of sites; a repeated edge: the last."""
    from scipy.sparse.csgraph import shortest_path

    numbers = np.array(file.read_text().split(), dtype=int)
    n, edges, p = numbers[:3]
    cost = np.zeros((n, n))
    for i, j, length in numbers[3 : 3 + 3 * edges].reshape(-1, 3):
        cost[i - 1, j - 1] = cost[j - 1, i - 1] = length
    every = shortest_path(cost, directed=False)
    row, column = np.nonzero(np.isfinite(every))
    return _instance(row, column, every[row, column], np.ones(n), int(n)), int(p)


def _drawn(task: CoverTask) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(_SEED)
    points, sites = (rng.uniform(0, task.side_m, (n, 2)) for n in (task.n_demand, task.n_sites))
    return points, sites, rng.integers(1, 100, task.n_demand).astype(float)


def _instance(
    row: NDArray[Any], column: NDArray[Any], distance: Floats, weight: Floats, n_sites: int
) -> Instance:
    from carecircle.planning.instance import Instance

    pairs = pd.DataFrame({"home_id": row, "site_id": column, "minutes": distance})
    demand = pd.DataFrame({"weight": weight})
    return Instance.from_pairs(pairs, demand, pd.DataFrame(index=range(n_sites)))
