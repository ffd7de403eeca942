"""Which fractions a published percentage can have been printed from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import pandas as pd

from carecircle.errors import InputError

__all__ = ["roster_fractions"]


def roster_fractions(
    percentage: float | str,
    sizes: int | Iterable[int] | Mapping[str, int],
    *,
    decimals: int = 0,
) -> pd.DataFrame:
    """List the counts that print as a published percentage, for each roster it may be of.

    Tells which roster a figure came from: 66 % of 70 communities can only be 46. Decided on exact
    fractions. Halves are rounded up (as by hand) or to the even digit (as by many programs); both
    are said, and a count that prints so under either is listed.

    Parameters
    ----------
    percentage
        As published: ``66``, ``"66%"``, ``36.9``.
    sizes
        Number of units of the roster, or several; a mapping names them.
    decimals
        Decimals it was printed with.

    Returns
    -------
    pandas.DataFrame
        One row per candidate, in the order of the sizes: ``roster`` (its name, or the size as
        text), ``size``, ``count``, ``share`` in %, ``half_up``, ``half_even`` (whether it prints so
        under each).

    Raises
    ------
    InputError
        If the percentage is no number, has more decimals than it was printed with, or a size is
        below 1.

    Examples
    --------
    >>> roster_fractions(66, 70)[["size", "count"]].to_numpy().tolist()
    [[70, 46]]
    >>> roster_fractions("25%", {"city and districts": 4, "streets": 20})["count"].tolist()
    [1, 5]
    >>> roster_fractions(2, 40)[["count", "half_up", "half_even"]].to_numpy().tolist()
    [[1, False, True]]
    """
    printed = _exact(percentage, decimals)
    named = _named(sizes)
    half = Fraction(1, 2 * 10**decimals)
    rows = []
    for name, size in named.items():
        least = max(0, math.ceil((printed - half) * size / 100))
        most = min(size, math.floor((printed + half) * size / 100))
        for count in range(least, most + 1):
            share = Fraction(100 * count, size)
            up, even = _half_up(share, decimals) == printed, round(share, decimals) == printed
            if up or even:
                rows.append((name, size, count, float(share), up, even))
    columns = ["roster", "size", "count", "share", "half_up", "half_even"]
    return pd.DataFrame(rows, columns=columns)


def _half_up(share: Fraction, decimals: int) -> Fraction:
    whole = 10**decimals
    return Fraction(math.floor(share * whole + Fraction(1, 2)), whole)


def _exact(percentage: float | str, decimals: int) -> Fraction:
    text = str(percentage).strip().rstrip("%％").strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        msg = f"percentage: {percentage!r} is no number; write it as 66 or '66%'"
        raise InputError(msg)
    exact = Fraction(number)
    if decimals < 0 or (exact * 10**decimals).denominator != 1:
        msg = f"decimals: {percentage} has more than {decimals} decimals; say how many it has"
        raise InputError(msg)
    return exact


def _named(sizes: int | Iterable[int] | Mapping[str, int]) -> dict[str, int]:
    if isinstance(sizes, Mapping):
        named = {str(name): int(size) for name, size in sizes.items()}
    elif isinstance(sizes, Iterable):
        named = {str(size): int(size) for size in sizes}
    else:
        named = {str(sizes): int(sizes)}
    small = [name for name, size in named.items() if size < 1]
    if small:
        msg = f"sizes: {', '.join(small)} below 1; give the number of units of each roster"
        raise InputError(msg)
    return named
