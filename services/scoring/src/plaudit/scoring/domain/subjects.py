"""Subjects: what is reviewed, as a path such as `acme/berlin/shop-3`. A score exists for every prefix of it."""

import re
from functools import lru_cache
from itertools import accumulate
from typing import Final

MAX_SUBJECT_DEPTH_SEGMENTS: Final = 6
MAX_SEGMENT_LENGTH_CHARACTERS: Final = 64
PREFIX_CACHE_ENTRIES: Final = 65_536

_SEGMENT: Final = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{MAX_SEGMENT_LENGTH_CHARACTERS - 1}}}")


def parse_subject(subject: str) -> tuple[str, ...]:
    """Split a subject path into its segments, outermost first.

    Raises ValueError, saying what is allowed, for an empty path, a bad segment or one too deep.
    """
    segments = tuple(subject.split("/"))
    if len(segments) > MAX_SUBJECT_DEPTH_SEGMENTS:
        raise ValueError(f"subject has {len(segments)} segments; use at most {MAX_SUBJECT_DEPTH_SEGMENTS}")
    for segment in segments:
        if _SEGMENT.fullmatch(segment) is None:
            raise ValueError(
                f"subject segment {segment[: MAX_SEGMENT_LENGTH_CHARACTERS + 1]!r} is not valid; use 1 to "
                f"{MAX_SEGMENT_LENGTH_CHARACTERS} of a-z, 0-9, '.', '_', '-', beginning with a letter or digit"
            )
    return segments


@lru_cache(maxsize=PREFIX_CACHE_ENTRIES)
def prefixes(subject: str) -> tuple[str, ...]:
    """Every prefix of a subject path, outermost first and the subject itself last.

    Raises ValueError for what parse_subject refuses.
    """
    return tuple(accumulate(parse_subject(subject), "{}/{}".format))
