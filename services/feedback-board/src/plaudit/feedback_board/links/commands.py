"""Every way to change links and known reviews, in the one transaction that is given in.

Linking locks the review's order key as the consumer does, so a link and a change of its review never miss each other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.common import erasure
from plaudit.common.db import OrderKey, Tx
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.links import events, store
from plaudit.feedback_board.links.domain import KnownReview, Link, UnknownReviewError, newest
from plaudit.feedback_board.requests.commands import Outcome, lock_and_find, record, recount
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.store import recounts

EVENT_TYPES: Final = {Kind.REVIEW_LINKED: "review.linked", Kind.REVIEW_UNLINKED: "review.unlinked"}


def review_key(tenant_id: str, review_id: UUID) -> OrderKey:
    """Return the order key of a review."""
    return f"review:{tenant_id}:{review_id}"


async def link(work: UnitOfWork, tenant_id: str, request_id: UUID, review_id: UUID, actor: str) -> Outcome:
    """Link a review to a request, so that its author counts for reach. The same again changes nothing.

    Raises:
        UnknownRequestError: no such request.
        UnknownReviewError: no such review has arrived here.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id, review_key(tenant_id, review_id))
    subject = await store.subject_of_review(work.tx, tenant_id, review_id)
    if subject is None:
        raise UnknownReviewError
    added = Link(tenant_id=tenant_id, request_id=request_id, review_id=review_id, linked_at=work.tx.now)
    if not await store.add(work.tx, added):
        return Outcome(before, already=True)
    return await _changed(work, before, Kind.REVIEW_LINKED, review_id, subject, actor)


async def unlink(work: UnitOfWork, tenant_id: str, request_id: UUID, review_id: UUID, actor: str) -> Outcome:
    """Remove a link; where there is none, nothing changes.

    Raises:
        UnknownRequestError: no such request.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id, review_key(tenant_id, review_id))
    subject = await store.subject_of_review(work.tx, tenant_id, review_id)
    if subject is None or not await store.remove(work.tx, tenant_id, request_id, review_id):
        return Outcome(before, already=True)
    return await _changed(work, before, Kind.REVIEW_UNLINKED, review_id, subject, actor)


async def _changed(work: UnitOfWork, before: Request, kind: Kind, review_id: UUID, subject: str, actor: str) -> Outcome:
    """Count the request's mentions anew, log what happened to a link, and publish it."""
    request = await recount(work.tx, before)
    event = events.link_changed(EVENT_TYPES[kind], request, work.tx.now, review_id, subject)
    detail = {"review_id": str(review_id), "review_subject": subject}
    await record(work, request, kind, actor, event, detail=detail)
    return Outcome(request)


async def erase_reviews(tx: Tx, erased: Sequence[tuple[str, UUID, datetime]]) -> None:
    """Note that reviews were erased, empty what is kept of them, and mark the requests that they are linked to.

    A link stays, and counts no more. Nothing that is told of these reviews later is kept.

    Args:
        tx: holds the order keys of all these reviews.
        erased: (tenant id, review id, time) of each.
    """
    if not erased:
        return
    erasures = [erasure.Erasure(tenant_id, erasure.Kind.REVIEW, str(name), at) for tenant_id, name, at in erased]
    await erasure.note(tx, erasures)
    changed = await store.empty_reviews(tx, [(tenant_id, review_id) for tenant_id, review_id, _ in erased])
    if changed:
        await recounts.mark(tx, await store.linked_requests(tx, changed))


async def keep_reviews(tx: Tx, reviews: Iterable[KnownReview]) -> None:
    """Keep the newest revision of each review, and mark the requests that a changed review is linked to.

    Of one that was erased before nothing is kept: what tells of it is a repetition or a replay.

    Args:
        tx: holds the order keys of all these reviews.
        reviews: any revisions; one that is not above the stored one changes nothing.
    """
    changed = await store.upsert_reviews(tx, newest(reviews))
    if changed:
        await recounts.mark(tx, await store.linked_requests(tx, changed))
