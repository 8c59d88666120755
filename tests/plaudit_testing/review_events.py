"""Review events as ingest writes them: states, envelopes, and records as a handler gets them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from plaudit.common.contracts import (
    Answers,
    Kind,
    Origin,
    PendingEnvelope,
    RawRating,
    Resolution,
    ReviewChange,
    ReviewState,
    Severity,
    SourceRef,
)
from plaudit.common.events.numbering import splice
from plaudit.common.ids import uuid7
from plaudit.common.kafka.decoding import Decoder
from plaudit.common.kafka.positions import Place
from plaudit.common.kafka.subscription import Record, Subscription
from plaudit.common.outbox.publisher import HEADERS

Data = TypeVar("Data")

PUBLISHED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RECORDED = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
SOURCE = SourceRef(id="01956d00-0000-7000-8000-000000000001", name="Acme shop", platform="native", created_at=PUBLISHED)


RESOLUTION = Resolution(disposition="justified", outcome="refunded", ease=5, resolved_at=RECORDED)
"""How a review was settled, as `review.resolved` tells it."""


def review_state(rating: float = 5.0, subject: str = "acme/berlin", **fields: Any) -> ReviewState:
    """A review's published state."""
    state = ReviewState(
        subject=subject,
        kind=Kind.STARS,
        rating=rating,
        raw_rating=RawRating(value=rating, min=1, max=5),
        verified=True,
        origin=Origin.ORGANIC,
        severity=Severity.NEGATIVE if rating < 2.5 else Severity.NORMAL,
        source=SOURCE,
        external_id="r-1",
        published_at=PUBLISHED,
        rated_at=PUBLISHED,
        received_at=PUBLISHED,
        title="Quick",
        text="It was there the next day.",
    )
    return msgspec.structs.replace(state, **fields)


def _rating_times(*states: ReviewState | None) -> list[datetime]:
    """When states were rated; a test may say that as text, too."""
    return [each.rated_at for each in states if each is not None and isinstance(each.rated_at, datetime)]


def pending_envelope(
    before: ReviewState | None,
    after: ReviewState | None,
    *,
    tenant_id: str = "default",
    review_id: str = "",
    revision: int = 1,
    event_type: str = "",
    time: datetime | None = None,
    answers: Answers = Answers.TOLD,
) -> bytes:
    """The event of a review's change, as an outbox row holds it; of a new review unless told otherwise.

    It is recorded after both states were rated, unless told otherwise.
    """
    change = ReviewChange(
        review_id=review_id or str(uuid7()), revision=revision, before=before, after=after, answers=answers
    )
    state = after or before
    return msgspec.json.encode(
        PendingEnvelope(
            specversion="1.0",
            id=str(uuid7()),
            source="/plaudit/ingest",
            type=event_type
            or ("review.created" if before is None else "review.removed" if after is None else "review.edited"),
            time=time or max((RECORDED, *_rating_times(before, after))),
            subject=state.subject if state else "acme",
            tenant=tenant_id,
            datacontenttype="application/json",
            data=change,
        )
    )


@dataclass
class Fetched:
    """A record as the client hands it out."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = field(default_factory=lambda: [*HEADERS])


def record_of(subscription: Subscription[Data], pending: bytes, sequence: int, partition: int = 0) -> Record[Data]:
    """A record of epoch 1 as the runner gives it to the subscription's handler."""
    offset = sequence - 1
    fetched = Fetched(offset, splice(pending, 1, sequence))
    [record] = Decoder(subscription).take(partition, Place(offset, 1, offset), [fetched]).records
    return record
