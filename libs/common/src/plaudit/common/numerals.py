"""How figures are written for people: what is left of them by rounding says nothing that is not so."""

from fractions import Fraction
from math import floor
from typing import Final

MINUS: Final = "\u2212"
_ROUNDING: Final = 1e-9
"""Shares are sums of weights: so much beside all or none is rounding."""


def counted(count: float, one: str, many: str | None = None) -> str:
    """Return a count with its noun, which agrees with it: `1 tenant`, `2,000 tenants`, `0.5 reviews`.

    Args:
        count: how many.
        one: the noun of one thing.
        many: that of several, where it is not `one` with an `s`.
    """
    return f"{count:,.15g} {noun_of(count, one, many)}" if count % 1 else f"{int(count):,} {noun_of(count, one, many)}"


def noun_of(count: float, one: str, many: str | None = None) -> str:
    """Return the form of a noun, or of a verb, that agrees with a count."""
    return one if count == 1 else many or f"{one}s"


def up_to(count: int, most: int) -> str:
    """Return a count that was made up to a bound: `999`, or `1,000+` where it reached the bound."""
    return f"{count:,}+" if count >= most else f"{count:,}"


def signed(value: float, decimals: int = 0) -> str:
    """Return a difference as `+0.12` or `−0.05`; what rounds to nothing has no sign, so `0.00`."""
    words = f"{value:+.{decimals}f}"
    return words.replace("-", MINUS) if words.strip("+-0.") else words[1:]


def percent(share: float, blank: str = " ") -> str:
    """Return a share in whole percent; all but a few are `> 99 %`, and a few `< 1 %`.

    Args:
        share: from 0 to 1.
        blank: what stands between the figure and its sign, and between the words.
    """
    whole = f"{100 * share:.0f}"
    if whole == "100" and share < 1 - _ROUNDING:
        return f">{blank}99{blank}%"
    if whole == "0" and share > _ROUNDING:
        return f"<{blank}1{blank}%"
    return f"{whole}{blank}%"


def ratio(one: int, other: int) -> str:
    """Return two counts beside each other, the lesser as 1: `3.2 : 1` or `1 : 48.0`; in full where one is 0."""
    if not one or not other:
        return f"{one:,} : {other:,}"
    times = floor(Fraction(max(one, other), min(one, other)) * 10 + Fraction(1, 2)) / 10
    return f"{times:,.1f} : 1" if one >= other else f"1 : {times:,.1f}"
