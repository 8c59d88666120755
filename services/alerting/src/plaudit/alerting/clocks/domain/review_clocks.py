"""All clocks about one review, and what a revision of the review makes of them."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import reduce
from typing import Final, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from plaudit.alerting.clocks.domain.about import AboutKind, about_review
from plaudit.alerting.clocks.domain.clock import FIRST, NO_STREAM, Clock, Stream, clock_id
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, Started
from plaudit.alerting.clocks.domain.decide import ANSWER, FIRST_RESOLUTION, TOTAL_RESOLUTION, Duty, TermsFor, decide
from plaudit.alerting.clocks.domain.follow_up import decide_follow_up
from plaudit.alerting.clocks.domain.next_answer import decide_next_answer, start_next_answer
from plaudit.alerting.clocks.domain.pauses import overlapped
from plaudit.alerting.clocks.domain.run import apply, fold
from plaudit.alerting.clocks.domain.terms import Rules
from plaudit.alerting.policies.domain.conditions import facts_of
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import CUSTOMERS, REVIEWS, Answers, ReviewChange, ReviewState

PartitionOf: TypeAlias = Callable[[str], int]
"""Key → the partition of a topic in which its records are."""
DUTIES: Final[tuple[tuple[Metric, Duty], ...]] = (
    (Metric.FIRST_ANSWER, ANSWER),
    (Metric.RESOLUTION_FIRST, FIRST_RESOLUTION),
    (Metric.RESOLUTION_TOTAL, TOTAL_RESOLUTION),
)
"""What is due from the publication of a review on."""
TOLD_BY_THE_SOURCE: Final = frozenset((Metric.FIRST_ANSWER, Metric.NEXT_ANSWER))
"""What only the platform knows; the rest happens at ours."""


class ReviewRevision(msgspec.Struct, frozen=True, gc=False):
    """A change of a review, as it was read from the bus."""

    tenant_id: str
    partition: int
    recorded_at: datetime
    change: ReviewChange
    is_first: bool
    """Whether the review was created by it."""
    traceparent: str | None = None
    tracestate: str | None = None
    is_erasure: bool = False

    @property
    def review_key(self) -> tuple[str, str]:
        """The review, among those of all tenants."""
        return self.tenant_id, self.change.review_id

    def shown_by(self, clock: Clock) -> Clock:
        """Return a clock about the review, with what it says of it now."""
        change = self.change
        if change.after is None:
            return replace(clock, review_revision=change.revision)
        return replace(
            clock,
            review_revision=change.revision,
            about=about_review(change.review_id, change.after, AboutKind(clock.about.kind)),
            answers=self.answers_for(clock.metric),
        )

    def answers_for(self, metric: str) -> str:
        """Return whether what is due is told, for clocks of a metric."""
        return self.change.answers if metric in TOLD_BY_THE_SOURCE else Answers.TOLD


class ReviewClocks:
    """The clocks about one review: of each metric one, or several instances."""

    def __init__(self) -> None:
        self._clocks: dict[tuple[str, int], Clock] = {}

    def add(self, clock: Clock) -> None:
        """Take a clock as it stands now, in place of what it was."""
        self._clocks[clock.metric, clock.instance] = clock

    @property
    def all(self) -> list[Clock]:
        """Every clock."""
        return list(self._clocks.values())

    @property
    def revision(self) -> int:
        """The newest revision of the review that any of them has seen; 0 if there is none."""
        return max((clock.review_revision for clock in self._clocks.values()), default=0)

    def newest(self, metric: str) -> Clock | None:
        """Return the last instance of a metric."""
        of_metric = [clock for (name, _), clock in self._clocks.items() if name == metric]
        return max(of_metric, key=lambda clock: clock.instance, default=None)


class Decided(NamedTuple):
    """What is added to the log of a clock."""

    clock: Clock
    """As it was before; a new one as it stands after its first event."""
    events: tuple[ClockEvent, ...]
    """Those of a known clock."""
    started: Started | None = None
    """The first event of a new clock."""


def decide_overlaps(revision: ReviewRevision, clocks: ReviewClocks) -> Iterator[Decided]:
    """Yield what a revision adds to the logs of clocks whose time stands still, once all else is decided."""
    for clock in clocks.all:
        events = overlapped(clock.run, revision.change, revision.recorded_at)
        if events:
            yield Decided(clock, events)


def decide_revision(
    revision: ReviewRevision, clocks: ReviewClocks, rules: Rules, partition_of: PartitionOf
) -> Iterator[Decided]:
    """Yield what a revision of a review adds to the logs of the clocks about it, and which clocks it starts.

    Args:
        revision: newer than what the clocks have seen.
        clocks: all clocks about the review.
        rules: the tenant's policies and calendars.
        partition_of: finds the partition of a key.

    Raises:
        KeyError: the terms of a clock are not stored.
    """
    change, at = revision.change, revision.recorded_at

    def decided(metric: Metric, clock: Clock | None, events: tuple[ClockEvent, ...]) -> Iterator[Decided]:
        if events and clock is None:
            yield _begun(revision, metric, FIRST, events, rules, partition_of)
        elif events and clock is not None:
            yield Decided(clock, events)

    for metric, duty in DUTIES:
        clock = clocks.newest(metric)
        terms_for = _terms_for(rules, revision.tenant_id, metric)
        is_told = revision.answers_for(metric) != Answers.UNTOLD if clock is None else clock.is_told
        run = None if clock is None else clock.run
        events = decide(run, change, at, terms_for, duty=duty, is_first=revision.is_first, is_told=is_told)
        yield from decided(metric, clock, events)
    yield from _next_answer(revision, clocks.newest(Metric.NEXT_ANSWER), rules, partition_of)
    clock = clocks.newest(Metric.FOLLOW_UP)
    terms_for = _terms_for(rules, revision.tenant_id, Metric.FOLLOW_UP)
    run = None if clock is None else clock.run
    events = decide_follow_up(run, change, at, terms_for, is_first=revision.is_first)
    yield from decided(Metric.FOLLOW_UP, clock, events)


def _next_answer(
    revision: ReviewRevision, clock: Clock | None, rules: Rules, partition_of: PartitionOf
) -> Iterator[Decided]:
    """Yield what ends the newest clock for a next answer, and the one that begins."""
    terms_for = _terms_for(rules, revision.tenant_id, Metric.NEXT_ANSWER)
    run, instance = None, FIRST
    if clock is not None:
        run, instance = clock.run, clock.instance + 1
        events = decide_next_answer(run, revision.change, revision.recorded_at, terms_for, is_told=clock.is_told)
        if events:
            yield Decided(clock, events)
        terms_of = rules.of(revision.tenant_id)
        run = reduce(lambda before, event: apply(before, event, terms_of), events, run)
    if run is None or not run.waiting:
        started = start_next_answer(run, revision.change, revision.recorded_at, terms_for)
        if started:
            yield _begun(revision, Metric.NEXT_ANSWER, instance, started, rules, partition_of)


def _begun(
    revision: ReviewRevision,
    metric: Metric,
    instance: int,
    events: tuple[ClockEvent, ...],
    rules: Rules,
    partition_of: PartitionOf,
) -> Decided:
    """Return a new clock, as it stands after its first event."""
    started, *later = events
    change, tenant_id = revision.change, revision.tenant_id
    run = fold((started,), rules.of(tenant_id))
    if change.after is None or run is None or not isinstance(started, Started):
        raise ValueError(f"a clock of {metric} cannot begin with {type(started).__name__}")
    kind = AboutKind.REVIEW_CONTACT if metric is Metric.FOLLOW_UP else AboutKind.REVIEW
    clock = Clock(
        tenant_id=tenant_id,
        id=clock_id(tenant_id, change.review_id, metric, instance),
        metric=metric,
        stream=_stream(revision, change.after, metric, partition_of),
        review_revision=change.revision,
        about=about_review(change.review_id, change.after, kind),
        run=run,
        instance=instance,
        answers=revision.answers_for(metric),
    )
    return Decided(clock, tuple(later), started)


def _stream(revision: ReviewRevision, review: ReviewState, metric: Metric, partition_of: PartitionOf) -> Stream:
    """Return where what could fulfil a clock of the metric is written."""
    if metric is not Metric.FOLLOW_UP:
        return Stream(REVIEWS.name, revision.partition)
    if review.person is None:
        return NO_STREAM
    return Stream(CUSTOMERS.name, partition_of(f"{revision.tenant_id}/{review.person}"))


def _terms_for(rules: Rules, tenant_id: str, metric: Metric) -> TermsFor:
    return lambda review: rules.matching(tenant_id, metric, facts_of(review))
