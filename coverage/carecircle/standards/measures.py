"""A formula at the level of a rule: numerators and denominators added up, with their evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.inputs.dasymetric import numbers
from carecircle.standards.joining import ids_by_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carecircle.standards.registry import Formula
    from carecircle.standards.rule_frames import RuleFrames
    from carecircle.standards.rules import Applies

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Objects = NDArray[np.object_]

__all__ = ["Ask", "Measured", "measure", "measured"]


def measured(
    numerator: Any,
    denominator: Any,
    *,
    scale: float = 1.0,
    index: pd.Index | None = None,
    **more: Any,
) -> pd.DataFrame:
    """Build what a formula returns: ``numerator``, ``denominator``, ``value`` and more columns.

    Examples
    --------
    >>> measured([46.0], [70.0], scale=100, index=["C"])["value"].round(2).to_dict()
    {'C': 65.71}
    """
    if index is None:
        index = pd.RangeIndex(len(numerator))
    over, under = (_floats(figure, index) for figure in (numerator, denominator))
    value = scale * over / np.where(under > 0, under, np.nan)
    columns = {"numerator": over, "denominator": under, "value": value}
    return pd.DataFrame(columns | more, index=index)


def _floats(figure: Any, index: pd.Index) -> Floats:
    """Return a figure for each unit; one for all is repeated, a series is joined by its index."""
    if isinstance(figure, pd.Series):
        figure = figure.reindex(index)
    return np.array(np.broadcast_to(np.asarray(figure, dtype=np.float64), len(index)))


@dataclass(frozen=True, eq=False)
class Ask:
    """What a rule asks of a formula: parameters, level, and to whom it speaks."""

    params: Mapping[str, object]
    level: str
    applies: Applies
    formulas: Mapping[str, Formula]


@dataclass(frozen=True, eq=False)
class Measured:
    """One figure for each unit of a level.

    ``at`` is the position of each unit among all units of the level; ``applies`` says whether the
    rule speaks to it; ``reason`` why a figure is missing; ``evidence`` is missing until asked for.
    An ``amount`` has no denominator: it is one, or 0 where nothing is owed.
    """

    level: str
    at: NDArray[np.intp]
    numerator: Floats
    denominator: Floats
    applies: Flags
    reason: Objects
    evidence: Objects
    amount: bool
    scale: float

    @property
    def value(self) -> Floats:
        """Scale x numerator / denominator; NaN where there is none."""
        below = np.where(self.denominator > 0, self.denominator, np.nan)
        return self.scale * self.numerator / below


def measure(frames: RuleFrames, formula: Formula, ask: Ask) -> Measured:
    """Compute a formula at the level of a rule.

    Numerators and denominators of the units the rule speaks to are added up. Where one of them is
    unknown the sum holds what is known and says ``members_unknown``.

    Raises
    ------
    InputError
        If the formula returns ids its level does not have.
    """
    if formula.parts is None:
        return _raised(frames, _native(frames, formula, ask), ask)
    top, bottom = (ask.formulas[name] for name in formula.parts)
    if top.parts is None and bottom.parts is None and top.level == bottom.level:
        over, under = _native(frames, top, ask), _native(frames, bottom, ask)
        if over.amount and under.amount and np.array_equal(over.at, under.at):
            return _raised(frames, _divided(over, under, formula.scale), ask)
    over, under = measure(frames, top, ask), measure(frames, bottom, ask)
    return _divided(over, under, formula.scale)


def _native(frames: RuleFrames, formula: Formula, ask: Ask) -> Measured:
    params = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in ask.params.items()
        if name in formula.params
    }
    key = ("formula", formula.name, formula.compute, tuple(sorted(params.items())))
    found = frames.keep(key, lambda: _computed(frames, formula, params))
    return _speaking(frames, found, ask.applies)


def _computed(frames: RuleFrames, formula: Formula, params: Mapping[str, Any]) -> Measured:
    if formula.compute is None or formula.level is None:
        raise AssertionError(f"{formula.name} is a ratio")
    found = formula.compute(frames, **params)
    units = frames.units(formula.level)
    at = np.arange(len(units)) if len(found) == len(units) and found.index.equals(units) else (
        units.get_indexer(found.index.astype("str"))
    )  # fmt: skip
    if (at < 0).any():
        lost = str(found.index[at < 0][0])
        msg = f"rules: formula {formula.name} returned {lost!r}, which is no {formula.level}"
        raise InputError(f"{msg}; index its result by the ids of the {formula.level} table")
    amount = "denominator" not in found.columns
    blank = np.full(len(found), "", dtype=object)
    ids = found.index.to_numpy(dtype=object)
    below = np.ones(len(found)) if amount else numbers(found, "denominator")
    owes = found["owes"].to_numpy(dtype=bool) if "owes" in found else True
    return Measured(
        level=formula.level,
        at=at,
        numerator=numbers(found, "numerator"),
        denominator=np.where(owes, below, 0.0),
        applies=np.ones(len(found), dtype=bool),
        reason=found["reason"].to_numpy(dtype=object) if "reason" in found else blank,
        evidence=found["evidence"].to_numpy(dtype=object) if "evidence" in found else ids,
        amount=amount,
        scale=formula.scale,
    )


def _speaking(frames: RuleFrames, found: Measured, applies: Applies) -> Measured:
    """Say to which units a rule speaks; where that is unknown, so is the figure."""
    answer, unknown = np.ones(len(found.at), dtype=bool), np.zeros(len(found.at), dtype=bool)
    reason = found.reason
    tests = [("kind", applies.kinds), ("regime", applies.regimes), *applies.ranges.items()]
    for name, allowed in tests:
        if allowed:
            listed, blind = frames.keep(
                ("speaks", found.level, name, allowed),
                partial(_speaks, frames, found.level, name, allowed),
            )
            answer &= (listed | blind)[found.at]
            if blind.any():
                reason = np.where(blind[found.at], f"{name}_missing", reason)
                unknown |= blind[found.at]
    if applies.facility_kinds and found.level == "facility":
        kinds = frames.facilities["kind"].isin(applies.facility_kinds).to_numpy()
        answer &= kinds[found.at]
    numerator = np.where(unknown, np.nan, found.numerator) if unknown.any() else found.numerator
    return replace(found, applies=answer, reason=reason, numerator=numerator)


def _speaks(
    frames: RuleFrames, level: str, name: str, allowed: tuple[Any, ...]
) -> tuple[Flags, Flags]:
    """Return which units of a level have an allowed class or size, and which have none at all."""
    if name in ("kind", "regime"):
        given = _classes(frames, level, name)
        return given.isin(allowed).to_numpy(), given.isna().to_numpy()
    sizes = pd.to_numeric(frames.column(level, name)).to_numpy(np.float64, na_value=np.nan)
    return (sizes >= allowed[0]) & (sizes <= allowed[1]), np.isnan(sizes)


def _classes(frames: RuleFrames, level: str, name: str) -> pd.Series:
    if name == "regime" and level == "area":
        return pd.Series(frames.regime)
    # a facility's own kind is another thing: the area it stands in decides
    areas = frames.areas
    given = areas[name].to_numpy(dtype=object) if name in areas else np.full(len(areas), np.nan)
    at = frames.unit_of("area", level)
    inside: Any = np.append(given.astype(object), np.nan)  # -1 is none
    return pd.Series(inside[at], dtype=object)


def _divided(over: Measured, under: Measured, scale: float) -> Measured:
    """Divide one figure by another of the same units."""
    same = np.array_equal(over.at, under.at)
    place = np.arange(len(over.at)) if same else pd.Index(under.at).get_indexer(pd.Index(over.at))
    met = place >= 0
    top = over.numerator if over.amount else over.value
    bottom = under.numerator if under.amount else under.value
    bottom, said = bottom[place], under.reason[place]
    free = (over.denominator == 0) | (under.denominator[place] == 0)
    return replace(
        over,
        numerator=top,
        denominator=np.where(free, 0.0, np.where(met, bottom, np.nan)),
        applies=over.applies & (under.applies[place] | ~met),
        reason=np.where(over.reason == "", said, over.reason),
        amount=False,
        scale=scale,
    )


def _raised(frames: RuleFrames, found: Measured, ask: Ask) -> Measured:
    """Add a figure up to the level of the rule."""
    if ask.level == found.level:
        return found
    units = frames.units(ask.level)
    member = frames.unit_of(ask.level, found.level)[found.at]
    counts = found.applies & (member >= 0)
    # who owes nothing may well be unknown
    unknown = np.isnan(found.numerator) | np.isnan(found.denominator)
    unknown &= found.denominator != 0
    known = counts & ~unknown & (found.denominator > 0)

    def total(values: Any, rows: Flags) -> Floats:
        return np.bincount(member[rows], values[rows], minlength=len(units)).astype(float)

    members, lost = total(counts * 1.0, counts), total(counts * 1.0, counts & unknown)
    some = total(known * 1.0, known) > 0
    nothing = (members == 0) & found.amount & (found.level == "facility")  # 0 beds are 0 beds
    bottom = np.where(found.amount, 1.0 * (some | nothing), total(found.denominator, known))
    blind = (lost > 0) & ~some
    return Measured(
        level=ask.level,
        at=np.arange(len(units)),
        numerator=np.where(blind, np.nan, total(found.numerator, known)),
        denominator=np.where(blind, np.nan, bottom),
        applies=(members > 0) | nothing,
        reason=_why_unknown(found, member, counts & unknown, len(units)),
        evidence=ids_by_unit(found.evidence, member, known, len(units)),
        amount=found.amount,
        scale=found.scale,
    )


def _why_unknown(found: Measured, member: NDArray[np.intp], lost: Flags, n: int) -> Objects:
    """Return the reason of a unit's members where it is one, else ``members_unknown``."""
    said = np.full(n, "", dtype=object)
    if lost.any():
        codes, names = pd.factorize(found.reason[lost])
        least, most, of = np.full(n, len(names)), np.full(n, -1), member[lost]
        np.minimum.at(least, of[codes >= 0], codes[codes >= 0])
        np.maximum.at(most, of, codes)
        owing = found.applies & (member >= 0) & (found.denominator != 0)
        whole = np.bincount(of, minlength=n) == np.bincount(member[owing], minlength=n)
        given = np.append(np.asarray(names, dtype=object), "")[most]
        one = (least == most) & (given != "") & whole
        some = np.bincount(of, minlength=n) > 0
        said = np.where(some, np.where(one, given, "members_unknown"), "").astype(object)
    return said
