"""The days that are looked at, and as many before them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from plaudit.scoring.insight.domain.sample import WEEK_DAYS

DEFAULT_DAYS: Final = 90
MIN_DAYS: Final = 7
MAX_DAYS: Final = 366
ONE_DAY: Final = timedelta(days=1)


class WrongWindowError(ValueError):
    """Days that cannot be looked at; the text says what would be."""


class UnknownSubjectError(ValueError):
    """Nothing with stars or thumbs was ever said about a subject."""

    def __init__(self, subject: str, known: Sequence[str]) -> None:
        """Name the widest part of the path that is known, if there is any."""
        hint = f" `{known[-1]}` is known." if known else ""
        super().__init__(f"No review with stars or thumbs was ever about `{subject}`.{hint}")


class Window(msgspec.Struct, frozen=True):
    """Days from `start` to the one before `end`, in UTC, and as many before `start` to compare with."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.end - self.start).days

    @property
    def before(self) -> date:
        """The first of the days that are compared with."""
        return self.start - timedelta(days=self.days)

    @property
    def weeks(self) -> int:
        """How many weeks, counted back from the end, hold all days, with those that are compared with."""
        return -(-2 * self.days // WEEK_DAYS)

    def week_of(self, day: date) -> int:
        """Return the place of a day's week, 0 for the oldest."""
        return self.weeks - 1 - (self.end - ONE_DAY - day).days // WEEK_DAYS

    def first_day(self, week: int) -> date:
        """Return the first day of a week that is looked at."""
        return max(self.before, self.end - timedelta(days=WEEK_DAYS * (self.weeks - week)))


def window_of(start: date | None, end: date | None, today: date) -> Window:
    """Return the window that is asked for: by default 90 days, today the last.

    Raises:
        WrongWindowError: it is too short, too long, or begins before there are days.
    """
    try:
        end = end or (today + ONE_DAY if start is None else min(today + ONE_DAY, start + timedelta(days=MAX_DAYS)))
        window = Window(start or end - timedelta(days=DEFAULT_DAYS), end)
        # PostgreSQL is sent the first and the last day of the calendar as infinite ones.
        is_right = MIN_DAYS <= window.days <= MAX_DAYS and date.min < window.before and end < date.max
    except OverflowError:
        is_right = False
    if not is_right:
        raise WrongWindowError(f"`to` lies {MIN_DAYS} to {MAX_DAYS} days after `from`; the day `to` is not looked at.")
    return window
