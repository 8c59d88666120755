"""Lists of holidays by country, subdivision and category, from the library `holidays`.

A list is looked up when a revision of a calendar is made, and frozen into it: a due time never depends on which version
of the library is installed. Which categories close a company is its own choice: in Hong Kong, Good Friday is in
`optional`, not in `public`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from holidays import HolidayBase, country_holidays
from holidays.constants import PUBLIC
from holidays.registry import COUNTRIES

from plaudit.alerting.calendars.domain.calendar import Holiday, InvalidCalendarError
from plaudit.common.names import nearest

DEFAULT_CATEGORIES: Final = (PUBLIC,)
MAX_HOLIDAY_NAME_CHARS: Final = 200
CACHED_LISTS: Final = 300
"""More than there are countries."""
FIRST_HOLIDAY_YEAR: Final = 1950
LAST_HOLIDAY_YEAR: Final = 2100
PAST_MONTHS: Final = 12
COMING_MONTHS: Final = 24
"""What is frozen: from so long before the month in which a revision is made, to so long after it."""


@dataclass(frozen=True, slots=True)
class HolidayRule:
    """Which holidays a calendar is closed on."""

    country: str
    """Its ISO 3166 code of two letters."""
    subdivision: str | None = None
    categories: tuple[str, ...] = DEFAULT_CATEGORIES


@dataclass(frozen=True, slots=True)
class Country:
    """What there is to choose of a country."""

    code: str
    name: str
    subdivisions: tuple[str, ...]
    categories: tuple[str, ...]


def countries() -> Mapping[str, str]:
    """Return code → name of every country that there is a list for, by code."""
    return _countries()


def country_of(rule: HolidayRule) -> Country:
    """Return what there is to choose of the country of a rule.

    Raises:
        InvalidCalendarError: there is no such country; it names those that may have been meant.
    """
    if rule.country not in _countries():
        raise InvalidCalendarError("/holidays/country", _unknown_country(rule.country))
    return _country(rule.country)


def check(rule: HolidayRule) -> None:
    """Check that there is what a rule names.

    Raises:
        InvalidCalendarError: country, subdivision or category is none; it names those that may have been meant.
    """
    country = country_of(rule)
    if rule.subdivision is not None and rule.subdivision not in country.subdivisions:
        raise InvalidCalendarError("/holidays/subdivision", _unknown_subdivision(rule.subdivision, country))
    if not rule.categories:
        raise InvalidCalendarError("/holidays/categories", "name at least one category, or leave the holidays out")
    for number, category in enumerate(rule.categories):
        if category not in country.categories:
            place = f"/holidays/categories/{number}"
            raise InvalidCalendarError(place, _unknown("category", category, country.categories, country))
        if category in rule.categories[:number]:
            raise InvalidCalendarError(f"/holidays/categories/{number}", "a category is named once")


def frozen_from(today: date) -> date:
    """Return the first date of a list that is made today."""
    return _month(today, -PAST_MONTHS)


def frozen_to(today: date) -> date:
    """Return the first date that a list made today no longer knows."""
    return _month(today, COMING_MONTHS + 1)


def holidays_between(rule: HolidayRule, first: date, end: date) -> dict[date, Holiday]:
    """Return the holidays of a time, by date.

    Args:
        rule: which.
        first: the first date.
        end: the first date that is not asked for any more.

    Raises:
        InvalidCalendarError: as `check`.
    """
    check(rule)
    years = range(first.year, (end - timedelta(days=1)).year + 1)
    base = _base(rule.country)
    found = country_holidays(
        rule.country, subdiv=rule.subdivision, categories=rule.categories, years=years, language=_language(base)
    )
    labels = _estimated_labels(found)
    return {day: _holiday(name, labels) for day, name in sorted(found.items()) if first <= day < end}


def _holiday(name: str, labels: tuple[str, ...]) -> Holiday:
    is_estimated = any(label in name for label in labels)
    for label in labels:
        name = name.replace(label, "")
    return Holiday(re.sub(r"\s+", " ", name).strip()[:MAX_HOLIDAY_NAME_CHARS], is_estimated)


def _estimated_labels(found: HolidayBase) -> tuple[str, ...]:
    """Return what the library writes behind the name of a holiday whose date is estimated, in its language."""
    attributes = ("observed_estimated_label", "estimated_label")
    labels = [getattr(found, attribute, None) for attribute in attributes]
    return tuple(found.tr(label).replace("%s", "") for label in labels if label)


def _language(base: HolidayBase) -> str | None:
    """Return in which language names are given: English where there is, else the country's own."""
    return next((language for language in base.supported_languages if language.startswith("en")), None)


def _month(day: date, months: int) -> date:
    """Return the first date of the month that lies so many months from that of a date."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, 1)


@lru_cache(maxsize=CACHED_LISTS)
def _countries() -> dict[str, str]:
    named = ((code, _in_words(kind)) for kind, code, *_ in COUNTRIES.values())
    return dict(sorted(named))


@lru_cache(maxsize=CACHED_LISTS)
def _country(code: str) -> Country:
    base = _base(code)
    subdivisions = tuple(sorted({*base.subdivisions, *base.subdivisions_aliases}))
    return Country(code, _countries()[code], subdivisions, tuple(sorted(base.supported_categories)))


@lru_cache(maxsize=CACHED_LISTS)
def _base(code: str) -> HolidayBase:
    return country_holidays(code)


def _in_words(kind: str) -> str:
    """Return the name of a class as words: `UnitedStates` is the United States."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind)


def _unknown_country(given: str) -> str:
    by_name = {name.lower(): code for code, name in _countries().items()}
    meant = [given.upper()] if given.upper() in _countries() else [by_name[name] for name in nearest(given, by_name, 1)]
    words = " or ".join(f"{code} ({_countries()[code]})" for code in meant)
    hint = f"did you mean {words}" if meant else "one is for example DE (Germany)"
    return f"a country is an ISO 3166 code of two letters, and there is no list for this one; {hint}"


def _unknown_subdivision(given: str, country: Country) -> str:
    if not country.subdivisions:
        return f"{country.name} has no lists by subdivision; leave it out"
    by_word = {each.lower(): each for each in country.subdivisions}
    meant = [by_word[each] for each in nearest(given, by_word)]
    return _no_such("subdivision", country, meant, country.subdivisions)


def _unknown(noun: str, given: str, known: tuple[str, ...], country: Country) -> str:
    return _no_such(noun, country, nearest(given, known), known)


def _no_such(noun: str, country: Country, meant: list[str], known: tuple[str, ...]) -> str:
    hint = f"did you mean {' or '.join(meant)}" if meant else f"there are {', '.join(known)}"
    return f"{country.name} has no such {noun}; {hint}"
