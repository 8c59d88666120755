"""What asks for a run that sorts stored reviews again, and what carries it out: a bounded part in each transaction."""

import asyncio
from uuid import UUID

from msgspec.structs import replace

from plaudit.common.db import Tx, order_locks
from plaudit.common.outbox import UnitOfWork, lag
from plaudit.ingest.resorting import store
from plaudit.ingest.resorting.domain import MAX_COUNTED_REVIEWS, SETTLING, SortingRun, count
from plaudit.ingest.reviews.domain.decisions import NewRevision, Revised, sort_again
from plaudit.ingest.reviews.domain.order_keys import order_key
from plaudit.ingest.reviews.domain.state import StoredReview
from plaudit.ingest.reviews.events import review_event
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sorting.domain.base_rates import Counts
from plaudit.ingest.sorting.domain.rules import CompiledRules
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import Answers, AnswersOf

REVIEWS_PER_TURN = 200
REVIEWS_PER_COUNT = 1_000


async def request(work: UnitOfWork, tenant_id: str, requested_by: str) -> SortingRun:
    """Ask for the rules in force to be applied to all stored reviews; one run that has not begun is enough."""
    run_id = work.ids()
    await order_locks.lock(work.tx, [f"{tenant_id}/sorting-rules"])
    waiting = await store.waiting(work.tx, tenant_id)
    if waiting is not None and work.tx.now < waiting.requested_at + SETTLING:
        return waiting  # it begins later, so that it applies what is in force now
    run = SortingRun(tenant_id=tenant_id, id=run_id, requested_by=requested_by, requested_at=work.tx.now)
    await store.add(work.tx, run)
    return run


async def carry_on(work: UnitOfWork, answers_of: AnswersOf) -> int:
    """Carry on the oldest run; return how many reviews were read, 0 where there is nothing to do now.

    Args:
        work: the open unit of work.
        answers_of: says whether answers are told at a source.
    """
    tx = work.tx
    found = await store.first_open(tx)
    if found is None or await lag.is_behind(tx):
        return 0
    rules = (await sorting_rules.in_force(tx, found.tenant_id)).compiled()
    batch = await store.following(tx, found, REVIEWS_PER_TURN)
    # In a thread, so that other jobs of the process go on meanwhile.
    changing = await asyncio.to_thread(_changing, batch, rules)
    keys = [order_key(found.tenant_id, str(source_id), review.external_id) for source_id, review in changing]
    await order_locks.lock(tx, [f"sorting-run:{found.id}", *keys])
    if await store.get(tx, found.tenant_id, found.id) != found:
        return 1  # another process was faster; there may be more
    if not batch:
        await store.save(tx, replace(found, finished_at=tx.now))
        return 1
    told = await sources.answers_told(tx, found.tenant_id, {source_id for source_id, _ in changing}, answers_of)
    revisions = [
        _new(work, found, source_id, decision, told[source_id])
        for source_id, review in await store.these(tx, found.tenant_id, [each.review_id for _, each in changing])
        if isinstance(decision := sort_again(review, rules), Revised)
    ]
    earlier = {each.review_id: each.state for _, each in changing}
    changes = [
        (before.severity.value, after.severity.value)
        for new in revisions
        if (before := earlier[new.stored.review_id]) is not None and (after := new.stored.state) is not None
    ]
    await store.save(tx, found.after(UUID(batch[-1][1].review_id), len(batch), changes))
    if revisions:
        await store.revise(tx, found, revisions)
    for new in revisions:
        if new.change is not None:
            await work.emit(review_event(new, new.change))
    return len(batch)


def _changing(batch: list[tuple[UUID, StoredReview]], rules: CompiledRules) -> list[tuple[UUID, StoredReview]]:
    return [(source_id, each) for source_id, each in batch if isinstance(sort_again(each, rules), Revised)]


def _new(work: UnitOfWork, run: SortingRun, source_id: UUID, decision: Revised, answers: Answers) -> NewRevision:
    return NewRevision(
        decision.stored,
        decision.type,
        decision.change,
        tenant_id=run.tenant_id,
        source_id=str(source_id),
        delivery_id=str(run.id),
        known_at=work.tx.now,
        traceparent=None,
        answers=answers,
    )


async def count_words_of_trade(tx: Tx) -> int:
    """Count the words of the trade of a tenant for whom this was not done within a day; return from how many reviews.

    Only the latest reviews are read, so that the work is bounded.
    """
    tenant_id = await sorting_rules.first_due(tx)
    if tenant_id is None:
        return 0
    rules = (await sorting_rules.in_force(tx, tenant_id)).compiled()
    counts, after = Counts(), None
    while counts.reviews < MAX_COUNTED_REVIEWS:
        states, after = await store.latest(tx, tenant_id, after, REVIEWS_PER_COUNT)
        if not states:
            break
        await asyncio.to_thread(count, counts, states, rules)
    await sorting_rules.save_words_of_trade(tx, tenant_id, counts.reviews, counts.words_of_trade())
    return counts.reviews + 1
