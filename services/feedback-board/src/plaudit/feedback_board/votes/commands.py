"""Every way to change a vote: lock, load, decide, save, log and publish, in the one transaction that is given in."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from plaudit.common.db import lock
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit, spend
from plaudit.feedback_board.requests import events as request_events
from plaudit.feedback_board.requests.commands import (
    Outcome,
    lock_and_find,
    record,
    recount,
    recount_by_itself,
    request_key,
)
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import DECIDED
from plaudit.feedback_board.requests.store import sets
from plaudit.feedback_board.votes import events, store
from plaudit.feedback_board.votes.domain import Vote, VotingClosedError


async def vote(
    work: UnitOfWork, tenant_id: str, request_id: UUID, person_key: str, actor: str, *, limit: Limit | None = None
) -> Outcome:
    """Count a person's vote; a second one changes nothing.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: what the vote is for.
        person_key: whose vote.
        actor: who does it, for the log.
        limit: to count this vote under; None for none.

    Raises:
        UnknownRequestError: no such request.
        MergedRequestError: the request is merged into another one.
        VotingClosedError: the request is decided and the person has not voted for it.
        LimitExceededError: the limit is used up.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id)
    if before.status in DECIDED and not await store.voted_for(work.tx, tenant_id, person_key, [request_id]):
        raise VotingClosedError(before.status)
    if limit is not None:
        await spend(work.tx, tenant_id, limit)
    after = await add(work, before, person_key, actor)
    return Outcome(after or before, already=after is None)


async def withdraw(
    work: UnitOfWork, tenant_id: str, request_id: UUID, person_key: str, actor: str, *, limit: Limit | None = None
) -> Outcome:
    """Take a person's vote back, also from a decided request; where there is none, nothing changes.

    Raises:
        UnknownRequestError: no such request.
        MergedRequestError: the request is merged into another one.
        LimitExceededError: the limit is used up.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id)
    if limit is not None:
        await spend(work.tx, tenant_id, limit)
    votes = await store.remove(work.tx, tenant_id, request_id, person_key)
    if votes is None:
        return Outcome(before, already=True)
    request = await recount(work.tx, replace(before, votes=votes))
    event = request_events.scored(request, work.tx.now)
    await record(work, request, Kind.VOTE_WITHDRAWN, actor, event, person_key=person_key)
    return Outcome(request)


async def erase(work: UnitOfWork, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Delete up to `limit` votes that a person cast up to a time, and count them down; return how many these were.

    The log says that the figures have changed, and not whose vote it was.
    """
    request_ids = await store.voted_until(work.tx, tenant_id, person_key, until, limit)
    if not request_ids:
        return 0
    roots = await sets.roots(work.tx, tenant_id, request_ids)
    await lock(work.tx, [request_key(tenant_id, root_id) for root_id in roots.values()])
    if await sets.roots(work.tx, tenant_id, request_ids) != roots:  # merged meanwhile: the next turn locks the others
        return len(request_ids)
    for root_id in sorted(set(roots.values())):
        await store.remove(work.tx, tenant_id, root_id, person_key, until)
        await recount_by_itself(work, tenant_id, root_id)
    return len(request_ids)


async def add(work: UnitOfWork, request: Request, person_key: str, actor: str) -> Request | None:
    """Add a person's vote for a request whose order key is locked; None when the person had voted already."""
    added = Vote(tenant_id=request.tenant_id, request_id=request.id, person_key=person_key, voted_at=work.tx.now)
    votes = await store.add(work.tx, added)
    if votes is None:
        return None
    request = await recount(work.tx, replace(request, votes=votes))
    event = events.voted(request, work.tx.now, person_key)
    await record(work, request, Kind.VOTED, actor, event, person_key=person_key)
    return request
