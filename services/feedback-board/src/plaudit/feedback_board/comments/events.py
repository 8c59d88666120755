"""What the board publishes on `board.v1` about comments and official responses. It holds no words and no person."""

from datetime import datetime

from plaudit.common.contracts import CommentChange, ResponseChange
from plaudit.common.events import Outgoing
from plaudit.feedback_board.comments.domain import Comment, Response
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.events import notice, state


def comment_changed(event_type: str, request: Request, at: datetime, comment: Comment) -> Outgoing:
    """Return the notice that a comment became public, was edited, or is public no more."""
    data = CommentChange(request=state(request), comment_id=str(comment.id), by_staff=comment.by_staff)
    return notice(event_type, request, at, data)


def response_published(request: Request, at: datetime, response: Response) -> Outgoing:
    """Return the notice of a revision of the official response; without a text it was taken back."""
    data = ResponseChange(request=state(request), revision=response.revision, text=response.text)
    return notice("response.published", request, at, data)
