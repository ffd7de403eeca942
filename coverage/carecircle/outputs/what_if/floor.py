"""What the what-if needs of the floor-area check: what areas owe, and what facilities have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.outputs.map.codec import pack_codes
from carecircle.outputs.what_if.codec import numbers

if TYPE_CHECKING:
    from collections.abc import Collection

    from carecircle.analysis.findings import Findings, Ground

__all__ = ["pack_floor"]


def pack_floor(findings: Findings, ground: Ground) -> dict[str, Any] | None:
    """Return floor area required, households to share it by, and floor areas; None unchecked.

    Parameters
    ----------
    findings
        Of one assessment.
    ground
        Of the same; may have candidate sites.

    Returns
    -------
    dict or None
        ``required`` m2 and ``households`` of each area; of ``facilities`` and ``sites`` which are
        of a kind that ``counts`` and their ``m2``; ``usual``: whether a new place counts.
    """
    terms: Any = findings.provenance.get("terms") or {}
    rule: Any = terms.get("floor_rule")
    if rule is None or findings.floor_areas.empty:
        return None
    kinds = rule["kinds"] if isinstance(rule, Mapping) else rule.kinds
    checks, usual = findings.floor_areas.reindex(findings.areas.index), findings.card.eligible[0]
    found = {
        "required": numbers(checks["required_m2"].to_numpy(dtype=float, na_value=np.nan)),
        "households": numbers(checks["households"].to_numpy(dtype=float, na_value=np.nan)),
        "facilities": _supply(findings.facilities, kinds, None),
        "usual": usual in kinds,
    }
    if ground.sites is not None and len(ground.sites):
        found["sites"] = _supply(ground.sites, kinds, usual)
    return found


def _supply(places: pd.DataFrame, kinds: Collection[str], usual: str | None) -> dict[str, Any]:
    kind = places["kind"] if "kind" in places else pd.Series(None, places.index, dtype=object)
    counts = (kind if usual is None else kind.fillna(usual)).isin(list(kinds))
    m2 = places["floor_m2"] if "floor_m2" in places else pd.Series(np.nan, places.index)
    floor = np.asarray(m2.to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
    return {
        "counts": pack_codes(counts.to_numpy(dtype=bool)),
        "m2": numbers(floor),
    }
