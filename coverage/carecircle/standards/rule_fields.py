"""The keys of a rule file as data: name, type, meaning, and the values each may have."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carecircle.standards.rules import ATTRIBUTES, BASES, COMPARATORS, RULE_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["APPLIES", "FORMULA", "PLAN", "PRESET", "RANGES", "RULE", "WHAT", "Field"]


@dataclass(frozen=True)
class Field:
    """One key: name, type (a key of :data:`WHAT`), meaning, and its choices."""

    name: str
    kind: str
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()

    def accepts(self, value: Any) -> bool:
        """Return whether a value read from TOML is of this type."""
        if self.kind == "any":
            return True
        if isinstance(value, bool) or self.kind == "flag":
            return isinstance(value, bool) and self.kind == "flag"
        if self.kind in ("texts", "pair"):
            return isinstance(value, list) and _LISTS[self.kind](value)
        if self.kind == "text":
            return isinstance(value, str) and bool(value.strip())
        if self.kind == "blank":
            return isinstance(value, str)
        return isinstance(value, _TYPES[self.kind]) and not isinstance(value, dt.datetime)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_PAIR = 2
_LISTS: dict[str, Callable[[list[Any]], bool]] = {
    "texts": lambda words: all(isinstance(word, str) for word in words),
    "pair": lambda numbers: len(numbers) == _PAIR and all(map(_is_number, numbers)),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "date": (dt.date,),
    "table": (dict,),
}
#: Type -> what to give.
WHAT = {
    "any": "a value",
    "text": "text in quotes",
    "blank": "text in quotes",
    "number": "a number, such as 30",
    "integer": "a whole number, such as 2021",
    "flag": "true or false",
    "date": "a date without quotes, such as 2025-12-31",
    "texts": 'a list of texts, such as ["urban"]',
    "pair": "two numbers, such as [46, 70]",
    "table": 'a table on one line, such as { kinds = ["urban"] }',
}
#: Columns by whose size a rule may choose its areas.
RANGES = ("households", "population", "elders")

_DOCUMENT = (
    Field("issuer", "blank", "who issued it", required=True),
    Field("document", "text", "title of the document", required=True),
    Field("number", "blank", "number of the document"),
    Field("year", "integer", "year of the document", required=True),
    Field("url", "blank", 'where to read it; "paper" for a printed one'),
    Field("territory", "blank", "where it holds"),
    Field("valid_from", "date", "first day in force"),
    Field("valid_to", "date", "last day in force"),
    Field("verified", "flag", "whether the wording was compared with the original"),
    Field("checked_by", "blank", "who compared it"),
    Field("checked_on", "date", "when it was compared"),
)
#: Keys of ``[preset]``; those of the document hold for each rule that does not say otherwise.
PRESET = (
    Field("id", "text", "short name of the preset", required=True),
    Field("title_zh", "text", "title in Chinese"),
    Field("title_en", "text", "title in English"),
    Field("note", "blank", "what a reader should know"),
    Field("baseline_year", "integer", "year at whose end the baselines stand"),
    Field("target_year", "integer", "year by whose end the targets should be met"),
    *(Field(known.name, known.kind, known.meaning) for known in _DOCUMENT),
)
#: Keys of ``[[rule]]``.
RULE = (
    Field("id", "text", "name of the rule", required=True),
    Field("title_zh", "text", "title in Chinese", required=True),
    Field("title_en", "text", "title in English", required=True),
    *_DOCUMENT,
    Field("clause", "blank", "chapter, clause or table", required=True),
    Field("strength", "text", "a duty (must) or advice (should)", choices=("must", "should")),
    Field("applies", "table", "to whom it speaks"),
    Field("level", "text", "level it is decided at", required=True, choices=tuple(RULE_LEVELS)),
    Field("indicator", "text", "name of a formula", required=True),
    Field("params", "table", "what the formula is told"),
    Field("comparator", "text", "the test", required=True, choices=tuple(COMPARATORS)),
    Field("limit", "any", "the figure", required=True),
    Field("unit", "text", "unit of the figure", required=True),
    Field("pooling", "text", "who may share", choices=("none", "street", "district")),
    Field("pooling_below", "number", "households below which an area may share"),
    Field("decimals", "integer", "decimals in print"),
    Field("severity", "text", "how a failure is read", choices=("error", "warning")),
    Field("message_zh", "blank", "message in Chinese"),
    Field("message_en", "blank", "message in English"),
    Field("plan", "table", "what makes it a line of a table of indicators"),
    Field("note", "blank", "what a reader should know"),
)
#: Keys of ``plan``.
PLAN = (
    Field("plan.number", "text", "number of the indicator", required=True),
    Field("plan.reading_zh", "text", "which reading, in Chinese", required=True),
    Field("plan.reading_en", "text", "which reading, in English", required=True),
    Field("plan.attribute", "text", "how it binds", choices=tuple(ATTRIBUTES)),
    Field("plan.basis", "text", "what it is counted on", choices=tuple(BASES)),
    Field("plan.headline", "flag", "whether it is the reading to quote"),
    Field("plan.baseline", "number", "figure of the baseline year as printed"),
    Field("plan.baseline_of", "pair", "numerator and denominator of the baseline"),
    Field("plan.levels", "texts", "levels it is reported at"),
    Field("plan.units", "text", "what the denominator counts",
          choices=("area", "urban", "rural", "street", "district")),
    Field("plan.plausible", "pair", "least and most that can be believed"),
)  # fmt: skip
#: Keys of ``applies``.
APPLIES = (
    Field("applies.kinds", "texts", "area kinds"),
    Field("applies.regimes", "texts", "building regimes"),
    Field("applies.facility_kinds", "texts", "facility kinds"),
    *(
        Field(f"applies.{name}_{end}", "number", f"{word} {name}, included")
        for name in RANGES
        for end, word in (("min", "least"), ("max", "most"))
    ),
)
#: Keys of ``[[formula]]``.
FORMULA = (
    Field("id", "text", "name of the formula", required=True),
    Field("numerator", "text", "name of a formula", required=True),
    Field("denominator", "text", "name of a formula", required=True),
    Field("unit", "text", "unit of the ratio", required=True),
    Field("scale", "number", "value = scale x numerator / denominator"),
    Field("source", "blank", "where it comes from"),
)
