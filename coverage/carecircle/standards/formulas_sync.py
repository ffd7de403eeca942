"""Formulas of new estates: the share whose facility came in step with the homes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.inputs.dasymetric import numbers
from carecircle.standards.estates import gather_estates
from carecircle.standards.joining import reasons
from carecircle.standards.measures import measured
from carecircle.standards.registry import formula
from carecircle.standards.sync import check_sync

if TYPE_CHECKING:
    from carecircle.standards.rule_frames import RuleFrames

__all__ = ["estates_in_step", "synced"]


def synced(frames: RuleFrames, projects: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`carecircle.check_sync` of the projects of the frames, computed once."""
    return frames.keep(("sync",), lambda: check_sync(projects, as_of=frames.as_of))


@formula("estates_in_step", unit="%", level="project", closes="units",
         source="四同步: estates in step / estates delivered")  # fmt: skip
def estates_in_step(
    frames: RuleFrames, reading: str = "default", weight: str = "estates"
) -> pd.DataFrame:
    """Find new estates whose facility came in step, plain or weighed by dwellings."""
    projects = frames.projects
    if projects is None or projects.empty:
        return measured([], [], index=frames.units("project")[:0], reason="")
    checks: Any = synced(frames, projects)
    estates = frames.keep(("estates",), lambda: gather_estates(projects))
    rows = checks.loc[reading]
    status = rows["status"].to_numpy(dtype=object)
    each = np.ones(len(rows)) if weight == "estates" else numbers(rows, "dwellings")
    due, blind = status != "not_due", status == "not_assessable"
    in_step = np.where(blind, np.nan, each * (status == "in_step"))
    said = reasons(
        len(rows), (~due, "not_due"), (blind, "date_missing"), (np.isnan(each), "figure_missing")
    )
    # an estate stands where its first phase stands
    ids = pd.Index(estates["project_id"].reindex(rows.index))
    found = measured(in_step, each, scale=100.0, index=ids, reason=said, owes=due)
    return found.assign(evidence=rows.index.to_numpy(dtype=object))
