"""A change of status that people are to be told of. It is held for a while, so that what flaps tells nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from plaudit.feedback_board.requests.domain.status import Status

TOLD_BY_DEFAULT: Final = frozenset({Status.PLANNED, Status.SHIPPED, Status.DECLINED})
"""What is told unless whoever sets the status says otherwise; other statuses are told where they say so."""


class Outcome(StrEnum):
    """What has become of a held change."""

    TOLD = "told"
    """A message to each was queued."""
    REPLACED = "replaced"
    """The request moved on while it was held: a later change is told, or none."""
    UNCHANGED = "unchanged"
    """The status went back to what it was before it was held."""
    NOT_WANTED = "not_wanted"
    """Whoever changed it last wants nobody told."""
    MERGED = "merged"
    """The request is merged into another one, which speaks for it."""
    HIDDEN = "hidden"
    """The request is held or removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One change of status that is held, or was."""

    tenant_id: str
    id: UUID
    request_id: UUID
    previous_status: Status
    status: Status
    is_wanted: bool
    """Whether people are to be told of it."""
    actor_key: str
    """The person key of who of the staff set it, who is not told; empty for what is no person. Emptied when settled."""
    changed_at: datetime
    told_up_to: str = ""
    """While people are being told: the person key up to which messages are queued."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of the changes of a request that were held together."""

    last: Announcement
    outcome: Outcome
    """Of the last one. Those before it are replaced."""


def is_wanted(status: Status, notify: bool | None, held: Sequence[Announcement]) -> bool:
    """Return whether people are to be told that a request has got a status.

    Args:
        status: the new one.
        notify: what whoever sets it says; None for nothing.
        held: changes of the request that are still held. Where one of them was to be told, what follows it is, too:
            else people would hear of a status that is not the present one any more, or of nothing.
    """
    if notify is not None:
        return notify
    return status in TOLD_BY_DEFAULT or any(each.is_wanted for each in held)


def settle(held: Sequence[Announcement], *, is_merged: bool, is_shown: bool = True) -> Settlement:
    """Return what becomes of the changes of a request, once it has rested.

    Args:
        held: all that are held, in the order in which they were made; at least one.
        is_merged: whether the request is merged into another one.
        is_shown: whether everybody sees the request.
    """
    last = held[-1]
    if not is_shown:
        return Settlement(last, Outcome.HIDDEN)
    if is_merged:
        return Settlement(last, Outcome.MERGED)
    if held[0].previous_status is last.status:
        return Settlement(last, Outcome.UNCHANGED)
    return Settlement(last, Outcome.TOLD if last.is_wanted else Outcome.NOT_WANTED)
