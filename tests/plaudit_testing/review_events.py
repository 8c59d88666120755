"""Review events as ingest writes them: states, envelopes, and records as a handler gets them."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from plaudit.common.contracts import (
    Envelope,
    Kind,
    Origin,
    PendingEnvelope,
    RawRating,
    ReviewChange,
    ReviewState,
    Severity,
    SourceRef,
)
from plaudit.common.events.numbering import splice
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import Record

Data = TypeVar("Data")

PUBLISHED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RECORDED = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
SOURCE = SourceRef(id="01956d00-0000-7000-8000-000000000001", name="Acme shop", platform="native", created_at=PUBLISHED)


def review_state(rating: float = 5.0, subject: str = "acme/berlin", **fields: Any) -> ReviewState:
    """A review's published state."""
    state = ReviewState(
        subject=subject,
        kind=Kind.STARS,
        rating=rating,
        raw_rating=RawRating(value=rating, min=1, max=5),
        verified=True,
        origin=Origin.ORGANIC,
        severity=Severity.NORMAL,
        source=SOURCE,
        external_id="r-1",
        published_at=PUBLISHED,
        rated_at=PUBLISHED,
        received_at=PUBLISHED,
        title="Quick",
        text="It was there the next day.",
    )
    return msgspec.structs.replace(state, **fields)


def pending_envelope(
    before: ReviewState | None,
    after: ReviewState | None,
    *,
    tenant_id: str = "default",
    review_id: str = "",
    revision: int = 1,
) -> bytes:
    """The event of a review's change, as an outbox row holds it; of a new review unless told otherwise."""
    change = ReviewChange(review_id=review_id or str(uuid7()), revision=revision, before=before, after=after)
    state = after or before
    return msgspec.json.encode(
        PendingEnvelope(
            specversion="1.0",
            id=str(uuid7()),
            source="/plaudit/ingest",
            type="review.created" if before is None else "review.removed" if after is None else "review.edited",
            time=RECORDED,
            subject=state.subject if state else "acme",
            tenant=tenant_id,
            datacontenttype="application/json",
            data=change,
        )
    )


def record_of(pending: bytes, data: type[Data], sequence: int, partition: int = 0) -> Record[Data]:
    """A record of epoch 1 as the runner decodes it for a handler."""
    event = msgspec.json.decode(splice(pending, 1, sequence), type=Envelope[data])  # type: ignore[valid-type]
    return Record(event=event, partition=partition, offset=sequence - 1, sequence=sequence, epoch=1)
