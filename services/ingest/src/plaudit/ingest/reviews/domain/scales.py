"""Ratings of every scale become 1 to 5.

A value x between min and max becomes 1 + 4·(x - min)/(max - min); on 1 to 5 it stays the same, bit for bit. Thumbs
are down or up, so 1 or 5. The raw value and its scale are kept beside it.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from plaudit.ingest.reviews.domain.state import Kind, RawRating

STARS_MIN: Final = 1.0
STARS_MAX: Final = 5.0
MAX_BOUND: Final = 1_000_000.0
"""Of either end of a scale, so that every difference is finite and every rating exact enough."""
WITHIN_BOUNDS: Final = {"minimum": -MAX_BOUND, "maximum": MAX_BOUND}
"""For documents."""
CACHED_RATINGS: Final = 4_096


class Scale(msgspec.Struct, frozen=True, gc=False):
    """The worst and the best value that could be given."""

    min: Annotated[float, Meta(description="The worst value that could be given.", extra_json_schema=WITHIN_BOUNDS)]
    max: Annotated[
        float, Meta(description="The best value that could be given; above min.", extra_json_schema=WITHIN_BOUNDS)
    ]


STARS_SCALE: Final = Scale(STARS_MIN, STARS_MAX)
DEFAULT_SCALES: Mapping[Kind, Scale] = MappingProxyType(
    {
        Kind.STARS: STARS_SCALE,
        Kind.NPS: Scale(0.0, 10.0),
        Kind.CSAT: Scale(1.0, 5.0),
        Kind.CES: Scale(1.0, 7.0),
        Kind.THUMBS: Scale(0.0, 1.0),
    }
)


class Rated(msgspec.Struct, frozen=True, gc=False):
    """All that follows from a rating on its scale."""

    stars: float
    raw: RawRating


class OffScaleError(ValueError):
    """A rating that is not on its scale, or a scale that is none; the text says which values there are."""


def rate(value: float, scale: Scale, kind: Kind) -> Rated:
    """Return a rating from 1 to 5, and as it was given.

    There are few different ratings, so the last ones are kept: all their reviews share one object.

    Raises:
        OffScaleError: the value lies outside its scale, or the scale is none.
    """
    return _rate(value, scale.min, scale.max, kind)


@lru_cache(maxsize=CACHED_RATINGS)
def _rate(value: float, worst: float, best: float, kind: Kind) -> Rated:
    # -0.0 and 0.0 are the same key, so both are kept as 0.0.
    value += 0.0
    scale = Scale(worst + 0.0, best + 0.0)
    stars = to_stars(value, scale, kind)
    return Rated(stars, raw_rating(value, scale))


def to_stars(value: float, scale: Scale, kind: Kind) -> float:
    """Return a rating on 1 to 5.

    Raises:
        OffScaleError: the value lies outside its scale, or the scale is none.
    """
    if not -MAX_BOUND <= scale.min < scale.max <= MAX_BOUND:
        raise OffScaleError(
            f"scale {scale.min:g} to {scale.max:g} is none: min must be below max, both within ±1,000,000"
        )
    if not scale.min <= value <= scale.max:
        raise OffScaleError(f"rating {value:g} is off its scale of {scale.min:g} to {scale.max:g}")
    if kind is Kind.THUMBS and value not in {scale.min, scale.max}:
        raise OffScaleError(f"rating {value:g} is neither thumb: down is {scale.min:g}, up is {scale.max:g}")
    if scale == STARS_SCALE:
        return value
    return STARS_MIN + (STARS_MAX - STARS_MIN) * ((value - scale.min) / (scale.max - scale.min))


def raw_rating(value: float, scale: Scale) -> RawRating:
    """Return a rating as the customer gave it, with its scale."""
    return RawRating(value=value, min=scale.min, max=scale.max)


def star_of(rating: float) -> int:
    """Return the star that a rating counts under: the nearest one, halves upwards."""
    return math.floor(rating + 0.5)
