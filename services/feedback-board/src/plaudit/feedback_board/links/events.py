"""What the board publishes on `board.v1` about links."""

from datetime import datetime
from uuid import UUID

from plaudit.common.contracts import LinkChange
from plaudit.common.events import Outgoing
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.events import notice, state


def link_changed(event_type: str, request: Request, at: datetime, review_id: UUID, review_subject: str) -> Outgoing:
    """Return the notice that a review was linked to a request, or that the link was removed."""
    change = LinkChange(request=state(request), review_id=str(review_id), review_subject=review_subject)
    return notice(event_type, request, at, change)
