"""Readers of fields that adapters share: ids, times, links, tags, persons, and the words for what is wrong."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final, TypeVar

from msgspec import UNSET, Meta, UnsetType

from plaudit.common import person_keys
from plaudit.common.contracts.time import NO_LEAP_SECOND
from plaudit.common.mailbox import NotAMailboxError
from plaudit.common.strict_json import Unusable
from plaudit.ingest.reviews.domain.instructions import Ignored, Quarantined
from plaudit.ingest.sources.domain import KeyedSource

Value = TypeVar("Value")

MAX_ID_CHARS: Final = 200
MAX_URL_CHARS: Final = 2_048
MAX_EMAIL_CHARS: Final = 320
MAX_LANGUAGE_CHARS: Final = 35
"""The longest BCP 47 tag that software must take."""
CACHED_LANGUAGES: Final = 1_024
MAX_TAGS: Final = 50
MAX_TAG_CHARS: Final = 100
MAX_REASON_CHARS: Final = 300
"""Of what is wrong with a field: a message of the model library can hold the value."""
MAX_VERSION: Final = 2**63 - 1
MAX_PERSON_ID_CHARS: Final = 128
MAX_TYPE_CHARS: Final = 80
"""Of an unknown type of event, where a reason names it."""
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

_TRANSLATION: Final = "(Translated by Google)"
_ORIGINAL: Final = re.compile(r"\n\(Original\)\s")
_PRIVATE: Final = "[xX](-[A-Za-z0-9]{1,8})+"
_LANGUAGE_TAG: Final = (
    "([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})"  # language, with extensions
    "(-[A-Za-z]{4})?"  # script
    "(-([A-Za-z]{2}|[0-9]{3}))?"  # region
    "(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"  # variants
    "(-[0-9A-WYZa-wyz](-[A-Za-z0-9]{2,8})+)*"  # extensions
    f"(-{_PRIVATE})?"
)
_IRREGULAR_TAGS: Final = (
    "en-GB-oed|i-(ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)|sgn-(BE-(FR|NL)|CH-DE)"
)
LANGUAGE_PATTERN: Final = rf"^({_LANGUAGE_TAG}|{_PRIVATE}|{_IRREGULAR_TAGS})(?![\s\S])"
"""A language tag that is well-formed by RFC 5646 (BCP 47); its last part is the end of the text, in every dialect."""
ExternalId = Annotated[str, Meta(max_length=MAX_ID_CHARS, pattern=r"^[^\x00-\x1f\x7f\ufffd]+\Z")]
Version = Annotated[int, Meta(ge=-MAX_VERSION, le=MAX_VERSION)]
Instant = Annotated[datetime, Meta(tz=True)]
Url = Annotated[str, Meta(max_length=MAX_URL_CHARS, pattern=r"^https?://[^\s\x00-\x1f\x7f]+\Z")]
Language = Annotated[str, Meta(max_length=MAX_LANGUAGE_CHARS, extra_json_schema={"pattern": LANGUAGE_PATTERN})]
Tag = Annotated[str, Meta(min_length=1, max_length=MAX_TAG_CHARS)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=MAX_TAGS)]

_LANGUAGE = re.compile(LANGUAGE_PATTERN)
_TYPE = re.compile(r"(?:[a-z0-9][A-Za-z0-9]*(?:[._:/-][A-Za-z0-9]+)*)?")
"""What a type of events looks like. Anything else may be about a person, and is not repeated."""
_PLACE = re.compile(r"^(.*) - at `\$\.?(.*)`$", re.DOTALL)


class ImpossibleTimeError(ValueError):
    """A time before 1970, or so far ahead that it has no UTC form."""


class InvalidLanguageError(ValueError):
    """A text that is no language tag."""


def to_utc(time: datetime) -> datetime:
    """Return an instant in UTC.

    Raises:
        ImpossibleTimeError: it lies before 1970, or has no UTC form.
    """
    try:
        instant = time.astimezone(UTC)
    except OverflowError as error:
        raise ImpossibleTimeError(f"{time.isoformat()} is no time that we can keep") from error
    if instant < EARLIEST:
        raise ImpossibleTimeError(f"{time.isoformat()} lies before 1970")
    return instant


def utc_or_unset(time: datetime | UnsetType | None) -> datetime | UnsetType:
    """Return an instant in UTC, or UNSET for none.

    Raises:
        ImpossibleTimeError: it lies before 1970, or has no UTC form.
    """
    return to_utc(time) if time else UNSET


def checked_language(tag: str | UnsetType | None) -> str | UnsetType | None:
    """Return a language tag, or what stands for none.

    Raises:
        InvalidLanguageError: it is not well-formed.
    """
    # What is too long is not asked for: the answers are kept.
    if isinstance(tag, str) and not (len(tag) <= MAX_LANGUAGE_CHARS and _is_language(tag)):
        raise InvalidLanguageError("language: is no language tag such as en or pt-BR (BCP 47)")
    return tag


@lru_cache(maxsize=CACHED_LANGUAGES)
def _is_language(tag: str) -> bool:
    return _LANGUAGE.match(tag) is not None


def as_written(text: str) -> str:
    """Return a text without the translation that Google puts before or after the words of whoever wrote it."""
    if text.startswith(_TRANSLATION):
        return _ORIGINAL.split(text, maxsplit=1)[-1].strip() or text
    return text.partition(f"\n{_TRANSLATION}")[0].rstrip() or text


def value_or_unset(value: Value | None) -> Value | UnsetType:
    """Return a value, or UNSET for none: a field that was not mentioned."""
    return UNSET if value is None else value


def person_key(source: KeyedSource, *, email: str | None, person_id: str | None) -> str | None:
    """Return the key of the author, the same person in every service and never an address; None if unknown.

    An e-mail address makes an HMAC-SHA256 under the tenant's key, the same on every platform and in every spelling;
    without one, or with a text that is none, it is `platform:id`. An id that could be an address, or is longer than 128
    characters, is hashed too.
    """
    if email and (key := _key_of_mailbox(source, email)):
        return key
    name = (person_id or "").strip()
    if not name:
        return None
    if "@" in name or len(name) > MAX_PERSON_ID_CHARS:
        return person_keys.hashed_id(source.person_key, name)
    return f"{source.platform}:{name}"


def _key_of_mailbox(source: KeyedSource, email: str) -> str | None:
    try:
        return person_keys.person_key(source.person_key, email)
    except NotAMailboxError:
        return None


def not_an_object(event: object, expected: str) -> Quarantined:
    """Return why an event that is no object cannot be read: what is wrong with it, else what is expected."""
    return Quarantined(str(event) if isinstance(event, Unusable) else expected)


def unknown_type(field: str, name: str) -> Ignored:
    """Return that an event is not for us, by its type: a test ping, or something that is not about a review."""
    told = repr(name) if len(name) <= MAX_TYPE_CHARS and _TYPE.fullmatch(name) else "what it says"
    return Ignored(f"{field}: {told} is none of the review events that are known")


_NO_ZONE: Final = "Expected `datetime` with a timezone component"
_NO_TIME: Final = "Invalid RFC3339 encoded datetime"
_QUOTING: Final = ("Invalid enum value", "Invalid value")
"""How messages begin that go on with the value, in which anything may stand."""


def explain(message: str, root: str = "") -> str:
    """Turn the model library's message into the field, below a root, and what it must be."""
    match = _PLACE.match(message)
    what, field = match.groups() if match else (message, "")
    if what.startswith(_QUOTING):
        what = "Expected one of the values that are documented"
    elif what == _NO_ZONE:
        what = "Expected a time with its zone, such as 2026-01-31T09:00:00Z; this format takes none from the source"
    elif what == _NO_TIME:
        what = f"Expected a time that exists, as RFC 3339, such as 2026-01-31T09:00:00Z; {NO_LEAP_SECOND}"
    what = what.replace("`", "")[:MAX_REASON_CHARS]
    place = ".".join(filter(None, (root, field)))
    return f"{place}: {what}" if place else what
