"""What is found in a draft of an answer. All of it is advice; nothing keeps anybody from publishing.

Spans count Unicode code points of the draft as it came, from 0; the end is not part of it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from plaudit.alerting.answers.domain import own_words, readability
from plaudit.alerting.answers.domain.composed import composed, normal
from plaudit.alerting.answers.domain.kept_answer import REUSE_WINDOW, Comparison, KeptAnswer, Likeness
from plaudit.alerting.answers.domain.likeness import (
    MIN_CHARS,
    MIN_WORDS,
    SAME_FROM,
    WARN_FROM,
    contained,
    digest,
    is_long_enough,
    trigrams,
    unpacked,
)
from plaudit.alerting.answers.domain.masking import masked, masked_part, parts_of
from plaudit.alerting.answers.domain.phrases import level, spans
from plaudit.alerting.answers.domain.readability import Readability
from plaudit.alerting.answers.domain.wording import LANGUAGES, Wording, language_of, wording
from plaudit.common.contracts import Severity

MAX_NEGATIVE_RATING: Final = 2.5
"""Below it, a review is negative where nothing is said of its severity."""
SHARED_FROM: Final = 0.8
"""A sentence is marked as copied when the earlier answer has this share of its trigrams."""
_QUESTION_MARKS: Final = "?\uff1f\u061f"
_REACHED_AT: Final = ("https://", "http://", "www.", "@")


class Kind(StrEnum):
    """What may be found."""

    SAME_TEXT = "same_text"
    NEAR_COPY = "near_copy"
    ONLY_GREETING_DIFFERS = "only_greeting_differs"
    NOTHING_OF_THE_REVIEW = "nothing_of_the_review"
    NO_APOLOGY = "no_apology"
    NO_QUESTION_OR_OFFER = "no_question_or_offer"
    HARD_TO_READ = "hard_to_read"
    COUNTER_ATTACK = "counter_attack"


class Span(NamedTuple):
    """A part of the draft, in code points."""

    start: int
    end: int


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered."""

    text: str
    rating: float | None = None
    severity: Severity | None = None
    author: str | None = None
    """The name that is shown with the review."""
    product: str | None = None
    subject: str | None = None

    @property
    def is_negative(self) -> bool:
        """Say whether an apology is justified."""
        if self.severity is not None:
            return self.severity is not Severity.NORMAL
        return self.rating is not None and self.rating < MAX_NEGATIVE_RATING

    @property
    def names(self) -> tuple[str, ...]:
        """What names the customer, the product and the subject."""
        return tuple(each for each in (self.author, self.product, self.subject) if each)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is not published yet."""

    text: str
    language: str
    """Its tag, such as `de-AT`."""
    review: Review
    review_id: str | None = None
    """Whose own published answer, if it has one, is not an earlier one."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something to look at again."""

    kind: Kind
    spans: tuple[Span, ...]
    """Where in the draft; none where something is missing."""
    message: str
    advice: str
    earlier: Likeness | None = None


class Skipped(NamedTuple):
    """What was not judged, and why."""

    kind: Kind
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    compared_with: int
    """Earlier answers."""
    nearest: Likeness | None
    readability: Readability | None


def check(draft: Draft, kept: Sequence[KeptAnswer], now: datetime) -> Report:
    """Return what is found in a draft.

    Args:
        draft: with the review that it answers.
        kept: the tenant's last published answers.
        now: the time; answers of later are not earlier ones.
    """
    whole = composed(draft.text)
    report = _checked(msgspec.structs.replace(draft, text=whole.text, review=_composed(draft.review)), kept, now)
    moved = tuple(
        msgspec.structs.replace(
            each, spans=tuple(Span(whole.place(span.start), whole.place(span.end)) for span in each.spans)
        )
        for each in report.findings
    )
    return msgspec.structs.replace(report, findings=moved)


def _composed(review: Review) -> Review:
    named = {name: None if (said := getattr(review, name)) is None else normal(said) for name in ("author", "product")}
    return msgspec.structs.replace(review, text=normal(review.text), **named)


def _checked(draft: Draft, kept: Sequence[KeptAnswer], now: datetime) -> Report:
    code = language_of(draft.language)
    comparison = Comparison(each for each in kept if each.review_id != draft.review_id)
    body = masked(draft.text, language=code, names=draft.review.names)
    nearest = _nearest(body, comparison, now)
    read = readability.readability(parts_of(draft.text).body(draft.text), code)
    told = (
        *_copied(draft, body, kept, comparison, nearest, now),
        *_nothing_of_the_review(draft, code, kept),
        *_by_words(draft, code),
        *_hard_to_read(draft, read),
    )
    return Report(
        findings=tuple(each for each in told if isinstance(each, Finding)),
        skipped=tuple(each for each in told if isinstance(each, Skipped)),
        compared_with=len(comparison),
        nearest=nearest,
        readability=read,
    )


def _nearest(body: str, comparison: Comparison, now: datetime) -> Likeness | None:
    return comparison.nearest(comparison.bits(trigrams(body)), now) if is_long_enough(body) else None


def _copied(
    draft: Draft,
    body: str,
    kept: Sequence[KeptAnswer],
    comparison: Comparison,
    nearest: Likeness | None,
    now: datetime,
) -> Iterator[Finding | Skipped]:
    if not is_long_enough(body):
        reason = (
            f"Without greeting, sign-off, names and numbers it has fewer than {MIN_CHARS} characters or {MIN_WORDS} "
            "words: texts so short are alike by chance."
        )
        yield from (Skipped(kind, reason) for kind in (Kind.NEAR_COPY, Kind.ONLY_GREETING_DIFFERS))
        return
    twin = _of_equal_body(draft, kept, now)
    if twin is not None:
        yield _only_greeting_differs(draft, Likeness(1.0, twin, nearest.times if nearest else 0))
    elif nearest is not None and nearest.similarity >= WARN_FROM:
        yield _like_an_earlier_one(draft, comparison, nearest)


def _of_equal_body(draft: Draft, kept: Sequence[KeptAnswer], now: datetime) -> KeptAnswer | None:
    """Return the latest answer with the same body under another greeting or sign-off, None where there is none."""
    body, whole = digest(parts_of(draft.text).body(draft.text)), digest(draft.text)
    twins = [
        each
        for each in kept
        if each.body_digest == body and each.review_id != draft.review_id and each.published_at < now
    ]
    if not twins or any(each.text_digest == whole for each in twins):
        return None
    return max(twins, key=lambda each: each.published_at)


def _only_greeting_differs(draft: Draft, earlier: Likeness) -> Finding:
    parts = parts_of(draft.text)
    ends = (Span(0, parts.body_start), Span(parts.body_end, len(draft.text)))
    return Finding(
        kind=Kind.ONLY_GREETING_DIFFERS,
        spans=tuple(_trimmed(draft.text, each) for each in ends if draft.text[each.start : each.end].strip()),
        message=f"Only the greeting or the sign-off differs from an answer of {_day(earlier)}.",
        advice="Write what is true of this customer alone: what happened to them, and what you do about it.",
        earlier=earlier,
    )


def _like_an_earlier_one(draft: Draft, comparison: Comparison, nearest: Likeness) -> Finding:
    is_same = nearest.similarity >= SAME_FROM
    often = (
        f" The same text was published {_times(nearest.times)} in {REUSE_WINDOW.days} days." if nearest.times else ""
    )
    return Finding(
        kind=Kind.SAME_TEXT if is_same else Kind.NEAR_COPY,
        spans=_shared_sentences(draft, comparison, nearest),
        message=(
            f"It is {'the same text as' if is_same else 'near'} an answer of {_day(nearest)}: "
            f"{nearest.similarity:.0%} alike without names, numbers, greeting and sign-off.{often}"
        ),
        advice="Keep what has to be said the same, and write the marked sentences anew for this customer.",
        earlier=nearest,
    )


def _shared_sentences(draft: Draft, comparison: Comparison, nearest: Likeness) -> tuple[Span, ...]:
    parts, whole = parts_of(draft.text), comparison.bits_of(nearest.answer)
    found = []
    for sentence in readability.sentences(parts.body(draft.text)):
        start, end = parts.body_start + sentence.start, parts.body_start + sentence.end
        said = masked_part(draft.text[start:end], language=language_of(draft.language), names=draft.review.names)
        if contained(comparison.bits(trigrams(said)), whole) >= SHARED_FROM:
            found.append(Span(start, end))
    return tuple(found) or (_trimmed(draft.text, Span(parts.body_start, parts.body_end)),)


def _nothing_of_the_review(draft: Draft, code: str | None, kept: Sequence[KeptAnswer]) -> Iterator[Finding | Skipped]:
    texts = [unpacked(stored) for each in kept for stored in (each.words, each.review_words)]
    asked = own_words.rare(own_words.keys_of(draft.review.text, code), own_words.frequencies(texts), len(texts))
    if len(asked) < own_words.MIN_OWN_WORDS:
        yield Skipped(Kind.NOTHING_OF_THE_REVIEW, "The review holds hardly a word of its own that could be taken up.")
    elif not asked & own_words.keys_of(draft.text, code):
        yield Finding(
            kind=Kind.NOTHING_OF_THE_REVIEW,
            spans=(),
            message=f"It takes up nothing of what this review says{_quoted(draft.review.text, code, asked)}.",
            advice="Name what the customer wrote about in their own words, so that they see that somebody read it.",
        )


def _by_words(draft: Draft, code: str | None) -> Iterator[Finding | Skipped]:
    if code is None:
        reason = f"There are lists of words for {', '.join(LANGUAGES)}, and none for this language."
        kinds = (Kind.NO_APOLOGY, Kind.NO_QUESTION_OR_OFFER, Kind.COUNTER_ATTACK)
        yield from (Skipped(kind, reason) for kind in kinds)
        return
    words, levelled = wording(code), level(draft.text)
    if draft.review.is_negative:
        yield from _no_apology(words, levelled)
        yield from _no_question_or_offer(words, levelled)
    yield from _counter_attack(words, levelled)


def _no_apology(words: Wording, levelled: str) -> Iterator[Finding]:
    if words.apologies.search(levelled) is None:
        yield Finding(
            kind=Kind.NO_APOLOGY,
            spans=(),
            message="The review is negative, and the answer does not say that you are sorry.",
            advice="Say that you are sorry for what happened. It admits no guilt, and is what most readers look for.",
        )


def _no_question_or_offer(words: Wording, levelled: str) -> Iterator[Finding]:
    is_asked = any(mark in levelled for mark in _QUESTION_MARKS)
    if not is_asked and words.offers.search(levelled) is None and not any(each in levelled for each in _REACHED_AT):
        yield Finding(
            kind=Kind.NO_QUESTION_OR_OFFER,
            spans=(),
            message="It neither asks anything nor offers contact: the conversation ends here.",
            advice="Ask for what you need to help, or say who can be reached, and how.",
        )


_BLAME: Final = {
    "attack": "accuses or belittles the customer",
    "your_fault": "says that it is the customer's fault",
    "denial": "denies that anything went wrong",
    "others_are_happy": "says that nobody else complains",
}


def _counter_attack(words: Wording, levelled: str) -> Iterator[Finding]:
    for kind, pattern in words.blame.items():
        marked = tuple(Span(*each) for each in spans(pattern, levelled))
        if marked:
            yield Finding(
                kind=Kind.COUNTER_ATTACK,
                spans=marked,
                message=f"It may be read as a counter-attack: it {_BLAME[kind]}.",
                advice="Say what you know and what you do. Settle in private who is right: others read along.",
            )


def _hard_to_read(draft: Draft, read: Readability | None) -> Iterator[Finding | Skipped]:
    parts = parts_of(draft.text)
    long = [
        each for each in readability.sentences(parts.body(draft.text)) if each.words > readability.MAX_SENTENCE_WORDS
    ]
    is_hard = read is not None and read.is_hard
    if long or is_hard:
        said = [f"{_sentences(len(long))} more than {readability.MAX_SENTENCE_WORDS} words"] if long else []
        if read is not None and is_hard:
            said.append(f"by the formula {read.formula} it has {read.score:g} points, which is difficult")
        words = "; ".join(said)
        yield Finding(
            kind=Kind.HARD_TO_READ,
            spans=tuple(Span(parts.body_start + each.start, parts.body_start + each.end) for each in long),
            message=f"It is hard to read: {words}.",
            advice="Split long sentences, and use the short and common words that the customer uses.",
        )
    elif read is None:
        yield Skipped(
            Kind.HARD_TO_READ,
            f"It has fewer than {readability.MIN_WORDS} words; only the length of its sentences was looked at.",
        )


def _quoted(text: str, code: str | None, asked: set[int]) -> str:
    """Return words that could be taken up, as they stand in the review."""
    found = dict.fromkeys(
        text[word.start : word.end] for word in own_words.content_words(text, code) if word.key in asked
    )
    return f", such as {', '.join(f'“{each}”' for each in list(found)[:3])}"


def _trimmed(text: str, span: Span) -> Span:
    part = text[span.start : span.end]
    return Span(span.start + len(part) - len(part.lstrip()), span.end - len(part) + len(part.rstrip()))


def _day(earlier: Likeness) -> str:
    at = earlier.answer.published_at
    return f"{at.day} {at:%B %Y}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _sentences(number: int) -> str:
    return "one sentence has" if number == 1 else f"{number} sentences have"
