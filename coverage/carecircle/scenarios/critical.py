"""What must not fail: facilities and bridges ranked by who would lose cover without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.roads.access import is_structure
from carecircle.roads.chains import build_chains
from carecircle.roads.standing import HomeSearch
from carecircle.roads.terms import to_minutes
from carecircle.scenarios.baseline import Baseline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

    from carecircle.study.assessment import Study

__all__ = ["critical_links"]


def critical_links(
    study: Study | Baseline, *, kind: Literal["bridges", "facilities"] = "facilities", n: int = 20
) -> pd.DataFrame:
    """Rank facilities or bridges by the elders who would lose cover if one of them were lost.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it.
    kind
        ``facilities``: those that count today, by the second nearest of each home; ``bridges``:
        roads tagged as bridge or tunnel, each lost with all its pieces ``id/1``, ``id/2``. Only
        those that some quickest way may use are searched anew.
    n
        How many to list.

    Returns
    -------
    pandas.DataFrame
        Worst first, index ``facility_id`` or ``road_id``: ``name``, ``elders_lost``,
        ``people_lost``, ``homes_lost`` (no longer within the limit) and ``homes_longer`` (a longer
        way, or none). Equal ones stand by id; what nobody would miss is not listed.

    Raises
    ------
    InputError
        If ``kind`` is neither, ``n`` is not positive, or a study without roads is asked for
        bridges.

    Examples
    --------
    >>> import carecircle as cc
    >>> critical_links(cc.samples.toy_town(), kind="facilities")["elders_lost"].to_dict()
    {'F1': 80.0}
    """
    if kind not in ("bridges", "facilities") or n < 1:
        msg = f"kind is {kind!r}, n is {n}; give 'bridges' or 'facilities', and 1 or more"
        raise InputError(msg)
    baseline = study if isinstance(study, Baseline) else Baseline.of(study)
    if kind == "facilities":
        facilities = baseline.study.facilities
        rows = [_row(one, baseline.without(str(one)), baseline) for one in baseline.names]
        return _ranked(rows, "facility_id", facilities.get("name"), n)
    if baseline.search is None:
        raise InputError("bridges: the study brings its own minutes and has no roads to cut")
    roads = baseline.study.tables.roads
    rows = [_row(bridge, found, baseline) for bridge, found in _without_bridges(baseline)]
    name = roads["name"].groupby(_whole(roads.index)).first() if "name" in roads else None
    return _ranked(rows, "road_id", name, n)


def _without_bridges(
    baseline: Baseline,
) -> Iterator[tuple[str, tuple[Floats, NDArray[np.bool_]]]]:
    """Search anew without each bridge that matters; doors open on the roads they open on today."""
    search = baseline.search
    assert search is not None  # noqa: S101  # for the type checker: the caller has looked
    network, facilities = search.network, baseline.open_today
    bridge = np.where(is_structure(network.roads), _whole(network.roads.index), "")
    wanted = sorted({str(one) for one in bridge[search.used_pieces(facilities)]} - {""})
    for one in wanted:
        seconds = np.where((bridge == one)[:, None], np.inf, network.seconds)
        chains = build_chains(network.ends, seconds, network.length_m, network.node_xy)
        broken = replace(network, seconds=seconds, chains=chains)
        again = HomeSearch.over(broken, search.homes, direction=search.direction)
        found, _ = again.two_nearest(facilities, extra_minutes=facilities["extra_minutes"])
        minutes = to_minutes(found[:, 0], network)
        yield one, (minutes, baseline.tally.covered(minutes))


def _whole(index: pd.Index) -> NDArray[np.object_]:
    """Return the ids of the roads that pieces ``id/1``, ``id/2`` belong to."""
    return index.astype(str).str.replace(r"/.*$", "", regex=True).to_numpy(dtype=object)


def _row(
    one: str, found: tuple[Floats, NDArray[np.bool_]], baseline: Baseline
) -> dict[str, object]:
    minutes, covered = found
    today = baseline.today
    lost = today.covered & ~covered
    weights = np.nan_to_num(baseline.tally.weights)
    longer = ~np.isnan(today.minutes) & ~(minutes <= today.minutes)
    return {
        "id": one,
        "elders_lost": float(weights[lost, 2].sum()),
        "people_lost": float(weights[lost, 1].sum()),
        "homes_lost": int(lost.sum()),
        "homes_longer": int(longer.sum()),
    }


def _ranked(
    rows: list[dict[str, object]], index: str, names: pd.Series | None, n: int
) -> pd.DataFrame:
    columns = ["elders_lost", "people_lost", "homes_lost", "homes_longer"]
    frame = pd.DataFrame(rows, columns=["id", *columns]).astype({"id": "str"})
    frame = frame[frame["homes_longer"] > 0]  # the rest could go unnoticed
    order = [*columns, "id"]
    frame = frame.sort_values(order, ascending=[False] * len(columns) + [True]).head(n)
    frame = frame.set_index("id").rename_axis(index=index)
    label = frame.index if names is None else names.reindex(frame.index).to_numpy(dtype=object)
    frame.insert(0, "name", label)
    return frame
