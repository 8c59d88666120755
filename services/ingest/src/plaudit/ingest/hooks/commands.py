"""What deliveries change: their log, reviews and revisions, and the events of these, in one transaction."""

from collections.abc import Sequence

from plaudit.common.outbox import UnitOfWork
from plaudit.ingest.hooks import store
from plaudit.ingest.hooks.domain import Delivery, Group, Receipt
from plaudit.ingest.reviews.events import review_event


async def take(work: UnitOfWork, deliveries: Sequence[Delivery]) -> list[Receipt]:
    """Write a group of deliveries and what comes of them; return the answer to each, in order.

    The order keys of all deliveries must be locked.
    """
    tx = work.tx
    outcomes = await store.outcomes(tx, {key for each in deliveries if (key := each.dedup_key) is not None})
    reviews = await store.reviews(tx, {key for each in deliveries for key in each.review_keys})
    group = Group(tx.now, work.ids, outcomes, reviews)
    receipts = [group.take(delivery) for delivery in deliveries]
    await store.insert_deliveries(tx, group.log)
    await store.upsert_reviews(tx, list(group.latest.values()))
    await store.insert_revisions(tx, group.revisions)
    await work.emit(*(review_event(new, new.change) for new in group.revisions if new.change is not None))
    return receipts
