"""Subjects: what is reviewed, as a path such as `acme/berlin/shop-3`. A score exists for every prefix of it."""

import re
from functools import lru_cache
from itertools import accumulate
from typing import Final

MAX_SUBJECT_SEGMENTS: Final = 6
MAX_SEGMENT_CHARS: Final = 64
MAX_SUBJECT_CHARS: Final = MAX_SUBJECT_SEGMENTS * (MAX_SEGMENT_CHARS + 1) - 1
CACHED_SUBJECTS: Final = 65_536

_SEGMENT: Final = rf"[a-z0-9][a-z0-9._-]{{0,{MAX_SEGMENT_CHARS - 1}}}"
SUBJECT_PATTERN: Final = rf"^{_SEGMENT}(/{_SEGMENT}){{0,{MAX_SUBJECT_SEGMENTS - 1}}}$"
"""For documents and validators that need a pattern; `is_subject` also refuses a line feed at the end."""
SUBJECT_RULE: Final = (
    f"a subject is a path of 1 to {MAX_SUBJECT_SEGMENTS} segments, each of 1 to {MAX_SEGMENT_CHARS} "
    "of a-z, 0-9, '.', '_', '-', beginning with a letter or digit"
)
_SUBJECT: Final = re.compile(SUBJECT_PATTERN.removeprefix("^").removesuffix("$"))


def is_subject(text: str) -> bool:
    """Return whether a text is a subject."""
    return _SUBJECT.fullmatch(text) is not None


def is_within(subject: str, root: str) -> bool:
    """Return whether a subject is `root` or below it."""
    return subject == root or subject.startswith(f"{root}/")


def is_subject_within(text: str, root: str) -> bool:
    """Return whether a text is a subject, and `root` or below it."""
    # A longer text is no subject, and could fill the cache with megabytes.
    return len(text) <= MAX_SUBJECT_CHARS and _is_subject_within(text, root)


@lru_cache(maxsize=CACHED_SUBJECTS)
def _is_subject_within(text: str, root: str) -> bool:
    return is_within(text, root) and is_subject(text)


def first_segment(subject: str) -> str:
    """Return the first segment, which chooses the partition."""
    return subject.partition("/")[0]


@lru_cache(maxsize=CACHED_SUBJECTS)
def prefixes(subject: str) -> tuple[str, ...]:
    """Return every prefix of a subject, the shortest first and the subject itself last.

    Raises:
        ValueError: it is not a subject; the text says what one is.
    """
    if not is_subject(subject):
        raise ValueError(f"{subject[:MAX_SEGMENT_CHARS]!r}: {SUBJECT_RULE}")
    return tuple(accumulate(subject.split("/"), "{}/{}".format))
