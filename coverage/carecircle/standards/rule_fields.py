"""The keys of a rule file as data: name, type, meaning, and the values each may have."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from carecircle.standards.rules import COMPARATORS, RULE_LEVELS

__all__ = ["APPLIES", "FORMULA", "PRESET", "RANGES", "RULE", "WHAT", "Field"]


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
        if self.kind == "texts":
            return isinstance(value, list) and all(isinstance(word, str) for word in value)
        if self.kind == "text":
            return isinstance(value, str) and bool(value.strip())
        if self.kind == "blank":
            return isinstance(value, str)
        return isinstance(value, _TYPES[self.kind]) and not isinstance(value, dt.datetime)


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
    Field("note", "blank", "what a reader should know"),
)
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
