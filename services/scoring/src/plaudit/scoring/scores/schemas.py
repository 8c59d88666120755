"""The bodies of the API of scores."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, Field

EXAMPLE_SOURCE_ID: Final = "01956d00-0000-7000-8000-000000000001"
"""In examples of all rooms."""


class ScoreOut(BaseModel):
    """The score of a subject and everything below it, at one instant."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    profile: str = Field(description="The rules that it is computed by.", examples=["trust"])
    source_id: UUID | None = Field(
        description="Whose reviews alone count, of one source. Null: those of all.", examples=[None]
    )
    origin: str | None = Field(
        description="Whose reviews alone count: the figure stands beside the public one. Null: all, which is the "
        "public one.",
        examples=[None],
    )
    at: datetime = Field(description="The instant that the score holds for, to the microsecond.")
    score: float | None = Field(description="From 1 to 5; null while there are no reviews.", examples=[3.6875])
    stars: float | None = Field(description="The nearest half star, ties up.", examples=[3.5])
    count: int = Field(description="Published reviews.", examples=[1])
    distribution: dict[str, int] = Field(
        description="Published reviews by star.", examples=[{"1": 0, "2": 0, "3": 0, "4": 0, "5": 1}]
    )
    prior: float = Field(description="What the score moves to with no new reviews.", examples=[3.5])
    effective_reviews: float = Field(description="How many reviews of equal weight would say as much.", examples=[1.0])
