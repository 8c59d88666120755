"""The bodies of the API of projection."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field

_TIME: Final = "2026-03-31T00:00:00Z"


def _later(*scores: float) -> list[dict[str, Any]]:
    return [{"at": _TIME, "score": score} for score in scores]


EXAMPLE: Final[dict[str, Any]] = {
    "pace": {"reviews": 1, "days": 7.0, "per_day": 0.14286, "rating": 5.0},
    "expected": {"per_day": 0.14286, "rating": 5.0},
    "without_reviews": {
        "limit": 3.5,
        "next_stars": None,
        "reaches_target_at": None,
        "falls_below_target_at": None,
        "scores": _later(3.6696, 3.6382, 3.6009, 3.5517),
    },
    "at_pace": {
        "limit": 4.7646,
        "next_stars": {"at": _TIME, "threshold": 3.75, "stars": 4.0},
        "reaches_target_at": _TIME,
        "falls_below_target_at": None,
        "scores": _later(4.1208, 4.4355, 4.5982, 4.7039),
    },
    "target": {
        "score": 3.75,
        "by": _TIME,
        "takes": [
            {"rating": 5, "now": 1, "per_day": 0.009045, "at_pace": {"reviews": 1, "at": _TIME}},
            {"rating": 4, "now": 3, "per_day": 0.045227, "at_pace": {"reviews": 3, "at": _TIME}},
        ],
    },
    "raised": [],
}
"""What is told of a subject with one review of five stars that has just come."""


class StarsChangeOut(BaseModel):
    """When other stars are shown."""

    at: datetime | None = Field(description="The first instant of it; null after the year 9999.")
    threshold: float = Field(description="The score at which it happens.", examples=[3.75])
    stars: float = Field(description="The half stars shown from then on.", examples=[3.5])


class LaterScoreOut(BaseModel):
    """A score that is to come."""

    at: datetime = Field(description="When.")
    score: float = Field(description="The score then.", examples=[3.6])


class WayOut(BaseModel):
    """Where a score goes."""

    limit: float = Field(description="What it nears and never passes.", examples=[3.5])
    next_stars: StarsChangeOut | None = Field(
        description="The next change of the stars shown; null where they never change.", examples=[None]
    )
    reaches_target_at: datetime | None = Field(
        description="When it reaches the target; null where it is not below it, never reaches it, or only after the "
        "year 9999.",
        examples=[None],
    )
    falls_below_target_at: datetime | None = Field(
        description="When it falls below the target; null where it is below it, never falls below it, or only after "
        "the year 9999.",
        examples=[None],
    )
    scores: list[LaterScoreOut] = Field(description="In 30, 90, 180 and 365 days.")


class PaceOut(BaseModel):
    """The reviews of the last 90 days, or since the first one where that came later, as a steady stream."""

    reviews: int = Field(description="How many were rated in the last 90 days and stand.", examples=[1])
    days: float = Field(
        description="In how many days they came: 90, or as many as have passed since the first review, at least seven.",
        examples=[90.0],
    )
    per_day: float = Field(description="How many come a day.", examples=[0.0111])
    rating: float = Field(description="The mean of their ratings.", examples=[5.0])


class ExpectedOut(BaseModel):
    """The reviews that are expected, as a steady stream."""

    per_day: float = Field(description="How many come a day.", examples=[0.0111])
    rating: float = Field(description="The mean of their ratings.", examples=[5.0])


class ReachedOut(BaseModel):
    """How few reviews reach a target, one after the other."""

    reviews: int = Field(description="How many.", examples=[4])
    at: datetime | None = Field(description="When the last of them comes; null after the year 9999.")


class FewestOut(BaseModel):
    """What a target takes, of organic, verified reviews of one rating."""

    rating: int = Field(description="Their rating.", examples=[5])
    now: int | None = Field(description="How few are enough if they come now; null where no number is.", examples=[1])
    per_day: float | None = Field(
        description="How many a day are enough to be there in time; null where no pace is.", examples=[0.0127]
    )
    at_pace: ReachedOut | None = Field(
        description="How few are enough if they come as many a day as expected; null where the target is not reached "
        "in time.",
        examples=[None],
    )


class TargetOut(BaseModel):
    """A score that is wanted, and what it takes."""

    score: float = Field(description="The score.", examples=[3.75])
    by: datetime = Field(description="When it is wanted.")
    takes: list[FewestOut] = Field(
        description="For reviews of five stars, of four, and of three and two where that is above the target."
    )


class RaisedOut(BaseModel):
    """What it is worth when the customer of one review gives four stars in place of these, as after a good answer."""

    stars: int = Field(description="The stars of the review now.", examples=[1])
    reviews: int = Field(description="How many reviews of these stars there are.", examples=[1])
    effect: float = Field(
        description="By how many stars the score rises, for one of their mean weight; a rating given anew is fresh.",
        examples=[0.1],
    )


class ProjectionOut(BaseModel):
    """Where a score goes, and what it takes to be elsewhere."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    profile: str = Field(description="The rules that it is computed by.", examples=["trust"])
    source_id: UUID | None = Field(description="Of this source's reviews alone; null for all.", examples=[None])
    source_name: str | None = Field(
        description="What the tenant calls the source; null without `source_id`, and until a review has told.",
        examples=[None],
    )
    platform: str | None = Field(description="The source's platform; null as the name.", examples=[None])
    at: datetime = Field(description="Now.")
    score: float | None = Field(description="The score now; null while there are no reviews.", examples=[3.6875])
    count: int = Field(description="Published reviews that count.", examples=[1])
    pace: PaceOut | None = Field(description="The present pace; null where no review came in the last 90 days.")
    without_reviews: WayOut = Field(description="Where it goes if no review comes.")
    expected: ExpectedOut | None = Field(
        description="What `at_pace` counts on: the reviews that are asked for, or else the present pace; null where "
        "neither tells how many and of which rating."
    )
    at_pace: WayOut | None = Field(description="Where it goes with the expected reviews; null without them.")
    target: TargetOut | None = Field(
        description="What a target takes; null where none is asked for and the most stars are shown."
    )
    raised: list[RaisedOut] = Field(
        description="What raising one review to four stars is worth, for each of the stars below that any has."
    )
