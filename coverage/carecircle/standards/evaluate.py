"""Check rules against the frames of an assessment: one row for each preset, rule and unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.analysis.findings import Findings
from carecircle.errors import InputError
from carecircle.inputs.issues import IssueLog
from carecircle.standards.formulas import FORMULAS
from carecircle.standards.measures import Ask, measure
from carecircle.standards.presets import load_preset
from carecircle.standards.registry import SHARES
from carecircle.standards.rule_frames import RuleFrames
from carecircle.standards.rules import Preset, Rule
from carecircle.standards.verdicts import STATUSES, Verdict, decide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from carecircle.inputs.issues import Severity
    from carecircle.standards.measures import Measured
    from carecircle.standards.registry import Formula

__all__ = ["check_standards"]

#: Columns that are one word for a whole rule, and those that are a number for each unit.
_WORDS = ("level", "indicator", "comparator", "unit", "strength", "severity")
_NUMBERS = ("value", "numerator", "denominator", "limit", "limit_max", "gap", "closes_n")
#: Things that come whole (what closes a gap is rounded up): one of them -> several.
_WHOLE = {
    "bed": "beds", "community": "communities", "facility": "facilities", "function": "functions",
    "household": "households", "person": "people", "post": "posts", "station": "stations",
    "unit": "units",
}  # fmt: skip
_ONE = {several: one for one, several in _WHOLE.items()}
_NOISE = 1e-9


@dataclass(frozen=True, eq=False)
class _Checked:
    """One rule and what came of it."""

    preset: str
    rule: Rule
    found: Measured
    verdict: Verdict
    closes: str


def check_standards(
    frames: RuleFrames | Findings,
    presets: str | Preset | Sequence[str | Preset],
    *,
    log: IssueLog | None = None,
) -> pd.DataFrame:
    """Check every rule of the presets for every unit of its level.

    Presets never merge: each gets its own rows. Facilities of kinds a rule does not speak of have
    no row; areas it does not speak to are ``not_applicable``.

    Parameters
    ----------
    frames
        :class:`carecircle.RuleFrames`, or the findings of an assessment.
    presets
        Names of :func:`carecircle.preset_names`, or presets of :func:`carecircle.read_rules`.
    log
        Collects the issues: rules not in force on the day of the data, records without a place.

    Returns
    -------
    pandas.DataFrame
        Index ``(preset, rule, unit_id)``: ``level``, ``indicator``, ``value`` in ``unit``,
        ``numerator``, ``denominator``, ``comparator``, ``limit`` (with ``between``, ``limit_max``
        too), ``gap`` in ``unit`` (0 where met, NaN where there is no verdict), what would close it
        as text (``closes``: ``"41.5 m2"``, ``"23 beds"``) and as a number (``closes_n``; whole
        things rounded up, negative: too much), ``status`` (``pass``, ``fail``, ``not_applicable``,
        ``not_assessable``), ``reason`` (code of ``verdicts.REASONS``), ``evidence_ids`` joined by
        ``;``, ``verified``, ``in_force``, ``strength``, ``severity``. Verdicts compare
        ``numerator`` with ``limit x denominator``, never rounded percentages.

    Raises
    ------
    InputError
        If a preset is unknown, named twice, or points at a formula that is not registered.

    Examples
    --------
    >>> import carecircle as cc
    >>> checks = check_standards(cc.assess(cc.samples.toy_town()), "wuhai_plan_2021")
    >>> checks.loc[("wuhai_plan_2021", "CA-WH-PER100"), "closes"].to_dict()
    {'W': '', 'C': '300 m2', 'V': '', 'N': '30 m2'}
    """
    tables = RuleFrames.from_findings(frames) if isinstance(frames, Findings) else frames
    named = [presets] if isinstance(presets, (str, Preset)) else list(presets)
    chosen = [load_preset(p) if isinstance(p, str) else p for p in named]
    ids = [preset.id for preset in chosen]
    if len(set(ids)) < len(ids):
        msg = f"rules: presets {', '.join(ids)}: one is named twice; name each once"
        raise InputError(msg)
    heard = IssueLog() if log is None else log
    before = len(tables.issues)
    checked = [
        _check(tables, preset, rule, FORMULAS | dict(preset.formulas))
        for preset in chosen
        for rule in preset.rules
    ]
    heard.extend(tables.issues[before:])
    _report_empty(checked, heard)
    for preset in chosen:
        _report_force(preset, tables, heard)
    return _table(tables, checked)


def _check(
    frames: RuleFrames, preset: Preset, rule: Rule, known: Mapping[str, Formula]
) -> _Checked:
    formula = known.get(rule.indicator)
    if formula is None:
        msg = f"rules {preset.file}:{rule.line}: formula {rule.indicator!r} is not registered"
        raise InputError(f"{msg}; import the module that registers it, then check again")
    found = measure(frames, formula, Ask(rule.params, rule.level, rule.applies, known))
    if rule.unit in SHARES:
        found = _in_unit(found, SHARES[rule.unit])
    if rule.level == "facility" and rule.applies.facility_kinds:
        found = _spoken_of(frames, rule, found)
    verdict = decide(frames, rule, found)
    return _Checked(preset.id, rule, found, verdict, _closed_by(formula, rule, known))


def _in_unit(found: Measured, scale: float) -> Measured:
    return replace(found, scale=scale)


def _spoken_of(frames: RuleFrames, rule: Rule, found: Measured) -> Measured:
    """Keep the facilities of the kinds the rule speaks of."""
    keep = frames.facilities["kind"].isin(rule.applies.facility_kinds).to_numpy()[found.at]
    rows = {
        name: getattr(found, name)[keep]
        for name in ("at", "numerator", "denominator", "applies", "reason", "evidence")
    }
    return replace(found, **rows)


def _closed_by(formula: Formula, rule: Rule, known: Mapping[str, Formula]) -> str:
    """Return the unit of the numerator: a ratio is closed by more of what it counts."""
    while formula.parts is not None:
        formula = known[formula.parts[0]]
    unit = formula.closes or formula.unit or rule.unit
    return _WHOLE.get(unit, unit)


def _report_force(preset: Preset, frames: RuleFrames, log: IssueLog) -> None:
    day = frames.day
    if day is None:
        return
    late = [rule for rule in preset.rules if rule.valid_to and rule.valid_to < day]
    early = [rule for rule in preset.rules if rule.valid_from and rule.valid_from > day]
    said: dict[str, tuple[Severity, list[Rule], str]] = {
        "rule_has_run_out": ("warning", late, "ran out before"),
        "rule_not_yet_in_force": ("note", early, "come into force after"),
    }
    for code, (severity, rules, when) in said.items():
        if rules:
            log.add(code, severity, "rules", record=preset.id,
                    found=f"rules that {when} {day}: {len(rules):,}",
                    effect="checked all the same; in_force is False in their rows")  # fmt: skip


def _report_empty(checked: Sequence[_Checked], log: IssueLog) -> None:
    for one in checked:
        if not len(one.found.at):
            kinds = ", ".join(one.rule.applies.facility_kinds)
            which = f"{one.rule.level} of kind {kinds}" if kinds else one.rule.level
            log.add("rule_without_units", "note", "rules", record=f"{one.preset} {one.rule.id}",
                    found=f"no {which} in the tables", effect="the rule has no row")  # fmt: skip


def _table(frames: RuleFrames, checked: Sequence[_Checked]) -> pd.DataFrame:
    sizes = [len(one.found.at) for one in checked]
    columns: dict[str, Any] = {
        name: _repeated([str(getattr(one.rule, name)) for one in checked], sizes) for name in _WORDS
    }
    figures = [_figures(one) for one in checked]
    for name in _NUMBERS:
        columns[name] = _stacked([part[name] for part in figures], float)
    columns["closes"] = _texts([part["closes"] for part in figures])
    status = _stacked([one.verdict.status for one in checked], np.int8)
    columns["status"] = pd.Categorical.from_codes(status, pd.Index(list(STATUSES)))
    columns["reason"] = _coded([one.verdict.reason for one in checked])
    columns["evidence_ids"] = _texts([one.found.evidence for one in checked])
    columns["verified"] = np.repeat([one.rule.verified for one in checked], sizes).astype(bool)
    day = frames.day
    force = [day is None or one.rule.in_force(day) for one in checked]
    columns["in_force"] = np.repeat(force, sizes).astype(bool)
    order = ["level", "indicator", "value", "unit", "numerator", "denominator", "comparator",
             "limit", "limit_max", "gap", "closes", "closes_n", "status", "reason",
             "evidence_ids", "verified", "in_force", "strength", "severity"]  # fmt: skip
    return pd.DataFrame(columns, index=_index(frames, checked, sizes))[order]


def _figures(one: _Checked) -> dict[str, Any]:
    found, verdict = one.found, one.verdict
    lack = verdict.lack
    if one.closes in _ONE:
        whole = np.ceil(np.abs(lack) - _NOISE) * np.sign(lack)
        lack = np.where(np.isnan(lack), np.nan, whole)
    between = verdict.low != verdict.high
    return {
        "value": verdict.value,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "limit": verdict.low,
        "limit_max": np.where(between, verdict.high, np.nan),
        "gap": verdict.gap,
        "closes_n": lack,
        "closes": _said(lack, one.closes),
    }


def _said(lack: NDArray[np.float64], unit: str) -> pa.Array:
    """Write what closes each gap: ``"41.5 m2"``, ``"1 facility"``, ``"12 people too many"``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gap = np.nan_to_num(lack) != 0
    amount = pa.array(np.abs(lack), mask=~gap)
    word = pc.if_else(pc.equal(amount, 1), _ONE.get(unit, unit), unit)
    extra = pc.if_else(pa.array(lack < 0), " too many" if unit in _ONE else " too much", "")
    text = pc.binary_join_element_wise(pc.cast(amount, pa.string()), " ", word, extra, "")
    return pc.fill_null(text, "")


def _index(frames: RuleFrames, checked: Sequence[_Checked], sizes: Sequence[int]) -> pd.MultiIndex:
    """Build the index from codes: ids are looked up once per level, not once per rule."""
    named = list(dict.fromkeys(one.rule.level for one in checked))
    ids: Any = pd.Index([], dtype="str")
    for level in named:
        ids = ids.union(frames.units(level).astype("str"), sort=False)
    ids = ids.unique()
    place = {level: ids.get_indexer(frames.units(level)) for level in named}
    units = [place[one.rule.level][one.found.at] for one in checked]
    presets = pd.Index(dict.fromkeys(one.preset for one in checked), dtype="str")
    rules = pd.Index(dict.fromkeys(one.rule.id for one in checked), dtype="str")
    of_preset = presets.get_indexer(pd.Index([one.preset for one in checked], dtype="str"))
    of_rule = rules.get_indexer(pd.Index([one.rule.id for one in checked], dtype="str"))
    levels: Any = [presets, rules, ids]
    codes: Any = [np.repeat(of_preset, sizes), np.repeat(of_rule, sizes), _stacked(units, np.intp)]
    return pd.MultiIndex(
        levels=levels,
        codes=codes,
        names=["preset", "rule", "unit_id"],
        verify_integrity=False,
    )


def _stacked(parts: Sequence[Any], kind: Any) -> Any:
    return np.concatenate(parts).astype(kind, copy=False) if parts else np.array([], dtype=kind)


def _texts(parts: Sequence[Any]) -> Any:
    """Stack texts; the same list of ids is converted once, however many rules share it."""
    import pyarrow as pa

    made: dict[int, Any] = {}
    for part in parts:
        if id(part) not in made:
            made[id(part)] = (
                part.cast(pa.large_string())
                if isinstance(part, pa.Array)
                else pa.array(part, pa.large_string())
            )
    chunks = [made[id(part)] for part in parts]
    return pa.chunked_array(chunks, type=pa.large_string()).to_pandas().array


def _repeated(words: Sequence[str], sizes: Sequence[int]) -> pd.Categorical[str]:
    names = list(dict.fromkeys(words))
    codes: Any = np.repeat([names.index(word) for word in words], sizes).astype(np.int16)
    return pd.Categorical.from_codes(codes, pd.Index(names))


def _coded(parts: Sequence[NDArray[np.object_]]) -> pd.Categorical[str]:
    names: dict[str, int] = {}
    coded = []
    for part in parts:
        codes, found = pd.factorize(part)
        places = [names.setdefault(str(name), len(names)) for name in found]
        coded.append(np.array(places, dtype=np.int16)[codes] if len(part) else codes)
    return pd.Categorical.from_codes(_stacked(coded, np.int16), pd.Index(list(names)))
