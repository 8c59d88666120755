"""The values of a row, from texts as files have them; what is not understood is refused and never guessed."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import urlsplit

from plaudit.common import mailbox
from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.text import NOT_TEXT, shows
from plaudit.feedback_board.imports.domain.rows import (
    MAX_ID_CHARACTERS,
    MAX_NUMBER,
    MAX_URL_CHARACTERS,
    MAX_VOTERS,
)
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.priority import Sizing
from plaudit.feedback_board.requests.domain.status import Status

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_NOT_IN_A_LINE: Final = re.compile(rf"[{NOT_TEXT}\u0000-\u001F\u007F-\u009F\uD800-\uDFFF]")
_BETWEEN_VOTERS: Final = re.compile(r"[;,\s]+")
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)

STATUSES: Final = {
    **{status.value.replace("_", " "): status for status in Status},
    "new": Status.OPEN,
    "complete": Status.SHIPPED,
    "completed": Status.SHIPPED,
    "done": Status.SHIPPED,
    "closed": Status.DECLINED,
    "started": Status.IN_PROGRESS,
}
"""What Canny and UserVoice call their statuses, and our own names, → status."""


def identifier(field: str, text: str) -> str:
    """Return a name under which a row comes again. Raises InvalidInputError."""
    line = text.strip()
    if not shows(line):
        raise InvalidInputError(field, f"{field} is missing: by it a row is known when the file comes again")
    if len(line) > MAX_ID_CHARACTERS or _NOT_IN_A_LINE.search(line):
        raise InvalidInputError(field, f"{field} must be one line of at most {MAX_ID_CHARACTERS} characters")
    return line


def number(field: str, text: str) -> int:
    """Return a whole number of at most `MAX_NUMBER`. Raises InvalidInputError."""
    plain = text.strip()
    if not _NUMBER.fullmatch(plain) or int(plain) > MAX_NUMBER:
        raise InvalidInputError(field, f"{field} must be a whole number from 0 to {MAX_NUMBER:,}, in digits alone")
    return int(plain)


def status(text: str) -> Status:
    """Return a status by one of its names. Raises InvalidInputError."""
    found = STATUSES.get(" ".join(text.replace("_", " ").replace("-", " ").casefold().split()))
    if found is None:
        raise InvalidInputError("status", f"status must be one of {', '.join(STATUSES)}")
    return found


def sizing(impact: str, effort_weeks: str) -> Sizing:
    """Return what was estimated. Raises InvalidInputError."""
    return Sizing(_decimal("impact", impact), _decimal("effort_weeks", effort_weeks))


def _decimal(field: str, text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text.strip()):
        raise InvalidInputError(field, f"{field} must be a number such as 0.5; impact and effort come together")
    try:
        return Decimal(text.strip())
    except InvalidOperation as error:  # the pattern lets none through
        raise InvalidInputError(field, f"{field} must be a number such as 0.5") from error


def moment(field: str, text: str, now: datetime) -> datetime:
    """Return a time that says its zone, or a date, which begins at midnight UTC. Raises InvalidInputError."""
    plain = text.strip()
    try:
        found = datetime.fromisoformat(plain.removesuffix(" UTC") + "+00:00" if plain.endswith(" UTC") else plain)
    except ValueError as error:
        raise InvalidInputError(field, f"{field} must be like 2026-05-31 or 2026-05-31T09:30:00Z") from error
    is_date = len(plain) <= len("2026-05-31") and found.tzinfo is None
    if found.tzinfo is None and not is_date:
        raise InvalidInputError(field, f"{field} does not say its time zone: write it like 2026-05-31T09:30:00Z")
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        found = EARLIEST.replace(year=1)
    if not EARLIEST <= found <= now:
        raise InvalidInputError(field, f"{field} must be between {EARLIEST.year} and now")
    return found


def address(field: str, text: str) -> str:
    """Return an e-mail address as it is known. Raises InvalidInputError, which does not repeat it."""
    try:
        return mailbox.parse(text).address
    except mailbox.NotAMailboxError as error:
        raise InvalidInputError(field, f"{field}: {error}") from error


def addresses(field: str, text: str) -> tuple[str, ...]:
    """Return several e-mail addresses, each once. Raises InvalidInputError."""
    parts = [part for part in _BETWEEN_VOTERS.split(text) if part]
    if len(parts) > MAX_VOTERS:
        raise InvalidInputError(field, f"{field} has more than {MAX_VOTERS:,} addresses")
    return tuple(sorted({address(field, part) for part in parts}))


def link(field: str, text: str) -> str:
    """Return an address on the web. Raises InvalidInputError."""
    plain = text.strip()
    try:
        parts = urlsplit(plain)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if not is_usable or len(plain) > MAX_URL_CHARACTERS or _NOT_IN_A_LINE.search(plain) or " " in plain:
        raise InvalidInputError(
            field, f"{field} must begin with https:// and have at most {MAX_URL_CHARACTERS:,} characters"
        )
    return plain


def subject(text: str) -> str:
    """Return what a request is about. Raises InvalidInputError."""
    if not is_subject(text.strip()):
        raise InvalidInputError("subject", f"subject: {SUBJECT_RULE}")
    return text.strip()
