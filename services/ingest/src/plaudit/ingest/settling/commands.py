"""What settles reviews, and what reports them to their platforms."""

from collections.abc import Collection
from functools import partial
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.common import idempotency
from plaudit.common.db import Tx, order_locks
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork
from plaudit.ingest.platforms import answers_of
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.commands import review_key, revise
from plaudit.ingest.reviews.domain.settling import resolved
from plaudit.ingest.reviews.domain.state import KnownReview
from plaudit.ingest.settling import store
from plaudit.ingest.settling.domain import (
    TAKEN_DOWN,
    Finding,
    NoOpenReportError,
    PlatformReport,
    ReportOpenError,
    ReportReason,
    ReportState,
    ReviewGoneError,
    Settled,
    UnknownReviewError,
    check_expected,
)


async def settle(
    work: UnitOfWork,
    tenant_id: str,
    review_id: UUID,
    finding: Finding,
    actor: str,
    *,
    expected: Collection[int] | None = None,
) -> Settled:
    """Settle a review, or settle it anew; the same finding again changes nothing.

    Args:
        work: the open unit of work.
        tenant_id: whose review.
        review_id: which.
        finding: what was found and done.
        actor: the key or the person.
        expected: the numbers of the resolutions that may be replaced, 0 for none at all; None if any may.

    Raises:
        UnknownReviewError: no such review.
        ResolutionChangedError: the present resolution is none of those.
    """
    review = await _lock_and_find(work.tx, tenant_id, review_id)
    before = next(iter(await store.history(work.tx, tenant_id, review_id)), None)
    check_expected(before, expected)
    if before is not None and before.finding == finding:
        return before
    settled = Settled(
        tenant_id=tenant_id,
        review_id=review_id,
        number=1 if before is None else before.number + 1,
        id=work.ids(),
        finding=finding,
        resolved_by=actor,
        resolved_at=work.tx.now,
    )
    await store.add(work.tx, settled)
    await revise(
        work,
        review,
        partial(resolved, resolution=settled.resolution),
        cause=settled.id,
        actor=actor,
        answers_of=answers_of,
    )
    return settled


async def report(
    work: UnitOfWork,
    tenant_id: str,
    review_id: UUID,
    reason: ReportReason,
    evidence: str | None,
    actor: str,
    *,
    key: IdempotencyKey | None = None,
) -> tuple[PlatformReport, bool]:
    """Note that a review is reported to its platform; return the report, and whether it was noted before.

    Raises:
        UnknownReviewError: no such review.
        ReviewGoneError: the platform has taken it down.
        ReportOpenError: another report of it is open.
        KeyReusedError: the key came with another request before.
    """
    further = [] if key is None else [idempotency.order_key(tenant_id, key.key)]
    review = await _lock_and_find(work.tx, tenant_id, review_id, *further)
    kept = None if key is None else await idempotency.find(work.tx, tenant_id, key)
    if kept is not None:
        before = await store.get_report(work.tx, tenant_id, msgspec.json.decode(kept, type=UUID))
        assert before is not None, "a report lives as long as its review"
        return before, True
    if review.stored.removed:
        raise ReviewGoneError("The platform has taken this review down already.")
    if await store.open_report(work.tx, tenant_id, review_id) is not None:
        raise ReportOpenError("This review is reported, and its platform has not decided.")
    made = PlatformReport(
        tenant_id=tenant_id,
        id=work.ids(),
        review_id=review_id,
        reason=reason,
        evidence=evidence,
        state=ReportState.OPEN,
        reported_by=actor,
        reported_at=work.tx.now,
    )
    await store.add_report(work.tx, made)
    if key is not None:
        await idempotency.keep(work.tx, tenant_id, key, msgspec.json.encode(made.id).decode())
    return made, False


async def decide_report(
    work: UnitOfWork, tenant_id: str, review_id: UUID, state: ReportState, decision: str | None, actor: str
) -> PlatformReport:
    """Note what the platform has decided about the open report of a review. The review itself does not change.

    The same decision again changes nothing.

    Raises:
        UnknownReviewError: no such review.
        NoOpenReportError: no report of it is open.
    """
    await _lock_and_find(work.tx, tenant_id, review_id)
    reports = await store.reports_of(work.tx, tenant_id, review_id)
    latest = next(iter(reports), None)
    if latest is not None and latest.state is state:
        return latest
    if latest is None or latest.state is not ReportState.OPEN:
        raise NoOpenReportError("No report of this review is open.")
    decided = replace(latest, state=state, decided_at=work.tx.now, decided_by=actor, decision=decision)
    await store.decide(work.tx, decided)
    return decided


async def accept_taken_down(tx: Tx, max_rows: int) -> int:
    """Accept the open reports of reviews that their platforms have taken down; return how many."""
    return await store.accept_taken_down(tx, TAKEN_DOWN, max_rows)


async def _lock_and_find(tx: Tx, tenant_id: str, review_id: UUID, *further_keys: str) -> KnownReview:
    review = await reviews.stored(tx, tenant_id, review_id)
    if review is None:
        raise UnknownReviewError
    await order_locks.lock(tx, [review_key(review), *further_keys])
    # As it is now: the lock may have been waited for.
    review = await reviews.stored(tx, tenant_id, review_id)
    if review is None:
        raise UnknownReviewError
    return review
