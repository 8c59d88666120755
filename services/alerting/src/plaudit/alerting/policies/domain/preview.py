"""What a policy would have done with the reviews of the last days: how many clocks, and how many of them late.

It looks at reviews as they stand now. What they do not tell is not guessed: whether somebody was contacted in private,
how often an author wrote again, and how incidents were handled is known only once clocks run.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from plaudit.alerting.calendars.domain import Calendar
from plaudit.alerting.policies.domain.conditions import Facts
from plaudit.alerting.policies.domain.metrics import METRICS, About, Metric
from plaudit.alerting.policies.domain.revisions import Class, PolicyRef, PolicyRevision
from plaudit.alerting.reviews.domain import Review

PREVIEWED: Final = timedelta(days=30)
MAX_PREVIEWED: Final = 100_000
"""Reviews that are looked at, the latest."""
MAX_EXAMPLES: Final = 20
_NOT_FORETOLD: Final = frozenset({Metric.NEXT_ANSWER, Metric.INCIDENT_UPDATE, Metric.STATUTORY})
"""Metrics of which reviews as they stand do not tell how many clocks would have started."""


class ClassPreview(msgspec.Struct, kw_only=True):
    """What a class would have done."""

    name: str
    metric: Metric
    started: int | None = 0
    """Clocks; none where it cannot be known."""
    late: int | None = 0
    """Of these, those that were answered too late, or are overdue; none where it cannot be known."""
    open: int = 0
    """Of these, those that are not due yet and wait."""
    unknown: int = 0
    """Of these, those that are overdue where answers are not told."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would have done."""

    since: datetime
    reviews: int
    """Reviews that were looked at."""
    is_cut: bool
    """Whether there were more."""
    without_clock: int
    """Reviews that start no clock whatever the policy says: they came with an answer, or by an import of old ones."""
    classes: tuple[ClassPreview, ...]
    without_class: int
    """Reviews that have to be answered by no class."""
    examples: tuple[Review, ...]
    """The latest of these."""


def preview(
    revision: PolicyRevision,
    reviews: Iterable[Review],
    calendars: Mapping[str, Calendar],
    now: datetime,
    *,
    is_cut: bool = False,
) -> Preview:
    """Return what a policy would have done.

    Args:
        revision: the policy.
        reviews: those that were published in the time that is looked at, the latest first.
        calendars: name → calendar in force, of those that the policy names.
        now: until when clocks would have run.
        is_cut: whether there were more reviews.
    """
    found = {each.ref: _empty(each) for each in revision.classes}
    count = without_clock = without_class = 0
    examples: list[Review] = []
    for review in reviews:
        count += 1
        if starts_no_clock(review):
            without_clock += 1
            continue
        facts = facts_of_row(review)
        if not _count_first_answer(revision, facts, review, calendars, now, found) and _is_public(facts):
            without_class += 1
            examples += [review] if len(examples) < MAX_EXAMPLES else []
        _count_later_ones(revision, facts, review, calendars, now, found)
    return Preview(
        since=now - PREVIEWED,
        reviews=count,
        is_cut=is_cut,
        without_clock=without_clock,
        classes=tuple(found[each.ref] for each in revision.classes),
        without_class=without_class,
        examples=tuple(examples),
    )


def starts_no_clock(review: Review) -> bool:
    """Say whether a review starts no clock whatever the policy says."""
    came_answered = review.answered_at is not None and review.answered_at <= review.received_at
    return review.is_backfill or came_answered or review.published_at < review.source_created_at


def facts_of_row(review: Review) -> Facts:
    """Return what conditions look at, of the row of a review."""
    return Facts(
        subject=review.subject,
        severity=review.severity,
        kind=review.kind,
        rating=review.rating,
        source=review.source_id,
        platform=review.platform,
        language=review.language,
        personas=review.personas,
        topics=review.topics,
        verified=review.verified,
        origin=review.origin,
    )


def _empty(each: Class) -> ClassPreview:
    if each.metric in _NOT_FORETOLD or METRICS[each.metric].about is About.INCIDENT:
        return ClassPreview(name=each.name, metric=each.metric, started=None, late=None)
    late = None if each.metric is Metric.FOLLOW_UP else 0
    return ClassPreview(name=each.name, metric=each.metric, late=late)


def _is_public(facts: Facts) -> bool:
    return facts.kind in METRICS[Metric.FIRST_ANSWER].kinds


def _count_first_answer(
    revision: PolicyRevision,
    facts: Facts,
    review: Review,
    calendars: Mapping[str, Calendar],
    now: datetime,
    found: Mapping[PolicyRef, ClassPreview],
) -> bool:
    """Count the first answer of a review; return whether a class is for it."""
    each = revision.matching(Metric.FIRST_ANSWER, facts)
    if each is None:
        return False
    due = each.due_at(review.published_at, review.received_at, calendars[each.calendar])
    _count(found[each.ref], review, due, review.answered_at, now, is_told=review.is_told)
    return True


def _count_later_ones(
    revision: PolicyRevision,
    facts: Facts,
    review: Review,
    calendars: Mapping[str, Calendar],
    now: datetime,
    found: Mapping[PolicyRef, ClassPreview],
) -> None:
    """Count the follow-up, which starts with the answer, and the resolution, which ingest always tells."""
    follow_up = None if review.answered_at is None else revision.matching(Metric.FOLLOW_UP, facts)
    if follow_up is not None:
        of = found[follow_up.ref]
        of.started = (of.started or 0) + 1
    for metric in (Metric.RESOLUTION_FIRST, Metric.RESOLUTION_TOTAL):
        each = revision.matching(metric, facts)
        if each is not None:
            due = each.due_at(review.published_at, review.received_at, calendars[each.calendar])
            _count(found[each.ref], review, due, review.resolved_at, now, is_told=True)


def _count(
    of: ClassPreview, review: Review, due: datetime | None, done_at: datetime | None, now: datetime, *, is_told: bool
) -> None:
    of.started = (of.started or 0) + 1
    ended = [at for at in (done_at, review.removed_at) if at is not None]
    if due is None or (ended and min(ended) <= due):
        return
    if due > now:
        of.open += 1
    elif done_at is None and not is_told:
        of.unknown += 1
    else:
        of.late = (of.late or 0) + 1
