"""What the board publishes on `board.v1` about requests: each notice carries the request as it then is."""

from datetime import datetime
from typing import Any

from plaudit.common.contracts import BOARD, RequestChange, RequestState
from plaudit.common.events import Outgoing
from plaudit.common.observability.tracing import current_traceparent, current_tracestate
from plaudit.feedback_board.requests.domain.activity import decimal_text
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import Status


def state(request: Request) -> RequestState:
    """Return the request as the bus shows it."""
    return RequestState(
        request_id=str(request.id),
        slug=request.slug,
        title=request.title,
        status=request.status,
        votes=request.votes,
        anonymous_votes=request.anonymous_votes,
        reach=request.reach,
        anonymous_reach=request.anonymous_reach,
        created_at=request.created_at,
        impact=decimal_text(request.impact),
        effort_weeks=decimal_text(request.effort_weeks),
        priority=decimal_text(request.priority),
    )


def created(request: Request, at: datetime, *, backfill: bool = False) -> Outgoing:
    """Return the notice that a request was made."""
    return notice("request.created", request, at, RequestChange(request=state(request), backfill=backfill))


def edited(request: Request, at: datetime, *, backfill: bool = False) -> Outgoing:
    """Return the notice that the words of a request were changed, by its author or by an import."""
    return notice("request.edited", request, at, RequestChange(request=state(request), backfill=backfill))


def removed(request: Request, at: datetime) -> Outgoing:
    """Return the notice that a request is not on the board any more."""
    return notice("request.removed", request, at, RequestChange(request=state(request)))


def status_changed(request: Request, at: datetime, previous: Status, *, backfill: bool = False) -> Outgoing:
    """Return the notice that the team set a status, with its reason."""
    data = RequestChange(
        request=state(request), previous_status=previous, reason=request.status_reason, backfill=backfill
    )
    return notice("request.status_changed", request, at, data)


def scored(request: Request, at: datetime, *, backfill: bool = False) -> Outgoing:
    """Return the notice of a change of figures that has no notice of its own: a sizing, a recount, imported votes."""
    return notice("request.scored", request, at, RequestChange(request=state(request), backfill=backfill))


def notice(event_type: str, request: Request, at: datetime, data: Any) -> Outgoing:
    """Return an event about a request, in order with all others about it."""
    return Outgoing(
        topic=BOARD,
        key=f"{request.tenant_id}/{request.id}",
        type=event_type,
        subject=str(request.id),
        tenant_id=request.tenant_id,
        time=at,
        data=data,
        traceparent=current_traceparent(),
        tracestate=current_tracestate(),
    )
