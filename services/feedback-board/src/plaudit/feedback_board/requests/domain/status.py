"""The statuses of a request, and which can follow on which."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from plaudit.feedback_board.requests.domain.errors import TransitionError


class Status(StrEnum):
    """The public status of a request."""

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
        # A decision was announced in public, so it is never quietly turned into the opposite one: what was shipped can
        # only be reopened, and what was declined only be reviewed again.
        Status.SHIPPED: (Status.IN_PROGRESS,),
        Status.DECLINED: (Status.OPEN, Status.UNDER_REVIEW),
    }
)

UNDECIDED: Final = (Status.OPEN, Status.UNDER_REVIEW)
"""They wait for a decision, in this order."""
DECIDED: Final = frozenset({Status.SHIPPED, Status.DECLINED})
"""A decided request takes no more votes."""


def check_transition(current: Status, wanted: Status) -> None:
    """Check that a request may go from one status to another.

    Raises:
        TransitionError: it may not; the text names the statuses that can follow.
    """
    if wanted not in TRANSITIONS[current]:
        ways = ", ".join(TRANSITIONS[current])
        raise TransitionError(f"A request that is {current} cannot become {wanted}; from here it can become: {ways}.")
