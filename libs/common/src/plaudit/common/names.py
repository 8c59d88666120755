"""Names that people give to things, and names that they misspell."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from plaudit.common.refusals import WrongInputError

MAX_NAME_CHARS: Final = 100
MAX_NEAREST: Final = 3
LIKENESS: Final = 0.5
"""From 0 to 1: below it, a known name is not what was meant."""
MAX_SHOWN_CHARS: Final = 80
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode: control characters, halves of pairs, unassigned ones, and breaks of lines."""
_NOTHING_TO_SEE: Final = frozenset({"Cf", "Mn", "Me", "Zs"})
"""Categories of what joins, marks or parts characters; alone it shows nothing."""
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing: fillers of Hangul, and Braille without a dot."""
_REORDERING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make the text that follows them look like another one."""


def checked_name(name: str) -> str:
    """Return a name as it is stored: without the spaces around it.

    Raises:
        WrongInputError: it is empty, too long, holds characters that cannot be printed, or nothing that can be seen.
    """
    stripped = name.strip()
    if not 1 <= len(stripped) <= MAX_NAME_CHARS:
        raise WrongInputError(f"a name has 1 to {MAX_NAME_CHARS} characters, and this one has {len(stripped)}")
    if any(unicodedata.category(char) in _UNPRINTABLE or char in _REORDERING for char in stripped):
        raise WrongInputError(f"the name {shown(stripped)} holds a character that cannot be printed")
    if all(unicodedata.category(char) in _NOTHING_TO_SEE or char in _BLANK for char in stripped):
        raise WrongInputError(f"the name {shown(stripped)} holds nothing that can be seen")
    return stripped


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
