"""What staff do about proposals: accept and reject them, make requests of complaints, and dismiss these."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from plaudit.common.db import OrderKey, SqlTx, lock
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.links import commands as links
from plaudit.feedback_board.links.domain import UnknownReviewError
from plaudit.feedback_board.proposals.domain.complaints import WINDOW, Group, group
from plaudit.feedback_board.proposals.domain.matching import CONTENT_FROM, count_stems
from plaudit.feedback_board.proposals.domain.proposal import Decision, UnknownProposalError
from plaudit.feedback_board.proposals.domain.recurrence import Rate, Recurrence, windows
from plaudit.feedback_board.proposals.store import deciding as store
from plaudit.feedback_board.requests.commands import Outcome, add, entry, lock_and_find, request_key
from plaudit.feedback_board.requests.domain.activity import BOARD, Entry, Kind
from plaudit.feedback_board.requests.domain.request import Draft, Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.store import activity, sets


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision."""

    request: Request
    """The root, as it now stands."""
    review_id: UUID
    already: bool


async def decide(work: UnitOfWork, tenant_id: str, proposal_id: UUID, decision: Decision, actor: str) -> Decided:
    """Accept a proposal, which links the review, or reject it, for good. The same again changes nothing.

    A decision may be changed: what was accepted and is rejected then is unlinked.

    Raises:
        UnknownProposalError: no such proposal.
        UnknownRequestError: the request is off the board.
    """
    tx = work.tx
    known = await store.find(tx, tenant_id, proposal_id)
    if known is None:
        raise UnknownProposalError
    root_id = await sets.root_of(tx, tenant_id, known.request_id)
    root = await lock_and_find(tx, tenant_id, root_id, links.review_key(tenant_id, known.review_id))
    proposal = await store.find(tx, tenant_id, proposal_id)  # as of the locks
    if proposal is None:
        raise UnknownProposalError
    if proposal.decision is decision:
        return Decided(root, proposal.review_id, already=True)
    await store.decide(tx, proposal, decision, actor)
    detail = {
        "review_id": str(proposal.review_id),
        "request_id": str(proposal.request_id),
        "decision": decision,
    }
    await activity.append(tx, entry(root, Kind.LINK_DECIDED, tx.now, actor, detail=detail))
    change = links.link if decision is Decision.ACCEPTED else links.unlink
    outcome = await change(work, tenant_id, root_id, proposal.review_id, actor)
    return Decided(outcome.request, proposal.review_id, already=False)


async def list_complaints(tx: SqlTx, tenant_id: str) -> list[Group]:
    """Return what at least five people complained about lately that no request asks for."""
    complaints = await store.list_complaints(tx, tenant_id, tx.now - WINDOW)
    rarity = await asyncio.to_thread(count_stems, [each.said for each in complaints])
    return await asyncio.to_thread(group, complaints, rarity)


async def make_request(
    work: UnitOfWork, tenant_id: str, draft: Draft, review_ids: Sequence[UUID], actor: str
) -> Outcome:
    """Put a request on the board that these reviews are linked to.

    Raises:
        UnknownReviewError: one of the reviews has not arrived here.
    """
    request_id = work.ids()
    await _lock_reviews(work, tenant_id, review_ids, request_key(tenant_id, request_id))
    outcome = Outcome(await add(work, tenant_id, request_id, draft, actor))
    for review_id in sorted(set(review_ids)):
        outcome = await links.link(work, tenant_id, request_id, review_id, actor)
    return outcome


async def dismiss(work: UnitOfWork, tenant_id: str, review_ids: Sequence[UUID], actor: str) -> int:
    """Say that no request is wanted of these reviews: they are in no group again; return of how many that is new.

    Raises:
        UnknownReviewError: one of the reviews has not arrived here.
    """
    await _lock_reviews(work, tenant_id, review_ids)
    changed = await store.dismiss(work.tx, tenant_id, sorted(set(review_ids)), actor)
    if changed:
        dismissed = Entry(
            tenant_id=tenant_id,
            request_id=BOARD,
            kind=Kind.COMPLAINTS_DISMISSED,
            at=work.tx.now,
            actor=actor,
            detail={"review_ids": sorted(map(str, changed))},
        )
        await activity.append(work.tx, dismissed)
    return len(changed)


async def _lock_reviews(work: UnitOfWork, tenant_id: str, review_ids: Sequence[UUID], *further: OrderKey) -> None:
    await lock(work.tx, [*further, *(links.review_key(tenant_id, each) for each in review_ids)])
    if set(review_ids) - await store.known_reviews(work.tx, tenant_id, review_ids):
        raise UnknownReviewError


async def measure_recurrence(tx: SqlTx, request: Request) -> Recurrence | None:
    """Return how often people complain about what a request asks for, before and after it was shipped; else None."""
    if request.status is not Status.SHIPPED or request.merged_into is not None:
        return None
    shipped_at = request.status_changed_at
    start, end = windows(shipped_at, tx.now)
    members = [request.id, *await sets.members(tx, request.tenant_id, request.id)]
    times = (start, shipped_at, end)
    before, after = await store.count_matches(tx, request.tenant_id, members, times, CONTENT_FROM)
    return Recurrence(
        shipped_at=shipped_at,
        before=Rate(start=start, end=shipped_at, reviews=before),
        after=Rate(start=shipped_at, end=end, reviews=after),
    )
