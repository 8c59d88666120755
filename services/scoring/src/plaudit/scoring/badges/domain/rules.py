"""The rules of a profile in plain words, for everybody who reads how a score is calculated."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from plaudit.common.numerals import noun_of
from plaudit.scoring.profiles.domain import KINDS, ORIGINS, Profile

_COUNTED: Final[Mapping[str, str]] = {
    "stars": "ratings in stars",
    "thumbs": "thumbs up (5 stars) and down (1 star)",
    "nps": "answers to NPS questions, whose 0 to 10 are read as 1 to 5",
    "csat": "answers to CSAT questions, from 1 to 5",
    "ces": "answers to CES questions, whose 1 to 7 are read as 1 to 5",
}
_ORIGINS: Final[Mapping[str, str]] = {
    "organic": "by who was not asked for it",
    "invited": "by who was invited",
    "incentivised": "given for a reward",
}
_HOURS_BELOW_DAYS: Final = 2


class Weight(NamedTuple):
    """What some reviews weigh while they are fresh."""

    reviews: str
    """Which, in words."""
    factor: str


def counted(profile: Profile) -> str:
    """Return what a profile counts."""
    return ", ".join(_COUNTED[kind] for kind in KINDS if kind in profile.kinds)


def weights(profile: Profile) -> list[tuple[str, list[Weight]]]:
    """Return what a fresh review weighs: `(by what, weights)`; nothing is listed by which all weigh alike.

    The weights of one review are multiplied. Sources are counted, not named: everybody reads this, and what a
    tenant calls its accounts on platforms is for its own staff.
    """
    by_verification = [
        Weight("verified", _number(profile.verified_weight)),
        Weight("not verified", _number(profile.unverified_weight)),
    ]
    by_origin = [Weight(_ORIGINS[origin], _number(profile.origin_weights.get(origin, 1.0))) for origin in ORIGINS]
    by_source = [
        Weight(f"of {count} {noun_of(count, 'source')}", factor)
        for factor, count in Counter(map(_number, profile.source_weights.values())).items()
    ]
    by_source.append(Weight("of any other source", "1"))
    found = {"by verification": by_verification, "by origin": by_origin, "by source": by_source}
    return [(words, listed) for words, listed in found.items() if any(each.factor != "1" for each in listed)]


def half_life_in_words(profile: Profile) -> str:
    """Return after how long a review weighs half, such as `30 days`; the empty text where it never fades."""
    days = profile.half_life_days
    if days is None:
        return ""
    if days < _HOURS_BELOW_DAYS:
        return _unit(days * 24, "hour")
    return _unit(days, "day")


def _unit(number: float, unit: str) -> str:
    return f"{_number(number)} {noun_of(number, unit)}"


def _number(value: float) -> str:
    return f"{value:,.6g}"
