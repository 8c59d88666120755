"""What the page of a subject shows, in words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plaudit.common.numerals import counted, noun_of, percent, signed
from plaudit.common.numerals import ratio as ratio_of
from plaudit.common.statistics.intervals import Interval, wilson
from plaudit.scoring.answers.domain.figures import AnswerFigures, Answers
from plaudit.scoring.figures.domain.figures import Aged, Figures, Mean, Share
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.projection.domain.course import HalfStar, ScoreState, next_half_star
from plaudit.scoring.scores.domain import half_stars, stars_aloud, stars_in_words
from plaudit.scoring.series.domain import Point, Span, Step, spans
from plaudit.scoring.sums.domain.decay import time_of

UTC_ZONE: Final = ZoneInfo("UTC")
PAST: Final = timedelta(days=365)
FUTURE: Final = timedelta(days=182)
MONTH: Final = timedelta(days=30)
FAR: Final = timedelta(days=20 * 365)
"""What lies further ahead is not told: nobody plans for it."""
_NO_BREAK: Final = "\u00a0"


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure in words: what it is, its value, and what stands beside it in small type."""

    words: str
    value: str
    beside: str = ""


def steps(now: datetime) -> list[Span]:
    """Return the days of the last twelve months up to now, and the weeks of the next six."""
    ahead = spans(now, now + FUTURE, Step.WEEK, UTC_ZONE)
    return [*spans(now - PAST, now, Step.DAY, UTC_ZONE), *ahead]


def strip(figures: Figures, state: ScoreState, month_ago: float | None, now: datetime) -> list[tuple[str, str, str]]:
    """Return the figures that answer "is it good now?": value, words, look."""
    score = figures.score
    if score.score is None:
        return [("none", "no review counts now", "")]
    interval = figures.interval
    sure = f" · between {interval.low:.2f} and {interval.high:.2f}" if interval else ""
    return [
        (f"{score.value:.2f}", f"now · shown as {stars_in_words(score.value)}{sure}", ""),
        _moved(score.value, month_ago),
        (
            f"{score.count:,}",
            _reviews_and_what_they_say(score.count, score.effective_reviews),
            "",
        ),
        ratio(figures),
        _next(next_half_star(state), score.value, now),
    ]


def _reviews_and_what_they_say(count: int, effective: float) -> str:
    """Return the noun of so many reviews, and how many of equal weight say as much; one says as much as itself."""
    reviews = noun_of(count, "review")
    if count == 1:
        return reviews
    shown = f"{effective:,.1f}"
    return f"{reviews} · they say as much as {'one alone' if shown == '1.0' else f'{shown} equal ones'}"


def headline(figures: Figures) -> str:
    """Return the score in words: what a reader who listens is told when it changes."""
    score = figures.score
    if score.score is None:
        return "No review counts now."
    return f"The score is {score.value:.2f} now, shown as {stars_aloud(score.value)}."


def ratio(figures: Figures) -> tuple[str, str, str]:
    """Return positive to negative reviews: value, words, look."""
    positive, negative = figures.positive, figures.negative
    counts = f", {positive:,} to {negative:,}" if positive and negative else ""
    return ratio_of(positive, negative), f"positive : negative{counts}", ""


def _moved(value: float, month_ago: float | None) -> tuple[str, str, str]:
    if month_ago is None:
        return "new", "30 days ago there was no review", ""
    # Of what is shown: from 4.12 to 4.18 it is 0.06, whatever further digits say.
    return signed(round(value, 2) - round(month_ago, 2), 2), f"in 30 days, from {month_ago:.2f}", ""


def _next(found: HalfStar | None, value: float, now: datetime) -> tuple[str, str, str]:
    """Return when the stars shown will change if nobody writes."""
    if found is None or time_of(found.at_us) - now > FAR:
        return stars_in_words(value), "stay shown, even if nobody writes", ""
    at = time_of(found.at_us)
    falls = found.stars < half_stars(value)
    near = f"{at:%-d %b}" if at.year == now.year else f"{at:%-d %b %Y}"
    day = near if at - now < PAST else f"{at:%b %Y}"
    return (
        day,
        f"{'falls below' if falls else 'reaches'} {found.threshold:g} if nobody writes: {stars_in_words(found.stars)}",
        ("soon" if falls and at - now < MONTH else ""),
    )


def facts(figures: Figures, aged: Aged | None, at_us: int) -> list[Fact]:
    """Return what is worth knowing beside the strip."""
    score, organic = figures.score, figures.organic
    found: list[Fact] = []
    if organic.count and organic.count != score.count:
        found.append(
            Fact("Score of organic reviews alone", f"{organic.value:.2f}", f"{organic.count:,} of {score.count:,}")
        )
    elif organic.count:
        found.append(Fact("Score of organic reviews alone", f"{organic.value:.2f}", "all are organic"))
    if figures.incentivised:
        found.append(Fact("Given for a reward", f"{figures.incentivised:,}", f"of {score.count:,} reviews"))
    if aged is not None:
        found += _ages(aged, at_us)
    if figures.nps:
        found.append(_share("NPS", figures.nps, signed))
    if figures.csat:
        found.append(_share("CSAT, the two best of five", figures.csat, lambda value: _percent(value / 100)))
    if figures.ces:
        found.append(_mean(figures.ces))
    return found


def _ages(aged: Aged, at_us: int) -> Iterator[Fact]:
    yield Fact("New reviews in 30 days", f"{aged.month:,}", f"{aged.month_before:,} in the 30 days before")
    yield Fact("Newest review", f"{age(at_us - aged.newest_us)} ago")
    yield Fact("Half of the weight is younger than", age(at_us - aged.median_us))
    yield Fact(
        "Share of the weight of the last 30 days",
        _percent(aged.weight_of_month),
        f"{_percent(aged.weight_of_quarter)} of the last 90",
    )


def age(age_us: int) -> str:
    """Return an age in the unit that says enough."""
    days = age_us / DAY_US
    for unit, length in (("year", 365.25), ("month", 30.4375), ("day", 1.0), ("hour", 1 / 24)):
        count = days / length
        if count >= (2 if unit in {"year", "month"} else 1):
            number, plural = (
                (f"{count:.1f}", "s") if unit == "year" else (f"{int(count)}", "" if int(count) == 1 else "s")
            )
            return f"{number}{_NO_BREAK}{unit}{plural}"
    return "less than an hour"


def _share(words: str, share: Share, shown: Callable[[float], str]) -> Fact:
    low, high = map(shown, share.interval)
    return Fact(words, shown(share.value), f"{low} to {high} · {_replies(share.count)}")


def _percent(share: float) -> str:
    return percent(share, _NO_BREAK)


def _mean(mean: Mean) -> Fact:
    between = f"{mean.interval.low:.1f} to {mean.interval.high:.1f} · " if mean.interval else ""
    return Fact("CES, of 7 (very easy)", f"{mean.value:.1f}", f"{between}{_replies(mean.count)}")


def answer_facts(answers: Answers) -> list[Fact]:
    """Return how many reviews are answered, how soon, and how many negative ones are raised afterwards."""
    figures = answers.all
    if not figures.count + figures.unknown:
        return []
    found = [_answer_rate(answers)]
    if figures.count:
        found.append(_half_answered(figures))
    if figures.answered_negatives:
        found.append(
            Fact(
                "Negative reviews raised by a star or more after an answer",
                _percent(figures.raised / figures.answered_negatives),
                _of(figures.raised, figures.answered_negatives),
            )
        )
    return found


def answer_rate(figures: AnswerFigures) -> str:
    """Return the share of reviews that are answered in words; nothing without reviews."""
    if figures.rate is None:
        return "not told" if figures.unknown else ""
    return _percent(figures.rate)


def half_within(figures: AnswerFigures) -> str:
    """Return within which time half of the reviews are answered, in few words; nothing without reviews."""
    if figures.median_us is None:
        return "under half" if figures.count else ""
    return wait(figures.median_us)


def wait(wait_us: int) -> str:
    """Return a wait in the unit that says enough."""
    minutes = wait_us * 24 * 60 // DAY_US
    if minutes >= 60:
        return age(wait_us)
    return f"{minutes}{_NO_BREAK}minute{'' if minutes == 1 else 's'}" if minutes else "less than a minute"


def _answer_rate(answers: Answers) -> Fact:
    figures = answers.all
    said = [_of(figures.answered, figures.count)] if figures.count else []
    if figures.unknown:
        said.append(f"of {figures.unknown:,} more nobody tells")
    if answers.known_since_us is not None:
        said.append(f"of reviews known since {time_of(answers.known_since_us):%-d %B %Y}")
    return Fact(f"Answered, of the last {answers.days} days", answer_rate(figures), " · ".join(said))


def _half_answered(figures: AnswerFigures) -> Fact:
    told = [
        f"{_percent(share)} within {words}"
        for words, share in zip(("a day", "three days", "a week"), figures.within.values(), strict=True)
        if share is not None
    ]
    half = "more than half wait" if figures.median_us is None else wait(figures.median_us)
    return Fact("Half are answered within", half, ", ".join(told))


def _of(part: int, count: int) -> str:
    """Return `31 to 69 % · 8 of 16`, which breaks between the two alone."""
    low, high = wilson(part / count, count)
    between_words = f"{100 * low:.0f} to {100 * high:.0f} %".replace(" ", _NO_BREAK)
    return f"{between_words} · " + f"{part:,} of {count:,}".replace(" ", _NO_BREAK)


def between(interval: Interval | None) -> str:
    """Return an interval in words; nothing where there is none."""
    return f"{interval.low:.2f} to {interval.high:.2f}" if interval else ""


def summary(subject: str, points: Sequence[Point], now: datetime) -> str:
    """Return what a chart of a subject shows, in a sentence, for those who do not see it."""
    past = [point.score.score for point in points if point.span.end <= now and point.score.score is not None]
    ahead = [point.score.score for point in points if point.span.end > now and point.score.score is not None]
    if not past:
        return f"{subject} has no score in the last twelve months."
    told = (
        f"The score of {subject} went from {past[0]:.2f} to {past[-1]:.2f} in twelve months, "
        f"between {min(past):.2f} and {max(past):.2f}"
    )
    return f"{told}; with no new reviews it is {ahead[-1]:.2f} in six months." if ahead else f"{told}."


def _replies(count: int) -> str:
    return counted(count, "reply", "replies")
