"""Percentages that show what they are shares of."""

from __future__ import annotations

import pandas as pd

__all__ = ["fraction"]


def fraction(part: float, whole: float) -> str:
    """Return a percentage with numerator and denominator; ``--`` where it is unknown.

    Examples
    --------
    >>> fraction(46, 70)
    '65.7 % (46 / 70)'
    >>> fraction(996, 1000), fraction(float("nan"), 3)
    ('99.6 % (996 / 1,000)', '--')
    """
    if pd.isna(part) or pd.isna(whole) or whole <= 0:
        return "--"
    percent = f"{100 * part / whole:.1f}"
    if percent == "100.0" and part < whole:
        percent = "<100"  # a rounded 100 % that is none would read as a pass
    return f"{percent} % ({part:,.0f} / {whole:,.0f})"
