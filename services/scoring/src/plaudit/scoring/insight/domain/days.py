"""A row of days: what reviews of one day, source, persona and prefix say, in all and of each topic.

A topic has four numbers, each of two counts: the first + 2^32 × the second. Such numbers are added as any others, and
sums of them are of the two sums. Most topics are not mentioned on most days, and have none, which takes no space. So a
review adds to one row, whatever it mentions, and a reading looks at one row a day and source.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, TypeAlias
from uuid import UUID

from plaudit.scoring.insight.domain.kept import ALL, NOTHING, DayCounts, DayKey
from plaudit.scoring.topics.domain import TOPICS

PAIRS: Final = {
    "rated": ("low", "high"),
    "urgent": ("drastic", "questions"),
    "solved": ("solved", "eased"),
    "ease": ("ease_sum", "ease_squares"),
}
"""Number → the counts in it. The rest is not told of a topic."""
COUNTS: Final = DayCounts.__struct_fields__
TOPIC_NUMBERS: Final = tuple(f"{topic}_{pair}" for topic in TOPICS for pair in PAIRS)
NUMBERS: Final = (*COUNTS, *TOPIC_NUMBERS)
"""The columns of a row behind its key."""
CACHED_ROWS: Final = 4_096
SECOND: Final = 1 << 32
"""What the second count of a pair is multiplied by."""
_HALF: Final = 1 << 31
"""A count of less, above and below 0, is read as it was written: of a week, 40 million complaints that were solved."""
_NO_TOPICS: Final = (None,) * len(TOPIC_NUMBERS)

RowKey: TypeAlias = tuple[str, str, str, date, UUID]
"""Tenant id, prefix, persona, day, source id."""
Numbers: TypeAlias = tuple[int | None, ...]
"""As `NUMBERS` names them; None for a topic that was never mentioned."""


def rows_of(counts: Mapping[DayKey, DayCounts]) -> dict[RowKey, Numbers]:
    """Return what counts by all topics add to which rows; a row to which they add nothing is left out."""
    rows: dict[RowKey, Numbers] = {}
    for (tenant_id, prefix, persona, day, topics, source_id), added in counts.items():
        if added != NOTHING:
            key, numbers = (tenant_id, prefix, persona, day, source_id), _numbers(topics, added)
            held = rows.get(key)
            # Most rows are of one review of the batch.
            rows[key] = numbers if held is None else tuple(map(_both, held, numbers))
    return rows


def topics_of(numbers: Sequence[int | None]) -> Iterator[tuple[str, DayCounts]]:
    """Yield what a row, or the sum of several, says of all reviews and of each topic that it counts anything of."""
    yield ALL, DayCounts(*(number or 0 for number in numbers[: len(COUNTS)]))
    of_topics = numbers[len(COUNTS) :]
    for place, topic in enumerate(TOPICS):
        of_topic = of_topics[place * len(PAIRS) : (place + 1) * len(PAIRS)]
        if any(of_topic):
            yield topic, _counts(of_topic)


@lru_cache(maxsize=CACHED_ROWS)
def _numbers(topics: int, counts: DayCounts) -> Numbers:
    if not topics:
        return (*counts.numbers, *_NO_TOPICS)
    of_topic = [getattr(counts, first) + SECOND * getattr(counts, second) or None for first, second in PAIRS.values()]
    nothing = [None] * len(PAIRS)
    of_topics = (of_topic if topics >> place & 1 else nothing for place, _ in enumerate(TOPICS))
    return (*counts.numbers, *(number for each in of_topics for number in each))


def _counts(of_topic: Sequence[int | None]) -> DayCounts:
    found: dict[str, int] = {}
    for (first, second), number in zip(PAIRS.values(), of_topic, strict=True):
        found[first] = ((number or 0) + _HALF) % SECOND - _HALF
        found[second] = ((number or 0) - found[first]) // SECOND
    return DayCounts(**found)


def _both(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
