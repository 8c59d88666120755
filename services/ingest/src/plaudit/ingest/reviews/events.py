"""What ingest publishes about reviews: its own state, mapped to the contract by name."""

from typing import Final

from msgspec import convert
from msgspec.structs import replace

from plaudit.common import contracts
from plaudit.common.events import Outgoing
from plaudit.ingest.reviews.domain.decisions import Change, NewRevision
from plaudit.ingest.reviews.domain.state import ReviewState
from plaudit.ingest.sources.domain import Answers

_ANSWERS: Final = {ours: contracts.Answers(ours.value) for ours in Answers}


def published_state(state: ReviewState) -> contracts.ReviewState:
    """Return a state in the form of the contract: what both have by its name, the contract's defaults for its others.

    The language is the one that we know, whoever says it.

    Raises:
        msgspec.ValidationError: a value that the contract does not know.
    """
    published = convert(state, contracts.ReviewState, from_attributes=True)
    return replace(published, language=state.spoken) if published.language_from_text else published


def review_event(new: NewRevision, change: Change) -> Outgoing:
    """Return the event of a revision, given its change that the public sees."""
    state = change.after or change.before
    assert state is not None, "the public sees the review before or after a change"
    published = contracts.ReviewChange(
        review_id=change.review_id,
        revision=change.revision,
        before=None if change.before is None else published_state(change.before),
        after=None if change.after is None else published_state(change.after),
        backfill=new.backfill or state.backfilled,
        answers=_ANSWERS[new.answers],
    )
    return Outgoing(
        topic=contracts.REVIEWS,
        key=new.stored.partition_key,
        type=new.type,
        subject=state.subject,
        tenant_id=new.tenant_id,
        time=new.known_at,
        data=published,
        traceparent=new.traceparent,
        tracestate=new.tracestate,
    )
