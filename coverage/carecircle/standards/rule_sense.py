"""What a well-written rule can still get wrong: formula, unit, level, parameters, cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from carecircle.inputs.headings import did_you_mean
from carecircle.inputs.kinds import FACILITY_KINDS
from carecircle.standards.registry import SHARES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carecircle.standards.registry import Formula
    from carecircle.standards.rules import Rule

__all__ = ["begins_at", "check_cycles", "check_sense", "plain_unit"]

#: Level -> the levels its figures can be added up to.
_ABOVE: Mapping[str, tuple[str, ...]] = {
    "facility": ("facility", "area", "street", "district", "city"),
    "project": ("project", "area", "street", "district", "city"),
    "area": ("area", "street", "district", "city"),
    "street": ("street", "district", "city"),
    "district": ("district", "city"),
    "city": ("city",),
}
_CHOICES = {"applies.kinds": ("urban", "rural"), "applies.regimes": ("existing", "new", "mixed")}
_TYPES: Mapping[str, tuple[str, Any]] = {
    "float": ("a number", (int, float)),
    "str": ("text in quotes", str),
    "bool": ("true or false", bool),
    "tuple[str, ...]": ('a list of texts, such as ["station"]', list),
}


class _Fault(Protocol):
    def __call__(self, code: str, key: str, **details: str) -> None: ...


def plain_unit(unit: str) -> str:
    """Return a unit as formulas write it.

    Examples
    --------
    >>> plain_unit("m²/100户"), plain_unit("％")
    ('m2/100 households', '%')
    """
    for word, plain in (
        ("㎡", "m2"), ("m²", "m2"), ("平方米", "m2"), ("％", "%"), ("/百户", "/100 households"),
        ("/100户", "/100 households"), ("床位", "beds"), ("/千名老人", "/1000 elders"),
    ):  # fmt: skip
        unit = unit.replace(word, plain)
    return unit.strip()


def begins_at(formula: Formula, known: Mapping[str, Formula]) -> str:
    """Return the level a formula begins at: for a ratio, the higher of its two."""
    if formula.parts is None:
        return str(formula.level)
    first, second = (begins_at(known[part], known) for part in formula.parts)
    return first if first in _ABOVE[second] else second


def check_cycles(own: Mapping[str, Formula]) -> Iterator[tuple[str, list[str]]]:
    """Yield each formula that is made of itself once per cycle, with the way round.

    Examples
    --------
    >>> from carecircle.standards.registry import ratio
    >>> own = {"a": ratio("a", "b", "elders", unit="1"), "b": ratio("b", "a", "elders", unit="1")}
    >>> list(check_cycles(own))
    [('a', ['a', 'b', 'a'])]
    """
    done: set[str] = set()
    for start in own:
        paths = [[start]]
        while paths:
            path = paths.pop()
            for part in own[path[-1]].parts or ():
                if part == start and not done & set(path):
                    done |= set(path)
                    yield start, [*path, part]
                elif part in own and part not in path:
                    paths.append([*path, part])


def check_sense(
    rule: Rule, known: Mapping[str, Formula], own_kinds: Mapping[str, Any], fault: _Fault
) -> None:
    """Check that a rule's formula, unit, level, parameters and classes fit each other."""
    for name, allowed in _CHOICES.items():
        for given in getattr(rule.applies, name.removeprefix("applies.")):
            if given not in allowed:
                fault("unknown_value", name, found=repr(given), fix=_near(given, allowed))
    formula = known.get(rule.indicator)
    if formula is None:
        fix = _near(rule.indicator, list(known))
        fault("unknown_formula", "indicator", found=repr(rule.indicator), fix=fix)
        return
    if not _same_unit(rule.unit, formula.unit):
        fault("wrong_unit", "unit", found=f"{rule.unit!r}, {rule.indicator} is in {formula.unit!r}",
              fix=f"write the limit in {formula.unit!r}")  # fmt: skip
    _check_params(rule, formula, known, fault)
    _check_kinds(rule, own_kinds, fault)
    if not all(part in known for part in formula.parts or ()) or _in_cycle(formula, known):
        return  # said already
    level = begins_at(formula, known)
    _check_plan(rule, level, fault)
    if rule.level not in _ABOVE[level]:
        fault("wrong_level", "level", found=f"{rule.level!r}, {rule.indicator} begins at {level!r}",
              fix=f"choose one of {', '.join(_ABOVE[level])}")  # fmt: skip
    if rule.applies.facility_kinds and "facility" not in _levels(formula, known):
        fault("unused_key", "applies.facility_kinds", found=f"{rule.indicator} begins at {level!r}",
              fix="say the kinds in params, where the formula takes them")  # fmt: skip
    if rule.pooling != "none" and rule.level != "area":
        fault("wrong_level", "pooling", found=f"level {rule.level!r}",
              fix='only areas can share; write level = "area"')  # fmt: skip


def _check_plan(rule: Rule, level: str, fault: _Fault) -> None:
    for asked in rule.plan.levels if rule.plan else ():
        if asked not in _ABOVE[level]:
            fault("wrong_level", "plan", found=f"{asked!r}, {rule.indicator} begins at {level!r}",
                  fix=f"choose of {', '.join(_ABOVE[level])}")  # fmt: skip


def _levels(formula: Formula, known: Mapping[str, Formula]) -> set[str]:
    if formula.parts is None:
        return {str(formula.level)}
    return {level for part in formula.parts for level in _levels(known[part], known)}


def _in_cycle(formula: Formula, known: Mapping[str, Formula], above: tuple[str, ...] = ()) -> bool:
    if formula.name in above:
        return True
    path = (*above, formula.name)
    return any(
        part not in known or _in_cycle(known[part], known, path) for part in formula.parts or ()
    )


def _same_unit(unit: str, of_formula: str) -> bool:
    return not of_formula or unit == of_formula or (unit in SHARES and of_formula in SHARES)


def _params(formula: Formula, known: Mapping[str, Formula], depth: int = 0) -> dict[str, str]:
    """Return the parameters of a formula and its parts."""
    found = dict(formula.params)
    for part in formula.parts or ():
        if part in known and depth < len(known):
            found |= _params(known[part], known, depth + 1) if depth < _DEEP else {}
    return found


#: Ratios of ratios are followed this far; a cycle is reported elsewhere.
_DEEP = 8


def _check_params(
    rule: Rule, formula: Formula, known: Mapping[str, Formula], fault: _Fault
) -> None:
    takes = _params(formula, known)
    for name, value in rule.params.items():
        if name not in takes:
            fix = _near(name, list(takes)) if takes else "leave it out: the formula takes none"
            fault("unknown_parameter", "params", found=f"{name}, of {rule.indicator}", fix=fix)
            continue
        what, types = _TYPES.get(takes[name], ("", object))
        fits = isinstance(value, types) and not (isinstance(value, bool) and types is not bool)
        if what and not fits:
            fault("wrong_type", "params", found=f"{name} = {value!r}", fix=f"give {what}")
    for name in sorted(formula.needed - rule.params.keys()):
        fault("missing_parameter", "params", found=name,
              fix=f"add params = {{ {name} = ... }}: {rule.indicator} needs it")  # fmt: skip


def _check_kinds(rule: Rule, own_kinds: Mapping[str, Any], fault: _Fault) -> None:
    options = [*FACILITY_KINDS, *own_kinds]
    asked = [("applies.facility_kinds", kind) for kind in rule.applies.facility_kinds]
    for name in ("kinds", "centre_kinds"):
        given = rule.params.get(name, ())
        asked += [("params", kind) for kind in (given if isinstance(given, list) else ())]
    for key, kind in asked:
        if kind not in options:
            fault("unknown_kind", key, found=repr(kind),
                  fix=f"{_near(kind, options)}; own kinds go into [kinds]")  # fmt: skip


def _near(word: object, options: Sequence[str]) -> str:
    near = did_you_mean(word, list(options))
    return f"did you mean {near!r}?" if near else f"known: {', '.join(options)}"
