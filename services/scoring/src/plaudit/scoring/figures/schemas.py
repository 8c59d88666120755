"""The bodies of the API of figures."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, Field

from plaudit.scoring.figures.domain.figures import Aged, Figures, Mean, Share
from plaudit.scoring.figures.domain.intervals import Interval
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.scores.domain import Score
from plaudit.scoring.sources.domain import Source, named
from plaudit.scoring.sums.domain.decay import EPOCH, unix_us

A_SOURCE: Final = "01956d00-0000-7000-8000-000000000001"


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


class IntervalOut(BaseModel):
    """Where a figure lies with a confidence of 95 %."""

    low: float = Field(description="The least that it may be.", examples=[3.4327])
    high: float = Field(description="The most that it may be.", examples=[3.9408])


class ShareOut(BaseModel):
    """A decayed share of replies, or a decayed NPS."""

    value: float = Field(description="It: an NPS from -100 to 100, a share from 0 to 1.", examples=[40.0])
    count: int = Field(description="Replies.", examples=[5])
    effective: float = Field(description="How many replies of equal weight would say as much.", examples=[5.0])
    interval: IntervalOut = Field(description="Where it lies with a confidence of 95 %.")


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

    source_id: str = Field(description="The source.", examples=[A_SOURCE])
    source_name: str | None = Field(
        description="What the tenant calls it; null until a review has told.", examples=["Acme shop"]
    )
    platform: str | None = Field(description="Its platform; null as the name.", examples=["native"])


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
    by_source: list[SourceScoreOut] = Field(
        description="The scores of each source's reviews alone; of the 100 sources with the most reviews."
    )
    nps: ShareOut | None = Field(
        description="Promoters less detractors, of replies on a scale of 0 to 10; null without replies.",
        examples=[None],
    )
    csat: ShareOut | None = Field(
        description="The share of the two best answers of five; null without replies.", examples=[None]
    )
    ces: MeanOut | None = Field(
        description="The mean effort, on a scale of 1 to 7; null without replies.", examples=[None]
    )


def figures_out(
    subject: str,
    profile: str,
    at: datetime,
    figures: Figures,
    aged: Aged | None,
    sources: Mapping[str, Source],
) -> FiguresOut:
    """Return figures as the API shows them, with the sources that have names."""
    score = figures.score
    return FiguresOut(
        subject=subject,
        profile=profile,
        at=at,
        score=score.score,
        stars=score.stars,
        count=score.count,
        effective_reviews=score.effective_reviews,
        score_interval=_interval_out(figures.interval),
        distribution={str(star): count for star, count in score.distribution.items()},
        positive=figures.positive,
        negative=figures.negative,
        positive_to_negative=figures.ratio,
        velocity=VelocityOut(
            last_30_days=aged.month if aged else 0, the_30_days_before=aged.month_before if aged else 0
        ),
        freshness=None if aged is None else _freshness_out(aged, at),
        organic=PartialScoreOut.model_validate(_partial(figures.organic)),
        by_source=[
            SourceScoreOut.model_validate({"source_id": source_id} | named(sources.get(source_id)) | _partial(each))
            for source_id, each in figures.by_source
        ],
        nps=_share_out(figures.nps),
        csat=_share_out(figures.csat),
        ces=_mean_out(figures.ces),
    )


def _interval_out(interval: Interval | None) -> IntervalOut | None:
    return None if interval is None else IntervalOut(low=interval.low, high=interval.high)


def _partial(score: Score) -> dict[str, object]:
    return {"score": score.score, "count": score.count, "effective_reviews": score.effective_reviews}


def _share_out(share: Share | None) -> ShareOut | None:
    if share is None:
        return None
    interval = IntervalOut(low=share.interval.low, high=share.interval.high)
    return ShareOut(value=share.value, count=share.count, effective=share.effective, interval=interval)


def _mean_out(mean: Mean | None) -> MeanOut | None:
    if mean is None:
        return None
    return MeanOut(value=mean.value, count=mean.count, effective=mean.effective, interval=_interval_out(mean.interval))


def _freshness_out(aged: Aged, at: datetime) -> FreshnessOut:
    at_us = unix_us(at)
    return FreshnessOut(
        newest_rated_at=EPOCH + timedelta(microseconds=aged.newest_us),
        newest_age_days=(at_us - aged.newest_us) / DAY_US,
        median_weight_age_days=(at_us - aged.median_us) / DAY_US,
        weight_younger_than_30_days=aged.weight_of_month,
        weight_younger_than_90_days=aged.weight_of_quarter,
    )
