"""An answer of the tenant that was published, as it is kept for comparison: no text but an excerpt."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from plaudit.alerting.answers.domain.likeness import (
    SAME_FROM,
    WARN_FROM,
    Shelf,
    digest,
    is_long_enough,
    packed,
    similarity_of_bits,
    trigrams,
    unpacked,
)
from plaudit.alerting.answers.domain.masking import masked, parts_of
from plaudit.alerting.answers.domain.own_words import keys_of
from plaudit.common.text import clean, shortened

MOST_KEPT: Final = 500
"""Of a tenant: the last ones that were published."""
MAX_EXCERPT_CHARS: Final = 240
MAX_ANSWER_CHARS: Final = 10_000
"""Of an answer that are read."""
MAX_REVIEW_CHARS: Final = 5_000
REUSE_WINDOW: Final = timedelta(days=30)


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A published answer: sets of numbers that are compared, and what a person needs to know it again."""

    tenant_id: str
    review_id: str
    revision: int
    """Of the review, at which it was told."""
    subject: str
    published_at: datetime
    excerpt: str
    trigrams: bytes
    """Of its masked body, packed; empty where that is too short to compare."""
    body_digest: int
    text_digest: int
    words: bytes
    """Its content words, packed."""
    review_words: bytes
    """Those of the review that it answers, packed."""
    similarity: float | None = None
    """To the answer before it that it is most like; null where it is too short to compare."""
    repeats: int = 0
    """How many of the 30 days before it are the same text."""


class Likeness(NamedTuple):
    """The earlier answer that a text is most like."""

    similarity: float
    answer: KeptAnswer
    times: int
    """How often the same text was published in the 30 days before."""


def kept_answer(
    *, tenant_id: str, review_id: str, revision: int, subject: str, published_at: datetime,
    text: str, review_text: str, language: str | None, names: Iterable[str],
) -> KeptAnswer:  # fmt: skip
    """Return what is kept of an answer, not yet compared with others."""
    cleaned = clean(text[:MAX_ANSWER_CHARS])
    body = masked(cleaned, language=language, names=names)
    return KeptAnswer(
        tenant_id=tenant_id,
        review_id=review_id,
        revision=revision,
        subject=subject,
        published_at=published_at,
        excerpt=shortened(" ".join(cleaned.split()), MAX_EXCERPT_CHARS),
        trigrams=packed(trigrams(body)) if is_long_enough(body) else b"",
        body_digest=digest(parts_of(cleaned).body(cleaned)),
        text_digest=digest(cleaned),
        words=packed(keys_of(cleaned, language)),
        review_words=packed(keys_of(review_text[:MAX_REVIEW_CHARS], language)),
    )


class Comparison:
    """The kept answers of a tenant, ready to be compared with; the last ones that were published, the oldest first."""

    def __init__(self, answers: Iterable[KeptAnswer]) -> None:
        """Read their trigrams."""
        self._shelf = Shelf()
        self._answers: list[tuple[KeptAnswer, int]] = []
        for each in sorted(answers, key=lambda each: (each.published_at, each.review_id)):
            self.add(each)

    def __len__(self) -> int:
        """Return how many can be compared with."""
        return len(self._answers)

    def bits(self, numbers: Iterable[int]) -> int:
        """Return trigrams as `contained` and `similarity_of_bits` take them."""
        return self._shelf.bits(numbers)

    def bits_of(self, answer: KeptAnswer) -> int:
        """Return the trigrams of a kept answer."""
        return self._shelf.bits(unpacked(answer.trigrams))

    def add(self, answer: KeptAnswer) -> None:
        """Compare with one more from now on, if it is long enough."""
        if answer.trigrams:
            self._answers.append((answer, self.bits_of(answer)))
            del self._answers[:-MOST_KEPT]

    def nearest(self, bits: int, before: datetime, *, but: str = "") -> Likeness | None:
        """Return the answer that a text is most like; of several equally like, the latest.

        Args:
            bits: the text's trigrams.
            before: only answers that were published earlier.
            but: the id of a review whose own answer is left out.
        """
        best: tuple[float, KeptAnswer] | None = None
        times = 0
        for answer, other in self._answers:
            if answer.published_at >= before or answer.review_id == but:
                continue
            likeness = similarity_of_bits(bits, other)
            if best is None or likeness >= best[0]:
                best = likeness, answer
            times += likeness >= SAME_FROM and answer.published_at > before - REUSE_WINDOW
        return None if best is None else Likeness(*best, times)

    def compared(self, answer: KeptAnswer) -> KeptAnswer:
        """Return a published answer with how like an earlier one it is."""
        if not answer.trigrams:
            return answer
        found = self.nearest(self.bits_of(answer), answer.published_at, but=answer.review_id)
        return msgspec.structs.replace(
            answer,
            similarity=round(found.similarity, 4) if found else 0.0,
            repeats=found.times if found else 0,
        )


class Individuality(msgspec.Struct, frozen=True, kw_only=True):
    """How individual a tenant's last answers are."""

    answers: int
    """That are kept."""
    compared: int
    """Of them, those that are long enough."""
    individual: int
    """Less like any earlier one than `WARN_FROM`."""
    near_copies: int
    same_texts: int
    reused_in_30_days: int
    """Published in the last 30 days, with the same text in the 30 days before it."""
    most_repeats: int
    """The most times that one text had been published within 30 days."""

    @property
    def share(self) -> float | None:
        """The share of individual ones; None where none can be compared."""
        return self.individual / self.compared if self.compared else None


def individuality(answers: Sequence[tuple[datetime, float | None, int]], now: datetime) -> Individuality:
    """Return how individual answers are: publication, similarity and repeats of each."""
    likenesses = [likeness for _, likeness, _ in answers if likeness is not None]
    recent = [repeats for published_at, _, repeats in answers if published_at > now - REUSE_WINDOW]
    return Individuality(
        answers=len(answers),
        compared=len(likenesses),
        individual=sum(each < WARN_FROM for each in likenesses),
        near_copies=sum(WARN_FROM <= each < SAME_FROM for each in likenesses),
        same_texts=sum(each >= SAME_FROM for each in likenesses),
        reused_in_30_days=sum(repeats > 0 for repeats in recent),
        most_repeats=max((repeats for _, _, repeats in answers), default=0),
    )
