"""The bodies of the API of scores."""

from datetime import datetime

from pydantic import BaseModel, Field


class ScoreOut(BaseModel):
    """The score of a subject and everything below it, at one instant."""

    subject: str
    profile: str
    at: datetime = Field(description="The instant that the score holds for, to the microsecond.")
    score: float | None = Field(description="From 1 to 5; null while there are no reviews.")
    stars: float | None = Field(description="The nearest half star, ties up.")
    count: int = Field(description="Published reviews.")
    distribution: dict[str, int] = Field(description="Published reviews by star.")
    prior: float = Field(description="What the score moves to with no new reviews.")
    effective_reviews: float = Field(description="How many reviews of equal weight would say as much.")
