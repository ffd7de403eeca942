"""Linear and mixed-integer models as arrays, solved by HiGHS."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Thread, current_thread, main_thread
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from carecircle.errors import MissingLibraryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from scipy.sparse import csc_array, csr_array

__all__ = ["Growing", "Model", "Solution", "SolveStatus", "solve", "solver_name"]

SolveStatus = Literal[
    "optimal", "gap", "time_limit", "interrupted", "infeasible", "unbounded", "failed"
]

# HiGHS calls a MIP solved at an absolute gap of 1e-6; 1e-9 is its arithmetic on large sums
_SAME_ABSOLUTE = 1e-6
_SAME_RELATIVE = 1e-9
_LISTEN_S = 0.1
# rounding whole variables moves the objective by less
_STALE = 1e-4


def _none() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Model:
    """A linear model, mixed-integer where ``integral`` says so.

    Attributes
    ----------
    cost, lower, upper, integral
        Per variable: coefficient in the objective, bounds (``inf`` none), whether it is integer.
    matrix
        Rows by variables.
    row_lower, row_upper
        Bounds of each row (``inf`` none; equal for an equation).
    sense
        ``min`` or ``max``.
    offset
        Added to the objective.
    """

    cost: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integral: NDArray[np.bool_]
    matrix: csr_array | csc_array
    row_lower: NDArray[np.float64]
    row_upper: NDArray[np.float64]
    sense: Literal["min", "max"] = "min"
    offset: float = 0.0


@dataclass(frozen=True, eq=False)
class Solution:
    """What the solver found.

    Attributes
    ----------
    x
        Value per variable; empty when nothing feasible is known. Integer ones are rounded.
    objective, bound
        Value reached (NaN: nothing feasible), and the best value that is not ruled out.
    status
        ``optimal``: proven; ``gap``: within the relative gap asked for; ``time_limit``,
        ``interrupted``: best so far; ``infeasible``, ``unbounded``; ``failed``: numerical trouble.
    seconds, solver
        Time taken, solver with version.
    row_dual, column_dual
        Duals of rows and reduced costs of a linear model (signs of HiGHS: change of the objective
        per unit of the bound); empty for a mixed-integer one.
    """

    x: NDArray[np.float64]
    objective: float
    bound: float
    status: SolveStatus
    seconds: float
    solver: str
    row_dual: NDArray[np.float64] = field(default_factory=_none)
    column_dual: NDArray[np.float64] = field(default_factory=_none)

    @property
    def found(self) -> bool:
        """Whether ``x`` is a feasible point; of a model without variables, the empty one is."""
        return not np.isnan(self.objective)


def solve(
    model: Model,
    *,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    warm_start: NDArray[np.float64] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Solution:
    """Solve a model; equal models give equal answers.

    Parameters
    ----------
    model
        The model.
    time_limit_s
        Seconds after which the best point so far is returned.
    gap
        Relative gap at which a mixed-integer model counts as solved; 0 is proven best.
    warm_start
        A point to start a mixed-integer model from; NaN where a value is left to the solver.
    tell
        Receives one line of progress at a time.

    Returns
    -------
    Solution
        Ctrl-C ends the search, not the program: the best so far comes back as ``interrupted``.

    Raises
    ------
    MissingLibraryError
        Without the package highspy.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> two = Model(cost=np.array([3.0, 2.0]), lower=np.zeros(2), upper=np.ones(2),
    ...             integral=np.ones(2, dtype=bool), matrix=csr_array([[1.0, 1.0]]),
    ...             row_lower=np.array([-np.inf]), row_upper=np.array([1.0]), sense="max")
    >>> solve(two).x.tolist()
    [1.0, 0.0]
    """
    started = time.perf_counter()
    if not len(model.cost):
        return _without_variables(model)
    highspy = _highspy()
    engine = _quiet(highspy)
    _options(engine, time_limit_s, gap)
    _pass(highspy, engine, model)
    mixed = bool(model.integral.any())
    if warm_start is not None and mixed:
        known = np.flatnonzero(~np.isnan(warm_start)).astype(np.int32)
        engine.setSolution(len(known), known, warm_start[known].astype(np.float64))
    if tell is not None and mixed:
        _listen(engine, tell)
    interrupted = _run(engine)
    seconds = time.perf_counter() - started
    found = _solution(highspy, engine, model, interrupted=interrupted, seconds=seconds)
    if warm_start is None or not _stale(model, found):
        return found
    left = 0.0 if interrupted else max(time_limit_s - seconds, 0.0)
    again = solve(model, time_limit_s=left, gap=gap, tell=tell)
    value = float(model.cost @ found.x) + model.offset
    return again if again.found else replace(found, objective=value, status="time_limit")


def solver_name() -> str:
    """Return the name of the solver with its version."""
    return f"HiGHS {_quiet(_highspy()).version()}"


def _without_variables(model: Model) -> Solution:
    """Say whether rows of nothing hold, which HiGHS calls an empty model whatever they ask."""
    hold = bool(((model.row_lower <= 0) & (model.row_upper >= 0)).all())
    value = model.offset if hold else np.nan
    status: SolveStatus = "optimal" if hold else "infeasible"
    return Solution(np.empty(0), value, value, status, 0.0, solver_name())


def _highspy() -> Any:
    try:
        import highspy
    except ImportError as error:
        raise MissingLibraryError(
            "siting needs the solver HiGHS: install the package highspy"
        ) from error
    return highspy


def _quiet(highspy: Any) -> Any:
    class Quiet(highspy.Highs):  # type: ignore[misc]  # the base is loaded lazily
        def enableCallbacks(self) -> None:  # noqa: N802  # the name is highspy's
            # its constructor calls this, which prints a banner unless the console is off before
            self.setOptionValue("log_to_console", False)  # noqa: FBT003  # the solver's own signature
            super().enableCallbacks()

    return Quiet()


def _options(engine: Any, time_limit_s: float, gap: float) -> None:
    # one thread and one seed: the same model gives the same answer on every machine
    engine.setOptionValue("parallel", "off")
    engine.setOptionValue("random_seed", 0)
    engine.setOptionValue("time_limit", float(time_limit_s))
    engine.setOptionValue("mip_rel_gap", float(gap))


def _pass(highspy: Any, engine: Any, model: Model) -> None:
    matrix = model.matrix
    rows, columns = matrix.shape
    by_row = matrix.format == "csr"
    status = engine.passModel(
        columns,
        rows,
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise if by_row else highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMaximize if model.sense == "max" else highspy.ObjSense.kMinimize),
        float(model.offset),
        *(
            np.ascontiguousarray(values, dtype=np.float64)
            for values in (model.cost, model.lower, model.upper, model.row_lower, model.row_upper)
        ),
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float64),
        model.integral.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        raise ValueError("HiGHS refuses the model: sizes differ or a number is not finite")


def _listen(engine: Any, tell: Callable[[str], None]) -> None:
    def heard(event: Any) -> None:
        out = event.data_out
        tell(
            f"{out.running_time:.0f} s: best {out.mip_primal_bound:,.6g},"
            f" bound {out.mip_dual_bound:,.6g}, {out.mip_node_count} nodes"
        )

    engine.cbMipLogging += heard


def _run(engine: Any) -> bool:
    """Run in a second thread so that Ctrl-C is heard; return whether it was."""

    def work() -> None:
        try:
            engine.run()
            engine.resetThreadScheduler(False)  # noqa: FBT003  # as highspy does after such a run
        finally:
            done.set()

    # an event, not Thread.join: before Python 3.13 an interrupted join takes the thread for ended
    done, pressed = Event(), Event()
    engine.HandleUserInterrupt = True
    with _ctrl_c(pressed):
        Thread(target=work, daemon=True).start()
        while not done.wait(_LISTEN_S):
            if pressed.is_set():
                engine.cancelSolve()
    return pressed.is_set()


@contextmanager
def _ctrl_c(pressed: Event) -> Iterator[None]:
    """Note Ctrl-C in place of raising it: raised while the thread starts, it would escape."""
    before = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or before in (None, signal.SIG_IGN):
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: pressed.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _solution(
    highspy: Any,
    engine: Any,
    model: Model,
    *,
    interrupted: bool,
    seconds: float,
) -> Solution:
    info = engine.getInfo()
    found = engine.getSolution()
    mixed = bool(model.integral.any())
    feasible = bool(found.value_valid) and (
        info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    )
    x = np.asarray(found.col_value, dtype=np.float64) if feasible else np.empty(0)
    if feasible:
        x[model.integral] = np.round(x[model.integral])
        x += 0.0  # no minus zeros
    objective = float(info.objective_function_value) if feasible else float("nan")
    unknown = np.inf if model.sense == "max" else -np.inf
    # a linear model stopped early has no bound: its dual need not be feasible yet
    bound = float(info.mip_dual_bound) if mixed else unknown
    status = _status(highspy, engine.getModelStatus(), interrupted=interrupted)
    if status == "optimal" and not mixed:
        bound = objective
    elif status == "optimal":
        same = abs(objective - bound) <= _SAME_ABSOLUTE + _SAME_RELATIVE * abs(objective)
        bound, status = (objective, "optimal") if same else (bound, "gap")
    dual = found.dual_valid and not mixed
    return Solution(
        x=x,
        objective=objective,
        bound=bound,
        status=status,
        seconds=seconds,
        solver=f"HiGHS {engine.version()}",
        row_dual=np.asarray(found.row_dual) if dual else _none(),
        column_dual=np.asarray(found.col_dual) if dual else _none(),
    )


def _stale(model: Model, found: Solution) -> bool:
    """Return whether the point is worth something else than the solver says of it.

    HiGHS 1.16 does so where presolve makes a point of a start that is worth more than the start:
    the objective is that of the point, the values are still those of the start.
    """
    if not found.found:
        return False
    apart = abs(float(model.cost @ found.x) + model.offset - found.objective)
    return apart > _STALE * max(1.0, abs(found.objective))


def _status(highspy: Any, found: Any, *, interrupted: bool) -> SolveStatus:
    kinds = highspy.HighsModelStatus
    if found == kinds.kOptimal:
        return "optimal"
    if interrupted or found in (kinds.kInterrupt, kinds.kHighsInterrupt):
        return "interrupted"
    named: dict[Any, SolveStatus] = {
        kinds.kModelEmpty: "optimal",
        kinds.kInfeasible: "infeasible",
        kinds.kUnbounded: "unbounded",
        kinds.kUnboundedOrInfeasible: "unbounded",
        kinds.kTimeLimit: "time_limit",
    }
    return named.get(found, "failed")


class Growing:
    """A linear model that gets more rows between solves, each starting from the last basis."""

    def __init__(self, model: Model) -> None:
        highspy = _highspy()
        self._engine = _quiet(highspy)
        _options(self._engine, np.inf, 0.0)
        _pass(highspy, self._engine, model)
        self._columns = len(model.cost)

    def add(self, rows: csr_array, upper: NDArray[np.float64]) -> None:
        """Add rows that may be at most ``upper``."""
        self._engine.addRows(
            len(upper),
            np.full(len(upper), -np.inf),
            upper,
            rows.nnz,
            rows.indptr[:-1].astype(np.int32),
            rows.indices.astype(np.int32),
            rows.data.astype(np.float64),
        )

    def solve(self, *, time_limit_s: float) -> tuple[NDArray[np.float64], float] | None:
        """Return the point and the objective; None when time ran out first."""
        self._engine.setOptionValue("time_limit", self._engine.getRunTime() + time_limit_s)
        self._engine.run()
        if not str(self._engine.getModelStatus()).endswith("kOptimal"):
            return None
        found = np.asarray(self._engine.getSolution().col_value, dtype=np.float64)
        return found, float(self._engine.getInfo().objective_function_value)

    def reduced_costs(self) -> NDArray[np.float64]:
        """Return the change of the objective per unit of each variable at its bound."""
        return np.asarray(self._engine.getSolution().col_dual, dtype=np.float64)
