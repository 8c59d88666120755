"""How figures of answers are shown."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.common.statistics.intervals import wilson
from plaudit.scoring.answers.domain.figures import WITHIN_HOURS, AnswerFigures, Answers
from plaudit.scoring.figures.schemas.intervals import IntervalOut, interval_out
from plaudit.scoring.sums.domain.decay import time_of

SECOND_US: Final = 1_000_000


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


AN_ANSWERED_REVIEW: Final = {
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
"""What the example of figures of answers has."""


def subject_answers_out(answers: Answers) -> SubjectAnswersOut:
    """Return the figures of answers of a subject as the API shows them."""
    return SubjectAnswersOut(
        **_answers(answers.all),
        days=answers.days,
        known_since=None if answers.known_since_us is None else time_of(answers.known_since_us),
    )


def answers_of_source(answers: Answers | None, source_id: str) -> AnswersOut | None:
    """Return those of one of its sources; None where none are told."""
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
    return interval_out(wilson(part / count, count)) if count else None
