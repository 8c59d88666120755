"""What deliveries change: their log, reviews and revisions, and the events of these, in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

from plaudit.common.db.one_trip import OneTrip
from plaudit.common.db.order_locks import OrderKey
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.ingest.hooks import store
from plaudit.ingest.hooks.domain import Delivery, DeliveryKey, Group, KnownReview, Receipt, ReviewKey
from plaudit.ingest.reviews.events import review_event


async def take(
    work: UnitOfWork, deliveries: Sequence[Delivery], clock: Callable[[], float] | None = None
) -> list[Receipt]:
    """Write a group of deliveries and what comes of them; return the answer to each, in order.

    The order keys of all deliveries must be locked. `clock` is that of their `arrived_at`.
    """
    outcomes, reviews = await store.known(work.tx, _dedup_keys(deliveries), _review_keys(deliveries))
    erased = await store.erased_people(work.tx, set().union(*(each.authors for each in deliveries)))
    group = Group(work.tx.now, work.ids, outcomes, reviews, erased, clock)
    receipts = [group.take(delivery) for delivery in deliveries]
    if group.log:
        await store.write(work.tx, group, _events(work.outbox, group))
    return receipts


async def take_new(
    one_trip: OneTrip,
    now: datetime,
    outbox: Outbox,
    ids: IdSource,
    deliveries: Sequence[Delivery],
    clock: Callable[[], float] | None = None,
) -> list[Receipt] | None:
    """Write a group as `take` does, in one statement, if all of its deliveries and reviews are new; None otherwise.

    It is None too where a review would have to be looked up, since nothing of it is to be written.
    """
    prepared = prepare(now, outbox, ids, deliveries, clock)
    if prepared is None:
        return None
    receipts, arguments = prepared
    is_written = await one_trip.write(tenant_ids(deliveries), order_keys(deliveries), now, *arguments)
    return receipts if is_written else None


def prepare(
    now: datetime,
    outbox: Outbox,
    ids: IdSource,
    deliveries: Sequence[Delivery],
    clock: Callable[[], float] | None = None,
) -> tuple[list[Receipt], list[object]] | None:
    """Decide about a group as if all of its deliveries and reviews were new, before anything is read.

    Returns:
        The answers, and the parameters of the statement that writes the group if all of it is new; None where a review
        would have to be looked up.
    """
    reviews: dict[ReviewKey, KnownReview] = dict.fromkeys(_review_keys(deliveries))
    group = Group(now, ids, dict.fromkeys(_dedup_keys(deliveries)), reviews, clock=clock)
    receipts = [group.take(delivery) for delivery in deliveries]
    # What is refused of a new review may be an edit of a known one. Nothing would be written of it, so the statement,
    # which checks what it writes, would not find out.
    if reviews.keys() != group.latest.keys():
        return None
    return receipts, store.arguments(group, _events(outbox, group))


async def write_prepared(work: UnitOfWork, arguments: Sequence[object]) -> bool:
    """Write a group that was prepared, if all of it is new; return False otherwise: nothing of it is written then.

    The order keys of all deliveries must be locked.
    """
    is_written = await store.write_if_new(work.tx, arguments)
    if is_written:
        work.outbox.written.set()
    return is_written


def tenant_ids(deliveries: Iterable[Delivery]) -> set[str]:
    """Return whose rows a group writes."""
    return {delivery.source.tenant_id for delivery in deliveries}


def order_keys(deliveries: Iterable[Delivery]) -> Iterator[OrderKey]:
    """Return what a group must have locked."""
    return chain.from_iterable(delivery.order_keys for delivery in deliveries)


def _dedup_keys(deliveries: Iterable[Delivery]) -> Iterator[DeliveryKey]:
    return (key for each in deliveries if (key := each.dedup_key) is not None)


def _review_keys(deliveries: Iterable[Delivery]) -> Iterator[ReviewKey]:
    return chain.from_iterable(each.review_keys for each in deliveries)


def _events(outbox: Outbox, group: Group) -> list[Sequence[object]]:
    return outbox.arrays([review_event(new, new.change) for new in group.revisions if new.change is not None])
