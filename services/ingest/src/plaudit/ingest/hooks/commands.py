"""What deliveries change: their log, reviews and revisions, and the events of these, in one transaction."""

from collections.abc import Sequence
from itertools import chain

from plaudit.common.outbox import UnitOfWork
from plaudit.ingest.hooks import store
from plaudit.ingest.hooks.domain import Delivery, Group, Receipt
from plaudit.ingest.reviews.events import review_event


async def take(work: UnitOfWork, deliveries: Sequence[Delivery]) -> list[Receipt]:
    """Write a group of deliveries and what comes of them; return the answer to each, in order.

    The order keys of all deliveries must be locked.
    """
    dedup_keys = (key for each in deliveries if (key := each.dedup_key) is not None)
    outcomes, reviews = await store.known(
        work.tx, dedup_keys, chain.from_iterable(each.review_keys for each in deliveries)
    )
    group = Group(work.tx.now, work.ids, outcomes, reviews)
    receipts = [group.take(delivery) for delivery in deliveries]
    if group.log:
        events = [review_event(new, new.change) for new in group.revisions if new.change is not None]
        await store.write(work.tx, group, work.outbox.arrays(events))
    return receipts
