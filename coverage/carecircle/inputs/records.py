"""The records of one table while they are checked: who stays, who is set aside, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.inputs.issues import Issue
from carecircle.inputs.values import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from carecircle.inputs.contracts import TableContract
    from carecircle.inputs.issues import IssueLog, Severity

__all__ = ["PEOPLE", "SET_ASIDE", "Records"]

#: How many people a record stands for, best known first; None is read as persons.
PEOPLE = ("population", "elders", "households")
#: Begins the effect of exactly one issue for every record that is left out.
SET_ASIDE = "record set aside"


class Records:
    """A frame under contract names, with the records still kept and the log of problems.

    Parameters
    ----------
    contract
        The table's contract.
    frame
        One row per record, index ``row`` (the place in the file); replaced as columns get types.
    log
        Where problems go.
    """

    def __init__(self, contract: TableContract, frame: pd.DataFrame, log: IssueLog) -> None:
        self.contract = contract
        self.table = contract.name
        self.frame: gpd.GeoDataFrame = frame  # a plain DataFrame until it has geometry
        self.log = log
        self.kept = np.ones(len(frame), dtype=bool)
        self.has_place = np.ones(len(frame), dtype=bool)

    def names(self, rows: np.ndarray) -> list[str]:
        """Return what records are called in messages: their id, or their row in the file."""
        some = self.frame.iloc[rows]
        places = [f"row {row}" for row in some.index]
        if self.contract.index.name not in some:
            return places
        ids = read_text(some[self.contract.index.name]).column
        return [
            name if isinstance(name, str) else row for name, row in zip(ids, places, strict=True)
        ]

    def report(
        self, bad: np.ndarray, code: str, severity: Severity, **details: str | Sequence[str]
    ) -> None:
        """Add one issue for each record where ``bad``; a detail is one text, or one per record."""
        rows = np.flatnonzero(bad)
        if not len(rows):
            return
        columns = {
            name: [detail] * len(rows)
            if isinstance(detail, str)
            else [detail[int(k)] for k in rows]
            for name, detail in details.items()
        }
        keys = list(columns)
        self.log.extend(
            Issue(code, severity, self.table, record=name, **dict(zip(keys, texts, strict=True)))
            for name, *texts in zip(self.names(rows), *columns.values(), strict=True)
        )

    def set_aside(self, bad: np.ndarray, code: str, **details: str | Sequence[str]) -> None:
        """Report the records where ``bad`` as errors and keep them out of the result."""
        if not bad.any():
            return
        first = bad & self.kept
        self.report(first, code, "error", effect=self._lost_people(), **details)
        again = bad & ~self.kept
        self.report(again, code, "error", effect="already set aside", **details)
        self.kept &= ~bad

    def take_place(self, bad: np.ndarray, code: str, **details: str | Sequence[str]) -> None:
        """Report records without a usable place; homes stay, since their people count."""
        bad = bad & self.has_place
        if not bad.any():
            return
        if self.table == "homes":
            effect = [f"kept without a place: {text} not assessed" for text in self._people()]
            self.report(bad, code, "warning", effect=effect, **details)
        else:
            self.set_aside(bad, code, **details)
        self.has_place &= ~bad
        self.frame["geometry"] = self.frame["geometry"].where(self.has_place, None)

    def note(self, code: str, **details: str) -> None:
        """Add one note about the table as a whole."""
        self.log.add(code, "note", self.table, **details)

    def _people(self) -> list[str]:
        """Return in words how many people each record stands for."""
        texts = pd.Series("its people", index=self.frame.index, dtype=object)
        for name in reversed(PEOPLE):
            if name in self.frame:
                counts = pd.to_numeric(self.frame[name], errors="coerce")
                label = {"population": "people"}.get(name, name)
                texts = texts.where(counts.isna(), counts.map("{:,.6g} ".format) + label)
        return texts.tolist()

    def _lost_people(self) -> list[str]:
        if not any(name in self.frame for name in PEOPLE):
            return [SET_ASIDE] * len(self.frame)
        return [f"{SET_ASIDE}, {text} not counted" for text in self._people()]
