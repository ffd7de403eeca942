"""Standards and indicators on the map: areas by the verdict of a rule, and what a city lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.outputs import colours
from carecircle.outputs.map.codec import pack_codes, pack_counts
from carecircle.outputs.map.shapes import Layer, swatch
from carecircle.outputs.rule_words import RULE_UNITS
from carecircle.standards.rules import COMPARATORS, RULE_LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

__all__ = ["city_rules", "rule_layer", "rules_failed"]

_VERDICTS = ("pass", "fail", "not_applicable", "not_assessable")
#: Levels that colour areas: the area itself, or the unit it belongs to.
_UNITS = {"area": None, "street": "street_id", "district": "district_id"}


def rule_layer(findings: Findings, say: Speech) -> list[Layer]:
    """Return one layer whose rule the reader chooses: each area by the verdict of its unit.

    Rules of facilities and of the whole city have no area to colour and are left out.
    """
    choices = [_choice(findings, rules, say) for rules in _by_rule(findings, tuple(_UNITS))]
    if not choices or findings.areas.empty:
        return []
    return [
        {
            "id": "rules",
            "title": say("layer_rules"),
            "type": "fill",
            "legend": choices[0]["legend"],
            "choose": say("choose_rule"),
            "choices": choices,
        }
    ]


def city_rules(findings: Findings, say: Speech) -> list[dict[str, Any]]:
    """Return the indicators of the city that are to be quoted: title, figure and verdict."""
    quoted = [rules for rules in _by_rule(findings, ("city",)) if _is_quoted(rules.iloc[0])]
    titles = [_title(rules.iloc[0], say) for rules in quoted]
    published = _published_only(findings)
    told = []
    for title, rules in zip(titles, quoted, strict=True):
        facts = rules.iloc[0]
        # two standards may ask the same with unlike limits
        name = f"{title} · {_standard(facts, say)}" if titles.count(title) > 1 else title
        figure = _figures(rules, say, published)[0]
        told.append({"title": name, "figure": figure, "verdict": str(facts["status"])})
    return told


def _is_quoted(facts: pd.Series) -> bool:
    return bool(facts["headline"]) and facts["status"] != "not_applicable"


def _standard(facts: pd.Series, say: Speech) -> str:
    zh, en = facts["preset_zh"] or facts["preset_en"], facts["preset_en"]
    return say.pick((zh, en or zh or str(facts["preset"])))


def _published_only(findings: Findings) -> frozenset[tuple[str, str, str]]:
    """Return line, level and unit of the figures whose fraction is only worked back from them."""
    told = findings.indicators
    if told.empty or "reason" not in told:
        return frozenset()
    rows = told.index[(told["reason"] == "published_only").to_numpy()]
    return frozenset(
        (str(line), str(level), str(unit))
        for line, level, unit in zip(
            *(rows.get_level_values(name) for name in ("line", "level", "unit_id")), strict=True
        )
    )


def rules_failed(findings: Findings, say: Speech) -> list[str]:
    """Return for each area the titles of the rules it fails itself."""
    texts = pd.Series("", index=findings.areas.index, dtype=object)
    for rules in _by_rule(findings, ("area",)):
        failed = rules.index[rules["status"] == "fail"]
        here = texts.index.intersection(failed)
        texts[here] = texts[here] + _title(rules.iloc[0], say) + "\n"
    return [text.strip() for text in texts]


def _by_rule(findings: Findings, levels: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    """Yield the verdicts of one rule after the other, by unit, with what the rulebook says."""
    if findings.rules.empty:
        return
    told = ["preset_zh", "preset_en", "title_zh", "title_en", "decimals", "headline"]
    flat = findings.rules.reset_index().astype({"preset": "str", "rule": "str"})
    flat = flat[flat["level"].isin(levels)].drop(columns=told, errors="ignore")  # read back: both
    flat = flat.merge(findings.rulebook[told].reset_index(), on=["preset", "rule"], how="left")
    for _, rules in flat.groupby(["preset", "rule"], sort=False):
        yield rules.set_index("unit_id")


def _title(facts: pd.Series, say: Speech) -> str:
    title = say.pick((facts["title_zh"] or facts["title_en"], facts["title_en"]))
    return title if facts["verified"] else title + say("unverified")


def _choice(findings: Findings, rules: pd.DataFrame, say: Speech) -> Layer:
    facts = rules.iloc[0]
    column = _UNITS[str(facts["level"])]
    areas = findings.areas
    unit = areas.index if column is None else areas.get(column, pd.Series(None, areas.index))
    row = rules.index.get_indexer(pd.Index(unit, dtype=object))
    verdict = _codes(rules)
    codes = np.where(row < 0, len(_VERDICTS) - 1, verdict[row])
    counts = np.bincount(verdict, minlength=len(_VERDICTS))
    paint = [*(colours.FLOOR[code] for code in _VERDICTS[:-1]), colours.NO_DATA]
    level = say.pick(RULE_LEVELS[str(facts["level"])])
    judged = counts[0] + counts[1]
    passes = say("rule_passes", f"{counts[0]:,}", f"{judged:,}") if judged else say("no_data")
    return {
        "title": f"{_title(facts, say)} · {level} · {passes}",
        "codes": pack_codes(codes),
        "colours": paint,
        "unit": pack_counts(row),
        "told": _figures(rules, say, _published_only(findings)),
        "legend": [
            swatch("fill", colour, say(word), int(count))
            for word, colour, count in zip(_VERDICTS, paint, counts, strict=True)
        ],
    }


def _codes(rules: pd.DataFrame) -> NDArray[np.int64]:
    found = pd.Index(_VERDICTS).get_indexer(pd.Index(rules["status"].astype("str")))
    return np.where(found < 0, len(_VERDICTS) - 1, found).astype(np.int64)


def _figures(
    rules: pd.DataFrame, say: Speech, published: frozenset[tuple[str, str, str]]
) -> list[str]:
    """Say verdict, value with numerator and denominator, and limit of every unit."""
    texts = []
    for unit_id, facts in zip(rules.index, rules.to_dict("records"), strict=True):
        unit = say.pick(RULE_UNITS.get(facts["unit"], (facts["unit"],) * 2))
        texts_of = [say(str(facts["status"]))]
        if not pd.isna(facts["value"]):
            # one decimal more where rounding would put the value on its limit
            short = f"{facts['value']:,.{int(facts['decimals'])}f}"
            exact = float(short.replace(",", "")) == facts["limit"] != facts["value"]
            value = f"{facts['value']:,.{int(facts['decimals']) + 3 * exact}f}"
            alone = (facts["rule"], facts["level"], str(unit_id)) in published
            parts = "" if alone or facts["denominator"] == 1 else (
                f" ({say.number(facts['numerator'])} / {say.number(facts['denominator'])})"
            )  # fmt: skip
            texts_of.append(f"{value} {unit}{parts}")
        if not pd.isna(facts["limit"]):
            sign = COMPARATORS[facts["comparator"]]
            texts_of.append(f"{say.pick((sign[0], sign[1]))} {facts['limit']:g}")
        texts.append(" · ".join(texts_of))
    return texts
