"""What the board publishes on `board.v1` about links."""

from datetime import datetime
from uuid import UUID

from plaudit.common.contracts import LinkChange
from plaudit.common.events import Outgoing
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.events import notice, state


def linked(request: Request, at: datetime, review_id: UUID, review_subject: str) -> Outgoing:
    """Return the notice that a review was linked to a request."""
    return notice("review.linked", request, at, _change(request, review_id, review_subject))


def unlinked(request: Request, at: datetime, review_id: UUID, review_subject: str) -> Outgoing:
    """Return the notice that a link was removed."""
    return notice("review.unlinked", request, at, _change(request, review_id, review_subject))


def _change(request: Request, review_id: UUID, review_subject: str) -> LinkChange:
    return LinkChange(request=state(request), review_id=str(review_id), review_subject=review_subject)
