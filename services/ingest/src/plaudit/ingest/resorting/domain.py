"""What other rules would say of reviews that are stored."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.sorting.domain.base_rates import BaseRates, PhraseRate, base_rates
from plaudit.ingest.sorting.domain.rules import CompiledRules
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sorting.domain.sort import Sorted, sort
from plaudit.ingest.sorting.domain.words import statement

MAX_REVIEWS: Final = 500
"""Read for a preview, the latest published ones: sorting them twice takes a tenth of a second."""
MAX_CHANGES: Final = 50
MAX_PHRASES: Final = 10


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A review that other rules judge otherwise."""

    review_id: UUID
    stars: float
    before: Sorted
    after: Sorted


class PhraseUse(msgspec.Struct, frozen=True, kw_only=True):
    """How often a phrase of drastic things is said, in bad reviews and in good ones."""

    rate: PhraseRate
    is_word_of_trade: bool
    """Whether it says nothing, as the good reviews say it too."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What other rules would change."""

    reviews: int
    bad: int
    good: int
    before: Counter[str]
    """Outcome → number of reviews, by the rules in force."""
    after: Counter[str]
    changed: int
    changes: tuple[Change, ...]
    phrases: tuple[PhraseUse, ...]
    """The most frequent ones by the other rules."""


def preview(reviews: Sequence[Review], in_force: CompiledRules, proposed: CompiledRules) -> Preview:
    """Return what proposed rules would change of these reviews, compared with the rules in force.

    Languages are told from the texts only where the proposed rules name others: nothing else changes them.
    """
    tell_language = in_force.languages != proposed.languages
    before = [_sort(review, in_force, tell_language=tell_language) for review in reviews]
    after = [_sort(review, proposed, tell_language=tell_language) for review in reviews]
    changes = [
        Change(review_id=review.id, stars=review.state.rating, before=old, after=new)
        for review, old, new in zip(reviews, before, after, strict=True)
        if _told(old) != _told(new)
    ]
    rates = base_rates((review.state.rating, new.hits) for review, new in zip(reviews, after, strict=True))
    return Preview(
        reviews=len(reviews),
        bad=rates.bad,
        good=rates.good,
        before=Counter(map(outcome, before)),
        after=Counter(map(outcome, after)),
        changed=len(changes),
        changes=tuple(changes[:MAX_CHANGES]),
        phrases=tuple(_most_frequent(rates)),
    )


def outcome(found: Sorted) -> str:
    """Return the severity in one word: `check` where a person should look."""
    return "check" if found.check else str(found.severity)


def words(found: Sorted) -> tuple[str, ...]:
    """Return what was said that makes a review drastic, or asks for a look."""
    if found.severity is not Severity.DRASTIC and not found.check:
        return ()
    counted = (hit for hit in found.hits if hit.not_counted is None)
    return tuple(found.text[hit.start : hit.end] for hit in counted)


def _sort(review: Review, rules: CompiledRules, *, tell_language: bool) -> Sorted:
    state = review.state
    return sort(
        statement(state.title, state.text),
        state.rating,
        rules,
        subject=state.subject,
        stated_language=state.language,
        tell_language=tell_language,
    )


def _told(found: Sorted) -> tuple[object, ...]:
    topics = frozenset(mark.name for mark in found.topics)
    return outcome(found), found.leave, topics, found.language.tag


def _most_frequent(rates: BaseRates) -> Iterable[PhraseUse]:
    by_use = sorted(rates.phrases, key=lambda rate: (-rate.bad - rate.good, rate.category, rate.phrase))
    for rate in by_use[:MAX_PHRASES]:
        yield PhraseUse(rate=rate, is_word_of_trade=rates.is_muted(rate))
