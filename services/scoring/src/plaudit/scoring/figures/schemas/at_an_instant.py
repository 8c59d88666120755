"""How figures at an instant are shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from plaudit.scoring.answers.domain.figures import Answers
from plaudit.scoring.figures.domain.answering import NoAnswers
from plaudit.scoring.figures.domain.figures import Aged, Figures, Mean, Share
from plaudit.scoring.figures.schemas.answering import (
    AN_ANSWERED_REVIEW,
    AnswersOut,
    SubjectAnswersOut,
    answers_of_source,
    subject_answers_out,
)
from plaudit.scoring.figures.schemas.intervals import IntervalOut, interval_out
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.scores.domain import Score
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID
from plaudit.scoring.sources.domain import Source, named
from plaudit.scoring.sums.domain.decay import time_of, unix_us

AN_ANSWER: Final = {
    "score_interval": {"low": 3.4295, "high": 3.9443},
    "freshness": {
        "newest_rated_at": "2026-02-14T10:15:30Z",
        "newest_age_days": 1.0,
        "median_weight_age_days": 1.0,
        "weight_younger_than_30_days": 1.0,
        "weight_younger_than_90_days": 1.0,
    },
}
"""What the example of an answer has beyond the examples of its fields."""


class DecayedShareOut(BaseModel):
    """A decayed NPS or CSAT of replies."""

    value: float = Field(
        description="It: an NPS from -100 to 100, or a CSAT in percent, from 0 to 100.", examples=[40.0]
    )
    count: int = Field(description="Replies.", examples=[5])
    effective: float = Field(description="How many replies of equal weight would say as much.", examples=[5.0])
    interval: IntervalOut = Field(description="Where it lies with a confidence of 95 %, in the same unit.")


class MeanOut(BaseModel):
    """A decayed mean of replies."""

    value: float = Field(description="It, on a scale of 1 to 7.", examples=[5.5])
    count: int = Field(description="Replies.", examples=[5])
    effective: float = Field(description="How many replies of equal weight would say as much.", examples=[5.0])
    interval: IntervalOut | None = Field(
        description="Where it lies with a confidence of 95 %; null where too few replies count to say."
    )


class PartialScoreOut(BaseModel):
    """A score of some of the reviews alone."""

    score: float | None = Field(description="From 1 to 5; null while there are no such reviews.", examples=[3.6869])
    count: int = Field(description="Published reviews among them.", examples=[1])
    effective_reviews: float = Field(description="How many of equal weight would say as much.", examples=[1.0])


class SourceScoreOut(PartialScoreOut):
    """The score of one source's reviews alone."""

    source_id: str = Field(description="The source.", examples=[EXAMPLE_SOURCE_ID])
    source_name: str | None = Field(
        description="What the tenant calls it; null until a review has told.", examples=["Acme shop"]
    )
    platform: str | None = Field(description="Its platform; null as the name.", examples=["native"])
    answers: AnswersOut | None = Field(
        description="How the source's reviews are answered; null with `known_at`.", examples=[AN_ANSWERED_REVIEW]
    )


class VelocityOut(BaseModel):
    """Reviews of a month, beside those of the month before."""

    last_30_days: int = Field(description="Reviews that were rated in the last 30 days.", examples=[1])
    the_30_days_before: int = Field(description="In the 30 days before.", examples=[0])


class FreshnessOut(BaseModel):
    """How old the reviews are that count."""

    newest_rated_at: datetime = Field(description="When the newest of them was rated.")
    newest_age_days: float = Field(description="How long ago that was.", examples=[1.0])
    median_weight_age_days: float = Field(
        description="Half of the weight, or more, is of reviews that are so old or younger.", examples=[1.0]
    )
    weight_younger_than_30_days: float = Field(description="Their share of the weight.", examples=[1.0])
    weight_younger_than_90_days: float = Field(description="Their share of the weight.", examples=[1.0])


class FiguresOut(BaseModel):
    """What is worth knowing of a subject beside its score."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    profile: str = Field(description="The rules that the figures are computed by.", examples=["trust"])
    at: datetime = Field(description="The instant that the figures hold for.")
    score: float | None = Field(description="From 1 to 5; null while there are no reviews.", examples=[3.6869])
    stars: float | None = Field(description="The nearest half star, ties up.", examples=[3.5])
    count: int = Field(description="Published reviews.", examples=[1])
    effective_reviews: float = Field(description="How many reviews of equal weight would say as much.", examples=[1.0])
    score_interval: IntervalOut | None = Field(
        description="Where the score would lie, with a confidence of 95 %, if as many reviews came again from the same "
        "customers; null without reviews."
    )
    distribution: dict[str, int] = Field(
        description="Published reviews by star.", examples=[{"1": 0, "2": 0, "3": 0, "4": 0, "5": 1}]
    )
    positive: int = Field(description="Reviews of four or five stars.", examples=[1])
    negative: int = Field(description="Reviews of one or two stars.", examples=[0])
    positive_to_negative: float | None = Field(
        description="How many positive reviews there are for each negative one; null without a negative one.",
        examples=[None],
    )
    velocity: VelocityOut = Field(description="How many reviews come.")
    freshness: FreshnessOut | None = Field(description="How old the reviews are; null without reviews.")
    organic: PartialScoreOut = Field(description="The score of those reviews alone that nobody asked for.")
    incentivised: int = Field(
        description="Published reviews that were given for a reward; they count, and are named beside the score.",
        examples=[0],
    )
    by_source: list[SourceScoreOut] = Field(
        description="The scores of each source's reviews alone; of the 100 sources with the most reviews."
    )
    answers: SubjectAnswersOut | None = Field(
        description="How the reviews are answered; null with `known_at`, and of too many reviews.",
        examples=[{**AN_ANSWERED_REVIEW, "days": 90, "known_since": None}],
    )
    answers_reason: NoAnswers | None = Field(
        description="Why there are no `answers`: when an answer was received is not kept, so that `known_at` tells "
        "none, and `at` does; or more reviews came than are told, and fewer `days` are.",
        examples=[None],
    )
    nps: DecayedShareOut | None = Field(
        description="Promoters less detractors in percent, from -100 to 100, of replies on a scale of 0 to 10; null "
        "without replies.",
        examples=[None],
    )
    csat: DecayedShareOut | None = Field(
        description="The share of the two best answers of five, in percent from 0 to 100; of another scale, of the "
        "answers in its upper three eighths, such as 5 to 7 of 7. Null without replies.",
        examples=[None],
    )
    ces: MeanOut | None = Field(
        description="The mean of how easy it was, from 1, very difficult, to 7, very easy; null without replies.",
        examples=[None],
    )


def figures_out(
    subject: str,
    profile: str,
    at: datetime,
    figures: Figures,
    aged: Aged | None,
    answers: Answers | NoAnswers,
    sources: Mapping[str, Source],
) -> FiguresOut:
    """Return figures as the API shows them, with the sources that have names, and answers or why there are none."""
    score = figures.score
    told = None if isinstance(answers, NoAnswers) else answers
    return FiguresOut(
        subject=subject,
        profile=profile,
        at=at,
        score=score.score,
        stars=score.stars,
        count=score.count,
        effective_reviews=score.effective_reviews,
        score_interval=interval_out(figures.interval),
        distribution={str(star): count for star, count in score.distribution.items()},
        positive=figures.positive,
        negative=figures.negative,
        positive_to_negative=figures.ratio,
        velocity=VelocityOut(
            last_30_days=aged.month if aged else 0, the_30_days_before=aged.month_before if aged else 0
        ),
        freshness=None if aged is None else _freshness_out(aged, at),
        organic=PartialScoreOut.model_validate(_partial(figures.organic)),
        incentivised=figures.incentivised,
        by_source=[
            SourceScoreOut.model_validate(
                {"source_id": source_id, "answers": answers_of_source(told, source_id)}
                | named(sources.get(source_id))
                | _partial(each)
            )
            for source_id, each in figures.by_source
        ],
        answers=None if told is None else subject_answers_out(told),
        answers_reason=answers if isinstance(answers, NoAnswers) else None,
        nps=_share_out(figures.nps),
        csat=_share_out(figures.csat),
        ces=_mean_out(figures.ces),
    )


def _partial(score: Score) -> dict[str, object]:
    return {"score": score.score, "count": score.count, "effective_reviews": score.effective_reviews}


def _share_out(share: Share | None) -> DecayedShareOut | None:
    if share is None:
        return None
    interval = IntervalOut(low=share.interval.low, high=share.interval.high)
    return DecayedShareOut(value=share.value, count=share.count, effective=share.effective, interval=interval)


def _mean_out(mean: Mean | None) -> MeanOut | None:
    if mean is None:
        return None
    return MeanOut(value=mean.value, count=mean.count, effective=mean.effective, interval=interval_out(mean.interval))


def _freshness_out(aged: Aged, at: datetime) -> FreshnessOut:
    at_us = unix_us(at)
    return FreshnessOut(
        newest_rated_at=time_of(aged.newest_us),
        # A platform's clock may be minutes ahead of ours; no review is younger than new.
        newest_age_days=max(0, at_us - aged.newest_us) / DAY_US,
        median_weight_age_days=max(0, at_us - aged.median_us) / DAY_US,
        weight_younger_than_30_days=aged.weight_of_month,
        weight_younger_than_90_days=aged.weight_of_quarter,
    )
