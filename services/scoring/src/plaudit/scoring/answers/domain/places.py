"""Where the stands of a review are found: by each prefix of its subject."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.common.contracts.subjects import prefixes
from plaudit.scoring.answers.domain.life import Revision, stands_of

MAX_REVISIONS: Final = 200
"""Of a life: the first and the newest. A change reads and places all of them anew, so it costs no more than this."""


class PlacedStand(NamedTuple):
    """A stand of a review at one prefix of its subject, in the order of the table's columns."""

    tenant_id: str
    prefix: str
    published_us: int
    """Or since when it has waited again, as a stand says."""
    review_id: UUID
    from_us: int
    until_us: int
    source_id: UUID
    answered_us: int | None
    is_raised: bool | None

    @property
    def key(self) -> tuple[str, str, int, UUID, int]:
        """What no two places have in common."""
        return self[:5]

    @property
    def times_us(self) -> tuple[int, ...]:
        """All of its times, of which a damaged one may be none that can be stored."""
        return self.published_us, self.from_us, self.until_us, self.answered_us or 0


def places_of(tenant_id: str, review_id: UUID, life: Sequence[Revision]) -> Iterator[PlacedStand]:
    """Yield where a review is found, and how it stood there."""
    for stand in stands_of(life):
        state = stand.state
        for prefix in prefixes(state.subject):
            yield PlacedStand(
                tenant_id, prefix, state.published_us, review_id, stand.from_us, stand.until_us,
                state.source_id, state.answered_us, stand.is_raised,
            )  # fmt: skip


def merged(life: Sequence[Revision], told: Sequence[Revision]) -> list[Revision]:
    """Return a life with revisions that were told now, in the order of their numbers; what is there already stays.

    Of more than `MAX_REVISIONS`, the one of the lowest number and the newest are kept. Which these are depends on all
    that were ever told, and not on their order.
    """
    by_number = {revision.number: revision for revision in [*told, *life]}
    numbers = sorted(by_number)
    if len(numbers) > MAX_REVISIONS:
        numbers = [numbers[0], *numbers[1 - MAX_REVISIONS :]]
    return [by_number[number] for number in numbers]
