"""What is told of the answers to many reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from uuid import UUID

from plaudit.common.statistics.waiting import Curve, Waits, together

DAYS: Final = 90
"""Reviews of so many days are looked at unless another number is asked for."""
MIN_DAYS: Final = 1
MAX_DAYS: Final = 366
MAX_WAITS: Final = 2_000_000
"""Of more reviews than this, waits are not told at once: each is read, and takes forty bytes while it is. To count them
by the minute where they are stored took the database four times as long."""
_HOUR_US: Final = 3_600_000_000
WITHIN_HOURS: Final = (24, 72, 168)
"""Times within which the share of answers is told, in their order."""


class TooManyWaitsError(ValueError):
    """More reviews were published in a time than waits are told of at once."""

    def __init__(self, subject: str) -> None:
        """Say how many may be, and what to ask for."""
        super().__init__(
            f"More than {MAX_WAITS:,} reviews of `{subject}` were published in the time that is asked for, and how "
            "long each waits for an answer is not told of so many at once. Ask for fewer days, for one source, or for "
            "a subject below it."
        )


@dataclass(frozen=True, slots=True)
class SourceReviews:
    """The reviews of one source that were published in a window, as they stand at an instant."""

    source_id: UUID
    is_told: bool
    """Whether it is known of each of them at that instant if it is answered."""
    count: int
    waits: Waits
    """In any order."""
    answered_negatives: int
    """Reviews that were negative when they were answered."""
    raised: int
    """Those of them whose rating is higher now."""

    @property
    def answered(self) -> int:
        """How many are answered."""
        return len(self.waits.answered)

    @property
    def waiting(self) -> int:
        """How many are not."""
        return len(self.waits.waiting)


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How many reviews of one source were published in a window; otherwise as `SourceReviews`, without their waits."""

    source_id: UUID
    is_told: bool
    answered: int
    waiting: int
    answered_negatives: int
    raised: int


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """How many reviews are answered, how soon, and how many negative ones are raised afterwards."""

    count: int
    """Reviews of which it is known whether they are answered."""
    answered: int
    unknown: int
    """Reviews of sources whose answers nobody tells. They are in no other figure."""
    median_us: int | None
    """Half of the reviews are answered within it; None where it is longer than can be seen, and without reviews."""
    within: Mapping[int, float | None]
    """Hours → the share that is answered within them; None where no review is that old."""
    answered_negatives: int
    raised: int

    @property
    def rate(self) -> float | None:
        """The share of reviews that are answered, those that still wait among all; None without reviews."""
        return self.answered / self.count if self.count else None

    @property
    def recovery(self) -> float | None:
        """The share of the answered negatives whose rating was raised; None where there are none."""
        return self.raised / self.answered_negatives if self.answered_negatives else None


@dataclass(frozen=True, slots=True)
class Answers:
    """The figures of a subject's answers, together and by source."""

    days: int
    """Of reviews published so many days before the instant, or later."""
    known_since_us: int | None
    """Reviews that came before are in no figure; None where there are none."""
    all: AnswerFigures
    by_source: Mapping[UUID, AnswerFigures]

    def of(self, source_id: UUID) -> AnswerFigures:
        """Return the figures of a source, which may have no review in the window."""
        return self.by_source.get(source_id, NONE)


def answers_of(days: int, known_since_us: int | None, found: Sequence[SourceReviews]) -> Answers:
    """Return the figures of reviews by source.

    Args:
        days: how long the window is.
        known_since_us: since when the reviews of the tenant are known, if that is not from the beginning.
        found: each source once.
    """
    # Each is put in order once: all together are merged of them, which takes less than to sort them anew.
    in_order = [replace(each, waits=together([each.waits])) for each in found]
    return Answers(
        days=days,
        known_since_us=known_since_us,
        all=figures_of(in_order),
        by_source={each.source_id: figures_of([each]) for each in in_order},
    )


def figures_of(found: Sequence[SourceReviews]) -> AnswerFigures:
    """Return the figures of the reviews of some sources together, whose waits are in order."""
    told = [each for each in found if each.is_told]
    waits = together(each.waits for each in told) if len(told) != 1 else told[0].waits
    curve = Curve(waits, WITHIN_HOURS[-1] * _HOUR_US)
    return AnswerFigures(
        count=len(waits.answered) + len(waits.waiting),
        answered=len(waits.answered),
        unknown=sum(each.count for each in found if not each.is_told),
        median_us=curve.median,
        within=MappingProxyType({hours: curve.answered_within(hours * _HOUR_US) for hours in WITHIN_HOURS}),
        answered_negatives=sum(each.answered_negatives for each in told),
        raised=sum(each.raised for each in told),
    )


NONE: Final = figures_of([])
