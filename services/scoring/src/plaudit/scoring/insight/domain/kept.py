"""What insight keeps of a review, and what that adds to the counts of its days."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from operator import add, sub
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES
from plaudit.common.contracts.subjects import prefixes
from plaudit.common.text import shortened
from plaudit.scoring.insight.domain.questions import asks
from plaudit.scoring.insight.domain.review import SaidReview
from plaudit.scoring.insight.domain.terms import names_of, statement, terms_of
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, STAR_KINDS
from plaudit.scoring.topics.domain import topics_in_one

ALL: Final = ""
"""In place of a topic or of a persona: reviews whatever they mention and whoever writes them."""
LOW_BELOW: Final = 2.5
HIGH_FROM: Final = 3.5
"""One or two stars are low, four or five high; a rating between two stars is of the nearest, ties up."""
MAX_WORDS_CHARS: Final = 1_000
"""Of what is kept of a statement, for excerpts."""
MIN_SAME_CHARS: Final = 40
"""Statements that are shorter are alike by chance; longer ones that are alike are one text, pasted."""
DRASTIC: Final = "drastic"
CACHED_SOURCES: Final = 4_096


class Polarity(IntEnum):
    """Whether a review complains or praises, by its stars."""

    LOW = -1
    MIDDLE = 0
    HIGH = 1


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one review. Lists of names stand in one text, since arrays of arrays are no parameters."""

    subject: str
    source_id: UUID
    day: date
    """Of `rated_at`, in UTC."""
    polarity: int
    topics: str
    """Separated by blanks."""
    personas: str
    """Separated by blanks."""
    is_drastic: bool
    is_question: bool
    is_solved: bool
    ease: int | None
    writer: int | None = None
    """A number that stands for the person key."""
    same_text: int | None = None
    """A number that stands for a text that is long enough to be pasted."""
    stems: str = ""
    """Of its terms, one in each line."""
    surfaces: str = ""
    """The terms as they stand in the text, in the same order."""
    words: str = ""
    """The beginning of title and text."""


class StoredReview(msgspec.Struct, frozen=True):
    """A review as it is stored: at one revision, and with nothing kept where the public does not see it."""

    tenant_id: str
    review_id: UUID
    revision: int
    kept: Kept | None


class DayCounts(msgspec.Struct, frozen=True):
    """How many reviews of one day and source, or of these with some topics, or what a change adds to that."""

    low: int = 0
    middle: int = 0
    high: int = 0
    low_with_terms: int = 0
    high_with_terms: int = 0
    drastic: int = 0
    """Of the low-rated ones, as the rest."""
    questions: int = 0
    solved: int = 0
    eased: int = 0
    """How many say how easily it was solved."""
    ease_sum: int = 0
    ease_squares: int = 0

    def plus(self, other: "DayCounts", sign: int = 1) -> "DayCounts":
        """Return the sum, or the difference where the sign is -1."""
        return DayCounts(*map(add if sign > 0 else sub, self.numbers, other.numbers))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The counts, in the order of the fields."""
        return msgspec.structs.astuple(self)


DayKey: TypeAlias = tuple[str, str, str, date, int, UUID]
"""Tenant id, prefix, persona, day, topics in one number, source id."""
EntryKey: TypeAlias = tuple[str, str, str, int, date, int, UUID, UUID]
"""Tenant id, prefix, persona, polarity, day, draw, review id, source id."""
NOTHING: Final = DayCounts()


def kept_of(review: SaidReview | None) -> Kept | None:
    """Return what is kept of a review; None where the public does not see it, or its kind has no stars.

    Raises:
        ValueError: the rating is off the scale, or the source's id is no UUID.
    """
    if review is None or review.kind not in STAR_KINDS:
        return None
    if not MIN_RATING <= review.rating <= MAX_RATING:
        raise ValueError(f"rating {review.rating} is off the scale of {MIN_RATING:g} to {MAX_RATING:g}")
    polarity = _polarity(review.rating)
    written = statement(review.title, review.text)
    figures = Kept(
        subject=review.subject,
        source_id=_source_id(review.source.id),
        day=review.rated_at.astimezone(UTC).date(),
        polarity=int(polarity),
        topics=" ".join(sorted(TOPIC_TITLES.keys() & set(review.topics))),
        personas=" ".join(sorted(PERSONA_TITLES.keys() & set(review.personas))),
        is_drastic=review.severity == DRASTIC,
        is_question=polarity == Polarity.LOW and asks(written),
        is_solved=review.resolution is not None,
        ease=review.resolution.ease if review.resolution else None,
    )
    # Of the three stars in the middle only figures are counted, so no word of them is kept.
    return figures if polarity == Polarity.MIDDLE else _with_words(figures, review, written)


def day_counts(kept: Kept, tenant_id: str) -> Iterator[tuple[DayKey, DayCounts]]:
    """Yield what a review adds to each of its prefixes and personas: once, with all of its topics.

    Raises:
        ValueError: its subject is none.
    """
    counts, topics = _counts(kept), topics_in_one(tuple(kept.topics.split()))
    for path in prefixes(kept.subject):
        for persona in (ALL, *kept.personas.split()):
            yield (tenant_id, path, persona, kept.day, topics, kept.source_id), counts


def entries(kept: Kept, tenant_id: str, review_id: UUID) -> Iterator[EntryKey]:
    """Yield where a review is found by its prefixes and personas; nowhere where it has no terms."""
    if kept.stems and kept.polarity != Polarity.MIDDLE:
        draw = draw_of(review_id)
        for path in prefixes(kept.subject):
            for persona in (ALL, *kept.personas.split()):
                yield tenant_id, path, persona, kept.polarity, kept.day, draw, review_id, kept.source_id


def added(changes: Iterable[tuple[DayKey, DayCounts]], to: dict[DayKey, DayCounts], sign: int) -> None:
    """Add counts to a batch's, or take them from it where the sign is -1."""
    for key, counts in changes:
        # Most keys are of one review of the batch.
        to[key] = to[key].plus(counts, sign) if key in to else counts if sign > 0 else NOTHING.plus(counts, sign)


def draw_of(review_id: UUID) -> int:
    """Return a number from 0 to 2^31 - 1 by which a review is in a sample or not, always the same."""
    return int.from_bytes(blake2b(review_id.bytes, digest_size=4).digest()) >> 1


@lru_cache(maxsize=CACHED_SOURCES)
def _source_id(text: str) -> UUID:
    """Return a source's id, the same object each time: then keys that hold it are compared at once."""
    return UUID(text)


def _polarity(rating: float) -> Polarity:
    return Polarity.LOW if rating < LOW_BELOW else Polarity.HIGH if rating >= HIGH_FROM else Polarity.MIDDLE


def _with_words(figures: Kept, review: SaidReview, written: str) -> Kept:
    terms = terms_of(written, review.language, names_of(review.subject, review.source.platform))
    folded = " ".join(written.lower().split())
    return msgspec.structs.replace(
        figures,
        writer=_number(review.person) if review.person else None,
        same_text=_number(folded) if len(folded) >= MIN_SAME_CHARS else None,
        stems="\n".join(term.stem for term in terms),
        surfaces="\n".join(term.surface for term in terms),
        words=shortened(written, MAX_WORDS_CHARS),
    )


def _counts(kept: Kept) -> DayCounts:
    has_terms = int(bool(kept.stems))
    if kept.polarity == Polarity.HIGH:
        return DayCounts(high=1, high_with_terms=has_terms)
    if kept.polarity == Polarity.MIDDLE:
        return DayCounts(middle=1)
    ease = kept.ease or 0
    return DayCounts(
        low=1,
        low_with_terms=has_terms,
        drastic=int(kept.is_drastic),
        questions=int(kept.is_question),
        solved=int(kept.is_solved),
        eased=int(kept.ease is not None),
        ease_sum=ease,
        ease_squares=ease * ease,
    )


def _number(text: str) -> int:
    """Return 64 bits that stand for a text, as PostgreSQL's bigint takes them."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)
