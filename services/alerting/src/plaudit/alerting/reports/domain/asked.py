"""What a report is asked for: which time, which clocks, by what, and in which kind of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from plaudit.alerting.policies.domain.metrics import Metric

DAYS: Final = 90
"""Of a report that is asked for without a beginning."""
COMING_DAYS: Final = 30
"""A report of what is due looks so far ahead, unless another end is asked for: what runs is named in it."""
WEEK: Final = timedelta(days=7)
EARLIEST: Final = datetime(1901, 1, 1, tzinfo=UTC)
"""No report begins before: open time is not computed then."""
MAX_DAYS: Final = 3_660
"""Of one report: ten years."""
MAX_CLOCKS: Final = 500_000
"""Of more clocks than this, a report is refused: each wait is read, and takes forty bytes while it is."""
MAX_DIMENSIONS: Final = 2
LATE_AFTER_HOURS: Final = 1
"""What we learned of so long after it happened is told apart from what came live."""
LIVE: Final = "live"
LATE: Final = "late"
MAX_GROUPS: Final = 200
"""Of one report. More than this nobody reads, and a list that is cut short hides what is worst."""


class Dimension(StrEnum):
    """What a report can be told by."""

    OWNER = "owner"
    SOURCE = "source"
    SEVERITY = "severity"
    METRIC = "metric"
    SUBJECT = "subject"
    WEEK = "week"
    MONTH = "month"
    ARRIVAL = "arrival"
    """Whether we learned of it as it happened (`live`), or later (`late`), as of what is imported."""


TIMES: Final = frozenset((Dimension.WEEK, Dimension.MONTH))
OF_CLOCKS: Final = frozenset(Dimension)
OF_REVIEWS: Final = OF_CLOCKS - {Dimension.OWNER, Dimension.METRIC, Dimension.ARRIVAL}
"""What reviews have: they have neither an owner nor a metric, nor a clock that would have started late."""


class TimeKind(StrEnum):
    """Which time counts."""

    BUSINESS = "business"
    """That of the clock's calendar, without pauses."""
    CALENDAR = "calendar"
    """All of it, as the customer sees it."""


class Start(StrEnum):
    """From when a response time counts."""

    PUBLICATION = "publication"
    """When the customer said it: the clock's anchor."""
    RECEIPT = "receipt"
    """When we learned of it."""


class LateEntries(StrEnum):
    """How clocks count that we learned of some time after their start."""

    COUNTED = "counted"
    """As if they had been known from their start."""
    TRUNCATED = "truncated"
    """Only from when they were known: what was answered before could not be seen."""


class InvalidReportError(ValueError):
    """What is asked for is against the rules."""

    def __init__(self, field: str, text: str) -> None:
        """Say which parameter is wrong, and what to ask for."""
        super().__init__(text)
        self.field = field


class TooMuchError(ValueError):
    """More is asked for than one report tells."""


@dataclass(frozen=True, slots=True)
class Window:
    """From when, and to before when."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report is asked for."""

    window: Window
    by: tuple[Dimension, ...] = ()
    """Without one, all together."""
    subject: str | None = None
    """Only this one, and what is below it."""
    source_id: str | None = None
    metric: Metric | None = None
    depth: int = 1
    """How many segments of a subject make a group."""
    zone: str = "UTC"
    """In which weeks and months begin."""
    time: TimeKind = TimeKind.BUSINESS
    start: Start = Start.PUBLICATION
    late_entries: LateEntries = LateEntries.COUNTED


def window_of(start: datetime | None, end: datetime | None, now: datetime, coming_days: int = 0) -> Window:
    """Return the time of a report.

    Args:
        start: `DAYS` before now, or before the end if that is earlier, if none is given.
        end: so many days after now, if none is given.
        now: the present time.
        coming_days: of a report that looks ahead.

    Raises:
        InvalidReportError: it is empty, or longer than `MAX_DAYS`.
    """
    last = end or now + timedelta(days=coming_days)
    first = start or max(min(now, last), EARLIEST + timedelta(days=DAYS)) - timedelta(days=DAYS)
    if first < EARLIEST:
        raise InvalidReportError("from", f"A report begins in {EARLIEST:%Y} or later.")
    if first >= last:
        raise InvalidReportError("from", "`from` must be before `to`.")
    if last - first > timedelta(days=MAX_DAYS):
        raise InvalidReportError("from", f"A report covers at most {MAX_DAYS:,} days. Ask for a later `from`.")
    return Window(first, last)


def dimensions_of(by: Sequence[Dimension], offered: frozenset[Dimension] = OF_CLOCKS) -> tuple[Dimension, ...]:
    """Return what a report is told by, each once.

    Raises:
        InvalidReportError: they are more than `MAX_DIMENSIONS`, or one is not offered.
    """
    found = tuple(dict.fromkeys(by))
    if len(found) > MAX_DIMENSIONS:
        raise InvalidReportError("by", f"A report is told by at most {MAX_DIMENSIONS} things at once.")
    for each in found:
        if each not in offered:
            raise InvalidReportError("by", f"This report cannot be told by `{each}`; it can by {_listed(offered)}.")
    return found


def refuse_too_many_clocks(count: int) -> None:
    """Refuse a report of too many clocks.

    Raises:
        TooMuchError: they are more than `MAX_CLOCKS`.
    """
    if count > MAX_CLOCKS:
        raise TooMuchError(
            f"More than {MAX_CLOCKS:,} clocks are in the time that is asked for. Ask for fewer days, for one source, "
            "or for a subject."
        )


def refuse_too_many_groups(count: int) -> None:
    """Refuse a report of too many groups.

    Raises:
        TooMuchError: they are more than `MAX_GROUPS`.
    """
    if count > MAX_GROUPS:
        raise TooMuchError(
            f"There would be more than {MAX_GROUPS} groups. Ask by one thing instead of two, for fewer days, with a "
            "smaller `depth`, for one source, or for a subject."
        )


def _listed(names: frozenset[Dimension]) -> str:
    return ", ".join(f"`{each}`" for each in Dimension if each in names)
