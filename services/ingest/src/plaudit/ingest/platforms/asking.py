"""What is common to interfaces of platforms that are asked over HTTP: requests, tokens, and how long to wait.

All of it is pure: a room sends the requests, and gives what comes back to the platform's own readers.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from plaudit.common.strict_json import InvalidJsonError, Unusable, loads
from plaudit.common.text import one_line, shortened

MAX_REASON_CHARS: Final = 300
LONGEST_WAIT: Final = timedelta(hours=24)
"""However long a platform asks to wait."""
FORM: Final = "application/x-www-form-urlencoded"
JSON_HEADERS: Final[Mapping[str, str]] = {"content-type": "application/json", "accept": "application/json"}
_REASONS: Final = (
    ("error", "message"), ("message",), ("errors", 0, "detail"), ("errors", 0, "title"), ("error_description",),
    ("detail",), ("details",), ("error",),
)  # fmt: skip
"""Where platforms say why they refuse something."""

Credentials = Mapping[str, str]
"""Of a source: name → value."""


class UnusableReplyError(ValueError):
    """A platform's interface has answered something else than its documents say."""


class CannotAskError(ValueError):
    """A source lacks a credential, or has one that cannot be used; the text names it, and never its value.

    Or a review has no id by which the interface knows it.
    """


@dataclass(frozen=True)
class Credential:
    """One of the values that a platform's interface needs."""

    name: str
    meaning: str
    """For people."""


@dataclass(frozen=True)
class HttpRequest:
    """A request to a platform's interface."""

    method: str
    address: str
    """Scheme and host."""
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Token:
    """What a platform's interface knows us by for a while."""

    value: str = field(repr=False)
    lifetime_seconds: float


@dataclass(frozen=True)
class Grant:
    """How a token is got."""

    ask: Callable[[Credentials, datetime], HttpRequest | Token]
    """Returns the request for one, or the token itself where we sign it. Raises `CannotAskError`."""
    read: Callable[[bytes], Token]
    """Reads what comes back. Raises `UnusableReplyError`."""


def bearer(token: str) -> dict[str, str]:
    """Return the headers of a request with a token, whose body is JSON."""
    return {**JSON_HEADERS, "authorization": f"Bearer {token}"}


def json_body(**members: Any) -> bytes:
    """Return a JSON object."""
    return msgspec.json.encode(members)


def form(
    address: str, path: str, fields: Mapping[str, str], headers: Mapping[str, str] = MappingProxyType({})
) -> HttpRequest:
    """Return a request that posts a form, as tokens are asked for."""
    return HttpRequest("POST", address, path, {"content-type": FORM, **headers}, urlencode(fields).encode())


def credential(credentials: Credentials, name: str) -> str:
    """Return a credential.

    Raises:
        CannotAskError: there is none of this name.
    """
    value = credentials.get(name, "").strip()
    if not value:
        raise CannotAskError(f"the source has no credential {name!r}")
    return value


def read_object(body: bytes) -> dict[str, Any]:
    """Return the object that an interface has answered.

    Raises:
        UnusableReplyError: it is none.
    """
    try:
        value = loads(body)
    except InvalidJsonError as error:
        raise UnusableReplyError("the interface answered no JSON") from error
    if not isinstance(value, dict):
        raise UnusableReplyError("the interface answered no object")
    return value


def member(value: object, *path: str | int) -> Any:
    """Return what stands at a path in decoded JSON; None where there is nothing."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return None if isinstance(value, Unusable) else value


def text_at(value: object, *path: str | int) -> str | None:
    """Return the text at a path in decoded JSON; None where there is none."""
    found = member(value, *path)
    return found if isinstance(found, str) else None


def time_at(value: object, *path: str | int) -> datetime | None:
    """Return the time at a path in decoded JSON, as RFC 3339 with a zone; None where there is none."""
    text = text_at(value, *path)
    try:
        found = None if text is None else datetime.fromisoformat(text)
        return None if found is None or found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def seconds_at(value: object, *path: str | int) -> datetime | None:
    """Return the time at a path in decoded JSON, as Unix seconds, written as a text or a number."""
    found = member(value, *path)
    try:
        return None if found is None else datetime.fromtimestamp(int(found), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def read_token(body: bytes, *, usual_seconds: float) -> Token:
    """Return the token of an OAuth answer.

    Raises:
        UnusableReplyError: it holds none.
    """
    answered = read_object(body)
    value, lifetime = text_at(answered, "access_token"), member(answered, "expires_in")
    if not value:
        raise UnusableReplyError("the interface answered no access_token")
    try:
        return Token(value, float(lifetime))
    except (ValueError, TypeError):
        return Token(value, usual_seconds)


def refusal_of(status: int, body: bytes) -> str:
    """Return in words why an interface has refused a request."""
    try:
        answered: object = loads(body)
    except InvalidJsonError:
        answered = None
    said = next((text for path in _REASONS if (text := text_at(answered, *path))), None)
    return f"{status}: {shortened(one_line(said), MAX_REASON_CHARS)}" if said else f"{status}, and no reason"


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return how long to wait by `Retry-After`, as seconds or as a date, and a day at most; None for neither.

    A date that is over, by the clock of here or of there, is a wait of nothing: whoever waits has a shortest wait too.

    Args:
        value: the header; None without one.
        now: in UTC.
    """
    written = (value or "").strip()
    try:
        seconds = float(written) if written.isascii() else math.nan
    except ValueError:
        try:
            date = parsedate_to_datetime(written)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        seconds = max(((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds(), 0.0)
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())) if seconds >= 0 else None
