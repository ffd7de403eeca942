"""Why somebody is not in time, what would help on the ground, and how far off they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carecircle.analysis.quantiles import weighted_quantiles

__all__ = ["CHANGES", "MARGINS", "MEASURES", "best_changes", "changes_by_unit", "units_explained"]

#: Measure on the ground -> (Chinese, English), what is done soonest first: a look at the spot, an
#: opening that is planned, a new site.
MEASURES = {
    "join_road": ("补上道路缺口", "join a gap in the roads"),
    "open_planned": ("在建或规划设施投用", "open a facility that is planned or being built"),
    "build": ("在候选点新建", "build at a candidate site"),
}
#: Margin -> (Chinese, English). The limit is the rule: a margin says how far off a place is and is
#: never proposed.
MARGINS = {
    "minutes_short": ("距达标还差的分钟", "minutes short of the rule"),
    "speed_needed": ("达标所需步速", "walking speed that would do"),
}
CHANGES = MEASURES | MARGINS
_UNIT = ["unit_kind", "unit_id"]
_HAIR = 1e-12  # as verdicts on areas are decided
_VALUES = {"minutes_short": "minutes_short", "speed_needed": "speed_needed_m_s"}
_VALUE_UNIT = {"minutes_short": "minutes short", "speed_needed": "m/s"}
_MILLI = 1000.0


def units_explained(members: pd.DataFrame, homes: pd.DataFrame) -> pd.DataFrame:
    """Add up who is not in time in each unit, and how far they are from what is nearest.

    Parameters
    ----------
    members
        ``unit_kind``, ``unit_id``, ``home_id``: which homes each unit has.
    homes
        Index ``home_id``: ``elders``, ``covered`` (missing where not assessed), ``minutes_over``,
        ``limit_minutes``, ``facility_id``, ``cause`` (missing where covered).

    Returns
    -------
    pandas.DataFrame
        Index ``(unit_kind, unit_id)``: ``counted_in`` (``elders``, or ``homes`` where a unit has no
        known elders), ``total``, ``uncovered`` (not in time or not assessed), ``unreachable`` (of
        them, without minutes), ``minutes_over`` (mean of those with minutes), ``facility_id``
        nearest to most of them and ``cause`` of most of them (missing: none), and
        ``limit_minutes`` of the unit as text (``15``, or ``15/30`` where it has both).
    """
    rows = _weighed(members, homes)
    rows = rows.join(homes[["covered", "minutes_over", "facility_id", "cause"]], on="home_id")
    late = rows[~rows["in_time"]]
    known = late[late["minutes_over"].notna()]
    timed = known.groupby(_UNIT)["weight"].sum()
    over = (known["minutes_over"] * known["weight"]).groupby([known[key] for key in _UNIT]).sum()
    by = rows.groupby(_UNIT)
    table = pd.DataFrame({"counted_in": by["counted_in"].first(), "total": by["weight"].sum()})
    table["uncovered"] = late.groupby(_UNIT)["weight"].sum()
    table["uncovered"] = table["uncovered"].fillna(0.0)
    table["unreachable"] = table["uncovered"] - timed.reindex(table.index).fillna(0.0)
    table["minutes_over"] = over / timed.where(timed > 0)
    for column in ("facility_id", "cause"):
        table[column] = _heaviest(late, column).reindex(table.index)
    limits = members["home_id"].map(homes["limit_minutes"]).dropna().map("{:g}".format)
    by_unit = [members.loc[limits.index, key] for key in _UNIT]
    joined = limits.groupby(by_unit).agg(lambda found: "/".join(sorted(set(found), key=float)))
    table["limit_minutes"] = joined.reindex(table.index).fillna("--")
    sums = ["total", "uncovered", "unreachable"]
    return table.assign(**{name: table[name].round(9) for name in sums})


def changes_by_unit(
    members: pd.DataFrame, homes: pd.DataFrame, helps: pd.DataFrame, *, share: float
) -> pd.DataFrame:
    """Find for every unit and kind of measure the one of that kind that helps most, and margins.

    A measure is enough when at least ``share`` of the unit's total would be in time, as areas are
    judged. Margins are the fewest minutes and the least speed that would be; where none would
    (somebody has no way at all), what everyone who has a way lacks.

    Parameters
    ----------
    members, homes
        As for :func:`units_explained`; the homes also have ``minutes_short`` (minutes over the
        limit, NaN without a way) and ``speed_needed_m_s`` (NaN: no speed found).
    helps
        One row per change, target and home not in time today that would be: ``change``,
        ``target_id``, ``home_id``, ``minutes`` then.
    share
        Share of elders (homes where unknown) that must be in time.

    Returns
    -------
    pandas.DataFrame
        Index ``(unit_kind, unit_id, change)``, changes in the order of :data:`CHANGES`:
        ``target_id`` (the gap, facility or site; missing for margins), ``value`` and
        ``value_unit`` (longest minutes of those who gain; minutes short; metres per second),
        ``gained`` and ``uncovered`` (elders or homes, as ``counted_in``), ``gained_homes`` and
        ``enough``. Changes that help nobody have no row.
    """
    rows = _weighed(members, homes)
    parts = [_targets(rows, helps)]
    parts += [_thresholds(rows, homes, change, share) for change in _VALUES]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    late = rows["weight"].where(~rows["in_time"], 0.0)
    sums = pd.DataFrame({**{key: rows[key] for key in _UNIT}, "uncovered": late})
    sums["total"] = rows["weight"]
    sums = sums.groupby(_UNIT).sum()
    table = table.join(sums, on=_UNIT)
    then = table["total"] - table["uncovered"] + table["gained"]
    table["enough"] = then >= share * table["total"] * (1 - _HAIR)
    table["change"] = pd.Categorical(table["change"], list(CHANGES), ordered=True)
    table = table.sort_values([*_UNIT, "change"], kind="stable")
    table = table.astype({"change": "str", "target_id": "str"}).set_index([*_UNIT, "change"])
    columns = ["target_id", "value", "value_unit", "gained", "uncovered", "gained_homes", "enough"]
    return table[columns].assign(gained=table["gained"].round(9), value=table["value"].round(9))


def best_changes(changes: pd.DataFrame) -> pd.Series:
    """Return the measure for each unit: the first that is enough, else the one that helps most.

    Measures on the ground alone: a margin changes nothing there.

    Parameters
    ----------
    changes
        From :func:`changes_by_unit`.

    Returns
    -------
    pandas.Series
        Key of :data:`MEASURES`; index ``(unit_kind, unit_id)``. Units that no measure helps are
        missing.
    """
    table = changes.reset_index()
    table = table[table["change"].isin(list(MEASURES))]
    table["place"] = table["change"].map({name: k for k, name in enumerate(MEASURES)})
    table["more"] = np.where(table["enough"], 0.0, -table["gained"])
    ascending = [True, True, False, True, True]
    table = table.sort_values(
        [*_UNIT, "enough", "more", "place"], ascending=ascending, kind="stable"
    )
    return table.drop_duplicates(_UNIT).set_index(_UNIT)["change"]


def _weighed(members: pd.DataFrame, homes: pd.DataFrame) -> pd.DataFrame:
    """Return the members with their weight: elders, or 1 each in units without known elders."""
    rows = members.join(homes[["elders", "covered"]], on="home_id")
    elders = rows["elders"].fillna(0.0).clip(lower=0.0)
    counted = elders.groupby([rows[key] for key in _UNIT]).transform("sum") > 0
    rows["weight"] = elders.where(counted, 1.0)
    rows["counted_in"] = np.where(counted, "elders", "homes")
    rows["in_time"] = rows["covered"].fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # not assessed is not in time
    return rows.drop(columns=["elders", "covered"])


def _heaviest(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return per unit the value of most weight, the first by name of equals."""
    rows = rows[rows[column].notna() & (rows[column] != "")]
    sums = rows.groupby([*_UNIT, column])["weight"].sum().reset_index()
    sums = sums.sort_values([*_UNIT, "weight", column], ascending=[True, True, False, True])
    return sums.drop_duplicates(_UNIT).set_index(_UNIT)[column]


def _targets(rows: pd.DataFrame, helps: pd.DataFrame) -> pd.DataFrame:
    """Return the target of each kind that brings most people of a unit in time."""
    late = rows.loc[~rows["in_time"], [*_UNIT, "home_id", "weight"]]
    helped = late.merge(helps, on="home_id")
    by = helped.groupby([*_UNIT, "change", "target_id"])
    sums = by.agg(
        gained=("weight", "sum"), gained_homes=("home_id", "size"), value=("minutes", "max")
    )
    sums = sums.reset_index().sort_values(
        [*_UNIT, "change", "gained", "gained_homes", "target_id"],
        ascending=[True, True, True, False, False, True],
    )
    return sums.drop_duplicates([*_UNIT, "change"]).assign(value_unit="minutes")


def _thresholds(rows: pd.DataFrame, homes: pd.DataFrame, change: str, share: float) -> pd.DataFrame:
    """Return how many minutes each unit is short, or the speed that would do."""
    need = rows["home_id"].map(homes[_VALUES[change]]).to_numpy(dtype=float)
    if change == "speed_needed":
        need = np.ceil(need * _MILLI - 1e-6) / _MILLI  # rounded up, so that it does suffice
    key = rows.groupby(_UNIT, sort=True).ngroup().to_numpy().astype(object)
    weight = rows["weight"].to_numpy()
    # a hair less, as areas are judged
    quantile = weighted_quantiles(need, weight, key, [share * (1 - _HAIR)]).iloc[:, 0]
    most = pd.Series(need).groupby(key).max()
    least = quantile.fillna(most).reindex(key).to_numpy()
    gains = ~rows["in_time"].to_numpy() & (need <= least)
    table = rows.loc[gains].groupby(_UNIT)["weight"].agg(["sum", "size"])
    table.columns = pd.Index(["gained", "gained_homes"])
    first = rows.assign(value=least).groupby(_UNIT)["value"].first()
    found = table.join(first).reset_index()
    unit = _VALUE_UNIT[change]
    return found.assign(
        change=change, target_id=pd.array([None] * len(found), "str"), value_unit=unit
    )
