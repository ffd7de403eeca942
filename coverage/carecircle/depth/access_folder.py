"""Access and places of a study on paper: the short form, and the result folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.outputs.folder import save_folder
from carecircle.outputs.layers import write_frames
from carecircle.outputs.manifest import manifest_text, plain_json
from carecircle.outputs.masking import internal
from carecircle.outputs.workbook.tables import write_csv
from carecircle.study.assessment import assess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carecircle.analysis.findings import Findings
    from carecircle.depth.access import StudyAccess, StudyPlaces
    from carecircle.study.assessment import Result, Study

__all__ = ["access_facts", "access_lines", "save_access"]

#: Layer -> (Chinese, English).
_LAYERS = {
    "areas": ("社区(村):可达性和服务容量", "areas: access and places"),
    "homes": ("住宅:可达性和服务容量", "homes: access and places"),
    "facilities": ("设施:供给和使用", "facilities: supply and use"),
}
_MANY = 5


def access_lines(access: StudyAccess, places: StudyPlaces | None) -> list[tuple[str, str]]:
    """Return the short form as (what, figure) in the study's language.

    Parameters
    ----------
    access
        From :func:`carecircle.access_of`.
    places
        From :func:`carecircle.places_of`; ``None`` where the facilities have no places.

    Examples
    --------
    >>> import carecircle as cc
    >>> found = cc.access_of(cc.samples.toy_town(), supply="floor_m2", demand="households")
    >>> access_lines(found, None)[0]
    ('每千 households 的 floor_m2', '1,538.46 (200 / 130); two_step, Flat()')
    """
    pick = 0 if access.card.language == "zh" else 1
    facts = access_facts(access, places)
    of, what = access.demand, access.supply
    city, spread = facts["access"], facts["fairness"]
    lost = facts["facilities_that_reach_nobody"]
    per = "--" if city["access"] is None else f"{1000 * city['access']:,.2f}"
    ratio = f"{per} ({_n(city['received'])} / {_n(city['demand_total'])})"
    lines = [
        ((f"每千 {of} 的 {what}", f"{what} per 1,000 {of}")[pick],
         f"{ratio}; {facts['method']}, {facts['decay']}"),
        (("可达范围内无供给", "nothing in reach")[pick], _n(city["demand_no_access"])),
        (("未评估", "not assessed")[pick], _n(city["demand_not_assessed"])),
        (("无人可达的设施", "facilities that reach nobody")[pick], f"{len(lost)}{_some(lost)}"),
        (("公平性(基尼系数)", "fairness (Gini)")[pick], _gini(spread)),
    ]  # fmt: skip
    if places is None:
        return lines
    left = facts["places"]
    return [
        *lines,
        (("有位置", "with a place")[pick], f"{_n(left['placed'])} / {_n(left['demand'])}"),
        (("无位置(设施已满)", "without a place (all full)")[pick], _n(left["unplaced_full"])),
        (("无位置(时限内无设施)", "without a place (no facility within the limit)")[pick],
         _n(left["unplaced_no_facility"])),
        (("无位置(设施容量未知)", "without a place (capacity unknown)")[pick],
         _n(left["unplaced_unknown_capacity"])),
        (("制约设施", "binding facilities")[pick],
         f"{len(facts['binding'])}{_some(facts['binding'])}"),
    ]  # fmt: skip


def access_facts(access: StudyAccess, places: StudyPlaces | None) -> dict[str, Any]:
    """Return the city's figures as plain JSON values; parameters as :func:`access_lines`."""
    shares = access.shares
    facts = {
        "supply": access.supply, "demand": access.demand, "method": shares.method,
        "decay": repr(shares.decay), "access": _city(access.totals),
        "fairness": _city(access.fairness),
        "facilities_that_reach_nobody": list(shares.reaches_nobody.index),
    }  # fmt: skip
    if places is not None:
        facts |= {"places": _city(places.totals), "binding": places.use.binding}
    plain: dict[str, Any] = plain_json(facts)
    return plain


def save_access(
    study: Study,
    access: StudyAccess,
    places: StudyPlaces | None,
    folder: str | Path,
    *,
    result: Result | None = None,
) -> Path:
    """Write access, places and fairness of a study, whole or not at all.

    The folder is not for publication, and says so; see :meth:`StudyDepth.save
    <carecircle.depth.verdicts.StudyDepth.save>`.

    Parameters
    ----------
    study
        The study.
    access, places
        As for :func:`access_lines`.
    folder
        Folder to make; an empty one or an earlier carecircle result is replaced.
    result
        The assessment of the study, if there is one already.

    Returns
    -------
    pathlib.Path
        The folder: ``access_homes.csv``, ``access_facilities.csv``, ``access_areas.csv``,
        ``access_totals.csv``, ``fairness.csv``; where there are places ``places_homes.csv``,
        ``places_facilities.csv``, ``places_areas.csv``, ``places_totals.csv``, ``places_flows.csv``
        (who goes where); ``access.gpkg`` (areas, homes, facilities), ``map.html`` (the map with
        access as a layer), ``access.json`` and ``manifest.json``.

    Raises
    ------
    InputError
        If the folder holds anything that carecircle did not write.
    """
    shares = access.shares
    tables = {
        "access_homes": shares.homes, "access_facilities": shares.facilities,
        "access_areas": access.areas, "access_totals": access.totals, "fairness": access.fairness,
    }  # fmt: skip
    if places is not None:
        tables |= {
            "places_homes": places.use.homes, "places_facilities": places.use.facilities,
            "places_areas": places.areas, "places_totals": places.totals,
        }  # fmt: skip
    plain = {name: frame.reset_index() for name, frame in tables.items()}
    if places is not None:
        plain["places_flows"] = places.use.flows
    text = manifest_text(access_facts(access, places)).encode()

    def write_facts(_: Findings, path: Path) -> None:
        path.write_bytes(text)

    def write_layers(findings: Findings, path: Path) -> None:
        _write_layers(findings, access, places, path)

    def write_map(findings: Findings, path: Path) -> None:
        from carecircle.outputs.map.atlas import coverage_map  # drawing is loaded when asked for

        coverage_map(findings, access=access).save(str(path))

    writers = {f"{name}.csv": _writer(frame) for name, frame in plain.items()}
    own = {"access.gpkg": write_layers, "map.html": write_map, "access.json": write_facts}
    return save_folder(internal(result or assess(study)), folder, writers=writers | own)


def _write_layers(
    findings: Findings, access: StudyAccess, places: StudyPlaces | None, path: Path
) -> None:
    pick = 0 if findings.card.language == "zh" else 1
    beside: dict[str, list[pd.DataFrame]] = {
        "areas": [access.areas.drop(columns="name")],
        "homes": [access.shares.homes],
        "facilities": [access.shares.facilities],
    }
    if places is not None:
        beside["areas"].append(places.areas.drop(columns="name").add_prefix("places_"))
        beside["homes"].append(places.use.homes.add_prefix("places_"))
        beside["facilities"].append(places.use.facilities.add_prefix("places_"))
    own = {"areas": ["name", "kind"], "homes": ["area_id"], "facilities": ["name", "kind"]}
    frames = {
        layer: getattr(findings, layer)[[*own[layer], "geometry"]].join(parts)
        for layer, parts in beside.items()
    }
    reached = access.shares.facilities.index
    frames["facilities"] = frames["facilities"].loc[reached]
    names = {layer: pair[pick] for layer, pair in _LAYERS.items()}
    write_frames(frames, path, findings.card, names=names)


def _city(totals: pd.DataFrame) -> dict[str, Any]:
    rows = pd.DataFrame(totals[totals.index.get_level_values("level") == "city"])
    return {str(name): value for name, value in rows.reset_index().to_dict("records")[0].items()}


def _gini(spread: dict[str, Any]) -> str:
    return "--" if spread["gini"] is None else f"{spread['gini']:.3f}"


def _n(figure: float | None) -> str:
    return "--" if figure is None else f"{figure:,.0f}"


def _some(ids: list[str]) -> str:
    if not ids:
        return ""
    return f": {', '.join(ids[:_MANY])}{', ...' if len(ids) > _MANY else ''}"


def _writer(frame: pd.DataFrame) -> Callable[[Findings, Path], None]:
    def write(_: Findings, path: Path) -> None:
        write_csv(frame, path)

    return write
