"""Which way a wish may go, and what must be said when it goes there."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from plaudit.feedback_board.domain.errors import TransitionError


class Status(StrEnum):
    """Where a wish stands."""

    OPEN = "open"
    UNDER_REVIEW = "under_review"
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    SHIPPED = "shipped"
    DECLINED = "declined"


TRANSITIONS: Final[Mapping[Status, tuple[Status, ...]]] = MappingProxyType(
    {
        Status.OPEN: (Status.UNDER_REVIEW, Status.PLANNED, Status.IN_PROGRESS, Status.SHIPPED, Status.DECLINED),
        Status.UNDER_REVIEW: (Status.OPEN, Status.PLANNED, Status.IN_PROGRESS, Status.SHIPPED, Status.DECLINED),
        Status.PLANNED: (Status.OPEN, Status.UNDER_REVIEW, Status.IN_PROGRESS, Status.SHIPPED, Status.DECLINED),
        Status.IN_PROGRESS: (Status.UNDER_REVIEW, Status.PLANNED, Status.SHIPPED, Status.DECLINED),
        # What was shipped can only be reopened, and what was declined only be looked at again: a promise kept or
        # refused in public is not quietly turned into another one.
        Status.SHIPPED: (Status.IN_PROGRESS,),
        Status.DECLINED: (Status.OPEN, Status.UNDER_REVIEW),
    }
)

DECIDED: Final = frozenset({Status.SHIPPED, Status.DECLINED})
"""A decided wish takes no more votes."""


def check_transition(current: Status, wanted: Status) -> None:
    """Raise TransitionError, naming the ways out, unless a wish may go from the one status to the other."""
    if wanted not in TRANSITIONS[current]:
        ways = ", ".join(TRANSITIONS[current])
        raise TransitionError(f"A wish that is {current} cannot become {wanted}; from here it can become: {ways}.")
