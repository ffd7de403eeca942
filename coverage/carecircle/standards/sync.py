"""四同步: whether a new estate's facility is planned, built, accepted and delivered in step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.inputs.dasymetric import numbers
from carecircle.standards.estates import FLOORS, gather_estates
from carecircle.standards.joining import reasons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

__all__ = ["READINGS", "STEPS", "SYNC_STATUSES", "SyncRule", "check_sync", "sync_rates"]

#: Step -> (Chinese, English).
STEPS: dict[str, tuple[str, str]] = {
    "planned": ("同步规划", "planned"),
    "built": ("同步建设", "built"),
    "accepted": ("同步验收", "accepted"),
    "delivered": ("同步交付", "delivered"),
}
#: Reading -> (Chinese, English).
READINGS: dict[str, tuple[str, str]] = {
    "default": ("默认口径", "default reading"),
    "strict": ("从严口径", "strict reading"),
}
#: Status -> (Chinese, English).
SYNC_STATUSES: dict[str, tuple[str, str]] = {
    "in_step": ("同步", "in step"),
    "failed": ("不同步", "not in step"),
    "not_assessable": ("无法评估", "not assessable"),
    "not_due": ("尚未交付", "not delivered yet"),
}


@dataclass(frozen=True)
class SyncRule:
    """What 四同步 asks for where the plan is silent.

    Attributes
    ----------
    m2_per_100_households
        Floor area for elder care a new estate owes.
    share_of_dwellings
        The default reading compares with the housing phase that completes this share.
    grace_days
        Days by which the facility may be handed over after the first residents.
    source
        Where the figures come from.
    """

    m2_per_100_households: float = 20.0
    share_of_dwellings: float = 0.5
    grace_days: int = 0
    source: str = (
        "乌海市“十四五”民政事业发展规划: 同步规划、同步建设、同步验收、同步交付;"
        " 民发〔2014〕116号 (EC-NEW-20): 20 m2/100 households; dates of the steps: our reading"
    )


def check_sync(
    projects: pd.DataFrame, rule: SyncRule | None = None, *, as_of: str = ""
) -> pd.DataFrame:
    """Check the four steps of each new estate, in the default and in the strict reading.

    ========= =================================== ================================================
    step      default                             strict
    ========= =================================== ================================================
    planned   floor area planned >= owed          the same
    built     starts by the first housing phase,  starts by the first housing phase, and nothing
              or has its permit of the same day   planned is lost
    accepted  by the phase that completes half    by the first phase, and nothing planned is lost
              of the dwellings
    delivered by the first residents and grace    by the first residents, and nothing planned is
                                                  lost
    ========= =================================== ================================================

    In the default reading a later step fails for its floor area where there is none, or less than
    both what was planned and what is owed; an area that is not known is not held against it.
    A day exactly on time is in step. A step whose date or floor area is not known is not
    assessable, unless what is known fails it. Estates whose first residents have not moved in by
    ``as_of`` are not due. Phases of one ``estate_id`` are one estate.

    Parameters
    ----------
    projects
        Contract ``projects``; index ``project_id``.
    rule
        The figures; :class:`SyncRule` of the plan when missing.
    as_of
        Day of the data; empty: estates are due once a delivery date is known.

    Returns
    -------
    pandas.DataFrame
        Index ``(reading, estate_id)``: ``name``, ``phases``, ``dwellings``, ``households``,
        ``owed_m2``; for each step *s* of :data:`STEPS` ``{s}`` (True, False, NA), ``{s}_late_days``
        (days after the last day in time; NaN where on time or unknown) and ``{s}_short_m2``;
        ``failed_step`` (the first), ``failed_steps`` joined by ``;``, ``missing`` (columns that
        were needed), ``status`` (key of :data:`SYNC_STATUSES`). Where the facility has not been
        handed over, ``delivered_late_days`` counts to ``as_of`` and goes on.

    Examples
    --------
    >>> projects = pd.DataFrame({
    ...     "households": [1000.0], "dwellings": [1000.0], "floor_planned_m2": [200.0],
    ...     "floor_built_m2": [200.0], "floor_accepted_m2": [200.0], "floor_delivered_m2": [200.0],
    ...     "home_start": ["2021-03-01"], "facility_start": ["2021-03-01"],
    ...     "home_accept": ["2022-06-30"], "facility_accept": ["2022-06-30"],
    ...     "home_deliver": ["2022-09-01"], "facility_deliver": ["2022-09-11"],
    ... }, index=["P1"])
    >>> row = check_sync(projects).loc[("default", "P1")]
    >>> row["failed_step"], int(row["delivered_late_days"])
    ('delivered', 10)
    """
    rule = SyncRule() if rule is None else rule
    estates = gather_estates(projects, share=rule.share_of_dwellings)
    owed = np.round(rule.m2_per_100_households * numbers(estates, "households") / 100, 6)
    base = estates[["name", "phases", "dwellings", "households"]].assign(owed_m2=owed)
    day = np.datetime64(as_of or "NaT", "D")
    parts = {}
    for reading in READINGS:
        steps = _Steps(estates, owed, rule, day, strict=reading == "strict")
        parts[reading] = pd.concat([base, steps.table()], axis=1)
    return pd.concat(parts, names=["reading", "estate_id"])


@dataclass(frozen=True, eq=False)
class _Steps:
    """The four steps of all estates in one reading."""

    estates: pd.DataFrame
    owed: NDArray[np.float64]
    rule: SyncRule
    day: np.datetime64
    strict: bool

    def table(self) -> pd.DataFrame:
        """Return the columns of every step, and what comes of them."""
        found: dict[str, object] = {}
        missing = np.full(len(self.estates), "", dtype=object)
        for step, column in zip(STEPS, FLOORS, strict=True):
            verdict, late, short, lost = self._step(step, column)
            found |= {step: verdict, f"{step}_late_days": late, f"{step}_short_m2": short}
            missing = missing + lost
        table = pd.DataFrame(found, index=self.estates.index)
        passed = table[list(STEPS)]
        failed = (passed == False).fillna(False)  # noqa: E712, FBT003  # NA has not failed
        first = np.full(len(table), "", dtype=object)
        every = np.full(len(table), "", dtype=object)
        for step in STEPS:
            here = failed[step].to_numpy(dtype=bool)
            first[here & (first == "")] = step
            every[here] += ";" + step
        status = reasons(
            len(table),
            (self._not_due(), "not_due"),
            (failed.any(axis=1).to_numpy(), "failed"),
            (passed.isna().any(axis=1).to_numpy(), "not_assessable"),
        )
        status[status == ""] = "in_step"
        return table.assign(
            failed_step=first,
            failed_steps=[steps.lstrip(";") for steps in every],
            missing=[";".join(dict.fromkeys(lost.split(";")[1:])) for lost in missing],
            status=status,
        )

    def _step(
        self, step: str, column: str
    ) -> tuple[pd.Series, np.ndarray, np.ndarray, NDArray[np.object_]]:
        """Return verdict, days late, m2 short, and the missing columns of one step."""
        area, owed = numbers(self.estates, column), self.owed
        planned = numbers(self.estates, FLOORS[0])
        asked = owed if step == "planned" else planned if self.strict else np.fmin(owed, planned)
        short = np.round(asked - area, 6)
        # nothing at all is too little, whatever is owed
        bad = (short > 0) | ((area == 0) & (owed != 0))
        needs_area = self.strict or step == "planned"
        known = ~np.isnan(short) | (not needs_area)
        lost = np.where(np.isnan(area) & needs_area, f";{column}", "").astype(object)
        if step == "planned":
            lost = lost + np.where(np.isnan(owed), ";households", "")
        late = np.full(len(area), np.nan)
        if step != "planned":
            late, unknown, names = self._lateness(step)
            bad |= late > 0
            known = known & ~unknown
            lost = lost + names
        blind = ~bad & ~known
        verdict = pd.Series(~bad, self.estates.index, dtype="boolean").mask(blind)
        late = np.where(late > 0, late, np.nan)
        return verdict, late, np.where(short > 0, short, np.nan), np.where(blind, lost, "")

    def _lateness(self, step: str) -> tuple[np.ndarray, Flags, NDArray[np.object_]]:
        due_name, own_name, grace = self._dates(step)
        due, own = (_days(self.estates[name]) for name in (due_name, own_name))
        late = (own - due).astype("timedelta64[D]").astype(float)
        late[np.isnat(own) | np.isnat(due)] = np.nan
        late -= grace
        unknown = np.isnan(late)
        names = np.where(np.isnat(due), f";{due_name.partition('.')[0]}", "").astype(object)
        names = names + np.where(np.isnat(own), f";{own_name}", "")
        if step == "built" and not self.strict:
            same = _days(self.estates["home_permit"]) == _days(self.estates["facility_permit"])
            late, unknown = np.where(same, 0.0, late), unknown & ~same
        if step == "delivered" and not np.isnat(self.day):
            nothing = np.isnat(own) & (numbers(self.estates, FLOORS[-1]) == 0) & (due < self.day)
            since = (self.day - due).astype("timedelta64[D]").astype(float) - grace
            late = np.where(nothing, since, late)
        return late, unknown, names

    def _dates(self, step: str) -> tuple[str, str, float]:
        if step == "built":
            return "home_start", "facility_start", 0.0
        if step == "accepted":
            due = "home_accept.first" if self.strict else "home_accept.share"
            return due, "facility_accept", 0.0
        return "home_deliver", "facility_deliver", 0.0 if self.strict else self.rule.grace_days

    def _not_due(self) -> Flags:
        first = _days(self.estates["home_deliver"])
        handed = ~np.isnat(_days(self.estates["facility_deliver"]))
        under_way = np.isnat(first) & ~handed & np.isnat(_days(self.estates["home_accept.first"]))
        return under_way | (first > self.day)


def sync_rates(checks: pd.DataFrame) -> pd.DataFrame:
    """Add the estates up: the share in step of those delivered, plain and by dwellings.

    Estates that cannot be assessed stay in the denominator; those not due do not.

    Parameters
    ----------
    checks
        From :func:`check_sync`.

    Returns
    -------
    pandas.DataFrame
        Index ``(reading, weight)``, weight ``estates`` or ``dwellings``: ``numerator`` (in step),
        ``denominator`` (delivered), ``value`` in % (NaN where nothing is delivered or a weight is
        unknown), ``failed``, ``not_assessable``, ``not_due``, ``weight_unknown`` (estates whose
        dwellings are missing and that are in none of the sums), and ``failed_{step}`` for each step
        an estate failed.

    Examples
    --------
    >>> checks = pd.DataFrame(
    ...     {"status": ["in_step", "failed"], "failed_steps": ["", "built"],
    ...      "dwellings": [300.0, 100.0]},
    ...     index=pd.MultiIndex.from_product([["default"], ["P1", "P2"]],
    ...                                      names=["reading", "estate_id"]))
    >>> sync_rates(checks)["value"].to_dict()
    {('default', 'estates'): 50.0, ('default', 'dwellings'): 75.0}
    """
    rows = {}
    for reading, part in checks.groupby(level="reading", sort=False):
        for weight in ("estates", "dwellings"):
            each = np.ones(len(part)) if weight == "estates" else numbers(part, "dwellings")
            rows[(str(reading), weight)] = _sums(part, each)
    index = pd.MultiIndex.from_tuples(list(rows), names=["reading", "weight"])
    return pd.DataFrame(list(rows.values()), index=index)


def _sums(part: pd.DataFrame, each: np.ndarray) -> dict[str, float]:
    status = part["status"].to_numpy(dtype=object)

    def total(rows: Flags) -> float:
        return float(np.nansum(each[rows]))

    due = status != "not_due"
    top, bottom = total(status == "in_step"), total(due)
    lost = due & np.isnan(each)
    found = {
        "numerator": top,
        "denominator": bottom,
        "value": 100 * top / bottom if bottom > 0 and not lost.any() else np.nan,
        **{name: total(status == name) for name in ("failed", "not_assessable", "not_due")},
        "weight_unknown": float(lost.sum()),
    }
    steps = part["failed_steps"].str.split(";")
    for step in STEPS:
        hit = np.array([step in names for names in steps], dtype=bool)
        found[f"failed_{step}"] = total(hit & due)
    return found


def _days(column: pd.Series) -> NDArray[np.datetime64]:
    return pd.to_datetime(column).to_numpy().astype("datetime64[D]")
