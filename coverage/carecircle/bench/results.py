"""What a benchmark case found, compared with its target, and the table of all of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CaseResult", "faster", "render", "skipped", "to_json", "under", "within"]


@dataclass(frozen=True)
class CaseResult:
    """One line of the benchmark: one task done by us and by one peer in the same run.

    Attributes
    ----------
    case, what
        Name of the case, and the task.
    ours_seconds
        Our time in seconds; ``None`` where memory is compared or nothing ran.
    peer, peer_seconds
        Who it is compared with, and their time for the same work.
    ratio
        What ``measure`` says: the figure to judge by, as the machine hardly matters to it.
    measure
        ``"times faster"``, ``"times as long"`` or ``"times the memory"``; empty without a peer.
    target, met
        The target in words, and whether it was met; empty and ``None`` where there is none or
        nothing was measured.
    note
        What the reader must know: what was scaled, why something was skipped.
    sizes
        How much work it was.
    """

    case: str
    what: str
    ours_seconds: float | None = None
    peer: str = ""
    peer_seconds: float | None = None
    ratio: float | None = None
    measure: str = ""
    target: str = ""
    met: bool | None = None
    note: str = ""
    sizes: str = ""


def faster(
    case: str, what: str, seconds: tuple[float, float], *, at_least: float | None, **details: str
) -> CaseResult:
    """Return how many times faster we are; ``seconds`` is (ours, peer's).

    Examples
    --------
    >>> result = faster("searches", "1,000 m", (0.5, 60.0), at_least=100, peer="SciPy")
    >>> result.ratio, result.measure, result.target, result.met
    (120.0, 'times faster', 'at least 100', True)
    """
    ours, peer = seconds
    ratio = peer / ours
    return CaseResult(
        case, what, ours, peer_seconds=peer, ratio=ratio, measure="times faster",
        target="" if at_least is None else f"at least {at_least:g}",
        met=None if at_least is None else ratio >= at_least, **details,
    )  # fmt: skip


def within(
    case: str,
    what: str,
    amounts: tuple[float, float],
    *,
    at_most: float,
    measure: str = "times as long",
    **details: str,
) -> CaseResult:
    """Return how many times the peer's amount we need; ``amounts`` is (ours, peer's).

    Amounts are seconds; with ``measure="times the memory"`` they are megabytes.

    Examples
    --------
    >>> within("searches", "1,000 m", (0.002, 0.001), at_most=3, peer="touch bound").met
    True
    """
    ours, peer = amounts
    timed = measure == "times as long"
    return CaseResult(
        case, what, ours if timed else None, peer_seconds=peer if timed else None,
        ratio=ours / peer, measure=measure, target=f"at most {at_most:.3g}",
        met=ours <= at_most * peer, **details,
    )  # fmt: skip


def under(
    case: str,
    what: str,
    amount: float,
    *,
    at_most: float,
    unit: str = "s",
    note: str = "",
) -> CaseResult:
    """Return an amount of ours against a fixed limit, in seconds or another unit.

    Examples
    --------
    >>> under("positions", "100,000 homes", 0.8, at_most=2).target
    'under 2 s'
    """
    seconds = amount if unit == "s" else None
    target = f"under {at_most:g} {unit}"
    return CaseResult(case, what, seconds, target=target, met=amount < at_most, note=note)


def skipped(case: str, what: str, reason: str) -> CaseResult:
    """Return the line of a case that could not run, with the reason."""
    return CaseResult(case, what, note=f"skipped: {reason}")


def to_json(results: Iterable[CaseResult]) -> str:
    """Return the lines as a JSON list with the fields of :class:`CaseResult`."""
    return json.dumps([asdict(one) for one in results], ensure_ascii=False, indent=1)


def render(results: Iterable[CaseResult], *, width: int = 160) -> str:
    """Return the lines as one table of text: ratios first, seconds as supporting detail."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("case", "task", "against", "ratio", "", "target", "met", "ours", "theirs"):
        numeric = heading in ("ratio", "ours", "theirs")
        table.add_column(heading, justify="right" if numeric else "left")
    table.add_column("note")
    for one in results:
        table.add_row(
            one.case, one.what, one.peer, "" if one.ratio is None else f"{one.ratio:,.3g}",
            one.measure, one.target, {True: "yes", False: "NO", None: ""}[one.met],
            _seconds(one.ours_seconds), _seconds(one.peer_seconds),
            "; ".join(text for text in (one.sizes, one.note) if text),
        )  # fmt: skip
    console = Console(width=width, color_system=None, markup=False)
    with console.capture() as shown:
        console.print(table)
    return "\n".join(line.rstrip() for line in shown.get().splitlines())


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:,.2f} ms" if seconds < 1 else f"{seconds:,.2f} s"
