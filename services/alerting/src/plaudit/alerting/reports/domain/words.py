"""Figures of reports in words, each with the number that it rests on and its interval."""

from datetime import timedelta
from types import MappingProxyType
from typing import Final

from plaudit.alerting.mails.domain.words import duration
from plaudit.alerting.reports.domain.asked import LATE_AFTER_HOURS
from plaudit.alerting.reports.domain.compliance import Compliance
from plaudit.alerting.reports.domain.effects import LEAST_FOR_MEAN, Bucket, Effect
from plaudit.alerting.reports.domain.response_times import Times
from plaudit.common.statistics.intervals import Interval
from plaudit.common.statistics.waiting import Quantile

BUCKETS: Final = MappingProxyType(
    {
        Bucket.HOUR: "within 1 hour",
        Bucket.FOUR_HOURS: "within 4 hours",
        Bucket.DAY: "within 24 hours",
        Bucket.THREE_DAYS: "within 72 hours",
        Bucket.WEEK: "within 7 days",
        Bucket.LATER: "later",
        Bucket.NEVER: "not up to now",
    }
)
"""How soon reviews were answered, in words."""
NOTHING: Final = "–"
TOO_FEW: Final = "too few"
ALL_ALIKE: Final = "all alike"
"""Of changes that are all the same: however many, they do not say how sure their mean is."""


def percent(share: float | None) -> str:
    """Return a share in percent, with one digit behind the point."""
    return NOTHING if share is None else f"{100 * share:.1f} %"


def between(interval: Interval | None) -> str:
    """Return the interval of a share."""
    return NOTHING if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"


def stars(change: float | None) -> str:
    """Return a change of a rating."""
    return NOTHING if change is None else _signed(change)


def stars_between(effect: Effect) -> str:
    """Return the interval of the mean change of ratings, or why there is none."""
    interval = effect.mean_interval
    if interval is None:
        few = TOO_FEW if effect.reviews < LEAST_FOR_MEAN else ALL_ALIKE
        return few if effect.reviews else NOTHING
    return f"{_signed(interval.low)} to {_signed(interval.high)}"


def length(us: int | None) -> str:
    """Return a length of time in its two largest units."""
    return NOTHING if us is None else duration(timedelta(microseconds=us))


def lengths(quantile: Quantile) -> str:
    """Return the interval of a time; what the curve does not tell is left open."""
    if quantile.low is None and quantile.high is None:
        return NOTHING
    low = "0 min" if quantile.low is None else length(quantile.low)
    return f"{low} or more" if quantile.high is None else f"{low} to {length(quantile.high)}"


def compliance_in_words(found: Compliance) -> str:
    """Return how much was in time, in sentences."""
    if found.share is None:
        return "Nothing that was due has been decided in this time."
    sentences = [
        (
            f"Of {_clocks(found.counted)} that ended or whose due time has passed, {_were(found.in_time)} in time: "
            f"{percent(found.share)}, and with a confidence of 95 % from {between(found.interval)}."
        ),
        (
            f"{_number(found.late).capitalize()} ended late, and {_be(found.open_past_due)} open past the due time: "
            "both count as not in time."
        ),
    ]
    if found.not_yet_due or found.paused:
        paused = f"{found.paused:,}" if found.paused else "none"
        sentences.append(f"{found.not_yet_due + found.paused:,} are not due yet, {paused} of them paused.")
    if found.unknown:
        sentences.append(f"Of {found.unknown:,} nobody knows, because their sources do not tell answers.")
    return " ".join(sentences)


def times_in_words(found: Times) -> str:
    """Return how soon it happens, in sentences."""
    seen = found.seen
    if not found.counted:
        return "No time is known of this time."
    waits = f"Of {_clocks(found.counted)}, {_be(len(seen.answered))} answered and {_wait(len(seen.waiting))}."
    if found.median.at is None:
        return f"{waits} More than half wait longer than can be seen, so there is no median."
    return (
        f"{waits} Half are answered within {length(found.median.at)} (95 %: {lengths(found.median)}), with those that "
        "wait among all, so that it does not fall when work is left lying."
    )


def arrival_in_words(live: Times | None, late: Times | None) -> str:
    """Return how soon the others are answered where some were learned of late; empty where none was.

    Args:
        live: those that we learned of as they happened.
        late: those that we learned of later, such as what was imported.
    """
    if late is None or not late.counted:
        return ""
    apart = f"Of {_clocks(late.counted)} we learned more than {LATE_AFTER_HOURS} hour later, as of what is imported"
    if live is None or not live.counted:
        return f"{apart}: they say when customers were answered, and not how soon we saw them."
    if live.median.at is None:
        return f"{apart}; of the other {live.counted:,} there is no median yet."
    return f"{apart}; half of the other {live.counted:,} are answered within {length(live.median.at)}."


def effect_in_words(answered: Effect, never: Effect) -> str:
    """Return what became of ratings, in sentences."""
    if not answered.reviews and not never.reviews:
        return "No negative review was published in this time."
    return (
        f"Of {_negative(answered.reviews)} answered, {_were(answered.raised)} raised by a star or "
        f"more ({percent(answered.recovery)}, 95 %: {between(answered.interval)}); of {never.reviews:,} without an "
        f"answer, {_number(never.raised)} ({percent(never.recovery)}, 95 %: {between(never.interval)})."
    )


def _signed(change: float) -> str:
    """Return a change with its sign; a minus is as wide as a plus, and no change has none."""
    return f"{change:+.2f}".replace("-", "\N{MINUS SIGN}") if round(change, 2) else "0.00"


def _negative(count: int) -> str:
    return f"{count:,} negative review that was" if count == 1 else f"{count:,} negative reviews that were"


def _be(count: int) -> str:
    return f"{_number(count)} {'is' if count <= 1 else 'are'}"


def _were(count: int) -> str:
    return f"{_number(count)} {'was' if count <= 1 else 'were'}"


def _number(count: int) -> str:
    """Return a count as it stands in a sentence."""
    return f"{count:,}" if count else "none"


def _wait(count: int) -> str:
    return f"{_number(count)} still {'waits' if count <= 1 else 'wait'}"


def _clocks(count: int) -> str:
    return f"{count:,} clock" if count == 1 else f"{count:,} clocks"
