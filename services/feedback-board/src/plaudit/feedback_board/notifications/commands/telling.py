"""How people are told what became of a request: counted in advance, and queued once the request has rested.

Each message is queued under a key of the change and the person. A process that ends in between begins again where the
last transaction has committed, and what was queued before stays one delivery.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx, try_lock
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.consent import store as consents
from plaudit.common.delivery.domain.consent import why_not
from plaudit.common.delivery.domain.message import Channel
from plaudit.feedback_board.notifications.domain.audience import (
    RECEIVING,
    Audience,
    Involved,
    Told,
    is_told,
)
from plaudit.feedback_board.notifications.domain.messages import TOPIC, message_of
from plaudit.feedback_board.notifications.store import audience as store
from plaudit.feedback_board.requests.commands import request_key
from plaudit.feedback_board.requests.domain.announcement import Announcement, Outcome, settle
from plaudit.feedback_board.requests.domain.errors import MergedRequestError, UnknownRequestError
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.store import announcements, requests

PEOPLE_PER_TURN: Final = 1_000
REQUESTS_PER_TURN: Final = 20
MAX_COUNTED: Final = 50_000
"""People whom a count in advance looks at."""


async def count_audience(tx: Tx, tenant_id: str, request_id: UUID, actor_key: str, *, can_ask: bool) -> Audience:
    """Return how many people would be told of a change of a request now, and how many not, by reason.

    Args:
        tx: the open transaction.
        tenant_id: whose board.
        request_id: which request.
        actor_key: the person key of who would make the change; empty for what is no person.
        can_ask: whether this installation can ask for addresses of customers.

    Raises:
        UnknownRequestError: no such request.
        MergedRequestError: the request is merged into another one.
    """
    await _root(tx, tenant_id, request_id)
    counts: Counter[Told] = Counter()
    after = ""
    while people := await _people(tx, tenant_id, request_id, after):
        counts.update(is_told(each, actor_key, can_ask=can_ask) for each in people)
        after = people[-1].person_key
        if counts.total() >= MAX_COUNTED:
            return Audience(counts, is_complete=False)
    return Audience(counts, is_complete=True)


async def list_audience(
    tx: Tx, tenant_id: str, request_id: UUID, actor_key: str, *, can_ask: bool, after: str, limit: int
) -> list[tuple[Involved, Told]]:
    """Return up to `limit` people by their keys, after one of them, each with whether they would be told.

    Raises:
        UnknownRequestError, MergedRequestError: as `count_audience`.
    """
    await _root(tx, tenant_id, request_id)
    people = await _people(tx, tenant_id, request_id, after, limit)
    return [(each, is_told(each, actor_key, can_ask=can_ask)) for each in people]


async def tell_due(tx: Tx, hold: timedelta, *, can_ask: bool) -> int:
    """Queue messages about requests that have rested for so long; a worker's command.

    Requests that another transaction is changing at this moment are left for the next turn.

    Returns:
        How many requests and people were dealt with.
    """
    before = tx.now - hold
    found = await announcements.due(tx, before, REQUESTS_PER_TURN)
    locked = await try_lock(tx, [request_key(*each) for each in found])
    if not locked:
        return 0
    # Until then, one of them may have moved on.
    rested = await announcements.due(tx, before, REQUESTS_PER_TURN)
    return sum([await _tell(tx, *each, can_ask=can_ask) for each in rested if request_key(*each) in locked])


async def _tell(tx: Tx, tenant_id: str, request_id: UUID, *, can_ask: bool) -> int:
    held = await announcements.held(tx, tenant_id, request_id)
    request = await requests.find(tx, tenant_id, request_id, tuple(Visibility))
    assert request is not None, "a foreign key keeps it"
    is_shown = request.visibility is Visibility.PUBLISHED
    settled = settle(held, is_merged=request.merged_into is not None, is_shown=is_shown)
    last = settled.last
    if earlier := [each.id for each in held if each.id != last.id]:
        await announcements.settle(tx, tenant_id, earlier, Outcome.REPLACED)
    if settled.outcome is not Outcome.TOLD:
        await announcements.settle(tx, tenant_id, [last.id], settled.outcome)
        return 1
    people = await _people(tx, tenant_id, request_id, last.told_up_to)
    told = await _queue(tx, last, request, people, can_ask=can_ask)
    await announcements.advance(tx, last, people[-1].person_key if people else last.told_up_to, told)
    if len(people) < PEOPLE_PER_TURN:
        await announcements.settle(tx, tenant_id, [last.id], Outcome.TOLD)
    return 1 + len(people)


async def _queue(
    tx: Tx, announcement: Announcement, request: Request, people: Sequence[Involved], *, can_ask: bool
) -> int:
    """Queue a message to each of these people who is told; return to how many."""
    receiving = [each for each in people if is_told(each, announcement.actor_key, can_ask=can_ask) in RECEIVING]
    await deliveries.queue(tx, [message_of(announcement, request, each) for each in receiving])
    return len(receiving)


async def _people(
    tx: Tx, tenant_id: str, root_id: UUID, after: str, limit: int = PEOPLE_PER_TURN
) -> Sequence[Involved]:
    """Return a page of who has to do with a root, with whether they have opted out."""
    people = await store.involved(tx, tenant_id, root_id, limit, after)
    said = await consents.of_people(tx, {(tenant_id, each.person_key) for each in people})
    return [
        replace(each, has_opted_out=bool(why_not(entries, TOPIC, Channel.EMAIL, needs_consent=False)))
        for each in people
        for entries in (said.get((tenant_id, each.person_key), ()),)
    ]


async def _root(tx: Tx, tenant_id: str, request_id: UUID) -> Request:
    request = await requests.find(tx, tenant_id, request_id)
    if request is None:
        raise UnknownRequestError
    if request.merged_into is not None:
        raise MergedRequestError(request.merged_into)
    return request
