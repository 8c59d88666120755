"""Texts that people write: cleaned, limited in length, and turned into slugs."""

import re
import unicodedata
from typing import Final
from uuid import UUID

from plaudit.feedback_board.requests.domain.errors import InvalidInputError

TITLE_MIN_CHARACTERS: Final = 3
TITLE_MAX_CHARACTERS: Final = 120
TEXT_MAX_CHARACTERS: Final = 5_000
REASON_MIN_CHARACTERS: Final = 3
REASON_MAX_CHARACTERS: Final = 2_000
PERSONA_MAX_CHARACTERS: Final = 64
SLUG_MAX_CHARACTERS: Final = 60
EXCERPT_MAX_CHARACTERS: Final = 400
SLUG_TAIL_DIGITS: Final = 6

SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+")
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cs"})
"""Control characters and lone surrogates: no text needs them, and PostgreSQL refuses some. Characters that this Python
does not know yet are allowed: people write newer emoji."""
_DIRECTION_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They can make a line look like another one."""
_NOT_TEXT: Final = r"\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069"
_CONTROLS: Final = r"\u0000-\u001F\u007F-\u009F"
_SHOWN: Final = rf"[^\s{_NOT_TEXT}]"
_SPACE: Final = rf"[^\S{_NOT_TEXT}]"
TEXT_PATTERN: Final = rf"^[^{_NOT_TEXT}]*$"
"""What a text may hold, for documents: characters, tabs and line breaks."""
TITLE_PATTERN: Final = rf"^{_SPACE}*{_SHOWN}({_SPACE}+{_SHOWN}|{_SHOWN}{_SPACE}*{_SHOWN})[^{_NOT_TEXT}]*$"
"""The same, with three characters once the space around them is cut off, and each space within counts as one."""
REASON_PATTERN: Final = rf"^{_SPACE}*{_SHOWN}[^{_NOT_TEXT}]+{_SHOWN}[^{_NOT_TEXT}]*$"
"""The same, with three characters once the space around them is cut off."""
PERSONA_PATTERN: Final = rf"^[^\S{_NOT_TEXT}{_CONTROLS}]*{_SHOWN}[^{_NOT_TEXT}{_CONTROLS}]*$"
"""What a line may hold that has a character once the space around it is cut off, for documents."""


def _clean(field: str, text: str, allowed: str) -> str:
    cleaned = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    for character in cleaned:
        if character in allowed:
            continue
        if unicodedata.category(character) in _FORBIDDEN_CATEGORIES or character in _DIRECTION_OVERRIDES:
            raise InvalidInputError(field, f"{field} contains a character that is not text: U+{ord(character):04X}")
    return cleaned.strip()


def _bounded(field: str, text: str, least: int, most: int) -> str:
    if not least <= len(text) <= most:
        raise InvalidInputError(field, f"{field} must have {least} to {most} characters; it has {len(text)}")
    return text


def clean_title(text: str) -> str:
    """Return a title as one line with single spaces. Raises InvalidInputError."""
    line = " ".join(_clean("title", text, "\n\t").split())
    return _bounded("title", line, TITLE_MIN_CHARACTERS, TITLE_MAX_CHARACTERS)


def clean_text(text: str) -> str:
    """Return the text of a request; it may be empty. Raises InvalidInputError."""
    return _bounded("text", _clean("text", text, "\n\t"), 0, TEXT_MAX_CHARACTERS)


def clean_reason(text: str) -> str:
    """Return the public reason for a status. Raises InvalidInputError when it is too short or too long."""
    return _bounded("reason", _clean("reason", text, "\n\t"), REASON_MIN_CHARACTERS, REASON_MAX_CHARACTERS)


def clean_persona(text: str) -> str:
    """Return the kind of person who asks, as one line. Raises InvalidInputError."""
    line = " ".join(_clean("persona", text, "").split())
    return _bounded("persona", line, 1, PERSONA_MAX_CHARACTERS)


def slug(title: str) -> str:
    """Return the readable part of a request's address: lower-case letters and digits of its title, with hyphens."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    whole = _NOT_IN_SLUG.sub("-", plain).strip("-")
    if len(whole) > SLUG_MAX_CHARACTERS:
        at_word = whole[: SLUG_MAX_CHARACTERS + 1].rpartition("-")[0]
        whole = (at_word or whole[:SLUG_MAX_CHARACTERS]).strip("-")
    return whole or "request"


def distinct_slug(title: str, request_id: UUID) -> str:
    """Return a slug for a title whose plain slug is taken: it ends with the last digits of the request's id."""
    return f"{slug(title)}-{request_id.hex[-SLUG_TAIL_DIGITS:]}"


def excerpt(text: str | None) -> str | None:
    """Return the beginning of a text as one line, cut between words; None when there is no text."""
    if text is None or not (line := " ".join(text.split())):
        return None
    if len(line) <= EXCERPT_MAX_CHARACTERS:
        return line
    head = line[:EXCERPT_MAX_CHARACTERS]
    return (head.rpartition(" ")[0] or head).rstrip(" ,;:.–-") + " …"
