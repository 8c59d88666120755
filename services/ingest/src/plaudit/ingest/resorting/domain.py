"""What other rules say of reviews that are stored: previews, runs that apply them, and the words of a trade."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.ingest.reviews.domain.state import Review, ReviewState
from plaudit.ingest.sorting.domain.base_rates import BaseRates, Counts, PhraseRate, base_rates
from plaudit.ingest.sorting.domain.rules import CompiledRules
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sorting.domain.sort import Sorted, matches, sort
from plaudit.ingest.sorting.domain.words import Words, statement

MAX_REVIEWS: Final = 500
"""Read for a preview, the latest published ones: sorting them twice takes a tenth of a second."""
FIRST_PLACE: Final = UUID(int=0)
SETTLING: Final = timedelta(seconds=20)
"""A run begins so long after it was asked for. Then every review that is older than the run, or was sorted by rules of
before, which hooks keep for some seconds, is committed."""
MAX_COUNTED_REVIEWS: Final = 20_000
"""The latest of a tenant, from which the words of its trade are counted."""
MAX_CHANGES: Final = 50
MAX_PHRASES: Final = 10


class SortingRun(msgspec.Struct, frozen=True, kw_only=True):
    """One application of the rules in force to all stored reviews of a tenant."""

    tenant_id: str
    id: UUID
    requested_by: str
    requested_at: datetime
    place: UUID = FIRST_PLACE
    """The review up to which it is done."""
    read: int = 0
    changed: int = 0
    severities: Mapping[str, int] = {}
    """Change of severity, as `negative>drastic` → how many reviews."""
    finished_at: datetime | None = None

    def after(self, place: UUID, read: int, changes: Sequence[tuple[str, str]]) -> "SortingRun":
        """Return it after a batch.

        Args:
            place: the last review of the batch.
            read: how many reviews it had.
            changes: the severity before and after of each that changed.
        """
        moves = Counter(f"{before}>{after}" for before, after in changes if before != after)
        severities = dict(Counter(self.severities) + moves)
        return replace(
            self,
            place=place,
            read=self.read + read,
            changed=self.changed + len(changes),
            severities=severities,
        )


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


def count(counts: Counts, reviews: Iterable[ReviewState], rules: CompiledRules) -> None:
    """Count the phrases of reviews for the words of their trade."""
    for state in reviews:
        words = Words(statement(state.title, state.text))
        hits, _, _ = matches(words, rules, state.subject)
        counts.add(state.subject, state.rating, hits)


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
