"""Every way to change a merge: lock, load, decide, save, log and publish, in the one transaction that is given in.

Who is in a set changes under a lock of the tenant's merges, which is taken first, so that both sets stand still while
their requests are locked. Nothing is written before the last lock, and nobody waits for the first one with a request
locked: so there is no circle of waiting, and the order of commits stays that of the log.
"""

from collections.abc import Collection
from uuid import UUID

from plaudit.common.db import OrderKey, Tx, lock
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.merges import events, store
from plaudit.feedback_board.merges.domain import Counts, Merge, Preview, check_merge, check_size
from plaudit.feedback_board.requests import events as request_events
from plaudit.feedback_board.requests.commands import Outcome, keep_snapshot, record, recount_set, request_key
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.errors import UnknownRequestError
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.store import mentions, requests, sets


async def preview(tx: Tx, tenant_id: str, request_id: UUID, into_id: UUID) -> Preview:
    """Return what it would do to merge a request into another one; changes nothing.

    Raises:
        UnknownRequestError: no such request.
        InvalidInputError: both are the same request.
        MergedRequestError: the request is merged already.
        MergeNotPossibleError: the other one is merged into this one, or the two sets are too large.
    """
    request, into = await _find(tx, tenant_id, request_id), await _find(tx, tenant_id, into_id)
    root_id = into.merged_into or into.id
    check_merge(request, into, root_id)
    check_size(await sets.members(tx, tenant_id, request_id), await sets.members(tx, tenant_id, root_id))
    return Preview(
        request=request,
        into=await _find(tx, tenant_id, root_id),
        request_now=await _count(tx, tenant_id, [request_id]),
        into_now=await _count(tx, tenant_id, [root_id]),
        into_after=await _count(tx, tenant_id, [root_id, request_id]),
    )


async def merge(
    work: UnitOfWork, tenant_id: str, request_id: UUID, into_id: UUID, reason: str, actor: str
) -> tuple[Outcome, Request]:
    """Merge a request, with all that is merged into it, into the root of another one. The same again changes nothing.

    Votes, comments and links stay where they were made; the root counts the people of all of them, each once.

    Returns:
        The request that was merged, and the root.

    Raises:
        UnknownRequestError: no such request.
        InvalidInputError: both are the same request.
        MergedRequestError: the request is merged already, into another root.
        MergeNotPossibleError: the other one is merged into this one, or the two sets are too large.
    """
    tx = work.tx
    await lock(tx, [_merges_key(tenant_id)])
    request, into = await _find(tx, tenant_id, request_id), await _find(tx, tenant_id, into_id)
    root_id = into.merged_into or into.id
    if request.id != into.id and request.merged_into == root_id:
        return Outcome(request, already=True), await _find(tx, tenant_id, root_id)
    check_merge(request, into, root_id)
    moved, others = await sets.members(tx, tenant_id, request_id), await sets.members(tx, tenant_id, root_id)
    check_size(moved, others)
    await _lock_requests(tx, tenant_id, [*moved, *others])
    made = Merge(
        tenant_id=tenant_id, request_id=request_id, into_id=root_id, reason=reason, actor=actor, merged_at=tx.now
    )
    await store.insert(tx, made)
    await store.point(tx, tenant_id, moved, root_id, tx.now)
    request = await _find(tx, tenant_id, request_id)
    root = await recount_set(tx, await _find(tx, tenant_id, root_id))
    await keep_snapshot(tx, root)
    event = events.merged(request, root, tx.now, reason)
    detail = {"into": str(root_id), "reason": reason}
    await record(work, request, Kind.MERGED, actor, event, detail=detail)
    here = {"request_id": str(request_id), "title": request.title, "reason": reason}
    await record(work, root, Kind.MERGED_HERE, actor, request_events.scored(root, tx.now), detail=here)
    return Outcome(request), root


async def unmerge(work: UnitOfWork, tenant_id: str, request_id: UUID, actor: str) -> tuple[Outcome, Request | None]:
    """Take a request out of the set that it is merged into, with all that came with it; both are counted anew.

    What is not merged stays as it is.

    Returns:
        The request, and the root that it was merged into; None when it was merged into none.

    Raises:
        UnknownRequestError: no such request.
    """
    tx = work.tx
    await lock(tx, [_merges_key(tenant_id)])
    request = await _find(tx, tenant_id, request_id)
    if request.merged_into is None:
        return Outcome(request, already=True), None
    root_id = request.merged_into
    await _lock_requests(tx, tenant_id, await sets.members(tx, tenant_id, root_id))
    undone = await store.delete(tx, tenant_id, request_id)
    below = await store.list_below(tx, tenant_id, request_id)
    await store.free(tx, tenant_id, request_id)
    await store.point(tx, tenant_id, [each for each in below if each != request_id], request_id, tx.now)
    request = await recount_set(tx, await _find(tx, tenant_id, request_id))
    root = await recount_set(tx, await _find(tx, tenant_id, root_id))
    for counted in (request, root):
        await keep_snapshot(tx, counted)
    event = events.unmerged(request, root, tx.now)
    await record(work, request, Kind.UNMERGED, actor, event, detail={"into": str(undone.into_id)})
    here = {"request_id": str(request_id), "title": request.title}
    await record(work, root, Kind.UNMERGED_HERE, actor, request_events.scored(root, tx.now), detail=here)
    return Outcome(request), root


def _merges_key(tenant_id: str) -> OrderKey:
    """Return the order key of all merges of a tenant."""
    return f"merges:{tenant_id}"


async def _lock_requests(tx: Tx, tenant_id: str, request_ids: Collection[UUID]) -> None:
    """Lock the requests of whole sets, which nobody can change since the tenant's merges are locked."""
    await lock(tx, [request_key(tenant_id, each) for each in request_ids])


async def _find(tx: Tx, tenant_id: str, request_id: UUID) -> Request:
    request = await requests.find(tx, tenant_id, request_id)
    if request is None:
        raise UnknownRequestError
    return request


async def _count(tx: Tx, tenant_id: str, root_ids: list[UUID]) -> Counts:
    """Count the sets of these roots as one: all figures of a preview are counted alike, at one instant."""
    mentioned = await mentions.count_together(tx, tenant_id, root_ids)
    votes, anonymous = await sets.count_votes(tx, tenant_id, root_ids)
    members = [await sets.members(tx, tenant_id, root_id) for root_id in root_ids]
    return Counts(
        votes=votes,
        anonymous_votes=anonymous,
        reach=mentioned.reach,
        linked_reviews=mentioned.linked_reviews,
        merged_requests=sum(map(len, members)) - 1,
    )
