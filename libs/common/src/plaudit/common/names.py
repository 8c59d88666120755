"""Names that people give to things, and names that they misspell."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from plaudit.common.refusals import WrongInputError
from plaudit.common.text import NOT_TEXT, clean, shows

MAX_NAME_CHARS: Final = 100
MAX_NEAREST: Final = 3
LIKENESS: Final = 0.5
"""From 0 to 1: below it, a known name is not what was meant."""
MAX_SHOWN_CHARS: Final = 80
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode: control characters, halves of pairs, private and unassigned ones, and breaks of lines."""
_NOT_TEXT: Final = re.compile(f"[{NOT_TEXT}]")


def checked_name(name: str, *, max_chars: int = MAX_NAME_CHARS) -> str:
    """Return a name as it is stored: a clean text, without the spaces around it.

    Args:
        name: what somebody typed.
        max_chars: how long it may be.

    Raises:
        WrongInputError: it is empty, too long, holds characters that cannot be printed, or nothing that can be seen.
    """
    stripped = name.strip()
    if not 1 <= len(stripped) <= max_chars:
        raise WrongInputError(f"a name has 1 to {max_chars} characters, and this one has {len(stripped)}")
    if _NOT_TEXT.search(stripped) or any(unicodedata.category(char) in _UNPRINTABLE for char in stripped):
        raise WrongInputError(f"the name {shown(stripped)} holds a character that cannot be printed")
    if not shows(stripped):
        raise WrongInputError(f"the name {shown(stripped)} holds nothing that can be seen")
    return clean(stripped).strip()


def shown(text: str) -> str:
    """Return what somebody typed as a message quotes it: escaped, and cut when it is long."""
    return repr(text) if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]!r}…"


def nearest(word: str, known: Iterable[str], most: int = MAX_NEAREST) -> list[str]:
    """Return up to so many known words that a misspelt one may have meant, the nearest first; none if none is near."""
    return get_close_matches(word[:MAX_NAME_CHARS].lower(), list(known), n=most, cutoff=LIKENESS)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'a' or 'b'?`, or nothing when no known word is near."""
    near = nearest(word, known)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
