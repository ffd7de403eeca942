"""New estates: the phases of a housing project and their facility, put together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carecircle.inputs.dasymetric import numbers

__all__ = ["FLOORS", "gather_estates"]

#: Floor area of the facility at each step, in the order of the steps.
FLOORS = ("floor_planned_m2", "floor_built_m2", "floor_accepted_m2", "floor_delivered_m2")
_FACILITY_DAYS = ("facility_permit", "facility_start", "facility_accept", "facility_deliver")
_HOME_DAYS = ("home_permit", "home_start", "home_accept", "home_deliver")


def gather_estates(projects: pd.DataFrame, *, share: float = 0.5) -> pd.DataFrame:
    """Put the phases of each estate together.

    The same facility written beside each phase is one facility; facilities that differ are added
    up, and the last of them sets the dates.

    Parameters
    ----------
    projects
        Contract ``projects``; index ``project_id``; ``estate_id`` where phases belong together.
    share
        Share of the dwellings whose completion ``home_accept.share`` dates.

    Returns
    -------
    pandas.DataFrame
        Index ``estate_id``, in the order of the first phase by id: ``name``, ``phases``,
        ``project_id`` (first phase), ``dwellings``, ``households`` (sums; NaN where one is
        missing), the first ``home_permit``, ``home_start`` and ``home_deliver``,
        ``home_accept.first``, ``home_accept.share``, the facility's dates and floor areas. A date
        is missing where one that could be it is missing.

    Examples
    --------
    >>> phases = pd.DataFrame(
    ...     {"estate_id": ["E", "E"], "dwellings": [40.0, 60.0], "households": [40.0, 60.0],
    ...      "home_accept": ["2020-01-31", "2021-01-31"]}, index=["P1", "P2"])
    >>> found = gather_estates(phases).loc["E"]
    >>> int(found["dwellings"]), str(found["home_accept.share"].date())
    (100, '2021-01-31')
    """
    table = _typed(projects).sort_index()
    own = pd.Series(table.index.astype(str), table.index)
    estate = own if "estate_id" not in table else table["estate_id"].astype(object).where(
        table["estate_id"].notna(), own
    )  # fmt: skip
    ids = {"estate_id": estate.astype(str).to_numpy(), "project_id": own.to_numpy()}
    table = table.assign(**ids).reset_index(drop=True)
    groups = table.groupby("estate_id", sort=False)
    found = groups.agg(
        name=("name", "first"), phases=("project_id", "size"), project_id=("project_id", "first")
    )
    for name in ("dwellings", "households"):
        found[name] = groups[name].sum().where(groups[name].count() == found["phases"])
    for name in ("home_permit", "home_start"):
        found[name] = _edge(groups, name, "min")
    # a later phase may not be delivered or accepted yet: the first known day is the first
    found["home_deliver"] = groups["home_deliver"].min()
    found["home_accept.first"] = groups["home_accept"].min()
    found["home_accept.share"] = _completing(table, found, share)
    return found.join(_facilities(table))


def _typed(projects: pd.DataFrame) -> pd.DataFrame:
    table = projects[[c for c in ("name", "estate_id") if c in projects]].copy()
    table["name"] = projects["name"] if "name" in projects else projects.index.astype(str)
    for name in ("dwellings", "households", *FLOORS):
        table[name] = numbers(projects, name)
    for name in (*_HOME_DAYS, *_FACILITY_DAYS):
        given = projects[name] if name in projects else pd.Series(pd.NaT, projects.index)
        table[name] = pd.to_datetime(given)
    return table


def _edge(groups: object, name: str, which: str) -> pd.Series:
    column = groups[name]  # type: ignore[index]
    edge: pd.Series = getattr(column, which)()
    return edge.where(column.count() == column.size())


def _completing(table: pd.DataFrame, found: pd.DataFrame, share: float) -> pd.Series:
    """Return when the phase is accepted that completes a share of the dwellings."""
    rows = table.sort_values(["home_accept", "project_id"], na_position="last")
    rows = rows.assign(done=rows.groupby("estate_id")["dwellings"].cumsum())
    needed = share * found["dwellings"].reindex(rows["estate_id"]).to_numpy()
    enough = (rows["done"].to_numpy() >= needed - 1e-9) & rows["home_accept"].notna().to_numpy()
    first = rows[enough].groupby("estate_id")["home_accept"].min()
    # an estate of one phase needs no dwellings to know which phase completes them
    single = found["home_accept.first"].where(found["phases"] == 1)
    return first.reindex(found.index).fillna(single)


def _facilities(table: pd.DataFrame) -> pd.DataFrame:
    columns = [*_FACILITY_DAYS, *FLOORS]
    given = table[table[columns].notna().any(axis=1)]
    given = given.drop_duplicates(["estate_id", *columns])
    groups = given.groupby("estate_id")
    days = pd.DataFrame({name: _edge(groups, name, "max") for name in _FACILITY_DAYS})
    floors = pd.DataFrame({
        name: groups[name].sum().where(groups[name].count() == groups.size()) for name in FLOORS
    }, dtype=np.float64)  # fmt: skip
    every = pd.Index(table["estate_id"].unique(), name="estate_id")
    return days.join(floors).reindex(every)
