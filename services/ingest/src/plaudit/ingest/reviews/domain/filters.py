"""What a list of reviews is narrowed to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.ingest.reviews.domain.marks import mark, star_marks
from plaudit.ingest.reviews.domain.traits import asked
from plaudit.ingest.reviews.domain.words import words
from plaudit.ingest.sorting.domain.severity import Severity

LEAST_OF_NORMAL: Final = 2.5
"""A rating below it is negative or drastic, and no other is: `severity.is_low`."""


@dataclass(frozen=True)
class Filters:
    """Which reviews a list holds; what is None does not restrict it. Times are half-open ranges."""

    subject: str | None = None
    source_id: UUID | None = None
    platform: str | None = None
    external_id: str | None = None
    kind: str | None = None
    severity: str | None = None
    language: str | None = None
    verified: bool | None = None
    origin: str | None = None
    topic: str | None = None
    persona: str | None = None
    check: bool | None = None
    rating_gte: float | None = None
    rating_lt: float | None = None
    published_after: datetime | None = None
    published_before: datetime | None = None
    changed_after: datetime | None = None
    changed_before: datetime | None = None
    answered: str | None = None
    """`true`, `false` or `unknown`: on a platform that does not tell, a review without an answer is unknown."""
    text: str | None = None
    removed: bool | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters with what had to be looked up for them."""

    filters: Filters
    removed: bool | None
    source_ids: Sequence[UUID] | None = None
    """Only those of these sources."""
    other_source_ids: Sequence[UUID] = ()
    """None of these."""
    has_answer: bool | None = None

    @property
    def traits(self) -> tuple[int, int]:
        """The bits of traits to look at, and which of them must be set."""
        return asked(self.filters.topic, self.filters.persona, self.filters.check)

    @property
    def ratings(self) -> tuple[float | None, float | None]:
        """From and below which ratings they are: what a severity says of them too."""
        at_least, below = self.filters.rating_gte, self.filters.rating_lt
        if self.filters.severity == Severity.NORMAL:
            at_least = LEAST_OF_NORMAL if at_least is None else max(at_least, LEAST_OF_NORMAL)
        elif self.filters.severity is not None:
            below = LEAST_OF_NORMAL if below is None else min(below, LEAST_OF_NORMAL)
        return at_least, below

    @property
    def is_empty(self) -> bool:
        """Whether nothing can match."""
        filters = self.filters
        ranges = (
            self.ratings,
            (filters.published_after, filters.published_before),
            (filters.changed_after, filters.changed_before),
        )
        has_no_words = filters.text is not None and not words(filters.text)
        return has_no_words or self.source_ids == [] or any(_is_empty(*each) for each in ranges)

    @property
    def narrows(self) -> bool:
        """Whether anything is asked at all."""
        return any(getattr(self.filters, each.name) is not None for each in fields(Filters))

    @property
    def found_words(self) -> list[Sequence[str]]:
        """The marks of what words say: of each group, a review has one."""
        filters = self.filters
        return _groups({"topic": filters.topic, "persona": filters.persona, "check": filters.check})

    @property
    def marked(self) -> list[Sequence[str]]:
        """All marks that a review must have: of each group, one."""
        filters = self.filters
        groups = _groups(
            {
                "subject": filters.subject,
                "external": filters.external_id,
                "kind": filters.kind,
                "severity": filters.severity,
                "language": filters.language,
                "verified": filters.verified,
                "origin": filters.origin,
                "answered": self.has_answer,
                "removed": self.removed or None,
            }
        )
        if self.source_ids is not None:
            groups.append([mark("source", source_id) for source_id in self.source_ids])
        if filters.rating_gte is not None or filters.rating_lt is not None:
            groups.append(star_marks(filters.rating_gte, filters.rating_lt))
        return [*groups, *self.found_words]

    @property
    def asks_change(self) -> bool:
        """Whether the time of the last change matters, which the indexes of lists do not hold."""
        return self.filters.changed_after is not None or self.filters.changed_before is not None


def wanted(
    filters: Filters, *, removed: bool | None, platforms: Mapping[UUID, str], silent: Collection[UUID]
) -> Wanted:
    """Return filters with what they say of sources.

    Args:
        filters: what is asked for.
        removed: whether only removed ones, or only others.
        platforms: source → its platform; may be empty where no platform is asked for.
        silent: the sources at which answers are not told.
    """
    source_ids = None if filters.source_id is None else [filters.source_id]
    if filters.platform is not None:
        on_platform = [source_id for source_id, platform in platforms.items() if platform == filters.platform]
        source_ids = on_platform if source_ids is None else [each for each in source_ids if each in on_platform]
    if filters.answered == "unknown":
        source_ids = sorted(silent) if source_ids is None else [each for each in source_ids if each in silent]
    if filters.answered == "false" and source_ids is not None:
        source_ids = [each for each in source_ids if each not in silent]
    others = sorted(silent) if filters.answered == "false" and source_ids is None else ()
    has_answer = None if filters.answered is None else filters.answered == "true"
    return Wanted(filters, removed, source_ids, others, has_answer)


def _is_empty(first: Any, end: Any) -> bool:
    return first is not None and end is not None and first >= end


def _groups(singles: Mapping[str, object]) -> list[Sequence[str]]:
    return [[mark(name, value)] for name, value in singles.items() if value is not None]
