"""Where the parts of a badge stand: places and shapes, for the templates that draw them."""

from math import cos, pi, sin
from typing import Final, NamedTuple

POINTS: Final = 5
_INNER: Final = 0.4
"""The inner radius of a star, of its outer one."""
BAR_WIDTH: Final = 76.0
COLUMN_HEIGHT: Final = 20.0
NAME_WIDTH: Final = 348.0
"""What a name may take of the badge."""


class Star(NamedTuple):
    """One of the five stars."""

    x: float
    look: str
    """`full`, `half` or `none`."""


def star_path(radius: float) -> str:
    """Return the outline of a star around the origin, one point up."""
    return _path([_corner(radius, number) for number in range(2 * POINTS)])


def half_star_path(radius: float) -> str:
    """Return the left half of that star."""
    corners = [_corner(radius, number) for number in (0, 9, 8, 7, 6, 5)]
    return _path(corners)


def stars(shown: float | None, x: float, step: float) -> list[Star]:
    """Return five stars from a place on: whole, half or empty ones."""
    halves = round(2 * (shown or 0))
    looks = ["full" if halves >= 2 * star else "half" if halves == 2 * star - 1 else "none" for star in range(1, 6)]
    return [Star(x + step * number, look) for number, look in enumerate(looks)]


def bar(count: int, all_reviews: int) -> float:
    """Return the width of the bar of one star: one with any reviews is seen."""
    return _long(BAR_WIDTH, count, all_reviews)


def column(count: int, all_reviews: int) -> float:
    """Return the height of the column of one star, as `bar`."""
    return _long(COLUMN_HEIGHT, count, all_reviews)


def _long(whole: float, count: int, all_reviews: int) -> float:
    return max(round(whole * count / all_reviews, 1), 1.5) if count else 0.0


def _corner(radius: float, number: int) -> tuple[float, float]:
    reach = radius * (_INNER if number % 2 else 1.0)
    turn = pi * number / POINTS
    return round(reach * sin(turn), 2), round(-reach * cos(turn), 2)


def _path(corners: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in corners) + "Z"
