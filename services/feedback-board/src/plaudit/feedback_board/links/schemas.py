"""What the API takes and answers about links."""

from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.common.http import Body
from plaudit.feedback_board.requests.schemas import RequestOut


class LinkIn(Body):
    """A review that is about a request."""

    review_id: UUID = Field(description="The review, as `GET /v1/reviews` names it.")


class LinkOut(BaseModel):
    """The result of linking or unlinking a review."""

    review_id: UUID = Field(description="The review.")
    already: bool = Field(description="Whether nothing had to be done.")
    request: RequestOut = Field(description="The request as it now stands.")
