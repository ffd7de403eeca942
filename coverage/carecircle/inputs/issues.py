"""One record for each problem found in the input, so that nothing is repaired in silence."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Literal

import pandas as pd

from carecircle.errors import CarecircleWarning, InputError

__all__ = ["Issue", "IssueLog", "Severity", "unusable"]

Severity = Literal["fatal", "error", "warning", "note"]
_SHOWN = 20
_ORDER: dict[Severity, int] = {"fatal": 0, "error": 1, "warning": 2, "note": 3}


@dataclass(frozen=True)
class Issue:
    """One problem: where it is, what was found, what was used instead, and what that changes.

    Parameters
    ----------
    code
        Stable name such as ``duplicate_id``; tests and filters rely on it.
    severity
        ``fatal`` the table cannot be used at all; ``error`` the record is set aside;
        ``warning`` the record is used with a caveat; ``note`` worth knowing.
    table, record, field
        Table (``areas``, ``facilities``, ...), record id and column; empty when it does not apply.
    found, used
        The value found, and what was used in its place (empty: nothing).
    effect
        What the problem does to totals, e.g. ``"1,204 people not assessed"``.
    fix
        What the user can do about it, in one sentence.

    Examples
    --------
    >>> print(Issue("duplicate_id", "error", "facilities", "F01", "facility_id", "F01 twice",
    ...             fix="give each facility its own id"))
    facilities F01, facility_id: duplicate id (F01 twice); give each facility its own id
    """

    code: str
    severity: Severity
    table: str
    record: str = ""
    field: str = ""
    found: str = ""
    used: str = ""
    effect: str = ""
    fix: str = ""

    def __str__(self) -> str:
        where = f"{self.table} {self.record}".strip()
        where = f"{where}, {self.field}" if self.field else where
        text = f"{where}: {self.code.replace('_', ' ')}"
        text += f" ({self.found})" if self.found else ""
        text += f", used {self.used}" if self.used else ""
        text += f"; {self.effect}" if self.effect else ""
        return text + (f"; {self.fix}" if self.fix else "")


class IssueLog(list[Issue]):
    """A list of issues that can be counted, tabulated and raised.

    Examples
    --------
    >>> log = IssueLog([Issue("no_homes", "warning", "areas", "A7")])
    >>> log.summary()
    '1 warning'
    """

    def add(self, code: str, severity: Severity, table: str, **details: str) -> None:
        """Append one issue; ``details`` are the other fields of :class:`Issue`."""
        self.append(Issue(code, severity, table, **details))

    def of(self, severity: Severity) -> IssueLog:
        """Return the issues of one severity."""
        return IssueLog(issue for issue in self if issue.severity == severity)

    def summary(self) -> str:
        """Return the counts by severity as one line, worst first."""
        counts = Counter(issue.severity for issue in self)
        parts = [
            f"{counts[s]:,} {s}{'s' if counts[s] > 1 and s != 'fatal' else ''}"
            for s in _ORDER
            if counts[s]
        ]
        return ", ".join(parts) if parts else "no issues"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per issue, worst first, with the fields of :class:`Issue` as columns."""
        columns = [field.name for field in fields(Issue)]
        return pd.DataFrame([asdict(issue) for issue in self.worst_first()], columns=columns)

    def _repr_html_(self) -> str:
        # the base class would show a bare list
        shown = self.to_frame().head(_SHOWN).to_html(index=False, escape=True)
        return f"<div><b>{self.summary()}</b>{shown}</div>"

    def worst_first(self) -> list[Issue]:
        """Return the issues by severity, otherwise in the order they were found."""
        return sorted(self, key=lambda issue: _ORDER[issue.severity])

    def raise_if_fatal(self) -> None:
        """Raise one :class:`~carecircle.errors.InputError` that names every fatal issue."""
        fatal = self.of("fatal")
        if fatal:
            raise InputError("\n".join(str(issue) for issue in fatal), self)

    def settle(self) -> None:
        """Make the issues heard when nobody collects them: raise on errors, warn on warnings."""
        bad = [issue for issue in self if issue.severity in ("fatal", "error")]
        if bad:
            raise InputError("\n".join(str(issue) for issue in bad), self)
        for issue in self.of("warning"):
            warnings.warn(str(issue), CarecircleWarning, stacklevel=3)


def unusable(code: str, table: str, **details: str) -> InputError:
    """Return the error that stops one table, with its one fatal issue inside.

    Examples
    --------
    >>> raise unusable("no_such_file", "areas", found="areas.gpkg", fix="check the path")
    Traceback (most recent call last):
    ...
    carecircle.errors.InputError: areas: no such file (areas.gpkg); check the path
    """
    issue = Issue(code, "fatal", table, **details)
    return InputError(str(issue), [issue])
