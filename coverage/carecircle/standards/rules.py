"""A rule as data: what it asks, of whom, where it is written, and who checked its wording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from carecircle.standards.registry import Formula

__all__ = [
    "ATTRIBUTES",
    "BASES",
    "COMPARATORS",
    "MIXED",
    "RULE_LEVELS",
    "Applies",
    "Comparator",
    "Limit",
    "PlanLine",
    "Preset",
    "Rule",
    "RuleLevel",
]

RuleLevel = Literal["facility", "area", "street", "district", "city", "project"]
Comparator = Literal[">=", "<=", "==", "between"]

#: Level -> (Chinese, English).
RULE_LEVELS: dict[str, tuple[str, str]] = {
    "facility": ("设施", "facility"),
    "area": ("社区(村)", "community or village"),
    "street": ("镇(街道)", "town or street"),
    "district": ("区", "district"),
    "city": ("市", "city"),
    "project": ("住宅项目", "housing project"),
}
#: Comparator -> (Chinese, English); each includes the limit itself.
COMPARATORS: dict[str, tuple[str, str]] = {
    ">=": ("不低于", "at least"),
    "<=": ("不超过", "at most"),
    "==": ("等于", "exactly"),
    "between": ("介于", "between"),
}
#: Attribute of an indicator -> (Chinese, English).
ATTRIBUTES: dict[str, tuple[str, str]] = {
    "binding": ("约束性", "binding"),
    "expected": ("预期性", "expected"),
    "text": ("规划文本", "in the text of the plan"),
}
#: What an indicator is counted on -> (Chinese, English).
BASES: dict[str, tuple[str, str]] = {
    "roster": ("名录", "roster"),
    "spatial": ("空间", "minutes along the roads"),
    "ratio": ("比率", "ratio of sums"),
    "observation": ("填报", "as reported"),
}
#: Limit of mixed areas: that of old and new quarters, weighted by their households.
MIXED = "by_households"


@dataclass(frozen=True)
class Applies:
    """To whom a rule speaks; empty and missing mean everyone.

    ``kinds`` are area kinds (``urban``, ``rural``), ``regimes`` building regimes (``existing``,
    ``new``, ``mixed``), ``facility_kinds`` facility kinds. ``ranges`` maps a column of the areas
    (``households``, ``population``, ``elders``) to its least and most, both included.
    """

    kinds: tuple[str, ...] = ()
    regimes: tuple[str, ...] = ()
    facility_kinds: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Limit:
    """The figure of a rule: one for all, a pair, one for each class, or one for each size.

    Attributes
    ----------
    low, high
        The figure; both the same unless the comparator is ``between``.
    by
        Column that decides: ``regime`` or any column of the units; empty: one figure for all.
    classes
        Figure by value of that column. ``mixed`` may be :data:`MIXED`.
    steps
        ``(size, figure)``, ascending: the figure holds from this size, itself included, to the next
        one. Below the first size the rule does not apply.
    below
        Size from which the rule no longer applies.
    """

    low: float = float("nan")
    high: float = float("nan")
    by: str = ""
    classes: Mapping[str, float | str] = field(default_factory=dict)
    steps: tuple[tuple[float, float], ...] = ()
    below: float = float("inf")

    def __str__(self) -> str:
        if self.classes:
            return ", ".join(
                f"{name} {figure:g}" if isinstance(figure, (int, float)) else f"{name} {figure}"
                for name, figure in self.classes.items()
            )
        if self.steps:
            return ", ".join(f"{self.by} from {size:g}: {figure:g}" for size, figure in self.steps)
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class PlanLine:
    """What makes a rule a line of a plan's table of indicators; the rule's limit is the target.

    Attributes
    ----------
    number
        Number of the indicator in the plan; its readings share it.
    reading_zh, reading_en, headline
        Which reading of the wording this is, and whether it is the one to quote.
    attribute, basis
        A key of :data:`ATTRIBUTES` and one of :data:`BASES`.
    baseline, baseline_of
        Figure of the baseline year as printed, and the numerator and denominator it was printed
        from; ``None`` and empty where the plan prints ``--``.
    levels
        Levels it is reported at; empty: the rule's own.
    units
        What its denominator should count: ``area``, ``urban``, ``rural``, ``street``, ``district``.
    plausible
        Least and most that can be believed, in the unit of the rule.
    """

    number: str
    reading_zh: str
    reading_en: str
    attribute: str = "text"
    basis: str = "roster"
    headline: bool = False
    baseline: float | None = None
    baseline_of: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    units: str = ""
    plausible: tuple[float, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule of one document.

    Attributes
    ----------
    id, title_zh, title_en
        Its name; the id is unique within the preset.
    issuer, document, number, clause, year, url, territory
        Where it is written and where it holds.
    valid_from, valid_to
        Days it is in force, both included; ``None``: not said.
    strength
        ``must`` for a duty (应, 不低于), ``should`` for advice (宜, 为宜).
    applies, level
        Of whom it asks, and at which level it is decided.
    indicator, params
        The registered formula, and what it is told.
    comparator, limit, unit
        The test. All comparators include the limit.
    pooling
        ``none``, or ``street`` / ``district``: areas of fewer than ``pooling_below`` households may
        add up what they have and owe with others of the same street or district.
    decimals
        For print only; verdicts never use rounded figures.
    severity
        How a failure is to be read: ``error`` (red) or ``warning`` (amber).
    message_zh, message_en
        Templates with ``{unit}``, ``{value}``, ``{limit}``, ``{closes}``.
    verified, checked_by, checked_on
        Whether somebody compared the wording with the original.
    plan
        What makes it a line of a plan's table of indicators; ``None``: it is none.
    note, line
        What a reader should know; and the line of the file it begins on.
    """

    id: str
    title_zh: str
    title_en: str
    issuer: str
    document: str
    clause: str
    year: int
    level: RuleLevel
    indicator: str
    comparator: Comparator
    limit: Limit
    unit: str
    number: str = ""
    url: str = ""
    territory: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    strength: Literal["must", "should"] = "must"
    applies: Applies = field(default_factory=Applies)
    params: Mapping[str, object] = field(default_factory=dict)
    pooling: Literal["none", "street", "district"] = "none"
    pooling_below: float = float("inf")
    decimals: int = 1
    severity: Literal["error", "warning"] = "error"
    message_zh: str = ""
    message_en: str = ""
    verified: bool = False
    checked_by: str = ""
    checked_on: dt.date | None = None
    plan: PlanLine | None = None
    note: str = ""
    line: int = 0

    @property
    def source(self) -> str:
        """Document, number, year and clause in one line."""
        parts = (self.document, self.number, str(self.year), self.clause)
        return " ".join(part for part in parts if part)

    def in_force(self, day: dt.date) -> bool:
        """Return whether the rule holds on a day."""
        began = self.valid_from is None or self.valid_from <= day
        return began and (self.valid_to is None or day <= self.valid_to)

    def message(self, row: Mapping[str, object], *, language: Literal["zh", "en"] = "zh") -> str:
        """Say in words what was found for one unit.

        Parameters
        ----------
        row
            A row of :func:`carecircle.check_standards`, with ``unit_id``.
        language
            ``zh`` or ``en``.

        Examples
        --------
        >>> rule = Rule("R1", "总面积", "total floor area", "", "doc", "", 2021, "area",
        ...             "floor_area", ">=", Limit(300, 300), "m2")
        >>> rule.message({"unit_id": "A1", "value": 299.99, "limit": 300.0, "closes": "0.01 m2"},
        ...              language="en")
        'A1: total floor area 300.0 m2, at least 300 m2; 0.01 m2 short (unverified rule)'
        """
        chinese = language == "zh"
        words = {
            "unit": row["unit_id"],
            "value": f"{row['value']:.{self.decimals}f}",
            "limit": f"{row['limit']:g}",
            "closes": row["closes"],
        }
        given = self.message_zh if chinese else self.message_en
        if given:
            text = given.format(**words)
        else:
            title = self.title_zh if chinese else self.title_en
            asks = COMPARATORS[self.comparator][0 if chinese else 1]
            text = f"{words['unit']}: {title} {words['value']} {self.unit}, "
            text += f"{asks} {words['limit']} {self.unit}"
            if words["closes"]:
                text += f"；缺 {words['closes']}" if chinese else f"; {words['closes']} short"
        return (
            text
            if self.verified
            else text + ("（规则未核实）" if chinese else " (unverified rule)")
        )


@dataclass(frozen=True)
class Preset:
    """The rules of one source document; presets never merge.

    ``formulas`` are the file's own, known to its own rules only; ``kinds`` name facility kinds the
    file adds (code -> (Chinese, English)). ``baseline_year`` and ``target_year`` are those of its
    indicators, each meaning the end of the year; ``sha256`` is the hash of the file, its version,
    and ``text`` what it says.
    """

    id: str
    title_zh: str
    title_en: str
    rules: tuple[Rule, ...]
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    kinds: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    baseline_year: int | None = None
    target_year: int | None = None
    text: str = field(default="", repr=False)

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(rule.id)}</td><td>{escape(rule.title_zh)}</td>"
            f"<td>{rule.level}</td><td>{escape(f'{rule.comparator} {rule.limit} {rule.unit}')}</td>"
            f"<td>{'yes' if rule.verified else 'NO'}</td></tr>"
            for rule in self.rules
        )
        names = ("rule", "title", "level", "limit", "verified")
        heads = "".join(f"<th>{name}</th>" for name in names)
        return (
            f"<div><b>{escape(self.title_zh)} / {escape(self.title_en)}</b>"
            f"<table><tr>{heads}</tr>{rows}</table><small>{escape(self.file)}"
            f" {self.sha256[:12]}</small></div>"
        )

    def rule(self, name: str) -> Rule:
        """Return the rule with this id.

        Raises
        ------
        KeyError
            If there is none.
        """
        for rule in self.rules:
            if rule.id == name:
                return rule
        msg = f"{self.id} has no rule {name!r}"
        raise KeyError(msg)
