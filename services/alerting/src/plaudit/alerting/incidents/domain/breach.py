"""A data breach: what the notice to the authority says, how many people are affected, and until when it is due.

Article 33 of the General Data Protection Regulation gives 72 hours from awareness. The clock runs by the strict
reading: 72 hours to the second. Regulation (EEC, Euratom) No 1182/71 counts periods of Union law otherwise;
`by_regulation` is what a reader of it may come to, and nobody should rely on it.
"""

import csv
import io
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import partial
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from plaudit.alerting.calendars.domain import InvalidCalendarError
from plaudit.alerting.calendars.domain.holiday_lists import HolidayRule, check, holidays_between
from plaudit.alerting.incidents.domain.incident import MAX_NOTE_CHARS, WrongIncidentError, check_all, checked_text
from plaudit.common import mailbox
from plaudit.common.text import clean
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of

HOURS: Final = timedelta(hours=72)
LEAST_WORKING_DAYS: Final = 2
SATURDAY: Final = 5
MAX_NOTICE_CHARS: Final = 10_000
"""Of each part of the notice."""
MAX_REFERENCE_CHARS: Final = 200
MAX_AFFECTED: Final = 2_000_000_000
HEADS: Final = frozenset(
    {"person", "person_key", "email", "e-mail", "mail", "address", "id", "customer", "customer_id"}
)
"""Names of the first column, which are no person."""
_BYTE_ORDER_MARK: Final = "\ufeff"
_DELIMITERS: Final = (",", ";", "\t")
"""That spreadsheets write; the one that the first line has most of."""
MAX_LIST_CHARS: Final = 500_000
"""Of a list of persons that is counted."""
LOOKED_AHEAD_DAYS: Final = 60
NOTICE: Final = {
    "facts": "What happened, when, and how it was found: the nature of the breach",
    "scope": "Whose data, of which kind, about how many people and records, and what may follow for them",
    "fixes": "What was done, and is done, to end it and to limit what follows",
    "prevention": "What is done so that it does not happen again",
    "hotline": "Where people reach somebody: the data protection officer, or another point of contact",
}
"""Part of the notice → what belongs in it, by Article 33(3)."""


class CountedBy(StrEnum):
    """How the people affected were counted."""

    LIST = "list"
    """A list of them was counted here; it is not kept."""
    COUNT = "count"
    ESTIMATE = "estimate"


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a data breach."""

    tenant_id: str
    incident_id: UUID
    aware_at: datetime
    """When the company was reasonably certain that there was a breach (EDPB Guidelines 9/2022)."""
    zone: str
    """Of the authority: its days and hours count for the reading by the regulation."""
    country: str | None = None
    """Whose public holidays are no working days; none: Saturdays and Sundays only."""
    subdivision: str | None = None
    facts: str = ""
    scope: str = ""
    fixes: str = ""
    prevention: str = ""
    hotline: str = ""
    affected: int | None = None
    affected_by: CountedBy | None = None
    affected_method: str = ""
    affected_hash: str | None = None
    """Of the list that was counted."""
    notified_at: datetime | None = None
    notified_channel: str | None = None
    notified_reference: str | None = None
    notified_note: str | None = None
    notified_by: str | None = None
    people_told: int | None = None
    people_not_told: int | None = None
    people_channel: str | None = None
    people_told_at: datetime | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts of the notice that are not written yet, in their order."""
        return tuple(name for name in NOTICE if not getattr(self, name))


class Counted(NamedTuple):
    """How many people are affected, and how that is known."""

    people: int
    by: CountedBy
    method: str
    list_hash: str | None = None


def strict_at(aware_at: datetime) -> datetime:
    """Return the end of 72 hours from awareness, to the second: what the clock runs by."""
    return aware_at + HOURS


def by_regulation(aware_at: datetime, zone: ZoneInfo, holidays: Collection[date]) -> datetime:
    """Return the end of the period as a reader of Regulation 1182/71 may count it. It is never before the strict one.

    The hour of the event does not count (Article 3(1)). A period that would end on a Saturday, a Sunday or a public
    holiday ends with the following working day: Article 3(4), which speaks of periods expressed otherwise than in
    hours. A period of two days or more includes at least two working days (Article 3(5)); a part of a day counts here.

    Args:
        aware_at: when the company became aware.
        zone: of the authority.
        holidays: the public holidays there, of the sixty days from then on.
    """
    hour = aware_at.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    begins_at = (hour.astimezone(aware_at.tzinfo) + timedelta(hours=1)).astimezone(zone)
    ends_at = (begins_at.astimezone(aware_at.tzinfo) + HOURS).astimezone(zone)
    first, last = begins_at.date(), _last_day(ends_at)
    moved = last
    while not (_is_working(moved, holidays) and _working_days(first, moved, holidays) >= LEAST_WORKING_DAYS):
        moved += timedelta(days=1)
    if moved == last:
        return ends_at.astimezone(aware_at.tzinfo)
    return datetime.combine(moved + timedelta(days=1), time.min, zone).astimezone(aware_at.tzinfo)


def regulation_of(breach: Breach) -> datetime:
    """Return `by_regulation` of a breach, with the public holidays of its country."""
    zone = ZoneInfo(breach.zone)
    first = breach.aware_at.astimezone(zone).date()
    holidays: Collection[date] = ()
    if breach.country is not None:
        rule = HolidayRule(breach.country, breach.subdivision)
        holidays = holidays_between(rule, first, first + timedelta(days=LOOKED_AHEAD_DAYS))
    return by_regulation(breach.aware_at, zone, holidays)


def _last_day(ends_at: datetime) -> date:
    """Return the date of the last instant before an end."""
    return ends_at.date() - timedelta(days=1) if ends_at.time() == time.min else ends_at.date()


def _is_working(day: date, holidays: Collection[date]) -> bool:
    """Say whether a date is a working day: Article 2(2), all days but public holidays, Sundays and Saturdays."""
    return day.weekday() < SATURDAY and day not in holidays


def _working_days(first: date, last: date, holidays: Collection[date]) -> int:
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return sum(_is_working(day, holidays) for day in days)


def checked_part(text: str, name: str) -> str:
    """Return a part of the notice; it may be empty while it is not known.

    Raises:
        WrongIncidentError: it is too long.
    """
    cleaned = clean(text).strip()
    if len(cleaned) > MAX_NOTICE_CHARS:
        raise WrongIncidentError(f"/{name}", f"It has at most {MAX_NOTICE_CHARS:,} characters.")
    return cleaned


def checked_notified(reference: str, note: str) -> tuple[str, str]:
    """Return the authority's reference, and what was sent, as they are kept.

    Raises:
        WrongIncidentError: one is missing or too long.
    """
    numbered = partial(checked_text, reference, "/reference", "Give the authority's reference.", MAX_REFERENCE_CHARS)
    said = partial(checked_text, note, "/note", "Say what was sent, and what not yet.", MAX_NOTE_CHARS)
    check_all(numbered, said)
    return numbered(), said()


def checked_said(note: str) -> str:
    """Return in words what people were told.

    Raises:
        WrongIncidentError: it is missing or too long.
    """
    return checked_text(note, "/note", "Say what they were told, and why some were not.", MAX_NOTE_CHARS)


def checked_people(number: int, name: str) -> int:
    """Return how many people.

    Raises:
        WrongIncidentError: it cannot be.
    """
    if not 0 <= number <= MAX_AFFECTED:
        raise WrongIncidentError(f"/{name}", f"It is a number from 0 to {MAX_AFFECTED:,}.")
    return number


def checked_method(method: str) -> str:
    """Return in words how people were counted.

    Raises:
        WrongIncidentError: it is missing or too long.
    """
    return checked_text(method, "/method", "Say how they were counted.", MAX_NOTE_CHARS)


def checked_reason(reason: str) -> str:
    """Return why the time of awareness was wrong.

    Raises:
        WrongIncidentError: it is missing or too long.
    """
    return checked_text(reason, "/reason", "Say why the time was wrong.", MAX_NOTE_CHARS)


def check_place(breach: Breach) -> None:
    """Check that zone, country and subdivision exist.

    Raises:
        WrongIncidentError: one does not.
    """
    try:
        zone_of(breach.zone)
    except UnknownTimeZoneError as error:
        raise WrongIncidentError("/zone", str(error)) from error
    if breach.country is None:
        if breach.subdivision is not None:
            raise WrongIncidentError("/subdivision", "Name the country too.")
        return
    try:
        check(HolidayRule(breach.country, breach.subdivision))
    except InvalidCalendarError as error:
        raise WrongIncidentError(f"/{error.pointer.rpartition('/')[2]}", str(error)) from error


def counted(count: int | None, by: CountedBy, method: str, people: str | None) -> Counted:
    """Return how many people are affected, by a number or by a list of their keys that is counted and not kept.

    Args:
        count: the number; None where a list is given.
        by: how it is known.
        method: how it was counted, in words.
        people: a list as CSV, with a person key or an e-mail address first in each row; a head is passed over.

    Raises:
        WrongIncidentError: there is neither or both, or the method is missing.
    """
    check_all(lambda: checked_method(method), lambda: _counted(count, by, "", people))
    return _counted(count, by, checked_method(method), people)


def _counted(count: int | None, by: CountedBy, text: str, people: str | None) -> Counted:
    if (by is CountedBy.LIST) != (people is not None):
        raise WrongIncidentError("/people", "Give the list where a list is counted, and only there.")
    if people is None:
        if count is None:
            raise WrongIncidentError("/count", "Say how many people are affected.")
        checked_people(count, "count")
        return Counted(count, by, text)
    if count is not None:
        raise WrongIncidentError("/count", "The list says how many people are affected: leave the number out.")
    keys = _keys(people)
    return Counted(len(keys), by, text, sha256("\n".join(keys).encode()).hexdigest())


def _one_person(text: str) -> str:
    """Return what names a person: of an e-mail address the mailbox, however it is written."""
    try:
        return mailbox.parse(text).address
    except mailbox.NotAMailboxError:
        return text


def _keys(people: str) -> list[str]:
    """Return the keys in a list, once each and sorted, so that the same people have one hash."""
    if len(people) > MAX_LIST_CHARS:
        raise WrongIncidentError("/people", f"A list has at most {MAX_LIST_CHARS:,} characters. Count it elsewhere.")
    text = people.removeprefix(_BYTE_ORDER_MARK)
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    try:
        rows = [row[0].strip() for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise WrongIncidentError("/people", f"The list is not CSV: {error}.") from None
    found = {_one_person(each) for each in (rows[1:] if rows and rows[0].lower() in HEADS else rows) if each}
    if not found:
        raise WrongIncidentError("/people", "The list names nobody.")
    return sorted(found)
