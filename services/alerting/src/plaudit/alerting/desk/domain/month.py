"""A month of contacts, date by date."""

import calendar
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
MIN_YEAR: Final = 2000
MAX_YEAR: Final = 2100


class Contacts(msgspec.Struct, frozen=True):
    """The contacts of one rule on one date."""

    rule: str
    """Its title."""
    count: int


class Day(msgspec.Struct, frozen=True):
    """One local date."""

    date: date
    contacts: tuple[Contacts, ...] = ()


def first_of(text: str) -> date | None:
    """Return the first date of a month written as 2026-12; None where it is none, or too far away."""
    match = _MONTH.fullmatch(text)
    if match is None or not MIN_YEAR <= int(match[1]) <= MAX_YEAR:
        return None
    return date(int(match[1]), int(match[2]), 1)


def before(first: date) -> date:
    """Return the first date of the month before."""
    return (first - timedelta(days=1)).replace(day=1)


def after(first: date) -> date:
    """Return the first date of the month after."""
    return first + timedelta(days=calendar.monthrange(first.year, first.month)[1])


def weeks_of(first: date, counted: Iterable[tuple[date, str, int]]) -> list[Sequence[Day | None]]:
    """Return the dates of a month as rows of seven from Monday on; None for what belongs to other months.

    Args:
        first: the first date of the month.
        counted: (date, title of the rule, how many contacts).
    """
    found: dict[date, list[Contacts]] = {}
    for day, rule, count in counted:
        found.setdefault(day, []).append(Contacts(rule, count))
    days = [
        Day(day, tuple(found.get(day, ()))) if day.month == first.month else None
        for day in calendar.Calendar().itermonthdates(first.year, first.month)
    ]
    return [days[place : place + 7] for place in range(0, len(days), 7)]
