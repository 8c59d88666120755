"""Due times by calendars: processor time of one, in this process, and of what comes before the first."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from benchmarks.options import Options
from benchmarks.report import Report
from benchmarks.reviews import SEED
from plaudit.alerting.calendars.domain import Calendar, Pause, before, due_at, elapsed_seconds, longest_wait, warn_at
from plaudit.alerting.calendars.domain.definition import Definition, build
from plaudit.alerting.calendars.domain.holiday_lists import HolidayRule
from plaudit.alerting.calendars.domain.writing import intervals_of

CLOCKS: Final = 200_000
"""As many as a change of a calendar may move."""
TARGETS: Final = tuple(hours * 3_600 for hours in (4, 8, 24, 72))
TODAY: Final = date(2026, 11, 30)
YEAR: Final = timedelta(days=365)
FRESH: Final = 50
SPLIT: Final = "09:00-12:00, 13:00-17:00"

Clock = tuple[Calendar, datetime, int, tuple[Pause, ...]]


def run(report: Report, options: Options) -> None:
    """Measure due times of clocks that began in the past year, by five calendars in turn."""
    draw = random.Random(SEED)
    count = options.scaled(CLOCKS)
    report.heading("calendars: due times in open hours")
    report.text(f"{count:,} clocks of 4 to 72 open hours, begun at any second of a year; five calendars with holidays")
    _fresh(report)
    plain = list(_clocks(draw, count, pauses=0))
    paused = list(_clocks(draw, count, pauses=2))
    _line(report, "due time", plain, lambda each: due_at(each[0], each[1], each[2]))
    _line(report, "due time, two pauses", paused, lambda each: due_at(*each))
    _line(report, "warning at 80 %", plain, lambda each: warn_at(each[0], each[1], each[2], 80))
    due = [(each[0], each[1], due_at(each[0], each[1], each[2])) for each in plain]
    _line(report, "elapsed seconds", due, lambda each: elapsed_seconds(*each))
    _line(report, "an hour before", due, lambda each: before(each[0], each[2], 3_600))
    right = sum(elapsed_seconds(*each) == clock[2] for each, clock in zip(due, plain, strict=True))
    report.check("due times after which the target has passed", right, count)


def _fresh(report: Report) -> None:
    """Measure what a calendar costs before its first due time, and the longest wait of a year, as policies ask it."""
    began_at = time.process_time()
    for _ in range(FRESH):
        calendar = build(_definition("Europe/Berlin", "DE", SPLIT), "berlin", 1, TODAY)
    spent = time.process_time() - began_at
    report.line("a calendar, checked over 2 years", f"{spent / FRESH * 1e3:.1f} ms")
    start = datetime(2026, 12, 1, tzinfo=UTC)
    began_at = time.process_time()
    for _ in range(FRESH):
        longest_wait(calendar, 86_400, start, start + YEAR)
    report.line("the longest wait of a year", f"{(time.process_time() - began_at) / FRESH * 1e3:.1f} ms")


def _clocks(draw: random.Random, count: int, pauses: int) -> Iterator[Clock]:
    calendars = [
        build(_definition("Europe/Berlin", "DE", SPLIT), "berlin", 1, TODAY),
        build(_definition("America/New_York", "US", "09:00-17:00"), "new-york", 1, TODAY),
        build(_definition("Asia/Dubai", "AE", "08:00-16:00"), "dubai", 1, TODAY),
        build(_definition("Australia/Sydney", "AU", "22:00-06:00"), "nights", 1, TODAY),
        build(_definition("Asia/Kolkata", "IN", "00:00-24:00"), "india", 1, TODAY),
    ]
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        start = first + timedelta(seconds=draw.randrange(int(YEAR.total_seconds())))
        kept = []
        for _ in range(pauses):
            begin = start + timedelta(seconds=draw.randrange(200_000))
            kept.append(Pause(begin, begin + timedelta(seconds=draw.randrange(100_000)), "waiting for the customer"))
        yield calendars[number % len(calendars)], start, draw.choice(TARGETS), tuple(kept)


def _definition(zone: str, country: str, hours: str) -> Definition:
    day = intervals_of(hours)
    return Definition(zone=zone, week=(*(day,) * 5, (), ()), holidays=HolidayRule(country))


def _line(report: Report, name: str, of: Iterable[tuple[object, ...]], work: Callable[..., object]) -> None:
    count = 0
    began_at = time.process_time()
    for each in of:
        work(each)
        count += 1
    spent = time.process_time() - began_at
    report.line(name, f"{count / spent:,.0f}/s of one core, {spent / count * 1e6:.2f} µs")
