"""An explanation in plain words, in Chinese or English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.analysis.coverage import WEIGHTS
from carecircle.evidence.recount import floor_rule_of
from carecircle.outputs.codes import CODES, UNITS
from carecircle.outputs.figure_words import derivation_of
from carecircle.outputs.issue_words import issue_table
from carecircle.outputs.labels import code_names, field, profile_names
from carecircle.outputs.people_cells import unit_of_areas
from carecircle.standards.indicators import INDICATOR_STATUSES
from carecircle.standards.rules import COMPARATORS, RULE_LEVELS
from carecircle.standards.verdicts import REASONS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carecircle.analysis.findings import Findings
    from carecircle.evidence.figures import Figure

__all__ = ["lines_of", "said", "worded"]

_SHOWN = 5
_STATES = ("covered", "uncovered", "not_assessed")
_LEVELS = dict(RULE_LEVELS) | {"kind": ("城乡", "town and country"), "home": ("住宅", "home"),
                               "gap": ("盲区", "uncovered area")}  # fmt: skip


def said(value: Any, pick: int = 1) -> str:
    """Return a value as text, exactly; unknown is ``--``.

    Examples
    --------
    >>> said(80.0), said(1234.5), said(2 / 3), said(None), said(True)
    ('80', '1,234.5', '0.666666667', '--', 'yes')
    """
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return "--"
    if isinstance(value, (bool, np.bool_)):
        return (("是", "否"), ("yes", "no"))[pick][not value]
    if isinstance(value, (int, float, np.number)):
        text = f"{float(value):,.9f}".rstrip("0").rstrip(".")
        return text or "0"
    return str(value)


def lines_of(findings: Findings, figure: Figure) -> Iterator[tuple[str, str]]:
    """Yield (label, sentence) of everything a figure rests on, but its recount."""
    pick = 0 if findings.card.language == "zh" else 1
    known = field(figure.table, figure.column)
    name = _name_of(findings, figure)
    unit = UNITS.get(known.unit, (known.unit, known.unit))[pick]
    level = _LEVELS[figure.level][pick] if figure.level in _LEVELS else figure.level
    yield ("数字", "figure")[pick], figure.id
    yield ("含义", "what it is")[pick], f"{known.heading[pick]}, {level} {name}".strip()
    yield ("数值", "value")[pick], f"{worded(findings, figure, figure.value)} {unit}".strip()
    derived = derivation_of(figure.table, figure.column)
    if figure.table in ("rules", "indicators"):
        yield from _rule(findings, figure, pick)
    elif derived is None:
        yield ("来历", "how")[pick], ("取自输入表", "a column of the input")[pick]
    else:
        yield ("来历", "how")[pick], derived.formula[pick]
        yield from _parts(findings, figure, pick)
        yield from _terms(findings, derived.terms, pick)
    used = derived.inputs if derived else (figure.table,)
    yield from _inputs(findings, used, pick)


def worded(findings: Findings, figure: Figure, value: Any) -> str:
    """Return a value of a figure as text; a code in words, the code behind it."""
    pick = 0 if findings.card.language == "zh" else 1
    names = code_names(figure.table, figure.column, findings.card)
    if isinstance(value, str) and value in names:
        return f"{names[value][pick]} ({value})"
    return said(value, pick)


def _name_of(findings: Findings, figure: Figure) -> str:
    if figure.table == "rules":
        frame, key = findings.rulebook, figure.key[:2]
        names = [frame.loc[key, "title_zh"], frame.loc[key, "title_en"]]
        return f"{figure.unit} ({names[findings.card.language != 'zh']})"
    frame = getattr(findings, figure.table)
    column = "name"
    if figure.table == "indicators":
        column = "name_zh" if findings.card.language == "zh" else "name_en"
    name = frame.loc[figure.key, column] if column in frame else ""
    return f"{figure.unit} {'' if pd.isna(name) else name}".strip()


def _some(ids: Iterable[object], pick: int) -> str:
    listed = list(map(str, ids))
    shown = ", ".join(listed[:_SHOWN])
    more = len(listed) - _SHOWN
    return shown + ((f" 等{len(listed):,}个", f" and {more:,} more")[pick] if more > 0 else "")


def _unit_homes(findings: Findings, figure: Figure) -> Any:
    homes, areas = findings.homes, findings.areas
    if figure.table == "facilities":
        return homes[(homes["facility_id"] == figure.key).to_numpy()]
    if figure.table == "homes":
        return homes.loc[[figure.key]]
    if figure.level == "area":
        inside = [figure.key]
    elif figure.table == "gaps":
        inside = str(findings.gaps.loc[figure.key, "area_ids"]).split(";")
    else:
        unit = unit_of_areas(areas).get(figure.level)
        inside = [] if unit is None else unit.index[unit == figure.unit].tolist()
        if figure.unit == "" or figure.level == "city":
            stray = ~homes["area_id"].isin(areas.index).to_numpy()
            return homes[homes["area_id"].isin(inside).to_numpy() | (stray & (figure.unit == ""))]
    return homes[homes["area_id"].isin(inside).to_numpy()]


def _parts(findings: Findings, figure: Figure, pick: int) -> Iterator[tuple[str, str]]:
    """Yield numerator and denominator, and the homes, areas and facilities behind them."""
    row = getattr(findings, figure.table).loc[figure.key]
    weight = figure.column.partition("_")[0]
    if figure.table in ("totals", "areas") and weight in WEIGHTS and "_" in figure.column:
        names = [f"{weight}_{state}" for state in _STATES]
        parts = " + ".join(f"{said(row[n])} ({field('areas', n).heading[pick]})" for n in names)
        yield ("构成", "adds up")[pick], f"{parts} = {said(row[f'{weight}_total'])}"
    if figure.table in ("totals", "areas", "homes", "facilities", "gaps"):
        yield from _behind(findings, figure, pick)
    if figure.column in ("roster_rate", "units_with_facility", "on_time_rate", "units_on_time"):
        yield from _areas_behind(findings, figure, pick)
    if figure.table in ("areas", "floor_areas") and isinstance(row.get("facility_ids"), str):
        listed = [one for one in row["facility_ids"].split(";") if one]
        yield ("设施", "facilities")[pick], _some(listed, pick) or ("无", "none")[pick]
    if figure.table.startswith("floor"):
        names = [n for n in ("households", "required_m2", "provided_m2", "shortfall_m2",
                             "ratio_m2", "ratio_households") if n in row]  # fmt: skip
        facts = [f"{field(figure.table, n).heading[pick]} {said(row[n])}" for n in names]
        yield ("构成", "made of")[pick], "; ".join(facts)


def _behind(findings: Findings, figure: Figure, pick: int) -> Iterator[tuple[str, str]]:
    homes = _unit_homes(findings, figure)
    state = homes["covered"]
    sets = {
        "covered": state.fillna(value=False).to_numpy(dtype=bool),
        "uncovered": (~state).fillna(value=False).to_numpy(dtype=bool),
        "not_assessed": state.isna().to_numpy(),
    }
    if figure.table == "gaps":
        sets.pop("covered")
    for name, rows in sets.items():
        if rows.any():
            label = field("areas", f"homes_{name}").heading[pick]
            if figure.table == "gaps":
                label += ("(所涉社区全部)", " in its areas")[pick]
            names = _some(sorted(homes.index[rows].astype(str)), pick)
            yield label, f"{rows.sum():,}: {names}"
    used = homes.loc[sets.get("covered", np.zeros(len(homes), dtype=bool)), "facility_id"]
    counts = (
        used.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    )
    if len(counts) and figure.table != "facilities":
        listed = [f"{one} ({n:,})" for one, n in counts.items()]
        yield (
            ("到达的设施(住宅数)", "facilities they reach (homes)")[pick],
            f"{len(counts):,}: {_some(listed, pick)}",
        )


def _areas_behind(findings: Findings, figure: Figure, pick: int) -> Iterator[tuple[str, str]]:
    column = "has_facility" if "facil" in figure.column or "roster" in figure.column else "on_time"
    areas = findings.areas
    unit = unit_of_areas(areas)[figure.level]
    inside = areas[(unit == figure.unit).to_numpy()]
    flags = inside[column].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    for flag in (True, False):
        rows = flags == flag
        listed = _some(sorted(inside.index[rows].astype(str)), pick)
        yield (
            f"{field('areas', column).heading[pick]}: {said(flag, pick)}",
            f"{rows.sum():,}: {listed}",
        )


def _terms(findings: Findings, names: tuple[str, ...], pick: int) -> Iterator[tuple[str, str]]:
    card = findings.card
    profile, minutes = card.profile, UNITS["minutes"][pick]
    limits = ", ".join(
        f"{CODES['kind'].get(kind, (kind, kind))[pick]} {limit:g} {minutes}"
        for kind, limit in card.limits.items()
    )
    kinds = "、".join(card.kinds[k][pick] if k in card.kinds else k for k in card.eligible)
    source = (profile.source_zh or profile.source, profile.source)[pick]
    called = profile_names(profile.name)[pick]
    speed = f"{called} ({profile.name}), {profile.speed_m_s:g} m/s ({source})"
    known = {
        "limits": (("时限", "limits"), limits),
        "profile": (("出行方式", "profile"), speed),
        "eligible": (("计入设施", "facilities counted"), kinds),
        "on_time_share": (("达标线", "share asked for"), f"{100 * card.on_time_share:g} %"),
    }  # fmt: skip
    yield ("数据日期", "as of")[pick], card.as_of
    for name in names:
        if name in known:
            yield known[name][0][pick], known[name][1]
    rule = floor_rule_of(findings) if "floor_rule" in names else None
    if rule is not None:
        yield (
            ("面积规则", "floor-area rule")[pick],
            (
                f"{rule.existing_m2_per_100:g} m2/100, {rule.existing_floor_m2:g} m2;"
                f" {rule.new_m2_per_100:g} m2/100, {rule.new_floor_m2:g} m2 ({rule.source})"
            ),
        )


def _rule(findings: Findings, figure: Figure, pick: int) -> Iterator[tuple[str, str]]:
    row = getattr(findings, figure.table).loc[[figure.key]].iloc[0]
    at = figure.key[:2] if figure.table == "rules" else (str(row["preset"]), figure.key[0])
    book = findings.rulebook.loc[[at]].iloc[0]
    yield ("来历", "how")[pick], f"{book['indicator']}: {_formula(str(book['indicator']))}"
    yield (
        ("分子/分母", "numerator / denominator")[pick],
        (f"{said(row['numerator'])} / {said(row['denominator'])} {book['unit']}"),
    )
    comparator = COMPARATORS[str(book["comparator"])][pick]
    yield ("要求", "asks for")[pick], f"{comparator} {book['limit']} {book['unit']}"
    status, reason = str(row["status"]), str(row["reason"])
    known = STATUSES | INDICATOR_STATUSES
    words = [known.get(status, (status, status))[pick], REASONS.get(reason, (reason, reason))[pick]]
    yield ("判定", "verdict")[pick], " · ".join(word for word in words if word and word != "nan")
    listed = [one for one in str(row["evidence_ids"]).split(";") if one and one != "nan"]
    if listed:
        yield ("依据", "counted")[pick], f"{len(listed):,}: {_some(listed, pick)}"
    yield (
        ("规则", "rule")[pick],
        (f"{at[0]}/{at[1]}, {book['document']} {book['number']} {book['clause']}".strip()),
    )
    checked = ("已核实", "verified") if book["verified"] else ("未核实", "NOT verified")
    yield (
        ("规则版本", "rule version")[pick],
        (f"{book['file']} sha256 {str(book['sha256'])[:12]}, {checked[pick]}"),
    )
    yield ("数据日期", "as of")[pick], findings.card.as_of


def _formula(name: str) -> str:
    from carecircle.standards.formulas import FORMULAS

    return FORMULAS[name].doc if name in FORMULAS else name


def _inputs(findings: Findings, used: tuple[str, ...], pick: int) -> Iterator[tuple[str, str]]:
    listed: Any = findings.provenance.get("inputs") or []
    for facts in listed:
        if facts["table"] in used:
            table = issue_table(facts["table"], findings.card.language)
            rows = (f"{facts['rows']:,}行", f"{facts['rows']:,} rows")[pick]
            yield (
                ("输入", "input")[pick],
                f"{table}: {facts['file']}, {rows}, sha256 {facts['sha256'][:12]}",
            )
