"""The floor-area rule as data, and what an area owes under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["DECIMALS", "PLAN_RULE", "FloorAreaRule", "floor_parts", "required_area"]

#: Square metres are compared after rounding to a square millimetre: sums of decimals carry noise of
#: 1e-13, and noise must not decide a verdict.
DECIMALS = 6


@dataclass(frozen=True)
class FloorAreaRule:
    """A rule on the floor area of community facilities, with the clause it comes from.

    Parameters
    ----------
    existing_m2_per_100, existing_floor_m2
        Square metres per 100 households, and at least, in existing quarters.
    new_m2_per_100, new_floor_m2
        The same in new estates and contiguous renewal areas.
    city_m2_per_100
        Target for the ratio of sums over the city.
    per_100_applies_to
        Area kinds to which the rule per 100 households applies; the others owe the existing floor.
    source
        Document and clause.
    verified
        Whether the wording was checked against the original.
    kinds
        Facility kinds whose floor area counts.
    """

    existing_m2_per_100: float = 30.0
    existing_floor_m2: float = 300.0
    new_m2_per_100: float = 50.0
    new_floor_m2: float = 500.0
    city_m2_per_100: float = 36.0
    per_100_applies_to: tuple[str, ...] = ("urban",)
    source: str = (
        "乌海市“十四五”民政事业发展规划（2021—2025年）第五章第二节；专栏指标8（每百户36平方米）"
    )
    verified: bool = True
    kinds: tuple[str, ...] = ("service_complex",)


#: The rule of the Wuhai plan, 2021 to 2025.
PLAN_RULE = FloorAreaRule()


def required_area(
    households: ArrayLike,
    regime: ArrayLike = "existing",
    households_new: ArrayLike = np.nan,
    kind: ArrayLike = "urban",
    *,
    rule: FloorAreaRule = PLAN_RULE,
) -> Floats:
    """Return the floor area that areas owe, in m2.

    Parameters
    ----------
    households
        Households in all.
    regime
        ``existing``, ``new`` or ``mixed``.
    households_new
        Households in new estates; used where the regime is ``mixed``.
    kind
        ``urban`` or ``rural``.
    rule
        The figures.

    Returns
    -------
    numpy.ndarray
        ``max(floor, per 100)``, where per 100 adds the old and the new part at their own
        figures. A mixed area owes the existing floor, unless all its households are new. Kinds the
        rule per 100 does not apply to owe the existing floor. NaN where the input does not say.

    Examples
    --------
    >>> required_area([999, 1000, 1001, 2660]).tolist()
    [300.0, 300.0, 300.3, 798.0]
    >>> required_area([999, 1000, 2000], "new").tolist()
    [500.0, 500.0, 1000.0]
    >>> required_area(3000, "mixed", 1000).tolist()  # 0.30 x 2000 + 0.50 x 1000
    1100.0
    """
    parts = floor_parts(households, regime, households_new, kind, rule)
    return np.maximum(parts["floor"], parts["per_100"])


def floor_parts(
    households: ArrayLike,
    regime: ArrayLike,
    households_new: ArrayLike,
    kind: ArrayLike,
    rule: FloorAreaRule,
) -> dict[str, Floats]:
    """Return the floor and the area per 100 households, whole and in its two parts, in m2."""
    total, given = np.asarray(households, np.float64), np.asarray(households_new, np.float64)
    regimes, kinds = np.asarray(regime, object), np.asarray(kind, object)
    total, given, regimes, kinds = np.broadcast_arrays(total, given, regimes, kinds)
    by_100 = np.isin(kinds.astype(str), rule.per_100_applies_to)
    named = ~pd.isna(kinds)
    mixed = regimes == "mixed"
    new = np.where(regimes == "new", total, np.where(mixed, given, 0.0))
    new = np.where(new > total, np.nan, new)
    old = total - new
    # one division at the end: 30 x households is exact, 0.30 x households is not
    old_100, new_100 = rule.existing_m2_per_100 * old, rule.new_m2_per_100 * new
    all_new = (regimes == "new") | (mixed & (old == 0))
    floor = np.where(by_100 & all_new, rule.new_floor_m2, rule.existing_floor_m2)
    return {
        "floor": np.where(named, floor, np.nan),
        "per_100": np.where(by_100, np.round((old_100 + new_100) / 100.0, DECIMALS), 0.0),
        "existing": np.where(by_100, old_100 / 100.0, 0.0),
        "new": np.where(by_100, new_100 / 100.0, 0.0),
        "by_100": np.where(by_100, 1.0, 0.0),
        "households_new": new,
        "too_many_new": np.where(mixed & (given > total), 1.0, 0.0),
    }
