"""What the board publishes on `board.v1` about votes."""

from datetime import datetime

from plaudit.common.contracts import RequestVote
from plaudit.common.events import Outgoing
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.events import notice, state


def voted(request: Request, at: datetime, person_key: str) -> Outgoing:
    """Return the notice that a person voted for the first time."""
    return notice("request.voted", request, at, RequestVote(request=state(request), person=person_key))


def unvoted(request: Request, at: datetime, person_key: str) -> Outgoing:
    """Return the notice that a person took the vote back."""
    return notice("request.unvoted", request, at, RequestVote(request=state(request), person=person_key))
