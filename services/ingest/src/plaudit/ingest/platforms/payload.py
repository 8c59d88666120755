"""The reader of payloads that adapters share: fields by path, each read strictly, and what is wrong named by its path.

A field that is absent is UNSET: the platform said nothing of it. Null and the empty text take an optional one away
(None). What cannot be read is an `UnreadableFieldError`, which quarantines its event alone; nothing is guessed.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import zip_longest
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from msgspec import UNSET, UnsetType

from plaudit.common.contracts.time import NO_LEAP_SECOND
from plaudit.common.strict_json import Unusable
from plaudit.common.text import cut
from plaudit.ingest.platforms.adapter import UnusableBodyError, check_count
from plaudit.ingest.platforms.fields import (
    MAX_ID_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_URL_CHARS,
    ImpossibleTimeError,
    InvalidLanguageError,
    checked_language,
    not_an_object,
    person_key,
    to_utc,
)
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    AnswerState,
    CreateReview,
    EditReview,
    Item,
    Quarantined,
)
from plaudit.ingest.reviews.domain.scales import STARS_SCALE, OffScaleError, Scale, to_stars
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.sources.domain import KeyedSource

Value = TypeVar("Value")

YES: Final = frozenset({"true", "yes", "1"})
NO: Final = frozenset({"false", "no", "0"})
MILLISECONDS_FROM: Final = 10**11
"""A number of seconds this large is in the year 5138; as milliseconds it is in 1973."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,15})?")
_WHOLE: Final = re.compile(r"[0-9]{1,16}")
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]{1,9}))?"
    r" ?(Z|z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LINK: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")
_BREAK: Final = re.compile(r"<(?:br ?/?|/p|/div|/li)>\s*", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")

TIME_FORMS: Final = "ISO 8601, such as 2026-11-28T18:30:00+01:00, or Unix seconds or milliseconds"
"""The times that are read. In any other, what is a day and what a month is not said."""


class UnreadableFieldError(ValueError):
    """A field that cannot be read; the text names it and says what it must be."""


class Fields:
    """One object of a payload."""

    __slots__ = ("_members", "_root", "source")

    def __init__(self, members: Mapping[str, object], source: KeyedSource, root: str = "") -> None:
        """Read members for a source; `root` is where they stand in the event, for what is wrong."""
        self._members = members
        self._root = root
        self.source = source

    def get(self, path: str) -> object | UnsetType:
        """Return the value at a path such as `order.id`, UNSET where it or what holds it is absent or null."""
        value: object | UnsetType = self._members
        for name in path.split("."):
            if value is None or value is UNSET:
                return UNSET
            if not isinstance(value, dict):
                raise self.unreadable(path, "what holds it is no object")
            value = value.get(name, UNSET)
        if isinstance(value, Unusable):
            raise self.unreadable(path, str(value))
        return value

    def names(self) -> set[str]:
        """Return the names of all members."""
        return set(self._members)

    def inner(self, path: str) -> "Fields":
        """Return an object that must be there."""
        value = self.get(path)
        if not isinstance(value, dict):
            raise self.unreadable(path, "must be an object")
        return Fields(value, self.source, self._place(path))

    def each(self, path: str) -> Iterator["Fields"]:
        """Yield the objects of an array, none where it is absent or null; null among them is left out."""
        values = self.get(path)
        if values is None or values is UNSET:
            return
        if not isinstance(values, list):
            raise self.unreadable(path, "must be an array")
        for index, value in enumerate(values):
            if value is not None:
                if not isinstance(value, dict):
                    raise self.unreadable(f"{path}.{index}", "must be an object")
                yield Fields(value, self.source, self._place(f"{path}.{index}"))

    def text(self, path: str) -> str | UnsetType | None:
        """Return a text."""
        value = self.get(path)
        if isinstance(value, str):
            return value or None
        if value is None or value is UNSET:
            return value
        raise self.unreadable(path, "must be a text")

    def html(self, path: str) -> str | UnsetType | None:
        """Return a text that is written as HTML, without its tags."""
        value = self.text(path)
        if not isinstance(value, str):
            return value
        return html.unescape(_TAG.sub("", _BREAK.sub("\n", value))).strip() or None

    def texts(self, path: str) -> list[str]:
        """Return the texts of an array, none where it is absent or null."""
        values = self.get(path)
        if values is None or values is UNSET:
            return []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self.unreadable(path, "must be an array of texts")
        return values

    def name(self, path: str) -> str | None:
        """Return a text or a whole number, as a text without space around it; None for none."""
        value = self.get(path)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        text = self.text(path) if not isinstance(value, float) else None
        if isinstance(value, float):
            raise self.unreadable(path, "must be a text or a whole number")
        return (text or "").strip() or None

    def id(self, path: str) -> str:
        """Return an id that must be there: a text or a whole number of 1 to 200 characters. It never gives a time."""
        value = self.name(path)
        if value is None:
            raise self.unreadable(path, "is missing")
        if len(value) > MAX_ID_CHARS or _CONTROL.search(value):
            raise self.unreadable(path, f"must have at most {MAX_ID_CHARS} characters and no control characters")
        return value

    def number(self, path: str) -> float | UnsetType:
        """Return a number, also one in a text, with a decimal point or comma; UNSET for none."""
        value = self.get(path)
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            return float(value.strip().replace(",", "."))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        if value is None or value is UNSET or value == "":
            return UNSET
        raise self.unreadable(path, f"must be a number, not {shown(value)}")

    def rating(self, path: str, scale: Scale = STARS_SCALE, kind: Kind = Kind.STARS) -> float | UnsetType:
        """Return a number on a scale; UNSET for none.

        Raises:
            UnreadableFieldError: it is no number.
            OffScaleError: it is not on the scale.
        """
        value = self.number(path)
        if value is not UNSET:
            to_stars(value, scale, kind)
        return value

    def word(self, path: str, words: Mapping[str, Value]) -> Value | UnsetType:
        """Return what a word stands for, in any case; UNSET for none, and an error for a word that is not known."""
        value = self.text(path)
        if value is None or value is UNSET:
            return UNSET
        known = words.get(value.strip().casefold(), UNSET)
        if known is UNSET:
            raise self.unreadable(path, f"must be one of {', '.join(words)}, not {shown(value)}")
        return known

    def needed_word(self, path: str, words: Mapping[str, Value]) -> Value:
        """Return what a word stands for that must be there."""
        value = self.word(path, words)
        if value is UNSET:
            raise self.unreadable(path, "is missing")
        return value

    def flag(self, path: str, yes: Iterable[str] = (), no: Iterable[str] = ()) -> bool | UnsetType:
        """Return a yes or no: a boolean, 1 or 0, or a known word; UNSET for none.

        Args:
            path: of the field.
            yes: more words that mean yes, in lower case.
            no: more words that mean no.
        """
        value = self.get(path)
        if isinstance(value, bool) or value is UNSET:
            return value
        word = value.strip().casefold() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
        if value is None or value == "":
            return UNSET
        if word in YES or word in yes:
            return True
        if word in NO or word in no:
            return False
        raise self.unreadable(path, f"must be a yes or a no, not {shown(value)}")

    def time(self, path: str, default_zone: tzinfo | None = None) -> datetime | UnsetType:
        """Return an instant; UNSET for none.

        A text with a zone, up to nine decimals, or Unix seconds or milliseconds as a number or a text. Of a local time
        that comes twice, the first one counts.

        Args:
            path: of the field.
            default_zone: of a time without one, where the platform says which; else it is the source's zone, and an
                error where the source has none.
        """
        value = self.get(path)
        if value is None or value is UNSET or value == "":
            return UNSET
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            value = int(value.strip())
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._epoch_time(path, value)
        form = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
        if form is None:
            raise self.unreadable(path, f"must be a time ({TIME_FORMS}), not {shown(value)}")
        day, clock, decimals, zone = form.groups()
        try:
            local = datetime.fromisoformat(f"{day}T{clock}")
            found_zone = self._zone(path, zone, default_zone)
            local = local.replace(microsecond=int(f"{decimals or '':0<6.6}"), tzinfo=found_zone)
            return to_utc(local)
        except UnreadableFieldError:
            raise
        except ValueError as error:
            why = f" ({NO_LEAP_SECOND})" if clock[6:] == "60" else ""
            raise self.unreadable(path, f"must be a time of the calendar, not {shown(value)}{why}") from error

    def edited(self, changed: str, published: str) -> datetime | UnsetType:
        """Return when it was changed, by the paths of that time and of its publication; UNSET if they are the same."""
        instant = self.time(changed)
        return UNSET if instant == self.time(published) else instant

    def link(self, path: str) -> str | UnsetType | None:
        """Return a link; UNSET for none and for one that cannot be kept: a review is worth more than its link."""
        value = self.text(path)
        if isinstance(value, str) and (len(value) > MAX_URL_CHARS or not _LINK.fullmatch(value)):
            return UNSET
        return value

    def language(self, path: str) -> str | UnsetType | None:
        """Return a language tag; `de_DE` is `de-DE`."""
        value = self.text(path)
        try:
            return checked_language(value.replace("_", "-") if isinstance(value, str) else value)
        except InvalidLanguageError as error:
            raise self.unreadable(path, "is no language tag such as en or pt-BR (BCP 47)") from error

    def person(self, *, email: str | None = None, person_id: str | None = None) -> str | UnsetType | None:
        """Return the key of the author by the paths of an address and of the platform's id; UNSET if unknown."""
        address = self.text(email) if email else None
        name = self.name(person_id) if person_id else None
        key = person_key(self.source, email=address or None, person_id=name)
        return UNSET if key is None else key

    def answer(self, text: str, time: str | None = None) -> AnswerContent | UnsetType:
        """Return the company's answer by the paths of its text and time; UNSET where nothing is said of one.

        A null, or an empty text, says that there is none, or none any more.
        """
        holder = text.partition(".")[0]
        if self.get(holder) is None:
            return AnswerContent(state=AnswerState.REMOVED)
        written = self.text(text)
        if written is UNSET:
            return UNSET
        if written is None:
            return AnswerContent(state=AnswerState.REMOVED)
        published_at = self.time(time) if time else UNSET
        return AnswerContent(text=written, published_at=None if published_at is UNSET else published_at)

    def unreadable(self, path: str, reason: str) -> UnreadableFieldError:
        """Return what is wrong with a field."""
        return UnreadableFieldError(f"{self._place(path)}: {reason}")

    def _place(self, path: str) -> str:
        return f"{self._root}.{path}" if self._root else path

    def _zone(self, path: str, zone: str | None, default: tzinfo | None) -> tzinfo:
        if zone is None and default is not None:
            return default
        if zone is None:
            if self.source.time_zone is None:
                raise self.unreadable(path, "the time has no zone, and the source has none either: set time_zone")
            return ZoneInfo(self.source.time_zone)
        if zone[0] not in "+-":
            return UTC
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        return timezone(timedelta(minutes=minutes if zone[0] == "+" else -minutes))

    def _epoch_time(self, path: str, value: float) -> datetime:
        milliseconds = value if abs(value) >= MILLISECONDS_FROM else value * 1000
        try:
            return to_utc(EPOCH + timedelta(milliseconds=milliseconds))
        except OverflowError as error:
            raise self.unreadable(path, f"{value:g} is no time that we can keep") from error


Events = Mapping[str, type[CreateReview] | type[EditReview]]
"""The name of an event → the instruction that it becomes."""
ReadEvent = Callable[[Fields], Item]


def shown(value: object) -> str:
    """Return what a value is. The value itself may be about a person, and no reason repeats it."""
    if isinstance(value, str):
        return f"a text of {len(value):,} characters"
    if isinstance(value, bool):
        return "true or false"
    return {int: "a whole number", float: "a number", list: "an array", dict: "an object"}.get(type(value), "null")


def read_event(event: object, source: KeyedSource, read: ReadEvent, root: str = "") -> Item:
    """Return what one decoded event says, or why it cannot be read."""
    if not isinstance(event, dict):
        return not_an_object(event, f"{root or 'an event'}: must be an object")
    try:
        return read(Fields(event, source, root))
    except (UnreadableFieldError, InvalidLanguageError, ImpossibleTimeError, OffScaleError) as error:
        return Quarantined(str(error))


def read_events(events: object, source: KeyedSource, read: ReadEvent, root: str = "") -> list[Item]:
    """Return what each event of an array says.

    Raises:
        UnusableBodyError: it is no array of at most 1,000.
    """
    if not isinstance(events, list):
        raise UnusableBodyError(f"expected {root or 'the body'} to be an array")
    return [read_event(event, source, read, root) for event in check_count(events)]


def with_answers(items: Iterable[Item]) -> list[Item]:
    """Return what a page says, with the answer to each review once more by itself, or that there is none.

    A review's version is the time of its own last change, so that a later answer comes under a version that is known
    already. By itself the answer has none, and counts in the order of receipt.
    """
    found: list[Item] = []
    for item in items:
        found.append(item)
        if isinstance(item, CreateReview) and item.content.rating is not UNSET:
            answer = item.content.answer
            told = AnswerContent(state=AnswerState.REMOVED) if answer is UNSET else answer
            found.append(AnswerReview(external_id=item.external_id, answer=told))
    return found


def version_of(changed_at: datetime | UnsetType) -> int | None:
    """Return the version of a review by the time of its last change: microseconds since 1970."""
    return None if changed_at is UNSET else (changed_at - EPOCH) // timedelta(microseconds=1)


def expect(body: object, *names: str) -> dict[str, object]:
    """Return a body that is an object with these members.

    Raises:
        UnusableBodyError: it is none: it comes from elsewhere.
    """
    if not isinstance(body, dict) or not all(name in body for name in names):
        wanted = " and ".join(f'"{name}"' for name in names)
        raise UnusableBodyError(f"expected an object with {wanted}")
    return body


def expect_rows(body: object, *names: str) -> list[object]:
    """Return a body that is an array, of which some object has these members; an empty one too.

    Raises:
        UnusableBodyError: it is none: it comes from elsewhere.
    """
    is_ours = isinstance(body, list) and (
        not body or any(isinstance(row, dict) and all(name in row for name in names) for row in body)
    )
    if not isinstance(body, list) or not is_ours:
        raise UnusableBodyError(f"expected an array of objects with {' and '.join(names)}")
    return body


def lines(*parts: str | UnsetType | None, marks: Iterable[str] = ()) -> str | None:
    """Return the texts that there are, a line each, behind their marks; None if there is none."""
    marked = zip_longest(parts, marks, fillvalue="")
    return "\n".join(f"{mark}{part}" for part, mark in marked if isinstance(part, str) and part) or None


def tags(*labels: str | None, **named: str | None) -> tuple[str, ...]:
    """Return what a review can be found by: labels as they are, and named references such as `product:p-7`."""
    found = [*labels, *(f"{name.replace('_', '-')}:{value}" for name, value in named.items() if value)]
    return tuple(cut(tag, MAX_TAG_CHARS) for tag in found if tag)[:MAX_TAGS]
