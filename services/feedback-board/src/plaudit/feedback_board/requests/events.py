"""What the board tells on `board.v1`: notices with the wish as it then is."""

from typing import Any

from plaudit.common.contracts import BOARD, LinkChange, RequestChange, RequestState, RequestVote
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.observability.tracing import current_traceparent
from plaudit.feedback_board.domain.activity import decimal_text
from plaudit.feedback_board.domain.requests import Request
from plaudit.feedback_board.domain.status import Status


def state(request: Request) -> RequestState:
    """Return the wish as the bus shows it."""
    return RequestState(
        request_id=str(request.id),
        slug=request.slug,
        title=request.title,
        status=request.status,
        votes=request.votes,
        reach=request.reach,
        created_at=request.created_at,
        impact=decimal_text(request.impact),
        effort_weeks=decimal_text(request.effort_weeks),
        priority=decimal_text(request.priority),
    )


def created(tx: Tx, request: Request) -> Outgoing:
    """Somebody wished for something."""
    return _event(tx, "request.created", request, RequestChange(request=state(request)))


def voted(tx: Tx, request: Request, person: str) -> Outgoing:
    """A person voted for the first time."""
    return _event(tx, "request.voted", request, RequestVote(request=state(request), person=person))


def status_changed(tx: Tx, request: Request, previous: Status) -> Outgoing:
    """The team said where the wish stands, and why."""
    data = RequestChange(request=state(request), previous_status=previous, reason=request.status_reason)
    return _event(tx, "request.status_changed", request, data)


def scored(tx: Tx, request: Request) -> Outgoing:
    """Its figures moved by something that has no notice of its own: a sizing, a vote taken back, a recount."""
    return _event(tx, "request.scored", request, RequestChange(request=state(request)))


def linked(tx: Tx, request: Request, review_id: str, review_subject: str) -> Outgoing:
    """A review was found to be about this wish."""
    return _event(tx, "review.linked", request, _link(request, review_id, review_subject))


def unlinked(tx: Tx, request: Request, review_id: str, review_subject: str) -> Outgoing:
    """A link was taken back."""
    return _event(tx, "review.unlinked", request, _link(request, review_id, review_subject))


def _link(request: Request, review_id: str, review_subject: str) -> LinkChange:
    return LinkChange(request=state(request), review_id=review_id, review_subject=review_subject)


def _event(tx: Tx, event_type: str, request: Request, data: Any) -> Outgoing:
    return Outgoing(
        topic=BOARD,
        key=f"{request.tenant}/{request.id}",
        type=event_type,
        subject=str(request.id),
        tenant_id=request.tenant,
        time=tx.now,
        data=data,
        traceparent=current_traceparent(),
    )
