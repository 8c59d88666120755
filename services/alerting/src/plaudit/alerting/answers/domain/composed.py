"""Texts in composed form (NFC), and where each of their characters stood before.

An accent may be a character of its own, as some systems write it: no word of ours would be found then. What is found
is told by the places of the text as it came.
"""

import re
import unicodedata
from typing import Final, NamedTuple

_FORM: Final = "NFC"
_CLUSTER: Final = re.compile(r"(?s).[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u093c\u3099\u309a]*")
"""A character, and the marks behind it that it may be composed with."""


class Composed(NamedTuple):
    """A text in composed form."""

    text: str
    places: tuple[int, ...] | None
    """Where each of its characters began, and the end; None where nothing has moved."""

    def place(self, at: int) -> int:
        """Return where a place of the composed text was in the text as it came."""
        return at if self.places is None else self.places[at]


def composed(text: str) -> Composed:
    """Return a text in composed form."""
    if unicodedata.is_normalized(_FORM, text):
        return Composed(text, None)
    parts: list[str] = []
    places: list[int] = []
    for found in _CLUSTER.finditer(text):
        part = unicodedata.normalize(_FORM, found[0])
        parts.append(part)
        # Of a cluster that stays several characters, the first stands for all that it was composed of.
        moved = len(found[0]) - len(part)
        places += [found.start(), *(found.start() + moved + number for number in range(1, len(part)))]
    return Composed("".join(parts), (*places, len(text)))


def normal(text: str) -> str:
    """Return a text in composed form, where nobody asks for places."""
    return unicodedata.normalize(_FORM, text)
