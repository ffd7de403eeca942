"""The layer of access: how much of the supply each area has within reach, in colours and words."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.outputs import colours

if TYPE_CHECKING:
    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

__all__ = ["AccessFound", "access_classes", "access_per_1000", "with_access"]

_CUTS = (0.2, 0.4, 0.6, 0.8)
#: Column -> (Chinese, English); a column of the user's own is called by its name.
_SUPPLY = {
    "places": ("日间名额", "day places"), "beds": ("床位", "beds"),
    "nursing_beds": ("护理型床位", "nursing beds"), "floor_m2": ("建筑面积(平方米)", "m² of floor"),
    "facilities": ("设施", "facilities"),
}  # fmt: skip
_DEMAND = {
    "elders": ("位老年人", "elders"), "population": ("位居民", "residents"),
    "households": ("户家庭", "households"), "homes": ("处住宅", "homes"),
    "elders80": ("位80岁及以上老人", "people aged 80 and over"),
}  # fmt: skip


class AccessFound(Protocol):
    """What the map needs of :class:`carecircle.depth.access.StudyAccess`."""

    @property
    def supply(self) -> str:
        """Column of the facilities that is shared."""

    @property
    def demand(self) -> str:
        """Column of the homes among whom."""

    @property
    def areas(self) -> pd.DataFrame:
        """Index ``area_id``: ``access``, supply for one unit of demand."""


def access_per_1000(findings: Findings, access: AccessFound) -> pd.Series:
    """Return the supply in reach of 1,000 units of demand for each area of the findings.

    Raises
    ------
    InputError
        If the access is of other areas, or the findings are masked for publication.
    """
    if "masked" in findings.provenance:
        raise InputError(
            "access: the findings are masked for publication, and access tells what they hide; map"
            " it on the assessment itself"
        )
    areas = findings.areas.index
    if len(areas) and not areas.isin(access.areas.index).any():
        raise InputError(
            f"access: none of its areas ({', '.join(map(str, access.areas.index[:3]))}, ...) is on"
            " the map; pass access_of(study) of the same study"
        )
    found = pd.to_numeric(access.areas["access"]).reindex(areas)
    return (1000.0 * found).astype(float)


def access_classes(
    findings: Findings, access: AccessFound, say: Speech
) -> tuple[str, np.ndarray, list[tuple[str, str]]]:
    """Return title, class of each area, and label and colour of the classes.

    Nothing in reach is a class of its own; the others hold as many areas each; unknown is grey.
    """
    values = access_per_1000(findings, access).to_numpy()
    some = values[values > 0]
    edges = np.unique(np.quantile(some, _CUTS)) if len(some) else np.empty(0)
    # below the least of all nobody stands
    edges = edges[edges > some.min(initial=np.inf)]
    codes = 1 + np.digitize(values, edges)
    codes[values == 0] = 0
    codes[np.isnan(values)] = len(edges) + 2
    bounds = [f"{edge:.3g}" for edge in edges]
    labels = ["> 0"]
    if bounds:
        labels = [
            f"< {bounds[0]}",
            *(f"{low} – {high}" for low, high in itertools.pairwise(bounds)),
            f"≥ {bounds[-1]}",
        ]
    # the darkest for the most, whatever the number of classes
    paint = [*colours.RATES[: len(labels) - 1], colours.RATES[-1]]
    classes = [(say("access_none"), colours.GAP), *zip(labels, paint, strict=True)]
    return _title(access, say), codes, [*classes, (say("no_data"), colours.NO_DATA)]


def with_access(
    records: dict[str, Any], findings: Findings, access: AccessFound | None, say: Speech
) -> dict[str, Any]:
    """Return the popups of the areas with a line for access."""
    if access is None:
        return records
    values = access_per_1000(findings, access)
    lines = [
        [*row, say.number(value, 2)] for row, value in zip(records["values"], values, strict=True)
    ]
    return records | {"fields": [*records["fields"], _title(access, say)], "values": lines}


def _title(access: AccessFound, say: Speech) -> str:
    supply = _SUPPLY.get(access.supply, (access.supply, access.supply))
    demand = _DEMAND.get(access.demand, (access.demand, access.demand))
    return say("layer_access", say.pick(demand), say.pick(supply))
