"""The bodies of the API of ranking."""

from pydantic import BaseModel, Field

from plaudit.scoring.ranking.domain import Ranked


class RankedOut(BaseModel):
    """How one subject stands among the others."""

    rank: int = Field(
        description="Its place, from 1 on. Subjects of equal figures share the best of their places: 1, 2, 2, 4.",
        examples=[1],
    )
    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    score: float = Field(description="From 1 to 5.", examples=[3.6875])
    score_lower_bound: float = Field(
        description="Where the score would lie at least, with a confidence of 95 %, if as many reviews came again from "
        "the same customers.",
        examples=[3.4295],
    )
    score_upper_bound: float = Field(description="Where it would lie at most.", examples=[3.9443])
    stars: float = Field(description="The nearest half star, ties up.", examples=[3.5])
    count: int = Field(description="Published reviews.", examples=[1])
    effective_reviews: float = Field(description="How many reviews of equal weight would say as much.", examples=[1.0])
    positive_share: float = Field(description="The decayed share of reviews of four or five stars.", examples=[1.0])
    wilson: float = Field(
        description="The lower bound of that share with a confidence of 95 %, for the effective number of reviews: few "
        "reviews do not come first among the best by it.",
        examples=[0.2065],
    )
    wilson_upper_bound: float = Field(
        description="The upper bound of that share: few reviews do not come first among the worst by it.",
        examples=[1.0],
    )


def ranked_out(found: Ranked) -> RankedOut:
    """Return a subject's place as the API shows it."""
    each, score = found.standing, found.standing.score
    return RankedOut(
        rank=found.rank,
        subject=each.subject,
        score=score.value,
        score_lower_bound=each.score_bounds.low,
        score_upper_bound=each.score_bounds.high,
        stars=score.stars or 0.0,
        count=score.count,
        effective_reviews=score.effective_reviews,
        positive_share=each.positive_share,
        wilson=each.share_bounds.low,
        wilson_upper_bound=each.share_bounds.high,
    )
