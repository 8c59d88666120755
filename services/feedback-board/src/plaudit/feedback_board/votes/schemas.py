"""What the API takes and answers about votes."""

from pydantic import BaseModel, Field

from plaudit.feedback_board.requests.schemas import Body, RequestOut


class VoteIn(Body):
    """Who votes: exactly one of the two."""

    person: str | None = Field(
        default=None, description="A person key: a keyed hash, or `platform:id`.", examples=["native:anna"]
    )
    email: str | None = Field(default=None, description="Turned into a person key at once, and never stored.")


class VoteOut(BaseModel):
    """The result of a vote."""

    person: str = Field(description="The person key that the vote counts for.", examples=["native:anna"])
    already: bool = Field(description="Whether nothing had to be done: voted before, or no vote to take back.")
    request: RequestOut = Field(description="The request as it now stands.")
