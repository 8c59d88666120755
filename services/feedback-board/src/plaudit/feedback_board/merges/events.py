"""What the board publishes on `board.v1` about merges."""

from datetime import datetime

from plaudit.common.contracts import RequestMerge
from plaudit.common.events import Outgoing
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.events import notice, state


def merged(request: Request, root: Request, at: datetime, reason: str) -> Outgoing:
    """Return the notice that a request was merged into a root."""
    change = RequestMerge(request=state(request), into=state(root), reason=reason)
    return notice("request.merged", request, at, change)


def unmerged(request: Request, root: Request, at: datetime) -> Outgoing:
    """Return the notice that a request was taken out of the set of a root."""
    return notice("request.unmerged", request, at, RequestMerge(request=state(request), into=state(root)))
