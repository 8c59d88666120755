"""Texts that people write: cleaned, limited in length, and turned into slugs."""

import re
import unicodedata
from typing import Final
from uuid import UUID

from plaudit.common.text import NOT_TEXT, UNSEEN, clean, cut, one_line, seen, shows
from plaudit.feedback_board.requests.domain.errors import InvalidInputError

TITLE_MIN_CHARACTERS: Final = 3
TITLE_MAX_CHARACTERS: Final = 120
TEXT_MAX_CHARACTERS: Final = 5_000
REASON_MIN_CHARACTERS: Final = 3
REASON_MAX_CHARACTERS: Final = 2_000
PERSONA_MAX_CHARACTERS: Final = 64
NAME_MAX_CHARACTERS: Final = 60
SLUG_MAX_CHARACTERS: Final = 60
EXCERPT_MAX_CHARACTERS: Final = 400
SLUG_TAIL_DIGITS: Final = 6

SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+")
_REFUSED: Final = re.compile(rf"[{NOT_TEXT}\uD800-\uDFFF]")
"""What no text needs, and lone surrogates. Characters that this Python does not know yet are allowed: people write
newer emoji."""
_CONTROLS: Final = r"\u0000-\u001F\u007F-\u009F"
_REFUSED_IN_A_LINE: Final = re.compile(rf"[{NOT_TEXT}{_CONTROLS}\uD800-\uDFFF]")
_SEEN: Final = rf"[^\s{NOT_TEXT}{UNSEEN}]"
_SPACE: Final = rf"[^\S{NOT_TEXT}]"
_UNSEEN: Final = f"[{UNSEEN}]"
_GAP: Final = f"(?:{_SPACE}|{_UNSEEN})*"
TEXT_PATTERN: Final = rf"^[^{NOT_TEXT}]*$"
"""What a text may hold, for documents: characters, tabs and line breaks."""
TITLE_PATTERN: Final = rf"^{_GAP}{_SEEN}(?:{_UNSEEN}*{_SPACE}{_GAP}{_SEEN}|{_GAP}{_SEEN}{_GAP}{_SEEN})[^{NOT_TEXT}]*$"
"""The same, with three characters that can be seen. The space around them is cut off; space within counts as one."""
REASON_PATTERN: Final = rf"^{_GAP}{_SEEN}{_UNSEEN}*[^{NOT_TEXT}{UNSEEN}][^{NOT_TEXT}]*{_SEEN}[^{NOT_TEXT}]*$"
"""The same, with three characters once the space around them is cut off, of which two can be seen."""
COMMENT_PATTERN: Final = rf"^{_GAP}{_SEEN}[^{NOT_TEXT}]*$"
"""The same, with a character that can be seen."""
PERSONA_PATTERN: Final = rf"^(?:[^\S{NOT_TEXT}{_CONTROLS}]|{_UNSEEN})*{_SEEN}[^{NOT_TEXT}{_CONTROLS}]*$"
"""What a line may hold that has a character that can be seen, for documents."""


def _checked(field: str, text: str, refused: re.Pattern[str] = _REFUSED) -> str:
    found = refused.search(text)
    if found is not None:
        raise InvalidInputError(field, f"{field} contains a character that is not text: U+{ord(found[0]):04X}")
    return text


def _bounded(field: str, text: str, least: int, most: int) -> str:
    """Return a text that is long enough by what can be seen of it, and short enough by all that it holds."""
    length = len(text) if len(text) > most else len(" ".join(seen(text).split()))
    if not least <= length <= most:
        raise InvalidInputError(field, f"{field} must have {least} to {most} characters; it has {length}")
    if least and not shows(text):
        raise InvalidInputError(field, f"{field} must have a character that can be seen")
    return text


def clean_title(text: str) -> str:
    """Return a title as one line with single spaces. Raises InvalidInputError."""
    line = one_line(_checked("title", text))
    return _bounded("title", line, TITLE_MIN_CHARACTERS, TITLE_MAX_CHARACTERS)


def clean_text(text: str) -> str:
    """Return the text of a request; it may be empty. Raises InvalidInputError."""
    return _bounded("text", clean(_checked("text", text)).strip(), 0, TEXT_MAX_CHARACTERS)


def clean_reason(text: str) -> str:
    """Return the public reason for a status. Raises InvalidInputError when it is too short or too long."""
    return _bounded("reason", clean(_checked("reason", text)).strip(), REASON_MIN_CHARACTERS, REASON_MAX_CHARACTERS)


def clean_persona(text: str, field: str = "persona") -> str:
    """Return the kind of person who asks, as one line. Raises InvalidInputError, which names the field."""
    line = one_line(_checked(field, text, _REFUSED_IN_A_LINE))
    return _bounded(field, line, 1, PERSONA_MAX_CHARACTERS)


def clean_note(text: str | None) -> str | None:
    """Return why an estimate is as it is, or None. Raises InvalidInputError when it is too short or too long."""
    if text is None:
        return None
    return _bounded("note", clean(_checked("note", text)).strip(), REASON_MIN_CHARACTERS, REASON_MAX_CHARACTERS)


def clean_name(text: str) -> str | None:
    """Return the name that a person wants to be shown under, as one line; None for none. Raises InvalidInputError."""
    line = one_line(_checked("name", text, _REFUSED_IN_A_LINE))
    return _bounded("name", line, 1, NAME_MAX_CHARACTERS) if line else None


def clean_comment(text: str) -> str:
    """Return the text of a comment. Raises InvalidInputError."""
    return _bounded("text", clean(_checked("text", text)).strip(), 1, TEXT_MAX_CHARACTERS)


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
    """Return the beginning of a text as one line, cut between words; None when nothing of it can be seen."""
    if text is None or not shows(line := one_line(text)):
        return None
    if len(line) <= EXCERPT_MAX_CHARACTERS:
        return line
    head = cut(line, EXCERPT_MAX_CHARACTERS)
    return (head.rpartition(" ")[0] or head).rstrip(" ,;:.–-") + " …"
