"""Which reviews and incidents a class is for: a condition over what is known of them.

Each part of a condition lists what it admits; a part that is left out admits everything. All parts must hold.
"""

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from plaudit.common.contracts import ReviewState
from plaudit.common.contracts.subjects import is_within

MIN_STARS: Final = 1
MAX_STARS: Final = 5


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What conditions look at. Of an incident only subject, severity and kind are known."""

    subject: str
    severity: str
    kind: str
    rating: float | None = None
    source: str | None = None
    """The id of the source."""
    platform: str | None = None
    language: str | None = None
    personas: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    verified: bool | None = None
    origin: str | None = None


class Stars(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """A range of whole stars, both ends in it."""

    first: int = MIN_STARS
    last: int = MAX_STARS

    def admits(self, rating: float | None) -> bool:
        """Say whether a rating is in the range."""
        return rating is not None and self.first <= stars(rating) <= self.last


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A condition over the facts of a review or an incident."""

    severity: tuple[str, ...] = ()
    rating: Stars | None = None
    kind: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    """Subjects; what is below them is meant too."""
    persona: tuple[str, ...] = ()
    """At least one of these."""
    topic: tuple[str, ...] = ()
    """At least one of these."""
    language: tuple[str, ...] = ()
    """Without regions: `de` admits `de-AT`."""
    verified: bool | None = None
    origin: tuple[str, ...] = ()

    def matches(self, facts: Facts) -> bool:
        """Say whether the condition holds."""
        return (
            _admits(self.severity, facts.severity)
            and (self.rating is None or self.rating.admits(facts.rating))
            and _admits(self.kind, facts.kind)
            and _admits(self.source, facts.source)
            and _admits(self.platform, facts.platform)
            and _admits_subject(self.subject, facts.subject)
            and _admits_any(self.persona, facts.personas)
            and _admits_any(self.topic, facts.topics)
            and _admits(self.language, primary_language(facts.language))
            and (self.verified is None or self.verified == facts.verified)
            and _admits(self.origin, facts.origin)
        )


EVERYTHING: Final = Condition()


def facts_of(review: ReviewState) -> Facts:
    """Return what conditions look at, of a review's state."""
    return Facts(
        subject=review.subject,
        severity=review.severity,
        kind=review.kind,
        rating=review.rating,
        source=review.source.id,
        platform=review.source.platform,
        language=review.language,
        personas=review.personas,
        topics=review.topics,
        verified=review.verified,
        origin=review.origin,
    )


def stars(rating: float) -> int:
    """Return the whole stars of a rating: half a star counts up."""
    return math.floor(rating + 0.5)


def primary_language(tag: str | None) -> str | None:
    """Return the language of a tag without script and region, in small letters: `de` of `de-AT`."""
    return None if tag is None else tag.replace("_", "-").partition("-")[0].lower()


def _admits(wanted: tuple[str, ...], value: str | None) -> bool:
    return not wanted or value in wanted


def _admits_any(wanted: tuple[str, ...], values: Iterable[str]) -> bool:
    return not wanted or any(value in wanted for value in values)


def _admits_subject(wanted: tuple[str, ...], subject: str) -> bool:
    return not wanted or any(is_within(subject, root) for root in wanted)
