"""The bodies of the API of score events: what the bus is told, over HTTP."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from plaudit.scoring.publishing.domain import Cause

_FIRST_FIVE_STARS: Final = {
    "score": 3.6875,
    "stars": 3.5,
    "count": 1,
    "distribution": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 1},
    "effective_reviews": 1.0,
    "prior": 3.5,
    "weight": 1.0,
    "prior_weight": 7.0,
}


class NextStarsChangeOut(BaseModel):
    """The next change of the stars shown, if no review comes until then."""

    at: datetime = Field(description="When the new stars are shown first.")
    stars: float = Field(description="Shown from then on.", examples=[3.5])


class ProfileScoreOut(BaseModel):
    """The score of one profile."""

    score: float | None = Field(description="From 1 to 5; null while there are no reviews.", examples=[3.6875])
    stars: float | None = Field(description="The nearest half star, ties up.", examples=[3.5])
    count: int = Field(description="Published reviews.", examples=[1])
    distribution: dict[str, int] = Field(
        description="Published reviews by star.", examples=[{"1": 0, "2": 0, "3": 0, "4": 0, "5": 1}]
    )
    effective_reviews: float = Field(description="How many reviews of equal weight would say as much.", examples=[1.0])
    prior: float = Field(description="What the score moves to with no new reviews.", examples=[3.5])
    next_stars: NextStarsChangeOut | None = Field(
        None, description="The next change of the stars shown, if no review comes; null where they never change."
    )
    weight: float | None = Field(
        None,
        description="What all reviews weigh together; a fresh one weighs 1, unless the profile weighs it otherwise. "
        "With the prior and the half-life it tells when the score crosses any threshold T with no new reviews: "
        "`half_life_days * log2(((prior_weight + weight) * score - prior_weight * prior - T * weight) / (prior_weight "
        "* (T - prior)))` days after `as_of`, for a T between the score and the prior.",
        examples=[1.0],
    )
    prior_weight: float | None = Field(None, description="What the prior weighs, which never fades.", examples=[7.0])
    half_life_days: float | None = Field(
        None,
        description="After how many days without a review they weigh half; null where they do not fade without one.",
        examples=[182.5],
    )


class SurveyFigureOut(BaseModel):
    """A figure of surveys, which fades as the profile `trust` does and is never mixed into stars."""

    value: float | None = Field(
        description="NPS from -100 to 100, CSAT in percent from 0 to 100, CES from 1 to 7; null while no answer weighs "
        "anything.",
        examples=[40.0],
    )
    count: int = Field(description="Answers.", examples=[5])


class ScoreEventOut(BaseModel):
    """The last event of a subject: all its figures at one instant."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    number: int = Field(
        description="Only ever grows, for each subject. It is no count.", examples=[1_772_875_862_118_204]
    )
    as_of: datetime = Field(description="The instant that all figures hold for.")
    cause: Cause = Field(
        description="`reviews` came, changed or went; `time` alone has changed the stars of a profile; `completion`: "
        "the topic did not hold it, or held it by other profiles than there are now; no review has changed.",
        examples=["reviews"],
    )
    profiles: dict[str, ProfileScoreOut] = Field(
        description="By the name of the profile: the three that every tenant has, and those of its own that are ready.",
        examples=[
            {
                name: {**_FIRST_FIVE_STARS, "half_life_days": half_life_days}
                for name, half_life_days in (("trust", 182.5), ("recent", 30.0), ("lifetime", None))
            }
        ],
    )
    nps: SurveyFigureOut | None = Field(None, description="Promoters less detractors in percent, from -100 to 100.")
    csat: SurveyFigureOut | None = Field(
        None, description="The share of the two best answers of five, in percent from 0 to 100."
    )
    ces: SurveyFigureOut | None = Field(
        None, description="The mean of how easy it was, from 1, very difficult, to 7, very easy."
    )


class ScoreEventPageOut(BaseModel):
    """A page of the last events of subjects."""

    items: list[ScoreEventOut] = Field(description="One for each subject, the longest unchanged first.")
    next: str | None = Field(description="Send it as `cursor` to get the next page; null at the end.")
    last_event_id: str = Field(
        description="Send it as `Last-Event-ID` to follow the events after those of this page live.",
        examples=["AgJtK2H4uo_Qks0PpmhzY29yZXM"],
    )
