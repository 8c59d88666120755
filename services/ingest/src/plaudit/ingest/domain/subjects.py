"""Subjects: what is reviewed, as a path such as `acme/berlin/shop-3`."""

import re
from typing import Final

MAX_DEPTH: Final = 6
MAX_SEGMENT_CHARS: Final = 64

_SEGMENT = rf"[a-z0-9][a-z0-9._-]{{0,{MAX_SEGMENT_CHARS - 1}}}"
_SUBJECT = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,{MAX_DEPTH - 1}}}")


def is_subject(text: str) -> bool:
    """Say whether a text is a subject: 1 to 6 segments of a-z, 0-9, `.`, `_` and `-`, begun by a letter or digit."""
    return _SUBJECT.fullmatch(text) is not None


def is_within(subject: str, root: str) -> bool:
    """Say whether a subject is another one or lies below it."""
    return subject == root or subject.startswith(f"{root}/")


def first_segment(subject: str) -> str:
    """Return the outermost segment, the one that partitions are chosen by."""
    return subject.partition("/")[0]
