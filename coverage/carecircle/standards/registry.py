"""The register of formulas: what a rule may point at by name."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from carecircle.standards.rules import RuleLevel

__all__ = ["FORMULAS", "SHARES", "Formula", "formula", "ratio"]

#: Ways to write a share, and what one whole is in each.
SHARES: Mapping[str, float] = {"%": 100.0, "‰": 1000.0, "1": 1.0}


@dataclass(frozen=True)
class Formula:
    """A named figure: how it is computed, in which unit, and at which level it begins.

    Attributes
    ----------
    name, unit, source
        What rules call it, its unit (empty: the rule says), and where the formula comes from.
    level
        Level it is computed at; sums of numerators and denominators lead to every higher one.
        Empty for a ratio, which is divided at the level of the rule.
    scale
        ``value = scale x numerator / denominator``.
    closes
        What more of would close a gap: ``m2``, ``beds``, ``facility``, ``posts``, ``people``.
    compute
        ``f(frames, **params) -> DataFrame``; missing for a ratio.
    parts
        A ratio's two formulas by name.
    params
        Parameter -> type (``float``, ``str``, ``bool``, ``tuple[str, ...]``).
    needed
        Parameters that must be given.
    """

    name: str
    unit: str
    level: RuleLevel | None
    scale: float = 1.0
    closes: str = ""
    source: str = ""
    compute: Callable[..., pd.DataFrame] | None = None
    parts: tuple[str, str] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()

    @property
    def doc(self) -> str:
        """What it is, in one line."""
        if self.parts is not None:
            times = f"{self.scale:g} x " if self.scale != 1 else ""
            return f"{times}{self.parts[0]} / {self.parts[1]}"
        return (inspect.getdoc(self.compute) or "").partition("\n")[0]


#: Every registered formula by name.
FORMULAS: dict[str, Formula] = {}


def formula(
    name: str,
    *,
    unit: str,
    level: RuleLevel,
    scale: float = 1.0,
    closes: str = "",
    source: str = "",
) -> Callable[[Callable[..., pd.DataFrame]], Callable[..., pd.DataFrame]]:
    """Register a function as a formula that rules can name.

    The function takes :class:`carecircle.RuleFrames`, and what a rule's ``params`` say as keyword
    arguments; it returns a frame indexed by the ids of its level with ``numerator``,
    ``denominator`` and ``value`` (see :func:`carecircle.standards.measures.measured`). Without
    ``denominator`` it is an amount. It may add ``reason`` (why a figure is missing) and
    ``evidence`` (ids joined by ``;``).

    Parameters
    ----------
    name
        Name for the rules; registering it again replaces the earlier formula.
    unit
        Unit of the value; empty where the rule says it.
    level
        Level of the index.
    scale
        ``value = scale x numerator / denominator``; shares in ``%`` always have 100.
    closes
        Unit of the numerator, in which a gap can be closed.
    source
        Where the formula comes from.

    Examples
    --------
    >>> @formula("homes_in_area", unit="homes", level="area", closes="homes")
    ... def homes_in_area(frames):
    ...     \"\"\"Count the homes of each area.\"\"\"
    ...     return frames.areas[["homes_total"]].set_axis(["numerator"], axis=1)
    >>> FORMULAS.pop("homes_in_area").doc
    'Count the homes of each area.'
    """

    def register(function: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
        options = list(inspect.signature(function).parameters.values())[1:]
        FORMULAS[name] = Formula(
            name=name, unit=unit, level=level, scale=SHARES.get(unit, scale), closes=closes,
            source=source, compute=function,
            params={option.name: _kind(option) for option in options},
            needed=frozenset(o.name for o in options if o.default is inspect.Parameter.empty),
        )  # fmt: skip
        return function

    return register


def ratio(
    name: str,
    numerator: str,
    denominator: str,
    *,
    unit: str,
    scale: float = 1.0,
    source: str = "",
) -> Formula:
    """Return the ratio of two formulas; each is added up to the rule's level before dividing.

    Parameters
    ----------
    name
        Name for the rules.
    numerator, denominator
        Names of formulas. The parameters of a rule go to whichever of the two takes them.
    unit, scale, source
        As in :func:`formula`.

    Examples
    --------
    >>> ratio("m2_per_elder", "floor_area", "elders", unit="m2/elder").doc
    'floor_area / elders'
    """
    scale = SHARES.get(unit, scale)
    return Formula(name, unit, None, scale, source=source, parts=(numerator, denominator))


def _kind(option: inspect.Parameter) -> str:
    given: Any = option.annotation
    if given is inspect.Parameter.empty:
        return ""
    return given if isinstance(given, str) else getattr(given, "__name__", str(given))
