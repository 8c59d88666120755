"""Every figure that there is, in one list: what it is called, what it is made of, and how it is written.

What is compared around a marker, what is drawn over time, the forms of the console and the list in the docs are made
of it, so that none of them lacks one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from plaudit.common.numerals import noun_of, percent, signed
from plaudit.scoring.profiles.domain import STAR_KINDS

_SECONDS_PER_DAY: Final = 86_400
_SECONDS: Final = (("day", _SECONDS_PER_DAY), ("hour", 3_600), ("minute", 60))
_FEW_PER_UNIT: Final = 2
"""A time is told in the largest unit of which there are so many."""


class Figure(StrEnum):
    """What is told of a subject's reviews."""

    SCORE = "score"
    ORGANIC_SCORE = "organic_score"
    MEAN = "mean"
    POSITIVE = "positive_share"
    NEGATIVE = "negative_share"
    RATIO = "positive_to_negative"
    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    PACE = "reviews_per_day"
    ANSWERED = "answered_share"
    ANSWERED_IN_A_DAY = "answered_within_24_hours"
    ANSWERED_IN_3_DAYS = "answered_within_72_hours"
    ANSWERED_IN_A_WEEK = "answered_within_7_days"
    ANSWER_TIME = "median_answer_seconds"
    RECOVERY = "recovery_share"
    NEWEST_AGE = "newest_age_days"
    MEDIAN_AGE = "median_weight_age_days"
    OF_MONTH = "weight_younger_than_30_days"
    OF_QUARTER = "weight_younger_than_90_days"
    EFFECTIVE = "effective_reviews"


class Basis(StrEnum):
    """What a figure is made of."""

    RATINGS = "ratings"
    """Of the reviews that were rated in a time and stand now, without decay."""
    ANSWERS = "answers"
    """Of the reviews that were published in a time, and how they are answered."""
    STANDING = "standing"
    """Of all reviews that count at an instant, by a profile."""


class Form(StrEnum):
    """How a figure is written."""

    NUMBER = "number"
    SHARE = "share"
    """From 0 to 1, written in percent."""
    PERCENT = "percent"
    """From 0 to 100."""
    POINTS = "points"
    """From -100 to 100."""
    DAYS = "days"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class About:
    """What there is to know of a figure."""

    title: str
    """In a form, and above a column."""
    noun: str
    """Within a sentence."""
    form: Form
    unit: str
    basis: Basis
    read_at: str
    """Where the answer of `GET /v1/score-figures/{subject}` has it, or has what it is made of."""
    kinds: frozenset[str] = STAR_KINDS
    """Which kinds of reviews it is made of."""


_STARS: Final = "stars, 1 to 5"
_SHARE: Final = "share, 0 to 1"

FIGURES: Final[Mapping[Figure, About]] = MappingProxyType(
    {
        Figure.SCORE: About("Score", "the score", Form.NUMBER, _STARS, Basis.STANDING, "score"),
        Figure.ORGANIC_SCORE: About(
            "Score of organic reviews", "the score of organic reviews", Form.NUMBER, _STARS, Basis.STANDING,
            "organic.score",
        ),
        Figure.MEAN: About("Mean rating", "the mean rating", Form.NUMBER, _STARS, Basis.RATINGS, "distribution"),
        Figure.POSITIVE: About(
            "Share of four and five stars", "the share of four and five stars", Form.SHARE, _SHARE, Basis.RATINGS,
            "positive",
        ),
        Figure.NEGATIVE: About(
            "Share of one and two stars", "the share of one and two stars", Form.SHARE, _SHARE, Basis.RATINGS,
            "negative",
        ),
        Figure.RATIO: About(
            "Positive reviews for each negative one", "the number of positive reviews for each negative one",
            Form.NUMBER, "reviews of four and five stars for each of one or two", Basis.RATINGS,
            "positive_to_negative",
        ),
        Figure.NPS: About(
            "NPS", "the NPS", Form.POINTS, "points, -100 to 100", Basis.RATINGS, "nps.value", frozenset({"nps"})
        ),
        Figure.CSAT: About(
            "CSAT", "the share of satisfied customers", Form.PERCENT, "percent, 0 to 100", Basis.RATINGS,
            "csat.value", frozenset({"csat"}),
        ),
        Figure.CES: About(
            "CES", "the CES (7 is very easy)", Form.NUMBER, "1, very difficult, to 7, very easy", Basis.RATINGS,
            "ces.value", frozenset({"ces"}),
        ),
        Figure.PACE: About(
            "Reviews a day", "the number of reviews", Form.NUMBER, "reviews a day", Basis.RATINGS,
            "velocity.last_30_days",
        ),
        Figure.ANSWERED: About(
            "Share of answered reviews", "the share of answered reviews", Form.SHARE, _SHARE, Basis.ANSWERS,
            "answers.rate",
        ),
        Figure.ANSWERED_IN_A_DAY: About(
            "Share answered within a day", "the share of reviews answered within a day", Form.SHARE, _SHARE,
            Basis.ANSWERS, "answers.within_24_hours",
        ),
        Figure.ANSWERED_IN_3_DAYS: About(
            "Share answered within three days", "the share of reviews answered within three days", Form.SHARE, _SHARE,
            Basis.ANSWERS, "answers.within_72_hours",
        ),
        Figure.ANSWERED_IN_A_WEEK: About(
            "Share answered within a week", "the share of reviews answered within a week", Form.SHARE, _SHARE,
            Basis.ANSWERS, "answers.within_7_days",
        ),
        Figure.ANSWER_TIME: About(
            "Median time to answer", "the time within which half of the reviews are answered", Form.SECONDS,
            "seconds", Basis.ANSWERS, "answers.median_seconds",
        ),
        Figure.RECOVERY: About(
            "Negative reviews raised after an answer", "the share of negative reviews that were raised after an answer",
            Form.SHARE, _SHARE, Basis.ANSWERS, "answers.recovery.share",
        ),
        Figure.NEWEST_AGE: About(
            "Age of the newest review", "the age of the newest review", Form.DAYS, "days", Basis.STANDING,
            "freshness.newest_age_days",
        ),
        Figure.MEDIAN_AGE: About(
            "Median age of the weight", "the median age of the weight", Form.DAYS, "days", Basis.STANDING,
            "freshness.median_weight_age_days",
        ),
        Figure.OF_MONTH: About(
            "Weight younger than 30 days", "the share of the weight younger than 30 days", Form.SHARE, _SHARE,
            Basis.STANDING, "freshness.weight_younger_than_30_days",
        ),
        Figure.OF_QUARTER: About(
            "Weight younger than 90 days", "the share of the weight younger than 90 days", Form.SHARE, _SHARE,
            Basis.STANDING, "freshness.weight_younger_than_90_days",
        ),
        Figure.EFFECTIVE: About(
            "Effective reviews", "the effective number of reviews", Form.NUMBER, "reviews of equal weight",
            Basis.STANDING, "effective_reviews",
        ),
    }
)  # fmt: skip
"""Figure → what there is to know of it, in the order in which they are offered."""
OF_RATINGS: Final = frozenset(each for each, about in FIGURES.items() if about.basis is Basis.RATINGS)
OF_ANSWERS: Final = frozenset(each for each, about in FIGURES.items() if about.basis is Basis.ANSWERS)
STANDING: Final = frozenset(each for each, about in FIGURES.items() if about.basis is Basis.STANDING)
OFFERED: Final = tuple(each for each in FIGURES if each not in STANDING)
"""Figures of a step of time; all others are of all reviews at an instant."""


def units_of(figures: Iterable[Figure]) -> str:
    """Return what some figures are measured in, for the description of a parameter that takes them."""
    return "; ".join(f"`{figure}`: {FIGURES[figure].unit}" for figure in figures) + "."


def shown(figure: Figure, value: float | None) -> str:
    """Return a figure as it is written for people; nothing counts as 0."""
    value = value or 0.0
    match FIGURES[figure].form:
        case Form.SHARE:
            return percent(value)
        case Form.PERCENT:
            return percent(value / 100)
        case Form.POINTS:
            return signed(value)
        case Form.DAYS:
            return duration(value * _SECONDS_PER_DAY)
        case Form.SECONDS:
            return duration(value)
        case Form.NUMBER:
            return f"{value:,.2f}"


def shown_signed(figure: Figure, value: float) -> str:
    """Return a difference of two of a figure as it is written for people."""
    match FIGURES[figure].form:
        case Form.SHARE:
            return f"{signed(100 * value)} points"
        case Form.PERCENT | Form.POINTS:
            return f"{signed(value)} points"
        case Form.DAYS:
            return _signed_duration(value * _SECONDS_PER_DAY)
        case Form.SECONDS:
            return _signed_duration(value)
        case Form.NUMBER:
            return signed(value, 2)


def shown_distance(figure: Figure, value: float) -> str:
    """Return how far two of a figure are apart as it is written for people, without a sign: a verb says the way."""
    return shown_signed(figure, abs(value)).removeprefix("+")


def _signed_duration(seconds: float) -> str:
    """Return a difference of two times with its sign; what rounds to nothing has none."""
    return f"{signed(seconds)[:1] if round(seconds) else ''}{duration(abs(seconds))}"


def duration(seconds: float) -> str:
    """Return a time in the largest unit of which there are two or more, such as `3.5 hours`."""
    for unit, length in _SECONDS:
        if seconds >= _FEW_PER_UNIT * length:
            return f"{seconds / length:.1f} {unit}s"
    return f"{seconds:.0f} {noun_of(round(seconds), 'second')}"
