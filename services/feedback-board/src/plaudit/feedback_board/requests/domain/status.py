"""The statuses of a request, and which can follow on which."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from plaudit.feedback_board.requests.domain.errors import InvalidInputError, TransitionError


class Status(StrEnum):
    """The public status of a request."""

    OPEN = "open"
    UNDER_REVIEW = "under_review"
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    SHIPPED = "shipped"
    DECLINED = "declined"


class Needs(StrEnum):
    """What a transition needs beside a status that may follow."""

    NOTHING = "nothing"
    REASON = "reason"
    """A public reason: to decline, to ship what was not planned, and for any move back."""


TRANSITIONS: Final[Mapping[Status, Mapping[Status, Needs]]] = MappingProxyType(
    {
        Status.OPEN: {
            Status.UNDER_REVIEW: Needs.NOTHING,
            Status.PLANNED: Needs.NOTHING,
            Status.IN_PROGRESS: Needs.NOTHING,
            Status.SHIPPED: Needs.REASON,
            Status.DECLINED: Needs.REASON,
        },
        Status.UNDER_REVIEW: {
            Status.OPEN: Needs.REASON,
            Status.PLANNED: Needs.NOTHING,
            Status.IN_PROGRESS: Needs.NOTHING,
            Status.SHIPPED: Needs.REASON,
            Status.DECLINED: Needs.REASON,
        },
        Status.PLANNED: {
            Status.OPEN: Needs.REASON,
            Status.UNDER_REVIEW: Needs.REASON,
            Status.IN_PROGRESS: Needs.NOTHING,
            Status.SHIPPED: Needs.NOTHING,
            Status.DECLINED: Needs.REASON,
        },
        Status.IN_PROGRESS: {
            Status.UNDER_REVIEW: Needs.REASON,
            Status.PLANNED: Needs.REASON,
            Status.SHIPPED: Needs.NOTHING,
            Status.DECLINED: Needs.REASON,
        },
        # A decision was announced in public, so it is never quietly turned into the opposite one: what was shipped can
        # only be reopened, and what was declined only be reviewed again.
        Status.SHIPPED: {Status.IN_PROGRESS: Needs.REASON},
        Status.DECLINED: {Status.OPEN: Needs.REASON, Status.UNDER_REVIEW: Needs.REASON},
    }
)

UNDECIDED: Final = (Status.OPEN, Status.UNDER_REVIEW)
"""They wait for a decision, in this order."""
DECIDED: Final = frozenset({Status.SHIPPED, Status.DECLINED})
"""A decided request takes no more votes."""


def ways_from(current: Status) -> str:
    """Return the statuses that can follow, as a sentence lists them, with those that need a public reason marked."""
    return ", ".join(
        f"{status} (with a reason)" if needs is Needs.REASON else status
        for status, needs in TRANSITIONS[current].items()
    )


def check_transition(current: Status, wanted: Status, reason: str | None) -> None:
    """Check that a request may go from one status to another, with this public reason or without one.

    Raises:
        TransitionError: it may not; the text names the statuses that can follow, and which of them need a reason.
        InvalidInputError: it may, but not without a reason.
    """
    needs = TRANSITIONS[current].get(wanted)
    if needs is None:
        raise TransitionError(
            f"A request that is {current} cannot become {wanted}; from here it can become: {ways_from(current)}."
        )
    if needs is Needs.REASON and reason is None:
        raise InvalidInputError(
            "reason",
            f"a request that is {current} becomes {wanted} only with a public reason: "
            "to decline it, to ship it before it was planned, and to move it back needs one",
        )
