"""Reviews, and what happens to them and to their clocks: builders for tests of alerting."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from plaudit.alerting.clocks.domain.clock_events import ClockEvent
from plaudit.alerting.clocks.domain.decide import decide, decide_due
from plaudit.alerting.clocks.domain.run import fold
from plaudit.alerting.policies.domain import BUILT_IN, Policy
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


@dataclass(frozen=True)
class Given:
    """A log, and what is then made of a change or of time."""

    log: tuple[ClockEvent, ...]
    policy: Policy = BUILT_IN

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
        revision = 1 if is_first else 2
        change = ReviewChange(review_id="review", revision=revision, before=before, after=after, backfill=backfill)
        run = fold(self.log, self.policy)
        return Then(decide(run, change, recorded, self.policy, is_first=is_first, is_told=told))

    def when_first_seen(self, after: ReviewState) -> "Then":
        """We come to know the review."""
        return self.when(None, after, after.received_at, is_first=True)

    def when_due(self, *percents: int, now: datetime, read: bool = True, told: bool = True) -> "Then":
        """These stages have come due; all changes up to now have been read, or none, and the wait is over."""
        run = fold(self.log, self.policy)
        assert run is not None
        read_until = now if read else NEVER
        return Then(decide_due(run, percents, now=now, read_until=read_until, decide_until=now, is_told=told))


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
