"""Reviews, and what happens to them and to their clocks: builders for tests of alerting."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from plaudit.alerting.clocks.domain.clock_events import ClockEvent
from plaudit.alerting.clocks.domain.decide import ANSWER, Duty, TermsFor, decide
from plaudit.alerting.clocks.domain.due import decide_due
from plaudit.alerting.clocks.domain.run import Run, fold
from plaudit.alerting.clocks.domain.terms import Pin, Rules, Terms
from plaudit.alerting.policies.domain.conditions import facts_of
from plaudit.alerting.policies.domain.default import RENAMED, SHIPPED_ID, of_product, shipped
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.revisions import BREACH, Policies, PolicyRef, Stage
from plaudit.alerting.timers.domain import NEVER
from plaudit.common.contracts import (
    Answer,
    Kind,
    Origin,
    RawRating,
    ReviewChange,
    ReviewState,
    Severity,
    SourceRef,
)

TENANT = "default"
RULES = Rules(Policies(shipped=shipped(), of_product=of_product(), renamed=RENAMED))
"""Of a tenant that has no policy of its own."""
PUBLISHED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOURCE_CREATED = PUBLISHED - timedelta(days=30)


def at(hours: float = 0) -> datetime:
    """An instant, in hours after the publication."""
    return PUBLISHED + timedelta(hours=hours)


def review(rating: float = 1.0, **fields: object) -> ReviewState:
    """A review of `PUBLISHED`, received at once; one star unless said otherwise."""
    state = ReviewState(
        subject="acme/berlin",
        kind=Kind.STARS,
        rating=rating,
        raw_rating=RawRating(value=rating, min=1, max=5),
        verified=True,
        origin=Origin.ORGANIC,
        severity=_severity(rating),
        source=SourceRef(
            id="01956d00-0000-7000-8000-000000000001", name="Acme shop", platform="native", created_at=SOURCE_CREATED
        ),
        external_id="r-1",
        published_at=PUBLISHED,
        rated_at=PUBLISHED,
        received_at=PUBLISHED,
        title="Nobody called back",
        text="I waited two days.",
        url="https://shop.example/reviews/r-1",
    )
    return msgspec.structs.replace(state, **fields)


def answered(state: ReviewState, when: datetime, answer_state: str = "published") -> ReviewState:
    """The review with an answer."""
    return msgspec.structs.replace(state, answer=Answer(text="Sorry!", published_at=when, state=answer_state))


def rated(state: ReviewState, rating: float, when: datetime) -> ReviewState:
    """The review with another rating."""
    return msgspec.structs.replace(state, rating=rating, severity=_severity(rating), rated_at=when, edited_at=when)


def drastic(state: ReviewState, **fields: object) -> ReviewState:
    """The review, now with something drastic in its words."""
    return msgspec.structs.replace(state, severity=Severity.DRASTIC, **fields)


def _severity(rating: float) -> Severity:
    return Severity.NEGATIVE if rating < 2.5 else Severity.NORMAL


def ref_of(class_name: str) -> PolicyRef:
    """The name of a class of the shipped policy."""
    return PolicyRef(SHIPPED_ID, 1, class_name)


def terms_of(class_name: str) -> Terms:
    """The terms of a class of the shipped policy, around the clock."""
    return RULES.pinned(TENANT, Pin(ref_of(class_name)))


def terms_for(metric: Metric) -> TermsFor:
    """The terms of the shipped policy for a review."""
    return lambda state: RULES.matching(TENANT, metric, facts_of(state))


def folded(*log: ClockEvent) -> Run:
    """The present run of a log that is not empty."""
    run = fold(log, RULES.of(TENANT))
    assert run is not None
    return run


def stage(percent: int, run: Run) -> Stage:
    """The warning after a share of the time of a run around the clock, or its breach at 100."""
    if percent == 100:
        return Stage(BREACH, run.due_at)
    return Stage(f"warn:{percent}", run.anchor_at + (run.due_at - run.anchor_at) * percent / 100)


@dataclass(frozen=True)
class Given:
    """A log, and what is then made of a change or of time."""

    log: tuple[ClockEvent, ...]
    metric: Metric = Metric.FIRST_ANSWER
    duty: Duty = ANSWER

    @property
    def run(self) -> Run | None:
        """The present run of the log."""
        return fold(self.log, RULES.of(TENANT))

    def when(
        self,
        before: ReviewState | None,
        after: ReviewState | None,
        recorded: datetime = PUBLISHED,
        *,
        is_first: bool = False,
        backfill: bool = False,
        told: bool = True,
    ) -> "Then":
        """The review changes, and the change is recorded then."""
        change = changed_to(before, after, revision=1 if is_first else 2, backfill=backfill)
        terms = terms_for(self.metric)
        return Then(decide(self.run, change, recorded, terms, duty=self.duty, is_first=is_first, is_told=told))

    def when_first_seen(self, after: ReviewState) -> "Then":
        """We come to know the review."""
        return self.when(None, after, after.received_at, is_first=True)

    def when_due(self, *percents: int, now: datetime, read: bool = True, told: bool = True) -> "Then":
        """These stages have come due; all changes up to now have been read, or none, and the wait is over."""
        run = self.run
        assert run is not None
        read_until = now if read else NEVER
        due = [stage(percent, run) for percent in percents]
        return Then(decide_due(run, due, now=now, read_until=read_until, decide_until=now, is_told=told))


def changed_to(
    before: ReviewState | None, after: ReviewState | None, *, revision: int = 2, backfill: bool = False
) -> ReviewChange:
    """A change of the review."""
    return ReviewChange(review_id="review", revision=revision, before=before, after=after, backfill=backfill)


@dataclass(frozen=True)
class Then:
    """What was decided."""

    decided: tuple[ClockEvent, ...]

    def then(self, *events: ClockEvent) -> None:
        """These events, and no others, are added to the log."""
        assert self.decided == events


def given(*log: ClockEvent) -> Given:
    """A clock with this log; without one, no clock."""
    return Given(log)
