"""The benchmark: our tasks and those of comparable libraries in the same run, as ratios.

Figures in seconds depend on the machine and on what else it does; ratios hardly do. A case whose
data or peer is missing says so and is skipped.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from carecircle.bench.results import CaseResult, render, skipped, to_json
from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carecircle.roads.network import RoadNetwork

__all__ = ["CASES", "CaseResult", "data_folder", "render", "run", "to_json"]

#: The cases, in the order they run.
CASES = ("searches", "extracts", "positions", "circles", "study", "siting", "map", "what_if")
_BESIDE_CHECKOUT = Path(__file__).parents[3].parent / "shared" / "data"


def run(
    names: Sequence[str] = (),
    data: Path | None = None,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> list[CaseResult]:
    """Run cases and return one line per comparison.

    Parameters
    ----------
    names
        Some of :data:`CASES`; all when empty.
    data
        Folder of real extracts; otherwise as :func:`data_folder` finds it.
    tell
        Called with the name of each case before it starts.

    Returns
    -------
    list of CaseResult
        See there; :func:`render` makes a table of them.

    Raises
    ------
    InputError
        If a name is no case.
    """
    for name in names:
        if name not in CASES:
            close = difflib.get_close_matches(name, CASES, n=1)
            hint = f"did you mean {close[0]}?" if close else "cases: " + ", ".join(CASES)
            msg = f"bench: no case {name!r}; {hint}"
            raise InputError(msg)
    folder = data_folder(data)
    networks: list[RoadNetwork] = []
    lines: list[CaseResult] = []
    for name in names or CASES:
        tell(name)
        lines += _case(name, folder, networks)
    return lines


def data_folder(given: Path | None = None) -> Path | None:
    """Return the folder of real extracts: given, else ``CARECIRCLE_DATA``, else beside a checkout.

    ``None`` when none of them exists.
    """
    named = given or os.environ.get("CARECIRCLE_DATA")
    folder = Path(named) if named else _BESIDE_CHECKOUT
    return folder if folder.is_dir() else None


def _case(name: str, folder: Path | None, networks: list[RoadNetwork]) -> list[CaseResult]:
    from carecircle.bench import extracts, map_page, siting, studies, what_if

    without_extracts: dict[str, Callable[[], list[CaseResult]]] = {
        "study": studies.run_studies,
        "siting": lambda: siting.run_siting(folder),
        "map": map_page.run_map,
        "what_if": what_if.run_what_if,
    }
    if name in without_extracts:
        return without_extracts[name]()
    if folder is None:
        reason = "no folder of real extracts; give --data or set CARECIRCLE_DATA"
        return [skipped(name, "all", reason)]
    if name == "extracts":
        return extracts.run_extracts(folder)
    return _on_wuhan(name, folder, networks)


def _on_wuhan(name: str, folder: Path, networks: list[RoadNetwork]) -> list[CaseResult]:
    from carecircle.bench import circles, positions, searches, wuhan

    if not (folder / wuhan.FILE).is_file():
        return [skipped(name, "all", f"no {wuhan.FILE} in the data folder")]
    if not networks:
        networks.append(wuhan.load_network(folder))
    on_network: dict[str, Callable[[RoadNetwork], list[CaseResult]]] = {
        "searches": searches.run_searches,
        "positions": positions.run_positions,
        "circles": circles.run_circles,
    }
    return on_network[name](networks[0])
