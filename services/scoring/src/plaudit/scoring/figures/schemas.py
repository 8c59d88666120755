"""The bodies of the API of figures."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from plaudit.scoring.answers.domain.figures import WITHIN_HOURS, AnswerFigures, Answers
from plaudit.scoring.figures.domain.answering import NoAnswers
from plaudit.scoring.figures.domain.catalogue import FIGURES, Figure
from plaudit.scoring.figures.domain.figures import Aged, Figures, Mean, Share
from plaudit.scoring.figures.domain.over_time import FigurePoint
from plaudit.scoring.intervals.domain import Interval, wilson
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.scores.domain import Score
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID
from plaudit.scoring.series.schemas import Of
from plaudit.scoring.sources.domain import Source, named
from plaudit.scoring.sums.domain.decay import time_of, unix_us

SECOND_US: Final = 1_000_000
_A_DAY: Final = "2026-03-01"


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


class RecoveryOut(BaseModel):
    """What became of the ratings of negative reviews that were answered."""

    share: float | None = Field(
        description="The share whose rating is a star higher now, or more; null where there are none.", examples=[None]
    )
    interval: IntervalOut | None = Field(
        description="Where it lies with a confidence of 95 %; null where there are none.", examples=[None]
    )
    raised: int = Field(description="Those whose rating is a star higher now, or more.", examples=[0])
    answered_negatives: int = Field(
        description="Reviews that had one or two stars when they were answered.", examples=[0]
    )


class AnswersOut(BaseModel):
    """How many reviews are answered, how soon, and how many negative ones are raised afterwards."""

    rate: float | None = Field(
        description="The share that is answered, of all whose answers are told; null without reviews.", examples=[1.0]
    )
    interval: IntervalOut | None = Field(
        description="Where the rate lies with a confidence of 95 %; null without reviews.",
        examples=[{"low": 0.2065, "high": 1.0}],
    )
    answered: int = Field(description="Reviews that are answered.", examples=[1])
    count: int = Field(description="Reviews of which it is known whether they are answered.", examples=[1])
    unknown: int = Field(
        description="Reviews of sources whose answers nobody tells at the instant. They are in no other figure, "
        "answered or not. Of a source that has ceased to tell, they are known at instants before that.",
        examples=[0],
    )
    median_seconds: float | None = Field(
        description="Half of the reviews are answered within it, by the estimator of Kaplan and Meier: those that wait "
        "count with their age. Null where that is not reached.",
        examples=[7_200.0],
    )
    median_reason: Literal["more-than-half-wait", "no-reviews"] | None = Field(
        description="Why there is no median: more than half wait longer than can be seen, or there are no reviews.",
        examples=[None],
    )
    within_24_hours: float | None = Field(
        description="The share that is answered within a day, by the same estimator; null where no review has waited "
        "so long.",
        examples=[1.0],
    )
    within_72_hours: float | None = Field(description="Within three days.", examples=[1.0])
    within_7_days: float | None = Field(description="Within seven days.", examples=[1.0])
    recovery: RecoveryOut = Field(description="Negative reviews that were raised after an answer.")


class SubjectAnswersOut(AnswersOut):
    """The figures of answers of a subject, and of which reviews they are."""

    days: int = Field(description="Of reviews that were published in so many days up to the instant.", examples=[90])
    known_since: datetime | None = Field(
        description="Reviews that were told before are in no figure of answers. Null where there are none.",
        examples=[None],
    )


_AN_ANSWERED_REVIEW: Final = {
    "rate": 1.0,
    "interval": {"low": 0.2065, "high": 1.0},
    "answered": 1,
    "count": 1,
    "unknown": 0,
    "median_seconds": 7_200.0,
    "median_reason": None,
    "within_24_hours": 1.0,
    "within_72_hours": 1.0,
    "within_7_days": 1.0,
    "recovery": {"share": None, "interval": None, "raised": 0, "answered_negatives": 0},
}


class SourceScoreOut(PartialScoreOut):
    """The score of one source's reviews alone."""

    source_id: str = Field(description="The source.", examples=[EXAMPLE_SOURCE_ID])
    source_name: str | None = Field(
        description="What the tenant calls it; null until a review has told.", examples=["Acme shop"]
    )
    platform: str | None = Field(description="Its platform; null as the name.", examples=["native"])
    answers: AnswersOut | None = Field(
        description="How the source's reviews are answered; null with `known_at`.", examples=[_AN_ANSWERED_REVIEW]
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
        examples=[{**_AN_ANSWERED_REVIEW, "days": 90, "known_since": None}],
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


class FigurePointOut(BaseModel):
    """A figure of one step."""

    model_config = ConfigDict(populate_by_name=True)

    start: datetime = Field(
        alias="from", description="When the step begins; that instant belongs to it.", examples=[f"{_A_DAY}T00:00:00Z"]
    )
    end: datetime = Field(
        alias="to", description="When the next one begins; that instant does not.", examples=["2026-03-02T00:00:00Z"]
    )
    label: str = Field(
        description="The hour, the day, the ISO week or the month, on the calendar of the time zone.", examples=[_A_DAY]
    )
    n: int = Field(description="Reviews, or replies, that the figure is of.", examples=[0])
    value: float | None = Field(description="The figure, in its unit; null where there is none.", examples=[None])
    interval: IntervalOut | None = Field(
        description="Where it lies with a confidence of 95 %; null where too few reviews came to say.", examples=[None]
    )


class FigureLineOut(BaseModel):
    """A line of a file: a point, and of what."""

    model_config = ConfigDict(populate_by_name=True)

    subject: str
    figure: Figure
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    label: str
    n: int
    value: float | None
    interval: IntervalOut | None
    source_id: UUID | None
    origin: str | None


class OneFigureSeriesOut(BaseModel):
    """How one figure moved."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    figure: Figure = Field(description="What is told.", examples=["nps"])
    unit: str = Field(description="What its values are.", examples=["points, -100 to 100"])
    points: list[FigurePointOut] = Field(description="One for each step, without a gap.")


class FigureSeriesOut(BaseModel):
    """How figures moved, step by step."""

    model_config = ConfigDict(populate_by_name=True)

    start: datetime = Field(alias="from", description="When the first step begins.", examples=[f"{_A_DAY}T00:00:00Z"])
    end: datetime = Field(alias="to", description="When the last step ends.", examples=["2026-03-08T00:00:00Z"])
    step: Literal["hour", "day", "week", "month"] = Field(description="How long a step lasts.", examples=["day"])
    timezone: str = Field(description="On whose clocks steps begin.", examples=["UTC"])
    source_id: UUID | None = Field(description="Of this source's reviews alone; null for all.", examples=[None])
    source_name: str | None = Field(
        description="What the tenant calls the source; null without `source_id`, and until a review has told.",
        examples=[None],
    )
    platform: str | None = Field(description="The source's platform; null as the name.", examples=[None])
    origin: str | None = Field(description="Of this origin's reviews alone; null for all.", examples=[None])
    items: list[OneFigureSeriesOut] = Field(
        description="Each figure of each subject, in the order in which they were asked for."
    )


HEAD: Final = ("subject", "figure", "from", "to", "label", "n", "value", "low", "high", "source_id", "origin")
"""The names of the columns of a file of figures."""


def one_series_out(subject: str, figure: Figure, found: Iterable[FigurePoint]) -> OneFigureSeriesOut:
    """Return the series of one figure as the API shows it."""
    shown = [FigurePointOut.model_validate(_point(each)) for each in found]
    return OneFigureSeriesOut(subject=subject, figure=figure, unit=FIGURES[figure].unit, points=shown)


def line_out(subject: str, figure: Figure, of: Of, point: FigurePoint) -> FigureLineOut:
    """Return a point as a line of a file."""
    source_id, origin = of
    said = {"subject": subject, "figure": figure, "source_id": source_id, "origin": origin}
    return FigureLineOut.model_validate(said | _point(point))


def row_out(subject: str, figure: Figure, of: Of, point: FigurePoint) -> tuple[str, ...]:
    """Return a point as cells in the order of `HEAD`; what there is not is empty.

    No cell can be taken for a formula but a number below 0: each is a number, an instant, or a name that begins with a
    letter or a digit.
    """
    span, found = point.span, point.window
    numbers = (found.value, *(found.interval or (None, None)))
    return (
        *(subject, figure.value),
        *(each.isoformat().replace("+00:00", "Z") for each in (span.start, span.end)),
        *(span.label, str(found.n)),
        *("" if value is None else repr(value) for value in numbers),
        *("" if each is None else str(each) for each in of),
    )


def _point(point: FigurePoint) -> dict[str, object]:
    span, found = point.span, point.window
    members: dict[str, object] = {"start": span.start, "end": span.end, "label": span.label}
    return members | {"n": found.n, "value": found.value, "interval": _interval_out(found.interval)}


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
        incentivised=figures.incentivised,
        by_source=[
            SourceScoreOut.model_validate(
                {"source_id": source_id, "answers": _answers_of_source(told, source_id)}
                | named(sources.get(source_id))
                | _partial(each)
            )
            for source_id, each in figures.by_source
        ],
        answers=None if told is None else _subject_answers_out(told),
        answers_reason=answers if isinstance(answers, NoAnswers) else None,
        nps=_share_out(figures.nps),
        csat=_share_out(figures.csat),
        ces=_mean_out(figures.ces),
    )


def _subject_answers_out(answers: Answers) -> SubjectAnswersOut:
    return SubjectAnswersOut(
        **_answers(answers.all),
        days=answers.days,
        known_since=None if answers.known_since_us is None else time_of(answers.known_since_us),
    )


def _answers_of_source(answers: Answers | None, source_id: str) -> AnswersOut | None:
    return None if answers is None else AnswersOut(**_answers(answers.of(UUID(source_id))))


def _answers(figures: AnswerFigures) -> dict[str, Any]:
    within = [figures.within[hours] for hours in WITHIN_HOURS]
    return {
        "rate": figures.rate,
        "interval": _share_interval(figures.answered, figures.count),
        "answered": figures.answered,
        "count": figures.count,
        "unknown": figures.unknown,
        "median_seconds": None if figures.median_us is None else figures.median_us / SECOND_US,
        "median_reason": _why_no_median(figures),
        **dict(zip(("within_24_hours", "within_72_hours", "within_7_days"), within, strict=True)),
        "recovery": RecoveryOut(
            share=figures.recovery,
            interval=_share_interval(figures.raised, figures.answered_negatives),
            raised=figures.raised,
            answered_negatives=figures.answered_negatives,
        ),
    }


def _why_no_median(figures: AnswerFigures) -> str | None:
    if figures.median_us is not None:
        return None
    return "more-than-half-wait" if figures.count else "no-reviews"


def _share_interval(part: int, count: int) -> IntervalOut | None:
    return _interval_out(wilson(part / count, count)) if count else None


def _interval_out(interval: Interval | None) -> IntervalOut | None:
    return None if interval is None else IntervalOut(low=interval.low, high=interval.high)


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
    return MeanOut(value=mean.value, count=mean.count, effective=mean.effective, interval=_interval_out(mean.interval))


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
