"""The figures that everybody sees of a subject, and how they are said."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any, Final

from plaudit.common.numerals import counted
from plaudit.common.numerals import ratio as ratio_of
from plaudit.scoring.badges.domain.badge import Badge, Kind
from plaudit.scoring.profiles.domain import LIFETIME, Profile
from plaudit.scoring.scores.domain import read_parts
from plaudit.scoring.sums.domain.parts import KeptPart, Part, merge_for, parts_for
from plaudit.scoring.sums.domain.traits import TRAITS

_TYPES: Final = {
    Kind.ORGANIZATION: "Organization",
    Kind.LOCAL_BUSINESS: "LocalBusiness",
    Kind.PRODUCT: "Product",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFigures:
    """What is shown of a subject: all of it, or nothing."""

    profile: Profile
    """That the score is by: the same for all badges of a tenant."""
    score: float | None
    """None while there are no reviews."""
    stars: float | None
    count: int
    distribution: dict[int, int]
    """Published reviews by star."""
    mean: float | None
    """The plain mean of all ratings; None while there are no reviews."""
    incentivised: int
    """How many of the reviews were given for a reward."""

    @property
    def positive(self) -> int:
        """Reviews of four and five stars."""
        return self.distribution[4] + self.distribution[5]

    @property
    def negative(self) -> int:
        """Reviews of one and two stars."""
        return self.distribution[1] + self.distribution[2]


def figures(profile: Profile, parts: Sequence[Part], kept: Sequence[KeptPart], at_us: int) -> ShownFigures:
    """Return the figures of a subject at an instant.

    Args:
        profile: that counts all stars and thumbs.
        parts: the subject's sums of the profile's half-life.
        kept: its kept sums, which tell the plain mean and the reviews for a reward.
        at_us: the instant, in microseconds since the Unix epoch.
    """
    score = read_parts(profile, parts, at_us)
    plain = merge_for(LIFETIME, parts_for(kept, None)).sums
    counted = [each for each in kept if TRAITS[each.traits].kind in profile.kinds]
    incentivised = sum(sum(each.kept.counts) for each in counted if TRAITS[each.traits].origin == "incentivised")
    return ShownFigures(
        profile=profile,
        score=score.score,
        stars=score.stars,
        count=score.count,
        distribution=score.distribution,
        mean=plain.a / plain.n if plain.n > 0 else None,
        incentivised=incentivised,
    )


def digits(value: float | Fraction, places: int) -> str:
    """Return a figure that is not negative with so many digits after the point, halves up."""
    scale = 10**places
    whole, rest = divmod(floor(Fraction(value) * scale + Fraction(1, 2)), scale)
    return f"{whole}.{rest:0{places}}" if places else f"{whole}"


def ratio(shown: ShownFigures) -> str:
    """Return positive : negative reviews as `3.2 : 1` or `1 : 3.2`, in full where there is none of one."""
    return ratio_of(shown.positive, shown.negative)


def reviews(number: int) -> str:
    """Return `1 review` or `1,204 reviews`."""
    return counted(number, "review")


def method(profile: Profile) -> str:
    """Return in a few words how a profile weighs reviews: for example `newer reviews weigh more`."""
    by_age = (
        "newer reviews weigh more" if profile.half_life_days is not None else "old reviews weigh as much as new ones"
    )
    return by_age if profile.is_uniform else f"{by_age}, and some kinds of reviews weigh more than others"


def summary(shown: ShownFigures) -> str:
    """Return all figures in words, for those who do not see them, and in structured data."""
    if shown.score is None:
        return "There is no review yet."
    stars = ", ".join(f"{star} stars: {shown.distribution[star]:,}" for star in (5, 4, 3, 2)) + (
        f", 1 star: {shown.distribution[1]:,}"
    )
    rewarded = f" {shown.incentivised:,} of them were given for a reward." if shown.incentivised else ""
    return (
        f"{digits(shown.score, 2)} of 5, from {reviews(shown.count)}.{rewarded} {stars}. "
        f"Positive to negative {ratio(shown)}."
    )


def structured(badge: Badge, shown: ShownFigures, page: str, how: str) -> dict[str, Any]:
    """Return the figures as structured data of schema.org (JSON-LD).

    `ratingValue` is the plain mean of all published reviews, since that is what readers of such data take it for; the
    description names the method, and the score beside it.

    Args:
        badge: what everybody may see.
        shown: its figures.
        page: the address of its page.
        how: the address of the page that says how the score is calculated.
    """
    thing: dict[str, Any] = {"@context": "https://schema.org", "@type": _TYPES[badge.kind], "name": badge.name}
    if shown.score is None or shown.mean is None:
        return thing
    return thing | {
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": float(digits(shown.mean, 2)),
            "reviewCount": shown.count,
            "ratingCount": shown.count,
            "bestRating": 5,
            "worstRating": 1,
            "description": (
                "The plain mean of all published reviews; none is left out. Beside it stands a score in which "
                f"{method(shown.profile)}: {digits(shown.score, 2)} of 5. {how} says how it is calculated."
            ),
            "ratingExplanation": summary(shown),
            "url": page,
        }
    }


def in_full(badge: Badge, shown: ShownFigures, page: str, how: str) -> dict[str, Any]:
    """Return the structured data, and beside it the figures as numbers, which readers of JSON-LD pass over."""
    data = structured(badge, shown, page, how)
    return data | {
        "@context": [data["@context"], {"figures": None}],
        "figures": {
            "score": None if shown.score is None else float(digits(shown.score, 2)),
            "stars": shown.stars,
            "profile": shown.profile.name,
            "mean": None if shown.mean is None else float(digits(shown.mean, 2)),
            "count": shown.count,
            "distribution": {str(star): number for star, number in shown.distribution.items()},
            "positive": shown.positive,
            "negative": shown.negative,
            "incentivised": shown.incentivised,
        },
    }
