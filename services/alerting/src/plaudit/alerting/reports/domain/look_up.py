"""What nobody knows: clocks past their due time where answers are not told. A person looks them up once a week."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.common.time_zones import in_words

MAX_LINES: Final = 10
"""Of a section of the digest; what is left out is counted."""
TITLE: Final = "To look up"
"""Of the section of the digest."""


class Unknown(NamedTuple):
    """A clock that has to be looked up."""

    clock_id: UUID
    metric: str
    review_id: str | None
    subject: str
    source_id: str | None
    source_name: str | None
    stars: int | None
    url: str | None
    """Where the review stands in public, and its answer may."""
    anchor_at: datetime
    due_at: datetime


class OfSource(NamedTuple):
    """How many clocks of a source have to be looked up."""

    source_id: str | None
    name: str
    clocks: int


class LookUp(NamedTuple):
    """What has to be looked up of a time."""

    by_source: tuple[OfSource, ...]
    """The source with the most first."""
    first: tuple[Unknown, ...]
    """The earliest due, at most `MAX_LINES`."""

    @property
    def clocks(self) -> int:
        """How many there are."""
        return sum(each.clocks for each in self.by_source)


NOTHING_TO_LOOK_UP: Final = LookUp((), ())


def without_addresses(found: LookUp) -> LookUp:
    """Return the same without the addresses of reviews, for where it is kept longer than they may be."""
    return found._replace(first=tuple(each._replace(url=None) for each in found.first))


def lines_of(found: LookUp, zone: tzinfo) -> Sequence[str]:
    """Return the section of the weekly digest, a line each, with times in the zone of the digest."""
    if not found.clocks:
        return ["nothing: every answer that was due is told, or was looked up"]
    sources = ", ".join(f"{each.name}: {each.clocks}" for each in found.by_source)
    more = found.clocks - len(found.first)
    return [
        f"{_answers(found.clocks)} of which nobody tells ({sources})",
        *(f"{each.subject}: {_what(each)}, due {in_words(each.due_at, zone)}" for each in found.first),
        *([f"and {more} more"] if more else []),
    ]


def _answers(count: int) -> str:
    return f"{count} answer" if count == 1 else f"{count} answers"


def _what(each: Unknown) -> str:
    stars = "a review" if each.stars is None else f"a {each.stars}-star review"
    return f"{stars} at {each.source_name or 'no source'}"
