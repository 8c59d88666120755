"""What ingest publishes about reviews: its own state, mapped to the contract by name."""

from datetime import datetime

from msgspec import convert

from plaudit.common import contracts
from plaudit.common.events import Outgoing
from plaudit.ingest.reviews.domain.decisions import Change, Revised
from plaudit.ingest.reviews.domain.state import ReviewState


def published_state(state: ReviewState) -> contracts.ReviewState:
    """Return a state in the form of the contract: the fields that both have, the contract's defaults for its others.

    Raises:
        msgspec.ValidationError: a value that the contract does not know.
    """
    return convert(state, contracts.ReviewState, from_attributes=True)


def review_event(
    revised: Revised, change: Change, tenant_id: str, known_at: datetime, traceparent: str | None
) -> Outgoing:
    """Return the event of a revision whose change the public sees.

    Args:
        revised: the revision.
        change: what its event says.
        tenant_id: whose review it is.
        known_at: when the revision was written.
        traceparent: of the request that it came with.
    """
    published = convert(change, contracts.ReviewChange, from_attributes=True)
    state = published.after or published.before
    assert state is not None, "the public sees the review before or after a change"
    return Outgoing(
        topic=contracts.REVIEWS,
        key=revised.stored.partition_key,
        type=revised.type,
        subject=state.subject,
        tenant_id=tenant_id,
        time=known_at,
        data=published,
        traceparent=traceparent,
    )
