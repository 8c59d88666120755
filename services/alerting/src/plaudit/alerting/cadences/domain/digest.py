"""The weekly digest: what waits, what was late, what moved, what customers complained of, and what went well."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from plaudit.alerting.reports.domain.look_up import NOTHING_TO_LOOK_UP, LookUp, lines_of, without_addresses
from plaudit.alerting.reports.domain.look_up import TITLE as TO_LOOK_UP
from plaudit.common.numerals import counted
from plaudit.common.time_zones import in_words as moment
from plaudit.common.time_zones import zone_of

MAX_LINES: Final = 10
"""Of each list; what is left out is counted."""
MIN_MOVE: Final = 0.05
"""Of a score: a smaller change is not told."""
COMPLAINT_MAX_STARS: Final = 2
PRAISE_MIN_STARS: Final = 4
WAITING: Final = ("open", "under_review")
"""Statuses of requests that nobody has decided about."""


class WaitingClock(msgspec.Struct, frozen=True):
    """A clock that runs or is late."""

    clock_id: str
    subject: str
    due_at: datetime


class Clocks(msgspec.Struct, frozen=True, kw_only=True):
    """How the clocks stand."""

    running: int
    late: int
    breached: int
    """Within the week."""
    fulfilled: int
    """Within the week, in time."""
    first_due: tuple[WaitingClock, ...]


class SeenScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a subject now, and as the digest before told it."""

    subject: str
    score: float | None
    told: float | None
    count: int


class Mover(msgspec.Struct, frozen=True):
    """A subject whose score has changed."""

    subject: str
    before: float
    after: float
    count: int

    @property
    def change(self) -> float:
        """By how much."""
        return self.after - self.before


class SeenReview(msgspec.Struct, frozen=True, kw_only=True):
    """What the digest knows of a review; no word of it."""

    review_id: str
    subject: str
    stars: int
    topics: tuple[str, ...] = ()
    published_at: datetime
    raised_from: int | None = None
    raised_at: datetime | None = None
    answered_at: datetime | None = None


class Complaint(msgspec.Struct, frozen=True):
    """A topic, and in how many complaints of the week it is named."""

    topic: str
    count: int


class Raised(msgspec.Struct, frozen=True):
    """A review whose author raised the rating."""

    review_id: str
    subject: str
    before: int
    after: int


class Praised(msgspec.Struct, frozen=True):
    """A review that praises."""

    review_id: str
    subject: str
    stars: int


class Answered(msgspec.Struct, frozen=True):
    """A subject whose people have answered reviews, and how many."""

    subject: str
    count: int


class WaitingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the board that waits for a decision."""

    request_id: str
    title: str
    status: str
    votes: int
    created_at: datetime


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """A week of a tenant, as it was told."""

    local_date: date
    zone: str
    start: datetime
    end: datetime
    clocks: Clocks
    movers: tuple[Mover, ...]
    reviews: int
    """Published within the week."""
    complaints: int
    topics: tuple[Complaint, ...]
    """Of complaints, the most frequent first."""
    praise: int
    answered: int
    """Reviews whose answer was published within the week."""
    raised: tuple[Raised, ...]
    raised_count: int
    requests: tuple[WaitingRequest, ...]
    requests_by_status: dict[str, int]
    touchpoints_open: int
    praised: tuple[Praised, ...] = ()
    """The newest of the best ones."""
    answered_by: tuple[Answered, ...] = ()
    """Where reviews were answered within the week, those with the most answers first."""
    to_look_up: LookUp = NOTHING_TO_LOOK_UP
    """Of which nobody knows whether it was answered; without the addresses of reviews, which an erasure would miss."""


def compose(
    *,
    local_date: date,
    zone: str,
    start: datetime,
    end: datetime,
    clocks: Clocks,
    scores: Iterable[SeenScore],
    reviews: Sequence[SeenReview],
    requests: Iterable[WaitingRequest],
    requests_by_status: Mapping[str, int],
    touchpoints_open: int,
    to_look_up: LookUp = NOTHING_TO_LOOK_UP,
) -> Digest:
    """Return the digest of a week: of what has happened from `start` to before `end`.

    Args:
        local_date: its date.
        zone: the tenant's.
        start: when the week began.
        end: when it ended.
        clocks: how they stand.
        scores: of all subjects of which a change was told.
        reviews: of which anything happened in the week; what lies outside is left out here.
        requests: that wait, in any order.
        requests_by_status: how many there are.
        touchpoints_open: how many are still to be done.
        to_look_up: of which nobody knows whether it was answered.
    """
    published = [each for each in reviews if start <= each.published_at < end]
    complained = [each for each in published if each.stars <= COMPLAINT_MAX_STARS]
    raised = sorted(
        (each for each in reviews if each.raised_at is not None and start <= each.raised_at < end),
        key=lambda each: (-(each.stars - (each.raised_from or 0)), each.review_id),
    )
    return Digest(
        local_date=local_date,
        zone=zone,
        start=start,
        end=end,
        clocks=clocks,
        movers=_movers(scores),
        reviews=len(published),
        complaints=len(complained),
        topics=_topics(complained),
        praise=sum(each.stars >= PRAISE_MIN_STARS for each in published),
        answered=sum(each.answered_at is not None and start <= each.answered_at < end for each in reviews),
        raised=tuple(
            Raised(each.review_id, each.subject, each.raised_from or 0, each.stars) for each in raised[:MAX_LINES]
        ),
        raised_count=len(raised),
        requests=tuple(sorted(requests, key=lambda each: (-each.votes, each.created_at, each.request_id))[:MAX_LINES]),
        requests_by_status=dict(sorted(requests_by_status.items())),
        touchpoints_open=touchpoints_open,
        praised=_praised(published),
        answered_by=_answered_by(reviews, start, end),
        to_look_up=without_addresses(to_look_up),
    )


def subject_line(digest: Digest) -> str:
    """Return the digest in one line."""
    late = f"{digest.clocks.late} late" if digest.clocks.late else "nothing late"
    open_now, reviews = f"{digest.clocks.running} open", counted(digest.reviews, "review")
    return f"The week to {digest.local_date:%-d %B %Y}: {late}, {open_now}, {reviews}"


def in_words(digest: Digest) -> str:
    """Return the digest as a plain text."""
    return "\n\n".join(f"{title}\n" + "\n".join(f"- {line}" for line in lines) for title, lines in _sections(digest))


def _sections(digest: Digest) -> list[tuple[str, list[str]]]:
    clocks, zone = digest.clocks, zone_of(digest.zone)
    waiting = ", ".join(f"{count} {_plain(status)}" for status, count in digest.requests_by_status.items()) or "none"
    return [
        (
            "Clocks",
            [
                f"{clocks.running} open, {clocks.late or 'none'} of them late",
                f"{clocks.breached} breached and {clocks.fulfilled} answered in time this week",
                *(f"{each.subject}: due {moment(each.due_at, zone)}" for each in clocks.first_due),
                f"{counted(digest.touchpoints_open, 'contact')} with customers still to be made",
            ],
        ),
        (TO_LOOK_UP, [*lines_of(digest.to_look_up, zone)]),
        (
            "Movers",
            [f"{each.subject}: {each.before:.2f} to {each.after:.2f} ({each.change:+.2f})" for each in digest.movers]
            or ["no score has moved"],
        ),
        (
            "Complaints",
            [
                f"{digest.complaints} of {counted(digest.reviews, 'review')}",
                *(f"{each.topic}: {each.count}" for each in digest.topics),
            ],
        ),
        (
            "Wins",
            [
                f"{counted(digest.praise, 'review')} of four or five stars",
                *(f"{each.subject}: {each.stars} stars" for each in digest.praised),
                f"{counted(digest.answered, 'review')} answered",
                *(f"{each.subject}: {each.count} answered" for each in digest.answered_by),
                f"{counted(digest.raised_count, 'rating')} raised",
                *(f"{each.subject}: {each.before} to {each.after} stars" for each in digest.raised),
            ],
        ),
        (
            "Requests",
            [
                waiting,
                *(f"{each.title}: {counted(each.votes, 'vote')}, {_plain(each.status)}" for each in digest.requests),
            ],
        ),
    ]


def _praised(published: Iterable[SeenReview]) -> tuple[Praised, ...]:
    praising = [each for each in published if each.stars >= PRAISE_MIN_STARS]
    best = sorted(praising, key=lambda each: (each.stars, each.published_at, each.review_id), reverse=True)
    return tuple(Praised(each.review_id, each.subject, each.stars) for each in best[:MAX_LINES])


def _answered_by(reviews: Iterable[SeenReview], start: datetime, end: datetime) -> tuple[Answered, ...]:
    answered = [each for each in reviews if each.answered_at is not None and start <= each.answered_at < end]
    counts = Counter(each.subject for each in answered)
    return tuple(Answered(*each) for each in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MAX_LINES])


def _movers(scores: Iterable[SeenScore]) -> tuple[Mover, ...]:
    moved = [
        Mover(each.subject, each.told, each.score, each.count)
        for each in scores
        if each.told is not None and each.score is not None and abs(each.score - each.told) >= MIN_MOVE
    ]
    return tuple(sorted(moved, key=lambda each: (-abs(each.change), each.subject))[:MAX_LINES])


def _topics(complained: Iterable[SeenReview]) -> tuple[Complaint, ...]:
    counts = Counter(topic for each in complained for topic in set(each.topics))
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Complaint(topic, count) for topic, count in ordered[:MAX_LINES])


def _plain(status: str) -> str:
    return status.replace("_", " ")
