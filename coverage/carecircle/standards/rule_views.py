"""Other ways to look at checked rules: the book of what they say, what fails, one line per unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from carecircle.analysis.joining import ids_by_unit

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from carecircle.standards.rules import Preset, Rule

__all__ = ["RULEBOOK", "count_verdicts", "rule_marks", "rulebook", "rules_by_unit"]

#: Columns of the rulebook that are a field of the rule as it stands.
_SAID = (
    "title_zh", "title_en", "level", "indicator", "comparator", "unit", "strength", "severity",
    "issuer", "document", "number", "year", "clause", "territory", "url", "verified", "checked_by",
    "note",
)  # fmt: skip
#: Columns of the rulebook.
RULEBOOK = (
    "preset_zh", "preset_en", "title_zh", "title_en", "level", "indicator", "comparator", "limit",
    "unit", "decimals", "strength", "severity", "headline", "verified", "in_force",
    "valid_from", "valid_to", "issuer", "document", "number", "year", "clause", "territory", "url",
    "checked_by", "checked_on", "note", "file", "sha256",
)  # fmt: skip


def rulebook(presets: Sequence[Preset], day: dt.date | None = None) -> pd.DataFrame:
    """List what the rules of some presets say, where it is written, and who checked the wording.

    Parameters
    ----------
    presets
        From :func:`carecircle.load_preset` and :func:`carecircle.read_rules`.
    day
        Day of the data, for ``in_force``.

    Returns
    -------
    pandas.DataFrame
        Index ``(preset, rule)``; columns :data:`RULEBOOK`: ``limit`` in words, days as text,
        ``headline`` False for another reading of an indicator, ``sha256`` of the rule file.

    Examples
    --------
    >>> from carecircle.standards.presets import load_preset
    >>> book = rulebook([load_preset("wuhai_community_plan_2022")])
    >>> book[["limit", "unit", "strength"]].iloc[0].tolist()
    ['33', 'm2/100 households', 'must']
    """
    rows = [_row(preset, rule, day) for preset in presets for rule in preset.rules]
    names = [(preset.id, rule.id) for preset in presets for rule in preset.rules]
    index = pd.MultiIndex.from_tuples(names, names=["preset", "rule"]) if names else (
        pd.MultiIndex.from_arrays([[], []], names=["preset", "rule"])
    )  # fmt: skip
    return pd.DataFrame(rows, index=index, columns=list(RULEBOOK))


def count_verdicts(rules: pd.DataFrame) -> pd.DataFrame:
    """Count the units of each rule by verdict, with the figures of the one that misses most.

    Parameters
    ----------
    rules
        From :func:`carecircle.check_standards`.

    Returns
    -------
    pandas.DataFrame
        Index ``(preset, rule)`` in the order of ``rules``: ``units``, ``pass``, ``fail``,
        ``not_applicable``, ``not_assessable``; ``unit_id`` of the unit with the largest gap (the
        first of equals, by id; missing where none fails), and its ``value``, ``numerator``,
        ``denominator``, ``limit``, ``limit_max``, ``gap`` and ``closes``.

    Examples
    --------
    >>> import carecircle as cc
    >>> checks = cc.check_standards(cc.assess(cc.samples.toy_town()), "wuhai_plan_2021")
    >>> found = count_verdicts(checks).loc[("wuhai_plan_2021", "CA-WH-PER100")]
    >>> int(found["pass"]), int(found["fail"]), found["unit_id"], found["closes"]
    (1, 2, 'N', '30 m2')
    """
    keys = ["preset", "rule"]
    plain = rules.reset_index().astype(dict.fromkeys(keys, "str"))
    order = plain[keys].drop_duplicates()
    counts = plain.groupby([*keys, "status"], observed=False).size().unstack("status")  # noqa: PD010  # counts
    counts = counts.rename(columns=str).rename_axis(columns=None)
    failed = plain[plain["status"] == "fail"]
    worst = failed.sort_values(["gap", "unit_id"], ascending=[False, True], kind="stable")
    figures = [
        "unit_id",
        "value",
        "numerator",
        "denominator",
        "limit",
        "limit_max",
        "gap",
        "closes",
    ]
    worst = worst.drop_duplicates(keys).set_index(keys)[figures]
    counts.insert(0, "units", counts.sum(axis=1))
    return counts.join(worst).reindex(pd.MultiIndex.from_frame(order))


def rules_by_unit(rules: pd.DataFrame, level: str = "area") -> pd.DataFrame:
    """Put the verdicts of one level side by side: a line for each unit, a column for each rule.

    Parameters
    ----------
    rules
        From :func:`carecircle.check_standards`.
    level
        ``area``, ``facility``, ``street``, ``district``, ``city`` or ``project``.

    Returns
    -------
    pandas.DataFrame
        Index ``unit_id``, columns ``(preset, rule)``: ``pass``, ``fail``, ``not_applicable``,
        ``not_assessable``, missing where the rule does not speak of such units.

    Examples
    --------
    >>> import carecircle as cc
    >>> checks = cc.check_standards(cc.assess(cc.samples.toy_town()), "wuhai_plan_2021")
    >>> rules_by_unit(checks)[("wuhai_plan_2021", "CA-WH-PER100")].to_dict()
    {'W': 'pass', 'C': 'fail', 'V': 'not_applicable', 'N': 'fail'}
    """
    chosen = rules[(rules["level"] == level).to_numpy()]["status"].astype("str")
    names = pd.MultiIndex.from_frame(chosen.index.to_frame()[["preset", "rule"]].drop_duplicates())
    wide = chosen.unstack(["preset", "rule"])  # noqa: PD010  # no sums
    units = chosen.index.get_level_values("unit_id").unique()
    return pd.DataFrame(wide.reindex(index=units, columns=names))


def rule_marks(rules: pd.DataFrame, level: str, units: pd.Index) -> pd.DataFrame:
    """List for each unit the rules it fails, as columns for a layer of a map.

    Parameters
    ----------
    rules
        From :func:`carecircle.check_standards`.
    level
        Level of the units.
    units
        Their ids.

    Returns
    -------
    pandas.DataFrame
        Index ``units``; ``preset/rule`` joined by ``;``: ``rules_failed`` (wording verified),
        ``rules_failed_unverified`` and ``rules_not_assessable``.

    Examples
    --------
    >>> import carecircle as cc
    >>> checks = cc.check_standards(cc.assess(cc.samples.toy_town()), "wuhai_plan_2021")
    >>> rule_marks(checks, "area", ["N"]).loc["N", "rules_failed_unverified"]
    'wuhai_plan_2021/TIME-U15'
    """
    here = rules[(rules["level"] == level).to_numpy()]
    names = here.index.get_level_values("preset").astype("str") + "/"
    names = names + here.index.get_level_values("rule").astype("str")
    ids = pd.Index(units, dtype="str")
    at = ids.get_indexer(here.index.get_level_values("unit_id").astype("str"))
    failed, verified = (here["status"] == "fail").to_numpy(), here["verified"].to_numpy()
    blind = (here["status"] == "not_assessable").to_numpy()
    marks = {
        "rules_failed": failed & verified,
        "rules_failed_unverified": failed & ~verified,
        "rules_not_assessable": blind,
    }
    return pd.DataFrame(
        {
            name: pd.Series(ids_by_unit(names, at, rows & (at >= 0), len(ids)), units, dtype="str")
            for name, rows in marks.items()
        },
        index=units,
    )


def _row(preset: Preset, rule: Rule, day: dt.date | None) -> dict[str, object]:
    return {name: getattr(rule, name) for name in _SAID} | {
        "preset_zh": preset.title_zh,
        "preset_en": preset.title_en,
        "limit": str(rule.limit),
        "decimals": rule.decimals,
        "headline": rule.plan is None or rule.plan.headline,
        "in_force": day is None or rule.in_force(day),
        "valid_from": str(rule.valid_from or ""),
        "valid_to": str(rule.valid_to or ""),
        "checked_on": str(rule.checked_on or ""),
        "file": preset.file,
        "sha256": preset.sha256,
    }
